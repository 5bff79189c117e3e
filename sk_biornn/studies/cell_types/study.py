"""The study of cell types: Figures 4 and 5 of Balwani et al. (2025), and a fair version."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from sk_biornn._checks import check_choice
from sk_biornn.studies._checks import checked_int, preset_of, several_of
from sk_biornn.studies._options import changed, same_settings
from sk_biornn.studies._study import Plan, Study, run_study
from sk_biornn.studies.cell_types.about import ABOUT
from sk_biornn.studies.cell_types.job import Run, blank, input_data, job
from sk_biornn.studies.cell_types.report import EXAMPLES, REPORT, leave_examples, tables_of
from sk_biornn.studies.cell_types.settings import (
    ARMS,
    CONDITIONS,
    PRESETS,
    WINDOWS,
    CellTypePreset,
)


def make_plan(
    preset: str | CellTypePreset,
    *,
    random_state: int = 0,
    data: Any = None,
    **changes: Any,
) -> Plan:
    """Check the arguments of a study, each refused in one sentence, and lay out its runs."""
    settings = _choose(preset, **changes)
    checked_int("random_state", random_state, 0)
    source = _folder_of_arrays(data)
    described = {
        **settings.describe(),
        "data": "synthetic" if source is None else "arrays",
        "input_data": input_data(settings, source),  # a folder that lacks something is refused
        "random_state": random_state,
    }
    return Plan(
        settings=settings,
        runs=planned(described),
        described=described,
        random_state=random_state,
        source=source,
    )


def planned(described: Mapping[str, Any]) -> tuple[Run, ...]:
    """Return the runs of a study with these settings, in the order of the tables."""
    return tuple(
        Run(condition, arm, simulation)
        for condition in described["conditions"]
        for arm in described["arms"]
        for simulation in range(described["n_simulations"])
    )


def again(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the options of the command with these settings; None where no preset has them."""
    start = PRESETS[described["name"]]
    n_simulations, random_state = described["n_simulations"], described["random_state"]
    asked = {name: described[name] for name in ("conditions", "arms", "window")}
    settings = _choose(start, simulations=n_simulations, **asked)
    apart = {"data": described["data"], "random_state": random_state}
    if not same_settings(described, {**settings.describe(), **apart}):
        return None
    options = {
        "preset": start.name,
        "simulations": n_simulations,
        "random_state": random_state,
        **{
            name: value
            for name, value in changed(start.describe(), described).items()
            if name in asked
        },
    }
    return options if described["data"] == "synthetic" else {**options, "data": "DIR"}


def _choose(
    preset: str | CellTypePreset,
    *,
    conditions: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    simulations: int | None = None,
    window: str | None = None,
) -> CellTypePreset:
    """Return a preset with what is asked for in place of its own."""
    start = preset_of(preset, PRESETS, CellTypePreset, called="a CellTypePreset")
    n_simulations = start.n_simulations if simulations is None else simulations
    changes: dict[str, Any] = {"n_simulations": checked_int("simulations", n_simulations, 1)}
    if window is not None:
        changes["window"] = check_choice("window", window, WINDOWS)
    for name, asked, allowed in (("conditions", conditions, CONDITIONS), ("arms", arms, ARMS)):
        if asked is not None:
            changes[name] = tuple(several_of(name, asked, allowed))
    return dataclasses.replace(start, **changes)


def _folder_of_arrays(data: Any) -> str | None:
    if data is None:
        return None
    if not isinstance(data, (str, PathLike)) or not Path(data).is_dir():
        raise ValueError(
            f"data must be None or the folder of the published arrays, got {str(data)!r}, which is "
            "no folder."
        )
    return str(data)


def keeps_weights(run: Run, plan: Plan) -> bool:
    """Whether a run leaves its weights: the first one of the first condition does."""
    return run == plan.runs[0]


#: The study of cell types, for `run_study`.
CELL_TYPE_STUDY = Study(
    name="cell-types",
    plan=make_plan,
    blank=blank,
    job=job,
    tables=tables_of,
    report=REPORT,
    keeps_weights=keeps_weights,
    write_others=leave_examples,
    others=(EXAMPLES,),
    about=ABOUT,
    planned=planned,
    again=again,
)


def run_cell_type_study(
    preset: str | CellTypePreset = "quick",
    *,
    conditions: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    simulations: int | None = None,
    window: str | None = None,
    data: Any = None,
    n_jobs: int | None = 1,
    strategy: str = "joblib",
    device: str = "cpu",
    output: Any = None,
    random_state: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    join: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Train networks of cell types on population activity, prune them, and compare conditions.

    Every run is independent and repeatable bit for bit, whatever `n_jobs` and the backend of
    joblib. A network that diverges has its error in the table and does not stop the others.

    Parameters
    ----------
    preset : {"quick", "paper", "fair"} or CellTypePreset, default="quick"
        Settings, see `sk_biornn.studies.CELL_TYPE_PRESETS`.
    conditions : sequence of str or None, default=None
        Which activity is learnt, "familiar_change" and so on. None: those of the preset.
    arms : sequence of str or None, default=None
        "dale", "unconstrained", "dense, same epochs". None: those of the preset.
    simulations : int or None, default=None
        Networks per condition and arm. None: that of the preset.
    window : {"full", "post"} or None, default=None
        All 15 steps, or the 7 from one before the event (the original's half session). None: that
        of the preset.
    data : path or None, default=None
        Folder of the published arrays, see `sk_biornn.datasets.load_population_arrays`. None:
        synthetic activity, which says nothing about mice.
    n_jobs : int or None, default=1
        Number of runs at once, as in joblib.
    strategy : {"joblib", "stacked", "auto"}, default="joblib"
        Whether runs go one by one, or side by side with their networks in stacks, see `run_study`.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where networks learn; "auto": on a GPU if there is one.
    output : path or None, default=None
        Folder for tables, figures, weights and the records of finished runs. None: no files.
    random_state : int, default=0
        Seed of the study.
    resume : bool, default=False
        Take up the finished runs in `output`; settings and input data must be the same. A folder
        with finished runs is refused otherwise.
    overwrite : bool, default=False
        Remove the study in `output`, this one or another.
    join : bool, default=False
        Whether others may work on this study in `output` at the same time, see `run_study`.
    progress : bool, default=False
        Whether to show a progress bar on the standard error.

    Returns
    -------
    DataFrame
        One row per run and stage ("dense", "pruned" before it learns on, "sparse" at the end):
        condition, arm, simulation, stage, then means over populations on the test samples of mse,
        r2, correlation, mse_persistence and skill, in how many of them persistence is beaten, and
        the error.

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
    >>> from sk_biornn.studies import run_cell_type_study
    >>> runs = run_cell_type_study("quick", arms=["dale"], simulations=1)  # doctest: +SKIP
    >>> runs.groupby(["condition", "stage"])["correlation"].mean()  # doctest: +SKIP
    """
    return run_study(
        CELL_TYPE_STUDY,
        preset,
        conditions=conditions,
        arms=arms,
        simulations=simulations,
        window=window,
        data=data,
        random_state=random_state,
        output=output,
        n_jobs=n_jobs,
        strategy=strategy,
        device=device,
        resume=resume,
        overwrite=overwrite,
        join=join,
        progress=progress,
    )
