"""A balanced k-d tree whose nodes are slices: halves of halves along their longest sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAF = 4  # units

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Nodes:
    """All nodes of one level: node k has the units ``order[start[k] : start[k] + size[k]]``.

    Attributes
    ----------
    start, size : ndarray of int of shape (n_nodes,)
        Where its units begin, and how many there are.
    low, high : ndarray of shape (n_nodes, n_dimensions)
        Corners of the smallest box around them.
    """

    start: Integers
    size: Integers
    low: Floats
    high: Floats

    def distances(self, one: Integers, other: Integers) -> tuple[Floats, Floats]:
        """Return the smallest and the largest distance that units of two nodes can have."""
        apart = np.maximum(self.low[one] - self.high[other], self.low[other] - self.high[one])
        across = np.maximum(self.high[one] - self.low[other], self.high[other] - self.low[one])
        return np.linalg.norm(np.maximum(apart, 0), axis=1), np.linalg.norm(across, axis=1)


def kd_tree(positions: Floats) -> tuple[Integers, list[Nodes]]:
    """Return the order of the units, and the levels; nodes 2 k and 2 k + 1 are the halves of k."""
    n_units = len(positions)
    depth = max(0, int(np.ceil(np.log2(n_units / _LEAF))))
    order = np.arange(n_units)
    levels = []
    for level in range(depth + 1):
        ends = (np.arange(2**level + 1) * n_units) >> level
        placed = positions[order]
        low, high = (
            corner.reduceat(placed, ends[:-1], axis=0) for corner in (np.minimum, np.maximum)
        )
        levels.append(Nodes(ends[:-1], np.diff(ends), low, high))
        if level < depth:
            node = np.repeat(np.arange(2**level), np.diff(ends))
            along = placed[np.arange(n_units), (high - low).argmax(axis=1)[node]]
            order = order[np.lexsort((along, node))]
    return order, levels
