"""The network in a closed loop: what it puts out comes back as what it is given.

A step is given a share s of the input that was measured and a share 1 - s of what the network
itself predicted for it: generalised teacher forcing (Hess et al., 2023, arXiv:2306.04406) of the
inputs, which with s = 0 in between is forcing at intervals (Mikhaeil et al., 2022,
arXiv:2110.07238).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.noise import Noise
from sk_biornn.core.params import Params
from sk_biornn.core.scan import run
from sk_biornn.core.sparse import Support
from sk_biornn.core.workspace import Workspace

# (read-out, inputs, what an earlier call carried) -> (outputs, what is carried on)
Observe = Callable[[Tensor, Tensor, Any], tuple[Tensor, Any]]


class Loop(NamedTuple):
    """What a run in a closed loop returns; time is the axis after trials."""

    outputs: Tensor  # (n_trials, n_steps, n_outputs)
    rates: Tensor  # (n_trials, n_steps, n_units)


def run_in_loop(
    params: Params,
    x: Tensor,
    dynamics: Dynamics,
    shares: Tensor,
    own: Tensor,
    *,
    fed_back: Sequence[int],
    observe: Observe,
    carried: Any = None,
    initial: Tensor | None = None,
    noise: Noise | None = None,
    support: Support | None = None,
    workspaces: dict[int, Workspace] | None = None,
) -> Loop:
    """Run a network whose outputs are its next inputs; differentiable, through the loop as well.

    Parameters
    ----------
    params : RNNParams or PhysiologyParams
        Weights of one network.
    x : Tensor of shape (n_trials, n_steps, n_features)
        Measured inputs; of columns that no output continues, all of them are given.
    dynamics : Dynamics
        Transfer function, leak and read-out rule.
    shares : Tensor of shape (n_trials, n_steps)
        Share s of the measured input in that of each step; that of the first step is not used.
    own : int Tensor of shape (n_outputs,)
        Column of `x` that each output continues: output k at step t predicts x[t + 1, own[k]].
    fed_back : sequence of int
        Steps, rising, of which some share is below 1; between them all is given.
    observe : callable
        (read-out, inputs, carried) -> (outputs, carried): from what is read to what is fed back.
    carried : object, default=None
        What `observe` is given at the first step.
    initial : Tensor of shape (n_trials, n_units) or None, default=None
        Rates r_0; None for 0.
    noise : torch.Generator or None, default=None
        Source of the recurrent noise.
    support : Support or None, default=None
        The synapses that exist, of a network that is stored as them.
    workspaces : dict or None, default=None
        Buffers by stretch, to use again.

    Returns
    -------
    Loop
        Outputs and rates of all steps. The gradient may be taken once, before the next run with the
        same workspaces.
    """
    workspaces = {} if workspaces is None else workspaces
    bounds = [0, *(t for t in fed_back if 0 < t < x.shape[-2]), x.shape[-2]]
    outputs: list[Tensor] = []
    rates: list[Tensor] = []
    for number, (start, stop) in enumerate(pairwise(bounds)):
        given = x[:, start:stop]
        if outputs:
            first = _mixed(given[:, 0], outputs[-1][:, -1], shares[:, start, None], own)
            given = torch.cat([first[:, None], given[:, 1:]], dim=1)
        part = run(
            params,
            given,
            dynamics,
            initial=initial,
            noise=noise,
            support=support,
            workspace=workspaces.setdefault(number, Workspace()),
        )
        read, carried = observe(part.outputs, given, carried)
        outputs.append(read)
        rates.append(part.rates)
        initial = part.rates[:, -1]
    return Loop(torch.cat(outputs, dim=1), torch.cat(rates, dim=1))


def _mixed(measured: Tensor, predicted: Tensor, share: Tensor, own: Tensor) -> Tensor:
    """Return the inputs of a step, of which the columns `own` are partly predicted."""
    # Not by the sum alone, which would spread what is not finite where its share is 0.
    mixed = share * measured[:, own] + (1 - share) * predicted
    mixed = torch.where(share == 1, measured[:, own], mixed)
    return measured.index_copy(1, own, mixed)
