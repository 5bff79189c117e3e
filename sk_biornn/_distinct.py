"""Integers drawn without replacement from many ranges at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEW = 64  # in a range of up to so many, drawing again what came twice ends soon

Integers = NDArray[np.int64]


def distinct_integers(
    sizes: Integers, counts: Integers, rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """Draw so many different integers of every range, all sets of them being equally likely.

    The memory is that of the integers that are drawn, whatever the sizes.

    Parameters
    ----------
    sizes : ndarray of int of shape (n_ranges,)
        The integers of a range are 0, ..., size - 1; fewer than 2**63 in all.
    counts : ndarray of int of shape (n_ranges,)
        How many to draw from each, at most its size.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ranges, integers : ndarray of int of shape (n_drawn,)
        Range of every integer, in order, and the integer, in ascending order within a range.
    """
    sizes, counts = np.asarray(sizes, dtype=np.int64), np.asarray(counts, dtype=np.int64)
    # Of most of a large range, chance draws nearly all again and again: there it is shuffled.
    most = (2 * counts > sizes) & (sizes > _FEW)
    start = np.cumsum(sizes) - sizes
    rare = np.repeat(np.arange(len(sizes)), np.where(most, 0, counts))
    keys = [_redrawn(start, sizes, rare, rng)]
    for number in np.flatnonzero(most):
        chosen = rng.choice(sizes[number], counts[number], replace=False, shuffle=False)
        keys.append(start[number] + chosen)
    whole = np.sort(np.concatenate(keys)) if len(keys) > 1 else keys[0]
    ranges = np.repeat(np.arange(len(sizes)), counts)
    return ranges, whole - start[ranges]


def _redrawn(
    start: Integers, sizes: Integers, ranges: Integers, rng: np.random.Generator
) -> Integers:
    """Draw an integer for every range that is named, and again what has come before."""
    keys = start[ranges] + rng.integers(0, sizes[ranges])
    keys.sort()  # which keeps every range where it is
    while len(again := np.flatnonzero(keys[1:] == keys[:-1]) + 1):
        keys[again] = start[ranges[again]] + rng.integers(0, sizes[ranges[again]])
        keys.sort()
    return keys
