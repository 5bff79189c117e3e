"""Spike trains as they come: lists, dicts by name, pynapple, neo; all of them in ms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from sk_biornn._checks import check_choice, check_number
from sk_biornn._plain import found, is_several, real_array, short

TIME_UNITS = ("ms", "s")
MS_PER = {"ms": 1.0, "s": 1000.0}


class SpikeTrains(NamedTuple):
    """Sorted spike times of each neuron within the epochs of one recording, in ms."""

    times: list[np.ndarray]
    epochs: np.ndarray  # (n_epochs, 2): start and end of each; no spike is near across two
    names: list[str] | None


def is_spike_trains(value: Any) -> bool:
    """Whether a value holds spike trains and cannot be a recording of traces or counts."""
    # A sparse matrix of scipy can be a dict, and a data set of xarray is a mapping.
    is_other = hasattr(value, "shape") or hasattr(value, "dims")
    if (isinstance(value, Mapping) and not is_other) or _has_unit(value):
        return True
    return isinstance(value, (list, tuple)) and any(map(_has_unit, value))


def read_spike_trains(
    value: Any,
    name: str,
    *,
    time_unit: str = "ms",
    t_start: float = 0.0,
    t_stop: float | None = None,
) -> SpikeTrains:
    """Return spike trains in ms, whatever they came as.

    Numbers, `t_start` and `t_stop` are in `time_unit`; what knows its own unit is converted from
    it. Without `t_stop` the recording is what pynapple calls its time support, or from t_start to
    t_stop of neo.
    """
    check_choice("time_unit", time_unit, TIME_UNITS)
    start = check_number("t_start", t_start)
    stop = None if t_stop is None else check_number("t_stop", t_stop, low=start, open_low=True)
    support = getattr(value, "time_support", None)
    if _is_one_train(value):
        value = [value]
    names, trains = _named(value, name)
    if not trains:
        raise ValueError(f"{name} must hold the spike times of at least one neuron, got none.")
    epochs = _epochs(trains, support, name)
    if stop is not None:
        epochs = _one_epoch(epochs, to_ms(np.array([[start, stop]]), time_unit), name)
    elif epochs is None:
        raise ValueError(
            f"t_stop must be the end of the recording when {name} holds spike times, got None."
        )
    if not (epochs[:, 1] - epochs[:, 0]).sum() > 0:
        raise ValueError(f"{name} must have a time_support longer than 0 s, got {short(support)}.")
    times = [_in_ms(name, number, train, time_unit) for number, train in enumerate(trains)]
    for number, train in enumerate(times):
        _check_within(name, number, train, epochs, time_unit)
    return SpikeTrains(times, epochs, names)


def to_ms(times: np.ndarray, time_unit: str) -> np.ndarray:
    """Return times in ms: those in s to the nanosecond, so that 0.11 s is 110 ms and no less."""
    return times if time_unit == "ms" else np.round(times * MS_PER[time_unit], 6)


def _has_unit(train: Any) -> bool:
    """Whether times come from pynapple (always in s) or with a unit of quantities, as neo's."""
    return _is_ts(train) or hasattr(train, "rescale")


def _is_ts(value: Any) -> bool:
    """Whether a value holds times of pynapple, and no values at these times."""
    of_pynapple = type(value).__module__.partition(".")[0] == "pynapple"
    return of_pynapple and hasattr(value, "time_support") and not hasattr(value, "values")


def _is_one_train(value: Any) -> bool:
    return _has_unit(value) and not isinstance(value, Mapping)


def _named(value: Any, name: str) -> tuple[list[str] | None, list[Any]]:
    """Return the names, if there are any, and one train per neuron."""
    if isinstance(value, Mapping):  # a TsGroup is one
        names = [str(key) for key in value]
        if len(set(names)) < len(names):
            twice = next(key for key in names if names.count(key) > 1)
            raise ValueError(f"{name} must name every neuron once, got {short(twice)} twice.")
        return names, [value[key] for key in value]
    if not is_several(value):
        raise TypeError(
            f"{name} must be a list with the spike times per neuron, a dict of them by name or a "
            f"TsGroup of pynapple, got {found(value)}."
        )
    return None, list(value)


