"""Tables of text whose numbers come back with every digit."""

from __future__ import annotations

from os import PathLike
from typing import IO, Any

import pandas as pd

# Before 3.1 both parsers of pandas are a digit off in one of three numbers unless they are told.
_READS_EVERY_DIGIT = tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
_EXACTLY: dict[str, Any] = {} if _READS_EVERY_DIGIT else {"float_precision": "round_trip"}


def read_csv(path: str | PathLike[str] | IO[str]) -> pd.DataFrame:
    """Return a table of comma-separated values, every number as `float` reads it."""
    return pd.read_csv(path, **_EXACTLY)
