"""Initial weights made for Dale's law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_biornn.initializers._base import obey
from sk_biornn.initializers._spectral import dale_spectral_weights


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

    Inhibitory columns are scaled by n_E / n_I, and all weights to unit expected squared row norm,
    as in the column-EI networks of Cornford et al. (2021) and Li et al. (2023).
    """

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        n_excitatory, n_inhibitory = (signs > 0).sum(), (signs < 0).sum()
        scale = np.ones(len(signs))
        if n_excitatory and n_inhibitory:
            scale[signs < 0] = n_excitatory / n_inhibitory
        W = rng.exponential(size=mask.shape) * rng.choice((-1.0, 1.0), size=mask.shape)
        # E[w^2] = 2 scale^2 for exponential weights; a row keeps the share of the mask.
        expected = 2.0 * np.square(scale).sum() * mask.mean()
        return obey(W * scale, signs, mask) / np.sqrt(max(expected, np.finfo(float).tiny))


@dataclass(frozen=True)
class DaleSpectral:
    """Weights with a prescribed singular spectrum that obey signs and mask exactly."""

    spectrum: str

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        return dale_spectral_weights(signs, mask, spectrum=self.spectrum, random_state=rng)
