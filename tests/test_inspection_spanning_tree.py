"""The maximum spanning tree and what pruning leaves of it, against networkx and closed forms."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sk_biornn.biology import MagnitudePruning, RandomPruning, TopProbPruning, keep_probabilities
from sk_biornn.inspection import (
    maximum_spanning_tree,
    random_tree_overlap,
    spanning_tree_overlap,
    top_prob_tree_overlap,
)


def networkx_tree(W):
    graph = nx.Graph()
    graph.add_nodes_from([("post", i) for i in range(len(W))])
    graph.add_nodes_from([("pre", j) for j in range(W.shape[1])])
    for i, j in zip(*np.nonzero(W), strict=True):
        graph.add_edge(("post", i), ("pre", j), weight=abs(W[i, j]))
    edges = np.zeros(W.shape, dtype=bool)
    for ends in nx.maximum_spanning_edges(graph, data=False):
        (_, i), (_, j) = sorted(ends)
        edges[i, j] = True
    return edges


@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (20, 20)])
def test_tree_is_that_of_networkx(zeros, shape):
    rng = np.random.default_rng(0)
    W = rng.standard_normal(shape) * (rng.random(shape) >= zeros)
    np.testing.assert_array_equal(maximum_spanning_tree(W), networkx_tree(W))


@given(hnp.arrays(np.int8, st.tuples(st.integers(1, 6), st.integers(1, 6))))
@settings(deadline=None, max_examples=100)
def test_weight_of_the_tree_with_ties_is_that_of_networkx(W):
    """Equal weights leave a choice of trees, but not of their weight and size."""
    ours, theirs = maximum_spanning_tree(W), networkx_tree(W.astype(float))
    sizes = np.abs(W.astype(float))
    assert sizes[ours].sum() == sizes[theirs].sum()
    assert ours.sum() == theirs.sum()
    assert not ours[W == 0].any()


def test_the_weakest_and_the_strongest_edge_count_as_edges():
    """Costs such as max - w are 0 for the strongest edge, and 0 is no edge in a sparse graph."""
    W = np.full((3, 3), 2.0)
    assert maximum_spanning_tree(W).sum() == 5
    W[0, 0] = 1e-300
    W[0, 1:] = 0
    assert maximum_spanning_tree(W)[0, 0]
    almost_equal = 1 + 1e-15 * np.arange(9).reshape(3, 3)
    np.testing.assert_array_equal(maximum_spanning_tree(almost_equal), networkx_tree(almost_equal))


def test_overlap_in_closed_form():
    W = np.random.default_rng(0).standard_normal((10, 10))
    tree = maximum_spanning_tree(W)
    assert tree.sum() == 19
    assert spanning_tree_overlap(W, W) == spanning_tree_overlap(W, tree) == 1
    assert spanning_tree_overlap(W, np.where(tree, 0, W)) == 0
    one_less = tree.copy()
    one_less[tuple(np.argwhere(tree)[0])] = False
    assert spanning_tree_overlap(W, one_less) == 18 / 19
    assert np.isnan(spanning_tree_overlap(np.zeros((3, 3)), np.ones((3, 3))))


def mean_overlap(pruner, W, density, n_runs=200):
    return np.mean(
        [
            spanning_tree_overlap(W, pruner.prune(W, density, random_state=seed)[0])
            for seed in range(n_runs)
        ]
    )


@pytest.mark.parametrize("density", [0.1, 0.5])
def test_expectation_of_random_pruning(density):
    W = np.random.default_rng(0).standard_normal((12, 12))
    found = mean_overlap(RandomPruning(fixed_count=True), W, density)
    assert found == pytest.approx(random_tree_overlap(density), abs=4 * 0.5 / np.sqrt(200 * 23))


@pytest.mark.parametrize(("density", "expected"), [(0.1, 0.2), (0.2, 0.4), (0.4, 0.8), (0.7, 1)])
def test_expectation_of_random_pruning_where_half_of_the_weights_are_zero(density, expected):
    """Only the 72 of 144 entries that are not 0 can be kept, so each is kept twice as often."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal(144)
    W[rng.permutation(144)[:72]] = 0
    W = W.reshape(12, 12)
    assert random_tree_overlap(density, W) == pytest.approx(expected, abs=1e-12)
    pruner = RandomPruning(fixed_count=True)
    tolerance = 4 * 0.5 / np.sqrt(200 * maximum_spanning_tree(W).sum())
    # 0.1 * 144 are 14.4 entries, of which 14 or 15 can be kept.
    tolerance += 0.5 / 72
    assert mean_overlap(pruner, W, density) == pytest.approx(expected, abs=tolerance)


def test_expectation_without_edges_or_without_zeros():
    assert random_tree_overlap(0.3, np.ones((4, 5))) == pytest.approx(random_tree_overlap(0.3))
    assert np.isnan(random_tree_overlap(0.3, np.zeros((3, 3))))


@pytest.mark.parametrize("density", [0.2, 0.5, 0.8])
def test_bound_of_top_prob_pruning_holds_in_expectation(density):
    """The expectation over weights and draws; for one matrix it may be missed."""
    rng = np.random.default_rng(0)
    pairs = []
    for seed in range(40):
        W = rng.random((15, 15))
        kept = TopProbPruning().prune(W, density, random_state=seed)[0]
        pairs.append((spanning_tree_overlap(W, kept), top_prob_tree_overlap(W, density)))
    found, bound = np.mean(pairs, axis=0)
    assert found > bound
    assert found > random_tree_overlap(density)


def test_exact_expectation_of_top_prob_pruning():
    W = np.random.default_rng(0).standard_normal((12, 12))
    expected = keep_probabilities(W, 0.3 * 144)[maximum_spanning_tree(W)].mean()
    assert mean_overlap(TopProbPruning(), W, 0.3) == pytest.approx(expected, abs=0.03)


def test_bound_in_closed_form():
    n, density = 6, 0.5
    k = np.arange(4, 7)
    expected = density * (3 + ((n - k) ** 2 / (n**2 - k)).sum()) / 11
    assert top_prob_tree_overlap(np.ones((n, n)), density) == pytest.approx(expected, rel=1e-12)
    assert top_prob_tree_overlap(np.ones((n, n)), 0.1) == pytest.approx(
        0.1 * (expected * 11 / density) / 3.6, rel=1e-12
    )
    assert top_prob_tree_overlap(np.ones((n, n)), 0) == 0
    assert top_prob_tree_overlap([[1.0]], 1.0) == 0


def test_largest_weights_hold_most_of_the_tree():
    W = np.random.default_rng(0).standard_normal((30, 30))
    by = [mean_overlap(p, W, 0.2, 20) for p in (RandomPruning(), TopProbPruning())]
    assert by[0] < by[1] < spanning_tree_overlap(W, MagnitudePruning().prune(W, 0.2)[0])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"must have the shape of W_dense, \(2, 2\), got"):
        spanning_tree_overlap(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match=r"W must be a matrix of finite numbers, got shape \(3,\)"):
        maximum_spanning_tree([1, 2, 3])
    with pytest.raises(ValueError, match="W_dense must be finite"):
        spanning_tree_overlap([[np.nan]], [[1]])
    with pytest.raises(ValueError, match=r"density must be in \[0, 1\], got 2"):
        random_tree_overlap(2)
    with pytest.raises(ValueError, match=r"W must be a matrix of finite numbers, got shape \(2,\)"):
        random_tree_overlap(0.5, [1, 2])
    with pytest.raises(ValueError, match="W must be a square matrix"):
        top_prob_tree_overlap(np.ones((2, 3)), 0.5)
