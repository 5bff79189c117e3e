"""Training in a closed loop: a step against one whose inputs are given, and against plain autograd.

    python tests/benchmarks/bench_closed_loop.py

A step is outputs, loss and all gradients, on one thread. Times are the least of interleaved rounds
in one process; ratios are of these.
"""

from __future__ import annotations

import argparse
import time

import torch

from sk_biornn.core import Dynamics, RNNParams, Workspace, run
from sk_biornn.core.closed_loop import run_in_loop
from sk_biornn.core.given import Given

SIZES = ((16, 32, 60, 8), (98, 32, 60, 98), (128, 120, 60, 98), (312, 64, 60, 100))


def problem(n_units, n_trials, n_steps, n_outputs):
    """Return weights, inputs and what each step is given: every tenth input is a measured one."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator) / n_units**0.5

    shapes = ((n_units, n_outputs), (n_units, n_units), (n_units,), (n_outputs, n_units))
    params = RNNParams(*(draw(*shape) for shape in (*shapes, (n_outputs,))))
    params = params.map(lambda tensor: tensor.requires_grad_())
    shares = tuple(1.0 if t % 10 == 0 else 0.0 for t in range(n_steps))
    return params, draw(n_trials, n_steps, n_outputs), Given(tuple(range(n_outputs)), shares)


def plain(params, x, given):
    """Run step by step, as one would write it with torch."""
    r = torch.zeros(len(x), params.w_rec.shape[0])
    outputs = []
    for t in range(x.shape[1]):
        now = x[:, t] if given.shares[t] else outputs[-1]
        z = torch.tanh(now @ params.w_in.T + r @ params.w_rec.T + params.b_rec)
        r = torch.relu(z)
        outputs.append(now + z @ params.w_out.T + params.b_out)
    return torch.stack(outputs, 1)


def ways_of(params, x, given):
    """Return what is timed: functions that return outputs."""
    workspace, workspaces, dynamics = Workspace(), {}, Dynamics()

    def ordinary():
        return x + run(params, x, dynamics, workspace=workspace).outputs

    def ours():
        how = {"increments": True, "workspaces": workspaces}
        return run_in_loop(params, x, dynamics, given, **how).outputs

    return {"given": ordinary, "loop": ours, "autograd": lambda: plain(params, x, given)}


def seconds(function, params):
    """Return the time of one step."""
    start = time.perf_counter()
    torch.autograd.grad(function().square().mean(), list(params))
    return time.perf_counter() - start


def main():
    """Print a row per size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print("units, trials, steps, outputs: ms of a step; in a loop / given, autograd / in a loop")
    for size in SIZES:
        params, x, given = problem(*size)
        ways = ways_of(params, x, given)
        for function in ways.values():
            seconds(function, params)
        least = dict.fromkeys(ways, float("inf"))
        for _ in range(rounds):
            for name, function in ways.items():
                least[name] = min(least[name], seconds(function, params))
        loop = least["loop"]
        times = ", ".join(f"{name} {1e3 * value:.2f}" for name, value in least.items())
        print(f"{size}: {times}; {loop / least['given']:.2f}, {least['autograd'] / loop:.2f}")


if __name__ == "__main__":
    main()
