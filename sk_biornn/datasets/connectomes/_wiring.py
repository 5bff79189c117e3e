"""What every reader returns: weights and names, before order, selection and facts of neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from sk_biornn._sparse import MOST_UNITS, is_sparse

LARGE = 5_000  # neurons, whose dense matrix takes 200 MB


@dataclass(frozen=True)
class Wiring:
    """Weights [post, pre] of a source, as it has them.

    Attributes
    ----------
    where : str
        The source, for messages.
    weights : ndarray or sparse array of shape (n, n)
        [post, pre].
    names : list of str or None
        Names in the order of the weights; None if the source has none.
    has_order : bool
        Whether that order is one of the source, to which unnamed signs and positions can refer.
    known : mapping
        Signs, positions and types that the source has, one value per neuron, None where missing.
    notes : tuple of str
        What the caller is to be warned of.
    """

    where: str
    weights: Any
    names: list[str] | None = None
    has_order: bool = True
    known: Mapping[str, list[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def summed(post: np.ndarray, pre: np.ndarray, weights: np.ndarray, n_units: int) -> Any:
    """Return a sparse [post, pre] matrix of edges, in which those of one pair are summed."""
    matrix = sp.coo_array((weights, (post, pre)), shape=(n_units, n_units)).tocsr()
    matrix.sum_duplicates()
    return matrix


def kept(weights: Any, sparse: str | bool, where: str) -> Any:
    """Return weights as the caller wants them: a sparse array, or a plain one if it can be had."""
    n_units = weights.shape[0]
    if sparse == "auto":
        sparse = is_sparse(weights) and n_units > LARGE
    if sparse:
        return sp.csr_array(weights)
    if is_sparse(weights) and n_units > MOST_UNITS:
        raise ValueError(
            f"{where} has {n_units} neurons, whose matrix would take {8e-9 * n_units**2:.0f} GB; "
            "choose some of them with names=, or leave sparse=False out."
        )
    return np.asarray(weights.toarray() if is_sparse(weights) else weights, dtype=np.float64)
