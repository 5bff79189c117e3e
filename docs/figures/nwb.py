"""Which part of an NWB file becomes what: a schema."""

from __future__ import annotations

from typing import Any

from figures.schema import arrow, box, canvas
from figures.style import guide_figure
from sk_biornn.plots._style import BLUE, GREEN, ORANGE, PURPLE

FILE = [  # part of the file, what is read of it, colour
    ("subject", "subject_id: mouse 1\ngenotype: Sst-IRES-Cre", PURPLE),
    ("imaging plane", "location: VISp\ndepth: 175 um", ORANGE),
    ("*_presentations", "start_time, is_change,\nomitted, image_name", GREEN),
    ("DfOverF", "data (n_times, n_cells)\ntimestamps", BLUE),
]
HEIGHT, ROW, WIDE = 4.0, 0.78, 1.85
READS = 2.5  # where the middle column begins


@guide_figure
def draw() -> Any:
    """Return the file on the left, what is made of it on the right."""
    figure, ax = canvas(HEIGHT)
    ax.text(0.1, HEIGHT - 0.16, "in the file", color="0.35", va="center")
    ax.text(READS, HEIGHT - 0.16, "load_nwb_populations", va="center", family="monospace")
    bottoms = [HEIGHT - 0.32 - ROW * (row + 1) + 0.1 for row in range(len(FILE))]
    for (name, read, colour), y in zip(FILE, bottoms, strict=True):
        box(ax, 0.08, y, WIDE, ROW - 0.16, edgecolor=colour, linewidth=1.4)
        ax.text(0.17, y + ROW - 0.3, name, va="center", weight="bold")
        ax.text(0.17, y + 0.05, read, va="bottom", fontsize=8, linespacing=1.2)
    right = 0.08 + WIDE
    middles = [y + (ROW - 0.16) / 2 for y in bottoms]
    meant = [("SST", PURPLE), ("V1, L2/3", ORANGE), ("events", GREEN)]
    for (text, colour), y in zip(meant, middles, strict=False):
        box(ax, READS, y - 0.17, 0.95, 0.34, text, edgecolor=colour, linewidth=1.4)
        arrow(ax, (right + 0.04, y), (READS - 0.04, y), color=colour)
    named = box(ax, 3.9, (middles[0] + middles[1]) / 2 - 0.2, 1.55, 0.4, "")
    x, y = named.get_x(), named.get_y() + 0.2
    ax.text(x + 0.775, y, "V1_L23_sst", ha="center", va="center", family="monospace")
    ax.text(x + 0.775, y + 0.33, "population", ha="center", va="center", color="0.35")
    for row in (0, 1):
        arrow(ax, (READS + 0.99, middles[row]), (x - 0.04, y), color=(PURPLE, ORANGE)[row])
    rows = (3.6, middles[3] - 0.24, 1.9, 0.62)
    box(ax, *rows, 'rows["change"]\n["V1_L23_sst"]\n(n_trials, 16)', fontsize=8, family="monospace")
    arrow(ax, (right + 0.04, middles[3]), (rows[0] - 0.04, middles[3]), color=BLUE)
    top = rows[1] + rows[3] + 0.04
    arrow(ax, (4.85, y - 0.24), (4.85, top))
    arrow(ax, (READS + 0.99, middles[2]), (4.2, top), color=GREEN)
    ax.text(2.7, middles[3] + 0.1, "cut, mean over cells", ha="center", va="bottom", fontsize=8,
            color="0.35")  # fmt: skip
    low = 0.08
    box(ax, rows[0], low, rows[2], 0.42, ".values  .times\n.cells  .unit", family="monospace",
        fontsize=8)  # fmt: skip
    ax.text(2.35, low + 0.21, "load_nwb_traces", family="monospace", va="center",
            ha="center", bbox={"fc": "white", "ec": "none", "pad": 1}, zorder=4)  # fmt: skip
    arrow(ax, (1.0, bottoms[3] - 0.04), (rows[0] - 0.04, low + 0.21), color=BLUE,
          connectionstyle="angle,angleA=-90,angleB=180,rad=4")  # fmt: skip
    return figure
