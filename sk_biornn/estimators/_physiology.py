"""What of a network is learned beside its weights: time constants, slopes, initial rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn.core import WeightSpace
from sk_biornn.core.activations import ACTIVATIONS

# As attributes of a fitted estimator.
EXTRA_ATTRIBUTES = {
    "leak": "leak_",
    "slope": "slope_",
    "initial": "initial_state_",
    "w_skip": "w_skip_",
    "decay": "calcium_decay_",
    "observation": "observation_params_",
}


class Extra(NamedTuple):
    """One tensor of `core.PhysiologyParams`: where training starts, and where it may be."""

    start: NDArray[Any]
    space: Callable[[torch.device, torch.dtype], WeightSpace]


def learned_leak(
    leak: NDArray[np.float64], least: float, groups: NDArray[np.int64] | None
) -> Extra:
    """Return a = dt / tau of every unit, learned as log(tau / dt) so that steps are relative.

    Parameters
    ----------
    leak : ndarray of shape (n_units,)
        Where they start.
    least : float
        dt / tau_max; 0 for no bound.
    groups : ndarray of int of shape (n_units,) or None
        Units of a group share one; None: each has its own.

    Returns
    -------
    Extra
        Its space; theta is (n_groups,) or (n_units,).
    """
    firsts = None
    if groups is not None:
        _, firsts = np.unique(groups, return_index=True)
        leak = leak[firsts][groups]

    def space(device: torch.device, dtype: torch.dtype) -> WeightSpace:
        most = _greatest_log(least, torch.finfo(dtype).eps)
        if groups is None or firsts is None:
            return _logarithmic(most, lambda each: each, lambda each: each)
        which = torch.as_tensor(groups, device=device)
        some = torch.as_tensor(firsts, device=device)
        return _logarithmic(most, lambda each: each[some], lambda shared: shared[which])

    return Extra(np.maximum(leak, least), space)


def _logarithmic(
    most: float, shared: Callable[[Tensor], Tensor], spread: Callable[[Tensor], Tensor]
) -> WeightSpace:
    def retract(theta: Tensor, _: Tensor | None) -> Tensor:
        is_inside = (theta > 0) & (theta < most)
        theta.clamp_(0, most)
        return is_inside.to(theta.dtype)  # what a wall has stopped does not roll on

    return WeightSpace(
        encode=lambda leak: -shared(leak).log(),
        decode=lambda theta: spread(torch.exp(-theta)),
        retract=retract,
        keeps_theta=True,
    )


def _greatest_log(least: float, eps: float) -> float:
    """Return the greatest log(tau / dt) whose exponential, as it is rounded, is in bounds."""
    if least == 0:
        return float(np.inf)
    exact = -np.log(least)
    return float(max(exact - 4 * eps * (exact + 1), 0))


def _at_least_zero(theta: Tensor, _: Tensor | None) -> None:
    theta.clamp_(min=0)


NON_NEGATIVE = WeightSpace(retract=_at_least_zero, stops_at_zero=True)


def learned_slope(n_units: int) -> Extra:
    """Return the slope of every unit's transfer function, which starts at 1 and is at least 0."""
    return Extra(np.ones(n_units), lambda device, dtype: NON_NEGATIVE)


def learned_initial(shape: tuple[int, ...], are_rates: bool) -> Extra:
    """Return the rates before the first step; with `are_rates` they are at least 0."""
    space = NON_NEGATIVE if are_rates else WeightSpace()
    return Extra(np.zeros(shape), lambda device, dtype: space)


def are_rates(activation: str, rectify: bool) -> bool:
    """Whether what is fed back is at least 0."""
    return rectify or ACTIVATIONS[activation].make(False).nonnegative
