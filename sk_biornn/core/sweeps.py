"""The two sweeps through time, for one block of trials: forward to activity, back to errors.

Per step the forward sweep is one matrix product and one to three element-wise operations on a
slice that is still in cache; the backward sweep is one product and two or three.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.products import least_rows, onednn, packed
from sk_biornn.core.transfer_functions import Activation, threshold_backward
from sk_biornn.core.workspace import Block, Buffers

Fire = Callable[[Tensor, Tensor], Any]  # (z, drive) -> None: sets z to f(drive @ weights + noise)
SendBack = Callable[[Tensor, Tensor, bool], Tensor]  # (error, out, add) -> error @ w_rec (+ out)
Read = tuple[int, Tensor] | None  # first row and gradient of the read-out of one step


class Motion(NamedTuple):
    """How the network moves: what both sweeps need beside numbers."""

    dynamics: Dynamics
    activation: Activation
    noisy: bool

    @property
    def is_fused(self) -> bool:
        """Whether oneDNN can apply f to the product itself."""
        return self.activation.onednn is not None and not self.noisy

    @property
    def rectified(self) -> bool:
        """Whether rates differ from states by max(., 0)."""
        return self.dynamics.rectify and not self.activation.nonnegative


def sweep_forward(block: Block, scratch: Tensor, motion: Motion, fires: FirePair) -> None:
    """Fill states and rates of a block, from the first step to the last."""
    # Trials are ordered by length: steps of many rows come before those of few.
    n_fast = sum(z.shape[-2] >= fires.least_rows for z in block.states)
    for fire, part in ((fires.fast, slice(n_fast)), (fires.slow, slice(n_fast, None))):
        steps = (block.drive[part], block.states[part], block.rates[part], block.before[part])
        if block.states is block.rates:
            for drive, z in zip(*steps[:2], strict=True):
                fire(z, drive)
        elif motion.dynamics.is_leaky:
            _leak(fire, scratch, motion, *steps)
        else:
            clamp_min = torch.clamp_min
            for drive, z, r in zip(*steps[:3], strict=True):
                fire(z, drive)
                clamp_min(z, 0, out=r)


def _leak(
    fire: Fire,
    scratch: Tensor,
    motion: Motion,
    drives: Sequence[Tensor],
    states: Sequence[Tensor],
    rates: Sequence[Tensor],
    before: Sequence[Tensor],
) -> None:
    leak: Any = motion.dynamics.leak
    for drive, z, r, previous in zip(drives, states, rates, before, strict=True):
        fire(z, drive)
        passed = torch.clamp_min(z, 0, out=rows(scratch, z)) if motion.rectified else z
        torch.lerp(previous, passed, leak, out=r)


class FirePair(NamedTuple):
    """How to fire many trials at once, and how few; one of the two may stand for both."""

    fast: Fire
    slow: Fire
    least_rows: float


class Weights(NamedTuple):
    """[w_rec, w_in, b_rec] as they are, and as oneDNN wants them, the gain of f included."""

    plain: Tensor
    packed: Tensor
    least_rows: float  # from how many on products go to oneDNN


def weights_for(buffers: Buffers, motion: Motion) -> Weights:
    """Return the weights of the forward sweep, made ready once for all blocks."""
    weights, n_trials = buffers.weights, buffers.blocks[0].n_trials
    least = math.inf if weights.ndim > 2 else least_rows(weights, *weights.shape)
    if n_trials < least:
        return Weights(weights, weights, math.inf)
    gain = 1.0 if motion.is_fused else motion.activation.gain
    with_gain = weights if gain == 1 else weights * gain
    return Weights(weights, packed(with_gain, n_trials, buffers.layout.n_steps), least)


def firing(weights: Weights, block: Block, scratch: Tensor, motion: Motion) -> FirePair:
    """Return the ways to set z to f(drive @ weights + noise) for one block."""
    apply, gain = motion.activation.apply, motion.activation.gain
    product = _plain_product(weights.plain.mT, gain)

    def slow(z: Tensor, drive: Tensor) -> None:
        product(z, drive)
        apply(z, z)

    if motion.noisy:
        return _noisy_fires(weights, product, scratch, motion)
    if block.n_trials < weights.least_rows:
        return FirePair(slow, slow, 0)
    return FirePair(_fast_fire(weights.packed, motion), slow, weights.least_rows)


def _noisy_fires(weights: Weights, product: Fire, scratch: Tensor, motion: Motion) -> FirePair:
    """Return the ways to set z, which holds standard normal numbers, to f(... + their share)."""
    apply, gain = motion.activation.apply, motion.activation.gain
    scale = noise_sd(motion.dynamics) * gain

    def fast(z: Tensor, drive: Tensor) -> None:
        apply(z.mul_(scale).add_(onednn(drive, weights.packed)), z)

    def slow(z: Tensor, drive: Tensor) -> None:
        out = rows(scratch, z)
        product(out, drive)
        apply(z.mul_(scale).add_(out), z)

    return FirePair(fast, slow, weights.least_rows)


def _plain_product(turned: Tensor, gain: float) -> Fire:
    """Return (z, drive) -> None, which sets z to gain * drive @ turned; as few calls as can be."""
    mm = torch.mm
    # With beta=0 what z holds is not read, be it NaN.
    if turned.ndim > 2:
        return lambda z, drive: z.baddbmm_(drive, turned, beta=0, alpha=gain)
    if gain == 1:
        return lambda z, drive: mm(drive, turned, out=z)
    return lambda z, drive: z.addmm_(drive, turned, beta=0, alpha=gain)


def _fast_fire(laid_out: Tensor, motion: Motion) -> Fire:
    apply, fused = motion.activation.apply, motion.activation.onednn
    if fused is not None:  # noise has ways of its own
        return lambda z, drive: z.copy_(onednn(drive, laid_out, fused))
    return lambda z, drive: apply(onednn(drive, laid_out), z)


def noise_sd(dynamics: Dynamics) -> Tensor | float:
    """Return by what standard normal noise is multiplied before it is added inside f."""
    leak = dynamics.leak
    # The rate takes up the share `leak` of it: leak sqrt(2 / leak) = sqrt(2 leak) in a step.
    root = torch.sqrt(2 / leak) if isinstance(leak, Tensor) else math.sqrt(2 / leak)
    return root * dynamics.recurrent_noise


def sweep_backward(
    block: Block,
    scratch: Tensor,
    sent: Tensor,
    motion: Motion,
    w_out: Tensor,
    send_back: SendBack,
    reads: Sequence[Read],
    rate_gradients: Sequence[Read],
    to_initial: bool = False,
    by_leak: Tensor | None = None,
) -> None:
    """Fill the errors of a block, dL/d(argument of f), from the last step to the first.

    `sent` is 0 on entry; it collects dL/dr_t, and with `to_initial` is dL/dr_0 in the end. The rows
    of trials that end with a step stay 0 until that step is reached. What dL/d(leak) is, unit by
    unit, is added to `by_leak`.
    """
    dynamics, rectified = motion.dynamics, motion.rectified
    leak: Any = dynamics.leak
    leaky, reads_state = dynamics.is_leaky, dynamics.readout_from == "state"
    keep = 1 - leak  # share of dL/dr_t that reaches r_{t-1} through the leak
    backward, error = motion.activation.backward, None
    for t in range(len(block.states) - 1, -1, -1):
        z, read, d_rate = block.states[t], reads[t], rate_gradients[t]
        # to_rate is dL/dr_t: through r_{t+1} itself (leak) and through the recurrent weights.
        to_rate = rows(sent, z)
        if error is not None:
            out = rows(sent, error)
            back = send_back(error, out.mul_(keep) if leaky else out, leaky)
            if error.shape[-2] == z.shape[-2]:
                to_rate = back
            elif back is not out:
                out.copy_(back)
        if read is not None and not reads_state:
            add_read(to_rate, read, w_out)
        if d_rate is not None:
            to_rate.add_(d_rate[1])
        if by_leak is not None:
            passed = z.clamp_min(0) if rectified else z
            by_leak += ((passed - block.before[t]) * to_rate).sum(-2)
        # through is dL/dz_t: through r_t, and through the read-out.
        through = _through_rate(to_rate, z, scratch, motion)
        if read is not None and reads_state:
            add_read(through, read, w_out)
        error = block.errors[t]
        backward(through, z, error)
    if to_initial and error is not None:
        out = rows(sent, error)
        back = send_back(error, out.mul_(keep) if leaky else out, leaky)
        if back is not out:
            out.copy_(back)


def _through_rate(to_rate: Tensor, z: Tensor, scratch: Tensor, motion: Motion) -> Tensor:
    """Return what of dL/dr_t is dL/dz_t: its share a, where nothing was rectified."""
    through = to_rate
    if motion.dynamics.is_leaky:
        leak: Any = motion.dynamics.leak
        through = torch.mul(to_rate, leak, out=rows(scratch, z))
    if motion.rectified:
        to_state = rows(scratch, z)
        threshold_backward(through, z, to_state)
        through = to_state
    return through


def sending_back(w_rec: Tensor, n_trials: int) -> SendBack:
    """Return (error, out, add) -> error @ w_rec, to which `out` is added if `add`."""
    least = least_rows(w_rec, *w_rec.shape[-2:])
    # oneDNN needs rows or columns that lie together; one copy serves all steps.
    if w_rec.ndim == 2 and n_trials >= least and not w_rec.mT.is_contiguous():
        w_rec = w_rec.contiguous()
    turned = w_rec.mT

    def send_back(error: Tensor, out: Tensor, add: bool) -> Tensor:
        if error.ndim > 2:
            return out.baddbmm_(error, w_rec, beta=int(add))
        if len(error) < least:
            return out.addmm_(error, w_rec, beta=int(add))
        product = onednn(error, turned)
        return out.add_(product) if add else product

    return send_back


def add_read(through: Tensor, read: tuple[int, Tensor], w_out: Tensor) -> None:
    """Add what reaches the read units through the read-out of one step."""
    first, gradient = read
    if gradient.shape[-2] != through.shape[-2]:
        through = through.narrow(-2, first, gradient.shape[-2])
    if through.ndim == 2:
        through.addmm_(gradient, w_out)
    else:
        through.baddbmm_(gradient, w_out)


def rows(array: Tensor, like: Tensor) -> Tensor:
    """Return as many rows of a scratch array as another one has."""
    n_rows = like.shape[-2]
    return array if array.shape[-2] == n_rows else array.narrow(-2, 0, n_rows)
