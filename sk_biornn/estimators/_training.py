"""One training of a network: a state goes in, and another comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from sk_biornn.biology._spaces import clipping_space, sign_bounds
from sk_biornn.biology.constraints import Constraint
from sk_biornn.core import (
    Epochs,
    History,
    Optimisation,
    RNNParams,
    Spaces,
    WeightSpace,
    computing,
    sum_of_two,
    train_by_epochs,
    within,
)
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit, Projection
from sk_biornn.estimators._gains import bind_gains
from sk_biornn.estimators._held_out import HeldOut
from sk_biornn.estimators._loss import Loss
from sk_biornn.estimators._physiology import Extra
from sk_biornn.estimators._stackable import Recipe
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._synapses import (
    Synapses,
    bind_stored,
    bind_synapses,
    in_circuit,
    in_stored_circuit,
)
from sk_biornn.estimators._trials import Trials
from sk_biornn.estimators._watch import Watch

# After each epoch, with what was counted in it; True ends the training.
Report = Callable[[History, Callable[[], FitState], "np.ndarray | None"], bool]


@dataclass(frozen=True, eq=False)
class Training:
    """What does not change from one phase of a fit to the next.

    Parameters
    ----------
    trials : Trials
        Those that are trained on.
    device : torch.device
        Where it is computed.
    constraint : Constraint
        Where the recurrent weights may be.
    frozen : set of str
        Names of the weights that do not move.
    extras : mapping of Extra
        What is learned beside weights.
    optimisation : Optimisation
        How to descend.
    bind_loss : callable
        (circuit, synapses, dtype, noise) -> loss function of weights and trials.
    noisy : bool
        Whether the loss needs a source of noise.
    monitor : HeldOut or None
        Validation score of weights.
    report : callable
        Called after each epoch with its history and with what makes the state at that moment.
    watch : Watch
        Told of what happens.
    """

    trials: Trials
    device: torch.device
    constraint: Constraint
    frozen: frozenset[str]
    extras: Mapping[str, Extra]
    optimisation: Optimisation
    bind_loss: Callable[..., Any]
    noisy: bool
    monitor: HeldOut | None
    report: Report
    watch: Watch

    @torch.inference_mode(False)
    @torch.enable_grad()
    def run(self, state: FitState, max_iter: int, epochs: range | None = None) -> Epochs[FitState]:
        """Cross into torch, bind what the circuit says, and run the training loop."""
        circuit = state.circuit
        constraint, synapses, noise, loss, params, spaces, history = self._in_torch(state)
        loop, watch = loss.play.closed_loop, self.watch
        now: list[Callable[[], FitState]] = [lambda: state]  # after the last epoch

        def report(params: RNNParams, history: History) -> bool:
            if loop is not None:
                loop.epoch = len(history.losses)

            def middle() -> FitState:
                after = self._after(state, params, history, synapses, noise, in_middle=True)
                return after.with_own_generator()

            wants_to_stop = self.report(history, middle, loss.tallied.take())
            if watch.follows_epochs:
                now[0] = middle
                wants_to_stop |= watch.epoch_ended(history, middle, self.monitor)
            return wants_to_stop

        recipe = Recipe(constraint, circuit, self.frozen, self.optimisation.solver, loss)
        if epochs is None:
            watch.computes(circuit, synapses.support, self.device, recipe.is_recordable)
        start_score = self._score_of_start(params, synapses)
        params, history = yield from train_by_epochs(
            params,
            loss,
            spaces,
            self.trials.n_trials,
            replace(self.optimisation, max_iter=max_iter),
            state.generator,
            lengths=self.trials.lengths,
            monitor=self._monitor_of(synapses),
            start_score=start_score,
            before_epoch=(lambda: watch.epoch_begins(now[0])) if watch.follows_epochs else None,
            on_epoch=report,
            history=history,
            epochs=epochs,
            recipe=recipe,
            recordable=recipe.is_recordable,
            generators=() if noise is None else (noise,),
        )
        after = self._after(state, params, history, synapses)
        if self.monitor is not None and epochs is None:
            watch.judged(state, after, max_iter, start_score)
        return after

    def _in_torch(
        self, state: FitState
    ) -> tuple[Constraint, Synapses, torch.Generator | None, Loss, RNNParams, Spaces, History]:
        """Return what the training loop is given, and what it is bound to."""
        circuit, dtype = state.circuit, boundary.torch_dtype(state.weights["w_rec"].dtype)
        with computing():  # with several threads, each of these few calls wakes them all
            signs = boundary.to_tensor(circuit.signs, self.device, dtype)
            constraint, synapses = self._bound(circuit, signs)
            history = state.history()
            history.moments = synapses.contract(self._moments(state))
            history.theta = {
                name: boundary.to_tensor(array, self.device) for name, array in state.theta.items()
            }
            noise = self._noise(state)
            loss = self.bind_loss(circuit, synapses, dtype, noise)
            params = boundary.to_params(state.weights, dtype, self.device)
            spaces = self._spaces(circuit, synapses, dtype, state)
        return constraint, synapses, noise, loss, params, spaces, history

    def _bound(self, circuit: Circuit, signs: torch.Tensor) -> tuple[Constraint, Synapses]:
        """Return the constraint as the circuit has it, and what it is bound to."""
        if circuit.is_stored:
            support = boundary.to_support(circuit.mask, self.device)
            constraint = in_stored_circuit(self.constraint, support)
            if circuit.wiring is not None:
                return constraint, bind_gains(circuit, self.device, signs.dtype)
            return constraint, bind_stored(constraint, signs, support)
        allowed = boundary.to_tensor(circuit.mask, self.device)
        constraint = in_circuit(self.constraint, allowed)
        may_be_sparse = "initial" not in self.extras  # whose gradient sparse products do not have
        if circuit.wiring is not None:
            return constraint, bind_gains(circuit, self.device, signs.dtype, may_be_sparse)
        return constraint, bind_synapses(constraint, signs, allowed, may_be_sparse)

    def _monitor_of(self, synapses: Synapses) -> Callable[[RNNParams], float] | None:
        if self.monitor is None or synapses.stored is None:
            return self.monitor
        return partial(self.monitor, support=synapses.stored)

    def _score_of_start(self, params: RNNParams, synapses: Synapses) -> float | None:
        if self.monitor is None:
            return None
        return self.monitor.of_start(params, support=synapses.stored)

    def _after(
        self,
        state: FitState,
        params: RNNParams,
        history: History,
        synapses: Synapses,
        noise: torch.Generator | None = None,
        in_middle: bool = False,
    ) -> FitState:
        """Return the state that was reached; in the middle of training with where the noise is."""
        moments = synapses.expand(history.moments)
        judged = () if self.monitor is None else self.monitor.losses
        return replace(
            state,
            weights=boundary.to_arrays(params),
            losses=tuple(history.losses),
            scores=tuple(history.scores),
            validation_losses=tuple(judged[: len(history.scores)]),  # none of an unfinished epoch
            solver=history.solver,
            theta={name: tensor.cpu().numpy().copy() for name, tensor in history.theta.items()},
            moments=boundary.LaterArrays(moments) if in_middle else boundary.from_moments(moments),
            noise=None if noise is None else noise.get_state().cpu().numpy().copy(),
            stopped=history.stopped,
            interrupted=history.interrupted,
        )

    def _noise(self, state: FitState) -> torch.Generator | None:
        """Return the source of noise: a new one, or that of a fit that was left in the middle."""
        if not self.noisy:
            return None
        if state.noise is None:
            return boundary.make_generator(state.generator, self.device)
        noise = torch.Generator(device=self.device)
        noise.set_state(torch.from_numpy(state.noise.copy()))
        return noise

    def _moments(self, state: FitState) -> dict[str, dict[str, torch.Tensor]]:
        """Return what the optimiser remembers; what a new mask forbids does not roll on."""
        moments = boundary.to_moments(state.moments, self.device)
        for name, mask in state.circuit.masks().items():
            momentum = moments.get(name, {}).get("exp_avg")
            if momentum is not None and momentum.shape[-mask.ndim :] == mask.shape:
                momentum *= boundary.to_tensor(mask, self.device)
        return moments

    def _spaces(
        self, circuit: Circuit, synapses: Synapses, dtype: torch.dtype, state: FitState
    ) -> Spaces:
        """Return where each tensor may be: in its mask, with its signs, or in its place."""
        masks = circuit.masks()
        spaces = {
            "w_in": self._projection(circuit.inputs, state.weights["w_in"], dtype),
            "w_rec": synapses.space,
            "b_rec": self._masked(masks["b_rec"], dtype) if "b_rec" in masks else WeightSpace(),
            "w_out": self._projection(circuit.readout, state.weights["w_out"], dtype),
            "b_out": WeightSpace(),
        }
        if circuit.n_biases == 2:
            spaces["b_rec"] = sum_of_two(spaces["b_rec"])
        spaces |= {name: extra.space(self.device, dtype) for name, extra in self.extras.items()}
        for name in self.frozen:
            spaces[name] = spaces[name]._replace(trainable=False)
        return Spaces(**spaces)

    def _projection(
        self, projection: Projection, weights: np.ndarray, dtype: torch.dtype
    ) -> WeightSpace:
        if projection.signs is None:
            return (
                WeightSpace() if projection.mask is None else self._masked(projection.mask, dtype)
            )
        mask = np.ones(weights.shape, dtype=bool) if projection.mask is None else projection.mask
        signs = boundary.to_tensor(projection.signs, self.device, dtype)
        return clipping_space(*sign_bounds(signs, boundary.to_tensor(mask, self.device)))

    def _masked(self, mask: np.ndarray, dtype: torch.dtype) -> WeightSpace:
        return within(boundary.to_tensor(mask, self.device, dtype))
