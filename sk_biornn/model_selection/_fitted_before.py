"""Estimators that were fitted before a search asks for it, and are found when it does."""

from __future__ import annotations

import hashlib
from typing import Any, Self

import joblib
import numpy as np

from sk_biornn.core import one_of_many


class Store:
    """Fitted networks by their parameters and the trials that they learned from."""

    def __init__(self) -> None:
        self._ended: dict[Any, tuple[Any, BaseException | None]] = {}

    def add(self, key: Any, network: Any, error: BaseException | None) -> None:
        """Keep a fitted network, or what its fit ended with."""
        self._ended[key] = network, error

    def take(self, key: Any) -> tuple[Any, BaseException | None] | None:
        """Return what was kept, for the last time; None if there is nothing."""
        return None if key is None else self._ended.pop(key, None)


def key_of(estimator: Any, X: Any, y: Any, fit_params: dict[str, Any]) -> Any:
    """Return what a network is known by: its parameters and the bytes of what it learns from.

    None where something has no digest, such as a function: such networks are not looked up.
    """
    of_fit = sorted((name, value) for name, value in fit_params.items() if value is not None)
    try:
        parameters = sorted(estimator.get_params(deep=False).items())
        return (
            type_of(estimator),
            *((name, joblib.hash(value)) for name, value in parameters),
            digest(X),
            digest(y),
            *((name, digest(value)) for name, value in of_fit),
        )
    except Exception:  # whatever a pickler says of what it cannot take apart
        return None


def digest(values: Any) -> str:
    """Return a number that no other array has."""
    array = values.detach().cpu().numpy() if hasattr(values, "detach") else values
    if isinstance(array, np.ndarray) and array.dtype != object and not np.ma.isMaskedArray(array):
        array = np.ascontiguousarray(array)
        kind = f"{array.dtype.str}{array.shape}".encode()
        return hashlib.blake2b(kind + array.tobytes(), digest_size=16).hexdigest()
    return joblib.hash(values)


def type_of(estimator: Any) -> type:
    """Return the class of an estimator, also of one that looks networks up."""
    return getattr(type(estimator), "looks_up_for", type(estimator))


def _unchanged(estimator: Any) -> Any:
    return estimator


def looking_up(cls: type, store: Store) -> type:
    """Return a subclass whose `fit` takes a network from the store, where it is there."""

    class FittedBefore(cls):
        """Fitted before, or now if it was not."""

        looks_up_for = cls

        def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
            """Become the network that was fitted with these parameters to these trials."""
            found = store.take(key_of(self, X, y, fit_params))
            if found is None:
                with one_of_many():  # an interruption is one of the whole search
                    return super().fit(X, y, **fit_params)
            network, error = found
            if error is not None:
                raise error
            self.__dict__.update(network.__dict__)
            return self

        def __reduce__(self) -> Any:
            """Come back as what it looks networks up for."""
            twin: Any = object.__new__(cls)
            twin.__dict__.update(self.__dict__)
            return _unchanged, (twin,)

    FittedBefore.__name__ = FittedBefore.__qualname__ = cls.__name__
    return FittedBefore
