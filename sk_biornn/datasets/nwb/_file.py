"""One NWB file of the Visual Behavior kind: its planes and stimuli, checked, as plain arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn.datasets.nwb._open import opened

OMISSION_S = 0.25  # how long an image would have been there, where the file does not say
_FLAGS = ("is_change", "omitted")
_WANTED = ("start_time", "stop_time", *_FLAGS, "active", "image_name", "is_image_novel")


class Plane(NamedTuple):
    """One imaging plane of one experiment."""

    name: str
    structure: str  # as in the file: VISp, VISl
    depth: float  # um below the surface
    cells: pd.DataFrame  # roi, cell: one row per column of dff
    timestamps: NDArray[np.float64]  # (n_times,) s
    dff: NDArray[np.float64]  # (n_times, n_cells)


class Recording(NamedTuple):
    """One file: what was imaged, in whom, and what was shown."""

    mouse: str
    session: str
    experiment: str
    session_type: str
    experience: str | None  # "Familiar", "Novel 1", "Novel >1"
    cre_line: str
    planes: list[Plane]
    stimuli: pd.DataFrame  # start, stop (s), is_change, omitted, image, (active); by start


def read_recording(
    path: Path, known_lines: Sequence[str], *, infer_changes: bool, with_active: bool
) -> Recording:
    """Read one file, or raise one sentence that names it and says what is missing."""
    with opened(path) as nwb:
        planes = _planes(path, nwb)  # first: a file of another kind has none
        stimuli, novel = _stimuli(path, nwb, infer_changes, with_active)
        session_type = str(_fact(nwb, "session_type") or "")
        experiment = _fact(nwb, "ophys_experiment_id") or nwb.identifier
        return Recording(
            mouse=_mouse(path, nwb),
            session=str(_fact(nwb, "ophys_session_id") or nwb.session_id or nwb.identifier),
            experiment=str(experiment),
            session_type=session_type,
            experience=_experience(_fact(nwb, "experience_level"), session_type, novel),
            cre_line=_cre_line(path, nwb, known_lines),
            planes=planes,
            stimuli=stimuli,
        )


def _fact(nwb: Any, name: str) -> Any:
    """Return an attribute of the laboratory's metadata, or None."""
    for metadata in nwb.lab_meta_data.values():
        value = getattr(metadata, name, None)
        if value is not None:
            return value
    return None


def _mouse(path: Path, nwb: Any) -> str:
    mouse = _fact(nwb, "mouse_id") or getattr(nwb.subject, "subject_id", None)
    if mouse is None:
        raise ValueError(f"{path} does not say which mouse it is of: it has no subject_id.")
    return str(mouse)


def _cre_line(path: Path, nwb: Any, known_lines: Sequence[str]) -> str:
    """Return the Cre line of the mouse: a known one if it has several."""
    texts = [_fact(nwb, "cre_line"), *(getattr(nwb.subject, n, None) for n in ("genotype",))]
    drivers = getattr(nwb.subject, "driver_line", None)
    texts += [drivers] if isinstance(drivers, str) else list(drivers if drivers is not None else ())
    parts = [part.strip() for text in texts if text for part in re.split("[;/]", str(text))]
    lines = [part for part in parts if "cre" in part.casefold()]
    if not lines:
        found = f"its subject's genotype is {texts[1]!r}" if texts[1] else "it has no genotype"
        raise ValueError(f"{path} does not say which Cre line the mouse has: {found}.")
    return next((line for line in lines if line in known_lines), lines[0])


def _experience(stated: str | None, session_type: str, novel: bool | None) -> str | None:
    """Return how well the mouse knows the images: as stated, or from what is new or the stage."""
    if stated:
        return {"familiar": "Familiar", "novel": "Novel 1"}.get(stated.casefold(), stated)
    stage = re.search(r"OPHYS_(\d)", session_type)
    number = int(stage.group(1)) if stage else 0
    if novel:
        return "Novel 1"
    if number >= 4:  # stages 4 to 6 show the second set, and 4 is the first session to do so
        return "Novel 1" if number == 4 and novel is None else "Novel >1"
    return "Familiar" if number > 0 or novel is False else None


def _stimuli(
    path: Path, nwb: Any, infer_changes: bool, with_active: bool
) -> tuple[pd.DataFrame, bool | None]:
    """Return the table of presentations, and whether any image was new (None: it is not said)."""
    shown = _presentations(path, nwb)
    if infer_changes and "is_change" not in shown and {"image_name", "omitted"} <= set(shown):
        shown["is_change"] = _inferred_changes(path, shown)
    missing = [name for name in _FLAGS if name not in shown]
    if missing:
        hint = "; infer_changes=True infers it from image_name" if missing == ["is_change"] else ""
        raise ValueError(
            f"{path} has stimulus presentations without the column {' and '.join(missing)}{hint}."
        )
    start, stop = (shown[name].to_numpy(dtype=np.float64) for name in ("start_time", "stop_time"))
    if not np.isfinite(start).all():
        raise ValueError(f"{path} has stimulus presentations without a start_time.")
    names = shown["image_name"] if "image_name" in shown else pd.Series("", index=shown.index)
    table = pd.DataFrame(
        {
            "start": start,
            "stop": np.where(np.isfinite(stop), stop, start + OMISSION_S),
            **{name: _flags(path, name, shown[name]) for name in _FLAGS},
            "image": names.fillna("").to_numpy(dtype=object),
        }
    )
    if with_active:
        table["active"] = _active(path, nwb, shown)
    if "is_image_novel" not in shown:
        return table, None
    return table, bool(_flags(path, "is_image_novel", shown["is_image_novel"]).any())


