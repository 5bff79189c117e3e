"""Arguments of a study, each refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any


def one_of(argument: str, name: Any, allowed: Iterable[str]) -> str:
    """Return a name that is among the allowed ones."""
    allowed = list(allowed)
    if name not in allowed:
        raise ValueError(f"{argument} must be among {allowed}, got {name!r}.")
    return name


def checked_int(argument: str, value: Any, minimum: int | None) -> int:
    """Return an int that is large enough; a minimum of None allows any."""
    expected = "an int" if minimum is None else f"an int of at least {minimum}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{argument} must be {expected}, got {value!r}.")
    if minimum is not None and value < minimum:
        raise ValueError(f"{argument} must be {expected}, got {value}.")
    return int(value)


def checked_number(argument: str, value: Any, minimum: float | None) -> float:
    """Return a finite number that is at least `minimum`; a minimum of None: that is positive."""
    expected = "a positive number" if minimum is None else f"a number of at least {minimum:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{argument} must be {expected}, got {value!r}.")
    above = value > 0 if minimum is None else value >= minimum
    if not (above and value < float("inf")):
        raise ValueError(f"{argument} must be {expected} and finite, got {value}.")
    return float(value)
