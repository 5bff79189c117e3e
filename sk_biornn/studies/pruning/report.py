"""What the study of pruning leaves behind: tables, paired differences, a figure and its text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import (
    Scale,
    holm,
    interval,
    p_text,
    paired_interval,
    paired_p,
    scale_of,
)
from sk_biornn.studies._report import (
    Drawings,
    Report,
    Tables,
    groups_of,
    rows_of,
    signed,
    span,
)
from sk_biornn.studies._study import Plan, Records
from sk_biornn.studies._told import Answer, Lines, Note, Part, PrintedTable
from sk_biornn.studies.dale.report import METRIC_NAMES
from sk_biornn.studies.pruning.job import POINT, Run
from sk_biornn.studies.pruning.settings import (
    DENSITIES,
    FINETUNED,
    LEGACY,
    LEGACY_RANDOM,
    PUBLISHED,
)

RUN = Run._fields
COLUMNS = [RUN[0], POINT[0], POINT[1], RUN[1], "metric", "dense", *POINT[2:], "error"]
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
LABELS = {"mse": "test mean squared error", "accuracy": "test accuracy (%)"}


# ------------------------------------------------------------------ tables


def tables_of(records: Records, plan: Plan) -> dict[str, pd.DataFrame]:
    """Return the table of the runs."""
    return {"results": results_frame(records)}


def results_frame(records: Records) -> pd.DataFrame:
    """Return a row per run, method and density; a failed run has one row with its error."""
    rows = []
    for record in records:
        shared = {name: record[name] for name in (*RUN, "metric", "dense", "error")}
        points = record["points"] or [[None] * len(POINT)]
        rows += [{**shared, **dict(zip(POINT, point, strict=True))} for point in points]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["dense", *POINT[1:]]
    frame[numbers] = frame[numbers].astype(float)
    return frame


# ------------------------------------------------------------------ statistics


def summarise_pruning(results: pd.DataFrame) -> pd.DataFrame:
    """Return a row per task, method, density and time (at once, later): mean, interval, median.

    One network that breaks when it is pruned makes the mean of all; the median tells what most do,
    and `n_above` how many of `n` have an error above `threshold` (both are missing for accuracies).
    Where the original has a number for the same point, it stands in the column `published`.
    """
    rows: list[dict[str, Any]] = []
    for (task, method, density), runs in groups_of(results, ["task", "method", "density"]):
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
    for task, of_task in groups_of(results, "task"):
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


# ------------------------------------------------------------------ text


def parts_of_tables(summary: pd.DataFrame, comparisons: pd.DataFrame) -> list[Part]:
    """Return means (medians, runs), what differs after fine-tuning, and an answer a task.

    Runs are those with an error above the threshold of all, where the metric has one. Rows are the
    densities asked for; those that were reached are in summary.csv, single runs in results.csv.
    """
    parts: list[Part] = []
    for task, of_task in groups_of(summary, "task"):
        compared = comparisons[comparisons["task"] == task]
        for when, rows in groups_of(of_task, "when"):
            named = f"{task}, {_WHEN[str(when)]}"
            metric = METRIC_NAMES[rows["metric"].iloc[0]]
            about = f"mean (median; {_runs_heading(rows['threshold'].iloc[0])})"
            parts.append(PrintedTable(title=f"{named}: {metric}", about=about, lines=_means(rows)))
            ours = compared[compared["when"] == when]
            if when == "finetuned" and len(ours):
                title = f"{named}: paired differences, first - second"
                parts.append(PrintedTable(title=title, lines=_differences(ours), keys=3))
        parts.append(Answer(to=str(task), sentence=_answer(of_task, compared)))
    return [*parts, NOTE]


_WHEN = {"one_shot": "just pruned", "finetuned": "pruned and fine-tuned"}
NOTE = Note(
    text="n: networks, the same ones under every method. 95 % CI and p: paired t test, p corrected "
    "over the densities (Holm); no interval below five pairs, no p below three."
)


def _answer(of_task: pd.DataFrame, compared: pd.DataFrame) -> str:
    """Return one sentence: which synapses can go in a task."""
    inner = of_task[(of_task["density"] > 0) & (of_task["density"] < 1)]
    if inner.empty:
        return "nothing was pruned in part."
    densities = set(inner["density"])
    density = FINETUNED if FINETUNED in densities else min(densities)
    parts = [
        f"{_WHEN[str(when)]}, " + ", ".join(f"{row.method} {row.mean:.3g}" for row in rows_of(rows))
        for when, rows in groups_of(inner[inner["density"] == density], "when")
    ]
    dense = of_task[(of_task["density"] == 1) & (of_task["when"] == "one_shot")]
    if len(dense):
        parts.insert(0, f"dense {dense['mean'].iloc[0]:.3g}")
    measure = LABELS[of_task["metric"].iloc[0]]
    n = inner["n"].min()
    return (
        f"mean {measure} at density {density:.3g}: {'; '.join(parts)} "
        f"(n = {n}{_tested(compared, of_task['metric'].iloc[0])})."
    )


def _tested(compared: pd.DataFrame, metric: str) -> str:
    """Return at how many densities the first method differs from chance, just pruned."""
    pairs = [pair for pair in _PAIRS if "random" in pair[1]]
    for method, control in pairs:
        rows = compared[
            (compared["method"] == method)
            & (compared["control"] == control)
            & (compared["when"] == "one_shot")
            & compared["p_holm"].notna()
        ]
        if len(rows):
            found = rows[rows["p_holm"] < 0.05]["difference"] * (1 if metric == "accuracy" else -1)
            return (
                f"; just pruned, {method} is better than {control} at {(found > 0).sum()} and "
                f"worse at {(found < 0).sum()} of {len(rows)} densities, p < 0.05"
            )
    return ", too few to test"


def _means(rows: pd.DataFrame) -> Lines:
    methods = list(dict.fromkeys(rows["method"]))
    published = [m for m in methods if rows.loc[rows["method"] == m, "published"].notna().any()]
    lines = [["density", *methods, *(f"{method} (published)" for method in published)]]
    for density, at in groups_of(rows, "density", sort=True):
        cells = at.set_index("method")
        means = [_mean(cells, method) for method in methods]
        theirs = [f"{cells.loc[method, 'published']:.4g}" for method in published]
        lines.append([f"{density:.4g}", *means, *theirs])
    return lines


def _mean(cells: pd.DataFrame, method: str) -> str:
    if method not in cells.index:
        return "-"
    row: Any = cells.loc[method]
    runs = f"{row['n']}" if pd.isna(row["n_above"]) else f"{row['n_above']} of {row['n']}"
    return f"{row['mean']:.3g} ({row['median']:.3g}; {runs})"


def _runs_heading(threshold: float) -> str:
    return "runs" if pd.isna(threshold) else f"runs above {threshold:.4g}"


def _differences(comparisons: pd.DataFrame) -> Lines:
    lines = [["density", "contrast", "n", "difference", "95 % CI", "p (Holm)"]]
    for row in rows_of(comparisons):
        contrast = f"{row.method} - {row.control}"
        interval = span(row.low, row.high, lambda value: signed(value, "{:.3g}".format))
        difference = signed(row.difference, "{:.3g}".format)
        p = p_text(row.p_holm)
        lines.append([f"{row.density:.4g}", contrast, str(row.n), difference, interval, p])
    return lines


# ------------------------------------------------------------------ the report


def conclude(tables: Tables, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the summary and the paired differences; nothing where all runs have failed."""
    kept = _finished(tables)
    if kept.empty:
        return {}
    summary = summarise_pruning(kept)
    if settings.get("name") != "paper":
        summary["published"] = np.nan  # of other networks, trained in another way
    return {"summary": summary, "comparisons": compare_methods(kept)}


def _finished(tables: Tables) -> pd.DataFrame:
    results = tables["results"]
    return results[results["error"].isna()]


def draw(folder: Path, tables: Tables) -> Drawings:
    """Yield the figure."""
    from sk_biornn.studies.pruning.figures import draw_scores

    yield "figure", lambda figure: draw_scores(figure, tables["summary"], _finished(tables))


def tell(tables: Tables) -> list[Part]:
    """Return summary and differences, told."""
    return parts_of_tables(tables["summary"], tables["comparisons"])


REPORT = Report(
    reads={"results": COLUMNS},
    conclude=conclude,
    draw=draw,
    sentences=tell,
    run="{task}",
    tables=("results", "summary", "comparisons"),
    shown=("results", "summary", "comparisons"),
    figures=("figure",),
)
