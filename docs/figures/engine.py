"""One step of the recurrence as a schema: what is computed of what, and which arguments say how."""

from __future__ import annotations

from typing import Any

from figures.schema import arrow, box, canvas
from figures.style import INK, guide_figure
from sk_biornn.plots._style import BLUE, GREEN, ORANGE, PURPLE

Y, H = 1.5, 0.46  # the middle of the boxes, and how high they are
BOXES = {  # left, width, text, colour, arguments
    "x": (0.1, 0.5, "$x_t$", BLUE, ""),
    "+": (1.35, 0.4, "+", "0.4", ""),
    "z": (2.08, 1.0, r"$z_t = f\,(\cdot)$", ORANGE, "activation"),
    "r": (3.42, 0.62, "$r_t$", GREEN, "rectify\ndt, tau"),
    "y": (4.98, 0.52, "$y_t$", PURPLE, ""),
}


@guide_figure
def draw() -> Any:
    """Return the way from the input and the last rates to new rates and the answer."""
    figure, ax = canvas(2.8)
    argument = {"family": "monospace", "fontsize": 8, "color": "0.35", "linespacing": 1.15}
    centred = {"ha": "center", "va": "center"}
    for left, width, text, colour, names in BOXES.values():
        box(ax, left, Y - H / 2, width, H, text, edgecolor=colour, linewidth=1.6, fontsize=11)
        ax.text(left + width / 2, Y + 0.3, names, ha="center", va="bottom", **argument)
    for start, end, weights, names in (
        ("x", "+", "$W_{in}$", "input_mask"),
        ("+", "z", "", ""),
        ("z", "r", "", ""),
        ("r", "y", "$W_{out}$", "readout_mask"),
    ):
        begins = BOXES[start][0] + BOXES[start][1] + 0.04
        ends = BOXES[end][0] - 0.04
        dashed = {"ls": (0, (3, 1.5))} if start == "r" else {}
        arrow(ax, (begins, Y), (ends, Y), **dashed)
        ax.text((begins + ends) / 2 - 0.03, Y + 0.14, weights, **centred)
        ax.text((begins + ends) / 2, Y - 0.16, names, **centred, **argument)
    sum_at, rate_at = BOXES["+"][0] + BOXES["+"][1] / 2, BOXES["r"][0] + 0.31
    ax.text(sum_at, Y + 0.78, "$b$", **centred)
    arrow(ax, (sum_at, Y + 0.66), (sum_at, Y + H / 2 + 0.04))
    ax.text(sum_at + 0.12, Y + 0.78, "recurrent_bias\nrecurrent_noise", va="center", **argument)
    low = Y - 0.95  # the way back, one step later
    ax.plot([rate_at, rate_at, sum_at], [Y - H / 2 - 0.04, low, low], color=INK, lw=1.1)
    arrow(ax, (sum_at, low), (sum_at, Y - H / 2 - 0.04))
    middle = (rate_at + sum_at) / 2
    look = {"edgecolor": INK, "linewidth": 1.2, "zorder": 3}
    box(ax, middle - 0.75, low - 0.21, 1.5, 0.42, r"$W\,r_{t-1}$    W[post, pre]", **look)
    ax.text(middle, low - 0.36, "dale, mask", **centred, **argument)
    ax.text(rate_at + 0.08, low, "one step later", va="center", color="0.35", fontsize=8)
    high, from_z, to_y = Y + 0.88, BOXES["z"][0] + BOXES["z"][1] - 0.06, BOXES["y"][0] + 0.26
    ax.plot([from_z, from_z, to_y], [Y + H / 2 + 0.04, high, high], color=INK, lw=1.1)
    arrow(ax, (to_y, high), (to_y, Y + H / 2 + 0.04))
    ax.text((from_z + to_y) / 2, high + 0.04, 'readout_from="state"', ha="center", va="bottom",
            **argument)  # fmt: skip
    ax.text(4.51, Y - 0.4, 'or "rate"', **centred, **argument)
    ax.text(0.1 + 0.25, Y - 0.34, "input", **centred, color="0.35", fontsize=8)
    ax.text(5.24, Y - 0.34, "answer", **centred, color="0.35", fontsize=8)
    return figure
