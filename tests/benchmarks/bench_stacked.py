"""Networks that learn side by side against the same networks one after another, and by joblib.

    python tests/benchmarks/bench_stacked.py [--jobs 2] [--rounds 3] [--steps 50] [--all]

Each contestant fits M networks of N units with batches of B trials; the table shows how many times
faster than one after another (`fit` in a loop) a stack is, and the rule of strategy="auto", and
with several jobs how much faster than joblib alone. Contestants take turns in random order.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone

from sk_biornn import DaleRNNRegressor
from sk_biornn.core import processor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import fit_many

UNITS, NETWORKS, TRIALS = (16, 32, 64, 128, 312), (8, 32), (32, 200)
LEAST_GAIN, MOST_LOSS = 1.5, 1.05  # for N <= 64; of "auto" against joblib


def fit_alone(network, X, y):
    return network.fit(X, y)


def contestants(prototype, n_networks, X, y, n_jobs):
    def networks():
        return [clone(prototype).set_params(random_state=k) for k in range(n_networks)]

    def by_joblib():
        Parallel(n_jobs=n_jobs)(delayed(fit_alone)(network, X, y) for network in networks())

    found = {
        "loop": lambda: [fit_alone(network, X, y) for network in networks()],
        "stacked": lambda: fit_many(networks(), X, y, strategy="stacked", n_jobs=n_jobs),
        "auto": lambda: fit_many(networks(), X, y, n_jobs=n_jobs),
    }
    return found if n_jobs == 1 else {**found, "joblib": by_joblib}


def compare(n_units, n_networks, n_trials, arguments):
    X, y = make_flip_flop(2 * n_trials, n_steps=arguments.steps, random_state=0)
    prototype = DaleRNNRegressor(n_units=n_units, max_iter=6, batch_size=n_trials)
    calls = contestants(prototype, n_networks, X, y, arguments.jobs)
    seconds = {name: [] for name in calls}
    for round_ in range(-1, arguments.rounds):
        for name in random.sample(list(calls), len(calls)):
            start = time.perf_counter()
            calls[name]()
            if round_ >= 0:
                seconds[name].append(time.perf_counter() - start)
    best = {name: np.median(times) for name, times in seconds.items()}
    gains = "  ".join(f"{best['loop'] / best[name]:7.2f}" for name in calls if name != "loop")
    against = "" if arguments.jobs == 1 else f"   {best['auto'] / best['joblib']:5.2f}"
    per_step = 1e3 * best["loop"] / (n_networks * 12)
    print(
        f"{n_units:5d} {n_networks:4d} {n_trials:4d}   {per_step:8.2f}   {gains}{against}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="as `make bench` passes it: jobs")
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--all", action="store_true", help="also 32 networks of 312 units")
    arguments = parser.parse_args()
    arguments.jobs = arguments.threads if arguments.jobs is None else arguments.jobs
    print(f"{processor.vendor()}, {arguments.jobs} job(s); gain over a loop of fits")
    titles = "  ".join(f"{t:>7}" for t in ("stacked", "auto", *["joblib"] * (arguments.jobs > 1)))
    print(f"units nets batch   ms/step   {titles}" + "   auto / joblib" * (arguments.jobs > 1))
    for n_units in UNITS:
        for n_networks in NETWORKS:
            for n_trials in TRIALS:
                if n_units < 312 or n_networks == 8 or arguments.all:
                    compare(n_units, n_networks, n_trials, arguments)
    print(f"Aims: >= {LEAST_GAIN} for N <= 64 (one job); auto / joblib <= {MOST_LOSS}.")


if __name__ == "__main__":
    main()
