"""The tables of a study: tidy frames, their files, and the text that a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._atomic import write_text

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


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a table with all digits, so that reading it gives the same numbers."""
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def read_csv(path: Path) -> pd.DataFrame:
    """Read results.csv or curves.csv; one that is missing or is not such a table is named."""
    if not path.is_file():
        raise ValueError(f"{str(path)!r} is missing; the folder holds no finished study.")
    # Python's own float() gives back every digit; the fast parser of older pandas does not.
    table = pd.read_csv(path, engine="python")
    missing = [
        name for name in (_RESULTS if path.stem == "results" else _CURVES) if name not in table
    ]
    if missing:
        raise ValueError(
            f"{str(path)!r} is not the table of a study, it lacks the columns {missing}."
        )
    return table


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
        blocks.append("\n".join([f"{task}: {METRIC_NAMES[metric]}", *_align(lines)]))
    return "\n\n".join(blocks)


def _cells(row: pd.Series, metric: str, prefix: str) -> list[str]:
    number = (lambda x: f"{x:.2f}") if metric == "accuracy" else (lambda x: f"{x:.3g}")
    signed = partial(_signed, number=number)
    n = f"{row['n']}" + (f" ({row['n_failed']} failed)" if row["n_failed"] else "")
    mean = number(row["mean"]) if row["n"] else "-"
    spread = _span(row["ci_low"], row["ci_high"], number)
    middle, low, high = (row[f"{prefix}_{name}"] for name in ("difference", "low", "high"))
    difference = f"{signed(middle)} {_span(low, high, signed)}" if np.isfinite(middle) else ""
    return [row["arm"], row["init"], n, mean, spread, difference, row[f"{prefix}_verdict"]]


def _span(low: float, high: float, number: Any) -> str:
    return f"[{number(low)}, {number(high)}]" if np.isfinite(low) else ""


def _signed(value: float, number: Any) -> str:
    return ("+" if value >= 0 else "-") + number(abs(value))


def _align(lines: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
