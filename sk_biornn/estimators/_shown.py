"""What is seen of a network: the attributes of a fit, and who sees them while it goes on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sk_biornn.core import History
from sk_biornn.estimators._gains import count_parameters, gains_frame, wiring_now
from sk_biornn.estimators._living import LivingRNN
from sk_biornn.estimators._physiology import EXTRA_ATTRIBUTES
from sk_biornn.estimators._running import ALL_ATTRIBUTES
from sk_biornn.estimators._state import FitState


class ShownRNN(LivingRNN):
    """Shows what a fit has reached."""

    def _after_epoch(
        self, history: History, state: Callable[[], FitState], tallied: np.ndarray | None
    ) -> bool:
        """Let the user's function see the network as it is now; return whether it wants to stop."""
        if self.on_epoch is None:
            return False
        self._show(state())
        return bool(self.on_epoch(self))

    def _show(self, state: FitState) -> None:
        """Set the attributes that say what the network is now and how it came there."""
        for name, array in state.weights.items():
            is_recurrent = name == "w_rec"
            shown = state.circuit.matrix(array) if is_recurrent else array
            setattr(self, ALL_ATTRIBUTES[name], shown)
        for name, attribute in EXTRA_ATTRIBUTES.items():
            if name not in state.weights:
                self.__dict__.pop(attribute, None)
        if "leak" in state.weights:
            self._dt_of_leak = self.dt
        self.signs_, self.mask_ = state.circuit.signs, state.circuit.mask
        self.unit_names_ = state.circuit.order.names
        self.W0_ = wiring_now(state.circuit)
        self.gains_ = gains_frame(state)
        self.n_parameters_ = count_parameters(state, self._unlearned())
        self.loss_curve_ = list(state.losses)
        self.n_iter_ = state.n_iter
        self.best_loss_ = min(state.losses) if state.losses else float("nan")
        self.validation_scores_ = list(state.scores) if self.early_stopping else None
        losses = list(state.validation_losses) if self.early_stopping else None
        self.validation_loss_curve_ = losses
        pruned = state.pruned
        self.achieved_density_ = None if pruned is None else pruned.achieved_density
        self.W_dense_ = None if pruned is None else pruned.W_dense
        self.n_iter_dense_ = None if pruned is None else pruned.n_iter_dense
        self._state = replace(state, weights={})  # which are the attributes
        self._show_starts()

    def _show_starts(self) -> None:
        """Keep what new trials need where each training trial has initial rates of its own."""
        for name in ("initial_map_", "_start_frames_"):
            self.__dict__.pop(name, None)
        if self._frames is not None:
            self.initial_map_ = self._start_map(self.initial_state_)
            self._start_frames_ = self._frames

    def _tell_of_interruption(self, state: FitState) -> None:
        if state.interrupted:
            warnings.warn(
                f"fit was interrupted from the keyboard after epoch {state.n_iter}: the weights "
                "are those of its end.",
                ConvergenceWarning,
                stacklevel=2,
            )
