"""Outputs that are the next inputs: training in a closed loop, and forecasts."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_forecasts import Descent, plain_loss, plain_outputs, shares_of, tensors_of
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor, datasets
from sk_biornn.core.given import on_device
from sk_biornn.ensemble import SeedEnsemble, fit_many
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.preprocessing import TrialFlattener, TrialScaler, TrialTargetRegressor

N_TRIALS, N_STEPS, N_FEATURES = 4, 7, 3


def recording(n_trials=N_TRIALS, n_steps=N_STEPS, n_features=N_FEATURES, seed=0, noise=0.5):
    """Trials of channels that change slowly, and the same one step later."""
    rng = np.random.default_rng(seed)
    series = np.zeros((n_trials, n_steps + 1, n_features))
    series[:, 0] = rng.standard_normal((n_trials, n_features))
    for t in range(n_steps):
        series[:, t + 1] = 0.8 * series[:, t] + noise * rng.standard_normal((n_trials, n_features))
    return series[:, :-1], series[:, 1:]


X, Y = recording()
SMALL = {"n_units": 5, "dale": None, "max_iter": 4, "learning_rate_init": 0.05, "random_state": 0}


def network(**chosen):
    return DaleRNNRegressor(**{**SMALL, **chosen})


def quietly(function, *arguments, **options):
    """Call without the advice that a plain network of a recording is given."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "y is X one step later")
        return function(*arguments, **options)


# -------------------------------------------------------------- the loss and its gradient


def step_of(est, x, y):
    """Return the loss of a fitted network, and the gradient that its next step goes along."""
    before = tensors_of(est)
    rate = 1e-4
    after = copy.deepcopy(est).set_params(solver=Descent(), learning_rate_init=rate)
    after.set_params(max_grad_norm=None).partial_fit(x, y)
    gradients = {}
    for name, tensor in before.items():
        old, new = tensor.detach().numpy(), getattr(after, name)
        # Time constants go in steps of their logarithm.
        moved = np.log(old) - np.log(new) if name == "leak_" else old - new
        gradients[name] = moved / rate
    return after.loss_curve_[-1], gradients


def expected_step(est, trials, targets, own, noise=None):
    """Return the same of a plain loop, by autograd."""
    w = tensors_of(est)
    longest = max(map(len, trials))
    share = est.teacher_forcing
    share = share.share(est.n_iter_) if hasattr(share, "share") else share
    shares = shares_of(longest, est.horizon, est.burn_in, share)
    loss = plain_loss(plain_outputs(est, w, trials, shares, own, noise), targets, est.burn_in)
    gradients = torch.autograd.grad(loss, list(w.values()), allow_unused=True)
    found = {
        name: np.zeros(tensor.shape) if gradient is None else gradient.numpy()
        for (name, tensor), gradient in zip(w.items(), gradients, strict=True)
    }
    if "leak_" in found:
        found["leak_"] = found["leak_"] * w["leak_"].detach().numpy()
    return loss.item(), found


def assert_step(est, x, y, trials, targets, own, noise=None):
    loss, gradients = step_of(est, x, y)
    wanted, of_loop = expected_step(est, trials, targets, own, noise)
    assert loss == pytest.approx(wanted, rel=1e-10)
    for name, gradient in of_loop.items():
        scale = max(1.0, np.abs(gradient).max())
        np.testing.assert_allclose(
            gradients[name] / scale, gradient / scale, atol=1e-7, err_msg=name
        )
    return loss, gradients


@st.composite
def closed_loops(draw):
    """Settings of a network, of its trials and of its targets."""
    activation = draw(st.sampled_from(["tanh", "softplus"]))
    leaky = draw(st.sampled_from(["none", "one", "each", "learned"]))
    chosen = {
        "horizon": draw(st.integers(1, N_STEPS + 1)),
        "teacher_forcing": draw(st.sampled_from([1.0, 0.4, 0.0])),
        "burn_in": draw(st.integers(0, 2)),
        "predict_increments": draw(st.booleans()),
        "readout_skip": draw(st.sampled_from([None, "present", "diagonal"])),
        "readout_from": draw(st.sampled_from(["state", "rate"])),
        "rectify": draw(st.booleans()),
        "activation": activation,
        "initial_state": draw(st.sampled_from(["zero", "learned", "per trial"])),
        "learn_slope": draw(st.booleans()),
        "feedback": draw(st.sampled_from([None, [2, 0]])),
    }
    if leaky != "none":
        tau = [2.0, 3.0, 5.0, 8.0, 2.5] if leaky == "each" else 4.0
        chosen |= {"dt": 1.0, "tau": tau, "learn_tau": leaky == "learned"}
    return chosen, draw(st.booleans()), draw(st.booleans())


