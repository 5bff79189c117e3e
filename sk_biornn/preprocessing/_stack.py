"""Trials in any container as one table of steps, and the table as that container again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils import check_array

from sk_biornn._axes import is_list, refuse_misplaced_time
from sk_biornn._feature_names import check_feature_names
from sk_biornn._plain import conversion_of, plain, refuse_dates, refuse_masked, refuse_no_trials


class Stack(NamedTuple):
    """All steps of all trials, one below the other."""

    rows: np.ndarray  # (n_rows, n_features), of float32 or float64; may have NaN
    as_they_came: Callable[[np.ndarray], Any]  # such a table -> a container like the one that came
    lengths: np.ndarray | None  # (n_trials,) of a list of trials; None of an array
    shape: tuple[int, ...]  # of the array; of a list (n_trials, n_steps of the longest, n_features)


def stacked(
    estimator: Any, X: Any, *, reset: bool, named: bool = True, rows_may_be_time: bool = False
) -> Stack:
    """Check trials and stack their steps.

    Taken are (n_trials, n_steps, n_features), (n_trials, n_features), and lists, tuples, series
    and object arrays of (n_steps_i, n_features). NaN stays where it is. Number and names of the
    features are set when `reset`, and compared otherwise. Whether a recording that is not cut into
    trials may come is for the estimator to say.
    """
    refuse_no_trials(X, "X")
    refuse_masked(X, "X")
    X = plain(X, "X")
    refuse_dates(X, "X")
    refuse_misplaced_time(X, "X", rows_may_be_time=rows_may_be_time)
    if named:
        check_feature_names(estimator, X, reset=reset)
    stack = _of_list(estimator, list(X)) if _is_ragged(X) else _of_array(estimator, X)
    n_features = stack.shape[-1]
    if reset:
        estimator.n_features_in_ = n_features
    elif n_features != estimator.n_features_in_:
        raise ValueError(
            f"X has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )
    return stack


def _is_ragged(X: Any) -> bool:
    return is_list(X) and len(X) > 0 and all(np.ndim(_first_row(item)) == 1 for item in X)


def _first_row(item: Any) -> Any:
    """Return what lies along the first axis of an item: of a matrix a row, of a row a number."""
    shape = getattr(item, "shape", None)
    if shape is not None:
        return np.empty(shape[1:2]) if len(shape) == 2 else np.empty(shape[1:])
    return item[0] if isinstance(item, (list, tuple)) and len(item) else 0


def _of_array(estimator: Any, X: Any) -> Stack:
    array = _floats(estimator, X)
    if array.ndim > 3:
        raise ValueError(
            f"Found array with dim {array.ndim}, while dim <= 3 is required by "
            f"{type(estimator).__name__}: X must be (n_trials, n_steps, n_features) or "
            "(n_trials, n_features)."
        )

    def as_they_came(rows: np.ndarray) -> Any:
        return _like(X, rows.reshape(array.shape))

    return Stack(array.reshape(-1, array.shape[-1]), as_they_came, None, array.shape)


def _of_list(estimator: Any, trials: list[Any]) -> Stack:
    arrays = [_floats(estimator, trial, ensure_min_samples=0) for trial in trials]
    for number, array in enumerate(arrays):
        if array.ndim != 2 or array.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                "X must have the same number of features in every trial, "
                f"{arrays[0].shape[-1]}, got shape {array.shape} in trial {number}."
            )
    lengths = np.array([len(array) for array in arrays])

    def as_they_came(rows: np.ndarray) -> list[Any]:
        parts = np.split(rows, np.cumsum(lengths)[:-1])
        return [_like(trial, part) for trial, part in zip(trials, parts, strict=True)]

    shape = (len(arrays), int(lengths.max()), arrays[0].shape[1])
    return Stack(np.concatenate(arrays), as_they_came, lengths, shape)


def _like(container: Any, values: np.ndarray) -> Any:
    """Return values with the names of what they came in: a frame, or an array of xarray."""
    if isinstance(container, pd.DataFrame):
        return pd.DataFrame(values, index=container.index, columns=container.columns)
    if hasattr(container, "dims") and hasattr(container, "coords"):
        return container.copy(data=values)
    return values


def _floats(estimator: Any, X: Any, **options: Any) -> np.ndarray:
    with conversion_of("X"), np.errstate(invalid="ignore", over="ignore"):
        return check_array(
            X,
            dtype=[np.float64, np.float32],
            allow_nd=True,
            ensure_all_finite="allow-nan",
            estimator=estimator,
            input_name="X",
            **options,
        )
