"""Test errors of pruned networks by density: published ones, and those of the same methods here."""

from __future__ import annotations

from typing import Any

from figures.page_tables import number, tables
from figures.schema import plain_log_ticks
from figures.style import guide_figure, new_figure
from sk_biornn.plots._style import BLUE, ORANGE

TASKS = ("flip-flop", "wave")
CURVES = {  # column of the page's tables: name, colour, line, marker
    "published top-prob": ("top-prob, published", BLUE, (0, (3, 1.5)), "x"),
    "`top-prob-legacy`": ("top-prob, here", BLUE, "-", "o"),
    "published random": ("at random, published", ORANGE, (0, (3, 1.5)), "x"),
    "`random-legacy`": ("at random, here", ORANGE, "-", "s"),
}


def of_tasks() -> dict[str, dict[str, list[float]]]:
    """Return the numbers of both tables of the page, by task and column."""
    found = [rows for rows in tables("study_pruning") if "published top-prob" in rows[0]]
    return {
        task: {name: [number(row[place]) for row in rows[1:]] for place, name in enumerate(rows[0])}
        for task, rows in zip(TASKS, found, strict=True)
    }


@guide_figure
def draw() -> Any:
    """Return a panel per task."""
    figure = new_figure(3.2)
    for ax, (task, columns) in zip(
        figure.subplots(1, 2, sharey=True), of_tasks().items(), strict=True
    ):
        for name, (label, colour, line, marker) in CURVES.items():
            look = {"color": colour, "ls": line, "marker": marker, "ms": 4.5, "lw": 1.4}
            ax.plot(columns["density"], columns[name], label=label, **look)
        ax.set_yscale("log")
        plain_log_ticks(ax.yaxis, (1,))
        ax.set(xlabel="density asked for", xlim=(1.05, 0), title=task)
        ax.set_xticks([1, 0.8, 0.6, 0.4, 0.2, 0.0])
    figure.axes[0].set_ylabel("test error just after pruning (MSE)")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure
