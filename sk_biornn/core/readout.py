"""The linear read-out of every step or of each trial's last one, and its gradient.

Inside the scan, what is read lies in rows, step after step (see `Layout`). Outside, outputs are
(n_trials, n_steps, n_outputs), or (n_trials, n_outputs) at the last step.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sk_biornn.core.layout import Layout, Places
from sk_biornn.core.params import RNNParams
from sk_biornn.core.products import multiply_into, sum_over_rows
from sk_biornn.core.sweeps import Read


def read_out(
    source: Tensor, params: RNNParams, layout: Layout, places: Places | None, every_step: bool
) -> Tensor:
    """Return what the rows of `source` are read as."""
    if every_step:
        flat = source.new_empty((*source.shape[:-1], params.w_out.shape[-2]))
        multiply_into(flat, source, params.w_out.mT)
        flat.add_(params.b_out[..., None, :])
        return unroll(flat if places is None else places.clear(flat), layout, places)
    last = last_rows(source, layout, places)
    if last.ndim > 2 and last.device.type == "cpu":  # as each of the networks would be read alone
        pairs = zip(last, params.w_out, strict=True)
        read = torch.stack([own @ w.mT for own, w in pairs]) + params.b_out[..., None, :]
    else:
        read = last @ params.w_out.mT + params.b_out[..., None, :]
    return _without_missing(read, places)


def _without_missing(of_trials: Tensor, places: Places | None) -> Tensor:
    """Set to 0 what belongs to trials that a network does not have, in place."""
    if places is not None and places.missing is not None:
        of_trials.index_put_(places.missing, of_trials.new_zeros(()))
    return of_trials


def unroll(flat: Tensor, layout: Layout, places: Places | None) -> Tensor:
    """Turn rows of steps into (..., n_trials, n_steps, k); 0 after the end of a trial."""
    if places is None:
        shape = (layout.n_steps, layout.n_trials)
        return flat.unflatten(-2, shape).transpose(-3, -2)
    out = flat.new_zeros((*flat.shape[:-2], layout.n_trials, layout.n_steps, flat.shape[-1]))
    out[places.of(out, places.trial, places.step)] = flat
    return out


def roll(array: Tensor, places: Places | None) -> Tensor:
    """Turn (..., n_trials, n_steps, k) into rows of steps: undo `unroll`."""
    if places is None:
        return array.transpose(-3, -2).flatten(-3, -2)
    return places.clear(array[places.of(array, places.trial, places.step)])


def last_rows(source: Tensor, layout: Layout, places: Places | None) -> Tensor:
    """Return the row of the last step of every trial, in their own order."""
    if places is None:
        return source[..., source.shape[-2] - layout.n_trials :, :]
    return source[places.of(source, places.last)]


def read_out_gradients(
    source: Tensor,
    grad: Tensor,
    layout: Layout,
    places: Places | None,
    every_step: bool,
) -> tuple[Tensor, Tensor, list[Read]]:
    """Return the gradients of w_out and b_out, and that of what is read, step by step.

    `grad` has the shape of the outputs.
    """
    if not every_step and places is not None and places.missing is not None:
        grad = _without_missing(grad.clone(), places)
    grad_rows, steps = gradient_by_step(grad, layout, places, every_step)
    read = source if every_step else last_rows(source, layout, places)
    return sum_over_rows(grad_rows, read), grad_rows.sum(-2), steps


def gradient_by_step(
    grad: Tensor, layout: Layout, places: Places | None, every_step: bool
) -> tuple[Tensor, list[Read]]:
    """Return the gradient of the outputs as rows, and the part that each step has in it."""
    if not every_step:
        return grad, _at_the_ends(grad, layout, places)
    grad_rows = roll(grad, places)
    return grad_rows, [(0, part) for part in grad_rows.split(layout.counts, dim=-2)]


def _at_the_ends(grad: Tensor, layout: Layout, places: Places | None) -> list[Read]:
    """Split a gradient at the last step of every trial into steps: the rows that end there."""
    if places is not None and len(places.counts) > 1:
        return _at_their_ends(grad, layout, places)
    if places is not None:
        grad = grad[places.of(grad, places.order)]
    steps: list[Read] = []
    for here, next_one in zip(layout.counts, (*layout.counts[1:], 0), strict=True):
        # Trials lie by falling length: those that end here have the last rows of the step.
        ended = here - next_one
        steps.append((next_one, grad.narrow(-2, next_one, ended)) if ended else None)
    return steps


def _at_their_ends(grad: Tensor, layout: Layout, places: Places) -> list[Read]:
    """Do so for networks with trials of their own: the rows in which one of any of them ends."""
    at_places = grad.new_zeros((len(grad), len(places.step), grad.shape[-1]))
    at_places[places.of(at_places, places.last)] = grad
    steps: list[Read] = []
    for t, part in enumerate(at_places.split(layout.counts, dim=-2)):
        ends = [(c[t + 1] if t + 1 < len(c) else 0, c[t]) for c in places.counts]
        first = min((low for low, high in ends if low < high), default=0)
        last = max((high for low, high in ends if low < high), default=0)
        steps.append((first, part[:, first:last]) if first < last else None)
    return steps


def of_block(reads: list[Read], low: int, high: int) -> list[Read]:
    """Return the part of every step's gradient that belongs to a block of trials."""
    return [_overlap(read, low, high) for read in reads]


def _overlap(read: Read, low: int, high: int) -> Read:
    if read is None:
        return None
    first, gradient = read
    start, stop = max(first, low), min(first + gradient.shape[-2], high)
    if start >= stop:
        return None
    if start == first and stop == first + gradient.shape[-2]:
        return first - low, gradient
    return start - low, gradient.narrow(-2, start - first, stop - start)
