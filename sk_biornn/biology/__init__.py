"""What is known of a circuit, and what follows for its weights."""

from __future__ import annotations

from sk_biornn._strategy import Strategy
from sk_biornn.biology._inclusion import keep_probabilities, systematic_sample
from sk_biornn.biology.activity_costs import (
    RateCost,
    SilentUnitCost,
    mean_over_trials,
    mean_rates,
)
from sk_biornn.biology.communicability import communicability
from sk_biornn.biology.connections import (
    BALWANI2025_BETWEEN_AREAS,
    BetweenAreas,
    BlockProbabilities,
    block_probabilities,
    draw_synapses,
)
from sk_biornn.biology.constraints import Constraint, Dale, FixedMask, NonNegative
from sk_biornn.biology.populations import (
    block_labels,
    check_populations,
    cortical_populations,
    excitatory_inhibitory_populations,
    unit_index,
    unit_labels,
    unit_ranges,
    unit_signs,
    unit_tau,
)
from sk_biornn.biology.pruning import (
    MagnitudePruning,
    Pruner,
    RandomPruning,
    TopProbPruning,
)
from sk_biornn.biology.regularizers import (
    CommunicabilityCost,
    CommunicabilityEMD,
    Facts,
    Regularizer,
    WeightCost,
    WiringCost,
)
from sk_biornn.units.positions import unit_positions

__all__ = [
    "BALWANI2025_BETWEEN_AREAS",
    "BetweenAreas",
    "BlockProbabilities",
    "CommunicabilityCost",
    "CommunicabilityEMD",
    "Constraint",
    "Dale",
    "Facts",
    "FixedMask",
    "MagnitudePruning",
    "NonNegative",
    "Pruner",
    "RandomPruning",
    "RateCost",
    "Regularizer",
    "SilentUnitCost",
    "Strategy",
    "TopProbPruning",
    "WeightCost",
    "WiringCost",
    "block_labels",
    "block_probabilities",
    "check_populations",
    "communicability",
    "cortical_populations",
    "draw_synapses",
    "excitatory_inhibitory_populations",
    "keep_probabilities",
    "mean_over_trials",
    "mean_rates",
    "systematic_sample",
    "unit_index",
    "unit_labels",
    "unit_positions",
    "unit_ranges",
    "unit_signs",
    "unit_tau",
]
