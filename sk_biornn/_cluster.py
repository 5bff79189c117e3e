"""The machines of a dask cluster: whether work goes there, and whether they compute as this one.

dask is never imported from here unless somebody asks for a cluster by its address.
"""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import Any, NamedTuple

from sk_biornn._records import differences, versions

CONNECT_WITHIN = 15.0  # s
WORKERS_WITHIN = 60.0  # s, until the first worker of a cluster is there
_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/:]+:\d+|(tcp|tls|ucx)://\[[0-9a-fA-F:]+\]:\d+")


class Cluster(NamedTuple):
    """Where work goes, and what is said of it there."""

    client: Any
    options: dict[str, Any]  # of `Client.submit`: resources, priority and the like

    @property
    def resources(self) -> Mapping[str, float]:
        """What a task takes of the worker that runs it, by name."""
        return self.options.get("resources") or {}

    def workers(self) -> dict[str, dict[str, Any]]:
        """Return what is known of the workers that can take a task, by address."""
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        return {address: worker for address, worker in known.items() if self._slots_of(worker)}

    def n_slots(self) -> int:
        """Return how many tasks can be computed at a time."""
        return sum(self._slots_of(worker) for worker in self.workers().values())

    def _slots_of(self, worker: Mapping[str, Any]) -> int:
        there = worker.get("resources") or {}
        asked = {name: amount for name, amount in self.resources.items() if amount > 0}
        slots = [int(there.get(name, 0) // amount) for name, amount in asked.items()]
        return min([int(worker["nthreads"]), *slots])


def active_cluster() -> Cluster | None:
    """Return the cluster to which `joblib.parallel_config("dask")` sends work; None without one."""
    if "distributed" not in sys.modules:
        return None
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    if type(backend).__name__ != "DaskDistributedBackend":
        return None
    return Cluster(backend.client, dict(backend.submit_kwargs))


def is_worker() -> bool:
    """Whether a worker of a cluster has called what is running."""
    worker = sys.modules.get("distributed.worker")
    return worker is not None and hasattr(worker.thread_state, "execution_state")


# ------------------------------------------------------------------ are they as we are


def check_workers(cluster: Cluster) -> None:
    """Refuse a cluster without workers, and workers that would compute other numbers."""
    for address, theirs in ask_workers(cluster, worker_versions).items():
        refuse_other_versions(address, theirs, worker_versions())


def ask_workers(cluster: Cluster, question: Callable[[], Any]) -> dict[str, Any]:
    """Return what every worker that can take a task answers, by address."""
    from distributed.comm import CommClosedError

    _wait_for_workers(cluster)
    client, addresses = cluster.client, list(cluster.workers())
    answers = client.run(question, workers=addresses, on_error="return")
    for address, answer in answers.items():
        if isinstance(answer, CommClosedError | TimeoutError):
            raise ValueError(
                f"the dask worker {address} does not answer ({_words(answer)}): it may have ended; "
                "begin again with those that are there."
            )
        if isinstance(answer, BaseException):
            raise ValueError(
                f"the dask worker {address} cannot do this work ({_words(answer)}): install the "
                "same version of sk_biornn there."
            )
    return answers


def _wait_for_workers(cluster: Cluster) -> None:
    if cluster.client.status != "running":
        raise ValueError(
            f"the dask client of parallel_config must be connected, got one whose status is "
            f"{cluster.client.status!r}: make another one."
        )
    with suppress(TimeoutError):
        cluster.client.wait_for_workers(1, timeout=WORKERS_WITHIN)
    if not cluster.workers():
        needed = ", ".join(f"{name}={amount:g}" for name, amount in cluster.resources.items())
        raise ValueError(
            f"the dask scheduler {address_of(cluster)} has no worker"
            f"{f' with the resources {needed}' if needed else ''} after {WORKERS_WITHIN:g} s: "
            "start some, then begin again."
        )


def address_of(cluster: Cluster) -> str:
    """Return where the scheduler is."""
    return str(cluster.client._scheduler_identity.get("address", "of this client"))


@cache
def worker_versions() -> dict[str, str]:
    """Return what the numbers of this process depend on besides the settings."""
    return versions()


def refuse_other_versions(address: str, theirs: dict[str, str], ours: dict[str, str]) -> None:
    """Refuse a worker by the names of what differs."""
    differing = differences(theirs, ours)
    if differing:
        raise ValueError(
            f"the dask worker {address} has other versions: {differing}; install the same there."
        )


def _words(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def says_gpu(client: Any) -> bool:
    """Whether workers say that they have GPUs, by the resource of this name."""
    _wait_for_workers(Cluster(client, {}))
    return bool(Cluster(client, {"resources": {"GPU": 1}}).workers())


# ------------------------------------------------------------------ by address


@contextmanager
def connected(address: Any) -> Iterator[Any]:
    """Yield a client of a cluster.

    Parameters
    ----------
    address : str
        That of a scheduler, "tcp://host:8786", or "local:4": four workers on this machine, which
        end with the block.

    Yields
    ------
    distributed.Client
        Connected.

    Raises
    ------
    ImportError
        If distributed is not installed.
    TypeError, ValueError
        If it is no address, or no scheduler answers there.
    """
    n_workers = _checked_address(address)
    try:
        import distributed
    except ImportError:
        raise ImportError(
            'dask needs the package distributed: pip install "sk-biornn[dask]".'
        ) from None
    with _in_silence(), nullcontext(address) if n_workers is None else _local(n_workers) as where:
        try:
            if n_workers is None:
                asyncio.run(asyncio.wait_for(_greet(address), CONNECT_WITHIN))
            client = distributed.Client(where, timeout=CONNECT_WITHIN, set_as_default=False)
        except Exception as error:  # of names that are not known, of ports that are closed
            raise ValueError(
                f"dask must be the address of a scheduler that answers, got {address!r}, where "
                f"none did within {CONNECT_WITHIN:g} s ({_words(error)})."
            ) from None
        try:
            yield client
        finally:
            client.close(timeout=2)


@contextmanager
def _in_silence() -> Iterator[None]:
    """Keep dask from speaking: what is wrong is told in one sentence, by who asks for the work."""
    log = logging.getLogger("distributed")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


async def _greet(address: str) -> None:
    """Have a scheduler answer: a client would wait for ever where a port is open and silent."""
    from distributed.comm import connect
    from distributed.security import Security

    options = Security().get_connection_args("client")
    comm = await connect(address, timeout=CONNECT_WITHIN, **options)
    await comm.close()


def _checked_address(address: Any) -> int | None:
    """Return the number of workers of "local:4"; None for the address of a scheduler."""
    expected = "'tcp://host:port' of a dask scheduler, or 'local:N' with N >= 1 workers here"
    if not isinstance(address, str):
        raise TypeError(f"dask must be {expected}, got {type(address).__name__}.")
    kind, _, number = address.partition(":")
    if kind == "local" and number.isascii() and number.isdigit() and int(number) > 0:
        return int(number)
    if _ADDRESS.fullmatch(address) is None:
        raise ValueError(f"dask must be {expected}, got {address!r}.")
    return None


def _local(n_workers: int) -> Any:
    """Return a cluster on this machine: one thread per worker, and no limit to its memory."""
    import distributed

    return distributed.LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        memory_limit=None,
        dashboard_address=":0",
        silence_logs=logging.CRITICAL,
        preload=[__name__],
    )


def dask_setup(worker: Any) -> None:
    """Have a worker of this machine, where dask calls this, be ended by who has started it.

    The keyboard interrupts all processes of a terminal.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
