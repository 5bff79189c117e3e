"""From weights to a graph: the threshold, the symmetry and the diagonal, in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_number
from sk_biornn._sparse import canonical, is_sparse
from sk_biornn.metrics._checks import as_dense, either_weights

SYMMETRIES = ("either", "both", "mean")


def surviving_weights(W: Any, quantile: float | None, symmetrise: str | None) -> Any:
    """Return |W| [post, pre] where an edge is left and 0 elsewhere, the diagonal included.

    The threshold is the quantile of all n_units ** 2 values of |W|, autapses and zeros among them,
    and what is not strictly above it goes. A sparse W gives a `csr_array`.
    """
    strength = abs(either_weights(W))
    check_choice("symmetrise", symmetrise, (*SYMMETRIES, None))
    if is_sparse(strength):
        return _sparse_survivors(strength, quantile, symmetrise)
    if symmetrise == "mean":
        strength = (strength + strength.T) / 2
    if quantile is not None:
        # Strictly above: where most weights are 0, so is the threshold, and zeros are no edges.
        strength[strength <= np.quantile(strength, check_share("quantile", quantile))] = 0
    np.fill_diagonal(strength, 0)
    if symmetrise == "either":
        return np.maximum(strength, strength.T)
    return np.minimum(strength, strength.T) if symmetrise == "both" else strength


def _sparse_survivors(strength: Any, quantile: float | None, symmetrise: str | None) -> Any:
    """Return the same of a sparse |W|."""
    if symmetrise == "mean":
        strength = canonical((strength + strength.T) / 2)
    if quantile is not None:
        share = check_share("quantile", quantile)
        strength.data[strength.data <= _quantile(strength, share)] = 0
    rows = np.repeat(np.arange(strength.shape[0]), np.diff(strength.indptr))
    strength.data[rows == strength.indices] = 0
    strength.eliminate_zeros()
    if symmetrise == "either":
        return strength.maximum(strength.T).tocsr()
    return canonical(strength.minimum(strength.T)) if symmetrise == "both" else strength


def _quantile(strength: Any, quantile: float) -> float:
    """Return the quantile of all values of a non-negative sparse matrix, as NumPy computes it."""
    n_values = strength.shape[0] ** 2
    place = quantile * (n_values - 1)
    below = int(place)
    n_zeros = n_values - strength.nnz
    wanted = np.array([below, min(below + 1, n_values - 1)]) - n_zeros  # in the stored values
    if wanted[1] < 0:
        return 0.0
    stored = np.partition(strength.data, wanted[wanted >= 0])
    two = [stored[place] if place >= 0 else 0.0 for place in wanted]
    return float(np.quantile(two, place - below))


def edges_of(weights: Any) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Return the ends of all edges, post and pre in order, and the number of units."""
    post, pre = (weights > 0).nonzero()
    return post, pre, weights.shape[0]


def undirected_graph(
    W: Any, quantile: float | None, symmetrise: str, metric: str
) -> NDArray[np.bool_]:
    """Return which pairs of units are joined: symmetric, without self-loops, and dense.

    Sparse weights of many units are refused in the name of the metric.
    """
    graph = either_graph(W, quantile, symmetrise)
    return as_dense(graph, metric) > 0 if is_sparse(graph) else graph


def either_graph(W: Any, quantile: float | None, symmetrise: str) -> Any:
    """Return the same, sparse where W is."""
    check_choice("symmetrise", symmetrise, SYMMETRIES)
    return surviving_weights(W, quantile, symmetrise) > 0


def relative_strength(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return |W| times a power of two, the largest below 1, so that no sum overflows."""
    strength = np.abs(weights)
    return np.ldexp(strength, -np.frexp(strength.max())[1])


def check_share(name: str, value: Any) -> float:
    """Return `value`, a number in [0, 1]."""
    return check_number(name, value, low=0.0, high=1.0)
