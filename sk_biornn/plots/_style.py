"""Colours that colour-blind readers can tell apart, and what all pictures share."""

from __future__ import annotations

from typing import Any

# Okabe and Ito (2008), "Color universal design".
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#8C8C8C"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY, BLACK)

EXCITATORY, INHIBITORY = VERMILLION, BLUE


def new_axes(ax: Any = None) -> Any:
    """Return `ax`, or the axes of a new pyplot figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(layout="constrained")
    return ax


def bare(ax: Any) -> None:
    """Take away the frame's upper and right sides."""
    ax.spines[["top", "right"]].set_visible(False)
