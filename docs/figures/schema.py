"""Boxes and arrows of figures that explain, and what other figures share beside the style."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from figures.style import INK, WIDTH


def canvas(height: float) -> tuple[Any, Any]:
    """Return a figure and one Axes over all of it, in inches from its lower left corner."""
    figure = plt.figure(figsize=(WIDTH, height))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(0, height))
    ax.set_axis_off()
    return figure, ax


def box(
    ax: Any, x: float, y: float, width: float, height: float, text: str = "", **look: Any
) -> Any:
    """Draw a box with a text in its middle; x and y are its lower left corner."""
    words = {key: look.pop(key) for key in ("fontsize", "color", "weight", "family") if key in look}
    # not clipped, so that what leaves the figure is seen by its test
    look = {"facecolor": "white", "edgecolor": INK, "linewidth": 0.9, "clip_on": False} | look
    patch = FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.06", **look)
    ax.add_patch(patch)
    if text:
        words = {"color": INK, "linespacing": 1.25} | words
        middle = x + width / 2, y + height / 2
        ax.text(*middle, text, ha="center", va="center", zorder=5, **words)
    return patch


def arrow(ax: Any, start: Any, end: Any, *, bend: float = 0.0, **look: Any) -> Any:
    """Draw an arrow from one point to another."""
    look = {"color": INK, "linewidth": 1.1, "mutation_scale": 10, "arrowstyle": "-|>"} | look
    look = {"clip_on": False} | look
    look = {"shrinkA": 0, "shrinkB": 0, "connectionstyle": f"arc3,rad={bend}"} | look
    patch = FancyArrowPatch(tuple(start), tuple(end), **look)
    ax.add_patch(patch)
    return patch


def plain_log_ticks(axis: Any, marks: tuple[float, ...] = (1, 2, 5)) -> None:
    """Write 0.02, 0.05, 0.1 along a logarithmic axis."""
    axis.set_major_locator(LogLocator(subs=marks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
