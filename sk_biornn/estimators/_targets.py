"""Targets and their weights, checked against the trials that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight

from sk_biornn._checks import check_number, is_number
from sk_biornn._plain import (
    real_array,
    refuse_masked,
)
from sk_biornn._unjudged import exact_labels, weights_of_steps
from sk_biornn.estimators._trials import Trials


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


def weights_of_entries(weights: np.ndarray, n_axes: int) -> np.ndarray:
    """Return weights of trials or of steps with as many axes as targets have, to multiply these."""
    return weights.reshape(*weights.shape, *(1,) * (n_axes - weights.ndim))


def refuse_nothing_judged(is_judged: np.ndarray) -> None:
    """Raise if sample weights leave no target that is judged."""
    if not is_judged.any():
        raise ValueError(
            "y must have at least one entry that is not NaN in trials of positive "
            "sample_weight, got none."
        )


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
