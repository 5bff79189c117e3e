"""Judged steps, one after the other: of targets, of predictions, of weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_number
from sk_biornn._plain import (
    NO_NUMBERS,
    conversion_of,
    is_several,
    moderate,
    plain,
    real_array,
    refuse_dates,
    refuse_sparse,
    without_mask,
)
from sk_biornn._unjudged import (
    array_of_labels,
    exact_labels,
    missing_labels,
    require_weights,
    typed_labels,
    warn_of_lost_mask,
    weights_of_steps,
    without_na,
)


class Entries(NamedTuple):
    """What is compared: an entry per judged step of every trial, or per judged trial."""

    y: NDArray[Any]  # labels (n_entries,) or numbers (n_entries, n_outputs), NaN where not judged
    predictions: NDArray[Any]  # (n_entries,), or (n_entries, n_classes or n_outputs)
    weights: NDArray[np.float64] | None  # (n_entries,)


def label_entries(
    X: Any, y: Any, predictions: Any, sample_weight: Any, *, of_classes: bool
) -> Entries:
    """Return the judged entries of labels, and what is predicted there: labels or probabilities."""
    layout = _Layout.of(X, predictions, step_axes=3 if of_classes else 2)
    warn_of_lost_mask(y)
    y = without_na(y)
    if layout.per_step:
        labels = layout.flat("y", _label_rows(y), np.dtype(object))
    else:
        labels = _column(array_of_labels(y))
    found = layout.flat_predictions()
    _require_alike(labels.shape, found.shape[:1])
    weights = layout.flat_weights(sample_weight)
    judged = ~missing_labels(labels, layout.per_step)
    judged &= True if weights is None else weights > 0
    _require_judged(judged)
    known = typed_labels(labels[judged])
    return Entries(known, found[judged], None if weights is None else weights[judged])


def number_entries(
    X: Any, y: Any, predictions: Any, sample_weight: Any, burn_in: int = 0
) -> Entries:
    """Return the entries of numbers, NaN where one is not judged, and what is predicted there.

    Of targets at every step the first `burn_in` of each trial are not judged.
    """
    layout = _Layout.of(X, predictions, step_axes=3)
    refuse_sparse(y, "y")
    y = without_mask(plain(y, "y"), np.nan, np.float64)
    refuse_dates(y, "y")
    with conversion_of("y"):
        if layout.per_step:
            numbers = layout.flat("y", y if _is_rows(y) else np.asarray(y), np.dtype(float))
        else:
            numbers = np.asarray(y, dtype=np.float64)
    found = layout.flat_predictions()
    _require_alike(numbers.shape, found.shape)
    weights = layout.flat_weights(sample_weight)
    judged = np.isfinite(numbers).reshape(len(numbers), -1)
    judged &= True if weights is None else weights[:, None] > 0
    if burn_in and layout.per_step:
        judged &= (layout.steps() >= burn_in)[:, None]
    _require_judged(judged, burn_in)
    numbers, found = numbers.reshape(judged.shape), found.reshape(judged.shape)
    return Entries(np.where(judged, numbers, np.nan), found, weights)


class _Layout(NamedTuple):
    """How predictions lie: whether there is one per step, and how many steps a trial has."""

    predictions: Any
    per_step: bool
    lengths: NDArray[np.int64]  # (n_trials,)
    n_steps: int  # of the longest, padding included

    @classmethod
    def of(cls, X: Any, predictions: Any, step_axes: int) -> _Layout:
        ragged = _is_rows(predictions)
        predictions = predictions if ragged else np.asarray(predictions)
        if not ragged and predictions.ndim < step_axes:
            return cls(predictions, False, np.ones(len(predictions), dtype=np.int64), 1)
        if ragged:
            lengths = np.array([len(row) for row in predictions], dtype=np.int64)
            return cls(predictions, True, lengths, int(lengths.max()))
        n_trials, n_steps = predictions.shape[:2]
        return cls(predictions, True, _lengths(X, n_trials, n_steps), n_steps)

    def steps(self) -> NDArray[np.int64]:
        """Return at which step of its trial each of the steps in one axis lies."""
        return np.concatenate([np.arange(length) for length in self.lengths])

    def flat_predictions(self) -> NDArray[Any]:
        if not self.per_step:
            return np.asarray(self.predictions)
        return self.flat("predictions", self.predictions, None)

    def flat(self, name: str, rows: Sequence[Any] | NDArray[Any], dtype: Any) -> NDArray[Any]:
        """Return the steps of all trials in one axis, without those after the end of a trial."""
        if not _is_rows(rows) and np.ndim(rows) < 2:
            raise ValueError(
                f"{name} must have one entry per step of each trial, as the predictions have, got "
                f"shape {np.shape(rows)}."
            )
        if len(rows) != len(self.lengths):
            raise ValueError(
                f"X and {name} have inconsistent numbers of trials: X has {len(self.lengths)} and "
                f"{name} has {len(rows)}."
            )
        cut = []
        for number, (row, length) in enumerate(zip(rows, self.lengths.tolist(), strict=True)):
            values = np.asarray(row, dtype=dtype)
            if values.ndim == 0 or len(values) not in (length, self.n_steps):
                raise ValueError(
                    f"{name} must have one entry per step of X: trial {number} has {length} steps "
                    f"in X, and {name} there has shape {values.shape}."
                )
            cut.append(values[:length])
        return np.concatenate(cut)

    def flat_weights(self, sample_weight: Any) -> NDArray[np.float64] | None:
        if sample_weight is None:
            return None
        if is_number(sample_weight):
            sample_weight = np.full(len(self.lengths), sample_weight)
        weights = weights_of_steps(sample_weight, self.lengths, self.n_steps)
        if weights is not None:
            return moderate(weights)[np.arange(self.n_steps) < self.lengths[:, None]]
        weights = real_array(sample_weight, "sample_weight", truth_values=True)
        if weights.shape != self.lengths.shape:
            raise ValueError(
                f"sample_weight must have one weight per trial, {len(self.lengths)}, got shape "
                f"{weights.shape}."
            )
        require_weights(weights)
        return np.repeat(moderate(weights), self.lengths)  # sums stay finite


def _lengths(X: Any, n_trials: int, n_steps: int) -> NDArray[np.int64]:
    """Return how many steps each trial has: those of an array end where all the rest is NaN."""
    full = np.full(n_trials, n_steps, dtype=np.int64)
    try:
        array = np.asarray(plain(X, "X"))
    except NO_NUMBERS:
        return full
    if array.ndim != 3 or array.shape[:2] != (n_trials, n_steps) or array.dtype.kind != "f":
        return full
    after_end = np.cumprod(np.isnan(array).all(axis=2)[:, ::-1], axis=1).sum(axis=1)
    return np.asarray(full - after_end, dtype=np.int64)


def _is_rows(values: Any) -> bool:
    """Whether a list (or object array) holds one array per trial."""
    if isinstance(values, np.ndarray):
        return values.dtype == object and values.ndim == 1 and any(map(is_several, values))
    return isinstance(values, (list, tuple)) and any(map(is_several, values))


def _label_rows(y: Any) -> Any:
    return [exact_labels(row) for row in y] if _is_rows(y) else array_of_labels(y)


def _column(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _require_alike(of_y: tuple[int, ...], of_predictions: tuple[int, ...]) -> None:
    if of_y != of_predictions:
        raise ValueError(
            f"y must have the shape of the predictions, {of_predictions} with all steps in one "
            f"axis, got {of_y}."
        )


def _require_judged(judged: NDArray[np.bool_], burn_in: int = 0) -> None:
    if not judged.any():
        after = f" after the first burn_in={burn_in} steps" if burn_in else ""
        raise ValueError(
            "y must have at least one entry to be judged, not missing and of positive "
            f"sample_weight{after}, got none."
        )
