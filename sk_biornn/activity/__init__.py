"""What recorded neurons do together: functions of traces, spike times and spike counts.

A recording is (n_steps, n_neurons); several recordings, a list or trials (n_trials, n_steps,
n_neurons), are pooled. All functions return a symmetric matrix (n_neurons, n_neurons) without NaN.
`sk_biornn.initializers.FunctionalConnectivity` offers them as a transformer.
"""

from __future__ import annotations

from sk_biornn.activity._correlation import correlation, partial_correlation, precision
from sk_biornn.activity._tiling import spike_count_tiling, spike_time_tiling

__all__ = [
    "correlation",
    "partial_correlation",
    "precision",
    "spike_count_tiling",
    "spike_time_tiling",
]
