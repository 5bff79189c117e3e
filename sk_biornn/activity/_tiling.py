"""Spike time tiling coefficient (STTC) of all pairs of neurons, without a loop over pairs.

All pairs share one matrix of counts and one vector T, so that the work is a matrix product (binned
counts) or one pass over all spikes per neuron (event times).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.ndimage import maximum_filter1d

from sk_biornn._blas import single_blas_thread
from sk_biornn._checks import check_number
from sk_biornn._plain import found, is_several
from sk_biornn.activity.recordings import check_recordings, check_train

CHUNK_STEPS = 4096
EXACT_FLOAT32 = 2**24  # integers up to here, and their sums, are exact in float32


def spike_time_tiling(
    spike_times: Iterable[Any], *, t_stop: float, t_start: float = 0.0, window: float = 100.0
) -> np.ndarray:
    r"""Return the spike time tiling coefficient of all pairs of spike trains.

    .. math::
        \frac{1}{2} \left(\frac{P_A - T_B}{1 - P_A T_B} + \frac{P_B - T_A}{1 - P_B T_A}\right)

    with :math:`T_A` the share of the recording within the window around a spike of A, and
    :math:`P_A` the share of the spikes of A within the window around a spike of B. It does not
    depend on the firing rates, as a correlation of spike counts does [1]_.

    Parameters
    ----------
    spike_times : iterable of array-like of shape (n_spikes,)
        Spike times of each neuron in ms, in any order.
    t_stop : float
        End of the recording, in ms.
    t_start : float, default=0.0
        Start of the recording, in ms.
    window : float, default=100.0
        Two spikes are near if they differ by `window` or less, in ms.

    Returns
    -------
    ndarray of shape (n_neurons, n_neurons)
        Coefficients in [-1, 1], symmetric, 1 on the diagonal; float64. A neuron without a spike has
        0 with every other one.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If an argument is out of its range, or a spike is outside of the recording.

    See Also
    --------
    spike_count_tiling : The same of counts in bins.

    References
    ----------
    .. [1] C. S. Cutts, S. J. Eglen, "Detecting pairwise correlations in spike trains: an objective
       comparison of methods and application to the study of retinal waves", Journal of
       Neuroscience, 2014. doi:10.1523/JNEUROSCI.2767-14.2014

    Examples
    --------
    A recording of 1 s; the second neuron follows the first:

    >>> from sk_biornn.activity import spike_time_tiling
    >>> trains = [[100, 400, 700], [105, 408, 703], [250, 900]]
    >>> spike_time_tiling(trains, window=10, t_stop=1000).round(2)
    array([[ 1.  ,  1.  , -0.05],
           [ 1.  ,  1.  , -0.05],
           [-0.05, -0.05,  1.  ]])
    """
    window = check_number("window", window, low=0.0)
    t_start = check_number("t_start", t_start)
    t_stop = check_number("t_stop", t_stop, low=t_start, open_low=True)
    if not is_several(spike_times):
        raise TypeError(
            f"spike_times must be a list with the spike times per neuron, got {found(spike_times)}."
        )
    trains = [
        check_train("spike_times", number, train, t_start, t_stop)
        for number, train in enumerate(spike_times)
    ]
    if not trains:
        raise ValueError("spike_times must hold those of at least one neuron, got none.")
    return sttc_of_events(trains, window, t_start, t_stop)


@single_blas_thread
def spike_count_tiling(counts: Any, *, dt: float, window: float = 100.0) -> np.ndarray:
    """Return the spike time tiling coefficient of all pairs of neurons from counts in bins.

    The formula is that of `spike_time_tiling`, with bins in the place of times: a bin with the
    value c counts as c spikes, and no two bins of different recordings are near.

    Parameters
    ----------
    counts : array-like or list
        Spike counts of one recording, (n_steps, n_neurons), a list of such recordings, or trials
        (n_trials, n_steps, n_neurons). Trailing steps that are NaN in all neurons of one of
        several recordings are padding, and left out.
    dt : float
        Width of a bin, in ms.
    window : float, default=100.0
        Two bins are near if their indices differ by window / dt, rounded down, or less; in ms.

    Returns
    -------
    ndarray of shape (n_neurons, n_neurons)
        Coefficients in [-1, 1], symmetric, 1 on the diagonal; float64. A neuron without a spike has
        0 with every other one.

    Raises
    ------
    TypeError
        If `dt` or `window` is not a number.
    ValueError
        If an argument is out of its range, a count is negative, or the recordings do not hold
        finite numbers of one number of neurons.

    See Also
    --------
    spike_time_tiling : The same of spike times.

    References
    ----------
    .. [1] C. S. Cutts, S. J. Eglen, "Detecting pairwise correlations in spike trains: an objective
       comparison of methods and application to the study of retinal waves", Journal of
       Neuroscience, 2014. doi:10.1523/JNEUROSCI.2767-14.2014

    Examples
    --------
    >>> from sk_biornn.activity import spike_count_tiling
    >>> counts = [[1, 0], [0, 1], [0, 0], [0, 0], [1, 0], [0, 1]]
    >>> spike_count_tiling(counts, dt=5.0, window=0.0).round(2)
    array([[ 1.  , -0.33],
           [-0.33,  1.  ]])
    >>> spike_count_tiling(counts, dt=5.0, window=5.0)
    array([[1., 1.],
           [1., 1.]])
    """
    window = check_number("window", window, low=0.0)
    dt = check_number("dt", dt, low=0.0, open_low=True)
    recordings = check_recordings(counts, "counts")
    if any(part.min() < 0 for part in recordings):
        raise ValueError("counts must be numbers of spikes, got a negative one.")
    return sttc_of_counts(recordings, steps_within(window, dt))


def steps_within(window: float, dt: float) -> int:
    """Return how many whole bins fit into a window; the addend keeps 0.3 / 0.1 at 3."""
    return int(window / dt + 1e-9)


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
