"""What lies in the folder of a study: all of it when it has ended, and what there is before."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import pandas as pd

from sk_biornn._csv import read_csv
from sk_biornn.studies._files import file_name, read_table
from sk_biornn.studies._folder import StudyFolder, read_json, read_settings
from sk_biornn.studies._folder_error import FolderError
from sk_biornn.studies._report import (
    ALL_FAILED,
    Drawings,
    drawings,
    failures_of,
    name_of,
    read_tables,
)
from sk_biornn.studies._study import Plan, Study
from sk_biornn.studies._times import times_frame
from sk_biornn.studies._told import Told

NONE_YET = "no run has ended yet"


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """A study as its folder tells it."""

    study: Study
    folder: Path
    settings: dict[str, Any]
    versions: dict[str, Any]
    tables: dict[str, pd.DataFrame]  # of the runs, and those made of them, by name
    told: Told
    times: pd.DataFrame  # a row per run that has ended
    n_planned: int | None  # None where nobody knows
    n_simulations: int | None
    missing: list[str]  # runs that have not ended
    failed: list[tuple[str, str]]  # runs, each with its error
    is_finished: bool

    @property
    def n_runs(self) -> int:
        """Number of runs that have ended, failed or not."""
        if "results" not in self.tables:
            return 0
        levels = {name for _, name, *_ in Formatter().parse(self.study.report.run) if name}
        return len(self.tables["results"][sorted(levels | {"simulation"})].drop_duplicates())

    def drawings(self) -> Drawings:
        """Yield the figures, which are drawn of what a finished study leaves."""
        if self.is_finished and self.told != ALL_FAILED:
            yield from drawings(self.study.report, self.folder, self.tables)


def gather(study: Study, folder: Path) -> Gathered:
    """Read the folder of a study, which may still be carried out, and write nothing."""
    is_finished = (folder / "results.csv").exists()
    settings = read_settings(folder, study.report.needs if is_finished else ())
    runs = _planned(study, folder, settings)
    if is_finished:
        tables, times = read_tables(study.report, folder), _read_times(folder)
    elif runs is None:
        raise FolderError(
            f"{str(folder / 'results.csv')!r} is missing; the folder holds no finished study."
        )
    else:
        tables, times = _of_records(study, folder, settings, runs)
    found = tables.get("results")
    told: Told = NONE_YET
    if found is not None:
        made = study.report.conclude(tables, settings)
        tables = {**made, **tables}
        told = study.report.sentences(tables) if made else ALL_FAILED
    return Gathered(
        study=study,
        folder=folder,
        settings=settings,
        versions=_versions(folder),
        tables=tables,
        told=told,
        times=times,
        n_planned=None if runs is None else len(runs),
        n_simulations=_n_simulations(runs, found),
        missing=_missing(study, runs or (), found),
        failed=[] if found is None else failures_of(study.report, found),
        is_finished=is_finished,
    )


def _planned(study: Study, folder: Path, settings: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return all runs of the study; None where that is not known."""
    if study.planned is None or not settings:
        return None
    try:
        return tuple(study.planned(settings))
    except (LookupError, TypeError, ValueError) as error:
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise FolderError(
            f"{folder / 'settings.json'} is not as the study {study.name} wrote it ({words}), so "
            "that its runs are not known."
        ) from None


def _n_simulations(runs: Sequence[Any] | None, results: pd.DataFrame | None) -> int | None:
    if runs is not None:
        return len({run.simulation for run in runs})
    return None if results is None else int(results["simulation"].nunique())


def _versions(folder: Path) -> dict[str, Any]:
    """Return what versions.json holds; nothing of a folder that is older than this file."""
    path = folder / "versions.json"
    content = read_json(path) if path.exists() else {}
    if not isinstance(content, dict):
        raise FolderError(f"{path} must hold versions by name; remove it to go on.")
    return content


def _read_times(folder: Path) -> pd.DataFrame:
    path = folder / "times.csv"
    return read_table(path, ["seconds"]) if path.exists() else pd.DataFrame(columns=["seconds"])


def _of_records(
    study: Study, folder: Path, settings: dict[str, Any], runs: Sequence[Any]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the tables of the runs that have ended by now, and their times."""
    found = StudyFolder.of(folder, settings).records()
    records = [found[file_name(run)] for run in runs if file_name(run) in found]
    times = times_frame(records, runs[0]._fields if runs else ())
    if not records:
        return {}, times
    plan = Plan(settings=None, runs=tuple(runs), described=settings)
    tables = study.tables(records, plan)
    return {name: _as_read(table) for name, table in tables.items()}, times


def _as_read(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is once it was written and read again."""
    return read_csv(io.StringIO(table.to_csv(index=False)))


def _missing(study: Study, runs: Sequence[Any], results: pd.DataFrame | None) -> list[str]:
    """Return the names of the runs of which there is no row."""
    if results is None or not runs:
        return [name_of(study.report, run._asdict()) for run in runs]
    fields = list(runs[0]._fields)
    ended = set(_as_texts(results[fields]))
    # As a file gives them back: a level "NA" is none there.
    planned = _as_texts(_as_read(pd.DataFrame(runs, columns=fields)))
    left = [run for run, name in zip(runs, planned, strict=True) if name not in ended]
    return [name_of(study.report, run._asdict()) for run in left]


def _as_texts(levels: pd.DataFrame) -> list[tuple[str, ...]]:
    rows = levels.itertuples(index=False, name=None)
    return [tuple(map(str, row)) for row in rows]
