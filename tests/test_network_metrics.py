"""Network metrics against networkx, bctpy, SciPy, brute force and closed forms."""

from __future__ import annotations

import bct
import networkx as nx
import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from sk_biornn import metrics
from sk_biornn.biology.communicability import communicability as torch_communicability
from sk_biornn.metrics import (
    assortativity,
    clustering_coefficient,
    communicability,
    communities,
    ei_balance,
    global_efficiency,
    modularity,
    reciprocity,
    weight_entropy,
    wiring_cost,
)
from sk_biornn.metrics._graph import surviving_weights


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


def as_sets(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


# --- modularity ---


@graphs
@pytest.mark.parametrize("directed", [False, True])
def test_greedy_communities_are_those_of_networkx(name, directed):
    W, quantile = GRAPHS[name]
    graph = oracle(W, quantile, directed=directed)
    expected = nx.community.greedy_modularity_communities(graph)
    arguments = {"quantile": quantile, "symmetrise": None if directed else "either"}
    assert as_sets(communities(W, **arguments)) == set(expected)  # ties included
    q = nx.community.modularity(graph, expected)
    assert modularity(W, **arguments) == pytest.approx(q, abs=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 30), st.floats(0.02, 0.98), st.booleans())
def test_greedy_modularity_of_any_graph_is_that_of_networkx(seed, n, p, weighted):
    rng = np.random.default_rng(seed)
    W = rng.random((n, n)) * (rng.random((n, n)) < p)
    graph = nx.from_numpy_array(np.maximum(W, W.T) * (1 - np.eye(n)))
    if graph.size() == 0:
        return
    weight = "weight" if weighted else None
    expected = nx.community.greedy_modularity_communities(graph, weight=weight)
    q = nx.community.modularity(graph, expected, weight=weight)
    assert modularity(W, quantile=None, weighted=weighted) == pytest.approx(q, abs=1e-12)


@graphs
@pytest.mark.parametrize("symmetrise", ["either", None])
def test_louvain_modularity_is_that_of_its_communities(name, symmetrise):
    W, quantile = GRAPHS[name]
    arguments = {"method": "louvain", "quantile": quantile, "symmetrise": symmetrise}
    graph = oracle(W, quantile, directed=symmetrise is None)
    found = as_sets(communities(W, **arguments, random_state=3))
    expected = nx.community.modularity(graph, found)
    assert modularity(W, **arguments, random_state=3) == pytest.approx(expected, abs=1e-12)


def test_directed_is_greedy_without_symmetrising():
    W = random_matrix()
    expected = modularity(W, symmetrise=None)
    assert modularity(W, method="directed") == expected != modularity(W)


@pytest.mark.parametrize("method", ["greedy", "louvain", "directed"])
def test_planted_communities_are_found(method):
    W = two_blocks(40, inside=0.9, outside=0.02)
    labels = communities(W, method=method, quantile=None)
    assert as_sets(labels) == {frozenset(range(20)), frozenset(range(20, 40))}


def test_modularity_of_cliques_in_closed_form():
    """k equal cliques without an edge between them: Q = 1 - 1 / k."""
    W = scipy.linalg.block_diag(*[np.ones((5, 5))] * 4)
    assert modularity(W, quantile=None) == pytest.approx(3 / 4)


def test_largest_community_comes_first():
    W = scipy.linalg.block_diag(np.ones((2, 2)), np.ones((5, 5)), np.ones((3, 3)))
    assert communities(W, quantile=None).tolist() == [2] * 2 + [0] * 5 + [1] * 3


@edgeless
@pytest.mark.parametrize("method", ["greedy", "louvain", "directed"])
def test_without_edges_all_stand_alone_and_modularity_is_0(name, method):
    W, quantile = EDGELESS[name]
    assert communities(W, method=method, quantile=quantile).tolist() == list(range(len(W)))
    assert modularity(W, method=method, quantile=quantile) == 0.0


# --- assortativity, reciprocity ---


@graphs
def test_assortativity_is_that_of_bctpy(name):
    W, quantile = GRAPHS[name]
    graph = oracle(W, quantile)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = bct.assortativity_bin(matrix_of(graph), flag=0)
    got = assortativity(W, quantile=quantile)
    assert got == pytest.approx(expected, abs=1e-9, nan_ok=True)


