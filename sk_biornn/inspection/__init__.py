"""What a trained network tells: who drives whom, what a part does, what pruning leaves."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sk_biornn.inspection._co_smoothing import co_smoothing_score
    from sk_biornn.inspection._compare import compare
    from sk_biornn.inspection._currents import current_decomposition
    from sk_biornn.inspection._forecasts import forecast_skill
    from sk_biornn.inspection._identifiability import identifiability
    from sk_biornn.inspection._interactions import block_density, population_interactions
    from sk_biornn.inspection._known_circuit import KnownCircuit, make_known_circuit
    from sk_biornn.inspection._recovery import recovery_benchmark
    from sk_biornn.inspection._silence import silence
    from sk_biornn.inspection._silencing_effect import silencing_effect
    from sk_biornn.inspection._skill import prediction_skill
    from sk_biornn.inspection._spanning_tree import (
        maximum_spanning_tree,
        random_tree_overlap,
        spanning_tree_overlap,
        top_prob_tree_overlap,
    )

__all__ = [
    "KnownCircuit",
    "block_density",
    "co_smoothing_score",
    "compare",
    "current_decomposition",
    "forecast_skill",
    "identifiability",
    "make_known_circuit",
    "maximum_spanning_tree",
    "population_interactions",
    "prediction_skill",
    "random_tree_overlap",
    "recovery_benchmark",
    "silence",
    "silencing_effect",
    "spanning_tree_overlap",
    "top_prob_tree_overlap",
]

_FILES = {
    "KnownCircuit": "_known_circuit",
    "block_density": "_interactions",
    "co_smoothing_score": "_co_smoothing",
    "compare": "_compare",
    "current_decomposition": "_currents",
    "forecast_skill": "_forecasts",
    "identifiability": "_identifiability",
    "make_known_circuit": "_known_circuit",
    "maximum_spanning_tree": "_spanning_tree",
    "population_interactions": "_interactions",
    "prediction_skill": "_skill",
    "random_tree_overlap": "_spanning_tree",
    "recovery_benchmark": "_recovery",
    "silence": "_silence",
    "silencing_effect": "_silencing_effect",
    "spanning_tree_overlap": "_spanning_tree",
    "top_prob_tree_overlap": "_spanning_tree",
}


def __getattr__(name: str) -> Any:
    """Import a function when it is first asked for."""
    if name in _FILES:
        return getattr(importlib.import_module(f"sk_biornn.inspection.{_FILES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
