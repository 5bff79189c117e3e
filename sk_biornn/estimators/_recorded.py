"""Networks with more units than were recorded: each output is one unit, and others are hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sk_biornn._plain import short
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit, Size, check_frozen, input_projection
from sk_biornn.estimators._circuit import Units as CircuitUnits
from sk_biornn.estimators._forecasts import ForecastingRNN
from sk_biornn.estimators._next_inputs import columns_continued
from sk_biornn.estimators._recorded_units import (
    Driven,
    Units,
    driven_units,
    one_by_one,
    recorded_units,
)
from sk_biornn.estimators._rules import Choice, check_rules
from sk_biornn.estimators._running import NAMES
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._trials import Trials

LEAST_GAIN = 0.1  # from which a unit starts to be read: at 0 nothing would reach its synapses


@dataclass(kw_only=True, eq=False, repr=False)
class RecordedRNN(ForecastingRNN):
    """Says what follows where outputs are units: `observed`, `readout_gain` and `input_mask`."""

    observed: Any = None
    readout_gain: str = "identity"

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_rules(self, {"readout_gain": Choice(("identity", "positive"))})
        if self.observed is None:
            if self.readout_gain != "identity":
                raise ValueError(
                    "readout_gain must be left at 'identity' where observed is None, got "
                    f"{short(self.readout_gain)}."
                )
            if self._drives_recorded():
                raise ValueError(
                    "observed must say which unit each output reads with input_mask='observed', "
                    "got None."
                )
        elif self.readout_signs is not None:
            raise ValueError(
                "readout_signs must be None with observed, whose gains are at least 0, got "
                f"{short(self.readout_signs)}."
            )

    def _has_observed(self) -> bool:
        return self.observed is not None

    def _drives_recorded(self) -> bool:
        return isinstance(self.input_mask, str) and self.input_mask == "observed"

    def _allowed_inputs(self, n_features: int, units: CircuitUnits) -> np.ndarray | None:
        if self._drives_recorded():  # which columns that are is known once the units are
            return None
        return super()._allowed_inputs(n_features, units)

    def _make_circuit(
        self, size: Size, generator: np.random.Generator, earlier: FitState | None
    ) -> Circuit:
        """Have every output read one unit, and every recorded unit see its own column."""
        circuit = super()._make_circuit(size, generator, earlier)
        units = self._recorded_units(circuit, size)
        if units is None:
            return circuit
        is_identity = self.readout_gain == "identity"
        readout = one_by_one(units, circuit.n_units, circuit.readout.mask, is_identity)
        circuit = replace(circuit, readout=readout)
        if not self._drives_recorded():
            return circuit
        driven = self._driven(circuit, size)
        signs = self._features().arranged(self.input_signs, "input_signs", (0,))
        if signs is None:
            signs = driven.signs(size.n_features)
        mask = driven.mask(circuit.n_units, size.n_features)
        return replace(circuit, inputs=input_projection(mask, signs, size.n_features))

    def _recorded_units(self, circuit: Circuit, size: Size) -> Units | None:
        if self.observed is None:
            return None
        return recorded_units(
            self.observed, circuit.order, circuit.n_units, size.n_outputs, self._outputs()
        )

    def _driven(self, circuit: Circuit, size: Size) -> Driven:
        features, outputs = self._features().names, self._outputs().names
        continued = columns_continued(self.feedback, *size, features, outputs)
        units = self._recorded_units(circuit, size)
        assert units is not None
        return driven_units(units, continued, features, outputs, circuit.order)

    def _frozen(self) -> tuple[str, ...]:
        frozen = super()._frozen()
        if self.observed is None or self.readout_gain != "identity":
            return frozen
        return check_frozen((*frozen, "W_out"), tuple(NAMES))

    def _draw_weights(
        self, circuit: Circuit, size: Size, generator: np.random.Generator, dtype: Any
    ) -> dict[str, np.ndarray]:
        """Start with units that are what they stand for: gains of 1, and no offset."""
        weights = super()._draw_weights(circuit, size, generator, dtype)
        if self.observed is None:
            return weights
        weights["w_out"] = np.asarray(circuit.readout.mask).astype(dtype)
        weights["b_out"] = np.zeros_like(weights["b_out"])
        if self._knows_own_columns():
            weights["w_in"] = self._started_at_own(weights["w_in"], circuit, size)
        return weights

    def _knows_own_columns(self) -> bool:
        """Whether it has been said that columns of X are what the outputs continue."""
        is_said = self._drives_recorded() or self.feedback is not None
        return is_said or self._continues_inputs() or self._is_in_loop()

    def _started_at_own(self, w_in: np.ndarray, circuit: Circuit, size: Size) -> np.ndarray:
        """Have recorded units that see their own column begin as this, and nothing else of X's.

        What they see of other recorded units is 0 at first, and learned where `input_mask` allows
        it.
        """
        (columns, units), mask, signs = self._driven(circuit, size), *circuit.inputs[:2]
        see_own = slice(None) if mask is None else mask[units, columns]
        negative = np.zeros(len(columns), dtype=bool) if signs is None else signs[columns] < 0
        w_in = w_in.copy()
        w_in[np.ix_(units[see_own], columns)] = 0
        w_in[units[see_own], columns[see_own]] = np.where(negative, -1, 1)[see_own]
        return w_in

    def _read_of(self, state: FitState, trials: Trials) -> np.ndarray:
        """Return what is read of units (n_trials, n_steps, n_outputs), whatever is made of it."""
        return boundary.predict_outputs(self._network_of(state), trials, True)

    def _network_of(self, state: FitState) -> boundary.Network:
        """Return the network that a state stands for."""
        circuit, w_rec = state.circuit, state.weights["w_rec"]
        device, dtype = boundary.resolve_device(self.device), boundary.torch_dtype(w_rec.dtype)
        support = boundary.to_support(circuit.mask, device) if circuit.is_stored else None
        order, populations = circuit.order, circuit.populations
        dynamics = self._dynamics(device, dtype, circuit.n_units, populations, order)
        params = boundary.to_params(state.weights, dtype, device)
        return boundary.Network(params, dynamics, support)
