"""Functional connectivity: closed cases, brute force over pairs, and scikit-learn's own checks."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.covariance import EmpiricalCovariance, LedoitWolf, ShrunkCovariance
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sk_biornn.activity._tiles import tiling_coefficient, tiling_of_counts, tiling_of_events
from sk_biornn.initializers import FunctionalConnectivity

KINDS = ["correlation", "partial_correlation", "precision", "sttc"]


def functional(kind="correlation", **parameters):
    if kind == "sttc" and "t_stop" not in parameters:
        parameters = {"dt": 1.0, "window": 2.0, **parameters}
    return FunctionalConnectivity(kind, **parameters)


def activity(n_steps=80, n_neurons=5, seed=0, kind="correlation"):
    rng = np.random.default_rng(seed)
    if kind == "sttc":
        return rng.poisson(0.15, size=(n_steps, n_neurons)).astype(float)
    return rng.standard_normal((n_steps, n_neurons)) @ rng.standard_normal((n_neurons, n_neurons))


# The spike time tiling coefficient, one pair at a time and in words of its definition


def brute_sttc(a, b, window, t_start, t_stop):
    def tiled(train):
        """Length of the union of intervals, interval by interval."""
        total, reached = 0.0, t_start
        for time in sorted(train):
            low, high = max(time - window, reached), min(time + window, t_stop)
            total += max(high - low, 0.0)
            reached = max(reached, high)
        return total / (t_stop - t_start)

    def share(train, other):
        return sum(any(abs(t - u) <= window for u in other) for t in train) / len(train)

    def term(P, T):
        return 1.0 if P * T == 1 else (P - T) / (1 - P * T)

    if len(a) == 0 or len(b) == 0:
        return 0.0
    return 0.5 * (term(share(a, b), tiled(b)) + term(share(b, a), tiled(a)))


def brute_sttc_matrix(trains, window, t_start, t_stop):
    n = len(trains)
    matrix = np.eye(n)
    for i in range(n):
        for j in range(n):
            if i != j:
                matrix[i, j] = brute_sttc(trains[i], trains[j], window, t_start, t_stop)
    return matrix


def brute_sttc_of_counts(counts, w):
    """Bin by bin, for one recording."""
    n_steps, n = counts.shape
    near = lambda t, j: counts[max(t - w, 0) : t + w + 1, j].any()  # noqa: E731
    T = [np.mean([near(t, j) for t in range(n_steps)]) for j in range(n)]
    matrix = np.eye(n)
    for i in range(n):
        for j in range(n):
            total_i, total_j = counts[:, i].sum(), counts[:, j].sum()
            if i == j or total_i == 0 or total_j == 0:
                continue
            P_i = sum(counts[t, i] for t in range(n_steps) if near(t, j)) / total_i
            P_j = sum(counts[t, j] for t in range(n_steps) if near(t, i)) / total_j
            terms = [
                1.0 if P * tiled == 1 else (P - tiled) / (1 - P * tiled)
                for P, tiled in ((P_i, T[j]), (P_j, T[i]))
            ]
            matrix[i, j] = np.mean(terms)
    return matrix


times = st.lists(st.integers(0, 400).map(lambda k: k / 4), max_size=12)  # quarters are exact


@given(st.lists(times, min_size=1, max_size=5), st.sampled_from([0.0, 0.25, 3.0, 40.0, 200.0]))
def test_sttc_of_events_equals_the_definition(trains, window):
    events = [np.sort(np.array(train, dtype=float)) for train in trains]
    found = tiling_coefficient(tiling_of_events(events, window, np.array([[0.0, 100.0]])))
    if window < 12.5:  # of longer ones the door says that they are too long
        offered = functional("sttc", window=window, t_stop=100.0).fit_transform(trains)
        assert_array_equal(offered, found)
    assert_allclose(found, brute_sttc_matrix(trains, window, 0.0, 100.0), atol=1e-12)


@given(
    hnp.arrays(
        np.int64, st.tuples(st.integers(1, 25), st.integers(1, 4)), elements=st.integers(0, 3)
    ),
    st.integers(0, 30),
)
def test_sttc_of_counts_equals_the_definition(counts, n_window):
    found = tiling_coefficient(tiling_of_counts([counts], n_window))
    assert_allclose(found, brute_sttc_of_counts(counts, n_window), atol=1e-12)


def test_sttc_of_real_numbers_weighs_them():
    counts = np.array([[0.5, 0.0], [0.0, 0.2], [0.0, 0.0], [0.0, 0.0], [1.5, 0.0], [0.0, 0.0]])
    found = functional("sttc", window=1.0).fit_transform(counts)
    assert_allclose(found, brute_sttc_of_counts(counts, 1), atol=1e-12)


def test_sttc_closed_cases():
    # Identical trains: 1. Two that never meet, each tiling 2 x 10 of 1000 ms: -T = -0.02.
    found = functional("sttc", window=10.0, t_stop=1000.0).fit_transform([[100], [100], [500]])
    assert_allclose(found, [[1, 1, -0.02], [1, 1, -0.02], [-0.02, -0.02, 1]], atol=1e-15)
    # A's two spikes, one of them near B's only one: P_A = 1/2, P_B = 1, T_A = 0.04, T_B = 0.02.
    found = functional("sttc", window=10.0, t_stop=1000.0).fit_transform([[100, 700], [105]])
    expected = 0.5 * ((0.5 - 0.02) / (1 - 0.5 * 0.02) + (1 - 0.04) / (1 - 0.04))
    assert_allclose(found[0, 1], expected, rtol=1e-14)
    # The tiles are cut at the ends of the recording and do not count twice where they overlap.
    found = functional("sttc", window=10.0, t_stop=1000.0).fit_transform([[0, 5, 1000], [500]])
    assert_allclose(found[0, 1], -(0.025 + 0.02) / 2, rtol=1e-14)
    # A train that tiles everything: the term is 1, its limit.
    trains = [np.array([500.0]), np.array([400.0, 600.0])]
    found = tiling_coefficient(tiling_of_events(trains, 600.0, np.array([[0.0, 1000.0]])))
    assert_array_equal(found, np.ones((2, 2)))


def test_sttc_window_is_closed_and_counts_whole_bins():
    events = [[100.0], [110.0]]
    assert functional("sttc", window=10.0, t_stop=1e6).fit_transform(events)[0, 1] > 0.9
    assert functional("sttc", window=9.999, t_stop=1e6).fit_transform(events)[0, 1] < 0
    counts = np.zeros((100_000, 2))
    counts[20, 0] = counts[23, 1] = 1
    # Three bins apart: near from 3 dt on; 0.3 / 0.1 is 2.9999... in binary numbers.
    assert functional("sttc", dt=0.1, window=0.3).fit_transform(counts)[0, 1] > 0.9
    assert functional("sttc", dt=0.1, window=0.29).fit_transform(counts)[0, 1] < 0


def test_sttc_of_bins_is_that_of_events_in_the_middle_of_bins():
    """A bin tiles itself and w bins on each side: 2 (w + 1/2) bins."""
    rng = np.random.default_rng(0)
    trains = [np.unique(rng.integers(0, 20_000, 60)) for _ in range(4)]  # in ms
    counts = np.zeros((20_000, 4))
    for neuron, train in enumerate(trains):
        counts[train, neuron] = 1
    events = functional("sttc", window=50.5, t_start=-0.5, t_stop=19_999.5).fit_transform(trains)
    assert_allclose(functional("sttc", window=50.0).fit_transform(counts), events, atol=1e-12)


def test_sttc_does_not_count_across_recordings():
    one, other = np.zeros((50, 2)), np.zeros((50, 2))
    one[49, 0] = other[0, 1] = 1  # neighbours only if the recordings were joined
    pooled = functional("sttc", window=3.0).fit_transform([one, other])
    assert pooled[0, 1] < 0
    assert functional("sttc", window=3.0).fit_transform(np.concatenate([one, other]))[0, 1] > 0.9
    # T_A = 4/100 (cut at the end), T_B = 4/100, P = 0.
    assert_allclose(pooled[0, 1], -0.04, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64, bool])
def test_sttc_of_any_number_type_and_of_long_recordings(dtype):
    counts = (np.random.default_rng(0).random((9000, 3)) < 0.05).astype(dtype)  # three chunks
    trains = [np.flatnonzero(train) for train in counts.T]
    expected = functional("sttc", window=4.5, t_start=-0.5, t_stop=8999.5).fit_transform(trains)
    assert_allclose(tiling_coefficient(tiling_of_counts([counts], 4)), expected, atol=1e-12)
    assert_allclose(functional("sttc", window=4.0).fit_transform(counts), expected, atol=1e-6)


def test_sttc_needs_no_memory_per_pair_and_step():
    """312 neurons x 20000 steps: far from the 16 GB of an array over pairs and steps."""
    rng = np.random.default_rng(0)
    counts = (rng.random((20_000, 312), dtype=np.float32) < 0.01).astype(np.float32)
    tracemalloc.start()
    functional("sttc", window=20.0).fit(counts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * counts.nbytes


# Correlation and precision


def test_correlation_is_pearson():
    X = activity(seed=1)
    assert_allclose(functional().fit_transform(X), np.corrcoef(X.T), atol=1e-12)


@pytest.mark.parametrize("shrinkage", ["ledoit_wolf", 0.3, 0.0, 1])
def test_precision_is_the_inverse_of_the_shrunk_correlation(shrinkage):
    X = activity(seed=2) * [1, 10, 1e-3, 5, 1e4]  # the unit of a trace plays no part
    Z = StandardScaler().fit_transform(X)
    if shrinkage == "ledoit_wolf":
        reference = LedoitWolf(assume_centered=True).fit(Z)
    else:
        reference = ShrunkCovariance(assume_centered=True, shrinkage=shrinkage).fit(Z)
    found = functional("precision", shrinkage=shrinkage).fit_transform(X)
    assert_allclose(found, reference.precision_, rtol=1e-9, atol=1e-9)


def test_partial_correlation_is_that_of_regression_residuals():
    X = activity(300, 4, seed=3)
    found = functional("partial_correlation", shrinkage=0.0).fit_transform(X)
    X = X - X.mean(axis=0)
    for i, j in [(0, 1), (1, 3), (2, 3)]:
        others = np.delete(X, [i, j], axis=1)
        rest = [x - others @ np.linalg.lstsq(others, x, rcond=None)[0] for x in (X[:, i], X[:, j])]
        assert_allclose(found[i, j], np.corrcoef(*rest)[0, 1], atol=1e-10)


def test_signs_of_precision_and_partial_correlation_on_a_chain():
    """0 drives 1, 1 drives 2: 0 and 2 are correlated, but not given 1."""
    rng = np.random.default_rng(0)
    x0 = rng.standard_normal(50_000)
    x1 = x0 + rng.standard_normal(50_000)
    x2 = -x1 + rng.standard_normal(50_000)
    X = np.column_stack([x0, x1, x2])
    correlation = functional().fit_transform(X)
    precision = functional("precision").fit_transform(X)
    partial = functional("partial_correlation").fit_transform(X)
    assert correlation[0, 2] < -0.5
    assert abs(partial[0, 2]) < 0.02
    assert partial[0, 1] > 0.5 and precision[0, 1] < 0
    assert partial[1, 2] < -0.5 and precision[1, 2] > 0
    # Closed form without shrinkage: variances 1, 2, 3.
    exact = np.linalg.inv(EmpiricalCovariance().fit(X).covariance_)
    scale = np.sqrt(np.diag(exact))
    assert_allclose(partial, 2 * np.eye(3) - exact / np.outer(scale, scale), atol=1e-3)


MORE_UNITS = pytest.mark.filterwarnings("ignore:a recording must be .n_steps, n_units")


@MORE_UNITS
def test_fewer_steps_than_neurons():
    X = activity(6, 20)
    for kind in ("precision", "partial_correlation"):
        for shrinkage in ("ledoit_wolf", 0.0):
            found = functional(kind, shrinkage=shrinkage).fit_transform(X)
            assert np.isfinite(found).all()
    Z = StandardScaler().fit_transform(X)
    found = functional("precision", shrinkage=0.0).fit_transform(X)
    assert_allclose(found, np.linalg.pinv(Z.T @ Z / 6, rcond=1e-12, hermitian=True), atol=1e-8)


# What every kind shares


@MORE_UNITS
@pytest.mark.parametrize("kind", KINDS)
@given(
    data=st.data(), n_steps=st.integers(1, 12), n_neurons=st.integers(1, 5), seed=st.integers(0, 99)
)
def test_symmetric_bounded_finite(kind, data, n_steps, n_neurons, seed):
    """Also for constant traces, repeated ones and single steps; warnings are errors here."""
    X = data.draw(hnp.arrays(np.float64, (n_steps, n_neurons), elements=st.integers(0, 3)))
    matrix = functional(kind).fit_transform(X)
    assert matrix.shape == (n_neurons, n_neurons) and np.isfinite(matrix).all()
    assert_array_equal(matrix, matrix.T)
    if kind != "precision":
        assert_array_equal(np.diag(matrix), 1.0)
        assert (np.abs(matrix) <= 1.0).all()
    order = np.random.default_rng(seed).permutation(n_neurons)
    permuted = functional(kind).fit_transform(X[:, order])
    assert_allclose(permuted, matrix[np.ix_(order, order)], atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_neurons_of_which_nothing_is_known(kind):
    X = activity(kind=kind)
    silent = X.copy()
    silent[:, 2] = 0.0 if kind == "sttc" else 0.1  # whose mean over 80 steps is not exactly 0.1
    found = functional(kind).fit_transform(silent)
    assert_array_equal(found[2], np.eye(5)[2])
    rest = [0, 1, 3, 4]
    assert_allclose(
        found[np.ix_(rest, rest)], functional(kind).fit_transform(X[:, rest]), atol=1e-12
    )
    assert_array_equal(functional(kind).fit_transform(np.zeros((7, 3))), np.eye(3))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_number_type_follows_the_recording(kind, dtype):
    X = activity(kind=kind).astype(dtype)
    found = functional(kind).fit_transform(X)
    assert found.dtype == dtype
    assert_allclose(found, functional(kind).fit_transform(X.astype(float)), atol=1e-5)


def test_extreme_scales_of_traces_do_not_matter():
    X = activity()
    expected = functional().fit_transform(X)
    for scale in (1e-200, 1e200):
        assert_allclose(functional().fit_transform(X * scale), expected, atol=1e-12)


@pytest.mark.parametrize("kind", ["correlation", "precision", "partial_correlation"])
@pytest.mark.parametrize("center", ["each", "all"])
def test_several_recordings_are_pooled(kind, center):
    parts = [activity(40, seed=1), activity(25, seed=2) + 3.0, activity(60, seed=3) - 5.0]
    found = functional(kind, center=center).fit_transform(parts)
    if center == "each":
        parts = [part - part.mean(axis=0) for part in parts]
    assert_allclose(found, functional(kind).fit_transform(np.concatenate(parts)), atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_three_d_trials_are_a_list_of_recordings(kind):
    trials = np.stack([activity(30, seed=seed, kind=kind) for seed in range(70)])
    found = functional(kind).fit_transform(trials)
    for same in (list(trials), tuple(trials), trials.tolist()):
        assert_array_equal(functional(kind).fit_transform(same), found)
    ragged = np.empty(2, dtype=object)
    ragged[:] = [trials[0], trials[1][:20]]
    assert functional(kind).fit_transform(ragged).shape == (5, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_is_left_out(kind):
    parts = [activity(n_steps, kind=kind, seed=n_steps) for n_steps in (30, 18)]
    padded = np.full((2, 30, 5), np.nan)
    for trial, part in zip(padded, parts, strict=True):
        trial[: len(part)] = part
    assert_array_equal(
        functional(kind).fit_transform(padded), functional(kind).fit_transform(parts)
    )
    padded[0, 3, 1] = np.nan  # a gap is not padding
    with pytest.raises(ValueError, match="contains NaN"):
        functional(kind).fit(padded)


@pytest.mark.parametrize("kind", KINDS)
def test_transform_is_the_matrix_of_its_argument(kind):
    first, second = activity(kind=kind, seed=1), activity(60, kind=kind, seed=2)
    fitted = functional(kind).fit(first)
    assert_array_equal(fitted.transform(first), fitted.connectivity_)
    assert_array_equal(fitted.transform(second), functional(kind).fit(second).connectivity_)
    assert_array_equal(fitted.transform(second), fitted.transform([second]))
    result = functional(kind).fit_transform(first)
    result[:] = 0  # is a copy
    assert fitted.connectivity_[0, 0] != 0


def test_names_are_kept():
    X = pd.DataFrame(activity(), columns=["AVAL", "AVAR", "RIML", "RIMR", "RIB"])
    fitted = functional().fit(X)
    assert fitted.feature_names_in_.tolist() == list(X.columns)
    assert fitted.get_feature_names_out().tolist() == list(X.columns)
    assert_array_equal(fitted.connectivity_, functional().fit([X]).connectivity_)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform([X, X[X.columns[::-1]]])


def test_same_bits_again_after_clone_and_pickle():
    X = activity()
    fitted = functional("precision").fit(X)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.transform(X).tobytes() == fitted.connectivity_.tobytes()
    assert clone(fitted).fit_transform(X).tobytes() == fitted.connectivity_.tobytes()
    assert make_pipeline(functional("precision")).fit_transform(X).tobytes() == (
        fitted.connectivity_.tobytes()
    )


# scikit-learn

# They ask for one row of output per row of input, a property of transformers of samples; here the
# rows of the input are steps and those of the output neurons. All other checks hold.
ONE_ROW_PER_ROW = {
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_transformer_data_not_an_array",
    "check_transformer_general",
}


@pytest.mark.parametrize("kind", KINDS)
def test_scikit_learn_checks(kind):
    results = check_estimator(functional(kind), on_fail=None, on_skip=None)
    assert len(results) > 40
    failed = {result["check_name"] for result in results if result["status"] != "passed"}
    assert failed == ONE_ROW_PER_ROW


@pytest.mark.parametrize("kind", KINDS)
def test_what_those_checks_ask_beyond_the_number_of_rows(kind):
    X = activity(kind=kind)
    fitted = functional(kind).fit(X)
    assert_array_equal(functional(kind).fit_transform(X, np.zeros(80)), fitted.transform(X))
    assert_array_equal(fitted.transform(X.tolist()), fitted.transform(X))
    with pytest.raises(ValueError, match="X has 4 features, but FunctionalConnectivity is expecti"):
        fitted.transform(X[:, :4])


# Bad input


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (
            {"kind": "covariance"},
            ValueError,
            r"kind must be one of \['correlation', .*'covariance'",
        ),
        ({"kind": None}, TypeError, "kind must be one of"),
        ({"center": "none"}, ValueError, r"center must be one of \['each', 'all'\], got 'none'"),
        ({"shrinkage": "oas"}, ValueError, "shrinkage must be 'ledoit_wolf' or a number in"),
        ({"shrinkage": 1.5}, ValueError, r"shrinkage must be a number in \[0, 1\], got 1.5"),
        ({"shrinkage": None}, TypeError, r"shrinkage must be a number in \[0, 1\], got None"),
        ({"window": -1}, ValueError, "window must be a number of at least 0, got -1"),
        ({"window": "10"}, TypeError, "window must be a number of at least 0, got '10'"),
        ({"dt": 0}, ValueError, "dt must be a number greater than 0, got 0"),
        ({"t_start": np.nan}, ValueError, "t_start must be a finite number, got nan"),
        ({"t_stop": -1.0}, ValueError, "t_stop must be a number greater than 0, got -1.0"),
        ({"kind": "sttc"}, ValueError, "dt must be the width of a bin in ms when kind='sttc'"),
    ],
)
def test_parameters_are_checked(parameters, error, message):
    with pytest.raises(error, match=message):
        FunctionalConnectivity(**parameters).fit(np.abs(activity()))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "Expected 2D array, got 1D array"),
        (np.ones((2, 2, 2, 2)), "Found array with dim 4"),
        (np.ones((0, 4, 3)), "at least one recording, got none"),
        (np.ones((2, 0, 3)), "0 sample"),
        ([np.ones((4, 3)), np.ones((4, 2))], "X has 2 features, but FunctionalConnectivity is"),
        (np.ones(5), "Reshape your data"),
        ([[1.0, np.inf], [0.0, 1.0]], "contains infinity"),
    ],
)
def test_recordings_are_checked(X, message):
    with pytest.raises(ValueError, match=message):
        functional().fit(X)


def test_counts_must_not_be_negative():
    with pytest.raises(ValueError, match="X must hold counts when kind='sttc', got a negative one"):
        functional("sttc").fit([[0.0, 1.0], [-1.0, 0.0]])


@pytest.mark.parametrize(
    ("trains", "message"),
    [
        ([], "the spike times of at least one neuron, got none"),
        (
            [[1.0], [[2.0]]],
            "one array of event times in ms per neuron .* something else for neuron 1",
        ),
        ([[1.0], ["a"]], "something else for neuron 1"),
        ([[1.0], [2.0, 100.5]], "from t_start=0 to t_stop=100 ms, got 100.5 for neuron 1"),
        ([[-0.1]], "got -0.1 for neuron 0"),
        ([[np.nan]], "got nan for neuron 0"),
    ],
)
def test_event_times_are_checked(trains, message):
    with pytest.raises(ValueError, match=message):
        functional("sttc", t_stop=100.0).fit(trains)


def test_event_times_need_the_same_neurons_again():
    fitted = functional("sttc", window=4.0, t_stop=100.0).fit([[1.0], []])
    assert_array_equal(fitted.connectivity_, np.eye(2))
    with pytest.raises(ValueError, match="X has 3 features, but FunctionalConnectivity is expecti"):
        fitted.transform([[1.0], [2.0], [3.0]])
    assert_array_equal(fitted.transform([[5.0, 1.0], [1.0, 5.0]]), np.ones((2, 2)))
