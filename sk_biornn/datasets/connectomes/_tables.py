"""Tables of connections in text files, spreadsheets and frames: edge lists or squares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import short
from sk_biornn.datasets._text_numbers import POINT
from sk_biornn.datasets._text_tables import read_text_table
from sk_biornn.datasets.connectomes._columns import side_columns
from sk_biornn.datasets.connectomes._edges import Choice, Edges, filled, numbers, wiring_of_edges
from sk_biornn.datasets.connectomes._large_text import large_edge_list
from sk_biornn.datasets.connectomes._levels import Column
from sk_biornn.datasets.connectomes._names import float_limit, unit_names
from sk_biornn.datasets.connectomes._orientation import (
    agreed,
    refuse_orientation,
    refuse_unsaid,
    turned,
)
from sk_biornn.datasets.connectomes._wiring import Wiring
from sk_biornn.units.names import listed
from sk_biornn.units.orientation import (
    axes_are_unknown_sides,
    axes_orientation,
    corner_orientation,
)

EDGE_FILE = re.compile(r"\.edge(?:s|list)(?:\.gz)?$")  # of numbers only, it may look like a square
WAYS_OUT = (
    "two columns that say which side is which, such as pre and post (else name them with pre= and "
    "post=), or the same names in its heading and in its first column"
)


@dataclass(frozen=True)
class Reading:
    """What the caller says about a table."""

    pre: str
    post: str
    orientation: str | None
    choice: Choice


def text_wiring(path: Path, reading: Reading) -> Wiring:
    """Read a text file."""
    columns = large_edge_list(path, lambda heading: _is_edge_list(heading, reading))
    if columns is not None:
        heading, values = zip(*columns, strict=True)
        sides = _sides(list(heading), reading, str(path))
        assert sides is not None  # `_is_edge_list` has seen them
        return _edge_wiring(list(heading), values, sides, str(path), reading, path)
    table = read_text_table(path, lambda heading: _is_edge_list(heading, reading))
    return cells_wiring(table.cells, str(path), reading, path)


def cells_wiring(
    cells: list[list[Any]], where: str, reading: Reading, path: Path | None = None
) -> Wiring:
    """Read a table given as rows of cells, all of them text if `path` is given."""
    heading, rows = ["" if cell is None else str(cell).strip() for cell in cells[0]], cells[1:]
    sides = _sides(heading, reading, where)
    if sides is None:
        return _square_cells(cells, where, reading, path)
    values = [[row[i] for row in rows] for i in range(len(heading))]
    return _edge_wiring(heading, values, sides, where, reading, path)


def frame_wiring(frame: pd.DataFrame, reading: Reading) -> Wiring:
    """Read a data frame: an edge list, or a square whose labels are the names of neurons."""
    where = "the table"
    whole, sides = frame, None
    if axes_orientation(None, frame.columns.name) is None and frame.columns.nlevels == 1:
        whole = _with_sides_of_index(frame, reading)
        sides = _sides(list(map(str, whole.columns)), reading, where)
    if sides is None:
        return _square_frame(frame, where, reading)
    heading = list(map(str, whole.columns))
    values = [whole.iloc[:, i] for i in range(len(heading))]
    limits = {name: float_limit(column.dtype) for name, column in zip(heading, values, strict=True)}
    return _edge_wiring(heading, values, sides, where, reading, None, limits)


def _refuse_twice(heading: list[str], where: str) -> None:
    twice = [name for name, count in Counter(heading).items() if name and count > 1]
    if twice:
        raise ValueError(f"{where} must have every column once, got {twice[0]} twice.")


def _with_sides_of_index(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Make columns of the levels of an index that name a side, as `groupby` leaves them."""
    levels, asked = frame.index.names, (reading.pre, reading.post)
    names_side = any(level in asked or axes_orientation(level, None) for level in levels)
    if not names_side or None in levels or set(levels) & set(frame.columns):
        return frame
    return frame.reset_index()


def _is_edge_list(heading: list[str], reading: Reading) -> bool:
    """Whether a heading names both sides, once or several times."""
    asked = {reading.pre, reading.post}
    if asked != {"pre", "post"}:
        return asked <= set(heading)
    try:
        return _sides(heading, reading, "") is not None
    except ValueError:  # too many of them
        return True


def _sides(heading: list[str], reading: Reading, where: str) -> tuple[str, str] | None:
    return side_columns(heading, reading.pre, reading.post, where)


def _edge_wiring(
    heading: list[str],
    values: Sequence[Any],
    sides: tuple[str, str],
    where: str,
    reading: Reading,
    path: Path | None,
    limits: dict[str, float] | None = None,
) -> Wiring:
    """Read an edge list from its heading and the values of each column."""
    _refuse_twice(heading, where)
    refuse_orientation(reading.orientation, where, "whose columns say which side is which")
    columns = dict(zip(heading, values, strict=True))
    pre, post = (
        _named(Column.of(columns[side]), f"the column {side} of {where}", (limits or {}).get(side))
        for side in sides
    )
    others = {name: column for name, column in columns.items() if name not in sides}
    return wiring_of_edges(Edges(where, pre, post, others, path), reading.choice)


