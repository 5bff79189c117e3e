"""Synthetic population traces, their curation, and folders of arrays."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter1d

from sk_biornn._random import make_rng
from sk_biornn.biology import cortical_populations
from sk_biornn.datasets import (
    average_samples,
    load_population_arrays,
    make_population_rows,
    make_population_traces,
    one_step_ahead,
    population_samples,
    smooth,
    split_trials,
)
from sk_biornn.datasets.populations._traces import CONDITIONS, PAPER_ROWS, mean_trace, paper_names


@pytest.fixture(scope="module")
def rows():
    return make_population_rows(40, random_state=0)


def marked_rows(n_populations=3, n_rows=50, n_frames=16):
    """Rows that can be told apart: every value of row r of population p is 1000 p + r."""
    return {
        f"P{p}": np.repeat(1000.0 * p + np.arange(n_rows)[:, np.newaxis], n_frames, axis=1)
        for p in range(n_populations)
    }


# Synthetic traces


@pytest.mark.parametrize("source", [int, np.random.RandomState, np.random.default_rng])
def test_same_seed_gives_the_same_traces(source):
    first, again = (make_population_traces(3, random_state=source(3)) for _ in range(2))
    other = make_population_traces(3, random_state=source(4))
    for a, b, c in zip(first, again, other, strict=True):
        assert a.dtype == np.float32 and a.flags.c_contiguous
        assert a.tobytes() == b.tobytes() != c.tobytes()


def test_the_target_is_the_input_one_frame_later():
    X, y = make_population_traces(4, random_state=0)
    assert X.shape == y.shape == (4, 15, 18)
    assert_array_equal(X[:, 1:], y[:, :-1])
    assert not np.shares_memory(X, y)


def test_channels_are_in_the_order_of_the_population_table():
    populations = cortical_populations()
    assert paper_names() == populations["population"].tolist()
    assert list(make_population_rows(2)) == paper_names()
    default = make_population_traces(3, random_state=0)
    named = make_population_traces(3, populations=populations, random_state=0)
    assert_array_equal(default[0], named[0])


def test_a_table_of_ones_own():
    table = pd.DataFrame({"population": ["a", "b"], "cell_type": ["ViP", "pyr"]})
    X, y = make_population_traces(3, populations=table, noise_level=0.0)
    frames = np.concatenate([X, y[:, -1:]], axis=1)
    assert_allclose(frames[0, :, 0], mean_trace("VIP", "familiar_change"), atol=1e-6)
    assert_allclose(frames[2, :, 1], mean_trace("Pyr", "familiar_change"), atol=1e-6)


@pytest.mark.parametrize("experience", ["familiar", "novel"])
@pytest.mark.parametrize("cell_type", ["Pyr", "SST"])
def test_flashes_peak_at_frames_3_and_11(cell_type, experience):
    change, no_change, omission = (
        mean_trace(cell_type, f"{experience}_{event}")
        for event in ("change", "no_change", "omission")
    )
    for trace in (change, no_change, omission):
        assert trace[:8].argmax() == 3
    assert change[8:].argmax() + 8 == no_change[8:].argmax() + 8 == 11
    assert_array_equal(change[:9], no_change[:9])
    assert_array_equal(omission[:9], no_change[:9])
    assert change[11] > no_change[11] > omission[11]
    assert (np.diff(omission[3:]) <= 0).all()


def test_vip_ramps_when_a_familiar_image_is_omitted():
    familiar, novel = (mean_trace("VIP", f"{name}_omission") for name in ("familiar", "novel"))
    assert (np.diff(familiar[3:]) > 0).all() and familiar.argmax() == 15
    assert (np.diff(novel[8:]) < 0).all()
    assert mean_trace("VIP", "familiar_change")[8:].argmin() + 8 == 11
    assert mean_trace("VIP", "novel_change")[8:].argmax() + 8 == 11


@pytest.mark.parametrize("condition", CONDITIONS)
def test_pv_follows_pyr_and_does_not_ramp(condition):
    """It is 1.4 times the course of Pyr: an assumption, there are no recordings."""
    pv = mean_trace("PV", condition)
    assert_allclose(pv, 1.4 * mean_trace("Pyr", condition), atol=1e-15)
    assert pv[:8].argmax() == 3
    if condition.endswith("omission"):
        assert (np.diff(pv[3:]) <= 0).all()


def test_pv_leaves_the_traces_before_it_as_they_are():
    three = cortical_populations(("V1",), ("L4",))
    four = cortical_populations(("V1",), ("L4",), {"Pyr": 12, "SST": 2, "VIP": 1, "Pvalb": 1})
    (X, _), (with_pv, _) = (
        make_population_traces(200, populations=table, random_state=0) for table in (three, four)
    )
    assert with_pv.shape == (200, 15, 4)
    assert_array_equal(with_pv[:, :, :3], X)
    # Five standard errors: gain of 0.3 of the mean, noise of 0.1, 100 rows, 200 trials.
    expected = mean_trace("PV", "familiar_change")[:15]
    assert_allclose(with_pv[:, :, 3].mean(axis=0), expected, atol=5 * 0.13 / np.sqrt(20_000))
    # Drawn before PV was known.
    first = make_population_traces(2, random_state=0)[0][0, 3, [0, 1, 2, 17]]
    assert_allclose(first, [0.02224844, 0.14659545, 0.03105293, 0.00497946], atol=1e-7)


def test_no_change_repeats_the_first_flash():
    for cell_type in ("Pyr", "SST", "VIP"):
        trace = mean_trace(cell_type, "novel_no_change")
        # Apart from what is left of the image two before, below 0.4 % of a response.
        assert_allclose(trace[8:], trace[:8], atol=2e-3)


def test_the_range_is_that_of_the_published_traces():
    """Stored example targets lie in -0.144...0.366."""
    traces = [make_population_traces(50, condition=name, random_state=0)[1] for name in CONDITIONS]
    low, high = min(map(np.min, traces)), max(map(np.max, traces))
    assert -0.2 < low < -0.08 and 0.3 < high < 0.45


def test_persistence_errs_as_much_as_on_the_published_traces():
    """There it errs by 1e-4 to 7e-4; here the order of magnitude is right."""
    for condition in CONDITIONS:
        pool = make_population_rows(300, condition=condition, random_state=0)
        X, y = population_samples(
            pool, sizes={"train": 1.0}, n_samples=200, legacy=True, random_state=0
        )["train"]
        assert 1e-4 < np.mean((y - X) ** 2) < 1.2e-3


def test_the_spread_of_rows():
    """var = (0.3 mean)^2 + noise^2 (1 + 0.5^2), and 0.7 between the noise of neighbours."""
    values = make_population_rows(20_000, random_state=0)["V1_L4_sst"].astype(float)
    mean = mean_trace("SST", "familiar_change")
    expected = (0.3 * mean) ** 2 + 0.12**2 * 1.25
    assert_allclose(values.mean(axis=0), mean, atol=5 * np.sqrt(expected.max() / 20_000))
    assert_allclose(values.var(axis=0), expected, rtol=0.06)
    covariance = np.cov(values[:, 5], values[:, 6])[0, 1]
    expected = 0.09 * mean[5] * mean[6] + 0.12**2 * (0.7 + 0.25)
    assert_allclose(covariance, expected, rtol=0.06)


def test_averaging_rows_shrinks_the_noise():
    wide, narrow = (
        make_population_traces(
            3000, n_rows=n, random_state=0, populations=cortical_populations()[:1]
        )
        for n in (1, 16)
    )
    assert_allclose(wide[0].std(axis=0) / narrow[0].std(axis=0), 4.0, rtol=0.06)


def test_row_counts():
    paper = make_population_rows("paper", condition="novel_omission", random_state=0)
    assert tuple(map(len, paper.values())) == PAPER_ROWS["novel"]
    assert sum(PAPER_ROWS["familiar"][:9]) == 9015 + 6182 + 1990 + 8806 + 2326 + 1725 + 12794
    table = cortical_populations(("V1",), ("L4",))
    own = make_population_rows(
        {"V1_L4_pyr": 3, "V1_L4_sst": 5, "V1_L4_vip": 7, "other": 1}, populations=table
    )
    assert [array.shape for array in own.values()] == [(3, 16), (5, 16), (7, 16)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"condition": "change"}, "condition must be one of \\['familiar_change'"),
        ({"n_trials": 0}, "n_trials must be"),
        ({"n_rows": 0}, "n_rows must be"),
        ({"noise_level": -1}, "noise_level must be"),
        (
            {"populations": pd.DataFrame({"population": ["a"], "cell_type": ["Lamp5"]})},
            "cell_type must be one of \\['Pyr', 'SST', 'VIP', 'PV'\\], got 'Lamp5'",
        ),
        ({"populations": pd.DataFrame({"population": ["a"]})}, "with a column cell_type"),
        ({"populations": ["a"]}, "with a column population"),
        (
            {"populations": pd.DataFrame({"population": ["a"] * 2, "cell_type": ["Pyr"] * 2})},
            "different names",
        ),
    ],
)
def test_bad_arguments_of_traces_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_population_traces(**{"n_trials": 2, **arguments})


def test_bad_row_counts_are_refused():
    with pytest.raises(ValueError, match="number for every population, none for V1_L4_sst"):
        make_population_rows({"V1_L4_pyr": 3})
    with pytest.raises(ValueError, match=r"n_rows must be one of \['paper'\]"):
        make_population_rows("all")
    with pytest.raises(TypeError, match="n_rows of V1_L4_pyr must be an integer"):
        make_population_rows(2.5)


def test_messages_show_plain_numbers():
    with pytest.raises(TypeError, match=r"n_trials must be an integer of .*, got 1\.5\.$"):
        make_population_traces(np.float64(1.5))
    with pytest.raises(TypeError, match=r"legacy must be True or False, got 1\.$"):
        smooth(np.ones((1, 16)), legacy=np.int64(1))
    with pytest.raises(ValueError, match=r"got train: 0\.5, test: 2\.$"):
        split_trials(marked_rows(), {"train": np.float64(0.5), "test": np.int64(2)})


def test_truth_values_of_numpy_are_truth_values():
    traces = make_rng(0).normal(size=(1, 16))
    assert_array_equal(smooth(traces, legacy=np.True_), smooth(traces, legacy=True))


# Splits


@given(st.integers(5, 60), st.integers(1, 4), st.integers(0, 5))
def test_no_trial_is_in_two_splits(n_rows, n_populations, seed):
    source = marked_rows(n_populations, n_rows)
    parts = split_trials(source, random_state=seed)
    for name, array in source.items():
        found = np.concatenate([part[name][:, 0] for part in parts.values()])
        assert_array_equal(np.sort(found), array[:, 0])


def test_sizes_as_shares_and_as_numbers():
    shares = split_trials(marked_rows(1, 50), {"train": 0.5, "test": 0.5}, random_state=0)
    assert {name: len(part["P0"]) for name, part in shares.items()} == {"train": 25, "test": 25}
    numbers = split_trials(marked_rows(1, 50), {"train": 20, "test": 7}, random_state=0)
    assert {name: len(part["P0"]) for name, part in numbers.items()} == {"train": 20, "test": 7}
    everything = split_trials(marked_rows(1, 50), {"train": 1})
    assert len(everything["train"]["P0"]) == 50


def test_the_split_depends_on_the_seed_and_on_nothing_else():
    first, again, other = (split_trials(marked_rows(), random_state=seed) for seed in (1, 1, 2))
    for name in ("P0", "P2"):
        assert_array_equal(first["test"][name], again["test"][name])
        assert (first["test"][name] != other["test"][name]).any()


@given(st.integers(0, 20))
def test_a_group_is_in_one_split_for_all_populations(seed):
    source = marked_rows(3, 60)
    labels = np.repeat([f"mouse {number}" for number in range(10)], 6)
    groups = {name: np.roll(labels, 7 * number) for number, name in enumerate(source)}
    parts = split_trials(source, groups=groups, random_state=seed)
    seen = {
        split: {groups[name][int(row[0]) % 1000] for name, array in part.items() for row in array}
        for split, part in parts.items()
    }
    assert sum(map(len, seen.values())) == len(set().union(*seen.values())) == 10
    sizes = [len(part["P0"]) for part in parts.values()]
    assert sum(sizes) == 60 and np.abs(np.subtract(sizes, (36, 12, 12))).max() <= 6


def test_groups_of_one_row_meet_the_shares():
    source = marked_rows(2, 50)
    groups = {name: np.arange(50) for name in source}
    parts = split_trials(source, groups=groups, random_state=0)
    assert [len(part["P1"]) for part in parts.values()] == [30, 10, 10]


def test_too_few_groups_are_named():
    groups = {"P0": np.zeros(50), "P1": np.arange(50), "P2": np.arange(50)}
    with pytest.raises(ValueError, match="rows of P0 must reach every split, none for"):
        split_trials(marked_rows(), groups=groups, random_state=0)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train": 0.6, "test": 0.6}, "shares that add up to 1"),
        ({"train": 1.5, "test": -0.5}, "shares that add up to 1"),
        ({"train": True}, "shares that add up to 1"),
        ({"train": "half", "test": 0.5}, "shares that add up to 1"),
        ({}, "shares that add up to 1"),
        ({"train": 40, "test": 20}, "got 60 for 50 rows of P0"),
    ],
)
def test_bad_sizes_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        split_trials(marked_rows(), sizes)


def test_bad_groups_are_refused():
    source = marked_rows()
    with pytest.raises(ValueError, match="labels for every population, none for P1"):
        split_trials(source, groups={"P0": np.zeros(50)})
    with pytest.raises(ValueError, match=r"one label per row, 50 for P0, got shape \(3,\)"):
        split_trials(source, groups=dict.fromkeys(source, np.zeros(3)))
    with pytest.raises(ValueError, match="sizes must be shares"):
        split_trials(source, {"train": 30, "test": 10}, groups=dict.fromkeys(source, range(50)))
    with pytest.raises(TypeError, match="groups must map"):
        split_trials(source, groups=np.zeros(50))
    with pytest.raises(TypeError, match="sizes must map"):
        split_trials(source, (0.5, 0.5))


def test_a_split_without_rows_is_refused():
    with pytest.raises(ValueError, match="rows of P0 must reach every split, none for"):
        split_trials(marked_rows(1, 2))


NAN_ROW = np.ones((4, 16))
NAN_ROW[2, 5] = np.nan


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"A": NAN_ROW}, r"rows of A must be finite, got nan in frame 5 of row 2 \(1 such row\)"),
        ({"A": np.ones((4, 16)), "B": np.ones((4, 15))}, "got 16 for A and 15 for B"),
        ({"A": np.ones(16)}, r"shape \(n_rows, n_frames\).* got shape \(16,\)"),
        ({"A": np.ones((0, 16))}, "at least one row"),
        ({"A": [[1.0, 2.0], [3.0]]}, "rows of equal length"),
        ({"A": [["x"]]}, "array of numbers"),
        ({}, "at least one population"),
        ({"1": np.ones((4, 16)), 1: np.ones((4, 16))}, "different names"),
    ],
)
@pytest.mark.parametrize("function", [split_trials, average_samples, population_samples])
def test_bad_rows_are_refused(function, bad, message):
    with pytest.raises(ValueError, match=message) as info:
        function(bad)
    assert "\n" not in str(info.value)


def test_rows_must_be_a_mapping():
    with pytest.raises(TypeError, match="rows must map populations to arrays, got ndarray"):
        average_samples(np.ones((3, 16)))


# Averages


def brute_force_averages(rows, n_samples, n_rows, seed):
    """The same draws, averaged one sample and one frame at a time."""
    rng = make_rng(seed)
    n_frames = next(iter(rows.values())).shape[1]
    samples = np.empty((n_samples, n_frames, len(rows)))
    for channel, array in enumerate(rows.values()):
        drawn = rng.integers(len(array), size=(n_samples, n_rows))
        for sample in range(n_samples):
            for frame in range(n_frames):
                total = 0.0
                for row in drawn[sample]:
                    total += array[row, frame]
                samples[sample, frame, channel] = total / n_rows
    return samples


def test_averages_equal_a_plain_loop_bit_for_bit(rows):
    pool = {name: rows[name].astype(np.float64) for name in list(rows)[:3]}
    samples = average_samples(pool, 9, 11, random_state=5)
    assert_array_equal(samples, brute_force_averages(pool, 9, 11, 5))


def test_spread_of_averages_is_that_of_rows_over_root_n():
    pool = {"A": make_rng(0).normal(2.0, 3.0, size=(500, 16))}
    samples = average_samples(pool, 4000, 25, random_state=1)
    assert_allclose(samples[:, :, 0].std(axis=0), pool["A"].std(axis=0) / 5, rtol=0.05)
    error = 5 * pool["A"].std(axis=0) / np.sqrt(25 * 4000)
    assert (abs(samples[:, :, 0].mean(axis=0) - pool["A"].mean(axis=0)) < error).all()


def test_averages_follow_the_type_of_the_rows(rows):
    assert average_samples(rows, 2, 2).dtype == np.float32
    assert average_samples({**rows, "more": np.ones((3, 16))}, 2, 2).dtype == np.float64
    assert average_samples({"whole": np.ones((3, 16), dtype=int)}, 2, 2).dtype == np.float64


def test_averages_of_equal_rows_are_those_rows():
    samples = average_samples({"A": np.tile(np.arange(16.0), (5, 1))}, 3, 4)
    assert_array_equal(samples[:, :, 0], np.tile(np.arange(16.0), (3, 1)))


# Smoothing


def brute_force_look_back(traces, sigma):
    out = np.empty_like(traces)
    for index in np.ndindex(traces.shape[0], traces.shape[2]):
        for t in range(traces.shape[1]):
            back = np.arange(min(t, int(4 * sigma + 0.5)) + 1)
            weights = np.exp(-(back**2) / (2 * sigma**2))
            out[index[0], t, index[1]] = (
                weights @ traces[index[0], t - back, index[1]] / weights.sum()
            )
    return out


@given(st.floats(0.2, 5.0), st.integers(1, 20))
def test_smoothing_is_the_weighted_mean_of_the_past(sigma, n_frames):
    traces = make_rng(n_frames).normal(size=(2, n_frames, 3))
    assert_allclose(smooth(traces, sigma), brute_force_look_back(traces, sigma), atol=1e-12)


def test_smoothing_keeps_constants_types_and_its_input():
    traces = np.full((2, 16, 3), 0.7, dtype=np.float32)
    out = smooth(traces, 2.0)
    assert out.dtype == np.float32 and out.flags.c_contiguous
    assert_allclose(out, 0.7, rtol=1e-6)
    assert_array_equal(smooth(traces, 0.0), traces)
    assert not np.shares_memory(smooth(traces, 0.0), traces)


def test_smoothing_along_another_axis():
    traces = make_rng(0).normal(size=(4, 9))
    assert_array_equal(smooth(traces.T, axis=0).T, smooth(traces, axis=-1))


def test_legacy_smoothing_is_the_filter_of_scipy():
    traces = make_rng(0).normal(size=(2, 15, 3))
    assert_array_equal(smooth(traces, legacy=True), gaussian_filter1d(traces, 1.0, axis=1))


@pytest.mark.parametrize("frame", range(16))
def test_smoothing_knows_no_future(frame):
    traces = make_rng(0).normal(size=(1, 16, 1))
    changed = traces.copy()
    changed[:, frame] += 1.0
    assert_array_equal(smooth(traces)[:, :frame], smooth(changed)[:, :frame])
    assert (smooth(traces)[:, frame] != smooth(changed)[:, frame]).all()
    if frame:
        two_sided = smooth(traces, legacy=True) != smooth(changed, legacy=True)
        assert two_sided[:, frame - 1].all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"traces": np.full((1, 16, 1), np.nan)}, "traces must be finite.* 16 values"),
        ({"traces": np.ones(3)}, "axis 1 of time"),
        ({"traces": [["a"]]}, "traces must be an array of numbers, with rows of equal length"),
        ({"traces": [[1.0, 2.0], [3.0]]}, "rows of equal length"),
        ({"traces": [[None, {}]]}, "array of numbers"),
        ({"traces": np.ones((1, 16, 1)), "sigma": -1}, "sigma must be"),
    ],
)
def test_bad_arguments_of_smoothing_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        smooth(**arguments)


# One step ahead


def test_input_and_target_are_shifted_by_one_frame():
    traces = make_rng(0).normal(size=(2, 16, 3))
    X, y = one_step_ahead(traces)
    assert_array_equal(X, traces[:, :15])
    assert_array_equal(y, traces[:, 1:])
    smoothed = one_step_ahead(traces, sigma=1.0)
    assert_array_equal(smoothed[0][:, 1:], smoothed[1][:, :-1])


def test_second_half_window():
    traces = make_rng(0).normal(size=(2, 16, 3))
    X, y = one_step_ahead(traces, "post")
    assert X.shape == y.shape == (2, 7, 3)
    assert_array_equal(X, traces[:, 7:14])
    assert_array_equal(y, traces[:, 8:15])
    # Smoothing comes first: the window has the past of its first frame.
    assert_array_equal(one_step_ahead(traces, "post", sigma=1.0)[0], smooth(traces)[:, 7:14])


def test_legacy_filters_input_and_target_apart():
    traces = make_rng(0).normal(size=(2, 16, 3))
    X, y = one_step_ahead(traces, "post", sigma=1.0, legacy=True)
    assert_array_equal(X, gaussian_filter1d(traces[:, :-1], 1.0, axis=1)[:, 7:-1])
    assert_array_equal(y, gaussian_filter1d(traces[:, 1:], 1.0, axis=1)[:, 7:-1])


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("frame", range(1, 16))
def test_inputs_know_no_future_unless_legacy(frame, legacy):
    traces = make_rng(0).normal(size=(1, 16, 1))
    changed = traces.copy()
    changed[:, frame] += 1.0
    before, after = (
        one_step_ahead(values, sigma=1.0, legacy=legacy)[0][:, :frame]
        for values in (traces, changed)
    )
    leaks = bool((before != after).any())
    # The last frame is no input, so the filter of the input alone cannot see it.
    assert leaks == (legacy and frame < 15)


@pytest.mark.parametrize(
    ("traces", "window", "message"),
    [
        (np.ones((2, 16)), "full", r"shape \(n_samples, n_frames, n_populations\)"),
        (np.ones((2, 1, 3)), "full", "at least 2 frames"),
        (np.ones((2, 14, 3)), "post", "at least 15 frames for window='post'"),
        (np.ones((2, 16, 3)), "half", "window must be one of \\['full', 'post'\\]"),
        (np.full((2, 16, 3), np.inf), "full", "traces must be finite"),
        (np.full((2, 16, 3), "a"), "full", "traces must be an array of numbers"),
        ([[1.0, 2.0], [3.0]], "full", "rows of equal length"),
    ],
)
def test_bad_traces_are_refused(traces, window, message):
    with pytest.raises(ValueError, match=message):
        one_step_ahead(traces, window)


# The whole way


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("window", ["full", "post"])
def test_the_whole_way_is_the_sum_of_its_steps(rows, window, legacy):
    made = population_samples(
        rows, n_samples=6, n_rows=5, sigma=1.5, window=window, legacy=legacy, random_state=3
    )
    rng = make_rng(3)
    parts = split_trials(rows, random_state=rng)
    assert list(made) == ["train", "validation", "test"]
    for split, part in parts.items():
        averages = average_samples(part, 6, 5, random_state=rng)
        X, y = one_step_ahead(averages, window, sigma=1.5, legacy=legacy)
        assert_array_equal(made[split][0], X)
        assert_array_equal(made[split][1], y)
        assert X.dtype == np.float32 and X.flags.c_contiguous


def test_no_sample_is_made_of_rows_of_another_split():
    """With rows that are constant in time, a sample is a subset sum of powers of two."""
    n_rows = 20
    source = {"A": np.repeat(2.0 ** np.arange(n_rows)[:, np.newaxis], 16, axis=1)}
    made = population_samples(source, n_samples=50, n_rows=1, sigma=0, random_state=0)
    seen = [set(np.log2(X[:, 0, 0]).astype(int)) for X, _ in made.values()]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_changing_a_frame_changes_no_earlier_input(rows):
    changed = {name: array.copy() for name, array in rows.items()}
    for array in changed.values():
        array[:, 9] += 1.0
    for legacy, first in ((False, 9), (True, 5)):
        arguments = {"n_samples": 5, "legacy": legacy, "random_state": 0}
        before, after = (population_samples(pool, **arguments) for pool in (rows, changed))
        for split in before:
            differs = (before[split][0] != after[split][0]).any(axis=(0, 2))
            assert differs.argmax() == first


def test_numbers_of_samples_per_split(rows):
    made = population_samples(rows, n_samples={"train": 4, "validation": 2, "test": 3}, n_rows=2)
    assert [len(X) for X, _ in made.values()] == [4, 2, 3]
    with pytest.raises(ValueError, match="n_samples must have a number for every split"):
        population_samples(rows, n_samples={"train": 4})


def test_the_paper_pool():
    """One pool, no split: 2000 averages of 100 rows, 15 steps."""
    made = population_samples({"A": np.ones((30, 16))}, sizes={"train": 1.0}, legacy=True)
    assert list(made) == ["train"] and made["train"][0].shape == (2000, 15, 1)
    assert_allclose(made["train"][1], 1.0)


# Folders of arrays


def write_arrays(folder, condition="novel_change", n_samples=4, n_steps=15):
    """The 36 files of a condition; value = sample + 100 step + 10000 channel (+ 0.5 targets)."""
    folder.mkdir(parents=True, exist_ok=True)
    base = np.arange(n_samples)[:, np.newaxis] + 100.0 * np.arange(n_steps)
    for channel, name in enumerate(paper_names()):
        for shift, role in ((0.0, "train"), (0.5, "test")):
            array = base + 10_000 * channel + shift
            np.save(folder / f"dff_{name}_{condition}_{role}.npy", array)
    return folder


def test_a_folder_is_stacked_in_the_order_of_the_network(tmp_path):
    X, y = load_population_arrays(write_arrays(tmp_path), "novel_change")
    sample, step, channel = np.ogrid[:4, :15, :18]
    assert_array_equal(X, sample + 100.0 * step + 10_000 * channel)
    assert_array_equal(y, X + 0.5)
    assert X.dtype == np.float64 and X.flags.c_contiguous


def test_a_window_and_populations_of_a_folder(tmp_path):
    folder = write_arrays(tmp_path / "averaged_novel_change" / "train_test")
    X, y = load_population_arrays(
        tmp_path, "novel_change", window="post", names=["LM_L5_vip", "V1_L4_sst"]
    )
    step = 100.0 * np.arange(7, 14)
    assert_array_equal(X[0], np.stack([step + 170_000, step + 10_000], axis=1))
    assert_array_equal(y, X + 0.5)
    assert_array_equal(load_population_arrays(folder, "novel_change", window="post")[0].shape[1], 7)


def test_what_is_missing_is_named(tmp_path):
    folder = write_arrays(tmp_path)
    (folder / "dff_LM_L23_vip_novel_change_test.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"got none called dff_LM_L23_vip_novel_change_te"):
        load_population_arrays(folder, "novel_change")
    with pytest.raises(FileNotFoundError, match=r"familiar_change_train.npy.* and 33 more"):
        load_population_arrays(folder, "familiar_change")
    with pytest.raises(FileNotFoundError, match="no folder of population arrays at"):
        load_population_arrays(folder / "none", "novel_change")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((3, 15)), r"must have the shape of dff_V1_L4_pyr.*\(4, 15\), got \(3, 15\)"),
        (np.ones((4, 16)), r"got \(4, 16\)"),
        (np.ones(4), r"must have shape \(n_samples, n_steps\), got \(4,\)"),
        (np.full((4, 15), np.nan), "must hold finite numbers, got NaN or infinity in 4 samples"),
        (np.full((4, 15), "text"), "must hold real numbers"),
        (
            np.array([[1.0] * 15] * 4, dtype=object),
            r"pickled Python objects, .* they are not read\.$",  # there is no allow_pickle to pass
        ),
    ],
)
@pytest.mark.parametrize("role", ["train", "test"])
def test_bad_arrays_are_refused_and_named(tmp_path, array, message, role):
    folder = write_arrays(tmp_path)
    path = folder / f"dff_LM_L4_sst_novel_change_{role}.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(ValueError, match=message) as info:
        load_population_arrays(folder, "novel_change")
    assert path.name in str(info.value)


def test_nothing_is_unpickled(tmp_path):
    folder = write_arrays(tmp_path)
    path = folder / "dff_V1_L4_pyr_novel_change_train.npy"
    path.write_bytes(pickle.dumps(np.ones((4, 15))))
    with pytest.raises(ValueError, match="is not an npy file"):
        load_population_arrays(folder, "novel_change")
    path.write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(ValueError, match="damaged npy header"):
        load_population_arrays(folder, "novel_change")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"condition": "change"}, ValueError, "condition must be one of"),
        ({"window": "half"}, ValueError, "window must be one of"),
        ({"names": "V1_L4_pyr"}, TypeError, "names must be a sequence"),
        ({"names": ["V1_L4_pyr"] * 2}, ValueError, "different names"),
        ({"names": []}, ValueError, "different names"),
        ({"names": ["../V1_L4_pyr"]}, ValueError, "not paths"),
    ],
)
def test_bad_arguments_of_a_folder_are_refused(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        load_population_arrays(tmp_path, **{"condition": "novel_change", **arguments})


def test_a_short_array_has_no_second_half(tmp_path):
    folder = write_arrays(tmp_path, n_steps=10)
    with pytest.raises(ValueError, match="at least 14 steps for window='post', got 10"):
        load_population_arrays(folder, "novel_change", window="post")
