"""Carries out the runs of a study: on any joblib backend, each kept as it ends, none repeated."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sk_biornn._orphans import end_with
from sk_biornn.studies._checks import checked_int
from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._repeatable import ill_conditioned_on_purpose, one_thread
from sk_biornn.studies._together import by_steps

Record = dict[str, Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]  # by place, by name
Together = Callable[..., None]  # (arguments by name, keep, n_jobs=, progress=, done=)


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
    together: Together | None = None,
) -> dict[str, Record]:
    """Call `function` once for every named run and return the records, in the order of `runs`.

    With `together`, runs are carried on side by side, and `function` is not called.

    A record is what JSON can hold; an "error" that is not None marks a run that failed and is to
    be tried again when the study is resumed. So is one whose file is missing: `leaves` says what
    file a run leaves besides its record.
    """
    records: dict[str, Record] = {}
    if folder is not None:
        folder.open(settings, resume=resume, overwrite=overwrite)
        found = folder.finished() if resume else {}
        records = {name: found[name] for name in runs if name in found and _is_whole(name, leaves)}
    todo = [name for name in runs if name not in records]
    how: dict[str, Any] = {"n_jobs": n_jobs, "progress": progress, "done": len(records)}

    def keep(name: str, record: Record) -> None:
        records[name] = record
        if folder is not None:
            folder.save(name, record)

    with one_thread():  # here too: with threads for workers it is this process that computes
        if together is not None:
            together({name: runs[name][0] for name in todo}, keep, **how)
        else:
            jobs: list[Arguments] = [((name, function, *runs[name]), {}) for name in todo]
            for name, record in run_jobs(_named, jobs, **how):
                keep(name, record)
    return {name: records[name] for name in runs}


def _is_whole(name: str, leaves: Mapping[str, Path | None] | None) -> bool:
    path = (leaves or {}).get(name)
    return path is None or path.is_file()


def _named(
    name: str, function: Callable[..., Record], args: tuple, kwargs: dict[str, Any]
) -> tuple[str, Record]:
    return name, function(*args, **kwargs)


def fill_record(record: Record, fill: Callable[..., Any], *arguments: Any) -> Record:
    """Have `fill(record, *arguments)` fill in one run on one thread; note error and seconds.

    What it yields, if it is a generator, is computed as it comes.
    """
    started = time.perf_counter()
    record["error"] = None
    from sk_biornn.core import alone, one_of_many

    with one_thread(), ill_conditioned_on_purpose(), one_of_many():
        try:
            alone(by_steps(fill(record, *arguments)))
        except Exception as error:  # the other runs go on; the record says what happened
            record["error"] = f"{type(error).__name__}: {error}"
    record["seconds"] = time.perf_counter() - started
    return record


# ------------------------------------------------------------------ many jobs


def run_jobs(
    function: Callable[..., Any],
    jobs: Sequence[Arguments],
    *,
    n_jobs: int | None,
    progress: bool,
    done: int = 0,
) -> Iterator[Any]:
    """Yield the results of ``function(*args, **kwargs)`` as they come, in no order.

    The backend is joblib's: processes on this machine, or whatever `joblib.parallel_config` set.
    `done` jobs, finished earlier, count in the progress bar. Processes on this machine end soon
    after this one, even if it is killed.
    """
    from joblib import delayed, effective_n_jobs
    from tqdm import tqdm

    # No worker without work: it would not learn when to end.
    n_workers = max(1, min(effective_n_jobs(n_jobs), len(jobs)))
    parent = os.getpid()
    calls = [delayed(_work)(parent, function, *job) for job in jobs]
    results = _as_they_come(calls, n_workers)
    yield from tqdm(
        results,
        total=done + len(jobs),
        initial=done,
        unit="run",
        file=sys.stderr,
        disable=not progress,
        dynamic_ncols=True,
    )


def _as_they_come(calls: list[Any], n_jobs: int) -> Iterator[Any]:
    """Yield results as they come; where a backend cannot, after every call of all workers."""
    from joblib import Parallel

    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    except ValueError:  # that of multiprocessing returns lists only
        for start in range(0, len(calls), n_jobs):
            yield from Parallel(n_jobs=n_jobs)(calls[start : start + n_jobs])
    else:
        yield from parallel(calls)


def _work(parent: int, function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    end_with(parent)
    return function(*args, **kwargs)


def check_n_jobs(n_jobs: Any) -> None:
    """Refuse 0 and what is not an int; None is joblib's own choice."""
    if n_jobs is not None and checked_int("n_jobs", n_jobs, None) == 0:
        raise ValueError("n_jobs must be a positive int, a negative one (joblib) or None, got 0.")
