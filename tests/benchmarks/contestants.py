"""The shapes of the engine's benchmark, and the ways to do their arithmetic.

Every `make_*` returns a function that takes one training step: forward, loss, backward, Adam and
Dale's projection; the bounds take the matrix products alone, each by one library.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn import functional

from sk_biornn.biology.constraints import Dale, project, sign_bounds
from sk_biornn.core import (
    Dynamics,
    Optimisation,
    RNNParams,
    Spaces,
    Workspace,
    computing,
    products,
    run,
    squared_error,
)
from sk_biornn.core.epoch import Epoch
from sk_biornn.core.losses import unit_weights


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
    most_bounds: float = 2.0  # a step costs at most so many bounds
    faster_on_two: float = 1.0  # threads
    leak: float = 1.0
    ragged: bool = False  # trials of half the length to the whole


CASES = [
    Case("flip-flop", 128, 200, 50, 1, 1, "tanh", True, 1.6),
    Case("rows", 128, 200, 28, 28, 10, "tanh", False, 1.9),
    Case("wave", 128, 100, 500, 2, 2, "tanh", True, 1.5),
    Case("maze", 312, 128, 50, 8, 4, "relu", False, 1.2, 1.5),
    Case("cell types", 1440, 200, 7, 18, 18, "tanh", True, 1.06, 1.7),
]
FASTER_THAN_PLAIN, FASTER_THAN_ORIGINAL = 1.3, 5.0

# The flip-flop with one thing changed at a time.
VARIANTS = [
    Case(f"{activation} {what}", 128, 200, 50, 1, 1, activation, every, 2.0, 1.0, leak, ragged)
    for activation in ("tanh", "relu", "softplus")
    for what, every, leak, ragged in (
        ("every step", True, 1.0, False),
        ("last step", False, 1.0, False),
        ("leaky", True, 0.2, False),
        ("ragged", True, 1.0, True),
    )
]


class Problem(NamedTuple):
    """Initial weights and data of a case."""

    params: RNNParams
    x: torch.Tensor
    y: torch.Tensor
    signs: torch.Tensor
    mask: torch.Tensor
    lengths: torch.Tensor | None


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
    lengths = None
    if case.ragged:
        lengths = torch.randint(
            case.n_steps // 2, case.n_steps + 1, (case.n_trials,), generator=draw
        )
        lengths[0] = case.n_steps
        y[torch.arange(case.n_steps) >= lengths[:, None]] = 0
    y = y if case.every_step else y[:, -1]
    return Problem(params, x, y, signs, torch.ones(n, n).bool(), lengths)


def _mm(a, b, out):
    torch.mm(a, b, out=out)


def _onednn(a, b, out):
    products.onednn(a, b.mT)


def make_bound(case, problem, multiply=_mm):
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
            multiply(state, params.w_rec.T, product)
        torch.mm(read, params.w_out.T, out=outputs)
        torch.mm(grad_y.T, read, out=d_out)
        for _ in range(case.n_steps):
            multiply(error, params.w_rec, product)
        multiply(errors.T, states, d_rec)
        torch.mm(x.T, errors, out=d_in)  # up to four times faster than its transpose

    return step


def make_onednn_bound(case, problem):
    return make_bound(case, problem, _onednn)


def make_ours(case, problem):
    params = problem.params.map(lambda tensor: tensor.clone().requires_grad_())
    dynamics, workspace = Dynamics(case.activation, leak=case.leak), Workspace()
    weights = unit_weights(torch.ones_like(problem.y))
    optimiser = torch.optim.Adam(list(params), fused=True)
    spaces = Spaces(w_rec=Dale().bind(problem.signs, problem.mask))
    batches = (torch.arange(case.n_trials),)

    def loss(params, batch):
        x, y = problem.x[batch], problem.y[batch]
        lengths = None if problem.lengths is None else problem.lengths[batch]
        options = {"every_step": case.every_step, "workspace": workspace, "lengths": lengths}
        return squared_error(run(params, x, dynamics, **options).outputs, y, weights[batch])

    def step():
        with computing():
            return Epoch(params, spaces, optimiser, loss, batches, Optimisation()).compute()

    return step


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
    activation = getattr(torch, case.activation, functional.softplus)

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


def make_nn4n(case, problem):
    """Take the way of nn4n, written from its description: layers called step by step.

    The input layer and the recurrent layer are linear maps with a bias each; potentials leak, and
    the rates after f are kept in a list; weights of a wrong sign are cut after every step.
    """
    inputs = torch.nn.Linear(case.n_features, case.n_units)
    recurrent = torch.nn.Linear(case.n_units, case.n_units)
    read_out = torch.nn.Linear(case.n_units, case.n_outputs)
    with torch.no_grad():
        for layer, weight in zip(
            (inputs, recurrent, read_out),
            (problem.params.w_in, problem.params.w_rec, problem.params.w_out),
            strict=True,
        ):
            layer.weight.copy_(weight)
            layer.bias.zero_()
    activation = getattr(torch, case.activation, functional.softplus)

    def forward():
        rate = torch.zeros(case.n_trials, case.n_units)
        potential, states = rate, []
        for t in range(case.n_steps):
            drive = inputs(problem.x[:, t, :]) + recurrent(rate)
            potential = (1 - case.leak) * potential + case.leak * drive
            states.append(activation(potential))
            rate = torch.relu(states[-1])
        read = torch.stack(states, dim=1) if case.every_step else states[-1]
        return read_out(read)

    layers = (inputs, recurrent, read_out)
    parameters = [p for layer in layers for p in layer.parameters()]
    return descend(parameters, recurrent.weight, problem, forward)


def make_torch_rnn(case, problem):
    """Take torch.nn.RNN over whole trials: no rectified feedback, no leak, no noise."""
    rnn = torch.nn.RNN(
        case.n_features, case.n_units, nonlinearity=case.activation, batch_first=True
    )
    read_out = torch.nn.Linear(case.n_units, case.n_outputs)

    def forward():
        hidden, last = rnn(problem.x)
        return read_out(hidden if case.every_step else last[0])

    parameters = [*rnn.parameters(), *read_out.parameters()]
    return descend(parameters, rnn.weight_hh_l0, problem, forward)


CONTESTANTS = {
    "bound (mm)": make_bound,
    "bound (oneDNN)": make_onednn_bound,
    "ours": make_ours,
    "plain": make_plain,
    "nn4n": make_nn4n,
    "torch.nn.RNN": make_torch_rnn,
    "original": make_original,
}
