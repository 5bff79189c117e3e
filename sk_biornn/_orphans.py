"""Worker processes that end when the process that they work for does.

A process that is killed cannot tell its workers, and those of loky wait for work five minutes more,
with all that they have loaded. So a worker looks itself, every second, whether its parent is still
its parent: when that ends, the system gives a child another one.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

INTERVAL = 1.0  # s
_watched: set[int] = set()


def end_with(parent: int) -> None:
    """Have this process end soon after its parent; nothing where `parent` did not start it.

    To be called in the worker: the process that hands out the work does not depend on itself, and
    workers that others have started, on this machine or elsewhere, may outlive a study. On Windows,
    where the number of a parent stays when it has ended, workers end after their own time.
    """
    started_by = multiprocessing.parent_process()
    if os.name == "nt" or started_by is None or started_by.pid != parent:
        return
    if os.getppid() != parent:  # a server of forks is the parent, and ends its children itself
        return
    if os.getpid() not in _watched:  # by number: a fork takes the set along, but not the thread
        _watched.add(os.getpid())
        threading.Thread(target=_watch, args=(parent,), name="parent watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL)
    os._exit(1)  # nobody is left to be told, and nothing here to be saved
