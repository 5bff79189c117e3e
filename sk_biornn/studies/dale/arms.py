"""The arms of the study: how Dale's law is kept, and where a network starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sk_biornn.studies.dale._constraints import Rectified


@dataclass(frozen=True)
class Arm:
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
    >>> from sk_biornn.studies import Arm
    >>> Arm("projection", "ours", "projection", "dale_orthogonal").key
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
    Arm("unconstrained", "paper", None, "uniform", obeys_dale=False),
    Arm("unconstrained", "ours", None, "orthogonal", obeys_dale=False),
    Arm("projection", "paper", "projection", "uniform"),
    Arm("projection", "ours", "projection", "dale_orthogonal"),
    Arm("abs", "paper", "abs", "uniform"),
    Arm("abs", "ours", "abs", "dale_orthogonal"),
    Arm("square", "paper", "square", "uniform"),
    Arm("square", "ours", "square", "dale_orthogonal"),
    Arm("exponentiated", "paper", "exponentiated", "uniform"),
    Arm("exponentiated", "ours", "exponentiated", "dale_orthogonal"),
    Arm("rectified", "paper", Rectified(), "uniform", obeys_dale=False),
)
