"""What a training leaves for the next one: moments of the optimiser, parameters that stay free."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sk_biornn.core.optimisers import Optimiser
from sk_biornn.core.params import RNNParams, extra
from sk_biornn.core.weight_space import Spaces, WeightSpace

Moments = dict[str, dict[str, Tensor]]  # by weight, by what the optimiser calls them


def moments_of(
    moving: dict[str, tuple[Tensor, WeightSpace]], optimiser: Optimiser, copied: bool
) -> Moments:
    """Return what the optimiser remembers of each weight; copied where it goes on in it."""
    return {
        name: {
            key: value.detach().clone() if copied else value
            for key, value in optimiser.state[tensor].items()
            if isinstance(value, Tensor)
        }
        for name, (tensor, _) in moving.items()
    }


def take_up(
    moments: Moments,
    moving: dict[str, tuple[Tensor, WeightSpace]],
    optimiser: Optimiser,
) -> None:
    """Have the optimiser remember what an earlier one did, of weights that have kept their form."""
    for name, (theta, _) in moving.items():
        kept = moments.get(name, {})
        if all(value.ndim == 0 or value.shape == theta.shape for value in kept.values()):
            # The number of steps is a scalar that has a precision of its own.
            optimiser.state[theta] = {
                key: value.to(theta.device, theta.dtype if value.ndim else value.dtype, copy=True)
                for key, value in kept.items()
            }


def taken_up(spaces: Spaces, params: RNNParams, kept: dict[str, Tensor]) -> RNNParams:
    """Return the free parameters of weights: those that were kept, where they stand for these."""
    theta = spaces.encode(params)
    with torch.no_grad():
        for name, space in spaces._asdict().items():
            before, weights = kept.get(name), extra(params, name)
            if not space.keeps_theta or before is None or weights is None:
                continue
            like: Any = extra(theta, name)
            before = before.to(like.device, like.dtype)
            if before.shape != like.shape:
                continue
            if torch.equal(space.matrix(space.decode(before)), weights):
                theta = theta._replace(**{name: before})
    return theta


def kept_theta(theta: RNNParams, spaces: Spaces) -> dict[str, Tensor]:
    """Return a copy of the free parameters that are kept beside the weights."""
    return {
        name: own_copy(tensor)
        for name, tensor in theta.present().items()
        if getattr(spaces, name).keeps_theta
    }


def own_copy(tensor: Tensor) -> Tensor:
    """Return a copy without history, laid out row by row whatever the layout of the original."""
    return tensor.detach().clone(memory_format=torch.contiguous_format)
