"""Silencing, currents and skill: closed forms, brute force, the estimator's own activity."""

from __future__ import annotations

import copy
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from problems import EXCITATORY_LAWS, LAWS_OR_NONE
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.inspection import (
    current_decomposition,
    prediction_skill,
    silence,
    silencing_effect,
)

TABLE = pd.DataFrame({"population": ["A_pyr", "A_sst"], "n_units": [6, 2], "sign": [1, -1]})
EXCITATORY, INHIBITORY = slice(0, 6), slice(6, 8)


def trials(n_trials: int = 12, n_steps: int = 5, n_features: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_trials, n_steps, n_features))


def regressor(seed: int = 0, **options) -> DaleRNNRegressor:
    """A fitted regressor of two populations that predicts the next step of two channels."""
    X = trials(n_steps=6)
    options = {"n_units": 8, "excitatory_fraction": 0.75, "max_iter": 3} | options
    reg = DaleRNNRegressor(**options, random_state=seed).fit(X[:, :-1], X[:, 1:])
    reg.populations_ = TABLE
    return reg


# Silencing


def changed(reg: DaleRNNRegressor, cut: DaleRNNRegressor, name: str) -> np.ndarray:
    return getattr(reg, name) != getattr(cut, name)


def test_edge_class_cuts_one_block_and_nothing_else():
    reg = regressor()
    before = copy.deepcopy(vars(reg))
    cut = silence(reg, ("A_pyr", "A_sst"))
    assert (cut.W_rec_[EXCITATORY, INHIBITORY] == 0).all()
    expected = np.zeros((8, 8), dtype=bool)
    expected[EXCITATORY, INHIBITORY] = reg.W_rec_[EXCITATORY, INHIBITORY] != 0
    assert expected.any()
    assert (changed(reg, cut, "W_rec_") == expected).all()
    assert (cut.mask_ == (reg.mask_ & ~np.isin(np.arange(64).reshape(8, 8), block_of_ei()))).all()
    for name in ("W_in_", "b_rec_", "W_out_", "b_out_"):
        assert not changed(reg, cut, name).any()
    for name, value in before.items():  # the estimator itself is as it was
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(reg, name), value)


def block_of_ei() -> np.ndarray:
    return np.arange(64).reshape(8, 8)[EXCITATORY, INHIBITORY]


@pytest.mark.parametrize(
    ("part", "units"),
    [("A_sst", [6, 7]), (3, [3]), (np.int64(3), [3]), ([1, 6], [1, 6]), (np.array([1, 6]), [1, 6])],
)
def test_units_are_cut_from_everything(part, units):
    reg = regressor()
    cut = silence(reg, part)
    others = np.setdiff1d(np.arange(8), units)
    kept = np.ix_(others, others)
    assert (cut.W_rec_[units] == 0).all() and (cut.W_rec_[:, units] == 0).all()
    assert not cut.mask_[units].any() and not cut.mask_[:, units].any()
    assert (cut.W_out_[:, units] == 0).all() and (cut.b_rec_[units] == 0).all()
    assert (cut.W_rec_[kept] == reg.W_rec_[kept]).all()
    assert (cut.W_out_[:, others] == reg.W_out_[:, others]).all()
    assert (cut.b_out_ == reg.b_out_).all()
    states = cut.hidden_states(trials())
    assert (states[..., units] == 0).all() and (states[..., others] != 0).any()


def test_silenced_network_is_the_network_of_the_other_units():
    """Predictions of the cut network equal those of one built without the units at all."""
    reg = regressor()
    others = np.array([0, 2, 3, 5, 6])
    small = copy.deepcopy(reg)
    small.W_rec_ = reg.W_rec_[np.ix_(others, others)]
    small.W_in_, small.b_rec_, small.W_out_ = (
        reg.W_in_[others],
        reg.b_rec_[others],
        reg.W_out_[:, others],
    )
    X = trials(seed=1)
    np.testing.assert_allclose(
        silence(reg, [1, 4, 7]).predict(X), small.predict(X), rtol=0, atol=1e-12
    )


