"""Scalar arguments: what passes, as what, and the sentence for what does not."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pytest

from sk_biornn._checks import (
    MOST,
    check_choice,
    check_count,
    check_flag,
    check_number,
    choice_text,
    is_count,
    is_integer,
)
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.estimators._rules import Choice, Flag, FlagOr, Number, Optional, check_rules
from sk_biornn.metrics import weight_entropy


class Holder:
    def __init__(self, argument):
        self.argument = argument


@pytest.mark.parametrize("value", [3, 3.0, np.int8(3), np.float32(3), np.uint64(3)])
def test_numbers_of_any_width_become_floats(value):
    number = check_number("x", value, low=0.0)
    assert type(number) is float and number == 3.0


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_counts_become_ints(value):
    assert type(check_count("x", value)) is int and is_integer(value) and is_count(value)


@pytest.mark.parametrize("value", [True, np.bool_(False)])
def test_flags_become_bools(value):
    assert check_flag("x", value) is bool(value)


def test_names_and_none_are_choices():
    assert check_choice("x", "a", ("a", "b")) == "a"
    assert check_choice("x", None, ("a", None)) is None


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "expected"),
    [
        ({}, -1e300, math.inf, "a finite number"),
        ({}, 0, math.nan, "a finite number"),
        ({"low": 0.0}, 0, -1e-300, "a number of at least 0"),
        ({"low": 0.0, "open_low": True}, 1e-300, 0, "a number greater than 0"),
        ({"high": 2.5}, 2.5, 3, "a number of at most 2.5"),
        ({"high": 2.5, "open_high": True}, 2, 2.5, "a number less than 2.5"),
        ({"low": 0.0, "high": 1.0}, 1, 1.5, r"a number in \[0, 1\]"),
        ({"low": 0.0, "high": 1.0, "open_low": True}, 1, 0, r"a number in \(0, 1\]"),
        ({"low": 0.0, "high": 1.0, "open_high": True}, 0, 1, r"a number in \[0, 1\)"),
        ({"low": 0.0}, 1e308, 10**400, "a number of at least 0"),
    ],
)
def test_intervals_and_their_words(bounds, inside, outside, expected):
    assert check_number("x", inside, **bounds) == inside
    with pytest.raises(ValueError, match=rf"^x must be {expected}, got .*\.$"):
        check_number("x", outside, **bounds)


@pytest.mark.parametrize("low", [0, 1, 5])
def test_counts_have_a_least_and_a_largest_value(low):
    with pytest.raises(
        ValueError, match=rf"^x must be an integer of at least {low}, got {low - 1}"
    ):
        check_count("x", low - 1, low=low)
    with pytest.raises(ValueError, match=rf"^x must be an integer of at most {MOST}, got "):
        check_count("x", MOST + 1, low=low)
    assert check_count("x", MOST, low=low) == MOST


WRONG_TYPES = {
    "number": (check_number, [None, "1", True, np.True_, 1j, [1.0], np.timedelta64(1), np.ones(2)]),
    "integer": (check_count, [None, "1", True, 2.0, np.float64(2), [1], np.timedelta64(1)]),
    "flag": (check_flag, [None, 0, 1, "yes", np.int64(1), [True], np.array([True])]),
    "choice": (lambda n, v: check_choice(n, v, ("a", "b")), [None, 1, True, ["a"], np.array("a")]),
}
CASES = [(check, value) for check, values in WRONG_TYPES.values() for value in values]


@pytest.mark.parametrize(("check", "value"), CASES)
def test_another_type_is_a_type_error(check, value):
    with pytest.raises(TypeError, match=r"^x must be .*, got .*\.$"):
        check("x", value)


def test_a_name_that_is_none_of_the_choices_is_a_value_error():
    with pytest.raises(ValueError, match=r"^x must be None or one of \['a', 'b'\], got 'c'\.$"):
        check_choice("x", "c", ("a", "b", None))
    assert choice_text(("a",)) == "one of ['a']"


def test_values_are_shown_as_python_writes_them_and_not_at_length():
    with pytest.raises(ValueError, match=r"got -2\.$"):
        check_count("x", np.int64(-2))
    with pytest.raises(TypeError, match=r"got Fraction\(1, 2\); pass float\(\) of it\.$"):
        check_number("x", Fraction(1, 2))
    with pytest.raises(TypeError) as caught:
        check_flag("x", "y" * 1000)
    assert len(str(caught.value)) < 130


@pytest.mark.parametrize(
    ("rule", "right", "wrong", "other"),
    [
        (Number(Integral, 1), 1, 0, 1.5),
        (Number(Real, 0.0, 1.0, high_included=False), 0.5, 1.0, "0.5"),
        (Choice(("a", "b")), "a", "c", 3),
        (Flag(), np.True_, None, 1),
        (FlagOr(("double",)), "double", "triple", 2),
        (Optional(Choice(("a",))), None, "b", 0),
    ],
)
def test_rules_tell_a_wrong_value_from_a_wrong_type(rule, right, wrong, other):
    check_rules(Holder(right), {"argument": rule})
    error = TypeError if wrong is None else ValueError
    with pytest.raises(error, match=r"^argument must be .*, got .*\.$"):
        check_rules(Holder(wrong), {"argument": rule})
    with pytest.raises(TypeError, match=r"^argument must be .*, got .*\.$"):
        check_rules(Holder(other), {"argument": rule})


def test_one_sentence_in_every_room():
    """The same mistake reads the same in an estimator, a measure, a data set and an ensemble."""
    sentences = set()
    for call in (
        lambda: check_rules(Holder(0), {"argument": Number(Integral, 1)}),
        lambda: check_count("argument", 0),
        lambda: SeedEnsemble(None, n_seeds=0).fit(None, None),
    ):
        with pytest.raises(ValueError) as caught:
            call()
        sentences.add(str(caught.value).replace("n_seeds", "argument"))
    assert sentences == {"argument must be an integer of at least 1, got 0."}
    with pytest.raises(ValueError, match=r"^n_points must be an integer of at least 2, got 1\.$"):
        weight_entropy(np.ones((3, 3)), n_points=1)
