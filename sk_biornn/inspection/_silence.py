"""A copy of a network of which a part is cut."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sk_biornn._sparse import is_sparse
from sk_biornn.inspection._networks import networks_in, order_of, units_named
from sk_biornn.inspection._parts import Part, is_edge_class, units_of_part
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.labels import as_mask
from sk_biornn.units.order import UnitOrder

_UNIT_AXES = {"mask": (0, 1), "readout_mask": (1,)}  # the other axis is outputs


def silence(estimator: Any, part: Part, *, labels: Any = None) -> Any:
    """Return a copy of a fitted estimator with a part of its network cut.

    Units are cut from everything: their weights in `W_rec_` (both rows and columns), their columns
    of `W_out_`, their rows of `W_in_` and their entries of `b_rec_` become exactly 0. Of an edge
    class only the weights from the one side to the other do.

    Parameters
    ----------
    estimator : object
        A fitted estimator; a pipeline, search or ensemble that holds one is copied as a whole, and
        every network in it is cut.
    part : str, int, list of str or int, bool ndarray (n_units,), or tuple of two str
        A population by name, or all populations of a layer ("V1_L23"), an area ("V1") or a cell
        type ("PV") of the table of populations; a unit by number, or by its name if the network has
        `unit_names_`; a list of such names, or of numbers, for all of them at once; True for every
        unit of the part; or an edge class (post, pre): the weights from `pre` to `post`, each a
        name as above. A name that several levels have means the unit before the population, the
        layer, the area and the cell type.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: the `populations_` of the
        estimator.

    Returns
    -------
    object
        The copy; the estimator itself is as before. The cut synapses are also taken from `mask_`
        and from the argument `mask`, and the read-out of cut units from the argument
        `readout_mask`, where there are such.

    Raises
    ------
    ValueError
        If there is no fitted network, no such name or no such unit.
    TypeError
        If `part` is of another kind.

    See Also
    --------
    silencing_effect : What the cut does to the prediction.

    Notes
    -----
    It is the trained network that is cut; the rest was trained together with the part, and might
    have made up for it in a network trained without.

    The cut lasts when the copy is trained further (`partial_fit`, or `fit` with `warm_start`) and
    when a network is trained afresh with its arguments. What leads into cut units, `W_in_` and
    `b_rec_`, may then move again; it reaches neither other units nor the read-out.

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.inspection import silence
    >>> W = [[0.0, 0.5, -1.0], [0.8, 0.0, -2.0], [0.6, 0.4, -0.5]]  # [post, pre]
    >>> reg = DaleRNNRegressor.from_weights(
    ...     W_rec=W, W_in=[[1.0]] * 3, W_out=[[1.0, 1.0, 0.0]], signs=[1, 1, -1]
    ... )
    >>> # no inhibition of E
    >>> silence(reg, ("E", "I"), labels=["E", "E", "I"]).W_rec_
    array([[ 0. ,  0.5,  0. ],
           [ 0.8,  0. ,  0. ],
           [ 0.6,  0.4, -0.5]])
    >>> without = silence(reg, 1)  # one unit, cut from everything
    >>> without.W_rec_
    array([[ 0. ,  0. , -1. ],
           [ 0. ,  0. ,  0. ],
           [ 0.6,  0. , -0.5]])
    >>> without.W_out_
    array([[1., 0., 0.]])
    """
    cut = copy.deepcopy(estimator)
    for network in networks_in(cut, "estimator"):
        _cut(network, part, labels)
    return cut


def _cut(network: Any, part: Part, labels: Any) -> None:
    """Cut a part of one network, in place."""
    if not hasattr(network, "W_rec_"):
        raise ValueError("estimator must hold fitted estimators with W_rec_, got a weight matrix.")
    n_units = np.shape(network.W_rec_)[0]
    if is_edge_class(part):
        post, pre = (units_named(network, name, labels) for name in part)
        _cut_synapses(network, np.ix_(post, pre))
        return
    units = units_of_part(network, part, labels, n_units)
    columns = (slice(None), units)
    _cut_synapses(network, units)
    _cut_synapses(network, columns)
    _zero(network, "W_out_", columns)
    _forbid(network, "readout_mask", "W_out_", columns)
    _zero(network, "W_in_", units)
    _zero(network, "b_rec_", units)


def _cut_synapses(network: Any, where: Any) -> None:
    _zero(network, "W_rec_", where)
    _zero(network, "mask_", where)
    _forbid(network, "mask", "W_rec_", where)


def _zero(network: Any, name: str, where: Any) -> None:
    """Set entries of a fitted array to 0 (False), in an array of its own."""
    array = getattr(network, name, None)
    if is_sparse(array):
        setattr(network, name, _without(array, where))
    elif array is not None:
        array = np.array(array)
        array[where] = 0
        setattr(network, name, array)


def _without(matrix: Any, where: Any) -> Any:
    """Return a sparse matrix without the entries of some rows, in some columns."""
    entries = matrix.tocoo()
    axes = where if isinstance(where, tuple) else (where, slice(None))
    cut = np.ones(entries.nnz, dtype=bool)
    for axis, ends, size in zip(axes, (entries.row, entries.col), matrix.shape, strict=True):
        marks = np.zeros(size, dtype=bool)
        marks[axis if isinstance(axis, slice) else np.ravel(axis)] = True
        cut &= marks[ends]
    left = (entries.data[~cut], (entries.row[~cut], entries.col[~cut]))
    return csr_array(left, shape=matrix.shape)


def _forbid(network: Any, argument: str, weights: str, where: Any) -> None:
    """Take entries out of the mask that further training reads, an argument of the estimator."""
    from sk_biornn.biology.prior import matrix_mask  # loads torch

    if hasattr(network, argument):
        shape, axes = np.shape(getattr(network, weights)), _UNIT_AXES[argument]
        units = order_of(network)
        outputs = getattr(network, "output_names_", None)
        channels = UnitOrder(None if outputs is None else tuple(outputs), "y")
        given = getattr(network, argument)
        if isinstance(given, Connectome) and network.signs is None and given.signs is not None:
            network.signs = given  # which it had through the mask
        mask = units.arranged(as_mask(given), argument, axes, channels)
        if is_sparse(mask):
            left = _without(mask, where)
            if units.names is not None and isinstance(given, Connectome):
                left = Connectome(left, units.names)
            setattr(network, argument, left)
            return
        allowed = matrix_mask(argument, mask, shape)
        allowed = np.ones(shape, dtype=bool) if allowed is None else allowed
        allowed[where] = False
        setattr(network, argument, units.labelled(allowed, axes))
