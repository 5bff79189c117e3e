"""The recurrent scan against torch.nn.RNN, autograd of a plain loop, and finite differences."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import F64, LEADS, LEAKS, close, draw, loop, make_params, some_loss
from problems import ACTIVATIONS, PLAIN
from torch.testing import assert_close

from sk_biornn.core import Dynamics, RNNParams, Workspace, run
from sk_biornn.core.activations import get_activation


def compare_with_loop(params, x, dynamics, *, every_step=True, mask=None, tolerance=1e-10):
    leaves = [*params, x.requires_grad_()]
    mask = torch.ones(1, dtype=x.dtype) if mask is None else mask
    masked, masked_again = (params._replace(w_rec=params.w_rec * mask) for _ in range(2))
    outputs, rates, states = run(masked, x, dynamics, every_step=every_step)
    expected = loop(masked_again, x, dynamics, every_step)
    for actual, plain in zip((outputs, rates, states), expected, strict=True):
        close(actual.detach(), plain.detach(), tolerance)
    gradients = torch.autograd.grad(some_loss(outputs, rates), leaves)
    plain_gradients = torch.autograd.grad(some_loss(*expected[:2]), leaves)
    for name, actual, plain in zip((*params._fields, "x"), gradients, plain_gradients, strict=True):
        assert_close(
            actual, plain, rtol=tolerance, atol=tolerance, msg=lambda text, n=name: f"{n}: {text}"
        )
    return gradients


# Other implementations


@pytest.mark.parametrize(
    ("activation", "rectify"), [("tanh", False), ("relu", False), ("relu", True)]
)
def test_equals_torch_rnn(activation, rectify):
    params, x = make_params(n_units=7, n_features=3), draw(4, 20, 3).requires_grad_()
    rnn = torch.nn.RNN(3, 7, nonlinearity=activation, batch_first=True, dtype=F64)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(params.w_in)
        rnn.weight_hh_l0.copy_(params.w_rec)
        rnn.bias_ih_l0.copy_(params.b_rec)
        rnn.bias_hh_l0.zero_()
    hidden, _ = rnn(x)
    expected = hidden @ params.w_out.T + params.b_out
    outputs, rates, states = run(params, x, Dynamics(activation, rectify=rectify))
    close(outputs, expected)
    close(rates, hidden)
    close(states, hidden.detach())

    weights = [rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, params.w_out, params.b_out, x]
    plain = torch.autograd.grad(some_loss(expected, hidden), weights)
    ours = torch.autograd.grad(some_loss(outputs, rates), [*params, x])
    for actual, other in zip(ours, plain, strict=True):
        close(actual, other)


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_equals_autograd_of_a_plain_loop(activation, leak, masked, lead):
    model_lead, x_lead = LEADS[lead]
    mask = (draw(5, 5, seed=9) > -0.3).to(F64) if masked else None
    for rectify, source, every_step in itertools.product(
        (True, False), ("state", "rate"), (True, False)
    ):
        dynamics = Dynamics(activation, rectify, LEAKS[leak], source)
        params, x = make_params(lead=model_lead), draw(*x_lead, 3, 4, 2)
        gradients = compare_with_loop(params, x, dynamics, every_step=every_step, mask=mask)
        if masked:
            assert (gradients[1][..., mask == 0] == 0).all()


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("rectify", [True, False])
def test_gradient_equals_central_differences(activation, leak, rectify):
    dynamics, step = Dynamics(activation, rectify, LEAKS[leak]), 1e-6
    params, x = make_params(n_outputs=2), draw(2, 4, 2).requires_grad_()
    leaves = [*params, x]

    def loss():
        outputs, rates, _ = run(params, x, dynamics)
        return some_loss(outputs, rates)

    for leaf, gradient in zip(leaves, torch.autograd.grad(loss(), leaves), strict=True):
        differences = torch.empty_like(leaf)
        flat, flat_differences = leaf.detach().view(-1), differences.view(-1)
        with torch.no_grad():
            for i in range(len(flat)):
                value = flat[i].item()
                flat[i] = value + step
                above = loss()
                flat[i] = value - step
                flat_differences[i] = (above - loss()) / (2 * step)
                flat[i] = value
        assert_close(gradient, differences, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("every_step", [True, False])
def test_single_precision_is_close_to_double(activation, leak, every_step):
    results = []
    for dtype in (F64, torch.float32):
        rate = LEAKS[leak]
        rate = rate.to(dtype) if isinstance(rate, torch.Tensor) else rate
        params, x = make_params(dtype=dtype), draw(6, 12, 2, dtype=dtype).requires_grad_()
        outputs, rates, states = run(
            params, x, Dynamics(activation, leak=rate), every_step=every_step
        )
        assert {outputs.dtype, rates.dtype, states.dtype} == {dtype}
        values = [tensor.detach().clone().to(F64) for tensor in (outputs, rates, states)]
        loss = outputs.square().mean() + rates.square().mean()
        gradients = torch.autograd.grad(loss, [*params, x])
        assert {gradient.dtype for gradient in gradients} == {dtype}
        results.append(values + [gradient.to(F64) for gradient in gradients])
    for exact, single in zip(*results, strict=True):
        assert (single - exact).abs().max() <= 2e-5 * max(1.0, exact.abs().max().item())


def test_single_precision_tanh_is_accurate():
    p = torch.cat([torch.linspace(-20, 20, 400_001), torch.logspace(-30, 2, 1001)])
    p = torch.cat([p, torch.tensor([0.0, math.inf, -math.inf])])
    activation = get_activation("tanh", p)
    z = torch.empty_like(p)
    activation.apply(p * activation.gain, z)
    assert (z.double() - p.double().tanh()).abs().max() < 5e-7
    assert z.abs().max() <= 1  # so that 1 - z^2 is never negative
    assert (z[p == 0] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_and_its_derivative(name, dtype):
    p = torch.linspace(-19, 19, 200, dtype=dtype).requires_grad_()  # not at the kink
    plain, upstream = PLAIN[name](p), draw(200, dtype=dtype)
    (expected,) = torch.autograd.grad(plain, p, upstream)
    activation = get_activation(name, p)
    z = p.detach() * activation.gain
    activation.apply(z, z)  # over its own input
    tolerance = 1e-12 if dtype == F64 else 2e-6
    close(z, plain.detach(), tolerance)
    activation.backward(upstream, z, z)  # over its own input, as in the sweep
    close(z, expected, tolerance)
    assert activation.nonnegative == bool((plain >= 0).all())


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_softplus_of_any_size(dtype):
    p = torch.cat([torch.linspace(-100, 100, 4001), torch.logspace(2, 38, 601)]).to(dtype)
    p = torch.cat([p, torch.tensor([math.inf, -math.inf, math.nan], dtype=dtype)])
    activation = get_activation("softplus", p)
    z = torch.empty_like(p)
    activation.apply(p * activation.gain, z)
    exact = torch.clamp_min(p.double(), 0) + torch.log1p(torch.exp(-p.double().abs()))
    tolerance = 5e-7 if dtype == torch.float32 else 3e-9  # torch's own cuts e^-p from p = 20 on
    assert_close(z[:-1].double(), exact[:-1], rtol=tolerance, atol=tolerance)
    assert z[-1].isnan()
    assert (z[:-1] >= 0).all()


def test_unknown_activation_is_refused():
    with pytest.raises(ValueError, match=r"activation must be one of .*'softplus'.*, got 'sine'"):
        get_activation("sine", torch.zeros(1))


# Shapes


@pytest.mark.parametrize(
    ("n_trials", "n_steps", "n_units", "n_features", "n_outputs"),
    [
        (1, 1, 1, 1, 1),
        (1, 4, 3, 2, 2),
        (3, 1, 3, 2, 2),
        (3, 4, 1, 2, 2),
        (3, 4, 3, 1, 2),
        (3, 4, 3, 2, 1),
        (2, 40, 2, 5, 7),
    ],
)
@pytest.mark.parametrize("leak", [1.0, 0.4])
@pytest.mark.parametrize("every_step", [True, False])
def test_sizes_of_one(n_trials, n_steps, n_units, n_features, n_outputs, leak, every_step):
    params = make_params(n_units, n_features, n_outputs)
    x = draw(n_trials, n_steps, n_features)
    compare_with_loop(params, x, Dynamics(leak=leak), every_step=every_step)


def test_shapes_of_a_trajectory():
    params, x = make_params(lead=(3,)), draw(6, 4, 2)
    outputs, rates, states = run(params, x, Dynamics())
    assert (outputs.shape, rates.shape, states.shape) == ((3, 6, 4, 3), (3, 6, 4, 5), (3, 6, 4, 5))
    outputs, rates, _ = run(params, x, Dynamics(), every_step=False)
    assert (outputs.shape, rates.shape) == ((3, 6, 3), (3, 6, 4, 5))


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("lead", [(), (2,)])
@pytest.mark.parametrize(("n_trials", "n_steps"), [(3, 0), (0, 4), (0, 0)])
def test_nothing_gives_empty_outputs_and_zero_gradients(n_trials, n_steps, lead, dtype):
    params, workspace = make_params(lead=lead, dtype=dtype), Workspace()
    for _ in range(2):
        x = torch.zeros(n_trials, n_steps, 2, dtype=dtype)
        outputs, rates, states = run(params, x, Dynamics(), workspace=workspace)
        shape = (*lead, n_trials, n_steps)
        assert (outputs.shape, rates.shape) == ((*shape, 3), (*shape, 5))
        assert states.shape == rates.shape
        for gradient in torch.autograd.grad(outputs.sum() + rates.sum(), list(params)):
            assert (gradient == 0).all()


@pytest.mark.parametrize("view", ["transposed", "expanded", "strided"])
def test_inputs_may_be_any_view(view):
    base = {
        "transposed": draw(2, 4, 3).permute(2, 1, 0),
        "expanded": draw(3, 1, 2).expand(3, 4, 2),
        "strided": draw(6, 8, 4)[::2, ::2, ::2],
    }[view]
    assert base.shape == (3, 4, 2)
    assert not base.is_contiguous()
    compare_with_loop(make_params(), base.detach(), Dynamics())


def test_gradient_flows_through_outputs_alone_and_rates_alone():
    for dynamics, pick in itertools.product((Dynamics(), Dynamics(leak=0.3)), (0, 1)):
        params, x = make_params(), draw(3, 4, 2)
        moving = list(params)[: 5 if pick == 0 else 3]
        ours = torch.autograd.grad(run(params, x, dynamics)[pick].pow(3).sum(), moving)
        plain = torch.autograd.grad(loop(params, x, dynamics)[pick].pow(3).sum(), moving)
        for actual, expected in zip(ours, plain, strict=True):
            close(actual, expected)


@pytest.mark.parametrize("slicing", [(slice(None), -1), (0,), (slice(None), slice(1, 3), 0)])
def test_gradient_of_a_part_of_the_outputs(slicing):
    params, x = make_params(), draw(3, 4, 2)
    ours = torch.autograd.grad(run(params, x, Dynamics()).outputs[slicing].sum(), list(params))
    plain = torch.autograd.grad(loop(params, x, Dynamics())[0][slicing].sum(), list(params))
    for actual, expected in zip(ours, plain, strict=True):
        close(actual, expected)


@pytest.mark.parametrize("name", RNNParams._fields)
def test_only_one_weight_may_ask_for_a_gradient(name):
    params, x = make_params(), draw(3, 4, 2)
    every = torch.autograd.grad(run(params, x, Dynamics()).outputs.square().sum(), list(params))
    alone = params.map(torch.Tensor.detach)
    alone = alone._replace(**{name: getattr(alone, name).requires_grad_()})
    run(alone, x, Dynamics()).outputs.square().sum().backward()
    # Where w_rec does not move, a narrower product gives the others, which may round otherwise.
    close(getattr(alone, name).grad, RNNParams(*every)._asdict()[name])
    assert sum(tensor.grad is not None for tensor in alone) == 1


def test_arguments_are_not_changed_and_states_need_no_gradient():
    params, x = make_params(), draw(3, 4, 2)
    copies = [tensor.detach().clone() for tensor in (*params, x)]
    outputs, _, states = run(params, x, Dynamics(leak=0.3))
    outputs.sum().backward()
    for tensor, copy in zip((*params, x), copies, strict=True):
        assert torch.equal(tensor.detach(), copy)
    assert not states.requires_grad


# Models side by side


@pytest.mark.parametrize("x_lead", [(), (4,)])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("every_step", [True, False])
def test_models_side_by_side_equal_single_runs(x_lead, leak, every_step):
    params, x = make_params(lead=(4,)), draw(*x_lead, 3, 6, 2).requires_grad_()
    dynamics = Dynamics(leak=LEAKS[leak])
    outputs, rates, states = run(params, x, dynamics, every_step=every_step)
    states = states.clone()  # the gradient overwrites them
    gradients = torch.autograd.grad(outputs.pow(3).sum() + rates.pow(3).sum(), [*params, x])
    d_x = torch.zeros_like(x)
    for m in range(4):
        single = params.map(lambda tensor, m=m: tensor[m].detach().requires_grad_())
        x_m = (x[m] if x_lead else x).detach().requires_grad_()
        alone = run(single, x_m, dynamics, every_step=every_step)
        for side, one in zip((outputs, rates, states), alone, strict=True):
            close(side[m].detach(), one.detach(), 1e-12)
        loss = alone.outputs.pow(3).sum() + alone.rates.pow(3).sum()
        *plain, d_x_m = torch.autograd.grad(loss, [*single, x_m])
        for side, one in zip(gradients, plain, strict=False):
            close(side[m], one, 1e-11)
        (d_x[m] if x_lead else d_x).add_(d_x_m)
    close(gradients[-1], d_x)


# Noise


def noisy_rates(dynamics, bias, *, n_steps, dtype=F64, seed=0):
    """Return the rates of 40 units without inputs or synapses, 100 trials."""
    n_units = 40
    zero = torch.zeros(n_units, n_units, dtype=dtype)
    constant = torch.full((n_units,), float(bias), dtype=dtype)
    params = RNNParams(zero[:, :1], zero, constant, zero[:1], zero[0, :1])
    x = torch.zeros(100, n_steps, 1, dtype=dtype)
    return run(params, x, dynamics, noise=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("leak", [1.0, 0.5, 0.05])
def test_noise_moves_the_rate_by_sqrt_2a_sigma_per_step(leak):
    # A rectified unit far above its threshold is linear: r_t = (1-a) r_{t-1} + a (b + s xi_t).
    dynamics = Dynamics("relu", leak=leak, recurrent_noise=0.2)
    rates = noisy_rates(dynamics, bias=20.0, n_steps=60).rates
    kicks = rates[:, 1:] - (1 - leak) * rates[:, :-1] - leak * 20.0
    assert kicks.std().item() == pytest.approx(math.sqrt(2 * leak) * 0.2, rel=0.01)
    assert abs(kicks.mean().item()) < 0.01 * math.sqrt(2 * leak)


def test_noise_of_every_unit_follows_its_own_leak():
    leak = torch.linspace(0.05, 1, 40, dtype=F64)
    dynamics = Dynamics("relu", leak=leak, recurrent_noise=0.2)
    rates = noisy_rates(dynamics, bias=20.0, n_steps=100).rates
    kicks = rates[:, 1:] - (1 - leak) * rates[:, :-1] - leak * 20.0
    assert_close(kicks.std(dim=(0, 1)), torch.sqrt(2 * leak) * 0.2, rtol=0.03, atol=0)


@pytest.mark.parametrize("leak", [0.1, 0.4])
def test_stationary_noise_does_not_depend_on_the_time_step(leak):
    # The variance of the AR(1) process is sigma^2 / (1 - a / 2): sigma^2 for small steps.
    dynamics = Dynamics("relu", leak=leak, recurrent_noise=0.2)
    late = noisy_rates(dynamics, bias=20.0, n_steps=500).rates[:, 200:]
    assert late.var().item() == pytest.approx(0.04 / (1 - leak / 2), rel=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize(
    ("activation", "inverse", "bias"),
    [("tanh", torch.atanh, 0), ("relu", torch.clone, 9), ("softplus", torch.special.expm1, 3)],
)
def test_noise_enters_before_the_activation(activation, inverse, bias, dtype):
    dynamics = Dynamics(activation, leak=0.5, recurrent_noise=0.1)
    states = noisy_rates(dynamics, bias, n_steps=30, dtype=dtype).states
    before = inverse(states).log() if activation == "softplus" else inverse(states)
    noise = before - bias
    assert noise.std().item() == pytest.approx(math.sqrt(2 / 0.5) * 0.1, rel=0.01)
    # White: from one step to the next, and from one unit to the next.
    for pair in ((noise[:, 1:], noise[:, :-1]), (noise[..., 1:], noise[..., :-1])):
        flat = torch.stack([part.flatten() for part in pair])
        assert abs(torch.corrcoef(flat)[0, 1].item()) < 0.02


def test_without_a_generator_there_is_no_noise():
    params, x = make_params(), draw(3, 4, 2)
    quiet = run(params, x, Dynamics(leak=0.3))
    for noisy in (
        run(params, x, Dynamics(leak=0.3, recurrent_noise=0.5)),
        run(params, x, Dynamics(leak=0.3), noise=torch.Generator().manual_seed(0)),
    ):
        assert all(torch.equal(a, b) for a, b in zip(quiet, noisy, strict=True))


def test_noise_comes_from_the_given_generator_alone():
    params, x, dynamics = make_params(), draw(3, 4, 2), Dynamics(recurrent_noise=0.5)
    before = torch.random.get_rng_state()
    first, again, other = (
        run(params, x, dynamics, noise=torch.Generator().manual_seed(seed)).outputs
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, again)
    assert (first - other).abs().max() > 0.01


@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_with_noise_equals_that_of_a_loop_with_the_same_noise(activation, leak, lead):
    dynamics = Dynamics(activation, leak=LEAKS[leak], recurrent_noise=0.3)
    params, x = make_params(lead=lead), draw(3, 6, 2).requires_grad_()
    outputs, rates, _ = run(params, x, dynamics, noise=torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    noise = [torch.empty(*lead, 3, 5, dtype=F64).normal_(generator=generator) for _ in range(6)]
    plain_outputs, plain_rates, _ = loop(params, x, dynamics, noise=noise)
    close(outputs, plain_outputs)
    ours = torch.autograd.grad(some_loss(outputs, rates), [*params, x])
    plain = torch.autograd.grad(some_loss(plain_outputs, plain_rates), [*params, x])
    for actual, expected in zip(ours, plain, strict=True):
        close(actual, expected)


# The workspace


CALLS = st.tuples(
    st.sampled_from(ACTIVATIONS),
    st.booleans(),  # rectify
    st.sampled_from([1.0, 0.3]),
    st.booleans(),  # every step
    st.sampled_from([(), (2,)]),
    st.integers(1, 3),  # trials
    st.integers(1, 4),  # steps
    st.booleans(),  # take the gradient
    st.sampled_from([torch.float32, F64]),
)


@given(st.lists(CALLS, min_size=2, max_size=8))
def test_used_workspace_gives_the_bits_of_a_fresh_one(calls):
    workspace = Workspace()
    for i, call in enumerate(calls):
        activation, rectify, leak, every_step, lead, n_trials, n_steps, backward, dtype = call
        dynamics = Dynamics(activation, rectify, leak)
        params = make_params(lead=lead, seed=i, dtype=dtype)
        x = draw(n_trials, n_steps, 2, seed=i, dtype=dtype).requires_grad_()
        results = []
        for place in (workspace, Workspace()):
            result = run(params, x, dynamics, every_step=every_step, workspace=place)
            values = [tensor.detach().clone() for tensor in result]
            if backward:
                loss = some_loss(result.outputs, result.rates)
                values += torch.autograd.grad(loss, [*params, x])
            results.append(values)
        assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("n_units", [1, 2])
def test_gradients_outlive_the_next_run(n_units):
    params, workspace = make_params(n_units), Workspace()
    gradients = []
    for seed in (1, 2):
        outputs = run(params, draw(3, 4, 2, seed=seed), Dynamics(), workspace=workspace).outputs
        gradients.append(torch.autograd.grad(outputs.square().sum(), list(params)))
        if seed == 1:
            copies = [gradient.clone() for gradient in gradients[0]]
    for gradient, copy in zip(gradients[0], copies, strict=True):
        assert torch.equal(gradient, copy)


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("grad_mode", [torch.enable_grad, torch.no_grad])
def test_gradient_after_the_next_run_is_refused(leak, grad_mode):
    params, x, workspace = make_params(), draw(3, 4, 2), Workspace()
    dynamics = Dynamics(leak=leak)
    outputs = run(params, x, dynamics, workspace=workspace).outputs
    with grad_mode():
        run(params, x, dynamics, workspace=workspace)
    with pytest.raises(RuntimeError, match="taken once, and before the next run"):
        outputs.sum().backward()


@pytest.mark.parametrize("dynamics", [Dynamics(), Dynamics("relu"), Dynamics(leak=0.3)])
def test_gradient_may_be_taken_once(dynamics):
    params = make_params()
    loss = run(params, draw(3, 4, 2), dynamics).outputs.sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="taken once"):
        loss.backward()


def test_there_is_no_second_derivative():
    params = make_params()
    loss = run(params, draw(3, 4, 2), Dynamics()).outputs.square().sum()
    (gradient,) = torch.autograd.grad(loss, params.w_rec, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_runs_of_other_shapes_do_not_disturb_a_pending_gradient():
    params, workspace = make_params(), Workspace()
    x = draw(3, 4, 2)
    pending = run(params, x, Dynamics(), workspace=workspace).outputs
    run(params, draw(2, 4, 2), Dynamics(), workspace=workspace)  # fewer trials
    run(params, draw(3, 5, 2), Dynamics(), workspace=workspace)  # more steps
    ours = torch.autograd.grad(pending.square().sum(), list(params))
    plain = torch.autograd.grad(loop(params, x, Dynamics())[0].square().sum(), list(params))
    for actual, expected in zip(ours, plain, strict=True):
        close(actual, expected)


def test_weights_changed_before_the_gradient_are_noticed():
    params = make_params()
    loss = run(params, draw(3, 4, 2), Dynamics()).outputs.sum()
    with torch.no_grad():
        params.w_rec.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# Descriptions


@pytest.mark.parametrize(
    ("leak", "leaky"), [(1.0, False), (1, False), (0.5, True), (torch.ones(5), True)]
)
def test_leaky_units_are_recognised(leak, leaky):
    assert Dynamics(leak=leak).is_leaky is leaky


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("rectify", [True, False])
def test_leak_of_one_per_unit_equals_no_leak(activation, rectify):
    params, x = make_params(), draw(3, 4, 2)
    plain = Dynamics(activation, rectify)
    leaky = replace(plain, leak=torch.ones(5, dtype=F64))
    results = []
    for dynamics in (plain, leaky):
        outputs, rates, _ = run(params, x, dynamics)
        gradients = torch.autograd.grad(some_loss(outputs, rates), list(params))
        results.append([outputs.detach(), rates.detach(), *gradients])
    for one, other in zip(*results, strict=True):
        close(one, other, 1e-12)


def test_map_applies_to_every_weight():
    params = make_params().map(lambda tensor: tensor.shape)
    assert [tuple(shape) for shape in params] == [(5, 2), (5, 5), (5,), (3, 5), (3,)]
    assert isinstance(params, RNNParams)
