"""Download one file over HTTP: checksum verified, resumed where it broke off, never half there.

The bytes go to `<target>.part`; only when they are complete, checked and on disk is that file
renamed to the target. A broken transfer leaves the part, which the next mirror or call continues.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from sk_biornn._atomic import one_at_a_time

CHUNK_BYTES = 1 << 16
RANGE_NOT_SATISFIABLE = 416


class DownloadError(OSError):
    """A file could not be downloaded from any of its addresses."""


def download(urls: Sequence[str], target: Path, *, sha256: str, timeout: float = 30.0) -> Path:
    """Make sure that `target` exists and has the given SHA-256; return it.

    The addresses are tried in turn. `timeout` (s) holds for each wait for the server, not for the
    whole transfer. Two processes that ask for the same file download it once.
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
        failures = []
        for url in urls:
            try:
                _complete(part, url, sha256, timeout)
            except (OSError, HTTPException) as error:
                failures.append(f"{url}: {getattr(error, 'reason', None) or error}")
            else:
                os.replace(part, target)
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


def _complete(part: Path, url: str, sha256: str, timeout: float) -> None:
    """Bring `part` to the complete, verified file, or raise what went wrong."""
    resumed = _size(part) > 0
    _transfer(part, url, timeout)
    found = file_sha256(part)
    if found == sha256:
        return
    part.unlink()
    if not resumed:
        raise OSError(f"wrong checksum, SHA-256 is {found}, expected {sha256}, file not kept")
    # The kept beginning may have been damaged, or of another file: once more, from nothing.
    _complete(part, url, sha256, timeout)


def _transfer(part: Path, url: str, timeout: float) -> None:
    """Append to `part` what it lacks; start over where the server cannot resume."""
    held = _size(part)
    headers = {"User-Agent": "sk_biornn", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    try:
        response = urlopen(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE and held:
            return  # nothing is left to send; whether the part is right, its checksum tells
        raise OSError(f"HTTP error {error.code} {error.reason}") from None
    with response:
        kept = held if response.status == 206 else 0
        with open(part, "ab" if kept else "wb") as file:
            shutil.copyfileobj(response, file, CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        announced = response.headers.get("Content-Length")
    received = _size(part) - kept
    if announced is not None and received < int(announced):
        raise OSError(
            f"broke off after {received} of {announced} bytes, which are kept in {part.name} "
            "for the next attempt to continue"
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
