"""Constraints, penalties and pruners as parameters: searched, shared, and what they promise."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, replace

import numpy as np
import pytest
from problems import CONSTRAINTS, ESTIMATORS, PENALTIES, PRUNERS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_biornn import DaleRNNRegressor, SpatialRNNRegressor
from sk_biornn.biology import (
    CommunicabilityCost,
    CommunicabilityEMD,
    Dale,
    NonNegative,
    Strategy,
    TopProbPruning,
    WeightCost,
    WiringCost,
)
from sk_biornn.biology._spaces import clipping_space, sign_bounds
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.estimators import _synapses

SMALL = {"n_units": 10, "max_iter": 3, "random_state": 0}
EVERY = {**CONSTRAINTS, **PENALTIES, **PRUNERS}
every_strategy = pytest.mark.parametrize("strategy", EVERY.values(), ids=EVERY)


def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((20, 5, 2)), rng.standard_normal((20, 5, 2))


def search(estimator, grid, **options):
    """Search in which a fit that fails fails the test."""
    X, y = data()
    return GridSearchCV(estimator, grid, cv=2, error_score="raise", **options).fit(X, y)


# ------------------------------------------------------------------ parameters of an object


@every_strategy
def test_fields_are_parameters_of_which_the_object_can_be_made_again(strategy):
    parameters = strategy.get_params()
    assert type(strategy)(**parameters) == strategy
    assert strategy.get_params(deep=False) == parameters


@every_strategy
def test_a_clone_is_an_equal_copy(strategy):
    twin = clone(strategy)
    assert twin == strategy and twin is not strategy
    assert pickle.loads(pickle.dumps(strategy)) == strategy


@every_strategy
def test_an_object_stays_frozen(strategy):
    for name in strategy.get_params():
        with pytest.raises(FrozenInstanceError):
            setattr(strategy, name, 1)


def test_what_a_new_object_is_refused_its_parameters_are_refused():
    penalty = WeightCost(0.5)
    with pytest.raises(ValueError, match="strength must be a number of at least 0"):
        penalty.set_params(strength=-1.0)
    with pytest.raises(ValueError, match="scale must be None unless method='exponentiated'"):
        Dale().set_params(scale=0.1)
    with pytest.raises(ValueError, match=r"power must be a parameter of WeightCost, which has \["):
        penalty.set_params(power=2.0)
    assert penalty == WeightCost(0.5)
    assert Dale().set_params(method="exponentiated", scale=0.1) == Dale("exponentiated", 0.1)


@dataclass(frozen=True)
class Scaled(Strategy):
    """Another penalty, times a factor."""

    penalty: Strategy
    factor: float = 1.0

    def bind(self, facts):
        inner = self.penalty.bind(facts)
        return lambda params, rates, weights: self.factor * inner(params, rates, weights)


def test_parameters_of_an_object_in_an_object():
    twice = Scaled(WeightCost(0.5), 2.0)
    assert twice.get_params()["penalty__strength"] == 0.5
    found = SpatialRNNRegressor(regularizer=twice).set_params(
        regularizer__penalty__strength=0.1, regularizer__factor=3.0
    )
    assert found.regularizer == Scaled(WeightCost(0.1), 3.0)
    assert twice == Scaled(WeightCost(0.5), 2.0)
    with pytest.raises(ValueError, match="factor must be an object with parameters where factor"):
        twice.set_params(factor__of=2)


# ------------------------------------------------------------------ in estimators


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_setting_a_parameter_leaves_other_networks_that_share_the_object_alone(cls):
    shared = {"regularizer": WiringCost(0.5), "dale": NonNegative(), "pruning": TopProbPruning()}
    one, other = cls(**shared), cls(**shared)
    one.set_params(regularizer__strength=0.1, dale__momentum="kept", pruning__fixed_count=True)
    assert one.regularizer == WiringCost(0.1)
    assert one.dale == NonNegative("kept") and one.pruning == TopProbPruning(fixed_count=True)
    for name, strategy in shared.items():
        assert getattr(other, name) is strategy
    assert shared["regularizer"] == WiringCost(0.5)
    assert one.get_params()["regularizer__strength"] == 0.1


def test_an_object_and_its_parameters_may_be_set_at_once():
    reg = SpatialRNNRegressor().set_params(regularizer__strength=0.1, regularizer=WiringCost(0.5))
    assert reg.regularizer == WiringCost(0.1)


@pytest.mark.parametrize("held", ["spatial", None, [WeightCost()]])
def test_what_has_no_parameters_is_named(held):
    message = r"regularizer must be an object with parameters where regularizer__strength is set"
    with pytest.raises(ValueError, match=message):
        SpatialRNNRegressor(regularizer=held).set_params(regularizer__strength=0.1)
    with pytest.raises(ValueError, match="regulariser"):
        SpatialRNNRegressor().set_params(regulariser__strength=0.1)


GRIDS = {
    "penalty": ({"regularizer": WiringCost()}, {"regularizer__strength": [0.0, 0.1, 1.0]}),
    "law": ({"dale": Dale("exponentiated")}, {"dale__scale": [None, 0.05, 1.0]}),
    "pruner": (
        {"pruning": TopProbPruning(), "density": 0.3, "finetune_iter": 1},
        {"pruning__fixed_count": [False, True]},
    ),
}


@pytest.mark.parametrize("grid", GRIDS)
def test_a_search_over_parameters_fits_what_a_loop_by_hand_fits(grid):
    options, values = GRIDS[grid]
    ((name, candidates),) = values.items()
    argument, _, field = name.partition("__")
    found = search(SpatialRNNRegressor(**SMALL | options), values)
    by_hand = []
    for value in candidates:
        changed = replace(options[argument], **{field: value})
        estimator = SpatialRNNRegressor(**SMALL | options | {argument: changed})
        by_hand.append(search(estimator, {"tol": [1e-4]}).cv_results_["mean_test_score"][0])
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], by_hand)
    assert len(set(by_hand)) == len(candidates)
    assert getattr(found.best_estimator_, argument) is not options[argument]
    assert options == GRIDS[grid][0]  # the objects that were given are as they were


def test_a_search_through_a_pipeline_and_on_two_processes():
    network = SpatialRNNRegressor(**SMALL, regularizer=WiringCost())
    pipeline = make_pipeline(FunctionTransformer(), network)
    grid = {"spatialrnnregressor__regularizer__strength": [0.0, 1.0]}
    serial, parallel = (search(pipeline, grid, n_jobs=n) for n in (None, 2))
    scores = [found.cv_results_["mean_test_score"] for found in (serial, parallel)]
    np.testing.assert_array_equal(*scores)
    assert scores[0][0] != scores[0][1]
    assert network.regularizer == WiringCost()


def test_parameters_through_an_ensemble():
    ensemble = SeedEnsemble(SpatialRNNRegressor(**SMALL, regularizer=WiringCost()), n_seeds=2)
    ensemble.set_params(estimator__regularizer__strength=0.1)
    assert ensemble.estimator.regularizer == WiringCost(0.1)


# ------------------------------------------------------------------ strengths of what has its own


@pytest.mark.filterwarnings("ignore:connectome has no effect")
@pytest.mark.parametrize(
    ("argument", "value", "penalty"),
    [
        ("regu_strength", 0.1, WeightCost(0.5)),
        ("regu_strength", 0.1, [WeightCost(0.5), WiringCost()]),
        ("emd_strength", 0.5, CommunicabilityEMD()),
        ("distance_power", 2.0, CommunicabilityCost()),
        ("distance_power", 2.0, Scaled(WeightCost())),
    ],
)
def test_a_strength_beside_an_object_is_refused(argument, value, penalty):
    network = SpatialRNNRegressor(**SMALL, regularizer=penalty, connectome=np.ones((10, 10)))
    network.fit(*data())
    field = argument.replace("regu_", "")
    message = (
        rf"^{argument} must be left out when regularizer is an object, which has its own "
        rf"\(regularizer__{field} in a search\), got {argument}={value} with regularizer=[^\n]*\.$"
    )
    with pytest.raises(ValueError, match=message):
        network.set_params(**{argument: value}).fit(*data())
    with pytest.raises(ValueError, match=message):
        search(network.set_params(**{argument: value}), {argument: [value, value * 3]})


def test_a_strength_is_for_the_penalties_of_a_list_that_are_named_and_may_agree():
    network = SpatialRNNRegressor(**SMALL, regularizer=[WeightCost(0.5), "spatial"])
    first, second = (
        network.set_params(regu_strength=value).fit(*data()).W_rec_ for value in (0.1, 1.0)
    )
    assert (first != second).any()
    network.set_params(regularizer=WeightCost(0.1), regu_strength=0.1).fit(*data())


# ------------------------------------------------------------------ synapses one by one


@dataclass(frozen=True)
class Halved(Strategy):
    """Dale's law whose steps are half as long: every synapse moves by itself."""

    by_synapse = True

    def bind(self, signs, mask):
        space = clipping_space(*sign_bounds(signs, mask))

        def retract(proposed, before):
            proposed.lerp_(before, 0.5)
            return space.retract(proposed, before)

        return space._replace(retract=retract, needs_before=True)


