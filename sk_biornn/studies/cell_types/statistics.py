"""Scores of the arms, which interactions differ between conditions, and what was published.

The tables have the numbers of the original study beside ours; `window` says with which of its
networks ours may be compared, see `comparable_window`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._mean_interval import FEWEST, Scale
from sk_biornn.studies._intervals import FEWEST_PAIRS, interval, scale_of
from sk_biornn.studies._report import groups_of, rows_of
from sk_biornn.studies.cell_types.published import (
    DENSITY,
    DIFFERENCES,
    LOSSES,
    MARKS,
    MEAN_WEIGHTS,
    N_UNITS,
    SCORES,
)
from sk_biornn.studies.cell_types.settings import PAIRS

COMPARISON_COLUMNS = [
    "arm",
    "quantity",
    "level",
    "first",
    "second",
    "post",
    "pre",
    "n",
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

    A score of a run is the mean over populations; `most` is the best that a score can be.
    """
    rows: list[dict[str, Any]] = []
    for (condition, arm, stage), runs in groups_of(results, ["condition", "arm", "stage"]):
        for score in _SCORED:
            found = interval(runs[score].dropna().to_numpy(), scale=_scale_of(score, runs))
            key = {"condition": condition, "arm": arm, "stage": stage, "score": score}
            numbers = {name: found[name] for name in ("n", "mean", "sd", "low", "high")}
            most = _scale_of(score, runs)[1]
            rows.append({**key, **numbers, "most": most if np.isfinite(most) else np.nan})
    return pd.DataFrame(rows)


def _scale_of(score: str, runs: pd.DataFrame) -> Scale:
    if score == "beats_persistence":
        return 0.0, float(runs["n_populations"].max())
    return scale_of(score)


