"""Recordings cut into trials: by hand, as pynapple does it, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GroupKFold, cross_val_score

from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import Trials, cut_trials
from sk_biornn.datasets.recordings._rates import check_one_rate
from sk_biornn.datasets.recordings._sessions import Session

RNG = np.random.default_rng(0)
VALUES = RNG.standard_normal((100, 3))
NAMES = ["AVA", "AVB", "RIM"]


def frame(values=VALUES, rate=10.0, names=NAMES):
    return pd.DataFrame(values, columns=names, index=np.arange(len(values)) / rate)


# ------------------------------------------------------------------- one after the other


def test_windows_one_after_the_other():
    trials = cut_trials(VALUES, length=20, rate=10.0)
    assert isinstance(trials, Trials)
    expected = VALUES.reshape(5, 20, 3)
    assert_array_equal(trials.X, expected[:, :-1])
    assert_array_equal(trials.y, expected[:, 1:])
    assert_allclose(trials.times, np.arange(100).reshape(5, 20)[:, :-1] / 10)
    assert_array_equal(trials.groups, range(5))
    assert trials.events is None and trials.n_dropped == 0


def test_a_recording_without_a_clock_has_no_times():
    trials = cut_trials(VALUES, length=30, targets=None)
    assert trials.X.shape == (3, 30, 3) and trials.y is None and trials.times is None


@given(st.integers(1, 12), st.integers(1, 15), st.sets(st.integers(0, 39), max_size=6))
def test_windows_are_those_of_a_search_by_hand(length, stride, missing):
    """Every step of a window is there, and from each stretch's first step on none is left out."""
    values = np.arange(40.0)[:, None].repeat(2, axis=1)
    values[sorted(missing), 1] = np.nan
    expected, start = [], None
    for step in range(41):
        is_there = step < 40 and step not in missing
        if is_there and start is None:
            start = step
        if not is_there and start is not None:
            expected += list(range(start, step - length + 1, stride))
            start = None
    if not expected:
        with pytest.raises(ValueError, match=r"^length must be at most"):
            cut_trials(values, length=length, stride=stride, targets=None)
        return
    trials = cut_trials(values, length=length, stride=stride, targets=None)
    assert_array_equal(trials.X[:, :, 0], np.add.outer(expected, np.arange(length)))
    n_without = (40 - length) // stride + 1
    assert trials.n_dropped == max(n_without - len(expected), 0)


def test_gaps_in_time_are_not_crossed():
    times = np.arange(100) / 10
    times[37:] += 0.051  # a step of 1.51 of the others
    trials = cut_trials(VALUES, length=10, times=times, targets=None)
    assert_array_equal(trials.X[3], VALUES[37:47])
    assert_array_equal(trials.X[2], VALUES[20:30])
    assert trials.n_dropped == 1
    times[37:] -= 0.002  # 1.49 of the others is jitter
    assert cut_trials(VALUES, length=10, times=times).n_dropped == 0


def test_groups_hold_what_shares_steps():
    values = VALUES.copy()
    values[50] = np.nan
    trials = cut_trials(values, length=10, stride=5, targets=None)
    assert_array_equal(trials.groups, [0] * 9 + [1] * 8)
    for train, test in GroupKFold(2).split(trials.X, groups=trials.groups):
        shared = set(trials.X[train].ravel()) & set(trials.X[test].ravel())
        assert not shared
    assert_array_equal(cut_trials(VALUES, length=10, stride=10).groups, range(10))


@given(st.lists(st.integers(0, 80), min_size=1, max_size=8))
def test_groups_of_events_are_the_connected_ones(starts):
    """By brute force: the components of the graph of trials with a step in common."""
    events = np.array(starts) / 10
    trials = cut_trials(VALUES, events=events, window=(0.0, 0.9), rate=10.0, targets=None)
    steps = [set(range(start, start + 10)) for start in starts]
    reach = np.array([[bool(a & b) for b in steps] for a in steps])
    for _ in starts:
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    assert_array_equal(trials.groups[:, None] == trials.groups, reach)


# ------------------------------------------------------------------- events


