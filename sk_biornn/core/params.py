"""The weights of one rate network, and the one rule of orientation: row = post, column = pre."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor


class RNNParams(NamedTuple):
    """Weights of one rate network, or of M networks side by side (a leading axis on each).

    z_t = f(w_in x_t + b_rec + w_rec r_{t-1}),   r_t = (1 - a) r_{t-1} + a g(z_t),
    y_t = w_out z_t + b_out   (or w_out r_t + b_out).
    """

    w_in: Tensor  # (n_units, n_features)
    w_rec: Tensor  # (n_units, n_units)   [post, pre]: Dale's law speaks about columns
    b_rec: Tensor  # (n_units,)
    w_out: Tensor  # (n_outputs, n_units)
    b_out: Tensor  # (n_outputs,)

    def map(self, function: Callable[[Tensor], Tensor]) -> Self:
        """Apply a function to every tensor."""
        return type(self)(**{name: function(tensor) for name, tensor in self.present().items()})

    def present(self) -> dict[str, Tensor]:
        """Return all tensors that are there, by name."""
        return {name: tensor for name, tensor in self._asdict().items() if tensor is not None}

    @property
    def weights(self) -> RNNParams:
        """The five weights."""
        return self


class PhysiologyParams(NamedTuple):
    """The same of a network of which more is learned than weights; None for what is not."""

    w_in: Tensor
    w_rec: Tensor
    b_rec: Tensor
    w_out: Tensor
    b_out: Tensor
    leak: Tensor | None = None  # (n_units,): a = dt / tau, in place of that of the dynamics
    slope: Tensor | None = None  # (n_units,): f(slope * its argument)
    initial: Tensor | None = None  # (n_units,) or (n_trials, n_units): r_0
    w_skip: Tensor | None = None  # (n_terms, n_outputs): of an output's own past
    decay: Tensor | None = None  # (n_outputs,): what is left of fluorescence after a step
    observation: Tensor | None = None  # (k, n_outputs): of the distribution of what is observed

    def map(self, function: Callable[[Tensor], Tensor]) -> Self:
        """Apply a function to every tensor."""
        return type(self)(**{name: function(tensor) for name, tensor in self.present().items()})

    def present(self) -> dict[str, Tensor]:
        """Return all tensors that are there, by name."""
        return {name: tensor for name, tensor in self._asdict().items() if tensor is not None}

    @property
    def weights(self) -> RNNParams:
        """The five weights."""
        return RNNParams(*self[:5])


Params = RNNParams | PhysiologyParams
EXTRAS = PhysiologyParams._fields[5:]


def extra(params: Params, name: str) -> Tensor | None:
    """Return one tensor of the physiology; None where it is not learned."""
    return getattr(params, name, None)


def params_of(tensors: Mapping[str, Tensor]) -> Any:
    """Return the parameters of these names: with physiology, if there is any."""
    kind: Any = RNNParams if len(tensors) == len(RNNParams._fields) else PhysiologyParams
    return kind(**tensors)


def stacked(each: Sequence[Any]) -> Any:
    """Put networks that have the same tensors along a leading axis."""
    parts = zip(*each, strict=True)
    return type(each[0])(*(None if some[0] is None else torch.stack(some) for some in parts))
