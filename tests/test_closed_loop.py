"""The scan in a closed loop against a plain loop that autograd goes back through."""

from __future__ import annotations

import itertools

import pytest
import torch
from networks import F64, close, draw, make_params

from sk_biornn.core import Dynamics, Workspace, run
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.core.closed_loop import _by_stretches, _own_past_of, run_in_loop
from sk_biornn.core.given import Given
from sk_biornn.core.own_past import TIME_CONSTANTS
from sk_biornn.core.params import PhysiologyParams

N_TRIALS, N_STEPS, N_UNITS, N_FEATURES = 4, 7, 5, 3


def network(n_terms=0, leaky=False, seed=0):
    weights = make_params(N_UNITS, N_FEATURES, 2, seed=seed)
    extras = {}
    if n_terms:
        extras["w_skip"] = (draw(n_terms, 2, seed=11) / 3).requires_grad_()
    if leaky:
        extras["leak"] = torch.tensor([0.1, 0.35, 0.6, 0.85, 1.0], dtype=F64).requires_grad_()
    return PhysiologyParams(*weights, **extras)


def plain(params, x, dynamics, given, increments, initial=None, before=None, noise=None):
    """Run step by step, as one would write it down."""
    f, own = ACTIVATIONS[dynamics.activation].plain, list(given.columns)
    leak = torch.as_tensor(dynamics.leak, dtype=F64) if params.leak is None else params.leak
    r = torch.zeros(len(x), N_UNITS, dtype=F64) if initial is None else initial
    outputs, rates, means = [], [], before
    for t in range(x.shape[1]):
        now = x[:, t].clone()
        if t and given.shares[t] < 1:
            mixed = given.shares[t] * now[:, own] + (1 - given.shares[t]) * outputs[-1]
            if given.is_over is not None:
                mixed = torch.where(given.is_over[:, t, None], now[:, own], mixed)
            now[:, own] = mixed
        p = now @ params.w_in.mT + r @ params.w_rec.mT + params.b_rec
        if noise is not None:
            p = p + torch.sqrt(2 / leak) * dynamics.recurrent_noise * noise[t]
        z = f(p)
        r = (1 - leak) * r + leak * (torch.relu(z) if dynamics.rectify else z)
        source = z if dynamics.readout_from == "state" else r
        y = source @ params.w_out.mT + params.b_out
        if increments:
            y = y + now[:, own]
        if params.w_skip is not None:
            y = y + params.w_skip[0] * now[:, own]
            taus = TIME_CONSTANTS[: len(params.w_skip) - 1]
            means = [now[:, own]] * len(taus) if means is None else means
            kept = [torch.exp(torch.tensor(-1 / tau, dtype=F64)) for tau in taus]
            means = [d * m + (1 - d) * now[:, own] for d, m in zip(kept, means, strict=True)]
            for w, m in zip(params.w_skip[1:], means, strict=True):
                y = y + w * (m - now[:, own])
        outputs.append(y)
        rates.append(r)
    return torch.stack(outputs, 1), torch.stack(rates, 1)


def loss_of(outputs, rates):
    a, b = draw(*outputs.shape, seed=2), draw(*rates.shape, seed=3)
    return (outputs * a).sum() + outputs.square().sum() / 9 + (rates * b).sum()


def leaves_of(params):
    return list(params.present().values())


def compare(params, x, dynamics, given, increments, generator=None, noise=None, **more):
    leaves = [*leaves_of(params), *(t for t in more.values() if t is not None and t.requires_grad)]
    expected = plain(params, x, dynamics, given, increments, noise=noise, **more)
    theirs = torch.autograd.grad(loss_of(*expected), leaves)
    ours = run_in_loop(params, x, dynamics, given, increments=increments, noise=generator, **more)
    close(ours.outputs, expected[0])
    close(ours.rates, expected[1])
    for mine, gradient in zip(torch.autograd.grad(loss_of(*ours), leaves), theirs, strict=True):
        close(mine, gradient, 1e-8)


SHARES = {
    "free": (1.0, *[0.0] * (N_STEPS - 1)),
    "every third": (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0),
    "mixed": (1.0, *[0.3] * (N_STEPS - 1)),
    "both": (1.0, 1.0, 1.0, 0.0, 0.6, 0.0, 0.6),
    "given": (1.0,) * N_STEPS,
}


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("n_terms", [0, 1, 3])
@pytest.mark.parametrize("increments", [False, True])
@pytest.mark.parametrize("readout_from", ["state", "rate"])
def test_outputs_and_gradients_are_those_of_a_plain_loop(shares, n_terms, increments, readout_from):
    dynamics = Dynamics(readout_from=readout_from, leak=0.6)
    given = Given((2, 0), shares)
    compare(network(n_terms), draw(N_TRIALS, N_STEPS, N_FEATURES), dynamics, given, increments)


