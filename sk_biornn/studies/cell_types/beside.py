"""Our tables with the numbers of the original study beside them.

`window` says with which of its networks ours may be compared, see `comparable_window`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies.cell_types.published import (
    DENSITY,
    DIFFERENCES,
    LOSSES,
    MARKS,
    MEAN_WEIGHTS,
    N_UNITS,
    SCORES,
)


def comparable_window(settings: dict[str, Any]) -> str | None:
    """Return the window of a study whose networks have the published size; None for others."""
    return settings["window"] if 90 * settings["scaling"] == N_UNITS else None


def add_published_scores(summary: pd.DataFrame, window: str | None) -> pd.DataFrame:
    """Return the summary with the correlations and errors of one training trial of the original."""
    found = [
        SCORES.get((row.condition, row.stage, row.score), np.nan)
        if row.arm == "dale" and window == "full"
        else np.nan
        for row in summary.itertuples()
    ]
    return summary.assign(published=found)


def densities_beside(blocks: pd.DataFrame) -> pd.DataFrame:
    """Return the densities between layers at the end, which hardly depend on size and window."""
    kept = blocks.query("arm == 'dale' and stage == 'sparse' and level == 'layer'")
    table = kept.groupby(["condition", "post", "pre"], sort=False)["density"].agg(["mean", "std"])
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
    for (condition, arm), curves in losses.groupby(["condition", "arm"], sort=False):
        after = results.query("condition == @condition and arm == @arm and stage == 'pruned'")
        published = LOSSES.get((str(condition), str(arm), window or ""), {})
        for stage, epoch in sorted({*MARKS, *published}):
            ours = after["mse"] if stage == "pruned" else _at(curves, stage, epoch, max_iter)
            if len(ours):
                key = {"condition": condition, "arm": arm, "stage": stage, "epoch": epoch}
                theirs = pd.Series(published.get((stage, epoch), ()), dtype=float)
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


def interactions_beside(blocks: pd.DataFrame, window: str | None) -> pd.DataFrame:
    """Return the mean of abs(W) between layers and areas at the end, and its spread over runs.

    The spread is the standard deviation over the mean, which is how the original states it
    (without the correction for the number of runs).
    """
    keys = ["condition", "arm", "level", "post", "pre"]
    end = blocks[(blocks["stage"] == "sparse") & blocks["level"].isin(["layer", "area"])]
    runs = end.groupby(keys, sort=False)["absolute"]
    table = runs.agg(["size", "mean", lambda values: values.std(ddof=0)])
    table.columns = ["n", "mean", "spread"]
    table = table[table["mean"] > 0].reset_index()
    table["spread"] = (table["spread"] / table["mean"]).where(table["n"] > 1)
    found = [
        MEAN_WEIGHTS.get((row.level, row.post, row.pre), (np.nan, np.nan))
        if (row.condition, row.arm, window) == ("familiar_change", "dale", "full")
        else (np.nan, np.nan)
        for row in table.itertuples()
    ]
    means, spreads = np.array(found).reshape(-1, 2).T
    return table.assign(published=means, published_spread=spreads)


def add_published_differences(comparisons: pd.DataFrame, window: str | None) -> pd.DataFrame:
    """Return the comparisons with the differences of mean abs(W) in the original."""
    found = [
        DIFFERENCES.get(
            (row.arm, window, row.first, row.second, row.level, row.post, row.pre), np.nan
        )
        if row.quantity == "absolute"
        else np.nan
        for row in comparisons.itertuples()
    ]
    return comparisons.assign(published=found)
