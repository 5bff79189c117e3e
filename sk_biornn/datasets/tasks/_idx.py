"""Reader of the idx format, in which MNIST and its relatives are published.

Layout: two zero bytes, a type code, the number of dimensions, each dimension as a big-endian
32-bit integer, then the values in C order, big-endian.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

TYPE_CODES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
PIECE = 1 << 20
LONGEST_HEADER = 4 + 4 * 255
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path) -> np.ndarray:
    """Return the array held by an idx file, gzip-compressed or not; ValueError if malformed."""
    dtype, shape, offset = _parse_header(_read_bytes(path, LONGEST_HEADER), path)
    expected = offset + math.prod(shape) * dtype.itemsize
    data = _read_bytes(path, expected + 1)  # one more than it announces, and not what it may unpack
    if len(data) != expected:
        problem = "is truncated" if len(data) < expected else "has trailing bytes"
        raise ValueError(
            f"{path} {problem}: its header announces the shape {shape}, which takes {expected} "
            f"bytes, got {len(data) if len(data) < expected else 'more'}."
        )
    values = np.frombuffer(data, dtype=dtype, offset=offset).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def _read_bytes(path: Path, limit: int) -> bytes:
    """First bytes of a file, decompressed if it is gzip (told by its beginning, not its name)."""
    data = Path(path).read_bytes()
    if not data.startswith(GZIP_MAGIC):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return _read_up_to(file, limit)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is a damaged gzip file ({error}).") from error


def _read_up_to(file: gzip.GzipFile, limit: int) -> bytes:
    """Read in pieces: what is announced, and may not be there, is not allocated at once."""
    pieces, left = [], limit
    while left > 0 and (piece := file.read(min(left, PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _parse_header(data: bytes, path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Type, shape and the place where the values begin."""
    if len(data) < 4:
        raise ValueError(f"{path} is truncated: an idx file has at least 4 bytes, got {len(data)}.")
    if data[:2] != b"\x00\x00" or data[3] == 0:
        raise ValueError(
            f"{path} is not an idx file: it must begin with two zero bytes, a type code and the "
            f"number of dimensions, got the bytes {data[:4].hex(' ')}."
        )
    if data[2] not in TYPE_CODES:
        known = ", ".join(f"0x{code:02x}" for code in TYPE_CODES)
        raise ValueError(f"{path} has the unknown idx type code 0x{data[2]:02x}, expected {known}.")
    n_dims = data[3]
    offset = 4 + 4 * n_dims
    if len(data) < offset:
        raise ValueError(
            f"{path} is truncated: the idx header of {n_dims} dimensions takes {offset} bytes, "
            f"got {len(data)}."
        )
    return TYPE_CODES[data[2]], struct.unpack(f">{n_dims}I", data[4:offset]), offset
