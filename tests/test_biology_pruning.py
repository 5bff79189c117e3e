"""Pruners: exact densities and inclusion probabilities, against closed forms and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import brentq

from sk_biornn.biology import (
    MagnitudePruning,
    RandomPruning,
    TopProbPruning,
    keep_probabilities,
    systematic_sample,
)
from sk_biornn.biology.pruning import _legacy_probabilities

ALL = {
    "top-prob": TopProbPruning(),
    "top-prob, fixed": TopProbPruning(fixed_count=True),
    "legacy": TopProbPruning(legacy=True),
    "magnitude": MagnitudePruning(),
    "random": RandomPruning(),
    "random, fixed": RandomPruning(fixed_count=True),
}
EXACT = ("top-prob, fixed", "magnitude", "random, fixed")
every_pruner = pytest.mark.parametrize("pruner", ALL.values(), ids=ALL)

weights_strategy = hnp.arrays(
    np.float64,
    st.integers(1, 12),
    elements=st.one_of(st.just(0.0), st.floats(-10, 10), st.sampled_from([1e-300, -1e-12, 1e12])),
)


def network(n=30, seed=0, zeros=0.2):
    """Return weights under Dale's law with exact zeros, their signs, and a mask."""
    rng = np.random.default_rng(seed)
    signs = np.where(np.arange(n) < 0.8 * n, 1.0, -1.0)
    W = np.abs(rng.standard_normal((n, n))) * signs * (rng.random((n, n)) > zeros)
    return W, signs, rng.random((n, n)) < 0.7


# ------------------------------------------------------------------ inclusion probabilities


def test_probabilities_in_closed_form():
    np.testing.assert_allclose(keep_probabilities([1, 2, 3, 4], 2), [0.2, 0.4, 0.6, 0.8])
    np.testing.assert_allclose(keep_probabilities([1, -1, 8], 2), [0.5, 0.5, 1])
    np.testing.assert_allclose(keep_probabilities([1, 1, 4, 8, 0], 3), [0.5, 0.5, 1, 1, 0])
    np.testing.assert_allclose(keep_probabilities([[1, 1], [1, 1]], 1), [[0.25, 0.25]] * 2)


@pytest.mark.parametrize("seed", range(5))
def test_factor_is_that_of_a_root_finder(seed):
    rng = np.random.default_rng(seed)
    w = rng.standard_cauchy(200) * (rng.random(200) > 0.3)
    n_kept = 0.6 * np.count_nonzero(w)

    def surplus(log_factor):
        return np.minimum(1, np.exp(log_factor) * np.abs(w)).sum() - n_kept

    factor = np.exp(brentq(surplus, -20, 20, xtol=1e-14))
    expected = np.minimum(1, factor * np.abs(w))
    assert (expected == 1).sum() > 5  # some are clipped, or there would be nothing to solve
    np.testing.assert_allclose(keep_probabilities(w, n_kept), expected, rtol=1e-10)


@given(weights_strategy, st.floats(0, 15))
@settings(deadline=None, max_examples=200)
def test_probabilities_sum_to_the_target_and_grow_with_the_weight(w, n_kept):
    p = keep_probabilities(w, n_kept)
    assert ((p >= 0) & (p <= 1)).all()
    assert (p[w == 0] == 0).all()
    assert p.sum() == pytest.approx(min(n_kept, np.count_nonzero(w)), rel=1e-9)
    order = np.argsort(np.abs(w))
    assert (np.diff(p[order]) >= 0).all()


@given(weights_strategy, st.integers(0, 12))
@settings(deadline=None, max_examples=100)
def test_as_many_certain_entries_as_asked_for_are_kept_as_they_are(w, n_kept):
    """Probabilities of 0 and 1 are a fixed point: pruning what is pruned changes nothing."""
    kept = systematic_sample(keep_probabilities(w, n_kept), 0)
    np.testing.assert_array_equal(keep_probabilities(w * kept, n_kept), kept)


def test_unusual_numbers_are_refused():
    with pytest.raises(ValueError, match="weights must be finite"):
        keep_probabilities([1.0, np.nan], 1)
    with pytest.raises(ValueError, match="n_kept must be at least 0, got -1"):
        keep_probabilities([1.0], -1)
    with pytest.raises(ValueError, match=r"probabilities must be in \[0, 1\]"):
        systematic_sample([0.5, 1.5])


# ------------------------------------------------------------------ systematic sampling


@given(st.lists(st.floats(0, 1), max_size=12), st.integers(0, 1000))
@settings(deadline=None, max_examples=200)
def test_systematic_sample_has_one_of_the_two_sizes(probabilities, seed):
    taken = systematic_sample(probabilities, seed).sum()
    total = sum(probabilities)
    assert np.floor(total - 1e-9) <= taken <= np.ceil(total + 1e-9)


