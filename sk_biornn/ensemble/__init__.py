"""Many networks at once: seeds of one estimator, and any estimators in one training."""

from __future__ import annotations

from sk_biornn.ensemble._fit_many import fit_many
from sk_biornn.ensemble._seeds import SeedEnsemble

__all__ = ["SeedEnsemble", "fit_many"]
