"""Entries that are not judged: labels that are missing, and weights of single steps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._plain import (
    NO_NUMBERS,
    found,
    is_several,
    plain,
    real_array,
    refuse_masked,
    refuse_sparse,
    without_mask,
)

_UNDER_THE_MASK = -1  # of the labels of tasks
# What becomes of a missing label where a library, or a file, makes text of it.
_TEXT_OF_NOTHING = ("", "nan", "NaN", "None", "<NA>", "NaT")


def without_na(y: Any) -> Any:
    """Return labels with None where a mask hides one, or a nullable frame or series has none."""
    refuse_sparse(y, "y")
    y = without_mask(plain(y, "y"), None, object)
    if not isinstance(y, (pd.Series, pd.DataFrame)):
        return y
    dtypes = list(y.dtypes) if isinstance(y, pd.DataFrame) else [y.dtype]
    missing = y.isna().to_numpy()
    if not missing.any() or not any(map(pd.api.types.is_extension_array_dtype, dtypes)):
        return y
    labels = y.astype(object).to_numpy(copy=True)
    labels[missing] = None
    return labels


def exact_labels(row: Any) -> NDArray[Any]:
    """Return the labels of one trial, not as text where numbers, None or NaN stand among words."""
    row = without_na(row)
    labels = np.asarray(row)
    if labels.dtype.kind in "US" and isinstance(row, (list, tuple)):
        return np.array(row, dtype=object)
    return labels


def missing_labels(labels: NDArray[Any], per_step: bool) -> NDArray[np.bool_]:
    """Return which labels are None or NA, and NaN where there is a label per step.

    scikit-learn's contract has NaN refused in labels of one per trial.
    """
    if labels.dtype.kind in "mM" and np.isnat(labels).any():
        raise _not_a_time()
    if labels.dtype.kind == "f" and per_step:
        return np.isnan(labels)
    if labels.dtype != object:
        return np.zeros(labels.shape, dtype=bool)
    missing = np.asarray(pd.isna(labels), dtype=bool)
    absent = labels[missing]
    if any(item is pd.NaT or isinstance(item, (np.datetime64, np.timedelta64)) for item in absent):
        raise _not_a_time()
    if not per_step:
        missing[missing] = [item is None or item is pd.NA for item in absent]
    return missing


def typed_labels(known: NDArray[Any]) -> NDArray[Any]:
    """Return objects as an array of their own kind, where they have one."""
    try:
        typed = np.array(known.tolist())
    except NO_NUMBERS:
        return known
    return typed if typed.shape == known.shape else known


def warn_of_text(labels: NDArray[Any], known: Any = ()) -> None:
    """Warn of labels that look like the text of a missing one, unless they are `known` classes."""
    if labels.dtype.kind not in "OSU":
        return
    known = {str(label) for label in known}
    names, counts = np.unique(labels.astype(str), return_counts=True)
    for name, count in zip(names.tolist(), counts.tolist(), strict=True):
        if name in _TEXT_OF_NOTHING and name not in known:
            warnings.warn(
                f"y has the label {name!r} in {count} of {labels.size} entries, which is taken as "
                "a class like any other; an entry that is not judged is None (or say in classes= "
                "of partial_fit that it is a class).",
                UserWarning,
                stacklevel=2,
            )


def warn_of_lost_mask(y: Any) -> None:
    """Warn of labels per step that have lost their mask, as NumPy's `concatenate` loses it.

    A masked array without a mask (``np.ma.nomask``) comes of that, and -1, which tasks have under
    the mask, is then a class beside two others or more.
    """
    if not isinstance(y, np.ma.MaskedArray) or y.mask is not np.ma.nomask or y.ndim != 2:
        return
    if y.dtype.kind not in "if" or not (y.data == _UNDER_THE_MASK).any():
        return
    classes = np.unique(y.data)
    if len(classes) < 3 or classes[0] != _UNDER_THE_MASK:
        return
    warnings.warn(
        "y is a masked array of which nothing is masked, with -1 as a class like any other: "
        "np.concatenate, np.vstack and np.r_ lose masks, np.ma.concatenate keeps them; pass y.data "
        "if -1 is a class.",
        UserWarning,
        stacklevel=2,
    )


def weights_of_steps(
    sample_weight: Any, lengths: NDArray[np.int64], n_steps: int
) -> NDArray[np.float64] | None:
    """Return weights (n_trials, n_steps), 0 after the end of a trial; None for one per trial.

    They come as an array of that shape, or as one array per trial, as long as it or as the longest.
    """
    refuse_masked(sample_weight, "sample_weight")
    refuse_sparse(sample_weight, "sample_weight")
    sample_weight = plain(sample_weight, "sample_weight")
    if _is_rows(sample_weight):
        sample_weight = _padded(sample_weight, lengths, n_steps)
    if not _has_steps(sample_weight):
        return None
    weights = real_array(sample_weight, "sample_weight", truth_values=True)
    if weights.shape != (len(lengths), n_steps):
        raise ValueError(
            "sample_weight must have shape (n_trials,) or (n_trials, n_steps), here "
            f"({len(lengths)},) or ({len(lengths)}, {n_steps}), got shape {weights.shape}."
        )
    weights[np.arange(n_steps) >= lengths[:, None]] = 0.0  # what is given there is not read
    require_weights(weights)
    return weights


def require_weights(weights: NDArray[np.float64]) -> None:
    """Refuse weights that are not finite, negative, or all zero."""
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(
            "sample_weight must be non-negative and finite, got "
            f"{'NaN or infinity' if not np.isfinite(weights).all() else f'{weights.min():g}'}."
        )
    if not weights.any():
        raise ValueError("sample_weight must have at least one positive value, got only zeros.")


def _is_rows(value: Any) -> bool:
    """Whether a list (or object array) holds one array per trial."""
    if isinstance(value, np.ndarray):
        return value.dtype == object and value.ndim == 1 and any(map(is_several, value))
    return isinstance(value, (list, tuple)) and any(map(is_several, value))


def _has_steps(value: Any) -> bool:
    try:
        return np.asarray(value).ndim > 1
    except NO_NUMBERS:
        return False  # no array, as is said where one weight per trial is read


def _padded(rows: Sequence[Any], lengths: NDArray[np.int64], n_steps: int) -> NDArray[np.float64]:
    if len(rows) != len(lengths):
        raise ValueError(
            f"sample_weight must have one array of weights per trial, {len(lengths)}, got "
            f"{len(rows)}."
        )
    weights = np.zeros((len(rows), n_steps))
    for number, (row, length) in enumerate(zip(rows, lengths.tolist(), strict=True)):
        values = real_array(row, "sample_weight", truth_values=True)
        if values.shape not in ((length,), (n_steps,)):
            raise ValueError(
                f"sample_weight must have one weight per step: trial {number} has {length} steps, "
                f"and its weights have shape {values.shape}."
            )
        weights[number, : len(values)] = values
    return weights


def _not_a_time() -> ValueError:
    return ValueError("y must be labels, got NaT, a missing date; a label not judged is None.")


def array_of_labels(y: Any) -> NDArray[Any]:
    """Return labels as an array; refuse what is none."""
    try:
        return np.asarray(y)
    except NO_NUMBERS:
        raise ValueError(f"y must be an array of labels, got {found(y)}.") from None
