"""Whether two groups of trained networks differ in how their populations are connected."""

from __future__ import annotations

from itertools import combinations
from math import comb, exp, lgamma
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from sk_biornn._random import RandomState, make_rng
from sk_biornn.inspection._interactions import block_densities, block_means
from sk_biornn.inspection._networks import networks_in, same_blocks

CONFIDENCE = 0.95
_CHUNK = 1000  # splits at once
Array = NDArray[np.float64]


def compare(
    fitted_a: Any,
    fitted_b: Any,
    *,
    level: str = "population",
    absolute: bool = True,
    test: str = "permutation",
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
        The runs of each group, at least two in each, independent of each other (other seeds):
        anything that `population_interactions` takes.
    level : {"population", "layer", "area"}, default="population"
        What a block is.
    absolute : bool, default=True
        Whether to compare means of abs(w), or of w with its sign.
    test : {"permutation", "welch"}, default="permutation"
        Two-sided. "permutation": the share of the splits of the runs into groups of these sizes
        for which the means differ at least as much. "welch": t test without equal variances.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: the `populations_` of the
        estimators.
    max_permutations : int, default=10_000
        If there are at most so many splits, all are counted and p is exact (252 for 5 against 5
        runs). Else so many are drawn, and p = (1 + count) / (1 + drawn).
    random_state : int, RandomState, Generator or None, default=None
        Seed of the draw.

    Returns
    -------
    DataFrame
        One row per existing block: `post`, `pre`; `mean_a`, `mean_b`; `sd_a`, `sd_b` over runs;
        `difference` = mean_a - mean_b with its 95 % interval `ci_low`, `ci_high` (Welch);
        `hedges_g`, the difference in units of the pooled standard deviation, corrected for small
        samples; `p_value`; `q_value`, after Benjamini and Hochberg, over the rows of the table.
        ``attrs`` holds the block `labels`, `n_blocks_excluded` and `n_permutations` (0 for Welch).

    Raises
    ------
    ValueError
        If the groups have other populations, fewer than two runs, or an argument is unknown.

    See Also
    --------
    population_interactions : The numbers that are compared.

    Notes
    -----
    With n and m runs no permutation p is below 2 / C(n + m, n) for n = m (1 / C(n + m, n)
    otherwise): 0.1 for 3 against 3 runs, 0.0079 for 5 against 5. With many blocks to correct for,
    5 runs can be too few; then Welch's test, which assumes normal means, is the sharper one. Where
    no run differs from another of its group, g and the Welch p are NaN unless the difference is 0.

    References
    ----------
    Welch (1947), doi:10.1093/biomet/34.1-2.28; Hedges (1981), doi:10.3102/10769986006002107;
    Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; Phipson and Smyth
    (2010), Permutation p-values should never be zero, doi:10.2202/1544-6115.1585.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.inspection import compare
    >>> rng = np.random.default_rng(0)
    >>> weak, strong = rng.random((2, 5, 4, 4)) * [[[[0.1]]], [[[1.0]]]]
    >>> strong[:, 2:, 2:] = weak[:, 2:, 2:] = 0          # no synapse from I to I, in any run
    >>> table = compare(strong, weak, labels=["E", "E", "I", "I"])
    >>> table[["post", "pre", "p_value", "q_value"]].round(4)
      post pre  p_value  q_value
    0    E   E   0.0079   0.0079
    1    E   I   0.0079   0.0079
    2    I   E   0.0079   0.0079
    """
    if test not in ("permutation", "welch"):
        raise ValueError(f"test must be 'permutation' or 'welch', got {test!r}.")
    if not isinstance(max_permutations, Integral) or max_permutations < 1:
        raise ValueError(f"max_permutations must be a positive integer, got {max_permutations!r}.")
    groups = [networks_in(fitted_a, "fitted_a"), networks_in(fitted_b, "fitted_b")]
    for name, group in zip(("fitted_a", "fitted_b"), groups, strict=True):
        if len(group) < 2:
            raise ValueError(f"{name} must hold at least 2 runs, got {len(group)}.")
    blocks = same_blocks([*groups[0], *groups[1]], labels, level, "fitted_a and fitted_b")
    exists = np.any([block_densities(group, blocks).any(axis=0) for group in groups], axis=0)
    a, b = (block_means(group, blocks, absolute)[:, exists] for group in groups)

    table = _summary(a, b)
    if test == "welch":
        n_permutations, p_values = 0, _welch_p(a, b)
    else:
        splits = _splits(len(a), len(b), int(max_permutations), random_state)
        n_permutations, p_values = len(splits), _permutation_p(a, b, splits)
    post, pre = (np.array(blocks.labels, dtype=object)[axis] for axis in np.nonzero(exists))
    table = pd.DataFrame({"post": post, "pre": pre, **table, "p_value": p_values})
    table["q_value"] = _benjamini_hochberg(p_values)
    table.attrs = {
        "labels": blocks.labels,
        "n_blocks_excluded": int((~exists).sum()),
        "n_permutations": n_permutations,
    }
    return table


def _summary(a: Array, b: Array) -> dict[str, Array]:
    """Return means, spreads, difference with interval, and effect size, per column."""
    difference = a.mean(axis=0) - b.mean(axis=0)
    error, freedom = _welch(a, b)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * error
    half = np.where(error > 0, half, 0.0)
    return {
        "mean_a": a.mean(axis=0),
        "mean_b": b.mean(axis=0),
        "sd_a": _spread(a),
        "sd_b": _spread(b),
        "difference": difference,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "hedges_g": _hedges_g(a, b),
    }


def _spread(runs: Array) -> Array:
    """Return the standard deviation over runs: exactly 0 where all are equal."""
    return np.where(np.ptp(runs, axis=0) > 0, runs.std(axis=0, ddof=1), 0.0)


def _welch(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the standard error of the difference and Welch's degrees of freedom."""
    share_a, share_b = (_spread(runs) ** 2 / len(runs) for runs in (a, b))
    variance = share_a + share_b
    spread = share_a**2 / (len(a) - 1) + share_b**2 / (len(b) - 1)
    freedom = np.divide(variance**2, spread, out=np.ones_like(spread), where=spread > 0)
    return np.sqrt(variance), freedom


def _welch_p(a: Array, b: Array) -> Array:
    difference = a.mean(axis=0) - b.mean(axis=0)
    error, freedom = _welch(a, b)
    t = np.divide(difference, error, out=np.zeros_like(error), where=error > 0)
    p_values = 2 * stats.t.sf(np.abs(t), freedom)
    return np.where((error == 0) & (np.abs(difference) > _rounding(a, b)), np.nan, p_values)


def _hedges_g(a: Array, b: Array) -> Array:
    """Return the standardised difference, with the exact correction for its bias."""
    freedom = len(a) + len(b) - 2
    pooled = ((len(a) - 1) * _spread(a) ** 2 + (len(b) - 1) * _spread(b) ** 2) / freedom
    difference = a.mean(axis=0) - b.mean(axis=0)
    equal = np.where(np.abs(difference) > _rounding(a, b), np.nan, 0.0)
    d = np.divide(difference, np.sqrt(pooled), out=equal, where=pooled > 0)
    return d * small_sample_correction(freedom)


def small_sample_correction(freedom: int) -> float:
    """Return Gamma(f / 2) / (sqrt(f / 2) Gamma((f - 1) / 2)), which makes d unbiased."""
    return exp(lgamma(freedom / 2) - lgamma((freedom - 1) / 2)) / (freedom / 2) ** 0.5


def _splits(n_a: int, n_b: int, limit: int, random_state: RandomState) -> NDArray[np.bool_]:
    """Return which runs are in the first group: all splits, or `limit` random ones."""
    n = n_a + n_b
    if comb(n, n_a) <= limit:
        chosen = np.array(list(combinations(range(n), n_a)))
    else:
        ranks = make_rng(random_state).random((limit, n)).argsort(axis=1)
        chosen = ranks[:, :n_a]
    splits = np.zeros((len(chosen), n), dtype=bool)
    np.put_along_axis(splits, chosen, True, axis=1)
    return splits


def _permutation_p(a: Array, b: Array, splits: NDArray[np.bool_]) -> Array:
    """Return the share of splits whose means differ at least as much as those of a and b."""
    runs = np.concatenate([a, b])
    observed = np.abs(a.mean(axis=0) - b.mean(axis=0)) - _rounding(a, b)
    count = np.zeros(runs.shape[1])
    for start in range(0, len(splits), _CHUNK):
        first = splits[start : start + _CHUNK]
        differences = (first / len(a) - ~first / len(b)) @ runs
        count += (np.abs(differences) >= observed).sum(axis=0)
    if len(splits) == comb(len(runs), len(a)):  # all of them, the observed one included
        return count / len(splits)
    return (1 + count) / (1 + len(splits))


def _rounding(a: Array, b: Array) -> Array:
    """Return by how much equal differences may seem to differ."""
    return 1e-12 * np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0))


def _benjamini_hochberg(p_values: Array) -> Array:
    known = np.isfinite(p_values)
    q_values = np.full_like(p_values, np.nan)
    if known.any():
        q_values[known] = stats.false_discovery_control(p_values[known])
    return q_values
