"""Spike time tiling coefficient (STTC) of all pairs of neurons, and windows it is no use for."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sk_biornn._blas import single_blas_thread
from sk_biornn._checks import check_number
from sk_biornn.activity._spike_trains import SpikeTrains, read_spike_trains
from sk_biornn.activity._tiles import (
    Tiling,
    tiling_coefficient,
    tiling_of_counts,
    tiling_of_events,
)
from sk_biornn.activity.recordings import check_recordings

LARGEST_WINDOW = 1 / 8  # of a recording: within a window around one spike lies a quarter of it
FEW_BINS = 10  # a window of so few bins is no mistake of units, however short the recording
FULL = 0.99  # share of a recording near the spikes of a neuron from which on it says nothing


def spike_time_tiling(
    spike_times: Any,
    *,
    t_stop: float | None = None,
    t_start: float = 0.0,
    window: float = 100.0,
    time_unit: str = "ms",
) -> np.ndarray:
    r"""Return the spike time tiling coefficient of all pairs of spike trains.

    .. math::
        \frac{1}{2} \left(\frac{P_A - T_B}{1 - P_A T_B} + \frac{P_B - T_A}{1 - P_B T_A}\right)

    with :math:`T_A` the share of the recording within the window around a spike of A, and
    :math:`P_A` the share of the spikes of A within the window around a spike of B. It does not
    depend on the firing rates, as a correlation of spike counts does [1]_.

    Parameters
    ----------
    spike_times : list, dict, TsGroup or Ts of pynapple, or list of SpikeTrain of neo
        Spike times of each neuron in any order, in `time_unit`; a dict has them by name. Times of
        pynapple and neo have their own unit, and are converted from it.
    t_stop : float or None, default=None
        End of the recording, in `time_unit`. None: as the objects of pynapple or neo have it, a
        time support of several epochs too; no spikes are near across two epochs.
    t_start : float, default=0.0
        Start of the recording, in `time_unit`; it plays no part without `t_stop`.
    window : float, default=100.0
        Two spikes are near if they differ by `window` or less, always in ms.
    time_unit : {"ms", "s"}, default="ms"
        Unit of `spike_times`, `t_start` and `t_stop`. Seconds are converted to the nanosecond.

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
        If an argument is out of its range, a spike is outside of the recording, or `window` is
        longer than an eighth of the recording, or T is .99 or more for all of two or more neurons
        that spike. As T approaches 1, so does P, and the coefficient of any two neurons. Times in
        seconds that are read as ms are such a case.

    Warns
    -----
    UserWarning
        If T is .99 or more for half of the neurons that spike, and not for all of them.

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
    trains = read_spike_trains(
        spike_times, "spike_times", time_unit=time_unit, t_start=t_start, t_stop=t_stop
    )
    return tiling_of_trains(trains, window)


def tiling_of_trains(trains: SpikeTrains, window: float) -> np.ndarray:
    """STTC (n_neurons, n_neurons) of spike trains; a window that tiles all of it is not used."""
    length = float((trains.epochs[:, 1] - trains.epochs[:, 0]).sum())
    _check_window(window, length, "time_unit='s' if the spike times are in seconds")
    tiling = tiling_of_events(trains.times, window, trains.epochs)
    _check_tiles(tiling, "time_unit='s' if the spike times are in seconds")
    return tiling_coefficient(tiling)


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
        If an argument is out of its range, a count is negative, the recordings do not hold
        finite numbers of one number of neurons, or `window` is longer than an eighth of all
        recordings together, or leaves too few steps out, see `spike_time_tiling`; a window of up
        to 10 bins is taken in any case.

    Warns
    -----
    UserWarning
        If there are more neurons than steps, as in an array (cells, frames); or as
        `spike_time_tiling`.

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
    n_window_steps = steps_within(window, dt)
    if n_window_steps <= FEW_BINS:
        return tiling_coefficient(tiling_of_counts(recordings, n_window_steps))
    _check_window(window, sum(map(len, recordings)) * dt, "dt in ms, as window is")
    tiling = tiling_of_counts(recordings, n_window_steps)
    _check_tiles(tiling, "dt in ms, as window is")
    return tiling_coefficient(tiling)


def _check_window(window: float, length: float, way_out: str) -> None:
    if window > LARGEST_WINDOW * length:
        raise ValueError(
            f"window must be at most an eighth of the recording of {length:g} ms, or every spike "
            f"is near every other, got {window:g} ms; pass {way_out}."
        )


def _check_tiles(tiling: Tiling, way_out: str) -> None:
    """Refuse a matrix of ones; warn if half of the neurons are always near a spike."""
    T = np.sort(tiling.T[tiling.n_spikes > 0])
    if len(T) < 2 or np.median(T) < FULL:
        return
    if T[0] >= FULL:
        raise ValueError(
            f"window must leave some of the recording out, got one with which at least {T[0]:.2%} "
            f"of it is near a spike of any neuron that has one; pass {way_out}."
        )
    warnings.warn(
        f"{np.median(T):.2%} of the recording (median of the neurons) is within window of a spike,"
        f" so that coefficients are near 1 whatever the neurons do; pass {way_out}.",
        UserWarning,
        stacklevel=4,
    )


def steps_within(window: float, dt: float) -> int:
    """Return how many whole bins fit into a window; the addend keeps 0.3 / 0.1 at 3."""
    return int(window / dt + 1e-9)
