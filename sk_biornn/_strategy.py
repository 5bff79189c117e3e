"""What constraints, penalties and pruners share: their fields can be searched."""

from __future__ import annotations

import copy
from dataclasses import Field, fields, replace
from typing import Any, Self, TypeVar

from sk_biornn._plain import short


class Strategy:
    """A frozen dataclass whose fields are parameters, as scikit-learn asks for them.

    ``GridSearchCV(network, {"regularizer__strength": [...]})`` reaches the fields of what the
    argument `regularizer` holds, if that is a strategy. A class of your own that derives from it
    must be a dataclass; what its ``__post_init__`` refuses, a search is refused as well.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from sk_biornn.biology import Strategy
    >>> @dataclass(frozen=True)
    ... class Cap(Strategy):
    ...     most: float = 1.0
    >>> Cap(0.5).get_params()
    {'most': 0.5}
    >>> from sk_biornn import DaleRNNClassifier
    >>> DaleRNNClassifier(dale=Cap(0.5)).set_params(dale__most=0.25).dale
    Cap(most=0.25)
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the fields by name.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the fields of fields that are strategies too, as ``field__name``.

        Returns
        -------
        dict
            Values by name.
        """
        own = {field.name: getattr(self, field.name) for field in _settable(self)}
        if not deep:
            return own
        inner = {
            f"{name}__{key}": item
            for name, value in own.items()
            if isinstance(value, Strategy)
            for key, item in value.get_params().items()
        }
        return {**own, **inner}

    def set_params(self, **params: Any) -> Self:
        """Set fields: for scikit-learn, which calls it on copies that it has made itself.

        Otherwise a strategy does not change, so that networks may share it: estimators put a
        changed copy in its place, and ``dataclasses.replace`` makes one by hand.

        Parameters
        ----------
        **params : dict
            Values by name, ``field__name`` for the field of a field.

        Returns
        -------
        Strategy
            The object itself.

        Raises
        ------
        ValueError
            If there is no such field; and whatever the object refuses to be made of.
        """
        changed = changed_copy(self, params)  # checked before anything is set
        for field in fields(changed):  # type: ignore[arg-type]  # strategies are dataclasses
            object.__setattr__(self, field.name, getattr(changed, field.name))
        return self

    def __sklearn_clone__(self) -> Self:
        """Return a copy: there is nothing fitted that a clone would have to be without."""
        return copy.deepcopy(self)


S = TypeVar("S", bound=Strategy)


def changed_copy(strategy: S, params: dict[str, Any]) -> S:
    """Return a copy of a strategy with other values, made and checked as a new one is."""
    known = {field.name for field in _settable(strategy)}
    own: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for name, value in params.items():
        head, _, rest = name.partition("__")
        if head not in known:
            raise ValueError(
                f"{name} must be a parameter of {type(strategy).__name__}, which has "
                f"{sorted(known)}."
            )
        if rest:
            inner.setdefault(head, {})[rest] = value
        else:
            own[name] = value
    for name, its_params in inner.items():
        held = own.get(name, getattr(strategy, name))
        own[name] = changed_member(name, held, its_params)
    return replace(strategy, **own)  # type: ignore[type-var]


def changed_member(name: str, held: Any, params: dict[str, Any]) -> Any:
    """Return what an argument holds with other values; refuse what has no parameters."""
    if isinstance(held, Strategy):
        return changed_copy(held, params)
    first = next(iter(params))
    raise ValueError(
        f"{name} must be an object with parameters where {name}__{first} is set, got {short(held)}."
    )


def _settable(strategy: Strategy) -> list[Field[Any]]:
    return [field for field in fields(strategy) if field.init]  # type: ignore[arg-type]
