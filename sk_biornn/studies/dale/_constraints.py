"""Constraints of the study alone: the published "rectified" training, and longer steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Rectified:
    """W <- S max(W, 0) after every step, S the matrix of column signs: as published, faulty.

    The published code meant the parametrisation W = S |theta|, but applies max(., 0) to weights
    that already carry their sign. Inhibitory weights are negative when it does, so the first step
    sets nearly all of them to zero, and a later step leaves an inhibitory weight only where the
    optimiser had made it positive. It is kept to repeat the published comparison; use
    ``dale="abs"`` for what was meant.
    """

    def bind(self, signs: Any, mask: Any) -> Any:
        """Return the space of weights; nothing is projected on entry, as published."""
        from sk_biornn.core.weight_space import WeightSpace

        signs_on_mask = signs * mask

        def retract(proposed: Any, _: Any) -> None:
            proposed.clamp_(min=0).mul_(signs_on_mask)

        return WeightSpace(retract=retract)


@dataclass(frozen=True)
class LongerSteps:
    """A constraint whose steps on the recurrent weights are `factor` times as long.

    The other weights keep the learning rate, so that arms remain comparable: a larger rate for all
    weights would speed up every arm.
    """

    constraint: Any
    factor: float

    def in_circuit(self, mask: Any) -> LongerSteps:
        """Return the same of the constraint as estimators train under it."""
        if not hasattr(self.constraint, "in_circuit"):
            return self
        return replace(self, constraint=self.constraint.in_circuit(mask))

    def bind(self, signs: Any, mask: Any) -> Any:
        """Return the space of the constraint, with its proposals moved away from their start."""
        space = self.constraint.bind(signs, mask)

        def retract(proposed: Any, before: Any) -> Any:
            proposed.sub_(before).mul_(self.factor).add_(before)
            return space.retract(proposed, before)

        return space._replace(retract=retract, needs_before=True)