def _presentations(path: Path, nwb: Any) -> pd.DataFrame:
    """Stack the tables of presentations, one per kind of stimulus, in the order of time."""
    intervals = nwb.intervals or {}
    tables = [
        pd.DataFrame({name: table[name].data[:] for name in table.colnames if name in _WANTED})
        for key, table in intervals.items()
        if key.endswith("_presentations")
    ]
    if not tables:
        raise ValueError(
            f"{path} has no stimulus presentations: no table of intervals is called "
            f"*_presentations, there is {', '.join(intervals) or 'none'}."
        )
    stacked = pd.concat(tables, ignore_index=True)
    return stacked.sort_values("start_time", kind="stable", ignore_index=True)


def _inferred_changes(path: Path, shown: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which image is another one than the last that was not omitted."""
    omitted = _flags(path, "omitted", shown["omitted"])
    names = shown["image_name"][~omitted].dropna()
    change = pd.Series(False, index=shown.index)
    change[names.index] = (names != names.shift()) & names.shift().notna()
    return change.to_numpy(dtype=bool)


def _active(path: Path, nwb: Any, shown: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether the mouse was at work; for all alike where only the session type says it."""
    if "active" in shown:
        return _flags(path, "active", shown["active"])
    session_type = str(_fact(nwb, "session_type") or "")
    if not session_type:
        raise ValueError(
            f"{path} has stimulus presentations without the column active, and no session_type "
            "that would say whether the session was passive."
        )
    return np.full(len(shown), "passive" not in session_type.casefold())


def _flags(path: Path, name: str, values: pd.Series) -> NDArray[np.bool_]:
    """Return True and False of a column that may hold them as numbers or text, with gaps."""
    known = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    known |= dict.fromkeys(("nan", "none", "", "n/a", "<na>"), False)
    texts = [str(value).casefold() for value in values]
    unknown = sorted(set(texts) - set(known))
    if unknown:
        raise ValueError(
            f"{path} has a column {name} of stimulus presentations that is not True or False, but "
            f"{unknown[0]!r}."
        )
    return np.array([known[text] for text in texts], dtype=bool)


def _planes(path: Path, nwb: Any) -> list[Plane]:
    series = [
        traces
        for module in nwb.processing.values()
        for interface in module.data_interfaces.values()
        if type(interface).__name__ == "DfOverF"
        for traces in interface.roi_response_series.values()
    ]
    if not series:
        modules = ", ".join(nwb.processing) or "none"
        raise ValueError(
            f"{path} has no dF/F traces: there is no DfOverF in its processing modules ({modules})."
        )
    return [_plane(path, nwb, traces, alone=len(series) == 1) for traces in series]


def _plane(path: Path, nwb: Any, traces: Any, alone: bool) -> Plane:
    imaging = traces.rois.table.imaging_plane
    dff = np.asarray(traces.data[:], dtype=np.float64)
    rois = np.asarray(traces.rois.data[:], dtype=np.intp)
    if dff.ndim != 2 or dff.shape[1] != len(rois):
        raise ValueError(
            f"{path} has dF/F of shape {dff.shape} in {imaging.name}, which must be (n_times, "
            f"n_cells) with the {len(rois)} cells of its table."
        )
    cells, valid = _cells(traces.rois.table, rois)
    if not valid.any():
        raise ValueError(f"{path} has an empty plane: no valid cell in {imaging.name}.")
    dff = dff[:, valid]
    if not np.isfinite(dff).any():
        raise ValueError(f"{path} has an empty plane: no finite sample of dF/F in {imaging.name}.")
    if not imaging.location:
        raise ValueError(f"{path} does not say which structure {imaging.name} is in (location).")
    return Plane(
        name=imaging.name,
        structure=str(imaging.location),
        depth=_depth(path, nwb, imaging, alone),
        cells=cells[valid].reset_index(drop=True),
        timestamps=_timestamps(path, traces, len(dff)),
        dff=dff,
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


def _depth(path: Path, nwb: Any, imaging: Any, alone: bool) -> float:
    """Return the depth in um: from the laboratory's metadata, or the plane's own description."""
    stated = _fact(nwb, "imaging_depth") if alone else None
    if stated is None:
        text = re.search(r"depth\D{0,4}(\d+(?:\.\d+)?)", imaging.description or "", re.IGNORECASE)
        stated = text.group(1) if text else None
    if stated is None or not np.isfinite(float(stated)):
        raise ValueError(f"{path} does not say how deep {imaging.name} is (imaging_depth).")
    return float(stated)


def _timestamps(path: Path, traces: Any, n_times: int) -> NDArray[np.float64]:
    if n_times < 2:
        raise ValueError(f"{path} has {n_times} sample of dF/F in time, at least 2 are needed.")
    if traces.timestamps is None:
        if not 0 < traces.rate < np.inf:
            raise ValueError(
                f"{path} has dF/F at a rate of {traces.rate:g} Hz, but a rate must be positive."
            )
        return float(traces.starting_time or 0) + np.arange(n_times) / float(traces.rate)
    times = np.asarray(traces.timestamps[:], dtype=np.float64)
    if len(times) != n_times:
        raise ValueError(f"{path} has {len(times)} timestamps for {n_times} samples of dF/F.")
    if not (np.diff(times) > 0).all():  # NaN is not larger either
        raise ValueError(f"{path} has timestamps of dF/F that do not increase.")
    return times
