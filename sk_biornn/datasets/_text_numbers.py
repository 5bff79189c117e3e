"""Numbers in text: with a point or a comma for the decimals, never with a guess between the two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sk_biornn._plain import short

# What stands for a value that is not there, in the spelling of R, pandas, MATLAB and spreadsheets.
MISSING = {"", "na", "nan", "n/a", "#n/a", "null", "none", "<na>"}
POINT = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?)", flags=re.IGNORECASE
)
COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def text_numbers(cells: Sequence[str], path: Path) -> NDArray[np.float64]:
    """Return the numbers that cells hold, NaN where one says that there is none.

    Infinity passes. Decimal commas are read if no cell has a decimal point and at least one could
    not be a number of thousands.

    Raises
    ------
    ValueError
        If a cell is no number, or its comma could be either.
    """
    texts = ["" if cell.strip().casefold() in MISSING else cell.strip() for cell in cells]
    given = [text for text in texts if text]
    other = [text for text in given if not (POINT.fullmatch(text) or COMMA.fullmatch(text))]
    if other:
        raise ValueError(f"{path} must hold numbers, got {short(other[0])}.")
    with_comma = [text for text in given if "," in text]
    with_point = [text for text in given if "." in text]
    if with_comma and with_point:
        raise ValueError(
            f"{path} must have one sign for its decimals, got {short(with_comma[0])} and "
            f"{short(with_point[0])}."
        )
    if with_comma and all(map(THOUSANDS.fullmatch, with_comma)):
        raise ValueError(
            f"{path} must have numbers without commas for the thousands, got "
            f"{short(with_comma[0])}, which could be {with_comma[0].replace(',', '')} or "
            f"{with_comma[0].replace(',', '.')}."
        )
    return np.array([float(text.replace(",", ".")) if text else np.nan for text in texts])
