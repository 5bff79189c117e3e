"""Outputs that are the next inputs: which column each continues, and where training starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn._plain import short
from sk_biornn.estimators._trials import Trials


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
    if output_names is not None:
        numbers = range(n_features)  # the names of columns that have none
        places = {
            str(name): place
            for place, name in enumerate(numbers if feature_names is None else feature_names)
        }
        if all(str(name) in places for name in output_names):
            return np.array([places[str(name)] for name in output_names])
        if feature_names is not None:
            return None
    return np.arange(n_outputs) if n_features == n_outputs else None


def _read(
    feedback: Any, n_features: int, n_outputs: int, names: Sequence[Any] | None
) -> NDArray[np.int64]:
    expected = f"feedback must name one column of X for each of the {n_outputs} outputs"
    unordered = (str, bytes, dict, set, frozenset)
    if isinstance(feedback, unordered) or not hasattr(feedback, "__len__"):
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


_STRAIGHT = 0.05  # of the mean square of steps


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


def goes_straight_on(trials: Trials) -> bool:
    """Whether inputs are curves that go on as they did, which no recording is.

    They are if what a step adds differs from what the last one added by less than a twentieth of
    its mean square, in every column that changes.
    """
    if trials.n_steps < 3:
        return False
    steps = np.diff(trials.x.astype(np.float64), axis=1)
    changes = np.diff(steps, axis=1)
    valid = trials.valid[:, 2:, None]
    of_steps, of_changes = ((a**2 * valid).sum(axis=(0, 1)) for a in (steps[:, 1:], changes))
    return bool((of_changes < _STRAIGHT * of_steps)[of_steps > 0].all())


def r2_of_no_change(present: NDArray[Any], values: NDArray[Any], scored: NDArray[Any]) -> float:
    """Return how well targets are predicted by what is there already: R^2, the mean over outputs.

    All arrays are (n_trials, n_steps, n_outputs); outputs that do not change are left out.
    """
    scores = []
    for k in range(values.shape[-1]):
        counts = scored[:, :, k] > 0
        x, y = present[:, :, k][counts].astype(np.float64), values[:, :, k][counts]
        spread = ((y - y.mean()) ** 2).sum() if len(y) else 0.0
        if spread > 0:
            scores.append(1 - ((y - x) ** 2).sum() / spread)
    return float(np.mean(scores)) if scores else float("nan")
