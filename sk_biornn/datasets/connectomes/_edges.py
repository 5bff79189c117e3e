"""Edge lists: one row per connection, or several that are summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_biornn._checks import check_number, is_number
from sk_biornn._plain import is_several, short
from sk_biornn.datasets._text_numbers import text_numbers
from sk_biornn.datasets.connectomes._columns import (
    check_column,
    column_key,
    type_columns,
    weight_column,
)
from sk_biornn.datasets.connectomes._levels import Column
from sk_biornn.datasets.connectomes._names import in_order, refuse_missing_ids
from sk_biornn.datasets.connectomes._unread import counted_note
from sk_biornn.datasets.connectomes._wiring import Wiring, summed
from sk_biornn.units.names import listed

ELECTRICAL = {"electrical", "electric", "gap", "gapjunction", "gapjunctions", "ej", "gj"}
Kinds = str | Sequence[str] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Edges:
    """An edge list: who is connected to whom, by name, and the other columns as they came.

    What `column` has made of a column is kept, for several questions are asked of it.
    """

    where: str
    pre: Column
    post: Column
    columns: Mapping[str, Any]
    path: Path | None = None  # of a text file, whose cells are all text
    both_ways: bool = False  # edges of an undirected graph
    units: Sequence[str] = ()  # all neurons, where the source has more than its edges name
    made: dict[str, Column] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def names(self) -> list[str]:
        """Names on both sides; one that is on both stands twice."""
        return [*self.pre.levels, *self.post.levels]

    def column(self, name: str) -> Column:
        """Return one of the other columns."""
        if name not in self.made:
            self.made[name] = Column.of(self.columns[name])
        return self.made[name]


@dataclass(frozen=True)
class Choice:
    """How an edge list is to be read."""

    weight: str | float | None
    kinds: Kinds
    names: list[str] | None
    fill_missing: float | None


def wiring_of_edges(edges: Edges, choice: Choice) -> Wiring:
    """Return the weights of an edge list among all its neurons, or those in `choice.names`."""
    if not len(edges.pre):
        raise ValueError(f"{edges.where} has no edges.")
    refuse_missing_ids(edges.names, edges.where)
    chosen, electrical = _of_kinds(edges, choice.kinds)
    weights = _weights(edges, choice)
    names = in_order(edges.names)
    place = {name: number for number, name in enumerate(names)}
    pre, post = (side.each(place.__getitem__, np.int64) for side in (edges.pre, edges.post))
    directed, joining = chosen & ~electrical, chosen & electrical
    matrix = summed(post[directed], pre[directed], weights[directed], len(names))
    if edges.both_ways:
        matrix = _mirrored(matrix)
    if joining.any():
        joints = summed(post[joining], pre[joining], weights[joining], len(names))
        matrix = matrix + (_mirrored(joints) if edges.both_ways else _joined(joints, edges.where))
    counted = _counted(edges, choice)
    notes = () if counted is None else (counted,)
    wiring = Wiring(edges.where, matrix, names, has_order=False, notes=notes)
    return wiring if choice.names is None else _among(wiring, edges, chosen, choice.names)


def _counted(edges: Edges, choice: Choice) -> str | None:
    """Say which numbers are passed over where rows are counted and nobody asked for it."""
    if choice.weight is not None or weight_column(edges.columns, edges.where) is not None:
        return None
    kinds = choice.kinds if isinstance(choice.kinds, Mapping) else ()
    return counted_note(edges.columns, edges.where, kinds)


def _among(wiring: Wiring, edges: Edges, chosen: NDArray[np.bool_], names: list[str]) -> Wiring:
    """Keep the edges among the neurons that are asked for, and say how many others there are."""
    known, asked = list(wiring.names or ()), set(names)
    inside = edges.pre.each(asked.__contains__, bool) & edges.post.each(asked.__contains__, bool)
    n_outside = int((chosen & ~inside).sum())
    unknown = in_order(
        side.levels[level]
        for side in (edges.pre, edges.post)
        for level in np.flatnonzero(np.bincount(side.codes[chosen]))
        if side.levels[level] not in asked
    )
    if n_outside == chosen.sum():
        raise ValueError(
            f"names must be names of neurons in {edges.where}, such as {listed(known)}, got "
            f"{listed(names)}."
        )
    notes = list(wiring.notes)
    if n_outside:
        notes.append(
            f"{n_outside} of {int(chosen.sum())} edges of {edges.where} are left out: they name "
            f"{len(unknown)} neurons that are not among names ({listed(unknown)})."
        )
    there = {*known, *edges.units}
    absent = [name for name in names if name not in there]
    if absent:
        notes.append(
            f"{len(absent)} of {len(names)} names are in no row of {edges.where}, and become units "
            f"without connections: {listed(absent)}."
        )
    place = {name: number for number, name in enumerate(names)}
    matrix = sp.coo_array(wiring.weights)
    to = np.array([place.get(name, -1) for name in known])
    post, pre = to[matrix.row], to[matrix.col]
    kept = (post >= 0) & (pre >= 0)
    weights = summed(post[kept], pre[kept], matrix.data[kept], len(names))
    return Wiring(edges.where, weights, names, notes=tuple(notes))


def _weights(edges: Edges, choice: Choice) -> NDArray[np.float64]:
    """Weight of every row: a column, or a number for all, which counts rows."""
    column: Any = choice.weight
    if column is None:
        column = weight_column(edges.columns, edges.where)
    if column is None or is_number(column):
        value = 1.0 if column is None else check_number("weight", column)
        return np.full(len(edges.pre), value)
    if not isinstance(column, str):
        raise TypeError(f"weight must be the name of a column or a number, got {short(column)}.")
    check_column("weight", column, list(edges.columns), edges.where)
    where = f"the column {column} of {edges.where}"
    cells = edges.column(column)
    weights = numbers(cells.levels, where, edges.path)[cells.codes]
    return filled(weights, where, choice.fill_missing)


def numbers(values: Sequence[Any], where: str, path: Path | None) -> NDArray[np.float64]:
    """Return values as numbers, NaN where there is none; text counts only in a text file."""
    if path is not None:
        return text_numbers(values, path)
    plain = [np.nan if _is_missing(value) else value for value in values]
    other = [
        value for value in plain if not (is_number(value) or isinstance(value, np.bool_ | bool))
    ]
    if other:
        raise ValueError(f"{where} must hold numbers, got {short(other[0])}.")
    return np.array(plain, dtype=np.float64)


def filled(
    weights: NDArray[np.float64], where: str, fill_missing: float | None
) -> NDArray[np.float64]:
    """Return weights without gaps; raise where one is infinite, or missing and not to be filled."""
    missing = np.isnan(weights)
    if np.isinf(weights).any():
        raise ValueError(f"{where} must hold finite numbers, got infinity.")
    if missing.any() and fill_missing is None:
        raise ValueError(
            f"{where} must hold a number everywhere, got none in {int(missing.sum())} of "
            f"{missing.size} places; fill_missing=0 sets these."
        )
    return weights if fill_missing is None else np.where(missing, fill_missing, weights)


def _of_kinds(edges: Edges, kinds: Kinds) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows are of the kinds that are asked for, and which of these are electrical."""
    there = type_columns(edges.columns)
    chosen = np.ones(len(edges.pre), dtype=bool)
    electrical = np.zeros(len(edges.pre), dtype=bool)
    for column, wanted in _wanted(edges, kinds, there).items():
        cells = edges.column(column)
        values = ["" if _is_missing(value) else str(value).strip() for value in cells.levels]
        present = sorted(set(values))
        wanted = present if wanted is None else wanted
        unknown = [kind for kind in wanted if kind not in present]
        if unknown:
            raise ValueError(
                f"type must be among the kinds {listed(present, 8)} in the column {column} of "
                f"{edges.where}, got {short(unknown[0])}."
            )
        chosen &= np.isin(values, wanted)[cells.codes]
        electrical |= np.array([column_key(value) in ELECTRICAL for value in values])[cells.codes]
    if not chosen.any():
        raise ValueError(f"{edges.where} has no edges of the type {short(kinds)}.")
    return chosen, electrical & chosen


