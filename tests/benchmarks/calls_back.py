"""Who calls the estimator back: kinds of calls from lower stages of a fit into estimator classes.

    python tests/benchmarks/calls_back.py

A fit goes down: estimator, then what trains, prunes and computes. For each family this counts the
calls, during `fit` and `predict`, of a method of the estimator by a function that is none, which
was itself called (at whatever depth) by the estimator: the calls that climb back up.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from functools import partial

import numpy as np

import sk_biornn
from sk_biornn.biology import cortical_populations
from sk_biornn.estimators._parameters import RNNParameters

FAMILIES = {
    "dale, classifier": ("DaleRNNClassifier", {"n_units": 20, "early_stopping": True}),
    "dale, regressor": ("DaleRNNRegressor", {"n_units": 20}),
    "spatial": ("SpatialRNNRegressor", {"n_units": 20, "noise_level": 0.1}),
    "pruned": ("DaleRNNRegressor", {"n_units": 20, "pruning": "top-prob", "density": 0.3}),
    "cell types": ("CellTypeRNNRegressor", {"populations": True}),
    "cell types, pruned": (
        "CellTypeRNNRegressor",
        {"populations": True, "pruning": "top-prob", "density": 0.3, "finetune_iter": 2},
    ),
}


def methods_of(kind):
    """Return the code of all methods and properties of the classes of this package."""
    found = set()
    for base in kind.__mro__:
        if base.__module__.startswith("sk_biornn"):
            for value in vars(base).values():
                value = getattr(value, "fget", value)
                value = getattr(value, "__func__", value)
                value = inspect.unwrap(value) if callable(value) else value
                if hasattr(value, "__code__"):
                    found.add(value.__code__)
    return found


def calls_back(estimator, action):
    """Return how often each (caller, method) went from a function back into the estimator."""
    found, methods = Counter(), methods_of(type(estimator))

    def trace(frame, event, _):
        if event != "call" or frame.f_code not in methods:
            return
        caller = frame.f_back
        while caller is not None and "sk_biornn" not in caller.f_code.co_filename:
            caller = caller.f_back
        if caller is None or caller.f_code in methods or caller.f_code.co_filename == __file__:
            return
        found[caller.f_code.co_qualname, frame.f_code.co_name] += 1

    sys.setprofile(trace)
    try:
        action()
    finally:
        sys.setprofile(None)
    return found


def main():
    rng = np.random.default_rng(0)
    table = cortical_populations().head(3).assign(n_units=[12, 4, 4])
    for family, (name, options) in FAMILIES.items():
        options = {**options, "populations": table} if "populations" in options else options
        estimator = getattr(sk_biornn, name)(max_iter=3, random_state=0, **options)
        X = rng.standard_normal((20, 6, 3))
        y = np.arange(20) % 2 if "Classifier" in name else rng.standard_normal((20, 6, 3))
        assert isinstance(estimator, RNNParameters)
        actions = {"fit": partial(estimator.fit, X, y), "predict": partial(estimator.predict, X)}
        for what, action in actions.items():
            found = calls_back(estimator, action)
            print(f"{family}, {what}: {len(found)} kinds, {sum(found.values())} calls")
            for (caller, method), count in sorted(found.items()):
                print(f"    {count:4} {caller} -> {method}")


if __name__ == "__main__":
    main()
