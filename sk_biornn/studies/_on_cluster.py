"""Runs of a study on the workers of a dask cluster.

What all runs share, the plan of the study with whatever arrays it holds, goes out once, and from
worker to worker. A run leaves its file where it is computed; its content comes back with the
record, so that the workers need not see the folder of the study. dask does again what a worker had
in flight that ended.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sk_biornn._atomic import write_bytes
from sk_biornn._checks import check_choice
from sk_biornn._cluster import (
    Cluster,
    ask_workers,
    refuse_other_versions,
    worker_versions,
)
from sk_biornn._cluster_tasks import cancel, check_can_be_sent, held_by_all, result_of

Record = dict[str, Any]
_AS_LETTERS = str.maketrans("0123456789", "ghijklmnop")  # dask takes digits for a number of a task
Carry = Callable[[dict[str, tuple[Any, ...]]], dict[str, Record]]  # arguments by name -> records


@dataclass(frozen=True)
class _Common:
    """What all tasks need."""

    carry: Carry
    shared: dict[int, Any]  # arguments of every run, by their place
    versions: dict[str, str]


@dataclass(frozen=True)
class _Runs:
    """What one task needs besides: the other arguments, and the file of every run."""

    arguments: dict[str, tuple[Any, ...]]
    leaves: dict[str, Path | None]


def each(function: Callable[..., Record], runs: dict[str, tuple[Any, ...]]) -> dict[str, Record]:
    """Carry out runs one after the other."""
    return {name: function(*arguments) for name, arguments in runs.items()}


# ------------------------------------------------------------------ the process that hands out


def run_on_cluster(
    cluster: Cluster,
    carry: Carry,
    runs: Mapping[str, tuple[Any, ...]],
    groups: Iterable[Sequence[str]],
    leaves: Mapping[str, Path | None],
    *,
    ahead: bool,
) -> Iterator[tuple[str, Record]]:
    """Yield names and records as they come, in no order.

    Parameters
    ----------
    cluster : Cluster
        Where.
    carry : callable
        Arguments by name -> records by name: one task.
    runs : mapping of str to tuple
        Arguments by name.
    groups : iterable of sequences of str
        The names of each task.
    leaves : mapping of str to (Path or None)
        The file that a run leaves.
    ahead : bool
        Whether all tasks are handed out at once. If not, `groups` is asked for another one when
        a worker is about to have nothing to do.

    Yields
    ------
    tuple
        Name and record.

    Raises
    ------
    ConnectionError
        If the scheduler is lost.
    BrokenExecutor
        If a task has ended all workers that it was given to, or somebody has cancelled it.
    """
    tasks = iter(groups)
    first = next(tasks, None)
    if first is None:
        return
    tasks = chain([first], tasks)
    handed_out = _HandedOut(cluster, carry, runs, leaves)
    try:
        while True:
            handed_out.add(islice(tasks, None if ahead else handed_out.n_wanted()))
            if not handed_out.waiting:
                return
            for name, record, content in handed_out.next_results():
                leaf = leaves.get(name)
                if leaf is not None and content is not None:
                    leaf.parent.mkdir(exist_ok=True)
                    write_bytes(leaf, content)
                yield name, record
    finally:
        handed_out.cancel()


class _HandedOut:
    """Tasks that a cluster has, and what comes back."""

    def __init__(
        self,
        cluster: Cluster,
        carry: Carry,
        runs: Mapping[str, tuple[Any, ...]],
        leaves: Mapping[str, Path | None],
    ) -> None:
        from distributed import as_completed

        self.waiting: dict[Any, Sequence[str]] = {}  # by future the names of its runs
        self._cluster, self._runs, self._leaves = cluster, runs, leaves
        self._shared = _shared(list(runs.values()))
        common = _Common(carry, self._shared, worker_versions())
        try:
            self._common = held_by_all(cluster, common)
        except TypeError:  # of dask, at length
            check_can_be_sent("the job and the plan of a study", common)
            raise
        self._coming = as_completed([], loop=cluster.client.loop)
        # One name for all tasks, and for no other study: dask learns how long they take.
        self._kind = f"sk_biornn-{uuid.uuid4().hex.translate(_AS_LETTERS)}"

    def n_wanted(self) -> int:
        """Return how many tasks more keep all workers busy, one of them waiting."""
        return max(0, self._cluster.n_slots() + 1 - len(self.waiting))

    def add(self, groups: Iterable[Sequence[str]]) -> None:
        """Hand out tasks, by the names of their runs."""
        groups = list(groups)
        if not groups:
            return
        futures = self._cluster.client.map(
            _work,
            [self._runs_of(names) for names in groups],
            common=self._common,
            key=[(self._kind, names[0]) for names in groups],
            pure=False,
            **self._cluster.options,
        )
        self.waiting.update(zip(futures, groups, strict=True))
        self._coming.update(futures)

    def _runs_of(self, names: Sequence[str]) -> _Runs:
        arguments = {name: _without(self._runs[name], self._shared) for name in names}
        return _Runs(arguments, {name: self._leaves.get(name) for name in names})

    def next_results(self) -> list[tuple[str, Record, bytes | None]]:
        """Return names, records and contents of files of the task that ends next."""
        future = next(self._coming)
        names = self.waiting.pop(future)
        return result_of(future, _called(names), self._cluster)

    def cancel(self) -> None:
        """Have the cluster forget what has not come back."""
        cancel(self._cluster, self.waiting)


def groups_of(names: Sequence[str], n_groups: int) -> list[list[str]]:
    """Deal runs out, those alike together: networks of one kind make one stack."""
    if not names:
        return []
    ordered = sorted(names, key=lambda name: name.rpartition("_")[0])
    n_groups = max(1, min(n_groups, len(ordered)))
    size, rest = divmod(len(ordered), n_groups)
    ends = [(k + 1) * size + min(k + 1, rest) for k in range(n_groups)]
    return [ordered[low:high] for low, high in zip([0, *ends], ends, strict=False)]


def device_there(cluster: Cluster, device: str) -> str:
    """Return "cpu" or "cuda", where the workers are asked and not this process."""
    if check_choice("device", device, ("cpu", "cuda", "auto")) == "cpu":
        return "cpu"
    without = [where for where, found in ask_workers(cluster, _finds_a_gpu).items() if not found]
    if not without:
        return "cuda"
    if device == "cuda":
        raise ValueError(
            f"device must be 'cpu' or 'auto' where the dask worker {without[0]} finds no GPU, got "
            "'cuda'; parallel_config('dask', resources={'GPU': 1}) leaves such workers out."
        )
    return "cpu"


def _finds_a_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _shared(rows: Sequence[tuple[Any, ...]]) -> dict[int, Any]:
    """Return the arguments that are the same object in all runs, by their place."""
    first, *others = rows
    return {
        place: value
        for place, value in enumerate(first)
        if all(len(row) > place and row[place] is value for row in others)
    }


def _without(arguments: tuple[Any, ...], shared: dict[int, Any]) -> tuple[Any, ...]:
    return tuple(value for place, value in enumerate(arguments) if place not in shared)


def _called(names: Sequence[str]) -> str:
    first, *others = names
    return f"the stack of {len(names)} runs from {first} on" if others else f"the run {first}"


# ------------------------------------------------------------------ the worker


def _work(runs: _Runs, common: _Common) -> list[tuple[str, Record, bytes | None]]:
    """Return the records of some runs and the content of their files."""
    _check_here(common.versions)  # a worker may have come later than the others
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: Path(scratch, f"{name}.npz") for name in runs.arguments}
        arguments = {
            name: tuple(_elsewhere(given, runs.leaves[name], files[name]) for given in whole)
            for name, whole in _whole(common.shared, runs.arguments).items()
        }
        records = common.carry(arguments)
        return [
            (name, record, files[name].read_bytes() if files[name].exists() else None)
            for name, record in records.items()
        ]


def _elsewhere(given: Any, leaf: Path | None, file: Path) -> Any:
    return file if leaf is not None and isinstance(given, Path) and given == leaf else given


def _whole(
    shared: dict[int, Any], runs: Mapping[str, tuple[Any, ...]]
) -> dict[str, tuple[Any, ...]]:
    """Put the arguments that all runs share back to their places."""
    found = {}
    for name, own in runs.items():
        rest = iter(own)
        places = range(len(shared) + len(own))
        found[name] = tuple(shared[k] if k in shared else next(rest) for k in places)
    return found


def _check_here(expected: dict[str, str]) -> None:
    """Refuse to work where other versions are than where the work comes from."""
    if worker_versions() == expected:
        return
    from distributed import get_worker

    refuse_other_versions(get_worker().address, worker_versions(), expected)