@graphs
def test_directed_assortativity_is_that_of_networkx(name):
    W, quantile = GRAPHS[name]
    got = assortativity(W, quantile=quantile, symmetrise=None)
    with np.errstate(invalid="ignore", divide="ignore"):
        graph = oracle(W, quantile, directed=True)
        expected = nx.degree_pearson_correlation_coefficient(graph)
    if np.isnan(got):  # networkx has no rule for it
        assert len(set(dict(graph.out_degree()).values()) - {0}) == 1 or np.isnan(expected)
    else:
        assert got == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("W", [ring(9), np.ones((5, 5)), star(2), *(W for W, _ in EDGELESS.values())])
def test_assortativity_is_nan_where_degrees_do_not_differ(W):
    quantile = None if W.max() < 3 and not (W == W[0, 0]).all() else 0.9
    assert np.isnan(assortativity(W, quantile=quantile))
    assert np.isnan(assortativity(np.where(np.eye(len(W)), 0, W), quantile=None))


def test_assortativity_is_minus_one_in_a_star():
    assert assortativity(star(7), quantile=None) == pytest.approx(-1)


@graphs
def test_reciprocity_is_that_of_networkx(name):
    W, quantile = GRAPHS[name]
    expected = nx.overall_reciprocity(oracle(W, quantile, directed=True))
    assert reciprocity(W, quantile=quantile) == pytest.approx(expected, abs=1e-15)


@edgeless
def test_reciprocity_without_edges_is_nan(name):
    W, quantile = EDGELESS[name]
    assert np.isnan(reciprocity(W, quantile=quantile))


# --- clustering, efficiency ---


@graphs
def test_clustering_and_efficiency_are_those_of_bctpy(name):
    W, quantile = GRAPHS[name]
    adjacency = matrix_of(oracle(W, quantile))
    expected = bct.clustering_coef_bu(adjacency).mean(), bct.efficiency_bin(adjacency)
    got = clustering_coefficient(W, quantile=quantile), global_efficiency(W, quantile=quantile)
    assert got == pytest.approx(expected, abs=1e-6)


@edgeless
def test_clustering_and_efficiency_without_edges_are_0(name):
    W, quantile = EDGELESS[name]
    assert clustering_coefficient(W, quantile=quantile) == 0.0
    assert global_efficiency(W, quantile=quantile) == 0.0


def test_efficiency_of_a_long_path_in_closed_form():
    """On a line of n units, n - d pairs are d steps apart."""
    n = 50
    distance = np.arange(1, n)
    expected = 2 * ((n - distance) / distance).sum() / (n * (n - 1))
    assert global_efficiency(np.eye(n, k=1), quantile=None) == pytest.approx(expected)


# --- from weights to a graph ---


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.25, 0.9, 1.0, None]))
def test_edges_are_strictly_above_the_quantile(seed, quantile):
    W = np.random.default_rng(seed).integers(-3, 4, (6, 6)).astype(float)  # many ties
    threshold = 0 if quantile is None else np.quantile(np.abs(W), quantile)
    expected = (np.abs(W) > threshold) & ~np.eye(6, dtype=bool)
    assert np.array_equal(surviving_weights(W, quantile, None) > 0, expected)
    assert np.array_equal(surviving_weights(W, quantile, "either") > 0, expected | expected.T)
    assert np.array_equal(surviving_weights(W, quantile, "both") > 0, expected & expected.T)


def test_mean_symmetrises_before_the_threshold():
    W = np.array([[0, 4, 3], [0, 0, 3], [3, 0, 0.0]])  # means 2, 3, 1.5
    graph = surviving_weights(W, 0.8, "mean")
    assert np.argwhere(graph).tolist() == [[0, 2], [2, 0]]
    assert graph.max() == 3.0


