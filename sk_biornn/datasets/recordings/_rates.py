"""One rate of steps: as many steps of a faster part would be another stretch of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from sk_biornn.datasets.recordings._sessions import Session
from sk_biornn.datasets.recordings._windows import stretches

TOLERANCE = 0.01  # of the step; a clock that is so much off is jitter or drift
DEVIATIONS = 5.0  # standard errors that two means differ by if jitter does not make them
FEWEST_STEPS = 10  # of a part of a recording; fewer may be what lost frames leave


class _Part(NamedTuple):
    """Steps in s, one after the other without a gap, and where they are."""

    steps: np.ndarray
    session: int
    start: float

    @property
    def mean(self) -> float:
        return float(self.steps.mean())


def check_one_rate(sessions: Sequence[Session], several: bool) -> None:
    """Raise if sessions, stretches of one, or two parts of a stretch have different rates.

    Means of steps are compared: they count as different where they differ by more than 1 %, by
    more than jitter explains, and so that the shorter part would be one step off at its end.
    """
    longest: _Part | None = None
    for part in sorted(_parts(sessions), key=lambda part: -len(part.steps)):
        first, second = _halves(part)
        if _differ(first, second):
            raise _refusal(first, second, several)
        longest = longest or part
        if _differ(longest, part):
            raise _refusal(longest, part, several)


def _parts(sessions: Sequence[Session]) -> Iterator[_Part]:
    for number, session in enumerate(sessions):
        times = session.times
        if times is None:
            continue
        bounds = stretches(session)
        for start, stop in bounds:
            if stop - start > 1:
                yield _Part(np.diff(times[start:stop]), number, float(times[start]))
        yield from _slow_runs(times, bounds, number)


def _slow_runs(times: np.ndarray, bounds: list[tuple[int, int]], number: int) -> Iterator[_Part]:
    """Return long runs of single steps between gaps: they are recorded at a slower rate."""
    alone = [start for start, stop in bounds if stop - start == 1]
    for run in np.split(alone, np.flatnonzero(np.diff(alone) != 1) + 1):
        if len(run) > FEWEST_STEPS:
            yield _Part(np.diff(times[run]), number, float(times[run[0]]))


def _halves(part: _Part) -> tuple[_Part, _Part]:
    """Divide steps where the means of both sides differ most, weighted by how long they are."""
    steps, n_steps = part.steps, len(part.steps)
    if n_steps < 2:
        return part, part
    before = np.arange(1, n_steps)
    excess = np.cumsum(steps - part.mean)[:-1]
    at = int(np.argmax(excess**2 / (before * (n_steps - before)))) + 1
    middle = part.start + float(steps[:at].sum())
    return part._replace(steps=steps[:at]), part._replace(steps=steps[at:], start=middle)


def _differ(first: _Part, second: _Part) -> bool:
    counts = len(first.steps), len(second.steps)
    if first is second or (first.session == second.session and min(counts) < FEWEST_STEPS):
        return False
    spread = sum(float(((part.steps - part.mean) ** 2).sum()) for part in (first, second))
    error = np.sqrt(spread / max(sum(counts) - 2, 1) * (1 / counts[0] + 1 / counts[1]))
    difference, step = abs(first.mean - second.mean), min(first.mean, second.mean)
    return bool(
        difference > TOLERANCE * step
        and difference > DEVIATIONS * error
        and difference * min(counts) > step
    )


def _refusal(first: _Part, second: _Part, several: bool) -> ValueError:
    def text(part: _Part) -> str:
        session = f" in session {part.session}" if several else ""
        return f"{1 / part.mean:.3g} Hz from {part.start:.5g} s on{session}"

    one, other = sorted((first, second), key=lambda part: (part.session, part.start))
    return ValueError(
        f"recording must have one rate of steps, got {text(one)} and {text(other)}; resample it "
        "to one rate, or cut the parts separately."
    )
