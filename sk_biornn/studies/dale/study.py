"""The study of Dale's law: Figure 2 of Balwani et al. (2025), and a fair version of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._parallel import check_n_jobs
from sk_biornn.studies._runner import carry_out, holding
from sk_biornn.studies.dale._job import run_one
from sk_biornn.studies.dale._plan import make_plan, name_of
from sk_biornn.studies.dale._report import OUTPUTS, write_report
from sk_biornn.studies.dale._tables import results_frame
from sk_biornn.studies.dale.presets import Preset
from sk_biornn.studies.dale.tasks import input_data

_RECORD_FIELDS = ("task", "arm", "init", "simulation", "score", "curve")


def run_dale_study(
    preset: str | Preset = "quick",
    *,
    tasks: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    simulations: int | None = None,
    n_jobs: int | None = 1,
    output: Any = None,
    random_state: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    data_home: Any = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Train networks with and without Dale's law, in every way, on several tasks.

    Every run is independent and repeatable bit for bit, whatever `n_jobs` and the backend of
    joblib. A network that diverges has its error in the table and does not stop the others.

    Parameters
    ----------
    preset : {"quick", "paper", "fair"} or Preset, default="quick"
        Settings, see `sk_biornn.studies.PRESETS`.
    tasks : sequence of str or None, default=None
        Names of tasks of the preset. None: all; "mnist" only when its files are present.
    arms : sequence of str or None, default=None
        Arms, by name ("projection") or by name and initial weights ("projection/ours"). None: all.
    simulations : int or None, default=None
        Number of simulations. None: that of the preset.
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
    >>> from sk_biornn.studies import run_dale_study, summarise
    >>> runs = run_dale_study("quick", tasks=["digits"], simulations=1)  # doctest: +SKIP
    >>> summarise(runs)  # doctest: +SKIP
    """
    check_n_jobs(n_jobs)
    plan = make_plan(preset, tasks, arms, simulations, random_state, data_home)
    folder = None if output is None else StudyFolder(output, OUTPUTS, _RECORD_FIELDS)
    options = {"random_state": plan.random_state, "data_home": data_home}
    runs = {name_of(*run): (run, options) for run in plan.runs()}
    settings = {**plan.describe(), "input_data": input_data(plan.tasks, data_home)}
    with holding(folder):
        records = carry_out(
            run_one,
            runs,
            folder,
            settings,
            n_jobs=n_jobs,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
        ordered = [records[name] for name in plan.names()]
        if folder is not None:
            write_report(folder.path, ordered)
    return results_frame(ordered)
