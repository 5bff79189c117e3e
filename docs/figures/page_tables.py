"""The tables that stand in the pages, for figures that draw the numbers of the text."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

DOCS = Path(__file__).parents[1]


def tables(page: str) -> list[list[list[str]]]:
    """Return the tables of a page of these docs, each as rows of cells, the head first."""
    lines = (DOCS / f"{page}.rst").read_text(encoding="utf-8").splitlines()
    return [*_list_tables(lines), *_simple_tables(lines)]


def table(page: str, *head: str) -> list[list[str]]:
    """Return the rows below the head of the one table of a page whose head has these cells."""
    found = [rows for rows in tables(page) if set(head) <= set(rows[0])]
    if len(found) != 1:
        raise ValueError(f"{page}.rst must have one table with {head}, has {len(found)}.")
    return found[0][1:]


def _list_tables(lines: list[str]) -> list[list[list[str]]]:
    found: list[list[list[str]]] = []
    inside = False
    for line in lines:
        if re.match(r"\s*\.\. list-table::", line):
            inside = True
            found.append([])
        elif inside and (cell := re.match(r"\s+(\* )?- ?(.*)|\s+(\*) - ?(.*)", line)):
            if cell[1]:
                found[-1].append([])
            found[-1][-1].append(cell[2].strip())
        elif inside and line.strip() and not line.startswith(" "):
            inside = False
        elif inside and found[-1] and line.strip():
            found[-1][-1][-1] += " " + line.strip()
    return found


def _simple_tables(lines: list[str]) -> list[list[list[str]]]:
    found: list[list[list[str]]] = []
    ruler = re.compile(r"=+( +=+)+ *$")
    at = [place for place, line in enumerate(lines) if ruler.match(line)]
    for top, below, bottom in zip(at[::3], at[1::3], at[2::3], strict=True):
        columns = [match.start() for match in re.finditer("=+", lines[top])]
        bounds = list(zip(columns, [*columns[1:], None], strict=True))
        rows = [*lines[top + 1 : below], *lines[below + 1 : bottom]]
        found.append([[row[a:b].strip() for a, b in bounds] for row in rows])
    return found


def number(text: str) -> float:
    """Return the first number of a cell, NaN where there is none."""
    match = re.search(r"[-+]?(\d[\d,]*)?\.?\d+", text)
    return float(match[0].replace(",", "")) if match else np.nan
