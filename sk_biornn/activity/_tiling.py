"""Spike time tiling coefficient (STTC) of all pairs of neurons, without a loop over pairs.

    STTC(A, B) = 1/2 [ (P_A - T_B) / (1 - P_A T_B)  +  (P_B - T_A) / (1 - P_B T_A) ]

T_A is the share of the recording within +-window of a spike of A; P_A is the share of A's spikes
within +-window of a spike of B. Cutts and Eglen (2014), Journal of Neuroscience 34,
doi:10.1523/JNEUROSCI.2767-14.2014. All pairs share one matrix of counts and one vector T, so that
the work is a matrix product (binned counts) or one pass over all spikes per neuron (event times).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import maximum_filter1d

CHUNK_STEPS = 4096
EXACT_FLOAT32 = 2**24  # integers up to here, and their sums, are exact in float32


def sttc_of_counts(recordings: Sequence[np.ndarray], n_window_steps: int) -> np.ndarray:
    """STTC (n_neurons, n_neurons) of binned counts, each recording (n_steps, n_neurons).

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
    return _tiling_coefficient(near, n_spikes, n_tiled / n_steps)


def sttc_of_events(
    trains: Sequence[np.ndarray], window: float, t_start: float, t_stop: float
) -> np.ndarray:
    """STTC (n_neurons, n_neurons) of sorted event times within [t_start, t_stop].

    Two events are near if their times differ by `window` or less.
    """
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
            tiled[b] = _tiled_time(train, window, t_start, t_stop) / (t_stop - t_start)
    return _tiling_coefficient(near, n_spikes, tiled)


def _tiling_coefficient(near: np.ndarray, n_spikes: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Combine the counts; 0 for a silent neuron with any other, 1 on the diagonal."""
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
