"""Four kinds of initial weights under Dale's law: their singular values, and how they are learned.

The same five seeds, trials, batches and learning rate for each kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import NullLocator

from figures.style import guide_figure, name_panel, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.initializers import recurrent_weights
from sk_biornn.plots._style import BLUE, GREEN, PURPLE, VERMILLION

KINDS = {
    "dale_orthogonal": (BLUE, "-"),
    "dale_gaussian": (GREEN, (0, (5, 1.5))),
    "balanced": (PURPLE, (0, (3, 1.2, 1, 1.2))),
    "uniform": (VERMILLION, (0, (1.2, 1.2))),
}
N_UNITS, N_SEEDS = 32, 5


def singular_values(kind: str) -> np.ndarray:
    """Return those of one draw, from the largest down."""
    signs = np.repeat([1.0, -1.0], [26, 6])
    mask = np.ones((N_UNITS, N_UNITS), dtype=bool)
    rng = np.random.default_rng(0)
    weights = recurrent_weights(kind, signs=signs, mask=mask, rng=rng)
    return np.linalg.svd(weights, compute_uv=False)


def learning_curves(kind: str) -> np.ndarray:
    """Return the training loss after each epoch, a row per seed."""
    X, y = make_flip_flop(200, n_steps=20, random_state=0)
    network = DaleRNNRegressor(
        n_units=N_UNITS, recurrent_init=kind, max_iter=20, batch_size=20, learning_rate_init=1e-3
    )
    seeds = SeedEnsemble(network, n_seeds=N_SEEDS, random_state=0).fit(X, y)
    return np.array([copy.loss_curve_ for copy in seeds.estimators_])


@guide_figure
def draw() -> Any:
    """Return the figure: singular values on the left, losses on the right."""
    figure = new_figure(2.7)
    spectra, losses = figure.subplots(1, 2)
    for kind, (colour, line) in KINDS.items():
        values, curves = singular_values(kind), learning_curves(kind)
        look = {"color": colour, "ls": line}
        spectra.plot(np.arange(1, N_UNITS + 1), values, label=f'"{kind}"', **look)
        epochs = np.arange(1, curves.shape[1] + 1)
        losses.plot(epochs, curves.T, color=colour, lw=0.6, alpha=0.45)
        losses.plot(epochs, np.median(curves, axis=0), lw=2.2, **look)
    name_panel(spectra, "a  spectrum at the start")
    spectra.set(xlabel="rank", ylabel="singular value", ylim=(0, None), xlim=(0, N_UNITS + 1))
    spectra.legend(loc="upper right", handlelength=2.6)
    name_panel(losses, f"b  learning, {N_SEEDS} seeds each")
    losses.set(xlabel="epoch", ylabel="mean squared error", yscale="log", xlim=(0, None))
    losses.set_yticks([0.03, 0.1, 0.3], ["0.03", "0.1", "0.3"])
    losses.yaxis.set_minor_locator(NullLocator())
    return figure
