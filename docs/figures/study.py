"""Test errors of networks with and without Dale's law: every published run, and every one here."""

from __future__ import annotations

from typing import Any

from figures.page_tables import number, table
from figures.schema import plain_log_ticks
from figures.style import guide_figure, new_figure
from sk_biornn.plots._style import BLACK, BLUE, VERMILLION

COLOURS = {"unconstrained": BLACK, "projection": BLUE, "rectified": VERMILLION}


def runs() -> list[tuple[str, str, list[float], list[float]]]:
    """Return task, condition, published errors and those here, as the page has them."""
    found, task = [], ""
    for named, condition, *cells in table("study", "published", "here"):
        task = named or task
        errors = [[number(value) / 1000 for value in cell.split(",")] for cell in cells]
        found.append((task, condition.strip("`"), *errors))
    return found


@guide_figure
def draw() -> Any:
    """Return a panel per task, a row per condition, a mark per run."""
    figure = new_figure(2.9)
    axes = dict(zip(("flip-flop", "wave"), figure.subplots(1, 2, sharey=True), strict=True))
    names = list(COLOURS)
    for task, condition, published, here in runs():
        ax, row, colour = axes[task], names.index(condition), COLOURS[condition]
        cross = {"color": colour, "mew": 1.6, "ms": 6}
        ax.plot(published, [row - 0.16] * len(published), "x", **cross)
        ax.plot(here, [row + 0.16] * len(here), "o", color=colour, ms=5, alpha=0.75)
    for task, ax in axes.items():
        ax.set_xscale("log")
        ax.set(title=task, xlabel="test error (MSE)", ylim=(2.5, -0.5))
        plain_log_ticks(ax.xaxis, (1,))
        ax.grid(axis="x", color="0.9", lw=0.7)
        ax.set_axisbelow(True)
    axes["flip-flop"].set_yticks(range(len(names)), names)
    handles = [
        axes["wave"].plot([], [], mark, color="0.4", ms=5, mew=1.6)[0] for mark in ("x", "o")
    ]
    figure.legend(handles, ["published", "here"], loc="outside upper center", ncols=2)
    return figure
