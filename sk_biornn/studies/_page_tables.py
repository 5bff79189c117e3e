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
_NUMBER = re.compile(r"\[?[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?%?(?=$|[ ,\[(])")
_PLAIN = re.compile(r"[+-]?\d*\.?\d+")
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
    pads = [_pads([row[place] for row in rows]) for place in range(len(heads))]
    body = [
        element(
            "tr",
            *(
                _cell(text, is_number[place], pads[place][line], is_key=place < min(keys, 1))
                for place, text in enumerate(row)
            ),
        )
        for line, row in enumerate(rows)
    ]
    table = element(
        "table",
        element("thead", head),
        element("tbody", *body),
        class_="sortable",
        aria_labelledby=labelled_by,
    )
    return scrolled(table, labelled_by)


def _cell(text: str, is_number: bool, pad: str | None, *, is_key: bool) -> Markup:
    kind = "number" if is_number else None
    if is_key:
        return element("th", text, scope="row", class_=kind)
    return element("td", text, class_=kind, data_pad=pad)


def _pads(cells: Sequence[str]) -> list[str | None]:
    """Return what would have to follow every number for all to have as many decimals.

    It takes room and is not seen, so that the points of a column stand below one another.
    """
    if not all(_PLAIN.fullmatch(cell) for cell in cells if cell not in _NOTHING):
        return [None] * len(cells)
    decimals = [cell.partition(".")[1:] for cell in cells]
    ends = ["".join(end) for end in decimals]
    longest = max(map(len, ends), default=0)
    return [
        None
        if cell in _NOTHING or len(end) == longest
        else ("." + "0" * longest)[len(end) : longest]
        for cell, end in zip(cells, ends, strict=True)
    ]


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


def settings_table(
    settings: Mapping[str, Any], headings: Mapping[str, str], kind: str = "settings"
) -> Markup:
    """Return settings by name, those within settings in tables of their own."""
    rows = [
        element("tr", element("th", headings.get(name, name), scope="row"), _value(value, headings))
        for name, value in settings.items()
    ]
    return element("table", element("tbody", *rows), class_=kind)


def without_other_tasks(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without the budgets of tasks that are not in the study."""
    tasks, training = settings.get("tasks"), settings.get("training")
    if not isinstance(tasks, list) or not isinstance(training, Mapping):
        return dict(settings)
    budgets = training.get("budgets")
    if not isinstance(budgets, Mapping):
        return dict(settings)
    of_tasks = {name: budget for name, budget in budgets.items() if name in tasks}
    return {**settings, "training": {**training, "budgets": of_tasks}}


def _value(value: Any, headings: Mapping[str, str]) -> Markup:
    """Return a cell; of settings within settings, a table of rows where they are all alike."""
    if isinstance(value, Mapping) and value:
        if not _are_alike(list(value.values())):
            return element("td", settings_table(value, headings, "inner"))
        value = [{"": name, **inner} for name, inner in value.items()]
    if isinstance(value, list) and _are_alike(value):
        return element("td", _rows(value, headings))
    return element("td", _text(value))


def _are_alike(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, Mapping) and value for value in values)


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
    if isinstance(value, list) and value:
        return ", ".join(map(_text, value))
    if isinstance(value, Mapping) and value:
        return ", ".join(f"{name}: {_text(inner)}" for name, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, list | Mapping):
        return "none"
    return json.dumps(value)
