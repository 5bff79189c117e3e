"""What makes the runs of a study repeatable: own seeds, one thread, data with a fingerprint."""

from __future__ import annotations

import hashlib
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from sk_biornn._blas import one_blas_thread
from sk_biornn._bytes import take_in


def seed_of(random_state: int, *key: Any) -> int:
    """Return a seed that depends on nothing but the seed of the study and this key.

    Parameters
    ----------
    random_state : int
        Seed of the study.
    *key : object
        What the seed is for: a task, a simulation, a purpose. The text of each counts.

    Returns
    -------
    int
        Seed between 0 and 2**32 - 1.

    Examples
    --------
    >>> from sk_biornn.studies import seed_of
    >>> seed_of(0, "digits", 3, "data")
    758305086
    """
    words = [zlib.crc32(str(part).encode()) for part in key]
    return int(np.random.SeedSequence([random_state, *words]).generate_state(1)[0])


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: several would sum in another order, and so to other bits.

    Threads that do so take turns: nobody may wait for another one inside.
    """
    from sk_biornn.core import one_torch_thread

    with one_torch_thread(), one_blas_thread():
        yield


@contextmanager
def ill_conditioned_on_purpose() -> Iterator[None]:
    """Keep quiet about badly conditioned initial weights: in a study they are what is studied."""
    from sk_biornn.initializers import ConditioningWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        yield


def digest(*arrays: np.ndarray) -> str:
    """Return the SHA-256 of dtype, shape and bytes of arrays, in hexadecimal digits.

    It is kept with a study, so that runs on other data are never taken for runs of this one.
    """
    found = hashlib.sha256()
    for array in map(np.asarray, arrays):
        take_in(found, array)
    return found.hexdigest()
