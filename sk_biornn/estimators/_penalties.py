"""From the arguments that name or hold penalties to functions of a batch of trials."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from sk_biornn import _structure
from sk_biornn._checks import is_number
from sk_biornn._plain import real_array, short
from sk_biornn.biology._blocks import block_numbers
from sk_biornn.biology._population_units import index_of_checked
from sk_biornn.biology._prices import OfWeights
from sk_biornn.biology.regularizers import (
    PENALTIES,
    Facts,
    Penalty,
    RateCost,
    Regularizer,
    pairwise_distances,
)
from sk_biornn.estimators._boundary import to_tensor
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.positions import unit_positions

if TYPE_CHECKING:
    from sk_biornn.estimators._parameters import RNNParameters

# Fields of the penalties that a name stands for, and the arguments that fill them.
ARGUMENTS = {
    "strength": "regu_strength",
    "emd_strength": "emd_strength",
    "distance_power": "distance_power",
}


def bind_penalties(
    parameters: RNNParameters, circuit: Circuit, device: torch.device, dtype: torch.dtype
) -> list[Penalty]:
    """Return the penalties that the arguments ask for, bound to what they say of the circuit."""
    facts = facts_of(parameters, circuit, device, dtype)
    return bound_penalties(asked_penalties(parameters), facts)


def bound_penalties(regularizers: list[Regularizer], facts: Facts) -> list[Penalty]:
    """Return penalties that know the facts."""
    return [_as_penalty(regularizer.bind(facts)) for regularizer in regularizers]


def refuse_idle_strengths(parameters: RNNParameters) -> None:
    """Refuse strengths that are for penalties by name where all penalties are objects.

    A search over them would run, and every candidate be the same network. Those that say what an
    object says are let pass.
    """
    asked = parameters.regularizer
    items = asked if isinstance(asked, list) else [asked]
    if asked is None or any(isinstance(item, str) for item in items):
        return
    for field, argument in ARGUMENTS.items():
        value = getattr(parameters, argument)
        said = [number for item in items if is_number(number := getattr(item, field, None))]
        if value != getattr(type(parameters), argument) and value not in said:
            raise ValueError(
                f"{argument} must be left out when regularizer is an object, which has its own "
                f"(regularizer__{field} in a search), got {argument}={short(value)} with "
                f"regularizer={short(asked)}."
            )


def asked_penalties(parameters: RNNParameters) -> list[Regularizer]:
    """Return the penalties that the arguments ask for, by name or as objects."""
    asked = parameters.regularizer
    found: list[Regularizer] = []
    if parameters.rate_penalty > 0:
        found.append(RateCost(parameters.rate_penalty))
    if asked is None:
        return found
    items = asked if isinstance(asked, list) else [asked]
    offered = {field: getattr(parameters, argument) for field, argument in ARGUMENTS.items()}
    named = (PENALTIES[item].make_of(offered) if isinstance(item, str) else item for item in items)
    return [*found, *named]


def _as_penalty(bound: Any) -> Penalty:
    """Return what is called as a penalty; a function of one argument is one of the weights."""
    if isinstance(bound, OfWeights) or not _takes_one(bound):
        return bound
    return OfWeights(cast(Callable[[Tensor], Tensor], bound))


def _takes_one(function: Callable[..., Any]) -> bool:
    """Whether a function can be called with one argument, but not with three."""
    try:
        signature = inspect.signature(function)
        signature.bind(None)
    except (TypeError, ValueError):  # ValueError: one written in C does not tell
        return False
    try:
        signature.bind(None, None, None)
    except TypeError:
        return True
    return False


def facts_of(
    parameters: RNNParameters, circuit: Circuit, device: torch.device, dtype: torch.dtype
) -> Facts:
    """Return what the arguments say of the circuit."""
    positions = distances = connectome = blocks = None
    if parameters.coordinates is not None:
        _tell_of_positions(parameters)
        points = unit_positions(
            circuit.order.arranged(parameters.coordinates, "coordinates", (0,)),
            circuit.n_units,
            unit_cube=parameters.unit_cube,
        )
        positions = to_tensor(points, device, dtype)
        distances = _distances(positions, circuit)
    if parameters.connectome is not None and not circuit.is_stored:
        connectome = to_tensor(_checked_connectome(parameters, circuit), device, dtype)
    block_of_units = _blocks(parameters, circuit)
    if block_of_units is not None:
        blocks = to_tensor(block_of_units, device)
    mask = np.ones(circuit.form, dtype=bool) if circuit.is_stored else circuit.mask
    return Facts(
        to_tensor(mask, device),
        distances,
        connectome,
        signs=to_tensor(circuit.signs, device, dtype),
        positions=positions,
        blocks=blocks,
    )


def _distances(positions: Tensor, circuit: Circuit) -> Tensor:
    """Return the distances of all pairs of units, or those of the ends of every synapse."""
    if not circuit.is_stored:
        return pairwise_distances(positions)
    post, pre = (
        torch.from_numpy(ends(circuit.mask)) for ends in (_structure.posts_of, _structure.pres_of)
    )
    return torch.linalg.vector_norm(positions[post] - positions[pre], dim=-1)


def _tell_of_positions(parameters: RNNParameters) -> None:
    wiring = parameters.mask
    if isinstance(wiring, Connectome) and wiring.positions is not None:
        if isinstance(parameters.coordinates, str):
            warnings.warn(
                f"coordinates={parameters.coordinates!r} puts the units on a grid, although the "
                "Connectome that is the mask knows where they are; coordinates=mask takes that.",
                stacklevel=2,
            )


def _blocks(parameters: RNNParameters, circuit: Circuit) -> np.ndarray | None:
    if parameters.blocks is not None:
        blocks = circuit.order.arranged(parameters.blocks, "blocks", (0,))
        if parameters.pruning is None:  # types, which may be texts
            return block_numbers(blocks, circuit.n_units)[0].astype(np.int64)
        return np.asarray(blocks).astype(np.int64)
    return None if circuit.populations is None else index_of_checked(circuit.populations)


def _checked_connectome(parameters: RNNParameters, circuit: Circuit) -> np.ndarray:
    shape = circuit.mask.shape
    expected = f"a numeric array of shape {shape}, W[post, pre]"
    connectome = circuit.order.arranged(parameters.connectome, "connectome", (0, 1))
    connectome = real_array(connectome, "connectome", expected, truth_values=True)
    if connectome.shape != shape:
        raise ValueError(
            f"connectome must be {expected}, got {type(parameters.connectome).__name__} of shape "
            f"{connectome.shape}."
        )
    if not np.isfinite(connectome).all():
        raise ValueError("connectome must be finite, got NaN or infinity.")
    return connectome
