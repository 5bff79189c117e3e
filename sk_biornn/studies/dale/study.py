"""The study of Dale's law: Figure 2 of Balwani et al. (2025), and a fair version of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sk_biornn.studies._checks import checked_int, preset_of, several_of
from sk_biornn.studies._options import same_settings
from sk_biornn.studies._study import Plan, Study, run_study
from sk_biornn.studies.dale.about import ABOUT
from sk_biornn.studies.dale.job import Run, Settings, blank, job
from sk_biornn.studies.dale.report import REPORT, tables_of
from sk_biornn.studies.dale.settings import ARMS, PRESETS, DaleArm, DalePreset
from sk_biornn.studies.dale.tasks import TASKS, input_data, mnist_is_present


def make_plan(
    preset: str | DalePreset,
    *,
    tasks: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    simulations: int | None = None,
    random_state: int = 0,
    data_home: Any = None,
) -> Plan:
    """Check the arguments of a study, each refused in one sentence, and lay out its runs."""
    start = preset_of(preset, PRESETS, DalePreset, called="a Preset")
    n_simulations = start.n_simulations if simulations is None else simulations
    names = choose_tasks(start, tasks, data_home)
    chosen = _choose_arms(start, arms)
    n_simulations = checked_int("simulations", n_simulations, 1)
    random_state = checked_int("random_state", random_state, 0)
    described = {
        **_describe(start, names, chosen, n_simulations, random_state),
        "input_data": input_data(names, data_home),
    }
    return Plan(
        settings=Settings(
            start,
            {name: TASKS[name] for name in names},
            {(arm.name, arm.init): arm for arm in chosen},
        ),
        runs=planned(described),
        described=described,
        random_state=random_state,
        source=data_home,
    )


def planned(described: Mapping[str, Any]) -> tuple[Run, ...]:
    """Return the runs of a study with these settings, in the order of the tables."""
    return tuple(
        Run(task, arm["arm"], arm["init"], simulation)
        for task in described["tasks"]
        for arm in described["arms"]
        for simulation in range(described["simulations"])
    )


def _describe(
    start: DalePreset,
    names: Sequence[str],
    arms: Sequence[DaleArm],
    n_simulations: int,
    random_state: int,
) -> dict[str, Any]:
    return {
        "preset": start.name,
        "random_state": random_state,
        "simulations": n_simulations,
        "n_units": start.n_units,
        "rectify_all": start.rectify_all,
        "learning_rate": start.learning_rate,
        "max_grad_norm": start.max_grad_norm,
        "tasks": {name: dataclasses.asdict(start.budgets[name]) for name in names},
        "arms": [arm.describe() for arm in arms],
    }


def again(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the options of the command with these settings; None where no preset has them."""
    start, names = PRESETS[described["preset"]], list(described["tasks"])
    keys = [f"{arm['arm']}/{arm['init']}" for arm in described["arms"]]
    n_simulations, random_state = described["simulations"], described["random_state"]
    arms = _choose_arms(start, keys)
    if not same_settings(described, _describe(start, names, arms, n_simulations, random_state)):
        return None
    options = {
        "preset": start.name,
        "simulations": n_simulations,
        "random_state": random_state,
        "tasks": names,
    }
    return options if arms == _choose_arms(start, None) else {**options, "arms": keys}


def choose_tasks(
    preset: DalePreset, names: Sequence[str] | None, data_home: Any
) -> tuple[str, ...]:
    """Return the tasks that are asked for; None: all of the preset whose data are there."""
    known = [name for name in TASKS if name in preset.budgets]
    chosen = known if names is None else several_of("tasks", names, known)
    if "mnist" not in chosen or mnist_is_present(data_home):
        return tuple(chosen)
    if names is None:
        return tuple(name for name in chosen if name != "mnist")
    raise ValueError(
        "tasks has 'mnist', but its four idx files are not in the data home; see "
        "sk_biornn.datasets.fetch_sequential_mnist, which downloads them."
    )


def _choose_arms(preset: DalePreset, names: Sequence[str] | None) -> tuple[DaleArm, ...]:
    known = [arm for arm in ARMS if arm.init in preset.inits]
    if names is None:
        return tuple(known)
    allowed = dict.fromkeys([*(arm.name for arm in known), *(arm.key for arm in known)])
    chosen = several_of("arms", names, allowed)
    return tuple(arm for arm in known if arm.name in chosen or arm.key in chosen)


#: The study of Dale's law, for `run_study`.
DALE_STUDY = Study(
    name="dale",
    plan=make_plan,
    blank=blank,
    job=job,
    tables=tables_of,
    report=REPORT,
    about=ABOUT,
    planned=planned,
    again=again,
)


def run_dale_study(
    preset: str | DalePreset = "quick",
    *,
    tasks: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    simulations: int | None = None,
    n_jobs: int | None = 1,
    strategy: str = "joblib",
    device: str = "cpu",
    output: Any = None,
    random_state: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    join: bool = False,
    data_home: Any = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Train networks with and without Dale's law, in every way, on several tasks.

    Every run is independent and repeatable bit for bit, whatever `n_jobs` and the backend of
    joblib. A network that diverges has its error in the table and does not stop the others.

    Parameters
    ----------
    preset : {"quick", "paper", "fair"} or DalePreset, default="quick"
        Settings, see `sk_biornn.studies.DALE_PRESETS`.
    tasks : sequence of str or None, default=None
        Names of tasks of the preset. None: all; "mnist" only when its files are present.
    arms : sequence of str or None, default=None
        Arms, by name ("projection") or by name and initial weights ("projection/ours"). None: all.
    simulations : int or None, default=None
        Number of simulations. None: that of the preset.
    n_jobs : int or None, default=1
        Number of runs at once, as in joblib.
    strategy : {"joblib", "stacked", "auto"}, default="joblib"
        Whether runs go one by one, or side by side with their networks in stacks, see `run_study`.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where networks learn; "auto": on a GPU if there is one.
    output : path or None, default=None
        Folder for tables, settings, figure and the records of finished runs. None: no files.
    random_state : int, default=0
        Seed of the study.
    resume : bool, default=False
        Take up the finished runs in `output`; settings and input data must be the same. A folder
        with finished runs is refused otherwise.
    overwrite : bool, default=False
        Remove the study in `output`, this one or another.
    join : bool, default=False
        Whether others may work on this study in `output` at the same time, see `run_study`.
    data_home : path or None, default=None
        Folder of the files of MNIST. None: that of `fetch_sequential_mnist`.
    progress : bool, default=False
        Whether to show a progress bar on the standard error.

    Returns
    -------
    DataFrame
        One row per run: task, arm, init, recurrent_init, simulation, metric, n_iter, train_loss,
        score (of the test trials), baseline_score, error.

    Raises
    ------
    ValueError
        If an argument does not fit, the folder cannot be written, another study runs in it, or it
        holds runs of this study, which are not to be resumed, or of another one.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> from sk_biornn.studies import run_dale_study, summarise_dale
    >>> runs = run_dale_study("quick", tasks=["digits"], simulations=1)  # doctest: +SKIP
    >>> summarise_dale(runs)  # doctest: +SKIP
    """
    return run_study(
        DALE_STUDY,
        preset,
        tasks=tasks,
        arms=arms,
        simulations=simulations,
        random_state=random_state,
        data_home=data_home,
        output=output,
        n_jobs=n_jobs,
        strategy=strategy,
        device=device,
        resume=resume,
        overwrite=overwrite,
        join=join,
        progress=progress,
    )
