"""Carries out the runs of a study: on any joblib backend, each kept as it ends, none repeated."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from joblib import effective_n_jobs

from sk_biornn._cluster import Cluster, active_cluster, check_workers
from sk_biornn._orphans import end_with
from sk_biornn._plain import short
from sk_biornn._progress import Progress, tell
from sk_biornn._records import to_json
from sk_biornn.studies._checks import checked_int
from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._on_cluster import each, groups_of, run_on_cluster
from sk_biornn.studies._repeatable import ill_conditioned_on_purpose, one_thread
from sk_biornn.studies._shared import Portion, carry_with_others
from sk_biornn.studies._times import note_time
from sk_biornn.studies._together import by_steps, carried_together

Record = dict[str, Any]
Keep = Callable[[str, Record], None]


class Together(Protocol):
    """Carries runs on side by side."""

    def __call__(
        self, runs: Mapping[str, tuple[Any, ...]], keep: Keep, *, n_jobs: int | None
    ) -> None:
        """Carry out runs, by name their arguments, and keep the record of each."""


def holding(folder: StudyFolder | None, *, join: bool = False) -> AbstractContextManager[None]:
    """Have the folder of a study, if there is one, to oneself or with others that join."""
    return nullcontext() if folder is None else folder.held(join=join)


def carry_out(
    function: Callable[..., Record],
    runs: Mapping[str, tuple[Any, ...]],
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
    leaves, name_of_study = leaves or {}, settings.get("study", "study")
    if "torch" not in sys.modules:
        tell(f"{name_of_study}: loading torch", shown=progress)
    from sk_biornn.core import one_torch_thread

    shared = folder is not None and folder.claims is not None
    records: dict[str, Record] = {}
    if folder is not None:
        folder.open(settings, resume=resume, overwrite=overwrite)
        records = _whole_ones(folder, runs, leaves) if resume or shared else {}
    todo = [name for name in runs if name not in records]
    cluster = active_cluster()
    if cluster is not None:
        check_workers(cluster)
    how = _How(function, runs, leaves, together, n_jobs, cluster, shared)
    tell(f"{name_of_study}: {_what_is_left(how, todo)}", shown=progress)
    # One thread here too: with threads for workers it is this process that computes.
    with _bar(len(runs), len(records), progress) as bar, one_torch_thread():

        def take_up(name: str, record: Record) -> None:
            records[name] = record
            bar.step()

        def keep(name: str, record: Record) -> None:
            record = _storable(record)
            if folder is not None:
                folder.save(name, record)
            take_up(name, record)

        carry = partial(_carry, how, keep=keep)
        if folder is None or folder.claims is None:
            carry(todo)
        else:
            carry_with_others(folder, todo, carry, take_up, _portion(how))
            for name in runs:
                if records[name]["error"] is None:
                    folder.claims.forget(name)
    return {name: records[name] for name in runs}


def _whole_ones(
    folder: StudyFolder, runs: Mapping[str, Any], leaves: Mapping[str, Path | None]
) -> dict[str, Record]:
    """Return the records of runs that are finished, with all files that they leave."""
    found = folder.finished()
    return {name: found[name] for name in runs if name in found and _is_whole(name, leaves)}


@contextmanager
def _bar(total: int, done: int, progress: bool) -> Iterator[Progress]:
    """Yield a progress bar, which an error clears: its sentence then stands alone."""
    bar, failed = Progress(total, "run", done=done, verbose=progress), True
    try:
        yield bar
        failed = False
    finally:
        bar.close(failed=failed)


def _what_is_left(how: _How, todo: Sequence[str]) -> str:
    """Return how many runs there are, and how they are carried out."""
    n_done, n_left = len(how.runs) - len(todo), len(todo)
    finished = f", {n_done} of them finished before" if n_done else ""
    if not n_left:
        way = "none is left"
    elif how.cluster is not None:
        way = "on the cluster"
    elif how.together is not None:
        way = "side by side"
    else:
        n_jobs = min(effective_n_jobs(how.n_jobs), n_left)
        way = "one after another" if n_jobs == 1 else f"{n_jobs} at a time"
    return f"{len(how.runs)} run{'' if len(how.runs) == 1 else 's'}{finished}, {way}"


def _is_whole(name: str, leaves: Mapping[str, Path | None]) -> bool:
    path = leaves.get(name)
    return path is None or path.is_file()


class _How(NamedTuple):
    """What the runs of a study are, and who carries them out."""

    function: Callable[..., Record]
    runs: Mapping[str, tuple[Any, ...]]
    leaves: Mapping[str, Path | None]
    together: Together | None
    n_jobs: int | None
    cluster: Cluster | None
    shared: bool  # with other runners


def _carry(how: _How, names: Iterable[str], *, keep: Keep) -> None:
    """Carry out runs where they are to be, and keep the record of each."""
    if how.cluster is not None:
        for name, record in _on_cluster(how, how.cluster, names):
            keep(name, record)
    elif how.together is not None:
        runs = {name: how.runs[name] for name in names}
        if runs:
            with one_thread():
                how.together(runs, keep, n_jobs=how.n_jobs)
    else:
        jobs = [(name, how.function, how.runs[name]) for name in names]
        for name, record in run_jobs(_named, jobs, n_jobs=how.n_jobs):
            keep(name, record)


def _portion(how: _How) -> Portion | None:
    """Return how many runs are claimed at a time, of half this runner's share of those left."""
    if how.together is not None:
        return lambda half: half
    if how.cluster is not None:
        return None  # asks for one when a worker is free
    n_workers = effective_n_jobs(how.n_jobs)
    return (lambda half: 1) if n_workers == 1 else (lambda half: max(n_workers, half))


