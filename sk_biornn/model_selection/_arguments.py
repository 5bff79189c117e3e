"""The constructors of the searches: scikit-learn's arguments, and after them those of stacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_OWN = {"strategy": "auto", "max_memory": None, "checkpoint": None}


def constructor(search: type) -> Callable[..., None]:
    """Return an `__init__` with the arguments of a search and those that stacks add.

    scikit-learn reads the parameters of an estimator off the signature of its constructor, and so
    do `help` and editors of notebooks. The arguments are those of the version that is installed.
    """
    signature = inspect.signature(search.__init__)  # type: ignore[misc]
    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
        for name, value in _OWN.items()
    ]

    def __init__(self: Any, *args: Any, **options: Any) -> None:
        added = {name: options.pop(name, value) for name, value in _OWN.items()}
        search.__init__(self, *args, **options)  # type: ignore[misc]
        for name, value in added.items():
            setattr(self, name, value)

    arguments = [*signature.parameters.values(), *own]
    __init__.__signature__ = signature.replace(parameters=arguments)  # type: ignore[attr-defined]
    return __init__
