"""What jobs of joblib are given, and the jobs of a cluster: trials go there once, not with each."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from joblib import Parallel, delayed

from sk_biornn._cluster import Cluster, active_cluster, check_workers, is_worker
from sk_biornn._cluster_tasks import cancel, check_can_be_sent, held_by_all, result_of
from sk_biornn.core import one_torch_thread

_LARGE = 2**20  # bytes


class Given:
    """Trials, targets and arguments of a fit, as one object.

    joblib sends an object that several jobs share to dask once, if it is one that says that it is
    large, and stands by itself among the arguments; lists of trials and dictionaries are not.
    """

    def __init__(self, X: Any, y: Any, fit_params: dict[str, Any]) -> None:
        self.X, self.y, self.fit_params = X, y, fit_params

    def __sizeof__(self) -> int:
        """Say that it is large."""
        return _LARGE


def cluster_for_fits() -> Cluster | None:
    """Return the cluster that fits go to; None without one, and within one of its workers."""
    return None if is_worker() else active_cluster()


def check_cluster(**given: Any) -> None:
    """Refuse a cluster whose workers would compute other numbers, and what cannot go there.

    Parameters
    ----------
    **given : object
        What jobs are given, by the name of the argument.

    Raises
    ------
    TypeError, ValueError
        If it has no pickle; if there is no worker, or one has other versions.
    """
    cluster = cluster_for_fits()
    if cluster is None:
        return
    check_workers(cluster)
    for name, value in given.items():
        check_can_be_sent(name, value)


def in_jobs(
    function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], given: Given, n_jobs: int | None
) -> list[Any]:
    """Return what a function returns for each job: of joblib, or of the workers of a cluster.

    Parameters
    ----------
    function : callable
        (*job, given) -> result.
    jobs : sequence of tuple
        The arguments that differ.
    given : Given
        What they share.
    n_jobs : int or None
        Number of jobs at once, as in joblib; a cluster has its own.

    Returns
    -------
    list
        Results, in order.
    """
    cluster = cluster_for_fits()
    if cluster is None:
        return Parallel(n_jobs=n_jobs)(delayed(function)(*job, given) for job in jobs)
    from cloudpickle import loads  # which dask has brought

    # Not by joblib: a worker that ended would take the trials along, and what has no pickle would
    # be waited for for ever.
    held = held_by_all(cluster, given)
    futures = cluster.client.map(
        _sent_back,
        [_Job(job) for job in jobs],
        function=function,
        given=held,
        key=f"sk_biornn-fit-{uuid.uuid4().hex}",
        pure=False,
        **cluster.options,
    )
    try:
        return [loads(result_of(future, "a fit", cluster)) for future in futures]
    finally:
        cancel(cluster, [future for future in futures if not future.done()])


@dataclass(frozen=True, eq=False)
class _Job:
    """The arguments of a job, which dask does not look into."""

    arguments: tuple[Any, ...]


def _sent_back(job: _Job, *, function: Callable[..., Any], given: Given) -> bytes:
    """Return the pickle of a result: where there is none, it is this task that fails."""
    from cloudpickle import dumps

    result = function(*job.arguments, given)
    try:
        return dumps(result)
    except Exception as error:  # whatever a pickler says
        raise TypeError(
            "a fit on a dask cluster must leave what can be sent back, got what has no pickle "
            f"({error}); what on_epoch keeps is part of it."
        ) from None


def one_thread_there() -> AbstractContextManager[None]:
    """Keep a fit to one thread where a worker of a cluster does it: others do theirs besides."""
    return one_torch_thread() if is_worker() else nullcontext()
