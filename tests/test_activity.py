"""Functions of recordings: closed forms, other implementations, and what is refused.

The definition of the spike time tiling coefficient, and the matrices as a transformer gives them,
are tested in test_functional_connectivity.py.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn import activity
from sk_biornn.initializers import FunctionalConnectivity

RNG = np.random.default_rng(0)
TRACES = RNG.standard_normal((300, 5)) @ RNG.standard_normal((5, 5))
COUNTS = RNG.poisson(0.2, size=(300, 5))
COUNT_TILING = partial(activity.spike_count_tiling, dt=10.0, window=20.0)
MEASURES = [
    (activity.correlation, TRACES),
    (activity.partial_correlation, TRACES),
    (activity.precision, TRACES),
    (COUNT_TILING, COUNTS),
]
TRAINS = [[100, 400, 700], [105, 408, 703], [], [250, 900]]


def test_correlation_is_that_of_numpy():
    assert_allclose(activity.correlation(TRACES), np.corrcoef(TRACES.T), atol=1e-14)


def test_precision_inverts_the_shrunk_correlation_matrix():
    R = np.corrcoef(TRACES.T)
    expected = np.linalg.inv(0.7 * R + 0.3 * np.eye(5))
    assert_allclose(activity.precision(TRACES, shrinkage=0.3), expected, rtol=1e-10)


def test_partial_correlation_is_that_of_regression_residuals():
    """Of neurons 0 and 1, when what the others explain is taken from both."""
    others = np.column_stack([TRACES[:, 2:], np.ones(len(TRACES))])
    rest = TRACES[:, :2] - others @ np.linalg.lstsq(others, TRACES[:, :2], rcond=None)[0]
    found = activity.partial_correlation(TRACES, shrinkage=0.0)
    assert_allclose(found[0, 1], np.corrcoef(rest.T)[0, 1], atol=1e-12)


@pytest.mark.parametrize(("measure", "recording"), MEASURES)
def test_a_silent_neuron_has_nothing_to_do_with_others(measure, recording):
    recording = recording.copy()
    recording[:, 2] = 0
    matrix = measure(recording)
    assert matrix.shape == (5, 5) and matrix.dtype == np.float64
    assert_array_equal(matrix, matrix.T)
    assert_array_equal(matrix[2], np.eye(5)[2])


@pytest.mark.parametrize(("measure", "recording"), MEASURES)
def test_lists_frames_and_tensors_are_recordings(measure, recording):
    expected = measure(recording)
    for same in (recording.tolist(), pd.DataFrame(recording), torch.tensor(recording), [recording]):
        assert_allclose(measure(same), expected, rtol=1e-9)  # sums follow the memory


@pytest.mark.parametrize(("measure", "recording"), MEASURES)
def test_trials_are_several_recordings_and_padding_is_left_out(measure, recording):
    trials = recording.reshape(3, 100, 5)
    expected = measure(list(trials))
    assert_array_equal(measure(trials), expected)
    padded = np.full((3, 120, 5), np.nan)
    padded[:, :100] = trials
    assert_allclose(measure(padded), expected, atol=1e-15)


def test_center_says_which_mean_recordings_lose():
    drifting = [TRACES[:150], TRACES[150:] + 100.0]
    kept = activity.correlation(drifting, center="all")
    lost = activity.correlation(drifting, center="each")
    assert kept[0, 1] > 0.99 and abs(lost[0, 1] - np.corrcoef(TRACES.T)[0, 1]) < 0.02


def test_counts_of_any_width_are_the_same_counts():
    expected = COUNT_TILING(COUNTS)
    for dtype in (np.uint8, np.int32, np.float32, np.float64):
        assert_array_equal(COUNT_TILING(COUNTS.astype(dtype)), expected)


def test_times_and_counts_of_the_same_spikes_agree_on_who_goes_with_whom():
    """Two trains that always meet within the window, and one that never does."""
    counts = np.zeros((1000, 4), dtype=int)
    for neuron, train in enumerate(TRAINS):
        counts[train, neuron] = 1
    by_time = activity.spike_time_tiling(TRAINS, t_stop=1000.0, window=10.0)
    by_count = activity.spike_count_tiling(counts, dt=1.0, window=10.0)
    assert by_time[0, 1] == by_count[0, 1] == 1.0
    assert_allclose(by_time, by_count, atol=0.01)  # a bin has a width, a time has none


@pytest.mark.parametrize("kind", ["correlation", "partial_correlation", "precision"])
def test_the_transformer_offers_the_same_functions(kind):
    expected = FunctionalConnectivity(kind).fit_transform(TRACES)
    assert_array_equal(getattr(activity, kind)(TRACES), expected)


def test_the_transformer_offers_the_same_tiling():
    functional = FunctionalConnectivity("sttc", window=20.0, dt=10.0)
    assert_array_equal(functional.fit_transform(COUNTS), COUNT_TILING(COUNTS))
    functional = FunctionalConnectivity("sttc", window=20.0, t_stop=1000.0)
    tiling = activity.spike_time_tiling(TRAINS, window=20.0, t_stop=1000.0)
    assert_array_equal(functional.fit_transform(TRAINS), tiling)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: activity.correlation(TRACES, center=1), TypeError, "center must be one of"),
        (lambda: activity.correlation(TRACES, center="no"), ValueError, "center must be one of"),
        (lambda: activity.correlation([1.0, 2.0]), ValueError, "recordings must be .n_steps, n_n"),
        (lambda: activity.correlation([]), ValueError, "recordings must be .n_steps, n_neurons"),
        (lambda: activity.correlation([["a", "b"]]), ValueError, "recordings must be an array of"),
        (lambda: activity.correlation(TRACES * np.nan), ValueError, "recordings must be finite"),
        (
            lambda: activity.correlation([TRACES, TRACES[:, :4]]),
            ValueError,
            r"recordings must hold one number of neurons .* got \[4, 5\] neurons in 2 recordings",
        ),
        (
            lambda: activity.correlation(np.ma.masked_less(TRACES, 0)),
            ValueError,
            "recordings must be a plain array, got a masked array",
        ),
        (
            lambda: activity.precision(TRACES, shrinkage=2),
            ValueError,
            r"shrinkage must be a number in \[0, 1\], got 2",
        ),
        (
            lambda: activity.partial_correlation(TRACES, shrinkage="oas"),
            ValueError,
            r"shrinkage must be 'ledoit_wolf' or a number in \[0, 1\], got 'oas'",
        ),
        (lambda: activity.spike_count_tiling(COUNTS, dt=0), ValueError, "dt must be a number"),
        (lambda: activity.spike_count_tiling(COUNTS, dt=None), TypeError, "dt must be a number"),
        (
            lambda: activity.spike_count_tiling(-COUNTS, dt=1),
            ValueError,
            "counts must be numbers of",
        ),
        (
            lambda: activity.spike_time_tiling(TRAINS, t_stop=1000.0, window="10"),
            TypeError,
            "window must be a number of at least 0, got '10'",
        ),
        (
            lambda: activity.spike_time_tiling(TRAINS, t_stop=-1.0),
            ValueError,
            "t_stop must be a number greater than 0, got -1.0",
        ),
        (
            lambda: activity.spike_time_tiling(TRAINS, t_stop=800.0),
            ValueError,
            "spike_times must hold event times from t_start=0 to t_stop=800 ms, got 900 for neu",
        ),
        (
            lambda: activity.spike_time_tiling([[[1.0]]], t_stop=2.0),
            ValueError,
            "spike_times must be a list with one array of event times in ms per neuron",
        ),
        (
            lambda: activity.spike_time_tiling(3.0, t_stop=2.0),
            TypeError,
            "spike_times must be a list with the spike times per neuron, a dict .* got 3.0",
        ),
        (
            lambda: activity.spike_time_tiling([], t_stop=2.0),
            ValueError,
            "spike_times must hold the spike times of at least one neuron, got none",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()
