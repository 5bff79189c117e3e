"""What a population table says of every unit, and of the blocks of a weight matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._checks import check_choice
from sk_biornn._plain import short
from sk_biornn.biology._population_table import check_populations
from sk_biornn.units.names import population_name

LEVELS = {
    "population": ("population",),
    "layer": ("area", "layer"),
    "area": ("area",),
    "cell_type": ("cell_type",),
}


def unit_index(populations: pd.DataFrame, level: str = "population") -> NDArray[np.intp]:
    """Return the block to which every unit belongs.

    Parameters
    ----------
    populations : DataFrame
        A population table.
    level : {"population", "layer", "area", "cell_type"}, default="population"
        What a block is: a population, a layer of an area, an area, a cell type (of all areas and
        layers together).

    Returns
    -------
    ndarray of shape (n_units,)
        Number of the block, in the order of `block_labels`.

    Raises
    ------
    TypeError
        If `level` is no name, or `populations` no DataFrame.
    ValueError
        If the table is not valid or lacks the columns of `level`.

    Examples
    --------
    >>> from sk_biornn.biology import excitatory_inhibitory_populations
    >>> unit_index(excitatory_inhibitory_populations(5)).tolist()
    [0, 0, 0, 0, 1]
    """
    table = check_populations(populations)
    blocks = _blocks_of_populations(table, level)
    order = {block: number for number, block in enumerate(dict.fromkeys(blocks))}
    return np.repeat(np.array([order[block] for block in blocks], dtype=np.intp), table["n_units"])


def block_labels(populations: pd.DataFrame, level: str = "population") -> list[str]:
    """Return the names of the blocks of units, in the order in which they first appear.

    Parameters
    ----------
    populations : DataFrame
        A population table.
    level : {"population", "layer", "area", "cell_type"}, default="population"
        What a block is: a population, a layer of an area, an area, a cell type (of all areas and
        layers together).

    Returns
    -------
    list of str
        Names such as "V1_L23_pyr", "V1_L23", "V1", "Pyr".

    Raises
    ------
    TypeError
        If `level` is no name, or `populations` no DataFrame.
    ValueError
        If the table is not valid or lacks the columns of `level`.

    Examples
    --------
    >>> from sk_biornn.biology import cortical_populations
    >>> block_labels(cortical_populations(), level="layer")
    ['V1_L4', 'V1_L23', 'V1_L5', 'LM_L4', 'LM_L23', 'LM_L5']
    >>> block_labels(cortical_populations(), level="cell_type")
    ['Pyr', 'SST', 'VIP']
    """
    return list(dict.fromkeys(_blocks_of_populations(check_populations(populations), level)))


def unit_ranges(populations: pd.DataFrame) -> dict[str, slice]:
    """Return the units of every population.

    Parameters
    ----------
    populations : DataFrame
        A population table.

    Returns
    -------
    dict of str to slice
        Slices of the units, by name of the population.

    Raises
    ------
    ValueError
        If the table is not valid.

    Examples
    --------
    >>> from sk_biornn.biology import excitatory_inhibitory_populations
    >>> unit_ranges(excitatory_inhibitory_populations(10))["inhibitory"]
    slice(8, 10, None)
    """
    table = check_populations(populations)
    ends = np.cumsum(table["n_units"]).tolist()
    starts = [0, *ends[:-1]]
    return {
        name: slice(start, end)
        for name, start, end in zip(table["population"], starts, ends, strict=True)
    }


def unit_signs(populations: pd.DataFrame) -> NDArray[np.float64]:
    """Return the sign of every unit's outgoing weights, the columns of `W[post, pre]`.

    Parameters
    ----------
    populations : DataFrame
        A population table.

    Returns
    -------
    ndarray of shape (n_units,)
        +1 excitatory, -1 inhibitory, 0 not constrained.

    Raises
    ------
    ValueError
        If the table is not valid.

    Examples
    --------
    >>> from sk_biornn.biology import excitatory_inhibitory_populations
    >>> unit_signs(excitatory_inhibitory_populations(5)).tolist()
    [1.0, 1.0, 1.0, 1.0, -1.0]
    """
    return signs_of_checked(check_populations(populations))


def unit_labels(populations: pd.DataFrame) -> NDArray[np.object_]:
    """Return the name of the population of every unit.

    Parameters
    ----------
    populations : DataFrame
        A population table.

    Returns
    -------
    ndarray of shape (n_units,)
        Names, as str.

    Raises
    ------
    ValueError
        If the table is not valid.

    Examples
    --------
    >>> from sk_biornn.biology import excitatory_inhibitory_populations
    >>> unit_labels(excitatory_inhibitory_populations(5)).tolist()
    ['excitatory', 'excitatory', 'excitatory', 'excitatory', 'inhibitory']
    """
    table = check_populations(populations)
    return np.repeat(table["population"].to_numpy(dtype=object), table["n_units"])


def unit_tau(populations: pd.DataFrame) -> NDArray[np.float64] | None:
    """Return the time constant of every unit, or None if the table gives none.

    Parameters
    ----------
    populations : DataFrame
        A population table.

    Returns
    -------
    ndarray of shape (n_units,) or None
        Time constants in ms.

    Raises
    ------
    ValueError
        If the table is not valid.

    Examples
    --------
    >>> from sk_biornn.biology import excitatory_inhibitory_populations
    >>> unit_tau(excitatory_inhibitory_populations(3, tau=20.0)).tolist()
    [20.0, 20.0, 20.0]
    """
    table = check_populations(populations)
    if "tau" not in table:
        return None
    return np.repeat(table["tau"].to_numpy(dtype=np.float64), table["n_units"])


def units_by_name(populations: pd.DataFrame) -> dict[str, dict[str, NDArray[np.intp]]]:
    """Return what names stand for: the units of every block, by level and name of the block.

    Unlike `unit_index` this does not ask every population for an area, a layer or a cell type.
    """
    table = check_populations(populations)
    units = {}
    for level in LEVELS:
        of_unit = np.repeat(np.array(_names(table, level), dtype=object), table["n_units"])
        names = [name for name in dict.fromkeys(of_unit) if name is not None]
        units[level] = {name: np.flatnonzero(of_unit == name) for name in names}
    return units


def index_of_checked(table: pd.DataFrame) -> NDArray[np.intp]:
    """Return the population of every unit, of a table as `check_populations` returns it."""
    return np.repeat(np.arange(len(table), dtype=np.intp), table["n_units"])


def signs_of_checked(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the sign of every unit, of a table as `check_populations` returns it."""
    return np.repeat(table["sign"].to_numpy(dtype=np.float64), table["n_units"])


def _blocks_of_populations(table: pd.DataFrame, level: str) -> list[str]:
    """Name of the block of every population at `level`; the table has been checked."""
    check_choice("level", level, LEVELS)
    columns = [name for name in LEVELS[level] if name in table]
    if LEVELS[level][-1] not in columns or table[columns].isna().any(axis=None):
        raise ValueError(
            f"populations must have {' and '.join(LEVELS[level])} of every population for "
            f"level={short(level)}."
        )
    return _names(table, level)


def _names(table: pd.DataFrame, level: str) -> list[Any]:
    """Name of the block of every population at `level`; None where the table gives none."""
    own = LEVELS[level][-1]
    names = table[own].tolist() if own in table else [None] * len(table)
    if level != "layer":
        return names
    areas = table["area"] if "area" in table else [None] * len(table)
    return [
        None if layer is None else population_name(area, layer, None)
        for area, layer in zip(areas, names, strict=True)
    ]
