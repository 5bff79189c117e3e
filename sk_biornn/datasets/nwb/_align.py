"""From a continuous recording to trials: the windows around an event, on one time base."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EVENTS = ("change", "pre_change", "omission")
# Between samples further apart than this many intervals nothing is interpolated.
_MAX_GAP = 2.5


class Windows(NamedTuple):
    """Events of one kind in one recording."""

    trial: NDArray[np.intp]  # (n,): row of the presentations that it belongs to
    shown: NDArray[np.intp]  # (n,): the row it is aligned to, the one before for "pre_change"
    time: NDArray[np.float64]  # (n,) s
    n_events: int  # before any was left out
    n_unclean: int  # of these, left out because something else happened in the window


def find_windows(
    stimuli: pd.DataFrame,
    event: str,
    relative_s: NDArray[np.float64],
    *,
    active: bool | None,
    clean: bool,
) -> Windows:
    """Return the events of a kind, those with another event in their window left out."""
    start = stimuli["start"].to_numpy()
    change, omitted = (stimuli[name].to_numpy() for name in ("is_change", "omitted"))
    chosen = omitted.copy() if event == "omission" else change & ~omitted
    if active is not None:
        chosen &= stimuli["active"].to_numpy() == active
    if event == "pre_change":
        chosen[:1] = False  # nothing was shown before the first
    trial = np.flatnonzero(chosen)
    shown = trial - 1 if event == "pre_change" else trial
    time = start[shown]
    n_events = len(trial)
    if clean:
        others = omitted | change
        own = np.full(n_events, -1) if event == "pre_change" else trial
        keep = ~_disturbed(stimuli, others, own, time, relative_s)
        trial, shown, time = trial[keep], shown[keep], time[keep]
    return Windows(trial, shown, time, n_events, n_events - len(trial))


def _disturbed(
    stimuli: pd.DataFrame,
    others: NDArray[np.bool_],
    own: NDArray[np.intp],
    time: NDArray[np.float64],
    relative_s: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Whether another change or omission overlaps the window of each event."""
    rows = np.flatnonzero(others)
    begin, end = (time[:, None] + edge for edge in (relative_s[0], relative_s[-1]))
    start, stop = (stimuli[name].to_numpy()[rows] for name in ("start", "stop"))
    overlaps = (start <= end) & (stop > begin) & (rows != own[:, None])
    return overlaps.any(axis=1)


def interpolate(
    timestamps: NDArray[np.float64], values: NDArray[np.float64], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate linearly: (n_times, n_cells) at `times` (n, n_frames) -> (n, n_frames, n_cells).

    NaN before the first and after the last sample, and where samples are missing between.
    """
    after = np.searchsorted(timestamps, times, side="left").clip(1, len(timestamps) - 1)
    before = after - 1
    step = timestamps[after] - timestamps[before]
    share = (times - timestamps[before]) / step
    usual = np.median(np.diff(timestamps))
    absent = (share < 0) | (share > 1) | ((step > _MAX_GAP * usual) & (share > 0) & (share < 1))
    share = np.where(absent, np.nan, share)[..., None]
    low, high = values[before], values[after]
    # A sample that counts with weight 0 must not matter, even if it is NaN.
    return np.where(share == 0, low, np.where(share == 1, high, low + share * (high - low)))
