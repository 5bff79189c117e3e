"""The series of a file that hold a value per cell and time: which there are, and which is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# What is asked for, and what it is called in a sentence.
KINDS = {"DfOverF": "dF/F", "Fluorescence": "fluorescence", "events": "event"}
_NAMES_OF_EVENTS = ("event", "deconv", "spike", "spks")
_NAMES_OF_DFF = ("dff", "dfoverf", "dfof", "deltafoverf")


class Series(NamedTuple):
    """One series of a file."""

    name: str  # "ophys/dff/traces": processing module, interface, series
    kind: str  # one of KINDS, or "neuropil", "other"
    traces: Any  # the series itself
    plane: Any  # the imaging plane of its cells, or None if there is none

    @property
    def label(self) -> str:
        """Name of the imaging plane, or of the series where there is none."""
        return self.name if self.plane is None else str(self.plane.name)


def find_series(nwb: Any) -> list[Series]:
    """Return all series of the file, wherever they lie, each once."""
    found = []
    for traces in _walk(nwb):
        plane = getattr(traces.rois.table, "imaging_plane", None)
        found.append(Series("/".join(_path(traces)), _kind(traces), traces, plane))
    return found


def chosen_series(path: Path, nwb: Any, kind: str, names: Sequence[str] | None) -> list[Series]:
    """Return the series of a kind, or those of these names, or say what there is instead."""
    found = find_series(nwb)
    if names is not None:
        return _named(path, found, kind, names)
    wanted = [series for series in found if series.kind == kind]
    if not wanted:
        modules = ", ".join(nwb.processing) or "none"
        holder = "series of events" if kind == "events" else kind
        raise ValueError(
            f"{path} has no {KINDS[kind]} traces: there is no {holder} in its processing modules "
            f"({modules}){_others(found)}."
        )
    return wanted


def listed(found: Iterable[Series]) -> str:
    """Name series, a few of many."""
    names = [series.name for series in found]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


def _named(path: Path, found: list[Series], kind: str, names: Sequence[str]) -> list[Series]:
    """Return the series whose name ends like one of these; of several, those of the kind."""
    matching = [s for s in found if any(f"/{s.name}".endswith(f"/{name}") for name in names)]
    if not matching:
        raise ValueError(
            f"{path} has no series that is called {' or '.join(map(repr, names))}, which series= "
            f"asks for: it has {listed(found) or 'none'}."
        )
    return [series for series in matching if series.kind == kind] or matching


def _others(found: list[Series]) -> str:
    """Say which other series there are, and how to read them."""
    for kind in KINDS:
        own = [series for series in found if series.kind == kind]
        if own:
            return f"; it has {kind} ({listed(own)}), which kind={kind!r} reads"
    if found:
        return f"; it has {listed(found)}, which series= reads by its name"
    return ""


def _walk(container: Any) -> Iterator[Any]:
    from pynwb.ophys import RoiResponseSeries

    for child in container.children:
        if isinstance(child, RoiResponseSeries):
            yield child
        else:
            yield from _walk(child)


def _path(traces: Any) -> list[str]:
    names: list[str] = []
    while traces.parent is not None:  # the file itself has none
        names.insert(0, traces.name)
        traces = traces.parent
    return names


def _kind(traces: Any) -> str:
    """Return the kind by what the series says of itself, then by what it lies in."""
    from pynwb.ophys import DfOverF, Fluorescence

    holder = traces.parent
    is_held = isinstance(holder, (DfOverF, Fluorescence))
    name = re.sub("[^a-z]", "", (f"{holder.name} " * is_held + traces.name).casefold())
    if "event" in type(traces).__name__.casefold() or any(k in name for k in _NAMES_OF_EVENTS):
        return "events"
    if "neuropil" in name and "correct" not in name and "subtract" not in name:
        return "neuropil"
    if isinstance(holder, DfOverF) or any(key in name for key in _NAMES_OF_DFF):
        return "DfOverF"
    is_fluorescence = isinstance(holder, Fluorescence) or "fluorescence" in name
    return "Fluorescence" if is_fluorescence else "other"