@given(closed_loops())
@settings(max_examples=30)
def test_loss_and_gradient_are_those_of_a_plain_loop(case):
    chosen, ragged, with_gaps = case
    own = [0, 1, 2] if chosen["feedback"] is None else chosen["feedback"]
    trials, targets = list(X), [y[:, own].copy() for y in Y]
    if ragged:
        lengths = [4, 7, 3, 7]
        trials = [x[:n] for x, n in zip(trials, lengths, strict=True)]
        targets = [y[:n] for y, n in zip(targets, lengths, strict=True)]
    if with_gaps:
        targets[1][4:6, 0] = np.nan
    x, y = (trials, targets) if ragged else (np.stack(trials), np.stack(targets))
    est = quietly(network(**chosen).fit, x, y)
    if est.initial_state != "zero":
        est.initial_state_ = est.initial_state_ + 0.5  # off the wall at 0
    loss, gradients = assert_step(est, x, y, trials, targets, own)

    def loss_at(moved):
        """Return the loss of the network some way along a direction."""
        there = copy.deepcopy(est)
        for name, way in directions.items():
            old = getattr(est, name)
            new = old * np.exp(moved * way) if name == "leak_" else old + moved * way
            setattr(there, name, new)
        return step_of(there, x, y)[0]

    rng = np.random.default_rng(1)
    directions = {name: rng.standard_normal(array.shape) for name, array in gradients.items()}
    slope = sum((gradients[name] * way).sum() for name, way in directions.items())
    differences = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5
    assert differences == pytest.approx(slope, rel=1e-4, abs=1e-6 * max(1.0, loss))


def test_noise_comes_before_what_is_fed_back_and_is_that_of_its_seed():
    chosen = {"horizon": 3, "teacher_forcing": 0.5, "predict_increments": True}
    est = network(noise_level=0.2, recurrent_noise=0.3, dt=1.0, tau=3.0, **chosen).fit(X, Y)
    source = est._state.with_own_generator().generator
    noise = boundary.make_generator(source, torch.device("cpu"))
    of_inputs = torch.randn(X.shape, generator=noise, dtype=torch.float64)
    shape = (N_TRIALS, est.n_units)
    of_units = [torch.randn(shape, generator=noise, dtype=torch.float64) for _ in range(N_STEPS)]
    trials = [x + 0.2 * xi.numpy() for x, xi in zip(X, of_inputs, strict=True)]
    assert_step(est, X, Y, trials, list(Y), [0, 1, 2], torch.stack(of_units))


def test_a_network_that_is_stored_as_its_synapses_has_the_same_loss():
    mask = np.random.default_rng(3).random((5, 5)) < 0.5
    chosen = {"horizon": 3, "readout_skip": "diagonal", "mask": mask, "max_iter": 3}
    one = quietly(network(**chosen).fit, X, Y)
    other = quietly(network(**chosen, sparse=True).fit, X, Y)
    # Their initial weights are drawn otherwise: the same ones are given to both.
    for name in ("W_in_", "b_rec_", "W_out_", "b_out_", "w_skip_"):
        setattr(other, name, getattr(one, name))
    other.W_rec_ = other.W_rec_.copy()
    rows = np.repeat(np.arange(5), np.diff(other.W_rec_.indptr))
    other.W_rec_.data[:] = one.W_rec_[rows, other.W_rec_.indices]
    np.testing.assert_allclose(other.forecast(X, 5), one.forecast(X, 5), atol=1e-12)
    one.restart_optimiser().partial_fit(X, Y)
    other.restart_optimiser().partial_fit(X, Y)
    assert other.loss_curve_[-1] == pytest.approx(one.loss_curve_[-1], rel=1e-12)
    np.testing.assert_allclose(other.W_rec_.toarray(), one.W_rec_, atol=1e-10)


@pytest.mark.parametrize(
    "chosen", [{}, {"recurrent_noise": 0.1}, {"early_stopping": True}, {"rate_penalty": 0.5}]
)
def test_all_measured_is_an_ordinary_fit(chosen):
    plain = quietly(network(**chosen).fit, X, Y)
    given_all = network(horizon=1, teacher_forcing=1.0, feedback=[0, 1, 2], **chosen)
    quietly(given_all.fit, X, Y)
    np.testing.assert_array_equal(plain.W_rec_, given_all.W_rec_)
    assert plain.loss_curve_ == given_all.loss_curve_
    # Also where it goes through the loop, but for the rounding.
    always = network(teacher_forcing=Constant(1.0), **chosen)
    quietly(always.fit, X, Y)
    np.testing.assert_allclose(always.W_rec_, plain.W_rec_, atol=1e-9)
    if "recurrent_noise" in chosen:
        return  # trials of unequal length draw it otherwise
    ragged = [[trial[: 4 + b] for b, trial in enumerate(array)] for array in (X, Y)]
    plain = quietly(network(**chosen).fit, *ragged)
    always = quietly(network(teacher_forcing=Constant(1.0), **chosen).fit, *ragged)
    np.testing.assert_allclose(always.W_rec_, plain.W_rec_, atol=1e-9)
    np.testing.assert_allclose(always.loss_curve_, plain.loss_curve_, rtol=1e-9)


class Constant:
    def __init__(self, value):
        self.value = value

    def share(self, epoch):
        return self.value


class Falling:
    def __init__(self, factor=0.7):
        self.factor = factor
        self.asked = []

    def share(self, epoch):
        self.asked.append(epoch)
        return self.factor**epoch


