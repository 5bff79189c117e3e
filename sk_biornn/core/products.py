"""Matrix products, by the faster of the two libraries that torch's CPU builds contain.

torch.mm calls MKL, which in float32 runs at about half speed on processors that are not Intel's.
oneDNN, which torch uses for its own compiled graphs, does not, and can apply the transfer function
while the result is still in registers. Its exact float32 product is asked for where it is there;
everywhere else (float64, CUDA, builds without it) torch.mm and torch.bmm do the work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

FUSED_ACTIVATIONS = ("tanh", "relu")
_ROWS_AT_A_TIME = 2048


@cache
def _onednn_linear() -> Callable[..., Tensor] | None:
    """Return oneDNN's (a, b, ...) -> f(a @ b.T), or None where it is missing or misbehaves."""
    try:
        linear: Any = torch.ops.mkldnn._linear_pointwise
        a = torch.arange(12.0).reshape(3, 4) / 12 - 0.4
        b = torch.arange(20.0).reshape(5, 4) / 20 - 0.6
        plain, fused = (linear(a, b, None, name, [], "") for name in ("none", "tanh"))
    except (AttributeError, RuntimeError, NotImplementedError, TypeError):
        return None
    expected = a @ b.T
    agrees = torch.allclose(plain, expected, atol=1e-6)
    return linear if agrees and torch.allclose(fused, expected.tanh(), atol=1e-6) else None


def has_fast_product(like: Tensor) -> bool:
    """Whether products of tensors of this dtype and device go to oneDNN."""
    is_plain = like.dtype == torch.float32 and like.device.type == "cpu"
    return is_plain and bool(torch.backends.mkldnn.enabled) and _onednn_linear() is not None


def product(a: Tensor, b: Tensor, out: Tensor, fast: bool, scale: float = 1.0) -> Tensor:
    """Return scale * a @ b, for matrices or stacks of them; `out` may or may not hold it."""
    if fast and scale == 1.0 and a.ndim == 2:
        return _linear(a, b.mT)
    multiply_into(out, a, b, fast, scale)
    return out


def multiply_into(out: Tensor, a: Tensor, b: Tensor, fast: bool, scale: float = 1.0) -> None:
    """Overwrite `out` by scale * a @ b, for matrices or stacks of them."""
    if fast:
        for one_out, one_a, one_b in _matrices(out, a, b):
            torch.mul(_linear(one_a, one_b.mT), scale, out=one_out)
    elif out.ndim == 2:
        out.addmm_(a, b, beta=0, alpha=scale)
    else:
        out.baddbmm_(a, b, beta=0, alpha=scale)


def activated_product_into(out: Tensor, a: Tensor, b: Tensor, activation: str) -> None:
    """Overwrite `out` by f(a @ b) in one pass; only where `has_fast_product`."""
    for one_out, one_a, one_b in _matrices(out, a, b):
        one_out.copy_(_linear(one_a, one_b.mT, activation))


def sum_over_rows_into(out: Tensor, a: Tensor, b: Tensor, fast: bool) -> None:
    """Overwrite `out` by a.T @ b for tall matrices, or stacks of them, with bits that stay.

    Over very many rows oneDNN would split the sum between threads, and the bits would depend on
    their number. A fixed number of rows at a time is below that, and costs nothing.
    """
    if not fast:
        multiply_into(out, a.mT, b, fast)
        return
    narrow_first = a.shape[-1] < b.shape[-1] // 4  # measured: up to ten times faster that way round
    for one_out, one_a, one_b in _matrices(out, a, b):
        parts = zip(one_a.split(_ROWS_AT_A_TIME), one_b.split(_ROWS_AT_A_TIME), strict=True)
        for number, (part_a, part_b) in enumerate(parts):
            if narrow_first:
                share = _linear(part_a.mT, part_b.mT)
            else:
                share = _linear(part_b.mT, part_a.mT).mT
            one_out.copy_(share) if number == 0 else one_out.add_(share)


def add_product(out: Tensor, a: Tensor, b: Tensor, fast: bool) -> None:
    """Add a @ b to `out`, for matrices or stacks of them."""
    if fast:
        for one_out, one_a, one_b in _matrices(out, a, b):
            one_out.add_(_linear(one_a, one_b.mT))
    elif out.ndim == 2:
        out.addmm_(a, b)
    else:
        out.baddbmm_(a, b)


def _linear(a: Tensor, b: Tensor, activation: str = "none") -> Tensor:
    linear = _onednn_linear()
    assert linear is not None  # `has_fast_product` was asked
    if a.numel() == 0 or b.numel() == 0:
        return a @ b.mT  # empty or zeros, on which f leaves no trace; oneDNN refuses them
    return linear(a, b, None, activation, [], "")


def _matrices(*stacks: Tensor) -> Any:
    """Iterate over the matrices of stacks; a matrix is its own only one."""
    if stacks[0].ndim == 2:
        return (stacks,)
    return zip(*(stack.unbind(0) for stack in stacks), strict=True)
