"""What is known of a circuit, and what follows for its weights."""

from __future__ import annotations

from sk_biornn.biology.constraints import Constraint, Dale, FixedMask, NonNegative

__all__ = ["Constraint", "Dale", "FixedMask", "NonNegative"]