def test_a_schedule_is_asked_for_every_epoch_and_a_fit_that_goes_on_continues_it():
    schedule = Falling()
    whole = quietly(network(teacher_forcing=schedule, max_iter=5).fit, X, Y)
    assert sorted(set(schedule.asked)) == [0, 1, 2, 3, 4]
    parts = network(teacher_forcing=Falling(), max_iter=2, warm_start=True)
    quietly(parts.fit, X, Y)
    parts.set_params(max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(parts.W_rec_, whole.W_rec_)
    assert parts.loss_curve_ == whole.loss_curve_
    assert_step(whole, X, Y, list(X), list(Y), [0, 1, 2])


def test_early_stopping_compares_epochs_at_the_share_of_the_last_one():
    """Of a network that does not move, every epoch has the same score, whatever its own share."""
    x, y = recording(12, seed=1)
    still = {"early_stopping": True, "learning_rate_init": 1e-300, "horizon": 2}
    schedule = Falling()
    est = quietly(network(teacher_forcing=schedule, warm_start=True, **still).fit, x, y)
    as_last = quietly(network(teacher_forcing=0.7**3, **still).fit, x, y)
    assert len(est.validation_scores_) == 4 == est.max_iter
    assert est.validation_scores_ == as_last.validation_scores_
    assert est.validation_loss_curve_ == as_last.validation_loss_curve_
    assert len(set(est.loss_curve_)) == 4  # training follows the schedule
    assert sorted(set(schedule.asked)) == [0, 1, 2, 3]
    # A fit that goes on ends later, and is judged by the share of then.
    est.set_params(max_iter=2).fit(x, y)
    later = quietly(network(teacher_forcing=0.7**5, **still).fit, x, y)
    assert est.validation_scores_[4:] == later.validation_scores_[:2]


def test_the_loss_gradient_is_that_of_measured_inputs():
    est = network(predict_increments=True, horizon=3, teacher_forcing=0.5).fit(X, Y)
    error = np.square(est.predict(X) - Y).mean()
    assert est.loss_gradient(X, Y).loss == pytest.approx(error)


def test_a_schedule_is_never_recorded():
    """A recorded step would keep the share of its first epoch."""
    recordable = []
    for share in (0.5, Falling()):
        est = network(teacher_forcing=share, horizon=2)
        seen = []

        class Probe(DaleRNNRegressor):
            def _training(self, *arguments, seen=seen):
                training = super()._training(*arguments)
                run = training.run

                def watched(*given_arguments):
                    epochs = run(*given_arguments)
                    epoch = next(epochs)
                    seen.append(epoch.recipe.is_recordable)
                    epochs.close()
                    raise KeyError("seen")

                object.__setattr__(training, "run", watched)
                return training

        with pytest.raises(KeyError, match="seen"):
            quietly(Probe(**est.get_params()).fit, X, Y)
        recordable.append(seen[0])
    assert recordable == [True, False]


# -------------------------------------------------------------- forecasts


def assert_is_step_by_step(est, trials, n_steps, own, future=None):
    """Compare with a network that is run anew on what it has predicted so far."""
    found = est.forecast(trials, n_steps, future=future)
    grown = [np.array(trial, dtype=float) for trial in trials]
    for step in range(n_steps):
        last = [np.asarray(prediction)[-1] for prediction in est.predict(grown)]
        np.testing.assert_allclose(found[:, step], last, atol=1e-9)
        for b, row in enumerate(last):
            new = np.zeros(est.n_features_in_)
            if future is not None and step + 1 < n_steps:
                others = np.setdiff1d(np.arange(est.n_features_in_), own)
                new[others] = future[b][step]
            new[own] = row
            grown[b] = np.vstack([grown[b], new])
    return found


@pytest.mark.parametrize("skip", [None, "present", "diagonal"])
@pytest.mark.parametrize("increments", [False, True])
@pytest.mark.parametrize("start", ["zero", "learned", "per trial"])
def test_a_forecast_is_a_network_run_anew_on_its_own_predictions(skip, increments, start):
    chosen = {"readout_skip": skip, "predict_increments": increments, "initial_state": start}
    est = network(dt=1.0, tau=2.0, learn_tau=True, **chosen)
    quietly(est.fit, X, Y)
    found = assert_is_step_by_step(est, list(X), 6, [0, 1, 2])
    np.testing.assert_array_equal(est.forecast(X, 3), found[:, :3])
    trials = [x[:n] for x, n in zip(X, (6, 7, 5, 6), strict=True)]
    assert_is_step_by_step(est, trials, 4, [0, 1, 2])


OBSERVED = {
    "counts": {"observation": "poisson"},
    "counts and their past": {"observation": "negative_binomial", "readout_skip": "diagonal"},
    "calcium": {"calcium_tau": 3.0, "dt": 1.0},
    "calcium of events": {"observation": "gamma", "calcium_tau": "learned", "dt": 1.0},
}


@pytest.mark.parametrize("name", OBSERVED)
def test_what_is_observed_comes_back_as_its_mean(name):
    counts = np.random.default_rng(3).poisson(2.0, (N_TRIALS, N_STEPS + 1, 3)).astype(float)
    counts += OBSERVED[name].get("observation") == "gamma"  # above 0
    x, y = counts[:, :-1], counts[:, 1:]
    est = quietly(network(horizon=3, **OBSERVED[name]).fit, x, y)
    assert_is_step_by_step(est, list(x), 5, [0, 1, 2])
    assert_is_step_by_step(est, [trial[: 4 + b] for b, trial in enumerate(x)], 3, [0, 1, 2])


def test_inputs_of_the_future_are_those_of_other_columns():
    est = network(feedback=[2, 0], readout_skip="diagonal", horizon=3).fit(X, Y[:, :, [2, 0]])
    future = np.random.default_rng(2).standard_normal((N_TRIALS, 4, 1))
    found = assert_is_step_by_step(est, list(X), 5, [2, 0], future)
    whole = np.full((N_TRIALS, 6, 3), np.nan)  # of all columns, and longer
    whole[:, :, 1] = 0.0
    whole[:, :4, 1] = future[:, :, 0]
    np.testing.assert_array_equal(est.forecast(X, 5, future=whole), found)
    ragged = [row[: 4 + b] for b, row in enumerate(np.repeat(future, 2, axis=1))]
    ragged = [np.vstack([future[b], row]) for b, row in enumerate(ragged)]
    np.testing.assert_array_equal(est.forecast(X, 5, future=ragged), found)
    assert est.forecast(X, 1).shape == (N_TRIALS, 1, 2)  # nothing is to come before it


def frames(arrays, names="abc", index=None):
    return [pd.DataFrame(array, columns=list(names), index=index) for array in arrays]


def test_frames_are_read_by_their_names():
    targets = [frame[["c", "a"]] for frame in frames(Y)]
    est = network(readout_skip="diagonal").fit(frames(X), targets)
    by_number = network(readout_skip="diagonal", feedback=[2, 0]).fit(X, Y[:, :, [2, 0]])
    np.testing.assert_array_equal(est.W_rec_, by_number.W_rec_)
    future = np.random.default_rng(2).standard_normal((N_TRIALS, 4, 3))
    expected = by_number.forecast(X, 5, future=future[:, :, [1]])
    for names in ("abc", "cab"):  # whatever their order
        order = ["abc".index(name) for name in names]
        found = est.forecast(frames(X), 5, future=frames(future[:, :, order], names))
        np.testing.assert_array_equal(np.stack(found), expected)
        assert list(found[0].columns) == ["c", "a"]
    one = est.forecast(frames(X)[2], 5, future=frames(future)[2])
    assert isinstance(one, pd.DataFrame)
    np.testing.assert_allclose(one, expected[2], atol=1e-12)
    with pytest.raises(ValueError, match=r"columns \['b'\] of X, .* got columns \['x', 'y', 'a'\]"):
        est.forecast(frames(X), 5, future=frames(future, "xya"))


def test_numbers_that_are_names_are_names():
    """Numbers of cells as labels: outputs find their columns whatever the order."""
    of_x = [pd.DataFrame(x, columns=[7, 3, 5]) for x in X]
    of_y = [pd.DataFrame(y[:, [2, 0]], columns=[5, 7]) for y in Y]
    est = network(readout_skip="present").fit(of_x, of_y)
    np.testing.assert_array_equal(est._columns_continued(), [2, 0])
    plain = [pd.DataFrame(y[:, [2, 1, 0]], columns=[2, 1, 0]) for y in Y]
    np.testing.assert_array_equal(
        network(readout_skip="present").fit(X, plain)._columns_continued(), [2, 1, 0]
    )


INDICES = {
    "days": pd.date_range("2020-01-01", periods=N_STEPS, name="day"),
    "days of Berlin": pd.date_range("2020-03-25", periods=N_STEPS, tz="Europe/Berlin"),
    "months": pd.date_range("2020-01-01", periods=N_STEPS, freq="MS"),
    "periods": pd.period_range("2020-01", periods=N_STEPS, freq="M"),
    "seconds": pd.timedelta_range("0s", periods=N_STEPS, freq="2s"),
    "numbers": pd.RangeIndex(5, 5 + N_STEPS),
    "even": pd.Index(np.arange(N_STEPS) * 2, name="frame"),
    "backwards": pd.Index(np.arange(N_STEPS)[::-1]),
    "bytes": pd.Index(np.arange(N_STEPS, dtype="uint8")),
    "floats": pd.Index(np.arange(N_STEPS) / 4),
    "float32": pd.Index((np.arange(N_STEPS) / 4).astype("float32")),
}


@pytest.mark.parametrize("name", INDICES)
def test_an_index_goes_on(name):
    index = INDICES[name]
    est = network(readout_skip="present").fit(frames(X), frames(Y))
    found = est.forecast(frames(X[:1, :-3], index=index[:-3])[0], 3)
    np.testing.assert_array_equal(list(found.index), list(index[-3:]))
    assert found.index.name == index.name and found.index.dtype == index.dtype
    listed = est.forecast(tuple(frames(X[:2, :-3], index=index[:-3])), 3)
    pd.testing.assert_frame_equal(listed[0], found)


@pytest.mark.parametrize(
    "index",
    [
        list("abcdefg"),
        pd.MultiIndex.from_product([[0], range(N_STEPS)]),
        pd.CategoricalIndex(list("abcdefg")),
        pd.interval_range(0, N_STEPS),
    ],
    ids=["text", "levels", "categories", "intervals"],
)
def test_an_index_of_which_nothing_follows_starts_at_one(index):
    est = network(readout_skip="present").fit(frames(X), frames(Y))
    found = est.forecast(frames(X[:1], index=index)[0], 2)
    assert list(found.index) == [1, 2]
    single = est.forecast(frames(X[:1, :1])[0], 2)  # of one step
    assert list(single.index) == [1, 2]


def test_a_free_run_is_a_forecast_of_trials_of_one_step():
    est = network(readout_skip="diagonal", initial_state="learned", horizon=4)
    quietly(est.fit, X, Y)
    np.testing.assert_array_equal(est.free_run(X[:, 0], 5), est.forecast(X[:, :1], 5))
    again = est.free_run(X[:, 0], 5, initial_state=est.initial_state_)
    np.testing.assert_allclose(again, est.free_run(X[:, 0], 5), atol=1e-12)
    # From the rates after a step, and the next input, it goes on as the network does.
    without = network(predict_increments=True, horizon=4).fit(X, Y)
    rates = without.hidden_states(X, "rate")[:, 2]
    found = without.free_run(X[:, 3], 4, initial_state=rates)
    np.testing.assert_allclose(found, without.forecast(X[:, :4], 4), atol=1e-12)


def test_a_free_run_knows_names_and_its_precision():
    est = network(readout_skip="diagonal").fit(frames(X), frames(Y))
    first = pd.DataFrame(X[:, 0], columns=list("abc"))
    assert est.free_run(first, 3).shape == (N_TRIALS, 3, 3)
    with pytest.raises(ValueError, match="same order"):
        est.free_run(first[["c", "b", "a"]], 3)
    small = network(readout_skip="diagonal").fit(X.astype(np.float32), Y)
    assert small.free_run(X[:, 0].astype(np.float32), 3).dtype == np.float32
    assert small.forecast(X.astype(np.float32), 3).dtype == np.float32
    np.testing.assert_allclose(small.forecast(X.astype(np.float32), 3), small.forecast(X, 3), 1e-4)


def test_many_trials_are_forecast_in_parts(monkeypatch):
    from sk_biornn.estimators import _forecasts

    est = network(readout_skip="diagonal").fit(X, Y)
    whole = est.forecast(X, 6)
    monkeypatch.setattr(_forecasts, "_FLOATS", 1)
    monkeypatch.setattr(boundary, "_PREDICT_STEPS", 2)
    np.testing.assert_allclose(est.forecast(X, 6), whole, atol=1e-12)


def test_forecasts_after_inference_mode_leave_training_as_it_was():
    on_device.cache_clear()
    mask = np.random.default_rng(3).random((5, 5)) < 0.4
    chosen = {"feedback": [2, 0], "readout_skip": "diagonal", "horizon": 3, "mask": mask}
    with torch.inference_mode():
        est = network(**chosen, sparse=True).fit(X, Y[:, :, [2, 0]])
        est.forecast(X, 3, future=np.zeros((N_TRIALS, 2, 1)))
    again = network(**chosen, sparse=True).fit(X, Y[:, :, [2, 0]])
    np.testing.assert_array_equal(est.W_in_, again.W_in_)


def test_a_clone_a_pickle_and_a_search():
    est = network(horizon=3, readout_skip="diagonal", predict_increments=True, burn_in=1)
    est.fit(X, Y)
    for other in (clone(est).fit(X, Y), pickle.loads(pickle.dumps(est)), copy.deepcopy(est)):
        np.testing.assert_array_equal(other.forecast(X, 4), est.forecast(X, 4))
    search = GridSearchCV(
        est, {"horizon": [1, 3], "teacher_forcing": [1.0, 0.5], "burn_in": [0, 2]}, cv=2
    )
    search.fit(X, Y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_estimator_.forecast(X, 3).shape == (N_TRIALS, 3, 3)


def test_from_weights_forecasts():
    """One unit that doubles its input: y = 2 x, again and again."""
    est = DaleRNNRegressor.from_weights(
        W_rec=[[0.0]], W_in=[[1.0]], W_out=[[2.0]], activation="relu", horizon=4
    )
    np.testing.assert_allclose(est.forecast(np.ones((1, 3, 1)), 5)[0, :, 0], [2, 4, 8, 16, 32])
    np.testing.assert_allclose(est.free_run([[1.0]], 3)[0, :, 0], [2, 4, 8])
    increments = DaleRNNRegressor.from_weights(
        W_rec=[[0.0]], W_in=[[0.0]], W_out=[[0.0]], b_out=[0.5], predict_increments=True
    )
    np.testing.assert_allclose(
        increments.forecast(np.ones((1, 3, 1)), 4)[0, :, 0], [1.5, 2, 2.5, 3]
    )


# -------------------------------------------------------------- many networks


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"horizon": 3}, "a closed loop"),
        ({"readout_skip": "diagonal"}, "outputs that are made of the present input, too"),
        ({"predict_increments": True}, "outputs that are made of the present input, too"),
    ],
)
def test_such_networks_learn_alone_and_say_why(chosen, reason):
    networks = [network(random_state=seed, **chosen) for seed in (0, 1)]
    alone = [quietly(clone(est).fit, X, Y) for est in networks]
    fitted = quietly(fit_many, networks, X, Y, strategy="stacked")
    assert fitted.stacking_report["reason"].tolist() == [reason, reason]
    for one, other in zip(alone, networks, strict=True):
        np.testing.assert_array_equal(one.W_rec_, other.W_rec_)
    ensemble = SeedEnsemble(network(**chosen), n_seeds=2, random_state=0)
    quietly(ensemble.fit, X, Y)
    assert ensemble.predict(X).shape == Y.shape


