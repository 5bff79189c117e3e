"""Activity of populations of cell types, how it becomes samples, and how they are connected."""

from __future__ import annotations

from sk_biornn.datasets.populations._arrays import load_population_arrays
from sk_biornn.datasets.populations._connection_probabilities import (
    load_connection_probabilities,
    read_connection_probabilities,
)
from sk_biornn.datasets.populations._curation import (
    average_samples,
    one_step_ahead,
    population_samples,
    smooth,
)
from sk_biornn.datasets.populations._split_trials import split_trials
from sk_biornn.datasets.populations._traces import make_population_rows, make_population_traces

__all__ = [
    "average_samples",
    "load_connection_probabilities",
    "load_population_arrays",
    "make_population_rows",
    "make_population_traces",
    "one_step_ahead",
    "population_samples",
    "read_connection_probabilities",
    "smooth",
    "split_trials",
]
