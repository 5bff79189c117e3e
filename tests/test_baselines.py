"""Baselines against processes whose law is known, loops, and regressions of other libraries."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contract import run_check
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks, get_tags

from sk_biornn.baselines import ARBaseline, MeanBaseline, Persistence, RidgeVAR
from sk_biornn.baselines._least_squares import Moments, left_out_errors, ridge, total
from sk_biornn.model_selection import BlockedTimeSeriesSplit

MATRIX = np.array([[0.8, 0.0, 0.0], [0.4, 0.5, 0.0], [0.0, -0.3, 0.6]])
ALL = [Persistence(), MeanBaseline(), ARBaseline(order=2), RidgeVAR(order=2, alpha=0.1)]
NAMES = ["persistence", "mean", "AR", "VAR"]


def process(n_trials=6, n_steps=40, seed=0, noise=1.0):
    """Trials of a linear process [post, pre], inputs and next steps."""
    rng = np.random.default_rng(seed)
    x = np.zeros((n_trials, n_steps + 1, 3))
    x[:, 0] = rng.standard_normal((n_trials, 3))
    for t in range(n_steps):
        x[:, t + 1] = 1 + x[:, t] @ MATRIX.T + noise * rng.standard_normal((n_trials, 3))
    return x[:, :-1], x[:, 1:]


X, Y = process()


def lagged(x, order):
    """Frames that lead to each step, the latest first, (n_steps, order * n_features)."""
    rows = []
    for t in range(len(x)):
        rows.append(np.concatenate([x[max(t - lag, 0)] for lag in range(order)]))
    return np.array(rows)


# ------------------------------------------------------------------ what is learnt


def test_the_law_of_a_process_without_noise_is_found_and_run_on():
    x, y = process(noise=0.0)
    model = RidgeVAR(alpha=0.0).fit(x, y)
    np.testing.assert_allclose(model.coef_[0], MATRIX, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, 1, atol=1e-8)
    state, expected = x[:, 9], []
    for _ in range(15):
        state = 1 + state @ MATRIX.T
        expected.append(state)
    found = model.forecast(x[:, :10], 15)
    np.testing.assert_allclose(found, np.stack(expected, axis=1), atol=1e-6)


@pytest.mark.parametrize("order", [1, 3])
def test_ar_is_the_regression_on_each_channels_own_past(order):
    model = ARBaseline(order=order).fit(X, Y)
    for k in range(3):
        rows = np.concatenate([lagged(x[:, [k]], order)[order - 1 :] for x in X])
        expected = LinearRegression().fit(rows, Y[:, order - 1 :, k].ravel())
        np.testing.assert_allclose(model.coef_[k], expected.coef_, atol=1e-9)
        np.testing.assert_allclose(model.intercept_[k], expected.intercept_, atol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1e9])
def test_var_minimises_what_it_says(order, masked, alpha):
    """Against scikit-learn's ridge, whose features are scaled by their penalty."""
    mask = np.random.default_rng(1).random((3, 3)) < 0.5 if masked else None
    model = RidgeVAR(order, alpha, mask).fit(X, Y)
    rows = np.concatenate([lagged(x, order)[order - 1 :] for x in X])
    targets = Y[:, order - 1 :].reshape(-1, 3)
    for post in range(3):
        own = np.arange(3) == post
        allowed = np.tile(own if mask is None else mask[post] | own, order)
        allowed = np.ones_like(allowed) if mask is None else allowed
        penalty = alpha * len(rows) * rows.var(axis=0) * ~np.tile(own, order)
        scale = np.sqrt(np.maximum(penalty, 1e-7))[allowed]
        expected = Ridge(alpha=1.0, solver="cholesky").fit(
            rows[:, allowed] / scale, targets[:, post]
        )
        found = model.coef_[:, post].ravel()
        np.testing.assert_allclose(found[allowed], expected.coef_ / scale, atol=1e-6)
        assert not found[~allowed].any()
    if alpha == 1e9:
        own = np.diagonal(model.coef_, axis1=1, axis2=2)
        np.testing.assert_allclose(own.T, ARBaseline(order).fit(X, Y).coef_, atol=1e-6)


