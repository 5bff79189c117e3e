"""Which blocks the data determine: against linear networks, least squares and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.inspection import identifiability, population_interactions
from sk_biornn.inspection._curvature import Bowl
from sk_biornn.preprocessing import TrialScaler

GROUPS = np.array(["E", "E", "E", "I", "I"])
NAMES = ["E <- E", "E <- I", "I <- E", "I <- I"]


def linear_network(rng, n_trials=30):
    """A network of two steps without a kink: y = W_out (W r_1 + W_in x_2 + b), r_1 known."""
    W = rng.uniform(0.1, 0.5, (5, 5)) * np.where(GROUPS == "I", -1, 1)
    W_in, b, W_out = rng.uniform(0.1, 1, (5, 2)), rng.uniform(3, 4, 5), rng.normal(size=(2, 5))
    network = DaleRNNRegressor.from_weights(
        W, W_in, W_out, b, every_step=False, activation="relu", dale=None
    )
    X = rng.uniform(0, 1, (n_trials, 2, 2))
    r = X[:, 0] @ W_in.T + b
    assert (r @ W.T + X[:, 1] @ W_in.T + b > 0).all()  # nothing is rectified
    y = network.predict(X) + 0.1 * rng.standard_normal((n_trials, 2))
    return network, X, y, r


def block_features(network, r):
    """What each block adds to y, (n_blocks, n_trials * n_outputs)."""
    features = []
    for post in "EI":
        for pre in "EI":
            mark = np.outer(GROUPS == post, GROUPS == pre)
            features.append((r @ (mark * network.W_rec_).T @ network.W_out_.T).ravel())
    return np.array(features)


def test_curvatures_of_a_linear_network_are_those_of_least_squares():
    network, X, y, r = linear_network(np.random.default_rng(0))
    table = identifiability(network, X, y, labels=GROUPS, compensation="blocks")
    F = block_features(network, r)
    C = 2 * F @ F.T / F.shape[1]
    loss = np.square(network.predict(X) - y).mean()
    assert table.index.tolist() == NAMES and table["n_weights"].tolist() == [9, 6, 6, 4]
    np.testing.assert_allclose(table["curvature"], np.diag(C), rtol=1e-8)
    left = 1 / np.diag(np.linalg.inv(C))
    np.testing.assert_allclose(table["curvature_left"], left, rtol=1e-5)
    np.testing.assert_allclose(table["increase"], np.diag(C) / 200 / loss, rtol=1e-8)
    covariance = loss * np.linalg.inv(F @ F.T)  # of the coefficients of least squares
    np.testing.assert_allclose(table["error"], np.sqrt(np.diag(covariance)), rtol=1e-5)


def test_the_increase_is_what_a_block_that_is_10_per_cent_stronger_or_weaker_costs():
    network, X, y, _ = linear_network(np.random.default_rng(1))
    table = identifiability(network, X, y, labels=GROUPS)
    W, loss = network.W_rec_.copy(), network.loss_gradient(X, y).loss
    for name, (post, pre) in zip(NAMES, ["EE", "EI", "IE", "II"], strict=True):
        costs = []
        for factor in (0.9, 1.1):
            network.W_rec_ = np.where(np.outer(GROUPS == post, GROUPS == pre), factor, 1) * W
            costs.append(np.square(network.predict(X) - y).mean())
        assert table.loc[name, "increase"] == pytest.approx(np.mean(costs) / loss - 1, rel=1e-6)


def test_single_weights_have_the_mean_of_the_diagonal_of_the_hessian():
    """Which, of a linear network, is 2 |W_out's column|^2 r_j^2, averaged over targets."""
    network, X, y, r = linear_network(np.random.default_rng(2))
    diagonal = 2 * np.outer(np.square(network.W_out_).mean(axis=0), np.square(r).mean(axis=0))
    loss = np.square(network.predict(X) - y).mean()
    table = identifiability(network, X, y, labels=GROUPS, n_probes=60)
    for name, (post, pre) in zip(NAMES, ["EE", "EI", "IE", "II"], strict=True):
        mark = np.outer(GROUPS == post, GROUPS == pre)
        rms2 = np.square(network.W_rec_[mark]).mean()
        expected = rms2 * diagonal[mark].sum() / 200 / loss
        assert table.loc[name, "increase_single"] == pytest.approx(expected, rel=0.25)


