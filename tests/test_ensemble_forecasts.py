"""Forecasts of many seeds: every copy goes on by itself, and the mean is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.datasets import make_go_nogo
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.inspection import forecast_skill
from sk_biornn.preprocessing import TrialScaler, TrialTargetRegressor

RNG = np.random.default_rng(0)
SERIES = RNG.standard_normal((6, 15, 3)).cumsum(axis=1) / 4
X, Y = SERIES[:, :-1], SERIES[:, 1:]
TINY = {"n_units": 5, "max_iter": 2, "predict_increments": True, "learning_rate_init": 0.05}


@pytest.fixture(scope="module")
def ensemble():
    return SeedEnsemble(DaleRNNRegressor(**TINY), n_seeds=3, random_state=0).fit(X, Y)


def members(ensemble, method, *arguments, **options):
    return [getattr(one, method)(*arguments, **options) for one in ensemble.estimators_]


@pytest.mark.parametrize("ragged", [False, True])
def test_a_forecast_is_the_mean_over_the_copies(ensemble, ragged):
    trials = [X[0], X[1][:5]] if ragged else X[:2]
    each = members(ensemble, "forecast", trials, 4)
    mean, sd = ensemble.forecast(trials, 4, return_std=True)
    np.testing.assert_allclose(mean, np.mean(each, axis=0), rtol=1e-12)
    np.testing.assert_allclose(sd, np.std(each, axis=0, ddof=1), rtol=1e-12)
    assert mean.shape == (2, 4, 3) and (sd > 0).all()
    np.testing.assert_array_equal(ensemble.forecast(trials, 4), mean)
    # Its first step is what is predicted at the last one; later ones are not runs of the mean.
    np.testing.assert_allclose(mean[0, 0], ensemble.predict(trials[:1])[0][-1], rtol=1e-12)


def test_frames_come_back_as_frames():
    """With the index that goes on, one frame or a list of them."""
    names = ["a", "b", "c"]
    frames = [pd.DataFrame(trial, columns=names, index=np.arange(14) / 10) for trial in X]
    targets = [pd.DataFrame(trial, columns=names, index=np.arange(14) / 10) for trial in Y]
    ensemble = SeedEnsemble(DaleRNNRegressor(**TINY), n_seeds=2, random_state=0)
    ensemble.fit(frames, targets)
    one = ensemble.forecast(frames[0], 3)
    several, sd = ensemble.forecast(frames[:2], 3, return_std=True)
    each = members(ensemble, "forecast", frames[0], 3)
    np.testing.assert_allclose(one, sum(frame.to_numpy() for frame in each) / 2)
    pd.testing.assert_frame_equal(several[0], one)
    assert one.columns.tolist() == names and one.index.equals(each[0].index)
    assert len(several) == len(sd) == 2
    np.testing.assert_allclose(sd[0], np.abs(each[0] - each[1]) / np.sqrt(2), atol=1e-12)


def test_inputs_of_the_future_reach_every_copy():
    driven = np.concatenate([X, RNG.standard_normal((6, 14, 1))], axis=2)
    network = DaleRNNRegressor(**TINY, feedback=[0, 1, 2])
    ensemble = SeedEnsemble(network, n_seeds=2, random_state=0).fit(driven, Y)
    future = RNG.standard_normal((2, 3, 1))
    each = members(ensemble, "forecast", driven[:2], 4, future=future)
    found = ensemble.forecast(driven[:2], 4, future=future)
    np.testing.assert_allclose(found, np.mean(each, axis=0))
    with pytest.raises(ValueError, match="future"):
        ensemble.forecast(driven[:2], 4)


@pytest.mark.parametrize("of_trials", [False, True])
def test_a_free_run_starts_each_copy_from_its_own_state(ensemble, of_trials):
    states = RNG.uniform(0, 1, (3, 2, 5) if of_trials else (3, 5))
    each = [
        one.free_run(X[:2, 0], 4, initial_state=state)
        for one, state in zip(ensemble.estimators_, states, strict=True)
    ]
    mean, sd = ensemble.free_run(X[:2, 0], 4, initial_state=states, return_std=True)
    np.testing.assert_allclose(mean, np.mean(each, axis=0), rtol=1e-12)
    np.testing.assert_allclose(sd, np.std(each, axis=0, ddof=1), rtol=1e-12)
    at_rest = ensemble.free_run(X[:2, 0], 4)
    np.testing.assert_allclose(at_rest, np.mean(members(ensemble, "free_run", X[:2, 0], 4), axis=0))


@pytest.mark.parametrize("shape", [(5,), (2, 5), (3, 2, 2, 5)])
def test_states_that_are_not_one_per_copy_are_refused(ensemble, shape):
    with pytest.raises(ValueError, match=r"^initial_state must have the rates of each of the 3 co"):
        ensemble.free_run(X[:2, 0], 4, initial_state=np.zeros(shape))


def test_who_has_no_forecasts_and_who_has_no_deviation():
    trials, labels = make_go_nogo(12, random_state=0)
    of_labels = SeedEnsemble(DaleRNNClassifier(n_units=4, max_iter=1), n_seeds=2)
    assert not hasattr(of_labels.fit(trials, labels), "forecast")
    assert not hasattr(of_labels, "free_run")
    alone = SeedEnsemble(DaleRNNRegressor(**TINY), n_seeds=1, random_state=0).fit(X, Y)
    for ask in (alone.forecast, lambda *a, **k: alone.free_run(X[:2, 0], 2, **k)):
        with pytest.raises(ValueError, match=r"^return_std needs at least 2 seeds, got n_seeds=1"):
            ask(X, 2, return_std=True)


def test_the_skill_of_an_ensemble_is_asked_from_the_end_of_its_burn_in():
    network = DaleRNNRegressor(**TINY, burn_in=6)
    ensemble = SeedEnsemble(network, n_seeds=2, random_state=0).fit(X, Y)
    table = forecast_skill(
        {"seeds": ensemble}, X, Y, horizons=(1, 3), baselines=("persistence",), n_bootstrap=20
    )
    assert table.attrs["burn_in"] == 6
    assert np.isfinite(table.loc[table["model"] == "seeds", "r2"]).all()


def test_an_ensemble_forecasts_in_the_unit_of_the_recording(ensemble):
    scaler = FrozenEstimator(TrialScaler().fit(100 + 5 * X))
    inner = SeedEnsemble(DaleRNNRegressor(**TINY), n_seeds=2, random_state=0)
    scaled = TrialTargetRegressor(make_pipeline(scaler, inner), scaler)
    scaled.fit(100 + 5 * X, 100 + 5 * Y)
    by_hand = scaled.regressor_[-1].forecast(scaler.transform(100 + 5 * X[:1]), 3)
    found = scaled.forecast(100 + 5 * X[:1], 3)
    np.testing.assert_allclose(found, scaler.inverse_transform(by_hand))
