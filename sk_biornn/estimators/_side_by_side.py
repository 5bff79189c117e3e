"""Batches of several networks that learn side by side: what each alone would see, and no more.

Networks whose trials differ in length draw batches of other lengths, and of other sizes where the
last batch is a small one: all are filled up to the largest, and each is cut where it would end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from sk_biornn.core import Dynamics, as_trials
from sk_biornn.estimators._loss import Batch, Loss, with_noise


@dataclass(frozen=True, eq=False)
class TrainingSets:
    """Trials and targets of all networks; those that all share are there once."""

    parts: dict[str, tuple[Tensor | None, bool]]  # and whether it is shared
    lengths: Tensor | None  # (M, n_trials), on the CPU, where layouts are made
    every_step: bool

    @classmethod
    def of(cls, losses: Sequence[Loss]) -> TrainingSets:
        """Put the training sets of all networks together."""
        sets = [loss.data for loss in losses]
        every_step, lengths = sets[0].every_step, None
        if sets[0].lengths is not None:
            lengths = torch.stack([torch.from_numpy(data.lengths) for data in sets])
        parts = {
            name: _together(
                [getattr(data, name) for data in sets], cls._has_steps(name, every_step)
            )
            for name in ("x", "values", "weights", "step_weights")
        }
        return cls(parts, lengths, every_step)

    @staticmethod
    def _has_steps(name: str, every_step: bool) -> bool:
        """Whether the second axis of a part is time."""
        return every_step or name in ("x", "step_weights")

    def take(self, indices: Tensor) -> Batch:
        """Return the trials (n_networks, batch_size) of every part; of -1, nothing that counts."""
        ends = stop = None
        if self.lengths is not None:
            indices = indices.cpu()
            is_there = indices >= 0
            indices = indices.clamp(min=0)
            ends = self.lengths.gather(1, indices) * is_there
            stop = int(ends.max())
        like = self.parts["x"][0]
        assert like is not None
        indices = indices.to(like.device)
        network = torch.arange(len(indices), device=indices.device)[:, None]

        def some(name: str) -> Any:
            part, is_shared = self.parts[name]
            if part is None:
                return None
            if stop is not None and self._has_steps(name, self.every_step):
                part = part.narrow(1 if is_shared else 2, 0, stop)
            return part[indices] if is_shared else part[network, indices]

        weights, step_weights = some("weights"), some("step_weights")
        if ends is not None and not bool(is_there.all()):
            nothing = ~is_there.to(like.device)
            for part in (weights, step_weights):
                part.masked_fill_(nothing.view(*nothing.shape, *(1,) * (part.ndim - 2)), 0)
        return Batch(some("x"), ends, some("values"), weights, step_weights)


def _together(tensors: Sequence[Tensor | None], has_steps: bool) -> tuple[Tensor | None, bool]:
    first = tensors[0]
    if first is None:
        return None, True
    some = [tensor for tensor in tensors if tensor is not None]
    if all(tensor is first or torch.equal(tensor, first) for tensor in some[1:]):
        return first, True
    if has_steps:  # trials of unequal length: the longest of a network may be shorter than others'
        some = _filled(some)
    return torch.stack(some), False


def _filled(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors (n_trials, n_steps, ...) of as many steps, 0 where there were none."""
    n_steps = max(tensor.shape[1] for tensor in tensors)
    filled = []
    for tensor in tensors:
        missing = n_steps - tensor.shape[1]
        shape = (len(tensor), missing, *tensor.shape[2:])
        filled.append(torch.cat([tensor, tensor.new_zeros(shape)], 1) if missing else tensor)
    return filled


def dynamics_of(losses: Sequence[Loss], like: Tensor) -> Dynamics:
    """Return how all networks move; each may have another strength of noise."""
    strengths = [loss.dynamics.recurrent_noise for loss in losses]
    if len(set(strengths)) == 1:
        return losses[0].dynamics
    each = torch.tensor(strengths, dtype=like.dtype, device=like.device)
    return replace(losses[0].dynamics, recurrent_noise=each.view(-1, 1, 1))


def noise_of(losses: Sequence[Loss]) -> list[torch.Generator] | None:
    """Return the sources of the recurrent noise; None without."""
    sources = [loss.noise_of_units for loss in losses]
    return [source for source in sources if source is not None] or None


def add_noise(losses: Sequence[Loss], batch: Batch) -> None:
    """Add to the inputs of every network what it alone would draw."""
    levels = [loss.network.noise_level for loss in losses]
    if any(levels):
        for loss, level, x in zip(losses, levels, cut(batch.x, batch), strict=True):
            x.copy_(with_noise(x, level, loss.noise))


def scale_of(batch: Batch) -> Tensor | None:
    """Return by what sums over trials are to be multiplied where networks have fewer than others.

    They have been divided by the number of trials of the largest batch.
    """
    if batch.ends is None or bool((batch.ends > 0).all()):
        return None
    n_trials = (batch.ends > 0).sum(1)
    return (batch.ends.shape[1] / n_trials.double()).to(batch.x)


def cut(array: Tensor, batch: Batch, by_step: bool = True) -> list[Tensor]:
    """Return the parts of (M, n_trials, n_steps, ...) that each network alone would have.

    `by_step` is False where there is no axis of steps.
    """
    each = list(array.unbind())
    if batch.ends is None:
        return each
    n_trials, n_steps = (batch.ends > 0).sum(1).tolist(), batch.ends.amax(1).tolist()
    return [
        own[:n, :stop] if by_step else own[:n]
        for own, n, stop in zip(each, n_trials, n_steps, strict=True)
    ]


def rates_of(rates: Tensor, batch: Batch) -> Tensor:
    """Return rates as penalties that look at them take them, (M, n_trials, n_steps, n_units)."""
    return rates if batch.ends is None else as_trials(rates, batch.ends)