def _epochs(trains: list[Any], support: Any, name: str) -> np.ndarray | None:
    """Return the union of the epochs that trains bring with them, in ms; None if they have none."""
    intervals = [support] if support is not None else [_epoch_of(train) for train in trains]
    known = [interval for interval in intervals if interval is not None]
    if not known:
        return None
    if len(known) < len(intervals):
        raise ValueError(
            f"{name} must bring the epochs of every neuron or of none, got some without."
        )
    return _union(np.concatenate([_interval_in_ms(interval) for interval in known]))


def _epoch_of(train: Any) -> Any:
    if _is_ts(train):
        return train.time_support
    has_ends = hasattr(train, "rescale") and hasattr(train, "t_start")
    return (train.t_start, train.t_stop) if has_ends else None


def _interval_in_ms(interval: Any) -> np.ndarray:
    if isinstance(interval, tuple):
        return np.array([[float(end.rescale("ms").magnitude) for end in interval]])
    return to_ms(np.asarray(interval.values, dtype=np.float64), "s")


def _union(intervals: np.ndarray) -> np.ndarray:
    """Join intervals that overlap or touch."""
    joined: list[list[float]] = []
    for start, stop in intervals[np.argsort(intervals[:, 0], kind="stable")].tolist():
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], stop)
        else:
            joined.append([start, stop])
    return np.array(joined).reshape(-1, 2)


def _one_epoch(epochs: np.ndarray | None, given: np.ndarray, name: str) -> np.ndarray:
    """Return the stretch that t_start and t_stop say, unless the trains have gaps between."""
    if epochs is not None and len(epochs) > 1:
        raise ValueError(
            f"t_stop must be None when {name} has a time_support of several epochs, got t_stop "
            f"for {len(epochs)} epochs; cut them with .restrict()."
        )
    return given


def _in_ms(name: str, index: int, train: Any, time_unit: str) -> np.ndarray:
    """Return the sorted spike times of one neuron."""
    unit = time_unit
    if type(train).__module__.startswith("pynapple") and not _is_ts(train):
        raise TypeError(f"{name} must hold times of spikes (Ts), got {found(train)}.")
    if _is_ts(train):
        train, unit = train.index.values, "s"
    elif hasattr(train, "rescale"):
        train, unit = np.asarray(train.rescale("ms").magnitude), "ms"
    try:
        times = real_array(train, name)
    except (TypeError, ValueError):
        times = np.empty((0, 0))
    if times.ndim != 1:
        raise ValueError(
            f"{name} must be a list with one array of event times in {time_unit} per neuron when "
            f"t_stop is given, got something else for neuron {index}."
        )
    return np.sort(to_ms(times, unit))


def _check_within(
    name: str, index: int, times: np.ndarray, epochs: np.ndarray, time_unit: str
) -> None:
    inside = np.zeros(len(times), dtype=bool)
    for start, stop in epochs:
        inside |= (times >= start) & (times <= stop)
    if inside.all():
        return
    start, stop, first = (
        value / MS_PER[time_unit] for value in (epochs[0, 0], epochs[-1, 1], times[~inside][0])
    )
    raise ValueError(
        f"{name} must hold event times from t_start={start:g} to t_stop={stop:g} {time_unit}, got "
        f"{first:g} for neuron {index}."
    )


def in_order(trains: SpikeTrains, names: Iterable[str]) -> SpikeTrains:
    """Return trains in the order of names, if these are theirs; otherwise as they are."""
    wanted = list(names)
    if trains.names is None or sorted(wanted) != sorted(trains.names):
        return trains
    times = dict(zip(trains.names, trains.times, strict=True))
    return trains._replace(times=[times[name] for name in wanted], names=wanted)