@pytest.fixture(scope="module")
def tanh_network():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 6, 2))
    y = np.cumsum(X, axis=1)[..., :1] / 3
    mask = rng.random((5, 5)) < 0.8
    mask[:3, 3:] = False
    network = DaleRNNRegressor(
        n_units=5,
        dale=None,
        mask=mask,
        rectify=False,
        dt=10.0,
        tau=20.0,
        readout_from="rate",
        regularizer="weight",
        noise_level=0.1,
        recurrent_noise=0.1,
        max_iter=30,
        learning_rate_init=0.02,
        random_state=0,
    ).fit(X, y)
    return network, X, y


def brute_force_hessian(network, X, y, h=1e-4):
    """Second differences of the loss itself, weight by weight."""
    places = np.argwhere(network.mask_)
    W = network.W_rec_.copy()

    def loss(*moves):
        network.W_rec_ = W.copy()
        for (i, j), by in moves:
            network.W_rec_[i, j] += by
        value = np.square(network.predict(X) - y).mean()
        network.W_rec_ = W
        return value

    H = np.zeros((len(places),) * 2)
    for a, first in enumerate(places):
        for b, second in enumerate(places[: a + 1]):
            corners = [
                s * t * loss((first, s * h), (second, t * h)) for s in (1, -1) for t in (1, -1)
            ]
            H[a, b] = H[b, a] = sum(corners) / (4 * h * h)
    return H, places


def block_marks():
    return [np.outer(GROUPS == post, GROUPS == pre) for post in "EI" for pre in "EI"]


def slopes_of_predictions(network, X, mark, h=1e-5):
    """By what predictions change with the strength of a block."""
    W, ends = network.W_rec_, []
    for factor in (1 + h, 1 - h):
        network.W_rec_ = np.where(mark, factor, 1) * W
        ends.append(network.predict(X).ravel())
    network.W_rec_ = W
    return (ends[0] - ends[1]) / (2 * h)


def test_targets_that_are_missing_count_in_no_part(data):
    X, y = data
    some = np.where(np.random.default_rng(0).random(y.shape) < 0.3, np.nan, y)
    network = small(random_state=0).fit(X, some)
    options = {"labels": GROUPS, "compensation": "blocks"}
    table = identifiability(network, X, some, **options)
    rows = np.repeat(X, 1, axis=0)
    weights = np.isfinite(some)[..., 0].astype(float)
    J = np.array([slopes_of_predictions(network, rows, mark) for mark in block_marks()])
    J = J[:, weights.ravel() > 0]
    left = 1 / np.diag(np.linalg.inv(2 * J @ J.T / J.shape[1]))
    np.testing.assert_allclose(table["curvature_left"], left, rtol=1e-2)
    ragged = list(X), list(some)  # the same trials, in lists
    again = identifiability(network, *ragged, **options)
    np.testing.assert_allclose(table["curvature_left"], again["curvature_left"], rtol=1e-6)


def test_curvatures_are_those_of_a_brute_force_hessian(tanh_network):
    network, X, y = tanh_network
    H, places = brute_force_hessian(network, X, y)
    table = identifiability(network, X, y, labels=GROUPS, n_probes=60, compensation="blocks")
    w = network.W_rec_[tuple(places.T)]
    marks = np.array(
        [
            (GROUPS[places[:, 0]] == post) & (GROUPS[places[:, 1]] == pre)
            for post, pre in ("EE", "EI", "IE", "II")
        ]
    )
    C = (marks * w) @ H @ (marks * w).T
    there = marks.any(axis=1)
    np.testing.assert_allclose(table["curvature"][there], np.diag(C)[there], rtol=1e-3)
    J = np.array([slopes_of_predictions(network, X, mark) for mark in block_marks()])[there]
    left = 1 / np.diag(np.linalg.inv(2 * J @ J.T / J.shape[1]))
    np.testing.assert_allclose(table["curvature_left"][there], left, rtol=1e-3)
    assert table.loc["E <- I", "advice"] == "no weights" and not there[1]
    assert table.loc["E <- I"].drop(["n_weights", "mean", "advice"]).isna().all()
    traces = [np.diag(H)[mark].sum() * np.square(w[mark]).mean() for mark in marks[there]]
    loss = network.loss_gradient(X, y).loss
    np.testing.assert_allclose(
        table["increase_single"][there], np.array(traces) / 200 / loss, rtol=0.2, atol=1e-3
    )


