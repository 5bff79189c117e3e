"""Which steps of a recording become one trial: stretches without a gap, and windows in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sk_biornn.datasets.recordings._sessions import Session

LONGEST_STEP = 1.5  # times the median step; a longer one is a gap


class Window(NamedTuple):
    """Steps start to stop - 1 of one session."""

    session: int
    start: int
    stop: int
    event: int | None = None  # number of the event that it is around


def stretches(session: Session) -> list[tuple[int, int]]:
    """Return first and last + 1 step of every stretch without a missing value, step or epoch."""
    present = ~np.isnan(session.values).any(axis=1)
    new = np.zeros(len(present), dtype=bool)
    new[1:] = present[1:] != present[:-1]
    new[:1] = True
    if session.times is not None and len(present) > 2:
        steps = np.diff(session.times)
        new[1:] |= steps > LONGEST_STEP * np.median(steps)
    if session.epochs is not None:
        new[1:] |= np.diff(session.epochs) != 0
    starts = np.flatnonzero(new)
    stops = np.append(starts[1:], len(present))
    return [
        (int(start), int(stop)) for start, stop in zip(starts, stops, strict=True) if present[start]
    ]


def consecutive(number: int, session: Session, length: int, stride: int) -> list[Window]:
    """Return a window every `stride` steps, from the first step of every stretch on."""
    return [
        Window(number, first, first + length)
        for start, stop in stretches(session)
        for first in range(start, stop - length + 1, stride)
    ]


def around(number: int, session: Session, intervals: np.ndarray) -> list[Window]:
    """Return the steps from start to end of each interval, both included, that no gap cuts short.

    The times of the steps and the ends of the intervals are in s.
    """
    times = session.times
    assert times is not None
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    first = np.searchsorted(times, intervals[:, 0], side="left")
    last = np.searchsorted(times, intervals[:, 1], side="right")
    bounds = stretches(session)
    begins = np.array([start for start, _ in bounds])
    found = []
    for event, (start, stop) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        at = int(np.searchsorted(begins, start, side="right")) - 1
        if stop <= start or at < 0 or stop > bounds[at][1]:
            continue
        low, high = times[bounds[at][0]] - step, times[bounds[at][1] - 1] + step
        if low < intervals[event, 0] and intervals[event, 1] < high:
            found.append(Window(number, start, stop, event))
    return found


def of_one_length(windows: list[Window]) -> list[Window]:
    """Leave out last steps, so that windows that end between other steps are equally long."""
    shortest = min((window.stop - window.start for window in windows), default=0)
    return [window._replace(stop=window.start + shortest) for window in windows]


def blocks(windows: list[Window]) -> np.ndarray:
    """Return one number for windows with steps in common, directly or through a third."""
    order = sorted(range(len(windows)), key=lambda i: windows[i].start)
    numbers = np.zeros(len(windows), dtype=np.int64)
    number, reached = -1, -1
    for i in order:
        if windows[i].start >= reached:
            number += 1
        reached = max(reached, windows[i].stop)
        numbers[i] = number
    return numbers


def n_without_gaps(n_steps: int, length: int, stride: int) -> int:
    """How many consecutive windows so many steps would have without a gap."""
    return max((n_steps - length) // stride + 1, 0)
