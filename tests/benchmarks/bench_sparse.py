"""Networks that are stored as their synapses: time, memory and growth, against dense ones.

    python tests/benchmarks/bench_sparse.py            # up to 32,000 units, a minute
    python tests/benchmarks/bench_sparse.py --large    # a fly's brain, minutes and up to 16 GiB

Every line is measured in a process of its own, on one thread; times are those of a step, the least
of several epochs of five, and a ratio is of two such lines in one run. Memory is the largest that
the process ever held, torch and the wiring included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

FLY_TABLE, FLY_BRAIN, FLY_SYNAPSES = 19_178, 139_255, 2_700_000
PER_UNIT = 20  # synapses, where the number of units grows
STEPS = 5  # in an epoch, at whose end the network is shown
N_FEATURES = 4


def task(n_trials, n_steps, seed=0):
    """Return inputs, and the running mean of each that is to be reported."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_trials, n_steps, N_FEATURES)).astype(np.float32)
    y = np.cumsum(X, axis=1) / np.arange(1, n_steps + 1)[:, None]
    return X, y[:, :, :2].astype(np.float32)


def measure(kind, n_units, n_synapses, batch, n_steps, n_epochs):
    """Fit for some epochs; return seconds per step of training, losses and bytes."""
    import torch

    from sk_biornn import DaleRNNRegressor
    from sk_biornn.datasets import make_brain_wiring

    torch.set_num_threads(1)
    mask = make_brain_wiring(n_units, mean_degree=n_synapses / n_units, random_state=0)
    X, y = task(batch * STEPS, n_steps)
    stamps = []
    network = DaleRNNRegressor(
        n_units=n_units,
        mask={"stored": mask, "matrix": mask, "full": None}[kind],
        sparse=kind == "stored",
        recurrent_init="dale_orthogonal" if kind == "stored" else "uniform",
        feedforward_init="uniform",
        learning_rate_init=1e-3,
        max_iter=n_epochs,
        batch_size=batch,
        random_state=0,
        on_epoch=lambda _: stamps.append(time.perf_counter()),
    ).fit(X, y)
    moments = network._state.moments["w_rec"].values()
    held = [network.W_rec_, *(m for m in moments if m.ndim)]
    return {
        "n_synapses": int(mask.weights.nnz),
        "seconds": float(np.diff(stamps).min() / STEPS),
        "median": float(np.median(np.diff(stamps)) / STEPS),
        "first_loss": network.loss_curve_[0],
        "last_loss": network.loss_curve_[-1],
        "bytes": int(sum(map(_bytes, held))),
        "peak": _peak(),
    }


def _bytes(array):
    if hasattr(array, "indptr"):
        return array.data.nbytes + array.indices.nbytes + array.indptr.nbytes
    return array.nbytes


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def alone(*arguments):
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--one", json.dumps(arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def line(name, found):
    print(
        f"{name:40} {found['n_synapses']:>9} synapses  {1e3 * found['seconds']:9.1f} ms a step "
        f"(median {1e3 * found['median']:.1f})  weights and optimiser {found['bytes'] / 2**20:8.1f}"
        f" MiB  peak {found['peak'] / 2**30:6.2f} GiB",
        flush=True,
    )


def growth(sizes):
    seconds = []
    for n_units in sizes:
        found = alone("stored", n_units, PER_UNIT * n_units, 8, 10, 5)
        seconds.append(found["seconds"])
        line(f"{n_units} units, {PER_UNIT} synapses each", found)
    slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    print(f"time grows as n_units^{slope:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="also the sizes of a fly's brain")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(*json.loads(arguments.one))))
        return
    size = (5000, 250_000, 64, 20, 4)
    stored, matrix, full = (alone(kind, *size) for kind in ("stored", "matrix", "full"))
    line("5000 units at 1 %, stored", stored)
    line("  a matrix, sparse products (as before)", matrix)
    line("  a matrix, dense products", full)
    print(
        f"stored against dense: {full['seconds'] / stored['seconds']:.1f} x faster, 1/"
        f"{full['bytes'] / stored['bytes']:.0f} of the memory; against a matrix with sparse "
        f"products {matrix['seconds'] / stored['seconds']:.1f} x"
    )
    growth([2000, 4000, 8000, 16000, 32000] + ([64000, 128000] if arguments.large else []))
    if arguments.large:
        found = alone("stored", FLY_TABLE, int(0.002 * FLY_TABLE**2), 32, 20, 200 // STEPS)
        line("19,178 units at 0.2 %, 200 steps", found)
        print(f"  loss {found['first_loss']:.4f} to {found['last_loss']:.4f}")
        line("139,255 units", alone("stored", FLY_BRAIN, FLY_SYNAPSES, 8, 10, 3))


if __name__ == "__main__":
    main()
