"""Constraints: which recurrent weights a network may have, and how they move inside that set.

A constraint is a small frozen object with one method, ``bind(signs, mask) -> WeightSpace``. It is
given the column signs (n_units,) of +1, -1 and 0 (free), and the mask (n_units, n_units) of
allowed synapses as tensors, computes once what it can, and returns functions. Every function of
every constraint keeps weights off the mask at exactly zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn._plain import short
from sk_biornn.core.weight_space import WeightSpace

DALE_METHODS = ("projection", "abs", "square", "exponentiated", "nonnegative")

# One multiplicative step changes a weight at most by the factor e^2; more is divergence.
_LARGEST_LOG_STEP = 2.0


@runtime_checkable
class Constraint(Protocol):
    """Anything that turns signs and a mask into a space of weights.

    Two things may be added: a method ``signs_in_force(signs)``, when the signs that the columns
    obey are not those of the units, and an attribute ``freezes_zeros``, when a synapse that starts
    at zero could never grow (string initialisers then start it at a small weight).
    """

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Compute once what can be, and return the functions that `train` calls.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        ...


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
    >>> lower, upper = sign_bounds(torch.tensor([1.0, -1.0]), torch.ones(2, 2, dtype=torch.bool))
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


def _clipping_space(lower: Tensor, upper: Tensor) -> WeightSpace:
    if bool(torch.isinf(lower).all()) and bool(torch.isinf(upper).all()):
        return WeightSpace()  # no bound anywhere

    def retract(proposed: Tensor, _: Tensor | None) -> Tensor:
        torch.clamp(proposed, min=lower, max=upper, out=proposed)
        return proposed != 0  # a weight stopped at the wall is not pressed against it any more

    return WeightSpace(
        encode=lambda weights: project(weights, lower, upper),
        decode=_on_mask(upper > lower),
        retract=retract,
    )


def _on_mask(mask: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a function that cuts weights, and with them gradients, to existing synapses."""
    if bool(mask.all()):
        return lambda weights: weights
    return lambda weights: weights * mask


@dataclass(frozen=True)
class Dale:
    r"""Dale's law: all outgoing weights of a unit, a column of W[post, pre], have one sign.

    Parameters
    ----------
    method : {"projection", "abs", "square", "exponentiated"}, default="projection"
        How weights move under the law. With s the sign of the column and g = dL/dW:

        - "projection", Dale's backprop [1]_: a free step, then every weight of the wrong sign is
          set to 0, W <- s max(s W, 0). A zero may grow again.
        - "abs": W = s \|theta\|; a weight that reaches zero is reflected.
        - "square": W = s theta^2; steps are proportional to sqrt(\|W\|).
        - "exponentiated" gradient [2]_: W <- W exp(-sign(W) d), where d is the step that the
          optimiser would subtract. Signs never change and exact zeros stay zero.

    Raises
    ------
    ValueError
        If `method` is unknown.

    Notes
    -----
    Units of sign 0 are not constrained; whatever the method, they take plain additive steps.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970
    .. [2] J. Cornford et al., "Brain-like learning with exponentiated gradients", bioRxiv, 2024.
       doi:10.1101/2024.10.25.620272

    Examples
    --------
    >>> import torch
    >>> signs, mask = torch.tensor([1.0, -1.0]), torch.ones(2, 2, dtype=torch.bool)
    >>> space = Dale().bind(signs, mask)
    >>> space.encode(torch.tensor([[0.5, 0.5], [-0.5, -0.5]])).tolist()
    [[0.5, 0.0], [0.0, -0.5]]
    """

    method: str = "projection"

    def __post_init__(self) -> None:
        """Refuse unknown methods."""
        methods = [name for name in DALE_METHODS if name != "nonnegative"]
        if not isinstance(self.method, str) or self.method not in methods:
            raise ValueError(f"method must be one of {methods}, got {short(self.method)}.")

    @property
    def freezes_zeros(self) -> bool:
        """Whether steps vanish with the weight, so that a synapse at zero can never grow."""
        return self.method in ("square", "exponentiated")

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Return the space of weights that obey the signs and the mask.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        lower, upper = sign_bounds(signs, mask)
        if self.method == "projection":
            return _clipping_space(lower, upper)
        if self.method == "exponentiated":
            return _multiplicative_space(signs, lower, upper)
        return _reparametrised_space(self.method, signs, mask, lower, upper)


