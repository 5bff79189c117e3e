"""What a constructor argument may be; what is not is refused in the sentence of `_checks`."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol

import numpy as np

from sk_biornn._checks import (
    MOST,
    as_float,
    choice_text,
    interval_text,
    is_flag,
    is_number,
    number_text,
    value_text,
)
from sk_biornn._vocabulary import Vocabulary


class Rule(Protocol):
    """Says what is expected, and whether a value is that."""

    @property
    def expected(self) -> str:
        """What a value must be, for the message of a refusal."""
        ...

    def accepts(self, value: Any) -> bool:
        """Whether a value is that."""
        ...

    def is_of_type(self, value: Any) -> bool:
        """Whether a value is at least of the right type."""
        ...


@dataclass(frozen=True)
class Number:
    """A finite number of an interval; `kind` is numbers.Integral or numbers.Real."""

    kind: type
    low: float = -np.inf
    high: float = np.inf
    low_included: bool = True
    high_included: bool = True
    bool_allowed: bool = False

    @property
    def most(self) -> float:
        """The largest value, said only to those who exceed it."""
        return MOST if self.kind is Integral else np.inf

    @property
    def expected(self) -> str:
        """Describe the interval."""
        return interval_text(
            "an integer" if self.kind is Integral else "a number",
            self.low,
            self.high,
            open_low=not self.low_included,
            open_high=not self.high_included,
        )

    def accepts(self, value: Any) -> bool:
        """Return whether the value is a number of the interval."""
        if not self.is_of_type(value):
            return False
        if isinstance(value, Integral) and not -(2**63) <= int(value) < 2**63:
            return False  # torch multiplies with no such int
        number = as_float(value)
        above = number >= self.low if self.low_included else number > self.low
        below = number <= self.high if self.high_included else number < self.high
        return math.isfinite(number) and above and below and number <= self.most

    def is_of_type(self, value: Any) -> bool:
        """Return whether the value is a number of the kind."""
        is_allowed_flag = self.bool_allowed and isinstance(value, bool)
        return is_allowed_flag or (is_number(value) and isinstance(value, self.kind))


@dataclass(frozen=True)
class Choice:
    """One of a few strings."""

    options: tuple[str, ...]

    @property
    def expected(self) -> str:
        """List the options."""
        return choice_text(self.options)

    def accepts(self, value: Any) -> bool:
        """Return whether the value is one of the options."""
        return self.is_of_type(value) and value in self.options

    def is_of_type(self, value: Any) -> bool:
        """Return whether the value is text."""
        return isinstance(value, str)


@dataclass(frozen=True)
class WordOr:
    """A word of a vocabulary, or an object of a kind."""

    words: Vocabulary[Any]
    others: str  # how a message describes such objects, None among them
    is_other: Callable[[Any], bool]

    @property
    def expected(self) -> str:
        """List the words, and describe the objects."""
        return f"{choice_text(self.words)}, {self.others}"

    def accepts(self, value: Any) -> bool:
        """Return whether the value is a word or such an object."""
        return value in self.words if isinstance(value, str) else self.is_other(value)

    def is_of_type(self, value: Any) -> bool:
        """Return whether the value is text, or a list, of which one item may not fit."""
        return isinstance(value, (str, list))


@dataclass(frozen=True)
class Flag:
    """True or False."""

    expected: str = "True or False"

    def accepts(self, value: Any) -> bool:
        """Return whether the value is a bool."""
        return is_flag(value)

    def is_of_type(self, value: Any) -> bool:
        """Return whether the value is a bool."""
        return is_flag(value)


@dataclass(frozen=True)
class FlagOr:
    """True, False or one of a few strings."""

    options: tuple[str, ...]

    @property
    def expected(self) -> str:
        """List the options."""
        return f"True, False or {choice_text(self.options)}"

    def accepts(self, value: Any) -> bool:
        """Return whether the value is a bool or one of the options."""
        return is_flag(value) or Choice(self.options).accepts(value)

    def is_of_type(self, value: Any) -> bool:
        """Return whether the value is a bool or text."""
        return is_flag(value) or isinstance(value, str)


@dataclass(frozen=True)
class Optional:
    """None, or what another rule accepts."""

    rule: Rule

    @property
    def expected(self) -> str:
        """Add None to the other rule's description."""
        return f"None or {self.rule.expected}"

    def accepts(self, value: Any) -> bool:
        """Return whether the value is None or accepted by the other rule."""
        return value is None or self.rule.accepts(value)

    def is_of_type(self, value: Any) -> bool:
        """Return whether the value is None or of the other rule's type."""
        return value is None or self.rule.is_of_type(value)


def binds(value: Any, n_arguments: int) -> bool:
    """Whether a value is an object with a method `bind` of so many arguments."""
    if isinstance(value, type) or not callable(getattr(value, "bind", None)):
        return False
    try:
        inspect.signature(value.bind).bind(*[None] * n_arguments)
    except TypeError:
        return False
    except ValueError:  # a function written in C may not tell
        return True
    return True


def check_rules(holder: Any, rules: Mapping[str, Rule]) -> None:
    """Raise for the first attribute of `holder` that its rule does not accept.

    Raises
    ------
    TypeError
        If the value is of another type than the rule's.
    ValueError
        If the value is of the right type but not allowed.
    """
    for name, rule in rules.items():
        value = getattr(holder, name)
        if rule.accepts(value):
            continue
        inner = rule.rule if isinstance(rule, Optional) else rule
        error = ValueError if rule.is_of_type(value) else TypeError
        most = _said_of_largest(inner, value) if isinstance(inner, Number) else ""
        came = number_text(value) if isinstance(inner, Number) else value_text(value)
        raise error(f"{name} must be {rule.expected}{most}, got {came}.")


def _said_of_largest(rule: Number, value: Any) -> str:
    """Return what an int beyond the range is told besides."""
    largest = rule.most if rule.kind is Integral else 2**63 - 1
    too_large = isinstance(value, Integral) and int(value) > largest
    return f" and, of ints, at most {largest}" if too_large else ""
