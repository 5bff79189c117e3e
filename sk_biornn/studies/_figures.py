"""Figures of a study as files: the same bytes each time, in PNG and PDF."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sk_biornn._atomic import write_bytes

# Without these the files would hold the time at which they were made.
_METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}}


def matplotlib_is_here() -> bool:
    """Whether figures can be drawn; a study without them is whole otherwise."""
    return importlib.util.find_spec("matplotlib") is not None


def save_figure(path: Path, draw: Callable[[Any], Any]) -> None:
    """Have `draw` fill an empty figure and write it to `path` with the endings .png and .pdf."""
    from matplotlib import rc_context, style
    from matplotlib.figure import Figure

    # The same picture whatever the user's own style is; in the PDF, text stays text.
    with style.context("default", after_reset=True), rc_context({"pdf.fonttype": 42}):
        # A figure of its own, not one of pyplot's: nothing is left open, no window is needed.
        figure = Figure()
        draw(figure)
        for kind, metadata in _METADATA.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
            write_bytes(path.with_suffix(f".{kind}"), buffer.getvalue())
