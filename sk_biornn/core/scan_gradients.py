"""The gradients of a scan, once the errors of all its steps are known.

Those of w_rec, w_in and b_rec are one product over all steps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.how import How
from sk_biornn.core.params import RNNParams
from sk_biornn.core.products import sum_over_rows
from sk_biornn.core.readout import unroll
from sk_biornn.core.sweeps import noise_sd
from sk_biornn.core.threads import do_all
from sk_biornn.core.workspace import Buffers


def through_noise(errors: Tensor, drawn: Tensor, dynamics: Dynamics) -> Tensor:
    """Return dL/d(leak) by the strength of the noise, sqrt(2 / a) sigma, which falls with a."""
    leak: Any = dynamics.leak
    return (errors * drawn).sum(-2) * noise_sd(dynamics) / (-2 * leak)


def initial_gradient(buffers: Buffers, how: How) -> Tensor:
    """Return dL/dr_0, with the trials in their own order."""
    return buffers.sent.clone() if how.places is None else how.places.in_own_order(buffers.sent)


def input_and_bias_gradients(buffers: Buffers) -> tuple[Tensor, None, Tensor]:
    """Return the gradients of w_in and b_rec; that of w_rec, which does not move, is not made."""
    rest = sum_over_rows(buffers.errors, buffers.drive[..., buffers.n_units :])
    bias = buffers.bias - buffers.n_units
    return rest[..., :bias].contiguous(), None, rest[..., bias].contiguous()


def recurrent_gradients(buffers: Buffers) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of w_in, w_rec and b_rec: one product over all rows, in fixed parts."""
    n_units, n_columns = buffers.weights.shape[-2:]
    if buffers.errors.device.type != "cpu":
        return _split(sum_over_rows(buffers.errors, buffers.drive), n_units, buffers.bias)
    w_rec, rest = (
        buffers.weights.new_empty((*buffers.weights.shape[:-1], k))
        for k in (n_units, n_columns - n_units)
    )
    if buffers.unit_parts > 1:
        _by_units(buffers, w_rec, rest)
    else:
        gradient = _by_rows(buffers)
        w_rec.copy_(gradient[..., :n_units])
        rest.copy_(gradient[..., n_units:])
    bias = buffers.bias - n_units
    return rest[..., :bias].contiguous(), w_rec, rest[..., bias].contiguous()


def _split(gradient: Tensor, n_units: int, bias: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the parts of the gradient of [w_rec, w_in, b_rec], as views."""
    return gradient[..., n_units:bias], gradient[..., :n_units], gradient[..., bias]


def _by_units(buffers: Buffers, w_rec: Tensor, rest: Tensor) -> None:
    """Fill the gradients by products for some postsynaptic units each."""
    n_units = buffers.n_units

    def work(block: tuple[Tensor, Tensor, Tensor]) -> None:
        errors, of_w_rec, of_rest = block
        share = sum_over_rows(errors, buffers.drive)
        of_w_rec.copy_(share[:, :n_units])
        of_rest.copy_(share[:, n_units:])

    size = -(-n_units // buffers.unit_parts)
    errors = buffers.errors.split(size, dim=-1)
    do_all(work, list(zip(errors, w_rec.split(size), rest.split(size), strict=True)))


def _by_rows(buffers: Buffers) -> Tensor:
    """Return the gradients by products over some rows each, whose results are added in order."""
    parts = list(zip(*map(buffers.parts, (buffers.errors, buffers.drive)), strict=True))
    shares: dict[int, Tensor] = {}

    def work(number: int) -> None:
        shares[number] = sum_over_rows(*parts[number])

    do_all(work, range(len(parts)))
    gradient = shares[0]
    for number in range(1, len(parts)):
        gradient.add_(shares[number])
    return gradient


def input_gradient(buffers: Buffers, params: RNNParams, how: How, x: Tensor) -> Tensor:
    """Return dL/dx, 0 past the ends of trials, in the shape of x."""
    errors = buffers.errors if how.places is None else buffers.errors[..., how.places.row, :]
    return in_shape_of(x, errors @ params.w_in, how)


def in_shape_of(x: Tensor, rows: Tensor, how: How) -> Tensor:
    """Return rows, step after step, as the trials of x: 0 past their ends, summed where shared."""
    d_x = unroll(rows, how.layout, how.places)
    if d_x.shape[-2] < x.shape[-2]:
        d_x = torch.nn.functional.pad(d_x, (0, 0, 0, x.shape[-2] - d_x.shape[-2]))
    return d_x.sum_to_size(x.shape)
