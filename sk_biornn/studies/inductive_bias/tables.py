"""The tidy tables of the study, and the text that a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._csv import read_table
from sk_biornn.studies._intervals import p_text
from sk_biornn.studies._text import align, signed, span
from sk_biornn.studies.inductive_bias.job import CURVE, RESULTS, RUN
from sk_biornn.studies.inductive_bias.measures import GRAPH_METRICS
from sk_biornn.studies.inductive_bias.tasks import TASKS
from sk_biornn.studies.inductive_bias.variants import BASELINE, BY_NAME

_DIFFERENCE = f"test_accuracy_minus_{BASELINE}"
RESULT_COLUMNS = [
    *RUN[:2],
    "weights",
    "space",
    "penalty_kind",
    RUN[2],
    RESULTS[0],
    _DIFFERENCE,
    *RESULTS[1:],
    "error",
]
CURVE_COLUMNS = [*RUN, *CURVE]
BEST_EPOCH_NOTE = (
    "Test accuracies are those after the last epoch; best epoch: the mean test accuracy where each "
    "run is\ntaken after the epoch of its best validation accuracy, the first among equals."
)
_SHOWN = {"modularity": "modularity", "small_worldness": "small world", "entropy": "entropy"}


def results_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per run, with its difference to the baseline of the same simulation."""
    frame = pd.DataFrame.from_records(records, columns=[*RUN, *RESULTS, "error"])
    frame[list(RESULTS)] = frame[list(RESULTS)].astype(float)
    for column, name in (("weights", "weights"), ("space", "space"), ("penalty_kind", "penalty")):
        frame[column] = [getattr(BY_NAME[variant], name) for variant in frame["variant"]]
    keys = ["task", "simulation"]
    baseline = frame[frame["variant"] == BASELINE].set_index(keys)["test_accuracy"]
    own = pd.MultiIndex.from_frame(frame[keys])
    frame[_DIFFERENCE] = frame["test_accuracy"] - baseline.reindex(own).to_numpy()
    return frame[RESULT_COLUMNS]


def curves_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per run and epoch; with the network metrics where they were computed."""
    width = max((len(row) for record in records for row in record["curve"]), default=0)
    columns = [*CURVE_COLUMNS, *(GRAPH_METRICS if width > len(CURVE) else ())]
    rows = [
        (*(record[name] for name in RUN), *row) for record in records for row in record["curve"]
    ]
    return pd.DataFrame(rows, columns=columns)


def times_frame(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the seconds of every run, apart from the rest because they never repeat."""
    frame = pd.DataFrame.from_records(records, columns=[*RUN, "seconds"])
    return frame.assign(seconds=frame["seconds"].round(3))


def read_results(folder: Path) -> pd.DataFrame:
    """Read results.csv of a finished study."""
    return read_table(folder / "results.csv", RESULT_COLUMNS)


def read_curves(folder: Path) -> pd.DataFrame:
    """Read curves.csv of a finished study."""
    return read_table(folder / "curves.csv", CURVE_COLUMNS)


def format_tables(summary: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """Return both tables as text: per task what the variants reach, and what the contrasts say."""
    blocks = []
    for task in dict.fromkeys(summary["task"]):
        about = TASKS[task]
        title = (
            f"{about.label}: test accuracy in % (without memory {100 * about.chance:g}, "
            f"at best {100 * about.ceiling:g})"
        )
        blocks.append("\n".join([title, *_variant_lines(summary[summary["task"] == task])]))
        ours = comparisons[
            (comparisons["task"] == task) & (comparisons["metric"] == "test_accuracy")
        ]
        if len(ours):
            blocks.append("\n".join(_contrast_lines(ours)))
    return "\n\n".join([*blocks, BEST_EPOCH_NOTE])


def _variant_lines(summary: pd.DataFrame) -> list[str]:
    header = ["variant", "n", "mean", "95 % CI", "best epoch", *_SHOWN.values()]
    lines = [header]
    for variant, rows in summary.groupby("variant", sort=False):
        row = rows.set_index("metric")
        accuracy = row.loc["test_accuracy"]
        n = f"{accuracy['n']}" + (
            f" ({accuracy['n_failed']} failed)" if accuracy["n_failed"] else ""
        )
        spread = span(accuracy["ci_low"], accuracy["ci_high"], "{:.1f}".format)
        best = _number(row.loc["best_epoch_test_accuracy", "mean"], 1)
        means = [_number(row.loc[metric, "mean"]) for metric in _SHOWN]
        lines.append([str(variant), n, _number(accuracy["mean"], 1), spread, best, *means])
    return align(lines)


def _contrast_lines(comparisons: pd.DataFrame) -> list[str]:
    lines = [["question", "contrast", "difference", "95 % CI", "p (Holm)"]]
    number = "{:.1f}".format
    for row in comparisons.itertuples():
        if np.isfinite(row.difference):
            interval = span(row.low, row.high, lambda value: signed(value, number))
            p = p_text(row.p_holm)
            contrast = f"{row.variant} - {row.control}"
            lines.append([row.question, contrast, signed(row.difference, number), interval, p])
    return align(lines)


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"
