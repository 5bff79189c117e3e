"""Numbers that are targets: how they come in, and how well they are predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score
from sklearn.utils import check_array

from sk_biornn._axes import refuse_misplaced_time
from sk_biornn._plain import (
    conversion_of,
    moderate,
    plain,
    refuse_dates,
    refuse_sparse,
    without_mask,
)
from sk_biornn.estimators._targets import pad_targets
from sk_biornn.estimators._trials import Trials


def read_numbers(y: Any, trials: Trials) -> tuple[np.ndarray, int]:
    """Return targets (n_trials[, n_steps], n_outputs) as floats, and how many axes y had.

    Targets of one step, where trials have several, are those of the last.
    """
    refuse_sparse(y, "y")
    y = without_mask(plain(y, "y"), np.nan, np.float64)  # a masked entry is not scored
    refuse_dates(y, "y")
    refuse_misplaced_time(y, "y", "n_outputs", rows_may_be_time=True)
    with conversion_of("y"), np.errstate(over="ignore", invalid="ignore"):
        values = check_array(
            _with_nan(pad_targets(y, trials, fill=np.nan, item_ndim=2)),
            dtype=np.float64,
            allow_nd=True,
            ensure_2d=False,
            ensure_all_finite="allow-nan",
            input_name="y",
        )
    if values.ndim not in (1, 2, 3):
        raise ValueError(
            "y must have shape (n_trials,), (n_trials, n_outputs) or (n_trials, n_steps, "
            f"n_outputs), got shape {values.shape}."
        )
    if values.shape[-1] == 0:
        raise ValueError(f"y must have at least 1 output, got shape {values.shape}.")
    if values.ndim == 3 and values.shape[1] == 1 < trials.n_steps:
        return values[:, 0], 3
    return (values[:, None] if values.ndim == 1 else values), values.ndim


def _with_nan(y: Any) -> Any:
    """Return objects with NaN for NA, which no conversion to numbers knows."""
    if not isinstance(y, np.ndarray) or y.dtype != object:
        return y
    return np.where(pd.isna(y), np.nan, y)


def mean_r2(values: np.ndarray, predictions: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean R^2 over columns, each over its rows that are not NaN."""
    scores = []
    for target, prediction, weight in zip(values.T, predictions.T, weights.T, strict=True):
        scored = np.isfinite(target) & (weight > 0)
        if scored.any():
            pair = np.stack([target[scored], prediction[scored]])
            if np.isfinite(pair).all():
                pair = moderate(pair)  # R^2 has no unit
            scores.append(r2_score(*pair, sample_weight=weight[scored]))
    return float(np.mean(scores)) if scores else float("nan")
