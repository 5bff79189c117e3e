"""Networks that are stored as their synapses: time, memory and growth, against dense ones.

    python tests/benchmarks/bench_sparse.py            # up to 32,000 units, a minute
    python tests/benchmarks/bench_sparse.py --large    # a fly's brain, minutes and up to 16 GiB
    python tests/benchmarks/bench_sparse.py --density  # where dense networks are as fast: minutes
    python tests/benchmarks/bench_sparse.py --products # of which parts a step consists, in seconds

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
from functools import partial

import numpy as np
import scipy.sparse as sp

FLY_TABLE, FLY_BRAIN, FLY_SYNAPSES = 19_178, 139_255, 2_700_000
PER_UNIT = 20  # synapses, where the number of units grows
STEPS = 5  # in an epoch, at whose end the network is shown
N_FEATURES = 4
SIZE = (5000, 250_000, 64, 20, 4)  # units, synapses, trials, steps, epochs
SIZES, DENSITIES = (512, 1024, 4096), (0.01, 0.02, 0.07, 0.16, 0.24)


def task(n_trials, n_steps, seed=0):
    """Return inputs, and the running mean of each that is to be reported."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_trials, n_steps, N_FEATURES)).astype(np.float32)
    y = np.cumsum(X, axis=1) / np.arange(1, n_steps + 1)[:, None]
    return X, y[:, :, :2].astype(np.float32)


def measure(kind, n_units, n_synapses, batch, n_steps, n_epochs, dtype="float32"):
    """Fit for some epochs; return seconds per step of training, losses and bytes."""
    import torch

    from sk_biornn import DaleRNNRegressor
    from sk_biornn.datasets import make_brain_wiring

    torch.set_num_threads(1)
    if kind == "even":
        density = n_synapses / n_units**2
        mask = synapses = sp.random_array((n_units, n_units), density=density, rng=0) != 0
    else:
        mask = make_brain_wiring(n_units, mean_degree=n_synapses / n_units, random_state=0)
        synapses = mask.weights
    is_stored = kind in ("stored", "even")
    X, y = (array.astype(dtype) for array in task(batch * STEPS, n_steps))
    stamps = []
    network = DaleRNNRegressor(
        n_units=n_units,
        mask=None if kind == "full" else mask,
        sparse=is_stored,
        recurrent_init="dale_orthogonal" if is_stored else "uniform",
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
        "n_synapses": n_units**2 if kind == "full" else int(synapses.nnz),
        "dtype": str(network.W_rec_.dtype),
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


def densities():
    """Print how many times faster than a dense step one on evenly drawn synapses is."""
    print(f"units  {'  '.join(f'{density:5.2f}' for density in DENSITIES)}   times faster")
    for n_units in SIZES:
        dense = alone("full", n_units, PER_UNIT * n_units, 64, 20, 5)["seconds"]
        print(f"{n_units:5d}", end="")
        for density in DENSITIES:
            stored = alone("even", n_units, density * n_units**2, 64, 20, 5)["seconds"]
            print(f"  {dense / stored:5.1f}", end="", flush=True)
        print()


def products(step):
    """Time the products of 5000 units at 1 %, and say what they make of a step of `step` s."""
    import torch

    from sk_biornn.core.products import multiply_into
    from sk_biornn.core.sparse import Support
    from sk_biornn.core.synapse_products import _summing_rows, add_sampled

    torch.set_num_threads(1)
    n_units, n_synapses, batch, *_ = SIZE
    rng = np.random.default_rng(0)
    places = np.sort(rng.choice(n_units**2, n_synapses, replace=False))
    starts = np.searchsorted(places, n_units * np.arange(n_units + 1))
    rows, columns = (torch.from_numpy(array) for array in (starts, places % n_units))
    support = Support.of_rows(rows, columns, (n_units, n_units))
    found = {}
    for dtype in (torch.float32, torch.float64):
        values = torch.randn(n_synapses, dtype=dtype)
        x, error = torch.randn(2, n_units, batch, dtype=dtype)
        matrix, compressed = support.matrix(values), support.compressed(values)
        rows_of_x, out = x.mT.contiguous(), torch.empty(batch, n_units, dtype=dtype)
        summing = _summing_rows(support.columns, support.rows, values)
        found[str(dtype).removeprefix("torch.")] = {
            "FBGEMM": _least(partial(summing, x)),
            "MKL": _least(partial(torch.matmul, compressed, x)),
            "dense": _least(partial(multiply_into, out, rows_of_x, matrix.mT)),
            "gradient": _least(partial(add_sampled, support, values.clone(), error, x)),
        }
    for name, times in found.items():
        print(name, *(f"{product} {1e3 * t:.2f} ms" for product, t in times.items()), sep="   ")
    times, share = found["float32"], n_synapses / n_units**2
    print(
        f"arithmetic of MKL per time against dense: {share * times['dense'] / times['MKL']:.2f}; "
        f"share of the gradient of synapses in a step of {1e3 * step:.1f} ms: "
        f"{(SIZE[3] - 1) * times['gradient'] / step:.2f}"
    )


def _least(call):
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def precisions():
    """Compare a stored step in both precisions, and print of what the one in float32 consists."""
    single, double = (alone("stored", *SIZE, dtype) for dtype in ("float32", "float64"))
    line(f"5000 units at 1 %, stored, {single['dtype']}", single)
    line(f"  the same, {double['dtype']}", double)
    print(f"float64 takes {double['seconds'] / single['seconds']:.1f} times as long")
    products(single["seconds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="also the sizes of a fly's brain")
    parser.add_argument("--density", action="store_true", help="only: the gain by density")
    parser.add_argument("--products", action="store_true", help="only: precisions and products")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(*json.loads(arguments.one))))
        return
    if arguments.density or arguments.products:
        if arguments.density:
            densities()
        if arguments.products:
            precisions()
        return
    stored, matrix, full = (alone(kind, *SIZE) for kind in ("stored", "matrix", "full"))
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
