"""The short exponential behind the communicability, against SciPy and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch

from sk_biornn.biology import _deflated_exponential as deflated
from sk_biornn.biology import communicability
from sk_biornn.biology._sorting import sorted_values

F64 = torch.float64


def without_units(W, rows=(), columns=()):
    W = W.copy()
    W[list(rows)] = 0
    W[:, list(columns)] = 0
    return W


def networks(n):
    """Networks of every kind by name, with the degree that serves 200 units in float32."""
    rng = np.random.default_rng(0)
    gauss = rng.standard_normal((n, n))
    halves = np.kron(np.eye(2), np.ones((n // 2, n // 2)))
    return {
        "identical columns": (np.repeat(rng.random((n, 1)), n, axis=1), 4),
        "uniform": (rng.random((n, n)), 4),
        "half-normal": (gauss, 4),
        "log-normal": (rng.lognormal(size=(n, n)), 8),
        "heavy tails": (rng.lognormal(sigma=2, size=(n, n)), 8),
        "masked": (gauss * (rng.random((n, n)) < 0.5), 8),
        "no input": (without_units(gauss, rows=[0, 3]), 4),
        "strong inputs": (gauss * 10 ** rng.uniform(-3, 3, (n, 1)), 8),
        "strong outputs": (gauss * 10 ** rng.uniform(-3, 3, n), 4),
        "sparse": (gauss * (rng.random((n, n)) < 0.05) + np.eye(n), 8),
        "very sparse": (gauss * (rng.random((n, n)) < 0.01) + np.eye(n), None),
        "no output": (without_units(gauss, columns=[1]), None),
        "isolated": (without_units(gauss, rows=[2], columns=[2]), None),
        "two halves": (halves, None),
        "cycle": (np.roll(np.eye(n), 1, axis=0), None),
        "nothing": (np.zeros((n, n)), None),
    }


NAMES = list(networks(4))


def reference(W):
    """Straight from the formula: expm(S^-1/2 |W| S^-1/2) without its diagonal."""
    out = np.abs(W).sum(axis=0)
    inverse = np.divide(1, np.sqrt(out), where=out > 0, out=np.zeros_like(out))
    C = scipy.linalg.expm(inverse[:, None] * np.abs(W) * inverse)
    np.fill_diagonal(C, 0)
    return C


@pytest.fixture
def degrees(monkeypatch):
    """Degrees of the polynomials that were chosen, None for the series."""
    chosen = []
    choose = deflated._sufficient

    def spy(rest, square):
        taylor = choose(rest, square)
        chosen.append(taylor and taylor.degree)
        return taylor

    monkeypatch.setattr(deflated, "_sufficient", spy)
    return chosen


@pytest.mark.parametrize("name", NAMES)
def test_values_equal_scipy_and_the_shortest_way_is_taken(name, degrees):
    W, degree = networks(200)[name]
    for dtype, tolerance in ((torch.float32, 1e-6), (F64, 1e-13)):
        weights = torch.tensor(W, dtype=dtype)
        expected = reference(weights.to(F64).numpy())
        C = communicability(weights).numpy()
        # A weak output makes its unit's row large: compared to its largest entry where above 1.
        scale = np.maximum(expected.max(axis=1, keepdims=True), 1)
        np.testing.assert_allclose(C / scale, expected / scale, rtol=0, atol=tolerance)
        assert (C >= 0).all()
    assert (degrees[0] if degrees else None) == degree


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_the_smallest_networks(n, dtype):
    W = torch.rand(n, n, generator=torch.Generator().manual_seed(n), dtype=dtype) + 0.1
    W.requires_grad_()
    C = communicability(W)
    C.sum().backward()
    assert torch.isfinite(W.grad).all()
    if n:
        expected = reference(W.detach().to(F64).numpy())
        np.testing.assert_allclose(C.detach(), expected, rtol=1e-6, atol=1e-7)


def test_no_communicability_is_negative_where_no_path_leads(degrees):
    draw = torch.Generator().manual_seed(0)
    for n in range(2, 40):
        C = communicability(torch.rand(n, n, generator=draw).triu())
        assert (C >= 0).all()
        np.testing.assert_allclose(C.tril(), 0, atol=1e-6)
    assert set(degrees) == {8, None}


def price(weights, seed=1):
    draw = torch.Generator().manual_seed(seed)
    prices = torch.randn(weights.shape, generator=draw, dtype=F64).to(weights.dtype)
    return (communicability(weights) * prices).sum()


@pytest.mark.parametrize("taylor", [*deflated.TAYLOR, None], ids=["degree 4", "degree 8", "series"])
@pytest.mark.parametrize("name", ["half-normal", "log-normal", "masked", "no input", "sparse"])
def test_gradients_equal_finite_differences(name, taylor, monkeypatch):
    """Also where the polynomial is too short: the gradient is that of what is computed."""
    monkeypatch.setattr(deflated, "_sufficient", lambda rest, square: taylor)
    W = torch.tensor(networks(12)[name][0])
    present = W != 0  # |W| has no derivative at 0
    assert torch.autograd.gradcheck(
        lambda values: price(torch.zeros_like(W).masked_scatter(present, values)),
        W[present].requires_grad_(),
        atol=1e-7,
    )


@pytest.mark.parametrize("name", sorted({*NAMES} - {"nothing"}))
def test_gradients_of_all_networks_equal_finite_differences(name):
    W = torch.tensor(networks(8)[name][0])
    present = W != 0
    assert torch.autograd.gradcheck(
        lambda values: price(torch.zeros_like(W).masked_scatter(present, values)),
        W[present].requires_grad_(),
        atol=1e-6,
        rtol=1e-4,
    )


@pytest.mark.parametrize("name", NAMES)
def test_gradients_in_float32_are_those_in_float64(name):
    W = torch.tensor(networks(200)[name][0], dtype=torch.float32)
    gradients = []
    for dtype in (torch.float32, F64):
        weights = W.to(dtype, copy=True).requires_grad_()
        gradients.append(torch.autograd.grad(price(weights), weights)[0].to(F64).numpy())
    out = W.to(F64).abs().sum(0).numpy()  # the stronger a unit's output, the less does it feel
    ours, theirs = (gradient * out for gradient in gradients)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("taylor", deflated.TAYLOR, ids=["degree 4", "degree 8"])
def test_the_polynomials_are_those_of_taylor(taylor):
    rest = torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=F64)
    value, _ = deflated.taylor_exponential(rest, rest @ rest, taylor)
    expected = sum(
        torch.linalg.matrix_power(rest, k) / math.factorial(k) for k in range(taylor.degree + 1)
    )
    torch.testing.assert_close(value, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("scale", [0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("rank", [1, 3, 60])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_what_a_chosen_polynomial_leaves_out_is_lost_in_rounding(scale, rank, dtype):
    """Low ranks are where a few probe vectors could miss the most."""
    draw = torch.Generator().manual_seed(rank)
    left, right = torch.randn(2, 60, rank, generator=draw, dtype=F64)
    rest = left @ right.mT
    rest *= scale / torch.linalg.matrix_norm(rest, ord=2)
    taylor = deflated._sufficient(rest.to(dtype), (rest @ rest).to(dtype))
    if taylor is None:
        assert scale >= (0.1 if dtype == F64 else 0.5)
        return
    value, _ = deflated.taylor_exponential(rest, rest @ rest, taylor)
    left_out = np.linalg.norm(scipy.linalg.expm(rest.numpy()) - value.numpy())
    assert left_out <= 4 * torch.finfo(dtype).eps


def test_the_same_bits_every_time():
    W = torch.tensor(networks(200)["masked"][0], dtype=torch.float32, requires_grad=True)
    first, second = (torch.autograd.grad(price(W), W)[0] for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("dtype", [torch.float32, F64, torch.float16])
@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_sorted_values_and_their_gradient(n, dtype):
    draw = torch.Generator().manual_seed(n)
    values = (10 * torch.randn(n, generator=draw, dtype=F64)).exp().to(dtype)
    values[:1] = 0
    values[2:3] = math.inf
    values.requires_grad_()
    expected, order = values.sort()
    ours = sorted_values(values)
    assert torch.equal(ours, expected)
    grad = torch.arange(n).to(dtype)
    (back,) = torch.autograd.grad(ours, values, grad)
    if values.unique().numel() == n:  # float16 knows too few numbers
        assert torch.equal(back[order], grad)
    assert torch.equal(back.sort().values, grad.sort().values)


def test_equal_values_keep_their_order():
    values = torch.tensor([2.0, 1.0, 2.0, -0.0, 1.0, 2.0], requires_grad=True)
    ranks = torch.arange(6.0)
    (back,) = torch.autograd.grad(sorted_values(values), values, ranks)
    assert back.tolist() == [3, 1, 4, 0, 2, 5]
