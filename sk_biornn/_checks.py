"""Scalar arguments, checked: one sentence for the one that does not fit.

A value of another type than asked for is a TypeError, one of that type which is not allowed a
ValueError; both say ``NAME must be EXPECTED, got VALUE.``
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np

from sk_biornn._plain import short

MOST = 2**31 - 1  # of anything that is counted; sizes beyond are mistakes


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is an int or a float, of Python or NumPy, and no truth value.

    A Fraction is refused: nothing that computes with arrays and tensors knows it.
    """
    kinds = (int, float, np.integer, np.floating)
    others = (bool, np.bool_, np.timedelta64)  # a duration is an int to NumPy
    return isinstance(value, kinds) and not isinstance(value, others)


def is_integer(value: Any) -> TypeGuard[int]:
    """Whether a value is an int, of Python or NumPy; 2.0 is none."""
    return is_number(value) and isinstance(value, Integral)


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a value is a positive integer of a size that can be counted."""
    return is_integer(value) and 1 <= value <= MOST


def is_flag(value: Any) -> TypeGuard[bool]:
    """Whether a value is True or False, of Python or NumPy."""
    return isinstance(value, (bool, np.bool_))


def as_float(value: Any) -> float:
    """Return a number as a float, infinite where it is beyond the range."""
    if type(value) is float:
        return value
    try:
        if type(value) is int:
            return float(value)
        with np.errstate(over="ignore"):
            return float(value)
    except OverflowError:  # 10**400
        return math.inf if value > 0 else -math.inf


def check_number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return `value` as a finite float in [low, high], or without the ends that are `open_`."""
    if is_number(value):
        number = as_float(value)
        above = number > low if open_low else number >= low
        below = number < high if open_high else number <= high
        if math.isfinite(number) and above and below:
            return number
    expected = interval_text("a number", low, high, open_low=open_low, open_high=open_high)
    raise _no_number(name, expected, value, right_type=is_number(value))


def check_count(name: str, value: Any, *, low: int = 1) -> int:
    """Return `value` as an int of at least `low`."""
    if is_integer(value) and low <= value <= MOST:
        return int(value)
    expected = interval_text("an integer", low, math.inf)
    if is_integer(value) and value > MOST:
        expected = f"an integer of at most {MOST}"
    raise _no_number(name, expected, value, right_type=is_integer(value))


def _no_number(name: str, expected: str, value: Any, *, right_type: bool) -> Exception:
    """Return the error for what is not the number that was expected."""
    kind = ValueError if right_type else TypeError
    return kind(f"{name} must be {expected}, got {number_text(value)}.")


def check_flag(name: str, value: Any) -> bool:
    """Return `value`, which is True or False."""
    if not is_flag(value):
        raise TypeError(f"{name} must be True or False, got {value_text(value)}.")
    return bool(value)


def check_choice(name: str, value: Any, allowed: Iterable[str | None]) -> Any:
    """Return `value`, which is one of the names in `allowed`, or None if that is among them."""
    allowed = list(allowed)
    is_name = isinstance(value, str)
    if (value is None or is_name) and value in allowed:
        return value
    raise refusal(name, choice_text(allowed), value, right_type=is_name)


def refusal(name: str, expected: str, value: Any, *, right_type: bool) -> ValueError | TypeError:
    """Return the error for a value that is not what was expected: of its type, or of another."""
    kind = ValueError if right_type else TypeError
    return kind(f"{name} must be {expected}, got {value_text(value)}.")


def choice_text(allowed: Iterable[str | None]) -> str:
    """Say which names are allowed: "one of ['a', 'b']", "None or one of ['a', 'b']"."""
    allowed = list(allowed)
    names = [name for name in allowed if name is not None]
    return f"{'None or ' if None in allowed else ''}one of {names}"


def interval_text(
    noun: str, low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> str:
    """Describe an interval: "a number of at least 0", "an integer in [1, 10]"."""
    if math.isinf(low) and math.isinf(high):
        return noun.replace("a number", "a finite number")
    if math.isinf(low):
        return f"{noun} {'less than' if open_high else 'of at most'} {high:g}"
    if math.isinf(high):
        return f"{noun} {'greater than' if open_low else 'of at least'} {low:g}"
    return f"{noun} in {'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"


def number_text(value: Any) -> str:
    """Show what came for a number; to a kind of number that is not taken, say what would be."""
    if isinstance(value, Real) and not is_number(value) and not is_flag(value):
        return f"{short(value)}; pass float() of it"
    return value_text(value)


def value_text(value: Any) -> str:
    """Show a scalar as Python writes it, 2 instead of np.int64(2), and nothing at length."""
    return short(value.item() if isinstance(value, np.generic) else value)
