"""Searches whose networks learn side by side have the results of scikit-learn's."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from scipy.stats import loguniform
from searches import GRID, LABELS, SMALL, X, Y, assert_same_search, network
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor, SpatialRNNRegressor
from sk_biornn.ensemble._sizes import may_pay
from sk_biornn.metrics import bio_scoring
from sk_biornn.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV
from sk_biornn.preprocessing import TrialScaler


def search_both(estimator, grid, y=Y, fit_params=None, **options):
    found = [
        cls(clone(estimator), grid, cv=3, **options).fit(X, y, **(fit_params or {}))
        for cls in (StackedGridSearchCV, GridSearchCV)
    ]
    assert_same_search(*found)
    return found[0]


def test_a_grid():
    search = search_both(network(), GRID, return_train_score=True)
    report = search.stacking_report_
    assert len(report) == 18 and (report["stack"] == 6).all()  # three laws, six networks each
    assert report["candidate"].tolist() == np.repeat(np.arange(6), 3).tolist()
    assert (search.cv_results_["mean_fit_time"] > 0).all()
    assert type(search.estimator) is SpatialRNNRegressor and search.cv == 3
    assert clone(search).get_params()["cv"] == 3
    np.testing.assert_array_equal(search.predict(X), search.best_estimator_.predict(X))


def test_decisions_with_several_scores_and_weights():
    scoring = {"accuracy": "accuracy", **bio_scoring("modularity")}
    weights = np.linspace(0.5, 2, 30)
    search = search_both(
        DaleRNNClassifier(**SMALL),
        {"learning_rate_init": [1e-3, 1e-2]},
        y=LABELS,
        fit_params={"sample_weight": weights},
        scoring=scoring,
        refit="accuracy",
    )
    assert (search.stacking_report_["stack"] == 6).all()


def test_groups_and_shuffled_folds():
    groups = np.repeat(np.arange(6), 5)
    for cv, params in (
        (GroupKFold(3), {"groups": groups}),
        (KFold(3, shuffle=True, random_state=1), {}),
    ):
        found = [
            cls(network(), GRID, cv=cv).fit(X, Y, **params)
            for cls in (StackedGridSearchCV, GridSearchCV)
        ]
        assert_same_search(*found)
        assert found[0].cv is cv


def test_folds_that_chance_makes_are_made_once():
    cv = KFold(3, shuffle=True, random_state=np.random.RandomState(0))
    search = StackedGridSearchCV(network(), GRID, cv=cv).fit(X, Y)
    same = KFold(3, shuffle=True, random_state=np.random.RandomState(0))
    plain = GridSearchCV(network(), GRID, cv=list(same.split(X))).fit(X, Y)
    assert_same_search(search, plain)


def test_a_random_search():
    space = {"regu_strength": loguniform(1e-4, 1e-1), "learning_rate_init": [1e-3, 1e-2]}
    found = [
        cls(network(), space, n_iter=4, cv=3, random_state=0).fit(X, Y)
        for cls in (StackedRandomizedSearchCV, RandomizedSearchCV)
    ]
    assert_same_search(*found)


def test_architectures_early_stopping_and_pruning():
    search = search_both(
        network(early_stopping=True, n_iter_no_change=1),
        [{"n_units": [5, 7]}, {"pruning": ["magnitude"], "density": [0.3, 0.5]}],
    )
    assert search.stacking_report_.groupby("candidate")["stack"].max().tolist() == [3, 3, 6, 6]


@pytest.mark.parametrize("there", [False, True])
def test_a_device_that_is_chosen_by_the_machine(monkeypatch, there):
    """Where "auto" is the processor, large networks are left to scikit-learn and its jobs."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    found = {
        (device, n_units): may_pay(DaleRNNRegressor(n_units=n_units, device=device), 100)
        for device in ("cpu", "auto", "cuda")
        for n_units in (16, 500)
    }
    assert found["cpu", 16] and found["auto", 16] and found["cuda", 500]
    assert not found["cpu", 500] and found["auto", 500] is there


