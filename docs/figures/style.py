"""What the figures of the guide share: one width, the package's colours, and text that can be read.

Figures are narrower than a page of print: on a phone they shrink to two thirds, and letters of 9
points are still 6 points there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.image import AxesImage

from sk_biornn.plots._style import GREY, PRINT

DOCS = Path(__file__).parents[1]  # Sphinx runs the text of a figure's file: that has no __file__
WIDTH = 5.6  # inches
INK, PALE, NODE = "#222222", "#E4E4E4", GREY
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
            figure = draw()
        for image in figure.findobj(
            AxesImage
        ):  # cells stay sharp, and of one size, in a vector file
            image.set_interpolation("none")
        return figure

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


def on_circle(n_nodes: int) -> np.ndarray:
    """Return the places of nodes on a circle, the first at the top, clockwise."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(n_nodes) / n_nodes
    return np.column_stack([np.cos(angles), np.sin(angles)])


def draw_graph(
    ax: Any,
    A: np.ndarray,
    places: np.ndarray,
    directed: bool = False,
    size: float = 26,
    colours: Any = NODE,
) -> None:
    """Draw the connections A[post, pre] that are not 0, and the nodes."""
    for post, pre in zip(*np.nonzero(A), strict=True):
        start, end = places[pre], places[post]
        if directed:
            bend = "arc3,rad=0.18" if A[pre, post] else "arc3,rad=0"
            look = {"arrowstyle": "-|>", "color": INK, "lw": 0.9, "mutation_scale": 7}
            look |= {"shrinkA": 3, "shrinkB": 3, "connectionstyle": bend}
            ax.annotate("", end, start, arrowprops=look)
        elif post > pre or not A[pre, post]:
            ax.plot(*zip(start, end, strict=True), color=INK, lw=0.9, zorder=1)
    ax.scatter(*places.T, s=size, c=colours, ec="white", lw=0.6, zorder=2)
    without_frame(ax)
    ax.set_aspect("equal")
    ax.margins(0.12)


def low_and_high(
    figure: Any, names: Sequence[str], draw: Callable[[Any, str, int], float | str]
) -> None:
    """Fill a figure with pairs of panels, a low and a high example of each name.

    `draw(ax, name, which)` draws one of them and returns its value, which is written below.
    """
    n_rows = -(-len(names) // 2)
    outer = figure.add_gridspec(n_rows, 2)
    for place, name in enumerate(names):
        pair = figure.add_subfigure(outer[place // 2, place % 2])
        pair.suptitle(name, weight="bold", fontsize=9)
        for which, ax in enumerate(pair.subplots(1, 2)):
            value = draw(ax, name, which)
            ax.set_xlabel(
                value if isinstance(value, str) else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
            )
