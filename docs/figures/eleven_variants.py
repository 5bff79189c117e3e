"""Eleven variants as icons: initial weights, where the units are, and what is penalised."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch, Rectangle

from figures.style import INK, PALE, WIDTH, guide_figure, without_frame
from sk_biornn.plots._style import BLUE, GREEN, ORANGE, PURPLE, weight_colours
from sk_biornn.studies import VARIANTS

ROW, HEAD = 0.42, 0.45  # inches
NAME, WEIGHTS, SPACE, PENALTY = 0.12, 1.0, 2.2, 3.3  # left edges
ICON = 0.32
SIDE = 6
# What a penalty multiplies, and what it adds.
CHIPS = {
    "weight": (("|W|", BLUE),),
    "spatial": (("|W|", BLUE), ("D", GREEN)),
    "communicability": (("|W|", BLUE), ("D", GREEN), ("C", PURPLE)),
    "communicability_emd": (("|W|", BLUE), ("D", GREEN), ("+", None), ("C near C*", ORANGE)),
}
CHIP = {"|W|": 0.4, "D": 0.28, "C": 0.28, "+": 0.16, "C near C*": 0.82}  # widths, inches


def weights_of(kind: str) -> np.ndarray:
    """Return a small matrix that looks like the initial weights of a kind."""
    rng = np.random.default_rng(3)
    if kind == "random":
        return rng.uniform(-1, 1, (SIDE, SIDE))
    groups = np.kron(np.eye(2), np.ones((SIDE // 2, SIDE // 2)))
    functional = 0.15 + 0.75 * groups * rng.uniform(0.6, 1, (SIDE, SIDE))
    order = rng.permutation(SIDE) if kind == "permuted" else np.arange(SIDE)
    return functional[np.ix_(order, order)]


def places_of(kind: str) -> np.ndarray:
    """Return places of units on a grid, or where measured units could be."""
    x, y = np.meshgrid(np.linspace(0.1, 0.9, 4), np.linspace(0.15, 0.85, 3))
    grid = np.column_stack([x.ravel(), y.ravel()])
    if kind == "grid":
        return grid
    return np.clip(grid + np.random.default_rng(2).uniform(-0.16, 0.16, grid.shape), 0.05, 0.95)


@guide_figure
def draw() -> Any:
    """Return the table: a row per variant, in the order of the study."""
    height = HEAD + ROW * len(VARIANTS) + 0.08
    figure = plt.figure(figsize=(WIDTH, height))
    ax = figure.add_axes((0, 0, 1, 1))
    without_frame(ax)
    ax.set(xlim=(0, WIDTH), ylim=(height, 0))
    heads = ((NAME, "variant"), (WEIGHTS, "starts from"), (SPACE, "units"))
    for x, text in (*heads, (PENALTY, "penalty")):
        ax.text(x, HEAD / 2, text, va="center", weight="bold")
    for row, variant in enumerate(VARIANTS):
        middle = HEAD + ROW * (row + 0.5)
        if row % 2 == 0:
            ax.add_patch(Rectangle((0, middle - ROW / 2), WIDTH, ROW, fc="#F4F4F4", lw=0))
        ax.text(NAME, middle, variant.name, va="center", weight="bold")
        draw_weights(ax, middle, variant.weights)
        draw_space(ax, middle, variant.space)
        draw_penalty(ax, middle, variant.penalty)
    return figure


def draw_weights(ax: Any, middle: float, kind: str) -> None:
    """Draw a small matrix, and its kind beside it."""
    edges = (WEIGHTS, WEIGHTS + ICON, middle + ICON / 2, middle - ICON / 2)
    look = {"cmap": weight_colours(), "vmin": -1, "vmax": 1, "interpolation": "nearest"}
    ax.imshow(weights_of(kind), extent=edges, aspect="auto", zorder=2, **look)
    ax.text(WEIGHTS + ICON + 0.08, middle, kind, va="center", fontsize=8)


def draw_space(ax: Any, middle: float, kind: str) -> None:
    """Draw units where they are."""
    if kind == "none":
        ax.text(SPACE, middle, "no places", va="center", fontsize=8)
        return
    ax.add_patch(
        Rectangle((SPACE, middle - ICON / 2), ICON, ICON, fc="white", ec=PALE, lw=0.8, zorder=2)
    )
    places = places_of(kind)
    x, y = SPACE + ICON * places[:, 0], middle - ICON / 2 + ICON * places[:, 1]
    ax.plot(x, y, "o", color=INK, ms=2.2, zorder=3)
    ax.text(SPACE + ICON + 0.08, middle, kind, va="center", fontsize=8)


def draw_penalty(ax: Any, middle: float, kind: str) -> None:
    """Write the factors of a penalty, and what is added, as chips."""
    x = PENALTY
    for text, colour in CHIPS[kind]:
        width = CHIP[text]
        if colour is None:
            ax.text(x + width / 2, middle, text, ha="center", va="center")
        else:
            shape = "round,pad=0,rounding_size=0.06"
            place = (x, middle - 0.13)
            ax.add_patch(
                FancyBboxPatch(place, width, 0.26, boxstyle=shape, fc="white", ec=colour, lw=1.5)
            )
            ax.text(x + width / 2, middle, text, ha="center", va="center", fontsize=8)
        x += width + 0.06
