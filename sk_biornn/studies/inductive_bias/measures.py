"""What is measured on a trained network: its answers, its price, and the graph of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp

from sk_biornn.studies.inductive_bias.field import Part
from sk_biornn.studies.inductive_bias.settings import InductiveBiasSettings

GRAPH_METRICS = ("modularity", "small_worldness", "assortativity", "entropy")
QUANTITIES = ("wiring_cost", "spectral_radius", "mean_weight")


def answers(network: Any, part: Part) -> tuple[float, float]:
    """Return accuracy in per cent and mean cross-entropy in nats."""
    scores = np.asarray(network.decision_function(part.X), dtype=np.float64)
    if scores.ndim == 1:  # a single output speaks for the second of two classes
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    right = np.searchsorted(network.classes_, part.y)
    surprise = logsumexp(scores, axis=1) - scores[np.arange(len(scores)), right]
    return 100.0 * float(np.mean(scores.argmax(axis=1) == right)), float(surprise.mean())


def price(network: Any) -> float:
    """Return the penalty in the loss of a fitted network."""
    return network.penalty_value()


def graph_metrics(W: np.ndarray, settings: InductiveBiasSettings) -> dict[str, float]:
    """Return the four network metrics of the original study."""
    from sk_biornn.metrics import assortativity, modularity, small_worldness, weight_entropy

    return {
        "modularity": modularity(W),
        "small_worldness": small_worldness(W, null=settings.small_world_null),
        "assortativity": assortativity(W),
        "entropy": weight_entropy(W),
    }


def quantities(W: np.ndarray, positions: np.ndarray) -> dict[str, float]:
    """Return how much wire, how strong, and how long activity may live; measured positions."""
    from sk_biornn.metrics import spectral_radius, wiring_cost

    return {
        "wiring_cost": wiring_cost(W, positions),
        "spectral_radius": spectral_radius(W),
        "mean_weight": float(np.abs(W).mean()),
    }


def finite_or_none(value: float) -> float | None:
    """Return a number as JSON can hold it."""
    if isinstance(value, int):
        return value
    return float(value) if np.isfinite(value) else None
