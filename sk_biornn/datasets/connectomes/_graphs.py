"""Graphs of networkx, and the files that it reads: edges lead from pre to post."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import scipy.sparse as sp

from sk_biornn._plain import short_text
from sk_biornn.datasets.connectomes._edges import Choice, Edges, wiring_of_edges
from sk_biornn.datasets.connectomes._levels import Column
from sk_biornn.datasets.connectomes._names import unit_names
from sk_biornn.datasets.connectomes._wiring import Wiring

NAMES = ("name", "label")
KNOWN = {
    "signs": ("sign", "signs"),
    "positions": ("position", "positions", "pos", "coordinates"),
    "types": ("type", "types", "cell_type", "celltype", "class"),
}
AXES = (("x", "y", "z"), ("x", "y"))
SIGN_WORDS = {"excitatory": 1, "inhibitory": -1, "e": 1, "i": -1}


def is_graph(value: Any) -> bool:
    """Whether a value is a graph of networkx, of any kind."""
    return hasattr(value, "is_directed") and hasattr(value, "adj")


def read_graph(path: Path, kind: str) -> Any:
    """Read a file of the kind ".graphml", ".gml" or ".gexf", which may be compressed."""
    import networkx as nx

    readers: dict[str, Callable[..., Any]] = {
        ".graphml": nx.read_graphml,
        ".gexf": nx.read_gexf,
        ".gml": _read_gml,
    }
    try:
        return readers[kind](path)
    except Exception as error:  # of the XML parser or networkx: a damaged file can raise anything
        raise ValueError(f"{path} is not a readable graph ({short_text(error)}).") from None


def _read_gml(path: Path) -> Any:
    import networkx as nx

    try:
        return nx.read_gml(path)
    except nx.NetworkXError as error:
        if "label" not in str(error):
            raise
        return nx.read_gml(path, label="id")


def graph_wiring(graph: Any, where: str, choice: Choice) -> Wiring:
    """Return the wiring of a graph; an edge of an undirected one leads in both directions."""
    nodes = list(graph.nodes)
    if not nodes:
        raise ValueError(f"{where} has no nodes.")
    names = _node_names(graph, nodes, where)
    name_of = dict(zip(nodes, names, strict=True))
    rows = list(graph.edges(data=True))
    if not rows:
        none = sp.csr_array((len(names), len(names)))
        return Wiring(where, none, names, known=_known(graph, nodes))
    columns = {key: None for *_, data in rows for key in data if key != "id"}
    edges = Edges(
        where,
        Column.of([name_of[pre] for pre, _, _ in rows]),
        Column.of([name_of[post] for _, post, _ in rows]),
        {str(key): [data.get(key) for *_, data in rows] for key in columns},
        both_ways=not graph.is_directed(),
        units=names,
    )
    wiring = wiring_of_edges(edges, replace(choice, names=names))
    known = _known(graph, nodes)
    return Wiring(where, wiring.weights, names, known=known, notes=wiring.notes)


def _node_names(graph: Any, nodes: list[Any], where: str) -> list[str]:
    """Name nodes by their attribute name or label if all have another one, else by themselves."""
    for attribute in NAMES:
        values = [graph.nodes[node].get(attribute) for node in nodes]
        given = [value for value in values if isinstance(value, str) and value.strip()]
        if len(set(given)) == len(nodes):
            return unit_names(values, f"the attribute {attribute} of {where}")
    return unit_names(nodes, f"the nodes of {where}")


def _known(graph: Any, nodes: list[Any]) -> dict[str, list[Any]]:
    """Signs, positions and types by the usual names of attributes, None where one has none."""
    known = {}
    for what, attributes in KNOWN.items():
        for attribute in attributes:
            values = [graph.nodes[node].get(attribute) for node in nodes]
            if any(value is not None for value in values):
                known[what] = [_sign(value) for value in values] if what == "signs" else values
                break
    for axes in AXES:
        points = [[graph.nodes[node].get(axis) for axis in axes] for node in nodes]
        if "positions" not in known and any(None not in point for point in points):
            known["positions"] = [None if None in point else point for point in points]
    return known


def _sign(value: Any) -> Any:
    return SIGN_WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value
