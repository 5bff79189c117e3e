"""How activity is observed: which numbers a network with a mean of m is likely to have caused.

Each class here is one distribution of what is observed, and a word of the argument `observation`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn._vocabulary import Vocabulary
from sk_biornn.core.links import log_of_any, softplus, within_numbers
from sk_biornn.core.losses import squared_error
from sk_biornn.core.observation_model import SCALE, Array, Moments, Observation, Own

_LOG_MOST = 60.0  # e to this is far from the greatest number of float32, and beyond all data


class Gaussian(Observation):
    """Squared error: the read-out is the mean, and its spread is not asked for."""

    name = "gaussian"
    formula = "(y - x)^2"
    meaning = "squared error: numbers of any sign, and noise of one size"
    takes = "finite"
    own = ()

    def mean(self, readout: Tensor, own: Tensor | None) -> Tensor:
        """Return the read-out."""
        return readout

    def loss(self, readout: Tensor, own: Tensor | None, y: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted squared error per trial."""
        return squared_error(readout, y, weights)


class Poisson(Observation):
    """Counts with a variance of their mean."""

    name = "poisson"
    formula = "m - y log m + log y!, m = scale log(1 + e^x)"
    meaning = "counts of spikes whose variance is their mean"
    takes = "whole numbers of at least 0"
    way_out = "'gamma' and 'zero_inflated_gamma' take amplitudes"

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Allow counts."""
        return (y >= 0) & (np.rint(y) == y)

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw counts."""
        return rng.poisson(mean).astype(np.float64)

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        return mean - y * log_mean + torch.lgamma(y + 1)


