"""Which synapses a network has where only they are stored, and arrays of one value per synapse.

A structure is a `scipy.sparse.csr_array` of bool [post, pre] whose entries are all true and lie row
by row, in the order of the columns. Values lie in that order: nothing has the size of n_units^2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_biornn._sparse import canonical, is_sparse, summed

Structure = Any  # scipy.sparse.csr_array


def structure_of(matrix: Any) -> Structure:
    """Return where a matrix, sparse or dense, is not 0; of several entries of a pair, one of them.

    So entries never cancel, and however many of small integers there are they do not overflow.
    """
    entries = sp.coo_array(matrix)  # which keeps the entries of a pair apart
    there = (entries.data != 0, (entries.row, entries.col))
    found = canonical(sp.coo_array(there, shape=entries.shape))
    return _structure(found.indices, found.indptr, found.shape)


def pattern_of(matrix: Any) -> Structure:
    """Return where a sparse matrix has entries, zeros that are stored included."""
    entries = sp.coo_array(matrix)
    there = (np.ones(len(entries.data), dtype=bool), (entries.row, entries.col))
    return structure_of(sp.coo_array(there, shape=entries.shape))


def _structure(indices: Any, indptr: Any, shape: tuple[int, int]) -> Structure:
    return sp.csr_array((np.ones(len(indices), dtype=bool), indices, indptr), shape=shape)


def posts_of(structure: Structure) -> NDArray[np.int64]:
    """Return the postsynaptic unit of every synapse."""
    return np.repeat(np.arange(structure.shape[0]), np.diff(structure.indptr))


def pres_of(structure: Structure) -> NDArray[np.int64]:
    """Return the presynaptic unit of every synapse."""
    return structure.indices.astype(np.int64)


def with_values(structure: Structure, values: NDArray[Any]) -> Any:
    """Return the sparse matrix of these values; zeros among them stay entries."""
    parts: Any = (values.copy(), structure.indices.copy(), structure.indptr.copy())
    return sp.csr_array(parts, shape=structure.shape)


def values_on(structure: Structure, matrix: Any) -> NDArray[Any]:
    """Return the entries of a matrix, sparse or dense, that lie on a structure."""
    if not is_sparse(matrix):
        return np.asarray(matrix)[posts_of(structure), pres_of(structure)]
    if matrix.format != "csr" or not matrix.has_canonical_format:
        matrix = summed(matrix)
    same = np.array_equal(matrix.indptr, structure.indptr)
    if same and np.array_equal(matrix.indices, structure.indices):
        return matrix.data.copy()
    keys, wanted = _keys(matrix), _keys(structure)
    values = np.zeros(len(wanted), dtype=matrix.dtype)
    if len(keys):
        places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        there = keys[places] == wanted
        values[there] = matrix.data[places[there]]
    return values


def count_off(structure: Structure, matrix: Any) -> int:
    """Return how many entries of a matrix that are not 0 lie off a structure."""
    n_nonzero = canonical(matrix).nnz if is_sparse(matrix) else np.count_nonzero(matrix)
    return int(n_nonzero) - int(np.count_nonzero(values_on(structure, matrix)))


def narrowed(structure: Structure, kept: NDArray[np.bool_]) -> Structure:
    """Return the structure of the synapses that are kept, of which `kept` says one by one."""
    counts = np.bincount(posts_of(structure)[kept], minlength=structure.shape[0])
    indptr = np.r_[0, np.cumsum(counts)].astype(structure.indptr.dtype)
    return _structure(structure.indices[kept], indptr, structure.shape)


def without_autapses(structure: Structure) -> Structure:
    """Return the structure without the synapses of units with themselves."""
    return narrowed(structure, posts_of(structure) != structure.indices)


def common(structure: Structure, other: Structure) -> Structure:
    """Return the synapses that both structures have."""
    return narrowed(structure, values_on(structure, other) != 0)


def _keys(matrix: Any) -> NDArray[np.int64]:
    """Return a number per entry, which grows along the rows."""
    return posts_of(matrix) * matrix.shape[1] + matrix.indices
