"""Network metrics: functions of recurrent weights W[post, pre], in NumPy, and scorers."""

from __future__ import annotations

from sk_biornn.metrics._assortativity import assortativity, reciprocity
from sk_biornn.metrics._balance import ei_balance
from sk_biornn.metrics._clustering import clustering_coefficient
from sk_biornn.metrics._communicability import communicability
from sk_biornn.metrics._communities import communities
from sk_biornn.metrics._modularity import modularity
from sk_biornn.metrics._paths import global_efficiency
from sk_biornn.metrics._scorers import (
    WeightScorer,
    assortativity_scorer,
    bio_scoring,
    entropy_scorer,
    modularity_scorer,
    small_worldness_scorer,
)
from sk_biornn.metrics._selection import select_refit
from sk_biornn.metrics._small_worldness import small_worldness
from sk_biornn.metrics._spectral import singular_value_gap, spectral_radius, svd_entropy
from sk_biornn.metrics._step_scorers import (
    StepScorer,
    step_accuracy,
    step_balanced_accuracy,
    step_f1,
    step_log_loss,
    step_neg_mean_squared_error,
    step_r2,
)
from sk_biornn.metrics._weight_entropy import weight_entropy
from sk_biornn.metrics._weights import dale_violations, density
from sk_biornn.metrics._wiring import wiring_cost

__all__ = [
    "StepScorer",
    "WeightScorer",
    "assortativity",
    "assortativity_scorer",
    "bio_scoring",
    "clustering_coefficient",
    "communicability",
    "communities",
    "dale_violations",
    "density",
    "ei_balance",
    "entropy_scorer",
    "global_efficiency",
    "modularity",
    "modularity_scorer",
    "reciprocity",
    "select_refit",
    "singular_value_gap",
    "small_worldness",
    "small_worldness_scorer",
    "spectral_radius",
    "step_accuracy",
    "step_balanced_accuracy",
    "step_f1",
    "step_log_loss",
    "step_neg_mean_squared_error",
    "step_r2",
    "svd_entropy",
    "weight_entropy",
    "wiring_cost",
]
