"""Means with their confidence intervals, and p values corrected for their number.

Of fewer than five runs there is no interval, and of fewer than three pairs no p: the runs
themselves are shown. From five on the interval of a mean stays on the scale of its metric (see
`sk_biornn._mean_interval`); that of paired differences is the one of the paired t test.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from sk_biornn._mean_interval import ANY, FEWEST, ROUNDING, Scale, mean_interval

CONFIDENCE = 0.95
FEWEST_PAIRS = 3  # with which a paired t test can be made
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


def scale_of(metric: str) -> Scale:
    """Return the least and the greatest value of a metric."""
    return SCALES.get(metric, ANY)


def interval(
    values: np.ndarray, confidence: float = CONFIDENCE, scale: Scale = ANY
) -> dict[str, float]:
    """Return number, mean, standard deviation and confidence interval of the mean.

    The interval does not leave the scale of the values; of fewer than five, or of equal ones, there
    is none.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean, low, high = (
        float(found) for found in mean_interval(values, confidence=confidence, scale=scale)
    )
    sd = values.std(ddof=1) if n > 1 else np.nan
    return {"n": n, "mean": mean, "sd": sd, "low": low, "high": high}


def paired_interval(
    differences: np.ndarray, confidence: float = CONFIDENCE, scale: Scale = ANY
) -> dict[str, float]:
    """Return the same for paired differences of scores on a scale.

    The interval is that of the paired t test, and ends where differences of such scores do. Equal
    differences have none, unless they are 0.
    """
    found = interval(differences, confidence)
    if found["n"] >= FEWEST and not np.any(differences):
        found["low"] = found["high"] = 0.0
    widest = scale[1] - scale[0]
    found["low"], found["high"] = np.clip([found["low"], found["high"]], -widest, widest)
    return found


def paired_p(differences: np.ndarray) -> float:
    """Return the two-sided p of the paired t test; NaN where there is nothing to test with.

    That is with fewer than three pairs, and where all differences are equal, up to rounding, and
    not 0: the statistic would be infinite however few they are. Where all are 0, p is 1.
    """
    if len(differences) < FEWEST_PAIRS or _equal_but_not_zero(differences):
        return np.nan
    if not np.any(differences):
        return 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def _equal_but_not_zero(differences: np.ndarray) -> bool:
    if not len(differences) or not np.any(differences):
        return False
    return bool(np.ptp(differences) <= ROUNDING * np.abs(differences).max())


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
