"""Means with their confidence intervals, and p values corrected for their number."""

from __future__ import annotations

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


def interval(values: np.ndarray, confidence: float = CONFIDENCE) -> dict[str, float]:
    """Return number, mean, standard deviation and confidence interval of the mean (t)."""
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean = values.mean() if n else np.nan
    if n < 2:
        return {"n": n, "mean": mean, "sd": np.nan, "low": np.nan, "high": np.nan}
    sd = values.std(ddof=1)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * sd / np.sqrt(n)
    return {"n": n, "mean": mean, "sd": sd, "low": mean - half, "high": mean + half}


def paired_p(differences: np.ndarray) -> float:
    """Return the two-sided p of the paired t test; NaN with fewer than two pairs."""
    if len(differences) < 2:
        return np.nan
    if np.ptp(differences) == 0:  # no spread, and the statistic is 0/0 or infinite
        return 1.0 if differences[0] == 0 else 0.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p_values: list[float]) -> np.ndarray:
    """Return the p values adjusted by the method of Holm (1979); NaN takes no part.

    References
    ----------
    S. Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal
    of Statistics 6, 65-70.
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p)[: np.isfinite(p).sum()]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return adjusted
