"""Neurons with synapses, activity and positions: fields of MICrONS, and a synthetic one."""

from __future__ import annotations

from sk_biornn.datasets.microns._archive import fetch_microns
from sk_biornn.datasets.microns._fields import microns_fields
from sk_biornn.datasets.microns._load import load_microns
from sk_biornn.datasets.microns._synthetic import make_functional_connectome

__all__ = ["fetch_microns", "load_microns", "make_functional_connectome", "microns_fields"]
