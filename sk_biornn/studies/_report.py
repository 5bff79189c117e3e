"""What a study leaves behind, of its tables alone: further tables, figures and sentences.

Of the columns of a table no type can say what they hold: text or numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._files import matplotlib_is_here, read_table, save_figure, write_csv
from sk_biornn.studies._folder import read_settings
from sk_biornn.studies._told import Told, as_text

Tables = Mapping[str, pd.DataFrame]
Drawings = Iterator[tuple[str, Callable[[Any], Any]]]
Format = Callable[[float], str]
PAGE = "report.html"
ALL_FAILED = "all runs failed"


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
        (tables) -> what is told, of the tables that were read and made: a text, or parts of it,
        `PrintedTable`, `Answer`, `Note` and str, which a page shows as what they are.
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
    sentences: Callable[[Tables], Told]
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
    tables = read_tables(report, folder)
    made = report.conclude(tables, read_settings(folder, report.needs))
    if not made:
        return ALL_FAILED
    for name, table in made.items():
        write_csv(folder / f"{name}.csv", table)
    tables |= made
    for name, draw in drawings(report, folder, tables) if figures else ():
        save_figure(folder / name, draw)
    return as_text(report.sentences(tables))


def read_tables(report: Report, folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of the runs that lie in a folder."""
    return {
        name: read_table(folder / f"{name}.csv", columns) for name, columns in report.reads.items()
    }


def drawings(report: Report, folder: Path, tables: Tables) -> Drawings:
    """Yield the figures, each as a name and what fills it; none without matplotlib."""
    if report.draw is not None and matplotlib_is_here():
        yield from report.draw(folder, tables)


def failures_of(report: Report, results: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the runs of a study that failed, each with its error."""
    failed = results[results["error"].notna()].to_dict("records")
    return [(name_of(report, row), str(row["error"])) for row in failed]


def name_of(report: Report, run: Mapping[Any, Any]) -> str:
    """Return what people call a run, of its levels by name."""
    return report.run.format_map(run) + f" simulation {run['simulation']}"


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


def count(n: int, noun: str) -> str:
    """Return a number with its noun, which gets an s unless there is one."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def span(low: float, high: float, number: Format) -> str:
    """Return an interval as text; nothing when there is none."""
    return f"[{number(low)}, {number(high)}]" if np.isfinite(low) else ""


def signed(value: float, number: Format) -> str:
    """Return a number with its sign, plus included."""
    return ("+" if value >= 0 else "-") + number(abs(value))
