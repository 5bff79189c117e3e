"""Ridge regression from sums of squares, which parts of the data can be taken out of exactly."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning, solve

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_CONSTANT = 1e-12  # share of its power that a feature must vary by
ALPHAS = np.logspace(-4, 2, 13)  # what "auto" chooses among


class Moments(NamedTuple):
    """Weighted sums over rows of features x (n_features,) and targets y (n_targets,)."""

    n: float
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats, weights: Floats) -> Moments:
        """Add up rows."""
        weighted = weights[:, None] * x
        return cls(
            float(weights.sum()),
            weighted.sum(axis=0),
            weights @ y,
            weighted.T @ x,
            weighted.T @ y,
            weights @ y**2,
        )

    def without(self, part: Moments) -> Moments:
        """Return the sums without those of some rows."""
        pairs: Iterable[tuple[Any, Any]] = zip(self, part, strict=True)
        return Moments(*(a - b for a, b in pairs))

    def error(self, coef: Floats, intercept: Floats) -> Floats:
        """Return the sum of squared errors per target of y = x @ coef + intercept."""
        of_x = (coef * (self.xx @ coef)).sum(axis=0) - 2 * (coef * self.xy).sum(axis=0)
        of_c = intercept * (self.n * intercept - 2 * self.y + 2 * (self.x @ coef))
        return self.yy + of_x + of_c

    def variances(self) -> Floats:
        """Return the variance of each target."""
        return self.yy / self.n - (self.y / self.n) ** 2


def total(parts: Iterable[Moments]) -> Moments:
    """Return the sums over all parts."""
    return Moments(*(sum(values) for values in zip(*parts, strict=True)))


def ridge(
    moments: Moments, alpha: float, allowed: Flags | None = None, free: Flags | None = None
) -> tuple[Floats, Floats]:
    """Minimise mean (y - x w - c)^2 + alpha sum_j var(x_j) w_j^2 for each target.

    Parameters
    ----------
    moments : Moments
        Sums over the rows.
    alpha : float
        Strength of the penalty.
    allowed : ndarray of bool of shape (n_targets, n_features) or None
        Which features a target may depend on; None: all.
    free : ndarray of bool of shape (n_targets, n_features) or None
        For which of them there is no penalty; None: none.

    Returns
    -------
    coef : ndarray of shape (n_features, n_targets)
        Weights; 0 of a feature that does not vary. Where several solutions are equally good, that
        of the least norm.
    intercept : ndarray of shape (n_targets,)
        Intercepts.
    """
    mean, mean_y = moments.x / moments.n, moments.y / moments.n
    gram = moments.xx / moments.n - np.outer(mean, mean)
    product = moments.xy / moments.n - np.outer(mean, mean_y)
    varies = gram.diagonal() > _CONSTANT * moments.xx.diagonal() / moments.n
    coef = np.zeros_like(product)
    if varies.any():
        gram, product = gram[np.ix_(varies, varies)], product[varies]
        allowed = None if allowed is None else allowed[:, varies]
        free = None if free is None else free[:, varies]
        coef[varies] = _coefficients(gram, product, alpha, allowed, free)
    return coef, mean_y - mean @ coef


def _coefficients(
    gram: Floats, product: Floats, alpha: float, allowed: Flags | None, free: Flags | None
) -> Floats:
    penalty = alpha * gram.diagonal()
    if allowed is not None:
        return _one_by_one(gram, product, penalty, allowed, free)
    if free is None or alpha == 0:
        return _solved(gram + np.diag(penalty), product)
    return _all_features(gram, product, penalty, free)


def _one_by_one(
    gram: Floats, product: Floats, penalty: Floats, allowed: Flags, free: Flags | None
) -> Floats:
    """Solve for the features of each target alone."""
    coef = np.zeros_like(product)
    for target, chosen in enumerate(allowed):
        places = np.flatnonzero(chosen)
        of_it = penalty[places]
        if free is not None:
            of_it = np.where(free[target, places], 0.0, of_it)
        matrix = gram[np.ix_(places, places)] + np.diag(of_it)
        coef[places, target] = _solved(matrix, product[places, target])
    return coef


def _all_features(gram: Floats, product: Floats, penalty: Floats, free: Flags) -> Floats:
    """Solve where all features are there, and a few of them, other ones per target, are free.

    With F the free features and R the others, ``w_R = M^-1 (b_R - G_RF w_F)`` with ``M = G_RR +
    penalty``, and M^-1 is a part of the inverse of the whole less what F takes of it: one inverse
    and two products serve all targets.
    """
    inverse = np.linalg.inv(gram + np.diag(penalty))
    targets, features = np.nonzero(free)
    sides, couplings = product.copy(), gram[:, features]
    sides[features, targets] = 0.0
    couplings[free.T[:, targets]] = 0.0
    of_sides, of_couplings = inverse @ sides, inverse @ couplings
    coef = of_sides.copy()
    for target in np.unique(targets):
        its = targets == target
        own = features[its]
        spread = np.column_stack([of_sides[:, target], of_couplings[:, its]])
        taken = np.linalg.solve(inverse[np.ix_(own, own)], spread[own])
        spread -= inverse[:, own] @ taken
        spread[own] = 0.0
        coupled = gram[own] @ spread
        weights = _solved(
            gram[np.ix_(own, own)] - coupled[:, 1:], product[own, target] - coupled[:, 0]
        )
        coef[:, target] = spread[:, 0] - spread[:, 1:] @ weights
        coef[own, target] = weights
    return coef


def _solved(matrix: Floats, product: Floats) -> Floats:
    """Solve for a symmetric matrix; where it is singular, return the solution of least norm."""
    if not len(matrix):
        return np.zeros_like(product)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", LinAlgWarning)
            return np.asarray(solve(matrix, product, assume_a="pos"))
    except (np.linalg.LinAlgError, LinAlgWarning):
        return np.asarray(np.linalg.pinv(matrix, rcond=1e-10, hermitian=True) @ product)


def left_out_errors(
    parts: Sequence[Moments],
    alpha: float,
    allowed: Flags | None = None,
    free: Flags | None = None,
) -> Floats:
    """Return the squared error per target in each part when the others are fitted, added up."""
    whole = total(parts)
    errors = np.zeros(len(whole.y))
    for part in parts:
        others = whole.without(part)
        if part.n > 0 and others.n > 0:
            errors += part.error(*ridge(others, alpha, allowed, free))
    return errors
