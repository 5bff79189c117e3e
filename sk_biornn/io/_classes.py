"""The classes that files of networks may name: those that the package offers, by public name.

Public names stay where private files move, so that old files load. Nothing else is ever imported or
made because a file names it.
"""

from __future__ import annotations

import importlib
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sk_biornn._plain import short
from sk_biornn.estimators._parameters import RNNParameters

# A class that several rooms offer has the name that it has in the first.
ROOMS = (
    "sk_biornn",
    "sk_biornn.estimators",
    "sk_biornn.ensemble",
    "sk_biornn.baselines",
    "sk_biornn.biology",
    "sk_biornn.initializers",
    "sk_biornn.preprocessing",
    "sk_biornn.units",
)
# What stands around networks, and inside of `TrialScaler`; their state is numbers, too.
OF_SCIKIT_LEARN: dict[str, type[Any]] = {
    "sklearn.pipeline.Pipeline": Pipeline,
    "sklearn.preprocessing.StandardScaler": StandardScaler,
}


@cache
def known_classes() -> dict[str, type[Any]]:
    """Return estimators, and the objects of numbers that arguments take, by their public names."""
    found: dict[str, type[Any]] = {}
    for room in map(importlib.import_module, ROOMS):
        for name in room.__all__:
            thing = getattr(room, name)
            if _can_be_stored(thing) and thing not in found.values():
                found[f"{room.__name__}.{name}"] = thing
    return found


def name_of(cls: type) -> str | None:
    """Return the public name of a class; None if it has none, as a class of one's own."""
    known = {**known_classes(), **OF_SCIKIT_LEARN}
    return next((name for name, other in known.items() if other is cls), None)


def class_of(name: str) -> type[Any] | None:
    """Return the class of a public name; None where this version has none."""
    return {**known_classes(), **OF_SCIKIT_LEARN}.get(name)


def is_network(thing: Any) -> bool:
    """Whether something is a network, and no class of one."""
    return isinstance(thing, RNNParameters)


def require_network(est: Any) -> None:
    """Raise if something is no network."""
    if not is_network(est):
        raise TypeError(f"est must be a network of sk_biornn, got {short(est)}{_way_out(est)}.")


def _way_out(est: Any) -> str:
    """Return where a network is in what holds some."""
    if isinstance(est, Pipeline):
        return "; pass its last step, pipe[-1]: what the steps before do is not included"
    return "; take one of its estimators_" if hasattr(est, "estimators_") else ""


def _can_be_stored(thing: Any) -> bool:
    is_made = isinstance(thing, type) and not getattr(thing, "_is_protocol", False)
    return is_made and (issubclass(thing, BaseEstimator) or is_dataclass(thing))


def trusted_types() -> list[str]:
    """Return what skops calls these classes."""
    return sorted(f"{cls.__module__}.{cls.__qualname__}" for cls in known_classes().values())
