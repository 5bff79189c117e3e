"""Buffers of the recurrent scan, made once for a layout and used again by every training step.

Fresh multi-megabyte allocations are returned to the operating system and cost a page fault per
4 KiB when they are touched again; at 500 steps that alone costs as much as the element-wise work.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from sk_biornn.core.layout import Layout

T = TypeVar("T")

# Rows of whole cache lines, filled up with zeros: a fifth less time for the weight gradient of 312
# units, nothing for small networks, to which the zeros would add.
_LEAST_UNITS_TO_ALIGN, _ALIGNED = 256, 16
_LEAST_PART = 512  # rows or units of the parts into which a weight gradient is cut
MOST_SHAPES = 4  # whose buffers are kept; batches of trials of unequal length all differ


class ScanShape(NamedTuple):
    """Sizes of one scan; `lead` is () for one network and (M,) for M networks side by side."""

    lead: tuple[int, ...]
    layout: Layout
    n_units: int
    n_features: int


class Turned(NamedTuple):
    """Rates and errors with units first, for products that multiply from the left.

    The columns are trials within steps: r_1 to r_{T-1}, and the errors of steps 2 to T which they
    drive.
    """

    rates: Tensor  # (n_units, number of trials that have a step t, summed over t > 0)
    errors: Tensor


class Block(NamedTuple):
    """A range of trials, step by step: what one thread reads and writes in a sweep."""

    drive: list[Tensor]  # [r_{t-1}, x_t, 1]
    states: list[Tensor]  # z_t
    rates: list[Tensor]  # r_t
    errors: list[Tensor]  # dL/d(argument of f)_t
    before: list[Tensor]  # r_{t-1}
    low: int  # the first trial
    n_trials: int


class Buffers:
    """The arrays of one scan: rows as in `Layout`, so that the slice of one step is contiguous.

    The rows of `drive` for step t hold [r_{t-1}, x_t, 1]: one product with [w_rec, w_in, b_rec]
    then gives the whole pre-activation, and one product at the end gives all three gradients.
    """

    most_parts = 4  # of a weight gradient, which threads share

    def __init__(self, shape: ScanShape, shared_states: bool, like: Tensor) -> None:
        lead, layout, n_units, n_features = shape
        regions = layout.regions
        n_rows, bias = sum(regions[:-1]), n_units + n_features
        n_columns = bias + 1
        if n_units >= _LEAST_UNITS_TO_ALIGN or like.device.type != "cpu":
            n_columns = -(-n_columns // _ALIGNED) * _ALIGNED
        self.layout, self.n_units = layout, n_units
        self._drive = like.new_zeros((*lead, n_rows + regions[-1], n_columns))
        self._drive[..., bias] = 1.0
        # All rows of `rates` belong to a step; those of `drive` and `errors`, which the first
        # gradient compares, are as many more as trials have ended. There errors stay 0.
        self.drive = self._drive[..., :n_rows, :]
        self.inputs = self.drive[..., n_units:bias]
        self.initial = self._drive[..., : layout.n_trials, :n_units]
        self.rates = self._drive[..., layout.n_trials :, :n_units]
        # Where r_t = z_t the states live inside `drive`; elsewhere they have their own array, and
        # the backward sweep overwrites each z_t by its error signal once it has used it.
        self.shared_states = shared_states
        self.errors = like.new_zeros((*lead, n_rows, n_units))
        self.states = self.rates if shared_states else self.errors
        self.weights = like.new_zeros((*lead, n_units, n_columns))
        self.bias = bias  # the column of ones, and of biases
        self.scratch = like.new_empty((*lead, layout.n_trials, n_units))
        self.sent = torch.zeros_like(self.scratch)
        self.whole = self._block(0, layout.n_trials)
        on_one_network = not lead and like.device.type == "cpu"
        bounds = layout.blocks(n_units) if on_one_network else []
        self.blocks = [self.whole]
        if len(bounds) > 1:
            self.blocks = [self._block(low, high) for low, high in bounds]
        self.uses = 0  # forward passes so far: a gradient asked for after the next one is refused

    def _block(self, low: int, high: int) -> Block:
        layout, n_units = self.layout, self.n_units
        regions = layout.regions[:-1]
        n_active = [min(high, count) - low for count in layout.counts if count > low]

        def cut(array: Tensor, sizes: tuple[int, ...]) -> list[Tensor]:
            parts = array.split(sizes, dim=-2)[: len(n_active)]
            if low == 0 and high == layout.n_trials and layout.is_even:
                return list(parts)
            return [p.narrow(-2, low, n) for p, n in zip(parts, n_active, strict=True)]

        drive, rates = cut(self.drive, regions), cut(self.rates, layout.counts)
        errors = cut(self.errors, regions)
        before = [part[..., :n_units] for part in drive]
        states = rates if self.shared_states else errors
        return Block(drive, states, rates, errors, before, low, high - low)

    @property
    def unit_parts(self) -> int:
        """Parts into which weight gradients are cut by unit: large matrices from few rows."""
        rows_are_few = self.errors.shape[-2] < self.most_parts * _LEAST_PART
        one_network = self.errors.ndim == 2
        return self.n_units // _LEAST_PART if one_network and rows_are_few else 0

    def parts(self, array: Tensor) -> tuple[Tensor, ...]:
        """Cut an array of rows into the parts over which gradients are summed side by side."""
        n_rows = array.shape[-2]
        n_parts = max(1, min(self.most_parts, n_rows // _LEAST_PART))
        return array.split(max(1, -(-n_rows // n_parts)), dim=-2)

    @cached_property
    def turned(self) -> Turned:
        """Arrays that only sparse products need."""
        shape = (self.n_units, sum(self.layout.counts[1:]))
        return Turned(self.scratch.new_empty(shape), self.scratch.new_empty(shape))


class Workspace:
    """Buffers by shape; one per fit, never shared between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, shape: ScanShape, shared_states: bool, like: Tensor) -> Buffers:
        """Return the buffers of that shape, making them at the first request."""
        key = (shape, shared_states, like.dtype, like.device)
        return self.kept(key, lambda: Buffers(shape, shared_states, like))

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, making it at the first request."""
        if key not in self._kept:
            if len(self._kept) >= MOST_SHAPES:
                self._kept.popitem(last=False)
            self._kept[key] = make()
        self._kept.move_to_end(key)
        return self._kept[key]


def begin_gradient(buffers: Any, uses: int) -> None:
    """Refuse a gradient whose run is not the last use of its buffers; count it as a use.

    Parameters
    ----------
    buffers : object
        With the number of its `uses`.
    uses : int
        That number after the run.

    Raises
    ------
    RuntimeError
        If a later run has overwritten them, or the gradient has been taken.
    """
    if buffers.uses != uses:
        raise RuntimeError(
            "The gradient of a run must be taken once, and before the next run in the same "
            "workspace."
        )
    buffers.uses += 1
