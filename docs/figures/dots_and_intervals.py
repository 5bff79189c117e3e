"""How certain: seeds as dots, an interval from five seeds on, and the differences of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.style import INK, guide_figure, name_panel, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn._mean_interval import mean_interval
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.plots._style import BLACK, BLUE, GREY

N_SEEDS, FEW = 10, 3
CONDITIONS = {"no law": (None, BLACK), "Dale's law": ("projection", BLUE)}


def scores(law: str | None) -> np.ndarray:
    """Return the score of each seed on trials that were not trained on."""
    X, y = make_flip_flop(200, n_steps=20, random_state=0)
    network = DaleRNNRegressor(
        n_units=16, dale=law, max_iter=15, batch_size=20, learning_rate_init=1e-2
    )
    seeds = SeedEnsemble(network, n_seeds=N_SEEDS, random_state=0).fit(X[:150], y[:150])
    return np.array([copy.score(X[150:], y[150:]) for copy in seeds.estimators_])


@guide_figure
def draw() -> Any:
    """Return three panels: some seeds, pairs of seeds, differences of pairs."""
    free, dale = (scores(law) for law, _ in CONDITIONS.values())
    figure = new_figure(2.9)
    seeds, pairs, differences = figure.subplots(1, 3, width_ratios=(1.1, 1, 0.8))
    for place, n in enumerate((FEW, N_SEEDS)):
        draw_runs(seeds, place, dale[:n], (-np.inf, 1.0), BLUE)
    seeds.set_xticks([0, 1], [f"{FEW} seeds", f"{N_SEEDS} seeds"])
    seeds.set(xlim=(-0.6, 1.6), ylabel="test R²")
    name_panel(seeds, "a  seeds")
    pairs.sharey(seeds)
    for place, (values, (_, colour)) in enumerate(
        zip((free, dale), CONDITIONS.values(), strict=True)
    ):
        pairs.plot(np.full(N_SEEDS, place), values, "o", color=colour, ms=5, mec="white", mew=0.6)
    pairs.plot([0, 1], [free, dale], color=GREY, lw=0.9, zorder=0)
    pairs.set_xticks([0, 1], CONDITIONS)
    pairs.set(xlim=(-0.4, 1.4))
    pairs.tick_params(labelleft=False)
    name_panel(pairs, "b  pairs")
    draw_runs(differences, 0, dale - free, (-np.inf, np.inf), BLUE)
    differences.axhline(0, color=INK, lw=0.8, ls=(0, (4, 2)))
    differences.set(xlim=(-0.6, 0.6), ylabel="difference of R²")
    differences.set_xticks([0], [f"{N_SEEDS} pairs"])
    name_panel(differences, "c  what is claimed")
    return figure


def draw_runs(ax: Any, place: float, values: np.ndarray, scale: Any, colour: Any) -> None:
    """Draw runs side by side, and beside them the interval of their mean where there is one."""
    shift = np.linspace(-0.16, 0.16, len(values)) - 0.08
    ax.plot(place + shift, values, "o", color=colour, ms=5, mec="white", mew=0.6)
    mean, low, high = mean_interval(values, scale=scale)
    if np.isfinite(low):
        at = place + 0.25
        ax.plot([at, at], [low, high], color=INK, lw=2, solid_capstyle="butt")
        ax.plot(at, mean, "D", color=INK, ms=5)
