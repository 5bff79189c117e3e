"""Where recurrent weights may be and how they move there: what `train` knows of a constraint."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from sk_biornn.core.sparse import Support


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
    stops_at_zero : bool
        Whether the momentum of a parameter that `retract` leaves at 0 is lost, too. It could say
        so itself, by a factor; told here, it takes one pass over memory instead of two.
    matrix : callable
        What `decode` returns -> the matrix (n_units, n_units); they differ where the loss function
        is given only the weights that may exist (see `on_support`).
    """

    encode: Callable[[Tensor], Tensor] = _same
    decode: Callable[[Tensor], Tensor] = _same
    retract: Callable[[Tensor, Tensor | None], Tensor | None] = _anywhere
    needs_before: bool = False
    stops_at_zero: bool = False
    matrix: Callable[[Tensor], Tensor] = _same


def on_support(space: WeightSpace, support: Support, compact: bool) -> WeightSpace:
    """Return a space whose `decode` gives the vector of weights on a support.

    Parameters
    ----------
    space : WeightSpace
        If `compact`, a space of such vectors, and theta is one; otherwise a space of matrices.
    support : Support
        The synapses that exist.
    compact : bool
        Whether theta is a vector too.

    Returns
    -------
    WeightSpace
        The space that `train` takes; its `matrix` turns vectors back.
    """
    if compact:
        return space._replace(
            encode=lambda weights: space.encode(support.values(weights)), matrix=support.matrix
        )
    return space._replace(
        decode=lambda theta: support.values(space.decode(theta)), matrix=support.matrix
    )
