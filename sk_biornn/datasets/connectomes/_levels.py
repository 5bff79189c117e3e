"""A column of an edge list, with each different value once: millions of rows have few of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Column:
    """The values ``levels[codes[row]]``.

    Attributes
    ----------
    codes : ndarray of int of shape (n_rows,)
        Which value every row has.
    levels : list
        The different values; those of a table as they came, first those that come first.
    """

    codes: NDArray[np.intp]
    levels: list[Any]

    @classmethod
    def of(cls, values: Any) -> Column:
        """Find the different values: 1, 1.0 and True are three of them."""
        if isinstance(values, Column):
            return values
        dtype = getattr(values, "dtype", None)
        if isinstance(values, pd.Series) and isinstance(dtype, np.dtype) and dtype.kind in "iufb":
            codes, levels = pd.factorize(values.to_numpy(), use_na_sentinel=False)
            return cls(codes, levels.tolist())
        place: dict[Any, int] = {}
        rows = list(values)
        try:
            codes = np.fromiter(
                (place.setdefault((type(row), row), len(place)) for row in rows), np.intp, len(rows)
            )
        except TypeError:  # what cannot be looked up, such as a list, is its own value
            return cls(np.arange(len(rows)), rows)
        return cls(codes, [row for _, row in place])

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self) -> NDArray[np.intp]:
        """Return the first row of every value, counted from 1."""
        first = np.full(len(self.levels), len(self.codes), dtype=np.intp)
        np.minimum.at(first, self.codes, np.arange(len(self.codes)))
        return first + 1

    def each(self, function: Callable[[Any], Any], dtype: Any) -> NDArray[Any]:
        """Return what a function makes of the value of every row."""
        return np.array([function(level) for level in self.levels], dtype=dtype)[self.codes]

    def named(self, names: list[str]) -> Column:
        """Return the column with its values called so, two of one name being one."""
        place: dict[str, int] = {}
        of_level = np.array([place.setdefault(name, len(place)) for name in names], dtype=np.intp)
        return Column(of_level[self.codes], list(place))
