"""Tasks, circuits and data: `make_*` generates, `load_*` and `read_*` read, `fetch_*` downloads.

`cut_trials` makes trials of a recording.
"""

from __future__ import annotations

from sk_biornn.datasets.connectomes import read_connectome
from sk_biornn.datasets.microns import (
    fetch_microns,
    load_microns,
    make_functional_connectome,
    microns_fields,
)
from sk_biornn.datasets.nwb import Traces, load_nwb_populations, load_nwb_traces
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
from sk_biornn.datasets.recordings import Trials, cut_trials, from_neurogym, load_suite2p
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
from sk_biornn.datasets.wirings import make_brain_wiring, rewire_connectome, sample_connectome

__all__ = [
    "Traces",
    "Trials",
    "average_samples",
    "cut_trials",
    "fetch_microns",
    "fetch_sequential_mnist",
    "from_neurogym",
    "load_connection_probabilities",
    "load_microns",
    "load_nwb_populations",
    "load_nwb_traces",
    "load_population_arrays",
    "load_sequential_digits",
    "load_suite2p",
    "make_brain_wiring",
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
    "read_connectome",
    "rewire_connectome",
    "sample_connectome",
    "smooth",
    "split_trials",
]
