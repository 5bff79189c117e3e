"""Trials as they come in, taken by the checks of scikit-learn and by ours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from sk_biornn._axes import refuse_misplaced_time
from sk_biornn._checks import check_count
from sk_biornn._feature_names import check_feature_names
from sk_biornn._plain import (
    conversion_of,
    plain,
    refuse_dates,
    refuse_masked,
    refuse_no_trials,
)


class Trials(NamedTuple):
    """Checked trials: a padded array and, for trials of unequal length, their lengths."""

    x: np.ndarray  # (n_trials, n_steps, n_features); 0 after the end of a trial
    lengths: np.ndarray | None  # (n_trials,), or None when every trial has n_steps
    ragged_list: bool = False  # whether they came as a list of arrays
    is_static: bool = False  # whether X had two axes: a stimulus that is held
    groups: np.ndarray | None = None  # (n_trials,): of which some are held out for validation

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.x)

    @property
    def n_steps(self) -> int:
        """Number of steps of the longest trial."""
        return self.x.shape[1]

    @property
    def valid(self) -> np.ndarray:
        """Which steps belong to their trial: bool array (n_trials, n_steps)."""
        if self.lengths is None:
            return np.ones(self.x.shape[:2], dtype=bool)
        return np.arange(self.n_steps) < self.lengths[:, None]

    def without_padding(self) -> Trials:
        """Return the trials without the steps that no trial has."""
        if self.lengths is None:
            return self
        longest = int(self.lengths.max())
        lengths = None if (self.lengths == longest).all() else self.lengths
        return self._replace(x=self.x[:, :longest], lengths=lengths)

    def take(self, indices: np.ndarray) -> Trials:
        """Return a subset of the trials."""
        lengths = None if self.lengths is None else self.lengths[indices]
        groups = None if self.groups is None else self.groups[indices]
        return self._replace(x=self.x[indices], lengths=lengths, groups=groups)


def check_trials(estimator: BaseEstimator, X: Any, *, reset: bool, n_static_steps: int) -> Trials:
    """Check X and return it as trials.

    Accepts (n_trials, n_steps, n_features) with trailing all-NaN steps as padding, a list of
    (n_steps_i, n_features) arrays, and (n_trials, n_features): one static stimulus per trial, held
    for `n_static_steps` steps. Sets `n_features_in_` (the last axis) when `reset`, and compares
    with it otherwise.
    """
    if not reset and hasattr(estimator, "_check_run"):
        estimator._check_run()
    refuse_no_trials(X, "X")
    refuse_masked(X, "X")
    X = plain(X, "X")
    refuse_dates(X, "X")
    refuse_misplaced_time(X, "X")
    ragged = _is_ragged(X)
    check_feature_names(estimator, X, reset=reset)
    array = _as_floats(estimator, _pad_trials(X) if ragged else X)
    name = type(estimator).__name__
    if array.ndim > 3:
        raise ValueError(
            f"Found array with dim {array.ndim}, while dim <= 3 is required by {name}: X must be "
            "(n_trials, n_steps, n_features) or (n_trials, n_features)."
        )
    n_features = array.shape[-1]
    if n_features == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required"
            f" by {name}."
        )
    if array.ndim == 3 and array.shape[1] == 0:
        raise ValueError(f"X must have at least 1 step per trial, got shape {array.shape}.")
    if reset:
        estimator.n_features_in_ = n_features
    elif n_features != estimator.n_features_in_:
        raise ValueError(
            f"X has {n_features} features, but {name} is expecting {estimator.n_features_in_} "
            "features as input."
        )
    _check_axes(estimator, array, reset)
    if array.ndim == 2:
        _refuse_missing(array)
        n_static_steps = check_count("n_static_steps", n_static_steps, low=1)
        shape = (len(array), n_static_steps, n_features)
        return Trials(np.broadcast_to(array[:, None, :], shape), None, is_static=True)
    return _strip_padding(array, ragged)


def _check_axes(estimator: BaseEstimator, array: np.ndarray, reset: bool) -> None:
    """Refuse two axes where the fit had three: one trial would become as many as it has steps.

    The reverse has one meaning: a static stimulus is a trial of equal steps.
    """
    if reset:
        vars(estimator)["_n_axes"] = array.ndim
    elif array.ndim == 2 and vars(estimator).get("_n_axes") == 3:
        n_rows = len(array)
        raise ValueError(
            "X must be (n_trials, n_steps, n_features), as in the fit, got two axes, shape "
            f"{array.shape}: pass X[None] if it is one trial of {n_rows} steps, X[:, None] if it "
            f"is {n_rows} trials of one step."
        )


def _refuse_missing(static: np.ndarray) -> None:
    """Refuse static stimuli of which a feature is missing: steps end trials, rows end nothing."""
    rows = np.flatnonzero(np.isnan(static).any(axis=1))
    if len(rows):
        raise ValueError(
            "Input X contains NaN: with two axes, (n_trials, n_features), every feature must be "
            f"given, got NaN in {len(rows)} of {len(static)} rows, first in row {rows[0]}; leave "
            "them out, or pass X[None] if X is one trial whose last steps are padding."
        )


def _as_floats(estimator: BaseEstimator, X: Any) -> np.ndarray:
    """Have scikit-learn check X; where the words are those of a conversion, say what was meant."""
    # No warning of infinities, which are refused.
    with conversion_of("X"), np.errstate(invalid="ignore", over="ignore"):
        return check_array(
            X,
            dtype=[np.float64, np.float32],
            allow_nd=True,
            accept_sparse=False,
            ensure_all_finite="allow-nan",
            estimator=estimator,
            input_name="X",
        )


def _is_ragged(X: Any) -> bool:
    """Whether X is a list (or tuple, or object array) of (n_steps_i, n_features) arrays."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and len(X) > 0 and _all_matrices(X)
    return isinstance(X, (list, tuple)) and len(X) > 0 and _all_matrices(X)


