"""Classical initial weights; under Dale's law their absolute values take the columns' signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_biornn._blas import single_blas_thread
from sk_biornn.initializers._base import obey


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
class Uniform:
    """Independent weights, uniform in +-sqrt(3 gain / n_units): the same variance as `Normal`."""

    gain: float

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw weights."""
        bound = np.sqrt(3.0 * self.gain / len(signs))
        return obey(rng.uniform(-bound, bound, mask.shape), signs, mask)
