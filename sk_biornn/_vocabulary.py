"""The words that an argument takes: one table of rows, from which all else about them follows.

What an argument may be, what its documentation lists, the table of the README and the cases of the
tests are read off the rows, so that a word which is added to a table is known everywhere.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar


class Row(Protocol):
    """What every row has; a table may have rows that say more."""

    @property
    def name(self) -> str:
        """The word itself."""
        ...

    @property
    def formula(self) -> str:
        """What it computes, in plain letters."""
        ...

    @property
    def meaning(self) -> str:
        """What it is, and whose."""
        ...


class Word(NamedTuple):
    """A row whose word stands for an object."""

    name: str
    make: Callable[..., Any]
    formula: str
    meaning: str

    def make_of(self, offered: Mapping[str, Any]) -> Any:
        """Make the object, of those arguments among the offered that it takes."""
        return self.make(**{name: offered[name] for name in self.takes if name in offered})

    @property
    def takes(self) -> tuple[str, ...]:
        """Names of the arguments with which the object is made."""
        return tuple(inspect.signature(self.make).parameters)


C = TypeVar("C", bound=Callable[..., Any])  # a class or a function
R = TypeVar("R", bound=Row)


class Vocabulary(Mapping[str, R]):
    """Rows by their words, in their order; it prints itself for docstrings and guides."""

    def __init__(self, *rows: R) -> None:
        self._rows = {row.name: row for row in rows}
        assert len(self._rows) == len(rows), "a word stands for one thing"

    def __getitem__(self, name: str) -> R:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def choices(self) -> str:
        """The words as numpydoc lists the values of an argument."""
        return "{" + ", ".join(f'"{name}"' for name in self) + "}"

    def bullets(self, width: int = 92) -> str:
        """Return a list for a docstring; `width` is that of a line."""
        items = (f'- "{row.name}": ``{row.formula}``; {row.meaning}.' for row in self.values())
        return "\n".join(textwrap.fill(item, width, subsequent_indent="  ") for item in items)

    def markdown(self, argument: str, default: str) -> str:
        """Return a table for the README."""
        head = f"| `{argument}=` | what is computed | what it is |\n|---|---|---|\n"
        rows = "".join(
            f'| `"{row.name}"`{" (default)" if row.name == default else ""} '
            f"| `{_escaped(row.formula)}` | {row.meaning} |\n"
            for row in self.values()
        )
        return head + rows

    def rst(self, argument: str) -> str:
        """Return a table for the guide."""
        cells = [f"`{argument}=`", "what is computed", "what it is"]
        lines = _rst_row(cells)
        for row in self.values():
            lines += _rst_row([f'`"{row.name}"`', f"``{row.formula}``", row.meaning])
        options = "   :header-rows: 1\n   :widths: 20 36 44\n\n"
        return ".. list-table::\n" + options + "".join(lines)


def filled(**texts: str) -> Callable[[C], C]:
    """Return a decorator that puts texts into the placeholders of a docstring.

    A text of several lines is indented as its placeholder is.
    """

    def fill(cls: C) -> C:
        for name, text in texts.items():
            pattern = re.compile(rf"^( *)(.*)\{{{name}\}}", flags=re.MULTILINE)
            cls.__doc__ = pattern.sub(partial(_indented, text), cls.__doc__ or "")
        return cls

    return fill


def _indented(text: str, place: re.Match[str]) -> str:
    indent, before = place.groups()
    return indent + before + text.replace("\n", "\n" + indent)


def _escaped(formula: str) -> str:
    return formula.replace("|", r"\|")  # a bar would end the cell


def _rst_row(cells: list[str]) -> list[str]:
    return [f"   {'*' if place == 0 else ' '} - {cell}\n" for place, cell in enumerate(cells)]
