"""Many seeds of one estimator."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_validate

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop, make_go_nogo
from sk_biornn.ensemble import SeedEnsemble, _fit_many, fit_many
from sk_biornn.ensemble._seed_table import summary as summary_of

TINY = {"n_units": 6, "max_iter": 2}


@pytest.fixture(scope="module")
def decisions():
    X, y = make_go_nogo(30, random_state=0)
    return X[:, ::4], y


def test_members_are_the_estimator_with_the_listed_seeds(decisions):
    X, y = decisions
    ensemble = SeedEnsemble(DaleRNNClassifier(**TINY), n_seeds=3, random_state=0).fit(X, y)
    for seed, member in zip(ensemble.seeds_, ensemble.estimators_, strict=True):
        alone = DaleRNNClassifier(**TINY, random_state=int(seed)).fit(X, y)
        np.testing.assert_array_equal(alone.W_rec_, member.W_rec_)
    assert len(set(ensemble.seeds_.tolist())) == 3
    assert ensemble.results_["seed"].tolist() == ensemble.seeds_.tolist()
    assert ensemble.results_["loss"].tolist() == [m.loss_curve_[-1] for m in ensemble.estimators_]


def test_classifiers_vote_by_mean_probability(decisions):
    X, y = decisions
    ensemble = SeedEnsemble(DaleRNNClassifier(**TINY), n_seeds=3, random_state=0).fit(X, y)
    mean = np.mean([member.predict_proba(X) for member in ensemble.estimators_], axis=0)
    np.testing.assert_array_equal(ensemble.predict_proba(X), mean)
    np.testing.assert_array_equal(ensemble.predict(X), ensemble.classes_[mean.argmax(axis=1)])
    assert ensemble.score(X, y) == pytest.approx(ensemble.results_["train_score"].mean())


@pytest.mark.parametrize("ragged", [False, True])
def test_regressors_predict_their_mean(ragged):
    X, y = make_flip_flop(8, n_steps=6, random_state=0)
    if ragged:
        X, y = [X[0][:3], *X[1:]], [y[0][:3], *y[1:]]
    ensemble = SeedEnsemble(DaleRNNRegressor(**TINY), n_seeds=2, random_state=0).fit(X, y)
    one, two = (member.predict(X) for member in ensemble.estimators_)
    for mean, a, b in zip(ensemble.predict(X), one, two, strict=True):
        np.testing.assert_allclose(mean, (a + b) / 2, rtol=1e-6)
    assert not hasattr(ensemble, "predict_proba")


def test_jobs_do_not_matter_and_cross_validate_works(decisions):
    X, y = decisions
    ensemble = SeedEnsemble(DaleRNNClassifier(**TINY), n_seeds=2, random_state=3, strategy="joblib")
    one, two = clone(ensemble).fit(X, y), clone(ensemble).set_params(n_jobs=2).fit(X, y)
    for a, b in zip(one.estimators_, two.estimators_, strict=True):
        np.testing.assert_array_equal(a.W_rec_, b.W_rec_)
    scores = cross_validate(ensemble, X, y, cv=2, error_score="raise")["test_score"]
    assert scores.shape == (2,)


@pytest.mark.parametrize("ragged", [False, True])
def test_deviations_over_seeds(ragged):
    X, y = make_flip_flop(8, n_steps=6, random_state=0)
    if ragged:
        X, y = [X[0][:3], *X[1:]], [y[0][:3], *y[1:]]
    ensemble = SeedEnsemble(DaleRNNRegressor(**TINY), n_seeds=3, random_state=0).fit(X, y)
    mean, sd = ensemble.predict(X, return_std=True)
    members = [member.predict(X) for member in ensemble.estimators_]
    for k in range(8):
        values = [member[k] for member in members]
        np.testing.assert_allclose(mean[k], np.mean(values, axis=0))
        np.testing.assert_allclose(sd[k], np.std(values, axis=0, ddof=1))
    states, rates = ensemble.hidden_states(X), ensemble.hidden_states(X, kind="rate")
    assert states.shape == ((3, 8) if ragged else (3, 8, 6, 6))
    for seed, member in enumerate(ensemble.estimators_):
        for k in range(8):
            np.testing.assert_array_equal(states[seed, k], member.hidden_states(X)[k])
            np.testing.assert_array_equal(rates[seed, k], member.hidden_states(X, "rate")[k])


def test_deviations_of_probabilities_and_none_of_labels(decisions):
    X, y = decisions
    ensemble = SeedEnsemble(DaleRNNClassifier(**TINY), n_seeds=3, random_state=0).fit(X, y)
    mean, sd = ensemble.predict_proba(X, return_std=True)
    members = [member.predict_proba(X) for member in ensemble.estimators_]
    np.testing.assert_array_equal(mean, ensemble.predict_proba(X))
    np.testing.assert_array_equal(sd, np.std(members, axis=0, ddof=1))
    with pytest.raises(ValueError, match=r"^return_std must be False for labels.*predict_proba"):
        ensemble.predict(X, return_std=True)
    with pytest.raises(TypeError, match=r"^return_std must be True or False, got 1"):
        ensemble.predict(X, return_std=1)
    alone = SeedEnsemble(DaleRNNClassifier(**TINY), n_seeds=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"^return_std needs at least 2 seeds, got n_seeds=1"):
        alone.predict_proba(X, return_std=True)


@pytest.mark.parametrize("n_seeds", [1, 4, 5])
def test_the_summary_has_means_and_from_five_seeds_intervals(decisions, n_seeds):
    X, y = decisions
    network = DaleRNNClassifier(**TINY, early_stopping=True)
    ensemble = SeedEnsemble(network, n_seeds=n_seeds, random_state=0).fit(X, y)
    summary, results = ensemble.summary_, ensemble.results_
    assert summary.index.tolist() == results.columns.drop("seed").tolist()
    losses, row = results["loss"], summary.loc["loss"]
    assert row["n"] == n_seeds
    assert row["mean"] == pytest.approx(losses.mean())
    assert np.isnan(row["sd"]) if n_seeds == 1 else row["sd"] == pytest.approx(losses.std())
    if n_seeds < 5:
        assert summary[["low", "high"]].isna().all(axis=None)
        return
    low, high = stats.ttest_1samp(losses, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    scores = summary.loc[["train_score", "best_validation_score"]]
    assert not (scores["low"] < 0).any()  # none where all seeds have the same score
    assert not (scores["high"] > 1).any()


def test_intervals_stay_on_the_scale_of_the_scores():
    values = {"loss": [0.0, 0, 0, 0, 1], "train_score": [0.0, 0, 0, 0, 1]}
    results = pd.DataFrame({"seed": range(5), **values})
    low, high = stats.ttest_1samp(values["loss"], 0).confidence_interval(0.95)
    of_accuracy, of_r2 = (summary_of(results, is_accuracy=flag) for flag in (True, False))
    row = of_accuracy.loc["train_score"]
    assert low < 0 < row["low"] < 0.2 < row["high"] < 1
    row = of_r2.loc["loss"]
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert of_r2.loc["train_score", "low"] < low < 0.2 < of_r2.loc["train_score", "high"] < 1


def test_what_no_seed_has_is_in_no_summary():
    X, y = make_flip_flop(8, n_steps=6, random_state=0)
    ensemble = SeedEnsemble(DaleRNNRegressor(**TINY), n_seeds=5, random_state=0).fit(X, y)
    assert ensemble.summary_.loc["best_validation_score", "n"] == 0
    assert ensemble.summary_.loc["best_validation_score", "mean":].isna().all()
    assert ensemble.summary_.loc["train_score", "low"] < 0  # R^2 has no lower end


def test_parameters_of_the_fit_are_handed_on(decisions):
    X, y = decisions
    weights = np.where(np.arange(len(y)) < 20, 1.0, 0.0)
    network = DaleRNNClassifier(**TINY, early_stopping=True)
    ensemble = SeedEnsemble(network, n_seeds=2, random_state=0)
    ensemble.fit(X, y, weights, validation=(X[20:], y[20:]))
    alone = clone(network).set_params(random_state=int(ensemble.seeds_[0]))
    alone.fit(X[:20], y[:20], validation=(X[20:], y[20:]))
    np.testing.assert_array_equal(ensemble.estimators_[0].W_rec_, alone.W_rec_)
    assert not hasattr(SeedEnsemble(LinearRegression()), "hidden_states")


def test_the_ensemble_is_of_the_kind_of_its_estimator():
    assert is_classifier(SeedEnsemble(DaleRNNClassifier()))
    assert is_regressor(SeedEnsemble(DaleRNNRegressor()))


@pytest.mark.parametrize(
    ("n_seeds", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_bad_numbers_of_seeds_are_refused(decisions, n_seeds, error):
    with pytest.raises(error, match=f"n_seeds must be an integer of at least 1, got {n_seeds}"):
        SeedEnsemble(DaleRNNClassifier(**TINY), n_seeds=n_seeds).fit(*decisions)


def test_an_estimator_without_a_seed_is_refused(decisions):
    with pytest.raises(ValueError, match="random_state, got LinearRegression"):
        SeedEnsemble(LinearRegression()).fit(*decisions)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_devices_are_as_they_were_where_nothing_was_fitted(error, monkeypatch):
    """Whatever is raised, such as by a cluster, and when."""

    def struck(*args, **options):
        raise error

    X, y = make_flip_flop(10, n_steps=5, random_state=0)
    networks = [DaleRNNRegressor(n_units=4, device="auto", random_state=k) for k in range(2)]
    monkeypatch.setattr(_fit_many, "_fit_here", struck)
    with pytest.raises(error):
        fit_many(networks, X, y, device="cpu")
    assert [network.device for network in networks] == ["auto", "auto"]


def test_a_cluster_is_checked_before_anything_is_changed(monkeypatch):
    X, y = make_flip_flop(10, n_steps=5, random_state=0)
    networks = [DaleRNNRegressor(n_units=4, device="auto", random_state=k) for k in range(2)]

    def refuse(**given):
        raise ValueError([network.device for network in networks])

    monkeypatch.setattr(_fit_many, "check_cluster", refuse)
    with pytest.raises(ValueError, match=r"\['auto', 'auto'\]"):
        fit_many(networks, X, y, device="cpu", n_jobs=2)
