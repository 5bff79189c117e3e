"""Argument checks shared by the data sets: one sentence, naming the argument."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return a number of NumPy as one of Python, so that a message shows 2, not np.int64(2)."""
    return value.item() if isinstance(value, np.generic) else value


def check_count(name: str, value: object, *, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer of at least {minimum}, got {plain(value)!r}.")
    if value < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, got {value}.")
    return int(value)


def check_real(name: str, value: object, *, low: float, high: float = math.inf) -> float:
    """Return `value` as a float in [low, high]; NaN and infinity are refused."""
    allowed = f"a number in [{low:g}, {high:g}]" if high < math.inf else f"at least {low:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {allowed}, got {plain(value)!r}.")
    if not math.isfinite(value) or not low <= float(value) <= high:
        raise ValueError(f"{name} must be {allowed}, got {value}.")
    return float(value)


def check_positive(name: str, value: object) -> float:
    """Return `value` as a finite float above zero."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a positive number, got {plain(value)!r}.")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be a positive number, got {value}.")
    return float(value)


def check_flag(name: str, value: object) -> bool:
    """Return `value`, which must be True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {plain(value)!r}.")
    return bool(value)


def check_choice(name: str, value: object, allowed: Iterable[str]) -> str:
    """Return `value`, which must be one of the strings in `allowed`."""
    allowed = list(allowed)
    if not isinstance(value, str) or value not in allowed:
        options = ", ".join(repr(option) for option in allowed)
        raise ValueError(f"{name} must be one of {options}, got {plain(value)!r}.")
    return value