def test_size_is_fixed_where_the_sum_is_an_integer():
    p = keep_probabilities(np.random.default_rng(0).standard_normal((40, 40)), 160)
    assert {systematic_sample(p, seed).sum() for seed in range(200)} == {160}


def frequencies(draw, n_draws):
    return sum(draw(seed).astype(float) for seed in range(n_draws)) / n_draws


@pytest.mark.parametrize("n_kept", [3, 2.6])
def test_inclusion_probabilities_of_the_systematic_sample(n_kept):
    p = keep_probabilities([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 5.0], n_kept)
    n_draws = 4000
    found = frequencies(lambda seed: systematic_sample(p, seed), n_draws)
    np.testing.assert_allclose(found, p, atol=4 * np.sqrt(0.25 / n_draws))
    assert found[-1] == 1


@pytest.mark.parametrize("name", ["top-prob", "top-prob, fixed", "random", "random, fixed"])
def test_inclusion_probabilities_of_the_pruners(name):
    W, _, mask = network(6)
    target = 0.3
    sizes = np.abs(W * mask) if "top" in name else (W * mask != 0)
    expected = keep_probabilities(sizes, target * 36)
    n_draws = 3000
    found = frequencies(
        lambda seed: ALL[name].prune(W, target, mask=mask, random_state=seed)[0], n_draws
    )
    np.testing.assert_allclose(found, expected, atol=4 * np.sqrt(0.25 / n_draws))


# ------------------------------------------------------------------ densities


@every_pruner
@given(
    W=hnp.arrays(np.float64, st.integers(0, 8).map(lambda n: (n, n)), elements=st.floats(-2, 2)),
    density=st.floats(0, 1),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=60)
def test_only_existing_weights_are_kept(pruner, W, density, seed):
    kept, achieved = pruner.prune(W, density, random_state=seed)
    assert not kept[W == 0].any()
    if W.size:
        assert achieved == kept.mean()
    else:
        assert np.isnan(achieved)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("density", [0.0, 0.01, 0.1, 0.25, 0.5])
def test_densities_are_exact(name, density):
    W, _, _ = network(20)
    kept, achieved = ALL[name].prune(W, density, random_state=1)
    assert achieved == density == kept.sum() / 400


def test_a_density_between_two_counts_is_met_in_expectation():
    W = np.random.default_rng(0).standard_normal((5, 5))
    pruner = TopProbPruning(fixed_count=True)  # 0.3 * 25 = 7.5
    counts = [pruner.prune(W, 0.3, random_state=seed)[0].sum() for seed in range(400)]
    assert set(counts) == {7, 8}
    assert np.mean(counts) == pytest.approx(7.5, abs=4 * 0.5 / 20)
    assert MagnitudePruning().prune(W, 0.3)[0].sum() == 8  # halves are rounded up


@every_pruner
def test_no_density_and_more_than_there_is(pruner):
    W, _, _ = network()
    assert not pruner.prune(W, 0.0, random_state=0)[0].any()
    for density in (1.0, 0.95):
        kept, achieved = pruner.prune(W, density, random_state=0)
        np.testing.assert_array_equal(kept, W != 0)
        assert achieved == np.mean(W != 0) < 0.9


@every_pruner
def test_what_a_mask_forbids_counts_in_the_density_but_is_not_kept(pruner):
    W, _, mask = network()
    kept, achieved = pruner.prune(W, 0.2, mask=mask, random_state=0)
    assert not kept[~mask].any()
    if pruner in [ALL[name] for name in EXACT]:
        assert achieved == 0.2
    kept, achieved = pruner.prune(W, 0.9, mask=mask, random_state=0)
    np.testing.assert_array_equal(kept, mask & (W != 0))


@every_pruner
def test_blocks_have_their_own_densities(pruner):
    W, _, _ = network(40, zeros=0)
    blocks = np.arange(40) % 2
    W[np.ix_(blocks == 0, blocks == 1)] = 0  # a block without any weight
    density = np.array([[0.5, 0.3], [0.1, 0.0]])
    kept, achieved = pruner.prune(W, density, blocks=blocks, random_state=0)
    for post in range(2):
        for pre in range(2):
            assert achieved[post, pre] == kept[np.ix_(blocks == post, blocks == pre)].mean()
    assert achieved[0, 1] == achieved[1, 1] == 0
    if pruner in [ALL[name] for name in EXACT]:
        np.testing.assert_array_equal(achieved, [[0.5, 0], [0.1, 0]])


def test_one_density_for_all_blocks_and_blocks_without_units():
    W, _, _ = network(40, zeros=0)
    blocks = np.repeat([0, 2], 20)
    _, achieved = MagnitudePruning().prune(W, 0.25, blocks=blocks)
    np.testing.assert_array_equal(achieved, [[0.25, np.nan, 0.25], [np.nan] * 3, achieved[0]])


