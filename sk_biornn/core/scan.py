"""The recurrent scan and its hand-written gradient: one autograd node for all steps.

With a support the products with w_rec and its gradient touch the synapses of the support only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sk_biornn.core.activations import get_activation
from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.how import How
from sk_biornn.core.layout import Layout, Places, lay_out_if_uneven
from sk_biornn.core.noise import Noise, draw_noise
from sk_biornn.core.params import Params, RNNParams, extra
from sk_biornn.core.readout import (
    of_block,
    read_out,
    read_out_gradients,
    roll,
    unroll,
)
from sk_biornn.core.scan_by_unit import ScanByUnit
from sk_biornn.core.scan_gradients import (
    initial_gradient,
    input_and_bias_gradients,
    input_gradient,
    recurrent_gradients,
    through_noise,
)
from sk_biornn.core.sparse import Support
from sk_biornn.core.sparse_scan import firing_on, gradients_on, sending_back_on
from sk_biornn.core.sweeps import (
    Motion,
    Read,
    firing,
    sending_back,
    sweep_backward,
    sweep_forward,
    weights_for,
)
from sk_biornn.core.threads import computing, do_all
from sk_biornn.core.wanted import Wanted, wanted
from sk_biornn.core.workspace import Block, Buffers, ScanShape, Workspace, begin_gradient


class Trajectory(NamedTuple):
    """What a run returns; time is the axis after trials."""

    outputs: Tensor  # (..., n_trials, n_steps, n_outputs), or (..., n_trials, n_outputs)
    rates: Tensor  # (..., n_trials, n_steps, n_units): r_t
    states: Tensor  # (..., n_trials, n_steps, n_units): z_t; overwritten by the gradient


def run(
    params: Params,
    x: Tensor,
    dynamics: Dynamics,
    *,
    lengths: Tensor | None = None,
    initial: Tensor | None = None,
    every_step: bool = True,
    noise: Noise | None = None,
    workspace: Workspace | None = None,
    support: Support | None = None,
) -> Trajectory:
    """Run the network over trials; differentiable in the parameters and in `x`.

    Parameters
    ----------
    params : RNNParams or PhysiologyParams
        Weights of one network, or of M networks (a leading axis on every tensor).
    x : Tensor of shape (n_trials, n_steps, n_features) or (M, n_trials, n_steps, n_features)
        Inputs; without the leading axis they are shared by the M networks.
    dynamics : Dynamics
        Transfer function, leak and read-out rule.
    lengths : int Tensor of shape (n_trials,) or (M, n_trials), or None, default=None
        Number of steps of each trial, from 1 to `n_steps`; None for `n_steps` in all. What lies
        past the end of a trial has no influence; outputs are 0 there. With the leading axis the
        trials of each network have their own lengths, 0 where one has fewer trials than others.
    initial : Tensor of shape (..., n_trials, n_units) or None, default=None
        Rates r_0 before the first step; None for 0.
    every_step : bool, default=True
        Read out every step, or the last one of each trial only.
    noise : torch.Generator, sequence of M of them, or None, default=None
        Source of the recurrent noise; None runs without noise. Of several, each network draws
        from its own what it would draw alone.
    workspace : Workspace or None, default=None
        Buffers to use again. The returned tensors are then valid until the next run.
    support : Support or None, default=None
        The synapses that exist, of one network; `params.w_rec` is then the vector of their values.
        With one whose network is stored as its synapses, nothing of size n_units^2 is made.

    Returns
    -------
    Trajectory
        Outputs, rates and states. The gradient may be taken once, before the next run in the same
        workspace. It flows through `outputs` and `rates` to `x`, `initial`, the weights, and what
        else of `params` moves the network (`leak`, `slope`). With `lengths`, outputs have as many
        steps as the longest trial; if trials differ in length, rates and states are rows without
        padding, (..., n_rows, n_units), which `as_trials` puts in order.
    """
    is_stored = support is not None and support.stored
    if support is not None and initial is not None and not is_stored:
        raise ValueError("initial must be None with a support.")
    places = None
    layout = Layout.even(x.shape[-3], x.shape[-2])
    if lengths is not None:
        layout, places = lay_out_if_uneven(lengths, x.device)
        # Trials of one length take the path without places: the same bits as if nothing were said.
        if places is None:
            x = x[..., : layout.n_steps, :]
    leak, slope = extra(params, "leak"), extra(params, "slope")
    if leak is not None:
        dynamics = replace(dynamics, leak=leak.detach())
    weights = params.weights if slope is None else with_slopes(params.weights, slope, support)
    how = How(dynamics, layout, places, every_step, noise, workspace or Workspace(), support)
    scan: Any = ScanByUnit if is_stored else _Scan
    outputs, rates, states = scan.apply(how, x, leak, initial, *weights)
    return Trajectory(outputs, rates, states)


def with_slopes(params: RNNParams, slope: Tensor, support: Support | None) -> RNNParams:
    """Multiply all that a unit's transfer function is given by the slope of the unit."""
    if support is None:
        w_rec = params.w_rec * slope[..., :, None]
    else:
        w_rec = params.w_rec * slope[support.places // support.shape[1]]
    return params._replace(
        w_in=params.w_in * slope[..., :, None], w_rec=w_rec, b_rec=params.b_rec * slope
    )


def as_trials(values: Tensor, lengths: Tensor) -> Tensor:
    """Turn rates or states of a run with `lengths` into (..., n_trials, n_steps, n_units).

    Parameters
    ----------
    values : Tensor
        Rates or states.
    lengths : int Tensor of shape (n_trials,) or (M, n_trials)
        What the run was given.

    Returns
    -------
    Tensor
        With 0 after the end of a trial.
    """
    layout, places = lay_out_if_uneven(lengths, values.device)
    return values if places is None else unroll(values, layout, places)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, how: How, x: Tensor, leak: Any, initial: Any, *weights: Tensor
    ) -> tuple[Tensor, ...]:
        """Run all steps, and keep rates and states in the buffers."""
        params = RNNParams(*weights)
        ctx.wants = wanted(ctx)
        with computing():
            motion, buffers = load(how, params, x, initial)
            ctx.drawn = _forward(buffers, motion, how, params, ctx.wants)
            if how.places is not None:
                _clear_surplus(buffers, how.places)
            rates, states = buffers.rates, _state_rows(buffers, how)
            ctx.source = states if how.dynamics.readout_from == "state" else rates
            outputs = read_out(ctx.source, params, how.layout, how.places, how.every_step)
        ctx.how, ctx.buffers, ctx.motion = how, buffers, motion
        ctx.uses = buffers.uses
        ctx.save_for_backward(x, *weights)
        ctx.set_materialize_grads(False)
        # Two views, also where they are one array: only one of them has a gradient.
        views = (
            unroll(a, how.layout, None) if how.places is None else a[...] for a in (rates, states)
        )
        rates, states = views
        ctx.mark_non_differentiable(states)
        return outputs, rates, states

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_outputs: Tensor | None, grad_rates: Tensor | None, _: None
    ) -> tuple[Tensor | None, ...]:
        """Go back through all steps, and return the gradients in inputs and weights."""
        buffers, how, wants = ctx.buffers, ctx.how, ctx.wants
        begin_gradient(buffers, ctx.uses)
        x, *weights = ctx.saved_tensors
        params = RNNParams(*weights)
        with computing():
            d_w_out, d_b_out, reads = _read_gradients(ctx.source, how, grad_outputs)
            d_leak = _backward(buffers, ctx.motion, how, params, reads, grad_rates, wants)
            if d_leak is not None and ctx.drawn is not None:
                d_leak += through_noise(buffers.errors, ctx.drawn, how.dynamics)
            if not wants.recurrent:
                d_w_in, d_w_rec, d_b_rec = input_and_bias_gradients(buffers)
            elif how.support is None:
                d_w_in, d_w_rec, d_b_rec = recurrent_gradients(buffers)
            else:
                d_w_in, d_w_rec, d_b_rec = gradients_on(how.support, buffers)
            d_initial = initial_gradient(buffers, how) if wants.initial else None
            d_x = input_gradient(buffers, params, how, x) if wants.inputs else None
        return None, d_x, d_leak, d_initial, d_w_in, d_w_rec, d_b_rec, d_w_out, d_b_out


