"""Networks that learn side by side: products of matrices become one product of stacks."""

from __future__ import annotations

from typing import Any

from matplotlib.patches import Rectangle

from figures.schema import arrow, canvas
from figures.style import INK, guide_figure
from sk_biornn.plots._style import BLUE, GREEN, ORANGE, PURPLE

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)


@guide_figure
def draw() -> Any:
    """Return the products of one step, network by network, and of the stack."""
    figure, ax = canvas(2.7)
    ax.text(0.1, 2.58, "one after the other", va="center", weight="bold")
    for place, colour in enumerate(COLOURS):
        product(ax, 0.1, 1.92 - 0.56 * place, [colour], 0.42)
    ax.text(2.58, 2.58, "in a stack", va="center", weight="bold")
    product(ax, 2.58, 1.12, COLOURS, 0.45)
    look = {"va": "center", "ha": "left", "color": "0.35", "fontsize": 8.5}
    ax.text(2.58, 0.92, "units\u00b2", **look)
    ax.text(2.58 + 0.98, 0.92, "units \u00d7 trials", **look)
    ax.text(0.1, 0.08, "a call per network and step", **look)
    ax.text(2.58, 0.08, "a call per step, for all networks", **look)
    arrow(ax, (2.16, 1.35), (2.48, 1.35), linewidth=1.6, mutation_scale=14)
    return figure


def product(ax: Any, x: float, y: float, colours: Any, size: float) -> None:
    """Draw W r = W r, with a sheet per network."""
    shapes = [(size, size, "W"), (1.25 * size, size, "r"), (1.25 * size, size, "W r")]
    for k, (width, height, name) in enumerate(shapes):
        for sheet, colour in reversed(list(enumerate(colours))):
            at = (x + 0.09 * sheet, y + 0.09 * sheet)
            look = {"facecolor": "white", "edgecolor": colour, "linewidth": 1.6, "clip_on": False}
            ax.add_patch(Rectangle(at, width, height, zorder=3 - 0.1 * sheet, **look))
        ax.text(x + width / 2, y + height / 2, name, ha="center", va="center", zorder=5)
        x += width + 0.09 * (len(colours) - 1)
        if k < 2:
            ax.text(x + 0.13, y + height / 2, "\u00d7="[k], ha="center", va="center", color=INK)
            x += 0.26
