"""Runs that go on together: their networks learn as stacks, and measures are computed aside.

A job that is a generator yields what is to be computed next: an epoch of a network, what a network
answers, a measure that other processes may work out. Alone, each is computed as it comes. Here many
runs are carried on at a time: epochs and answers of all are computed as one, measures by workers
while the next epochs go on. A run that has nothing left to train waits for its measures aside, and
holds up nobody.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sk_biornn._blas import one_blas_thread
from sk_biornn._orphans import end_with
from sk_biornn.studies._repeatable import ill_conditioned_on_purpose, one_thread
from sk_biornn.studies._times import note_time

if TYPE_CHECKING:
    from sk_biornn.ensemble._lockstep import Member

Record = dict[str, Any]
Steps = Generator[Any, Any, Any]  # yields what has a method `compute`, and is sent its result
Submit = Callable[..., "Future[Any]"]
_MOST_WAITING = 2000  # measures; each holds a matrix


# ------------------------------------------------------------------ what a job may yield


@dataclass(frozen=True, eq=False)
class Aside:
    """A function to be called while the network learns on."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def compute(self) -> Future[Any]:
        """Call it now."""
        return _at_once(self.function, *self.arguments)


@dataclass(frozen=True, eq=False)
class Collect:
    """What was begun aside, and is now needed."""

    begun: Sequence[Future[Any]]

    def compute(self) -> list[Any]:
        """Return all results, waiting for those that are not there."""
        return [future.result() for future in self.begun]


def aside(function: Callable[..., Any], *arguments: Any) -> Generator[Any, Any, Future[Any]]:
    """Have a worker call a function while the job goes on: ``yield from aside(modularity, W)``.

    Parameters
    ----------
    function : callable
        Of a module. It may be called in another process, and must not need torch's devices.
    *arguments : object
        What it is given; nobody may write to it afterwards.

    Returns
    -------
    Future
        To be handed to `collected` at the end of the job.

    Yields
    ------
    object
        What is to be begun.

    Examples
    --------
    >>> from sk_biornn.core import alone
    >>> from sk_biornn.studies import aside, collected
    >>> def job(numbers):
    ...     begun = []
    ...     for number in numbers:
    ...         begun.append((yield from aside(abs, number)))
    ...     return (yield from collected(begun))
    >>> alone(job([-1, 2, -3]))
    [1, 2, 3]
    """
    return (yield Aside(function, arguments))


def collected(begun: Sequence[Future[Any]]) -> Generator[Any, Any, list[Any]]:
    """Return what was begun aside, at the end of a job, after all training.

    Parameters
    ----------
    begun : sequence of Future
        What `aside` returned.

    Returns
    -------
    list
        The results, in order. An error of one is raised.

    Yields
    ------
    object
        What is to be waited for.

    Examples
    --------
    >>> from sk_biornn.core import alone
    >>> from sk_biornn.studies import collected
    >>> alone(collected([]))
    []
    """
    return (yield Collect(begun))


