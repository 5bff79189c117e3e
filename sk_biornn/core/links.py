"""From read-outs to means, in logarithms: safe where single precision has no numbers left."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_RARE = -20.0  # below, log(1 + e^x) = e^x (1 - e^x / 2) to the last bit of float64
_FREQUENT = 40.0  # above, log(1 + e^x) = x to the last bit of float64
_SMALL = 1e-3  # where a series of log((1 - e^-h) / h) has all bits


def softplus(readout: Tensor) -> Tensor:
    """Return log(1 + e^x)."""
    return functional.softplus(readout, threshold=_FREQUENT)


def log_softplus(readout: Tensor) -> tuple[Tensor, Tensor]:
    """Return log(1 + e^x) and its logarithm, which is x where that is too small for a number."""
    mean = softplus(readout)
    rare = readout < _RARE
    below = readout.clamp_max(_RARE)
    series = below - torch.exp(below) / 2
    return mean, torch.where(rare, series, torch.log(torch.where(rare, 1.0, mean)))


def inverse_softplus(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the read-out of a positive mean."""
    return mean + np.log(-np.expm1(-mean))


def log_of_any(log_rate: Tensor) -> tuple[Tensor, Tensor]:
    """Return h = e^a, and log(1 - e^-h): of no event of rate h, minus its logarithm, and of any."""
    rate = torch.exp(within_numbers(log_rate, 60.0))
    small = rate < _SMALL
    series = log_rate - rate / 2 + rate * rate / 24
    return rate, torch.where(small, series, torch.log(-torch.expm1(-torch.where(small, 1.0, rate))))


def within_numbers(values: Tensor, most: float) -> Tensor:
    """Return values cut at a greatest one, with the gradient of what was cut.

    So that e to the power of them stays a number from which training finds its way back.
    """
    return torch.where(values > most, most + (values - values.detach()), values)
