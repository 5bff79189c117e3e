"""What of a network is learned beside weights, and how it is run while it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_biornn._blas import single_blas_thread
from sk_biornn._plain import short
from sk_biornn.core import Dynamics, RNNParams, Support, WeightSpace, computing
from sk_biornn.core.observation_model import Observation
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.estimators._early_stopping import EarlyStoppingRNN
from sk_biornn.estimators._initial_states import first_frames, n_frames_of, regression_on
from sk_biornn.estimators._loss import Play
from sk_biornn.estimators._parameters import leak_of
from sk_biornn.estimators._physiology import (
    Extra,
    are_rates,
    learned_initial,
    learned_leak,
    learned_slope,
)
from sk_biornn.estimators._running import NAMES
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials
from sk_biornn.estimators._wiring import types_of_units


class LivingRNN(EarlyStoppingRNN):
    """Says what is learned beside weights; a leaf may add to it."""

    _frames: NDArray[Any] | None = None  # first frames of the trials that have r_0 of their own

    @property
    def tau_(self) -> NDArray[np.float64]:
        """Time constant of every unit in ms, (n_units,): learned, or as `tau` has it."""
        if not hasattr(self, "W_rec_") or self.dt is None or not self._has_time_constants():
            raise AttributeError("tau_ is there after a fit with dt and tau.")
        leak = getattr(self, "leak_", None)
        if leak is not None:
            most = np.inf if self.tau_max is None else self.tau_max
            return np.clip(self.dt / leak.astype(np.float64), self.dt, most)
        order, n_units = self._state.circuit.order, self.W_rec_.shape[0]
        tau = order.arranged(self._time_constants(self._state.circuit.populations), "tau", (0,))
        return np.asarray(self.dt / leak_of(self.dt, tau, n_units) * np.ones(n_units))

    def _extras(self, state: FitState, trials: Trials, targets: Targets) -> dict[str, Extra]:
        """Return what is learned beside weights, by its name in `core.PhysiologyParams`."""
        circuit, extras = state.circuit, {}
        if self.learn_tau:
            extras["leak"] = self._learned_leak(circuit)
        if self.learn_slope:
            extras["slope"] = learned_slope(circuit.n_units)
        self._frames = None
        if self.initial_state != "zero":
            shape: tuple[int, ...] = (circuit.n_units,)
            if self.initial_state == "per trial":
                shape = (trials.n_trials, circuit.n_units)
                self._frames = first_frames(trials, n_frames_of(trials))
            extras["initial"] = learned_initial(shape, are_rates(self.activation, self.rectify))
        return extras

    def _learned_leak(self, circuit: Circuit) -> Extra:
        if self.dt is None or not self._has_time_constants():
            raise ValueError(
                "dt and tau must be given with learn_tau, got None: tau is where learning starts."
            )
        tau = circuit.order.arranged(self._time_constants(circuit.populations), "tau", (0,))
        leak = np.broadcast_to(leak_of(self.dt, tau, circuit.n_units), circuit.n_units)
        greatest = float(self.dt / leak.min())
        if self.tau_max is not None and greatest > self.tau_max * (1 + 1e-12):
            raise ValueError(
                f"tau_max must be at least the largest tau, {greatest:g} ms, got "
                f"{short(self.tau_max)}."
            )
        least = 0.0 if self.tau_max is None else float(self.dt / self.tau_max)
        groups = None
        if self.learn_tau == "type":
            groups = types_of_units(self, circuit, "learn_tau='type'")[0].astype(np.int64)
            _refuse_differences(np.asarray(leak), groups, float(self.dt))
        return learned_leak(np.array(leak, dtype=np.float64), least, groups)

    def _learned_before(self) -> dict[str, Extra]:
        """Return what an earlier fit has learned of the units; it stays unless it goes on."""
        self._refuse_other_dt()
        arrays = self._weight_arrays()
        kept = {name: arrays[name] for name in ("leak", "slope") if name in arrays}
        return {name: Extra(array, _fixed) for name, array in kept.items()}

    def _unlearned(self) -> frozenset[str]:
        """Return the names of all tensors that may be there and that training does not move."""
        physiology = {"leak": self.learn_tau, "slope": self.learn_slope}
        kept = {name for name, is_learned in physiology.items() if not is_learned}
        return frozenset(kept | {NAMES[name] for name in self._frozen()})

    def _with_extras(
        self,
        state: FitState,
        extras: Mapping[str, Extra],
        trials: Trials,
        targets: Targets,
        resume: bool,
    ) -> FitState:
        """Return the state with what is learned beside weights, as it starts or as it was left."""
        weights = {name: state.weights[name] for name in RNNParams._fields}
        dtype = weights["w_rec"].dtype
        before = self._extras_before(trials) if resume else {}
        for name, extra in extras.items():
            start = before.get(name, extra.start)
            start = start if start.shape == extra.start.shape else extra.start
            weights[name] = start.astype(dtype)
        return replace(state, weights=weights)

    def _extras_before(self, trials: Trials) -> dict[str, NDArray[Any]]:
        """Return what an earlier fit has learned beside weights, as it is for these trials."""
        before = {
            name: array for name, array in self._weight_arrays().items() if name not in self._five
        }
        if "initial" not in before:
            return before
        if self._frames is None:  # one for all, from now on
            before["initial"] = before["initial"].reshape(-1, len(self.b_rec_)).mean(axis=0)
            return before
        if before["initial"].ndim == 1:  # to each its own, from now on
            before["initial"] = np.repeat(before["initial"][None], trials.n_trials, axis=0)
            return before
        known = self._start_frames_
        if known.shape != self._frames.shape or not np.array_equal(known, self._frames):
            inferred = self._frames @ self.initial_map_
            is_rate = are_rates(self.activation, self.rectify)
            before["initial"] = np.maximum(inferred, 0) if is_rate else inferred
        return before

    _five = frozenset(RNNParams._fields)

    def _play(self, n_epochs: int, extras: Mapping[str, Extra]) -> Play:
        """Return how the network is run; a leaf may observe it, or close a loop."""
        del n_epochs
        return Play(reason_alone="physiology that is learned" if extras else None)

    def _observed_as(self) -> Observation | None:
        """Return the distribution that makes the loss; None: that of `_loss`."""
        return None

    def _held_out_outputs(
        self,
        dynamics: Dynamics,
        play: Play,
        trained_on: Trials,
        trials: Trials,
        every_step: bool,
        params: RNNParams,
        support: Support | None = None,
    ) -> np.ndarray:
        """Return the outputs of trials that do not train, from weights in the middle of a fit."""
        start_map = self._start_map(boundary.to_arrays(params).get("initial"))
        network = boundary.Network(params, dynamics, support, play.observing, start_map)
        if play.closed_loop is None:
            return boundary.predict_outputs(network, trials, every_step)
        with torch.no_grad(), computing():
            x = boundary.to_tensor(trials.x, params.w_rec.device, params.w_rec.dtype)
            outputs = play.closed_loop.outputs(network, x, trials)
        boundary.refuse_non_finite_outputs(outputs)
        return outputs.cpu().numpy()

    @single_blas_thread
    def _start_map(self, initial: NDArray[Any] | None) -> NDArray[np.float64] | None:
        """Return the map from first frames to r_0, of rates that each training trial has."""
        if self._frames is None or initial is None or initial.ndim == 1:
            return None
        return regression_on(self._frames) @ initial.astype(np.float64)


def _fixed(device: torch.device, dtype: torch.dtype) -> WeightSpace:
    return WeightSpace(trainable=False)


def _refuse_differences(leak: NDArray[Any], groups: NDArray[np.int64], dt: float) -> None:
    """Refuse units of a type that start with different time constants."""
    for group in np.unique(groups):
        own = leak[groups == group]
        if own.min() != own.max():
            raise ValueError(
                "tau must be the same for all units of a type with learn_tau='type', got "
                f"{dt / own.max():g} and {dt / own.min():g} ms in one."
            )
