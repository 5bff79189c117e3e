"""Networks that are stored as their synapses: what dense ones do, without a matrix."""

from __future__ import annotations

import pickle
import tracemalloc
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import ACTIVATIONS
from sklearn.base import clone
from torch.utils._python_dispatch import TorchDispatchMode

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNRegressor,
)
from sk_biornn import _structure as structures
from sk_biornn.biology import (
    CommunicabilityCost,
    Dale,
    MagnitudePruning,
    RandomPruning,
    RateCost,
    SilentUnitCost,
    TopProbPruning,
    WeightCost,
    WiringCost,
)
from sk_biornn.core import Dynamics, RNNParams, Support, run
from sk_biornn.core import synapse_products as products
from sk_biornn.ensemble import fit_many
from sk_biornn.estimators import _stored
from sk_biornn.initializers._stored import STORED_INITIALIZERS, stored_weights
from sk_biornn.inspection import silence
from sk_biornn.units import Connectome

N_UNITS, N_TRIALS, N_STEPS, N_FEATURES = 40, 12, 7, 3
WEIGHTS = ("W_in_", "W_rec_", "b_rec_", "W_out_", "b_out_")


def a_mask(n_units=N_UNITS, density=0.15, seed=0):
    mask = np.random.default_rng(seed).random((n_units, n_units)) < density
    mask[2], mask[:, 3] = False, False  # a unit without inputs, one without outputs
    return mask


SIGNS = np.where(np.arange(N_UNITS) < 28, 1.0, -1.0)
W_INIT = np.abs(np.random.default_rng(1).normal(size=(N_UNITS,) * 2)) * 0.3 * SIGNS * a_mask()


def data(ragged=False, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N_TRIALS, N_STEPS, N_FEATURES))
    y = np.cumsum(X, axis=1)[:, :, :2]
    if ragged:
        lengths = rng.integers(2, N_STEPS + 1, N_TRIALS)
        return [x[:n] for x, n in zip(X, lengths, strict=True)], [
            each[:n] for each, n in zip(y, lengths, strict=True)
        ]
    return X, y


def options(**others):
    return {
        "n_units": N_UNITS,
        "signs": SIGNS,
        "mask": sp.csr_array(a_mask()),
        "recurrent_init": W_INIT,
        "max_iter": 4,
        "batch_size": 5,
        "learning_rate_init": 0.01,
        "random_state": 0,
        **others,
    }


def both(X, y, kind=DaleRNNRegressor, **others):
    """Return a dense fit and a stored one with the same arguments."""
    return [kind(**options(sparse=sparse, **others)).fit(X, y) for sparse in (False, True)]


def whole(array):
    return array.toarray() if sp.issparse(array) else array


def assert_same(dense, stored, tolerance=1e-10):
    assert isinstance(stored.W_rec_, sp.csr_array)
    assert isinstance(stored.mask_, sp.csr_array)
    assert isinstance(dense.W_rec_, np.ndarray)
    np.testing.assert_array_equal(stored.mask_.toarray(), dense.mask_)
    np.testing.assert_array_equal(stored.mask_.indices, stored.W_rec_.indices)
    for name in WEIGHTS:
        found, expected = whole(getattr(stored, name)), getattr(dense, name)
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    W, expected = stored.W_rec_.toarray(), dense.W_rec_
    np.testing.assert_array_equal(np.sign(W), np.sign(expected))
    np.testing.assert_allclose(stored.loss_curve_, dense.loss_curve_, rtol=1e-9)


# ------------------------------------------------------------------ the dense path

LAWS = st.sampled_from(
    ["projection", "abs", "square", "exponentiated", "nonnegative", None, Dale(momentum="kept")]
)
PENALTIES = st.sampled_from(
    [None, "weight", "spatial", ["spatial", "rate"], [WeightCost(0.01), SilentUnitCost(0.1)]]
)
PRUNINGS = st.sampled_from(
    [
        {},
        {"pruning": "magnitude", "density": 0.08},
        {"pruning": "magnitude", "density": [[0.05, 0.1], [0.08, 0.04]]},
        {"pruning": TopProbPruning(fixed_count=True), "density": 0.05},
        {"pruning": RandomPruning(fixed_count=True), "density": [[0.05, 0.1], [0.08, 0.04]]},
        {"pruning": "magnitude", "density": 0.06, "pruning_schedule": "cubic"},
    ]
)
MOVES = st.sampled_from(
    [{}, {"dt": 5.0, "tau": 20.0}, {"dt": 5.0, "tau": np.linspace(5.0, 40.0, N_UNITS)}]
)


