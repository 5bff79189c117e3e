"""How activity is observed: which numbers a network with a mean of m is likely to have caused.

An observation turns read-outs x into means m, and says how surprising data are: -log p(y | m). What
a distribution has beside its mean is a parameter of its own per output, positive and learned. All
is computed from log m, which is a number where m has become zero or beyond all numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn._vocabulary import Vocabulary
from sk_biornn.core.links import (
    inverse_softplus,
    log_of_any,
    log_softplus,
    softplus,
    within_numbers,
)
from sk_biornn.core.losses import per_trial, squared_error
from sk_biornn.core.weight_space import WeightSpace

Array = NDArray[np.float64]
_LOG_MOST = 60.0  # e to this is far from the greatest number of float32, and beyond all data


class Own(NamedTuple):
    """A parameter that a distribution has beside its mean, one per output: positive."""

    name: str
    least: float
    greatest: float


class Moments(NamedTuple):
    """What starting values are read from: of each output, over entries that are judged."""

    number: Array  # of entries
    mean: Array
    variance: Array
    share: Array  # of entries that are not 0
    mean_log: Array  # of these
    mean_positive: Array  # of these

    @classmethod
    def of(cls, values: Array, weights: Array) -> Moments:
        """Read those of targets (n, n_outputs) with the weights of their entries."""
        values = np.where(weights > 0, values, 0.0).astype(np.float64)
        weights = weights.astype(np.float64)
        total = np.maximum(weights.sum(0), np.finfo(np.float64).tiny)
        mean = (weights * values).sum(0) / total
        positive = weights * (values > 0)
        some = np.maximum(positive.sum(0), np.finfo(np.float64).tiny)
        logs = np.log(np.where(values > 0, values, 1.0))
        return cls(
            number=np.maximum((weights > 0).sum(0), 1).astype(np.float64),
            mean=mean,
            variance=(weights * (values - mean) ** 2).sum(0) / total,
            share=positive.sum(0) / total,
            mean_log=(positive * logs).sum(0) / some,
            mean_positive=(positive * values).sum(0) / some,
        )


@dataclass(frozen=True)
class Observation:
    """What the observations have in common; a mean of m = log(1 + e^x) is that of most.

    The link is exponential for rare events, so that a mean of .001 is as near as one of .01, and
    linear for frequent ones: no read-out of float32 is beyond its numbers, twice the drive is not
    the square of a rate, and a gradient is never greater than that of the read-out itself.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    meaning: ClassVar[str]
    takes: ClassVar[str]  # what y must be, for the message of a refusal
    way_out: ClassVar[str] = ""
    own: ClassVar[tuple[Own, ...]] = ()  # parameters of its own

    def mean(self, readout: Tensor) -> Tensor:
        """Return the mean of what is observed."""
        return softplus(readout)

    def readout(self, mean: Array) -> Array:
        """Return the read-out of a mean."""
        return inverse_softplus(mean)

    def nearest_mean(self, moments: Moments) -> Array:
        """Return the mean, or half an event in all data where there was none."""
        return np.where(moments.mean > 0, moments.mean, 0.5 / moments.number)

    def start(self, moments: Moments) -> Array:
        """Return where the parameters of its own start, (len(own), n_outputs)."""
        guess = self._guess(moments).reshape(len(self.own), len(moments.mean))
        low, high = (np.reshape(bounds, (-1, 1)) for bounds in self._bounds())
        return np.clip(guess, low, high)

    def space(self, like: Tensor) -> WeightSpace:
        """Return where these may be; they move in logarithms."""
        low, high = (torch.tensor(bounds).to(like)[:, None] for bounds in self._bounds())
        log_low, log_high = low.log(), high.log()

        def retract(proposed: Tensor, before: Tensor | None) -> None:
            torch.clamp(proposed, log_low, log_high, out=proposed)

        return WeightSpace(
            encode=lambda own: own.clamp(low, high).log(),
            decode=lambda theta: theta.exp().clamp(low, high),
            retract=retract,
        )

    def _bounds(self) -> tuple[list[float], list[float]]:
        return [own.least for own in self.own], [own.greatest for own in self.own]

    def loss(self, readout: Tensor, own: Tensor | None, y: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted sum of -log p(y) per trial; trials are the first axis.

        What has no weight may be any number, or none.
        """
        y = torch.where(weights > 0, y, 1.0)
        return per_trial(self.surprise(readout, own, y), weights)

    def surprise(self, readout: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        """Return -log p(y) of each entry; the parameters `own` are (len(own), n_outputs)."""
        return self._surprise(log_softplus(readout), softplus(readout), own, y)

    def least_surprise(self, own: Tensor | None, y: Tensor) -> Tensor:
        """Return -log p(y) where the mean is y itself."""
        return self._surprise(torch.log(y.clamp_min(torch.finfo(y.dtype).tiny)), y, own, y)

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Return which entries can be observed at all."""
        raise NotImplementedError

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw data."""
        raise NotImplementedError

    def _guess(self, moments: Moments) -> Array:
        return np.empty((0, len(moments.mean)))

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        raise NotImplementedError


class Gaussian(Observation):
    """Squared error: the read-out is the mean, and its spread is not asked for."""

    name = "gaussian"
    formula = "(y - m)^2, m = x"
    meaning = "squared error: numbers of any sign, and noise of one size"
    takes = "finite"

    def mean(self, readout: Tensor) -> Tensor:
        """Return the read-out."""
        return readout

    def loss(self, readout: Tensor, own: Tensor | None, y: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted squared error per trial."""
        return squared_error(readout, y, weights)


class Poisson(Observation):
    """Counts with a variance of their mean."""

    name = "poisson"
    formula = "m - y log m + log y!, m = log(1 + e^x)"
    meaning = "counts of spikes whose variance is their mean"
    takes = "whole numbers of at least 0"
    way_out = '"gamma" and "zero_inflated_gamma" take amplitudes'

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
    formula = "-log NB(y; mean m, variance m + dispersion m^2), m = log(1 + e^x)"
    meaning = "counts of spikes that vary more than Poisson's (Pillow & Scott, 2012)"
    own = (Own("dispersion", 1e-4, 1e3),)

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw counts of rates that are drawn from a gamma distribution."""
        return super().sample(rng.gamma(1 / own[0], own[0] * mean), own, rng)

    def _guess(self, moments: Moments) -> Array:
        mean = self.nearest_mean(moments)
        return (moments.variance - mean) / mean**2

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        assert own is not None
        dispersion = own[0]
        # Of large numbers the difference counts, and float32 has none left of it.
        rest, whole = 1 / dispersion.double(), y.double()
        ways = torch.lgamma(whole + rest) - torch.lgamma(rest) - torch.lgamma(whole + 1)
        odds = log_mean + torch.log(dispersion)
        return (y + 1 / dispersion) * softplus(odds) - y * odds - ways.to(y.dtype)


class Gamma(Observation):
    """Positive numbers with a standard deviation in proportion to their mean."""

    name = "gamma"
    formula = "-log Gamma(y; mean m, variance m^2 / shape), m = log(1 + e^x)"
    meaning = "positive amplitudes whose noise grows with them"
    takes = "above 0"
    way_out = '"zero_inflated_gamma" takes zeros'
    own = (Own("shape", 1e-2, 1e3),)

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Allow what is positive."""
        return y > 0

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw amplitudes."""
        return rng.gamma(own[0], mean / own[0])

    def _guess(self, moments: Moments) -> Array:
        return _likely_shape(moments)

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        assert own is not None
        return _gamma_surprise(log_mean, own[0], torch.log(torch.where(y > 0, y, 1.0)))


class ZeroInflatedGamma(Observation):
    """Amplitudes of events that are deconvolved from calcium: mostly 0, and gamma otherwise.

    Something is seen with the probability q, and is then gamma of mean m / q. Both follow from the
    mean: events are counted as Poisson's of rate events * m^exponent, so that

        p(0) = 1 - q = exp(-events m^exponent),   E[y] = q (m / q) = m.

    With an exponent of 1 rare events have one size, 1 / events, and only their number says how
    large m is; below 1 they are smaller too where they are rarer. Wei et al. (2019,
    doi:10.1101/637652) propose the distribution, and Zhu et al. (2022,
    doi:10.1038/s41593-022-01189-0) let networks say its parameters step by step; here a network
    says the mean, and the three others are one number per output.
    """

    name = "zero_inflated_gamma"
    formula = "-log p(y), p(0) = 1 - q = exp(-events m^exponent), else Gamma(mean m / q, shape)"
    meaning = "events deconvolved from calcium, many of them 0 (Wei et al., 2019)"
    takes = "at least 0"
    own = (Own("shape", 1e-2, 1e3), Own("events", 1e-6, 1e6), Own("exponent", 1e-2, 2.0))

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Allow what is not negative."""
        return y >= 0

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw amplitudes, or 0."""
        shape, events, exponent = own
        any_event = np.maximum(-np.expm1(-events * mean**exponent), np.finfo(np.float64).tiny)
        size = rng.gamma(shape, mean / any_event / shape)
        return np.where(rng.random(mean.shape) < any_event, size, 0.0)

    def _guess(self, moments: Moments) -> Array:
        least = 0.5 / moments.number
        share = np.clip(moments.share, least, 1 - least)
        events = -np.log1p(-share) / self.nearest_mean(moments)
        return np.stack([_likely_shape(moments), events, np.ones_like(events)])

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        assert own is not None
        shape, events, exponent = own
        rate, log_any = log_of_any(torch.log(events) + exponent * log_mean)
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
    way_out = '"poisson" takes counts'

    def mean(self, readout: Tensor) -> Tensor:
        """Return the probability."""
        return torch.sigmoid(readout)

    def readout(self, mean: Array) -> Array:
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
