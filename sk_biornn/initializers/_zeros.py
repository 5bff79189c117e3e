"""Synapses that start at zero, for methods of training under which zero is for ever."""

from __future__ import annotations

import numpy as np

from sk_biornn.initializers._base import check_matrix, check_signs_and_mask

FLOOR = 1e-3  # of the root mean square: what a synapse that starts at zero is given


def lift_zeros(weights: np.ndarray, signs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Give allowed synapses of signed units that are exactly zero a small weight of their sign.

    Parameters
    ----------
    weights : ndarray of shape (n_units, n_units)
        Recurrent weights W[post, pre] that obey signs and mask.
    signs : ndarray of shape (n_units,)
        +1 excitatory, -1 inhibitory, 0 free.
    mask : bool ndarray of shape (n_units, n_units)
        Allowed synapses.

    Returns
    -------
    ndarray of shape (n_units, n_units)
        A copy in which those weights are 1e-3 of the root mean square of the allowed ones.

    Raises
    ------
    ValueError
        If an argument is not of that shape or kind.

    Examples
    --------
    >>> import numpy as np
    >>> W, mask = (
    ...     np.array([[2.0, 0.0], [0.0, 0.0]]),
    ...     np.array([[True, True], [True, False]]),
    ... )
    >>> lift_zeros(W, np.array([1.0, -1.0]), mask).round(3).tolist()
    [[2.0, -0.001], [0.001, 0.0]]
    """
    signs, mask = check_signs_and_mask(signs, mask)
    weights = check_matrix("weights", weights, mask.shape)
    largest = np.abs(weights).max(initial=0.0)
    scale = largest if largest > 1e150 else 1.0  # whose squares have no number
    rms = scale * np.sqrt(np.mean(np.square(weights[mask] / scale))) if mask.any() else 0.0
    lifted = mask & (weights == 0) & (signs != 0)
    return np.where(lifted, FLOOR * rms * signs, weights)
