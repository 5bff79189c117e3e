"""Scores from sums per trial, and what they are when trials are drawn again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._random import make_rng

Floats = NDArray[np.float64]

_HUGE = 1e200  # a squared error beyond is one of a forecast that has run away
_CONSTANT = 1e-20  # share of the power of a target that it must vary by


class TrialSums(NamedTuple):
    """Sums over the entries of each trial, (n_trials, n_outputs); y is counted from its mean."""

    n: Floats
    y: Floats
    yy: Floats
    power: Floats  # of y as it came

    @classmethod
    def of(cls, truth: Floats, of_trial: NDArray[np.int64], n_trials: int) -> TrialSums:
        """Add up rows (n_rows, n_outputs) by the trial each is of; NaN is not counted."""
        known = np.isfinite(truth)
        n = np.maximum(known.sum(axis=0), 1)
        centred = np.where(known, truth - np.where(known, truth, 0.0).sum(axis=0) / n, 0.0)
        parts = (known.astype(float), centred, centred**2, np.where(known, truth, 0.0) ** 2)
        return cls(*(by_trial(part, of_trial, n_trials) for part in parts))


class Scores(NamedTuple):
    """Scores of a model, one per draw of the trials."""

    mse: Floats
    r2: Floats


def by_trial(values: Floats, of_trial: NDArray[np.int64], n_trials: int) -> Floats:
    """Add up rows by the trial each is of."""
    sums = np.zeros((n_trials, values.shape[1]))
    np.add.at(sums, of_trial, values)
    return sums


def squared_errors(truth: Floats, prediction: Floats) -> Floats:
    """Return squared errors, 0 where the truth is not known; finite where a forecast is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        errors = (prediction - truth) ** 2
    errors = np.where(np.isnan(errors), np.inf, errors)
    return np.where(np.isfinite(truth), np.minimum(errors, _HUGE), 0.0)


def scores(truth: TrialSums, errors: Floats, draws: Floats, weighted: bool) -> Scores:
    """Return mean squared error and R^2 of each draw, (n_draws, n_trials) counts of the trials.

    R^2 is the mean over the outputs that vary, `weighted` by their variances or not. A variance is
    that over all trials, in every draw: fewer different trials vary less among each other, and an
    R^2 with the variance of the draw would be lower in nearly all draws than that of all trials.
    """
    n_all = truth.n.sum(axis=0)
    spread = truth.yy.sum(axis=0) - truth.y.sum(axis=0) ** 2 / np.maximum(n_all, 1)
    varies = spread > _CONSTANT * truth.power.sum(axis=0)
    variance = np.where(varies, spread / np.maximum(n_all, 1), 1.0)
    n, total = draws @ truth.n, draws @ errors
    counted, n_entries = varies & (n > 0), n.sum(axis=1)
    weights = np.where(counted, n * variance if weighted else 1.0, 0.0)
    left = (weights * total / np.maximum(n, 1) / variance).sum(axis=1)
    whole = weights.sum(axis=1)
    missing = np.full(len(draws), np.nan)
    return Scores(
        np.divide(total.sum(axis=1), n_entries, out=missing.copy(), where=n_entries > 0),
        1 - np.divide(left, whole, out=missing.copy(), where=whole > 0),
    )


def draw_blocks(n_trials: int, block_length: int, n_draws: int, random_state: Any) -> Floats:
    """Return how often each trial is drawn, (n_draws, n_trials), when blocks of them are.

    A draw has as many trials as there are: runs of `block_length` trials that follow each other,
    each from a place drawn at random; the first trial follows the last.
    """
    rng = make_rng(random_state)
    n_blocks = -(-n_trials // block_length)
    starts = rng.integers(n_trials, size=(n_draws, n_blocks, 1))
    drawn = (starts + np.arange(block_length)) % n_trials
    drawn = drawn.reshape(n_draws, -1)[:, :n_trials]
    counts = np.zeros((n_draws, n_trials))
    np.add.at(counts, (np.arange(n_draws)[:, None], drawn), 1.0)
    return counts


def interval(values: Floats, confidence: float) -> tuple[float, float]:
    """Return the percentiles that hold the middle share of values; NaN for none."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
