"""What silencing a part of fitted networks does to their predictions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from figures.schema import plain_log_ticks
from figures.style import INK, guide_figure, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.inspection import silence, silencing_effect
from sk_biornn.plots._style import GREEN, PURPLE

GROUPS = np.repeat(["E", "D", "I"], [16, 4, 4])
SIGNS = np.where(GROUPS == "E", 1, -1)
PARTS = ["E", "I", "D", ("I", "E"), ("E", "I"), ("I", "D")]
OUTPUTS = ["left", "middle", "right"]


def trials(n_trials: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return three delayed waves and their next steps."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (n_trials, 1, 1))
    steps = np.arange(41)[:, None] - 3 * np.arange(3)
    x = 0.3 * np.sin(steps / 3 + phase) + 0.02 * rng.standard_normal((n_trials, 41, 3))
    return x[:, :-1], x[:, 1:]


def runs(n_runs: int = 4) -> list[Any]:
    """Return fitted networks of excitatory, disinhibitory and inhibitory units."""
    wiring = ~np.outer(GROUPS == "D", GROUPS == "D")
    X, y = trials(60, seed=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="y is X one step later")
        return [
            DaleRNNRegressor(
                n_units=24, signs=SIGNS, mask=wiring, max_iter=30, learning_rate_init=5e-3,
                batch_size=30, random_state=seed,
            ).fit(X, y)
            for seed in range(n_runs)
        ]  # fmt: skip


@guide_figure
def draw() -> Any:
    """Return a trial with and without a part, and the errors of all runs and parts."""
    networks = runs()
    X, y = trials(60, seed=1)
    figure = new_figure(3.0)
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    without = silence(networks[0], ("E", "I"), labels=GROUPS)
    for label, values, look in (
        ("target", y[0], {"color": INK, "ls": (0, (3, 1.5)), "lw": 1.2}),
        ("whole network", networks[0].predict(X)[0], {"color": GREEN, "lw": 2, "zorder": 1}),
        ("without I \u2192 E", without.predict(X)[0], {"color": PURPLE, "lw": 1.5}),
    ):
        for place in range(3):
            left.plot(values[:, place] - 1.5 * place, label=label * (not place), **look)
    left.set(xlabel="step", yticks=[0, -1.5, -3], yticklabels=OUTPUTS)
    left.tick_params(axis="y", length=0)
    left.spines["left"].set_visible(False)
    left.legend(loc="lower left", bbox_to_anchor=(-0.2, 1.0), ncols=2, columnspacing=1, borderpad=0)
    draw_effects(right, silencing_effect(networks, X, y, PARTS, labels=GROUPS))
    return figure


def draw_effects(ax: Any, effects: Any) -> None:
    """Draw how many times larger the error is without each part, a dot per run."""
    ratio = effects.assign(ratio=effects["mse_silenced"] / effects["mse"])
    by_run = ratio.groupby(["part", "run"], sort=False)["ratio"].mean().unstack("run")
    order = by_run.mean(axis=1).sort_values().index
    for row, part in enumerate(order):
        ax.plot(by_run.loc[part], [row] * by_run.shape[1], "o", color=PURPLE, ms=4.5, alpha=0.7)
    ax.axvline(1, color=INK, lw=0.8)
    ax.set_xscale("log")
    plain_log_ticks(ax.xaxis, (1,))
    ax.set_yticks(range(len(order)), [named(part) for part in order])
    ax.set(xlabel="error without it / error", ylim=(-0.6, len(order) - 0.4))
    ax.set_title(f"a dot for each of {by_run.shape[1]} networks", loc="right", fontsize=8)


def named(part: str) -> str:
    """Return a part as a reader calls it."""
    post, arrow, pre = part.partition(" <- ")
    return f"synapses {pre} \u2192 {post}" if arrow else f"units {part}"
