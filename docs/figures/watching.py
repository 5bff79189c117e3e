"""What a fit can be watched by: both losses, and the score by which it keeps an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.style import INK, guide_figure, name_panel, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.plots._style import BLUE, ORANGE


def watched() -> Any:
    """Return a network that held-out trials stopped: too few trials for so long a training."""
    X, y = make_flip_flop(40, n_steps=20, random_state=0)
    network = DaleRNNRegressor(
        n_units=32,
        max_iter=300,
        batch_size=8,
        learning_rate_init=1e-2,
        early_stopping=True,
        validation_fraction=0.25,
        n_iter_no_change=15,
        random_state=0,
    )
    return network.fit(X, y)


@guide_figure
def draw() -> Any:
    """Return the figure: losses on the left, validation scores on the right."""
    figure = new_figure(2.5)
    losses, scores = figure.subplots(1, 2)
    network = watched()
    at = np.arange(1, network.n_iter_ + 1)
    losses.plot(at, network.loss_curve_, color=BLUE, label="training")
    losses.plot(at, network.validation_loss_curve_, color=ORANGE, label="validation")
    losses.set(xlabel="epoch", ylabel="loss", yscale="log", xlim=(0, None))
    losses.legend(frameon=False, loc="upper right")
    name_panel(losses, "a  losses")
    best = int(np.argmax(network.validation_scores_))
    scores.plot(at, network.validation_scores_, color=ORANGE)
    scores.axvspan(at[best], at[-1], color="0.92", lw=0)
    scores.plot(at[best], network.validation_scores_[best], "o", color=INK, ms=6)
    scores.annotate(
        "kept", (at[best], network.validation_scores_[best]), (-10, -28),
        textcoords="offset points", ha="right", arrowprops={"arrowstyle": "->", "lw": 0.8},
    )  # fmt: skip
    scores.set(xlabel="epoch", ylabel="validation R²", xlim=(0, None), ylim=(None, 1.08))
    name_panel(scores, "b  what early stopping sees")
    return figure
