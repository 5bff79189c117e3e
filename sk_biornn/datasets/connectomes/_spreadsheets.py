"""Spreadsheets: the cells of one sheet, as they were saved."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from sk_biornn._plain import short_text
from sk_biornn.units.names import listed


def sheet_cells(path: Path, key: str | None) -> list[list[Any]]:
    """Return the rows of a sheet, without empty rows and columns at its edges.

    They are read as the file has them: pandas would make whole numbers of rounded ids.
    """
    try:
        import openpyxl
    except ImportError:
        raise ImportError(
            f"openpyxl is needed to read {path}: pip install openpyxl, or save it as CSV."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which hold no cells
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            sheets = {sheet.title: _rows(sheet) for sheet in book.worksheets}
            book.close()
    except Exception as error:  # of zipfile, XML or openpyxl: a damaged file can raise anything
        raise ValueError(f"{path} is not a readable spreadsheet ({short_text(error)}).") from None
    sheets = {title: rows for title, rows in sheets.items() if rows}
    if key is not None and key not in sheets:
        raise ValueError(
            f"key must be a sheet of {path}, which has {listed(sheets, 8)}, got {key!r}."
        )
    if key is None and len(sheets) > 1:
        raise ValueError(f"key must say which sheet of {path} to read, {listed(sheets, 8)}.")
    if not sheets:
        raise ValueError(f"{path} has no cells.")
    return sheets[key if key is not None else next(iter(sheets))]


def _rows(sheet: Any) -> list[list[Any]]:
    sheet.reset_dimensions()  # some programs save wrong ones
    rows = [[_plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    rows = [row for row in rows if any(cell is not None for cell in row)]
    width = max((_width(row) for row in rows), default=0)
    return [[*row, *[None] * width][:width] for row in rows]


def _width(row: list[Any]) -> int:
    return max((place for place, cell in enumerate(row, 1) if cell is not None), default=0)


def _plain(cell: Any) -> Any:
    return (cell.strip() or None) if isinstance(cell, str) else cell
