"""A network in space, trained without and with a penalty on wire: how much of it is left."""

from __future__ import annotations

from typing import Any

from matplotlib.lines import Line2D

from figures.style import guide_figure, new_figure
from sk_biornn import SpatialRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.metrics import wiring_cost
from sk_biornn.plots import SpatialNetworkDisplay
from sk_biornn.plots._style import EXCITATORY, INHIBITORY

GRID = (6, 5, 1)
STRENGTHS = {"no penalty": 0.0, 'regularizer="spatial"': 3e-3}


def fitted(strength: float) -> tuple[Any, float, float]:
    """Return a network, its score on new trials and the wire that it takes."""
    X, y = make_flip_flop(220, n_steps=20, random_state=0)
    network = SpatialRNNRegressor(
        n_units=30, coordinates=GRID, dale="projection", regu_strength=strength, autapses=False,
        max_iter=40, batch_size=20, learning_rate_init=1e-2, random_state=0,
    ).fit(X[:150], y[:150])  # fmt: skip
    score = float(network.score(X[150:], y[150:]))
    return network, score, wiring_cost(network.W_rec_, GRID, unit_cube=True)


@guide_figure
def draw() -> Any:
    """Return two panels on the same grid, with the score and the wire of each network."""
    figure = new_figure(3.1)
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for letter, ax, (name, strength) in zip("ab", axes, STRENGTHS.items(), strict=True):
        network, score, wire = fitted(strength)
        SpatialNetworkDisplay.from_estimator(network).plot(ax, n_wires=150)
        ax.get_legend().remove()
        ax.set_title("", loc="right")
        ax.set_title(f"{letter}  {name}\nwire {wire:.1f}, test R² {score:.2f}", loc="left")
        ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.margins(0.05)
    units = {"ls": "", "ms": 6}
    key = [
        Line2D([], [], marker="o", color=EXCITATORY, label="excitatory", **units),
        Line2D([], [], marker="s", color=INHIBITORY, label="inhibitory", **units),
    ]
    figure.legend(handles=key, loc="outside lower center", ncols=2)
    return figure
