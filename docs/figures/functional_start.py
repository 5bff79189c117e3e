"""Weights from activity as a start: their singular values, and how networks learn from them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from figures.style import guide_figure, name_panel, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop, make_functional_connectome
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.initializers import BioWeightInitializer, recurrent_weights
from sk_biornn.plots._style import BLUE, GREEN, PURPLE, VERMILLION

N_UNITS, N_SEEDS = 24, 5


def starts() -> dict[str, tuple[Any, Any, dict[str, Any]]]:
    """Return initial weights and law of each start, and how it is drawn."""
    field = make_functional_connectome(N_UNITS, random_state=0)
    functional = BioWeightInitializer().fit(field)
    permuted = BioWeightInitializer(permute=True).fit(field)
    repaired = BioWeightInitializer(dale=True).fit(field)
    return {
        "as published": (functional, None, {"color": VERMILLION, "ls": "-"}),
        "permute=True": (permuted, None, {"color": PURPLE, "ls": (0, (2, 1.5))}),
        "dale=True": (repaired, "projection", {"color": GREEN, "ls": (0, (5, 1.5))}),
        '"orthogonal"': ("orthogonal", None, {"color": BLUE, "ls": (0, (6, 1.2, 1, 1.2))}),
    }


def singular_values(init: Any, law: Any) -> np.ndarray:
    """Return those of one draw, from the largest down."""
    signs = np.repeat([1.0, -1.0], [19, 5]) if law else np.zeros(N_UNITS)
    mask, rng = np.ones((N_UNITS, N_UNITS), dtype=bool), np.random.default_rng(0)
    if not isinstance(init, str):
        return np.linalg.svd(init.sample(signs=signs, mask=mask, rng=rng), compute_uv=False)
    weights = recurrent_weights(init, signs=signs, mask=mask, rng=rng)
    return np.linalg.svd(weights, compute_uv=False)


def learning_curves(init: Any, law: Any) -> np.ndarray:
    """Return the training loss after each epoch, a row per seed."""
    X, y = make_flip_flop(200, n_steps=20, random_state=0)
    network = DaleRNNRegressor(
        n_units=N_UNITS, dale=law, recurrent_init=init, max_iter=20, batch_size=20,
        learning_rate_init=1e-3,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their spectrum, which is what is shown
        seeds = SeedEnsemble(network, n_seeds=N_SEEDS, random_state=0).fit(X, y)
    return np.array([copy.loss_curve_ for copy in seeds.estimators_])


@guide_figure
def draw() -> Any:
    """Return the figure: singular values on the left, losses on the right."""
    figure = new_figure(2.9)
    spectra, losses = figure.subplots(1, 2)
    for name, (init, law, look) in starts().items():
        values, curves = singular_values(init, law), learning_curves(init, law)
        spectra.plot(np.arange(1, N_UNITS + 1), values, label=name, **look)
        epochs = np.arange(1, curves.shape[1] + 1)
        losses.plot(epochs, curves.T, color=look["color"], lw=0.6, alpha=0.45)
        losses.plot(epochs, np.median(curves, axis=0), lw=2.2, **look)
    name_panel(spectra, "a  spectrum at the start")
    spectra.set(xlabel="rank", ylabel="singular value", ylim=(0, None), xlim=(0, N_UNITS + 1))
    figure.legend(loc="outside lower center", ncols=4, handlelength=2.6, columnspacing=1.4)
    name_panel(losses, f"b  learning, {N_SEEDS} seeds each")
    losses.set(xlabel="epoch", ylabel="mean squared error", ylim=(0, None), xlim=(0, None))
    return figure
