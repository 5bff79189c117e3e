"""Trials cut from a recording, as estimators take them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.datasets.recordings._sessions import Session
from sk_biornn.datasets.recordings._windows import Window


@dataclass(frozen=True)
class Trials:
    """Trials that `cut_trials` cut from a recording.

    Parameters
    ----------
    X : ndarray of shape (n_trials, n_steps, n_units), or list of ndarray or of DataFrame
        Input of each trial. A list where trials are of unequal length, and of frames (n_steps_i,
        n_units) where the units have names, so that these reach the estimator.
    y : ndarray of shape (n_trials, n_steps, ...), list or None
        Target at each step; None if none was asked for.
    groups : ndarray of shape (n_trials,), int64
        What must stay together in a cross-validation (`GroupKFold`): the number of the recording
        if several came; of one, the number of its blocks of trials that share steps.
    times : ndarray of shape (n_trials, n_steps), list of ndarray or None
        Time of each step of `X`, in s; None if the recording has no clock.
    events : ndarray of shape (n_trials,), int64, or None
        Number of the event of each trial among those of its recording, so that
        ``labels[trials.events]`` are its labels; None if there were no events.
    n_dropped : int, default=0
        Trials that are missing: events whose window leaves the recording or crosses a gap, or
        windows that a recording of as many steps would have had without a gap.

    See Also
    --------
    cut_trials : Makes them.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.datasets import cut_trials
    >>> trials = cut_trials(np.arange(10.0)[:, None], length=5, rate=10.0)
    >>> trials.X.shape, trials.y.shape, trials.groups, trials.n_dropped
    ((2, 4, 1), (2, 4, 1), array([0, 1]), 0)
    """

    X: Any
    y: Any
    groups: np.ndarray
    times: Any
    events: np.ndarray | None = None
    n_dropped: int = 0


def cut(sessions: Sequence[Session], windows: Sequence[Window], shift: int) -> tuple[Any, Any, Any]:
    """Return X, the steps `shift` later if it is not 0, and the times of X."""

    def frame(window: Window, later: int) -> Any:
        session = sessions[window.session]
        steps = _steps(window, shift, later)
        if session.names is None:
            return session.values[steps]
        index = None if session.times is None else pd.Index(session.times[steps], name="time")
        return pd.DataFrame(session.values[steps], columns=session.names, index=index)

    X = _gathered(windows, lambda window: frame(window, 0))
    y = _gathered(windows, lambda window: frame(window, shift)) if shift else None
    if any(session.times is None for session in sessions):
        return X, y, None
    clocks: list[Any] = [session.times for session in sessions]
    return X, y, _gathered(windows, lambda w: clocks[w.session][_steps(w, shift, 0)])


def cut_alike(rows: Sequence[Any], windows: Sequence[Window]) -> Any:
    """Return the rows of targets, one array or frame per session, that belong to each window."""

    def part(window: Window) -> Any:
        of_session = rows[window.session]
        steps = slice(window.start, window.stop)
        is_frame = isinstance(of_session, pd.DataFrame)
        return of_session.iloc[steps] if is_frame else of_session[steps]

    return _gathered(windows, part)


def _steps(window: Window, shift: int, later: int) -> slice:
    return slice(window.start + later, window.stop - shift + later)


def _gathered(windows: Sequence[Window], part: Callable[[Window], Any]) -> Any:
    """Return one array of parts of equal length, and a list of others and of frames."""
    parts = [part(window) for window in windows]
    alike = len({len(item) for item in parts}) == 1
    return parts if not alike or isinstance(parts[0], pd.DataFrame) else np.stack(parts)
