"""Transfer functions that work in place, and their derivatives in terms of their own output."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

ACTIVATIONS = ("tanh", "relu", "softplus")

_aten = torch.ops.aten
_MINUS_ONE = {torch.float32: torch.tensor(-1.0)}


class Activation(NamedTuple):
    """One transfer function z = f(p).

    `apply_` receives `gain * p` (the gain rides on the matrix product that makes p, where it is
    free) and overwrites it with z. `backward(grad, z, out)` writes grad * f'(p) to `out`.
    """

    gain: float
    apply_: Callable[[Tensor], object]
    backward: Callable[[Tensor, Tensor, Tensor], object]
    nonnegative: bool


def _tanh_from_sigmoid_(twice_p: Tensor) -> None:
    # tanh(p) = 2 sigmoid(2 p) - 1. In float32 on a CPU torch's sigmoid is about nine times faster
    # than its tanh, which would otherwise cost as much as a quarter of the matrix products.
    torch.sigmoid_(twice_p)
    torch.add(_MINUS_ONE[twice_p.dtype], twice_p, alpha=2, out=twice_p)


def _tanh_backward(grad: Tensor, z: Tensor, out: Tensor) -> None:
    _aten.tanh_backward.grad_input(grad, z, grad_input=out)


def threshold_backward(grad: Tensor, z: Tensor, out: Tensor) -> None:
    """Write grad where z > 0, and 0 elsewhere, to `out`."""
    _aten.threshold_backward.grad_input(grad, z, 0, grad_input=out)


def _softplus_(p: Tensor) -> None:
    _aten.softplus.out(p, out=p)


def _softplus_backward(grad: Tensor, z: Tensor, out: Tensor) -> None:
    # z = log(1 + e^p), so f'(p) = sigmoid(p) = 1 - e^-z.
    torch.mul(grad, torch.neg(torch.expm1(-z)), out=out)


def get_activation(name: str, like: Tensor) -> Activation:
    """Return the transfer function of that name for tensors of the dtype and device of `like`."""
    if name == "tanh":
        if like.dtype == torch.float32 and like.device.type == "cpu":
            return Activation(2.0, _tanh_from_sigmoid_, _tanh_backward, False)
        return Activation(1.0, torch.tanh_, _tanh_backward, False)
    if name == "relu":
        return Activation(1.0, torch.relu_, threshold_backward, True)
    if name == "softplus":
        return Activation(1.0, _softplus_, _softplus_backward, True)
    raise ValueError(f"activation must be one of {list(ACTIVATIONS)}, got {name!r}.")