@settings(max_examples=40, deadline=None)
@given(
    LAWS,
    PENALTIES,
    PRUNINGS,
    MOVES,
    st.booleans(),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(["state", "rate"]),
    st.booleans(),
    st.sampled_from(["adam", "sgd"]),
)
def test_a_stored_network_learns_what_a_dense_one_does(
    law, penalty, pruning, moves, ragged, noise, activation, readout_from, rectify, solver
):
    X, y = data(ragged)
    init = np.abs(W_INIT) if law == "nonnegative" else W_INIT
    how = {
        "dale": law,
        "signs": None if law == "nonnegative" else SIGNS,
        "excitatory_fraction": 0.7,
        "recurrent_init": init,
        "regularizer": penalty,
        "coordinates": "grid",
        "recurrent_noise": noise,
        "noise_level": noise,
        "activation": activation,
        "readout_from": readout_from,
        "rectify": rectify,
        "finetune_iter": 2,
        "solver": solver,
        **pruning,
        **moves,
    }
    if penalty is None or isinstance(penalty, str) or penalty == ["spatial", "rate"]:
        how["regu_strength"] = 0.01
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dense, stored = both(X, y, **how)
    assert_same(dense, stored)
    for run_of in (lambda fitted: fitted.predict(X), lambda fitted: fitted.hidden_states(X)):
        for a, b in zip(run_of(dense), run_of(stored), strict=True):
            np.testing.assert_allclose(np.asarray(b, float), np.asarray(a, float), atol=1e-10)
    assert stored.score(X, y) == pytest.approx(dense.score(X, y), abs=1e-10)
    assert stored.penalty_value() == pytest.approx(dense.penalty_value(), abs=1e-12)
    assert type(stored.achieved_density_) is type(dense.achieved_density_)
    if dense.achieved_density_ is not None:
        np.testing.assert_allclose(stored.achieved_density_, dense.achieved_density_, rtol=1e-12)
        np.testing.assert_allclose(stored.W_dense_.toarray(), dense.W_dense_, atol=1e-10)


@pytest.mark.parametrize("kind", [DaleRNNClassifier, SpatialRNNRegressor, CellTypeRNNRegressor])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_family_may_be_stored(kind, early_stopping):
    X, y = data()
    y = (y[:, -1, 0] > 0).astype(int) if kind is DaleRNNClassifier else y
    others = {CellTypeRNNRegressor: {"readout": "dense"}, SpatialRNNRegressor: {"dale": "abs"}}
    others = others.get(kind, {})
    stop = {"early_stopping": early_stopping, "validation_fraction": 0.4}
    dense, stored = both(X, y, kind, **others, **stop)
    assert_same(dense, stored)
    assert stored.validation_scores_ == pytest.approx(dense.validation_scores_)


@pytest.mark.parametrize("pruning", [{}, {"pruning": "magnitude", "density": 0.08}])
def test_a_fit_that_goes_on_is_that_of_a_dense_network(pruning):
    X, y = data()
    dense, stored = both(X, y, finetune_iter=2, **pruning)
    stored = pickle.loads(pickle.dumps(stored))
    for network in (dense, stored):
        network.partial_fit(X, y).set_params(warm_start=True).fit(X, y)
    assert_same(dense, stored)
    narrower = a_mask() & a_mask(seed=5)
    for network in (dense, stored):
        network.set_params(mask=sp.csr_array(narrower)).fit(X, y)
    assert_same(dense, stored)
    assert not whole(stored.W_rec_)[~narrower].any()


def test_storage_may_change_between_fits():
    X, y = data()
    dense, stored = both(X, y)
    for network, others in ((dense, (True, False)), (stored, (False, True))):
        for sparse in others:
            network.set_params(warm_start=True, sparse=sparse).fit(X, y)
            assert sp.issparse(network.W_rec_) == sparse
    assert_same(dense, stored)


@pytest.mark.parametrize("law", ["projection", "abs", "square", "exponentiated"])
def test_signs_and_mask_are_exact_after_every_epoch(law):
    seen = []

    def check(network):
        W = network.W_rec_
        assert (W.data * network.signs_[W.indices] >= 0).all()
        assert structures.count_off(network.mask_, W) == 0
        seen.append(W.nnz)

    X, y = data()
    DaleRNNRegressor(
        **options(dale=law, sparse=True, recurrent_init="balanced", on_epoch=check)
    ).fit(X.astype(np.float32), y)
    assert len(seen) == 4


# ------------------------------------------------------------------ nothing of n_units^2


@contextmanager
def without_matrices(n_units):
    """Refuse any tensor, and all arrays of NumPy at one time, of a tenth of a matrix of bool."""
    most = 0.1 * n_units**2  # bytes

    class Small(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), options=None):
            results = function(*arguments, **(options or {}))
            for tensor in results if isinstance(results, (tuple, list)) else [results]:
                if isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided:
                    assert tensor.numel() * tensor.element_size() < most, function
            return results

    tracemalloc.start()
    try:
        with Small():
            yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def test_nothing_has_the_size_of_a_matrix():
    n_units = 50_000  # a mask of bool would take 2.5 GB
    rng = np.random.default_rng(0)
    ends = rng.integers(n_units, size=(2, 4 * n_units))
    mask = sp.coo_array((np.ones(4 * n_units, dtype=bool), ends), shape=(n_units,) * 2)
    names = [f"cell {k}" for k in range(n_units)]
    positions = rng.random((n_units, 3))
    wiring = Connectome(mask.astype(float), names, positions=positions)
    X = rng.standard_normal((6, 3, 2)).astype(np.float32)
    y = X[:, :, :1]
    with without_matrices(n_units):
        use_everything(n_units, wiring, X, y)


