"""Many independent jobs on any joblib backend, with a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

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
    `done` jobs, finished earlier, count in the progress bar.
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    results = parallel(delayed(function)(*args, **kwargs) for args, kwargs in jobs)
    yield from tqdm(
        results,
        total=done + len(jobs),
        initial=done,
        unit="run",
        file=sys.stderr,
        disable=not progress,
        dynamic_ncols=True,
    )


def check_n_jobs(n_jobs: Any) -> None:
    """Refuse 0 and what is not an int; None is joblib's own choice."""
    if n_jobs is not None and checked_int("n_jobs", n_jobs, None) == 0:
        raise ValueError("n_jobs must be a positive int, a negative one (joblib) or None, got 0.")
