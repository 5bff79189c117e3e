"""A digest of the weights of many fits: what a change of the code's shape must leave as it is.

    python tests/benchmarks/bit_table.py before.json             write the table
    python tests/benchmarks/bit_table.py before.json --compare   say what differs from it

Laws, masks, pruning, solvers, warm starts, families and dtypes in all combinations that make sense.
Digests hold on one machine and one build of torch only.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import warnings
from pathlib import Path

import numpy as np

import sk_biornn
from sk_biornn.biology import Dale, FixedMask, MagnitudePruning, TopProbPruning, constraints
from sk_biornn.biology.regularizers import PENALTIES
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.estimators import CosineCycles

LAWS = {
    "free": None,
    **{name: name for name in constraints.LAWS},
    "published": Dale("exponentiated", scale=1.0),
    "fixed": FixedMask(),
}
N_UNITS, N_TRIALS, N_STEPS = 20, 30, 8


def data(dtype, every_step, labels, n_channels=3):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_TRIALS, N_STEPS, n_channels)).astype(dtype)
    shape = (N_TRIALS, N_STEPS) if every_step else (N_TRIALS,)
    if labels:
        return X, rng.integers(0, labels, shape)
    return X, rng.standard_normal((*shape, 2)).astype(dtype)


def masks():
    rng = np.random.default_rng(1)
    return {
        "mask": rng.random((N_UNITS, N_UNITS)) < 0.6,
        "input_mask": rng.random((N_UNITS, 3)) < 0.7,
    }


def pruning(kind):
    return {
        "none": {},
        "one-shot": {"pruning": TopProbPruning(), "density": 0.3, "finetune_iter": 2},
        "cubic": {
            "pruning": MagnitudePruning(),
            "density": 0.2,
            "pruning_schedule": "cubic",
            "finetune_iter": 1,
        },
    }[kind]


def dale_fits():
    settings = itertools.product(LAWS, (False, True), ("none", "one-shot", "cubic"))
    for law, masked, kind in settings:
        for solver, dtype in (("adam", "float32"), ("sgd", "float64")):
            name = f"dale regressor {law} masked={masked} {kind} {solver} {dtype}"
            options = {**(masks() if masked else {}), **pruning(kind), "solver": solver}
            yield name, "DaleRNNRegressor", {"dale": LAWS[law], **options}, (dtype, True, 0)


def sparse_fits():
    mask = np.random.default_rng(4).random((256, 256)) < 0.05
    for law in LAWS:
        options = {"n_units": 256, "mask": mask, "dale": LAWS[law]}
        yield f"sparse {law}", "DaleRNNRegressor", options, ("float32", True, 0)
    few = {"pruning": MagnitudePruning(), "density": 0.04, "finetune_iter": 2}
    for law in LAWS:
        options = {"n_units": 256, "dale": LAWS[law], "recurrent_init": "uniform", **few}
        if law in ("free", "fixed"):
            options["recurrent_init"] = "orthogonal"
        if law == "nonnegative":
            options["recurrent_init"] = np.full((256, 256), 1e-3)
        yield f"sparse by pruning {law}", "DaleRNNRegressor", options, ("float32", False, 0)


def other_fits():
    for activation, readout, every_step in itertools.product(
        ACTIVATIONS, ("state", "rate"), (False, True)
    ):
        options = {"activation": activation, "readout_from": readout}
        name = f"dale classifier {activation} {readout} every_step={every_step}"
        yield name, "DaleRNNClassifier", options, ("float32", every_step, 3)
    extras = {
        "leaky, noisy": {"dt": 1.0, "tau": 5.0, "noise_level": 0.1, "recurrent_noise": 0.1},
        "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
        "clipped gradient": {"max_grad_norm": 0.1},
        "cosine": {"learning_rate": "cosine"},
        "cycles": {"learning_rate": CosineCycles(4)},
        "no bias": {"recurrent_bias": False},
        "rate penalty": {"rate_penalty": 0.1},
        "free states": {"rectify": False},
        "glorot": {"feedforward_init": "glorot_uniform"},
    }
    for name, options in extras.items():
        for labels in (2, 4):
            yield (
                f"{name}, {labels} classes",
                "DaleRNNClassifier",
                options,
                ("float32", False, labels),
            )
    for penalty in PENALTIES:
        options = {"regularizer": penalty, "regu_strength": 1e-2, "coordinates": (5, 4, 1)}
        if penalty == "communicability_emd":
            options["connectome"] = np.abs(np.random.default_rng(3).standard_normal((20, 20)))
        for dale in (None, "nonnegative", "projection"):
            for dtype in ("float32", "float64"):
                name = f"spatial {penalty} {dale} {dtype}"
                settings = {**options, "dale": dale}
                yield name, "SpatialRNNClassifier", settings, (dtype, False, 2)


def cell_type_fits():
    from sk_biornn.biology import cortical_populations

    table = cortical_populations().head(3)
    for readout, freeze, kind in itertools.product(
        ("population", "dense"), (False, True), ("none", "one-shot")
    ):
        for law in ("projection", "exponentiated", None):
            options = {
                "populations": table.assign(n_units=[12, 4, 4]),
                "readout": readout,
                "freeze_readout": freeze,
                "dale": law,
                **pruning(kind),
            }
            name = f"cell types {law} {readout} freeze={freeze} {kind}"
            yield name, "CellTypeRNNRegressor", options, ("float32", True, 0)


def fit_and_go_on(estimator, options, kind):
    """Fit, go on by a warm start and by `partial_fit`; digest all weights and losses."""
    dtype, every_step, labels = kind
    X, y = data(dtype, every_step, labels)
    if estimator.startswith("CellType"):
        y = np.roll(X, -1, axis=1) if options["readout"] == "population" else y
        options = {key: value for key, value in options.items() if key != "n_units"}
    network = getattr(sk_biornn, estimator)(
        **{"n_units": N_UNITS, "max_iter": 3, "batch_size": 8, "random_state": 5, **options}
    )
    found = hashlib.sha256()
    note(found, network.fit(X, y))
    network.set_params(warm_start=True)
    note(found, network.fit(X, y))
    if not network.early_stopping:
        note(found, network.partial_fit(X, y))
    found.update(np.ascontiguousarray(network.predict(X)).tobytes())
    return found.hexdigest()[:16]


def note(found, network):
    for name in ("W_in_", "W_rec_", "b_rec_", "W_out_", "b_out_"):
        found.update(np.ascontiguousarray(getattr(network, name)).tobytes())
    found.update(np.array(network.loss_curve_).tobytes())


def table():
    digests = {}
    for name, estimator, options, kind in itertools.chain(
        dale_fits(), sparse_fits(), other_fits(), cell_type_fits()
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            digests[name] = fit_and_go_on(estimator, options, kind)
    return digests


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--compare", action="store_true")
    arguments = parser.parse_args()
    found = table()
    if not arguments.compare:
        arguments.file.write_text(json.dumps(found, indent=0))
        print(f"{len(found)} fits")
        return
    known = json.loads(arguments.file.read_text())
    differing = [name for name, value in known.items() if found.get(name) != value]
    print(f"{len(known)} fits, {len(differing)} differ")
    print("\n".join(differing))
    raise SystemExit(bool(differing))


if __name__ == "__main__":
    main()
