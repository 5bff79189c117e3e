"""The shapes of X and y: one trial of each, step by step, and which of its answers are judged."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from figures.style import INK, WIDTH, guide_figure, without_frame
from sk_biornn.plots._style import BLUE, GREEN, GREY, PURPLE, SKY

N_STEPS = 12
LEFT, CELL = 2.05, 0.27  # inches: where the first step begins, and how wide a step is
HEIGHT = 5.4
STEPS = np.arange(N_STEPS)
LAST, LATE, ALL = STEPS == N_STEPS - 1, STEPS >= 8, STEPS >= 0
ARROW = {"arrowstyle": "->", "color": INK, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
# What y is, its shape, the steps that are judged, the number of outputs, what stands in a step.
ROWS = (
    ("one label per trial", "(n_trials,)", LAST, 1, "A"),
    ("a label per step, None\nwhere none is asked", "(n_trials, n_steps)", LATE, 1, "A"),
    ("numbers at the end", "(n_trials, n_outputs)", LAST, 2, ""),
    ("numbers at every step", "(n_trials, n_steps, n_outputs)", ALL, 2, ""),
    ("the same, NaN where\nnone are asked", "(n_trials, n_steps, n_outputs)", LATE, 2, ""),
)  # fmt: skip


@guide_figure
def draw() -> Any:
    """Return the figure: X above, below it five kinds of y on the same steps."""
    figure = plt.figure(figsize=(WIDTH, HEIGHT))
    ax = figure.add_axes((0, 0, 1, 1))
    without_frame(ax)
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    draw_inputs(ax, 0.35)
    heading(ax, 1.72, "y of a classifier")
    y_row(ax, 2.02, *ROWS[0])
    y_row(ax, 2.6, *ROWS[1])
    heading(ax, 3.2, "y of a regressor")
    for top, row in zip((3.5, 4.17, 4.84), ROWS[2:], strict=True):
        y_row(ax, top, *row)
    ax.add_patch(Rectangle((LEFT + 7.4 * CELL, 1.62), CELL, 0.2, fc=SKY, alpha=0.45, lw=0))
    ax.text(LEFT + 8.6 * CELL, 1.72, "judged", va="center")
    return figure


def heading(ax: Any, y: float, text: str) -> None:
    """Write what follows."""
    ax.text(0.08, y, text, va="center", weight="bold")


def cells(ax: Any, left: float, top: float, height: float, judged: np.ndarray) -> None:
    """Draw a box per step, shaded where it is judged."""
    for step, counts in enumerate(judged):
        place = (left + step * CELL, top)
        if counts:
            ax.add_patch(Rectangle(place, CELL, height, fc=SKY, alpha=0.45, lw=0))
        ax.add_patch(Rectangle(place, CELL, height, fc="none", ec=GREY, lw=0.5))


def draw_inputs(ax: Any, top: float) -> None:
    """Draw three trials one behind another, the first with its two features."""
    height, shift = 0.8, 0.1
    heading(ax, top + 0.32, "X")
    ax.text(0.08, top + 0.65, "(n_trials, n_steps,\nn_features)", va="center", fontsize=8)
    for behind in (2, 1, 0):
        place = (LEFT + behind * shift, top - behind * shift)
        ax.add_patch(Rectangle(place, N_STEPS * CELL, height, fc="white", ec=INK, lw=0.8))
    stimulus = np.isin(STEPS, (1, 2, 3))
    cue = LATE
    middles = LEFT + (STEPS + 0.5) * CELL
    for place, (trace, name) in enumerate(((stimulus, "stimulus"), (cue, "go cue"))):
        base = top + 0.36 + 0.38 * place
        ax.step(middles, base - 0.24 * trace, where="mid", color=BLUE)
        ax.text(LEFT + (5 if place == 0 else 0.6) * CELL, base - 0.05, name, color=BLUE, fontsize=8)
    ax.annotate("", (LEFT + N_STEPS * CELL, top + 0.93), (LEFT, top + 0.93), arrowprops=ARROW)
    ax.text(LEFT + N_STEPS * CELL / 2, top + 1.05, "steps", ha="center", va="center", fontsize=8)


def y_row(
    ax: Any, top: float, name: str, shape: str, judged: np.ndarray, n_outputs: int, label: str
) -> None:
    """Write what a y is, and draw one trial of it."""
    height = 0.3 if n_outputs == 1 else 0.42
    ax.text(0.08, top + height / 2, name, va="center", fontsize=8)
    ax.text(LEFT, top - 0.03, shape, va="bottom", fontsize=8, color="0.35")
    cells(ax, LEFT, top, height, judged)
    middles = LEFT + (STEPS + 0.5) * CELL
    if label:
        for x in middles[judged]:
            ax.text(x, top + height / 2, label, ha="center", va="center")
        return
    outputs = (0.5 + 0.32 * np.sin(STEPS / 2.2), 0.5 - 0.34 * np.cos(STEPS / 2.9))
    for values, colour, mark in zip(outputs, (GREEN, PURPLE), "os", strict=True):
        alone = mark if judged.sum() == 1 else ""
        at = top + height * (1 - values[judged])
        ax.plot(middles[judged], at, color=colour, marker=alone, ms=4.5, lw=1.8)
