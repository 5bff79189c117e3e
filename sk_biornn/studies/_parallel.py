"""Many independent jobs on any joblib backend, with a progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sk_biornn._orphans import end_with
from sk_biornn.studies._checks import checked_int


def run_jobs(
    function: Callable[..., Any],
    jobs: Sequence[tuple[tuple, dict[str, Any]]],
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
