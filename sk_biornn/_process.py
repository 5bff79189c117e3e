"""Processes by name, and whether they still live."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """A process of some machine; its start tells it from a later one with the same number."""

    pid: int
    host: str
    start: str | None  # as the system counts it; None where the system does not say


def this_process() -> Process:
    """Return the process that asks."""
    return Process(os.getpid(), socket.gethostname(), _start_of(os.getpid()))


def has_ended(process: Process) -> bool | None:
    """Whether a process is no more; None where that cannot be told from here."""
    if process.host != socket.gethostname() or os.name != "posix":
        return None
    ours = True
    try:
        os.kill(process.pid, 0)  # sends nothing, but fails where there is nobody
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        ours = False
    if process.start is None:  # a system without /proc: the number must do
        return False
    start = _start_of(process.pid)
    if start is None:  # a zombie, or a process of another user that /proc hides
        return True if ours else None
    return start != process.start


def _start_of(pid: int) -> str | None:
    """Return when a process started; None where there is no /proc, or for a zombie."""
    with suppress(OSError):
        # The name, the second field, stands in parentheses and may contain anything.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        if fields[0] not in ("Z", "X"):
            return fields[19]
    return None
