"""The training loop against plain loops, closed forms and scripted losses and scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from problems import DALE_METHODS

from sk_biornn._random import make_rng
from sk_biornn.biology.constraints import Dale, FixedMask, NonNegative
from sk_biornn.core import (
    DivergenceError,
    Dynamics,
    History,
    Optimisation,
    RNNParams,
    Spaces,
    WeightSpace,
    Workspace,
    run,
    squared_error,
    train,
)
from sk_biornn.core.batches import drawn_batches
from sk_biornn.core.optimisers import FusedAdam, PlainDescent

F64 = torch.float64
N_UNITS = 5
SIGNS = torch.tensor([1.0, 1.0, 1.0, -1.0, 0.0], dtype=F64)
MASK = ~torch.eye(N_UNITS, dtype=torch.bool)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def make_params(seed=0):
    shapes = [(N_UNITS, 2), (N_UNITS, N_UNITS), (N_UNITS,), (3, N_UNITS), (3,)]
    return RNNParams(*(draw(*shape, seed=seed + i) / 2 for i, shape in enumerate(shapes)))


def recorded(losses_of):
    """Wrap a loss so that it remembers weights and batches of the steps of training."""
    seen = []

    def loss(params, batch):
        if torch.is_grad_enabled():  # not at the look at the last step's outcome
            seen.append((params.map(lambda tensor: tensor.detach().clone()), batch.tolist()))
        return losses_of(params, batch)

    return loss, seen


def linear(slopes):
    """Return the loss sum(slopes * w_rec), whose gradient is `slopes` everywhere."""
    return lambda params, batch: (slopes * params.w_rec).sum()


def spaces_of(w_rec, trainable):
    """Return the spaces in which only some tensors move; the recurrent weights have their own."""
    spaces = {name: WeightSpace(trainable=name in trainable) for name in RNNParams._fields}
    return Spaces(**{**spaces, "w_rec": w_rec._replace(trainable="w_rec" in trainable)})


def fit(
    params,
    loss,
    space=None,
    *,
    n_trials=4,
    seed=0,
    optimisation=None,
    trainable=RNNParams._fields,
    **kwargs,
):
    settings = {"max_iter": 3, "learning_rate_init": 0.1, "batch_size": n_trials}
    optimisation = Optimisation(**(settings | (optimisation or {})))
    rng = make_rng(seed)
    spaces = spaces_of(space or WeightSpace(), trainable)
    return train(params, loss, spaces, n_trials, optimisation, rng, **kwargs)


def fit_w_rec(weights, loss, space=None, **kwargs):
    params = make_params()._replace(w_rec=weights)
    trained, history = fit(params, loss, space, trainable=("w_rec",), **kwargs)
    return trained.w_rec, history


def task():
    """Return a loss by the scan, the same loss by a plain loop, and the number of trials."""
    x, y, weights = draw(11, 6, 2, seed=20), draw(11, 6, 3, seed=21), draw(11, 6, 3, seed=22).abs()
    workspace = Workspace()

    def scan_loss(params, batch):
        outputs = run(params, x[batch], Dynamics(), workspace=workspace).outputs
        return squared_error(outputs, y[batch], weights[batch])

    def plain_loss(params, batch):
        w_in, w_rec, b_rec, w_out, b_out = params
        r, outputs = torch.zeros(len(batch), N_UNITS, dtype=F64), []
        for x_t in x[batch].unbind(1):
            z = torch.tanh(x_t @ w_in.T + b_rec + r @ w_rec.T)
            r = torch.relu(z)
            outputs.append(z @ w_out.T + b_out)
        error = (torch.stack(outputs, 1) - y[batch]).square()
        return (weights[batch] * error).sum() / len(batch)

    return scan_loss, plain_loss, 11


# Adam and SGD


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("dale", [True, False])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_equals_a_plain_loop_with_torch_optimisers(solver, dale, clip):
    scan_loss, plain_loss, n_trials = task()
    space = Dale().bind(SIGNS, MASK) if dale else WeightSpace()
    options = {"solver": solver, "max_iter": 4, "batch_size": 4, "max_grad_norm": clip}
    options |= {"shuffle": False, "learning_rate_init": 0.02}
    trained, history = fit(make_params(), scan_loss, space, n_trials=11, optimisation=options)

    lower = torch.where(MASK & (SIGNS <= 0), -torch.inf, 0.0) if dale else None
    upper = torch.where(MASK & (SIGNS >= 0), torch.inf, 0.0) if dale else None
    mask = MASK if dale else torch.ones(1, dtype=torch.bool)
    plain = make_params().map(lambda tensor: tensor.clone().requires_grad_())
    kind = torch.optim.Adam if solver == "adam" else torch.optim.SGD
    optimiser, losses = kind(list(plain), lr=0.02), []
    if dale:
        plain.w_rec.data.clamp_(lower, upper)
    for _ in range(4):
        losses.append(0.0)
        for batch in torch.arange(n_trials).split(4):
            optimiser.zero_grad()
            # Synapses that do not exist have no gradient, nor a share in its norm.
            loss = plain_loss(plain._replace(w_rec=plain.w_rec * mask), batch)
            loss.backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(list(plain), clip)
            optimiser.step()
            losses[-1] += loss.item() * len(batch) / n_trials
            if dale:
                plain.w_rec.data.clamp_(lower, upper)
                if solver == "adam":
                    optimiser.state[plain.w_rec]["exp_avg"][plain.w_rec == 0] = 0.0
    for ours, other in zip(trained, plain, strict=True):
        assert_allclose(ours, other.detach(), rtol=1e-10, atol=1e-10)
    assert_allclose(history.losses, losses, rtol=1e-10)
    assert history.losses[-1] < history.losses[0]


def test_sgd_on_a_linear_loss_has_its_closed_form():
    start, slopes = draw(N_UNITS, N_UNITS), draw(N_UNITS, N_UNITS, seed=1)
    sgd = {"solver": "sgd", "max_iter": 5, "batch_size": 2}
    trained, _ = fit_w_rec(start, linear(slopes), optimisation=sgd)
    assert_allclose(trained, start - 5 * 2 * 0.1 * slopes, rtol=0, atol=1e-14)

    signs = torch.ones(N_UNITS, dtype=F64)
    for space in (Dale().bind(signs, MASK), NonNegative().bind(-signs, MASK)):
        expected = start.clamp_min(0) * MASK
        for _ in range(10):
            expected = (expected - 0.1 * slopes).clamp_min(0) * MASK
        trained, _ = fit_w_rec(start, linear(slopes), space, optimisation=sgd)
        assert_allclose(trained, expected, rtol=0, atol=1e-14)


def test_cosine_schedule_has_its_closed_form():
    options = Optimisation(learning_rate="cosine", learning_rate_init=0.4, max_iter=10)
    rates = [options.rate_at(epoch) for epoch in range(10)]
    assert_allclose(rates, 0.2 * (1 + np.cos(np.pi * np.arange(10) / 10)), rtol=1e-14)
    assert rates[0] == 0.4
    assert options.rate_at(5) == pytest.approx(0.2)
    assert options.rate_at(10) == pytest.approx(0.0, abs=1e-16)
    assert Optimisation(learning_rate_init=0.4).rate_at(7) == 0.4


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_schedule_is_what_the_optimiser_uses(schedule):
    # The cosines of one half turn sum to 1, so that E epochs go as far as (E + 1) / 2.
    start, slopes = draw(N_UNITS, N_UNITS), draw(N_UNITS, N_UNITS, seed=1)
    options = {"solver": "sgd", "learning_rate": schedule, "max_iter": 7}
    trained, _ = fit_w_rec(start, linear(slopes), optimisation=options)
    way = 0.1 * (7 if schedule == "constant" else (7 + 1) / 2)
    assert_allclose(trained, start - way * slopes, rtol=0, atol=1e-14)


@pytest.mark.parametrize("norm", [0.3, 1e6])
def test_gradients_are_clipped_by_their_common_norm(norm):
    params = make_params()
    slopes = make_params(seed=30)
    total = math.sqrt(sum(float(slope.square().sum()) for slope in slopes))
    assert 0.3 < total < 1e6

    def loss(weights, batch):
        return sum((slope * tensor).sum() for slope, tensor in zip(slopes, weights, strict=True))

    options = {"solver": "sgd", "max_iter": 1, "max_grad_norm": norm}
    trained, _ = fit(params, loss, optimisation=options)
    scale = min(1.0, norm / total)
    for before, after, slope in zip(params, trained, slopes, strict=True):
        assert_allclose(after, before - 0.1 * scale * slope, rtol=0, atol=1e-6)
    way = math.sqrt(
        sum(float((a - b).square().sum()) for a, b in zip(params, trained, strict=True))
    )
    assert way == pytest.approx(0.1 * scale * total, rel=1e-5)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "expanded", "sum of two"])
def test_gradient_may_have_any_memory_layout(layout, solver):
    slopes = draw(N_UNITS, N_UNITS, seed=1)
    value, gradient = {
        "contiguous": (lambda w: (w * slopes).sum(), slopes),
        "transposed": (lambda w: (w.mT * slopes).sum(), slopes.mT),
        "expanded": (lambda w: -w.sum(), -torch.ones_like(slopes)),
        "sum of two": (lambda w: (w.mT * slopes).sum() + (w * slopes).sum(), slopes + slopes.mT),
    }[layout]
    start = draw(N_UNITS, N_UNITS)
    options = {"solver": solver, "max_iter": 1}
    trained, _ = fit_w_rec(start, lambda params, batch: value(params.w_rec), optimisation=options)
    step = gradient if solver == "sgd" else gradient / (gradient.abs() + 1e-8)
    assert_allclose(trained, start - 0.1 * step, rtol=0, atol=1e-14)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("method", [None, *DALE_METHODS])
def test_initial_weights_may_have_any_memory_layout(method, solver):
    scan_loss, _, n_trials = task()
    space = Dale(method).bind(SIGNS, MASK) if method else WeightSpace()
    plain = make_params()
    views = plain.map(lambda tensor: tensor.mT.contiguous().mT if tensor.ndim == 2 else tensor)
    assert not views.w_rec.is_contiguous()
    results = [
        fit(params, scan_loss, space, n_trials=n_trials, optimisation={"solver": solver})
        for params in (plain, views)
    ]
    for one, other in zip(results[0][0], results[1][0], strict=True):
        assert_allclose(one, other, rtol=1e-12, atol=1e-13)


# Projection, momentum, multiplicative steps


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("method", DALE_METHODS)
def test_weights_obey_on_entry_and_whenever_they_are_used(method, solver):
    scan_loss, _, n_trials = task()
    loss, seen = recorded(scan_loss)
    monitored = []

    def monitor(params):
        monitored.append(params)
        return 0.0

    trained, _ = fit(
        make_params(),
        loss,
        Dale(method).bind(SIGNS, MASK),
        n_trials=n_trials,
        optimisation={"solver": solver, "batch_size": 3, "learning_rate_init": 0.3},
        monitor=monitor,
        on_epoch=lambda params, history: monitored.append(params),
    )
    used = [params for params, _ in seen] + monitored + [trained]
    assert len(used) == 3 * 4 + 3 * 2 + 1
    for params in used:
        assert (params.w_rec[~MASK] == 0).all()
        assert (params.w_rec * SIGNS >= 0).all()
    assert (trained.w_rec != used[0].w_rec).any()


@pytest.mark.parametrize("method", DALE_METHODS)
def test_without_an_epoch_the_weights_are_the_nearest_allowed_ones(method):
    params = make_params()
    trained, history = fit(
        params, linear(0), Dale(method).bind(SIGNS, MASK), optimisation={"max_iter": 0}
    )
    expected = torch.where(MASK & (params.w_rec * SIGNS >= 0), params.w_rec, 0.0)
    assert_allclose(trained.w_rec, expected, rtol=1e-15, atol=0)
    assert history.losses == []


@pytest.mark.parametrize("constraint", [Dale(), NonNegative(), FixedMask()])
def test_first_moment_is_zero_where_the_projection_clipped(constraint):
    start, slopes = draw(N_UNITS, N_UNITS), draw(N_UNITS, N_UNITS, seed=1)
    space = constraint.bind(SIGNS, MASK)
    trained, history = fit_w_rec(
        start, linear(slopes), space, optimisation={"max_iter": 30, "learning_rate_init": 0.05}
    )
    state = history.moments["w_rec"]
    stopped = trained == 0
    assert stopped[MASK].any() or isinstance(constraint, FixedMask)
    assert (state["exp_avg"][stopped] == 0).all()
    assert (state["exp_avg"][~stopped] != 0).all()
    assert (state["exp_avg_sq"][MASK] > 0).all()


def test_stopped_weight_leaves_the_wall_without_delay():
    # 20 steps press against the wall at 0, then the slope turns: the weight grows at once.
    weights, seen = [], []

    def loss(params, batch):
        seen.append(1)
        weights.append(params.w_rec[0, 0].item())
        return (1.0 if len(seen) <= 20 else -1.0) * params.w_rec.sum()

    signs, mask = torch.ones(1, dtype=F64), torch.ones(1, 1, dtype=torch.bool)
    start = torch.full((1, 1), 0.05, dtype=F64)
    fit_w_rec(start, loss, Dale().bind(signs, mask), optimisation={"max_iter": 23})
    assert weights[1:21] == [0.0] * 20
    assert 0 < weights[21] < weights[22]


def test_exponentiated_sgd_has_its_closed_form():
    start, slopes = draw(N_UNITS, N_UNITS), draw(N_UNITS, N_UNITS, seed=1)
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], dtype=F64)
    start = start.abs() * signs * MASK
    start[0, 1] = 0.0  # an exact zero stays
    space = Dale("exponentiated").bind(signs, MASK)
    options = {"solver": "sgd", "max_iter": 4}
    trained, _ = fit_w_rec(start, linear(slopes), space, optimisation=options)
    assert_allclose(trained, start * torch.exp(-4 * 0.1 * signs * slopes), rtol=1e-13, atol=0)
    assert trained[0, 1] == 0


def test_exponentiated_adam_equals_the_formula_of_cornford_et_al():
    # w <- w exp(-sign(w) lr m_hat / (sqrt(v_hat) + eps)); loss = sum of (w - c)^2 / 2.
    rate, beta_1, beta_2, eps = 0.1, 0.9, 0.999, 1e-8
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], dtype=F64)
    start, goal = draw(N_UNITS, N_UNITS).abs() * signs, draw(N_UNITS, N_UNITS, seed=1)
    mask = torch.ones(N_UNITS, N_UNITS, dtype=torch.bool)
    trained, _ = fit_w_rec(
        start,
        lambda params, batch: (params.w_rec - goal).square().sum() / 2,
        Dale("exponentiated").bind(signs, mask),
    )
    w, m, v = start.numpy().copy(), 0.0, 0.0
    for t in range(1, 4):
        g = w - goal.numpy()
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        w = w * np.exp(-np.sign(w) * rate * m_hat / (np.sqrt(v_hat) + eps))
    assert_allclose(trained, w, rtol=1e-12)


# What moves and what does not


@pytest.mark.parametrize("name", RNNParams._fields)
def test_only_trainable_weights_move(name):
    scan_loss, _, n_trials = task()
    params = make_params()
    params = params._replace(w_rec=params.w_rec.abs() * torch.where(SIGNS == 0, 1, SIGNS) * MASK)
    trained, _ = fit(
        params, scan_loss, Dale().bind(SIGNS, MASK), n_trials=n_trials, trainable=(name,)
    )
    for field in RNNParams._fields:
        before, after = getattr(params, field), getattr(trained, field)
        assert torch.equal(before, after) == (field != name)


def test_initial_weights_are_not_touched_and_trained_ones_are_detached():
    scan_loss, _, n_trials = task()
    params = make_params()
    copies = params.map(torch.clone)
    trained, _ = fit(params, scan_loss, Dale().bind(SIGNS, MASK), n_trials=n_trials)
    for before, copy, after in zip(params, copies, trained, strict=True):
        assert torch.equal(before, copy)
        assert not before.requires_grad
        assert not after.requires_grad
        assert after.data_ptr() != before.data_ptr()


def test_global_generators_are_neither_read_nor_advanced():
    scan_loss, _, n_trials = task()
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    fit(make_params(), scan_loss, n_trials=n_trials, optimisation={"batch_size": 3})
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert_array_equal(np.random.get_state()[1], numpy_state)


# Batches


def batches_of(epochs=2, seed=0, n_trials=10, **options):
    loss, seen = recorded(linear(1.0))
    options = {"max_iter": epochs, "batch_size": 4} | options
    fit_w_rec(draw(N_UNITS, N_UNITS), loss, n_trials=n_trials, seed=seed, optimisation=options)
    return [batch for _, batch in seen]


def test_batches_in_the_order_of_the_trials():
    epoch = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert batches_of(shuffle=False) == epoch * 2
    assert batches_of(batch_size=10, epochs=1) == [list(range(10))]
    assert batches_of(batch_size=99, epochs=1) == [list(range(10))]


def test_batches_of_trials_of_similar_length():
    lengths = np.random.default_rng(1).integers(1, 50, size=101)
    optimisation = Optimisation(batch_size=10)
    batches = drawn_batches(101, optimisation, np.random.default_rng(0), lengths)
    assert sorted(torch.cat(batches).tolist()) == list(range(101))
    assert sorted(map(len, batches)) == [1] + [10] * 10
    # Eight batches are sorted together: each covers an eighth of the lengths, or little more.
    spreads = [np.ptp(lengths[batch.numpy()]) for batch in batches]
    assert np.median(spreads) < 50 / 4
    again = drawn_batches(101, optimisation, np.random.default_rng(0), lengths)
    assert all(map(torch.equal, batches, again))
    ends = [lengths[batch.numpy()].max() for batch in batches[:8]]
    assert ends != sorted(ends)  # the short ones do not come first
    unshuffled = drawn_batches(101, Optimisation(batch_size=10, shuffle=False), None, lengths)
    assert torch.equal(torch.cat(unshuffled), torch.arange(101))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_an_explosion_in_the_very_last_step_is_seen(solver):
    # The loss is finite where the step starts; where it ends, far from there, it is infinite.
    def loss(params, batch):
        return torch.exp(100 * (params.w_rec - 1).clamp_min(0)).sum() - 20 * params.w_rec.sum()

    with pytest.raises(DivergenceError, match="loss became non-finite in epoch 1"):
        fit_w_rec(
            torch.zeros(N_UNITS, N_UNITS, dtype=F64),
            loss,
            optimisation={"max_iter": 1, "learning_rate_init": 50.0, "solver": solver},
        )


def test_shuffled_batches_hold_every_trial_once_and_follow_the_seed():
    batches = batches_of()
    assert [len(batch) for batch in batches] == [4, 4, 2] * 2
    first, second = ([i for batch in epoch for i in batch] for epoch in (batches[:3], batches[3:]))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert first != sorted(first)
    assert batches_of() == batches
    assert batches_of(seed=1) != batches


def test_order_is_a_permutation_of_the_given_generator():
    expected = np.random.default_rng(3).permutation(10)
    order = torch.cat(list(drawn_batches(10, Optimisation(batch_size=4), np.random.default_rng(3))))
    assert_array_equal(order, expected)


def test_same_seed_gives_the_same_bits():
    scan_loss, _, n_trials = task()
    first, again, other = (
        fit(make_params(), scan_loss, n_trials=n_trials, seed=s, optimisation={"batch_size": 3})
        for s in (0, 0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(first[0], again[0], strict=True))
    assert first[1].losses == again[1].losses
    assert not torch.equal(first[0].w_rec, other[0].w_rec)


def test_loss_of_an_epoch_is_the_mean_over_trials():
    # The loss of a batch is its mean trial number; batches of 4, 4 and 2 trials.
    def loss(params, batch):
        return batch.double().mean() + 0 * params.w_rec.sum()

    _, history = fit_w_rec(
        draw(N_UNITS, N_UNITS), loss, n_trials=10, optimisation={"batch_size": 4}
    )
    assert history.losses == pytest.approx([4.5] * 3, rel=1e-14)


# Early stopping, callbacks, going on


def run_scripted(scores, *, patience=3, tol=0.0, epochs=None):
    """Train with scripted scores; return the epoch whose weights came back, and the history."""
    snapshots, script = [], iter(scores)

    def monitor(params):
        snapshots.append(params.w_rec)
        return next(script)

    trained, history = fit_w_rec(
        draw(N_UNITS, N_UNITS),
        linear(draw(N_UNITS, N_UNITS, seed=1)),
        optimisation={"max_iter": epochs or len(scores), "n_iter_no_change": patience, "tol": tol},
        monitor=monitor,
    )
    (epoch,) = [i for i, weights in enumerate(snapshots) if torch.equal(weights, trained)]
    assert history.scores == pytest.approx(scores[: len(history.scores)], nan_ok=True)
    assert len(history.losses) == len(history.scores)
    return epoch, len(history.scores)


@pytest.mark.parametrize(
    ("scores", "best", "n_epochs"),
    [
        ([1, 2, 3, 4, 5, 6], 5, 6),  # improves to the end
        ([1, 5, 4, 4, 4, 9, 9], 1, 5),  # three epochs without an improvement
        ([1, 5, 4, 4, 6, 2, 2, 2, 9], 4, 8),  # an improvement renews the patience
        ([3, 3, 3, 3, 9], 0, 4),  # a tie is none
        ([-5, -7, -6, -6, 0], 0, 4),
    ],
)
def test_early_stopping_returns_the_best_weights(scores, best, n_epochs):
    assert run_scripted(scores) == (best, n_epochs)


def test_improvements_within_tol_are_kept_but_do_not_prolong():
    assert run_scripted([1.0, 1.05, 1.08, 1.09, 9.0], tol=0.1) == (3, 4)
    # Small gains add up: the bar stays where the last real improvement was.
    assert run_scripted([1.0, 1.06, 1.12, 1.06, 1.06, 1.06], tol=0.1) == (2, 6)


def test_score_that_is_not_a_number_is_never_the_best():
    assert run_scripted([math.nan, 1.0, 2.0, 0.0]) == (2, 4)
    assert run_scripted([1.0, math.nan, 2.0, math.nan]) == (2, 4)
    assert run_scripted([1.0, math.nan, math.nan, math.nan, 5.0]) == (0, 4)


def test_without_a_monitor_the_last_weights_are_returned():
    loss, seen = recorded(linear(draw(N_UNITS, N_UNITS, seed=1)))
    trained, history = fit_w_rec(
        draw(N_UNITS, N_UNITS), loss, optimisation={"max_iter": 20, "n_iter_no_change": 2}
    )
    assert len(history.losses) == 20
    assert history.scores == []
    assert all(not torch.equal(params.w_rec, trained) for params, _ in seen)


def test_callback_is_told_weights_and_history():
    calls = []

    def on_epoch(params, history):
        calls.append((params.w_rec, list(history.losses), list(history.scores)))

    trained, history = fit_w_rec(
        draw(N_UNITS, N_UNITS),
        linear(draw(N_UNITS, N_UNITS, seed=1)),
        monitor=lambda params: float(params.w_rec.sum()),
        on_epoch=on_epoch,
    )
    assert [len(call[1]) for call in calls] == [len(call[2]) for call in calls] == [1, 2, 3]
    assert calls[-1][1] == history.losses
    scores = [float(weights.sum()) for weights, _, _ in calls]
    assert history.scores == scores
    assert torch.equal(trained, calls[int(np.argmax(scores))][0])


def test_callback_may_stop_the_training():
    trained, history = fit_w_rec(
        draw(N_UNITS, N_UNITS),
        linear(1.0),
        optimisation={"max_iter": 9, "solver": "sgd"},
        on_epoch=lambda params, history: len(history.losses) == 4,
    )
    assert len(history.losses) == 4
    assert_allclose(trained, draw(N_UNITS, N_UNITS) - 0.4, rtol=0, atol=1e-14)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("method", DALE_METHODS)
def test_training_can_go_on_as_if_it_had_never_stopped(method, solver):
    scan_loss, _, n_trials = task()
    space = Dale(method).bind(SIGNS, MASK)

    def go(params, epochs, history=None):
        options = {"solver": solver, "max_iter": epochs, "batch_size": 4, "shuffle": False}
        options["learning_rate_init"] = 0.1  # enough for weights to reach zero
        return fit(
            params, scan_loss, space, n_trials=n_trials, optimisation=options, history=history
        )

    whole, whole_history = go(make_params(), 8)
    first, history = go(make_params(), 3)
    second, history = go(first, 5, history)
    for one, other in zip(whole, second, strict=True):
        assert_allclose(one, other, rtol=1e-9, atol=1e-11)
    assert history.losses == pytest.approx(whole_history.losses, rel=1e-9)  # one curve


def test_going_on_with_another_solver_or_an_empty_history_starts_afresh():
    loss = linear(draw(N_UNITS, N_UNITS, seed=1))
    start = draw(N_UNITS, N_UNITS)
    fresh, _ = fit_w_rec(start, loss)
    _, of_sgd = fit_w_rec(start, loss, optimisation={"solver": "sgd"})
    for history in (History(), of_sgd):
        again, history = fit_w_rec(start, loss, history=history)
        assert torch.equal(again, fresh)
        assert history.solver == "adam"
        assert float(history.moments["w_rec"]["step"]) == 3


# Divergence


def test_loss_that_is_not_finite_stops_the_training():
    calls = []

    def loss(params, batch):
        calls.append(1)
        factor = math.inf if len(calls) == 5 else 1.0
        return factor * params.w_rec.square().sum()

    expected = (
        "The training loss became non-finite in epoch 3 with learning_rate_init=0.1; lower "
        "learning_rate_init, set max_grad_norm, or scale X and y."
    )
    with pytest.raises(DivergenceError) as caught:
        fit_w_rec(draw(N_UNITS, N_UNITS), loss, optimisation={"batch_size": 2, "max_iter": 9})
    assert str(caught.value) == expected
    assert isinstance(caught.value, ValueError)
    assert len(calls) == 5


def test_weights_that_are_not_finite_stop_the_training():
    options = {"solver": "sgd", "learning_rate_init": 1e308}
    with pytest.raises(
        DivergenceError, match=r"The weights became non-finite in epoch 1 .*1e\+308"
    ):
        fit_w_rec(draw(N_UNITS, N_UNITS), linear(1e10), optimisation=options)


@pytest.mark.parametrize("method", DALE_METHODS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_absurd_learning_rate_ends_in_an_error_or_in_finite_weights(method, solver):
    scan_loss, _, n_trials = task()
    options = {"solver": solver, "learning_rate_init": 1e200, "max_iter": 20}
    space = Dale(method).bind(SIGNS, MASK)
    try:
        trained, _ = fit(make_params(), scan_loss, space, n_trials=n_trials, optimisation=options)
    except DivergenceError as error:
        assert "learning_rate_init=1e+200" in str(error)
    else:
        assert all(torch.isfinite(tensor).all() for tensor in trained)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rates", [(0.01, 0.01), (0.01, 0.3)])
def test_optimisers_take_the_steps_of_torch(dtype, rates):
    def groups(tensors):
        return [{"params": [t], "lr": rate} for t, rate in zip(tensors, rates, strict=True)]

    def made_by(make):
        draw = torch.Generator().manual_seed(0)
        shapes = ((5, 7), (3,))
        tensors = [torch.randn(shape, generator=draw, dtype=dtype) for shape in shapes]
        optimiser = make(groups(tensors))
        for step in range(4):
            optimiser.param_groups[1]["lr"] = rates[1] / (step + 1)
            for tensor in tensors:
                tensor.grad = torch.randn(tensor.shape, generator=draw, dtype=dtype)
            optimiser.step()
        return tensors, [optimiser.state[tensor] for tensor in tensors]

    pairs = (
        (lambda g: torch.optim.SGD(g, lr=1.0), lambda g: PlainDescent(g, 1.0)),
        (
            lambda g: torch.optim.Adam(g, lr=1.0, eps=1e-3, fused=True),
            lambda g: FusedAdam(g, 1.0, 1e-3, keras=False),
        ),
    )
    for theirs, ours in pairs:
        (expected, memory), (found, kept) = made_by(theirs), made_by(ours)
        for one, other in zip(expected, found, strict=True):
            assert torch.equal(one, other)
        for one, other in zip(memory, kept, strict=True):
            assert {k: v.tolist() for k, v in one.items() if isinstance(v, torch.Tensor)} == {
                k: v.tolist() for k, v in other.items()
            }
