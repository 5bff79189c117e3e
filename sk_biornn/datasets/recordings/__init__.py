"""Recordings: long series of what neurons or inputs do, cut into trials."""

from __future__ import annotations

from sk_biornn.datasets.recordings._cut import cut_trials
from sk_biornn.datasets.recordings._neurogym import from_neurogym
from sk_biornn.datasets.recordings._suite2p import load_suite2p
from sk_biornn.datasets.recordings._trials import Trials

__all__ = ["Trials", "cut_trials", "from_neurogym", "load_suite2p"]
