"""How weights move by factors: the published exponentiated gradient, and one that keeps pace."""

from __future__ import annotations

import torch
from torch import Tensor

# One multiplicative step changes a weight at most by the factor e^2; more is divergence.
_LARGEST_LOG_STEP = 2.0
# A weight sinks no further than this part of the scale: some tens of steps bring it back.
_DEPTH = 1e-3


def grown(before: Tensor, step: Tensor) -> Tensor:
    """Return W exp(sign(W) step), the exponentiated gradient, where `step` is what W would move.

    Parameters
    ----------
    before : Tensor
        Weights before the step.
    step : Tensor
        What the optimiser adds to them.

    Returns
    -------
    Tensor
        Weights after the step; signs and zeros are those of before.
    """
    logarithmic = step * torch.sign(before)
    return before * logarithmic.clamp_(-_LARGEST_LOG_STEP, _LARGEST_LOG_STEP).exp_()


def grown_in_pace(before: Tensor, step: Tensor, scale: float) -> Tensor:
    """Return W exp(sign(W) step / scale), but moved by no more than |step|.

    Below the scale a weight is multiplied, above it the step is the plain one. No weight falls
    below a thousandth of the scale unless it was there before, so that none is lost for good.

    Parameters
    ----------
    before : Tensor
        Weights before the step.
    step : Tensor
        What the optimiser adds to them.
    scale : float
        Where multiplicative steps turn into additive ones.

    Returns
    -------
    Tensor
        Weights after the step; signs and zeros are those of before.
    """
    signs, size = torch.sign(before), before.abs()
    limit = step.abs()
    change = (step * signs).div_(scale).clamp_(-_LARGEST_LOG_STEP, _LARGEST_LOG_STEP)
    # expm1: in exp(x) - 1 the digits of a small step would cancel.
    change = torch.minimum(change.expm1_().mul_(size), limit)
    moved = size + torch.maximum(change, -limit)
    # Down to the floor, or to where it is if that is lower: the floor lifts nothing.
    return signs * torch.maximum(moved, size.clamp(max=_DEPTH * scale))