# -------------------------------------------------------------- who is told what


def told(function, *arguments):
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        function(*arguments)
    return [str(item.message) for item in record]


SLOW_X, SLOW_Y = recording(noise=0.2)


def test_targets_that_are_the_next_inputs_are_told_of_once():
    (message,) = told(network().fit, SLOW_X, SLOW_Y)
    assert message.startswith("y is X one step later (0, 1, 2), which no change at all predicts")
    other = [slow[1:] for slow in (SLOW_X, SLOW_Y)]  # one text, which Python shows once
    assert told(network().fit, *other) == [message]
    (message,) = told(network().fit, frames(SLOW_X), frames(SLOW_Y))
    assert "(a, b, c)" in message
    (message,) = told(network(early_stopping=True, warm_start=True).fit, SLOW_X, SLOW_Y)
    for chosen in ({"predict_increments": True}, {"readout_skip": "present"}):
        assert not told(network(**chosen).fit, SLOW_X, SLOW_Y)
    fitted = quietly(network(warm_start=True).fit, SLOW_X, SLOW_Y)
    assert not told(fitted.fit, SLOW_X, SLOW_Y)
    assert not told(fitted.partial_fit, SLOW_X, SLOW_Y)


def test_others_are_not_told():
    x, y = SLOW_X, SLOW_Y
    still = network(frozen=("W_out", "b_out"))  # its circuit learns, and not how it is read
    assert not told(still.fit, x, y)
    later = y.copy()
    later[0, 2, 1] += 1e-9
    assert not told(network().fit, x, later)
    assert not told(network().fit, x[:, :1], y[:, :1])  # one step
    assert not told(network().fit, x, y[:, -1])
    assert not told(network().fit, x, y[:, :, :2])
    hidden = np.where(np.arange(N_STEPS)[:, None] < N_STEPS - 1, np.nan, y)
    assert not told(network().fit, x, hidden)  # what is left has no next input
    noise = np.random.default_rng(0).standard_normal((N_TRIALS, N_STEPS + 1, 3))
    assert not told(network().fit, noise[:, :-1], noise[:, 1:])  # of which nothing is there already
    wave = np.sin(np.arange(N_STEPS + 1) / 8 + np.arange(N_TRIALS)[:, None])[:, :, None]
    assert not told(network().fit, wave[:, :-1], wave[:, 1:])  # no recording is a curve


