"""Graphs of strong weights and their metrics against networkx and bctpy; what all refuse."""

from __future__ import annotations

import bct
import networkx as nx
import numpy as np
import pytest
import scipy.linalg
from graphs import (
    ALIKE_IF_DIRECTED,
    EDGELESS,
    GRAPHS,
    edgeless,
    graphs,
    matrix_of,
    oracle,
    ring,
    star,
)
from hypothesis import given
from hypothesis import strategies as st

from sk_biornn import metrics
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

# --- assortativity, reciprocity ---


@graphs
def test_assortativity_is_that_of_bctpy(name):
    W, quantile = GRAPHS[name]
    graph = oracle(W, quantile)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = bct.assortativity_bin(matrix_of(graph), flag=0)
    got = assortativity(W, quantile=quantile)
    assert got == pytest.approx(expected, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", sorted(set(GRAPHS) - ALIKE_IF_DIRECTED))
def test_directed_assortativity_is_that_of_networkx(name):
    W, quantile = GRAPHS[name]
    expected = nx.degree_pearson_correlation_coefficient(oracle(W, quantile, directed=True))
    got = assortativity(W, quantile=quantile, symmetrise=None)
    assert got == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", sorted(ALIKE_IF_DIRECTED))
def test_directed_assortativity_is_nan_where_degrees_do_not_differ(name):
    W, quantile = GRAPHS[name]
    assert np.isnan(assortativity(W, quantile=quantile, symmetrise=None))


@pytest.mark.parametrize(
    "W", [ring(9), np.ones((5, 5)), star(2), scipy.linalg.circulant([0, 1, 1, 0, 0])]
)
def test_assortativity_is_nan_in_a_regular_graph(W):
    assert np.isnan(assortativity(W, quantile=None))


@edgeless
def test_assortativity_without_edges_is_nan(name):
    W, quantile = EDGELESS[name]
    assert np.isnan(assortativity(W, quantile=quantile))


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
    lambda W: wiring_cost(W, (2, 1, 1)),
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
        ({"method": None}, TypeError),
    ],
)
def test_modularity_refuses_unknown_arguments(arguments, error):
    with pytest.raises(error, match=f"{next(iter(arguments))} must be"):
        modularity(np.ones((3, 3)), **arguments)


@pytest.mark.parametrize("metric", [clustering_coefficient, global_efficiency])
def test_undirected_metrics_need_a_symmetric_graph(metric):
    with pytest.raises(TypeError, match="symmetrise must be"):
        metric(np.ones((3, 3)), symmetrise=None)


@pytest.mark.parametrize(
    ("n_points", "error"), [(1, ValueError), (2.5, TypeError), (True, TypeError)]
)
def test_weight_entropy_refuses_a_bad_number_of_points(n_points, error):
    with pytest.raises(error, match="n_points must be an integer of at least 2, got"):
        weight_entropy(np.ones((3, 3)), n_points=n_points)
