"""Training steps of the engine as ratios: to the bare matrix products, and to other loops.

    python tests/benchmarks/bench_engine.py [--threads 1 2] [--case flip-flop ...] [--seconds 8]

A step is forward, loss, backward, Adam and Dale's projection. The contestants of a case take
turns in one process, so that a busy machine slows all alike, in an order that is drawn anew for
each round (what ran before in the caches makes 6 %); ratios are medians over the rounds.
With one thread the clock is that of the thread, which stops while others have the core.

bound         the matrix products that the gradient needs, alone, into buffers made before: inputs,
              recurrent forward and backward, weight gradients, read-out and its gradient; by
              torch.mm and by oneDNN, of which the faster one counts
ours          one step of `train`
plain         a well-written loop: one tensor operation per line, inputs unbound once, autograd
nn4n          a loop over layers as in the package of that name, written from its description
torch.nn.RNN  torch's own over whole trials: another network (states are fed back unrectified)
original      the published way: torch.nn.RNN called on one step at a time, its state rectified in
              between, states and outputs written into whole arrays step by step (under autograd
              the cost of that grows with the square of the number of steps)

The second table changes one thing of the flip-flop at a time, the third compares two threads with
one.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from contestants import (
    CASES,
    CONTESTANTS,
    FASTER_THAN_ORIGINAL,
    FASTER_THAN_PLAIN,
    VARIANTS,
    make_ours,
    make_problem,
)

from sk_biornn.core import processor, products

SAME = ("ours", "plain", "original")  # contestants that compute the same losses
BOUNDS = ("bound (mm)", "bound (oneDNN)")


def measure(steps, clock, seconds):
    """Return the times in ms per contestant; the slow ones take part in every k-th round only."""
    first = {name: [timed(step, clock) for _ in range(2)] for name, step in steps.items()}
    check_losses(first)
    first = {name: runs[1][0] for name, runs in first.items()}
    share = seconds * 1e3 / len(steps)
    n_rounds = int(min(max(share / first["ours"], 9), 60))
    times = {name: np.full(n_rounds, np.nan) for name in steps}
    strides = {name: min(1 + int(n_rounds * t / share), n_rounds // 3) for name, t in first.items()}
    rng = np.random.default_rng(0)
    for i in range(n_rounds):
        for name in rng.permutation(list(steps)):
            if i % strides[name] == 0:
                times[name][i] = timed(steps[name], clock)[0]
    return times


def check_losses(runs):
    """Check that those who compute the same descend alike, in their first two steps."""
    # Later losses differ, as only `train` takes the momentum from weights that were projected.
    for name in set(runs) & set(SAME):
        losses, expected = ([loss for _, loss in runs[n]] for n in (name, "ours"))
        np.testing.assert_allclose(losses, expected, rtol=1e-4)


def timed(step, clock):
    """Return the time of one step in ms, and its loss."""
    start = clock()
    loss = step()
    return 1e3 * (clock() - start), loss


def ratio(times, one, other):
    """Return the median of the ratio of two contestants' times, round by round."""
    return float(np.nanmedian(times[one] / times[other]))


def report(case, n_threads, times):
    milliseconds = "  ".join(f"{name} {np.nanmedian(t):.1f}" for name, t in times.items())
    print(f"{case.name}, {n_threads} thread(s), ms: {milliseconds}", flush=True)
    bound = min((name for name in times if name in BOUNDS), key=lambda n: np.nanmedian(times[n]))
    others = (ratio(times, name, "ours") for name in ("plain", "nn4n", "torch.nn.RNN", "original"))
    columns = "".join(f"{value:>9.2f}" for value in others)
    return (
        f"{case.name:11}{n_threads:7}{ratio(times, 'ours', bound):8.2f} <= {case.most_bounds:<5}"
        f"{bound[6:]:>10}{columns}"
    )


def compare_shapes(cases, thread_counts, seconds):
    rows = []
    for n_threads in thread_counts:
        torch.set_num_threads(n_threads)
        clock = time.thread_time if n_threads == 1 else time.perf_counter
        for case in cases:
            problem = make_problem(case)
            steps = {name: make(case, problem) for name, make in CONTESTANTS.items()}
            if products._onednn() is None:
                del steps[BOUNDS[1]]
            rows.append(report(case, n_threads, measure(steps, clock, seconds)))
    print(
        f"\n{'case':11}threads  ours / bound        by      plain     nn4n  nn.RNN    original, "
        f"all / ours (aims: plain >= {FASTER_THAN_PLAIN}, original >= {FASTER_THAN_ORIGINAL:.0f})"
    )
    print("\n".join(rows))
    print("The aims are those for one thread.")


def compare_variants(seconds):
    """Print what a step costs when one thing of the flip-flop changes, relative to tanh."""
    torch.set_num_threads(1)
    steps, shares = {}, {}
    for case in VARIANTS:
        problem = make_problem(case)
        steps[case.name] = make_ours(case, problem)
        done = case.n_trials * case.n_steps if problem.lengths is None else problem.lengths.sum()
        shares[case.name] = float(done) / (case.n_trials * case.n_steps)
    steps = {"ours": steps["tanh every step"], **steps}
    times = measure(steps, time.thread_time, seconds)
    print(
        "\nflip-flop, one thread: time / that of tanh, every step; / that of tanh in the same case"
    )
    print("(share of the steps computed)")
    for name in list(steps)[1:]:
        same_case = "tanh " + name.split(maxsplit=1)[1]
        to_tanh = ratio(times, name, same_case)
        print(f"  {name:22}{ratio(times, name, 'ours'):6.2f}{to_tanh:8.2f}  ({shares[name]:.2f})")


def compare_threads(cases, seconds):
    """Print what a second thread gains: turns of one and of two threads, by the wall's clock."""
    print("\ntwo threads: time on one / time on two, wall clock")
    for case in cases:
        step = make_ours(case, make_problem(case))

        def on(n_threads, step=step):
            torch.set_num_threads(n_threads)
            return step()

        steps = {"ours": lambda on=on: on(2), "one": lambda on=on: on(1)}
        times = {name: [] for name in steps}
        for _ in range(int(min(60, max(9, seconds * 1e3 / timed(step, time.perf_counter)[0] / 2)))):
            for name, one in steps.items():
                times[name].append(timed(one, time.perf_counter)[0])
        gain = np.median(np.array(times["one"]) / np.array(times["ours"]))
        print(f"  {case.name:11}{gain:6.2f}  >= {case.faster_on_two}")


def name_of_processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return processor.vendor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--case", nargs="+", default=[case.name for case in CASES])
    parser.add_argument("--seconds", type=float, default=8.0, help="per case and thread count")
    arguments = parser.parse_args()
    library = "oneDNN" if products.prefers_onednn(torch.zeros(1)) else "torch.mm"
    print(
        f"{name_of_processor()}, {torch.backends.cpu.get_cpu_capability()}, torch "
        f"{torch.__version__}; large products by {library}"
    )
    cases = [case for case in CASES if case.name in arguments.case]
    compare_shapes(cases, arguments.threads, arguments.seconds)
    compare_variants(arguments.seconds)
    if max(arguments.threads) > 1:
        compare_threads(cases, arguments.seconds)


if __name__ == "__main__":
    main()
