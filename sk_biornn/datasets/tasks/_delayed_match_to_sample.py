"""Delayed match to sample: whether two stimuli agree, with a delay between them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sk_biornn._checks import check_choice, check_count, check_number, is_integer
from sk_biornn._plain import short
from sk_biornn._random import RandomState, make_rng

_JUDGED = ("response", "last step")


def make_delayed_match_to_sample(
    n_trials: int = 100,
    *,
    n_stimuli: int = 2,
    n_fixation_steps: int = 2,
    n_sample_steps: int = 3,
    delay_steps: int | tuple[int, int] = (5, 15),
    n_test_steps: int = 3,
    n_response_steps: int = 3,
    match_probability: float = 0.5,
    sigma: float = 0.0,
    judged: str = "response",
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the delayed match to sample: whether two stimuli with a delay between agree.

    The input of fixation is on until the response. Trials with a short delay end early: the steps
    that are left are padding, NaN in all features, which estimators do not read.

    =========  ======================================  ==========================
    epoch      input                                   steps (default)
    =========  ======================================  ==========================
    fixation   fixation                                0 and 1
    sample     fixation and one of the stimuli         2 to 4
    delay      fixation                                the next d = 5, ..., 15
    test       fixation and one of the stimuli         the next 3
    response   none                                    the next 3, the last ones
    =========  ======================================  ==========================

    Parameters
    ----------
    n_trials : int, default=100
        Number of trials.
    n_stimuli : int, default=2
        Number of stimuli, each with a channel of its own; at least 2.
    n_fixation_steps : int, default=2
        Steps of fixation before the sample.
    n_sample_steps : int, default=3
        Steps of the sample.
    delay_steps : int or (int, int), default=(5, 15)
        Steps of the delay: the same in all trials, or the least and the most, between which each
        trial draws its own uniformly.
    n_test_steps : int, default=3
        Steps of the test stimulus.
    n_response_steps : int, default=3
        Steps without any input, at the end of each trial.
    match_probability : float, default=0.5
        Probability that the test stimulus is the sample, in [0, 1]; if not, each of the others is
        as likely.
    sigma : float, default=0.0
        Standard deviation of the Gaussian noise that the channels of the stimuli receive at every
        step.
    judged : {"response", "last step"}, default="response"
        Whether there is a label at every step of the response, or one per trial, which is judged
        at its last step.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same trials each time.

    Returns
    -------
    X : ndarray of shape (n_trials, n_steps, 1 + n_stimuli), float32
        Inputs. Features: ``fixation, stimulus_0, stimulus_1, ...``. n_steps is that of the longest
        delay, 26 by default; NaN after the end of a trial.
    y : masked array of shape (n_trials, n_steps), or ndarray of shape (n_trials,), int64
        0 non-match, 1 match. With ``judged="response"`` all other steps are masked: not judged.

    Raises
    ------
    TypeError
        If an argument is not of the kind said above.
    ValueError
        If an argument is out of its range; fixation and delay may have 0 steps.

    See Also
    --------
    make_go_nogo : Answer to one of two stimuli after a delay.
    make_one_choice_inference : Take the way to the goal seen before.

    Notes
    -----
    What counts is whether two stimuli agree, which no weighted sum of them tells (an exclusive or),
    and the first must be kept for a time that is not known. scikit-learn splits masked labels with
    their masks, also for an integer `cv`; ``y.filled(-1)`` are plain labels, of which -1 would be
    learned as a third class. Put the labels of several calls together with ``np.ma.concatenate``:
    ``np.concatenate``, ``np.vstack`` and ``np.r_`` lose the mask, and leave such plain labels.

    References
    ----------
    Miller, Erickson and Desimone (1996), Neural mechanisms of visual working memory in prefrontal
    cortex of the macaque, Journal of Neuroscience 16, doi:10.1523/JNEUROSCI.16-16-05154.1996; as in
    the collection of tasks of Molano-Mazon et al. (2022), NeuroGym, doi:10.31234/osf.io/aqc9n,
    where the delay is fixed and there is a label at every step.

    Examples
    --------
    >>> from sk_biornn.datasets import make_delayed_match_to_sample
    >>> X, y = make_delayed_match_to_sample(3, delay_steps=(1, 3), random_state=1)
    >>> print(y)
    [[-- -- -- -- -- -- -- -- -- -- -- 1 1 1]
     [-- -- -- -- -- -- -- -- -- -- -- 0 0 0]
     [-- -- -- -- -- -- -- -- -- -- 1 1 1 --]]
    >>> # fixation, sample, delay, test, response, padding
    >>> X[2, [0, 2, 5, 7, 10, 13]]
    array([[ 1.,  0.,  0.],
           [ 1.,  0.,  1.],
           [ 1.,  0.,  0.],
           [ 1.,  0.,  1.],
           [ 0.,  0.,  0.],
           [nan, nan, nan]], dtype=float32)
    """
    n_trials = check_count("n_trials", n_trials)
    n_stimuli = check_count("n_stimuli", n_stimuli, low=2)
    n_fixation_steps = check_count("n_fixation_steps", n_fixation_steps, low=0)
    n_sample_steps = check_count("n_sample_steps", n_sample_steps)
    shortest, longest = _check_delays(delay_steps)
    n_test_steps = check_count("n_test_steps", n_test_steps)
    n_response_steps = check_count("n_response_steps", n_response_steps)
    match_probability = check_number("match_probability", match_probability, low=0.0, high=1.0)
    sigma = check_number("sigma", sigma, low=0.0)
    check_choice("judged", judged, _JUDGED)

    rng = make_rng(random_state)
    sample = rng.integers(n_stimuli, size=n_trials)
    matches = (rng.random(n_trials) < match_probability).astype(np.int64)
    other = (sample + rng.integers(1, n_stimuli, size=n_trials)) % n_stimuli
    delays = rng.integers(shortest, longest, size=n_trials, endpoint=True)

    durations = (n_fixation_steps, n_sample_steps, n_test_steps, n_response_steps)
    course = _Course.of(durations, delays, longest)
    shown = np.eye(n_stimuli, dtype=np.float32)[[sample, np.where(matches, sample, other)]]
    X = _inputs(course, *shown)
    if sigma > 0:
        X[:, :, 1:] += sigma * rng.standard_normal((*X.shape[:2], n_stimuli), dtype=np.float32)
    X[course.steps >= course.end] = np.nan
    return X, matches if judged == "last step" else _labels(course, matches)


