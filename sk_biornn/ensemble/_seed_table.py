"""What an ensemble of seeds says of its copies: a row each, and a summary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._mean_interval import ANY, mean_interval


def row(member: Any, seed: int, X: Any, y: Any, fit_params: dict[str, Any]) -> dict[str, Any]:
    """Return the row of `results_` of one copy."""
    validation = getattr(member, "validation_scores_", None) or [np.nan]
    losses = getattr(member, "loss_curve_", None) or [np.nan]
    return {
        "seed": seed,
        "n_iter": getattr(member, "n_iter_", np.nan),
        "loss": losses[-1],
        "best_loss": min(losses),
        "train_score": member.score(X, y, fit_params.get("sample_weight")),
        "best_validation_score": max(validation),
    }


def summary(results: pd.DataFrame, is_accuracy: bool) -> pd.DataFrame:
    """Return mean, deviation and interval of every column over the seeds."""
    rows = {}
    for name in results.columns.drop("seed"):
        values = results[name].dropna().to_numpy(dtype=np.float64)
        n = len(values)
        sd = values.std(ddof=1) if n > 1 else np.nan
        scale = (0.0 if is_accuracy else -np.inf, 1.0) if name.endswith("_score") else ANY
        mean, low, high = (float(number) for number in mean_interval(values, scale=scale))
        rows[name] = {"n": n, "mean": mean, "sd": sd, "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index")
