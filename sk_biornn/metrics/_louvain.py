"""Louvain's method on a modularity matrix: units move one by one, then whole communities do.

networkx has the method too, but its sums drift with every move, and on some small graphs with
directions it moves a unit back and forth for ever. Here the gain of a move is summed afresh.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NOTICEABLE = 1e-12  # gains below are rounding: modularity is at most 1


def louvain_labels(graph: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return a label per unit for the adjacency matrix [post, pre] of a graph with edges."""
    total = graph.sum()
    excess = graph / total - np.outer(graph.sum(axis=1), graph.sum(axis=0)) / total**2
    excess += excess.T  # a community gains what its units have beyond chance, in both directions
    labels = np.arange(len(graph))
    while True:
        moved = _move_one_by_one(excess, rng)
        if moved is None:
            return labels
        _, moved = np.unique(moved, return_inverse=True)
        labels = moved[labels]
        member = np.eye(moved.max() + 1)[moved]
        excess = member.T @ excess @ member


def _move_one_by_one(
    excess: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.intp] | None:
    """Move units to where their excess is largest until none moves; None if none ever did."""
    n = len(excess)
    labels, n_moves, before = np.arange(n), 0, -1
    while n_moves > before:
        before = n_moves
        for unit in rng.permutation(n):
            gains = np.bincount(labels, weights=excess[unit], minlength=n)
            gains[labels[unit]] -= excess[unit, unit]
            best = int(gains.argmax())
            if gains[best] > gains[labels[unit]] + _NOTICEABLE:
                labels[unit] = best
                n_moves += 1
    return labels if n_moves else None
