"""Initial weights made for Dale's law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_biornn._random import make_rng
from sk_biornn.initializers._base import obey
from sk_biornn.initializers._spectral import MAX_ITER, spectral_weights


@dataclass(frozen=True)
class SignedUniform:
    """|W| uniform in (0, 1 / sqrt(n_units)), as in Balwani et al. (2025).

    Columns of free units are uniform in +-1 / sqrt(n_units). The mean of such a matrix is an
    outlier of its spectrum: at 128 units, 80 % of them excitatory, the spectral radius is 3.3.
    """

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        bound = 1.0 / np.sqrt(len(signs))
        return obey(rng.uniform(-bound, bound, mask.shape), signs, mask)


@dataclass(frozen=True)
class Balanced:
    """Exponential weights whose excitation and inhibition cancel in the mean of every row.

    With n_E excitatory and n_I inhibitory ones among the n allowed synapses of a unit, the mean
    weights are sqrt(n_I / (n_E n)) and -sqrt(n_E / (n_I n)): the expected row sum is 0, and the
    variances of a row add to 1. Where one kind is missing, the other has mean 1 / sqrt(n). Weights
    of free units have random signs. The weights of column-EI networks (Cornford et al. 2021, Li et
    al. 2023) up to a factor; the mean part is still an outlier among the singular values.
    """

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        n = np.maximum(mask.sum(axis=1), 1)
        n_excitatory, n_inhibitory = (mask[:, signs == s].sum(axis=1) for s in (1, -1))
        mean = np.select(
            [signs > 0, signs < 0],
            [_balance(n_excitatory, n_inhibitory, n), _balance(n_inhibitory, n_excitatory, n)],
            default=np.sqrt(0.5 / n)[:, np.newaxis],  # a random sign doubles the variance
        )
        W = rng.exponential(size=mask.shape) * rng.choice((-1.0, 1.0), size=mask.shape)
        return obey(W * mean, signs, mask)


def _balance(n_own: np.ndarray, n_other: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Mean weight (n_units, 1) at which a row's synapses of one sign cancel those of the other."""
    share = np.where(n_other > 0, n_other / np.maximum(n_own, 1), 1.0)
    return np.sqrt(share / n)[:, np.newaxis]


@dataclass(frozen=True)
class DaleSpectral:
    """Weights of a given singular spectrum ("flat" or "gaussian"): see `dale_spectral_weights`."""

    spectrum: str
    tol: float = 0.05

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        return spectral_weights(signs, mask, self.spectrum, self.tol, MAX_ITER, make_rng(rng))
