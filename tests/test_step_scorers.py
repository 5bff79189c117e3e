"""Scorers of steps: scikit-learn's own metrics of the judged entries, however they come."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn import metrics as theirs
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor, metrics
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.metrics import StepScorer, bio_scoring, step_accuracy, step_log_loss, step_r2
from sk_biornn.preprocessing import TrialTargetRegressor

N_TRIALS, N_STEPS = 20, 7
RNG = np.random.default_rng(3)
X = RNG.standard_normal((N_TRIALS, N_STEPS, 2))
CODES = (X[..., 0] > 0.2).astype(int) + (X[..., 1] > 0.7)
NUMBERS = np.stack([X[..., 0].cumsum(axis=1), X[..., 1]], axis=-1)
JUDGED = RNG.random(CODES.shape) < 0.5
LENGTHS = np.r_[N_STEPS, 2 + np.arange(N_TRIALS - 1) % 6]
VALID = np.arange(N_STEPS) < LENGTHS[:, None]
PADDED = np.where(VALID[..., None], X, np.nan)
WEIGHTS = RNG.integers(0, 3, size=CODES.shape).astype(float)
OF_TRIALS = RNG.random(N_TRIALS)

OF_LABELS = {
    "step_accuracy": theirs.accuracy_score,
    "step_balanced_accuracy": theirs.balanced_accuracy_score,
    "step_f1": lambda *a, **k: theirs.f1_score(*a, average="macro", **k),
}
OF_NUMBERS = {
    "step_r2": theirs.r2_score,
    "step_neg_mean_squared_error": lambda *a, **k: -theirs.mean_squared_error(*a, **k),
}
NAMES = [*OF_LABELS, "step_log_loss", *OF_NUMBERS]


def cut(array):
    return [row[:n] for row, n in zip(array, LENGTHS, strict=True)]


def frames(trials):
    return [pd.DataFrame(trial, columns=["a", "b"]) for trial in trials]


@pytest.fixture(scope="module")
def clf():
    return DaleRNNClassifier(n_units=8, max_iter=4, random_state=0).fit(X, CODES)


@pytest.fixture(scope="module")
def reg():
    return DaleRNNRegressor(n_units=8, max_iter=4, random_state=0).fit(X, NUMBERS)


def expected(name, network, judged, weights, codes=CODES, trials=PADDED):
    """Metric of scikit-learn on the judged entries, laid out by hand."""
    weight = None if weights is None else weights[judged]
    if name == "step_log_loss":
        p = network.predict_proba(trials)[judged]
        return -theirs.log_loss(codes[judged], p, labels=network.classes_, sample_weight=weight)
    y, metric = (codes, OF_LABELS) if name in OF_LABELS else (NUMBERS, OF_NUMBERS)
    return metric[name](
        y[judged], network.predict(trials)[judged], sample_weight=weight
    )  # fmt: skip


def masked(name, judged):
    """Targets that are judged at these steps only."""
    if name in OF_NUMBERS:
        return np.where(judged[..., None], NUMBERS, np.nan)
    y = CODES.astype(object)
    y[~judged] = None
    return y


CONTAINERS = {
    "padded": (PADDED, lambda y: y),
    "padded, list": (PADDED, cut),
    "list": ([*cut(X)], cut),
    "frames": (frames(cut(X)), cut),
    "list, all steps": ([*cut(X)], list),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", ["none", "of trials", "of steps"])
def test_score_is_that_of_scikit_learn_on_the_judged_entries(clf, reg, name, container, kind):
    network = reg if name in OF_NUMBERS else clf
    weights = {"none": None, "of trials": np.repeat(OF_TRIALS[:, None], N_STEPS, 1)}.get(
        kind, WEIGHTS
    )
    given = {"none": None, "of trials": OF_TRIALS}.get(kind, CONTAINERS[container][1](WEIGHTS))
    judged = JUDGED & VALID & (True if weights is None else weights > 0)
    trials, of_trials = CONTAINERS[container]
    if container == "frames":
        network = copy.deepcopy(network)
        network.feature_names_in_ = np.array(["a", "b"], dtype=object)
    score = getattr(metrics, name)(network, trials, of_trials(masked(name, JUDGED)), given)
    assert isinstance(score, float)
    plain = reg if name in OF_NUMBERS else clf
    assert score == pytest.approx(expected(name, plain, judged, weights), rel=1e-12)


MISSING = [None, np.nan, pd.NA]


@pytest.mark.parametrize("missing", MISSING, ids=str)
def test_every_way_to_say_that_a_label_is_not_judged(clf, missing):
    y = CODES.astype(object)
    y[~JUDGED] = missing
    judged = JUDGED & VALID
    value = expected("step_accuracy", clf, judged, None)
    for labels in (y, list(y), y.tolist(), pd.DataFrame(y), pd.Series(list(y)), cut(y)):
        assert step_accuracy(clf, PADDED, labels) == pytest.approx(value, rel=1e-12)
    assert step_accuracy(clf, PADDED, labels) == pytest.approx(clf.score(PADDED, y), rel=1e-12)


def test_masked_and_float_labels(clf):
    y = np.ma.masked_array(CODES, mask=~JUDGED)
    value = expected("step_accuracy", clf, JUDGED, None, trials=X)
    for labels in (y, list(y), np.where(JUDGED, CODES, np.nan)):
        assert step_accuracy(clf, X, labels) == pytest.approx(value, rel=1e-12)


def test_labels_that_are_words():
    words = np.array(["left", "right", "stay"])
    clf = DaleRNNClassifier(n_units=8, max_iter=4, random_state=0).fit(X, words[CODES])
    y = words[CODES].astype(object)
    y[~JUDGED] = np.nan
    for name in ("step_accuracy", "step_balanced_accuracy", "step_f1"):
        value = OF_LABELS[name](words[CODES][JUDGED], clf.predict(X)[JUDGED])
        for labels in (y, y.tolist()):
            assert getattr(metrics, name)(clf, X, labels) == pytest.approx(value, rel=1e-12)
    p = clf.predict_proba(X)[JUDGED]
    value = -theirs.log_loss(words[CODES][JUDGED], p, labels=words)
    assert step_log_loss(clf, X, y) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", ["none", "of trials", "of steps"])
def test_steps_of_the_burn_in_are_not_judged(container, kind):
    """As `score` leaves them out, so that a search finds the same by either."""
    trials, of_trials = CONTAINERS[container]
    if container == "frames":
        trials = [frame.to_numpy() for frame in trials]
    burnt = DaleRNNRegressor(n_units=8, max_iter=4, burn_in=2, random_state=0).fit(X, NUMBERS)
    after = JUDGED & VALID & (np.arange(N_STEPS) >= 2)
    weights = {"none": None, "of trials": np.repeat(OF_TRIALS[:, None], N_STEPS, 1)}.get(
        kind, WEIGHTS
    )
    given = {"none": None, "of trials": OF_TRIALS}.get(kind, CONTAINERS[container][1](WEIGHTS))
    after &= True if weights is None else weights > 0
    y = of_trials(masked("step_r2", JUDGED))
    wrapped = {
        "alone": burnt,
        "pipeline": make_pipeline(FunctionTransformer(), burnt),
        "search": SimpleNamespace(predict=burnt.predict, best_estimator_=burnt),
    }
    for name in OF_NUMBERS:
        value = expected(name, burnt, after, weights)
        for estimator in wrapped.values():
            found = getattr(metrics, name)(estimator, trials, y, given)
            assert found == pytest.approx(value, rel=1e-12)
    assert step_r2(burnt, trials, y, given) == pytest.approx(burnt.score(trials, y, given))


def test_an_ensemble_and_scaled_targets_have_a_burn_in_too():
    network = DaleRNNRegressor(n_units=6, max_iter=2, burn_in=3)
    seeds = SeedEnsemble(network, n_seeds=2, random_state=0).fit(X, NUMBERS)
    scaled = TrialTargetRegressor(network).fit(X, NUMBERS)
    after = np.broadcast_to(np.arange(N_STEPS) >= 3, CODES.shape)
    for estimator in (seeds, scaled):
        value = expected("step_r2", estimator, after, None, trials=X)
        assert step_r2(estimator, X, NUMBERS) == pytest.approx(value, rel=1e-12)


def test_a_burn_in_that_leaves_nothing_is_told_and_targets_at_the_last_step_have_none():
    early = np.where(np.arange(N_STEPS)[:, None] < 2, NUMBERS, np.nan)
    burnt = DaleRNNRegressor(n_units=4, max_iter=1, burn_in=2, random_state=0).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"sample_weight after the first burn_in=2 steps, got non"):
        step_r2(burnt, X, early)
    last = NUMBERS[:, -1]
    always = SimpleNamespace(predict=lambda X: last + 1, burn_in=1)
    assert metrics.step_neg_mean_squared_error(always, X, last) == pytest.approx(-1)


def test_outputs_are_judged_one_by_one(reg):
    y = NUMBERS.copy()
    y[RNG.random(y.shape) < 0.4] = np.nan
    p = reg.predict(X)
    by_hand = [
        theirs.r2_score(y[..., k][~np.isnan(y[..., k])], p[..., k][~np.isnan(y[..., k])])
        for k in range(2)
    ]
    assert step_r2(reg, X, y) == pytest.approx(np.mean(by_hand), rel=1e-12)
    assert step_r2(reg, X, y) == pytest.approx(reg.score(X, y), rel=1e-12)
    y[..., 1] = np.nan
    assert step_r2(reg, X, y) == pytest.approx(by_hand[0], rel=1e-12)
    hidden = np.ma.masked_invalid(y)
    assert step_r2(reg, X, list(hidden)) == pytest.approx(by_hand[0], rel=1e-12)


def test_targets_of_the_last_step_are_one_entry_per_trial():
    y = CODES[:, -1].astype(object)
    y[2] = None
    kept = np.arange(N_TRIALS) != 2
    clf = DaleRNNClassifier(n_units=8, max_iter=3, random_state=0).fit(X, y)
    value = theirs.accuracy_score(
        CODES[kept, -1], clf.predict(X)[kept], sample_weight=OF_TRIALS[kept]
    )
    assert step_accuracy(clf, X, y, OF_TRIALS) == pytest.approx(value, rel=1e-12)
    p = clf.predict_proba(X)[kept]
    assert step_log_loss(clf, X, y) == pytest.approx(-theirs.log_loss(CODES[kept, -1], p))
    for numbers in (NUMBERS[:, -1], NUMBERS[:, -1, 0]):
        reg = DaleRNNRegressor(n_units=8, max_iter=3, random_state=0).fit(X, numbers)
        assert step_r2(reg, X, numbers) == pytest.approx(reg.score(X, numbers), rel=1e-12)


def test_exact_match_of_whole_trials_is_not_what_is_scored():
    """Two classes: scikit-learn's accuracy asks that every step of a trial be right."""
    y = CODES > 0
    clf = DaleRNNClassifier(n_units=8, max_iter=20, learning_rate_init=0.01, random_state=0)
    right = clf.fit(X, y).predict(X) == y
    assert theirs.get_scorer("accuracy")(clf, X, y) == right.all(axis=1).mean()
    assert step_accuracy(clf, X, y) == pytest.approx(right.mean(), rel=1e-12)
    assert right.all(axis=1).mean() < right.mean() - 0.1


