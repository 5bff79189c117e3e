"""What is no set of trials or targets: one sentence that names the argument and the way out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.inspection import prediction_skill, silencing_effect
from sk_biornn.metrics import step_accuracy, step_r2
from sk_biornn.preprocessing import TrialFlattener, TrialScaler, TrialTargetRegressor

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 6, 3))
LABELS, STEPS = np.arange(12) % 2, (X[..., 0] > 0).astype(int)
NUMBERS = X[..., :2]
TINY = {"n_units": 4, "max_iter": 1, "random_state": 0}
PADDED = X.copy()
PADDED[3, 5] = PADDED[4, 4:] = np.nan
RAGGED = [trial[: 3 + number % 3] for number, trial in enumerate(X)]


def classifier(**parameters):
    return DaleRNNClassifier(**TINY, **parameters)


def regressor(**parameters):
    return DaleRNNRegressor(**TINY, **parameters)


def one_sentence(error, start):
    text = str(error.value)
    assert text.startswith(start) and "\n" not in text and text.endswith(".")
    return text


# ------------------------------------------------------------------------------- trials

NO_TRIALS = {
    "dict": ({"a": X}, TypeError, "got dict; pass list(X.values()) if"),
    "None": (None, TypeError, "got None."),
    "list": ([], ValueError, "got an empty list."),
    "tuple": ((), ValueError, "got an empty tuple."),
    "text": ("trials.npy", TypeError, "got str 'trials.npy'."),
    "number": (5, TypeError, "got 5."),
    "set": ({1.0}, TypeError, "got set."),
    "iterator": (iter(X), TypeError, "got"),
    "type": (np.ndarray, TypeError, "got type."),
}


@pytest.mark.parametrize("given, kind, end", NO_TRIALS.values(), ids=NO_TRIALS)
def test_what_holds_no_trials(given, kind, end):
    fitted = classifier().fit(X, LABELS)
    calls = [lambda: classifier().fit(given, LABELS), lambda: regressor().fit(given, NUMBERS)]
    calls += [lambda: fitted.predict(given), lambda: fitted.score(given, LABELS)]
    calls += [lambda: fitted.hidden_states(given), lambda: TrialScaler().fit(given)]
    calls += [lambda: TrialFlattener().fit(given)]
    for call in calls:
        with pytest.raises(kind) as error:
            call()
        assert end in one_sentence(error, "X must be an array (n_trials, n_steps, n_features) or")


def test_one_padded_trial_is_told_to_be_one_trial_and_not_to_be_imputed():
    fitted = classifier().fit(PADDED, LABELS)
    with pytest.raises(ValueError) as error:
        fitted.predict(PADDED[4])
    assert "pass X[None]" in one_sentence(error, "X must be (n_trials, n_steps, n_features)")
    static = classifier().fit(X[:, 0], LABELS)
    for call in (static.predict, lambda X: classifier().fit(X, LABELS)):
        with pytest.raises(ValueError) as error:
            call(np.where(np.arange(12)[:, None] < 2, np.nan, X[:, 0]))
        assert "got NaN in 2 of 12 rows, first in row 0" in one_sentence(
            error, "Input X contains NaN"
        )


@pytest.mark.parametrize(
    "values, way",
    [(PADDED, "X.filled(np.nan)"), (np.ones((12, 6, 3), int), "X.astype(float).fill")],
)
def test_a_mask_over_the_ends_of_trials_is_filled_as_the_sentence_says(values, way):
    mask = np.isnan(PADDED)
    hidden = np.ma.array(values, mask=mask)
    for call in (lambda X: classifier().fit(X, LABELS), TrialScaler().fit):
        with pytest.raises(ValueError) as error:
            call(hidden)
        assert way in one_sentence(error, "X must be a plain array, got a masked array")
    filled = hidden.astype(float).filled(np.nan)
    expected = classifier().fit(np.where(mask, np.nan, values), LABELS)
    assert_array_equal(classifier().fit(filled, LABELS).W_rec_, expected.W_rec_)


# ------------------------------------------------------------------------------- targets


@pytest.mark.parametrize("convert", [list, lambda y: y.tolist(), tuple])
@pytest.mark.parametrize("make, y", [(classifier, STEPS), (regressor, NUMBERS)])
def test_what_lists_say_after_the_end_of_padded_trials_is_not_read(make, y, convert):
    expected = make().fit(PADDED, y)
    after_end = np.isnan(PADDED[..., 0])
    other = y.copy()
    other[after_end] = 1 - y[after_end]
    for given in (y, other):
        fitted = make().fit(PADDED, convert(given))
        assert_array_equal(fitted.W_rec_, expected.W_rec_)
        assert fitted.score(PADDED, convert(given)) == expected.score(PADDED, y)
    short = [row[~end] for row, end in zip(y, after_end, strict=True)]
    assert_array_equal(make().fit(PADDED, short).W_rec_, expected.W_rec_)
    mixed = [y[0][:5], *short[1:]]  # neither as long as the trials nor as the array
    with pytest.raises(ValueError, match=r"trial 0 has 6 steps in X and 5 in y"):
        make().fit(PADDED, mixed)
    # A list of trials is no other: an array of the longest was read there, and a list of it is.
    array = make().fit(RAGGED, y[:, :5])
    assert_array_equal(make().fit(RAGGED, convert(y[:, :5])).W_rec_, array.W_rec_)
    for n_steps in (4, 6):  # the longest trial has 5
        with pytest.raises(ValueError, match=f"trial 0 has 3 steps in X and {n_steps} in y"):
            make().fit(RAGGED, convert(y[:, :n_steps]))


@pytest.mark.parametrize("convert", [list, lambda y: [row.tolist() for row in y]])
def test_numbers_of_one_axis_per_trial_are_given_another(convert):
    y = [trial[:, 0] for trial in RAGGED]
    with pytest.raises(ValueError) as error:
        regressor().fit(RAGGED, convert(y))
    assert "pass [trial[:, None] for trial in y]" in one_sentence(error, "y must be an array, or a")
    assert regressor().fit(RAGGED, [trial[:, None] for trial in y]).predict(RAGGED)[0].shape == (
        3,
        1,
    )


COLUMN = sparse.csr_array(LABELS[:, None])


@pytest.mark.parametrize("given", [COLUMN, sparse.coo_matrix(COLUMN), [COLUMN] * 12])
@pytest.mark.parametrize("make, y", [(classifier, LABELS), (regressor, LABELS.astype(float))])
def test_sparse_targets_and_weights_are_told_to_be_made_dense(make, y, given):
    fitted = make().fit(X, y)
    for call in (make().fit, fitted.score):
        with pytest.raises(TypeError) as error:
            call(X, given)
        assert "y.toarray().ravel()" in one_sentence(error, "y must be dense, got c")
        with pytest.raises(TypeError) as error:
            call(X, y, given)
        assert "sample_weight.toarray()" in one_sentence(error, "sample_weight must be dense")
    assert_array_equal(make().fit(X, COLUMN.toarray().ravel()).W_rec_, fitted.W_rec_)


def test_sparse_targets_are_refused_wherever_a_network_is_judged():
    numbers, labels = regressor().fit(X, NUMBERS[:, 0]), classifier().fit(X, LABELS)
    groups = {"labels": ["E", "E", "E", "I"]}
    for call in (
        lambda y: step_r2(numbers, X, y),
        lambda y: step_accuracy(labels, X, y),
        lambda y: prediction_skill(y, NUMBERS[:, 0]),
        lambda y: silencing_effect(numbers, X, y, ["I"], **groups),
        lambda y: silencing_effect(labels, X, y, ["I"], **groups),
        lambda y: TrialTargetRegressor(regressor()).fit(X, y),
    ):
        with pytest.raises(TypeError, match=r"^y must be dense, got csr_array; pass y\.toarray"):
            call(COLUMN)


# ------------------------------------------------------------------------------- scaled targets

NO_REGRESSORS = {
    "classifier": classifier(),
    "pipeline": make_pipeline(TrialScaler(), classifier()),
    "search": GridSearchCV(classifier(), {}),
    "scaler": TrialScaler(),
    "class": DaleRNNRegressor,
    "None": None,
}


@pytest.mark.parametrize("given", NO_REGRESSORS.values(), ids=NO_REGRESSORS)
def test_scaled_targets_need_a_regressor(given):
    with pytest.raises(TypeError) as error:
        TrialTargetRegressor(given).fit(X, LABELS.astype(float))
    one_sentence(error, "regressor must be a regressor, or a pipeline that ends with one")


def test_a_pipeline_with_scaled_targets_takes_what_its_last_step_takes():
    y = 100 + 5 * NUMBERS
    steps = make_pipeline(TrialScaler(), regressor(early_stopping=True))
    meta = TrialTargetRegressor(steps)
    with pytest.raises(ValueError) as error:
        meta.fit(X, y, validation=(X, y))
    text = one_sentence(error, "validation must be None where regressor is a pipeline")
    assert "validation_groups=" in text and "dalernnregressor__validation=" in text
    groups, weights = np.arange(12) // 3, np.linspace(1, 2, 12)
    fitted = meta.fit(X, y, validation_groups=groups, sample_weight=weights).regressor_
    scaled = TrialScaler().fit_transform(y)
    options = {"validation_groups": groups, "sample_weight": weights}
    alone = regressor(early_stopping=True).fit(TrialScaler().fit_transform(X), scaled, **options)
    assert_array_equal(fitted[-1].W_rec_, alone.W_rec_)
    # Targets of validation are scaled by whatever name they come.
    judged = (TrialScaler().fit_transform(X), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = meta.fit(X, y, dalernnregressor__validation=judged).regressor_
    direct = regressor(early_stopping=True)
    direct.fit(judged[0], scaled, validation=(judged[0], scaled))
    assert fitted[-1].validation_scores_ == direct.validation_scores_
