"""Events and intervals, whatever they come as, as intervals in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import check_number
from sk_biornn._plain import found, plain_frame, short
from sk_biornn.datasets.recordings._clock import DECIMALS, seconds
from sk_biornn.datasets.recordings._sessions import Session
from sk_biornn.units.names import listed

ENDS = (("start", "end"), ("start", "stop"), ("start_time", "stop_time"))


def check_window(window: Any) -> tuple[float, float]:
    """Return (start, stop), in s from the event."""
    if not isinstance(window, (tuple, list, np.ndarray)) or len(window) != 2:
        raise TypeError(
            f"window must be (start, stop) in s from each event, such as (-0.5, 1.0), got "
            f"{short(window)}."
        )
    start = check_number("window[0]", window[0])
    return start, check_number("window[1]", window[1], low=start, open_low=True)


def intervals_of(events: Any, window: Any, session: Session) -> tuple[np.ndarray, bool]:
    """Return start and end of each interval in s, and whether they are windows of one length."""
    _refuse_marks(events, len(session.values))
    ends = _ends(events, session)
    if ends is not None:
        if window is not None:
            raise ValueError(
                f"window must be None when events have a start and an end, got {short(window)}."
            )
        return _check_order(ends), False
    if window is None:
        raise ValueError(
            "window must be (start, stop) in s from each event when events are times, got None."
        )
    start, stop = check_window(window)
    if _of_pynapple(events):
        events = events.index.values
    times = seconds(events, "events", session.origin)
    return np.round(np.stack([times + start, times + stop], axis=1), DECIMALS), True


def _refuse_marks(events: Any, n_steps: int) -> None:
    """Raise if events are marks, one per step of the recording, and no times."""
    if _of_pynapple(events):
        return
    marks = np.asarray(plain_frame(events)) if np.ndim(events) else np.empty(0)
    marks = marks.ravel() if marks.size == max(marks.shape, default=0) else marks
    is_number = marks.dtype.kind in "iufb"
    if marks.ndim != 1 or not is_number or not (marks.dtype == bool or len(marks) == n_steps > 2):
        return
    values = np.unique(marks)
    whole = bool((np.nan_to_num(values) % 1 == 0).all())
    if marks.dtype == bool or (whole and len(values) < len(marks)):
        raise ValueError(
            f"events must be times in s, got {len(marks)} {marks.dtype} values, one per step, such "
            f"as {listed(values)}; those of a vector of 0 and 1 are np.flatnonzero(events) / rate."
        )


def _ends(events: Any, session: Session) -> np.ndarray | None:
    """Return (n_intervals, 2) of what has a start and an end, None of points in time."""
    if _of_pynapple(events):
        if hasattr(events, "keys"):
            raise TypeError(f"events must be times or intervals, got {found(events)}; choose one.")
        is_intervals = not hasattr(events, "time_support")
        return np.round(events.values, DECIMALS) if is_intervals else None
    events = plain_frame(events)
    if isinstance(events, pd.DataFrame):
        names = next((pair for pair in ENDS if set(pair) <= set(events.columns)), None)
        if names is None:
            raise ValueError(
                "events must have the columns 'start' and 'end' when they are a table, got "
                f"{short(list(events.columns))}; of points in time pass the one column."
            )
        columns: list[Any] = [events[name] for name in names]
    elif getattr(events, "ndim", 1) == 2 or (
        isinstance(events, (list, tuple)) and len(events) and np.ndim(events[0]) == 1
    ):
        array = np.asarray(events)
        if array.ndim != 2 or array.shape[1] != 2:
            raise ValueError(
                "events must be times (n_events,) or intervals (n_events, 2), got shape "
                f"{array.shape}."
            )
        columns = [array[:, 0], array[:, 1]]
    else:
        return None
    return np.stack([seconds(column, "events", session.origin) for column in columns], axis=1)


def _of_pynapple(events: Any) -> bool:
    return type(events).__module__.partition(".")[0] == "pynapple"


def _check_order(ends: np.ndarray) -> np.ndarray:
    wrong = np.flatnonzero(~(ends[:, 0] < ends[:, 1]))
    if wrong.size:
        at = int(wrong[0])
        raise ValueError(
            f"events must end after they start, got {ends[at, 0]:g} to {ends[at, 1]:g} s for event "
            f"{at}."
        )
    return ends
