"""What the labels of matrices and vectors of units say, in the one place that reads them.

Axes named pre and post say which way a matrix lies. Labels of units say which row, column or entry
belongs to which unit; they are matched, and never passed over. What has no labels is taken as it
lies, [post, pre].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import is_integer
from sk_biornn._plain import is_masked, plain_frame, refuse_masked, short
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.coordinate_names import no_coordinates
from sk_biornn.units.names import listed
from sk_biornn.units.orientation import axes_are_unknown_sides, axis_side

Labels = tuple[Any, ...]
ROWS = "its rows"
SQUARE = "sk_biornn.datasets.read_connectome makes such a table square"
BY_POSITION = "pass a plain array to have it taken by position"


class Labelled:
    """Values with the labels of their axes; None where an axis has none.

    Parameters
    ----------
    values : ndarray
        The values; a matrix lies [post, pre].
    labels : tuple
        Labels of each axis.
    """

    def __init__(self, values: Any, labels: tuple[Labels | None, ...]) -> None:
        self.values, self.labels = values, labels

    def taken(self, axis: int, order: Sequence[int]) -> Labelled:
        """Return the values with an axis in another order; its labels are then spent."""
        labels = tuple(None if i == axis else names for i, names in enumerate(self.labels))
        return Labelled(np.take(self.values, order, axis=axis), labels)


def read_labels(value: Any, name: str, *, turn: bool = True) -> Labelled | None:
    """Return what has labels with them, a matrix turned to [post, pre]; None if there are none.

    Parameters
    ----------
    value : object
        A frame, series, dict by unit, labelled array of xarray, `Connectome`, or anything else.
    name : str
        Name of the argument, for the message.
    turn : bool, default=True
        Whether a frame holds connections, [post, pre] unless its axes say otherwise.

    Returns
    -------
    Labelled or None
        Values and labels.

    Raises
    ------
    ValueError
        If its axes are named, but not one of them post and one of them pre.
    """
    value = as_pandas(value)
    if isinstance(value, pd.Series):
        return Labelled(value.to_numpy(), (_labels(value.index),))
    if not isinstance(value, pd.DataFrame):
        return None
    if turn and lies_transposed(value, name):
        value = value.T
    return Labelled(value.to_numpy(), (_labels(value.index), _labels(value.columns)))


def as_pandas(value: Any) -> Any:
    """Return what has labels in another form as a frame or a series; others as they are."""
    if isinstance(value, Connectome):
        return value.to_frame()
    if _is_graph(value):
        return _of_graph(value)
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if hasattr(value, "dims") and hasattr(value, "to_pandas") and np.ndim(value) in (1, 2):
        return value.to_pandas()
    return plain_frame(value)


def as_mask(value: Any) -> Any:
    """Return which synapses a `Connectome` or a graph has, as a frame; others as they are."""
    has_weights = isinstance(value, Connectome) or _is_graph(value)
    return as_pandas(value) != 0 if has_weights else value


def _is_graph(value: Any) -> bool:
    """Whether a value is a graph of networkx, which is not imported for this."""
    return type(value).__module__.startswith("networkx.") and hasattr(value, "adjacency")


def _of_graph(graph: Any) -> pd.DataFrame:
    """Return the weights of the edges, which lead from the rows to the columns."""
    import networkx as nx

    return nx.to_pandas_adjacency(graph).rename_axis(index="pre", columns="post")


def _known_of_units(connectome: Connectome, name: str) -> Any:
    """Return what a `Connectome` knows of each unit, for an argument that is about units."""
    known = {"signs": connectome.signs, "coordinates": connectome.positions}
    value = known.get(name)
    if value is None:
        what = {"signs": "signs", "coordinates": "positions"}.get(name, "such values")
        raise ValueError(
            f"{name} must have a value per unit, got {connectome!r}, which has no {what}."
        )
    index = pd.Index(connectome.names, dtype=object)
    return pd.Series(value, index) if value.ndim == 1 else pd.DataFrame(value, index)


def _of_mapping(value: Mapping[Any, Any]) -> Any:
    """Return a value by unit as a series, or as a frame where each unit has several."""
    if value and all(isinstance(item, (list, tuple, np.ndarray)) for item in value.values()):
        return pd.DataFrame.from_dict(dict(value), orient="index")
    return pd.Series(dict(value), dtype=None if value else object)


def _labels(index: pd.Index) -> Labels | None:
    """Return the labels of an axis; None where pandas numbered it because it had none."""
    numbered = index.nlevels == 1 and index.equals(pd.RangeIndex(len(index)))
    return None if numbered else tuple(index)


def lies_transposed(frame: pd.DataFrame, name: str) -> bool:
    """Whether the names of the axes say [pre, post]."""
    sides = [axis_side(_axis_name(axis)) for axis in (frame.index, frame.columns)]
    if sides[0] is not None and sides[0] == sides[1]:
        raise ValueError(
            f"{name} must have the postsynaptic side on one axis and the presynaptic on the other, "
            f"got rows named {short(_axis_name(frame.index))} and columns named "
            f"{short(_axis_name(frame.columns))}."
        )
    return sides[0] == "pre" or sides[1] == "post"


def _refuse_other_names(frame: pd.DataFrame, name: str) -> None:
    """Refuse two names of axes that differ, but say neither side: nobody can tell which is pre."""
    names = [_axis_name(axis) for axis in (frame.index, frame.columns)]
    if not axes_are_unknown_sides(*names):
        return
    raise ValueError(
        f'{name} must have axes named "post" and "pre", or without names for [post, pre], got rows '
        f"named {short(names[0])} and columns named {short(names[1])}; rename_axis(index=..., "
        "columns=...) says which is which."
    )


def _axis_name(axis: pd.Index) -> Any:
    return next((name for name in axis.names if name is not None), None)


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
            if not found and _is_per_unit(value):
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
        if value is None or isinstance(value, str):
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
        matrix : ndarray
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
    >>> rows, columns = pd.Index(["A", "B"], name="pre"), pd.Index(["B", "A"], name="post")
    >>> W, order = square_in_order(pd.DataFrame([[1, 0], [0, 0]], rows, columns), "W")
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
    labelled = _read(value, name, axes)
    axes_of_it = enumerate(() if labelled is None else labelled.labels)
    return [labels for axis, labels in axes_of_it if axis in axes and labels is not None]


def _read(value: Any, name: str, axes: tuple[int, ...]) -> Labelled | None:
    if isinstance(value, Mapping) and len(axes) == 2:
        return None  # no matrix, whatever else it may be
    if isinstance(value, Connectome) and len(axes) == 1:
        value = _known_of_units(value, name)
    if len(axes) == 2 and isinstance(frame := as_pandas(value), pd.DataFrame):
        _refuse_other_names(frame, name)
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
            twice = next(label for label in names if names.count(label) > 1)
            raise ValueError(
                f"{name} must name each unit once, to be put in the order of {whose}, got "
                f"{short(twice)} twice; {BY_POSITION}."
            )
    wanted, labels = _alike(wanted, labels)
    other = [label for label in labels if label not in set(wanted)]
    missing = [label for label in wanted if label not in set(labels)]
    if other or missing:
        what = f"{listed(other)}, which is none of them" if other else f"none for {listed(missing)}"
        way = SQUARE if whose == ROWS else BY_POSITION
        raise ValueError(f"{name} must have the same names as {whose}, got {what}; {way}.")
    place = {label: number for number, label in enumerate(labels)}
    return [place[label] for label in wanted]
