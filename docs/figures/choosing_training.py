"""The learning rate and the number of epochs, measured: too small, too large, long enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import ShuffleSplit

from figures.style import INK, guide_figure, name_panel, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.model_selection import StackedGridSearchCV
from sk_biornn.plots._style import BLUE, ORANGE

RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]


def network(**arguments: Any) -> Any:
    """Return the network of the page."""
    usual = {"n_units": 24, "max_iter": 20, "batch_size": 20, "random_state": 0}
    return DaleRNNRegressor(**usual | arguments)


def scores_of_rates() -> np.ndarray:
    """Return the score on held-out trials for each rate, by split."""
    X, y = make_flip_flop(200, n_steps=20, random_state=0)
    split = ShuffleSplit(2, test_size=0.25, random_state=0)
    search = StackedGridSearchCV(network(), {"learning_rate_init": RATES}, cv=split, refit=False)
    found = search.fit(X, y).cv_results_
    return np.array([found[f"split{k}_test_score"] for k in range(2)])


def patient() -> Any:
    """Return a network that held-out trials stop."""
    X, y = make_flip_flop(200, n_steps=20, random_state=0)
    stopped = network(max_iter=300, learning_rate_init=1e-2, early_stopping=True)
    return stopped.fit(X, y)


@guide_figure
def draw() -> Any:
    """Return the figure: scores over the rate on the left, over epochs on the right."""
    figure = new_figure(2.6)
    rates, epochs = figure.subplots(1, 2)
    scores = scores_of_rates()
    rates.plot(RATES, scores.mean(axis=0), color=BLUE)
    rates.plot(RATES, scores.T, "o", color=BLUE, mec="white", mew=0.6, ms=5)
    rates.set(xscale="log", xlabel="learning_rate_init", ylabel="R² on held-out trials")
    rates.set(ylim=(min(0, scores.min()) - 0.08, 1.08))
    name_panel(rates, "a  learning rate")
    draw_epochs(epochs, patient())
    name_panel(epochs, "b  epochs")
    return figure


def draw_epochs(ax: Any, network: Any) -> None:
    """Draw the validation score after each epoch, and the best one."""
    scores = np.array(network.validation_scores_)
    at = np.arange(1, len(scores) + 1)
    ax.plot(at, scores, color=ORANGE)
    best = int(np.argmax(scores))
    ax.plot(at[best], scores[best], "o", color=INK, ms=6)
    ax.annotate(
        "best weights, kept", (at[best], scores[best]), (0.95, 0.45), textcoords="axes fraction",
        ha="right", arrowprops={"arrowstyle": "->", "color": INK, "lw": 0.8, "shrinkB": 5},
    )  # fmt: skip
    ax.set(xlabel="epoch", ylabel="R² on validation trials", xlim=(0, None), ylim=(-0.1, 1.05))
