"""Metrics of sparse weights: the values of the dense ones, or one sentence."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV

from sk_biornn import DaleRNNClassifier, _sparse, _structure, inspection, metrics
from sk_biornn.datasets import read_connectome
from sk_biornn.metrics import _clustering, _spectral, _wiring
from sk_biornn.metrics._graph import _quantile
from sk_biornn.units import Connectome

KINDS = ("csr_array", "csc_array", "coo_array", "csr_matrix", "csc_matrix", "coo_matrix")
SYMMETRIES = ("either", "both", "mean")
SPARSE = {
    "density": lambda W: metrics.density(W),
    "ei_balance": lambda W: metrics.ei_balance(W),
    "weight_entropy": lambda W: metrics.weight_entropy(W, n_points=20),
    "dale_violations": lambda W: metrics.dale_violations(W, np.resize([1, -1, 0], W.shape[0])),
    "wiring_cost": lambda W: metrics.wiring_cost(
        W, np.arange(2.0 * W.shape[0]).reshape(-1, 2) ** 1.5, power=1.3, unit_cube=True
    ),
    "spectral_radius": lambda W: metrics.spectral_radius(W),
}
OF_GRAPHS = {
    "assortativity": (metrics.assortativity, (*SYMMETRIES, None)),
    "reciprocity": (lambda W, symmetrise, **how: metrics.reciprocity(W, **how), ("either",)),
    "clustering_coefficient": (metrics.clustering_coefficient, SYMMETRIES),
}
DENSE = {
    "svd_entropy": metrics.svd_entropy,
    "singular_value_gap": metrics.singular_value_gap,
    "communicability": metrics.communicability,
    "communities": metrics.communities,
    "modularity": metrics.modularity,
    "global_efficiency": metrics.global_efficiency,
    "small_worldness": metrics.small_worldness,
}


@st.composite
def matrices(draw):
    """Few or many weights, of few or many sizes, so that there are ties at the threshold."""
    n_units = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    sizes = rng.standard_normal((n_units, n_units))
    if draw(st.booleans()):
        sizes = np.round(2 * sizes)
    there = rng.random((n_units, n_units)) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    return np.where(there, sizes, 0.0) + 0.0  # no -0.0, of which a sparse matrix knows nothing


def as_sparse(W, kind="csr_array"):
    """Sparse, with one entry in two parts and a zero that is stored."""
    matrix = sp.coo_array(W)
    rows, columns = (np.r_[side, side[:1], 0] for side in matrix.coords)
    values = np.r_[matrix.data, matrix.data[:1] / 2, 0.0]
    values[: min(1, matrix.nnz)] /= 2
    return getattr(sp, kind)(sp.coo_array((values, (rows, columns)), shape=W.shape))


@pytest.mark.parametrize("name", SPARSE)
@given(W=matrices(), kind=st.sampled_from(KINDS))
def test_of_sparse_weights_as_of_dense_ones(name, W, kind):
    assert SPARSE[name](as_sparse(W, kind)) == pytest.approx(SPARSE[name](W), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("name", OF_GRAPHS)
@given(W=matrices(), quantile=st.sampled_from([None, 0.0, 0.3, 0.5, 0.9, 0.97, 1.0]))
def test_of_sparse_graphs_as_of_dense_ones(name, W, quantile):
    function, symmetries = OF_GRAPHS[name]
    for symmetrise in symmetries:
        how = {"quantile": quantile, "symmetrise": symmetrise}
        expected = function(W, **how)
        assert function(as_sparse(W), **how) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@given(W=matrices(), quantile=st.floats(0, 1))
def test_the_quantile_is_that_of_all_pairs_to_the_last_bit(W, quantile):
    expected = np.quantile(np.abs(W), quantile)
    assert _quantile(_sparse.canonical(np.abs(W)), quantile) == expected


@pytest.mark.parametrize("name", DENSE)
@given(W=matrices())
def test_what_needs_a_dense_matrix_takes_a_small_sparse_one(name, W):
    assert np.array_equal(DENSE[name](sp.csr_array(W)), DENSE[name](W), equal_nan=True)


@pytest.mark.parametrize("name", DENSE)
def test_what_needs_a_dense_matrix_refuses_a_large_sparse_one(name):
    with pytest.raises(ValueError, match=rf"^{name} needs a dense W.* got 2049; pass W\.toarray\("):
        DENSE[name](sp.eye_array(2049, k=1))


def test_the_parts_of_large_matrices_make_the_whole(monkeypatch):
    W = as_sparse(np.random.default_rng(0).standard_normal((60, 60)))
    how = {"quantile": 0.8}
    clustering, wire = metrics.clustering_coefficient(W, **how), SPARSE["wiring_cost"](W)
    monkeypatch.setattr(_clustering, "_PATHS_AT_ONCE", 100)
    monkeypatch.setattr(_wiring, "_AT_ONCE", 7)
    assert metrics.clustering_coefficient(W, **how) == pytest.approx(clustering, rel=1e-13)
    assert SPARSE["wiring_cost"](W) == pytest.approx(wire, rel=1e-13)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dale", [False, True])
def test_the_spectral_radius_by_iteration(monkeypatch, seed, dale):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((300, 300)) * (rng.random((300, 300)) < 0.05)
    W = np.abs(W) * np.where(np.arange(300) < 240, 1, -3) if dale else W
    expected = metrics.spectral_radius(W)
    monkeypatch.setattr(_sparse, "SMALL", 100)
    values = [metrics.spectral_radius(kind(W)) for kind in (sp.csr_array, sp.csc_matrix)]
    assert values[0] == pytest.approx(expected, rel=1e-9)
    assert values[0] == values[1]  # from the same start


def test_an_iteration_without_end_is_computed_or_says_so(monkeypatch):
    from scipy.sparse import linalg

    def stopped(*arguments, **options):
        raise linalg.ArpackNoConvergence("No convergence (9 iterations)", [], [])

    monkeypatch.setattr(linalg, "eigs", stopped)
    monkeypatch.setattr(_sparse, "SMALL", 10)
    W = np.random.default_rng(0).standard_normal((40, 40))
    expected = np.abs(np.linalg.eigvals(W)).max()
    assert metrics.spectral_radius(sp.csr_array(W)) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(_spectral, "_MOST_DENSE", 39)
    with pytest.raises(
        ValueError, match=r"^spectral_radius must find .*No conv.* 40 .*toarray\(\)"
    ):
        metrics.spectral_radius(sp.csr_array(W))


def test_what_has_no_cycle_has_radius_0():
    rng = np.random.default_rng(0)
    ends = rng.integers(3000, size=(2, 45_000))
    random = sp.coo_array((rng.random(45_000), ends), shape=(3000, 3000))
    order = np.random.default_rng(1).permutation(3000)
    above = sp.triu(random, k=1).tocsr()[order][:, order]
    for W in (above, above.T.tocoo(), sp.eye_array(3000, k=1), sp.eye_array(139_255, k=-2)):
        assert metrics.spectral_radius(W) == 0.0
    above = above + 0.5 * sp.eye_array(3000) - sp.coo_array(([2.0], ([7], [7])), shape=(3000, 3000))
    assert metrics.spectral_radius(above) == 1.5


@pytest.mark.parametrize("n_units", [3000, 139_255])
def test_the_radius_of_a_ring_is_the_mean_of_its_weights(n_units):
    sizes = np.exp(np.random.default_rng(0).standard_normal(n_units))
    pre = np.arange(n_units)
    for weights, expected in ((np.ones(n_units), 1), (-sizes, np.exp(np.log(sizes).mean()))):
        ring = sp.coo_array((weights, ((pre + 1) % n_units, pre)), shape=(n_units, n_units))
        assert metrics.spectral_radius(ring) == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 2**16), st.lists(st.integers(1, 14), min_size=1, max_size=8))
def test_the_radius_of_blocks_is_that_of_the_dense_matrix(seed, sizes):
    """Blocks that feed forward into each other, in any order of the units."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(len(sizes)), sizes)
    there = (rng.random((len(label),) * 2) < 0.4) & (label[:, None] > label)
    W = rng.standard_normal(there.shape) * (there | (label[:, None] == label))
    order = rng.permutation(len(label))
    W = W[order][:, order]
    found = _spectral._radius_by_components(sp.csr_array(W))
    blocks = [W[np.ix_(label[order] == k, label[order] == k)] for k in range(len(sizes))]
    expected = max(np.abs(np.linalg.eigvals(block)).max() for block in blocks)
    assert found == pytest.approx(expected, rel=1e-9)
    assert found == pytest.approx(np.abs(np.linalg.eigvals(W)).max(), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.float32, bool])