MADE = [name for name in datasets.__all__ if name.startswith("make_")]
NO_TRIALS = {"make_brain_wiring", "make_functional_connectome", "make_population_rows"}


@pytest.mark.parametrize("name", sorted(set(MADE) - NO_TRIALS))
def test_tasks_are_no_recordings(name):
    x, y = getattr(datasets, name)(6, random_state=0)
    kind = DaleRNNRegressor if y.dtype.kind == "f" else DaleRNNClassifier
    messages = told(kind(n_units=4, max_iter=1, random_state=0).fit, x, y)
    assert not [message for message in messages if "one step later" in message]


def test_outputs_that_come_back_in_other_units_are_told_of():
    for chosen in ({"horizon": 2}, {"readout_skip": "present"}, {"predict_increments": True}):
        messages = told(network(**chosen).fit, X, 50 + 7 * Y)
        assert any("y is X one step later in other units (output 0" in m for m in messages)
        assert not quietly(told, network(**chosen).fit, X, Y)[: -1 if "horizon" in chosen else None]
    noisy = Y + 0.2 * np.random.default_rng(0).standard_normal(Y.shape)
    assert not told(network(horizon=2).fit, X, noisy)


# -------------------------------------------------------------- pipelines


def test_one_scaler_for_inputs_and_targets_forecasts_in_their_unit():
    x, y = 50 + 7 * X, 50 + 7 * Y
    scaler = TrialScaler().fit(x)
    chosen = {"readout_skip": "diagonal", "horizon": 3}
    frozen = FrozenEstimator(scaler)
    meta = TrialTargetRegressor(make_pipeline(frozen, network(**chosen)), frozen)
    quietly(meta.fit, x, y)
    by_hand = quietly(network(**chosen).fit, scaler.transform(x), scaler.transform(y))
    expected = scaler.inverse_transform(by_hand.forecast(scaler.transform(x), 4))
    np.testing.assert_allclose(meta.forecast(x, 4), expected, atol=1e-10)
    np.testing.assert_allclose(meta.forecast(x, 1)[:, 0], meta.predict(x)[:, -1])
    index = INDICES["days"]
    of_frames = FrozenEstimator(TrialScaler().fit(frames(x)))
    named = TrialTargetRegressor(make_pipeline(of_frames, network(**chosen)), of_frames)
    quietly(named.fit, frames(x), frames(y))
    found = named.forecast(frames(x[:2], index=index), 2)
    assert list(found[0].index) == list(index[-1] + index.freq * np.arange(1, 3))
    np.testing.assert_allclose(np.stack(found), expected[:2, :2], atol=1e-10)


