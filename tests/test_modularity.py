"""Communities and modularity against networkx and closed forms."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.linalg
from graphs import EDGELESS, GRAPHS, edgeless, graphs, oracle, random_matrix, two_blocks
from hypothesis import given
from hypothesis import strategies as st

from sk_biornn.metrics import communities, modularity


def as_sets(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


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


@pytest.mark.parametrize("symmetrise", ["either", None])
def test_louvain_is_as_good_as_that_of_networkx(symmetrise):
    """The best of ten seeds each; networkx may run for ever on directed rings, but not here."""
    W = random_matrix(60)
    graph = oracle(W, 0.9, directed=symmetrise is None)
    theirs = [nx.community.louvain_communities(graph, seed=seed) for seed in range(10)]
    arguments = {"method": "louvain", "symmetrise": symmetrise}
    ours = [modularity(W, **arguments, random_state=seed) for seed in range(10)]
    assert max(ours) > max(nx.community.modularity(graph, c) for c in theirs) - 0.01
    assert len(set(ours)) > 1


def test_louvain_finds_the_optimum_of_the_karate_club():
    W = nx.to_numpy_array(nx.karate_club_graph(), weight=None)
    best = max(modularity(W, method="louvain", quantile=None, random_state=k) for k in range(20))
    assert best == pytest.approx(0.4198, abs=1e-4)  # the optimum, Brandes et al. 2008


def test_louvain_depends_on_its_seed_alone():
    W = random_matrix()
    first = communities(W, method="louvain", random_state=5)
    np.random.seed(0)
    assert np.array_equal(communities(W, method="louvain", random_state=5), first)


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
