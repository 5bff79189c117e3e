"""Initial weights: exact signs and mask, the promised spectrum, the promised distribution."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from distributions import SEEDS, assert_drawn_from
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from sk_biornn.initializers import (
    ConditioningWarning,
    biases,
    dale_spectral_weights,
    input_weights,
    readout_weights,
    recurrent_weights,
)
from sk_biornn.initializers._resolve import CLASSICAL, INITIALIZERS
from sk_biornn.initializers._spectral import _towards_orthogonal, _towards_spectrum
from sk_biornn.metrics import dale_violations, singular_value_gap, spectral_radius, svd_entropy

SPECTRA = ("flat", "gaussian")


def ei_signs(n_units, n_excitatory=None):
    n_excitatory = int(0.8 * n_units) if n_excitatory is None else n_excitatory
    return np.where(np.arange(n_units) < n_excitatory, 1.0, -1.0)


def sparse_mask(n_units, density, seed=0):
    return np.random.default_rng(seed).random((n_units, n_units)) < density


def draw(init, signs, mask=None, seed=0, **options):
    mask = np.ones((len(signs), len(signs)), dtype=bool) if mask is None else mask
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        return recurrent_weights(init, signs=signs, mask=mask, rng=rng, **options)


def check_exact(W, signs, mask):
    assert W.dtype == np.float64 and W.shape == mask.shape
    assert np.isfinite(W).all()
    assert dale_violations(W, signs) == 0
    assert not W[~mask].any()
    assert not np.signbit(W[W == 0]).any()


# --- every initialiser -------------------------------------------------------------------------


@settings(deadline=None, max_examples=120)
@given(
    st.sampled_from(sorted(INITIALIZERS)),
    st.integers(1, 24),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_signs_and_mask_hold_exactly_and_the_seed_decides(name, n_units, density, seed):
    rng = np.random.default_rng(seed)
    signs, mask = rng.choice((-1.0, 0.0, 1.0), n_units), rng.random((n_units, n_units)) < density
    W = draw(name, signs, mask, seed)
    check_exact(W, signs, mask)
    assert W.tobytes() == draw(name, signs, mask, seed).tobytes()


@pytest.mark.parametrize("name", INITIALIZERS)
def test_seeds_differ_and_the_generator_is_advanced(name):
    signs, rng = ei_signs(12), np.random.default_rng(3)
    mask = np.ones((12, 12), dtype=bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        drawn = [recurrent_weights(name, signs=signs, mask=mask, rng=rng) for _ in range(2)]
    assert not np.array_equal(*drawn)
    assert not np.array_equal(draw(name, signs, seed=0), draw(name, signs, seed=1))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_global_generator_is_left_alone(name):
    before = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
    draw(name, ei_signs(30))
    assert (np.random.get_state()[1].tobytes(), np.random.get_state()[2]) == before


@pytest.mark.parametrize("name", ["dale_orthogonal", "dale_gaussian", "orthogonal"])
def test_the_number_of_blas_threads_does_not_change_a_bit(name):
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            found.append(draw(name, ei_signs(100), spectral_radius=0.9).tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_spectral_radius_is_the_wanted_one(name):
    signs, mask = ei_signs(40), sparse_mask(40, 0.5)
    plain, scaled = draw(name, signs, mask), draw(name, signs, mask, spectral_radius=0.7)
    assert spectral_radius(scaled) == pytest.approx(0.7, rel=1e-6)
    np.testing.assert_allclose(scaled / scaled.max(), plain / plain.max(), rtol=1e-12)
    check_exact(scaled, signs, mask)


# --- alternating projections -------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_units", [50, 128, 300])
def test_flat_spectrum(n_units, seed):
    signs, mask = ei_signs(n_units), np.ones((n_units, n_units), dtype=bool)
    W = dale_spectral_weights(signs, random_state=seed)
    check_exact(W, signs, mask)
    assert svd_entropy(W) > 0.995
    assert singular_value_gap(W) < 1.3
    assert np.linalg.norm(W) == pytest.approx(np.sqrt(n_units), rel=1e-9)


def test_it_is_far_better_than_the_start():
    """Entropy and gap of the weights of the literature are those of its table."""
    signs = ei_signs(128)
    for name, entropy, gap in (("uniform", 0.894, 10.0), ("balanced", 0.876, 4.0)):
        W = draw(name, signs)
        assert svd_entropy(W) == pytest.approx(entropy, abs=0.01)
        assert singular_value_gap(W) == pytest.approx(gap, rel=0.15)


def test_the_limit_is_a_permutation_with_signs():
    """Columns of one sign are orthogonal only if disjoint: known where a full convergence ends."""
    signs = ei_signs(24)
    W = dale_spectral_weights(signs, tol=1e-4, max_iter=2000, random_state=3)
    strong = np.abs(W) > 0.5
    assert (strong.sum(axis=0) == 1).all() and (strong.sum(axis=1) == 1).all()
    np.testing.assert_allclose(W, strong * signs, atol=2e-3)


def test_a_larger_tolerance_leaves_more_inputs_per_unit():
    def n_effective(tol):
        W = np.abs(dale_spectral_weights(ei_signs(128), tol=tol, random_state=0))
        return np.mean(W.sum(axis=1) ** 2 / np.square(W).sum(axis=1))

    assert n_effective(0.2) > 2.0 > 1.2 > n_effective(0.03) >= 1.0


@pytest.mark.parametrize("n_units", [1, 2, 3, 5, 8, 9, 40])
def test_without_signs_the_weights_are_nearly_orthogonal_and_dense(n_units):
    for seed in range(4):
        W = dale_spectral_weights(np.zeros(n_units), random_state=seed)
        sigma = np.linalg.svd(W, compute_uv=False)
        assert 0.5 < sigma.min() <= sigma.max() < 1.3
        assert svd_entropy(W) > 0.99
        assert (W != 0).all()
    assert n_units < 40 or 0.4 < (W > 0).mean() < 0.6


@pytest.mark.parametrize("seed", range(3))
def test_gaussian_spectrum(seed):
    """Singular values of a Gaussian matrix follow the quarter circle law."""
    signs = ei_signs(150)
    W = dale_spectral_weights(signs, spectrum="gaussian", tol=0.02, random_state=seed)
    check_exact(W, signs, np.ones(W.shape, dtype=bool))
    x = np.linspace(0, 2, 2001)
    quarter_circle = np.cumsum(np.sqrt(4 - x**2)) / np.sqrt(4 - x**2).sum()
    expected = np.interp((np.arange(150) + 0.5) / 150, quarter_circle, x)
    found = np.sort(np.linalg.svd(W, compute_uv=False))
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.05
    assert singular_value_gap(W) < 1.35
    assert np.linalg.norm(W) == pytest.approx(np.sqrt(150), rel=1e-9)


def test_a_given_spectrum_is_reached_whatever_its_order_and_scale():
    target = 3e4 * np.linspace(0.2, 1.8, 60)
    rng = np.random.default_rng(0)
    W = dale_spectral_weights(
        ei_signs(60), spectrum=rng.permutation(target), tol=0.02, random_state=1
    )
    found = np.sort(np.linalg.svd(W, compute_uv=False))
    assert np.linalg.norm(found - target) < 0.03 * np.linalg.norm(target)
    assert np.linalg.norm(W) == pytest.approx(np.linalg.norm(target), rel=1e-9)


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_random_mask(spectrum):
    signs, mask = ei_signs(128), sparse_mask(128, 0.1)
    W = dale_spectral_weights(signs, mask, spectrum=spectrum, random_state=0)
    check_exact(W, signs, mask)
    assert svd_entropy(W) > {"flat": 0.985, "gaussian": 0.94}[spectrum]
    assert singular_value_gap(W) < 1.4


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize(
    "signs", [np.ones(40), -np.ones(40), ei_signs(40, 20), np.repeat([1, 0, -1], [20, 12, 8])]
)
def test_one_sign_only_free_units_and_no_autapses(signs, spectrum):
    mask = ~np.eye(40, dtype=bool)
    W = dale_spectral_weights(signs, mask, spectrum=spectrum, random_state=0)
    check_exact(W, signs, mask)
    assert svd_entropy(W) > {"flat": 0.98, "gaussian": 0.92}[spectrum]


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("rows, columns", [(3, 0), (0, 3), (5, 2), (15, 15), (20, 0), (19, 19)])
def test_empty_rows_and_columns(spectrum, rows, columns):
    signs, mask = ei_signs(20), np.ones((20, 20), dtype=bool)
    mask[:rows], mask[:, :columns] = False, False
    W = dale_spectral_weights(signs, mask, spectrum=spectrum, random_state=0)
    check_exact(W, signs, mask)
    rank = 20 - max(rows, columns)
    assert np.linalg.norm(W) == pytest.approx(np.sqrt(rank), abs=1e-9)
    if spectrum == "flat" and rank:
        assert np.linalg.svd(W, compute_uv=False)[rank - 1] > 0.4


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_a_mask_with_hubs(spectrum):
    """A few units receive or send almost everything: many large modes at the start."""
    signs, rng = ei_signs(80), np.random.default_rng(0)
    popularity = rng.pareto(0.7, 80)
    chance = np.outer(popularity, rng.permutation(popularity))
    mask = rng.random((80, 80)) < np.minimum(0.1 * chance / chance.mean(), 1)
    W = dale_spectral_weights(signs, mask, spectrum=spectrum, random_state=0)
    check_exact(W, signs, mask)
    assert singular_value_gap(W) < 2.0


@pytest.mark.parametrize("sign", [-1, 0, 1])
@pytest.mark.parametrize("spectrum", ["flat", "gaussian", [2.5]])
def test_a_single_unit(sign, spectrum):
    (weight,) = dale_spectral_weights([sign], spectrum=spectrum, random_state=0)[0]
    assert abs(weight) == pytest.approx(2.5 if spectrum == [2.5] else 1.0, rel=1e-6)
    assert weight * sign >= 0


def test_one_step_is_an_over_relaxed_projection_on_the_orthogonal_matrices():
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((30, 30)))[0] for _ in range(2))
    W = (left * rng.uniform(0.7, 1.0, 30)) @ right
    step = _towards_orthogonal(np.zeros(30), np.ones((30, 30), dtype=bool))
    moved, distance = step(W.astype(np.float32))
    polar = scipy.linalg.polar(W)[0]
    np.testing.assert_allclose(moved, W + 1.5 * (polar - W), atol=0.03)
    assert distance == pytest.approx(np.linalg.norm(W.T @ W - np.eye(30)) / 2 / 30**0.5, rel=1e-4)


def test_one_step_is_an_over_relaxed_projection_on_a_spectrum():
    rng = np.random.default_rng(0)
    W, target = rng.standard_normal((30, 30)), rng.uniform(20.0, 30.0, 30)
    U, s, Vt = np.linalg.svd(W)
    wanted = np.sort(target)[::-1]  # all larger than the present ones: nothing to overshoot
    moved, distance = _towards_spectrum(target)(W.astype(np.float32))
    np.testing.assert_allclose(moved, W + 1.5 * ((U * wanted) @ Vt - W), atol=0.02)
    assert distance == pytest.approx(np.linalg.norm(s - wanted) / np.linalg.norm(wanted), rel=1e-4)


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"signs": [1, 2]}, ValueError, r"^signs must .*\[2.0\]"),
        ({"signs": [[1, -1]]}, ValueError, r"^signs must .*\(1, 2\)"),
        ({"signs": []}, ValueError, r"^signs must .*\(0,\)"),
        ({"signs": ["E", "I"]}, ValueError, r"^signs must .*texts 'E', 'I'"),
        ({"mask": np.ones((3, 3))}, ValueError, r"^mask must .*\(2, 2\).*\(3, 3\)"),
        ({"mask": [[0.5, 1], [1, 1]]}, ValueError, r"^mask must be boolean"),
        ({"mask": [["a", "b"], ["c", "d"]]}, ValueError, r"^mask must be boolean"),
        ({"spectrum": "round"}, ValueError, r"^spectrum must be 'flat', 'gaussian' .*'round'"),
        ({"spectrum": [1.0, 2.0, 3.0]}, ValueError, r"^spectrum must .*\(2,\).*\(3,\)"),
        ({"spectrum": [1.0, -1.0]}, ValueError, r"^spectrum must .*non-negative"),
        ({"spectrum": [0.0, 0.0]}, ValueError, r"^spectrum must .*not all zero"),
        ({"spectrum": [np.nan, 1.0]}, ValueError, r"^spectrum must .*finite"),
        ({"spectrum": None}, ValueError, r"^spectrum must"),
        ({"spectrum": {}}, ValueError, r"^spectrum must .*dict"),
        ({"tol": -0.1}, ValueError, r"^tol must .*-0.1"),
        ({"tol": "small"}, TypeError, r"^tol must .*'small'"),
        ({"max_iter": 0}, ValueError, r"^max_iter must .*0"),
        ({"max_iter": 2.5}, TypeError, r"^max_iter must .*2.5"),
        ({"random_state": "a"}, TypeError, r"^random_state must"),
    ],
)
def test_bad_arguments_of_the_spectral_initialiser(options, error, words):
    with pytest.raises(error, match=words):
        dale_spectral_weights(**{"signs": [1, -1], **options})


# --- the other distributions -------------------------------------------------------------------


def test_uniform_weights_are_uniform():
    signs = np.repeat([1.0, 0.0, -1.0], 40)
    W = np.vstack([draw("uniform", signs, seed=seed) for seed in SEEDS]) * np.sqrt(120)
    for low, width, columns in ((0, 1, W[:, :40]), (-1, 2, W[:, 40:80]), (-1, 1, W[:, 80:])):
        assert columns.min() >= low and columns.max() <= low + width
        assert_drawn_from(columns, "uniform", (low, width))


def test_balanced_weights_cancel_and_have_unit_row_variance():
    """Row by row, also where the mask leaves other numbers of E and I than the network has."""
    signs, mask = ei_signs(40, 28), sparse_mask(40, 0.5)
    drawn = np.stack([draw("balanced", signs, mask, seed) for seed in range(400)])
    W, squares = drawn.mean(axis=0), np.square(drawn).mean(axis=0)
    assert np.abs(W.sum(axis=1)).max() < 5 / np.sqrt(400)  # five standard errors
    variances = squares.sum(axis=1) / 2  # of an exponential weight: half its mean square
    np.testing.assert_allclose(variances, 1.0, atol=0.15)
    assert variances.mean() == pytest.approx(1.0, abs=0.02)


def test_balanced_weights_are_exponential():
    W = np.vstack([draw("balanced", ei_signs(300, 240), seed=seed) for seed in SEEDS])
    means = np.sqrt([60 / (240 * 300), 240 / (60 * 300)])
    for values, mean in zip((W[:, :240], -W[:, 240:]), means, strict=True):
        assert_drawn_from(values, "expon", (0, mean))


@pytest.mark.parametrize("sign", [-1.0, 0.0, 1.0])
def test_balanced_weights_of_one_kind_have_unit_row_variance(sign):
    # The variance of 8 * 90,000 exponential numbers is right to sqrt(8 / 720,000): nine of these.
    W = np.vstack([draw("balanced", np.full(300, sign), seed=seed) for seed in SEEDS])
    assert 300 * W.var() == pytest.approx(1.0, rel=0.03)


def test_orthogonal_without_signs():
    W = draw("orthogonal", np.zeros(25))
    np.testing.assert_allclose(W.T @ W, np.eye(25), atol=1e-12)
    # Uniform over all of them, not only near the identity: traces have mean 0 and variance 1.
    traces = [np.trace(draw("orthogonal", np.zeros(3), seed=seed)) for seed in range(1200)]
    assert abs(np.mean(traces)) < 0.25  # more than eight standard errors


@pytest.mark.parametrize(
    "name, law, scale",
    [
        ("glorot_normal", "norm", (0, (1 / 120) ** 0.5)),
        ("he_normal", "norm", (0, (2 / 120) ** 0.5)),
        ("he_uniform", "uniform", (-((6 / 120) ** 0.5), 2 * (6 / 120) ** 0.5)),
    ],
)
def test_classical_distributions(name, law, scale):
    values = np.stack([draw(name, np.zeros(120), seed=seed) for seed in SEEDS])
    assert_drawn_from(values, law, scale)
    mean, variance = getattr(scipy.stats, law)(*scale).stats()
    # Standard errors: sqrt(variance / n), and at most variance * sqrt(2 / n), that of a Gaussian.
    assert abs(values.mean() - mean) < 8 * np.sqrt(variance / values.size)
    assert abs(values.var() / variance - 1) < 8 * np.sqrt(2 / values.size)


@pytest.mark.parametrize(
    "name, gain", [("glorot_normal_truncated", 1.0), ("he_normal_truncated", 2.0)]
)
def test_truncated_weights_are_those_of_keras(name, gain):
    """A Gaussian cut at 2 sd, and wider beforehand: the sd after the cut is as without one."""
    left = scipy.stats.norm.cdf(2) - scipy.stats.norm.cdf(-2)
    share = np.sqrt(1 - 4 * scipy.stats.norm.pdf(2) / left)  # of the sd that the cut leaves
    assert share == pytest.approx(0.87962566103423978, rel=1e-14)  # as Keras writes it
    wanted = np.sqrt(gain / 120)
    values = np.stack([draw(name, np.zeros(120), seed=seed) for seed in SEEDS])
    assert_drawn_from(values, "truncnorm", (-2, 2, 0, wanted / share))
    assert np.abs(values).max() <= 2 * wanted / share
    assert np.abs(values).max() > 1.99 * wanted / share  # missed by all with chance 1e-57
    assert abs(values.mean()) < 8 * wanted / np.sqrt(values.size)
    # The kurtosis of what is left is below 3, so sqrt(2 / n) is more than the standard error.
    assert abs(values.var() / wanted**2 - 1) < 8 * np.sqrt(2 / values.size)


@pytest.mark.parametrize("name", CLASSICAL)
def test_classical_weights_under_dales_law_keep_their_size(name):
    signs, mask = ei_signs(15), sparse_mask(15, 0.5)
    expected = np.abs(draw(name, np.zeros(15))) * signs * mask
    np.testing.assert_array_equal(draw(name, signs, mask), expected)


@pytest.mark.parametrize(
    "make, shape",
    [
        (lambda rng: input_weights(900, 7, rng), (900, 7)),
        (lambda rng: readout_weights(7, 900, rng), (7, 900)),
        (lambda rng: biases(5000, 900, rng), (5000,)),
    ],
)
def test_feedforward_weights_are_uniform_as_in_torch(make, shape):
    drawn = [make(np.random.default_rng(seed)) for seed in SEEDS]
    assert all(values.shape == shape and values.dtype == np.float64 for values in drawn)
    assert_drawn_from(drawn, "uniform", (-1 / 30, 2 / 30))


# --- what the user hands over ------------------------------------------------------------------

SIGNS = np.array([1.0, 1.0, 0.0, -1.0])
MASK = ~np.eye(4, dtype=bool)
FITTING = np.array([[0, 1, -2, -3], [1, 0, 2, -3], [1, 0, 0, 0], [0.5, 1, 0, 0]])


class Given:
    """An initializer of the user that returns what it was given."""

    def __init__(self, weights):
        self.weights = weights

    def sample(self, *, signs, mask, rng):
        assert signs is SIGNS and mask is MASK and isinstance(rng, np.random.Generator)
        return self.weights


@pytest.mark.parametrize("wrap", [lambda W: W, lambda W: W.tolist(), Given])
def test_weights_that_fit_are_copied(wrap):
    W = draw(wrap(FITTING), SIGNS, MASK)
    np.testing.assert_array_equal(W, FITTING)
    assert not np.shares_memory(W, FITTING)


def with_weight(post, pre, weight):
    W = FITTING.copy()
    W[post, pre] = weight
    return W


@pytest.mark.parametrize("wrap", [lambda W: W, Given])
@pytest.mark.parametrize(
    "W, words",
    [
        (np.ones((3, 4)), r"must have shape \(4, 4\), got \(3, 4\)"),
        (np.float64(3.0), r"must have shape \(4, 4\), got \(\)"),
        (with_weight(0, 1, np.nan), "must be finite"),
        (with_weight(0, 1, -np.inf), "must be finite"),
        (with_weight(1, 1, 1e-300), r"1 of 16 weights off the mask.*\[post=1, pre=1\]: 1e-300"),
        (with_weight(2, 1, -1e-12), r"1 of 16 .*wrong sign.*\[post=2, pre=1\]: -1e-12"),
        (FITTING * [-1, -1, 1, 1], r"5 of 16 .*wrong sign.*\[post=0, pre=1\]: -1"),
    ],
)
def test_weights_that_do_not_fit_are_refused(wrap, W, words):
    with pytest.raises(ValueError, match=f"recurrent_init must .*{words}|recurrent_init {words}"):
        draw(wrap(W), SIGNS, MASK)


@pytest.mark.parametrize("init", ["xavier", "Uniform", "", None, {}, Given, [["a"] * 4] * 4])
def test_what_is_no_initialiser_is_refused_with_the_choices(init):
    error = TypeError if init is None else ValueError
    with pytest.raises(error, match=r"^recurrent_init must be one of .*'dale_orthogonal'"):
        draw(init, SIGNS, MASK)


def test_a_spectral_radius_out_of_reach_or_range_is_refused():
    with pytest.raises(ValueError, match=r"^spectral_radius=0.9 cannot be reached"):
        draw(np.tril(np.ones((4, 4)), -1), np.zeros(4), spectral_radius=0.9)
    for radius in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"^spectral_radius must"):
            draw("uniform", SIGNS, spectral_radius=radius)
    with pytest.raises(TypeError, match=r"^spectral_radius must"):
        draw("uniform", SIGNS, spectral_radius="large")


# --- warnings ----------------------------------------------------------------------------------


def resolve(init, signs):
    mask = np.ones((len(signs), len(signs)), dtype=bool)
    return recurrent_weights(init, signs=signs, mask=mask, rng=np.random.default_rng(0))


@pytest.mark.parametrize("n_units", [20, 60])
def test_good_weights_never_warn(n_units):
    """Warnings are errors here. Also as arrays, of which nothing is known but their values."""
    for name in CLASSICAL:
        for seed in range(10):
            free = np.zeros(n_units)
            resolve(draw(name, free, seed=seed), free)
    for name in ("dale_orthogonal", "dale_gaussian"):
        for seed in range(10):
            signs = ei_signs(n_units)
            resolve(draw(name, signs, seed=seed), signs)


@pytest.mark.parametrize("name", ["uniform", "balanced", "dale_orthogonal", "dale_gaussian"])
def test_what_is_made_for_dales_law_does_not_warn_by_name(name):
    assert singular_value_gap(draw("uniform", ei_signs(100))) > 5
    resolve(name, ei_signs(100))


@pytest.mark.parametrize("name", CLASSICAL)
def test_classical_weights_warn_only_under_dales_law(name):
    resolve(name, np.zeros(100))
    with pytest.warns(ConditioningWarning, match=r"^recurrent_init .*dale_orthogonal"):
        resolve(name, ei_signs(100))


def test_badly_conditioned_arrays_and_objects_warn():
    signs = ei_signs(100)
    array = draw("uniform", signs)

    class Same:
        def sample(self, *, signs, mask, rng):
            return array

    for init in (array, Same(), np.diag(np.r_[np.ones(5), np.zeros(95)]) * signs, 0.0 * array):
        with pytest.warns(ConditioningWarning, match=r"^recurrent_init .*dale_orthogonal"):
            resolve(init, signs)
    assert issubclass(ConditioningWarning, UserWarning)


def test_small_networks_are_not_judged():
    resolve(draw("uniform", ei_signs(19)), ei_signs(19))
    resolve(np.zeros((19, 19)), ei_signs(19))


# ------------------------------------------------------------------ input and read-out


def test_glorot_feedforward_weights_fill_their_bound_and_start_without_bias():
    rng = np.random.default_rng(0)
    w_in = [input_weights(300, 20, rng, "glorot_uniform") for _ in SEEDS]
    w_out = [readout_weights(4, 300, rng, "glorot_uniform") for _ in SEEDS]
    for weights, sizes in ((w_in, 320), (w_out, 304)):
        bound = np.sqrt(6 / sizes)
        assert np.abs(weights).max() <= bound
        assert_drawn_from(weights, "uniform", (-bound, 2 * bound))
    assert not biases(300, 300, rng, "glorot_uniform").any()
