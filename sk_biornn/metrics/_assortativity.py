"""Who is joined to whom: units of like degree, and pairs in both directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._graph import edges_of, surviving_weights


def assortativity(
    W: Any, *, quantile: float | None = 0.9, symmetrise: str | None = "either"
) -> float:
    r"""Return the degree assortativity of the graph of strong weights.

    The correlation, over all edges, of the degrees at the two ends (every edge counts in both
    directions); in a graph with directions, of the number of outgoing edges of the presynaptic
    unit and the number of incoming edges of the postsynaptic one.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    quantile : float in [0, 1] or None, default=0.9
        An edge is where \|W\| is strictly above this quantile of its values; None: where not 0.
    symmetrise : {"either", "both", "mean"} or None, default="either"
        An edge joins two units if either direction passes, if both do, or if the mean of the two
        does. None keeps the directions. Self-loops are removed.

    Returns
    -------
    float
        In [-1, 1]. NaN where a correlation has no value: without edges, or where all ends have the
        same degree, as in a ring or a complete graph.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If `W` is not a finite square matrix, or an argument has no such value.

    References
    ----------
    .. [1] M. E. J. Newman, "Assortative mixing in networks", Physical Review Letters, 2002.
       doi:10.1103/PhysRevLett.89.208701

    Examples
    --------
    Hubs that are joined to leaves alone:

    >>> star = [[0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    >>> round(assortativity(star, quantile=None), 6)
    -1.0
    """
    post, pre, n_units = edges_of(surviving_weights(W, quantile, symmetrise))
    outgoing = np.bincount(pre, minlength=n_units)[pre]
    incoming = np.bincount(post, minlength=n_units)[post]
    # A correlation needs degrees that differ.
    if len(post) == 0 or np.ptp(outgoing) == 0 or np.ptp(incoming) == 0:
        return float("nan")
    return float(np.clip(np.corrcoef(outgoing, incoming)[0, 1], -1.0, 1.0))


def reciprocity(W: Any, *, quantile: float | None = 0.9) -> float:
    r"""Return the share of strong connections that are answered by one in the other direction.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    quantile : float in [0, 1] or None, default=0.9
        An edge is where \|W\| is strictly above this quantile of its values; None: where not 0.
        Self-loops are removed.

    Returns
    -------
    float
        In [0, 1]: 0 without a pair in both directions, 1 in a symmetric graph. NaN without edges.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If `W` is not a finite square matrix, or `quantile` is not in [0, 1].

    References
    ----------
    .. [1] S. Song, P. J. Sjostrom, M. Reigl, S. Nelson, D. B. Chklovskii, "Highly nonrandom
       features of synaptic connectivity in local cortical circuits", PLoS Biology, 2005.
       doi:10.1371/journal.pbio.0030068

    Examples
    --------
    >>> reciprocity([[0, 1, 1], [1, 0, 0], [0, 1, 0]], quantile=None)
    0.5
    """
    weights = surviving_weights(W, quantile, None)
    if is_sparse(weights):
        graph = weights > 0
        n_edges, n_answered = graph.nnz, graph.multiply(graph.T).nnz
    else:
        graph = weights > 0
        n_edges, n_answered = np.count_nonzero(graph), np.count_nonzero(graph & graph.T)
    return float(n_answered / n_edges) if n_edges else float("nan")
