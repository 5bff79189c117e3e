"""Files that are there whole or not at all, and folders that one process at a time works in."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

_RANDOM = "[a-z0-9_]"  # of the names of halves


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that no reader, and no crash, ever meets half of it.

    Parameters
    ----------
    path : path
        The file; an existing one is replaced.
    content : bytes
        What it will hold.
    """
    path = Path(path)
    half = _half_of(path)
    try:
        _write_new(half, content)
        os.replace(half, path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_halves(folder: Path, *files: str, before: float = math.inf) -> None:
    """Remove what a killed process had not yet renamed, and nothing else.

    Parameters
    ----------
    folder : Path
        Where the files would be.
    *files : str
        What the whole files would be called from there: names, or patterns of `Path.glob`.
    before : float, default=inf
        Time of a file, in s: what was written later is kept.
    """
    for file in map(PurePath, files):
        for path in list(folder.glob(str(file.with_name(f".{file.name}.{_RANDOM * 8}~")))):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


def is_half(path: Path) -> bool:
    """Whether a file is one that is still to be renamed, by its name."""
    return path.match(f".*.{_RANDOM * 8}~")


def create_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file unless there is one: of several who do so at once, one has its way.

    Who wants to know whose text it is reads the file. It holds on NFS, too: a link to a name that
    is there fails on the server, and what the server answers need not arrive.

    Parameters
    ----------
    path : path
        The file.
    text : str
        What it will hold, if it was not there.
    """
    path = Path(path)
    half, content = _half_of(path), text.encode("utf-8")
    try:
        _write_new(half, content)
        try:
            os.link(half, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            with suppress(FileExistsError):
                _write_new(path, content)
    finally:
        half.unlink(missing_ok=True)
    _sync_folder(path.parent)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8 with Unix line ends, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def _half_of(path: Path) -> Path:
    """Return where a file is until it is whole: a rename is atomic within one file system only."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}~")


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there, with the mode that the system gives to new ones."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system can sync folders."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process at a time do what is inside, where the system can lock a folder.

    The lock ends with the process, however it ends.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network folders cannot be locked
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
