"""Penalties inside estimators, in every family and together with Dale's law and masks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from sk_biornn import DaleRNNClassifier, SpatialRNNClassifier, SpatialRNNRegressor
from sk_biornn.biology import CommunicabilityCost, WeightCost
from sk_biornn.datasets import make_flip_flop, make_go_nogo
from sk_biornn.metrics import wiring_cost

NAMES = ["weight", "spatial", "communicability", "communicability_emd"]
TINY = {"n_units": 12, "max_iter": 3, "coordinates": (3, 2, 2), "random_state": 0}


@pytest.fixture(scope="module")
def trials():
    X, y = make_go_nogo(24, random_state=0)
    return X[:, ::4], y


@pytest.mark.parametrize("regularizer", NAMES)
@pytest.mark.parametrize("family", [DaleRNNClassifier, SpatialRNNClassifier])
def test_penalties_work_in_every_family_with_masks(trials, family, regularizer):
    mask = np.random.default_rng(0).random((12, 12)) < 0.5
    mask[:, 3] = False  # a unit without output
    network = family(**TINY, regularizer=regularizer, connectome=np.ones((12, 12)), mask=mask)
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


def test_grid_search_over_penalties_and_strengths(trials):
    grid = {"regularizer": ["weight", None], "regu_strength": [0.01, 1.0]}
    search = GridSearchCV(SpatialRNNClassifier(**TINY), grid, cv=2, error_score="raise")
    assert len(search.fit(*trials).cv_results_["params"]) == 4


def test_regressors_have_penalties_too():
    X, y = make_flip_flop(10, n_steps=5, random_state=0)
    network = SpatialRNNRegressor(**TINY, regu_strength=1e-3).fit(X, y)
    assert network.predict(X).shape == y.shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"regularizer": "wires"}, r"regularizer must be one of \['weight', .* got 'wires'"),
        ({"regularizer": WeightCost}, "regularizer must be one of"),
        ({"coordinates": (2, 2, 2)}, "product is 12"),
        ({"coordinates": None}, "coordinates must be given for the spatial penalty"),
        ({"regularizer": "communicability_emd"}, "connectome must be given"),
        ({"connectome": np.ones((3, 3))}, r"connectome must be .*shape \(12, 12\)"),
        ({"regu_strength": -1.0}, "regu_strength must be a number of at least 0"),
    ],
)
def test_contradictory_penalties_are_refused(trials, arguments, message):
    with pytest.raises(ValueError, match=message):
        SpatialRNNClassifier(**TINY | arguments).fit(*trials)
