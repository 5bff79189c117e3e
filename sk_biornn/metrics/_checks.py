"""The one check of a weight matrix that all metrics share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._plain import real_array
from sk_biornn.units.order import UnitOrder, square_in_order


def check_weights(W: Any) -> NDArray[np.float64]:
    """Return W[post, pre] as a finite square float64 array, or raise a ValueError.

    A labelled one is turned to [post, pre], with its columns in the order of its rows.
    """
    return _checked(square_in_order(W, "W")[0])


def check_weights_and(W: Any, name: str, of_units: Any) -> tuple[NDArray[np.float64], Any]:
    """Return the weights, and what is known of each unit in the same order."""
    order = UnitOrder.of({"W": (W, (0, 1)), name: (of_units, (0,))})
    return _checked(order.arranged(W, "W", (0, 1))), order.arranged(of_units, name, (0,))


def _checked(W: Any) -> NDArray[np.float64]:
    array = real_array(W, "W", "a real numeric array", truth_values=True)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(
            f"W must be a square matrix (n_units, n_units), W[post, pre], got shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError("W must be finite, got NaN or infinite weights.")
    return array
