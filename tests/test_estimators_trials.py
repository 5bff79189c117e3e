"""Trials as X: what scikit-learn's suite, which knows 2-D arrays only, does not check."""

from __future__ import annotations

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from problems import LAWS_OR_NONE, PLAIN_OF_ARRAYS
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.estimators import _boundary
from sk_biornn.units import Connectome

SMALL = {"n_units": 7, "max_iter": 4, "learning_rate_init": 0.02, "random_state": 0}
WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")
N_TRIALS, N_STEPS, N_FEATURES = 14, 6, 3
LENGTHS = np.array([3, 6, 1, 5, 6, 2, 4, 6, 3, 5, 2, 6, 1, 4])


def classifier(**parameters):
    return DaleRNNClassifier(**{**SMALL, **parameters})


def regressor(**parameters):
    return DaleRNNRegressor(**{**SMALL, **parameters})


def arrays(seed=0):
    """Return X (n_trials, n_steps, n_features), labels, labels per step, numbers per step."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N_TRIALS, N_STEPS, N_FEATURES))
    labels = np.arange(N_TRIALS) % 3
    per_step = rng.integers(3, size=(N_TRIALS, N_STEPS))
    numbers = rng.standard_normal((N_TRIALS, N_STEPS, 2))
    return X, labels, per_step, numbers


def cut(values):
    """Return a list with every trial cut to its length."""
    return [row[:length] for row, length in zip(values, LENGTHS, strict=True)]


def pad(trials):
    """Return the array of the trials with NaN after their ends."""
    padded = np.full((len(trials), N_STEPS, trials[0].shape[1]), np.nan)
    for row, trial in zip(padded, trials, strict=True):
        row[: len(trial)] = trial
    return padded


def assert_same_weights(first, second, **tolerance):
    for name in WEIGHTS:
        a, b = getattr(first, name), getattr(second, name)
        if tolerance:
            np.testing.assert_allclose(a, b, **tolerance)
        else:
            np.testing.assert_array_equal(a, b)


ALL_TARGETS = {
    "label": (classifier, lambda: arrays()[1]),
    "label per step": (classifier, lambda: arrays()[2]),
    "two classes": (classifier, lambda: arrays()[1] > 0),
    "number": (regressor, lambda: arrays()[3][:, -1, 0]),
    "one output": (regressor, lambda: arrays()[3][:, -1, :1]),
    "outputs": (regressor, lambda: arrays()[3][:, -1]),
    "one output per step": (regressor, lambda: arrays()[3][..., :1]),
    "outputs per step": (regressor, lambda: arrays()[3]),
}
every_target = pytest.mark.parametrize("target", ALL_TARGETS)


def fit_on(target, X=None, **parameters):
    make, y = ALL_TARGETS[target]
    return make(**parameters).fit(arrays()[0] if X is None else X, y())


def methods_of(estimator):
    names = ("predict", "predict_proba", "decision_function", "hidden_states")
    return [getattr(estimator, name) for name in names if hasattr(estimator, name)]


# ------------------------------------------------------------------ forms of X


@every_target
def test_a_static_stimulus_is_the_stimulus_repeated_bitwise(target):
    make, y = ALL_TARGETS[target]
    X = arrays()[0][:, 0]
    repeated = np.repeat(X[:, None], N_STEPS, axis=1)
    static = make(n_static_steps=N_STEPS).fit(X, y())
    moving = make().fit(repeated, y())
    assert_same_weights(static, moving)
    assert static.n_features_in_ == moving.n_features_in_ == N_FEATURES
    for one, other in zip(methods_of(static), methods_of(moving), strict=True):
        np.testing.assert_array_equal(one(X), other(repeated))


def ragged_target(kind):
    _, labels, per_step, numbers = arrays()
    return {
        "label": (classifier, labels, labels),
        "label per step": (classifier, cut(per_step), per_step),
        "name per step": (
            classifier,
            cut(np.array(["go", "stay", "left"])[per_step]),
            np.array(["go", "stay", "left"])[per_step],
        ),
        "outputs": (regressor, numbers[:, 0], numbers[:, 0]),
        "outputs per step": (regressor, cut(numbers), numbers),
    }[kind]


every_ragged_target = pytest.mark.parametrize(
    "kind", ["label", "label per step", "name per step", "outputs", "outputs per step"]
)


@every_ragged_target
def test_ragged_list_equals_nan_padding_and_each_trial_alone(kind):
    make, y_list, y_array = ragged_target(kind)
    trials = cut(arrays()[0])
    from_list = make().fit(trials, y_list)
    from_array = make().fit(pad(trials), y_array)
    assert_same_weights(from_list, from_array)
    assert from_list.n_features_in_ == N_FEATURES
    assert from_list.n_steps_ == N_STEPS
    for one, other in zip(methods_of(from_list), methods_of(from_array), strict=True):
        of_list, of_array = one(trials), other(pad(trials))
        for number, trial in enumerate(trials):
            alone, padded, listed = one([trial])[0], of_array[number], of_list[number]
            if padded.shape[:1] == (N_STEPS,) and ("step" in kind or "hidden" in one.__name__):
                padded = padded[: len(trial)]
                assert len(listed) == len(trial)
            np.testing.assert_array_equal(listed, padded)
            if listed.dtype.kind == "f":
                np.testing.assert_allclose(alone, listed, rtol=1e-12, atol=1e-14)
            else:
                np.testing.assert_array_equal(alone, listed)


@every_ragged_target
def test_score_of_ragged_trials_is_that_of_all_their_steps(kind):
    make, y_list, y_array = ragged_target(kind)
    trials = cut(arrays()[0])
    estimator = make().fit(trials, y_list)
    predicted = estimator.predict(trials)
    together = np.concatenate if "step" in kind else np.asarray
    metric = accuracy_score if make is classifier else r2_score
    expected = metric(together(y_list), together(predicted))
    assert estimator.score(trials, y_list) == pytest.approx(expected, rel=1e-12)
    assert estimator.score(pad(trials), y_array) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", ["label per step", "name per step", "outputs per step"])
def test_what_y_says_after_the_end_of_a_trial_is_never_read(kind):
    make, y_list, y_array = ragged_target(kind)
    filler = {"name per step": "not a label", "outputs per step": 1e6}.get(kind, -1)
    outside = np.arange(N_STEPS) >= LENGTHS[:, None]
    y_filled = y_array.astype(object) if kind == "name per step" else y_array.copy()
    y_filled[outside] = filler
    X = pad(cut(arrays()[0]))
    plain, filled = make().fit(X, y_list), make().fit(X, y_filled)
    assert_same_weights(plain, filled)
    assert plain.score(X, y_list) == filled.score(X, y_filled)
    if make is classifier:
        assert plain.classes_.tolist() == filled.classes_.tolist()


def test_padding_is_marked_in_what_comes_back():
    trials = cut(arrays()[0])
    X, outside = pad(trials), np.arange(N_STEPS) >= LENGTHS[:, None]
    reg = regressor().fit(X, arrays()[3])
    np.testing.assert_array_equal(np.isnan(reg.predict(X)).all(axis=2), outside)
    np.testing.assert_array_equal(np.isnan(reg.hidden_states(X)).any(axis=2), outside)
    clf = classifier().fit(X, arrays()[2])
    np.testing.assert_array_equal(np.isnan(clf.predict_proba(X)).any(axis=2), outside)
    labels = clf.predict(X)
    assert set(np.unique(labels)) <= set(clf.classes_)
    last = labels[np.arange(N_TRIALS), LENGTHS - 1]
    np.testing.assert_array_equal(labels[outside], np.repeat(last, N_STEPS - LENGTHS))


def test_more_padding_changes_nothing():
    trials = cut(arrays()[0])
    X = pad(trials)
    longer = np.concatenate([X, np.full((N_TRIALS, 4, N_FEATURES), np.nan)], axis=1)
    short, long = (classifier().fit(x, arrays()[1]) for x in (X, longer))
    assert_same_weights(short, long, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        short.decision_function(X), short.decision_function(longer), rtol=1e-12
    )


CONTAINERS = {
    "tuple": tuple,
    "object array": lambda trials: np.array([*trials, None], dtype=object)[:-1],
    "nested lists": lambda trials: [trial.tolist() for trial in trials],
    "data frames": lambda trials: [pd.DataFrame(trial) for trial in trials],
    "tensors": lambda trials: [torch.tensor(trial) for trial in trials],
    "Fortran order": lambda trials: [np.asfortranarray(trial) for trial in trials],
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_of_ragged_trials(container):
    trials, labels = cut(arrays()[0]), arrays()[1]
    other = CONTAINERS[container](trials)
    expected = classifier().fit(trials, labels)
    got = classifier().fit(other, labels)
    assert_same_weights(expected, got)
    np.testing.assert_array_equal(expected.predict_proba(trials), got.predict_proba(other))


ARRAYS = {
    "nested lists": lambda X: X.tolist(),
    "tensor": torch.tensor,
    "Fortran order": np.asfortranarray,
    "time-major view": lambda X: np.ascontiguousarray(X.swapaxes(0, 1)).swapaxes(0, 1),
    "negative strides": lambda X: X[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
    "big-endian": lambda X: X.astype(">f8"),
    "object array": lambda X: X.astype(object),
    "list of arrays": list,
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_kinds_of_arrays(kind):
    X, labels, *_ = arrays()
    expected, got = classifier().fit(X, labels), classifier().fit(ARRAYS[kind](X), labels)
    assert_same_weights(expected, got)
    np.testing.assert_array_equal(expected.predict(X), got.predict(ARRAYS[kind](X)))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, bool, np.float16])
def test_numbers_of_other_kinds_are_read_as_floats(dtype):
    X = (np.abs(arrays()[0]) * 2).astype(dtype)
    expected = classifier().fit(X.astype(float), arrays()[1])
    assert_same_weights(expected, classifier().fit(X, arrays()[1]), rtol=1e-3, atol=1e-5)


def test_nested_trials_of_ints_are_read_as_floats():
    trials = [(2 * trial).astype(int) for trial in cut(arrays()[0])]
    expected = classifier().fit([trial.astype(float) for trial in trials], arrays()[1])
    assert_same_weights(expected, classifier().fit(trials, arrays()[1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_target
def test_the_dtype_of_x_goes_through(target, dtype):
    X = arrays()[0].astype(dtype)
    estimator = fit_on(target, X)
    assert {getattr(estimator, name).dtype for name in WEIGHTS} == {np.dtype(dtype)}
    floats = [m(X).dtype for m in methods_of(estimator) if m(X).dtype.kind == "f"]
    assert set(floats) == {np.dtype(dtype)}
    assert isinstance(estimator.score(X, ALL_TARGETS[target][1]()), float)


def test_the_other_precision_is_welcome_after_a_fit():
    X, labels, *_ = arrays()
    for first, second in ((np.float32, np.float64), (np.float64, np.float32)):
        options = {"dt": 1.0, "tau": np.linspace(2, 5, 7), "recurrent_noise": 0.1}
        clf = classifier(**options).fit(X.astype(first), labels)
        same, cast = (clf.decision_function(X.astype(d)) for d in (first, second))
        np.testing.assert_allclose(same, cast, rtol=1e-4, atol=1e-5)
        clf.partial_fit(X.astype(second), labels)
        assert clf.W_rec_.dtype == first
        stopping = {**options, "early_stopping": True, "warm_start": True, "max_iter": 2}
        reg = DaleRNNRegressor(n_units=7, **stopping).fit(X.astype(first), X.astype(first))
        assert reg.fit(X.astype(second), X.astype(second)).W_rec_.dtype == first


@every_target
def test_any_number_of_steps_in_predict(target):
    estimator, X = fit_on(target), arrays()[0]
    for n_steps in (1, 2, 17):
        longer = np.resize(X, (5, n_steps, N_FEATURES))
        for method in methods_of(estimator):
            got = method(longer)
            assert len(got) == 5
            if "step" in target or method.__name__ == "hidden_states":
                assert got.shape[1] == n_steps


def test_feature_names_are_those_of_a_data_frame():
    X, labels, *_ = arrays()
    frame = pd.DataFrame(X[:, 0], columns=["speed", "odour", "light"])
    clf = classifier().fit(frame, labels)
    assert clf.feature_names_in_.tolist() == ["speed", "odour", "light"]
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(frame[["odour", "speed", "light"]])
    assert not hasattr(classifier().fit(X, labels), "feature_names_in_")
    for other in (X, cut(X)):  # no name is left from an earlier fit
        assert not hasattr(clone(clf).fit(frame, labels).fit(other, labels), "feature_names_in_")


# ------------------------------------------------------------------ forms of y

SHAPES = {
    "label": (N_TRIALS,),
    "label per step": (N_TRIALS, N_STEPS),
    "two classes": (N_TRIALS,),
    "number": (N_TRIALS,),
    "one output": (N_TRIALS, 1),
    "outputs": (N_TRIALS, 2),
    "one output per step": (N_TRIALS, N_STEPS, 1),
    "outputs per step": (N_TRIALS, N_STEPS, 2),
}


@every_target
def test_predictions_have_the_shape_of_y(target):
    estimator, X = fit_on(target), arrays()[0]
    assert np.shape(ALL_TARGETS[target][1]()) == SHAPES[target]
    assert estimator.predict(X).shape == SHAPES[target]
    assert estimator.hidden_states(X).shape == (N_TRIALS, N_STEPS, 7)


LABELS = {
    "names": np.array(["cue", "delay", "saccade"]),
    "objects": np.array(["cue", "delay", "saccade"], dtype=object),
    "negative": np.array([-5, 0, 12]),
    "whole floats": np.array([1.0, 2.0, 3.0]),
    "bool": np.array([False, True]),
    "small ints": np.array([1, 2, 250], dtype=np.uint8),
}


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("kind", LABELS)
def test_labels_come_back_as_they_went_in(kind, per_step):
    X, labels, steps, _ = arrays()
    names = LABELS[kind]
    codes = (steps if per_step else labels) % len(names)
    y = names[codes]
    clf, coded = classifier().fit(X, y), classifier().fit(X, codes)
    assert_same_weights(clf, coded)
    assert clf.classes_.tolist() == names.tolist()
    predicted = clf.predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype.kind == clf.classes_.dtype.kind
    np.testing.assert_array_equal(predicted, names[coded.predict(X)])
    assert clf.score(X, y) == accuracy_score(y.ravel().tolist(), predicted.ravel().tolist())
    assert clf.score(X, y.tolist()) == clf.score(X, y)


def test_labels_in_a_series_or_a_tensor():
    X, labels, *_ = arrays()
    expected = classifier().fit(X, labels)
    for y in (pd.Series(labels, index=labels[::-1]), torch.tensor(labels), labels.tolist()):
        assert_same_weights(expected, classifier().fit(X, y))
        assert expected.score(X, y) == expected.score(X, labels)
    categories = pd.Series(np.array(["a", "b", "c"])[labels], dtype="category")
    assert classifier().fit(X, categories).classes_.tolist() == ["a", "b", "c"]


def test_trials_of_one_step():
    X, _, steps, numbers = arrays()
    fitted = classifier().fit(X, steps)
    short, labels = X[:, :1], steps[:, :1]
    expected = accuracy_score(labels[:, 0], fitted.predict(short)[:, 0])
    assert fitted.score(short, labels) == expected
    assert fitted.score(list(short), list(labels)) == expected
    assert fitted.partial_fit(short, labels).predict(short).shape == (N_TRIALS, 1)
    assert regressor().fit(short, numbers[:, :1]).predict(short).shape == (N_TRIALS, 1, 2)


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_and_scores_agree_with_the_decision(n_classes, per_step):
    X, labels, steps, _ = arrays()
    y = (steps if per_step else labels) % n_classes
    clf = classifier().fit(X, y)
    scores, probabilities = clf.decision_function(X), clf.predict_proba(X)
    assert scores.shape == y.shape + ((3,) if n_classes == 3 else ())
    assert probabilities.shape == (*y.shape, n_classes)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_array_equal(probabilities.argmax(axis=-1), clf.predict(X))
    if n_classes == 2:
        np.testing.assert_array_equal(clf.predict(X), scores > 0)
        np.testing.assert_allclose(probabilities[..., 1], expit(scores), rtol=1e-12)
    else:
        np.testing.assert_array_equal(clf.predict(X), scores.argmax(axis=-1))
        np.testing.assert_allclose(probabilities, softmax(scores, axis=-1), rtol=1e-12)


@every_target
def test_score_is_scikit_learns_metric(target):
    estimator, X, y = fit_on(target), arrays()[0], ALL_TARGETS[target][1]()
    weights = np.random.default_rng(1).uniform(0.1, 2, N_TRIALS)
    predicted = estimator.predict(X)
    steps = N_STEPS if "step" in target else 1
    for sample_weight in (None, weights):
        flat = None if sample_weight is None else np.repeat(sample_weight, steps)
        if hasattr(estimator, "classes_"):
            expected = accuracy_score(y.ravel(), predicted.ravel(), sample_weight=flat)
        else:
            columns = (N_TRIALS * steps, -1)
            expected = r2_score(y.reshape(columns), predicted.reshape(columns), sample_weight=flat)
        got = estimator.score(X, y, sample_weight=sample_weight)
        assert got == pytest.approx(expected, rel=1e-12)


# ------------------------------------------------------------- NaN in the targets


def frozen(make, **parameters):
    """Return an estimator whose single epoch does not move the weights visibly."""
    return make(max_iter=1, learning_rate_init=1e-300, **parameters)


def test_nan_targets_are_neither_in_the_loss_nor_in_the_score():
    X, _, _, y = arrays()
    y[np.random.default_rng(2).random(y.shape) < 0.4] = np.nan
    reg = frozen(regressor).fit(X, y)
    predicted, scored = reg.predict(X), np.isfinite(y)
    loss = np.mean((predicted[scored] - y[scored]) ** 2)
    assert reg.loss_curve_ == pytest.approx([loss], rel=1e-10)
    r2 = [r2_score(y[..., k][s], predicted[..., k][s]) for k in (0, 1) for s in [scored[..., k]]]
    assert reg.score(X, y) == pytest.approx(np.mean(r2), rel=1e-12)


@pytest.mark.parametrize("target", ["number", "outputs", "outputs per step"])
def test_nan_targets_equal_a_weight_of_zero(target):
    X, y = arrays()[0], ALL_TARGETS[target][1]()
    weights = np.ones(N_TRIALS)
    missing = [1, 4, 5]
    with_nan = y.copy()
    with_nan[missing], weights[missing] = np.nan, 0
    unscored, weighted = regressor().fit(X, with_nan), regressor().fit(X, y, weights)
    assert_same_weights(unscored, weighted, rtol=1e-7, atol=1e-9)
    got = unscored.score(X, with_nan)
    assert got == pytest.approx(unscored.score(X, y, sample_weight=weights), rel=1e-9)


def test_an_output_that_is_never_observed_in_a_test_set_does_not_count():
    X, _, _, y = arrays()
    reg = regressor().fit(X, y)
    without = y.copy()
    without[..., 1] = np.nan
    expected = r2_score(y[..., 0].ravel(), reg.predict(X)[..., 0].ravel())
    assert reg.score(X, without) == pytest.approx(expected, rel=1e-12)


# ----------------------------------------------------------------------- weights


@every_target
def test_a_trial_of_weight_zero_is_not_there(target):
    make, y = ALL_TARGETS[target]
    X, y, weights = arrays()[0], y(), np.ones(N_TRIALS)
    weights[[0, 3, 4]] = 0
    kept = weights > 0
    weighted, removed = make().fit(X, y, weights), make().fit(X[kept], y[kept])
    assert_same_weights(weighted, removed, rtol=1e-9, atol=1e-11)
    assert weighted.score(X, y, weights) == pytest.approx(removed.score(X[kept], y[kept]))


@every_target
def test_a_weight_of_two_is_the_trial_twice(target):
    make, y = ALL_TARGETS[target]
    X, y = arrays()[0], y()
    times = np.random.default_rng(3).integers(0, 4, N_TRIALS)
    weighted = make().fit(X, y, sample_weight=times)
    repeated = make().fit(np.repeat(X, times, axis=0), np.repeat(y, times, axis=0))
    assert_same_weights(weighted, repeated, rtol=1e-7, atol=1e-9)


def test_sample_weights_of_ragged_trials():
    trials, labels, weights = cut(arrays()[0]), cut(arrays()[2]), np.ones(N_TRIALS)
    weights[[1, 2]] = 0
    kept = np.flatnonzero(weights)
    weighted = classifier().fit(trials, labels, weights)
    removed = classifier().fit([trials[i] for i in kept], [labels[i] for i in kept])
    assert_same_weights(weighted, removed, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("target", ["label", "two classes", "label per step"])
def test_class_weights_weigh_the_entries_of_a_class(target):
    X, y = arrays()[0], ALL_TARGETS[target][1]().astype(int)
    y.flat[:5] = 0
    classes = np.unique(y)
    by_class = {int(k): 0.5 + k for k in classes}
    balanced = compute_class_weight("balanced", classes=classes, y=y.ravel())
    for class_weight, of_class in ((by_class, 0.5 + classes), ("balanced", balanced)):
        clf = frozen(classifier, class_weight=class_weight).fit(X, y)
        chosen = np.take_along_axis(clf.predict_proba(X), y[..., None], axis=-1)[..., 0]
        expected = np.average(-np.log(chosen), weights=of_class[y])
        assert clf.loss_curve_ == pytest.approx([expected], rel=1e-10)


def test_class_weights_and_sample_weights_multiply():
    X, labels, *_ = arrays()
    weights = np.random.default_rng(4).uniform(0.2, 2, N_TRIALS)
    both = classifier(class_weight={0: 1, 1: 3, 2: 0.5}).fit(X, labels, weights)
    product = classifier().fit(X, labels, weights * np.array([1, 3, 0.5])[labels])
    assert_same_weights(both, product, rtol=1e-9, atol=1e-11)


def test_balanced_classes_are_counted_without_the_trials_of_weight_zero():
    X, labels, *_ = arrays()
    weights = np.ones(N_TRIALS)
    weights[[0, 3, 6, 9]] = 0  # all of class 0 but one
    kept = weights > 0
    weighted = classifier(class_weight="balanced").fit(X, labels, weights)
    removed = classifier(class_weight="balanced").fit(X[kept], labels[kept])
    assert_same_weights(weighted, removed, rtol=1e-9, atol=1e-11)


def test_weights_count_across_batches():
    """In batches of one trial each trial takes a step in proportion to its weight."""
    X, labels, _, numbers = arrays()
    weights = np.random.default_rng(7).uniform(0.1, 3, N_TRIALS)
    rate = 1e-7  # so small that the steps of one epoch add up
    options = {"batch_size": 1, "solver": "sgd", "max_iter": 1, "learning_rate_init": rate}
    gradients = {
        classifier: lambda fitted: fitted.predict_proba(X) - np.eye(3)[labels],
        regressor: lambda fitted: 2 * (fitted.predict(X) - numbers[:, -1]) / 2,  # of 2 outputs
    }
    for make, gradient in gradients.items():
        y = labels if make is classifier else numbers[:, -1]
        start = frozen(make).fit(X, y)
        for sample_weight in (np.ones(N_TRIALS), weights):
            moved = make(**options).fit(X, y, sample_weight)
            step = (moved.b_out_ - start.b_out_) / rate
            expected = -(sample_weight @ gradient(start)) / sample_weight.mean()
            np.testing.assert_allclose(step, expected, rtol=1e-4, atol=1e-6)


def test_metadata_routing():
    X, labels, *_ = arrays()
    weights = (np.arange(N_TRIALS) % 4 > 0).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        clf = classifier().set_fit_request(sample_weight=True)
        clf = clf.set_score_request(sample_weight=True)
        routed = cross_validate(
            clf, X, labels, cv=2, params={"sample_weight": weights}, return_estimator=True,
            return_indices=True, error_score="raise",
        )  # fmt: skip
    for number, fitted in enumerate(routed["estimator"]):
        train, test = (routed["indices"][part][number] for part in ("train", "test"))
        by_hand = classifier().fit(X[train], labels[train], weights[train])
        assert_same_weights(fitted, by_hand)
        expected = by_hand.score(X[test], labels[test], weights[test])
        assert routed["test_score"][number] == expected


# --------------------------------------------------------- the estimator protocol


def round_trips(estimator, folder):
    joblib.dump(estimator, folder / "estimator.joblib")
    return {
        "pickle": pickle.loads(pickle.dumps(estimator)),
        "deepcopy": copy.deepcopy(estimator),
        "mapped": joblib.load(folder / "estimator.joblib", mmap_mode="r"),
    }


@pytest.mark.parametrize("target", ["label per step", "outputs per step"])
def test_copies_predict_the_same_and_train_on_the_same(target, tmp_path):
    X, y = arrays()[0], ALL_TARGETS[target][1]()
    estimator = fit_on(target, batch_size=4, early_stopping=False)
    copies = round_trips(estimator, tmp_path)
    if copies["mapped"].W_rec_.flags.writeable is False:
        assert isinstance(copies["mapped"].W_rec_, np.memmap)
    before = [method(X) for method in methods_of(estimator)]
    estimator.partial_fit(X, y)
    for other in copies.values():
        for method, expected in zip(methods_of(other), before, strict=True):
            np.testing.assert_array_equal(method(X), expected)
        assert_same_weights(other.partial_fit(X, y), estimator)


def test_a_fitted_estimator_holds_numpy_only():
    seen = []

    class Watcher(pickle.Pickler):
        def reducer_override(self, thing):
            seen.append(type(thing) if not isinstance(thing, type) else thing)
            return NotImplemented

    for target in ("label", "outputs per step"):
        Watcher(io.BytesIO()).dump(fit_on(target))
    assert not [kind for kind in seen if str(kind.__module__).startswith("torch")]


def test_skops_trusts_all_but_the_class_itself():
    skops = pytest.importorskip("skops.io")
    X = arrays()[0]
    named = fit_on("outputs", mask=Connectome(np.ones((7, 7)), list("abcdefg"), signs=np.ones(7)))
    for estimator in (fit_on("label per step"), fit_on("outputs"), named):
        dumped = skops.dumps(estimator)
        cls = type(estimator)
        name = f"{cls.__module__}.{cls.__name__}"
        assert skops.get_untrusted_types(data=dumped) == [name]
        loaded = skops.loads(dumped, trusted=[name])
        np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
        assert loaded.unit_names_ == estimator.unit_names_


def test_clone_forgets_the_fit_and_keeps_the_arguments():
    mask = np.eye(7) == 0
    clf = classifier(mask=mask, signs=np.ones(7)).fit(*arrays()[:2])
    other = clone(clf)
    assert not hasattr(other, "W_rec_")
    np.testing.assert_array_equal(other.mask, mask)
    assert_same_weights(other.fit(*arrays()[:2]), clf)


@every_target
def test_a_second_fit_starts_anew(target):
    make, y = ALL_TARGETS[target]
    X, y = arrays()[0], y()
    once = fit_on(target)
    twice = fit_on(target).fit(X, y)
    assert_same_weights(once, twice)
    assert twice.n_iter_ == len(twice.loss_curve_) == 4
    elsewhere = make().fit(X[..., :2], y[::-1]).fit(X, y)  # another number of features before
    assert_same_weights(once, elsewhere)


@every_target
def test_fit_returns_self_and_leaves_its_arguments_alone(target):
    make, y = ALL_TARGETS[target]
    X, y, weights = arrays()[0], y(), np.ones(N_TRIALS)
    signs, mask = np.array([1, 1, 1, 0, 0, -1, -1]), np.ones((7, 7))
    given = (X, y, weights, signs, mask)
    before = [joblib.hash(argument) for argument in given]
    for argument in given:
        argument.flags.writeable = False
    estimator = make(signs=signs, mask=mask)
    assert estimator.fit(X, y, weights) is estimator
    assert estimator.partial_fit(X, y, sample_weight=weights) is estimator
    estimator.signs_[:], estimator.mask_[:] = 0, False  # they are copies
    assert [joblib.hash(argument) for argument in given] == before


@every_target
def test_each_trial_is_run_on_its_own_and_order_does_not_matter(target):
    estimator, X = fit_on(target), arrays()[0]
    order = np.random.default_rng(5).permutation(N_TRIALS)
    for method in methods_of(estimator):
        whole = method(X)
        np.testing.assert_allclose(method(X[order]), whole[order], rtol=1e-12, atol=1e-14)
        parts = [method(X[i : i + 3]) for i in range(0, N_TRIALS, 3)]
        np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------- in meta-estimators


@every_ragged_target
def test_grid_search_over_ragged_trials(kind):
    make, y, _ = ragged_target(kind)
    trials = cut(arrays()[0])
    search = GridSearchCV(make(), {"readout_from": ["state", "rate"]}, cv=2, error_score="raise")
    search.fit(trials, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.predict(trials)) == N_TRIALS
    assert search.n_features_in_ == N_FEATURES


def test_grid_search_over_arrays_as_arguments():
    masks = [np.ones((7, 7)), np.eye(7)]
    signs = [np.ones(7), np.array([1, 1, 1, 1, 1, -1, -1])]
    search = GridSearchCV(classifier(), {"mask": masks, "signs": signs}, cv=2, error_score="raise")
    search.fit(*arrays()[:2])
    best = search.best_params_
    np.testing.assert_array_equal(search.best_estimator_.signs_, best["signs"])


@every_target
def test_cross_val_predict(target):
    make, y = ALL_TARGETS[target]
    assert cross_val_predict(make(), arrays()[0], y(), cv=2).shape == SHAPES[target]


def test_calibration_voting_and_pipelines():
    X, labels, *_ = arrays()
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(X, labels)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    voting = VotingClassifier([("a", classifier()), ("b", classifier())], voting="soft")
    np.testing.assert_allclose(
        voting.fit(X, labels).predict_proba(X), classifier().fit(X, labels).predict_proba(X)
    )
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X[:, 0], labels)
    scaled = StandardScaler().fit_transform(X[:, 0])
    assert_same_weights(pipeline[-1], classifier().fit(scaled, labels))


def test_worker_processes_share_a_large_recording_read_only():
    X = np.random.default_rng(6).standard_normal((60, 90, 30))
    assert X.nbytes > 2**20  # from here on joblib hands out read-only memory maps
    y = X[:, -1, 0]
    options = {"n_units": 5, "max_iter": 1}
    serial = cross_val_score(regressor(**options), X, y, cv=2, error_score="raise")
    workers = cross_val_score(regressor(**options), X, y, cv=2, n_jobs=2, error_score="raise")
    np.testing.assert_array_equal(serial, workers)


def test_a_memory_map_of_a_file(tmp_path):
    X, labels, steps, _ = arrays()
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for y in (labels, steps):
        expected = classifier().fit(X, y)
        got = classifier().fit(mapped, y)
        assert_same_weights(expected, got)
        np.testing.assert_array_equal(expected.predict(X), got.predict(mapped))


# ------------------------------------------------------------------ ways to train


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("dale", LAWS_OR_NONE)
def test_partial_fits_are_the_epochs_of_one_fit(dale, solver):
    X, labels, *_ = arrays()
    options = {"dale": dale, "solver": solver, "batch_size": 5, "shuffle": False, "max_iter": 6}
    at_once, by_parts = classifier(**options).fit(X, labels), classifier(**options)
    for _ in range(6):
        by_parts.partial_fit(X, labels, classes=[0, 1, 2])
    assert_same_weights(at_once, by_parts, rtol=1e-9, atol=1e-12)
    assert by_parts.loss_curve_ == pytest.approx(at_once.loss_curve_, rel=1e-9)
    assert by_parts.n_iter_ == at_once.n_iter_ == 6


def test_partial_fits_of_one_batch_are_one_fit_bitwise():
    X, _, _, numbers = arrays()
    at_once, by_parts = regressor(max_iter=5).fit(X, numbers), regressor()
    for _ in range(5):
        by_parts.partial_fit(X, numbers)
    assert_same_weights(at_once, by_parts)
    assert by_parts.loss_curve_ == at_once.loss_curve_


def test_partial_fit_learns_of_all_classes_at_the_first_call():
    X, labels, *_ = arrays()
    few = labels < 2
    clf = classifier().partial_fit(X[few], labels[few], classes=[2, 1, 0])
    assert clf.classes_.tolist() == [0, 1, 2]
    assert clf.predict_proba(X).shape == (N_TRIALS, 3)
    clf.partial_fit(X[labels == 2], labels[labels == 2])  # one class in a batch is enough
    assert clf.n_iter_ == 2


def test_warm_start_goes_on():
    X, labels, *_ = arrays()
    cold = classifier(max_iter=6).fit(X, labels)
    warm = classifier(max_iter=3, warm_start=True).fit(X, labels).fit(X, labels)
    assert_same_weights(cold, warm)
    assert warm.n_iter_ == len(warm.loss_curve_) == 6
    assert warm.best_loss_ == min(warm.loss_curve_)


@pytest.mark.parametrize("target", ["label", "outputs per step"])
def test_early_stopping_keeps_the_best_weights(target):
    make, y = ALL_TARGETS[target]
    X, y = np.tile(arrays()[0], (3, 1, 1)), np.concatenate([y()] * 3)
    options = {"early_stopping": True, "learning_rate_init": 0.2, "validation_fraction": 0.3}
    stopped = make(max_iter=200, n_iter_no_change=4, **options).fit(X, y)
    scores = stopped.validation_scores_
    assert stopped.n_iter_ == len(scores) == len(stopped.loss_curve_) < 200
    best = int(np.argmax(scores))
    assert best < len(scores) - 1
    up_to_best = make(max_iter=best + 1, n_iter_no_change=999, **options).fit(X, y)
    assert_same_weights(stopped, up_to_best)
    assert up_to_best.validation_scores_ == scores[: best + 1]


def test_loss_curve_is_the_loss_by_hand():
    X, labels, _, numbers = arrays()
    clf = frozen(classifier).fit(X, labels)
    chosen = clf.predict_proba(X)[np.arange(N_TRIALS), labels]
    assert clf.loss_curve_ == pytest.approx([-np.log(chosen).mean()], rel=1e-10)
    reg = frozen(regressor, rate_penalty=0.7, output_activation="tanh").fit(X, numbers)
    rates = reg.hidden_states(X, kind="rate")
    error = np.mean((reg.predict(X) - numbers) ** 2)
    assert reg.loss_curve_ == pytest.approx([error + 0.7 * np.mean(rates**2)], rel=1e-10)
    assert reg.best_loss_ == reg.loss_curve_[0]
    assert reg.validation_scores_ is None


@pytest.mark.parametrize("batch_size", [1, 4, 14])
def test_loss_curve_of_batches(batch_size):
    X, labels, _, numbers = arrays()
    weights = np.random.default_rng(8).uniform(0.1, 3, N_TRIALS)
    numbers[np.random.default_rng(9).random(numbers.shape) < 0.4] = np.nan
    numbers[[2, 7]] = np.nan  # batches of one trial without any target
    reg = frozen(regressor, batch_size=batch_size).fit(X, numbers, weights)
    scored = np.isfinite(numbers)
    per_entry = np.broadcast_to(weights[:, None, None], numbers.shape)[scored]
    expected = np.average((reg.predict(X) - numbers)[scored] ** 2, weights=per_entry)
    assert reg.loss_curve_ == pytest.approx([expected], rel=1e-9)
    clf = frozen(classifier, batch_size=batch_size).fit(X, labels, weights)
    chosen = clf.predict_proba(X)[np.arange(N_TRIALS), labels]
    expected = np.average(-np.log(chosen), weights=weights)
    assert clf.loss_curve_ == pytest.approx([expected], rel=1e-9)


# --------------------------------------- what the attributes show is what is computed

FUNCTIONS = {
    **PLAIN_OF_ARRAYS,
    "tanh": np.tanh,
    "relu": lambda p: np.maximum(p, 0),
    "softplus": lambda p: np.logaddexp(p, 0),
}


def run_by_hand(est, X, activation, rectify, leak):
    """Return z_t and r_t of the equations, one step after another."""
    r, states, rates = np.zeros((len(X), est.W_rec_.shape[0])), [], []
    for t in range(X.shape[1]):
        z = FUNCTIONS[activation](X[:, t] @ est.W_in_.T + est.b_rec_ + r @ est.W_rec_.T)
        r = (1 - leak) * r + leak * (np.maximum(z, 0) if rectify else z)
        states.append(z)
        rates.append(r)
    return np.stack(states, axis=1), np.stack(rates, axis=1)


LEAKS = {"none": (None, None), "one": (20.0, 50.0), "per unit": (10.0, np.linspace(10, 90, 7))}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("rectify", [True, False])
@pytest.mark.parametrize("activation", FUNCTIONS)
def test_states_and_predictions_follow_the_equations(activation, rectify, leak):
    X, _, steps, numbers = arrays()
    dt, tau = LEAKS[leak]
    for readout_from in ("state", "rate"):
        options = {"activation": activation, "rectify": rectify, "dt": dt, "tau": tau}
        reg = regressor(**options, readout_from=readout_from).fit(X, numbers)
        states, rates = run_by_hand(reg, X, activation, rectify, 1 if dt is None else dt / tau)
        tolerance = {"rtol": 1e-10, "atol": 1e-12}
        np.testing.assert_allclose(reg.hidden_states(X), states, **tolerance)
        np.testing.assert_allclose(reg.hidden_states(X, kind="rate"), rates, **tolerance)
        source = states if readout_from == "state" else rates
        expected = source @ reg.W_out_.T + reg.b_out_
        np.testing.assert_allclose(reg.predict(X), expected, **tolerance)
        last = regressor(**options, readout_from=readout_from).fit(X, numbers[:, -1])
        kind = "state" if readout_from == "state" else "rate"
        expected = last.hidden_states(X, kind=kind)[:, -1] @ last.W_out_.T + last.b_out_
        np.testing.assert_allclose(last.predict(X), expected, **tolerance)
        clf = classifier(**options, readout_from=readout_from).fit(X, steps)
        expected = clf.hidden_states(X, kind=kind) @ clf.W_out_.T + clf.b_out_
        np.testing.assert_allclose(clf.decision_function(X), expected, **tolerance)


def test_noise_is_for_training_only():
    X, _, _, numbers = arrays()
    quiet = regressor().fit(X, numbers)
    for noise in ({"noise_level": 0.5}, {"recurrent_noise": 0.5}):
        noisy = regressor(**noise).fit(X, numbers)
        assert not np.array_equal(quiet.W_rec_, noisy.W_rec_)
        states, _ = run_by_hand(noisy, X, "tanh", True, 1)
        np.testing.assert_allclose(noisy.hidden_states(X), states, rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(noisy.predict(X), noisy.predict(X))


@every_target
def test_predictions_in_chunks_of_bounded_memory_are_the_same(target, monkeypatch):
    trials = pad(cut(arrays()[0]))
    estimator = fit_on(target)
    whole = [method(trials) for method in methods_of(estimator)]
    floats_per_trial = N_STEPS * (7 + N_FEATURES)
    monkeypatch.setattr(_boundary, "_PREDICT_FLOATS", 3 * floats_per_trial)
    for method, expected in zip(methods_of(estimator), whole, strict=True):
        np.testing.assert_allclose(method(trials), expected, rtol=1e-10, atol=1e-12)
    monkeypatch.setattr(_boundary, "_PREDICT_FLOATS", 1)  # never less than one trial at once
    assert len(estimator.predict(trials)) == N_TRIALS