def test_surviving_weights_keep_their_size():
    W = np.array([[9, -4, 1], [2, 0, 0], [0, 0, 0.0]])
    assert surviving_weights(W, None, None).tolist() == [[0, 4, 1], [2, 0, 0], [0, 0, 0]]
    assert surviving_weights(W, None, "either").tolist() == [[0, 4, 1], [4, 0, 0], [1, 0, 0]]
    assert surviving_weights(W, None, "both").tolist() == [[0, 2, 0], [2, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "metric",
    [modularity, assortativity, reciprocity, clustering_coefficient, global_efficiency],
)
@given(seed=st.integers(0, 10**6))
def test_graph_metrics_ignore_unit_and_sign_of_weights(metric, seed):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((15, 15))
    other = 2.0 ** rng.integers(-8, 8) * W * rng.choice([-1, 1], 15)
    assert metric(W) == metric(other)


@pytest.mark.parametrize(
    "metric", [assortativity, reciprocity, clustering_coefficient, global_efficiency]
)
@given(seed=st.integers(0, 10**6))
def test_graph_metrics_ignore_the_order_of_units(metric, seed):
    rng = np.random.default_rng(seed)
    W, order = rng.standard_normal((15, 15)), rng.permutation(15)
    assert metric(W[np.ix_(order, order)]) == pytest.approx(metric(W), abs=1e-9, nan_ok=True)


# --- entropy ---


@pytest.mark.parametrize("n", [2, 3, 20, 60])
def test_weight_entropy_is_that_of_scipys_kde(n):
    W = np.random.default_rng(n).gamma(0.3, size=(n, n))
    density = scipy.stats.gaussian_kde(W.ravel())(np.linspace(W.min(), W.max(), 100))
    expected = scipy.stats.entropy(density, base=2)
    assert weight_entropy(W) == pytest.approx(expected, abs=1e-10)


def test_weight_entropy_of_even_weights_is_nearly_that_of_all_points():
    W = np.linspace(-1, 1, 10_000).reshape(100, 100)
    assert np.log2(100) - 0.05 < weight_entropy(W) < np.log2(100)
    assert np.log2(16) - 0.05 < weight_entropy(W, n_points=16) < np.log2(16)


def test_weight_entropy_of_one_odd_weight_is_low():
    W = np.zeros((60, 60))
    W[0, 0] = 1
    assert weight_entropy(W) < 1.5


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e308, 5e-324])
@pytest.mark.parametrize("n", [1, 4])
def test_weight_entropy_of_equal_weights_is_0(value, n):
    assert weight_entropy(np.full((n, n), value)) == 0.0


@pytest.mark.parametrize("scale", [-1.0, 3.0, 1e-300, 5e307])
def test_weight_entropy_does_not_depend_on_the_unit(scale):
    W = np.random.default_rng(0).uniform(-1, 1, (20, 20))
    assert weight_entropy(scale * W) == pytest.approx(weight_entropy(W), rel=1e-12)


# --- wiring, communicability, balance ---


def test_wiring_cost_is_the_sum_over_pairs():
    rng = np.random.default_rng(0)
    W, xyz = rng.standard_normal((7, 7)), rng.uniform(0, 300, (7, 3))
    pairs = [(i, j) for i in range(7) for j in range(7)]
    expected = sum(abs(W[i, j]) * np.linalg.norm(xyz[i] - xyz[j]) ** 1.5 for i, j in pairs)
    assert wiring_cost(W, xyz, power=1.5) == pytest.approx(expected)


def test_wiring_cost_of_a_grid():
    """Unit 1 of a (2, 3) grid is one step beside unit 0, unit 3 is one step below it."""
    W = np.zeros((6, 6))
    W[1, 0], W[3, 0], W[5, 0] = 1, 10, -100
    assert wiring_cost(W, (2, 3)) == pytest.approx(1 + 10 + 100 * np.sqrt(5))
    expected = 0.5 + 10 + 100 * np.sqrt(2)
    assert wiring_cost(W, (2, 3), unit_cube=True) == pytest.approx(expected)
    measured = [[7, y, x] for y in (0, 40) for x in (5, 6, 7)]  # no extent along the first axis
    assert wiring_cost(W, measured, unit_cube=True) == pytest.approx(expected)


@pytest.mark.parametrize(
    "coordinates",
    [(2, 2), (-2, -3), (), np.zeros((5, 3)), np.zeros(6), np.zeros((6, 0)), "grid", [[np.nan]] * 6],
)
def test_wiring_cost_refuses_coordinates_that_do_not_fit(coordinates):
    with pytest.raises(ValueError, match="coordinates must"):
        wiring_cost(np.ones((6, 6)), coordinates)


@pytest.mark.parametrize("power", [0, -1, np.inf, np.nan, True, "1"])
def test_wiring_cost_refuses_a_power_that_is_not_positive(power):
    with pytest.raises(ValueError, match="power must"):
        wiring_cost(np.ones((2, 2)), (2,), power=power)


