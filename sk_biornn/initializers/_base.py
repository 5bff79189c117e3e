"""What every initializer shares: the protocol, signs and masks made exact, one BLAS thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from sk_biornn._plain import real_array
from sk_biornn._signs import sign_array
from sk_biornn.biology.prior import matrix_mask

P = ParamSpec("P")
R = TypeVar("R")


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


def single_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` with one BLAS thread.

    The bits of a matrix product or a factorisation depend on the number of threads, and joblib's
    workers have fewer threads than their parent: only a fixed number gives the same weights for the
    same seed whatever ``n_jobs`` is.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with _blas().limit(limits=1):
            return function(*args, **kwargs)

    return call


@cache
def _blas() -> ThreadpoolController:
    """Return handles of the loaded BLAS libraries; to look them up costs milliseconds."""
    return ThreadpoolController().select(user_api="blas")


def check_matrix(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return a finite float64 matrix of that shape, or refuse."""
    matrix = real_array(value, name)
    if matrix.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values.")
    return matrix


def check_signs_and_mask(signs: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return (n_units,) float64 signs and an (n_units, n_units) bool mask, or refuse."""
    signs = sign_array(signs)
    n_units = signs.size
    shape = (n_units, n_units)
    allowed = matrix_mask("mask", mask, shape, "boolean (or hold only 0 and 1)")
    return signs, np.ones(shape, dtype=bool) if allowed is None else allowed