def test_the_network_is_left_as_it_was(tanh_network):
    network, X, y = tanh_network
    before = {name: np.copy(value) for name, value in vars(network).items() if name.endswith("_")}
    first = identifiability(network, X, y, labels=GROUPS)
    pd.testing.assert_frame_equal(first, identifiability(network, X, y, labels=GROUPS))
    for name, value in before.items():
        np.testing.assert_array_equal(value, getattr(network, name))


def test_own_blocks(tanh_network):
    network, X, y = tanh_network
    table = identifiability(network, X, y, labels=GROUPS)
    inside = np.outer(GROUPS == "E", GROUPS == "E")
    own = identifiability(network, X, y, blocks={"inside": inside, "rest": ~inside})
    assert own.loc["inside", "curvature"] == pytest.approx(table.loc["E <- E", "curvature"])
    assert own["n_weights"].sum() == network.mask_.sum()
    pair = identifiability(network, X, y, blocks={"a": ("I", "E")}, labels=GROUPS)
    assert pair.loc["a", "curvature"] == pytest.approx(table.loc["I <- E", "curvature"])
    options = {"blocks": {"a": ("I", "E")}, "labels": GROUPS, "compensation": "blocks"}
    alone = identifiability(network, X, **options).loc["a"]
    assert alone["curvature_left"] == pytest.approx(alone["curvature"])


def test_without_targets_the_curvature_is_that_of_a_network_that_fits(tanh_network):
    network, X, _ = tanh_network
    table = identifiability(network, X, labels=GROUPS)
    perfect = identifiability(network, X, network.predict(X), labels=GROUPS)
    np.testing.assert_allclose(table["curvature"], perfect["curvature"])
    np.testing.assert_allclose(
        table["increase"], table["curvature"] / 200 / network.loss_curve_[-1]
    )


@pytest.mark.parametrize("compensation", ["blocks", "weights"])
def test_no_more_is_left_than_there_is_where_targets_are_met(data, compensation):
    X, y = data
    network = small(random_state=0).fit(X, y)
    table = identifiability(network, X, labels=GROUPS, compensation=compensation)
    assert (table["curvature_left"] <= table["curvature"] * (1 + 1e-6)).all()
    assert (table["curvature_left"] < 0.9 * table["curvature"]).any()


def test_residuals_lower_the_whole_and_not_what_is_left(tanh_network):
    """Targets far on the side to which predictions curve: a Hessian that is not positive."""
    network, X, _ = tanh_network
    options = {"labels": GROUPS, "compensation": "blocks"}
    met = identifiability(network, X, network.predict(X), **options)
    y = network.predict(X) + 3 * second_slopes_of_predictions(network, X)
    missed = identifiability(network, X, y, **options)
    assert missed.loc["E <- E", "curvature"] < 0 < missed.loc["E <- E", "curvature_left"]
    np.testing.assert_allclose(missed["curvature_left"], met["curvature_left"], rtol=1e-6)


def second_slopes_of_predictions(network, X, h=1e-3):
    """How predictions curve with the strength of E <- E, scaled to a mean square of 1."""
    W, ends = network.W_rec_, []
    for factor in (1 + h, 1, 1 - h):
        network.W_rec_ = np.where(block_marks()[0], factor, 1) * W
        ends.append(network.predict(X))
    network.W_rec_ = W
    curved = ends[0] - 2 * ends[1] + ends[2]
    return curved / np.sqrt(np.square(curved).mean())


def test_a_step_of_a_tenth_tells_the_rise_of_the_loss_of_rectified_units():
    rng = np.random.default_rng(0)
    phases = np.arange(21)[:, None] / 3 - np.arange(3) + rng.uniform(0, 6, (60, 1, 1))
    x = 0.3 * np.sin(phases) + 0.02 * rng.standard_normal((60, 21, 3))
    X, y, labels = x[:, :-1], -x[:, 1:], np.repeat(["E", "I"], [16, 8])
    signs = np.where(labels == "I", -1, 1)
    network = DaleRNNRegressor(n_units=24, signs=signs, max_iter=20, random_state=0)
    network.set_params(learning_rate_init=5e-3).fit(X, y)
    table = identifiability(network, X, y, labels=labels, compensation="blocks", step=0.1)
    W, rises = network.W_rec_, []
    for post, pre in ("EE", "EI", "IE", "II"):
        mark, losses = np.outer(labels == post, labels == pre), []
        for factor in (1.1, 1, 0.9):
            network.W_rec_ = np.where(mark, factor, 1) * W
            losses.append(network.loss_gradient(X, y).loss)
        rises.append((losses[0] + losses[2]) / 2 / losses[1] - 1)
    network.W_rec_ = W
    np.testing.assert_allclose(table["increase"], rises, rtol=0.2)


