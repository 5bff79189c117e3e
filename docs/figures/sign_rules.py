"""Six ways to treat signs: the weight that is kept, over the number that the optimiser moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from figures.style import INK, PALE, guide_figure, new_figure
from sk_biornn.biology.constraints import LAWS, Dale
from sk_biornn.plots._style import EXCITATORY, INHIBITORY

SCALE, START = 0.4, 0.1  # of the multiplied weights: where steps turn into plain ones; at theta = 0
N_POINTS = 401
TITLES = {
    "None": "None\nunconstrained",
    "projection": '"projection"\ncut at 0',
    "abs": '"abs"\nreflected at 0',
    "square": '"square"\nslow near 0',
    "exponentiated": '"exponentiated"\nmultiplied, never 0',
    "nonnegative": '"nonnegative"\nevery unit excites',
}


def kept_weights(rule: str, sign: int) -> tuple[np.ndarray, np.ndarray]:
    """Return theta and the weights that a rule makes of it, in a column of the given sign."""
    theta = torch.linspace(-1, 1, N_POINTS, dtype=torch.float64)
    if rule == "None":
        return theta.numpy(), theta.numpy()
    if rule == "exponentiated":
        return multiplied(sign, theta)
    signs, mask = torch.full_like(theta, sign), torch.ones(N_POINTS, dtype=torch.bool)
    space = LAWS[rule].make().bind(signs, mask)
    kept = theta.clone()
    if rule not in ("abs", "square"):  # these would turn theta into -theta, the same weight
        space.retract(kept, None)
    return theta.numpy(), space.decode(kept).numpy()


def multiplied(sign: int, theta: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Follow a weight that is multiplied: small steps up, and small steps down, from its start."""
    space = Dale("exponentiated", scale=SCALE).bind(
        torch.tensor([float(sign)]), torch.ones(1, dtype=torch.bool)
    )
    middle, step = N_POINTS // 2, 2 / (N_POINTS - 1)
    weights = np.full(N_POINTS, sign * START)
    for direction in (1, -1):
        before = torch.tensor([sign * START], dtype=torch.float64)
        for k in range(1, middle + 1):
            proposed = before + direction * step
            space.retract(proposed, before)
            weights[middle + direction * k] = proposed.item()
            before = proposed
    return theta.numpy(), weights


@guide_figure
def draw() -> Any:
    """Return six pairs of panels: above theta -> W, below the size of its slope."""
    figure = new_figure(5.2)
    axes = figure.subplots(4, 3, sharex=True, height_ratios=(3, 1, 3, 1))
    for place, (rule, title) in enumerate(TITLES.items()):
        row, column = divmod(place, 3)
        curve, slope = axes[2 * row, column], axes[2 * row + 1, column]
        for sign, colour, line in ((1, EXCITATORY, "-"), (-1, INHIBITORY, (0, (4, 1.6)))):
            theta, weights = kept_weights(rule, sign)
            curve.plot(theta, weights, color=colour, ls=line, lw=2.2)
        draw_slope(slope, *kept_weights(rule, 1))
        curve.set_title(title, loc="left")
        curve.axhline(0, color=INK, lw=0.6, zorder=0)
        curve.set(ylim=(-1.1, 1.1), xlim=(-1, 1), yticks=[-1, 0, 1], xticks=[-1, 0, 1])
        if column:
            curve.tick_params(labelleft=False)
            slope.tick_params(labelleft=False)
    for row in (0, 2):
        axes[row, 0].set_ylabel("W")
        axes[row + 1, 0].set_ylabel("|slope|")
        figure.align_ylabels(axes[:, 0])
    for ax in axes[3]:
        ax.set_xlabel(r"$\theta$")
    both = {"color": INK, "va": "center"}
    axes[0, 1].text(0.1, 0.75, "excitatory", **both | {"color": EXCITATORY, "ha": "right"})
    axes[0, 1].text(-0.1, -0.75, "inhibitory", **both | {"color": INHIBITORY, "ha": "left"})
    return figure


def draw_slope(ax: Any, theta: np.ndarray, weights: np.ndarray) -> None:
    """Draw how far an excitatory weight moves per step of theta."""
    steps = np.abs(np.diff(weights) / np.diff(theta))
    middles = (theta[1:] + theta[:-1]) / 2
    ax.fill_between(middles, steps, color=PALE, lw=0)
    ax.plot(middles, steps, color=EXCITATORY, lw=1.2)
    ax.set(ylim=(0, 2.2), yticks=[0, 1, 2])
