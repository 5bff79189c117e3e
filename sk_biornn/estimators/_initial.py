"""The weights from which a fit starts, drawn from its one generator."""

from __future__ import annotations

import numpy as np

from sk_biornn.biology.constraints import Constraint
from sk_biornn.estimators._circuit import Circuit, Projection, Size
from sk_biornn.estimators._parameters import RNNParameters
from sk_biornn.estimators._wiring import given_wiring, refuse_no_wiring
from sk_biornn.estimators._wiring_told import tell_of_radius
from sk_biornn.initializers import (
    biases,
    input_weights,
    lift_zeros,
    readout_weights,
    recurrent_weights,
)
from sk_biornn.initializers._order import InOtherOrder
from sk_biornn.initializers._stored import stored_weights


def draw_weights(
    parameters: RNNParameters,
    constraint: Constraint,
    circuit: Circuit,
    size: Size,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draw all weights; those of inputs and outputs have their signs, but are not cut to masks."""
    n_units, n_outputs, kind = circuit.n_units, size.n_outputs, parameters.feedforward_init
    w_rec = _recurrent(parameters, constraint, circuit, rng)
    w_in = input_weights(n_units, size.n_features, rng, kind)
    b_rec = biases(n_units, n_units, rng, kind)
    if circuit.n_biases == 2:
        b_rec = b_rec + biases(n_units, n_units, rng, kind)
    w_out = readout_weights(n_outputs, n_units, rng, kind)
    return {
        "w_rec": w_rec,
        "w_in": _with_signs(w_in, circuit.inputs),
        "b_rec": b_rec,
        "w_out": _with_signs(w_out, circuit.readout),
        "b_out": biases(n_outputs, n_units, rng, kind),
    }


def _recurrent(
    parameters: RNNParameters, constraint: Constraint, circuit: Circuit, rng: np.random.Generator
) -> np.ndarray:
    refuse_no_wiring(parameters)
    wiring = given_wiring(parameters)
    init = parameters.recurrent_init if wiring is None else wiring
    if isinstance(init, str) and init == "auto":
        init = "orthogonal" if parameters.dale is None else "dale_orthogonal"
    names = getattr(init, "unit_names_", None)
    places = circuit.order.places(names, "recurrent_init")
    if places is not None:
        init = InOtherOrder(init, places)
    lifts_zeros = getattr(constraint, "freezes_zeros", False) and isinstance(init, str)
    if circuit.is_stored:
        values = stored_weights(
            circuit.order.arranged(init, "recurrent_init", (0, 1)),
            signs=circuit.signs,
            structure=circuit.mask,
            rng=rng,
            spectral_radius=parameters.spectral_radius,
            lifts_zeros=lifts_zeros,
        )
        tell_of_radius(parameters, circuit.matrix(values))
        return values
    weights = recurrent_weights(
        circuit.order.arranged(init, "recurrent_init", (0, 1)),
        signs=circuit.signs,
        mask=circuit.mask,
        rng=rng,
        spectral_radius=parameters.spectral_radius,
        is_fixed=parameters.plasticity != "synapses",
    )
    tell_of_radius(parameters, weights)
    if lifts_zeros:
        return lift_zeros(weights, circuit.signs, circuit.mask)
    return weights


def _with_signs(weights: np.ndarray, projection: Projection) -> np.ndarray:
    """Turn weights of the wrong sign round, so that their spread stays what it is."""
    if projection.signs is None:
        return weights
    return np.where(projection.signs == 0, weights, np.abs(weights) * projection.signs)
