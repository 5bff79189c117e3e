"""Weights of a network before pruning, after it, and fine-tuned; and its loss meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.schema import plain_log_ticks
from figures.style import PALE, guide_figure, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.plots import LearningCurveDisplay, WeightMatrixDisplay
from sk_biornn.plots._style import BLUE, GREY


def fitted() -> tuple[Any, Any]:
    """Train and prune a network, and another one for as many epochs without pruning."""
    X, y = make_flip_flop(150, n_steps=20, random_state=0)
    shared = {"n_units": 40, "learning_rate_init": 5e-3, "random_state": 0}
    shared |= {"recurrent_init": "balanced", "batch_size": 50}
    pruned = DaleRNNRegressor(
        pruning="top-prob", density=0.2, max_iter=30, finetune_iter=30, **shared
    )
    return pruned.fit(X, y), DaleRNNRegressor(max_iter=60, **shared).fit(X, y)


@guide_figure
def draw() -> Any:
    """Return the figure."""
    pruned, dense = fitted()
    everywhere = np.ones_like(pruned.mask_)
    panels = {
        "dense": (pruned.W_dense_, everywhere),
        "pruned": (pruned.W_dense_, pruned.mask_),
        "fine-tuned": (pruned.W_rec_, pruned.mask_),
    }
    limit = float(np.quantile(np.abs(pruned.W_rec_[pruned.mask_]), 0.9))
    figure = new_figure(4.2)
    places = figure.subplot_mosaic([[*panels], ["loss"] * 3], height_ratios=(0.82, 1))
    axes = [places[name] for name in panels]
    for ax, (name, (W, mask)) in zip(axes, panels.items(), strict=True):
        _draw_weights(ax, W, mask, pruned.signs_, limit)
        ax.set_title(f"{name} ({mask.mean():.0%})")
        ax.set(xlabel="presynaptic", ylabel="")
        ax.tick_params(labelleft=ax is axes[0])
    axes[0].set_ylabel("postsynaptic")
    scale = figure.colorbar(axes[-1].images[0], ax=axes, shrink=0.8, extend="both", pad=0.02)
    scale.set_label("weight")
    ax = places["loss"]
    control = LearningCurveDisplay.from_curves([dense.loss_curve_], label="never pruned")
    control.plot(ax, log=True, color=GREY, linestyle=(0, (4, 1.5)))
    curve = LearningCurveDisplay.from_estimator(pruned, label="pruned, fine-tuned")
    curve.plot(ax, log=True, color=BLUE)
    plain_log_ticks(ax.yaxis)
    ax.set_ylabel("training loss")
    ax.legend(loc="upper right")
    return figure


def _draw_weights(ax: Any, W: Any, mask: Any, signs: Any, limit: float) -> None:
    """Draw weights, and in grey where there is no synapse."""
    display = WeightMatrixDisplay.from_weights(W, populations=np.where(signs > 0, "E", "I"))
    image = display.plot(ax, limit=limit, colorbar=False).image_
    image.set_data(np.ma.masked_where(~mask, W))
    image.set_cmap(image.get_cmap().with_extremes(bad=PALE))
    ax.tick_params(axis="x", labelrotation=0)
