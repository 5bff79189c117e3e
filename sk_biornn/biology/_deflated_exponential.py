r"""The exponential of a column-stochastic matrix, freed of its largest eigenvalue.

The columns of Q sum to 1, so that 1 is the largest eigenvalue of Q and the vector of ones its left
eigenvector, whatever the weights. With the mean column u of Q,

.. math::
    Q = R + u 1^T, \quad 1^T R = 0, \quad
    Q^k = R^k + \Big(\sum_{j<k} R^j u\Big) 1^T, \quad
    \exp(Q) = \exp(R) + c\,1^T, \quad c = \sum_j R^j u \sum_{k>j} \frac{1}{k!}

(deflation in the sense of Wielandt, [1]_). Only products with a vector go into c, and the norm of R
is often far below 1, about 0.1 for a dense network of 300 units: a Taylor polynomial of degree 4 or
8 is then exact to the last digit. These take two and three products of matrices, the second with
the coefficients of [2]_. Their first term left out, as probe vectors show it, decides.

References
----------
.. [1] J. H. Wilkinson, "The Algebraic Eigenvalue Problem", Oxford University Press, 1965, ch. 9.
.. [2] P. Bader, S. Blanes, F. Casas, "Computing the matrix exponential with an optimized Taylor
   polynomial approximation", Mathematics, 2019. doi:10.3390/math7121174
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Pullback = Callable[[Tensor], Tensor]  # gradient in the value -> gradient in the argument

_N_PROBES = 8
# The sums over k > j of 1 / k!, which would cancel in e - 1 - 1 / 2! - ... - 1 / j!.
_TAILS = [sum(1 / math.factorial(k) for k in range(j + 1, 25)) for j in range(9)]


class Taylor(NamedTuple):
    r"""Taylor polynomial of exp(R) that spares products of matrices.

    I + R + square * R^2 + L M, where L = R^2 (l_0 I + l_1 R + l_2 R^2), without l_*: L = R^2, and
    M = m_0 I + m_1 R + m_2 R^2 + m_3 L.
    """

    degree: int
    square: float
    left: tuple[float, float, float] | None
    right: tuple[float, float, float, float]


def _degree_eight() -> Taylor:
    root, x3 = math.sqrt(177), 2 / 3  # names and values of [2]_, equation for T_8
    x1, x2 = (1 + root) / 88 * x3, (1 + root) / 352 * x3
    x4, x5 = (29 * root - 271) / (315 * x3), 11 * (root - 1) / (1260 * x3)
    x6, x7 = 11 * (root - 9) / (5040 * x3), (89 - root) / (5040 * x3**2)
    # There M holds the product A_4 = L - x_3 R^2 in place of L.
    return Taylor(8, (857 - 58 * root) / 630, (x3, x1, x2), (x4, x5, x6 - x3 * x7, x7))


TAYLOR = (Taylor(4, 0.0, None, (1 / 2, 1 / 6, 1 / 24, 0.0)), _degree_eight())


def deflated_exponential(stochastic: Tensor) -> tuple[Tensor, Pullback] | None:
    """Return exp(stochastic) and its pullback, or None where no short polynomial is exact.

    Every column must sum to 1. The pullback is that of such matrices: right for changes that leave
    the sums as they are.
    """
    mean = stochastic.mean(1)
    rest = stochastic - mean[:, None]
    square = rest @ rest
    taylor = _sufficient(rest, square)
    if taylor is None:
        return None
    exponential, pull_rest = taylor_exponential(rest, square, taylor)
    shift, pull_shift = _shift(rest, mean, taylor.degree)

    def pullback(grad: Tensor) -> Tensor:
        d_rest = pull_rest(grad)
        d_rest_of_shift, d_mean = pull_shift(grad.sum(1))
        d_rest += d_rest_of_shift
        d_mean = d_mean - d_rest.sum(1)
        return d_rest.add_((d_mean / len(d_mean))[:, None])

    # Where exp(Q) is 0 the sum of the two is so only up to rounding, of either sign.
    return exponential.add_(shift[:, None]).clamp_(min=0), pullback


def _sufficient(rest: Tensor, square: Tensor) -> Taylor | None:
    """First polynomial whose first term left out is lost in rounding, in the Frobenius norm.

    For x ~ N(0, I), the mean of |x^T M|^2 is |M|_F^2; |exp(Q)|_F itself is at least e.
    """
    draw = torch.Generator().manual_seed(0)
    probes = torch.randn(_N_PROBES, len(rest), generator=draw, dtype=rest.dtype).to(rest.device)
    powers = probes @ rest
    for taylor in TAYLOR:
        powers = powers @ square @ square  # probes^T R^(degree + 1)
        norm = float(torch.linalg.vector_norm(powers)) / math.sqrt(_N_PROBES)
        if norm / math.factorial(taylor.degree + 1) <= torch.finfo(rest.dtype).eps:
            return taylor
    return None


def taylor_exponential(rest: Tensor, square: Tensor, taylor: Taylor) -> tuple[Tensor, Pullback]:
    """Return the polynomial of `rest`, whose square is given, and its pullback."""
    factor, left = None, square
    if taylor.left is not None:
        factor = _combine(taylor.left, rest, square)
        left = square @ factor
    right = _combine(taylor.right[:3], rest, square).add_(left, alpha=taylor.right[3])
    value = torch.addmm(rest, left, right).add_(square, alpha=taylor.square)
    value.diagonal().add_(1)

    def pullback(grad: Tensor) -> Tensor:
        _, in_rest, in_square, in_left = taylor.right
        d_right = left.mT @ grad
        d_left = torch.addmm(d_right, grad, right.mT, beta=in_left)
        d_rest = grad.add(d_right, alpha=in_rest)
        d_square = d_right.mul_(in_square).add_(grad, alpha=taylor.square)
        if taylor.left is None or factor is None:
            d_square += d_left
        else:
            d_factor = square.mT @ d_left
            d_rest.add_(d_factor, alpha=taylor.left[1])
            d_square.addmm_(d_left, factor.mT).add_(d_factor, alpha=taylor.left[2])
        return d_rest.addmm_(d_square, rest.mT).addmm_(rest.mT, d_square)

    return value, pullback


def _combine(coefficients: tuple[float, ...], rest: Tensor, square: Tensor) -> Tensor:
    constant, linear, quadratic = coefficients
    result = (rest * linear).add_(square, alpha=quadratic)
    result.diagonal().add_(constant)
    return result


def _shift(
    rest: Tensor, mean: Tensor, degree: int
) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """Return c, and its pullback to the gradients in R and u."""
    tails = _TAILS[: degree + 1]
    krylov = [mean]  # R^j u
    for _ in range(degree):
        krylov.append(rest @ krylov[-1])
    columns = torch.stack(krylov, dim=1)

    def pullback(grad: Tensor) -> tuple[Tensor, Tensor]:
        d_krylov = [tails[-1] * grad]  # in R^degree u, ..., R u, u
        for tail in reversed(tails[:-1]):
            d_krylov.append(torch.addmv(grad, rest.mT, d_krylov[-1], beta=tail))
        *rows, d_mean = d_krylov
        return torch.stack(rows[::-1], dim=1) @ columns[:, :-1].mT, d_mean

    return columns @ columns.new_tensor(tails), pullback