def test_any_metric_of_scikit_learn(clf):
    y = masked("step_accuracy", JUDGED)
    value = theirs.cohen_kappa_score(CODES[JUDGED], clf.predict(X)[JUDGED])
    for func in ("cohen_kappa_score", theirs.cohen_kappa_score):
        assert StepScorer(func)(clf, X, y) == pytest.approx(value, rel=1e-12)
    low = StepScorer("hamming_loss", greater_is_better=False)
    assert low(clf, X, y) == pytest.approx(step_accuracy(clf, X, y) - 1, rel=1e-12)


# ------------------------------------------------------------------------ in scikit-learn


def test_bio_scoring_by_name():
    found = bio_scoring(*NAMES, "modularity")
    assert list(found) == [*NAMES, "modularity"]
    for name in NAMES:
        assert repr(found[name]) == repr(getattr(metrics, name))
        assert found[name] is not getattr(metrics, name)
    with pytest.raises(ValueError, match=r"'step_accuracy'.*got 'neg_step_r2'"):
        bio_scoring("neg_step_r2")


def test_repr_is_the_call():
    assert repr(metrics.step_f1) == "StepScorer('f1_score', average='macro')"
    expected = "StepScorer('log_loss', response='probabilities', greater_is_better=False)"
    assert repr(step_log_loss) == expected
    assert repr(StepScorer(theirs.r2_score, response="numbers")) == (
        "StepScorer(r2_score, response='numbers')"
    )


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_scorer_survives_copying(clf, duplicate):
    assert duplicate(step_accuracy)(clf, X, CODES) == step_accuracy(clf, X, CODES)


