"""The one check of a weight matrix that all metrics share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn import _sparse
from sk_biornn._plain import real_array
from sk_biornn.units.order import UnitOrder, square_in_order

EXPECTED = "a real numeric array"


def check_weights(W: Any, metric: str) -> NDArray[np.float64]:
    """Return W[post, pre] as a finite square float64 array, or raise a ValueError.

    A labelled one is turned to [post, pre], with its columns in the order of its rows. A sparse one
    of few units becomes dense; of many it is refused, in the name of the metric.
    """
    weights = either_weights(W)
    return as_dense(weights, metric) if _sparse.is_sparse(weights) else weights


def either_weights(W: Any) -> Any:
    """Return the same, but sparse weights as a `csr_array` of what is not zero."""
    return _checked(square_in_order(W, "W")[0])


def either_weights_and(W: Any, name: str, of_units: Any) -> tuple[Any, Any]:
    """Return weights, sparse or not, and what is known of each unit in the same order."""
    order = UnitOrder.of({"W": (W, (0, 1)), name: (of_units, (0,))})
    return _checked(order.arranged(W, "W", (0, 1))), order.arranged(of_units, name, (0,))


def as_dense(weights: Any, metric: str) -> NDArray[np.float64]:
    """Return sparse weights as an array where that is small; else say which metric needs it."""
    n_units = weights.shape[0]
    if n_units > _sparse.SMALL:
        raise ValueError(
            f"{metric} needs a dense W, and takes a sparse one of at most {_sparse.SMALL} units, "
            f"got {n_units}; pass W.toarray(), of {8e-9 * n_units**2:.1f} GB, or the part of some "
            "units."
        )
    return np.asarray(weights.toarray(), dtype=np.float64)


def _checked(W: Any) -> Any:
    if _sparse.is_sparse(W):
        values = real_array(W.tocoo().data, "W", EXPECTED, truth_values=True)
        _check(values, W.shape, int(np.prod(W.shape)))
        return _sparse.canonical(W, np.float64)
    array = real_array(W, "W", EXPECTED, truth_values=True)
    _check(array, array.shape, array.size)
    return array


def _check(values: NDArray[np.float64], shape: tuple[int, ...], size: int) -> None:
    if len(shape) != 2 or shape[0] != shape[1] or size == 0:
        raise ValueError(
            f"W must be a square matrix (n_units, n_units), W[post, pre], got shape {shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError("W must be finite, got NaN or infinite weights.")
