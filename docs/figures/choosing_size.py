"""The number of units, and the strength of a penalty with what it saves and what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import ShuffleSplit

from figures.style import guide_figure, name_panel, new_figure
from sk_biornn import DaleRNNRegressor, SpatialRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.metrics import wiring_cost
from sk_biornn.model_selection import StackedGridSearchCV
from sk_biornn.plots._style import BLUE, PURPLE

SIZES = [2, 4, 8, 16, 32]
STRENGTHS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
CUBE = (3, 3, 3)
USUAL = {"max_iter": 20, "batch_size": 20, "learning_rate_init": 5e-3, "random_state": 0}


def scores_of_sizes() -> np.ndarray:
    """Return the score on held-out trials for each number of units, by split."""
    X, y = make_flip_flop(200, n_steps=20, random_state=0)
    split = ShuffleSplit(2, test_size=0.25, random_state=0)
    network = DaleRNNRegressor(**USUAL)
    search = StackedGridSearchCV(network, {"n_units": SIZES}, cv=split, refit=False)
    found = search.fit(X, y).cv_results_
    return np.array([found[f"split{k}_test_score"] for k in range(2)])


def wire_and_scores() -> np.ndarray:
    """Return, for each strength, the wire and the score on trials that were not trained on."""
    X, y = make_flip_flop(200, n_steps=20, random_state=0)
    found = []
    for strength in STRENGTHS:
        network = SpatialRNNRegressor(
            n_units=27, coordinates=CUBE, regu_strength=strength, **USUAL
        ).fit(X[:150], y[:150])
        found.append((wiring_cost(network.W_rec_, CUBE), network.score(X[150:], y[150:])))
    return np.array(found).T


@guide_figure
def draw() -> Any:
    """Return the figure: scores over the number of units, score and wire over the strength."""
    figure = new_figure(2.7)
    sizes, strengths = figure.subplots(1, 2)
    scores = scores_of_sizes()
    sizes.plot(SIZES, scores.mean(axis=0), color=BLUE)
    sizes.plot(SIZES, scores.T, "o", color=BLUE, mec="white", mew=0.6, ms=5)
    sizes.set_xscale("log", base=2)
    sizes.set_xticks(SIZES, SIZES)
    sizes.set(xlabel="n_units", ylabel="R² on held-out trials", ylim=(-0.1, 1.05))
    name_panel(sizes, "a  units")
    wire, score = wire_and_scores()
    strengths.plot(STRENGTHS, score, "o-", color=BLUE, label="score, R²")
    strengths.plot(STRENGTHS, wire / wire[0], "s--", color=PURPLE, label="wire, relative")
    strengths.set(xscale="log", xlabel="regu_strength", ylim=(-0.1, 1.05))
    strengths.legend(loc="lower left")
    name_panel(strengths, "b  a penalty on wire")
    return figure
