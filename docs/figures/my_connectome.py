"""From a list of synapses to a network: counts, the mask and signs that follow, fitted weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from figures.style import INK, PALE, guide_figure, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop, read_connectome
from sk_biornn.plots._style import EXCITATORY, INHIBITORY, STRENGTHS, weight_colours

NEURONS = ["a", "b", "c", "d", "e", "f"]
SIGNS = pd.Series([1, 1, -1, 1, -1, 1], NEURONS)
EDGES = "ab4 ac1 bd2 be3 ca5 cd2 db1 df6 ea2 ef4 fa1 fe2 bf1 fc3"


@guide_figure
def draw() -> Any:
    """Return the table, and three matrices [post, pre]."""
    edges = pd.DataFrame([list(edge) for edge in EDGES.split()], columns=["pre", "post", "n"])
    edges["n"] = edges["n"].astype(int)
    worm = read_connectome(edges, weight="n", names=NEURONS, signs=SIGNS)
    X, y = make_flip_flop(100, n_steps=20, random_state=0)
    network = DaleRNNRegressor(
        n_units=len(NEURONS), mask=worm, max_iter=60, learning_rate_init=2e-2, batch_size=50,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    figure = new_figure(2.2)
    listed, *axes = figure.subplots(1, 4, width_ratios=(0.62, 1, 1, 1))
    draw_list(listed, edges)
    counts = np.ma.masked_equal(worm.weights, 0)
    draw_matrix(axes[0], counts, "counts", cmap=STRENGTHS, vmin=0, vmax=counts.max())
    for post, pre in np.argwhere(worm.weights):
        n = worm.weights[post, pre]
        colour = "white" if n > counts.max() / 2 else INK
        axes[0].text(pre, post, f"{n:.0f}", ha="center", va="center", color=colour)
    signed = np.ma.masked_where(worm.weights == 0, np.sign(worm.weights) * worm.signs)
    draw_matrix(axes[1], signed, "mask and signs", cmap=weight_colours(), vmin=-1.6, vmax=1.6)
    for post, pre in np.argwhere(worm.weights):
        mark = "+" if worm.signs[pre] > 0 else "\u2212"
        axes[1].text(pre, post, mark, ha="center", va="center", color=INK)
    limit = np.abs(network.W_rec_).max()
    weights = np.ma.masked_where(~network.mask_, network.W_rec_)
    draw_matrix(axes[2], weights, "fitted W", cmap=weight_colours(), vmin=-limit, vmax=limit)
    axes[0].set_ylabel("to (post)")
    for ax in axes[1:]:
        ax.tick_params(labelleft=False)
    return figure


def draw_list(ax: Any, edges: pd.DataFrame) -> None:
    """Write the first rows of the list of synapses."""
    ax.set_axis_off()
    ax.set(xlim=(0, 3), ylim=(8.0, -0.9))
    ax.text(1.4, -1.35, "edges", ha="center", va="center")
    for column, name in enumerate(["pre", "post", "n"]):
        ax.text(column + 0.4, -0.4, name, ha="center", va="center", color="0.35")
        for row, value in enumerate(edges[name][:7]):
            ax.text(column + 0.4, row + 0.6, value, ha="center", va="center")
    ax.plot([0, 2.8], [0.08] * 2, color="0.6", lw=0.8)
    ax.text(1.4, 7.7, "...", ha="center", va="center")


def draw_matrix(ax: Any, values: Any, title: str, **look: Any) -> None:
    """Draw a matrix [post, pre], grey where there is no synapse."""
    ax.imshow(values, interpolation="nearest", **look)
    ax.patch.set_facecolor(PALE)
    ax.set(title=title, xlabel="from (pre)")
    for ticks, labels in ((ax.set_xticks, ax.get_xticklabels), (ax.set_yticks, ax.get_yticklabels)):
        ticks(range(len(NEURONS)), NEURONS)
        for label, sign in zip(labels(), SIGNS, strict=True):
            label.set_color(EXCITATORY if sign > 0 else INHIBITORY)
    ax.tick_params(length=0, pad=2)
    edges = np.arange(len(NEURONS) + 1) - 0.5
    for edge in edges:
        ax.axhline(edge, color="white", lw=1.4)
        ax.axvline(edge, color="white", lw=1.4, clip_on=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
