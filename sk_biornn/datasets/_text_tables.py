"""Tables in text files: which separator they have is found out or asked for, never guessed.

A separator is taken where every row has as many cells as the heading under it and under no other.
Where that leaves several, a heading that the reader knows decides, or that the cells of one of them
are whole; else the file is refused, and the message names what was found.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sk_biornn._plain import short, short_text

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "white space"}
GZIP = b"\x1f\x8b"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# The first line by which a spreadsheet program says the separator: sep=;
SAID = re.compile(r'"?sep=([^\w\s"]|\t)"?', flags=re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
Heading = Callable[[list[str]], bool]


@dataclass(frozen=True)
class TextTable:
    """Cells of a file as text, the heading first, without blank lines and comments."""

    path: Path
    separator: str
    cells: list[list[str]]
    lines: list[int]  # where each row stands in the file, counted from 1
    marked: frozenset[int]  # lines that begin with #, outside of quotes


def read_text_table(path: Path, is_heading: Heading = lambda cells: False) -> TextTable:
    """Read a table whose rows all have as many cells as its heading.

    Parameters
    ----------
    path : Path
        A text file, in UTF-8 or as "Unicode text" of a spreadsheet program (UTF-16).
    is_heading : callable
        Whether the reader knows the names in a heading, given as a list of cells.

    Returns
    -------
    TextTable
        All cells as text: "NA" is a name until somebody asks for a number.

    Raises
    ------
    ValueError
        If the file is no text, is empty, or no separator or several fit.
    """
    lines = _text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise ValueError(f"{path} is empty.")
    said = SAID.fullmatch(numbered[0][1].strip())
    numbered = numbered[1:] if said else numbered
    comments, body = _leading_comments(numbered)
    if not body:
        raise ValueError(f"{path} has no rows.")
    separators = [said[1]] if said else list(SEPARATORS)
    tables = [_cut(path, body, separator) for separator in separators]
    table = _only_one(path, [table for table in tables if table is not None], is_heading)
    return _heading_of_comment(_without_inner_comments(table), comments, is_heading)


def _text(path: Path) -> str:
    """Text of a file, without a byte order mark."""
    data = path.read_bytes()
    try:
        data = gzip.decompress(data) if data.startswith(GZIP) else data
        text = data.decode("utf-16" if data.startswith(UTF16) else "utf-8-sig")
    except (OSError, EOFError, zlib.error):
        raise ValueError(f"{path} is a damaged gzip file.") from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not a CSV file in UTF-8 ({short_text(error)}); save it as such."
        ) from None
    if "\0" in text:
        raise ValueError(f"{path} is not a CSV file: it holds bytes that no text has.")
    return text


def _leading_comments(
    numbered: list[tuple[int, str]],
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    n_comments = next(
        (i for i, (_, line) in enumerate(numbered) if not line.lstrip().startswith("#")),
        len(numbered),
    )
    return numbered[:n_comments], numbered[n_comments:]


def _cut(path: Path, numbered: list[tuple[int, str]], separator: str) -> TextTable | None:
    """Cut lines into cells; None where the quotes do not fit the separator, or it is not there."""
    if not any(separator in line for _, line in numbered):
        return None
    # Tabs are no spaces: an empty cell between two of them is a cell.
    text = [line.strip(" ") if separator == " " else line for _, line in numbered]
    reader = csv.reader(text, delimiter=separator, skipinitialspace=separator != "\t", strict=True)
    cells, lines = [], []
    try:
        for row in reader:
            cells.append([cell.strip() for cell in row])
            lines.append(numbered[min(reader.line_num, len(numbered)) - 1][0])
    except csv.Error:
        return None
    rows = [(row, line) for row, line in zip(cells, lines, strict=True) if any(row)]
    marked = frozenset(number for number, line in numbered if line.lstrip().startswith("#"))
    table = TextTable(path, separator, [row for row, _ in rows], [line for _, line in rows], marked)
    return table if any(len(row) > 1 for row, _ in _unmarked(table)) else None


def _only_one(path: Path, tables: list[TextTable], is_heading: Heading) -> TextTable:
    """Return the table of the one separator that fits."""
    if not tables:
        raise ValueError(
            f"{path} is not a CSV file: its cells are not separated by {_names(SEPARATORS)}, "
            "or a quote is not closed."
        )
    known = [table for table in tables if is_heading(table.cells[0])]
    tables = known if len(known) == 1 else tables
    fitting = [fitted for table in tables if (fitted := _even(table)) is not None]
    if not fitting:
        raise _uneven(known[0] if known else max(tables, key=_n_even))
    if len(fitting) > 1:
        others = {table.separator for table in fitting}
        fitting = [table for table in fitting if _is_whole(table, others)] or fitting
    if len(fitting) > 1:
        raise ValueError(
            f"{path} may be separated by {_names(table.separator for table in fitting)}: every row "
            "has as many cells as its heading either way; save it with tabs."
        )
    return fitting[0]


def _even(table: TextTable) -> TextTable | None:
    """Return the table if its rows are as long as its heading, else None.

    A heading that lacks the corner above the names of the rows, as R writes it, gets an empty one,
    if its names and those of the rows are the same.
    """
    heading, *rows = (row for row, _ in _unmarked(table))
    widths = {len(row) for row in rows}
    if len(heading) > 1 and widths <= {len(heading)}:
        return table
    same_names = sorted(heading) == sorted(row[0] for row in rows)
    if widths == {len(heading) + 1} and same_names:
        return replace(table, cells=[["", *heading], *table.cells[1:]])
    return None


def _unmarked(table: TextTable) -> list[tuple[list[str], int]]:
    """Rows that are certainly none of the comments, each with its line."""
    rows = zip(table.cells, table.lines, strict=True)
    return [(row, line) for row, line in rows if line not in table.marked]


def _n_even(table: TextTable) -> float:
    """Share of rows that are as long as the heading, if it has more than one cell."""
    width = len(table.cells[0])
    return sum(len(row) == width for row in table.cells) / len(table.cells) if width > 1 else 0.0


def _uneven(table: TextTable) -> ValueError:
    width, name = len(table.cells[0]), SEPARATORS.get(table.separator, short(table.separator))
    row, line = next((row, line) for row, line in _unmarked(table) if len(row) != width)
    comma = "; a decimal comma needs quotes around it, or another separator"
    more = len(row) > width
    return ValueError(
        f"{table.path} is separated by {name}, and has a row with "
        f"{'more' if more else 'fewer'} values than its heading has columns: {len(row)} in line "
        f"{line}, {width} in the heading{comma if more and table.separator == ',' else ''}."
    )


def _is_whole(table: TextTable, separators: set[str]) -> bool:
    """Whether no cell holds another of the separators, but for decimal commas."""
    others = separators - {table.separator}
    inside = (cell for row in table.cells for cell in row if any(c in cell for c in others))
    return all(DECIMAL_COMMA.fullmatch(cell) for cell in inside)


def _heading_of_comment(
    table: TextTable, comments: list[tuple[int, str]], is_heading: Heading
) -> TextTable:
    """Take the last comment for the heading, if it is one that is known: # pre, post, weight."""
    if not comments or is_heading(table.cells[0]):
        return table
    number, line = comments[-1]
    heading = _cut(table.path, [(number, line.lstrip().lstrip("#"))], table.separator)
    if heading is None or not is_heading(heading.cells[0]):
        return table
    cells, lines = [*heading.cells, *table.cells], [number, *table.lines]
    whole = replace(table, cells=cells, lines=lines)
    if _even(whole) is None:
        raise _uneven(whole)
    return whole


def _without_inner_comments(table: TextTable) -> TextTable:
    """Drop comments between the rows; one as long as a row could be a row, and is refused."""
    width = len(table.cells[0])
    for row, line in zip(table.cells, table.lines, strict=True):
        if line in table.marked and len(row) == width:
            raise ValueError(
                f"{table.path} has a line that may be a comment or a row whose first cell is "
                f"{short(row[0])}: line {line}; take it out, or put that cell in quotes."
            )
    rows = _unmarked(table)
    return replace(table, cells=[row for row, _ in rows], lines=[line for _, line in rows])


def _names(separators: Iterable[str]) -> str:
    """Say several separators: "a comma, a tab or white space"."""
    texts = [SEPARATORS[separator] for separator in separators]
    return " or ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
