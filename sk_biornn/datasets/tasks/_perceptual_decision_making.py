"""The perceptual decision: tell which of a few noisy inputs is the strongest on average."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sk_biornn._checks import check_count, check_number
from sk_biornn._random import RandomState, make_rng

COHERENCES = (0.0, 6.4, 12.8, 25.6, 51.2)  # percent


def make_perceptual_decision_making(
    n_trials: int = 100,
    *,
    n_directions: int = 2,
    coherences: Any = COHERENCES,
    sigma: float = 1.0,
    dt: float = 100.0,
    fixation: float = 100.0,
    stimulus: float = 3000.0,
    delay: float = 1000.0,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the perceptual decision: the direction of a weak, noisy stimulus, told after a delay.

    Directions lie evenly on a ring, theta_k = 2 pi k / n_directions. During the stimulus, channel
    k receives at each step, with the coherence c of the trial in percent and the direction
    theta_y that is to be told::

        x_k = 0.5 + cos(theta_k - theta_y) c / 200 + (sigma / sqrt(dt)) xi,   xi ~ N(0, 1)

    The fixation channel is 1 from the first to the last step.

    Parameters
    ----------
    n_trials : int, default=100
        Number of trials.
    n_directions : int, default=2
        Number of directions, of channels beside the fixation and of classes; at least 2.
    coherences : sequence of float, default=(0, 6.4, 12.8, 25.6, 51.2)
        Strengths of the stimulus in percent, each in [0, 100]; every trial draws one.
    sigma : float, default=1.0
        Strength of the noise: its sd at each step is sigma / sqrt(dt), 0.1 by default.
    dt : float, default=100.0
        Length of a step, in ms.
    fixation : float, default=100.0
        Time before the stimulus, in ms.
    stimulus : float, default=3000.0
        Time of the stimulus, in ms.
    delay : float, default=1000.0
        Time after the stimulus, in ms; the decision is read at its end.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same trials each time.

    Returns
    -------
    X : ndarray of shape (n_trials, n_steps, 1 + n_directions), float32
        Inputs. Features: ``fixation, direction_0, direction_1, ...``. The times are rounded down
        to whole steps: 1 + 30 + 10 = 41 steps by default.
    y : ndarray of shape (n_trials,), int64
        Index of the direction, drawn uniformly.

    Raises
    ------
    TypeError
        If an argument is not of the kind said above.
    ValueError
        If an argument is out of its range; `fixation` and `delay` may be 0, the stimulus has at
        least one step.

    See Also
    --------
    make_one_choice_inference : Take the way to the goal seen before.
    make_go_nogo : Answer to one of two stimuli after a delay.

    Notes
    -----
    With coherence 0 there is nothing to see: by default a fifth of the trials is pure chance, and
    an observer who adds up the difference of the two channels over the stimulus is right in 89.9 %
    of the trials (50 % at coherence 0, 99.3 % at 6.4, all above). No classifier can do better.

    The generator that this follows has a further period, the decision, which its users never see:
    trials end with the delay.

    References
    ----------
    Britten, Shadlen, Newsome and Movshon (1992), The analysis of visual motion: a comparison of
    neuronal and psychophysical performance, Journal of Neuroscience 12,
    doi:10.1523/JNEUROSCI.12-12-04745.1992; as in the collection of tasks of Molano-Mazon et al.
    (2022), NeuroGym, doi:10.31234/osf.io/aqc9n.

    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975: the times.

    Examples
    --------
    >>> from sk_biornn.datasets import make_perceptual_decision_making
    >>> X, y = make_perceptual_decision_making(
    ...     4, coherences=[40], sigma=0, random_state=1
    ... )
    >>> X.shape, y
    ((4, 41, 3), array([0, 1, 1, 1]))
    >>> X[1, [0, 1, 30, 31]]
    array([[1. , 0. , 0. ],
           [1. , 0.3, 0.7],
           [1. , 0.3, 0.7],
           [1. , 0. , 0. ]], dtype=float32)
    """
    n_trials = check_count("n_trials", n_trials)
    n_directions = check_count("n_directions", n_directions, low=2)
    coherences = _check_coherences(coherences)
    dt = check_number("dt", dt, low=0.0, open_low=True)
    noise_sd = check_number("sigma", sigma, low=0.0) / math.sqrt(dt)
    n_fixation = _n_steps("fixation", fixation, dt, minimum=0)
    n_stimulus = _n_steps("stimulus", stimulus, dt, minimum=1)
    n_steps = n_fixation + n_stimulus + _n_steps("delay", delay, dt, minimum=0)

    rng = make_rng(random_state)
    y = rng.integers(n_directions, size=n_trials)
    coherence = rng.choice(coherences, size=n_trials)
    angles = 2.0 * np.pi / n_directions * (np.arange(n_directions) - y[:, np.newaxis])
    mean = 0.5 + np.cos(angles) * coherence[:, np.newaxis] / 200.0  # (n_trials, n_directions)

    X = np.zeros((n_trials, n_steps, 1 + n_directions), dtype=np.float32)
    X[:, :, 0] = 1.0
    noise = rng.standard_normal((n_trials, n_stimulus, n_directions), dtype=np.float32)
    noise *= np.float32(noise_sd)
    noise += mean[:, np.newaxis].astype(np.float32)
    X[:, n_fixation : n_fixation + n_stimulus, 1:] = noise
    return X, y


def _check_coherences(coherences: Any) -> np.ndarray:
    try:
        values = np.asarray(coherences, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"coherences must be a sequence of numbers in [0, 100], got {coherences!r}."
        ) from None
    if values.ndim != 1 or values.size == 0 or not ((values >= 0) & (values <= 100)).all():
        raise ValueError(
            f"coherences must be a non-empty sequence of numbers in [0, 100], got {coherences!r}."
        )
    return values


def _n_steps(name: str, duration: float, dt: float, *, minimum: int) -> int:
    """Whole steps of `dt` (ms) in `duration` (ms); the addend keeps 0.3 / 0.1 at 3."""
    duration = check_number(name, duration, low=0.0)
    n_steps = math.floor(duration / dt + 1e-9)
    if n_steps < minimum:
        raise ValueError(f"{name} must be at least one step, dt={dt:g} ms, got {duration:g}.")
    return n_steps
