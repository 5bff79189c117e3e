"""Classical initial weights; under Dale's law their absolute values take the columns' signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from sk_biornn._blas import single_blas_thread
from sk_biornn.initializers._base import obey

CUT = 2.0  # standard deviations at which Keras cuts a Gaussian
# The standard deviation of what is left of a Gaussian of 1, sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)).
SD_WHEN_CUT = 0.87962566103423978


@dataclass(frozen=True)
class Orthogonal:
    """A random orthogonal matrix, uniform over all (QR of a Gaussian matrix)."""

    @single_blas_thread
    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        n_units = len(signs)
        Q, R = np.linalg.qr(rng.standard_normal((n_units, n_units)))
        # Without R's signs Q would not be uniform (Mezzadri, 2007, Notices of the AMS).
        return obey(Q * np.sign(np.diag(R)), signs, mask)


@dataclass(frozen=True)
class Normal:
    """Independent Gaussian weights of standard deviation sqrt(gain / n_units).

    The gain is 1 for Glorot and Bengio (2010) and 2 for He et al. (2015).
    """

    gain: float

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        sd = np.sqrt(self.gain / len(signs))
        return obey(sd * rng.standard_normal(mask.shape), signs, mask)


@dataclass(frozen=True)
class TruncatedNormal:
    """The weights that Keras calls GlorotNormal and HeNormal: Gaussian, none beyond 2 sd.

    The Gaussian is wider by 1 / 0.8796, so that after the cut the standard deviation is
    sqrt(gain / n_units), the same as that of `Normal`.
    """

    gain: float

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights: what the inverse of the Gaussian's distribution makes of uniform ones."""
        sd = np.sqrt(self.gain / len(signs)) / SD_WHEN_CUT
        chances = rng.uniform(ndtr(-CUT), ndtr(CUT), mask.shape)
        return obey(sd * ndtri(chances), signs, mask)


@dataclass(frozen=True)
class Uniform:
    """Independent weights, uniform in +-sqrt(3 gain / n_units): the same variance as `Normal`."""

    gain: float

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        bound = np.sqrt(3.0 * self.gain / len(signs))
        return obey(rng.uniform(-bound, bound, mask.shape), signs, mask)
