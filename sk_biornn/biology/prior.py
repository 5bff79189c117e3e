"""Facts about units and synapses that constructor arguments state: column signs and the mask."""

from __future__ import annotations

from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_biornn._checks import check_count, check_number
from sk_biornn._plain import NO_NUMBERS, plain, refuse_masked, short
from sk_biornn._sparse import dense
from sk_biornn.units.signs import sign_array


def column_signs(
    n_units: int, signs: ArrayLike | None = None, excitatory_fraction: float = 0.8
) -> NDArray[np.float64]:
    """Return the sign of every unit's outgoing weights.

    Parameters
    ----------
    n_units : int
        Number of recurrent units.
    signs : array-like of shape (n_units,) or None, default=None
        +1 excitatory, -1 inhibitory, 0 not constrained.
    excitatory_fraction : float, default=0.8
        When `signs` is None, the first floor(excitatory_fraction * n_units) units (at least one)
        are excitatory and the others inhibitory.

    Returns
    -------
    ndarray of shape (n_units,)
        Values in -1, 0, +1.

    Raises
    ------
    ValueError
        If `signs` has another length or other values (truth values are none), or `n_units` or
        `excitatory_fraction` is no such number.

    Examples
    --------
    >>> column_signs(5).tolist()
    [1.0, 1.0, 1.0, 1.0, -1.0]
    """
    n_units = check_count("n_units", n_units, low=1)
    if signs is None:
        check_number("excitatory_fraction", excitatory_fraction, low=0.0, high=1.0)
        # The small addend keeps 0.29 * 100 = 28.999999999999996 at 29.
        n_excitatory = max(1, int(np.floor(excitatory_fraction * n_units + 1e-9)))
        return np.where(np.arange(n_units) < n_excitatory, 1.0, -1.0)
    return sign_array(signs, n_units)


def synapse_mask(
    n_units: int, mask: ArrayLike | None = None, autapses: bool = True
) -> NDArray[np.bool_]:
    """Return which synapses W[post, pre] may exist.

    Parameters
    ----------
    n_units : int
        Number of recurrent units.
    mask : array-like of bool of shape (n_units, n_units) or None, default=None
        True where a synapse [post, pre] is allowed; None allows all.
    autapses : bool, default=True
        Whether a unit may contact itself.

    Returns
    -------
    bool ndarray of shape (n_units, n_units)
        The allowed synapses.

    Raises
    ------
    ValueError
        If `mask` has another shape, or values other than 0 and 1.

    Examples
    --------
    >>> synapse_mask(2, autapses=False).tolist()
    [[False, True], [True, False]]
    """
    array = matrix_mask("mask", mask, (n_units, n_units))
    allowed = np.ones((n_units, n_units), dtype=bool) if array is None else array
    if not autapses:
        np.fill_diagonal(allowed, False)
    return allowed


def matrix_mask(
    name: str,
    mask: ArrayLike | None,
    shape: tuple[int, int],
    expected: str = "an array of bool (or of 0 and 1)",
) -> NDArray[np.bool_] | None:
    """Return a copy of a mask as bool, or None; refuse another shape and values but 0 and 1.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    mask : array-like or None
        The mask.
    shape : tuple of int
        Shape that it must have.
    expected : str, default="an array of bool (or of 0 and 1)"
        What it must be, for the message.

    Returns
    -------
    bool ndarray or None
        A copy.

    Raises
    ------
    ValueError
        If the shape or a value does not fit.

    Examples
    --------
    >>> matrix_mask("mask", [[0, 1]], (1, 2)).tolist()
    [[False, True]]
    """
    if mask is None:
        return None
    refuse_masked(mask, name)
    if isinstance(mask, (str, PathLike)):
        raise TypeError(
            f"{name} must be {expected}, got {short(mask)}; sk_biornn.datasets.read_connectome "
            "reads files."
        )
    mask = dense(plain(mask, name), name)
    try:
        array = np.asarray(mask)
    except NO_NUMBERS:  # rows of unequal length
        array = np.empty(0)
    if array.shape != shape:
        size = array.shape[0] if array.ndim == 2 and array.shape[0] == array.shape[1] else None
        way = f"; n_units={size} is a network of that size" if name == "mask" and size else ""
        raise ValueError(f"{name} must have shape {shape}, got shape {array.shape}{way}.")
    if array.dtype == object and all(isinstance(item, (bool, np.bool_)) for item in array.flat):
        array = array.astype(bool)  # of a frame of nullable booleans
    if array.dtype != bool and not (array.dtype.kind in "iuf" and np.isin(array, (0, 1)).all()):
        numeric = array.dtype.kind in "iuf"
        other = array[~np.isin(array, (0, 1))][0] if numeric else None
        came = f"an array of {array.dtype}"
        if numeric:
            came = f"the value {other}; {name} != 0 is the mask of what is not 0"
        raise ValueError(f"{name} must be {expected}, got {came}.")
    return array.astype(bool)