def _at_once(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(function(*arguments))
    except Exception as error:  # it is raised where the result is asked for
        future.set_exception(error)
    return future


def by_steps(outcome: Any) -> Steps:
    """Return what a job returns that is a generator, or a plain function which has done all."""
    if isinstance(outcome, Generator):
        return (yield from outcome)
    return outcome


# ------------------------------------------------------------------ many runs


def carry_together(
    function: Callable[..., tuple[Record, Steps]],
    runs: Mapping[str, tuple[Any, ...]],
    keep: Callable[[str, Record], None],
    *,
    always: bool,
    n_jobs: int | None,
) -> None:
    """Carry runs to their ends side by side, and keep the record of each when it is whole.

    Parameters
    ----------
    function : callable
        (*arguments) -> a record, and the steps that fill it in.
    runs : mapping of str to tuple
        Arguments, by name.
    keep : callable
        (name, record) -> None.
    always : bool
        Whether networks learn in stacks also where that does not pay.
    n_jobs : int or None
        Number of processes that compute what is put aside; 1: this one.

    Raises
    ------
    KeyboardInterrupt
        From the keyboard; runs that were whole by then are kept.
    """
    from sk_biornn.core import one_of_many
    from sk_biornn.ensemble._lockstep import Member, carry

    with _workers(n_jobs) as submit, ill_conditioned_on_purpose(), one_of_many():
        open_runs: dict[Member, _Run] = {}
        for name, arguments in runs.items():
            run = _Run(name, partial(function, *arguments), submit)
            open_runs[Member(run.steps())] = run

        def close(member: Member) -> None:
            run = open_runs[member]
            if run.has_ended(member) and run.is_whole():
                keep(run.name, run.finish(member))
                del open_runs[member]  # not before: what interrupts `keep` loses nothing

        def watch(_: Sequence[Member] = ()) -> None:
            for member in list(open_runs):
                close(member)

        try:
            interrupted = carry(list(open_runs), always=always, watch=watch)
            while interrupted is None:
                waiting = [future for run in open_runs.values() for future in run.not_done()]
                watch()
                if not waiting:
                    break
                wait(waiting, return_when=FIRST_COMPLETED)
            if interrupted is not None:
                raise interrupted
        except BaseException:
            for member in list(open_runs):
                with suppress(Exception):  # what is raised is what has gone wrong first
                    close(member)
            raise


def carried_together(
    together: Callable[..., None], runs: Mapping[str, tuple[Any, ...]], *, n_jobs: int | None
) -> dict[str, Record]:
    """Return the records of runs that were carried on side by side: a task of a cluster.

    Parameters
    ----------
    together : callable
        Such as `carry_together`, but for `n_jobs`.
    runs : mapping of str to tuple
        Arguments, by name.
    n_jobs : int or None
        As in `carry_together`, where the worker may have processes of its own.

    Returns
    -------
    dict
        By name.
    """
    records: dict[str, Record] = {}
    if multiprocessing.current_process().daemon:
        n_jobs = 1
    with one_thread():
        together(runs, records.__setitem__, n_jobs=n_jobs)
    return records


class _Run:
    """One run, from its begin to its record."""

    def __init__(self, name: str, begin: Callable[[], tuple[Record, Steps]], submit: Submit):
        self.name = name
        self._begin, self._submit = begin, submit
        self._record: Record | None = None
        self._asides: list[Future[Any]] = []
        self._needed: Collect | None = None  # what it waits for when it has ended its training
        self._started = 0.0
        self._finishing, self._is_finished = False, False

    def steps(self) -> Steps:
        """Yield epochs and questions; return what is left to do when no more of them come."""
        self._started = time.perf_counter()
        self._record, inner = self._begin()
        go_on = partial(next, inner)
        while True:
            try:
                step = go_on()
            except StopIteration:
                return None
            if isinstance(step, Collect):
                self._needed = step
                return inner
            if isinstance(step, Aside):
                future = self._submit(step.function, *step.arguments)
                self._asides.append(future)
                go_on = partial(inner.send, future)
                continue
            try:
                value = yield step
            except GeneratorExit:
                raise
            except BaseException as error:
                go_on = partial(inner.throw, error)
            else:
                go_on = partial(inner.send, value)

    def has_ended(self, member: Member) -> bool:
        """Whether nothing of it is left to train, and nobody has interrupted it."""
        begun = self._record is not None or member.error is not None
        if self._finishing and not self._is_finished:  # interrupted in its very last part
            return False
        return begun and member.epoch is None and not member.is_interrupted

    def not_done(self) -> list[Future[Any]]:
        """Return what was put aside and is not there yet."""
        return [future for future in self._asides if not future.done()]

    def is_whole(self) -> bool:
        """Whether all that was put aside is there."""
        return not self.not_done()

    def finish(self, member: Member) -> Record:
        """Return the record, with the error where there was one; it is made once."""
        if self._record is None:
            assert member.error is not None
            raise member.error
        if self._is_finished:
            return self._record
        self._finishing = True
        error, inner, member.result = member.error, member.result, None
        if error is None and inner is not None and self._needed is not None:
            error = _error_of_rest(inner, self._needed)
        self._record["error"] = None if error is None else f"{type(error).__name__}: {error}"
        note_time(self._record, self._started)
        self._is_finished = True
        return self._record


def _error_of_rest(inner: Steps, step: Any) -> Exception | None:
    """Carry a run to its end, and return the error with which it ends."""
    try:
        while True:
            step = inner.send(step.compute())
    except StopIteration:
        return None
    except Exception as error:  # the other runs go on; the record says what happened
        inner.close()
        return error


# ------------------------------------------------------------------ workers


@contextmanager
def _workers(n_jobs: int | None) -> Iterator[Submit]:
    """Yield (function, *arguments) -> Future, of processes that end with the block."""
    from joblib import effective_n_jobs

    n_workers = effective_n_jobs(n_jobs)
    if n_workers == 1:
        yield _at_once
        return
    # Not those of the standard library, which start a script without a guard again.
    from joblib.externals.loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(
        n_workers, initializer=_begin_work, initargs=(os.getpid(),), env=_PLAIN_WORKER
    )
    waiting: list[Future[Any]] = []

    def submit(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        if len(waiting) >= _MOST_WAITING:
            waiting[:] = [future for future in waiting if not future.done()]
            if len(waiting) >= _MOST_WAITING:
                waiting[0].exception()  # wait: each of them holds what it is given
        waiting.append(executor.submit(_work_aside, function, arguments))
        return waiting[-1]

    try:
        yield submit
    except BaseException:
        executor.shutdown(wait=False, kill_workers=True)
        raise
    executor.shutdown()


# One thread each, as runs compute; and nothing of a GPU, which is for the networks.
_PLAIN_WORKER = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "CUDA_VISIBLE_DEVICES": "",
}


def _begin_work(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that hands out the work ends it
    end_with(parent)


def _work_aside(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    with one_blas_thread():
        return function(*arguments)
