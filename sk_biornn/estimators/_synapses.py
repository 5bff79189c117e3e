"""How the recurrent weights are held while training: as a matrix, or as a value per synapse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sk_biornn.biology.constraints import Constraint
from sk_biornn.core import (
    RNNParams,
    Support,
    WeightSpace,
    on_support,
    support_where_it_pays,
)

_W_REC = RNNParams._fields.index("w_rec")


class Synapses(NamedTuple):
    """The space of the recurrent weights, and the support that their products are limited to."""

    space: WeightSpace
    support: Support | None = None  # None: dense products
    compact: bool = False  # whether the optimiser sees a value per synapse

    def matrix(self, w_rec: Tensor) -> Tensor:
        """Return what the loss is given as a matrix; differentiable."""
        return w_rec if self.support is None else self.support.matrix(w_rec)

    def contract(self, state: dict[str, Any] | None) -> dict[str, Any] | None:
        """Turn an optimiser's state of matrices into one of vectors, where the latter are held."""
        return self._map(state, self.support.values) if self.compact else state  # type: ignore

    def expand(self, state: dict[str, Any] | None) -> dict[str, Any] | None:
        """Turn it back: what is kept between fits does not depend on how they compute."""
        return self._map(state, self.support.matrix) if self.compact else state  # type: ignore

    @staticmethod
    def _map(
        state: dict[str, Any] | None, function: Callable[[Tensor], Tensor]
    ) -> dict[str, Any] | None:
        if state is None or _W_REC not in state["state"]:
            return state
        moments = {
            name: function(value) if isinstance(value, Tensor) and value.ndim else value
            for name, value in state["state"][_W_REC].items()
        }
        return {**state, "state": {**state["state"], _W_REC: moments}}


def bind_synapses(constraint: Constraint, signs: Tensor, mask: Tensor) -> Synapses:
    """Bind a constraint to the circuit, in the form in which training is fastest."""
    if hasattr(constraint, "in_circuit"):  # before it is given one synapse at a time
        constraint = constraint.in_circuit(mask)
    support = support_where_it_pays(mask, signs.dtype)
    if support is None:
        return Synapses(constraint.bind(signs, mask))
    if not _is_by_synapse(constraint):
        space = on_support(constraint.bind(signs, mask), support, compact=False)
        return Synapses(space, support)
    presynaptic = signs[support.columns.long()]
    all_exist = torch.ones_like(presynaptic, dtype=torch.bool)
    space = on_support(constraint.bind(presynaptic, all_exist), support, compact=True)
    return Synapses(space, support, compact=True)


def _is_by_synapse(constraint: Constraint) -> bool:
    """Whether a constraint says that it treats every synapse by itself.

    It says so of the `bind` beside it. A class that derives from it and binds in another way has
    to say so again: its author may not know that the promise is there.
    """
    for cls in type(constraint).__mro__:
        if "by_synapse" in vars(cls):
            return bool(constraint.by_synapse)  # type: ignore[attr-defined]
        if "bind" in vars(cls):
            return False
    return False
