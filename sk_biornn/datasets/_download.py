"""Download one file over HTTP: checksum verified, resumed where it broke off, never half there.

The bytes go to `<target>.part`; only when they are complete, checked and on disk is that file
renamed to the target. A broken transfer leaves the part, which the next mirror or call continues.
A server can neither fill the disk, since no more than the file's known size is kept, nor hold up a
call for ever, since a file has a deadline.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, BinaryIO, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from sk_biornn._atomic import one_at_a_time
from sk_biornn._log import logger

CHUNK_BYTES = 1 << 16
SLOWEST = 20_000  # bytes per second
RANGE_NOT_SATISFIABLE = 416


class DownloadError(OSError):
    """A file could not be downloaded from any of its addresses."""


class _Limits(NamedTuple):
    """What one address may take."""

    timeout: float  # s, of each wait for the server
    until: float  # moment of the clock
    n_bytes: float  # of the whole file


def check_mirrors(mirrors: str | Sequence[str]) -> list[str]:
    """Return the addresses that a user names: one, or several."""
    mirrors = [mirrors] if isinstance(mirrors, str) else mirrors
    if not isinstance(mirrors, Sequence) or not all(isinstance(url, str) for url in mirrors):
        raise TypeError(f"mirrors must be a URL, a sequence of URLs or None, got {mirrors!r}.")
    if not mirrors:
        raise ValueError("mirrors must hold at least one URL, got an empty sequence.")
    return list(mirrors)


def download(
    urls: Sequence[str],
    target: Path,
    *,
    sha256: str,
    n_bytes: int | None = None,
    timeout: float = 30.0,
    deadline: float | None = None,
) -> Path:
    """Make sure that `target` exists and has the given SHA-256; return it.

    The addresses are tried in turn. `n_bytes` is the size of the file: more is not kept. `timeout`
    (s) holds for each wait for the server, `deadline` (s) for the whole, shared out among the
    addresses; None: what the file takes at 20 kB/s, but a minute at least, for each. Two processes
    that ask for the same file download it once.
    """
    for url in urls:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"urls must begin with http:// or https://, got {url!r}.")
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(target.parent):
        if target.exists():
            _check_existing(target, sha256)
            return target
        part = target.with_name(target.name + ".part")
        size = float("inf") if n_bytes is None else n_bytes
        share = max(60.0, (n_bytes or 0) / SLOWEST) if deadline is None else deadline / len(urls)
        began, failures = monotonic(), []
        for place, url in enumerate(urls, start=1):
            logger.info("downloading %s to %s", url, target.parent)
            try:
                _complete(part, url, sha256, _Limits(timeout, began + place * share, size))
            except (OSError, HTTPException, ValueError) as error:  # or of an address it leads to
                failures.append(f"{url}: {getattr(error, 'reason', None) or error}")
                logger.info("not downloaded, %s", failures[-1])
            else:
                os.replace(part, target)
                logger.info("downloaded and checked: %s", target)
                return target
    raise DownloadError(
        f"Could not download {target.name} ({'; '.join(failures)}); to obtain it by hand, save it "
        f"as {target}."
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in lower-case hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_existing(target: Path, sha256: str) -> None:
    found = file_sha256(target)
    if found != sha256:
        raise DownloadError(
            f"{target} exists with the SHA-256 {found}, expected {sha256}; delete it to download "
            "it again."
        )


def _complete(part: Path, url: str, sha256: str, limits: _Limits) -> None:
    """Bring `part` to the complete, verified file, or raise what went wrong."""
    if _size(part) > limits.n_bytes:
        part.unlink()  # not the beginning of the file
    resumed = _size(part) > 0
    _transfer(part, url, limits)
    found = file_sha256(part)
    if found == sha256:
        return
    part.unlink()
    if not resumed:
        raise OSError(f"wrong checksum, SHA-256 is {found}, expected {sha256}, file not kept")
    # The kept beginning may have been damaged, or of another file: once more, from nothing.
    _complete(part, url, sha256, limits)


def _transfer(part: Path, url: str, limits: _Limits) -> None:
    """Append to `part` what it lacks; start over where the server cannot resume."""
    held = _size(part)
    headers = {"User-Agent": "sk_biornn", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    try:
        response = _open(Request(url, headers=headers), limits)
    except HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE and held:
            return  # nothing is left to send; whether the part is right, its checksum tells
        raise OSError(f"HTTP error {error.code} {error.reason}") from None
    with response:
        kept = held if response.status == 206 else 0
        announced = _announced(response)
        if announced is not None and kept + announced > limits.n_bytes:
            raise OSError(f"it has {kept + announced} bytes, expected {limits.n_bytes}")
        try:
            with open(part, "ab" if kept else "wb") as file:
                _copy(response, file, kept, limits)
        except _TooLarge:
            part.unlink()
            raise
    received = _size(part) - kept
    if announced is not None and received < announced:
        raise OSError(
            f"broke off after {received} of {announced} bytes, which are kept in {part.name} "
            "for the next attempt to continue"
        )


class _TooLarge(OSError):
    """A server sends more than there is."""


def _open(request: Request, limits: _Limits) -> Any:
    """Return the answer to a request; one whose head drips in for ever is given up."""
    answers: SimpleQueue[Any] = SimpleQueue()
    given_up = threading.Event()

    def ask() -> None:
        try:
            response = urlopen(request, timeout=limits.timeout)
        except BaseException as error:
            if not given_up.is_set():  # nobody would take it, and it holds on to the connection
                answers.put(error)
        else:
            if given_up.is_set():
                response.close()
            answers.put(response)

    # Of its own, since each wait within has a limit, but not their number.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, limits.until - monotonic()))
    except Empty:
        given_up.set()
        raise OSError("no answer before the deadline") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _copy(response: Any, file: BinaryIO, kept: int, limits: _Limits) -> None:
    """Write what comes, as long as it may come and not more than the file has."""
    size = kept
    while chunk := response.read1(CHUNK_BYTES):
        size += len(chunk)
        if size > limits.n_bytes:
            raise _TooLarge(f"it has more than the expected {limits.n_bytes} bytes, file not kept")
        file.write(chunk)
        if monotonic() > limits.until:
            raise OSError(
                f"too slow: after the deadline {size} bytes are kept in {Path(file.name).name} for "
                "the next attempt to continue"
            )
    file.flush()
    os.fsync(file.fileno())


def _announced(response: Any) -> int | None:
    """Return how many bytes the server says it sends; None where it says no number."""
    text = response.headers.get("Content-Length") or ""
    return int(text) if re.fullmatch(r"\s*[0-9]{1,18}\s*", text) else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
