"""Files of a header and arrays: an `.npz` archive whose parts are stored as they are, unpacked.

The header is text in JSON, as bytes of the array `HEADER`. Parts of npy are read here and not by
`numpy.load`: before an array is made, what it announces is compared with what the file holds.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from sk_biornn._atomic import write_bytes
from sk_biornn._plain import short, short_text
from sk_biornn.units.names import listed

HEADER = "sk_biornn"  # the part that says what the others are
WHAT = "network of sk_biornn"
FORMAT = 1
_ENDING = ".npy"
_KINDS = "biufcSUmM"


def checked_path(path: Any) -> Path:
    """Return a path, if it is one."""
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"path must be the path of a file, got {short(path)}.")
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise ValueError(f"path must be the path of a file, got {short(path)}.")
    return Path(path)


def refuse_no_file(path: Path) -> None:
    """Refuse a path at which no file can be: that of a folder, or in none."""
    if path.is_dir() or not path.parent.is_dir():
        expected = "that of a file, not of a folder" if path.is_dir() else "in a folder that exists"
        raise ValueError(f"path must be {expected}, got {str(path)!r}.")


def write(path: Path, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write a file, whole or not at all; equal content is equal bytes."""
    refuse_no_file(path)
    whole = {"what": WHAT, "format": FORMAT, **header, "arrays": list(arrays)}
    text = json.dumps(whole, allow_nan=False, separators=(",", ":")).encode("ascii")
    parts = {HEADER: np.frombuffer(text, dtype=np.uint8), **arrays}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in parts.items():
            large = array.nbytes > 2**30
            with archive.open(name + _ENDING, "w", force_zip64=large) as part:
                np.lib.format.write_array(part, array, allow_pickle=False)
    write_bytes(path, buffer.getvalue())


def read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays of a file, or say what is wrong with it in a sentence."""
    if not path.exists():
        raise FileNotFoundError(f"no file of a network at {str(path)!r}.")
    if not path.is_file():
        raise ValueError(f"path must be that of a file, got {str(path)!r}, which is none.")
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            if start[:2] != b"PK":
                raise _foreign(path, "an npz archive" if start else "a file with anything in it")
            return _read(path, zipfile.ZipFile(file))
    except (_Refused, PermissionError, MemoryError):
        raise
    except Exception as error:  # half an archive can raise anything
        raise ValueError(
            f"{str(path)!r} is damaged or was cut off ({_words(error)}): copy it again from where "
            "it is whole."
        ) from None


def _read(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    names = archive.namelist()
    if HEADER + _ENDING not in names:
        raise _foreign(path, f"the array {HEADER!r} among its parts")
    header = json.loads(_array(archive, HEADER).tobytes())
    if not isinstance(header, dict) or header.get("what") != WHAT:
        raise _foreign(path, f"a header that says {WHAT!r}")
    if header["format"] > FORMAT:
        by = header.get("versions", {}).get("sk_biornn", "unknown")
        raise _Refused(
            f"{str(path)!r} is of format {header['format']}, written by sk_biornn {by}, and this "
            f"version reads formats up to {FORMAT}: install sk_biornn {by} or a later one."
        )
    wanted = [HEADER, *header["arrays"]]
    if sorted(names) != sorted(name + _ENDING for name in wanted):
        differing = {name.removesuffix(_ENDING) for name in names} ^ set(wanted)
        raise ValueError(f"its parts are not those of its header: {listed(sorted(differing))}")
    return header, {name: _array(archive, name) for name in header["arrays"]}


class _Refused(ValueError):
    """A sentence that is complete."""


def _foreign(path: Path, missing: str) -> _Refused:
    return _Refused(
        f"{str(path)!r} must be a file that sk_biornn.save has written, got one without {missing}."
    )


def _words(error: Exception) -> str:
    return short_text(error) or type(error).__name__


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """Return one array, of which nothing is unpickled, and whose size is that of its part."""
    info = archive.getinfo(name + _ENDING)
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its part {name!r} is compressed")
    content = archive.read(info)  # with its checksum
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, by_columns, dtype = np.lib.format.read_array_header_2_0(file)
    if dtype.kind not in _KINDS:
        raise ValueError(f"its part {name!r} is of {dtype}")
    if math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"its part {name!r} has not the size that it announces")
    array: np.ndarray = np.ndarray(
        shape, dtype, content, file.tell(), order="F" if by_columns else "C"
    )
    return array.copy(order="K")
