"""What the study of Dale's law leaves behind: tables, paired differences, a figure and its text."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import interval, paired_interval, scale_of
from sk_biornn.studies._report import (
    Drawings,
    Report,
    Tables,
    count,
    groups_of,
    span,
)
from sk_biornn.studies._report import signed as signed_text
from sk_biornn.studies._study import Plan, Records
from sk_biornn.studies._told import Answer, Note, Part, PrintedTable

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
HIGHER_IS_BETTER = {"accuracy": True, "mse": False}
_NUMBERS = {"accuracy": "{:.2f}".format, "mse": "{:.3g}".format}
REFERENCE_ARM = "unconstrained"
BASELINE_ARM = "baseline"


# ------------------------------------------------------------------ tables


def tables_of(records: Records, plan: Plan) -> dict[str, pd.DataFrame]:
    """Return a row per run, and a row per run and evaluated epoch."""
    return {"results": results_frame(records), "curves": curves_frame(records)}


def results_frame(records: Records) -> pd.DataFrame:
    """Return one row per run."""
    frame = pd.DataFrame.from_records(records, columns=_RESULTS)
    for name in ("train_loss", "score", "baseline_score"):
        frame[name] = frame[name].astype(float)
    return frame


def curves_frame(records: Records) -> pd.DataFrame:
    """Return one row per run and evaluated epoch."""
    rows = [
        (*(record[name] for name in _RUN), *point)
        for record in records
        for point in record["curve"]
    ]
    return pd.DataFrame(rows, columns=_CURVES)


# ------------------------------------------------------------------ statistics


def summarise_dale(results: pd.DataFrame) -> pd.DataFrame:
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
        (95 %: t on the logit scale for accuracies, on the log scale for errors); then, against the
        unconstrained arm with "ours" (prefix vs_ours) and against the one with the same initial
        weights (vs_same): n (pairs), difference, its low and high (95 %, paired t), verdict
        ("above", "within" or "below": better than it, not to be told from it, worse; after the
        metric's direction; empty where there is no interval), and for the mean squared error also
        the geometric mean of the ratio with its interval. Of fewer than five runs, or of equal
        differences other than 0, there is no interval.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_biornn.studies import summarise_dale
    >>> rows = [("unconstrained", i, 90.0 + i % 2) for i in range(6)]
    >>> rows += [("abs", i, 93.0 + i % 3) for i in range(6)]
    >>> runs = pd.DataFrame(rows, columns=["arm", "simulation", "score"])
    >>> runs = runs.assign(
    ...     task="digits", init="ours", metric="accuracy", baseline_score=10.0
    ... )
    >>> table = summarise_dale(runs).set_index("arm")
    >>> (
    ...     float(table.loc["abs", "vs_ours_difference"]),
    ...     table.loc["abs", "vs_ours_verdict"],
    ... )
    (3.5, 'above')
    """
    rows = []
    for task, of_task in groups_of(results, "task"):
        metric = of_task["metric"].iloc[0]
        groups = dict(groups_of(of_task, ["arm", "init"]))
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
    names = ("n", "difference", "low", "high", "verdict", "ratio", "ratio_low", "ratio_high")
    columns: dict[str, Any] = {f"{prefix}_{name}": np.nan for name in names}
    columns[f"{prefix}_verdict"] = ""
    if reference is None or key == (REFERENCE_ARM, reference_init):
        return columns
    ours, theirs = scores[key].align(reference, join="inner")
    found = paired_interval((ours - theirs).to_numpy(), scale=scale_of(metric))
    columns[f"{prefix}_n"] = found["n"]
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


# ------------------------------------------------------------------ text


