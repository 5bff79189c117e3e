"""What a dask cluster costs per run of a study, and what a second worker gains.

    python tests/benchmarks/bench_dask.py             # a minute on two cores

Workers are processes of this machine with one thread each. Runs that do nothing show the cost of
handing out, gathering and keeping a record; runs of a tenth of a second, what two workers gain
over one. A serial run, without dask, is the baseline. Seconds of start and imports are not in it.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from joblib import parallel_config

sys.path.insert(0, str(Path(__file__).parents[1]))

import tiny_study

from sk_biornn._cluster import connected
from sk_biornn.studies import run_study


def seconds_of(study, n_runs: int) -> float:
    """Carry a study out in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run_study(study, output=folder, letters="a", simulations=n_runs)
        return time.perf_counter() - started


def main() -> None:
    """Print a line per number of workers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="runs that do nothing")
    parser.add_argument("--fits", type=int, default=40, help="runs that fit a network")
    arguments = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    idle_study = tiny_study.study_of(tiny_study.idle)
    fit_study = tiny_study.study_of(tiny_study.fit_for_a_while)
    for n_workers in (0, 1, 2):
        with connected(f"local:{n_workers}") if n_workers else nullcontext() as client:
            how = parallel_config("dask", client=client) if n_workers else nullcontext()
            with how:
                seconds_of(fit_study, 2 * max(1, n_workers))  # imports
                empty = seconds_of(idle_study, arguments.runs) / arguments.runs
                whole = seconds_of(fit_study, arguments.fits)
        name = f"{n_workers} workers" if n_workers else "serial"
        print(f"{name:10s} {1000 * empty:7.1f} ms per empty run, {whole:6.2f} s for the fits")


if __name__ == "__main__":
    main()
