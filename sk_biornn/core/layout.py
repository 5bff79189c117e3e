"""Where the steps of trials lie in memory when trials may end at different times.

Trials are ordered by length, the longest first; step after step, only those that have not ended
have a row. Nothing is ever computed past the end of a trial: there are no rows for it.

An array holds regions of rows, one per step. Region 0 has a row per trial, region t + 1 has a row
for each of the `counts[t]` trials that have a step t. So the rates that step t gives fill region
t + 1, and step t + 1 reads them in the first `counts[t + 1]` rows of that region; the rows after
these belong to trials that have ended. Where all trials are as long, this is time before trials.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Tensor

# A block of trials is computed by one thread. Cutting costs what a product of fewer rows is
# slower, so small networks are not cut at all, and blocks have rows enough to fill the vectors.
_LEAST_UNITS, _LEAST_ROWS = 256, 48
_MANY_UNITS = 1024


class Layout(NamedTuple):
    """The number of trials that have a step t, for all t; never growing."""

    counts: tuple[int, ...]
    n_trials: int

    @classmethod
    def even(cls, n_trials: int, n_steps: int) -> Layout:
        """Return that of trials of one length."""
        return cls((n_trials,) * n_steps, n_trials)

    @property
    def n_steps(self) -> int:
        """Number of steps of the longest trial."""
        return len(self.counts)

    @property
    def regions(self) -> tuple[int, ...]:
        """Number of rows of each region; there is one more than there are steps."""
        return (self.n_trials, *self.counts)

    @property
    def is_even(self) -> bool:
        """Whether all trials have the same number of steps."""
        return not self.counts or self.counts[-1] == self.n_trials

    def blocks(self, n_units: int) -> list[tuple[int, int]]:
        """Return first and last trial of the blocks that may be computed side by side."""
        most = 1 if n_units < _LEAST_UNITS else 2 if n_units < _MANY_UNITS else 4
        n_blocks = max(1, min(most, self.n_trials // _LEAST_ROWS))
        size = -(-self.n_trials // n_blocks)
        bounds = range(0, max(self.n_trials, 1), max(size, 1))
        return [(low, min(low + size, self.n_trials)) for low in bounds]


class Surplus(NamedTuple):
    """The places of some networks at which others have a trial and they have none."""

    network: Tensor
    place: Tensor
    row: Tensor


class Places(NamedTuple):
    """For every step of every trial, step after step and the longest trial first.

    Networks with trials of their own have each its own order of them, along a leading axis M. They
    share the places: a network with fewer trials at a step than others has surplus places there,
    which hold a trial that has ended. What is computed at them is never used.
    """

    order: Tensor  # (..., n_trials): the trials by falling length
    trial: Tensor  # (..., n_places): number of the trial
    step: Tensor  # (n_places,)
    row: Tensor  # (n_places,): row in an array of regions
    last: Tensor  # (..., n_trials): place of the last step of every trial, in their own order
    network: Tensor | None  # (M, 1): number of the network; None for one, or for shared trials
    counts: tuple[tuple[int, ...], ...]  # by network: its number of trials that have a step t
    surplus: Surplus | None  # None where no place is
    missing: tuple[Tensor, Tensor] | None  # network and number of trials that are none

    def of(self, array: Tensor, *indices: Tensor) -> Any:
        """Return what picks array[..., *indices, :], of each network what is its own."""
        if self.network is None:
            return (..., *indices, slice(None))
        shared = array.ndim == len(indices) + 1
        return indices if shared else (self.network, *indices)

    def in_own_order(self, array: Tensor) -> Tensor:
        """Return rows (..., n_trials, k) by falling length with the trials in their own order."""
        own = torch.empty_like(array)
        own[self.of(own, self.order)] = array
        return own

    def clear(self, array: Tensor) -> Tensor:
        """Set the surplus places of an array (M, n_places, k) to 0, and return it."""
        if self.surplus is not None:
            array.index_put_((self.surplus.network, self.surplus.place), array.new_zeros(()))
        return array

    def clear_rows(self, array: Tensor) -> Tensor:
        """Set the surplus places of an array of regions to 0, and return it."""
        if self.surplus is not None:
            array.index_put_((self.surplus.network, self.surplus.row), array.new_zeros(()))
        return array


def lay_out(lengths: Tensor, device: torch.device | None = None) -> tuple[Layout, Places]:
    """Return the layout of trials of these lengths, and where their steps lie.

    Parameters
    ----------
    lengths : int Tensor of shape (n_trials,) or (M, n_trials)
        Number of steps of each trial; with the leading axis, of the trials of M networks, 0 where
        one has fewer trials than others.
    device : torch.device or None, default=None
        Where the places are needed; None for where the lengths are.

    Returns
    -------
    layout : Layout
        That of all networks: at every step, as many trials as the network with most has.
    places : Places
        Where their steps lie.
    """
    device = lengths.device if device is None else device
    n_trials = lengths.shape[-1]
    # Stable: trials of one length keep their order, so that lengths alone decide the layout.
    falling, order = torch.sort(lengths.cpu(), descending=True, stable=True)
    n_steps = int(falling.max()) if falling.numel() else 0
    steps = torch.arange(n_steps)
    of_each = n_trials - torch.searchsorted(
        falling.flip(-1), steps.expand(*lengths.shape[:-1], n_steps).contiguous(), right=True
    )
    of_each = of_each.reshape(-1, n_steps)
    counts = of_each.amax(0) if len(of_each) > 1 else of_each[0]
    layout = Layout(tuple(counts.tolist()), n_trials)
    first_place = torch.tensor([0, *accumulate(layout.counts)][:n_steps])
    first_row = torch.tensor([0, *accumulate(layout.regions)][:n_steps])
    step = torch.repeat_interleave(steps, counts)
    position = torch.arange(len(step)) - first_place[step]
    row = first_row[step] + position
    last = first_place[(falling - 1).clamp(min=0)] + torch.arange(n_trials)
    last = torch.empty_like(order).scatter_(-1, order, last)
    network = surplus = missing = None
    if lengths.ndim > 1:
        network = torch.arange(len(lengths), device=device)[:, None]
        which, place = torch.nonzero(position >= of_each[:, step], as_tuple=True)
        if len(place):
            surplus = Surplus(which.to(device), place.to(device), row[place].to(device))
        which, trial = torch.nonzero(lengths.cpu() == 0, as_tuple=True)
        if len(trial):
            missing = which.to(device), trial.to(device)
    return layout, Places(
        order.to(device),
        order[..., position].to(device),
        step.to(device),
        row.to(device),
        last.to(device),
        network,
        tuple(map(tuple, of_each.tolist())),
        surplus,
        missing,
    )


def lay_out_if_uneven(lengths: Tensor, device: torch.device) -> tuple[Layout, Places | None]:
    """Return the layout, and the places unless all trials of all networks are as long."""
    layout, places = lay_out(lengths, device)
    return layout, None if layout.is_even and places.surplus is None else places
