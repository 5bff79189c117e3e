"""The one-choice inference task: remember a goal, then take the way that leads to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sk_biornn._checks import check_count
from sk_biornn._random import RandomState, make_rng

GOALS = (7, 9, 17, 19)  # cells of the maze, one-hot on channels 0 to 3
DIRECTIONS = "lurd"  # left, up, right, down: channels 4 to 7, and the classes 0 to 3


class Maze(NamedTuple):
    """One problem: where the goal is, which two ways are open, and which of them leads there."""

    goal: int
    offered: str
    answer: str


MAZES = (
    Maze(9, "ul", "u"),
    Maze(9, "rd", "r"),
    Maze(19, "ld", "d"),
    Maze(17, "rd", "d"),
    Maze(17, "ul", "l"),
    Maze(7, "ur", "u"),
    Maze(19, "lr", "r"),
    Maze(7, "lr", "l"),
)


def make_one_choice_inference(
    n_trials: int = 100,
    *,
    n_goal_steps: int = 20,
    n_delay_steps: int = 10,
    n_choice_steps: int = 20,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the one-choice inference (maze) task: of two ways, take the one to the goal seen before.

    Each trial is one of eight mazes, drawn uniformly. The goal is shown, then nothing, then the
    two directions in which a step is possible; the answer is the first step towards the goal.

    ======  ==================  ==================  ======
    maze    goal                offered directions  answer
    ======  ==================  ==================  ======
    0       9                   up, left            up
    1       9                   right, down         right
    2       19                  left, down          down
    3       17                  right, down         down
    4       17                  up, left            left
    5       7                   up, right           up
    6       19                  left, right         right
    7       7                   left, right         left
    ======  ==================  ==================  ======

    Parameters
    ----------
    n_trials : int, default=100
        Number of trials.
    n_goal_steps : int, default=20
        Steps during which the goal is shown.
    n_delay_steps : int, default=10
        Steps without any input.
    n_choice_steps : int, default=20
        Steps during which the two directions are shown; the trial ends with them.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same trials each time.

    Returns
    -------
    X : ndarray of shape (n_trials, n_steps, 8), float32
        Inputs, 0 or 1. Features: ``goal_7, goal_9, goal_17, goal_19, left, up, right, down``.
        n_steps = n_goal_steps + n_delay_steps + n_choice_steps, 50 by default.
    y : ndarray of shape (n_trials,), int64
        The right first step: 0 left, 1 up, 2 right, 3 down; each is the answer of two mazes.

    Raises
    ------
    TypeError
        If a count is not an integer.
    ValueError
        If a count is out of its range; the delay may be 0.

    See Also
    --------
    make_go_nogo : Answer to one of two stimuli after a delay.
    make_perceptual_decision_making : Tell the stronger of two noisy inputs.

    Notes
    -----
    There are only eight different trials: without noise (``noise_level`` of the estimators; 0.05
    in the study) training and test trials are the same.

    References
    ----------
    Achterberg, Akarca, Strouse, Duncan and Astle (2023), Spatially embedded recurrent neural
    networks reveal widespread links between structural and functional neuroscience findings,
    Nature Machine Intelligence 5, doi:10.1038/s42256-023-00748-9.

    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975: 5120 training
    trials.

    Examples
    --------
    >>> from sk_biornn.datasets import make_one_choice_inference
    >>> X, y = make_one_choice_inference(3, random_state=0)
    >>> X.shape, y
    ((3, 50, 8), array([2, 1, 0]))
    >>> X[0, [0, 25, 49]].astype(int)  # goal 19; nothing; left or right?
    array([[0, 0, 0, 1, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 1, 0, 1, 0]])
    """
    n_trials = check_count("n_trials", n_trials)
    n_goal_steps = check_count("n_goal_steps", n_goal_steps)
    n_delay_steps = check_count("n_delay_steps", n_delay_steps, low=0)
    n_choice_steps = check_count("n_choice_steps", n_choice_steps)

    trials, answers = _all_mazes(n_goal_steps, n_delay_steps, n_choice_steps)
    drawn = make_rng(random_state).integers(len(MAZES), size=n_trials)
    return trials[drawn], answers[drawn]


def _all_mazes(n_goal: int, n_delay: int, n_choice: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the eight trials (8, n_steps, 8) and their answers (8,)."""
    trials = np.zeros((len(MAZES), n_goal + n_delay + n_choice, 8), dtype=np.float32)
    for trial, maze in zip(trials, MAZES, strict=True):
        trial[:n_goal, GOALS.index(maze.goal)] = 1.0
        for direction in maze.offered:
            trial[n_goal + n_delay :, len(GOALS) + DIRECTIONS.index(direction)] = 1.0
    answers = np.array([DIRECTIONS.index(maze.answer) for maze in MAZES], dtype=np.int64)
    return trials, answers
