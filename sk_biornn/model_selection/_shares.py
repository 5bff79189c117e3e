"""How long each of several trainings took that were carried on at the same time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock


@dataclass
class Share:
    """What one of them has taken."""

    seconds: float = 0.0  # when it has ended


class Shares:
    """Divides the time that passes among those that have begun and not ended.

    The shares add up to the time in which there was any of them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_alive = 0
        self._of_one = 0.0  # s, share of one that was there all the time
        self._last = 0.0

    @contextmanager
    def of_one(self) -> Iterator[Share]:
        """Measure the share of what is done inside."""
        share, begun = Share(), self._change(1)
        try:
            yield share
        finally:
            share.seconds = self._change(-1) - begun

    def _change(self, by: int) -> float:
        with self._lock:
            now = time.perf_counter()
            if self._n_alive:
                self._of_one += (now - self._last) / self._n_alive
            self._last = now
            self._n_alive += by
            return self._of_one


SHARES = Shares()
