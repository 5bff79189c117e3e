"""Outputs that go on from the inputs: increments, a skip from their own past, and loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral

import numpy as np
import torch

from sk_biornn.core import WeightSpace
from sk_biornn.core.own_past import TIME_CONSTANTS, own_past
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._base import BaseRNN
from sk_biornn.estimators._begun_readout import Beginning
from sk_biornn.estimators._closed_loop import ClosedLoop
from sk_biornn.estimators._first_readout import Readout
from sk_biornn.estimators._forecasts import check_teacher_forcing
from sk_biornn.estimators._loss import Play
from sk_biornn.estimators._next_inputs import are_next_inputs, goes_straight_on, r2_of_no_change
from sk_biornn.estimators._observed import ObservedRNN
from sk_biornn.estimators._observing import Observing
from sk_biornn.estimators._own_past import PastOfOutputs
from sk_biornn.estimators._physiology import Extra
from sk_biornn.estimators._recorded import LEAST_GAIN, RecordedRNN
from sk_biornn.estimators._rules import Choice, Flag, Number, Optional, Rule, check_rules
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._target_checks import warn_of_next_inputs, warn_of_other_units
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials

_RULES: dict[str, Rule] = {
    "predict_increments": Flag(),
    "readout_skip": Optional(Choice(("diagonal", "present"))),
    "burn_in": Number(Integral, 0),
    "horizon": Number(Integral, 1),
}


class ContinuedRNN(ObservedRNN, RecordedRNN, BaseRNN):
    """Makes outputs of the present input and its past, too, and feeds them back while it learns."""

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_rules(self, _RULES)
        check_teacher_forcing(self.teacher_forcing)
        if self.predict_increments and self.output_activation != "identity":
            raise ValueError(
                "output_activation must be 'identity' with predict_increments=True, got "
                f"{self.output_activation!r}."
            )
        self._refuse_two_ways()

    def _refuse_two_ways(self) -> None:
        """Refuse to continue an input that is not of the kind of what is predicted."""
        if self.predict_increments and self.observation != "gaussian":
            raise ValueError(
                f"predict_increments must be False with observation={self.observation!r}, whose "
                "means are no sum of the present input and an increment, got True."
            )
        for name in ("predict_increments", "readout_skip"):
            if self.calcium_tau is not None and getattr(self, name):
                raise ValueError(
                    f"{name} must be {False if name == 'predict_increments' else None} with "
                    "calcium_tau, which filters the read-out and not what is measured, got "
                    f"{getattr(self, name)!r}."
                )

    def _continues_inputs(self) -> bool:
        """Whether outputs are made of the present input, too."""
        return bool(self.predict_increments) or self.readout_skip is not None

    def _learns_more_than_weights(self) -> bool:
        has_kernel = isinstance(self.calcium_tau, str)  # "learned"
        more = self.readout_skip is not None or has_kernel
        return more or super()._learns_more_than_weights()

    def _starts_fitted(self) -> bool:
        """Whether training begins at regressions on the own past."""
        return self.readout_skip == "diagonal" and self.observation == "gaussian"

    def _is_in_loop(self) -> bool:
        """Whether training feeds outputs back."""
        return (
            self.horizon > 1 or hasattr(self.teacher_forcing, "share") or (self.teacher_forcing < 1)
        )

    def _needs_columns(self) -> str:
        """Return the argument that needs to know which column each output continues."""
        if self.predict_increments:
            return "predict_increments=True"
        if self.readout_skip is not None:
            return f"readout_skip={self.readout_skip!r}"
        return f"horizon={self.horizon}" if self.horizon > 1 else "teacher_forcing"

    def _without_burn_in(self, scored: np.ndarray, every_step: bool) -> np.ndarray:
        """Return which entries are judged: none of the first steps."""
        if not self.burn_in:
            return scored
        if not every_step:
            raise ValueError(
                f"burn_in must be 0 with targets at the last step, got {self.burn_in}."
            )
        if not scored[:, self.burn_in :].any():
            raise ValueError(
                f"burn_in must leave steps that are judged, got {self.burn_in} with trials of "
                f"{scored.shape[1]} steps."
            )
        return np.where(np.arange(scored.shape[1])[:, None] < self.burn_in, False, scored)

    def _warn_of_next_inputs(self, trials: Trials, values: np.ndarray, scored: np.ndarray) -> None:
        """Tell of targets that are the inputs one step on, if nothing is made of it."""
        own = self._columns_continued()
        if own is None or trials.n_steps < 2:
            return
        if self._continues_inputs() or self._is_in_loop():
            warn_of_other_units(trials.x[:, 1:, own], values[:, :-1], scored[:, :-1])
        if self._continues_inputs() or "W_out" in self._frozen():
            return  # with a read-out that is given, the circuit is what learns
        if self.observation != "gaussian" or self.calcium_tau is not None:
            return  # of counts the present says little, and an indicator is a past of its own
        if not are_next_inputs(trials.x, values, scored, own) or goes_straight_on(trials):
            return
        names = getattr(self, "output_names_", own)
        warn_of_next_inputs(names, r2_of_no_change(trials.x[:, :, own], values, scored))

    def _observing(self) -> Observing | None:
        observing = super()._observing()
        if not self._continues_inputs():
            return observing
        own, increments = self._columns_continued(), bool(self.predict_increments)
        return (observing or Observing())._replace(own=own, increments=increments)

    def _play(self, n_epochs: int, extras: Mapping[str, Extra]) -> Play:
        play = super()._play(n_epochs, extras)
        if self._continues_inputs():
            play = play._replace(reason_alone="outputs that are made of the present input, too")
        if not self._is_in_loop():
            return play
        own = self._columns_continued(self._needs_columns())
        assert own is not None
        last = n_epochs + max(self.max_iter, 1) - 1
        loop = ClosedLoop(own, self.horizon, self.burn_in, self.teacher_forcing, n_epochs, last)
        return play._replace(closed_loop=loop, reason_alone="a closed loop")

    def _extras(self, state: FitState, trials: Trials, targets: Targets) -> dict[str, Extra]:
        extras = super()._extras(state, trials, targets)
        if self.readout_skip is not None:
            start = np.zeros((self._n_terms(), targets.n_outputs))
            extras["w_skip"] = Extra(start, lambda device, dtype: WeightSpace())
        return extras

    def _n_terms(self) -> int:
        """Return of how many terms of its own past an output is made, see `core.own_past`."""
        if self.readout_skip is None:
            return 0
        return 1 + (len(TIME_CONSTANTS) if self.readout_skip == "diagonal" else 0)

    def _past_of(self, trials: Trials, targets: Targets) -> PastOfOutputs:
        """Return the past of every output, and what is to follow from it."""
        own = self._columns_continued()
        assert own is not None
        present = trials.x[:, :, own]
        terms = np.zeros((*present.shape[:2], 0, len(own)))
        if self.readout_skip is not None:
            found, _ = own_past(torch.from_numpy(present.astype(np.float64)), self._n_terms(), None)
            terms = found.numpy()
        values, weights = targets.values, targets.weights
        goes_on = are_next_inputs(trials.x, values, weights, own)
        values = values - present if self.predict_increments else values
        return PastOfOutputs.of(terms, values, weights, bool(self.predict_increments), goes_on)

    def _with_extras(
        self,
        state: FitState,
        extras: Mapping[str, Extra],
        trials: Trials,
        targets: Targets,
        resume: bool,
    ) -> FitState:
        """Start at the own past of every output: the read-out adds nothing to it at first."""
        state = super()._with_extras(state, extras, trials, targets, resume)
        if not self._continues_inputs():
            return state
        weights, frozen = dict(state.weights), self._frozen()
        if resume:
            if "w_skip" in weights:  # an earlier fit may have had none, or other terms
                weights["w_skip"] = _in_rows_of(weights["w_skip"], getattr(self, "w_skip_", None))
            return replace(state, weights=weights)
        if self.observation != "gaussian":
            return state
        past = self._past_of(trials, targets)
        beside: np.ndarray | float = 0.0
        if self._has_observed():
            beside = self._beside_units(state, trials, past, weights)
        elif "W_out" not in frozen:
            weights["w_out"] = np.zeros_like(weights["w_out"])
        start = past.fit(beside)
        if "w_skip" in weights:
            weights["w_skip"] = start.slopes.astype(weights["w_skip"].dtype)
        if "b_out" not in frozen:
            weights["b_out"] = start.intercepts.astype(weights["b_out"].dtype)
        if self._reads_at_first(state):
            rest = past.left_by(start)
            weights |= self._first_readout(replace(state, weights=weights), trials, targets, rest)
        return replace(state, weights=weights)

    def _reads_at_first(self, state: FitState) -> bool:
        """Whether the read-out starts at a regression, and not at 0."""
        is_learned = not {"W_out", "b_out"} & set(self._frozen())
        is_free = state.circuit.readout.signs is None and not self._has_observed()
        return self.readout_skip == "diagonal" and is_learned and is_free

    def _first_readout(
        self, state: FitState, trials: Trials, targets: Targets, rest: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return the read-out that the own past leaves most to, as weights of a state."""
        before, own = state.weights, self._columns_continued()
        assert own is not None

        def arrays(readout: Readout | None) -> dict[str, np.ndarray]:
            if readout is None:
                return {}
            w_out = readout.weights.astype(before["w_out"].dtype)
            b_out = (before["b_out"] + readout.biases).astype(before["b_out"].dtype)
            return {"w_out": w_out, "b_out": b_out}

        def with_readout(readout: Readout | None) -> boundary.Network:
            network = self._network_of(replace(state, weights={**before, **arrays(readout)}))
            start_map = self._start_map(before.get("initial"))
            return network._replace(observing=self._observing(), start_map=start_map)

        mask = state.circuit.readout.mask
        mask = np.ones(before["w_out"].shape, dtype=bool) if mask is None else mask
        loop = ClosedLoop(own, self.horizon, self.burn_in, teacher_forcing=1.0)
        kind = self.readout_from
        beginning = Beginning(trials, targets, rest, mask, with_readout, kind, loop)
        return arrays(beginning.readout())

    def _beside_units(
        self,
        state: FitState,
        trials: Trials,
        past: PastOfOutputs,
        weights: dict[str, np.ndarray],
    ) -> np.ndarray:
        """Return what is read of units, beside which the own past of every output starts.

        Gains that are learned start where they are best, too, but not where nothing would be
        learned of the units.
        """
        read = self._read_of(state, trials)
        if "W_out" not in self._frozen():
            gains = np.maximum(past.gains(read), LEAST_GAIN).astype(weights["w_out"].dtype)
            weights["w_out"] = weights["w_out"] * gains[:, None]
            read = read * gains
        return read


def _in_rows_of(array: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """Return what was there before in the shape of `array`, 0 in rows that were not."""
    found = np.zeros_like(array)
    if before is not None:
        n_rows = min(len(before), len(found))
        found[:n_rows] = before[:n_rows]
    return found
