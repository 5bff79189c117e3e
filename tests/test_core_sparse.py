"""The sparse products: the same numbers and gradients as the dense ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import ACTIVATIONS

from sk_biornn.biology.constraints import Dale
from sk_biornn.core import (
    Dynamics,
    Optimisation,
    RNNParams,
    Spaces,
    Support,
    WeightSpace,
    Workspace,
    on_support,
    run,
    squared_error,
    support_where_it_pays,
    train,
)
from sk_biornn.core import sparse as sparse_module
from sk_biornn.core.sparse import has_sparse_product, multiply, sample_product

N_UNITS, N_TRIALS, N_STEPS, N_FEATURES = 9, 5, 4, 3


@pytest.fixture(autouse=True)
def _sparse_products_exist():
    if not has_sparse_product(torch.float64):
        pytest.skip("this build of torch has no sparse products")


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def a_mask(density=0.3, n=N_UNITS):
    mask = torch.rand(n, n, generator=torch.Generator().manual_seed(1)) < density
    mask[2], mask[:, 3] = False, False  # a unit without inputs, one without outputs
    return mask


def weights():
    return RNNParams(
        draw(N_UNITS, N_FEATURES),
        draw(N_UNITS, N_UNITS, seed=1) * a_mask(),
        draw(N_UNITS, seed=2),
        draw(2, N_UNITS, seed=3),
        draw(2, seed=4),
    )


def test_support_holds_a_matrix_and_its_transpose():
    W, support = weights().w_rec, Support.of(a_mask())
    values = support.values(W)
    assert values.shape == (int(a_mask().sum()),)
    torch.testing.assert_close(support.matrix(values), W, rtol=0, atol=0)
    torch.testing.assert_close(support.compressed(values).to_dense(), W, rtol=0, atol=0)
    torch.testing.assert_close(support.compressed_transpose(values).to_dense(), W.T, rtol=0, atol=0)


def test_products_are_those_of_dense_matrices():
    W, support, other = weights().w_rec, Support.of(a_mask()), draw(N_UNITS, 6)
    compressed = support.compressed(support.values(W))
    torch.testing.assert_close(multiply(compressed, other, torch.empty_like(other)), W @ other)
    a, b = draw(N_UNITS, 7), draw(N_UNITS, 7, seed=1)
    torch.testing.assert_close(sample_product(support, a, b), support.values(a @ b.T))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("rectify", [True, False])
@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("readout_from", ["state", "rate"])
@pytest.mark.parametrize("every_step", [True, False])
def test_run_and_gradient_are_the_dense_ones(activation, rectify, leak, readout_from, every_step):
    dynamics = Dynamics(activation, rectify, leak, readout_from)
    results = []
    for support in (None, Support.of(a_mask())):
        params = weights()
        if support is not None:
            params = params._replace(w_rec=support.values(params.w_rec))
        leaves = params.map(lambda tensor: tensor.clone().requires_grad_())
        x = draw(N_TRIALS, N_STEPS, N_FEATURES, seed=5).requires_grad_()
        outputs, rates, _ = run(leaves, x, dynamics, every_step=every_step, support=support)
        loss = (outputs * draw(*outputs.shape, seed=6)).sum() + rates.square().sum()
        gradients = torch.autograd.grad(loss, [x, *leaves])
        w_rec = gradients[2]
        gradient = w_rec * a_mask() if support is None else support.matrix(w_rec)
        results.append([outputs, rates, *gradients[:2], gradient, *gradients[3:]])
    for dense, on_few in zip(*results, strict=True):
        torch.testing.assert_close(on_few, dense, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_trials, n_steps", [(1, 1), (1, 3), (4, 1)])
def test_a_single_trial_and_a_single_step(n_trials, n_steps):
    support, gradients = Support.of(a_mask()), []
    for limit in (None, support):
        params = weights()
        w_rec = params.w_rec if limit is None else support.values(params.w_rec)
        params = params._replace(w_rec=w_rec.clone().requires_grad_())
        x = draw(n_trials, n_steps, N_FEATURES, seed=5)
        loss = run(params, x, Dynamics(), support=limit).outputs.square().sum()
        gradients.append(torch.autograd.grad(loss, params.w_rec)[0])
    torch.testing.assert_close(gradients[1], support.values(gradients[0]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_is_the_same_noise(dtype):
    params, support = weights().map(lambda t: t.to(dtype)), Support.of(a_mask())
    x = draw(N_TRIALS, N_STEPS, N_FEATURES, seed=5).to(dtype)
    dynamics = Dynamics(recurrent_noise=0.5)
    on_few = params._replace(w_rec=support.values(params.w_rec))
    dense, few = (
        run(p, x, dynamics, noise=torch.Generator().manual_seed(0), support=s).outputs
        for p, s in ((params, None), (on_few, support))
    )
    torch.testing.assert_close(few, dense)


@pytest.mark.parametrize("compact", [True, False])
def test_training_takes_the_same_path(compact):
    mask, signs = a_mask(), torch.where(torch.arange(N_UNITS) < 6, 1.0, -1.0).double()
    support = Support.of(mask)
    dense_space = Dale().bind(signs, mask)
    few_signs = signs[support.columns.long()]
    inner = Dale().bind(few_signs, torch.ones_like(few_signs).bool()) if compact else dense_space
    x, y = draw(N_TRIALS, N_STEPS, N_FEATURES, seed=5), draw(N_TRIALS, N_STEPS, 2, seed=6)
    optimisation = Optimisation(max_iter=30, learning_rate_init=0.05, batch_size=2)
    trained = []
    for space, limit in ((dense_space, None), (on_support(inner, support, compact), support)):
        workspace = Workspace()

        def loss(params, batch, limit=limit, workspace=workspace):
            out = run(params, x[batch], Dynamics(), workspace=workspace, support=limit).outputs
            return squared_error(out, y[batch], torch.ones_like(out))

        rng = np.random.default_rng(0)
        trained.append(train(weights(), loss, Spaces(w_rec=space), N_TRIALS, optimisation, rng))
    for dense, few in zip(trained[0][0], trained[1][0], strict=True):
        torch.testing.assert_close(few, dense, rtol=1e-9, atol=1e-9)
    w_rec = trained[1][0].w_rec
    assert not w_rec[~mask].any()
    assert (w_rec * signs >= 0).all()
    momentum = trained[1][1].moments["w_rec"]["exp_avg"]
    assert momentum.ndim == (1 if compact else 2)


def test_results_do_not_depend_on_the_number_of_threads():
    mask = torch.rand(300, 300, generator=torch.Generator().manual_seed(0)) < 0.05
    support, other = Support.of(mask), draw(300, 40).float()
    values, before = draw(len(support.places)).float(), torch.get_num_threads()
    products = []
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            compressed = support.compressed(values)
            products.append(multiply(compressed, other, torch.empty_like(other)))
            products.append(sample_product(support, other, other))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(products[:2], products[2:], rtol=0, atol=0)


def test_sparse_products_are_taken_where_they_pay():
    few = torch.rand(300, 300, generator=torch.Generator().manual_seed(0)) < 0.05
    assert isinstance(support_where_it_pays(few, torch.float64), Support)
    assert support_where_it_pays(few[:100, :100], torch.float64) is None  # small
    assert support_where_it_pays(torch.ones(300, 300).bool(), torch.float64) is None  # dense
    assert support_where_it_pays(torch.zeros(300, 300).bool(), torch.float64) is None  # empty


def test_a_torch_without_sparse_products_is_noticed(monkeypatch):
    def missing(*_, **__):
        raise RuntimeError("compiled without MKL")

    monkeypatch.setattr(sparse_module, "multiply", missing)
    assert not has_sparse_product.__wrapped__(torch.float64)


def test_a_space_of_matrices_stays_what_it_is():
    matrix = draw(3, 3)
    assert WeightSpace().matrix(matrix) is matrix
