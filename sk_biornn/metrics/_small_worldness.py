"""Small-worldness: clustering far above that of random graphs at nearly their path lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._checks import check_choice, check_count
from sk_biornn._random import RandomState
from sk_biornn.metrics._clustering import mean_clustering
from sk_biornn.metrics._graph import undirected_graph
from sk_biornn.metrics._nulls import Graph, NullStatistics, independent_pairs, rewired
from sk_biornn.metrics._paths import efficiency

NULLS = ("erdos-renyi", "published", "degree-preserving")
# (U + U') / 2 > 0.7 of two uniform numbers has probability 0.6^2 / 2; on the diagonal the two are
# one and the same number, and U > 0.7 has probability 0.3.
_PUBLISHED_P, _PUBLISHED_P_LOOP = 0.18, 0.3


def small_worldness(
    W: Any,
    *,
    null: str = "erdos-renyi",
    n_nulls: int = 1000,
    quantile: float | None = 0.9,
    symmetrise: str = "either",
    n_rewirings: int = 5,
    random_state: RandomState = 0,
) -> float:
    r"""Return the small-worldness of the graph of strong weights.

    .. math::
        S = \frac{C / C_{null}}{E_{null} / E}

    with the mean clustering coefficient C and the global efficiency E of the graph, and the means
    of the two over random graphs.

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    null : {"erdos-renyi", "published", "degree-preserving"}, default="erdos-renyi"
        The random graphs. "erdos-renyi": every pair is joined with the network's own density.
        "published": an edge where the symmetric average of two uniform matrices is above 0.7, as
        in [3]_: density 0.18 whatever that of the network, and 30 % of the units are joined to
        themselves, which raises the clustering. "degree-preserving": the network with pairs of
        edges exchanging their ends (`randmio_und` of bctpy), every degree as it was.
    n_nulls : int, default=1000
        Number of random graphs. "degree-preserving" takes about a second for each at 300 units
        and 9000 edges, and the others some 0.03 ms: choose fewer there.
    quantile : float in [0, 1] or None, default=0.9
        An edge is where \|W\| is strictly above this quantile of its values; None: where not 0.
    symmetrise : {"either", "both", "mean"}, default="either"
        An edge joins two units if either direction passes, if both do, or if the mean of the two
        does. Self-loops are removed.
    n_rewirings : int, default=5
        With "degree-preserving", how often each edge is rewired, about.
    random_state : int, RandomState, Generator or None, default=0
        Seed of the random graphs. With an int, what is needed of the nulls is remembered in the
        process, and the next network with as many units and edges takes no time.

    Returns
    -------
    float
        1 for a graph like its nulls, above 1 for a small world, 0 without a triangle. NaN where
        the ratio has no value: nulls without a triangle or, as those of a network without edges,
        without a path.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If `W` is not a finite square matrix, or sparse with more than 2048 units, or an argument
        has no such value.

    Notes
    -----
    Neither of the first two kinds of nulls is laid out as graphs. Their expected clustering has a
    closed form, which is taken as it is. Their efficiency is the mean over `n_nulls` times n_units
    breadth-first searches, each in a random graph of its own that is revealed as the search goes:
    the expectation is that of whole graphs, and the sampling error a little smaller.

    References
    ----------
    .. [1] M. D. Humphries, K. Gurney, "Network 'small-world-ness': a quantitative method for
       determining canonical network equivalence", PLoS ONE, 2008.
       doi:10.1371/journal.pone.0002051
    .. [2] S. Maslov, K. Sneppen, "Specificity and stability in topology of protein networks",
       Science, 2002. doi:10.1126/science.1065103
    .. [3] M. Shakiba, R. Rokni, M. Mohammadi, N. Dehghani, "Neuro-constrained recurrent neural
       networks", 2026. arXiv:2606.14975

    Examples
    --------
    A ring in which every unit is joined to the three next ones on each side:

    >>> import numpy as np
    >>> distance = np.abs(np.subtract.outer(np.arange(60), np.arange(60)))
    >>> lattice = np.minimum(distance, 60 - distance) <= 3
    >>> round(small_worldness(lattice, quantile=None, n_nulls=50), 1)
    3.8
    """
    check_choice("null", null, NULLS)
    for name, count in (("n_nulls", n_nulls), ("n_rewirings", n_rewirings)):
        check_count(name, count)
    graph = undirected_graph(W, quantile, symmetrise, "small_worldness")
    nulls = _statistics(graph, null, n_nulls, n_rewirings, random_state)
    chance = nulls.clustering * nulls.efficiency
    return mean_clustering(graph) * efficiency(graph) / chance if chance > 0 else float("nan")


def _statistics(
    graph: Graph, null: str, n_nulls: int, n_rewirings: int, random_state: RandomState
) -> NullStatistics:
    n = len(graph)
    if null == "published":
        return independent_pairs(n, _PUBLISHED_P, _PUBLISHED_P_LOOP, n_nulls, random_state)
    if null == "degree-preserving":
        return rewired(graph, n_rewirings, n_nulls, random_state)
    density = np.count_nonzero(graph) / max(n * (n - 1), 1)
    return independent_pairs(n, density, 0.0, n_nulls, random_state)
