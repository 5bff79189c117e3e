"""Means and paired differences between the ways of pruning, density by density."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import Scale, holm, interval, paired_interval, paired_p, scale_of
from sk_biornn.studies.pruning.presets import DENSITIES, LEGACY, LEGACY_RANDOM, PUBLISHED

SCORES = ("one_shot", "finetuned")
# A network with a larger error is counted as broken: .15 is a quarter of the published error on the
# flip-flop without any synapse, and more than half of that on the wave.
THRESHOLDS = {"mse": 0.15}
_PAIRS = (
    ("top-prob", "random"),
    ("top-prob", "magnitude"),
    ("magnitude", "random"),
    (LEGACY, LEGACY_RANDOM),
)
DENSE = "dense"
_COLUMNS = ("task", "metric", "when", "method", "density")
_COMPARED = ("task", "when", "density", "method", "control", "n", "difference", "low", "high", "p")


def summarise_pruning(results: pd.DataFrame) -> pd.DataFrame:
    """Return a row per task, method, density and time (at once, later): mean, interval, median.

    One network that breaks when it is pruned makes the mean of all; the median tells what most do,
    and `n_above` how many of `n` have an error above `threshold` (both are missing for accuracies).
    Where the original has a number for the same point, it stands in the column `published`.
    """
    rows: list[dict[str, Any]] = []
    for (task, method, density), runs in results.groupby(["task", "method", "density"], sort=False):
        for when in SCORES:
            metric = runs["metric"].iloc[0]
            threshold = THRESHOLDS.get(metric, np.nan)
            values = runs[when].astype(float).dropna().to_numpy()
            found = interval(values, scale=scale_of(metric))
            if found["n"]:
                key = (task, metric, when, method, density)
                rows.append(
                    {
                        **dict(zip(_COLUMNS, key, strict=True)),
                        "achieved_density": runs["achieved_density"].mean(),
                        "tree_overlap": runs["tree_overlap"].mean(),
                        "n": found["n"],
                        "mean": found["mean"],
                        "median": float(np.median(values)),
                        "threshold": threshold,
                        "n_above": pd.NA if np.isnan(threshold) else int(sum(values > threshold)),
                        "sd": found["sd"],
                        "ci_low": found["low"],
                        "ci_high": found["high"],
                        "published": _published(task, method, density, when),
                    }
                )
    return pd.DataFrame(rows).astype({"n_above": "Int64"})


def _published(task: str, method: str, density: float, when: str) -> float:
    values = PUBLISHED.get((task, method))
    if values is None or when != "one_shot" or density not in DENSITIES:
        return np.nan
    return values[DENSITIES.index(density)]


def compare_methods(results: pd.DataFrame) -> pd.DataFrame:
    """Return paired differences of the scores at every density, same network in both.

    Between the methods, and from every method to "dense": the network that is not pruned and, where
    pruned ones have trained on, has trained on as well. p is that of the paired t test; p_holm is
    corrected (Holm, 1979) for the densities of a task, contrast and time.
    """
    rows = []
    for task, of_task in results.groupby("task", sort=False):
        methods = list(dict.fromkeys(of_task["method"].dropna()))
        contrasts = [pair for pair in _PAIRS if set(pair) <= set(methods)]
        contrasts += [(method, DENSE) for method in methods]
        scale = scale_of(of_task["metric"].iloc[0])
        for when in SCORES:
            table = of_task.pivot(index="simulation", columns=["method", "density"], values=when)
            for method, control in contrasts:
                rows += _family(table, {"task": task, "when": when}, method, control, scale)
    return pd.DataFrame(rows, columns=[*_COMPARED, "p_holm"])


def _family(
    table: pd.DataFrame, key: dict[str, Any], method: str, control: str, scale: Scale
) -> list[dict[str, Any]]:
    rows = []
    for density in sorted(set(table.columns.get_level_values("density"))):
        reference = (method, 1.0) if control == DENSE else (control, density)
        if 0 < density < 1 and reference in table:
            values = (table[method, density] - table[reference]).astype(float).dropna()
            if len(values):
                found = paired_interval(values.to_numpy(), scale=scale)
                rows.append(
                    {
                        **key,
                        "density": density,
                        "method": method,
                        "control": control,
                        "n": found["n"],
                        "difference": found["mean"],
                        "low": found["low"],
                        "high": found["high"],
                        "p": paired_p(values.to_numpy()),
                    }
                )
    for row, p_holm in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = p_holm
    return rows
