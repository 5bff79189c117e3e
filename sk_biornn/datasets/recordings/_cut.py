"""From a recording to trials: windows around events, or one after the other."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_biornn._checks import check_count
from sk_biornn._plain import found, short
from sk_biornn.datasets.recordings._events import intervals_of
from sk_biornn.datasets.recordings._rates import check_one_rate
from sk_biornn.datasets.recordings._sessions import Session, as_parts, read_sessions
from sk_biornn.datasets.recordings._targets import NEXT_STEP, read_targets
from sk_biornn.datasets.recordings._trials import Trials, cut, cut_alike
from sk_biornn.datasets.recordings._windows import (
    Window,
    around,
    blocks,
    consecutive,
    n_without_gaps,
    of_one_length,
    stretches,
)


def cut_trials(
    recording: Any,
    *,
    events: Any = None,
    window: Any = None,
    length: int | None = None,
    stride: int | None = None,
    times: Any = None,
    rate: float | None = None,
    targets: Any = NEXT_STEP,
) -> Trials:
    """Cut a recording into trials, around events or one after the other, never across a gap.

    With `events`, a trial has the steps whose time t is within ``start <= t <= end``, which is how
    pynapple aligns (`build_tensor`). Without, a trial has `length` steps, and one begins every
    `stride` steps from the start of each stretch on.

    A stretch is a part of a recording without a gap. It ends where a step is longer than 1.5 times
    the median step, where an epoch of pynapple ends, and where a unit is NaN.

    Parameters
    ----------
    recording : array-like, DataFrame, DataArray of xarray, Tsd(Frame, Tensor) of pynapple, or list
        Values (n_steps, n_units). Time of a DataFrame is its index, if that is numbers (of s),
        durations or dates (counted from the first); a RangeIndex is no time. Of a DataArray it is
        the dimension called time, t, frame, sample or step, wherever that stands, in s or in ms if
        its attribute `units` says so; one called trial, epoch, session or recording has several
        recordings. All other dimensions are units. A list, or an array of three dimensions, has
        several recordings (sessions).
    events : array-like, DataFrame, Ts or IntervalSet of pynapple, list or None, default=None
        Times of events (n_events,), in s or as dates; or intervals: (n_events, 2), an IntervalSet,
        or a table with the columns start and end (start_time and stop_time). One per session for a
        list of recordings.
    window : tuple of float or None, default=None
        Start and end of a trial, in s from its event, such as ``(-0.5, 1.0)``. Trials then have one
        number of steps, the largest that all of them have. None for intervals.
    length : int or None, default=None
        Without events: steps per window.
    stride : int or None, default=None
        Without events: steps from one window to the next. None: `length`, no window shares a step
        with another.
    times : array-like of shape (n_steps,), list of such or None, default=None
        Time of each step in s, or as dates, of a recording that has no times of its own.
    rate : float or None, default=None
        Steps per second (Hz), in the place of `times`.
    targets : "next step", array-like, list of such or None, default="next step"
        "next step": `X` is all of a window but its last step, and `y` all but its first, one step
        later. An array with one row per step of the recording is cut as the recording is. None: no
        `y`.

    Returns
    -------
    Trials
        `X`, `y`, `groups`, `times`, and which events are in them.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument does not fit, times do not increase, their rate changes by more than 1 %, or
        no trial is left.

    Warns
    -----
    UserWarning
        If there are more units than steps, as in an array (cells, frames); or if events were left
        out because their window leaves the recording or crosses a gap.

    Notes
    -----
    Windows that overlap (`stride` shorter than `length`, or events close to each other) have steps
    in common: split at random, training trials hold the answers to test trials. `groups` gives them
    one number, for scikit-learn's GroupKFold. Several recordings are a group each. All overlapping
    windows of one stretch without a gap are one group: hold out a part of the recording by
    passing its parts as a list, or leave `stride` out.

    Times are compared to the nanosecond.

    Examples
    --------
    Ten seconds of two units at 10 Hz, windows of 20 steps, with a gap where nothing was recorded:

    >>> import numpy as np
    >>> from sk_biornn.datasets import cut_trials
    >>> recording = np.random.default_rng(0).standard_normal((100, 2))
    >>> trials = cut_trials(recording, length=20, rate=10.0)
    >>> trials.X.shape, trials.y.shape
    ((5, 19, 2), (5, 19, 2))
    >>> # y is X one step later
    >>> int((trials.y[:, :-1] != trials.X[:, 1:]).sum())
    0
    >>> recording[50] = np.nan
    >>> trials = cut_trials(recording, length=20, rate=10.0)
    >>> trials.times[:, 0], trials.n_dropped
    (array([0. , 2. , 5.1, 7.1]), 1)

    Around events, with a target per step; each window that overlaps another is of its group:

    >>> speed = np.linspace(0.0, 1.0, 100)
    >>> trials = cut_trials(
    ...     recording, events=[1.0, 3.0, 3.5, 8.0], window=(-0.5, 1.0), rate=10.0,
    ...     targets=speed,
    ... )
    >>> trials.X.shape, trials.y.shape, trials.groups
    ((4, 16, 2), (4, 16), array([0, 1, 1, 2]))
    """
    sessions = read_sessions(recording, times=times, rate=rate)
    several = as_parts(recording)[1]
    check_one_rate(sessions, several)
    if events is None:
        windows, n_dropped = _one_after_the_other(sessions, window, length, stride)
    else:
        windows, n_dropped = _around_events(sessions, several, events, window, length, stride)
    is_next = isinstance(targets, str) and targets == NEXT_STEP
    shift = 1 if is_next else 0
    rows = None if is_next or targets is None else read_targets(targets, sessions, several)
    if min(w.stop - w.start for w in windows) <= shift:
        raise ValueError(
            f"targets={NEXT_STEP!r} needs windows of at least 2 steps, got one of 1 step."
        )
    X, y, clock = cut(sessions, windows, shift)
    return Trials(
        X,
        y if rows is None else cut_alike(rows, windows),
        np.array([w.session for w in windows]) if several else blocks(windows),
        clock,
        None if events is None else np.array([w.event for w in windows]),
        n_dropped,
    )


def _one_after_the_other(
    sessions: Sequence[Session], window: Any, length: Any, stride: Any
) -> tuple[list[Window], int]:
    if window is not None:
        raise ValueError(f"window must be None without events, got {short(window)}.")
    if length is None:
        raise ValueError("length must be the number of steps per window without events, got None.")
    length = check_count("length", length)
    stride = length if stride is None else check_count("stride", stride)
    windows = [
        window
        for number, session in enumerate(sessions)
        for window in consecutive(number, session, length, stride)
    ]
    if not windows:
        raise ValueError(
            f"length must be at most {_longest(sessions)}, the steps of the longest stretch without"
            f" a gap{_silent(sessions)}, got {length}."
        )
    wanted = sum(n_without_gaps(len(session.values), length, stride) for session in sessions)
    return windows, max(wanted - len(windows), 0)


def _around_events(
    sessions: Sequence[Session], several: bool, events: Any, window: Any, length: Any, stride: Any
) -> tuple[list[Window], int]:
    for name, value in (("length", length), ("stride", stride)):
        if value is not None:
            raise ValueError(
                f"{name} must be None with events, whose trials are as long as window says, got "
                f"{short(value)}."
            )
    if any(session.times is None for session in sessions):
        raise ValueError("rate or times must say when the steps are when there are events.")
    windows: list[Window] = []
    n_events, alike = 0, True
    for number, (part, session) in enumerate(
        zip(_per_session(events, len(sessions), several), sessions, strict=True)
    ):
        intervals, fixed = intervals_of(part, window, session)
        windows += around(number, session, intervals)
        n_events, alike = n_events + len(intervals), alike and fixed
    if not n_events:
        raise ValueError("events must have at least one event, got none.")
    if not windows:
        raise ValueError(
            f"events must have their windows within a stretch of the recording without a gap, got "
            f"none of {n_events} that has; {_extent(sessions)}{_silent(sessions)}, and events are "
            "in s."
        )
    n_dropped = n_events - len(windows)
    if n_dropped:
        warnings.warn(
            f"{n_dropped} of {n_events} events are left out: their windows leave the recording or "
            "cross a gap in it.",
            UserWarning,
            stacklevel=3,
        )
    return of_one_length(windows) if alike else windows, n_dropped


def _per_session(events: Any, n_sessions: int, several: bool) -> list[Any]:
    if not several:
        return [events]
    is_list = isinstance(events, (list, tuple))
    if (
        not is_list
        or len(events) != n_sessions
        or not all(hasattr(part, "__len__") for part in events)
    ):
        raise ValueError(
            f"events must be a list with one list of times per session, {n_sessions} in all, got "
            f"{short(events) if is_list else found(events)}."
        )
    return list(events)


def _longest(sessions: Sequence[Session]) -> int:
    return max((stop - start for s in sessions for start, stop in stretches(s)), default=0)


def _extent(sessions: Sequence[Session]) -> str:
    """Say from when to when the first recording goes."""
    first = sessions[0].times
    assert first is not None
    return f"the recording goes from {first[0]:g} to {first[-1]:g} s"


def _silent(sessions: Sequence[Session]) -> str:
    """Name a unit that is NaN throughout, which leaves no step."""
    for session in sessions:
        empty = np.flatnonzero(np.isnan(session.values).all(axis=0))
        if empty.size:
            unit = int(empty[0]) if session.names is None else repr(session.names[empty[0]])
            return f" (unit {unit} is NaN throughout)"
    return ""
