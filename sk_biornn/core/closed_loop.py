"""The network in a closed loop: what it puts out comes back as what it is given.

A step is given a share s of the input that was measured and a share 1 - s of what the network
itself predicted for it: generalised teacher forcing (Hess et al., 2023, arXiv:2306.04406) of the
inputs, which with s = 0 in between is forcing at intervals (Mikhaeil et al., 2022,
arXiv:2110.07238).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sk_biornn.core.closed_scan import run_closed_scan
from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.given import Given
from sk_biornn.core.noise import Noise
from sk_biornn.core.own_past import with_own_past
from sk_biornn.core.params import Params, extra
from sk_biornn.core.scan import run
from sk_biornn.core.sparse import Support
from sk_biornn.core.workspace import Workspace

# (read-out, inputs, what an earlier call carried) -> (outputs, what is carried on)
Observe = Callable[[Tensor, Tensor, Any], tuple[Tensor, Any]]
Workspaces = dict[int, Workspace]  # by stretch


class Loop(NamedTuple):
    """What a run in a closed loop returns; time is the axis after trials."""

    outputs: Tensor  # (n_trials, n_steps, n_outputs)
    rates: Tensor  # (n_trials, n_steps, n_units)


def run_in_loop(
    params: Params,
    x: Tensor,
    dynamics: Dynamics,
    given: Given,
    *,
    increments: bool = False,
    observe: Observe | None = None,
    fed: Callable[[Tensor], Tensor] | None = None,
    carried: Any = None,
    initial: Tensor | None = None,
    noise: Noise | None = None,
    support: Support | None = None,
    workspaces: Workspaces | None = None,
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
    given : Given
        At which steps how much of the measured input is given, and what the outputs continue.
    increments : bool, default=False
        Whether the read-out is what is added to the present input.
    observe : callable or None, default=None
        (read-out, inputs, carried) -> (outputs, carried): from what is read to outputs; None:
        `with_own_past`.
    fed : callable or None, default=None
        From outputs to what of them is fed back; None: themselves. Only with `observe`.
    carried : object, default=None
        What `observe` is given at the first step.
    initial : Tensor of shape (n_trials, n_units) or None, default=None
        Rates r_0; None for 0.
    noise : torch.Generator or None, default=None
        Source of the recurrent noise.
    support : Support or None, default=None
        The synapses that exist, where products touch no others.
    workspaces : dict or None, default=None
        Buffers by stretch, to use again.

    Returns
    -------
    Loop
        Outputs and rates of all steps. The gradient may be taken once, before the next run with the
        same workspaces.
    """
    workspaces = {} if workspaces is None else workspaces
    how = (params, x, dynamics, given)
    if observe is None and support is None and not x.requires_grad:
        workspace = workspaces.setdefault(-1, Workspace())
        return Loop(*run_closed_scan(*how, increments, carried, initial, noise, workspace))
    if observe is None:
        observe = _own_past_of(params, given, increments)
    return _by_stretches(*how, observe, carried, initial, noise, support, workspaces, fed)


def _own_past_of(params: Params, given: Given, increments: bool) -> Observe:
    w_skip = extra(params, "w_skip")

    def observe(read: Tensor, x: Tensor, before: Any) -> tuple[Tensor, Any]:
        return with_own_past(read, given.own(x), increments, w_skip, before)

    return observe


def _by_stretches(
    params: Params,
    x: Tensor,
    dynamics: Dynamics,
    given: Given,
    observe: Observe,
    carried: Any,
    initial: Tensor | None,
    noise: Noise | None,
    support: Support | None,
    workspaces: Workspaces,
    fed: Callable[[Tensor], Tensor] | None = None,
) -> Loop:
    """Run from one step that is fed back to the next, each a run of its own."""
    bounds = [0, *given.fed_back(x.shape[-2]), x.shape[-2]]
    outputs: list[Tensor] = []
    rates: list[Tensor] = []
    for number, (start, stop) in enumerate(pairwise(bounds)):
        inputs = x[:, start:stop]
        if outputs:
            last = outputs[-1][:, -1]
            first = given.mixed(inputs[:, 0], last if fed is None else fed(last), start)
            inputs = torch.cat([first[:, None], inputs[:, 1:]], dim=1)
        part = run(
            params,
            inputs,
            dynamics,
            initial=initial,
            noise=noise,
            support=support,
            workspace=workspaces.setdefault(number, Workspace()),
        )
        read, carried = observe(part.outputs, inputs, carried)
        outputs.append(read)
        rates.append(part.rates)
        initial = part.rates[:, -1]
    return Loop(torch.cat(outputs, dim=1), torch.cat(rates, dim=1))
