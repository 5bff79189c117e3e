"""The recurrent scan of a network that is stored as its synapses, and its hand-written gradient.

Arrays have units before trials: a synapse then adds a multiple of one row to another, and a row
lies together in memory. Nothing here has the size of n_units^2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from sk_biornn.core.activations import get_activation
from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.how import How
from sk_biornn.core.layout import Layout
from sk_biornn.core.params import RNNParams
from sk_biornn.core.readout import Read, gradient_by_step, roll, unroll
from sk_biornn.core.scan_gradients import in_shape_of
from sk_biornn.core.sparse import Support
from sk_biornn.core.sweeps import Motion, noise_sd
from sk_biornn.core.synapse_products import (
    add_sampled,
    product_of,
    transposed_product_of,
)
from sk_biornn.core.threads import computing
from sk_biornn.core.transfer_functions import threshold_backward
from sk_biornn.core.wanted import Wanted, wanted
from sk_biornn.core.workspace import begin_gradient


class ScanByUnit(torch.autograd.Function):
    """The scan, a function of inputs and weights; `w_rec` is the vector of the synapses' values."""

    @staticmethod
    def forward(
        ctx: Any, how: How, x: Tensor, leak: Any, initial: Any, *weights: Tensor
    ) -> tuple[Tensor, ...]:
        """Run all steps, and keep rates and states in the buffers."""
        params = RNNParams(*weights)
        ctx.wants = wanted(ctx)
        ctx.drawn = [] if ctx.wants.leak else None  # the noise of every step
        with computing():
            motion, steps = _load(how, params, initial)
            _forward(steps, motion, how, params, x, ctx.drawn)
            source = steps.states if how.dynamics.readout_from == "state" else steps.rates
            outputs = _read_out(source, params, how)
        ctx.how, ctx.steps, ctx.motion, ctx.uses = how, steps, motion, steps.uses
        ctx.save_for_backward(x, *weights)
        ctx.set_materialize_grads(False)
        rates, states = (_rows_of(arrays, how) for arrays in (steps.of_rates, steps.of_states))
        ctx.mark_non_differentiable(states)
        return outputs, rates, states

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_outputs: Tensor | None, grad_rates: Tensor | None, _: None
    ) -> tuple[Tensor | None, ...]:
        """Go back through all steps, and return the gradients in inputs and weights."""
        how, steps, wants = ctx.how, ctx.steps, ctx.wants
        begin_gradient(steps, ctx.uses)
        x, *weights = ctx.saved_tensors
        params = RNNParams(*weights)
        with computing():
            reads: list[Read] = [None] * how.layout.n_steps
            d_w_out = d_b_out = None
            if grad_outputs is not None:
                source = steps.states if how.dynamics.readout_from == "state" else steps.rates
                d_b_out, reads = _reads(grad_outputs.contiguous(), how)
                d_w_out = _read_gradient(source, reads, params.w_out)
            by_rates = _by_step(grad_rates, how)
            d_leak = params.b_rec.new_zeros(params.b_rec.shape) if wants.leak else None
            to_initial = _backward(steps, ctx.motion, how, params, reads, by_rates, wants, d_leak)
            if d_leak is not None and ctx.drawn:
                _add_through_noise(d_leak, steps.errors, ctx.drawn, how.dynamics)
            d_w_in, d_w_rec, d_b_rec = _gradients(steps, how, params, x, wants)
            d_initial = None if to_initial is None else to_initial.mT
            if d_initial is not None and how.places is not None:
                d_initial = how.places.in_own_order(d_initial)
            d_x = _input_gradient(steps, params, how, x) if wants.inputs else None
        return None, d_x, d_leak, d_initial, d_w_in, d_w_rec, d_b_rec, d_w_out, d_b_out


class _Arrays(NamedTuple):
    """One array (n_units, number of trials that have the step) per step, in one piece of memory."""

    together: Tensor
    each: list[Tensor]

    @classmethod
    def of(cls, layout: Layout, n_units: int, like: Tensor) -> _Arrays:
        together = like.new_empty(n_units * sum(layout.counts))
        sizes = [n_units * count for count in layout.counts]
        parts = zip(together.split(sizes), layout.counts, strict=True)
        return cls(together, [part.view(n_units, count) for part, count in parts])


