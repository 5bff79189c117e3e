"""Weighted communicability as a differentiable function of the weights, fast."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sk_biornn.biology._deflated_exponential import Pullback, deflated_exponential

# Degree and block of the series. The column sums of the matrix in the exponent are 1, so that the
# first term left out bounds the error in the 1-norm: 1/10! = 2.8e-7 and 1/19! = 8e-18.
_SERIES = {torch.float32: (9, 3), torch.float64: (18, 6)}


def communicability(weights: Tensor) -> Tensor:
    r"""Return the weighted communicability between all units.

    .. math::
        C = \exp(S^{-1/2} |W| S^{-1/2}), \quad S = \mathrm{diag}(s), \quad s_j = \sum_i |W_{ij}|

    with the diagonal of C set to 0; s_j is the out-strength of unit j, a column of W[post, pre].

    Parameters
    ----------
    weights : Tensor of shape (n_units, n_units) or (n_networks, n_units, n_units)
        Recurrent weights W[post, pre], float32 or float64.

    Returns
    -------
    Tensor of the shape of `weights`
        Communicability C[post, pre], non-negative. Rows and columns of units without output
        (s_j = 0), for which the formula has no value, are 0.

    Raises
    ------
    TypeError
        If `weights` is no tensor.
    ValueError
        If `weights` is not a square matrix of floats.

    Notes
    -----
    The matrix in the exponent is similar to ``P = |W| / s``, whose columns sum to 1. Freed of that
    largest eigenvalue, P is small in most networks, and a short Taylor polynomial is exact to the
    last digit: value and gradient take six or nine matrix products. Where it is not (very sparse
    networks, units without output), the series of exp(P) itself, cut at a degree that is known
    beforehand, takes twelve in float32. A general matrix exponential takes some ten for the value
    alone, and for the gradient works on a matrix of twice the size.

    References
    ----------
    .. [1] J. J. Crofts, D. J. Higham, "A weighted communicability measure applied to complex brain
       networks", Journal of the Royal Society Interface, 2009. doi:10.1098/rsif.2008.0484
    .. [2] J. Achterberg et al., "Spatially embedded recurrent neural networks reveal widespread
       links between structural and functional neuroscience findings", Nature Machine
       Intelligence, 2023. doi:10.1038/s42256-023-00748-9

    Examples
    --------
    >>> import torch
    >>> communicability(
    ...     torch.tensor([[0.0, 2.0], [2.0, 0.0]], dtype=torch.float64)
    ... )
    tensor([[0.0000, 1.1752],
            [1.1752, 0.0000]], dtype=torch.float64)
    """
    if not isinstance(weights, Tensor):
        raise TypeError(f"weights must be a torch Tensor, got {type(weights).__name__}.")
    if weights.layout != torch.strided:
        raise ValueError(f"weights must be dense, got a tensor of layout {weights.layout}.")
    square = weights.ndim in (2, 3) and weights.shape[-2] == weights.shape[-1]
    if not square or weights.dtype not in _SERIES:
        raise ValueError(
            "weights must be a square matrix of float32 or float64, got shape "
            f"{tuple(weights.shape)} of {weights.dtype}."
        )
    return _Communicability.apply(weights.abs())


class _Communicability(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, strengths: Tensor) -> Tensor:
        """Return the communicability, and keep what the gradient needs."""
        out = strengths.sum(-2)  # out-strength of every presynaptic unit
        has_output = out > 0
        root = out.sqrt()
        inverse_root = torch.where(has_output, 1 / root, torch.zeros_like(root))
        stochastic = strengths * inverse_root.square()[..., None, :]
        # Of several matrices each might need another polynomial; the series does for all. On a
        # GPU it costs less than to wait for the norms that would spare products.
        alone = strengths.ndim == 2 and strengths.device.type == "cpu" and bool(has_output.all())
        short = deflated_exponential(stochastic) if alone else None
        exponential, ctx.pullback = short or exponential_series(stochastic)
        result = exponential.mul_(inverse_root[..., :, None]).mul_(root[..., None, :])
        _diagonal(result).zero_()
        ctx.save_for_backward(root, inverse_root, stochastic, result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """Return the gradient in the strengths."""
        root, inverse_root, stochastic, result = ctx.saved_tensors
        d_exponential = (grad * inverse_root[..., :, None]).mul_(root[..., None, :])
        _diagonal(d_exponential).zero_()
        d_stochastic = ctx.pullback(d_exponential)
        # The out-strengths act through P = |W| / s and through the two roots around exp(P).
        share = grad * result
        through_roots = (share.sum(-2) - share.sum(-1)) / 2
        d_out = through_roots - (d_stochastic * stochastic).sum(-2)
        return d_stochastic.add_(d_out[..., None, :]).mul_(inverse_root.square()[..., None, :])


def _add_product(out: Tensor, a: Tensor, b: Tensor) -> None:
    """Add a @ b to a matrix, or to each of several."""
    if out.ndim == 2:
        out.addmm_(a, b)
    else:
        out.baddbmm_(a, b)


def _diagonal(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=-2, dim2=-1)


def exponential_series(matrix: Tensor) -> tuple[Tensor, Pullback]:
    """Return exp(matrix) by its series in blocks (Paterson and Stockmeyer), and its pullback.

    With degree K = b J: exp(P) = B_0 + P^b (B_1 + P^b (... + P^b / K!)), where B_j is the
    polynomial of degree b - 1 with the coefficients 1 / (j b)!, ..., 1 / (j b + b - 1)!.
    """
    degree, block = _SERIES[matrix.dtype]
    powers = [matrix]
    for _ in range(block - 1):
        powers.append(powers[-1] @ matrix)
    result = powers[-1] / math.factorial(degree)
    partial: list[Tensor] = []
    for j in range(degree // block - 1, -1, -1):
        if j < degree // block - 1:
            partial.append(result)
            result = result @ powers[-1]
        for i in range(1, block):
            result.add_(powers[i - 1], alpha=1 / math.factorial(j * block + i))
        _diagonal(result).add_(1 / math.factorial(j * block))
    return result, lambda grad: _pull_series(grad, powers, partial)


def _pull_series(grad: Tensor, powers: list[Tensor], partial: list[Tensor]) -> Tensor:
    """Return the gradient in the matrix, given that in the series: the sweep above, backwards."""
    degree, block = _SERIES[grad.dtype]
    d_powers = [torch.zeros_like(grad) for _ in powers]
    for j in range(degree // block):
        for i in range(1, block):
            d_powers[i - 1].add_(grad, alpha=1 / math.factorial(j * block + i))
        if j < degree // block - 1:
            _add_product(d_powers[-1], partial[-1 - j].mT, grad)
            grad = grad @ powers[-1].mT
    d_powers[-1].add_(grad, alpha=1 / math.factorial(degree))
    for i in range(block - 1, 0, -1):
        _add_product(d_powers[i - 1], d_powers[i], powers[0].mT)
        _add_product(d_powers[0], powers[i - 1].mT, d_powers[i])
    return d_powers[0]