def test_one_inverse_for_all_outputs_is_as_good_as_a_solution_each():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 12)), rng.standard_normal((50, 6))
    moments = Moments.of(x, y, rng.random(50))
    free = rng.random((6, 12)) < 0.2
    free[0] = False
    for alpha in (1e-4, 1.0, 1e8):
        together = ridge(moments, alpha, None, free)
        alone = ridge(moments, alpha, np.ones((6, 12), dtype=bool), free)
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-10)


def test_errors_of_what_is_left_out_are_those_of_refits():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 4)), rng.standard_normal((60, 2))
    allowed = rng.random((2, 4)) < 0.7
    parts = np.arange(60) % 5
    moments = [Moments.of(x[parts == p], y[parts == p], np.ones(12)) for p in range(5)]
    expected = 0.0
    for p in range(5):
        others = Moments.of(x[parts != p], y[parts != p], np.ones(48))
        coef, intercept = ridge(others, 0.2, allowed)
        expected += ((y[parts == p] - x[parts == p] @ coef - intercept) ** 2).sum(axis=0)
    np.testing.assert_allclose(left_out_errors(moments, 0.2, allowed), expected, rtol=1e-10)
    np.testing.assert_allclose(total(moments).xx, x.T @ x)


def test_the_penalty_that_is_chosen_is_small_where_partners_tell_and_large_where_they_do_not():
    x, y = process(20, 60)
    assert RidgeVAR(alpha="auto").fit(x, y).alpha_ < 0.05
    alone = np.random.default_rng(0).standard_normal((8, 12, 15)).cumsum(axis=1)
    model = RidgeVAR(alpha="auto").fit(alone[:, :-1], alone[:, 1:])
    assert model.alpha_ > 0.5
    assert RidgeVAR(alpha="auto").fit(alone[:1, :-1], alone[:1, 1:]).alpha_ > 0.5  # one trial


def test_units_of_a_channel_do_not_matter():
    scale = np.array([1.0, 1e4, 1e-3])
    for model in (RidgeVAR(alpha=0.5), ARBaseline(alpha=0.5), RidgeVAR(alpha="auto")):
        found = clone(model).fit(X * scale, Y * scale).predict(X * scale)
        np.testing.assert_allclose(found / scale, clone(model).fit(X, Y).predict(X), rtol=1e-7)


def test_a_far_mean_costs_no_precision():
    found = RidgeVAR(alpha=0.1).fit(X + 1e6, Y + 1e6)
    np.testing.assert_allclose(found.coef_, RidgeVAR(alpha=0.1).fit(X, Y).coef_, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 0.1, "auto"])
def test_constant_and_double_channels_are_no_trouble(alpha):
    x = np.concatenate([X, np.full((6, 40, 1), 3.0), X[..., :1]], axis=2)
    y = np.concatenate([Y, np.full((6, 40, 1), 3.0), Y[..., :1]], axis=2)
    for model in (RidgeVAR(alpha=alpha), RidgeVAR(2, alpha, np.ones((5, 5))), ARBaseline(3, alpha)):
        prediction = model.fit(x, y).predict(x)
        np.testing.assert_allclose(prediction[..., 3], 3.0, atol=1e-9)
        np.testing.assert_allclose(prediction[..., 4], prediction[..., 0], atol=1e-6)
        assert model.score(x, y) > 0.3


def test_more_channels_than_steps_are_no_trouble():
    x = np.random.default_rng(0).standard_normal((1, 8, 30))
    model = RidgeVAR(alpha=0.0).fit(x[:, :-1], x[:, 1:])
    np.testing.assert_allclose(model.predict(x[:, :-1]), x[:, 1:], atol=1e-6)


