"""Interactions of populations and their comparison: brute force, SciPy, closed forms."""

from __future__ import annotations

import itertools
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sk_biornn.inspection import block_density, compare, population_interactions
from sk_biornn.inspection._compare import small_sample_correction

TABLE = pd.DataFrame(
    {
        "population": ["V1_L4_pyr", "V1_L4_sst", "V1_L5_pyr", "LM_L4_pyr"],
        "n_units": [3, 1, 2, 2],
        "sign": [1, -1, 1, 1],
        "area": ["V1", "V1", "V1", "LM"],
        "layer": ["L4", "L4", "L5", "L4"],
        "cell_type": ["Pyr", "SST", "Pyr", "Pyr"],
    }
)
PER_UNIT = np.repeat(TABLE["population"].to_numpy(), TABLE["n_units"])
SHARED = {
    "population": PER_UNIT,
    "layer": np.array(["V1_L4"] * 4 + ["V1_L5"] * 2 + ["LM_L4"] * 2),
    "area": np.array(["V1"] * 6 + ["LM"] * 2),
    "cell_type": np.array(["Pyr"] * 3 + ["SST"] + ["Pyr"] * 4),
}


def runs(n_runs: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Sparse weights of several runs, without any synapse from LM to L4 of V1."""
    rng = np.random.default_rng(seed)
    W = scale * rng.standard_normal((n_runs, 8, 8)) * (rng.random((n_runs, 8, 8)) < 0.7)
    W[:, :4, 6:] = 0
    return W


def fitted(weights: np.ndarray) -> list[SimpleNamespace]:
    return [SimpleNamespace(W_rec_=W, populations_=TABLE) for W in weights]


@pytest.mark.parametrize("level", ["population", "layer", "area", "cell_type"])
@pytest.mark.parametrize("absolute", [True, False])
def test_interactions_equal_a_loop_over_pairs(level, absolute):
    W = runs(3)
    table = population_interactions(fitted(W), level=level, absolute=absolute)
    names = list(dict.fromkeys(SHARED[level]))
    rows = []
    for run in range(3):
        for post in names:
            for pre in names:
                pairs = [
                    abs(W[run, i, j]) if absolute else W[run, i, j]
                    for i in range(8)
                    for j in range(8)
                    if SHARED[level][i] == post and SHARED[level][j] == pre
                ]
                rows.append((run, post, pre, sum(pairs) / len(pairs)))
    expected = pd.DataFrame(rows, columns=["run", "post", "pre", "mean"])
    pd.testing.assert_frame_equal(table, expected, check_dtype=False, rtol=1e-12)


def test_all_cells_of_a_type_to_all_of_another():
    """From the one SST to the seven Pyr 7 pairs, of which two are connected."""
    W = np.zeros((8, 8))
    W[0, 3], W[7, 3], W[3, 5] = -0.7, -1.4, 0.5
    options = {"labels": TABLE, "level": "cell_type"}
    mean = population_interactions(W, **options, absolute=False).set_index(["post", "pre"])["mean"]
    assert mean["Pyr", "SST"] == pytest.approx(-0.3)
    assert mean["SST", "Pyr"] == pytest.approx(0.5 / 7)
    density = block_density(W, **options).set_index(["post", "pre"])["density"]
    assert density.to_dict() == pytest.approx(
        {("Pyr", "Pyr"): 0, ("Pyr", "SST"): 2 / 7, ("SST", "Pyr"): 1 / 7, ("SST", "SST"): 0}
    )


def test_density_counts_connected_pairs_and_autapses():
    W = np.zeros((8, 8))
    W[0, 0] = W[0, 1] = 0.1  # 2 of 9 within V1_L4_pyr, one of them an autapse
    W[6, 3] = -1e-300  # however weak
    table = block_density(W, labels=TABLE).set_index(["post", "pre"])["density"]
    assert table["V1_L4_pyr", "V1_L4_pyr"] == pytest.approx(2 / 9)
    assert table["LM_L4_pyr", "V1_L4_sst"] == 0.5
    assert table.sum() == pytest.approx(2 / 9 + 0.5)


def test_bare_matrices_labels_and_estimators_agree():
    W = runs(2)
    expected = population_interactions(fitted(W))
    for given_runs in (W, list(W), fitted(W)):
        for labels in (PER_UNIT, list(PER_UNIT), TABLE):
            pd.testing.assert_frame_equal(
                population_interactions(given_runs, labels=labels), expected
            )


def test_wrapped_estimators_are_found():
    a, b, c = fitted(runs(3))
    pipeline = SimpleNamespace(steps=[("scale", object()), ("rnn", a)])
    search = SimpleNamespace(best_estimator_=b)
    ensemble = SimpleNamespace(estimators_=[pipeline, search, c])
    expected = population_interactions([a, b, c])
    pd.testing.assert_frame_equal(population_interactions(ensemble), expected)
    pd.testing.assert_frame_equal(population_interactions([pipeline, search, c]), expected)


def test_units_of_a_block_need_not_lie_together():
    rng = np.random.default_rng(1)
    order = rng.permutation(8)
    W = runs(1)[0]
    plain = population_interactions(W, labels=PER_UNIT).set_index(["post", "pre"])["mean"]
    mixed = population_interactions(W[np.ix_(order, order)], labels=PER_UNIT[order])
    mixed = mixed.set_index(["post", "pre"])["mean"]
    assert mixed[plain.index].to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-12)


# The comparison of two groups


def table_of(test: str, n_a: int = 5, n_b: int = 5, **options) -> tuple[pd.DataFrame, list, list]:
    a, b = fitted(runs(n_a, 1)), fitted(runs(n_b, 2, scale=1.3))
    return compare(a, b, test=test, **options), a, b


def samples(a: list, b: list, row: pd.Series, **options) -> list[np.ndarray]:
    """Block means of both groups for one row of the comparison."""
    tables = [population_interactions(group, **options) for group in (a, b)]
    return [
        table.set_index(["post", "pre"])["mean"].loc[[(row["post"], row["pre"])]].to_numpy()
        for table in tables
    ]


@pytest.mark.parametrize("level", ["population", "layer", "area", "cell_type"])
@pytest.mark.parametrize("absolute", [True, False])
def test_welch_is_scipys(level, absolute):
    table, a, b = table_of("welch", 4, 6, level=level, absolute=absolute)
    for _, row in table.iterrows():
        x, y = samples(a, b, row, level=level, absolute=absolute)
        oracle = stats.ttest_ind(x, y, equal_var=False)
        interval = oracle.confidence_interval(0.95)
        assert row["p_value"] == pytest.approx(oracle.pvalue, rel=1e-9)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(
            (interval.low, interval.high), rel=1e-9
        )
        assert row["difference"] == pytest.approx(x.mean() - y.mean())
        assert (row["mean_a"], row["sd_b"]) == pytest.approx((x.mean(), y.std(ddof=1)))


@pytest.mark.parametrize(("n_a", "n_b"), [(5, 5), (3, 3), (2, 5), (4, 3)])
def test_exact_permutation_is_scipys(n_a, n_b):
    table, a, b = table_of("permutation", n_a, n_b)
    assert len(table) > 5
    for _, row in table.iterrows():
        oracle = stats.permutation_test(
            samples(a, b, row),
            lambda x, y: abs(x.mean() - y.mean()),
            alternative="greater",
            n_resamples=np.inf,
        )
        assert row["p_value"] == pytest.approx(oracle.pvalue, rel=1e-12)


@pytest.mark.parametrize("test", ["welch", "permutation"])
@pytest.mark.parametrize("paired", [True, False])
def test_a_comparison_says_how_it_was_made(test, paired):
    table, _, _ = table_of(test, paired=paired, level="area")
    found = {name: table.attrs[name] for name in ("test", "paired", "level")}
    assert found == {"test": test, "paired": paired, "level": "area"}


def test_five_against_five_are_252_splits():
    table, a, b = table_of("permutation")
    assert table.attrs["n_permutations"] == 252
    multiples = table["p_value"] * 252
    assert np.allclose(multiples, multiples.round())
    oracle = stats.permutation_test(
        samples(a, b, table.iloc[0]), lambda x, y: x.mean() - y.mean(), n_resamples=np.inf
    )
    assert table["p_value"][0] == pytest.approx(oracle.pvalue)


def test_smallest_possible_p_is_that_of_the_two_extreme_splits():
    table = compare(runs(5, 1) * 100, runs(5, 2), labels=PER_UNIT)
    assert table["p_value"].min() == pytest.approx(2 / 252)


def test_sampled_permutations_are_near_the_exact_ones_and_repeatable():
    exact, a, b = table_of("permutation")
    drawn = compare(a, b, max_permutations=251, random_state=0)
    assert drawn.attrs["n_permutations"] == 251
    sd = np.sqrt(exact["p_value"] * (1 - exact["p_value"]) / 251)
    assert (np.abs(drawn["p_value"] - exact["p_value"]) < 5 * sd + 2 / 252).all()
    assert (drawn["p_value"] >= 1 / 252).all()
    pd.testing.assert_frame_equal(drawn, compare(a, b, max_permutations=251, random_state=0))
    other = compare(a, b, max_permutations=251, random_state=1)
    assert (other["p_value"] != drawn["p_value"]).any()


def test_equal_runs_have_p_of_one_by_permutation():
    """Every split of equal numbers differs as little as the observed one."""
    W = np.full((4, 8, 8), 0.1)
    table = compare(W, W[:3], labels=PER_UNIT)
    assert (table["p_value"] == 1).all() and (table["hedges_g"] == 0).all()


def test_false_discovery_rate_is_scipys_over_existing_blocks():
    table, _, _ = table_of("welch")
    assert table["q_value"].to_numpy() == pytest.approx(
        stats.false_discovery_control(table["p_value"], method="bh"), rel=1e-12
    )


def test_structural_zeros_take_no_part():
    table, a, b = table_of("welch")
    absent = {("V1_L4_pyr", "LM_L4_pyr"), ("V1_L4_sst", "LM_L4_pyr")}
    assert absent.isdisjoint(zip(table["post"], table["pre"], strict=True))
    assert len(table) == 16 - table.attrs["n_blocks_excluded"]
    assert table.attrs["n_blocks_excluded"] == 2
    # One synapse in one run, and the block exists.
    a[0].W_rec_[0, 6] = 1e-3
    assert len(compare(a, b, test="welch")) == len(table) + 1


def test_block_that_exists_but_whose_mean_cancels_is_tested():
    W = np.zeros((4, 2, 2))
    W[:, 0, 1], W[:, 1, 0] = 1.0, -1.0
    table = compare(W[:2], W[2:], absolute=False, labels=["E", "E"])
    assert len(table) == 1 and table["difference"][0] == 0


def test_effect_size_by_hand():
    """Runs 1, 2, 3 against 3, 4, 5: d = -2, corrected by Gamma(2) / (sqrt(2) Gamma(1.5))."""
    a, b = (np.array(values)[:, None, None] for values in ([1.0, 2.0, 3.0], [3.0, 4.0, 5.0]))
    row = compare(a, b, labels=["E"]).iloc[0]
    correction = 1 / (np.sqrt(2) * np.sqrt(np.pi) / 2)
    assert row["hedges_g"] == pytest.approx(-2 * correction)
    assert (row["mean_a"], row["mean_b"], row["difference"]) == (2, 4, -2)
    assert row["p_value"] == pytest.approx(4 / 20)  # {1, 2, 3} and {1, 2, 3'}, both ways


@pytest.mark.parametrize("freedom", [4, 8, 30])
def test_small_sample_correction_is_near_hedges_approximation(freedom):
    assert small_sample_correction(freedom) == pytest.approx(1 - 3 / (4 * freedom - 1), rel=5e-3)


def test_runs_without_spread_have_no_welch_p():
    a, b = np.ones((3, 2, 2)), 2 * np.ones((3, 2, 2))
    different = compare(a, b, labels=["E", "I"], test="welch")
    assert different[["p_value", "q_value", "hedges_g"]].isna().all(axis=None)
    assert (different["ci_low"] == -1).all() and (different["ci_high"] == -1).all()
    equal = compare(a, a, labels=["E", "I"], test="welch")
    assert (equal["p_value"] == 1).all() and (equal["hedges_g"] == 0).all()


@given(n_a=st.integers(2, 5), n_b=st.integers(2, 5), seed=st.integers(0, 100))
def test_swapping_the_groups_turns_the_signs(n_a, n_b, seed):
    a, b = runs(n_a, seed), runs(n_b, seed + 1000)
    for test in ("permutation", "welch"):
        one = compare(a, b, labels=PER_UNIT, test=test)
        two = compare(b, a, labels=PER_UNIT, test=test)
        assert one["p_value"].to_numpy() == pytest.approx(two["p_value"].to_numpy(), rel=1e-9)
        for name in ("difference", "hedges_g"):
            assert one[name].to_numpy() == pytest.approx(-two[name].to_numpy(), rel=1e-9)
        assert one["ci_low"].to_numpy() == pytest.approx(-two["ci_high"].to_numpy(), rel=1e-9)
        assert one["p_value"].between(0, 1).all()
        assert (one["q_value"] >= one["p_value"] * (1 - 1e-12)).all()


def test_p_values_of_no_difference_are_uniform():
    """1 in 10 tests of equal distributions has p <= 0.1: an exact permutation test by design."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 4, 40, 40))
    table = compare(a, b, labels=np.arange(40), absolute=False)
    share = (table["p_value"] <= 0.1).mean()  # p is a multiple of 2/70: at most 6/70 can be reached
    assert share == pytest.approx(6 / 70, abs=5 * np.sqrt(0.0857 * 0.914 / 1600))


# Pairs of runs


def pairs(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two conditions that share most of what chance brings, seed by seed."""
    shared, change = runs(n, seed), runs(n, seed + 1000, scale=0.1)
    return shared, np.where(shared != 0, shared + change, 0)


def differences(a: np.ndarray, b: np.ndarray, row: pd.Series) -> np.ndarray:
    x, y = samples(fitted(a), fitted(b), row)
    return x - y


@pytest.mark.parametrize("n", [2, 5, 8])
def test_paired_t_test_is_scipys(n):
    a, b = pairs(n)
    table = compare(a, b, labels=TABLE, paired=True, test="welch")
    assert table.attrs["n_permutations"] == 0
    for _, row in table.iterrows():
        x, y = samples(fitted(a), fitted(b), row)
        oracle = stats.ttest_rel(x, y)
        interval = oracle.confidence_interval(0.95)
        assert row["p_value"] == pytest.approx(oracle.pvalue, rel=1e-9)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(
            (interval.low, interval.high), rel=1e-9
        )
        assert (row["mean_a"], row["mean_b"]) == pytest.approx((x.mean(), y.mean()))
        assert (row["sd_a"], row["sd_b"]) == pytest.approx((x.std(ddof=1), y.std(ddof=1)))
        assert row["difference"] == pytest.approx((x - y).mean())
    assert table["q_value"].to_numpy() == pytest.approx(
        stats.false_discovery_control(table["p_value"]), rel=1e-12
    )


@pytest.mark.parametrize("n", [2, 5, 7])
def test_sign_flips_are_all_counted(n):
    a, b = pairs(n)
    table = compare(a, b, labels=TABLE, paired=True)
    assert table.attrs["n_permutations"] == 2**n
    for _, row in table.iterrows():
        d = differences(a, b, row)
        flips = np.mean(np.array([*itertools.product((1, -1), repeat=n)]) * d, axis=1)
        share = np.mean(np.abs(flips) >= abs(d.mean()) - 1e-12)
        assert row["p_value"] == pytest.approx(share, rel=1e-12)
        oracle = stats.permutation_test(
            (d, np.zeros(n)),
            lambda x, y, axis: abs(np.mean(x - y, axis=axis)),
            vectorized=True,
            permutation_type="samples",
            alternative="greater",
            n_resamples=np.inf,
        )
        assert row["p_value"] == pytest.approx(oracle.pvalue, rel=1e-12)


def test_five_pairs_that_all_differ_one_way_have_the_least_p():
    a = np.random.default_rng(0).random((5, 8, 8))
    table = compare(2 * a, a, labels=TABLE, paired=True)
    assert (table["p_value"] == 2 / 2**5).all()


def test_drawn_flips_are_near_all_of_them_and_repeatable():
    a, b = pairs(8)
    exact = compare(a, b, labels=TABLE, paired=True)
    options = {"labels": TABLE, "paired": True, "max_permutations": 255}
    drawn = compare(a, b, **options, random_state=0)
    assert drawn.attrs["n_permutations"] == 255
    counts = drawn["p_value"] * 256
    assert np.allclose(counts, counts.round()) and (counts >= 1 - 1e-9).all()
    sd = np.sqrt(exact["p_value"] * (1 - exact["p_value"]) / 255)
    assert (np.abs(drawn["p_value"] - exact["p_value"]) < 5 * sd + 2 / 256).all()
    pd.testing.assert_frame_equal(drawn, compare(a, b, **options, random_state=0))


def test_effect_size_of_pairs_by_hand():
    """Differences 1, 2, 3: d = 2 / 1, corrected by Gamma(1) / (sqrt(1) Gamma(0.5))."""
    a, b = (np.array(values)[:, None, None] for values in ([2.0, 9.0, 5.0], [1.0, 7.0, 2.0]))
    row = compare(a, b, labels=["E"], paired=True).iloc[0]
    assert row["hedges_g"] == pytest.approx(2 / np.sqrt(np.pi))
    assert row["p_value"] == 2 / 8
    # Two pairs have a mean difference, but no unbiased effect size.
    two = compare(a[:2], b[:2], labels=["E"], paired=True).iloc[0]
    assert np.isnan(two["hedges_g"]) and two["difference"] == 1.5


def test_what_pairs_share_takes_no_part():
    """A large spread over seeds, common to both conditions, hides nothing from pairs."""
    a, b = (np.array(v)[:, None, None] for v in ([1.0, 20.0, 300.0], [1.1, 20.2, 300.1]))
    together = compare(a, b, labels=["E"], paired=True, test="welch").iloc[0]
    apart = compare(a, b, labels=["E"], test="welch").iloc[0]
    assert together["p_value"] < 0.06 < 0.9 < apart["p_value"]


def test_pairs_that_differ_alike_have_no_t_test():
    """0.3 - 0.2 and 0.4 - 0.3 differ in the last bit, which is no spread."""
    b = np.linspace(0.1, 0.9, 9)[:, None, None] * np.ones((2, 2))
    different = compare(b + 0.1, b, labels=["E", "I"], test="welch", paired=True)
    assert different[["p_value", "q_value", "hedges_g"]].isna().all(axis=None)
    for name in ("difference", "ci_low", "ci_high"):
        assert different[name].to_numpy() == pytest.approx(0.1)
    equal = compare(b, b, labels=["E", "I"], test="welch", paired=True)
    assert (equal["p_value"] == 1).all() and (equal["hedges_g"] == 0).all()
    flips = compare(b, b, labels=["E", "I"], paired=True)
    assert (flips["p_value"] == 1).all()


# Callers' mistakes


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: population_interactions([]), "estimators must hold fitted estimators"),
        (lambda: population_interactions("V1"), "got str"),
        (lambda: population_interactions([runs(1)[0], "V1"], labels=PER_UNIT), "got str"),
        (lambda: population_interactions(np.zeros(3)), r"an array of shape \(3,\)"),
        (lambda: population_interactions(runs(1)), "labels must be given"),
        (lambda: population_interactions(runs(1), labels=PER_UNIT[:5]), "8 units .* got 5"),
        (lambda: population_interactions(runs(1), labels=np.eye(8)), r"shape \(n_units,\)"),
        (
            lambda: population_interactions(runs(1), labels=PER_UNIT, level="layer"),
            "labels must be a table of populations",
        ),
        (
            lambda: population_interactions(runs(1), labels=TABLE, level="column"),
            "level must be one of \\['population', 'layer', 'area', 'cell_type'\\], got 'column'",
        ),
        (
            lambda: population_interactions(
                runs(1), labels=TABLE.drop(columns=["cell_type"]), level="cell_type"
            ),
            "populations must have cell_type of every population for level='cell_type'",
        ),
        (
            lambda: population_interactions(
                runs(1), labels=TABLE.drop(columns=["area"]), level="area"
            ),
            "area",
        ),
        (
            lambda: population_interactions([runs(1)[0], np.ones((4, 4))], labels=PER_UNIT),
            "8 units|4 units",
        ),
        (
            lambda: population_interactions(
                [
                    *fitted(runs(1)),
                    SimpleNamespace(W_rec_=runs(1)[0], populations_=TABLE.iloc[::-1]),
                ]
            ),
            "same populations in every run, got others in run 1",
        ),
        (
            lambda: population_interactions(np.full((1, 2, 2), np.nan), labels=["E", "I"]),
            "must be finite",
        ),
        (lambda: compare(runs(1), runs(3), labels=PER_UNIT), "fitted_a must hold at least 2 runs"),
        (
            lambda: compare(runs(2), runs(3), labels=PER_UNIT, test="t"),
            "test must be one of \\['permutation', 'welch'\\], got 't'",
        ),
        (
            lambda: compare(runs(2), runs(3), labels=PER_UNIT, max_permutations=0),
            "max_permutations must be an integer of at least 1, got 0",
        ),
        (lambda: compare(runs(2), [], labels=PER_UNIT), "fitted_b must hold"),
        (
            lambda: compare(runs(4), runs(3), labels=PER_UNIT, paired=True),
            "must hold the same number of runs when paired=True, got 4 and 3",
        ),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_the_room_does_not_load_torch():
    code = "import sys; from sk_biornn.inspection import *; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
