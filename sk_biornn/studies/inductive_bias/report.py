"""What the study leaves behind: tables, the original's files and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sk_biornn.studies._csv import write_csv
from sk_biornn.studies._figures import matplotlib_is_here, save_figure
from sk_biornn.studies.inductive_bias.field import Field
from sk_biornn.studies.inductive_bias.original_files import write_original_files
from sk_biornn.studies.inductive_bias.settings import Settings
from sk_biornn.studies.inductive_bias.statistics import compare_variants, summarise_variants
from sk_biornn.studies.inductive_bias.tables import (
    curves_frame,
    format_tables,
    read_curves,
    read_results,
    results_frame,
    times_frame,
)

FIGURES = ("figure", "curves", "weights")
OUTPUTS = (
    *(f"{name}.csv" for name in ("results", "curves", "summary", "comparisons", "times")),
    *(f"{name}.{kind}" for name in FIGURES for kind in ("png", "pdf")),
    "weights/*.npz",
    "*_sttc*.zip",
    "*_sttc*/*.*",
    "*_sttc*/Task?/*_raw.csv",
)


def write_report(
    folder: Path, settings: Settings, records: Sequence[dict[str, Any]], field: Field | None
) -> None:
    """Write all tables, the files of the original (given the field) and the figures."""
    results = results_frame(records)
    write_csv(folder / "results.csv", results)
    write_csv(folder / "curves.csv", curves_frame(records))
    write_csv(folder / "times.csv", times_frame(records))
    if field is not None:
        size = field.n_units, field.grid
        write_original_files(folder, settings, results, *size, as_published=settings.as_published)
    redraw(folder)


def redraw(folder: Path) -> str:
    """Summarise and draw a study again from its tables and weights; return the tables as text."""
    results = read_results(folder)
    summary, comparisons = summarise_variants(results), compare_variants(results)
    write_csv(folder / "summary.csv", summary)
    write_csv(folder / "comparisons.csv", comparisons)
    if matplotlib_is_here():
        _draw(folder, results, read_curves(folder))
    return format_tables(summary, comparisons)


def _draw(folder: Path, results: pd.DataFrame, curves: pd.DataFrame) -> None:
    from sk_biornn.studies.inductive_bias import figures

    save_figure(folder / "figure", lambda figure: figures.draw_measures(figure, results))
    if len(curves):
        save_figure(folder / "curves", lambda figure: figures.draw_curves(figure, curves))
    examples = figures.example_weights(folder / "weights", results)
    if examples:
        save_figure(folder / "weights", lambda figure: figures.draw_weights(figure, examples))