def test_events_in_the_order_they_come():
    trials = cut_trials(VALUES, events=[5.0, 1.0], window=(-0.2, 0.5), rate=10.0, targets=None)
    assert_array_equal(trials.X, [VALUES[48:56], VALUES[8:16]])
    assert_array_equal(trials.events, [0, 1])
    assert_array_equal(trials.times[1], np.arange(8, 16) / 10)


def test_events_outside_or_at_a_gap_are_left_out_and_counted():
    values = VALUES.copy()
    values[50, 0] = np.nan
    events = [0.1, 2.0, 4.6, 5.1, 5.3, 9.6, 30.0]
    with pytest.warns(UserWarning, match=r"^5 of 7 events are left out: their windows leave"):
        trials = cut_trials(values, events=events, window=(-0.2, 0.5), rate=10.0)
    assert_array_equal(trials.events, [1, 4])
    assert trials.n_dropped == 5
    labels = np.array(list("abcdefg"))
    assert_array_equal(labels[trials.events], ["b", "e"])


def test_a_window_may_begin_with_the_first_step_and_end_with_the_last():
    trials = cut_trials(VALUES, events=[0.2, 9.4], window=(-0.2, 0.5), rate=10.0, targets=None)
    assert_array_equal(trials.X, [VALUES[:8], VALUES[92:]])
    assert trials.n_dropped == 0


def test_events_between_steps_give_trials_of_one_length():
    """The steps within the window; where some trials have one more, it is left out."""
    events = [2.0, 4.03, 6.07]
    trials = cut_trials(VALUES, events=events, window=(-0.5, 1.0), rate=10.0, targets=None)
    assert trials.X.shape == (3, 15, 3)
    assert_array_equal(trials.times[:, 0], [1.5, 3.6, 5.6])
    for event, times in zip(events, trials.times, strict=True):
        assert event - 0.5 <= times[0] < event - 0.4 and times[-1] <= event + 1.0


def test_intervals_of_unequal_length_are_a_list():
    expected = [VALUES[10:21], VALUES[50:56]]
    ends = [[1.0, 2.0], [5.0, 5.5]]
    table = pd.DataFrame({"start_time": [1.0, 5.0], "stop_time": [2.0, 5.5], "go": [1, 0]})
    for events in (ends, np.array(ends), table):
        trials = cut_trials(VALUES, events=events, rate=10.0, targets=None)
        assert isinstance(trials.X, list) and len(trials.X) == 2
        for found, wanted in zip(trials.X, expected, strict=True):
            assert_array_equal(found, wanted)
    trials = cut_trials(VALUES, events=ends, rate=10.0)
    assert_array_equal(trials.y[1], VALUES[51:56])
    assert [len(x) for x in trials.X] == [len(t) for t in trials.times] == [10, 5]
    DaleRNNRegressor(n_units=4, max_iter=1, random_state=0).fit(trials.X, trials.y)


# ------------------------------------------------------------------- pynapple


@pytest.fixture(scope="module")
def nap():
    return pytest.importorskip("pynapple")


def in_rows(tensor):
    """Trials (n_steps_i, n_units) of pynapple's (units, trials, steps), padding left out."""
    trials = np.moveaxis(tensor, 0, -1)
    return [trial[~np.isnan(trial).all(axis=1)] for trial in trials]


