"""Training steps on a GPU: one network against its bare products and cuDNN, and stacks of many.

    python tests/benchmarks/bench_gpu.py [--quick] [--stacks 220 1000]

Times are milliseconds per training step, the median over epochs of the time of an epoch divided by
its steps: gather of the batch, forward, loss, gradient, Adam, projection and what an epoch hands
out. "recorded" is what `fit` does; "launched" the same without recording; "products" the bare
matrix products of the step, launched one by one and recorded; "cuDNN" torch.nn.RNN with fused
Adam, which has no signs, no rectification and no leak.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import clone

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.core.on_device import OnDevice
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import fit_many


class Case(NamedTuple):
    """One shape, and the milliseconds that a step may take."""

    name: str
    n_units: int
    n_trials: int
    n_steps: int
    n_features: int
    n_outputs: int
    every_step: bool
    activation: str
    most: float | None  # milliseconds; None: a share of the products
    share: float = 1.3


ONE = [
    Case("flip-flop", 128, 200, 50, 1, 1, True, "tanh", 1.1),
    Case("maze", 312, 128, 50, 8, 4, False, "relu", 1.1),
    Case("cell types", 1440, 200, 7, 18, 18, True, "tanh", 1.8),
    Case("N 4096", 4096, 64, 20, 8, 4, True, "tanh", None),
]
STACKS = {
    220: Case("maze", 312, 128, 50, 8, 4, False, "relu", None, 1.25),
    1000: Case("small", 64, 32, 50, 1, 1, True, "tanh", None, 10),
}


def data(case, n_batches):
    rng = np.random.default_rng(0)
    n_trials = case.n_trials * n_batches
    X = rng.normal(size=(n_trials, case.n_steps, case.n_features)).astype(np.float32)
    if case.every_step:
        y = rng.normal(size=(n_trials, case.n_steps, case.n_outputs)).astype(np.float32)
        return X, y
    return X, np.arange(n_trials) % case.n_outputs


def network(case, seed=0, **options):
    cls = DaleRNNRegressor if case.every_step else DaleRNNClassifier
    return cls(
        n_units=case.n_units,
        activation=case.activation,
        batch_size=case.n_trials,
        device="cuda",
        random_state=seed,
        recurrent_init="balanced",
        **options,
    )


@contextmanager
def timed_epochs():
    """Collect the milliseconds per step of every epoch."""
    compute, found = OnDevice.compute, []

    def timed(self, epochs, **options):
        torch.cuda.synchronize()
        start = time.perf_counter()
        losses = compute(self, epochs, **options)
        torch.cuda.synchronize()
        found.append(1e3 * (time.perf_counter() - start) / len(epochs[0].batches))
        return losses

    OnDevice.compute = timed
    try:
        yield found
    finally:
        OnDevice.compute = compute


@contextmanager
def launched():
    """Take every step without recording."""
    init = OnDevice.__init__

    def without(self, spaces, losses, n_networks=None, recordable=False, generators=()):
        init(self, spaces, losses, n_networks)

    OnDevice.__init__ = without
    try:
        yield
    finally:
        OnDevice.__init__ = init


def fit_time(networks, X, y, n_epochs):
    for one in networks:
        one.set_params(max_iter=n_epochs)
    start = time.perf_counter()
    with timed_epochs() as found:
        if len(networks) == 1:
            networks[0].fit(X, y)
        else:
            fitted = fit_many(networks, X, y, strategy="stacked")
            assert fitted.stacking_report["stack"].min() == len(networks), fitted.stacking_report
    wall = time.perf_counter() - start
    inside = sum(found) * len(X) / networks[0].batch_size / 1e3
    if len(networks) > 1:
        print(f"  fit_many {wall:.2f} s, of which in steps {inside:.2f} s")
    return statistics.median(found[2:])


def events(step, n_repeats):
    for _ in range(3):
        step()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    for _ in range(n_repeats):
        step()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / n_repeats


def recorded(step):
    step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def products(case, lead=()):
    """Return the matrix products of one step: forward, errors back, weight gradient, read-out."""
    n_columns = case.n_units + case.n_features + 1
    rows = case.n_trials * case.n_steps

    def random(*shape):
        return torch.randn(*lead, *shape, device="cuda")

    drive, w, w_rec = (
        random(case.n_trials, n_columns),
        random(n_columns, case.n_units),
        random(case.n_units, case.n_units),
    )
    z, error, sent = (random(case.n_trials, case.n_units) for _ in range(3))
    errors, drives = random(rows, case.n_units), random(rows, n_columns)
    multiply = torch.bmm if lead else torch.mm
    gradient = random(case.n_units, n_columns)

    def step():
        for _ in range(case.n_steps):
            multiply(drive, w, out=z)
            multiply(error, w_rec, out=sent)
        multiply(errors.mT, drives, out=gradient)

    return step


def cudnn(case):
    rnn = torch.nn.RNN(
        case.n_features, case.n_units, batch_first=True,
        nonlinearity="relu" if case.activation == "relu" else "tanh",
    ).cuda()  # fmt: skip
    head = torch.nn.Linear(case.n_units, case.n_outputs).cuda()
    optimiser = torch.optim.Adam([*rnn.parameters(), *head.parameters()], fused=True)
    x = torch.randn(case.n_trials, case.n_steps, case.n_features, device="cuda")

    def step():
        states, _ = rnn(x)
        read = head(states if case.every_step else states[:, -1])
        optimiser.zero_grad()
        read.square().mean().backward()
        optimiser.step()

    return step


def one_network(quick):
    print(f"{'one network':12} {'recorded':>9} {'launched':>9} {'products':>9} {'recorded':>9} "
          f"{'cuDNN':>7}   aim")  # fmt: skip
    for case in ONE:
        X, y = data(case, 40)
        ours = fit_time([network(case)], X, y, 6 if quick else 12)
        with launched():
            slow = fit_time([network(case)], X, y, 4)
        bare = events(products(case), 20)
        captured = events(recorded(products(case)), 20)
        plain = events(cudnn(case), 20)
        aim = case.share * captured if case.most is None else case.most
        verdict = "met" if ours <= aim else "MISSED"
        print(f"{case.name:12} {ours:9.3f} {slow:9.3f} {bare:9.3f} {captured:9.3f} {plain:7.3f}   "
              f"<= {aim:.2f} {verdict}", flush=True)  # fmt: skip


def stacks(counts, quick):
    print(f"\n{'stacks':22} {'ms':>8} {'per net':>8} {'products':>9} {'ratio':>6}  {'TF32':>8} "
          f"{'GiB':>6}")  # fmt: skip
    for count in counts:
        case = STACKS[count]
        X, y = data(case, 40)
        positions = np.random.default_rng(0).random((case.n_units, 3))
        penalties = [{}, {"regularizer": "communicability", "coordinates": positions}]
        for options in penalties[: 1 if quick or count == 1000 else 2]:
            found = {}
            for precision in ("highest", "high"):
                torch.set_float32_matmul_precision(precision)
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
                networks = [network(case, seed, **options) for seed in range(count)]
                found[precision] = fit_time(networks, X, y, 4)
                memory = torch.cuda.max_memory_allocated() / 2**30
            torch.set_float32_matmul_precision("highest")
            bare = events(recorded(products(case, (count,))), 10)
            name = f"{count} x N {case.n_units}" + (" + comm." if options else "")
            ours = found["highest"]
            print(f"{name:22} {ours:8.2f} {ours / count:8.4f} {bare:9.2f} {ours / bare:6.2f}  "
                  f"{found['high']:8.2f} {memory:6.2f}", flush=True)  # fmt: skip


def rounded_products(n_seeds=16):
    """Print what TF32, which rounds the factors of products to 10 bits, does to what is learned."""
    X, y = make_flip_flop(1200, n_steps=50, random_state=0)
    scores, weights = {}, {}
    for precision in ("highest", "high"):
        torch.set_float32_matmul_precision(precision)
        networks = [
            DaleRNNRegressor(n_units=128, max_iter=40, batch_size=100, device="cuda",
                             learning_rate_init=3e-3, random_state=seed)
            for seed in range(n_seeds)
        ]  # fmt: skip
        fitted = fit_many(networks, X[:1000], y[:1000])
        torch.set_float32_matmul_precision("highest")  # all are judged alike
        scores[precision] = np.array([one.score(X[1000:], y[1000:]) for one in fitted])
        weights[precision] = np.stack([one.W_rec_ for one in fitted])
    exact, rounded = scores["highest"], scores["high"]
    differences = rounded - exact
    half = 2.13 * differences.std(ddof=1) / n_seeds**0.5  # Student's t, 15 degrees of freedom
    apart = np.abs(weights["high"] - weights["highest"]).max((1, 2))
    print(f"\nTF32, flip-flop, {n_seeds} seeds: R2 of held-out trials {exact.mean():.4f} (exact), "
          f"{rounded.mean():.4f} (TF32); difference {differences.mean():+.4f} "
          f"[{differences.mean() - half:+.4f}, {differences.mean() + half:+.4f}]; "
          f"largest |dW| median {np.median(apart):.2g}")  # fmt: skip
    torch.set_float32_matmul_precision("high")
    again = DaleRNNRegressor(n_units=128, max_iter=2, device="cuda", random_state=0)
    bits = [clone(again).fit(X, y).W_rec_ for _ in range(2)]
    torch.set_float32_matmul_precision("highest")
    print(f"two runs with TF32 give the same bits: {np.array_equal(*bits)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="as `make bench` passes it")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--stacks", type=int, nargs="*", default=[*STACKS])
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print("no GPU here: nothing to measure")
        return
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; ms per training step")
    one_network(arguments.quick)
    stacks(arguments.stacks, arguments.quick)
    rounded_products()


if __name__ == "__main__":
    main()
