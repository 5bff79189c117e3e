"""Pruning: which synapses of a trained network stay, down to a given density.

A pruner is a small frozen object with one method, ``prune(W, density, mask=, blocks=,
random_state=) -> (mask, achieved)``. The density of a block (of the whole matrix, without blocks)
is the share of kept entries among all its entries, those that a mask forbids included. What a mask
forbids is never kept. Of the rest only non-zero weights can be: where fewer are there than the
density asks for, all of them stay and the density that is reported is lower.

The formulas of the published Figure 3 (``legacy="figure3"``) are the exception: to them a weight of
0 is a synapse like the others. Those that are kept are on the mask that is returned, count in the
density that is reported, and may grow when the network is fine-tuned under the mask.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_biornn._checks import check_flag, is_flag, refusal
from sk_biornn._plain import moderate, short
from sk_biornn._random import RandomState
from sk_biornn._vocabulary import Vocabulary, Word
from sk_biornn.biology._blockwise import BlockwisePruner, Pruned
from sk_biornn.biology._inclusion import (
    draw_independent,
    keep_probabilities,
    systematic_sample,
)

FIGURE3, CELL_TYPES = "figure3", "cell-types"  # which publication's formula
_ADDED = 1e-25  # to every weight, in the code of Figure 3: no weight is 0 then


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
            Synapses that stay; they may be zeros of `W`, from which they can grow.
        achieved : float, or ndarray of shape (n_blocks, n_blocks)
            Share of kept entries; NaN for blocks without entries.
        """
        ...


@dataclass(frozen=True)
class _DrawnPruning(BlockwisePruner):
    """Draws which synapses stay, with probabilities from their strengths."""

    fixed_count: bool = False
    legacy: bool | str = False

    def _keep(
        self,
        strengths: NDArray[np.float64],
        density: float,
        rng: np.random.Generator,
        n_entries: int | None = None,
    ) -> NDArray[np.bool_]:
        probabilities = _probabilities(self.legacy, strengths, density, n_entries)
        return _draw(probabilities, self.fixed_count, rng)


