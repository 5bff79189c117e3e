"""Penalties on activity: weights of trials, steps past the end, and what a penalty is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from problems import PENALTY_NAMES

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor, SpatialRNNRegressor
from sk_biornn.biology import (
    RateCost,
    SilentUnitCost,
    WeightCost,
    excitatory_inhibitory_populations,
)
from sk_biornn.datasets import make_go_nogo

WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")
OPTIONS = {"n_units": 10, "max_iter": 5, "random_state": 0, "batch_size": 200, "shuffle": False}
COSTS = {
    "rate_penalty": {"rate_penalty": 0.5},
    "RateCost": {"regularizer": RateCost(0.5, power=1.0)},
    "SilentUnitCost": {"regularizer": SilentUnitCost(0.5, floor=0.4)},
    "both": {
        "rate_penalty": 0.5,
        "regularizer": [SilentUnitCost(0.5, floor=0.4), WeightCost(0.01)],
    },
}
every_cost = pytest.mark.parametrize("cost", COSTS)


def data(dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 6, 2)).astype(dtype)
    return X, rng.standard_normal((12, 6, 2)).astype(dtype), np.arange(12) % 6 + 1


def as_list(values, lengths):
    return [row[:n] for row, n in zip(values, lengths, strict=True)]


def assert_same(one, other, atol=1e-10):
    for name in WEIGHTS:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=0, atol=atol)


@every_cost
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("target", ["number", "numbers per step", "label"])
def test_a_weight_of_two_is_two_copies(cost, ragged, target):
    X, numbers, lengths = data()
    y = {"number": numbers[:, -1], "numbers per step": numbers, "label": np.arange(12) % 3}[target]
    make = DaleRNNClassifier if target == "label" else DaleRNNRegressor
    copies = np.array([1, 2, 3] * 4)
    twice = np.repeat(np.arange(12), copies)
    trials = [X, y, X[twice], y[twice]]
    if ragged:
        trials[0], trials[2] = as_list(X, lengths), as_list(X[twice], lengths[twice])
        if target == "numbers per step":
            trials[1], trials[3] = as_list(y, lengths), as_list(y[twice], lengths[twice])
    weighted = make(**OPTIONS, **COSTS[cost]).fit(*trials[:2], sample_weight=copies)
    copied = make(**OPTIONS, **COSTS[cost]).fit(*trials[2:])
    assert_same(weighted, copied)
    assert weighted.loss_curve_ == pytest.approx(copied.loss_curve_, rel=1e-10)
    alike = make(**OPTIONS, **COSTS[cost]).fit(*trials[:2])
    assert np.abs(alike.W_in_ - weighted.W_in_).max() > 1e-6  # the weights do say something


@every_cost
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_that_are_alike_give_the_bits_of_none(cost, dtype):
    X, y, _ = data(dtype)
    plain = DaleRNNRegressor(**OPTIONS, **COSTS[cost]).fit(X, y)
    for weight in (1.0, 0.25):
        alike = DaleRNNRegressor(**OPTIONS, **COSTS[cost]).fit(X, y, np.full(12, weight))
        assert_same(plain, alike, atol=0)


@every_cost
def test_steps_past_the_end_do_not_count(cost):
    """The loss is that of the activity which `hidden_states` shows, step by real step."""
    X, y, lengths = data()
    still = {**OPTIONS, "max_iter": 1, "learning_rate_init": 1e-300}
    parts = {name: {} for name in ("bare", "costly")}
    parts["costly"] = COSTS[cost]
    fitted = {
        name: DaleRNNRegressor(**still, **options).fit(as_list(X, lengths), as_list(y, lengths))
        for name, options in parts.items()
    }
    rates = np.concatenate(fitted["bare"].hidden_states(as_list(X, lengths), kind="rate"))
    silence = 0.5 * np.maximum(0, 1 - rates.mean(axis=0) / 0.4).mean()
    expected = {
        "rate_penalty": 0.5 * (rates**2).mean(),
        "RateCost": 0.5 * np.abs(rates).mean(),
        "SilentUnitCost": silence,
        "both": 0.5 * (rates**2).mean() + silence + 0.01 * np.abs(fitted["bare"].W_rec_).sum(),
    }[cost]
    found = fitted["costly"].loss_curve_[0] - fitted["bare"].loss_curve_[0]
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("batch_size", [1, 3, 5])
def test_the_price_of_rates_in_batches_is_that_of_the_set(batch_size):
    """Batches of weighted trials of all lengths: their mean is the mean over all steps."""
    X, y, lengths = data()
    weight = np.random.default_rng(1).uniform(0.1, 3, 12)
    still = {**OPTIONS, "max_iter": 1, "learning_rate_init": 1e-300, "batch_size": batch_size}
    losses = [
        DaleRNNRegressor(**still, rate_penalty=rate).fit(as_list(X, lengths), y[:, -1], weight)
        for rate in (0.0, 0.5)
    ]
    rates = losses[0].hidden_states(as_list(X, lengths), kind="rate")
    per_step = np.concatenate([np.full(n, w) for n, w in zip(lengths, weight, strict=True)])
    mean = np.average((np.concatenate(rates) ** 2).mean(axis=1), weights=per_step)
    assert losses[1].loss_curve_[0] - losses[0].loss_curve_[0] == pytest.approx(0.5 * mean)


@every_cost
def test_padding_changes_no_bit_beside_trials_that_are_shorter(cost):
    X, y, lengths = data(np.float32)
    outside = np.arange(6) >= lengths[:, None]
    padded = np.where(outside[..., None], np.nan, X)
    longer = np.pad(padded, ((0, 0), (0, 40), (0, 0)), constant_values=np.nan)
    options = {**OPTIONS, **COSTS[cost], "batch_size": 5, "shuffle": True}
    fits = [
        DaleRNNRegressor(**options).fit(trials, y[:, -1])
        for trials in (padded, longer, as_list(X, lengths))
    ]
    for other in fits[1:]:
        assert_same(fits[0], other, atol=0)


def test_the_weights_of_classes_say_nothing_of_activity():
    X, _, _ = data()
    labels = np.arange(12) % 2
    still = {**OPTIONS, "max_iter": 1, "learning_rate_init": 1e-300, "class_weight": {0: 1, 1: 5}}
    bare, costly = (
        DaleRNNClassifier(**still, rate_penalty=rate).fit(X, labels) for rate in (0.0, 0.5)
    )
    expected = 0.5 * (bare.hidden_states(X, kind="rate") ** 2).mean()
    assert costly.loss_curve_[0] - bare.loss_curve_[0] == pytest.approx(expected)


def test_rate_penalty_and_its_object_are_one():
    X, y, _ = data(np.float32)
    by_argument = DaleRNNRegressor(**OPTIONS, rate_penalty=0.5).fit(X, y)
    by_object = DaleRNNRegressor(**OPTIONS, regularizer=RateCost(0.5)).fit(X, y)
    by_name = DaleRNNRegressor(**OPTIONS, regularizer="rate", regu_strength=0.5).fit(X, y)
    assert_same(by_argument, by_object, atol=0)
    assert_same(by_argument, by_name, atol=0)


def test_fewer_units_fall_silent_where_silence_has_a_price():
    X, y = make_go_nogo(100, random_state=0)
    X = X[:, ::4].astype(np.float32)
    options = {"n_units": 24, "activation": "relu", "max_iter": 40, "learning_rate_init": 0.03}
    silent = []
    for regularizer in (None, SilentUnitCost(0.3)):
        network = DaleRNNClassifier(
            **options, rate_penalty=1.0, regularizer=regularizer, random_state=1
        ).fit(X, y)
        rates = network.hidden_states(X, kind="rate").mean(axis=(0, 1))
        silent.append((rates < 0.01).mean())
        assert network.score(X, y) > 0.95
    assert silent[0] > 0.3 and silent[1] < 0.15


# ------------------------------------------------------------------ what a penalty is given


@dataclass(frozen=True, eq=False)
class Witness:
    """A penalty that writes down what it sees."""

    seen: list = field(default_factory=list)
    facts: list = field(default_factory=list)

    def __deepcopy__(self, memo):
        return self

    def bind(self, facts):
        self.facts.append(facts)

        def penalty(params, rates, weights):
            self.seen.append((params, rates, weights))
            return params.w_in.square().sum() + rates.square().sum() * 0

        return penalty


@pytest.mark.parametrize("density", [1.0, 0.03])
def test_a_penalty_is_given_weights_rates_and_what_trials_weigh(density):
    X, y, lengths = data()
    mask = np.random.default_rng(0).random((260, 260)) < density
    witness = Witness()
    options = {**OPTIONS, "n_units": 260, "mask": mask, "max_iter": 1, "learning_rate_init": 1e-300}
    reg = DaleRNNRegressor(**options, regularizer=witness)
    reg.fit(as_list(X, lengths), y[:, -1], np.arange(1.0, 13.0))
    params, rates, weights = witness.seen[0]
    np.testing.assert_allclose(
        params.w_rec.detach(), reg.W_rec_, atol=1e-200
    )  # a matrix, also where few exist
    assert rates.shape == (12, 6, 260) and weights.shape == (12, 6)
    assert float(weights.sum()) == pytest.approx(12)
    np.testing.assert_array_equal(weights > 0, np.arange(6) < lengths[:, None])
    expected = reg.hidden_states(as_list(X, lengths), kind="rate")
    for row, one, n in zip(rates.detach().numpy(), expected, lengths, strict=True):
        np.testing.assert_allclose(row[:n], one, atol=1e-12)
        assert not row[n:].any()
    assert weights[1, 0] / weights[0, 0] == pytest.approx(2)
    DaleRNNRegressor(**OPTIONS, regularizer=witness).fit(X, y)
    assert witness.seen[-1][2] is None  # all alike


def test_a_penalty_on_other_weights_and_on_activity_is_trained():
    X, y, _ = data()
    free, priced = (
        DaleRNNRegressor(**OPTIONS | {"max_iter": 60}, regularizer=penalty).fit(X, y)
        for penalty in (None, Witness())
    )
    assert np.square(priced.W_in_).sum() < 0.9 * np.square(free.W_in_).sum()


class OfWeightsAlone:
    """A penalty as they were: a function of the recurrent weights."""

    def __init__(self, strength):
        self.strength = strength

    def bind(self, facts):
        return lambda w_rec: self.strength * w_rec.abs().sum()


def test_a_function_of_the_recurrent_weights_is_a_penalty_too():
    X, y, _ = data()
    mine, named = (
        DaleRNNRegressor(**OPTIONS, regularizer=penalty).fit(X, y)
        for penalty in (OfWeightsAlone(0.1), WeightCost(0.1))
    )
    assert_same(mine, named, atol=0)


def test_facts_say_what_is_known_of_the_circuit():
    X, y, _ = data()
    witness = Witness()
    table = excitatory_inhibitory_populations(10)
    points = np.random.default_rng(0).random((10, 3))
    CellTypeRNNRegressor(
        populations=table, coordinates=points, unit_cube=False, connectome=np.eye(10),
        regularizer=witness, max_iter=1, random_state=0,
    ).fit(X, y)  # fmt: skip
    (facts,) = witness.facts
    assert facts.signs.tolist() == [1] * 8 + [-1] * 2
    assert facts.blocks.tolist() == [0] * 8 + [1] * 2
    np.testing.assert_allclose(facts.positions, points)
    np.testing.assert_allclose(facts.distances[2, 3], np.linalg.norm(points[2] - points[3]))
    np.testing.assert_array_equal(facts.connectome, np.eye(10))
    assert facts.mask.all() and facts.mask.dtype == torch.bool
    blocks = np.arange(10) // 5
    DaleRNNRegressor(**OPTIONS, regularizer=witness, pruning="random", density=0.2, blocks=blocks,
                     finetune_iter=1).fit(X, y)  # fmt: skip
    assert witness.facts[-1].blocks.tolist() == blocks.tolist()
    assert witness.facts[-1].positions is None
    assert not witness.facts[-1].mask.all()  # the training under the pruned mask


@pytest.mark.filterwarnings("ignore:connectome has no effect")
@pytest.mark.parametrize("name", PENALTY_NAMES)
def test_every_penalty_has_trials_of_unequal_length_and_weights(name):
    X, y, lengths = data(np.float32)
    network = SpatialRNNRegressor(
        **OPTIONS, regularizer=name, connectome=np.ones((10, 10)), coordinates=(5, 2, 1)
    )
    network.fit(as_list(X, lengths), as_list(y, lengths), np.arange(12) % 2 + 1.0)
    assert np.isfinite(network.W_rec_).all()
