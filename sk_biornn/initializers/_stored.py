"""Initial recurrent weights of networks that are stored as their synapses: one draw per synapse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.special import ndtr, ndtri

from sk_biornn import metrics
from sk_biornn._checks import check_number
from sk_biornn._plain import real_array
from sk_biornn._sparse import is_sparse
from sk_biornn._structure import count_off, posts_of, pres_of, values_on, with_values
from sk_biornn.initializers._classical import CUT, SD_WHEN_CUT
from sk_biornn.initializers._zeros import FLOOR

Values = NDArray[np.float64]
Draw = Callable[[NDArray[np.float64], Any, np.random.Generator], Values]

_SPREAD = 0.05  # of the singular values around 1, as the tolerance of `dale_spectral_weights`


def stored_weights(
    init: Any,
    *,
    signs: NDArray[np.float64],
    structure: Any,
    rng: np.random.Generator,
    spectral_radius: float | None = None,
    lifts_zeros: bool = False,
) -> Values:
    """Return the initial weight of every synapse of a structure.

    Parameters
    ----------
    init : str, matrix or object
        Name of an initialiser of `STORED_INITIALIZERS`; weights W[post, pre], sparse or dense; or
        an object with a method ``sample_sparse(*, signs, structure, rng)`` that returns such.
    signs : ndarray of shape (n_units,)
        +1 excitatory, -1 inhibitory, 0 free.
    structure : csr_array
        The synapses that exist.
    rng : numpy.random.Generator
        Source of randomness.
    spectral_radius : float or None, default=None
        Rescale to this largest absolute eigenvalue, which an iteration of sparse products finds.
    lifts_zeros : bool, default=False
        Whether drawn zeros become a thousandth of the root mean square.

    Returns
    -------
    ndarray of shape (n_synapses,)
        Weights, float64, in the order of the structure.

    Raises
    ------
    ValueError
        If weights contradict signs or structure, or a spectral radius of 0 is to be rescaled.
    """
    if isinstance(init, str):
        values = STORED_INITIALIZERS[init](signs, structure, rng)
        values = _obeying(values, signs, structure)
        if lifts_zeros:
            values = _lifted(values, signs[pres_of(structure)])
    else:
        if hasattr(init, "sample_sparse"):
            init = init.sample_sparse(signs=signs, structure=structure, rng=rng)
        values = _given(init, signs, structure)
    return values if spectral_radius is None else _rescaled(values, structure, spectral_radius)


def _obeying(values: Values, signs: NDArray[np.float64], structure: Any) -> Values:
    """Return |w| times the sign of the presynaptic unit, w itself where that is free."""
    of_pre = signs[pres_of(structure)]
    return np.where(of_pre == 0, values, np.abs(values) * of_pre) + 0.0  # no -0.0


def _matched(signs: NDArray[np.float64], structure: Any, rng: np.random.Generator) -> Values:
    r"""Return weights of a nearly flat spectrum: a permutation inside the mask, and weak others.

    A matrix of one sign per column is exactly orthogonal only if it is a permutation with signs,
    and what `dale_spectral_weights` approaches by products of whole matrices is one, with weak
    synapses beside it. Here the permutation is found as a matching of pre- and postsynaptic units,
    a largest one where there is none of all. The units are taken in a random order, so that it is
    another one for every seed.
    """
    n_units = structure.shape[0]
    post, pre = posts_of(structure), pres_of(structure)
    of_rows, of_columns = rng.permutation(n_units), rng.permutation(n_units)
    ends = of_rows[post].astype(np.int32), of_columns[pre].astype(np.int32)  # for older SciPy
    shuffled = type(structure)((np.ones(len(post), dtype=np.int8), ends), shape=structure.shape)
    partner = maximum_bipartite_matching(shuffled, perm_type="column")  # of every row
    is_matched = partner[of_rows[post]] == of_columns[pre]
    counts = np.maximum(np.bincount(post, minlength=n_units), 1)
    # Exponential numbers of mean m have the mean square 2 m^2: a row of k has the norm `_SPREAD`.
    values = rng.exponential(size=len(post)) * (_SPREAD / np.sqrt(2.0 * counts))[post]
    values = values * rng.choice((-1.0, 1.0), size=len(values))
    flips = rng.choice((-1.0, 1.0), size=len(values))
    return np.where(is_matched, flips, values)


def _balanced(signs: NDArray[np.float64], structure: Any, rng: np.random.Generator) -> Values:
    """Return what `Balanced` draws, synapse by synapse."""
    n_units, post, pre = structure.shape[0], posts_of(structure), pres_of(structure)
    of_pre = signs[pre]
    n = np.maximum(np.bincount(post, minlength=n_units), 1)
    n_exc, n_inh = (np.bincount(post[of_pre == s], minlength=n_units) for s in (1, -1))

    def mean(n_own: Any, n_other: Any) -> Values:
        share = np.where(n_other > 0, n_other / np.maximum(n_own, 1), 1.0)
        return np.sqrt(share / n)

    means = np.select(
        [of_pre > 0, of_pre < 0],
        [mean(n_exc, n_inh)[post], mean(n_inh, n_exc)[post]],
        default=np.sqrt(0.5 / n)[post],
    )
    return rng.exponential(size=len(post)) * rng.choice((-1.0, 1.0), size=len(post)) * means


def _uniform(signs: NDArray[np.float64], structure: Any, rng: np.random.Generator) -> Values:
    bound = 1.0 / np.sqrt(len(signs))
    return rng.uniform(-bound, bound, structure.nnz)


def _normal(gain: float) -> Draw:
    def draw(signs: NDArray[np.float64], structure: Any, rng: np.random.Generator) -> Values:
        return np.sqrt(gain / len(signs)) * rng.standard_normal(structure.nnz)

    return draw


def _cut_normal(gain: float) -> Draw:
    def draw(signs: NDArray[np.float64], structure: Any, rng: np.random.Generator) -> Values:
        chances = rng.uniform(ndtr(-CUT), ndtr(CUT), structure.nnz)
        return np.sqrt(gain / len(signs)) / SD_WHEN_CUT * ndtri(chances)

    return draw


def _he_uniform(signs: NDArray[np.float64], structure: Any, rng: np.random.Generator) -> Values:
    bound = np.sqrt(6.0 / len(signs))
    return rng.uniform(-bound, bound, structure.nnz)


STORED_INITIALIZERS: dict[str, Draw] = {
    "dale_orthogonal": _matched,
    "balanced": _balanced,
    "uniform": _uniform,
    "orthogonal": _matched,
    "glorot_normal": _normal(1.0),
    "he_normal": _normal(2.0),
    "he_uniform": _he_uniform,
    "glorot_normal_truncated": _cut_normal(1.0),
    "he_normal_truncated": _cut_normal(2.0),
}


def _lifted(values: Values, of_pre: NDArray[np.float64]) -> Values:
    rms = np.sqrt(np.mean(np.square(values))) if len(values) else 0.0
    return np.where((values == 0) & (of_pre != 0), FLOOR * rms * of_pre, values)


def _given(matrix: Any, signs: NDArray[np.float64], structure: Any) -> Values:
    """Return the user's own weights, or say how they contradict signs and structure."""
    name = "recurrent_init"
    if not is_sparse(matrix):
        matrix = real_array(matrix, name, "a matrix", truth_values=True)
    if matrix.shape != structure.shape:
        raise ValueError(f"{name} must have shape {structure.shape}, got {matrix.shape}.")
    entries = matrix.tocoo().data if is_sparse(matrix) else matrix
    if not np.isfinite(real_array(entries, name, "a matrix", truth_values=True)).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values.")
    values = values_on(structure, matrix).astype(np.float64)
    n_wrong = int((values * signs[pres_of(structure)] < 0).sum())
    for count, what in (
        (count_off(structure, matrix), "off the mask"),
        (n_wrong, "of the wrong sign for their column (Dale's law)"),
    ):
        if count:
            raise ValueError(f"{name} must obey signs and mask, got {count} weights {what}.")
    return values


def _rescaled(values: Values, structure: Any, radius: float) -> Values:
    check_number("spectral_radius", radius, low=0.0, open_low=True)
    found = metrics.spectral_radius(with_values(structure, values))
    if found <= np.finfo(np.float64).eps * np.linalg.norm(values):
        raise ValueError(
            f"spectral_radius={radius} cannot be reached: the initial recurrent weights have "
            "spectral radius 0."
        )
    return values * (radius / found)
