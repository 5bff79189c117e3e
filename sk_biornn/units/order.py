"""The order of the units, which all that names them is put in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import is_integer
from sk_biornn._plain import is_masked, refuse_masked, short
from sk_biornn._sparse import dense
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.coordinate_names import no_coordinates
from sk_biornn.units.labels import (
    Labelled,
    Labels,
    as_pandas,
    known_of_units,
    read_labels,
    refuse_other_names,
)
from sk_biornn.units.names import listed

ROWS = "its rows"
SQUARE = "sk_biornn.datasets.read_connectome makes such a table square"
BY_POSITION = "pass a plain array to have it taken by position"


@dataclass(frozen=True, eq=False)
class UnitOrder:
    """The order of the units: that of the first argument that names them, which others follow.

    Parameters
    ----------
    names : tuple or None
        Names of the units; None where nothing names them.
    source : str
        The argument that they come from.
    """

    names: Labels | None = None
    source: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, tuple[Any, tuple[int, ...]]]) -> UnitOrder:
        """Find the order in arguments, of each of which some axes are units.

        Parameters
        ----------
        arguments : dict of (object, tuple of int)
            By name, first those whose order counts: a value, and which of its axes are units.

        Returns
        -------
        UnitOrder
            The order.

        Raises
        ------
        ValueError
            If arguments name other units, or if an argument without labels stands beside some
            whose units are in different orders, so that nobody can say which it follows.
        """
        order, orders, unnamed = cls(), set(), []
        for name, (value, axes) in arguments.items():
            if value is None or isinstance(value, str):
                continue
            found = _unit_labels(value, name, axes)
            if _is_per_unit(value) and len(found) < min(len(axes), getattr(value, "ndim", 1)):
                unnamed.append(name)
            for labels in found:
                # Numbers of rows say where a row stood, and there it goes again.
                first = _numbers(labels) or labels
                order = cls(first, name) if order.names is None else order
                order.places(labels, name)
                orders.add(first)
        if len(orders) > 1 and unnamed:
            raise ValueError(
                f"{unnamed[0]} must name its units, since {order.source} and others name them in "
                f"different orders, got {type(arguments[unnamed[0]][0]).__name__}; pass a Series "
                "or DataFrame by name, or put the others in one order."
            )
        return order

    def places(self, labels: Labels | None, name: str) -> Sequence[int] | None:
        """Return where each unit stands among labels; None where it stands in its place.

        Parameters
        ----------
        labels : tuple or None
            Labels of an axis.
        name : str
            Name of the argument, for the message.

        Returns
        -------
        sequence of int or None
            Places.

        Raises
        ------
        ValueError
            If the labels are not those of the units.
        """
        if labels is None:
            return None
        names = _numbers(labels) if self.names is None else self.names
        if names is None or labels == names:
            return None
        whose = ROWS if name == self.source else self.source
        return _places(names, labels, name, whose)

    def arranged(self, value: Any, name: str, axes: tuple[int, ...], others: Any = None) -> Any:
        """Return a value as a plain array in the order of the units; what has no labels as it is.

        Parameters
        ----------
        value : object
            What came.
        name : str
            Name of the argument, for the message.
        axes : tuple of int
            Which of its axes are units.
        others : UnitOrder or None
            Order of what its other axis is: features or outputs.

        Returns
        -------
        object
            The array, or `value`.

        Raises
        ------
        ValueError
            If the labels are not those of the units.
        """
        if value is None or isinstance(value, str) or _is_plain(value):
            return value
        refuse_masked(value, name)
        labelled = _read(value, name, axes)
        if labelled is None:
            return value
        for axis, labels in enumerate(labelled.labels):
            order = self if axis in axes else others
            places = None if order is None else order.places(labels, name)
            if places is not None:
                labelled = labelled.taken(axis, places)
        return labelled.values

    def labelled(self, matrix: np.ndarray, axes: tuple[int, ...]) -> Any:
        """Return a matrix with the names of its units; as it is where they have none.

        Parameters
        ----------
        matrix : ndarray or sparse array
            In the order of the units.
        axes : tuple of int
            Which of its axes are units.

        Returns
        -------
        DataFrame or ndarray
            The matrix.
        """
        if self.names is None:
            return matrix
        matrix = dense(matrix, "the matrix", "without names it stays sparse")
        names = pd.Index(list(self.names), tupleize_cols=False)
        return pd.DataFrame(
            matrix, index=names if 0 in axes else None, columns=names if 1 in axes else None
        )


UNNAMED = UnitOrder()


def square_in_order(value: Any, name: str) -> tuple[Any, UnitOrder]:
    """Return one matrix [post, pre] with its columns in the order of its rows, and that order.

    Parameters
    ----------
    value : object
        A frame, labelled array, `Connectome`, or anything else, which is returned as it is.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    matrix : ndarray or object
        The matrix.
    order : UnitOrder
        Its units.

    Raises
    ------
    ValueError
        If rows and columns are labelled by other units.

    Examples
    --------
    >>> import pandas as pd
    >>> rows, columns = (
    ...     pd.Index(["A", "B"], name="pre"), pd.Index(["B", "A"], name="post"),
    ... )
    >>> W, order = square_in_order(
    ...     pd.DataFrame([[1, 0], [0, 0]], rows, columns), "W"
    ... )
    >>> W.tolist(), order.names  # from A to B: [post B, pre A]
    ([[0, 1], [0, 0]], ('B', 'A'))
    """
    if isinstance(value, np.ndarray) and not is_masked(value):
        return value, UNNAMED
    order = UnitOrder.of({name: (value, (0, 1))})
    return order.arranged(value, name, (0, 1)), order


def _numbers(labels: Labels) -> Labels | None:
    """Return 0, 1, 2, ... for labels that are these numbers in another order; None for others."""
    numbers = tuple(range(len(labels)))
    return numbers if all(map(is_integer, labels)) and set(labels) == set(numbers) else None


def _unit_labels(value: Any, name: str, axes: tuple[int, ...]) -> list[Labels]:
    """Return the labels of those axes of a value that are units and have labels."""
    labelled = None if _is_plain(value) else _read(value, name, axes)
    axes_of_it = enumerate(() if labelled is None else labelled.labels)
    return [labels for axis, labels in axes_of_it if axis in axes and labels is not None]


def _is_plain(value: Any) -> bool:
    """Whether a value is an array of NumPy itself, which has neither labels nor a mask."""
    return type(value) is np.ndarray and value.dtype != object


def _read(value: Any, name: str, axes: tuple[int, ...]) -> Labelled | None:
    if isinstance(value, Mapping) and len(axes) == 2:
        return None  # no matrix, whatever else it may be
    if isinstance(value, Connectome) and len(axes) == 1:
        value = known_of_units(value, name)
    if isinstance(value, Connectome) and value.is_sparse:
        return read_labels(value, name)
    if len(axes) == 2 and isinstance(frame := as_pandas(value), pd.DataFrame):
        refuse_other_names(frame, name)
    if name == "coordinates" and isinstance(value, pd.DataFrame):
        _refuse_no_coordinates(value)
    return read_labels(value, name, turn=name != "coordinates")  # whose second axis is space


def _refuse_no_coordinates(frame: pd.DataFrame) -> None:
    """Refuse a table of neurons in which not all columns say where they are."""
    odd = no_coordinates(frame.columns)
    if odd:
        raise ValueError(
            f"coordinates must be positions only, got a table with {listed(odd)}; choose its "
            "columns of coordinates, such as cells[['x', 'y', 'z']]."
        )


def _is_per_unit(value: Any) -> bool:
    """Whether something without labels has an entry per unit: an array, not an object or a size."""
    return isinstance(value, (list, np.ndarray, pd.DataFrame, pd.Series)) or hasattr(value, "tocsr")


def _alike(wanted: Labels, labels: Labels) -> tuple[Labels, Labels]:
    """Return both as text where one side has as text what the other has as whole numbers."""
    texts = tuple(map(str, wanted)), tuple(map(str, labels))
    sides = wanted, labels
    are_texts = [all(isinstance(name, str) for name in side) for side in sides]
    are_numbers = [all(map(is_integer, side)) for side in sides]
    differ = are_texts == are_numbers[::-1] and any(are_texts) and any(are_numbers)
    return texts if differ and set(texts[0]) == set(texts[1]) else sides


def _places(wanted: Labels, labels: Labels, name: str, whose: str) -> Sequence[int]:
    for names in (labels, wanted):
        if len(set(names)) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            raise ValueError(
                f"{name} must name each unit once, to be put in the order of {whose}, got "
                f"{short(twice)} twice; {BY_POSITION}."
            )
    wanted, labels = _alike(wanted, labels)
    of_wanted, of_labels = set(wanted), set(labels)
    other = [label for label in labels if label not in of_wanted]
    missing = [label for label in wanted if label not in of_labels]
    if other or missing:
        what = f"{listed(other)}, which is none of them" if other else f"none for {listed(missing)}"
        way = SQUARE if whose == ROWS else BY_POSITION
        raise ValueError(f"{name} must have the same names as {whose}, got {what}; {way}.")
    place = {label: number for number, label in enumerate(labels)}
    return [place[label] for label in wanted]
