"""The spaces of weights under column signs and a mask: clipped, multiplied, reparametrised."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from sk_biornn.biology._multiplicative import grown, grown_in_pace
from sk_biornn.core.weight_space import WeightSpace


def sign_bounds(signs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the least and the greatest allowed weight of every synapse, W[post, pre].

    Parameters
    ----------
    signs : Tensor of shape (n_units,)
        +1 excitatory, -1 inhibitory, 0 free; of the presynaptic unit, i.e. of the column.
    mask : bool Tensor of shape (n_units, n_units)
        Allowed synapses.

    Returns
    -------
    lower, upper : Tensor of shape (n_units, n_units)
        0 on the forbidden side and off the mask, infinite on the allowed side.

    Examples
    --------
    >>> import torch
    >>> lower, upper = sign_bounds(
    ...     torch.tensor([1.0, -1.0]), torch.ones(2, 2, dtype=torch.bool)
    ... )
    >>> upper[0].tolist()
    [inf, 0.0]
    """
    infinite = torch.full_like(mask, torch.inf, dtype=signs.dtype)
    zero = torch.zeros_like(infinite)
    lower = torch.where(mask & (signs <= 0), -infinite, zero)
    upper = torch.where(mask & (signs >= 0), infinite, zero)
    return lower, upper


def project(weights: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Return the nearest weights within bounds: the Euclidean projection on the Dale cone.

    The cone is a product of half-lines, so clipping every coordinate is the exact projection, in
    the Euclidean norm and in any diagonal one (such as Adam's).
    """
    return torch.clamp(weights, min=lower, max=upper)


def clipping_space(lower: Tensor, upper: Tensor, *, keeps_momentum: bool = False) -> WeightSpace:
    """Return the space of weights within bounds, into which every proposal is clipped."""
    if bool(torch.isinf(lower).all()) and bool(torch.isinf(upper).all()):
        return WeightSpace()  # no bound anywhere

    # Where all synapses may exist, one row of bounds is that of all: a third of the memory to read.
    low, high = _one_row(lower), _one_row(upper)

    def retract(proposed: Tensor, _: Tensor | None) -> None:
        torch.clamp(proposed, min=low, max=high, out=proposed)

    return WeightSpace(
        encode=lambda weights: project(weights, lower, upper),
        decode=_on_mask(upper > lower),
        retract=retract,
        # By default a weight stopped at the wall is not pressed against it any more; in accuracy
        # the two could not be told apart (17 seeds, docs/dale.rst).
        stops_at_zero=not keeps_momentum,
    )


def _one_row(bounds: Tensor) -> Tensor:
    """Return the row that all rows are equal to, or the matrix if they are not."""
    same = bounds.ndim == 2 and bool((bounds == bounds[:1]).all())
    return bounds[:1].clone() if same else bounds


def _on_mask(mask: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a function that cuts weights, and with them gradients, to existing synapses."""
    if bool(mask.all()):
        return lambda weights: weights
    return lambda weights: weights * mask


def multiplicative_space(
    signs: Tensor, lower: Tensor, upper: Tensor, scale: float | None
) -> WeightSpace:
    """Return the space of weights that are multiplied; None for a scale: the published steps."""
    free = (signs == 0).expand_as(lower)

    def retract(proposed: Tensor, before: Tensor | None) -> None:
        assert before is not None  # for the type checker: `needs_before` is set
        step = proposed - before
        moved = grown(before, step) if scale is None else grown_in_pace(before, step, scale)
        additive = torch.clamp(proposed, min=lower, max=upper)
        proposed.copy_(torch.where(free, additive, moved))

    return WeightSpace(
        encode=lambda weights: project(weights, lower, upper),
        decode=_on_mask(upper > lower),
        retract=retract,
        needs_before=True,
    )


def reparametrised_space(
    magnitude: Callable[[Tensor], Tensor],
    inverse: Callable[[Tensor], Tensor],
    signs: Tensor,
    mask: Tensor,
) -> WeightSpace:
    """Return the space of weights s h(theta), where h is a magnitude, even in theta.

    `inverse` returns the theta of at least 0 that a weight of either sign comes from.
    """
    lower, upper = sign_bounds(signs, mask)
    free = (signs == 0).expand_as(lower)
    signs_on_mask = torch.where(free, torch.ones_like(lower), signs) * mask

    def decode(theta: Tensor) -> Tensor:
        return signs_on_mask * torch.where(free, theta, magnitude(theta))

    def encode(weights: Tensor) -> Tensor:
        allowed = project(weights, lower, upper)
        return torch.where(free, allowed, inverse(allowed))

    def retract(proposed: Tensor, _: Tensor | None) -> Tensor:
        # theta and -theta are one weight. The one that `encode` gives is kept, so that a fit taken
        # up from its weights goes on as if it had never stopped.
        reflected = (proposed < 0) & ~free
        factor = torch.where(reflected, -torch.ones_like(proposed), torch.ones_like(proposed))
        proposed.mul_(factor)
        return factor

    return WeightSpace(encode=encode, decode=decode, retract=retract)
