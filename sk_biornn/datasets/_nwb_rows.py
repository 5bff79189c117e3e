"""From the planes of a recording to rows of a population, and what there is of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn.datasets._nwb_align import Windows, find_windows, interpolate
from sk_biornn.datasets._nwb_choice import Choice
from sk_biornn.datasets._nwb_file import Plane, Recording

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


def counts_table(
    found: list[Rows], events: tuple[str, ...], populations: list[str]
) -> pd.DataFrame:
    """Return how many events, trials, mice, sessions, experiments and cells there are."""
    table = [
        {
            "event": event,
            "population": population,
            **_counts([r for r in found if (r.event, r.population) == (event, population)]),
        }
        for event in events
        for population in populations
    ]
    return pd.DataFrame(table)


def _counts(parts: list[Rows]) -> dict[str, int]:
    """Sum up the planes of one population; experiments without any trial do not count."""
    used = [rows for rows in parts if len(rows.values)]
    return {
        **{name: sum(rows.counts[name] for rows in parts) for name in COUNTS},
        "n_mice": len({rows.mouse for rows in used}),
        "n_sessions": len({rows.session for rows in used}),
        "n_experiments": len({rows.experiment for rows in used}),
        "n_shared": len({rows.experiment for rows in used if rows.shared}),
        "n_cells": sum(len(rows.cells) for rows in used),
    }
