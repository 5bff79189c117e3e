"""The scan in a closed loop, and its hand-written gradient: one autograd node for all steps.

It is the scan of `core.scan`, whose inputs are written when the step before is known, and whose
read-outs have a gradient that is known when the step after is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.given import Given, on_device
from sk_biornn.core.how import How
from sk_biornn.core.layout import Layout
from sk_biornn.core.noise import Noise, draw_noise
from sk_biornn.core.own_past import decays_of
from sk_biornn.core.params import Params, RNNParams, extra
from sk_biornn.core.readout import roll
from sk_biornn.core.scan import load, with_slopes
from sk_biornn.core.scan_gradients import (
    initial_gradient,
    input_and_bias_gradients,
    recurrent_gradients,
    through_noise,
)
from sk_biornn.core.sweeps import (
    FirePair,
    Read,
    firing,
    sending_back,
    sweep_backward,
    sweep_forward,
    weights_for,
)
from sk_biornn.core.threads import computing
from sk_biornn.core.wanted import Wanted
from sk_biornn.core.workspace import Buffers, Workspace, begin_gradient

_ORDER = ("how", "loop", "leak", "initial", "w_skip", "w_in", "w_rec", "b_rec", "w_out", "b_out")


def run_closed_scan(
    params: Params,
    x: Tensor,
    dynamics: Dynamics,
    given: Given,
    increments: bool,
    before: Tensor | None,
    initial: Tensor | None,
    noise: Noise | None,
    workspace: Workspace,
) -> tuple[Tensor, Tensor]:
    """Run a network that has a matrix of weights; the arguments are those of `run_in_loop`.

    Returns
    -------
    outputs : Tensor of shape (n_trials, n_steps, n_outputs)
        Differentiable in the weights and the physiology.
    rates : Tensor of shape (n_trials, n_steps, n_units)
        Likewise.
    """
    leak, slope, w_skip = (extra(params, name) for name in ("leak", "slope", "w_skip"))
    if leak is not None:
        dynamics = replace(dynamics, leak=leak.detach())
    weights = params.weights if slope is None else with_slopes(params.weights, slope, None)
    layout = Layout.even(x.shape[-3], x.shape[-2])
    how = How(dynamics, layout, None, True, noise, workspace, None)
    loop = _Loop(given, x, increments, before)
    return _ClosedScan.apply(how, loop, leak, initial, w_skip, *weights)


class _Loop(NamedTuple):
    """What a closed loop needs beside what has a gradient."""

    given: Given
    x: Tensor  # measured inputs
    increments: bool
    before: Tensor | None  # running means before the first step


class _ClosedScan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, how: How, loop: _Loop, leak: Any, initial: Any, w_skip: Any, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run all steps, and keep inputs, rates and states in the buffers."""
        params = RNNParams(*weights)
        asked = dict(zip(_ORDER, ctx.needs_input_grad, strict=True))
        wants = Wanted(False, asked["leak"], asked["initial"], asked["w_rec"])
        with computing():
            motion, buffers = load(how, params, loop.x, initial)
            drawn = None
            if motion.noisy:
                assert how.noise is not None
                draw_noise(how.noise, buffers.whole.states, buffers.scratch, None)
                drawn = buffers.states.clone() if wants.leak else None
            outputs = _Outputs(buffers, how, loop, params, w_skip)
            fires = firing(weights_for(buffers, motion), buffers.whole, buffers.scratch, motion)
            slow, fast = outputs.fed_back_before(fires.slow), outputs.fed_back_before(fires.fast)
            pair = FirePair(fast, slow, fires.least_rows)
            sweep_forward(buffers.whole, buffers.scratch, motion, pair)
            outputs.read(how.layout.n_steps - 1)
        ctx.how, ctx.buffers, ctx.motion, ctx.wants = how, buffers, motion, wants
        ctx.outputs, ctx.drawn, ctx.uses = outputs, drawn, buffers.uses
        ctx.save_for_backward(*weights)
        ctx.set_materialize_grads(False)
        n_steps, n_trials = how.layout.n_steps, how.layout.n_trials
        rates = buffers.rates.unflatten(0, (n_steps, n_trials)).transpose(0, 1)
        return outputs.values.transpose(0, 1), rates

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_outputs: Tensor | None, grad_rates: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Go back through all steps, and through the loop."""
        buffers, how, wants = ctx.buffers, ctx.how, ctx.wants
        begin_gradient(buffers, ctx.uses)
        params = RNNParams(*ctx.saved_tensors)
        with computing():
            buffers.sent.zero_()
            reads = _Reads(ctx.outputs, grad_outputs, params)
            d_leak = params.b_rec.new_zeros(params.b_rec.shape) if wants.leak else None
            sweep_backward(
                buffers.whole,
                buffers.scratch,
                buffers.sent,
                ctx.motion,
                params.w_out,
                sending_back(params.w_rec, how.layout.n_trials),
                reads,
                _by_step(grad_rates, how.layout),
                to_initial=wants.initial,
                by_leak=d_leak,
            )
            if d_leak is not None and ctx.drawn is not None:
                d_leak += through_noise(buffers.errors, ctx.drawn, how.dynamics)
            make = recurrent_gradients if wants.recurrent else input_and_bias_gradients
            d_w_in, d_w_rec, d_b_rec = make(buffers)
            d_initial = initial_gradient(buffers, how) if wants.initial else None
        return (
            *(None, None, d_leak, d_initial, reads.d_w_skip),
            *(d_w_in, d_w_rec, d_b_rec, reads.d_w_out, reads.d_b_out),
        )


def _by_step(grad_rates: Tensor | None, layout: Layout) -> list[Read]:
    if grad_rates is None:
        return [None] * layout.n_steps
    return [(0, part) for part in roll(grad_rates, None).split(layout.counts)]


class _Outputs:
    """Outputs of all steps, made one by one, and fed back to the next."""

    def __init__(
        self, buffers: Buffers, how: How, loop: _Loop, params: RNNParams, w_skip: Tensor | None
    ) -> None:
        n_steps, n_trials = how.layout.n_steps, how.layout.n_trials
        n_outputs = len(params.w_out)
        self.given, self.increments, self.w_skip = loop.given, loop.increments, w_skip
        block = buffers.whole
        reads_state = how.dynamics.readout_from == "state"
        self.source = block.states if reads_state else block.rates
        self.inputs = [drive[:, buffers.n_units : buffers.bias] for drive in block.drive]
        self.errors, self.buffers = block.errors, buffers
        like = params.w_out
        self.values = like.new_empty((n_steps, n_trials, n_outputs))
        self.turned, self.b_out = params.w_out.mT, params.b_out
        self.n_means = 0 if w_skip is None else len(w_skip) - 1
        self.decays = decays_of(self.n_means, like)[:, None]
        # What is left of a running mean, and of one before the first step: that of its input.
        shape = (n_steps, n_trials, self.n_means, n_outputs)
        self.means = like.new_empty(shape) if self.n_means else None
        self.before = loop.before
        self.of_present = self._of_present(like)
        self.own: Any = slice(None)
        if not loop.given.are_all(loop.x):
            self.own = on_device(loop.given.columns, torch.int64, like.device)
        self._step = 0

    def _of_present(self, like: Tensor) -> Tensor | None:
        """Return by what the present input enters its output at once; None where it does not."""
        if self.w_skip is None:
            return like.new_ones(len(like)) if self.increments else None
        return self.w_skip[0] - self.w_skip[1:].sum(0) + float(self.increments)

    def present(self, t: int) -> Tensor:
        """Return the inputs (n_trials, n_outputs) that the outputs of a step continue."""
        return self.inputs[t][:, self.own]

    def fed_back_before(self, fire: Any) -> Any:
        """Return what fires, once its inputs are those that the step before has predicted."""

        def fire_in_loop(z: Tensor, drive: Tensor) -> None:
            t = self._step
            if t > 0:
                self.read(t - 1)
                if self.given.shares[t] < 1:
                    inputs = self.inputs[t]
                    inputs[:, self.own] = self.given.of_own(inputs, self.values[t - 1], t)
            self._step += 1
            fire(z, drive)

        return fire_in_loop

    def read(self, t: int) -> None:
        """Make the outputs of a step."""
        out = torch.addmm(self.b_out, self.source[t], self.turned, out=self.values[t])
        if self.of_present is None:
            return
        present = self.present(t)
        out.addcmul_(present, self.of_present)
        if self.means is None or self.w_skip is None:
            return
        wide = present[:, None]
        if t > 0:
            before = self.means[t - 1]
        else:
            before = wide if self.before is None else self.before
        now = self.means[t]
        torch.lerp(wide.expand_as(now), before.expand_as(now), self.decays.expand_as(now), out=now)
        out.add_((now * self.w_skip[1:]).sum(1))


class _Reads(Sequence[Read]):
    """The gradient of the read-out of every step, asked for from the last one to the first.

    When step t is asked for, the error of step t + 1 is known, and with it what the input of that
    step, which is partly the output of step t, has to answer for.
    """

    def __init__(self, outputs: _Outputs, grad: Tensor | None, params: RNNParams) -> None:
        self._of, self._params = outputs, params
        self._grad = None if grad is None else grad.transpose(0, 1)
        self.d_w_out, self.d_b_out = (torch.zeros_like(t) for t in (params.w_out, params.b_out))
        w_skip = outputs.w_skip
        self.d_w_skip = None if w_skip is None else torch.zeros_like(w_skip)
        self._w_in = params.w_in[:, outputs.own]
        self._to_present: Tensor | None = None  # of the outputs of step t + 1, but for its error
        self._to_means: Tensor | None = None  # dL/d(running means) of step t, through later ones

    def __len__(self) -> int:
        return len(self._of.values)

    def __getitem__(self, t: Any) -> Any:
        outputs = self._of
        total = torch.zeros_like(outputs.values[t])
        if self._grad is not None:
            total += self._grad[t]
        if t + 1 < len(self) and outputs.given.shares[t + 1] < 1:
            total += self._through_input(t + 1)
        self.d_w_out.addmm_(total.mT, outputs.source[t])
        self.d_b_out += total.sum(0)
        self._note_present(t, total)
        return 0, total

    def _through_input(self, t: int) -> Tensor:
        """Return what reaches the output that is fed back as the input of step t."""
        given = self._of.given
        gradient = self._of.errors[t] @ self._w_in
        if self._to_present is not None:
            gradient += self._to_present
        if given.shares[t] > 0:
            gradient *= 1 - given.shares[t]
        if given.is_over is not None:
            gradient.masked_fill_(given.is_over[:, t, None], 0)
        return gradient

    def _note_present(self, t: int, total: Tensor) -> None:
        """Take note of what the outputs of step t ask of its present inputs and running means."""
        outputs = self._of
        if outputs.of_present is None:
            return
        self._to_present = total * outputs.of_present
        if outputs.w_skip is None or self.d_w_skip is None:
            return
        present = outputs.present(t)
        by_present = (total * present).sum(0)
        self.d_w_skip[0] += by_present
        if outputs.means is None:
            return
        self.d_w_skip[1:] += (total[:, None] * outputs.means[t]).sum(0) - by_present
        to_means = total[:, None] * outputs.w_skip[1:]
        if self._to_means is not None:
            to_means += self._to_means
        self._to_present = self._to_present + (to_means * (1 - outputs.decays)).sum(1)
        self._to_means = to_means * outputs.decays
