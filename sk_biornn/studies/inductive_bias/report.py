"""What the study leaves behind: tables, paired differences, the original's files and figures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import (
    CONFIDENCE,
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
    count,
    groups_of,
    rows_of,
    signed,
    span,
)
from sk_biornn.studies._study import Plan, Records
from sk_biornn.studies._told import Answer, Lines, Note, Part, PrintedTable
from sk_biornn.studies.inductive_bias.design import BASELINE, BY_NAME, CONTRASTS, TASKS, Contrast
from sk_biornn.studies.inductive_bias.job import CURVE, GRAPH_METRICS, RESULTS, Run
from sk_biornn.studies.inductive_bias.network import field_of
from sk_biornn.studies.inductive_bias.original_files import write_original_files

RUN = Run._fields
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
NOTE = Note(
    text="Test accuracies are those after the last epoch; best epoch: the mean test accuracy where "
    "each run is taken after the epoch of its best validation accuracy, the first among equals. "
    "n: runs or pairs of runs. 95 % CI: t interval of the mean on the logit scale; of a change, "
    "paired t. None below five runs, no p below three."
)
_SHOWN = {"modularity": "modularity", "small_worldness": "small world", "entropy": "entropy"}
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


# ------------------------------------------------------------------ tables


def tables_of(records: Records, plan: Plan) -> dict[str, pd.DataFrame]:
    """Return a row per run, and a row per run and epoch."""
    return {"results": results_frame(records), "curves": curves_frame(records)}


def results_frame(records: Records) -> pd.DataFrame:
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


def curves_frame(records: Records) -> pd.DataFrame:
    """Return one row per run and epoch; with the network metrics where they were computed."""
    width = max((len(row) for record in records for row in record["curve"]), default=0)
    columns = [*CURVE_COLUMNS, *(GRAPH_METRICS if width > len(CURVE) else ())]
    rows = [
        (*(record[name] for name in RUN), *row) for record in records for row in record["curve"]
    ]
    return pd.DataFrame(rows, columns=columns)


# ------------------------------------------------------------------ statistics


def summarise_variants(results: pd.DataFrame) -> pd.DataFrame:
    """Return a row per task, variant and metric: number, mean, sd and 95 % interval."""
    rows = []
    for (task, variant), runs in groups_of(results, ["task", "variant"]):
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
    for task, runs in groups_of(results, "task"):
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


# ------------------------------------------------------------------ text


def parts_of_tables(summary: pd.DataFrame, comparisons: pd.DataFrame) -> list[Part]:
    """Return per task what the variants reach, what the contrasts say, and the answer."""
    parts: list[Part] = []
    for task in dict.fromkeys(summary["task"]):
        about, of_task = TASKS[task], summary[summary["task"] == task]
        title = (
            f"{about.label}: test accuracy in % (without memory {100 * about.chance:g}, "
            f"at best {100 * about.ceiling:g})"
        )
        parts.append(PrintedTable(title=title, lines=_variant_lines(of_task), keys=2))
        ours = comparisons[
            (comparisons["task"] == task) & (comparisons["metric"] == "test_accuracy")
        ]
        if ours["difference"].notna().any():
            title = f"{about.label}: contrasts of two variants, in points"
            parts.append(PrintedTable(title=title, lines=_contrast_lines(ours), keys=3))
        parts.append(Answer(to=about.label, sentence=_answer(of_task, ours)))
    return [*parts, NOTE]


def _answer(summary: pd.DataFrame, contrasts: pd.DataFrame) -> str:
    """Return one sentence: which prior makes a difference in a task."""
    means = summary[(summary["metric"] == "test_accuracy") & (summary["n"] > 0)]
    if means.empty:
        return "no network has come to an end."
    at: Any = means["mean"].idxmax()
    best = means.loc[at]
    reached = f"{best['variant']} is best with {best['mean']:.1f} % on average (n = {best['n']})"
    tested = contrasts[contrasts["p_holm"].notna()]
    if tested.empty:
        return f"{reached}; too few runs to test the contrasts."
    found = tested[tested["p_holm"] < 0.05].drop_duplicates(["variant", "control"])
    named = ", ".join(
        f"{row.variant} - {row.control} {signed(row.difference, '{:.1f}'.format)}"
        for row in rows_of(found)
    )
    return (
        f"{reached}; {len(found)} of {count(len(tested), 'contrast')} "
        f"differ from 0 at p < 0.05 (Holm){': ' + named if named else ''}."
    )


def _variant_lines(summary: pd.DataFrame) -> Lines:
    header = ["variant", "n", "mean", "95 % CI", "best epoch", *_SHOWN.values()]
    lines = [header]
    for variant, rows in groups_of(summary, "variant"):
        row: Any = rows.set_index("metric")
        accuracy = row.loc["test_accuracy"]
        n = f"{accuracy['n']}" + (
            f" ({accuracy['n_failed']} failed)" if accuracy["n_failed"] else ""
        )
        spread = span(accuracy["ci_low"], accuracy["ci_high"], "{:.1f}".format)
        best = _number(row.loc["best_epoch_test_accuracy", "mean"], 1)
        means = [_number(row.loc[metric, "mean"]) for metric in _SHOWN]
        lines.append([str(variant), n, _number(accuracy["mean"], 1), spread, best, *means])
    return lines


def _contrast_lines(comparisons: pd.DataFrame) -> Lines:
    lines = [["question", "contrast", "n", "change", "95 % CI", "p (Holm)"]]
    number = "{:.1f}".format
    for row in rows_of(comparisons):
        if np.isfinite(row.difference):
            interval = span(row.low, row.high, lambda value: signed(value, number))
            p = p_text(row.p_holm)
            contrast = f"{row.variant} - {row.control}"
            change = signed(row.difference, number)
            lines.append([row.question, contrast, str(row.n), change, interval, p])
    return lines


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


# ------------------------------------------------------------------ the report

ORIGINAL_FILES = ("*_sttc*.zip", "*_sttc*/*.*", "*_sttc*/Task?/*_raw.csv")


def leave_original_files(folder: Path, plan: Plan, records: Records) -> None:
    """Write the files of the original."""
    settings, field = plan.settings, field_of(plan.settings, 0, plan.source)
    write_original_files(
        folder,
        settings,
        results_frame(records),
        field.n_units,
        field.grid,
        as_published=settings.as_published,
    )


def conclude(tables: Tables, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the summary and the paired differences, of failed runs alone, too."""
    results = tables["results"]
    return {"summary": summarise_variants(results), "comparisons": compare_variants(results)}


def draw(folder: Path, tables: Tables) -> Drawings:
    """Yield what was reached, how it was learnt, and weights of the first task."""
    from sk_biornn.studies.inductive_bias import figures

    results, curves = tables["results"], tables["curves"]
    yield "figure", partial(figures.draw_measures, results=results)
    if len(curves):
        yield "curves", partial(figures.draw_curves, curves=curves)
    examples = figures.example_weights(folder, results)
    if examples:
        yield "weights", partial(figures.draw_weights, examples=examples)


def tell(tables: Tables) -> list[Part]:
    """Return summary and differences, told."""
    return parts_of_tables(tables["summary"], tables["comparisons"])


REPORT = Report(
    reads={"results": RESULT_COLUMNS, "curves": CURVE_COLUMNS},
    conclude=conclude,
    draw=draw,
    sentences=tell,
    run="{task} {variant}",
    tables=("results", "curves", "summary", "comparisons"),
    shown=("results", "summary", "comparisons"),
    figures=("figure", "curves", "weights"),
)
