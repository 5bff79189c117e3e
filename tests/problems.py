"""The cases that many tests share: every law, penalty, pruner, transfer function and estimator.

They are read off the tables of the package, so that what is added there is tested everywhere; the
variants beside them are those that a name alone does not reach.
"""

from __future__ import annotations

import numpy as np
import torch

import sk_biornn
from sk_biornn.biology import (
    CommunicabilityCost,
    CommunicabilityEMD,
    Dale,
    FixedMask,
    RandomPruning,
    RateCost,
    SilentUnitCost,
    TopProbPruning,
    WeightCost,
    WiringCost,
)
from sk_biornn.biology.constraints import LAWS, WAYS
from sk_biornn.biology.pruning import PRUNERS as NAMED_PRUNERS
from sk_biornn.biology.regularizers import PENALTIES as NAMED_PENALTIES
from sk_biornn.core.activations import ACTIVATIONS as NAMED_ACTIVATIONS
from sk_biornn.datasets import make_flip_flop

# The ways of Dale's law; what `dale` may name; and that, or no law at all.
DALE_METHODS = [*WAYS]
LAW_NAMES = [*LAWS]
LAWS_OR_NONE = [*LAWS, None]

CONSTRAINTS = {
    **{name: word.make() for name, word in LAWS.items()},
    "in pace": Dale("exponentiated", scale=0.02),
    "mask": FixedMask(),
}

PENALTY_NAMES = [*NAMED_PENALTIES]
PENALTIES = {
    **{name: word.make() for name, word in NAMED_PENALTIES.items()},
    "weight, dear": WeightCost(0.7),
    "spatial, squared": WiringCost(0.7, 2.0),
    "communicability, powers": CommunicabilityCost(0.7, 0.5, 2.0),
    "communicability_emd, dear": CommunicabilityEMD(0.7, 0.4, 1.0),
    "rate, linear": RateCost(0.7, power=1.0),
    "rate, cubic": RateCost(0.7, power=3.0),
    "silent_units, high floor": SilentUnitCost(0.7, floor=1.5),
}

PRUNER_NAMES = [*NAMED_PRUNERS]
PRUNERS = {
    **{name: word.make() for name, word in NAMED_PRUNERS.items()},
    "top-prob, fixed": TopProbPruning(fixed_count=True),
    "cell types": TopProbPruning(legacy="cell-types"),
    "figure 3": TopProbPruning(legacy="figure3"),
    "random, fixed": RandomPruning(fixed_count=True),
    "random, figure 3": RandomPruning(legacy="figure3"),
}

ACTIVATIONS = [*NAMED_ACTIVATIONS]
# Functions of tensors as one would write them down, and the same of arrays.
PLAIN = {name: row.plain for name, row in NAMED_ACTIVATIONS.items()}
PLAIN_OF_ARRAYS = {
    name: lambda p, f=f: f(torch.from_numpy(np.ascontiguousarray(p))).numpy()
    for name, f in PLAIN.items()
}

ESTIMATORS = [getattr(sk_biornn, name) for name in sk_biornn.__all__ if "RNN" in name]

# Names of initial weights that every estimator takes.
INITIAL_WEIGHTS = [
    "dale_orthogonal", "dale_gaussian", "balanced", "uniform", "orthogonal",
    "glorot_normal", "he_normal", "he_uniform",
]  # fmt: skip


def flip_flops(n_trials):
    """Trials, targets at every step, labels per trial, and targets of every kind by estimator."""
    X, Y = (
        array.astype(np.float64) for array in make_flip_flop(n_trials, n_steps=8, random_state=0)
    )
    labels = np.where(Y[:, -1, 0] > 0, "up", "down")
    per_step = np.repeat(labels[:, None], 8, axis=1)
    families = {
        sk_biornn.DaleRNNRegressor: Y,
        sk_biornn.SpatialRNNRegressor: Y,
        sk_biornn.CellTypeRNNRegressor: Y,
        sk_biornn.DaleRNNClassifier: labels,
        sk_biornn.SpatialRNNClassifier: labels,
        sk_biornn.CellTypeRNNClassifier: per_step,
    }
    return X, Y, labels, families


def signs_under(law, signs):
    """Return the signs that the columns obey, given those of the units; `law` is a name or None."""
    if law is None:
        return np.zeros_like(signs)
    in_force = getattr(LAWS[law].make(), "signs_in_force", None)
    return signs if in_force is None else in_force(signs)


# Laws under which there is no inhibitory unit.
EXCITATORY_LAWS = [law for law in LAW_NAMES if (signs_under(law, -np.ones(1)) > 0).any()]
