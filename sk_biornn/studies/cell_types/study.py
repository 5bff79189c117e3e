"""The study of cell types: Figures 4 and 5 of Balwani et al. (2025), and a fair version."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from sk_biornn.biology import cortical_populations
from sk_biornn.studies._checks import checked_int, one_of
from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._parallel import check_n_jobs
from sk_biornn.studies._runner import carry_out, holding
from sk_biornn.studies._weights import weights_file
from sk_biornn.studies.cell_types.data import input_data
from sk_biornn.studies.cell_types.job import RUN, Run, run_one
from sk_biornn.studies.cell_types.presets import ARMS, CONDITIONS, PRESETS, WINDOWS, CellTypePreset
from sk_biornn.studies.cell_types.report import OUTPUTS, write_report
from sk_biornn.studies.cell_types.tables import results_frame


def run_cell_type_study(
    preset: str | CellTypePreset = "quick",
    *,
    conditions: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    simulations: int | None = None,
    window: str | None = None,
    data: Any = None,
    n_jobs: int | None = 1,
    output: Any = None,
    random_state: int = 0,
    resume: bool = False,
    overwrite: bool = False,
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
        "dale", "unconstrained", "dense longer". None: those of the preset.
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
    output : path or None, default=None
        Folder for tables, figures, weights and the records of finished runs. None: no files.
    random_state : int, default=0
        Seed of the study.
    resume : bool, default=False
        Take up the finished runs in `output`; settings and input data must be the same. A folder
        with finished runs is refused otherwise.
    overwrite : bool, default=False
        Remove the study in `output`, this one or another.
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
    check_n_jobs(n_jobs)
    chosen = _choose(preset, conditions, arms, simulations, window)
    checked_int("random_state", random_state, 0)
    source = _folder_of_arrays(data)
    digests = input_data(chosen, source)  # a folder that lacks something is refused here
    folder = None if output is None else StudyFolder(output, OUTPUTS, (*RUN, "scores", "blocks"))
    runs = {run.name: run for run in _runs(chosen)}
    homes = {name: _weights_folder(output, chosen, run) for name, run in runs.items()}
    settings = {
        "study": "cell-types",
        **chosen.describe(),
        "data": "synthetic" if source is None else "arrays",
        "input_data": digests,
        "random_state": random_state,
    }
    with holding(folder):
        records = carry_out(
            run_one,
            {
                name: ((run, chosen, random_state, source, homes[name]), {})
                for name, run in runs.items()
            },
            folder,
            settings,
            n_jobs=n_jobs,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            leaves={name: home and weights_file(home, name) for name, home in homes.items()},
        )
        ordered = [records[name] for name in sorted(runs, key=lambda n: _place(chosen, runs[n]))]
        if folder is not None:
            write_report(folder.path, ordered, cortical_populations(scaling=chosen.scaling))
    return results_frame(ordered)


def _folder_of_arrays(data: Any) -> str | None:
    if data is None:
        return None
    if not isinstance(data, (str, PathLike)) or not Path(data).is_dir():
        raise ValueError(
            f"data must be None or the folder of the published arrays, got {str(data)!r}, which is "
            "no folder."
        )
    return str(data)


def _choose(
    preset: Any,
    conditions: Sequence[str] | None,
    arms: Sequence[str] | None,
    simulations: int | None,
    window: str | None,
) -> CellTypePreset:
    if isinstance(preset, str):
        preset = PRESETS[one_of("preset", preset, PRESETS)]
    if not isinstance(preset, CellTypePreset):
        raise TypeError(f"preset must be a name or a CellTypePreset, got {type(preset).__name__}.")
    changes: dict[str, Any] = {}
    if simulations is not None:
        changes["n_simulations"] = checked_int("simulations", simulations, 1)
    if window is not None:
        changes["window"] = one_of("window", window, WINDOWS)
    for name, asked, allowed in (("conditions", conditions, CONDITIONS), ("arms", arms, ARMS)):
        if asked is not None:
            if isinstance(asked, str) or not asked:
                raise ValueError(f"{name} must be a sequence of names or None, got {asked!r}.")
            chosen = {one_of(name, one, allowed) for one in asked}
            changes[name] = tuple(one for one in allowed if one in chosen)
    return dataclasses.replace(preset, **changes)


def _runs(preset: CellTypePreset) -> list[Run]:
    return [
        Run(condition, arm, simulation)
        for simulation, condition, arm in itertools.product(
            range(preset.n_simulations), preset.conditions, preset.arms
        )
    ]


def _place(preset: CellTypePreset, run: Run) -> tuple[int, int, int]:
    return preset.conditions.index(run.condition), preset.arms.index(run.arm), run.simulation


def _weights_folder(output: Any, preset: CellTypePreset, run: Run) -> Path | None:
    """Return where a run leaves its weights: the first one of the first condition does."""
    first = Run(preset.conditions[0], preset.arms[0], 0)
    return Path(output) / "weights" if output is not None and run == first else None
