"""What all Displays share: what `plot` sets is missing until then, and says so."""

from __future__ import annotations

from typing import NoReturn


class Display:
    """A picture that is computed by `from_*` and drawn by `plot`."""

    _set_by_plot: tuple[str, ...] = ("ax_", "figure_")

    def __getattr__(self, name: str) -> NoReturn:
        kind = type(self).__name__
        if name in type(self)._set_by_plot:
            raise AttributeError(f"{kind} has {name} once it is drawn: call plot() first.")
        raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=self)
