"""Read a file of one NumPy array without running what it may contain."""

from __future__ import annotations

import importlib
import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = b"\x93NUMPY"
# All that a pickled array of arrays and numbers needs; numpy.core is the name before NumPy 2.
ALLOWED_GLOBALS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *(
        (f"numpy.{core}.{module}", name)
        for core in ("core", "_core")
        for module, name in (
            ("multiarray", "_reconstruct"),
            ("multiarray", "scalar"),
            ("numeric", "_frombuffer"),
        )
    ),
}

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
    except (ValueError, EOFError, KeyError) as error:
        raise ValueError(f"{path} has a damaged npy header ({error}).") from None
    if dtype.hasobject:
        if not allow_pickle:
            hint = NEVER if allow_pickle is None else ON_REQUEST
            raise ValueError(
                f"{path} holds pickled Python objects, and unpickling can run code that the file "
                f"contains{hint}."
            )
        return _to_numbers(path, _unpickle(path, file))
    n_bytes = math.prod(shape) * dtype.itemsize
    if len(data) - file.tell() != n_bytes:
        raise ValueError(
            f"{path} is truncated or too long: its header announces {n_bytes} bytes of values of "
            f"shape {shape}, got {len(data) - file.tell()}."
        )
    return _to_numbers(path, np.load(io.BytesIO(data), allow_pickle=False))


def _read_header(file: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the array; leaves the file where the values begin."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:  # 3.0 differs only in names of fields that are not plain ASCII
        raise ValueError(f"unexpected version {version}")
    return shape, dtype


class _NumbersUnpickler(pickle.Unpickler):
    """Builds NumPy arrays and plain values; a pickle that names anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what an allowed name stands for; refuse all others."""
        if (module, name) not in ALLOWED_GLOBALS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        for candidate in (module.replace(".core.", "._core."), module):
            try:
                return getattr(importlib.import_module(candidate), name)
            except (ImportError, AttributeError):
                continue
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not there")


def _unpickle(path: Path, file: io.BytesIO) -> np.ndarray:
    try:
        return _NumbersUnpickler(file).load()
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} is not a pickled array of arrays and numbers ({error}) and was not read."
        ) from None
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(f"{path} is a damaged pickle ({error}).") from None


def _to_numbers(path: Path, array: Any) -> np.ndarray:
    """As float64; an array of equally long arrays becomes one with one more axis."""
    try:
        array = np.asarray(array)
        if array.dtype.hasobject:
            array = np.array(array.tolist(), dtype=np.float64)
        return array.astype(np.float64, casting="same_kind", copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{path} must hold real numbers, in rows of equal length.") from None
