"""One run: a dense network learns a task, is pruned in every way, and may be fine-tuned."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from sk_biornn.studies._parts import Data
from sk_biornn.studies._repeatable import seed_of
from sk_biornn.studies._runner import Record
from sk_biornn.studies._study import Plan
from sk_biornn.studies._together import Steps
from sk_biornn.studies.dale.job import make_network
from sk_biornn.studies.dale.tasks import TASKS, DaleTask
from sk_biornn.studies.pruning.settings import LEGACY, LEGACY_RANDOM, PruningPreset

POINT = ("method", "density", "achieved_density", "tree_overlap", "one_shot", "finetuned")


class Run(NamedTuple):
    """What tells a run from the others of a study."""

    task: str
    simulation: int


def blank(run: Run, plan: Plan) -> Record:
    """Return the record of a run before it starts."""
    return {**run._asdict(), "metric": TASKS[run.task].metric, "dense": None, "points": []}


def job(record: Record, run: Run, plan: Plan) -> Steps:
    """Train a dense network and prune it; the same arguments give the same record.

    The record has the test score of the dense network, and a row per method and density: the
    density reached, the share of the maximum spanning tree that survives, the test score at once
    and, where the preset says so, after training on. All methods prune the same network. Zeros that
    a published formula keeps do not count in the density reached; they may grow later. It yields
    what is to be computed.
    """
    from sk_biornn.ensemble import epochs_of_fit

    def seed(*purpose: Any) -> int:
        return seed_of(plan.random_state, run.task, run.simulation, *purpose)

    preset = plan.settings
    task, budget = TASKS[run.task], preset.training.budgets[run.task]
    data = task.make_data(budget, seed("data"), plan.source)
    seeds = seed("recurrent weights"), seed("training")
    dense = make_network(preset.arm, task, preset.training, *seeds).set_params(device=plan.device)
    yield from epochs_of_fit(dense, data.X_train, data.y_train)
    record["dense"] = yield from _score(dense, task, data)
    for method in preset.methods:
        for density in preset.densities:
            point_seed = seed("pruning", method, density)
            found = yield from _prune(dense, method, density, point_seed, preset, task, data)
            record["points"].append([method, density, *found])


def _prune(
    dense: Any,
    method: str,
    density: float,
    seed: int,
    preset: PruningPreset,
    task: DaleTask,
    data: Data,
) -> Steps:
    """Return density reached, share of the tree that survives, score at once, and score later."""
    from sk_biornn.inspection import spanning_tree_overlap

    kept, _ = pruner_of(method).prune(dense.W_rec_, density, random_state=seed)
    achieved = np.mean(kept & (dense.W_rec_ != 0))  # a zero that is kept carries nothing yet
    network = copy.deepcopy(dense)
    network.W_rec_ = np.where(kept, dense.W_rec_, 0).astype(dense.W_rec_.dtype)
    overlap = spanning_tree_overlap(dense.W_rec_, kept)
    at_once = yield from _score(network, task, data)
    later = None
    if density in preset.finetuned:
        if density == 1:
            kept = np.ones_like(kept)  # the control: nothing is pruned, and a weight of 0 may grow
        yield from train_on(network, kept, preset.finetune_iter, data)
        later = yield from _score(network, task, data)
    return float(achieved), float(overlap), at_once, later


def pruner_of(method: str) -> Any:
    """Return who prunes."""
    from sk_biornn.biology import MagnitudePruning, RandomPruning, TopProbPruning

    return {
        "top-prob": TopProbPruning(),
        LEGACY: TopProbPruning(legacy="figure3"),
        "magnitude": MagnitudePruning(),
        "random": RandomPruning(),
        LEGACY_RANDOM: RandomPruning(legacy="figure3"),
    }[method]


def train_on(network: Any, kept: np.ndarray, n_epochs: int, data: Data) -> Steps:
    """Train a pruned network under its mask, with a fresh optimiser as in the original."""
    from sk_biornn.ensemble import epochs_of_fit

    network.set_params(mask=kept, warm_start=True, max_iter=n_epochs)
    network.restart_optimiser()
    return (yield from epochs_of_fit(network, data.X_train, data.y_train))


def _score(network: Any, task: DaleTask, data: Data) -> Steps:
    from sk_biornn.ensemble import answers_of

    return task.score(data.y_test, (yield from answers_of(network, data.X_test)))
