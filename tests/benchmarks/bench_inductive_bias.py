"""The study of inductive biases at its published size: one simulation of the maze, n = 312.

Eleven networks of 312 units, 10 epochs of 5120 mazes each, with the four network metrics. Printed
are the seconds of training and of the metrics per variant, training in multiples of its bare matrix
products (timed in the same process), and the whole on two workers. The published notebook, measured
on a machine with two cores: 28-40 s of training and about 90 s of metrics per network.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np
import torch

from sk_biornn.studies import INDUCTIVE_BIAS_PRESETS, VARIANTS, run_inductive_bias_study
from sk_biornn.studies._repeatable import one_thread
from sk_biornn.studies.inductive_bias.job import graph_metrics
from sk_biornn.studies.inductive_bias.network import Source, field_of, make_network, make_parts

TASK = "one-choice-inference"
SETTINGS = dataclasses.replace(INDUCTIVE_BIAS_PRESETS["paper"], simulations=1, tasks=(TASK,))
N_STEPS, N_UNITS = 50, 312


def products(n_batches: int) -> float:
    """Seconds of the three recurrent matrix products of each step, for so many batches."""
    W = torch.randn(N_UNITS, N_UNITS)
    h = torch.randn(SETTINGS.batch_size, N_UNITS)
    started = time.perf_counter()
    for _ in range(n_batches * N_STEPS):
        h @ W.T, h @ W, h.T @ h
    return time.perf_counter() - started


def main() -> None:
    """Time the variants one by one on one thread, then the whole study on two workers."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    field = field_of(SETTINGS, 0, Source())
    counts = (SETTINGS.n_train, SETTINGS.n_validation, SETTINGS.n_test)
    train = make_parts(TASK, counts, 0)["train"]
    n_batches = SETTINGS.n_train // SETTINGS.batch_size
    print(f"{'variant':8s} {'s / epoch':>10s} {'x products':>11s} {'s metrics':>10s}")
    with one_thread():
        for variant in VARIANTS:
            network = make_network(variant, SETTINGS, field, 0.3, 0, 0).set_params(max_iter=2)
            bound = np.median([products(n_batches) for _ in range(3)])
            started = time.perf_counter()
            network.fit(*train)
            seconds = (time.perf_counter() - started) / 2
            started = time.perf_counter()
            graph_metrics(network.W_rec_, SETTINGS)
            metrics = time.perf_counter() - started
            name = variant.name
            print(f"{name:8s} {seconds:10.2f} {seconds / bound:11.2f} {metrics:10.2f}")
    started = time.perf_counter()
    run_inductive_bias_study(SETTINGS, n_jobs=2)
    print(
        f"whole study, one simulation of one task, 2 workers: {time.perf_counter() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