def silenced(W, *, rows=(), columns=()):
    W = W.copy()
    W[list(rows)], W[:, list(columns)] = 0, 0
    return W


@pytest.mark.parametrize(
    "W",
    [
        random_matrix(30),
        silenced(random_matrix(30), rows=[3]),
        silenced(random_matrix(30), columns=[3, 4]),
        silenced(random_matrix(30), rows=[5], columns=[5]),
        np.zeros((4, 4)),
        np.eye(3),
        np.ones((1, 1)),
    ],
)
def test_communicability_is_that_of_the_penalty(W):
    ours = communicability(W)
    assert np.isfinite(ours).all()
    assert ours == pytest.approx(torch_communicability(torch.tensor(W)).numpy(), abs=1e-12)


def test_communicability_is_the_exponential_of_the_scaled_matrix():
    W = random_matrix(20)
    root = np.sqrt(np.abs(W).sum(axis=0))
    expected = scipy.linalg.expm(np.abs(W) / root[:, None] / root)
    np.fill_diagonal(expected, 0)
    assert communicability(W) == pytest.approx(expected, rel=1e-12)


def test_communicability_reads_columns_as_outputs():
    """Unit 0 drives unit 1, which has no output: nothing can come back."""
    W = np.array([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert not communicability(W).any()
    W[0, 1] = 2.0
    assert (communicability(W) > 0).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("scale", [5e-324, 1e-200, 1e308])
def test_communicability_does_not_depend_on_the_unit(scale):
    W = np.array([[0.0, 1], [1, 0]]) * scale
    assert communicability(W)[0, 1] == pytest.approx(np.sinh(1))


@pytest.mark.parametrize(
    ("W", "expected"),
    [
        (np.zeros((3, 3)), 0),
        (np.ones((3, 3)), 1),
        (-np.ones((3, 3)) * 1e308, -1),
        (np.array([[1, -2], [0, 1.0]]), 0),
        (np.array([[6, -2], [0, 0.0]]), 0.5),
    ],
)
def test_ei_balance(W, expected):
    assert ei_balance(W) == expected


# --- what is refused ---

OF_WEIGHTS = [
    assortativity,
    clustering_coefficient,
    communicability,
    communities,
    ei_balance,
    global_efficiency,
    metrics.small_worldness,
    modularity,
    reciprocity,
    weight_entropy,
    lambda W: wiring_cost(W, (2,)),
]


@pytest.mark.parametrize("metric", OF_WEIGHTS)
@pytest.mark.parametrize(
    "W", [np.full((2, 2), np.nan), [[0, np.inf], [0, 0]], np.ones((2, 3)), [1.0], [], "W", [[1j]]]
)
def test_what_is_not_a_finite_square_matrix_is_refused(metric, W):
    with pytest.raises(ValueError, match="W must be"):
        metric(W)


@pytest.mark.parametrize("metric", OF_WEIGHTS)
def test_weights_are_left_as_they_were(metric):
    W = np.array([[0.5, -1.0], [2.0, 0.0]])
    before = W.copy()
    W.setflags(write=False)
    metric(W)
    assert np.array_equal(W, before)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"quantile": 1.5}, ValueError),
        ({"quantile": np.nan}, ValueError),
        ({"quantile": "0.9"}, TypeError),
        ({"symmetrise": "or"}, ValueError),
        ({"method": "spectral"}, ValueError),
        ({"method": None}, ValueError),
    ],
)
def test_modularity_refuses_unknown_arguments(arguments, error):
    with pytest.raises(error, match=f"{next(iter(arguments))} must be"):
        modularity(np.ones((3, 3)), **arguments)


@pytest.mark.parametrize("metric", [clustering_coefficient, global_efficiency])
def test_undirected_metrics_need_a_symmetric_graph(metric):
    with pytest.raises(ValueError, match="symmetrise must be"):
        metric(np.ones((3, 3)), symmetrise=None)


@pytest.mark.parametrize("n_points", [1, 2.5, True])
def test_weight_entropy_refuses_a_bad_number_of_points(n_points):
    with pytest.raises(ValueError, match="n_points must be"):
        weight_entropy(np.ones((3, 3)), n_points=n_points)
