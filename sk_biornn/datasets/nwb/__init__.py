"""Two-photon recordings in NWB files: trials of populations around the events of a task."""

from __future__ import annotations

from sk_biornn.datasets.nwb._load import load_nwb_populations

__all__ = ["load_nwb_populations"]
