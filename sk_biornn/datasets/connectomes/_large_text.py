"""Large edge lists in text: columns at once, where nothing in the file can be read in two ways.

A file with quotes, comments or rows of several lengths, or one that has several separators, is for
the reader of `_text_tables`, which looks at every cell, and explains what it refuses.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn.datasets._text_tables import GZIP, SEPARATORS, UTF16
from sk_biornn.datasets.connectomes._levels import Column

LARGE = 1 << 20  # bytes; below, looking at every cell takes no time
_ROWS_AT_ONCE = 1 << 18  # bounds the memory of their texts
_MARKS = (b'"', b"#", b"\0", b"\r")


def large_edge_list(
    path: Path, is_heading: Callable[[list[str]], bool]
) -> list[tuple[str, Column]] | None:
    """Return the columns of a large file, each with its name; None leaves it to the other reader.

    Parameters
    ----------
    path : Path
        A text file.
    is_heading : callable
        Whether the cells of a heading are those of an edge list.

    Returns
    -------
    list of (str, Column) or None
        Texts without the white space around them.
    """
    if path.stat().st_size < LARGE:
        return None
    data = _plain_bytes(path)
    if data is None:
        return None
    try:
        heading = data[: data.index(b"\n")].decode()
    except ValueError:  # a single line, or no UTF-8
        return None
    separators = [one for one in SEPARATORS if one in heading and _is_even(data, one.encode())]
    if len(separators) != 1:
        return None
    names = [name.strip() for name in heading.split(separators[0])]
    if not is_heading(names):
        return None
    return _columns(data, separators[0], names)


def _plain_bytes(path: Path) -> bytes | None:
    """Return the text of a file without empty lines at its end, None if it has any marks."""
    data = path.read_bytes()
    try:
        data = gzip.decompress(data) if data.startswith(GZIP) else data
    except (OSError, EOFError, zlib.error):
        return None
    if data.startswith(UTF16):
        return None
    data = data.removeprefix(b"\xef\xbb\xbf")
    data = (data.replace(b"\r\n", b"\n") if b"\r" in data else data).rstrip(b"\n")
    return None if any(mark in data for mark in _MARKS) else data


def _is_even(data: bytes, separator: bytes) -> bool:
    """Whether every line has the separator as often as the first one."""
    if separator == b" ":
        lines = b"\n" + data + b"\n"
        if b"  " in lines or b" \n" in lines or b"\n " in lines:
            return False  # spaces beside others, and at the ends of lines, separate nothing
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = np.append(np.flatnonzero(octets == ord("\n")), len(octets))
    places = np.flatnonzero(octets == ord(separator))
    n_each, rest = divmod(len(places), len(ends))
    if rest or not n_each:
        return False
    of_line = places.reshape(len(ends), n_each)
    return bool((of_line[:, -1] < ends).all() and (of_line[1:, 0] > ends[:-1]).all())


def _columns(data: bytes, separator: str, names: list[str]) -> list[tuple[str, Column]] | None:
    columns = [_Growing() for _ in names]
    try:
        # Texts, not categories: those that all look like numbers pandas would turn into numbers.
        pieces = pd.read_csv(
            io.BytesIO(data),
            sep=separator,
            header=None,
            skiprows=1,
            names=range(len(names)),
            index_col=False,
            dtype=str,
            na_filter=False,
            quoting=3,  # no quotes, of which there are none
            skip_blank_lines=False,
            chunksize=_ROWS_AT_ONCE,
        )
        with pieces:
            for piece in pieces:
                for place, column in enumerate(columns):
                    column.append(piece[place])
    except ValueError:  # no UTF-8, or no rows
        return None
    found = [column.whole() for column in columns]
    if all("" in column.levels for column in found):  # rows without a cell may be among them
        return None
    return list(zip(names, found, strict=True))


class _Growing:
    """A column of which piece after piece is read, each different text being kept once."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._codes: list[NDArray[np.intp]] = []

    def append(self, texts: pd.Series[Any]) -> None:
        codes, levels = pd.factorize(texts.to_numpy(dtype=object))
        place = self._place
        found = [place.setdefault(text.strip(), len(place)) for text in levels]
        self._codes.append(np.array(found, dtype=np.intp)[codes])

    def whole(self) -> Column:
        none = np.empty(0, dtype=np.intp)
        return Column(np.concatenate([none, *self._codes]), list(self._place))
