"""Dale-exact weights with a prescribed singular spectrum, by alternating projections.

Two sets: the cone of matrices that obey signs and mask (its projection is a clip), and the matrices
with the wanted singular values (its projection keeps the singular vectors). When all values are
equal, the second set holds the orthogonal matrices, and Newton-Schulz iterations approach the
nearest of them by matrix products alone.

One mode makes the cone hard: with u = 1 / sqrt(n) and v = signs / sqrt(n), u' W v is the mean
absolute row sum of W, and no singular value is below the largest such product. So the leading modes
are followed one by one and are pushed beyond their target until they sink into the bulk.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from sk_biornn._blas import single_blas_thread
from sk_biornn._checks import check_count, check_number
from sk_biornn._plain import real_array, short
from sk_biornn._random import RandomState, make_rng
from sk_biornn.initializers._base import check_signs_and_mask

# W -> (W moved towards the wanted spectrum, relative distance of the spectrum before the move)
Step = Callable[[np.ndarray], tuple[np.ndarray, float]]
Projection = Callable[[np.ndarray], np.ndarray]

N_LEADING = 8  # singular modes followed one by one; all others are the bulk
BULK_EDGE = 1.5  # the bulk is kept below; two Newton-Schulz steps bring 0.4 to 1.5 within 0.2 of 1
OVERSHOOT = 2.0  # how far beyond its target a leading mode is pushed at most, in rms values
RELAXATION = 1.5  # a step longer than the projection: fewer iterations, and still it converges
MAX_ITER = 200  # iterations at most, where the caller says nothing
PATIENCE = 15  # iterations without 1 % of progress after which the distance stands still


def dale_spectral_weights(
    signs: Any,
    mask: Any = None,
    *,
    spectrum: Any = "flat",
    tol: float = 0.05,
    max_iter: int = MAX_ITER,
    random_state: RandomState = None,
) -> np.ndarray:
    r"""Draw weights that obey Dale's law exactly and have prescribed singular values.

    Weights of one sign per column have, drawn naively, one singular value far above all others, and
    a network learns slowly from them: it is the spectrum more than the signs that costs accuracy
    [1]_. This function alternates between the two projections

    .. math::
        W \leftarrow P_\text{cone}\bigl(W + \lambda (U \operatorname{diag}(\sigma^*) V^T - W)\bigr),
        \qquad W = U \operatorname{diag}(\sigma) V^T,

    from a random log-normal matrix, until the singular values :math:`\sigma` are close to the
    wanted ones :math:`\sigma^*`.

    Parameters
    ----------
    signs : array-like of shape (n_units,)
        +1 excitatory, -1 inhibitory, 0 free, for each presynaptic unit, i.e. each column.
    mask : array-like of bool of shape (n_units, n_units) or None, default=None
        Allowed synapses [post, pre]; None allows all.
    spectrum : {"flat", "gaussian"} or array-like of shape (n_units,), default="flat"
        Wanted singular values: all equal; those of a Gaussian matrix with the same mask; or those
        given, in any order.
    tol : float, default=0.05
        Stop when the root mean square of :math:`\sigma - \sigma^*`, relative to that of
        :math:`\sigma^*`, is at most this.
    max_iter : int, default=200
        Largest number of iterations. They also end when the distance stands still, as it does
        where signs and mask forbid the spectrum.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness. The same seed gives the same bits, however many threads there are.

    Returns
    -------
    ndarray of shape (n_units, n_units)
        W[post, pre], float64, without a weight of the wrong sign or off the mask. Its root mean
        square singular value is 1 (over as many as the mask can make positive), or that of the
        given spectrum.

    Raises
    ------
    TypeError
        If `tol` or `max_iter` is not a number.
    ValueError
        If `signs`, `mask`, `spectrum`, `tol` or `max_iter` is malformed.

    Notes
    -----
    Columns of one sign are orthogonal only if no two share a row, and an excitatory and an
    inhibitory column likewise: a Dale matrix that is *exactly* orthogonal is a permutation with
    signs. The largest singular value is never below the mean absolute row sum, about sqrt(k) if a
    unit has k comparable inputs. So `tol` is a choice: at 0.05 one synapse per unit is strong and
    the others are weak or absent; larger values leave more synapses per unit and a less flat
    spectrum. ``spectrum="gaussian"`` leaves four or five.

    The flat spectrum needs four matrix products per iteration and some 15 to 30 iterations, any
    other spectrum an eigendecomposition per iteration. A matrix without a permutation inside the
    mask (an empty row, say) cannot have full rank; the rest of its spectrum is treated alike.

    References
    ----------
    .. [1] P. Li, J. Cornford, A. Ghosh, B. Richards, "Learning better with Dale's law: a spectral
       perspective", NeurIPS, 2023.
    .. [2] N. J. Higham, "Functions of Matrices", SIAM, 2008, section 8.3 (Newton-Schulz iteration
       for the polar factor), doi:10.1137/1.9780898717778.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.metrics import singular_value_gap, svd_entropy
    >>> signs = np.repeat([1, -1], [80, 20])
    >>> W = dale_spectral_weights(signs, random_state=0)
    >>> int((W * signs < 0).sum())  # weights of the wrong sign
    0
    >>> print(f"{svd_entropy(W):.2f} {singular_value_gap(W):.1f}")
    1.00 1.2

    Drawn naively:

    >>> W = np.random.default_rng(0).exponential(size=(100, 100)) * signs
    >>> print(f"{svd_entropy(W):.2f} {singular_value_gap(W):.1f}")
    0.92 4.9
    """
    signs, mask = check_signs_and_mask(signs, mask)
    _check_stopping(tol, max_iter)
    return spectral_weights(signs, mask, spectrum, tol, max_iter, make_rng(random_state))


@single_blas_thread
def spectral_weights(
    signs: np.ndarray,
    mask: np.ndarray,
    spectrum: Any,
    tol: float,
    max_iter: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw the weights of `dale_spectral_weights`, of arguments that have been checked."""
    rank = min(mask.any(axis=0).sum(), mask.any(axis=1).sum())  # at most, for this mask
    if isinstance(spectrum, str) and spectrum == "flat":
        step, norm = _towards_orthogonal(signs, mask), np.sqrt(rank)
    else:
        target = _target_spectrum(spectrum, mask, rng)
        step, norm = _towards_spectrum(target), np.linalg.norm(target)
    if rank == 0:
        return np.zeros(mask.shape)
    start = _heavy_tailed_start(signs, mask, rng).astype(np.float32)
    start *= norm / np.sqrt(rank)
    W = _alternate(start, step, _onto_cone(signs, mask), tol, max_iter).astype(np.float64)
    return W * (norm / np.linalg.norm(W)) + 0.0  # no -0.0


