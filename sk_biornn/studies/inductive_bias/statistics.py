"""Means, paired differences and their intervals, corrected for the number of comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import (
    CONFIDENCE,
    Scale,
    holm,
    interval,
    paired_interval,
    paired_p,
    scale_of,
)
from sk_biornn.studies.inductive_bias.measures import GRAPH_METRICS
from sk_biornn.studies.inductive_bias.variants import CONTRASTS, Contrast

COMPARISON_COLUMNS = [
    "task",
    "metric",
    *Contrast._fields,
    "n",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "simultaneous_low",
    "simultaneous_high",
]
COMPARED = ("test_accuracy", "best_epoch_test_accuracy", *GRAPH_METRICS, "wiring_cost")


def summarise_variants(results: pd.DataFrame) -> pd.DataFrame:
    """Return a row per task, variant and metric: number, mean, sd and 95 % interval (t)."""
    rows = []
    for (task, variant), runs in results.groupby(["task", "variant"], sort=False):
        for metric in COMPARED:
            values = runs[metric].astype(float).dropna().to_numpy()
            found = interval(values, scale=scale_of(metric))
            rows.append(
                {
                    "task": task,
                    "variant": variant,
                    "metric": metric,
                    "n": found["n"],
                    "n_failed": int(runs["error"].notna().sum()),
                    "mean": found["mean"],
                    "sd": found["sd"],
                    "ci_low": found["low"],
                    "ci_high": found["high"],
                }
            )
    return pd.DataFrame(rows)


def compare_variants(results: pd.DataFrame) -> pd.DataFrame:
    """Return the paired differences of all contrasts, for every task and metric.

    Simulation i of a variant minus simulation i of its control, which had the same trials,
    batches, input weights and field. Columns: difference with its 95 % interval (paired t),
    p (paired t test), and against chance finds among the contrasts of the task and metric:
    p_holm (Holm, 1979) and the simultaneous interval (Bonferroni). An interval over several tasks
    of a metric is not corrected further.
    """
    rows = []
    for task, runs in results.groupby("task", sort=False):
        for metric in COMPARED:
            table = runs.pivot(index="simulation", columns="variant", values=metric).astype(float)
            scale = scale_of(metric)
            family = list(_differences(table, scale))
            adjusted = holm([row["p"] for row in family])
            for row, p_holm in zip(family, adjusted, strict=True):
                simultaneous = _simultaneous(row.pop("values"), len(family), scale)
                rows.append(
                    {"task": task, "metric": metric, **row, "p_holm": p_holm, **simultaneous}
                )
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _differences(table: pd.DataFrame, scale: Scale) -> Iterator[dict[str, Any]]:
    for contrast in CONTRASTS:
        if contrast.variant in table and contrast.control in table:
            values = (table[contrast.variant] - table[contrast.control]).dropna().to_numpy()
            found = paired_interval(values, scale=scale)
            yield {
                **contrast._asdict(),
                "n": found["n"],
                "difference": found["mean"],
                "low": found["low"],
                "high": found["high"],
                "p": paired_p(values),
                "values": values,
            }


def _simultaneous(values: np.ndarray, family: int, scale: Scale) -> dict[str, float]:
    found = paired_interval(values, 1.0 - (1.0 - CONFIDENCE) / family, scale)
    return {"simultaneous_low": found["low"], "simultaneous_high": found["high"]}
