"""The own past of channels: its running means, and its regression, at which training starts."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from sk_biornn import CellTypeRNNRegressor, DaleRNNRegressor
from sk_biornn.core.own_past import TIME_CONSTANTS, own_past, with_own_past
from sk_biornn.estimators._next_inputs import (
    are_next_inputs,
    columns_continued,
    goes_straight_on,
    r2_of_no_change,
)
from sk_biornn.estimators._own_past import N_MEANS, RIDGES, PastOfOutputs
from sk_biornn.estimators._trials import Trials

STILL = {"learning_rate_init": 1e-14, "max_iter": 1, "n_units": 4, "random_state": 0}
PAST_ALONE = {**STILL, "readout_signs": np.ones(4)}  # weights of signed read-outs start at 0


def recording(n_trials=12, n_steps=16, n_features=3, seed=0):
    """Channels of which each remembers, the more the later it comes."""
    rng = np.random.default_rng(seed)
    memory = np.linspace(0.5, 0.95, n_features)
    x = np.zeros((n_trials, n_steps + 1, n_features))
    x[:, 0] = rng.standard_normal((n_trials, n_features))
    for t in range(n_steps):
        x[:, t + 1] = memory * x[:, t] + 0.3 * rng.standard_normal((n_trials, n_features)) + 0.1
    return x[:, :-1], x[:, 1:]


X, Y = recording()


def running_means(x):
    """Return the means of one channel (n_steps,), step by step: (n_steps, 4)."""
    means = np.full(4, x[0])
    found = []
    for value in x:
        for k, tau in enumerate((2.0, 4.0, 8.0, 16.0)):
            kept = math.exp(-1 / tau)
            means[k] = kept * means[k] + (1 - kept) * value
        found.append(means.copy())
    return np.array(found)


def plain_terms(x, n_terms):
    """Return present inputs and differences of the means: (n_trials, n_steps, n_terms, n)."""
    terms = np.zeros((*x.shape[:2], n_terms, x.shape[2]))
    terms[:, :, 0] = x
    for b, k in itertools.product(range(len(x)), range(x.shape[2])):
        means = running_means(x[b, :, k])
        terms[b, :, 1:, k] = means[:, : n_terms - 1] - x[b, :, k, None]
    return terms


# -------------------------------------------------------------- running means


@pytest.mark.parametrize("n_terms", [1, 2, 5])
def test_terms_are_the_present_and_running_means_less_it(n_terms):
    found, _ = own_past(torch.tensor(X), n_terms, None)
    np.testing.assert_allclose(found.numpy(), plain_terms(X, n_terms), atol=1e-12)
    assert TIME_CONSTANTS == (2.0, 4.0, 8.0, 16.0)


@given(st.integers(1, 15), st.sampled_from([1, 3, 5]), st.booleans())
def test_in_two_parts_it_is_the_same(cut, n_terms, increments):
    x = torch.tensor(X)
    w = torch.randn(n_terms, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    read = torch.zeros_like(x)
    whole, last = with_own_past(read, x, increments, w, None)
    first, carried = with_own_past(read[:, :cut], x[:, :cut], increments, w, None)
    second, end = with_own_past(read[:, cut:], x[:, cut:], increments, w, carried)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    if n_terms > 1:
        torch.testing.assert_close(end, last)
    expected = np.einsum("btkn,kn->btn", plain_terms(X, n_terms), w.numpy()) + increments * X
    np.testing.assert_allclose(whole.numpy(), expected, atol=1e-10)


def test_a_channel_that_does_not_change_has_no_past():
    found, _ = own_past(torch.full((2, 5, 1), 3.0), 5, None)
    assert not found[:, :, 1:].any() and (found[:, :, 0] == 3).all()


# -------------------------------------------------------------- the regression


def weighted_ridge(terms, y, weight, strength):
    """Solve it as one system: of one output, with an intercept that is not penalised."""
    n_terms = terms.shape[1]
    rows = np.column_stack([terms, np.ones(len(terms))]) * np.sqrt(weight)[:, None]
    penalty = np.sqrt(np.diag([*strength, 0.0]))
    A = np.vstack([rows, penalty])
    b = np.concatenate([y * np.sqrt(weight), np.zeros(n_terms + 1)])
    solution = np.linalg.lstsq(A, b, rcond=None)[0]
    return solution[:-1], solution[-1]


@given(st.integers(0, 99), st.sampled_from([1, 5]), st.booleans())
def test_where_nothing_is_to_choose_it_is_a_weighted_ridge_regression(seed, n_terms, increments):
    rng = np.random.default_rng(seed)
    terms = rng.standard_normal((4, 6, n_terms, 2))
    y, weights = rng.standard_normal((4, 6, 2)), rng.integers(0, 3, (4, 6, 2)).astype(float)
    weights[0, 0] = 1
    found = PastOfOutputs.of(terms, y, weights, increments, goes_on=False).fit()
    for k in range(2):
        flat, w = terms[..., k].reshape(-1, n_terms), weights[..., k].ravel()
        w = w / w.sum()
        variances = w @ (flat - w @ flat) ** 2
        strength = np.zeros(n_terms)
        strength[1:] = 1e-2 * variances[1:].mean() if n_terms > 1 else 0.0
        slopes, intercept = weighted_ridge(flat, y[..., k].ravel(), w, strength)
        np.testing.assert_allclose(found.slopes[:, k], slopes, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(found.intercepts[k], intercept, rtol=1e-6, atol=1e-9)


def test_without_terms_it_is_the_weighted_mean():
    y = np.arange(24.0).reshape(2, 6, 2)
    weights = np.ones_like(y)
    weights[0] = 0
    found = PastOfOutputs.of(np.zeros((2, 6, 0, 2)), y, weights, True, True).fit()
    np.testing.assert_allclose(found.intercepts, y[1].mean(axis=0))
    assert found.slopes.shape == (0, 2)


def plain_free_runs(x, y, increments):
    """Return the error of free runs over unseen trials of every candidate, by brute force."""
    candidates = [(0, 0.0), *itertools.product(N_MEANS[1:], RIDGES)]
    terms = plain_terms(x, 5)
    targets = y - x if increments else y
    n_steps, errors = x.shape[1], np.zeros(len(candidates))
    ahead = min(10, n_steps)
    starts = range(0, n_steps - ahead + 1, max(1, ahead // 2))
    for fold in np.array_split(np.arange(len(x)), 5):
        rest = np.setdiff1d(np.arange(len(x)), fold)
        for number, (n_means, ridge) in enumerate(candidates):
            for k in range(x.shape[2]):
                flat = terms[rest][:, :, : 1 + n_means, k].reshape(-1, 1 + n_means)
                w = np.full(len(flat), 1 / len(flat))
                strength = np.zeros(1 + n_means)
                if n_means:
                    strength[1:] = ridge * flat.var(axis=0)[1:].mean()
                slopes, intercept = weighted_ridge(
                    flat, targets[rest][:, :, k].ravel(), w, strength
                )
                for b, start in itertools.product(fold, starts):
                    series = list(x[b, : start + 1, k])
                    for step in range(ahead):
                        means = running_means(np.array(series))[-1]
                        now = np.concatenate([[series[-1]], means[:n_means] - series[-1]])
                        guess = now @ slopes + intercept + (series[-1] if increments else 0)
                        errors[number] += (guess - y[b, start + step, k]) ** 2
                        series.append(guess)
    return candidates, errors


@pytest.mark.parametrize("increments", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_free_runs_choose_how_much_of_the_past_is_used(increments, seed):
    x, y = recording(6, 12, 2, seed)
    candidates, errors = plain_free_runs(x, y, increments)
    n_means, ridge = candidates[int(np.argmin(errors))]
    terms = plain_terms(x, 5)
    targets = y - x if increments else y
    found = PastOfOutputs.of(terms, targets, np.ones_like(y), increments, goes_on=True).fit()
    for k in range(2):
        flat = terms[:, :, : 1 + n_means, k].reshape(-1, 1 + n_means)
        strength = np.zeros(1 + n_means)
        if n_means:
            strength[1:] = ridge * flat.var(axis=0)[1:].mean()
        w = np.full(len(flat), 1 / len(flat))
        slopes, intercept = weighted_ridge(flat, targets[:, :, k].ravel(), w, strength)
        np.testing.assert_allclose(found.slopes[: 1 + n_means, k], slopes, rtol=1e-5, atol=1e-8)
        assert not found.slopes[1 + n_means :, k].any()
        np.testing.assert_allclose(found.intercepts[k], intercept, atol=1e-8)


# -------------------------------------------------------------- where training starts


def ar1(x, y, weights=None):
    """Return predictions of one regression per channel."""
    found = np.zeros_like(y)
    for k in range(x.shape[2]):
        own = x[:, :, k].reshape(-1, 1)
        known = np.isfinite(y[:, :, k].ravel())
        w = np.ones(len(own)) if weights is None else weights[:, :, k].ravel()
        line = LinearRegression().fit(own[known], y[:, :, k].ravel()[known], w[known])
        found[:, :, k] = line.predict(own).reshape(x.shape[:2])
    return found


@pytest.mark.parametrize("increments", [False, True])
def test_training_starts_at_an_ar1(increments):
    est = DaleRNNRegressor(readout_skip="present", predict_increments=increments, **STILL)
    est.fit(X, Y)
    np.testing.assert_allclose(est.predict(X), ar1(X, Y), atol=1e-6)
    np.testing.assert_allclose(est.W_out_, 0, atol=1e-10)
    assert est.w_skip_.shape == (1, 3)
    assert est.loss_curve_[0] == pytest.approx(np.mean((ar1(X, Y) - Y) ** 2))
    single = DaleRNNRegressor(**est.get_params()).fit(X.astype(np.float32), Y)
    np.testing.assert_allclose(single.predict(X), ar1(X, Y), atol=1e-4)


def test_increments_alone_start_at_no_change_and_the_mean_drift():
    est = DaleRNNRegressor(predict_increments=True, **STILL).fit(X, Y)
    drift = (Y - X).mean(axis=(0, 1))
    np.testing.assert_allclose(est.predict(X), X + drift, atol=1e-10)
    assert not hasattr(est, "w_skip_")


@pytest.mark.parametrize("increments", [False, True])
def test_both_ways_start_at_the_same_predictions(increments):
    """Whether increments are learned or not, what is there of the own past is in the model."""
    est = DaleRNNRegressor(readout_skip="diagonal", predict_increments=increments, **PAST_ALONE)
    est.fit(X, Y)
    assert est.w_skip_.shape == (5, 3)
    terms = plain_terms(X, 5)
    past = PastOfOutputs.of(terms, Y, np.ones_like(Y), increments=False, goes_on=True).fit()
    expected = np.einsum("btkn,kn->btn", terms, past.slopes) + past.intercepts
    np.testing.assert_allclose(est.predict(X), expected, atol=1e-8)


def test_what_is_not_judged_does_not_count():
    y = Y.copy()
    y[2:4, :, 1] = np.nan
    y[:, 5, 0] = np.nan
    weights = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    options = {"readout_skip": "present", "burn_in": 4, **STILL}
    est = DaleRNNRegressor(**options).fit(X, y, weights)
    judged = np.where(np.arange(16)[:, None] < 4, np.nan, y)
    expected = ar1(X, judged, np.broadcast_to(weights[:, None, None], y.shape))
    np.testing.assert_allclose(est.predict(X), expected, atol=1e-6)
    lengths = np.random.default_rng(2).integers(6, 17, len(X))
    ragged = DaleRNNRegressor(**options).fit(
        [x[:n] for x, n in zip(X, lengths, strict=True)],
        [t[:n] for t, n in zip(y, lengths, strict=True)],
    )
    judged[np.arange(16) >= lengths[:, None]] = np.nan
    np.testing.assert_allclose(ragged.predict(X), ar1(X, judged), atol=1e-6)


def test_validation_trials_have_no_part_in_it():
    held = slice(8, 12)
    est = DaleRNNRegressor(readout_skip="present", early_stopping=True, **STILL)
    est.fit(X[:8], Y[:8], validation=(X[held], Y[held] + 100))
    np.testing.assert_allclose(est.predict(X[:8]), ar1(X[:8], Y[:8]), atol=1e-6)


def test_outputs_continue_their_own_columns():
    est = DaleRNNRegressor(readout_skip="present", feedback=[2, 0], **STILL)
    est.fit(X, Y[:, :, [2, 0]])
    np.testing.assert_allclose(est.predict(X), ar1(X[:, :, [2, 0]], Y[:, :, [2, 0]]), atol=1e-6)


def test_a_frozen_read_out_stays_as_it_is():
    plain = DaleRNNRegressor(**{**STILL, "max_iter": 1}, frozen=("W_out", "b_out")).fit(X, 0 * Y)
    est = DaleRNNRegressor(readout_skip="present", frozen=("W_out", "b_out"), **STILL).fit(X, Y)
    np.testing.assert_array_equal(est.W_out_, plain.W_out_)
    np.testing.assert_array_equal(est.b_out_, plain.b_out_)
    assert est.W_out_.any()
    types = CellTypeRNNRegressor(readout_skip="present", **{**STILL, "n_units": 6})
    types.fit(X[:, :, :2], Y[:, :, :2])
    assert types.W_out_.any() and types.w_skip_.shape == (1, 2)


def test_channels_and_targets_that_never_change():
    x, y = X.copy(), Y.copy()
    x[:, :, 1], y[:, :, 1] = 2.0, 2.0
    for skip in ("present", "diagonal"):
        for increments in (False, True):
            est = DaleRNNRegressor(readout_skip=skip, predict_increments=increments, **STILL)
            predicted = est.fit(x, y).predict(x)
            assert np.isfinite(predicted).all() and np.isfinite(est.w_skip_).all()
            np.testing.assert_allclose(predicted[:, :, 1], 2.0, atol=1e-6)
    missing = np.where(np.arange(3) == 1, np.nan, Y)
    est = DaleRNNRegressor(readout_skip="diagonal", **STILL).fit(X, missing)
    assert np.isfinite(est.predict(X)).all()


def test_one_trial_and_one_step_are_enough():
    for x, y in ((X[:1], Y[:1]), (X[:, :1], Y[:, :1]), (X[:1, :2], Y[:1, :2])):
        est = DaleRNNRegressor(readout_skip="diagonal", predict_increments=True, **STILL)
        assert np.isfinite(est.fit(x, y).forecast(x, 3)).all()


def test_the_unit_of_the_recording_does_not_matter_to_the_start():
    est = DaleRNNRegressor(readout_skip="diagonal", **PAST_ALONE).fit(X, Y)
    scaled = DaleRNNRegressor(readout_skip="diagonal", **PAST_ALONE).fit(1e-6 * X, 1e-6 * Y)
    np.testing.assert_allclose(scaled.predict(1e-6 * X), 1e-6 * est.predict(X), rtol=1e-5)


def test_a_skip_of_another_kind_goes_on_from_what_is_there():
    est = DaleRNNRegressor(readout_skip="present", warm_start=True, **{**STILL, "max_iter": 2})
    est.set_params(learning_rate_init=0.01).fit(X, Y)
    loss = np.mean((est.predict(X) - Y) ** 2)
    wider = pickle.loads(pickle.dumps(est)).set_params(readout_skip="diagonal").partial_fit(X, Y)
    assert wider.loss_curve_[-1] == pytest.approx(loss) and wider.w_skip_.shape == (5, 3)
    back = wider.set_params(readout_skip="present", learning_rate_init=1e-12)
    first = back.w_skip_[0].copy()
    np.testing.assert_allclose(back.partial_fit(X, Y).w_skip_, [first], atol=1e-9)
    plain = DaleRNNRegressor(warm_start=True, **{**STILL, "max_iter": 3}).fit(0 * X, Y)
    loss = np.mean((plain.predict(X) - Y) ** 2)
    plain.set_params(readout_skip="diagonal").partial_fit(X, Y)
    assert plain.loss_curve_[-1] == pytest.approx(loss)
    none = plain.set_params(readout_skip=None).fit(X[:, :, ::-1], Y)
    assert not hasattr(none, "w_skip_")


# -------------------------------------------------------------- what the data say


def test_columns_by_name_number_or_order():
    names = ["a", "b", "c"]
    assert columns_continued(None, 3, 3, None, None).tolist() == [0, 1, 2]
    assert columns_continued(None, 3, 3, names, None).tolist() == [0, 1, 2]
    assert columns_continued(None, 3, 2, names, ["c", "a"]).tolist() == [2, 0]
    assert columns_continued(None, 3, 2, None, ["2", "0"]).tolist() == [2, 0]
    assert columns_continued(None, 3, 3, None, ["x", "y", "z"]).tolist() == [0, 1, 2]
    assert columns_continued(None, 3, 3, names, ["a", "b", "x"]) is None
    assert columns_continued(None, 3, 2, names, None) is None
    assert columns_continued(("c", 0), 3, 2, names, ["x", "y"]).tolist() == [2, 0]
    assert columns_continued(np.array([1]), 3, 1, None, None).tolist() == [1]


def test_next_inputs_are_recognised_to_the_bit():
    own = np.arange(3)
    scored = np.ones_like(Y)
    assert are_next_inputs(X, Y, scored, own)
    assert not are_next_inputs(X, Y, scored, own[::-1])
    assert are_next_inputs(X, Y[:, :, ::-1], scored, own[::-1])
    other = Y.copy()
    other[-1, 3, 2] = np.nextafter(other[-1, 3, 2], 9)
    assert not are_next_inputs(X, other, scored, own)
    scored[-1, 3, 2] = 0
    assert are_next_inputs(X, other, scored, own)
    assert not are_next_inputs(X, Y, np.zeros_like(Y), own)


def test_no_change_has_the_r2_of_persistence():
    from sklearn.metrics import r2_score

    expected = np.mean([r2_score(Y[:, :, k].ravel(), X[:, :, k].ravel()) for k in range(3)])
    assert r2_of_no_change(X, Y, np.ones_like(Y)) == pytest.approx(expected)
    constant = np.zeros_like(Y)
    assert np.isnan(r2_of_no_change(X, constant, np.ones_like(Y)))


def test_curves_go_straight_on_and_recordings_do_not():
    times = np.arange(40) / 10 + np.arange(3)[:, None]
    curve = np.stack([np.sin(times), np.cos(times)], axis=-1)
    assert goes_straight_on(Trials(curve, None))
    assert not goes_straight_on(Trials(X, None))
    rng = np.random.default_rng(0)
    walk = rng.standard_normal((3, 40, 2)).cumsum(axis=1)
    assert not goes_straight_on(Trials(walk, None))
    mixed = np.concatenate([curve, walk], axis=2)
    assert not goes_straight_on(Trials(mixed, None))
    padded = curve.copy()
    padded[:, 30:] = rng.standard_normal((3, 10, 2))
    assert goes_straight_on(Trials(padded, np.array([30, 30, 30])))
