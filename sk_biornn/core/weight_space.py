"""Where weights may be and how they move there: all that `train` knows of constraints."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sk_biornn.core.params import RNNParams
from sk_biornn.core.sparse import Support

_aten = torch.ops.aten


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _anywhere(proposed: Tensor, before: Tensor | None) -> Tensor | None:
    """Accept every proposed value, and keep all momentum."""
    return None


class WeightSpace(NamedTuple):
    """A set of allowed weights of one tensor, seen through free parameters theta.

    Parameters
    ----------
    encode : callable
        weights -> theta; the nearest allowed point for weights outside the set.
    decode : callable
        theta -> weights, differentiable; always inside the set, exactly.
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
    trainable : bool
        Whether the weights move at all.
    keeps_theta : bool
        Whether theta is kept beside the weights: these do not determine it to the last bit, or
        not at all, and a fit that goes on needs it.
    """

    encode: Callable[[Tensor], Tensor] = _same
    decode: Callable[[Tensor], Tensor] = _same
    retract: Callable[[Tensor, Tensor | None], Tensor | None] = _anywhere
    needs_before: bool = False
    stops_at_zero: bool = False
    matrix: Callable[[Tensor], Tensor] = _same
    trainable: bool = True
    keeps_theta: bool = False


class Spaces(NamedTuple):
    """Where each tensor of a network may be: a space by name."""

    w_in: WeightSpace = WeightSpace()
    w_rec: WeightSpace = WeightSpace()
    b_rec: WeightSpace = WeightSpace()
    w_out: WeightSpace = WeightSpace()
    b_out: WeightSpace = WeightSpace()
    leak: WeightSpace = WeightSpace()
    slope: WeightSpace = WeightSpace()
    initial: WeightSpace = WeightSpace()
    w_skip: WeightSpace = WeightSpace()
    decay: WeightSpace = WeightSpace()
    observation: WeightSpace = WeightSpace()

    def encode(self, params: RNNParams) -> RNNParams:
        """Return the free parameters, for each tensor those of its space."""
        return self._each(lambda space, tensor: space.encode(tensor), params)

    def decode(self, theta: RNNParams) -> RNNParams:
        """Return the weights that the free parameters stand for; differentiable."""
        return self._each(lambda space, tensor: space.decode(tensor), theta)

    def matrices(self, theta: RNNParams) -> RNNParams:
        """Return the weights that the free parameters stand for, as whole matrices."""
        return self._each(lambda space, tensor: space.matrix(space.decode(tensor)), theta)

    def moving(self, theta: RNNParams) -> dict[str, tuple[Tensor, WeightSpace]]:
        """Return the free parameters that training moves, each with its space, by name."""
        spaces = self._asdict()
        return {
            name: (tensor, spaces[name])
            for name, tensor in theta.present().items()
            if spaces[name].trainable
        }

    def _each(
        self, function: Callable[[WeightSpace, Tensor], Tensor], tensors: RNNParams
    ) -> RNNParams:
        each = tensors.present().items()
        return tensors._replace(**{name: function(getattr(self, name), t) for name, t in each})


def within(mask: Tensor) -> WeightSpace:
    """Return the space of weights that are 0 off a mask: they have no gradient there.

    Parameters
    ----------
    mask : Tensor of the shape and dtype of the weights
        1 where a weight may be, 0 elsewhere.

    Returns
    -------
    WeightSpace
        The space.
    """
    return WeightSpace(decode=lambda theta: theta * mask)


def sum_of_two(space: WeightSpace) -> WeightSpace:
    """Return the space of sums of two terms that have the same gradient, and are both learned.

    An optimiser that is given both moves their sum twice as far as it would a single weight.

    Parameters
    ----------
    space : WeightSpace
        Where the sums may be.

    Returns
    -------
    WeightSpace
        The space; theta is one of the two, which stay equal. Halves and their sum are exact, so
        that a fit taken up from its weights goes on as if it had never stopped.
    """
    return space._replace(
        encode=lambda weights: space.encode(weights) / 2,
        # Twice theta, with the gradient of one: that of either term.
        decode=lambda theta: space.decode(theta + theta.detach()),
    )


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


def back_into_space(
    theta: Tensor, space: WeightSpace, before: Tensor | None, momentum: Tensor | None
) -> None:
    """Move what the optimiser proposes into a space, and stop its momentum at the walls."""
    left_of_momentum = space.retract(theta, before)
    if momentum is None:
        return
    if space.stops_at_zero:  # the gradient of a threshold at 0: keep where theta is not 0
        _aten.hardshrink_backward.grad_input(momentum, theta, 0, grad_input=momentum)
    if left_of_momentum is not None:
        momentum.mul_(left_of_momentum)
