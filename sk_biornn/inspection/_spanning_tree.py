"""How much of the backbone of a network a pruning leaves: its maximum spanning tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import as_dense


def maximum_spanning_tree(W: ArrayLike) -> NDArray[np.bool_]:
    r"""Return the synapses of the maximum spanning tree of the bipartite graph of \|W\|.

    Every unit is two nodes, one that sends and one that receives, and every non-zero weight is an
    edge between them. Of all trees that connect the nodes, the maximum spanning tree has the
    largest sum of \|W\|: it is the strongest set of synapses without a loop, 2 N - 1 of them. A
    graph of several parts has one tree for each.

    Parameters
    ----------
    W : array-like of shape (n_post, n_pre)
        Weights W[post, pre]; their signs are not read.

    Returns
    -------
    bool ndarray of shape (n_post, n_pre)
        The synapses of the tree. Of equal weights, those that come first, row by row, are taken.

    Raises
    ------
    ValueError
        If `W` is not a matrix of finite numbers.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> maximum_spanning_tree([[3.0, -1.0], [2.0, 4.0]]).astype(int)
    array([[1, 0],
           [1, 1]])
    """
    weights = _matrix("W", W)
    n_post, n_pre = weights.shape
    post, pre = np.nonzero(weights)
    # The order of the weights decides, so ranks from 1 are costs as good as any; and none of them
    # is 0, which a sparse graph takes for no edge.
    cost = np.empty(len(post))
    cost[np.argsort(-np.abs(weights[post, pre]), kind="stable")] = np.arange(1, len(post) + 1)
    n_nodes = n_post + n_pre
    ends = post.astype(np.int32), (n_post + pre).astype(np.int32)  # as SciPy before 1.15 needs them
    graph = coo_array((cost, ends), shape=(n_nodes, n_nodes)).tocsr()
    tree = minimum_spanning_tree(graph).tocoo()
    edges = np.zeros(weights.shape, dtype=bool)
    edges[np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col) - n_post] = True
    return edges


def spanning_tree_overlap(W_dense: ArrayLike, W_pruned: ArrayLike) -> float:
    r"""Return the share of the maximum spanning tree of a network that a pruning left.

    Parameters
    ----------
    W_dense : array-like of shape (n_post, n_pre)
        Weights W[post, pre] before pruning.
    W_pruned : array-like of shape (n_post, n_pre)
        Weights after it, or the mask of the synapses that were kept: what is not 0 is there.

    Returns
    -------
    float
        Edges of the tree of \|W_dense\| that are left, divided by all of them, in [0, 1]; NaN when
        `W_dense` has no edge.

    Raises
    ------
    ValueError
        If a matrix is not one of finite numbers, or their shapes differ.

    See Also
    --------
    random_tree_overlap : What pruning at random leaves.
    top_prob_tree_overlap : What top-prob pruning leaves at least.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> spanning_tree_overlap([[3.0, 1.0], [2.0, 4.0]], [[3.0, 0.0], [0.0, 4.0]])
    0.6666666666666666
    """
    kept = _matrix("W_pruned", W_pruned) != 0
    tree = maximum_spanning_tree(_matrix("W_dense", W_dense))
    if tree.shape != kept.shape:
        raise ValueError(
            f"W_pruned must have the shape of W_dense, {tree.shape}, got shape {kept.shape}."
        )
    return float(kept[tree].mean()) if tree.any() else float("nan")


def random_tree_overlap(density: float, W: ArrayLike | None = None) -> float:
    """Return the expected share of a spanning tree that pruning at random leaves.

    Every edge has the same chance to stay, so the number of edges of the tree that do is
    hypergeometric, and the expectation of their share is that of all edges: min(1, d n / m) for a
    density d of a matrix of n entries, m of them not 0. Without zeros it is the density.

    Parameters
    ----------
    density : float
        Share of all entries that are kept, 1 minus the sparsity.
    W : array-like of shape (n_post, n_pre) or None, default=None
        Weights W[post, pre] before pruning, of which only those that are not 0 can be kept. None:
        none of them is 0.

    Returns
    -------
    float
        Expected overlap; NaN when `W` has no edge.

    Raises
    ------
    ValueError
        If `density` is not in [0, 1], or `W` is not a matrix of finite numbers.

    Examples
    --------
    >>> random_tree_overlap(0.2)
    0.2
    >>> # half of the weights are there
    >>> random_tree_overlap(0.2, [[3.0, 0.0], [-1.0, 0.0]])
    0.4
    """
    density = _density(density)
    if W is None:
        return density
    weights = _matrix("W", W)
    n_edges = int(np.count_nonzero(weights))
    return min(1.0, density * weights.size / n_edges) if n_edges else float("nan")


def top_prob_tree_overlap(W: ArrayLike, density: float) -> float:
    r"""Return a lower bound of the expected overlap that top-prob pruning leaves.

    .. math::
        \frac{\sum_{k=1}^{3} p_{(k)} + \sum_{k=4}^{N} p_{(k)} (N - k)^2 / (N^2 - k)}
        {\min(2 N - 1, d N^2)}

    with the probabilities to keep in falling order, :math:`p_{(0)} \ge p_{(1)} \ge \ldots`, for a
    density d. The largest edges cannot close a loop and belong to the tree; a later one belongs
    to it at least when both its ends are new, which has the probability beside it for
    independent weights. The largest of all, :math:`p_{(0)}`, is left out, as in the publication.

    Parameters
    ----------
    W : array-like of shape (n_units, n_units)
        Weights before pruning.
    density : float
        Share of the weights that are kept.

    Returns
    -------
    float
        The bound; 0 for a density of 0. Where fewer than 2 N - 1 weights are kept, it refers to
        their number instead of that of the tree's edges.

    Raises
    ------
    ValueError
        If `W` is not a square matrix of finite numbers, or `density` is not in [0, 1].

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).random((50, 50))
    >>> [round(top_prob_tree_overlap(W, density), 2) for density in (0.2, 0.6)]
    [0.07, 0.17]
    """
    from sk_biornn.biology import keep_probabilities  # loads torch

    weights, density = _matrix("W", W), _density(density)
    n = len(weights)
    if weights.shape != (n, n):
        raise ValueError(f"W must be a square matrix, got shape {weights.shape}.")
    if density == 0 or n == 0:
        return 0.0
    p = np.sort(keep_probabilities(weights, density * n**2), axis=None)[::-1]
    k = np.arange(4, min(n + 1, n**2))
    both_ends_new = (n - k) ** 2 / (n**2 - k)
    return float((p[1:4].sum() + p[k] @ both_ends_new) / min(2 * n - 1, density * n**2))


def _matrix(name: str, values: ArrayLike) -> NDArray[np.float64]:
    values = as_dense(values, "the spanning tree") if is_sparse(values) else values
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.empty(0)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise ValueError(
            f"{name} must be a matrix of finite numbers, got shape {np.shape(values)}."
            if matrix.ndim != 2
            else f"{name} must be finite, got NaN or infinity."
        )
    return matrix


def _density(density: float) -> float:
    if not 0 <= density <= 1:
        raise ValueError(f"density must be in [0, 1], got {density}.")
    return float(density)