def test_inputs_to_come_are_scaled_as_well():
    x, y = 50 + 7 * X, (50 + 7 * Y)[:, :, [2, 0]]
    scaler, own = TrialScaler().fit(x), TrialScaler().fit(x[:, :, [2, 0]])
    est = network(feedback=[2, 0], readout_skip="present")
    meta = TrialTargetRegressor(
        make_pipeline(FrozenEstimator(scaler), est), FrozenEstimator(own)
    ).fit(x, y)
    future = 50 + 7 * np.random.default_rng(2).standard_normal((N_TRIALS, 3, 3))
    by_hand = clone(est).fit(scaler.transform(x), own.transform(y))
    expected = by_hand.forecast(scaler.transform(x), 4, future=scaler.transform(future))
    found = meta.forecast(x, 4, future=future)
    np.testing.assert_allclose(found, own.inverse_transform(expected), atol=1e-10)


def test_other_pipelines_refuse():
    x, y = 50 + 7 * X, 50 + 7 * Y
    both = TrialTargetRegressor(make_pipeline(TrialScaler(), network(readout_skip="present")))
    both.fit(x, y)
    with pytest.raises(ValueError, match="transformer must be that which scales the inputs"):
        both.forecast(x, 2)
    with pytest.raises(NotFittedError):
        clone(both).forecast(x, 2)
    trees = TrialTargetRegressor(make_pipeline(TrialFlattener(), Ridge())).fit(x, y[:, -1])
    assert not hasattr(trees, "forecast")
    with pytest.raises(ValueError, match="targets at the last step"):
        TrialTargetRegressor(network()).fit(X, Y[:, -1]).forecast(X, 2)
    with pytest.raises(ValueError, match="dim 3"):  # scikit-learn's own knows no steps
        TransformedTargetRegressor(network()).fit(X, Y)


