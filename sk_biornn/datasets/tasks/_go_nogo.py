"""The go/no-go task: answer to one stimulus, not to the other, after a delay."""

from __future__ import annotations

import numpy as np

from sk_biornn._checks import check_count, check_number
from sk_biornn._random import RandomState, make_rng


def make_go_nogo(
    n_trials: int = 100,
    *,
    n_fixation_steps: int = 5,
    n_stimulus_steps: int = 20,
    n_delay_steps: int = 10,
    n_decision_steps: int = 5,
    go_probability: float = 0.5,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the go/no-go task: one of two stimuli, a delay, and the decision when fixation ends.

    The input of fixation is on before and after the stimulus, not during it.

    =========  ======================================  ==================
    epoch      input                                   steps (default)
    =========  ======================================  ==================
    fixation   fixation                                0 to 4
    stimulus   no-go or go                             5 to 24
    delay      fixation                                25 to 34
    decision   none                                    35 to 39
    =========  ======================================  ==================

    Parameters
    ----------
    n_trials : int, default=100
        Number of trials.
    n_fixation_steps : int, default=5
        Steps of fixation before the stimulus.
    n_stimulus_steps : int, default=20
        Steps of the stimulus.
    n_delay_steps : int, default=10
        Steps of fixation after the stimulus.
    n_decision_steps : int, default=5
        Steps without any input, at the end of which the decision is read.
    go_probability : float, default=0.5
        Probability of a go trial, in [0, 1].
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same trials each time.

    Returns
    -------
    X : ndarray of shape (n_trials, n_steps, 3), float32
        Inputs, 0 or 1. Features: ``fixation, nogo, go``. n_steps is 40 by default.
    y : ndarray of shape (n_trials,), int64
        0 no-go, 1 go.

    Raises
    ------
    TypeError
        If a count is not an integer or `go_probability` is not a number.
    ValueError
        If an argument is out of its range; all epochs but the stimulus may have 0 steps.

    See Also
    --------
    make_one_choice_inference : Take the way to the goal seen before.
    make_perceptual_decision_making : Tell the stronger of two noisy inputs.

    Notes
    -----
    There are only two different trials: without noise (``noise_level`` of the estimators; 0.05 in
    the study) training and test trials are the same.

    References
    ----------
    Zhang, Yan, Wang et al. (2019), Active information maintenance in working memory by a
    sensory cortex, eLife 8, doi:10.7554/eLife.43191; as in the collection of tasks of Molano-Mazon
    et al. (2022), NeuroGym, doi:10.31234/osf.io/aqc9n.

    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975: the lengths of
    the epochs.

    Examples
    --------
    >>> from sk_biornn.datasets import make_go_nogo
    >>> X, y = make_go_nogo(4, random_state=0)
    >>> X.shape, y
    ((4, 40, 3), array([0, 1, 1, 1]))
    >>> X[1, [0, 5, 25, 35]].astype(int)
    array([[1, 0, 0],
           [0, 0, 1],
           [1, 0, 0],
           [0, 0, 0]])
    """
    n_trials = check_count("n_trials", n_trials)
    n_fixation_steps = check_count("n_fixation_steps", n_fixation_steps, low=0)
    n_stimulus_steps = check_count("n_stimulus_steps", n_stimulus_steps)
    n_delay_steps = check_count("n_delay_steps", n_delay_steps, low=0)
    n_decision_steps = check_count("n_decision_steps", n_decision_steps, low=0)
    go_probability = check_number("go_probability", go_probability, low=0.0, high=1.0)

    stimulus_end = n_fixation_steps + n_stimulus_steps
    delay_end = stimulus_end + n_delay_steps
    trials = np.zeros((2, delay_end + n_decision_steps, 3), dtype=np.float32)
    trials[:, :n_fixation_steps, 0] = trials[:, stimulus_end:delay_end, 0] = 1.0
    for answer, trial in enumerate(trials):
        trial[n_fixation_steps:stimulus_end, 1 + answer] = 1.0
    is_go = make_rng(random_state).random(n_trials) < go_probability
    y = is_go.astype(np.int64)
    return trials[y], y
