"""What is in the file of a network: its parts, their shapes and sizes, read from such a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

import sk_biornn
from figures.schema import canvas
from figures.style import INK, guide_figure
from sk_biornn.datasets import make_flip_flop
from sk_biornn.plots._style import BLUE, GREEN, GREY, ORANGE

# What the parts of a file are, by the beginning of their names, in the order of the file.
KINDS = {
    "sk_biornn": ("header: arguments, losses,\ngenerator, versions (JSON)", GREY),
    "W_": ("weights that predict uses", BLUE),
    "b_": ("weights that predict uses", BLUE),
    "signs_": ("signs and mask", GREEN),
    "mask_": ("signs and mask", GREEN),
    "_state.moments": ("what the optimiser remembers,\nto go on with the same bits", ORANGE),
}
LEFT, BAR, SAYS = 0.25, 2.35, 3.45


def parts() -> dict[str, np.ndarray]:
    """Return the parts of the file of a small network."""
    X, y = make_flip_flop(20, n_steps=20, random_state=0)
    network = sk_biornn.DaleRNNRegressor(n_units=40, max_iter=3, random_state=0).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"
        sk_biornn.save(network, path)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}


@guide_figure
def draw() -> Any:
    """Return a row per part, with its shape and a bar for its bytes."""
    found = parts()
    moments = [name for name in found if name.startswith("_state.moments")]
    shown = [name for name in found if name not in moments] + moments[2:4]
    height, row = 0.235 * (len(shown) + 2.2), 0.235
    figure, ax = canvas(height)
    most = max(part.nbytes for part in found.values())
    says: dict[str, list[float]] = {}
    for place, name in enumerate(shown):
        y = height - row * (place + 1.4)
        kind = next(kind for kind in KINDS if name.startswith(kind))
        text, colour = KINDS[kind]
        shape = "text" if name == "sk_biornn" else " \u00d7 ".join(map(str, found[name].shape))
        short = name.replace("_state.moments.", "\u2026")
        ax.text(LEFT, y, short, va="center", family="monospace", fontsize=8)
        ax.text(BAR - 0.1, y, shape, va="center", ha="right", color="0.35", fontsize=8)
        wide = 0.9 * found[name].nbytes / most
        ax.add_patch(Rectangle((BAR, y - 0.07), max(wide, 0.015), 0.14, color=colour, lw=0))
        says.setdefault(text, []).append(y)
    ax.text(LEFT, y - row, f"\u2026 and {len(moments) - 2} more of these", va="center",
            color="0.35", fontsize=8)  # fmt: skip
    colours = dict(KINDS.values())
    for text, rows in says.items():
        top, bottom = max(rows) + 0.09, min(rows) - 0.09
        look = {"color": colours[text], "lw": 2.5, "solid_capstyle": "butt"}
        ax.plot([SAYS - 0.07] * 2, [bottom, top], **look)
        ax.text(SAYS, (top + bottom) / 2, text, va="center", fontsize=8.5, linespacing=1.15)
    ax.add_patch(Rectangle((0.08, 0.06), BAR + 0.95, height - 0.12, fill=False, ec=INK, lw=1))
    return figure
