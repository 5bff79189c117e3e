"""Confidence intervals of means over runs, which stay on the scale of what is averaged.

The t interval is taken of a transformed mean, its standard error by the delta method, and turned
back: log(x) of what has one end (errors), logit(x) of what has two (shares and accuracies; for
correlations this is Fisher's z). The mean itself stays the arithmetic one and lies inside. Of five
runs such intervals cover the mean more often than those of the mean as it is, and far more often
than bootstrap ones; tests/test_mean_interval.py measures it.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

# With fewer runs an interval says more of its assumptions than of the runs: they are shown instead.
FEWEST = 5
Scale = tuple[float, float]
ANY: Scale = (-np.inf, np.inf)
# Values that differ by less than this share of themselves are equal: scores of up to 100 are right
# to some 1e-14, and their differences hardly below 0.01.
ROUNDING = 1e-9


def mean_interval(
    values: np.ndarray, *, confidence: float = 0.95, scale: Scale = ANY
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return means over axis 0 and the ends of their intervals; NaN among the values is left out.

    There is no interval (NaN) of fewer than five values, nor of equal ones: their spread of 0 does
    not say how far others would be.
    """
    values = np.asarray(values, dtype=float)
    n = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.where(n > 0, np.nansum(values, axis=0) / n, np.nan)
        error = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / (n - 1) / n)
        half = stats.t.ppf((1 + confidence) / 2, n - 1) * error
        low, high = _turned_back(mean, half, scale)
    shown = (n >= FEWEST) & (error > ROUNDING * np.abs(mean))
    return mean, np.where(shown, low, np.nan), np.where(shown, high, np.nan)


def _turned_back(mean: np.ndarray, half: np.ndarray, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of an interval that is symmetric on the transformed scale."""
    bottom, top = scale
    if np.isfinite(bottom) and np.isfinite(top):
        share = (mean - bottom) / (top - bottom)
        odds, half = share / (1 - share), half / ((top - bottom) * share * (1 - share))
        ends = (odds * np.exp(sign * half) for sign in (-1, 1))
        low, high = (bottom + (top - bottom) * (end / (1 + end)) for end in ends)
        return low, np.where(np.isnan(high), top, high)  # odds beyond all numbers
    if np.isfinite(bottom):
        above = mean - bottom
        return bottom + above * np.exp(-half / above), bottom + above * np.exp(half / above)
    if np.isfinite(top):
        below = top - mean
        return top - below * np.exp(half / below), top - below * np.exp(-half / below)
    return mean - half, mean + half
