"""Correlation, partial correlation and precision of activity traces, finite for any traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sk_biornn._blas import single_blas_thread
from sk_biornn._checks import check_choice, check_number, refusal
from sk_biornn.activity.recordings import check_recordings

CENTERS = ("each", "all")
_LARGE = 1e150


@single_blas_thread
def correlation(recordings: Any, *, center: str = "each") -> np.ndarray:
    r"""Return the Pearson correlation of the traces of all pairs of neurons.

    .. math::
        R_{ij} = \frac{\sum_t x_i(t) x_j(t)}{\sqrt{\sum_t x_i(t)^2 \sum_t x_j(t)^2}}

    of the centred traces x, summed over all recordings.

    Parameters
    ----------
    recordings : array-like or list
        Traces of one recording, (n_steps, n_neurons), a list of such recordings, or trials
        (n_trials, n_steps, n_neurons). Trailing steps that are NaN in all neurons of one of
        several recordings are padding, and left out.
    center : {"each", "all"}, default="each"
        Whether each of several recordings loses its own mean (so that slow drifts between them do
        not correlate neurons) or all lose the common one.

    Returns
    -------
    ndarray of shape (n_neurons, n_neurons)
        Correlations in [-1, 1], symmetric, 1 on the diagonal; float64. A constant trace has 0 with
        every other one: nothing is known about it.

    Raises
    ------
    TypeError
        If `center` is no name.
    ValueError
        If `center` is another one, or the recordings do not hold finite numbers of one number of
        neurons.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.activity import correlation
    >>> traces = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 2.0]])
    >>> correlation(traces)
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    return _correlation_of(_standardized(recordings, center))


@single_blas_thread
def precision(
    recordings: Any, *, center: str = "each", shrinkage: float | str = "ledoit_wolf"
) -> np.ndarray:
    r"""Return the inverse of the shrunk correlation matrix of the traces of all neurons.

    .. math::
        P = \left((1 - s) R + s I\right)^{-1}

    with R the correlation matrix and s the shrinkage. A *negative* entry means that two neurons are
    active together, all others held fixed. Traces are brought to unit variance before they are
    shrunk, so that the unit of a trace does not matter.

    Parameters
    ----------
    recordings : array-like or list
        Traces, as in `correlation`.
    center : {"each", "all"}, default="each"
        Which mean several recordings lose, as in `correlation`.
    shrinkage : "ledoit_wolf" or float, default="ledoit_wolf"
        Weight of the identity, in [0, 1]. "ledoit_wolf": the weight of least expected squared
        error [1]_. At 0 a singular matrix is inverted on its range.

    Returns
    -------
    ndarray of shape (n_neurons, n_neurons)
        The precision matrix, symmetric; float64. A constant trace counts as independent of all
        others, with variance 1.

    Raises
    ------
    TypeError
        If `center` is no name, or `shrinkage` neither a name nor a number.
    ValueError
        If an argument is out of its range, or the recordings do not hold finite numbers of one
        number of neurons.

    See Also
    --------
    partial_correlation : The same relations, scaled to [-1, 1] and with their sign.

    References
    ----------
    .. [1] O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance
       matrices", Journal of Multivariate Analysis, 2004. doi:10.1016/S0047-259X(03)00096-4

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.activity import precision
    >>> traces = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 2.0]])
    >>> precision(traces, shrinkage=0.5).round(2)
    array([[ 1.07, -0.27],
           [-0.27,  1.07]])
    """
    check_shrinkage(shrinkage)
    return _precision_of(_standardized(recordings, center), shrinkage)


