"""HTML, element by element: what is no markup is escaped, wherever it comes from."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

VOID = {"meta", "br", "hr"}
# What may stand neither in HTML nor in XML, each by the mark of what cannot be shown.
CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\ufffd")


class Markup(str):
    """A text that is HTML already."""


def escaped(content: Any) -> str:
    """Return content as HTML: markup as it is, all else as text that shows itself."""
    if isinstance(content, Markup):
        return content
    text = str(content).translate(CONTROLS)
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"))  # halves of pairs, too


def element(name: str, *children: Any, **attributes: Any) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
        Its tag.
    *children : object
        What it holds: markup, or text that is escaped; None is nothing.
    **attributes : object
        By name, ``class_`` for class, a dash for every other underscore; None and False leave one
        out, True is one without a value.
    """
    opened = "".join([name, *(_attribute(key, value) for key, value in attributes.items())])
    if name in VOID:
        return Markup(f"<{opened}>")
    inner = "".join(escaped(child) for child in children if child is not None)
    return Markup(f"<{opened}>{inner}</{name}>")


def _attribute(key: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escaped(str(value))}"'


def joined(parts: Iterable[Any], between: str = "\n") -> Markup:
    """Return parts, one after the other, those that are None left out."""
    return Markup(between.join(escaped(part) for part in parts if part is not None))


class Anchors:
    """Names of places in a page, no two of them alike."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, text: str) -> str:
        """Return a name for a place that is called so."""
        plain = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40] or "part"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}-{number}"
        self._taken.add(name)
        return name
