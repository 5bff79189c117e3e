"""Populations of a network: one table, and what follows from it for every unit.

A population table is a DataFrame with one row per population, in the order of the units:

============  ==============================================================================
column        meaning
============  ==============================================================================
population    name, unique
n_units       number of units, at least 1
sign          +1 excitatory, -1 inhibitory, 0 not constrained
area          optional, such as "V1"
layer         optional, such as "L2/3" ("L23", "2/3" are understood)
cell_type     optional, such as "Pyr", "SST", "VIP" ("ViP" is understood)
tau           optional, time constant in ms
============  ==============================================================================

Tables: `cortical_populations`, `excitatory_inhibitory_populations`, and `check_populations` for
one's own. Per unit: `unit_index`, `unit_signs`, `unit_labels`, `unit_tau`; per block (population,
layer, area or cell type): `block_labels`, `unit_ranges`. What connects them is in
`sk_biornn.biology.connections`: `block_probabilities`, `BetweenAreas`, `draw_synapses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import check_count, check_number
from sk_biornn._plain import is_several, short
from sk_biornn.biology._population_table import REQUIRED, check_populations
from sk_biornn.biology._population_units import (
    block_labels,
    unit_index,
    unit_labels,
    unit_ranges,
    unit_signs,
    unit_tau,
)
from sk_biornn.units.names import SIGN_OF_CELL_TYPE, cell_type_name, population_name

__all__ = [
    "block_labels",
    "check_populations",
    "cortical_populations",
    "excitatory_inhibitory_populations",
    "unit_index",
    "unit_labels",
    "unit_ranges",
    "unit_signs",
    "unit_tau",
]


def cortical_populations(
    areas: Sequence[str] = ("V1", "LM"),
    layers: Sequence[str] = ("L4", "L2/3", "L5"),
    cell_types: Mapping[str, int] | None = None,
    *,
    scaling: int = 16,
    signs: Mapping[str, int] | None = None,
    tau: float | Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the table of cortical populations: areas, in them layers, in them cell types.

    The default is the network of Balwani et al. (2025): 18 populations, Pyr, SST and VIP at
    12 : 2 : 1, 1440 units in all, in the order of that paper.

    Parameters
    ----------
    areas : sequence of str, default=("V1", "LM")
        Names of the areas. One name is a single cortical column; an empty sequence a column
        without a name, whose populations are called "L4_pyr" and so on.
    layers : sequence of str, default=("L4", "L2/3", "L5")
        Layers of every area, in the order of the units.
    cell_types : mapping of str to int or None, default=None
        Relative number of units of every type; None is {"Pyr": 12, "SST": 2, "VIP": 1}.
    scaling : int, default=16
        Units per unit of `cell_types`.
    signs : mapping of str to int or None, default=None
        +1, -1 or 0 per type; needed only for types other than Pyr (+1), SST, VIP and PV (-1).
    tau : float, mapping of str to float or None, default=None
        Time constant in ms, of all or per type. None leaves the column out.

    Returns
    -------
    DataFrame
        Columns `population`, `n_units`, `sign`, `area` (unless there is none), `layer`,
        `cell_type` and, if given, `tau`. Names are like "V1_L23_pyr".

    Raises
    ------
    TypeError
        If `areas` or `layers` is a single string, `cell_types` or `signs` no mapping, or a number
        of units not an integer.
    ValueError
        If a sign or a time constant of a type is not known, or the table is not valid.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> table = cortical_populations()
    >>> len(table), int(table["n_units"].sum())
    (18, 1440)
    >>> table.iloc[3:6]
      population  n_units  sign area layer cell_type
    3  V1_L23_pyr      192     1   V1  L2/3       Pyr
    4  V1_L23_sst       32    -1   V1  L2/3       SST
    5  V1_L23_vip       16    -1   V1  L2/3       VIP
    """
    for name, value in (("areas", areas), ("layers", layers)):
        if not is_several(value) or getattr(value, "ndim", 1) != 1:
            raise TypeError(f"{name} must be a sequence of names, got {short(value)}.")
    scaling = check_count("scaling", scaling)
    sizes = _by_type("cell_types", {"Pyr": 12, "SST": 2, "VIP": 1}, cell_types)
    sign_of = _by_type("signs", SIGN_OF_CELL_TYPE, signs, keep=True)
    unknown = [name for name in sizes if name not in sign_of]
    if unknown:
        raise ValueError(
            f"signs must give a sign for every cell type, got none for {unknown[0]}; pass, for "
            f"example, signs={{{short(unknown[0])}: -1}} if it is inhibitory."
        )
    rows = [
        {
            "population": population_name(area, layer, cell_type),
            "n_units": _scaled(cell_type, share, scaling),
            "sign": sign_of[cell_type],
            "area": area,
            "layer": layer,
            "cell_type": cell_type,
        }
        for area in (tuple(areas) or (None,))
        for layer in layers
        for cell_type, share in sizes.items()
    ]
    table = pd.DataFrame(rows, columns=[*REQUIRED, "area", "layer", "cell_type"])
    table = table if tuple(areas) else table.drop(columns="area")
    if tau is not None:
        table["tau"] = _tau_of(tau, table["cell_type"])
    return check_populations(table)


