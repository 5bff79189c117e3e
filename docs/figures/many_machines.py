"""Machines that share a folder: runs are claimed, one runner stops, and another takes over."""

from __future__ import annotations

from typing import Any

from figures.schema import arrow, box, canvas
from figures.style import INK, guide_figure
from sk_biornn.plots._style import BLUE, GREEN, ORANGE
from sk_biornn.studies._claims import SILENCE

MACHINES = {"A": BLUE, "B": ORANGE, "C": GREEN}
# Machine, run, begin and end: C comes later, and B stops in the middle of run 3.
WORK = [
    ("A", 0, 0.0, 1.6), ("B", 1, 0.0, 1.3), ("C", 2, 1.0, 2.5), ("B", 3, 1.3, 2.05),
    ("A", 4, 1.6, 3.05), ("C", 5, 2.5, 4.2), ("A", 3, 3.05, 4.6),
]  # fmt: skip
STOPPED, TAKEN = 2.05, 3.05
LEFT, SCALE, TOP, ROW = 1.0, 0.95, 3.15, 0.56


@guide_figure
def draw() -> Any:
    """Return what each machine does over time, and what then lies in the folder."""
    figure, ax = canvas(3.3)
    places = dict(zip(MACHINES, (TOP - ROW * (row + 1) + 0.12 for row in range(3)), strict=True))
    for machine, y in places.items():
        ax.text(LEFT - 0.1, y + 0.15, f"machine {machine}", ha="right", va="center")
        begins = LEFT + (1.0 if machine == "C" else 0) * SCALE
        ends = LEFT + (STOPPED if machine == "B" else 4.6) * SCALE
        ax.plot([begins, ends], [y + 0.15] * 2, color=MACHINES[machine], lw=1, zorder=0)
    for machine, run, begin, end in WORK:
        draw_run(ax, places[machine], machine, run, LEFT + begin * SCALE, (end - begin) * SCALE)
    x, y = LEFT + STOPPED * SCALE, places["B"] + 0.15
    ax.plot(x + 0.07, y, "x", color=INK, ms=8, mew=2)
    silent = f"no sign of life\nfor {SILENCE:.0f} s"
    ax.text(x + 0.2, y, silent, va="center", fontsize=8, linespacing=1.1)
    arrow(ax, (x + 1.0, y), (LEFT + TAKEN * SCALE + 0.3, places["A"] - 0.04), bend=0.3)
    ax.text(LEFT, places["A"] + 0.4, "time", color="0.35", va="bottom")
    arrow(ax, (LEFT + 0.38, places["A"] + 0.47), (LEFT + 1.1, places["A"] + 0.47), color="0.35")
    draw_folder(ax)
    return figure


def draw_run(ax: Any, y: float, machine: str, run: int, x: float, wide: float) -> None:
    """Draw one run on a machine, hatched where it came to no end."""
    lost = (machine, run) == ("B", 3)
    look = {"facecolor": "white" if lost else MACHINES[machine], "hatch": "////" if lost else None}
    box(ax, x + 0.02, y, wide - 0.04, 0.3, edgecolor=MACHINES[machine], linewidth=1.2, **look)
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
    ax.text(x + wide / 2, y + 0.15, f"run {run}", ha="center", va="center", bbox=white, zorder=6)


def draw_folder(ax: Any) -> None:
    """Draw the claims and the records that are there at the end."""
    box(ax, 0.08, 0.08, 5.44, 1.22, facecolor="#F4F4F4", edgecolor="0.6")
    ax.text(0.18, 1.14, "the shared folder, at the end", va="center", color="0.35")
    claims = {run: [m for m, r, *_ in WORK if r == run] for run in range(6)}
    for row, name in ((0.64, "claims"), (0.2, "records")):
        ax.text(LEFT - 0.1, row + 0.14, name, ha="right", va="center")
        for run, owners in claims.items():
            x = LEFT + 0.05 + 0.74 * run
            shown = owners if name == "claims" else owners[-1:]
            for place, owner in enumerate(shown):
                wide = 0.64 / len(shown)
                at = x + place * wide
                text = owner if name == "claims" else f"run {run}"
                look = {"edgecolor": MACHINES[owner], "linewidth": 1.4}
                box(ax, at, row, wide - 0.03, 0.28, text, **look)
