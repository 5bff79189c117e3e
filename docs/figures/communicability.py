"""Communicability of a toy graph: units that no synapse joins still reach each other by paths."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.style import draw_graph, guide_figure, name_panel, new_figure
from sk_biornn.metrics import communicability
from sk_biornn.plots._style import BLUE, STRENGTHS, VERMILLION

# Two groups of four, joined by one synapse each way between units 4 and 5.
PLACES = np.array(
    [(0, 1), (0, -1), (-0.2, 0), (1, 0), (2.4, 0), (3.4, 1), (3.4, -1), (3.6, 0)], dtype=float
)
GROUPS = (range(4), range(4, 8))


def toy() -> np.ndarray:
    """Return the weights."""
    A = np.zeros((8, 8))
    for group in GROUPS:
        A[np.ix_(group, group)] = 1
    A[3, 4] = A[4, 3] = 1
    np.fill_diagonal(A, 0)
    return A


@guide_figure
def draw() -> Any:
    """Return the figure: the graph, its weights, and their communicability."""
    A = toy()
    C = communicability(A)
    figure = new_figure(3.4)
    grid = figure.add_gridspec(2, 2, height_ratios=(0.55, 1))
    graph = figure.add_subplot(grid[0, :])
    draw_graph(graph, A, PLACES, size=170, colours=[BLUE] * 4 + [VERMILLION] * 4)
    for k, (x, y) in enumerate(PLACES):
        graph.text(x, y - 0.02, str(k + 1), color="white", ha="center", va="center", weight="bold")
    draw_matrix(figure.add_subplot(grid[1, 0]), A, "a  synapses", "weight")
    draw_matrix(figure.add_subplot(grid[1, 1]), C, "b  communicability", "communicability")
    return figure


def draw_matrix(ax: Any, matrix: np.ndarray, title: str, label: str) -> None:
    """Draw a matrix; what is 0 stays white."""
    shown = np.ma.masked_equal(matrix, 0)
    image = ax.imshow(shown, cmap=STRENGTHS, vmin=0, vmax=matrix.max())
    ax.set_xticks(range(8), range(1, 9))
    ax.set_yticks(range(8), range(1, 9))
    ax.tick_params(length=0)
    ax.spines[:].set(visible=True, linewidth=0.6)
    name_panel(ax, title)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.85, label=label)
    bar.outline.set_visible(False)
