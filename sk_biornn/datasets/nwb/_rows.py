"""From the planes of a recording to rows of a population, and what there is of each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn.datasets.nwb._align import Windows, find_windows, interpolate
from sk_biornn.datasets.nwb._choice import Choice
from sk_biornn.datasets.nwb._file import Plane, Recording

COUNTS = ("n_events", "n_unclean", "n_unseen", "n_trials")
METADATA = (
    "event", "population", "area", "layer", "cell_type", "mouse", "session", "experiment",
    "plane", "depth", "experience", "cre_line", "trial", "time", "image", "n_cells",
)  # fmt: skip


class Rows(NamedTuple):
    """Rows of one plane for one event, as part of one population."""

    event: str
    population: str
    mouse: str
    session: str
    experiment: str
    plane: str
    values: NDArray[np.float64]  # (n_rows, n_frames)
    metadata: pd.DataFrame  # a line per row
    cells: pd.DataFrame  # experiment, plane, roi, cell
    counts: dict[str, int]
    shared: bool  # whether the plane is in another population too


def metadata_columns(choice: Choice) -> list[str]:
    """Return the columns of the metadata."""
    return [*METADATA, "cell"] if choice.keep_cells else list(METADATA)


def rows_of_plane(
    recording: Recording, plane: Plane, names: list[tuple[str, str, str, str]], choice: Choice
) -> list[Rows]:
    """Cut a plane into trials; `names` are area, layer, cell type and population."""
    cells = plane.cells.copy()
    cells.insert(0, "plane", plane.name)
    cells.insert(0, "experiment", recording.experiment)
    found = []
    for event in choice.events:
        windows = find_windows(
            recording.stimuli,
            event,
            choice.relative_s,
            active=choice.active,
            clean=choice.clean_windows,
        )
        values, table = _cut(recording, plane, windows, choice)
        n_trials = int(table["trial"].nunique())
        counts = (windows.n_events, windows.n_unclean, len(windows.trial) - n_trials, n_trials)
        for area, layer, cell_type, population in names:
            described = table.assign(
                event=event, population=population, area=area, layer=layer, cell_type=cell_type
            )
            found.append(
                Rows(
                    event,
                    population,
                    recording.mouse,
                    recording.session,
                    recording.experiment,
                    plane.name,
                    values,
                    described[metadata_columns(choice)],
                    cells,
                    dict(zip(COUNTS, counts, strict=True)),
                    shared=len(names) > 1,
                )
            )
    return found


def check_seen(path: Path, recording: Recording, plane: Plane, rows: list[Rows]) -> None:
    """Refuse a plane that was not recorded around any of the events asked for."""
    n_unseen = sum(part.counts["n_unseen"] for part in rows)
    if n_unseen == 0 or any(part.counts["n_trials"] for part in rows):
        return
    (begin, end), shown = plane.timestamps[[0, -1]], recording.stimuli["start"]
    raise ValueError(
        f"{path} has dF/F of {plane.name} in no whole window around an event asked for: it was "
        f"recorded from {begin:.1f} to {end:.1f} s, images were shown from {shown.iloc[0]:.1f} to "
        f"{shown.iloc[-1]:.1f} s."
    )


def _cut(
    recording: Recording, plane: Plane, windows: Windows, choice: Choice
) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """Return rows (n_rows, n_frames) and what is known of each."""
    times = windows.time[:, None] + choice.relative_s
    cut = interpolate(plane.timestamps, plane.dff, times)  # (n_events, n_frames, n_cells)
    whole = np.isfinite(cut).all(axis=1)  # (n_events, n_cells)
    n_cells = whole.sum(axis=1)
    if choice.keep_cells:
        trial, cell = np.nonzero(whole)
        values = cut[trial, :, cell]
    else:
        trial = np.flatnonzero(n_cells)
        sums = np.where(whole[:, None, :], cut, 0).sum(axis=2)
        values = sums[trial] / n_cells[trial, None]
    table = pd.DataFrame(
        {
            "trial": windows.trial[trial],
            "time": windows.time[trial],
            "image": recording.stimuli["image"].to_numpy()[windows.shown[trial]],
            "n_cells": n_cells[trial],
        }
    ).assign(
        mouse=recording.mouse,
        session=recording.session,
        experiment=recording.experiment,
        plane=plane.name,
        depth=plane.depth,
        experience=recording.experience,
        cre_line=recording.cre_line,
    )
    if choice.keep_cells:
        table["cell"] = plane.cells["cell"].to_numpy()[cell]
    return values, table
