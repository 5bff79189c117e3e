"""Trials in any container as a list of arrays, and arrays with their names again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._axes import common_names, is_list
from sk_biornn._plain import (
    conversion_of,
    found,
    plain,
    refuse_dates,
    refuse_no_trials,
    refuse_sparse,
    without_mask,
)


class TrialList(NamedTuple):
    """Trials one by one, and what their columns are called."""

    arrays: list[NDArray[Any]]  # (n_steps_i, n_columns) each, of floats
    columns: Any  # names as they came; None where there are none
    names: list[str] | None  # the same as text
    are_equal: bool  # whether they came as one array without padding

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.arrays[0].shape[1])

    def named(self, array: NDArray[Any]) -> Any:
        """Return steps of a trial with the names of its columns."""
        return array if self.columns is None else pd.DataFrame(array, columns=self.columns)

    def rebuilt(self, arrays: list[NDArray[Any]]) -> Any:
        """Return trials as they came: one array where they were one, else a list."""
        if self.are_equal and self.columns is None:
            return np.stack(arrays)
        return [self.named(array) for array in arrays]


def read_trials(value: Any, name: str) -> TrialList:
    """Read (n_trials, n_steps, n_columns), or a list of (n_steps_i, n_columns).

    Steps at the end of a trial of an array that are NaN in all columns are padding, and left out.
    """
    refuse_no_trials(value, name)
    refuse_sparse(value, name)
    value = plain(without_mask(value, np.nan, np.float64), name)
    refuse_dates(value, name)
    labels = common_names(value, name)
    listed = is_list(value)
    with conversion_of(name):
        arrays = [_floats(item) for item in value] if listed else [*_floats(_array(value, name))]
    widths = {array.shape[1] if array.ndim == 2 else None for array in arrays}
    if len(widths) != 1 or None in widths:
        raise ValueError(
            f"{name} must be (n_trials, n_steps, n_columns), or a list of (n_steps, n_columns) of "
            f"equally many columns, got {found(value)}."
        )
    lengths = [len(array) for array in arrays]
    if not listed:
        arrays = [_without_padding(array) for array in arrays]
    columns: Any = labels
    if labels is not None and listed and isinstance(value[0], pd.DataFrame):
        columns = value[0].columns
    are_equal = not listed and lengths == [len(array) for array in arrays]
    return TrialList(arrays, columns, labels, are_equal)


def _array(value: Any, name: str) -> NDArray[Any]:
    array = np.asarray(value)
    if array.ndim != 3:
        raise ValueError(
            f"{name} must be (n_trials, n_steps, n_columns), or a list of (n_steps, n_columns), "
            f"got shape {array.shape}."
        )
    return array


def _floats(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _without_padding(array: NDArray[Any]) -> NDArray[Any]:
    known = np.flatnonzero(~np.isnan(array).all(axis=1))
    return array[: known[-1] + 1] if len(known) else array[:0]
