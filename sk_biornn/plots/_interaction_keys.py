"""What blocks are called, and how large what stands for a size is drawn, with examples."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

from sk_biornn.plots._style import words

KEYS = (0.25, 0.5, 1.0)  # of the largest size, as examples


def bubble_area(share: Any, ax: Any, n_blocks: int) -> Any:
    """Return the area (points^2) of bubbles of a share of the largest, which fills its cell."""
    box = ax.get_window_extent()
    cell = 72 / ax.figure.dpi * min(box.width, box.height) / n_blocks
    return 4 + 0.7 * cell**2 * share


def line_width(share: Any) -> Any:
    """Return the width (points) of arrows of a share of the largest size."""
    return 1 + 4 * share


def bubble(area: float) -> Any:
    """Return a bubble for a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], ls="", marker="o", markersize=area**0.5, color="0.6", markeredgewidth=0)


def line(width: float) -> Any:
    """Return a line for a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], linewidth=width, color="0.6", solid_capstyle="butt")


def write_key(ax: Any, handles: list[Any], largest: float, title: str) -> None:
    """Write above the panel which sizes bubbles or lines of the shares `KEYS` stand for."""
    ax.legend(
        handles,
        [f"{largest * share:.2g}" for share in KEYS],
        title=title,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(KEYS),
        frameon=False,
        borderaxespad=0.2,
        handletextpad=0.3,
        columnspacing=1.0,
        # As much room as the largest bubble takes, in units of the font.
        handleheight=max(0.7, handles[-1].get_markersize() / 8),
        handlelength=max(2.0, handles[-1].get_markersize() / 8),
    )


def largest_of(values: pd.DataFrame) -> float:
    """Return the largest number of a table; NaN if there is none."""
    largest: Any = values.max(axis=None)
    return float(largest)


def name_blocks(ax: Any, values: pd.DataFrame) -> None:
    """Name the blocks, and draw a line where one area ends."""
    names = [str(name) for name in values.index]
    small = 9 if len(names) <= 9 else 8
    shown = range(0, len(names), max(1, -(-len(names) // 40)))  # more could not be read
    labels = [words(names[place]) for place in shown]
    ax.set_xticks(shown, labels, rotation=90, fontsize=small)
    ax.set_yticks(shown, labels, fontsize=small)
    ax.set(xlabel="from (pre)", ylabel="to (post)")
    areas = [name.split("_")[0] for name in names]
    if len(set(areas)) < len(areas):
        for last, (before, after) in enumerate(itertools.pairwise(areas)):
            if before != after:
                ax.axhline(last + 0.5, color="black", linewidth=0.8)
                ax.axvline(last + 0.5, color="black", linewidth=0.8)
