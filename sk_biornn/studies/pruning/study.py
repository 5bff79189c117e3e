"""The study of pruning: Figure 3 of Balwani et al. (2025), and a fair version of it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sk_biornn.studies._checks import checked_int, one_of
from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._parallel import check_n_jobs
from sk_biornn.studies._runner import carry_out, holding
from sk_biornn.studies.dale._plan import choose_tasks
from sk_biornn.studies.dale.tasks import input_data
from sk_biornn.studies.pruning.job import RUN, Run, run_one
from sk_biornn.studies.pruning.presets import PRESETS, PruningPreset
from sk_biornn.studies.pruning.report import OUTPUTS, write_report
from sk_biornn.studies.pruning.tables import results_frame


def run_pruning_study(
    preset: str | PruningPreset = "quick",
    *,
    tasks: Sequence[str] | None = None,
    simulations: int | None = None,
    n_jobs: int | None = 1,
    output: Any = None,
    random_state: int = 0,
    resume: bool = False,
    overwrite: bool = False,
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
    output : path or None, default=None
        Folder for tables, settings, figure and the records of finished runs. None: no files.
    random_state : int, default=0
        Seed of the study.
    resume : bool, default=False
        Take up the finished runs in `output`; settings and input data must be the same. A folder
        with finished runs is refused otherwise.
    overwrite : bool, default=False
        Remove the study in `output`, this one or another.
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
    check_n_jobs(n_jobs)
    chosen, names = _choose(preset, tasks, simulations, data_home)
    checked_int("random_state", random_state, 0)
    folder = None if output is None else StudyFolder(output, OUTPUTS, (*RUN, "points"))
    runs = {
        Run(task, simulation).name: Run(task, simulation)
        for simulation, task in itertools.product(range(chosen.training.n_simulations), names)
    }
    settings = _describe(chosen, names, random_state)
    place = {name: (names.index(run.task), run.simulation) for name, run in runs.items()}
    with holding(folder):
        records = carry_out(
            run_one,
            {name: ((run, chosen, random_state, data_home), {}) for name, run in runs.items()},
            folder,
            {**settings, "input_data": input_data(names, data_home)},
            n_jobs=n_jobs,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
        ordered = [records[name] for name in sorted(runs, key=lambda name: place[name])]
        if folder is not None:
            write_report(folder.path, ordered)
    return results_frame(ordered)


def _choose(
    preset: Any, tasks: Sequence[str] | None, simulations: int | None, data_home: Any
) -> tuple[PruningPreset, tuple[str, ...]]:
    if isinstance(preset, str):
        preset = PRESETS[one_of("preset", preset, PRESETS)]
    if not isinstance(preset, PruningPreset):
        raise TypeError(f"preset must be a name or a PruningPreset, got {type(preset).__name__}.")
    if simulations is not None:
        n = checked_int("simulations", simulations, 1)
        training = dataclasses.replace(preset.training, n_simulations=n)
        preset = dataclasses.replace(preset, training=training)
    return preset, choose_tasks(preset.training, tasks, data_home)


def _describe(preset: PruningPreset, tasks: tuple[str, ...], random_state: int) -> dict[str, Any]:
    return {
        "study": "pruning",
        **preset.describe(),
        "tasks": list(tasks),
        "random_state": random_state,
    }
