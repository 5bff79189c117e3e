"""Spikes near other spikes, counted for all pairs of neurons without a loop over pairs.

All pairs share one matrix of counts and one vector T, so that the work is a matrix product (binned
counts) or one pass over all spikes per neuron (event times).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d

CHUNK_STEPS = 4096
EXACT_FLOAT32 = 2**24  # integers up to here, and their sums, are exact in float32


class Tiling(NamedTuple):
    """What the coefficients are computed from."""

    near: np.ndarray  # (n_neurons, n_neurons): spikes of a near one of b, [a, b]
    n_spikes: np.ndarray
    T: np.ndarray  # share of the recording that is near a spike


def tiling_of_counts(recordings: Sequence[np.ndarray], n_window_steps: int) -> Tiling:
    """Tiling of binned counts, each recording (n_steps, n_neurons).

    Two bins are near if their indices differ by `n_window_steps` or less; nothing is near across
    two recordings. A bin with the value c counts as c spikes.
    """
    n_neurons = recordings[0].shape[1]
    near = np.zeros((n_neurons, n_neurons))  # [a, b]: spikes of a near a spike of b
    n_spikes, n_tiled, n_steps = np.zeros(n_neurons), np.zeros(n_neurons), 0
    for counts in recordings:
        tiles = maximum_filter1d(
            (counts > 0).view(np.uint8), 2 * n_window_steps + 1, axis=0, mode="constant"
        )
        near += _product(counts, tiles)
        n_spikes += counts.sum(axis=0, dtype=np.float64)
        n_tiled += tiles.sum(axis=0, dtype=np.int64)
        n_steps += len(counts)
    return Tiling(near, n_spikes, n_tiled / n_steps)


def tiling_of_events(trains: Sequence[np.ndarray], window: float, epochs: np.ndarray) -> Tiling:
    """Tiling of sorted event times within epochs (n_epochs, 2).

    Two events are near if they are of one epoch and their times differ by `window` or less.
    """
    n_neurons = len(trains)
    near, tiled = np.zeros((n_neurons, n_neurons)), np.zeros(n_neurons)
    for start, stop in epochs:
        parts = [_within(train, start, stop) for train in trains]
        near_here, tiled_here = _near_and_tiled(parts, window, start, stop)
        near += near_here
        tiled += tiled_here
    tiled /= (epochs[:, 1] - epochs[:, 0]).sum()
    n_spikes = np.array([len(train) for train in trains])
    return Tiling(near, n_spikes, tiled)


def _within(train: np.ndarray, start: float, stop: float) -> np.ndarray:
    return train[np.searchsorted(train, start) : np.searchsorted(train, stop, side="right")]


def _near_and_tiled(
    trains: Sequence[np.ndarray], window: float, start: float, stop: float
) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of a near one of b, [a, b], and the time near the spikes of each, in one epoch."""
    n_neurons = len(trains)
    n_spikes = np.array([len(train) for train in trains])
    times = np.concatenate(trains)
    order = np.argsort(times, kind="stable")
    times, owner = times[order], np.repeat(np.arange(n_neurons), n_spikes)[order]
    near = np.zeros((n_neurons, n_neurons))
    tiled = np.zeros(n_neurons)
    for b, train in enumerate(trains):
        if len(train):
            is_near = _distance_to_nearest(times, train) <= window
            near[:, b] = np.bincount(owner[is_near], minlength=n_neurons)
            tiled[b] = _tiled_time(train, window, start, stop)
    return near, tiled


def tiling_coefficient(tiling: Tiling) -> np.ndarray:
    """Combine the counts; 0 for a silent neuron with any other, 1 on the diagonal."""
    near, n_spikes, T = tiling
    P = near / np.maximum(n_spikes, np.finfo(float).tiny)[:, np.newaxis]
    PT = np.minimum(P * T, 1.0)
    # P T = 1: every spike of a is near b because b tiles everything; the limit of the term is 1.
    limit = PT == 1.0
    term = np.where(limit, 1.0, (P - T) / np.where(limit, 1.0, 1.0 - PT))
    coefficient = (term + term.T) / 2.0
    silent = n_spikes == 0
    coefficient[silent] = 0.0
    coefficient[:, silent] = 0.0
    np.fill_diagonal(coefficient, 1.0)
    return coefficient


def _product(counts: np.ndarray, tiles: np.ndarray) -> np.ndarray:
    """Return counts.T @ tiles in chunks of steps; float32 where that loses nothing."""
    is_small = counts.dtype.kind in "iub" or bool((counts == np.floor(counts)).all())
    is_small = is_small and float(counts.max(initial=0)) * CHUNK_STEPS <= EXACT_FLOAT32
    dtype = np.float32 if is_small else np.float64
    product = np.zeros((counts.shape[1], tiles.shape[1]))
    for start in range(0, len(counts), CHUNK_STEPS):
        chunk = slice(start, start + CHUNK_STEPS)
        product += counts[chunk].astype(dtype).T @ tiles[chunk].astype(dtype)
    return product


def _distance_to_nearest(times: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Distance of every time to the nearest event of a sorted, non-empty train."""
    after = np.searchsorted(train, times)
    left = train[np.maximum(after - 1, 0)]
    right = train[np.minimum(after, len(train) - 1)]
    return np.minimum(np.abs(times - left), np.abs(right - times))


def _tiled_time(train: np.ndarray, window: float, t_start: float, t_stop: float) -> float:
    """Length of the union of [t - window, t + window], cut at the ends of the recording."""
    between = np.minimum(np.diff(train), 2.0 * window).sum()
    ends = min(train[0] - t_start, window) + min(t_stop - train[-1], window)
    return float(between + ends)
