"""The greedy method of Clauset, Newman and Moore, with the matrix of gains kept whole.

networkx keeps the gains in dictionaries and heaps, which suits a large sparse graph. The networks
here have hundreds of units and are dense: a row of gains is updated in one array operation. The
arithmetic follows the same order, so that even ties fall the same way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.intp]
Adjacency = NDArray[np.float64]


def greedy_labels(graph: Adjacency) -> Labels:
    """Join the communities whose union gains most until none gains; any label per community.

    gain[u, v] is the change of modularity if the neighbouring communities u and v become one, and
    -inf for communities without an edge between them.
    """
    n = len(graph)
    total = graph.sum() if _is_directed(graph) else graph.sum() / 2
    given, received = _strength_shares(graph, total)
    gain = _gains_of_pairs(graph, total, given, received)
    best = gain.argmax(axis=1)
    best_gain = gain[np.arange(n), best]
    labels = np.arange(n)
    while True:
        u = int(best_gain.argmax())
        if not best_gain[u] >= 0:
            return labels
        v = int(best[u])
        others = _join(gain, u, v, given, received)
        labels[labels == u] = v
        given[v], received[v] = given[v] + given[u], received[v] + received[u]
        _update_best(gain, best, best_gain, u, v, others)


def _is_directed(graph: Adjacency) -> bool:
    return not np.array_equal(graph, graph.T)


def _strength_shares(graph: Adjacency, total: float) -> tuple[Adjacency, Adjacency]:
    """Share of every unit in the outgoing and in the incoming ends of the edges."""
    unit = 1 / total
    if _is_directed(graph):
        return graph.sum(axis=0) * unit, graph.sum(axis=1) * unit
    share = graph.sum(axis=0) * unit * 0.5
    return share, share.copy()


def _gains_of_pairs(
    graph: Adjacency, total: float, given: Adjacency, received: Adjacency
) -> Adjacency:
    """Gain of joining two single units."""
    between = graph + graph.T if _is_directed(graph) else graph
    chance = np.multiply.outer(given, received)
    gain = (1 / total) * between - (chance + chance.T)
    gain[between == 0] = -np.inf
    return gain


def _join(
    gain: Adjacency, u: int, v: int, given: Adjacency, received: Adjacency
) -> NDArray[np.bool_]:
    """Let community v take up u; return which others are neighbours of the union."""
    beside_u, beside_v = gain[u] > -np.inf, gain[v] > -np.inf
    # Between communities without an edge the gain is what is lost to chance.
    with_u = np.where(beside_u, gain[u], -(given[u] * received + given * received[u]))
    with_v = np.where(beside_v, gain[v], -(given[v] * received + given * received[v]))
    others = beside_u | beside_v
    others[[u, v]] = False
    gain[v] = np.where(others, with_v + with_u, -np.inf)
    gain[:, v] = gain[v]
    gain[u] = gain[:, u] = -np.inf
    return others


def _update_best(
    gain: Adjacency,
    best: Labels,
    best_gain: Adjacency,
    u: int,
    v: int,
    others: NDArray[np.bool_],
) -> None:
    """Find the best partner again where it was u or v, and where v has become better."""
    lost = others & ((best == u) | (best == v))
    better = (gain[v] > best_gain) | ((gain[v] == best_gain) & (v < best))
    rows = np.flatnonzero(lost)
    best[rows] = gain[rows].argmax(axis=1)
    gained = others & ~lost & better
    best[gained] = v
    best[v] = gain[v].argmax()
    changed = np.flatnonzero(others)
    best_gain[changed] = gain[changed, best[changed]]
    best_gain[v], best_gain[u] = gain[v, best[v]], -np.inf
