"""Doors to a fitted network: weights from elsewhere, states taken in the middle, interruptions."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNRegressor,
)
from sk_biornn.biology import cortical_populations

WEIGHTS = ("W_in_", "W_rec_", "b_rec_", "W_out_", "b_out_")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 6, 3)).astype(np.float32)
NUMBERS = RNG.standard_normal((24, 6, 3)).astype(np.float32)
LABELS = RNG.choice(["a", "b", "c"], 24)
TABLE = cortical_populations().head(3).assign(n_units=[8, 3, 2])
SMALL = {"n_units": 10, "batch_size": 8, "random_state": 0}
NETWORKS = {
    "dale": (lambda **k: DaleRNNRegressor(**{**SMALL, **k}), NUMBERS),
    "classifier": (lambda **k: DaleRNNClassifier(**{**SMALL, **k}), LABELS),
    "noisy": (lambda **k: DaleRNNClassifier(**{**SMALL, "noise_level": 0.3, **k}), LABELS),
    "spatial": (lambda **k: SpatialRNNRegressor(**{**SMALL, **k}), NUMBERS),
    "two biases": (
        lambda **k: DaleRNNRegressor(**{**SMALL, "recurrent_bias": "double", **k}),
        NUMBERS,
    ),
    "cell types": (
        lambda **k: CellTypeRNNRegressor(populations=TABLE, batch_size=8, random_state=0, **k),
        NUMBERS,
    ),
}


def assert_same(one, other):
    for name in WEIGHTS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.loss_curve_ == other.loss_curve_


# A state taken in the middle of a fit


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("way", ["warm start", "partial_fit"])
def test_a_state_taken_in_a_callback_goes_on_as_if_nothing_had_been(kind, way):
    make, y = NETWORKS[kind]
    taken = []

    def take(network):
        if network.n_iter_ == 2:
            taken.append(pickle.dumps(copy.copy(network).set_params(on_epoch=None)))

    whole = make(max_iter=6 if way == "warm start" else 3, on_epoch=take).fit(X, y)
    again = pickle.loads(taken[0])
    assert again.n_iter_ == 2
    if way == "warm start":
        again.set_params(warm_start=True, max_iter=4).fit(X, y)
    else:
        again.partial_fit(X, y)
    assert_same(again, whole)


def test_a_state_in_the_middle_of_training_under_the_mask():
    taken = []

    def take(network):
        if network.n_iter_ == 4:
            taken.append(pickle.dumps(copy.copy(network).set_params(on_epoch=None)))

    options = {"pruning": "magnitude", "density": 0.3, "max_iter": 3, "finetune_iter": 4}
    whole = DaleRNNRegressor(**SMALL, **options, on_epoch=take).fit(X, NUMBERS)
    again = pickle.loads(taken[0]).set_params(warm_start=True, max_iter=3).fit(X, NUMBERS)
    assert_same(again, whole)
    assert np.array_equal(again.mask_, whole.mask_) and again.n_iter_dense_ == 3
    assert np.array_equal(again.W_dense_, whole.W_dense_)


def test_taking_a_state_changes_nothing():
    silent = DaleRNNRegressor(**SMALL, max_iter=4).fit(X, NUMBERS)
    watched = DaleRNNRegressor(**SMALL, max_iter=4, on_epoch=pickle_once).fit(X, NUMBERS)
    assert_same(silent, watched)


def pickle_once(network):
    pickle.dumps(network)


# Interruptions


def interrupt_after(n_epochs):
    def stop(network):
        if network.n_iter_ == n_epochs:
            raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("kind", NETWORKS)
def test_an_interrupted_fit_keeps_the_last_finished_epoch(kind):
    make, y = NETWORKS[kind]
    with pytest.warns(ConvergenceWarning, match="interrupted from the keyboard after epoch 3"):
        broken = make(max_iter=9, on_epoch=interrupt_after(3)).fit(X, y)
    assert_same(broken, make(max_iter=3).fit(X, y))
    assert broken.n_iter_ == 3
    if kind != "noisy":  # whose next fit draws another stream of noise
        broken.set_params(on_epoch=None, warm_start=True, max_iter=2).fit(X, y)
        assert_same(broken, make(max_iter=5).fit(X, y))


def interrupt_in_step(number, monkeypatch):
    """Have the keyboard interrupt a step of training, in the middle of an epoch."""
    from sk_biornn.core import epoch

    step, count = epoch._step, iter(range(1000))

    def counted(*arguments):
        if next(count) == number:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(epoch, "_step", counted)


def test_an_epoch_that_was_not_finished_is_undone(monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_in_step(3 * 2 + 1, patch)  # the second step of the third epoch
        with pytest.warns(ConvergenceWarning, match="after epoch 2"):
            broken = DaleRNNRegressor(**SMALL, max_iter=9).fit(X, NUMBERS)
    assert_same(broken, DaleRNNRegressor(**SMALL, max_iter=2).fit(X, NUMBERS))
    broken.set_params(warm_start=True, max_iter=3).fit(X, NUMBERS)
    assert_same(broken, DaleRNNRegressor(**SMALL, max_iter=5).fit(X, NUMBERS))


def test_without_a_finished_epoch_there_is_nothing_to_keep(monkeypatch):
    network = DaleRNNRegressor(**SMALL, max_iter=3)
    with monkeypatch.context() as patch:
        interrupt_in_step(1, patch)
        with pytest.raises(KeyboardInterrupt):
            network.fit(X, NUMBERS)
    assert not hasattr(network, "W_rec_")
    network.fit(X, NUMBERS)
    before = copy.deepcopy(network)
    with monkeypatch.context() as patch:
        interrupt_in_step(1, patch)
        with pytest.raises(KeyboardInterrupt):
            network.partial_fit(X, NUMBERS)
    assert_same(network.partial_fit(X, NUMBERS), before.partial_fit(X, NUMBERS))


@pytest.mark.parametrize(("epoch", "pruned"), [(2, False), (5, True)])
@pytest.mark.parametrize("schedule", ["one-shot", "cubic"])
def test_an_interrupted_phase_is_the_last(epoch, pruned, schedule):
    options = {"pruning": "magnitude", "density": 0.3, "max_iter": 4, "finetune_iter": 4}
    options |= {"pruning_schedule": schedule, "on_epoch": interrupt_after(epoch)}
    with pytest.warns(ConvergenceWarning):
        network = DaleRNNRegressor(**SMALL, **options).fit(X, NUMBERS)
    assert network.n_iter_ == epoch and (network.W_dense_ is not None) == pruned
    assert not network.W_rec_[~network.mask_].any()
    if pruned:
        assert network.mask_.mean() == 0.3


def test_an_interrupted_fit_with_early_stopping_keeps_the_best_weights():
    options = {**SMALL, "early_stopping": True, "validation_fraction": 0.4, "max_iter": 9}
    with pytest.warns(ConvergenceWarning):
        broken = DaleRNNRegressor(**options, on_epoch=interrupt_after(4)).fit(X, NUMBERS)
    whole = DaleRNNRegressor(**{**options, "max_iter": 4}).fit(X, NUMBERS)
    assert_same(broken, whole)
    assert broken.validation_scores_ == whole.validation_scores_


def test_of_many_networks_an_interruption_ends_all():
    from sk_biornn.ensemble import SeedEnsemble
    from sk_biornn.studies._runner import fill_record

    network = DaleRNNRegressor(**SMALL, max_iter=3, on_epoch=interrupt_after(1))
    with pytest.raises(KeyboardInterrupt):
        SeedEnsemble(network, n_seeds=2).fit(X, NUMBERS)
    with pytest.raises(KeyboardInterrupt):
        fill_record({}, lambda record: network.fit(X, NUMBERS))
    with pytest.warns(ConvergenceWarning):  # alone again, it keeps what it has
        network.fit(X, NUMBERS)


# Weights from elsewhere


@pytest.mark.parametrize("kind", NETWORKS)
def test_weights_make_the_network_that_they_came_from(kind):
    make, y = NETWORKS[kind]
    fitted = make(max_iter=3).fit(X, y)
    given = {name[:-1]: getattr(fitted, name) for name in WEIGHTS}
    options = fitted.get_params()
    if kind == "cell types":
        del options["n_units"]
    if hasattr(fitted, "classes_"):
        options["classes"] = fitted.classes_
    made = type(fitted).from_weights(**given, **options)
    assert np.array_equal(made.predict(X), fitted.predict(X))
    assert np.array_equal(made.mask_, fitted.mask_)
    assert made.n_iter_ == 0 and made.loss_curve_ == []
    assert made.partial_fit(X, y).n_iter_ == 1
    assert pickle.loads(pickle.dumps(made)).score(X, y) == made.score(X, y)


def test_two_classes_are_told_by_the_rows_of_the_read_out():
    W = {"W_rec": np.zeros((2, 2)), "W_in": np.ones((2, 1)), "dale": None}
    one = DaleRNNClassifier.from_weights(**W, W_out=[[1.0, 0.0]], classes=[0, 1])
    two = DaleRNNClassifier.from_weights(**W, W_out=[[0, 0.0], [1.0, 0.0]], classes=[0, 1])
    assert (one.two_classes, two.two_classes) == ("log-odds", "softmax")
    x = np.array([[[-1.0]], [[1.0]]])
    assert one.predict(x).tolist() == two.predict(x).tolist() == [0, 1]
    np.testing.assert_allclose(one.predict_proba(x), two.predict_proba(x), rtol=1e-12)


GOOD = {"W_rec": np.zeros((3, 3)), "W_in": np.ones((3, 2)), "W_out": np.ones((1, 3))}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"W_rec": np.zeros((3, 4))}, r"W_rec must have shape \(n_units, n_units\), here \(3, 3\)"),
        ({"W_in": np.ones(3)}, "W_in must have shape"),
        ({"W_in": np.ones((4, 2))}, "W_in must have shape"),
        ({"W_out": np.ones((1, 2))}, "W_out must have shape"),
        ({"b_rec": [0.0]}, "b_rec must have shape"),
        ({"b_out": [np.nan]}, "b_out must be finite"),
        ({"W_rec": -np.ones((3, 3))}, "W_rec must obey the signs of its columns with dale="),
        ({"mask": np.eye(3), "W_rec": np.ones((3, 3)), "dale": None}, "W_rec must be 0 where"),
        ({"input_mask": np.zeros((3, 2))}, "W_in must be 0 where"),
        ({"recurrent_bias": False, "b_rec": np.ones(3)}, "b_rec must be 0 where"),
        (
            {"readout_signs": "dale", "signs": [1, 1, -1]},
            "W_out must obey the signs of its columns",
        ),
        ({"n_units": 4}, "W_rec must have the 4 units that the arguments describe, got 3"),
        ({"activation": "sin"}, "activation must be one of"),
        ({"every_step": 1}, "every_step must be True or False"),
    ],
)
def test_contradictions_are_refused(changes, message):
    error = TypeError if "every_step" in changes else ValueError
    with pytest.raises(error, match=message):
        DaleRNNRegressor.from_weights(**{**GOOD, **changes})


def test_a_read_out_that_does_not_fit_the_classes():
    with pytest.raises(ValueError, match="W_out must have a row per class, 3, or one row for two"):
        DaleRNNClassifier.from_weights(**GOOD, classes=["a", "b", "c"])


# The two small doors


def test_penalty_value_is_that_of_the_formula():
    network = SpatialRNNRegressor(n_units=8, coordinates=(2, 2, 2), regu_strength=0.2, max_iter=2)
    network.fit(X, NUMBERS)
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    distance = np.linalg.norm(corners[:, None] - corners, axis=-1)
    expected = 0.2 * (np.abs(network.W_rec_) * distance).sum()
    assert network.penalty_value() == pytest.approx(expected, rel=1e-6)
    assert network.set_params(regularizer=None).penalty_value() == 0.0


def test_a_restarted_optimiser_has_no_memory():
    network = DaleRNNRegressor(**SMALL, max_iter=3, shuffle=False).fit(X, NUMBERS)
    weights = {name[:-1]: getattr(network, name) for name in WEIGHTS}
    options = {**SMALL, "shuffle": False}
    fresh = DaleRNNRegressor.from_weights(**weights, **options).partial_fit(X, NUMBERS)
    kept = copy.deepcopy(network).partial_fit(X, NUMBERS)
    restarted = network.restart_optimiser().partial_fit(X, NUMBERS)
    assert np.array_equal(restarted.W_rec_, fresh.W_rec_)
    assert not np.array_equal(restarted.W_rec_, kept.W_rec_)


@pytest.mark.parametrize("door", ["restart_optimiser", "penalty_value"])
def test_doors_of_a_network_that_is_not_fitted(door):
    with pytest.raises(NotFittedError):
        getattr(DaleRNNRegressor(), door)()


def test_a_finished_fit_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DaleRNNRegressor(**SMALL, max_iter=2, on_epoch=lambda network: True).fit(X, NUMBERS)