def _on_cluster(how: _How, cluster: Cluster, names: Iterable[str]) -> Iterator[tuple[str, Record]]:
    """Yield names and records of runs that workers of a cluster carry out."""
    groups: Iterable[Sequence[str]] = ([name] for name in names)
    task = partial(each, how.function)
    if how.together is not None:
        groups = groups_of(list(names), cluster.n_slots())
        task = partial(carried_together, how.together, n_jobs=how.n_jobs)
    return run_on_cluster(cluster, task, how.runs, groups, how.leaves, ahead=not how.shared)


def _named(name: str, function: Callable[..., Record], args: tuple[Any, ...]) -> tuple[str, Record]:
    return name, function(*args)


def _storable(record: Record) -> Record:
    """Return the record, or one with an error and without what JSON cannot hold."""
    foreign = [name for name, value in record.items() if not _is_json(value)]
    if not foreign:
        return record
    said = (
        f"TypeError: a record must hold what JSON can, got {foreign[0]}={short(record[foreign[0]])}"
    )
    return {**record, **dict.fromkeys(foreign), "error": record.get("error") or said}


def _is_json(value: Any) -> bool:
    try:
        to_json(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


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
    note_time(record, started)
    return record


# ------------------------------------------------------------------ many jobs


def run_jobs(
    function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], *, n_jobs: int | None
) -> Iterator[Any]:
    """Call a function many times, and yield what it returns as it comes, in no order.

    The backend is joblib's: processes on this machine, or whatever `joblib.parallel_config` set.
    Processes on this machine end soon after this one, even if it is killed.

    Parameters
    ----------
    function : callable
        Of a module.
    jobs : sequence of tuple
        Its arguments, for every call.
    n_jobs : int or None
        Number of calls at once, as in joblib.

    Yields
    ------
    object
        What a call has returned.
    """
    from joblib import delayed

    # No worker without work: it would not learn when to end.
    n_workers = max(1, min(effective_n_jobs(n_jobs), len(jobs)))
    parent = os.getpid()
    return _as_they_come([delayed(_work)(parent, function, job) for job in jobs], n_workers)


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


def _work(parent: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    end_with(parent)
    return function(*arguments)


def check_n_jobs(n_jobs: Any) -> None:
    """Refuse 0 and what is not an int; None is joblib's own choice."""
    if n_jobs is not None and checked_int("n_jobs", n_jobs, None) == 0:
        raise ValueError("n_jobs must be a positive int, a negative one (joblib) or None, got 0.")