AREAS = pd.DataFrame(
    {
        "population": ["V1_L4_pyr", "V1_L4_pv", "V1_L23_pv", "LM_L4_pv", "LP"],
        "n_units": [2, 1, 2, 1, 2],
        "sign": [1, -1, -1, -1, 1],
        "area": ["V1", "V1", "V1", "LM", "LP"],
        "layer": ["L4", "L4", "L2/3", "L4", None],  # a nucleus has no layers
        "cell_type": ["Pyr", "PV", "PV", "PV", None],
    }
)


@pytest.mark.parametrize(
    ("part", "units"),
    [
        (["V1_L4_pv", "LM_L4_pv"], [2, 5]),
        (["V1_L4_pv", "V1_L4"], [0, 1, 2]),  # their union
        (np.array(["LP"]), [6, 7]),
        ("V1_L4", [0, 1, 2]),
        ("V1_L2/3", [3, 4]),
        ("V1", [0, 1, 2, 3, 4]),
        ("PV", [2, 3, 4, 5]),
        ("Pvalb", [2, 3, 4, 5]),
        (["LM", "Pyr"], [0, 1, 5]),
        (np.arange(8) > 5, [6, 7]),
        (pd.Series(np.arange(8) > 5), [6, 7]),
    ],
)
def test_parts_by_name_are_the_units_of_the_table(part, units):
    reg = regressor()
    cut, expected = silence(reg, part, labels=AREAS), silence(reg, units)
    for name in ("W_rec_", "mask_", "W_in_", "W_out_", "b_rec_"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(expected, name))


def test_both_sides_of_an_edge_class_may_be_any_name_of_the_table():
    reg = regressor(dale=None)
    cut = silence(reg, ("Pyr", "LM"), labels=AREAS)
    expected = np.zeros((8, 8), dtype=bool)
    expected[[0, 1], 5] = True
    assert (changed(reg, cut, "W_rec_") == expected).all()
    assert not changed(reg, cut, "W_out_").any()


def test_a_name_of_several_levels_is_the_population():
    labels = AREAS.replace({"population": {"V1_L4_pv": "PV"}})
    reg = regressor()
    cut = silence(reg, "PV", labels=labels)
    assert (cut.W_rec_ == silence(reg, 2).W_rec_).all()


def test_labels_that_differ_in_case_are_two_populations():
    reg = regressor()
    cut = silence(reg, "e", labels=["E", "e"] * 4)
    assert (cut.W_rec_ == silence(reg, [1, 3, 5, 7]).W_rec_).all()


def test_parts_of_several_populations_have_an_effect_under_their_name():
    reg, X, y = regressor(), trials(seed=2), trials(seed=3)
    marks = np.arange(8) == 5
    named = {"all PV": ["V1_L4_pv", "V1_L23_pv", "LM_L4_pv"], "V1 to LM": ("LM", "V1")}
    table = silencing_effect(reg, X, y, named, labels=AREAS)
    assert table["part"].drop_duplicates().tolist() == ["all PV", "V1 to LM"]
    listed = silencing_effect(reg, X, y, [[2, 3, 4, 5], ["V1_L4_pv", "LP"], marks], labels=AREAS)
    assert listed["part"].drop_duplicates().tolist() == ["[2, 3, 4, 5]", "V1_L4_pv, LP", "[5]"]
    by_name, by_number = (t.groupby("part")["change"].first() for t in (table, listed))
    assert by_name["all PV"] == by_number["[2, 3, 4, 5]"] > 0


