"""The recurrent scan and its hand-written gradient: one autograd node for all steps.

Per step the forward sweep is one matrix product and one to three element-wise operations on a
slice that is still in cache; the backward sweep is one product and two or three. The gradients of
w_rec, w_in and b_rec are one product over all steps at the end. With a support the products with
w_rec and its gradient touch the synapses of the support only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sk_biornn.core.activations import Activation, get_activation, threshold_backward
from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.params import RNNParams
from sk_biornn.core.products import (
    FUSED_ACTIVATIONS,
    activated_product_into,
    add_product,
    has_fast_product,
    multiply_into,
    product,
    sum_over_rows_into,
)
from sk_biornn.core.sparse import Support
from sk_biornn.core.sparse_scan import firing_on, gradients_on, sending_back_on
from sk_biornn.core.workspace import Buffers, ScanShape, Workspace


class Trajectory(NamedTuple):
    """What a run returns; time is the axis after trials."""

    outputs: Tensor  # (..., n_trials, n_steps, n_outputs), or (..., n_trials, n_outputs)
    rates: Tensor  # (..., n_trials, n_steps, n_units): r_t
    states: Tensor  # (..., n_trials, n_steps, n_units): z_t; overwritten by the gradient


def run(
    params: RNNParams,
    x: Tensor,
    dynamics: Dynamics,
    *,
    every_step: bool = True,
    noise: torch.Generator | None = None,
    workspace: Workspace | None = None,
    support: Support | None = None,
) -> Trajectory:
    """Run the network over trials; differentiable in the parameters and in `x`.

    Parameters
    ----------
    params : RNNParams
        Weights of one network, or of M networks (a leading axis on every tensor).
    x : Tensor of shape (n_trials, n_steps, n_features) or (M, n_trials, n_steps, n_features)
        Inputs; without the leading axis they are shared by the M networks.
    dynamics : Dynamics
        Transfer function, leak and read-out rule.
    every_step : bool, default=True
        Read out every step, or the last one only.
    noise : torch.Generator or None, default=None
        Source of the recurrent noise; None runs without noise.
    workspace : Workspace or None, default=None
        Buffers to use again. The returned tensors are then valid until the next run.
    support : Support or None, default=None
        The synapses that exist, of one network; `params.w_rec` is then the vector of their values.

    Returns
    -------
    Trajectory
        Outputs, rates and states. The gradient may be taken once, before the next run in the same
        workspace. It flows through `outputs` and `rates`.
    """
    plan = _Plan(dynamics, every_step, noise, workspace or Workspace(), support)
    outputs, rates, states = _Scan.apply(plan, x, *params)
    return Trajectory(outputs.transpose(-3, -2) if every_step else outputs, rates, states)


class _Plan(NamedTuple):
    """All that the scan needs beside tensors."""

    dynamics: Dynamics
    every_step: bool
    noise: torch.Generator | None
    workspace: Workspace
    support: Support | None = None


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: _Plan, x: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        """Run all steps, and keep rates and states in the buffers."""
        params = RNNParams(*weights)
        activation = get_activation(plan.dynamics.activation, params.w_rec)
        buffers = _load(plan, activation, params, x)
        _sweep_forward(buffers, activation, plan, params)
        outputs = _read_out(buffers, params, plan)
        ctx.plan, ctx.buffers, ctx.activation = plan, buffers, activation
        ctx.uses = buffers.uses
        ctx.save_for_backward(x, *weights)
        ctx.set_materialize_grads(False)
        rates, states = (a.transpose(-3, -2) for a in (buffers.rates, buffers.states))
        ctx.mark_non_differentiable(states)
        return outputs, rates, states

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_outputs: Tensor | None, grad_rates: Tensor | None, _: None
    ) -> tuple[Tensor | None, ...]:
        """Go back through all steps, and return the gradients in inputs and weights."""
        buffers, plan = ctx.buffers, ctx.plan
        if buffers.uses != ctx.uses:
            raise RuntimeError(
                "The gradient of a run must be taken once, and before the next run in the same "
                "workspace."
            )
        buffers.uses += 1
        x, *weights = ctx.saved_tensors
        params = RNNParams(*weights)
        if grad_outputs is not None:
            grad_outputs = grad_outputs.contiguous()  # that of a sum has no memory of its own
        d_w_out, d_b_out = _read_out_gradients(buffers, params, plan, grad_outputs)
        if grad_rates is not None:
            grad_rates = grad_rates.transpose(-3, -2)
        _sweep_backward(buffers, ctx.activation, plan, params, grad_outputs, grad_rates)
        if plan.support is None:
            d_w_in, d_w_rec, d_b_rec = _recurrent_gradients(buffers, params)
        else:
            d_w_in, d_w_rec, d_b_rec = gradients_on(plan.support, buffers)
        d_x = _input_gradient(buffers, params, x) if ctx.needs_input_grad[1] else None
        return None, d_x, d_w_in, d_w_rec, d_b_rec, d_w_out, d_b_out


def _load(plan: _Plan, activation: Activation, params: RNNParams, x: Tensor) -> Buffers:
    """Copy inputs and weights into the buffers of their shape."""
    *lead, n_units, n_features = params.w_in.shape
    n_trials, n_steps = x.shape[-3], x.shape[-2]
    dynamics = plan.dynamics
    shared = not dynamics.is_leaky and (activation.nonnegative or not dynamics.rectify)
    shape = ScanShape(tuple(lead), n_steps, n_trials, n_units, n_features)
    buffers = plan.workspace.get(shape, shared, params.w_rec)
    buffers.uses += 1
    buffers.inputs.copy_(x.transpose(-3, -2))
    if plan.support is None:
        buffers.weights[..., :n_units].copy_(params.w_rec)
    buffers.weights[..., n_units:-1].copy_(params.w_in)
    buffers.weights[..., -1].copy_(params.b_rec)
    return buffers


def _sweep_forward(
    buffers: Buffers, activation: Activation, plan: _Plan, params: RNNParams
) -> None:
    dynamics = plan.dynamics
    weights = buffers.weights.mT
    rectified = dynamics.rectify and not activation.nonnegative
    scratch, leak = buffers.scratch, dynamics.leak
    leaky, shared = dynamics.is_leaky, buffers.states is buffers.rates
    if plan.support is None:
        fire = _firing(activation, dynamics, plan.noise, scratch)
    else:
        noise_sd = _noise_sd(dynamics) * activation.gain
        fire = firing_on(plan.support, params.w_rec, buffers, activation, plan.noise, noise_sd)
    previous = torch.zeros_like(scratch)
    for drive, z, r in zip(
        buffers.drive_steps, buffers.state_steps, buffers.rate_steps, strict=False
    ):
        fire(z, drive, weights)
        if shared:
            continue
        if leaky:
            passed = torch.clamp_min(z, 0, out=scratch) if rectified else z
            torch.lerp(previous, passed, leak, out=r)
            previous = r
        else:
            torch.clamp_min(z, 0, out=r)


def _firing(
    activation: Activation, dynamics: Dynamics, noise: torch.Generator | None, scratch: Tensor
) -> Callable[[Tensor, Tensor, Tensor], None]:
    """Return (z, drive, weights) -> None, which sets z to f(drive @ weights + noise)."""
    fast = has_fast_product(scratch)
    name, apply_, gain = dynamics.activation, activation.apply_, activation.gain
    if fast and noise is None and name in FUSED_ACTIVATIONS:
        return lambda z, drive, weights: activated_product_into(z, drive, weights, name)
    noise_sd = _noise_sd(dynamics) * gain

    def fire(z: Tensor, drive: Tensor, weights: Tensor) -> None:
        multiply_into(z, drive, weights, fast, gain)
        if noise is not None:
            z.add_(scratch.normal_(generator=noise).mul_(noise_sd))
        apply_(z)

    return fire


def _noise_sd(dynamics: Dynamics) -> Tensor | float:
    leak = dynamics.leak
    root = torch.sqrt(2 / leak) if isinstance(leak, Tensor) else math.sqrt(2 / leak)
    return root * dynamics.recurrent_noise


def _source(buffers: Buffers, plan: _Plan) -> Tensor:
    """Return what the read-out reads: z_t or r_t."""
    return buffers.states if plan.dynamics.readout_from == "state" else buffers.rates


def _read_out(buffers: Buffers, params: RNNParams, plan: _Plan) -> Tensor:
    source = _source(buffers, plan)
    if not plan.every_step:
        return source[..., -1, :, :] @ params.w_out.mT + params.b_out[..., None, :]
    flat = buffers.rows(source) @ params.w_out.mT + params.b_out[..., None, :]
    return flat.unflatten(-2, source.shape[-3:-1])


def _read_out_gradients(
    buffers: Buffers, params: RNNParams, plan: _Plan, grad: Tensor | None
) -> tuple[Tensor | None, Tensor | None]:
    if grad is None:
        return None, None
    source = _source(buffers, plan)
    if plan.every_step:
        rows, grad_rows = buffers.rows(source), buffers.rows(grad)
    else:
        rows, grad_rows = source[..., -1, :, :], grad
    d_w_out = torch.empty_like(params.w_out)
    sum_over_rows_into(d_w_out, grad_rows, rows, has_fast_product(rows))
    return d_w_out, grad_rows.sum(-2)


def _sweep_backward(
    buffers: Buffers,
    activation: Activation,
    plan: _Plan,
    params: RNNParams,
    grad_outputs: Tensor | None,
    grad_rates: Tensor | None,
) -> None:
    """Fill `buffers.errors` with dL/d(pre-activation), from the last step to the first."""
    dynamics = plan.dynamics
    rectified = dynamics.rectify and not activation.nonnegative
    reads_state = dynamics.readout_from == "state"
    leak, leaky, w_out = dynamics.leak, dynamics.is_leaky, params.w_out
    send_back = _sending_back(plan.support, params.w_rec, buffers)
    keep = 1 - leak  # share of dL/dr_t that reaches r_{t-1} through the leak
    to_state, to_rate = buffers.scratch, torch.zeros_like(buffers.scratch)
    read_gradients = _per_step(grad_outputs, plan.every_step, len(buffers.state_steps))
    rate_gradients = _per_step(grad_rates, True, len(buffers.state_steps))
    error = None
    for t in range(len(buffers.state_steps) - 1, -1, -1):
        z = buffers.state_steps[t]
        # to_rate is dL/dr_t: through r_{t+1} itself (leak) and through the recurrent weights.
        if error is not None:
            to_rate = send_back(error, to_rate.mul_(keep) if leaky else to_rate, leaky)
        d_read, d_rate = read_gradients[t], rate_gradients[t]
        if d_read is not None and not reads_state:
            add_product(to_rate, d_read, w_out, False)
        if d_rate is not None:
            to_rate.add_(d_rate)
        # to_state is dL/dz_t: through r_t, and through the read-out.
        through = to_rate
        if leaky:
            through = torch.mul(to_rate, leak, out=to_state)
        if rectified:
            threshold_backward(through, z, to_state)
            through = to_state
        if d_read is not None and reads_state:
            add_product(through, d_read, w_out, False)
        error = buffers.error_steps[t]
        activation.backward(through, z, error)


def _sending_back(
    support: Support | None, w_rec: Tensor, buffers: Buffers
) -> Callable[[Tensor, Tensor, bool], Tensor]:
    """Return (error, out, add) -> error @ w_rec, to which `out` is added if `add`."""
    if support is not None:
        return sending_back_on(support, w_rec, buffers)
    fast = has_fast_product(w_rec)

    def send_back(error: Tensor, out: Tensor, add: bool) -> Tensor:
        if not add:
            return product(error, w_rec, out, fast)
        add_product(out, error, w_rec, fast)
        return out

    return send_back


def _per_step(grad: Tensor | None, every_step: bool, n_steps: int) -> list[Tensor | None]:
    """Split a gradient into its steps; a read-out of the last step has a gradient there only."""
    if grad is None:
        return [None] * n_steps
    return list(grad.unbind(-3)) if every_step else [None] * (n_steps - 1) + [grad]


def _recurrent_gradients(buffers: Buffers, params: RNNParams) -> tuple[Tensor, Tensor, Tensor]:
    errors = buffers.rows(buffers.errors)
    drive = buffers.rows(buffers.drive[..., :-1, :, :])
    sum_over_rows_into(buffers.weight_gradient, errors, drive, has_fast_product(errors))
    n_units = params.w_rec.shape[-1]
    gradient = buffers.weight_gradient
    return (
        gradient[..., n_units:-1].clone(memory_format=torch.contiguous_format),
        gradient[..., :n_units].clone(memory_format=torch.contiguous_format),
        gradient[..., -1].clone(memory_format=torch.contiguous_format),
    )


def _input_gradient(buffers: Buffers, params: RNNParams, x: Tensor) -> Tensor:
    d_x = (buffers.rows(buffers.errors) @ params.w_in).unflatten(-2, buffers.errors.shape[-3:-1])
    d_x = d_x.transpose(-3, -2)
    return d_x.sum_to_size(x.shape)
