"""Read a file of one NumPy array without running what it may contain."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from sk_biornn.datasets._pickled_numbers import Forged, unpickle_numbers

MAGIC = b"\x93NUMPY"
NEVER = ", so that they are not read"
ON_REQUEST = (
    "; pass allow_pickle=True to read them all the same: then arrays and numbers are unpickled, "
    "and anything else is still refused"
)


def read_npy(path: Path, *, allow_pickle: bool | None = None) -> np.ndarray:
    """Read an npy file as float64, pickled objects only on request and never other than numbers.

    None is False for readers whose users cannot ask for it.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise ValueError(f"{path} is not an npy file: it does not begin with {MAGIC!r}.")
    file = io.BytesIO(data)
    try:
        shape, dtype = _read_header(file)
    except Exception as error:  # the header is an expression of Python, and can fail as any can
        raise ValueError(f"{path} has a damaged npy header ({_words(error)}).") from None
    if dtype.hasobject:
        if not allow_pickle:
            hint = NEVER if allow_pickle is None else ON_REQUEST
            raise ValueError(
                f"{path} holds pickled Python objects, and unpickling can run code that the file "
                f"contains{hint}."
            )
        return _unpickle(path, file, len(data))
    n_bytes = math.prod(shape) * dtype.itemsize
    if len(data) - file.tell() != n_bytes:
        raise ValueError(
            f"{path} is truncated or too long: its header announces {n_bytes} bytes of values of "
            f"shape {shape}, got {len(data) - file.tell()}."
        )
    if dtype.kind not in "biuf":
        raise _no_numbers(path)
    return np.load(io.BytesIO(data), allow_pickle=False).astype(np.float64, copy=False)


def _read_header(file: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the array; leaves the file where the values begin."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:  # 3.0 differs only in names of fields that are not plain ASCII
        raise ValueError(f"unexpected version {version}")
    if any(n < 0 for n in shape):
        raise ValueError(f"a shape of {shape}")
    return shape, dtype


def _words(error: Exception) -> str:
    """Return what an error says, on one line; its name if it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def _unpickle(path: Path, file: io.BytesIO, n_bytes: int) -> np.ndarray:
    """Return the numbers in a pickle; an array of equally long arrays gets one more axis."""
    try:
        numbers = unpickle_numbers(file, limit=n_bytes)  # a number takes at least one byte
    except Forged as error:
        raise ValueError(
            f"{path} is not a pickled array of arrays and numbers ({error}) and was not read."
        ) from None
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(f"{path} is a damaged pickle ({_words(error)}).") from None
    if numbers is None:
        raise _no_numbers(path)
    return numbers


def _no_numbers(path: Path) -> ValueError:
    return ValueError(f"{path} must hold real numbers, in rows of equal length.")
