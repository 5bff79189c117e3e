"""What the copies of an ensemble say together: means and deviations over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if

from sk_biornn._checks import check_flag


def member_has(name: str) -> Any:
    """Return whether the estimator of an ensemble has a method."""
    return available_if(lambda ensemble: hasattr(ensemble.estimator, name))


class Members:
    """Asks the fitted copies of an ensemble."""

    estimators_: list[Any]

    def _over_seeds(
        self, method: str, X: Any, return_std: bool, *arguments: Any, **options: Any
    ) -> Any:
        """Return the mean over the copies of what a method returns, and the deviation if asked."""
        self._check_return_std(return_std)
        values = [getattr(member, method)(X, *arguments, **options) for member in self.estimators_]
        return mean_and_std(values, return_std)

    def _check_return_std(self, return_std: bool) -> None:
        if check_flag("return_std", return_std) and len(self.estimators_) < 2:
            raise ValueError("return_std needs at least 2 seeds, got n_seeds=1.")


def mean_and_std(values: list[Any], return_std: bool) -> Any:
    """Return the mean over members, and the standard deviation if asked."""
    mean = over_members(values, lambda trials: np.mean(trials, axis=0))
    if not return_std:
        return mean
    return mean, over_members(values, lambda trials: np.std(trials, axis=0, ddof=1))


def over_members(values: Sequence[Any], reduce: Callable[[Any], np.ndarray]) -> Any:
    """Reduce over members, also frames, lists of them, and object arrays of one per trial."""
    first = values[0]
    if isinstance(first, pd.DataFrame):
        reduced = reduce([frame.to_numpy() for frame in values])
        return pd.DataFrame(reduced, index=first.index, columns=first.columns)
    if isinstance(first, list):
        return [over_members(trial, reduce) for trial in zip(*values, strict=True)]
    if first.dtype != object:
        return reduce(values)
    found = np.empty(len(first), dtype=object)
    found[:] = [reduce(trial) for trial in zip(*values, strict=True)]
    return found


def per_trial(function: Any, values: np.ndarray) -> np.ndarray:
    if values.dtype != object:
        return function(values)
    result = np.empty(len(values), dtype=object)
    result[:] = [function(trial) for trial in values]
    return result
