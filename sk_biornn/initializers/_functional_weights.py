"""Weights in the image of functional connections: on their scale, and how much of it is left."""

from __future__ import annotations

import numpy as np


def positive_weights(B: np.ndarray, mask: np.ndarray, mean: float, floor: float) -> np.ndarray:
    """Return B where the mask allows, with this mean there, and then no synapse below the floor."""
    B = np.where(mask, B, 0.0)
    total = B.sum()
    if total > 0:
        B *= float(mean) * mask.sum() / total
    return np.where(B > 0, np.maximum(B, float(floor)), 0.0)


def with_radius(W: np.ndarray, radius: float) -> np.ndarray:
    """Rescale to a spectral radius; a matrix that has none (no loop of synapses) stays as it is."""
    found = np.abs(np.linalg.eigvals(W)).max()
    return W * (float(radius) / found) if found > 1e-9 * np.abs(W).max() else W


def correlation_of_strengths(W: np.ndarray, functional: np.ndarray, mask: np.ndarray) -> float:
    """Return the correlation of abs(W) with functional connections, over allowed synapses.

    Autapses do not count; 0 if either does not vary.
    """
    between = mask & ~np.eye(len(W), dtype=bool)
    strength, connection = np.abs(W)[between], functional[between]
    if strength.size == 0 or np.ptp(strength) == 0 or np.ptp(connection) == 0:
        return 0.0
    return float(np.corrcoef(strength, connection)[0, 1])
