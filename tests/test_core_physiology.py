"""Gradients of the scan in what is no weight: leak, slopes, initial rates; and what is kept."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import F64, close, draw, make_params

from sk_biornn.core import Dynamics, Optimisation, Spaces, WeightSpace, run, train
from sk_biornn.core.params import PhysiologyParams, RNNParams, extra
from sk_biornn.core.sparse import Support

N_UNITS, N_TRIALS, N_STEPS = 5, 4, 6


def physiology(seed=0, **chosen):
    """Weights of a network, with some of its physiology."""
    weights = make_params(N_UNITS, seed=seed)
    return PhysiologyParams(*weights, **chosen)


def some_leak():
    return torch.tensor([0.1, 0.35, 0.6, 0.85, 1.0], dtype=F64).requires_grad_()


def plain_run(params, x, dynamics, initial, lengths=None, noise=None):
    """Run trial by trial, as one would write it down."""
    from sk_biornn.core.activations import ACTIVATIONS

    f = ACTIVATIONS[dynamics.activation].plain
    leak = params.leak if params.leak is not None else torch.as_tensor(dynamics.leak, dtype=F64)
    slope = 1.0 if params.slope is None else params.slope
    outputs = []
    for b in range(len(x)):
        r = torch.zeros(N_UNITS, dtype=F64) if initial is None else initial[b]
        for t in range(x.shape[1] if lengths is None else int(lengths[b])):
            drive = slope * (params.w_in @ x[b, t] + params.w_rec @ r + params.b_rec)
            if noise is not None:
                drive = drive + torch.sqrt(2 / leak) * dynamics.recurrent_noise * noise[t][b]
            z = f(drive)
            r = (1 - leak) * r + leak * (torch.relu(z) if dynamics.rectify else z)
            outputs.append(params.w_out @ (z if dynamics.readout_from == "state" else r))
    return torch.stack(outputs)


def loss_of(outputs):
    return (outputs * draw(*outputs.shape, seed=5)).sum() + outputs.square().sum() / 3


def gathered(outputs, lengths, b_out):
    """Return the outputs of a run as the plain one has them: trial by trial, without the bias."""
    rows = [own[: int(n)] for own, n in zip(outputs, lengths, strict=True)]
    return torch.cat(rows) - b_out


@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
@pytest.mark.parametrize("readout_from", ["state", "rate"])
@pytest.mark.parametrize("kind", ["dense", "stored"])
@pytest.mark.parametrize("ragged", [False, True])
def test_leak_slope_and_initial_rates_have_the_gradients_of_a_plain_loop(
    activation, readout_from, kind, ragged
):
    params = physiology(leak=some_leak(), slope=draw(N_UNITS, seed=8).exp().requires_grad_())
    initial = draw(N_TRIALS, N_UNITS, seed=9).abs().requires_grad_()
    x = draw(N_TRIALS, N_STEPS, 2).requires_grad_()
    lengths = torch.tensor([3, 6, 1, 6]) if ragged else torch.full((N_TRIALS,), N_STEPS)
    dynamics = Dynamics(activation=activation, readout_from=readout_from)
    leaves = [params.leak, params.slope, initial, params.w_in, params.w_rec, params.b_rec, x]
    expected = plain_run(params, x, dynamics, initial, lengths)
    plain = torch.autograd.grad(loss_of(expected), leaves)
    seen, support = params, None
    if kind == "stored":
        every = torch.ones(N_UNITS, N_UNITS, dtype=torch.bool)
        support = Support.of(every)._replace(stored=True)
        seen = params._replace(w_rec=params.w_rec.reshape(-1))
    given_lengths = lengths if ragged else None
    outputs = run(seen, x, dynamics, initial=initial, lengths=given_lengths, support=support)[0]
    outputs = gathered(outputs, lengths, params.b_out)
    close(outputs, expected)
    for ours, theirs in zip(torch.autograd.grad(loss_of(outputs), leaves), plain, strict=True):
        close(ours, theirs, 1e-8)


@pytest.mark.parametrize("kind", ["dense", "stored"])
def test_a_leak_that_is_learned_sees_the_strength_of_the_noise(kind):
    params, x = physiology(leak=some_leak()), draw(N_TRIALS, N_STEPS, 2)
    dynamics = Dynamics(recurrent_noise=0.4)
    generator = torch.Generator().manual_seed(3)
    noise = [torch.randn(N_TRIALS, N_UNITS, generator=generator, dtype=F64) for _ in range(N_STEPS)]
    expected = plain_run(params, x, dynamics, None, noise=noise)
    seen, support = params, None
    if kind == "stored":
        support = Support.of(torch.ones(N_UNITS, N_UNITS, dtype=torch.bool))._replace(stored=True)
        seen = params._replace(w_rec=params.w_rec.reshape(-1))
    again = torch.Generator().manual_seed(3)
    outputs = run(seen, x, dynamics, noise=again, support=support).outputs
    outputs = gathered(outputs, [N_STEPS] * N_TRIALS, params.b_out)
    close(outputs, expected)
    (ours,) = torch.autograd.grad(loss_of(outputs), [params.leak])
    (theirs,) = torch.autograd.grad(loss_of(expected), [params.leak])
    close(ours, theirs)


def test_the_same_where_few_synapses_are_multiplied_alone():
    mask = torch.rand(N_UNITS, N_UNITS, generator=torch.Generator().manual_seed(1)) < 0.5
    support = Support.of(mask)
    params = physiology(leak=some_leak(), slope=draw(N_UNITS, seed=8).exp().requires_grad_())
    values = params.w_rec.detach()[mask].requires_grad_()
    x, dynamics = draw(N_TRIALS, N_STEPS, 2), Dynamics()
    whole = params._replace(w_rec=support.matrix(values))
    leaves = [params.leak, params.slope, values, params.w_in]
    plain = torch.autograd.grad(loss_of(plain_run(whole, x, dynamics, None)), leaves)
    outputs = run(params._replace(w_rec=values), x, dynamics, support=support).outputs
    outputs = gathered(outputs, [N_STEPS] * N_TRIALS, params.b_out)
    for ours, theirs in zip(torch.autograd.grad(loss_of(outputs), leaves), plain, strict=True):
        close(ours, theirs)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 99), st.booleans())
def test_any_lengths(lengths, seed, leaky):
    n_trials, longest = len(lengths), max(lengths)
    extras = {"leak": some_leak()} if leaky else {}
    params = physiology(seed, **extras)
    initial = draw(n_trials, N_UNITS, seed=seed + 1).requires_grad_()
    x, ends = draw(n_trials, longest, 2, seed=seed + 2), torch.tensor(lengths)
    leaves = [initial, *extras.values()]
    plain = torch.autograd.grad(loss_of(plain_run(params, x, Dynamics(), initial, ends)), leaves)
    outputs = run(params, x, Dynamics(), initial=initial, lengths=ends).outputs
    outputs = gathered(outputs, lengths, params.b_out)
    for ours, theirs in zip(torch.autograd.grad(loss_of(outputs), leaves), plain, strict=True):
        close(ours, theirs)


def test_blocks_of_trials_on_several_threads_add_up():
    weights = make_params(300)
    leak = torch.full((300,), 0.4, dtype=F64).requires_grad_()
    params = PhysiologyParams(*weights, leak=leak)
    initial, x = draw(200, 300).requires_grad_(), draw(200, 3, 2)
    outputs, rates, _ = run(params, x, Dynamics(), initial=initial)
    ours = torch.autograd.grad(outputs.square().sum() + rates.sum(), [leak, initial])
    r, total = initial, 0.0
    for t in range(3):
        z = torch.tanh(x[:, t] @ weights.w_in.mT + r @ weights.w_rec.mT + weights.b_rec)
        r = (1 - leak) * r + leak * torch.relu(z)
        total = total + (z @ weights.w_out.mT + weights.b_out).square().sum() + r.sum()
    for mine, theirs in zip(ours, torch.autograd.grad(total, [leak, initial]), strict=True):
        close(mine, theirs, 1e-9)


def test_what_does_not_move_has_no_gradient_and_changes_none():
    params, x = make_params(), draw(3, 4, 2)
    outputs = run(params, x, Dynamics()).outputs
    every = torch.autograd.grad(outputs.square().sum(), [params.w_in, params.b_rec, params.w_out])
    still = params._replace(w_rec=params.w_rec.detach())
    outputs = run(still, x, Dynamics()).outputs
    some = torch.autograd.grad(outputs.square().sum(), [still.w_in, still.b_rec, still.w_out])
    for ours, theirs in zip(some, every, strict=True):
        close(ours, theirs)


def test_a_network_without_physiology_is_five_tensors():
    params = make_params()
    assert len(params) == 5
    assert isinstance(params.map(torch.Tensor.detach), RNNParams)
    assert extra(params, "leak") is None
    assert list(physiology(leak=some_leak()).present()) == [*RNNParams._fields, "leak"]


def third_root():
    """A space whose weights do not determine its free parameters to the last bit."""
    return WeightSpace(encode=lambda w: w.sign() * w.abs() ** (1 / 3), decode=lambda t: t**3)


@pytest.mark.parametrize("kept", [True, False])
def test_free_parameters_that_are_kept_let_a_fit_go_on_with_the_same_bits(kept):
    import numpy as np

    params = make_params()
    spaces = Spaces(w_rec=third_root()._replace(keeps_theta=kept))

    def loss(weights, indices):
        return run(weights, draw(6, 4, 2)[indices], Dynamics()).outputs.square().mean()

    def fit(start, n_epochs, first=0, history=None):
        how = Optimisation(max_iter=10, batch_size=3)
        rng = np.random.default_rng(first)
        epochs = range(first, first + n_epochs)
        return train(start, loss, spaces, 6, how, rng, epochs=epochs, history=history)

    def in_two(n_first):
        half, history = fit(params, n_first)
        rng_state = np.random.default_rng(0)
        for _ in range(n_first):
            rng_state.permutation(6)
        how = Optimisation(max_iter=10, batch_size=3)
        epochs = range(n_first, 6)
        return train(half, loss, spaces, 6, how, rng_state, epochs=epochs, history=history)[0]

    whole, _ = fit(params, 6)
    again = in_two(3)
    if kept:
        assert all(map(torch.equal, whole, again))
    else:
        assert not torch.equal(whole.w_rec, again.w_rec)
        close(again.w_rec, whole.w_rec, 1e-6)


def test_kept_parameters_of_other_weights_are_not_taken_up():
    import numpy as np

    params = make_params()
    spaces = Spaces(w_rec=third_root()._replace(keeps_theta=True))

    def loss(weights, indices):
        return sum(tensor.square().sum() for tensor in weights) * len(indices)

    how = Optimisation(solver="sgd", learning_rate_init=1e-9, max_iter=1)
    first, history = train(params, loss, spaces, 2, how, np.random.default_rng(0))
    changed = first._replace(w_rec=first.w_rec * 2)
    second, _ = train(changed, loss, spaces, 2, how, np.random.default_rng(0), history=history)
    close(second.w_rec, changed.w_rec, 1e-6)
    assert math.isfinite(history.losses[-1])
