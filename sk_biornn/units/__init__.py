"""Who and where the units are: names, signs, grids and positions, tables of who meets whom.

What these are is the same for data, networks, measures and pictures; so this package knows neither
of them, and all others build on it.
"""

from __future__ import annotations

from sk_biornn.units.connectome import Connectome
from sk_biornn.units.grid import grids_of
from sk_biornn.units.names import cell_type_name, layer_name, population_name
from sk_biornn.units.positions import unit_positions

__all__ = [
    "Connectome",
    "cell_type_name",
    "grids_of",
    "layer_name",
    "population_name",
    "unit_positions",
]
