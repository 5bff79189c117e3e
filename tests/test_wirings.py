"""Wirings made by chance: the law of what is drawn, exactly kept degrees, and memory."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from sk_biornn._distinct import distinct_integers
from sk_biornn.biology import draw_synapses, excitatory_inhibitory_populations
from sk_biornn.datasets import make_brain_wiring, rewire_connectome, sample_connectome
from sk_biornn.datasets.wirings import _distance
from sk_biornn.datasets.wirings._rewire import _allowed, swapped
from sk_biornn.datasets.wirings._tree import kd_tree
from sk_biornn.units import Connectome

CHANCE = 1e-9  # that a right law is refused, for any one stream of random numbers


def assert_counts_are(observed, expected, variance):
    """Sums of independent trials, by the smaller of two bounds of their tails; none of them empty.

    That of Bernstein, and the tail of Poisson, which is heavier (Hoeffding, 1956).
    """
    observed, expected, variance = np.broadcast_arrays(observed, expected, variance)
    assert (np.exp(-expected) < CHANCE).all()  # so many are expected that to see none is refused
    away = np.abs(observed - expected)
    bernstein = 2 * np.exp(-(away**2) / (2 * (variance + away / 3) + 1e-9))
    poisson = 2 * np.where(
        observed > expected,
        scipy.stats.poisson.sf(observed - 1, expected),
        scipy.stats.poisson.cdf(observed, expected),
    )
    assert (np.minimum(bernstein, poisson) > CHANCE).all()


def pooled(expected, least=30.0):
    """Return the pool of each of a row of counts; in every pool at least 30 are expected."""
    pools, pool, total = [], 0, 0.0
    for value in expected:
        pools.append(pool)
        total += value
        if total >= least:
            pool, total = pool + 1, 0.0
    return np.minimum(pools, pool - 1)


def assert_equally_likely(found, outcomes):
    """Pearson's statistic of all outcomes, each of which is expected often."""
    counts = np.array([found[outcome] for outcome in outcomes])
    assert counts.sum() == sum(found.values()) and counts.sum() / len(counts) > 20
    assert scipy.stats.chisquare(counts).pvalue > CHANCE


# Different integers -----------------------------------------------------------------------------


def test_every_subset_is_equally_likely():
    n_draws = 4000
    sizes, counts = np.tile([5, 1, 6], n_draws), np.tile([2, 0, 5], n_draws)
    ranges, values = distinct_integers(sizes, counts, np.random.default_rng(0))
    assert ranges.tolist() == np.repeat(np.arange(3 * n_draws), counts).tolist()
    of_range = np.split(values, np.cumsum(counts)[:-1])
    for first, size, count in ((0, 5, 2), (2, 6, 5)):
        found = Counter(tuple(drawn.tolist()) for drawn in of_range[first::3])
        assert_equally_likely(found, list(itertools.combinations(range(size), count)))


@given(
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=5),
    shares=st.lists(st.floats(0, 1), min_size=5, max_size=5),
)
def test_integers_are_different_and_in_their_range(sizes, shares):
    counts = np.round(np.array(sizes) * shares[: len(sizes)]).astype(int)
    ranges, values = distinct_integers(np.array(sizes), counts, np.random.default_rng(0))
    assert np.bincount(ranges, minlength=len(sizes)).tolist() == counts.tolist()
    assert (values >= 0).all() and (values < np.array(sizes)[ranges]).all()
    assert len({*zip(ranges.tolist(), values.tolist(), strict=True)}) == counts.sum()


def test_most_of_a_large_range_is_drawn_at_once():
    n_draws = 3000
    ranges, values = distinct_integers(
        np.full(n_draws, 100), np.full(n_draws, 99), np.random.default_rng(0)
    )
    missing = 99 * 100 // 2 - np.bincount(ranges, weights=values).astype(int)
    assert_equally_likely(Counter(missing.tolist()), range(100))


# By distance ------------------------------------------------------------------------------------

