"""The arms of the study: how Dale's law is kept, and where a network starts.

Two constraints are of the study alone: the published "rectified" training, and longer steps.
"""

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


@dataclass(frozen=True)
class DaleArm:
    """One way of training.

    Parameters
    ----------
    name : str
        Name in the tables.
    init : {"paper", "ours"}
        Which initial recurrent weights: those of the original study or those of this package.
    dale : str, object or None
        Argument `dale` of the estimator.
    recurrent_init : str
        Kind of the initial recurrent weights. "uniform" is drawn with excitatory and inhibitory
        columns in every arm, as in the original study, and so also in the unconstrained one.
    learning_rate_factor : float, default=1.0
        Multiplies the steps of the recurrent weights, and only those. It is 1 in all arms of the
        study: each law sets the scale of its steps itself.
    obeys_dale : bool, default=True
        Whether this is a network under Dale's law: the original rectified only those.

    Examples
    --------
    >>> from sk_biornn.studies import DaleArm
    >>> DaleArm("projection", "ours", "projection", "dale_orthogonal").key
    'projection/ours'
    """

    name: str
    init: str
    dale: Any
    recurrent_init: str
    learning_rate_factor: float = 1.0
    obeys_dale: bool = True

    @property
    def key(self) -> str:
        """Name and initial weights, which together are unique."""
        return f"{self.name}/{self.init}"

    def describe(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them.

        Returns
        -------
        dict
            The settings of the arm.
        """
        dale = self.dale if self.dale is None or isinstance(self.dale, str) else self.name
        return {
            "arm": self.name,
            "init": self.init,
            "dale": dale,
            "recurrent_init": self.recurrent_init,
            "learning_rate_factor": self.learning_rate_factor,
        }


ARMS = (
    DaleArm("unconstrained", "paper", None, "uniform", obeys_dale=False),
    DaleArm("unconstrained", "ours", None, "orthogonal", obeys_dale=False),
    DaleArm("projection", "paper", "projection", "uniform"),
    DaleArm("projection", "ours", "projection", "dale_orthogonal"),
    DaleArm("abs", "paper", "abs", "uniform"),
    DaleArm("abs", "ours", "abs", "dale_orthogonal"),
    DaleArm("square", "paper", "square", "uniform"),
    DaleArm("square", "ours", "square", "dale_orthogonal"),
    DaleArm("exponentiated", "paper", "exponentiated", "uniform"),
    DaleArm("exponentiated", "ours", "exponentiated", "dale_orthogonal"),
    DaleArm("rectified", "paper", Rectified(), "uniform", obeys_dale=False),
)
