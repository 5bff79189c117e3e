"""Arguments that a table of populations must agree with; each refusal names both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import short
from sk_biornn.biology.connections import BetweenAreas
from sk_biornn.units.labels import lies_transposed
from sk_biornn.units.names import name_key


def check_sizes(estimator: Any, table: pd.DataFrame) -> None:
    """Refuse sizes that were given beside a table which has them, and differ."""
    total = int(table["n_units"].sum())
    if estimator.n_units not in (type(estimator).n_units, total):
        raise ValueError(
            f"populations must add up to n_units={estimator.n_units} units, got {total}; leave "
            "n_units out, the table has the number."
        )
    default = type(estimator).excitatory_fraction
    if estimator.excitatory_fraction != default:
        raise ValueError(
            f"excitatory_fraction must be left out (it is {default}) when populations is given, "
            f"which has the signs, got {short(estimator.excitatory_fraction)}."
        )


def checked_rules(between_areas: Any) -> tuple[BetweenAreas, ...]:
    """Return the rules as a tuple; an iterator would be empty at the second fit."""
    if between_areas is None:
        return ()
    if not isinstance(between_areas, (list, tuple)):
        raise TypeError(
            "between_areas must be None or a list of BetweenAreas objects, got "
            f"{short(between_areas)}."
        )
    return tuple(between_areas)


def check_order(argument: str, what: str, found: Any, table: pd.DataFrame) -> None:
    """Refuse columns that have names of populations, but not those of the table in its order.

    Names that have nothing to do with the populations say nothing, and pass.
    """
    expected = table["population"].tolist()
    keys = [name_key(name) for name in expected]
    if found is None or not {name_key(name) for name in found} & set(keys):
        return
    for place, (name, key) in enumerate(zip(expected, keys, strict=True)):
        if name_key(found[place]) != key:
            raise ValueError(
                f"{argument} must have its {what}s in the order of the populations, {short(name)} "
                f"as {what} {place}, got {short(str(found[place]))}."
            )


def density_in_order(names: pd.Series, density: pd.DataFrame) -> np.ndarray:
    """Return a table of densities [post, pre], by names of populations, in their order."""
    if lies_transposed(density, "density"):
        density = density.T
    labels = [*density.index, *density.columns]
    missing = [n for n in names if n not in density.index or n not in density.columns]
    if missing:
        raise ValueError(
            "density must have a row and a column for every population, got none for "
            f"{short(missing[0])}; tables by layer and cell type are connection_probabilities."
        )
    unknown = [label for label in labels if label not in set(names)]
    if unknown or len(labels) != 2 * len(names):
        what = (
            f"{short(unknown[0])}, which is none" if unknown else f"{len(labels)} rows and columns"
        )
        raise ValueError(f"density must have each population once, got {what}.")
    return density.loc[list(names), list(names)].to_numpy()
