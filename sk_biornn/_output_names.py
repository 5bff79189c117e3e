"""Names of outputs, wherever targets meet a network that has learned, or one another.

Nothing here imports scikit-learn: measures and pictures ask as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sk_biornn._axes import common_names, refuse_other_names
from sk_biornn._plain import plain, short
from sk_biornn._wrapped import attribute_within


def output_names_of(estimator: Any) -> list[str] | None:
    """Return the names of the outputs of a fitted estimator, in whatever it is wrapped."""
    names = attribute_within(estimator, "output_names_")
    return None if names is None else [str(name) for name in names]


def refuse_other_outputs(estimator: Any, y: Any) -> None:
    """Raise if the columns of y have names, and are not those of the fit in their order."""
    names = common_names(plain(y, "y"), "y")
    refuse_other_names(names, output_names_of(estimator), "y", "outputs")


def names_of_columns(containers: Mapping[str, Any], given: Sequence[Any] | None) -> Any:
    """Return the names of the columns that several tables share: `given`, or those of the first.

    Raise if a name stands at another place in one of them than in another; tables that have no
    name in common say nothing of one another.
    """
    known = {name: common_names(plain(table, name), name) for name, table in containers.items()}
    if given is not None:
        known["names"] = [str(name) for name in given]
    named = {name: names for name, names in known.items() if names is not None}
    for argument, names in named.items():
        _refuse_moved(argument, names, *next(iter(named.items())))
    return next(iter(named.values()), None) if given is None else given


def _refuse_moved(argument: str, names: list[str], first: str, known: list[str]) -> None:
    for place, name in enumerate(names):
        if name in known and known.index(name) != place:
            raise ValueError(
                f"{argument} must have the outputs in the order of {first}, got {short(name)} at "
                f"place {place}, which is at place {known.index(name)} in {first}."
            )
