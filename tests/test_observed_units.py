"""Units that stand for recorded neurons: what each output reads, what drives it, what is hidden."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from test_estimators_input import refused

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNRegressor,
)
from sk_biornn.ensemble import fit_many
from sk_biornn.inspection import silence

NAMES = ["AVA", "AVB", "AVD", "PVC", "RIM"]
RNG = np.random.default_rng(0)
MASK = RNG.random((5, 5)) < 0.6
X = RNG.standard_normal((24, 12, 2)).astype(np.float32)
# The next inputs but for some noise: the very same would call for a warning.
Y = np.concatenate([X[:, 1:], X[:, -1:]], axis=1)
Y += 0.1 * RNG.standard_normal(Y.shape).astype(np.float32)
SMALL = {"n_units": 5, "max_iter": 2, "random_state": 0}
FORECASTS = {"predict_increments": True, "readout_skip": "diagonal", "burn_in": 2}


def regressor(**parameters):
    return DaleRNNRegressor(**{**SMALL, "observed": [3, 1], **parameters})


def named(values, names):
    return [pd.DataFrame(trial, columns=names) for trial in values]


def labelled_mask():
    return pd.DataFrame(MASK, index=NAMES, columns=NAMES)


# ------------------------------------------------------------------ the read-out


@pytest.mark.parametrize("readout_from", ["state", "rate"])
def test_output_is_the_unit_itself_and_an_offset(readout_from):
    reg = regressor(readout_from=readout_from).fit(X, Y)
    units = reg.hidden_states(X, kind=readout_from)[:, :, [3, 1]]
    np.testing.assert_allclose(reg.predict(X), units + reg.b_out_, atol=1e-6)
    np.testing.assert_array_equal(reg.W_out_, np.eye(5)[[3, 1]])


def test_gains_are_learned_and_stay_positive():
    # The unit is -x, and x is asked for: the gain falls to 0 and stays there.
    start = DaleRNNRegressor.from_weights(
        W_rec=np.zeros((2, 2)), W_in=[[-1.0, 0.0], [0.0, 1.0]], W_out=np.eye(2),
        observed=[0, 1], readout_gain="positive", activation="tanh", dale=None,
        frozen=("W_in", "b_rec", "W_rec"), learning_rate_init=0.05, max_iter=80, random_state=0,
        warm_start=True,
    )  # fmt: skip
    fitted = start.fit(X, 0.5 * X)
    assert fitted.W_out_[0].tolist() == [0.0, 0.0]
    best = np.sum(np.tanh(X[..., 1]) * 0.5 * X[..., 1]) / np.sum(np.tanh(X[..., 1]) ** 2)
    assert fitted.W_out_[1, 0] == 0 and fitted.W_out_[1, 1] == pytest.approx(best, abs=0.02)


def test_hidden_units_reach_outputs_through_synapses_alone():
    mask = np.zeros((5, 5), dtype=bool)
    mask[3, 0] = True  # hidden unit 0 drives unit 3; unit 1 is driven by nobody
    reg = regressor(mask=mask).fit(X, Y)
    other = clone(reg).fit(X, Y)
    other.b_rec_ = other.b_rec_ + np.array([1, 0, 0, 0, 0], dtype=np.float32)
    change = np.abs(other.predict(X) - reg.predict(X)).max(axis=(0, 1))
    assert change[0] > 0.01 and change[1] == 0


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    "observed",
    [
        ["PVC", "AVB"],
        np.array(["PVC", "AVB"]),
        pd.Index(["PVC", "AVB"]),
        pd.Series(["AVB", "PVC"], index=["b", "a"]),
        {"b": "AVB", "a": "PVC"},
        [3, 1],
        np.array([3, 1]),
        ["PVC", 1],
    ],
    ids=repr,
)
def test_units_may_be_named_or_numbered(observed):
    reg = regressor(observed=observed, mask=labelled_mask())
    reg.fit(named(X, ["a", "b"]), named(Y, ["a", "b"]))
    np.testing.assert_array_equal(reg.W_out_, np.eye(5)[[3, 1]])


def test_names_of_outputs_are_those_of_units():
    reg = regressor(observed="names", mask=labelled_mask(), input_mask="observed")
    reg.fit(named(X, ["PVC", "AVB"]), named(Y, ["PVC", "AVB"]))
    np.testing.assert_array_equal(reg.W_out_, np.eye(5)[[3, 1]])
    assert reg.unit_names_ == tuple(NAMES)
    with refused("observed", "'PVC' for the output of that name", "AVB"):
        regressor(observed=[1, 3], mask=labelled_mask()).fit(
            named(X, ["PVC", "AVB"]), named(Y, ["PVC", "AVB"])
        )


def test_numbers_are_names_where_units_are_named_by_numbers():
    cells = [501, 3, 77, 1, 4]
    mask = pd.DataFrame(MASK, index=cells, columns=cells)
    reg = regressor(observed=[1, 77], mask=mask).fit(X, Y)
    np.testing.assert_array_equal(reg.W_out_, np.eye(5)[[3, 2]])
    with refused("observed", "0"):
        regressor(observed=[0, 1], mask=mask).fit(X, Y)
    # Columns of a recording may have numbers of another count.
    regressor(observed=[1, 77], mask=mask).fit(named(X, [4, 3]), named(Y, [4, 3]))


# ------------------------------------------------------------------ the inputs


def test_a_recorded_unit_sees_its_own_column_alone_with_a_positive_weight():
    reg = regressor(input_mask="observed", max_iter=1).fit(X, Y)
    where = np.zeros((5, 2), dtype=bool)
    where[[3, 1], [0, 1]] = True
    np.testing.assert_array_equal(reg.W_in_ != 0, where)
    np.testing.assert_allclose(reg.W_in_[where], 1, atol=2e-3)  # one step of Adam from 1
    pushed = regressor(input_mask="observed", learning_rate_init=0.1, max_iter=60).fit(X, -X)
    assert (pushed.W_in_ >= 0).all()


def test_other_columns_reach_all_units_and_withheld_neurons_have_none():
    with_stimulus = named(np.concatenate([X, X[..., :1]], axis=2), ["AVB", "light", "RIM"])
    reg = regressor(observed="names", mask=labelled_mask(), input_mask="observed")
    reg.fit(with_stimulus, named(Y, ["PVC", "AVB"]))
    of_avb, of_light, of_rim = reg.W_in_.T != 0
    assert of_avb.tolist() == [False, True, False, False, False]
    assert of_light.all()
    assert of_rim.tolist() == [False] * 4 + [True]  # hidden, and measured
    # PVC is an output that X does not have: its unit lives on what synapses bring.


def test_names_of_outputs_tell_where_nothing_names_the_units():
    reg = regressor(input_mask="observed")
    reg.fit(named(X[..., :1], ["PVC"]), named(Y, ["PVC", "AVB"]))  # AVB is withheld
    assert np.flatnonzero(reg.W_in_).tolist() == [3]


def test_feedback_counts_more_than_a_name():
    reg = regressor(input_mask="observed", mask=labelled_mask(), feedback=["b", "RIM"])
    three = np.concatenate([X, X[..., :1]], axis=2)
    reg.fit(named(three, ["AVA", "RIM", "b"]), named(Y, ["one", "two"]))
    assert [np.flatnonzero(column).tolist() for column in reg.W_in_.T] == [[0], [1], [3]]


def test_feedback_says_which_column_is_whose():
    reg = regressor(input_mask="observed", feedback=[2, 0])
    reg.fit(np.concatenate([X, X[..., :1]], axis=2), Y)
    assert np.flatnonzero(reg.W_in_[:, 2]).tolist() == [3]
    assert np.flatnonzero(reg.W_in_[:, 0]).tolist() == [1]
    assert (reg.W_in_[:, 1] != 0).all()


def test_signs_of_inputs_that_are_given_are_kept():
    reg = regressor(input_mask="observed", input_signs=[-1, 1], max_iter=1).fit(X, Y)
    assert reg.W_in_[3, 0] == pytest.approx(-1, abs=2e-3)
    assert reg.W_in_[1, 1] == pytest.approx(1, abs=2e-3)


def test_recorded_units_start_as_their_own_column_and_hidden_ones_as_drawn():
    start = {"max_iter": 1, "learning_rate_init": 1e-12, "feedback": [0, 1]}
    drawn = DaleRNNRegressor(**{**SMALL, **start}).fit(X, Y).W_in_
    every = regressor(**start).fit(X, Y).W_in_
    np.testing.assert_allclose(every[[3, 1]], np.eye(2), atol=1e-6)
    np.testing.assert_allclose(every[[0, 2, 4]], drawn[[0, 2, 4]], atol=1e-6)
    only_others = np.ones((5, 2), dtype=bool)
    only_others[3, 0] = False  # does not see itself, and starts as it is drawn
    some = regressor(**start, input_mask=only_others).fit(X, Y).W_in_
    np.testing.assert_allclose(some[1], [0, 1], atol=1e-6)
    np.testing.assert_allclose(some[3], [0, drawn[3, 1]], atol=1e-6)
    # Nobody has said that X is what the outputs were.
    plain = regressor(max_iter=1, learning_rate_init=1e-12).fit(X, Y).W_in_
    np.testing.assert_allclose(plain, drawn, atol=1e-6)


# ------------------------------------------------------------------ forecasts


def test_increments_start_at_the_least_squares_of_the_own_past_beside_the_unit():
    reg = regressor(**FORECASTS, input_mask="observed", learning_rate_init=1e-12, max_iter=1)
    reg.set_params(readout_skip="present").fit(X, Y)
    units = reg.hidden_states(X)[:, 2:, [3, 1]].astype(float)
    for k in range(2):
        x, rest = (
            X[:, 2:, k].ravel().astype(float),
            (Y - X)[:, 2:, k].ravel() - units[..., k].ravel(),
        )
        slope, offset = np.polyfit(x, rest, 1)
        assert reg.w_skip_[0, k] == pytest.approx(slope, abs=2e-3)
        assert reg.b_out_[k] == pytest.approx(offset, abs=2e-3)


def test_learned_gains_start_where_they_are_best():
    reg = regressor(**FORECASTS, input_mask="observed", readout_gain="positive")
    reg.set_params(readout_skip=None, learning_rate_init=1e-12, max_iter=1, activation="relu")
    y = X + 0.7 * np.maximum(X, 0)
    weights = {"W_rec": np.zeros((5, 5)), "b_rec": np.zeros(5)}
    reg.set_params(recurrent_init=weights["W_rec"], recurrent_bias=False).fit(X, y)
    np.testing.assert_allclose(reg.W_out_[[0, 1], [3, 1]], 0.7, atol=2e-3)
    np.testing.assert_allclose(reg.b_out_, 0, atol=2e-3)
    np.testing.assert_allclose(reg.predict(X), y, atol=5e-3)
    reg.fit(X, X - 0.7 * np.maximum(X, 0))  # a negative one would be best
    np.testing.assert_allclose(reg.W_out_[[0, 1], [3, 1]], 0.1, atol=1e-6)


def test_a_gain_of_which_the_past_tells_nothing_starts_at_1():
    reg = regressor(predict_increments=True, readout_skip="present", input_mask="observed")
    reg.set_params(readout_gain="positive", learning_rate_init=1e-12, max_iter=1)
    reg.set_params(activation="relu", recurrent_init=np.zeros((5, 5)), recurrent_bias=False)
    reg.fit(X - X.min(), Y - X.min())  # each unit is its column
    np.testing.assert_allclose(reg.W_out_, np.eye(5)[[3, 1]], atol=1e-6)


def test_a_read_out_that_is_not_allowed_is_not_there():
    allowed = np.ones((2, 5), dtype=bool)
    allowed[1, 1] = False
    reg = regressor(readout_mask=allowed).fit(X, Y)
    np.testing.assert_array_equal(reg.W_out_, np.eye(5)[[3, 1]] * [[1], [0]])


@pytest.mark.parametrize("gain", ["identity", "positive"])
def test_some_unit_that_is_observed_may_be_read(gain):
    """Or all outputs would be constant, whatever is learned."""
    others = np.eye(5)[[3, 1]] == 0
    with pytest.raises(ValueError, match=r"^readout_mask must allow some output the unit that ob"):
        regressor(readout_mask=others, readout_gain=gain).fit(X, Y)


@pytest.mark.parametrize("network", [DaleRNNRegressor, DaleRNNClassifier])
def test_a_read_out_of_nothing_is_refused(network):
    network = network(**SMALL, readout_mask=np.zeros((1, 5), dtype=bool))
    with pytest.raises(ValueError, match=r"^readout_mask must allow some unit to be read, or outp"):
        network.fit(X, np.arange(len(X)) % 2)


@pytest.mark.parametrize("gain", ["identity", "positive"])
def test_a_forecast_feeds_the_units_what_they_said(gain):
    reg = regressor(**FORECASTS, input_mask="observed", readout_gain=gain).fit(X, Y)
    ahead = reg.forecast(X, 3)
    longer = X
    for step in range(3):
        following = reg.predict(longer)[:, -1]
        np.testing.assert_allclose(ahead[:, step], following, atol=1e-5)
        longer = np.concatenate([longer, following[:, None]], axis=1)


# ------------------------------------------------------------------ with all the rest


def test_dale_mask_and_sparse_storage_are_kept():
    signs = np.array([1, 1, -1, 1, -1])
    common = {**FORECASTS, "signs": signs, "input_mask": "observed", "autapses": False}
    mask = MASK & ~np.eye(5, dtype=bool)
    dense = regressor(**common, mask=mask, recurrent_init=0.2 * mask * signs)
    stored = clone(dense).set_params(mask=sp.csr_array(mask), sparse=True)
    dense.fit(X, Y), stored.fit(X, Y)
    assert (dense.W_rec_ * signs >= 0).all()
    assert not dense.W_rec_[~mask].any()
    np.testing.assert_allclose(stored.W_rec_.toarray(), dense.W_rec_, atol=1e-6)
    np.testing.assert_allclose(stored.predict(X), dense.predict(X), atol=1e-5)


def test_in_a_network_of_populations_it_takes_the_place_of_their_readout():
    table = pd.DataFrame({"population": ["E", "I"], "n_units": [3, 2], "sign": [1, -1]})
    reg = CellTypeRNNRegressor(
        populations=table, observed=[3, 1], input_mask="observed", readout_gain="positive",
        max_iter=3, random_state=0,
    ).fit(X, Y)  # fmt: skip
    gains = reg.W_out_[[0, 1], [3, 1]]
    assert np.count_nonzero(reg.W_out_) == 2 and (gains != 1).all() and (reg.b_out_ != 0).all()
    assert (reg.W_rec_[:, 3:] <= 0).all() and (reg.W_rec_[:, :3] >= 0).all()
    # One output per population is not asked for.
    three = np.concatenate([X, X[..., :1]], axis=2)
    assert reg.set_params(observed=[0, 4, 2]).fit(three, three).W_out_.shape == (3, 5)
    with refused("X", "input_mask='observed'"):
        CellTypeRNNRegressor(populations=table, observed=[0, 4, 2]).fit(three, three)


def test_spikes_of_units_follow_their_states_through_the_link():
    counts = RNG.poisson(2.0, Y.shape)
    reg = regressor(observation="poisson", input_mask="observed").fit(X, counts)
    units = reg.hidden_states(X)[:, :, [3, 1]]
    log_mean = np.log(counts.mean(axis=(0, 1)) / np.log(2))
    rates = np.logaddexp(0, units + reg.b_out_) * np.exp(log_mean)
    np.testing.assert_allclose(reg.predict(X), rates, rtol=1e-3)


def test_from_weights_takes_what_a_fit_leaves_and_refuses_others():
    reg = regressor(mask=MASK).fit(X, Y)
    weights = {name: getattr(reg, f"{name}_") for name in ("W_rec", "W_in", "b_rec", "b_out")}
    same = {"mask": MASK, "observed": [3, 1]}
    again = DaleRNNRegressor.from_weights(W_out=reg.W_out_, **weights, **same)
    np.testing.assert_array_equal(again.predict(X), reg.predict(X))
    half = 0.5 * reg.W_out_
    with refused("W_out", "readout_gain='positive'"):
        DaleRNNRegressor.from_weights(W_out=half, **weights, **same)
    DaleRNNRegressor.from_weights(W_out=half, **weights, **same, readout_gain="positive")
    for wrong in (-half, half[::-1]):
        with refused("W_out"):
            DaleRNNRegressor.from_weights(W_out=wrong, **weights, **same, readout_gain="positive")


def test_a_fit_goes_on_and_a_copy_is_the_same():
    once = regressor(**FORECASTS, readout_gain="positive", max_iter=4).fit(X, Y)
    parts = regressor(**FORECASTS, readout_gain="positive", warm_start=True).fit(X, Y).fit(X, Y)
    np.testing.assert_array_equal(parts.W_out_, once.W_out_)
    np.testing.assert_array_equal(parts.W_rec_, once.W_rec_)
    copy = pickle.loads(pickle.dumps(once))
    np.testing.assert_array_equal(copy.predict(X), once.predict(X))


def test_a_search_and_a_silenced_unit():
    search = GridSearchCV(regressor(), {"readout_gain": ["identity", "positive"]}, cv=2)
    assert np.isfinite(search.fit(X, Y).cv_results_["mean_test_score"]).all()
    cut = silence(regressor(max_iter=3).fit(X, Y), 3)
    np.testing.assert_array_equal(cut.predict(X)[..., 0], np.broadcast_to(cut.b_out_[0], (24, 12)))
    assert not cut.set_params(warm_start=True).fit(X, Y).W_out_[0].any()


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"observed": [3]}, ("observed", "2 outputs", "got 1")),
        ({"observed": [3, 3]}, ("observed", "each another one", "3 twice")),
        ({"observed": [3, 5]}, ("observed", "number below 5", "got 5")),
        ({"observed": [3, -1]}, ("observed", "got -1")),
        ({"observed": [3, 1.0]}, ("observed", "got 1.0")),
        ({"observed": ["AVA", "AVB"]}, ("observed", "no argument names the units", "AVA")),
        ({"observed": ["AVA", "XXX"], "mask": labelled_mask()}, ("observed", "mask", "XXX")),
        ({"observed": 3}, ("observed", "got 3")),
        ({"observed": "AVA"}, ("observed", "'names'", "AVA")),
        ({"observed": "names"}, ("y must have names",)),
        ({"observed": [True, False]}, ("observed", "truth values")),
        ({"observed": [[3, 1]]}, ("observed",)),
        ({"observed": None, "readout_gain": "positive"}, ("readout_gain", "observed")),
        ({"observed": None, "input_mask": "observed"}, ("observed", "input_mask")),
        ({"readout_gain": "unit"}, ("readout_gain", "identity", "unit")),
        ({"readout_signs": "dale"}, ("readout_signs", "observed", "dale")),
        ({"input_mask": "names"}, ("input_mask", "names")),
        (
            {"frozen": ("W_in", "W_rec", "b_rec", "b_out")},
            ("frozen must leave some weights to train",),
        ),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(parameters, words):
    with refused(*words):
        regressor(**parameters).fit(X, Y)


def test_columns_that_stand_for_nobody_are_refused():
    with refused("input_mask", "feedback"):
        regressor(input_mask="observed").fit(X[..., :1], Y)
    with refused("input_mask", "observed"):
        DaleRNNClassifier(n_units=5, input_mask="observed").fit(X, np.arange(24) % 2)


@pytest.mark.parametrize("gain", ["identity", "positive"])
def test_networks_that_learn_side_by_side_are_as_alone(gain):
    settings = {"readout_gain": gain, "input_mask": "observed", "feedback": [0, 1]}
    alone = [regressor(**settings, random_state=seed).fit(X, Y) for seed in (0, 1)]
    stacked = fit_many([clone(reg) for reg in alone], X, Y)
    for one, other in zip(alone, stacked, strict=True):
        for name in ("W_rec_", "W_in_", "W_out_", "b_out_"):
            np.testing.assert_allclose(getattr(other, name), getattr(one, name), atol=1e-6)


def test_a_spatial_network_may_have_hidden_units():
    reg = SpatialRNNRegressor(
        n_units=8, coordinates=(2, 2, 2), regularizer="spatial", observed=[7, 0], max_iter=2,
        random_state=0,
    ).fit(X, Y)  # fmt: skip
    np.testing.assert_array_equal(reg.W_out_, np.eye(8)[[7, 0]])
