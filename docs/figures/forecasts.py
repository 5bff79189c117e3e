"""How good forecasts are by how far they look ahead, and a free run beside what came."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.style import INK, guide_figure, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.baselines import Persistence
from sk_biornn.datasets import cut_trials
from sk_biornn.inspection import forecast_skill
from sk_biornn.plots import ForecastDisplay
from sk_biornn.plots._style import BLUE

N_NEURONS, LENGTH, SEEN, SHOWN = 8, 60, 20, (1, 4, 6)


def recording(n_frames: int = 2400) -> np.ndarray:
    """Return a ring of neurons, each of which drives the next one, and its own slow activity."""
    rng = np.random.default_rng(0)
    A = 0.75 * np.eye(N_NEURONS) + 0.22 * np.roll(np.eye(N_NEURONS), 1, axis=0)
    frames = np.zeros((n_frames, N_NEURONS))
    for t in range(n_frames - 1):
        frames[t + 1] = A @ frames[t] + rng.standard_normal(N_NEURONS)
    return frames / frames.std(axis=0)


@guide_figure
def draw() -> Any:
    """Return R2 over the horizon, and three neurons that are left to the network."""
    trials = cut_trials(recording(), length=LENGTH, rate=2.0)
    n = len(trials.X) * 3 // 4
    train = trials.X[:n], trials.y[:n]
    test = trials.X[n:], trials.y[n:]
    network = DaleRNNRegressor(
        n_units=32, predict_increments=True, readout_skip="diagonal", burn_in=10, horizon=10,
        max_iter=20, learning_rate_init=5e-3, batch_size=10, random_state=0,
    ).fit(*train)  # fmt: skip
    table = forecast_skill(
        {"network": network}, *test, horizons=(1, 2, 4, 7, 10), train=train, burn_in=10,
        baselines=("persistence", "mean", "AR"), random_state=0,
    )  # fmt: skip
    figure = new_figure(3.1)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    ForecastDisplay.from_table(table).plot(left, value="r2", xlabel="frames ahead")
    left.legend(loc="lower left", bbox_to_anchor=(-0.25, 1.0), ncols=2, borderpad=0)
    draw_free_run(right, network, test[0][:1])
    return figure


def draw_free_run(ax: Any, network: Any, trial: np.ndarray) -> None:
    """Draw what came, and what is said of it at the last frame that is seen."""
    seen, n_ahead = trial[:, :SEEN], 24
    said = {
        "network": (network.forecast(seen, n_ahead)[0], {"color": BLUE, "lw": 2}),
        "persistence": (
            Persistence().fit(trial, trial).forecast(seen, n_ahead)[0],
            {"color": "#4D4D4D", "lw": 1.2, "ls": (0, (1.2, 1.2))},
        ),
    }
    for place, neuron in enumerate(SHOWN):
        base = -4.2 * place
        frames = np.arange(SEEN + n_ahead)
        came = {"color": INK, "lw": 1.1, "label": "recording" * (not place)}
        ax.plot(frames, base + trial[0, : SEEN + n_ahead, neuron], **came)
        for name, (values, look) in said.items():
            line = np.append(seen[0, -1, neuron], values[:, neuron])
            ax.plot(frames[SEEN - 1 :], base + line, label=name * (not place), **look)
        ax.text(-2, base, f"neuron {neuron}", ha="right", va="center")
    ax.axvline(SEEN - 1, color="0.6", lw=0.9, ls=":")
    ax.text(SEEN - 2, 2.75, "seen", ha="right", va="center", color="0.35")
    ax.text(SEEN, 2.75, "forecast", ha="left", va="center", color="0.35")
    ax.set(xlabel="frame", yticks=[], xlim=(0, SEEN + n_ahead), ylim=(base - 2.6, 3.2))
    ax.spines["left"].set_visible(False)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.25, 1.0), ncols=2, borderpad=0)
