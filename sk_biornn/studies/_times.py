"""How long runs take, when they end and on which processor: what never repeats of a study."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pandas as pd

from sk_biornn._records import NEVER_REPEATED


def note_time(record: dict[str, Any], started: float) -> None:
    """Note in a record that its run ends now, and what has carried it out.

    Parameters
    ----------
    record : dict
        It gets "seconds", "ended" (UTC, ISO 8601) and "processor".
    started : float
        What `time.perf_counter` returned when the run began, in s.
    """
    record["seconds"] = time.perf_counter() - started
    record["ended"] = datetime.now(UTC).isoformat(timespec="seconds")
    record["processor"] = " + ".join([processor(), *_gpu()])


@cache
def processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            facts = dict(map(_fact, lines))  # the last processor of several alike
    except OSError:
        return platform.processor() or platform.machine()
    name = facts.get("model name") or platform.processor() or platform.machine()
    numbers = [f"{what} {facts[key]}" for what, key in _NUMBERS if facts.get(key)]
    return f"{name} ({', '.join(numbers)})" if numbers else name


_NUMBERS = (("family", "cpu family"), ("model", "model"))


def _fact(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), " ".join(value.split())


def _gpu() -> list[str]:
    """Return the name of the GPU that this process has used, if it has."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return []
    return [torch.cuda.get_device_name()]


def times_frame(records: Sequence[dict[str, Any]], keys: Sequence[str]) -> pd.DataFrame:
    """Return a row per run: its levels, and what never repeats, apart from the rest.

    Runs of older versions say neither when they ended nor where.
    """
    frame = pd.DataFrame.from_records(records, columns=[*keys, *NEVER_REPEATED])
    return frame.assign(seconds=frame["seconds"].astype(float).round(3))
