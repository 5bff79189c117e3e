"""Which entries to keep, given how many: inclusion probabilities, and draws that have them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_biornn._checks import check_number
from sk_biornn._plain import moderate, real_array
from sk_biornn._random import RandomState, make_rng


def keep_probabilities(weights: ArrayLike, n_kept: float) -> NDArray[np.float64]:
    r"""Return probabilities to keep each entry, in proportion to its absolute value.

    .. math:: p_i = \min(1, K |w_i|), \quad \sum_i p_i = \min(n_{kept}, \#\{w_i \ne 0\}).

    K is found exactly: if the j largest entries have probability 1, the others share what is left,
    :math:`K = (n_{kept} - j) / \sum_{i > j} |w_{(i)}|`, and j is the least number for which none
    of them exceeds 1.

    Parameters
    ----------
    weights : array-like
        Weights of any shape and sign; zeros are never kept.
    n_kept : float
        Expected number of entries to keep, at least 0.

    Returns
    -------
    ndarray of the shape of `weights`
        Probabilities in [0, 1].

    Raises
    ------
    TypeError
        If `n_kept` is not a number.
    ValueError
        If `n_kept` is negative, or a weight is not finite.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> keep_probabilities([1.0, -1.0, 2.0, 0.0], 2).tolist()
    [0.5, 0.5, 1.0, 0.0]
    """
    sizes = np.abs(real_array(weights, "weights", truth_values=True))
    if not np.isfinite(sizes).all():
        raise ValueError("weights must be finite, got NaN or infinity.")
    check_number("n_kept", n_kept, low=0.0)
    if n_kept >= np.count_nonzero(sizes):
        return (sizes > 0).astype(np.float64)
    if n_kept == 0:
        return np.zeros_like(sizes)
    sizes = moderate(sizes)  # only ratios matter
    largest_first = np.sort(sizes[sizes > 0])[::-1]
    rest = np.cumsum(largest_first[::-1])[::-1]  # rest[j]: sum of all but the j largest
    left = n_kept - np.arange(len(largest_first))
    # The first j for which K |w| <= 1, with K = left / rest, holds for the largest of the rest.
    n_certain = int(np.argmax(left * largest_first <= rest))  # always true for one left
    shared = rest[n_certain]
    p = np.minimum(1.0, left[n_certain] * (np.minimum(sizes, shared) / shared))
    # What is certain is so exactly, whatever rounding made of K.
    return np.where(sizes >= largest_first[n_certain - 1], 1.0, p) if n_certain else p


def draw_independent(
    probabilities: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw every entry by itself: the number that is kept varies around its expectation."""
    return rng.random(probabilities.shape) < probabilities


def systematic_sample(
    probabilities: ArrayLike, random_state: RandomState = None
) -> NDArray[np.bool_]:
    """Draw a fixed number of entries with given inclusion probabilities (systematic sampling).

    The probabilities, in random order, are laid end to end; every entry whose stretch contains one
    of the points u, u + 1, u + 2, ... is taken, with u uniform in [0, 1). The number taken is the
    sum of the probabilities where that is an integer, and otherwise one of the two integers beside
    it, in expectation the sum.

    Parameters
    ----------
    probabilities : array-like
        Probabilities in [0, 1], of any shape.
    random_state : int, RandomState, Generator or None, default=None
        Source of randomness.

    Returns
    -------
    bool ndarray of the shape of `probabilities`
        Which entries are taken.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1].

    References
    ----------
    .. [1] W. G. Madow, "On the theory of systematic sampling, II", Annals of Mathematical
       Statistics, 1949. doi:10.1214/aoms/1177729988

    Examples
    --------
    >>> int(systematic_sample([0.5, 0.5, 0.25, 0.75], random_state=0).sum())
    2
    """
    p = real_array(probabilities, "probabilities")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must be in [0, 1], got values outside.")
    rng = make_rng(random_state)
    taken = p == 1
    order = rng.permutation(np.flatnonzero((p > 0) & ~taken))
    ends = np.cumsum(p.ravel()[order])
    if len(ends):
        total, nearest = ends[-1], np.round(ends[-1])
        if abs(total - nearest) < 1e-9 * max(nearest, 1):  # an integer but for rounding errors
            ends *= nearest / total
            ends[-1] = nearest
        points = ends - rng.random()  # the number of points before an end is ceil(end - u)
        taken.reshape(-1)[order] = np.diff(np.ceil(points), prepend=0.0) > 0
    return taken
