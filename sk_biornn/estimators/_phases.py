"""The phases of a fit that prunes: dense training, pruning, training under the mask."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sk_biornn.biology._blocks import block_densities
from sk_biornn.core import History, RNNParams
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._pruning import DensityWarning, PruningPlan

if TYPE_CHECKING:
    from sk_biornn.estimators._base import BaseRNN

ENOUGH, A_FEW = 0.75, 5  # of what is asked for, and missing weights: what is worse is told
Arrays = dict[str, np.ndarray]
Train = Callable[..., tuple[RNNParams, History]]  # (weights, max_iter, history, epochs=None)


def train_prune_train(
    network: BaseRNN,
    plan: PruningPlan,
    train: Train,
    weights: Arrays,
    max_iter: int,
    history: History | None,
) -> tuple[Arrays, History]:
    """Run all phases; `mask_`, `W_dense_`, `achieved_density_`, `n_iter_dense_` are set midway."""
    plan.rehearse(weights["w_rec"], network.mask_, network._rng)
    phase = _train_while_pruning if plan.gradual else _train_once
    weights, history = phase(network, plan, train, weights, max_iter, history)
    network.W_dense_ = weights["w_rec"].copy()
    network.n_iter_dense_ = len(history.losses)
    _tell_what_is_missing(network, plan, weights["w_rec"])
    weights = _prune(network, plan, weights, plan.density)
    network._pruned_to = plan.goal
    if network.verbose:
        density = float(network.mask_.mean())
        print(f"pruned after epoch {network.n_iter_dense_}: density {density:.4f}")
    history = History(losses=history.losses, scores=history.scores)  # a fresh optimiser
    if network.finetune_iter == 0:
        return weights, history
    return _train_once(network, plan, train, weights, network.finetune_iter, history)


def _train_once(
    network: BaseRNN,
    plan: PruningPlan,
    train: Train,
    weights: Arrays,
    max_iter: int,
    history: History | None,
) -> tuple[Arrays, History]:
    params, history = train(weights, max_iter, history)
    return boundary.to_arrays(params), history


def _train_while_pruning(
    network: BaseRNN,
    plan: PruningPlan,
    train: Train,
    weights: Arrays,
    max_iter: int,
    history: History | None,
) -> tuple[Arrays, History]:
    """Prune a little after every epoch but the last, with one optimiser throughout.

    The mask must fall to its goal, so `early_stopping` does not act before it is there.
    """
    start: Any = np.nan_to_num(block_densities(network.mask_, plan.density, plan.blocks))
    for epoch in range(max_iter):
        params, history = train(weights, max_iter, history, epochs=range(epoch, epoch + 1))
        weights = boundary.to_arrays(params)
        if history.stopped or epoch + 1 == max_iter:
            break
        weights = _prune(network, plan, weights, plan.density_after(epoch + 1, max_iter, start))
    assert history is not None  # for the type checker: there is at least one epoch
    return weights, history


def _prune(network: BaseRNN, plan: PruningPlan, weights: Arrays, density: np.ndarray) -> Arrays:
    """Narrow the network's mask, and return the weights with what is off it set to zero."""
    kept, achieved = plan.prune(weights["w_rec"], density, network.mask_, network._rng)
    network.mask_ = network.mask_ & kept
    network.achieved_density_ = achieved
    w_rec = np.where(network.mask_, weights["w_rec"], 0).astype(weights["w_rec"].dtype)
    return {**weights, "w_rec": w_rec}


def _tell_what_is_missing(network: BaseRNN, plan: PruningPlan, w_rec: np.ndarray) -> None:
    """Warn of blocks that have far fewer weights than are to be kept: most rest at 0 already."""
    there = network.mask_ & (w_rec != 0)
    if plan.synapses is not None:
        there &= plan.synapses
    asked: Any = np.atleast_2d(np.where(plan.density < 1, plan.density, 0))  # 1: all that there are
    found = np.atleast_2d(block_densities(there, plan.density, plan.blocks))
    units = [len(w_rec)] if plan.blocks is None else np.bincount(plan.blocks, minlength=len(asked))
    missing = (asked - found) * np.outer(units, units)
    short = np.argwhere((found < ENOUGH * asked) & (missing >= A_FEW))
    if not len(short):
        return
    worst = max(map(tuple, short), key=lambda block: asked[block] - found[block])
    which = f" in the block {_block_name(network, worst)}" if asked.size > 1 else ""
    more = f" (other such blocks: {len(short) - 1})" if len(short) > 1 else ""
    warnings.warn(
        f"density {asked[worst]:.3g} was asked for{which}, where only {found[worst]:.3g} of the "
        f"weights are not 0 before pruning{more}; a recurrent_init of many small weights, such as "
        "'balanced', leaves more.",
        DensityWarning,
        stacklevel=2,
    )


def _block_name(network: BaseRNN, block: tuple[int, ...]) -> str:
    table = getattr(network, "populations_", None)
    if table is not None and network.blocks is None and len(table) > max(block):
        return " <- ".join(repr(table["population"].iloc[k]) for k in block)
    return " <- ".join(str(k) for k in block)
