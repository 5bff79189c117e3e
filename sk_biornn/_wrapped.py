"""Estimators within others: the last step of a pipeline, the members of an ensemble, and so on.

Nothing here imports scikit-learn: measures and pictures ask as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_NAMES = ("best_estimator_", "estimator_", "regressor_")


def within(estimator: Any) -> list[Any]:
    """Return the estimators that another one holds; none where it is what learns itself."""
    if getattr(estimator, "steps", None):
        return [estimator.steps[-1][1]]
    members = getattr(estimator, "estimators_", None)
    if members is not None:
        return list(members)
    return next(([getattr(estimator, name)] for name in _NAMES if hasattr(estimator, name)), [])


def each_within(estimator: Any, wanted: Callable[[Any], bool]) -> Iterator[Any]:
    """Yield an estimator, or whatever is wanted within it, however deep."""
    if wanted(estimator):
        yield estimator
        return
    for inner in within(estimator):
        yield from each_within(inner, wanted)


def attribute_within(estimator: Any, name: str, default: Any = None) -> Any:
    """Return an attribute of an estimator, or of the first within it of which it is not None."""
    having = each_within(estimator, lambda inner: getattr(inner, name, None) is not None)
    return next((getattr(inner, name) for inner in having), default)
