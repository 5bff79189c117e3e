"""The three tasks of the study, and the trials of one simulation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Task(NamedTuple):
    """One task: its number in the original's files, its generator, and what can be reached."""

    number: int
    make: str  # name in sk_biornn.datasets
    label: str
    chance: float  # best accuracy without a memory
    ceiling: float


TASKS = {
    # Without the goal, which only memory has, the two offered directions leave 5 of 8 mazes right.
    "one-choice-inference": Task(1, "make_one_choice_inference", "one-choice inference", 0.625, 1),
    "go-nogo": Task(2, "make_go_nogo", "go / no-go", 0.5, 1),
    # A fifth of the trials has coherence 0, which is pure chance.
    "perceptual-decision-making": Task(
        3, "make_perceptual_decision_making", "perceptual decision", 0.5, 0.9
    ),
}
PARTS = ("train", "validation", "test")


class Part(NamedTuple):
    """Trials of one part of the data."""

    X: np.ndarray
    y: np.ndarray


def make_parts(task: str, counts: tuple[int, int, int], seed: int) -> dict[str, Part]:
    """Draw all trials of one simulation and split them: no trial is in two parts."""
    from sk_biornn import datasets

    generate: Any = getattr(datasets, TASKS[task].make)
    X, y = generate(sum(counts), random_state=seed)
    ends = np.cumsum(counts)
    return {
        name: Part(X[end - count : end], y[end - count : end])
        for name, count, end in zip(PARTS, counts, ends, strict=True)
    }
