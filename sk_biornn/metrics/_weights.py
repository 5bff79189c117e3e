"""Counts over recurrent weights: how many there are, and how many break Dale's law."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import either_weights, either_weights_and
from sk_biornn.units.signs import sign_array


def density(W: Any) -> float:
    """Return the share of weights that are not exactly zero.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre]; autapses count.

    Returns
    -------
    float
        Number of non-zero weights divided by n_units ** 2.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix.

    Examples
    --------
    >>> density([[0.0, 1.0], [0.0, 0.0]])
    0.25
    """
    weights = either_weights(W)
    n_weights = weights.nnz if is_sparse(weights) else np.count_nonzero(weights)
    return float(n_weights / weights.shape[0] ** 2)


def dale_violations(W: Any, signs: Any) -> int:
    """Return the number of weights whose sign contradicts that of their column.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre].
    signs : array-like of shape (n_units,)
        +1 excitatory, -1 inhibitory, 0 free; of the presynaptic unit, i.e. of the column.

    Returns
    -------
    int
        Number of weights with W * sign < 0. A weight of zero violates nothing.

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix, or `signs` does not fit it.

    Examples
    --------
    >>> dale_violations([[1.0, 1.0], [1.0, -1.0]], signs=[1, -1])
    1
    """
    weights, signs = either_weights_and(W, "signs", signs)
    column_signs = sign_array(signs, weights.shape[0])
    if is_sparse(weights):
        return int((weights.data * column_signs[weights.indices] < 0).sum())
    return int((weights * column_signs < 0).sum())
