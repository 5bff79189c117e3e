"""What a study leaves behind: tables and a figure, both drawn up from the records alone."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sk_biornn._atomic import write_bytes
from sk_biornn.studies._tables import (
    curves_frame,
    read_csv,
    results_frame,
    times_frame,
    write_csv,
)
from sk_biornn.studies.statistics import summarise

_DRAWN = ("results", "curves")
# Without these the files would hold the time at which they were made.
_METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}}


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
    if importlib.util.find_spec("matplotlib") is None:
        return None
    from matplotlib import rc_context, style
    from matplotlib.figure import Figure

    from sk_biornn.plots import StudyDisplay

    display = StudyDisplay.from_tables(*(read_csv(folder / f"{name}.csv") for name in _DRAWN))
    # The same picture whatever the user's own style is; in the PDF, text stays text.
    with style.context("default", after_reset=True), rc_context({"pdf.fonttype": 42}):
        # A figure of its own, not one of pyplot's: nothing is left open, no window is needed.
        figure = display.plot(Figure()).figure_
        for kind, metadata in _METADATA.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
            write_bytes(folder / f"figure.{kind}", buffer.getvalue())
    return folder / "figure.png"
