"""Names of neurons: texts, or whole numbers that have not lost a digit on the way."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import is_number
from sk_biornn._plain import short
from sk_biornn.datasets._text_numbers import MISSING

# "6.48518346349539E+17": an id as a spreadsheet shows it, whose last digits are gone.
ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?(?:1[5-9]|[2-9][0-9])|[0-9]{16,}\.0*")
LOST = "which has lost its last digits as a float: the ids must be read, or saved, as text"


def unit_names(
    values: Iterable[Any],
    where: str,
    *,
    exact: float = 2.0**53,
    rows: Iterable[int] | None = None,
) -> list[str]:
    """Return names as text, in their order.

    Parameters
    ----------
    values : iterable
        Texts and whole numbers.
    where : str
        What they are, for the messages: "names", "the column pre of a.csv".
    exact : float, default=2**53
        Floats from here on no longer tell neighbouring whole numbers apart.
    rows : iterable of int or None, default=None
        In which row each of them stands; None counts from 1.
    """
    numbered = enumerate(values, 1) if rows is None else zip(rows, values, strict=True)
    return [_unit_name(value, row, where, exact) for row, value in numbered]


def float_limit(dtype: Any) -> float:
    """Return the float from which a type skips whole numbers: 2**53, of float32 2**24."""
    kind = getattr(dtype, "numpy_dtype", dtype)  # of a nullable type of pandas
    is_float = isinstance(kind, np.dtype) and kind.kind == "f"
    return 2.0 ** (np.finfo(kind).nmant + 1) if is_float and kind.itemsize < 8 else 2.0**53


def refuse_missing_ids(names: Iterable[str], where: str) -> None:
    """Raise where one of many ids is "NA" or "nan": among numbers that is no name."""
    different = set(names)
    odd = sorted(name for name in different if name.casefold() in MISSING)
    ids = different - set(odd)
    if odd and ids and all(name.isdecimal() for name in ids):
        raise ValueError(f"{where} must have an id on both sides of every edge, got {odd[0]!r}.")


def in_order(names: Iterable[str]) -> list[str]:
    """Sort names: numbers by their size, others as text."""
    different = set(names)
    by_number = all(name.isdecimal() for name in different)
    return sorted(different, key=lambda name: (int(name) if by_number else 0, name))


def _unit_name(value: Any, row: int, where: str, exact: float) -> str:
    if isinstance(value, str):
        text = value.strip()
        if ROUNDED.fullmatch(text):
            raise ValueError(f"{where} must hold whole ids, got {text}, {LOST}.")
        if text:
            return str(text)
    elif isinstance(value, (datetime.date, np.datetime64)) and not pd.isna(value):
        raise ValueError(
            f"{where} must hold names, got the date {value!s}: spreadsheets make dates of names "
            "such as DEC1; save that column as text."
        )
    elif is_number(value) and not pd.isna(value):
        return _of_number(value, where, exact)
    elif not _is_missing(value):
        raise TypeError(f"{where} must hold texts or whole numbers, got {short(value)}.")
    hint = "" if isinstance(value, str) else "; keep_default_na=False lets pandas read NA as a name"
    raise ValueError(f"{where} must name a neuron everywhere, got none in row {row}{hint}.")


def _of_number(value: Any, where: str, exact: float) -> str:
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if abs(number) >= exact:
            raise ValueError(f"{where} must hold whole ids, got {number!r}, {LOST}.")
        if not number.is_integer():
            raise ValueError(f"{where} must hold whole ids or texts, got {number!r}.")
    return str(int(value))


def _is_missing(value: Any) -> bool:
    return value is None or (np.ndim(value) == 0 and pd.isna(value) is True)