class _Course(NamedTuple):
    """At which steps the epochs of a trial begin."""

    steps: np.ndarray  # (n_steps,)
    sample: int
    delay: int
    test: np.ndarray  # (n_trials, 1), as the next two
    response: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, durations: tuple[int, int, int, int], delays: np.ndarray, longest: int) -> _Course:
        fixation, sample, test, response = durations
        sample_end = fixation + sample
        test_start = sample_end + delays[:, np.newaxis]
        starts = (test_start, test_start + test, test_start + test + response)
        n_steps = sample_end + longest + test + response
        return cls(np.arange(n_steps), fixation, sample_end, *starts)


def _inputs(course: _Course, sample: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return fixation and stimuli without noise; `sample` and `test` are (n_trials, n_stimuli)."""
    steps = course.steps
    X = np.zeros((len(sample), len(steps), 1 + sample.shape[1]), dtype=np.float32)
    X[:, :, 0] = steps < course.response
    sample_is_on = (steps >= course.sample) & (steps < course.delay)
    test_is_on = (steps >= course.test) & (steps < course.response)
    X[:, :, 1:] = sample_is_on[:, np.newaxis] * sample[:, np.newaxis]
    X[:, :, 1:] += test_is_on[:, :, np.newaxis] * test[:, np.newaxis]
    return X


def _labels(course: _Course, matches: np.ndarray) -> np.ndarray:
    """Return labels that are masked before the response."""
    is_response = (course.steps >= course.response) & (course.steps < course.end)
    # Whoever drops the mask finds a third class, not wrong labels.
    labels = np.where(is_response, matches[:, np.newaxis], -1)
    return np.ma.masked_array(labels, mask=~is_response)


def _check_delays(delay_steps: Any) -> tuple[int, int]:
    expected = "an integer of at least 0, or two of them, the least and the most"
    ends = (delay_steps, delay_steps) if is_integer(delay_steps) else delay_steps
    try:
        shortest, longest = ends
    except (TypeError, ValueError):
        raise TypeError(f"delay_steps must be {expected}, got {short(delay_steps)}.") from None
    if not (is_integer(shortest) and is_integer(longest)):
        raise TypeError(f"delay_steps must be {expected}, got {short(delay_steps)}.")
    if not 0 <= shortest <= longest:
        raise ValueError(f"delay_steps must be {expected}, got {short(delay_steps)}.")
    return check_count("delay_steps", shortest, low=0), check_count("delay_steps", longest, low=0)
