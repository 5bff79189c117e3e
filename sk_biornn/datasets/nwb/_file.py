"""One NWB file of the Visual Behavior kind: its planes and stimuli, checked, as plain arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from sk_biornn.datasets.nwb._choice import Choice
from sk_biornn.datasets.nwb._open import opened
from sk_biornn.datasets.nwb._planes import Plane, planes_of
from sk_biornn.datasets.nwb._stimuli import stimuli_of


class Recording(NamedTuple):
    """One file: what was imaged, in whom, and what was shown."""

    mouse: str
    session: str
    experiment: str
    session_type: str
    experience: str | None  # "Familiar", "Novel 1", "Novel >1"
    cre_line: str
    planes: list[Plane]
    stimuli: pd.DataFrame  # start, stop (s), is_change, omitted, is_flash, image, (active)


def read_recording(path: Path, choice: Choice) -> Recording:
    """Read one file, or raise one sentence that names it and says what is missing."""
    with opened(path) as nwb:
        experiment = str(_fact(nwb, "ophys_experiment_id") or nwb.identifier)
        # First: a file of another kind has no planes.
        planes = planes_of(path, nwb, choice, experiment, partial(_fact, nwb))
        session_type = str(_fact(nwb, "session_type") or "")
        stimuli, novel = stimuli_of(
            path,
            nwb,
            session_type,
            infer_changes=choice.infer_changes,
            with_active=choice.active is not None,
        )
        return Recording(
            mouse=_mouse(path, nwb),
            session=str(_fact(nwb, "ophys_session_id") or nwb.session_id or nwb.identifier),
            experiment=experiment,
            session_type=session_type,
            experience=_experience(_fact(nwb, "experience_level"), session_type, novel),
            cre_line=_cre_line(path, nwb, list(choice.cell_types)),
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
