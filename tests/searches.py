"""Small searches, and what it means that two of them have found the same."""

from __future__ import annotations

import numpy as np

from sk_biornn import SpatialRNNRegressor
from sk_biornn.datasets import make_flip_flop

X, Y = make_flip_flop(30, n_steps=8, random_state=0)
X, Y = X.astype(np.float64), Y.astype(np.float64)
LABELS = np.where(Y[:, -1, 0] > 0, "up", "down")
SMALL = {"n_units": 6, "max_iter": 3, "batch_size": 8, "random_state": 0}
GRID = {"regu_strength": [0.0, 0.01], "dale": ["projection", "abs", None]}


def network(**parameters):
    return SpatialRNNRegressor(**{**SMALL, **parameters})


def assert_same_search(stacked, plain):
    assert stacked.best_params_ == plain.best_params_ and stacked.best_index_ == plain.best_index_
    assert set(stacked.cv_results_) == set(plain.cv_results_)
    for name, values in plain.cv_results_.items():
        if name.endswith("_time"):
            continue
        found = stacked.cv_results_[name]
        if name == "params" or name.startswith("param_"):
            assert list(map(str, found)) == list(map(str, values))
        else:
            np.testing.assert_allclose(found, values, rtol=1e-8, err_msg=name)
    if hasattr(plain, "best_estimator_"):
        np.testing.assert_allclose(
            stacked.best_estimator_.W_rec_, plain.best_estimator_.W_rec_, atol=1e-10
        )
        assert type(stacked.best_estimator_) is type(plain.best_estimator_)
