"""Digests of parameters and trials, and whether they say all that a fit depends on."""

from __future__ import annotations

import hashlib
import inspect
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from joblib.hashing import NumpyHasher

from sk_biornn._bytes import take_in
from sk_biornn.model_selection._origin import has_key, origin, origin_of_module

_PLAIN = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict)
_ADVANCES = (np.random.Generator, np.random.RandomState, np.random.BitGenerator)


class Digest(NamedTuple):
    """What values are known by."""

    text: str | None  # the same for the same values, in this process; None: they have no digest
    unkept: str | None  # why another process cannot rely on it


def digest(values: Any) -> Digest:
    """Return a digest that no other values have."""
    if type(values) in (np.ndarray, np.memmap) and values.dtype.kind in "biufcSUmMV":
        if not values.dtype.hasobject:
            return Digest(_of_numbers(values), None)
    hasher = _Hasher()
    try:
        text = hasher.hash(values)
    except Exception as error:  # whatever a pickler says of what it cannot take apart
        return Digest(None, f"it cannot be told from others ({type(error).__name__}: {error})")
    return Digest(f"{text} {sorted(hasher.origins)}", hasher.unkept)


def _of_numbers(array: np.ndarray) -> str:
    found = hashlib.blake2b(digest_size=16)
    take_in(found, array)
    return found.hexdigest()


class _Hasher(NumpyHasher):
    """joblib's, which also looks where classes and functions come from.

    Code of one's own, and a generator, has a digest for this process alone: its identity.
    """

    def __init__(self) -> None:
        super().__init__()
        self.origins: set[str] = set()
        self.unkept: str | None = None
        self._classes: dict[type, bool] = {}
        self._seen: set[int] = set()  # functions that are part of what is taken apart

    def save(self, obj: Any) -> None:
        """Take an object apart, or what stands for it."""
        super().save(self._shown(obj))

    def save_global(self, obj: Any, name: str | None = None, pack: Any = None) -> None:
        """Save what is pickled by its name, which does not say what it does."""
        super().save(self._code(obj))

    def _batch_setitems(self, items: Any, *rest: Any) -> None:
        items = list(items)
        if not all(type(key) is str for key, _ in items):
            # As they are: joblib would sort others by hashes, and that of -1 is that of -2.
            items = [((type(key).__name__, key), value) for key, value in items]
            items = [(number, pair) for number, pair in enumerate(items)]
        super()._batch_setitems(items, *rest)

    def _shown(self, obj: Any) -> Any:
        kind = type(obj)
        if kind in _PLAIN:
            return obj
        if kind is ModuleType:
            return self._module(obj)
        if isinstance(obj, MethodType | BuiltinMethodType) and _holder(obj) is not None:
            return self._method(obj)
        if _is_code(obj):
            return self._code(obj)
        self._note_class(kind)
        if isinstance(obj, _ADVANCES):
            self._note("a generator advances with every fit; give an integer instead")
        if isinstance(obj, set | frozenset) and kind in (set, frozenset):
            return kind.__name__, sorted(self._apart(item) for item in obj)
        if isinstance(obj, np.ndarray):
            return self._array(obj)
        if kind in (torch.Tensor, torch.nn.Parameter):  # whose pickles are never the same
            content = obj.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
            of_it = str(obj.dtype), str(obj.device), obj.requires_grad
            return kind.__name__, tuple(obj.shape), *of_it, content
        return obj

    def _array(self, array: np.ndarray) -> Any:
        if isinstance(array, np.ma.MaskedArray):
            parts = (np.ma.getdata(array), np.ma.getmaskarray(array), repr(array.fill_value))
            return "masked", type(array), *parts, array.hardmask
        if type(array) is np.memmap:
            return array.view(np.ndarray)
        if type(array) is not np.ndarray:
            more = getattr(array, "__dict__", {})
            return "subclass", type(array), array.view(np.ndarray), more
        if array.dtype.kind == "T":  # its bytes are places in memory
            return "strings", repr(array.dtype), array.astype(object)
        return array

    def _method(self, method: Any) -> Any:
        holder, name = _holder(method), method.__name__
        function = getattr(method, "__func__", None)
        cls = holder if isinstance(holder, type) else type(holder)
        static = inspect.getattr_static(cls, name, None)
        own = function is not None and function not in (static, getattr(static, "__func__", None))
        return "method", holder, function if own else name  # of its class, or tied to it

    def _code(self, thing: Any) -> Any:
        """Return what stands for a class or a function."""
        name = getattr(thing, "__module__", ""), getattr(thing, "__qualname__", repr(thing))
        if isinstance(thing, type):
            return ("class", *name) if self._note_class(thing) else ("class", id(thing))
        known = origin(thing)
        if known is None:
            self._note_own(thing)
            return "function", id(thing)
        self.origins.add(known)
        if id(thing) in self._seen:  # it may hold itself
            return "function", *name
        self._seen.add(id(thing))
        return "function", *name, _bound(inspect.unwrap(thing)) if has_key(thing) else None

    def _module(self, module: ModuleType) -> Any:
        known = origin_of_module(module)
        if known is None:
            self._note_own(module)
        self.origins.add(known or "")
        return "module", module.__name__

    def _note_class(self, cls: type) -> bool:
        """Note what seals a class; whether anything does."""
        if cls not in self._classes:
            known = origin(cls)
            self._classes[cls] = known is not None
            if known is None:
                self._note_own(cls)
            else:
                self.origins.add(known)
        return self._classes[cls]

    def _note_own(self, thing: Any) -> None:
        name = getattr(thing, "__qualname__", None) or repr(thing)
        self._note(
            f"code of one's own ({name}) may change without a trace; give the class or function "
            'an attribute checkpoint_key = "v1", and another text whenever its code changes'
        )

    def _note(self, why: str) -> None:
        self.unkept = self.unkept or why

    def _apart(self, item: Any) -> str:
        """Return a digest of one thing among several that have no order."""
        other = _Hasher()
        text: str = other.hash(item)
        self.origins |= other.origins
        self.unkept = self.unkept or other.unkept
        return text


def _holder(method: Any) -> Any:
    """Return what a method is bound to; None for a function, whose module is no holder."""
    holder = getattr(method, "__self__", None)
    return None if isinstance(holder, ModuleType) else holder


def _is_code(obj: Any) -> bool:
    """Whether something is a class or a function, compiled and cached ones among them."""
    named = callable(obj) and isinstance(getattr(obj, "__qualname__", None), str)
    return named or isinstance(obj, type | np.ufunc)


def _bound(function: Any) -> Any:
    """Return the values that a function took along when it was defined."""
    if not isinstance(function, FunctionType):
        return None
    cells = [_content(cell) for cell in function.__closure__ or ()]
    return function.__defaults__, function.__kwdefaults__, cells


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that is not bound yet
        return "empty"
