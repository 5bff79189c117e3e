"""The one check of a weight matrix that all metrics share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._plain import real_array


def check_weights(W: Any) -> NDArray[np.float64]:
    """Return W[post, pre] as a finite square float64 array, or raise a ValueError."""
    array = real_array(W, "W", "a real numeric array", truth_values=True)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(
            f"W must be a square matrix (n_units, n_units), W[post, pre], got shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError("W must be finite, got NaN or infinite weights.")
    return array