def _named(column: Column, where: str, exact: float | None) -> Column:
    """Return a column of a side with its values as names."""
    limit = 2.0**53 if exact is None else exact
    return column.named(unit_names(column.levels, where, exact=limit, rows=column.rows()))


def _square_cells(
    cells: list[list[Any]], where: str, reading: Reading, path: Path | None
) -> Wiring:
    """Read a square with names in its heading and first column, or of numbers only."""
    no_heading = all(map(_is_number_cell, cells[0]))
    if no_heading and len(cells) == len(cells[0]) and not EDGE_FILE.search(where.lower()):
        weights = _values(cells, where, reading, path)
        refuse_unsaid(weights, reading.orientation, where)
        return Wiring(where, turned(weights, reading.orientation))
    heading, rows = cells[0][1:], cells[1:]
    if no_heading or not rows or any(cell in ("", None) for cell in heading):
        raise ValueError(f"{where} must have {WAYS_OUT}, got {_seen(cells)}.")
    columns = unit_names(heading, f"the heading of {where}")
    first = [row[0] for row in rows]
    if any(cell in ("", None) for cell in first):
        raise ValueError(f"{where} must have {WAYS_OUT}, got {_seen(cells)}.")
    names = unit_names(first, f"the first column of {where}")
    if not set(names) & set(columns):
        raise ValueError(f"{where} must have {WAYS_OUT}, got {_seen(cells)}.")
    order = _same_names(names, columns, where)
    weights = _values([row[1:] for row in rows], where, reading, path)[:, order]
    said = corner_orientation(cells[0][0])
    orientation = agreed(said, reading.orientation, f"{where}, whose corner says it")
    refuse_unsaid(weights, orientation, where)
    return Wiring(where, turned(weights, orientation), names)


def _square_frame(frame: pd.DataFrame, where: str, reading: Reading) -> Wiring:
    said = axes_orientation(frame.index.name, frame.columns.name)
    if frame.empty:
        raise ValueError(f"{where} is empty.")
    orientation = agreed(said, reading.orientation, f"{where}, whose axes say it")
    values = [list(row) for row in frame.astype(object).itertuples(index=False, name=None)]
    columns = _labels(frame.columns, where, "columns")
    names = _labels(frame.index, where, "index")
    if not set(names) & set(columns):
        raise ValueError(
            f"{where} must have columns that say which side is which, such as pre and post (else "
            "name them with pre= and post=), or the same names in its index and its columns, got "
            f"an index of {listed(names)} and the columns {listed(columns)}."
        )
    order = _same_names(names, columns, where)
    weights = _values(values, where, reading, None)[:, order]
    if axes_are_unknown_sides(frame.index.name, frame.columns.name):
        axes = f"the axes {frame.index.name!r} and {frame.columns.name!r} of {where}"
        refuse_unsaid(weights, orientation, axes)
    unnamed = all(isinstance(axis, pd.RangeIndex) for axis in frame.axes)
    return Wiring(where, turned(weights, orientation), None if unnamed else names)


def _labels(axis: pd.Index[Any], where: str, what: str) -> list[str]:
    if axis.nlevels > 1:
        raise ValueError(f"{where} must have one level of names in its {what}, got {axis.nlevels}.")
    return unit_names(axis, f"the {what} of {where}", exact=float_limit(axis.dtype))


def _same_names(rows: list[str], columns: list[str], where: str) -> list[int]:
    """Return the places of the columns in the order of the rows."""
    for names in (rows, columns):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"{where} must name every neuron once, got {twice[0]} twice.")
    if set(rows) != set(columns):
        alone = sorted(set(rows) ^ set(columns))
        raise ValueError(
            f"{where} must be square, with the same neurons in rows and columns, got shape "
            f"({len(rows)}, {len(columns)}) and {listed(alone)} on one side only; pass the list of "
            "edges, with a heading such as pre, post, or reindex both sides to all neurons."
        )
    place = {name: number for number, name in enumerate(columns)}
    return [place[name] for name in rows]


def _values(rows: list[list[Any]], where: str, reading: Reading, path: Path | None) -> np.ndarray:
    flat = [cell for row in rows for cell in row]
    weights = filled(numbers(flat, where, path), where, reading.choice.fill_missing)
    return weights.reshape(len(rows), -1)


def _is_number_cell(cell: Any) -> bool:
    return (
        bool(POINT.fullmatch(cell.replace(",", ".")))
        if isinstance(cell, str)
        else bool(isinstance(cell, (int, float)) and not isinstance(cell, bool))
    )


def _seen(cells: list[list[Any]]) -> str:
    columns = ", ".join(short(cell, 30) for cell in cells[0][:8])
    more = f" and {len(cells[0]) - 8} more" if len(cells[0]) > 8 else ""
    return f"the columns {columns}{more} and {len(cells) - 1} rows"