def _multiplicative_space(signs: Tensor, lower: Tensor, upper: Tensor) -> WeightSpace:
    free = (signs == 0).expand_as(lower)

    def retract(proposed: Tensor, before: Tensor | None) -> None:
        assert before is not None  # for the type checker: `needs_before` is set
        step = (proposed - before).mul_(torch.sign(before))
        grown = before * step.clamp_(-_LARGEST_LOG_STEP, _LARGEST_LOG_STEP).exp_()
        additive = torch.clamp(proposed, min=lower, max=upper)
        proposed.copy_(torch.where(free, additive, grown))

    return WeightSpace(
        encode=lambda weights: project(weights, lower, upper),
        decode=_on_mask(upper > lower),
        retract=retract,
        needs_before=True,
    )


def _reparametrised_space(
    method: str, signs: Tensor, mask: Tensor, lower: Tensor, upper: Tensor
) -> WeightSpace:
    free = (signs == 0).expand_as(lower)
    signs_on_mask = torch.where(free, torch.ones_like(lower), signs) * mask

    def magnitude(theta: Tensor) -> Tensor:
        if method == "square":
            return theta.square()
        # |theta| with the slope of its right side at 0, so that a weight of exactly 0 can grow.
        return torch.where(theta < 0, -theta, theta)

    def decode(theta: Tensor) -> Tensor:
        return signs_on_mask * torch.where(free, theta, magnitude(theta))

    def encode(weights: Tensor) -> Tensor:
        allowed = project(weights, lower, upper)
        theta = allowed.abs() if method == "abs" else allowed.abs().sqrt()
        return torch.where(free, allowed, theta)

    def retract(proposed: Tensor, _: Tensor | None) -> Tensor:
        # theta and -theta are one weight. The one that `encode` gives is kept, so that a fit taken
        # up from its weights goes on as if it had never stopped.
        reflected = (proposed < 0) & ~free
        factor = torch.where(reflected, -torch.ones_like(proposed), torch.ones_like(proposed))
        proposed.mul_(factor)
        return factor

    return WeightSpace(encode=encode, decode=decode, retract=retract)


@dataclass(frozen=True)
class NonNegative:
    """All recurrent weights are non-negative: negative ones are set to 0 after every step.

    Examples
    --------
    >>> import torch
    >>> space = NonNegative().bind(torch.zeros(2), torch.ones(2, 2, dtype=torch.bool))
    >>> space.encode(torch.tensor([[0.5, -0.5], [1.0, -1.0]])).tolist()
    [[0.5, 0.0], [1.0, 0.0]]
    """

    def signs_in_force(self, signs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the signs that the columns obey: +1 for all.

        Parameters
        ----------
        signs : ndarray of shape (n_units,)
            Signs of the units.

        Returns
        -------
        ndarray of shape (n_units,)
            Signs of the columns.
        """
        return np.ones_like(signs)

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Return the space of non-negative weights on the mask; `signs` are not read.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        return _clipping_space(*sign_bounds(torch.ones_like(signs), mask))


@dataclass(frozen=True)
class FixedMask:
    """Only the synapses of the mask exist; their signs are free.

    Examples
    --------
    >>> import torch
    >>> space = FixedMask().bind(torch.ones(2), torch.eye(2, dtype=torch.bool))
    >>> space.encode(torch.tensor([[0.5, -0.5], [1.0, -1.0]])).tolist()
    [[0.5, 0.0], [0.0, -1.0]]
    """

    def signs_in_force(self, signs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the signs that the columns obey: 0 for all.

        Parameters
        ----------
        signs : ndarray of shape (n_units,)
            Signs of the units.

        Returns
        -------
        ndarray of shape (n_units,)
            Signs of the columns.
        """
        return np.zeros_like(signs)

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Return the space of weights on the mask; `signs` are not read.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        return _clipping_space(*sign_bounds(torch.zeros_like(signs), mask))
