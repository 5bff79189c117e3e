"""The population table: which columns it has and what they may hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import MOST, as_float, check_count, is_number
from sk_biornn._plain import plain_frame, short
from sk_biornn.units.names import cell_type_name, layer_name, listed, name_key

REQUIRED = ("population", "n_units", "sign")
KNOWN = (*REQUIRED, "area", "layer", "cell_type", "tau")


def plain(value: Any) -> Any:
    """Return a number of NumPy as one of Python, so that a message shows 2, not np.int64(2)."""
    return value.item() if isinstance(value, np.generic) else value


def check_populations(populations: pd.DataFrame, *, n_units: int | None = None) -> pd.DataFrame:
    """Return a checked copy of a population table, with layers and cell types in one spelling.

    Parameters
    ----------
    populations : DataFrame
        One row per population: columns `population`, `n_units`, `sign`, and optionally `area`,
        `layer`, `cell_type`, `tau`. Other columns are kept.
    n_units : int or None, default=None
        Number of units to which the populations must add up; None does not ask.

    Returns
    -------
    DataFrame
        The table with rows numbered from 0, names as str, `n_units` and `sign` as int64, `tau` as
        float64 (left out where no population has one), None where an area, layer or cell type is
        not known.

    Raises
    ------
    TypeError
        If `populations` is not a DataFrame.
    ValueError
        If a column is missing, a name stands twice (also in another spelling), a number of units
        is not a positive integer, a sign is not -1, 0 or 1 (True is no number), time constants are
        not positive or given for some only, or the units do not add up.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "population": ["E", "I"], "n_units": [80, 20], "sign": [1, -1],
    ...         "layer": ["L23", "4"],
    ...     }
    ... )
    >>> check_populations(table, n_units=100)
      population  n_units  sign layer
    0          E       80     1  L2/3
    1          I       20    -1    L4
    """
    populations = plain_frame(populations)
    if not isinstance(populations, pd.DataFrame):
        raise TypeError(f"populations must be a DataFrame, got {type(populations).__name__}.")
    missing = [name for name in REQUIRED if name not in populations.columns]
    if missing or populations.empty:
        found = "no rows" if not missing else f"no column {listed(missing)}"
        raise ValueError(
            f"populations must have the columns {', '.join(REQUIRED)} and a row per population, "
            f"got {found}."
        )
    twice = populations.columns[populations.columns.duplicated()]
    if len(twice):
        raise ValueError(f"populations must name every column once, got {short(twice[0])} twice.")
    table = _as_objects(populations.reset_index(drop=True))
    table["population"] = _check_names(table["population"])
    table["n_units"] = _check_sizes(table)
    table["sign"] = _check_signs(table)
    for column, spelling in (("area", str), ("layer", layer_name), ("cell_type", cell_type_name)):
        if column in table:
            known = [None if pd.isna(value) else spelling(value) for value in table[column]]
            table[column] = pd.Series(known, dtype=object)
    table = _check_tau(table)
    total = int(table["n_units"].sum())
    n_units = None if n_units is None else check_count("n_units", n_units, low=1)
    if n_units is not None and total != n_units:
        raise ValueError(f"populations must add up to n_units={n_units} units, got {total}.")
    return table


def _as_objects(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose known columns hold Python's objects, whatever they were stored as.

    The columns of a file may be of pyarrow or nullable, with rules of their own for what is
    missing; None is missing here.
    """
    objects = {
        name: [None if _is_missing(value) else plain(value) for value in table[name]]
        for name in KNOWN
        if name in table
    }
    as_series = {name: pd.Series(values, dtype=object) for name, values in objects.items()}
    return table.assign(**as_series)


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers, also those written as text, and NaN where there is none."""
    return pd.Series([_number(value) for value in values], index=values.index, dtype=np.float64)


def _number(value: Any) -> float:
    if is_number(value):
        return as_float(value)
    try:
        return float(value) if isinstance(value, str) else np.nan
    except ValueError:
        return np.nan


def _check_names(names: pd.Series[Any]) -> pd.Series[Any]:
    """Return the names as str; refuse empty ones and two spellings of one name."""
    if names.isna().any() or any(not str(name).strip() for name in names):
        raise ValueError("populations must have a name in every row, got an empty one.")
    names = names.map(str).astype(object)
    keys = names.map(name_key)
    if keys.duplicated().any():
        twice = names[keys == keys[keys.duplicated()].iloc[0]].tolist()
        raise ValueError(
            f"populations must have different names, got {short(twice[0])} and {short(twice[1])}."
        )
    return names


def _check_sizes(table: pd.DataFrame) -> pd.Series[Any]:
    """Return the numbers of units as int64."""
    sizes = _numbers(table["n_units"])
    bad = ~((sizes >= 1) & (sizes <= MOST) & (sizes % 1 == 0))
    if bad.any():
        first = table[bad].iloc[0]
        raise ValueError(
            "n_units must be a positive integer for every population, got "
            f"{short(first['n_units'])} for {first['population']}."
        )
    return sizes.astype(np.int64)


def _check_signs(table: pd.DataFrame) -> pd.Series[Any]:
    """Return the signs as int64."""
    signs = _numbers(table["sign"])
    bad = ~signs.isin((-1, 0, 1))
    if bad.any():
        first = table[bad].iloc[0]
        raise ValueError(
            f"sign must be -1, 0 or 1 for every population, got {short(first['sign'])} for "
            f"{first['population']}."
        )
    return signs.astype(np.int64)


def _check_tau(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with time constants as float64, or without them if there is none."""
    if "tau" not in table:
        return table
    if table["tau"].isna().all():
        return table.drop(columns="tau")
    tau = _numbers(table["tau"])
    bad = ~((tau > 0) & np.isfinite(tau))
    if bad.any():
        first = table[bad].iloc[0]
        raise ValueError(
            f"tau must be a positive number of ms for every population or for none, got "
            f"{short(first['tau'])} for {first['population']}."
        )
    return table.assign(tau=tau.astype(np.float64))