class NegativeBinomial(Poisson):
    """Counts with a variance of m + dispersion m^2: those of a rate that fluctuates by itself."""

    name = "negative_binomial"
    formula = "-log NB(y; mean m, variance m + dispersion m^2), m = scale log(1 + e^x)"
    meaning = "counts of spikes that vary more than Poisson's (Pillow & Scott, 2012)"
    own = (SCALE, Own("dispersion", 1e-4, 1e3))

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw counts of rates that are drawn from a gamma distribution."""
        return super().sample(rng.gamma(1 / own[1], own[1] * mean), own, rng)

    def _guess(self, moments: Moments) -> Sequence[Array]:
        mean = self.nearest_mean(moments)
        return [(moments.variance - mean) / mean**2]

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        assert own is not None
        dispersion = own[1]
        # Of large numbers the difference counts, and float32 has none left of it.
        rest, whole = 1 / dispersion.double(), y.double()
        ways = torch.lgamma(whole + rest) - torch.lgamma(rest) - torch.lgamma(whole + 1)
        odds = log_mean + torch.log(dispersion)
        return (y + 1 / dispersion) * softplus(odds) - y * odds - ways.to(y.dtype)


class Gamma(Observation):
    """Positive numbers with a standard deviation in proportion to their mean."""

    name = "gamma"
    formula = "-log Gamma(y; mean m, variance m^2 / shape), m = scale log(1 + e^x)"
    meaning = "positive amplitudes whose noise grows with them"
    takes = "above 0"
    way_out = "'zero_inflated_gamma' takes zeros"
    own = (SCALE, Own("shape", 1e-2, 1e3))

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Allow what is positive."""
        return y > 0

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw amplitudes."""
        return rng.gamma(own[1], mean / own[1])

    def _guess(self, moments: Moments) -> Sequence[Array]:
        return [_likely_shape(moments)]

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        assert own is not None
        return _gamma_surprise(log_mean, own[1], torch.log(torch.where(y > 0, y, 1.0)))


class ZeroInflatedGamma(Observation):
    """Amplitudes of events that are deconvolved from calcium: mostly 0, and gamma otherwise.

    Something is seen with the probability q, and is then gamma of mean m / q. Both follow from the
    mean: events are counted as Poisson's of rate events (m / scale)^exponent, so that

        p(0) = 1 - q = exp(-events (m / scale)^exponent),   E[y] = q (m / q) = m.

    With an exponent of 1 rare events have one size, scale / events, and only their number says how
    large m is; below 1 they are smaller too where they are rarer. Wei et al. (2019,
    doi:10.1101/637652) propose the distribution, and Zhu et al. (2022,
    doi:10.1038/s41593-022-01189-0) let networks say its parameters step by step; here a network
    says the mean, and the three others are one number per output.
    """

    name = "zero_inflated_gamma"
    formula = (
        "-log p(y), p(0) = 1 - q = exp(-events (m / scale)^exponent), Gamma(mean m / q, shape)"
    )
    meaning = "events deconvolved from calcium, many of them 0 (Wei et al., 2019)"
    takes = "at least 0"
    own = (
        SCALE,
        Own("shape", 1e-2, 1e3),
        Own("events", 1e-4, 1e3),
        Own("exponent", 1e-2, 2.0),
    )

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Allow what is not negative."""
        return y >= 0

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw amplitudes, or 0."""
        scale, shape, events, exponent = own
        any_event = -np.expm1(-events * (mean / scale) ** exponent)
        any_event = np.maximum(any_event, np.finfo(np.float64).tiny)
        size = rng.gamma(shape, mean / any_event / shape)
        return np.where(rng.random(mean.shape) < any_event, size, 0.0)

    def _guess(self, moments: Moments) -> Sequence[Array]:
        least = 0.5 / moments.number
        share = np.clip(moments.share, least, 1 - least)
        events = -np.log1p(-share) / np.log(2)  # where the mean over its scale is log 2
        return [_likely_shape(moments), events, np.ones_like(events)]

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        assert own is not None
        scale, shape, events, exponent = own
        of_scale = log_mean - torch.log(scale)
        rate, log_any = log_of_any(torch.log(events) + exponent * of_scale)
        seen = y > 0
        amplitude = torch.log(torch.where(seen, y, 1.0))
        size = _gamma_surprise(log_mean - log_any, shape, amplitude)
        return torch.where(seen, size - log_any, rate)


class Bernoulli(Observation):
    """Whether something happened."""

    name = "bernoulli"
    formula = "-y log m - (1 - y) log(1 - m), m = 1 / (1 + e^-x)"
    meaning = "at most one spike per step: 0 or 1"
    takes = "0 or 1"
    way_out = "'poisson' takes counts"
    own = ()

    def mean(self, readout: Tensor, own: Tensor | None) -> Tensor:
        """Return the probability."""
        return torch.sigmoid(readout)

    def readout(self, mean: Array, own: Array) -> Array:
        """Return the log-odds."""
        return np.log(mean) - np.log1p(-mean)

    def nearest_mean(self, moments: Moments) -> Array:
        """Return the mean, half an event away from never and from always."""
        mean = super().nearest_mean(moments)
        return np.where(mean < 1, mean, 1 - 0.5 / moments.number)

    def surprise(self, readout: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        """Return the logistic loss."""
        return softplus(torch.where(y > 0, -readout, readout))

    def least_surprise(self, own: Tensor | None, y: Tensor) -> Tensor:
        """Return 0: what is certain surprises nobody."""
        return torch.zeros_like(y)

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Allow 0 and 1."""
        return (y == 0) | (y == 1)

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw 0 or 1."""
        return (rng.random(mean.shape) < mean).astype(np.float64)


def _likely_shape(moments: Moments) -> Array:
    """Return the shape of a gamma distribution of what is positive (Minka's approximation)."""
    least = np.finfo(np.float64).tiny
    s = np.maximum(np.log(np.maximum(moments.mean_positive, least)) - moments.mean_log, 1e-6)
    return (3 - s + np.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)


def _gamma_surprise(log_mean: Tensor, shape: Tensor, log_y: Tensor) -> Tensor:
    ratio = torch.exp(within_numbers(log_y - log_mean, _LOG_MOST))
    constant = torch.lgamma(shape) - shape * torch.log(shape)
    return constant + shape * (log_mean + ratio) - (shape - 1) * log_y


OBSERVATIONS = Vocabulary(
    Gaussian(), Poisson(), NegativeBinomial(), Gamma(), ZeroInflatedGamma(), Bernoulli()
)
