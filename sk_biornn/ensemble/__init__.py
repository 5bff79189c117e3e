"""Many networks at once: seeds of one estimator, and any estimators in one training."""

from __future__ import annotations

from sk_biornn.ensemble._by_epochs import answers_of, epochs_of_fit
from sk_biornn.ensemble._fit_many import fit_many
from sk_biornn.ensemble._seeds import SeedEnsemble

__all__ = ["SeedEnsemble", "answers_of", "epochs_of_fit", "fit_many"]
