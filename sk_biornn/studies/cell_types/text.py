"""The tables of the study of cell types as text for a terminal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sk_biornn.studies._text import align, span

_STAGES = {"dense": "dense", "pruned": "just pruned", "sparse": "at the end"}


def format_tables(summary: pd.DataFrame, densities: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """Return scores, densities and how many interactions differ, as text."""
    blocks = [
        "\n".join([f"{condition}: means over populations, then over runs", *_scores(rows)])
        for condition, rows in summary.groupby("condition", sort=False)
    ]
    if len(densities):
        blocks.append("\n".join(["density between layers at the end", *_densities(densities)]))
    if len(comparisons):
        blocks.append("\n".join(["interactions that differ, second - first", *_pairs(comparisons)]))
    return "\n\n".join(blocks)


def _scores(summary: pd.DataFrame) -> list[str]:
    lines = [["arm", "stage", "n", "mse", "r2", "correlation", "skill", "published r, mse"]]
    for (arm, stage), rows in summary.groupby(["arm", "stage"], sort=False):
        row = rows.set_index("score")
        cells = [_cell(row.loc[name], digits) for name, digits in _DIGITS.items()]
        theirs = row["published"]
        published = ""
        if np.isfinite(theirs["correlation"]):
            published = f"{theirs['correlation']:.3f}, {theirs['mse']:.3g}"
        lines.append([str(arm), _STAGES[str(stage)], str(row["n"].iloc[0]), *cells, published])
    return align(lines)


_DIGITS = {"mse": "{:.2e}", "r2": "{:.2f}", "correlation": "{:.2f}", "skill": "{:.2f}"}


def _cell(row: pd.Series, digits: str) -> str:
    return f"{digits.format(row['mean'])} {span(row['low'], row['high'], digits.format)}".strip()


def _densities(table: pd.DataFrame) -> list[str]:
    lines = [["condition", "post", "pre", "density", "published"]]
    for row in table.itertuples():
        theirs = f"{row.published:.4f}" if np.isfinite(row.published) else ""
        lines.append([row.condition, row.post, row.pre, f"{row.mean:.4f}", theirs])
    return align(lines)


def _pairs(comparisons: pd.DataFrame) -> list[str]:
    lines = [["first", "second", "level", "blocks", "q < 0.05", "least p", "largest difference"]]
    for (first, second, level), rows in comparisons.groupby(
        ["first", "second", "level"], sort=False
    ):
        largest = rows.loc[rows["difference"].abs().idxmax()]
        lines.append(
            [
                str(first),
                str(second),
                str(level),
                str(len(rows)),
                str(int((rows["q_value"] < 0.05).sum())),
                f"{rows['p_value'].min():.2g}",
                f"{largest['difference']:+.2e} {largest['pre']} -> {largest['post']}",
            ]
        )
    return align(lines)
