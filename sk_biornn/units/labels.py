"""What the labels of matrices and vectors of units say, in the one place that reads them.

Axes named pre and post say which way a matrix lies. Labels of units say which row, column or entry
belongs to which unit; `units.order` matches them. What has no labels is taken as it lies,
[post, pre].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import plain_frame, short
from sk_biornn._sparse import MOST_UNITS, is_sparse
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.orientation import axes_are_unknown_sides, axis_side

Labels = tuple[Any, ...]


class Labelled:
    """Values with the labels of their axes; None where an axis has none.

    Parameters
    ----------
    values : ndarray or csr_array
        The values; a matrix lies [post, pre].
    labels : tuple
        Labels of each axis.
    """

    def __init__(self, values: Any, labels: tuple[Labels | None, ...]) -> None:
        self.values, self.labels = values, labels

    def taken(self, axis: int, order: Sequence[int]) -> Labelled:
        """Return the values with an axis in another order; its labels are then spent."""
        labels = tuple(None if i == axis else names for i, names in enumerate(self.labels))
        if is_sparse(self.values):
            values = self.values[order] if axis == 0 else self.values[:, order]
            return Labelled(values, labels)
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
    if isinstance(value, Connectome) and value.is_sparse:
        return Labelled(value.weights, (value.names, value.names))
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
    if isinstance(value, Mapping) and not is_sparse(value):  # which can be a dict
        return _of_mapping(value)
    if hasattr(value, "dims") and hasattr(value, "to_pandas") and np.ndim(value) in (1, 2):
        return value.to_pandas()
    return plain_frame(value)


def as_mask(value: Any) -> Any:
    """Return which synapses a `Connectome` or a graph has, as a frame; others as they are.

    A sparse `Connectome` gives one whose weights are 1.
    """
    if isinstance(value, Connectome) and value.is_sparse:
        return Connectome(value.weights != 0, value.names)
    has_weights = isinstance(value, Connectome) or _is_graph(value)
    return as_pandas(value) != 0 if has_weights else value


def _is_graph(value: Any) -> bool:
    """Whether a value is a graph of networkx, which is not imported for this."""
    return type(value).__module__.startswith("networkx.") and hasattr(value, "adjacency")


def _of_graph(graph: Any) -> pd.DataFrame:
    """Return the weights of the edges, which lead from the rows to the columns."""
    import networkx as nx

    if len(graph) > MOST_UNITS:
        raise ValueError(
            f"a graph must have at most {MOST_UNITS} nodes to become a matrix, got {len(graph)}; "
            "sk_biornn.datasets.read_connectome keeps such a graph sparse."
        )
    return nx.to_pandas_adjacency(graph).rename_axis(index="pre", columns="post")


def known_of_units(connectome: Connectome, name: str) -> Any:
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
    return None if numbered else tuple(None if _is_missing(name) else name for name in index)


def _is_missing(name: Any) -> bool:
    """Whether a label is no name at all: None, NaN, NaT or NA; a tuple is one."""
    return bool(pd.api.types.is_scalar(name) and pd.isna(name))


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


def refuse_other_names(frame: pd.DataFrame, name: str) -> None:
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