LAWS = {
    "exponential": lambda d: 0.2 * np.exp(-d / 0.1),
    "near certain": lambda d: np.exp(-d / 0.05),
    "gaussian": lambda d: 0.9 * np.exp(-((d / 0.12) ** 2)),
    "step": lambda d: np.where(d < 0.06, 0.5, 0.0),
    "wide step": lambda d: np.where(d < 0.35, 0.1, 0.0),
    "constant": lambda d: 0.02,
    "step to a floor": lambda d: np.where(d < 0.1, 0.3, 0.001),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n_dimensions", [1, 2, 3])
def test_pairs_are_joined_with_the_probability_of_their_distance(law, n_dimensions):
    rng = np.random.default_rng(n_dimensions)
    positions = rng.random((900, n_dimensions)) * [1, 2, 0.5][:n_dimensions]
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
    p = np.broadcast_to(LAWS[law](distance), distance.shape)
    n_draws = int(np.ceil(30 / min(p.sum(axis=0).min(), p.sum(axis=1).min())))
    there, both = np.zeros_like(p), 0
    for _ in range(n_draws):
        drawn = sample_connectome(positions, LAWS[law], autapses=True, random_state=rng).weights
        assert (drawn.data == 1).all()
        there[drawn.nonzero()] += 1
        both += sp.triu(drawn * drawn.T, 1).nnz
    assert not there[p == 0].any()
    # By distance, and in every row and column: where someone is must not matter.
    edges = np.quantile(distance, np.linspace(0, 1, 21))
    ring = np.digitize(-distance, -edges[-2:0:-1]).ravel()  # from the farthest
    ring = pooled(n_draws * np.bincount(ring, weights=p.ravel()))[ring]
    for of_pair in (ring, np.indices(p.shape)[0].ravel(), np.indices(p.shape)[1].ravel()):
        sums = [np.bincount(of_pair, weights=values.ravel()) for values in (there, p, p * (1 - p))]
        assert_counts_are(sums[0], n_draws * sums[1], n_draws * sums[2])
    square = (p * p.T)[np.triu_indices(900, 1)]
    assert_counts_are(both, n_draws * square.sum(), n_draws * (square * (1 - square)).sum())


@pytest.mark.parametrize("few", [0.0, 8.0, 1e9])
def test_every_pair_of_a_small_circuit_has_its_probability(monkeypatch, few):
    """However the blocks are cut: to single pairs, or not at all."""
    monkeypatch.setattr(_distance, "_FEW", few)
    positions, n_draws = np.random.default_rng(0).random((9, 2)), 600
    law = lambda d: 0.24 * np.exp(-d)  # noqa: E731
    rng = np.random.default_rng(1)
    counts = sum(
        sample_connectome(positions, law, random_state=rng).weights.toarray()
        for _ in range(n_draws)
    )
    p = law(np.linalg.norm(positions[:, None] - positions, axis=-1))
    np.fill_diagonal(p, 0)
    assert (np.diag(counts) == 0).all()
    others = ~np.eye(9, dtype=bool)
    counts, p = counts[others], p[others]
    assert_counts_are(counts, n_draws * p, n_draws * p * (1 - p))


def test_the_number_of_connections_varies_as_that_of_independent_pairs():
    """Chi-square of the variance, for one tight block, for many, and for populations."""
    rng, p, n_draws = np.random.default_rng(0), 0.1, 400
    positions = rng.random((30, 2))
    table = excitatory_inhibitory_populations(30, 0.5)
    draws = {
        "constant": (
            870,
            lambda: sample_connectome(positions, lambda d: p, random_state=rng).weights,
        ),
        "blocks": (900, lambda: draw_synapses(table, np.full((2, 2), p), rng, sparse=True)),
    }
    for n_pairs, draw in draws.values():
        counts = [draw().nnz for _ in range(n_draws)]
        statistic = (n_draws - 1) * np.var(counts, ddof=1) / (n_pairs * p * (1 - p))
        assert CHANCE < scipy.stats.chi2.cdf(statistic, n_draws - 1) < 1 - CHANCE


def test_the_number_of_connections_is_that_of_the_formula():
    """8 pi lambda^3 p0 u in space: counted of the units far from the borders."""
    n_units, scale, p0 = 20_000, 1.0, 0.05
    side = 20.0
    positions = np.random.default_rng(0).random((n_units, 3)) * side
    tracemalloc.start()
    tissue = sample_connectome(positions, lambda d: p0 * np.exp(-d / scale), random_state=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    inner = (np.abs(positions - side / 2) < side / 2 - 6 * scale).all(axis=1)
    expected = 8 * np.pi * scale**3 * p0 * n_units / side**3
    for axis in (0, 1):
        mean = tissue.weights.sum(axis=axis)[inner].mean()
        assert mean == pytest.approx(expected, rel=0.06)
    assert peak < 2**28  # of all pairs: 3.2 GB


def test_a_connectome_by_distance_is_complete_and_repeatable():
    positions = np.random.default_rng(0).random((30, 3))
    how = {"signs": np.ones(30), "types": ["a"] * 30, "names": [f"n{i}" for i in range(30)]}
    one, two = (
        sample_connectome(positions, lambda d: 0.3 - 0.1 * d, random_state=5, **how)
        for _ in range(2)
    )
    assert repr(one).endswith("with signs, positions, types)") and one.names[3] == "n3"
    assert (one.weights != two.weights).nnz == 0 and one.is_sparse
    assert (one.positions == positions).all()
    everybody = sample_connectome([[0.0], [5.0], [5.0]], lambda d: np.ones_like(d))
    assert everybody.weights.toarray().tolist() == (1 - np.eye(3)).tolist()
    assert sample_connectome([[0.0]], lambda d: 1.0, autapses=True).weights.nnz == 1
    assert sample_connectome(positions, lambda d: 0 * d).weights.nnz == 0


def test_positions_with_names_go_by_name():
    table = pd.DataFrame(np.random.default_rng(0).random((4, 2)), list("dcba"), ["x", "y"])
    law = {"probability_of_distance": lambda d: 0.5 * np.exp(-d), "random_state": 0}
    own = sample_connectome(table, **law)
    assert own.names == tuple("dcba") and (own.positions == table.to_numpy()).all()
    asked = sample_connectome(table, names=list("abcd"), **law)
    assert asked.names == tuple("abcd")
    assert (asked.positions == table.loc[list("abcd")].to_numpy()).all()
    called = sample_connectome(table.rename_axis("post"), names=iter("abcd"), **law)
    assert (called.positions == asked.positions).all()
    with pytest.raises(TypeError, match="names must be a sequence of 4 texts, got str 'abcd'"):
        sample_connectome(table, names="abcd", **law)
    numbered = sample_connectome(table.reset_index(drop=True), names=list("abcd"), **law)
    assert (numbered.positions == table.to_numpy()).all()
    ids = sample_connectome(table.set_axis([40, 10, 30, 20]), **law)
    assert ids.names == ("40", "10", "30", "20") and (ids.positions == table.to_numpy()).all()
    with pytest.raises(ValueError, match=r"^positions must have the same names as names, got d"):
        sample_connectome(table, names=list("abce"), **law)


def test_labels_with_names_go_by_name():
    before = random_wiring(40, 0.3)
    labels = pd.Series(np.arange(40) % 3, list(before.names))
    asked = [labels.to_numpy(), labels, labels[::-1]]
    after = [rewire_connectome(before, within=one, random_state=0).weights for one in asked]
    for weights in after[1:]:
        assert abs(weights - after[0]).max() == 0
    with pytest.raises(ValueError, match=r"^within must have the same names as connectome"):
        rewire_connectome(before, within=labels.rename({before.names[0]: "nobody"}))


@pytest.mark.parametrize(
    ("positions", "law", "kind", "message"),
    [
        ([[0.0], [1.0]], 0.5, TypeError, "must be a function of distances, got 0.5"),
        ([[0.0], [1.0]], lambda d: 1 + d, ValueError, r"must be in \[0, 1\], got [12]"),
        ([[0.0], [1.0]], lambda d: d - 0.5, ValueError, r"must be in \[0, 1\], got -0.5"),
        ([[0.0], [1.0]], lambda d: d / 9, ValueError, "must not rise with distance"),
        ([[0.0], [1.0]], lambda d: d[:0], ValueError, "array of the shape of its distances"),
        ([[0.0], [1.0]], lambda d: np.nan * d, ValueError, r"must be in \[0, 1\], got nan"),
        ([0.0, 1.0], lambda d: 0 * d, ValueError, r"one position per unit.* got shape \(2,\)"),
        ([[np.nan]], lambda d: 0 * d, ValueError, "positions must be finite"),
    ],
)
def test_what_is_no_law_of_distance_is_refused(positions, law, kind, message):
    with pytest.raises(kind, match=message):
        sample_connectome(positions, law)


def test_a_law_that_rises_in_between_is_refused():
    positions = np.linspace(0, 1, 50)[:, None]
    for width in (0.05, 0.0005):
        with pytest.raises(ValueError, match="must not rise with distance"):
            sample_connectome(positions, lambda d: 0.2 * np.exp(-(((d - 0.3) / width) ** 2)))  # noqa: B023


@given(n_units=st.integers(1, 70), n_dimensions=st.integers(1, 4), seed=st.integers(0, 99))
def test_nodes_of_the_tree_hold_all_units_in_their_boxes(n_units, n_dimensions, seed):
    positions = np.random.default_rng(seed).integers(0, 9, (n_units, n_dimensions)) * 1.0
    order, levels = kd_tree(positions)
    assert sorted(order) == list(range(n_units))
    for nodes in levels:
        assert nodes.size.sum() == n_units and nodes.size.min() >= 1
        for start, size, low, high in zip(
            nodes.start, nodes.size, nodes.low, nodes.high, strict=True
        ):
            inside = positions[order[start : start + size]]
            assert (inside.min(axis=0) == low).all() and (inside.max(axis=0) == high).all()
    assert levels[-1].size.max() <= 4


# By blocks --------------------------------------------------------------------------------------


def test_blocks_have_their_probabilities():
    table = excitatory_inhibitory_populations(600, 0.7)
    p = np.array([[0.05, 1.0], [0.0, 0.6]])
    dense, sparse = (draw_synapses(table, p, 3, sparse=sparse) for sparse in (False, True))
    assert isinstance(sparse, sp.csr_array) and sparse.dtype == bool == dense.dtype
    each = np.kron(p, np.ones((1, 1)))[np.repeat([0, 1], [420, 180])][
        :, np.repeat([0, 1], [420, 180])
    ]
    for there in (dense, sparse.toarray()):
        assert there[:420, 420:].all() and not there[420:, :420].any()
        for axis in (0, 1):
            assert_counts_are(
                there.sum(axis=axis), each.sum(axis=axis), (each * (1 - each)).sum(axis=axis)
            )
    again = draw_synapses(table, p, 3, sparse=True)
    assert (again != sparse).nnz == 0


def test_blocks_of_a_whole_brain_take_the_memory_of_their_synapses():
    table = pd.DataFrame({"population": ["A", "B"], "n_units": [100_000, 39_255], "sign": [1, -1]})
    tracemalloc.start()
    there = draw_synapses(table, [[1e-5, 2e-5], [0, 3e-5]], 0, sparse=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    expected = 1e-5 * 1e10 + 2e-5 * 1e5 * 39_255 + 3e-5 * 39_255**2
    assert_counts_are(there.nnz, expected, expected)
    assert there[100_000:, :100_000].nnz == 0 and peak < 2**27


# Rewired ----------------------------------------------------------------------------------------


def random_wiring(n_units, density, seed=0, kind=sp.csr_array):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 9, (n_units, n_units)) * (rng.random((n_units, n_units)) < density)
    types = [("a", "b", "c")[number % 3] for number in range(n_units)]
    return Connectome(
        kind(weights.astype(float)), [str(number) for number in range(n_units)], types=types
    )


def dense(connectome):
    weights = connectome.weights
    return weights.toarray() if connectome.is_sparse else weights


@pytest.mark.parametrize("kind", [sp.csr_array, np.asarray])
@pytest.mark.parametrize("density", [0.05, 0.5, 0.95])
def test_degrees_weights_and_autapses_are_kept(kind, density):
    before = random_wiring(40, density, kind=kind)
    after = rewire_connectome(before, random_state=0)
    assert after.is_sparse is before.is_sparse and after.types == before.types
    one, two = dense(before), dense(after)
    assert (one != two).any()
    for axis in (0, 1):
        assert ((one > 0).sum(axis=axis) == (two > 0).sum(axis=axis)).all()
    assert np.sort(one, axis=0).tolist() == np.sort(two, axis=0).tolist()  # outputs of each unit
    assert np.diag(one).tolist() == np.diag(two).tolist()
    assert (dense(rewire_connectome(before, random_state=0)) == two).all()
    assert (dense(rewire_connectome(before, random_state=1)) != two).any()


@pytest.mark.parametrize("within", ["types", list("abc") * 13 + ["a"]])
def test_degrees_of_every_block_are_kept(within):
    before = random_wiring(40, 0.2)
    after = rewire_connectome(before, within=within, random_state=0)
    member = pd.get_dummies(pd.Series(before.types)).to_numpy(dtype=float)
    one, two = dense(before) > 0, dense(after) > 0
    assert (one != two).any()
    assert (one @ member).tolist() == (two @ member).tolist()  # inputs by type of the sender
    assert (member.T @ one).tolist() == (member.T @ two).tolist()  # outputs by type of the receiver
    free = dense(rewire_connectome(before, random_state=0)) > 0
    assert (one @ member).tolist() != (free @ member).tolist()


@given(seed=st.integers(0, 2**16), n_units=st.integers(1, 12), n_rounds=st.integers(1, 3))
def test_no_round_makes_a_second_connection(seed, n_units, n_rounds):
    rng = np.random.default_rng(seed)
    there = (rng.random((n_units, n_units)) < rng.random()) & ~np.eye(n_units, dtype=bool)
    post, pre = np.nonzero(there)
    blocks = rng.integers(0, 2, len(post))
    new = swapped(post, pre, blocks, n_units, n_rounds, rng)
    assert len({*zip(new, pre, strict=True)}) == len(post) and not (new == pre).any()
    assert sorted(zip(new, blocks, strict=True)) == sorted(zip(post, blocks, strict=True))


def wirings_like(there):
    """All wirings without autapses that have the degrees of one, each as the set of its edges."""
    n_units = len(there)
    pairs = list(itertools.permutations(range(n_units), 2))
    wanted = there.sum(axis=0).tolist(), there.sum(axis=1).tolist()
    found = []
    for chosen in itertools.combinations(pairs, int(there.sum())):
        other = np.zeros_like(there)
        other[tuple(np.transpose(chosen))] = 1
        if (other.sum(axis=0).tolist(), other.sum(axis=1).tolist()) == wanted:
            found.append(frozenset(chosen))
    return found


@pytest.mark.parametrize("edges", ["01 12 23 30 02", "01 10 23 32 13", "01 02 10 13 21 30"])
def test_all_wirings_of_these_degrees_are_equally_likely(edges):
    """By brute force: four units, every wiring with their degrees that there is."""
    there = np.zeros((4, 4), dtype=int)
    for post, pre in edges.split():
        there[int(post), int(pre)] = 1
    outcomes = wirings_like(there)
    assert len(outcomes) >= 4
    start_post, pre = np.nonzero(there)
    rng, blocks = np.random.default_rng(0), np.zeros(len(pre), dtype=int)
    found, post = Counter(), start_post
    for _ in range(60 * len(outcomes)):
        post = swapped(post, pre, blocks, 4, 12, rng)
        found[frozenset(zip(post.tolist(), pre.tolist(), strict=True))] += 1
    assert_equally_likely(found, outcomes)


def pairings(numbers):
    """All ways to pair numbers; of an odd number one is left out."""
    if len(numbers) % 2:
        for alone in numbers:
            yield from pairings([number for number in numbers if number != alone])
    elif not numbers:
        yield []
    else:
        first, *others = numbers
        for other in others:
            rest = [number for number in others if number != other]
            yield from ([(first, other), *pairs] for pairs in pairings(rest))


@pytest.mark.parametrize("edges", ["01 12 23 30 02", "01 10 23 32 13", "01 12 23 34 40 02 13"])
def test_a_round_is_as_likely_backwards(edges):
    """All pairings of all wirings: as many lead from one to another as back."""
    pairs = [tuple(map(int, edge)) for edge in edges.split()]
    n_units = 1 + max(map(max, pairs))
    there = np.zeros((n_units, n_units), dtype=int)
    there[tuple(np.transpose(pairs))] = 1
    steps = Counter()
    for wiring in wirings_like(there):
        post, pre = np.array(sorted(wiring)).T
        for paired in pairings(list(range(len(post)))):
            one, other = np.array(paired).T
            allowed = _allowed(post, pre, one, other, n_units)
            new = post.copy()
            new[one[allowed]], new[other[allowed]] = post[other[allowed]], post[one[allowed]]
            steps[wiring, frozenset(zip(new.tolist(), pre.tolist(), strict=True))] += 1
    moves = {step: count for step, count in steps.items() if step[0] != step[1]}
    assert len(moves) > 8
    assert all(steps[after, before] == count for (before, after), count in moves.items())


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"connectome": np.eye(3)}, TypeError, "must be a Connectome, got an array.*read_connect"),
        ({"within": "layers"}, ValueError, "'types' of a connectome that has them, got 'layers'"),
        ({"within": [0, 1]}, ValueError, "one label per unit, 5, got 2"),
        ({"within": 3}, TypeError, "'types' or a label per unit, got 3"),
        ({"n_swaps": 0}, ValueError, "n_swaps must be an integer of at least 1, got 0"),
    ],
)
def test_what_cannot_be_rewired_is_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        rewire_connectome(**{"connectome": random_wiring(5, 0.5), **arguments})


