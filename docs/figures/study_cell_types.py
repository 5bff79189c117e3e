"""Correlation of prediction and target by condition: published, and on synthetic activity here."""

from __future__ import annotations

from typing import Any

from figures.page_tables import number, table
from figures.style import guide_figure, new_figure
from sk_biornn.plots._style import BLUE, GREEN


@guide_figure
def draw() -> Any:
    """Return one row per condition, dense networks and those at the end."""
    rows = table("study_cell_types", "condition", "r, dense")
    figure = new_figure(2.6)
    ax = figure.subplots()
    for place, (_, *cells) in enumerate(rows):
        dense, dense_published, end, end_published = map(number, cells)
        for value, published, colour, side in (
            (dense, dense_published, BLUE, -0.13),
            (end, end_published, GREEN, 0.13),
        ):
            at = place + side
            first = place == 0
            name = "dense" if colour == BLUE else "pruned, fine-tuned"
            ax.plot([value, published], [at, at], color=colour, lw=1, alpha=0.5, zorder=1)
            ring = {"color": colour, "ms": 7, "mew": 1.4, "mfc": "white"}
            ax.plot(value, at, "o", label=f"{name}, here" * first, **ring)
            cross = {"color": colour, "ms": 5, "mew": 1.6, "zorder": 3}
            ax.plot(published, at, "x", label=f"{name}, published" * first, **cross)
    ax.set_yticks(range(len(rows)), [row[0] for row in rows])
    ax.set(
        ylim=(len(rows) - 0.5, -0.5), xlabel="correlation of prediction and target", xlim=(0.5, 1)
    )
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="0.9", lw=0.7)
    ax.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=2)
    return figure
