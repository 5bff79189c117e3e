"""Buffers of the recurrent scan, made once for a shape and used again by every training step.

Fresh multi-megabyte allocations are returned to the operating system and cost a page fault per
4 KiB when they are touched again; at 500 steps that alone is as dear as the element-wise work.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from torch import Tensor


class ScanShape(NamedTuple):
    """Sizes of one scan; `lead` is () for one network and (M,) for M networks side by side."""

    lead: tuple[int, ...]
    n_steps: int
    n_trials: int
    n_units: int
    n_features: int


class Turned(NamedTuple):
    """Rates and errors with units first, for products that multiply from the left.

    The columns are trials within steps: r_1 to r_{T-1}, and the errors of steps 2 to T which they
    drive.
    """

    rates: Tensor  # (n_units, (n_steps - 1) * n_trials)
    errors: Tensor


class Buffers:
    """The arrays of one scan, time before trials, so that the slice of one step is contiguous.

    `drive[t]` holds [r_{t-1}, x_t, 1]: one product with [w_rec, w_in, b_rec] then gives the whole
    pre-activation, and one product at the end gives all three gradients.
    """

    def __init__(self, shape: ScanShape, shared_states: bool, like: Tensor) -> None:
        lead, n_steps, n_trials, n_units, n_features = shape
        n_columns = n_units + n_features + 1
        self.drive = like.new_zeros((*lead, n_steps + 1, n_trials, n_columns))
        self.drive[..., -1] = 1.0
        self.inputs = self.drive[..., :n_steps, :, n_units:-1]
        self.rates = self.drive[..., 1:, :, :n_units]
        # Where r_t = z_t the states live inside `drive`; elsewhere they have their own array, and
        # the backward sweep overwrites each z_t by its error signal once it has used it.
        self.states = (
            self.rates if shared_states else like.new_empty((*lead, n_steps, n_trials, n_units))
        )
        self.errors = (
            like.new_empty((*lead, n_steps, n_trials, n_units)) if shared_states else self.states
        )
        self.scratch = like.new_empty((*lead, n_trials, n_units))
        self.weights = like.new_empty((*lead, n_units, n_columns))
        self.weight_gradient = like.new_empty((*lead, n_units, n_columns))
        self.drive_steps = self.drive.unbind(-3)
        self.rate_steps = self.rates.unbind(-3)
        self.state_steps = self.states.unbind(-3)
        self.error_steps = self.errors.unbind(-3)
        self.uses = 0  # forward passes so far: a gradient asked for after the next one is refused

    @cached_property
    def turned(self) -> Turned:
        """Arrays that only sparse products need."""
        n_trials, n_units = self.scratch.shape
        shape = (n_units, (len(self.state_steps) - 1) * n_trials)
        return Turned(self.scratch.new_empty(shape), self.scratch.new_empty(shape))

    def rows(self, array: Tensor) -> Tensor:
        """View (..., n_steps, n_trials, k) as (..., n_steps * n_trials, k), without a copy."""
        return array.flatten(-3, -2)


class Workspace:
    """Buffers by shape; one per fit, never shared between threads."""

    def __init__(self) -> None:
        self._buffers: dict[tuple, Buffers] = {}

    def get(self, shape: ScanShape, shared_states: bool, like: Tensor) -> Buffers:
        """Return the buffers of that shape, making them at the first request."""
        key = (shape, shared_states, like.dtype, like.device)
        if key not in self._buffers:
            self._buffers[key] = Buffers(shape, shared_states, like)
        return self._buffers[key]
