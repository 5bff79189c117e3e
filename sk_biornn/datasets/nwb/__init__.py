"""Two-photon recordings in NWB files: whole traces, and trials around the events of a task."""

from __future__ import annotations

from sk_biornn.datasets.nwb._load import load_nwb_populations
from sk_biornn.datasets.nwb._traces import Traces, load_nwb_traces

__all__ = ["Traces", "load_nwb_populations", "load_nwb_traces"]
