"""Networks whose graphs are known, for the tests of network metrics."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.linalg


def random_matrix(n=40, seed=0):
    return np.random.default_rng(seed).standard_normal((n, n))


def ring(n):
    matrix = np.zeros((n, n))
    matrix[(np.arange(n) + 1) % n, np.arange(n)] = 1  # from i to i + 1
    return matrix


def two_blocks(n=40, inside=0.4, outside=0.05, seed=0):
    block = np.arange(n) * 2 // n
    p = np.where(block[:, None] == block, inside, outside)
    return (np.random.default_rng(seed).random((n, n)) < p).astype(float)


def star(n):
    matrix = np.zeros((n, n))
    matrix[1:, 0] = 1
    return matrix


# name: (W, quantile)
GRAPHS = {
    "random": (random_matrix(), 0.9),
    "random dense": (random_matrix(25, seed=1), 0.4),
    "blocks": (two_blocks(), None),
    "ring": (ring(12), None),
    "long ring": (ring(60), None),  # paths longer than the boolean products are used for
    "complete": (np.ones((8, 8)), None),
    "disconnected": (scipy.linalg.block_diag(np.ones((5, 5)), ring(7), np.zeros((3, 3))), None),
    "star": (star(6), None),
    "path of two": (star(2), None),
    "one way and both": (np.array([[0, 1, 1], [1, 0, 0], [0, 1, 0.0]]), None),
    "autapses": (np.eye(6) * 5 + random_matrix(6), 0.7),
}
# Nothing is left of these: equal weights are not strictly above their quantile.
EDGELESS = {
    "empty": (np.zeros((6, 6)), 0.9),
    "equal weights": (np.ones((6, 6)), 0.9),
    "autapses alone": (np.diag(np.arange(5.0)), None),
    "one unit": (np.ones((1, 1)), None),
}
# All edges start at units of one and the same out-degree, or end at those of one in-degree.
ALIKE_IF_DIRECTED = {"ring", "long ring", "complete", "star", "path of two"}
graphs = pytest.mark.parametrize("name", GRAPHS)
edgeless = pytest.mark.parametrize("name", EDGELESS)


def oracle(W, quantile, *, directed=False):
    """The graph by a plain reading of its definition, as a networkx graph."""
    strong = np.abs(W) > (0 if quantile is None else np.quantile(np.abs(W), quantile))
    graph = nx.DiGraph() if directed else nx.Graph()
    graph.add_nodes_from(range(len(W)))
    graph.add_edges_from((j, i) for i, j in np.argwhere(strong) if i != j)  # from pre to post
    return graph


def matrix_of(graph):
    return nx.to_numpy_array(graph, nodelist=range(len(graph)))
