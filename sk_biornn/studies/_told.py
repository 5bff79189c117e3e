"""What a study tells, part by part: tables, answers and notes, which a terminal and a page show.

Both are made of the same cells, so that no number can differ between them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sk_biornn._plain import found

WIDTH = 79  # characters of a line
Lines = Sequence[Sequence[str]]
_NOTHING = ("", "-")


@dataclass(frozen=True, kw_only=True)
class PrintedTable:
    """A table as people read it: every cell a text.

    Parameters
    ----------
    title : str
        What it is of.
    lines : sequence of sequence of str
        Its lines of cells, all of one length, the first of them headings.
    keys : int, default=1
        Number of columns, the first ones, that say what a line is of.
    about : str, default=""
        What holds for all of it, one line.

    Examples
    --------
    >>> from sk_biornn.studies import PrintedTable
    >>> lines = [["law", "mean"], ["abs", "0.1"]]
    >>> table = PrintedTable(title="errors", lines=lines)
    >>> table.lines[1][table.keys]
    '0.1'
    """

    title: str
    lines: Lines
    keys: int = 1
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a study answers, in one sentence.

    Parameters
    ----------
    to : str
        Of what: a task, a condition.
    sentence : str
        The answer.

    Examples
    --------
    >>> from sk_biornn.studies import Answer
    >>> Answer(to="digits", sentence="the law costs nothing.").sentence
    'the law costs nothing.'
    """

    to: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """What explains the columns of all tables.

    Parameters
    ----------
    text : str
        The explanation.

    Examples
    --------
    >>> from sk_biornn.studies import Note
    >>> Note(text="n: runs.").text
    'n: runs.'
    """

    text: str


Part = str | PrintedTable | Answer | Note
Told = str | Sequence[Part]


def parts_of(told: Told) -> list[Part]:
    """Return the parts of what a report tells; a text is one part."""
    parts: list[Part] = [told] if isinstance(told, str) else list(told)
    for part in parts:
        if not isinstance(part, Part):
            raise TypeError(
                "sentences of a report must be a text, or parts that are str, PrintedTable, "
                f"Answer or Note, got {found(part)}."
            )
    return parts


def as_text(told: Told) -> str:
    """Return what a terminal shows: the parts, an empty line between two of them."""
    return "\n\n".join(_text_of(part) for part in parts_of(told))


def _text_of(part: Any) -> str:
    if isinstance(part, Answer):
        return paragraph(f"Answer: {part.sentence}")
    if isinstance(part, Note):
        return paragraph(part.text)
    if isinstance(part, PrintedTable):
        head = [part.title, *([f"  {part.about}"] if part.about else [])]
        return "\n".join([*head, *align(part.lines, keys=part.keys)])
    return part


def filled(lines: Lines, keys: int) -> list[tuple[str, ...]]:
    """Return the columns of a table without those in which nothing stands, keys apart."""
    return [
        column
        for place, column in enumerate(zip(*lines, strict=True))
        if place < keys or any(cell not in _NOTHING for cell in column[1:])
    ]


def align(lines: Lines, *, keys: int = 1) -> list[str]:
    """Return lines of cells, the first of them headings, as text with straight columns.

    Columns in which nothing stands are left out, but for the first `keys`, which say what a line is
    of. A table that is wider than a terminal is cut into groups of columns, each with these before
    it.
    """
    columns = filled(lines, keys)
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns]
    first = padded[:keys]
    groups: list[list[list[str]]] = [[]]
    for column in padded[keys:]:
        if groups[-1] and _width([*first, *groups[-1], column]) > WIDTH:
            groups.append([])
        groups[-1].append(column)
    blocks = [
        [("  " + "  ".join(cells)).rstrip() for cells in zip(*first, *group, strict=True)]
        for group in groups
    ]
    return [line for place, block in enumerate(blocks) for line in [""] * bool(place) + block]


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(2 + len(column[0]) for column in columns)


def paragraph(text: str) -> str:
    """Return a text in lines that a terminal has room for."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
