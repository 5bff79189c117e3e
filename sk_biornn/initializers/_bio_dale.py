"""Functional structure under Dale's law, with a spectrum from which a network learns.

Measured functional connectivity is dense and varies little, and weights of one sign per column that
are dense and similar have one singular value far above all others. Two things cure that here and
keep the order of the functional connections: a heavy tail (each weight is a log-normal function of
the *rank* of its functional connection), and then alternating projections between the sign cone and
the wanted singular values, which start from that matrix.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, rankdata

from sk_biornn.initializers._spectral import (
    _alternate,
    _onto_cone,
    _target_spectrum,
    _towards_orthogonal,
    _towards_spectrum,
)

N_BALANCING = 20  # passes that bring rows and columns to unit norm; each shrinks the rest


def dale_functional_weights(
    functional: np.ndarray,
    noise: np.ndarray,
    sigma: float,
    signs: np.ndarray,
    mask: np.ndarray,
    *,
    spectrum: str,
    tol: float,
    max_iter: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Dale-exact weights [post, pre] whose strength follows the rank of `functional`.

    `noise` (log-normal, sd `sigma` of its logarithm) is the part of each draw that is chance. Free
    units (sign 0) start positive.
    """
    if not mask.any():
        return np.zeros(mask.shape)
    outward = np.where(signs == 0, 1.0, signs)
    start = _unit_norms(np.where(mask, _heavy_tailed(functional, sigma, mask) * noise, 0.0))
    start = (start * outward).astype(np.float32)
    if spectrum == "flat":
        step = _towards_orthogonal(signs, mask)
    else:
        target = _target_spectrum("gaussian", mask, rng)
        step = _towards_spectrum(target * (np.linalg.norm(start) / np.linalg.norm(target)))
    onto_cone = _onto_cone(signs, mask)
    repaired = _alternate(start, step, onto_cone, tol, max_iter)
    return np.asarray(onto_cone(repaired), dtype=np.float64) + 0.0  # no -0.0


def _heavy_tailed(functional: np.ndarray, sigma: float, mask: np.ndarray) -> np.ndarray:
    """Log-normal magnitudes in the order of the functional connections between different neurons.

    With a log-variance of log(synapses per unit), noise included, a handful of synapses count for
    each unit, as the spectrum needs. What a neuron has in common with itself says nothing: its
    autapse gets the median.
    """
    between = mask & ~np.eye(len(mask), dtype=bool)
    z = np.zeros(mask.shape)
    if between.any():
        ranks = rankdata(functional[between])
        z[between] = norm.ppf((ranks - 0.5) / ranks.size)
    n_synapses = mask.sum() / mask.any(axis=1).sum()
    return np.exp(np.sqrt(max(np.log(max(n_synapses, 2.0)) - sigma**2, 0.0)) * z)


def _unit_norms(magnitudes: np.ndarray) -> np.ndarray:
    """Scale rows and columns in turn to unit norm, so that no unit dominates the spectrum."""
    for _ in range(N_BALANCING):
        for axis in (0, 1):
            size = np.sqrt((magnitudes**2).sum(axis=axis, keepdims=True))
            magnitudes = magnitudes / np.where(size > 0, size, 1.0)
    return magnitudes
