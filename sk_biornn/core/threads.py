"""How the engine computes: every library call on one thread, fixed blocks of work on several.

How a library splits a product or a sum between threads depends on their number, and with it the
last bits of the result. Here no library call ever has more than one thread. What can be done side
by side is cut into parts by a rule that knows sizes only; threads take whole parts, and what the
parts give is put together in their order. So the number of threads changes nothing but the time.

Threads of Python wait for each other once per sweep instead of once per operation, so that a busy
machine costs a share of the time instead of a multiple of it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import torch

Part = TypeVar("Part")

_SMALLEST = 5e-324  # a subnormal number: 0 for a processor that flushes them


class _State:
    """What all threads of the process share; guarded by `lock`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.n_computing = 0  # threads of callers that are inside `computing`
        self.n_held = 0  # threads of callers that have one thread, for this or another reason
        self.n_threads = 1  # what torch was allowed before the first of them came
        self.pool: ThreadPoolExecutor | None = None
        self.pool_size = 0


class _Here(threading.local):
    """What one thread knows of itself."""

    depth = 0  # inside `computing`
    n_held = 0  # how often it was given one thread
    is_kept = False  # inside `one_torch_thread`: it has no helpers either


_state, _here = _State(), _Here()


def _start_anew_in_a_fork() -> None:
    """Forget the threads of the parent, which a fork does not copy, and never wait for them.

    OpenMP, once it has had threads, waits for them forever in a forked process; with one thread it
    asks for none.
    """
    global _state
    _state = _State()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_a_fork)


@contextmanager
def computing() -> Iterator[None]:
    """Compute as the same bits ask for, and leave torch as the caller had it.

    Inside, every library call of this thread has one thread; subnormal numbers are 0 (a processor
    takes many times longer for them, and a collapsing network is full of them);
    autocast is off, and products of float32 on a processor are made in float32, whatever
    `torch.set_float32_matmul_precision` says. May be nested, and used by several threads at once.

    Yields
    ------
    None
        Nothing; what counts is what holds inside.

    Examples
    --------
    >>> import torch
    >>> with computing():
    ...     torch.get_num_threads()
    1
    """
    if _here.depth:
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(_one_thread(is_computing=True))
        stack.enter_context(_without_subnormals())
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(_exact_products())
        yield


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch, and what is computed inside, to one thread, while others compute besides.

    May be nested, and used by several threads at once.

    Yields
    ------
    None
        Nothing; what counts is what holds inside.

    Examples
    --------
    >>> import torch
    >>> with one_torch_thread():
    ...     torch.get_num_threads()
    1
    """
    before, _here.is_kept = _here.is_kept, True
    try:
        with _one_thread(is_computing=False):
            yield
    finally:
        _here.is_kept = before


@contextmanager
def _one_thread(*, is_computing: bool) -> Iterator[None]:
    # `set_num_threads` holds for the calling thread and for threads that are yet to be born, so
    # the first one in notes what was set and everyone puts it back.
    state = _state
    with state.lock:
        if state.n_held == 0:
            state.n_threads = torch.get_num_threads()
        state.n_held += 1
        state.n_computing += is_computing
        torch.set_num_threads(1)
    _here.n_held += 1
    _here.depth += is_computing
    try:
        yield
    finally:
        _here.n_held -= 1
        _here.depth -= is_computing
        with state.lock:
            state.n_held -= 1
            state.n_computing -= is_computing
            torch.set_num_threads(1 if _here.n_held else state.n_threads)


@contextmanager
def _without_subnormals() -> Iterator[None]:
    flushed_before = _SMALLEST * 1.0 == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed_before)


@contextmanager
def _exact_products() -> Iterator[None]:
    """Make products of float32 in float32; torch may be told to round their factors first."""
    rounding = [b for b in _product_settings() if b.fp32_precision not in ("none", "ieee")]
    before = [backend.fp32_precision for backend in rounding]
    for backend in rounding:
        backend.fp32_precision = "ieee"
    try:
        yield
    finally:
        for backend, precision in zip(rounding, before, strict=True):
            backend.fp32_precision = precision


def _product_settings() -> list[Any]:
    # On a GPU the user decides: rounded factors halve the time there (docs/performance.rst).
    settings = getattr(torch.backends.mkldnn, "matmul", None)
    return [settings] if hasattr(settings, "fp32_precision") else []


def do_all(work: Callable[[Part], object], parts: Sequence[Part]) -> None:
    """Call `work` on every part, side by side where the caller's torch has threads to spare.

    Parameters
    ----------
    work : callable
        What is done to one part; parts must not write to the same memory.
    parts : sequence
        The parts, the dearest first.

    Notes
    -----
    Only inside `computing`. Which thread does which part is not determined, and must not matter.
    """
    n_threads = min(len(parts), _state.n_threads // max(_state.n_computing, 1))
    if n_threads <= 1 or _here.is_kept:
        for part in parts:
            work(part)
        return
    rest = iter(parts)  # one `next` at a time: the interpreter's lock guards it
    inference = torch.is_inference_mode_enabled()
    helpers = [_pool().submit(_help, work, rest, inference) for _ in range(n_threads - 1)]
    try:
        for part in rest:
            work(part)
    finally:
        wait(helpers)  # also after an error or an interrupt: they write to the caller's memory
    _raise_first(helpers)


def _raise_first(helpers: Iterable[Future[None]]) -> None:
    for helper in helpers:
        helper.result()


def _help(work: Callable[[Part], object], parts: Iterator[Part], inference: bool) -> None:
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    with torch.inference_mode(inference), torch.no_grad():
        for part in parts:
            work(part)


def _pool() -> ThreadPoolExecutor:
    state = _state
    with state.lock:
        if state.pool is None or state.pool_size < state.n_threads - 1:
            # One that is too small ends by itself when the last who works with it lets it go.
            state.pool_size = state.n_threads - 1
            state.pool = ThreadPoolExecutor(state.pool_size, thread_name_prefix="sk_biornn")
        return state.pool