def test_what_has_nothing_to_exchange_stays():
    for weights in (np.zeros((3, 3)), np.eye(3), [[0, 0, 0], [1, 0, 0], [0, 0, 0]]):
        before = Connectome(weights, ["a", "b", "c"])
        assert (rewire_connectome(before).weights == before.weights).all()


# A brain ----------------------------------------------------------------------------------------


def test_a_brain_has_the_degrees_that_are_asked_for():
    n_units, k, sigma = 20_000, 19.4, 0.6
    brain = make_brain_wiring(n_units, mean_degree=k, degree_sigma=sigma, random_state=0)
    there = brain.weights > 0
    assert there.nnz == round(k * n_units) and not there.diagonal().any()
    expected = k + k**2 * (np.exp(sigma**2) - 1)
    inputs, outputs = there.sum(axis=1), there.sum(axis=0)
    for degrees in (inputs, outputs):
        assert degrees.mean() == pytest.approx(k)
        assert degrees.var() == pytest.approx(expected, rel=0.06)
    logs = np.exp(0.7 * sigma**2) - 1  # covariance of log-normal numbers of mean 1
    assert np.cov(inputs, outputs)[0, 1] == pytest.approx(k**2 * logs, rel=0.1)
    even = make_brain_wiring(n_units, degree_sigma=0, random_state=0).weights > 0
    assert even.sum(axis=0).var() == pytest.approx(k, rel=0.05)


