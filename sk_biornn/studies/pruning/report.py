"""What the study of pruning leaves behind, drawn up from the records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sk_biornn.studies._csv import write_csv
from sk_biornn.studies._figures import matplotlib_is_here, save_figure
from sk_biornn.studies._folder import read_settings
from sk_biornn.studies.pruning.statistics import compare_methods, summarise_pruning
from sk_biornn.studies.pruning.tables import (
    format_tables,
    read_results,
    results_frame,
    times_frame,
)

OUTPUTS = (
    *(f"{name}.csv" for name in ("results", "summary", "comparisons", "times")),
    "figure.png",
    "figure.pdf",
)


def write_report(folder: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write results.csv, times.csv, and what is made of the first."""
    write_csv(folder / "results.csv", results_frame(records))
    write_csv(folder / "times.csv", times_frame(records))
    redraw(folder)


def redraw(folder: Path) -> str:
    """Summarise and draw a study again from its table; return the tables as text."""
    results = read_results(folder)
    kept = results[results["error"].isna()]
    if kept.empty:
        return "all runs failed"
    summary, comparisons = summarise_pruning(kept), compare_methods(kept)
    if not _is_as_published(folder):
        summary["published"] = np.nan  # of other networks, trained in another way
    write_csv(folder / "summary.csv", summary)
    write_csv(folder / "comparisons.csv", comparisons)
    if matplotlib_is_here():
        _draw(folder, summary, kept)
    return format_tables(summary, comparisons)


def _is_as_published(folder: Path) -> bool:
    return read_settings(folder).get("name") == "paper"


def _draw(folder: Path, summary: Any, results: Any) -> None:
    from sk_biornn.studies.pruning.figures import draw

    save_figure(folder / "figure", lambda figure: draw(figure, summary, results))