class Steps:
    """The arrays of one scan, made once for a layout and used again."""

    def __init__(self, layout: Layout, n_units: int, shared_states: bool, like: Tensor) -> None:
        self.of_rates, self.of_errors = (_Arrays.of(layout, n_units, like) for _ in range(2))
        # The backward sweep overwrites each z_t by its error once it has used it.
        self.of_states = self.of_rates if shared_states else self.of_errors
        self.rates, self.errors = self.of_rates.each, self.of_errors.each
        self.states = self.of_states.each
        self.initial: Tensor | None = None
        self.uses = 0  # as of `workspace.Buffers`

    @property
    def before(self) -> list[Tensor | None]:
        """The rates r_{t-1} of the trials that have a step t; None where they are 0."""
        earlier = (self.initial, *self.rates[:-1])
        return [
            None if rates is None else rates[:, : here.shape[1]]
            for rates, here in zip(earlier, self.rates, strict=True)
        ]


class _Leak(NamedTuple):
    """What is taken up of a new rate, and what is kept of the old one, unit by unit."""

    taken: Any
    kept: Any


def _load(how: How, params: RNNParams, initial: Tensor | None) -> tuple[Motion, Steps]:
    dynamics, like, n_units = how.dynamics, params.w_rec, len(params.w_in)
    activation = get_activation(
        dynamics.activation, like.new_empty(()).expand(n_units, how.layout.n_trials)
    )
    motion = Motion(dynamics, activation, how.noise is not None and dynamics.is_noisy)
    shared = not dynamics.is_leaky and not motion.rectified
    key = ("by unit", how.layout, n_units, shared, like.dtype)
    steps = how.workspace.kept(key, lambda: Steps(how.layout, n_units, shared, like))
    steps.uses += 1
    steps.initial = None
    if initial is not None:
        initial = initial if how.places is None else initial[how.places.order]
        steps.initial = initial.mT.contiguous()
    return motion, steps


def _leak(motion: Motion) -> _Leak:
    leak: Any = motion.dynamics.leak
    leak = leak[:, None] if isinstance(leak, Tensor) else leak
    return _Leak(leak, 1 - leak)


def _inputs(x: Tensor, how: How) -> Iterator[Tensor]:
    """Yield the inputs (n_features, n_active) of every step."""
    for part in roll(x, how.places).split(how.layout.counts):
        yield part.mT


def _forward(
    steps: Steps,
    motion: Motion,
    how: How,
    params: RNNParams,
    x: Tensor,
    drawn: list[Tensor] | None,
) -> None:
    assert how.support is not None
    apply, gain, leak = motion.activation.apply, motion.activation.gain, _leak(motion)
    product = product_of(how.support, params.w_rec * gain)
    w_in, bias = params.w_in * gain, (params.b_rec * gain)[:, None]
    noise = _noise(how, motion, steps, drawn)
    each = zip(steps.states, steps.rates, steps.before, _inputs(x, how), strict=True)
    for z, r, before, inputs in each:
        torch.addmm(bias, w_in, inputs, out=z)
        if before is not None:
            z.add_(product(before))
        if noise is not None:
            z.add_(next(noise))
        apply(z, z)
        if steps.states is steps.rates:
            continue
        passed = z
        if motion.rectified:
            passed = torch.clamp_min(z, 0, out=r)
        if motion.dynamics.is_leaky:
            torch.lerp(torch.zeros_like(r) if before is None else before, passed, leak.taken, out=r)


def _noise(
    how: How, motion: Motion, steps: Steps, drawn: list[Tensor] | None
) -> Iterator[Tensor] | None:
    """Return what yields the noise of every step, drawn as a dense network would draw it."""
    if not motion.noisy:
        return None
    assert isinstance(how.noise, torch.Generator)
    generator, scale = how.noise, noise_sd(motion.dynamics) * motion.activation.gain
    like = steps.of_rates.together

    def draws() -> Iterator[Tensor]:
        for z in steps.states:
            normal = like.new_empty(z.shape[::-1]).normal_(generator=generator)
            if drawn is not None:
                drawn.append(normal.mT)
            yield (normal * scale).mT

    return draws()


def _read_out(source: list[Tensor], params: RNNParams, how: How) -> Tensor:
    layout, places = how.layout, how.places
    if how.every_step:
        rows = torch.cat([(params.w_out @ z).mT for z in source]) + params.b_out
        return unroll(rows, layout, places)
    after = (*layout.counts[1:], 0)
    # Trials lie by falling length: those that end with a step have its last columns.
    ended = [z[:, n:] for z, n in zip(source, after, strict=True)][::-1]
    rows = (params.w_out @ torch.cat(ended, dim=1)).mT + params.b_out
    return rows if places is None else places.in_own_order(rows)


def _rows_of(arrays: _Arrays, how: How) -> Tensor:
    """Return what a run returns of rates or states: a view where trials are as long."""
    if how.places is None:
        return arrays.together.view(len(arrays.each), *arrays.each[0].shape).permute(2, 0, 1)
    return torch.cat([array.mT for array in arrays.each])


