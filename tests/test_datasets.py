"""The generated tasks and the embedded digits: every answer is known beforehand."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import sk_biornn.datasets as datasets
from sk_biornn._random import make_rng
from sk_biornn.datasets import (
    load_sequential_digits,
    make_delayed_match_to_sample,
    make_flip_flop,
    make_go_nogo,
    make_one_choice_inference,
    make_perceptual_decision_making,
    make_wave_reconstruction,
)
from sk_biornn.datasets.tasks._wave_reconstruction import Waves, draw_waves

TASKS = [make_flip_flop, make_wave_reconstruction]
EVERY_TASK = [
    *TASKS,
    make_delayed_match_to_sample,
    make_go_nogo,
    make_one_choice_inference,
    make_perceptual_decision_making,
]


# What holds for every task


@pytest.mark.parametrize("make", EVERY_TASK)
@pytest.mark.parametrize("source", [int, np.random.RandomState, np.random.default_rng])
def test_same_seed_gives_same_bits(make, source):
    first, again = make(40, random_state=source(3)), make(40, random_state=source(3))
    for a, b, c in zip(first, again, make(40), strict=True):
        assert a.tobytes() == b.tobytes()
        assert a.tobytes() != c.tobytes()


@pytest.mark.parametrize("make", TASKS)
def test_numbers_are_float32(make):
    assert {array.dtype for array in make(5)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("make", EVERY_TASK)
def test_global_generator_is_neither_read_nor_advanced(make):
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first, _ = make(20, random_state=1)
    make(3)
    assert_array_equal(np.random.get_state()[1], before)
    np.random.seed(1)
    assert_array_equal(make(20, random_state=1)[0], first)


@pytest.mark.parametrize("make", TASKS)
def test_inputs_and_targets_do_not_share_memory(make):
    X, y = make(3, random_state=0)
    assert not np.shares_memory(X, y)
    assert X.flags.c_contiguous and y.flags.c_contiguous


@pytest.mark.parametrize("make", TASKS)
@pytest.mark.parametrize("name", ["n_trials", "n_steps"])
@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), (-2, ValueError), (2.5, TypeError), (True, TypeError)]
)
def test_counts_are_checked(make, name, value, error):
    with pytest.raises(error, match=rf"^{name} must be an integer of at least 1, got {value}\.$"):
        make(**{name: value})


@pytest.mark.parametrize("make", TASKS)
def test_numpy_integers_are_counts(make):
    assert make(np.int64(2), n_steps=np.uint8(7))[0].shape[:2] == (2, 7)


@pytest.mark.parametrize("make", TASKS)
def test_bad_random_state_is_named(make):
    with pytest.raises(TypeError, match="random_state must be"):
        make(random_state="seed")


def test_the_room_is_a_leaf_without_heavy_imports():
    code = (
        "import sys, sk_biornn.datasets\n"
        "heavy = {'torch', 'matplotlib', 'networkx', 'bct', 'sklearn', 'sk_biornn.core',"
        " 'sk_biornn.estimators', 'sk_biornn.studies'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_all_names_exist():
    assert datasets.__all__ == sorted(datasets.__all__)
    assert all(callable(getattr(datasets, name)) for name in datasets.__all__)


# Flip-flop


def hold_by_loop(X):
    y = np.zeros_like(X)
    for trial in range(X.shape[0]):
        for channel in range(X.shape[2]):
            state = 0.0
            for step in range(X.shape[1]):
                if X[trial, step, channel] != 0:
                    state = X[trial, step, channel]
                y[trial, step, channel] = state
    return y


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 3)),
    probability=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_flip_flop_equals_a_loop(shape, probability, seed):
    X, y = make_flip_flop(
        shape[0],
        n_steps=shape[1],
        n_channels=shape[2],
        pulse_probability=probability,
        random_state=seed,
    )
    assert X.shape == y.shape == shape
    assert X.dtype == y.dtype == np.float32
    assert set(np.unique(X)) <= {-1.0, 0.0, 1.0}
    assert_array_equal(y, hold_by_loop(X))


@pytest.mark.parametrize("probability", [0.05, 0.2])
def test_pulses_come_at_the_given_rate(probability):
    n_trials, n_steps, n_channels = 2000, 50, 2
    X, _ = make_flip_flop(
        n_trials,
        n_steps=n_steps,
        n_channels=n_channels,
        pulse_probability=probability,
        random_state=0,
    )
    half = probability / 2  # the probability is that of either sign together
    for sign in (1, -1):
        # Five standard deviations of a binomial proportion, overall and at each step.
        for axis, n in ((None, X.size), ((0, 2), n_trials * n_channels)):
            sd = np.sqrt(half * (1 - half) / n)
            assert_allclose(np.mean(sign == X, axis=axis), half, rtol=0, atol=5 * sd)
    # Channels are independent: their product has mean 0 and variance p^2.
    product = X[:, :, 0] * X[:, :, 1]
    assert abs(product.mean()) < 5 * probability / np.sqrt(product.size)


def test_flip_flop_at_the_ends_of_its_range():
    X, y = make_flip_flop(20, pulse_probability=0, random_state=0)
    assert not X.any() and not y.any()
    X, y = make_flip_flop(20, pulse_probability=1, random_state=0)
    assert np.all(np.abs(X) == 1)
    assert_array_equal(X, y)


def test_flip_flop_defaults_are_the_papers():
    assert make_flip_flop()[0].shape == (100, 50, 1)
    # The original's trials have a pulse at .0495 of 500,000 steps, and .05 is meant.
    X, _ = make_flip_flop(10_000, random_state=0)
    assert_allclose((X != 0).mean(), 0.05, rtol=0, atol=5 * np.sqrt(0.05 * 0.95 / X.size))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (-0.1, ValueError),
        (1.1, ValueError),
        (np.nan, ValueError),
        ("0.1", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_pulse_probability_is_checked(value, error):
    expected = r"^pulse_probability must be a number in \[0, 1\], got .*\.$"
    with pytest.raises(error, match=expected):
        make_flip_flop(pulse_probability=value)


def test_n_channels_is_checked():
    with pytest.raises(ValueError, match="n_channels must be an integer of at least 1, got 0"):
        make_flip_flop(n_channels=0)


# Wave reconstruction


def two_waves(s1, s2, s3, s4, phi, t, second_terms):
    """The formula, term by term."""
    f = 1 / 50
    excitatory = 1.5 * np.sin(s1 * np.pi * f * t)
    inhibitory = 0.75 * np.sin(s3 * np.pi * f * t + phi)
    if second_terms:
        excitatory = excitatory + 0.5 * np.sin(s2 * np.pi * f * t)
        inhibitory = inhibitory + 1.875 * np.sin(s4 * np.pi * f * t + phi)
    return np.stack([excitatory, inhibitory], axis=-1)


@pytest.mark.parametrize("second_terms", [True, False])
def test_waves_equal_the_formula(second_terms):
    t = 0.2 * np.arange(700)
    for seed in range(10):
        waves = draw_waves(make_rng(seed))
        expected = two_waves(*waves.multipliers, waves.phase, t, second_terms)
        assert_allclose(waves(t, second_terms), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("second_terms", [True, False])
def test_chunks_are_cut_from_the_formula(second_terms):
    X, y = make_wave_reconstruction(
        40, n_steps=30, second_terms=second_terms, wave_random_state=5, random_state=6
    )
    waves = draw_waves(make_rng(5))
    t = 0.2 * np.arange(2500)
    series = two_waves(*waves.multipliers, waves.phase, t, second_terms).astype(np.float32)
    chunks = np.lib.stride_tricks.sliding_window_view(series, 31, axis=0)  # (2470, 2, 31)
    for trial in range(40):
        whole = np.concatenate([X[trial], y[trial, -1:]]).T
        assert np.isclose(chunks, whole, rtol=0, atol=1e-6).all(axis=2).any(axis=0).all()


@pytest.mark.parametrize("joint", [True, False])
def test_the_two_chunks_begin_together_only_where_asked(joint):
    X, _ = make_wave_reconstruction(
        200, n_steps=30, joint_start=joint, wave_random_state=5, random_state=6
    )
    series = draw_waves(make_rng(5))(0.2 * np.arange(2500), True).astype(np.float32)
    chunks = np.lib.stride_tricks.sliding_window_view(series, 30, axis=0)
    one_start = [np.isclose(chunks, x.T, rtol=0, atol=1e-6).all(axis=(1, 2)).any() for x in X]
    # With own starts, 5 of 2470 are as good as one, as the wave repeats every 500 samples.
    assert np.mean(one_start) == 1 if joint else np.mean(one_start) < 0.05


def test_the_two_starts_do_not_know_of_each_other():
    X, _ = make_wave_reconstruction(
        4000, n_steps=1, n_samples=5, dt=7.0, wave_random_state=1, random_state=0
    )
    series = draw_waves(make_rng(1))(7.0 * np.arange(5), True).astype(np.float32)
    starts = (X[:, 0, :, None] == series.T).argmax(axis=-1)
    counts = np.array(
        [[np.sum((starts == (i, j)).all(axis=1)) for j in range(4)] for i in range(4)]
    )
    # 16 pairs of equal probability: five standard deviations of each count.
    assert np.abs(counts - 250).max() < 5 * np.sqrt(4000 / 16 * 15 / 16)


def test_multipliers_and_phase_are_drawn_from_their_ranges():
    drawn = [draw_waves(make_rng(seed)) for seed in range(200)]
    for term in range(4):
        assert {int(waves.multipliers[term]) for waves in drawn} == {1, 2, 3, 4, 5}
    twelfths = {round(waves.phase * 6 / np.pi, 9) for waves in drawn}
    assert twelfths == {-4.0, -5.0, -6.0}


def amplitudes(X):
    """Amplitude per frequency s / 100 Hz, s = 1..5: a chunk of 100 s holds whole periods."""
    return 2 * np.abs(np.fft.rfft(X.astype(np.float64), axis=1))[:, 1:6] / X.shape[1]


@pytest.mark.parametrize("seed", range(6))
def test_spectrum_holds_the_terms_and_nothing_else(seed):
    s1, s2, s3, s4 = draw_waves(make_rng(seed)).multipliers - 1
    expected = np.zeros((5, 2))
    np.add.at(expected, ([s1, s2, s3, s4], [0, 0, 1, 1]), [1.5, 0.5, 0.75, 1.875])
    X, _ = make_wave_reconstruction(4, wave_random_state=seed, random_state=0)
    assert_allclose(amplitudes(X), np.broadcast_to(expected, (4, 5, 2)), rtol=0, atol=1e-6)

    expected = np.zeros((5, 2))
    expected[[s1, s3], [0, 1]] = 1.5, 0.75
    X, _ = make_wave_reconstruction(4, wave_random_state=seed, random_state=0, second_terms=False)
    assert_allclose(amplitudes(X), np.broadcast_to(expected, (4, 5, 2)), rtol=0, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(n_steps=st.integers(1, 40), surplus=st.integers(1, 30), seed=st.integers(0, 1000))
def test_target_is_the_input_one_sample_later(n_steps, surplus, seed):
    X, y = make_wave_reconstruction(
        6, n_steps=n_steps, n_samples=n_steps + surplus, random_state=seed
    )
    assert X.shape == y.shape == (6, n_steps, 2)
    assert X.dtype == y.dtype == np.float32
    assert_array_equal(X[:, 1:], y[:, :-1])


def test_every_start_is_possible_and_the_last_sample_is_reached():
    # Four samples, chunks of two: the starts 0 and 1, and no other.
    X, y = make_wave_reconstruction(
        200, n_steps=2, n_samples=4, dt=7.0, wave_random_state=1, random_state=0
    )
    series = draw_waves(make_rng(1))(7.0 * np.arange(4), True).astype(np.float32)
    starts = (X[:, 0, :, None] == series.T).argmax(axis=-1)
    assert_array_equal(np.unique(starts[:, 0]), [0, 1])
    assert_array_equal(np.unique(starts[:, 1]), [0, 1])
    assert (series[3] == y[:, -1]).any(axis=0).all()


def test_shared_waves_and_own_chunks():
    train, _ = make_wave_reconstruction(20, wave_random_state=4, random_state=0)
    test, _ = make_wave_reconstruction(20, wave_random_state=4, random_state=1)
    other, _ = make_wave_reconstruction(20, wave_random_state=7, random_state=0)
    assert train.tobytes() != test.tobytes()
    same = np.broadcast_to(amplitudes(train)[0], (20, 5, 2))
    assert_allclose(amplitudes(test), same, rtol=0, atol=1e-6)
    assert np.abs(amplitudes(other) - same).max() > 0.1


def test_second_terms_leave_waves_and_starts_as_they_are():
    arguments = {"n_trials": 3, "wave_random_state": 2, "random_state": 9}
    whole, _ = make_wave_reconstruction(**arguments)
    lost, _ = make_wave_reconstruction(**arguments, second_terms=False)
    _, s2, _, s4 = draw_waves(make_rng(2)).multipliers
    second = amplitudes(whole - lost)
    assert_allclose(second[:, s2 - 1, 0], 0.5, rtol=0, atol=1e-6)
    assert_allclose(second[:, s4 - 1, 1], 1.875, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("second_terms", "stated"), [(True, 3.2e-3), (False, 1.2e-3)])
def test_error_of_persistence_is_as_documented(second_terms, stated):
    # Mean over the phase: a sinusoid of amplitude a and angle w per step differs from its
    # successor by a sinusoid of amplitude 2 a sin(w / 2); equal frequencies add in amplitude.
    step = 2 * np.sin(np.arange(1, 6) * np.pi * 0.2 / 50 / 2)
    total = 0.0
    for first, second in ((1.5, 0.5), (0.75, 1.875)):
        powers = [(first * a) ** 2 + (second * second_terms * b) ** 2 for a in step for b in step]
        equal = [2 * first * second * second_terms * a * a / 25 for a in step]
        total += (np.mean(powers) + np.sum(equal)) / 2
    assert_allclose(total / 2, stated, rtol=0.02)
    errors = []
    for seed in range(40):
        X, y = make_wave_reconstruction(
            1, second_terms=second_terms, wave_random_state=seed, random_state=0
        )
        errors.append(np.mean((y - X) ** 2, dtype=np.float64))
    error_of_mean = np.std(errors, ddof=1) / np.sqrt(len(errors))
    assert abs(np.mean(errors) - total / 2) < 5 * error_of_mean


def test_default_waves_repeat_after_one_chunk():
    t = 0.2 * np.arange(2000)
    waves = Waves(np.array([1, 2, 4, 5]), -np.pi / 6)
    assert_allclose(waves(t, True), waves(t + 100.0, True), rtol=0, atol=1e-11)


def test_wave_needs_a_sample_after_the_chunk():
    with pytest.raises(ValueError, match=r"^n_samples must be larger than n_steps=500, got 500\.$"):
        make_wave_reconstruction(n_samples=500)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples must be an integer of at least 1, got 0."),
        ({"dt": 0}, ValueError, "dt must be a number greater than 0, got 0."),
        ({"dt": np.inf}, ValueError, "dt must be a number greater than 0, got inf."),
        ({"dt": "1"}, TypeError, "dt must be a number greater than 0, got '1'."),
        ({"second_terms": 1}, TypeError, "second_terms must be True or False, got 1."),
        ({"joint_start": "no"}, TypeError, "joint_start must be True or False, got 'no'."),
        (
            {"wave_random_state": -1},
            ValueError,
            "wave_random_state must be a non-negative int, got -1.",
        ),
    ],
)
def test_wave_arguments_are_checked(arguments, error, message):
    with pytest.raises(error) as caught:
        make_wave_reconstruction(**arguments)
    assert str(caught.value) == message


# Digits


def test_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    X, y = load_sequential_digits()
    assert X.shape == (1797, 8, 8) and X.dtype == np.float32
    assert y.shape == (1797,) and y.dtype == np.int64
    assert X.min() == 0 and X.max() == 1
    assert_array_equal(X.reshape(1797, 64) * 16, load_digits().data)  # row 0 is step 0
    assert_array_equal(y, load_digits().target)


def test_digits_are_fresh_arrays():
    X, y = load_sequential_digits()
    X[:], y[:] = -1, -1
    X, y = load_sequential_digits()
    assert X.min() == 0 and y.min() == 0