def test_a_brain_has_synapses_and_signs():
    brain = make_brain_wiring(3000, excitatory_fraction=0.29, random_state=0)
    synapses = brain.weights.data
    assert (synapses == np.rint(synapses)).all() and synapses.min() == 5
    assert synapses.mean() == pytest.approx(12, rel=0.02)
    # Rounded log-normal numbers above 5: how many are at most 10 there are follows.
    law = scipy.stats.lognorm(1.2, scale=7 * np.exp(-(1.2**2) / 2))
    share, n_synapses = law.cdf(5.5), len(synapses)
    variance = share * (1 - share) * n_synapses
    assert_counts_are((synapses <= 10).sum(), share * n_synapses, variance)
    assert brain.signs.tolist() == [1] * 870 + [-1] * 2130
    assert make_brain_wiring(50, mean_degree=2, mean_synapses=5).weights.data.tolist() == [5] * 100
    again = make_brain_wiring(3000, excitatory_fraction=0.29, random_state=0)
    assert (again.weights != brain.weights).nnz == 0


def test_a_brain_takes_the_memory_of_its_connections():
    tracemalloc.start()
    brain = make_brain_wiring(139_255, mean_degree=2, random_state=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert brain.weights.nnz == 278_510 and peak < 2**27
    assert round(139_255 * 19.4) == pytest.approx(2_701_601, rel=1e-4)  # as the docstring says


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_units": 2}, r"in \[0, 0.1\], a tenth of .* n_units=2, got 19.4; raise n_units"),
        ({"degree_sigma": 3}, r"degree_sigma must be a number in \[0, 2\], got 3"),
        ({"degree_correlation": -2}, r"degree_correlation must be a number in \[-1, 1\], got -2"),
        ({"mean_synapses": 4}, "mean_synapses must be a number of at least 5, got 4"),
        ({"min_synapses": 0}, "min_synapses must be an integer of at least 1"),
    ],
)
def test_what_is_no_brain_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_brain_wiring(**{"n_units": 1000, **arguments})


def test_the_smallest_brains():
    for seed in range(20):  # of two neurons, every other draw is an autapse
        assert make_brain_wiring(11, mean_degree=0.1, random_state=seed).weights.nnz == 1
    assert make_brain_wiring(2, mean_degree=0).weights.nnz == 0


def test_a_brain_without_room_says_so(monkeypatch):
    from sk_biornn.datasets.wirings import _brain

    monkeypatch.setattr(_brain, "_MOST_ROUNDS", 2)
    with pytest.raises(ValueError, match="must leave room for 50000 different connections"):
        make_brain_wiring(1000, mean_degree=50, degree_sigma=2)