@pytest.mark.parametrize("weights", [None, OF_TRIALS, WEIGHTS])
def test_cross_validation_and_search(weights):
    network = DaleRNNClassifier(n_units=6, max_iter=2, random_state=0)
    y, names = np.ma.masked_array(CODES, mask=~JUDGED), ["step_accuracy", "step_log_loss"]
    scoring = bio_scoring(*names, "modularity")
    params = {} if weights is None else {"sample_weight": weights}
    folds = cross_validate(
        network, X, y, cv=3, scoring=scoring, params=params, error_score="raise",
        return_estimator=True,
    )  # fmt: skip
    for (_, test), fitted, score in zip(
        KFold(3).split(X), folds["estimator"], folds["test_step_accuracy"], strict=True
    ):
        assert score == step_accuracy(fitted, X[test], y[test])
    found = GridSearchCV(
        network, {"n_units": [5, 6]}, cv=3, scoring=scoring, refit="step_log_loss",
        error_score="raise",
    ).fit(X, y, **params)  # fmt: skip
    assert found.best_score_ == found.cv_results_["mean_test_step_log_loss"].max()
    for name in names:
        scorer = getattr(metrics, name)
        assert scorer(found, X, y) == scorer(found.best_estimator_, X, y)


def test_sample_weights_are_routed_if_they_are_asked_for(clf):
    network = DaleRNNClassifier(n_units=6, max_iter=2, random_state=0)
    options = {"cv": KFold(2), "params": {"sample_weight": WEIGHTS}, "error_score": "raise"}
    with config_context(enable_metadata_routing=True):
        network.set_fit_request(sample_weight=True)
        scorer = bio_scoring("step_accuracy")["step_accuracy"]
        with pytest.raises(ValueError, match=r"sample_weight.*not explicitly set as requested"):
            cross_validate(network, X, CODES, scoring=scorer, **options)
        scorer.set_score_request(sample_weight=True)
        weighted = cross_validate(
            network, X, CODES, scoring=scorer, return_estimator=True, **options
        )
        without = bio_scoring("step_accuracy")["step_accuracy"]
        without.set_score_request(sample_weight=False)
        plain = cross_validate(network, X, CODES, scoring=without, **options)
    for k, (_, test) in enumerate(KFold(2).split(X)):
        fitted, (a, b, w) = weighted["estimator"][k], (X[test], CODES[test], WEIGHTS[test])
        assert weighted["test_score"][k] == step_accuracy(fitted, a, b, w)
        assert plain["test_score"][k] == step_accuracy(fitted, a, b)


