"""Penalties and communicability against SciPy, finite differences and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from problems import PENALTIES

from sk_biornn.biology import (
    CommunicabilityCost,
    CommunicabilityEMD,
    Facts,
    RateCost,
    SilentUnitCost,
    WeightCost,
    WiringCost,
    communicability,
    unit_positions,
)
from sk_biornn.biology.regularizers import pairwise_distances
from sk_biornn.core import RNNParams

F64 = torch.float64
N = 12


def scipy_communicability(W):
    """Straight from the formula: expm(S^-1/2 |W| S^-1/2) without its diagonal, in float64."""
    A = np.abs(np.asarray(W, dtype=np.float64))
    out = A.sum(axis=0)
    inverse = np.divide(1, np.sqrt(out), where=out > 0, out=np.zeros_like(out))
    C = scipy.linalg.expm(inverse[:, None] * A * inverse)
    np.fill_diagonal(C, 0)
    return C


def draw_weights(n=N, seed=0, density=1.0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, n)) * (rng.random((n, n)) < density)


def facts(n=N, seed=1, dtype=F64):
    rng = np.random.default_rng(seed)
    positions = torch.tensor(rng.random((n, 3)), dtype=dtype)
    connectome = torch.tensor(rng.poisson(1.0, (n, n)), dtype=dtype)
    mask = torch.ones(n, n, dtype=torch.bool)
    return Facts(mask, pairwise_distances(positions), connectome, positions=positions)


def batch(n=N, n_trials=4, n_steps=5, seed=2):
    """All weights but the recurrent ones, rates that are not 0, and weights of the steps."""
    rng = np.random.default_rng(seed)
    shapes = [(n, 2), (n, n), (n,), (3, n), (3,)]
    params = RNNParams(*(torch.tensor(rng.standard_normal(shape)) for shape in shapes))
    rates = torch.tensor(rng.uniform(0.1, 1.0, (n_trials, n_steps, n)))
    weights = torch.tensor(rng.uniform(0.1, 1.0, (n_trials, n_steps)))
    weights[1, 3:] = rates[1, 3:] = 0  # a shorter trial
    return params, rates, weights * n_trials / weights.sum()


@pytest.mark.parametrize("density", [0.3, 1.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (F64, 1e-13)])
def test_communicability_equals_scipy(density, dtype, tolerance):
    for n, seed in ((5, 0), (60, 1)):
        W = draw_weights(n, seed, density)
        W[0, :] = W[:, 0].sum()  # every unit has an output
        C = communicability(torch.tensor(W, dtype=dtype)).numpy()
        np.testing.assert_allclose(C, scipy_communicability(W), rtol=tolerance, atol=tolerance)


def test_units_without_output_have_no_communicability():
    W = torch.tensor(draw_weights())
    W[:, [2, 7]] = 0  # no output
    W[4] = 0  # no input
    W[:, 9] = W[9] = 0  # isolated
    C = communicability(W)
    assert torch.isfinite(C).all()
    assert (C >= 0).all()
    for unit in (2, 7, 9):
        assert (C[unit] == 0).all()
        assert (C[:, unit] == 0).all()
    assert (communicability(torch.zeros(3, 3)) == 0).all()


@pytest.mark.parametrize("shape", [(3,), (2, 3), (0, 4)])
def test_communicability_refuses_what_is_not_a_square_matrix(shape):
    with pytest.raises(ValueError, match="weights must be a square matrix"):
        communicability(torch.zeros(shape))


@pytest.mark.parametrize("regularizer", PENALTIES.values(), ids=PENALTIES)
@pytest.mark.parametrize("silent_unit", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_equal_finite_differences(regularizer, silent_unit, weighted):
    W, (params, rates, weights) = torch.tensor(draw_weights()), batch()
    cut = torch.ones_like(W)
    if silent_unit:
        cut[:, 3] = cut[5] = 0
    penalty = regularizer.bind(facts())

    def value(w_rec, activity):
        whole = params._replace(w_rec=w_rec * cut)
        return penalty(whole, activity * (weights > 0)[..., None], weights if weighted else None)

    leaves = (W.requires_grad_(), rates.clamp_min(0.1).requires_grad_())
    assert torch.autograd.gradcheck(value, leaves, atol=1e-6)


def test_penalties_equal_their_formulas():
    W, known = draw_weights(), facts()
    A, D = np.abs(W), known.distances.numpy()
    C = scipy_communicability(W)
    ranked = [np.sort(c.ravel()) for c in (C, scipy_communicability(known.connectome))]
    expected = {
        WeightCost(0.3): 0.3 * A.sum(),
        WiringCost(0.3, 2.0): 0.3 * (A * D**2).sum(),
        CommunicabilityCost(0.3, 1.0, 2.0): 0.3 * (A * C**2 * D).sum(),
        CommunicabilityEMD(0.3, 0.1): 0.3 * (A * D).sum()
        + 0.1 * np.abs(ranked[0] - ranked[1]).mean(),
    }
    params, rates, weights = batch()
    for regularizer, value in expected.items():
        penalty = regularizer.bind(known)
        assert float(penalty(torch.tensor(W))) == pytest.approx(value, rel=1e-12)
        whole = params._replace(w_rec=torch.tensor(W))  # called as every penalty is
        assert float(penalty(whole, rates, weights)) == float(penalty(torch.tensor(W)))


def test_penalties_on_activity_equal_their_formulas():
    params, rates, weights = batch()
    r, w = rates.numpy(), weights.numpy()
    assert w.sum() == pytest.approx(4)

    def mean(values):
        return per_unit_of(values).mean() * w.sum() / len(w)

    def per_unit_of(values):
        return (w[:, :, None] * values).sum(axis=(0, 1)) / w.sum()

    per_unit = per_unit_of(r)
    expected = {
        RateCost(0.3): 0.3 * mean(r**2),
        RateCost(0.3, power=1.0): 0.3 * mean(r),
        RateCost(0.3, power=2.5): 0.3 * mean(r**2.5),
        SilentUnitCost(0.3, floor=0.5): 0.3 * np.maximum(0, 1 - per_unit / 0.5).mean(),
        SilentUnitCost(0.3, floor=0.01): 0.0,
    }
    for regularizer, value in expected.items():
        found = regularizer.bind(facts())(params, rates, weights)
        assert float(found) == pytest.approx(value, rel=1e-12)
    for regularizer in expected:  # without weights all steps count alike
        alike = torch.full_like(weights, 1 / weights.shape[1])
        one, other = (regularizer.bind(facts())(params, rates, w) for w in (None, alike))
        assert float(one) == pytest.approx(float(other), rel=1e-12)


@pytest.mark.parametrize("penalty", [RateCost(0.3), RateCost(0.3, 3.0)])
def test_a_mean_over_trials_does_not_depend_on_how_they_are_batched(penalty):
    params, rates, weights = batch()
    bound = penalty.bind(facts())
    halves = [bound(params, rates[part], weights[part]) for part in (slice(2), slice(2, 4))]
    assert float(sum(halves) / 2) == pytest.approx(float(bound(params, rates, weights)), rel=1e-12)


def test_the_distance_to_the_own_communicability_is_zero():
    W = torch.tensor(draw_weights())
    known = facts()._replace(connectome=3 * W)  # communicability has no scale
    difference = CommunicabilityEMD(0.3, 1.0).bind(known)(W) - WiringCost(0.3).bind(known)(W)
    assert float(difference) == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("regularizer", [WiringCost(), CommunicabilityCost(), CommunicabilityEMD()])
def test_what_a_penalty_needs_is_named(regularizer):
    with pytest.raises(ValueError, match=r"(coordinates|connectome) must be given"):
        regularizer.bind(Facts(torch.ones(3, 3, dtype=torch.bool)))


def test_positions_on_a_grid_and_in_the_unit_cube():
    grid = unit_positions((2, 3, 1), 6, unit_cube=False)
    assert grid.tolist() == [[i, j, 0.0] for i in range(2) for j in range(3)]
    scaled = unit_positions([[10.0, -1.0], [20.0, -1.0], [15.0, -1.0]], 3)
    assert scaled.tolist() == [[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]]
    assert np.ptp(unit_positions("grid", 12, unit_cube=False), axis=0).tolist() == [2.0, 1.0, 1.0]


@pytest.mark.parametrize(("grid_order", "indexing"), [("xyz", "ij"), ("yxz", "xy")])
@pytest.mark.parametrize("grid", [(2, 3, 4), (4, 3, 2), (1, 1, 6), (3, 1, 2)])
def test_units_of_a_grid_are_counted_like_those_of_meshgrid(grid, grid_order, indexing):
    axes = np.meshgrid(*(np.arange(size) for size in grid), indexing=indexing)
    expected = np.stack([axis.ravel() for axis in axes], axis=1)
    found = unit_positions(grid, len(expected), unit_cube=False, grid_order=grid_order)
    assert found.tolist() == expected.tolist() and found.dtype == np.float64


@pytest.mark.parametrize("grid_order", ["zyx", "", None, 3, np.array(["xyz"] * 2)])
def test_another_order_of_the_grid_is_refused(grid_order):
    error = ValueError if isinstance(grid_order, str) else TypeError
    with pytest.raises(error, match=r"grid_order must be one of \['xyz', 'yxz'\], got "):
        unit_positions((1, 2, 3), 6, grid_order=grid_order)


@pytest.mark.parametrize(
    ("coordinates", "error", "message"),
    [
        ((2, 3, 2), ValueError, r"product is 6, such as .* got \(2, 3, 2\)"),
        ((2.5, 2, 1), TypeError, "three positive integers"),
        (np.zeros((5, 3)), ValueError, r"shape \(6, n_dimensions\), got shape \(5, 3\)"),
        ("cube", ValueError, "or 'grid', got 'cube'"),
        (np.full((6, 3), np.nan), ValueError, "coordinates must be finite"),
        ({"x": 1}, ValueError, "coordinates must be an array of numbers"),
    ],
)
def test_bad_coordinates_are_refused(coordinates, error, message):
    with pytest.raises(error, match=message):
        unit_positions(coordinates, 6)
