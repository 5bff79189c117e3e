"""Wiring diagrams made by chance, with the memory of their connections."""

from __future__ import annotations

from sk_biornn.datasets.wirings._brain import make_brain_wiring
from sk_biornn.datasets.wirings._distance import sample_connectome
from sk_biornn.datasets.wirings._rewire import rewire_connectome

__all__ = ["make_brain_wiring", "rewire_connectome", "sample_connectome"]
