"""Early stopping on what the user chooses: trials of one's own, or whole groups."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.biology import MagnitudePruning
from sk_biornn.datasets import make_flip_flop, make_go_nogo
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.plots import LearningCurveDisplay
from sk_biornn.preprocessing import TrialTargetRegressor

X, Y = make_flip_flop(40, n_steps=8, random_state=0)
X_VAL, Y_VAL = make_flip_flop(15, n_steps=8, random_state=1)
GROUPS = np.repeat(np.arange(10), 4)
SMALL = {"n_units": 6, "max_iter": 4, "random_state": 0, "early_stopping": True}


def regressor(**parameters):
    return DaleRNNRegressor(**{**SMALL, **parameters})


def classifier(**parameters):
    return DaleRNNClassifier(**{**SMALL, **parameters})


def decisions(n_trials, seed):
    trials, labels = make_go_nogo(n_trials, random_state=seed)
    return trials[:, ::6], labels


def epochs(network, trials, targets, judge, **fit_params):
    """What `judge` says of the network after every epoch, and the fitted network."""
    seen = []

    def on_epoch(network):
        seen.append(judge(network))

    return seen, network.set_params(on_epoch=on_epoch).fit(trials, targets, **fit_params)


# --------------------------------------------------------------------- trials of one's own


@pytest.mark.parametrize("output_activation", ["identity", "tanh"])
@pytest.mark.parametrize("ragged", [False, True])
def test_curves_are_score_and_error_on_the_trials_given(ragged, output_activation):
    x, y = X_VAL, Y_VAL
    if ragged:
        lengths = 3 + np.arange(len(x)) % 6
        x, y = ([row[:n] for row, n in zip(part, lengths, strict=True)] for part in (x, y))

    def judge(network):
        outputs = network.predict(x)
        error = [((p - t) ** 2).mean(axis=0).sum() for p, t in zip(outputs, y, strict=True)]
        steps = [len(t) for t in y]
        return network.score(x, y), np.average(error, weights=steps)

    network = regressor(output_activation=output_activation)
    seen, fitted = epochs(network, X, Y, judge, validation=(x, y))
    scores, losses = zip(*seen, strict=True)
    np.testing.assert_allclose(fitted.validation_scores_, scores, rtol=1e-5)
    np.testing.assert_allclose(fitted.validation_loss_curve_, losses, rtol=1e-5)
    assert fitted.score(x, y) == pytest.approx(max(scores), rel=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_curve_of_a_classifier_is_the_cross_entropy(n_classes):
    trials, _ = decisions(30, 0)
    rng = np.random.default_rng(0)
    labels, of_validation = np.arange(30) % n_classes, rng.integers(n_classes, size=12)

    def judge(network):
        p = network.predict_proba(trials[:12])
        return log_loss(of_validation, p, labels=network.classes_)

    given = {"validation": (trials[:12], of_validation)}
    seen, fitted = epochs(classifier(), trials, labels, judge, **given)
    np.testing.assert_allclose(fitted.validation_loss_curve_, seen, rtol=1e-5)
    hits = fitted.predict(trials[:12]) == of_validation
    assert hits.mean() == pytest.approx(max(fitted.validation_scores_))


def test_class_weights_of_training_weigh_validation_trials():
    trials, labels = decisions(30, 0)
    labels[:24], labels[24:] = 0, 1
    x, y = trials[20:27], labels[20:27]

    def judge(network):
        weights = np.where(y == 0, 30 / 48, 30 / 12)
        return log_loss(y, network.predict_proba(x), sample_weight=weights)

    network = classifier(class_weight="balanced")
    seen, fitted = epochs(network, trials, labels, judge, validation=(x, y))
    np.testing.assert_allclose(fitted.validation_loss_curve_, seen, rtol=1e-5)


def test_all_trials_train_when_others_judge():
    given = regressor(n_iter_no_change=50).fit(X, Y, validation=(X_VAL, Y_VAL))
    plain = regressor(early_stopping=False).fit(X, Y)
    np.testing.assert_array_equal(given.loss_curve_, plain.loss_curve_)
    assert plain.validation_loss_curve_ is None
    assert plain.validation_scores_ is None


def test_targets_that_are_not_scored_are_not_in_the_curves():
    some = Y_VAL.copy()
    some[::2, 3:] = np.nan
    fitted = regressor(max_iter=1).fit(X, Y, validation=(X_VAL, some))
    known = np.isfinite(some[..., 0])
    outputs = fitted.predict(X_VAL)[known]
    assert fitted.validation_scores_[0] == pytest.approx(r2_score(some[known], outputs), rel=1e-5)
    error = ((outputs - some[known]) ** 2).mean()
    assert fitted.validation_loss_curve_[0] == pytest.approx(error, rel=1e-5)


def test_the_ordinary_split_has_a_loss_curve_too():
    for network, (trials, targets) in ((regressor(), (X, Y)), (classifier(), decisions(40, 0))):
        fitted = network.fit(trials, targets)
        assert len(fitted.validation_loss_curve_) == len(fitted.validation_scores_) == 4
        assert np.isfinite(fitted.validation_loss_curve_).all()
        shown = LearningCurveDisplay.from_estimators(fitted, attribute="validation_loss_curve_")
        assert shown.ylabel == "validation loss"


def test_curves_go_on_through_warm_starts_and_pruning():
    whole = regressor(max_iter=6, n_iter_no_change=50)
    network = regressor(max_iter=3, warm_start=True, n_iter_no_change=50)
    one = network.fit(X, Y, validation=(X_VAL, Y_VAL)).validation_loss_curve_
    two = network.fit(X, Y, validation=(X_VAL, Y_VAL)).validation_loss_curve_
    assert two[:3] == one
    assert len(two) == len(network.validation_scores_) == 6
    assert whole.fit(X, Y, validation=(X_VAL, Y_VAL)).validation_loss_curve_[:3] == one
    pruned = regressor(pruning=MagnitudePruning(), density=0.3, finetune_iter=2)
    pruned.fit(X, Y, validation=(X_VAL, Y_VAL))
    assert len(pruned.validation_loss_curve_) == len(pruned.validation_scores_) == 6
    network.set_params(early_stopping=False).fit(X, Y)
    assert network.validation_loss_curve_ is None


def test_an_epoch_that_was_interrupted_has_no_loss(monkeypatch):
    calls = []

    def interrupted(network, outputs, targets):
        calls.append(1)
        if len(calls) == 3:  # the loss of the epoch is known by then
            raise KeyboardInterrupt
        return 0.0

    monkeypatch.setattr(DaleRNNRegressor, "_score_outputs", interrupted)
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        fitted = regressor().fit(X, Y, validation=(X_VAL, Y_VAL))
    assert len(fitted.validation_loss_curve_) == len(fitted.validation_scores_) == 2


# --------------------------------------------------------------------------------- groups


def held_groups(network, groups, monkeypatch, **fit_params):
    """Groups whose trials were not trained on, and those of which some were."""
    found, original = {}, type(network)._hold_out

    def spy(self, *arguments):
        rest, held_out = original(self, *arguments)
        found["held"] = held_out[0].groups
        return rest, held_out

    monkeypatch.setattr(type(network), "_hold_out", spy)
    network.fit(X, Y, validation_groups=groups, **fit_params)
    return found["held"]


@pytest.mark.parametrize("fraction, n_held", [(0.1, 1), (0.25, 3), (0.5, 5), (0.95, None)])
def test_groups_are_held_out_as_a_whole(fraction, n_held, monkeypatch):
    network = regressor(validation_fraction=fraction)
    if n_held is None:
        with pytest.raises(ValueError, match=r"^validation_groups must have at least 2 groups"):
            network.fit(X, Y, validation_groups=GROUPS)
        return
    held = held_groups(network, GROUPS, monkeypatch)
    numbers, counts = np.unique(held, return_counts=True)
    assert len(numbers) == n_held
    assert (counts == 4).all()  # all trials of the group


def test_the_same_groups_are_held_out_again_whatever_they_are_called(monkeypatch):
    held = held_groups(regressor(), GROUPS, monkeypatch)
    words = pd.Series([f"session {chr(97 + k)}" for k in GROUPS])
    for groups in (words, words.tolist(), words.astype("category"), GROUPS + 0.5):
        np.testing.assert_array_equal(held_groups(regressor(), groups, monkeypatch), held)
    others = [held_groups(regressor(random_state=k), GROUPS, monkeypatch)[0] for k in range(8)]
    assert len(set(others)) > 1


def test_trials_without_weight_count_in_no_group(monkeypatch):
    weights = np.where(GROUPS < 8, 0.0, 1.0)
    held = held_groups(regressor(), GROUPS, monkeypatch, sample_weight=weights)
    assert set(held) <= {8, 9}


def test_groups_equal_the_validation_trials_that_they_name(monkeypatch):
    network = regressor()
    held = np.isin(GROUPS, held_groups(network, GROUPS, monkeypatch))
    other = regressor().fit(X[~held], Y[~held], validation=(X[held], Y[held]))
    np.testing.assert_array_equal(network.W_rec_, other.W_rec_)
    assert network.validation_loss_curve_ == other.validation_loss_curve_


def test_groups_of_a_classifier_and_of_a_warm_start():
    trials, labels = decisions(40, 0)
    network = classifier(warm_start=True).fit(trials, labels, validation_groups=GROUPS)
    network.fit(trials, labels, validation_groups=GROUPS)
    assert len(network.validation_loss_curve_) == len(network.validation_scores_) > 4


def test_grid_search_hands_groups_on():
    search = GridSearchCV(regressor(max_iter=1), {"n_units": [4, 5]}, cv=2, error_score="raise")
    search.fit(X, Y, validation_groups=GROUPS)
    with sklearn.config_context(enable_metadata_routing=True):
        network = regressor(max_iter=1).set_fit_request(validation_groups=True)
        search = GridSearchCV(network, {"n_units": [4, 5]}, cv=GroupKFold(2), error_score="raise")
        search.fit(X, Y, validation_groups=GROUPS, groups=GROUPS)
    assert len(search.best_estimator_.validation_loss_curve_) == 1


def test_ensembles_and_scaled_targets_hand_both_on():
    ensemble = SeedEnsemble(regressor(), n_seeds=2, random_state=0)
    ensemble.fit(X, Y, validation_groups=GROUPS)
    assert ensemble.results_["best_validation_score"].notna().all()
    best = ensemble.fit(X, Y, validation=(X_VAL, Y_VAL)).results_["best_validation_score"]
    scores = [member.score(X_VAL, Y_VAL) for member in ensemble.estimators_]
    np.testing.assert_allclose(best, scores, rtol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = TrialTargetRegressor(regressor())
        scaled.fit(X, 50 + Y, validation=(X_VAL, 50 + Y_VAL))
    best = max(scaled.regressor_.validation_scores_)
    assert scaled.score(X_VAL, 50 + Y_VAL) == pytest.approx(best, rel=1e-4)


# ------------------------------------------------------------------------------- refusals

PAIR = (X_VAL, Y_VAL)
REFUSED = {
    "no early stopping": ({"validation": PAIR}, "^validation must be None without early_stopping"),
    "no early stopping, groups": (
        {"validation_groups": GROUPS},
        "^validation_groups must be None without early_stopping",
    ),
    "both": ({"validation": PAIR, "validation_groups": GROUPS}, "validation_groups.*got both"),
    "an array": ({"validation": X_VAL}, r"^validation must be a pair \(X, y\).*an array of float"),
    "three": ({"validation": (*PAIR, None)}, "^validation must be a pair .* got 3 things"),
    "a word": ({"validation": "groups"}, "^validation must be a pair .* got str 'groups'"),
    "too wide": ({"validation": (np.repeat(X_VAL, 2, 2), Y_VAL)}, "^validation .*X has 2 features"),
    "other outputs": (
        {"validation": (X_VAL, np.repeat(Y_VAL, 2, 2))},
        r"^validation .*1 output\(s\), at every step",
    ),
    "two axes": ({"validation": (X_VAL[:, 0], Y_VAL[:, 0])}, r"^validation .*X\[None\]"),
    "numbers of trials": ({"validation": (X_VAL, Y_VAL[1:])}, "^validation .*X has 15 and y has"),
    "NaN in X": ({"validation": (X_VAL * np.nan, Y_VAL)}, "^validation .*X contains NaN"),
    "NaN only": ({"validation": (X_VAL, Y_VAL * np.nan)}, "^validation .*not NaN"),
    "one entry": (
        {"validation": (X_VAL, np.where(np.arange(120) == 5, 1, np.nan).reshape(15, 8, 1))},
        "^validation .*at least 2 scored .*give more of them",
    ),
    "no y": ({"validation": (X_VAL, None)}, "^validation .*y is None"),
    "too few labels": ({"validation_groups": GROUPS[1:]}, r"each of the 40 trials, got shape \(39"),
    "a matrix": ({"validation_groups": GROUPS[:, None]}, r"^validation_groups .*\(40, 1\)"),
    "a number": ({"validation_groups": 3}, "^validation_groups .*got shape"),
    "a missing one": (
        {"validation_groups": [None, *GROUPS[1:]]},
        "^validation_groups .*got 1 missing ones",
    ),
    "one group": ({"validation_groups": GROUPS * 0}, "at least 2 groups.*; got 1"),
    "masked": ({"validation_groups": np.ma.array(GROUPS, mask=GROUPS == 1)}, "^validation_groups"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals(kind):
    given, words = REFUSED[kind]
    network = regressor(early_stopping="no early stopping" not in kind)
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        network.fit(X, Y, **given)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert not hasattr(network, "W_rec_")


def test_labels_that_training_does_not_know():
    trials, labels = decisions(20, 0)
    with pytest.raises(ValueError, match=r"^validation .*only the classes \[0, 1\].*got \[2\]"):
        classifier().fit(trials, labels, validation=(trials, labels * 2))
    with pytest.raises(ValueError, match=r"^validation .*one label per trial"):
        classifier().fit(trials, labels, validation=(trials, np.zeros(trials.shape[:2], dtype=int)))
