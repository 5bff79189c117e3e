"""Linear algebra of NumPy and SciPy on one thread, so that its bits do not depend on how many.

A factorisation splits its sums between threads; joblib's workers have fewer threads than their
parent, and would draw other initial weights, in the last bits, from the same seed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# The number of threads is one for the whole process: who computes with one waits for who does too.
_turn = threading.RLock()


def _nobody_is_inside() -> None:
    global _turn
    _turn = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_nobody_is_inside)


@cache
def _libraries() -> Any:
    """Find the libraries once: looking for them takes milliseconds."""
    import scipy.linalg  # noqa: F401  (SciPy brings a library of its own, which must be loaded)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep linear algebra to one thread. May be nested, and used by several threads at once.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> with one_blas_thread():
    ...     {
    ...         lib["num_threads"]
    ...         for lib in threadpool_info()
    ...         if lib["user_api"] == "blas"
    ...     }
    {1}
    """
    libraries = _libraries()
    with _turn, libraries.limit(limits=1):
        held = [lib for lib in libraries.lib_controllers if lib.num_threads not in (None, 1)]
        if not held:
            yield
            return
        # A limit that another thread holds makes this one void, in silence: take it over.
        before = [lib.num_threads for lib in held]
        for lib in held:
            _set(lib, 1)
        try:
            yield
        finally:
            for lib, n_threads in zip(held, before, strict=True):
                _set(lib, n_threads)


def _set(library: Any, n_threads: int) -> None:
    if hasattr(library, "clear_controlling_thread"):
        library.clear_controlling_thread(force=True)
    library.set_num_threads(n_threads)


def single_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function keep its linear algebra to one thread."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with one_blas_thread():
            return function(*args, **kwargs)

    return call
