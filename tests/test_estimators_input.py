"""Bad input: every mistake gets one clear sentence that names the argument and what came."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from problems import ACTIVATIONS, DALE_METHODS, INITIAL_WEIGHTS, LAW_NAMES
from sklearn.exceptions import NotFittedError

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.biology import Dale

N_TRIALS, N_STEPS, N_FEATURES, N_UNITS = 12, 5, 3, 6
SMALL = {"n_units": N_UNITS, "max_iter": 2, "random_state": 0}
LENGTHS = [3, 5, 2, 4, 5, 1, 3, 5, 2, 4, 5, 1]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N_TRIALS, N_STEPS, N_FEATURES))
LABELS = np.arange(N_TRIALS) % 3
LABELS_PER_STEP = RNG.integers(3, size=(N_TRIALS, N_STEPS))
NUMBERS = RNG.standard_normal(N_TRIALS)
NUMBERS_PER_STEP = RNG.standard_normal((N_TRIALS, N_STEPS, 2))


def cut(values):
    return [row[:length] for row, length in zip(values, LENGTHS, strict=True)]


def classifier(**parameters):
    return DaleRNNClassifier(**{**SMALL, **parameters})


def regressor(**parameters):
    return DaleRNNRegressor(**{**SMALL, **parameters})


@contextmanager
def refused(*words, kind=(ValueError, TypeError), sentence=True):
    """Expect a refusal in one sentence that has all `words` (regular expressions)."""
    with pytest.raises(kind) as caught:
        yield
    message = str(caught.value)
    for word in words:
        assert re.search(word, message), f"{word!r} is not in: {message}"
    if sentence:
        assert "\n" not in message
        assert len(message) < 400
        assert message.endswith(".")


# --------------------------------------------------------------- constructor arguments

NUMBERS_AND_FLAGS = {
    "n_units": ([0, -3], ["10", None, [6], 2.5, 6.0, True]),
    "excitatory_fraction": ([0, -0.1, 1.2, np.nan, np.inf], ["a", None, True]),
    "max_iter": ([0, -1], ["ten", None, 1.5, True]),
    "learning_rate_init": ([0, -1, np.nan, np.inf], ["fast", None]),
    "n_static_steps": ([0], ["a", None, 2.5]),
    "spectral_radius": ([0, -1, np.nan], ["a"]),
    "rate_penalty": ([-1, np.nan], ["a", None]),
    "noise_level": ([-1, np.inf], ["a", None]),
    "recurrent_noise": ([-1, np.nan], ["a", None]),
    "max_grad_norm": ([0, -1], ["a"]),
    "validation_fraction": ([0, 1, 1.5, np.nan], ["a", None]),
    "n_iter_no_change": ([0], ["a", None, 1.5]),
    "tol": ([-1, np.nan], ["a", None]),
    "verbose": ([-1], ["a", None]),
    "rectify": ([], ["yes", 1, None]),
    "autapses": ([], ["yes", 0, None]),
    "early_stopping": ([], ["yes", None, 1]),
    "shuffle": ([], ["yes", None]),
    "warm_start": ([], ["yes", None]),
    "batch_size": ([0, -1, "all"], [2.0, None, True, np.array([1, 2]), [3]]),
    "random_state": ([-1], ["a", 1.5, True]),
}
WRONG_VALUES = [
    (name, value, ValueError)
    for name, (of_kind, _) in NUMBERS_AND_FLAGS.items()
    for value in of_kind
] + [
    (name, value, TypeError) for name, (_, others) in NUMBERS_AND_FLAGS.items() for value in others
]


@pytest.mark.parametrize("name, value, kind", WRONG_VALUES)
def test_numbers_and_flags(name, value, kind):
    came = type(value).__name__ if name == "random_state" and value != -1 else repr(value)
    for make, y in ((classifier, LABELS), (regressor, NUMBERS)):
        with refused(f"^{name} must be", f"got {re.escape(came)}", kind=kind):
            make(**{name: value}).fit(X, y)


CHOICES = {
    "activation": ACTIVATIONS,
    "readout_from": ["state", "rate"],
    "solver": ["adam", "sgd"],
    "learning_rate": ["constant", "cosine"],
    "dale": [*LAW_NAMES, "None"],
    "recurrent_init": INITIAL_WEIGHTS,
}


@pytest.mark.parametrize("name", CHOICES)
def test_unknown_strings_list_the_allowed_ones(name):
    for value in ("foo", "Tanh", "", 3):
        words = [f"^{name} must", "got"]
        if isinstance(value, str):
            words += [f"got {value!r}", *CHOICES[name]]
        with refused(*words):
            classifier(**{name: value}).fit(X, LABELS)


def test_unknown_output_activation():
    call = regressor(output_activation="relu").fit
    with refused("^output_activation must be", "identity", "tanh", "'relu'"):
        call(X, NUMBERS)


@pytest.mark.parametrize("value", ["", "tpu", "cuda:99", "meta", None, 3.5])
def test_a_device_that_is_not_there(value):
    with refused("^device must be", f"got {value!r}"):
        classifier(device=value).fit(X, LABELS)
    fitted = classifier().fit(X, LABELS).set_params(device=value)
    with refused("^device must be", f"got {value!r}"):
        fitted.predict(X)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is there")
def test_cuda_where_there_is_none():
    with refused("^device must be", "got 'cuda'"):
        classifier(device="cuda").fit(X, LABELS)


@pytest.mark.parametrize("value", [True, 3, np.ones(3), Dale])
def test_dale_of_a_wrong_kind(value):
    with refused("^dale must be", "bind", "got"):
        classifier(dale=value).fit(X, LABELS)


# ---------------------------------------------------------------------- signs and wiring


@pytest.mark.parametrize(
    "signs, came",
    [
        ([1, 1], r"shape \(2,\)"),
        (np.ones((6, 6)), r"shape \(6, 6\)"),
        (1, r"shape \(\)"),
        ([], r"shape \(0,\)"),
        ([1, 2, 1, 1, 1, 1], r"\[2.0\]"),
        ([1, 0.5, -0.5, 1, 1, 1], r"\[-0.5, 0.5\]"),
        ([1, np.nan, 1, 1, 1, 1], r"\[nan\]"),
        ("excitatory", "str"),
        (["E", "E", "E", "E", "I", "I"], "texts 'E', 'I'"),
        ({"a": 1}, r"shape \(1,\)"),
        ([None] * 6, r"\[nan\]"),
    ],
)
def test_signs(signs, came):
    with refused("^signs must", came):
        classifier(signs=signs).fit(X, LABELS)


@pytest.mark.parametrize(
    "name, shape", [("mask", (6, 6)), ("input_mask", (6, 3)), ("readout_mask", (3, 6))]
)
def test_masks(name, shape):
    wrong = {
        "transposed or larger": np.ones((shape[1] + 1, shape[0])),
        "flat": np.ones(6),
        "scalar": 1,
        "text": "dense",
        "half": np.full(shape, 0.5),
        "two": np.full(shape, 2),
        "negative": np.full(shape, -1),
        "NaN": np.full(shape, np.nan),
        "words": np.full(shape, "yes"),
        "None": np.full(shape, None),
        "uneven": [[1, 1], [1]],
    }
    for value in wrong.values():
        with refused(f"^{name} must", "got|has"):
            classifier(**{name: value}).fit(X, LABELS)


def test_a_sparse_mask_is_read_or_refused_by_its_kind():
    """Connectomes are often sparse: never "got shape ()" of a matrix that has the right one."""
    mask = scipy.sparse.csr_array(np.random.default_rng(0).random((6, 6)) < 0.4)
    try:
        fitted = classifier(mask=mask).fit(X, LABELS)
    except (TypeError, ValueError) as error:
        assert re.search("^mask must be.*(dense|sparse)", str(error))
    else:
        np.testing.assert_array_equal(fitted.mask_, mask.toarray())


SIGNS = np.array([1, 1, 1, 1, -1, -1])


@pytest.mark.parametrize("dale", DALE_METHODS)
def test_an_initial_matrix_that_contradicts_the_signs(dale):
    matrix = np.abs(X[:6, 0, :2] @ X[:6, 1, :2].T) * SIGNS
    classifier(dale=dale, recurrent_init=matrix, signs=SIGNS).fit(X, LABELS)
    matrix[2, 5] = 0.1
    est = classifier(dale=dale, recurrent_init=matrix, signs=SIGNS)
    with refused("^recurrent_init", "sign", "post=2, pre=5"):
        est.fit(X, LABELS)


def test_an_initial_matrix_that_contradicts_the_mask():
    for options in ({"mask": np.eye(6) == 0}, {"autapses": False}):
        for dale in ("projection", None):
            est = classifier(dale=dale, recurrent_init=np.ones((6, 6)) * SIGNS, signs=SIGNS)
            est.set_params(**options)
            with refused("recurrent_init", "mask|autapses"):
                est.fit(X, LABELS)


def test_an_initial_matrix_of_another_shape_or_with_nan():
    for matrix in (np.ones((5, 5)), np.ones(6), np.ones((6, 3)), 3.0):
        est = classifier(recurrent_init=matrix, dale=None)
        with refused("^recurrent_init must", "got"):
            est.fit(X, LABELS)
    for bad in (np.nan, np.inf):
        est = classifier(recurrent_init=np.full((6, 6), bad), dale=None)
        with refused("^recurrent_init", "finite|NaN"):
            est.fit(X, LABELS)
    for other in (None, {}, [["a"] * 6] * 6):
        est = classifier(recurrent_init=other)
        with refused("^recurrent_init must"):
            est.fit(X, LABELS)


def test_nonnegative_weights_and_inhibitory_units():
    est = classifier(dale="nonnegative", signs=SIGNS)
    with refused("signs", "non-?negative", "-1"):
        est.fit(X, LABELS)
    est = classifier(dale="nonnegative", recurrent_init=-np.ones((6, 6)))
    with refused("recurrent_init", "sign|negative"):
        est.fit(X, LABELS)


@pytest.mark.parametrize(
    "dt, tau, words",
    [
        (1.0, None, ["dt and tau", "dt=1.0", "tau=None"]),
        (None, 10.0, ["dt and tau", "dt=None", "tau=10.0"]),
        (5.0, 2.0, ["^tau must be at least dt=5", "2.0"]),
        (5.0, [10.0] * 5 + [1.0], ["^tau must be at least dt=5", "1.0"]),
        (5.0, [10.0] * 5, ["^tau must", r"shape \(6,\)", r"shape \(5,\)"]),
        (5.0, np.full((6, 6), 10.0), ["^tau must", r"shape \(6, 6\)"]),
        (5.0, -10.0, ["^tau must", "-10"]),
        (5.0, np.nan, ["^tau must", "nan"]),
        (5.0, np.inf, ["^tau must", "inf"]),
        (5.0, "slow", ["^tau must", "slow"]),
        (0.0, 10.0, ["^dt must", "got 0"]),
        (-1.0, 10.0, ["^dt must", "got -1"]),
        ("a", 10.0, ["^dt must", "got 'a'"]),
    ],
)
def test_time_constants(dt, tau, words):
    with refused(*words):
        classifier(dt=dt, tau=tau).fit(X, LABELS)


# ------------------------------------------------------------------------------ X

LIST = cut(X)


def with_value(value, where=(2, 1, 0)):
    array = X.copy()
    array[where] = value
    return array


BAD_X = {
    "NaN": (with_value(np.nan), ["X contains NaN"]),
    "a step of NaN inside": (with_value(np.nan, (2, 1)), ["X contains NaN inside a trial"]),
    "NaN before the start": (with_value(np.nan, (2, 0)), ["X contains NaN inside a trial"]),
    "a trial of NaN": (with_value(np.nan, 2), ["X contains NaN", "trial 2"]),
    "infinity": (with_value(np.inf), ["X contains infinity"]),
    "infinities": (with_value(-np.inf, (3, 1, 0)) + with_value(np.inf), ["X contains infinity"]),
    "4 axes": (X[None], ["X must be", "dim 4"]),
    "no trials": (X[:0], [r"0 sample\(s\)", r"shape=\(0, 5, 3\)"]),
    "no steps": (X[:, :0], ["^X must have at least 1 step", r"\(12, 0, 3\)"]),
    "no features": (X[:, :, :0], [r"0 feature\(s\)", r"shape=\(12, 5, 0\)"]),
    "a list with an empty trial": ([*LIST[:3], X[3, :0], *LIST[4:]], ["^X must", "trial 3"]),
    "a list with NaN": (list(with_value(np.nan)), ["X contains NaN"]),
    "a list with infinity": (list(with_value(np.inf)), ["X contains infinity"]),
    "a ragged list with NaN": ([with_value(np.nan)[2], *LIST[1:]], ["X contains NaN"]),
    "a list of other widths": ([X[0, :, :2], *LIST[1:]], ["^X must", "features", "2, 3"]),
    "a list of vectors": ([trial[:, 0] for trial in LIST], ["^X must be", "list", " 0 "]),
    "a list of stacks": ([trial[None] for trial in LIST], ["^X must be", "list", " 0 "]),
    "a list with one vector": ([*LIST[:4], X[4, :, 0], *LIST[5:]], ["^X must be", " 4 "]),
    "a list with None": ([*LIST[:4], None, *LIST[5:]], ["^X must be", " 4 "]),
    "a list of uneven rows": (
        [[[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0], [4.0, 5.0]]] * 6, ["^X must be", " 1 "],
    ),
    "a list of sparse": ([scipy.sparse.csr_matrix(x) for x in LIST], ["^X must be|dense"]),
    "a list of dicts": ([{"a": 1}] * N_TRIALS, ["X must be|float\\(\\) argument"]),
    "sparse": (scipy.sparse.csr_matrix(X[:, 0]), ["Sparse data was passed for X"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_X)
def test_trials(kind):
    bad, words = BAD_X[kind]
    for make, y in ((classifier, LABELS), (regressor, NUMBERS)):
        with refused(*words):
            make().fit(bad, y)
        fitted = make().fit(X, y)
        for method in (fitted.predict, fitted.hidden_states):
            if "no features" not in kind:
                with refused(*words):
                    method(bad)


# scikit-learn's own checks ask for these texts, which have several lines.
@pytest.mark.parametrize(
    "bad, words",
    [
        (X[:, 0, 0], ["Expected 2D array, got 1D array", "Reshape your data"]),
        (X + 1j, ["Complex data not supported"]),
        (np.full((N_TRIALS, 3), "x", dtype=object), ["could not convert string to float"]),
        (np.full((N_TRIALS, N_STEPS, 3), "a"), ["could not convert string to float"]),
        (pd.Series(X[:, 0, 0]), ["2-dimensional container"]),
    ],
)
def test_trials_in_the_words_of_scikit_learn(bad, words):
    with refused(*words, sentence=False):
        classifier().fit(bad, LABELS)
    fitted = classifier().fit(X, LABELS)
    with refused(*words, sentence=False):
        fitted.predict(bad)


@pytest.mark.parametrize(
    "wrong", [X[..., :2], X[:, 0, :2], [t[:, :2] for t in LIST], np.repeat(X, 2, axis=2)]
)
def test_another_number_of_features_than_in_fit(wrong):
    for fitted in (classifier().fit(X, LABELS), regressor().fit(LIST, NUMBERS)):
        for call in (fitted.predict, fitted.hidden_states):
            with refused(r"X has \d features.*expecting 3 features"):
                call(wrong)
        y = LABELS if hasattr(fitted, "classes_") else NUMBERS
        with refused("X has", "expecting 3"):
            fitted.partial_fit(wrong, y)
        with refused("X has", "expecting 3"):
            fitted.score(wrong, y)


def test_methods_before_fit():
    for est in (classifier(), regressor()):
        for name in ("predict", "hidden_states", "predict_proba", "decision_function"):
            if hasattr(est, name):
                with refused("not fitted", kind=NotFittedError):
                    getattr(est, name)(X)
        with refused("not fitted", kind=NotFittedError):
            est.score(X, LABELS)


def test_an_unknown_kind_of_activity():
    fitted = classifier().fit(X, LABELS)
    with refused("^kind must", "state", "rate", "'z'"):
        fitted.hidden_states(X, kind="z")


# ------------------------------------------------------------------------------ y

SWAPPED = [LABELS_PER_STEP[0, :5], LABELS_PER_STEP[1, :3], *cut(LABELS_PER_STEP)[2:]]
SWAPPED_NUMBERS = [NUMBERS_PER_STEP[0], NUMBERS_PER_STEP[1, :3], *cut(NUMBERS_PER_STEP)[2:]]

BAD_LABELS = {
    "too few": (X, LABELS[:-1], ["X has 12 and y has 11"]),
    "too many": (X, np.r_[LABELS, 0], ["X has 12 and y has 13"]),
    "of the steps first": (X, LABELS_PER_STEP.T, ["X has 12 and y has 5"]),
    "too few steps": (X, LABELS_PER_STEP[:, :-1], ["per step", "5 steps", r"\(12, 4\)"]),
    "one-hot": (X, np.eye(3)[LABELS], ["per step", r"\(12, 3\)"]),
    "3 axes": (X, LABELS_PER_STEP[..., None], ["^y must have shape", r"\(12, 5, 1\)"]),
    "none": (X, None, ["y is None"]),
    "one class": (X, LABELS * 0 + 4, ["2 classes", r"\[4\]"]),
    "one class per step": (X, LABELS_PER_STEP * 0, ["2 classes", r"\[0\]"]),
    "NaN": (X, np.where(LABELS == 1, np.nan, LABELS), ["y contains NaN"]),
    "one class and NaN per step": (X, np.where(LABELS_PER_STEP == 1, np.nan, 0), ["2 classes"]),
    "NaN at all steps": (X, LABELS_PER_STEP * np.nan, ["^y must", "at least one label"]),
    "infinity": (X, np.where(LABELS == 1, np.inf, LABELS), ["y contains infinity"]),
    "continuous": (X, NUMBERS, ["Unknown label type: continuous"]),
    "a ragged list too few": (LIST, cut(LABELS_PER_STEP)[:-1], ["X has 12 and y has 11"]),
    "steps of two trials swapped": (LIST, SWAPPED, ["^y must", "trial 0", "3", "5"]),
    "shorter trials than X": (X, cut(LABELS_PER_STEP), ["^y must", "trial 0", "3", "5"]),
    "matrices in a list": (LIST, [a[:, None] for a in cut(LABELS_PER_STEP)], ["^y must"]),
}


@pytest.mark.parametrize("kind", BAD_LABELS)
def test_labels(kind):
    trials, bad, words = BAD_LABELS[kind]
    with refused(*words):
        classifier().fit(trials, bad)


BAD_NUMBERS = {
    "too few": (X, NUMBERS[:-1], ["X has 12 and y has 11"]),
    "of the steps first": (X, NUMBERS_PER_STEP.swapaxes(0, 1), ["X has 12 and y has 5"]),
    "too few steps": (X, NUMBERS_PER_STEP[:, :-1], ["per step", "5 steps", r"\(12, 4, 2\)"]),
    "4 axes": (X, NUMBERS_PER_STEP[None], ["^y must have shape", r"\(1, 12, 5, 2\)"]),
    "none": (X, None, ["y is None"]),
    "all NaN": (X, NUMBERS * np.nan, ["^y must", "NaN"]),
    "all NaN per step": (X, NUMBERS_PER_STEP * np.nan, ["^y must", "NaN"]),
    "infinity": (X, np.where(NUMBERS > 0, np.inf, NUMBERS), ["y contains infinity"]),
    "no outputs": (X, NUMBERS_PER_STEP[:, 0, :0], [r"0 feature\(s\)|output"]),
    "no outputs per step": (X, NUMBERS_PER_STEP[..., :0], ["^y must", "output"]),
    "words": (X, np.array(list("abc"))[LABELS], ["y.*number|could not convert string"]),
    "a ragged list too few": (LIST, cut(NUMBERS_PER_STEP)[:-1], ["X has 12 and y has 11"]),
    "steps of two trials swapped": (LIST, SWAPPED_NUMBERS, ["^y must", "trial 0", "3", "5"]),
    "shorter trials than X": (X, cut(NUMBERS_PER_STEP), ["^y must", "trial 0", "3", "5"]),
    "other outputs in a trial": (
        LIST, [NUMBERS_PER_STEP[0, :3, :1], *cut(NUMBERS_PER_STEP)[1:]], ["^y must", "outputs"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_NUMBERS)
def test_numbers(kind):
    trials, bad, words = BAD_NUMBERS[kind]
    with refused(*words, sentence=kind != "words"):  # scikit-learn's
        regressor().fit(trials, bad)


def test_one_number_per_step_in_a_ragged_list_is_never_taken_for_outputs():
    y = [steps[:, 0] for steps in cut(NUMBERS_PER_STEP)]
    try:
        fitted = regressor().fit(LIST, y)
    except ValueError as error:
        assert re.search("^y must.*n_outputs.*trial", str(error))
    else:
        assert fitted.W_out_.shape == (1, N_UNITS)
        assert [len(row) for row in fitted.predict(LIST)] == LENGTHS


def test_a_column_of_labels_is_read_with_a_warning():
    with pytest.warns(Warning, match="column-vector y"):
        fitted = classifier().fit(X, LABELS[:, None])
    assert fitted.predict(X).shape == (N_TRIALS,)


# --------------------------------------------------------------------- y in score


BAD_SCORES = {
    "too few labels": (LABELS, LABELS[:-1], ["X has 12 and y has 11"]),
    "steps for trials": (LABELS, LABELS_PER_STEP, ["^y must", r"\(12, 5\)"]),
    "trials for steps": (LABELS_PER_STEP, LABELS, ["^y must", r"\(12,\)"]),
    "too few steps": (LABELS_PER_STEP, LABELS_PER_STEP[:, 1:], ["^y must", r"\(12, 4\)"]),
    "a list of shorter trials": (LABELS_PER_STEP, cut(LABELS_PER_STEP), ["^y must", "trial 0"]),
    "no labels": (LABELS, None, ["y is None"]),
    "NaN for labels": (LABELS, LABELS * np.nan, ["y contains NaN"]),
    "too few numbers": (NUMBERS, NUMBERS[:-1], [r"y must|X has 12 and y has 11"]),
    "a series for a number": (NUMBERS, NUMBERS_PER_STEP, ["y must", r"\(12, 5, 2\)"]),
    "a number for a series": (NUMBERS_PER_STEP, NUMBERS, ["y must", r"\(12"]),
    "a shorter series": (NUMBERS_PER_STEP, NUMBERS_PER_STEP[:, 1:], ["y must", r"\(12, 4, 2\)"]),
    "fewer outputs": (NUMBERS_PER_STEP, NUMBERS_PER_STEP[..., 1:], ["y must", r"\(12, 5, 1\)"]),
    "only NaN": (NUMBERS_PER_STEP, NUMBERS_PER_STEP * np.nan, ["^y must", "NaN"]),
    "no series": (NUMBERS_PER_STEP, None, ["y is None"]),
}


@pytest.mark.parametrize("kind", BAD_SCORES)
def test_score_refuses_y_that_does_not_fit(kind):
    known, y, words = BAD_SCORES[kind]
    make = regressor if known.dtype.kind == "f" else classifier
    fitted = make().fit(X, known)
    with refused(*words):
        fitted.score(X, y)


def test_score_refuses_labels_of_another_kind():
    """Never an accuracy of 0 because the classes are words and y holds codes."""
    words = np.array(["left", "right", "stay"])
    for y in (LABELS, LABELS_PER_STEP):
        fitted = classifier().fit(X, words[y])
        with pytest.raises((ValueError, TypeError), match="y"):
            fitted.score(X, y)


# --------------------------------------------------------------------- weights

BAD_WEIGHTS = {
    "negative": (-np.ones(N_TRIALS), ["sample_weight", "[Nn]egative"]),
    "too few": (np.ones(N_TRIALS - 1), ["sample_weight", r"\(11,\)"]),
    "too few steps": (np.ones((N_TRIALS, N_STEPS - 1)), ["sample_weight", r"\(12, 4\)"]),
    "per step and output": (np.ones((N_TRIALS, N_STEPS, 2)), ["sample_weight", r"\(12, 5, 2\)"]),
    "zero": (np.zeros(N_TRIALS), ["[Ss]ample.weight", "zero"]),
    "NaN": (np.full(N_TRIALS, np.nan), ["sample_weight contains NaN"]),
    "infinite": (np.full(N_TRIALS, np.inf), ["sample_weight contains infinity"]),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_sample_weights(kind):
    bad, words = BAD_WEIGHTS[kind]
    for make, y in ((classifier, LABELS), (regressor, NUMBERS), (classifier, LABELS_PER_STEP)):
        with refused(*words, sentence=False):
            make().fit(X, y, bad)
        with refused(*words, sentence=False):
            make().partial_fit(X, y, sample_weight=bad)
        fitted = make().fit(X, y)
        with refused(*words, sentence=False):
            fitted.score(X, y, bad)


@pytest.mark.parametrize("scale", [1e308, 1e-320, 1e-5, 7.0])
def test_only_ratios_of_sample_weights_matter(scale):
    weights = np.linspace(0.1, 1, N_TRIALS)
    plain = classifier().fit(X, LABELS, weights)
    scaled = classifier().fit(X, LABELS, weights * scale)
    tolerance = 1e-2 if scale < 1e-300 else 1e-9  # denormal numbers have few digits
    np.testing.assert_allclose(plain.W_rec_, scaled.W_rec_, rtol=tolerance, atol=1e-3 * tolerance)


def test_weights_that_leave_one_class_or_no_target():
    one_class = (LABELS == 0).astype(float)
    with refused("class", "sample_weight"):
        classifier().fit(X, LABELS, one_class)
    fitted = classifier().fit(X, LABELS)  # also when it was fitted before
    with refused("class", "sample_weight"):
        fitted.fit(X, LABELS, one_class)
    y = np.where(np.arange(N_TRIALS) < 6, np.nan, NUMBERS)
    unobserved = np.isnan(y).astype(float)
    with refused("y|sample_weight", "NaN"):
        regressor().fit(X, y, unobserved)


@pytest.mark.parametrize(
    "class_weight, words",
    [
        ("equal", ["class_weight", "balanced", "'equal'"]),
        ([1, 2, 3], ["class_weight", "dict"]),
        ({0: 1, 1: -1, 2: 1}, ["class_weight", "-1"]),
        ({0: 1, 1: np.nan, 2: 1}, ["class_weight", "nan"]),
        ({0: 0, 1: 0, 2: 0}, ["class_weight", "0"]),
        ({0: 1, 1: "a", 2: 1}, ["class_weight"]),
        ({"left": 1, "right": 2, "stay": 1}, ["class_weight"]),
    ],
)
def test_class_weights(class_weight, words):
    est = classifier(class_weight=class_weight)
    with refused(*words, sentence=False):
        est.fit(X, LABELS)


# --------------------------------------------------------------------- going on


def test_warm_start_with_another_size():
    for n_units in (4, 9):
        fitted = classifier(warm_start=True).fit(X, LABELS).set_params(n_units=n_units)
        with refused("^n_units must be 6", f"got {n_units}"):
            fitted.fit(X, LABELS)


@pytest.mark.parametrize("way", ["partial_fit", "fit"])
def test_going_on_with_other_targets(way):
    def going_on(make, y):
        return getattr(make(warm_start=True).fit(X, y), way)

    call = going_on(classifier, LABELS)
    with refused("^y must", r"\[0, 1, 2\]", r"\[3\]"):
        call(X, LABELS + 1)
    with refused("^y must", r"\(12, 5\)"):
        call(X, LABELS_PER_STEP)
    call = going_on(classifier, LABELS_PER_STEP)
    with refused("^y must", r"\(12,\)"):
        call(X, LABELS)
    for first, second in (
        (NUMBERS, NUMBERS_PER_STEP),
        (NUMBERS, NUMBERS_PER_STEP[:, 0]),
        (NUMBERS_PER_STEP, NUMBERS),
        (NUMBERS_PER_STEP, NUMBERS_PER_STEP[..., :1]),
    ):
        call = going_on(regressor, first)
        with refused("^y must have", "output", r"\(12"):
            call(X, second)


def test_classes_of_partial_fit():
    with refused("classes", r"\[2\]"):
        classifier().partial_fit(X, LABELS, classes=[0, 1])
    with refused("class", r"\[0\]"):
        classifier().partial_fit(X[:1], LABELS[:1])
    fitted = classifier().partial_fit(X, LABELS, classes=[0, 1, 2])
    fitted.partial_fit(X, LABELS, classes=[2, 1, 0])
    with refused("classes", "3"):
        fitted.partial_fit(X, LABELS, classes=[0, 1, 2, 3])


def test_partial_fit_does_not_stop_early():
    for est, y in ((classifier(), LABELS), (regressor(), NUMBERS)):
        est.set_params(early_stopping=True)
        with refused("partial_fit", "early_stopping"):
            est.partial_fit(X, y)


def test_balanced_classes_in_a_batch_without_one_of_them():
    est = classifier(class_weight="balanced")
    few = LABELS < 2
    try:
        est.partial_fit(X[few], LABELS[few], classes=[0, 1, 2])
    except ValueError as error:
        assert re.search("class_weight.*balanced", str(error))
    else:
        assert np.isfinite(est.W_rec_).all()


def test_early_stopping_with_too_few_trials():
    words = ["early_stopping", "validation_fraction"]
    cases = [
        (classifier, LABELS, {"validation_fraction": 0.1}),  # 2 held out of 3 classes
        (classifier, LABELS, {"validation_fraction": 0.99}),
        (classifier, np.r_[LABELS[:-1], 9], {"validation_fraction": 0.4}),  # one trial of class 9
        (regressor, NUMBERS, {"validation_fraction": 0.99}),
        (regressor, NUMBERS, {"validation_fraction": 0.01}),  # R^2 of one number
    ]
    for make, y, options in cases:
        est = make(early_stopping=True, **options)
        with refused(*words, sentence=False):
            est.fit(X, y)
    est = regressor(early_stopping=True)
    with refused(*words):
        est.fit(X[:1], NUMBERS[:1])


# --------------------------------------------------------------------- divergence


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_learning_rate_that_makes_the_loss_overflow(dtype):
    rate = 1e30 if dtype == np.float32 else 1e200
    est = regressor(learning_rate_init=rate, max_iter=5)
    with refused("non-finite", "learning_rate_init=1e"):
        est.fit(X.astype(dtype), NUMBERS)
    with refused("not fitted", kind=NotFittedError):
        est.predict(X)


def test_weights_stay_finite_when_a_later_fit_diverges():
    est = regressor(warm_start=True).fit(X, NUMBERS)
    before = est.predict(X)
    est.set_params(learning_rate_init=1e200)
    with refused("non-finite"):
        est.fit(X, NUMBERS)
    np.testing.assert_array_equal(est.predict(X), before)


@pytest.mark.parametrize("scale", [1e100, 1e300])
def test_huge_inputs_saturate_and_huge_targets_are_refused(scale):
    for est, y in ((classifier(), LABELS), (regressor(), NUMBERS)):
        fitted = est.fit(X * scale, y)
        assert np.isfinite(fitted.W_in_).all()
        assert np.isfinite(fitted.loss_curve_).all()
    if scale == 1e300:  # its square is no number
        with refused("non-finite", "scale X and y"):
            regressor().fit(X, NUMBERS * scale)


def test_a_refused_fit_leaves_the_earlier_one():
    for make, y, other in ((classifier, LABELS, LABELS + 5), (regressor, NUMBERS, X[:, 0])):
        fitted = make().fit(X, y)
        before = fitted.predict(X)
        fits = [
            (X[..., :2], y[:-1], None, {}),
            (X, other, np.zeros(N_TRIALS), {}),
            (X[:, :0], y, None, {}),
            (X[..., :2], y, None, {"signs": [1, 2]}),
            (X[..., :2], y, None, {"recurrent_init": np.ones((2, 2))}),
            (X[..., :2] * 1e3, y, None, {"learning_rate_init": 1e308}),
        ]
        for trials, targets, weights, options in fits:
            earlier = {name: fitted.get_params()[name] for name in options}
            with pytest.raises(ValueError):
                fitted.set_params(**options).fit(trials, targets, weights)
            fitted.set_params(**earlier)
            np.testing.assert_array_equal(fitted.predict(X), before)


# ---------------------------------------------------------- what looks wrong and is right


def test_numpy_scalars_are_numbers():
    """Grids are often made with np.arange and np.logspace."""
    whole = {"n_units": 6, "max_iter": 3, "batch_size": 4, "n_iter_no_change": 2, "verbose": 0}
    real = {"learning_rate_init": 0.01, "tol": 0.0, "max_grad_norm": 2.0, "dt": 1.0, "tau": 4.0}
    real |= {"noise_level": 0.1, "recurrent_noise": 0.1, "rate_penalty": 0.5}
    flags = {"rectify": True, "shuffle": True, "early_stopping": True}
    more = {"validation_fraction": 0.5, "excitatory_fraction": 0.5, "spectral_radius": 0.5}
    plain = classifier(**whole, **real, **flags, **more).fit(X[:, 0], LABELS)
    for integer, floating in ((np.int64, np.float64), (np.uint8, np.float64)):
        numpy_like = {
            **{name: integer(value) for name, value in whole.items()},
            **{name: floating(value) for name, value in (real | more).items()},
            **{name: np.bool_(value) for name, value in flags.items()},
        }
        other = classifier(**numpy_like, n_static_steps=integer(10)).fit(X[:, 0], LABELS)
        np.testing.assert_array_equal(plain.W_rec_, other.W_rec_)
        np.testing.assert_array_equal(plain.W_out_, other.W_out_)


def test_lists_are_arrays():
    options = {"signs": [1, 1, 0, 0, -1, -1], "mask": np.eye(6) == 0, "tau": np.full(6, 4.0)}
    options |= {"input_mask": np.eye(6, 3), "readout_mask": np.eye(3, 6)}
    as_arrays = classifier(dt=1.0, **options).fit(X, LABELS)
    as_lists = {name: np.asarray(value).tolist() for name, value in options.items()}
    as_ints = {**options, "mask": options["mask"].astype(int), "tau": np.full(6, 4)}
    names = list("abcdef")
    as_frames = {**options, "mask": pd.DataFrame(options["mask"], names, names)}
    for other in (as_lists, as_ints, as_frames):
        fitted = classifier(dt=1, **other).fit(X, LABELS)
        np.testing.assert_array_equal(fitted.W_rec_, as_arrays.W_rec_)
    matrix = np.eye(6) * SIGNS
    expected = classifier(recurrent_init=matrix, signs=SIGNS).fit(X, LABELS)
    for other in (matrix.tolist(), pd.DataFrame(matrix, names, names), matrix.astype(int)):
        fitted = classifier(recurrent_init=other, signs=SIGNS).fit(X, LABELS)
        np.testing.assert_array_equal(fitted.W_rec_, expected.W_rec_)


def test_masked_arrays_are_not_read_as_if_nothing_were_masked():
    """A recording with dropped frames: what is masked is missing, or the array is refused."""
    hidden = np.zeros(N_TRIALS, dtype=bool)
    hidden[[2, 5]] = True
    y = np.where(hidden, 1e6, NUMBERS)
    missing = regressor().fit(X, np.where(hidden, np.nan, NUMBERS))
    try:
        masked = regressor().fit(X, np.ma.masked_array(y, hidden))
    except ValueError as error:
        assert re.search("y.*mask", str(error))
    else:
        np.testing.assert_array_equal(masked.W_rec_, missing.W_rec_)
    with pytest.raises(ValueError, match="X"):
        regressor().fit(np.ma.masked_array(X, X > 1), NUMBERS)
