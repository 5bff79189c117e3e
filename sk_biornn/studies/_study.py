"""A study as a value, and the one way in which every study is carried out.

A study compares networks that differ in one thing, over paired simulations: simulation i has the
same data and seeds whatever is compared. What differs from study to study is data: what its runs
are, the job of one run, the tables made of the records, and the report made of the tables.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs

from sk_biornn._checks import check_choice, check_flag
from sk_biornn._cluster import active_cluster
from sk_biornn._progress import tell
from sk_biornn.studies._about import About
from sk_biornn.studies._checks import checked_device
from sk_biornn.studies._files import file_name, save_weights, weights_file, write_csv
from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._on_cluster import device_there
from sk_biornn.studies._report import PAGE, Report, Tables, draw_up
from sk_biornn.studies._runner import (
    Record,
    Together,
    carry_out,
    check_n_jobs,
    fill_record,
    holding,
)
from sk_biornn.studies._times import times_frame
from sk_biornn.studies._together import Steps, by_steps, carry_together

Records = Sequence[Record]
STRATEGIES = ("joblib", "stacked", "auto")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one call of a study computes, its arguments checked.

    Parameters
    ----------
    settings : object
        How large, how long and on which data: what the study itself wants to know of a run.
    runs : tuple of named tuples
        What tells the runs apart: names of levels, such as those of a task and of an arm, and in
        the end `simulation`, its number from 0. In the order of the tables.
    described : dict
        All that the numbers depend on, the digest of input data among it, as JSON can hold it. It
        becomes settings.json, and a folder with other settings is not mixed up with this study.
    random_state : int, default=0
        Seed of the study.
    source : object, default=None
        Where data are read from; the numbers do not depend on the place.
    device : str, default="cpu"
        Where networks learn: "cpu" or "cuda". `run_study` sets it; a job hands it to its networks.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> from sk_biornn.studies import Plan
    >>> class Run(NamedTuple):
    ...     law: str
    ...     simulation: int
    >>> runs = tuple(Run(law, i) for law in ("abs", "square") for i in range(3))
    >>> Plan(settings=None, runs=runs, described={"simulations": 3}).runs[-1]
    Run(law='square', simulation=2)
    """

    settings: Any
    runs: tuple[Any, ...]
    described: Mapping[str, Any]
    random_state: int = 0
    source: Any = None
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class Study:
    """An experiment as data: what is compared, how one run goes, and what is made of all.

    Functions are given by name, those of a module, so that any backend of joblib can send them to
    its workers.

    Parameters
    ----------
    name : str
        Name on the command line and in settings.json.
    plan : callable
        (preset, ...) -> `Plan`: checks the arguments and lays out the runs. Its keyword arguments
        are the choices of `run_study`.
    blank : callable
        (run, plan) -> dict: the record of a run before it starts, which is all that a run has that
        fails. JSON must be able to hold it.
    job : callable
        (record, run, plan) -> arrays by name or None: carries out one run and fills in its record;
        what it returns are weights to keep. The same arguments must give the same numbers; seeds
        come from `seed_of`. If it is a generator function that fits with ``yield from
        epochs_of_fit(network, X, y)`` (`sk_biornn.ensemble`), the networks of many runs can learn
        side by side.
    tables : callable
        (records, plan) -> tables by name, "results" with a row per run (or more) among them.
    report : Report
        What is made of the tables.
    keeps_weights : callable or None, default=None
        (run, plan) -> whether the arrays of a run are kept, in weights/. None: those of no run.
    write_others : callable or None, default=None
        (folder, plan, records) -> None: writes what is no table.
    others : tuple of str, default=()
        Names, or patterns, of these files.
    about : About or None, default=None
        Question, literature and captions, for the page that `write_report` makes.
    planned : callable or None, default=None
        (described) -> runs: those that a folder with these settings is to have, in the order of
        the tables. With it, the page of a study that has not ended says which runs are missing, and
        shows what there is; `tables` then gets a plan without `settings`.
    again : callable or None, default=None
        (described) -> the options of ``sk-biornn study NAME`` by name, with which a study has these
        settings, or None where there are none. With it, the page shows the whole command.

    See Also
    --------
    run_study : Carry out a study.
    report_study : Draw up the report of a finished study again.
    write_report : Write a page of all that a study has found.

    Examples
    --------
    >>> from sk_biornn.studies import DALE_STUDY, PRUNING_STUDY
    >>> [study.name for study in (DALE_STUDY, PRUNING_STUDY)]
    ['dale', 'pruning']
    """

    name: str
    plan: Callable[..., Plan]
    blank: Callable[[Any, Plan], Record]
    job: Callable[[Record, Any, Plan], Mapping[str, np.ndarray] | Steps | None]
    tables: Callable[[Records, Plan], dict[str, pd.DataFrame]]
    report: Report
    keeps_weights: Callable[[Any, Plan], bool] | None = None
    write_others: Callable[[Path, Plan, Records], None] | None = None
    others: tuple[str, ...] = ()
    about: About | None = None
    planned: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None = None
    again: Callable[[Mapping[str, Any]], dict[str, Any] | None] | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names, or patterns, of all files that are made of the records.

        Returns
        -------
        tuple of str
            Relative to the folder of the study.

        Examples
        --------
        >>> from sk_biornn.studies import DALE_STUDY
        >>> DALE_STUDY.outputs
        ('results.csv', 'curves.csv', 'summary.csv', 'times.csv', 'figure.png', 'figure.pdf')
        """
        weights = () if self.keeps_weights is None else ("weights/*.npz",)
        return (*self.report.outputs, *weights, *self.others)


def run_study(
    study: Study,
    /,
    preset: Any = "quick",
    *,
    n_jobs: int | None = 1,
    strategy: str = "joblib",
    device: str = "cpu",
    output: Any = None,
    resume: bool = False,
    overwrite: bool = False,
    join: bool = False,
    progress: bool = False,
    **choices: Any,
) -> pd.DataFrame:
    """Carry out a study: every run once, its tables, and its report.

    Every run is independent and repeatable bit for bit, whatever `n_jobs` and the backend of
    joblib. A run that fails has its error in the table and does not stop the others.

    Inside ``joblib.parallel_config("dask")`` the workers of a cluster carry out the runs, with
    strategy "stacked" one stack each; they need not see `output`.

    The strategy changes numbers by rounding at most, and is no setting of the study: a folder may
    be begun with one and resumed with another. A GPU draws other noise than a CPU, so that a folder
    is resumed where it was begun; versions.json says where.

    Parameters
    ----------
    study : Study
        Which one.
    preset : str or object, default="quick"
        Where its settings start.
    n_jobs : int or None, default=1
        Number of runs at once, as in joblib. Where runs learn side by side: number of processes
        that compute measures meanwhile.
    strategy : {"joblib", "stacked", "auto"}, default="joblib"
        "joblib": runs one by one, `n_jobs` at a time; "stacked": all of them side by side in this
        process, their networks in stacks, see `sk_biornn.ensemble.fit_many`; "auto": side by side
        on a GPU, and on a CPU with a single job, there in stacks where these pay. A job that is no
        generator runs by joblib.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where networks learn; "auto": on a GPU if there is one.
    output : path or None, default=None
        Folder for tables, settings, figures and the records of finished runs. None: no files.
    resume : bool, default=False
        Take up the finished runs in `output`; settings and input data must be the same. A folder
        with finished runs is refused otherwise.
    overwrite : bool, default=False
        Remove the study in `output`, this one or another.
    join : bool, default=False
        Whether others may work on the same study in `output` at the same time, on this machine
        or on others that share the folder: each run is done by one of them, runs of one that was
        killed by the others, and every call returns with all. Finished runs are taken up. Without,
        a folder belongs to one call at a time.
    progress : bool, default=False
        Whether to tell on the standard error what is being prepared, with a bar of the runs in a
        terminal and about ten lines elsewhere.
    **choices
        What else the plan of the study takes: tasks, arms, simulations and the like.

    Returns
    -------
    DataFrame
        The table "results" of the study.

    Raises
    ------
    ValueError
        If an argument does not fit, the folder cannot be written, another study runs in it, or it
        holds runs of this study, which are not to be resumed, or of another one; or if workers of a
        cluster have other versions than this process, or a GPU is missing there.
    ConnectionError
        If the scheduler of a cluster is lost.
    BrokenExecutor
        If a run ends every worker that it is given to, or somebody cancels it on the cluster.

    Examples
    --------
    >>> from sk_biornn.studies import DALE_STUDY, Budget, DalePreset, run_study
    >>> tiny = DalePreset("tiny", 8, 2, {"digits": Budget(60, 40, 1, 30, 1)})
    >>> runs = run_study(DALE_STUDY, tiny, arms=["abs/ours", "square/ours"])
    >>> runs["arm"].tolist()
    ['abs', 'abs', 'square', 'square']
    """
    say = partial(tell, shown=progress)
    say(f"{study.name}: reading settings and data")
    check_n_jobs(n_jobs)
    _check_join(join, output, overwrite)
    cluster = active_cluster()
    device = checked_device(device) if cluster is None else device_there(cluster, device)
    together = _together(study, strategy, device, n_jobs)
    plan = replace(study.plan(preset, **choices), device=device)
    folder = None
    if output is not None:
        outputs = (*study.outputs, PAGE)
        folder = StudyFolder(output, outputs, study.blank(plan.runs[0], plan), device)
    weights = {run: _weights_of(study, plan, run, folder) for run in plan.runs}
    # Simulation by simulation: early results are paired.
    started = sorted(plan.runs, key=lambda run: run.simulation)
    with holding(folder, join=join):
        found = carry_out(
            one_run,
            {file_name(run): (study.blank, study.job, run, plan, weights[run]) for run in started},
            folder,
            {"study": study.name, **plan.described},
            n_jobs=n_jobs,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            leaves={file_name(run): path for run, path in weights.items()},
            together=together,
        )
        records = [found[file_name(run)] for run in plan.runs]
        say(f"{study.name}: tables and figures")
        tables = study.tables(records, plan)
        if folder is not None:
            _write(study, plan, records, tables, folder.path)
    return tables["results"]


def report_study(study: Study, folder: Any, *, figures: bool = True) -> str:
    """Draw up the report of a study again, from the tables in its folder.

    Parameters
    ----------
    study : Study
        Which one.
    folder : path
        Where it was carried out.
    figures : bool, default=True
        Whether figures are drawn, too.

    Returns
    -------
    str
        Its tables as text.

    Raises
    ------
    ValueError
        If a table is missing, or is not one of this study.

    Examples
    --------
    >>> from sk_biornn.studies import DALE_STUDY, report_study
    >>> print(report_study(DALE_STUDY, "results/dale-quick"))  # doctest: +SKIP
    """
    return draw_up(study.report, Path(folder), figures=figures)


def one_run(blank: Any, job: Any, run: Any, plan: Plan, weights: Path | None) -> Record:
    """Return the record of one run: what a worker does, which needs no more of the study.

    Its weights go into a file, where there is one for them.
    """
    return fill_record(blank(run, plan), _fill, job, run, plan, weights)


def _begun_run(
    blank: Any, job: Any, run: Any, plan: Plan, weights: Path | None
) -> tuple[Record, Steps]:
    """Return the record of one run, and the steps that fill it in."""
    record = blank(run, plan)
    return record, _fill(record, job, run, plan, weights)


def _fill(record: Record, job: Any, run: Any, plan: Plan, weights: Path | None) -> Steps:
    arrays = yield from by_steps(job(record, run, plan))
    if weights is not None:
        save_weights(weights, arrays)


def _check_join(join: Any, output: Any, overwrite: bool) -> None:
    if not check_flag("join", join):
        return
    if output is None:
        raise ValueError("join must be False without a folder output, in which others could work.")
    if overwrite:
        raise ValueError(
            "overwrite must be False where others may join (join=True): it would "
            "remove what they have done."
        )


def _together(study: Study, strategy: str, device: str, n_jobs: int | None) -> Together | None:
    """Return what carries runs on side by side; None where joblib is to run them."""
    check_choice("strategy", strategy, STRATEGIES)
    if strategy == "joblib" or not inspect.isgeneratorfunction(study.job):
        return None
    if strategy == "auto" and device == "cpu":
        if active_cluster() is not None or effective_n_jobs(n_jobs) > 1:
            return None
    always = strategy == "stacked" or device != "cpu"
    return partial(carry_together, _begun_run, always=always)


def _weights_of(study: Study, plan: Plan, run: Any, folder: StudyFolder | None) -> Path | None:
    """Return the file in which a run leaves its weights; None where it leaves none."""
    if folder is None or study.keeps_weights is None or not study.keeps_weights(run, plan):
        return None
    return weights_file(folder.path, run)


def _write(study: Study, plan: Plan, records: Records, tables: Tables, folder: Path) -> None:
    (folder / PAGE).unlink(missing_ok=True)  # of what was there before
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", table)
    write_csv(folder / "times.csv", times_frame(records, plan.runs[0]._fields))
    if study.write_others is not None:
        study.write_others(folder, plan, records)
    draw_up(study.report, folder)
