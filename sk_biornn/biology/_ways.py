"""The ways in which weights move under Dale's law: one row each, of which `Dale` is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor

from sk_biornn._vocabulary import Vocabulary
from sk_biornn.biology._spaces import (
    clipping_space,
    multiplicative_space,
    reparametrised_space,
    sign_bounds,
)
from sk_biornn.core.weight_space import WeightSpace


class Law(Protocol):
    """What a way may ask Dale's law for: the options that it has."""

    @property
    def scale(self) -> float | None:
        """Where multiplied steps turn into added ones."""
        ...

    @property
    def momentum(self) -> str:
        """What becomes of momentum at the wall."""
        ...


class Way(NamedTuple):
    """One way to move: a row of the table."""

    name: str
    bind: Callable[[Law, Tensor, Tensor], WeightSpace]  # (law, signs, mask) -> its space
    formula: str
    meaning: str
    freezes_zeros: bool = False  # steps vanish with the weight
    options: tuple[str, ...] = ()  # those of Dale's law that it reads


def _clipped(law: Law, signs: Tensor, mask: Tensor) -> WeightSpace:
    return clipping_space(*sign_bounds(signs, mask), keeps_momentum=law.momentum == "kept")


def _absolute(law: Law, signs: Tensor, mask: Tensor) -> WeightSpace:
    return reparametrised_space(_magnitude, Tensor.abs, signs, mask)


def _magnitude(theta: Tensor) -> Tensor:
    # |theta| with the slope of its right side at 0, so that a weight of exactly 0 can grow.
    return (-theta).where(theta < 0, theta)


def _squared(law: Law, signs: Tensor, mask: Tensor) -> WeightSpace:
    return reparametrised_space(Tensor.square, lambda weights: weights.abs().sqrt(), signs, mask)


def _multiplied(law: Law, signs: Tensor, mask: Tensor) -> WeightSpace:
    return multiplicative_space(signs, *sign_bounds(signs, mask), law.scale)


WAYS = Vocabulary(
    Way(
        "projection",
        _clipped,
        "W <- s max(s W, 0)",
        "Dale's backpropagation (Balwani et al., 2025), the exact projection onto the sign cone: "
        "after a free step every weight of the wrong sign becomes 0, and a zero may grow again",
        options=("momentum",),
    ),
    Way(
        "abs",
        _absolute,
        "W = s |theta|",
        "the parametrisation of most excitatory-inhibitory networks (Song et al., 2016): a weight "
        "that reaches zero is reflected",
    ),
    Way(
        "square",
        _squared,
        "W = s theta^2",
        "smooth; steps are proportional to the root of the weight, so that small weights move "
        "little",
        freezes_zeros=True,
    ),
    Way(
        "exponentiated",
        _multiplied,
        "W <- W exp(-sign(W) d / c), by no more than |d|",
        "multiplicative updates (Cornford et al., 2024) at the pace of plain ones, where d is the "
        "step that the optimiser would subtract: signs never change and exact zeros stay zero",
        freezes_zeros=True,
        options=("scale",),
    ),
)