def test_entries_of_a_pair_are_summed_as_numbers(kind, dtype):
    """Those of small integers do not overflow, and the matrix that came stays as it was."""
    value = dtype(True) if dtype is bool else dtype(100)
    data, post, pre = np.full(3, value), np.array([2, 1, 1]), np.array([2, 0, 0])
    W = sp.coo_array((data, (post, pre)), shape=(3, 3))
    if kind.startswith("coo"):
        W = getattr(sp, kind)(W)
    else:  # whose constructor would have summed them
        major = post if kind.startswith("csr") else pre
        place = np.argsort(major, kind="stable")
        minor = (pre if kind.startswith("csr") else post)[place]
        starts = np.searchsorted(major[place], np.arange(4))
        W = getattr(sp, kind)((data[place], minor, starts), shape=(3, 3))
    n_entries, names = W.nnz, ["a", "b", "c"]
    expected = 2.0 * float(value)
    assert Connectome(W, names).weights[1, 0] == expected
    assert read_connectome(W).weights[1, 0] == expected
    assert metrics.density(W) == 2 / 9
    assert metrics.spectral_radius(W) == float(value)
    assert _sparse.canonical(W)[1, 0] == expected
    assert W.nnz == n_entries == 3 and W.dtype == dtype


def test_what_becomes_dense_is_summed_first():
    W = sp.coo_array((np.array([100, 100], dtype=np.int8), ([1, 1], [0, 0])), shape=(3, 3))
    assert _sparse.dense(W, "W")[1, 0] == 200 and W.nnz == 2
    assert _sparse.dense(sp.csr_array(np.eye(3, dtype=np.int8)), "W").dtype == np.int8