def test_flat_directions_take_the_curvature_of_those_that_share_in_them():
    C = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    np.testing.assert_allclose(Bowl(C, np.eye(3)).left_over(), [0, 0, 2], atol=1e-12)
    together, against = np.array([[1.0, 1.0, 0.0]]), np.array([[1.0, -1.0, 0.0]])
    np.testing.assert_allclose(Bowl(C, np.vstack([together, against])).left_over(), [0, 1])
    rng = np.random.default_rng(0)
    A, Q = rng.standard_normal((4, 4)), rng.standard_normal((2, 4))
    expected = 1 / np.diag(Q @ np.linalg.inv(A @ A.T) @ Q.T)
    np.testing.assert_allclose(Bowl(A @ A.T, Q).left_over(), expected)
    np.testing.assert_allclose(Bowl(np.zeros((2, 2)), np.eye(2)).left_over(), 0)


def test_errors_are_those_of_nonlinear_least_squares_in_all_that_is_learned():
    """The covariance of least squares, with slopes of predictions taken one by one."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 8, 2))
    y = np.cumsum(X, axis=1)[..., [0, 1, 1]] / 4 + 0.1 * rng.standard_normal((30, 8, 3))
    network = DaleRNNRegressor(
        n_units=3,
        dale=None,
        rectify=False,
        frozen=("W_out", "b_out"),
        max_iter=60,
        dt=5.0,
        tau=20.0,
        learn_tau=True,
        learning_rate_init=0.03,
        random_state=0,
    ).fit(X.astype(float), y)
    labels = ["a", "a", "b"]
    table = identifiability(network, X, y, labels=labels)
    assert table.attrs["compensation"] == "weights"
    slopes, measured = [], []
    for name in ("W_rec_", "W_in_", "b_rec_", "leak_"):
        held = getattr(network, name)
        for place in np.ndindex(held.shape):
            ends = []
            for sign in (1, -1):
                moved = held.copy()
                moved[place] += sign * 1e-5
                setattr(network, name, moved)
                ends.append(network.predict(X).ravel())
            setattr(network, name, held)
            slopes.append((ends[0] - ends[1]) / 2e-5)
            measured.append((name, place))
    J, W = np.array(slopes), network.W_rec_
    covariance = np.square(network.predict(X) - y).mean() * np.linalg.inv(J @ J.T)
    blocks = [
        np.outer([x == p for x in labels], [x == q for x in labels]) for p in "ab" for q in "ab"
    ]
    for name, block in zip(table.index, blocks, strict=True):
        total = abs(W[block]).sum()
        q = [np.sign(W[p]) / total if n == "W_rec_" and block[p] else 0.0 for n, p in measured]
        assert table.loc[name, "error"] == pytest.approx(np.sqrt(q @ covariance @ q), rel=1e-3)


def test_the_shift_is_the_way_to_least_squares():
    """Of a linear network the coefficients of least squares, of which all are 1 as it stands."""
    network, X, y, r = linear_network(np.random.default_rng(3))
    table = identifiability(network, X, y, labels=GROUPS, compensation="blocks")
    F = block_features(network, r)
    residual = (y - network.predict(X)).ravel()
    expected, *_ = np.linalg.lstsq(F.T, residual)
    np.testing.assert_allclose(table["shift"], expected, rtol=1e-5)


def test_what_all_weights_make_up_for_is_more_than_what_blocks_do(tanh_network):
    network, X, y = tanh_network
    errors = [
        identifiability(network, X, y, labels=GROUPS, compensation=word)["error"].dropna()
        for word in ("blocks", "weights")
    ]
    assert (errors[1] > errors[0]).all()


def test_more_data_determine_more():
    rng = np.random.default_rng(0)
    network, X, y, _ = linear_network(rng, 400)
    options = {"labels": GROUPS, "compensation": "blocks"}
    few = identifiability(network, X[:4], y[:4], **options)["error"]
    many = identifiability(network, X, y, **options)["error"]
    assert (many < few / 4).all()


# ------------------------------------------------------------------ seeds


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 8, 2))
    return X, np.cumsum(X, axis=1)[..., :1] / 3


def small(**arguments):
    arguments = {"n_units": 5, "signs": np.where(GROUPS == "I", -1, 1), **arguments}
    return DaleRNNRegressor(max_iter=10, learning_rate_init=0.02, **arguments)


def test_seeds_that_fit_equally_well_are_averaged_and_their_spread_told(data):
    ensemble = SeedEnsemble(small(), n_seeds=4, random_state=0).fit(*data)
    table = identifiability(ensemble, *data, labels=GROUPS, equally_good=0.3)
    losses = np.array([network.loss_gradient(*data).loss for network in ensemble.estimators_])
    good = [
        n
        for n, loss in zip(ensemble.estimators_, losses, strict=True)
        if loss <= 1.3 * losses.min()
    ]
    assert (table["n_seeds"] == len(good)).all() and 2 <= len(good) < 4
    means = population_interactions(good, labels=GROUPS).pivot(
        index="run", columns=["post", "pre"], values="mean"
    )
    np.testing.assert_allclose(table["mean"], means.mean())
    np.testing.assert_allclose(table["spread"], means.std() / means.mean())
    one_by_one = [identifiability(network, *data, labels=GROUPS) for network in good]
    np.testing.assert_allclose(
        table["increase"], np.mean([own["increase"] for own in one_by_one], axis=0)
    )


def test_advice_is_that_of_the_larger_of_error_and_spread(data):
    ensemble = SeedEnsemble(small(), n_seeds=3, random_state=0).fit(*data)
    table = identifiability(ensemble, *data, labels=GROUPS, equally_good=10.0)
    worst = np.fmax(np.fmax(table["error"], table["shift"]), table["spread"])
    words = np.where(
        worst <= 0.1,
        "determined",
        np.where(worst <= 0.5, "weakly determined", "not determined by these data"),
    )
    assert table["advice"].tolist() == words.tolist()


# ------------------------------------------------------------------ gradients of the loss


def cases(data):
    X, y = data
    labels = (y[:, -1, 0] > 0).astype(int)
    mask = np.random.default_rng(0).random((5, 5)) < 0.7
    yield small(), X, y
    yield small(regularizer="weight", noise_level=0.5, recurrent_noise=0.3), X, y
    yield small(mask=mask, sparse=True), X, y
    yield small(dt=5.0, tau=[10.0, 20.0, 5.0, 40.0, 10.0], readout_from="rate"), X, y
    yield (
        small(output_activation="tanh"),
        [x[: 3 + k % 4] for k, x in enumerate(X)],
        [t[: 3 + k % 4] for k, t in enumerate(y)],
    )
    yield small(), X, y[:, -1]
    yield DaleRNNClassifier(n_units=5, max_iter=10), X, labels
    yield small(), X.astype(np.float32), np.where(y > 1, np.nan, y)
    yield small(dt=5.0, tau=20.0, learn_tau=True, learn_slope=True, initial_state="learned"), X, y
    yield small(initial_state="per trial"), X, y
    own_past = {"predict_increments": True, "readout_skip": "diagonal", "burn_in": 2}
    yield small(**own_past), X[:, :-1], X[:, 1:]
    yield small(observation="poisson"), X, np.random.default_rng(0).poisson(1.0, y.shape)
    events = np.random.default_rng(0).gamma(2.0, 1.0, y.shape)
    yield small(observation="gamma", dt=20.0, tau=40.0, calcium_tau="learned"), X, events


@pytest.mark.parametrize("case", range(13))
def test_gradients_are_those_of_finite_differences(data, case):
    network, X, y = list(cases(data))[case]
    network.set_params(random_state=0).fit(X, y)
    found = network.loss_gradient(X, y)
    rng = np.random.default_rng(1)
    for name, gradient in found.gradients.items():
        held = getattr(network, name)
        direction = held.astype(np.float64).copy()
        numbers = direction.data if hasattr(direction, "indptr") else direction
        numbers[...] = rng.standard_normal(numbers.shape)
        losses = []
        for sign in (1, -1):
            setattr(network, name, held + sign * 1e-5 * direction)
            losses.append(network.loss_gradient(X, y).loss)
        setattr(network, name, held)
        expected = (losses[0] - losses[1]) / 2e-5
        assert (gradient * direction).sum() == pytest.approx(expected, rel=1e-4, abs=1e-8), name


def test_the_loss_is_that_of_the_predictions(data):
    X, y = data
    network = small(regularizer="weight", noise_level=0.5).fit(X, y)
    error = np.square(network.predict(X) - y)
    assert network.loss_gradient(X, y).loss == pytest.approx(error.mean())
    assert network.loss_gradient(X, y).n_entries == y.size
    weight = np.arange(len(X)) % 3
    expected = np.average(error.mean(axis=(1, 2)), weights=weight)
    assert network.loss_gradient(X, y, weight).loss == pytest.approx(expected)
    each = small(initial_state="per trial").fit(X, y)
    expected = np.square(each.predict(X[3:7]) - y[3:7]).mean()
    assert each.loss_gradient(X[3:7], y[3:7]).loss == pytest.approx(expected)


def test_a_sparse_network_is_told_what_its_matrix_is(data):
    X, y = data
    mask = np.random.default_rng(0).random((5, 5)) < 0.7
    stored = small(mask=mask, sparse=True, random_state=0).fit(X, y)
    arrays = [getattr(stored, name) for name in ("W_in_", "W_out_", "b_rec_", "b_out_")]
    dense = DaleRNNRegressor.from_weights(
        stored.W_rec_.toarray(), *arrays, signs=stored.signs_, mask=mask
    )
    own, other = (identifiability(n, X, y, labels=GROUPS) for n in (stored, dense))
    columns = ["curvature", "curvature_left", "increase_single"]
    np.testing.assert_allclose(own[columns], other[columns], rtol=1e-5, atol=1e-9)


def test_in_a_pipeline_the_network_sees_what_comes_before(data):
    X, y = data
    pipe = make_pipeline(TrialScaler(), small(random_state=0)).fit(7 * X + 3, y)
    inner = identifiability(pipe[-1], pipe[:-1].transform(7 * X + 3), y, labels=GROUPS)
    pd.testing.assert_frame_equal(identifiability(pipe, 7 * X + 3, y, labels=GROUPS), inner)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"blocks": 3}, TypeError, "blocks must be None or a mapping"),
        ({"blocks": {}}, ValueError, "blocks must have at least one"),
        ({"blocks": {"a": ("E", "X")}}, ValueError, r"blocks must name two of \['E', 'I'\]"),
        ({"blocks": {"a": np.ones((5, 5))}}, ValueError, "bool of shape"),
        ({"compensation": "units"}, ValueError, "compensation must be"),
        ({"n_probes": 0}, ValueError, "n_probes must be"),
        ({"step": 0.5}, ValueError, "step must be"),
        ({"equally_good": "very"}, TypeError, "equally_good must be"),
        ({"labels": None}, ValueError, "labels must be given"),
    ],
)
def test_what_cannot_be_told_is_refused(data, arguments, error, words):
    network = small(random_state=0).fit(*data)
    with pytest.raises(error, match=words):
        identifiability(network, *data, **{"labels": GROUPS, **arguments})


def test_bare_matrices_and_classifiers_without_labels_are_refused(data):
    X, y = data
    with pytest.raises(TypeError, match="fitted networks of this package"):
        identifiability(np.eye(5), X, y, labels=GROUPS)
    clf = DaleRNNClassifier(n_units=5, max_iter=1).fit(X, np.arange(20) % 2)
    with pytest.raises(ValueError, match="y must be given for a classifier"):
        identifiability(clf, X, labels=GROUPS)
    counts = small(observation="poisson").fit(X, np.ones_like(y))
    with pytest.raises(ValueError, match="another observation than 'gaussian'"):
        identifiability(counts, X, labels=GROUPS)


def test_errors_of_counts_are_those_of_maximum_likelihood():
    """Of a network whose output is the logarithm of a Poisson mean, and linear in its blocks."""
    network, X, _, r = linear_network(np.random.default_rng(0), n_trials=200)
    counts = DaleRNNRegressor.from_weights(
        network.W_rec_,
        network.W_in_,
        network.W_out_ / 10,
        network.b_rec_,
        every_step=False,
        activation="relu",
        dale=None,
        observation="poisson",
    )
    means = counts.predict(X)
    y = np.random.default_rng(1).poisson(means)
    table = identifiability(counts, X, y, labels=GROUPS, compensation="blocks")
    F = block_features(counts, r)
    information = (F * slope_squared_over_mean(counts, X, means)) @ F.T
    np.testing.assert_allclose(
        table["error"], np.sqrt(np.diag(np.linalg.inv(information))), rtol=0.15
    )


def slope_squared_over_mean(network, X, means, h=1e-6):
    """Fisher information of each count about the read-out before the link."""
    b_out, ends = network.b_out_, []
    for sign in (1, -1):
        network.b_out_ = b_out + sign * h
        ends.append(network.predict(X))
    network.b_out_ = b_out
    return (np.square((ends[0] - ends[1]) / (2 * h)) / means).ravel()
