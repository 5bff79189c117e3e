"""Attributes as arrays, lists and dictionaries: what skops and the like can store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sk_biornn.estimators._boundary import LaterArrays
from sk_biornn.estimators._circuit import Circuit, Projection, Wiring
from sk_biornn.estimators._state import FitState, Pruned
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.order import UnitOrder

_FRAME = "pandas frame as lists"  # key of a packed frame; its value is the number of the format
_SPARSE = "csr array as arrays"  # likewise of a sparse matrix
_PARTS = ("data", "indices", "indptr")
_RECORD = "record of sk_biornn"  # key of a packed state; its value is the name of its class
_RECORDS = {
    kind.__name__: kind
    for kind in (FitState, Circuit, Projection, Pruned, UnitOrder, Connectome, Wiring)
}


def packed(state: dict[str, Any]) -> dict[str, Any]:
    """Return attributes in which frames, series and states are dictionaries of lists and arrays.

    A frame that would not come back as it was (of periods, say) stays what it is.
    """
    return {name: _pack(value) for name, value in state.items()}


def unpacked(state: dict[str, Any]) -> dict[str, Any]:
    """Turn it back."""
    return {name: _unpack(value) for name, value in state.items()}


def _pack(value: Any) -> Any:
    name = type(value).__name__
    if name in _RECORDS and isinstance(value, _RECORDS[name]):
        return {_RECORD: name, **{key: _pack(item) for key, item in _fields_of(value).items()}}
    if isinstance(value, LaterArrays):
        return dict(value)
    if isinstance(value, sp.csr_array):
        parts = {part: np.asarray(getattr(value, part)) for part in _PARTS}
        return {_SPARSE: 1, "shape": list(value.shape), **parts}
    if not isinstance(value, (pd.DataFrame, pd.Series)):
        return value
    is_series = isinstance(value, pd.Series)
    frame = value.to_frame(name=0) if isinstance(value, pd.Series) else value
    lists = {
        _FRAME: 1,
        "series": [value.name] if is_series else None,
        "index": _pack_index(frame.index),
        "columns": _pack_index(frame.columns),
        "values": [_pack_column(frame.iloc[:, place]) for place in range(frame.shape[1])],
        "dtypes": [str(dtype) for dtype in frame.dtypes],
        "categories": [_pack_categories(dtype) for dtype in frame.dtypes],
        "attrs": dict(value.attrs),
    }
    return lists if _comes_back(value, lists) else value


def _fields_of(record: Any) -> dict[str, Any]:
    of_tuple = getattr(record, "_asdict", None)
    return dict(vars(record)) if of_tuple is None else of_tuple()


def _pack_column(column: pd.Series) -> Any:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.array(column.cat.codes)
    values = column.to_numpy()
    return values.tolist() if values.dtype == object else values


def _pack_categories(dtype: Any) -> dict[str, Any] | None:
    if not isinstance(dtype, pd.CategoricalDtype):
        return None
    return {"index": _pack_index(dtype.categories), "ordered": bool(dtype.ordered)}


def _pack_index(index: pd.Index) -> dict[str, Any]:
    several = isinstance(index, pd.MultiIndex)
    return {
        "names": list(index.names),
        "dtype": None if several else str(index.dtype),
        "range": isinstance(index, pd.RangeIndex) and [index.start, index.stop, index.step],
        "values": [list(label) if several else label for label in index.tolist()],
    }


def _comes_back(value: Any, lists: dict[str, Any]) -> bool:
    same = pd.testing.assert_series_equal, pd.testing.assert_frame_equal
    try:
        same[isinstance(value, pd.DataFrame)](_unpack(lists), value, check_exact=True)
    except Exception:  # of any kind of column that there is
        return False
    return True


def _unpack(value: Any) -> Any:
    if isinstance(value, dict) and _RECORD in value:
        fields = {key: _unpack(item) for key, item in value.items() if key != _RECORD}
        return _RECORDS[value[_RECORD]](**fields)
    if isinstance(value, dict) and _SPARSE in value:
        return sp.csr_array(tuple(value[part] for part in _PARTS), shape=tuple(value["shape"]))
    if not isinstance(value, dict) or _FRAME not in value:
        return value
    index = _unpack_index(value["index"])
    kinds = value.get("categories", [None] * len(value["dtypes"]))  # there were none at first
    parts = zip(value["values"], value["dtypes"], kinds, strict=True)
    columns = {place: _unpack_column(*part, index) for place, part in enumerate(parts)}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = _unpack_index(value["columns"])
    result = frame if value["series"] is None else frame.iloc[:, 0].rename(value["series"][0])
    result.attrs = dict(value["attrs"])
    return result


def _unpack_column(values: Any, dtype: str, categories: Any, index: pd.Index) -> pd.Series:
    if categories is None:
        return pd.Series(values, index=index, dtype=dtype)
    kind = pd.CategoricalDtype(_unpack_index(categories["index"]), categories["ordered"])
    return pd.Series(pd.Categorical.from_codes(values, dtype=kind), index=index)


def _unpack_index(lists: dict[str, Any]) -> pd.Index:
    if lists["range"]:
        start, stop, step = lists["range"]
        return pd.RangeIndex(start, stop, step, name=lists["names"][0])
    if lists["dtype"] is None:
        return pd.MultiIndex.from_tuples(map(tuple, lists["values"]), names=lists["names"])
    values = np.empty(len(lists["values"]), dtype=object)
    values[:] = lists["values"]
    return pd.Index(values, dtype=lists["dtype"], name=lists["names"][0])
