"""Splits of what lies in time order: whole blocks are tested, and their neighbours left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator

from sk_biornn._checks import check_count, check_flag


class BlockedTimeSeriesSplit(BaseCrossValidator):
    """Splits windows, trials or frames that lie in time order into blocks, with a gap around each.

    Neighbouring windows of a recording are alike, and a recording drifts: entries drawn at random
    would test nothing. Here each test set is a whole block of entries that follow each other, and
    `gap` entries on either side of it are in neither set. What is left before and after it is the
    training set.

    Parameters
    ----------
    n_blocks : int, default=5
        Number of blocks, at least 2. Where they cannot be equally long they differ by one entry.
    gap : int, default=0
        Entries that are left out of training on either side of a test block. Windows that overlap
        need as many as share steps with one: length / stride - 1, rounded up; more where the
        recording remembers for longer.
    past_only : bool, default=False
        Train on what lies before the test block alone. The first block is then never tested, so
        that there are ``n_blocks - 1`` splits.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument is out of its range; by `split`, if there are fewer entries than blocks, or
        if a gap leaves nothing to train on.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : Training sets that grow, on the past alone.
    sk_biornn.datasets.cut_trials : A recording as windows.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.model_selection import BlockedTimeSeriesSplit
    >>> for train, test in BlockedTimeSeriesSplit(n_blocks=3, gap=1).split(
    ...     np.zeros(9)
    ... ):
    ...     print(train, test)
    [4 5 6 7 8] [0 1 2]
    [0 1 7 8] [3 4 5]
    [0 1 2 3 4] [6 7 8]
    >>> past = BlockedTimeSeriesSplit(n_blocks=3, gap=1, past_only=True)
    >>> [train.tolist() for train, _ in past.split(np.zeros(9))]
    [[0, 1], [0, 1, 2, 3, 4]]

    In a search, over windows of a recording:

    >>> from sklearn.model_selection import cross_val_score
    >>> from sk_biornn.baselines import ARBaseline
    >>> from sk_biornn.datasets import cut_trials
    >>> walk = np.cumsum(
    ...     np.random.default_rng(0).standard_normal((400, 2)), axis=0
    ... )
    >>> trials = cut_trials(walk, length=20, rate=10.0)
    >>> cv = BlockedTimeSeriesSplit(n_blocks=4, gap=1)
    >>> cross_val_score(ARBaseline(), trials.X, trials.y, cv=cv).shape
    (4,)
    """

    def __init__(self, n_blocks: int = 5, *, gap: int = 0, past_only: bool = False) -> None:
        self.n_blocks = check_count("n_blocks", n_blocks, low=2)
        self.gap = check_count("gap", gap, low=0)
        self.past_only = check_flag("past_only", past_only)

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the training and the test set of each split, in time order.

        Parameters
        ----------
        X : array-like or list
            What is split: only its length counts.
        y : object
            Not used.
        groups : object
            Not used.

        Yields
        ------
        train : ndarray of int
            Numbers of the entries to train on.
        test : ndarray of int
            Numbers of the entries of the block.

        Raises
        ------
        ValueError
            If there are fewer entries than blocks, or if nothing is left to train on.
        """
        n_entries = len(X) if hasattr(X, "__len__") else X.shape[0]
        if n_entries < self.n_blocks:
            raise ValueError(
                f"n_blocks must be at most the number of entries of X, {n_entries}, got "
                f"{self.n_blocks}."
            )
        entries = np.arange(n_entries)
        edges = np.linspace(0, n_entries, self.n_blocks + 1).astype(int)
        for block in range(int(self.past_only), self.n_blocks):
            start, stop = edges[block], edges[block + 1]
            before, after = entries < start - self.gap, entries >= stop + self.gap
            train = entries[before if self.past_only else before | after]
            if not len(train):
                raise ValueError(
                    f"gap must leave something to train on, got {self.gap} with {n_entries} "
                    f"entries in {self.n_blocks} blocks, which leaves nothing for block {block}."
                )
            yield train, entries[start:stop]

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X : object
            Not used.
        y : object
            Not used.
        groups : object
            Not used.

        Returns
        -------
        int
            `n_blocks`, or one less with `past_only`.
        """
        return self.n_blocks - int(self.past_only)
