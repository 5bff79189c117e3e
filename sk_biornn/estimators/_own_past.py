"""Where outputs that continue their inputs start: each from its own past, in closed form.

How many running means of the past an output sees, and how much what they say is shrunk towards an
AR(1), is chosen by free runs over trials that the fit has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn.core.own_past import TIME_CONSTANTS

Array = NDArray[np.float64]

RIDGES = (1e-3, 1e-2, 1e-1, 1.0)  # times the mean variance of the running means, on their slopes
N_MEANS = (0, 1, 2, 4)
_DEFAULT = (4, 1e-2)  # where there are too few trials to choose by
_HORIZON, _N_FOLDS, _MOST_RUNS = 10, 5, 500
_NEWS = 1e-6  # share of its power that what is read must have beside the past to have a gain


class OwnPast(NamedTuple):
    """y = x (of increments) + sum of slopes x terms + intercept."""

    slopes: Array  # (n_terms, n_outputs)
    intercepts: Array  # (n_outputs,)


class Moments(NamedTuple):
    """Weighted sums over the steps of one or some trials, output by output."""

    weight: Array  # (n_outputs,)
    means: Array  # (n_outputs, n_terms + 1): sums of the terms and of the target
    products: Array  # (n_outputs, n_terms + 1, n_terms + 1)

    @classmethod
    def of(cls, terms: Array, values: Array, weights: Array) -> Moments:
        """Sum over steps: of terms (..., n_terms, n_outputs), the rest (..., n_outputs)."""
        rows = np.concatenate([terms, values[..., None, :]], axis=-2)
        rows = rows.reshape(-1, *rows.shape[-2:])
        flat = weights.reshape(-1, weights.shape[-1])
        weighted = rows * flat[:, None]
        products = np.einsum("sik,sjk->kij", weighted, rows, optimize=True)
        return cls(flat.sum(axis=0), weighted.sum(axis=0).T, products)

    def without(self, other: Moments) -> Moments:
        """Return the sums over the other trials."""
        return Moments(*(whole - part for whole, part in zip(self, other, strict=True)))

    def fit(self, n_means: int, ridge: float) -> OwnPast:
        """Return the slopes of the present and of so many running means, 0 for the others."""
        n_terms, n_outputs = self.means.shape[1] - 1, len(self.weight)
        slopes = np.zeros((n_terms, n_outputs))
        total = np.maximum(self.weight, np.finfo(np.float64).tiny)
        means = self.means / total[:, None]
        spread = self.products / total[:, None, None] - means[:, :, None] * means[:, None, :]
        if n_terms:
            used = np.arange(1 + n_means)
            gram = spread[:, used[:, None], used].copy()
            variances = np.diagonal(gram, axis1=1, axis2=2)
            least = np.finfo(np.float64).eps * variances.max(axis=1) + np.finfo(np.float64).tiny
            gram[:, used, used] += least[:, None]  # of a channel that never changes
            if n_means:
                penalty = ridge * variances[:, 1:].mean(axis=1)
                gram[:, used[1:], used[1:]] += penalty[:, None]
            slopes[used] = np.linalg.solve(gram, spread[:, used, -1:])[:, :, 0].T
        intercepts = means[:, -1] - (means[:, :-1] * slopes.T).sum(axis=1)
        return OwnPast(slopes, intercepts)


class PastOfOutputs(NamedTuple):
    """The past of every output, what is to follow from it, and what of it is used."""

    terms: Array  # (n_trials, n_steps, n_terms, n_outputs)
    targets: Array  # (n_trials, n_steps, n_outputs)
    weights: Array  # likewise
    chosen: tuple[int, float]  # number of running means, and ridge

    @classmethod
    def of(
        cls,
        terms: NDArray[Any],
        targets: NDArray[Any],
        weights: NDArray[Any],
        increments: bool,
        goes_on: bool,
    ) -> PastOfOutputs:
        """Choose what of the past is used.

        Parameters
        ----------
        terms : ndarray of shape (n_trials, n_steps, n_terms, n_outputs)
            Present inputs and differences of running means from them, as of `core.own_past`;
            without terms there is an intercept alone.
        targets, weights : ndarray of shape (n_trials, n_steps, n_outputs)
            Targets, and how much each counts.
        increments : bool
            Whether the present input is added anyway; then the first term, or what stands for it
            where there are no terms, is taken off `targets` by the caller.
        goes_on : bool
            Whether targets are the next inputs: free runs then choose what of the past is used.

        Returns
        -------
        PastOfOutputs
            The past, with that choice.
        """
        terms, targets, weights = (array.astype(np.float64) for array in (terms, targets, weights))
        chosen = _DEFAULT
        if terms.shape[2] < 2:
            chosen = (0, 0.0)
        elif goes_on and len(terms) >= 2:
            chosen = _chosen_by_free_runs(terms, targets, weights, increments)
        return cls(terms, targets, weights, chosen)

    def fit(self, beside: NDArray[Any] | float = 0.0) -> OwnPast:
        """Fit every output by its own past, to which something is added beside it."""
        return Moments.of(self.terms, self.targets - beside, self.weights).fit(*self.chosen)

    def left_by(self, start: OwnPast) -> Array:
        """Return what weights of the own past leave of the targets."""
        return self.targets - (self.terms * start.slopes).sum(axis=2) - start.intercepts

    def gains(self, read: NDArray[Any]) -> Array:
        """Return by how much of what is read of its unit an output differs from its own past.

        What the past tells is taken off both, as Frisch, Waugh and Lovell have it. The gain is 1
        where the past tells all that is read.
        """
        rest = self.targets - self._said(self.targets)
        news = read - self._said(read)
        power = (self.weights * news**2).sum(axis=(0, 1))
        is_new = power > _NEWS * (self.weights * read.astype(np.float64) ** 2).sum(axis=(0, 1))
        together = (self.weights * news * rest).sum(axis=(0, 1))
        return np.divide(together, power, out=np.ones_like(power), where=is_new)

    def _said(self, values: NDArray[Any]) -> Array:
        """Return what the own past says of values."""
        past = Moments.of(self.terms, values.astype(np.float64), self.weights).fit(*self.chosen)
        return np.asarray((self.terms * past.slopes).sum(axis=2) + past.intercepts)


def _chosen_by_free_runs(
    terms: Array, targets: Array, weights: Array, increments: bool
) -> tuple[int, float]:
    """Return the number of running means and the ridge that are best on unseen trials."""
    candidates = [(0, 0.0), *product(N_MEANS[1:], RIDGES)]
    total, errors = Moments.of(terms, targets, weights), np.zeros(len(candidates))
    folds = np.array_split(np.arange(len(terms)), min(_N_FOLDS, len(terms)))
    for fold in folds:
        held = terms[fold], targets[fold], weights[fold]
        rest = total.without(Moments.of(*held))
        if not (rest.weight > 0).all():
            return _DEFAULT
        runs = list(_runs(*held, increments, most=_MOST_RUNS))
        for number, candidate in enumerate(candidates):
            past = rest.fit(*candidate)
            errors[number] += sum(_error(past, *run, increments) for run in runs)
    return candidates[int(np.argmin(errors))]


def _runs(
    terms: Array, targets: Array, weights: Array, increments: bool, most: int
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield where free runs start, what follows, and how much each of it counts.

    Of runs of one length: terms (n_runs, n_terms, n_outputs) at their first steps, targets and
    weights (n_runs, n_ahead, n_outputs), where targets are the values themselves.
    """
    judged = np.flatnonzero(weights.any(axis=(0, 2)))
    if not len(judged):
        return
    first, stop = int(judged[0]), int(judged[-1]) + 1
    n_ahead = min(_HORIZON, stop - first)
    values = targets + terms[:, :, 0] if increments else targets
    starts = np.arange(first, stop - n_ahead + 1, max(1, n_ahead // 2))
    thin = max(1, len(terms) * len(starts) // most)
    for number, start in enumerate(starts):
        which = slice(number % thin, None, thin)
        span = slice(start, start + n_ahead)
        yield terms[which, start], values[which, span], weights[which, span]


def _error(past: OwnPast, terms: Array, values: Array, weights: Array, increments: bool) -> float:
    """Return the weighted squared error of free runs, summed over outputs and steps ahead."""
    decays = np.exp(-1 / np.array(TIME_CONSTANTS[: terms.shape[1] - 1]))[:, None]
    present = terms[:, 0]
    means = terms[:, 1:] + present[:, None]
    total = 0.0
    for ahead in range(values.shape[1]):
        if ahead:
            means = decays * means + (1 - decays) * present[:, None]
        seen = np.concatenate([present[:, None], means - present[:, None]], axis=1)
        following = (seen * past.slopes).sum(axis=1) + past.intercepts
        following = following + present if increments else following
        difference = np.clip(following - values[:, ahead], -1e100, 1e100)
        total += float((weights[:, ahead] * difference**2).sum())
        present = following
    return total
