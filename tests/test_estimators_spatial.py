"""Penalties inside estimators, in every family and together with Dale's law and masks."""

from __future__ import annotations

import numpy as np
import pytest
from problems import PENALTY_NAMES
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_biornn import DaleRNNClassifier, SpatialRNNClassifier, SpatialRNNRegressor
from sk_biornn.biology import CommunicabilityCost, WeightCost
from sk_biornn.datasets import make_flip_flop, make_go_nogo
from sk_biornn.initializers import BioWeightInitializer, FunctionalConnectivity
from sk_biornn.metrics import (
    bio_scoring,
    modularity,
    modularity_scorer,
    select_refit,
    wiring_cost,
)

NAMES = ["weight", "spatial", "communicability", "communicability_emd"]  # prices of wire
TINY = {"n_units": 12, "max_iter": 3, "coordinates": (3, 2, 2), "random_state": 0}


@pytest.fixture(scope="module")
def trials():
    X, y = make_go_nogo(24, random_state=0)
    return X[:, ::4], y


@pytest.mark.parametrize("regularizer", PENALTY_NAMES)
@pytest.mark.parametrize("family", [DaleRNNClassifier, SpatialRNNClassifier])
def test_penalties_work_in_every_family_with_masks(trials, family, regularizer):
    mask = np.random.default_rng(0).random((12, 12)) < 0.5
    mask[:, 3] = False  # a unit without output
    target = np.ones((12, 12)) if regularizer == "communicability_emd" else None
    network = family(**TINY, regularizer=regularizer, connectome=target, mask=mask)
    network.fit(*trials)
    assert np.isfinite(network.W_rec_).all()
    assert (network.W_rec_[~mask] == 0).all()
    assert (network.W_rec_ * network.signs_ >= 0).all()


@pytest.mark.parametrize("regularizer", NAMES[:3])
def test_a_dear_wire_is_a_short_wire(trials, regularizer):
    costs = []
    for strength in (0.0, 0.3):
        network = SpatialRNNClassifier(
            **TINY | {"max_iter": 60, "learning_rate_init": 5e-3},
            regularizer=regularizer,
            regu_strength=strength,
        ).fit(*trials)
        costs.append(wiring_cost(network.W_rec_, (3, 2, 2)))
    assert costs[1] < 0.7 * costs[0]


def test_names_and_objects_are_one_penalty(trials):
    def weights(**arguments):
        return SpatialRNNClassifier(**TINY, **arguments).fit(*trials).W_rec_

    by_name = weights(regularizer="communicability", regu_strength=0.1)
    np.testing.assert_array_equal(by_name, weights(regularizer=CommunicabilityCost(0.1)))
    halves = weights(regularizer=[CommunicabilityCost(0.1), WeightCost(0.0)])
    np.testing.assert_allclose(by_name, halves, atol=1e-6)


def test_the_unit_cube_makes_grids_comparable(trials):
    def weights(**arguments):
        return SpatialRNNClassifier(**TINY | arguments).fit(*trials).W_rec_

    positions = np.stack(np.unravel_index(np.arange(12), (3, 2, 2)), axis=1) * [50.0, 7.0, 7.0]
    np.testing.assert_array_equal(weights(), weights(coordinates=positions))
    assert (weights() != weights(unit_cube=False)).any()


# --- searches: what a search reports and chooses is what a loop by hand does ---

CV = StratifiedKFold(2)
SCORING = {
    "accuracy": "accuracy",
    "modularity": modularity_scorer,
    **bio_scoring("neg_wiring_cost"),
}
EAGER = TINY | {"max_iter": 25, "learning_rate_init": 5e-3}


def search(estimator, grid, trials, **arguments):
    """Search in which any failing fit or scorer fails the test."""
    arguments = {"scoring": SCORING, "refit": "neg_wiring_cost", **arguments}
    return GridSearchCV(estimator, grid, cv=CV, error_score="raise", **arguments).fit(*trials)


def scores_by_hand(estimator, grid, trials):
    """Mean scores over folds, a row per candidate: accuracy, modularity, minus wiring cost."""
    X, y = trials
    table = []
    for parameters in ParameterGrid(grid):
        rows = []
        for train, test in CV.split(X, y):
            network = clone(estimator).set_params(**parameters).fit(X[train], y[train])
            W = network.W_rec_
            hits = np.mean(network.predict(X[test]) == y[test])
            rows.append([hits, modularity(W), -wiring_cost(W, network.coordinates)])
        table.append(np.mean(rows, axis=0))
    return np.array(table)


def assert_same_scores(found, by_hand):
    columns = [found.cv_results_[f"mean_test_{name}"] for name in SCORING]
    np.testing.assert_allclose(np.stack(columns, axis=1), by_hand, rtol=1e-12)


def test_search_over_strengths_buys_less_wire_the_dearer_it_is(trials):
    grid = {"regu_strength": [0.0, 0.001, 0.01, 0.1, 1.0]}
    found = search(SpatialRNNClassifier(**EAGER), grid, trials)
    assert (np.diff(found.cv_results_["mean_test_neg_wiring_cost"]) > 0).all()
    assert found.best_params_ == {"regu_strength": 1.0}
    assert_same_scores(found, scores_by_hand(SpatialRNNClassifier(**EAGER), grid, trials))


