"""The tables of the study of cell types as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._intervals import p_text
from sk_biornn.studies._tables import align, groups_of, rows_of, signed, span
from sk_biornn.studies.cell_types.published import BETWEEN_BLOCKS, MARKS

_STAGES = {"dense": "dense", "pruned": "just pruned", "sparse": "at the end"}
_SHORT = {"dense": "dense {}", "pruned": "just pruned", "sparse": "on {}"}


def format_tables(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the tables that `redraw` makes as text; published numbers stand in brackets."""
    summary, comparisons = tables["summary"], tables["comparisons"]
    parts = {
        f"{condition}: means over populations, then over runs": _scores(rows)
        for condition, rows in groups_of(summary, "condition")
    }
    parts["error over the epochs, mean over runs (published)"] = _learning(tables["learning"])
    parts["density between layers at the end"] = _densities(tables["densities"])
    parts["mean |W| between layers and areas at the end, in 0.001"] = _means(tables["interactions"])
    comparisons = comparisons[comparisons["quantity"] == "absolute"]
    parts["interactions that differ, second - first"] = _pairs(comparisons)
    parts["difference of mean |W| between areas, in 0.0001 (published)"] = _between(comparisons)
    return "\n\n".join("\n".join([title, *lines]) for title, lines in parts.items() if lines)


def _scores(summary: pd.DataFrame) -> list[str]:
    lines = [["arm", "stage", "n", *_DIGITS, "above persistence", "published r, mse, above"]]
    for (arm, stage), rows in groups_of(summary, ["arm", "stage"]):
        row: Any = rows.set_index("score")
        cells = [_cell(row.loc[name], digits) for name, digits in _DIGITS.items()]
        better = f"{row.loc['beats_persistence', 'mean']:.3g}"
        theirs = [
            digits.format(row.loc[name, "published"])
            for name, digits in _PUBLISHED_DIGITS.items()
            if np.isfinite(row.loc[name, "published"])
        ]
        n = str(row.loc["mse", "n"])
        lines.append([str(arm), _STAGES[str(stage)], n, *cells, better, ", ".join(theirs)])
    return align(lines)


_DIGITS = {"mse": "{:.2e}", "r2": "{:.2f}", "correlation": "{:.2f}", "skill": "{:.2f}"}
_PUBLISHED_DIGITS = {"correlation": "{:.3f}", "mse": "{:.3g}", "beats_persistence": "{:.0f}"}


def _cell(row: pd.Series, digits: str) -> str:
    return f"{digits.format(row['mean'])} {span(row['low'], row['high'], digits.format)}".strip()


def _learning(learning: pd.DataFrame) -> list[str]:
    lines = [["condition", "arm", "n", *(_SHORT[stage].format(epoch) for stage, epoch in MARKS)]]
    for (condition, arm), rows in groups_of(learning, ["condition", "arm"]):
        row: Any = rows.set_index(["stage", "epoch"])
        cells = [
            _beside("{:.2e}", row.loc[mark, "mean"], row.loc[mark, "published_mean"])
            if mark in row.index
            else ""
            for mark in MARKS
        ]
        lines.append([str(condition), str(arm), str(row["n"].iloc[0]), *cells])
    return align(lines)


def _beside(digits: str, ours: float, theirs: float) -> str:
    published = f" ({digits.format(theirs)})" if np.isfinite(theirs) else ""
    return digits.format(ours) + published


def _densities(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    shown = table[table["published"].notna()]
    shown = table[table["condition"] == table["condition"].iloc[0]] if shown.empty else shown
    lines = [["condition", "post", "pre", "density", "published"]]
    for row in rows_of(shown):
        theirs = f"{row.published:.4f}" if np.isfinite(row.published) else ""
        lines.append([row.condition, row.post, row.pre, f"{row.mean:.4f}", theirs])
    return align(lines)


def _means(table: pd.DataFrame) -> list[str]:
    shown = table[table["published"].notna()]
    if shown.empty:
        return []
    lines = [["condition", "post", "pre", "n", "mean", "sd / mean", "published", "sd / mean"]]
    for row in rows_of(shown):
        names = [row.condition, row.post, row.pre, str(row.n)]
        ours = [f"{1e3 * row.mean:.2f}", f"{row.spread:.3f}" if row.n > 1 else ""]
        theirs = [f"{1e3 * row.published:.2f}", f"{row.published_spread:.3f}"]
        lines.append([*names, *ours, *theirs])
    return align(lines)


def _pairs(comparisons: pd.DataFrame) -> list[str]:
    if comparisons.empty:
        return []
    lines = [["arm", "first", "second", "level", "blocks", "q < 0.05", "least p", "largest"]]
    for (arm, first, second, level), rows in groups_of(
        comparisons, ["arm", "first", "second", "level"]
    ):
        at: Any = rows["difference"].abs().idxmax()
        largest = rows.loc[at]
        lines.append(
            [
                *(str(name) for name in (arm, first, second, level)),
                str(len(rows)),
                str(int((rows["q_value"] < 0.05).sum())),
                p_text(rows["p_value"].min()),
                f"{largest['difference']:+.2e} {largest['pre']} -> {largest['post']}",
            ]
        )
    return align(lines)


def _between(comparisons: pd.DataFrame) -> list[str]:
    kept = comparisons[comparisons["level"] == "layer"].set_index(["post", "pre"])
    if kept.empty:
        return []
    lines = [["arm", "first", "second", *(f"{pre} -> {post}" for post, pre in BETWEEN_BLOCKS)]]
    for (arm, first, second), rows in groups_of(kept, ["arm", "first", "second"]):
        cells = [_change(rows.loc[[block]]) for block in BETWEEN_BLOCKS if block in rows.index]
        if len(cells) == len(BETWEEN_BLOCKS):
            lines.append([*(str(name) for name in (arm, first, second)), *cells])
    return align(lines)


def _change(rows: pd.DataFrame) -> str:
    row = rows.iloc[0]
    ours = signed(1e4 * row["difference"], "{:.1f}".format)
    interval = span(1e4 * row["ci_low"], 1e4 * row["ci_high"], "{:.1f}".format)
    theirs = row["published"]
    published = f" ({signed(1e4 * theirs, '{:.1f}'.format)})" if np.isfinite(theirs) else ""
    return f"{ours} {interval}{published}"
