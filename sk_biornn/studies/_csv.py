"""Tables as files: every digit is kept, and a file that is not the table is named."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sk_biornn._atomic import write_text


def write_csv(path: Path, frame: pd.DataFrame, *, index: bool = False) -> None:
    """Write a table with all digits, so that reading it gives the same numbers."""
    write_text(path, frame.to_csv(index=index, lineterminator="\n"))


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that has at least these columns."""
    if not path.is_file():
        raise ValueError(f"{str(path)!r} is missing; the folder holds no finished study.")
    # Python's own float() gives back every digit; the fast parser of older pandas does not.
    try:
        table = pd.read_csv(path, engine="python")
    except (ValueError, csv.Error) as error:  # pandas' own errors are ValueErrors
        raise ValueError(f"{str(path)!r} is damaged, it is not a table ({error}).") from None
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(
            f"{str(path)!r} is not the table of a study, it lacks the columns {missing}."
        )
    return table
