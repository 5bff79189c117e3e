"""The tidy tables of the study of pruning, and the text that a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sk_biornn.studies._csv import read_table
from sk_biornn.studies._intervals import p_text
from sk_biornn.studies._text import align, signed, span
from sk_biornn.studies.dale._tables import METRIC_NAMES
from sk_biornn.studies.pruning.job import POINT, RUN

COLUMNS = [RUN[0], POINT[0], POINT[1], RUN[1], "metric", "dense", *POINT[2:], "error"]


def results_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return a row per run, method and density; a failed run has one row with its error."""
    rows = []
    for record in records:
        shared = {name: record[name] for name in (*RUN, "metric", "dense", "error")}
        points = record["points"] or [[None] * len(POINT)]
        rows += [{**shared, **dict(zip(POINT, point, strict=True))} for point in points]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["dense", *POINT[1:]]
    frame[numbers] = frame[numbers].astype(float)
    return frame


def times_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the seconds of every run, apart from the rest because they never repeat."""
    frame = pd.DataFrame.from_records(records, columns=[*RUN, "seconds"])
    return frame.assign(seconds=frame["seconds"].round(3))


def read_results(folder: Path) -> pd.DataFrame:
    """Read results.csv of a finished study."""
    return read_table(folder / "results.csv", COLUMNS)


def format_tables(summary: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """Return means (medians, runs) as text, and what differs where networks were trained on.

    Runs are those with an error above the threshold of all, where the metric has one. Rows are the
    densities asked for; those that were reached are in summary.csv, single runs in results.csv.
    """
    blocks = []
    for (task, when), rows in summary.groupby(["task", "when"], sort=False):
        words = {"one_shot": "pruned at once", "finetuned": "pruned, then trained on"}[str(when)]
        blocks.append(
            "\n".join(
                [
                    f"{task}, {words}: {METRIC_NAMES[rows['metric'].iloc[0]]}",
                    f"  mean (median; {_runs_heading(rows['threshold'].iloc[0])})",
                    *_means(rows),
                ]
            )
        )
        ours = comparisons[(comparisons["task"] == task) & (comparisons["when"] == when)]
        if when == "finetuned" and len(ours):
            blocks.append("\n".join(_differences(ours)))
    return "\n\n".join(blocks)


def _means(rows: pd.DataFrame) -> list[str]:
    methods = list(dict.fromkeys(rows["method"]))
    published = [m for m in methods if rows.loc[rows["method"] == m, "published"].notna().any()]
    lines = [["density asked for", *methods, *(f"{method} (published)" for method in published)]]
    for density, at in rows.groupby("density", sort=True):
        cells = at.set_index("method")
        means = [_mean(cells, method) for method in methods]
        theirs = [f"{cells.loc[method, 'published']:.4g}" for method in published]
        lines.append([f"{density:.4g}", *means, *theirs])
    return align(lines)


def _mean(cells: pd.DataFrame, method: str) -> str:
    if method not in cells.index:
        return "-"
    row = cells.loc[method]
    runs = f"{row['n']}" if pd.isna(row["n_above"]) else f"{row['n_above']} of {row['n']}"
    return f"{row['mean']:.3g} ({row['median']:.3g}; {runs})"


def _runs_heading(threshold: float) -> str:
    return "runs" if pd.isna(threshold) else f"runs above {threshold:.4g}"


def _differences(comparisons: pd.DataFrame) -> list[str]:
    lines = [["density asked for", "contrast", "difference", "95 % CI", "p (Holm)"]]
    for row in comparisons.itertuples():
        contrast = f"{row.method} - {row.control}"
        interval = span(row.low, row.high, lambda value: signed(value, "{:.3g}".format))
        difference = signed(row.difference, "{:.3g}".format)
        lines.append([f"{row.density:.4g}", contrast, difference, interval, p_text(row.p_holm)])
    return align(lines)
