"""Large sparse weights as a picture: a pixel for many pairs of units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn import _sparse

MOST_PIXELS = 512  # along one axis


def is_large(W: Any) -> bool:
    """Whether weights are sparse, and of so many units that they are not drawn one by one."""
    return _sparse.is_sparse(W) and max(W.shape) > _sparse.SMALL


def units_per_pixel(shape: tuple[int, ...]) -> int:
    """Return how many units a pixel stands for along both axes."""
    return -(-max(shape) // MOST_PIXELS)


def mean_weights(W: Any, step: int) -> NDArray[np.float64]:
    """Return the mean weight of all pairs of units in each pixel, zeros among them."""
    entries = W.tocoo()
    shape = tuple(-(-size // step) for size in W.shape)
    place = (entries.row // step) * shape[1] + entries.col // step
    total = np.bincount(place, weights=entries.data, minlength=shape[0] * shape[1])
    n_post, n_pre = (_sizes(size, step) for size in W.shape)
    return total.reshape(shape) / np.multiply.outer(n_post, n_pre)


def mean_signs(signs: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Return the mean sign of the units of each pixel."""
    place = np.arange(len(signs)) // step
    return np.bincount(place, weights=signs) / _sizes(len(signs), step)


def _sizes(n_units: int, step: int) -> NDArray[np.int64]:
    """Return the number of units of each pixel, of which the last may have fewer."""
    return np.bincount(np.arange(n_units) // step)