def parts_of_summary(summary: pd.DataFrame) -> list[Part]:
    """Return a table per task, a line per condition, and what the task answers."""
    # A study of the paper's weights alone has no unconstrained network with ours to compare with.
    ours = (summary["init"] == "ours").any()
    prefix, reference = ("vs_ours", f"{REFERENCE_ARM}/ours") if ours else ("vs_same", _SAME)
    header = ["condition", "init", "n", "mean", "95 % CI", "minus reference", "verdict"]
    parts: list[Part] = []
    for task, rows in groups_of(summary, "task"):
        metric = rows["metric"].iloc[0]
        table = PrintedTable(
            title=f"{task}: {METRIC_NAMES[metric]}",
            about=f"reference: {reference}",
            lines=[header, *(_cells(row, metric, prefix) for _, row in rows.iterrows())],
            keys=3,
        )
        parts += [table, Answer(to=str(task), sentence=_answer(rows, prefix, reference))]
    return [*parts, NOTE]


def _cells(row: pd.Series, metric: str, prefix: str) -> list[str]:
    number = _NUMBERS[metric]
    signed = partial(signed_text, number=number)
    n = f"{row['n']}" + (f" ({row['n_failed']} failed)" if row["n_failed"] else "")
    mean = number(row["mean"]) if row["n"] else "-"
    spread = span(row["ci_low"], row["ci_high"], number)
    middle, low, high = (row[f"{prefix}_{name}"] for name in ("difference", "low", "high"))
    difference = f"{signed(middle)} {span(low, high, signed)}" if np.isfinite(middle) else ""
    return [row["arm"], row["init"], n, mean, spread, difference.strip(), row[f"{prefix}_verdict"]]


_SAME = f"{REFERENCE_ARM}, same initial weights"
NOTE = Note(
    text="n: runs. 95 % CI: t interval of the mean on the logit scale (accuracy) or the log scale "
    "(error); of differences, paired t. None below five runs. Verdict: above, better than the "
    "reference; within, not to be told from it; below, worse."
)


def _answer(rows: pd.DataFrame, prefix: str, reference: str) -> str:
    """Return one sentence: what Dale's law costs in a task."""
    lawful = rows[~rows["arm"].isin([REFERENCE_ARM, BASELINE_ARM]) & (rows["n"] > 0)]
    if lawful.empty:
        return "no network under Dale's law has come to an end."
    metric = rows["metric"].iloc[0]
    number, higher = _NUMBERS[metric], HIGHER_IS_BETTER[metric]
    at: Any = lawful["mean"].idxmax() if higher else lawful["mean"].idxmin()
    best = lawful.loc[at]
    reached = f"best under Dale's law: {best['arm']}/{best['init']} with {number(best['mean'])}"
    compared = lawful[lawful[f"{prefix}_difference"].notna()]
    if compared.empty:
        return f"nothing to compare with; {reached} (n = {best['n']})."
    pairs = f"n = {compared[f'{prefix}_n'].min():.0f} pairs"
    verdicts = compared[f"{prefix}_verdict"]
    if (verdicts == "").all():
        gain = compared[f"{prefix}_difference"] * (1 if higher else -1)
        n_worse = int((gain < 0).sum())
        return (
            f"too few runs to tell ({pairs}, no intervals); on average {n_worse} of "
            f"{len(compared)} ways to keep Dale's law are worse than {reference}; {reached}."
        )
    n_better, n_same, n_worse = ((verdicts == v).sum() for v in ("above", "within", "below"))
    return (
        f"of {count(len(compared), 'way')} to keep Dale's law, {n_better} better than "
        f"{reference}, {n_same} not to be told from it, {n_worse} worse ({pairs}); {reached}."
    )


# ------------------------------------------------------------------ the report


def conclude(tables: Tables, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the summary, of failed runs alone, too."""
    return {"summary": summarise_dale(tables["results"])}


def draw(folder: Path, tables: Tables) -> Drawings:
    """Yield the figure."""
    from sk_biornn.plots import StudyDisplay

    display = StudyDisplay.from_tables(tables["results"], tables["curves"])
    yield "figure", display.plot


def tell(tables: Tables) -> list[Part]:
    """Return the summary, told."""
    return parts_of_summary(tables["summary"])


REPORT = Report(
    reads={"results": _RESULTS, "curves": _CURVES},
    conclude=conclude,
    draw=draw,
    sentences=tell,
    run="{task} {arm}/{init}",
    tables=("results", "curves", "summary"),
    shown=("results", "summary"),
    figures=("figure",),
)