def excitatory_inhibitory_populations(
    n_units: int, excitatory_fraction: float = 0.8, *, tau: float | None = None
) -> pd.DataFrame:
    """Return the table of one excitatory and one inhibitory population.

    Parameters
    ----------
    n_units : int
        Number of units in all.
    excitatory_fraction : float, default=0.8
        The first floor(excitatory_fraction * n_units) units, at least one, are excitatory.
    tau : float or None, default=None
        Time constant in ms. None leaves the column out.

    Returns
    -------
    DataFrame
        Populations "excitatory" and "inhibitory", in this order; without the second if no
        unit is left for it.

    Raises
    ------
    TypeError
        If `n_units` is not an integer, or `excitatory_fraction` or `tau` not a number.
    ValueError
        If `n_units` is below 1 or `excitatory_fraction` is not in [0, 1].

    Examples
    --------
    >>> excitatory_inhibitory_populations(10)
      population  n_units  sign
    0  excitatory        8     1
    1  inhibitory        2    -1
    """
    n_units = check_count("n_units", n_units)
    check_number("excitatory_fraction", excitatory_fraction, low=0.0, high=1.0)
    # As column_signs does: the small addend keeps 0.29 * 100 = 28.999999999999996 at 29.
    n_excitatory = max(1, int(np.floor(excitatory_fraction * n_units + 1e-9)))
    rows = [("excitatory", n_excitatory, 1), ("inhibitory", n_units - n_excitatory, -1)]
    table = pd.DataFrame([row for row in rows if row[1] > 0], columns=list(REQUIRED))
    if tau is not None:
        table["tau"] = check_number("tau", tau, low=0.0, open_low=True)
    return check_populations(table, n_units=n_units)


def _by_type(
    name: str, default: Mapping[str, int], given: Mapping[str, int] | None, keep: bool = False
) -> dict[str, Any]:
    """`given` with cell types in one spelling, on top of the default if `keep`."""
    if given is None:
        return dict(default)
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must map cell types to numbers, got {type(given).__name__}.")
    spelled = {cell_type_name(key): value for key, value in given.items()}
    if len(spelled) < len(given):
        raise ValueError(f"{name} must give each cell type once, got {list(given)}.")
    return {**default, **spelled} if keep else spelled


def _scaled(cell_type: str, share: Any, scaling: int) -> int:
    return check_count(f"cell_types[{cell_type!r}]", share) * scaling


def _tau_of(tau: Any, cell_types: pd.Series[Any]) -> Any:
    if not isinstance(tau, Mapping):
        return check_number("tau", tau, low=0.0, open_low=True)
    by_type = {cell_type_name(key): value for key, value in tau.items()}
    missing = [name for name in cell_types if name not in by_type]
    if missing:
        raise ValueError(f"tau must give a value for every cell type, got none for {missing[0]}.")
    return cell_types.map(by_type)
