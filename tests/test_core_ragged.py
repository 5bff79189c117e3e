"""Trials of unequal length, and runs that go on from where another ended."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import LEAKS, close, draw, make_params
from problems import ACTIVATIONS

from sk_biornn.core import Dynamics, Support, Workspace, as_trials, run
from sk_biornn.core.layout import Layout, lay_out


@given(st.lists(st.integers(1, 7), min_size=1, max_size=9))
def test_every_step_of_every_trial_has_one_place(lengths):
    layout, places = lay_out(torch.tensor(lengths))
    pairs = list(zip(places.trial.tolist(), places.step.tolist(), strict=True))
    assert sorted(pairs) == [(i, t) for i, n in enumerate(lengths) for t in range(n)]
    assert len(set(places.row.tolist())) == len(pairs)
    assert layout.counts == tuple(sum(n > t for n in lengths) for t in range(max(lengths)))
    assert [lengths[i] for i in places.order.tolist()] == sorted(lengths, reverse=True)
    for trial, place in enumerate(places.last.tolist()):
        assert pairs[place] == (trial, lengths[trial] - 1)
    # The rates of step t lie in region t + 1, where step t + 1 reads them: row for row.
    place = {pair: k for k, pair in enumerate(pairs)}
    for (trial, step), k in place.items():
        if step > 0:
            assert places.row[k] == len(lengths) + place[trial, step - 1]


def test_blocks_cover_all_trials_once_and_know_sizes_only():
    for n_trials in (0, 1, 95, 96, 100, 200, 1000):
        for n_units in (8, 256, 2000):
            blocks = Layout.even(n_trials, 3).blocks(n_units)
            covered = [trial for low, high in blocks for trial in range(low, high)]
            assert covered == list(range(n_trials))
    assert len(Layout.even(200, 3).blocks(255)) == 1
    assert len(Layout.even(200, 3).blocks(1024)) == 4


@pytest.mark.parametrize("lead", [(), (2,)])
@pytest.mark.parametrize("every_step", [True, False])
@pytest.mark.parametrize("source", ["state", "rate"])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_ragged_trials_equal_trials_one_by_one(activation, leak, source, every_step, lead):
    lengths = torch.tensor([3, 6, 1, 6, 4])
    dynamics = Dynamics(activation, leak=LEAKS[leak], readout_from=source)
    params, x = make_params(lead=lead), draw(*lead, 5, 8, 2)
    x[..., 0, 3:, :] = torch.inf  # what lies past the end is not read
    leaf = x.requires_grad_()
    outputs, rates, states = run(params, leaf, dynamics, lengths=lengths, every_step=every_step)
    rates_of, states_of = (as_trials(a, lengths) for a in (rates, states.clone()))
    loss = outputs.pow(3).sum() + rates.pow(3).sum()
    gradients = torch.autograd.grad(loss, [*params, leaf])
    expected = [torch.zeros_like(g) for g in gradients]
    for trial, n in enumerate(lengths.tolist()):
        one = x.detach()[..., trial : trial + 1, :n, :].requires_grad_()
        alone = run(params, one, dynamics, every_step=every_step)
        mine = outputs[..., trial, :n, :] if every_step else outputs[..., trial, :]
        close(mine, alone.outputs.squeeze(-3 if every_step else -2).detach(), 1e-12)
        close(rates_of[..., trial, :n, :], alone.rates.squeeze(-3).detach(), 1e-12)
        close(states_of[..., trial, :n, :], alone.states.squeeze(-3), 1e-12)
        for padded in (rates_of, states_of, *((outputs,) if every_step else ())):
            assert (padded[..., trial, n:, :] == 0).all()
        value = alone.outputs.pow(3).sum() + alone.rates.pow(3).sum()
        *shares, d_x = torch.autograd.grad(value, [*params, one])
        for total, share in zip(expected, shares, strict=False):
            total.add_(share)
        expected[-1][..., trial, :n, :] = d_x.squeeze(-3)
    for actual, total in zip(gradients, expected, strict=True):
        close(actual, total)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("n_units", [5, 260])
def test_trials_of_one_length_do_not_feel_their_padding(n_units, activation, dtype):
    params = make_params(n_units, dtype=dtype)
    x = draw(100, 6, 2, dtype=dtype)
    padded = torch.full((100, 300, 2), torch.nan, dtype=dtype)
    padded[:, :6] = x
    results = []
    for inputs, lengths in ((x, None), (padded, torch.full((100,), 6))):
        outputs, rates, _ = run(params, inputs, Dynamics(activation), lengths=lengths)
        loss = outputs.square().mean() + rates.square().mean()
        results.append([outputs.detach(), *torch.autograd.grad(loss, params)])
    assert all(map(torch.equal, *results))


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_run_cut_in_two_gives_the_bits_of_one(leak, dtype):
    rate = LEAKS[leak].to(dtype) if leak == "per unit" else LEAKS[leak]
    params, x = make_params(dtype=dtype), draw(7, 9, 2, dtype=dtype)
    with torch.no_grad():
        whole = run(params, x, Dynamics(leak=rate))
        first = run(params, x[:, :4], Dynamics(leak=rate))
        second = run(params, x[:, 4:], Dynamics(leak=rate), initial=first.rates[:, -1])
    assert torch.equal(torch.cat([first.outputs, second.outputs], dim=1), whole.outputs)
    assert torch.equal(second.rates, whole.rates[:, 4:])


def test_initial_rates_do_not_stay_in_the_workspace():
    params, x, workspace = make_params(), draw(4, 3, 2), Workspace()
    fresh = run(params, x, Dynamics()).outputs.detach()
    run(params, x, Dynamics(), initial=draw(4, 5, seed=7), workspace=workspace)
    assert torch.equal(run(params, x, Dynamics(), workspace=workspace).outputs.detach(), fresh)


def test_initial_rates_and_a_support_are_refused():
    mask = torch.ones(5, 5, dtype=torch.bool)
    with pytest.raises(ValueError, match="initial must be None with a support"):
        run(make_params(), draw(4, 3, 2), Dynamics(), initial=draw(4, 5), support=Support.of(mask))


def test_initial_rates_of_ragged_trials_keep_their_order():
    params, x, initial = make_params(), draw(4, 5, 2), draw(4, 5, seed=7)
    lengths = torch.tensor([2, 5, 3, 1])
    outputs = run(params, x, Dynamics(), lengths=lengths, initial=initial).outputs
    for trial, n in enumerate(lengths.tolist()):
        part = slice(trial, trial + 1)
        alone = run(params, x[part, :n], Dynamics(), initial=initial[part]).outputs
        close(outputs[part, :n].detach(), alone.detach(), 1e-12)
