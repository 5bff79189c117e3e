"""The steps of the recurrent scan when only the synapses of a support exist.

Compressed rows multiply from the left, so what is multiplied is turned to (n_units, n_trials) and
back. Rates and errors are turned into one array for all steps, which the gradient reads at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sk_biornn.core.products import multiply_into, sum_over_rows
from sk_biornn.core.sparse import Support, multiply, sample_product
from sk_biornn.core.sweeps import FirePair, Motion, SendBack, noise_sd
from sk_biornn.core.workspace import Buffers


def firing_on(support: Support, values: Tensor, buffers: Buffers, motion: Motion) -> FirePair:
    """Return the way to set z to f(drive @ weights + noise).

    What the inputs and biases add is computed for all steps at once, here; it waits in the memory
    of the errors, which are not needed yet.
    """
    gain, n_units = motion.activation.gain, support.shape[0]
    apply, scale = motion.activation.apply, noise_sd(motion.dynamics) * motion.activation.gain
    noises = [z.clone() for z in buffers.whole.states] if motion.noisy else None
    weights = buffers.weights[:, n_units:].contiguous()
    multiply_into(buffers.errors, _inputs(buffers, n_units), weights.mT, gain)
    compressed = support.compressed(values * gain)
    steps = zip(buffers.whole.errors, _columns(buffers, buffers.turned.rates), strict=True)
    noise = iter(noises or ())

    def fire(z: Tensor, drive: Tensor) -> None:
        inputs, columns = next(steps)
        if z is not inputs:
            z.copy_(inputs)
        if columns is not None:
            turned = columns.copy_(drive[:, :n_units].mT)
            z.add_(multiply(compressed, turned, torch.empty_like(turned)).mT)
        if noises is not None:
            z.add_(next(noise).mul_(scale))
        apply(z, z)

    return FirePair(fire, fire, 0)


def sending_back_on(support: Support, values: Tensor, buffers: Buffers) -> SendBack:
    """Return (error, out, add) -> error @ w_rec, to which `out` is added if `add`.

    It is called for all steps but the first, from the last one on.
    """
    compressed = support.compressed_transpose(values)
    columns = reversed(list(_columns(buffers, buffers.turned.errors)))

    def send_back(error: Tensor, out: Tensor, add: bool) -> Tensor:
        part = next(columns)
        assert part is not None  # only the first step has none
        turned = part.copy_(error.mT)
        product = multiply(compressed, turned, torch.empty_like(turned)).mT
        return out.add_(product) if add else out.copy_(product)

    return send_back


def gradients_on(support: Support, buffers: Buffers) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of w_in, of the values on the support, and of b_rec."""
    n_units = support.shape[0]
    d_values = sample_product(support, buffers.turned.errors, buffers.turned.rates)
    gradient = sum_over_rows(_inputs(buffers, n_units), buffers.errors)
    bias = buffers.bias - n_units
    return gradient[:bias].mT, d_values, gradient[bias]


def _inputs(buffers: Buffers, n_units: int) -> Tensor:
    """Return [x_t, 1] of all steps as rows that lie together, without which products are slow."""
    return buffers.drive[:, n_units:].contiguous()


def _columns(buffers: Buffers, turned: Tensor) -> Iterator[Tensor | None]:
    """Yield the parts (n_units, n_trials) of the steps; None for the first, as r_0 = 0."""
    n_columns = buffers.layout.counts[1:]
    yield from (None,)[: buffers.layout.n_steps]
    yield from turned.split(n_columns, dim=1) if n_columns else ()
