"""How large and how long: the settings under which the arms are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
    >>> Budget(n_train=100, n_test=50, max_iter=10, batch_size=20, evaluate_every=5).data
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

PRESETS = {preset.name: preset for preset in (QUICK, PAPER, FAIR)}