class Silent(Halved):
    """The same, which does not say so of a `bind` of its own."""

    def bind(self, signs, mask):
        return super().bind(signs, mask)


class SaysSo(Silent):
    """The same, which does."""

    by_synapse = True


class Inherits(Halved):
    """The same, with the `bind` of which it was said."""


def network_on_few_synapses(dale):
    mask = np.random.default_rng(1).random((260, 260)) < 0.03
    return DaleRNNRegressor(
        n_units=260, mask=mask, dale=dale, recurrent_init="uniform", max_iter=3, random_state=0
    )


@pytest.mark.parametrize("law", [Halved(), Silent(), SaysSo(), Inherits()])
def test_a_constraint_of_ones_own_that_says_so_is_trained_by_synapse(law, monkeypatch):
    bound = []
    real = _synapses.bind_synapses
    monkeypatch.setattr(
        "sk_biornn.estimators._training.bind_synapses",
        lambda *arguments: bound.append(real(*arguments)) or bound[-1],
    )
    few = network_on_few_synapses(law).fit(*data())
    assert bound[0].support is not None
    assert bound[0].compact is (type(law) is not Silent)
    monkeypatch.setattr(_synapses, "support_where_it_pays", lambda *_: None)
    dense = network_on_few_synapses(law).fit(*data())
    np.testing.assert_allclose(few.W_rec_, dense.W_rec_, rtol=0, atol=1e-12)
    assert (few.W_rec_[~few.mask_] == 0).all() and (few.W_rec_ * few.signs_ >= 0).all()