# -------------------------------------------------------------- what is refused


BAD_ARGUMENTS = [
    ({"horizon": 0}, ValueError, "horizon must be an integer of at least 1, got 0"),
    ({"horizon": True}, TypeError, "horizon must be an integer"),
    ({"burn_in": -1}, ValueError, "burn_in must be an integer of at least 0, got -1"),
    ({"burn_in": 2.0}, TypeError, "burn_in must be an integer"),
    ({"burn_in": N_STEPS}, ValueError, "burn_in must leave steps that are judged, got 7"),
    ({"teacher_forcing": 1.5}, ValueError, "teacher_forcing must be a number between 0 and 1"),
    ({"teacher_forcing": float("nan")}, ValueError, "teacher_forcing must be a number between"),
    ({"teacher_forcing": True}, TypeError, "teacher_forcing must be a number between"),
    ({"teacher_forcing": np.timedelta64(1)}, TypeError, "teacher_forcing must be a number between"),
    ({"teacher_forcing": np.complex64(1)}, TypeError, "teacher_forcing must be a number between"),
    ({"teacher_forcing": Constant}, TypeError, "teacher_forcing must be a number between"),
    ({"teacher_forcing": Constant(2)}, ValueError, r"share\(epoch\) is a number .* in epoch 0"),
    ({"teacher_forcing": Constant(None)}, ValueError, r"share\(epoch\) is a number"),
    ({"readout_skip": "full"}, ValueError, "readout_skip must be None or one of"),
    ({"readout_skip": True}, TypeError, "readout_skip must be None or one of"),
    ({"predict_increments": "yes"}, TypeError, "predict_increments must be True or False"),
    ({"feedback": ["a"]}, ValueError, "feedback must name one column of X for each of the 3"),
    ({"feedback": [0, 1, 1]}, ValueError, r"each another one, got \[0, 1, 1\]"),
    ({"feedback": [0, 1, 3]}, ValueError, "its number below 3, got 3"),
    ({"feedback": [0, 1, True]}, ValueError, "its number below 3, got True"),
    ({"feedback": {0, 1, 2}}, TypeError, "feedback must name one column"),
    ({"feedback": "abc"}, TypeError, "feedback must name one column"),
    ({"feedback": 0}, TypeError, "feedback must name one column"),
]


@pytest.mark.parametrize(("chosen", "kind", "words"), BAD_ARGUMENTS)
def test_arguments_that_do_not_fit(chosen, kind, words):
    with pytest.raises(kind, match=words) as refusal:
        quietly(network(**{"predict_increments": True, **chosen}).fit, X, Y)
    assert str(refusal.value).count(". ") == 0


NEEDY = [
    {"predict_increments": True},
    {"readout_skip": "diagonal"},
    {"horizon": 2},
    {"teacher_forcing": 0.5},
]


@pytest.mark.parametrize("chosen", NEEDY, ids=str)
def test_what_needs_to_know_the_next_inputs_says_so(chosen):
    words = next(iter(chosen))
    with pytest.raises(ValueError, match=rf"{words}.* needs targets at every step"):
        network(**chosen).fit(X, Y[:, -1])
    with pytest.raises(ValueError, match=rf"for {words}.*: X has 3 columns and y has 2"):
        network(**chosen).fit(X, Y[:, :, :2])
    with pytest.raises(ValueError, match="no column of X has the name of the output 'x'"):
        network(**chosen).fit(frames(X), frames(Y, "xbc"))
    with pytest.raises(ValueError, match="output_activation must be 'identity'"):
        network(output_activation="tanh", **chosen).fit(X, Y)


