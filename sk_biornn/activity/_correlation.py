"""Correlation, partial correlation and precision of activity traces, finite for any traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

_LARGE = 1e150


def standardized(recordings: Sequence[np.ndarray], *, center_each: bool = True) -> np.ndarray:
    """Concatenate recordings (n_steps_i, n_neurons) to mean 0 and mean square 1 per neuron.

    With `center_each` every recording loses its own mean, else all lose the common one; the
    scale is common. A constant trace becomes all zeros.
    """
    parts = [np.asarray(part, dtype=np.float64) for part in recordings]
    largest = np.max([np.abs(part).max(axis=0) for part in parts], axis=0)
    exponents = np.where(largest > _LARGE, np.frexp(largest)[1], 0)
    parts = [np.ldexp(part, -exponents) for part in parts]  # so sums stay finite
    if not center_each:
        parts = [np.concatenate(parts)]
    # A constant trace is told by its range: its mean, and so the rest, may be off by a rounding.
    centered = [np.where(np.ptp(part, axis=0) > 0, part - part.mean(axis=0), 0.0) for part in parts]
    Z = _divide(np.concatenate(centered), lambda Z: np.abs(Z).max(axis=0))  # so squares stay finite
    return _divide(Z, lambda Z: np.sqrt(np.mean(Z**2, axis=0)))


def correlation(Z: np.ndarray) -> np.ndarray:
    """Pearson correlation of standardized traces; a constant one has 0 with all, 1 with itself."""
    R = Z.T @ Z / len(Z)
    R = np.clip((R + R.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(R, 1.0)
    return R


def precision(Z: np.ndarray, shrinkage: float | str = "ledoit_wolf") -> np.ndarray:
    """Inverse of the shrunk correlation matrix of standardized traces.

    A constant trace counts as independent of all others, with variance 1.
    """
    active = Z.any(axis=0)
    P = np.eye(Z.shape[1])
    if active.any():
        inverse = _pseudo_inverse(_shrunk_covariance(Z[:, active], shrinkage))
        P[np.ix_(active, active)] = (inverse + inverse.T) / 2.0
    return P


def partial_correlation(P: np.ndarray) -> np.ndarray:
    """Partial correlation -P_ij / sqrt(P_ii P_jj) of a precision matrix, 1 on the diagonal."""
    scale = 1.0 / np.sqrt(np.diag(P))
    R = np.clip(-P * np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(R, 1.0)
    return R


def _divide(Z: np.ndarray, size: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Bring every column to size 1, columns of zeros excepted."""
    scale = size(Z)
    return Z / np.where(scale > 0, scale, 1.0)


def _pseudo_inverse(C: np.ndarray) -> np.ndarray:
    """Pseudo-inverse of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(C)
    present = values > len(C) * np.finfo(float).eps * values[-1]
    scaled = vectors[:, present] / np.sqrt(values[present])
    return scaled @ scaled.T


def _shrunk_covariance(Z: np.ndarray, shrinkage: float | str) -> np.ndarray:
    from sklearn.covariance import LedoitWolf, ShrunkCovariance

    common = {"assume_centered": True, "store_precision": False}
    if shrinkage == "ledoit_wolf":
        return LedoitWolf(**common).fit(Z).covariance_
    return ShrunkCovariance(shrinkage=shrinkage, **common).fit(Z).covariance_
