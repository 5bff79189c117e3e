"""What makes a run repeatable bit for bit: its own seeds, and one thread."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def seed_of(random_state: int, *key: Any) -> int:
    """Return a seed that depends on nothing but the seed of the study and this key."""
    words = [zlib.crc32(str(part).encode()) for part in key]
    return int(np.random.SeedSequence([random_state, *words]).generate_state(1)[0])


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: several would sum in another order, and so to other bits."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(before)
