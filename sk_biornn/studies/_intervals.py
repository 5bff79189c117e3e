"""Mean, standard deviation and confidence interval of the mean."""

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
