"""Which side the rows of a square table name, and how a table says it."""

from __future__ import annotations

import re
from typing import Any

ORIENTATIONS = ("post_by_pre", "pre_by_post")
WORDS = {"source": "pre", "from": "pre", "target": "post", "to": "post"}
_SIDE = r"(pre|post|source|target|from|to)(?:[-_ ]?synaptic)?"
# The cell above the names: what is left of the stroke is in the rows.
CORNER = re.compile(rf"{_SIDE}\s*[\\/|]\s*{_SIDE}", flags=re.IGNORECASE)
AXIS = re.compile(rf"{_SIDE}(?:[-_ ].*)?", flags=re.IGNORECASE)


def corner_orientation(corner: Any) -> str | None:
    r"""Orientation that the corner of a table says, such as ``pre\post``; None if it does not."""
    match = CORNER.fullmatch(str(corner).strip())
    return None if match is None else _orientation(_side(match[1]), _side(match[2]))


def axes_orientation(rows: Any, columns: Any) -> str | None:
    """Orientation that the names of the two axes of a frame say; one of them is enough.

    Raises
    ------
    ValueError
        If both name the same side.
    """
    sides = [axis_side(rows), axis_side(columns)]
    if sides[0] is not None and sides[0] == sides[1]:
        raise ValueError(f"rows and columns must be two sides, got {rows!r} and {columns!r}.")
    other = {"pre": "post", "post": "pre", None: None}
    return _orientation(sides[0] or other[sides[1]], sides[1] or other[sides[0]])


def axis_side(name: Any) -> str | None:
    """Side that the name of an axis says, "pre" or "post"; None if it says neither."""
    match = AXIS.fullmatch(str(name).strip()) if isinstance(name, str) else None
    return None if match is None else _side(match[1])


def _side(word: str) -> str:
    return WORDS.get(word.lower(), word.lower())


def _orientation(rows: str | None, columns: str | None) -> str | None:
    return None if rows == columns else f"{rows}_by_{columns}"
