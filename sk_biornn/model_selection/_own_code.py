"""Code that is not part of an installed version: what a fit depends on and no parameter shows."""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import io
import os
import pickle
import sys
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

# Whose versions a checkpoint knows.
_SEALED = {"sk_biornn", "numpy", "scipy", "sklearn", "torch", "pandas", "joblib"}


class OwnCode:
    """Digests of the files in which classes and functions of other packages stand.

    Found in the process that made it; a copy in another one knows those that were found until then,
    since there a script is not `__main__`.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._known: dict[tuple[str, str], str] = {}

    def of(self, *things: Any) -> list[str] | None:
        """Return digests of the code that things use; None if there is code without a file.

        Raises
        ------
        Exception
            Whatever a pickler says of what it cannot take apart.
        """
        digests = {self._of_one(thing) for thing in _foreign(things)}
        return None if None in digests else sorted(str(digest) for digest in digests)

    def _of_one(self, thing: Any) -> str | None:
        name = thing.__module__, thing.__qualname__
        if name not in self._known:
            text = _source(thing) if os.getpid() == self._owner else None
            if text is None:
                return None
            whole = f"{name} {_version(name[0])} ".encode() + text
            self._known[name] = hashlib.sha256(whole).hexdigest()
        return self._known[name]


class _Collector(pickle.Pickler):
    """Takes things apart and notes the classes and functions on the way."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), protocol=5)
        self.found: set[Any] = set()

    def persistent_id(self, obj: Any) -> None:
        if isinstance(obj, type):
            self.found.update(obj.__mro__)
        elif isinstance(obj, FunctionType):
            self.found.add(obj)


def _foreign(things: Any) -> list[Any]:
    collector = _Collector()
    collector.dump(things)
    return [thing for thing in collector.found if not _is_sealed(str(thing.__module__))]


def _is_sealed(module: str) -> bool:
    top = module.partition(".")[0]
    return top != "__main__" and (top in _SEALED or top in sys.stdlib_module_names)


def _source(thing: Any) -> bytes | None:
    """Return the file that code stands in, or at least the code itself."""
    file = getattr(sys.modules.get(thing.__module__), "__file__", None)
    try:
        return Path(file).read_bytes() if file else inspect.getsource(thing).encode()
    except (OSError, TypeError):
        return None


def _version(module: str) -> str:
    names = _distributions().get(module.partition(".")[0], ())
    return " ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(set(names)))


@lru_cache
def _distributions() -> Any:
    return importlib.metadata.packages_distributions()
