"""What a fit has left in an estimator, as numbers and text: nothing that is run when it is read."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sk_biornn import _callbacks as callbacks
from sk_biornn._strategy import Strategy
from sk_biornn.estimators._values import NotNumbers, Reader, Writer

__all__ = ["NotNumbers", "fitted_state", "set_fitted_state"]

_NOTES = ("sklearn.callback", "sklearn.utils._metadata_requests")


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
    return {name: value for name, value in state.items() if name not in callbacks.ATTRIBUTES}


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


class _Writer(Writer):
    def __init__(self, estimator: Any) -> None:
        super().__init__()
        self._parameters = estimator.get_params(deep=True)

    def attributes(self, estimator: Any) -> dict[str, Any]:
        parameters = estimator.get_params(deep=False)
        return {
            name: self.value(value)
            for name, value in _state_of(estimator).items()
            if name not in parameters and not _is_of_scikit_learn(value)
        }

    def object(self, value: Any, place: str) -> dict[str, Any]:
        for name, parameter in self._parameters.items():
            if value is parameter:
                return {"parameter": name}
        if isinstance(value, Strategy) and is_dataclass(value):
            named = {field.name: self.value(getattr(value, field.name)) for field in fields(value)}
            return {"strategy": _path(type(value)), "fields": named}
        if isinstance(value, BaseEstimator):
            return {"estimator": _path(type(value)), "state": self.value(_state_of(value))}
        return super().object(value, place)


class _Reader(Reader):
    def __init__(self, estimator: Any, arrays: dict[str, np.ndarray]) -> None:
        super().__init__(arrays)
        self._parameters = estimator.get_params(deep=True)
        self.kinds |= {
            "parameter": lambda form: self._parameters[form["parameter"]],
            "strategy": self._strategy,
            "estimator": self._estimator,
        }

    def _strategy(self, form: dict[str, Any]) -> Any:
        named = {name: self.value(item) for name, item in form["fields"].items()}
        return _known_class(Strategy, form["strategy"])(**named)

    def _estimator(self, form: dict[str, Any]) -> Any:
        estimator: Any = object.__new__(_known_class(BaseEstimator, form["estimator"]))
        _set_state(estimator, self.value(form["state"]))
        return estimator