def _all_matrices(items: Collection[Any]) -> bool:
    """Whether all items are matrices; raise if some are arrays of another kind."""
    shapes = [_shape(item) for item in items]
    if len(set(shapes)) > 1 or None in shapes:
        for number, (item, shape) in enumerate(zip(items, shapes, strict=True)):
            if shape is None or len(shape) != 2:
                found = f"shape {shape}" if shape else f"type {type(item).__name__}"
                raise ValueError(
                    "X must be an array, or a list of (n_steps, n_features) arrays, one per trial;"
                    f" item {number} of the list has {found}."
                )
    return len(shapes[0] or ()) == 2


def _shape(item: Any) -> tuple[int, ...] | None:
    """Return the shape of an array or nested list, and None for what is neither."""
    if hasattr(item, "shape") and not hasattr(item, "tocsr"):
        return tuple(item.shape)
    if np.isscalar(item):
        return ()
    if not isinstance(item, (list, tuple)):
        return None
    try:
        return np.shape(item)
    except ValueError:  # rows of unequal length
        return None


def _pad_trials(trials: Sequence[Any]) -> np.ndarray:
    """Stack trials of unequal length, with NaN after the end of each."""
    arrays = [np.asarray(trial) for trial in trials]
    widths = {array.shape[1] for array in arrays}
    if len(widths) > 1:
        raise ValueError(
            f"X must have the same number of features in every trial, got {sorted(widths)}."
        )
    for number, array in enumerate(arrays):
        if array.shape[0] == 0:
            raise ValueError(f"X must have at least 1 step per trial, trial {number} has 0 steps.")
        if array.dtype.kind == "f" and np.isnan(array).all(axis=1).any():
            raise ValueError(
                f"Input X contains NaN: trial {number} of the list has a step that is all NaN."
            )
    dtype = np.result_type(*arrays) if all(a.dtype.kind in "fiub" for a in arrays) else object
    if dtype.kind in "iub" if isinstance(dtype, np.dtype) else False:
        dtype = np.dtype(np.float64)
    shape = (len(arrays), max(len(array) for array in arrays), widths.pop())
    padded = np.full(shape, np.nan, dtype=dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return padded


def _strip_padding(array: np.ndarray, ragged: bool) -> Trials:
    """Turn trailing all-NaN steps into lengths, and refuse any other NaN."""
    is_nan = np.isnan(array)
    if not is_nan.any():
        return Trials(array, None, ragged)
    n_steps = array.shape[1]
    padding = np.cumprod(is_nan.all(axis=2)[:, ::-1], axis=1).sum(axis=1)
    lengths = n_steps - padding
    if (lengths == 0).any():
        trial = int(np.argmax(lengths == 0))
        raise ValueError(f"Input X contains NaN: all steps of trial {trial} are NaN.")
    outside = np.arange(n_steps) >= lengths[:, None]
    if (is_nan & ~outside[:, :, None]).any():
        raise ValueError(
            "Input X contains NaN inside a trial; only whole steps at the end of a trial may be "
            "NaN (padding): pass the stretches between gaps as a list."
        )
    return Trials(np.where(is_nan, 0, array), lengths, ragged)
