"""What jobs of joblib are given: trials go to a cluster once, not with every job."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sk_biornn._cluster import active_cluster, check_workers, is_worker
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


def check_cluster() -> None:
    """Refuse a cluster whose workers would compute other numbers; nothing where there is none."""
    cluster = active_cluster()
    if cluster is not None and not is_worker():
        check_workers(cluster)


def one_thread_there() -> AbstractContextManager[None]:
    """Keep a fit to one thread where a worker of a cluster does it: others do theirs besides."""
    return one_torch_thread() if is_worker() else nullcontext()
