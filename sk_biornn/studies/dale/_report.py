"""What a study leaves behind: tables and a figure, both drawn up from the records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sk_biornn.studies._csv import write_csv
from sk_biornn.studies._figures import matplotlib_is_here, save_figure
from sk_biornn.studies.dale._tables import (
    curves_frame,
    read_csv,
    results_frame,
    times_frame,
)
from sk_biornn.studies.dale.statistics import summarise

OUTPUTS = ("results.csv", "curves.csv", "summary.csv", "times.csv", "figure.png", "figure.pdf")
_DRAWN = ("results", "curves")


def write_report(folder: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write results.csv, curves.csv, summary.csv, times.csv and the figure."""
    results = results_frame(records)
    write_csv(folder / "results.csv", results)
    write_csv(folder / "curves.csv", curves_frame(records))
    write_csv(folder / "times.csv", times_frame(records))
    write_csv(folder / "summary.csv", summarise(results))
    write_figure(folder)


def redraw(folder: Path) -> pd.DataFrame:
    """Summarise and draw a study again from its tables; return the summary."""
    summary = summarise(read_csv(folder / "results.csv"))
    write_csv(folder / "summary.csv", summary)
    write_figure(folder)
    return summary


def write_figure(folder: Path) -> Path | None:
    """Draw figure.png and figure.pdf; None, and no files, where matplotlib is not installed."""
    if not matplotlib_is_here():
        return None
    from sk_biornn.plots import StudyDisplay

    display = StudyDisplay.from_tables(*(read_csv(folder / f"{name}.csv") for name in _DRAWN))
    save_figure(folder / "figure", lambda figure: display.plot(figure))
    return folder / "figure.png"
