"""Forecasts as frames that go on where those of the trials end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def frames_of(X: Any) -> list[pd.DataFrame] | None:
    """Return the frames that X is, one per trial; None if it is something else."""
    if isinstance(X, pd.DataFrame):
        return [X]
    is_list = isinstance(X, (list, tuple)) and len(X) > 0
    return list(X) if is_list and all(isinstance(item, pd.DataFrame) for item in X) else None


def as_frames(
    forecasts: NDArray[Any], frames: Sequence[pd.DataFrame], names: Any, *, is_list: bool
) -> Any:
    """Return forecasts as frames, whose index goes on where that of the trial ends."""
    found = [
        pd.DataFrame(values, index=_index_after(frame.index, len(values)), columns=names)
        for values, frame in zip(forecasts, frames, strict=True)
    ]
    return found if is_list else found[0]


def _index_after(index: pd.Index, n_steps: int) -> pd.Index:
    """Return the index of the steps that follow, as far apart as those before; else from 1."""
    numbers = np.arange(1, n_steps + 1)
    step = _step_of(index)
    if isinstance(index, pd.DatetimeIndex) and index.freq is not None:
        # A day is one of the calendar, as pandas before 3 knows here and not in a sum.
        return pd.date_range(
            index[-1], periods=n_steps + 1, freq=index.freq, name=index.name, unit=index.unit
        )[1:]
    if step is None:
        return pd.RangeIndex(1, n_steps + 1, name=index.name)
    after = pd.Index([index[-1] + int(n) * step for n in numbers], name=index.name)
    kind = getattr(after.dtype, "kind", "O")
    is_alike = kind in "iu" or (kind == "f" and index.dtype.kind == "f")
    return after.astype(index.dtype) if is_alike else after


def _step_of(index: pd.Index) -> Any:
    """Return how far one step of an index is from the next; None where that means nothing."""
    if isinstance(index, pd.PeriodIndex):
        return 1  # the next period
    freq: Any = getattr(index, "freq", None)
    if freq is not None:
        return freq  # a month, say, of no fixed length
    dates = isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex))
    if len(index) < 2 or not (dates or index.dtype.kind in "iuf"):
        return None
    values = index.to_series() if dates else index.to_series().astype(np.float64)
    step = values.diff().median()
    if pd.isna(step):
        return None
    return int(step) if not dates and index.dtype.kind in "iu" and step.is_integer() else step
