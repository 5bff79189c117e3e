"""Skill by horizon against loops, and against processes whose R2 is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sk_biornn import DaleRNNRegressor
from sk_biornn.baselines import ARBaseline, MeanBaseline, Persistence, RidgeVAR
from sk_biornn.inspection import forecast_skill
from sk_biornn.inspection._bootstrap import draw_blocks


def walks(n_trials=12, n_steps=30, n_channels=3, seed=0):
    rng = np.random.default_rng(seed)
    A = 0.8 * np.eye(n_channels) + 0.1 * np.eye(n_channels, k=1)
    x = np.zeros((n_trials, n_steps + 1, n_channels))
    for t in range(n_steps):
        x[:, t + 1] = x[:, t] @ A.T + rng.standard_normal((n_trials, n_channels))
    return x[:, :-1], x[:, 1:]


TRAIN, (X, Y) = walks(seed=1), walks()
MODEL = RidgeVAR(alpha=0.01).fit(*TRAIN)


def row(table, model, horizon):
    return table[(table["model"] == model) & (table["horizon"] == horizon)].iloc[0]


def by_hand(model, trials, targets, horizon, longest, burn_in, stride):
    """Errors, truths of one model at one horizon, by trial: forecasts one origin at a time."""
    pairs = []
    for x, y in zip(trials, targets, strict=True):
        of_trial = []
        for t in range(burn_in - 1, len(x) - longest + 1, stride):
            said = model.forecast([x[: t + 1]], longest)[0, horizon - 1]
            of_trial.append((said, y[t + horizon - 1]))
        pairs.append(of_trial)
    return pairs


def r2_of(pairs, variances=None):
    said, truth = (np.array([p[i] for of_trial in pairs for p in of_trial]) for i in (0, 1))
    if variances is not None:
        mse = ((said - truth) ** 2).mean(axis=0)
        return np.mean(1 - mse / variances), mse.mean()
    scores = []
    for s, y in zip(said.T, truth.T, strict=True):
        known = np.isfinite(y)
        s, y = s[known], y[known]
        scores.append(1 - ((s - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    mse = np.nanmean((said - truth) ** 2)
    return np.mean(scores), mse


@pytest.mark.parametrize("ragged", [False, True])
def test_scores_are_those_of_loops(ragged):
    targets = Y.copy()
    targets[np.random.default_rng(0).random(Y.shape) < 0.1] = np.nan
    lengths = np.linspace(8, 30, len(X)).astype(int) if ragged else np.full(len(X), 30)
    trials = [x[:n] for x, n in zip(X, lengths, strict=True)]
    answers = [y[:n] for y, n in zip(targets, lengths, strict=True)]
    given = (trials, answers) if ragged else (X, targets)
    table = forecast_skill(
        MODEL, *given, horizons=(7, 1, 3), train=TRAIN, mask=np.eye(3, k=1), burn_in=4,
        max_origins=8, n_bootstrap=20,
    )  # fmt: skip
    stride = -(-(30 - 7 - 4 + 2) // 8)
    assert table.attrs["stride"] == stride and table.attrs["burn_in"] == 4
    assert table["model"].unique().tolist() == [
        "RidgeVAR", "persistence", "mean", "AR", "VAR", "masked VAR"
    ]  # fmt: skip
    models = {
        "RidgeVAR": MODEL,
        "persistence": Persistence().fit(*TRAIN),
        "mean": MeanBaseline().fit(*TRAIN),
        "AR": ARBaseline().fit(*TRAIN),
        "masked VAR": RidgeVAR(alpha="auto", mask=np.eye(3, k=1)).fit(*TRAIN),
    }
    for horizon in (1, 3, 7):
        found = {
            name: r2_of(by_hand(model, trials, answers, horizon, 7, 4, stride))
            for name, model in models.items()
        }
        for name, (r2, mse) in found.items():
            line = row(table, name, horizon)
            assert line["r2"] == pytest.approx(r2, abs=1e-10)
            assert line["mse"] == pytest.approx(mse)
            assert line["skill"] == pytest.approx(1 - mse / found["persistence"][1])
            assert line["difference"] == pytest.approx(found["RidgeVAR"][0] - r2, abs=1e-10)


def test_the_first_horizon_is_what_predict_says():
    table = forecast_skill(MODEL, X, Y, horizons=[1], baselines=["persistence"], max_origins=99)
    assert row(table, "RidgeVAR", 1)["r2"] == pytest.approx(MODEL.score(X, Y))
    assert row(table, "RidgeVAR", 1)["n"] == Y.size
    assert row(table, "persistence", 1)["r2"] == pytest.approx(Persistence().fit(X, Y).score(X, Y))


def test_r2_ahead_is_that_of_the_process():
    """An AR(1) of slope a has an R2 of a^(2h), h steps ahead; persistence 2 a^h - 1."""
    rng, a = np.random.default_rng(0), 0.9
    x = np.zeros((300, 300, 1))
    for t in range(299):
        x[:, t + 1] = a * x[:, t] + rng.standard_normal((300, 1))
    x = x[:, 60:]
    model = ARBaseline().fit(x[:, :-1], x[:, 1:])
    table = forecast_skill(
        model, x[:, :-1], x[:, 1:], horizons=(1, 5), baselines=("persistence",), max_origins=40
    )
    for h in (1, 5):
        for name, expected in (("ARBaseline", a ** (2 * h)), ("persistence", 2 * a**h - 1)):
            line = row(table, name, h)
            assert line["r2"] == pytest.approx(expected, abs=0.03)
            assert line["r2_low"] < expected < line["r2_high"]
            assert line["r2_high"] - line["r2_low"] < 0.25


def test_outputs_can_be_weighted_by_their_variance():
    x, y = X * [1.0, 5.0, 0.1], Y * [1.0, 5.0, 0.1]
    y[:3, :, 1] = np.nan
    model = RidgeVAR(alpha=0.01).fit(x, y)
    table = forecast_skill(model, x, y, horizons=(3,), baselines=("persistence",), max_origins=99,
                           multioutput="variance_weighted")  # fmt: skip
    pairs = by_hand(model, x, y, 3, 3, 1, 1)
    said, truth = (np.array([p[i] for of_trial in pairs for p in of_trial]) for i in (0, 1))
    errors = np.nansum((said - truth) ** 2)
    spread = np.nansum((truth - np.nanmean(truth, axis=0)) ** 2)
    line = row(table, "RidgeVAR", 3)
    assert line["r2"] == pytest.approx(1 - errors / spread)
    assert line["r2_low"] < line["r2"] < line["r2_high"]


def test_intervals_are_percentiles_over_draws_of_trials():
    options = {"horizons": [2], "baselines": ("persistence",), "block_length": 3}
    table = forecast_skill(MODEL, X, Y, n_bootstrap=50, random_state=5, max_origins=9, **options)
    stride = table.attrs["stride"]
    ours = by_hand(MODEL, X, Y, 2, 2, 1, stride)
    theirs = by_hand(Persistence().fit(X, Y), X, Y, 2, 2, 1, stride)
    variances = np.var([truth for of_trial in ours for _, truth in of_trial], axis=0)
    found = []
    for counts in draw_blocks(12, 3, 50, 5):
        chosen = np.repeat(np.arange(12), counts.astype(int))
        assert len(chosen) == 12
        a, b = (r2_of([pairs[i] for i in chosen], variances) for pairs in (ours, theirs))
        found.append((a[1], a[0], 1 - a[1] / b[1], a[0] - b[0]))
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    line, other = row(table, "RidgeVAR", 2), row(table, "persistence", 2)
    for place, name in enumerate(("mse", "r2", "skill")):
        assert (line[f"{name}_low"], line[f"{name}_high"]) == pytest.approx(
            (low[place], high[place])
        )
    assert (other["difference_low"], other["difference_high"]) == pytest.approx((low[3], high[3]))
    assert line["difference"] == line["difference_low"] == line["difference_high"] == 0


def test_blocks_are_runs_of_trials():
    counts = draw_blocks(20, 5, 200, 0)
    assert (counts.sum(axis=1) == 20).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.3)
    runs = draw_blocks(10, 10, 50, 0)  # one block is all of them
    assert (runs == 1).all()


def test_several_estimators_and_fitted_baselines():
    networks = {"good": MODEL, "poor": MeanBaseline().fit(*TRAIN)}
    table = forecast_skill(
        networks, X, Y, horizons=(1, 4), baselines=(("AR(2)", ARBaseline(2).fit(*TRAIN)),)
    )
    assert table["model"].tolist() == ["good", "good", "poor", "poor", "AR(2)", "AR(2)"]
    assert table.attrs["reference"] == "good" and table.attrs["models"] == ["good", "poor"]
    assert (table["difference"][2:4] > 0.1).all()
    alike = forecast_skill(
        networks, X, Y, horizons=(1, 4), baselines={"AR(2)": ARBaseline(2)}, train=TRAIN
    )
    pd.testing.assert_frame_equal(table, alike)


class Network:
    """A stub that remembers what it was asked, and says the last frame times a factor."""

    W_out_ = np.zeros((2, 5))
    burn_in = 3

    def __init__(self):
        self.asked, self.futures = [], []

    def forecast(self, X, n_steps, future=None):
        self.asked += list(X)
        self.futures.append(future)
        return np.stack([np.tile(np.asarray(x)[-1, :2], (n_steps, 1)) for x in X])


def test_a_network_is_shown_prefixes_with_their_names_and_the_future_of_other_inputs():
    frames = [pd.DataFrame(x, columns=[7, 9, 4]) for x in X]
    targets = [pd.DataFrame(y[:, :2], columns=[7, 9]) for y in Y]
    network = Network()
    table = forecast_skill(network, frames, targets, horizons=(1, 5), baselines=("persistence",))
    assert table.attrs["burn_in"] == 3
    steps = list(range(3, 27, 2))
    assert sorted(len(x) for x in network.asked) == sorted(steps * 12)
    for prefix in network.asked[:20]:
        assert prefix.columns.tolist() == [7, 9, 4]
        assert any((prefix.to_numpy() == x[: len(prefix)]).all() for x in X)
    (future,) = network.futures
    np.testing.assert_array_equal(future[0], X[0, 3:7])
    assert (table["difference"] == 0).all()  # it is persistence


@pytest.mark.parametrize("n_outputs", [2, 3])
def test_networks_forecast_from_every_origin_as_from_one_alone(n_outputs):
    """With 2 outputs, the third channel is a stimulus whose future is given."""
    frames = [pd.DataFrame(x, columns=list("abc")) for x in 0.3 * X]
    targets = [pd.DataFrame(y[:, :n_outputs], columns=list("abc")[:n_outputs]) for y in 0.3 * Y]
    network = DaleRNNRegressor(n_units=8, max_iter=5, predict_increments=True, random_state=0)
    network.fit(frames, targets)
    table = forecast_skill(network, frames, targets, horizons=(1, 6), baselines=("persistence",),
                           burn_in=5, max_origins=3)  # fmt: skip
    pairs = []
    for frame, y in zip(frames, targets, strict=True):
        for t in range(4, 25, table.attrs["stride"]):
            future = frame.to_numpy()[None, t + 1 : t + 6]
            said = network.forecast([frame.iloc[: t + 1]], 6, future=future)[0]
            pairs.append((said.to_numpy()[5], y.to_numpy()[t + 5]))
    assert row(table, "DaleRNNRegressor", 6)["r2"] == pytest.approx(r2_of([pairs])[0], abs=1e-5)
    assert table.attrs["n_origins"] == len(pairs)


def test_runaway_forecasts_are_infinitely_wrong_and_no_more():
    wild = RidgeVAR(alpha=0.0).fit(*TRAIN)
    wild.coef_ = wild.coef_ * 1e200
    table = forecast_skill(
        MODEL, X, Y, horizons=(1, 8), baselines=(("wild", wild), "persistence"), n_bootstrap=50
    )
    assert row(table, "wild", 8)["r2"] < -1e100 and row(table, "wild", 8)["r2_high"] < -1e100
    assert row(table, "wild", 8)["difference_low"] > 1e100
    assert np.isfinite(row(table, "RidgeVAR", 8)["r2"])


def test_one_trial_has_no_interval_and_a_constant_output_no_score():
    y = np.concatenate([Y[:1], np.ones((1, 30, 1))], axis=2)
    x = np.concatenate([X[:1], np.ones((1, 30, 1))], axis=2)
    model = RidgeVAR().fit(x, y)
    table = forecast_skill(model, x, y, horizons=(1,), baselines=("persistence",))
    assert table[["r2_low", "skill_high"]].isna().all().all()
    three = forecast_skill(
        RidgeVAR().fit(X[:1], Y[:1]), X[:1], Y[:1], horizons=(1,), baselines=("persistence",)
    )
    assert row(table, "persistence", 1)["r2"] == pytest.approx(row(three, "persistence", 1)["r2"])


def test_padding_is_no_step():
    padded, targets = X.copy(), Y.copy()
    padded[3:, 20:] = np.nan
    targets[3:, 20:] = np.nan
    lists = [x if n < 3 else x[:20] for n, x in enumerate(X)]
    options = {"horizons": (1, 4), "baselines": ("persistence",)}
    answers = [y[: len(x)] for x, y in zip(lists, Y, strict=True)]
    expected = forecast_skill(MODEL, lists, answers, **options)
    pd.testing.assert_frame_equal(forecast_skill(MODEL, padded, targets, **options), expected)
    late = Y.copy()
    late[:, 25:] = np.nan  # not scored, and no padding of X
    table = forecast_skill(MODEL, X, late, **options)
    assert row(table, "RidgeVAR", 4)["n"] < row(expected, "RidgeVAR", 4)["n"] * 2


@pytest.mark.parametrize(
    "options, kind, words",
    [
        ({"baselines": ("AR",)}, ValueError, r"train must be \(X, y\), .* baseline 'AR' is fitted"),
        ({}, ValueError, r"train must be \(X, y\), .* baseline 'mean' is fitted, got None"),
        ({"train": TRAIN, "baselines": ("masked VAR",)}, ValueError, "mask must say which inputs"),
        ({"baselines": ("ar",)}, ValueError, "baselines must be names among .* got 'ar'"),
        ({"baselines": "AR"}, TypeError, "baselines must be names among .* got str 'AR'"),
        ({"baselines": (("RidgeVAR", MODEL),)}, ValueError, "baselines must have other names"),
        (
            {"baselines": (("a", SimpleNamespace()),)},
            TypeError,
            "must be regressors that have f",
        ),
        ({"horizons": (40,)}, ValueError, "horizons must be at most 30, the steps .* got 40"),
        ({"horizons": (0,)}, ValueError, "horizons must be an integer of at least 1, got 0"),
        ({"horizons": 5}, TypeError, "horizons must be a sequence of integers, got 5"),
        ({"horizons": ()}, ValueError, "horizons must have at least one"),
        ({"burn_in": 28, "horizons": (5,)}, ValueError, "burn-in of 28 on, got 5"),
        ({"confidence": 1.0}, ValueError, "confidence must be a number in"),
        ({"multioutput": "raw_values"}, ValueError, "multioutput must be one of"),
        ({"max_origins": 0}, ValueError, "max_origins must be an integer of at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(options, kind, words):
    with pytest.raises(kind, match=words):
        forecast_skill(MODEL, X, Y, **options)


def test_trials_that_do_not_fit_are_refused():
    options = {"baselines": ("persistence",), "horizons": (1,)}
    with pytest.raises(TypeError, match="must be regressors that have forecast"):
        forecast_skill(SimpleNamespace(), X, Y, **options)
    with pytest.raises(ValueError, match="y must have as many trials as X, 12, got 11"):
        forecast_skill(MODEL, list(X), list(Y[1:]), **options)
    with pytest.raises(ValueError, match="y must have one entry per step of X: trial 0 has 30"):
        forecast_skill(MODEL, list(X), list(Y[:, 1:]), **options)
    with pytest.raises(ValueError, match=r"X must be \(n_trials, n_steps, n_columns\)"):
        forecast_skill(MODEL, X[0], Y[0], **options)
    with pytest.raises(ValueError, match="est must be a fitted regressor, or some by name"):
        forecast_skill({}, X, Y, **options)
