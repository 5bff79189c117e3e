"""Targets that come with a recording: one row per step, on the same clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import conversion_of, found, plain, plain_frame, short, without_mask
from sk_biornn.activity.recordings import has_dims
from sk_biornn.datasets.recordings._clock import time_index
from sk_biornn.datasets.recordings._sessions import Session, read_own_clock

NEXT_STEP = "next step"


def read_targets(targets: Any, sessions: Sequence[Session], several: bool) -> list[Any]:
    """Return an array or a frame with one row per step for each session."""
    if isinstance(targets, str):
        raise ValueError(
            f"targets must be {NEXT_STEP!r}, None or an array with one row per step of the "
            f"recording, got {short(targets)}."
        )
    if not several:
        return [_read(targets, "targets", sessions[0])]
    if not isinstance(targets, (list, tuple)) or len(targets) != len(sessions):
        raise ValueError(
            f"targets must be a list with one array for each of the {len(sessions)} recordings, "
            f"got {found(targets)}."
        )
    return [
        _read(part, f"targets[{number}]", session)
        for number, (part, session) in enumerate(zip(targets, sessions, strict=True))
    ]


def _read(targets: Any, name: str, session: Session) -> Any:
    targets = plain_frame(plain(targets, name))
    if has_dims(targets) or type(targets).__module__.partition(".")[0] == "pynapple":
        read = read_own_clock(targets, name)
        one_column = getattr(targets, "ndim", 2) == 1
        rows: Any = read.values[:, 0] if one_column else read.values
        if read.names is not None:
            rows = pd.DataFrame(rows, columns=read.names)
        clock = read.times
    elif isinstance(targets, (pd.DataFrame, pd.Series)):
        clock, _ = time_index(targets.index, name)
        rows = targets if isinstance(targets, pd.DataFrame) else targets.to_numpy()
    else:
        with conversion_of(name):
            clock, rows = None, _array(targets)
    n_rows = np.shape(rows)[0] if np.ndim(rows) else 0
    if n_rows != len(session.values):
        raise ValueError(
            f"{name} must have one row per step of the recording ({len(session.values)}), got "
            f"{n_rows}; labels of events are labels[trials.events] after the cut."
        )
    if clock is not None and session.times is not None and not np.array_equal(clock, session.times):
        raise ValueError(
            f"{name} must be at the times of the recording, got other times; interpolate them "
            "first."
        )
    return rows


def _array(targets: Any) -> np.ndarray:
    """Return an array in which what a mask hides is missing."""
    kind = getattr(getattr(targets, "dtype", None), "kind", "O")
    numbers = kind in "iuf"
    filled = without_mask(targets, np.nan if numbers else None, float if numbers else object)
    return np.asarray(filled)