def load(how: How, params: RNNParams, x: Tensor, initial: Tensor | None) -> tuple[Motion, Buffers]:
    """Copy inputs and weights into the buffers of their shape."""
    *lead, n_units, n_features = params.w_in.shape
    dynamics, like = how.dynamics, params.w_rec
    activation = get_activation(
        dynamics.activation, like.new_empty(()).expand(how.layout.n_trials, n_units)
    )
    noisy = how.noise is not None and dynamics.is_noisy
    motion = Motion(dynamics, activation, noisy)
    shared = not dynamics.is_leaky and not motion.rectified
    shape = ScanShape(tuple(lead), how.layout, n_units, n_features)
    buffers = how.workspace.get(shape, shared, like)
    buffers.uses += 1
    if how.places is None:
        buffers.inputs.unflatten(-2, (how.layout.n_steps, how.layout.n_trials)).copy_(
            x.transpose(-3, -2)
        )
    else:
        buffers.inputs[..., how.places.row, :] = roll(x, how.places)
    if initial is None:
        buffers.initial.zero_()
    else:
        if how.places is not None:
            initial = initial[how.places.of(initial, how.places.order)]
        buffers.initial.copy_(initial)
    if how.support is None:
        buffers.weights[..., :n_units].copy_(params.w_rec)
    buffers.weights[..., n_units : buffers.bias].copy_(params.w_in)
    buffers.weights[..., buffers.bias].copy_(params.b_rec)
    return motion, buffers


