"""Where the read-out starts beside the own past: a ridge regression, chosen on unseen trials."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from sk_biornn import CellTypeRNNRegressor, DaleRNNRegressor
from sk_biornn.estimators._first_readout import (
    RIDGES,
    ActivityMoments,
    Readout,
    first_readout,
    is_affordable,
)

N_UNITS = 12
STILL = {"learning_rate_init": 1e-14, "max_iter": 1, "n_units": N_UNITS, "random_state": 0}
DIAGONAL = {"readout_skip": "diagonal", "predict_increments": True}


def ring(n_trials=30, n_steps=20, n=4, seed=0, coupling=0.5):
    """Channels that follow their neighbours: what a channel's own past cannot tell."""
    rng = np.random.default_rng(seed)
    x = np.zeros((n_trials, n_steps + 1, n))
    x[:, 0] = rng.standard_normal((n_trials, n))
    for t in range(n_steps):
        drive = 0.4 * x[:, t] + coupling * np.roll(x[:, t], 1, axis=-1)
        x[:, t + 1] = drive + 0.3 * rng.standard_normal((n_trials, n))
    return x[:, :-1], x[:, 1:]


X, Y = ring()


def plain_ridge(activity, rest, weights, mask, ridge):
    """Return weights and biases, one output after the other, by scikit-learn."""
    flat, w = activity.reshape(-1, activity.shape[-1]), weights.ravel()
    mean = np.average(flat, axis=0, weights=w)
    variances = np.average((flat - mean) ** 2, axis=0, weights=w)
    coef, biases = np.zeros(mask.shape), np.zeros(len(mask))
    for k, allowed in enumerate(mask):
        alpha = ridge * variances[allowed].mean() * w.sum()
        line = Ridge(alpha=alpha).fit(flat[:, allowed], rest[..., k].ravel(), sample_weight=w)
        coef[k, allowed], biases[k] = line.coef_, line.intercept_
    return coef, biases


def some_moments(seed=0, n_outputs=3):
    rng = np.random.default_rng(seed)
    activity = 2 + rng.standard_normal((6, 10, 5)) @ rng.standard_normal((5, 5))
    rest = activity @ rng.standard_normal((5, n_outputs)) + rng.standard_normal((6, 10, n_outputs))
    weights = rng.integers(0, 3, (6, 10)).astype(float)
    return activity, rest, weights


@pytest.mark.parametrize("masked", [False, True])
def test_the_regression_is_that_of_scikit_learn(masked):
    activity, rest, weights = some_moments()
    mask = np.ones((3, 5), dtype=bool)
    if masked:
        mask[0, 2:] = mask[1, :2] = False
    moments = ActivityMoments.of(activity, rest, weights)
    for ridge, found in zip((0.3, 10.0), moments.fit(mask, (0.3, 10.0)), strict=True):
        coef, biases = plain_ridge(activity, rest, weights, mask, ridge)
        np.testing.assert_allclose(found.weights, coef, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found.biases, biases, rtol=1e-8, atol=1e-10)
        assert not found.weights[~mask].any()


def test_an_output_that_may_read_nothing_is_its_mean():
    activity, rest, weights = some_moments()
    mask = np.ones((3, 5), dtype=bool)
    mask[1] = False
    (found,) = ActivityMoments.of(activity, rest, weights).fit(mask, (1.0,))
    assert not found.weights[1].any()
    assert found.biases[1] == pytest.approx(np.average(rest[..., 1], weights=weights))


