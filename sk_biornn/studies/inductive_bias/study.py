"""The study of inductive biases: eleven variants, three tasks, as published and repaired."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd

from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._parallel import check_n_jobs
from sk_biornn.studies._runner import carry_out, holding
from sk_biornn.studies._weights import weights_file
from sk_biornn.studies.inductive_bias.field import Source, field_of, input_data
from sk_biornn.studies.inductive_bias.job import RESULTS, RUN, Run, run_one
from sk_biornn.studies.inductive_bias.presets import make_settings
from sk_biornn.studies.inductive_bias.report import OUTPUTS, write_report
from sk_biornn.studies.inductive_bias.settings import Settings
from sk_biornn.studies.inductive_bias.tables import results_frame


def run_inductive_bias_study(
    preset: str | Settings = "quick",
    *,
    n_jobs: int | None = 1,
    output: Any = None,
    resume: bool = False,
    overwrite: bool = False,
    data_home: Any = None,
    allow_pickle: bool = False,
    progress: bool = False,
    **settings: Any,
) -> pd.DataFrame:
    """Train networks with cortical geometry, wiring and function, in eleven combinations.

    Every run is independent and repeatable bit for bit, whatever `n_jobs` and the backend of
    joblib. A network that diverges has its error in the table and does not stop the others.

    Parameters
    ----------
    preset : {"quick", "paper", "fair", "tuned"} or InductiveBiasSettings, default="quick"
        Where the settings start: "quick" takes minutes; "paper" is as published, its confounds
        included; "fair" repairs them (one scale of space, every strength honoured, null models of
        the network's own density, test trials that nothing was chosen on, a new circuit for
        every simulation); "tuned" also chooses the strength of the penalty for each network.
    n_jobs : int or None, default=1
        Number of runs at once, as in joblib.
    output : path or None, default=None
        Folder for tables, the original's files, figures, weights and the records of finished
        runs. None: no files.
    resume : bool, default=False
        Take up the finished runs in `output`; settings and input data must be the same. A folder
        with finished runs is refused otherwise.
    overwrite : bool, default=False
        Remove the study in `output`, this one or another.
    data_home : path or None, default=None
        Folder of the files of MICrONS, see `sk_biornn.datasets.load_microns`.
    allow_pickle : bool, default=False
        Passed to `load_microns`: unpickling runs whatever a file contains.
    progress : bool, default=False
        Whether to show a progress bar on the standard error.
    **settings
        Settings that differ from the preset, see `InductiveBiasSettings`.

    Returns
    -------
    DataFrame
        One row per run: task, variant, weights, space, penalty_kind, simulation, test_accuracy (%),
        test_accuracy_minus_W (the same simulation of the baseline), accuracy, running_accuracy (of
        the last epoch, while training), loss, validation_accuracy, validation_loss, test_loss,
        penalty, modularity, small_worldness, assortativity, entropy (bits), wiring_cost (over
        measured positions in the unit cube), spectral_radius, mean_weight, regu_strength, all
        of them after the last epoch; best_epoch, that of the best validation accuracy, the first
        among equals; best_epoch_test_accuracy, best_epoch_validation_accuracy and the four network
        metrics after that epoch; error.

    Raises
    ------
    ValueError
        If an argument or a setting does not fit, the folder cannot be written, another study runs
        in it, or it holds runs of this study, which are not to be resumed, or of another one.
    TypeError
        If a setting is of another kind.

    References
    ----------
    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975.

    Examples
    --------
    >>> from sk_biornn.studies import run_inductive_bias_study
    >>> runs = run_inductive_bias_study("quick", tasks=["go-nogo"], variants=["W"], simulations=1,
    ...                                 number_of_nodes=12, epochs=1, n_train=40)
    >>> runs[["task", "variant", "weights"]].values.tolist()
    [['go-nogo', 'W', 'random']]
    """
    check_n_jobs(n_jobs)
    chosen = make_settings(preset, settings)
    source = Source(None if data_home is None else str(data_home), allow_pickle)
    data = input_data(chosen, source)  # a field that is not there is refused before anything runs
    source = source._replace(expected=data.get("field"))
    folder = None if output is None else StudyFolder(output, OUTPUTS, (*RUN, *RESULTS, "curve"))
    runs = {run.name: run for run in _runs(chosen)}
    homes = {name: _weights_folder(output, chosen, run) for name, run in runs.items()}
    with holding(folder):
        records = carry_out(
            run_one,
            {name: ((run, chosen, source, homes[name]), {}) for name, run in runs.items()},
            folder,
            {**chosen.describe(), "input_data": data},
            n_jobs=n_jobs,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            leaves={name: home and weights_file(home, name) for name, home in homes.items()},
        )
        ordered = [records[name] for name in sorted(runs, key=lambda n: _place(chosen, runs[n]))]
        if folder is not None:
            write_report(folder.path, chosen, ordered, field_of(chosen, 0, source))
    return results_frame(ordered)


def _runs(settings: Settings) -> list[Run]:
    """Return the runs, simulation by simulation: early results are paired."""
    return [
        Run(task, variant, simulation)
        for simulation, task, variant in itertools.product(
            range(settings.simulations), settings.tasks, settings.variants
        )
    ]


def _place(settings: Settings, run: Run) -> tuple[int, int, int]:
    """Return the place of a run in the tables: by task, then variant, then simulation."""
    return (
        settings.tasks.index(run.task),
        settings.variants.index(run.variant),
        run.simulation,
    )


def _weights_folder(output: Any, settings: Settings, run: Run) -> Path | None:
    """Return where a run leaves its weights: all do when asked to, simulation 0 always."""
    keeps = settings.save_weights or run.simulation == 0
    return Path(output) / "weights" if output is not None and keeps else None
