"""What comes in at any door, as plain NumPy: tensors, series of arrays, frames of other libraries.

Nothing here imports the libraries: what a thing can do says what it is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._sparse import dense

# What a conversion raises, whoever made the thing that is converted.
NO_NUMBERS = (TypeError, ValueError, OverflowError, RuntimeError, AttributeError)
_OF_CONVERSION = (
    *("could not convert", "float() argument", "setting an array", "must be real"),
    *("Complex data", "iteration over", "only 0-dim", "only length-1", "Cannot cast"),
    "at least one array",
)
_LARGE = 1e150
_DEEPEST = 4  # of lists in lists that are looked through; one may contain itself
_TIMES = (np.datetime64, np.timedelta64, datetime.date, datetime.timedelta, type(pd.NaT))
_TEXT = (bool, np.bool_, str, bytes, complex, np.complexfloating, *_TIMES)


def plain(value: Any, name: str) -> Any:
    """Return tensors as arrays and series of arrays as lists of them; anything else as it is.

    Tensors lose their gradient, and those of a precision that NumPy does not have, such as
    bfloat16, become float32, which holds all their values.
    """
    if _is_tensor(value):
        return _of_tensor(value, name)
    if _is_series(value):
        items = list(value.to_list())
        return [_row(item, name) for item in items] if any(map(_is_row, items)) else value
    if isinstance(value, (list, tuple)) and any(map(_is_tensor, value)):
        return [plain(item, name) for item in value]
    if isinstance(value, np.ndarray) and value.dtype == object and any(map(_is_tensor, value.flat)):
        converted = np.empty(value.shape, dtype=object)
        converted.flat[:] = [plain(item, name) for item in value.flat]
        return converted
    return value


def without_mask(value: Any, fill: Any, dtype: Any) -> Any:
    """Return arrays, or a list of arrays, with what a mask hides replaced by `fill`."""
    value = _as_list_of_masked(value)
    if isinstance(value, np.ma.MaskedArray):
        if not is_masked(value):
            return value.data
        filled = value.data.astype(dtype)
        filled[np.ma.getmaskarray(value)] = fill
        return filled
    if isinstance(value, (list, tuple)) and is_masked(value):
        return [without_mask(item, fill, dtype) for item in value]
    return value


def is_masked(value: Any) -> bool:
    """Whether an array, or one of a list of arrays, hides entries under a mask."""
    value = _as_list_of_masked(value)
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.is_masked(value))
    return isinstance(value, (list, tuple)) and any(np.ma.is_masked(item) for item in value)


def _as_list_of_masked(value: Any) -> Any:
    """Return an object array that holds masked arrays as the list that it stands for."""
    is_plain = isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray)
    if not is_plain or value.dtype != object or value.ndim != 1:
        return value
    return list(value) if any(isinstance(i, np.ma.MaskedArray) for i in value) else value


def refuse_masked(value: Any, name: str) -> None:
    """Raise if entries are hidden under a mask: what is not to be read is not read."""
    if not is_masked(value):
        return
    way_out = ""
    if name == "X" and isinstance(value, np.ma.MaskedArray):
        floats = "X" if value.dtype.kind == "f" else "X.astype(float)"
        way_out = f"; pass {floats}.filled(np.nan) if they are the steps after the end of trials"
    raise ValueError(
        f"{name} must be a plain array, got a masked array with masked entries{way_out}."
    )


def refuse_no_trials(value: Any, name: str) -> None:
    """Raise if what came holds no trials, whatever is in it: nothing, a number, text, a dict."""
    expected = (
        f"{name} must be an array (n_trials, n_steps, n_features) or (n_trials, n_features), or a "
        "list of (n_steps, n_features) arrays"
    )
    is_array = hasattr(value, "tocsr") or hasattr(value, "dims")  # some such are mappings as well
    if isinstance(value, Mapping) and not is_array:
        raise TypeError(
            f"{expected}, got {type(value).__name__}; pass list({name}.values()) if it has a value "
            "per trial."
        )
    if value is None or isinstance(value, (*_TEXT, int, float, np.number, set, type, Iterator)):
        raise TypeError(f"{expected}, got {found(value)}.")
    if isinstance(value, (list, tuple)) and not value:
        raise ValueError(f"{expected}, got an empty {type(value).__name__}.")


def refuse_sparse(value: Any, name: str) -> None:
    """Raise if a sparse array of SciPy came, or a list of them: to NumPy each is one object."""
    item = value[0] if isinstance(value, (list, tuple)) and len(value) else value
    if hasattr(item, "tocsr"):
        raise TypeError(
            f"{name} must be dense, got {type(item).__name__}; pass {name}.toarray(), or "
            f"{name}.toarray().ravel() if it is one column."
        )


def refuse_dates(value: Any, name: str) -> None:
    """Raise if dates or durations came: as numbers they would be nanoseconds, and NaT -9.2e18."""
    if _has_dates(value):
        raise ValueError(f"{name} must hold numbers, got dates or durations.")


@contextmanager
def conversion_of(name: str) -> Iterator[None]:
    """Say of which argument a conversion speaks that fails within."""
    try:
        yield
    except NO_NUMBERS as error:
        text = str(error)
        if not text.startswith(_OF_CONVERSION) and isinstance(error, (ValueError, TypeError)):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        words = " ".join(text.split()).rstrip(".")[:200]
        raise kind(
            f"{name} must be an array of numbers, which what came is not: {words}."
        ) from None


def real_array(
    value: Any, name: str, expected: str = "an array of numbers", *, truth_values: bool = False
) -> NDArray[np.float64]:
    """Return a float64 copy; refuse masked entries, truth values, text, dates, complex numbers.

    Infinite and missing values pass: whether they are allowed is another question.
    """
    kinds, foreign = ("iufO", _TEXT) if not truth_values else ("iufOb", _TEXT[2:])
    refuse_masked(value, name)
    value = plain(value, name)
    value = dense(value, name)
    try:
        array = np.asarray(value)
        leaves = array.flat if array.dtype == object else _leaves(value)
        numeric = array.dtype.kind in kinds and not any(isinstance(i, foreign) for i in leaves)
        if not numeric and array.size:
            raise TypeError
        with np.errstate(over="ignore"):  # a long double beyond the range is infinite
            return np.array(array, dtype=np.float64)
    except NO_NUMBERS:
        raise ValueError(f"{name} must be {expected}, got {found(value)}.") from None


def is_several(value: Any) -> bool:
    """Whether a value holds several things one after the other, and is no text."""
    if isinstance(value, (str, bytes)) or getattr(value, "ndim", 1) == 0:
        return False
    return isinstance(value, Iterable)


def moderate(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return huge values times a power of two, so that squares and sums of them stay finite."""
    largest = float(np.abs(values).max(initial=0.0))  # 1e100 is too large a number for float32
    limit = _LARGE if values.dtype == np.float64 else np.sqrt(np.finfo(values.dtype).max) / 1e6
    return np.ldexp(values, -np.frexp(largest)[1]) if largest > limit else values


