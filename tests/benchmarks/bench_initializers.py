"""Initial matrices under Dale's law: how flat their spectrum is, and what that costs.

    python tests/benchmarks/bench_initializers.py [--units 128 512 1440] [--repeats 3]

Costs are ratios to one matrix product and to one singular value decomposition of the same size,
timed in turns in one process on one thread; the textbook projection needs a decomposition per
iteration.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from threadpoolctl import threadpool_limits

from sk_biornn.biology.prior import column_signs, synapse_mask
from sk_biornn.initializers import dale_spectral_weights, recurrent_weights
from sk_biornn.metrics import dale_violations, spectral_radius, svd_entropy

FLAT_ENOUGH, SECONDS = 0.99, 20.0  # entropy at 1440 units, and the time it may take


def draw(name, signs, mask, seed):
    if name == "flat spectrum":
        return dale_spectral_weights(signs, mask, random_state=seed)
    if name == "gaussian spectrum":
        return dale_spectral_weights(signs, mask, spectrum="gaussian", random_state=seed)
    return recurrent_weights(name, signs=signs, mask=mask, rng=np.random.default_rng(seed))


def timed(function, *arguments):
    start = time.thread_time()
    result = function(*arguments)
    return time.thread_time() - start, result


def describe(W, signs):
    sigma = np.linalg.svd(W, compute_uv=False)
    violations = np.count_nonzero(W * signs < 0)
    assert violations == 0 == dale_violations(W, signs)
    return (
        f"{svd_entropy(W):10.3f}{sigma[0] / sigma[1]:10.2f}{spectral_radius(W):10.2f}"
        f"{np.mean(W != 0):10.2f}"
    )


def compare(n_units, names, n_repeats):
    signs, mask = column_signs(n_units), synapse_mask(n_units)
    times = {name: [] for name in (*names, "product", "decomposition")}
    weights = {}
    for seed in range(n_repeats):
        square = np.random.default_rng(seed).standard_normal((n_units, n_units), dtype=np.float32)
        for name in names:
            seconds, weights[name] = timed(draw, name, signs, mask, seed)
            times[name].append(seconds)
        times["product"].append(min(timed(np.matmul, square, square)[0] for _ in range(3)))
        times["decomposition"].append(timed(np.linalg.svd, square)[0])
    median = {name: np.median(values) for name, values in times.items()}
    for name in names:
        print(
            f"{n_units:6}  {name:18}{describe(weights[name], signs)}{median[name]:10.3f}"
            f"{median[name] / median['product']:10.0f}"
            f"{median[name] / median['decomposition']:10.1f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[128, 512, 1440])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    columns = ("entropy", "sigma1/2", "radius", "density", "seconds", "products", "SVDs")
    print(" units  initial matrix    " + "".join(f"{name:>10}" for name in columns))
    for n_units in arguments.units:
        names = ["uniform", "balanced", "flat spectrum"]
        if n_units <= 512:  # an eigendecomposition per iteration
            names.append("gaussian spectrum")
        # One thread for all, as the initialisers use one: their bits do not depend on the machine.
        with threadpool_limits(limits=1):
            compare(n_units, names, arguments.repeats if n_units <= 512 else 1)
    print(f"Aim at 1440 units: entropy >= {FLAT_ENOUGH} in less than {SECONDS:g} s.")


if __name__ == "__main__":
    main()
