"""Sparse matrices of SciPy, of both kinds (`csr_matrix`, `csr_array`): when they become dense."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_UNITS = 20_000  # a dense matrix of so many units takes 3.2 GB
SMALL = 2_048  # units, 32 MiB: below, what has no sparse algorithm is computed densely


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix or array of SciPy."""
    return hasattr(value, "tocsr") and hasattr(value, "toarray")


def dense(value: Any, name: str, way_out: str = "take a part of it") -> Any:
    """Return a sparse matrix as a plain array, and what is not sparse as it is.

    Parameters
    ----------
    value : object
        Anything.
    name : str
        What it is, for the message.
    way_out : str
        What to do with one that is too large, for the message.

    Raises
    ------
    ValueError
        If the array would take more memory than that of 20,000 units.
    """
    if not hasattr(value, "toarray"):
        return value
    size = float(np.prod(np.shape(value), dtype=np.float64))
    if size > MOST_UNITS**2:
        raise ValueError(
            f"{name} must be small enough to be made dense, got a sparse matrix of shape "
            f"{np.shape(value)}, which would take {8e-9 * size:.0f} GB; {way_out}."
        )
    if getattr(value, "dtype", np.dtype(float)).kind in "iu":
        wide = summed(value)
        if wide.nnz < value.nnz:  # several entries of a pair, whose sum may not fit its dtype
            return wide.toarray()
    return value.toarray()


def canonical(matrix: Any, dtype: Any = None) -> Any:
    """Return a CSR copy: entries of a pair summed, in the order of the columns, no zeros stored.

    They are summed as numbers of that dtype; without one, those of small integers and truth values
    as float64, in which 200 + 100 is 300 and three times True is 3.
    """
    copy = summed(matrix, dtype)
    copy.eliminate_zeros()
    return copy


def summed(matrix: Any, dtype: Any = None) -> Any:
    """Return the same with zeros that are stored; `matrix` itself is left as it is."""
    import scipy.sparse as sp

    # COO keeps the entries of a pair apart, so that they are converted before they are summed.
    entries = sp.coo_array(matrix)
    if dtype is None:
        dtype = entries.dtype if entries.dtype.kind in "fc" else np.float64
    parts = (np.array(entries.data, dtype=dtype), (entries.row, entries.col))
    copy = sp.coo_array(parts, shape=entries.shape).tocsr()
    copy.sum_duplicates()
    return copy