def test_sums_of_folds_are_those_of_all_trials_and_come_off_again():
    activity, rest, weights = some_moments()
    parts = [ActivityMoments.of(activity[i], rest[i], weights[i]) for i in (slice(2), slice(2, 6))]
    whole = ActivityMoments.of(activity, rest, weights)
    for one, other in zip(parts[0].plus(parts[1]), whole, strict=True):
        np.testing.assert_allclose(one, other)
    for one, other in zip(whole.plus(parts[0], -1), parts[1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("noise", [0.1, 1e3])
def test_the_strength_is_that_with_the_least_error_on_unseen_trials(noise):
    rng = np.random.default_rng(1)
    activity = rng.standard_normal((40, 10, 8))
    rest = activity @ rng.standard_normal((8, 2)) + noise * rng.standard_normal((40, 10, 2))
    weights, mask = np.ones((40, 10)), np.ones((2, 8), dtype=bool)
    folds = np.array_split(np.arange(40), 5)
    errors = {}
    for ridge in (np.inf, *RIDGES):
        errors[ridge] = 0.0
        for fold in folds:
            kept = np.setdiff1d(np.arange(40), fold)
            coef, biases = np.zeros((2, 8)), rest[kept].mean(axis=(0, 1))
            if np.isfinite(ridge):
                coef, biases = plain_ridge(activity[kept], rest[kept], weights[kept], mask, ridge)
            errors[ridge] += ((rest[fold] - activity[fold] @ coef.T - biases) ** 2).sum()
    best = min(errors, key=errors.get)

    def judge(number, readout):
        said = activity[folds[number]] @ readout.weights.T + readout.biases
        return np.array([((rest[folds[number]] - said) ** 2).sum()])

    moments = [ActivityMoments.of(activity[f], rest[f], weights[f]) for f in folds]
    found = first_readout(moments, mask, judge)
    assert np.isinf(best) == (noise > 100)
    if np.isinf(best):
        assert not found.weights.any()
        np.testing.assert_allclose(found.biases, rest.mean(axis=(0, 1)))
    else:
        coef, _ = plain_ridge(activity, rest, weights, mask, best)
        np.testing.assert_allclose(found.weights, coef, rtol=1e-8)


def test_errors_of_all_steps_ahead_count_by_their_ratios():
    """Half the small error of the first step outweighs a tenth more of the large one after it."""
    moments = [ActivityMoments.of(*some_moments(seed)) for seed in range(3)]
    mask = np.ones((3, 5), dtype=bool)

    def judge(number, readout: Readout):
        del number
        return np.array([0.05, 110.0]) if readout.weights.any() else np.array([0.1, 100.0])

    assert first_readout(moments, mask, judge).weights.any()


def test_the_number_of_threads_changes_no_bit():
    rng = np.random.default_rng(0)
    activity, rest = rng.standard_normal((20, 50, 300)), rng.standard_normal((20, 50, 7))

    def fitted():
        moments = ActivityMoments.of(activity, rest, np.ones((20, 50)))
        return moments.fit(np.ones((7, 300), dtype=bool), (1.0,))[0]

    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            found.append(fitted())
    np.testing.assert_array_equal(found[0].weights, found[1].weights)
    np.testing.assert_array_equal(found[0].biases, found[1].biases)


def test_what_would_take_longer_than_a_training_is_left():
    assert is_affordable(np.ones((300, 1024), dtype=bool))
    assert not is_affordable(np.ones((3, 20_000), dtype=bool))
    assert not is_affordable(np.eye(1024, dtype=bool))


# -------------------------------------------------------------- in a fit


def states_of(est, x, burn_in=0):
    return est.hidden_states(x)[:, burn_in:]


def past_alone(x, y, **chosen):
    """Return the estimator at its own past: of signed read-outs the weights start at 0."""
    options = {**STILL, **DIAGONAL, **chosen}
    signs = np.ones(options["n_units"])
    est = DaleRNNRegressor(**options, readout_signs=signs).fit(x, y)
    np.testing.assert_allclose(est.W_out_, 0, atol=1e-10)
    return est


@pytest.mark.parametrize("horizon", [1, 5])
@pytest.mark.parametrize("readout_from", ["state", "rate"])
def test_a_fit_starts_at_a_regression_on_its_own_units(horizon, readout_from):
    options = {"horizon": horizon, "burn_in": 3, "readout_from": readout_from}
    est = DaleRNNRegressor(**STILL, **DIAGONAL, **options).fit(X, Y)
    before = past_alone(X, Y, **options)
    rest = (Y - before.predict(X))[:, 3:]
    activity = est.hidden_states(X, kind=readout_from)[:, 3:]
    mask, weights = np.ones((4, N_UNITS), dtype=bool), np.ones(activity.shape[:2])
    ridges = [plain_ridge(activity, rest, weights, mask, ridge)[0] for ridge in RIDGES]
    distances = [np.abs(est.W_out_ - each).max() for each in ridges]
    assert min(distances) < 1e-6 < sorted(distances)[1]
    assert est.score(X, Y) > before.score(X, Y) + 0.05
    x, y = ring(seed=1)
    assert est.score(x, y) > before.score(x, y) + 0.05


def test_masks_of_the_read_out_hold():
    mask = np.random.default_rng(0).random((4, N_UNITS)) < 0.5
    est = DaleRNNRegressor(**STILL, **DIAGONAL, readout_mask=mask).fit(X, Y)
    np.testing.assert_array_equal(est.W_out_ != 0, mask)
    assert est.score(X, Y) > past_alone(X, Y).score(X, Y) + 0.05


def test_a_read_out_that_is_given_or_signed_has_no_such_start():
    frozen = DaleRNNRegressor(**STILL, **DIAGONAL, frozen=("W_out",)).fit(X, Y)
    drawn = DaleRNNRegressor(**STILL, frozen=("W_out",)).fit(X, 0 * Y)
    np.testing.assert_array_equal(frozen.W_out_, drawn.W_out_)
    of_units = DaleRNNRegressor(**STILL, **DIAGONAL, observed=[0, 1, 2, 3]).fit(X, Y)
    np.testing.assert_array_equal(of_units.W_out_, np.eye(4, N_UNITS))
    without_bias = DaleRNNRegressor(**STILL, **DIAGONAL, frozen=("b_out",)).fit(X, Y)
    np.testing.assert_allclose(without_bias.W_out_, 0, atol=1e-10)


def test_too_few_trials_to_choose_by_start_at_the_own_past():
    est = DaleRNNRegressor(**STILL, **DIAGONAL).fit(X[:4], Y[:4])
    np.testing.assert_allclose(est.W_out_, 0, atol=1e-10)


def test_channels_that_nothing_tells_about_start_at_their_own_past():
    x, y = ring(coupling=0.0, n_trials=8, seed=3)
    noise = np.random.default_rng(4).standard_normal(y.shape) * 10
    est = DaleRNNRegressor(**STILL, readout_skip="diagonal").fit(x, noise)
    np.testing.assert_allclose(est.W_out_, 0, atol=1e-10)


@pytest.mark.parametrize("horizon", [1, 5])
def test_ragged_trials_and_gaps_are_what_they_would_be_without_padding(horizon):
    rng = np.random.default_rng(5)
    lengths = rng.integers(8, 21, len(X))
    options = {**STILL, **DIAGONAL, "horizon": horizon, "burn_in": 2}
    x = [trial[:n] for trial, n in zip(X, lengths, strict=True)]
    y = [trial[:n] for trial, n in zip(Y, lengths, strict=True)]
    ragged = DaleRNNRegressor(**options).fit(x, y)
    padded_y = np.where(np.arange(20)[:, None] < lengths[:, None, None], Y, np.nan)
    padded_x = np.where(np.isnan(padded_y), 0.0, X)
    padded = DaleRNNRegressor(**options).fit(padded_x, padded_y)
    np.testing.assert_allclose(ragged.W_out_, padded.W_out_, rtol=1e-6, atol=1e-9)
    assert ragged.W_out_.any()


def test_steps_at_which_an_output_is_missing_are_left_out_for_all():
    y = Y.copy()
    y[3, 4:9, 1] = np.nan
    est = DaleRNNRegressor(**STILL, **DIAGONAL).fit(X, y)
    rest = Y - past_alone(X, y).predict(X)
    weights = np.ones(X.shape[:2])
    weights[3, 4:9] = 0
    mask = np.ones((4, N_UNITS), dtype=bool)
    ridges = [plain_ridge(states_of(est, X), rest, weights, mask, r)[0] for r in RIDGES]
    assert min(np.abs(est.W_out_ - each).max() for each in ridges) < 1e-6


def test_initial_rates_of_every_trial_may_be_learned_beside_it():
    est = DaleRNNRegressor(**STILL, **DIAGONAL, initial_state="per trial", horizon=5).fit(X, Y)
    plain = DaleRNNRegressor(**STILL, **DIAGONAL, horizon=5).fit(X, Y)
    np.testing.assert_allclose(est.W_out_, plain.W_out_, atol=1e-8)
    assert est.W_out_.any()


def test_cell_types_start_so_where_their_read_out_is_free():
    types = CellTypeRNNRegressor(**STILL, **DIAGONAL).fit(X, Y)
    signed = types.get_params()["readout_signs"] is not None or "W_out" in types.frozen
    assert signed or types.W_out_.any()


@pytest.mark.filterwarnings("error")
def test_regressions_that_explode_in_a_loop_are_not_chosen():
    activity, rest, weights = some_moments()
    folds = [
        ActivityMoments.of(*(part[k : k + 2] for part in (activity, rest, weights)))
        for k in (0, 2, 4)
    ]

    def judge(fold, readout):
        return np.full(3, np.finfo(float).max if readout.weights.any() else 1.0)

    assert not first_readout(folds, np.ones((3, 5), dtype=bool), judge).weights.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activity_that_explodes_is_left_to_the_training_to_refuse(dtype):
    long = ring(n_trials=6, n_steps=120)
    options = {**STILL, "spectral_radius": 1e3, "activation": "relu", "frozen": ("W_rec",)}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # of NumPy
        with pytest.raises(ValueError, match=r"became (non-finite|infinite)"):
            DaleRNNRegressor(**options, **DIAGONAL).fit(*(part.astype(dtype) for part in long))


# -------------------------------------------------------------- the start may be the best


def test_early_stopping_keeps_a_start_that_training_only_spoils():
    options = {**STILL, **DIAGONAL, "early_stopping": True}
    start = DaleRNNRegressor(**options).fit(X, Y)
    spoilt = DaleRNNRegressor(
        **{**options, "learning_rate_init": 1.0, "max_iter": 4, "n_iter_no_change": 3}
    ).fit(X, Y)
    for name in ("W_rec_", "W_in_", "W_out_", "b_out_", "w_skip_"):
        np.testing.assert_allclose(getattr(spoilt, name), getattr(start, name), atol=1e-10)
    assert spoilt.n_iter_ == len(spoilt.validation_scores_) == 3
    assert len(spoilt.validation_loss_curve_) == 3
    assert max(spoilt.validation_scores_) < start.validation_scores_[0]


def test_a_start_that_training_betters_is_not_kept():
    options = {**STILL, **DIAGONAL, "early_stopping": True, "max_iter": 20}
    est = DaleRNNRegressor(**{**options, "learning_rate_init": 1e-3}).fit(X, Y)
    start = DaleRNNRegressor(**{**options, "max_iter": 1}).fit(X, Y)
    assert max(est.validation_scores_) > start.validation_scores_[0]
    assert np.abs(est.W_rec_ - start.W_rec_).max() > 1e-4


def test_a_network_that_starts_from_nothing_has_to_train():
    options = {**STILL, "early_stopping": True, "learning_rate_init": 1.0, "max_iter": 2}
    est = DaleRNNRegressor(**options).fit(X, Y)
    start = DaleRNNRegressor(**{**options, "learning_rate_init": 1e-14}).fit(X, Y)
    assert np.abs(est.W_out_ - start.W_out_).max() > 0.1


def test_a_fit_that_goes_on_is_not_begun_anew():
    options = {**STILL, **DIAGONAL, "early_stopping": True, "warm_start": True}
    est = DaleRNNRegressor(**{**options, "learning_rate_init": 1.0}).fit(X, Y)
    before = est.W_out_.copy()
    est.set_params(learning_rate_init=1.0).fit(X, Y)
    assert len(est.validation_scores_) == len(est.validation_loss_curve_) == est.n_iter_ == 2
    assert np.abs(est.W_out_ - before).max() > 0.1