def test_several_blocks_are_the_same_as_one_at_a_time():
    W, _, _ = network(30)
    blocks = np.repeat([0, 1], [10, 20])
    kept, _ = MagnitudePruning().prune(W, [[0.2, 0.4], [0.1, 0.3]], blocks=blocks)
    first = MagnitudePruning().prune(W[:10, :10], 0.2)[0]
    np.testing.assert_array_equal(kept[:10, :10], first)


@every_pruner
def test_dales_law_is_kept_and_the_seed_decides(pruner):
    W, signs, mask = network()
    kept, _ = pruner.prune(W, 0.3, mask=mask, random_state=3)
    assert (np.where(kept, W, 0) * signs >= 0).all()
    np.testing.assert_array_equal(kept, pruner.prune(W, 0.3, mask=mask, random_state=3)[0])
    global_state = np.random.get_state()[1].copy()
    pruner.prune(W, 0.3, random_state=None)
    np.testing.assert_array_equal(global_state, np.random.get_state()[1])


# ------------------------------------------------------------------ which weights


def test_magnitude_keeps_the_largest_and_breaks_ties_in_reading_order():
    W, _, _ = network(20)
    kept, _ = MagnitudePruning().prune(W, 0.25)
    assert np.abs(W[kept]).min() >= np.abs(W[~kept]).max()
    kept, _ = MagnitudePruning().prune(np.ones((2, 2)), 0.5)
    assert kept.tolist() == [[True, True], [False, False]]


def test_magnitude_of_what_was_pruned_changes_nothing():
    W, _, _ = network(20)
    kept, _ = MagnitudePruning().prune(W, 0.25)
    np.testing.assert_array_equal(kept, MagnitudePruning().prune(W * kept, 0.25)[0])


def test_random_does_not_look_at_weights():
    W, _, _ = network(40)
    one, other = (RandomPruning().prune(values, 0.3, random_state=0)[0] for values in (W, W != 0))
    np.testing.assert_array_equal(one, other)


# ------------------------------------------------------------------ the published formula


def test_legacy_is_the_published_formula():
    A = np.array([[0.8, 0.1, 0.0], [0.2, 0.2, 0.1]])
    n, zeros = 6, 1 + 2
    sparsity = (0.7 * n - zeros) / (n - zeros)
    expected = n * (1 - sparsity) * A / A.sum()
    assert expected.max() > 1  # its excess is shared by the entries below 1
    shared = np.where(expected < 1, expected + (expected.max() - 1) / 5, 1)
    assert shared.max() == 1
    np.testing.assert_allclose(_legacy_probabilities(A, 0.3), shared)


def test_legacy_keeps_too_much_where_there_are_zeros():
    W, _, _ = network(60, zeros=0.17)
    expected = _legacy_probabilities(W, 0.1)[W != 0].sum() / W.size
    assert 1.07 < expected / 0.1 < 1.25
    exact = keep_probabilities(W, 0.1 * W.size).sum() / W.size
    assert exact == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize("W", [np.zeros((3, 3)), np.diag([0.0, 0, 2]), [[1.0]]])
def test_legacy_where_its_formula_divides_by_zero(W):
    kept, _ = TopProbPruning(legacy=True).prune(W, 0.9, random_state=0)
    assert not kept[np.asarray(W) == 0].any()


# ------------------------------------------------------------------ what does not fit

WRONG = {
    r"W must be a square matrix of numbers, got shape \(2, 3\)": {"W": np.ones((2, 3))},
    "W must be finite": {"W": np.array([[np.inf]])},
    r"density must be in \[0, 1\], got 1.5": {"density": 1.5},
    r"density must be in \[0, 1\], got nan": {"density": np.nan},
    r"square matrix \[post, pre\], got shape \(2,\)": {"density": [0.1, 0.2]},
    "blocks must say the block of each unit": {"density": np.eye(2)},
    r"blocks must have one non-negative int per unit, shape \(4,\)": {"blocks": [0, 1]},
    "a row and a column for each of the 3 blocks": {"density": np.eye(2), "blocks": [0, 1, 2, 2]},
    r"mask must have shape \(4, 4\), got shape \(2, 2\)": {"mask": np.eye(2)},
}


@every_pruner
@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_refused(pruner, message):
    arguments = {"W": np.ones((4, 4)), "density": 0.5, **WRONG[message]}
    with pytest.raises(ValueError, match=message):
        pruner.prune(**arguments)


def test_a_density_must_be_a_number():
    with pytest.raises(TypeError, match="density must be a number or a square matrix of numbers"):
        TopProbPruning().prune(np.ones((2, 2)), "dense")
