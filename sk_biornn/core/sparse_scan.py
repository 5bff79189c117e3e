"""The steps of the recurrent scan when only the synapses of a support exist.

Compressed rows multiply from the left, so what is multiplied is turned to (n_units, n_trials) and
back. Rates and errors are turned into one array for all steps, which the gradient reads at the end.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from sk_biornn.core.activations import Activation
from sk_biornn.core.products import has_fast_product, multiply_into, sum_over_rows_into
from sk_biornn.core.sparse import Support, multiply, sample_product
from sk_biornn.core.workspace import Buffers


def firing_on(
    support: Support,
    values: Tensor,
    buffers: Buffers,
    activation: Activation,
    noise: torch.Generator | None,
    noise_sd: Tensor | float,
) -> Callable[[Tensor, Tensor, Tensor], None]:
    """Return (z, drive, _) -> None, which sets z to f(drive @ weights + noise).

    What the inputs and biases add is put into all z at once, here.
    """
    gain, n_units = activation.gain, support.shape[0]
    fast, first = has_fast_product(buffers.scratch), buffers.drive_steps[0]
    inputs = _inputs(buffers, n_units)
    weights = buffers.weights[:, n_units:].contiguous()
    multiply_into(buffers.rows(buffers.states), inputs, weights.mT, fast, gain)
    compressed = support.compressed(values * gain)
    result = _turned(buffers.scratch)
    columns = iter(_columns(buffers, buffers.turned.rates))

    def fire(z: Tensor, drive: Tensor, _: Tensor) -> None:
        if drive is not first:  # r_0 = 0
            turned = next(columns).copy_(drive[:, :n_units].mT)
            z.add_(multiply(compressed, turned, result).mT)
        if noise is not None:
            z.add_(buffers.scratch.normal_(generator=noise).mul_(noise_sd))
        activation.apply_(z)

    return fire


def sending_back_on(
    support: Support, values: Tensor, buffers: Buffers
) -> Callable[[Tensor, Tensor, bool], Tensor]:
    """Return (error, out, add) -> error @ w_rec, to which `out` is added if `add`.

    It is called for all steps but the first, from the last one on.
    """
    compressed, result = support.compressed_transpose(values), _turned(buffers.scratch)
    columns = reversed(_columns(buffers, buffers.turned.errors))

    def send_back(error: Tensor, out: Tensor, add: bool) -> Tensor:
        turned = next(columns).copy_(error.mT)
        product = multiply(compressed, turned, result).mT
        return out.add_(product) if add else out.copy_(product)

    return send_back


def gradients_on(support: Support, buffers: Buffers) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of w_in, of the values on the support, and of b_rec."""
    n_units = support.shape[0]
    errors = buffers.rows(buffers.errors)
    d_values = sample_product(support, buffers.turned.errors, buffers.turned.rates)
    inputs = _inputs(buffers, n_units)
    gradient = errors.new_empty((inputs.shape[-1], n_units))
    sum_over_rows_into(gradient, inputs, errors, has_fast_product(errors))
    return gradient[:-1].mT, d_values, gradient[-1]


def _inputs(buffers: Buffers, n_units: int) -> Tensor:
    """Return [x_t, 1] of all steps as rows that lie together, without which products are slow."""
    return buffers.rows(buffers.drive[:-1, :, n_units:]).contiguous()


def _columns(buffers: Buffers, turned: Tensor) -> tuple[Tensor, ...]:
    """Return the parts (n_units, n_trials) of the steps, without one that no rate drives."""
    return turned.split(buffers.scratch.shape[0], dim=1)


def _turned(like: Tensor) -> Tensor:
    return like.new_empty(like.shape[::-1])
