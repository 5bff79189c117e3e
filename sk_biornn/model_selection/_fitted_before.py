"""Estimators that were fitted before a search asks for it, and are found when it does."""

from __future__ import annotations

import functools
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Self

from sk_biornn._callbacks import take_over, tell_of_no_fit
from sk_biornn.core import one_of_many
from sk_biornn.estimators._boundary import resolve_device
from sk_biornn.model_selection._checkpoint import Checkpoint
from sk_biornn.model_selection._digest import Digest, digest
from sk_biornn.model_selection._shares import SHARES


class Store:
    """Fitted networks by their parameters and the trials that they learned from.

    Those of this search are in memory; those of a search before, too, may be in a folder.
    """

    def __init__(self, folder: Checkpoint | None = None) -> None:
        self.folder = folder
        # Candidates may be equal: each of them has its own, in their order.
        self._ended: dict[Key, deque[tuple[Any, BaseException | None]]] = {}

    def name_of(self, key: Key) -> str | None:
        """Return what a fit is called in the folder; None where it is not kept."""
        if self.folder is None:
            return None
        return self.folder.name_of(key.cls, key.digests, key.unkept)

    def add(self, key: Key, network: Any, error: BaseException | None) -> None:
        """Keep a fitted network, or what its fit ended with."""
        self._ended.setdefault(key, deque()).append((network, error))

    def take(self, key: Key) -> tuple[Any, BaseException | None] | None:
        """Return what was kept first, for the last time; None if there is nothing."""
        ended = self._ended.get(key)
        if ended is None:
            return None
        first = ended.popleft()
        if not ended:
            del self._ended[key]
        return first


@dataclass(frozen=True)
class Key:
    """What a fit is known by: its class, its parameters and what it learns from."""

    cls: type
    digests: tuple[tuple[str, str | None], ...]
    unkept: str | None = field(compare=False)  # which of them, and why no folder can rely on it

    @property
    def is_told(self) -> bool:
        """Whether all have a digest; such fits are found again in this process."""
        return all(text is not None for _, text in self.digests)


def digests_of(X: Any, y: Any, fit_params: dict[str, Any]) -> dict[str, Digest]:
    """Return what fits learn from, by name: many estimators may learn from it."""
    of_fit = sorted((name, value) for name, value in fit_params.items() if value is not None)
    values = {"X": X, "y": y, **{f"of fit: {name}": value for name, value in of_fit}}
    return {name: digest(value) for name, value in values.items()}


def key_of(estimator: Any, learned_from: dict[str, Digest]) -> Key:
    """Return what a fit is known by, before it begins: its generator may advance."""
    values = {
        "estimator": type_of(estimator),
        **{f"of it: {name}": v for name, v in sorted(estimator.get_params(deep=False).items())},
    }
    if _is_left_to_the_machine(estimator):
        values["what device='auto' is"] = resolve_device("auto").type  # a GPU draws other noise
    found = {**{name: digest(value) for name, value in values.items()}, **learned_from}
    # First what has no digest at all: that keeps fits out of stacks, too.
    for name, each in sorted(found.items(), key=lambda item: item[1].text is not None):
        if each.unkept is not None:
            unkept = f"{name.rpartition(': ')[2]}: {each.unkept}"
            break
    else:
        unkept = None
    digests = tuple((name, each.text) for name, each in found.items())
    return Key(type_of(estimator), digests, unkept)


def _is_left_to_the_machine(estimator: Any) -> bool:
    """Whether an estimator, or one that it holds, learns on whatever device there is."""
    return any(
        name.rpartition("__")[2] == "device" and isinstance(value, str) and value == "auto"
        for name, value in estimator.get_params().items()
    )


def type_of(estimator: Any) -> type:
    """Return the class of an estimator, also of one that looks networks up."""
    return getattr(type(estimator), "looks_up_for", type(estimator))


def _unchanged(estimator: Any) -> Any:
    return estimator


def _again(cls: type, folder: Checkpoint, state: dict[str, Any]) -> Any:
    """Return, in another process, an estimator that looks into the folder."""
    folder.end_with_search()
    return _with_state(looking_up(cls, Store(folder)), state)


def _with_state(cls: type, state: dict[str, Any]) -> Any:
    """Return an estimator of a class, made of what it holds."""
    twin: Any = object.__new__(cls)
    twin.__dict__.update(state)
    return twin


def looking_up(cls: type, store: Store) -> type:
    """Return a subclass whose `fit` takes a network from the store, where it is there."""

    class FittedBefore(cls):
        """Fitted before, or now if it was not."""

        looks_up_for = cls

        @functools.wraps(cls.fit)  # type: ignore[attr-defined]
        def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
            """Become the network that was fitted with these parameters to these trials."""
            key = key_of(self, digests_of(X, y, fit_params))
            found = store.take(key)
            if found is not None:
                network, error = found
                if error is not None:
                    raise error
                take_over(self, network)
                tell_of_no_fit(self, X, y, fit_params.get("sample_weight"))
                return self
            name = store.name_of(key)  # before the fit, whose generator may advance
            if store.folder is not None and store.folder.restore(name, self):
                tell_of_no_fit(self, X, y, fit_params.get("sample_weight"))
                return self
            start = time.perf_counter()
            with one_of_many():  # an interruption is one of the whole search
                super().fit(X, y, **fit_params)
            if store.folder is not None and not is_network(cls):  # a network has kept itself
                store.folder.keep(name, self, X, time.perf_counter() - start)
            return self

        def __reduce__(self) -> Any:
            """Come back as what it looks networks up for; with a folder, as what does so there."""
            if store.folder is not None:
                return _again, (cls, store.folder, self.__dict__)
            return _unchanged, (_with_state(cls, self.__dict__),)

    class Keeping(FittedBefore):
        """A network that is kept in the folder as its fit ends, alone or among others."""

        def _epochs_of_fit(self, X: Any, y: Any, sample_weight: Any = None, **held_out: Any) -> Any:
            fit_params = {"sample_weight": sample_weight, **held_out}
            name = store.name_of(key_of(self, digests_of(X, y, fit_params)))
            with SHARES.of_one() as share:
                fitted = yield from super()._epochs_of_fit(X, y, sample_weight, **held_out)
            if store.folder is not None and not fitted._state.interrupted:
                store.folder.keep(name, fitted, X, share.seconds)
            return fitted

    twin = Keeping if store.folder is not None and is_network(cls) else FittedBefore
    twin.__name__ = twin.__qualname__ = cls.__name__
    return twin


def is_network(cls: type) -> bool:
    """Whether estimators of a class can learn side by side."""
    return hasattr(cls, "_epochs_of_fit")
