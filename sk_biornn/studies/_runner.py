"""Carries out the runs of a study: in parallel, each kept as it ends, finished ones taken up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._parallel import run_jobs
from sk_biornn.studies._repeatable import ill_conditioned_on_purpose, one_thread

Record = dict[str, Any]
Arguments = tuple[tuple, dict[str, Any]]


def holding(folder: StudyFolder | None) -> AbstractContextManager[None]:
    """Have the folder of a study to oneself, if there is one."""
    return nullcontext() if folder is None else folder.held()


def carry_out(
    function: Callable[..., Record],
    runs: Mapping[str, Arguments],
    folder: StudyFolder | None,
    settings: dict[str, Any],
    *,
    n_jobs: int | None,
    resume: bool,
    overwrite: bool,
    progress: bool,
    leaves: Mapping[str, Path | None] | None = None,
) -> dict[str, Record]:
    """Call `function` once for every named run and return the records, in the order of `runs`.

    A record is what JSON can hold; an "error" that is not None marks a run that failed and is to
    be tried again when the study is resumed. So is one whose file is missing: `leaves` says what
    file a run leaves besides its record.
    """
    records: dict[str, Record] = {}
    if folder is not None:
        folder.open(settings, resume=resume, overwrite=overwrite)
        found = folder.finished() if resume else {}
        records = {name: found[name] for name in runs if name in found and _is_whole(name, leaves)}
    todo = [((name, function, *runs[name]), {}) for name in runs if name not in records]
    with one_thread():  # here too: with threads for workers it is this process that computes
        results = run_jobs(_named, todo, n_jobs=n_jobs, progress=progress, done=len(records))
        for name, record in results:
            records[name] = record
            if folder is not None:
                folder.save(name, record)
    return {name: records[name] for name in runs}


def _is_whole(name: str, leaves: Mapping[str, Path | None] | None) -> bool:
    path = (leaves or {}).get(name)
    return path is None or path.is_file()


def _named(
    name: str, function: Callable[..., Record], args: tuple, kwargs: dict[str, Any]
) -> tuple[str, Record]:
    return name, function(*args, **kwargs)


def fill_record(record: Record, fill: Callable[..., None], *arguments: Any) -> Record:
    """Have `fill(record, *arguments)` fill in one run on one thread; note error and seconds."""
    started = time.perf_counter()
    record["error"] = None
    with one_thread(), ill_conditioned_on_purpose():
        try:
            fill(record, *arguments)
        except Exception as error:  # the other runs go on; the record says what happened
            record["error"] = f"{type(error).__name__}: {error}"
    record["seconds"] = time.perf_counter() - started
    return record