def _forward(
    buffers: Buffers, motion: Motion, how: How, params: RNNParams, wants: Wanted
) -> Tensor | None:
    """Fill rates and states; return the noise that was drawn, where a gradient needs it."""
    drawn = None
    if motion.noisy:
        assert how.noise is not None
        draw_noise(how.noise, buffers.whole.states, buffers.scratch, how.places)
        drawn = buffers.states.clone() if wants.leak else None
    if how.support is not None:
        fires = firing_on(how.support, params.w_rec, buffers, motion)
        sweep_forward(buffers.whole, buffers.scratch, motion, fires)
        return drawn

    weights = weights_for(buffers, motion)

    def work(block: Block) -> None:
        scratch = own_rows(buffers.scratch, block)
        sweep_forward(block, scratch, motion, firing(weights, block, scratch, motion))

    do_all(work, buffers.blocks)
    return drawn


def _clear_surplus(buffers: Buffers, places: Places) -> None:
    """Set to 0 what trials would do after their ends: it may have grown beyond all numbers."""
    places.clear(buffers.rates)
    if not buffers.shared_states:
        places.clear_rows(buffers.states)


def own_rows(array: Tensor, block: Block) -> Tensor:
    """Return the rows of one array (..., n_trials, n_units) that belong to a block."""
    return array.narrow(-2, block.low, block.n_trials)


def _state_rows(buffers: Buffers, how: How) -> Tensor:
    """Return the states without the rows of trials that have ended."""
    if how.places is None or buffers.shared_states:
        return buffers.states
    return buffers.states[..., how.places.row, :]


def _read_gradients(
    source: Tensor, how: How, grad: Tensor | None
) -> tuple[Tensor | None, Tensor | None, list[Read]]:
    if grad is None:
        return None, None, [None] * how.layout.n_steps
    grad = grad.contiguous()  # that of a sum has no memory of its own
    return read_out_gradients(source, grad, how.layout, how.places, how.every_step)


def _backward(
    buffers: Buffers,
    motion: Motion,
    how: How,
    params: RNNParams,
    reads: list[Read],
    grad_rates: Tensor | None,
    wants: Wanted,
) -> Tensor | None:
    """Fill `buffers.errors`, and `buffers.sent` by dL/dr_0; return dL/d(leak), where wanted."""
    buffers.sent.zero_()
    by_rates: list[Read] = [None] * how.layout.n_steps
    if grad_rates is not None:
        if how.places is None:
            grad_rates = roll(grad_rates, None)
        elif how.places.surplus is not None:
            grad_rates = how.places.clear(grad_rates.clone())
        by_rates = [(0, part) for part in grad_rates.split(how.layout.counts, dim=-2)]

    by_leak: dict[int, Tensor] = {}

    def work(block: Block) -> None:
        high = block.low + block.n_trials
        if wants.leak:
            by_leak[block.low] = params.b_rec.new_zeros(params.b_rec.shape)
        if how.support is None:
            send_back = sending_back(params.w_rec, block.n_trials)
        else:
            send_back = sending_back_on(how.support, params.w_rec, buffers)
        sweep_backward(
            block,
            own_rows(buffers.scratch, block),
            own_rows(buffers.sent, block),
            motion,
            params.w_out,
            send_back,
            of_block(reads, block.low, high),
            of_block(by_rates, block.low, high),
            to_initial=wants.initial,
            by_leak=by_leak.get(block.low),
        )

    do_all(work, buffers.blocks if how.support is None else [buffers.whole])
    # Added in the order of the blocks, whichever was done first.
    shares = [by_leak[low] for low in sorted(by_leak)]
    return torch.stack(shares).sum(0) if shares else None
