"""Pruning: which synapses of a trained network stay, down to a given density.

A pruner is a small frozen object with one method, ``prune(W, density, mask=, blocks=,
random_state=) -> (mask, achieved)``. The density of a block (of the whole matrix, without blocks)
is the share of kept entries among all its entries, those that a mask forbids included. Only
non-zero weights on the mask can be kept: where fewer are there than the density asks for, all of
them stay and the density that is reported is lower.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_biornn._numbers import check_flag
from sk_biornn._plain import moderate, real_array
from sk_biornn._random import RandomState, make_rng
from sk_biornn.biology._blocks import block_densities, check_densities, each_block
from sk_biornn.biology._inclusion import (
    draw_independent,
    keep_probabilities,
    systematic_sample,
)
from sk_biornn.biology.prior import matrix_mask

PRUNERS = ("top-prob", "magnitude", "random")

Pruned = tuple[NDArray[np.bool_], Any]  # kept synapses, achieved density


@runtime_checkable
class Pruner(Protocol):
    """Anything that says which synapses of a network stay."""

    def prune(
        self,
        W: ArrayLike,
        density: Any,
        *,
        mask: ArrayLike | None = None,
        blocks: ArrayLike | None = None,
        random_state: RandomState = None,
    ) -> Pruned:
        """Choose the synapses that stay.

        Parameters
        ----------
        W : array-like of shape (n_units, n_units)
            Recurrent weights W[post, pre].
        density : float, or array-like of shape (n_blocks, n_blocks)
            Share of all entries to keep, per block [post, pre] when it is a matrix.
        mask : array-like of bool of shape (n_units, n_units) or None, default=None
            Synapses that exist; the others are never kept.
        blocks : array-like of int of shape (n_units,) or None, default=None
            Block of each unit.
        random_state : int, RandomState, Generator or None, default=None
            Source of randomness.

        Returns
        -------
        kept : bool ndarray of shape (n_units, n_units)
            Synapses that stay.
        achieved : float, or ndarray of shape (n_blocks, n_blocks)
            Share of kept entries; NaN for blocks without entries.
        """
        ...


@dataclass(frozen=True)
class _BlockwisePruner:
    """Splits a matrix into blocks; what differs is how the entries of one block are chosen."""

    def prune(
        self,
        W: ArrayLike,
        density: Any,
        *,
        mask: ArrayLike | None = None,
        blocks: ArrayLike | None = None,
        random_state: RandomState = None,
    ) -> Pruned:
        """Choose the synapses that stay.

        Parameters
        ----------
        W : array-like of shape (n_units, n_units)
            Recurrent weights W[post, pre].
        density : float, or array-like of shape (n_blocks, n_blocks)
            Share of all entries to keep, per block [post, pre] when it is a matrix.
        mask : array-like of bool of shape (n_units, n_units) or None, default=None
            Synapses that exist; the others are never kept, and count in the density's
            denominator.
        blocks : array-like of int of shape (n_units,) or None, default=None
            Block of each unit. None: the whole matrix is one block.
        random_state : int, RandomState, Generator or None, default=None
            Source of randomness.

        Returns
        -------
        kept : bool ndarray of shape (n_units, n_units)
            Synapses that stay; all of them are non-zero in `W` and on `mask`.
        achieved : float, or ndarray of shape (n_blocks, n_blocks)
            Share of kept entries; a matrix when `blocks` is given, NaN for blocks without entries.

        Raises
        ------
        ValueError
            If `W` is not a square matrix of finite numbers, a density is not in [0, 1], or shapes
            do not fit together.
        TypeError
            If `density` is not a number or an array of numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_biornn.biology import MagnitudePruning
        >>> W = np.array([[3.0, -1.0], [2.0, -4.0]])
        >>> kept, achieved = MagnitudePruning().prune(W, 0.5)
        >>> kept.tolist(), achieved
        ([[True, False], [False, True]], 0.5)
        """
        weights = _square(W)
        target = check_densities(density, blocks, len(weights))
        allowed = matrix_mask("mask", mask, (len(weights), len(weights)))
        candidates = weights if allowed is None else np.where(allowed, weights, 0.0)
        kept, rng = np.zeros(weights.shape, dtype=bool), make_rng(random_state)
        for _, block, share in each_block(target, blocks, weights.shape):
            part = candidates[np.ix_(*block)]
            if part.size:
                kept[np.ix_(*block)] = self._keep(part, share, rng) & (part != 0)
        return kept, block_densities(kept, target, blocks)

    def __post_init__(self) -> None:
        """Refuse options that are not True or False."""
        for field in fields(self):
            check_flag(field.name, getattr(self, field.name))

    def _keep(
        self, weights: NDArray[np.float64], density: float, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        raise NotImplementedError


@dataclass(frozen=True)
class TopProbPruning(_BlockwisePruner):
    r"""Keep synapses at random, the stronger the more likely.

    A weight is kept with probability :math:`p_{ij} = \min(1, K |W_{ij}|)`, where K solves
    :math:`\sum_{ij} p_{ij} = d\,n` exactly over the non-zero weights of a block of n entries with
    density d. Kept weights are not rescaled. Weak synapses keep a chance, so that the graph stays
    connected where keeping the largest would cut it.

    Parameters
    ----------
    fixed_count : bool, default=False
        Draw a fixed number of entries with these inclusion probabilities (systematic sampling), so
        that the density is exact rather than expected; where d n is not an integer, one of the two
        integers beside it is drawn such that the expectation is kept.
    legacy : bool, default=False
        The formula as it was published: :math:`K = n (1 - s') / \sum |W|` with
        :math:`s' = (s n - z) / (n - z)`, s = 1 - d and z the number of zeros plus min(rows,
        columns), after which mass above 1 is shared equally among the entries below 1. It keeps
        more than d where weights are zero.

    Raises
    ------
    ValueError
        If an option is not True or False.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.biology import TopProbPruning
    >>> W = np.random.default_rng(0).standard_normal((50, 50))
    >>> kept, achieved = TopProbPruning(fixed_count=True).prune(W, 0.1, random_state=0)
    >>> achieved, int(kept.sum())
    (0.1, 250)
    >>> bool(np.abs(W[kept]).mean() > np.abs(W[~kept]).mean())
    True
    """

    fixed_count: bool = False
    legacy: bool = False

    def _keep(
        self, weights: NDArray[np.float64], density: float, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        if self.legacy:
            probabilities = _legacy_probabilities(weights, density)
        else:
            probabilities = keep_probabilities(weights, _count(density, weights.size))
        if self.fixed_count:
            return systematic_sample(probabilities, rng)
        return draw_independent(probabilities, rng)


@dataclass(frozen=True)
class MagnitudePruning(_BlockwisePruner):
    """Keep the largest weights.

    The number kept is the nearest integer to density times entries. Of equal weights, those that
    come first, row by row, are kept.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.biology import MagnitudePruning
    >>> kept, achieved = MagnitudePruning().prune(np.array([[1.0, -2.0], [3.0, 0.0]]), 0.5)
    >>> kept.tolist()
    [[False, True], [True, False]]
    """

    def _keep(
        self, weights: NDArray[np.float64], density: float, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        n_kept = int(np.floor(_count(density, weights.size) + 0.5))
        kept = np.zeros(weights.size, dtype=bool)
        kept[np.argsort(-np.abs(weights).ravel(), kind="stable")[:n_kept]] = True
        return kept.reshape(weights.shape)


@dataclass(frozen=True)
class RandomPruning(_BlockwisePruner):
    """Keep synapses at random, whatever their weight: the control.

    Every non-zero weight of a block has the same probability, such that the expected density is
    the one asked for.

    Parameters
    ----------
    fixed_count : bool, default=False
        Draw a fixed number of entries, so that the density is exact rather than expected.

    Raises
    ------
    ValueError
        If an option is not True or False.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.biology import RandomPruning
    >>> W = np.ones((20, 20))
    >>> kept, achieved = RandomPruning(fixed_count=True).prune(W, 0.25, random_state=0)
    >>> achieved, int(kept.sum())
    (0.25, 100)
    """

    fixed_count: bool = False

    def _keep(
        self, weights: NDArray[np.float64], density: float, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        probabilities = keep_probabilities(weights != 0, _count(density, weights.size))
        if self.fixed_count:
            return systematic_sample(probabilities, rng)
        return draw_independent(probabilities, rng)


def _square(W: ArrayLike) -> NDArray[np.float64]:
    weights = real_array(W, "W", "a square matrix of numbers", truth_values=True)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"W must be a square matrix of numbers, got shape {weights.shape}.")
    if not np.isfinite(weights).all():
        raise ValueError("W must be finite, got NaN or infinity.")
    return weights


def _count(density: float, n_entries: int) -> float:
    """Return density * n_entries, an integer where it is one but for rounding errors."""
    count = density * n_entries
    nearest = float(np.round(count))
    return nearest if abs(count - nearest) < 1e-9 * n_entries else count


def _legacy_probabilities(weights: NDArray[np.float64], density: float) -> NDArray[np.float64]:
    """Return the probabilities of the published code; see `TopProbPruning`."""
    sizes, n = np.abs(moderate(weights)), weights.size
    n_zeros = np.count_nonzero(sizes == 0) + min(weights.shape)
    if n_zeros >= n or not sizes.any():  # where the published formula divides by zero
        return keep_probabilities(weights, _count(density, n))
    sparsity = ((1 - density) * n - n_zeros) / (n - n_zeros)
    p = np.maximum(n * (1 - sparsity), 0.0) * (sizes / sizes.sum())
    while (p > 1).any():
        below = p < 1
        excess = (p[~below] - 1).sum()
        p[~below] = 1.0
        if not below.any():
            break
        p[below] += excess / below.sum()
    return p