@pytest.mark.parametrize("dale", LAWS_OR_NONE)
@pytest.mark.parametrize("part", [("A_pyr", "A_sst"), "A_pyr", 7])
def test_what_was_cut_does_not_grow_back_in_training(part, dale):
    options = {"signs": np.ones(8)} if dale in EXCITATORY_LAWS else {}
    reg = regressor(dale=dale, mask=1 - np.eye(8), **options)
    cut = silence(reg, part)
    W_cut, readout_cut = cut.W_rec_ == 0, cut.W_out_ == 0
    assert reg.mask.sum() == 56 and reg.readout_mask is None  # those of the original
    X = trials(n_steps=6, seed=1)
    for train in (cut.set_params(warm_start=True).fit, cut.partial_fit, clone(cut).fit):
        trained = train(X[:, :-1], X[:, 1:])
        assert (trained.W_rec_[W_cut & ~cut.mask_] == 0).all()
        assert (trained.W_out_[readout_cut] == 0).all()
        assert (trained.mask_ == silence(reg, part).mask_).all()
        assert (trained.W_rec_[trained.mask_] != reg.W_rec_[trained.mask_]).any()


def test_what_a_cut_unit_receives_in_later_training_reaches_nothing():
    cut = silence(regressor(), "A_sst").set_params(warm_start=True)
    X = trials(n_steps=6, seed=1)
    cut.fit(X[:, :-1], X[:, 1:])
    np.testing.assert_array_equal(cut.predict(X), silence(cut, "A_sst").predict(X))


@pytest.mark.parametrize("pruning", [{}, {"pruning": "magnitude", "density": 0.5}])
def test_a_cut_network_of_cell_types_keeps_its_own_channels_and_cut(pruning):
    X = trials(n_steps=6)
    X, y = X[:, :-1], X[:, 1:]
    reg = CellTypeRNNRegressor(
        populations=TABLE, max_iter=3, finetune_iter=2, freeze_readout=False, random_state=0
    )
    reg.set_params(**pruning).fit(X, y)
    cut = silence(reg, "A_sst").set_params(warm_start=True).fit(X, y)
    assert (cut.W_rec_[INHIBITORY] == 0).all() and (cut.W_rec_[:, INHIBITORY] == 0).all()
    assert (cut.W_out_[:, INHIBITORY] == 0).all()
    assert (cut.mask_[EXCITATORY, EXCITATORY] == reg.mask_[EXCITATORY, EXCITATORY]).all()
    for name in ("W_in_", "W_out_"):  # each population its own channel and output, as before
        assert (getattr(cut, name)[getattr(reg, name) == 0] == 0).all()
    assert cut.input_mask == "population"


def test_labels_stand_in_for_a_table_of_populations():
    reg = regressor()
    del reg.populations_
    with pytest.raises(ValueError, match="labels must be given"):
        silence(reg, "A_sst")
    labels = ["A_pyr"] * 6 + ["A_sst"] * 2
    cut = silence(reg, "A_sst", labels=labels)
    assert (cut.W_rec_ == silence(reg, "A_sst", labels=TABLE).W_rec_).all()
    assert (silence(reg, 0).W_rec_[0] == 0).all()  # units need no labels


def test_a_pipeline_is_cut_inside_and_stays_whole():
    reg = regressor()
    halved = make_pipeline(FunctionTransformer(np.negative, check_inverse=False), reg)
    cut = silence(halved, "A_sst")
    X = trials(seed=1)
    np.testing.assert_array_equal(cut.predict(X), silence(reg, "A_sst").predict(-X))
    assert (reg.W_rec_[INHIBITORY] != 0).any()
    table = silencing_effect(halved, X, X, ["A_sst"])
    expected = np.sqrt(np.square(cut.predict(X) - halved.predict(X)).mean(axis=(0, 1)))
    assert table["change"].to_numpy() == pytest.approx(expected)


