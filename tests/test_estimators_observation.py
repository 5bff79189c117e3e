"""Regressors that see spikes, events and fluorescence: what they learn, predict, score and keep."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import d2_log_loss_score, d2_tweedie_score
from sklearn.model_selection import GridSearchCV

from sk_biornn import CellTypeRNNRegressor, DaleRNNRegressor, SpatialRNNRegressor
from sk_biornn.core.observations import OBSERVATIONS

OTHERS = [name for name in OBSERVATIONS if name != "gaussian"]
every_other = pytest.mark.parametrize("observation", OTHERS)
OWN = {
    "poisson": ["scale"],
    "negative_binomial": ["scale", "dispersion"],
    "gamma": ["scale", "shape"],
    "zero_inflated_gamma": ["scale", "shape", "events", "exponent"],
    "bernoulli": [],
}


def regressor(observation="poisson", **options):
    arguments = {"n_units": 8, "max_iter": 3, "random_state": 0, "learning_rate_init": 1e-2}
    return DaleRNNRegressor(**{**arguments, **options}, observation=observation)


def data(observation, n_trials=24, n_steps=12, n_outputs=3, seed=0, dtype=np.float32):
    """Data that the input causes, drawn from the distribution itself."""
    observation = "poisson" if observation == "gaussian" else observation
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_trials, n_steps, 2))
    drive = np.stack([X[..., 0], X[..., 1], -X[..., 0]], -1)[..., :n_outputs]
    mean = 0.8 * np.logaddexp(1.5 * drive, 0)
    if observation == "bernoulli":
        mean = 1 / (1 + np.exp(-2 * drive))
    own = np.array([[0.8], [2.0], [1.0], [1.0]])[: max(1, len(OWN.get(observation, [])))]
    y = OBSERVATIONS[observation].sample(mean, own, rng)
    return X.astype(dtype), y.astype(dtype)


def quiet(fit, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit(*arguments, **options)


# ------------------------------------------------------------------ what is learned and predicted


@every_other
def test_it_learns_predicts_means_and_scores_deviance(observation):
    X, y = data(observation, 80, 20)
    reg = regressor(observation, max_iter=60, n_units=16).fit(X[:60], y[:60])
    mean = reg.predict(X[60:])
    assert mean.shape == y[60:].shape and mean.dtype == np.float32
    assert (mean > 0).all()
    score = reg.score(X[60:], y[60:])
    assert score > 0.1
    assert reg.loss_curve_[-1] < reg.loss_curve_[0]
    flat, means = y[60:].reshape(-1, 3).astype(float), mean.reshape(-1, 3).astype(float)
    for powers in ({"poisson": 1, "gamma": 2}.get(observation),):
        if powers is not None:
            each = [d2_tweedie_score(flat[:, j], means[:, j], power=powers) for j in range(3)]
            assert score == pytest.approx(np.mean(each), abs=1e-5)
    if observation == "bernoulli":
        each = [d2_log_loss_score(flat[:, j], means[:, j]) for j in range(3)]
        assert score == pytest.approx(np.mean(each), abs=1e-5)


@every_other
def test_training_starts_at_the_mean(observation):
    X, y = data(observation)
    reg = regressor(observation, max_iter=1, learning_rate_init=1e-12, frozen=("W_out",)).fit(
        np.zeros_like(X), y
    )
    reg.W_out_ = np.zeros_like(reg.W_out_)
    np.testing.assert_allclose(reg.predict(X)[0, 0], y.mean((0, 1)), rtol=1e-4)


@every_other
def test_parameters_of_its_own_are_shown_and_learned(observation):
    X, y = data(observation)
    reg = regressor(observation, max_iter=20, learning_rate_init=0.02).fit(X, y)
    if not OWN[observation]:
        assert reg.observation_ is None
        return
    assert list(reg.observation_.index) == OWN[observation]
    assert reg.observation_.shape == (len(OWN[observation]), 3)
    scale = reg.observation_.loc["scale"]
    np.testing.assert_allclose(scale, y.mean((0, 1)) / np.log(2), rtol=1e-5)
    if len(OWN[observation]) > 1:
        first = regressor(observation, max_iter=1, learning_rate_init=1e-9).fit(X, y)
        assert (reg.observation_.iloc[1:] != first.observation_.iloc[1:]).all().all()


@pytest.mark.parametrize(
    ("chosen", "n_more"),
    [
        ({"observation": "poisson"}, 0),  # the scale is that of the data
        ({"observation": "negative_binomial"}, 3),
        ({"observation": "zero_inflated_gamma"}, 9),
        ({"observation": "bernoulli"}, 0),
        ({"observation": "gaussian", "dt": 10.0, "calcium_tau": 50.0}, 0),
        ({"observation": "gaussian", "dt": 10.0, "calcium_tau": "learned"}, 3),
    ],
)
def test_numbers_that_training_does_not_move_are_not_counted(chosen, n_more):
    X, y = data(chosen["observation"])
    n_weights = 8 * 8 + 8 * 2 + 8 + 3 * 8 + 3
    assert regressor(max_iter=1, **chosen).fit(X, y).n_parameters_ == n_weights + n_more


def test_known_parameters_are_found():
    """Of a constant mean, the likeliest parameters are known to SciPy, or by hand."""
    rng = np.random.default_rng(0)
    X = np.zeros((60, 50, 1), dtype=np.float64)
    y = rng.gamma(3.0, 2.0, (60, 50, 1))
    arguments = {"max_iter": 150, "learning_rate_init": 0.02, "n_units": 2}
    reg = regressor("gamma", **arguments).fit(X, y)
    shape, _, scale = stats.gamma.fit(y.ravel(), floc=0)
    assert reg.observation_.loc["shape", 0] == pytest.approx(shape, rel=0.01)
    assert reg.predict(X).mean() == pytest.approx(shape * scale, rel=0.01)
    counts = rng.poisson(rng.gamma(2.0, 1.5, (60, 50, 1))).astype(float)
    reg = regressor("negative_binomial", **arguments).fit(X, counts)
    assert reg.observation_.loc["dispersion", 0] == pytest.approx(0.5, rel=0.15)


def test_a_fit_is_the_same_in_any_unit():
    X, y = data("zero_inflated_gamma", dtype=np.float64)
    one, other = (regressor("zero_inflated_gamma").fit(X, c * y) for c in (1.0, 1024.0))
    np.testing.assert_allclose(other.predict(X), 1024 * one.predict(X), rtol=1e-9)
    assert one.score(X, y) == pytest.approx(other.score(X, 1024 * y), abs=1e-9)


def test_gaussian_is_as_without_the_argument():
    X, y = data("poisson")
    one = DaleRNNRegressor(n_units=8, max_iter=3, random_state=0).fit(X, y)
    other = DaleRNNRegressor(
        n_units=8, max_iter=3, random_state=0, observation="gaussian", calcium_tau=None
    ).fit(X, y)
    assert one.loss_curve_ == other.loss_curve_
    assert (one.W_rec_ == other.W_rec_).all()
    assert one.observation_ is None and one.calcium_tau_ is None


# ------------------------------------------------------------------ what is drawn


@every_other
def test_samples_have_the_predicted_mean(observation):
    X, y = data(observation)
    reg = regressor(observation).fit(X, y)
    drawn = reg.sample_y(X[:2], n_samples=4000, random_state=1)
    mean = reg.predict(X[:2])
    assert drawn.shape == (*mean.shape, 4000)
    spread = drawn.std(-1) / np.sqrt(4000)
    assert (np.abs(drawn.mean(-1) - mean) < 5 * spread + 1e-3).all()
    assert OBSERVATIONS[observation].allows(drawn).all()
    again = reg.sample_y(X[:2], n_samples=4000, random_state=1)
    assert (drawn == again).all()


def test_samples_of_trials_of_unequal_length_and_of_the_last_step():
    X, y = data("poisson")
    trials, targets = [X[0, :5], X[1, :9], X[2]], [y[0, :5], y[1, :9], y[2]]
    drawn = regressor().fit(trials, targets).sample_y(trials, random_state=0)
    assert [d.shape for d in drawn] == [(5, 3, 1), (9, 3, 1), (12, 3, 1)]
    padded = X.copy()
    padded[0, 5:] = np.nan
    drawn = regressor().fit(padded, y).sample_y(padded)
    assert np.isnan(drawn[0, 5:]).all() and np.isfinite(drawn[0, :5]).all()
    assert regressor().fit(X, y[:, -1]).sample_y(X, 2).shape == (24, 3, 2)
    assert regressor().fit(X, y[:, -1, 0]).sample_y(X, 2).shape == (24, 2)


def test_a_squared_error_has_nothing_to_draw_from():
    X, y = data("poisson")
    reg = regressor("gaussian").fit(X, y)
    with pytest.raises(ValueError, match=r"^sample_y needs an observation .* got 'gaussian'"):
        reg.sample_y(X)
    with pytest.raises(ValueError, match=r"^n_samples must be"):
        regressor().fit(X, y).sample_y(X, 0)


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("observation", "value", "words"),
    [
        ("poisson", -1.0, "whole numbers of at least 0"),
        ("poisson", 0.5, "'gamma'"),
        ("negative_binomial", 0.5, "whole numbers"),
        ("gamma", 0.0, "'zero_inflated_gamma' takes zeros"),
        ("zero_inflated_gamma", -0.1, "at least 0"),
        ("bernoulli", 2.0, "0 or 1"),
    ],
)
def test_what_cannot_be_observed_is_refused(observation, value, words):
    X, y = data(observation)
    fitted = regressor(observation).fit(X, y)
    y = y.copy()
    y[3, 2, 1] = value
    for call in (regressor(observation).fit, fitted.score, fitted.partial_fit):
        with pytest.raises(ValueError, match=f"^y must be .*{words}") as refusal:
            call(X, y)
        assert f"observation={observation!r}" in str(refusal.value)
    y[3, 2, 1] = np.nan  # not judged
    regressor(observation).fit(X, y)


def test_arguments_that_do_not_go_together_are_refused():
    X, y = data("poisson")
    with pytest.raises(ValueError, match=r"^observation must be one of"):
        regressor("spikes").fit(X, y)
    with pytest.raises(TypeError, match=r"^observation must be one of"):
        regressor(3).fit(X, y)
    with pytest.raises(ValueError, match=r"^output_activation must be 'identity'"):
        regressor(output_activation="tanh").fit(X, y)
    with pytest.raises(ValueError, match=r"^calcium_tau must be None"):
        regressor(calcium_tau=500.0, dt=100.0).fit(X, y)
    for wrong in (-1.0, 0.0, np.nan, np.inf, [1.0, 2.0], "fast", [[1.0]]):
        with pytest.raises(ValueError, match=r"^calcium_tau must be"):
            regressor("gaussian", calcium_tau=wrong, dt=100.0).fit(X, y)
    with pytest.raises(TypeError, match=r"^calcium_tau must be"):
        regressor("gaussian", calcium_tau=object(), dt=100.0).fit(X, y)
    with pytest.raises(ValueError, match=r"^dt must be given .* calcium_tau"):
        regressor("gaussian", calcium_tau=500.0).fit(X, y)
    with pytest.raises(ValueError, match=r"^dt and tau must be given together"):
        regressor("gaussian", dt=10.0).fit(X, y)


# ------------------------------------------------------------------ calcium


def convolved(rates, decay):
    c = np.empty_like(rates)
    last = rates[:, 0]
    for step in range(rates.shape[1]):
        last = decay * last + (1 - decay) * rates[:, step]
        c[:, step] = last
    return c


def test_predictions_are_the_filtered_read_out():
    X, y = data("poisson", dtype=np.float64)
    tau = np.array([50.0, 200.0, 1000.0])
    reg = regressor("gaussian", calcium_tau=tau, dt=100.0).fit(X, y)
    read = reg.hidden_states(X) @ reg.W_out_.T + reg.b_out_
    np.testing.assert_allclose(reg.predict(X), convolved(read, np.exp(-100 / tau)), rtol=1e-10)
    assert (reg.calcium_tau_ == tau).all()
    last = regressor("gaussian", calcium_tau=tau, dt=100.0).fit(X, y[:, -1])
    read = last.hidden_states(X) @ last.W_out_.T + last.b_out_
    expected = convolved(read, np.exp(-100 / tau))[:, -1]
    np.testing.assert_allclose(last.predict(X), expected, rtol=1e-10)


def test_calcium_of_trials_of_unequal_length():
    X, y = data("poisson", dtype=np.float64)
    lengths = [5, 12, 1, 9]
    trials = [X[k, :n] for k, n in enumerate(lengths)]
    targets = [y[k, :n] for k, n in enumerate(lengths)]
    for t in (targets, y[:4, -1]):
        reg = regressor("gaussian", calcium_tau=300.0, dt=100.0).fit(trials, t)
        found = reg.predict(trials)
        for k in range(4):
            np.testing.assert_allclose(found[k], reg.predict(trials[k][None])[0], rtol=1e-9)


def test_learning_of_time_constants_starts_at_what_fluorescence_remembers():
    """The correlation of neighbouring steps that are both judged."""
    rng = np.random.default_rng(0)
    y = convolved(rng.standard_normal((40, 30, 1)), 0.6)
    y[:, 4::5] = np.nan
    before, now = y[:, :-1].ravel(), y[:, 1:].ravel()
    pairs = np.isfinite(before) & np.isfinite(now)
    mean = np.nanmean(y)
    before, now = before[pairs] - mean, now[pairs] - mean
    reg = regressor("gaussian", calcium_tau="learned", dt=1.0, max_iter=1, learning_rate_init=1e-9)
    reg.fit(np.zeros((40, 30, 1)), y)
    assert reg.calcium_decay_[0] == pytest.approx((before * now).sum() / (before**2).sum())


def test_a_fit_that_goes_on_takes_up_another_indicator():
    X, y = data("poisson")
    reg = regressor("gaussian", calcium_tau=300.0, dt=100.0, warm_start=True).fit(X, y)
    reg.set_params(calcium_tau=100.0).fit(X, y)
    assert reg.calcium_tau_.tolist() == [100.0] * 3
    np.testing.assert_allclose(reg.calcium_decay_, np.exp(-1), rtol=1e-6)


def test_units_keep_a_leak_of_their_own():
    X, y = data("poisson")
    one = regressor("gaussian", calcium_tau=300.0, dt=100.0).fit(X, y)
    other = regressor("gaussian", calcium_tau=300.0, dt=100.0, tau=100.0).fit(X, y)
    assert (one.W_rec_ == other.W_rec_).all()
    slow = regressor("gaussian", calcium_tau=300.0, dt=100.0, tau=400.0).fit(X, y)
    assert (one.W_rec_ != slow.W_rec_).any()


@pytest.mark.parametrize("tau", [250.0, 800.0])
def test_a_learned_time_constant_is_found(tau):
    """Rates are what the input drives, fluorescence is their low-pass."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 40, 2)).astype(np.float32)
    rates = np.tanh(X @ np.array([[1.0, -0.5], [0.3, 1.0]], dtype=np.float32))
    y = convolved(rates, np.exp(-100 / tau)) + 0.02 * rng.standard_normal(rates.shape)
    reg = DaleRNNRegressor(
        n_units=12,
        max_iter=150,
        learning_rate_init=0.02,
        calcium_tau="learned",
        dt=100.0,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_allclose(reg.calcium_tau_, tau, rtol=0.15)
    assert reg.score(X, y) > 0.9


# ------------------------------------------------------------------ outputs that are next inputs


def own_recording(observation="poisson", n_trials=20, n_steps=15):
    """Counts whose input is the step before."""
    _, y = data(observation, n_trials, n_steps + 1, dtype=np.float64)
    return y[:, :-1], y[:, 1:]


@pytest.mark.parametrize(
    "case",
    [
        {"observation": "poisson"},
        {"observation": "poisson", "readout_skip": "diagonal"},
        {"observation": "bernoulli"},
        {"observation": "gaussian", "calcium_tau": 250.0, "dt": 100.0},
        {"observation": "gamma", "calcium_tau": "learned", "dt": 100.0},
    ],
    ids=lambda case: "-".join(map(str, case.values())),
)
def test_forecasts_are_predictions_that_come_back(case):
    """Means are fed back, and the indicator goes on from where it was."""
    X, y = own_recording(case["observation"])
    reg = regressor(**case, horizon=3).fit(X, y)
    found = reg.forecast(X[:4], 4)
    past = X[:4]
    for step in range(4):
        ahead = reg.predict(past)[:, -1]
        np.testing.assert_allclose(found[:, step], ahead, rtol=1e-9)
        past = np.concatenate([past, ahead[:, None]], axis=1)
    ragged = [X[0, :5], X[1, :9]]
    found = reg.forecast(ragged, 3)
    for k in range(2):
        np.testing.assert_allclose(found[k], reg.forecast(ragged[k][None], 3)[0], rtol=1e-9)


def test_gradients_through_the_loop_are_those_of_finite_differences():
    """Of the bias of the read-out, whose only step the optimiser shows."""
    X, y = own_recording("poisson", 3, 6)

    def loss_at(bias):
        made = DaleRNNRegressor.from_weights(
            np.zeros((2, 2)),
            [[0.3, -0.2, 0.1], [0.1, 0.4, -0.3]],
            [[0.5, 0.2]] * 3,
            None,
            bias,
            observation="poisson",
            horizon=6,
            max_iter=1,
            warm_start=True,
            solver="sgd",
            learning_rate_init=1e-3,
            random_state=0,
        )
        made.fit(X, y)
        return made.loss_curve_[0], made.b_out_

    start = np.array([0.1, -0.2, 0.3])
    _, after = loss_at(start)
    gradient = (start - after) / 1e-3
    for k in range(3):
        shift = np.eye(3)[k] * 1e-5
        slope = (loss_at(start + shift)[0] - loss_at(start - shift)[0]) / 2e-5
        assert gradient[k] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("observation", ["poisson", "gaussian"])
def test_what_is_learned_in_the_loop_is_what_is_forecast(observation):
    """The loss of free-running training is that of the forecasts from the first input."""
    X, y = own_recording("poisson", 4, 6)
    calcium = {"calcium_tau": 150.0, "dt": 100.0} if observation == "gaussian" else {}
    made = DaleRNNRegressor.from_weights(
        np.zeros((2, 2)),
        [[0.3, -0.2, 0.1], [0.1, 0.4, -0.3]],
        [[0.5, 0.2]] * 3,
        observation=observation,
        horizon=6,
        max_iter=1,
        warm_start=True,
        random_state=0,
        **calcium,
    )
    means = made.forecast(X[:, :1], 6)
    is_poisson = observation == "poisson"
    expected = -stats.poisson.logpmf(y, means) if is_poisson else (means - y) ** 2
    loss = made.fit(X, y).loss_curve_[0]
    assert loss == pytest.approx(expected.mean(), rel=1e-9)


def test_ways_to_go_on_that_exclude_each_other():
    X, y = own_recording()
    with pytest.raises(ValueError, match=r"^predict_increments must be False with observation="):
        regressor(predict_increments=True).fit(X, y)
    for option in ({"predict_increments": True}, {"readout_skip": "diagonal"}):
        with pytest.raises(ValueError, match=f"^{next(iter(option))} must be .*calcium_tau"):
            regressor("gaussian", calcium_tau=100.0, dt=50.0, **option).fit(X, y)


# ------------------------------------------------------------------ the contract


CASES = [
    {"observation": "negative_binomial"},
    {"observation": "zero_inflated_gamma"},
    {"observation": "bernoulli"},
    {"observation": "gaussian", "calcium_tau": "learned", "dt": 100.0},
    {"observation": "gamma", "calcium_tau": 200.0, "dt": 100.0, "tau": 150.0},
]
every_case = pytest.mark.parametrize(
    "case", CASES, ids=lambda case: "-".join(map(str, case.values()))
)


def states(reg):
    own = None if reg.observation_ is None else reg.observation_.to_numpy()
    return [reg.W_rec_, reg.W_out_, reg.b_out_, own, reg.calcium_tau_]


def same(one, other):
    return all(
        (a is None and b is None) or np.array_equal(a, b)
        for a, b in zip(states(one), states(other), strict=True)
    )


@every_case
def test_a_fit_that_goes_on_has_the_bits_of_one_that_never_stopped(case):
    X, y = data(case["observation"])
    whole = regressor(**case, max_iter=4).fit(X, y)
    parts = regressor(**case, max_iter=2, warm_start=True).fit(X, y)
    parts = pickle.loads(pickle.dumps(parts)).fit(X, y)
    assert same(whole, parts)
    steps = regressor(**case)
    for _ in range(4):
        steps.partial_fit(X, y)
    assert same(whole, steps)
    assert whole.loss_curve_ == parts.loss_curve_ == steps.loss_curve_
    assert not same(whole, clone(whole).set_params(max_iter=3).fit(X, y))


@every_case
def test_pickles_predict_score_and_draw_alike(case):
    X, y = data(case["observation"])
    reg = regressor(**case).fit(X, y)
    other = pickle.loads(pickle.dumps(reg))
    assert same(reg, other)
    assert (reg.predict(X) == other.predict(X)).all()
    assert reg.score(X, y) == other.score(X, y)


@every_case
def test_padding_weights_and_missing_targets_change_nothing(case):
    """What is not judged is as if it were not there."""
    X, y = data(case["observation"], dtype=np.float64)
    lengths = [5, 12, 12, 9] * 6
    trials = [x[:n] for x, n in zip(X, lengths, strict=True)]
    targets = [t[:n] for t, n in zip(y, lengths, strict=True)]
    reg = regressor(**case).fit(trials, targets)
    padded, blank = X.copy(), y.copy()
    for k, n in enumerate(lengths):
        padded[k, n:] = np.nan
    assert same(reg, regressor(**case).fit(padded, blank))
    weights = np.ones(y.shape[:2])
    weights[:, 3] = 0
    missing = y.copy()
    missing[:, 3] = np.nan
    by_weights = regressor(**case).fit(X, y, weights)
    by_nan = regressor(**case).fit(X, missing)
    for a, b in zip(states(by_weights), states(by_nan), strict=True):
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-9)
    assert by_weights.score(X, y, weights) == pytest.approx(by_weights.score(X, missing))


