"""Networks that learn side by side against the same networks one after another, and by joblib.

    python tests/benchmarks/bench_stacked.py [--jobs 2] [--rounds 3] [--steps 50] [--all]

Each contestant fits M networks of N units with batches of B trials; the table shows how many times
faster than one after another (`fit` in a loop) a stack is, and the rule of strategy="auto", and
with several jobs how much faster than joblib alone. Contestants take turns in random order. Beside
trials of one length without noise: trials that end early (of every length from a fifth of
the longest on, and of a skewed distribution), and noise on inputs and units.
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


def lengths_of(kind, n_trials, n_steps):
    rng = np.random.default_rng(0)
    if kind == "uneven":
        return rng.integers(n_steps // 5, n_steps + 1, n_trials)
    logarithms = rng.normal(np.log(n_steps / 6), 0.7, n_trials)
    return np.exp(logarithms).astype(int).clip(1, n_steps)


def compare(n_units, n_networks, n_trials, arguments, kind=""):
    X, y = make_flip_flop(2 * n_trials, n_steps=arguments.steps, random_state=0)
    noise = {"noise_level": 0.1, "recurrent_noise": 0.1} if "noise" in kind else {}
    if kind.startswith(("uneven", "skewed")):
        lengths = lengths_of(kind.split()[0], len(X), arguments.steps)
        X, y = ([row[:n] for row, n in zip(a, lengths, strict=True)] for a in (X, y))
    prototype = DaleRNNRegressor(n_units=n_units, max_iter=6, batch_size=n_trials, **noise)
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
        f"{n_units:5d} {n_networks:4d} {n_trials:4d}   {per_step:8.2f}   {gains}{against}   {kind}",
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
    for kind in ("uneven", "skewed", "noise", "uneven noise"):
        for n_units in (16, 64):
            compare(n_units, 8, 32, arguments, kind)
    print(f"Aims: >= {LEAST_GAIN} for N <= 64 (one job); auto / joblib <= {MOST_LOSS}.")


if __name__ == "__main__":
    main()
