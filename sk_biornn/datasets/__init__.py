"""Tasks, synthetic circuits and data: `make_*` generates, `load_*` reads, `fetch_*` downloads."""

from __future__ import annotations

from sk_biornn.datasets.microns import (
    fetch_microns,
    load_microns,
    make_functional_connectome,
    microns_fields,
)
from sk_biornn.datasets.nwb import load_nwb_populations
from sk_biornn.datasets.populations import (
    average_samples,
    load_connection_probabilities,
    load_population_arrays,
    make_population_rows,
    make_population_traces,
    one_step_ahead,
    population_samples,
    read_connection_probabilities,
    smooth,
    split_trials,
)
from sk_biornn.datasets.tasks import (
    fetch_sequential_mnist,
    load_sequential_digits,
    make_delayed_match_to_sample,
    make_flip_flop,
    make_go_nogo,
    make_one_choice_inference,
    make_perceptual_decision_making,
    make_wave_reconstruction,
)

__all__ = [
    "average_samples",
    "fetch_microns",
    "fetch_sequential_mnist",
    "load_connection_probabilities",
    "load_microns",
    "load_nwb_populations",
    "load_population_arrays",
    "load_sequential_digits",
    "make_delayed_match_to_sample",
    "make_flip_flop",
    "make_functional_connectome",
    "make_go_nogo",
    "make_one_choice_inference",
    "make_perceptual_decision_making",
    "make_population_rows",
    "make_population_traces",
    "make_wave_reconstruction",
    "microns_fields",
    "one_step_ahead",
    "population_samples",
    "read_connection_probabilities",
    "smooth",
    "split_trials",
]
