"""Six metrics of graphs, each of a graph in which it is low and of one in which it is high."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.style import NODE, draw_graph, guide_figure, low_and_high, new_figure, on_circle
from sk_biornn import metrics
from sk_biornn.plots._style import CYCLE

N, MORE = 12, 24


def from_edges(edges: Any, n: int = N) -> np.ndarray:
    """Return a graph in which each edge goes both ways."""
    A = np.zeros((n, n))
    for one, other in edges:
        A[one, other] = A[other, one] = 1
    return A


def ring(reach: int, n: int = N) -> np.ndarray:
    """Return a ring in which each node is joined to its next neighbours."""
    return from_edges(((i, (i + k) % n) for i in range(n) for k in range(1, reach + 1)), n)


def rewired(A: np.ndarray, n_edges: int, seed: int) -> np.ndarray:
    """Return a graph in which some edges go elsewhere."""
    rng, A = np.random.default_rng(seed), A.copy()
    edges = np.argwhere(np.triu(A))
    for one, other in rng.permutation(edges)[:n_edges]:
        free = [k for k in range(len(A)) if k != one and not A[one, k]]
        new = rng.choice(free)
        A[one, other] = A[other, one] = 0
        A[one, new] = A[new, one] = 1
    return A


def cliques(*sizes: int) -> np.ndarray:
    """Return groups in which all are joined to all."""
    ends = np.cumsum(sizes)
    groups = [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    return from_edges((i, j) for group in groups for i in group for j in group if i < j)


ONE_WAY = np.roll(np.eye(N), 1, axis=0)
STAR = from_edges((0, k) for k in range(1, N))
GROUPS = cliques(4, 4, 4) + from_edges([(3, 4), (7, 8), (11, 0)])
# Name: a graph in which it is low, and one in which it is high.
EXAMPLES = {
    "modularity": (rewired(GROUPS, 18, 0), GROUPS),
    "small_worldness": (rewired(ring(2, MORE), 44, 3), rewired(ring(2, MORE), 4, 1)),
    "assortativity": (STAR, cliques(5, 4, 3)),
    "clustering_coefficient": (ring(1), GROUPS),
    "global_efficiency": (from_edges((k, k + 1) for k in range(N - 1)), STAR + ring(1) > 0),
    "reciprocity": (ONE_WAY, ONE_WAY + ONE_WAY.T),
}


def value(name: str, A: np.ndarray) -> float:
    """Return a metric of a graph, all its edges counted."""
    options = {"n_nulls": 200, "random_state": 0} if name == "small_worldness" else {}
    return float(getattr(metrics, name)(A, quantile=None, **options))


def draw_example(ax: Any, name: str, which: int) -> float:
    """Draw one of the two graphs of a metric, and return its value."""
    A = np.asarray(EXAMPLES[name][which], dtype=float)
    colours = NODE
    if name == "modularity":
        colours = [CYCLE[k] for k in metrics.communities(A, quantile=None)]
    size = 26 if len(A) == N else 14
    places = on_circle(len(A))
    draw_graph(ax, A, places, directed=name == "reciprocity", size=size, colours=colours)
    return value(name, A)


@guide_figure
def draw() -> Any:
    """Return the figure: twelve graphs, their values below."""
    figure = new_figure(4.9)
    low_and_high(figure, list(EXAMPLES), draw_example)
    return figure
