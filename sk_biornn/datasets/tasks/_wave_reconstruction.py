"""The wave task: predict an excitatory and an inhibitory wave one sample ahead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sk_biornn._checks import check_count, check_flag, check_number
from sk_biornn._random import RandomState, make_rng

BASE_FREQUENCY = 1.0 / 50.0  # f in sin(s pi f t), in Hz: multiplier s gives s / 100 Hz
AMPLITUDES = (1.5, 0.5, 0.75, 1.875)  # of the terms 1 and 2 (excitatory), 3 and 4 (inhibitory)


class Waves(NamedTuple):
    """What is drawn once per data set: the frequency multipliers and the inhibitory phase."""

    multipliers: np.ndarray  # (4,) integers 1..5, s1 .. s4
    phase: float  # phi, in radians

    def __call__(self, times: np.ndarray, second_terms: bool) -> np.ndarray:
        """Excitatory and inhibitory wave at `times` (s), shape (n_times, 2)."""
        angles = np.pi * BASE_FREQUENCY * np.multiply.outer(times, self.multipliers)
        angles[:, 2:] += self.phase
        terms = np.asarray(AMPLITUDES) * np.sin(angles)
        if not second_terms:
            return terms[:, [0, 2]]
        return terms[:, [0, 2]] + terms[:, [1, 3]]


def make_wave_reconstruction(
    n_trials: int = 100,
    *,
    n_steps: int = 500,
    n_samples: int = 2500,
    dt: float = 0.2,
    second_terms: bool = True,
    joint_start: bool = False,
    wave_random_state: RandomState = None,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the wave task: an excitatory and an inhibitory wave, to be predicted one sample ahead.

    Two waves are drawn once and sampled at t = 0, dt, 2 dt, ...::

        excitatory(t) = 1.5  sin(s1 pi f t)       + 0.5   sin(s2 pi f t)
        inhibitory(t) = 0.75 sin(s3 pi f t + phi) + 1.875 sin(s4 pi f t + phi)

    with f = 1/50 Hz, s1 .. s4 drawn from 1..5 and phi = -k pi/6 with k drawn from 4..6. Each
    trial has a chunk of `n_steps` samples of either wave, at a random start for each; its targets
    are the same chunks one sample later.

    Parameters
    ----------
    n_trials : int, default=100
        Number of chunks.
    n_steps : int, default=500
        Number of samples per chunk.
    n_samples : int, default=2500
        Length of the two waves in samples (500 s at the default `dt`); more than `n_steps`.
    dt : float, default=0.2
        Time between samples, in seconds.
    second_terms : bool, default=True
        True: the formula above, which the authors wrote down. False: the first term of each wave
        alone, which is what their published code computes: a line break separates the second
        terms from the assignment, so that they are evaluated and dropped.
    joint_start : bool, default=False
        Whether both chunks of a trial begin at one time. As published, they do not: the phase of
        one wave then says nothing of that of the other.
    wave_random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of s1 .. s4 and phi. None: taken from `random_state`. Give the same int in two
        calls to cut a training and a test set from the same waves.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of the starts of the chunks (and of the waves, see above).

    Returns
    -------
    X : ndarray of shape (n_trials, n_steps, 2), float32
        Chunks; channel 0 is the excitatory wave, channel 1 the inhibitory one.
    y : ndarray of shape (n_trials, n_steps, 2), float32
        The same chunks one sample later.

    Raises
    ------
    TypeError
        If a count is not an integer, `dt` is not a number, or `second_terms` or `joint_start` is
        not a bool.
    ValueError
        If an argument is out of its range, or `n_samples` is not larger than `n_steps`.

    Notes
    -----
    All frequencies are multiples of 1/100 Hz, so the waves repeat after 100 s: at the default
    settings this is one chunk, and either wave has at most 500 different ones: a test set cut from
    the waves of the training set (the published setting) repeats most of them, in other pairs
    (or in the same, if they start together). A held-out test needs other waves.

    Repeating the input as the prediction already gives a mean squared error of 3.2e-3 with and
    1.2e-3 without the second terms (average over all draws of the waves at the default `dt`);
    judge a network against that.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970, and its published code (repository HChoiLab/biologicalRNNs): 1000
    training and 1000 test chunks.

    Examples
    --------
    >>> from sk_biornn.datasets import make_wave_reconstruction
    >>> X, y = make_wave_reconstruction(10, wave_random_state=0, random_state=1)
    >>> X[0, :3].round(2)
    array([[ 0.17, -2.58],
           [ 0.05, -2.57],
           [-0.06, -2.55]], dtype=float32)
    >>> y[0, :2].round(2)  # one step ahead
    array([[ 0.05, -2.57],
           [-0.06, -2.55]], dtype=float32)
    >>> X_test, y_test = make_wave_reconstruction(
    ...     10, wave_random_state=0, random_state=2
    ... )
    """
    n_trials = check_count("n_trials", n_trials)
    n_steps = check_count("n_steps", n_steps)
    n_samples = check_count("n_samples", n_samples)
    if n_samples <= n_steps:
        raise ValueError(f"n_samples must be larger than n_steps={n_steps}, got {n_samples}.")
    dt = check_number("dt", dt, low=0.0, open_low=True)
    second_terms = check_flag("second_terms", second_terms)
    joint_start = check_flag("joint_start", joint_start)

    rng = make_rng(random_state)
    waves = draw_waves(rng if wave_random_state is None else _make_wave_rng(wave_random_state))
    series = waves(dt * np.arange(n_samples), second_terms).astype(np.float32)
    # The last start leaves one sample after the chunk, for its target.
    starts = rng.integers(0, n_samples - n_steps, size=(n_trials, 1, 1 if joint_start else 2))
    steps = starts + np.arange(n_steps)[:, np.newaxis]
    channels = np.arange(2)
    return series[steps, channels], series[steps + 1, channels]


def _make_wave_rng(wave_random_state: RandomState) -> np.random.Generator:
    try:
        return make_rng(wave_random_state)
    except ValueError as error:
        raise ValueError(f"wave_{error}") from None  # the sentence begins with the argument's name


def draw_waves(rng: np.random.Generator) -> Waves:
    """Draw s1 .. s4 from 1..5 and phi from -4 pi/6, -5 pi/6, -pi."""
    multipliers = rng.integers(1, 6, size=4)
    return Waves(multipliers, -float(rng.integers(4, 7)) * np.pi / 6.0)
