"""At which steps of a closed loop how much of the measured input is given."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor


@lru_cache(maxsize=64)
def on_device(numbers: tuple[int | float, ...], like: torch.dtype, device: torch.device) -> Tensor:
    """Return numbers as a tensor; kept, since a recorded step may not fetch them anew."""
    with torch.inference_mode(False):  # or it could serve no gradient later
        return torch.tensor(numbers, dtype=like, device=device)


class Given(NamedTuple):
    """How outputs become inputs.

    Parameters
    ----------
    columns : tuple of int
        Column of the inputs that each output continues: output k at step t predicts
        x[t + 1, columns[k]].
    shares : tuple of float
        Share of the measured input in that of each step; what comes first is given as it is.
    is_over : bool Tensor of shape (n_trials, n_steps) or None
        Steps past the ends of trials, at which nothing is fed back; None: there are none.
    """

    columns: tuple[int, ...]
    shares: tuple[float, ...]
    is_over: Tensor | None = None

    def own(self, x: Tensor) -> Tensor:
        """Return the columns of inputs (..., n_features) that outputs continue."""
        if self.are_all(x):
            return x
        return x[..., on_device(self.columns, torch.int64, x.device)]

    def are_all(self, x: Tensor) -> bool:
        """Whether these are all columns in their order."""
        return self.columns == tuple(range(x.shape[-1]))

    def fed_back(self, n_steps: int) -> list[int]:
        """Return the steps at which something of what was predicted comes back."""
        return [t for t in range(1, n_steps) if self.shares[t] < 1]

    def mixed(self, measured: Tensor, predicted: Tensor, step: int) -> Tensor:
        """Return the inputs (n_trials, n_features) of a step, some of them predicted."""
        own = on_device(self.columns, torch.int64, measured.device)
        return measured.index_copy(1, own, self.of_own(measured, predicted, step))

    def of_own(self, measured: Tensor, predicted: Tensor, step: int) -> Tensor:
        """Return the inputs (n_trials, n_outputs) of the columns that outputs continue."""
        share = self.shares[step]
        if share == 0 and self.is_over is None:
            return predicted
        own = self.own(measured)
        mixed = predicted if share == 0 else torch.lerp(predicted, own, share)
        if self.is_over is None:
            return mixed
        return torch.where(self.is_over[:, step, None], own, mixed)
