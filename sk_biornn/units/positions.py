"""Where the units are: measured coordinates or a grid, scaled so that the two compare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_count, check_flag
from sk_biornn._plain import real_array, short
from sk_biornn.units.grid import GRID_ORDERS, check_grid, grid_positions, grids_of


def unit_positions(
    coordinates: Any, n_units: int, *, unit_cube: bool = True, grid_order: str = "xyz"
) -> NDArray[np.float64]:
    """Return the position of every unit.

    Parameters
    ----------
    coordinates : array-like of shape (n_units, n_dimensions), tuple of three ints, or "grid"
        Measured positions, in any unit of length; the shape of a grid, whose product is n_units
        and on which units stand one step apart; or "grid", the most compact grid of n_units.
    n_units : int
        Number of units.
    unit_cube : bool, default=True
        Scale every axis to [0, 1], grids too; an axis without extent becomes 0. Measured and grid
        positions then have distances of the same order, and one penalty strength means the same.
    grid_order : {"xyz", "yxz"}, default="xyz"
        The axes of a grid in the order in which units are counted, of which the last changes first:
        "xyz", as an array of that shape lies in memory, or "yxz", as `numpy.meshgrid` counts unless
        told otherwise, and with it a published study [1]_. Of no account for measured positions.

    Returns
    -------
    ndarray of shape (n_units, n_dimensions)
        Positions, float64.

    Raises
    ------
    TypeError
        If a grid is not made of ints, or an argument is of another type.
    ValueError
        If `coordinates` does not fit the number of units, or is not finite, or if `grid_order` is
        another one.

    References
    ----------
    .. [1] Shakiba, Rokni, Mohammadi and Dehghani, "Harnessing cortical geometry, wiring, and
       function as inductive biases for recurrent neural networks", arXiv:2606.14975, 2026.

    Examples
    --------
    >>> unit_positions((2, 1, 2), 4).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]]
    >>> unit_positions((2, 2, 1), 4, grid_order="yxz")[:, 0].tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    n_units = check_count("n_units", n_units, low=1)
    check_flag("unit_cube", unit_cube)
    check_choice("grid_order", grid_order, GRID_ORDERS)
    if isinstance(coordinates, str):
        if coordinates != "grid":
            raise ValueError(
                f"coordinates must be an array, a grid of three ints or 'grid', got "
                f"{short(coordinates)}."
            )
        coordinates = grids_of(n_units)[0]
    positions = _as_positions(coordinates, n_units, grid_order)
    return to_unit_cube(positions) if unit_cube else positions


def to_unit_cube(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale every axis of positions (n_units, n_dimensions) to [0, 1]; one without extent to 0."""
    extent = np.ptp(positions, axis=0)
    return (positions - positions.min(axis=0)) / np.where(extent > 0, extent, 1.0)


def _as_positions(coordinates: Any, n_units: int, grid_order: str) -> NDArray[np.float64]:
    if isinstance(coordinates, tuple) and all(np.ndim(size) == 0 for size in coordinates):
        grid = check_grid(coordinates, n_units, name="coordinates")
        return grid_positions(grid, grid_order)
    positions = real_array(
        coordinates, "coordinates", "an array of numbers (n_units, n_dimensions)"
    )
    if positions.ndim != 2 or len(positions) != n_units or positions.shape[1] == 0:
        raise ValueError(
            f"coordinates must have one position per unit, shape ({n_units}, n_dimensions), got "
            f"shape {positions.shape}."
        )
    if not np.isfinite(positions).all():
        raise ValueError("coordinates must be finite, got NaN or infinity.")
    return positions