def _wanted(edges: Edges, kinds: Kinds, there: list[str]) -> dict[str, list[str] | None]:
    """Return the kinds that are asked for, by column; None is all, of which there is one."""
    if isinstance(kinds, Mapping):
        heading = list(edges.columns)
        wanted: dict[str, list[str] | None] = {
            check_column("type", column, heading, edges.where): _texts(values)
            for column, values in kinds.items()
        }
    elif kinds is None:
        wanted = {}
    elif len(there) == 1:
        return {there[0]: _texts(kinds)}
    else:
        columns = f"several, {', '.join(there)}" if there else "none by a usual name"
        raise ValueError(
            f"type must be a dict of the column and its kinds for {edges.where}, whose columns of "
            f"types are {columns}; got {short(kinds)}."
        )
    for column in there:
        if column in wanted:
            continue
        present = sorted({str(value).strip() for value in edges.column(column).levels})
        if len(present) > 1:
            raise ValueError(
                f"type must say which of the kinds {listed(present, 8)} in the column {column} of "
                f"{edges.where} to read, one or a list, got {short(kinds)}."
            )
        wanted[column] = None
    return wanted


def _texts(kinds: Any) -> list[str]:
    several = list(kinds) if is_several(kinds) else [kinds]
    if not several or not all(isinstance(kind, str) for kind in several):
        raise TypeError(f"type must be a text, a list of texts or a dict, got {short(kinds)}.")
    return several


def _joined(matrix: Any, where: str) -> Any:
    """Return electrical synapses in both directions, for they join both neurons.

    A table lists each of them once, in either direction, or both directions of all.
    """
    both = (matrix != 0).multiply(matrix.T != 0)
    if both.nnz == (both.diagonal() != 0).sum():
        return _mirrored(matrix)
    if (matrix != matrix.T).nnz:
        raise ValueError(
            f"{where} must list electrical synapses once per pair, or all of them in both "
            "directions with one weight, got both; drop the second direction, or call them "
            "otherwise to read every row in its own."
        )
    return matrix


def _mirrored(matrix: Any) -> Any:
    return (matrix + matrix.T - sp.diags_array(matrix.diagonal())).tocsr()


def _is_missing(value: Any) -> bool:
    return value is None or (np.ndim(value) == 0 and pd.isna(value) is True)
