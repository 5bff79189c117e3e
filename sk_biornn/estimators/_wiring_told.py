"""What is said of a given wiring that may not be what was meant."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from sk_biornn import metrics
from sk_biornn._blas import single_blas_thread
from sk_biornn._sparse import is_sparse
from sk_biornn.estimators._circuit import Circuit, Units
from sk_biornn.estimators._penalties import reads_connectome
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.order import UnitOrder

if TYPE_CHECKING:
    from sk_biornn.estimators._parameters import RNNParameters

LARGEST_RADIUS = 2.0  # of a given wiring, beyond which training rarely recovers
_MOST_EXACT = 512  # units, of which all eigenvalues are found at once
_N_PRODUCTS = 30  # before the growth of activity is taken for that of the largest eigenvalue


def tell_of_connectome(network: RNNParameters) -> None:
    """Warn of a connectome that nothing reads."""
    if network.connectome is None or reads_connectome(network):
        return
    if network.plasticity == "synapses":
        is_read = network._connectome_is_wiring
        why = "plasticity='synapses' lets every weight learn"
    else:
        is_read = _is_wiring_or_types(network)
        why = f"recurrent_init is the wiring (plasticity={network.plasticity!r})"
    if not is_read:
        warnings.warn(
            f"connectome has no effect on this network, in which no penalty reads it and {why}; "
            "mask= takes its synapses.",
            stacklevel=2,
        )


def _is_wiring_or_types(network: RNNParameters) -> bool:
    """Whether a wiring that stays, or the types of its units, come from the connectome."""
    if isinstance(network.recurrent_init, str) and network.recurrent_init == "auto":
        return True
    knows_types = getattr(network.connectome, "types", None) is not None
    return network.plasticity == "type_gains" and network.blocks is None and knows_types


def tell_of_invented_signs(network: RNNParameters, units: Units, circuit: Circuit) -> None:
    """Warn where neurons that have names get signs that nobody knows."""
    if units.are_given or not np.any(circuit.signs < 0):
        return  # without a negative one the law is not Dale's, or all were asked to be excitatory
    name = next(filter(lambda name: _names_neurons(network, name), _WIRINGS), None)
    if name is None:
        return
    n_excitatory, known = int((units.signs > 0).sum()), _signs_known_to(getattr(network, name))
    why = f"the signs of {name} are not read here" if known else f"{name} does not know any"
    way = f"signs= takes {known}" if known else "signs= says them, and 0 leaves a unit free"
    warnings.warn(
        f"signs are guessed, since {why}: the first {n_excitatory} of {circuit.n_units} "
        f"neurons are taken as excitatory (excitatory_fraction={network.excitatory_fraction}), the "
        f"others as inhibitory; {way}.",
        stacklevel=2,
    )


def tell_of_free_signs(network: RNNParameters, units: Units) -> None:
    """Warn of signs that are given to a network which, unless it is told, holds none."""
    holds_by_default = type(network).dale is not None  # None was asked for, then
    if network.dale is not None or holds_by_default or network.plasticity != "synapses":
        return
    of_mask = isinstance(network.mask, Connectome) and network.mask.signs is not None
    name = "signs" if network.signs is not None else "mask"
    if np.any(units.signs != 0) and (name == "signs" or of_mask):
        warnings.warn(
            f"{name} says signs of units, and dale=None, the default here, holds none: weights may "
            "have any; dale='projection' holds them.",
            stacklevel=2,
        )


def _signs_known_to(wiring: Any) -> str:
    """Return which value for `signs` takes the signs of a wiring; nothing where it has none."""
    if isinstance(wiring, Connectome):
        return "" if wiring.signs is None else "the Connectome itself"
    has_signs = hasattr(wiring, "adjacency") and any("sign" in of for _, of in wiring.nodes.data())
    return "read_connectome(graph)" if has_signs else ""


_WIRINGS = ("mask", "connectome", "recurrent_init")


def _names_neurons(network: RNNParameters, name: str) -> bool:
    """Whether an argument is a wiring of neurons that have names."""
    value = getattr(network, name)
    if value is None or isinstance(value, str):
        return False
    if name == "connectome":
        return UnitOrder.of({name: (value, (0, 1))}).names is not None
    return isinstance(value, Connectome) or hasattr(value, "adjacency")


def tell_of_radius(network: RNNParameters, weights: Any) -> None:
    """Warn of a wiring that stays, and is too strong for activity to stay finite."""
    if network.plasticity == "synapses" or network.spectral_radius is not None:
        return
    radius = _radius_if_large(weights)
    if radius > LARGEST_RADIUS:
        warnings.warn(
            f"spectral_radius should be given with plasticity={network.plasticity!r}, since the "
            f"weights of this wiring have a radius of about {radius:.2g}, with which activity "
            "saturates or explodes; spectral_radius=0.9 scales them.",
            stacklevel=2,
        )


@single_blas_thread
def _radius_if_large(weights: Any) -> float:
    """Return the spectral radius, of many units an estimate; 0 where it cannot be large."""
    sizes = abs(weights)
    bounds = [np.max(np.asarray(sizes.sum(axis=axis)), initial=0.0) for axis in (0, 1)]
    if min(bounds) <= LARGEST_RADIUS:
        return 0.0
    n_units = weights.shape[0]
    if n_units <= _MOST_EXACT:
        return metrics.spectral_radius(weights.toarray() if is_sparse(weights) else weights)
    cycles = _within_cycles(weights)
    activity, growth = np.random.default_rng(0).standard_normal(n_units), []
    for _ in range(2 * _N_PRODUCTS):
        activity = cycles @ activity
        size = float(np.linalg.norm(activity))
        if not size:
            return 0.0
        growth.append(np.log(size))
        activity /= size
    return float(np.exp(np.mean(growth[_N_PRODUCTS:])))


def _within_cycles(weights: Any) -> Any:
    """Return the weights among units that reach each other: those between say nothing of growth."""
    entries = sp.coo_array(weights)
    _, label = connected_components(entries.tocsr(), connection="strong")
    inside = label[entries.row] == label[entries.col]
    places = (entries.row[inside], entries.col[inside])
    return sp.csr_array((entries.data[inside], places), shape=weights.shape)
