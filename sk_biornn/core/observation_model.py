"""What observations have in common: from read-outs to means, and how surprising data are.

What a distribution has beside its mean is a parameter of its own per output, and positive. All is
computed from log m, which is a number where m has become zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn.core.links import inverse_softplus, log_softplus, softplus
from sk_biornn.core.losses import per_trial
from sk_biornn.core.weight_space import WeightSpace

Array = NDArray[np.float64]
PACE = 4.0


class Own(NamedTuple):
    """A parameter that a distribution has beside its mean, one per output: positive."""

    name: str
    least: float
    greatest: float


SCALE = Own("scale", 1e-30, 1e30)  # the mean of y over log 2; it is not learned


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
    """What the observations have in common; a mean of m = scale log(1 + e^x) is that of most.

    The scale of an output is its mean in the data of the fit over log 2, so that a read-out of 0 is
    this mean, in whatever unit or width of bins. The link is exponential far below, where .001 is
    as near to .01 as .01 to .1, and linear far above: twice the drive is not the square of a rate,
    no gradient is greater than that of the read-out itself, and no read-out is beyond float32.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    meaning: ClassVar[str]
    takes: ClassVar[str]  # what y must be, for the message of a refusal
    way_out: ClassVar[str] = ""
    own: ClassVar[tuple[Own, ...]] = (SCALE,)  # parameters of its own

    def mean(self, readout: Tensor, own: Tensor | None) -> Tensor:
        """Return the mean of what is observed; the parameters `own` are (len(own), n_outputs)."""
        assert own is not None
        return own[0] * softplus(readout)

    def readout(self, mean: Array, own: Array) -> Array:
        """Return the read-out of a mean."""
        return inverse_softplus(mean / own[0])

    def nearest_mean(self, moments: Moments) -> Array:
        """Return the mean, or half an event in all data where there was none."""
        return np.where(moments.mean > 0, moments.mean, 0.5 / moments.number)

    def start(self, moments: Moments) -> Array:
        """Return where the parameters of its own start, (len(own), n_outputs)."""
        guess = [self.nearest_mean(moments) / np.log(2), *self._guess(moments)][: len(self.own)]
        low, high = (np.reshape(bounds, (-1, 1)) for bounds in self._bounds())
        return np.clip(np.reshape(guess, (len(guess), len(moments.mean))), low, high)

    def space(self, like: Tensor) -> WeightSpace:
        """Return where these may be: they move in logarithms, but for the scale, which stays.

        A step of Adam is as long as its learning rate. Weights change what is read by many of them
        at once; a parameter that stands alone goes `PACE` times as far.
        """
        low, high = (torch.tensor(bounds[1:]).to(like)[:, None] for bounds in self._bounds())
        log_low, log_high = low.log() / PACE, high.log() / PACE

        def encode(own: Tensor) -> Tensor:
            return torch.cat([own[:1], own[1:].clamp(low, high).log() / PACE])

        def decode(theta: Tensor) -> Tensor:
            return torch.cat([theta[:1].detach(), (PACE * theta[1:]).exp().clamp(low, high)])

        def retract(proposed: Tensor, before: Tensor | None) -> None:
            assert before is not None
            proposed[:1] = before[:1]
            proposed[1:].clamp_(log_low, log_high)

        return WeightSpace(
            encode,
            decode,
            retract,
            needs_before=True,
            trainable=len(self.own) > 1,
            keeps_theta=True,
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
        """Return -log p(y) of each entry."""
        assert own is not None
        of_scale, logarithm = log_softplus(readout)
        return self._surprise(torch.log(own[0]) + logarithm, own[0] * of_scale, own, y)

    def least_surprise(self, own: Tensor | None, y: Tensor) -> Tensor:
        """Return -log p(y) where the mean is y itself."""
        return self._surprise(torch.log(y.clamp_min(torch.finfo(y.dtype).tiny)), y, own, y)

    def allows(self, y: Array) -> NDArray[np.bool_]:
        """Return which entries can be observed at all."""
        raise NotImplementedError

    def sample(self, mean: Array, own: Array, rng: np.random.Generator) -> Array:
        """Draw data."""
        raise NotImplementedError

    def _guess(self, moments: Moments) -> Sequence[Array]:
        """Return where the parameters after the scale start."""
        return ()

    def _surprise(self, log_mean: Tensor, mean: Tensor, own: Tensor | None, y: Tensor) -> Tensor:
        raise NotImplementedError
