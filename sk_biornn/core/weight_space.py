"""Where recurrent weights may be and how they move there: what `train` knows of a constraint."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _anywhere(proposed: Tensor, before: Tensor | None) -> Tensor | None:
    """Accept every proposed value, and keep all momentum."""
    return None


class WeightSpace(NamedTuple):
    """A set of allowed recurrent weights, seen through free parameters theta.

    Parameters
    ----------
    encode : callable
        w_rec -> theta; the nearest allowed point for weights outside the set.
    decode : callable
        theta -> w_rec, differentiable; always inside the set, exactly.
    retract : callable
        (proposed theta, theta before the step or None) -> factor or None; moves the proposal of
        the optimiser back into the set, in place, and says by what the momentum of each parameter
        is to be multiplied: 0 where it was stopped at a wall, -1 where it was reflected.
    needs_before : bool
        Whether `retract` wants theta as it was before the step.
    """

    encode: Callable[[Tensor], Tensor] = _same
    decode: Callable[[Tensor], Tensor] = _same
    retract: Callable[[Tensor, Tensor | None], Tensor | None] = _anywhere
    needs_before: bool = False
