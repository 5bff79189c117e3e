"""Network metrics of one network as ratios: the usual packages' time over ours, on one thread.

    python tests/benchmarks/bench_metrics.py [--units 312] [--nulls 1000] [--rounds 5]

The contestants of a metric take turns in one process, and a thread's own CPU time is what counts,
so that a busy machine slows all alike; ratios are medians over the rounds.

small-worldness, first use   a loop over null graphs with bctpy's clustering_coef_bu and
                             efficiency_bin, timed on 20 of them and scaled to all
small-worldness, again       the same loop against a network whose nulls are known already
modularity, Louvain          networkx, from the adjacency matrix to Q
assortativity                networkx
entropy                      scipy.stats.gaussian_kde
"""

from __future__ import annotations

import argparse
import time

import bct
import networkx as nx
import numpy as np
import scipy.stats
from threadpoolctl import threadpool_limits

from sk_biornn.metrics import assortativity, modularity, small_worldness, weight_entropy
from sk_biornn.metrics._graph import undirected_graph
from sk_biornn.metrics._nulls import _independent_pairs_once

N_TIMED = 20  # nulls of bctpy's loop


def seconds(function):
    start = time.thread_time()
    function()
    return time.thread_time() - start


def bctpy_loop(n, rng):
    for _ in range(N_TIMED):
        uniform = rng.random((n, n))
        graph = ((uniform + uniform.T) / 2 > 0.7).astype(float)
        bct.clustering_coef_bu(graph).mean()
        bct.efficiency_bin(graph)


def networkx_graph(W):
    return nx.from_numpy_array(undirected_graph(W, 0.9, "either", "this").astype(int))


def networkx_modularity(W, find):
    graph = networkx_graph(W)
    return nx.community.modularity(graph, find(graph))


def scipy_entropy(W):
    density = scipy.stats.gaussian_kde(W.ravel())(np.linspace(W.min(), W.max(), 100))
    return scipy.stats.entropy(density, base=2)


def first_use(W, n_nulls):
    _independent_pairs_once.cache_clear()
    small_worldness(W, n_nulls=n_nulls)


def contestants(W, n_nulls, rng):
    """Per metric: theirs, ours, and by what the time of theirs has to be multiplied."""
    n, greedy = len(W), nx.community.greedy_modularity_communities
    louvain = nx.community.louvain_communities
    scale = n_nulls / N_TIMED
    return {
        "small-worldness, first use": (
            lambda: bctpy_loop(n, rng),
            lambda: first_use(W, n_nulls),
            scale,
        ),
        "small-worldness, again": (
            lambda: bctpy_loop(n, rng),
            lambda: small_worldness(W, n_nulls=n_nulls),
            scale,
        ),
        "modularity": (lambda: networkx_modularity(W, greedy), lambda: modularity(W), 1),
        "modularity, Louvain": (
            lambda: networkx_modularity(W, lambda graph: louvain(graph, seed=0)),
            lambda: modularity(W, method="louvain"),
            1,
        ),
        "assortativity": (
            lambda: nx.degree_assortativity_coefficient(networkx_graph(W)),
            lambda: assortativity(W),
            1,
        ),
        "entropy": (lambda: scipy_entropy(W), lambda: weight_entropy(W), 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=312)
    parser.add_argument("--nulls", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    W = rng.standard_normal((arguments.units, arguments.units))
    ours_together = 0.0
    print(f"{arguments.units} units, {arguments.nulls} nulls, one thread")
    print(f"{'':28}{'theirs, ms':>12}{'ours, ms':>10}{'theirs / ours':>16}  aim")
    for name, (theirs, ours, scale) in contestants(W, arguments.nulls, rng).items():
        times = [(scale * seconds(theirs), seconds(ours)) for _ in range(arguments.rounds)]
        their_time, our_time = np.median(times, axis=0) * 1e3
        ratio = np.median([their / our for their, our in times])
        aim = ">= 100" if name == "small-worldness, first use" else ""
        print(f"{name:28}{their_time:12.1f}{our_time:10.2f}{ratio:16.0f}  {aim}", flush=True)
        if name not in ("small-worldness, again", "modularity, Louvain"):
            ours_together += our_time
    print(f"ours, the four metrics of the study together: {ours_together:.0f} ms (aim: below 2000)")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
