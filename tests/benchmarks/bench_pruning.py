"""Training steps before and after pruning as ratios, at the size of the cell-type networks.

    python tests/benchmarks/bench_pruning.py [--threads 1] [--density 0.048 ...] [--rounds 15]

Steps are those of the estimators: forward, loss, backward, Adam and Dale's projection, for 1440
units, 7 steps, 200 trials, 18 inputs and outputs. The contestants take turns in one process, so
that a busy machine slows all alike; ratios are medians over the rounds. With one thread the clock
is that of the thread, which stops while others have the core.

products  the matrix products that a dense step needs, each by the faster of torch's two libraries,
          into buffers made before
dense     a step before pruning
masked    a step under the mask with dense products
sparse    a step under the mask as the estimators take it
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from contestants import CASES, make_problem

from sk_biornn.biology import Dale
from sk_biornn.core import (
    Dynamics,
    Optimisation,
    Spaces,
    Workspace,
    run,
    squared_error,
    unit_weights,
)
from sk_biornn.core.epoch import Epoch
from sk_biornn.core.products import multiply_into
from sk_biornn.estimators._synapses import Synapses, bind_synapses

CASE = next(case for case in CASES if case.name == "cell types")
MOST_PRODUCTS, LEAST_GAIN = 1.15, 1.5


def make_products(problem):
    """Return a step of products alone, as in `contestants.make_bound` but by the fast library."""
    params, rows = problem.params, CASE.n_steps * CASE.n_trials
    x = problem.x.reshape(rows, -1)
    states, errors, drives = torch.randn(3, rows, CASE.n_units)
    state, result = torch.randn(2, CASE.n_trials, CASE.n_units)
    grad_y = torch.randn(rows, CASE.n_outputs)
    outputs = torch.empty_like(grad_y)
    d_in, d_rec, d_out = (torch.empty_like(w) for w in (params.w_in.T, params.w_rec, params.w_out))

    def step():
        multiply_into(drives, x, params.w_in.T)
        for _ in range(CASE.n_steps):
            multiply_into(result, state, params.w_rec.T)
            multiply_into(result, state, params.w_rec)
        multiply_into(d_rec, errors.T, states)
        torch.mm(x.T, errors, out=d_in)
        torch.mm(states, params.w_out.T, out=outputs)
        torch.mm(grad_y.T, states, out=d_out)

    return step


def make_step(problem, synapses):
    space, support = synapses.space, synapses.support
    params = problem.params._replace(w_rec=space.encode(problem.params.w_rec))
    params = params.map(lambda tensor: tensor.clone().requires_grad_())
    optimiser = torch.optim.Adam(list(params), fused=True)
    weights, workspace = unit_weights(torch.ones_like(problem.y)), Workspace()
    batches = (torch.arange(CASE.n_trials),)

    def loss(params, batch):
        options = {"workspace": workspace, "support": support}
        outputs = run(params, problem.x[batch], Dynamics(), **options).outputs
        return squared_error(outputs, problem.y[batch], weights[batch])

    spaces = Spaces(w_rec=space)
    return Epoch(params, spaces, optimiser, loss, batches, Optimisation()).compute


def compare(density, n_rounds, clock):
    problem = make_problem(CASE)
    kept = torch.rand(problem.mask.shape, generator=torch.Generator().manual_seed(0)) < density
    steps = {
        "products": make_products(problem),
        "dense": make_step(problem, Synapses(Dale().bind(problem.signs, problem.mask))),
        "masked": make_step(problem, Synapses(Dale().bind(problem.signs, kept))),
        "sparse": make_step(problem, bind_synapses(Dale(), problem.signs, kept)),
    }
    times = {name: np.empty(n_rounds) for name in steps}
    for i in range(-2, n_rounds):
        for name, step in steps.items():
            start = clock()
            step()
            if i >= 0:
                times[name][i] = 1e3 * (clock() - start)
    milliseconds = "  ".join(f"{name} {np.median(t):6.1f}" for name, t in times.items())
    of_products = np.median(times["dense"] / times["products"])
    gain = np.median(times["dense"] / times["sparse"])
    print(f"{density:7.3f}   {milliseconds}   {of_products:5.2f}   {gain:5.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--density", type=float, nargs="+", default=[0.02, 0.048, 0.08, 0.12])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.thread_time if arguments.threads == 1 else time.perf_counter
    print("density   ms per step" + " " * 55 + "dense / products   dense / sparse")
    for density in arguments.density:
        compare(density, arguments.rounds, clock)
    print(f"Aims on one thread: <= {MOST_PRODUCTS}; at a density of 0.048 >= {LEAST_GAIN}.")


if __name__ == "__main__":
    main()
