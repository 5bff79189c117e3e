"""How the recurrent weights are held while training: as a matrix, or as a value per synapse."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sk_biornn.biology.constraints import Constraint
from sk_biornn.core import (
    Support,
    WeightSpace,
    on_support,
    support_where_it_pays,
)
from sk_biornn.core.remembered import Moments
from sk_biornn.estimators._stored import is_by_synapse


class Synapses(NamedTuple):
    """The space of the recurrent weights, and the support that their products are limited to."""

    space: WeightSpace
    support: Support | None = None  # None: dense products
    compact: bool = False  # whether the optimiser sees a value per synapse

    @property
    def stored(self) -> Support | None:
        """The support of a network that is stored as its synapses, and has no matrix at all."""
        return self.support if self.support is not None and self.support.stored else None

    def matrix(self, w_rec: Tensor) -> Tensor:
        """Return what the loss is given as a matrix, if the network has one; differentiable."""
        if self.support is None or self.support.stored:
            return w_rec
        return self.support.matrix(w_rec)

    def contract(self, moments: Moments) -> Moments:
        """Turn an optimiser's matrices into vectors, where the latter are held."""
        if self.support is None or not self.compact or self.support.stored:
            return moments
        return self._map(moments, self.support.values)

    def expand(self, moments: Moments) -> Moments:
        """Turn them back: what is kept between fits does not depend on how they compute."""
        if self.support is None or not self.compact or self.support.stored:
            return moments
        return self._map(moments, self.support.matrix)

    @staticmethod
    def _map(moments: Moments, function: Callable[[Tensor], Tensor]) -> Moments:
        of_synapses = {
            name: function(value) if value.ndim else value
            for name, value in moments.get("w_rec", {}).items()
        }
        return {**moments, "w_rec": of_synapses}


def in_circuit(constraint: Constraint, mask: Tensor) -> Constraint:
    """Return a constraint with what depends on the whole mask filled in."""
    return constraint.in_circuit(mask) if hasattr(constraint, "in_circuit") else constraint


def bind_synapses(
    constraint: Constraint, signs: Tensor, mask: Tensor, may_be_sparse: bool = True
) -> Synapses:
    """Bind a constraint, as it is in its circuit, in the form in which training is fastest."""
    support = support_where_it_pays(mask, signs.dtype) if may_be_sparse else None
    if support is None:
        return Synapses(constraint.bind(signs, mask))
    if not is_by_synapse(constraint, "bind"):
        space = on_support(constraint.bind(signs, mask), support, compact=False)
        return Synapses(space, support)
    presynaptic = signs[support.columns.long()]
    all_exist = torch.ones_like(presynaptic, dtype=torch.bool)
    space = on_support(constraint.bind(presynaptic, all_exist), support, compact=True)
    return Synapses(space, support, compact=True)


def bind_stored(constraint: Constraint, signs: Tensor, support: Support) -> Synapses:
    """Bind a constraint to the synapses of a network that is stored as them."""
    presynaptic = signs[support.columns.long()]
    all_exist = torch.ones_like(presynaptic, dtype=torch.bool)
    return Synapses(constraint.bind(presynaptic, all_exist), support, compact=True)


def in_stored_circuit(constraint: Constraint, support: Support) -> Constraint:
    """Return a constraint with what depends on all synapses filled in."""
    counts = support.rows.diff()
    if not hasattr(constraint, "of_inputs") or not support.n_synapses:
        return constraint
    return constraint.of_inputs(support.n_synapses / int((counts > 0).sum()))
