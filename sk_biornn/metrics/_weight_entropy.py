"""Entropy of the distribution of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from sk_biornn._checks import check_count
from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import either_weights

_WEIGHTS_AT_ONCE = 1024  # times 100 points in float64: what a core's cache holds


def weight_entropy(W: Any, *, n_points: int = 100) -> float:
    r"""Return the entropy of the smoothed distribution of all weights, in bits.

    .. math::
        H = -\sum_k p_k \log_2 p_k, \quad
        p_k \propto \sum_{ij} \exp\left(-\frac{(x_k - W_{ij})^2}{2 h^2}\right)

    on points x_k equally spaced from the smallest to the largest weight, with the bandwidth of
    Scott's rule, h = sd(W) N^{-1/5} for N = n_units^2 weights.

    Parameters
    ----------
    W : array-like or sparse matrix of shape (n_units, n_units)
        Recurrent weights W[post, pre]; zeros and autapses count.
    n_points : int, default=100
        Number of points, at least two.

    Returns
    -------
    float
        In [0, log2(n_points)]; high for weights that are spread evenly over their range, low for
        many weights of one size and few others. 0 if all weights are equal, where the smoothed
        distribution has no value. It does not depend on the unit or the zero of the weights.

    Raises
    ------
    TypeError
        If `n_points` is not an integer.
    ValueError
        If `W` is not a finite square matrix, or `n_points` is below two.

    References
    ----------
    .. [1] D. W. Scott, "Multivariate Density Estimation", Wiley, 1992. doi:10.1002/9780470316849

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).normal(size=(50, 50))
    >>> round(weight_entropy(W), 2)
    5.9
    """
    n_points = check_count("n_points", n_points, low=2)
    weights = either_weights(W)
    if is_sparse(weights):
        n_zeros = weights.shape[0] ** 2 - weights.nnz
        values = np.append(weights.data, 0.0) if n_zeros else weights.data
    else:
        n_zeros, values = 0, weights.ravel()
    scaled = _scaled_to_unit_interval(values)
    if scaled is None:
        return 0.0
    share = _smoothed(scaled, np.linspace(0.0, 1.0, n_points), n_zeros)
    share = share[share > 0] / share.sum()
    return float(-xlogy(share, share).sum() / np.log(2))  # 0 log 0 is 0: gaps between outliers


def _scaled_to_unit_interval(weights: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the weights in [0, 1], or None if they are all equal.

    The entropy is the same, and weights near the ends of the floating-point range stay finite.
    """
    largest = np.abs(weights).max()
    if largest == 0:
        return None
    weights = weights / largest
    weights -= weights.min()
    spread = weights.max()
    return weights / spread if spread > 0 else None


def _deviation(weights: NDArray[np.float64], n_others: int) -> float:
    """Return the standard deviation of weights of which the last comes `n_others` times more."""
    if not n_others:
        return float(weights.std(ddof=1))
    n_weights = len(weights) + n_others
    mean = (weights.sum() + n_others * weights[-1]) / n_weights
    squares = np.square(weights - mean).sum() + n_others * np.square(weights[-1] - mean)
    return float(np.sqrt(squares / (n_weights - 1)))


def _smoothed(
    weights: NDArray[np.float64], points: NDArray[np.float64], n_last: int = 0
) -> NDArray[np.float64]:
    """Sum over all weights of a Gaussian around each, at every point.

    The last of them stands for `n_last` weights, the zeros of a sparse matrix; 0: for itself.
    """
    n_others = max(n_last - 1, 0)
    # Scott's rule in one dimension.
    bandwidth = _deviation(weights, n_others) * (len(weights) + n_others) ** -0.2
    scale = 1 / (np.sqrt(2) * bandwidth)
    weights, points = weights * scale, points * scale
    total = n_others * np.exp(-np.square(points - weights[-1]))
    for start in range(0, len(weights), _WEIGHTS_AT_ONCE):
        kernel = points[:, None] - weights[start : start + _WEIGHTS_AT_ONCE]
        np.square(kernel, out=kernel)
        np.negative(kernel, out=kernel)
        np.exp(kernel, out=kernel)
        total += kernel.sum(axis=1)
    return total