def compare_conditions(blocks: pd.DataFrame) -> pd.DataFrame:
    """Return what differs between conditions: block means at the end, second minus first.

    Within each arm, of abs(W) ("absolute") and of W ("raw"). Runs are the unit, and those of two
    conditions with the same simulation are pairs: they have their initial weights in common.
    Paired t tests from three pairs on, intervals from five; q after Benjamini and Hochberg over the
    blocks that exist, for one arm, quantity, level and pair of conditions. The original compares a
    sample with itself.
    """
    end = blocks[blocks["stage"] == "sparse"]
    tables = [
        _compare(runs, first, second, quantity).assign(arm=arm, quantity=quantity, level=level)
        for (arm, level), runs in groups_of(end, ["arm", "level"])
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
    n = len(groups[0])
    if n < FEWEST_PAIRS:
        table[["p_value", "q_value"]] = np.nan
    # Equal differences other than 0 have no p, and as little an interval.
    table.loc[table["p_value"].isna() | (n < FEWEST), ["ci_low", "ci_high"]] = np.nan
    return table.assign(first=first, second=second, n=n).rename(
        columns={"mean_a": "mean_second", "mean_b": "mean_first"}
    )


def _matrices(blocks: pd.DataFrame, names: list[str], quantity: str) -> np.ndarray:
    """Return the block means as (n_runs, n_blocks, n_blocks)."""
    tables = (
        run.pivot(index="post", columns="pre", values=quantity)
        for _, run in blocks.groupby("simulation")
    )
    return np.stack([table.loc[names, names].to_numpy() for table in tables])


# ------------------------------------------------------------------ the published numbers


def comparable_window(settings: dict[str, Any]) -> str | None:
    """Return the window of a study whose networks have the published size; None for others."""
    return settings["window"] if 90 * settings["scaling"] == N_UNITS else None


def add_published_scores(summary: pd.DataFrame, window: str | None) -> pd.DataFrame:
    """Return the summary with the correlations and errors of one training trial of the original."""
    found = [
        SCORES.get((row.condition, row.stage, row.score), np.nan)
        if row.arm == "dale" and window == "full"
        else np.nan
        for row in rows_of(summary)
    ]
    return summary.assign(published=found)


def densities_beside(blocks: pd.DataFrame) -> pd.DataFrame:
    """Return the densities between layers at the end, which hardly depend on size and window."""
    kept = blocks.query("arm == 'dale' and stage == 'sparse' and level == 'layer'")
    runs = kept.groupby(["condition", "post", "pre"], sort=False)["density"]
    table = runs.agg(["size", "mean", "std"]).rename(columns={"size": "n"})
    table = table[table["mean"] > 0].reset_index()
    keys = table[["condition", "post", "pre"]].itertuples(index=False)
    return table.assign(published=[DENSITY.get(tuple(key), np.nan) for key in keys])


def learning_beside(
    losses: pd.DataFrame, results: pd.DataFrame, max_iter: int, window: str | None
) -> pd.DataFrame:
    """Return the error at some epochs of both phases, and just after pruning.

    Over runs: number, mean and standard deviation, ours and published. Ours are training losses,
    but just after pruning (epoch 0 of the second phase) errors on the test samples.
    """
    rows = []
    for (condition, arm), curves in groups_of(losses, ["condition", "arm"]):
        after = results.query("condition == @condition and arm == @arm and stage == 'pruned'")
        published = LOSSES.get((str(condition), str(arm), window or ""), {})
        for stage, epoch in sorted({*MARKS, *published}):
            ours = after["mse"] if stage == "pruned" else _at(curves, stage, epoch, max_iter)
            if len(ours):
                key = {"condition": condition, "arm": arm, "stage": stage, "epoch": epoch}
                theirs = pd.Series(list(published.get((stage, epoch), ())), dtype=float)
                rows.append({**key, **_over_runs(ours), **_over_runs(theirs, "published_")})
    return pd.DataFrame(rows)


def _at(curves: pd.DataFrame, stage: str, epoch: int, max_iter: int) -> pd.Series:
    """Return the loss of every run at one epoch of a phase; nothing if there was no such epoch."""
    if stage == "dense":
        return curves.loc[(curves["epoch"] == epoch) & (epoch <= max_iter), "loss"]
    return curves.loc[curves["epoch"] == max_iter + epoch, "loss"]


def _over_runs(values: pd.Series, prefix: str = "") -> dict[str, float]:
    return {
        f"{prefix}n": len(values),
        f"{prefix}mean": values.mean(),
        f"{prefix}sd": values.std(ddof=1),
    }


def _population_sd(values: pd.Series) -> float:
    return values.std(ddof=0)


def interactions_beside(blocks: pd.DataFrame, window: str | None) -> pd.DataFrame:
    """Return the mean of abs(W) between layers and areas at the end, and its spread over runs.

    The spread is the standard deviation over the mean, which is how the original states it
    (without the correction for the number of runs).
    """
    keys = ["condition", "arm", "level", "post", "pre"]
    end = blocks[(blocks["stage"] == "sparse") & blocks["level"].isin(["layer", "area"])]
    runs = end.groupby(keys, sort=False)["absolute"]
    table = runs.agg(["size", "mean", _population_sd])
    table.columns = ["n", "mean", "spread"]
    table = table[table["mean"] > 0].reset_index()
    table["spread"] = (table["spread"] / table["mean"]).where(table["n"] > 1)
    found = [
        MEAN_WEIGHTS.get((row.level, row.post, row.pre), (np.nan, np.nan))
        if (row.condition, row.arm, window) == ("familiar_change", "dale", "full")
        else (np.nan, np.nan)
        for row in rows_of(table)
    ]
    means, spreads = np.array(found).reshape(-1, 2).T
    return table.assign(published=means, published_spread=spreads)


def add_published_differences(comparisons: pd.DataFrame, window: str | None) -> pd.DataFrame:
    """Return the comparisons with the differences of mean abs(W) in the original."""
    found = [
        DIFFERENCES.get(
            (row.arm, window or "", row.first, row.second, row.level, row.post, row.pre), np.nan
        )
        if row.quantity == "absolute"
        else np.nan
        for row in rows_of(comparisons)
    ]
    return comparisons.assign(published=found)
