"""What a first fit gives: an answer to a new trial, and weights whose columns have one sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.style import INK, guide_figure, name_panel, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.plots._style import BLUE, weight_colours


def fitted() -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a network, and trials that it has not seen."""
    X, y = make_flip_flop(220, random_state=0)
    network = DaleRNNRegressor(
        n_units=32, max_iter=40, batch_size=20, learning_rate_init=0.003, max_grad_norm=1.0,
        random_state=0,
    )  # fmt: skip
    return network.fit(X[:200], y[:200]), X[200:], y[200:]


@guide_figure
def draw() -> Any:
    """Return the figure: a trial on the left, the recurrent weights on the right."""
    network, X, y = fitted()
    figure = new_figure(2.5)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.1, 1), height_ratios=(1, 2.2))
    pulses = figure.add_subplot(grid[0, 0])
    answer = figure.add_subplot(grid[1, 0], sharex=pulses)
    draw_trial(pulses, answer, network, X, y)
    draw_weights(figure.add_subplot(grid[:, 1]), network)
    return figure


def draw_trial(pulses: Any, answer: Any, network: Any, X: np.ndarray, y: np.ndarray) -> None:
    """Draw the new trial in which the sign changes most often."""
    trial = int(np.argmax((np.diff(y[:, :, 0], axis=1) != 0).sum(axis=1)))
    steps = np.arange(X.shape[1])
    pulses.vlines(steps, 0, X[trial, :, 0], color=INK, lw=2.5)
    pulses.axhline(0, color=INK, lw=0.6)
    pulses.set(yticks=[-1, 0, 1], ylim=(-1.25, 1.25), ylabel="X")
    pulses.tick_params(labelbottom=False)
    name_panel(pulses, "a  a trial it has not seen")
    answer.step(steps, y[trial, :, 0], where="mid", color=INK, lw=3, alpha=0.35, label="target")
    answer.plot(steps, network.predict(X[[trial]])[0, :, 0], color=BLUE, label="predicted")
    answer.set(xlabel="step", ylabel="y", yticks=[-1, 0, 1], ylim=(-1.35, 2.1))
    answer.legend(loc="upper center", ncols=2, borderaxespad=0.1)


def draw_weights(ax: Any, network: Any) -> None:
    """Draw W[post, pre] with the excitatory columns on the left."""
    order = np.argsort(-network.signs_, kind="stable")
    weights = network.W_rec_[np.ix_(order, order)]
    limit = float(np.quantile(np.abs(weights), 0.99))
    image = ax.imshow(weights, cmap=weight_colours(), vmin=-limit, vmax=limit)
    n_excitatory = int((network.signs_ > 0).sum())
    ax.axvline(n_excitatory - 0.5, color=INK, lw=0.8)
    ax.set_xticks([(n_excitatory - 1) / 2, (n_excitatory + len(order) - 1) / 2], ["E", "I"])
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.set(xlabel="presynaptic", ylabel="postsynaptic")
    ax.spines[:].set_visible(True)
    name_panel(ax, "b  one sign per column")
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.7, aspect=16, extend="both", label="weight")
    bar.outline.set_visible(False)
