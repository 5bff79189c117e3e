"""What folders of results share: records that show whether they are whole, versions, and a lock.

One piece of work at a time is in such a folder: a lock file names the process to which the folder
belongs. Work that is killed leaves its lock. The next one sees that its process has ended, and
takes the folder over.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from sk_biornn._atomic import create_text, one_at_a_time
from sk_biornn._process import Process, has_ended, this_process

LOCK = ".lock"
# Of a record: how long it took, when it ended, and on which processor.
NEVER_REPEATED = ("seconds", "ended", "processor")
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pandas", "joblib")


def versions() -> dict[str, str]:
    """Return what the numbers depend on besides the settings."""
    import sk_biornn

    packages = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {
        "sk_biornn": sk_biornn.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **packages,
    }


def to_json(content: Any) -> str:
    """Return JSON that is the same text for the same content, and never NaN."""
    return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def sealed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the digest of what it says, but for times, which never repeat."""
    content = {name: record[name] for name in sorted({*record} - {*NEVER_REPEATED, "seal"})}
    try:
        seal = hashlib.sha256(to_json(content).encode()).hexdigest()
    except (ValueError, RecursionError):  # NaN and the like, which are never written
        seal = ""
    return {**record, "seal": seal}


def as_json(content: Any) -> Any:
    """Return content as it is once it was written and read again."""
    return json.loads(to_json(content))


def differences(there: dict[str, Any], here: dict[str, Any]) -> str:
    """Return which settings differ, each as "name is A there, B here"; nothing where none does.

    Of settings within settings those are named that differ, as "training.n_simulations".
    """
    found = [
        "{} is {} there, {} here".format(name, *_short_pair(*pair))
        for key in sorted({*there, *here})
        if there.get(key) != here.get(key)
        for name, pair in _differing(key, there.get(key, _NOT_THERE), here.get(key, _NOT_THERE))
    ]
    n_more = len(found) - _MOST_NAMED
    return "; ".join(found[:_MOST_NAMED]) + (f"; and {n_more} more" if n_more > 0 else "")


_MOST_NAMED = 8
_NOT_THERE = object()


def _differing(name: str, there: Any, here: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the names of what differs, as deep within as it can be named, with both values."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted({*there, *here}):
            pair = (there.get(key, _NOT_THERE), here.get(key, _NOT_THERE))
            if pair[0] != pair[1]:
                yield from _differing(f"{name}.{key}", *pair)
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for place, pair in enumerate(zip(there, here, strict=True)):
            if pair[0] != pair[1]:
                yield from _differing(f"{name}[{place}]", *pair)
    else:
        yield name, (there, here)


def _short_pair(there: Any, here: Any) -> list[str]:
    """Return JSON of two values that differ, cut between words to where one sees that they do."""
    texts = ["missing" if one is _NOT_THERE else json.dumps(one) for one in (there, here)]
    shown = [_cut(text) for text in texts]
    if shown[0] != shown[1]:
        return shown
    same = takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False))
    end = len(list(same))
    entry, word = texts[0].rfind(", ", 0, end) + 2, texts[0].rfind(" ", 0, end) + 1
    start = entry if entry > end - 20 else max(word, end - 20)
    return [f"...{_cut(text[start:])}" for text in texts]


def short_json(value: Any) -> str:
    """Return JSON of a value, cut where it is long."""
    return _cut(json.dumps(value))


def _cut(text: str, length: int = 40) -> str:
    """Return a text that is not longer, cut after a word where there is one."""
    if len(text) <= length:
        return text
    start = text[: length - 3]
    return f"{start[: start.rfind(' ') + 1] or start}..."


@contextmanager
def locked(folder: Path, argument: str = "output", work: str = "study") -> Iterator[None]:
    """Keep others out of a folder, or refuse while one is in it.

    Parameters
    ----------
    folder : Path
        The folder, which exists.
    argument, work : str
        What the user calls it by, and what is done in it: of the sentence that refuses.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    ValueError
        If the folder belongs to a process that has not ended.
    """
    path = folder / LOCK
    us = this_process()
    with one_at_a_time(folder):  # for a moment: nobody else looks or writes in between
        refuse_lock(folder, argument, work)
        path.unlink(missing_ok=True)  # of one that has ended
        create_text(path, as_text(us))
        if owner_of(path) != us:  # another one was quicker, where folders cannot be locked
            refuse_lock(folder, argument, work)
            raise ValueError(
                f"{argument} {str(folder)!r} was taken by another {work} at this moment: choose "
                f"another {argument}, or begin again."
            )
    try:
        yield
    finally:
        if owner_of(path) == us:
            path.unlink()


def refuse_lock(folder: Path, argument: str = "output", work: str = "study") -> None:
    """Refuse a folder that one process has to itself, unless that has ended."""
    path = folder / LOCK
    owner = owner_of(path)
    if owner is not None:
        ways = f"wait for it, or choose another {argument}"
        refuse_unless_ended(path, owner, f"{argument} {str(folder)!r}", work, ways)


def refuse_unless_ended(path: Path, owner: Process, folder: str, work: str, ways: str) -> None:
    """Refuse a folder in which a process works, as a file there says, unless it has ended."""
    ended = has_ended(owner)
    if ended:
        return
    if ended is None:
        ways += f" (if it has ended, which cannot be told from here, remove {path})"
    raise ValueError(
        f"{folder} belongs to the {work} that runs in process {owner.pid} on {owner.host}: {ways}."
    )


def as_text(process: Process) -> str:
    """Return what a file says whose it is."""
    return json.dumps(process._asdict()) + "\n"


def owner_of(path: Path) -> Process | None:
    """Return whose file it is by its first line; None where there is none, or no valid one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8").partition("\n")[0])
        owner = Process(**content)
    except (FileNotFoundError, ValueError, TypeError, RecursionError):
        return None
    valid = isinstance(owner.pid, int) and owner.pid > 0 and isinstance(owner.host, str)
    return owner if valid else None
