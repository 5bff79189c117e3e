"""Measured ratios of the page: what stacks gain on a CPU, and steps on a GPU beside others."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.page_tables import number, table
from figures.schema import plain_log_ticks
from figures.style import INK, guide_figure, new_figure
from sk_biornn.plots._style import BLACK, BLUE, GREY, ORANGE

LOOKS = {"recorded": (BLUE, "o"), "launched": (GREY, "s"), "cuDNN": (ORANGE, "D")}


@guide_figure
def draw() -> Any:
    """Return both tables as pictures."""
    figure = new_figure(3.1)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    draw_stacks(left)
    draw_gpu(right)
    return figure


def draw_stacks(ax: Any) -> None:
    """Draw how many times stacks are faster than networks one after the other."""
    head = [f"{n} networks, B = {b}" for b in (32, 200) for n in (8, 32)]
    rows = table("performance", "units", *head)
    units = [number(row[0]) for row in rows]
    for place, name in enumerate(head):
        gains = np.array([number(row[place + 1]) for row in rows])
        look = {"color": BLUE if place < 2 else ORANGE, "ls": ("-", (0, (3, 1.5)))[place % 2]}
        ax.plot(units, gains, marker="o^"[place % 2], ms=4.5, label=name, **look)
    ax.axhline(1, color=INK, lw=0.8)
    ax.set(xscale="log", ylim=(0, 3), xlabel="units", ylabel="times faster in a stack")
    ax.set_xticks(units, [f"{n:g}" for n in units])
    ax.minorticks_off()
    ax.set_title("CPU, one thread")


def draw_gpu(ax: Any) -> None:
    """Draw how many times a step takes as long as its bare matrix products."""
    rows = table("performance", "shape", "recorded")
    for place, row in enumerate(rows):
        recorded, launched, products, cudnn = (number(cell) for cell in row[4:])
        for name, value in zip(LOOKS, (recorded, launched, cudnn), strict=True):
            colour, marker = LOOKS[name]
            ax.plot(value, place, marker, color=colour, ms=6, label=name * (place == 0))
        ax.plot([products] * 2, [place - 0.3, place + 0.3], color=BLACK, lw=2,
                label="products alone" * (place == 0))  # fmt: skip
    ax.set_yticks(range(len(rows)), [f"{row[0]}\n{row[1]} units" for row in rows])
    ax.set(xscale="log", xlabel="ms per step", ylim=(len(rows) - 0.5, -0.5))
    plain_log_ticks(ax.xaxis)
    ax.set_title("GPU")
    ax.figure.legend(loc="outside lower right", ncols=4, columnspacing=1.2)
