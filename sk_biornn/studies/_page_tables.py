"""Tables of a page: those that a terminal shows, cell for cell, those of files, and settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._page_html import Markup, element
from sk_biornn.studies._told import PrintedTable, filled

MOST_ROWS = 600  # of a table of a file; more of them are in the file alone
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?%?(?=$|[ \[(])")
_NOTHING = ("", "-")


def printed_table(table: PrintedTable, labelled_by: str) -> Markup:
    """Return a table with the cells of the terminal, not cut into groups of columns."""
    columns = filled(table.lines, table.keys)
    lines = [list(line) for line in zip(*columns, strict=True)]
    return _table(lines[0], lines[1:], keys=table.keys, labelled_by=labelled_by)


def file_table(table: pd.DataFrame, headings: Mapping[str, str], labelled_by: str) -> Markup:
    """Return the table of a file, its numbers with six digits."""
    heads = [headings.get(str(name), str(name)) for name in table]
    columns = [[number_text(value) for value in table[name]] for name in table]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return _table(heads, rows, keys=1, labelled_by=labelled_by)


def number_text(value: Any) -> str:
    """Return what stands in a cell: six digits of a number, nothing where there is none."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return str(value)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, keys: int, labelled_by: str
) -> Markup:
    """Return a table that a script can sort, in a box of its own that scrolls."""
    is_number = [_are_numbers(row[place] for row in rows) for place in range(len(heads))]
    head = element(
        "tr",
        *(
            element("th", text, scope="col", class_="number" if number else None)
            for text, number in zip(heads, is_number, strict=True)
        ),
    )
    body = [
        element(
            "tr",
            *(
                _cell(text, number, is_key=place < min(keys, 1))
                for place, (text, number) in enumerate(zip(row, is_number, strict=True))
            ),
        )
        for row in rows
    ]
    table = element(
        "table",
        element("thead", head),
        element("tbody", *body),
        class_="sortable",
        aria_labelledby=labelled_by,
    )
    return scrolled(table, labelled_by)


def _cell(text: str, is_number: bool, *, is_key: bool) -> Markup:
    kind = "number" if is_number else None
    if is_key:
        return element("th", text, scope="row", class_=kind)
    return element("td", text, class_=kind)


def _are_numbers(cells: Iterable[str]) -> bool:
    """Whether a column holds numbers, perhaps with intervals, and nothing else."""
    shown = [cell for cell in cells if cell not in _NOTHING]
    return bool(shown) and all(_NUMBER.match(cell) for cell in shown)


def scrolled(content: Markup, labelled_by: str) -> Markup:
    """Return content in a box that scrolls by itself, with keys, too."""
    return element(
        "div", content, class_="scroll", tabindex="0", role="region", aria_labelledby=labelled_by
    )


# ------------------------------------------------------------------ settings


def settings_table(settings: Mapping[str, Any], headings: Mapping[str, str]) -> Markup:
    """Return settings by name, those within settings in tables of their own."""
    rows = [
        element("tr", element("th", headings.get(name, name), scope="row"), _value(value, headings))
        for name, value in settings.items()
    ]
    return element("table", element("tbody", *rows), class_="settings")


def _value(value: Any, headings: Mapping[str, str]) -> Markup:
    if isinstance(value, Mapping) and value and all(isinstance(v, Mapping) for v in value.values()):
        value = [{"": name, **inner} for name, inner in value.items()]
    if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        return element("td", _rows(value, headings))
    return element("td", _text(value))


def _rows(rows: list[Mapping[str, Any]], headings: Mapping[str, str]) -> Markup:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = element("tr", *(element("th", headings.get(name, name)) for name in names))
    body = [
        element("tr", *(element("td", _text(row[name]) if name in row else "") for name in names))
        for row in rows
    ]
    return element("table", element("thead", head), element("tbody", *body), class_="inner")


def _text(value: Any) -> str:
    """Return a value in words: lists with commas, names with their values, else as in JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(inner)}" for name, inner in value.items())
    if value is None or isinstance(value, bool):
        return "none" if value is None else "yes" if value else "no"
    return json.dumps(value)