def test_burn_in_needs_steps():
    with pytest.raises(ValueError, match="burn_in must be 0 with targets at the last step, got 2"):
        network(burn_in=2).fit(X, Y[:, -1])


def test_forecasts_that_cannot_be():
    last = network().fit(X, Y[:, -1])
    with pytest.raises(ValueError, match="a forecast needs targets at every step"):
        last.forecast(X, 2)
    fewer = network().fit(X, Y[:, :, :2])
    with pytest.raises(ValueError, match=r"feedback must say .* for a forecast"):
        fewer.forecast(X, 2)
    squashed = quietly(network(output_activation="tanh").fit, X, Y)
    with pytest.raises(ValueError, match="output_activation must be 'identity' for a forecast"):
        squashed.forecast(X, 2)
    with pytest.raises(NotFittedError):
        network().forecast(X, 2)
    with pytest.raises(NotFittedError):
        network().free_run(X[:, 0], 2)
    assert not hasattr(DaleRNNClassifier(), "forecast")
    wild = DaleRNNRegressor.from_weights([[0.0]], [[1.0]], [[3.0]], activation="relu")
    for first in (np.ones((1, 1)), np.ones((1, 1), np.float32)):
        with pytest.raises(ValueError, match="unstable while its outputs were fed back"):
            wild.free_run(first, 2000)


@pytest.mark.parametrize(
    ("n_steps", "kind"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), (True, TypeError)]
)
def test_numbers_of_steps(n_steps, kind):
    est = network(readout_skip="present").fit(X, Y)
    for run, x in ((est.forecast, X), (est.free_run, X[:, 0])):
        with pytest.raises(kind, match="n_steps must be an integer of at least 1"):
            run(x, n_steps)


BAD_FUTURES = [
    (None, "got None"),
    (np.zeros((N_TRIALS, 2, 1)), r"got shape \(4, 2, 1\)"),
    (np.zeros((N_TRIALS, 3, 2)), r"got shape \(4, 3, 2\)"),
    (np.zeros((N_TRIALS, 3)), r"got shape \(4, 3\)"),
    (np.zeros((1, 3, 1)), r"got shape \(1, 3, 1\)"),
    (np.full((N_TRIALS, 3, 1), np.nan), "got NaN or infinity"),
    (np.full((N_TRIALS, 3, 1), np.inf), "got NaN or infinity"),
    ("soon", "got str 'soon'"),
    ([[["a"]] * 3] * N_TRIALS, "got list"),
    (np.zeros((N_TRIALS, 3, 1), complex), "got an array of complex"),
    ([np.zeros((3, 1))] * 3 + [np.zeros((2, 1))], "got a trial of 2 steps"),
    (np.ma.masked_all((N_TRIALS, 3, 1)), "masked"),
    (object(), "got object"),
]


@pytest.mark.parametrize(("future", "words"), BAD_FUTURES, ids=range(len(BAD_FUTURES)))
def test_futures_that_do_not_fit(future, words):
    est = network(feedback=[2, 0], readout_skip="present").fit(X, Y[:, :, [2, 0]])
    with pytest.raises(ValueError, match=words) as refusal:
        est.forecast(X, 4, future=future)
    assert str(refusal.value).startswith("future must be") or "future must have" in str(
        refusal.value
    )
    with pytest.raises(ValueError, match=words):
        est.free_run(X[:, 0], 4, future=future)


def test_first_inputs_and_states_that_do_not_fit():
    est = network(readout_skip="present").fit(X, Y)
    for first in (X, X[0, 0], X[:, 0, :2], X[:0, 0]):
        with pytest.raises(ValueError, match=r"first must have shape \(n_trials, 3\), got shape"):
            est.free_run(first, 2)
    with pytest.raises(ValueError, match="first must be finite"):
        est.free_run(np.full((2, 3), np.nan), 2)
    with pytest.raises(ValueError, match="first must be an array of numbers"):
        est.free_run("abc", 2)
    with pytest.raises(ValueError, match=r"initial_state must have shape \(5,\) or \(4, 5\)"):
        est.free_run(X[:, 0], 2, initial_state=np.zeros(4))
    with pytest.raises(ValueError, match="initial_state must be finite"):
        est.free_run(X[:, 0], 2, initial_state=np.full(5, np.inf))
    with pytest.raises(ValueError, match="initial_state must be an array of numbers"):
        est.free_run(X[:, 0], 2, initial_state=["a"] * 5)


def test_trials_that_do_not_fit():
    est = network(readout_skip="present").fit(X, Y)
    with pytest.raises(ValueError, match=r"got two axes"):
        est.forecast(X[0], 2)
    with pytest.raises(ValueError, match="X has 2 features"):
        est.forecast(X[:, :, :2], 2)
    gap = X.copy()
    gap[0, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN inside a trial"):
        est.forecast(gap, 2)
