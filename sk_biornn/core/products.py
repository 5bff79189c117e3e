"""Matrix products, by the library that is fastest on the processor at hand.

torch's CPU builds contain two: `torch.mm` calls MKL, and oneDNN, which torch uses for its own
compiled graphs, can be asked directly and applies tanh while the result is still in registers. The
choice depends on the processor, the type and the sizes alone, never on a race, so that a machine
always chooses alike. Microseconds of one product [r, x, 1] @ W' on one thread, float32:

=======================  =====================  ==========  ==============  ============
processor                trials x units         `torch.mm`  oneDNN          with tanh in
=======================  =====================  ==========  ==============  ============
AMD EPYC (AVX-512)       2 x 4                           1              10            10
AMD EPYC (AVX-512)       50 x 128                       17              17            21
AMD EPYC (AVX-512)       200 x 128                      61              36            43
AMD EPYC (AVX-512)       128 x 312                     233             118           132
AMD EPYC (AVX-512)       200 x 1440                   7453            3572          3651
Intel Xeon (AVX-512)     200 x 128                      43              58            68
=======================  =====================  ==========  ==============  ============

MKL takes a slower path on processors that are not Intel's. A call of oneDNN costs some 10 us beside
the arithmetic. So: oneDNN on AMD's processors with AVX2 or more, for float32 products of at least
`_LEAST_WORK` multiplications; `torch.mm` everywhere else (float64, Intel, ARM, GPU, small ones).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from sk_biornn.core import processor

# oneDNN, and torch's layer above it, keep the code that was made for the shapes seen last, some
# 0.5 MB each, 1024 of them: a search over sizes would grow by 500 MB. They read these when they are
# first asked; what the user has set stays.
for _cache in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_cache, "128")

_LEAST_WORK = 2**20  # multiplications: 64 x 128 x 128
_ROWS_AT_A_TIME = 2048
_FEW_COLUMNS = 16  # for which a copy of the other factor costs more than oneDNN saves
# To lay a matrix out as oneDNN wants it costs about 80 us and a fifth of one product; it pays for
# matrices that do not fit the cache beside the rest, when they are used again and again.
_LEAST_UNITS_TO_PACK, _LEAST_USES_TO_PACK = 256, 12
_ALWAYS_PACK_UNITS, _FEW_USES = 1024, 4


@cache
def _onednn() -> Callable[..., Tensor] | None:
    """Return oneDNN's (a, b, bias, function, ...) -> f(a @ b.T), or None where it misbehaves."""
    try:
        linear: Any = torch.ops.mkldnn._linear_pointwise.default
        a = torch.arange(12, dtype=torch.float32, device="cpu").reshape(3, 4) / 12 - 0.4
        b = torch.arange(20, dtype=torch.float32, device="cpu").reshape(5, 4) / 20 - 0.6
        packed = torch.ops.mkldnn._reorder_linear_weight(b, 3)
        results = [linear(a, m, None, f, [], "") for m in (b, packed) for f in ("none", "tanh")]
    except (AttributeError, RuntimeError, NotImplementedError, TypeError):
        return None
    expected = [a @ b.T, (a @ b.T).tanh()] * 2
    agrees = all(torch.allclose(r, e, atol=1e-6) for r, e in zip(results, expected, strict=True))
    return linear if agrees else None


def prefers_onednn(like: Tensor) -> bool:
    """Whether large products of tensors of this type and device go to oneDNN on this machine."""
    return (
        like.dtype == torch.float32
        and like.device.type == "cpu"
        and processor.vendor() == "amd"
        and processor.has_wide_vectors()
        and bool(torch.backends.mkldnn.enabled)
        and _onednn() is not None
    )


def least_rows(like: Tensor, n_inner: int, n_columns: int) -> float:
    """Return from how many rows on products of these sizes go to oneDNN; infinity for never."""
    return _LEAST_WORK / (n_inner * n_columns) if prefers_onednn(like) else math.inf