def test_effect_is_that_of_predictions_by_hand():
    runs = [regressor(0), regressor(1)]
    X = trials(seed=2)
    y = trials(seed=3)
    y[0, 1, 0] = np.nan
    parts = {"inhibition": "A_sst", "disinhibition": ("A_sst", "A_sst"), "a unit": 2}
    table = silencing_effect(runs, X, y, parts)
    assert len(table) == 2 * 3 * 2
    assert table["output"].tolist() == ["A_pyr", "A_sst"] * 6  # one output per population
    rows = table.set_index(["run", "part", "output"])
    for run, reg in enumerate(runs):
        for name, part in parts.items():
            before, after = reg.predict(X), silence(reg, part).predict(X)
            for k, output in enumerate(("A_pyr", "A_sst")):
                row = rows.loc[run, name, output]
                seen = np.isfinite(y[..., k])
                mse, mse_silenced = (
                    np.mean((y[..., k] - p[..., k])[seen] ** 2) for p in (before, after)
                )
                assert row["mse"] == pytest.approx(mse)
                assert row["mse_silenced"] == pytest.approx(mse_silenced)
                assert row["effect"] == pytest.approx(mse_silenced - mse)
                change = np.sqrt(np.mean((after - before)[..., k][seen] ** 2))
                assert row["change"] == pytest.approx(change) and change > 0


def test_by_default_every_population_is_silenced_in_turn():
    table = silencing_effect([regressor()], trials(), trials())
    assert table["part"].drop_duplicates().tolist() == ["A_pyr", "A_sst"]


def test_cutting_what_is_not_connected_has_no_effect():
    reg = regressor()
    reg.W_rec_[EXCITATORY, INHIBITORY] = 0
    table = silencing_effect(reg, trials(), trials(), [("A_pyr", "A_sst")])
    assert (table[["effect", "change"]] == 0).all(axis=None)
    assert table["part"].unique().tolist() == ["A_pyr <- A_sst"]


def test_members_of_an_ensemble_are_runs():
    X = trials(n_steps=6)
    base = DaleRNNRegressor(n_units=8, max_iter=1)
    ensemble = SeedEnsemble(base, n_seeds=3, random_state=0).fit(X[:, :-1], X[:, 1:])
    table = silencing_effect(ensemble, X[:, :-1], X[:, 1:], [0], outputs=["left", "right"])
    assert table["run"].tolist() == [0, 0, 1, 1, 2, 2]
    assert table["output"].tolist() == ["left", "right"] * 3


def test_trials_of_unequal_length_are_pooled():
    reg = regressor()
    X = [trials(1, n)[0] for n in (3, 5)]
    table = silencing_effect(reg, X, X, [0])
    errors = np.concatenate([x - reg.predict(X)[k] for k, x in enumerate(X)])
    assert table["mse"].to_numpy() == pytest.approx(np.square(errors).mean(axis=0))


@pytest.mark.parametrize("every_step", [True, False])
def test_effect_on_a_classifier_is_in_its_probabilities(every_step):
    X = trials()
    y = (X[..., 0] > 0).astype(int) if every_step else (X[:, -1, 0] > 0).astype(int)
    clf = DaleRNNClassifier(n_units=8, max_iter=2, random_state=0).fit(X, y)
    table = silencing_effect(clf, X, y, [0, 1])
    assert table["output"].tolist() == [0, 1] * 2
    probability = clf.predict_proba(X)[..., 1]
    assert table["mse"][1] == pytest.approx(np.mean((y - probability) ** 2))
    assert table["mse"][0] == pytest.approx(table["mse"][1])  # two classes: they mirror each other


