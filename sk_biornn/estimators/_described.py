"""What a network is to be, and how it is to learn, as the arguments say it."""

from __future__ import annotations

import numpy as np

from sk_biornn.biology.constraints import LAWS, Constraint, FixedMask, NonNegative
from sk_biornn.biology.prior import matrix_mask, synapse_mask
from sk_biornn.core import Optimisation
from sk_biornn.estimators._circuit import (
    Circuit,
    Size,
    Units,
    check_frozen,
    input_projection,
    readout_projection,
)
from sk_biornn.estimators._running import NAMES, RunningRNN
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._stored import stored_structure
from sk_biornn.estimators._wiring import (
    cut_to_connectome,
    mask_of_wiring,
    refuse_contradictions,
    refuse_other_signs,
)
from sk_biornn.estimators._wiring_told import (
    tell_of_connectome,
    tell_of_free_signs,
    tell_of_invented_signs,
)
from sk_biornn.units.labels import as_mask
from sk_biornn.units.order import UnitOrder


class DescribedRNN(RunningRNN):
    """Reads its arguments, once per fit; a family may add to what they say."""

    def _check_parameters(self) -> None:
        super()._check_parameters()
        refuse_contradictions(self)

    def _make_circuit(
        self, size: Size, generator: np.random.Generator, earlier: FitState | None
    ) -> Circuit:
        """Read from the arguments what the network is; a family may add to it."""
        units = self._units(None if earlier is None else earlier.circuit.order)
        order, n_units = units.order, len(units.signs)
        mask = mask_of_wiring(self, n_units) if self.mask is None else self.mask
        mask = order.arranged(as_mask(mask), "mask", (0, 1))
        structure = stored_structure(self, mask, n_units, self._constraint())
        if structure is None:
            structure = synapse_mask(n_units, mask, self.autapses)
        inputs = self._allowed_inputs(size.n_features, units)
        input_signs = self._features().arranged(self.input_signs, "input_signs", (0,))
        readout = self._allowed_readout(size.n_outputs, units)
        readout_signs = order.arranged(self.readout_signs, "readout_signs", (0,))
        circuit = Circuit(
            unit_signs=units.signs,
            signs=self._signs_in_force(units),
            mask=structure,
            inputs=input_projection(inputs, input_signs, size.n_features),
            readout=readout_projection(readout, readout_signs, units.signs, size.n_outputs),
            n_biases=2 if isinstance(self.recurrent_bias, str) else int(self.recurrent_bias),
            populations=units.populations,
            order=order,
        )
        refuse_other_signs(self, circuit)
        if earlier is None:
            tell_of_connectome(self)
            tell_of_invented_signs(self, units, circuit)
            tell_of_free_signs(self, units)
        return cut_to_connectome(self, circuit)

    def _features(self) -> UnitOrder:
        """Return the order of the columns of X, where they have names."""
        names = getattr(self, "feature_names_in_", None)
        return UnitOrder(None if names is None else tuple(names), "X")

    def _outputs(self) -> UnitOrder:
        """Return the order of the columns of y, where they have names."""
        names = getattr(self, "output_names_", None)
        return UnitOrder(None if names is None else tuple(names), "y")

    def _allowed_inputs(self, n_features: int, units: Units) -> np.ndarray | None:
        features = self._features()
        mask = units.order.arranged(self.input_mask, "input_mask", (0,), features)
        return matrix_mask("input_mask", mask, (len(units.signs), n_features))

    def _allowed_readout(self, n_outputs: int, units: Units) -> np.ndarray | None:
        outputs = self._outputs()
        mask = units.order.arranged(self.readout_mask, "readout_mask", (1,), outputs)
        mask = matrix_mask("readout_mask", mask, (n_outputs, len(units.signs)))
        if mask is not None and not mask.any():
            raise ValueError(
                "readout_mask must allow some unit to be read, or outputs would be constant; got "
                "False for all."
            )
        return mask

    def _has_observed(self) -> bool:
        """Whether outputs are units, each another one; regressors may."""
        return False

    def _signs_in_force(self, units: Units) -> np.ndarray:
        """Return the signs that the columns obey."""
        constraint, negative = self._constraint(), int((units.signs < 0).sum())
        if isinstance(constraint, NonNegative) and units.are_given and negative:
            raise ValueError(
                "signs must not contain -1 when all weights are non-negative (dale), got "
                f"{negative} inhibitory units."
            )
        in_force = getattr(constraint, "signs_in_force", None)
        return units.signs if in_force is None else in_force(units.signs)

    def _constraint(self) -> Constraint:
        if self.dale is None:
            return FixedMask()
        return LAWS[self.dale].make() if isinstance(self.dale, str) else self.dale

    def _frozen(self) -> tuple[str, ...]:
        """Return the names of weights that do not move."""
        more = self._learns_more_than_weights()
        frozen = check_frozen(self.frozen, tuple(NAMES), may_be_all=more)
        if self.plasticity != "none":
            return frozen
        if {*frozen, "W_rec"} == set(NAMES) and not more:
            raise ValueError(
                "frozen must leave some weights to train with plasticity='none', got "
                f"{list(frozen)}."
            )
        return (*frozen, "W_rec")

    def _learns_more_than_weights(self) -> bool:
        """Whether something moves of which `frozen` says nothing; a leaf may have more of it."""
        return bool(self.learn_tau or self.learn_slope or self.initial_state != "zero")

    def _optimisation(self, n_trials: int) -> Optimisation:
        # "auto" is that of scikit-learn's MLPClassifier.
        size = min(200, n_trials) if self.batch_size == "auto" else min(self.batch_size, n_trials)
        return Optimisation(
            solver=self.solver,
            learning_rate_init=float(self.learning_rate_init),
            learning_rate=self.learning_rate,
            epsilon=float(self.epsilon),
            max_grad_norm=None if self.max_grad_norm is None else float(self.max_grad_norm),
            batch_size=int(size),
            shuffle=bool(self.shuffle),
            n_iter_no_change=int(self.n_iter_no_change),
            tol=float(self.tol),
        )