def uses_onednn(like: Tensor, n_rows: int, n_inner: int, n_columns: int) -> bool:
    """Whether the product of these sizes goes to oneDNN."""
    return n_rows * n_inner * n_columns >= _LEAST_WORK and prefers_onednn(like)


def _must_be_copied(matrix: Tensor) -> bool:
    """Whether neither its rows nor its columns lie together, as oneDNN wants one of them."""
    return not (matrix.is_contiguous() or matrix.mT.is_contiguous())


def onednn(a: Tensor, b: Tensor, function: str = "none") -> Tensor:
    """Return f(a @ b.T) by oneDNN; both as rows or as columns that lie together."""
    linear = _onednn()
    assert linear is not None  # `uses_onednn` was asked
    return linear(a, b, None, function, [], "")


def packed(b: Tensor, n_rows: int, n_uses: int) -> Tensor:
    """Return b as oneDNN wants it for n_uses products f(a @ b.T), if that pays, or as it is."""
    least = _FEW_USES if len(b) >= _ALWAYS_PACK_UNITS else _LEAST_USES_TO_PACK
    if len(b) < _LEAST_UNITS_TO_PACK or n_uses < least:
        return b
    return torch.ops.mkldnn._reorder_linear_weight(b, n_rows)


def multiply_into(out: Tensor, a: Tensor, b: Tensor, scale: float = 1.0) -> None:
    """Overwrite `out` by scale * a @ b, for matrices or stacks of them."""
    fast = uses_onednn(a, a.shape[-2], a.shape[-1], b.shape[-1])
    if fast and not _is_thin(b.shape[-1], a):
        for one_out, one_a, one_b in matrices(out, a, b):
            torch.mul(onednn(_dense(one_a), _dense(one_b).mT), scale, out=one_out)
    elif out.ndim > 2 and out.device.type != "cpu":
        out.baddbmm_(a, b, beta=0, alpha=scale)
    else:  # one by one: with few columns, a product among others is rounded otherwise than alone
        for one_out, one_a, one_b in matrices(out, a, b):
            one_out.addmm_(one_a, one_b, beta=0, alpha=scale)


def sum_over_rows(a: Tensor, b: Tensor) -> Tensor:
    """Return a.T @ b for tall matrices, or stacks of them, some rows at a time.

    So many rows stay in cache between the two factors; and oneDNN, which knows rows that lie
    together only, is given a copy of them where they do not.
    """
    if a.device.type != "cpu":
        return a.mT @ b
    if a.ndim > 2:
        return torch.stack([sum_over_rows(*pair) for pair in matrices(a, b)])
    fast = uses_onednn(a, a.shape[0], a.shape[1], b.shape[1]) and not _is_thin(a.shape[1], b)
    total = None if fast else a.new_zeros((a.shape[1], b.shape[1]))
    for some_a, some_b in zip(a.split(_ROWS_AT_A_TIME), b.split(_ROWS_AT_A_TIME), strict=True):
        if total is not None and not fast:
            total.addmm_(some_a.mT, some_b)
            continue
        share = onednn(some_a.contiguous().mT, some_b.contiguous().mT)
        total = share if total is None else total.add_(share)
    assert total is not None  # a split gives one part at least
    return total


def _is_thin(n_columns: int, tall: Tensor) -> bool:
    """Whether a product with few columns costs less than what oneDNN needs beside it."""
    return n_columns == 1 or (n_columns < _FEW_COLUMNS and _must_be_copied(tall))


def _dense(matrix: Tensor) -> Tensor:
    """Return the matrix, or a copy of it where oneDNN needs one."""
    return matrix.contiguous() if _must_be_copied(matrix) else matrix


def matrices(*stacks: Tensor) -> Any:
    """Iterate over the matrices of stacks; a matrix is its own only one."""
    if stacks[0].ndim == 2:
        return (stacks,)
    return zip(*(stack.unbind(0) for stack in stacks), strict=True)
