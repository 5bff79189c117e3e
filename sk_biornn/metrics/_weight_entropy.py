"""Entropy of the distribution of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from sk_biornn._checks import check_count
from sk_biornn.metrics._checks import check_weights

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
    W : array-like of shape (n_units, n_units)
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
    weights = _scaled_to_unit_interval(check_weights(W).ravel())
    if weights is None:
        return 0.0
    share = _smoothed(weights, np.linspace(0.0, 1.0, n_points))
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


def _smoothed(weights: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over all weights of a Gaussian around each, at every point."""
    # Scott's rule in one dimension.
    bandwidth = weights.std(ddof=1) * len(weights) ** -0.2
    scale = 1 / (np.sqrt(2) * bandwidth)
    weights, points = weights * scale, points * scale
    total = np.zeros(len(points))
    for start in range(0, len(weights), _WEIGHTS_AT_ONCE):
        kernel = points[:, None] - weights[start : start + _WEIGHTS_AT_ONCE]
        np.square(kernel, out=kernel)
        np.negative(kernel, out=kernel)
        np.exp(kernel, out=kernel)
        total += kernel.sum(axis=1)
    return total
