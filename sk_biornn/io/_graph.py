"""A fitted network as a graph, for those who measure and draw graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sk_biornn._sparse import is_sparse
from sk_biornn.biology.populations import unit_index
from sk_biornn.io._classes import require_network
from sk_biornn.units.positions import unit_positions

if TYPE_CHECKING:
    import networkx as nx


def to_networkx(est: Any) -> nx.DiGraph:
    """Return the recurrent network of a fitted estimator as a directed graph.

    Parameters
    ----------
    est : estimator
        A fitted network.

    Returns
    -------
    networkx.DiGraph
        One node per unit, in the order of the units: its name, or a number from 0 where nothing
        names the units. Nodes have the attributes `sign` (+1, -1; 0 where Dale's law does not hold
        a unit to one), `position` (tuple of float) with `coordinates`, and, where there is a table
        of populations, all that it says: `population`, and `area`, `layer` and `cell_type` where
        they are known. An edge leads from the presynaptic to the postsynaptic unit, for every
        entry of `W_rec_[post, pre]` that is not 0, which is its `weight`.

    Raises
    ------
    TypeError
        If `est` is not a network of this package.
    NotFittedError
        If it has not been fitted.

    See Also
    --------
    sk_biornn.units.Connectome.to_networkx : The same of a wiring diagram.

    Examples
    --------
    >>> import sk_biornn
    >>> reg = sk_biornn.DaleRNNRegressor.from_weights(
    ...     W_rec=[[0.0, -0.5], [0.25, 0.0]], W_in=[[1.0], [0.0]],
    ...     W_out=[[0.0, 1.0]], signs=[1, -1],
    ... )
    >>> graph = sk_biornn.to_networkx(reg)
    >>> list(graph.nodes(data="sign"))
    [(0, 1), (1, -1)]

    Unit 0 excites unit 1, which inhibits it:

    >>> list(graph.edges(data="weight"))
    [(0, 1, 0.25), (1, 0, -0.5)]
    """
    import networkx as nx

    require_network(est)
    check_is_fitted(est, "W_rec_")
    labels, W = _nodes(est), est.W_rec_
    graph = nx.DiGraph()
    known = _known_of_units(est)
    for number, label in enumerate(labels):
        graph.add_node(label, **{name: values[number] for name, values in known.items()})
    if is_sparse(W):
        entries = W.tocoo()
        post, pre, weights = entries.row, entries.col, entries.data
        there = weights != 0
        post, pre, weights = post[there], pre[there], weights[there]
    else:
        post, pre = np.nonzero(W)
        weights = W[post, pre]
    order = np.lexsort((post, pre))
    ends = zip(pre[order].tolist(), post[order].tolist(), weights[order].tolist(), strict=True)
    graph.add_weighted_edges_from((labels[a], labels[b], weight) for a, b, weight in ends)
    return graph


def _nodes(est: Any) -> list[Any]:
    names = est.unit_names_
    return list(range(est.W_rec_.shape[0])) if names is None else list(names)


def _known_of_units(est: Any) -> dict[str, list[Any]]:
    """Return what is known of every unit, by name."""
    n_units = est.W_rec_.shape[0]
    known: dict[str, list[Any]] = {"sign": est.signs_.astype(int).tolist()}
    table = getattr(est, "populations_", None)
    if table is not None:
        of_units = table.iloc[unit_index(table)]
        for name in of_units.columns.drop(["n_units", "sign"], errors="ignore"):
            known[str(name)] = of_units[name].tolist()
    if est.coordinates is not None:
        order = est._state.circuit.order
        points = order.arranged(est.coordinates, "coordinates", (0,))
        positions = unit_positions(points, n_units, unit_cube=est.unit_cube)
        known["position"] = [tuple(point) for point in positions.tolist()]
    return known
