"""The tables of a study: tidy frames, their files, and the text that a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._csv import read_table
from sk_biornn.studies._text import align, span
from sk_biornn.studies._text import signed as signed_text

_RUN = ["task", "arm", "init", "simulation"]
_RESULTS = [
    *_RUN[:3],
    "recurrent_init",
    "simulation",
    "metric",
    "n_iter",
    "train_loss",
    "score",
    "baseline_score",
    "error",
]
_CURVES = [*_RUN, "epoch", "train_loss", "score"]
METRIC_NAMES = {
    "mse": "test mean squared error, lower is better",
    "accuracy": "test accuracy in %, higher is better",
}


def results_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per run."""
    frame = pd.DataFrame.from_records(records, columns=_RESULTS)
    for name in ("train_loss", "score", "baseline_score"):
        frame[name] = frame[name].astype(float)
    return frame


def curves_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per run and evaluated epoch."""
    rows = [
        (*(record[name] for name in _RUN), *point)
        for record in records
        for point in record["curve"]
    ]
    return pd.DataFrame(rows, columns=_CURVES)


def times_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the seconds of every run, apart from the rest because they never repeat."""
    frame = pd.DataFrame.from_records(records, columns=[*_RUN, "seconds"])
    return frame.assign(seconds=frame["seconds"].round(3))


def read_csv(path: Path) -> pd.DataFrame:
    """Read results.csv or curves.csv; one that is missing or is not such a table is named."""
    return read_table(path, _RESULTS if path.stem == "results" else _CURVES)


def format_summary(summary: pd.DataFrame) -> str:
    """Return the summary as text: a block per task, a line per arm."""
    # A study of the paper's weights alone has no unconstrained network with ours to compare with.
    ours = (summary["init"] == "ours").any()
    prefix, reference = ("vs_ours", "ours") if ours else ("vs_same", "same init")
    header = ["arm", "init", "n", "mean", "95 % CI", f"minus unconstrained/{reference}", "verdict"]
    blocks = []
    for task, rows in summary.groupby("task", sort=False):
        metric = rows["metric"].iloc[0]
        lines = [header, *(_cells(row, metric, prefix) for _, row in rows.iterrows())]
        blocks.append("\n".join([f"{task}: {METRIC_NAMES[metric]}", *align(lines)]))
    return "\n\n".join(blocks)


def _cells(row: pd.Series, metric: str, prefix: str) -> list[str]:
    number = (lambda x: f"{x:.2f}") if metric == "accuracy" else (lambda x: f"{x:.3g}")
    signed = partial(signed_text, number=number)
    n = f"{row['n']}" + (f" ({row['n_failed']} failed)" if row["n_failed"] else "")
    mean = number(row["mean"]) if row["n"] else "-"
    spread = span(row["ci_low"], row["ci_high"], number)
    middle, low, high = (row[f"{prefix}_{name}"] for name in ("difference", "low", "high"))
    difference = f"{signed(middle)} {span(low, high, signed)}" if np.isfinite(middle) else ""
    return [row["arm"], row["init"], n, mean, spread, difference, row[f"{prefix}_verdict"]]
