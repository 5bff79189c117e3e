"""Whether two groups of trained networks differ in how their populations are connected."""

from __future__ import annotations

from itertools import combinations, product
from math import comb, exp, lgamma, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from sk_biornn._checks import check_choice, check_count
from sk_biornn._random import RandomState, make_rng
from sk_biornn.inspection._interactions import block_densities, block_means
from sk_biornn.inspection._networks import networks_in, same_blocks

CONFIDENCE = 0.95
_CHUNK = 1000  # permutations at once
Array = NDArray[np.float64]


def compare(
    fitted_a: Any,
    fitted_b: Any,
    *,
    level: str = "population",
    absolute: bool = True,
    test: str = "permutation",
    paired: bool = False,
    labels: Any = None,
    max_permutations: int = 10_000,
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Compare two groups of runs, block by block, with the run as the unit.

    One number per run and block, its mean weight (see `population_interactions`), enters the
    tests; blocks in which every weight of every run is zero do not exist and are left out.

    Parameters
    ----------
    fitted_a, fitted_b : sequence of estimators, or ndarray (n_runs, n_units, n_units)
        The runs of each group, at least two in each, independent of each other (other seeds)
        but for pairs (see `paired`): anything that `population_interactions` takes.
    level : {"population", "layer", "area", "cell_type"}, default="population"
        What a block is.
    absolute : bool, default=True
        Whether to compare means of abs(w), or of w with its sign.
    test : {"permutation", "welch"}, default="permutation"
        Two-sided. "permutation": the share of the splits of the runs into groups of these sizes
        (of the signs of the differences, for pairs) for which the means differ at least as much.
        "welch": t test without equal variances (the paired t test, for pairs).
    paired : bool, default=False
        Whether run i of the one group and run i of the other belong together, as two networks do
        that were trained from the same seed in two conditions. Then the differences within pairs
        are tested.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: the `populations_` of the
        estimators.
    max_permutations : int, default=10_000
        If there are at most so many splits, all are counted and p is exact (252 for 5 against 5
        runs, 2^5 = 32 signs for 5 pairs). Else so many are drawn, and
        p = (1 + count) / (1 + drawn).
    random_state : int, RandomState, Generator or None, default=None
        Seed of the draw.

    Returns
    -------
    DataFrame
        One row per existing block: `post`, `pre`; `mean_a`, `mean_b`; `sd_a`, `sd_b` over runs;
        `difference` = mean_a - mean_b with its 95 % interval `ci_low`, `ci_high` (Welch; for n
        pairs t with n - 1 degrees of freedom); `hedges_g`, the difference in units of the pooled
        standard deviation (for pairs of that of the differences), corrected for small samples
        (for pairs with n - 1 degrees of freedom); `p_value`; `q_value`, after Benjamini and
        Hochberg, over the rows of the table.
        ``attrs`` holds the block `labels`, the `level`, the `test`, whether it was `paired`,
        the `n_runs` of both groups,
        `n_blocks_excluded` and `n_permutations` (0 for Welch).

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If the groups have other populations, fewer than two runs, or unequal numbers of them with
        `paired`, or an argument is unknown.

    See Also
    --------
    population_interactions : The numbers that are compared.

    Notes
    -----
    With n and m runs no permutation p is below 2 / C(n + m, n) for n = m (1 / C(n + m, n)
    otherwise): 0.1 for 3 against 3 runs, 0.0079 for 5 against 5. With many blocks to correct for,
    5 runs can be too few; then Welch's test, which assumes normal means, is the sharper one. Where
    no run differs from another of its group, g and the Welch p are NaN unless the difference is 0.

    Networks of two conditions that have the same seeds, and with them the same initial weights and
    the same trials, are pairs and not independent: compare them with ``paired=True``. No p of sign
    flips is below 2 / 2^n: 0.0625 for 5 pairs, 0.002 for 10. Where no pair differs from another, g
    and the p of the t test are NaN unless the difference is 0; g of two pairs is always NaN, since
    its correction does not exist.

    References
    ----------
    Welch (1947), doi:10.1093/biomet/34.1-2.28; Fisher (1935), The Design of Experiments, section
    21 (signs of paired differences); Hedges (1981), doi:10.3102/10769986006002107;
    Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; Phipson and Smyth
    (2010), Permutation p-values should never be zero, doi:10.2202/1544-6115.1585.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.inspection import compare
    >>> rng = np.random.default_rng(0)
    >>> weak, strong = rng.random((2, 5, 4, 4)) * [[[[0.1]]], [[[1.0]]]]
    >>> # no synapse from I to I, in any run
    >>> strong[:, 2:, 2:] = weak[:, 2:, 2:] = 0
    >>> table = compare(strong, weak, labels=["E", "E", "I", "I"])
    >>> table[["post", "pre", "p_value", "q_value"]].round(4)
      post pre  p_value  q_value
    0    E   E   0.0079   0.0079
    1    E   I   0.0079   0.0079
    2    I   E   0.0079   0.0079
    """
    check_choice("test", test, ("permutation", "welch"))
    max_permutations = check_count("max_permutations", max_permutations)
    groups = [networks_in(fitted_a, "fitted_a"), networks_in(fitted_b, "fitted_b")]
    for name, group in zip(("fitted_a", "fitted_b"), groups, strict=True):
        if len(group) < 2:
            raise ValueError(f"{name} must hold at least 2 runs, got {len(group)}.")
    if paired and len(groups[0]) != len(groups[1]):
        raise ValueError(
            "fitted_a and fitted_b must hold the same number of runs when paired=True, got "
            f"{len(groups[0])} and {len(groups[1])}."
        )
    blocks = same_blocks([*groups[0], *groups[1]], labels, level, "fitted_a and fitted_b")
    exists = np.any([block_densities(group, blocks).any(axis=0) for group in groups], axis=0)
    a, b = (block_means(group, blocks, absolute)[:, exists] for group in groups)

    contrast = _within_pairs(a, b) if paired else _between_groups(a, b)
    summary = _summary(a, b, contrast)
    if test == "welch":
        n_permutations, p_values = 0, _t_p(contrast)
    else:
        permute = _sign_flips if paired else _splits
        coefficients, all_counted = permute(len(a), len(b), int(max_permutations), random_state)
        n_permutations = len(coefficients)
        p_values = _permutation_p(a, b, coefficients, all_counted)
    post, pre = (np.array(blocks.labels, dtype=object)[axis] for axis in np.nonzero(exists))
    table = pd.DataFrame({"post": post, "pre": pre, **summary, "p_value": p_values})
    table["q_value"] = _benjamini_hochberg(p_values)
    table.attrs = {
        "labels": blocks.labels,
        "level": level,
        "test": test,
        "paired": bool(paired),
        "n_runs": (len(a), len(b)),
        "n_blocks_excluded": int((~exists).sum()),
        "n_permutations": n_permutations,
    }
    return table


class _Contrast(NamedTuple):
    """The mean difference of every block, and what it is measured against."""

    difference: Array
    differs: NDArray[np.bool_]  # whether the difference is more than rounding
    error: Array  # standard error of the difference
    freedom: Array  # degrees of freedom of the error
    sd: Array  # unit of the effect size
    sd_freedom: int


def _between_groups(a: Array, b: Array) -> _Contrast:
    """Measure against the spread within the groups: Welch's error, pooled standard deviation."""
    difference = a.mean(axis=0) - b.mean(axis=0)
    share_a, share_b = (_spread(runs) ** 2 / len(runs) for runs in (a, b))
    variance = share_a + share_b
    spread = share_a**2 / (len(a) - 1) + share_b**2 / (len(b) - 1)
    freedom = np.divide(variance**2, spread, out=np.ones_like(spread), where=spread > 0)
    n = len(a) + len(b) - 2
    pooled = ((len(a) - 1) * _spread(a) ** 2 + (len(b) - 1) * _spread(b) ** 2) / n
    differs = np.abs(difference) > _rounding(a, b)
    return _Contrast(difference, differs, np.sqrt(variance), freedom, np.sqrt(pooled), n)


def _within_pairs(a: Array, b: Array) -> _Contrast:
    """Measure against the spread of the differences within pairs."""
    differences, rounding, n = a - b, _rounding(a, b), len(a)
    # Equal differences of unequal numbers are not equal to the last bit.
    sd = np.where(np.ptp(differences, axis=0) > rounding, differences.std(axis=0, ddof=1), 0.0)
    difference = differences.mean(axis=0)
    freedom = np.full_like(sd, n - 1)
    return _Contrast(difference, np.abs(difference) > rounding, sd / np.sqrt(n), freedom, sd, n - 1)


def _summary(a: Array, b: Array, contrast: _Contrast) -> dict[str, Array]:
    """Return means, spreads, difference with interval, and effect size, per column."""
    half = stats.t.ppf((1 + CONFIDENCE) / 2, contrast.freedom) * contrast.error
    return {
        "mean_a": a.mean(axis=0),
        "mean_b": b.mean(axis=0),
        "sd_a": _spread(a),
        "sd_b": _spread(b),
        "difference": contrast.difference,
        "ci_low": contrast.difference - half,
        "ci_high": contrast.difference + half,
        "hedges_g": _hedges_g(contrast),
    }


def _spread(runs: Array) -> Array:
    """Return the standard deviation over runs: exactly 0 where all are equal."""
    return np.where(np.ptp(runs, axis=0) > 0, runs.std(axis=0, ddof=1), 0.0)


def _t_p(contrast: _Contrast) -> Array:
    difference, error = contrast.difference, contrast.error
    t = np.divide(difference, error, out=np.zeros_like(error), where=error > 0)
    p_values = 2 * stats.t.sf(np.abs(t), contrast.freedom)
    return np.where((error == 0) & contrast.differs, np.nan, p_values)


def _hedges_g(contrast: _Contrast) -> Array:
    """Return the standardised difference, with the exact correction for its bias."""
    equal = np.where(contrast.differs, np.nan, 0.0)
    d = np.divide(contrast.difference, contrast.sd, out=equal, where=contrast.sd > 0)
    return d * small_sample_correction(contrast.sd_freedom)


def small_sample_correction(freedom: int) -> float:
    """Return Gamma(f / 2) / (sqrt(f / 2) Gamma((f - 1) / 2)), which makes d unbiased."""
    if freedom < 2:
        return nan  # d has no expectation
    return exp(lgamma(freedom / 2) - lgamma((freedom - 1) / 2)) / (freedom / 2) ** 0.5


def _splits(n_a: int, n_b: int, limit: int, random_state: RandomState) -> tuple[Array, bool]:
    """Return what every run counts in the difference of means, for all splits or `limit` of them.

    The coefficients have the shape (n_splits, n_a + n_b); the second value says whether these are
    all splits.
    """
    n = n_a + n_b
    all_counted = comb(n, n_a) <= limit
    if all_counted:
        chosen = np.array(list(combinations(range(n), n_a)))
    else:
        ranks = make_rng(random_state).random((limit, n)).argsort(axis=1)
        chosen = ranks[:, :n_a]
    coefficients = np.full((len(chosen), n), -1 / n_b)
    np.put_along_axis(coefficients, chosen, 1 / n_a, axis=1)
    return coefficients, all_counted


def _sign_flips(n: int, _: int, limit: int, random_state: RandomState) -> tuple[Array, bool]:
    """Return the same as `_splits` for pairs: each is as it is, or has its runs exchanged."""
    all_counted = 2**n <= limit
    if all_counted:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
    else:
        signs = make_rng(random_state).choice((1.0, -1.0), size=(limit, n))
    return np.hstack([signs, -signs]) / n, all_counted


def _permutation_p(a: Array, b: Array, coefficients: Array, all_counted: bool) -> Array:
    """Return the share of permutations whose means differ at least as much as those of a and b."""
    runs = np.concatenate([a, b])
    observed = np.abs(a.mean(axis=0) - b.mean(axis=0)) - _rounding(a, b)
    count = np.zeros(runs.shape[1])
    for start in range(0, len(coefficients), _CHUNK):
        differences = coefficients[start : start + _CHUNK] @ runs
        count += (np.abs(differences) >= observed).sum(axis=0)
    if all_counted:  # the observed one included
        return count / len(coefficients)
    return (1 + count) / (1 + len(coefficients))


def _rounding(a: Array, b: Array) -> Array:
    """Return by how much equal differences may seem to differ."""
    return 1e-12 * np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0))


def _benjamini_hochberg(p_values: Array) -> Array:
    known = np.isfinite(p_values)
    q_values = np.full_like(p_values, np.nan)
    if known.any():
        q_values[known] = stats.false_discovery_control(p_values[known])
    return q_values