@single_blas_thread
def partial_correlation(
    recordings: Any, *, center: str = "each", shrinkage: float | str = "ledoit_wolf"
) -> np.ndarray:
    r"""Return the correlation of all pairs of neurons that the other neurons do not explain.

    .. math::
        -P_{ij} / \sqrt{P_{ii} P_{jj}}

    with P the `precision` of the traces.

    Parameters
    ----------
    recordings : array-like or list
        Traces, as in `correlation`.
    center : {"each", "all"}, default="each"
        Which mean several recordings lose, as in `correlation`.
    shrinkage : "ledoit_wolf" or float, default="ledoit_wolf"
        Weight of the identity, as in `precision`.

    Returns
    -------
    ndarray of shape (n_neurons, n_neurons)
        Partial correlations in [-1, 1], symmetric, 1 on the diagonal; float64.

    Raises
    ------
    TypeError
        If `center` is no name, or `shrinkage` neither a name nor a number.
    ValueError
        If an argument is out of its range, or the recordings do not hold finite numbers of one
        number of neurons.

    References
    ----------
    .. [1] O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance
       matrices", Journal of Multivariate Analysis, 2004. doi:10.1016/S0047-259X(03)00096-4

    Examples
    --------
    A chain, in which the ends are related through the middle only:

    >>> import numpy as np
    >>> from sk_biornn.activity import partial_correlation
    >>> rng = np.random.default_rng(0)
    >>> traces = np.cumsum(rng.standard_normal((2000, 3)), axis=1)
    >>> partial_correlation(traces).round(1) + 0.0
    array([[1. , 0.5, 0. ],
           [0.5, 1. , 0.7],
           [0. , 0.7, 1. ]])
    """
    P = precision(recordings, center=center, shrinkage=shrinkage)
    scale = 1.0 / np.sqrt(np.diag(P))
    R = np.clip(-P * np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(R, 1.0)
    return R


def check_shrinkage(shrinkage: Any) -> None:
    """Refuse what is neither "ledoit_wolf" nor a number in [0, 1]."""
    if not isinstance(shrinkage, str):
        check_number("shrinkage", shrinkage, low=0.0, high=1.0)
    elif shrinkage != "ledoit_wolf":
        raise refusal(
            "shrinkage", "'ledoit_wolf' or a number in [0, 1]", shrinkage, right_type=True
        )


def _standardized(recordings: Any, center: str) -> np.ndarray:
    check_choice("center", center, CENTERS)
    return standardized(check_recordings(recordings), center_each=center == "each")


def standardized(recordings: Sequence[np.ndarray], *, center_each: bool = True) -> np.ndarray:
    """Concatenate recordings (n_steps_i, n_neurons) to mean 0 and mean square 1 per neuron.

    With `center_each` every recording loses its own mean, else all lose the common one; the
    scale is common. A constant trace becomes all zeros.
    """
    parts = [np.asarray(part, dtype=np.float64) for part in recordings]
    largest = np.max([np.abs(part).max(axis=0) for part in parts], axis=0)
    exponents = np.where(largest > _LARGE, np.frexp(largest)[1], 0)
    parts = [np.ldexp(part, -exponents) for part in parts]  # so sums stay finite
    if not center_each:
        parts = [np.concatenate(parts)]
    # A constant trace is told by its range: its mean, and so the rest, may be off by a rounding.
    centered = [np.where(np.ptp(part, axis=0) > 0, part - part.mean(axis=0), 0.0) for part in parts]
    Z = _divide(np.concatenate(centered), lambda Z: np.abs(Z).max(axis=0))  # so squares stay finite
    return _divide(Z, lambda Z: np.sqrt(np.mean(Z**2, axis=0)))


def _correlation_of(Z: np.ndarray) -> np.ndarray:
    R = Z.T @ Z / len(Z)
    R = np.clip((R + R.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(R, 1.0)
    return R


def _precision_of(Z: np.ndarray, shrinkage: float | str) -> np.ndarray:
    active = Z.any(axis=0)
    P = np.eye(Z.shape[1])
    if active.any():
        inverse = _pseudo_inverse(_shrunk_covariance(Z[:, active], shrinkage))
        P[np.ix_(active, active)] = (inverse + inverse.T) / 2.0
    return P


def _divide(Z: np.ndarray, size: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Bring every column to size 1, columns of zeros excepted."""
    scale = size(Z)
    return Z / np.where(scale > 0, scale, 1.0)


def _pseudo_inverse(C: np.ndarray) -> np.ndarray:
    """Pseudo-inverse of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(C)
    present = values > len(C) * np.finfo(float).eps * values[-1]
    scaled = vectors[:, present] / np.sqrt(values[present])
    return scaled @ scaled.T


def _shrunk_covariance(Z: np.ndarray, shrinkage: float | str) -> np.ndarray:
    from sklearn.covariance import LedoitWolf, ShrunkCovariance

    common = {"assume_centered": True, "store_precision": False}
    if shrinkage == "ledoit_wolf":
        return LedoitWolf(**common).fit(Z).covariance_
    return ShrunkCovariance(shrinkage=shrinkage, **common).fit(Z).covariance_
