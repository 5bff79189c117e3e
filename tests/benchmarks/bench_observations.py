"""What it costs to see spikes or fluorescence, and how well an indicator's time constant is found.

    python tests/benchmarks/bench_observations.py

Times are those of the processor, the least of interleaved rounds in one process.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from sk_biornn import DaleRNNRegressor
from sk_biornn.core import Dynamics, RNNParams, Workspace, computing, run
from sk_biornn.core.calcium import fluorescence
from sk_biornn.core.observation_model import Moments
from sk_biornn.core.observations import OBSERVATIONS

N_TRIALS, N_STEPS, N_OUTPUTS, N_UNITS = 200, 60, 100, 128


def step_costs(rounds):
    """Return seconds of a step (outputs, loss, gradients) with each observation, and a kernel."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator) / N_UNITS**0.5

    shapes = ((N_UNITS, 3), (N_UNITS, N_UNITS), (N_UNITS,), (N_OUTPUTS, N_UNITS), (N_OUTPUTS,))
    params = RNNParams(*(draw(*shape).requires_grad_() for shape in shapes))
    x = draw(N_TRIALS, N_STEPS, 3)
    counts = torch.poisson(torch.rand(N_TRIALS, N_STEPS, N_OUTPUTS), generator=generator)
    weights, workspace = torch.ones_like(counts), Workspace()
    flat = (a.reshape(-1, N_OUTPUTS).numpy() for a in (counts, weights))
    moments = Moments.of(*flat)
    takes = {"gamma": counts.clamp(min=0.1), "bernoulli": counts.clamp(max=1.0)}
    own = {
        name: torch.tensor(model.start(moments), dtype=torch.float32, requires_grad=True)
        for name, model in OBSERVATIONS.items()
        if model.own
    }
    decay = torch.full((N_OUTPUTS,), 0.8, requires_grad=True)

    def step(name, filtered=False):
        outputs = run(params, x, Dynamics(), workspace=workspace).outputs
        outputs = fluorescence(outputs, decay) if filtered else outputs
        model, y = OBSERVATIONS[name], takes.get(name, counts)
        model.loss(outputs, own.get(name), y, weights).backward()

    ways = {name: (name, False) for name in OBSERVATIONS} | {"calcium": ("gaussian", True)}
    least = dict.fromkeys(ways, np.inf)
    with computing():
        for _ in range(rounds):
            for name, way in ways.items():
                start = time.process_time()
                step(*way)
                least[name] = min(least[name], time.process_time() - start)
    return least


def found_tau(tau, memory, seeds):
    """Return the time constants that are found of indicators of `tau` ms."""
    found, d = [], np.exp(-100 / tau)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((80, 60, 3))
        for t in range(1, 60):
            X[:, t] = memory * X[:, t - 1] + np.sqrt(1 - memory**2) * X[:, t]
        rates = np.maximum(np.tanh(X @ rng.standard_normal((3, 5))), 0)
        y = fluorescence(torch.from_numpy(rates), torch.full((5,), d, dtype=torch.float64)).numpy()
        y = y + 0.3 * y.std() * rng.standard_normal(y.shape)
        network = DaleRNNRegressor(
            n_units=24, max_iter=150, learning_rate_init=5e-3, batch_size=40, dt=100.0,
            calcium_tau="learned", random_state=seed,
        )  # fmt: skip
        found.extend(network.fit(X, y).calcium_tau_)
    return np.array(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    costs = step_costs(arguments.rounds)
    print(f"{N_TRIALS} trials, {N_STEPS} steps, {N_UNITS} units, {N_OUTPUTS} outputs")
    for name, seconds in costs.items():
        print(f"  {name:20s} {1e3 * seconds:6.1f} ms  {seconds / costs['gaussian']:.2f} x gaussian")
    for memory in (0.0, 0.8):
        for tau in (150.0, 500.0, 1500.0):
            found = found_tau(tau, memory, arguments.seeds)
            print(
                f"  input with a memory of {memory}: {tau:.0f} ms is found as "
                f"{np.median(found):.0f} ({found.min():.0f} to {found.max():.0f})"
            )
