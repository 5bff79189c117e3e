"""Several matrices of the same neurons: which to take, and their product on a common scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_array

from sk_biornn._plain import conversion_of, plain, refuse_dates, refuse_masked
from sk_biornn._sparse import dense, is_sparse
from sk_biornn.activity.recordings import is_several
from sk_biornn.units.order import UnitOrder

DEFAULT_NAMES = ("correlation", "sttc")


def named_matrices(X: Any, chosen: Any = None) -> list[tuple[str, Any]]:
    """Return the chosen ones of a Bunch or dict, or all of a sequence, or ``[("X", X)]``."""
    if isinstance(X, Mapping) and not is_sparse(X):  # a sparse one can be a dict
        wanted = DEFAULT_NAMES if chosen is None else chosen
        wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
        if not wanted or not all(name in X for name in wanted):
            raise ValueError(
                f"matrices must name one or more of {sorted(map(str, X))}, got {wanted}."
            )
        return [(name, X[name]) for name in wanted]
    if is_several(X):
        return [(f"X[{index}]", matrix) for index, matrix in enumerate(X)]
    return [("X", X)]


def matrices_in_order(
    named: list[tuple[str, Any]], names: tuple[Any, ...] | None = None
) -> tuple[list[tuple[str, Any]], tuple[Any, ...] | None]:
    """Return matrices with their units in one order, and the names of these.

    Parameters
    ----------
    named : list of (str, object)
        Matrices by name.
    names : tuple or None
        Units in the order that is wanted; None takes that of the first matrix with labels.

    Returns
    -------
    named : list of (str, object)
        Those that had labels as arrays, others as they are.
    names : tuple or None
        The order; None where nothing names the units.
    """
    order = UnitOrder.of({name: (matrix, (0, 1)) for name, matrix in named})
    if names is not None:
        order = UnitOrder(names, "the fitted matrices")
    in_order = [(name, order.arranged(matrix, name, (0, 1))) for name, matrix in named]
    return in_order, order.names


def scaled_product(named: list[tuple[str, Any]]) -> np.ndarray:
    """Elementwise product of square matrices, each scaled to [0, 1] first."""
    product: np.ndarray | None = None
    for name, matrix in named:
        matrix = checked_matrix(matrix, name)
        if matrix.shape[0] != matrix.shape[1]:
            raise ValueError(
                f"{name} must be a square matrix (n_units, n_units), got shape {matrix.shape}."
            )
        if product is not None and matrix.shape != product.shape:
            raise ValueError(
                f"{name} must have the shape of the matrices before it, {product.shape}, got "
                f"{matrix.shape}."
            )
        product = min_max(matrix) if product is None else product * min_max(matrix)
    if product is None:
        raise ValueError("X must hold at least one matrix, got none.")
    return product


def checked_matrix(matrix: Any, name: str) -> np.ndarray:
    """Return a finite matrix of float64."""
    refuse_masked(matrix, name)
    refuse_dates(matrix, name)
    matrix = dense(matrix, name)
    with conversion_of(name):
        return check_array(plain(matrix, name), dtype=np.float64, input_name=name)


def min_max(matrix: np.ndarray) -> np.ndarray:
    """Scale to [0, 1]; a constant matrix becomes all ones."""
    low, high = matrix.min(), matrix.max()
    return np.ones_like(matrix) if high == low else (matrix - low) / (high - low)
