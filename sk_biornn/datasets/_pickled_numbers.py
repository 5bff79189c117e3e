"""Unpickle arrays of arrays and numbers with nothing of NumPy's own at work.

Whoever may choose what NumPy's types are restored from can crash the interpreter: a forged state of
a dtype is enough. So a pickle gets stand-ins for the few names that it needs. They take down what
they are told, and arrays are made of that by the same checks as of the values of a plain file.
"""

from __future__ import annotations

import io
import math
import pickle
from typing import Any

import numpy as np

NUMBERS = {f"{kind}{size}" for kind in "iuf" for size in "1248"} - {"f1"}
OBJECTS = {"O", "O8", "O4"}
CODES = {*NUMBERS, "b1", *OBJECTS}
MAX_DEPTH = 64  # as many axes as an array of NumPy can have


class Forged(ValueError):
    """A pickle that no array of numbers has left."""


class _Dtype:
    """What a pickle says a dtype is: a code, later a byte order."""

    def __init__(self, code: Any = None, align: Any = False, copy: Any = True) -> None:
        if not isinstance(code, str) or code not in CODES:
            raise Forged(f"it asks for the dtype {code!r}")
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        """Take the byte order, and nothing else, from the state of a dtype of numbers."""
        if not isinstance(state, tuple) or len(state) < 5 or any(state[2:5]):
            raise Forged("it has a dtype with fields")
        if state[1] not in ("<", ">", "|", "="):
            raise Forged(f"it has a dtype of byte order {state[1]!r}")
        self.order = state[1]

    @property
    def holds_objects(self) -> bool:
        """Whether the values are Python objects."""
        return self.code in OBJECTS

    def values(self, data: Any) -> np.ndarray:
        """Return the values that bytes hold, as they stand in memory."""
        return np.frombuffer(data, dtype=np.dtype(self.order + self.code)).astype(np.float64)


class _Array:
    """What a pickle says an array is."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = (0,)
        self.content: Any = np.zeros(0)  # values in the order of memory, or a list of objects
        self.fortran = False

    def __setstate__(self, state: Any) -> None:
        """Take down shape, dtype, order and values."""
        _version, shape, dtype, fortran, data = state
        self.fill(shape, dtype, data)
        self.fortran = bool(fortran)

    def fill(self, shape: Any, dtype: Any, data: Any) -> None:
        """Check that the values are as many as the shape says."""
        if not isinstance(dtype, _Dtype):
            raise Forged("it has an array without a dtype")
        if dtype.holds_objects != isinstance(data, list):
            raise Forged("it has an array whose values are not of its dtype")
        if not all(type(n) is int and n >= 0 for n in shape) or len(shape) > MAX_DEPTH:
            raise Forged(f"it has an array of shape {shape!r}")
        self.shape = tuple(shape)
        self.content = data if dtype.holds_objects else dtype.values(data)
        if len(self.content) != math.prod(self.shape):
            raise Forged("it has an array with fewer or more values than its shape has")

    def numbers(self) -> np.ndarray:
        """Return the values in the shape of the array, if they are numbers."""
        if self.fortran:
            return self.content.reshape(self.shape[::-1]).T
        return self.content.reshape(self.shape)


def _reconstruct(_subtype: Any = None, _shape: Any = None, _code: Any = None) -> _Array:
    return _Array()


def _scalar(dtype: Any, data: Any) -> _Array:
    array = _Array()
    array.fill((), dtype, data)
    return array


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any, axis_order: Any = None) -> _Array:
    if order not in ("C", "F") or axis_order is not None:
        raise Forged(f"it has an array of order {order!r}")
    array = _Array()
    array.fill(shape, dtype, data)
    array.fortran = order == "F"
    return array


# All that a pickled array of arrays and numbers needs; numpy.core is the name before NumPy 2.
STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): None,  # only ever handed to _reconstruct
    ("numpy", "dtype"): lambda *arguments: _Dtype(*arguments),
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _frombuffer),
        )
    },
}


class _Unpickler(pickle.Unpickler):
    """Builds stand-ins and plain values; a pickle that names anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands in for a name; refuse all others."""
        if (module, name) not in STAND_INS:
            raise Forged(f"it asks for {module}.{name}")
        return STAND_INS[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Refuse what lies outside of the pickle."""
        raise Forged("it refers to something outside of it")


def unpickle_numbers(file: io.BytesIO, limit: int) -> np.ndarray | None:
    """Return the array of numbers in a pickle; None if there are other things or ragged rows.

    No more than `limit` numbers: a pickle can repeat what it holds, and grow without end.
    """
    content = _Unpickler(file).load()
    try:
        return _to_array(content, [limit], 0)
    except _NotNumbers:
        return None


class _NotNumbers(Exception):
    pass


def _to_array(value: Any, left: list[int], depth: int) -> np.ndarray:
    if isinstance(value, bool | int | float):
        left[0] -= 1
        try:
            return np.asarray(float(value))
        except OverflowError:
            raise _NotNumbers from None
    if isinstance(value, list | tuple):
        return _stacked(value, left, depth)
    if not isinstance(value, _Array):
        raise _NotNumbers
    if isinstance(value.content, list):
        items = _stacked(value.content, left, depth)  # in C order, whatever that of the array
        return items.reshape(*value.shape, *items.shape[1:])
    left[0] -= len(value.content)
    _check(left, depth)
    return value.numbers()


def _stacked(items: Any, left: list[int], depth: int) -> np.ndarray:
    """Return items of equal shape as one array."""
    arrays = []
    for item in items:
        _check(left, depth)
        arrays.append(_to_array(item, left, depth + 1))
    if len({array.shape for array in arrays}) > 1:
        raise _NotNumbers
    return np.stack(arrays) if arrays else np.zeros(0)


def _check(left: list[int], depth: int) -> None:
    if left[0] < 0:
        raise Forged("it repeats numbers without end")
    if depth > MAX_DEPTH:
        raise Forged("it is nested too deeply")
