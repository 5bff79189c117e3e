"""Grids of units: three numbers whose product is the number of units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn._plain import short

N_NAMED = 4  # grids that an error message names
GRID_ORDERS = ("xyz", "yxz")  # in which the units are counted; the last axis changes first


def check_grid(grid: Any, n_units: int, *, name: str = "grid") -> tuple[int, int, int]:
    """Return `grid` as three ints whose product is `n_units`.

    Parameters
    ----------
    grid : sequence of three ints
        Number of units along each axis.
    n_units : int
        Number of units that the grid must hold.
    name : str, default="grid"
        Name of the argument, for the message.

    Returns
    -------
    tuple of three ints
        The grid.

    Raises
    ------
    TypeError
        If `grid` is not a sequence of ints.
    ValueError
        If it does not hold three positive numbers or does not fit; names grids that do.

    Examples
    --------
    >>> check_grid((12, 13, 2), 312)
    (12, 13, 2)
    """
    expected = f"{name} must be three positive integers whose product is {n_units}"
    sizes = grid.tolist() if hasattr(grid, "tolist") else grid
    if (
        isinstance(sizes, str)
        or not isinstance(sizes, Sequence)
        or not all(is_integer(size) for size in sizes)
    ):
        raise TypeError(f"{expected}, got {short(grid)}.")
    sizes = tuple(int(size) for size in sizes)
    if len(sizes) == 3 and min(sizes) >= 1 and sizes[0] * sizes[1] * sizes[2] == n_units:
        return sizes
    fitting = ", ".join(str(fit) for fit in grids_of(n_units)[:N_NAMED])
    raise ValueError(f"{expected}, such as {fitting}, got {sizes}.")


def grid_positions(grid: tuple[int, int, int], order: str) -> NDArray[np.float64]:
    """Return the position (x, y, z) of every unit of a grid, one step apart.

    Parameters
    ----------
    grid : tuple of three ints
        Number of units along x, y and z.
    order : {"xyz", "yxz"}
        The axes in the order in which units are counted: the last changes from one unit to the
        next, the first most seldom.

    Returns
    -------
    ndarray of shape (n_units, 3)
        Positions.

    Examples
    --------
    >>> grid_positions((2, 2, 1), "yxz").tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]
    """
    axes = ["xyz".index(axis) for axis in order]
    counted = np.indices([grid[axis] for axis in axes]).reshape(3, -1)
    positions = np.empty((counted.shape[1], 3))
    positions[:, axes] = counted.T
    return positions


def grids_of(n_units: int) -> list[tuple[int, int, int]]:
    """Return all grids of `n_units` units with falling sizes, the most compact first.

    Parameters
    ----------
    n_units : int
        Number of units.

    Returns
    -------
    list of tuples of three ints
        Grids a >= b >= c with a b c = n_units, by the surface of such a block.

    Examples
    --------
    >>> grids_of(12)
    [(3, 2, 2), (4, 3, 1), (6, 2, 1), (12, 1, 1)]
    """
    grids = [
        (n_units // (b * c), b, c)
        for c in _divisors(n_units)
        if c**3 <= n_units
        for b in _divisors(n_units // c)
        if c <= b <= n_units // (b * c)
    ]
    return sorted(grids, key=lambda grid: (grid[0] * grid[1] + (grid[0] + grid[1]) * grid[2], grid))


def _divisors(n: int) -> Iterator[int]:
    return (d for d in range(1, n + 1) if n % d == 0)
