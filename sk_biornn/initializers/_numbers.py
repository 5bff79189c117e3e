"""Numbers among constructor arguments: one sentence for the one that does not fit."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any


def check_number(
    name: str, value: Any, *, low: float = -math.inf, high: float = math.inf, open_low: bool = False
) -> float:
    """Return `value` as a finite float in [low, high], or in (low, high] with `open_low`."""
    expected = _describe(low, high, open_low)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {expected}, got {value!r}.")
    number = float(value)
    above = number > low if open_low else number >= low
    if not (math.isfinite(number) and above and number <= high):
        raise ValueError(f"{name} must be {expected}, got {value}.")
    return number


def check_count(name: str, value: Any) -> int:
    """Return `value` as an int of at least 0."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer of at least 0, got {value!r}.")
    if value < 0:
        raise ValueError(f"{name} must be an integer of at least 0, got {value}.")
    return int(value)


def _describe(low: float, high: float, open_low: bool) -> str:
    if math.isinf(low):
        return "a finite number"
    if math.isinf(high):
        return f"a number greater than {low:g}" if open_low else f"a number of at least {low:g}"
    return f"a number in {'(' if open_low else '['}{low:g}, {high:g}]"
