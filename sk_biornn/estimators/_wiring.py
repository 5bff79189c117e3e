"""What the arguments say of a given wiring: its weights, signs, synapses, and types of units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._plain import short
from sk_biornn._sparse import is_sparse
from sk_biornn._structure import pres_of
from sk_biornn.biology._blocks import block_numbers
from sk_biornn.biology._population_units import index_of_checked
from sk_biornn.biology.constraints import Dale, FixedMask, NonNegative
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.estimators._penalties import reads_connectome
from sk_biornn.initializers import ConnectomeInitializer
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.labels import as_mask

if TYPE_CHECKING:
    from sk_biornn.estimators._described import DescribedRNN
    from sk_biornn.estimators._parameters import RNNParameters

BY_GAINS = ("type_gains", "unit_gains")
_ONLY_SIGNS = (Dale(), NonNegative(), FixedMask())  # laws that ask for nothing but signs
_WAY_OUT = "plasticity='none' keeps weights as they are, 'synapses' moves each"


def refuse_contradictions(network: DescribedRNN) -> None:
    """Refuse what makes no sense beside gains."""
    if network.plasticity not in BY_GAINS:
        return
    with_ = f"with plasticity={network.plasticity!r}"
    if network._constraint() not in _ONLY_SIGNS:
        raise ValueError(
            f"dale must be None, 'projection' or 'nonnegative' {with_}, where gains move the "
            f"weights and signs are those of the wiring, got {short(network.dale)}."
        )
    if isinstance(network.frozen, (list, tuple)) and "W_rec" in network.frozen:
        raise ValueError(f"frozen must not have 'W_rec' {with_}, got it; {_WAY_OUT}.")


def refuse_no_wiring(network: RNNParameters) -> None:
    """Refuse to draw a wiring that nobody asked for."""
    init = network.recurrent_init
    is_auto = isinstance(init, str) and init == "auto"
    if network.plasticity in BY_GAINS and is_auto and network.connectome is None:
        raise ValueError(
            "recurrent_init must be a matrix, a Connectome, an initializer or the name of one with "
            f"plasticity={network.plasticity!r}, whose wiring it is, got 'auto' without a "
            "connectome; a connectome is taken as counts times signs."
        )


def given_wiring(network: RNNParameters) -> ConnectomeInitializer | None:
    """Return the connectome that is to be the weights, counts times signs; None without one."""
    init = network.recurrent_init
    if network.plasticity == "synapses":
        return init if isinstance(init, ConnectomeInitializer) else None
    counts = ConnectomeInitializer(normalise="none")
    if isinstance(init, Connectome):
        return counts._fit(init, "recurrent_init")
    if isinstance(init, str) and init == "auto" and network.connectome is not None:
        return counts._fit(network.connectome, "connectome")
    return init if isinstance(init, ConnectomeInitializer) else None


def is_wiring(network: RNNParameters) -> bool:
    """Whether `connectome` says which synapses there are, where each of them learns.

    It does not where a penalty may read it, nor in a family that keeps it for penalties.
    """
    if network.connectome is None or network.plasticity != "synapses":
        return False
    return network._connectome_is_wiring and not reads_connectome(network)


def _stated_wiring(network: RNNParameters) -> ConnectomeInitializer | None:
    """Return what says which synapses there are, and of which sign; None without."""
    if is_wiring(network):
        return ConnectomeInitializer(normalise="none")._fit(network.connectome, "connectome")
    return None if network.plasticity == "synapses" else given_wiring(network)


def refuse_other_size(network: RNNParameters) -> None:
    """Refuse another number of units than that of neurons of a `Connectome`."""
    for name in ("mask", "connectome", "recurrent_init"):
        value = getattr(network, name)
        if isinstance(value, Connectome) and value.n_units != network.n_units:
            raise ValueError(
                f"n_units must be {value.n_units}, as many as {name} has neurons, got "
                f"{network.n_units}; n_units={value.n_units} is a network of that size."
            )


def refuse_other_signs(network: RNNParameters, circuit: Circuit) -> None:
    """Refuse a connectome that is the wiring, and has other signs than those in force."""
    wiring = _stated_wiring(network) if is_wiring(network) else None
    if wiring is None:
        return
    places = circuit.order.places(wiring.unit_names_, "connectome")
    signs = circuit.signs
    if places is not None:
        signs = np.empty(circuit.n_units)
        signs[list(places)] = circuit.signs
    own = np.zeros(circuit.n_units) if wiring.signs_ is None else wiring.signs_
    weights = wiring.weights_
    pre = pres_of(weights) if is_sparse(weights) else np.nonzero(weights)[1]
    values = weights.data if is_sparse(weights) else weights[np.nonzero(weights)]
    is_negative = np.bincount(pre[values < 0], minlength=circuit.n_units) > 0
    against = int(((signs * own < 0) | (is_negative & (signs > 0))).sum())
    if against:
        raise ValueError(
            "signs must agree with those of connectome, which is the wiring, got the other sign "
            f"for {against} of {circuit.n_units} units; mask=connectome takes its synapses alone "
            "where signs are given."
        )


def cut_to_connectome(network: RNNParameters, circuit: Circuit) -> Circuit:
    """Return the circuit with the synapses that `mask` and the connectome both have."""
    if network.mask is None or not is_wiring(network):
        return circuit
    synapses = mask_of_wiring(network, circuit.n_units)
    cut = circuit.without(circuit.order.arranged(as_mask(synapses), "connectome", (0, 1)))
    if circuit.n_synapses and not cut.n_synapses:
        raise ValueError(
            "mask must have synapses in common with connectome, which is the wiring, got none; "
            "leave mask out, or pass it alone."
        )
    return cut


def signs_of_wiring(network: RNNParameters) -> Any:
    """Return the signs that the given wiring knows of its units, by name; None without."""
    wiring = _stated_wiring(network)
    return None if wiring is None else _by_unit(getattr(wiring, "signs_", None), wiring)


def mask_of_wiring(network: RNNParameters, n_units: int) -> Any:
    """Return the synapses of the given wiring, by name; None without."""
    wiring = _stated_wiring(network)
    if wiring is None or not hasattr(wiring, "weights_"):
        return None
    weights, names = wiring.weights_, wiring.unit_names_
    if wiring.n_features_in_ != n_units:
        name = "connectome" if isinstance(network.recurrent_init, str) else "recurrent_init"
        raise ValueError(
            f"{name} must have shape {(n_units, n_units)}, got {weights.shape}; "
            f"n_units={weights.shape[0]} is a network of that size."
        )
    there = weights != 0
    if names is None:
        return there
    if is_sparse(there):
        return Connectome(there, names)
    return pd.DataFrame(there, *[pd.Index(list(names), tupleize_cols=False)] * 2)


def _by_unit(values: Any, wiring: ConnectomeInitializer) -> Any:
    if values is None or wiring.unit_names_ is None:
        return values
    names = wiring.unit_names_
    return pd.Series(list(values), pd.Index(list(names), tupleize_cols=False))


def types_of_units(
    network: RNNParameters, circuit: Circuit, why: str
) -> tuple[NDArray[np.intp], tuple[Any, ...]]:
    """Return the type of each unit, and the names of the types; `why` is what asks for them."""
    if network.blocks is not None:
        blocks = circuit.order.arranged(network.blocks, "blocks", (0,))
        return block_numbers(blocks, circuit.n_units)
    if getattr(network, "populations", None) is not None:
        return _populations(circuit)
    known = _types_that_are_known(network)
    if known is not None:
        name, types = known
        unknown = [str(unit) for unit, kind in types.items() if not str(kind).strip()]
        if unknown:
            raise ValueError(
                f"{name} must say the type of every unit with {why}, got none for {unknown[0]!r}; "
                "blocks says it otherwise."
            )
        return block_numbers(circuit.order.arranged(types, name, (0,)), circuit.n_units)
    if circuit.populations is not None:
        return _populations(circuit)
    raise ValueError(
        f"blocks must say the type of each unit with {why}, got None; a Connectome that knows "
        "types says it too, and populations do."
    )


def _populations(circuit: Circuit) -> tuple[NDArray[np.intp], tuple[Any, ...]]:
    return index_of_checked(circuit.table), tuple(circuit.table["population"])


def _types_that_are_known(network: RNNParameters) -> tuple[str, pd.Series] | None:
    """Return the types of a connectome among the arguments, and which one that is."""
    wiring = given_wiring(network)
    if wiring is not None and getattr(wiring, "types_", None) is not None:
        is_auto = isinstance(network.recurrent_init, str)
        return "connectome" if is_auto else "recurrent_init", _by_unit(wiring.types_, wiring)
    for name in ("mask", "connectome"):
        value = getattr(network, name)
        if isinstance(value, Connectome) and value.types is not None:
            return name, pd.Series(list(value.types), pd.Index(value.names, dtype=object))
    return None
