"""Labels as they come in: one per trial or per step, of one kind, some of them perhaps missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import column_or_1d

from sk_biornn._plain import NO_NUMBERS, found, plain, refuse_masked
from sk_biornn._unjudged import (
    array_of_labels,
    missing_labels,
    typed_labels,
    warn_of_lost_mask,
    without_na,
)
from sk_biornn.estimators._targets import pad_targets
from sk_biornn.estimators._trials import Trials


def read_labels(y: Any, trials: Trials, per_step: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (n_trials,) or (n_trials, n_steps), and which of them are missing.

    Missing are None, NA, what a mask hides, the padding of shorter trials, and NaN where there is a
    label per step. One column of labels is a label per trial, unless they are known to be
    `per_step`.
    """
    warn_of_lost_mask(y)
    labels = _as_array(pad_targets(without_na(y), trials, fill=None, item_ndim=1))
    if labels.ndim > 2:
        raise ValueError(
            "y must have shape (n_trials,) or (n_trials, n_steps), one label per trial or per "
            f"step, got shape {labels.shape}."
        )
    if labels.ndim < 2 or (labels.shape[1] == 1 and not per_step):
        labels = column_or_1d(labels, warn=True)
    missing = missing_labels(labels, labels.ndim == 2)
    if labels.dtype != object and not missing.any():
        return labels, missing
    return _without_missing(labels, missing)


def read_classes(classes: Any) -> np.ndarray:
    """Return all labels that may come, sorted; refuse what cannot be a list of labels."""
    expected = "classes must be a list of labels, all numbers or all text"
    refuse_masked(classes, "classes")
    classes = plain(classes, "classes")
    try:
        labels = np.asarray(list(classes) if isinstance(classes, (set, range)) else classes)
        if labels.ndim != 1 or labels.size == 0:
            raise TypeError
        if labels.dtype == object:
            _refuse_other_kinds(labels)
        known = np.unique(labels)
        if known.dtype.kind == "f":
            assert_all_finite(known)
    except NO_NUMBERS:
        raise ValueError(f"{expected}, without NaN or None, got {found(classes)}.") from None
    if isinstance(classes, (list, tuple)) and known.dtype.kind in "SU":
        if not all(isinstance(label, (str, bytes)) for label in classes):
            raise ValueError(f"{expected}, got both in {found(classes)}.")
    return known


def _as_array(y: Any) -> np.ndarray:
    labels = array_of_labels(y)
    if labels.dtype.kind == "O" and any(isinstance(item, np.ndarray) for item in labels.flat):
        raise ValueError("y must be an array of labels, or a list with an array of them per trial.")
    if isinstance(y, (list, tuple)) and labels.dtype.kind in "US":
        _refuse_other_kinds(np.array(y, dtype=object))  # NumPy writes 1 and NaN as text
    return labels


def _without_missing(labels: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of their own kind, with one of them where they are missing."""
    if missing.all():
        raise ValueError(
            f"y must have at least one label that is not missing, got {labels.size} missing ones."
        )
    known = labels[~missing]
    typed = typed_labels(known) if labels.dtype == object else known
    if typed.dtype.kind not in "iub":
        _refuse_other_kinds(known)
    if labels.ndim == 2 or not isinstance(known[0], str):
        known = typed
    kept = np.full(labels.shape, known[0], dtype=known.dtype)
    kept[~missing] = known
    return kept, missing


def _refuse_other_kinds(labels: np.ndarray) -> None:
    """Refuse numbers among words, and NaN among words, which would become the label "nan"."""
    known = labels[~missing_labels(labels, per_step=False)]
    text = np.array([isinstance(item, (str, bytes)) for item in known.flat], dtype=bool)
    if any(isinstance(item, (float, np.floating)) and item != item for item in known.flat):
        raise ValueError("Input y contains NaN; a label that is not judged is None.")
    if text.any() and not text.all():
        raise ValueError("y must have labels of one kind, got numbers and text.")
