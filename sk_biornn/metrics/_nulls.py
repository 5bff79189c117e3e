"""Random graphs to compare a network with: their mean clustering and efficiency.

Where pairs are joined independently of each other, no graph has to be laid out. The clustering
has an expectation in closed form. The efficiency of one unit needs the numbers of units at 1, 2,
... steps from it, and a breadth-first search in a random graph that reveals edges as it goes is a
short chain of binomial numbers: if l units were reached in the last step, each unit not yet
reached is joined to one of them with probability 1 - (1 - p)^l (the Reed-Frost chain).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn._random import RandomState, make_rng
from sk_biornn.metrics._clustering import expected_clustering, mean_clustering
from sk_biornn.metrics._paths import efficiency

_SEARCHES_AT_ONCE = 1 << 20  # bounds the memory

Graph = NDArray[np.bool_]


class NullStatistics(NamedTuple):
    """Means over null graphs."""

    clustering: float
    efficiency: float


def independent_pairs(
    n: int, p: float, p_loop: float, n_nulls: int, random_state: RandomState
) -> NullStatistics:
    """Nulls of n units, pairs joined independently with probability p, units to themselves p_loop.

    An int as `random_state` gives the same nulls each time, so they are computed only once.
    """
    if is_integer(random_state):
        return _independent_pairs_once(n, p, p_loop, n_nulls, int(random_state))
    return _independent_pairs(n, p, p_loop, n_nulls, random_state)


def rewired(
    graph: Graph, n_rewirings: int, n_nulls: int, random_state: RandomState
) -> NullStatistics:
    """Nulls with the degrees of `graph`: pairs of edges exchange their ends, by bctpy."""
    if is_integer(random_state):
        octets = np.packbits(graph).tobytes()
        return _rewired_once(octets, len(graph), n_rewirings, n_nulls, int(random_state))
    return _rewired(graph, n_rewirings, n_nulls, random_state)


def _independent_pairs(
    n: int, p: float, p_loop: float, n_nulls: int, random_state: RandomState
) -> NullStatistics:
    rng = make_rng(random_state)
    n_searches = n_nulls * n  # one from every unit of every null
    blocks = [
        min(_SEARCHES_AT_ONCE, n_searches - start)
        for start in range(0, n_searches, _SEARCHES_AT_ONCE)
    ]
    nearness = sum(_total_nearness(n, p, size, rng) for size in blocks)
    return NullStatistics(
        clustering=expected_clustering(n, p, p_loop),
        efficiency=nearness / (n_searches * max(n - 1, 1)),
    )


# Two numbers each: room for every network of a study.
_independent_pairs_once = lru_cache(maxsize=4096)(_independent_pairs)


def _total_nearness(n: int, p: float, n_searches: int, rng: np.random.Generator) -> float:
    """Sum of 1 / distance from the start of every search to all units that it reaches."""
    unreached = np.full(n_searches, n - 1)
    newest = np.ones(n_searches, dtype=np.int64)
    total, distance = 0.0, 0
    while len(newest):
        distance += 1
        # A unit is found when any of the newest joins it: probability 1 - (1 - p)^newest.
        with np.errstate(divide="ignore"):  # p = 1: a probability of 1 for all
            joined = -np.expm1(newest * np.log1p(-p))
        newest = rng.binomial(unreached, joined)
        unreached = unreached - newest
        total += float(newest.sum()) / distance
        going_on = (newest > 0) & (unreached > 0)
        newest, unreached = newest[going_on], unreached[going_on]
    return total


def _rewired(
    graph: Graph, n_rewirings: int, n_nulls: int, random_state: RandomState
) -> NullStatistics:
    if not _has_disjoint_edges(graph):  # nothing to exchange: bctpy would look for it for ever
        return NullStatistics(mean_clustering(graph), efficiency(graph))
    from bct import randmio_und

    seeds = make_rng(random_state).integers(0, 2**31, size=n_nulls)
    adjacency = graph.astype(np.float64)
    nulls = (randmio_und(adjacency, n_rewirings, seed=int(seed))[0] > 0 for seed in seeds)
    statistics = [(mean_clustering(null), efficiency(null)) for null in nulls]
    return NullStatistics(*np.mean(statistics, axis=0).tolist())


@lru_cache(maxsize=128)
def _rewired_once(
    octets: bytes, n: int, n_rewirings: int, n_nulls: int, seed: int
) -> NullStatistics:
    bits = np.unpackbits(np.frombuffer(octets, dtype=np.uint8), count=n * n)
    return _rewired(bits.reshape(n, n).astype(bool), n_rewirings, n_nulls, seed)


def _has_disjoint_edges(graph: Graph) -> bool:
    """Whether two edges share no unit: not so in a star, in a triangle and without edges."""
    degree = graph.sum(axis=1)
    n_edges = degree.sum() // 2
    is_triangle = n_edges == 3 and degree.max() == 2 and np.count_nonzero(degree) == 3
    return bool(degree.max() < n_edges and not is_triangle)
