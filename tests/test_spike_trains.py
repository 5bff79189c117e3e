"""Spike trains with a unit, with names and with epochs; and recordings with the cells first."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sk_biornn import activity
from sk_biornn.initializers import FunctionalConnectivity

RNG = np.random.default_rng(0)
TRAINS = [np.sort(RNG.integers(0, 60_000, n)).astype(float) for n in (40, 60, 25)]
TRAINS.append(np.clip(TRAINS[0] + 4.0, 0, 60_000))
EXPECTED = activity.spike_time_tiling(TRAINS, window=20.0, t_stop=60_000.0)
IN_SECONDS = [train / 1000 for train in TRAINS]
NAMES = ["a", "b", "c", "d"]


def tiling(**parameters):
    return FunctionalConnectivity("sttc", **{"window": 20.0, **parameters})


@pytest.fixture(scope="module")
def nap():
    return pytest.importorskip("pynapple")


def group(nap, trains=IN_SECONDS, keys=range(4), stop=60.0):
    support = nap.IntervalSet(0.0, stop)
    spikes = {
        key: nap.Ts(train, time_support=support) for key, train in zip(keys, trains, strict=True)
    }
    return nap.TsGroup(spikes, time_support=support)


# ------------------------------------------------------------------- seconds and ms


def test_seconds_are_the_same_spikes():
    found = activity.spike_time_tiling(IN_SECONDS, window=20.0, t_stop=60.0, time_unit="s")
    assert_array_equal(found, EXPECTED)
    assert_array_equal(tiling(t_stop=60, time_unit="s").fit_transform(IN_SECONDS), EXPECTED)
    assert_array_equal(tiling(t_stop=60_000).fit_transform(TRAINS), EXPECTED)


@given(st.integers(0, 10**6), st.integers(1, 5000))
def test_a_window_is_closed_in_seconds_too(start, window):
    """Whole ms are decimals of seconds that binary numbers do not have."""
    trains = [[start / 1000], [(start + window) / 1000]]
    arguments = {"t_start": -1.0, "t_stop": 1e5, "time_unit": "s"}
    near = activity.spike_time_tiling(trains, window=window, **arguments)[0, 1]
    far = activity.spike_time_tiling(trains, window=window - 0.5, **arguments)[0, 1]
    assert far < 0 < near


def test_seconds_are_converted_to_the_nanosecond():
    """As numbers of ms, times a thousand, these are 1.0000000000002 ms apart or more."""
    starts = np.array([s for s in range(3000) if (s + 1) / 1000 * 1000 - s / 1000 * 1000 > 1])
    assert len(starts) > 10
    for start in starts[:10]:
        found = activity.spike_time_tiling(
            [[start / 1000], [(start + 1) / 1000]], t_stop=9.0, window=1.0, time_unit="s"
        )
        assert found[0, 1] > 0


@pytest.mark.parametrize("length", [60.0, 600.0])
def test_seconds_that_are_read_as_ms_are_refused(length):
    trains = [train * (length / 60) for train in IN_SECONDS]
    message = r"^window must be at most an eighth of the recording of .* pass time_unit='s' if"
    for call in (
        lambda: activity.spike_time_tiling(trains, t_stop=length),
        lambda: FunctionalConnectivity("sttc", t_stop=length).fit(trains),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_seconds_of_an_hour_that_are_read_as_ms_are_refused():
    """The window is a fiftieth of the recording, and still near every moment of it."""
    trains = [np.sort(RNG.uniform(0, 3600, 4000)) for _ in range(3)]
    with pytest.raises(ValueError, match=r"^window must leave some of the recording out, .*'s' if"):
        activity.spike_time_tiling(trains, t_stop=3600.0, window=70.0)
    with pytest.warns(UserWarning, match=r"^100\.00% of the recording \(median of the neurons\)"):
        activity.spike_time_tiling([*trains, [100.0]], t_stop=3600.0, window=70.0)
    activity.spike_time_tiling(trains, t_stop=3600.0, window=70.0, time_unit="s")


def test_an_eighth_of_the_recording_is_the_longest_window():
    trains = [[100.0], [900.0]]
    found = activity.spike_time_tiling(trains, window=125.0, t_stop=1000.0)
    assert_allclose(found[0, 1], -0.225)  # two windows, both cut to 225 ms at the ends
    with pytest.raises(ValueError, match=r"recording of 1000 ms, .* got 126 ms"):
        activity.spike_time_tiling(trains, window=126.0, t_stop=1000.0)


def test_bins_in_seconds_are_refused():
    counts = RNG.poisson(0.1, size=(6000, 3))
    with pytest.raises(ValueError, match=r"^window must be at most an eighth .* pass dt in ms"):
        activity.spike_count_tiling(counts, dt=0.1, window=100.0)
    with pytest.raises(ValueError, match=r"^window must leave some .* pass dt in ms, as window is"):
        activity.spike_count_tiling(counts, dt=1.0, window=100.0)
    activity.spike_count_tiling(counts[:5], dt=10.0, window=100.0)  # ten bins are no mistake


# ------------------------------------------------------------------- who they come from


def test_groups_of_pynapple_know_unit_and_ends(nap):
    for spikes in (group(nap), list(group(nap).values()), dict(group(nap).items())):
        assert_array_equal(activity.spike_time_tiling(spikes, window=20.0), EXPECTED)
        assert_array_equal(tiling().fit_transform(spikes), EXPECTED)
        for unit, stop in (("s", 60.0), ("ms", 60_000.0)):  # their own unit is seconds anyhow
            found = tiling(time_unit=unit, t_stop=stop).fit_transform(spikes)
            assert_array_equal(found, EXPECTED)


def test_given_ends_replace_those_of_one_epoch(nap):
    wide = activity.spike_time_tiling(TRAINS, window=20.0, t_start=-5000.0, t_stop=80_000.0)
    found = tiling(time_unit="s", t_start=-5, t_stop=80).fit_transform(group(nap))
    assert_array_equal(found, wide)


def test_epochs_of_pynapple_are_pooled(nap):
    """Two epochs that are joined far apart: the same as one recording in which nobody fires."""
    epochs = nap.IntervalSet([0.0, 40.0], [20.0, 60.0])
    spikes = group(nap).restrict(epochs)
    found = activity.spike_time_tiling(spikes, window=20.0)
    parts = [
        [train[(train >= low) & (train <= high)] for train in TRAINS]
        for low, high in ((0, 20_000), (40_000, 60_000))
    ]
    near = np.zeros((4, 4))
    tiled, n_spikes = np.zeros(4), np.zeros(4)
    for trains, (low, high) in zip(parts, ((0, 20_000), (40_000, 60_000)), strict=True):
        for i, train in enumerate(trains):
            grid = np.arange(low, high) + 0.5
            tiled[i] += sum((np.abs(grid[:, None] - train) <= 20.0).any(axis=1))
            n_spikes[i] += len(train)
            for j, other in enumerate(trains):
                near[i, j] += (np.abs(train[:, None] - other) <= 20.0).any(axis=1).sum()
    T, P = tiled / 40_000, near / n_spikes[:, None]
    term = (P - T) / (1 - P * T)
    assert_allclose(found, np.where(np.eye(4), 1, (term + term.T) / 2), atol=1e-6)
    with pytest.raises(ValueError, match=r"^t_stop must be None when X has a time_support of sev"):
        tiling(t_stop=60_000).fit(spikes)


def test_spikes_of_two_epochs_are_not_near(nap):
    support = nap.IntervalSet([0.0, 1.001], [1.0, 2.0])
    trains = [nap.Ts([0.999], time_support=support), nap.Ts([1.002], time_support=support)]
    found = activity.spike_time_tiling(trains, window=5.0)
    assert_allclose(found[0, 1], -0.006 / 1.999)


def test_epochs_of_trains_are_joined(nap):
    """One within the other, and one apart: as pynapple joins them in a group."""
    supports = [nap.IntervalSet(0, 10), nap.IntervalSet(2, 3), nap.IntervalSet(20, 30)]
    trains = [
        nap.Ts(times, time_support=support)
        for times, support in zip(([1.0, 8.0], [2.5], [21.0]), supports, strict=True)
    ]
    found = activity.spike_time_tiling(trains, window=100.0)
    group = nap.TsGroup(dict(enumerate(trains)), time_support=supports[0].union(supports[2]))
    assert_array_equal(found, activity.spike_time_tiling(group, window=100.0))
    assert_allclose(found[1, 2], -0.2 / 20)


def test_names_are_known():
    spikes = dict(zip(NAMES, TRAINS, strict=True))
    fitted = tiling(t_stop=60_000).fit(spikes)
    assert_array_equal(fitted.feature_names_in_, NAMES)
    assert_array_equal(fitted.get_feature_names_out(), NAMES)
    assert_array_equal(fitted.connectivity_, EXPECTED)
    shuffled = {name: spikes[name] for name in "dbac"}
    assert_array_equal(fitted.transform(shuffled), EXPECTED)  # by name, not by position
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform({**spikes, "e": TRAINS[0]})
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert_array_equal(fitted.transform(TRAINS), EXPECTED)
    assert not hasattr(fitted.fit(TRAINS), "feature_names_in_")
    assert clone(fitted).time_unit == "ms"


def test_the_index_of_a_group_is_its_names(nap):
    fitted = tiling().fit(group(nap, keys=[3, 7, 11, 20]))
    assert_array_equal(fitted.feature_names_in_, ["3", "7", "11", "20"])
    assert_array_equal(fitted.connectivity_, EXPECTED)


def test_one_train_of_pynapple_is_one_neuron(nap):
    assert_array_equal(tiling().fit_transform(nap.Ts([1.0, 5.0])), [[1.0]])


def test_trains_of_neo_know_unit_and_ends():
    neo = pytest.importorskip("neo")
    quantities = pytest.importorskip("quantities")
    for unit, factor in ((quantities.s, 1.0), (quantities.ms, 1000.0)):
        trains = [
            neo.SpikeTrain(train * factor * unit, t_stop=60 * factor * unit) for train in IN_SECONDS
        ]
        assert_allclose(tiling().fit_transform(trains), EXPECTED, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tiling(time_unit="us", t_stop=1).fit(TRAINS), ValueError, "time_unit must be one"),
        (lambda: tiling(time_unit=1, t_stop=1).fit(TRAINS), TypeError, "time_unit must be one of"),
        (lambda: tiling().fit({"a": [1.0]}), ValueError, "t_stop must be the end of the recording"),
        (lambda: tiling(t_stop=9).fit({}), ValueError, "X must hold the spike times of at least"),
        (lambda: tiling(t_stop=9e3).fit({1: [1.0], "1": [2.0]}), ValueError, "X must name every n"),
        (
            lambda: tiling(t_stop=9.0, time_unit="s").fit([[10.0]]),
            ValueError,
            "X must hold event times from t_start=0 to t_stop=9 s, got 10 for neuron 0",
        ),
        (
            lambda: FunctionalConnectivity().fit({"a": [1.0]}),
            TypeError,
            r"X must be recordings \(n_steps, n_neurons\) when kind='correlation', got dict",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


def test_values_of_pynapple_are_no_times(nap):
    series = nap.Tsd(t=[0.0, 1.0, 2.0], d=[5.0, 6.0, 7.0])
    with pytest.raises(TypeError, match=r"^X must hold times of spikes \(Ts\), got Tsd"):
        tiling(t_stop=9000.0).fit({"a": series})
    mixed = [nap.Ts([1.0], time_support=nap.IntervalSet(0, 2)), [1.0]]
    with pytest.raises(ValueError, match=r"^X must bring the epochs of every neuron or of none"):
        tiling().fit(mixed)


# ------------------------------------------------------------------- recordings

TRACES = RNG.standard_normal((50, 3)) @ RNG.standard_normal((3, 3))
CELLS_FIRST = r"one of 3 steps and 50 units; .* as suite2p and CaImAn write it, pass .*recording\.T"


@pytest.mark.parametrize(
    "measure",
    [
        activity.correlation,
        activity.partial_correlation,
        activity.precision,
        lambda counts: activity.spike_count_tiling(np.abs(counts).round(), dt=1.0, window=1.0),
        lambda traces: FunctionalConnectivity().fit(traces),
        lambda traces: FunctionalConnectivity("precision").fit(traces),
    ],
)
def test_cells_in_rows_are_noticed_at_every_door(measure):
    with pytest.warns(UserWarning, match=CELLS_FIRST) as caught:
        measure(TRACES.T)
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="one of 3 steps and 50 units"):
        measure(pd.DataFrame(TRACES.T))
    with pytest.warns(UserWarning, match="one of 6 steps and 50 units"):
        measure([TRACES.T, TRACES.T])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measure(TRACES)
        measure(TRACES[:3])  # square
        measure(np.stack([TRACES[:2]] * 3))  # short trials, many of them


def test_dimensions_of_xarray_are_taken_by_name():
    xr = pytest.importorskip("xarray")
    names = ["a", "b", "c"]
    recording = xr.DataArray(TRACES.T, {"cell": names}, ("cell", "time"))
    fitted = FunctionalConnectivity().fit(recording)
    assert_allclose(fitted.connectivity_, np.corrcoef(TRACES.T))
    assert_array_equal(fitted.feature_names_in_, names)
    assert_allclose(activity.correlation(recording), np.corrcoef(TRACES.T))
    trials = xr.DataArray(TRACES.reshape(5, 10, 3), dims=("trial", "time", "cell"))
    turned = trials.transpose("cell", "time", "trial")
    for call in (activity.correlation, FunctionalConnectivity().fit_transform):
        assert_allclose(call(turned), call(trials.values))
    with pytest.raises(ValueError, match=r"^X must have one dimension of time, .*got \('x', 'y'\)"):
        FunctionalConnectivity().fit(xr.DataArray(TRACES, dims=("x", "y")))


def test_frames_of_pynapple_are_recordings_with_names(nap):
    times = np.arange(50) / 10
    fitted = FunctionalConnectivity().fit(nap.TsdFrame(t=times, d=TRACES, columns=["a", "b", "c"]))
    assert_array_equal(fitted.feature_names_in_, ["a", "b", "c"])
    assert_allclose(fitted.connectivity_, np.corrcoef(TRACES.T))
    assert not hasattr(fitted.fit(nap.TsdFrame(t=times, d=TRACES)), "feature_names_in_")
