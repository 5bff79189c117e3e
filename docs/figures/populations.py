"""The populations of two cortical areas as a tree, and how densely each connects with each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from figures.style import INK, guide_figure, new_figure
from sk_biornn.biology import (
    BALWANI2025_BETWEEN_AREAS,
    block_probabilities,
    cortical_populations,
)
from sk_biornn.datasets import load_connection_probabilities
from sk_biornn.plots._style import EXCITATORY, INHIBITORY, STRENGTHS, hatch_absent

TYPE, LAYER, AREA = 0.0, -1.15, -2.15  # where the levels of the tree stand


@guide_figure
def draw() -> Any:
    """Return the tree, whose leaves are the rows of the matrix beside it."""
    populations = cortical_populations()
    blocks = block_probabilities(
        populations, load_connection_probabilities(), BALWANI2025_BETWEEN_AREAS
    )
    figure = new_figure(4.0)
    tree, ax = figure.subplots(1, 2, width_ratios=(1, 2.05), sharey=True)
    draw_tree(tree, populations)
    draw_blocks(ax, blocks.density + blocks.random, populations)
    return figure


def draw_tree(ax: Any, populations: pd.DataFrame) -> None:
    """Draw areas, layers and types from left to right, with the number of units of each leaf."""
    rows = np.arange(len(populations))
    for row, population in zip(rows, populations.itertuples(), strict=True):
        colour = EXCITATORY if population.sign > 0 else INHIBITORY
        area = 0.42 * population.n_units
        marker = "o" if population.sign > 0 else "s"
        ax.scatter(TYPE, row, s=area, color=colour, marker=marker, zorder=3, linewidths=0)
        ax.text(0.38, row, population.cell_type, color=colour, va="center")
        ax.text(1.75, row, population.n_units, color=INK, va="center", ha="right", fontsize=8)
    for level, at, towards in (("layer", LAYER, TYPE), ("area", AREA, LAYER)):
        keys = ["area", "layer"] if level == "layer" else ["area"]
        for names, group in populations.groupby(keys, sort=False):
            own = rows[group.index]
            ends = own if level == "layer" else own[1::3]
            join(ax, at, own.mean(), towards, ends, first=0.3 if level == "layer" else 0.35)
            look = {"ha": "center", "va": "center", "zorder": 4}
            look["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            ax.text(at, own.mean(), names[-1], **look)
    ax.set(xlim=(AREA - 0.45, 1.8), ylim=(len(rows) - 0.5, -0.5))
    ax.set_title("units", loc="right", fontsize=8)
    ax.set_axis_off()


def join(ax: Any, start: float, row: float, end: float, rows: Any, first: float) -> None:
    """Draw a bracket from one node to those below it."""
    corner = start + 0.55 * (end - start)
    look = {"color": "0.55", "lw": 0.9, "zorder": 1}
    ax.plot([start, corner], [row, row], **look)
    ax.plot([corner, corner], [min(rows), max(rows)], **look)
    for own in rows:
        ax.plot([corner, end], [own, own], **look)


def draw_blocks(ax: Any, probability: np.ndarray, populations: pd.DataFrame) -> None:
    """Draw the probabilities [post, pre], hatched where there is no synapse."""
    shown = np.ma.masked_equal(probability, 0)
    look = {"cmap": STRENGTHS, "vmin": 0, "vmax": 0.3, "interpolation": "nearest"}
    image = ax.imshow(shown, aspect="auto", **look)
    hatch_absent(ax)
    for edge in range(3, len(shown), 3):
        between_areas = edge == len(shown) // 2
        look = {"color": INK if between_areas else "0.75", "lw": 1.2 if between_areas else 0.6}
        ax.axhline(edge - 0.5, **look)
        ax.axvline(edge - 0.5, **look)
    ax.set_xticks(range(len(shown)), populations["cell_type"], rotation=90)
    for label, sign in zip(ax.get_xticklabels(), populations["sign"], strict=True):
        label.set_color(EXCITATORY if sign > 0 else INHIBITORY)
    ax.tick_params(length=0, labelleft=False, pad=2)
    layers = [f"{population.area}\n{population.layer}" for population in populations.itertuples()]
    for place in range(1, len(shown), 3):
        ax.text(place, -0.8, layers[place], ha="center", va="bottom", fontsize=8, linespacing=1.1)
    ax.set(xlabel="from (pre)", ylabel="to (post)")
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.75, label="probability of a synapse")
    bar.outline.set_visible(False)
    for side in ("top", "right"):
        ax.spines[side].set_visible(True)
