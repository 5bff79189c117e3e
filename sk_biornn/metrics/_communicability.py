"""The traffic that the wires of a network allow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._blas import single_blas_thread
from sk_biornn.metrics._checks import check_weights
from sk_biornn.metrics._graph import relative_strength


@single_blas_thread
def communicability(W: Any) -> NDArray[np.float64]:
    r"""Return the weighted communicability between all units.

    .. math::
        C = \exp(S^{-1/2} |W| S^{-1/2}), \quad S = \mathrm{diag}(s), \quad s_j = \sum_i |W_{ij}|

    with the diagonal of C set to 0; s_j is the out-strength of unit j: a column sum of
    W[post, pre].

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Recurrent weights W[post, pre].

    Returns
    -------
    ndarray of shape (n_units, n_units)
        Communicability C[post, pre], non-negative. Rows and columns of units without output
        (s_j = 0), for which the formula has no value, are 0.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix, or sparse with more than 2048 units.

    References
    ----------
    .. [1] J. J. Crofts, D. J. Higham, "A weighted communicability measure applied to complex brain
       networks", Journal of the Royal Society Interface, 2009. doi:10.1098/rsif.2008.0484

    Examples
    --------
    >>> communicability([[0.0, 2.0], [2.0, 0.0]]).round(4).tolist()
    [[0.0, 1.1752], [1.1752, 0.0]]
    """
    from scipy.linalg import expm

    strength = relative_strength(check_weights(W, "communicability"))
    out = strength.sum(axis=0)
    root, has_output = np.sqrt(out), out > 0
    inverse_root = np.divide(1.0, root, out=np.zeros_like(root), where=has_output)
    # The exponent is similar to |W| S^-1, whose columns sum to 1 however small a unit's output is.
    stochastic = np.divide(strength, out, out=np.zeros_like(strength), where=has_output)
    result = inverse_root[:, None] * expm(stochastic) * root
    np.fill_diagonal(result, 0)
    return result
