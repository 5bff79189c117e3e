"""Tables: their rows and groups, and how they look in a terminal.

Of the columns no type can say what they hold: text or numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

Format = Callable[[float], str]


def groups_of(
    table: pd.DataFrame, columns: str | list[str], *, sort: bool = False
) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Yield the rows that agree in one column, or in several, after what they agree in.

    In the order in which they come first, unless `sort` asks for theirs.
    """
    yield from table.groupby(columns, sort=sort)


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows as named tuples."""
    yield from table.itertuples()


def align(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of cells as lines of text with straight columns."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def span(low: float, high: float, number: Format) -> str:
    """Return an interval as text; nothing when there is none."""
    return f"[{number(low)}, {number(high)}]" if np.isfinite(low) else ""


def signed(value: float, number: Format) -> str:
    """Return a number with its sign, plus included."""
    return ("+" if value >= 0 else "-") + number(abs(value))
