"""What singular values and eigenvalues tell of recurrent weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn import _sparse
from sk_biornn._blas import single_blas_thread
from sk_biornn._plain import moderate, short_text
from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import check_weights, either_weights

_N_VALUES, _N_VECTORS = 6, 80  # eigenvalues that are sought, and the vectors they are sought among


@single_blas_thread
def svd_entropy(W: Any) -> float:
    r"""Return the normalised entropy of the singular values.

    .. math::
        H = -\frac{1}{\log n} \sum_i p_i \log p_i, \quad p_i = \sigma_i / \sum_j \sigma_j

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Recurrent weights W[post, pre].

    Returns
    -------
    float
        1 when all singular values are equal (an orthogonal matrix up to a factor), 0 when one is
        positive. 0 for a matrix of zeros, 1 for a single non-zero weight.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix, or is sparse and has more than 2048 units.

    References
    ----------
    .. [1] P. Li, J. Cornford, A. Ghosh, B. Richards, "Learning better with Dale's law: a spectral
       perspective", NeurIPS, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> svd_entropy(np.eye(4))
    1.0
    """
    return _entropy(_singular_values(W, "svd_entropy"))


def _entropy(sigma: NDArray[np.float64]) -> float:
    if sigma[0] == 0:
        return 0.0
    # One value is as flat as can be; the formula would divide by log 1 = 0.
    if len(sigma) == 1:
        return 1.0
    share = sigma / sigma.sum()
    share = share[share > 0]
    entropy = -(share * np.log(share)).sum() / np.log(len(sigma))
    return float(np.clip(entropy, 0.0, 1.0))


@single_blas_thread
def singular_value_gap(W: Any) -> float:
    """Return the ratio of the first two singular values.

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Recurrent weights W[post, pre].

    Returns
    -------
    float
        sigma_1 / sigma_2, at least 1; infinite for a matrix of rank 1, and 1 for one of zeros or
        of a single unit.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix.

    Examples
    --------
    >>> import numpy as np
    >>> singular_value_gap(np.diag([6.0, 2.0, 1.0]))
    3.0
    """
    return _gap(_singular_values(W, "singular_value_gap"))


def conditioning(W: Any) -> tuple[float, float]:
    """Return `svd_entropy` and `singular_value_gap` by one decomposition."""
    sigma = _singular_values(W, "svd_entropy")
    return _entropy(sigma), _gap(sigma)


def _gap(sigma: NDArray[np.float64]) -> float:
    if len(sigma) == 1 or sigma[0] == 0:
        return 1.0
    # Below the rounding of the decomposition a singular value is zero.
    rounding = sigma[0] * len(sigma) * np.finfo(np.float64).eps
    return float(sigma[0] / sigma[1]) if sigma[1] > rounding else float("inf")


@single_blas_thread
def _singular_values(W: Any, metric: str) -> NDArray[np.float64]:
    """Return singular values up to a factor, so that those of huge weights stay finite."""
    sigma = np.linalg.svd(moderate(check_weights(W, metric)), compute_uv=False)
    return np.asarray(sigma, dtype=np.float64)


@single_blas_thread
def spectral_radius(W: Any) -> float:
    """Return the largest absolute eigenvalue.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre]. Of a sparse one of more than 2048 units, the Arnoldi
        iteration of ARPACK finds the largest eigenvalues, always from the same start.

    Returns
    -------
    float
        ``max |lambda|``.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix, or the iteration does not come to an end.

    References
    ----------
    .. [1] R. B. Lehoucq, D. C. Sorensen, C. Yang, "ARPACK Users' Guide", SIAM, 1998.
       doi:10.1137/1.9780898719628

    Examples
    --------
    >>> round(spectral_radius([[0.0, -2.0], [2.0, 0.0]]), 12)
    2.0
    """
    weights = either_weights(W)
    if is_sparse(weights) and weights.shape[0] > _sparse.SMALL:
        return _largest_eigenvalue(weights)
    weights = weights.toarray() if is_sparse(weights) else weights
    return float(np.abs(np.linalg.eigvals(weights)).max())


def _largest_eigenvalue(weights: Any) -> float:
    """Return the largest absolute eigenvalue of a large sparse matrix."""
    from scipy.sparse.linalg import ArpackError, eigs

    if not weights.nnz:
        return 0.0
    start = np.random.default_rng(0).standard_normal(weights.shape[0])
    try:
        # Beside the largest many are nearly as large: a wide space tells them apart sooner.
        values = eigs(
            weights, k=_N_VALUES, ncv=_N_VECTORS, v0=start, which="LM", return_eigenvectors=False
        )
    except ArpackError as error:
        raise ValueError(
            f"spectral_radius found no largest eigenvalue of W ({short_text(error)}); pass "
            "W.toarray() if it fits into memory."
        ) from None
    return float(np.abs(values).max())
