"""Communities of a graph: groups of units with more edges inside than their degrees explain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_flag
from sk_biornn._random import RandomState, make_rng
from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import as_dense
from sk_biornn.metrics._graph import surviving_weights
from sk_biornn.metrics._greedy import greedy_labels
from sk_biornn.metrics._louvain import louvain_labels

METHODS = ("greedy", "louvain", "directed")

Labels = NDArray[np.intp]
Adjacency = NDArray[np.float64]


def communities(
    W: Any,
    *,
    method: str = "greedy",
    quantile: float | None = 0.9,
    symmetrise: str | None = "either",
    weighted: bool = False,
    random_state: RandomState = 0,
) -> Labels:
    r"""Return the community of every unit, in the graph of strong weights.

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    method : {"greedy", "louvain", "directed"}, default="greedy"
        "greedy": the two communities whose union raises the modularity most are joined, as long as
        there are any (Clauset, Newman, Moore [1]_). "louvain": units move to other communities,
        then whole communities do, as long as it helps (Blondel et al. [2]_). "directed": "greedy"
        with the directions of the edges kept, i.e. with ``symmetrise=None`` whatever that says.
    quantile : float in [0, 1] or None, default=0.9
        An edge is where \|W\| is strictly above this quantile of its values; None: where not 0.
    symmetrise : {"either", "both", "mean"} or None, default="either"
        An edge joins two units if either direction passes, if both do, or if the mean of the two
        does. None keeps the directions. Self-loops are removed.
    weighted : bool, default=False
        Whether an edge counts by its \|W\| (the larger of the two with "either", the smaller with
        "both") instead of by one.
    random_state : int, RandomState, Generator or None, default=0
        Seed of "louvain"; the other methods have no randomness.

    Returns
    -------
    ndarray of int of shape (n_units,)
        0 for the largest community, 1 for the next, and so on; communities of equal size are in
        the order of their first units.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If `W` is not a finite square matrix, or sparse with more than 2048 units, or an argument
        has no such value.

    Notes
    -----
    Among unions that raise the modularity equally, the greedy method takes the one of the two
    communities whose numbers are lowest, where a union keeps the higher number of the two. That is
    the rule of networkx, whose communities are hence found also where there are ties.

    References
    ----------
    .. [1] A. Clauset, M. E. J. Newman, C. Moore, "Finding community structure in very large
       networks", Physical Review E, 2004. doi:10.1103/PhysRevE.70.066111
    .. [2] V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre, "Fast unfolding of
       communities in large networks", Journal of Statistical Mechanics, 2008.
       doi:10.1088/1742-5468/2008/10/P10008

    Examples
    --------
    Two triangles and an edge between them:

    >>> import numpy as np
    >>> W = np.zeros((6, 6))
    >>> W[[0, 0, 1, 3, 3, 4, 2], [1, 2, 2, 4, 5, 5, 3]] = 1
    >>> communities(W, quantile=None).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    graph = community_graph(W, method, quantile, symmetrise, weighted, "communities")
    return find_communities(graph, method, random_state)


def community_graph(
    W: Any,
    method: str,
    quantile: float | None,
    symmetrise: str | None,
    weighted: bool,
    metric: str,
) -> Adjacency:
    """Return the adjacency matrix [post, pre] that `method` works on."""
    check_choice("method", method, METHODS)
    check_flag("weighted", weighted)
    weights = surviving_weights(W, quantile, None if method == "directed" else symmetrise)
    weights = as_dense(weights, metric) if is_sparse(weights) else weights
    return weights if weighted else (weights > 0).astype(np.float64)


def find_communities(graph: Adjacency, method: str, random_state: RandomState) -> Labels:
    """Return the label of every unit, the largest community first."""
    if not graph.any():
        return np.arange(len(graph))
    labels = (
        louvain_labels(graph, make_rng(random_state))
        if method == "louvain"
        else greedy_labels(graph)
    )
    _, first, inverse, size = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty_like(first)
    rank[np.lexsort((first, -size))] = np.arange(len(first))
    return rank[inverse]
