"""What is asked of the NWB files: the arguments, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn.datasets._checks import check_choice, check_count, check_flag, check_positive, plain
from sk_biornn.datasets.nwb._align import EVENTS
from sk_biornn.datasets.nwb._layers import AREAS, CRE_LINES, check_bins, populations_of
from sk_biornn.units.names import cell_type_name

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
) -> Choice:
    """Check all arguments but the files."""
    events = (events,) if isinstance(events, str) else tuple(events)
    if not events:
        raise ValueError(f"events must name at least one of {', '.join(EVENTS)}, got none.")
    types = _check_names("cell_types", CRE_LINES if cell_types is None else cell_types)
    types = {line: cell_type_name(name) for line, name in types.items()}
    bins = check_bins(depth_bins, types)
    areas = _check_names("areas", AREAS if areas is None else areas)
    start, count = _check_start(window_start), check_count("n_frames", n_frames)
    relative_s = start / 1000 + np.arange(count) / check_positive("frame_rate", frame_rate)
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
        populations=populations_of(bins, areas, types),
    )


def _check_names(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise TypeError(f"{name} must be a mapping of names to names, got {value!r}.")
    return {str(key): str(item) for key, item in value.items()}


def _check_start(value: Any) -> float:
    try:
        start = float(value)
    except (TypeError, ValueError):
        start = np.nan
    if not np.isfinite(start):
        raise ValueError(f"window_start must be a finite number of ms, got {plain(value)!r}.")
    return start
