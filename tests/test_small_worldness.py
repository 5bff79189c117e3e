"""Small-worldness and its null graphs, against bctpy and the enumeration of all small graphs."""

from __future__ import annotations

from itertools import product

import bct
import numpy as np
import pytest
from graphs import star

from sk_biornn.metrics import clustering_coefficient, global_efficiency, small_worldness
from sk_biornn.metrics._clustering import expected_clustering
from sk_biornn.metrics._nulls import _independent_pairs_once, independent_pairs


def lattice(n, k):
    """Ring in which every unit is joined to k units on each side."""
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return (np.minimum(distance, n - distance) <= k) & (distance > 0)


def bct_statistics(graph):
    return bct.clustering_coef_bu(graph).mean(), bct.efficiency_bin(graph)


def all_graphs(n, p, p_loop):
    """Yield every graph of n units, loops included, with its probability."""
    post, pre = np.triu_indices(n)
    chance = np.where(post == pre, p_loop, p)
    for edges in product([0.0, 1.0], repeat=len(post)):
        edges = np.array(edges)
        graph = np.zeros((n, n))
        graph[post, pre] = graph[pre, post] = edges
        yield graph, np.where(edges > 0, chance, 1 - chance).prod()


# --- the nulls ---


@pytest.mark.parametrize(("p", "p_loop"), [(0.3, 0.0), (0.7, 0.0), (0.18, 0.3), (0.5, 1.0)])
def test_null_statistics_are_expectations_over_all_graphs(p, p_loop):
    possible = [(graph, chance) for graph, chance in all_graphs(4, p, p_loop) if chance > 0]
    chances = np.array([chance for _, chance in possible])
    values = np.array([bct_statistics(graph) for graph, _ in possible])
    clustering, efficiency = chances @ values
    assert chances.sum() == pytest.approx(1)
    assert expected_clustering(4, p, p_loop) == pytest.approx(clustering, rel=1e-12)
    nulls = independent_pairs(4, p, p_loop, n_nulls=50_000, random_state=0)
    assert nulls.clustering == pytest.approx(clustering, rel=1e-12)
    # A search gives a number in [0, 1], so that its standard deviation is at most 1/2.
    assert nulls.efficiency == pytest.approx(efficiency, abs=4 * 0.5 / np.sqrt(200_000))


@pytest.mark.parametrize("n", [25, 80])
def test_published_nulls_are_those_of_the_original_recipe(n):
    rng = np.random.default_rng(n)
    values = []
    for _ in range(150):
        uniform = rng.random((n, n))
        values.append(bct_statistics(((uniform + uniform.T) / 2 > 0.7).astype(float)))
    error = 4 * np.std(values, axis=0) / np.sqrt(len(values))
    expected = np.mean(values, axis=0)
    W = lattice(n, 3)
    own = clustering_coefficient(W, quantile=None), global_efficiency(W, quantile=None)
    nulls = independent_pairs(n, 0.18, 0.3, n_nulls=1000, random_state=0)
    assert np.all(np.abs(np.array(nulls) - expected) < error)
    got = small_worldness(W, null="published", quantile=None)
    assert got == pytest.approx((own[0] / nulls[0]) / (nulls[1] / own[1]), rel=1e-12)


def test_density_matched_nulls_have_the_density_of_the_network():
    """In sparse graphs, too, where searches are long and do not reach all units."""
    n, p, rng = 40, 0.04, np.random.default_rng(0)
    values = []
    for _ in range(300):
        upper = np.triu(rng.random((n, n)) < p, 1)
        values.append(bct.efficiency_bin((upper | upper.T).astype(float)))
    nulls = independent_pairs(n, p, 0.0, n_nulls=2000, random_state=0)
    assert abs(nulls.efficiency - np.mean(values)) < 4 * np.std(values) / np.sqrt(300)


@pytest.mark.parametrize(("p", "expected"), [(0.0, (0.0, 0.0)), (1.0, (1.0, 1.0))])
@pytest.mark.parametrize("n", [3, 50])
def test_nulls_at_the_ends_of_density(n, p, expected):
    assert independent_pairs(n, p, 0.0, n_nulls=3, random_state=0) == pytest.approx(expected)


