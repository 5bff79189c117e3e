"""What a study leaves behind, of its tables alone: further tables, figures and sentences.

Of the columns of a table no type can say what they hold: text or numbers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._files import matplotlib_is_here, read_table, save_figure, write_csv
from sk_biornn.studies._folder import read_settings

Tables = Mapping[str, pd.DataFrame]
Drawings = Iterator[tuple[str, Callable[[Any], Any]]]
Format = Callable[[float], str]
WIDTH = 79  # characters of a line
_NOTHING = ("", "-")


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a study is told: what is made of the tables of its runs.

    A report is drawn up from the files in the folder of the study, so that it can be drawn up again
    at any time; see `sk_biornn.studies.report_study`.

    Parameters
    ----------
    reads : mapping of str to sequence of str
        The tables that it is made of, by name, and the columns that each of them must have;
        "results" is always among them.
    conclude : callable
        (tables, settings) -> further tables by name, such as means and paired differences, of the
        tables that were read and of what settings.json holds. None at all: every run has failed.
    sentences : callable
        (tables) -> the text that a terminal shows, of the tables that were read and made.
    run : str
        What tells a run from the others, as a format of the columns of "results":
        ``"{task} {arm}"``.
    tables : tuple of str
        Names of all tables of the study but "times": those of the runs and those made of them.
    shown : tuple of str
        Those whose paths are printed.
    draw : callable or None, default=None
        (folder, tables) -> pairs of a name and of a function that fills an empty matplotlib figure;
        called where matplotlib is installed.
    figures : tuple of str, default=()
        Names of all figures.
    needs : tuple of str, default=()
        Settings that must be in settings.json.

    Examples
    --------
    >>> from sk_biornn.studies import DALE_STUDY
    >>> DALE_STUDY.report.tables, DALE_STUDY.report.figures
    (('results', 'curves', 'summary'), ('figure',))
    """

    reads: Mapping[str, Sequence[str]]
    conclude: Callable[[Tables, dict[str, Any]], dict[str, pd.DataFrame]]
    sentences: Callable[[Tables], str]
    run: str
    tables: tuple[str, ...]
    shown: tuple[str, ...]
    draw: Callable[[Path, Tables], Drawings] | None = None
    figures: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the files of all tables and figures.

        Returns
        -------
        tuple of str
            Relative to the folder of the study.
        """
        tables = (f"{name}.csv" for name in (*self.tables, "times"))
        return (*tables, *(f"{name}.{kind}" for name in self.figures for kind in ("png", "pdf")))


def draw_up(report: Report, folder: Path, *, figures: bool = True) -> str:
    """Conclude, draw and tell from the tables in a folder; return the text."""
    tables = {
        name: read_table(folder / f"{name}.csv", columns) for name, columns in report.reads.items()
    }
    made = report.conclude(tables, read_settings(folder, report.needs))
    if not made:
        return "all runs failed"
    for name, table in made.items():
        write_csv(folder / f"{name}.csv", table)
    tables |= made
    if figures and report.draw is not None and matplotlib_is_here():
        for name, draw in report.draw(folder, tables):
            save_figure(folder / name, draw)
    return report.sentences(tables)


def failures_of(report: Report, folder: Path) -> list[tuple[str, str]]:
    """Return the runs of a study that failed, each with its error."""
    results = read_table(folder / "results.csv", report.reads["results"])
    failed = results[results["error"].notna()].to_dict("records")
    return [
        (report.run.format_map(row) + f" simulation {row['simulation']}", row["error"])
        for row in failed
    ]


# ------------------------------------------------------------------ rows, and how they look


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


def align(lines: Sequence[Sequence[str]], *, keys: int = 1) -> list[str]:
    """Return lines of cells, the first of them headings, as text with straight columns.

    Columns in which nothing stands are left out, but for the first `keys`, which say what a line is
    of. A table that is wider than a terminal is cut into groups of columns, each with these before
    it.
    """
    columns = [
        column
        for place, column in enumerate(zip(*lines, strict=True))
        if place < keys or any(cell not in _NOTHING for cell in column[1:])
    ]
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns]
    first = padded[:keys]
    groups: list[list[list[str]]] = [[]]
    for column in padded[keys:]:
        if groups[-1] and _width([*first, *groups[-1], column]) > WIDTH:
            groups.append([])
        groups[-1].append(column)
    blocks = [
        [("  " + "  ".join(cells)).rstrip() for cells in zip(*first, *group, strict=True)]
        for group in groups
    ]
    return [line for place, block in enumerate(blocks) for line in [""] * bool(place) + block]


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(2 + len(column[0]) for column in columns)


def paragraph(text: str) -> str:
    """Return a text in lines that a terminal has room for."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def count(n: int, noun: str) -> str:
    """Return a number with its noun, which gets an s unless there is one."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def span(low: float, high: float, number: Format) -> str:
    """Return an interval as text; nothing when there is none."""
    return f"[{number(low)}, {number(high)}]" if np.isfinite(low) else ""


def signed(value: float, number: Format) -> str:
    """Return a number with its sign, plus included."""
    return ("+" if value >= 0 else "-") + number(abs(value))
