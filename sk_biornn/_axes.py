"""What a container says of its axes: names along the last one, and which of them is time.

Frames of pandas and polars, arrays of xarray and series of pynapple are asked what they know;
nothing here imports the libraries. Arrays know nothing, and are read as they lie.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import short

_TIME = re.compile(
    r"(time|times|t|step|steps|time_?steps?|frame|frames|timestamps?|date|datetime)"
    r"([ _]?[\[(]?(s|ms|us|sec|secs|seconds|milliseconds|min|minutes)[\])]?)?"
)
_INDEX_OF_TIME = (pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex)


def column_names(value: Any) -> list[str] | None:
    """Return the names along the last axis, as text; None where there are none.

    The numbering 0, 1, 2, ... that libraries give to what has no names is none.
    """
    labels = _labels(value)
    names = None if labels is None else [str(label) for label in labels]
    return None if names is None or names == [str(n) for n in range(len(names))] else names


def has_text_names(value: Any) -> bool:
    """Whether names are text, which scikit-learn takes for names of features."""
    labels = _labels(value)
    return labels is not None and all(isinstance(label, str) for label in labels)


def common_names(value: Any, name: str) -> list[str] | None:
    """Return the names of an array or frame, or those on which all of a list of them agree.

    Refused are names that come twice.
    """
    items = value if is_list(value) else [value]
    first = None
    for number, item in enumerate(items):
        if number and _have_one_header(item, items[0]):
            continue
        names = column_names(item)
        _refuse_double(names, name)
        first = names if number == 0 else first
        if names != first:
            raise ValueError(
                f"{name} must have the same columns, in the same order, in every trial of the "
                f"list, got {_shown(names)} in trial {number} and {_shown(first)} in trial 0."
            )
    return first


def refuse_other_names(
    names: Sequence[str] | None, fitted: Sequence[str] | None, name: str, what: str
) -> None:
    """Raise if names are not those of the fit, in their order; who has none says nothing.

    Where one side has none but the numbering, another order of the same numbers is refused.
    """
    if names is None and fitted is None:
        return
    given = _numbering(fitted) if names is None else list(names)
    known = _numbering(names) if fitted is None else list(fitted)
    both = names is not None and fitted is not None
    if given != known and (both or sorted(given) == sorted(known)):
        order = ", in the same order" if sorted(given) == sorted(known) else ""
        raise ValueError(
            f"{name} must have the {what} of the fit{order}: {_shown(known)}, got {_shown(given)}."
        )


def is_list(value: Any) -> bool:
    """Whether a value is a list of things: a list, a tuple or an object array of one axis."""
    if isinstance(value, np.ndarray):
        return value.dtype == object and value.ndim == 1
    return isinstance(value, (list, tuple))


def time_axis(value: Any) -> int | None:
    """Return the axis that is time by what the container says; None where it says nothing."""
    if hasattr(value, "time_support") and hasattr(value, "t"):  # pynapple
        return 0
    if isinstance(value, pd.DataFrame):
        return next((axis for axis, index in enumerate(value.axes) if _is_time(index)), None)
    if isinstance(value, pd.Series):
        return 0 if _is_time(value.index) else None
    dims = _dims(value)
    return next((axis for axis, dim in enumerate(dims) if _is_time_name(dim)), None)


def refuse_misplaced_time(
    value: Any, name: str, what: str = "n_features", *, rows_may_be_time: bool = False
) -> None:
    """Raise if time lies along another axis than that of the steps, or if rows are time.

    `what` is the last axis, "n_features" or "n_outputs". Where the rows of a table may be time, it
    is a recording that needs no trials, or trials that have a date.
    """
    for number, item in enumerate(value) if is_list(value) else ():
        if number and _have_one_header(item, value[0]):
            continue
        if time_axis(item) == 1 and len(np.shape(item)) == 2:
            raise ValueError(
                f"{name} must have the steps of a trial in its rows, got them in the columns of "
                f"trial {number}; pass its transpose."
            )
    axis, shape = time_axis(value), tuple(getattr(value, "shape", ()))
    if axis is None and not rows_may_be_time:
        _refuse_levels_without_names(value, name)
    if axis is None or axis == len(shape) - 2 == 1 or len(shape) not in (2, 3):
        return
    if len(shape) == 3:
        raise ValueError(
            f"{name} must be (n_trials, n_steps, {what}), got the time on axis {axis} of shape "
            f"{shape}; move it to axis 1."
        )
    if axis == 1:
        raise ValueError(
            f"{name} must be (n_trials, n_steps, {what}), got two axes, of which the last is time; "
            f"pass its values as {name}[..., None] if it is (n_trials, n_steps), or its transpose "
            "if it is one recording, which is then cut into trials."
        )
    if not rows_may_be_time:
        raise ValueError(
            f"{name} must hold trials, got one recording, whose rows are points in time: cut it "
            "with sk_biornn.datasets.cut_trials, or, if every row is a trial of its own, pass its "
            f"values without the times, as (n_trials, {what}) held for n_static_steps steps or as "
            "values[:, None]."
        )


def _refuse_levels_without_names(value: Any, name: str) -> None:
    """Raise if rows lie in groups, such as trials, and may be their steps."""
    index = getattr(value, "index", None)
    if not isinstance(index, pd.MultiIndex) or None not in index.names:
        return
    raise ValueError(
        f"{name} must hold trials, got a table whose rows have an index of {index.nlevels} levels "
        f"without names, such as trial and step: pass [frame for _, frame in {name}.groupby(level="
        "0)], or one recording cut with sk_biornn.datasets.cut_trials, or, if every row is a "
        f"static stimulus, {name}.reset_index(drop=True)."
    )


def _have_one_header(frame: Any, other: Any) -> bool:
    """Whether two frames have the same columns, as most of a list have."""
    are_frames = isinstance(frame, pd.DataFrame) and isinstance(other, pd.DataFrame)
    return are_frames and frame.columns.equals(other.columns)


def _refuse_double(names: list[str] | None, name: str) -> None:
    if names is not None and len(set(names)) < len(names):
        twice = next(each for each in names if names.count(each) > 1)
        raise ValueError(f"{name} must name every column once, got {short(twice)} twice.")


def _labels(value: Any) -> list[Any] | None:
    if hasattr(value, "column_names"):  # pyarrow, whose columns are the data
        return list(value.column_names)
    if hasattr(value, "columns") and not isinstance(value, type):
        return list(value.columns)
    dims = _dims(value)
    if not dims or _is_time_name(dims[-1]) or dims[-1] not in value.coords:
        return None
    return list(np.asarray(value.coords[dims[-1]]).tolist())


def _dims(value: Any) -> tuple[Any, ...]:
    """Return the names of the axes of an array of xarray; () of anything else."""
    return tuple(value.dims) if hasattr(value, "dims") and hasattr(value, "coords") else ()


def _is_time(index: pd.Index) -> bool:
    levels = index.levels if isinstance(index, pd.MultiIndex) else [index]
    dated = any(isinstance(level, _INDEX_OF_TIME) for level in levels)
    return dated or any(map(_is_time_name, index.names))


def _is_time_name(name: Any) -> bool:
    return isinstance(name, str) and _is_word_of_time(name)


@lru_cache(maxsize=1024)  # trials by the thousand have one header
def _is_word_of_time(name: str) -> bool:
    return _TIME.fullmatch(name.lower()) is not None


def _numbering(other: Sequence[str] | None) -> list[str]:
    return [] if other is None else [str(number) for number in range(len(other))]


def _shown(names: Sequence[str] | None) -> str:
    return "no names" if names is None else short(list(names))
