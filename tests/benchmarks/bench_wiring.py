"""Wirings of up to a fly's brain: seconds and memory, and how both grow with the neurons.

    python tests/benchmarks/bench_wiring.py [--units 2000 19178 139255] [--degree 19.4]

Every number is of a process of its own, on one thread: the CPU time of the call, and by how much it
raised the largest memory that the process ever had. The connections per neuron are the same at all
sizes, so that what is in proportion to the connections grows with the exponent 1, and what asks
every pair of neurons with 2; the exponent is that of a line through the logarithms.

by distance    sample_connectome, positions in a cube, p = p0 exp(-d / 20 um), 10^6 neurons per mm^3
by blocks      draw_synapses(sparse=True), ten populations
brain          make_brain_wiring
rewired        rewire_connectome of that, ten exchanges offered to every connection
from text      read_connectome of a CSV file with ids of 18 digits and five columns
from a frame   read_connectome of the same as a frame of three columns
clustering, reciprocity, wire, radius   metrics of the brain (radius: spectral_radius)
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from sk_biornn.biology import draw_synapses
from sk_biornn.datasets import (
    make_brain_wiring,
    read_connectome,
    rewire_connectome,
    sample_connectome,
)
from sk_biornn.metrics import (
    clustering_coefficient,
    reciprocity,
    spectral_radius,
    wiring_cost,
)

LENGTH, PER_UM3 = 20.0, 1e-3  # um, neurons per um^3
FIRST_ID = 720_575_940_600_000_000


def by_distance(n_units, degree, folder):
    side = (n_units / PER_UM3) ** (1 / 3)
    positions = np.random.default_rng(0).random((n_units, 3)) * side
    p0 = degree / (8 * np.pi * LENGTH**3 * PER_UM3)
    return lambda: sample_connectome(positions, lambda d: p0 * np.exp(-d / LENGTH), random_state=0)


def by_blocks(n_units, degree, folder):
    sizes = np.diff(np.arange(11) * n_units // 10)
    table = pd.DataFrame({"population": list("abcdefghij"), "n_units": sizes, "sign": 1})
    return lambda: draw_synapses(table, np.full((10, 10), degree / n_units), 0, sparse=True)


def brain(n_units, degree, folder):
    return lambda: make_brain_wiring(n_units, mean_degree=degree, random_state=0)


def rewired(n_units, degree, folder):
    given = brain(n_units, degree, folder)()
    return lambda: rewire_connectome(given, random_state=0)


def edges(n_units, degree):
    given = brain(n_units, degree, None)().weights.tocoo()
    ids = FIRST_ID + np.arange(n_units)
    return pd.DataFrame(
        {"pre": ids[given.col], "post": ids[given.row], "syn_count": given.data.astype(int)}
    )


def from_text(n_units, degree, folder):
    return lambda: read_connectome(folder / f"{n_units}.csv", sparse=True)


def from_a_frame(n_units, degree, folder):
    frame = edges(n_units, degree)
    return lambda: read_connectome(frame, sparse=True)


def of_brain(metric):
    def prepare(n_units, degree, folder):
        W = brain(n_units, degree, folder)().weights
        places = np.random.default_rng(0).random((n_units, 3))
        arguments = {"coordinates": places} if metric is wiring_cost else {}
        if metric in (clustering_coefficient, reciprocity):
            arguments["quantile"] = None
        return lambda: metric(W, **arguments)

    return prepare


TASKS = {
    "by distance": by_distance,
    "by blocks": by_blocks,
    "brain": brain,
    "rewired": rewired,
    "from text": from_text,
    "from a frame": from_a_frame,
    "clustering": of_brain(clustering_coefficient),
    "reciprocity": of_brain(reciprocity),
    "wire": of_brain(wiring_cost),
    "radius": of_brain(spectral_radius),
}


def peak():
    """Largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def measured(name, n_units, degree, folder):
    with threadpool_limits(1):
        call = TASKS[name](n_units, degree, folder)
        before, start = peak(), time.process_time()
        call()
        return time.process_time() - start, peak() - before


def write_text(n_units, degree, folder):
    frame, rng = edges(n_units, degree), np.random.default_rng(0)
    frame.insert(2, "neuropil", rng.choice(["AL_L", "ME_R", "FB"], len(frame)))
    frame["nt_type"] = rng.choice(["ACH", "GABA", "GLUT"], len(frame))
    frame.to_csv(folder / f"{n_units}.csv", index=False)


def apart(function, *arguments):
    """Call a function in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[2000, 19_178, 139_255])
    parser.add_argument("--degree", type=float, default=19.4)
    arguments = parser.parse_args()
    print(f"{processor()}; {arguments.degree} connections per neuron, one thread")
    heading = "".join(f"{f'N = {n_units}':>20}" for n_units in arguments.units)
    print(f"{'':16}{heading}{'exponent':>10}")
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        for n_units in arguments.units:
            apart(write_text, n_units, arguments.degree, folder)
        for name in TASKS:
            found = [
                apart(measured, name, n_units, arguments.degree, folder)
                for n_units in arguments.units
            ]
            cells = "".join(f"{f'{seconds:.2f} s, {mb:.0f} MB':>20}" for seconds, mb in found)
            grows = np.polyfit(np.log(arguments.units), np.log([s for s, _ in found]), 1)[0]
            print(f"{name:16}{cells}{grows:10.2f}", flush=True)


if __name__ == "__main__":
    main()
