"""Which gradients of a scan are asked for: those of what does not move cost nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

_ORDER = ("how", "x", "leak", "initial", "w_in", "w_rec", "b_rec", "w_out", "b_out")


class Wanted(NamedTuple):
    """Of what the gradients of a scan are asked for."""

    inputs: bool
    leak: bool
    initial: bool
    recurrent: bool


def wanted(ctx: Any) -> Wanted:
    """Return what the arguments of a scan, in their order, ask for."""
    asked = dict(zip(_ORDER, ctx.needs_input_grad, strict=True))
    return Wanted(asked["x"], asked["leak"], asked["initial"], asked["w_rec"])
