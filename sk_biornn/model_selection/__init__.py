"""Searches whose networks learn side by side, as those of scikit-learn; splits in time order."""

from __future__ import annotations

from sk_biornn.model_selection._blocks import BlockedTimeSeriesSplit
from sk_biornn.model_selection._halving import (
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
)
from sk_biornn.model_selection._searches import StackedGridSearchCV, StackedRandomizedSearchCV

__all__ = [
    "BlockedTimeSeriesSplit",
    "StackedGridSearchCV",
    "StackedHalvingGridSearchCV",
    "StackedHalvingRandomSearchCV",
    "StackedRandomizedSearchCV",
]
