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
from typing import NamedTuple

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


class Places(NamedTuple):
    """For every step of every trial, step after step and the longest trial first."""

    order: Tensor  # (n_trials,): the trials by falling length
    trial: Tensor  # (n_places,): number of the trial
    step: Tensor  # (n_places,)
    row: Tensor  # (n_places,): row in an array of regions
    last: Tensor  # (n_trials,): place of the last step of every trial, in their own order


def lay_out(lengths: Tensor) -> tuple[Layout, Places]:
    """Return the layout of trials of these lengths, and where their steps lie."""
    device, n_trials = lengths.device, len(lengths)
    # Stable: trials of one length keep their order, so that lengths alone decide the layout.
    falling, order = torch.sort(lengths.cpu(), descending=True, stable=True)
    n_steps = int(falling[0]) if n_trials else 0
    steps = torch.arange(n_steps)
    counts = n_trials - torch.searchsorted(falling.flip(0), steps, right=True)
    layout = Layout(tuple(counts.tolist()), n_trials)
    first_place = torch.tensor([0, *accumulate(layout.counts)][:n_steps])
    first_row = torch.tensor([0, *accumulate(layout.regions)][:n_steps])
    step = torch.repeat_interleave(steps, counts)
    position = torch.arange(len(step)) - first_place[step]
    last = torch.empty_like(order)
    last[order] = first_place[falling - 1] + torch.arange(n_trials)
    places = Places(order, order[position], step, first_row[step] + position, last)
    return layout, Places(*(tensor.to(device) for tensor in places))
