"""A recording as it comes, and what is known of it: values, names, times, where it breaks off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import check_number
from sk_biornn._plain import found, plain, plain_frame, real_array, refuse_dates, refuse_masked
from sk_biornn.activity.recordings import (
    TRIAL_DIMS,
    has_dims,
    is_several,
    time_dim,
    unit_names,
    warn_if_transposed,
)
from sk_biornn.datasets.recordings._clock import (
    Times,
    check_increasing,
    seconds,
    time_index,
    unit_in_seconds,
)

CLOCKS = ("time", "times", "timestamp", "timestamps")
NO_CLOCK = ("frame", "frames", "sample", "samples", "step", "steps")


@dataclass(frozen=True)
class Session:
    """One recording without an interruption by the experimenter; gaps are found later."""

    values: np.ndarray  # (n_steps, n_units), floats; NaN where nothing was recorded
    names: list[str] | None
    times: Times | None  # (n_steps,) in s
    origin: Any = None  # the date of time 0, if the recording has dates
    epochs: np.ndarray | None = None  # (n_steps,): number of the epoch that a step is of


def read_sessions(recording: Any, *, times: Any = None, rate: Any = None) -> list[Session]:
    """Return the sessions of a recording, whatever it is."""
    parts, several = as_parts(recording)
    clocks = given_times(times, len(parts), several)
    if rate is not None:
        rate = check_number("rate", rate, low=0.0, open_low=True)
        if times is not None:
            raise ValueError("rate must be None when times are given, got both.")
    sessions = [
        _with_clock(
            read_own_clock(part, f"recording[{number}]" if several else "recording"), clock, rate
        )
        for number, (part, clock) in enumerate(zip(parts, clocks, strict=True))
    ]
    _check_alike(sessions)
    warn_if_transposed([session.values for session in sessions])
    return sessions


def as_parts(recording: Any) -> tuple[list[Any], bool]:
    """Return the recordings, and whether several came."""
    refuse_masked(recording, "recording")
    refuse_dates(recording, "recording")
    if has_dims(recording) and not hasattr(recording, "data_vars"):
        trials = next((dim for dim in recording.dims if str(dim).lower() in TRIAL_DIMS), None)
        if trials is not None:
            return [recording.isel({trials: i}) for i in range(recording.sizes[trials])], True
    if hasattr(recording, "dims") or _is_of_pynapple(recording):
        return [recording], False
    recording = plain(recording, "recording")
    objects = isinstance(recording, (list, tuple)) and any(
        hasattr(part, "index") and hasattr(part, "ndim") for part in recording
    )
    if objects or is_several(recording):
        return list(recording), True
    return [recording], False


def given_times(times: Any, n_sessions: int, several: bool) -> list[Any]:
    """Return the given times of each session, None where none are given."""
    if times is None:
        return [None] * n_sessions
    if not several:
        return [times]
    if not isinstance(times, Sequence) or len(times) != n_sessions:
        raise ValueError(
            f"times must be a list with the times of each of the {n_sessions} recordings, got "
            f"{found(times)}."
        )
    return list(times)


def read_own_clock(part: Any, name: str) -> Session:
    """Return values, names and times that one recording brings with it."""
    if has_dims(part) or hasattr(part, "data_vars"):
        return _of_xarray(part, name)
    if _is_of_pynapple(part):
        return _of_pynapple(part, name)
    part = plain_frame(part)
    if isinstance(part, pd.Series):
        part = part.to_frame()
    if not isinstance(part, pd.DataFrame):
        return Session(_floats(part, name), None, None)
    clock, origin = time_index(part.index, name)
    columns = list(part.columns)
    _check_columns(columns, name)
    is_named = all(isinstance(column, str) for column in columns)
    values = _floats(part, name)
    return Session(values, columns if is_named and columns else None, clock, origin)


def _check_columns(columns: list[Any], name: str) -> None:
    """Refuse times among the units, and names that two units have."""
    for column in columns:
        if str(column).lower() in CLOCKS:
            raise ValueError(
                f"{name} must have its times as the index, got a column {column!r} among the units;"
                f" pass {name}.set_index({column!r}), or drop it."
            )
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise ValueError(f"{name} must name every column once, got {twice!r} twice.")


def _of_xarray(part: Any, name: str) -> Session:
    dim = time_dim(part, name)
    names = unit_names(part, name)
    ordered = part.transpose(dim, ...)
    values = np.asarray(ordered.values)
    values = _floats(values.reshape(len(values), -1), name)
    if dim not in part.coords or str(dim).lower() in NO_CLOCK:
        return Session(values, names, None)
    clock = part.coords[dim]
    if np.asarray(clock).dtype.kind in "mM":
        times, origin = time_index(pd.Index(clock.values), name)
    else:
        times = clock.values * unit_in_seconds(clock.attrs.get("units"), name)
        times, origin = seconds(times, f"{name}.{dim}"), None
    return Session(values, names, times, origin)


def _is_of_pynapple(part: Any) -> bool:
    return type(part).__module__.partition(".")[0] == "pynapple"


def _of_pynapple(part: Any, name: str) -> Session:
    if not hasattr(part, "get_slice") or not hasattr(part, "values"):
        raise TypeError(
            f"{name} must have a value at every step, got {found(part)} of pynapple; count spikes "
            "first: .count(bin_size)."
        )
    values = np.asarray(part.values)
    values = _floats(values.reshape(len(values), -1), name)
    times = seconds(part.index.values, f"{name}.index")
    epochs = np.searchsorted(np.asarray(part.time_support.start), times, side="right")
    return Session(values, unit_names(part, name), times, None, epochs)


def _floats(values: Any, name: str) -> np.ndarray:
    """Return (n_steps, n_units) as floats, float32 as it is, a single unit as one column."""
    if isinstance(values, pd.DataFrame):
        dtypes = set(values.dtypes)
        keep = dtypes == {np.dtype(np.float32)}
        values = values.to_numpy(dtype=np.float32 if keep else None, na_value=np.nan)
    narrow = getattr(values, "dtype", None) == np.float32
    array = np.asarray(values) if narrow else real_array(values, name)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name} must be (n_steps, n_units) with at least one of each, got shape {array.shape}."
        )
    if np.isinf(array).any():
        raise ValueError(
            f"{name} must hold finite numbers, or NaN where nothing was recorded, got infinity at "
            f"step {int(np.isinf(array).any(axis=1).argmax())}."
        )
    return array


def _with_clock(session: Session, times: Any, rate: float | None) -> Session:
    """Add the times that are given as an argument, where the recording has none of its own."""
    n_steps = len(session.values)
    given = "times" if times is not None else "rate" if rate is not None else None
    if session.times is not None:
        if given is not None:
            raise ValueError(
                f"{given} must be None for a recording that has its own times, got both; rows that "
                "are only numbered lose their numbers with .reset_index(drop=True)."
            )
        return replace(session, times=check_increasing(session.times, "times of the recording"))
    if rate is not None:
        return replace(session, times=seconds(np.arange(n_steps) / rate, "rate"))
    if times is None:
        return session
    dates = pd.Index(times) if np.ndim(times) == 1 else None
    origin = dates[0] if isinstance(dates, pd.DatetimeIndex) and len(dates) else None
    clock = seconds(times, "times", origin)
    if len(clock) != n_steps:
        raise ValueError(
            f"times must have one entry per step of the recording ({n_steps}), got {len(clock)}."
        )
    return replace(session, times=check_increasing(clock, "times"), origin=origin)


def _check_alike(sessions: list[Session]) -> None:
    first = sessions[0]
    for number, session in enumerate(sessions):
        if session.values.shape[1] != first.values.shape[1]:
            raise ValueError(
                "recording must have the same units in every session, got "
                f"{session.values.shape[1]} in session {number} and {first.values.shape[1]} in "
                "session 0."
            )
        if session.names != first.names:
            raise ValueError(
                "recording must have the same names in the same order in every session, got "
                f"others in session {number} than in session 0."
            )
