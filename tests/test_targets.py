"""Targets: what is judged, with which weight, in every way in which it can be said."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.ensemble import SeedEnsemble

N_TRIALS, N_STEPS = 18, 6
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N_TRIALS, N_STEPS, 2))
CODES = (X[..., 0] > 0).astype(int) + (X[..., 1] > 0.5)
JUDGED = RNG.random(CODES.shape) < 0.4
LENGTHS = np.r_[N_STEPS, 3 + np.arange(N_TRIALS - 1) % 4]
VALID = np.arange(N_STEPS) < LENGTHS[:, None]
RAGGED = [trial[:n] for trial, n in zip(X, LENGTHS, strict=True)]
PADDED = np.where(VALID[..., None], X, np.nan)
NUMBERS = np.stack([X[..., 0].cumsum(axis=1), X[..., 1]], axis=-1)
WEIGHTS = RNG.integers(0, 4, size=CODES.shape).astype(float)


def classifier(**arguments):
    return DaleRNNClassifier(**{"n_units": 6, "max_iter": 3, "random_state": 0, **arguments})


def regressor(**arguments):
    return DaleRNNRegressor(**{"n_units": 6, "max_iter": 3, "random_state": 0, **arguments})


def objects(rows):
    array = np.empty(len(rows), dtype=object)
    array[:] = list(rows)
    return array


def cut(array):
    return [row[:n] for row, n in zip(array, LENGTHS, strict=True)]


def with_(missing, labels=CODES, dtype=object):
    y = labels.astype(dtype)
    y[~JUDGED] = missing
    return y


def same(first, second):
    """Two fits with the same bits."""
    assert first.loss_curve_ == second.loss_curve_
    assert_array_equal(first.W_rec_, second.W_rec_)
    assert_array_equal(first.W_out_, second.W_out_)


# ------------------------------------------------------------------------ labels not judged

WORDS = np.array(["left", "right", "stay"])
MASKED = np.ma.masked_array(CODES, mask=~JUDGED)
UNJUDGED = {
    "None": with_(None),
    "NaN among objects": with_(np.nan),
    "NaN among floats": with_(np.nan, dtype=float),
    "NaN among float32": with_(np.nan, dtype=np.float32),
    "NA": with_(pd.NA),
    "None, NaN and NA": np.where(np.arange(N_STEPS) % 2, with_(None), with_(np.nan)),
    "masked": MASKED,
    "masked floats": MASKED.astype(float),
    "list of lists": with_(None).tolist(),
    "list of lists with NaN": with_(np.nan, dtype=float).tolist(),
    "list of arrays": list(with_(None)),
    "list of float arrays": list(with_(np.nan, dtype=float)),
    "list of masked arrays": list(MASKED),
    "object array of masked arrays": objects(MASKED),
    "object array of arrays": objects(with_(np.nan)),
    "series of arrays": pd.Series(list(with_(pd.NA))),
    "series of masked arrays": pd.Series(list(MASKED)),
    "list of series": [pd.Series(row) for row in with_(np.nan, dtype=float)],
    "list of nullable series": [pd.Series(row, dtype="Int64") for row in with_(pd.NA)],
    "frame": pd.DataFrame(with_(np.nan, dtype=float)),
    "frame of objects": pd.DataFrame(with_(None)),
    "nullable frame": pd.DataFrame(with_(pd.NA)).astype("Int64"),
    "tuple of tuples": tuple(map(tuple, with_(None))),
}


def scored_by_hand(clf, trials=X):
    return accuracy_score(CODES[JUDGED], clf.predict(trials)[JUDGED].astype(int))


@pytest.mark.parametrize("kind", UNJUDGED)
def test_every_way_to_say_that_a_label_is_not_judged_is_the_same_fit(kind):
    y, expected = UNJUDGED[kind], classifier().fit(X, with_(None))
    fitted = classifier().fit(X, y)
    same(fitted, expected)
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert fitted.score(X, y) == pytest.approx(scored_by_hand(fitted), abs=1e-12)
    same(classifier().partial_fit(X, y, classes=[0, 1, 2]), classifier(max_iter=1).fit(X, y))
    assert fitted.predict(X).shape == CODES.shape  # a decision at every step


TEXT = "str" if pd.__version__ >= "3" else "string"  # "str" used to make words of what is missing
WORDS_UNJUDGED = {
    "None": with_(None, WORDS[CODES]),
    "NaN": with_(np.nan, WORDS[CODES]),
    "NA": with_(pd.NA, WORDS[CODES]),
    "masked": np.ma.masked_array(WORDS[CODES], mask=~JUDGED),
    "lists with None": with_(None, WORDS[CODES]).tolist(),
    "lists with NaN": with_(np.nan, WORDS[CODES]).tolist(),
    "frame": pd.DataFrame(with_(np.nan, WORDS[CODES])),
    "frame of text": pd.DataFrame(with_(None, WORDS[CODES])).astype(TEXT),
    "frame of categories": pd.DataFrame(with_(None, WORDS[CODES])).astype("category"),
    "ragged lists of words": [list(row) for row in with_(np.nan, WORDS[CODES])],
}


@pytest.mark.parametrize("kind", WORDS_UNJUDGED)
def test_words_that_are_not_judged(kind):
    fitted = classifier().fit(X, WORDS_UNJUDGED[kind])
    same(fitted, classifier().fit(X, with_(None)))
    assert fitted.classes_.tolist() == WORDS.tolist()
    assert_array_equal(fitted.predict(X), WORDS[classifier().fit(X, MASKED).predict(X)])


@pytest.mark.parametrize("labels", [CODES > 0, (CODES > 0).astype(float)], ids=["bool", "float"])
def test_classes_keep_their_kind_beside_missing_ones(labels):
    fitted = classifier().fit(X, with_(None, labels))
    assert fitted.classes_.dtype == labels.dtype
    same(fitted, classifier().fit(X, with_(np.nan, labels)))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, "masked"])
@pytest.mark.parametrize("trials", [RAGGED, PADDED], ids=["list", "padded"])
def test_trials_of_unequal_length(missing, trials):
    y = MASKED if isinstance(missing, str) else with_(missing)
    expected = classifier().fit(PADDED, with_(None))
    same(classifier().fit(trials, cut(y)), expected)
    flat = np.concatenate(
        [row[:n] for row, n in zip(expected.predict(PADDED), LENGTHS, strict=True)]
    )
    judged = JUDGED[VALID]
    score = accuracy_score(CODES[VALID][judged], flat[judged])
    assert expected.score(trials, cut(y)) == pytest.approx(score, abs=1e-12)
    # What is written after the end of a trial is not read, judged or not.
    longer = np.where(VALID, with_(None), 2)
    same(classifier().fit(PADDED, longer), expected)


def test_a_trial_without_any_judged_step_counts_nowhere_but_in_the_batches():
    y = with_(None)
    y[4] = None
    fitted = classifier(max_iter=1, batch_size=N_TRIALS).fit(X, y)
    kept = np.arange(N_TRIALS) != 4
    without = classifier(max_iter=1, batch_size=N_TRIALS).fit(X[kept], y[kept])
    assert_allclose(fitted.loss_curve_, without.loss_curve_, rtol=1e-12)
    assert_allclose(fitted.W_rec_, without.W_rec_, atol=1e-9)


@pytest.mark.parametrize("missing", [np.nan, float("nan"), np.float32("nan")])
def test_nan_in_labels_of_one_per_trial_is_refused_as_scikit_learn_asks(missing):
    y = (np.arange(N_TRIALS) % 2).astype(object)
    y[3] = missing
    for labels in (y, y.astype(float), list(y), pd.Series(y.astype(float))):
        with pytest.raises(ValueError, match="Input y contains NaN"):
            classifier().fit(X, labels)


@pytest.mark.parametrize("missing", [None, pd.NA])
def test_a_trial_whose_one_label_is_missing_is_not_judged(missing):
    y = (np.arange(N_TRIALS) % 2).astype(object)
    y[3] = missing
    kept = np.arange(N_TRIALS) != 3
    fitted = classifier().fit(X, y)
    right = fitted.predict(X)[kept] == y[kept]
    assert fitted.score(X, y) == pytest.approx(right.mean())


@pytest.mark.parametrize(
    "y",
    [
        with_(pd.NaT),
        with_(np.datetime64("NaT")),
        np.where(JUDGED, np.datetime64("2020-01-01"), np.datetime64("NaT")),
    ],
)
def test_missing_dates_are_no_labels(y):
    with pytest.raises(ValueError, match="y must be labels, got NaT"):
        classifier().fit(X, y)


def test_infinity_is_refused_where_it_is_judged_only():
    y = with_(np.nan, dtype=float)
    y[tuple(np.argwhere(JUDGED)[0])] = np.inf
    with pytest.raises(ValueError, match="y contains infinity"):
        classifier().fit(X, y)


def test_nothing_judged_is_refused():
    for y in (CODES * np.nan, np.full(CODES.shape, None), np.ma.masked_all(CODES.shape, int)):
        with pytest.raises(ValueError, match="y must have at least one label"):
            classifier().fit(X, y)
        with pytest.raises(ValueError, match="y must have at least one label"):
            classifier().fit(X, CODES).score(X, y)


@pytest.mark.parametrize("text", ["", "nan", "NaN", "None", "<NA>", "NaT"])
def test_text_of_a_missing_label_is_a_class_with_a_warning(text):
    y = with_(text, WORDS[CODES])
    with pytest.warns(UserWarning, match="entry that is not judged is None") as caught:
        fitted = classifier().fit(X, y)
    assert f"y has the label {text!r} in {(~JUDGED).sum()} of {y.size} entries" in str(
        caught[0].message
    )
    assert len(caught) == 1 and text in fitted.classes_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.score(X, y)  # said once
        fitted.partial_fit(X, y)
        classifier().partial_fit(X, y, classes=[text, *WORDS])  # meant
        other = classifier().fit(X, WORDS[CODES])
    with pytest.warns(UserWarning, match=f"y has the label {text!r}"):
        other.score(X, y)


def test_what_numpy_makes_of_nan_among_words_is_told():
    y = np.array(with_(np.nan, WORDS[CODES]).tolist())  # text
    with pytest.warns(UserWarning, match="y has the label 'nan'"):
        classifier().fit(X, y)


@pytest.mark.parametrize("number", [-1, -100, 99])
def test_a_number_for_nothing_is_a_class_like_any_other(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert number in classifier().fit(X, with_(number, dtype=int)).classes_


def test_numbers_among_words_are_refused_within_a_trial():
    y = [["left", 1, "right", "left", "left", "left"]] * N_TRIALS
    with pytest.raises(ValueError, match="labels of one kind, got numbers and text"):
        classifier().fit(X, y)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_balanced_classes_are_counted_where_they_are_judged(missing):
    counts = np.bincount(CODES[JUDGED], minlength=3)
    by_hand = dict(enumerate(counts.sum() / (3 * counts)))
    same(
        classifier(class_weight="balanced").fit(X, with_(missing)),
        classifier(class_weight=by_hand).fit(X, with_(None)),
    )


def test_a_class_that_is_never_judged_is_none():
    y = with_(None)
    y[y == 2] = None
    assert classifier().fit(X, y).classes_.tolist() == [0, 1]


@pytest.mark.parametrize("missing", [None, np.nan, "masked"])
def test_early_stopping_scores_what_is_judged(missing):
    y = MASKED if isinstance(missing, str) else with_(missing)
    options = {"early_stopping": True, "validation_fraction": 0.3}
    same(classifier(**options).fit(X, y), classifier(**options).fit(X, with_(None)))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("container", [np.asarray, list, objects])
def test_missing_numbers_are_missing_in_every_container(missing, container):
    y = NUMBERS.astype(object)
    y[~JUDGED] = missing
    expected = regressor().fit(X, np.where(JUDGED[..., None], NUMBERS, np.nan))
    fitted = regressor().fit(X, container(y))
    same(fitted, expected)
    score = r2_score(NUMBERS[JUDGED], fitted.predict(X)[JUDGED])
    assert fitted.score(X, container(y)) == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("container", [list, objects, pd.Series])
def test_masked_numbers_are_missing_in_every_container(container):
    y = np.ma.masked_array(NUMBERS, mask=np.repeat(~JUDGED[..., None], 2, axis=-1))
    expected = regressor().fit(X, np.where(JUDGED[..., None], NUMBERS, np.nan))
    same(regressor().fit(X, container(list(y))), expected)


# ------------------------------------------------------------------------ weights of steps


def cross_entropy_by_hand(clf, weights, trials=X, codes=CODES, valid=True):
    p = np.take_along_axis(clf.predict_proba(trials), codes[..., None], axis=-1)[..., 0]
    w = np.broadcast_to(np.where(valid, weights, 0.0), p.shape)
    return (w * -np.log(np.where(w > 0, p, 1))).sum() / w.sum()


def frozen(make, **arguments):
    """One epoch without a step: the loss is that of the weights as they are."""
    return make(max_iter=1, learning_rate_init=1e-30, batch_size=N_TRIALS, **arguments)


def test_loss_of_weighted_steps_in_closed_form():
    clf = frozen(classifier).fit(X, CODES, WEIGHTS)
    assert clf.loss_curve_[0] == pytest.approx(cross_entropy_by_hand(clf, WEIGHTS), rel=1e-9)
    reg = frozen(regressor).fit(X, NUMBERS, WEIGHTS)
    errors = ((reg.predict(X) - NUMBERS) ** 2).sum(axis=-1)
    mean = (WEIGHTS * errors).sum() / (2 * WEIGHTS.sum())
    assert reg.loss_curve_[0] in (pytest.approx(mean), pytest.approx(2 * mean))


def test_loss_of_weighted_steps_of_padded_trials_in_closed_form():
    clf = frozen(classifier).fit(PADDED, CODES, WEIGHTS)
    expected = cross_entropy_by_hand(clf, WEIGHTS, PADDED, valid=VALID)
    assert clf.loss_curve_[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("make, y", [(classifier, CODES), (regressor, NUMBERS)])
def test_a_weight_of_zero_is_a_step_that_is_not_judged(make, y):
    if make is classifier:
        missing = with_(None)
    else:
        missing = np.where(JUDGED[..., None], NUMBERS, np.nan)
    for options in ({}, {"rate_penalty": 0.1}, {"batch_size": 4}):
        weighted = make(**options).fit(X, y, JUDGED.astype(float))
        same(weighted, make(**options).fit(X, missing))
    expected = weighted.score(X, missing)
    assert weighted.score(X, y, sample_weight=JUDGED) == pytest.approx(expected, abs=1e-12)
    same(
        make().partial_fit(X, y, sample_weight=JUDGED),
        make().partial_fit(X, missing),
    )


@pytest.mark.parametrize("make, y", [(classifier, CODES), (regressor, NUMBERS)])
def test_a_weight_of_two_is_the_step_counted_twice(make, y):
    """Copies of the trials: in the second, only the steps of weight two are judged."""
    twice = 1.0 + JUDGED
    options = {"max_iter": 4, "batch_size": 1000}
    copies = np.concatenate([np.ones(CODES.shape), JUDGED])
    weighted = make(**options).fit(X, y, twice)
    copied = make(**options).fit(np.r_[X, X], np.r_[y, y], copies)
    assert_allclose(weighted.loss_curve_, copied.loss_curve_, rtol=1e-9)
    assert_allclose(weighted.W_rec_, copied.W_rec_, atol=1e-6)
    score = weighted.score(np.r_[X, X], np.r_[y, y], copies)
    assert weighted.score(X, y, twice) == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("make, y", [(classifier, CODES), (regressor, NUMBERS)])
def test_weights_alike_within_trials_are_weights_of_trials(make, y):
    of_trials = WEIGHTS[:, 0] + 1
    per_step = np.repeat(of_trials[:, None], N_STEPS, axis=1)
    same(make().fit(X, y, per_step), make().fit(X, y, of_trials))
    fitted = make().fit(X, y)
    assert fitted.score(X, y, per_step) == pytest.approx(fitted.score(X, y, of_trials), abs=1e-12)


@pytest.mark.parametrize("make, y", [(classifier, CODES), (regressor, NUMBERS)])
@pytest.mark.parametrize(
    "container",
    [
        cut,
        lambda w: objects(cut(w)),
        lambda w: pd.Series(cut(w)),
        lambda w: [row.tolist() for row in cut(w)],
        lambda w: np.where(VALID, w, np.nan),
        lambda w: pd.DataFrame(w),
        lambda w: w.tolist(),
        lambda w: np.where(VALID, w, -7).astype(np.float32),
    ],
)
def test_weights_of_trials_of_unequal_length(make, y, container):
    expected = make().fit(PADDED, y, WEIGHTS)
    weights = container(WEIGHTS)
    same(make().fit(PADDED, y, weights), expected)
    same(make().fit(RAGGED, cut(y), weights), expected)
    score = expected.score(PADDED, y, WEIGHTS)
    assert expected.score(RAGGED, cut(y), weights) == pytest.approx(score, abs=1e-12)


def test_penalties_on_activity_do_not_ask_for_weights_of_steps():
    y = with_(None)
    quiet = {"rate_penalty": 10.0}
    weights = np.where(JUDGED, 3.0, 0.0)
    same(classifier(**quiet).fit(X, CODES, weights), classifier(**quiet).fit(X, y))
    of_trials = np.arange(N_TRIALS) + 1.0
    by_trial = classifier(**quiet).fit(X, CODES, of_trials)
    by_step = classifier(**quiet).fit(X, CODES, np.repeat(of_trials[:, None], N_STEPS, axis=1))
    assert by_trial.loss_curve_ != by_step.loss_curve_  # there trials count by their weight


@pytest.mark.parametrize("make", [classifier, regressor])
def test_score_with_weights_of_steps_is_that_of_scikit_learn(make):
    y = CODES if make is classifier else NUMBERS
    fitted, flat = make().fit(X, y), (lambda a: a.reshape(CODES.size, *a.shape[2:]))
    metric = accuracy_score if make is classifier else r2_score
    expected = metric(flat(y), flat(fitted.predict(X)), sample_weight=WEIGHTS.ravel())
    assert fitted.score(X, y, WEIGHTS) == pytest.approx(expected, abs=1e-12)


LAST = [(classifier, CODES[:, -1]), (regressor, NUMBERS[:, -1]), (regressor, NUMBERS[:, -1, 0])]


@pytest.mark.parametrize("make, y", LAST)
@pytest.mark.parametrize("weights", [WEIGHTS, list(WEIGHTS), WEIGHTS.tolist(), objects(WEIGHTS)])
def test_weights_of_steps_are_refused_for_targets_of_the_last_step(make, y, weights):
    fitted = make().fit(X, y)
    for call in (make().fit, make().partial_fit, fitted.score):
        with pytest.raises(ValueError, match="y is judged at the last step") as caught:
            call(X, y, sample_weight=weights)
        assert str(caught.value).count(". ") == 0


BAD_WEIGHTS = {
    "of the steps first": (WEIGHTS.T, r"\(18, 6\), got shape \(6, 18\)"),
    "per output": (np.ones((*CODES.shape, 2)), r"got shape \(18, 6, 2\)"),
    "column": (np.ones((N_TRIALS, 1)), r"got shape \(18, 1\)"),
    "negative": (WEIGHTS - 3, "non-negative and finite, got -3"),
    "NaN": (np.where(JUDGED, np.nan, 1), "non-negative and finite, got NaN"),
    "infinite": (np.where(JUDGED, np.inf, 1), "non-negative and finite, got NaN or infinity"),
    "zero": (WEIGHTS * 0, "at least one positive value, got only zeros"),
    "text": (WEIGHTS.astype(str), "an array of numbers, got an array of <U"),
    "too few trials": (list(WEIGHTS[:-1]), "one array of weights per trial, 18, got 17"),
    "too few steps": ([*WEIGHTS[:-1], WEIGHTS[-1, :2]], r"trial 17 has 6 steps.*shape \(2,\)"),
    "masked": (np.ma.masked_array(WEIGHTS, mask=JUDGED), "plain array, got a masked array"),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_weights_that_do_not_fit_are_refused_in_one_sentence(kind):
    weights, words = BAD_WEIGHTS[kind]
    for make, y in ((classifier, CODES), (regressor, NUMBERS)):
        fitted = make().fit(X, y)
        for call in (make().fit, make().partial_fit, fitted.score):
            with pytest.raises(ValueError, match=f"^sample_weight must .*{words}"):
                call(X, y, sample_weight=weights)


def test_positive_weights_where_nothing_is_judged_are_refused():
    for make, y in ((classifier, with_(None)), (regressor, NUMBERS * [1, 1])):
        if make is regressor:
            y[~JUDGED] = np.nan
        with pytest.raises(ValueError, match="y must have at least one"):
            make().fit(X, y, (~JUDGED).astype(float))
        with pytest.raises(ValueError, match="y must have at least one"):
            make().fit(X, y).score(X, y, ~JUDGED)


def test_one_class_of_positive_weight_is_refused():
    with pytest.raises(ValueError, match="2 classes with positive sample_weight"):
        classifier().fit(X, CODES, (CODES == 1).astype(float))


def test_weights_of_steps_reach_an_ensemble_and_a_search():
    ensemble = SeedEnsemble(classifier(), n_seeds=2, random_state=0, strategy="joblib")
    ensemble.fit(X, CODES, WEIGHTS)  # side by side they would round otherwise than alone
    member = classifier(random_state=int(ensemble.seeds_[0])).fit(X, CODES, WEIGHTS)
    same(ensemble.estimators_[0], member)
    found = GridSearchCV(classifier(), {"n_units": [5, 6]}, cv=3).fit(
        X, CODES, sample_weight=WEIGHTS
    )
    same(found.best_estimator_, classifier(**found.best_params_).fit(X, CODES, WEIGHTS))


# ------------------------------------------------------------------------ cross-validation

SPLITS = list(KFold(3).split(X))


def scores_by_hand(y):
    return [classifier().fit(X[a], y[a]).score(X[b], y[b]) for a, b in SPLITS]


@pytest.mark.parametrize("labels", [CODES, CODES % 2], ids=["three classes", "two classes"])
def test_an_integer_cv_is_a_kfold_for_labels_per_step(labels):
    assert_array_equal(cross_val_score(classifier(), X, labels, cv=3), scores_by_hand(labels))


@pytest.mark.parametrize(
    "y", [MASKED, objects(with_(None)), objects(with_(np.nan))], ids=["masked", "None", "NaN"]
)
def test_an_integer_cv_with_labels_that_are_not_judged(y):
    expected = scores_by_hand(with_(None))
    assert_array_equal(cross_val_score(classifier(), X, y, cv=3), expected)
    y = pickle.loads(pickle.dumps(y))  # as to another process
    found = GridSearchCV(classifier(), {"n_units": [6]}, cv=3).fit(X, y)
    assert found.best_score_ == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_splitter_takes_every_way_to_say_it(missing):
    scores = cross_val_score(classifier(), X, with_(missing), cv=KFold(3))
    assert_array_equal(scores, scores_by_hand(with_(None)))


def test_a_list_of_trials_is_cross_validated():
    scores = cross_val_score(classifier(), RAGGED, cut(with_(None)), cv=KFold(3))
    padded = [classifier().fit(PADDED[a], MASKED[a]).score(PADDED[b], MASKED[b]) for a, b in SPLITS]
    assert_allclose(scores, padded, atol=1e-12)


def test_trials_are_stratified_by_a_label_of_their_own():
    of_trial = np.arange(N_TRIALS) % 2
    splits = list(StratifiedKFold(3).split(X, of_trial))
    scores = cross_val_score(classifier(), X, MASKED, cv=splits)
    assert len(scores) == 3 and np.isfinite(scores).all()


def test_a_split_keeps_the_mask():
    parts = train_test_split(X, MASKED, random_state=0)
    assert parts[2].mask.sum() + parts[3].mask.sum() == (~JUDGED).sum()
    assert_array_equal(cross_val_predict(classifier(), X, MASKED, cv=3).shape, CODES.shape)


@pytest.mark.parametrize("n_steps", [N_STEPS, 3])
def test_why_probabilities_are_not_left_to_cross_val_predict(n_steps):
    """It numbers the classes of each step anew: the network sees other labels than were given."""
    labels = np.where(np.arange(n_steps) == 0, 2, CODES[:, :n_steps])  # 2 becomes 0 there
    options = {"cv": KFold(3), "method": "predict_proba"}
    if n_steps != 3:  # classes
        with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match="shape mismatch"):
            cross_val_predict(classifier(), X[:, :n_steps], labels, **options)
        return
    found = cross_val_predict(classifier(), X[:, :3], labels, **options)
    anew = np.stack([np.unique(step, return_inverse=True)[1] for step in labels.T], axis=1)
    assert (anew[:, 0] == 0).all()
    for train, test in SPLITS:
        of_others = classifier().fit(X[train, :3], anew[train]).predict_proba(X[test, :3])
        assert_array_equal(found[test], of_others)