@pytest.mark.parametrize(
    ("part", "error", "sentence"),
    [
        ("A_vip", ValueError, r"part must name populations of the network \(A_pyr, A_sst\), got"),
        (("A_pyr", "A_vip"), ValueError, "got 'A_vip'"),
        (8, ValueError, "part must hold units from 0 to 7, got 8"),
        ([-1], ValueError, "from 0 to 7"),
        (1.5, TypeError, "part must be the name of a population"),
        ([], TypeError, "part must be the name of a population"),
        (True, TypeError, "part must be the name of a population"),
        (("A_pyr", 1), TypeError, "part must be the name of a population"),
        (["A_pyr", 1], TypeError, r"part must be the name of a population.*got \['A_pyr', 1\]"),
        (("A_pyr",) * 3, TypeError, r"a tuple \(post, pre\) of two names, got"),
        (["A_pyr", ["A_sst"]], TypeError, "part must be the name of a population"),
        (["A_pyr", "A_vip"], ValueError, r"part must name populations of the .*got 'A_vip'"),
        (range(5, 9), ValueError, "from 0 to 7, got 8"),
        (np.ones(5, dtype=bool), ValueError, r"of shape \(8,\) if it is boolean, got shape \(5,\)"),
        (np.ones((8, 8), dtype=bool), ValueError, r"got shape \(8, 8\)"),
        (np.zeros(8, dtype=bool), ValueError, "True for at least one unit, got False for all"),
        (np.zeros(8), TypeError, r"got an array of float64 of shape \(8,\)\."),
        ([True] * 200, TypeError, "got an object of type list"),
    ],
)
def test_parts_that_do_not_exist_are_named(part, error, sentence):
    with pytest.raises(error, match=sentence):
        silence(regressor(), part)


def test_names_that_the_table_does_not_have_are_refused_with_those_it_has():
    sentence = (
        "part must name populations, layers, areas or cell types of the network (V1_L4_pyr, "
        "V1_L4_pv, V1_L23_pv, LM_L4_pv, LP; V1_L4, V1_L23, LM_L4; V1, LM, LP; Pyr, PV), got 'SST'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        silence(regressor(), "SST", labels=AREAS)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: silence(DaleRNNRegressor(), 0), ValueError, "must hold fitted estimators"),
        (lambda: silence(np.eye(3), 0), ValueError, "got a weight matrix"),
        (
            lambda: silencing_effect(regressor(), trials(), trials(n_features=3), [0]),
            ValueError,
            "y must fit the prediction",
        ),
        (
            lambda: silencing_effect(regressor(), trials(), trials(), "A_sst"),
            TypeError,
            "parts must be a list or mapping",
        ),
        (
            lambda: silencing_effect(regressor(), trials(), trials(), np.ones(8, dtype=bool)),
            TypeError,
            r"parts must be a list or mapping of parts, got an array of bool of shape \(8,\)",
        ),
        (
            lambda: silencing_effect(regressor(), trials(), trials(), ("A_pyr", "A_sst")),
            TypeError,
            r"\[\('A_pyr', 'A_sst'\)\] for the edge class, or \['A_pyr', 'A_sst'\] for two pop",
        ),
        (
            lambda: silencing_effect(regressor(), trials(), trials(), [0], outputs=["x"]),
            ValueError,
            r"one name per output \(2\), got 1",
        ),
        (
            lambda: current_decomposition(np.eye(8), trials()),
            ValueError,
            "got a weight matrix",
        ),
        (
            lambda: current_decomposition([regressor(), regressor()], trials()),
            ValueError,
            "estimator must hold one network, got 2",
        ),
    ],
)
def test_mistakes_are_named(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


# Currents


def units_of(population: int) -> np.ndarray:
    return np.arange(8)[(EXCITATORY, INHIBITORY)[population]]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rectify": False},
        {"activation": "softplus"},
        {"dt": 10.0, "tau": 50.0},
        {"dt": 10.0, "tau": np.linspace(20.0, 90.0, 8), "readout_from": "rate"},
    ],
    ids=["plain", "not rectified", "softplus", "leaky", "leak per unit"],
)
def test_currents_add_up_to_what_the_states_reveal(options):
    """The inverse transfer function of the states is the total current."""
    reg = regressor(**options)
    X = trials(seed=4)
    current = current_decomposition(reg, X)
    states = reg.hidden_states(X)
    softplus = options.get("activation") == "softplus"
    through = np.log(np.expm1(states)) if softplus else np.arctanh(states)
    for post in range(2):
        expected = through[..., units_of(post)].mean(axis=-1)
        parts = current.recurrent[:, :, post].sum(-1) + current.input[..., post]
        assert np.abs(parts + current.bias[post] - expected).max() < 1e-6
        assert np.abs(current.total[..., post] - expected).max() < 1e-6


