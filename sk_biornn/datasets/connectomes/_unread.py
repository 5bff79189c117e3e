"""Numbers of edges that are not read: a weight of another name must not be lost in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sk_biornn._checks import is_number
from sk_biornn.datasets._text_numbers import MISSING, POINT
from sk_biornn.datasets.connectomes._columns import column_key, type_columns
from sk_biornn.datasets.connectomes._levels import Column
from sk_biornn.units.coordinate_names import is_coordinate
from sk_biornn.units.names import listed, name_words
from sk_biornn.units.orientation import axis_side

# Numbers that are names, or number the rows.
IDS = re.compile(
    r"(?:neuron|cell|body|root|seg|segment|skeleton|node|edge|synapse|sk)ids?|index|idx|unnamed\d*|"
)


def counted_note(columns: Mapping[str, Any], where: str, read: Iterable[str]) -> str | None:
    """Say which numbers are not read where rows are counted; None if there are none.

    Parameters
    ----------
    columns : mapping of str to sequence or Column
        The cells of each column but those of the two sides.
    where : str
        The source, for the message.
    read : iterable of str
        Columns that are read otherwise.
    """
    others = {*read, *type_columns(columns)}
    unread = [
        name
        for name, cells in columns.items()
        if name not in others and _is_of_edges(name) and _has_numbers(cells)
    ]
    if not unread:
        return None
    return (
        f"rows of {where} are counted: the numbers in {listed(unread)} are not read, since no "
        f'column has a usual name of a weight; weight="{unread[0]}" reads one, weight=1 counts '
        "rows without a word."
    )


def _is_of_edges(name: str) -> bool:
    """Whether a column may say something of an edge, and no id, place or fact of one neuron."""
    is_id = bool(IDS.fullmatch(column_key(name))) or name_words(name)[-1] in ("id", "ids")
    return not (is_id or is_coordinate(name) or axis_side(name))


def _has_numbers(cells: Any) -> bool:
    """Whether all cells that are not empty are numbers, as text or not, and one is."""
    found = [_is_numeric(cell) for cell in Column.of(cells).levels if not _is_empty(cell)]
    return bool(found) and all(found)


def _is_numeric(cell: Any) -> bool:
    if isinstance(cell, str):
        return bool(POINT.fullmatch(cell.strip().replace(",", ".")))
    return is_number(cell)


def _is_empty(cell: Any) -> bool:
    text = cell.strip().casefold() if isinstance(cell, str) else str(cell).casefold()
    return text in MISSING
