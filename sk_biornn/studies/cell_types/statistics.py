"""Scores of the arms, and which interactions differ between conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import Scale, interval, scale_of
from sk_biornn.studies.cell_types.presets import PAIRS

COMPARISON_COLUMNS = [
    "arm",
    "quantity",
    "level",
    "first",
    "second",
    "post",
    "pre",
    "mean_first",
    "mean_second",
    "difference",
    "ci_low",
    "ci_high",
    "hedges_g",
    "p_value",
    "q_value",
]
_SCORED = ("mse", "r2", "correlation", "skill", "mse_persistence", "beats_persistence")


def summarise_cell_types(results: pd.DataFrame) -> pd.DataFrame:
    """Return a row per condition, arm, stage and score: mean over runs and 95 % interval.

    A score of a run is the mean over populations.
    """
    rows: list[dict[str, Any]] = []
    for (condition, arm, stage), runs in results.groupby(["condition", "arm", "stage"], sort=False):
        for score in _SCORED:
            found = interval(runs[score].dropna().to_numpy(), scale=_scale_of(score, runs))
            key = {"condition": condition, "arm": arm, "stage": stage, "score": score}
            rows.append(
                {**key, **{name: found[name] for name in ("n", "mean", "sd", "low", "high")}}
            )
    return pd.DataFrame(rows)


def _scale_of(score: str, runs: pd.DataFrame) -> Scale:
    if score == "beats_persistence":
        return 0.0, float(runs["n_populations"].max())
    return scale_of(score)


def compare_conditions(blocks: pd.DataFrame) -> pd.DataFrame:
    """Return what differs between conditions: block means at the end, second minus first.

    Within each arm, of abs(W) ("absolute") and of W ("raw"). Runs are the unit, and those of two
    conditions with the same simulation are pairs: they have their initial weights in common.
    Paired t tests; q after Benjamini and Hochberg over the blocks that exist, for one arm,
    quantity, level and pair of conditions. The original compares a sample with itself.
    """
    end = blocks[blocks["stage"] == "sparse"]
    tables = [
        _compare(runs, first, second, quantity).assign(arm=arm, quantity=quantity, level=level)
        for (arm, level), runs in end.groupby(["arm", "level"], sort=False)
        for quantity in ("absolute", "raw")
        for first, second in PAIRS
        if len(_common_simulations(runs, first, second)) >= 2
    ]
    tables = [table for table in tables if len(table)]
    if not tables:
        return pd.DataFrame(columns=COMPARISON_COLUMNS)
    return pd.concat(tables, ignore_index=True)[COMPARISON_COLUMNS]


def _common_simulations(blocks: pd.DataFrame, first: str, second: str) -> list[int]:
    """Return the simulations that came to an end in both conditions."""
    done = (set(blocks.loc[blocks["condition"] == name, "simulation"]) for name in (first, second))
    return sorted(set.intersection(*done))


def _compare(blocks: pd.DataFrame, first: str, second: str, quantity: str) -> pd.DataFrame:
    from sk_biornn.inspection import compare

    names = list(dict.fromkeys(blocks["post"]))
    pairs = blocks[blocks["simulation"].isin(_common_simulations(blocks, first, second))]
    groups = [
        _matrices(pairs[pairs["condition"] == which], names, quantity) for which in (second, first)
    ]
    if not any(group.any() for group in groups):
        return pd.DataFrame(columns=COMPARISON_COLUMNS)
    # A matrix of block means is a network with one unit per block.
    table = compare(*groups, labels=names, absolute=False, test="welch", paired=True)
    # Equal differences other than 0 have no p, and as little an interval.
    table.loc[table["p_value"].isna(), ["ci_low", "ci_high"]] = np.nan
    return table.assign(first=first, second=second).rename(
        columns={"mean_a": "mean_second", "mean_b": "mean_first"}
    )


def _matrices(blocks: pd.DataFrame, names: list[str], quantity: str) -> np.ndarray:
    """Return the block means as (n_runs, n_blocks, n_blocks)."""
    tables = (
        run.pivot(index="post", columns="pre", values=quantity)
        for _, run in blocks.groupby("simulation")
    )
    return np.stack([table.loc[names, names].to_numpy() for table in tables])
