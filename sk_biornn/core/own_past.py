"""The own past of channels: running means of what they were, over a few time constants."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sk_biornn.core.given import on_device

TIME_CONSTANTS = (2.0, 4.0, 8.0, 16.0)  # of the running means, in steps


def own_past(present: Tensor, n_terms: int, before: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return what outputs are made of beside the network: present inputs, and their running means.

    e_k,t = d_k e_k,t-1 + (1 - d_k) x_t with d_k = exp(-1 / time constant); before the first step a
    channel is taken to have been as it is then.

    Parameters
    ----------
    present : Tensor of shape (n_trials, n_steps, n_outputs)
        The inputs that outputs continue.
    n_terms : int
        1: the present alone; 1 + K: and K differences e_k - x.
    before : Tensor of shape (n_trials, K, n_outputs) or None
        Running means before the first step, of what went before.

    Returns
    -------
    terms : Tensor of shape (n_trials, n_steps, n_terms, n_outputs)
        Present inputs, and the differences of the running means from them.
    after : Tensor of shape (n_trials, K, n_outputs) or None
        Running means after the last step.
    """
    if n_terms == 1:
        return present[:, :, None], None
    decays = decays_of(n_terms - 1, present)[:, None]
    mean = present[:, :1].expand(-1, n_terms - 1, -1) if before is None else before
    steps = []
    for x in present.unbind(1):
        mean = torch.lerp(x[:, None].expand_as(mean), mean, decays)
        steps.append(mean)
    means = torch.stack(steps, dim=1)
    return torch.cat([present[:, :, None], means - present[:, :, None]], dim=2), mean


def with_own_past(
    read: Tensor, present: Tensor, increments: bool, w_skip: Tensor | None, before: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Return outputs: the read-out, the present input (of increments), and what `w_skip` weighs.

    Parameters
    ----------
    read, present : Tensor of shape (n_trials, n_steps, n_outputs)
        The read-out, and the inputs that outputs continue.
    increments : bool
        Whether the present input is added.
    w_skip : Tensor of shape (n_terms, n_outputs) or None
        Weights of the terms of `own_past`.
    before : Tensor or None
        As for `own_past`.

    Returns
    -------
    outputs : Tensor of the shape of `read`
        Outputs.
    after : Tensor or None
        As from `own_past`.
    """
    if increments:
        read = read + present
    if w_skip is None:
        return read, None
    terms, after = own_past(present, len(w_skip), before)
    return read + (terms * w_skip).sum(2), after


def decays_of(n_means: int, like: Tensor) -> Tensor:
    """Return what is left of each running mean after a step."""
    decays = tuple(math.exp(-1 / tau) for tau in TIME_CONSTANTS[:n_means])
    return on_device(decays, like.dtype, like.device)
