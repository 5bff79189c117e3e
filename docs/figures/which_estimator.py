"""Which estimator: the questions in their order, and where a yes leads."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from figures.style import INK, WIDTH, guide_figure, without_frame
from sk_biornn.plots._style import BLUE, GREEN, ORANGE, PURPLE

HEIGHT, STEP = 4.0, 1.0  # inches
QUESTION, ANSWER = (0.1, 2.4), (3.1, 2.4)  # left edge and width, in inches
BOX = 0.66  # height
# The question, what a yes leads to and what it is given, the colour of the family.
STEPS = (
    (
        "Is it enough to read a label\nout of the activity?",
        "a linear baseline",
        "TrialFlattener, LogisticRegression",
        ORANGE,
    ),
    (
        "Are there populations, known\nto connect more or less?",
        "CellTypeRNN...",
        "populations, connection_probabilities",
        PURPLE,
    ),
    (
        "Are there positions, and should\nlong wires be costly?",
        "SpatialRNN...",
        "coordinates, regularizer",
        GREEN,
    ),
    (
        "Signs, wiring, number of\nsynapses: some, or none?",
        "DaleRNN...",
        "signs, mask, density; dale=None",
        BLUE,
    ),
)
ARROW = {"arrowstyle": "-|>", "color": INK, "lw": 1.0, "shrinkA": 0, "shrinkB": 0}


@guide_figure
def draw() -> Any:
    """Return the figure: questions on the left, estimators on the right."""
    figure = plt.figure(figsize=(WIDTH, HEIGHT))
    ax = figure.add_axes((0, 0, 1, 1))
    without_frame(ax)
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    for place, (question, name, given, colour) in enumerate(STEPS):
        middle = 0.5 + STEP * place
        box(ax, *QUESTION, middle, "0.5")
        ax.text(QUESTION[0] + 0.12, middle, question, va="center")
        box(ax, *ANSWER, middle, colour)
        ax.text(ANSWER[0] + 0.12, middle - 0.13, name, va="center", weight="bold")
        ax.text(ANSWER[0] + 0.12, middle + 0.13, given, va="center", fontsize=8)
        last = place == len(STEPS) - 1
        right = QUESTION[0] + QUESTION[1]
        ax.annotate("", (ANSWER[0], middle), (right, middle), arrowprops=ARROW)
        if last:
            break
        ax.text((right + ANSWER[0]) / 2, middle - 0.1, "yes", ha="center", fontsize=8)
        below = (QUESTION[0] + 0.5, middle + STEP - BOX / 2)
        ax.annotate("", below, (below[0], middle + BOX / 2), arrowprops=ARROW)
        ax.text(below[0] + 0.1, middle + STEP / 2, "no", va="center", fontsize=8)
    return figure


def box(ax: Any, left: float, width: float, middle: float, colour: Any) -> None:
    """Draw a frame with round corners."""
    shape = "round,pad=0,rounding_size=0.08"
    place = (left, middle - BOX / 2)
    ax.add_patch(FancyBboxPatch(place, width, BOX, boxstyle=shape, fc="white", ec=colour, lw=2))