def _alternate(
    W: np.ndarray, step: Step, onto_cone: Projection, tol: float, max_iter: int
) -> np.ndarray:
    """Move to the spectrum and back to the cone until close, or until nothing is gained."""
    best, n_idle = np.inf, 0
    for _ in range(max_iter):
        moved, distance = step(W)
        n_idle = 0 if distance < 0.99 * best else n_idle + 1
        best = min(best, distance)
        if distance <= tol or n_idle > PATIENCE:
            break
        W = onto_cone(moved)
    return W


def _onto_cone(signs: np.ndarray, mask: np.ndarray) -> Projection:
    """Nearest matrix that obeys the signs (of columns) and the mask: exact, a clip per weight."""
    low = np.where(signs > 0, 0.0, -np.inf).astype(np.float32)
    high = np.where(signs < 0, 0.0, np.inf).astype(np.float32)
    if mask.all():
        return lambda W: np.clip(W, low, high)
    return lambda W: np.where(mask, np.clip(W, low, high), np.float32(0.0))


def _heavy_tailed_start(
    signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Log-normal weights with rows and columns of about unit norm (free units: random signs).

    The more synapses of a unit have comparable weights, the larger the mean mode. With a variance
    of log(synapses per unit) of the logarithm only a handful counts: it begins near the bulk.
    """
    n_synapses = mask.sum() / mask.any(axis=1).sum()
    sigma = np.sqrt(np.log(max(n_synapses, 2.0)))
    W = np.where(mask, np.exp(sigma * rng.standard_normal(mask.shape)), 0.0)
    for _ in range(10):
        for axis in (0, 1):
            norm = np.sqrt(np.square(W).sum(axis=axis, keepdims=True))
            W /= np.where(norm > 0, norm, 1.0)
    random_signs = rng.choice((-1.0, 1.0), size=mask.shape)
    return W * np.where(signs == 0, random_signs, signs)


def _towards_orthogonal(signs: np.ndarray, mask: np.ndarray) -> Step:
    """Step towards the nearest orthogonal matrix; for leading modes, beyond it.

    After two Newton-Schulz steps Q is near enough: the next iteration goes on from there.
    """
    used = mask.any(axis=0)
    identity = np.diag(used.astype(np.float32))
    basis = _first_basis(signs)

    def step(W: np.ndarray) -> tuple[np.ndarray, float]:
        nonlocal basis
        U, s, basis = _leading_modes(W, basis)
        scale = max(1.0, float(s[-1]) / BULK_EDGE)  # many large modes: bring the bulk into reach
        Q = (W - (U * np.maximum(s - scale, 0.0)) @ basis.T) / scale
        G = Q.T @ Q
        defect = G - identity  # of singular values s^2 - 1, about 2 (s - 1)
        distance = 0.5 * float(np.sqrt(np.vdot(defect, defect) / used.sum()))
        # Newton and Schulz: 1.5 s - 0.5 s^3 brings singular values near 1 to 1 without an SVD.
        Q = 1.5 * Q - 0.5 * (Q @ G)
        Q = 1.5 * Q - 0.5 * (Q @ (Q.T @ Q))
        Q -= (U * np.clip(s - 1.0, 0.0, OVERSHOOT)) @ basis.T
        return W + RELAXATION * (Q - W), distance

    return step


def _first_basis(signs: np.ndarray) -> np.ndarray:
    """Start of the subspace iteration, (n_units, n_leading): the mean mode and random others.

    From a generator of its own: these directions are refined at every step and decide nothing.
    """
    basis = _directions(len(signs)).copy()
    basis[:, 0] = np.where(signs == 0, basis[:, 0], signs)
    return np.linalg.qr(basis.astype(np.float32))[0]


@lru_cache(maxsize=4)
def _directions(n_units: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n_units, min(N_LEADING, n_units)))


def _leading_modes(W: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leading singular triples (U, s, V) of W: two subspace iterations from a nearby basis."""
    for _ in range(2):
        basis = np.linalg.qr(W.T @ (W @ basis))[0]
    U, s, Vt = np.linalg.svd(W @ basis, full_matrices=False)
    return U, s, basis @ Vt.T


def _towards_spectrum(target: np.ndarray) -> Step:
    """Step towards the nearest matrix with singular values `target`; for leading modes, beyond it.

    The eigenvectors of W'W cost a third of a singular value decomposition.
    """
    ascending = np.sort(target).astype(np.float32)
    norm = float(np.linalg.norm(target))
    overshoot = OVERSHOOT * norm / np.sqrt(len(target))

    def step(W: np.ndarray) -> tuple[np.ndarray, float]:
        V = np.linalg.eigh(W.T @ W)[1]
        B = W @ V  # U s: its column norms are accurate for small singular values, too
        s = np.sqrt(np.square(B).sum(axis=0))
        order = np.argsort(s)
        wanted = np.empty_like(s)
        wanted[order] = ascending
        distance = float(np.linalg.norm(s - wanted)) / norm
        leading = order[-N_LEADING:]
        wanted[leading] -= np.clip(s - wanted, 0.0, overshoot)[leading]
        gain = np.divide(wanted, s, out=np.zeros_like(s), where=s > 1e-12 * norm)
        return W + RELAXATION * ((B * gain) @ V.T - W), distance

    return step


@single_blas_thread
def _target_spectrum(spectrum: Any, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n_units,) wanted singular values; the Gaussian ones have the norm of a flat spectrum."""
    if isinstance(spectrum, str) and spectrum == "gaussian":
        gaussian = np.where(mask, rng.standard_normal(mask.shape), 0.0)
        target = np.linalg.svd(gaussian, compute_uv=False)
        rank = min(mask.any(axis=0).sum(), mask.any(axis=1).sum())
        return target * np.sqrt(rank) / (np.linalg.norm(target) or 1.0)
    expected = f"'flat', 'gaussian' or an array of shape ({len(mask)},)"
    if isinstance(spectrum, str):
        raise ValueError(f"spectrum must be {expected}, got {short(spectrum)}.")
    target = real_array(spectrum, "spectrum", expected)
    if target.shape != (len(mask),):
        raise ValueError(f"spectrum must be {expected}, got shape {target.shape}.")
    if not (np.isfinite(target).all() and (target >= 0).all() and (target > 0).any()):
        raise ValueError("spectrum must hold finite, non-negative values that are not all zero.")
    return target


def _check_stopping(tol: float, max_iter: int) -> None:
    check_number("tol", tol, low=0.0)
    check_count("max_iter", max_iter, low=1)
