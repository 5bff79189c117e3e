"""What the study of cell types tells of its tables: what was learnt, and what differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import p_text
from sk_biornn.studies._report import Tables, groups_of, rows_of, signed, span
from sk_biornn.studies._told import Answer, Lines, Note, Part, PrintedTable
from sk_biornn.studies.cell_types.published import BETWEEN_BLOCKS, MARKS

_STAGES = {"dense": "dense", "pruned": "just pruned", "sparse": "at the end"}
_SHORT = {"dense": "dense {}", "pruned": "just pruned", "sparse": "on {}"}


def parts_of_tables(tables: Tables) -> list[Part]:
    """Return what is told of the tables that are made; published numbers stand in brackets."""
    parts: list[Part] = []
    for condition, rows in groups_of(tables["summary"], "condition"):
        title = f"{condition}: means over populations, then over runs"
        parts += _table(title, _scores(rows), 3)
        parts.append(Answer(to=str(condition), sentence=_answer(rows)))
    learning, comparisons = tables["learning"], tables["comparisons"]
    title = f"error over the epochs, mean over runs{_in_brackets(learning)}"
    parts += _table(title, _learning(learning), 3)
    parts += _table("density between layers at the end", _densities(tables["densities"]), 4)
    title = "mean |W| between layers and areas at the end, in 0.001"
    parts += _table(title, _means(tables["interactions"]), 4)
    comparisons = comparisons[comparisons["quantity"] == "absolute"]
    parts += _pairs(comparisons)
    title = f"difference of mean |W| between areas, in 0.0001{_in_brackets(comparisons)}"
    parts += _table(title, _between(comparisons), 4)
    return [*parts, NOTE]


def _table(title: str, lines: Lines, keys: int) -> list[Part]:
    return [PrintedTable(title=title, lines=lines, keys=keys)] if lines else []


NOTE = Note(
    text="n: runs, or pairs of runs with the same initial weights. above persistence: populations "
    "whose next step the network predicts with a smaller error than repeating their last value "
    "does, of all populations; a mean over runs, so not always whole. 95 % intervals in brackets: "
    "t on the log scale (mse), Fisher z (r), log of what is missing to 1 (r2, skill), none below "
    "five runs; of differences, paired t. q: p of the paired t test after Benjamini and Hochberg, "
    "none below three pairs."
)


def _in_brackets(table: pd.DataFrame) -> str:
    """Return what stands in brackets: published numbers, where there are any."""
    columns = [name for name in ("published", "published_mean") if name in table]
    return " (published)" if table[columns].notna().any(axis=None) else ""


def _scores(summary: pd.DataFrame) -> Lines:
    lines = [["model", "stage", "n", *_HEADINGS, "above persistence", "published r, mse, above"]]
    for (arm, stage), rows in groups_of(summary, ["arm", "stage"]):
        row: Any = rows.set_index("score")
        cells = [_cell(row.loc[name], digits) for name, digits in _DIGITS.items()]
        above = row.loc["beats_persistence"]
        better = f"{above['mean']:.3g} of {above['most']:.0f}"
        theirs = [
            digits.format(row.loc[name, "published"])
            for name, digits in _PUBLISHED_DIGITS.items()
            if np.isfinite(row.loc[name, "published"])
        ]
        n = str(row.loc["mse", "n"])
        lines.append([str(arm), _STAGES[str(stage)], n, *cells, better, ", ".join(theirs)])
    return lines


def _answer(summary: pd.DataFrame) -> str:
    """Return one sentence: what networks have learnt of a condition when they are pruned."""
    end = summary[summary["stage"] == "sparse"]
    if end.empty:
        return "no network has been pruned and fine-tuned."
    parts = []
    for arm, rows in groups_of(end, "arm"):
        row: Any = rows.set_index("score")
        above, skill = row.loc["beats_persistence"], row.loc["skill"]
        parts.append(
            f"{arm} predicts {above['mean']:.3g} of {above['most']:.0f} populations better than "
            f"repeating their last value, with a skill of {skill['mean']:.2f} (n = {skill['n']})"
        )
    return f"at the end {'; '.join(parts)}."


_HEADINGS = ("mse", "r2", "r", "skill")
_DIGITS = {"mse": "{:.2e}", "r2": "{:.2f}", "correlation": "{:.2f}", "skill": "{:.2f}"}
_PUBLISHED_DIGITS = {"correlation": "{:.3f}", "mse": "{:.3g}", "beats_persistence": "{:.0f}"}


def _cell(row: pd.Series, digits: str) -> str:
    return f"{digits.format(row['mean'])} {span(row['low'], row['high'], digits.format)}".strip()


def _learning(learning: pd.DataFrame) -> Lines:
    lines = [["condition", "model", "n", *(_SHORT[stage].format(epoch) for stage, epoch in MARKS)]]
    for (condition, arm), rows in groups_of(learning, ["condition", "arm"]):
        row: Any = rows.set_index(["stage", "epoch"])
        cells = [
            _beside("{:.2e}", row.loc[mark, "mean"], row.loc[mark, "published_mean"])
            if mark in row.index
            else ""
            for mark in MARKS
        ]
        lines.append([str(condition), str(arm), str(row["n"].iloc[0]), *cells])
    return lines


def _beside(digits: str, ours: float, theirs: float) -> str:
    published = f" ({digits.format(theirs)})" if np.isfinite(theirs) else ""
    return digits.format(ours) + published


def _densities(table: pd.DataFrame) -> Lines:
    if table.empty:
        return []
    shown = table[table["published"].notna()]
    shown = table[table["condition"] == table["condition"].iloc[0]] if shown.empty else shown
    lines = [["condition", "post", "pre", "n", "density", "published"]]
    for row in rows_of(shown):
        theirs = f"{row.published:.4f}" if np.isfinite(row.published) else ""
        lines.append([row.condition, row.post, row.pre, str(row.n), f"{row.mean:.4f}", theirs])
    return lines


def _means(table: pd.DataFrame) -> Lines:
    shown = table[table["published"].notna()]
    if shown.empty:
        return []
    lines = [["condition", "post", "pre", "n", "mean", "sd / mean", "published", "sd / mean"]]
    for row in rows_of(shown):
        names = [row.condition, row.post, row.pre, str(row.n)]
        ours = [f"{1e3 * row.mean:.2f}", f"{row.spread:.3f}" if row.n > 1 else ""]
        theirs = [f"{1e3 * row.published:.2f}", f"{row.published_spread:.3f}"]
        lines.append([*names, *ours, *theirs])
    return lines


def _pairs(comparisons: pd.DataFrame) -> list[Part]:
    """Return a table per model and pair of conditions, and one answer."""
    parts: list[Part] = []
    sentences = []
    for (arm, first, second), of_pair in groups_of(comparisons, ["arm", "first", "second"]):
        n, name = of_pair["n"].iloc[0], f"{arm}, {second} - {first}"
        lines = [["level", "blocks", "q < 0.05", "least p", "largest difference"]]
        lines += [_differing(level, rows) for level, rows in groups_of(of_pair, "level")]
        title, about = "interactions that differ, second - first", f"{name} (n = {n})"
        parts.append(PrintedTable(title=title, about=about, lines=lines))
        found = (f"{line[2]} of {line[1]} between {line[0]}s" for line in lines[1:])
        tested = of_pair["q_value"].notna().any()
        told = f"{', '.join(found)} differ" if tested else "too few runs to tell"
        sentences.append(f"{name}, {told} (n = {n})")
    if sentences:
        sentence = f"of the blocks of weights in {'; '.join(sentences)}; q < 0.05."
        parts.append(Answer(to="interactions", sentence=sentence))
    return parts


def _differing(level: Any, rows: pd.DataFrame) -> list[str]:
    """Return how many blocks of a level differ, and which one most."""
    at: Any = rows["difference"].abs().idxmax()
    most = rows.loc[at]
    n_differ = str(int((rows["q_value"] < 0.05).sum())) if rows["q_value"].notna().any() else "-"
    where = f"{most['difference']:+.2e} {most['pre']} -> {most['post']}"
    return [str(level), str(len(rows)), n_differ, p_text(rows["p_value"].min()), where]


def _between(comparisons: pd.DataFrame) -> Lines:
    kept = comparisons[comparisons["level"] == "layer"].set_index(["post", "pre"])
    if kept.empty:
        return []
    lines = [
        ["model", "first", "second", "n", *(f"{pre} -> {post}" for post, pre in BETWEEN_BLOCKS)]
    ]
    for (arm, first, second), rows in groups_of(kept, ["arm", "first", "second"]):
        cells = [_change(rows.loc[[block]]) for block in BETWEEN_BLOCKS if block in rows.index]
        if len(cells) == len(BETWEEN_BLOCKS):
            names = [str(name) for name in (arm, first, second, rows["n"].iloc[0])]
            lines.append([*names, *cells])
    return lines


def _change(rows: pd.DataFrame) -> str:
    row = rows.iloc[0]
    ours = signed(1e4 * row["difference"], "{:.1f}".format)
    interval = span(1e4 * row["ci_low"], 1e4 * row["ci_high"], "{:.1f}".format)
    theirs = row["published"]
    published = f" ({signed(1e4 * theirs, '{:.1f}'.format)})" if np.isfinite(theirs) else ""
    return f"{ours} {interval}".strip() + published
