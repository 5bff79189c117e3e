"""Initial weights: spectral ones that obey Dale's law, classical ones, ones from activity."""

from __future__ import annotations

from sk_biornn.initializers._bio_weights import BioWeightInitializer
from sk_biornn.initializers._connectome import ConnectomeInitializer
from sk_biornn.initializers._feedforward import biases, input_weights, readout_weights
from sk_biornn.initializers._functional import FunctionalConnectivity
from sk_biornn.initializers._resolve import ConditioningWarning, recurrent_weights
from sk_biornn.initializers._spectral import dale_spectral_weights
from sk_biornn.initializers._zeros import lift_zeros

__all__ = [
    "BioWeightInitializer",
    "ConditioningWarning",
    "ConnectomeInitializer",
    "FunctionalConnectivity",
    "biases",
    "dale_spectral_weights",
    "input_weights",
    "lift_zeros",
    "readout_weights",
    "recurrent_weights",
]
