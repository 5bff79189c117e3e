"""What the runs of all studies have around them: their own seeds, one thread, no known warning."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from sk_biornn._blas import one_blas_thread


def seed_of(random_state: int, *key: Any) -> int:
    """Return a seed that depends on nothing but the seed of the study and this key."""
    words = [zlib.crc32(str(part).encode()) for part in key]
    return int(np.random.SeedSequence([random_state, *words]).generate_state(1)[0])


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: several would sum in another order, and so to other bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with one_blas_thread():
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def ill_conditioned_on_purpose() -> Iterator[None]:
    """Keep quiet about badly conditioned initial weights: in a study they are what is studied."""
    from sk_biornn.initializers import ConditioningWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        yield