def test_wrapped_estimators():
    network = DaleRNNClassifier(n_units=6, max_iter=2, random_state=0)
    y = np.where(VALID, CODES, 0)
    plain = network.fit(PADDED, y)
    pipeline = make_pipeline(FunctionTransformer(), network).fit(PADDED, y)
    ensemble = SeedEnsemble(network, n_seeds=2, random_state=0).fit(cut(X), cut(y))
    for name in (*OF_LABELS, "step_log_loss"):
        scorer = getattr(metrics, name)
        assert scorer(pipeline, PADDED, y) == scorer(plain, PADDED, y)
        assert_allclose(
            scorer(ensemble, cut(X), cut(y)), scorer(ensemble, PADDED, y), rtol=1e-12
        )  # fmt: skip


# ------------------------------------------------------------------------ refusals

REFUSED = [
    (CODES[:-1], None, "X and y have inconsistent numbers of trials: X has 20 and y has 19"),
    (CODES[:, :-1], None, "y must have one entry per step of X: trial 0 has 7 steps"),
    (CODES[:, -1], None, r"y must have one entry per step of each trial.* got shape \(20,\)"),
    (3, None, r"y must have one entry per step of each trial.* got shape \(\)"),
    ([[0, 1], 1], None, "y must|X and y have inconsistent numbers of trials"),
    (CODES[..., None], None, r"y must have the shape of the predictions, \(140,\) .*\(140, 1\)"),
    (np.full(CODES.shape, None), None, "y must have at least one entry to be judged"),
    (CODES, np.ones(N_TRIALS - 1), "sample_weight must have one weight per trial, 20"),
    (CODES, -WEIGHTS, "sample_weight must be non-negative and finite"),
    (CODES, -OF_TRIALS, "sample_weight must be non-negative and finite"),
    (CODES, WEIGHTS.T, r"sample_weight must have shape .*got shape \(7, 20\)"),
]


