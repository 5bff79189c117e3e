"""Means, confidence intervals and paired differences of a study's runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import interval, paired_interval, scale_of

HIGHER_IS_BETTER = {"accuracy": True, "mse": False}
REFERENCE_ARM = "unconstrained"
BASELINE_ARM = "baseline"


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Summarise runs: per task and arm the mean score, and the difference to no constraint.

    Differences are paired: simulation i of an arm minus simulation i of the unconstrained network,
    which had the same trials, batches and input weights. Failed runs take no part.

    Parameters
    ----------
    results : DataFrame
        One row per run, with columns task, arm, init, simulation, metric, score, baseline_score.

    Returns
    -------
    DataFrame
        One row per task, arm and init, and one per task for the baseline (the arm "baseline": the
        input repeated, or the commonest label). Columns n, n_failed, mean, sd, ci_low, ci_high
        (95 %, t distribution, cut where the scale of the metric ends); then, against the
        unconstrained arm with "ours" (prefix vs_ours) and against the one with the same initial
        weights (vs_same): difference, its low and high (95 %, paired t), verdict ("above", "within"
        or "below": better than it, not to be told from it, worse; after the metric's direction;
        empty where there is no interval, with one pair or with equal differences other than 0),
        and for the mean squared error also the geometric mean of the ratio with its interval.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_biornn.studies import summarise
    >>> rows = [("unconstrained", i, 90.0 + i % 2) for i in range(4)]
    >>> rows += [("abs", i, 93.0 + i % 3) for i in range(4)]
    >>> runs = pd.DataFrame(rows, columns=["arm", "simulation", "score"])
    >>> runs = runs.assign(task="digits", init="ours", metric="accuracy", baseline_score=10.0)
    >>> table = summarise(runs).set_index("arm")
    >>> float(table.loc["abs", "vs_ours_difference"]), table.loc["abs", "vs_ours_verdict"]
    (3.25, 'above')
    """
    rows = []
    for task, of_task in results.groupby("task", sort=False):
        metric = of_task["metric"].iloc[0]
        groups = dict(list(of_task.groupby(["arm", "init"], sort=False)))
        scores = {key: _by_simulation(group, "score") for key, group in groups.items()}
        baseline = of_task.dropna(subset="baseline_score").drop_duplicates("simulation")
        scores[BASELINE_ARM, "none"] = _by_simulation(baseline, "baseline_score")
        for (arm, init), values in scores.items():
            n_failed = len(groups[arm, init]) - len(values) if (arm, init) in groups else 0
            rows.append(
                {
                    "task": task,
                    "arm": arm,
                    "init": init,
                    "metric": metric,
                    **_of_one_arm(values, n_failed, metric),
                    **_against(scores, (arm, init), "ours", "vs_ours", metric),
                    **_against(scores, (arm, init), init, "vs_same", metric),
                }
            )
    return pd.DataFrame(rows)


def _by_simulation(runs: pd.DataFrame, column: str) -> pd.Series:
    return runs.set_index("simulation")[column].astype(float).dropna()


def _of_one_arm(values: pd.Series, n_failed: int, metric: str) -> dict[str, Any]:
    found = interval(values.to_numpy(), scale=scale_of(metric))
    found["ci_low"], found["ci_high"] = found.pop("low"), found.pop("high")
    n = found.pop("n")
    return {"n": n, "n_failed": n_failed, **found}


def _against(
    scores: dict[tuple[str, str], pd.Series],
    key: tuple[str, str],
    reference_init: str,
    prefix: str,
    metric: str,
) -> dict[str, Any]:
    """Return the columns that compare one arm with one unconstrained arm."""
    reference = scores.get((REFERENCE_ARM, reference_init))
    names = ("difference", "low", "high", "verdict", "ratio", "ratio_low", "ratio_high")
    columns: dict[str, Any] = {f"{prefix}_{name}": np.nan for name in names}
    columns[f"{prefix}_verdict"] = ""
    if reference is None or key == (REFERENCE_ARM, reference_init):
        return columns
    ours, theirs = scores[key].align(reference, join="inner")
    found = paired_interval((ours - theirs).to_numpy(), scale=scale_of(metric))
    columns[f"{prefix}_difference"] = found["mean"]
    columns[f"{prefix}_low"], columns[f"{prefix}_high"] = found["low"], found["high"]
    columns[f"{prefix}_verdict"] = verdict(found["low"], found["high"], metric)
    if metric == "mse" and (ours > 0).all() and (theirs > 0).all():
        logs = paired_interval(np.log(ours.to_numpy()) - np.log(theirs.to_numpy()))
        for name, part in (("ratio", "mean"), ("ratio_low", "low"), ("ratio_high", "high")):
            columns[f"{prefix}_{name}"] = np.exp(logs[part])
    return columns


def verdict(low: float, high: float, metric: str) -> str:
    """Return "above", "within" or "below" for the interval of a difference of scores."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return ""
    if low <= 0 <= high:
        return "within"
    return "above" if (low > 0) == HIGHER_IS_BETTER[metric] else "below"
