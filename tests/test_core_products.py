"""Matrix products against float64, by both libraries, whichever the processor prefers."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
import torch
from networks import LEAKS, draw, make_params
from problems import ACTIVATIONS
from torch.testing import assert_close

from sk_biornn.core import Dynamics, processor, products, run
from sk_biornn.core.products import multiply_into, onednn, packed, sum_over_rows

PRODUCTS = [(1, 1, 1), (3, 1, 4), (1, 5, 3), (5, 3, 1), (20, 131, 17), (33, 64, 128)]
PLAIN = {"none": torch.clone, "tanh": torch.tanh}


@pytest.fixture(params=["onednn", "mm"])
def library(request, monkeypatch):
    """Send products of all sizes to one library."""
    if request.param == "onednn" and products._onednn() is None:
        pytest.skip("this build of torch has no oneDNN")
    monkeypatch.setattr(products, "_LEAST_WORK", 1)
    use_onednn = request.param == "onednn"
    monkeypatch.setattr(
        products, "prefers_onednn", lambda like: use_onednn and like.dtype == torch.float32
    )
    return request.param


@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "strided"])
def test_products_of_single_precision(layout, lead, library):
    def matrix(rows, columns, seed):
        if layout == "transposed":
            return draw(*lead, columns, rows, seed=seed, dtype=torch.float32).mT
        tensor = draw(*lead, rows, columns + 3, seed=seed, dtype=torch.float32)[..., :columns]
        return tensor if layout == "strided" else tensor.contiguous()

    for n, k, m in PRODUCTS:
        a, b = matrix(n, k, seed=1), matrix(k, m, seed=2)
        exact, out = a.double() @ b.double(), matrix(n, m, seed=3)
        bound = 1e-6 * (a.double().abs() @ b.double().abs())
        for scale in (1.0, 2.0):
            multiply_into(out, a, b, scale)
            assert ((out - scale * exact).abs() <= scale * bound).all()
        assert ((sum_over_rows(b, a.mT) - exact.mT).abs() <= bound.mT).all()  # (a b).T = b.T a.T


@pytest.mark.parametrize("name", PLAIN)
def test_onednn_with_a_function_and_a_packed_factor(name):
    if products._onednn() is None:
        pytest.skip("this build of torch has no oneDNN")
    for n, k, m in [*PRODUCTS, (64, 300, 1030)]:
        a, b = draw(n, k, seed=1, dtype=torch.float32), draw(m, k, seed=2, dtype=torch.float32)
        exact = PLAIN[name](a.double() @ b.double().T)
        bound = 1e-6 * (a.double().abs() @ b.double().abs().T) + 2e-7
        for factor in (b, packed(b, n, 50)):
            assert ((onednn(a, factor, name) - exact).abs() <= bound).all()


@pytest.mark.parametrize("n_rows", [0, 1, 2047, 2048, 2049, 20_000])
def test_sums_over_many_rows(n_rows, library):
    if n_rows == 0 and library == "onednn":
        pytest.skip("the rule sends nothing to oneDNN that has no rows")
    a, b = (draw(n_rows, k, seed=k, dtype=torch.float32) for k in (3, 4))
    assert_close(sum_over_rows(a, b).double(), a.double().T @ b.double(), rtol=0, atol=1e-3)


@pytest.mark.parametrize("every_step", [True, False])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_units", [5, 300])  # without blocks and packed factors, and with them
def test_both_libraries_give_the_same_numbers(n_units, activation, leak, every_step, library):
    rate = LEAKS[leak].repeat(n_units // 5) if leak == "per unit" else LEAKS[leak]
    params = make_params(n_units)
    x = draw(110, 13, 2)
    results = []
    for dtype in (torch.float32, torch.float64):
        a = rate.to(dtype) if leak == "per unit" else rate
        weights = params.map(lambda t, d=dtype: t.detach().to(d).requires_grad_())
        inputs = x.to(dtype).requires_grad_()
        outputs, rates, _ = run(
            weights, inputs, Dynamics(activation, leak=a), every_step=every_step
        )
        loss = outputs.square().mean() + rates.square().mean()
        gradients = torch.autograd.grad(loss, [*weights, inputs])
        results.append([outputs.detach(), rates.detach(), *gradients])
    for one, other in zip(*results, strict=True):
        scale = other.abs().max().item()
        assert (one - other).abs().max() <= 1e-4 * scale, (one - other).abs().max() / scale


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_units", [64, 300])
def test_both_libraries_add_the_same_noise(n_units, activation, monkeypatch):
    if products._onednn() is None:
        pytest.skip("this build of torch has no oneDNN")
    params, x = make_params(n_units, dtype=torch.float32), draw(110, 13, 2, dtype=torch.float32)
    dynamics, found = Dynamics(activation, leak=0.5, recurrent_noise=0.3), []
    monkeypatch.setattr(products, "_LEAST_WORK", 1)
    for use_onednn in (True, False):
        monkeypatch.setattr(products, "prefers_onednn", lambda like, use=use_onednn: use)
        noise = torch.Generator().manual_seed(0)
        found.append(run(params, x, dynamics, noise=noise).outputs.detach().clone())
    assert (found[0] - found[1]).abs().max() <= 1e-4 * found[0].abs().max()
    quiet = run(params, x, dynamics).outputs.detach()
    assert (found[0] - quiet).abs().max() > 1e-2 * quiet.abs().max()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vendor_id\t: AuthenticAMD\n", "amd"),
        ("vendor_id\t: HygonGenuine\n", "amd"),
        ("vendor_id\t: GenuineIntel\n", "intel"),
        ("AMD64 Family 25 Model 33 Stepping 0, AuthenticAMD", "amd"),
        ("Intel64 Family 6 Model 85 Stepping 7, GenuineIntel", "intel"),
        ("arm", "other"),
        ("", "other"),
    ],
)
def test_vendor_of_the_processor(name, expected, monkeypatch):
    monkeypatch.setattr(processor, "_vendor_name", lambda: name)
    assert processor.vendor.__wrapped__() == expected


@pytest.mark.parametrize(
    ("vendor", "wide", "dtype", "expected"),
    [
        ("amd", True, torch.float32, True),
        ("amd", False, torch.float32, False),
        ("amd", True, torch.float64, False),
        ("intel", True, torch.float32, False),
        ("other", True, torch.float32, False),
    ],
)
def test_the_rule_knows_processor_type_and_size_only(vendor, wide, dtype, expected, monkeypatch):
    if products._onednn() is None:
        pytest.skip("this build of torch has no oneDNN")
    monkeypatch.setattr(processor, "vendor", lambda: vendor)
    monkeypatch.setattr(processor, "has_wide_vectors", lambda: wide)
    like = torch.zeros(1, dtype=dtype)
    assert products.uses_onednn(like, 64, 128, 128) == expected
    assert not products.uses_onednn(like, 63, 128, 128)


def test_the_default_dtype_does_not_decide_the_library():
    before = products.prefers_onednn(torch.zeros(1, dtype=torch.float32))
    torch.set_default_dtype(torch.float64)
    try:
        products._onednn.cache_clear()
        assert products.prefers_onednn(torch.zeros(1, dtype=torch.float32)) == before
    finally:
        torch.set_default_dtype(torch.float32)


MANY_SHAPES = """
    import torch
    from sk_biornn.core import products

    def megabytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6

    a, b = torch.ones(300, 200), torch.ones(150, 200)
    for k in range(600):
        products.onednn(a[: 100 + k % 200], b[: 100 + k // 200, :])
        if k == 99:
            before = megabytes()
    print(megabytes() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_code_for_many_shapes_does_not_fill_the_memory():
    if products._onednn() is None:
        pytest.skip("this build of torch has no oneDNN")
    unset = {k: v for k, v in os.environ.items() if not k.endswith("CACHE_CAPACITY")}
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MANY_SHAPES)],
        env=unset,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert float(run.stdout) < 100  # without a bound some 300
