"""Which feature each output is the next value of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn._plain import found, is_several, short
from sk_biornn.units.names import listed


def own_features(
    feedback: Any,
    features: Sequence[str] | None,
    outputs: Sequence[str] | None,
    n_features: int,
    n_outputs: int,
) -> NDArray[np.int64]:
    """Return the column of X that each output goes on from.

    Parameters
    ----------
    feedback : sequence of (str or int) or None
        A column of X per output, by name or number; None: that of the same name, or number.
    features, outputs : sequence of str or None
        Names of the columns of X and of y, where they have some.
    n_features, n_outputs : int
        Their numbers.

    Returns
    -------
    ndarray of int of shape (n_outputs,)
        Columns of X.
    """
    if feedback is not None:
        return _asked(feedback, features, n_features, n_outputs)
    if features is not None and outputs is not None:
        return _of_one_name(features, outputs)
    if n_features != n_outputs:
        raise ValueError(
            "feedback must say which column of X each output goes on from where X has "
            f"{n_features} columns and y has {n_outputs}, got None; pass one column per output."
        )
    return np.arange(n_outputs)


def _of_one_name(features: Sequence[str], outputs: Sequence[str]) -> NDArray[np.int64]:
    missing = [name for name in outputs if name not in features]
    if missing:
        raise ValueError(
            "feedback must say which column of X each output goes on from where outputs have other "
            f"names than columns of X, such as {listed(missing)}, got None; pass one column per "
            "output."
        )
    return np.array([list(features).index(name) for name in outputs], dtype=np.int64)


def _asked(
    feedback: Any, features: Sequence[str] | None, n_features: int, n_outputs: int
) -> NDArray[np.int64]:
    if not is_several(feedback):
        raise TypeError(
            f"feedback must be None or one column of X per output, got {found(feedback)}."
        )
    columns = [_column(column, features, n_features) for column in feedback]
    if len(columns) != n_outputs or len(set(columns)) < len(columns):
        raise ValueError(
            f"feedback must have one column of X per output, {n_outputs} in all and none twice, "
            f"got {short(list(feedback))}."
        )
    return np.array(columns, dtype=np.int64)


def _column(column: Any, features: Sequence[str] | None, n_features: int) -> int:
    if isinstance(column, str) and features is not None and column in features:
        return list(features).index(column)
    if is_integer(column) and 0 <= column < n_features:
        return int(column)
    raise ValueError(
        f"feedback must have names or numbers of columns of X, of which there are {n_features}"
        f"{'' if features is None else f' ({listed(list(features))})'}, got {short(column)}."
    )
