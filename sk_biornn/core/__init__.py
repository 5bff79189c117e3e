"""How it computes: torch only, pure functions, no biology and no scikit-learn."""

from __future__ import annotations

from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.epoch import Epoch, Optimisation
from sk_biornn.core.learning_rates import Schedule
from sk_biornn.core.losses import cross_entropy, squared_error, unit_weights
from sk_biornn.core.params import RNNParams
from sk_biornn.core.scan import Trajectory, as_trials, run
from sk_biornn.core.solvers import Solver
from sk_biornn.core.sparse import Support, support_where_it_pays
from sk_biornn.core.stacked import DeviceStack, EpochsTogether, Stack
from sk_biornn.core.threads import computing, one_torch_thread
from sk_biornn.core.training import (
    DivergenceError,
    Epochs,
    History,
    alone,
    one_of_many,
    train,
    train_by_epochs,
)
from sk_biornn.core.weight_space import (
    Spaces,
    WeightSpace,
    on_support,
    sum_of_two,
    within,
)
from sk_biornn.core.workspace import Workspace

__all__ = [
    "DeviceStack",
    "DivergenceError",
    "Dynamics",
    "Epoch",
    "Epochs",
    "EpochsTogether",
    "History",
    "Optimisation",
    "RNNParams",
    "Schedule",
    "Solver",
    "Spaces",
    "Stack",
    "Support",
    "Trajectory",
    "WeightSpace",
    "Workspace",
    "alone",
    "as_trials",
    "computing",
    "cross_entropy",
    "on_support",
    "one_of_many",
    "one_torch_thread",
    "run",
    "squared_error",
    "sum_of_two",
    "support_where_it_pays",
    "train",
    "train_by_epochs",
    "unit_weights",
    "within",
]
