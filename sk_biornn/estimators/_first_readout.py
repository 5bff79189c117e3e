"""Where the read-out starts beside the own past of every output: at a ridge regression on units.

The network is run as it begins, and what the own past leaves of the targets is regressed on its
activity, in closed form: an echo state network (Jaeger, 2001, GMD Report 148). How much the weights
are shrunk is chosen on trials that the regression has not seen, and to 0 is among the choices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._blas import single_blas_thread

Array = NDArray[np.float64]

RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # times the mean variance of units
N_FOLDS = 5
_MOST_WORK = 4e9  # multiplications of one decomposition of all masks
_TINY = np.finfo(np.float64).tiny


class Readout(NamedTuple):
    """Weights and biases, outputs = weights @ activity + biases."""

    weights: Array  # (n_outputs, n_units)
    biases: Array  # (n_outputs,)


class ActivityMoments(NamedTuple):
    """Weighted sums over the steps of some trials."""

    weight: float
    activity: Array  # (n_units,)
    rest: Array  # (n_outputs,)
    squares: Array  # (n_units, n_units)
    products: Array  # (n_units, n_outputs)

    @classmethod
    @single_blas_thread
    def of(cls, activity: NDArray[Any], rest: Array, weights: Array) -> ActivityMoments:
        """Sum over steps: activity (..., n_units), what is left (..., n_outputs), weights (...)."""
        units = activity.reshape(-1, activity.shape[-1]).astype(np.float64)
        left, flat = rest.reshape(len(units), -1), weights.reshape(-1)
        weighted = units * flat[:, None]
        sums = (weighted.sum(axis=0), flat @ left, weighted.T @ units, weighted.T @ left)
        return cls(float(flat.sum()), *sums)

    def plus(self, other: ActivityMoments, sign: int = 1) -> ActivityMoments:
        """Return the sums over the trials of both, or with sign=-1 without those of the other."""
        pairs: Iterable[tuple[Any, Any]] = zip(self, other, strict=True)
        return ActivityMoments(*(a + sign * b for a, b in pairs))

    @single_blas_thread
    def fit(self, mask: NDArray[np.bool_], ridges: tuple[float, ...]) -> list[Readout]:
        """Return the ridge regression for each strength, of the units that the mask allows."""
        means = self.activity / self.weight
        left = self.rest / self.weight
        squares = self.squares / self.weight - np.outer(means, means)
        products = self.products / self.weight - np.outer(means, left)
        found = np.zeros((len(ridges), *mask.shape))
        for allowed, outputs in _alike(mask):
            block = squares[np.ix_(allowed, allowed)]
            powers, axes = np.linalg.eigh(block)
            rotated = axes.T @ products[np.ix_(allowed, outputs)]
            for number, ridge in enumerate(ridges):
                shrunk = np.maximum(powers, 0) + ridge * max(powers.mean(), _TINY)
                found[number][np.ix_(outputs, allowed)] = (axes @ (rotated / shrunk[:, None])).T
        return [Readout(weights, left - weights @ means) for weights in found]


def is_affordable(mask: NDArray[np.bool_]) -> bool:
    """Whether the regression costs little beside a training."""
    return len(np.unique(mask, axis=0)) * float(mask.shape[1]) ** 3 <= _MOST_WORK


def first_readout(
    folds: list[ActivityMoments],
    mask: NDArray[np.bool_],
    judge: Callable[[int, Readout], Array],
) -> Readout:
    """Return the regression whose strength is the best on unseen trials, or weights of 0.

    Parameters
    ----------
    folds : list of ActivityMoments
        Sums over the trials of each fold.
    mask : bool ndarray of shape (n_outputs, n_units)
        The weights that may exist.
    judge : callable
        (fold, read-out) -> squared errors (n_steps_ahead,) of the trials of a fold.

    Returns
    -------
    Readout
        Of all trials. The best has the least geometric mean, over steps ahead, of errors: errors of
        many steps ahead are all near the variance, and would otherwise outweigh those of the first.
    """
    whole = folds[0]
    for fold in folds[1:]:
        whole = whole.plus(fold)
    errors = np.zeros((1 + len(RIDGES), len(judge(0, _nothing(whole)))))
    for number, fold in enumerate(folds):
        rest = whole.plus(fold, -1)
        for place, readout in enumerate([_nothing(rest), *rest.fit(mask, RIDGES)]):
            with np.errstate(over="ignore"):  # of runs that explode
                errors[place] += judge(number, readout)
    best = int(np.argmin(np.log(np.maximum(errors, _TINY)).mean(axis=1)))
    return _nothing(whole) if best == 0 else whole.fit(mask, (RIDGES[best - 1],))[0]


def _nothing(moments: ActivityMoments) -> Readout:
    """Return a read-out that is the mean of what is left."""
    n_outputs, n_units = len(moments.rest), len(moments.activity)
    return Readout(np.zeros((n_outputs, n_units)), moments.rest / moments.weight)


def _alike(mask: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield units, and the outputs that read just these."""
    rows, which = np.unique(mask, axis=0, return_inverse=True)
    for number, row in enumerate(rows):
        if row.any():
            yield np.flatnonzero(row), np.flatnonzero(which.reshape(-1) == number)
