"""The flip-flop task: remember the sign of the last pulse."""

from __future__ import annotations

import numpy as np

from sk_biornn._checks import check_count, check_number
from sk_biornn._random import RandomState, make_rng


def make_flip_flop(
    n_trials: int = 100,
    *,
    n_steps: int = 50,
    pulse_probability: float = 0.05,
    n_channels: int = 1,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the flip-flop task: each output holds the sign of the last pulse of its input.

    At every step, independently in each channel::

        P(x_t = +1) = P(x_t = -1) = pulse_probability / 2,   x_t = 0 otherwise
        y_t = x_t  if x_t != 0  else  y_{t-1},           y_{-1} = 0

    Parameters
    ----------
    n_trials : int, default=100
        Number of trials.
    n_steps : int, default=50
        Number of time steps per trial.
    pulse_probability : float, default=0.05
        Probability per step of a pulse, of either sign together: half of them are +1. In [0, 1].
    n_channels : int, default=1
        Number of independent flip-flops (3 is the task of Sussillo and Barak).
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same trials each time.

    Returns
    -------
    X : ndarray of shape (n_trials, n_steps, n_channels), float32
        Pulses: -1, 0 or 1.
    y : ndarray of shape (n_trials, n_steps, n_channels), float32
        Last non-zero input up to and including the current step, 0 before the first pulse.

    Raises
    ------
    TypeError
        If a count is not an integer or `pulse_probability` is not a number.
    ValueError
        If an argument is out of its range.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970: 50 steps, one channel, probability 0.05, 6000 training and 1000
    test trials.

    Sussillo and Barak (2013), Opening the black box: low-dimensional dynamics in
    high-dimensional recurrent neural networks, Neural Computation 25, doi:10.1162/NECO_a_00409.

    Examples
    --------
    >>> from sk_biornn.datasets import make_flip_flop
    >>> X, y = make_flip_flop(2, n_steps=8, pulse_probability=0.4, random_state=2)
    >>> X[0, :, 0].astype(int)
    array([ 0,  0, -1,  1,  0,  0,  1,  1])
    >>> y[0, :, 0].astype(int)
    array([ 0,  0, -1,  1,  1,  1,  1,  1])
    """
    shape = (
        check_count("n_trials", n_trials),
        check_count("n_steps", n_steps),
        check_count("n_channels", n_channels),
    )
    probability = check_number("pulse_probability", pulse_probability, low=0.0, high=1.0)
    uniform = make_rng(random_state).random(shape)
    X = (uniform < probability / 2).astype(np.float32) - (uniform >= 1.0 - probability / 2)
    return X, _hold_last_pulse(X)


def _hold_last_pulse(X: np.ndarray) -> np.ndarray:
    """Last non-zero value along the steps; 0 before the first."""
    step = np.arange(X.shape[1])[:, np.newaxis]
    # Step 0 stands for "no pulse yet": its value is 0 unless it is itself the last pulse.
    last_pulse = np.maximum.accumulate(np.where(X != 0, step, 0), axis=1)
    return np.take_along_axis(X, last_pulse, axis=1)
