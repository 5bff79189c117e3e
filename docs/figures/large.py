"""What storing synapses alone saves: time and memory of a step, and the gain by density."""

from __future__ import annotations

import textwrap
from typing import Any

from figures.page_tables import number, table
from figures.schema import plain_log_ticks
from figures.style import INK, guide_figure, new_figure
from sk_biornn.plots._style import BLUE, GREY

SHADES = ("#9ECAE1", "#4292C6", "#084594")


@guide_figure
def draw() -> Any:
    """Return the two tables of the page: time and memory above, the gain by density below."""
    figure = new_figure(4.5)
    above, below = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    draw_steps(above.subplots(1, 2, sharey=True))
    draw_gains(below.subplots())
    return figure


def draw_steps(axes: Any) -> None:
    """Draw milliseconds and memory of a step, one row per network."""
    rows = table("large", "network", "one step")
    columns = {2: "one step (ms)", 3: "weights, optimiser (MiB)"}
    for ax, (column, scale) in zip(axes, columns.items(), strict=True):
        for place, row in enumerate(rows):
            stored, value = place >= 2, number(row[column])
            look = {"color": BLUE if stored else GREY}
            ax.plot([1, value], [place, place], lw=1, alpha=0.5, **look)
            ax.plot(value, place, "o" if stored else "s", ms=6, **look)
            beside = {"textcoords": "offset points", "va": "center"}
            ax.annotate(f"{value:g}", (value, place), (6, 0), **beside)
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis, (1,))
        ax.set(xlim=(1, 5000), xlabel=scale, ylim=(len(rows) - 0.5, -0.5))
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(rows)), [textwrap.fill(row[0], 23) for row in rows])


def draw_gains(ax: Any) -> None:
    """Draw how many times a stored step is faster than a dense one."""
    densities = [0.01, 0.02, 0.07, 0.16, 0.24]
    rows = table("large", "units", *(f"{density:g}"[1:] for density in densities))
    aside = (-4, 4, 0)  # points, so that two names do not meet
    for (units, *cells), colour, marker, up in zip(rows, SHADES, "o^D", aside, strict=True):
        gains = [number(cell) for cell in cells]
        ax.plot(densities, gains, color=colour, marker=marker, ms=4.5)
        ax.annotate(f"{units} units", (densities[0], gains[0]), (-6, up), ha="right", va="center",
                    textcoords="offset points", color=INK)  # fmt: skip
    ax.axhline(1, color=INK, lw=0.8)
    ax.set(xscale="log", yscale="log", xlabel="density", ylabel="times faster than dense")
    ax.set_xlim(0.005, 0.27)
    plain_log_ticks(ax.yaxis)
    ax.set_xticks(densities, [f"{density:g}" for density in densities])
    ax.minorticks_off()
