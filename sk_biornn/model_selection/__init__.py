"""Searches whose networks learn side by side, with the results of scikit-learn's searches."""

from __future__ import annotations

from sk_biornn.model_selection._halving import (
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
)
from sk_biornn.model_selection._searches import StackedGridSearchCV, StackedRandomizedSearchCV

__all__ = [
    "StackedGridSearchCV",
    "StackedHalvingGridSearchCV",
    "StackedHalvingRandomSearchCV",
    "StackedRandomizedSearchCV",
]
