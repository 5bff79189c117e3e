"""Parts of a network: units by name, by number or by a mark, and edge classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn.inspection._networks import order_of, units_named
from sk_biornn.units.names import listed

Part = str | int | Sequence[str] | Sequence[int] | NDArray[Any] | tuple[str, str]


def is_edge_class(part: Any) -> TypeGuard[tuple[str, str]]:
    """Whether a part is the weights from one side to another, (post, pre)."""
    return isinstance(part, tuple) and len(part) == 2 and all(isinstance(p, str) for p in part)


def units_of_part(network: Any, part: Any, labels: Any, n_units: int) -> NDArray[np.intp]:
    """Return the units that are given by names, by numbers or by a boolean array."""
    if is_marks(part):
        marks = order_of(network).arranged(part, "part", (0,))
        return _marked(np.asarray(marks, dtype=bool), n_units)
    entries = _entries(part)
    if entries and all(isinstance(entry, str) for entry in entries):
        return np.unique(np.concatenate([units_named(network, name, labels) for name in entries]))
    names = order_of(network).names
    if names is not None and entries and all(is_integer(name) for name in names):
        entries = _numbers_of(names, entries)
    if not entries or not all(is_integer(number) for number in entries):
        raise TypeError(
            "part must be the name of a population, layer, area or cell type, the number of a "
            "unit, a list of names or of numbers, a boolean array of shape (n_units,), or a tuple "
            f"(post, pre) of two names, got {described(part)}."
        )
    units = np.array(entries, dtype=np.intp)
    outside = units[(units < 0) | (units >= n_units)]
    if len(outside):
        raise ValueError(f"part must hold units from 0 to {n_units - 1}, got {listed(outside)}.")
    return units


def _numbers_of(names: tuple[Any, ...], entries: list[Any]) -> list[Any]:
    """Return the numbers of units whose names are numbers themselves: the names are meant."""
    place = {name: number for number, name in enumerate(names)}
    unknown = [entry for entry in entries if is_integer(entry) and entry not in place]
    if unknown:
        raise ValueError(
            f"part must name units of the network ({listed(names, 20)}), got {listed(unknown)}."
        )
    return [place.get(entry, entry) if is_integer(entry) else entry for entry in entries]


def _entries(part: Any) -> list[Any]:
    """Return the names or numbers in `part`; a tuple holds numbers, or is an edge class."""
    part = part.tolist() if hasattr(part, "tolist") else part
    if isinstance(part, tuple) and any(isinstance(entry, str) for entry in part):
        return [part]
    return list(part) if isinstance(part, (list, tuple, range)) else [part]


def is_marks(part: Any) -> bool:
    """Whether `part` is a boolean array; a list of True and False is none."""
    return str(getattr(part, "dtype", None)) in ("bool", "boolean") and part.ndim > 0


def _marked(marks: NDArray[np.bool_], n_units: int) -> NDArray[np.intp]:
    if marks.shape != (n_units,):
        raise ValueError(
            f"part must be of shape ({n_units},) if it is boolean, got shape {marks.shape}."
        )
    if not marks.any():
        raise ValueError("part must be True for at least one unit, got False for all.")
    return np.flatnonzero(marks)


def described(item: Any) -> str:
    """Return an argument for a message, without the entries of a long one."""
    if isinstance(item, np.ndarray) and item.ndim:
        return f"an array of {item.dtype} of shape {item.shape}"
    text = repr(item.item() if isinstance(item, np.generic) else item)
    return text if len(text) <= 60 else f"an object of type {type(item).__name__}"
