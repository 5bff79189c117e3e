"""Weight scorers inside scikit-learn's searches, and the choice by two metrics."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor, metrics
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.metrics import (
    WeightScorer,
    assortativity_scorer,
    bio_scoring,
    dale_violations,
    density,
    ei_balance,
    entropy_scorer,
    modularity,
    modularity_scorer,
    select_refit,
    small_worldness,
    small_worldness_scorer,
    wiring_cost,
)

READY = {
    "modularity": modularity_scorer,
    "small_worldness": small_worldness_scorer,
    "assortativity": assortativity_scorer,
    "entropy": entropy_scorer,
}
SCORING = {"accuracy": "accuracy", **READY}


def trials(n=24, n_steps=3):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    return rng.standard_normal((n, n_steps, 2)) + y[:, None, None], y


def network(**arguments):
    return DaleRNNClassifier(**{"n_units": 12, "max_iter": 2, "random_state": 0, **arguments})


def search(estimator=None, grid=None, *, cv=3, **arguments):
    """Search in which a failing scorer fails the test, as do warnings."""
    arguments = {"scoring": SCORING, "refit": "accuracy", "error_score": "raise", **arguments}
    grid = grid or {"random_state": [0, 1]}
    return GridSearchCV(estimator or network(), grid, cv=StratifiedKFold(cv), **arguments)


@pytest.fixture(scope="module")
def fitted():
    return network().fit(*trials())


def holding(W, **attributes):
    """What a scorer needs of an estimator."""
    return SimpleNamespace(W_rec_=np.asarray(W, dtype=float), **attributes)


# --- the score ---


@pytest.mark.parametrize("name", READY)
def test_ready_scorers_give_the_metric_of_the_recurrent_weights(fitted, name):
    func = metrics.weight_entropy if name == "entropy" else getattr(metrics, name)
    assert READY[name](fitted) == func(fitted.W_rec_)
    assert READY[name](fitted, *trials()) == func(fitted.W_rec_)


@pytest.mark.parametrize(
    ("weight", "attribute"), [("recurrent", "W_rec_"), ("input", "W_in_"), ("readout", "W_out_")]
)
def test_scorer_reads_the_weights_that_are_named(fitted, weight, attribute):
    got = WeightScorer(np.linalg.norm, weight=weight)(fitted)
    assert got == np.linalg.norm(getattr(fitted, attribute))


def test_greater_is_better_and_arguments_of_the_metric(fitted):
    scorer = WeightScorer(small_worldness, greater_is_better=False, n_nulls=7, null="published")
    assert scorer(fitted) == -small_worldness(fitted.W_rec_, n_nulls=7, null="published")


def test_score_of_a_network_with_weights_that_are_not_finite_is_nan():
    for scorer in (*READY.values(), WeightScorer(ei_balance)):
        assert np.isnan(scorer(holding([[0, np.nan], [1, 0]])))


def test_metrics_that_need_facts_take_them_from_the_estimator(fitted):
    assert WeightScorer(dale_violations)(fitted) == 0
    W, xyz = np.ones((2, 2)), [[0.0, 0, 0], [0, 0, 2]]
    assert WeightScorer(wiring_cost)(holding(W, coordinates=xyz)) == 4
    assert WeightScorer(wiring_cost)(holding(W, coordinates=(2, 1, 1))) == 2
    own = WeightScorer(wiring_cost, coordinates=[[0.0], [5.0]], power=2)
    assert own(holding(W, coordinates=xyz)) == 50


@pytest.mark.parametrize("facts", [{}, {"coordinates": None}])
def test_facts_that_nobody_gave_are_named(facts):
    with pytest.raises(ValueError, match="coordinates must be given"):
        WeightScorer(wiring_cost)(holding(np.ones((2, 2)), **facts))


def test_a_metric_with_many_values_is_no_score(fitted):
    with pytest.raises(TypeError, match="communicability must return a number"):
        WeightScorer(metrics.communicability)(fitted)


def test_scorer_refuses_what_is_not_fitted():
    with pytest.raises(NotFittedError, match="W_rec_ is needed, got DaleRNNClassifier"):
        modularity_scorer(network())
    with pytest.raises(NotFittedError, match="W_rec_ is needed, got LogisticRegression"):
        modularity_scorer(make_pipeline(LogisticRegression()))


def test_scorer_refuses_bad_arguments():
    with pytest.raises(TypeError, match="func must be"):
        WeightScorer("modularity")
    with pytest.raises(ValueError, match="weight must be"):
        WeightScorer(modularity, weight="hidden")


def test_repr_is_the_call():
    assert repr(modularity_scorer) == "WeightScorer(modularity)"
    scorer = WeightScorer(density, weight="input", greater_is_better=False, quantile=0.5)
    expected = "WeightScorer(density, weight='input', greater_is_better=False, quantile=0.5)"
    assert repr(scorer) == expected


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_scorer_survives_copying(fitted, duplicate):
    scorer = WeightScorer(modularity, quantile=0.5, greater_is_better=False)
    other = duplicate(scorer)
    assert repr(other) == repr(scorer)
    assert other(fitted) == scorer(fitted)


# --- wrapped estimators ---


def test_scorer_finds_the_network_in_a_pipeline_and_a_search(fitted):
    X, y = trials()
    pipeline = make_pipeline(FunctionTransformer(), network()).fit(X, y)
    assert np.array_equal(pipeline[-1].W_rec_, fitted.W_rec_)
    assert modularity_scorer(pipeline) == modularity_scorer(fitted)
    tuned = search(make_pipeline(FunctionTransformer(), network()), {"dalernnclassifier__tol": [1]})
    tuned.fit(X, y)
    assert modularity_scorer(tuned) == modularity_scorer(tuned.best_estimator_[-1])


def test_scorer_finds_the_network_below_a_transformed_target():
    X, y = trials()
    regressor = DaleRNNRegressor(n_units=12, max_iter=2, random_state=0)
    wrapped = TransformedTargetRegressor(regressor).fit(X, y.astype(float))
    assert modularity_scorer(wrapped) == modularity(wrapped.regressor_.W_rec_)


def test_score_of_an_ensemble_is_the_mean_over_its_members():
    X, y = trials()
    members = [(str(seed), network(random_state=seed)) for seed in range(3)]
    voters = VotingClassifier(members).fit(X, y)
    seeds = SeedEnsemble(network(), n_seeds=3, random_state=0).fit(X, y)
    for ensemble in (voters, seeds):
        values = [modularity(member.W_rec_) for member in ensemble.estimators_]
        assert len(set(values)) == 3
        assert modularity_scorer(ensemble) == pytest.approx(np.mean(values), abs=1e-15)


# --- searches ---


def test_search_by_many_metrics_refits_by_name():
    X, y = trials()
    found = search(refit="modularity", return_train_score=True).fit(X, y)
    means = found.cv_results_["mean_test_modularity"]
    assert found.best_index_ == means.argmax()
    for name in READY:
        assert np.isfinite(found.cv_results_[f"mean_test_{name}"]).all()
    # The weights of a fold are the same, whichever trials the fold is scored on.
    assert np.array_equal(means, found.cv_results_["mean_train_modularity"])
    best = network(**found.best_params_).fit(X, y)
    assert np.array_equal(found.best_estimator_.W_rec_, best.W_rec_)


def test_search_by_one_weight_scorer():
    found = search(scoring=modularity_scorer, refit=True).fit(*trials())
    assert found.best_score_ == found.cv_results_["mean_test_score"].max()
    assert found.score(*trials()) == modularity(found.best_estimator_.W_rec_)


@pytest.mark.parametrize("scoring", [SCORING, modularity_scorer])
def test_search_with_sample_weights_neither_warns_nor_fails(scoring):
    X, y = trials()
    found = search(scoring=scoring, refit="accuracy" if scoring is SCORING else True)
    found.fit(X, y, sample_weight=np.linspace(0.5, 1.5, len(y)))
    assert all(np.isfinite(v).all() for k, v in found.cv_results_.items() if "_test_" in k)


def test_parallel_search_finds_the_same():
    X, y = trials()
    serial, parallel = search().fit(X, y), search(n_jobs=2).fit(X, y)
    for name, values in serial.cv_results_.items():
        if "test" in name:
            assert np.array_equal(values, parallel.cv_results_[name]), name


def test_cross_validation_of_an_ensemble_in_a_pipeline_with_weights():
    X, y = trials()
    pipeline = make_pipeline(FunctionTransformer(), SeedEnsemble(network(), 2, random_state=0))
    scores = cross_validate(
        pipeline,
        X,
        y,
        cv=2,
        scoring=SCORING,
        params={"seedensemble__sample_weight": np.ones(len(y))},
        return_estimator=True,
        error_score="raise",
    )
    for fold, fitted_pipeline in enumerate(scores["estimator"]):
        values = [modularity(member.W_rec_) for member in fitted_pipeline[-1].estimators_]
        assert scores["test_modularity"][fold] == pytest.approx(np.mean(values), abs=1e-15)


def test_metadata_routing():
    X, y = trials()
    weights = np.linspace(0.5, 1.5, len(y))
    with config_context(enable_metadata_routing=True):
        estimator = network().set_fit_request(sample_weight=True)
        estimator.set_score_request(sample_weight=True)
        scoring = {"modularity": modularity_scorer, "entropy": entropy_scorer}
        routed = cross_validate(
            estimator, X, y, params={"sample_weight": weights}, scoring=scoring, cv=2
        )
        single = cross_validate(
            estimator, X, y, params={"sample_weight": weights}, scoring=modularity_scorer, cv=2
        )
        found = search(estimator, scoring=scoring, refit="entropy")
        found.fit(X, y, sample_weight=weights)
    plain = cross_validate(
        network(), X, y, params={"sample_weight": weights}, scoring=scoring, cv=2
    )
    assert np.array_equal(routed["test_modularity"], plain["test_modularity"])
    assert np.array_equal(single["test_score"], plain["test_modularity"])
    assert np.isfinite(found.best_score_)


# --- bio_scoring ---


def test_bio_scoring_names_every_metric_that_is_a_number(fitted):
    skipped = {"communicability", "communities"} | {n for n in metrics.__all__ if "step_" in n}
    names = {n for n in metrics.__all__ if n[0].islower() and not n.endswith("_scorer")}
    names -= {"bio_scoring", "select_refit", *skipped}
    scoring = bio_scoring(*sorted(names), "entropy")
    assert list(scoring) == [*sorted(names), "entropy"]
    estimator = holding(fitted.W_rec_, signs_=fitted.signs_, coordinates="grid")
    for name, scorer in scoring.items():
        assert np.isfinite(scorer(estimator)), name
    assert scoring["entropy"](fitted) == entropy_scorer(fitted)


def test_bio_scoring_of_what_should_be_low(fitted):
    scorer = bio_scoring("neg_density")["neg_density"]
    assert scorer(fitted) == -density(fitted.W_rec_)


@pytest.mark.parametrize("name", ["modularty", "communicability", "bio_scoring", "WeightScorer", 3])
def test_bio_scoring_refuses_unknown_names(name):
    error = ValueError if isinstance(name, str) else TypeError
    with pytest.raises(error, match=r"names must be one of \['assortativity', .* got "):
        bio_scoring("density", name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("accuracy", "step_accuracy"),
        ("balanced_accuracy", "step_balanced_accuracy"),
        ("f1_macro", "step_f1"),
        ("neg_log_loss", "step_log_loss"),
        ("r2", "step_r2"),
        ("r2_score", "step_r2"),
        ("neg_mean_squared_error", "step_neg_mean_squared_error"),
        ("mean_squared_error", "step_neg_mean_squared_error"),
    ],
)
def test_bio_scoring_says_which_scorer_is_meant(name, meant):
    with pytest.raises(ValueError, match=rf"got '{name}'\. What a network .* by '{meant}'\.$"):
        bio_scoring(name)


# --- select_refit ---


def test_the_score_of_a_search_is_the_first_metric_of_what_was_chosen():
    X, y = trials()
    refit = select_refit("accuracy", then="modularity")
    found = search(scoring=SCORING, refit=refit).fit(X, y)
    assert found.score(X, y) == found.best_estimator_.score(X, y)
    again = pickle.loads(pickle.dumps(found))
    assert again.score(X, y) == found.score(X, y) and again.refit == refit
    assert clone(found).refit == refit


def test_what_a_choice_is_equal_to():
    refit = select_refit("accuracy", then="modularity")
    assert refit == "accuracy" and "accuracy" == refit and {"accuracy": 1}[refit] == 1
    assert refit != "modularity" and refit != True and refit != None  # noqa: E711, E712
    assert refit == select_refit("accuracy", then="modularity")
    assert refit != select_refit("accuracy", then="modularity", within=0.1)
    assert refit != select_refit("accuracy", then="density")
    assert len({refit, select_refit("accuracy", then="density")}) == 2


def results(first, then, stds=None, n_splits=5):
    columns = {"mean_test_a": np.array(first), "mean_test_b": np.array(then)}
    columns["std_test_a"] = np.array(stds or [0.0] * len(first))
    for split in range(n_splits):
        columns[f"split{split}_test_a"] = np.array(first)
    return columns


@pytest.mark.parametrize(
    ("within", "expected"),
    [("1se", 1), ("2se", 2), ("2.5se", 2), ("0se", 0), (0.02, 1), (0.05, 2), (1, 3), (0, 0)],
)
def test_select_refit_takes_the_best_of_the_good(within, expected):
    # The standard error is 0.04 / sqrt(5 - 1) = 0.02, as std over n folds is what is given.
    table = results([0.90, 0.885, 0.865, 0.5], [0.1, 0.2, 0.3, 0.9], stds=[0.04, 1, 1, 1])
    assert select_refit("a", then="b", within=within)(table) == expected


def test_select_refit_breaks_ties_by_the_first_metric_and_the_order():
    assert select_refit("a", then="b", within=1)(results([0.8, 0.9, 0.9], [0.5] * 3)) == 1


def test_select_refit_with_nan():
    nan = np.nan
    refit = select_refit("a", then="b", within=0.1)
    assert refit(results([nan, 0.9, 0.85, 0.2], [0.9, nan, 0.1, 0.5])) == 2
    assert refit(results([0.85, 0.9], [nan, nan])) == 1
    with pytest.raises(ValueError, match="a must have a score"):
        refit(results([nan, nan], [1, 2]))


def test_select_refit_of_a_single_fold_has_no_standard_error():
    table = results([0.90, 0.89], [0.1, 0.2], stds=[0.5, 0.5], n_splits=1)
    assert select_refit("a", then="b")(table) == 0


def test_select_refit_names_a_metric_that_is_missing():
    with pytest.raises(ValueError, match="scoring must contain 'c'"):
        select_refit("a", then="c")(results([1.0], [1.0]))


@pytest.mark.parametrize("within", ["se", "-1se", "1", "nanse", -0.1, np.inf, np.nan, True, None])
def test_select_refit_refuses_a_bad_margin(within):
    error = ValueError if isinstance(within, (str, float)) else TypeError
    with pytest.raises(error, match="within must be"):
        select_refit("a", then="b", within=within)


def test_search_with_select_refit():
    X, y = trials()
    refit = select_refit("accuracy", then="modularity", within=1.0)  # all are good enough
    found = search(refit=pickle.loads(pickle.dumps(refit)), n_jobs=2).fit(X, y)
    modular = found.cv_results_["mean_test_modularity"]
    assert modular[0] != modular[1]
    assert found.best_index_ == modular.argmax()
    assert found.best_params_ == found.cv_results_["params"][found.best_index_]
    assert hasattr(found, "best_estimator_")
