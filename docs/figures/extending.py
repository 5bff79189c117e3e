"""Where a fit asks objects of your own: a schema of one training."""

from __future__ import annotations

from typing import Any

from figures.schema import arrow, box, canvas
from figures.style import INK, guide_figure
from sk_biornn.plots._style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY

# What a fit does, the argument that says how, the method that is called, and a colour.
STEPS = [
    ("initial weights", "recurrent_init", "sample(signs=, mask=, rng=)", SKY),
    ("loss of a batch", "regularizer", "bind(facts)", ORANGE),
    ("step of the optimiser", "learning_rate", "rate(epoch, initial)", GREEN),
    ("back into what is allowed", "dale", "bind(signs, mask)", BLUE),
    ("after each epoch", "on_epoch", "function(network)", GREY),
    ("prune, and train again", "pruning", "prune(W, density, ...)", PURPLE),
]
ROW, LEFT, WIDE, ASKS = 0.56, 0.75, 1.75, 2.95


@guide_figure
def draw() -> Any:
    """Return the steps of a fit on the left, and what each of them asks on the right."""
    height = ROW * len(STEPS) + 0.35
    figure, ax = canvas(height)
    ax.text(LEFT, height - 0.16, "what a fit does", va="center", color="0.35")
    ax.text(ASKS, height - 0.16, "what it asks of your object", va="center", color="0.35")
    bottoms = [height - 0.3 - ROW * (row + 1) + 0.12 for row in range(len(STEPS))]
    for place, ((step, argument, method, colour), y) in enumerate(zip(STEPS, bottoms, strict=True)):
        middle = y + 0.19
        box(ax, LEFT, y, WIDE, 0.38, step, edgecolor=colour, linewidth=1.6)
        code = {"family": "monospace", "fontsize": 8.5, "va": "center", "color": INK}
        ax.text(ASKS, middle + 0.09, f"{argument}=", weight="bold", **code)
        ax.text(ASKS, middle - 0.09, f"  .{method}".replace(".function", "function"), **code)
        ax.plot([LEFT + WIDE + 0.05, ASKS - 0.08], [middle] * 2, color=colour, lw=1.6)
        if place:
            arrow(ax, (LEFT + WIDE / 2, bottoms[place - 1] - 0.02), (LEFT + WIDE / 2, y + 0.4))
    for first, last, side, text in ((1, 3, 0.12, "batches"), (1, 4, 0.38, "epochs")):
        high = bottoms[first] + (0.16 if text == "batches" else 0.26)
        loop(ax, LEFT - side - 0.06, bottoms[last] + 0.12, high)
        middle = (bottoms[first] + bottoms[last]) / 2 + 0.19
        ax.text(LEFT - side - 0.1, middle, text, rotation=90, ha="right", va="center",
                color="0.35")  # fmt: skip
    return figure


def loop(ax: Any, x: float, low: float, high: float) -> None:
    """Draw the way back from a later step to an earlier one."""
    ax.plot([LEFT - 0.04, x, x], [low, low, high], color="0.5", lw=1.1)
    arrow(ax, (x, high), (LEFT - 0.03, high), color="0.5")
