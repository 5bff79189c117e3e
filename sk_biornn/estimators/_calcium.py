"""Time constants of an indicator: what the argument says, and where learning of them starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_biornn._checks import refusal
from sk_biornn._plain import NO_NUMBERS, real_array, short
from sk_biornn.core import WeightSpace
from sk_biornn.core.calcium import decay_space
from sk_biornn.estimators._physiology import Extra
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials
from sk_biornn.units.order import UnitOrder

_EXPECTED = "None, 'learned', a positive number of ms or one per output"


def check_calcium_tau(value: Any) -> None:
    """Refuse what is no time constant, however many outputs there are."""
    if value is None or (isinstance(value, str) and value == "learned"):
        return
    if isinstance(value, str):
        raise refusal("calcium_tau", _EXPECTED, value, right_type=True)
    _positive(UnitOrder(None, "y").arranged(value, "calcium_tau", (0,)), value)


def calcium_tau_of(value: Any, names: Any, n_outputs: int) -> NDArray[np.float64]:
    """Return a time constant in ms for each output, in their order.

    Parameters
    ----------
    value : float, array-like or labelled array
        The argument.
    names : sequence of str or None
        Names of the outputs.
    n_outputs : int
        Their number.

    Returns
    -------
    ndarray of shape (n_outputs,)
        Time constants.
    """
    order = UnitOrder(None if names is None else tuple(names), "y")
    named = UnitOrder.of({"calcium_tau": (value, (0,))}).names
    if names is None and named is not None:
        raise ValueError(
            f"calcium_tau must be without names where y has none, got {short(list(named))}."
        )
    tau = _positive(order.arranged(value, "calcium_tau", (0,)), value)
    if tau.ndim == 1 and len(tau) != n_outputs:
        raise ValueError(
            f"calcium_tau must be a number or have one value per output ({n_outputs}), got "
            f"{len(tau)}."
        )
    return np.array(np.broadcast_to(tau, n_outputs))


def _positive(tau: Any, value: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(real_array(tau, "calcium_tau", _EXPECTED), dtype=np.float64)
    except NO_NUMBERS:
        raise refusal("calcium_tau", _EXPECTED, value, right_type=False) from None
    if array.ndim > 1 or array.size == 0 or not (np.isfinite(array) & (array > 0)).all():
        raise refusal("calcium_tau", _EXPECTED, value, right_type=True)
    return array


def fixed_decay(tau: NDArray[np.float64], dt: float) -> Extra:
    """Return d = exp(-dt / tau) of indicators that are known."""

    def space(device: torch.device, dtype: torch.dtype) -> WeightSpace:
        del device, dtype
        return WeightSpace(trainable=False)

    return Extra(np.exp(-dt / tau), space)


def learned_decay(trials: Trials, targets: Targets) -> Extra:
    """Return d that is learned, and starts where fluorescence remembers as much as it does.

    That is its correlation from one step to the next, in steps that are judged: d where rates do
    not remember anything themselves. Targets of the last step tell nothing, and d starts at 1/2.
    """

    def space(device: torch.device, dtype: torch.dtype) -> WeightSpace:
        del device, dtype
        return decay_space()

    return Extra(_persistence(trials, targets), space)


def _persistence(trials: Trials, targets: Targets) -> NDArray[np.float64]:
    half = np.full(targets.n_outputs, 0.5)
    if not targets.every_step or trials.n_steps < 2:
        return half
    judged = targets.weights > 0
    values = targets.values.astype(np.float64)
    mean = (values * judged).sum((0, 1)) / np.maximum(judged.sum((0, 1)), 1)
    centred = np.where(judged, values - mean, 0.0)
    both = judged[:, 1:] & judged[:, :-1]
    now, before = centred[:, 1:] * both, centred[:, :-1] * both
    power = (before**2).sum((0, 1))
    shared = (now * before).sum((0, 1))
    return np.clip(np.where(power > 0, shared / np.maximum(power, 1e-300), half), 0.2, 0.98)
