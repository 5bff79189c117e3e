"""What is known of a circuit, and what follows for its weights."""

from __future__ import annotations

from sk_biornn._space import unit_positions
from sk_biornn.biology.communicability import communicability
from sk_biornn.biology.constraints import Constraint, Dale, FixedMask, NonNegative
from sk_biornn.biology.regularizers import (
    CommunicabilityCost,
    CommunicabilityEMD,
    Facts,
    Regularizer,
    WeightCost,
    WiringCost,
)

__all__ = [
    "CommunicabilityCost",
    "CommunicabilityEMD",
    "Constraint",
    "Dale",
    "Facts",
    "FixedMask",
    "NonNegative",
    "Regularizer",
    "WeightCost",
    "WiringCost",
    "communicability",
    "unit_positions",
]
