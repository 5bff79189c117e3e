"""Fluorescence that follows a rate: a first-order kernel along the steps, and its gradient.

c_t = d c_{t-1} + (1 - d) y_t,   d = exp(-dt / tau),   c_{-1} = y_0 where nothing else is given.

Its backward sweep is the same recursion from the last step to the first: with the errors e_t of
c_t and g_t = e_t + d g_{t+1}, dL/dy_t = (1 - d) g_t, dL/dd = sum g_t (c_{t-1} - y_t), and
dL/dc_{-1} = d g_0. One operation per step in both, on a slice that is still in cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sk_biornn.core.observation_model import PACE
from sk_biornn.core.threads import computing
from sk_biornn.core.weight_space import WeightSpace

LEAST, GREATEST = -2.0, 8.0  # log(d / (1 - d)): tau from a half to 3,000 steps


def decay_space() -> WeightSpace:
    """Return where learned decays may be: they move as log-odds, about the logarithm of tau.

    They have the pace of whatever else stands alone, see `Observation.space`.
    """

    def retract(proposed: Tensor, before: Tensor | None) -> None:
        proposed.clamp_(LEAST / PACE, GREATEST / PACE)

    return WeightSpace(
        encode=lambda decay: torch.logit(decay).clamp(LEAST, GREATEST) / PACE,
        decode=lambda theta: torch.sigmoid(PACE * theta),
        retract=retract,
        keeps_theta=True,
    )


def fluorescence(y: Tensor, decay: Tensor, before: Tensor | None = None) -> Tensor:
    """Return c_t of every step, differentiable in all that is given.

    Parameters
    ----------
    y : Tensor of shape (..., n_trials, n_steps, n_outputs)
        What is filtered. What lies past the end of a trial changes nothing before it.
    decay : Tensor of shape (n_outputs,)
        d, from 0 (c_t = y_t) to 1 (nothing moves).
    before : Tensor of shape (..., n_trials, n_outputs) or None, default=None
        c_{-1}, where trials go on from earlier steps; None: y_0, an indicator at rest.

    Returns
    -------
    Tensor
        Of the shape of `y`.
    """
    filtered: Tensor = _Kernel.apply(y, decay, before)
    return filtered


class _Kernel(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, decay: Tensor, before: Tensor | None) -> Tensor:
        """Go through the steps."""
        c = torch.empty_like(y)
        with computing():
            steps, of_steps = y.unbind(-2), c.unbind(-2)
            last = steps[0] if before is None else before
            for now, filtered in zip(steps, of_steps, strict=True):
                last = torch.lerp(now, last, decay, out=filtered)
        ctx.starts_at_rest = before is None
        ctx.save_for_backward(y, decay, before, c)
        return c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Go back, and return the gradients in what was given."""
        y, decay, before, c = ctx.saved_tensors
        g = torch.empty_like(c)
        with computing():
            later, errors = g.new_zeros(()), grad.unbind(-2)
            for error, total in zip(reversed(errors), reversed(g.unbind(-2)), strict=True):
                later = torch.addcmul(error, decay, later, out=total)
            d_before = decay * g.select(-2, 0)
            d_decay = None
            if ctx.needs_input_grad[1]:
                first = y.select(-2, 0) if before is None else before
                lag = torch.cat([first.unsqueeze(-2), c.narrow(-2, 0, c.shape[-2] - 1)], -2)
                d_decay = (lag.sub_(y).mul_(g)).sum(tuple(range(g.ndim - 1)))
            d_y = g.mul_(1 - decay)
            if ctx.starts_at_rest:
                d_y.select(-2, 0).add_(d_before)
        return d_y, d_decay, None if ctx.starts_at_rest else d_before
