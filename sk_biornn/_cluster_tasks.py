"""What tasks on a dask cluster share, and what becomes of one that does not end well."""

from __future__ import annotations

import uuid
import warnings
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import suppress
from typing import Any

from sk_biornn._cluster import Cluster, address_of


def check_can_be_sent(name: str, value: Any) -> None:
    """Refuse what workers cannot be given: dask would say so at length, and joblib would wait."""
    from cloudpickle import dumps  # which dask has brought

    try:
        dumps(value, protocol=5, buffer_callback=lambda _: None)  # arrays are not copied
    except Exception as error:  # whatever a pickler says
        raise TypeError(
            f"{name} must be what can be sent to the workers of a dask cluster, got what has no "
            f"pickle ({error})."
        ) from None


def held_by_all(cluster: Cluster, common: Any) -> Any:
    """Have all workers hold what all tasks share, and return its future.

    It is the result of a task, and no scattered data, which would be lost with the workers that
    have it. One worker gets it from here, the others from each other.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        key = f"sk_biornn-common-{uuid.uuid4().hex}"
        held = cluster.client.submit(_hold, common, key=key, pure=False)
    with suppress(Exception):  # of a worker that ends now; those that need it ask for it later
        cluster.client.replicate([held], workers=list(cluster.workers()))
    return held


def _hold(common: Any) -> Any:
    return common


def result_of(future: Any, called: str, cluster: Cluster) -> Any:
    """Return what a task returns, or raise what it raises.

    Parameters
    ----------
    future : distributed.Future
        The task.
    called : str
        What the user calls it.
    cluster : Cluster
        Where it is.

    Returns
    -------
    object
        Its result.

    Raises
    ------
    BrokenExecutor
        If it has ended all workers that it was given to, or somebody has cancelled it.
    ConnectionError
        If the scheduler is lost.
    """
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        raise BrokenExecutor(
            f"{called} was given to several dask workers, and each of them ended (is there "
            "enough memory?)"
        ) from None
    except (CancelledError, OSError) as error:
        if cluster.client.status != "running":
            raise ConnectionError(
                f"the dask scheduler {address_of(cluster)} was lost, and what it had in flight"
            ) from None
        if isinstance(error, OSError):  # of the worker: no room on its disk, for one
            raise
        raise BrokenExecutor(
            f"{called} was cancelled on the dask scheduler {address_of(cluster)}, by another "
            "client or as it was started again"
        ) from None


def cancel(cluster: Cluster, futures: Any) -> None:
    """Have a cluster forget tasks that nobody waits for any more."""
    if futures and cluster.client.status == "running":
        with suppress(Exception):  # it ends either way
            cluster.client.cancel(list(futures), force=True)
