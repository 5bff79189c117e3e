"""The study of inductive biases: eleven variants, three tasks, as published and repaired."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from numbers import Real
from typing import Any

import pandas as pd

from sk_biornn.studies._checks import preset_of
from sk_biornn.studies._options import changed, same_settings
from sk_biornn.studies._study import Plan, Study, run_study
from sk_biornn.studies.inductive_bias.about import ABOUT
from sk_biornn.studies.inductive_bias.job import Run, blank, job
from sk_biornn.studies.inductive_bias.network import Source, input_data
from sk_biornn.studies.inductive_bias.report import (
    ORIGINAL_FILES,
    REPORT,
    leave_original_files,
    tables_of,
)
from sk_biornn.studies.inductive_bias.settings import PRESETS, InductiveBiasSettings


def make_plan(
    preset: str | InductiveBiasSettings,
    *,
    data_home: Any = None,
    allow_pickle: bool = False,
    **changes: Any,
) -> Plan:
    """Check the settings, each refused in one sentence, and lay out the runs."""
    settings = make_settings(preset, changes)
    source = Source(None if data_home is None else str(data_home), allow_pickle)
    data = input_data(settings, source)  # a field that is not there is refused before anything runs
    described = {**settings.describe(), "input_data": data}
    return Plan(
        settings=settings,
        runs=planned(described),
        described=described,
        random_state=settings.random_state,
        source=source._replace(expected=data.get("field")),
    )


def planned(described: Mapping[str, Any]) -> tuple[Run, ...]:
    """Return the runs of a study with these settings, in the order of the tables."""
    return tuple(
        Run(task, variant, simulation)
        for task in described["tasks"]
        for variant in described["variants"]
        for simulation in range(described["simulations"])
    )


# What a field of MICrONS wants besides; its positions are pickled.
MEASURED = {"data_home": "DIR", "allow_pickle": True}


def again(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the options of the command with these settings; None where no preset has them."""
    start = PRESETS[described["preset"]]
    changes = changed(dataclasses.asdict(start), described)
    changes = {name: value for name, value in changes.items() if value is not None}
    if not same_settings(described, make_settings(start, changes).describe()):
        return None
    several = {"simulations": described["simulations"], "random_state": described["random_state"]}
    options = {"preset": start.preset, **several, **changes}
    return options if described["field"] == "synthetic" else {**options, **MEASURED}


def make_settings(preset: Any, changes: Mapping[str, Any]) -> InductiveBiasSettings:
    """Return the settings of a preset, a name or settings, with some of them changed."""
    preset = preset_of(preset, PRESETS, InductiveBiasSettings, called="Settings")
    known = [field.name for field in dataclasses.fields(InductiveBiasSettings)]
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise ValueError(f"settings must be among {known}, got {unknown}.")
    changes = {name: _as_setting(name, value) for name, value in changes.items()}
    if changes.get("field", preset.field) != "synthetic":
        # A measured field brings its own size and grid.
        changes = {"number_of_nodes": None, "network_grid": None, **changes}
    elif changes.get("number_of_nodes", preset.number_of_nodes) != preset.number_of_nodes:
        changes = {"network_grid": None, **changes}
    return dataclasses.replace(preset, **changes)


def _as_setting(name: str, value: Any) -> Any:
    """Turn lists, which JSON and TOML have instead of tuples, and single strengths into tuples."""
    if name == "regu_strength" and isinstance(value, Real) and not isinstance(value, bool):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def keeps_weights(run: Run, plan: Plan) -> bool:
    """Whether a run leaves its weights: all do when asked to, simulation 0 always."""
    return plan.settings.save_weights or run.simulation == 0


#: The study of inductive biases, for `run_study`.
INDUCTIVE_BIAS_STUDY = Study(
    name="inductive-bias",
    plan=make_plan,
    blank=blank,
    job=job,
    tables=tables_of,
    report=REPORT,
    keeps_weights=keeps_weights,
    write_others=leave_original_files,
    others=ORIGINAL_FILES,
    about=ABOUT,
    planned=planned,
    again=again,
)


def run_inductive_bias_study(
    preset: str | InductiveBiasSettings = "quick",
    *,
    n_jobs: int | None = 1,
    strategy: str = "joblib",
    device: str = "cpu",
    output: Any = None,
    resume: bool = False,
    overwrite: bool = False,
    join: bool = False,
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
    strategy : {"joblib", "stacked", "auto"}, default="joblib"
        Whether runs go one by one, or side by side with their networks in stacks, see `run_study`.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where networks learn; "auto": on a GPU if there is one.
    output : path or None, default=None
        Folder for tables, the original's files, figures, weights and the records of finished
        runs. None: no files.
    resume : bool, default=False
        Take up the finished runs in `output`; settings and input data must be the same. A folder
        with finished runs is refused otherwise.
    overwrite : bool, default=False
        Remove the study in `output`, this one or another.
    join : bool, default=False
        Whether others may work on this study in `output` at the same time, see `run_study`.
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
    >>> runs = run_inductive_bias_study(
    ...     "quick", tasks=["go-nogo"], variants=["W"], simulations=1,
    ...     number_of_nodes=12, epochs=1, n_train=40,
    ... )
    >>> runs[["task", "variant", "weights"]].values.tolist()
    [['go-nogo', 'W', 'random']]
    """
    return run_study(
        INDUCTIVE_BIAS_STUDY,
        preset,
        data_home=data_home,
        allow_pickle=allow_pickle,
        output=output,
        n_jobs=n_jobs,
        strategy=strategy,
        device=device,
        resume=resume,
        overwrite=overwrite,
        join=join,
        progress=progress,
        **settings,
    )