def test_each_current_is_a_sum_over_synapses():
    reg = regressor()
    X = trials(2, 3, seed=5)
    current = current_decomposition(reg, X)
    rates = reg.hidden_states(X, kind="rate")
    for trial, step, post, pre in np.ndindex(2, 3, 2, 2):
        sent = rates[trial, step - 1] if step > 0 else np.zeros(8)
        expected = np.mean(
            [sum(reg.W_rec_[i, j] * sent[j] for j in units_of(pre)) for i in units_of(post)]
        )
        assert current.recurrent[trial, step, post, pre] == pytest.approx(expected, abs=1e-12)
    assert (current.recurrent[:, 0] == 0).all()
    assert (current.recurrent[..., 1] <= 0).all() and (current.recurrent[..., 0] >= 0).all()
    assert current.populations == ["A_pyr", "A_sst"]
    expected_input = (X @ reg.W_in_.T)[..., INHIBITORY].mean(axis=-1)
    np.testing.assert_allclose(current.input[..., 1], expected_input, atol=1e-12)
    assert current.bias == pytest.approx(
        [reg.b_rec_[EXCITATORY].mean(), reg.b_rec_[INHIBITORY].mean()]
    )


def test_float32_currents_add_up():
    reg = regressor()
    X = trials(seed=6).astype(np.float32)
    current = current_decomposition(reg, X)
    total = current.recurrent.sum(-1) + current.input + current.bias
    assert np.abs(total - current.total).max() < 1e-6


def test_after_the_end_of_a_trial_there_is_no_current():
    reg = regressor()
    short, long = trials(1, 3)[0], trials(1, 5, seed=1)[0]
    alone = current_decomposition(reg, short[None])
    padded = np.full((2, 5, 2), np.nan)
    padded[0, :3], padded[1] = short, long
    for X in ([short, long], padded):
        current = current_decomposition(reg, X)
        for name in ("recurrent", "input", "total"):
            np.testing.assert_allclose(current[name][0, :3], alone[name][0], atol=1e-12)
            assert np.isnan(current[name][0, 3:]).all()
            assert np.isfinite(current[name][1]).all()


def test_a_static_stimulus_is_held():
    X = trials()[:, 0]
    reg = regressor(n_static_steps=4).fit(X, X)
    current = current_decomposition(reg, X)
    held = current_decomposition(reg, np.repeat(X[:, None], 4, axis=1))
    for name in ("recurrent", "input", "total"):
        np.testing.assert_allclose(current[name], held[name], atol=1e-12)


# Skill


def test_scores_are_those_of_scikit_learn_and_numpy():
    y, prediction, X = trials(9, 4, 3), trials(9, 4, 3, seed=1), trials(9, 4, 3, seed=2)
    table = prediction_skill(y, prediction, X, names=["a", "b", "c"])
    for k, (_, row) in enumerate(table.iterrows()):
        target, guess, now = (array[..., k].ravel() for array in (y, prediction, X))
        assert row["r2"] == pytest.approx(r2_score(target, guess))
        assert row["r2_persistence"] == pytest.approx(r2_score(target, now))
        assert row["correlation"] == pytest.approx(np.corrcoef(target, guess)[0, 1])
        mse, persistence = np.mean((target - guess) ** 2), np.mean((target - now) ** 2)
        assert (row["mse"], row["mse_persistence"]) == pytest.approx((mse, persistence))
        assert row["skill"] == pytest.approx(1 - mse / persistence)
        assert row["n"] == 36
    assert table.index.tolist() == ["a", "b", "c"] and table.index.name == "output"