@every_case
def test_early_stopping_judges_by_score(case):
    X, y = data(case["observation"])
    reg = regressor(**case, early_stopping=True, max_iter=4).fit(X, y, validation=(X[:6], y[:6]))
    curve = reg.validation_scores_
    best = clone(reg).set_params(max_iter=int(np.argmax(curve)) + 1)
    assert reg.score(X[:6], y[:6]) == pytest.approx(max(curve), abs=1e-6)
    assert best.fit(X, y, validation=(X[:6], y[:6])).validation_scores_[-1] == max(curve)
    assert np.isfinite(reg.validation_loss_curve_).all()


@every_case
def test_from_weights_is_as_a_fit_left_it(case):
    X, y = data(case["observation"])
    reg = regressor(**case).fit(X, y)
    arguments = {k: v for k, v in reg.get_params().items() if k != "n_units"}
    given = {"observation_parameters": reg.observation_} if reg.observation_ is not None else {}
    if case.get("calcium_tau") == "learned":
        arguments["calcium_tau"] = reg.calcium_tau_
    made = DaleRNNRegressor.from_weights(
        reg.W_rec_, reg.W_in_, reg.W_out_, reg.b_rec_, reg.b_out_, **given, **arguments
    )
    np.testing.assert_allclose(made.predict(X), reg.predict(X), rtol=1e-5)
    assert made.score(X, y) == pytest.approx(reg.score(X, y), abs=1e-5)


