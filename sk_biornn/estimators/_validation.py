"""What comes in: trials and their targets, as scikit-learn's validators and ours take them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import _check_sample_weight

from sk_biornn._axes import refuse_misplaced_time
from sk_biornn._checks import check_count, check_number, is_number
from sk_biornn._feature_names import check_feature_names
from sk_biornn._plain import (
    conversion_of,
    plain,
    real_array,
    refuse_dates,
    refuse_masked,
    refuse_no_trials,
)
from sk_biornn._unjudged import exact_labels, weights_of_steps


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


class Targets(NamedTuple):
    """Checked targets, one entry per trial or per step, and the weight of each entry."""

    values: np.ndarray  # codes (n_trials[, n_steps]) or numbers (n_trials[, n_steps], n_outputs)
    weights: np.ndarray  # same shape
    every_step: bool
    n_outputs: int
    trial_weights: np.ndarray | None = None  # (n_trials,): sample weights; None: all alike

    def first_steps(self, n_steps: int) -> Targets:
        """Return those of the first steps; targets of the last step are always among them."""
        if not self.every_step:
            return self
        return self._replace(values=self.values[:, :n_steps], weights=self.weights[:, :n_steps])

    def take(self, indices: np.ndarray) -> Targets:
        """Return those of a subset of the trials."""
        of_trials = self.trial_weights
        return self._replace(
            values=self.values[indices],
            weights=self.weights[indices],
            trial_weights=None if of_trials is None else of_trials[indices],
        )


def pad_targets(y: Any, trials: Trials, fill: Any, item_ndim: int) -> Any:
    """Stack per-step targets that came as a list of one array per trial; return others as is.

    `item_ndim` is the number of axes of one trial's targets per step: 1 for labels, 2 for numbers.
    """
    if isinstance(y, np.ndarray) and (y.dtype != object or y.ndim != 1):
        return y
    if not isinstance(y, (list, tuple, np.ndarray)) or len(y) == 0 or np.isscalar(y[0]):
        return y
    items = [exact_labels(item) if item_ndim == 1 else np.asarray(item) for item in y]
    lengths = [len(item) if item.ndim else 0 for item in items]
    is_column = item_ndim == 1 and set(lengths) == {1}
    if items[0].ndim == 0 or is_column or (items[0].ndim < item_ndim and len(set(lengths)) == 1):
        return y
    if item_ndim == 2 and all(item.ndim == 1 for item in items):
        raise ValueError(
            "y must be an array, or a list of (n_steps, n_outputs) arrays, got arrays of one axis; "
            "pass [trial[:, None] for trial in y] if it is one output at every step."
        )
    for number, item in enumerate(items):
        if item.ndim != item_ndim or item.shape[1:] != items[0].shape[1:]:
            wanted = "(n_steps,)" if item_ndim == 1 else "(n_steps, n_outputs)"
            raise ValueError(
                f"y must be an array, or a list of {wanted} arrays that are alike; trial {number} "
                f"has shape {item.shape} and trial 0 has shape {items[0].shape}."
            )
    _check_steps(lengths, trials)
    padded = np.full((len(items), trials.n_steps, *items[0].shape[1:]), fill, dtype=object)
    for row, item in zip(padded, items, strict=True):
        row[: len(item)] = item
    return padded


def _check_steps(lengths: Sequence[int], trials: Trials) -> None:
    if len(lengths) != trials.n_trials:
        return  # said by `check_lengths_agree`
    if set(lengths) == {trials.n_steps}:
        return  # as an array of them; what is given after the end of a trial is not read
    for number, (n_given, n_steps) in enumerate(
        zip(lengths, trials.valid.sum(axis=1), strict=True)
    ):
        if n_given != n_steps:
            raise ValueError(
                f"y must have one entry per step of X: trial {number} has {n_steps} steps in X "
                f"and {n_given} in y."
            )


def require_y(estimator: BaseEstimator, y: Any) -> None:
    """Raise scikit-learn's sentence if there is no y."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )


def require_scored(training: Targets, validation_fraction: float) -> None:
    """Refuse to train on what is left when all that is scored has been set aside."""
    if not training.weights.any():
        raise ValueError(
            "early_stopping needs at least one entry of y to be scored among the training trials, "
            f"got none; lower validation_fraction={validation_fraction} or give more trials."
        )


def check_lengths_agree(trials: Trials, y: np.ndarray, every_step: bool) -> None:
    """Raise if y has another number of trials, or of steps, than X."""
    if len(y) != trials.n_trials:
        raise ValueError(
            f"X and y have inconsistent numbers of trials: X has {trials.n_trials} and y has "
            f"{len(y)}."
        )
    if every_step and y.shape[1] != trials.n_steps:
        raise ValueError(
            f"y must have one entry per step of X ({trials.n_steps} steps), got shape {y.shape}."
        )


def check_weights(sample_weight: Any, trials: Trials, every_step: bool) -> np.ndarray:
    """Return non-negative weights, one per trial, or per step where targets are at every step."""
    weights = None
    if sample_weight is not None and not is_number(sample_weight):
        lengths = trials.valid.sum(axis=1)
        weights = weights_of_steps(sample_weight, lengths, trials.n_steps)
        if weights is not None and not every_step:
            raise ValueError(
                "sample_weight must have shape (n_trials,) where y is judged at the last step of "
                f"each trial, got one weight per step, {weights.shape}."
            )
    if weights is None:
        weights = _weights_of_trials(sample_weight, trials)
    # Only their ratios matter, and sums of what is at most 1 cannot overflow.
    return (weights / weights.max()).astype(trials.x.dtype)


def _weights_of_trials(sample_weight: Any, trials: Trials) -> np.ndarray:
    if sample_weight is not None:
        refuse_masked(sample_weight, "sample_weight")
        if is_number(sample_weight):
            sample_weight = check_number("sample_weight", sample_weight, low=0.0)
        else:
            sample_weight = real_array(sample_weight, "sample_weight", truth_values=True)
    weights = _check_sample_weight(
        sample_weight, trials.x[:, 0], dtype=np.float64, ensure_non_negative=True
    )
    if not (weights > 0).any():
        raise ValueError("sample_weight must have at least one positive value, got only zeros.")
    return weights
