"""The spaces of weights W0 * gains: the wiring W0 stays, and what scales it moves.

Gains are at least 0, so that weights have the signs and the zeros of W0 whatever they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sk_biornn.core.weight_space import WeightSpace

_ROUNDS = 200  # of the fit of unit gains to weights, most of which need two or three


class Ends(NamedTuple):
    """How weights, as a matrix or one value per synapse, are put together by unit.

    Parameters
    ----------
    spread_post, spread_pre : callable
        A number per unit -> that of the postsynaptic or presynaptic unit of every weight.
    by_post, by_pre : callable
        A number per weight -> its sum over the weights of every unit.
    """

    spread_post: Callable[[Tensor], Tensor]
    spread_pre: Callable[[Tensor], Tensor]
    by_post: Callable[[Tensor], Tensor]
    by_pre: Callable[[Tensor], Tensor]


def ends_of_matrix() -> Ends:
    """Return the ends of weights that are a matrix W[post, pre]."""
    return Ends(
        lambda of_units: of_units[:, None],
        lambda of_units: of_units[None, :],
        lambda weights: weights.sum(dim=1),
        lambda weights: weights.sum(dim=0),
    )


def ends_of_synapses(post: Tensor, pre: Tensor, n_units: int) -> Ends:
    """Return the ends of weights that are one value per synapse."""

    def summed(values: Tensor, ends: Tensor) -> Tensor:
        return values.new_zeros(n_units).index_add_(0, ends, values)

    return Ends(
        lambda of_units: of_units.index_select(0, post),
        lambda of_units: of_units.index_select(0, pre),
        lambda values: summed(values, post),
        lambda values: summed(values, pre),
    )


def type_gains_of_matrix(W0: Tensor, types: Tensor, n_types: int) -> WeightSpace:
    """Return the space of matrices W0 * g[type(post), type(pre)]; theta is g, [post, pre]."""
    is_of_type = torch.nn.functional.one_hot(types, n_types).to(W0.dtype)

    def spread(gains: Tensor) -> Tensor:
        return (gains @ is_of_type.mT).index_select(0, types)  # one term of each sum is not 0

    def summed(weights: Tensor) -> Tensor:
        of_posts = weights.new_zeros(n_types, weights.shape[1]).index_add_(0, types, weights)
        return of_posts @ is_of_type

    return _type_gains(W0, spread, summed)


def type_gains_of_synapses(
    W0: Tensor, post_types: Tensor, pre_types: Tensor, n_types: int
) -> WeightSpace:
    """Return the same space of weights that are one value per synapse."""
    pair = post_types * n_types + pre_types

    def spread(gains: Tensor) -> Tensor:
        return gains.flatten().index_select(0, pair)

    def summed(values: Tensor) -> Tensor:
        sums = values.new_zeros(n_types**2).index_add_(0, pair, values)
        return sums.view(n_types, n_types)

    return _type_gains(W0, spread, summed)


def _type_gains(
    W0: Tensor, spread: Callable[[Tensor], Tensor], summed: Callable[[Tensor], Tensor]
) -> WeightSpace:
    def encode(weights: Tensor) -> Tensor:
        return _least_squares(summed(weights * W0), summed(W0 * W0))

    return WeightSpace(
        encode=encode,
        decode=lambda gains: W0 * spread(gains),
        retract=_not_below_zero,
        stops_at_zero=True,
        keeps_theta=True,
    )


def unit_gains(W0: Tensor, ends: Ends) -> WeightSpace:
    """Return the space of weights diag(g_post) W0 diag(g_pre); theta is [g_post, g_pre]."""

    def decode(gains: Tensor) -> Tensor:
        return W0 * ends.spread_post(gains[0]) * ends.spread_pre(gains[1])

    return WeightSpace(
        encode=lambda weights: _unit_gains_of(weights, W0, ends),
        decode=decode,
        retract=_not_below_zero,
        stops_at_zero=True,
        keeps_theta=True,
    )


def _unit_gains_of(weights: Tensor, W0: Tensor, ends: Ends) -> Tensor:
    """Return gains of weights by alternating least squares, both of the same sum of squares.

    Only their products are determined: what multiplies all of one side may divide the other.
    """
    pre = _least_squares(ends.by_pre(weights * weights), ends.by_pre(W0 * W0)).sqrt()
    post = torch.ones_like(pre)
    close = 4 * torch.finfo(pre.dtype).eps
    for _ in range(_ROUNDS):
        before = torch.stack([post, pre])
        model = W0 * ends.spread_pre(pre)
        post = _least_squares(ends.by_post(weights * model), ends.by_post(model * model))
        model = W0 * ends.spread_post(post)
        pre = _least_squares(ends.by_pre(weights * model), ends.by_pre(model * model))
        both = torch.stack([post, pre])
        if bool(((both - before).abs() <= close * before).all()):
            break
    norms = both.square().sum(dim=1, keepdim=True)
    if bool((norms > 0).all()) and bool(norms[0] != norms[1]):
        both = both * (norms.flip(0) / norms).sqrt().sqrt()
    return both


def _least_squares(products: Tensor, squares: Tensor) -> Tensor:
    """Return the gain, at least 0, that is nearest; 1 where there is nothing to scale."""
    nothing = squares == 0
    gains = products / torch.where(nothing, torch.ones_like(squares), squares)
    return torch.where(nothing, torch.ones_like(gains), gains).clamp_(min=0)


def _not_below_zero(proposed: Tensor, _: Tensor | None) -> None:
    proposed.clamp_(min=0)
