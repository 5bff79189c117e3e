"""What of a given wiring learns: gains against formulas, differences and brute force."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNClassifier,
)
from sk_biornn.biology import Dale
from sk_biornn.biology._gains import (
    ends_of_matrix,
    ends_of_synapses,
    type_gains_of_matrix,
    type_gains_of_synapses,
    unit_gains,
)
from sk_biornn.ensemble import fit_many
from sk_biornn.initializers import ConnectomeInitializer
from sk_biornn.units import Connectome

N, N_TYPES = 12, 3
KINDS = ("type_gains", "unit_gains")


def wiring(n_units=N, seed=0, density=0.5):
    """Return counts times signs, the signs, and a type per unit."""
    rng = np.random.default_rng(seed)
    signs = np.where(rng.random(n_units) < 0.7, 1.0, -1.0)
    counts = rng.poisson(2.0, (n_units, n_units)) * (rng.random((n_units, n_units)) < density)
    return counts * signs, signs, rng.integers(0, N_TYPES, n_units)


def task(n_trials=10, n_steps=8, seed=1, dtype=np.float64):
    X = np.random.default_rng(seed).standard_normal((n_trials, n_steps, 2))
    return X.astype(dtype), np.cumsum(X, axis=1).astype(dtype)


def network(kind="type_gains", cls=DaleRNNRegressor, stored=False, **arguments):
    W0, signs, types = wiring()
    defaults = {
        "n_units": N,
        "signs": signs,
        "recurrent_init": sp.csr_array(W0) if stored else W0,
        "sparse": stored,
        "mask": sp.csr_array(W0 != 0) if stored else None,
        "spectral_radius": 0.9,
        "plasticity": kind,
        "blocks": types if kind == "type_gains" else None,
        "max_iter": 4,
        "learning_rate_init": 0.05,
        "random_state": 0,
    }
    return cls(**{**defaults, **arguments})


def dense(matrix):
    return matrix.toarray() if sp.issparse(matrix) else np.asarray(matrix)


def product(fitted, types=None):
    """Return what W0 and gains say that the weights are."""
    W0 = dense(fitted.W0_)
    gains = fitted.gains_.fillna(1.0).to_numpy(W0.dtype)
    if fitted.plasticity == "unit_gains":
        return W0 * gains[:, :1] * gains[:, 1]
    types = wiring()[2] if types is None else types
    return W0 * gains[np.ix_(types, types)]


def assert_is_wiring(fitted):
    """The weights have the signs and zeros of W0, and are W0 times gains of at least 0."""
    W, W0 = dense(fitted.W_rec_), dense(fitted.W0_)
    assert not W[W0 == 0].any() and not W0[~dense(fitted.mask_)].any()
    assert (W * W0 >= 0).all()
    assert (fitted.gains_.dropna(how="all").fillna(0.0).to_numpy() >= 0).all()
    if fitted.plasticity == "type_gains":
        assert_array_equal(W, product(fitted))
    assert_allclose(W, product(fitted), rtol=4 * np.finfo(W.dtype).eps)


# ------------------------------------------------------------------ the spaces themselves


def spaces(kind):
    """Return the space of a small wiring as a matrix and as its synapses, and what they are."""
    W0, _, types = wiring(7, seed=3)
    W0, types = torch.tensor(W0), torch.tensor(types)
    post, pre = W0.nonzero(as_tuple=True)
    values = W0[post, pre]
    if kind == "type_gains":
        whole = type_gains_of_matrix(W0, types, N_TYPES)
        by_synapse = type_gains_of_synapses(values, types[post], types[pre], N_TYPES)
        shape = (N_TYPES, N_TYPES)
    else:
        whole = unit_gains(W0, ends_of_matrix())
        by_synapse = unit_gains(values, ends_of_synapses(post, pre, 7))
        shape = (2, 7)
    gains = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.1
    return whole, by_synapse, W0, types, (post, pre), gains


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_wiring_times_gains_one_by_one(kind):
    whole, by_synapse, W0, types, (post, pre), gains = spaces(kind)
    expected = torch.zeros_like(W0)
    for i in range(7):
        for j in range(7):
            of_types = gains[types[i], types[j]] if kind == "type_gains" else None
            scale = of_types if kind == "type_gains" else gains[0, i] * gains[1, j]
            expected[i, j] = W0[i, j] * scale
    assert_allclose(whole.decode(gains), expected, rtol=1e-15)
    assert_allclose(by_synapse.decode(gains), expected[post, pre], rtol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_gains_are_finite_differences(kind):
    whole, by_synapse, *_, gains = spaces(kind)
    gains.requires_grad_()
    for space in (whole, by_synapse):
        assert torch.autograd.gradcheck(space.decode, gains)


@pytest.mark.parametrize("kind", KINDS)
def test_gains_of_weights_are_found_again(kind):
    whole, by_synapse, W0, _, (post, pre), gains = spaces(kind)
    assert bool((whole.encode(W0) == 1).all())  # to the bit: a fit starts at the wiring itself
    assert bool((by_synapse.encode(W0[post, pre]) == 1).all())
    weights = whole.decode(gains)
    for space, given_weights in ((whole, weights), (by_synapse, weights[post, pre])):
        assert_allclose(space.decode(space.encode(given_weights)), given_weights, rtol=1e-12)


def test_type_gains_of_other_weights_are_least_squares():
    whole, _, W0, types, _, _ = spaces("type_gains")
    target = torch.randn(7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = whole.encode(target)
    for p in range(N_TYPES):
        for q in range(N_TYPES):
            block = np.ix_(types == p, types == q)
            a, b = W0.numpy()[block].ravel(), target.numpy()[block].ravel()
            best = max(np.linalg.lstsq(a[:, None], b, rcond=None)[0][0], 0.0) if a.any() else 1.0
            assert_allclose(found[p, q], best, rtol=1e-12, atol=1e-15)


def test_unit_gains_have_the_same_sum_of_squares_on_both_sides():
    whole, _, _, _, _, gains = spaces("unit_gains")
    found = whole.encode(whole.decode(gains))
    assert_allclose(found[0].square().sum(), found[1].square().sum(), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gains_stop_at_zero(kind):
    whole, by_synapse, *_, gains = spaces(kind)
    for space in (whole, by_synapse):
        proposed = gains - 0.5
        space.retract(proposed, None)
        assert_array_equal(proposed, (gains - 0.5).clamp(min=0))
        assert space.stops_at_zero
    silent = torch.zeros_like(gains)
    assert not whole.decode(whole.encode(whole.decode(silent))).any()


# ------------------------------------------------------------------ what a fit does


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_step_is_the_derivative_of_the_loss(kind, stored):
    X, y = task()
    rate = 1e-3
    options = {"solver": "sgd", "learning_rate_init": rate, "max_iter": 1, "dale": None}
    frozen = ("W_in", "b_rec", "W_out", "b_out")
    moved = network(kind, stored=stored, frozen=frozen, **options).fit(X, y)
    W0, types = dense(moved.W0_), wiring()[2]

    def loss(gains):
        if kind == "type_gains":
            W = W0 * gains[np.ix_(types, types)]
        else:
            W = W0 * gains[0][:, None] * gains[1]
        arrays = (moved.W_in_, moved.W_out_, moved.b_rec_, moved.b_out_)
        out = DaleRNNRegressor.from_weights(W, *arrays, dale=None).predict(X)
        return np.mean((out - y) ** 2)

    shown = moved.gains_.to_numpy()
    shown, step = (shown if kind == "type_gains" else shown.T), 1e-5
    start = np.ones_like(shown)
    for place in np.ndindex(*start.shape):
        if np.isnan(shown[place]):
            continue
        up, down = start.copy(), start.copy()
        up[place] += step
        down[place] -= step
        slope = (loss(up) - loss(down)) / (2 * step)
        assert_allclose((shown[place] - 1) / -rate, slope, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_signs_and_zeros_stay_those_of_the_wiring(kind, stored, dtype):
    X, y = task(dtype=dtype)
    fitted = network(kind, stored=stored, learning_rate_init=0.5, max_iter=15).fit(X, y)
    assert fitted.W_rec_.dtype == dtype and fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert_is_wiring(fitted)
    assert_array_equal(dense(fitted.mask_), wiring()[0] != 0)
    assert_allclose(abs(np.linalg.eigvals(dense(fitted.W0_))).max(), 0.9, rtol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    density=st.floats(0.0, 1.0),
    rate=st.sampled_from([0.01, 0.3, 3.0]),
    kind=st.sampled_from(KINDS),
    stored=st.booleans(),
    dale=st.sampled_from([None, "projection"]),
)
def test_whatever_the_wiring_it_stays(seed, density, rate, kind, stored, dale):
    W0, signs, types = wiring(6, seed, density)
    W0 = W0 / max(1.0, abs(W0).sum())
    there = sp.csr_array(W0 != 0)
    X, y = task(4, 4, seed)
    fitted = DaleRNNRegressor(
        n_units=6, signs=signs, dale=dale, recurrent_init=W0, plasticity=kind,
        blocks=types if kind == "type_gains" else None, learning_rate_init=rate, max_iter=2,
        sparse=stored and there.nnz < 36, mask=there, random_state=0,
    ).fit(X, y)  # fmt: skip
    W = dense(fitted.W_rec_)
    assert not W[W0 == 0].any() and (W * W0 >= 0).all()
    assert_array_equal(dense(fitted.W0_), W0)


@pytest.mark.parametrize("kind", KINDS)
def test_stored_synapses_and_a_matrix_learn_the_same(kind):
    X, y = task()
    a, b = (network(kind, stored=stored).fit(X, y) for stored in (False, True))
    assert_allclose(dense(b.W_rec_), a.W_rec_, rtol=1e-9)
    assert_allclose(b.gains_, a.gains_, rtol=1e-9)
    assert a.n_parameters_ == b.n_parameters_


def test_a_large_sparse_network_that_has_a_matrix_learns_the_same():
    rng = np.random.default_rng(0)
    W0 = rng.random((260, 260)) * (rng.random((260, 260)) < 0.05)
    X, y = task(4, 5)
    options = {
        "n_units": 260,
        "signs": np.ones(260),
        "recurrent_init": W0,
        "spectral_radius": 0.5,
        "plasticity": "type_gains",
        "blocks": rng.integers(0, 4, 260),
        "max_iter": 3,
        "random_state": 0,
    }
    few = DaleRNNRegressor(**options).fit(X, y)  # few enough for sparse products
    stored = DaleRNNRegressor(mask=W0 != 0, sparse=True, **options).fit(X, y)
    assert_allclose(few.W_rec_, dense(stored.W_rec_), rtol=1e-9)
    few.partial_fit(X, y)
    stored.partial_fit(X, y)
    assert_allclose(few.W_rec_, dense(stored.W_rec_), rtol=1e-9)


def test_nothing_learns_of_a_wiring_that_is_fixed():
    X, y = task()
    a = network("none").fit(X, y)
    b = network("synapses", frozen=("W_rec",)).fit(X, y)
    for name in ("W_rec_", "W_in_", "W_out_", "b_rec_"):
        assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.gains_ is None and a.W0_ is None
    assert_allclose(a.W_rec_, network("type_gains", max_iter=1).fit(X, y).W0_)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("arguments", [{}, {"dale": None}, {"dale": Dale()}])
def test_ragged_trials_penalties_and_laws(kind, arguments):
    X, y = task()
    X, y = [x[: 4 + k % 3] for k, x in enumerate(X)], [t[: 4 + k % 3] for k, t in enumerate(y)]
    fitted = network(kind, regularizer="weight", regu_strength=0.1, **arguments).fit(X, y)
    assert_is_wiring(fitted)
    free = network(kind, **arguments).fit(X, y)
    assert abs(fitted.W_rec_).sum() < abs(free.W_rec_).sum()  # the penalty sees weights
    assert_allclose(fitted.penalty_value(), 0.1 * abs(fitted.W_rec_).sum(), rtol=1e-6)


def test_only_weights_that_are_no_penalty_of_a_silent_pair():
    X, y = task()
    fitted = network(regularizer="weight", regu_strength=1e3, learning_rate_init=0.3).fit(X, y)
    assert (fitted.gains_.fillna(0) == 0).to_numpy().all() and not fitted.W_rec_.any()
    assert fitted.W0_.any()  # is not lost
    fitted.set_params(regu_strength=0.0, warm_start=True).fit(X, y)
    assert fitted.W_rec_.any() and (fitted.W_rec_ * fitted.W0_ >= 0).all()


# ------------------------------------------------------------------ fits that go on


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_that_goes_on_keeps_its_wiring(kind, stored):
    X, y = task()
    whole = network(kind, stored=stored, max_iter=6).fit(X, y)
    part = network(kind, stored=stored, max_iter=3, warm_start=True).fit(X, y)
    W0 = dense(part.W0_).copy()
    part = pickle.loads(pickle.dumps(part)).fit(X, y)
    assert_array_equal(dense(part.W0_), W0)
    assert_array_equal(dense(part.W_rec_), dense(whole.W_rec_))
    assert part.loss_curve_ == whole.loss_curve_
    pd.testing.assert_frame_equal(part.gains_, whole.gains_, check_exact=True)
    one = network(kind, stored=stored)
    for _ in range(6):
        one.partial_fit(X, y)
    assert_array_equal(dense(one.W_rec_), dense(whole.W_rec_))
    assert_is_wiring(one)


def test_other_gains_scale_the_weights_as_they_are():
    X, y = task()
    model = network("synapses", warm_start=True).fit(X, y)
    assert model.gains_ is None and model.W0_ is None
    before = model.W_rec_.copy()
    model.set_params(plasticity="type_gains", blocks=wiring()[2]).fit(X, y)
    assert_array_equal(model.W0_, before)
    assert_is_wiring(model)
    before = model.W_rec_.copy()
    model.set_params(blocks=np.roll(wiring()[2], 1)).fit(X, y)
    assert_array_equal(model.W0_, before)
    before = model.W_rec_.copy()
    model.set_params(plasticity="unit_gains", blocks=None).fit(X, y)
    assert_array_equal(model.W0_, before)
    before = model.W_rec_.copy()
    model.set_params(plasticity="type_gains", blocks=np.arange(N) % 2).fit(X, y)
    assert_array_equal(model.W0_, before)
    assert model.gains_.shape == (2, 2)
    before = model.W_rec_.copy()
    model.set_params(plasticity="synapses", blocks=None).fit(X, y)
    assert model.W0_ is None and not np.array_equal(model.W_rec_, before)
    assert model.n_iter_ == 24


def test_what_is_remembered_of_synapses_is_not_of_gains():
    X, y = task()
    own_types = np.arange(N)  # so that gains have the shape of the weights
    model = network("synapses", warm_start=True).fit(X, y)
    model.set_params(plasticity="type_gains", blocks=own_types).fit(X, y)
    steps = {name: int(kept["step"]) for name, kept in model._state.moments.items()}
    assert steps == {"w_in": 8, "w_rec": 4, "b_rec": 8, "w_out": 8, "b_out": 8}
    whole = network(blocks=own_types, max_iter=6).fit(X, y)
    part = network(blocks=own_types, max_iter=3, warm_start=True).fit(X, y)
    part.set_params(sparse=True, mask=wiring()[0] != 0).fit(X, y)  # from a matrix to synapses
    assert_allclose(dense(part.W_rec_), whole.W_rec_, rtol=1e-9)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("schedule", ["one-shot", "cubic"])
@pytest.mark.parametrize("kind", [*KINDS, "none"])
def test_pruning_leaves_out_synapses_of_the_wiring(kind, schedule, stored):
    X, y = task()
    options = {"pruning": "top-prob", "density": 0.2, "pruning_schedule": schedule}
    fitted = network(kind, stored=stored, finetune_iter=3, **options).fit(X, y)
    assert 0 < dense(fitted.mask_).sum() < np.count_nonzero(wiring()[0]) - 10
    W0 = dense(network(kind, stored=stored).fit(X, y).W0_) if kind != "none" else None
    if kind == "none":
        kept = dense(fitted.W_rec_) != 0
        assert_array_equal(dense(fitted.W_rec_)[kept], dense(fitted.W_dense_)[kept])
        return
    kept = dense(fitted.mask_)
    assert_array_equal(dense(fitted.W0_), np.where(kept, W0, 0))
    assert_is_wiring(fitted)
    fitted.set_params(warm_start=True).fit(X, y)
    assert_array_equal(dense(fitted.mask_), kept)
    assert_is_wiring(fitted)


@pytest.mark.parametrize("kind", KINDS)
def test_early_stopping_shows_the_gains_of_the_best_weights(kind):
    X, y = task(30)
    fitted = network(
        kind, early_stopping=True, max_iter=40, learning_rate_init=0.3, n_iter_no_change=3
    ).fit(X, y)
    assert fitted.n_iter_ < 40
    assert_is_wiring(fitted)


# ------------------------------------------------------------------ where things come from


def connectome(stored=False, **known):
    W0, signs, types = wiring()
    counts = sp.csr_array(abs(W0)) if stored else abs(W0)
    names = [f"n{k}" for k in range(N)]
    facts = {"signs": signs, "types": [f"type {k}" for k in types], **known}
    return Connectome(counts, names=names, **facts)


@pytest.mark.filterwarnings("ignore:spectral_radius should be given")
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("name", ["connectome", "recurrent_init"])
def test_a_connectome_is_wiring_signs_mask_and_types(name, stored):
    X, y = task()
    W0, signs, types = wiring()
    options = {"n_units": N, "plasticity": "type_gains", "max_iter": 3, "random_state": 0}
    fitted = DaleRNNRegressor(**{name: connectome(stored)}, sparse=stored, **options).fit(X, y)
    assert_array_equal(dense(fitted.W0_), W0)
    assert_array_equal(fitted.signs_, signs)
    assert_array_equal(dense(fitted.mask_), W0 != 0)
    assert fitted.unit_names_[0] == "n0"
    order = list(fitted.gains_.index)
    assert order == list(dict.fromkeys(f"type {k}" for k in types))
    assert fitted.gains_.columns.name == "pre" and fitted.gains_.index.name == "post"
    assert_is_wiring_by(fitted, [order.index(f"type {k}") for k in types])
    fixed = DaleRNNRegressor(
        **{name: connectome(stored)}, sparse=stored, **{**options, "plasticity": "none"}
    ).fit(X, y)
    assert_array_equal(dense(fixed.W_rec_), W0)


def assert_is_wiring_by(fitted, types):
    assert_allclose(dense(fitted.W_rec_), product(fitted, np.array(types)), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:spectral_radius should be given")
def test_names_put_everything_in_one_order():
    X, y = task()
    W0, signs, types = wiring()
    names = [f"n{k}" for k in range(N)]
    order = np.random.default_rng(0).permutation(N)
    mixed = [names[k] for k in order]
    blocks = pd.Series([f"type {types[k]}" for k in order], index=mixed)
    options = {"n_units": N, "max_iter": 2, "random_state": 0, "plasticity": "type_gains"}
    init = ConnectomeInitializer(normalise="none").fit(connectome(types=None))
    for extra in ({}, {"sparse": True}):
        mask = pd.DataFrame(W0 != 0, names, names).loc[mixed, mixed]
        given_signs = pd.Series(signs, names)
        fitted = DaleRNNRegressor(
            mask=mask, recurrent_init=init, signs=given_signs, blocks=blocks, **options, **extra
        ).fit(X, y)
        assert list(fitted.unit_names_) == mixed
        assert_array_equal(dense(fitted.W0_), W0[np.ix_(order, order)])
        by_name = list(fitted.gains_.index)
        assert_is_wiring_by(fitted, [by_name.index(blocks[name]) for name in mixed])


def test_types_are_populations_of_a_table():
    table = pd.DataFrame({"population": ["E", "I"], "n_units": [8, 4], "sign": [1, -1]})
    rng = np.random.default_rng(0)
    W0 = rng.random((N, N)) * np.repeat([1.0, -1.0], [8, 4])
    X, y = task()
    options = {"recurrent_init": W0, "spectral_radius": 0.8, "max_iter": 3, "random_state": 0}
    fitted = CellTypeRNNRegressor(populations=table, plasticity="type_gains", **options).fit(X, y)
    assert list(fitted.gains_.columns) == ["E", "I"]
    assert_is_wiring_by(fitted, np.repeat([0, 1], [8, 4]))
    # Without a table there are an excitatory and an inhibitory population.
    of_signs = CellTypeRNNRegressor(n_units=N, plasticity="type_gains", **options)
    of_signs.set_params(signs=np.repeat([1, -1], [8, 4])).fit(X, y)
    assert list(of_signs.gains_.index) == ["excitatory", "inhibitory"]


def test_pairs_of_types_without_synapses_have_no_gain():
    X, y = task()
    W0 = np.zeros((4, 4))
    W0[0, 1] = W0[1, 0] = 0.5
    options = {"n_units": 4, "signs": np.ones(4), "recurrent_init": W0, "max_iter": 2}
    fitted = DaleRNNRegressor(plasticity="type_gains", blocks=[0, 0, 5, 5], **options).fit(X, y)
    assert fitted.gains_.notna().to_numpy().tolist() == [[True, False], [False, False]]
    assert list(fitted.gains_.index) == [0, 5]
    fitted = DaleRNNRegressor(plasticity="unit_gains", **options).fit(X, y)
    assert fitted.gains_.notna().to_numpy().tolist() == [[True] * 2] * 2 + [[False] * 2] * 2


def test_free_numbers_are_counted():
    X, y = task()
    W0, _, types = wiring()
    n_pairs = len({(types[i], types[j]) for i, j in np.argwhere(W0)})
    n_ends = sum((W0 != 0).any(axis=1)) + sum((W0 != 0).any(axis=0))
    others = N * 2 + N + 2 * N + 2  # W_in, b_rec, W_out, b_out
    counts = {"type_gains": n_pairs, "unit_gains": n_ends, "none": 0, "synapses": N * N}
    for kind, count in counts.items():
        assert network(kind).fit(X, y).n_parameters_ == others + count
    less = network(frozen=("W_in",), recurrent_bias=False).fit(X, y)
    assert less.n_parameters_ == others - 3 * N + n_pairs
    masked = network("synapses", mask=W0 != 0, input_mask=np.eye(N, 2)).fit(X, y)
    assert masked.n_parameters_ == others - 2 * N + 2 + np.count_nonzero(W0)
    arrays = (masked.W_rec_, masked.W_in_, masked.W_out_)
    given_weights = DaleRNNRegressor.from_weights(*arrays, signs=masked.signs_)
    assert given_weights.n_parameters_ == others + N * N


@pytest.mark.parametrize(
    ("kind", "learned", "more"),
    [
        ("type_gains", {"learn_tau": "type"}, N_TYPES),
        ("unit_gains", {"learn_tau": True, "initial_state": "learned"}, 2 * N),
        ("none", {"learn_slope": True}, N),
    ],
)
def test_physiology_is_learned_beside_gains(kind, learned, more):
    X, y = task()
    own = network(kind).fit(X, y)
    options = {"dt": 10.0, "tau": 30.0, **learned}
    fitted = network(kind, warm_start=True, max_iter=3, **options).fit(X, y)
    assert fitted.n_parameters_ == own.n_parameters_ + more
    fitted.fit(X, y)
    whole = network(kind, max_iter=6, **options).fit(X, y)
    assert_array_equal(fitted.W_rec_, whole.W_rec_)
    assert_array_equal(fitted.tau_, whole.tau_)
    if learned.get("learn_tau") == "type":
        assert len(set(fitted.tau_)) == N_TYPES


# ------------------------------------------------------------------ as scikit-learn has it


@pytest.mark.parametrize("kind", [*KINDS, "none"])
def test_clones_pickles_and_searches(kind):
    X, y = task()
    model = network(kind)
    fitted, again = model.fit(X, y), clone(model).fit(X, y)
    assert_array_equal(fitted.W_rec_, again.W_rec_)
    loaded = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(loaded.predict(X), fitted.predict(X))
    if kind != "none":
        pd.testing.assert_frame_equal(loaded.gains_, fitted.gains_)
    search = GridSearchCV(network(kind), {"spectral_radius": [0.3, 0.9]}, cv=2).fit(X, y)
    assert search.best_estimator_.plasticity == kind
    search = GridSearchCV(network(kind), {"plasticity": ["synapses", "none"], "blocks": [None]})
    assert search.set_params(cv=2).fit(X, y).best_score_ <= 1


@pytest.mark.parametrize("cls", [DaleRNNClassifier, SpatialRNNClassifier])
def test_classifiers_have_it_too(cls):
    X, y = task(20)
    fitted = network(cls=cls, max_iter=3).fit(X, y[:, -1, 0] > 0)
    assert_is_wiring(fitted)


def test_weights_from_elsewhere_are_the_wiring():
    X, y = task()
    W0, signs, types = wiring()
    rng = np.random.default_rng(0)
    arrays = 0.1 * W0, rng.random((N, 2)), rng.random((2, N))
    options = {"signs": signs, "blocks": types, "plasticity": "type_gains"}
    model = DaleRNNRegressor.from_weights(*arrays, **options)
    assert_array_equal(model.W0_, 0.1 * W0)
    assert (model.gains_.stack() == 1).all()
    model.partial_fit(X, y)
    assert_array_equal(model.W0_, 0.1 * W0)
    assert_is_wiring(model)


def test_networks_with_gains_learn_alone_in_a_stack():
    X, y = task()
    models = [network(kind, random_state=seed) for kind in (*KINDS, "none") for seed in (0, 1)]
    together = fit_many([clone(model) for model in models], X, y)
    for one, other in zip(together, models, strict=True):
        assert_allclose(one.W_rec_, other.fit(X, y).W_rec_, rtol=1e-6)
        if other.gains_ is not None:
            assert_array_equal(one.W_rec_, other.W_rec_)
    many = fit_many(models[:2], X, y, strategy="stacked")
    why = "gains that learn in place of weights (plasticity)"
    assert many.stacking_report["reason"].tolist() == [why] * 2


# ------------------------------------------------------------------ what is refused

REFUSED = [
    ({"plasticity": "weights"}, "plasticity must be one of .*'type_gains'.*got 'weights'"),
    ({"dale": "square"}, "dale must be None, 'projection' or 'nonnegative' with plasticity="),
    ({"dale": Dale(momentum="kept")}, "dale must be None, 'projection' or 'nonnegative' with"),
    ({"frozen": ("W_rec",)}, "frozen must not have 'W_rec' with plasticity='type_gains'"),
    ({"recurrent_init": "auto"}, "recurrent_init must be a matrix, a Connectome, .*got 'auto'"),
    ({"blocks": None}, "blocks must say the type of each unit with plasticity='type_gains'"),
    ({"blocks": ["a"] * 3}, r"blocks must have one number or text per unit, shape \(12,\)"),
    ({"blocks": [0.5] * N}, "blocks must have one non-negative int per unit"),
    ({"plasticity": "unit_gains"}, "pruning must be given when blocks is, got None; of types"),
    ({"signs": -wiring()[1]}, "recurrent_init must obey signs and mask"),
    (
        {"blocks": None, "recurrent_init": connectome(types=["a", ""] * 6)},
        "recurrent_init must say the type of every unit .* got none for 'n1'",
    ),
    (
        {"recurrent_init": "auto", "connectome": np.ones((3, 3))},
        r"connectome must have shape \(12, 12\), got \(3, 3\); n_units=3",
    ),
    (
        {"plasticity": "none", "blocks": None, "frozen": ("W_in", "b_rec", "W_out", "b_out")},
        "frozen must leave some weights to train with plasticity='none'",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        network(**arguments).fit(*task())


# ------------------------------------------------------------------ the initializer


def test_counts_become_weights_by_the_formula():
    counts = abs(wiring()[0])
    signs = wiring()[1]
    plain = ConnectomeInitializer(normalise="none").fit(counts)
    assert_array_equal(plain.sample(), counts)
    assert_array_equal(plain.sample(signs=signs), counts * signs)
    logs = ConnectomeInitializer(normalise="none", log_counts=True).fit(counts)
    assert_allclose(logs.sample(signs=signs), np.log(1 + counts) * signs)
    mask = np.random.default_rng(0).random((N, N)) < 0.7
    for log_counts in (False, True):
        init = ConnectomeInitializer(log_counts=log_counts).fit(connectome())
        W = init.sample(mask=mask)
        kept = np.where(mask, np.log(1 + counts) if log_counts else counts, 0)
        total = kept.sum(axis=1, keepdims=True)
        assert_allclose(W, np.divide(kept, total, where=total > 0, out=0 * kept) * signs)
        stored = ConnectomeInitializer(log_counts=log_counts).fit(connectome(stored=True))
        found = stored.sample_sparse(structure=sp.csr_array(mask))
        assert found.nnz == mask.sum()
        assert_allclose(found.toarray(), W, rtol=1e-15)
        assert_allclose(stored.sample(mask=mask), W, rtol=1e-15)


def test_signed_weights_keep_their_signs_where_units_are_free():
    W = np.array([[0.0, -2.0], [3.0, 1.0]])
    init = ConnectomeInitializer(normalise="none").fit(W)
    assert_array_equal(init.sample(), W)
    assert_array_equal(clone(init).sample(), W)
    with pytest.raises(ValueError, match="signs must fit the weights of the connectome"):
        init.sample(signs=[1, 1])
    with pytest.raises(ValueError, match="X must fit the weights of the connectome"):
        ConnectomeInitializer().fit(Connectome([[0, -1], [1, 0]], names=["a", "b"], signs=[1, 1]))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda: ConnectomeInitializer(normalise="output").fit(np.eye(2)), "normalise must be"),
        (lambda: ConnectomeInitializer(log_counts=1).fit(np.eye(2)), "log_counts must be True"),
        (lambda: ConnectomeInitializer().fit(np.ones((2, 3))), "X must be a square matrix"),
        (lambda: ConnectomeInitializer().fit([[np.nan]]), "X must be a square matrix of finite"),
        (
            lambda: ConnectomeInitializer().fit(connectome()).sample(signs=-wiring()[1]),
            "signs must agree with those of the connectome .* 12 of 12 units",
        ),
        (
            lambda: ConnectomeInitializer().fit(connectome()).sample(signs=[1]),
            r"signs must have one value per neuron .*\(12,\).*n_units=12",
        ),
    ],
)
def test_what_is_no_connectome_is_refused(fault, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fault()


@pytest.mark.parametrize("stored", [False, True])
def test_a_spectral_radius_is_reached_by_given_wirings(stored):
    init = ConnectomeInitializer(log_counts=True).fit(connectome(stored))
    X, y = task()
    options = {"mask": connectome(stored), "sparse": stored, "plasticity": "none"}
    fitted = DaleRNNRegressor(
        n_units=N, recurrent_init=init, spectral_radius=0.7, max_iter=1, random_state=0, **options
    ).fit(X, y)
    assert_allclose(abs(np.linalg.eigvals(dense(fitted.W_rec_))).max(), 0.7, rtol=1e-6)
    assert_allclose(dense(fitted.W_rec_), init.sample() * (0.7 / radius(init.sample())))


def radius(W):
    return abs(np.linalg.eigvals(W)).max()
