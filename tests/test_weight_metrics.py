"""Entropy, wiring, communicability and balance against SciPy, torch and brute force."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from graphs import random_matrix

from sk_biornn.biology import unit_positions
from sk_biornn.biology.communicability import communicability as torch_communicability
from sk_biornn.metrics import communicability, ei_balance, weight_entropy, wiring_cost

# --- entropy ---


@pytest.mark.parametrize("n", [2, 3, 20, 60])
def test_weight_entropy_is_that_of_scipys_kde(n):
    W = np.random.default_rng(n).gamma(0.3, size=(n, n))
    density = scipy.stats.gaussian_kde(W.ravel())(np.linspace(W.min(), W.max(), 100))
    expected = scipy.stats.entropy(density, base=2)
    assert weight_entropy(W) == pytest.approx(expected, abs=1e-10)


def test_weight_entropy_of_even_weights_is_nearly_that_of_all_points():
    W = np.linspace(-1, 1, 10_000).reshape(100, 100)
    assert np.log2(100) - 0.05 < weight_entropy(W) < np.log2(100)
    assert np.log2(16) - 0.05 < weight_entropy(W, n_points=16) < np.log2(16)


def test_weight_entropy_of_one_odd_weight_is_low():
    W = np.zeros((60, 60))
    W[0, 0] = 1
    assert weight_entropy(W) < 1.5


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e308, 5e-324])
@pytest.mark.parametrize("n", [1, 4])
def test_weight_entropy_of_equal_weights_is_0(value, n):
    assert weight_entropy(np.full((n, n), value)) == 0.0


@pytest.mark.parametrize("scale", [-1.0, 3.0, 1e-300, 5e307])
def test_weight_entropy_does_not_depend_on_the_unit(scale):
    W = np.random.default_rng(0).uniform(-1, 1, (20, 20))
    assert weight_entropy(scale * W) == pytest.approx(weight_entropy(W), rel=1e-12)


# --- wiring, communicability, balance ---


def test_wiring_cost_is_the_sum_over_pairs():
    rng = np.random.default_rng(0)
    W, xyz = rng.standard_normal((7, 7)), rng.uniform(0, 300, (7, 3))
    pairs = [(i, j) for i in range(7) for j in range(7)]
    expected = sum(abs(W[i, j]) * np.linalg.norm(xyz[i] - xyz[j]) ** 1.5 for i, j in pairs)
    assert wiring_cost(W, xyz, power=1.5) == pytest.approx(expected)


def test_wiring_cost_of_a_grid():
    """Unit 1 of a (2, 3, 1) grid is one step beside unit 0, unit 3 is one step below it."""
    W = np.zeros((6, 6))
    W[1, 0], W[3, 0], W[5, 0] = 1, 10, -100
    assert wiring_cost(W, (2, 3, 1)) == pytest.approx(1 + 10 + 100 * np.sqrt(5))
    expected = 0.5 + 10 + 100 * np.sqrt(2)
    assert wiring_cost(W, (2, 3, 1), unit_cube=True) == pytest.approx(expected)
    measured = [[7, y, x] for y in (0, 40) for x in (5, 6, 7)]  # no extent along the first axis
    assert wiring_cost(W, measured, unit_cube=True) == pytest.approx(expected)
    assert wiring_cost(W, "grid") == wiring_cost(W, (3, 2, 1))


@pytest.mark.parametrize("unit_cube", [False, True])
@pytest.mark.parametrize("coordinates", [(3, 2, 2), "grid", np.arange(36.0).reshape(12, 3) ** 2])
def test_wiring_cost_measures_the_distances_of_the_penalty(coordinates, unit_cube):
    W = random_matrix(12)
    xyz = unit_positions(coordinates, 12, unit_cube=unit_cube)
    expected = (np.abs(W) * np.linalg.norm(xyz[:, None] - xyz, axis=-1)).sum()
    assert wiring_cost(W, coordinates, unit_cube=unit_cube) == pytest.approx(expected)


@pytest.mark.parametrize(
    "coordinates",
    [
        (2, 2, 1),
        (-2, -3, 1),
        (),
        np.zeros((5, 3)),
        np.zeros(6),
        np.zeros((6, 0)),
        "cube",
        [[np.nan]] * 6,
    ],
)
def test_wiring_cost_refuses_coordinates_that_do_not_fit(coordinates):
    with pytest.raises(ValueError, match="coordinates must"):
        wiring_cost(np.ones((6, 6)), coordinates)


def test_wiring_cost_refuses_a_grid_of_fractions():
    with pytest.raises(TypeError, match="coordinates must"):
        wiring_cost(np.ones((6, 6)), (1.5, 2, 2))


@pytest.mark.parametrize("power", [0, -1, np.inf, np.nan, True, "1"])
def test_wiring_cost_refuses_a_power_that_is_not_positive(power):
    error = TypeError if power is True or isinstance(power, str) else ValueError
    with pytest.raises(error, match="power must"):
        wiring_cost(np.ones((2, 2)), (2, 1, 1), power=power)


def silenced(W, *, rows=(), columns=()):
    W = W.copy()
    W[list(rows)], W[:, list(columns)] = 0, 0
    return W


@pytest.mark.parametrize(
    "W",
    [
        random_matrix(30),
        silenced(random_matrix(30), rows=[3]),
        silenced(random_matrix(30), columns=[3, 4]),
        silenced(random_matrix(30), rows=[5], columns=[5]),
        np.zeros((4, 4)),
        np.eye(3),
        np.ones((1, 1)),
    ],
)
def test_communicability_is_that_of_the_penalty(W):
    ours = communicability(W)
    assert np.isfinite(ours).all()
    assert ours == pytest.approx(torch_communicability(torch.tensor(W)).numpy(), abs=1e-12)


def test_communicability_is_the_exponential_of_the_scaled_matrix():
    W = random_matrix(20)
    root = np.sqrt(np.abs(W).sum(axis=0))
    expected = scipy.linalg.expm(np.abs(W) / root[:, None] / root)
    np.fill_diagonal(expected, 0)
    assert communicability(W) == pytest.approx(expected, rel=1e-12)


def test_communicability_reads_columns_as_outputs():
    """Unit 0 drives unit 1, which has no output: nothing can come back."""
    W = np.array([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert not communicability(W).any()
    W[0, 1] = 2.0
    assert (communicability(W) > 0).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("scale", [5e-324, 1e-200, 1e308])
def test_communicability_does_not_depend_on_the_unit(scale):
    W = np.array([[0.0, 1], [1, 0]]) * scale
    assert communicability(W)[0, 1] == pytest.approx(np.sinh(1))


@pytest.mark.parametrize(
    ("W", "expected"),
    [
        (np.zeros((3, 3)), 0),
        (np.ones((3, 3)), 1),
        (-np.ones((3, 3)) * 1e308, -1),
        (np.array([[1, -2], [0, 1.0]]), 0),
        (np.array([[6, -2], [0, 0.0]]), 0.5),
    ],
)
def test_ei_balance(W, expected):
    assert ei_balance(W) == expected


def test_entropy_of_weights_with_empty_gaps_between_outliers():
    """Far from all weights the smoothed density underflows to 0, which counts as 0 log 0 = 0."""
    W = np.zeros((40, 40))
    W[:2] = np.random.default_rng(0).normal(0, 1e-6, (2, 40))
    W[0, 0], W[1, 1] = 5.0, -5.0
    points = np.linspace(-5, 5, 100)
    density = scipy.stats.gaussian_kde(W.ravel())(points)
    assert (density == 0).any()
    np.testing.assert_allclose(weight_entropy(W), scipy.stats.entropy(density, base=2), rtol=1e-9)