@given(data=st.data())
def test_intervals_are_aligned_as_pynapple_does(nap, data):
    rate = data.draw(st.sampled_from([10.0, 30.0, 7.3, 1000.0]))
    series = nap.TsdFrame(t=np.round(np.arange(100) / rate, 9), d=VALUES)
    place = st.integers(0, 95) | st.floats(0.0, 95.0)
    starts = np.array(sorted(data.draw(st.lists(place, min_size=1, max_size=4))))
    width = data.draw(st.sampled_from([2.0, 2.5, 4.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of intervals that pynapple joins
        epochs = nap.IntervalSet(np.round(starts / rate, 9), np.round((starts + width) / rate, 9))
        if len(epochs) == 0:
            return
        expected = in_rows(nap.build_tensor(series, epochs))
    trials = cut_trials(series, events=epochs, targets=None)
    assert trials.n_dropped == 0 and len(trials.X) == len(expected)
    for found, wanted in zip(trials.X, expected, strict=True):
        assert_array_equal(found, wanted)


def test_events_and_window_are_intervals_of_pynapple(nap):
    series = nap.TsdFrame(t=np.round(np.arange(300) / 30, 9), d=RNG.standard_normal((300, 2)))
    events = nap.Ts(np.array([1.0, 2.1, 5.3, 7.7]))
    epochs = nap.IntervalSet(np.round(events.t - 0.3, 9), np.round(events.t + 0.4, 9))
    expected = np.moveaxis(nap.build_tensor(series, epochs), 0, -1)
    trials = cut_trials(series, events=events, window=(-0.3, 0.4), targets=None)
    assert_array_equal(trials.X, expected[:, : trials.X.shape[1]])
    assert trials.X.shape[1] >= expected.shape[1] - 1
    as_numbers = cut_trials(
        series.values, events=events.t, window=(-0.3, 0.4), rate=30.0, targets=None
    )
    assert_array_equal(as_numbers.X, trials.X)


def test_names_epochs_and_shapes_of_pynapple(nap):
    times = np.arange(100) / 10
    named = nap.TsdFrame(t=times, d=VALUES, columns=NAMES)
    trials = cut_trials(named, length=10)
    assert list(trials.X[0].columns) == NAMES
    assert_array_equal(trials.X[2], VALUES[20:29])
    assert_array_equal(
        cut_trials(named["AVB"], length=10).X, VALUES.reshape(10, 10, 3)[:, :-1, 1:2]
    )
    tensor = nap.TsdTensor(t=times, d=VALUES[:, :, None] * [1.0, 2.0])
    assert cut_trials(tensor, length=10).X.shape == (10, 9, 6)
    epochs = nap.IntervalSet([0.0, 4.95], [4.94, 10.0])  # neighbours in time, and yet two
    trials = cut_trials(named.restrict(epochs), length=30)
    assert [trial.index[0] for trial in trials.X] == [0.0, 5.0]
    assert trials.n_dropped == 1


def test_spikes_of_pynapple_are_no_recording(nap):
    group = nap.TsGroup({0: nap.Ts([0.1, 0.2, 0.9])}, time_support=nap.IntervalSet(0, 1))
    for spikes in (group, group[0]):
        with pytest.raises(TypeError, match=r"^recording must have a value .* \.count\(bin_size\)"):
            cut_trials(spikes, length=2)
    counts = group.count(0.1)
    assert cut_trials(counts, length=2, targets=None).X.shape == (5, 2, 1)
    with pytest.raises(TypeError, match=r"^events must be times or intervals, got TsGroup"):
        cut_trials(counts, events=group, window=(0, 1))


# ------------------------------------------------------------------- frames, xarray


@pytest.mark.parametrize(
    "index",
    [
        np.arange(100) / 10,
        pd.to_timedelta(np.arange(100) * 100, unit="ms"),
        pd.date_range("2024-03-01 12:00", periods=100, freq="100ms"),
        pd.date_range("2024-03-01 12:00", periods=100, freq="100ms", tz="Europe/Paris"),
        pd.period_range("2024-03-01 12:00", periods=100, freq="100ms"),
    ],
    ids=["numbers", "durations", "dates", "zone", "periods"],
)
def test_time_of_a_frame_is_its_index(index):
    recording = pd.DataFrame(VALUES, columns=NAMES, index=index)
    events = [2.0, 5.0]
    if isinstance(index, pd.DatetimeIndex):
        events = index[[20, 50]]
        in_seconds = cut_trials(recording, events=[2.0, 5.0], window=(-0.1, 0.5))
        assert_array_equal(in_seconds.X, cut_trials(recording, events=events, window=(-0.1, 0.5)).X)
    trials = cut_trials(recording, events=events, window=(-0.1, 0.5), targets=None)
    assert_array_equal(trials.X, [VALUES[19:26], VALUES[49:56]])
    assert_allclose(trials.times[0], np.arange(19, 26) / 10)
    assert trials.X[0].index.name == "time"


@pytest.mark.parametrize("as_list", [False, True])
def test_times_may_be_dates(as_list):
    dates = pd.date_range("2024", periods=100, freq="100ms")
    times = list(dates) if as_list else dates.to_numpy()
    trials = cut_trials(VALUES, times=times, events=dates[[20]], window=(0.0, 0.5), targets=None)
    assert_array_equal(trials.X, [VALUES[20:26]])


def test_rows_that_are_only_numbered_are_no_times():
    recording = pd.DataFrame(VALUES, columns=NAMES)
    assert cut_trials(recording, length=10).times is None
    assert_allclose(cut_trials(recording, length=10, rate=10.0).times[1][0], 1.0)
    assert cut_trials(recording[10:40], length=10).times is None
    with pytest.raises(ValueError, match=r"^rate must be None .* its own times, .*reset_index"):
        cut_trials(recording.drop(index=[4]), length=10, rate=10.0)


def test_names_reach_the_estimator():
    trials = cut_trials(frame(), length=20)
    network = DaleRNNRegressor(n_units=4, max_iter=1, random_state=0).fit(trials.X, trials.y)
    assert_array_equal(network.feature_names_in_, NAMES)
    unnamed = cut_trials(VALUES, length=20)
    again = DaleRNNRegressor(n_units=4, max_iter=1, random_state=0).fit(unnamed.X, unnamed.y)
    assert_array_equal(network.W_rec_, again.W_rec_)
    scores = cross_val_score(network, trials.X, trials.y, groups=trials.groups, cv=GroupKFold(5))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("dims", [("time", "cell"), ("cell", "time"), ("unit", "Time")])
def test_dimensions_of_xarray_are_taken_by_name(dims):
    xr = pytest.importorskip("xarray")
    values = VALUES if dims[0] == "time" else VALUES.T
    clock = {"time": np.arange(100) / 10, "cell": NAMES, "unit": NAMES}
    coords = {dim: clock[dim.lower()] for dim in dims}
    trials = cut_trials(xr.DataArray(values, coords, dims), length=20)
    assert_array_equal(trials.X, VALUES.reshape(5, 20, 3)[:, :-1])
    assert list(trials.X[0].columns) == NAMES
    assert_allclose(trials.times[1][0], 2.0)


def test_trials_of_xarray_are_several_recordings():
    xr = pytest.importorskip("xarray")
    trials = xr.DataArray(VALUES[:80].reshape(4, 20, 3), dims=("trial", "time", "unit"))
    for array in (trials, trials.transpose("unit", "time", "trial")):
        found = cut_trials(array, length=10, targets=None)
        assert_array_equal(found.X, VALUES[:80].reshape(8, 10, 3))
        assert_array_equal(found.groups, np.repeat(range(4), 2))


def test_time_of_xarray():
    xr = pytest.importorskip("xarray")
    times = np.arange(100) * 100.0
    recording = xr.DataArray(VALUES, {"time": times}, ("time", "x"))
    recording.time.attrs["units"] = "ms"
    assert_allclose(cut_trials(recording, length=20).times[1, 0], 2.0)
    recording.time.attrs["units"] = "frames"
    with pytest.raises(ValueError, match=r"^recording must have its time in 's' or 'ms', got uni"):
        cut_trials(recording, length=20)
    numbered = xr.DataArray(VALUES, {"frame": np.arange(100)}, ("frame", "x"))
    assert cut_trials(numbered, length=20).times is None
    dates = xr.DataArray(VALUES, {"time": pd.date_range("2024", periods=100)}, ("time", "x"))
    assert_allclose(cut_trials(dates, length=20).times[0, 1], 86400.0)
    with pytest.raises(ValueError, match=r"^recording must have one dimension of time, .* \('x', "):
        cut_trials(xr.DataArray(VALUES, dims=("x", "y")), length=20)
    with pytest.raises(TypeError, match=r"^recording must be an array, got a Dataset .*\['dff'\]"):
        cut_trials(recording.to_dataset(name="dff"), length=20)


# ------------------------------------------------------------------- several sessions


def test_several_recordings_are_a_group_each():
    trials = cut_trials([VALUES, VALUES[:50] + 1], length=20, stride=10, rate=10.0)
    assert_array_equal(trials.groups, [0] * 9 + [1] * 4)
    assert_array_equal(trials.X[9], VALUES[:19] + 1)
    for same in ([frame(), frame(VALUES[:50] + 1)], (VALUES.tolist(), (VALUES[:50] + 1).tolist())):
        assert_array_equal(cut_trials(same, length=20, stride=10).X, trials.X)
    stacked = cut_trials(np.stack([VALUES, VALUES]), length=20)
    assert_array_equal(stacked.groups, [0] * 5 + [1] * 5)


def test_events_times_and_targets_of_several_recordings():
    clock = np.arange(100) / 10
    trials = cut_trials(
        [VALUES, VALUES + 1],
        events=[[2.0], [3.0, 7.0]],
        window=(0.0, 0.4),
        times=[clock, clock + 1.0],
        targets=[np.arange(100), np.arange(100) + 1000],
    )
    assert_array_equal(trials.y[:, 0], [20, 1020, 1060])
    assert_array_equal(trials.groups, [0, 1, 1])
    assert_array_equal(trials.events, [0, 0, 1])
    assert_array_equal(trials.X[1], VALUES[20:25] + 1)


# ------------------------------------------------------------------- targets and types


def test_targets_are_cut_as_the_recording_is():
    labels = np.array(["still", "run"])[(VALUES[:, 0] > 0).astype(int)]
    speed = pd.DataFrame({"speed": VALUES[:, 1]}, index=np.arange(100) / 10)
    trials = cut_trials(VALUES, length=20, targets=labels)
    assert trials.X.shape == (5, 20, 3)
    assert_array_equal(trials.y, labels.reshape(5, 20))
    trials = cut_trials(frame(), length=20, targets=speed)
    assert list(trials.y[0].columns) == ["speed"] and len(trials.X[0]) == 20
    assert_array_equal(trials.y[3]["speed"], VALUES[60:80, 1])
    assert cut_trials(frame(), length=20, targets=speed["speed"]).y.shape == (5, 20)
    with pytest.raises(ValueError, match=r"^targets must be at the times of the recording"):
        cut_trials(frame(rate=20.0), length=20, targets=speed)


def test_targets_may_be_missing_where_they_are_not_judged():
    hidden = np.arange(100) % 20 < 10
    numbers = np.ma.masked_array(VALUES[:, 0], hidden)
    y = cut_trials(VALUES, length=20, targets=numbers).y
    assert np.isnan(y[:, :10]).all() and np.isfinite(y[:, 10:]).all()
    labels = np.ma.masked_array(np.array(["a"] * 100, dtype=object), hidden)
    y = cut_trials(VALUES, length=20, targets=labels).y
    assert y[0, 9] is None and y[0, 10] == "a"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_number_type_follows_the_recording(dtype):
    for recording in (VALUES.astype(dtype), pd.DataFrame(VALUES.astype(dtype))):
        assert cut_trials(recording, length=20).X.dtype == dtype
    assert cut_trials((VALUES * 9).astype(int), length=20).X.dtype == np.float64


def test_one_unit_is_a_column():
    assert cut_trials(VALUES[:, 0], length=20).X.shape == (5, 19, 1)
    assert cut_trials(frame()["AVA"], length=20).X[0].columns == ["AVA"]


def test_cells_in_rows_are_noticed():
    with pytest.warns(UserWarning, match=r"one of 3 steps and 100 units; .* pass .*recording\.T"):
        cut_trials(VALUES.T, length=2)


def test_a_cut_does_not_hold_on_to_the_recording():
    values = VALUES.copy()
    trials = cut_trials(values, events=[[1.0, 2.0], [5.0, 5.5]], rate=10.0, targets=None)
    kept = [x.copy() for x in trials.X]
    values[:] = 0
    for found, wanted in zip(trials.X, kept, strict=True):
        assert_array_equal(found, wanted)


# ------------------------------------------------------------------- what is refused

MISSING = np.where(np.arange(3) == 1, np.nan, VALUES)


@pytest.mark.parametrize(
    ("recording", "arguments", "error", "message"),
    [
        (VALUES, {}, ValueError, "length must be the number of steps per window"),
        (VALUES, {"length": 0}, ValueError, "length must be an integer of at least 1"),
        (VALUES, {"length": 2.0}, TypeError, "length must be an integer"),
        (VALUES, {"length": 101}, ValueError, "length must be at most 100, .* got 101"),
        (VALUES, {"length": 1}, ValueError, "targets='next step' needs windows of at least 2"),
        (VALUES, {"length": 5, "stride": 0}, ValueError, "stride must be an integer"),
        (VALUES, {"length": 5, "window": (0, 1)}, ValueError, "window must be None without even"),
        (VALUES, {"length": 5, "rate": 0}, ValueError, "rate must be a number greater than 0"),
        (VALUES, {"length": 5, "rate": 1, "times": [1]}, ValueError, "rate must be None when"),
        (VALUES, {"length": 5, "times": [1, 2]}, ValueError, "times must have one entry per step"),
        (VALUES, {"length": 5, "times": np.zeros(100)}, ValueError, "times must increase from st"),
        (VALUES, {"length": 5, "targets": "last"}, ValueError, "targets must be 'next step', No"),
        (VALUES, {"length": 5, "targets": [1, 2]}, ValueError, "targets must have one row per st"),
        (VALUES, {"events": [1.0]}, ValueError, "rate or times must say when the steps are"),
        (VALUES, {"events": [1.0], "rate": 10}, ValueError, r"window must be \(start, stop\)"),
        (frame(), {"events": [1.0], "window": 2}, TypeError, r"window must be \(start, stop\)"),
        (frame(), {"events": [1.0], "window": (1, 0)}, ValueError, r"window\[1\] must be a num"),
        (frame(), {"events": [1.0], "length": 5}, ValueError, "length must be None with events"),
        (frame(), {"events": [[1, 2]], "window": (0, 1)}, ValueError, "window must be None when"),
        (frame(), {"events": [[2, 1]]}, ValueError, "events must end after they start, got 2 to 1"),
        (frame(), {"events": [[1, 2, 3]]}, ValueError, r"events must be times \(n_events,\) or in"),
        (frame(), {"events": [np.nan], "window": (0, 1)}, ValueError, "events must be finite num"),
        (frame(), {"events": ["a"], "window": (0, 1)}, ValueError, "events must be times in sec"),
        (
            frame(),
            {"events": [1000.0, 2000.0], "window": (0, 1)},
            ValueError,
            r"events must have .* got none of 2 .* from 0 to 9.9 s, and events are in s",
        ),
        (
            frame(),
            {"events": pd.DatetimeIndex(["2024-01-01"]), "window": (0, 1)},
            ValueError,
            "events must be in seconds, as the recording is, got dates",
        ),
        (
            frame(),
            {"events": pd.DataFrame({"onset": [1.0]}), "window": (0, 1)},
            ValueError,
            r"events must have the columns 'start' and 'end' .* \['onset'\]",
        ),
        ([VALUES, VALUES], {"length": 5, "times": [1]}, ValueError, "times must be a list with"),
        ([frame()], {"events": [1, 2], "window": (0, 1)}, ValueError, "events must be a list with"),
        (
            [frame(), frame()],
            {"events": [5.0, 10.0], "window": (0, 1)},
            ValueError,
            r"events must be a list with one list of times per session, 2 in all, got \[5.0, 10",
        ),
        (
            [frame()] * 2,
            {"events": np.ones(2)},
            ValueError,
            ".* one list of times per session, 2 in",
        ),
        (frame(), {"events": [], "window": (0, 1)}, ValueError, "events must have at least one ev"),
        (
            [frame()] * 2,
            {"events": [[], []], "window": (0, 1)},
            ValueError,
            ".* at least one event",
        ),
        ([VALUES], {"length": 5, "targets": np.ones(9)}, ValueError, "targets must be a list"),
        ([VALUES, VALUES[:, :2]], {"length": 5}, ValueError, "recording must have the same units"),
        ([frame(), frame(names=list("abc"))], {"length": 5}, ValueError, "recording must have the"),
        (frame()[::-1], {"length": 5}, ValueError, "times of the recording must increase"),
        (MISSING, {"length": 5}, ValueError, r"length must be at most 0, .* \(unit 1 is NaN thr"),
        (frame(MISSING), {"length": 5}, ValueError, r".* \(unit 'AVB' is NaN throughout\)"),
        (VALUES * np.inf, {"length": 5}, ValueError, "recording must hold finite numbers, or NaN"),
        (np.ma.masked_less(VALUES, 0), {"length": 5}, ValueError, "recording must be a plain arr"),
        ([["a", "b"]], {"length": 5}, ValueError, "recording must be an array of numbers"),
        (np.zeros((5, 0)), {"length": 5}, ValueError, r"recording must be \(n_steps, n_units\)"),
        (
            frame().reset_index(names="Time"),
            {"length": 5},
            ValueError,
            r"recording must have its times as the index, got a column 'Time' .*_index\('Time'\)",
        ),
        (frame(names=list("aab")), {"length": 5}, ValueError, "recording must name every column"),
        (
            frame().set_axis(pd.date_range("2024", periods=100).astype(str)),
            {"length": 5},
            ValueError,
            r"recording must have times as its index, .* got \['2024-01-01', .*pandas.to_datetime",
        ),
        (
            frame().set_axis(pd.date_range("2024", periods=100, tz="UTC")),
            {"events": pd.DatetimeIndex(["2024-01-01"]), "window": (0, 1)},
            TypeError,
            "events must have the time zone of the recording",
        ),
        (pd.concat({"a": frame()}), {"length": 5}, ValueError, "recording must have one level of"),
    ],
)
def test_mistakes_are_named(recording, arguments, error, message):
    with pytest.raises(error, match=f"^{message}") as caught:
        cut_trials(recording, **arguments)
    assert str(caught.value).endswith(".")


MARKS = (np.arange(100) % 20 == 7).astype(int)


@pytest.mark.parametrize(
    "marks",
    [
        *(MARKS, MARKS.tolist(), MARKS.astype(float), MARKS.astype(bool), MARKS[:, None]),
        *(pd.Series(MARKS), np.arange(100) // 30, MARKS[:50] > 0),
    ],
)
def test_marks_at_every_step_are_no_times(marks):
    with pytest.raises(
        ValueError, match=r"^events must be times in s, .* np.flatnonzero\(events\) / r"
    ):
        cut_trials(VALUES, events=marks, window=(0.0, 0.5), rate=10.0)
    with pytest.raises(ValueError, match=r"^events must be times in s, "):
        cut_trials([VALUES] * 2, events=[[1.0], marks], window=(0.0, 0.5), rate=10.0)


def test_the_times_of_marks_are_the_events():
    events = np.flatnonzero(MARKS) / 10.0
    trials = cut_trials(VALUES, events=events, window=(0.0, 0.5), rate=10.0, targets=None)
    assert_array_equal(trials.X[:, 0], VALUES[MARKS == 1])
    every = np.arange(100)  # as many events as steps, and yet times
    trials = cut_trials(VALUES, events=every, window=(0.0, 0.5), rate=1.0, targets=None)
    assert_array_equal(trials.X[:, 0], VALUES)
    trials = cut_trials(
        [VALUES] * 2, events=[[], [3.0]], window=(0.0, 0.5), rate=10.0, targets=None
    )
    assert_array_equal(trials.groups, [1])


# ------------------------------------------------------------------- one rate


def clock(*parts):
    """Times of steps from parts (number of steps, Hz), without a gap between them."""
    steps = np.concatenate([np.full(n_steps, 1 / rate) for n_steps, rate in parts])
    return np.cumsum(steps) - steps[0]


def session(times):
    return Session(np.ones((len(times), 1)), None, times)


def at(times):
    return pd.DataFrame({"a": np.arange(len(times)), "b": 1.0}, index=times)


@pytest.mark.parametrize(
    ("parts", "rates"),
    [
        (((300, 30), (300, 25)), ("30 Hz from 0 s on", "25 Hz from 9.9667 s on")),
        (((300, 30), (40, 25)), ("30 Hz", "25 Hz")),
        (((30, 30), (300, 25)), ("30 Hz", "25 Hz")),
        (((700, 30), (300, 10)), ("30 Hz from 0 s on", "10 Hz from 23.4 s on")),
        (((300, 30), (700, 10)), ("30 Hz", "10 Hz")),
        (((100, 30), (200, 10), (100, 30)), ("30 Hz", "Hz")),
        (((2000, 30), (2000, 29.5)), ("30 Hz", "29.5 Hz")),
    ],
)
def test_a_change_of_rate_is_refused(parts, rates):
    with pytest.raises(
        ValueError, match=r"^recording must have one rate .*; resample it"
    ) as caught:
        cut_trials(at(clock(*parts)), length=5)
    for rate in rates:
        assert rate in str(caught.value)


def test_sessions_and_stretches_of_other_rates_are_refused():
    fast, slow = clock((200, 30)), clock((50, 10))
    message = "got 30 Hz from 0 s on in session 0 and 10 Hz from 0 s on in session 1; resample"
    arrays = [np.ones((200, 1)), np.ones((50, 1))]
    for recording, times in (([at(fast), at(slow)], None), (arrays, [fast, slow])):
        with pytest.raises(ValueError, match=message):
            cut_trials(recording, length=5, times=times)
        with pytest.raises(ValueError, match=message):
            cut_trials(recording, events=[[1.0], [1.0]], window=(0, 1), times=times)
    behind_a_gap = np.concatenate([clock((200, 30)), 100 + clock((200, 25))])
    with pytest.raises(ValueError, match=r"30 Hz from 0 s on and 25 Hz from 100 s on; resample"):
        cut_trials(at(behind_a_gap), length=5)


@given(seed=st.integers(0, 10**6), rate=st.sampled_from([7.3, 10.0, 30.0, 59.94]))
def test_jitter_lost_frames_and_drift_are_one_rate(seed, rate):
    """What one clock does, in any mixture: nothing of it is a change of rate."""
    rng = np.random.default_rng(seed)
    even = np.arange(600) / rate
    clocks = {
        "jitter": even + rng.uniform(-0.2, 0.2, 600) / rate,
        "steps": np.cumsum(rng.uniform(0.9, 1.1, 600)) / rate,
        "rounded": np.round(even, 3),
        "lost": even[rng.random(600) > 0.2],
        "a few late": np.cumsum(np.where(np.arange(600) < 594, 1.0, 1.4)) / rate,
        "drift": np.cumsum(np.linspace(0.996, 1.004, 600)) / rate,
        "stretches": even[(np.arange(600) % 100 > 20) | (np.arange(600) < 3)],
    }
    for times in clocks.values():
        check_one_rate([session(times)], several=False)
    check_one_rate([session(times) for times in clocks.values()], several=True)
    check_one_rate([session(even), session(even[:4] * 1.2), session(even[:1])], several=True)


# ------------------------------------------------------------------- edges


def test_a_window_that_begins_one_step_too_early_is_left_out():
    """Its first step was not recorded; one that begins between two steps lacks none."""
    events = [[-0.1, 0.3], [-0.05, 0.3], [9.6, 9.95], [9.6, 10.0]]
    with pytest.warns(UserWarning, match="2 of 4 events"):
        trials = cut_trials(VALUES, events=events, rate=10.0, targets=None)
    assert_array_equal(trials.events, [1, 2])


def test_a_missing_step_ends_a_window_however_soon_it_comes():
    values, times = VALUES.copy(), np.arange(100) / 10
    values[50], times[50] = np.nan, 4.95
    with pytest.warns(UserWarning, match="1 of 2 events"):
        trials = cut_trials(values, times=times, events=[[4.0, 4.94], [4.0, 4.95]], targets=None)
    assert_array_equal(trials.events, [0])


def test_a_short_interval_within_a_long_one_does_not_end_its_group():
    events = [[1.0, 5.0], [2.0, 2.5], [4.0, 6.0], [6.1, 7.0]]
    assert_array_equal(cut_trials(VALUES, events=events, rate=10.0).groups, [0, 0, 0, 1])


def test_far_windows_that_gaps_do_not_cost():
    values = VALUES[:12].copy()
    values[5] = np.nan
    trials = cut_trials(values, length=2, stride=11)
    assert_array_equal(trials.X[:, 0], VALUES[[0, 6]])
    assert trials.n_dropped == 0


def test_times_are_compared_to_the_nanosecond():
    times = np.cumsum(np.full(100, 0.1))  # 0.30000000000000004 and so on
    assert times[2] != 0.3
    trials = cut_trials(VALUES, times=times, events=[[0.1, 0.3]], targets=None)
    assert_array_equal(trials.X, [VALUES[:3]])
