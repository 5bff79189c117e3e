"""All penalties by name: on weights, on distance, on communicability, and on activity.

A penalty is a small frozen object with one method, ``bind(facts)``. It is given what is known of
the circuit as tensors, computes once what it can, and returns a function that autograd can
differentiate: of all weights, the rates of a batch of trials and the weights of its trials,
``(params, rates, weights) -> scalar``; or of the recurrent weights W[post, pre] alone.
"""

from __future__ import annotations

from sk_biornn._vocabulary import Vocabulary, Word
from sk_biornn.biology._prices import Facts, Penalty, Regularizer
from sk_biornn.biology._prices import (
    pairwise_distances as pairwise_distances,  # the estimators ask here for it
)
from sk_biornn.biology.activity_costs import RateCost, SilentUnitCost
from sk_biornn.biology.communicability_costs import CommunicabilityCost, CommunicabilityEMD
from sk_biornn.biology.weight_costs import WeightCost, WiringCost

__all__ = [
    "PENALTIES",
    "CommunicabilityCost",
    "CommunicabilityEMD",
    "Facts",
    "Penalty",
    "RateCost",
    "Regularizer",
    "SilentUnitCost",
    "WeightCost",
    "WiringCost",
]


# What the argument `regularizer` of the estimators may name.
PENALTIES = Vocabulary(
    Word("weight", WeightCost, "lambda sum |W|", "penalises weights"),
    Word(
        "spatial",
        WiringCost,
        "lambda sum |W| D^p",
        "penalises long connections, D the distance of two units (Achterberg et al., 2023)",
    ),
    Word(
        "communicability",
        CommunicabilityCost,
        "lambda sum |W| C^q D^p",
        "penalises long connections, the more the higher their communicability C "
        "(Achterberg et al., 2023)",
    ),
    Word(
        "communicability_emd",
        CommunicabilityEMD,
        "lambda sum |W| D^p + mu EMD(C(W), C(connectome))",
        "penalises long connections, and how far the communicability is from a connectome's "
        "(Shakiba et al., 2026)",
    ),
    Word("rate", RateCost, "lambda mean |r|^p", "penalises activity"),
    Word(
        "silent_units",
        SilentUnitCost,
        "lambda mean_i max(0, 1 - mean |r_i| / theta)",
        "penalises units that are silent",
    ),
)