@pytest.mark.filterwarnings("ignore:connectome has no effect")
def test_search_over_penalties(trials):
    penalties = [*NAMES, WeightCost(0.1), [WeightCost(0.1), "spatial"], None]
    network = SpatialRNNClassifier(**TINY, connectome=np.ones((12, 12)), regu_strength=0.1)
    found = search(network, {"regularizer": penalties}, trials)
    by_hand = scores_by_hand(network, {"regularizer": penalties}, trials)
    assert_same_scores(found, by_hand)
    assert found.best_index_ == by_hand[:, 2].argmax()
    wire = found.cv_results_["mean_test_neg_wiring_cost"]
    assert wire.argmin() == penalties.index(None)  # without a price most wire is left
    assert wire[0] == wire[4]  # "weight" at this strength, and the object
    assert len(set(wire)) == len(penalties) - 1


def test_search_over_penalties_and_strengths(trials):
    grid = {"regularizer": ["spatial", None], "regu_strength": [0.01, 1.0]}
    found = search(SpatialRNNClassifier(**TINY), grid, trials)
    priced, free = (
        [
            found.cv_results_["mean_test_neg_wiring_cost"][i]
            for i, candidate in enumerate(found.cv_results_["params"])
            if candidate["regularizer"] == regularizer
        ]
        for regularizer in ("spatial", None)
    )
    assert priced[0] < priced[1]
    assert free[0] == free[1]  # the strength of no penalty is nothing


def functional_weights(**arguments):
    """From 12 made-up traces to a fitted initializer."""
    traces = np.random.default_rng(0).standard_normal((200, 12))
    traces[:, :6] += traces[:, :1]
    pipeline = make_pipeline(FunctionalConnectivity(), BioWeightInitializer(**arguments))
    return pipeline.fit(traces)


def test_search_over_parameters_of_the_initial_weights(trials):
    grid = {"recurrent_init__sigma": [0.0, 1.0], "recurrent_init__permute": [False, True]}
    network = SpatialRNNClassifier(**TINY, recurrent_init=functional_weights()[-1])
    found = search(network, grid, trials)
    by_hand = scores_by_hand(network, grid, trials)
    assert_same_scores(found, by_hand)
    assert len(np.unique(by_hand[:, 2])) == 4
    assert found.best_params_ == list(ParameterGrid(grid))[by_hand[:, 2].argmax()]
    assert network.recurrent_init.sigma == 0.5  # the search works on clones
    assert not network.recurrent_init.permute


def test_a_pipeline_hands_over_its_last_step(trials):
    pipeline = functional_weights(sigma=0.0)
    network = SpatialRNNClassifier(**TINY | {"learning_rate_init": 1e-9, "max_iter": 1})
    network.set_params(recurrent_init=pipeline[-1]).fit(*trials)
    np.testing.assert_allclose(network.W_rec_, pipeline[-1].sample(), atol=1e-7)
    with pytest.raises(ValueError, match=r"recurrent_init must be .* an initializer object"):
        network.set_params(recurrent_init=pipeline).fit(*trials)


def test_search_in_a_pipeline_by_two_metrics_on_two_processes(trials):
    pipeline = make_pipeline(FunctionTransformer(), SpatialRNNClassifier(**EAGER))
    grid = {"spatialrnnclassifier__regu_strength": [0.001, 0.1, 1.0]}
    refit = select_refit("accuracy", then="modularity")
    serial, parallel = (search(pipeline, grid, trials, refit=refit, n_jobs=n) for n in (None, 2))
    for name in SCORING:
        column = f"mean_test_{name}"
        np.testing.assert_array_equal(serial.cv_results_[column], parallel.cv_results_[column])
    assert parallel.best_index_ == refit(serial.cv_results_)
    np.testing.assert_array_equal(
        parallel.best_estimator_[-1].W_rec_, serial.best_estimator_[-1].W_rec_
    )
    by_name = search(pipeline, grid, trials, refit="modularity")
    modular = by_name.cv_results_["mean_test_modularity"]
    assert by_name.best_score_ == modular.max()
    assert by_name.score(*trials) == modularity(by_name.best_estimator_[-1].W_rec_)


# --- the rest ---


def test_regressors_have_penalties_too():
    X, y = make_flip_flop(10, n_steps=5, random_state=0)
    network = SpatialRNNRegressor(**TINY, regu_strength=1e-3).fit(X, y)
    assert network.predict(X).shape == y.shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"regularizer": "wires"}, r"regularizer must be one of \[.*'weight', .* got 'wires'"),
        ({"regularizer": WeightCost}, "regularizer must be one of"),
        ({"coordinates": (2, 2, 2)}, "product is 12"),
        ({"coordinates": None}, "coordinates must be given for the spatial penalty"),
        ({"regularizer": "communicability_emd"}, "connectome must be given"),
        (
            {"regularizer": "communicability_emd", "connectome": np.ones((3, 3))},
            r"connectome must be .*shape \(12, 12\)",
        ),
        ({"regu_strength": -1.0}, "regu_strength must be a number of at least 0"),
    ],
)
def test_contradictory_penalties_are_refused(trials, arguments, message):
    error = TypeError if arguments.get("regularizer") is WeightCost else ValueError
    with pytest.raises(error, match=message):
        SpatialRNNClassifier(**TINY | arguments).fit(*trials)
