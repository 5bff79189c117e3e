"""What is known of neurons, brought into the order of their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import found, is_several, plain, plain_frame
from sk_biornn.datasets.connectomes._names import float_limit, unit_names
from sk_biornn.units.coordinate_names import no_coordinates
from sk_biornn.units.names import listed


def aligned(argument: str, value: Any, names: list[str], has_order: bool) -> Any:
    """Return signs, positions or types, one per name.

    Parameters
    ----------
    argument : {"signs", "positions", "types"}
        Which.
    value : mapping, Series, DataFrame or array-like
        By name, of at least these neurons; or an array in the order of the names.
    names : list of str
        Names of the neurons.
    has_order : bool
        Whether the caller knows the order of the names, so that an array can follow it.
    """
    value = _as_pandas(value)
    if isinstance(value, (pd.Series, pd.DataFrame, Mapping)):
        return _by_name(argument, value, names)
    if not is_several(value):
        raise TypeError(f"{argument} must be given by name or as an array, got {found(value)}.")
    if not has_order:
        raise ValueError(
            f"{argument} must be given by name, as a dict or Series, for a list of edges, in which "
            "neurons have no order; or give their order in names."
        )
    return plain(value, argument)


def names_beyond(argument: str, value: Any, names: list[str]) -> tuple[str, ...]:
    """Return the names of neurons that are given something by name, and are none of `names`."""
    value = _as_pandas(value)
    if not isinstance(value, (pd.Series, pd.DataFrame, Mapping)):
        return ()
    there = set(names)
    return tuple(label for label in _labels(argument, value) if label not in there)


def _as_pandas(value: Any) -> Any:
    value = plain_frame(value)
    is_xarray = hasattr(value, "dims") and hasattr(value, "to_pandas")
    return value.to_pandas() if is_xarray else value


def _labels(argument: str, value: Any) -> list[str]:
    """Return the names by which a frame, series or mapping says something."""
    keys = value.index if hasattr(value, "iloc") else pd.Index(list(value), dtype=object)
    return unit_names(keys, f"the names in {argument}", exact=float_limit(keys.dtype))


def _by_name(argument: str, value: Any, names: list[str]) -> list[Any]:
    if isinstance(value, pd.DataFrame):
        if argument != "positions":
            raise TypeError(f"{argument} must be a dict or a Series by name, got a DataFrame.")
        _check_columns(value)
        entries = [list(row) for row in value.to_numpy(dtype=object)]
    else:
        entries = value.tolist() if isinstance(value, pd.Series) else list(value.values())
    labels = _labels(argument, value)
    twice = [name for name, count in Counter(labels).items() if count > 1]
    if twice:
        raise ValueError(f"{argument} must name every neuron once, got {twice[0]} twice.")
    if not set(labels) & set(names):
        raise ValueError(
            f"{argument} must have names of neurons, such as {listed(names)}, as its "
            f"{_place(value)}, got {listed(labels)}{_hint(value)}."
        )
    by_name = dict(zip(labels, entries, strict=True))
    absent = [name for name in names if name not in by_name or is_missing(by_name[name])]
    if absent:
        raise ValueError(
            f"{argument} must be given for every neuron, got none for {listed(absent)}; names= "
            "chooses neurons, and 0 is the sign of a free one."
            if argument == "signs"
            else f"{argument} must be given for every neuron, got none for {listed(absent)}; "
            "names= chooses neurons."
        )
    return [by_name[name] for name in names]


def is_missing(value: Any) -> bool:
    """Whether a value, or one of several, says that there is none."""
    if isinstance(value, str):
        return False
    return bool(np.any(pd.isna(np.asarray(value, dtype=object))))


def _place(value: Any) -> str:
    return "keys" if isinstance(value, Mapping) else "index"


def _hint(value: Any) -> str:
    """Say how names become the index of what is given by name."""
    if isinstance(value, pd.DataFrame):
        return '; make them its index with set_index, such as cells.set_index("name")'
    return "" if isinstance(value, Mapping) else "; make them its index with set_axis(names)"


def _check_columns(frame: pd.DataFrame) -> None:
    """Refuse other columns than coordinates: they would be places of the neurons."""
    other = [
        name for name, dtype in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(dtype)
    ]
    if other:
        raise ValueError(
            f"positions must have columns of numbers only, got {other[0]!r}; choose them, and make "
            "the names its index with set_index."
        )
    odd = no_coordinates(frame.columns)
    if not odd and 1 <= frame.shape[1] <= 3:
        return
    good = [name for name in frame.columns if name not in odd][:3] or ["x", "y", "z"]
    chosen = ", ".join(f'"{name}"' if isinstance(name, str) else str(name) for name in good)
    what = f", of which {listed(odd)} {'is' if len(odd) == 1 else 'are'} none" if odd else ""
    named = not isinstance(frame.index, pd.RangeIndex)
    raise ValueError(
        "positions must have one to three columns, of coordinates, got "
        f"{listed(frame.columns, 8)}{what}; choose them by name, such as cells[[{chosen}]]"
        f"{'' if named else ', and make the names its index with set_index'}."
    )