def test_jobs_share_the_networks():
    one = StackedGridSearchCV(network(), GRID, cv=3).fit(X, Y)
    two = StackedGridSearchCV(network(), GRID, cv=3, n_jobs=2).fit(X, Y)
    assert_same_search(two, one)


def test_arrays_and_objects_as_parameters():
    masks = [np.random.default_rng(k).random((6, 6)) < 0.6 for k in range(2)]
    search = search_both(network(), {"mask": masks}, refit=False)
    assert (search.stacking_report_["stack"] == 6).all()


@pytest.mark.parametrize("error_score", [np.nan, -5.0, "raise"])
def test_a_candidate_that_fails(error_score):
    grid = {"n_units": [6, -1], "regu_strength": [0.0, 0.01]}
    found = []
    for cls in (StackedGridSearchCV, GridSearchCV):
        search = cls(network(), grid, cv=3, error_score=error_score)
        if error_score == "raise":
            with pytest.raises(ValueError, match=r"^n_units must be"):
                search.fit(X, Y)
            assert type(search.estimator) is SpatialRNNRegressor and search.cv == 3
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(search.fit(X, Y))
    if found:
        assert_same_search(*found)


def test_what_is_no_network_is_searched_as_ever():
    flat = X[:, -1]
    plain = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3).fit(flat, Y[:, -1, 0])
    search = StackedGridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3).fit(flat, Y[:, -1, 0])
    assert_same_search_scores(search, plain)
    pipeline = make_pipeline(TrialScaler(), DaleRNNRegressor(**SMALL))
    grid = {"dalernnregressor__dale": ["abs", "projection"]}
    found = [cls(pipeline, grid, cv=3).fit(X, Y) for cls in (StackedGridSearchCV, GridSearchCV)]
    assert_same_search_scores(*found)
    assert_alone(found[0], "Pipeline is no network of this package", n_rows=6)
    alone = StackedGridSearchCV(network(), GRID, cv=3, strategy="alone").fit(X, Y)
    assert_alone(alone, "strategy='alone'", n_rows=18)
    large = StackedGridSearchCV(
        DaleRNNRegressor(n_units=300, max_iter=1, random_state=0), {"dale": ["abs"]}, cv=2
    ).fit(X, Y)
    assert_alone(large, "not so small that a stack pays", n_rows=2)


