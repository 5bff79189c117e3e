"""Blocks as a graph: layers one above the other, areas side by side, or all on a circle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_DEPTH = ("L1", "L2", "L23", "L2/3", "L3", "L4", "L5", "L56", "L5/6", "L6")  # from the surface
_DISTANCE = 1.6  # from area to area, in units of the distance from layer to layer
_RADIUS = 0.24  # of a node, in the same units


def draw_graph(ax: Any, values: pd.DataFrame, widths: pd.DataFrame, colours: Any) -> None:
    """Draw an arrow for every block that has a value, from pre to post; a loop for its own.

    `values` and `widths` (points) are squares [post, pre], `colours` a ScalarMappable.
    """
    places = places_of([str(name) for name in values.index])
    for post in values.index:
        for pre in values.columns:
            if not np.isfinite(values.loc[post, pre]):
                continue
            colour, width = colours.to_rgba(values.loc[post, pre]), widths.loc[post, pre]
            if pre == post:
                _loop(ax, places[str(pre)], _outwards(str(pre), places), colour, width)
            else:
                _arrow(ax, places[str(pre)], places[str(post)], colour, width)
    for name, (x, y) in places.items():
        ax.plot(x, y, "o", markersize=30, color="0.92", markeredgecolor="0.5", zorder=3)
        ax.text(x, y, name.replace("_", "\n"), ha="center", va="center", fontsize=8, zorder=4)
    positions = np.array(list(places.values()))
    low, high = positions.min(axis=0) - 0.72, positions.max(axis=0) + 0.72
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set_axis_off()


def places_of(names: list[str]) -> dict[str, np.ndarray]:
    """Return where every block stands: "V1_L4" and the like by area and depth, else on a circle."""
    parts = [name.split("_") for name in names]
    if all(len(part) == 2 and part[1] in _DEPTH for part in parts):
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


def _arrow(ax: Any, start: np.ndarray, end: np.ndarray, colour: Any, width: float) -> None:
    from matplotlib.patches import FancyArrowPatch

    passes_a_node = start[0] == end[0] and abs(end[1] - start[1]) > 1
    arrow = FancyArrowPatch(
        tuple(start),
        tuple(end),
        connectionstyle=f"arc3,rad={0.5 if passes_a_node else 0.2}",
        arrowstyle="-|>,head_length=0.5,head_width=0.25",
        mutation_scale=12,
        shrinkA=16,
        shrinkB=16,
        facecolor=colour,
        edgecolor=colour,
        linewidth=width,
        zorder=2,
    )
    ax.add_patch(arrow)


def _loop(ax: Any, place: np.ndarray, outwards: np.ndarray, colour: Any, width: float) -> None:
    from matplotlib.patches import Circle

    centre = place + (_RADIUS + 0.06) * outwards
    circle = Circle(
        tuple(centre), _RADIUS - 0.04, fill=False, edgecolor=colour, linewidth=width, zorder=1
    )
    ax.add_patch(circle)
