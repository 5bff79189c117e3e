"""What every initializer shares: the protocol, and signs and masks made exact."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from sk_biornn._plain import real_array
from sk_biornn.biology.prior import matrix_mask
from sk_biornn.units.order import UnitOrder, square_in_order
from sk_biornn.units.signs import sign_array


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


def check_matrix(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return a finite float64 matrix of that shape, or refuse."""
    matrix = real_array(square_in_order(value, name)[0], name)
    if matrix.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values.")
    return matrix


def check_signs_and_mask(signs: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return (n_units,) float64 signs and an (n_units, n_units) bool mask, or refuse."""
    order = UnitOrder.of({"mask": (mask, (0, 1)), "signs": (signs, (0,))})
    signs = sign_array(order.arranged(signs, "signs", (0,)))
    n_units = signs.size
    shape = (n_units, n_units)
    mask = order.arranged(mask, "mask", (0, 1))
    allowed = matrix_mask("mask", mask, shape, "boolean (or hold only 0 and 1)")
    return signs, np.ones(shape, dtype=bool) if allowed is None else allowed
