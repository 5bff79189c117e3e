"""From the planes of a recording to rows of populations, and the tables that describe them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn.datasets.nwb._choice import Choice
from sk_biornn.datasets.nwb._file import Recording
from sk_biornn.datasets.nwb._planes import Plane

COUNTS = ("n_events", "n_unclean", "n_unseen", "n_trials")
METADATA = (
    "event", "population", "area", "layer", "cell_type", "mouse", "session", "experiment",
    "plane", "depth", "experience", "cre_line", "trial", "time", "image", "n_cells",
)  # fmt: skip
# Between samples further apart than this many intervals nothing is interpolated.
_MAX_GAP = 2.5


class Windows(NamedTuple):
    """Events of one kind in one recording."""

    trial: NDArray[np.intp]  # (n,): row of the presentations that it belongs to
    shown: NDArray[np.intp]  # (n,): the row it is aligned to, the one before for "pre_change"
    time: NDArray[np.float64]  # (n,) s
    n_events: int  # before any was left out
    n_unclean: int  # of these, left out because something else happened in the window


def find_windows(
    stimuli: pd.DataFrame,
    event: str,
    relative_s: NDArray[np.float64],
    *,
    active: bool | None,
    clean: bool,
) -> Windows:
    """Return the events of a kind, those with another event in their window left out."""
    start = stimuli["start"].to_numpy()
    change, omitted = (stimuli[name].to_numpy() for name in ("is_change", "omitted"))
    chosen = omitted.copy() if event == "omission" else change & ~omitted
    if active is not None:
        chosen &= stimuli["active"].to_numpy() == active
    if event == "pre_change":
        chosen[:1] = False  # nothing was shown before the first
        chosen[1:] &= stimuli["is_flash"].to_numpy()[:-1]  # a grey screen or a film is no repeat
    trial = np.flatnonzero(chosen)
    shown = trial - 1 if event == "pre_change" else trial
    time = start[shown]
    n_events = len(trial)
    if clean:
        others = omitted | change
        own = np.full(n_events, -1) if event == "pre_change" else trial
        keep = ~_disturbed(stimuli, others, own, time, relative_s)
        trial, shown, time = trial[keep], shown[keep], time[keep]
    return Windows(trial, shown, time, n_events, n_events - len(trial))


def _disturbed(
    stimuli: pd.DataFrame,
    others: NDArray[np.bool_],
    own: NDArray[np.intp],
    time: NDArray[np.float64],
    relative_s: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Whether another change or omission overlaps the window of each event."""
    rows = np.flatnonzero(others)
    begin, end = (time[:, None] + edge for edge in (relative_s[0], relative_s[-1]))
    start, stop = (stimuli[name].to_numpy()[rows] for name in ("start", "stop"))
    overlaps = (start <= end) & (stop > begin) & (rows != own[:, None])
    return overlaps.any(axis=1)


def interpolate(
    timestamps: NDArray[np.float64], values: NDArray[np.float64], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate linearly: (n_times, n_cells) at `times` (n, n_frames) -> (n, n_frames, n_cells).

    NaN before the first and after the last sample, and where samples are missing between.
    """
    after = np.searchsorted(timestamps, times, side="left").clip(1, len(timestamps) - 1)
    before = after - 1
    step = timestamps[after] - timestamps[before]
    share = (times - timestamps[before]) / step
    usual = np.median(np.diff(timestamps))
    absent = (share < 0) | (share > 1) | ((step > _MAX_GAP * usual) & (share > 0) & (share < 1))
    share = np.where(absent, np.nan, share)[..., None]
    low, high = values[before], values[after]
    # A sample that counts with weight 0 must not matter, even if it is NaN.
    return np.where(share == 0, low, np.where(share == 1, high, low + share * (high - low)))


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
        f"{path} has traces of {plane.name} in no whole window around an event asked for: it was "
        f"recorded from {begin:.1f} to {end:.1f} s, images were shown from {shown.iloc[0]:.1f} to "
        f"{shown.iloc[-1]:.1f} s."
    )


def _cut(
    recording: Recording, plane: Plane, windows: Windows, choice: Choice
) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """Return rows (n_rows, n_frames) and what is known of each."""
    times = windows.time[:, None] + choice.relative_s
    cut = interpolate(plane.timestamps, plane.dff, times)  # (n_events, n_frames, n_cells)
    whole = np.all(np.isfinite(cut), axis=1)  # (n_events, n_cells)
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


def rows_by_event(found: list[Rows], choice: Choice) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Stack the rows of all planes of a population; populations in their order."""
    stacked: dict[str, dict[str, NDArray[np.float64]]] = {}
    for event in choice.events:
        parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in choice.populations}
        for rows in found:
            if rows.event == event and len(rows.values):
                parts[rows.population].append(rows.values)
        stacked[event] = {name: np.concatenate(part) for name, part in parts.items() if part}
    return stacked


def tables_of(
    found: list[Rows], files: list[tuple[str, str, str]], choice: Choice
) -> dict[str, Any]:
    """Return the tables that describe the rows."""
    metadata = [rows.metadata for rows in found if len(rows.values)]
    columns = metadata_columns(choice)
    cells = {(rows.experiment, rows.plane): rows.cells for rows in found if len(rows.values)}
    return {
        "metadata": _stacked(metadata, columns),
        "counts": _counts_table(found, choice.events, choice.populations),
        "cells": _stacked(list(cells.values()), ["experiment", "plane", "roi", "cell"]),
        "files": pd.DataFrame(files, columns=["path", "status", "reason"]),
    }


def _stacked(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _counts_table(
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