def _by_step(grad_rates: Tensor | None, how: How) -> list[Tensor | None]:
    """Return the gradient of the rates of every step, (n_units, n_active)."""
    if grad_rates is None:
        return [None] * how.layout.n_steps
    if how.places is None:
        return [part.mT for part in grad_rates.unbind(1)]
    return [part.mT for part in grad_rates.split(how.layout.counts)]


def _reads(grad: Tensor, how: How) -> tuple[Tensor, list[Read]]:
    """Return the gradient of b_out, and that of the read-out step by step."""
    rows, reads = gradient_by_step(grad, how.layout, how.places, how.every_step)
    return rows.sum(0), reads


def _read_gradient(source: list[Tensor], reads: list[Read], w_out: Tensor) -> Tensor:
    total = torch.zeros_like(w_out)
    for z, read in zip(source, reads, strict=True):
        if read is not None:
            first, part = read
            total.addmm_(part.mT, z[:, first : first + len(part)].mT)
    return total


def _backward(
    steps: Steps,
    motion: Motion,
    how: How,
    params: RNNParams,
    reads: list[Read],
    by_rates: list[Tensor | None],
    wants: Wanted,
    d_leak: Tensor | None,
) -> Tensor | None:
    """Fill the errors, dL/d(argument of f), from the last step to the first.

    What dL/d(leak) is, unit by unit, is added to `d_leak`; dL/dr_0 is returned, where wanted.
    """
    assert how.support is not None
    product = transposed_product_of(how.support, params.w_rec)
    leak, leaky = _leak(motion), motion.dynamics.is_leaky
    reads_state = motion.dynamics.readout_from == "state"
    error = later = None  # of the step after: its error, and dL/dr
    for t in range(how.layout.n_steps - 1, -1, -1):
        z, read, d_rate = steps.states[t], reads[t], by_rates[t]
        to_rate = None
        if error is not None and later is not None:
            to_rate = product(error)
            if leaky:
                to_rate.add_(later.mul_(leak.kept))
            if to_rate.shape != z.shape:  # trials that end here are not reached from later steps
                to_rate = functional.pad(to_rate, (0, z.shape[1] - to_rate.shape[1]))
        if to_rate is None:
            to_rate = torch.zeros_like(z)
        if read is not None and not reads_state:
            _add_read(to_rate, read, params.w_out)
        if d_rate is not None:
            to_rate.add_(d_rate)
        if d_leak is not None:
            passed, before = z.clamp_min(0) if motion.rectified else z, steps.before[t]
            d_leak += ((passed if before is None else passed - before) * to_rate).sum(1)
        through = to_rate * leak.taken if leaky else to_rate
        if motion.rectified:
            threshold_backward(through, z, through)  # in place: fresh memory costs more
        if read is not None and reads_state:
            _add_read(through, read, params.w_out)
        error, later = steps.errors[t], to_rate
        motion.activation.backward(through, z, error)
    if not wants.initial or error is None or later is None:
        return None
    to_initial = product(error)
    return to_initial.add_(later.mul_(leak.kept)) if leaky else to_initial


def _add_through_noise(
    d_leak: Tensor, errors: list[Tensor], drawn: list[Tensor], dynamics: Dynamics
) -> None:
    """Add dL/d(leak) by the strength of the noise, sqrt(2 / a) sigma, which falls with a."""
    leak: Any = dynamics.leak
    scale = noise_sd(dynamics) / (-2 * leak)
    for error, normal in zip(errors, drawn, strict=True):
        d_leak += (error * normal).sum(1) * scale


def _add_read(through: Tensor, read: tuple[int, Tensor], w_out: Tensor) -> None:
    first, part = read
    through[:, first : first + len(part)].addmm_(w_out.mT, part.mT)


def _gradients(
    steps: Steps, how: How, params: RNNParams, x: Tensor, wants: Wanted
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Return the gradients of w_in, of the values of the synapses that move, and of b_rec."""
    support: Support | None = how.support
    assert support is not None
    d_w_in, d_b_rec = torch.zeros_like(params.w_in), torch.zeros_like(params.b_rec)
    d_values = torch.zeros_like(params.w_rec) if wants.recurrent else None
    for error, before, inputs in zip(steps.errors, steps.before, _inputs(x, how), strict=True):
        d_w_in.addmm_(error, inputs.mT)
        d_b_rec.add_(error.sum(1))
        if before is not None and d_values is not None:
            add_sampled(support, d_values, error, before.contiguous())
    return d_w_in, d_values, d_b_rec


def _input_gradient(steps: Steps, params: RNNParams, how: How, x: Tensor) -> Tensor:
    return in_shape_of(x, torch.cat([(params.w_in.mT @ error).mT for error in steps.errors]), how)
