"""One study at a time in a folder: a lock file that names the process to which the folder belongs.

A study that is killed leaves its lock. The next one sees that its process has ended, and takes the
folder over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sk_biornn._atomic import one_at_a_time, write_text
from sk_biornn._process import Process, has_ended, this_process

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other studies out of a folder, or refuse while one is in it."""
    path = folder / LOCK
    us = this_process()
    with one_at_a_time(folder):  # for a moment: nobody else looks or writes in between
        owner = _owner_of(path)
        if owner is not None:
            _refuse_unless_ended(folder, owner)
        write_text(path, json.dumps(us._asdict()) + "\n")
    try:
        yield
    finally:
        if _owner_of(path) == us:
            path.unlink()


def _refuse_unless_ended(folder: Path, owner: Process) -> None:
    ended = has_ended(owner)
    if ended:
        return
    ways = "wait for it, or choose another output"
    if ended is None:
        ways += f" (if it has ended, which cannot be told from here, remove {folder / LOCK})"
    raise ValueError(
        f"output {str(folder)!r} belongs to the study that runs in process {owner.pid} on "
        f"{owner.host}: {ways}."
    )


def _owner_of(path: Path) -> Process | None:
    """Return whose lock it is; None where there is none, or none that a study wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        owner = Process(**content)
    except (FileNotFoundError, ValueError, TypeError, RecursionError):
        return None
    valid = isinstance(owner.pid, int) and owner.pid > 0 and isinstance(owner.host, str)
    return owner if valid else None