def test_known_predictors_have_known_scores():
    walk = np.cumsum(trials(5, 31, 2), axis=1)
    X, y = walk[:, :-1], walk[:, 1:]
    perfect = prediction_skill(y, y, X)
    assert (perfect[["r2", "correlation", "skill"]] == 1).all(axis=None)
    persistence = prediction_skill(y, X, X)
    assert (persistence["skill"] == 0).all()
    assert (persistence["r2"] == persistence["r2_persistence"]).all()
    mean = prediction_skill(y, np.broadcast_to(y.mean(axis=(0, 1)), y.shape), X)
    assert mean["r2"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert mean["correlation"].isna().all()
    # Halfway between now and next: a quarter of the error of persistence.
    assert prediction_skill(y, (X + y) / 2, X)["skill"].to_numpy() == pytest.approx(0.75)


def test_scores_that_are_not_defined_are_nan():
    y = np.full((3, 4, 1), 0.1)
    row = prediction_skill(y, y + 1, y).iloc[0]
    assert row[["r2", "correlation", "r2_persistence", "skill"]].isna().all()
    assert row["mse"] == pytest.approx(1) and row["mse_persistence"] == 0


def test_nan_entries_are_not_scored_and_trials_may_differ_in_length():
    y = [trials(1, n)[0] for n in (3, 5)]
    prediction = [trials(1, n, seed=1)[0] for n in (3, 5)]
    padded_y, padded = (np.full((2, 5, 2), np.nan) for _ in range(2))
    for k, n in enumerate((3, 5)):
        padded_y[k, :n], padded[k, :n] = y[k], prediction[k]
    as_list = prediction_skill(y, prediction)
    pd.testing.assert_frame_equal(as_list, prediction_skill(padded_y, padded))
    assert (as_list["n"] == 8).all() and "skill" not in as_list
    ragged = np.empty(2, dtype=object)
    ragged[:] = prediction
    pd.testing.assert_frame_equal(as_list, prediction_skill(y, ragged))
    X = np.where(padded_y > 0, np.nan, 1.0)
    expected = prediction_skill(np.where(padded_y > 0, np.nan, padded_y), padded)
    pd.testing.assert_frame_equal(
        prediction_skill(padded_y, padded, X)[["n", "mse"]], expected[["n", "mse"]]
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"prediction": np.zeros((2, 3, 5))}, r"prediction must have the entries .*\(6, 2\)"),
        ({"X": np.zeros((2, 3, 1))}, "X must have the entries and outputs of y"),
        ({"names": ["a"]}, r"one name per output \(2\), got 1"),
        ({"y": np.zeros((2, 3, 4, 5))}, r"y must be numbers of shape .*got shape \(2, 3, 4, 5\)"),
        ({"y": ["a", "b"]}, "y must be numbers of shape .*got list that cannot be read as these"),
        ({"y": "a"}, "y must be numbers of shape .*got str that cannot be read as these"),
        ({"prediction": 1}, r"prediction must be numbers of shape .*got shape \(\)"),
        ({"X": {}}, "X must be numbers of shape .*got dict that cannot be read as these"),
        ({"y": np.empty((0, 2))}, "y must be numbers of shape"),
    ],
)
def test_shapes_that_do_not_fit_are_named(arguments, sentence):
    y = trials(2, 3)
    with pytest.raises(ValueError, match=sentence):
        prediction_skill(**({"y": y, "prediction": y, "X": y} | arguments))


def test_one_output_may_come_without_an_axis():
    y = np.arange(5.0)
    assert prediction_skill(y, y + 1)["mse"].tolist() == [1.0]
    assert prediction_skill(list(y), list(y + 1))["mse"].tolist() == [1.0]


def test_a_mere_object_with_attributes_will_do():
    """The analyses ask for attributes, not for classes."""
    network = SimpleNamespace(W_rec_=np.ones((2, 2)), W_out_=np.ones((1, 2)))
    cut = silence(network, 0)
    assert (cut.W_rec_ == [[0, 0], [0, 1]]).all() and (cut.W_out_ == [[0, 1]]).all()
