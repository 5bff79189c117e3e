"""What the figures of the guide share: one width, the package's colours, and text that can be read.

Figures are narrower than a page of print: on a phone they shrink to two thirds, and letters of 9
points are still 6 points there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt

from sk_biornn.plots._style import PRINT

WIDTH = 5.6  # inches
INK, PALE = "#222222", "#E4E4E4"
STYLE = PRINT | {
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.6,
    "font.family": "DejaVu Sans",
}


def guide_figure(draw: Callable[[], Any]) -> Callable[[], Any]:
    """Have a function draw in the style of the guide, whatever was set before."""

    @functools.wraps(draw)
    def drawn() -> Any:
        with plt.rc_context():
            plt.rcdefaults()
            plt.rcParams.update(STYLE)
            return draw()

    return drawn


def new_figure(height: float, **options: Any) -> Any:
    """Return an empty figure of the guide's width; `height` in inches."""
    pads = {"w_pad": 0.05, "h_pad": 0.05, "wspace": 0.03, "hspace": 0.03}
    figure = plt.figure(figsize=(WIDTH, height), layout="constrained", **options)
    figure.get_layout_engine().set(**pads)
    return figure


def name_panel(ax: Any, title: str, **options: Any) -> None:
    """Write what a panel shows above its left corner."""
    ax.set_title(title, loc="left", **options)


def without_frame(ax: Any) -> None:
    """Leave nothing of an Axes but what is drawn in it."""
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
