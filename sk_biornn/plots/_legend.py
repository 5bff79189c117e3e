"""A legend below all panels that no edge of the figure cuts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MARGIN = 0.1  # inches on either side


def legend_below(figure: Any, handles: Sequence[Any], *, ncols: int, **options: Any) -> Any:
    """Put a legend below the panels, in at most `ncols` columns and as few as its width asks for.

    The figure grows by its height, so that the panels keep theirs, and where even one column has no
    room, to its width. For figures with constrained layout.
    """
    for columns in range(min(ncols, len(handles)), 0, -1):
        legend = figure.legend(
            handles=handles, loc="outside lower center", ncols=columns, frameon=False, **options
        )
        box = legend.get_window_extent()
        width, height = box.width / figure.dpi, box.height / figure.dpi
        if width + 2 * MARGIN <= figure.bbox.width / figure.dpi:
            break
        if columns > 1:
            legend.remove()
    if not hasattr(figure, "set_size_inches"):  # a part of a figure does not grow
        return legend
    room = max(figure.get_figwidth(), width + 2 * MARGIN)
    figure.set_size_inches(room, figure.get_figheight() + height)
    return legend
