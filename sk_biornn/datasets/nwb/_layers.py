"""Which population an imaging plane belongs to: area, cell type, and layer by its depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sk_biornn.units.names import cell_type_name, layer_name, population_name

AREAS = {"VISp": "V1", "VISl": "LM"}
CRE_LINES = {"Slc17a7-IRES2-Cre": "Pyr", "Sst-IRES-Cre": "SST", "Vip-IRES-Cre": "VIP"}
Bins = dict[str, tuple[float, float]]  # layer: from, to, in um below the surface

# In the order of `cortical_populations`, which begins where the thalamus projects to.
# Planes of SST and VIP cells lie above 350 um. Their deep bin begins where the paper's does, and
# their L4 ends there, so that no plane is in two.
_INTERNEURONS: Bins = {"L4": (250, 295), "L2/3": (0, 250), "L5": (295, 500)}
DISJOINT: dict[str, Bins] = {
    "Pyr": {"L4": (250, 370), "L2/3": (0, 250), "L5": (370, 500)},
    "SST": _INTERNEURONS,
    "VIP": _INTERNEURONS,
}


def layers_of(depth: float, cell_type: str, area: str, experience: str | None, bins: Any) -> list:
    """Return the layers of a plane: one, several where bins overlap, or none."""
    if bins == "paper":
        own = _paper_bins(cell_type, area, novel=experience == "Novel 1")
        return [layer for layer, (low, high) in own.items() if low <= depth <= high]
    own = bins.get(cell_type, {})
    starts = {low for low, _ in own.values()}
    return [
        layer
        for layer, (low, high) in own.items()
        # A depth on the border belongs to the deeper of two bins that meet there.
        if low <= depth < high or (depth == high and high not in starts)
    ]


def _paper_bins(cell_type: str, area: str, *, novel: bool) -> Bins:
    """Return the bins of Balwani et al., which widen L5 where it had too few planes."""
    deep = 370.0
    if cell_type in ("SST", "VIP"):
        deep = 320.0 if (novel and area == "V1" and cell_type == "SST") else 295.0
    elif novel and area == "LM":
        deep = 350.0
    return {"L4": (250, 370), "L2/3": (0, 250), "L5": (deep, 500)}


def populations_of(bins: Any, areas: Mapping[str, str], cell_types: Mapping[str, str]) -> list[str]:
    """Return the names of all populations that planes can belong to, in order."""
    per_type = DISJOINT if bins == "paper" else bins
    layers = dict.fromkeys(layer for own in per_type.values() for layer in own)
    types = dict.fromkeys(cell_types.values())
    return [
        population_name(area, layer, cell_type)
        for area in dict.fromkeys(areas.values())
        for layer in layers
        for cell_type in types
        if layer in per_type.get(cell_type, {})
    ]


def check_bins(depth_bins: Any, cell_types: Mapping[str, str]) -> Any:
    """Return "paper", or the bins of every cell type."""
    if isinstance(depth_bins, str):
        if depth_bins not in ("disjoint", "paper"):
            raise ValueError(
                f"depth_bins must be 'disjoint', 'paper' or a mapping, got {depth_bins!r}."
            )
        pyramidal = DISJOINT["Pyr"]
        types = set(cell_types.values())
        return "paper" if depth_bins == "paper" else {t: DISJOINT.get(t, pyramidal) for t in types}
    if not isinstance(depth_bins, Mapping) or not depth_bins:
        raise TypeError(
            f"depth_bins must be 'disjoint', 'paper' or a mapping of layers to (from, to) in um, "
            f"got {depth_bins!r}."
        )
    if all(isinstance(value, Mapping) for value in depth_bins.values()):
        return {cell_type_name(name): _check_layers(value) for name, value in depth_bins.items()}
    layers = _check_layers(depth_bins)
    return dict.fromkeys(cell_types.values(), layers)


def _check_layers(layers: Mapping[str, Any]) -> Bins:
    checked = {}
    for layer, bounds in layers.items():
        try:
            low, high = (float(bound) for bound in bounds)
        except (TypeError, ValueError):
            low, high = 1.0, 0.0
        if not 0 <= low < high:
            raise ValueError(
                f"depth_bins must give (from, to) in um, 0 <= from < to, for every layer, got "
                f"{bounds!r} for {layer}."
            )
        checked[layer_name(layer)] = (low, high)
    return checked
