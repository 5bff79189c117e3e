"""Rows and groups of a table, of whose columns no type can say what they hold: text or numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


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
