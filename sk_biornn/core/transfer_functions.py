"""Transfer functions, and their derivatives in terms of their own output.

Each is made for a kind of tensor: by_vectors says whether float32 is computed by wide vectors, for
which some detours are shorter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

_aten = torch.ops.aten
_MINUS_ONE = torch.tensor(-1.0, dtype=torch.float32, device="cpu")


class Activation(NamedTuple):
    """One transfer function z = f(p).

    `apply(p, out)` is given `gain * p` (the gain rides on the matrix product that makes p, where it
    is free) and writes z to `out`, which may be p; otherwise p may be overwritten.
    `backward(grad, z, out)` writes grad * f'(p) to `out`, which may be z and is not grad.
    `onednn` is the name under which oneDNN applies f to a product itself, if it may do so here.
    """

    gain: float
    apply: Callable[[Tensor, Tensor], object]
    backward: Callable[[Tensor, Tensor, Tensor], object]
    nonnegative: bool
    onednn: str | None = None


def _tanh(p: Tensor, out: Tensor) -> None:
    torch.tanh(p, out=out)


def _tanh_from_sigmoid(twice_p: Tensor, out: Tensor) -> None:
    # tanh(p) = 2 sigmoid(2 p) - 1. In float32 on a CPU torch's sigmoid is about nine times faster
    # than its tanh, which would otherwise cost as much as a quarter of the matrix products.
    torch.sigmoid(twice_p, out=out)
    torch.add(_MINUS_ONE, out, alpha=2, out=out)


def _tanh_backward(grad: Tensor, z: Tensor, out: Tensor) -> None:
    _aten.tanh_backward.grad_input(grad, z, grad_input=out)


def _relu(p: Tensor, out: Tensor) -> None:
    torch.clamp_min(p, 0, out=out)  # of NaN it gives NaN


def threshold_backward(grad: Tensor, z: Tensor, out: Tensor) -> None:
    """Write grad where z > 0, and 0 elsewhere, to `out`."""
    _aten.threshold_backward.grad_input(grad, z, 0, grad_input=out)


def _softplus(p: Tensor, out: Tensor) -> None:
    _aten.softplus.out(p, out=out)


def _softplus_from_powers_of_two(p_log2_e: Tensor, out: Tensor) -> None:
    # log(1 + 2^q) with q = p log2(e): torch's powers of two are four times faster than its e^p.
    # From q = 30 on the 1 makes no difference, and p itself is the result.
    powers = torch.clamp_max(p_log2_e, 30.0).exp2_()
    torch.maximum(powers.log1p_(), p_log2_e.mul_(math.log(2)), out=out)


def _softplus_backward(grad: Tensor, z: Tensor, out: Tensor) -> None:
    # z = log(1 + e^p), so f'(p) = sigmoid(p) = 1 - e^-z; powers of two are four times faster.
    torch.mul(z, -1 / math.log(2), out=out)
    torch.addcmul(grad, grad, out.exp2_(), value=-1, out=out)


def tanh(by_vectors: bool) -> Activation:
    """Return tanh(p)."""
    if by_vectors:
        return Activation(2.0, _tanh_from_sigmoid, _tanh_backward, False, onednn="tanh")
    return Activation(1.0, _tanh, _tanh_backward, False, onednn="tanh")


def relu(by_vectors: bool) -> Activation:
    """Return max(p, 0)."""
    return Activation(1.0, _relu, threshold_backward, True)


def softplus(by_vectors: bool) -> Activation:
    """Return log(1 + e^p)."""
    if by_vectors:
        gain = 1 / math.log(2)
        return Activation(gain, _softplus_from_powers_of_two, _softplus_backward, True)
    return Activation(1.0, _softplus, _softplus_backward, True)
