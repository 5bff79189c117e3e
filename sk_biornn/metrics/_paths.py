"""Shortest paths: how near the units of a graph are to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from sk_biornn.metrics._graph import undirected_graph

_MANY_STEPS = 8


def global_efficiency(W: Any, *, quantile: float | None = 0.9, symmetrise: str = "either") -> float:
    r"""Return the global efficiency of the graph of strong weights.

    .. math::
        E = \frac{1}{n (n - 1)} \sum_{i \neq j} \frac{1}{d_{ij}}

    where d_ij is the number of edges on the shortest path, and 1 / d_ij = 0 where there is none.

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    quantile : float in [0, 1] or None, default=0.9
        An edge is where \|W\| is strictly above this quantile of its values; None: where not 0.
    symmetrise : {"either", "both", "mean"}, default="either"
        An edge joins two units if either direction passes, if both do, or if the mean of the two
        does. Self-loops are removed.

    Returns
    -------
    float
        In [0, 1]. 0 without an edge or with a single unit.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If `W` is not a finite square matrix, or sparse with more than 2048 units, or an argument
        has no such value.

    References
    ----------
    .. [1] V. Latora, M. Marchiori, "Efficient behavior of small-world networks", Physical Review
       Letters, 2001. doi:10.1103/PhysRevLett.87.198701

    Examples
    --------
    >>> path = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    >>> round(global_efficiency(path, quantile=None), 4)
    0.8333
    """
    return efficiency(undirected_graph(W, quantile, symmetrise, "global_efficiency"))


def efficiency(graph: NDArray[np.bool_]) -> float:
    """Return the mean of 1 / distance over all pairs of units; self-loops do not matter.

    One boolean matrix product goes one step further from all units at once, which is fast where
    paths are short, i.e. in dense graphs. Long paths mean a sparse graph: a search from each unit.
    """
    n = len(graph)
    closed = (graph | np.eye(n, dtype=bool)).astype(np.float32)
    reached, n_reached = closed, [n, int(np.count_nonzero(closed))]
    while n_reached[-2] < n_reached[-1] < n * n:
        if len(n_reached) > _MANY_STEPS:
            return _efficiency_of_long_paths(graph)
        reached = ((reached @ closed) > 0).astype(np.float32)
        n_reached.append(int(np.count_nonzero(reached)))
    at_distance = np.diff(n_reached)
    return float((at_distance / np.arange(1, len(at_distance) + 1)).sum() / max(n * (n - 1), 1))


def _efficiency_of_long_paths(graph: NDArray[np.bool_]) -> float:
    n = len(graph)
    steps = shortest_path(csr_array(graph.astype(np.float64)), unweighted=True, method="D")
    np.fill_diagonal(steps, np.inf)
    return float((1 / steps).sum() / (n * (n - 1)))
