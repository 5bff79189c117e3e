"""Features on a scale where a network learns nothing, or on another one than in validation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.datasets import (
    load_sequential_digits,
    make_delayed_match_to_sample,
    make_flip_flop,
    make_go_nogo,
    make_one_choice_inference,
    make_perceptual_decision_making,
    make_population_traces,
    make_wave_reconstruction,
)
from sk_biornn.preprocessing import TrialScaler

RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((60, 8, 3))
LABELS = np.arange(60) % 2
TINY = {"n_units": 4, "max_iter": 1, "random_state": 0}


def told(fit, *arguments, **options):
    """Warnings of a fit, by their text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(*arguments, **options)
    return [str(warning.message) for warning in caught]


def classifier(**parameters):
    return DaleRNNClassifier(**TINY, **parameters)


# ------------------------------------------------------------------------------- far from 0


RAW = 400 + 20 * NOISE


@pytest.mark.parametrize("trials", [RAW, RAW.astype(np.float32), list(RAW), -RAW])
def test_features_far_from_zero_for_their_spread_are_told_with_the_way_out(trials):
    worst = int(np.argmax(RAW.mean(axis=(0, 1))))
    (text,) = told(classifier().fit, trials, LABELS)
    mean, sd = np.mean(trials, axis=(0, 1))[worst], RAW.std(axis=(0, 1))[worst]
    assert text.startswith(
        f"X has a mean of {mean:.3g} and a standard deviation of {sd:.2g} in feature"
    )
    assert f"feature {worst}, and the like in 3 of 3" in text
    assert text.endswith("scale X, with sk_biornn.preprocessing.TrialScaler in a pipeline.")
    assert told(make_pipeline(TrialScaler(), classifier()).fit, trials, LABELS) == []


def test_one_feature_is_enough_and_padding_is_none():
    trials = NOISE.copy()
    trials[..., 1] = 300 + trials[..., 1]
    (text,) = told(classifier().fit, trials, LABELS)
    assert "in feature 1, and the like in 1 of 3" in text
    trials[:, 3:] = np.nan  # most steps: as 0 they would bring mean and deviation together
    (text,) = told(classifier().fit, trials, LABELS)
    seen = trials[:, :3, 1]
    assert text.startswith(f"X has a mean of {seen.mean():.3g} and a standard deviation of ")
    assert f"{seen.std():.2g} in feature 1" in text


def test_the_first_fit_tells_and_not_every_call_after_it():
    network = classifier()
    assert len(told(network.partial_fit, RAW, LABELS, [0, 1])) == 1
    assert told(network.partial_fit, RAW, LABELS) == told(network.predict, RAW) == []


@pytest.mark.parametrize("mean, sd, n_told", [(9, 0.1, 0), (11, 0.1, 1), (90, 10, 0), (110, 10, 1)])
def test_the_threshold_is_ten_and_ten_deviations(mean, sd, n_told):
    exact = (NOISE - NOISE.mean(axis=(0, 1))) / NOISE.std(axis=(0, 1))
    assert len(told(classifier().fit, mean + sd * exact, LABELS)) == n_told


def scaled(trials):
    return TrialScaler().fit_transform(trials)


QUIET = {
    "z-scored": lambda: scaled(RAW),
    "rare": lambda: (RNG.random((60, 20, 5)) < 1e-3).astype(float),
    "frequent": lambda: (RNG.random((60, 20, 5)) < 0.999).astype(float),
    "ones": lambda: np.ones((60, 8, 3)),
    "digits": lambda: load_digits(return_X_y=True)[0].reshape(-1, 8, 8),
    "flat digits": lambda: load_digits(return_X_y=True)[0],
    "sequential digits": lambda: load_sequential_digits()[0],
    "flip flop": lambda: make_flip_flop(60, random_state=0)[0],
    "go/no-go": lambda: make_go_nogo(60, random_state=0)[0],
    "match": lambda: make_delayed_match_to_sample(60, random_state=0)[0],
    "choice": lambda: make_one_choice_inference(60, random_state=0)[0],
    "perceptual": lambda: make_perceptual_decision_making(60, random_state=0)[0],
    "traces": lambda: make_population_traces(60, random_state=0)[0],
    "waves": lambda: make_wave_reconstruction(60, random_state=0)[0],
    **{f"counts of {n}": (lambda n=n: RNG.poisson(n, (60, 20, 5))) for n in (0.01, 1, 10, 50, 90)},
}


@pytest.mark.parametrize("make", QUIET.values(), ids=QUIET)
def test_no_false_alarm_of_either_kind(make):
    trials = np.asarray(make())
    labels = np.arange(len(trials)) % 2
    n = len(trials) // 5
    network = classifier(early_stopping=True)
    assert told(network.fit, trials[n:], labels[n:], validation=(trials[:n], labels[:n])) == []


def test_a_table_of_static_stimuli_is_left_to_scikit_learns_habits():
    assert told(classifier().fit, 100 + NOISE[:, 0], LABELS) == []


# ------------------------------------------------------------------------------- validation


@pytest.mark.parametrize("factor, shift", [(20, 400), (1, 11), (1, -11), (11, 0)])
def test_validation_on_another_scale_is_told_and_groups_are_the_way_out(factor, shift):
    exact = (NOISE - NOISE.mean(axis=(0, 1))) / NOISE.std(axis=(0, 1))
    raw = shift + factor * exact
    network = classifier(early_stopping=True)
    (text,) = told(network.fit, exact, LABELS, validation=(raw[:20], LABELS[:20]))
    assert text.startswith("validation has a mean of ")
    assert "where training has" in text and "validation_groups=" in text
    assert told(network.fit, exact, LABELS, validation=(exact[:20] * 9, LABELS[:20])) == []
    assert told(network.fit, exact, LABELS, validation=(exact[:20] + 9, LABELS[:20])) == []


def test_a_pipeline_tells_that_it_does_not_transform_validation():
    y = NOISE[..., :1]
    steps = make_pipeline(TrialScaler(), DaleRNNRegressor(**TINY, early_stopping=True))
    options = {"dalernnregressor__validation": (RAW[:20], y[:20])}
    (text,) = told(steps.fit, RAW, y, **options)
    assert text.startswith("validation has a mean of ")
    groups = {"dalernnregressor__validation_groups": np.arange(60) // 10}
    assert told(steps.fit, RAW, y, **groups) == []
    judged = scaled(RAW)
    options = {"dalernnregressor__validation": (judged[:20], y[:20])}
    assert told(steps.fit, RAW, y, **options) == []


def test_a_feature_that_does_not_vary_in_training_has_no_scale():
    trials, other = NOISE.copy(), NOISE.copy()
    trials[..., 0], other[..., 0] = 0.1, 7.0
    network = classifier(early_stopping=True)
    assert told(network.fit, trials, LABELS, validation=(other, LABELS)) == []
    assert told(network.fit, 0 * NOISE, LABELS, validation=(other, LABELS)) == []
