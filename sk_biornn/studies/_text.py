"""Tables as text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Format = Callable[[float], str]


def align(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of cells as lines of text with straight columns."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def span(low: float, high: float, number: Format) -> str:
    """Return an interval as text; nothing when there is none."""
    return f"[{number(low)}, {number(high)}]" if np.isfinite(low) else ""


def signed(value: float, number: Format) -> str:
    """Return a number with its sign, plus included."""
    return ("+" if value >= 0 else "-") + number(abs(value))
