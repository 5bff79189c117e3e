"""How it computes: torch only, pure functions, no biology and no scikit-learn."""

from __future__ import annotations

from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.losses import cross_entropy, squared_error, unit_weights
from sk_biornn.core.params import RNNParams
from sk_biornn.core.scan import Trajectory, run
from sk_biornn.core.training import DivergenceError, History, Optimisation, train
from sk_biornn.core.weight_space import WeightSpace
from sk_biornn.core.workspace import Workspace

__all__ = [
    "DivergenceError",
    "Dynamics",
    "History",
    "Optimisation",
    "RNNParams",
    "Trajectory",
    "WeightSpace",
    "Workspace",
    "cross_entropy",
    "run",
    "squared_error",
    "train",
    "unit_weights",
]