def test_another_observation_is_no_fit_that_goes_on():
    X, y = data("poisson")
    reg = regressor(warm_start=True).fit(X, y)
    before = reg.predict(X)
    reg.set_params(observation="negative_binomial")
    assert (reg.predict(X) == before).all()  # that of the fit
    with pytest.raises(ValueError, match=r"^observation must be 'poisson', as in the earlier fit"):
        reg.fit(X, y)
    assert reg.set_params(warm_start=False).fit(X, y).observation_.shape == (2, 3)


def test_networks_that_learn_side_by_side_do_so_alone():
    from sk_biornn.ensemble import fit_many

    X, y = data("poisson")
    networks = [regressor(random_state=seed) for seed in range(3)]
    networks += [regressor("gaussian", calcium_tau=100.0, dt=50.0, random_state=0)]
    alone = [clone(network).fit(X, y) for network in networks]
    together = fit_many(networks, X, y)
    for one, other in zip(alone, together, strict=True):
        assert same(one, other)


def test_searches_over_observations():
    X, y = data("poisson")
    search = GridSearchCV(regressor(), {"observation": ["poisson", "negative_binomial"]}, cv=2)
    quiet(search.fit, X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    taus = {"calcium_tau": [100.0, "learned"], "dt": [100.0]}
    search = GridSearchCV(regressor("gaussian"), taus, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_networks_of_cell_types_and_in_space():
    X, y = data("poisson")
    table = pd.DataFrame({"population": ["E", "I", "S"], "n_units": [6, 3, 3], "sign": [1, -1, -1]})
    reg = CellTypeRNNRegressor(
        populations=table,
        observation="poisson",
        max_iter=40,
        random_state=0,
        input_mask=None,
        learning_rate_init=0.02,
        freeze_readout=False,
    ).fit(X, y)
    assert reg.score(X, y) > 0.1
    assert list(reg.observation_.columns) == [0, 1, 2]
    space = SpatialRNNRegressor(n_units=8, observation="bernoulli", max_iter=2, random_state=0)
    assert space.fit(X, (y > 0).astype(float)).predict(X).max() < 1


def test_names_of_outputs_are_those_of_the_frame():
    X, y = data("poisson")
    frame = pd.DataFrame(y[:, -1], columns=["a", "b", "c"])
    reg = regressor("negative_binomial").fit(X, frame)
    assert list(reg.observation_.columns) == ["a", "b", "c"]
    taus = pd.Series([300.0, 100.0, 200.0], index=["c", "a", "b"])
    reg = regressor("gaussian", calcium_tau=taus, dt=50.0).fit(X, frame)
    assert reg.calcium_tau_.tolist() == [100.0, 200.0, 300.0]
    with pytest.raises(ValueError, match=r"^calcium_tau must be without names where y has none"):
        regressor("gaussian", calcium_tau=taus, dt=50.0).fit(X, y[:, -1])
    with pytest.raises(ValueError, match=r"^calcium_tau must"):
        regressor("gaussian", calcium_tau=taus.rename({"a": "d"}), dt=50.0).fit(X, frame)


# ------------------------------------------------------------------ measured events


def test_deconvolved_events_of_a_recording(data_dir):
    """Zeros and sizes of suite2p's spikes are as the network draws them."""
    folder = data_dir / "suite2p_crop"
    if not folder.is_dir():
        pytest.skip(f"no suite2p_crop in {data_dir}")
    events = np.load(folder / "spks.npy").T.astype(np.float32)
    events = events[:, (events > 0).mean(0) > 0.05]
    events /= events.std(0)
    X = np.stack([events[k : k + 30] for k in range(0, 570, 30)])
    y = np.stack([events[k + 1 : k + 31] for k in range(0, 570, 30)])
    reg = regressor("zero_inflated_gamma", n_units=20, max_iter=60).fit(X, y)
    assert 0 < reg.score(X, y) < 1
    assert (reg.predict(X) > 0).all()
    drawn = reg.sample_y(X, n_samples=20)
    assert (drawn == 0).mean() == pytest.approx((y == 0).mean(), abs=0.03)
    assert drawn[drawn > 0].mean() == pytest.approx(y[y > 0].mean(), rel=0.15)
