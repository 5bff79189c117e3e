"""What the user holds: estimators that keep scikit-learn's contract."""

from __future__ import annotations

from sk_biornn.core.learning_rates import CosineCycles
from sk_biornn.core.solvers import Adam
from sk_biornn.estimators._pruning import DensityWarning
from sk_biornn.estimators.cell_type import CellTypeRNNClassifier, CellTypeRNNRegressor
from sk_biornn.estimators.dale import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.estimators.spatial import SpatialRNNClassifier, SpatialRNNRegressor

__all__ = [
    "Adam",
    "CellTypeRNNClassifier",
    "CellTypeRNNRegressor",
    "CosineCycles",
    "DaleRNNClassifier",
    "DaleRNNRegressor",
    "DensityWarning",
    "SpatialRNNClassifier",
    "SpatialRNNRegressor",
]