@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_leaks_starts_and_ends_of_trials(activation, rectify):
    ends = torch.tensor([7, 3, 5, 1])
    is_over = torch.arange(N_STEPS) >= ends[:, None]
    given = Given((1, 2), SHARES["both"], is_over)
    dynamics = Dynamics(activation=activation, rectify=rectify)
    initial = draw(N_TRIALS, N_UNITS, seed=6).requires_grad_()
    x = draw(N_TRIALS, N_STEPS, N_FEATURES) / 3
    compare(network(2, leaky=True), x, dynamics, given, True, initial=initial)


def test_noise_is_that_of_an_ordinary_run():
    dynamics = Dynamics(recurrent_noise=0.3)
    generator = torch.Generator().manual_seed(4)
    noise = [torch.randn(N_TRIALS, N_UNITS, generator=generator, dtype=F64) for _ in range(N_STEPS)]
    again = torch.Generator().manual_seed(4)
    x, given = draw(N_TRIALS, N_STEPS, N_FEATURES), Given((0, 1), SHARES["every third"])
    compare(network(2, leaky=True), x, dynamics, given, False, generator=again, noise=noise)


def test_stretch_by_stretch_it_is_the_same():
    x, dynamics = draw(N_TRIALS, N_STEPS, N_FEATURES), Dynamics(leak=0.5)
    for n_terms, increments in itertools.product([0, 3], [False, True]):
        params, given = network(n_terms), Given((2, 0), SHARES["both"])
        leaves = leaves_of(params)
        one = run_in_loop(params, x, dynamics, given, increments=increments)
        gradients = torch.autograd.grad(loss_of(*one), leaves)
        observe = _own_past_of(params, given, increments)
        other = _by_stretches(params, x, dynamics, given, observe, None, None, None, None, {})
        close(one.outputs, other.outputs)
        for mine, gradient in zip(
            gradients, torch.autograd.grad(loss_of(*other), leaves), strict=True
        ):
            close(mine, gradient, 1e-8)


def test_all_inputs_given_is_an_ordinary_run():
    params, x, dynamics = network(), draw(N_TRIALS, N_STEPS, N_FEATURES), Dynamics(leak=0.4)
    loop = run_in_loop(params, x, dynamics, Given((0, 1), SHARES["given"]))
    outputs, rates, _ = run(params, x, dynamics)
    close(loop.outputs, outputs)
    close(loop.rates, rates)


def test_only_what_moves_has_a_gradient():
    params = network(2).map(lambda tensor: tensor.detach())
    params = params._replace(w_skip=params.w_skip.requires_grad_())
    loop = run_in_loop(
        params, draw(N_TRIALS, N_STEPS, N_FEATURES), Dynamics(), Given((0, 1), SHARES["free"])
    )
    (gradient,) = torch.autograd.grad(loop.outputs.sum(), [params.w_skip])
    assert gradient.abs().min() > 0


def test_a_gradient_after_the_next_run_is_refused():
    params, x, workspaces = network(), draw(N_TRIALS, N_STEPS, N_FEATURES), {-1: Workspace()}
    given = Given((0, 1), SHARES["free"])
    first = run_in_loop(params, x, Dynamics(), given, workspaces=workspaces)
    run_in_loop(params, x, Dynamics(), given, workspaces=workspaces)
    with pytest.raises(RuntimeError, match="before the next run"):
        first.outputs.sum().backward()


@pytest.mark.parametrize("n_trials", [64, 200])
def test_single_precision_with_the_faster_products(n_trials):
    weights = make_params(64, 64, 64, dtype=torch.float32)
    small = weights.map(lambda tensor: (tensor.detach() / 8).requires_grad_())
    x = draw(n_trials, 6, 64, dtype=torch.float32)
    given = Given(tuple(range(64)), (1.0, 0.0, 0.0, 0.5, 0.0, 0.0))
    loop = run_in_loop(small, x, Dynamics(), given, increments=True)
    gradients = torch.autograd.grad(loop.outputs.square().mean(), list(small))
    double = small.map(lambda tensor: tensor.detach().double().requires_grad_())
    observe = _own_past_of(double, given, True)
    other = _by_stretches(
        double, x.double(), Dynamics(), given, observe, None, None, None, None, {}
    )
    expected = torch.autograd.grad(other.outputs.square().mean(), list(double))
    for ours, theirs in zip(gradients, expected, strict=True):
        scale = theirs.abs().max()
        close(ours.double() / scale, theirs / scale, 1e-4)
