"""The study of pruning: Figure 3 of Balwani et al. (2025), and a fair version of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sk_biornn.studies._checks import checked_int, preset_of
from sk_biornn.studies._options import same_settings
from sk_biornn.studies._study import Plan, Study, run_study
from sk_biornn.studies.dale.study import choose_tasks
from sk_biornn.studies.dale.tasks import input_data
from sk_biornn.studies.pruning.about import ABOUT
from sk_biornn.studies.pruning.job import Run, blank, job
from sk_biornn.studies.pruning.report import REPORT, tables_of
from sk_biornn.studies.pruning.settings import PRESETS, PruningPreset


def make_plan(
    preset: str | PruningPreset,
    *,
    tasks: Sequence[str] | None = None,
    simulations: int | None = None,
    random_state: int = 0,
    data_home: Any = None,
) -> Plan:
    """Check the arguments of a study, each refused in one sentence, and lay out its runs."""
    start = preset_of(preset, PRESETS, PruningPreset, called="a PruningPreset")
    n_simulations = start.training.n_simulations if simulations is None else simulations
    n_simulations = checked_int("simulations", n_simulations, 1)
    training = dataclasses.replace(start.training, n_simulations=n_simulations)
    settings = dataclasses.replace(start, training=training)
    names = choose_tasks(training, tasks, data_home)
    checked_int("random_state", random_state, 0)
    described = {
        **settings.describe(),
        "tasks": list(names),
        "random_state": random_state,
        "input_data": input_data(names, data_home),
    }
    return Plan(
        settings=settings,
        runs=planned(described),
        described=described,
        random_state=random_state,
        source=data_home,
    )


def planned(described: Mapping[str, Any]) -> tuple[Run, ...]:
    """Return the runs of a study with these settings, in the order of the tables."""
    n_simulations = described["training"]["n_simulations"]
    return tuple(Run(task, i) for task in described["tasks"] for i in range(n_simulations))


def again(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the options of the command with these settings; None where no preset has them."""
    start, names = PRESETS[described["name"]], described["tasks"]
    n_simulations, random_state = described["training"]["n_simulations"], described["random_state"]
    training = dataclasses.replace(start.training, n_simulations=n_simulations)
    settings = dataclasses.replace(start, training=training)
    expected = {**settings.describe(), "tasks": names, "random_state": random_state}
    if not same_settings(described, expected):
        return None
    return {
        "preset": start.name,
        "simulations": n_simulations,
        "random_state": random_state,
        "tasks": names,
    }


#: The study of pruning, for `run_study`.
PRUNING_STUDY = Study(
    name="pruning",
    plan=make_plan,
    blank=blank,
    job=job,
    tables=tables_of,
    report=REPORT,
    about=ABOUT,
    planned=planned,
    again=again,
)


def run_pruning_study(
    preset: str | PruningPreset = "quick",
    *,
    tasks: Sequence[str] | None = None,
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
    """Train dense networks under Dale's law, prune them in every way, and train some on.

    All methods prune the same networks, so that differences are paired. Every run is independent
    and repeatable bit for bit, whatever `n_jobs` and the backend of joblib.

    Parameters
    ----------
    preset : {"quick", "paper", "fair"} or PruningPreset, default="quick"
        Settings, see `sk_biornn.studies.PRUNING_PRESETS`.
    tasks : sequence of str or None, default=None
        Names of tasks. None: all of the preset; "mnist" only when its files are present.
    simulations : int or None, default=None
        Number of dense networks per task. None: that of the preset.
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
        Folder of the files of MNIST.
    progress : bool, default=False
        Whether to show a progress bar on the standard error.

    Returns
    -------
    DataFrame
        One row per dense network, method and density: task, method, density, simulation, metric,
        dense (test score of the whole network), achieved_density (share of all entries that are
        kept and not 0), tree_overlap (share of the maximum spanning tree that survives), one_shot
        (test score at once), finetuned (test score after training on; NaN where the preset does
        not), error.

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
    >>> from sk_biornn.studies import run_pruning_study
    >>> runs = run_pruning_study("quick", tasks=["digits"], simulations=1)  # doctest: +SKIP
    >>> runs.groupby(["method", "density"])["one_shot"].mean()  # doctest: +SKIP
    """
    return run_study(
        PRUNING_STUDY,
        preset,
        tasks=tasks,
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
