"""Does Dale's law cost performance? Paired differences from the network without it, by task.

The numbers are of full runs, see the tables of `dale.rst` and `study.rst`; `dale_cost.csv` holds
them, with seeds and processor.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from figures.style import DOCS, INK, guide_figure, new_figure
from sk_biornn.plots._study import COLOURS

MEASURED = DOCS / "dale_cost.csv"
SAME = {"ratio": 1.0, "points": 0.0}
LABELS = {
    "ratio": "error, relative to no law\n\N{LEFTWARDS ARROW} better",
    "points": "accuracy, difference in points\nbetter \N{RIGHTWARDS ARROW}",
}


@guide_figure
def draw() -> Any:
    """Return a panel per task, with a row per way to keep the law."""
    rows = pd.read_csv(MEASURED)
    figure = new_figure(3.9)
    axes = figure.subplots(2, 2, sharey=True).flat
    for ax, (task, own) in zip(axes, rows.groupby("task", sort=False), strict=True):
        draw_task(ax, own)
        ax.set_title(f"{task}, n = {own['n'].iloc[0]} pairs", loc="left")
    axes[0].invert_yaxis()
    return figure


def draw_task(ax: Any, rows: pd.DataFrame) -> None:
    """Draw estimates and 95 % intervals; those that exclude no difference are filled."""
    measure = rows["measure"].iloc[0]
    same = SAME[measure]
    if measure == "ratio":
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(FixedLocator([0.5, 0.7, 1.0, 1.4, 2.0]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set_xlim(0.5, 2.1)
    else:
        ax.set(xlim=(-1.4, 1.4), xticks=[-1, 0, 1])
    ax.axvline(same, color=INK, lw=0.8, ls=(0, (4, 2)))
    for place, row in enumerate(rows.itertuples()):
        colour = COLOURS[row.condition]
        clear = not row.low <= same <= row.high
        ax.plot([row.low, row.high], [place, place], color=colour, lw=2.4, solid_capstyle="butt")
        face = colour if clear else "white"
        ax.plot(row.estimate, place, "o", mfc=face, mec=colour, mew=1.8, ms=7)
    ax.set_yticks(range(len(rows)), rows["condition"])
    ax.set_xlabel(LABELS[measure])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.tick_params(axis="y", length=0)
