"""Scores of the arms, and which interactions differ between conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import interval
from sk_biornn.studies.cell_types.presets import PAIRS
from sk_biornn.studies.cell_types.published import DENSITY, SCORES
from sk_biornn.studies.cell_types.tables import LEVELS

COMPARISON_COLUMNS = [
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
_SCORED = ("mse", "r2", "correlation", "skill")


def summarise_cell_types(results: pd.DataFrame) -> pd.DataFrame:
    """Return a row per condition, arm, stage and score: mean over runs and 95 % interval.

    A score of a run is the mean over populations. The published numbers, where there are any, are
    of one run and one training trial.
    """
    rows: list[dict[str, Any]] = []
    for (condition, arm, stage), runs in results.groupby(["condition", "arm", "stage"], sort=False):
        for score in _SCORED:
            found = interval(runs[score].dropna().to_numpy())
            key = {"condition": condition, "arm": arm, "stage": stage, "score": score}
            key |= {name: found[name] for name in ("n", "mean", "sd", "low", "high")}
            published = SCORES.get((str(condition), str(stage), score)) if arm == "dale" else None
            rows.append({**key, "published": np.nan if published is None else published})
    return pd.DataFrame(rows)


def densities_beside_published(blocks: pd.DataFrame) -> pd.DataFrame:
    """Return the densities between layers after pruning, beside those of the original."""
    kept = blocks.query("arm == 'dale' and stage == 'sparse' and level == 'layer'")
    table = kept.groupby(["condition", "post", "pre"], sort=False)["density"].agg(["mean", "std"])
    table = table[table["mean"] > 0].reset_index()
    keys = table[["condition", "post", "pre"]].itertuples(index=False)
    return table.assign(published=[DENSITY.get(tuple(key), np.nan) for key in keys])


def compare_conditions(blocks: pd.DataFrame) -> pd.DataFrame:
    """Return what differs between conditions: mean of abs(W) in every block, second minus first.

    Runs are the unit. Exact permutation test and, for the interval, Welch; q after Benjamini and
    Hochberg over the blocks that exist, for a pair of conditions and a level. The original
    compares a sample with itself.
    """
    sparse = blocks[(blocks["arm"] == "dale") & (blocks["stage"] == "sparse")]
    levels = [level for level in LEVELS if (sparse["level"] == level).any()]
    tables = [
        _compare(sparse[sparse["level"] == level], first, second).assign(level=level)
        for first, second in PAIRS
        for level in levels
        if _enough(sparse, first) and _enough(sparse, second)
    ]
    if not tables:
        return pd.DataFrame(columns=COMPARISON_COLUMNS)
    return pd.concat(tables, ignore_index=True)[COMPARISON_COLUMNS]


def _enough(blocks: pd.DataFrame, condition: str) -> bool:
    return blocks.loc[blocks["condition"] == condition, "simulation"].nunique() >= 2


def _compare(blocks: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    from sk_biornn.inspection import compare

    names = list(dict.fromkeys(blocks["post"]))
    groups = [_matrices(blocks[blocks["condition"] == which], names) for which in (second, first)]
    if not any(group.any() for group in groups):
        return pd.DataFrame(columns=COMPARISON_COLUMNS)
    # A matrix of block means is a network with one unit per block.
    table = compare(*groups, labels=names, random_state=0)
    return table.assign(first=first, second=second).rename(
        columns={"mean_a": "mean_second", "mean_b": "mean_first"}
    )


def _matrices(blocks: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return the block means as (n_runs, n_blocks, n_blocks)."""
    tables = (
        run.pivot(index="post", columns="pre", values="absolute")
        for _, run in blocks.groupby("simulation")
    )
    return np.stack([table.loc[names, names].to_numpy() for table in tables])
