"""What the pruners of this package share: blocks, masks, and the count of what was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_biornn._plain import real_array
from sk_biornn._random import RandomState, make_rng
from sk_biornn._strategy import Strategy
from sk_biornn.biology._blocks import (
    block_densities,
    check_densities,
    each_block,
    each_block_of_synapses,
    synapse_densities,
)
from sk_biornn.biology.prior import matrix_mask
from sk_biornn.units.labels import as_mask
from sk_biornn.units.order import UnitOrder

Pruned = tuple[NDArray[np.bool_], Any]  # kept synapses, achieved density


@dataclass(frozen=True)
class BlockwisePruner(Strategy):
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
            Synapses that stay, all of them on `mask`, and non-zero in `W` unless the pruner has
            ``legacy="figure3"``.
        achieved : float, or ndarray of shape (n_blocks, n_blocks)
            Share of kept entries, kept zeros included; a matrix when `blocks` is given, NaN for
            blocks without entries.

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
        order = UnitOrder.of({"W": (W, (0, 1)), "mask": (mask, (0, 1)), "blocks": (blocks, (0,))})
        weights = _square(order.arranged(W, "W", (0, 1)))
        mask = order.arranged(as_mask(mask), "mask", (0, 1))
        blocks = order.arranged(blocks, "blocks", (0,))
        target = check_densities(density, blocks, len(weights))
        allowed = matrix_mask("mask", mask, (len(weights), len(weights)))
        strengths = self._strengths(weights)
        candidates = strengths if allowed is None else np.where(allowed, strengths, 0.0)
        kept, rng = np.zeros(weights.shape, dtype=bool), make_rng(random_state)
        for _, block, share in each_block(target, blocks, weights.shape):
            part = candidates[np.ix_(*block)]
            if part.size:
                # A pruner may fill its count with zeros; what does not exist cannot stay.
                kept[np.ix_(*block)] = self._keep(part, share, rng) & (part != 0)
        return kept, block_densities(kept, target, blocks)

    def prune_synapses(
        self,
        values: NDArray[Any],
        density: Any,
        *,
        post: NDArray[np.int64],
        pre: NDArray[np.int64],
        n_units: int,
        blocks: ArrayLike | None = None,
        random_state: RandomState = None,
    ) -> Pruned:
        """Choose the synapses that stay in a network that is stored as its synapses.

        The formulas are those of `prune`, in which what does not exist counts as a weight of 0.

        Parameters
        ----------
        values : ndarray of shape (n_synapses,)
            Weights, row by row.
        density : float, or array-like of shape (n_blocks, n_blocks)
            Share of all n_units^2 entries to keep, per block [post, pre] when it is a matrix.
        post, pre : int ndarray of shape (n_synapses,)
            The units of every synapse.
        n_units : int
            Number of units.
        blocks : array-like of int of shape (n_units,) or None, default=None
            Block of each unit. None: all are one block.
        random_state : int, RandomState, Generator or None, default=None
            Source of randomness: a number per synapse, where `prune` draws one per entry.

        Returns
        -------
        kept : bool ndarray of shape (n_synapses,)
            Synapses that stay.
        achieved : float, or ndarray of shape (n_blocks, n_blocks)
            Share of kept entries.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_biornn.biology import MagnitudePruning
        >>> post, pre = np.array([0, 0, 1]), np.array([0, 1, 0])
        >>> kept, achieved = MagnitudePruning().prune_synapses(
        ...     np.array([3.0, -1.0, 2.0]), 0.5, post=post, pre=pre, n_units=2)
        >>> kept.tolist(), achieved
        ([True, False, True], 0.5)
        """
        target = check_densities(density, blocks, n_units)
        strengths = self._strengths(np.asarray(values, dtype=np.float64))
        kept, rng = np.zeros(len(strengths), dtype=bool), make_rng(random_state)
        for _, places, share, size in each_block_of_synapses(target, blocks, post, pre, n_units):
            part = strengths[places]
            if size:
                kept[places] = self._keep(part, share, rng, size) & (part != 0)
        return kept, synapse_densities(kept, target, blocks, post, pre, n_units)

    def _strengths(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what decides of every entry; one of strength 0 is never kept."""
        return np.abs(weights)

    def _keep(
        self,
        strengths: NDArray[np.float64],
        density: float,
        rng: np.random.Generator,
        n_entries: int | None = None,
    ) -> NDArray[np.bool_]:
        """Choose among the entries of a block, of which `n_entries` counts those left out, too."""
        raise NotImplementedError


def _square(W: ArrayLike) -> NDArray[np.float64]:
    weights = real_array(W, "W", "a square matrix of numbers", truth_values=True)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"W must be a square matrix of numbers, got shape {weights.shape}.")
    if not np.isfinite(weights).all():
        raise ValueError("W must be finite, got NaN or infinity.")
    return weights
