"""Tasks, synthetic circuits and data: `make_*` generates, `load_*` reads, `fetch_*` downloads."""

from __future__ import annotations

from sk_biornn.datasets._connection_probabilities import (
    load_connection_probabilities,
    read_connection_probabilities,
)
from sk_biornn.datasets._curation import (
    average_samples,
    one_step_ahead,
    population_samples,
    smooth,
)
from sk_biornn.datasets._digits import load_sequential_digits
from sk_biornn.datasets._flip_flop import make_flip_flop
from sk_biornn.datasets._functional_connectome import make_functional_connectome
from sk_biornn.datasets._go_nogo import make_go_nogo
from sk_biornn.datasets._microns import load_microns
from sk_biornn.datasets._microns_archive import fetch_microns
from sk_biornn.datasets._microns_fields import microns_fields
from sk_biornn.datasets._mnist import fetch_sequential_mnist
from sk_biornn.datasets._nwb import load_nwb_populations
from sk_biornn.datasets._one_choice_inference import make_one_choice_inference
from sk_biornn.datasets._perceptual_decision_making import make_perceptual_decision_making
from sk_biornn.datasets._population_arrays import load_population_arrays
from sk_biornn.datasets._population_traces import make_population_rows, make_population_traces
from sk_biornn.datasets._split_trials import split_trials
from sk_biornn.datasets._wave_reconstruction import make_wave_reconstruction

__all__ = [
    "average_samples",
    "fetch_microns",
    "fetch_sequential_mnist",
    "load_connection_probabilities",
    "load_microns",
    "load_nwb_populations",
    "load_population_arrays",
    "load_sequential_digits",
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
