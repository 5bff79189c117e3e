"""Likelihoods against SciPy's, gradients against finite differences, read-outs beyond numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.integrate import trapezoid
from sklearn.metrics import d2_log_loss_score, d2_tweedie_score, r2_score

from sk_biornn.core.deviance import deviance_explained
from sk_biornn.core.observation_model import PACE, Moments
from sk_biornn.core.observations import OBSERVATIONS

F64 = torch.float64
OTHERS = [name for name in OBSERVATIONS if name != "gaussian"]
every_other = pytest.mark.parametrize("name", OTHERS)

# Parameters of their own, from one end of what they may be to the other.
SCALE = [0.2, 1.0, 3.0]
OWN = {
    "poisson": [SCALE],
    "negative_binomial": [SCALE, [1e-4, 0.3, 40.0]],
    "gamma": [SCALE, [0.2, 2.0, 300.0]],
    "zero_inflated_gamma": [SCALE, [0.5, 2.0, 100.0], [0.01, 1.0, 30.0], [0.1, 1.0, 1.7]],
}


def own_of(name):
    return np.array(OWN.get(name, np.empty((0, 3))))


def readouts(n=400, scale=4.0, seed=0):
    return scale * np.random.default_rng(seed).standard_normal((n, 3))


def mean_of(name, x, own=None):
    own = own_of(name) if own is None else own
    return OBSERVATIONS[name].mean(torch.from_numpy(x), torch.from_numpy(own)).numpy()


def data(name, x, seed=1):
    """What the model itself would have caused."""
    observation = OBSERVATIONS[name]
    mean = mean_of(name, x)
    y = observation.sample(mean, own_of(name), np.random.default_rng(seed))
    return mean, np.where(observation.allows(y), y, 1e-3)  # a gamma of shape .2 gives zeros


def surprise(name, x, y, own=None, dtype=F64):
    own = own_of(name) if own is None else own
    x, own, y = (torch.tensor(a, dtype=dtype) for a in (x, own, y))
    return OBSERVATIONS[name].surprise(x, own, y)


def scipy_log_likelihood(name, y, m):
    own = own_of(name)
    if name == "poisson":
        return stats.poisson.logpmf(y, m)
    if name == "negative_binomial":
        return stats.nbinom.logpmf(y, 1 / own[1], 1 / (1 + own[1] * m))
    if name == "gamma":
        return stats.gamma.logpdf(y, own[1], scale=m / own[1])
    if name == "bernoulli":
        return stats.bernoulli.logpmf(y, m)
    scale, shape, events, exponent = own
    rate = events * (m / scale) ** exponent
    any_event = -np.expm1(-rate)
    scale = m / any_event / shape
    amplitude = np.log(any_event) + stats.gamma.logpdf(np.where(y > 0, y, 1), shape, scale=scale)
    return np.where(y > 0, amplitude, -rate)


@every_other
def test_likelihoods_are_those_of_scipy(name):
    x = readouts()
    m, y = data(name, x)
    expected = -scipy_log_likelihood(name, y, m)
    np.testing.assert_allclose(surprise(name, x, y), expected, rtol=1e-10, atol=1e-10)


@every_other
def test_single_precision_is_near(name):
    x = readouts()
    _, y = data(name, x)
    found = surprise(name, x, y, dtype=torch.float32)
    np.testing.assert_allclose(found, surprise(name, x, y), rtol=1e-4, atol=2e-3)


@every_other
def test_gradients_are_those_of_finite_differences(name):
    x = readouts(6, scale=2.0)
    _, y = data(name, x)
    own = torch.tensor(own_of(name)).clamp(0.05, 5.0).requires_grad_()
    leaf = torch.tensor(x, requires_grad=True)
    weights = torch.rand(6, 3, dtype=F64, generator=torch.Generator().manual_seed(0))
    weights[2] = 0
    loss = OBSERVATIONS[name].loss
    y = torch.from_numpy(y)
    assert torch.autograd.gradcheck(lambda x, own: loss(x, own, y, weights), (leaf, own))


@every_other
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_no_readout_is_beyond_numbers(name, dtype):
    """Losses and gradients are finite, and point back to where the data are."""
    x = torch.tensor([-1e6, -1e4, -200.0, -90.0, -30.0, 30.0, 90.0, 200.0, 1e4, 1e6], dtype=dtype)
    for value in (0.0, 1.0, 40.0):
        if not OBSERVATIONS[name].allows(np.array(value)):
            continue
        leaf = x[:, None].expand(-1, 3).clone().requires_grad_()
        own = torch.tensor(own_of(name), dtype=dtype, requires_grad=True)
        y = torch.full_like(leaf, value)
        values = OBSERVATIONS[name].surprise(leaf, own, y)
        values.sum().backward()
        assert values.isfinite().all()
        assert leaf.grad.isfinite().all()
        assert own.grad is None or own.grad.isfinite().all()
        if value > 0:
            assert (leaf.grad[:5] < 0).all()
        if name != "bernoulli":
            assert (leaf.grad[8:] >= 0).all()


@every_other
def test_what_has_no_weight_may_be_no_number(name):
    x = readouts(8)
    _, y = data(name, x)
    weights = np.ones_like(y)
    weights[3:5, 1] = 0
    blank = np.where(weights > 0, y, np.nan)
    loss, own = OBSERVATIONS[name].loss, torch.tensor(own_of(name), requires_grad=True)
    leaf = torch.tensor(x, requires_grad=True)
    found = loss(leaf, own, torch.from_numpy(blank), torch.from_numpy(weights))
    found.backward()
    expected = (surprise(name, x, y).numpy() * weights).sum() / 8
    assert found.item() == pytest.approx(expected, rel=1e-12)
    assert leaf.grad.isfinite().all()
    assert not leaf.grad[3:5, 1].any()
    assert own.grad is None or own.grad.isfinite().all()


@every_other
def test_links_and_their_inverses(name):
    x = np.array([-600.0, -30.0, -3.0, 0.0, 3.0, 30.0])[:, None]
    m = mean_of(name, x, own_of(name)[:, :1])
    back = OBSERVATIONS[name].readout(m, own_of(name)[:, :1])
    np.testing.assert_allclose(back[:5], x[:5], rtol=1e-9, atol=1e-12)
    if name != "bernoulli":
        np.testing.assert_allclose(m, 0.2 * np.logaddexp(x, 0), rtol=1e-14)
        far = torch.tensor([[1e4], [1e30]], dtype=torch.float32)
        assert OBSERVATIONS[name].mean(2 * far, torch.ones(1, 1)).equal(2 * far)


# ------------------------------------------------------------------ what is drawn


@every_other
def test_drawn_data_have_the_mean_and_the_variance_of_the_model(name):
    own = np.array([[2.0], [1.5], [0.7], [0.8]])[: len(own_of(name))]
    x = np.full((200_000, 1), 0.7)
    m = mean_of(name, x, own)
    y = OBSERVATIONS[name].sample(m, own, np.random.default_rng(0))
    mean = m[0, 0]
    variance = {
        "poisson": mean,
        "negative_binomial": mean + 1.5 * mean**2,
        "gamma": mean**2 / 1.5,
        "bernoulli": mean * (1 - mean),
    }.get(name)
    if variance is None:
        q = 1 - np.exp(-0.7 * (mean / 2) ** 0.8)
        assert (y == 0).mean() == pytest.approx(1 - q, abs=0.005)
        variance = mean**2 * ((1 + 1 / 1.5) / q - 1)
    assert y.mean() == pytest.approx(mean, rel=0.02)
    assert y.var() == pytest.approx(variance, rel=0.03)
    assert OBSERVATIONS[name].allows(y).all()


@every_other
def test_probabilities_sum_to_one(name):
    x, own = np.full((1, 3), 0.4), own_of(name).clip(0.3, 3.0)

    def p(y):
        y = np.broadcast_to(np.asarray(y, float)[:, None], (len(y), 3))
        return np.exp(-surprise(name, np.broadcast_to(x, y.shape), y, own).numpy())

    if name in ("poisson", "negative_binomial", "bernoulli"):
        total = p(np.arange(2 if name == "bernoulli" else 2000)).sum(0)
    else:
        steps = np.linspace(-40, 6, 40_001)
        density = p(np.exp(steps)) * np.exp(steps)[:, None]
        total = trapezoid(density, steps, axis=0)
        total = total + (p(np.zeros(1))[0] if name == "zero_inflated_gamma" else 0)
    np.testing.assert_allclose(total, 1, rtol=1e-5)


# ------------------------------------------------------------------ where a fit starts


@every_other
def test_starting_values_are_near_those_of_the_model(name):
    """A constant mean is known exactly, and the rest by its moments."""
    own = np.array([[2.0], [1.5], [0.7], [1.0]])[: len(own_of(name))]
    x = np.zeros((50_000, 1))
    m = mean_of(name, x, own)
    y = OBSERVATIONS[name].sample(m, own, np.random.default_rng(0))
    moments = Moments.of(y, np.ones_like(y))
    start = OBSERVATIONS[name].start(moments)
    np.testing.assert_allclose(start, own, rtol=0.05)
    readout = OBSERVATIONS[name].readout(OBSERVATIONS[name].nearest_mean(moments), start)
    assert readout[0] == pytest.approx(0, abs=0.05 if name == "bernoulli" else 1e-12)


@every_other
def test_starting_values_of_outputs_that_never_or_always_speak(name):
    for value in (0.0, 1.0):
        y = np.full((20, 2), value)
        moments = Moments.of(y, np.ones_like(y))
        start = OBSERVATIONS[name].start(moments)
        assert np.isfinite(start).all() and (start > 0).all()
        assert np.isfinite(
            OBSERVATIONS[name].readout(OBSERVATIONS[name].nearest_mean(moments), start)
        ).all()


@every_other
def test_scale_of_amplitudes_is_no_matter(name):
    if "gamma" not in name:
        return
    y = np.random.default_rng(0).gamma(1.0, 1e-6, (100, 1))
    moments = Moments.of(y, np.ones_like(y))
    assert OBSERVATIONS[name].nearest_mean(moments)[0] == pytest.approx(y.mean())


@pytest.mark.parametrize("name", OTHERS[1:4])
def test_spaces_hold_parameters_exactly(name):
    observation = OBSERVATIONS[name]
    low, high = np.array([own[1:] for own in observation.own[1:]]).T
    own = torch.tensor(np.stack([low, low * 2, high, high * 10], 1), dtype=torch.float32)
    scales = torch.tensor([[1e-3, 1.0, 30.0, 0.1]])
    own = torch.cat([scales, own])
    space = observation.space(own)
    theta = space.encode(own)
    before = theta.clone()
    theta += torch.tensor([-1.0, 0.5, 1.0, -40.0]) / PACE
    assert space.retract(theta, before) is None
    found = space.decode(theta).double().numpy()
    assert (found[0] == scales.double().numpy()).all()
    leaf = theta.clone().requires_grad_()
    space.decode(leaf).sum().backward()
    assert not leaf.grad[0].any()  # nor does the scale count in the norm of a gradient
    found = found[1:]
    assert (found >= np.float32(low)[:, None]).all() and (found <= np.float32(high)[:, None]).all()
    np.testing.assert_allclose(found[:, 1], 2 * low * np.exp(0.5), rtol=1e-5)


# ------------------------------------------------------------------ deviance explained


def weights_of(shape):
    weights = np.random.default_rng(5).random(shape)
    weights[weights < 0.3] = 0
    return weights


@every_other
def test_deviance_explained_is_that_of_scikit_learn(name):
    x = readouts(scale=1.0)
    m, y = data(name, x)
    own, w = own_of(name).clip(0.05, 20), weights_of(y.shape)
    m = mean_of(name, x, own)
    found = deviance_explained(OBSERVATIONS[name], x, own, np.where(w > 0, y, np.nan), w)
    powers = {"poisson": 1, "gamma": 2}
    for j in range(3):
        arguments = (y[:, j], m[:, j], w[:, j])
        if name in powers:
            expected = d2_tweedie_score(y[:, j], m[:, j], sample_weight=w[:, j], power=powers[name])
        elif name == "bernoulli":
            expected = d2_log_loss_score(y[:, j], m[:, j], sample_weight=w[:, j])
        elif name == "negative_binomial":
            expected = 1 - _nb_deviance(*arguments, own[1, j]) / _nb_deviance(
                y[:, j], np.average(y[:, j], weights=w[:, j]), w[:, j], own[1, j]
            )
        else:
            expected = None
        if expected is not None:
            assert found[j] == pytest.approx(expected, abs=1e-9)
    if name == "zero_inflated_gamma":
        null = OBSERVATIONS[name].readout(np.average(y, axis=0, weights=w), own)
        gain = surprise(name, np.broadcast_to(null, y.shape), y, own) - surprise(name, x, y, own)
        mean_gain = np.average(gain, axis=0, weights=w)
        np.testing.assert_allclose(found, 1 - np.exp(-2 * mean_gain), atol=1e-9)


def _nb_deviance(y, m, w, dispersion):
    """Twice the difference of log-likelihoods, in its closed form."""
    r = 1 / dispersion
    log_ratio = np.log(np.where(y > 0, y, 1) / np.where(y > 0, m, 1))
    return (w * 2 * (y * log_ratio - (y + r) * np.log((y + r) / (m + r)))).sum()


def test_likelihood_ratio_of_gaussian_noise_is_r2():
    """The reason for the measure of zero-inflated amplitudes."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal(100)
    prediction = 0.6 * y + 0.3 * rng.standard_normal(100)
    ll, null = (-0.5 * np.log(((y - m) ** 2).mean()) - 0.5 for m in (prediction, y.mean()))
    assert 1 - np.exp(2 * (null - ll)) == pytest.approx(r2_score(y, prediction))


@every_other
def test_deviance_explained_at_its_ends(name):
    x = readouts(50, scale=1.0)
    _, y = data(name, x)
    w, own = np.ones_like(y), own_of(name)
    observation = OBSERVATIONS[name]
    constant = np.broadcast_to(observation.readout(y.mean(0), own), y.shape)
    np.testing.assert_allclose(deviance_explained(observation, constant, own, y, w), 0, atol=1e-8)
    w[:, 1] = 0
    y[:, 2] = 1.0
    found = deviance_explained(observation, x, own, y, w)
    assert np.isnan(found[1]) and found[2] == 0
    if name == "poisson":
        exact = observation.readout(y[:, :1] + 1e-12, own[:, :1])
        found = deviance_explained(observation, exact, own[:, :1], y[:, :1], w[:, :1])
        assert found[0] > 1 - 1e-9


def test_gaussian_is_squared_error():
    x, y, w = (torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(k)) for k in range(3))
    expected = ((x - y).square() * w.abs()).sum() / 5
    assert OBSERVATIONS["gaussian"].loss(x, None, y, w.abs()) == expected
    assert OBSERVATIONS["gaussian"].mean(x, None) is x
