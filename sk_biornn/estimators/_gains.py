"""Gains of a given wiring as free parameters, and what a user sees of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sk_biornn import _structure
from sk_biornn.biology._gains import (
    ends_of_matrix,
    ends_of_synapses,
    type_gains_of_matrix,
    type_gains_of_synapses,
    unit_gains,
)
from sk_biornn.core import Support, WeightSpace, on_support, support_where_it_pays
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit, Wiring
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._synapses import Synapses
from sk_biornn.estimators._wiring import BY_GAINS, types_of_units

if TYPE_CHECKING:
    from sk_biornn.estimators._parameters import RNNParameters


def with_wiring(network: RNNParameters, state: FitState, earlier: Circuit | None) -> FitState:
    """Return the state in a circuit that has the wiring which gains scale, if gains learn.

    A fit that goes on with the same gains has the wiring of the earlier one. In all other cases it
    is the weights as they are, with gains of 1.
    """
    before = None if earlier is None else earlier.wiring
    if network.plasticity not in BY_GAINS:
        return state if before is None else _without_memory(state)
    circuit, types, names = state.circuit, None, ()
    if network.plasticity == "type_gains":
        types, names = types_of_units(network, circuit, "plasticity='type_gains'")
    goes_on = before is not None and before.kind == network.plasticity
    if goes_on and before is not None and _alike(before.types, types):
        weights = before.weights
    else:
        state = state if earlier is None else _without_memory(state)
        weights = circuit.matrix(state.weights["w_rec"])
    circuit = circuit.without(weights != 0)
    wiring = Wiring(network.plasticity, circuit.matrix(circuit.taken(weights)), types, names)
    if not circuit.is_stored:
        wiring = replace(wiring, weights=np.where(circuit.mask, wiring.weights, 0))
    return state.in_circuit(replace(circuit, wiring=wiring))


def _alike(a: NDArray[np.intp] | None, b: NDArray[np.intp] | None) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)


def _without_memory(state: FitState) -> FitState:
    """Forget what an optimiser remembers of other free parameters."""
    moments = {name: kept for name, kept in state.moments.items() if name != "w_rec"}
    theta = {name: kept for name, kept in state.theta.items() if name != "w_rec"}
    return replace(state, moments=moments, theta=theta)


def bind_gains(
    circuit: Circuit, device: torch.device, dtype: torch.dtype, may_be_sparse: bool = True
) -> Synapses:
    """Return the space of the weights that gains give, in the form in which training is fastest."""
    if circuit.is_stored:
        support = boundary.to_support(circuit.mask, device)
        values = boundary.to_tensor(_values(circuit), device, dtype)
        return Synapses(_space_of_synapses(circuit, values, support), support)
    W0 = boundary.to_tensor(_values(circuit), device, dtype)
    found = None
    if may_be_sparse:
        found = support_where_it_pays(boundary.to_tensor(circuit.mask, device), dtype)
    if found is None:
        return Synapses(_space_of_matrix(circuit, W0))
    space = _space_of_synapses(circuit, found.values(W0), found)
    return Synapses(on_support(space, found, compact=True), found)


def _values(circuit: Circuit) -> NDArray[Any]:
    """Return the wiring in the form of the circuit, on its mask, which may be narrower."""
    assert circuit.wiring is not None
    values = circuit.taken(circuit.wiring.weights)
    return values if circuit.is_stored else np.where(circuit.mask, values, 0)


def _types(circuit: Circuit, device: torch.device) -> tuple[torch.Tensor, int]:
    assert circuit.wiring is not None and circuit.wiring.types is not None
    types = boundary.to_tensor(circuit.wiring.types, device, torch.int64)
    return types, len(circuit.wiring.type_names)


def _space_of_matrix(circuit: Circuit, W0: torch.Tensor) -> WeightSpace:
    assert circuit.wiring is not None
    if circuit.wiring.kind == "unit_gains":
        return unit_gains(W0, ends_of_matrix())
    return type_gains_of_matrix(W0, *_types(circuit, W0.device))


def _space_of_synapses(circuit: Circuit, W0: torch.Tensor, support: Support) -> WeightSpace:
    assert circuit.wiring is not None
    numbers = torch.arange(support.shape[0], device=W0.device)
    post = torch.repeat_interleave(numbers, support.rows.diff().long())
    pre = support.columns.long()
    if circuit.wiring.kind == "unit_gains":
        return unit_gains(W0, ends_of_synapses(post, pre, circuit.n_units))
    types, n_types = _types(circuit, W0.device)
    return type_gains_of_synapses(W0, types[post], types[pre], n_types)


def wiring_now(circuit: Circuit) -> Any:
    """Return W0 [post, pre] on the mask as it is, sparse or dense; None where no gains learn."""
    return None if circuit.wiring is None else circuit.matrix(_values(circuit))


def gains_frame(state: FitState) -> pd.DataFrame | None:
    """Return the gains that give the weights of a state, NaN where there is nothing to scale."""
    circuit, wiring = state.circuit, state.circuit.wiring
    if wiring is None:
        return None
    gains = _gains_of(state)
    there = scaled_by(circuit)
    gains = np.where(there, gains, np.nan)
    if wiring.kind == "unit_gains":
        names = circuit.order.names
        index = None if names is None else pd.Index(list(names), tupleize_cols=False)
        return pd.DataFrame(gains.T, index=index, columns=["post", "pre"])
    post, pre = (
        pd.Index(list(wiring.type_names), name=side, tupleize_cols=False)
        for side in ("post", "pre")
    )
    return pd.DataFrame(gains, index=post, columns=pre)


def _gains_of(state: FitState) -> NDArray[Any]:
    """Return the gains that were kept, where they are those of the weights, or the nearest."""
    cpu, w_rec = torch.device("cpu"), state.weights["w_rec"]
    with torch.no_grad():
        space = bind_gains(state.circuit, cpu, boundary.torch_dtype(w_rec.dtype)).space
        weights = boundary.to_tensor(w_rec, cpu)
        gains = space.encode(weights)
        kept = state.theta.get("w_rec")
        if kept is not None and kept.shape == tuple(gains.shape):
            before = boundary.to_tensor(kept, cpu, gains.dtype)
            if torch.equal(space.matrix(space.decode(before)), weights):
                gains = before
    return gains.numpy()


def scaled_by(circuit: Circuit) -> NDArray[np.bool_]:
    """Return which gains have a synapse to scale, in the shape of the gains."""
    wiring = circuit.wiring
    assert wiring is not None
    if circuit.is_stored:
        there = _values(circuit) != 0
        post, pre = (
            ends(circuit.mask)[there] for ends in (_structure.posts_of, _structure.pres_of)
        )
    else:
        post, pre = np.nonzero(_values(circuit))
    if wiring.kind == "unit_gains":
        found = np.zeros((2, circuit.n_units), dtype=bool)
        found[0, post] = found[1, pre] = True
        return found
    assert wiring.types is not None
    found = np.zeros((len(wiring.type_names),) * 2, dtype=bool)
    found[wiring.types[post], wiring.types[pre]] = True
    return found


def count_parameters(state: FitState, fixed: frozenset[str]) -> int:
    """Return how many numbers training moves: a weight off its mask, or fixed, is none."""
    circuit, masks = state.circuit, state.circuit.masks()

    def count(name: str, array: NDArray[Any]) -> int:
        if name == "w_rec":
            return circuit.n_synapses if circuit.wiring is None else int(scaled_by(circuit).sum())
        if name in masks:
            return int(np.count_nonzero(masks[name]))
        if name == "observation":
            return int(array[1:].size)  # the first is the scale of the data, which stays
        return int(np.size(state.theta.get(name, array)))  # one that units share is kept as one

    return sum(count(name, array) for name, array in state.weights.items() if name not in fixed)
