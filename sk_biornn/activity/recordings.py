"""What counts as one recording and as several, and which of its axes is time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_biornn._plain import plain, real_array, refuse_dates, refuse_masked

TRIAL_DIMS = ("trial", "trials", "epoch", "epochs", "session", "recording")
TIME_DIMS = (
    *("time", "times", "t", "timestamp", "timestamps"),
    *("frame", "frames", "sample", "samples", "step", "steps"),
)


def check_recordings(X: Any, name: str = "recordings") -> list[np.ndarray]:
    """Return one finite array (n_steps_i, n_neurons) per recording, padding left out."""
    refuse_masked(X, name)
    refuse_dates(X, name)
    X = time_first(plain(X, name), name)
    parts = [without_padding(part) for part in X] if is_several(X) else [X]
    recordings = [_check_recording(part, name) for part in parts]
    n_neurons = {part.shape[1] for part in recordings}
    if len(n_neurons) != 1:
        raise ValueError(
            f"{name} must hold one number of neurons and at least one recording, got "
            f"{sorted(n_neurons)} neurons in {len(recordings)} recordings."
        )
    warn_if_transposed(recordings)
    return recordings


def warn_if_transposed(recordings: Sequence[np.ndarray]) -> None:
    """Warn if there are more units than steps in all recordings (n_steps_i, n_units) together."""
    n_steps, n_units = sum(map(len, recordings)), recordings[0].shape[1]
    if n_units > n_steps:
        warnings.warn(
            f"a recording must be (n_steps, n_units), got one of {n_steps} steps and {n_units} "
            "units; if it is (cells, frames), as suite2p and CaImAn write it, pass its transpose, "
            "recording.T.",
            UserWarning,
            stacklevel=4,
        )


def time_first(X: Any, name: str) -> Any:
    """Return arrays with named dimensions (xarray) as plain ones with time, or trials, first.

    Lists are looked through, and anything else is returned as it is.
    """
    if isinstance(X, (list, tuple)):
        return [time_first(part, name) for part in X] if any(map(has_dims, X)) else X
    if not has_dims(X):
        return X
    time = time_dim(X, name)
    trials = [dim for dim in X.dims if str(dim).lower() in TRIAL_DIMS]
    return np.asarray(X.transpose(*trials, time, ...))


def unit_names(X: Any, name: str) -> list[str] | None:
    """Return the names of the units of one recording (n_steps, n_units), if they are texts.

    They are the columns of pynapple's frames, or the coordinate of the dimension of xarray that is
    not time.
    """
    names: Any = getattr(X, "columns", None)
    if has_dims(X):
        others = [dim for dim in X.dims if dim != time_dim(X, name)]
        is_matrix = len(others) == 1 and others[0] in X.coords
        names = X.coords[others[0]].values.tolist() if is_matrix else None
    if names is None or not all(isinstance(unit, str) for unit in names):
        return None
    return list(names)


def has_dims(value: Any) -> bool:
    """Whether a value is an array with named dimensions, as of xarray."""
    return hasattr(value, "dims") and hasattr(value, "transpose") and hasattr(value, "coords")


def time_dim(value: Any, name: str) -> Any:
    """Return the one dimension of an xarray that is time by its name or its coordinate."""
    if hasattr(value, "data_vars"):
        raise TypeError(
            f"{name} must be an array, got a Dataset of xarray; choose one of its variables, "
            f"such as {name}[{str(next(iter(value.data_vars), 'traces'))!r}]."
        )
    found = [dim for dim in value.dims if str(dim).lower() in TIME_DIMS]
    if len(found) != 1:
        raise ValueError(
            f"{name} must have one dimension of time, called 'time', 't', 'frame', 'sample' or "
            f"'step', got {tuple(map(str, value.dims))}; rename it with .rename()."
        )
    return found[0]


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
