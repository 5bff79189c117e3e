"""What the penalties cost: communicability against a general exponential, shares of a step.

    python tests/benchmarks/bench_penalties.py [--threads 1 2] [--rounds 40]

The contestants take turns in one process, in another order each round, so that a busy machine
slows all alike; ratios are medians over the rounds. With one thread the clock is that of the
thread, which stops while others have the core.

communicability   value and gradient of sum(C o G) for a fixed G at 312 units; ours against
                  torch.matrix_exp of S^-1/2 |W| S^-1/2 with autograd
share of a step   one training step of the maze shape (312 units, 128 trials, 50 steps, 8 inputs,
                  relu: forward, cross-entropy, backward, Adam) with each penalty and without:
                  (with - without) / without
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from contestants import CASES, make_problem

from sk_biornn.biology import (
    CommunicabilityCost,
    CommunicabilityEMD,
    Facts,
    WeightCost,
    WiringCost,
    communicability,
    unit_positions,
)
from sk_biornn.biology.constraints import FixedMask
from sk_biornn.biology.regularizers import pairwise_distances
from sk_biornn.core import Dynamics, Optimisation, Spaces, Workspace, cross_entropy, run
from sk_biornn.core.epoch import Epoch
from sk_biornn.core.losses import unit_weights

MAZE = next(case for case in CASES if case.name == "maze")
LEAST_GAIN, LARGEST_SHARE = 5.0, 0.25
STRENGTH = 1e-4  # what is timed does not depend on it, but weights must not all fall to 0
PENALTIES = {
    "weight": WeightCost(STRENGTH),
    "spatial": WiringCost(STRENGTH),
    "communicability": CommunicabilityCost(STRENGTH),
    "communicability_emd": CommunicabilityEMD(STRENGTH, STRENGTH),
}


def general_exponential(weights):
    strengths = weights.abs()
    root = strengths.sum(0).sqrt()
    traffic = torch.matrix_exp(strengths / (root[:, None] * root))
    return traffic - torch.diag(traffic.diagonal())


def make_value_and_gradient(function, problem, direction):
    weights = problem.params.w_rec.clone().requires_grad_()

    def step():
        value = (function(weights) * direction).sum()
        (gradient,) = torch.autograd.grad(value, weights)
        return value.item(), gradient

    return step


def contestants_of_the_exponential(problem):
    direction = torch.randn(problem.mask.shape, generator=torch.Generator().manual_seed(1))
    functions = {"general": general_exponential, "ours": communicability}
    steps = {k: make_value_and_gradient(f, problem, direction) for k, f in functions.items()}
    (their_value, theirs), (our_value, ours) = (step() for step in steps.values())
    np.testing.assert_allclose(our_value, their_value, rtol=1e-3)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * float(theirs.abs().max()))
    return steps


def facts_of(problem):
    positions = torch.as_tensor(unit_positions("grid", MAZE.n_units), dtype=torch.float32)
    draw = torch.Generator().manual_seed(2)
    connectome = torch.rand(problem.mask.shape, generator=draw).square()
    return Facts(problem.mask, pairwise_distances(positions), connectome)


def make_training_step(problem, penalty):
    params = problem.params.map(lambda tensor: tensor.clone().requires_grad_())
    dynamics, workspace = Dynamics(MAZE.activation), Workspace()
    answers = problem.y.argmax(dim=1)
    weights = unit_weights(torch.ones(MAZE.n_trials))
    optimiser = torch.optim.Adam(list(params), fused=True)
    space = FixedMask().bind(torch.zeros(MAZE.n_units), problem.mask)
    batches = (torch.arange(MAZE.n_trials),)

    def loss(params, batch):
        outputs = run(params, problem.x[batch], dynamics, every_step=False, workspace=workspace)
        value = cross_entropy(outputs.outputs, answers[batch], weights[batch])
        return value if penalty is None else value + penalty(params.w_rec)

    spaces = Spaces(w_rec=space)
    return Epoch(params, spaces, optimiser, loss, batches, Optimisation()).compute


def contestants_of_the_step(problem):
    facts = facts_of(problem)
    bound = {"none": None} | {name: item.bind(facts) for name, item in PENALTIES.items()}
    return {name: make_training_step(problem, penalty) for name, penalty in bound.items()}


def measure(steps, clock, n_rounds):
    """Return the times in ms, (n_rounds,) per contestant."""
    times = {name: np.empty(n_rounds) for name in steps}
    rng = np.random.default_rng(0)
    for _ in range(3):  # buffers, caches
        for step in steps.values():
            step()
    for i in range(n_rounds):
        for name in rng.permutation(list(steps)).tolist():
            start = clock()
            steps[name]()
            times[name][i] = 1e3 * (clock() - start)
    return times


def quartiles(ratios, pattern):
    low, middle, high = (pattern.format(q) for q in np.percentile(ratios, [25, 50, 75]))
    return f"{middle} ({low} - {high})"


def report_exponential(n_threads, times):
    theirs, ours = times["general"], times["ours"]
    print(
        f"{n_threads:7}  communicability, value and gradient    "
        f"{np.median(theirs):6.1f} /{np.median(ours):6.1f} ms     "
        f"x {quartiles(theirs / ours, '{:.1f}')}  aim >= {LEAST_GAIN:g}",
        flush=True,
    )


def report_shares(n_threads, times):
    without = times["none"]
    for name in PENALTIES:
        share = times[name] / without - 1
        print(
            f"{n_threads:7}  step with {name:28}"
            f"{np.median(times[name]):6.1f} /{np.median(without):6.1f} ms    "
            f"{quartiles(100 * share, '{:+.1f}')} %  aim <= {100 * LARGEST_SHARE:g}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    problem = make_problem(MAZE)
    print("threads  what                                   theirs / ours, with / without    ratio")
    for n_threads in arguments.threads:
        torch.set_num_threads(n_threads)
        clock = time.thread_time if n_threads == 1 else time.perf_counter
        exponential = contestants_of_the_exponential(problem)
        report_exponential(n_threads, measure(exponential, clock, arguments.rounds))
        report_shares(n_threads, measure(contestants_of_the_step(problem), clock, arguments.rounds))


if __name__ == "__main__":
    main()
