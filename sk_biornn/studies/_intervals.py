"""Means with their confidence intervals, and p values corrected for their number.

A mean of numbers on a bounded scale is on that scale itself, so an interval says nothing beyond
it: the t interval is cut there. This leaves the coverage as it is, since only values that cannot be
true are taken away (Mandelkern, 2002).

References
----------
M. Mandelkern (2002), Setting confidence intervals for bounded parameters, Statistical Science 17,
149-172, doi:10.1214/ss/1030550859.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
Scale = tuple[float, float]
ANY: Scale = (-np.inf, np.inf)
PER_CENT: Scale = (0.0, 100.0)
_POSITIVE: Scale = (0.0, np.inf)
# Metrics that not every number can be a value of.
SCALES: dict[str, Scale] = {
    "accuracy": PER_CENT,
    "test_accuracy": PER_CENT,
    "best_epoch_test_accuracy": PER_CENT,
    "mse": _POSITIVE,
    "mse_persistence": _POSITIVE,
    "r2": (-np.inf, 1.0),
    "skill": (-np.inf, 1.0),
    "correlation": (-1.0, 1.0),
    "modularity": (-1.0, 1.0),
    "assortativity": (-1.0, 1.0),
    "small_worldness": _POSITIVE,
    "entropy": _POSITIVE,
    "wiring_cost": _POSITIVE,
}
# Differences that differ by less than this share of themselves are equal: scores of up to 100 are
# right to some 1e-14, and their differences hardly below 0.01.
_ROUNDING = 1e-9


def scale_of(metric: str) -> Scale:
    """Return the least and the greatest value of a metric."""
    return SCALES.get(metric, ANY)


def interval(
    values: np.ndarray, confidence: float = CONFIDENCE, scale: Scale = ANY
) -> dict[str, float]:
    """Return number, mean, standard deviation and confidence interval of the mean (t).

    The interval does not leave the scale of the values.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean = values.mean() if n else np.nan
    if n < 2:
        return {"n": n, "mean": mean, "sd": np.nan, "low": np.nan, "high": np.nan}
    sd = values.std(ddof=1)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * sd / np.sqrt(n)
    low, high = np.clip([mean - half, mean + half], *scale)
    return {"n": n, "mean": mean, "sd": sd, "low": low, "high": high}


def paired_interval(
    differences: np.ndarray, confidence: float = CONFIDENCE, scale: Scale = ANY
) -> dict[str, float]:
    """Return the same as `interval` for paired differences of scores on a scale.

    Equal differences other than 0 have no interval, as a single one has none: their spread of 0
    does not say how far those of other runs would be.
    """
    found = interval(differences, confidence, (scale[0] - scale[1], scale[1] - scale[0]))
    if _equal_but_not_zero(differences):
        found["low"] = found["high"] = np.nan
    return found


def paired_p(differences: np.ndarray) -> float:
    """Return the two-sided p of the paired t test; NaN where there is nothing to test with.

    That is with fewer than two pairs, and where all differences are equal, up to rounding, and not
    0: the statistic would be infinite however few they are. Where all are 0, p is 1.
    """
    if len(differences) < 2 or _equal_but_not_zero(differences):
        return np.nan
    if not np.any(differences):
        return 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def _equal_but_not_zero(differences: np.ndarray) -> bool:
    if not len(differences) or not np.any(differences):
        return False
    return bool(np.ptp(differences) <= _ROUNDING * np.abs(differences).max())


def p_text(p: float) -> str:
    """Return a p value as text; a dash where there is none."""
    return f"{p:.2g}" if np.isfinite(p) else "-"


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
