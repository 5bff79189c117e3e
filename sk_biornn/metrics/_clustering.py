"""Clustering: how often two neighbours of a unit are neighbours themselves."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._graph import either_graph

_PATHS_AT_ONCE = 1 << 22


def clustering_coefficient(
    W: Any, *, quantile: float | None = 0.9, symmetrise: str = "either"
) -> float:
    r"""Return the mean clustering coefficient of the graph of strong weights.

    .. math::
        C = \frac{1}{n} \sum_i \frac{(A^3)_{ii}}{k_i (k_i - 1)}

    with the adjacency matrix A and the degrees k_i; a unit with fewer than two neighbours adds 0.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    quantile : float in [0, 1] or None, default=0.9
        An edge is where \|W\| is strictly above this quantile of its values; None: where not 0.
    symmetrise : {"either", "both", "mean"}, default="either"
        An edge joins two units if either direction passes, if both do, or if the mean of the two
        does. Self-loops are removed.

    Returns
    -------
    float
        In [0, 1]. 0 without a triangle.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If `W` is not a finite square matrix, or an argument has no such value.

    References
    ----------
    .. [1] D. J. Watts, S. H. Strogatz, "Collective dynamics of 'small-world' networks", Nature,
       1998. doi:10.1038/30918

    Examples
    --------
    >>> triangle_with_a_tail = [
    ...     [0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 0],
    ... ]
    >>> round(clustering_coefficient(triangle_with_a_tail, quantile=None), 4)
    0.5833
    """
    graph = either_graph(W, quantile, symmetrise)
    return _sparse_clustering(graph) if is_sparse(graph) else mean_clustering(graph)


def _sparse_clustering(graph: Any) -> float:
    """Return the same of a sparse graph, a few units at a time."""
    adjacency = graph.astype(np.float64)
    degree = np.diff(adjacency.indptr).astype(np.int64)
    # Units whose neighbours have so many neighbours in all: the memory of a product.
    n_paths = np.cumsum(adjacency @ degree.astype(np.float64))
    blocks = np.searchsorted(n_paths, np.arange(_PATHS_AT_ONCE, n_paths[-1], _PATHS_AT_ONCE))
    ends = np.unique([0, *blocks, len(degree)])
    closed_walks = np.concatenate(
        [
            (adjacency[start:end] @ adjacency).multiply(adjacency[start:end]).sum(axis=1)
            for start, end in itertools.pairwise(ends)
        ]
    )
    return float((closed_walks / np.maximum(degree * (degree - 1), 1)).mean())


def mean_clustering(graph: NDArray[np.bool_]) -> float:
    """Return the mean over units of the share of joined pairs among their neighbours."""
    # Exact in float32: the entries of A^2 are counts far below 2^24.
    adjacency = graph.astype(np.float32)
    closed_walks = np.einsum("ij,ij->i", adjacency @ adjacency, adjacency, dtype=np.float64)
    # Ordered pairs of joined neighbours, of degree (degree - 1) that there can be.
    degree = graph.sum(axis=1)
    return float((closed_walks / np.maximum(degree * (degree - 1), 1)).mean())


def expected_clustering(n: int, p: float, p_loop: float = 0.0) -> float:
    r"""Return the expected mean clustering of a random graph, exactly.

    n units, every pair joined with probability p, every unit to itself with probability p_loop.
    Given that a unit has D neighbours, D p (D - 1) entries of their submatrix of A are edges on
    average, and D p_loop are loops; a loop of its own makes the unit its own neighbour, which adds
    2 D + 1 entries and one to its degree. What is left is a mean over the binomial D.
    """
    neighbours = np.arange(n)
    chance = _binomial(neighbours, n - 1, p)
    entries = neighbours * ((neighbours - 1) * p + p_loop)
    without = entries / np.maximum(neighbours * (neighbours - 1), 1)
    with_loop = (entries + 2 * neighbours + 1) / np.maximum((neighbours + 1) * neighbours, 1)
    # A degree below two has no pairs.
    without[:2], with_loop[:1] = 0, 0
    return float(chance @ ((1 - p_loop) * without + p_loop * with_loop))


def _binomial(k: NDArray[np.int_], n: int, p: float) -> NDArray[np.float64]:
    """Probability of k successes in n trials (scipy.stats has it, and takes long to import)."""
    choices = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.exp(choices + xlogy(k, p) + xlog1py(n - k, -p))
