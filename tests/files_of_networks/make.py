"""Write the files of networks that must load for ever: run once per format, never again.

    python tests/files_of_networks/make.py

writes a folder for the present format. Beside each file stand trials and what the network said of
them when it was written. A new format gets a new folder, and the old ones stay as they are; what
is in this file may change with the package, what it has written may not.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.pipeline import make_pipeline

import sk_biornn
from sk_biornn import (
    CellTypeRNNClassifier,
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNClassifier,
    SpatialRNNRegressor,
)
from sk_biornn.baselines import ARBaseline, RidgeVAR
from sk_biornn.biology import RateCost, WeightCost
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.initializers import BioWeightInitializer
from sk_biornn.io._container import FORMAT
from sk_biornn.preprocessing import TrialScaler, TrialTargetRegressor
from sk_biornn.units import Connectome

HERE = Path(__file__).parent
N = 6  # units
SMALL = {"n_units": N, "max_iter": 2, "random_state": 0}


def trials(n_trials=8, n_steps=5, n_features=2, seed=0):
    return np.random.default_rng(seed).standard_normal((n_trials, n_steps, n_features))


def table():
    return pd.DataFrame(
        {"population": ["pyr", "pv"], "n_units": [4, 2], "sign": [1, -1], "area": ["V1", "V1"]}
    )


def wiring():
    weights = np.triu(np.ones((N, N)), 1) + np.eye(N, k=-1)
    return Connectome(weights, list("abcdef"), signs=[1, 1, 1, 1, -1, -1], types=list("ppppqq"))


def _smallest():
    return DaleRNNRegressor(n_units=3, max_iter=2)


def networks():
    """Return what is written by name: an estimator, its trials and its targets."""
    x = trials()
    late = x[:, :, 0].sum(axis=1) > 0
    counts = np.random.default_rng(1).poisson(2.0, x.shape).astype(float)
    events = counts * np.random.default_rng(2).gamma(2.0, 1.0, x.shape)
    words = np.where(late, "right", "left")
    per_step = (x[:, :, 0] > 0).astype(int)
    named = np.round(trials(40, 1, N, seed=3)[:, 0], 3)
    in_time = {"dt": 10.0, "tau": 30.0}
    return {
        "dale_classifier": (DaleRNNClassifier(**SMALL), x, words),
        "dale_classifier_static": (DaleRNNClassifier(**SMALL, n_static_steps=3), x[:, 0], late),
        "dale_classifier_per_step": (
            DaleRNNClassifier(**SMALL, two_classes="softmax", dale="exponentiated"),
            x,
            per_step,
        ),
        "dale_regressor": (
            DaleRNNRegressor(**SMALL, regularizer=[WeightCost(0.1), RateCost()], dale="abs"),
            x,
            x,
        ),
        "dale_regressor_last_step": (DaleRNNRegressor(**SMALL, activation="softplus"), x, x[:, -1]),
        "dale_regressor_single": (DaleRNNRegressor(**SMALL), x.astype(np.float32), x[:, -1, 0]),
        "physiology": (
            DaleRNNRegressor(
                **SMALL, **in_time, learn_tau=True, learn_slope=True, initial_state="per trial"
            ),
            x,
            x,
        ),
        "counts": (
            DaleRNNRegressor(**SMALL, observation="negative_binomial", recurrent_noise=0.1),
            x,
            counts,
        ),
        "events": (DaleRNNRegressor(**SMALL, observation="zero_inflated_gamma"), x, events),
        "calcium": (DaleRNNRegressor(**SMALL, **in_time, calcium_tau="learned"), x, x),
        "own_past": (
            DaleRNNRegressor(**SMALL, predict_increments=True, readout_skip="diagonal", horizon=2),
            x[:, :-1],
            x[:, 1:],
        ),
        "gains": (
            DaleRNNRegressor(**SMALL, connectome=wiring(), plasticity="type_gains"),
            x,
            x,
        ),
        "sparse": (
            DaleRNNRegressor(**SMALL, mask=sp.csr_array(np.eye(N, k=1) + np.eye(N)), sparse=True),
            x,
            x,
        ),
        "spatial_classifier": (SpatialRNNClassifier(**SMALL, coordinates=(3, 2, 1)), x, late),
        "spatial_regressor": (SpatialRNNRegressor(**SMALL), x, x),
        "cell_types_classifier": (
            CellTypeRNNClassifier(
                populations=table(), input_mask=None, max_iter=2, random_state=0, readout="dense"
            ),
            x,
            late,
        ),
        "cell_types_regressor": (
            CellTypeRNNRegressor(
                populations=table(),
                max_iter=2,
                random_state=0,
                pruning="top-prob",
                density=0.6,
                finetune_iter=1,
            ),
            x,
            x,
        ),
        "from_activity": (
            DaleRNNRegressor(
                **{**SMALL, "n_units": N},
                dale=None,
                recurrent_init=BioWeightInitializer().fit(np.corrcoef(named.T)),
            ),
            x,
            x,
        ),
        "seeds": (SeedEnsemble(_smallest(), n_seeds=2, random_state=0), x, x[:, -1]),
        "pipeline": (make_pipeline(TrialScaler(), DaleRNNRegressor(**SMALL)), x, x),
        "scaled_targets": (TrialTargetRegressor(DaleRNNRegressor(**SMALL)), x, x),
        "ar_baseline": (ARBaseline(order=1), x[:, :-1], x[:, 1:]),
        "var_baseline": (RidgeVAR(order=1), x[:, :-1], x[:, 1:]),
    }


def said_of(est, x):
    """What is compared: probabilities of classes, or predictions."""
    return est.predict_proba(x) if hasattr(est, "predict_proba") else est.predict(x)


def main():
    folder = HERE / f"format_{FORMAT}"
    folder.mkdir(exist_ok=True)
    for name, (est, x, y) in networks().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            est.fit(x, y)
        sk_biornn.save(est, folder / f"{name}.npz")
        np.savez(folder / f"{name}.said.npz", X=x, y=y, said=said_of(est, x))


if __name__ == "__main__":
    main()
