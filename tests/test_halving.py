"""Halving searches whose networks learn side by side have the results of scikit-learn's."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from searches import LABELS, SMALL, X, Y, assert_same_search, network
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, HalvingGridSearchCV, HalvingRandomSearchCV, KFold

from sk_biornn import DaleRNNClassifier
from sk_biornn.model_selection import StackedHalvingGridSearchCV, StackedHalvingRandomSearchCV

GRIDS = StackedHalvingGridSearchCV, HalvingGridSearchCV
RANDOM = StackedHalvingRandomSearchCV, HalvingRandomSearchCV
STRENGTHS = {"regu_strength": [0.0, 0.01, 0.1, 1.0]}
EPOCHS = {"resource": "max_iter", "max_resources": 4, "min_resources": 1}


def search_both(classes, estimator, space, y=Y, fit_params=None, **options):
    options = {"factor": 2, "random_state": 0, "cv": 3, **options}
    found = [
        cls(clone(estimator), space, **options).fit(X, y, **(fit_params or {})) for cls in classes
    ]
    stacked, plain = found
    assert_same_search(stacked, plain)
    for name in ("n_candidates_", "n_resources_", "n_iterations_", "n_remaining_candidates_"):
        assert getattr(stacked, name) == getattr(plain, name), name
    if plain.refit:
        assert stacked.best_score_ == pytest.approx(plain.best_score_, rel=1e-8)
    return stacked


def test_more_trials_for_the_better_ones():
    search = search_both(GRIDS, network(), STRENGTHS)
    assert search.n_candidates_ == [4, 2, 1] and search.n_resources_ == [7, 14, 28]
    report = search.stacking_report_
    assert report.groupby("candidate")["stack"].max().tolist() == [12, 12, 12, 12, 6, 6, 3]
    assert len(search.cv_results_["mean_fit_time"]) == 7
    assert type(search.estimator) is type(network()) and search.cv == 3


def test_more_epochs_for_the_better_ones():
    search = search_both(GRIDS, network(), STRENGTHS, **EPOCHS)
    assert search.n_resources_ == [1, 2, 4] and search.best_estimator_.n_iter_ == 4
    assert (search.stacking_report_["stack"] > 1).all()


def test_drawn_candidates():
    space = {"regu_strength": [0.0, 0.01, 0.1], "learning_rate_init": [1e-3, 1e-2]}
    search_both(RANDOM, network(), space, n_candidates=4)
    search_both(RANDOM, network(), space, n_candidates=4, refit=False, **EPOCHS)


def test_decisions_with_weights():
    search_both(
        GRIDS,
        DaleRNNClassifier(**SMALL),
        {"learning_rate_init": [1e-3, 1e-2]},
        y=LABELS,
        fit_params={"sample_weight": np.linspace(0.5, 2, 30)},
        scoring="accuracy",
        min_resources=15,
    )


def test_groups_and_candidates_that_leave_early():
    search_both(
        GRIDS,
        network(),
        STRENGTHS,
        cv=GroupKFold(3),
        fit_params={"groups": np.repeat(np.arange(6), 5)},
        aggressive_elimination=True,
        max_resources=14,
        min_resources=7,
    )


def test_a_candidate_that_fails_is_the_last():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = search_both(GRIDS, network(), {"n_units": [6, 7, -1, 5]}, **EPOCHS)
    assert search.best_params_["n_units"] != -1


def test_what_is_no_network_is_searched_as_ever():
    flat, y = X[:, -1], Y[:, -1, 0]
    found = [
        cls(Ridge(), {"alpha": [0.1, 1.0, 9.0]}, cv=3, random_state=0, factor=2).fit(flat, y)
        for cls in GRIDS
    ]
    np.testing.assert_array_equal(*(s.cv_results_["mean_test_score"] for s in found))


@pytest.mark.parametrize(
    "options",
    [
        {"cv": KFold(3, shuffle=True)},  # folds of its own at every iteration
        {"scoring": ["r2", "neg_mean_squared_error"], "refit": "r2"},
        {"resource": "n_sample"},
        {"resource": "max_iter"},
        {"resource": "regu_strength", "max_resources": 4},
        {"min_resources": 40},
        {"factor": -1},
    ],
)
def test_refused_as_by_scikit_learn(options):
    sentences = []
    for cls in GRIDS:
        with pytest.raises(ValueError) as caught:
            cls(network(), STRENGTHS, **options).fit(X, Y)
        sentences.append(str(caught.value).replace("StackedHalving", "Halving"))
    assert sentences[0] == sentences[1]


def test_arguments_are_those_of_scikit_learn_and_three_more():
    for stacked, plain in (GRIDS, RANDOM):
        ours = stacked(network(), STRENGTHS).get_params(deep=False)
        theirs = plain(network(), STRENGTHS).get_params(deep=False)
        added = {name: ours.pop(name) for name in ("strategy", "max_memory", "checkpoint")}
        assert added == {"strategy": "auto", "max_memory": None, "checkpoint": None}
        assert list(map(str, ours.items())) == list(map(str, theirs.items()))
        with pytest.raises(TypeError, match="unexpected keyword argument 'strategie'"):
            stacked(network(), STRENGTHS, strategie="auto")
        again = pickle.loads(pickle.dumps(clone(stacked(network(), STRENGTHS, max_memory=1e9))))
        assert again.max_memory == 1e9
