"""The phases of a fit that prunes: dense training, pruning, training under the mask."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sk_biornn.core import Epochs
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.estimators._pruning import DensityWarning, PruningPlan
from sk_biornn.estimators._state import FitState, Pruned
from sk_biornn.estimators._training import Training

ENOUGH, A_FEW = 0.75, 5  # of what is asked for, and missing weights: what is worse is told


def train_prune_train(
    training: Training, plan: PruningPlan, state: FitState, max_iter: int, finetune_iter: int
) -> Epochs[FitState]:
    """Run all phases; an interrupted one is the last."""
    plan.rehearse(state.weights["w_rec"], state.circuit.mask, state.generator)
    if plan.gradual:
        state = yield from _train_while_pruning(training, plan, state, max_iter)
    else:
        state = yield from training.run(state, max_iter)
    if state.interrupted:
        return state
    _tell_what_is_missing(plan, state)
    state = _prune(plan, state, plan.density, is_last=True).with_fresh_optimiser()
    density = state.circuit.n_synapses / float(state.circuit.n_units) ** 2
    training.watch.say(f"pruned after epoch {state.n_iter}: density {density:.4f}")
    return (yield from training.run(state, finetune_iter)) if finetune_iter else state


def _train_while_pruning(
    training: Training, plan: PruningPlan, state: FitState, max_iter: int
) -> Epochs[FitState]:
    """Prune a little after every epoch but the last, with one optimiser throughout.

    The mask must fall to its goal, so `early_stopping` does not act before it is there.
    """
    everywhere = np.ones(state.circuit.form, dtype=bool)
    there = everywhere if state.circuit.is_stored else state.circuit.mask
    start: Any = np.nan_to_num(plan.densities(there, state.circuit.mask))
    for epoch in range(max_iter):
        state = yield from training.run(state, max_iter, epochs=range(epoch, epoch + 1))
        if state.interrupted or state.stopped or epoch + 1 == max_iter:
            break
        state = _prune(plan, state, plan.density_after(epoch + 1, max_iter, start))
    return state


def _prune(plan: PruningPlan, state: FitState, density: Any, *, is_last: bool = False) -> FitState:
    """Narrow the mask, and set what is off it to zero."""
    w_rec = state.weights["w_rec"]
    kept, achieved = plan.prune(w_rec, density, state.circuit.mask, state.generator)
    pruned = Pruned(achieved)
    if is_last:
        before = state.circuit.matrix(w_rec.copy())
        pruned = Pruned(achieved, plan.goal, before, state.n_iter)
    return state.pruned_to(kept, pruned)


def _tell_what_is_missing(plan: PruningPlan, state: FitState) -> None:
    """Warn of blocks that have far fewer weights than are to be kept: most rest at 0 already."""
    w_rec, circuit = state.weights["w_rec"], state.circuit
    there = w_rec != 0 if circuit.is_stored else circuit.mask & (w_rec != 0)
    if plan.synapses is not None:
        there &= plan.synapses
    asked: Any = np.atleast_2d(np.where(plan.density < 1, plan.density, 0))  # 1: all that there are
    found = np.atleast_2d(plan.densities(there, circuit.mask))
    units = (
        [circuit.n_units] if plan.blocks is None else np.bincount(plan.blocks, minlength=len(asked))
    )
    missing = (asked - found) * np.outer(units, units)
    short = np.argwhere((found < ENOUGH * asked) & (missing >= A_FEW))
    if not len(short):
        return
    worst = max(map(tuple, short), key=lambda block: asked[block] - found[block])
    which = f" in the block {_block_name(circuit, plan, worst)}" if asked.size > 1 else ""
    more = f" (other such blocks: {len(short) - 1})" if len(short) > 1 else ""
    warnings.warn(
        f"density {asked[worst]:.3g} was asked for{which}, where only {found[worst]:.3g} of the "
        f"weights are not 0 before pruning{more}; a recurrent_init of many small weights, such as "
        "'balanced', leaves more.",
        DensityWarning,
        stacklevel=2,
    )


def _block_name(circuit: Circuit, plan: PruningPlan, block: tuple[int, ...]) -> str:
    table = circuit.populations
    if table is not None and plan.by_population and len(table) > max(block):
        return " <- ".join(repr(table["population"].iloc[k]) for k in block)
    return " <- ".join(str(k) for k in block)
