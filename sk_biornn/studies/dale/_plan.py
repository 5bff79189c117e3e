"""What a study will do: its arguments checked, and the list of its runs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from sk_biornn.studies._checks import checked_int, one_of
from sk_biornn.studies.dale.arms import ARMS, Arm
from sk_biornn.studies.dale.presets import PRESETS, Preset
from sk_biornn.studies.dale.tasks import TASKS, Task, mnist_is_present


@dataclasses.dataclass(frozen=True)
class Plan:
    """All runs of a study, as data."""

    preset: Preset
    tasks: tuple[str, ...]
    arms: tuple[Arm, ...]
    n_simulations: int
    random_state: int

    def runs(self) -> Iterable[tuple[Arm, Task, Preset, int]]:
        """Yield the arguments of `run_one`, simulation by simulation: early results are paired."""
        for simulation, task, arm in itertools.product(
            range(self.n_simulations), self.tasks, self.arms
        ):
            yield arm, TASKS[task], self.preset, simulation

    def names(self) -> list[str]:
        """Return the names of the runs in the order of the tables."""
        return [
            name_of(arm, TASKS[task], self.preset, simulation)
            for task, arm, simulation in itertools.product(
                self.tasks, self.arms, range(self.n_simulations)
            )
        ]

    def describe(self) -> dict[str, Any]:
        """Return all that the numbers depend on, as JSON can hold it."""
        preset = self.preset
        tasks = {name: dataclasses.asdict(preset.budgets[name]) for name in self.tasks}
        return {
            "study": "dale",
            "preset": preset.name,
            "random_state": self.random_state,
            "simulations": self.n_simulations,
            "n_units": preset.n_units,
            "rectify_all": preset.rectify_all,
            "learning_rate": preset.learning_rate,
            "max_grad_norm": preset.max_grad_norm,
            "tasks": tasks,
            "arms": [arm.describe() for arm in self.arms],
        }


def name_of(arm: Arm, task: Task, preset: Preset, simulation: int) -> str:
    """Return the name of a run, which is also that of its file."""
    return f"{task.name}_{arm.name}_{arm.init}_{simulation:03d}"


def make_plan(
    preset: str | Preset,
    tasks: Sequence[str] | None,
    arms: Sequence[str] | None,
    simulations: int | None,
    random_state: int,
    data_home: Any,
) -> Plan:
    """Check the arguments of a study, each refused in one sentence, and lay out its runs."""
    if isinstance(preset, str):
        preset = PRESETS[one_of("preset", preset, PRESETS)]
    if not isinstance(preset, Preset):
        raise TypeError(f"preset must be a name or a Preset, got {type(preset).__name__}.")
    n_simulations = preset.n_simulations if simulations is None else simulations
    return Plan(
        preset,
        choose_tasks(preset, tasks, data_home),
        _choose_arms(preset, arms),
        checked_int("simulations", n_simulations, 1),
        checked_int("random_state", random_state, 0),
    )


def choose_tasks(preset: Preset, names: Sequence[str] | None, data_home: Any) -> tuple[str, ...]:
    """Return the tasks that are asked for; None: all of the preset whose data are there."""
    known = [name for name in TASKS if name in preset.budgets]
    if names is not None:
        chosen = {one_of("tasks", name, known) for name in _listed("tasks", names)}
        if "mnist" in chosen and not mnist_is_present(data_home):
            raise ValueError(
                "tasks has 'mnist', but its four idx files are not in the data home; see "
                "sk_biornn.datasets.fetch_sequential_mnist, which downloads them."
            )
        return tuple(name for name in known if name in chosen)
    if "mnist" in known and not mnist_is_present(data_home):
        known.remove("mnist")
    return tuple(known)


def _choose_arms(preset: Preset, names: Sequence[str] | None) -> tuple[Arm, ...]:
    known = [arm for arm in ARMS if arm.init in preset.inits]
    if names is None:
        return tuple(known)
    allowed = dict.fromkeys([*(arm.name for arm in known), *(arm.key for arm in known)])
    chosen = {one_of("arms", name, allowed) for name in _listed("arms", names)}
    return tuple(arm for arm in known if chosen & {arm.name, arm.key})


def _listed(argument: str, names: Sequence[str]) -> Sequence[str]:
    if isinstance(names, str) or not names:
        raise ValueError(f"{argument} must be a sequence of names or None, got {names!r}.")
    return names
