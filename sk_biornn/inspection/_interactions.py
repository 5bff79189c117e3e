"""How strongly and how densely populations are connected, run by run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._sparse import is_sparse
from sk_biornn.inspection._networks import Blocks, networks_in, same_blocks, weights_of


def population_interactions(
    estimators: Any, *, level: str = "population", absolute: bool = True, labels: Any = None
) -> pd.DataFrame:
    """Return the mean weight between populations, for every run.

    The interaction from block q to block p, of n_p and n_q units, is
    sum_{i in p, j in q} abs(w_ij) / (n_p n_q), over all pairs: zeros and autapses count.

    Parameters
    ----------
    estimators : estimator, ndarray, sparse matrix, or sequence of these
        Runs: fitted estimators, ensembles of them, or weight matrices W[post, pre] of shape
        (n_units, n_units) or (n_runs, n_units, n_units).
    level : {"population", "layer", "area", "cell_type"}, default="population"
        What a block is: a population, a layer of an area, an area, a cell type (of all areas and
        layers together).
    absolute : bool, default=True
        Whether to average abs(w), or w with its sign.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations (see `CellTypeRNNRegressor`). None: the
        `populations_` of the estimators.

    Returns
    -------
    DataFrame
        Columns `run`, `post`, `pre`, `mean`: one row per run and pair of blocks, in the order of
        the populations.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If there is no network, the runs have different populations, or there are no labels for
        `level`.

    See Also
    --------
    block_density : How many of the pairs are connected.
    compare : Differences between two groups of runs.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970, Figs 4 and 5.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.inspection import population_interactions
    >>> W = np.array([[0.0, 0.2, -1.0], [0.4, 0.0, -3.0], [0.6, 0.0, 0.0]])
    >>> population_interactions(W, labels=["E", "E", "I"])
       run post pre  mean
    0    0    E   E  0.15
    1    0    E   I  2.00
    2    0    I   E  0.30
    3    0    I   I  0.00
    """
    networks = networks_in(estimators)
    blocks = same_blocks(networks, labels, level, "estimators")
    return _tidy(block_means(networks, blocks, absolute), blocks.labels, "mean")


def block_density(
    estimators: Any, *, level: str = "population", labels: Any = None
) -> pd.DataFrame:
    """Return the share of connected pairs between populations, for every run.

    The density from block q to block p is #{i in p, j in q: w_ij != 0} / (n_p n_q); autapses
    count like any other pair.

    Parameters
    ----------
    estimators : estimator, ndarray, or sequence of these
        Runs, as in `population_interactions`.
    level : {"population", "layer", "area", "cell_type"}, default="population"
        What a block is.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: the `populations_` of the
        estimators.

    Returns
    -------
    DataFrame
        Columns `run`, `post`, `pre`, `density`: one row per run and pair of blocks.

    Raises
    ------
    TypeError
        As in `population_interactions`.
    ValueError
        As in `population_interactions`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.inspection import block_density
    >>> W = np.array([[0.0, 0.2, -1.0], [0.4, 0.0, -3.0], [0.6, 0.0, 0.0]])
    >>> block_density(W, labels=["E", "E", "I"])["density"].tolist()
    [0.5, 1.0, 0.5, 0.0]
    """
    networks = networks_in(estimators)
    blocks = same_blocks(networks, labels, level, "estimators")
    return _tidy(block_densities(networks, blocks), blocks.labels, "density")


def block_means(networks: list[Any], blocks: Blocks, absolute: bool) -> NDArray[np.float64]:
    """Return mean weights of blocks, (n_runs, n_blocks, n_blocks), [run, post, pre]."""
    weights = (weights_of(network) for network in networks)
    return np.stack([_mean(abs(W) if absolute else W, blocks) for W in weights])


def block_densities(networks: list[Any], blocks: Blocks) -> NDArray[np.float64]:
    """Return shares of non-zero weights, (n_runs, n_blocks, n_blocks), [run, post, pre]."""
    return np.stack([_mean(weights_of(n) != 0, blocks) for n in networks])


def _mean(matrix: Any, blocks: Blocks) -> NDArray[np.float64]:
    """Average a matrix (n_units, n_units), sparse or not, within blocks."""
    indicator = blocks.indicator()
    sizes = indicator.sum(axis=1)
    if is_sparse(matrix):  # its product first: the other one would be dense and large
        sums = indicator @ (matrix.astype(np.float64) @ indicator.T)
        return np.asarray(sums / np.outer(sizes, sizes))
    return indicator @ matrix.astype(np.float64) @ indicator.T / np.outer(sizes, sizes)


def _tidy(values: NDArray[np.float64], labels: list[str], name: str) -> pd.DataFrame:
    """Lay out (n_runs, n_blocks, n_blocks) as one row per number."""
    run, post, pre = (axis.ravel() for axis in np.indices(values.shape))
    names = np.array(labels, dtype=object)
    return pd.DataFrame({"run": run, "post": names[post], "pre": names[pre], name: values.ravel()})
