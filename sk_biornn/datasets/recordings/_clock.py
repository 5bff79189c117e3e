"""Time in seconds, from numbers, durations, dates and what libraries call time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._plain import real_array, short

Times = NDArray[np.float64]
DECIMALS = 9  # times are compared to the nanosecond: 0.1 + 0.2 is 0.3
UNITS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
}


def seconds(times: Any, name: str, origin: Any = None) -> Times:
    """Return times in s, to the nanosecond; dates are counted from `origin`."""
    if np.asarray(times).dtype.kind in "OmM":
        times = _numbers_of_dates(times, name, origin)
    values = real_array(times, name, "times in seconds")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(
            f"{name} must be finite numbers of seconds, one per row, got {_bad(values)}."
        )
    return np.round(values, DECIMALS)


def _bad(values: Any) -> str:
    if values.ndim != 1:
        return f"shape {values.shape}"
    at = int(np.argmax(~np.isfinite(values)))
    return f"{values[at]} in row {at}"


def check_increasing(times: Times, name: str) -> Times:
    """Return times of steps, each later than the one before."""
    late = np.flatnonzero(np.diff(times) <= 0)
    if late.size:
        at = int(late[0])
        raise ValueError(
            f"{name} must increase from step to step, got {times[at]:.10g} s and then "
            f"{times[at + 1]:.10g} s at step {at + 1}; sort the recording, and leave out what is "
            "there twice."
        )
    return times


def time_index(index: Any, name: str) -> tuple[Any, Any]:
    """Return the times of the index of a data frame in s and its origin; None, None without one.

    A count of rows is no clock.
    """
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.MultiIndex):
        raise ValueError(
            f"{name} must have one level of rows, its time, got {index.nlevels} levels; pass one "
            "frame per session as a list."
        )
    if isinstance(index, pd.RangeIndex):
        return None, None
    if isinstance(index, pd.DatetimeIndex):
        origin = index[0] if len(index) else None
        return seconds(index, f"{name}.index", origin), origin
    if isinstance(index, pd.TimedeltaIndex) or pd.api.types.is_numeric_dtype(index.dtype):
        return seconds(index, f"{name}.index"), None
    raise ValueError(
        f"{name} must have times as its index, numbers (of s), durations or dates, got "
        f"{short(list(index[:3]))}; read them with pandas.to_datetime, or number the rows with "
        ".reset_index(drop=True)."
    )


def unit_in_seconds(unit: Any, name: str) -> float:
    """Return how many seconds one of a unit is, as the attribute `units` of xarray names it."""
    text = str(unit or "").strip().lower()
    if text not in UNITS:
        raise ValueError(f"{name} must have its time in 's' or 'ms', got units {short(unit)}.")
    return UNITS[text]


def _numbers_of_dates(times: Any, name: str, origin: Any) -> Any:
    """Return durations, or dates less their origin, in s; anything else as it is."""
    index = pd.Index(times)
    if isinstance(index, pd.DatetimeIndex):
        if origin is None:
            raise ValueError(f"{name} must be in seconds, as the recording is, got dates.")
        try:
            index = index - origin
        except TypeError as error:
            reason = str(error).rstrip(".")
            raise TypeError(f"{name} must have the time zone of the recording: {reason}.") from None
    return index.total_seconds().to_numpy() if isinstance(index, pd.TimedeltaIndex) else times
