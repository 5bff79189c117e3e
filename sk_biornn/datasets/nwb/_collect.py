"""From files to rows: what is read of each, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sk_biornn.datasets.nwb._choice import Choice, layers_of
from sk_biornn.datasets.nwb._file import Recording, read_recording
from sk_biornn.datasets.nwb._rows import Rows, check_seen, rows_of_plane
from sk_biornn.units.names import listed, population_name


def read_all(
    paths: Iterable[Path], choice: Choice, on_error: str
) -> tuple[list[Any], list[tuple[str, str, str]]]:
    """Return the rows of all files, and what became of each: its path, a status, the reason."""
    found, files = [], []
    seen: dict[tuple[str, str], Path] = {}
    for path in paths:
        try:
            recording = read_recording(path, choice)
            _check_new(path, recording, seen)
            rows, reason = _rows_of(path, recording, choice)
        except (ValueError, FileNotFoundError) as error:
            if on_error == "raise":
                raise
            files.append((str(path), "failed", str(error)))
            continue
        found += rows
        kept = any(len(part.values) for part in rows)
        files.append((str(path), "read" if kept else "filtered", reason))
    if not any(status == "failed" for _, status, _ in files):
        _check_depths_used(choice.depths, seen)
    return found, files


def _check_new(path: Path, recording: Recording, seen: dict[tuple[str, str], Path]) -> None:
    """Refuse an experiment that another file has given already: its trials would count twice."""
    for plane in recording.planes:
        earlier = seen.setdefault((recording.experiment, plane.name), path)
        if earlier is not path:
            raise ValueError(
                f"{path} holds experiment {recording.experiment} again, which is in {earlier} too."
            )


def _check_depths_used(depths: Any, seen: Iterable[tuple[str, str]]) -> None:
    """Refuse a name in `depths` that no plane has: a slip of the pen would go unnoticed."""
    if not isinstance(depths, dict):
        return
    known = {key for pair in seen for key in (*pair, "/".join(pair))}
    unknown = [key for key in depths if key not in known]
    if unknown:
        raise ValueError(
            f"depths must name planes or experiments of the files, got {unknown[0]!r}, which is "
            f"none of {listed(sorted(known))}."
        )


def _rows_of(path: Path, recording: Recording, choice: Choice) -> tuple[list[Rows], str]:
    """Return the rows of a file by event and population, or why there are none."""
    cell_type = choice.cell_types.get(recording.cre_line)
    if cell_type is None:
        known = ", ".join(choice.cell_types)
        return [], f"Cre line {recording.cre_line} is not asked for by cell_types= ({known})"
    if choice.experience is not None:
        if recording.experience is None:
            raise ValueError(
                f"{path} does not say how well the mouse knows the images: it has neither a column "
                "is_image_novel nor a session_type such as OPHYS_1_images_A; experience=None "
                "takes all."
            )
        if recording.experience != choice.experience:
            return [], f"experience is {recording.experience}, experience= asks for another"
    rows, reasons = [], []
    for plane in recording.planes:
        area = choice.areas.get(plane.structure)
        if area is None:
            known = ", ".join(choice.areas)
            reasons.append(f"structure {plane.structure} is not asked for by areas= ({known})")
            continue
        layers = layers_of(plane.depth, cell_type, area, recording.experience, choice.bins)
        if not layers:
            reasons.append(f"depth {plane.depth:g} um of {cell_type} is in no bin of depth_bins=")
            continue
        names = [
            (area, layer, cell_type, population_name(area, layer, cell_type)) for layer in layers
        ]
        new = rows_of_plane(recording, plane, names, choice)
        check_seen(path, recording, plane, new)
        rows += new
    if rows and not any(len(part.values) for part in rows):
        reasons.append(_why_no_event(recording, choice.active))
    return rows, "; ".join(reasons)


def _why_no_event(recording: Recording, active: bool | None) -> str:
    flashes = recording.stimuli[recording.stimuli["is_flash"]]
    if active is not None and len(flashes) and not (flashes["active"] == active).any():
        session, other = ("passive", False) if active else ("active", True)
        return (
            f"the session is {session}, and active={active} leaves all of it out (active={other} "
            "or active=None takes it)"
        )
    return "no event of that kind, or none with a clean window"
