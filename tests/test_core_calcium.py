"""The calcium kernel against SciPy's filter, its gradient against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from sk_biornn.core.calcium import fluorescence

F64 = torch.float64


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


DECAY = torch.tensor([0.0, 0.3, 0.95, 1.0], dtype=F64)


@pytest.mark.parametrize("given", [True, False])
def test_it_is_the_filter_of_scipy(given):
    y, before = draw(3, 20, 4), draw(3, 4, seed=1)
    found = fluorescence(y, DECAY, before if given else None).numpy()
    for j, d in enumerate(DECAY.tolist()):
        last = before[:, j] if given else y[:, 0, j]
        state = (d * last.numpy())[:, None]
        expected, _ = lfilter([1 - d], [1, -d], y[..., j].numpy(), zi=state)
        np.testing.assert_allclose(found[..., j], expected, rtol=1e-12, atol=1e-14)


def test_ends_of_the_decay_and_constants():
    y = draw(2, 6, 4)
    found = fluorescence(y, DECAY)
    assert torch.equal(found[..., 0], y[..., 0])
    assert torch.equal(found[..., 3], y[:, :1, 3].expand(-1, 6))
    assert torch.equal(found[:, 0], y[:, 0])  # an indicator at rest
    assert torch.allclose(
        fluorescence(torch.full((2, 6, 4), 0.7, dtype=F64), DECAY).double(),
        torch.tensor(0.7, dtype=F64),
    )


def test_a_recording_in_pieces_is_the_recording():
    y = draw(2, 9, 4)
    whole = fluorescence(y, DECAY)
    first = fluorescence(y[:, :5], DECAY)
    assert torch.equal(fluorescence(y[:, 5:], DECAY, first[:, -1]), whole[:, 5:])


def test_what_lies_past_the_end_changes_nothing_before():
    y, later = draw(2, 9, 4), draw(2, 9, 4, seed=3)
    other = torch.cat([y[:, :6], later[:, 6:]], dim=1)
    assert torch.equal(fluorescence(y, DECAY)[:, :6], fluorescence(other, DECAY)[:, :6])


@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_gradients_are_those_of_finite_differences(n_steps):
    y = draw(2, 3, n_steps, 4).requires_grad_()
    decay = DECAY.clone().requires_grad_()
    before = draw(2, 3, 4, seed=1).requires_grad_()
    inner = decay.detach().clamp(0.1, 0.9).requires_grad_()
    assert torch.autograd.gradcheck(fluorescence, (y, inner))
    assert torch.autograd.gradcheck(fluorescence, (y, inner, before))
    fluorescence(y, decay).sum().backward()
    assert decay.grad.isfinite().all()


def test_gradients_of_some_inputs_alone():
    y, decay = draw(3, 5, 4), torch.full((4,), 0.5, dtype=F64, requires_grad=True)
    fluorescence(y, decay).square().sum().backward()
    (alone,) = torch.autograd.grad(
        fluorescence(y.clone().requires_grad_(), decay).square().sum(), decay
    )
    assert torch.equal(decay.grad, alone)


def test_memory_of_either_order_gives_the_same():
    y = draw(5, 3, 4).transpose(0, 1)
    assert torch.equal(fluorescence(y, DECAY), fluorescence(y.contiguous(), DECAY))
