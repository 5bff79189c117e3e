"""The same bits for any number of threads, and torch left as it was found."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
import torch
from networks import draw, make_params
from problems import ACTIVATIONS

from sk_biornn.core import Dynamics, Workspace, run
from sk_biornn.core.threads import _product_settings, computing, do_all, one_torch_thread

THREADS = (1, 2, 4)


@pytest.fixture
def restore_threads():
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)


def results_of(params, x, dynamics, lengths=None, every_step=True, noise_seed=None):
    noise = None if noise_seed is None else torch.Generator().manual_seed(noise_seed)
    outputs, rates, _ = run(
        params, x, dynamics, every_step=every_step, lengths=lengths, noise=noise
    )
    gradients = torch.autograd.grad(outputs.square().mean() + rates.sum() / 1e3, [*params, x])
    return [outputs.detach().clone(), rates.detach().clone(), *gradients]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_features", [1, 33, 40])
@pytest.mark.parametrize("n_units", [16, 32, 128, 182, 256, 320])
def test_bits_do_not_depend_on_the_number_of_threads(n_units, n_features, dtype, restore_threads):
    params = make_params(n_units, n_features, 3, dtype=dtype)
    x = draw(200, 14, n_features, dtype=dtype).requires_grad_()
    for every_step in (True, False):
        found = []
        for n_threads in THREADS:
            torch.set_num_threads(n_threads)
            found.append(results_of(params, x, Dynamics(), every_step=every_step))
        for other in found[1:]:
            assert all(map(torch.equal, found[0], other))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("noisy", [False, True])
def test_bits_of_blocks_do_not_depend_on_threads(activation, leak, ragged, noisy, restore_threads):
    dynamics = Dynamics(activation, leak=leak, recurrent_noise=0.1)
    params, x = make_params(260, 3, 2, dtype=torch.float32), draw(120, 9, 3, dtype=torch.float32)
    lengths = torch.arange(120) % 9 + 1 if ragged else None
    found = []
    for n_threads in THREADS:
        torch.set_num_threads(n_threads)
        seed = 0 if noisy else None
        found.append(results_of(params, x.requires_grad_(), dynamics, lengths, noise_seed=seed))
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))


def test_long_sums_and_many_rows(restore_threads):
    params, x = make_params(16, 2, 1, dtype=torch.float32), draw(300, 120, 2, dtype=torch.float32)
    found = []
    for n_threads in THREADS:
        torch.set_num_threads(n_threads)
        found.append(results_of(params, x.requires_grad_(), Dynamics()))
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))


def test_settings_of_the_caller_hold_outside_and_not_inside(restore_threads):
    torch.set_num_threads(2)
    a, b = draw(64, 64, dtype=torch.float32), draw(64, 64, seed=2, dtype=torch.float32)
    plain, precision = a @ b, torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu"):
            with computing(), computing():
                assert torch.get_num_threads() == 1
                assert torch.tensor([5e-324], dtype=torch.float64).mul(1.0).item() == 0
                # Not every processor rounds when it is allowed to: look at the setting itself.
                allowed = {settings.fp32_precision for settings in _product_settings()}
                assert allowed <= {"ieee", "none"}
                inside = a @ b
            assert torch.is_autocast_enabled("cpu")
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(precision)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, plain)
    assert torch.get_num_threads() == 2
    assert np.float64(5e-324) * np.float64(1.0) != 0


def test_settings_are_put_back_after_an_error(restore_threads):
    torch.set_num_threads(2)
    torch.set_flush_denormal(True)
    try:
        with pytest.raises(KeyboardInterrupt), computing():
            raise KeyboardInterrupt
        assert np.float64(5e-324) * np.float64(1.0) == 0
    finally:
        torch.set_flush_denormal(False)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("inside", [computing, one_torch_thread])
def test_many_callers_at_once_leave_the_number_of_threads(inside, restore_threads):
    torch.set_num_threads(2)
    seen, together = [], threading.Barrier(4)

    def caller():
        together.wait()
        for _ in range(50):
            with inside():
                seen.append(torch.get_num_threads())
                with one_torch_thread(), computing():
                    pass
                seen.append(torch.get_num_threads())

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert set(seen) == {1}
    assert torch.get_num_threads() == 2
    fresh = []
    thread = threading.Thread(target=lambda: fresh.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert fresh == [2]


@pytest.mark.parametrize("n_threads", THREADS)
def test_every_part_is_done_once_and_errors_come_through(n_threads, restore_threads):
    torch.set_num_threads(n_threads)
    done = [0] * 9

    def work(part):
        done[part] += 1
        assert torch.get_num_threads() == 1
        assert not torch.is_grad_enabled() or n_threads == 1
        if part == 8:
            raise ZeroDivisionError

    with torch.no_grad(), computing(), pytest.raises(ZeroDivisionError):
        do_all(work, list(range(9)))
    assert done == [1] * 9


def test_who_is_kept_to_one_thread_has_no_helpers(restore_threads):
    """Also where another thread began to compute with several before."""
    torch.set_num_threads(4)
    threads, ready, go = set(), threading.Event(), threading.Event()

    def other():
        with computing():
            ready.set()
            go.wait(60)

    thread = threading.Thread(target=other)
    thread.start()
    assert ready.wait(60)
    try:
        with one_torch_thread(), computing():
            do_all(lambda part: threads.add(threading.get_ident()), list(range(50)))
    finally:
        go.set()
        thread.join()
    assert threads == {threading.get_ident()} and torch.get_num_threads() == 4


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_blocks_side_by_side_in_every_mode_of_gradients(mode, restore_threads):
    params, x = make_params(260, dtype=torch.float32), draw(100, 4, 2, dtype=torch.float32)
    found = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        with mode():
            weights = params.map(lambda t: t.detach().clone())
            workspace = Workspace()
            outputs = [
                run(weights, x.clone(), Dynamics(), workspace=workspace).outputs.clone()
                for _ in range(2)
            ]
        found.extend(outputs)
    assert all(torch.equal(found[0], other) for other in found[1:])


def test_subnormal_weights_cost_nothing_and_count_as_zero():
    # 1e-42 is subnormal in float32: a network of such weights is a network of zeros.
    params = make_params(4, dtype=torch.float32).map(torch.Tensor.detach)
    x = draw(3, 5, 2, dtype=torch.float32)
    tiny = params._replace(w_rec=torch.full_like(params.w_rec, 1e-42))
    none = params._replace(w_rec=torch.zeros_like(params.w_rec))
    for activation, leak in itertools.product(("tanh", "relu"), (1.0, 0.5)):
        dynamics = Dynamics(activation, leak=leak)
        assert torch.equal(run(tiny, x, dynamics).outputs, run(none, x, dynamics).outputs)