def test_mean_and_persistence():
    assert MeanBaseline().fit(X, Y).score(X, Y) == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_array_equal(Persistence().fit(X, Y).predict(X), X)
    weights = np.random.default_rng(0).random((6, 40))
    mean = np.average(Y.reshape(-1, 3), axis=0, weights=weights.ravel())
    np.testing.assert_allclose(MeanBaseline().fit(X, Y, weights).mean_, mean)


# ------------------------------------------------------------------ what is not scored


@pytest.mark.parametrize("model", ALL[1:], ids=NAMES[1:])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_not_scored_does_not_count(model, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    hidden = rng.random(Y.shape) < data.draw(st.sampled_from([0.0, 0.3]))
    hidden[:, : data.draw(st.integers(0, 5))] = True
    wild = np.where(hidden, 1e9 * rng.standard_normal(Y.shape), Y)
    known = clone(model).fit(X, np.ma.masked_array(wild, hidden))
    blank = clone(model).fit(X, np.where(hidden, np.nan, Y))
    np.testing.assert_array_equal(known.predict(X), blank.predict(X))
    assert known.score(X, np.where(hidden, np.nan, Y)) == blank.score(
        X, np.ma.masked_array(wild, hidden)
    )


def test_each_output_is_learnt_from_its_own_scored_steps():
    y = Y.copy()
    y[:3, :, 1] = np.nan
    for model in (ARBaseline(2), RidgeVAR(2, 0.1), MeanBaseline()):
        whole, part, found = (clone(model).fit(*data) for data in ((X, Y), (X[3:], Y[3:]), (X, y)))
        expected = whole.predict(X)
        expected[..., 1] = part.predict(X)[..., 1]
        if isinstance(model, RidgeVAR):  # variances of the penalty are those of the scored steps
            np.testing.assert_allclose(found.predict(X)[..., [0, 2]], expected[..., [0, 2]])
        np.testing.assert_allclose(found.predict(X), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_lists_padding_and_frames_are_the_same_trials(model):
    lengths = [40, 10, 25, 40, 5, 31]
    lists = [x[:n] for x, n in zip(X, lengths, strict=True)]
    targets = [y[:n] for y, n in zip(Y, lengths, strict=True)]
    padded, padded_y = X.copy(), Y.copy()
    for trial, n in enumerate(lengths):
        padded[trial, n:] = np.nan
        padded_y[trial, n:] = np.nan
    frames = [pd.DataFrame(x, columns=list("abc")) for x in lists]
    of_list = clone(model).fit(lists, targets)
    of_array = clone(model).fit(padded, padded_y)
    of_frames = clone(model).fit(frames, [pd.DataFrame(y, columns=list("abc")) for y in targets])
    found = of_list.predict(lists)
    assert found.dtype == object and [len(p) for p in found] == lengths
    for a, b, c, n in zip(
        found, of_array.predict(padded), of_frames.predict(frames), lengths, strict=True
    ):
        np.testing.assert_array_equal(a, b[:n])
        np.testing.assert_array_equal(a, c)
        assert np.isnan(b[n:]).all()
    forecasts = of_list.forecast(lists, 4)
    np.testing.assert_array_equal(forecasts, of_array.forecast(padded, 4))
    np.testing.assert_array_equal(forecasts[:, 0], [p[-1] for p in found])
    assert of_list.score(lists, targets) == of_array.score(padded, padded_y)
    assert of_frames.feature_names_in_.tolist() == of_frames.output_names_.tolist() == list("abc")


# ------------------------------------------------------------------ forecasts


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_a_forecast_is_predict_called_again_and_again(model):
    model = clone(model).fit(X, Y)
    x, expected = X[:, :7], []
    for _ in range(6):
        expected.append(model.predict(x)[:, -1])
        x = np.concatenate([x, expected[-1][:, None]], axis=1)
    np.testing.assert_allclose(model.forecast(X[:, :7], 6), np.stack(expected, axis=1), rtol=1e-12)
    short = model.forecast(X[:, :1], 3)  # fewer frames than the order
    np.testing.assert_allclose(short[:, 0], model.predict(X[:, :1])[:, 0])


def test_inputs_of_the_future_are_read():
    y = Y[..., [1]]
    model = RidgeVAR(2, 0.1, feedback=[1]).fit(X, y)
    x, expected = X[:, :7].copy(), []
    future = X[:, 7:12].copy()
    for step in range(6):
        expected.append(model.predict(x)[:, -1])
        if step < 5:
            frame = future[:, step].copy()
            frame[:, 1] = expected[-1][:, 0]
            x = np.concatenate([x, frame[:, None]], axis=1)
    future[..., 1] = np.nan  # fed back, not read
    for inputs in (future, future[..., [0, 2]]):
        found = model.forecast(X[:, :7], 6, future=inputs)
        np.testing.assert_allclose(found, np.stack(expected, axis=1))
    assert model.forecast(X, 1).shape == (6, 1, 1)
    with pytest.raises(
        ValueError, match=r"future must have shape \(6, 5, 2\): .* \[0, 2\] .* None"
    ):
        model.forecast(X, 6)
    with pytest.raises(ValueError, match=r"future must have shape .* got shape \(6, 4, 2\)"):
        model.forecast(X, 6, future=future[:, :4])
    with pytest.raises(ValueError, match="no output continues; got NaN or infinity"):
        model.forecast(X, 6, future=np.full_like(future, np.nan))
    alone = ARBaseline(feedback=[1]).fit(X, y)
    assert alone.forecast(X, 6).shape == (6, 6, 1)  # reads nothing else
    np.testing.assert_array_equal(
        RidgeVAR(mask=np.zeros((1, 3)), feedback=[1]).fit(X, y).forecast(X, 6).round(9),
        alone.forecast(X, 6).round(9),
    )


def test_frames_go_on_where_they_end():
    frames = [
        pd.DataFrame(x, columns=list("abc"), index=pd.Index(0.5 * np.arange(40), name="time"))
        for x in X
    ]
    targets = [frame[["b"]] for frame in frames]
    model = RidgeVAR(mask=np.zeros((1, 3))).fit(frames, targets)
    found = model.forecast(frames, 3)
    assert found[2].columns.tolist() == ["b"] and found[2].index.tolist() == [20.0, 20.5, 21.0]
    one = model.forecast(frames[2], 3)
    pd.testing.assert_frame_equal(one, found[2])
    arrays = [frame.to_numpy() for frame in frames]
    plain = RidgeVAR(mask=np.zeros((1, 3)), feedback=[1]).fit(
        arrays, [t.to_numpy() for t in targets]
    )
    np.testing.assert_array_equal(one, plain.forecast(arrays, 3)[2])


def test_an_unstable_one_does_not_warn():
    x = 2.0 ** np.arange(12).reshape(1, 12, 1)
    assert np.isinf(ARBaseline().fit(x[:, :-1], x[:, 1:]).forecast(x, 2000)[0, -1, 0])


def test_own_columns_go_by_name():
    frames = [pd.DataFrame(x, columns=list("abc")) for x in X]
    targets = [pd.DataFrame(y, columns=list("abc"))[["c", "a"]] for y in Y]
    model = Persistence().fit(frames, targets)
    assert model.own_features_.tolist() == [2, 0]
    assert Persistence(feedback=["b", 2]).fit(frames, targets).own_features_.tolist() == [1, 2]
    other = [t.set_axis(["u", "v"], axis=1) for t in targets]
    with pytest.raises(ValueError, match="feedback must say which column of X each output goes on"):
        Persistence().fit(frames, other)
    mask = pd.DataFrame(True, index=["a", "c"], columns=["c", "b", "a"])
    mask.loc["c", "b"] = mask.loc["a", "c"] = mask.loc["a", "b"] = False
    coef = RidgeVAR(mask=mask).fit(frames, targets).coef_[0]
    assert (coef != 0).tolist() == [[True, False, True], [True, False, False]]
    with pytest.raises(ValueError, match="mask must have the same names as"):
        RidgeVAR(mask=mask.rename(columns={"a": "z"})).fit(frames, targets)


# ------------------------------------------------------------------ conduct


@pytest.mark.parametrize("model", ALL, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_that_of_x(model, dtype):
    model = clone(model).fit(X.astype(dtype), Y.astype(dtype))
    assert model.predict(X.astype(dtype)).dtype == dtype
    assert model.forecast(X.astype(dtype), 2).dtype == dtype


@pytest.mark.parametrize("model", ALL, ids=NAMES)
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_mixin_order,
        estimator_checks.check_requires_y_none,
    ],
    ids=lambda check: check.__name__,
)
def test_checks_of_scikit_learn_that_need_no_table(model, check):
    run_check(check, type(model).__name__, clone(model))


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_it_is_a_regressor_on_trials(model):
    tags = get_tags(model)
    assert is_regressor(model) and tags.input_tags.three_d_array
    assert not tags.input_tags.two_d_array and tags.target_tags.multi_output
    with pytest.raises(NotFittedError):
        clone(model).predict(X)
    with pytest.raises(NotFittedError):
        clone(model).forecast(X, 2)
    cv = BlockedTimeSeriesSplit(3, gap=1)
    assert np.isfinite(cross_val_score(model, X, Y, cv=cv)).all()
    with pytest.raises(ValueError, match="got two axes: pass X"):
        clone(model).fit(X[0], Y[0])
    with pytest.raises(ValueError, match="y must have targets at every step"):
        clone(model).fit(X, Y[:, -1])
    with pytest.raises(ValueError, match="at least one entry that is not NaN"):
        clone(model).fit(X, np.full_like(Y, np.nan))
    fitted = clone(model).fit(X, Y)
    for wrong in (0, -1, 1.5, "a"):
        with pytest.raises((ValueError, TypeError), match="n_steps must be an integer"):
            fitted.forecast(X, wrong)
    with pytest.raises(ValueError, match="y must have 3 outputs"):
        fitted.score(X, Y[..., :2])
    before = fitted.predict(X)
    with pytest.raises(ValueError, match="NaN"):
        fitted.fit(np.where(X > 0, np.nan, X)[..., :2], Y)
    np.testing.assert_array_equal(fitted.predict(X), before)


@pytest.mark.parametrize(
    "model, words",
    [
        (ARBaseline(order=0), "order must be an integer of at least 1, got 0"),
        (ARBaseline(order=50), "order must be at most the number of the last step .* 40, got 50"),
        (RidgeVAR(alpha=-1.0), "alpha must be a number of at least 0, got -1"),
        (RidgeVAR(alpha="gcv"), "alpha must be a number of at least 0 or 'auto', got 'gcv'"),
        (RidgeVAR(mask=np.ones((2, 3))), r"mask must be bool of shape .*\(3, 3\), \[post, pre\]"),
        (RidgeVAR(mask=np.full((3, 3), 2)), "mask must be bool of shape .* got other values"),
        (Persistence(feedback=[0, 1]), "feedback must name one column of X for each of the 3"),
        (Persistence(feedback=[0, 1, 1]), "feedback must name one column of X for each of the 3"),
        (Persistence(feedback=[0, 1, 5]), "feedback must name one column of X .* below 3, got 5"),
        (Persistence(feedback=["a", "b", "c"]), "feedback must name one column .* got 'a'"),
    ],
)
def test_what_does_not_fit_is_refused(model, words):
    with pytest.raises(ValueError, match=words):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="feedback must say which column of X"):
        Persistence().fit(X, Y[..., :2])
    with pytest.raises(TypeError, match="feedback must name one column of X"):
        Persistence(feedback=3).fit(X, Y)


def test_order_and_penalty_can_be_searched():
    cv = BlockedTimeSeriesSplit(3)
    grid = {"order": [1, 2], "alpha": [0.01, 100.0]}
    search = GridSearchCV(RidgeVAR(), grid, cv=cv).fit(*process(12))
    assert search.best_params_["alpha"] == 0.01
