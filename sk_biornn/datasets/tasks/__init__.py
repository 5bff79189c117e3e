"""Tasks to train networks on: trials that are drawn, and images that are read row by row."""

from __future__ import annotations

from sk_biornn.datasets.tasks._delayed_match_to_sample import make_delayed_match_to_sample
from sk_biornn.datasets.tasks._digits import load_sequential_digits
from sk_biornn.datasets.tasks._flip_flop import make_flip_flop
from sk_biornn.datasets.tasks._go_nogo import make_go_nogo
from sk_biornn.datasets.tasks._mnist import fetch_sequential_mnist
from sk_biornn.datasets.tasks._one_choice_inference import make_one_choice_inference
from sk_biornn.datasets.tasks._perceptual_decision_making import make_perceptual_decision_making
from sk_biornn.datasets.tasks._wave_reconstruction import make_wave_reconstruction

__all__ = [
    "fetch_sequential_mnist",
    "load_sequential_digits",
    "make_delayed_match_to_sample",
    "make_flip_flop",
    "make_go_nogo",
    "make_one_choice_inference",
    "make_perceptual_decision_making",
    "make_wave_reconstruction",
]
