"""What every initializer shares: the protocol, and signs and masks made exact."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Initializer(Protocol):
    """Draws recurrent weights ``W[post, pre]`` for given signs and a given mask.

    Any object with this one method can be passed as ``recurrent_init``.
    """

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return (n_units, n_units) float64 weights that obey `signs` (n_units,) and `mask`."""
        ...


def obey(W: np.ndarray, signs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """|W| times the sign of the presynaptic unit (W itself where the sign is 0), 0 off the mask."""
    W = np.where(signs == 0, W, np.abs(W) * signs)
    return np.where(mask, W, 0.0) + 0.0  # no -0.0


def check_signs_and_mask(signs: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return (n_units,) float64 signs and an (n_units, n_units) bool mask, or refuse."""
    try:
        signs = np.asarray(signs, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"signs must be an array of -1, 0 and 1, got {type(signs).__name__}."
        ) from None
    if signs.ndim != 1 or signs.size == 0:
        raise ValueError(
            f"signs must be an array of shape (n_units,), one per unit, got shape {signs.shape}."
        )
    foreign = np.unique(signs[~np.isin(signs, (-1.0, 0.0, 1.0))])
    if foreign.size:
        raise ValueError(f"signs must contain only -1, 0 and 1, got values {foreign[:5].tolist()}.")
    n_units = signs.size
    if mask is None:
        return signs, np.ones((n_units, n_units), dtype=bool)
    mask = np.asarray(mask)
    if mask.shape != (n_units, n_units):
        raise ValueError(
            f"mask must have shape (n_units, n_units) = {(n_units, n_units)}, got {mask.shape}."
        )
    if mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
        raise ValueError("mask must be boolean (or hold only 0 and 1), got other values.")
    return signs, mask.astype(bool)
