"""Which package imports which, as the files themselves say: what others give is left out."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import networkx as nx

import sk_biornn
from figures.schema import arrow, box, canvas
from figures.style import guide_figure
from sk_biornn.plots._style import BLUE, GREEN, GREY, ORANGE, PURPLE

PACKAGE = Path(sk_biornn.__file__).parent
PACKAGES = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
# From left to right, chosen so that few arrows cross; the height follows from the imports.
PLACES = {
    "core": 0.75, "units": 2.1, "activity": 3.6, "preprocessing": 4.85, "biology": 0.75,
    "metrics": 2.1, "datasets": 4.85, "initializers": 2.1, "estimators": 2.1, "io": 0.75,
    "ensemble": 2.1, "baselines": 3.45, "model_selection": 0.75, "inspection": 3.45, "plots": 3.45,
    "studies": 4.5, "cli": 4.5,
}  # fmt: skip
COLOURS = (
    dict.fromkeys(("core", "units", "activity", "preprocessing"), GREY)
    | dict.fromkeys(("biology", "initializers", "metrics", "datasets"), GREEN)
    | dict.fromkeys(("estimators", "ensemble", "baselines", "model_selection", "io"), BLUE)
    | dict.fromkeys(("inspection", "plots"), ORANGE)
    | dict.fromkeys(("studies", "cli"), PURPLE)
)
ROW, WIDE, HIGH = 0.5, 1.2, 0.27


def imports() -> Any:
    """Return the graph of packages, an edge from each to those that import it."""
    graph = nx.DiGraph()
    graph.add_nodes_from(PACKAGES)
    for path in PACKAGE.glob("*/**/*.py"):
        own = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sk_biornn."):
                other = node.module.split(".")[1]
                if other in PACKAGES and other != own:
                    graph.add_edge(other, own)
    return graph


@guide_figure
def draw() -> Any:
    """Return the packages as boxes, what stands on nothing at the bottom, and arrows upwards."""
    graph = imports()
    levels = list(nx.topological_generations(graph))
    figure, ax = canvas(ROW * len(levels) + 0.05)
    at = {
        name: (PLACES[name], 0.1 + ROW * level + HIGH / 2)
        for level, names in enumerate(levels)
        for name in names
    }
    for name, (x, y) in at.items():
        look = {"edgecolor": COLOURS[name], "linewidth": 1.6, "zorder": 3}
        box(ax, x - WIDE / 2, y - HIGH / 2, WIDE, HIGH, name, family="monospace", **look)
    for low, high in nx.transitive_reduction(graph).edges:
        (x, y), (to_x, to_y) = at[low], at[high]
        look = {"color": "0.45", "linewidth": 0.9, "mutation_scale": 8, "zorder": 1}
        if (low, high) == ("ensemble", "studies"):  # past what stands between them
            look["connectionstyle"] = "angle,angleA=90,angleB=180,rad=4"
            arrow(ax, (x, y + HIGH / 2 + 0.01), (to_x - WIDE / 2 - 0.02, to_y), **look)
            continue
        lean = max(-0.4, min(0.4, 0.25 * (to_x - x)))
        start, end = (x + lean, y + HIGH / 2 + 0.01), (to_x - lean, to_y - HIGH / 2 - 0.02)
        arrow(ax, start, end, **look)
    return figure
