"""Training as the two published systems train: their recorded steps, and their rules by hand."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from published import biases_summed, forward, start_from, train_plainly
from torch.nn import functional

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNClassifier,
)
from sk_biornn.biology import Dale, NonNegative, cortical_populations, unit_index, unit_signs
from sk_biornn.estimators import Adam
from sk_biornn.estimators._running import ATTRIBUTES

KERAS = Adam(epsilon=1e-7, epsilon_placement="keras")


def largest_difference(network, weights, names=tuple(ATTRIBUTES)):
    return max(np.abs(getattr(network, ATTRIBUTES[name]) - weights[name]).max() for name in names)


def mean_difference(network, weights):
    return max(
        np.abs(getattr(network, attribute) - weights[name]).mean()
        for name, attribute in ATTRIBUTES.items()
    )


# Recorded steps of the original code


@pytest.fixture(scope="module")
def oracle(data_dir):
    def load(name):
        path = data_dir / "oracle" / name
        if not path.is_file():
            pytest.skip(f"no recorded numbers at {path}")
        return np.load(path)

    return load


TORCH_NAMES = {
    "w_in": "rnn.weight_ih_l0",
    "w_rec": "rnn.weight_hh_l0",
    "b_rec 1": "rnn.bias_ih_l0",
    "b_rec 2": "rnn.bias_hh_l0",
    "w_out": "fc.weight",
    "b_out": "fc.bias",
}


def flip_flop_after_50_steps(recorded, arm, dtype, **options):
    """Return our network trained as the recorded one was, and the recorded weights."""

    def weights(when):
        return biases_summed({k: recorded[f"{arm}/{when}/{n}"] for k, n in TORCH_NAMES.items()})

    X, y = (recorded[f"{arm}/{name}"][:, :, None].astype(dtype) for name in "xy")
    network = DaleRNNRegressor(
        **{
            "n_units": 128,
            "output_activation": "tanh",
            "recurrent_bias": "double",
            "batch_size": 200,
            "shuffle": False,
            "max_iter": 1,
            "random_state": 0,
            **options,
        }
    )
    return start_from(network, X, y, weights("before")).fit(X, y), weights("after50")


def test_dales_backpropagation_takes_the_recorded_steps(oracle):
    recorded = oracle("flipflop.npz")
    kept = Dale(momentum="kept")
    network, after = flip_flop_after_50_steps(recorded, "dale", np.float64, dale=kept)
    assert largest_difference(network, after) < 1e-6  # of steps of 1e-3; 2.4e-7 measured
    assert_allclose(network.loss_curve_[-1], recorded["dale/mean_loss"], rtol=1e-7)
    assert np.mean(network.W_rec_ == 0) == np.mean(after["w_rec"] == 0)
    # The single precision of the sum of two biases alone makes 1.6e-6.
    network, _ = flip_flop_after_50_steps(recorded, "dale", np.float32, dale=kept)
    assert largest_difference(network, after) < 1e-5


def test_what_each_switch_is_needed_for(oracle):
    recorded = oracle("flipflop.npz")
    cut, after = flip_flop_after_50_steps(recorded, "dale", np.float64, dale="projection")
    options = {"recurrent_bias": True, "dale": Dale(momentum="kept")}
    one_bias, _ = flip_flop_after_50_steps(recorded, "dale", np.float64, **options)
    for network in (cut, one_bias):
        assert largest_difference(network, after, ["w_rec"]) > 1e-3
    zeros = np.mean(cut.W_rec_ == 0), np.mean(after["w_rec"] == 0)
    assert_allclose(zeros, [0.007, 0.018], atol=5e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conventional_training_takes_the_recorded_steps(oracle, dtype):
    network, after = flip_flop_after_50_steps(
        oracle("flipflop.npz"), "conventional", dtype, dale=None, rectify=False
    )
    assert largest_difference(network, after) < 1e-4


def maze_network(recorded, solver):
    X, y = recorded["x"].astype(np.float64), recorded["label"].astype(int)
    network = SpatialRNNClassifier(
        n_units=312,
        coordinates=recorded["positions"],
        regularizer="communicability",
        regu_strength=0.3,
        solver=solver,
        batch_size=128,
        shuffle=False,
        random_state=0,
    )
    before = {name: recorded[f"before/{name}"] for name in ATTRIBUTES}
    return start_from(network, X, y, before, classes=np.unique(y))


def train_on_batches(network, recorded, first, last):
    """Go on, batch by batch in their order; return their mean loss."""
    batches = slice(128 * first, 128 * last)
    X, y = recorded["x"][batches].astype(np.float64), recorded["label"][batches].astype(int)
    return network.partial_fit(X, y).loss_curve_[-1]


@pytest.fixture(scope="module")
def maze(oracle):
    """One network by the number of batches that it was trained on, and the losses on the way."""
    recorded = oracle("maze_wdc.npz")
    network, trained, losses = maze_network(recorded, KERAS), {}, {}
    for first, last in itertools.pairwise((0, 1, 10, 40)):
        losses[first, last] = train_on_batches(network, recorded, first, last)
        trained[last] = copy.deepcopy(network)
    return recorded, trained, losses


@pytest.mark.parametrize(("n_batches", "tolerance"), [(1, 1e-7), (10, 1e-6)])
def test_wiring_and_communicability_take_the_recorded_steps(maze, n_batches, tolerance):
    recorded, trained, losses = maze
    after = {name: recorded[f"after{n_batches}/{name}"] for name in ATTRIBUTES}
    assert mean_difference(trained[n_batches], after) < tolerance
    for (first, last), loss in losses.items():
        if last <= n_batches:
            assert_allclose(loss, recorded["loss"][first:last].mean(), rtol=1e-5)


def test_a_recorded_epoch_needs_the_epsilon_of_keras(maze):
    recorded, trained, losses = maze
    after = {name: recorded[f"after40/{name}"] for name in ATTRIBUTES}
    # Rectified units leave and return: by now our own two precisions differ by 3e-5 on average.
    assert mean_difference(trained[40], after) < 3e-4
    epoch = np.average(list(losses.values()), weights=[last - first for first, last in losses])
    assert_allclose(epoch, recorded["loss"].mean(), rtol=1e-3)
    assert_allclose(epoch, 6.836, atol=2e-3)
    usual = maze_network(recorded, Adam(1e-7))
    early = train_on_batches(usual, recorded, 0, 10)
    # That of torch is elsewhere before any unit leaves: where ours differs by 1.4e-7.
    after_10 = {name: recorded[f"after10/{name}"] for name in ATTRIBUTES}
    assert mean_difference(usual, after_10) > 5e-4
    assert abs(early - recorded["loss"][:10].mean()) > 5e-4
    late = train_on_batches(usual, recorded, 10, 40)
    assert mean_difference(usual, after) > 2e-3
    assert_allclose((10 * early + 30 * late) / 40, 6.385, atol=2e-3)


# The same rules by hand


def draw(rng, *shape, scale=1.0):
    return scale * rng.standard_normal(shape)


def random_weights(rng, n_units, n_features, n_outputs, *, two_biases=False):
    weights = {
        "w_in": draw(rng, n_units, n_features, scale=0.5),
        "w_rec": draw(rng, n_units, n_units, scale=1 / np.sqrt(n_units)),
        "b_rec": draw(rng, n_units, scale=0.1),
        "w_out": draw(rng, n_outputs, n_units, scale=0.3),
        "b_out": draw(rng, n_outputs, scale=0.1),
    }
    return {**weights, "b_rec 2": draw(rng, n_units, scale=0.1)} if two_biases else weights


def batches_of(X, y, size):
    x, targets = torch.tensor(X), torch.tensor(y)
    return list(zip(x.split(size), targets.split(size), strict=True))


def flip_flop_loss(weights, x, y):
    states = forward(weights, x, torch.tanh, rectify=True)
    outputs = torch.tanh(states @ weights["w_out"].T + weights["b_out"])
    return (outputs - y).square().mean()


@pytest.mark.parametrize("density", [None, 0.3])
def test_dale_with_kept_momentum_and_two_biases_is_the_published_loop(density):
    """Dense, and as in retraining: 30 steps under a mask that is multiplied on after each."""
    rng = np.random.default_rng(0)
    n_units, signs = 12, np.array([1.0] * 9 + [-1.0] * 3)
    mask = np.ones((n_units, n_units)) if density is None else rng.random((n_units,) * 2) < density
    weights = random_weights(rng, n_units, 2, 2, two_biases=True)
    weights["w_rec"] = np.abs(weights["w_rec"]) * signs * mask
    X, y = draw(rng, 240, 9, 2), np.sign(draw(rng, 240, 9, 2))

    def project(w):
        wrong = np.sign(w.numpy()) * signs < 0
        return torch.where(torch.tensor(wrong), 0.0, w) * torch.tensor(mask, dtype=w.dtype)

    rate = 0.02  # so that many weights reach the wall, and leave it
    expected = train_plainly(weights, batches_of(X, y, 8), flip_flop_loss, after=project, rate=rate)
    network = DaleRNNRegressor(
        n_units=n_units,
        signs=signs,
        mask=mask,
        dale=Dale(momentum="kept"),
        output_activation="tanh",
        recurrent_bias="double",
        learning_rate_init=rate,
        batch_size=8,
        shuffle=False,
        max_iter=1,
        random_state=0,
    )
    start_from(network, X, y, biases_summed(weights)).fit(X, y)
    assert largest_difference(network, biases_summed(expected)) < 1e-11
    assert np.sum((network.W_rec_ == 0) & (mask > 0)) > 3
    usual = network.set_params(dale="projection")
    start_from(usual, X, y, biases_summed(weights)).fit(X, y)
    assert largest_difference(usual, biases_summed(expected)) > 1e-3


def test_two_biases_are_taken_up_to_the_bit():
    rng = np.random.default_rng(1)
    X, y = draw(rng, 20, 5, 2).astype(np.float32), draw(rng, 20, 5, 1).astype(np.float32)
    options = {"n_units": 7, "recurrent_bias": "double", "random_state": 0, "shuffle": False}
    whole = DaleRNNRegressor(max_iter=8, **options).fit(X, y)
    parts = DaleRNNRegressor(max_iter=4, warm_start=True, **options).fit(X, y).fit(X, y)
    for attribute in ATTRIBUTES.values():
        assert np.array_equal(getattr(whole, attribute), getattr(parts, attribute))


def test_two_biases_start_as_the_sum_of_two_draws():
    X, y = np.zeros((2, 1, 1)), np.zeros((2, 1, 1))
    options = {"n_units": 64, "learning_rate_init": 1e-12, "max_iter": 1}
    spread = {}
    for kind in (True, "double"):
        options["recurrent_bias"] = kind
        networks = [DaleRNNRegressor(random_state=seed, **options).fit(X, y) for seed in range(60)]
        spread[kind] = np.var([network.b_rec_ for network in networks]) * 64
    # Variance of one uniform draw in +-1/sqrt(n): 1/3 of 1/n; five standard errors of a variance.
    assert_allclose([spread[True], spread["double"]], [1 / 3, 2 / 3], rtol=5 / np.sqrt(60 * 64))


def gaussian_positions(rng, n_units):
    positions = rng.random((n_units, 3))
    low, high = positions.min(axis=0), positions.max(axis=0)
    return (positions - low) / (high - low)


def communicability_by_hand(w, root_epsilon=0.0):
    size = w.abs()
    scale = (size.sum(dim=0) + root_epsilon) ** -0.5  # out-strengths are sums of columns
    communicability = torch.matrix_exp(scale[:, None] * size * scale)
    return communicability * (1 - torch.eye(len(w), dtype=w.dtype))


def penalties_by_hand(variant, positions, connectome):
    distance = torch.tensor(np.linalg.norm(positions[:, None] - positions, axis=-1))
    target = communicability_by_hand(torch.tensor(connectome), 1e-10).flatten().sort().values

    def penalty(w):
        if variant == "weight":
            return 0.3 * w.abs().sum()
        if variant == "communicability":
            return 0.3 * (w.abs() * communicability_by_hand(w) * distance).sum()
        found = communicability_by_hand(w, 1e-10).flatten().sort().values
        return 0.3 * (w.abs() * distance).sum() + 0.1 * (found - target).abs().mean()

    return penalty


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("variant", ["weight", "communicability", "communicability_emd"])
def test_the_variants_take_80_steps_as_keras_does(variant, n_classes):
    rng = np.random.default_rng(3)
    n_units = 15
    weights = random_weights(rng, n_units, 3, n_classes)
    if variant == "communicability_emd":
        weights["w_rec"] = np.abs(weights["w_rec"])  # as functional initial weights
    X, y = draw(rng, 640, 7, 3), rng.integers(0, n_classes, 640)
    positions, connectome = gaussian_positions(rng, n_units), rng.random((n_units, n_units))
    penalty = penalties_by_hand(variant, positions, connectome)

    def loss(leaves, x, labels):
        states = forward(leaves, x, torch.relu, rectify=False)
        scores = states[:, -1] @ leaves["w_out"].T + leaves["b_out"]
        return functional.cross_entropy(scores, labels) + penalty(leaves["w_rec"])

    expected = train_plainly(
        weights, batches_of(X, y, 8), loss, rate=1e-3, epsilon=1e-7, placement="keras"
    )
    network = SpatialRNNClassifier(
        n_units=n_units,
        coordinates=positions,
        connectome=connectome if variant == "communicability_emd" else None,
        regularizer=variant,
        regu_strength=0.3,
        emd_strength=0.1,
        two_classes="softmax",
        solver=KERAS,
        batch_size=8,
        shuffle=False,
        max_iter=1,
        random_state=0,
    )
    start_from(network, X, y, weights, classes=np.arange(n_classes)).fit(X, y)
    assert mean_difference(network, expected) < 1e-5
    assert_allclose(network.W_out_, expected["w_out"], atol=1e-4)


def test_cell_types_take_three_dale_steps_as_published():
    rng = np.random.default_rng(4)
    table = cortical_populations(scaling=1)
    signs, index = unit_signs(table), unit_index(table)
    n_units, n_channels = len(signs), len(table)
    own = (index == np.arange(n_channels)[:, None]).astype(float)
    weights = random_weights(rng, n_units, n_channels, n_channels)
    weights |= {"b_rec": np.zeros(n_units), "w_out": weights["w_out"] * own}
    weights["w_rec"] = rng.random((n_units, n_units)) / np.sqrt(n_units) * signs
    X, y = draw(rng, 60, 7, n_channels), draw(rng, 60, 7, n_channels)

    def loss(leaves, x, targets):
        states = forward(leaves, x, torch.tanh, rectify=True)
        return (states @ leaves["w_out"].T + leaves["b_out"] - targets).square().mean()

    def project(w):
        return torch.where(w * torch.tensor(signs) < 0, 0.0, w)

    options = {"after": project, "frozen": ("b_rec", "w_out", "b_out"), "rate": 1e-2}
    expected = train_plainly(weights, batches_of(X, y, 20), loss, **options)
    network = CellTypeRNNRegressor(
        populations=table,
        dale=Dale(momentum="kept"),
        input_mask=None,
        recurrent_bias=False,
        learning_rate_init=1e-2,
        batch_size=20,
        shuffle=False,
        max_iter=1,
        random_state=0,
    )
    start_from(network, X, y, weights).fit(X, y)
    assert largest_difference(network, expected) < 1e-6
    assert np.sum(network.W_rec_ == 0) > 10


def test_non_negative_weights_keep_their_momentum_where_asked():
    rng = np.random.default_rng(5)
    weights = random_weights(rng, 8, 2, 2)
    weights["w_rec"] = np.abs(weights["w_rec"])
    X, y = draw(rng, 240, 6, 2), rng.integers(0, 2, 240)

    def loss(leaves, x, labels):
        states = forward(leaves, x, torch.relu, rectify=False)
        return functional.cross_entropy(states[:, -1] @ leaves["w_out"].T + leaves["b_out"], labels)

    expected = train_plainly(
        weights, batches_of(X, y, 8), loss, after=lambda w: w.clamp(min=0), rate=0.02
    )
    differences = []
    for momentum in ("kept", "cut"):
        network = DaleRNNClassifier(
            n_units=8,
            signs=np.ones(8),
            dale=NonNegative(momentum=momentum),
            activation="relu",
            two_classes="softmax",
            learning_rate_init=0.02,
            batch_size=8,
            shuffle=False,
            max_iter=1,
            random_state=0,
        )
        start_from(network, X, y, weights, classes=[0, 1]).fit(X, y)
        differences.append(largest_difference(network, expected))
    assert differences[0] < 1e-11 and differences[1] > 1e-3


def test_first_step_of_keras_in_closed_form():
    """m = .1 g and v = .001 g^2 make a step of rate sqrt(.001) g / (sqrt(.001) |g| + epsilon)."""
    gradients = torch.tensor([1e-8, -1e-6, 1e-3, 2.0], dtype=torch.float64)
    for placement, root in (("torch", 1.0), ("keras", np.sqrt(1e-3))):
        theta = torch.zeros(4, dtype=torch.float64, requires_grad=True)
        optimiser = Adam(1e-7, placement).optimiser([theta], 0.01)
        theta.grad = gradients.clone()
        optimiser.step()
        expected = -0.01 * root * gradients / (root * gradients.abs() + 1e-7)
        assert_allclose(theta.detach(), expected, rtol=1e-9)


# Two classes with a softmax


def two_class_data():
    rng = np.random.default_rng(6)
    X, y = draw(rng, 40, 6, 2), np.where(rng.random(40) < 0.5, "left", "right")
    X[y == "right"] += 0.7
    return X, y


def test_decisions_of_a_softmax_for_two_classes():
    X, y = two_class_data()
    network = DaleRNNClassifier(n_units=9, two_classes="softmax", max_iter=5, random_state=0)
    network.fit(X, y)
    assert network.W_out_.shape == (2, 9)
    states = network.hidden_states(X)[:, -1]
    scores = states @ network.W_out_.T + network.b_out_
    assert_allclose(network.decision_function(X), scores[:, 1] - scores[:, 0], atol=1e-12)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert_allclose(network.predict_proba(X), shares, atol=1e-12)
    assert (network.predict(X) == network.classes_[scores.argmax(axis=1)]).all()
    assert DaleRNNClassifier(n_units=9, max_iter=1).fit(X, y).W_out_.shape == (1, 9)


def test_more_classes_do_not_ask_how_two_are_read():
    X, _ = two_class_data()
    y = np.arange(40) % 3
    options = {"n_units": 9, "max_iter": 2, "random_state": 0}
    one = DaleRNNClassifier(**options).fit(X, y)
    other = DaleRNNClassifier(two_classes="softmax", **options).fit(X, y)
    assert np.array_equal(one.W_out_, other.W_out_)
    assert one.decision_function(X).shape == (40, 3)


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"two_classes": "sigmoid"}, r"two_classes must be one of \['log-odds', 'softmax'\]"),
        ({"recurrent_bias": "two"}, r"recurrent_bias must be True, False or one of \['double'\]"),
        ({"solver": "lbfgs"}, r"solver must be one of \['adam', 'sgd'\] or an object"),
        ({"solver": Adam}, r"solver must be one of \['adam', 'sgd'\] or an object"),
        ({"solver": KERAS, "epsilon": 1e-6}, "epsilon must be left at 1e-8 when solver is an"),
    ],
)
def test_arguments_are_refused_in_one_sentence(arguments, message):
    X, y = two_class_data()
    error = TypeError if arguments.get("solver") is Adam else ValueError
    with pytest.raises(error, match=message):
        DaleRNNClassifier(n_units=5, max_iter=1, **arguments).fit(X, y)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Adam(0.0), ValueError, "epsilon must be"),
        (lambda: Adam("1e-7"), TypeError, "epsilon must be"),
        (lambda: Adam(epsilon_placement="tf"), ValueError, "epsilon_placement must be one of"),
        (lambda: Dale(momentum="lost"), ValueError, r"momentum must be one of \['cut', 'kept'\]"),
        (lambda: Dale("abs", momentum="kept"), ValueError, "momentum must be 'cut' unless method="),
        (lambda: NonNegative(momentum=True), TypeError, "momentum must be one of"),
    ],
)
def test_objects_are_refused_in_one_sentence(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_solver_of_ones_own():
    class Descent:
        def optimiser(self, parameters, learning_rate):
            return torch.optim.SGD(parameters, lr=learning_rate)

    X, y = two_class_data()
    options = {"n_units": 5, "max_iter": 3, "random_state": 0}
    by_name = DaleRNNClassifier(solver="sgd", **options).fit(X, y)
    own = DaleRNNClassifier(solver=Descent(), **options).fit(X, y)
    assert np.array_equal(by_name.W_rec_, own.W_rec_)
