"""Padding never changes a bit, long trials cost no memory, and infinite activity is refused."""

from __future__ import annotations

import numpy as np
import pytest
from problems import ACTIVATIONS

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor, SpatialRNNRegressor
from sk_biornn.estimators import _boundary as boundary

WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")
SETTINGS = {
    **{name: {"activation": name} for name in ACTIVATIONS},
    "rates cost": {"activation": "relu", "rate_penalty": 0.1},
    "unstable": {"activation": "relu", "spectral_radius": 1.5},
    "leaky": {"activation": "relu", "dt": 10.0, "tau": 50.0},
    "noisy": {"activation": "relu", "noise_level": 0.1, "recurrent_noise": 0.1},
    "stops early": {"early_stopping": True, "validation_fraction": 0.25, "max_iter": 30},
}


def trials(n_trials=24, n_steps=6, dtype=np.float32):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_trials, n_steps, 2)).astype(dtype), np.arange(n_trials) % 2


def padded(array, n_steps):
    extra = ((0, 0), (0, n_steps - array.shape[1]), *((0, 0),) * (array.ndim - 2))
    return np.pad(array, extra, constant_values=np.nan)


def same(one, other):
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in WEIGHTS) and (
        one.loss_curve_ == other.loss_curve_
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("setting", SETTINGS)
def test_padded_trials_are_trained_on_as_unpadded_ones(setting, dtype):
    X, y = trials(dtype=dtype)
    numbers = np.cumsum(X, axis=1)
    options = {"n_units": 10, "max_iter": 6, "random_state": 0, "batch_size": 7}
    options |= SETTINGS[setting]
    for make, target in (
        (DaleRNNClassifier, y),
        (DaleRNNClassifier, np.repeat(y[:, None], 6, axis=1)),
        (DaleRNNRegressor, numbers[:, -1]),
        (SpatialRNNRegressor, numbers),
    ):
        per_step = target.ndim > 1 and target.shape[1] == 6 and make is not None
        fitted = [make(**options).fit(X, target)]
        for n_steps in (7, 300):
            longer = target
            if per_step:
                longer = padded(target.astype(dtype), n_steps)
                if make is DaleRNNClassifier:
                    longer = np.nan_to_num(longer, nan=0.0)  # not read after the end
            fitted.append(make(**options).fit(padded(X, n_steps), longer))
            assert same(fitted[0], fitted[-1]), (make, n_steps)
            assert np.array_equal(
                fitted[-1].hidden_states(padded(X, n_steps))[:, :6], fitted[0].hidden_states(X)
            )


def test_mixed_lengths_padded_further_are_the_same():
    X, y = trials(n_steps=9)
    lengths = np.arange(24) % 5 + 5
    X[np.arange(9) >= lengths[:, None]] = np.nan
    for options in SETTINGS.values():
        options = {"n_units": 10, "max_iter": 10, "random_state": 0, "batch_size": 7} | options
        fits = [DaleRNNClassifier(**options).fit(padded(X, n), y) for n in (9, 100)]
        as_list = [trial[:n] for trial, n in zip(X, lengths, strict=True)]
        fits.append(DaleRNNClassifier(**options).fit(as_list, y))
        assert all(same(fits[0], other) for other in fits[1:])
        found = [fit.decision_function(x) for fit, x in zip(fits, (X, X, as_list), strict=True)]
        assert all(np.array_equal(found[0], other) for other in found[1:])


def test_what_a_network_would_do_after_the_end_does_not_matter():
    # Five times larger in every step: after some 450 steps more than a float can hold.
    X, y = trials()
    options = {"activation": "relu", "n_units": 4, "recurrent_init": np.eye(4) * 5.0}
    clf = DaleRNNClassifier(max_iter=1, excitatory_fraction=1.0, random_state=0, **options)
    clf.fit(padded(X, 2000), y)
    assert np.isfinite(clf.decision_function(padded(X, 2000))).all()
    assert np.array_equal(clf.decision_function(padded(X, 2000)), clf.decision_function(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_activity_that_becomes_infinite_is_refused(activation, dtype):
    X, y = trials(dtype=dtype)
    network = {"activation": activation, "n_units": 4, "recurrent_init": np.eye(4) * 5.0}
    network |= {"max_iter": 1, "excitatory_fraction": 1.0, "random_state": 0}
    clf = DaleRNNClassifier(**network).fit(X, y)
    reg = DaleRNNRegressor(**network).fit(X, np.cumsum(X, axis=1))
    long = np.ones((3, 1000, 2), dtype=dtype)
    for call in (
        lambda: clf.predict(long),
        lambda: clf.predict_proba(long),
        lambda: clf.score(long, [0, 1, 0]),
        lambda: clf.hidden_states(long),
        lambda: reg.predict(long),
        lambda: reg.score(long, long),
    ):
        with pytest.raises(ValueError, match="activity of the network became infinite"):
            call()


def test_an_explosion_in_the_last_step_stops_the_fit():
    # One step of size 1e30: the loss before it is finite, the weights after it are, outputs not.
    X, y = trials()
    clf = DaleRNNClassifier(n_units=8, max_iter=1, learning_rate_init=1e30, random_state=0)
    with pytest.raises(ValueError, match="loss became non-finite in epoch 1"):
        clf.set_params(activation="relu").fit(X, y)
    assert not hasattr(clf, "W_rec_")


@pytest.mark.parametrize("target", ["last", "every"])
@pytest.mark.parametrize("leak", [{}, {"dt": 1.0, "tau": 4.0}])
def test_long_trials_are_run_in_stretches(target, leak, monkeypatch):
    X, _ = trials(n_steps=40)
    lengths = np.arange(24) % 7 * 6 + 4
    X[np.arange(40) >= lengths[:, None]] = np.nan
    numbers = np.nancumsum(X, axis=1)
    if target == "last":
        numbers = numbers[:, -1]
    reg = DaleRNNRegressor(n_units=12, max_iter=2, random_state=0, **leak).fit(X, numbers)
    whole = reg.predict(X), reg.hidden_states(X), reg.hidden_states(X, kind="rate")
    seen = []
    run = boundary.run

    def noted(params, x, *arguments, **options):
        seen.append(x.shape[:2])
        return run(params, x, *arguments, **options)

    monkeypatch.setattr(boundary, "run", noted)
    monkeypatch.setattr(boundary, "_PREDICT_STEPS", 9)
    monkeypatch.setattr(boundary, "_PREDICT_FLOATS", 10 * 9 * 14)  # ten trials at once
    stretched = reg.predict(X), reg.hidden_states(X), reg.hidden_states(X, kind="rate")
    assert max(n for _, n in seen) <= 9
    assert max(n for n, _ in seen) <= 10
    for one, other in zip(whole, stretched, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