def use_everything(n_units, wiring, X, y):
    network = DaleRNNRegressor(
        n_units=n_units,
        mask=wiring,
        coordinates=wiring,
        regularizer=["spatial", "weight"],
        regu_strength=1e-6,
        autapses=False,
        pruning="magnitude",
        density=2.0 / n_units,
        pruning_schedule="cubic",
        max_iter=2,
        finetune_iter=1,
        early_stopping=True,
        validation_fraction=0.3,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(X, y)
    network.set_params(early_stopping=False, warm_start=True).fit(X, y).partial_fit(X, y)
    network = pickle.loads(pickle.dumps(network))
    silent = silence(network, [0, 1])
    assert np.isfinite(network.score(X, y) + silent.score(X, y) + network.penalty_value())
    assert network.W_rec_.nnz == network.mask_.nnz == 2 * n_units
    with pytest.raises(ValueError, match="W_rec_ of a recurrent_frame must be small enough"):
        network.recurrent_frame()


def test_a_torch_without_its_sparse_products_computes_the_same(monkeypatch):
    X, y = data(ragged=True)
    dense = DaleRNNRegressor(**options(sparse=False)).fit(X, y)
    monkeypatch.setattr(products, "has_sparse_product", lambda dtype: False)
    assert_same(dense, DaleRNNRegressor(**options(sparse=True)).fit(X, y))


def random_support(n=300, density=0.05):
    structure = structures.structure_of(sp.csr_array(a_mask(n, density)))
    rows, columns = (torch.from_numpy(a).long() for a in (structure.indptr, structure.indices))
    return Support.of_rows(rows, columns, structure.shape)


def test_a_support_of_rows_is_that_of_the_matrix():
    mask = torch.from_numpy(a_mask())
    of_mask, structure = Support.of(mask), structures.structure_of(sp.csr_array(a_mask()))
    rows, columns = (torch.from_numpy(a).long() for a in (structure.indptr, structure.indices))
    of_rows = Support.of_rows(rows, columns, structure.shape)
    assert of_rows.stored and not of_mask.stored
    for name in Support._fields[1:-1]:
        assert torch.equal(getattr(of_rows, name), getattr(of_mask, name)), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_are_dense_ones_whatever_the_number_of_threads(dtype):
    support, generator = random_support(), torch.Generator().manual_seed(0)
    values = torch.randn(support.n_synapses, dtype=dtype, generator=generator)
    a, b = (torch.randn(300, 33, dtype=dtype, generator=generator) for _ in range(2))
    W, before, found = support.matrix(values), torch.get_num_threads(), []
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            total = torch.ones_like(values)
            products.add_sampled(support, total, a, b)
            found.append(
                [
                    products.product_of(support, values)(a),
                    products.transposed_product_of(support, values)(a),
                    total,
                ]
            )
    finally:
        torch.set_num_threads(before)
    expected = [W @ a, W.T @ a, 1 + support.values(a @ b.T)]
    for one, two, right in zip(*found, expected, strict=True):
        assert torch.equal(one, two)
        torch.testing.assert_close(one, right, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("leak", [1.0, 0.3, torch.linspace(0.2, 1, 30, dtype=torch.float64)])
@pytest.mark.parametrize("readout_from", ["state", "rate"])
@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize("initial", [False, True])
def test_a_run_and_its_gradients_are_dense_ones(
    ragged, every_step, leak, readout_from, rectify, initial
):
    n_units, n_trials, support = 30, 6, random_support(30, 0.2)
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    values = draw(support.n_synapses)
    rest = (draw(n_units, 3), draw(n_units), draw(2, n_units), draw(2))
    inputs, start = draw(n_trials, 5, 3), draw(n_trials, n_units) if initial else None
    lengths = torch.tensor([3, 5, 1, 4, 4, 2]) if ragged else None
    found = []
    for limit in (None, support):
        w_rec = support.matrix(values) if limit is None else values
        given = (rest[0], w_rec, *rest[1:])
        params = RNNParams(*(tensor.clone().requires_grad_() for tensor in given))
        x = inputs.clone().requires_grad_()
        outputs, rates, states = run(
            params,
            x,
            Dynamics("tanh", rectify, leak, readout_from),
            lengths=lengths,
            initial=start,
            every_step=every_step,
            support=limit,
        )
        seen = [outputs.detach().clone(), rates.detach().clone(), states.clone()]
        loss = outputs.sin() * torch.arange(outputs.shape[0]).view(-1, *[1] * (outputs.ndim - 1))
        gradients = list(torch.autograd.grad(loss.sum() + rates.square().sum(), [x, *params]))
        if limit is None:
            gradients[2] = support.values(gradients[2])
        found.append([*seen, *gradients])
    for dense, stored in zip(*found, strict=True):
        torch.testing.assert_close(stored, dense, rtol=1e-11, atol=1e-11)


def test_long_trials_are_predicted_stretch_by_stretch(monkeypatch):
    from sk_biornn.estimators import _boundary

    X, y = data(ragged=True)
    stored = DaleRNNRegressor(**options(sparse=True)).fit(X, y)
    whole_trials = stored.predict(X)
    monkeypatch.setattr(_boundary, "_PREDICT_STEPS", 2)
    for a, b in zip(stored.predict(X), whole_trials, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_autapses_are_left_out(sparse):
    X, y = data()
    mask = a_mask() | np.eye(N_UNITS, dtype=bool)
    network = DaleRNNRegressor(
        **options(sparse=sparse, mask=mask, autapses=False, recurrent_init="balanced")
    ).fit(X, y)
    expected = mask & ~np.eye(N_UNITS, dtype=bool)
    np.testing.assert_array_equal(whole(network.mask_), expected)


def test_a_gradient_is_taken_once():
    support = random_support()
    w_rec = torch.randn(support.n_synapses, requires_grad=True)
    shapes = ((300, 2), (300,), (1, 300), (1,))
    w_in, b_rec, w_out, b_out = (torch.zeros(shape) for shape in shapes)
    params = RNNParams(w_in, w_rec, b_rec, w_out, b_out)
    outputs = run(params, torch.ones(2, 3, 2), Dynamics(), support=support).outputs
    outputs.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="must be taken once"):
        outputs.sum().backward()


# ------------------------------------------------------------------ structures


def test_structures_are_what_matrices_say():
    mask, other = a_mask(), a_mask(seed=3)
    W = np.random.default_rng(2).normal(size=mask.shape)
    structure, fewer = (structures.structure_of(sp.csr_array(m)) for m in (mask, other))
    np.testing.assert_array_equal(structures.posts_of(structure), np.nonzero(mask)[0])
    np.testing.assert_array_equal(structures.pres_of(structure), np.nonzero(mask)[1])
    for matrix in (W, sp.csr_array(W), sp.csr_array(W * other), sp.coo_array(W * mask)):
        np.testing.assert_array_equal(
            structures.values_on(structure, matrix), whole(matrix)[mask], strict=False
        )
        expected = np.count_nonzero(whole(matrix)[~mask])
        assert structures.count_off(structure, matrix) == expected
    values = structures.values_on(structure, W)
    np.testing.assert_array_equal(
        structures.with_values(structure, values).toarray(), np.where(mask, W, 0)
    )
    np.testing.assert_array_equal(structures.common(structure, fewer).toarray(), mask & other)
    left = structures.without_autapses(structure).toarray()
    np.testing.assert_array_equal(left, mask & ~np.eye(len(mask), dtype=bool))
    nothing = structures.structure_of(sp.csr_array(mask.shape, dtype=bool))
    assert structures.common(structure, nothing).nnz == 0
    assert not structures.values_on(nothing, W).size


def test_a_pattern_has_the_zeros_that_are_stored():
    matrix = sp.csr_array(([0.0, 2.0], ([0, 1], [1, 0])), shape=(2, 2))
    assert structures.pattern_of(matrix).nnz == 2
    assert structures.structure_of(matrix).nnz == 1


# ------------------------------------------------------------------ when


def test_auto_stores_what_came_sparse_and_is_large(monkeypatch):
    X, y = data()
    mask = a_mask()

    def is_stored(**others):
        return sp.issparse(DaleRNNRegressor(**options(**others)).fit(X, y).W_rec_)

    assert not is_stored()  # small
    monkeypatch.setattr(_stored, "LEAST_UNITS", N_UNITS)
    assert is_stored()
    assert is_stored(mask=sp.coo_array(mask))
    assert is_stored(mask=Connectome(sp.csr_array(mask * 2.0), [f"n{k}" for k in range(N_UNITS)]))
    assert not is_stored(sparse=False)
    assert not is_stored(mask=mask)
    assert is_stored(mask=mask, sparse=True)
    assert not is_stored(recurrent_init="dale_gaussian")
    assert not is_stored(regularizer="communicability", coordinates="grid")
    monkeypatch.setattr(_stored, "LARGEST_DENSITY", 0.1)
    assert not is_stored()
    monkeypatch.setattr(_stored, "MOST_UNITS", N_UNITS - 1)
    assert is_stored()  # a matrix would not fit
    with pytest.raises(ValueError, match=r"recurrent_init must be one of .* for a sparse mask of"):
        is_stored(recurrent_init="dale_gaussian")


class OwnLaw:
    def bind(self, signs, mask):
        return Dale().bind(signs, mask)


class OwnLawBySynapse(OwnLaw):
    by_synapse = True


class AsksForTheMask(OwnLawBySynapse):
    def in_circuit(self, mask):
        return self


class AsksForTheNumber(AsksForTheMask):
    def of_inputs(self, n_synapses):
        assert n_synapses == a_mask().sum() / a_mask().any(1).sum()
        return Dale("exponentiated", scale=1 / n_synapses)


class OwnPenalty:
    by_synapse = True

    def bind(self, facts):
        assert facts.mask.ndim == facts.distances.ndim == 1
        assert facts.connectome is None
        return lambda weights: 0.01 * (weights.square() * facts.distances).sum()


class Derived(WeightCost):
    def bind(self, facts):
        return super().bind(facts)


class OwnPruner:
    def prune(self, W, density, **_):
        return np.asarray(W) != 0, density


class OwnBlockwise(MagnitudePruning):
    def _keep(self, strengths, density, rng):
        return strengths > 0


NEEDS = "with sparse=True"
REFUSED = {
    "no mask": ({"mask": None, "recurrent_init": "auto"}, "mask must say which synapses exist"),
    "all": ({"mask": np.ones((N_UNITS,) * 2)}, "mask must leave out some synapses"),
    "numbers": ({"mask": sp.csr_array(a_mask() * 3.0)}, "got the value 3.0; mask != 0"),
    "size": ({"mask": sp.csr_array(a_mask(30))}, r"got shape \(30, 30\); n_units=30"),
    "oblong": ({"mask": sp.csr_array(a_mask()[:9])}, r"got shape \(9, 40\)"),
    "law": ({"dale": OwnLaw()}, f"dale must be a law that treats .* {NEEDS}"),
    "circuit": ({"dale": AsksForTheMask()}, f"dale must be a law with .* of_inputs .* {NEEDS}"),
    "communicability": ({"regularizer": "communicability"}, f"regularizer .* {NEEDS}"),
    "emd": ({"regularizer": ["weight", "communicability_emd"]}, f"regularizer .* {NEEDS}"),
    "object": ({"regularizer": CommunicabilityCost()}, f"regularizer .* {NEEDS}"),
    "derived": ({"regularizer": Derived()}, f"regularizer .* {NEEDS}"),
    "word": ({"recurrent_init": "dale_gaussian"}, f"recurrent_init .* {NEEDS}"),
    "init off": ({"recurrent_init": np.ones((N_UNITS,) * 2)}, "weights off the mask"),
    "init sign": ({"recurrent_init": -W_INIT}, "of the wrong sign for their column"),
    "init shape": ({"recurrent_init": sp.eye_array(3)}, r"shape \(40, 40\), got \(3, 3\)"),
    "init nan": ({"recurrent_init": sp.csr_array(W_INIT * np.nan)}, "must be finite"),
    "pruner": ({"pruning": OwnPruner(), "density": 0.1}, f"pruning .* {NEEDS}"),
    "own blocks": ({"pruning": OwnBlockwise(), "density": 0.1}, f"pruning .* {NEEDS}"),
    "published": (
        {"pruning": TopProbPruning(legacy="figure3"), "density": 0.1},
        f"pruning .* {NEEDS}",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_a_matrix_is_refused(name):
    others, message = REFUSED[name]
    X, y = data()
    with pytest.raises(ValueError, match=message):
        DaleRNNRegressor(**options(sparse=True, **others)).fit(X, y)


@pytest.mark.parametrize("value, error", [("yes", ValueError), (1, TypeError), (None, TypeError)])
def test_other_values_are_refused(value, error):
    with pytest.raises(error, match="sparse must be True, False or one of"):
        DaleRNNRegressor(**options(sparse=value)).fit(*data())


def test_drawn_blocks_are_refused():
    X, y = data()
    network = CellTypeRNNRegressor(
        **options(sparse=True, readout="dense", between_areas=[]) | {"recurrent_init": "auto"}
    )
    with pytest.raises(ValueError, match="between_areas must be None"):
        network.fit(X, y)


def test_a_law_of_ones_own_that_promises_it_is_given_synapses():
    X, y = data()
    dense, stored = both(X, y, dale=OwnLawBySynapse())
    assert_same(dense, stored)
    assert stored.W_rec_.nnz == a_mask().sum()
    assert (stored.W_rec_ != both(X, y, dale=None)[1].W_rec_).nnz > 0


def test_a_penalty_of_ones_own_that_promises_it_is_given_synapses():
    X, y = data()
    places = np.random.default_rng(2).random((N_UNITS, 3))
    places = (places - places.min(axis=0)) / np.ptp(places, axis=0)  # as networks take them
    network = DaleRNNRegressor(**options(sparse=True, coordinates=places))
    plain = clone(network).fit(X, y)
    priced = clone(network).set_params(regularizer=OwnPenalty()).fit(X, y)
    distance = np.linalg.norm(places[:, None] - places, axis=-1)

    def price(fitted):
        return 0.01 * (fitted.W_rec_.toarray() ** 2 * distance).sum()

    assert priced.penalty_value() == pytest.approx(price(priced), rel=1e-6)
    assert 0 < price(priced) < price(plain) - 1e-4


def test_a_law_is_told_the_number_of_synapses():
    X, y = data()
    own = DaleRNNRegressor(**options(sparse=True, dale=AsksForTheNumber())).fit(X, y)
    named = DaleRNNRegressor(**options(sparse=True, dale="exponentiated")).fit(X, y)
    np.testing.assert_array_equal(own.W_rec_.data, named.W_rec_.data)


@pytest.mark.parametrize("price", [WeightCost, WiringCost, RateCost, SilentUnitCost])
def test_prices_that_promise_it(price):
    assert _stored.is_by_synapse(price(), "bind")


# ------------------------------------------------------------------ initial weights


def drawn(name, mask, signs, seed=0, **others):
    structure = structures.structure_of(sp.csr_array(mask))
    rng = np.random.default_rng(seed)
    values = stored_weights(name, signs=signs, structure=structure, rng=rng, **others)
    return structures.with_values(structure, values).toarray()


@pytest.mark.parametrize("name", STORED_INITIALIZERS)
def test_drawn_weights_obey_signs_and_mask(name):
    mask, signs = a_mask(200, 0.1), np.resize([1.0, -1.0, 0.0], 200)
    W = drawn(name, mask, signs)
    assert not W[~mask].any()
    assert (W * signs >= 0).all()
    assert np.count_nonzero(W) == mask.sum()
    free = W[:, signs == 0]
    assert (free > 0).any() and (free < 0).any()
    np.testing.assert_array_equal(W, drawn(name, mask, signs))
    assert (W != drawn(name, mask, signs, seed=1)).any()


@pytest.mark.parametrize("name", [n for n in STORED_INITIALIZERS if "orthogonal" not in n])
def test_draws_have_the_moments_of_dense_ones(name):
    from sk_biornn.initializers import ConditioningWarning, recurrent_weights

    mask, signs = a_mask(300, 0.3), np.where(np.arange(300) < 200, 1.0, -1.0)
    stored = [drawn(name, mask, signs, seed) for seed in range(30)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        dense = [
            recurrent_weights(name, signs=signs, mask=mask, rng=np.random.default_rng(seed))
            for seed in range(30)
        ]
    for moment in (lambda v: np.abs(v).mean(), lambda v: np.square(v).mean()):
        assert moment(stored[0][mask]) == pytest.approx(moment(dense[1][mask]), rel=0.03)
    # One draw of signs that balance leaves a sum of 0.05; that of all is 0.
    near = {"abs": 0.05} if name == "balanced" else {"rel": 0.03}
    sums = [np.mean([W.sum(1).mean() for W in kind]) for kind in (stored, dense)]
    assert sums[0] == pytest.approx(sums[1], **near)


@pytest.mark.parametrize("n_inputs", [10, 50])
@pytest.mark.parametrize("signs", [1.0, 0.0])
def test_orthogonal_weights_are_a_permutation_and_weak_synapses(n_inputs, signs):
    n_units = 400
    mask = np.random.default_rng(0).random((n_units, n_units)) < n_inputs / n_units
    signs = signs * np.where(np.arange(n_units) < 320, 1.0, -1.0)
    W = drawn("orthogonal", mask, signs)
    strong = np.abs(W) == 1
    assert strong.sum() == n_units
    assert (strong.sum(0) == 1).all() and (strong.sum(1) == 1).all()
    values = np.linalg.svd(W, compute_uv=False)
    assert np.sqrt(np.mean((values - 1) ** 2)) < 0.05  # what dense weights aim at
    # A row of weak synapses has the norm 0.05.
    assert np.sqrt(np.square(W[~strong]).sum() / n_units) == pytest.approx(0.05, rel=0.1)
    assert 0 < np.abs(W[~strong & mask]).max() < 0.5


def test_without_a_permutation_as_many_units_as_can_be_are_matched():
    mask = np.zeros((5, 5), dtype=bool)
    mask[:, 0] = True  # all units hear the first one only
    W = drawn("dale_orthogonal", mask, np.ones(5))
    assert (W == 1).sum() == 1


def test_a_spectral_radius_is_reached():
    X, y = data()
    W = drawn("balanced", a_mask(), SIGNS, spectral_radius=1.3)
    assert np.abs(np.linalg.eigvals(W)).max() == pytest.approx(1.3)
    loop_free = sp.csr_array(np.triu(np.ones((N_UNITS,) * 2), 1) * a_mask())
    with pytest.raises(ValueError, match="spectral radius 0"):
        DaleRNNRegressor(
            **options(sparse=True, mask=loop_free, recurrent_init="uniform", spectral_radius=1.0)
        ).fit(X, y)


def test_zeros_that_could_not_grow_are_lifted():
    mask, signs = a_mask(), SIGNS
    structure = structures.structure_of(sp.csr_array(mask))

    def some_zeros(signs, structure, rng):
        return np.where(np.arange(structure.nnz) % 2, 1.0, 0.0)

    STORED_INITIALIZERS["half"] = some_zeros
    try:
        values = stored_weights(
            "half",
            signs=signs,
            structure=structure,
            rng=np.random.default_rng(0),
            lifts_zeros=True,
        )
    finally:
        del STORED_INITIALIZERS["half"]
    small = np.abs(values[::2])
    np.testing.assert_allclose(small, 1e-3 * np.sqrt(np.mean(np.arange(structure.nnz) % 2)))
    assert (values * signs[structure.indices] > 0).all()


@pytest.mark.parametrize("matrix", [W_INIT, sp.csr_array(W_INIT), sp.coo_array(W_INIT)])
def test_initial_weights_may_be_a_matrix_of_either_kind(matrix):
    X, y = data()
    for sparse in (True, False):
        network = DaleRNNRegressor(
            **options(sparse=sparse, recurrent_init=matrix, frozen=("W_rec",), max_iter=1)
        ).fit(X, y)
        np.testing.assert_array_equal(whole(network.W_rec_), W_INIT)


# ------------------------------------------------------------------ pruning


@pytest.mark.parametrize("blocks", [None, np.arange(N_UNITS) % 3])
@pytest.mark.parametrize(
    "pruner", [MagnitudePruning(), TopProbPruning(fixed_count=True), RandomPruning(True)]
)
def test_synapses_are_pruned_as_matrices_are(pruner, blocks):
    structure = structures.structure_of(sp.csr_array(a_mask()))
    ends = {"post": structures.posts_of(structure), "pre": structures.pres_of(structure)}
    values = structures.values_on(structure, W_INIT)
    values[::7] = 0.0
    W = structures.with_values(structure, values).toarray()
    for density in (0.0, 0.05, 0.1, 1.0):
        kept, share = pruner.prune(W, density, mask=a_mask(), blocks=blocks, random_state=4)
        on_few, achieved = pruner.prune_synapses(
            values, density, **ends, n_units=N_UNITS, blocks=blocks, random_state=4
        )
        np.testing.assert_array_equal(on_few, kept[a_mask()])
        np.testing.assert_allclose(achieved, share)


@pytest.mark.parametrize("pruner", [TopProbPruning(), RandomPruning()])
def test_draws_by_synapse_have_the_density_asked_for(pruner):
    structure = structures.structure_of(sp.csr_array(a_mask(300, 0.2)))
    ends = {"post": structures.posts_of(structure), "pre": structures.pres_of(structure)}
    values = np.random.default_rng(0).exponential(size=structure.nnz)
    kept, achieved = pruner.prune_synapses(values, 0.05, **ends, n_units=300, random_state=0)
    assert achieved == pytest.approx(0.05, abs=0.003)
    assert achieved == kept.sum() / 300**2
    stronger = values[kept].mean() > 1.5 * values[~kept].mean()
    assert stronger == isinstance(pruner, TopProbPruning)


def test_published_formulas_need_zeros():
    nothing = np.zeros(1, dtype=int)
    with pytest.raises(ValueError, match="legacy must be False where only synapses are stored"):
        TopProbPruning(legacy="cell-types").prune_synapses(
            np.ones(1), 0.5, post=nothing, pre=nothing, n_units=2
        )


# ------------------------------------------------------------------ doors


def test_a_network_of_sparse_weights():
    X, y = data()
    stored = DaleRNNRegressor(**options(sparse=True)).fit(X, y)
    given = {name[:-1]: getattr(stored, name) for name in WEIGHTS}
    network = DaleRNNRegressor.from_weights(**given, signs=SIGNS, sparse=True)
    np.testing.assert_array_equal(network.predict(X), stored.predict(X))
    assert network.mask_.nnz == a_mask().sum()  # weights of 0 are synapses too
    network.partial_fit(X, y)
    small = DaleRNNRegressor.from_weights(**given, signs=SIGNS)
    assert isinstance(small.W_rec_, np.ndarray)
    np.testing.assert_allclose(small.predict(X), stored.predict(X), atol=1e-12)
    np.testing.assert_array_equal(small.mask_, a_mask())
    with pytest.raises(ValueError, match="W_rec must obey the signs of its columns"):
        DaleRNNRegressor.from_weights(**given, signs=-SIGNS, sparse=True)
    with pytest.raises(ValueError, match="W_rec must be 0 where the arguments allow"):
        DaleRNNRegressor.from_weights(
            **given, signs=SIGNS, sparse=True, mask=sp.csr_array(a_mask(seed=9))
        )
    with pytest.raises(ValueError, match="W_rec must be finite"):
        DaleRNNRegressor.from_weights(**{**given, "W_rec": stored.W_rec_ * np.nan}, sparse=True)


def test_clones_pickles_and_skops_keep_it():
    X, y = data()
    stored = DaleRNNRegressor(**options(sparse=True)).fit(X, y)
    again = clone(stored).fit(X, y)
    np.testing.assert_array_equal(again.W_rec_.data, stored.W_rec_.data)
    loaded = pickle.loads(pickle.dumps(stored))
    assert isinstance(loaded.W_rec_, sp.csr_array) and loaded.W_rec_.dtype == stored.W_rec_.dtype
    np.testing.assert_array_equal(loaded.partial_fit(X, y).b_rec_, stored.partial_fit(X, y).b_rec_)
    skops = pytest.importorskip("skops.io")
    dumped = skops.dumps(stored)
    loaded = skops.loads(dumped, trusted=skops.get_untrusted_types(data=dumped))
    np.testing.assert_array_equal(loaded.predict(X), stored.predict(X))


def test_names_put_units_in_order():
    X, y = data()
    names = [f"n{k}" for k in range(N_UNITS)]
    order = np.random.default_rng(0).permutation(N_UNITS)
    positions = np.random.default_rng(1).random((N_UNITS, 3))
    wiring = Connectome(sp.csr_array(a_mask() * 2.0), names, signs=SIGNS, positions=positions)
    moved = wiring.subset([names[k] for k in order])
    networks = [
        DaleRNNRegressor(
            **options(
                sparse=sparse,
                signs=None,
                mask=wiring,
                coordinates=moved,
                recurrent_init=Connectome(sp.csr_array(W_INIT), names).subset(moved.names),
                regularizer="spatial",
                regu_strength=0.01,
            )
        ).fit(X, y)
        for sparse in (False, True)
    ]
    assert_same(*networks)
    assert networks[1].unit_names_ == tuple(names)


@pytest.mark.parametrize("part", [[1, 5], "a", ("a", "b")])
def test_silencing_is_that_of_dense_networks(part):
    X, y = data()
    labels = ["a"] * 15 + ["b"] * 25
    dense, stored = (silence(network, part, labels=labels) for network in both(X, y))
    np.testing.assert_allclose(dense.predict(X), stored.predict(X), atol=1e-10)
    assert_same(dense.partial_fit(X, y), stored.partial_fit(X, y))


def test_silencing_keeps_the_names_of_units():
    X, y = data()
    names = [f"n{k}" for k in range(N_UNITS)]
    mask = Connectome(sp.csr_array(a_mask() * 2.0), names, signs=SIGNS)
    cut = silence(DaleRNNRegressor(**options(sparse=True, signs=None, mask=mask)).fit(X, y), [4])
    assert cut.mask.names == tuple(names)
    assert not cut.partial_fit(X, y).W_rec_.toarray()[4].any()


def test_a_stored_network_is_fitted_alone():
    X, y = data()
    networks = [DaleRNNRegressor(**options(sparse=True, random_state=k)) for k in range(2)]
    fitted = fit_many(networks, X, y)
    alone = DaleRNNRegressor(**options(sparse=True, random_state=1)).fit(X, y)
    np.testing.assert_array_equal(fitted[1].W_rec_.data, alone.W_rec_.data)


def test_a_small_frame_of_weights():
    X, y = data()
    dense, stored = both(X, y)
    np.testing.assert_allclose(stored.recurrent_frame(), dense.recurrent_frame(), atol=1e-10)


# ------------------------------------------------------------------ matrices of users


def unsorted_copy(matrix):
    """The same CSR matrix with the entries of every row in falling order of columns, read-only."""
    matrix = sp.csr_array(matrix)
    indices, data = matrix.indices.copy(), matrix.data.copy()
    for start, stop in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        indices[start:stop], data[start:stop] = indices[start:stop][::-1], data[start:stop][::-1]
    for array in (indices, data):
        array.flags.writeable = False  # as joblib hands large arrays to its workers
    return sp.csr_array((data, indices, matrix.indptr), shape=matrix.shape)


def test_what_the_user_gives_is_read_and_left_alone():
    mask = a_mask()
    weights = np.abs(np.random.default_rng(0).normal(size=mask.shape)) * mask
    options = {"n_units": len(mask), "sparse": True, "max_iter": 1, "signs": np.ones(len(mask))}
    given = unsorted_copy(mask), unsorted_copy(weights)
    before = [matrix.indices.copy() for matrix in given]
    network = DaleRNNRegressor(
        mask=given[0], recurrent_init=given[1], random_state=0, **options
    ).fit(*data())
    expected = DaleRNNRegressor(
        mask=sp.csr_array(mask), recurrent_init=weights, random_state=0, **options
    ).fit(*data())
    np.testing.assert_array_equal(network.W_rec_.toarray(), expected.W_rec_.toarray())
    again = DaleRNNRegressor.from_weights(
        W_in=network.W_in_, W_rec=given[1], W_out=network.W_out_, mask=given[0], sparse=True,
        signs=np.ones(len(mask)),
    )  # fmt: skip
    np.testing.assert_array_equal(again.W_rec_.toarray(), weights)
    for matrix, indices in zip(given, before, strict=True):
        np.testing.assert_array_equal(matrix.indices, indices)


def test_entries_of_one_pair_are_added_without_overflow():
    n_units = 4
    post, pre = np.array([1, 1, 1, 2, 3, 0]), np.array([0, 0, 0, 1, 2, 3])
    counts = sp.coo_array((np.full(6, 100, dtype=np.uint8), (post, pre)), shape=(4, 4))
    once = sp.coo_array((np.ones(6, dtype=np.uint8), (post, pre)), shape=(4, 4))
    many = sp.coo_array(
        (np.ones(256 + 3, dtype=np.uint8), ([1] * 256 + [2, 3, 0], [0] * 256 + [1, 2, 3])),
        shape=(4, 4),
    )
    for mask in (once, many):
        network = DaleRNNRegressor(
            n_units=n_units, mask=mask, sparse=True, signs=np.ones(4), recurrent_init=counts,
            max_iter=1, learning_rate_init=1e-9, random_state=0, autapses=True,
        ).fit(*data())  # fmt: skip
        assert network.mask_.nnz == 4
        np.testing.assert_allclose(network.W_rec_.toarray()[1, 0], 300, rtol=1e-6)
    again = DaleRNNRegressor.from_weights(
        W_in=network.W_in_, W_rec=counts, W_out=network.W_out_, mask=once, sparse=True,
        signs=np.ones(4),
    )  # fmt: skip
    assert again.W_rec_.toarray()[1, 0] == 300


def test_weights_from_elsewhere_of_a_whole_brain():
    n_units = 200_000  # a matrix would take 320 GB
    ring = sp.csr_array(
        (np.ones(n_units), (np.arange(n_units), np.roll(np.arange(n_units), 1))),
        shape=(n_units, n_units),
    )
    network = DaleRNNRegressor.from_weights(
        W_in=np.ones((n_units, 1)), W_rec=ring, W_out=np.ones((1, n_units)), mask=ring != 0,
        signs=np.ones(n_units),
    )  # fmt: skip
    assert network.W_rec_.nnz == n_units


def test_weights_may_be_a_connectome():
    wiring = Connectome(np.array([[0.0, 2.0], [3.0, 0.0]]), names=["b", "a"])
    network = DaleRNNRegressor.from_weights(
        W_in=np.ones((2, 1)), W_rec=wiring, W_out=np.ones((1, 2)), signs=[1, 1]
    )
    frame = network.recurrent_frame()
    assert frame.loc["b", "a"] == 2.0 and frame.loc["a", "b"] == 3.0


@pytest.mark.parametrize("no", [False, np.False_, 0])
def test_no_is_no_whatever_its_type(no):
    network = DaleRNNRegressor(**{**options(), "sparse": no, "max_iter": 1})
    if no == 0 and not isinstance(no, (bool, np.bool_)):
        with pytest.raises((TypeError, ValueError), match=r"^sparse must be"):
            network.fit(*data())
    else:
        assert isinstance(network.fit(*data()).W_rec_, np.ndarray)
