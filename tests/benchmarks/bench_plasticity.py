"""What it costs to learn gains of a given wiring, beside a network whose wiring does not learn.

    python tests/benchmarks/bench_plasticity.py     # a minute

Two networks, 1e5 synapses and 20 types each: 316 units with all synapses, as a matrix, and 2000
units stored as their synapses. A step is that of 64 trials of 20 steps in float32. What is compared
takes turns in one process, on one thread, and a time is the processor's, of an epoch of steps that
a fit is the longer for; the ratio is the median over rounds, with the quartiles.

The gradient of gains is that of every weight, summed by pairs of types: one product more than the
two of a step that learns none. Sums by presynaptic unit and postsynaptic type, formed while errors
are sent back, would give it without that product, but there are nearly as many of them as synapses
(36,591 of 1e5 here), and writing and reading them takes several times as long.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import scipy.sparse as sp
import torch

from sk_biornn import DaleRNNRegressor
from sk_biornn.initializers import ConditioningWarning

KINDS = ("none", "type_gains", "unit_gains", "synapses")
N_TYPES, BATCH, N_STEPS, N_FEATURES = 20, 64, 20, 4
SHORT, LONG = 1, 4  # epochs
BATCHES = 5


def network(kind, n_units, n_synapses, epochs):
    """Return a network of given wiring, of which so much learns."""
    rng = np.random.default_rng(0)
    is_stored = n_synapses < n_units**2
    there = np.ones((n_units, n_units), dtype=bool)
    if is_stored:
        there = sp.random_array((n_units, n_units), density=n_synapses / n_units**2, rng=0) != 0
    signs = np.where(np.arange(n_units) < 0.8 * n_units, 1.0, -1.0)
    post, pre = there.nonzero()
    counts = 1.0 + rng.poisson(3.0, len(post))
    W0 = sp.csr_array((counts * signs[pre], (post, pre)), shape=there.shape)
    return DaleRNNRegressor(
        n_units=n_units,
        mask=W0 != 0 if is_stored else None,
        sparse=is_stored,
        signs=signs,
        recurrent_init=W0 if is_stored else W0.toarray(),
        spectral_radius=0.9,
        plasticity=kind,
        blocks=rng.integers(0, N_TYPES, n_units) if kind == "type_gains" else None,
        max_iter=epochs,
        batch_size=BATCH,
        random_state=0,
    )


def seconds(model, X, y):
    """Return the time of the processor for one fit."""
    start = time.process_time()
    model.fit(X, y)
    return time.process_time() - start


def measure(n_units, n_synapses, rounds):
    """Return the seconds of a step of every kind, round by round."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((BATCH * BATCHES, N_STEPS, N_FEATURES)).astype(np.float32)
    y = (np.cumsum(X, axis=1) / np.arange(1, N_STEPS + 1)[:, None])[:, :, :2].astype(np.float32)
    steps = (LONG - SHORT) * BATCHES
    found = {kind: [] for kind in KINDS}
    models = {
        kind: [network(kind, n_units, n_synapses, n) for n in (SHORT, LONG)] for kind in KINDS
    }
    for _ in range(rounds + 1):
        for kind, (short, long) in models.items():
            found[kind].append((seconds(long, X, y) - seconds(short, X, y)) / steps)
    return {kind: np.array(times[1:]) for kind, times in found.items()}  # the first one warms up


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConditioningWarning)  # counts are what they are
    print(f"{'network':<24} {'learns':<12} {'ms a step':>9}  {'of none':>7}  quartiles")
    for name, size in (("316 units, matrix", (316, 316**2)), ("2000 units, stored", (2000, 10**5))):
        times = measure(*size, rounds)
        for kind, own in times.items():
            ratios = own / times["none"]
            low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
            print(
                f"{name:<24} {kind:<12} {1e3 * np.median(own):9.2f}  {middle:7.2f}  "
                f"{low:.2f} to {high:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
