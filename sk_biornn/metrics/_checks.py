"""The one check of a weight matrix that all metrics share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def check_weights(W: Any) -> NDArray[np.float64]:
    """Return W[post, pre] as a finite square float64 array, or raise a ValueError."""
    try:
        array = np.asarray(W)
        if np.iscomplexobj(array):
            raise ValueError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"W must be a real numeric array, got {type(W).__name__}.") from None
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(
            f"W must be a square matrix (n_units, n_units), W[post, pre], got shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError("W must be finite, got NaN or infinite weights.")
    return array
