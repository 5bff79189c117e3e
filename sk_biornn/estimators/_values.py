"""Values as what JSON can hold, and arrays by name: nothing that is run when it is read.

A checkpoint of a search (`model_selection`) and a file of a network (`io`) are made of it. What has
a plain form is a number, text, None, a list, or a dict of one entry that says its kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sk_biornn.estimators._portable import packed, unpacked

GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
KINDS = "biufcSUmM"  # of arrays that are numbers or text
_SPARSE = {
    f"{form}_{kind}": parts
    for form, parts in {
        "bsr": ("data", "indices", "indptr"),
        "csc": ("data", "indices", "indptr"),
        "csr": ("data", "indices", "indptr"),
        "coo": ("data", "row", "col"),
        "dia": ("data", "offsets"),
    }.items()
    for kind in ("array", "matrix")
}


class NotNumbers(TypeError):
    """Something is no number, text, or collection of such.

    Parameters
    ----------
    what : str
        What it is.
    place : str
        Where it was found.
    value : object
        Itself.
    """

    def __init__(self, what: str, place: str = "", value: Any = None) -> None:
        super().__init__(what)
        self.what, self.place, self.value = what, place, value


class Writer:
    """Turns values into their plain form; arrays that stand twice are written once."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._seen: dict[int, Any] = {}  # plain forms, by identity: many attributes are one array
        self._alive: list[Any] = []  # so that identities stay their own
        self._n_generators = 0

    def value(self, value: Any, place: str = "") -> Any:
        """Return the plain form of a value that stands at a place."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) is list:
            return self._items(value, place)
        if type(value) is tuple:
            return {"tuple": self._items(value, place)}
        if type(value) is dict:
            pairs = [
                [self.value(key, place), self.value(item, f"{place}.{key}")]
                for key, item in value.items()
            ]
            return {"dict": pairs}
        if isinstance(value, np.generic) and value.dtype.kind in KINDS:
            return {"scalar": [value.dtype.str, value.tobytes().hex()]}
        if isinstance(value, np.dtype) and value.kind in KINDS:
            return {"dtype": value.str}
        return self._once(value, place)

    def named(self, place: str) -> str:
        """Return a name for the array at a place that no other has."""
        return f"array_{len(self.arrays)}"

    def object(self, value: Any, place: str) -> dict[str, Any]:
        """Return the plain form of what is no collection of numbers and text."""
        raise NotNumbers(f"an object of the class {type(value).__name__}", place, value)

    def _items(self, values: Any, place: str) -> list[Any]:
        return [self.value(item, f"{place}[{number}]") for number, item in enumerate(values)]

    def _once(self, value: Any, place: str) -> Any:
        """Return the form of a thing that may be found again elsewhere, and is the same there."""
        if id(value) in self._seen:
            return self._seen[id(value)]
        form = self._form(value, place)
        if "array" in form:
            self._seen[id(value)] = form
        elif "generator" in form:
            self._seen[id(value)] = {"same generator": self._n_generators}
            self._n_generators += 1
        self._alive.append(value)
        return form

    def _form(self, value: Any, place: str) -> dict[str, Any]:
        if type(value) in (np.ndarray, np.memmap):
            return self._array(value, place)
        if type(value) in (np.random.Generator, np.random.RandomState):
            return {"generator": self._generator(value, place)}
        if type(value).__name__ in _SPARSE and sp.issparse(value):
            return {"sparse": self._sparse(value, place)}
        if isinstance(value, pd.DataFrame | pd.Series):
            lists = packed({"": value})[""]
            if lists is not value:
                return {"frame": self.value(lists, place)}
        return self.object(value, place)

    def _array(self, array: np.ndarray, place: str) -> dict[str, Any]:
        if array.dtype == object:
            items = self._items(array.ravel().tolist(), place)
            return {"objects": items, "shape": list(array.shape)}
        if array.dtype.kind not in KINDS:
            raise NotNumbers(f"an array of {array.dtype}", place, array)
        if array.ndim == 0:
            return {"point": [array.dtype.str, array.tobytes().hex()]}
        name = self.named(place)
        self.arrays[name] = np.asarray(array)
        return {"array": name}

    def _sparse(self, matrix: Any, place: str) -> dict[str, Any]:
        kind = type(matrix).__name__
        parts = {
            part: self.value(np.asarray(getattr(matrix, part)), f"{place}.{part}")
            for part in _SPARSE[kind]
        }
        return {"kind": kind, "shape": [int(n) for n in matrix.shape], "parts": parts}

    def _generator(self, source: Any, place: str) -> dict[str, Any]:
        if type(source) is np.random.RandomState:
            state = dict(source.get_state(legacy=False))
        else:
            state = dict(source.bit_generator.state)
        if state.get("bit_generator") not in GENERATORS:
            bits = type(getattr(source, "bit_generator", source)).__name__
            raise NotNumbers(f"a generator {bits}", place, source)
        return {"kind": type(source).__name__, "state": self.value(state, place)}


class Reader:
    """Turns plain forms back into values."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = arrays
        self._generators: list[Any] = []
        self._sources: dict[str, Callable[[Any], Any]] = {
            "Generator": np.random.Generator,
            "RandomState": np.random.RandomState,
        }
        self.kinds: dict[str, Callable[[dict[str, Any]], Any]] = {
            "float": lambda form: float(form["float"]),
            "tuple": lambda form: tuple(map(self.value, form["tuple"])),
            "dict": lambda form: {self.value(key): self.value(item) for key, item in form["dict"]},
            "scalar": lambda form: _scalar(form["scalar"]),
            "point": lambda form: np.array(_scalar(form["point"]), np.dtype(form["point"][0])),
            "dtype": lambda form: np.dtype(form["dtype"]),
            "array": lambda form: self._arrays[form["array"]],
            "objects": self._objects,
            "generator": self._generator,
            "same generator": lambda form: self._generators[form["same generator"]],
            "sparse": self._sparse,
            "frame": lambda form: unpacked({"": self.value(form["frame"])})[""],
        }

    def value(self, form: Any) -> Any:
        """Return the value of a plain form."""
        if isinstance(form, list):
            return [self.value(item) for item in form]
        if not isinstance(form, dict):
            return form
        return self.kinds[next(iter(form))](form)

    def _objects(self, form: dict[str, Any]) -> np.ndarray:
        array = np.empty(len(form["objects"]), dtype=object)
        for place, item in enumerate(form["objects"]):
            array[place] = self.value(item)
        return array.reshape(form["shape"])

    def _generator(self, form: dict[str, Any]) -> Any:
        kind, state = form["generator"]["kind"], self.value(form["generator"]["state"])
        if state["bit_generator"] not in GENERATORS:
            raise ValueError(f"generator {state['bit_generator']!r}")
        source = self._sources[kind](getattr(np.random, state["bit_generator"])())
        if kind == "RandomState":
            source.set_state(state)
        else:
            source.bit_generator.state = state
        self._generators.append(source)
        return source

    def _sparse(self, form: dict[str, Any]) -> Any:
        kind, shape = form["sparse"]["kind"], tuple(form["sparse"]["shape"])
        arrays = [self.value(form["sparse"]["parts"][part]) for part in _SPARSE[kind]]
        if "row" in _SPARSE[kind]:
            arrays = [arrays[0], tuple(arrays[1:])]
        return getattr(sp, kind)(tuple(arrays), shape=shape)


def _scalar(form: list[str]) -> Any:
    dtype, content = np.dtype(form[0]), bytes.fromhex(form[1])
    if dtype.itemsize == 0:  # an empty text
        return np.zeros((), dtype)[()]
    return np.frombuffer(content, dtype)[0]