def test_a_mask_with_many_entries_of_a_pair_keeps_the_synapse():
    ones = np.ones(256, dtype=np.uint8)
    W = sp.coo_array((ones, (ones, 0 * ones)), shape=(3, 3))
    assert _structure.structure_of(W).nnz == 1
    rows = sp.csr_array((ones, 0 * ones.astype(int), [0, 0, 256, 256]), shape=(3, 3))
    for structure in (_structure.structure_of(rows), _structure.pattern_of(rows)):
        assert structure.toarray().tolist() == (np.eye(3, k=-1) * [1, 0, 0] > 0).tolist()
        assert structure.dtype == bool and structure.has_canonical_format
    assert _structure.values_on(structure, rows).tolist() == [256]
    assert _structure.count_off(structure, rows) == 0
    assert rows.nnz == 256  # as it came


def test_a_whole_brain_has_metrics():
    """A ring of 139,255 units, each wired to the next two: everything about it is known."""
    n_units = 139_255
    pre = np.arange(n_units)
    ones = np.ones(n_units)
    ring = sum(
        sp.coo_array((ones, ((pre + step) % n_units, pre)), shape=(n_units, n_units)).tocsr()
        for step in (1, 2)
    )
    places = np.stack([np.cos(2 * np.pi * pre / n_units), np.sin(2 * np.pi * pre / n_units)], 1)
    tracemalloc.start()
    assert metrics.density(ring) == 2 / n_units
    assert metrics.ei_balance(-ring) == -1
    assert metrics.dale_violations(ring, np.where(pre < 10, -1, 1)) == 20
    assert metrics.reciprocity(ring, quantile=None) == 0
    assert metrics.clustering_coefficient(ring, quantile=None) == pytest.approx(0.5)
    assert np.isnan(metrics.assortativity(ring, quantile=0.5))  # all degrees are equal
    steps = 2 * np.sin(np.pi * np.array([1, 2]) / n_units)
    assert metrics.wiring_cost(ring, places) == pytest.approx(n_units * steps.sum())
    assert 0 < metrics.weight_entropy(ring) < 0.01
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**28  # dense: 155 GB


def test_the_radius_of_a_large_ring_with_a_hub():
    """A hub that excites n and is excited by them with a and b: radius sqrt(n a b)."""
    n_units = 5000
    hub = sp.lil_array((n_units, n_units))
    hub[1:, 0], hub[0, 1:] = 0.5, 0.02
    assert metrics.spectral_radius(hub.tocsr()) == pytest.approx(np.sqrt(4999 * 0.01), rel=1e-9)
    assert metrics.spectral_radius(sp.csr_array((n_units, n_units))) == 0


def test_labels_and_checks_hold_for_sparse_weights():
    W = np.array([[0, 0, 5.0], [1, 0, 0], [0, -2, 0]])
    connectome = Connectome(sp.csr_array(W), ["A", "B", "C"])
    signs = {"C": 1, "B": -1, "A": -1}
    assert metrics.dale_violations(connectome, signs) == 1
    assert metrics.density(connectome) == 1 / 3
    for matrix, message in (
        (sp.csr_array((2, 3)), r"W must be a square matrix .* got shape \(2, 3\)"),
        (sp.csr_array([[0, np.inf], [0, 0]]), "W must be finite"),
        (sp.csr_array([[0, 1j], [0, 0]]), "W must be a real numeric array"),
        (sp.csr_array((0, 0)), "W must be a square matrix"),
    ):
        with pytest.raises(ValueError, match=message):
            metrics.density(matrix)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix])
def test_scorers_take_networks_with_sparse_weights(kind):
    W = np.random.default_rng(0).standard_normal((20, 20)) * (np.eye(20) == 0)
    signs = np.where(np.arange(20) < 16, 1, -1)
    dense, sparse = (
        SimpleNamespace(W_rec_=weights, signs_=signs, coordinates=(5, 2, 2))
        for weights in (W, kind(W))
    )
    names = ("density", "dale_violations", "neg_wiring_cost", "entropy", "modularity")
    for name, scorer in metrics.bio_scoring(*names).items():
        assert scorer(sparse) == pytest.approx(scorer(dense), rel=1e-12), name
    broken = SimpleNamespace(W_rec_=kind(np.where(W > 2, np.nan, W)))
    assert np.isnan(metrics.modularity_scorer(broken))
    assert metrics.WeightScorer(lambda W: W.nnz)(sparse) == 380


