"""What is compared, how large and how long: the arms of the study, and its presets.

Two constraints are of the study alone: the published "rectified" training, and longer steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# ------------------------------------------------------------------ arms


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
        columns in every condition, as in the original study, and so also in the unconstrained one.
    learning_rate_factor : float, default=1.0
        Multiplies the steps of the recurrent weights, and only those. It is 1 in all conditions
        of the study: each law sets the scale of its steps itself.
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


#: The conditions of the study: each law of signs from each kind of initial weights, and
#: `rectified`.
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


# ------------------------------------------------------------------ presets


@dataclass(frozen=True)
class Budget:
    """Data and training of one task.

    Parameters
    ----------
    n_train, n_test : int
        Number of trials.
    max_iter : int
        Number of epochs.
    batch_size : int
        Trials per step.
    evaluate_every : int
        Epochs between two points of the learning curve on the test trials.
    data : mapping
        What the task needs besides, see `sk_biornn.studies.dale.tasks`.

    Examples
    --------
    >>> from sk_biornn.studies import Budget
    >>> Budget(
    ...     n_train=100, n_test=50, max_iter=10, batch_size=20, evaluate_every=5
    ... ).data
    {}
    """

    n_train: int
    n_test: int
    max_iter: int
    batch_size: int
    evaluate_every: int
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DalePreset:
    """Settings of a whole study.

    Parameters
    ----------
    name : str
        Name on the command line.
    n_units : int
        Number of recurrent units; 80 % of them are excitatory.
    n_simulations : int
        Number of simulations; simulation i has the same data, the same input weights and the
        same order of batches in all arms.
    budgets : mapping of str to Budget
        The tasks, by name.
    inits : tuple of str, default=("paper", "ours")
        Which initial weights take part.
    rectify_all : bool, default=True
        True: every arm feeds back max(z, 0). False, as published: only networks under Dale's law.
    learning_rate : float, default=1e-3
        Learning rate of Adam, the same in all arms but for the factor of the arm.
    max_grad_norm : float or None, default=None
        Bound on the norm of the gradients.
    momentum : {"cut", "kept"}, default="cut"
        Adam's momentum of a weight that the projection stops at 0; it was kept as published.
    recurrent_bias : bool or "double", default=True
        Argument of the estimators; as published there are two biases per unit.

    Examples
    --------
    >>> from sk_biornn.studies import DALE_PRESETS
    >>> fair = DALE_PRESETS["fair"]
    >>> fair.n_simulations, sorted(fair.budgets)
    (10, ['digits', 'flip-flop', 'mnist', 'wave'])
    """

    name: str
    n_units: int
    n_simulations: int
    budgets: Mapping[str, Budget]
    inits: tuple[str, ...] = ("paper", "ours")
    rectify_all: bool = True
    learning_rate: float = 1e-3
    max_grad_norm: float | None = None
    momentum: str = "cut"
    recurrent_bias: bool | str = True


# Waves: the paper tests on chunks of the training waves, without their second terms. Elsewhere
# the terms are whole and the test waves are others, since a wave repeats itself after 100 s.
_AS_PUBLISHED = {"n_steps": 500, "second_terms": False, "n_waves": 1, "n_test_waves": 0}
_HELD_OUT = {"n_steps": 500, "second_terms": True, "n_waves": 50, "n_test_waves": 20}

QUICK = DalePreset(
    name="quick",
    n_units=64,
    n_simulations=3,
    max_grad_norm=1.0,
    learning_rate=2e-3,
    budgets={
        "flip-flop": Budget(2000, 500, 20, 100, 2),
        "wave": Budget(400, 100, 30, 20, 2, {**_HELD_OUT, "n_steps": 100, "n_waves": 20}),
        "digits": Budget(1200, 597, 60, 100, 4),
        "mnist": Budget(2000, 1000, 10, 100, 1),
    },
)

PAPER = DalePreset(
    name="paper",
    n_units=128,
    n_simulations=5,
    inits=("paper",),
    rectify_all=False,
    momentum="kept",
    recurrent_bias="double",
    budgets={
        "flip-flop": Budget(6000, 1000, 100, 200, 5),
        "wave": Budget(1000, 1000, 25, 100, 1, _AS_PUBLISHED),
        "digits": Budget(1200, 597, 50, 200, 2),
        "mnist": Budget(60000, 10000, 50, 200, 2),
    },
)

FAIR = DalePreset(
    name="fair",
    n_units=128,
    n_simulations=10,
    max_grad_norm=1.0,
    budgets={
        "flip-flop": Budget(6000, 1000, 30, 200, 2),
        "wave": Budget(1000, 200, 15, 25, 1, _HELD_OUT),
        "digits": Budget(1200, 597, 150, 100, 10),
        "mnist": Budget(60000, 10000, 10, 200, 1),
    },
)

#: The presets of the study of Dale's law by name: `quick`, `paper`, `fair`.
PRESETS = {preset.name: preset for preset in (QUICK, PAPER, FAIR)}
