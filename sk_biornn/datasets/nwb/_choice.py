"""What is asked of the NWB files: the arguments, checked, and the layers of planes by depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_count, check_flag, check_number, is_number
from sk_biornn._plain import short
from sk_biornn.datasets.nwb._series import KINDS
from sk_biornn.datasets.nwb._values import INFINITE
from sk_biornn.units.names import cell_type_name, layer_name, population_name

EVENTS = ("change", "pre_change", "omission")
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
EXPERIENCE = {"familiar": "Familiar", "novel": "Novel 1"}


class Choice(NamedTuple):
    """What is asked for, checked."""

    events: tuple[str, ...]
    active: bool | None
    experience: str | None
    bins: Any
    areas: dict[str, str]
    cell_types: dict[str, str]
    relative_s: NDArray[np.float64]
    keep_cells: bool
    clean_windows: bool
    infer_changes: bool
    kind: str
    series: tuple[str, ...] | None
    depths: dict[str, float] | float | None
    infinite: str
    populations: list[str]


def check_arguments(
    events: Any,
    active: Any,
    experience: Any,
    depth_bins: Any,
    areas: Any,
    cell_types: Any,
    window_start: Any,
    n_frames: Any,
    frame_rate: Any,
    keep_cells: Any,
    clean_windows: Any,
    infer_changes: Any,
    kind: Any,
    series: Any,
    depths: Any,
    infinite: Any,
) -> Choice:
    """Check all arguments but the files."""
    events = (events,) if isinstance(events, str) else tuple(events)
    if not events:
        raise ValueError(f"events must name at least one of {', '.join(EVENTS)}, got none.")
    types = _check_names("cell_types", CRE_LINES if cell_types is None else cell_types)
    types = {line: cell_type_name(name) for line, name in types.items()}
    bins = check_bins(depth_bins, types)
    areas = _check_names("areas", AREAS if areas is None else areas)
    start, count = check_number("window_start", window_start), check_count("n_frames", n_frames)
    rate = check_number("frame_rate", frame_rate, low=0.0, open_low=True)
    relative_s = start / 1000 + np.arange(count) / rate
    return Choice(
        events=tuple(dict.fromkeys(check_choice("events", event, EVENTS) for event in events)),
        active=None if active is None else check_flag("active", active),
        experience=None
        if experience is None
        else EXPERIENCE[check_choice("experience", experience, EXPERIENCE)],
        bins=bins,
        areas=areas,
        cell_types=types,
        relative_s=relative_s,
        keep_cells=check_flag("keep_cells", keep_cells),
        clean_windows=check_flag("clean_windows", clean_windows),
        infer_changes=check_flag("infer_changes", infer_changes),
        kind=check_choice("kind", kind, KINDS),
        series=check_series(series),
        depths=_check_depths(depths),
        infinite=check_choice("infinite", infinite, INFINITE),
        populations=populations_of(bins, areas, types),
    )


def check_series(series: Any) -> tuple[str, ...] | None:
    """Return the names of series, as several."""
    if series is None:
        return None
    names = (series,) if isinstance(series, str) else series
    is_several = isinstance(names, (list, tuple, set, frozenset)) and len(names) > 0
    if not is_several or not all(isinstance(name, str) and name.strip("/") for name in names):
        raise TypeError(
            f"series must be None, the name of a series or a list of names, got {short(series)}."
        )
    return tuple(name.strip("/") for name in names)


def _check_depths(depths: Any) -> dict[str, float] | float | None:
    if depths is None:
        return None
    if isinstance(depths, Mapping) and depths:
        return {
            str(key): check_number(f"depths[{key!r}]", value, low=0.0)
            for key, value in depths.items()
        }
    if not is_number(depths):
        raise TypeError(
            "depths must be None, a number of um or a mapping of planes or experiments to um, got "
            f"{short(depths)}."
        )
    return check_number("depths", depths, low=0.0)


def _check_names(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise TypeError(f"{name} must be a mapping of names to names, got {value!r}.")
    return {str(key): str(item) for key, item in value.items()}


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
