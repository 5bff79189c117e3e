"""Trials scaled, flattened and turned back, in every container."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop, make_go_nogo
from sk_biornn.preprocessing import TrialFlattener, TrialScaler, TrialTargetRegressor

RNG = np.random.default_rng(0)
X = 5 + 3 * RNG.standard_normal((10, 6, 3)) * [1, 10, 0.1]
LENGTHS = np.array([6, 2, 4, 1, 6, 3, 5, 6, 2, 4])
LIST = [trial[:length] for trial, length in zip(X, LENGTHS, strict=True)]
PADDED = np.where(np.arange(6)[:, None] < LENGTHS[:, None, None], X, np.nan)
NAMES = ["a", "b", "c"]
FRAMES = [pd.DataFrame(trial, columns=NAMES, index=0.1 * np.arange(len(trial))) for trial in LIST]
TINY = {"n_units": 5, "max_iter": 2, "random_state": 0}


def in_objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def steps(trials):
    """All steps that are there, one below the other."""
    rows = np.concatenate([np.asarray(trial) for trial in trials])
    return rows[~np.isnan(rows).all(axis=1)]


@pytest.mark.parametrize(
    "transformer", [TrialScaler(), TrialFlattener(), TrialTargetRegressor(Ridge())], ids=repr
)
def test_scikit_learns_checks(transformer):
    """All of them: the one that is skipped is of a library that scikit-learn is not set to use."""
    results = check_estimator(transformer, on_fail=None, on_skip=None)
    assert len(results) > 40
    assert {r["check_name"] for r in results if r["status"] != "passed"} <= {
        "check_array_api_input"
    }


# ------------------------------------------------------------------------------- scaler

CONTAINERS = {
    "three axes": X,
    "padded": PADDED,
    "two axes": X[:, 0],
    "list": LIST,
    "tuple": tuple(LIST),
    "objects": in_objects(LIST),
    "series": pd.Series(LIST),
    "frames": FRAMES,
    "nested": [trial.tolist() for trial in LIST],
    "frame": pd.DataFrame(X[:, 0], columns=NAMES),
    "float32": X.astype(np.float32),
}


@pytest.mark.parametrize("flags", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("kind", CONTAINERS)
def test_the_scaler_is_scikit_learns_on_all_steps(kind, flags):
    given, has_steps = CONTAINERS[kind], kind not in ("two axes", "frame")
    flags = dict(zip(("with_mean", "with_std"), flags, strict=True))
    rows = steps(given if has_steps else [given])
    reference = StandardScaler(**flags).fit(rows)
    scaler = TrialScaler(**flags)
    scaled = scaler.fit_transform(given)
    for name in ("mean_", "scale_", "var_"):
        expected, found = getattr(reference, name), getattr(scaler, name)
        assert (found is None) == (expected is None)
        if expected is not None:
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    of_trials = scaled if has_steps else [scaled]
    tolerance = 1e-4 if kind == "float32" else 1e-10
    np.testing.assert_allclose(steps(of_trials), reference.transform(rows), atol=tolerance)
    back = scaler.inverse_transform(scaled)
    np.testing.assert_allclose(steps(back if has_steps else [back]), rows, rtol=tolerance)


def test_containers_stay_what_they_were():
    scaler = TrialScaler().fit(FRAMES)
    assert scaler.feature_names_in_.tolist() == NAMES
    for trial, frame in zip(scaler.transform(FRAMES), FRAMES, strict=True):
        assert trial.columns.tolist() == NAMES
        assert trial.index.equals(frame.index)
    assert TrialScaler().fit_transform(X.astype(np.float32)).dtype == np.float32
    scaled = TrialScaler().fit_transform(PADDED)
    np.testing.assert_array_equal(np.isnan(scaled), np.isnan(PADDED))
    xarray = pytest.importorskip("xarray")
    given = xarray.DataArray(X, dims=("trial", "time", "cell"), coords={"cell": NAMES})
    scaled = TrialScaler().fit_transform(given)
    assert scaled.coords["cell"].values.tolist() == NAMES
    np.testing.assert_allclose(scaled.values, TrialScaler().fit_transform(X))


def test_given_trials_are_not_changed():
    given = [X.copy(), [trial.copy() for trial in LIST], [frame.copy() for frame in FRAMES]]
    for trials in given:
        TrialScaler().fit_transform(trials)
        TrialFlattener().fit_transform(trials)
    np.testing.assert_array_equal(given[0], X)
    assert all(map(np.array_equal, given[1], LIST))
    assert all(one.equals(two) for one, two in zip(given[2], FRAMES, strict=True))


def test_constant_features_are_not_divided():
    constant = X.copy()
    constant[..., 1] = 7
    scaler = TrialScaler().fit(constant)
    assert scaler.scale_[1] == 1
    assert (scaler.transform(constant)[..., 1] == 0).all()


def test_partial_fits_are_one_fit():
    parts = TrialScaler().partial_fit(X[:4]).partial_fit(list(X[4:6])).partial_fit(X[6:])
    whole = TrialScaler().fit(X)
    np.testing.assert_allclose(parts.mean_, whole.mean_, rtol=1e-12)
    np.testing.assert_allclose(parts.scale_, whole.scale_, rtol=1e-12)
    assert parts.n_samples_seen_ == whole.n_samples_seen_ == 60
    np.testing.assert_allclose(parts.fit(X[:4]).mean_, X[:4].mean(axis=(0, 1)))  # anew


@settings(deadline=None, max_examples=30)
@given(
    arrays.arrays(
        np.float64, st.tuples(*(st.integers(1, 5),) * 3), elements=st.floats(-1e6, 1e6, width=32)
    )
)
def test_scaled_trials_come_back(trials):
    scaler = TrialScaler().fit(trials)
    back = scaler.inverse_transform(scaler.transform(trials))
    np.testing.assert_allclose(back, trials, atol=1e-6)


def test_chosen_output():
    scaler = TrialScaler().set_output(transform="pandas")
    table = clone(scaler).fit_transform(X[:, 0])  # a clone keeps the choice
    assert table.columns.tolist() == ["x0", "x1", "x2"]
    assert scaler.fit_transform(X).shape == X.shape  # a frame has two axes
    assert all(isinstance(trial, pd.DataFrame) for trial in scaler.fit_transform(LIST))
    assert isinstance(scaler.set_output(transform="default").fit_transform(X[:, 0]), np.ndarray)
    with sklearn.config_context(transform_output="pandas"):
        assert TrialFlattener().fit_transform(X[:, :2]).columns.tolist() == [
            f"x{feature}_step{step}" for step in range(2) for feature in range(3)
        ]
        assert TrialScaler().fit_transform(X).shape == X.shape
    network = make_pipeline(TrialScaler(), DaleRNNRegressor(**TINY)).set_output(transform="pandas")
    assert network.fit(X, RNG.standard_normal((10, 3))).predict(X).shape == (10, 3)
    with pytest.raises(ValueError, match=r"^transform must be None or one of"):
        scaler.set_output(transform="polars")


def test_copies_scale_alike():
    scaler = TrialScaler().fit(FRAMES)
    copy = pickle.loads(pickle.dumps(scaler))
    for one, two in zip(scaler.transform(FRAMES), copy.transform(FRAMES), strict=True):
        assert one.equals(two)
    assert not hasattr(clone(scaler), "mean_")
    assert scaler.get_feature_names_out().tolist() == NAMES


BAD_TRIALS = {
    "widths": ([X[0], X[1, :, :2]], "^X must have the same number of features.* in trial 1"),
    "only NaN": (np.where(np.arange(3) == 1, np.nan, X), "^X must have a value.*feature 1"),
    "infinity": (np.where(X > 20, np.inf, X), "X contains infinity"),
    "four axes": (X[None], "dim 4.*n_trials, n_steps, n_features"),
    "masked": (np.ma.array(X, mask=X > 5), "^X must be a plain array"),
    "dates": (X.astype("M8[s]"), "^X must hold numbers, got dates"),
    "text": ([["a", "b"]], "^X must be an array of numbers"),
    "names": ([FRAMES[0], FRAMES[1][["b", "a", "c"]]], "^X must have the same columns.*trial 1"),
    "twice": (pd.DataFrame(X[0], columns=["a", "b", "a"]), "^X must name every column once"),
}


@pytest.mark.parametrize("kind", BAD_TRIALS)
def test_trials_that_are_refused(kind):
    bad, words = BAD_TRIALS[kind]
    for transformer in (TrialScaler(), TrialFlattener()):
        if kind == "only NaN" and isinstance(transformer, TrialFlattener):
            continue
        with pytest.raises((ValueError, TypeError), match=words):
            transformer.fit(bad)


@pytest.mark.parametrize("transformer", [TrialScaler(), TrialFlattener()], ids=repr)
def test_what_comes_after_the_fit_is_like_what_came_before(transformer):
    fitted = clone(transformer).fit(FRAMES)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform([frame[["b", "a", "c"]] for frame in FRAMES])
    with pytest.raises(ValueError, match=r"X has 2 features, but Trial.* is expecting 3"):
        clone(transformer).fit(X).transform(X[..., :2])
    with pytest.raises(sklearn.exceptions.NotFittedError):
        clone(transformer).transform(X)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        clone(transformer).inverse_transform(X)


def test_flags_of_the_scaler():
    for name in ("with_mean", "with_std"):
        with pytest.raises(TypeError, match=f"^{name} must be True or False, got 1"):
            TrialScaler(**{name: 1}).fit(X)


def test_a_recording_is_scaled_and_not_flattened():
    recording = pd.DataFrame(X[:, 0], columns=NAMES, index=pd.Index(range(10), name="time"))
    assert TrialScaler().fit_transform(recording).index.name == "time"
    with pytest.raises(ValueError, match=r"^X must hold trials.*cut_trials"):
        TrialFlattener().fit(recording)


# ---------------------------------------------------------------------------- flattener


def test_rows_are_the_steps_one_after_the_other():
    flattener = TrialFlattener()
    rows = flattener.fit_transform(X)
    np.testing.assert_array_equal(rows, X.reshape(10, 18))
    np.testing.assert_array_equal(flattener.inverse_transform(rows), X)
    names = flattener.get_feature_names_out(["a", "b", "c"])
    assert names[:4].tolist() == ["a_step0", "b_step0", "c_step0", "a_step1"]
    assert TrialFlattener().fit(FRAMES).get_feature_names_out()[-1] == "c_step5"
    static = TrialFlattener().fit(X[:, 0])
    np.testing.assert_array_equal(static.transform(X[:, 0]), X[:, 0])
    np.testing.assert_array_equal(static.inverse_transform(X[:, 0]), X[:, 0])
    assert static.get_feature_names_out().tolist() == ["x0", "x1", "x2"]


@pytest.mark.parametrize("fill", [0.0, -3, np.nan])
@pytest.mark.parametrize("trials", [LIST, PADDED, FRAMES], ids=["list", "padded", "frames"])
def test_shorter_trials_are_filled(trials, fill):
    rows = TrialFlattener(fill=fill).fit_transform(trials)
    np.testing.assert_array_equal(rows, np.where(np.isnan(PADDED), fill, X).reshape(10, 18))
    shorter = TrialFlattener(fill=fill).fit(trials).transform(trials[1:3])
    np.testing.assert_array_equal(shorter, rows[1:3])


def test_nan_within_a_trial_stays():
    some = X.copy()
    some[0, 2], some[1, 5, 1] = np.nan, np.nan
    rows = TrialFlattener().fit_transform(some)
    np.testing.assert_array_equal(np.isnan(rows), np.isnan(some.reshape(10, 18)))


def test_trials_that_are_longer_or_have_other_axes():
    flattener = TrialFlattener().fit(X)
    with pytest.raises(ValueError, match=r"^X must have at most 6 steps.*got 7"):
        flattener.transform(np.zeros((2, 7, 3)))
    with pytest.raises(ValueError, match=r"^X must be .*X\[None\].*X\[:, None\]"):
        flattener.transform(X[0])
    with pytest.raises(ValueError, match=r"^X must have 18 columns, 6 steps of 3 feature"):
        flattener.inverse_transform(X[0])
    with pytest.raises(TypeError, match=r"^fill must be a number, got 'a'"):
        TrialFlattener(fill="a").fit(X)
    with pytest.raises(ValueError, match="at least 1 step"):
        TrialFlattener().fit(X[:, :0])


def test_any_estimator_is_the_baseline():
    trials, labels = make_go_nogo(40, random_state=0)
    ragged = [trial[: 5 + k % 20] for k, trial in enumerate(trials)]
    for model in (LogisticRegression(), HistGradientBoostingClassifier(max_iter=2)):
        baseline = make_pipeline(TrialScaler(), TrialFlattener(), model)
        for some in (trials, ragged):
            scores = cross_val_score(baseline, some, labels, cv=2, error_score="raise")
            assert np.isfinite(scores).all()
    x, y = make_flip_flop(40, n_steps=6, random_state=0)
    ridge = TransformedTargetRegressor(Ridge(), transformer=TrialFlattener())
    found = make_pipeline(TrialFlattener(), ridge).fit(x, y).predict(x)
    by_hand = Ridge().fit(x.reshape(40, 6), y.reshape(40, 6)).predict(x.reshape(40, 6))
    np.testing.assert_allclose(found, by_hand.reshape(40, 6, 1), rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------- in pipelines, and targets


def test_the_scaler_of_a_pipeline_knows_the_training_trials_only():
    x, y = make_flip_flop(30, n_steps=6, random_state=0)
    x = x + np.arange(30)[:, None, None]
    search = GridSearchCV(
        make_pipeline(TrialScaler(), DaleRNNRegressor(**TINY)),
        {"trialscaler__with_std": [True, False]},
        cv=[(np.arange(15), np.arange(15, 30))],
        error_score="raise",
    ).fit(x, y)
    scaled = (x - x[:15].mean()) / x[:15].std()
    by_hand = DaleRNNRegressor(**TINY).fit(scaled[:15], y[:15]).score(scaled[15:], y[15:])
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(by_hand, rel=1e-4)
    lists = make_pipeline(TrialScaler(), DaleRNNClassifier(**TINY))
    assert cross_val_score(lists, LIST, np.arange(10) % 2, cv=2, error_score="raise").shape == (2,)


def far(y):
    return 100 + 7 * y


TARGETS = {
    "every step": (X, X[..., :2] ** 2),
    "some missing": (X, np.where(X > 0, X, np.nan)),
    "list": (LIST, [trial[:, :2] for trial in LIST]),
    "last step": (X, X[:, 0, :2]),
    "flat": (X, X[:, 0, 0]),
    "flat list": (X, X[:, 0, 0].tolist()),
    "static": (X[:, 0], X[:, 1, 0]),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", TARGETS)
def test_scaled_targets_are_those_scaled_by_hand(kind):
    x, y = TARGETS[kind]
    y_far = [far(np.asarray(trial)) for trial in y] if "list" in kind else far(y)
    network = DaleRNNRegressor(**TINY)
    meta = TrialTargetRegressor(network).fit(x, y_far)
    flat = kind in ("flat", "flat list", "static")
    rows = np.concatenate([np.atleast_1d(trial) for trial in y_far]) if "list" == kind else y_far
    rows = np.reshape(rows, (-1, 1) if flat else (-1, np.shape(rows)[-1]))
    mean, sd = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    if flat:
        mean, sd = mean[0], sd[0]
    scaled = [(t - mean) / sd for t in y_far] if kind == "list" else (np.asarray(y_far) - mean) / sd
    alone = clone(network).fit(x, scaled)
    np.testing.assert_allclose(meta.regressor_.W_rec_, alone.W_rec_, rtol=1e-10)
    assert meta.score(x, y_far) == pytest.approx(alone.score(x, scaled))
    assert meta.score(x, y_far, np.arange(10)) == pytest.approx(
        alone.score(x, scaled, np.arange(10))
    )
    predictions, expected = meta.predict(x), alone.predict(x)
    assert predictions.shape == expected.shape
    for one, two in zip(predictions, expected, strict=True):
        np.testing.assert_allclose(one, two * sd + mean, rtol=1e-8)


@pytest.mark.filterwarnings("error")
def test_scikit_learns_own_takes_the_scaler_for_targets_without_gaps():
    x, y = X, far(X[..., :2])
    own = TransformedTargetRegressor(DaleRNNRegressor(**TINY), transformer=TrialScaler()).fit(x, y)
    ours = TrialTargetRegressor(DaleRNNRegressor(**TINY)).fit(x, y)
    np.testing.assert_array_equal(own.predict(x), ours.predict(x))
    with pytest.raises(ValueError, match="NaN"):
        own.fit(x, np.where(y > 100, y, np.nan))


def test_scaled_targets_in_a_search_and_in_copies():
    x, y = make_flip_flop(30, n_steps=6, random_state=0)
    meta = TrialTargetRegressor(make_pipeline(TrialScaler(), DaleRNNRegressor(**TINY)))
    grid = {"regressor__dalernnregressor__n_units": [4, 5], "transformer": [None, TrialScaler()]}
    best = GridSearchCV(meta, grid, cv=2, error_score="raise").fit(x, far(y)).best_estimator_
    copy = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(copy.predict(x), best.predict(x))
    assert not hasattr(clone(best), "regressor_")
    alone = TrialTargetRegressor(DaleRNNRegressor(**TINY)).fit(x, far(y))
    assert alone.hidden_states(x).shape == (30, 6, 5)
    assert not hasattr(TrialTargetRegressor(Ridge()), "hidden_states")
    assert alone.n_features_in_ == 1


def test_a_masked_entry_is_not_scored_and_names_go_through():
    y = np.ma.array(far(X), mask=X < 0)
    hidden = TrialTargetRegressor(DaleRNNRegressor(**TINY)).fit(X, y)
    missing = TrialTargetRegressor(DaleRNNRegressor(**TINY)).fit(X, y.filled(np.nan))
    np.testing.assert_array_equal(hidden.predict(X), missing.predict(X))
    named = TrialTargetRegressor(DaleRNNRegressor(**TINY)).fit(FRAMES, FRAMES)
    assert named.feature_names_in_.tolist() == named.regressor_.output_names_.tolist() == NAMES
    with pytest.raises(ValueError, match="y must have the outputs of the fit, in the same order"):
        named.score(FRAMES, [frame[["b", "a", "c"]] for frame in FRAMES])
    with pytest.raises(ValueError, match="y is None"):
        named.fit(X, None)


def test_a_transformer_of_the_users_own():
    logs = FunctionTransformer(np.log, np.exp, check_inverse=False)
    y = np.exp(X[..., 0, :2] / 10)
    meta = TrialTargetRegressor(DaleRNNRegressor(**TINY), transformer=logs).fit(X, y)
    alone = DaleRNNRegressor(**TINY).fit(X, np.log(y))
    np.testing.assert_allclose(meta.predict(X), np.exp(alone.predict(X)))


def test_weights_of_trials_reach_the_regressor():
    weights = np.arange(10.0)
    meta = TrialTargetRegressor(DaleRNNRegressor(**TINY)).fit(X, X[:, 0], sample_weight=weights)
    scaled = meta.transformer_.transform(X[:, 0])
    alone = DaleRNNRegressor(**TINY).fit(X, scaled, sample_weight=weights)
    np.testing.assert_array_equal(meta.regressor_.W_rec_, alone.W_rec_)