@pytest.mark.parametrize("y, weights, words", REFUSED)
def test_what_does_not_fit_is_refused(clf, y, weights, words):
    with pytest.raises(ValueError, match=words):
        step_accuracy(clf, X, y, weights)


def test_numbers_that_do_not_fit_are_refused(reg):
    for y, words in (
        (NUMBERS[..., :1], r"y must have the shape of the predictions, \(140, 2\)"),
        (NUMBERS[..., 0], r"y must have the shape of the predictions, \(140, 2\)"),
        (NUMBERS * np.nan, "y must have at least one entry to be judged"),
        (np.full(NUMBERS.shape, "a"), "y must be an array of numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            step_r2(reg, X, y)


def test_a_label_that_the_fit_did_not_know_has_no_probability(clf):
    with pytest.raises(ValueError, match=r"only the classes \[.*0.*1.*2.*\] of the fit .* got"):
        step_log_loss(clf, X, CODES + 1)


def test_what_has_weight_zero_is_not_looked_at(clf, reg):
    y, weights = CODES.copy(), np.ones(CODES.shape)
    y[0, 0], weights[0, 0] = 7, 0  # a class of its own, which the fit did not know
    for name in ("step_f1", "step_balanced_accuracy", "step_log_loss"):
        value = expected(name, clf, weights > 0, None, trials=X)
        assert getattr(metrics, name)(clf, X, y, weights) == pytest.approx(value, rel=1e-12)
    numbers = NUMBERS.copy()
    numbers[1:, :, 1] = np.nan
    of_trials = (np.arange(N_TRIALS) > 0).astype(float)  # the second output only where they are 0
    value = theirs.r2_score(NUMBERS[1:, :, 0].ravel(), reg.predict(X[1:])[..., 0].ravel())
    assert step_r2(reg, X, numbers, of_trials) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1e308])
def test_only_ratios_of_weights_matter(clf, reg, scale):
    for scorer, network, y in ((step_accuracy, clf, CODES), (step_r2, reg, NUMBERS)):
        value = scorer(network, X, y, OF_TRIALS)
        assert scorer(network, X, y, OF_TRIALS * scale) == pytest.approx(value, rel=1e-9)


def test_arguments_are_checked(clf):
    with pytest.raises(TypeError, match="func must be a function of targets and predictions"):
        StepScorer(3)
    with pytest.raises(ValueError, match="response must be one of"):
        StepScorer("accuracy_score", response="words")
    with pytest.raises(TypeError, match="greater_is_better must be True or False"):
        StepScorer("accuracy_score", greater_is_better=1)
    with pytest.raises(ValueError, match=r"function in sklearn.metrics, got 'right_score'"):
        StepScorer("right_score")(clf, X, CODES)


def test_one_wrong_step_in_a_prediction_by_hand():
    always = SimpleNamespace(predict=lambda X: np.array([[1, 1, 1], [1, 1, 1]]))
    trials = np.array([[[0.0], [0.0], [np.nan]], [[0.0], [0.0], [0.0]]])
    y = [[1, 0, 0], [None, 0, 1]]
    assert step_accuracy(always, trials, y) == 2 / 4
    assert step_accuracy(always, trials, [[1, 0], [None, 0, 1]]) == 2 / 4
    assert step_accuracy(always, trials, y, [[1, 0, 9], [7, 1, 2]]) == 3 / 4
