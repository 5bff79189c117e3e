"""One activity, what different instruments show of it, and how observations spread at two means."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from figures.style import INK, guide_figure, new_figure
from sk_biornn.core import observations
from sk_biornn.core.calcium import fluorescence
from sk_biornn.plots._style import BLUE, GREEN, ORANGE

N_STEPS, LOW, HIGH = 120, 0.6, 3.0
SLOW = 0.85  # of the fluorescence that is left from step to step


class Kind(NamedTuple):
    """A way to observe: its words, its law, what the law has beside the mean, how it is drawn."""

    name: str
    law: Any
    own: tuple[float, ...]
    marks: str
    scale: float = 1.0


KINDS = [
    Kind('"bernoulli"\na spike or none', observations.Bernoulli, (), "spikes", 0.25),
    Kind('"poisson"\ncounts', observations.Poisson, (1.0,), "bars"),
    Kind('"negative_binomial"\ncounts that vary more', observations.NegativeBinomial,
         (1.0, 0.5), "bars"),
    Kind('"zero_inflated_gamma"\ndeconvolved events', observations.ZeroInflatedGamma,
         (1.0, 3.0, 0.5, 1.0), "bars"),
    Kind('"gamma"\npositive amplitudes', observations.Gamma, (1.0, 5.0), "line"),
]  # fmt: skip


def activity() -> np.ndarray:
    """Return the mean of every step: two bursts over a low level."""
    steps = np.arange(N_STEPS)
    bursts = sum(np.exp(-((steps - at) ** 2) / (2 * width**2)) for at, width in ((30, 6), (85, 10)))
    return 0.25 + 3.0 * bursts


@guide_figure
def draw() -> Any:
    """Return a row per way to observe: the course on the left, the spread on the right."""
    figure = new_figure(5.2)
    axes = figure.subplots(len(KINDS) + 2, 2, width_ratios=(2.1, 1), sharex="col")
    mean, rng = activity(), np.random.default_rng(0)
    axes[0, 0].plot(mean, color=BLUE, lw=1.8)
    name(axes[0, 0], "mean\nof the network")
    axes[0, 1].set_axis_off()
    for (left, right), kind in zip(axes[1:], KINDS, strict=False):
        draw_course(left, kind, mean, rng)
        draw_spread(right, kind, rng)
    draw_indicator(*axes[-1], mean, rng)
    for left, right in axes:
        left.set(yticks=[], xticks=[], ylim=(-0.06 * left.get_ylim()[1], None))
        right.set(yticks=[], xticks=[0, 2, 4, 6, 8], xlim=(-0.6, 8))
        for ax in (left, right):
            ax.spines["left"].set_visible(False)
    axes[-1, 0].set_xlabel("time")
    axes[-1, 1].set_xlabel("value observed")
    for level, colour in ((LOW, ORANGE), (HIGH, GREEN)):
        axes[0, 1].bar(0, 0, color=colour, label=f"mean {level:g}")
    axes[0, 1].legend(loc="center", title="values at")
    return figure


def name(ax: Any, text: str) -> None:
    """Write what is observed on the left of a panel."""
    ax.text(-0.03, 0.5, text, transform=ax.transAxes, ha="right", va="center", fontsize=8)


def sample(kind: Kind, mean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one observation per mean."""
    return kind.law().sample(kind.scale * mean, np.array(kind.own), rng)


def draw_course(ax: Any, kind: Kind, mean: np.ndarray, rng: np.random.Generator) -> None:
    """Draw what is seen of the activity."""
    seen = sample(kind, mean, rng)
    if kind.marks == "line":
        ax.plot(seen, color=INK, lw=1)
    else:
        ax.vlines(np.flatnonzero(seen), 0, seen[seen > 0], color=INK, lw=1.2)
    ax.plot(kind.scale * mean, color=BLUE, lw=0.9, alpha=0.8)
    name(ax, kind.name)


def draw_spread(ax: Any, kind: Kind, rng: np.random.Generator) -> None:
    """Draw how often which value is observed at two means."""
    counts = kind.marks == "spikes" or "counts" in kind.name
    for place, (level, colour) in enumerate(((LOW, ORANGE), (HIGH, GREEN))):
        drawn = sample(kind, np.full(20_000, level), rng)
        if counts:
            values, often = np.unique(drawn, return_counts=True)
            ax.bar(values + 0.36 * place - 0.18, often / drawn.size, 0.36, color=colour)
            continue
        if (drawn == 0).any():
            ax.bar(0.36 * place - 0.18, (drawn == 0).mean(), 0.3, color=colour)
        often, edges = np.histogram(drawn[drawn > 0], np.linspace(0, 8, 41))
        ax.stairs(often / often.max() * 0.7, edges, color=colour, lw=1.4)
    ax.set_ylim(0, None)


def draw_indicator(left: Any, right: Any, mean: np.ndarray, rng: np.random.Generator) -> None:
    """Draw fluorescence, which follows the activity slowly, with noise of one size."""
    rate, decay = torch.from_numpy(mean)[None, :, None], torch.tensor([SLOW], dtype=torch.float64)
    slow = fluorescence(rate, decay)[0, :, 0].numpy()
    left.plot(slow + 0.12 * rng.standard_normal(N_STEPS), color=INK, lw=1)
    left.plot(mean, color=BLUE, lw=0.9, alpha=0.8)
    name(left, '"gaussian" with\ncalcium_tau')
    values = np.linspace(-0.6, 8, 400)
    for level, colour in ((LOW, ORANGE), (HIGH, GREEN)):
        right.plot(values, np.exp(-((values - level) ** 2) / (2 * 0.3**2)), color=colour, lw=1.4)
    right.set_ylim(0, None)
