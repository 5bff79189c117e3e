"""Modularity: how much of the wiring stays within communities, beyond chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._random import RandomState
from sk_biornn.metrics._communities import Adjacency, Labels, community_graph, find_communities


def modularity(
    W: Any,
    *,
    method: str = "greedy",
    quantile: float | None = 0.9,
    symmetrise: str | None = "either",
    weighted: bool = False,
    random_state: RandomState = 0,
) -> float:
    r"""Return the modularity of the communities in the graph of strong weights.

    .. math::
        Q = \frac{1}{m} \sum_{ij} \left( A_{ij} - \frac{k^{in}_i k^{out}_j}{m} \right)
            \delta(c_i, c_j), \quad m = \sum_{ij} A_{ij}

    with the adjacency matrix A[post, pre], the numbers of its incoming and outgoing edges (one and
    the same number in an undirected graph) and the community c_i of every unit.

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    method : {"greedy", "louvain", "directed"}, default="greedy"
        How the communities are found; see :func:`communities`.
    quantile : float in [0, 1] or None, default=0.9
        An edge is where \|W\| is strictly above this quantile of its values; None: where not 0.
    symmetrise : {"either", "both", "mean"} or None, default="either"
        An edge joins two units if either direction passes, if both do, or if the mean of the two
        does. None keeps the directions. Self-loops are removed.
    weighted : bool, default=False
        Whether an edge counts by its \|W\| instead of by one.
    random_state : int, RandomState, Generator or None, default=0
        Seed of "louvain"; the other methods have no randomness.

    Returns
    -------
    float
        In [-1/2, 1]. 0 for a network without edges, or with a single community.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix, or sparse with more than 2048 units, or an argument
        has no such value.

    References
    ----------
    .. [1] M. E. J. Newman, "Modularity and community structure in networks", PNAS, 2006.
       doi:10.1073/pnas.0601602103
    .. [2] E. A. Leicht, M. E. J. Newman, "Community structure in directed networks", Physical
       Review Letters, 2008. doi:10.1103/PhysRevLett.100.118703

    Examples
    --------
    Two triangles and an edge between them:

    >>> import numpy as np
    >>> W = np.zeros((6, 6))
    >>> W[[0, 0, 1, 3, 3, 4, 2], [1, 2, 2, 4, 5, 5, 3]] = 1
    >>> round(modularity(W, quantile=None), 4)
    0.3571
    """
    graph = community_graph(W, method, quantile, symmetrise, weighted, "modularity")
    return partition_modularity(graph, find_communities(graph, method, random_state))


def partition_modularity(graph: Adjacency, labels: Labels) -> float:
    """Return Q of a partition; 0 for a graph without edges."""
    total = graph.sum()
    if total == 0:
        return 0.0
    n_labels = labels.max() + 1
    inside = graph[labels[:, None] == labels].sum()
    received = np.bincount(labels, weights=graph.sum(axis=1), minlength=n_labels)
    given = np.bincount(labels, weights=graph.sum(axis=0), minlength=n_labels)
    return float(inside / total - (received / total) @ (given / total))
