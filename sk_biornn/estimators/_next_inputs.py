"""Outputs that are the next inputs: which column each continues, and where training starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn._plain import short


def columns_continued(
    feedback: Any,
    n_features: int,
    n_outputs: int,
    feature_names: Sequence[Any] | None,
    output_names: Sequence[Any] | None,
) -> NDArray[np.int64] | None:
    """Return the column of X that each output continues; None where nothing says so.

    Parameters
    ----------
    feedback : sequence of str or int, or None
        What the user says: a name or a number of a column for each output.
    n_features, n_outputs : int
        Numbers of columns of X and of outputs.
    feature_names, output_names : sequence or None
        Names of both, where they have any.

    Returns
    -------
    ndarray of int of shape (n_outputs,) or None
        The columns.
    """
    if feedback is not None:
        return _read(feedback, n_features, n_outputs, feature_names)
    if feature_names is not None and output_names is not None:
        places = {str(name): place for place, name in enumerate(feature_names)}
        if all(str(name) in places for name in output_names):
            return np.array([places[str(name)] for name in output_names])
        return None
    return np.arange(n_outputs) if n_features == n_outputs else None


def _read(
    feedback: Any, n_features: int, n_outputs: int, names: Sequence[Any] | None
) -> NDArray[np.int64]:
    expected = f"feedback must name one column of X for each of the {n_outputs} outputs"
    if isinstance(feedback, (str, bytes, dict)) or not hasattr(feedback, "__len__"):
        raise TypeError(f"{expected}, got {short(feedback)}.")
    places = {} if names is None else {str(name): place for place, name in enumerate(names)}
    columns = []
    for item in list(feedback):
        if is_integer(item) and 0 <= int(item) < n_features:
            columns.append(int(item))
        elif isinstance(item, str) and item in places:
            columns.append(places[item])
        else:
            raise ValueError(
                f"{expected}, by its name or its number below {n_features}, got {short(item)}."
            )
    if len(columns) != n_outputs or len(set(columns)) < len(columns):
        raise ValueError(f"{expected}, each another one, got {short(list(feedback))}.")
    return np.array(columns, dtype=np.int64)


def are_next_inputs(
    x: NDArray[Any], values: NDArray[Any], scored: NDArray[Any], own: NDArray[np.int64]
) -> bool:
    """Whether every target is the input of its own column one step on."""
    later, now = x[:, 1:, own], values[:, :-1]
    counts = scored[:, :-1] > 0
    some = slice(0, 2)  # most that are not differ at once
    for part in (some, slice(None)):
        known = counts[part]
        if not known.any() or not np.array_equal(later[part][known], now[part][known]):
            return False
    return True
