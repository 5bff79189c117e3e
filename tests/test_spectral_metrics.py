"""Spectrum, density and violations of Dale's law: closed forms, invariances, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_biornn.metrics import (
    dale_violations,
    density,
    singular_value_gap,
    spectral_radius,
    svd_entropy,
)

OF_WEIGHTS = [svd_entropy, singular_value_gap, spectral_radius, density]


def gaussian(n_units, seed):
    return np.random.default_rng(seed).standard_normal((n_units, n_units))


def test_entropy_of_two_singular_values():
    expected = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / np.log(2)
    assert svd_entropy([[0.0, 3.0], [-1.0, 0.0]]) == pytest.approx(expected, rel=1e-12)


def test_entropy_of_k_equal_singular_values_among_n():
    for n, k in ((8, 1), (8, 3), (8, 8), (27, 9)):
        left, right = np.linalg.qr(gaussian(n, n))[0], np.linalg.qr(gaussian(n, n + 1))[0]
        W = left @ np.diag(np.repeat([2.5, 0.0], [k, n - k])) @ right
        assert svd_entropy(W) == pytest.approx(np.log(k) / np.log(n), abs=1e-10)


def test_entropy_at_its_limits():
    assert svd_entropy(np.zeros((3, 3))) == 0.0
    assert svd_entropy([[-2.0]]) == 1.0
    assert svd_entropy([[0.0]]) == 0.0
    assert 1.0 - 1e-12 < svd_entropy(7.0 * np.eye(50)) <= 1.0
    assert 0.0 <= svd_entropy(np.ones((50, 50))) < 1e-10


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 12), st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_entropy_and_gap_do_not_see_scale_order_signs_or_direction(n_units, seed, scale):
    W, rng = gaussian(n_units, seed), np.random.default_rng(seed)
    other = scale * (W[rng.permutation(n_units)] * rng.choice((-1, 1), n_units)).T
    assert svd_entropy(other) == pytest.approx(svd_entropy(W), rel=1e-9)
    assert singular_value_gap(other) == pytest.approx(singular_value_gap(W), rel=1e-9)
    assert 0.0 <= svd_entropy(W) <= 1.0 <= singular_value_gap(W)


def test_gap_of_known_singular_values():
    assert singular_value_gap(np.diag([1.0, 8.0, -2.0])) == pytest.approx(4.0, rel=1e-12)
    assert singular_value_gap(np.outer([1.0, 2.0, 3.0], [4.0, -5.0, 6.0])) == np.inf
    assert singular_value_gap(np.zeros((4, 4))) == 1.0
    assert singular_value_gap([[3.0]]) == 1.0


def test_radius_of_known_eigenvalues():
    triangular = np.tril(gaussian(6, 0), -1) + np.diag([0.1, -0.9, 0.2, 0.3, 0.0, 0.5])
    assert spectral_radius(triangular) == pytest.approx(0.9, rel=1e-12)
    assert spectral_radius(np.tril(np.ones((5, 5)), -1)) == 0.0
    cycle = 1.5 * np.roll(np.eye(7), 1, axis=0)  # eigenvalues on a circle, most of them complex
    assert spectral_radius(cycle) == pytest.approx(1.5, rel=1e-12)
    u, v = gaussian(6, 1)[:2]
    assert spectral_radius(np.outer(u, v)) == pytest.approx(abs(u @ v), rel=1e-9)


def test_radius_of_the_uniform_weights_of_the_literature():
    """The mean of Dale weights in (0, 1 / sqrt(n)) is an eigenvalue: sqrt(n) (2f - 1) / 2."""
    n_units, n_excitatory = 500, 400
    signs = np.where(np.arange(n_units) < n_excitatory, 1.0, -1.0)
    W = np.random.default_rng(0).uniform(0, n_units**-0.5, (n_units, n_units)) * signs
    assert spectral_radius(W) == pytest.approx(0.5 * np.sqrt(n_units) * 0.6, rel=0.05)


def test_density_counts_exact_zeros_only():
    assert density(np.zeros((4, 4))) == 0.0
    assert density(np.ones((4, 4))) == 1.0
    assert density([[0.0, 1e-300], [-0.0, 0.0]]) == 0.25


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_violations_are_those_of_a_loop(n_units, seed):
    rng = np.random.default_rng(seed)
    W = rng.choice((-1.0, -1e-12, 0.0, -0.0, 1e-12, 1.0), (n_units, n_units))
    signs = rng.choice((-1, 0, 1), n_units)
    expected = 0
    for post in range(n_units):
        for pre in range(n_units):
            expected += W[post, pre] > 0 > signs[pre] or W[post, pre] < 0 < signs[pre]
    assert dale_violations(W, signs) == expected


def test_dales_law_speaks_about_columns():
    W = np.array([[1.0, -1.0], [1.0, -1.0]])
    assert dale_violations(W, [1, -1]) == 0
    assert dale_violations(W.T, [1, -1]) == 2


def test_a_subnormal_weight_of_the_wrong_sign_is_counted():
    assert dale_violations([[-5e-324]], [1]) == 1


def test_results_are_plain_numbers():
    for metric in OF_WEIGHTS:
        assert type(metric(np.eye(3, dtype=np.float32))) is float
    assert type(dale_violations(np.eye(3), np.ones(3))) is int


@pytest.mark.parametrize("metric", [*OF_WEIGHTS, lambda W: dale_violations(W, np.ones(2))])
@pytest.mark.parametrize(
    "W, words",
    [
        ([1.0, 2.0], r"square.*\(2,\)"),
        (np.ones((2, 3)), r"square.*\(2, 3\)"),
        (np.ones((2, 2, 2)), r"square.*\(2, 2, 2\)"),
        (np.ones((0, 0)), r"square.*\(0, 0\)"),
        ([[1.0, np.nan], [0.0, 1.0]], "finite"),
        ([[1.0, np.inf], [0.0, 1.0]], "finite"),
        (np.eye(2) * 1j, "real"),
        ([["a", "b"], ["c", "d"]], "numeric"),
        ([[1.0], [1.0, 2.0]], "numeric"),
    ],
)
def test_what_is_not_a_weight_matrix_is_refused(metric, W, words):
    with pytest.raises(ValueError, match=f"^W must .*{words}"):
        metric(W)


@pytest.mark.parametrize("signs", [[1, -1, 1], [[1, -1]], 1, [1, 2], [1, np.nan], [0.5, 1]])
def test_signs_that_do_not_fit_are_refused(signs):
    with pytest.raises(ValueError, match=r"^signs must"):
        dale_violations(np.eye(2), signs)
