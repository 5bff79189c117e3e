"""The shapes of the engine's benchmark, and the four ways to do their arithmetic.

Every `make_*` returns a function that takes one training step: forward, loss, backward, Adam and
Dale's projection; the bound takes the matrix products alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn import functional

from sk_biornn.biology.constraints import Dale, project, sign_bounds
from sk_biornn.core import Dynamics, Optimisation, RNNParams, Workspace, run, squared_error
from sk_biornn.core.losses import unit_weights
from sk_biornn.core.training import _run_epoch


class Case(NamedTuple):
    """One shape, and its targets on one thread."""

    name: str
    n_units: int
    n_trials: int
    n_steps: int
    n_features: int
    n_outputs: int
    activation: str
    every_step: bool
    most_bounds: float  # a step costs at most so many bounds
    faster_than_original: float | None = None
    faster_than_plain: float = 1.3


CASES = [
    Case("flip-flop", 128, 200, 50, 1, 1, "tanh", True, 1.8, 6),
    Case("rows", 128, 200, 28, 28, 10, "tanh", False, 2.3),
    Case("wave", 128, 100, 500, 2, 2, "tanh", True, 2.5, 30),
    Case("maze", 312, 128, 50, 8, 4, "relu", False, 1.35),
    Case("cell types", 1440, 200, 7, 18, 18, "tanh", True, 1.10),
]


class Problem(NamedTuple):
    """Initial weights and data of a case."""

    params: RNNParams
    x: torch.Tensor
    y: torch.Tensor
    signs: torch.Tensor
    mask: torch.Tensor


def make_problem(case):
    draw = torch.Generator().manual_seed(0)
    n, k, o = case.n_units, case.n_features, case.n_outputs
    signs = torch.where(torch.arange(n) < 0.8 * n, 1.0, -1.0)
    params = RNNParams(
        w_in=torch.randn(n, k, generator=draw) / k**0.5,
        w_rec=torch.randn(n, n, generator=draw).abs() / n * signs,
        b_rec=torch.zeros(n),
        w_out=torch.randn(o, n, generator=draw) / n**0.5,
        b_out=torch.zeros(o),
    )
    x = torch.randn(case.n_trials, case.n_steps, k, generator=draw)
    y = torch.randn(case.n_trials, case.n_steps, o, generator=draw)
    return Problem(params, x, y if case.every_step else y[:, -1], signs, torch.ones(n, n).bool())


def make_bound(case, problem):
    params, rows = problem.params, case.n_steps * case.n_trials
    x = problem.x.reshape(rows, -1)
    states, errors, drives = torch.randn(3, rows, case.n_units)
    state, error, product = torch.randn(3, case.n_trials, case.n_units)
    read = states if case.every_step else state
    grad_y = torch.randn(len(read), case.n_outputs)
    outputs = torch.empty_like(grad_y)
    d_in, d_rec, d_out = (torch.empty_like(w) for w in (params.w_in.T, params.w_rec, params.w_out))

    def step():
        torch.mm(x, params.w_in.T, out=drives)
        for _ in range(case.n_steps):
            torch.mm(state, params.w_rec.T, out=product)
        torch.mm(read, params.w_out.T, out=outputs)
        torch.mm(grad_y.T, read, out=d_out)
        for _ in range(case.n_steps):
            torch.mm(error, params.w_rec, out=product)
        torch.mm(errors.T, states, out=d_rec)
        torch.mm(x.T, errors, out=d_in)  # up to four times faster than its transpose

    return step


def make_ours(case, problem):
    params = problem.params.map(lambda tensor: tensor.clone().requires_grad_())
    dynamics, workspace = Dynamics(case.activation), Workspace()
    weights = unit_weights(torch.ones_like(problem.y))
    optimiser = torch.optim.Adam(list(params), fused=True)
    space = Dale().bind(problem.signs, problem.mask)
    batches = (torch.arange(case.n_trials),)

    def loss(params, batch):
        x, y = problem.x[batch], problem.y[batch]
        options = {"every_step": case.every_step, "workspace": workspace}
        return squared_error(run(params, x, dynamics, **options).outputs, y, weights[batch])

    return lambda: _run_epoch(params, list(params), optimiser, loss, space, batches, Optimisation())


def descend(parameters, w_rec, problem, forward):
    """Return a step of Adam and projection for a forward pass under autograd."""
    optimiser = torch.optim.Adam(parameters)
    lower, upper = sign_bounds(problem.signs, problem.mask)

    def step():
        optimiser.zero_grad()
        loss = functional.mse_loss(forward(), problem.y)
        loss.backward()
        optimiser.step()
        w_rec.data = project(w_rec.data, lower, upper)
        return loss.item()

    return step


def make_plain(case, problem):
    params = problem.params.map(lambda tensor: tensor.clone().requires_grad_())
    w_in, w_rec, b_rec, w_out, b_out = params
    activation = torch.tanh if case.activation == "tanh" else torch.relu

    def forward():
        rate = torch.zeros(case.n_trials, case.n_units)
        states = []
        for drive in functional.linear(problem.x, w_in, b_rec).unbind(1):
            state = activation(torch.addmm(drive, rate, w_rec.T))
            rate = torch.relu(state)
            states.append(state)
        read = torch.stack(states, dim=1) if case.every_step else state
        return functional.linear(read, w_out, b_out)

    return descend(list(params), w_rec, problem, forward)


def make_original(case, problem):
    rnn = torch.nn.RNN(
        case.n_features, case.n_units, nonlinearity=case.activation, batch_first=True
    )
    read_out = torch.nn.Linear(case.n_units, case.n_outputs)
    ours = [rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, read_out.weight, read_out.bias]
    with torch.no_grad():
        rnn.bias_hh_l0.zero_().requires_grad_(False)  # one bias is enough
        for parameter, tensor in zip(ours, problem.params, strict=True):
            parameter.copy_(tensor)

    def forward():
        hidden = torch.zeros(1, case.n_trials, case.n_units)
        states = torch.zeros(case.n_trials, case.n_steps, case.n_units)
        outputs = torch.zeros(case.n_trials, case.n_steps, case.n_outputs)
        for t in range(case.n_steps):
            state, hidden = rnn(problem.x[:, t : t + 1, :], hidden)
            hidden = torch.relu(hidden)
            states[:, t, :] = state[:, 0]
            outputs[:, t, :] = read_out(states[:, t, :].clone())
        return outputs if case.every_step else outputs[:, -1]

    return descend(ours, rnn.weight_hh_l0, problem, forward)


CONTESTANTS = {
    "bound": make_bound,
    "ours": make_ours,
    "plain": make_plain,
    "original": make_original,
}
