"""Inputs of steps to come: of the columns that no output continues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._axes import common_names, is_list
from sk_biornn._plain import real_array


def inputs_to_come(
    future: Any, shape: tuple[int, int, int], others: NDArray[np.int64], names: Sequence[str] | None
) -> NDArray[np.float64]:
    """Return what `future` says of the inputs to come, 0 in the columns that outputs continue.

    Parameters
    ----------
    future : array-like, list or DataFrame
        Inputs of the columns `others`, or of all columns; as long as asked for, or longer. A frame
        is that of one trial. Columns that have names are found by them.
    shape : tuple of int
        (n_trials, n_steps, n_features) of what is asked for.
    others : ndarray of int
        Columns of X that no output continues.
    names : sequence of str or None
        Names of the columns of X.

    Returns
    -------
    ndarray of shape (n_trials, n_steps, n_features)
        The inputs.
    """
    inputs = np.zeros(shape)
    if not len(others) or not shape[1]:
        return inputs
    wanted = (shape[0], shape[1], len(others))
    columns = [names[k] for k in others] if names is not None else others.tolist()
    expected = (
        f"future must have shape {wanted}: the inputs to come of the columns {columns} of X, that "
        "no output continues"
    )
    if future is None:
        raise ValueError(f"{expected}; got None.")
    if hasattr(future, "columns"):
        future = [future]
    of_future = common_names(future, "future")
    values = _of_one_length(future, shape[1], expected)
    if values.ndim == 3:
        widths = values.shape[2], shape[2]
        values = values[:, :, _places(of_future, *widths, others, names, expected)]
    if values.ndim != 3 or values.shape[1] < wanted[1] or values.shape[::2] != wanted[::2]:
        raise ValueError(f"{expected}; got shape {values.shape}.")
    values = values[:, : shape[1]]
    if not np.isfinite(values).all():
        raise ValueError(f"{expected}; got NaN or infinity.")
    inputs[:, :, others] = values
    return inputs


def _of_one_length(future: Any, n_steps: int, expected: str) -> NDArray[np.float64]:
    """Return an array, of a list of trials that are all long enough cut to what is asked for."""
    if is_list(future) and all(np.ndim(item) == 2 for item in future):
        least = min(len(item) for item in future)
        if least < n_steps:
            raise ValueError(f"{expected}; got a trial of {least} steps.")
        future = [np.asarray(item)[:n_steps] for item in future]
    words = f"numbers of {expected.removeprefix('future must have ')}"
    return real_array(future, "future", words, truth_values=True)


def _places(
    of_future: Sequence[str] | None,
    n_columns: int,
    n_features: int,
    others: NDArray[np.int64],
    names: Sequence[str] | None,
    expected: str,
) -> NDArray[np.int64]:
    """Return where in `future` the columns `others` are."""
    if of_future is not None and names is not None:
        missing = [names[k] for k in others if names[k] not in of_future]
        if missing:
            raise ValueError(f"{expected}; got columns {list(of_future)}.")
        return np.array([list(of_future).index(names[k]) for k in others], dtype=np.int64)
    return others if n_columns == n_features else np.arange(n_columns)
