"""What a forecast has to beat: regressors on trials that know little, in closed form."""

from __future__ import annotations

from sk_biornn.baselines._linear import ARBaseline, RidgeVAR
from sk_biornn.baselines._simple import MeanBaseline, Persistence

__all__ = ["ARBaseline", "MeanBaseline", "Persistence", "RidgeVAR"]
