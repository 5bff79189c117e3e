"""Time constants, slopes and initial rates that are learned: exact, found again, and resumed."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from plain_forecasts import Descent
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from test_core_on_device import as_on_a_gpu
from threadpoolctl import threadpool_limits

from sk_biornn import (
    CellTypeRNNClassifier,
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNClassifier,
    SpatialRNNRegressor,
)
from sk_biornn.biology import cortical_populations
from sk_biornn.core.params import EXTRAS
from sk_biornn.ensemble import SeedEnsemble, fit_many
from sk_biornn.estimators._initial_states import regression_on
from sk_biornn.estimators._physiology import EXTRA_ATTRIBUTES
from sk_biornn.inspection import silence
from sk_biornn.io import save_cell_type_checkpoint

N_UNITS = 6
RNG = np.random.default_rng(0)
X = RNG.standard_normal((10, 8, 3))
Y = RNG.standard_normal((10, 8, 2))
LABELS = np.where(Y[:, -1, 0] > 0, "up", "down")
TIMES = {"dt": 1.0, "tau": 4.0}
SMALL = {"n_units": N_UNITS, "max_iter": 4, "batch_size": 4, "random_state": 0}
FIVE = ("W_in", "W_rec", "b_rec", "W_out", "b_out")
ATTRIBUTES = tuple(f"{name}_" for name in FIVE)
EVERYTHING = {
    **TIMES,
    "learn_tau": True,
    "tau_max": 50.0,
    "learn_slope": True,
    "initial_state": "per trial",
}
IN_A_LOOP = {**EVERYTHING, "horizon": 3, "readout_skip": "diagonal", "feedback": [2, 0]}
PARTS = {
    "tau": {**TIMES, "learn_tau": True},
    "bounded tau": {**TIMES, "learn_tau": True, "tau_max": 6.0},
    "tau of types": {**TIMES, "learn_tau": "type", "blocks": [0, 0, 1, 1, 2, 2]},
    "slope": {"learn_slope": True},
    "start": {"initial_state": "learned"},
    "starts": {"initial_state": "per trial"},
    "everything": EVERYTHING,
    "in a loop": IN_A_LOOP,
}


def network(**chosen):
    return DaleRNNRegressor(**{**SMALL, **chosen})


def everything_of(est):
    names = (*ATTRIBUTES, *EXTRA_ATTRIBUTES.values(), "initial_map_")
    return {name: getattr(est, name) for name in names if hasattr(est, name)}


def assert_same_bits(one, other):
    ours, theirs = everything_of(one), everything_of(other)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)
    assert one.loss_curve_ == other.loss_curve_


# -------------------------------------------------------------- time constants stay in bounds


@given(
    dt=st.floats(0.1, 20),
    ratios=st.lists(st.floats(1, 50), min_size=N_UNITS, max_size=N_UNITS),
    room=st.floats(1, 3),
    rate=st.sampled_from([0.01, 0.7, 30.0]),
    solver=st.sampled_from(["adam", "sgd"]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_time_constants_stay_in_their_bounds(dt, ratios, room, rate, solver, dtype):
    tau = dt * np.array(ratios)
    tau_max = float(tau.max() * room)
    est = network(
        dt=dt, tau=tau, learn_tau=True, tau_max=tau_max, solver=solver, learning_rate_init=rate,
        max_grad_norm=1.0, frozen=FIVE, max_iter=3,
    ).fit(X.astype(dtype), Y)  # fmt: skip
    leak = est.leak_.astype(np.float64)
    assert est.leak_.dtype == dtype
    assert (leak <= 1).all() and (leak >= dt / tau_max).all()
    assert (est.tau_ >= dt).all() and (est.tau_ <= tau_max).all()
    if rate > 1 and solver == "adam":  # so far that they hit the walls
        at_walls = (leak == 1) | (leak <= dt / tau_max * (1 + 1e-4))
        assert at_walls.any()


def test_without_a_bound_they_may_grow():
    est = network(**TIMES, learn_tau=True, learning_rate_init=1.0, max_iter=30).fit(X, Y)
    assert est.tau_.max() > 50 and np.isfinite(est.tau_).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_units_of_a_type_share_one(dtype):
    blocks = np.array([0, 1, 0, 2, 2, 1])
    est = network(**TIMES, learn_tau="type", blocks=blocks, learning_rate_init=0.05)
    est.fit(X.astype(dtype), Y)
    for block in range(3):
        assert len(np.unique(est.leak_[blocks == block])) == 1
    assert len(np.unique(est.leak_)) == 3
    names = network(**TIMES, learn_tau="type", blocks=np.array(list("acabbc")))
    names.set_params(learning_rate_init=0.05).fit(X.astype(dtype), Y)
    assert len(np.unique(names.leak_)) == 3


def test_one_step_of_a_type_is_the_sum_of_those_of_its_units():
    blocks = np.array([0, 0, 0, 1, 1, 1])
    options = {"solver": Descent(), "learning_rate_init": 1e-3, "max_iter": 1, "batch_size": 10}
    each = network(**TIMES, learn_tau=True, **options).fit(X, Y)
    shared = network(**TIMES, learn_tau="type", blocks=blocks, **options).fit(X, Y)
    steps = np.log(each.tau_ / 4)
    expected = np.repeat([steps[:3].sum(), steps[3:].sum()], 3)
    np.testing.assert_allclose(np.log(shared.tau_ / 4), expected, rtol=1e-9)


def test_populations_are_types_with_the_time_constants_of_their_table():
    tau = {"Pyr": 20.0, "SST": 40.0, "VIP": 80.0}
    table = cortical_populations(areas=["V1"], layers=["L4", "L2/3"], scaling=1, tau=tau)
    traces = np.random.default_rng(0).standard_normal((8, 6, 6))
    options = {"populations": table, "dt": 10.0, "random_state": 0, "max_iter": 2}
    fixed = CellTypeRNNRegressor(**options).fit(traces, traces)
    np.testing.assert_allclose(fixed.tau_, np.repeat(table["tau"], table["n_units"]))
    est = CellTypeRNNRegressor(**options, learn_tau="type", tau_max=200.0).fit(traces, traces)
    ends = np.cumsum(table["n_units"].to_numpy())[:-1]
    of_types = np.split(est.tau_, ends)
    assert all(len(np.unique(part)) == 1 for part in of_types)
    moved = np.array([part[0] for part in of_types]) / table["tau"].to_numpy()
    assert ((moved != 1) & (abs(moved - 1) < 0.01)).all()
    each = CellTypeRNNRegressor(**options, learn_tau=True).fit(traces, traces)
    assert len(np.unique(each.tau_)) > len(table)
    labels = np.repeat(["a", "b"], 4)
    for start in ("learned", "per trial"):
        clf = CellTypeRNNClassifier(
            **options, learn_tau="type", learn_slope=True, initial_state=start
        ).fit(traces, labels)
        assert clf.predict_proba(traces[:3]).shape == (3, 2)


def test_names_put_time_constants_and_types_in_the_order_of_the_units():
    units = list("abcdef")
    order = units[::-1]
    mask = pd.DataFrame(np.ones((6, 6), dtype=bool), units, units)
    tau = pd.Series([2.0, 2.0, 3.0, 3.0, 5.0, 5.0], units)
    blocks = pd.Series(list("xxyyzz"), units)
    options = {"mask": mask, "dt": 1.0, "learn_tau": "type", "learning_rate_init": 0.02}
    straight = network(**options, tau=tau, blocks=blocks).fit(X, Y)
    shuffled = network(**options, tau=tau[order], blocks=blocks[order]).fit(X, Y)
    np.testing.assert_array_equal(straight.tau_, shuffled.tau_)
    assert straight.unit_names_ == tuple(units)
    assert straight.tau_[0] == straight.tau_[1] != straight.tau_[2]
    assert abs(np.log(straight.tau_ / tau.to_numpy())).max() < 0.5


# -------------------------------------------------------------- what is known is found again


def known_network(n_units=8, **chosen):
    """A network of given weights; what else it has is what `chosen` says."""
    rng = np.random.default_rng(5)
    weights = {
        "W_rec": rng.standard_normal((n_units, n_units)) / np.sqrt(n_units),
        "W_in": rng.standard_normal((n_units, 3)),
        "W_out": np.eye(n_units),
        "b_rec": rng.standard_normal(n_units) / 2,
    }
    est = DaleRNNRegressor.from_weights(**weights, dale=None, random_state=0, **chosen)
    learns = set(chosen) & {"learn_tau", "learn_slope", "initial_state"}
    return est.set_params(frozen=FIVE if learns else ())


TRUE_TAU = np.array([1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 16.0])


def test_time_constants_of_a_simulated_network_are_found():
    x = np.random.default_rng(1).standard_normal((30, 25, 3))
    y = known_network(dt=1.0, tau=TRUE_TAU).predict(x)
    est = known_network(dt=1.0, tau=4.0, learn_tau=True, tau_max=40.0, warm_start=True)
    est.set_params(max_iter=150, learning_rate_init=0.05, learning_rate="cosine").fit(x, y)
    np.testing.assert_allclose(est.tau_, TRUE_TAU, rtol=0.01)
    assert est.score(x, y) > 0.9999


def test_slopes_of_a_simulated_network_are_found_and_never_negative():
    x = np.random.default_rng(1).standard_normal((30, 10, 3))
    slopes = np.array([0.0, 0.2, 0.5, 0.8, 1.0, 1.3, 1.6, 2.0])
    truth = known_network()
    truth.slope_ = slopes
    est = known_network(learn_slope=True, warm_start=True)
    est.set_params(max_iter=150, learning_rate_init=0.05, learning_rate="cosine")
    y = truth.predict(x)
    est.fit(x, y)
    np.testing.assert_allclose(est.slope_, slopes, atol=0.01)
    wild = known_network(learn_slope=True, warm_start=True).set_params(learning_rate_init=3.0)
    wild.set_params(max_iter=3).fit(x, -y)
    assert (wild.slope_ >= 0).all() and (wild.slope_ == 0).any()


@pytest.mark.parametrize("rectify", [True, False])
def test_initial_rates_of_a_simulated_network_are_found(rectify):
    x = np.random.default_rng(1).standard_normal((20, 6, 3))
    options = {"dt": 1.0, "tau": 5.0, "rectify": rectify, "readout_from": "rate"}
    true = np.array([0.0, 0.3, 0.5, 0.9, 0.2, 0.7, 0.1, 0.4]) * (1 if rectify else -1)
    truth = known_network(**options)
    truth.initial_state_ = true
    y = truth.predict(x)
    est = known_network(initial_state="learned", warm_start=True, **options)
    est.set_params(max_iter=200, learning_rate_init=0.05, learning_rate="cosine").fit(x, y)
    np.testing.assert_allclose(est.initial_state_, true, atol=0.01)
    pushed = est.set_params(max_iter=5, learning_rate_init=1.0).fit(x, y - 5)
    assert (pushed.initial_state_ >= 0).all() == rectify


def test_initial_rates_of_each_trial_are_found_and_those_of_new_ones_inferred():
    """The rates follow the first frame, as they do where a recording is cut anywhere."""
    rng = np.random.default_rng(2)
    n_units, n_trials = 8, 60
    x = rng.standard_normal((n_trials, 6, 3))
    mapping = rng.standard_normal((3, n_units)) / 3
    true = np.maximum(0.8 + x[:, 0] @ mapping, 0)
    options = {"dt": 1.0, "tau": 5.0, "readout_from": "rate"}
    truth = known_network(n_units, **options)
    outputs = []
    for trial, rates in zip(x, true, strict=True):
        truth.initial_state_ = rates
        outputs.append(truth.predict(trial[None])[0])
    y = np.stack(outputs)
    est = known_network(n_units, initial_state="per trial", warm_start=True, **options)
    est.set_params(max_iter=200, learning_rate_init=0.05, learning_rate="cosine")
    est.fit(x[:40], y[:40])
    np.testing.assert_allclose(est.initial_state_, true[:40], atol=0.02)
    plain = known_network(n_units, **options)
    assert est.score(x[40:], y[40:]) > 0.98 > plain.score(x[40:], y[40:])


# -------------------------------------------------------------- inference for new trials


@given(st.integers(2, 12), st.integers(1, 20), st.integers(0, 99))
def test_the_map_to_initial_rates_is_a_ridge_regression(n_trials, n_columns, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n_trials, n_columns)) + rng.standard_normal(n_columns)
    rates = rng.standard_normal((n_trials, 4))
    frames = np.column_stack([inputs, np.ones(n_trials)])
    found = regression_on(frames) @ rates
    strength = 0.1 * ((inputs - inputs.mean(axis=0)) ** 2).sum() / n_trials
    ridge = Ridge(alpha=max(strength, 1e-12)).fit(inputs, rates)
    np.testing.assert_allclose(found[:-1], ridge.coef_.T, atol=1e-8)
    np.testing.assert_allclose(found[-1], ridge.intercept_, atol=1e-8)


def test_all_trials_alike_have_the_mean_of_the_rates():
    frames = np.ones((5, 7))
    rates = np.arange(10.0).reshape(5, 2)
    np.testing.assert_allclose(frames @ (regression_on(frames) @ rates), [[4.0, 5.0]] * 5)


def test_new_trials_start_where_their_first_frames_say():
    """Also trials that are shorter than the frames: the last one stands for what is missing."""
    est = network(**TIMES, initial_state="per trial", learning_rate_init=0.1).fit(X, Y)
    frames = np.column_stack([X[:, :5].reshape(10, -1), np.ones(10)])
    np.testing.assert_allclose(est.initial_map_, regression_on(frames) @ est.initial_state_)

    def predicted(trials, first):
        one = copy.deepcopy(est)
        del one.initial_map_
        found = []
        for trial, frame in zip(trials, first, strict=True):
            one.initial_state_ = np.maximum(np.append(frame, 1.0) @ est.initial_map_, 0)
            found.append(one.predict(trial[None])[0])
        return found

    new = np.random.default_rng(1).standard_normal((4, 9, 3))
    expected = predicted(new, new[:, :5].reshape(4, -1))
    np.testing.assert_allclose(est.predict(new), expected, atol=1e-12)
    lengths = (9, 3, 1, 5)
    ragged = [trial[:n] for trial, n in zip(new, lengths, strict=True)]
    first = [trial[np.minimum(np.arange(5), len(trial) - 1)].ravel() for trial in ragged]
    for ours, theirs in zip(est.predict(ragged), predicted(ragged, first), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    assert est.hidden_states(new).shape == (4, 9, N_UNITS)


def test_short_training_trials_have_fewer_frames():
    est = network(initial_state="per trial").fit(X[:, :2], Y[:, :2])
    assert est.initial_map_.shape == (2 * 3 + 1, N_UNITS)
    assert est.predict(X).shape == Y.shape
    static = network(initial_state="per trial").fit(X[:, 0], Y[:, 0])
    assert static.predict(X[:3, 0]).shape == (3, 2)


# -------------------------------------------------------------- a fit that goes on


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("name", PARTS)
def test_a_fit_that_goes_on_has_the_bits_of_one_that_never_stopped(name, noise, dtype):
    x, y = X.astype(dtype), Y
    options = {**PARTS[name], "warm_start": True, "learning_rate_init": 0.03}
    seen = []

    def keep(est):
        if len(est.loss_curve_) == 2:
            seen.append(pickle.dumps(clone_of(est)))

    def clone_of(est):
        there = copy.copy(est)
        there.on_epoch = None
        return there

    whole = network(**options, recurrent_noise=noise, max_iter=5, on_epoch=keep).fit(x, y)
    taken_up = pickle.loads(seen[0]).set_params(max_iter=3).fit(x, y)
    assert_same_bits(taken_up, whole)
    if noise == 0:  # a second fit draws another stream of noise
        parts = network(**options, max_iter=2).fit(x, y)
        assert_same_bits(parts.set_params(max_iter=3).fit(x, y), whole)
        for _ in range(2):
            whole.partial_fit(x, y)
        assert_same_bits(parts.set_params(max_iter=2).fit(x, y), whole)


@pytest.mark.parametrize("name", PARTS)
def test_the_first_loss_of_a_fit_that_goes_on_is_that_of_the_predictions(name):
    """Whether weights come from a fit or from elsewhere, training starts at what is predicted."""
    est = network(**PARTS[name], learning_rate_init=0.03).fit(X, Y)
    est.set_params(batch_size=10)
    if "starts" in name or est.initial_state == "per trial":
        est.set_params(initial_state="learned")  # those of training are no inferred ones
        est.initial_state_ = est.initial_state_.mean(axis=0)
        del est.initial_map_
    one = est.set_params(horizon=1)
    expected = np.mean((one.predict(X) - Y) ** 2)
    assert copy.deepcopy(one).partial_fit(X, Y).loss_curve_[-1] == pytest.approx(expected)
    weights = {name: getattr(one, f"{name}_") for name in FIVE}
    given_ = DaleRNNRegressor.from_weights(**weights, **{**one.get_params(), "max_iter": 1})
    expected = np.mean((given_.predict(X) - Y) ** 2)
    assert given_.partial_fit(X, Y).loss_curve_ == pytest.approx([expected])


def test_what_was_learned_stays_when_it_learns_no_more():
    est = network(**EVERYTHING, warm_start=True, learning_rate_init=0.05).fit(X, Y)
    tau, slope, n_moving = est.tau_.copy(), est.slope_.copy(), est.n_parameters_
    est.set_params(learn_tau=False, learn_slope=False).fit(X, Y)
    assert est.n_parameters_ == n_moving - len(tau) - len(slope)
    np.testing.assert_array_equal(est.tau_, tau)
    np.testing.assert_array_equal(est.slope_, slope)
    est.set_params(learn_tau=True).fit(X, Y)
    assert (est.tau_ != tau).all() and (est.slope_ == slope).all()
    fresh = clone(est).set_params(learn_tau=False, warm_start=False).fit(X, Y)
    assert not hasattr(fresh, "leak_") and (fresh.tau_ == 4.0).all()


def test_starts_change_their_form_without_a_jump():
    one = network(initial_state="learned", learning_rate_init=0.05, warm_start=True, batch_size=10)
    one.fit(X, Y)
    loss = np.mean((one.predict(X) - Y) ** 2)
    each = copy.deepcopy(one).set_params(initial_state="per trial", max_iter=1).fit(X, Y)
    assert each.loss_curve_[-1] == pytest.approx(loss)
    assert each.initial_state_.shape == (10, N_UNITS)
    mean = each.initial_state_.mean(axis=0)
    again = each.set_params(initial_state="learned", learning_rate_init=1e-9).fit(X, Y)
    np.testing.assert_allclose(again.initial_state_, mean, atol=1e-6)
    assert not hasattr(again, "initial_map_")
    none = again.set_params(initial_state="zero").fit(X, Y)
    assert not hasattr(none, "initial_state_")


def test_other_trials_go_on_from_inferred_rates():
    est = network(**TIMES, initial_state="per trial", learning_rate_init=0.05).fit(X, Y)
    new = 20 * np.random.default_rng(3).standard_normal((7, 8, 3))
    inferred = np.column_stack([new[:, :5].reshape(7, -1), np.ones(7)]) @ est.initial_map_
    assert inferred.min() < -0.01
    est.set_params(learning_rate_init=1e-9).partial_fit(new, Y[:7])
    np.testing.assert_allclose(est.initial_state_, np.maximum(inferred, 0), atol=1e-6)
    assert est.predict(X).shape == Y.shape


def test_a_network_in_the_middle_of_a_fit_predicts_as_one_that_ended_there():
    seen = []
    options = {**EVERYTHING, "learning_rate_init": 0.05}
    network(**options, max_iter=3, on_epoch=lambda est: seen.append(est.predict(X[:3]))).fit(X, Y)
    ended = network(**options, max_iter=2).fit(X, Y)
    np.testing.assert_array_equal(seen[1], ended.predict(X[:3]))


def test_steps_of_another_length_are_refused_once_time_constants_are_learned():
    est = network(**TIMES, learn_tau=True, warm_start=True).fit(X, Y).set_params(dt=0.5)
    for call in (lambda: est.predict(X), lambda: est.fit(X, Y), lambda: est.partial_fit(X, Y)):
        with pytest.raises(ValueError, match=r"dt must be 1.0, as in the fit that has learned"):
            call()
    est.set_params(dt=1.0).predict(X)
    assert est.set_params(dt=0.5, warm_start=False).fit(X, Y).dt == 0.5


# -------------------------------------------------------------- scikit-learn


@pytest.mark.parametrize("name", PARTS)
def test_clones_pickles_and_copies(name):
    est = network(**PARTS[name]).fit(X, Y)
    new = np.random.default_rng(3).standard_normal((3, 8, 3))
    for other in (clone(est).fit(X, Y), pickle.loads(pickle.dumps(est)), copy.deepcopy(est)):
        assert_same_bits(other, est)
        np.testing.assert_array_equal(other.predict(new), est.predict(new))
    assert clone(est).get_params() == est.get_params()


def test_searches():
    grid = {"learn_tau": [False, True], "learn_slope": [False, True]}
    grid["initial_state"] = ["zero", "learned", "per trial"]
    search = GridSearchCV(network(**TIMES, max_iter=1), grid, cv=2).fit(X, Y)
    assert len(search.cv_results_["params"]) == 12
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


CLASSES = [
    DaleRNNClassifier,
    SpatialRNNClassifier,
    CellTypeRNNClassifier,
    SpatialRNNRegressor,
    CellTypeRNNRegressor,
]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_estimator_learns_its_physiology(cls):
    options = {**EVERYTHING, **SMALL, "learning_rate_init": 0.05}
    more = {"coordinates": "grid", "n_units": 8} if "Spatial" in cls.__name__ else {}
    if "CellType" in cls.__name__:
        more = {"input_mask": None, "readout": "dense"}
    y = LABELS if "Classifier" in cls.__name__ else Y
    est = cls(**{**options, **more}).fit(X, y)
    assert (est.tau_ != 4).all() and (est.slope_ != 1).any() and est.initial_state_.any()
    assert est.initial_state_.shape == (10, est.n_units)
    assert len(est.predict(X[:3])) == 3
    again = pickle.loads(pickle.dumps(est))
    np.testing.assert_array_equal(again.predict(X), est.predict(X))


def test_the_gradient_of_a_classifier_is_that_of_finite_differences():
    options = {**TIMES, "learn_tau": True, "learn_slope": True, "initial_state": "learned"}
    est = DaleRNNClassifier(
        **{**SMALL, "batch_size": 10}, **options, dale=None, learning_rate_init=0.05
    ).fit(X, LABELS)
    est.initial_state_ = est.initial_state_ + 0.3
    rate = 1e-4
    there = copy.deepcopy(est).set_params(solver=Descent(), learning_rate_init=rate)
    there.partial_fit(X, LABELS)
    for name in ("leak_", "slope_", "initial_state_"):
        old, new = getattr(est, name), getattr(there, name)
        moved = np.log(old / new) if name == "leak_" else old - new
        for unit in (0, 3):
            losses = []
            for sign in (1, -1):
                other = copy.deepcopy(est)
                changed = old.copy()
                step = sign * 1e-5
                changed[unit] = old[unit] * np.exp(step) if name == "leak_" else old[unit] + step
                setattr(other, name, changed)
                losses.append(other.partial_fit(X, LABELS).loss_curve_[-1])
            slope = (losses[0] - losses[1]) / 2e-5
            assert moved[unit] / rate == pytest.approx(slope, rel=1e-4, abs=1e-8)


# -------------------------------------------------------------- together with everything else


@pytest.mark.parametrize("name", PARTS)
def test_early_stopping_keeps_the_physiology_of_the_best_weights(name):
    x_new, y_new = X[6:], Y[6:]
    options = {**PARTS[name], "early_stopping": True, "n_iter_no_change": 3, "max_iter": 12}
    states = []

    def keep(est):
        states.append({key: array.copy() for key, array in everything_of(est).items()})

    if name == "in a loop":  # where fits that begin at their own past may end where they began
        options["readout_skip"] = "present"
    est = network(**options, learning_rate_init=0.1, on_epoch=keep)
    est.fit(X[:6], Y[:6], validation=(x_new, y_new))
    best = int(np.argmax(est.validation_scores_))
    for key, array in states[best].items():
        np.testing.assert_array_equal(getattr(est, key), array, err_msg=key)
    est.set_params(horizon=1)  # a loop is judged as it trains
    if name != "in a loop":
        assert est.score(x_new, y_new) == pytest.approx(max(est.validation_scores_))


def test_steps_that_burn_in_are_judged_nowhere():
    other = Y.copy()
    other[:, :3] += 100.0
    options = {"burn_in": 3, "early_stopping": True, "max_iter": 3, **EVERYTHING}
    one, two = network(**options).fit(X, Y), network(**options).fit(X, other)
    assert_same_bits(one, two)
    assert one.validation_scores_ == two.validation_scores_
    assert one.validation_loss_curve_ == two.validation_loss_curve_
    assert one.score(X, Y) == one.score(X, other)
    rest = network(**EVERYTHING).fit(X, Y)
    assert one.score(X, Y) != pytest.approx(rest.score(X, Y))
    predicted, target = one.predict(X)[:, 3:], Y[:, 3:]
    residual = ((target - predicted) ** 2).sum(axis=(0, 1))
    r2 = 1 - residual / ((target - target.mean(axis=(0, 1))) ** 2).sum(axis=(0, 1))
    assert one.score(X, Y) == pytest.approx(r2.mean())
    np.testing.assert_allclose(one.loss_curve_[0], two.loss_curve_[0])


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("schedule", ["one-shot", "cubic"])
@pytest.mark.parametrize("name", PARTS)
def test_pruning_and_storage_by_synapse(name, stored, schedule):
    chosen = dict(PARTS[name])
    blocks = chosen.pop("blocks", None)
    if blocks is not None:  # which are those of the pruning, too
        chosen |= {"blocks": blocks, "density": np.full((3, 3), 0.25)}
    else:
        chosen["density"] = 0.25
    mask = np.random.default_rng(2).random((N_UNITS, N_UNITS)) < 0.7
    np.fill_diagonal(mask, False)
    est = network(
        **chosen, mask=mask, sparse=stored, pruning="magnitude", pruning_schedule=schedule,
        finetune_iter=2, learning_rate_init=0.05,
    )  # fmt: skip
    with warnings.catch_warnings():  # that there is little to prune
        warnings.simplefilter("ignore")
        est.fit(X, Y)
    kept = est.mask_.toarray() if stored else est.mask_
    W = est.W_rec_.toarray() if stored else est.W_rec_
    assert not W[~kept].any() and not kept[~mask].any() and kept.sum() < mask.sum()
    assert (W * est.signs_ >= 0).all()
    if "learn_tau" in chosen:
        assert (est.tau_ >= 1).all() and (est.tau_ != 4).all()
    assert est.n_iter_ == 4 + 2
    before = est.predict(X)
    est.partial_fit(X, Y)
    assert not np.array_equal(est.predict(X), before)


@pytest.mark.parametrize("name", PARTS)
def test_synapses_alone_learn_as_a_matrix_does(name):
    mask = np.random.default_rng(2).random((N_UNITS, N_UNITS)) < 0.5
    W = np.where(mask, np.random.default_rng(4).standard_normal(mask.shape) / 3, 0)
    options = {**PARTS[name], "mask": mask, "dale": None, "recurrent_init": W}
    dense = network(**options).fit(X, Y)
    stored = network(**options, sparse=True).fit(X, Y)
    np.testing.assert_allclose(stored.W_rec_.toarray(), dense.W_rec_, atol=1e-9)
    for key, array in everything_of(dense).items():
        if key != "W_rec_":
            np.testing.assert_allclose(getattr(stored, key), array, atol=1e-9, err_msg=key)
    np.testing.assert_allclose(stored.predict(X), dense.predict(X), atol=1e-9)


@pytest.mark.parametrize("name", PARTS)
def test_steps_as_a_gpu_takes_them(name):
    options = {**PARTS[name], "learning_rate_init": 0.05}
    plain = network(**options).fit(X, Y)
    with as_on_a_gpu():
        ahead = network(**options).fit(X, Y)
    for est in (plain, ahead):
        est.partial_fit(X, Y)
    ours, theirs = everything_of(plain), everything_of(ahead)
    for key, array in ours.items():
        np.testing.assert_allclose(theirs[key], array, atol=1e-9, err_msg=key)
    np.testing.assert_allclose(ahead.loss_curve_, plain.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("name", PARTS)
def test_single_precision_is_near(name):
    options = {**PARTS[name], "learning_rate_init": 0.02}
    double = network(**options).fit(X, Y)
    single = network(**options).fit(X.astype(np.float32), Y)
    for key, array in everything_of(double).items():
        if key != "initial_map_":
            assert getattr(single, key).dtype == np.float32, key
            np.testing.assert_allclose(getattr(single, key), array, atol=2e-3, err_msg=key)


@pytest.mark.parametrize("name", sorted(set(PARTS) - {"in a loop"}))
def test_networks_that_learn_it_learn_alone(name):
    networks = [network(**PARTS[name], random_state=seed) for seed in (0, 1)]
    alone = [clone(est).fit(X, Y) for est in networks]
    fitted = fit_many(networks, X, Y, strategy="stacked")
    assert fitted.stacking_report["reason"].tolist() == ["physiology that is learned"] * 2
    for one, other in zip(alone, networks, strict=True):
        assert_same_bits(one, other)
    ensemble = SeedEnsemble(network(**PARTS[name]), n_seeds=2, random_state=0).fit(X, Y)
    assert ensemble.predict(X[:2]).shape == (2, 8, 2)


def test_silenced_networks_keep_it():
    est = network(**EVERYTHING, learning_rate_init=0.05).fit(X, Y)
    cut = silence(est, [0])
    np.testing.assert_array_equal(cut.tau_, est.tau_)
    np.testing.assert_array_equal(cut.initial_state_, est.initial_state_)


# -------------------------------------------------------------- what is there, and what is refused


def test_a_network_that_learns_none_of_it_has_none_of_it():
    est = network().fit(X, Y)
    assert not set(EXTRA_ATTRIBUTES.values()) & set(vars(est))
    assert set(EXTRA_ATTRIBUTES) == set(EXTRAS)
    assert not hasattr(est, "tau_") and not hasattr(est, "initial_map_")
    assert not any(name.startswith("_frames") for name in vars(est))
    given_ = network(**TIMES).fit(X, Y)
    np.testing.assert_array_equal(given_.tau_, np.full(N_UNITS, 4.0))
    with pytest.raises(AttributeError, match="tau_ is there after a fit with dt and tau"):
        network(**TIMES).tau_  # noqa: B018
    elsewhere = known_network(dt=1.0, tau=TRUE_TAU)
    np.testing.assert_allclose(elsewhere.tau_, TRUE_TAU)


BAD = [
    ({"learn_tau": True}, ValueError, "dt and tau must be given with learn_tau"),
    ({"learn_tau": "unit", **TIMES}, ValueError, "learn_tau must be True, False or one of"),
    ({"learn_tau": 1, **TIMES}, TypeError, "learn_tau must be True, False or one of"),
    ({"learn_tau": "type", **TIMES}, ValueError, "blocks must say the type of each unit"),
    ({"learn_tau": "type", **TIMES, "blocks": [0, 1]}, ValueError, "blocks must"),
    ({"blocks": [0] * 6}, ValueError, "pruning must be given when blocks is"),
    (
        {"learn_tau": "type", "dt": 1.0, "tau": [2, 3, 4, 5, 6, 7], "blocks": [0] * 3 + [1] * 3},
        ValueError,
        "tau must be the same for all units of a type .*, got 2 and 4 ms in one",
    ),
    ({"learn_tau": True, **TIMES, "tau_max": 3.0}, ValueError, "tau_max must be at least the"),
    ({"learn_tau": True, **TIMES, "tau_max": -1}, ValueError, "tau_max must be None or a number"),
    ({"learn_tau": True, **TIMES, "tau_max": "long"}, TypeError, "tau_max must be None or a"),
    ({"learn_tau": True, "dt": 1.0, "tau": 0.5}, ValueError, "tau must be at least dt"),
    ({"frozen": FIVE}, ValueError, "frozen must leave some weights to train, got all"),
    ({"learn_slope": "yes"}, TypeError, "learn_slope must be True or False"),
    ({"initial_state": "random"}, ValueError, "initial_state must be one of"),
    ({"initial_state": None}, TypeError, "initial_state must be one of"),
]


@pytest.mark.parametrize(("chosen", "kind", "words"), BAD)
def test_what_does_not_fit_is_refused(chosen, kind, words):
    with pytest.raises(kind, match=words) as refusal:
        network(**chosen).fit(X, Y)
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


def test_what_a_published_file_cannot_say_is_not_saved(tmp_path):
    table = cortical_populations(areas=["V1"], layers=["L4", "L2/3"], scaling=1)
    traces = np.random.default_rng(0).standard_normal((8, 6, 6))
    options = {"populations": table, "random_state": 0, "max_iter": 1}
    for chosen, words in (
        ({"learn_slope": True}, "slope_ must not be there"),
        ({"initial_state": "learned"}, "initial_state_ must not be there"),
        ({"readout_skip": "present"}, "w_skip_ must not be there"),
        ({"predict_increments": True}, "predict_increments must be False"),
    ):
        est = CellTypeRNNRegressor(**options, **chosen).fit(traces, traces)
        with pytest.raises(ValueError, match=words):
            save_cell_type_checkpoint(est, tmp_path / "network.pt")


def test_global_generators_are_left_alone():
    state, of_torch = np.random.get_state()[1].copy(), torch.get_rng_state()
    network(**IN_A_LOOP, recurrent_noise=0.1).fit(X, Y)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert torch.equal(torch.get_rng_state(), of_torch)


def test_the_number_of_threads_changes_no_initial_rate():
    rng = np.random.default_rng(0)
    X, found = rng.standard_normal((600, 6, 30)), []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            est = DaleRNNRegressor(
                n_units=100, max_iter=1, initial_state="per trial", random_state=0
            ).fit(X, X)
            found.append((est.initial_map_, est.predict(X[:300])))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)
