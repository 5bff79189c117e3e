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
_MOST_ROUNDS = 300  # of the iteration
_MOST_DENSE = 4_096  # units, about a minute, where the iteration comes to no end


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
        If `W` is not a finite square matrix, or sparse with more than 2048 units.

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
        Recurrent weights W[post, pre]. A sparse one of more than 2048 units is taken apart into its
        strongly connected components, of which each has its own eigenvalues; where none has a
        cycle the radius is exactly 0. Of a component of more than 2048 units, the Arnoldi iteration
        of ARPACK finds the largest ones, always from the same start; if it does not in 300 rounds,
        they come from the dense matrix of a component of at most 4096 units.

    Returns
    -------
    float
        ``max |lambda|``.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix, or the iteration does not come to an end for a
        component of more than 4096 units.

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
        return _radius_by_components(weights)
    return _dense_radius(weights)


def _dense_radius(weights: Any) -> float:
    weights = weights.toarray() if is_sparse(weights) else weights
    return float(np.abs(np.linalg.eigvals(weights)).max())


def _radius_by_components(weights: Any) -> float:
    """Return the largest radius of the strongly connected components.

    Sorted by component the matrix is block triangular: it has the eigenvalues of its blocks.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_components, label = connected_components(weights, connection="strong")
    order = np.argsort(label, kind="stable")
    place = np.argsort(order)
    entries = weights.tocoo()
    inside = label[entries.row] == label[entries.col]
    post, pre = (place[side[inside]] for side in (entries.row, entries.col))
    blocks = coo_array((entries.data[inside], (post, pre)), shape=weights.shape).tocsr()
    ends = np.cumsum(np.bincount(label, minlength=n_components))
    bounds = _bounds(blocks, label[order], n_components)
    radius = 0.0
    for component in np.argsort(-bounds, kind="stable"):
        if bounds[component] <= radius:
            break
        units = slice(ends[component - 1] if component else 0, ends[component])
        radius = max(radius, _radius_of_component(blocks[units, units]))
    return radius


def _bounds(blocks: Any, label: NDArray[Any], n_components: int) -> NDArray[np.float64]:
    """Return for each component what its radius cannot exceed, the largest sums of its sizes."""
    of_component = np.zeros((2, n_components))
    for axis in (0, 1):
        sums = np.asarray(abs(blocks).sum(axis=axis)).ravel()
        np.maximum.at(of_component[axis], label, sums)
    return of_component.min(axis=0)


def _radius_of_component(block: Any) -> float:
    """Return the radius of a strongly connected block."""
    n_units = block.shape[0]
    if block.nnz == n_units:  # one cycle: the roots of the product of its weights
        sizes = np.abs(block.data)
        largest = sizes.max()
        return float(largest * np.exp(np.log(sizes / largest).mean()))
    return _dense_radius(block) if n_units <= _sparse.SMALL else _largest_eigenvalue(block)


def _largest_eigenvalue(weights: Any) -> float:
    """Return the largest absolute eigenvalue of a large sparse matrix."""
    from scipy.sparse.linalg import ArpackError, eigs

    start = np.random.default_rng(0).standard_normal(weights.shape[0])
    try:
        # Beside the largest many are nearly as large: a wide space tells them apart sooner.
        values = eigs(
            weights,
            k=_N_VALUES,
            ncv=_N_VECTORS,
            v0=start,
            which="LM",
            maxiter=_MOST_ROUNDS,
            return_eigenvectors=False,
        )
    except ArpackError as error:
        n_units = weights.shape[0]
        if n_units <= _MOST_DENSE:
            return _dense_radius(weights)
        raise ValueError(
            f"spectral_radius must find the largest eigenvalue of W, got {short_text(error)} for "
            f"{n_units} strongly connected units; pass W.toarray() if {8e-9 * n_units**2:.1f} GB "
            "fit into memory."
        ) from None
    return float(np.abs(values).max())
