"""The facts of a study that stand at the head of its page: how many runs, when, where, how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sk_biornn.studies._gathered import Gathered
from sk_biornn.studies._page_html import Markup, element
from sk_biornn.studies._report import count

_MINUTE, _HOUR = 60.0, 3600.0  # s


def facts(found: Gathered) -> Markup:
    """Return names and values, those that are known."""
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in _of(found))
    return element("dl", *rows, class_="facts")


def _of(found: Gathered) -> Iterator[tuple[str, Any]]:
    settings, versions = found.settings, found.versions
    preset = settings.get("preset", settings.get("name"))
    if isinstance(preset, str):
        yield "preset", preset
    if found.n_simulations is not None:
        yield "paired simulations (seeds)", found.n_simulations
    yield "runs", runs_text(found)
    if "random_state" in settings:
        yield "random state", settings["random_state"]
    when = when_text(found.times)
    if when:
        yield "carried out", when
    if len(found.times):
        yield "time of the runs", duration_text(found.times["seconds"].astype(float))
    processors = _distinct(found.times, "processor")
    machine = [*processors, *([versions["machine"]] if "machine" in versions else [])]
    if machine:
        yield "machine", "; ".join(map(str, machine))
    if versions.get("device", "cpu") != "cpu":
        yield "device", versions["device"]
    if "sk_biornn" in versions:
        yield "sk_biornn", versions["sk_biornn"]


def runs_text(found: Gathered) -> str:
    """Return how many runs have ended, of how many, and how many have failed."""
    n_failed = len(found.failed)
    failed = f"{n_failed} failed" if n_failed else "none failed"
    if found.missing:
        return f"{found.n_runs} of {found.n_planned}, {failed}"
    return f"{found.n_runs}, {failed}"


def when_text(times: pd.DataFrame) -> str:
    """Return when the first run began and the last one ended; nothing where no run says so."""
    if "ended" not in times:
        return ""
    ended = pd.to_datetime(times["ended"], utc=True, errors="coerce", format="ISO8601")
    began = ended - pd.to_timedelta(times["seconds"].astype(float), unit="s")
    if ended.isna().all():
        return ""
    first, last = began.min(), ended.max()
    same_day = first.date() == last.date()
    end = last.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M")
    return f"{first:%Y-%m-%d %H:%M} to {end} UTC"


def duration_text(seconds: pd.Series) -> str:
    """Return how long all runs took together, and how long one of them."""
    together = f"{time_text(seconds.sum())} in all"
    return together if len(seconds) < 2 else f"{together}, median {time_text(seconds.median())}"


def time_text(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if seconds < _MINUTE:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    value, unit = (seconds / _MINUTE, "min") if seconds < _HOUR else (seconds / _HOUR, "h")
    return f"{value:.1f} {unit}"


def _distinct(times: pd.DataFrame, column: str) -> list[Any]:
    return list(dict.fromkeys(times[column].dropna())) if column in times else []


def state(found: Gathered) -> Markup | None:
    """Return what is not as it should be: runs that are missing, and those that failed."""
    parts: list[Any] = []
    if found.missing:
        n, total = len(found.missing), found.n_planned
        parts.append(
            element(
                "p",
                element("b", "This study has not ended."),
                f" {count(n, 'run')} of {total} {'is' if n == 1 else 'are'} missing; the same "
                "command with --resume goes on. What follows is of the runs that have ended; "
                "figures are drawn of all.",
            )
        )
        parts.append(_listed(found.missing))
    if found.failed:
        parts.append(element("p", element("b", f"{count(len(found.failed), 'run')} failed:")))
        parts.append(_listed([f"{run}: {error}" for run, error in found.failed]))
    return element("div", *parts, class_="state", role="note") if parts else None


def _listed(lines: list[str]) -> Markup:
    return element("ul", *(element("li", line) for line in lines))
