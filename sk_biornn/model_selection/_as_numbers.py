"""What a fit has left in an estimator, as numbers and text: nothing that is run when it is read."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from sk_biornn._strategy import Strategy
from sk_biornn.estimators._portable import packed, unpacked

_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_NOTES = ("sklearn.callback", "sklearn.utils._metadata_requests")
_KINDS = "biufcSUmM"  # of arrays that are numbers or text


class NotNumbers(TypeError):
    """Something is no number, text, or collection of such."""


def fitted_state(estimator: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what a fit has left in an estimator and in those that are its parameters.

    Parameters
    ----------
    estimator : estimator
        A fitted one.

    Returns
    -------
    state : dict
        What JSON can hold, by the place of the estimator; arrays are names.
    arrays : dict of ndarray
        The arrays by name.

    Raises
    ------
    NotNumbers
        If something has no such form: a tree, a file, an object of a class of its own.
    """
    writer = _Writer(estimator)
    return {place: writer.attributes(part) for place, part in _parts(estimator)}, writer.arrays


def set_fitted_state(estimator: Any, state: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Put what a fit has left into an estimator that has the same parameters.

    Parameters
    ----------
    estimator : estimator
        It is as it was where this raises.
    state : dict
        As from `fitted_state`.
    arrays : dict of ndarray
        The arrays by name.

    Raises
    ------
    Exception
        Of any kind, if it is not what `fitted_state` has written for this class.
    """
    reader = _Reader(estimator, arrays)
    read = [
        (part, {name: reader.value(value) for name, value in state[place].items()})
        for place, part in _parts(estimator)
    ]
    for part, attributes in read:  # all of them, or none
        _set_state(part, attributes)


def _parts(estimator: Any) -> list[tuple[str, Any]]:
    """Return the estimator and those among its parameters, by place."""
    nested = estimator.get_params(deep=True)
    return [("", estimator), *((k, v) for k, v in sorted(nested.items()) if _is_estimator(v))]


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "fit") and hasattr(value, "get_params") and not isinstance(value, type)


def _state_of(estimator: Any) -> dict[str, Any]:
    state = estimator.__getstate__()
    if not isinstance(state, dict):
        raise NotNumbers(f"an estimator {type(estimator).__name__} of another kind")
    return state


def _set_state(estimator: Any, state: dict[str, Any]) -> None:
    if hasattr(estimator, "__setstate__"):
        estimator.__setstate__(state)
    else:
        estimator.__dict__.update(state)


def _is_of_scikit_learn(value: Any) -> bool:
    """Whether something is what scikit-learn notes down besides: of callbacks, of routing."""
    return type(value).__module__.startswith(_NOTES)


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _known_class(base: type[Any], path: str) -> type[Any]:
    """Return a class by its name, if it is one that is loaded or of these two packages."""
    module = path.rpartition(".")[0]
    if module.partition(".")[0] in ("sklearn", "sk_biornn"):
        importlib.import_module(module)
    return next(cls for cls in _below(base) if _path(cls) == path)


def _below(base: type[Any]) -> Iterator[type[Any]]:
    cls: type[Any]
    for cls in base.__subclasses__():
        yield cls
        yield from _below(cls)


class _Writer:
    def __init__(self, estimator: Any) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._names: dict[int, str] = {}  # of arrays by identity: many attributes are one
        self._alive: list[np.ndarray] = []
        self._parameters = estimator.get_params(deep=True)

    def attributes(self, estimator: Any) -> dict[str, Any]:
        parameters = estimator.get_params(deep=False)
        return {
            name: self.value(value)
            for name, value in _state_of(estimator).items()
            if name not in parameters and not _is_of_scikit_learn(value)
        }

    def value(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) is list:
            return [self.value(item) for item in value]
        if type(value) is tuple:
            return {"tuple": [self.value(item) for item in value]}
        if type(value) is dict:
            return {"dict": [[self.value(k), self.value(v)] for k, v in value.items()]}
        if type(value) is np.ndarray:
            return self._array(value)
        if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
            return {"scalar": self._array(np.asarray(value))["array"]}
        if isinstance(value, np.dtype) and value.kind in _KINDS:
            return {"dtype": value.str}
        if type(value) is np.random.Generator:
            return {"generator": self.value(_generator_state(value.bit_generator))}
        return self._object(value)

    def _array(self, array: np.ndarray) -> dict[str, Any]:
        if array.dtype == object:
            items = [self.value(item) for item in array.ravel().tolist()]
            return {"objects": items, "shape": list(array.shape)}
        if array.dtype.kind not in _KINDS:
            raise NotNumbers(f"an array of {array.dtype}")
        if id(array) not in self._names:
            name = self._names[id(array)] = f"array_{len(self.arrays)}"
            self.arrays[name] = array
            self._alive.append(array)  # its id stays its own
        return {"array": self._names[id(array)]}

    def _object(self, value: Any) -> dict[str, Any]:
        for place, parameter in self._parameters.items():
            if value is parameter:
                return {"parameter": place}
        if isinstance(value, Strategy) and is_dataclass(value):
            named = {field.name: self.value(getattr(value, field.name)) for field in fields(value)}
            return {"strategy": _path(type(value)), "fields": named}
        if isinstance(value, BaseEstimator):
            return {"estimator": _path(type(value)), "state": self.value(_state_of(value))}
        if isinstance(value, pd.DataFrame | pd.Series):
            lists = packed({"": value})[""]
            if lists is not value:
                return {"frame": self.value(lists)}
        raise NotNumbers(f"an object of the class {type(value).__name__}")


def _generator_state(bits: Any) -> dict[str, Any]:
    state = dict(bits.state)
    if state.get("bit_generator") not in _GENERATORS:
        raise NotNumbers(f"a generator {type(bits).__name__}")
    return state


class _Reader:
    def __init__(self, estimator: Any, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = arrays
        self._parameters = estimator.get_params(deep=True)

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind = next(iter(value))
        return getattr(self, f"_{kind}")(value)

    def _float(self, value: dict[str, Any]) -> float:
        return float(value["float"])

    def _tuple(self, value: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(map(self.value, value["tuple"]))

    def _dict(self, value: dict[str, Any]) -> dict[Any, Any]:
        return {self.value(key): self.value(item) for key, item in value["dict"]}

    def _array(self, value: dict[str, Any]) -> np.ndarray:
        return self._arrays[value["array"]]

    def _scalar(self, value: dict[str, Any]) -> Any:
        return self._arrays[value["scalar"]][()]

    def _dtype(self, value: dict[str, Any]) -> np.dtype:
        return np.dtype(value["dtype"])

    def _objects(self, value: dict[str, Any]) -> np.ndarray:
        array = np.empty(len(value["objects"]), dtype=object)
        for place, item in enumerate(value["objects"]):
            array[place] = self.value(item)
        return array.reshape(value["shape"])

    def _generator(self, value: dict[str, Any]) -> np.random.Generator:
        state = self.value(value["generator"])
        if state["bit_generator"] not in _GENERATORS:
            raise ValueError(f"generator {state['bit_generator']!r}")
        bits = getattr(np.random, state["bit_generator"])()
        bits.state = state
        return np.random.Generator(bits)

    def _parameter(self, value: dict[str, Any]) -> Any:
        return self._parameters[value["parameter"]]

    def _strategy(self, value: dict[str, Any]) -> Any:
        named = {name: self.value(item) for name, item in value["fields"].items()}
        return _known_class(Strategy, value["strategy"])(**named)

    def _estimator(self, value: dict[str, Any]) -> Any:
        estimator: Any = object.__new__(_known_class(BaseEstimator, value["estimator"]))
        _set_state(estimator, self.value(value["state"]))
        return estimator

    def _frame(self, value: dict[str, Any]) -> Any:
        return unpacked({"": self.value(value["frame"])})[""]