def assert_alone(search, reason, n_rows):
    """Every candidate and fold has a row that says why the search itself has fitted it."""
    report = search.stacking_report_
    assert report.columns.tolist() == ["candidate", "fold", "stack", "reason", "seconds"]
    n_folds = search.n_splits_
    assert len(report) == n_rows == n_folds * len(search.cv_results_["params"])
    assert report["candidate"].tolist() == np.repeat(np.arange(n_rows // n_folds), n_folds).tolist()
    assert report["fold"].tolist() == list(range(n_folds)) * (n_rows // n_folds)
    assert (report["stack"] == 1).all() and (report["reason"] == reason).all()
    assert report["seconds"].isna().all() and (search.cv_results_["mean_fit_time"] > 0).all()


def test_why_candidates_of_a_kept_pipeline_learned_alone(tmp_path):
    pipeline = make_pipeline(TrialScaler(), DaleRNNRegressor(**SMALL))
    grid = {"dalernnregressor__dale": ["abs", "projection"]}
    search = StackedGridSearchCV(pipeline, grid, cv=3, checkpoint=tmp_path / "kept").fit(X, Y)
    assert_alone(search, "Pipeline is no network of this package", n_rows=6)
    assert (search.fit(X, Y).stacking_report_["reason"] == "kept in the checkpoint").all()


def test_metadata_routing_is_a_reason_to_learn_alone():
    with sklearn.config_context(enable_metadata_routing=True):
        search = StackedGridSearchCV(network(), {"dale": ["abs"]}, cv=3).fit(X, Y)
    assert_alone(search, "metadata routing is enabled", n_rows=3)


@pytest.mark.parametrize(
    "scoring",
    ["step_r2", ["r2", "step_r2"], {"a": "step_r2"}],
)
def test_names_of_step_scorers_as_text_are_refused(scoring):
    sentence = r"^scoring must have names of scikit-learn or scorers, got the text 'step_r2': "
    with pytest.raises(ValueError, match=sentence + r".* bio_scoring\('step_r2'\), a dictionary"):
        StackedGridSearchCV(network(), GRID, cv=3, scoring=scoring, refit=False).fit(X, Y)
    scoring = bio_scoring("step_r2")
    StackedGridSearchCV(network(), {"dale": ["abs"]}, cv=3, scoring=scoring, refit=False).fit(X, Y)


def assert_same_search_scores(a, b):
    assert a.best_params_ == b.best_params_
    np.testing.assert_allclose(a.cv_results_["mean_test_score"], b.cv_results_["mean_test_score"])


def test_folds_of_equal_trials_and_other_weights():
    same_X, same_y = np.repeat(X[:1], 20, 0), np.repeat(Y[:1], 20, 0)
    same_y[::2] = Y[1]
    halves = np.arange(20)[:10], np.arange(20)[10:]
    weights = np.random.default_rng(0).random(20) ** 6
    estimator = DaleRNNRegressor(**{**SMALL, "max_iter": 10, "learning_rate_init": 0.05})
    found = [
        cls(estimator, {"dale": ["abs"]}, cv=[halves, halves[::-1]]).fit(
            same_X, same_y, sample_weight=weights
        )
        for cls in (StackedGridSearchCV, GridSearchCV)
    ]
    assert_same_search(*found)


def test_routed_metadata_go_where_they_were_asked_for():
    weights, groups = np.linspace(0.1, 3, 30), np.repeat(np.arange(6), 5)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = network().set_fit_request(sample_weight=False)
        estimator.set_score_request(sample_weight=True)
        found = [
            cls(estimator, GRID, cv=GroupKFold(3)).fit(X, Y, sample_weight=weights, groups=groups)
            for cls in (StackedGridSearchCV, GridSearchCV)
        ]
    assert_same_search(*found)


def test_searches_are_pickled_and_forget_earlier_ones():
    search = StackedGridSearchCV(network(), {"dale": ["abs", None]}, cv=3).fit(X, Y)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert type(search.scorer_._estimator) is SpatialRNNRegressor
    search.set_params(strategy="alone").fit(X, Y)
    assert_alone(search, "strategy='alone'", n_rows=6)


def test_what_has_no_digest_is_searched_as_ever():
    search_both(network(), {"on_epoch": [lambda network: False, None]}, refit=False)
    masked, both = np.ma.array(X, mask=False), (StackedGridSearchCV, GridSearchCV)
    assert_same_search(*(cls(network(), GRID, cv=3).fit(masked, Y) for cls in both))
    search_both(network(), {"dale": ["abs"]}, fit_params={"sample_weight": 2.0})


@pytest.mark.parametrize("bad", [{"max_iter": [2, None]}, {"n_units": [6, "x"]}])
def test_bad_values_have_the_score_of_errors(bad):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search_both(network(), bad)


def test_an_interruption_is_one_of_the_search():
    def stop(network):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        StackedGridSearchCV(network(), {"dale": ["abs"], "on_epoch": [stop]}, cv=3).fit(X, Y)


def test_careless_arguments():
    with pytest.raises(ValueError, match=r"^strategy must be one of"):
        StackedGridSearchCV(network(), GRID, strategy="fast").fit(X, Y)
    with pytest.raises(ValueError, match=r"^max_memory must be"):
        StackedGridSearchCV(network(), GRID, max_memory=-1).fit(X, Y)
