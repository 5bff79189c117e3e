"""Training steps of the engine as ratios: to the bare matrix products, and to plain loops.

    python tests/benchmarks/bench_engine.py [--threads 1 2] [--case flip-flop ...] [--seconds 8]

A step is forward, loss, backward, Adam and Dale's projection. The contestants of a case take
turns in one process, so that a busy machine slows all alike; ratios are medians over the rounds.
With one thread the clock is that of the thread, which stops while others have the core.

bound     the matrix products that the gradient needs, by torch.mm alone, into buffers made before:
          inputs, recurrent forward and backward, weight gradients, read-out and its gradient
ours      one step of `train`
plain     a well-written loop: one tensor operation per line, inputs unbound once, autograd
original  the published way: torch.nn.RNN called on one step at a time, its state rectified in
          between, states and outputs written into whole arrays step by step (under autograd the
          cost of that grows with the square of the number of steps)
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from contestants import CASES, CONTESTANTS, make_problem


def measure(steps, clock, seconds):
    """Return the times in ms per contestant; the slow ones take part in every k-th round only."""
    first = warm_up(steps, clock)
    share = seconds * 1e3 / len(steps)
    n_rounds = int(min(max(share / first["ours"], 9), 60))
    times = {name: np.full(n_rounds, np.nan) for name in steps}
    strides = {name: min(1 + int(n_rounds * t / share), n_rounds // 3) for name, t in first.items()}
    for i in range(n_rounds):
        for name, step in steps.items():
            if i % strides[name] == 0:
                times[name][i] = timed(step, clock)[0]
    return times


def warm_up(steps, clock):
    """Take two steps, check that all contestants descend alike, and return the time of one."""
    # Later losses differ, as only `train` takes the momentum from weights that were projected.
    runs = {name: [timed(step, clock) for _ in range(2)] for name, step in steps.items()}
    for name in set(runs) - {"bound"}:
        losses, expected = ([loss for _, loss in runs[n]] for n in (name, "ours"))
        np.testing.assert_allclose(losses, expected, rtol=1e-4)
    return {name: run[1][0] for name, run in runs.items()}


def timed(step, clock):
    """Return the time of one step in ms, and its loss."""
    start = clock()
    loss = step()
    return 1e3 * (clock() - start), loss


def quartiles(ratios):
    return np.nanpercentile(ratios, [25, 50, 75])


def report(case, n_threads, times):
    milliseconds = "  ".join(f"{name} {np.nanmedian(t):.1f}" for name, t in times.items())
    low, middle, high = quartiles(times["ours"] / times["bound"])
    plain, original = (quartiles(times[k] / times["ours"])[1] for k in ("plain", "original"))
    print(f"{case.name}, {n_threads} thread(s), ms: {milliseconds}", flush=True)
    aim = f">= {case.faster_than_original}" if case.faster_than_original else ""
    return (
        f"{case.name:11}{n_threads:7}   {middle:5.2f} ({low:.2f} - {high:.2f})"
        f"{f'<= {case.most_bounds}':>8}{plain:9.2f}{f'>= {case.faster_than_plain}':>8}"
        f"{original:9.1f}{aim:>8}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--case", nargs="+", default=[case.name for case in CASES])
    parser.add_argument("--seconds", type=float, default=8.0, help="per case and thread count")
    arguments = parser.parse_args()
    rows = []
    for n_threads in arguments.threads:
        torch.set_num_threads(n_threads)
        clock = time.thread_time if n_threads == 1 else time.perf_counter
        for case in CASES:
            if case.name in arguments.case:
                problem = make_problem(case)
                steps = {name: make(case, problem) for name, make in CONTESTANTS.items()}
                rows.append(report(case, n_threads, measure(steps, clock, arguments.seconds)))
    print("\ncase       threads   ours / bound (quartiles)  aim  plain / ours  aim  orig. / ours")
    print("\n".join(rows))
    print("The aims are those for one thread.")


if __name__ == "__main__":
    main()
