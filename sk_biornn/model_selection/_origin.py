"""Where code comes from: whether a version says which code it is, or it is somebody's own.

Code of one's own may change without a trace: a file that is edited, a cell that is run again, a
global that a function reads. No digest of sources shows all of that, so none is taken.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import os
import site
import sys
import sysconfig
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np


def origin(thing: Any) -> str | None:
    """Return what seals a class or function: a version, or the author's word; None for own code.

    Parameters
    ----------
    thing : type or callable
        A class of one's own counts as known if all classes that it is made of are.

    Returns
    -------
    str or None
        Empty for the standard library and this package, whose versions a checkpoint has anyway;
        else the versions of the distributions, and the `checkpoint_key` of code of one's own.
    """
    parts = thing.__mro__ if isinstance(thing, type) else (thing,)
    found = [_of_one(part) for part in parts]
    # What is installed chooses what it is made of, some of which has no place to be found at.
    needed = found if has_key(thing) else found[:1]
    return None if None in needed else " ".join(sorted({text for text in found if text}))


def _of_one(thing: Any) -> str | None:
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    home = "numpy" if isinstance(thing, np.ufunc) else "builtins"  # NumPy 1 does not say so
    module = sys.modules.get(str(getattr(thing, "__module__", None) or home))
    if isinstance(name, str) and _inside(module, name) is thing:
        known = origin_of_module(module)
        if known is not None:
            return known
    if not has_key(thing):
        return None
    return f"{thing.__module__}.{name} {vars(thing)['checkpoint_key']!r}"


def has_key(thing: Any) -> bool:
    """Whether the author says what a class itself, or a function with a name, is known by.

    What a class inherits was said of other code, and many lambdas have one name.
    """
    key = getattr(thing, "__dict__", {}).get("checkpoint_key")
    is_named = not str(getattr(thing, "__qualname__", "")).endswith("<lambda>")
    return isinstance(key, str) and bool(key) and is_named


def _inside(module: Any, name: str) -> Any:
    """Return what a module has under a name with dots; code that only says it is there is not."""
    thing = module
    for part in name.split("."):
        thing = inspect.getattr_static(thing, part, None)
    return getattr(thing, "__func__", thing)


def origin_of_module(module: Any) -> str | None:
    """Return what seals a module, as `origin` does."""
    file = getattr(module, "__file__", None)
    if module is None or module.__name__ == "__main__":
        return None
    if file is None:
        how = getattr(getattr(module, "__spec__", None), "origin", None)
        return "" if how in ("built-in", "frozen") else None
    return _of_file(str(file))


@cache
def _of_file(file: str) -> str | None:
    for path in {Path(os.path.abspath(file)), Path(os.path.realpath(file))}:
        known = _of_path(path)
        if known is not None:
            return known
    return None


def _of_path(path: Path) -> str | None:
    if path.is_relative_to(Path(__file__).parents[1]):
        return ""
    for folder in _installed():
        if path.is_relative_to(folder):
            top = path.relative_to(folder).parts[0].partition(".")[0]
            names = sorted(set(_distributions().get(top, ())))
            return " ".join(f"{n} {importlib.metadata.version(n)}" for n in names) or None
    return "" if any(path.is_relative_to(folder) for folder in _standard()) else None


@lru_cache(maxsize=1)
def _installed() -> frozenset[Path]:
    paths = sysconfig.get_paths()
    users = getattr(site, "getusersitepackages", str)()
    folders = [paths["purelib"], paths["platlib"], *site.getsitepackages(), users]
    return _both([folder for folder in folders if folder])


@lru_cache(maxsize=1)
def _standard() -> frozenset[Path]:
    paths = sysconfig.get_paths()
    return _both([paths["stdlib"], paths["platstdlib"]])


def _both(folders: list[str]) -> frozenset[Path]:
    """Return folders as they are named and as they are without links."""
    how = (os.path.abspath, os.path.realpath)
    return frozenset(Path(form(folder)) for folder in folders for form in how)


@lru_cache(maxsize=1)
def _distributions() -> Any:
    return importlib.metadata.packages_distributions()
