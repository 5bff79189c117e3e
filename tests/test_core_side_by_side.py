"""Networks side by side with trials and noise of their own: each is what it would be alone."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import F64, LEAKS, close, draw, make_params, some_loss
from problems import ACTIVATIONS

from sk_biornn.core import Dynamics, RNNParams, Workspace, as_trials, run
from sk_biornn.core.layout import lay_out

# The first is as in a batch of long trials, the second has one-step trials only, the third has
# fewer trials than the others.
LENGTHS = torch.tensor([[3, 6, 1, 6], [1, 1, 1, 1], [4, 2, 5, 0]])

# Trials of both end in the third step: the second and third of one, the second of the other.
ENDING_TOGETHER = torch.tensor([[5, 3, 3, 2], [5, 3, 1, 1]])


def generators(n=3):
    return [torch.Generator().manual_seed(seed) for seed in range(n)]


def leaves(params, number):
    return RNNParams(*(t.detach()[number].clone().requires_grad_() for t in params))


def compare(lengths, dynamics, *, every_step, shared, noise=None, initial=None, workspace=None):
    """Compare M networks with M single runs, each over its own trials, cut where they end."""
    n_networks, n_trials = lengths.shape
    x = draw(*(() if shared else (n_networks,)), n_trials, 8, 2)
    if not shared:  # what lies past the end is not read
        x[torch.arange(8) >= lengths[..., None]] = torch.inf
    x.requires_grad_()
    params = make_params(lead=(n_networks,))
    options = {"every_step": every_step, "initial": initial}
    own = None if noise is None else generators(n_networks)
    outputs, rates, _ = run(
        params, x, dynamics, lengths=lengths, noise=own, workspace=workspace, **options
    )
    rates = as_trials(rates, lengths)
    values, expected, d_x = [], [], torch.zeros_like(x)
    single = generators(n_networks)
    for number, ends in enumerate(lengths):
        here = ends > 0
        n, stop = int(here.sum()), int(ends.max())
        part = (slice(None, n), slice(None, stop))
        leaf = (x if shared else x[number]).detach()[part].clone().requires_grad_()
        mine = leaves(params, number)
        if initial is not None:
            options["initial"] = initial[number][:n]
        alone = run(
            mine, leaf, dynamics, lengths=ends[:n], noise=noise and single[number], **options
        )
        its_rates = as_trials(alone.rates, ends[:n])
        of_it = outputs[number][part if every_step else part[0]]
        close(of_it.detach(), alone.outputs.detach(), 1e-12)
        close(rates[number][part].detach(), its_rates.detach(), 1e-12)
        for padded in (outputs[number], rates[number]) if every_step else (rates[number],):
            assert (padded[:, stop:] == 0).all()
        assert (outputs[number][n:] == 0).all() and (rates[number][n:] == 0).all()
        values.append(some_loss(of_it, rates[number][part]))
        *gradients, of_x = torch.autograd.grad(some_loss(alone.outputs, its_rates), [*mine, leaf])
        expected.append(gradients)
        (d_x if shared else d_x[number])[part].add_(of_x)
    gradients = torch.autograd.grad(sum(values), [*params, x])
    for actual, each in zip(gradients, zip(*expected, strict=True), strict=False):
        close(actual, torch.stack(each))
    close(gradients[-1], d_x)
    if noise is not None:  # as much was drawn
        for a, b in zip(own, single, strict=True):
            assert torch.equal(a.get_state(), b.get_state())


@pytest.mark.parametrize("source", ["state", "rate"])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_networks_with_their_own_trials_equal_single_runs(activation, leak, source):
    for rectify, every_step, shared in itertools.product([True, False], repeat=3):
        dynamics = Dynamics(activation, rectify, LEAKS[leak], source)
        compare(LENGTHS, dynamics, every_step=every_step, shared=shared)
        compare(ENDING_TOGETHER, dynamics, every_step=every_step, shared=shared)


@given(
    lengths=st.integers(1, 4).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(1, 7), min_size=n, max_size=n), min_size=1, max_size=4
        )
    ),
    every_step=st.booleans(),
    leaky=st.booleans(),
    noisy=st.booleans(),
    begun=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_lengths_with_noise_and_initial_rates(lengths, every_step, leaky, noisy, begun):
    lengths = torch.tensor(lengths)
    dynamics = Dynamics(leak=0.3 if leaky else 1.0, recurrent_noise=0.4 if noisy else 0.0)
    initial = draw(*lengths.shape, 5, seed=7) if begun else None
    noise = True if noisy else None
    compare(lengths, dynamics, every_step=every_step, shared=False, noise=noise, initial=initial)


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 6), min_size=n, max_size=n).map(lambda own: [6, *own]),
            min_size=1,
            max_size=4,
        )
    )
)
def test_every_step_of_every_network_has_a_place_of_its_own(lengths):
    layout, places = lay_out(torch.tensor(lengths))
    surplus = set()
    if places.surplus is not None:
        network, place, row = (tensor.tolist() for tensor in places.surplus)
        surplus = set(zip(network, place, strict=True))
        assert row == places.row[torch.tensor(place)].tolist()
    for number, own in enumerate(lengths):
        steps = zip(places.trial[number].tolist(), places.step.tolist(), strict=True)
        used = [pair for k, pair in enumerate(steps) if (number, k) not in surplus]
        assert sorted(used) == [(i, t) for i, n in enumerate(own) for t in range(n)]
        assert places.counts[number] == tuple(sum(n > t for n in own) for t in range(6))
    assert layout.counts == tuple(map(max, zip(*places.counts, strict=True)))


def test_lengths_of_one_network_in_the_form_of_several():
    params, x, lengths = make_params(lead=(1,)), draw(1, 4, 6, 2), LENGTHS[:1]
    one = run(leaves(params, 0), x[0], Dynamics(), lengths=lengths[0], every_step=False)
    many = run(params, x, Dynamics(), lengths=lengths, every_step=False)
    close(many.outputs[0].detach(), one.outputs.detach(), 1e-12)


@pytest.mark.parametrize("source", ["state", "rate"])
@pytest.mark.parametrize("leak", [1.0, 0.5])
def test_what_trials_would_do_after_their_ends_has_no_influence(leak, source):
    # Rates grow a hundredfold per step: of the short trials they would pass the largest number.
    lengths = torch.tensor([[1, 1], [300, 2]])
    params = make_params(lead=(2,)).map(growing)
    x = torch.ones(2, 2, 300, 2, dtype=F64)
    dynamics = Dynamics("relu", leak=leak, readout_from=source)
    for every_step in (True, False):
        outputs, rates, _ = run(params, x, dynamics, lengths=lengths, every_step=every_step)
        loss = outputs[0].sum() + rates[0, :2].sum()
        gradients = torch.autograd.grad(loss, [params.w_rec, params.w_out])
        assert outputs[0].isfinite().all() and (gradients[0][0] == 0).all()
        assert gradients[1][0].isfinite().all()
        assert not rates[1].isfinite().all()  # its own long trial does pass it


def growing(tensor):
    return (torch.ones_like(tensor) * 20).requires_grad_()


@pytest.mark.parametrize("every_step", [True, False])
def test_what_is_asked_of_padding_has_no_gradient(every_step):
    params, x = make_params(lead=(3,)), draw(3, 4, 6, 2).requires_grad_()
    here = torch.arange(6) < LENGTHS[..., None]
    gradients = []
    for padded in (True, False):
        outputs, rates, _ = run(params, x, Dynamics(), lengths=LENGTHS, every_step=every_step)
        asked = (as_trials(rates, LENGTHS) - 3).square().sum(-1)
        answers = (outputs - 3).square().sum(-1)
        judged = here if every_step else LENGTHS > 0
        loss = asked.sum() + answers.sum()
        if not padded:
            loss = asked[here].sum() + answers[judged].sum()
        gradients.append(torch.autograd.grad(loss, [*params, x]))
    for a, b in zip(*gradients, strict=True):
        close(a, b, 1e-12)


@pytest.mark.parametrize("every_step", [True, False])
def test_gradients_that_are_given_are_not_changed(every_step):
    params, x = make_params(lead=(3,)), draw(3, 4, 6, 2)
    outputs, rates, _ = run(params, x, Dynamics(), lengths=LENGTHS, every_step=every_step)
    given = [torch.ones_like(outputs), torch.ones_like(rates)]
    torch.autograd.grad([outputs, rates], [*params], given)
    assert all((gradient == 1).all() for gradient in given)


def test_a_used_workspace_leaves_nothing_behind():
    workspace = Workspace()
    dynamics = Dynamics("relu", leak=0.5, recurrent_noise=0.3)
    for lengths in (LENGTHS, LENGTHS[[1, 2, 0]], LENGTHS[:, :2], LENGTHS):
        for every_step in (True, False):
            compare(
                lengths, dynamics, every_step=every_step, shared=False, noise=True,
                workspace=workspace,
            )  # fmt: skip


def test_trials_of_one_length_take_the_path_without_places():
    params, x = make_params(lead=(3,)), draw(3, 4, 6, 2)
    with torch.no_grad():
        plain = run(params, x[..., :5, :], Dynamics())
        cut = run(params, x, Dynamics(), lengths=torch.full((3, 4), 5))
    assert all(map(torch.equal, plain, cut))


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("leak", LEAKS)
def test_networks_may_differ_in_the_strength_of_noise(leak, dtype):
    rate = LEAKS[leak].to(dtype) if leak == "per unit" else LEAKS[leak]
    params, x = make_params(lead=(3,), dtype=dtype), draw(3, 4, 6, 2, dtype=dtype)
    strengths = [0.1, 0.5, 0.9]
    each = torch.tensor(strengths, dtype=dtype).view(-1, 1, 1)
    dynamics = Dynamics(leak=rate, recurrent_noise=each)
    many = run(params, x, dynamics, noise=generators()).outputs.detach()
    for number, (strength, generator) in enumerate(zip(strengths, generators(), strict=True)):
        how = Dynamics(leak=rate, recurrent_noise=strength)
        one = run(leaves(params, number), x[number], how, noise=generator)
        close(many[number], one.outputs.detach(), 1e-12 if dtype == F64 else 1e-5)


def test_noise_of_networks_with_common_lengths():
    params, x, lengths = make_params(lead=(3,)), draw(3, 4, 6, 2), LENGTHS[0]
    dynamics = Dynamics(recurrent_noise=0.3)
    many = run(params, x, dynamics, lengths=lengths, noise=generators()).outputs.detach()
    for number, generator in enumerate(generators()):
        own = leaves(params, number)
        one = run(own, x[number], dynamics, lengths=lengths, noise=generator)
        close(many[number], one.outputs.detach(), 1e-12)
