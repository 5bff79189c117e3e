"""Numbers among arguments: one sentence for the one that does not fit."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from sk_biornn._plain import short

MOST = 2**31 - 1  # of anything that is counted; sizes beyond are mistakes


def is_number(value: Any) -> bool:
    """Whether a value is an int or a float, of Python or NumPy, and no truth value.

    A Fraction is refused: nothing that computes with arrays and tensors knows it.
    """
    kinds = (int, float, np.integer, np.floating)
    others = (bool, np.bool_, np.timedelta64)  # a duration is an int to NumPy
    return isinstance(value, kinds) and not isinstance(value, others)


def is_count(value: Any) -> bool:
    """Whether a value is a positive integer of a size that can be counted."""
    return is_number(value) and isinstance(value, Integral) and 1 <= value <= MOST


def as_float(value: Any) -> float:
    """Return a number as a float, infinite where it is beyond the range."""
    try:
        with np.errstate(over="ignore"):
            return float(value)
    except OverflowError:  # 10**400
        return math.inf if value > 0 else -math.inf


def check_number(
    name: str, value: Any, *, low: float = -math.inf, high: float = math.inf, open_low: bool = False
) -> float:
    """Return `value` as a finite float in [low, high], or in (low, high] with `open_low`."""
    expected = _describe(low, high, open_low)
    if not is_number(value):
        raise TypeError(f"{name} must be {expected}, got {number_text(value)}.")
    number = as_float(value)
    above = number > low if open_low else number >= low
    if not (math.isfinite(number) and above and number <= high):
        raise ValueError(f"{name} must be {expected}, got {number_text(value)}.")
    return number


def check_count(name: str, value: Any, low: int = 0) -> int:
    """Return `value` as an int of at least `low`."""
    if not is_number(value) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer of at least {low}, got {number_text(value)}.")
    if value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {number_text(value)}.")
    if value > MOST:
        raise ValueError(f"{name} must be an integer of at most {MOST}, got {number_text(value)}.")
    return int(value)


def check_flag(name: str, value: Any) -> bool:
    """Return `value`, which is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {short(value)}.")
    return bool(value)


def number_text(value: Any) -> str:
    """Show a number as Python writes it, 2 instead of np.int64(2), and nothing at length."""
    if isinstance(value, Real) and not is_number(value) and not isinstance(value, (bool, np.bool_)):
        return f"{short(value)}; pass float() of it"
    return short(value.item() if isinstance(value, np.generic) else value)


def _describe(low: float, high: float, open_low: bool) -> str:
    if math.isinf(low) and math.isinf(high):
        return "a finite number"
    if math.isinf(low):
        return f"a number of at most {high:g}"
    if math.isinf(high):
        return f"a number greater than {low:g}" if open_low else f"a number of at least {low:g}"
    return f"a number in {'(' if open_low else '['}{low:g}, {high:g}]"