@dataclass(frozen=True)
class TopProbPruning(_DrawnPruning):
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
    legacy : {False, "figure3", "cell-types"} or True, default=False
        A formula as it was published: :math:`K = n (1 - s') / \sum |W|` with
        :math:`s' = (s n - z) / (n - z)` and s = 1 - d, where z is the number of zeros plus
        min(rows, columns). Without values above 1 the expected share is d n / (n - z), more than d.

        "figure3": 1e-25 is added to every weight before zeros are counted, so that z is min(rows,
        columns) alone, and entries that are 0 can be kept. What exceeds 1 is shared equally among
        the entries below 1, again until none exceeds it.
        "cell-types": zeros count in z. What exceeds 1 is lost, so that a density of 1 loses weak
        weights too.

        A block in which z is n has no such formula; there the exact one is used. Entries that a
        mask forbids are never kept; "figure3" does not count them in z, "cell-types" does. True is
        the same as "figure3", with a warning.

    Raises
    ------
    TypeError
        If an option is of another type.
    ValueError
        If an option is none of these.

    Warns
    -----
    FutureWarning
        If `legacy` is True, which does not say which of the two formulas.

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
    >>> kept, achieved = TopProbPruning(fixed_count=True).prune(
    ...     W, 0.1, random_state=0
    ... )
    >>> achieved, int(kept.sum())
    (0.1, 250)
    >>> # strong weights are kept more often
    >>> print(f"{np.abs(W[kept]).mean():.1f} {np.abs(W[~kept]).mean():.1f}")
    1.2 0.8

    Half of the weights are 0. Of 50 * 50 entries the published formulas keep a share of
    0.2 * 2500 / (2500 - 50), some of them zeros, or of 0.2 * 2500 / (2500 - 50 - 1250):

    >>> W = np.tile([1.0, 0.0], (50, 25))
    >>> for legacy in (False, "figure3", "cell-types"):
    ...     pruner = TopProbPruning(fixed_count=True, legacy=legacy)
    ...     print(pruner.prune(W, 0.2, random_state=0)[1])
    0.2
    0.204
    0.4168
    """

    def __post_init__(self) -> None:
        """Refuse what is no option; True becomes the name of the formula that it stands for."""
        check_flag("fixed_count", self.fixed_count)
        formula = _formula(self.legacy, (FIGURE3, CELL_TYPES))
        if formula and not isinstance(self.legacy, str):
            warnings.warn(
                f"legacy=True is the same as legacy={FIGURE3!r}; write the name, since "
                f"{CELL_TYPES!r} is another published formula.",
                FutureWarning,
                stacklevel=3,  # where the pruner is made
            )
        object.__setattr__(self, "legacy", formula)

    def _strengths(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sizes = np.abs(weights)
        return sizes + _ADDED if self.legacy == FIGURE3 else sizes


@dataclass(frozen=True)
class MagnitudePruning(BlockwisePruner):
    """Keep the largest weights.

    The number kept is the nearest integer to density times entries. Of equal weights, those that
    come first, row by row, are kept.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.biology import MagnitudePruning
    >>> kept, achieved = MagnitudePruning().prune(
    ...     np.array([[1.0, -2.0], [3.0, 0.0]]), 0.5
    ... )
    >>> kept.tolist()
    [[False, True], [True, False]]
    """

    def _keep(
        self,
        strengths: NDArray[np.float64],
        density: float,
        rng: np.random.Generator,
        n_entries: int | None = None,
    ) -> NDArray[np.bool_]:
        # A half counts up; np.round would take the even number.
        size = strengths.size if n_entries is None else n_entries
        n_kept = int(np.floor(_count(density, size) + 0.5))
        kept = np.zeros(strengths.size, dtype=bool)
        kept[np.argsort(-strengths.ravel(), kind="stable")[:n_kept]] = True
        return kept.reshape(strengths.shape)


@dataclass(frozen=True)
class RandomPruning(_DrawnPruning):
    """Keep synapses at random, whatever their weight: the control.

    Every non-zero weight of a block has the same probability, such that the expected density is
    the one asked for.

    Parameters
    ----------
    fixed_count : bool, default=False
        Draw a fixed number of entries, so that the density is exact rather than expected.
    legacy : {False, "figure3"} or True, default=False
        The control as it was published, with the formula of ``TopProbPruning(legacy="figure3")``
        for equal weights: 1e-25 is added to every weight, so that zeros are synapses like the
        others, and every entry of a block is kept with probability d n / (n - min(rows, columns)).
        Where a share z of the weights is 0, a share z of the kept ones is. True is the same.

    Raises
    ------
    TypeError
        If an option is of another type.
    ValueError
        If an option is none of these.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.biology import RandomPruning
    >>> W = np.ones((20, 20))
    >>> kept, achieved = RandomPruning(fixed_count=True).prune(
    ...     W, 0.25, random_state=0
    ... )
    >>> achieved, int(kept.sum())
    (0.25, 100)

    Of 400 entries, half of them 0, the published control keeps 0.19 * 400 / (400 - 20) as synapses,
    about half of which are weights:

    >>> W = np.tile([1.0, 0.0], (20, 10))
    >>> pruner = RandomPruning(fixed_count=True, legacy="figure3")
    >>> kept, achieved = pruner.prune(W, 0.19, random_state=0)
    >>> achieved, bool(kept[W == 0].any())
    (0.2, True)
    """

    def __post_init__(self) -> None:
        """Refuse what is no option; True becomes the name of the formula that it stands for."""
        check_flag("fixed_count", self.fixed_count)
        object.__setattr__(self, "legacy", _formula(self.legacy, (FIGURE3,)))

    def _strengths(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ones_like(weights) if self.legacy else (weights != 0).astype(np.float64)


def _formula(legacy: Any, names: tuple[str, ...]) -> bool | str:
    """Return the name of a published formula, or False; True stands for the first."""
    if is_flag(legacy):
        return names[0] if legacy else False
    if isinstance(legacy, str) and legacy in names:
        return str(legacy)
    expected = " or ".join(", ".join(["False", "True", *map(repr, names)]).rsplit(", ", 1))
    raise refusal("legacy", expected, legacy, right_type=isinstance(legacy, str))


def _draw(
    probabilities: NDArray[np.float64], fixed_count: bool, rng: np.random.Generator
) -> NDArray[np.bool_]:
    return (systematic_sample if fixed_count else draw_independent)(probabilities, rng)


def _count(density: float, n_entries: int) -> float:
    """Return density * n_entries, an integer where it is one but for rounding errors."""
    count = density * n_entries
    nearest = float(np.round(count))
    return nearest if abs(count - nearest) < 1e-9 * n_entries else count


def _probabilities(
    legacy: bool | str, strengths: NDArray[np.float64], density: float, n_entries: int | None
) -> NDArray[np.float64]:
    """Return the probability of every entry of a block; `n_entries` if not all of it is given."""
    if n_entries is None:
        return _PROBABILITIES[legacy](strengths, density)
    if legacy:
        raise ValueError(
            f"legacy must be False where only synapses are stored, got {short(legacy)}; the "
            "published formulas count the zeros of a matrix."
        )
    return keep_probabilities(strengths, _count(density, n_entries))


def _exact(strengths: NDArray[np.float64], density: float) -> NDArray[np.float64]:
    return keep_probabilities(strengths, _count(density, strengths.size))


def _figure3(strengths: NDArray[np.float64], density: float) -> NDArray[np.float64]:
    """Return the probabilities of the code of Figure 3; strengths of 0 are off the mask."""
    p = _published(strengths, density, n_zeros=0)
    # As published: the excess goes in equal shares, not in proportion to the weights.
    while (p > 1).any():
        below = (p < 1) & (strengths > 0)
        excess = (p[p > 1] - 1).sum()
        p = np.minimum(p, 1.0)
        if below.any():
            p[below] += excess / below.sum()
    return p


def _cell_types(strengths: NDArray[np.float64], density: float) -> NDArray[np.float64]:
    """Return the probabilities of the code of the networks of cell types."""
    n_zeros = int(np.count_nonzero(strengths == 0))
    return np.minimum(_published(strengths, density, n_zeros), 1.0)


def _published(strengths: NDArray[np.float64], density: float, n_zeros: int) -> NDArray[np.float64]:
    """Return K times the strengths, which may exceed 1; see `TopProbPruning`."""
    # As published: the length of a diagonal counts among the zeros, whatever stands on it.
    n, z = strengths.size, n_zeros + min(strengths.shape)
    if z >= n or not strengths.any():  # where the published formula divides by zero
        return _exact(strengths, density)
    sparsity = ((1 - density) * n - z) / (n - z)
    sizes = moderate(strengths)  # only ratios matter
    return n * (1 - sparsity) * (sizes / sizes.sum())


_PROBABILITIES = {False: _exact, FIGURE3: _figure3, CELL_TYPES: _cell_types}


# What the argument `pruning` of the estimators may name.
PRUNERS = Vocabulary(
    Word(
        "top-prob",
        TopProbPruning,
        "p = min(1, K |W|), sum p = d n",
        "at random, the stronger the more likely (Balwani et al., 2025)",
    ),
    Word("magnitude", MagnitudePruning, "the d n largest |W|", "the strongest stay"),
    Word("random", RandomPruning, "p = d n / (number of weights)", "the control"),
)
