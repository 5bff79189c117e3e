"""One run: a dense network learns a task, is pruned in every way, and may train on."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from sk_biornn.studies._repeatable import seed_of
from sk_biornn.studies._runner import fill_record
from sk_biornn.studies.dale._job import make_network
from sk_biornn.studies.dale.tasks import TASKS, Data, Task
from sk_biornn.studies.pruning.presets import LEGACY, LEGACY_RANDOM, PruningPreset

RUN = ("task", "simulation")
POINT = ("method", "density", "achieved_density", "tree_overlap", "one_shot", "finetuned")


class Run(NamedTuple):
    """What tells a run from the others of a study."""

    task: str
    simulation: int

    @property
    def name(self) -> str:
        """Return the name of the run, which is also that of its file."""
        return f"{self.task}_{self.simulation:03d}"


def run_one(
    run: Run, preset: PruningPreset, random_state: int, data_home: Any = None
) -> dict[str, Any]:
    """Train a dense network and prune it; the same arguments give the same record.

    The record has the test score of the dense network, and a row per method and density: the
    density reached, the share of the maximum spanning tree that survives, the test score at once
    and, where the preset says so, after training on. All methods prune the same network. Zeros that
    a published formula keeps do not count in the density reached; they may grow later.
    """
    record: dict[str, Any] = {
        **run._asdict(),
        "metric": TASKS[run.task].metric,
        "dense": None,
        "points": [],
    }
    return fill_record(record, _fill, run, preset, random_state, data_home)


def _fill(
    record: dict[str, Any], run: Run, preset: PruningPreset, random_state: int, data_home: Any
) -> None:
    def seed(*purpose: Any) -> int:
        return seed_of(random_state, run.task, run.simulation, *purpose)

    task, budget = TASKS[run.task], preset.training.budgets[run.task]
    data = task.make_data(budget, seed("data"), data_home)
    seeds = seed("recurrent weights"), seed("training")
    dense = make_network(preset.arm, task, preset.training, *seeds)
    dense.fit(data.X_train, data.y_train)
    record["dense"] = _score(dense, task, data)
    for method in preset.methods:
        for density in preset.densities:
            point_seed = seed("pruning", method, density)
            record["points"].append(
                [method, density, *_prune(dense, method, density, point_seed, preset, task, data)]
            )


def _prune(
    dense: Any,
    method: str,
    density: float,
    seed: int,
    preset: PruningPreset,
    task: Task,
    data: Data,
) -> tuple[float, float, float, float | None]:
    """Return density reached, share of the tree that survives, score at once, and score later."""
    from sk_biornn.inspection import spanning_tree_overlap

    kept, _ = pruner_of(method).prune(dense.W_rec_, density, random_state=seed)
    achieved = np.mean(kept & (dense.W_rec_ != 0))  # a zero that is kept carries nothing yet
    network = copy.deepcopy(dense)
    network.W_rec_ = np.where(kept, dense.W_rec_, 0).astype(dense.W_rec_.dtype)
    overlap = spanning_tree_overlap(dense.W_rec_, kept)
    at_once = _score(network, task, data)
    later = None
    if density in preset.finetuned:
        if density == 1:
            kept = np.ones_like(kept)  # the control: nothing is pruned, and a weight of 0 may grow
        later = _score(train_on(network, kept, preset.finetune_iter, data), task, data)
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


def train_on(network: Any, kept: np.ndarray, n_epochs: int, data: Data) -> Any:
    """Train a pruned network under its mask, with a fresh optimiser as in the original."""
    network.set_params(mask=kept, warm_start=True, max_iter=n_epochs)
    network.restart_optimiser()
    return network.fit(data.X_train, data.y_train)


def _score(network: Any, task: Task, data: Data) -> float:
    return task.score(data.y_test, network.predict(data.X_test))
