"""What counts as one recording, as several, and as spike times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_biornn._plain import plain, real_array, refuse_dates, refuse_masked


def check_recordings(X: Any, name: str = "recordings") -> list[np.ndarray]:
    """Return one finite array (n_steps_i, n_neurons) per recording, padding left out."""
    refuse_masked(X, name)
    refuse_dates(X, name)
    X = plain(X, name)
    parts = [without_padding(part) for part in X] if is_several(X) else [X]
    recordings = [_check_recording(part, name) for part in parts]
    n_neurons = {part.shape[1] for part in recordings}
    if len(n_neurons) != 1:
        raise ValueError(
            f"{name} must hold one number of neurons and at least one recording, got "
            f"{sorted(n_neurons)} neurons in {len(recordings)} recordings."
        )
    return recordings


def _check_recording(part: Any, name: str) -> np.ndarray:
    # Counts stay what they are: as float64 they would take eight times the memory of bytes.
    is_count = isinstance(part, np.ndarray) and part.dtype.kind in "iu"
    array = part if is_count else real_array(part, name)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name} must be (n_steps, n_neurons) with at least one of each, a list of such "
            f"recordings or (n_trials, n_steps, n_neurons), got shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity.")
    return array


def is_several(X: Any) -> bool:
    """Whether X is a list of recordings or a 3-D array of trials, rather than one recording."""
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim == 3
    if isinstance(X, np.ndarray):
        X = list(X) if X.ndim == 1 else []
    return isinstance(X, Sequence) and len(X) > 0 and all(_n_dims(part) == 2 for part in X)


def _n_dims(part: Any) -> int:
    if hasattr(part, "ndim"):
        return int(part.ndim)
    try:
        return np.ndim(part)
    except ValueError:  # rows of unequal length
        return -1


def without_padding(part: Any) -> Any:
    """Leave out trailing steps that are NaN in all neurons."""
    values = part if isinstance(part, np.ndarray) else np.asarray(part)
    if values.dtype.kind != "f" or not np.isnan(values[-1:]).all():
        return part
    present = np.flatnonzero(~np.isnan(values).all(axis=1))
    return part[: present[-1] + 1 if present.size else 0]


def check_train(name: str, index: int, train: Any, start: float, stop: float) -> np.ndarray:
    """Return the sorted event times of one neuron, all within [start, stop]."""
    try:
        times = real_array(train, name)
    except (TypeError, ValueError):
        times = np.empty((0, 0))
    if times.ndim != 1:
        raise ValueError(
            f"{name} must be a list with one array of event times in ms per neuron when t_stop is "
            f"given, got something else for neuron {index}."
        )
    outside = times[~((times >= start) & (times <= stop))]
    if outside.size:
        raise ValueError(
            f"{name} must hold event times from t_start={start:g} to t_stop={stop:g} ms, got "
            f"{outside[0]:g} for neuron {index}."
        )
    return np.sort(times)