def found(value: Any) -> str:
    """Say in few words what came: a short value as it is, an array by its kind, else the type."""
    if isinstance(value, (np.ndarray, pd.Series)):
        return f"an array of {value.dtype}"
    if isinstance(value, (str, bytes)):
        return f"{type(value).__name__} {short(value)}"
    if value is None or isinstance(value, (bool, int, float, complex)):
        return short(value)
    return type(value).__name__


def short(value: Any, length: int = 80) -> str:
    """Return repr(value) on one line, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an int of more digits than Python prints, or a repr that fails
        text = f"a value of type {type(value).__name__}"
    return _cut(text, length)


def short_text(text: Any, length: int = 160) -> str:
    """Return what another library said, on one line and without its full stop."""
    return _cut(" ".join(str(text).split()).rstrip("."), length)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def plain_frame(table: Any) -> Any:
    """Return a data frame of another library (polars) as one of pandas; others as they are."""
    if isinstance(table, pd.DataFrame) or isinstance(table, type) or not hasattr(table, "columns"):
        return table
    try:
        if hasattr(table, "collect"):  # a lazy frame
            table = table.collect()
        if hasattr(table, "get_column"):
            columns = {name: table.get_column(name).to_list() for name in table.columns}
            return pd.DataFrame(columns)
        return table.to_pandas() if hasattr(table, "to_pandas") else table
    except (ImportError, *NO_NUMBERS):
        return table  # refused by name, as any thing that is no frame


def _is_tensor(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def _of_tensor(tensor: Any, name: str) -> NDArray[Any]:
    try:
        tensor = tensor.detach().cpu()
        tensor = tensor.to_dense() if tensor.is_sparse else tensor
        narrow = tensor.is_floating_point() and tensor.element_size() < 4
        if narrow and str(tensor.dtype) != "torch.float16":
            tensor = tensor.float()
        return np.asarray(tensor.resolve_conj().resolve_neg().numpy())
    except NO_NUMBERS:
        raise TypeError(
            f"{name} must be an array or a tensor that NumPy can hold, got a tensor of "
            f"{getattr(tensor, 'dtype', 'an unknown kind')}."
        ) from None


def _is_series(value: Any) -> bool:
    """Whether a series may hold arrays; a long one of numbers need not be looked through."""
    if not hasattr(value, "to_list") or not hasattr(value, "dtype") or hasattr(value, "columns"):
        return False
    return str(value.dtype).lower().startswith(("object", "list", "array"))


def _is_row(item: Any) -> bool:
    return not isinstance(item, (str, bytes)) and (hasattr(item, "__len__") or _is_tensor(item))


def _row(item: Any, name: str) -> Any:
    item = plain(item, name)
    return item if isinstance(item, (np.ndarray, pd.DataFrame)) else np.asarray(item)


def _has_dates(value: Any, depth: int = 0) -> bool:
    is_list = isinstance(value, (list, tuple)) and depth < _DEEPEST
    if is_list and any(hasattr(item, "dtype") for item in value):
        return any(_has_dates(item, depth + 1) for item in value)
    dtypes = getattr(value, "dtypes", None)  # of pynapple's frames it is a function
    if hasattr(value, "columns") and isinstance(dtypes, Iterable):
        return any(getattr(dtype, "kind", "") in ("m", "M") for dtype in dtypes)
    try:
        array = np.asarray(value)
    except NO_NUMBERS:  # trials of unequal length
        return is_list and any(_has_dates(item, depth + 1) for item in value)
    if array.dtype == object:
        return any(isinstance(item, _TIMES) for item in array.flat)
    return array.dtype.kind in "mM"


def _leaves(value: Any) -> Iterator[Any]:
    """Iterate over what nested lists hold, before NumPy takes [True, -1] for [1, -1]."""
    for item in value if isinstance(value, (list, tuple)) else ():
        if isinstance(item, (list, tuple)):
            yield from _leaves(item)
        else:
            yield item
