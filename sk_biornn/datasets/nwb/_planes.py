"""The imaging planes of a file, each with its structure, its depth and the traces of its cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._plain import short
from sk_biornn.datasets.nwb._choice import Choice
from sk_biornn.datasets.nwb._depth import depth_in_numbers, depth_in_words
from sk_biornn.datasets.nwb._series import KINDS, Series, chosen_series, find_series
from sk_biornn.datasets.nwb._values import (
    check_infinite,
    noun,
    rois_of,
    times_of,
    values_in_units,
)


class Plane(NamedTuple):
    """One imaging plane of one experiment."""

    name: str
    structure: str  # as in the file: VISp, VISl
    depth: float  # um below the surface
    cells: pd.DataFrame  # roi, cell: one row per column of dff
    timestamps: NDArray[np.float64]  # (n_times,) s
    dff: NDArray[np.float64]  # (n_times, n_cells), or what else was asked for


def planes_of(
    path: Path, nwb: Any, choice: Choice, experiment: str, fact: Callable[[str], Any]
) -> list[Plane]:
    """Return the planes with the series asked for; `fact` looks into the laboratory's metadata."""
    found = chosen_series(path, nwb, choice.kind, choice.series)
    for series in found:
        if series.plane is None:
            raise ValueError(
                f"{path} does not say which imaging plane {series.name} is of: its cells are of "
                "no segmentation of a plane."
            )
    _check_once(path, found)
    # Metadata that speak of the file as a whole say how deep its plane is if it has but one.
    n_planes = len({id(series.plane) for series in find_series(nwb)})
    stated = fact("imaging_depth") if n_planes == 1 else None
    return [_plane(path, series, choice, experiment, stated) for series in found]


def _check_once(path: Path, found: list[Series]) -> None:
    """Refuse several series of one plane: every trial would count as often."""
    first: dict[int, Series] = {}
    for series in found:
        other = first.setdefault(id(series.plane), series)
        if other is not series:
            raise ValueError(
                f"{path} has two series of {KINDS.get(series.kind, 'traces')} of {series.label}, "
                f"{other.name} and {series.name}, with which every trial would count twice: "
                f"series={other.name!r} reads the first alone."
            )


def _plane(path: Path, series: Series, choice: Choice, experiment: str, stated: Any) -> Plane:
    imaging, what = series.plane, noun(series)
    rois = rois_of(path, series)
    values = values_in_units(path, series, len(rois))
    cells, valid = _cells(series.traces.rois.table, rois)
    if not valid.any():
        raise ValueError(f"{path} has an empty plane: no valid cell in {imaging.name}.")
    values, cells = values[:, valid], cells[valid].reset_index(drop=True)
    values = check_infinite(path, series, values, cells["cell"].to_numpy(), choice.infinite)
    if not np.isfinite(values).any():
        raise ValueError(
            f"{path} has an empty plane: no finite sample of {what} in {imaging.name}."
        )
    structure = str(imaging.location or "").strip()
    if not structure:
        raise ValueError(f"{path} does not say which structure {imaging.name} is in (location).")
    return Plane(
        name=imaging.name,
        structure=structure,
        depth=_depth(path, imaging, choice.depths, experiment, stated),
        cells=cells,
        timestamps=times_of(path, series, len(values)),
        dff=values,
    )


def _cells(table: Any, rois: NDArray[np.intp]) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return the ids of the cells of a trace matrix, and which are marked as valid."""
    ids = np.asarray(table.id[:])[rois]
    known = table.colnames
    cell = (
        np.asarray(table["cell_specimen_id"].data[:])[rois] if "cell_specimen_id" in known else ids
    )
    valid = np.ones(len(rois), dtype=bool)
    if "valid_roi" in known:
        valid = np.asarray(table["valid_roi"].data[:]).astype(bool)[rois]
    # An experiment whose cells were not matched to those of other days has ids of -1 there.
    return pd.DataFrame({"roi": ids, "cell": np.where(cell == -1, ids, cell)}), valid


def _depth(
    path: Path, imaging: Any, depths: dict[str, float] | float | None, experiment: str, stated: Any
) -> float:
    """Return the depth in um: as the user has it, else the metadata, else the description."""
    if isinstance(depths, float):
        return depths
    for key in (f"{experiment}/{imaging.name}", imaging.name, experiment):
        if depths is not None and key in depths:
            return depths[key]
    description = str(imaging.description or "")
    depth = depth_in_words(description) if stated is None else depth_in_numbers(stated)
    if depth is None:
        said = f"description is {short(description, 60)}"
        if stated is not None:
            said = f"imaging_depth is {short(stated, 60)}"
        raise ValueError(
            f"{path} does not say how deep {imaging.name} is, as one number in um or with its "
            f"unit: its {said}; depths={{{str(imaging.name)!r}: ...}} gives it in um."
        )
    return depth
