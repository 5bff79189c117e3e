"""From weights to a graph: the threshold, the symmetry and the diagonal, in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_number
from sk_biornn.metrics._checks import check_weights

SYMMETRIES = ("either", "both", "mean")


def surviving_weights(
    W: Any, quantile: float | None, symmetrise: str | None
) -> NDArray[np.float64]:
    """Return |W| [post, pre] where an edge is left and 0 elsewhere, the diagonal included.

    The threshold is the quantile of all n_units ** 2 values of |W|, autapses and zeros among them,
    and what is not strictly above it goes.
    """
    strength = np.abs(check_weights(W))
    check_choice("symmetrise", symmetrise, (*SYMMETRIES, None))
    if symmetrise == "mean":
        strength = (strength + strength.T) / 2
    if quantile is not None:
        # Strictly above: where most weights are 0, so is the threshold, and zeros are no edges.
        strength[strength <= np.quantile(strength, check_share("quantile", quantile))] = 0
    np.fill_diagonal(strength, 0)
    if symmetrise == "either":
        return np.maximum(strength, strength.T)
    return np.minimum(strength, strength.T) if symmetrise == "both" else strength


def undirected_graph(W: Any, quantile: float | None, symmetrise: str) -> NDArray[np.bool_]:
    """Return which pairs of units are joined: symmetric, without self-loops."""
    check_choice("symmetrise", symmetrise, SYMMETRIES)
    return surviving_weights(W, quantile, symmetrise) > 0


def relative_strength(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return |W| times a power of two, the largest below 1, so that no sum overflows."""
    strength = np.abs(weights)
    return np.ldexp(strength, -np.frexp(strength.max())[1])


def check_share(name: str, value: Any) -> float:
    """Return `value`, a number in [0, 1]."""
    return check_number(name, value, low=0.0, high=1.0)
