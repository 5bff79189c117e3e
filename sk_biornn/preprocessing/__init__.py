"""Trials before a network, or before any other estimator: scaled, flattened, and turned back."""

from __future__ import annotations

from sk_biornn.preprocessing._flattener import TrialFlattener
from sk_biornn.preprocessing._scaler import TrialScaler
from sk_biornn.preprocessing._target import TrialTargetRegressor

__all__ = ["TrialFlattener", "TrialScaler", "TrialTargetRegressor"]