class SparseClassifier(DaleRNNClassifier):
    """One whose recurrent weights are a sparse array after its fit."""

    def fit(self, X, y):
        super().fit(X, y)
        self.W_rec_ = sp.csr_array(self.W_rec_)
        return self


def test_a_search_is_scored_by_sparse_weights():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 5, 2)), np.arange(12) % 2
    scoring = metrics.bio_scoring("density", "dale_violations", "modularity")
    found = [
        GridSearchCV(
            kind(n_units=6, mask=rng_mask(), max_iter=1, random_state=0),
            {"learning_rate_init": [1e-3]},
            scoring=scoring,
            refit=False,
            cv=2,
        ).fit(X, y)
        for kind in (DaleRNNClassifier, SparseClassifier)
    ]
    for name in scoring:
        key = f"mean_test_{name}"
        assert found[0].cv_results_[key] == pytest.approx(found[1].cv_results_[key])


def rng_mask(n_units=6):
    return np.random.default_rng(1).random((n_units, n_units)) < 0.5


@pytest.mark.parametrize("absolute", [True, False])
def test_blocks_of_sparse_weights_are_those_of_dense_ones(absolute):
    W = np.random.default_rng(0).standard_normal((7, 7)) * (rng_mask(7))
    labels = list("aabbbba")
    for weights in (sp.csr_array(W), SimpleNamespace(W_rec_=sp.coo_matrix(W))):
        of = {"labels": labels}
        for function, how in (
            (inspection.population_interactions, {**of, "absolute": absolute}),
            (inspection.block_density, of),
        ):
            pd.testing.assert_frame_equal(function(weights, **how), function(W, **how))


def test_blocks_of_a_whole_brain():
    n_units = 139_255
    ring = sp.coo_array(
        (np.full(n_units, 3.0), (np.roll(np.arange(n_units), 1), np.arange(n_units))),
        shape=(n_units, n_units),
    )
    table = inspection.population_interactions(ring, labels=["a"] * 100_000 + ["b"] * 39_255)
    n_pairs = np.array([1e5**2, 1e5 * 39_255, 1e5 * 39_255, 39_255.0**2])
    assert table["mean"].to_numpy() * n_pairs == pytest.approx([3 * 99_999, 3, 3, 3 * 39_254])


@pytest.mark.parametrize("part", ["a", ("a", "b"), ("b", "a"), 3, [0, 5]])
def test_silencing_cuts_sparse_weights_as_dense_ones(part):
    mask = rng_mask()
    names, labels = list("uvwxyz"), list("aabbba")
    X = np.random.default_rng(1).standard_normal((6, 4, 2))
    given_ = Connectome(sp.csr_array(mask.astype(float)), names, signs=[1, 1, 1, 1, -1, -1])
    network = DaleRNNClassifier(n_units=6, mask=given_, max_iter=1, random_state=0)
    network.fit(X, np.arange(6) % 2)
    dense = inspection.silence(network, part, labels=labels)
    network.W_rec_ = sp.csr_array(network.W_rec_)
    sparse = inspection.silence(network, part, labels=labels)
    assert isinstance(sparse.W_rec_, sp.csr_array)
    assert sparse.W_rec_.toarray().tolist() == dense.W_rec_.tolist()
    assert sparse.mask.weights.toarray().tolist() == dense.mask.weights.toarray().tolist()
    assert sparse.mask.names == tuple(names)
    assert (sparse.mask.weights.toarray() <= mask).all()
    refitted = sparse.fit(X, np.arange(6) % 2)  # the cut synapses stay cut
    assert not refitted.W_rec_[sparse.mask.weights.toarray() == 0].any()


def test_spanning_trees_of_sparse_weights():
    W = np.random.default_rng(0).standard_normal((6, 6)) * rng_mask()
    assert inspection.maximum_spanning_tree(sp.csr_array(W)).tolist() == (
        inspection.maximum_spanning_tree(W).tolist()
    )
    with pytest.raises(ValueError, match=r"^the spanning tree needs a dense W"):
        inspection.maximum_spanning_tree(sp.eye_array(3000).tocsr())


def test_iteration_is_for_large_matrices_only(monkeypatch):
    monkeypatch.setattr(_spectral, "_largest_eigenvalue", None)
    assert metrics.spectral_radius(sp.csr_array([[0.0, -2.0], [2.0, 0.0]])) == pytest.approx(2)
