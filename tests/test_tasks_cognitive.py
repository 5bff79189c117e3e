"""The three tasks of the inductive-bias study: every answer is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom, norm

from sk_biornn.datasets import (
    make_delayed_match_to_sample,
    make_go_nogo,
    make_one_choice_inference,
    make_perceptual_decision_making,
)

# n_features, n_steps, n_classes at the published settings
PUBLISHED = {
    make_one_choice_inference: (8, 50, 4),
    make_go_nogo: (3, 40, 2),
    make_perceptual_decision_making: (3, 41, 2),
}
TASKS = list(PUBLISHED)


# What holds for every task


@pytest.mark.parametrize("make", TASKS)
def test_published_shapes_and_types(make):
    n_features, n_steps, n_classes = PUBLISHED[make]
    X, y = make(64, random_state=0)
    assert X.shape == (64, n_steps, n_features) and X.dtype == np.float32
    assert y.shape == (64,) and y.dtype == np.int64
    assert_array_equal(np.unique(y), np.arange(n_classes))
    assert X.flags.c_contiguous and X.flags.writeable and y.flags.writeable
    assert not np.shares_memory(X[0], X[1])  # a trial may be changed without changing another


@pytest.mark.parametrize("make", TASKS)
def test_a_hundred_trials_by_default(make):
    assert len(make()[0]) == 100


@pytest.mark.parametrize("make", TASKS)
def test_classes_are_balanced(make):
    n_trials, n_classes = 4000, PUBLISHED[make][2]
    counts = np.bincount(make(n_trials, random_state=5)[1], minlength=n_classes)
    # Each count is binomial; the bounds leave out one in a million on either side.
    low, high = binom.ppf([1e-6, 1 - 1e-6], n_trials, 1 / n_classes)
    assert ((counts >= low) & (counts <= high)).all()


@pytest.mark.parametrize("make", TASKS)
@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_number_of_trials_is_checked(make, value, error):
    with pytest.raises(error, match="n_trials must be an integer of at least 1, got"):
        make(value)


# One-choice inference

CHANNEL = {"goal": {7: 0, 9: 1, 17: 2, 19: 3}, "l": 4, "u": 5, "r": 6, "d": 7}
ANSWER = {"l": 0, "u": 1, "r": 2, "d": 3}
PUBLISHED_MAZES = [
    (9, "ul", "u"),
    (9, "rd", "r"),
    (19, "ld", "d"),
    (17, "rd", "d"),
    (17, "ul", "l"),
    (7, "ur", "u"),
    (19, "lr", "r"),
    (7, "lr", "l"),
]


def maze_trial(goal, offered, n_goal=20, n_delay=10, n_choice=20):
    """A trial written down step by step, by the published description."""
    steps = []
    for step in range(n_goal + n_delay + n_choice):
        row = [0.0] * 8
        if step < n_goal:
            row[CHANNEL["goal"][goal]] = 1.0
        if step >= n_goal + n_delay:
            for direction in offered:
                row[CHANNEL[direction]] = 1.0
        steps.append(row)
    return np.array(steps, dtype=np.float32)


@pytest.mark.parametrize(("goal", "offered", "answer"), PUBLISHED_MAZES)
def test_every_maze_is_there_with_its_answer(goal, offered, answer):
    X, y = make_one_choice_inference(400, random_state=0)
    found = (X == maze_trial(goal, offered)).all(axis=(1, 2))
    assert found.any()
    assert_array_equal(y[found], ANSWER[answer])


def test_there_are_no_other_mazes_and_all_are_equally_frequent():
    X, _ = make_one_choice_inference(8000, random_state=1)
    trials = np.stack([maze_trial(goal, offered) for goal, offered, _ in PUBLISHED_MAZES])
    # Goal and directions tell the maze; its whole trial must then agree.
    code = X[:, 0, :4] @ [1, 2, 3, 4] * 100 + X[:, -1, 4:] @ [1, 2, 4, 8]
    codes = trials[:, 0, :4] @ [1, 2, 3, 4] * 100 + trials[:, -1, 4:] @ [1, 2, 4, 8]
    which = (code[:, np.newaxis] == codes).argmax(axis=1)
    assert_array_equal(X, trials[which])
    low, high = binom.ppf([1e-6, 1 - 1e-6], 8000, 1 / 8)
    counts = np.bincount(which, minlength=8)
    assert ((counts >= low) & (counts <= high)).all()


@given(st.integers(1, 6), st.integers(0, 6), st.integers(1, 6))
def test_maze_epochs_have_the_given_lengths(n_goal, n_delay, n_choice):
    X, _ = make_one_choice_inference(
        3, n_goal_steps=n_goal, n_delay_steps=n_delay, n_choice_steps=n_choice, random_state=0
    )
    goal, choice = X[:, :, :4].sum(axis=2), X[:, :, 4:].sum(axis=2)
    assert_array_equal(goal, [[1] * n_goal + [0] * (n_delay + n_choice)] * 3)
    assert_array_equal(choice, [[0] * (n_goal + n_delay) + [2] * n_choice] * 3)


@pytest.mark.parametrize("name", ["n_goal_steps", "n_choice_steps"])
def test_maze_needs_a_goal_and_a_choice(name):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got 0"):
        make_one_choice_inference(**{name: 0})


# Go/no-go


@given(st.integers(0, 5), st.integers(1, 5), st.integers(0, 5), st.integers(0, 5))
def test_go_nogo_epochs(n_fixation, n_stimulus, n_delay, n_decision):
    X, y = make_go_nogo(
        20,
        n_fixation_steps=n_fixation,
        n_stimulus_steps=n_stimulus,
        n_delay_steps=n_delay,
        n_decision_steps=n_decision,
        random_state=0,
    )
    fixation = [1] * n_fixation + [0] * n_stimulus + [1] * n_delay + [0] * n_decision
    stimulus = [0] * n_fixation + [1] * n_stimulus + [0] * (n_delay + n_decision)
    assert_array_equal(X[:, :, 0], [fixation] * 20)
    assert_array_equal(X[:, :, 1], np.outer(y == 0, stimulus))
    assert_array_equal(X[:, :, 2], np.outer(y == 1, stimulus))


def test_go_nogo_published_boundaries():
    X, y = make_go_nogo(50, random_state=0)
    stimulus = X[np.arange(50), :, 1 + y]
    assert_array_equal(np.flatnonzero(stimulus[0]), np.arange(5, 25))
    assert_array_equal(np.flatnonzero(X[0, :, 0]), [*range(5), *range(25, 35)])
    assert (X[np.arange(50), :, 2 - y] == 0).all()


def test_go_probability():
    assert make_go_nogo(50, go_probability=0.0)[1].sum() == 0
    assert make_go_nogo(50, go_probability=1.0)[1].sum() == 50
    n_go = make_go_nogo(4000, go_probability=0.2, random_state=0)[1].sum()
    assert binom.ppf(1e-6, 4000, 0.2) <= n_go <= binom.ppf(1 - 1e-6, 4000, 0.2)
    with pytest.raises(ValueError, match=r"go_probability must be a number in \[0, 1\], got 1.5"):
        make_go_nogo(go_probability=1.5)


# Perceptual decision making


def test_perceptual_published_boundaries():
    X, _ = make_perceptual_decision_making(50, random_state=0)
    assert (X[:, :, 0] == 1).all()
    silent = (X[:, :, 1:] == 0).all(axis=(0, 2))
    assert_array_equal(np.flatnonzero(~silent), np.arange(1, 31))


@pytest.mark.parametrize("n_directions", [2, 3, 8])
def test_perceptual_means_follow_the_formula(n_directions):
    X, y = make_perceptual_decision_making(
        60, n_directions=n_directions, coherences=(51.2,), sigma=0, random_state=0
    )
    for trial, answer in zip(X, y, strict=True):
        for k in range(n_directions):
            angle = 2 * np.pi * (k - answer) / n_directions
            expected = 0.5 + np.cos(angle) * 51.2 / 200
            assert_allclose(trial[1:31, 1 + k], expected, rtol=1e-6)


def test_perceptual_coherences_are_drawn_uniformly():
    X, y = make_perceptual_decision_making(5000, sigma=0, random_state=0)
    coherence = 200 * (X[np.arange(5000), 1, 1 + y] - 0.5)
    values, counts = np.unique(coherence.round(3), return_counts=True)
    assert_allclose(values, [0, 6.4, 12.8, 25.6, 51.2], atol=1e-3)
    low, high = binom.ppf([1e-6, 1 - 1e-6], 5000, 1 / 5)
    assert ((counts >= low) & (counts <= high)).all()


@pytest.mark.parametrize(
    ("sigma", "dt", "sd"), [(1.0, 100.0, 0.1), (0.5, 25.0, 0.1), (2, 100, 0.2)]
)
def test_perceptual_noise_is_normal_white_and_of_the_stated_sd(sigma, dt, sd):
    X, _ = make_perceptual_decision_making(2000, coherences=[0], sigma=sigma, dt=dt, random_state=0)
    n_fixation = round(100 / dt)
    noise = X[:, n_fixation : n_fixation + round(3000 / dt), 1:].astype(float) - 0.5
    n = noise.size
    # Mean and sd of n normal values vary by sd / sqrt(n) and sd / sqrt(2n); five of those.
    assert abs(noise.mean()) < 5 * sd / np.sqrt(n)
    assert abs(noise.std() - sd) < 5 * sd / np.sqrt(2 * n)
    quantiles = np.quantile(noise, [0.025, 0.975])
    assert_allclose(quantiles, norm.ppf([0.025, 0.975], scale=sd), rtol=0.02)
    across_steps = np.mean(noise[:, 1:] * noise[:, :-1]) / sd**2
    across_channels = np.mean(noise[:, :, 0] * noise[:, :, 1]) / sd**2
    assert abs(across_steps) < 5 / np.sqrt(n / 2)
    assert abs(across_channels) < 5 / np.sqrt(n / 2)


def test_perceptual_ceiling_is_ninety_percent():
    """The ideal observer, in closed form and by adding up the evidence of many trials."""
    coherences = np.array([0, 6.4, 12.8, 25.6, 51.2])
    # Sum over 30 steps of x_0 - x_1: mean 30 c / 100, variance 30 x 2 x 0.01.
    ceiling = norm.cdf(30 * coherences / 100 / np.sqrt(30 * 2 * 0.01)).mean()
    assert_allclose(ceiling, 0.8987, atol=1e-4)
    n_trials = 20_000
    X, y = make_perceptual_decision_making(n_trials, random_state=0)
    decision = (X[:, 1:31, 2].sum(axis=1) > X[:, 1:31, 1].sum(axis=1)).astype(int)
    sd = np.sqrt(ceiling * (1 - ceiling) / n_trials)
    assert abs(np.mean(decision == y) - ceiling) < 5 * sd


def test_perceptual_times_are_whole_steps():
    X, _ = make_perceptual_decision_making(2, dt=0.1, fixation=0.3, stimulus=0.75, delay=0)
    assert X.shape == (2, 3 + 7, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"coherences": []}, ValueError, "coherences must be a non-empty sequence of numbers"),
        ({"coherences": [101]}, ValueError, "coherences must be a non-empty sequence of numbers"),
        ({"coherences": [np.nan]}, ValueError, "coherences must be a non-empty sequence"),
        ({"coherences": 12.8}, ValueError, "coherences must be a non-empty sequence"),
        ({"coherences": ["a"]}, TypeError, "coherences must be a sequence of numbers in"),
        ({"n_directions": 1}, ValueError, "n_directions must be an integer of at least 2, got 1"),
        ({"sigma": -1}, ValueError, "sigma must be a number of at least 0, got -1"),
        ({"dt": 0}, ValueError, "dt must be a number greater than 0, got 0"),
        ({"stimulus": 99}, ValueError, "stimulus must be at least one step, dt=100 ms, got 99"),
        ({"delay": -1}, ValueError, "delay must be a number of at least 0, got -1"),
    ],
)
def test_perceptual_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        make_perceptual_decision_making(**arguments)


# Delayed match to sample


def match_trial(sample, test, delay, longest, n_stimuli=3, steps=(2, 3, 3, 3)):
    """A trial written down step by step, by the table of the task; None after its end."""
    n_fixation, n_sample, n_test, n_response = steps
    rows = [[1.0] + [0.0] * n_stimuli for _ in range(n_fixation + n_sample + delay + n_test)]
    for step in range(n_sample):
        rows[n_fixation + step][1 + sample] = 1.0
    for step in range(n_test):
        rows[n_fixation + n_sample + delay + step][1 + test] = 1.0
    rows += [[0.0] * (1 + n_stimuli)] * n_response
    rows += [[np.nan] * (1 + n_stimuli)] * (longest - delay)
    return np.array(rows, dtype=np.float32)


def read_match_trial(X, n_fixation=2, n_sample=3):
    """Sample, test and delay of a trial without noise."""
    sample = int(X[n_fixation, 1:].argmax())
    shown = np.flatnonzero(np.nan_to_num(X[:, 1:]).any(axis=1))
    test = int(X[shown[-1], 1:].argmax())
    after = shown[shown >= n_fixation + n_sample]
    return sample, test, int(after[0]) - n_fixation - n_sample


@given(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(2, 4),
)
def test_match_epochs_are_those_of_the_table(steps, shortest, extra, n_stimuli):
    n_fixation, n_sample, n_test, n_response = steps
    X, y = make_delayed_match_to_sample(
        15,
        n_stimuli=n_stimuli,
        n_fixation_steps=n_fixation,
        n_sample_steps=n_sample,
        delay_steps=(shortest, shortest + extra),
        n_test_steps=n_test,
        n_response_steps=n_response,
        random_state=0,
    )
    for trial, labels in zip(X, y, strict=True):
        sample, test, delay = read_match_trial(trial, n_fixation, n_sample)
        assert shortest <= delay <= shortest + extra
        by_hand = match_trial(sample, test, delay, shortest + extra, n_stimuli, steps)
        assert_array_equal(trial, by_hand)
        end = np.isfinite(trial[:, 0]).sum()
        judged = np.arange(end - n_response, end)
        assert_array_equal(np.flatnonzero(~labels.mask), judged)
        assert_array_equal(labels.data[judged], int(sample == test))
        assert (np.delete(labels.data, judged) == -1).all()  # a lost mask is seen


def test_match_shapes_types_and_kinds_of_label():
    X, y = make_delayed_match_to_sample(random_state=0)
    assert X.shape == (100, 26, 3) and X.dtype == np.float32 and X.flags.c_contiguous
    assert isinstance(y, np.ma.MaskedArray) and y.shape == (100, 26) and y.dtype == np.int64
    same_X, answer = make_delayed_match_to_sample(judged="last step", random_state=0)
    assert_array_equal(same_X, X)
    assert type(answer) is np.ndarray and answer.dtype == np.int64
    assert_array_equal(answer, y.max(axis=1))
    assert y.count() == 3 * 100


@pytest.mark.parametrize("source", [int, np.random.RandomState, np.random.default_rng])
def test_match_same_seed_gives_same_bits(source):
    options = {"sigma": 0.1}
    (X, y), (again, y_again) = (
        make_delayed_match_to_sample(40, random_state=source(3), **options) for _ in range(2)
    )
    other = make_delayed_match_to_sample(40, **options)[0]
    assert X.tobytes() == again.tobytes() != other.tobytes()
    assert_array_equal(y.data, y_again.data)


def test_match_trials_are_drawn_as_is_said():
    n_trials = 6000
    X, y = make_delayed_match_to_sample(
        n_trials, n_stimuli=3, delay_steps=(2, 5), match_probability=0.3, random_state=1
    )
    read = np.array([read_match_trial(trial) for trial in X])
    assert_array_equal(y.max(axis=1), read[:, 0] == read[:, 1])

    def is_binomial(count, n, p):
        return binom.ppf(1e-6, n, p) <= count <= binom.ppf(1 - 1e-6, n, p)

    assert is_binomial((read[:, 0] == read[:, 1]).sum(), n_trials, 0.3)
    for value in range(3):
        assert is_binomial((read[:, 0] == value).sum(), n_trials, 1 / 3)
        others = read[(read[:, 0] == value) & (read[:, 1] != value)]
        assert is_binomial((others[:, 1] == (value + 1) % 3).sum(), len(others), 1 / 2)
    for delay in range(2, 6):
        assert is_binomial((read[:, 2] == delay).sum(), n_trials, 1 / 4)


def test_match_noise_is_normal_on_the_stimuli_only():
    quiet, _ = make_delayed_match_to_sample(2000, delay_steps=4, random_state=0)
    X, _ = make_delayed_match_to_sample(2000, delay_steps=4, sigma=0.3, random_state=0)
    assert_array_equal(X[..., 0], quiet[..., 0])
    assert not np.isnan(X).any()  # one delay, no padding
    noise = (X - quiet)[..., 1:].astype(float)
    assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(noise.size)
    assert abs(noise.std() - 0.3) < 5 * 0.3 / np.sqrt(2 * noise.size)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_match_probability_at_its_ends(probability):
    options = {"n_stimuli": 2, "match_probability": probability, "judged": "last step"}
    assert (make_delayed_match_to_sample(50, **options)[1] == probability).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_trials": 0}, ValueError, "n_trials must be an integer of at least 1, got 0"),
        ({"n_stimuli": 1}, ValueError, "n_stimuli must be an integer of at least 2, got 1"),
        ({"n_sample_steps": 0}, ValueError, "n_sample_steps must be an integer of at least 1"),
        ({"n_test_steps": 0}, ValueError, "n_test_steps must be an integer of at least 1"),
        ({"n_response_steps": 0}, ValueError, "n_response_steps must be an integer of at least 1"),
        ({"delay_steps": -1}, ValueError, "delay_steps must be an integer of at least 0, or two"),
        ({"delay_steps": (5, 3)}, ValueError, r"the least and the most, got \(5, 3\)"),
        ({"delay_steps": (1, 2, 3)}, TypeError, r"the least and the most, got \(1, 2, 3\)"),
        ({"delay_steps": (1, 2.5)}, TypeError, "delay_steps must be an integer"),
        ({"delay_steps": 2.5}, TypeError, "delay_steps must be an integer"),
        ({"match_probability": 2}, ValueError, "match_probability must be a number in"),
        ({"sigma": -1}, ValueError, "sigma must be a number of at least 0"),
        ({"judged": "all"}, ValueError, "judged must be one of"),
    ],
)
def test_match_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        make_delayed_match_to_sample(**arguments)
