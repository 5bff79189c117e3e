"""Which unit stands for which recorded neuron, and what follows for inputs and read-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn._plain import plain, short
from sk_biornn.estimators._circuit import Mask, Projection, Signs
from sk_biornn.units.order import UnitOrder

Units = NDArray[np.int64]


def recorded_units(
    observed: Any, order: UnitOrder, n_units: int, n_outputs: int, outputs: UnitOrder
) -> Units:
    """Return the unit that each output reads.

    Parameters
    ----------
    observed : "names", sequence or mapping
        What the user says: a name or a number of a unit for each output; "names": those that the
        outputs have.
    order : UnitOrder
        Names of the units.
    n_units, n_outputs : int
        Numbers of both.
    outputs : UnitOrder
        Names of the outputs.

    Returns
    -------
    ndarray of int of shape (n_outputs,)
        Places of the units.

    Raises
    ------
    ValueError
        If something is no unit, if a unit is there twice, or not one for each output; if an output
        has the name of another unit than its own.
    TypeError
        If it is no sequence.
    """
    expected = f"observed must say one of the {n_units} units for each of the {n_outputs} outputs"
    items = _items(observed, outputs, expected)
    places = {} if order.names is None else {str(name): k for k, name in enumerate(order.names)}
    are_numbers = order.names is not None and all(map(is_integer, order.names))
    found = []
    for item in items:
        by_name = isinstance(item, str) or (is_integer(item) and are_numbers)
        if by_name and str(item) in places:
            found.append(places[str(item)])
        elif is_integer(item) and not are_numbers and 0 <= int(item) < n_units:
            found.append(int(item))
        else:
            raise ValueError(f"{expected}, {_ways(order, n_units)}, got {short(item)}.")
    if len(found) != n_outputs:
        raise ValueError(f"{expected}, got {len(found)}.")
    if len(set(found)) < n_outputs:
        twice = next(item for item, unit in zip(items, found, strict=True) if found.count(unit) > 1)
        raise ValueError(f"{expected}, each another one, got {short(twice)} twice.")
    if not are_numbers:
        _refuse_other_names(outputs.names, found, places)
    return np.array(found, dtype=np.int64)


def _items(observed: Any, outputs: UnitOrder, expected: str) -> list[Any]:
    if isinstance(observed, str) and observed == "names":
        if outputs.names is None:
            raise ValueError("y must have names of units with observed='names', got None.")
        return list(outputs.names)
    arranged = outputs.arranged(observed, "observed", (0,))
    is_sequence = hasattr(arranged, "__len__") and not isinstance(arranged, (str, bytes, Mapping))
    if not is_sequence or np.ndim(arranged) > 1:
        raise TypeError(f"{expected}, or 'names', got {short(observed)}.")
    items = np.asarray(plain(arranged, "observed"), dtype=object).tolist()
    if any(isinstance(item, (bool, np.bool_)) for item in items):
        raise TypeError(f"{expected}, got truth values; numpy.flatnonzero turns them into numbers.")
    return items


def _ways(order: UnitOrder, n_units: int) -> str:
    """Return how a unit may be named."""
    if order.names is None:
        return f"by its number below {n_units} (no argument names the units)"
    return f"by its name in {order.source}" + (
        "" if all(map(is_integer, order.names)) else f" or its number below {n_units}"
    )


def _refuse_other_names(
    names: Sequence[Any] | None, found: Sequence[int], places: Mapping[str, int]
) -> None:
    """Refuse an output that has the name of a unit, and reads another."""
    units = {place: name for name, place in places.items()}
    for name, unit in zip(names or (), found, strict=False):
        if places.get(str(name), unit) != unit:
            raise ValueError(
                f"observed must say unit {short(str(name))} for the output of that name, got "
                f"{short(units[unit])}."
            )


class Driven(NamedTuple):
    """The columns of X that drive one unit each."""

    columns: Units
    units: Units

    def mask(self, n_units: int, n_features: int) -> Mask:
        """Return which inputs reach which units: all other columns reach all of them."""
        mask = np.ones((n_units, n_features), dtype=bool)
        mask[:, self.columns] = False
        mask[self.units, self.columns] = True
        return mask

    def signs(self, n_features: int) -> Signs:
        """Return the signs of input weights: what a neuron does excites the unit in its place."""
        signs = np.zeros(n_features)
        signs[self.columns] = 1
        return signs


def driven_units(
    units: Units,
    continued: Units | None,
    features: Sequence[Any] | None,
    outputs: Sequence[Any] | None,
    order: UnitOrder,
) -> Driven:
    """Return which column of X drives which unit.

    Parameters
    ----------
    units : ndarray of int of shape (n_outputs,)
        The unit of each output.
    continued : ndarray of int of shape (n_outputs,) or None
        The column that each output continues.
    features, outputs : sequence or None
        Names of the columns of X and of the outputs.
    order : UnitOrder
        Names of the units.

    Returns
    -------
    Driven
        Columns that outputs continue drive the units of these; others that have the name of an
        output or of a unit drive that one.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    pairs = {} if continued is None else dict(zip(continued.tolist(), units.tolist(), strict=True))
    known = {str(name): k for k, name in enumerate(order.names or ())}
    known |= {str(name): int(unit) for name, unit in zip(outputs or (), units, strict=False)}
    for column, name in enumerate(features or ()):
        unit = known.get(str(name))
        if unit is not None and column not in pairs:
            pairs[column] = unit
    if not pairs:
        raise ValueError(
            "input_mask must be an array where nothing says which column of X stands for which "
            "unit, got 'observed' with an X that has neither names of outputs or units nor as many "
            "columns as there are outputs; feedback says it, too."
        )
    return Driven(np.array(list(pairs), dtype=np.int64), np.array(list(pairs.values()), np.int64))


def one_by_one(units: Units, n_units: int, allowed: Mask | None, is_identity: bool) -> Projection:
    """Return a read-out in which every output reads its own unit, with a gain of at least 0."""
    mask = np.arange(n_units) == units[:, None]
    if allowed is not None:
        mask &= allowed
    if not mask.any():
        raise ValueError(
            "readout_mask must allow some output the unit that observed says, or all would be "
            "constant; got False for each of these pairs."
        )
    return Projection(mask, np.ones(n_units), is_identity)
