"""From the arguments that name or hold penalties to one function of the recurrent weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from sk_biornn._checks import choice_text, refusal
from sk_biornn._plain import real_array
from sk_biornn.biology.regularizers import (
    PENALTIES,
    CommunicabilityCost,
    CommunicabilityEMD,
    Facts,
    Penalty,
    Regularizer,
    WeightCost,
    WiringCost,
    pairwise_distances,
)
from sk_biornn.estimators._boundary import to_tensor
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.estimators._parameters import RNNParameters, binds
from sk_biornn.units.positions import unit_positions

_BY_NAME: dict[str, Callable[[RNNParameters], Regularizer]] = {
    "weight": lambda p: WeightCost(p.regu_strength),
    "spatial": lambda p: WiringCost(p.regu_strength, p.distance_power),
    "communicability": lambda p: CommunicabilityCost(p.regu_strength, p.distance_power),
    "communicability_emd": lambda p: CommunicabilityEMD(
        p.regu_strength, p.emd_strength, p.distance_power
    ),
}
assert tuple(_BY_NAME) == PENALTIES


def bind_penalties(
    parameters: RNNParameters, circuit: Circuit, device: torch.device, dtype: torch.dtype
) -> list[Penalty]:
    """Return the penalties that the arguments ask for, bound to what they say of the circuit."""
    regularizers = _regularizers(parameters)
    facts = _facts(parameters, circuit, device, dtype)
    return [regularizer.bind(facts) for regularizer in regularizers]


def _regularizers(parameters: RNNParameters) -> list[Regularizer]:
    asked = parameters.regularizer
    if asked is None:
        return []
    return [_one(parameters, item) for item in (asked if isinstance(asked, list) else [asked])]


def _one(parameters: RNNParameters, asked: Any) -> Regularizer:
    if isinstance(asked, str) and asked in _BY_NAME:
        return _BY_NAME[asked](parameters)
    if binds(asked, 1):
        return asked
    expected = (
        f"{choice_text(PENALTIES)}, None, an object with a method bind(facts) or a list of these"
    )
    raise refusal("regularizer", expected, asked, right_type=isinstance(asked, str))


def _facts(
    parameters: RNNParameters, circuit: Circuit, device: torch.device, dtype: torch.dtype
) -> Facts:
    distances = connectome = None
    if parameters.coordinates is not None:
        positions = unit_positions(
            parameters.coordinates, circuit.n_units, unit_cube=parameters.unit_cube
        )
        distances = pairwise_distances(to_tensor(positions, device, dtype))
    if parameters.connectome is not None:
        connectome = to_tensor(_checked_connectome(parameters, circuit.n_units), device, dtype)
    return Facts(to_tensor(circuit.mask, device), distances, connectome)


def _checked_connectome(parameters: RNNParameters, n_units: int) -> np.ndarray:
    shape = (n_units, n_units)
    expected = f"a numeric array of shape {shape}, W[post, pre]"
    connectome = real_array(parameters.connectome, "connectome", expected, truth_values=True)
    if connectome.shape != shape:
        raise ValueError(
            f"connectome must be {expected}, got {type(parameters.connectome).__name__} of shape "
            f"{connectome.shape}."
        )
    if not np.isfinite(connectome).all():
        raise ValueError("connectome must be finite, got NaN or infinity.")
    return connectome
