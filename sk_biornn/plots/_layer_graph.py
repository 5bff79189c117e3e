"""Blocks as a graph: layers one above the other, areas side by side, or all on a circle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.plots._style import literal

_DEPTH = ("L1", "L2", "L23", "L2/3", "L3", "L4", "L5", "L56", "L5/6", "L6")  # from the surface
_DISTANCE = 1.6  # from area to area, in units of the distance from layer to layer
_RADIUS = 0.24  # of a node, in the same units
_HEAD = "-|>,head_length=0.5,head_width=0.25"
_GAP = 0.85  # of a loop, where it leaves its node and where it comes back, in radians
_BEND = 0.5  # of arrows that pass a node: how far they swing out, in half their length


def draw_graph(
    ax: Any,
    values: pd.DataFrame,
    widths: pd.DataFrame,
    colours: Any,
    marked: pd.DataFrame | None = None,
) -> None:
    """Draw an arrow for every block that has a value, from pre to post; a loop for its own.

    `values` and `widths` (points) are squares [post, pre], `colours` a ScalarMappable; what is
    marked has a black edge.
    """
    places = places_of([str(name) for name in values.index])
    for post in values.index:
        for pre in values.columns:
            if not np.isfinite(values.loc[post, pre]):
                continue
            colour, width = colours.to_rgba(values.loc[post, pre]), widths.loc[post, pre]
            if pre == post:
                patch = _loop(places[str(pre)], _outwards(str(pre), places), colour, width)
            else:
                patch = _arrow(places[str(pre)], places[str(post)], colour, width)
            if marked is not None and marked.loc[post, pre]:
                _edge(patch, width)
            ax.add_patch(patch)
    for name, (x, y) in places.items():
        label = literal(name).replace("_", "\n")
        longest = max(map(len, name.split("_")))
        ax.plot(x, y, "o", markersize=30, color="0.92", markeredgecolor="0.5", zorder=3)
        size = float(np.clip(40 / longest, 5, 8))
        ax.text(x, y, label, ha="center", va="center", fontsize=size, zorder=4)
    positions = np.array(list(places.values()))
    beside = _BEND * np.ptp(positions[:, 1]) / 2 + 0.3  # the longest arc between layers, and a loop
    low, high = positions.min(axis=0), positions.max(axis=0)
    ax.set(
        xlim=(low[0] - max(beside, 0.72), high[0] + max(beside, 0.72)),
        ylim=(low[1] - 0.72, high[1] + 0.72),
        aspect="equal",
    )
    ax.set_axis_off()


def places_of(names: list[str]) -> dict[str, np.ndarray]:
    """Return where every block stands: "V1_L4" and the like by area and depth, else on a circle."""
    parts = [(name.rpartition("_")[0], name.rpartition("_")[2]) for name in names]
    if all(layer in _DEPTH for _, layer in parts):  # "L4" alone is of a column without a name
        areas = list(dict.fromkeys(area for area, _ in parts))
        layers = sorted({layer for _, layer in parts}, key=_DEPTH.index)
        return {
            name: np.array([_DISTANCE * areas.index(area), -float(layers.index(layer))])
            for name, (area, layer) in zip(names, parts, strict=True)
        }
    if len(names) <= 2:
        return {name: np.array([_DISTANCE * k, 0.0]) for k, name in enumerate(names)}
    angles = 2 * np.pi * np.arange(len(names)) / len(names)
    radius = max(0.8, 0.16 * len(names))
    return {
        name: radius * np.array([np.sin(angle), np.cos(angle)])
        for name, angle in zip(names, angles, strict=True)
    }


def _outwards(name: str, places: dict[str, np.ndarray]) -> np.ndarray:
    """Return the direction of the side on which a block has no neighbours."""
    place, others = places[name], [at for other, at in places.items() if other != name]
    away = place - np.mean(list(places.values()), axis=0)
    if not others or any(at[0] == place[0] for at in others):  # above or below it
        return np.array([1.0 if away[0] > 1e-9 else -1.0, 0.0])
    return away / np.hypot(*away)


def _arrow(start: np.ndarray, end: np.ndarray, colour: Any, width: float) -> Any:
    from matplotlib.patches import FancyArrowPatch

    passes_a_node = start[0] == end[0] and abs(end[1] - start[1]) > 1
    return FancyArrowPatch(
        tuple(start),
        tuple(end),
        connectionstyle=f"arc3,rad={_BEND if passes_a_node else 0.2}",
        arrowstyle=_HEAD,
        mutation_scale=12,
        shrinkA=16,
        shrinkB=16,
        facecolor=colour,
        edgecolor=colour,
        linewidth=width,
        zorder=2,
    )


def _loop(place: np.ndarray, outwards: np.ndarray, colour: Any, width: float) -> Any:
    """Return an arrow from a node to itself: out on one side, round, and in on the other."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    radius = _RADIUS - 0.04
    centre = place + (_RADIUS + 0.06) * outwards
    towards = np.arctan2(-outwards[1], -outwards[0])  # the node, as seen from the centre
    angles = towards + np.linspace(_GAP, 2 * np.pi - _GAP, 40)
    points = centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    return FancyArrowPatch(
        path=Path(points),
        arrowstyle=_HEAD,
        mutation_scale=12,
        facecolor=colour,
        edgecolor=colour,
        linewidth=width,
        zorder=2,
    )


def _edge(patch: Any, width: float) -> None:
    from matplotlib.patheffects import Normal, Stroke

    patch.set_path_effects([Stroke(linewidth=width + 1.6, foreground="black"), Normal()])
