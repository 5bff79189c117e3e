"""Excitation against inhibition."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import either_weights
from sk_biornn.metrics._graph import relative_strength


def ei_balance(W: Any) -> float:
    r"""Return the balance of excitation and inhibition, :math:`(E - I) / (E + I)`.

    E is the sum of all positive weights, I the absolute sum of all negative ones.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre].

    Returns
    -------
    float
        1 for excitation alone, -1 for inhibition alone, 0 where they are equal (a matrix of zeros
        included).

    Raises
    ------
    ValueError
        If `W` is not a finite square matrix.

    Examples
    --------
    >>> ei_balance([[3.0, -1.0], [0.0, 0.0]])
    0.5
    """
    weights = either_weights(W)
    weights = weights.data if is_sparse(weights) else weights
    if not weights.size:  # a sparse matrix of zeros
        return 0.0
    strength = relative_strength(weights)
    total = strength.sum()
    return float((np.sign(weights) * strength).sum() / total) if total > 0 else 0.0
