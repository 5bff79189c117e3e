"""Withheld neurons: never seen, scored as written down, read out from few trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNRegressor
from sk_biornn.baselines import ARBaseline, MeanBaseline, RidgeVAR
from sk_biornn.inspection import co_smoothing_score
from sk_biornn.inspection._co_smoothing import bits_per_spike
from sk_biornn.model_selection import BlockedTimeSeriesSplit
from sk_biornn.preprocessing import TrialScaler

RNG = np.random.default_rng(0)
LATENT = RNG.standard_normal((20, 25, 2))
MIX = np.array([[1, 0, 0.7, 0.3, 0], [0, 1, 0.7, -0.9, 0]])
X = LATENT @ MIX + 0.2 * RNG.standard_normal((20, 25, 5))
COUNTS = np.random.default_rng(1).poisson(np.exp(LATENT @ (0.7 * MIX) - 0.5)).astype(float)


def r2(y, p):
    y, p = y.ravel(), p.ravel()
    return 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def test_r2_is_that_of_a_loop_over_folds():
    model, heldout = RidgeVAR(alpha=0.1), [3, 2]
    shown = X.copy()
    shown[..., heldout] = 0
    said = np.empty((20, 25, 2))
    for train, test in KFold(5).split(X):
        said[test] = model.fit(shown[train], X[train]).predict(shown[test])[..., heldout]
    expected = [r2(X[..., h], said[..., k]) for k, h in enumerate(heldout)]
    assert co_smoothing_score(model, X, heldout) == pytest.approx(np.mean(expected))
    table = co_smoothing_score(model, X, heldout, per_neuron=True)
    assert table["neuron"].tolist() == [3, 2] and table["n"].tolist() == [500, 500]
    np.testing.assert_allclose(table["score"], expected)
    assert table.attrs["score"] == pytest.approx(np.mean(expected))
    # What the held-in neurons tell: noise of 0.2 in them and in the withheld one.
    assert expected[1] == pytest.approx(1 - (0.04 + 2 * 0.49 * 0.04) / (0.98 + 0.04), abs=0.02)


def test_folds_are_those_of_the_splitter():
    cv = BlockedTimeSeriesSplit(4, gap=2)
    model, shown = RidgeVAR(alpha=0.1), X.copy()
    shown[..., 2] = 0
    said = [model.fit(shown[a], X[a]).predict(shown[b])[..., 2] for a, b in cv.split(X)]
    found = co_smoothing_score(model, X, [2], cv=cv)
    assert found == pytest.approx(r2(X[..., 2], np.concatenate(said)))


@pytest.mark.parametrize("as_given", [np.asarray, list])
def test_folds_may_be_marks(as_given):
    first = np.arange(20) < 8
    numbers = [(np.flatnonzero(first), np.flatnonzero(~first))]
    marks = [(as_given(first.tolist()), as_given((~first).tolist()))]
    by_number, by_mark = (
        co_smoothing_score(RidgeVAR(alpha=0.1), X, [2], cv=cv) for cv in (numbers, marks)
    )
    assert by_number == by_mark


def test_time_ahead_is_that_of_the_target():
    late = X.copy()
    late[:, 3:, 2] = X[:, :-3, 0]  # neuron 2 is neuron 0 three steps before
    late[:, :3, 2] = np.nan
    assert co_smoothing_score(RidgeVAR(alpha=0.0), late, [2], ahead=3) == pytest.approx(1)
    assert abs(co_smoothing_score(RidgeVAR(alpha=0.0), late, [2])) < 0.05
    assert co_smoothing_score(RidgeVAR(order=4, alpha=0.0), late, [2]) == pytest.approx(1)


class Spy(RegressorMixin, BaseEstimator):
    """Records what it is given; its states are its inputs, and their squares."""

    seen: list = []  # noqa: RUF012

    def __init__(self, observation="gaussian"):
        self.observation = observation

    def fit(self, X, y):
        Spy.seen.append(("fit", X, y))
        self.fitted_ = True
        return self

    def predict(self, X):
        Spy.seen.append(("predict", X, None))
        return np.ones((len(X), len(X[0]), 5))

    def hidden_states(self, X):
        Spy.seen.append(("states", X, None))
        return np.concatenate([X, np.square(X)], axis=-1)


def test_withheld_neurons_are_never_shown_and_unknown_to_few_shot_networks():
    Spy.seen = []
    unknown = X.copy()
    unknown[:, 5:9, 2] = np.nan  # of withheld neurons, entries may be missing
    co_smoothing_score(Spy(), unknown, [2, 4], cv=2)
    co_smoothing_score(Spy(), unknown, [2, 4], cv=2, n_shots=3, n_draws=2)
    assert len(Spy.seen) == 2 * 2 + 2 * (1 + 1 + 2)
    for _, shown, _ in Spy.seen:
        assert not shown[..., [2, 4]].any() and shown[..., [0, 1, 3]].all()
    for number, (kind, _, y) in enumerate(Spy.seen):
        if kind == "fit":
            asked = np.isfinite(y).any(axis=(0, 1))
            assert asked.tolist() == [True, True, number < 4, True, number < 4]
    shots = [part for kind, part, _ in Spy.seen if kind == "states" and len(part) == 3]
    assert len(shots) == 4 and not (shots[0] == shots[1]).all()


def test_few_shot_read_out_finds_what_states_tell():
    found = co_smoothing_score(Spy(), X, [2], n_shots=4, alpha=1e-4)
    whole = co_smoothing_score(RidgeVAR(alpha=0.0), X, [2])
    assert whole - 0.05 < found < whole + 0.01
    assert co_smoothing_score(Spy(), X, [4], n_shots=4, alpha=1e-4) < 0.05  # noise alone
    again = co_smoothing_score(Spy(), X, [2], n_shots=4, alpha=1e-4)
    assert found == again != co_smoothing_score(Spy(), X, [2], n_shots=4, random_state=1)
    most = co_smoothing_score(Spy(), X, [2], n_shots=16, alpha=1e6)
    assert most == pytest.approx(0, abs=0.02)


# ------------------------------------------------------------------ counts


def of_the_benchmark(rates, spikes):
    """Bits per spike as the tools of the benchmark compute them, term by term."""
    known = ~np.isnan(spikes)
    null = np.tile(np.nanmean(spikes, axis=0), (len(spikes), 1))

    def loss(r):
        r, y = np.maximum(r[known], 1e-9), spikes[known]
        return (r - y * np.log(r) + gammaln(y + 1)).sum()

    return (loss(null) - loss(rates)) / np.nansum(spikes) / np.log(2)


def test_bits_per_spike_are_those_of_the_benchmark():
    rng = np.random.default_rng(0)
    spikes = rng.poisson(0.6, (200, 3)).astype(float)
    spikes[rng.random(spikes.shape) < 0.1] = np.nan
    rates = rng.gamma(1.0, 0.6, (200, 3))
    rates[:5] = 0.0
    whole, each = bits_per_spike(spikes, rates)
    assert whole == pytest.approx(of_the_benchmark(rates, spikes))
    for neuron in range(3):
        one = of_the_benchmark(rates[:, [neuron]], spikes[:, [neuron]])
        assert each[neuron] == pytest.approx(one)
    mean = np.tile(np.nanmean(spikes, axis=0), (200, 1))
    assert bits_per_spike(spikes, mean)[0] == pytest.approx(0, abs=1e-12)
    silent, of_it = bits_per_spike(np.zeros((9, 1)), np.ones((9, 1)))
    assert np.isnan(silent) and np.isnan(of_it).all()


def test_counts_are_scored_in_bits_and_a_glm_reads_them_out():
    best = of_the_benchmark(np.exp(LATENT @ (0.7 * MIX) - 0.5)[..., 3].reshape(-1, 1),
                            COUNTS[..., 3].reshape(-1, 1))  # fmt: skip
    assert best > 0.3

    class Sees(Spy):
        def hidden_states(self, X):
            order = [np.flatnonzero((COUNTS[..., 0] == x[:, 0]).all(axis=1))[0] for x in X]
            return LATENT[order]

    found = co_smoothing_score(Sees("poisson"), COUNTS, [3], n_shots=8, alpha=1e-4)
    assert 0.85 * best < found < 1.02 * best
    table = co_smoothing_score(Spy("poisson"), COUNTS, [3, 4], per_neuron=True)
    assert table.attrs["scoring"] == "bits_per_spike"  # it says 1 at all times
    assert (table["score"] < 0).all()
    piped = make_pipeline(TrialScaler(), Spy("poisson"))
    assert co_smoothing_score(piped, COUNTS, [3]) < 0
    searched = GridSearchCV(Spy("poisson"), {"observation": ["poisson"]}, scoring=lambda *a: 0.0)
    assert co_smoothing_score(searched, COUNTS, [3]) == co_smoothing_score(
        Spy("poisson"), COUNTS, [3]
    )
    mean = co_smoothing_score(MeanBaseline(), COUNTS, [3], scoring="bits_per_spike")
    assert -0.02 < mean <= 0


def test_a_neuron_that_is_silent_in_its_shots_is_not_said_to_be_silent():
    counts = COUNTS.copy()
    counts[:, :, 4] = 0
    counts[::10, 0, 4] = 1
    score = co_smoothing_score(Spy("poisson"), counts, [4], n_shots=1, alpha=10.0)
    assert -5 < score < 1


# ------------------------------------------------------------------ containers and networks


def test_containers_and_names():
    expected = co_smoothing_score(RidgeVAR(alpha=0.1), X, [2])
    frames = [pd.DataFrame(x, columns=list("abcde")) for x in X]
    assert co_smoothing_score(RidgeVAR(alpha=0.1), frames, ["c"]) == pytest.approx(expected)
    assert co_smoothing_score(RidgeVAR(alpha=0.1), list(X), [2]) == pytest.approx(expected)
    cells = [frame.set_axis([7, 3, 9, 1, 5], axis=1) for frame in frames]
    table = co_smoothing_score(RidgeVAR(alpha=0.1), cells, [9], per_neuron=True)
    assert table.attrs["score"] == pytest.approx(expected) and table["neuron"].tolist() == ["9"]
    ragged = [x[: 10 + n % 7] for n, x in enumerate(X)]
    padded = np.full((20, 16, 5), np.nan)
    for row, x in zip(padded, ragged, strict=True):
        row[: len(x)] = x
    scores = [co_smoothing_score(RidgeVAR(alpha=0.1), part, [2]) for part in (ragged, padded)]
    assert scores[0] == scores[1] != expected


@pytest.mark.parametrize("n_shots", [None, 5])
def test_networks_take_it(n_shots):
    network = DaleRNNRegressor(n_units=12, max_iter=30, learning_rate_init=0.02, random_state=0)
    frames = [pd.DataFrame(x, columns=list("abcde")) for x in X.astype(np.float32)]
    score = co_smoothing_score(network, frames, ["c"], cv=2, n_shots=n_shots)
    assert 0.2 < score < 0.96
    if n_shots is None:
        scaled = make_pipeline(TrialScaler(), network)
        assert 0.2 < co_smoothing_score(scaled, list(3 * X), [2], cv=2) < 0.96


@pytest.mark.parametrize(
    "options, kind, words",
    [
        ({"heldout": 2}, TypeError, "heldout must be a sequence of neurons, got 2"),
        ({"heldout": []}, ValueError, "heldout must have some but not all of the 5 neurons"),
        ({"heldout": [1, 1]}, ValueError, "heldout must have some but not all of the 5 neurons"),
        ({"heldout": range(5)}, ValueError, "heldout must have some but not all"),
        ({"heldout": [5]}, ValueError, "heldout must have numbers of neurons of X, below 5, got 5"),
        ({"heldout": ["a"]}, ValueError, "heldout must have numbers of neurons of X, .* got 'a'"),
        ({"ahead": 25}, ValueError, "ahead must be less than the number of steps of a trial, 25"),
        ({"ahead": -1}, ValueError, "ahead must be an integer of at least 0"),
        ({"n_shots": 17}, ValueError, "n_shots must be at most the number of training trials"),
        ({"n_shots": 2, "est": ARBaseline()}, TypeError, "est must have hidden_states for n_shots"),
        ({"scoring": "R2"}, ValueError, "scoring must be one of"),
        ({"scoring": "bits_per_spike"}, ValueError, "X must have counts of spikes"),
    ],
)
def test_what_does_not_fit_is_refused(options, kind, words):
    options = {"est": Spy(), "heldout": [2], **options}
    with pytest.raises(kind, match=words):
        co_smoothing_score(X=X, **options)


def test_early_stopping_is_refused_where_outputs_are_not_scored():
    network = DaleRNNRegressor(n_units=4, max_iter=1, early_stopping=True)
    piped = make_pipeline(TrialScaler(), network)
    for model in (network, piped):
        with pytest.raises(ValueError, match="early_stopping=False for n_shots, where training is"):
            co_smoothing_score(model, X, [2], n_shots=2)


def test_names_that_are_unknown_are_refused():
    frames = [pd.DataFrame(x, columns=list("abcde")) for x in X]
    with pytest.raises(ValueError, match="heldout must have names of neurons of X, among a, b, c"):
        co_smoothing_score(RidgeVAR(), frames, [2])
    with pytest.raises(ValueError, match="est must predict all 5 neurons at every step"):
        co_smoothing_score(Less(), X, [2])


class Less(Spy):
    def predict(self, X):
        return np.ones((len(X), len(X[0]), 2))