def test_nulls_are_the_same_in_blocks(monkeypatch):
    monkeypatch.setattr("sk_biornn.metrics._nulls._SEARCHES_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    in_blocks = independent_pairs(20, 0.2, 0.0, n_nulls=200, random_state=rng)
    at_once = independent_pairs(20, 0.2, 0.0, n_nulls=200, random_state=0)
    assert in_blocks.efficiency == pytest.approx(at_once.efficiency, abs=0.01)


# --- small-worldness ---


def test_small_worldness_by_its_definition():
    W = lattice(60, 4).astype(float)
    clustering, efficiency = bct_statistics(W)
    density = 2 * 4 / 59
    nulls = independent_pairs(60, density, 0.0, n_nulls=300, random_state=1)
    expected = (clustering / nulls.clustering) / (nulls.efficiency / efficiency)
    got = small_worldness(W, quantile=None, n_nulls=300, random_state=1)
    assert got == pytest.approx(expected, rel=1e-6)
    assert got > 2.5


def test_small_worldness_of_a_random_graph_is_one():
    W = np.random.default_rng(0).standard_normal((150, 150))
    assert small_worldness(W, n_nulls=50) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("W", "expected"),
    [
        (np.ones((7, 7)), 1.0),
        (np.eye(9, k=1), 0.0),
        (np.zeros((5, 5)), np.nan),
        (np.eye(5), np.nan),
        (np.ones((1, 1)), np.nan),
        (np.ones((2, 2)), np.nan),
    ],
    ids=["complete", "path", "empty", "autapses", "one unit", "two units"],
)
def test_small_worldness_of_degenerate_graphs(W, expected):
    got = small_worldness(W, quantile=None, n_nulls=20)
    assert got == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("null", ["erdos-renyi", "published", "degree-preserving"])
def test_same_seed_same_value_and_numpys_generator_is_left_alone(null):
    W = np.random.default_rng(3).standard_normal((12, 12))
    state = np.random.get_state()[1].copy()
    arguments = {"null": null, "n_nulls": 4, "quantile": 0.7}
    first = small_worldness(W, **arguments, random_state=7)
    _independent_pairs_once.cache_clear()
    assert small_worldness(W, **arguments, random_state=np.int64(7)) == first
    assert small_worldness(W, **arguments, random_state=8) != first
    assert np.array_equal(np.random.get_state()[1], state)


def test_a_generator_gives_new_nulls_with_each_call():
    W = np.random.default_rng(3).standard_normal((12, 12))
    rng = np.random.default_rng(0)
    values = {small_worldness(W, n_nulls=4, quantile=0.7, random_state=rng) for _ in range(3)}
    assert len(values) == 3


def test_nulls_are_computed_once_per_kind_number_and_seed():
    W = np.random.default_rng(4).standard_normal((30, 30))
    _independent_pairs_once.cache_clear()
    for _ in range(3):
        small_worldness(W, n_nulls=5)
        small_worldness(3 * W.T, n_nulls=5)  # as many units and edges
    assert _independent_pairs_once.cache_info()[:2] == (5, 1)
    small_worldness(W, n_nulls=6)
    small_worldness(W, n_nulls=5, random_state=1)
    small_worldness(W, n_nulls=5, null="published")
    small_worldness(W, n_nulls=5, quantile=0.8)
    assert _independent_pairs_once.cache_info()[:2] == (5, 5)


# --- degree-preserving nulls ---


def test_rewired_nulls_are_those_of_bctpy():
    W = lattice(20, 3).astype(float)
    seeds = np.random.default_rng(0).integers(0, 2**31, size=6)
    nulls = [bct.randmio_und(W, 5, seed=int(seed))[0] for seed in seeds]
    assert all(np.array_equal(null.sum(axis=0), W.sum(axis=0)) for null in nulls)
    c_null, e_null = np.mean([bct_statistics(null) for null in nulls], axis=0)
    clustering, efficiency = bct_statistics(W)
    arguments = {"null": "degree-preserving", "n_nulls": 6, "quantile": None}
    expected = (clustering / c_null) / (e_null / efficiency)
    assert small_worldness(W, **arguments) == pytest.approx(expected, rel=1e-6)
    other = small_worldness(W, **arguments, n_rewirings=1)
    assert other != pytest.approx(expected, rel=1e-6)


def triangle(n):
    matrix = np.zeros((n, n))
    matrix[:3, :3] = 1
    return matrix


@pytest.mark.parametrize(
    ("W", "expected"),
    [
        (star(6), np.nan),
        (star(2), np.nan),
        (np.zeros((4, 4)), np.nan),
        (triangle(3), 1.0),
        (triangle(5), 1.0),
        (np.ones((5, 5)), 1.0),
    ],
    ids=["star", "one edge", "empty", "triangle", "triangle and others", "complete"],
)
def test_graphs_that_cannot_be_rewired_are_their_own_null(W, expected):
    got = small_worldness(W, null="degree-preserving", n_nulls=2, quantile=None)
    assert got == pytest.approx(expected, nan_ok=True)


# --- what is refused ---


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"null": "watts-strogatz"}, ValueError),
        ({"symmetrise": None}, TypeError),
        ({"n_nulls": 0}, ValueError),
        ({"n_nulls": 10.0}, TypeError),
        ({"n_rewirings": -1}, ValueError),
        ({"random_state": "0"}, TypeError),
        ({"random_state": -1}, ValueError),
    ],
)
def test_small_worldness_refuses_unknown_arguments(arguments, error):
    with pytest.raises(error, match=f"{next(iter(arguments))} must be"):
        small_worldness(np.eye(4, k=1), quantile=None, **arguments)
