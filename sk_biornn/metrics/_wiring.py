"""The wire that a network takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_number
from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import either_weights_and
from sk_biornn.units.positions import unit_positions

_AT_ONCE = 1 << 20  # connections, which bounds the memory


def wiring_cost(W: Any, coordinates: Any, *, power: float = 1.0, unit_cube: bool = False) -> float:
    r"""Return the wire that the weights take, :math:`\sum_{ij} |W_{ij}| D_{ij}^p`.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    coordinates : array-like of shape (n_units, n_dimensions), tuple of three ints, or "grid"
        Positions of the units, in any unit of length; the shape of a grid, whose product is
        n_units and on which units stand one step apart; or "grid", the most compact such grid.
    power : float, default=1.0
        Exponent p of the Euclidean distance, positive.
    unit_cube : bool, default=False
        Whether every axis is scaled to [0, 1] first, so that measured positions and grids compare.

    Returns
    -------
    float
        Weight times distance, in the unit of length of `coordinates` to the power p; infinite
        beyond the range of floats.

    Raises
    ------
    TypeError
        If a grid is not made of ints, or `power` is not a number.
    ValueError
        If `W` is not a finite square matrix, `coordinates` does not fit it or is not finite, or
        `power` is not positive.

    References
    ----------
    .. [1] D. B. Chklovskii, T. Schikorski, C. F. Stevens, "Wiring optimization in cortical
       circuits", Neuron, 2002. doi:10.1016/S0896-6273(02)00679-7

    Examples
    --------
    >>> wiring_cost([[0, -2], [0, 0]], [[0, 0, 0], [3, 4, 0]])
    10.0
    """
    weights, coordinates = either_weights_and(W, "coordinates", coordinates)
    power = check_number("power", power, low=0.0, open_low=True)
    positions = unit_positions(coordinates, weights.shape[0], unit_cube=unit_cube)
    if is_sparse(weights):
        return _of_connections(weights.tocoo(), positions, power)
    from scipy.spatial.distance import cdist

    with np.errstate(over="ignore"):  # infinite beyond the range of numbers
        prices = cdist(positions, positions) ** power
        return float((np.abs(weights) * prices).sum())


def _of_connections(weights: Any, positions: NDArray[np.float64], power: float) -> float:
    """Return the wire of the connections that there are."""
    total, size = 0.0, _AT_ONCE
    with np.errstate(over="ignore"):
        for start in range(0, weights.nnz, size):
            post, pre = (side[start : start + size] for side in (weights.row, weights.col))
            lengths = np.linalg.norm(positions[post] - positions[pre], axis=1)
            total += float((np.abs(weights.data[start : start + size]) * lengths**power).sum())
    return total
