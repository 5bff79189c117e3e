"""One seed, one result, whatever torch is set to and whichever backend fits: what users see."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNClassifier,
)
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.metrics import bio_scoring

WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")


@pytest.fixture
def restore_torch():
    n_threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    yield
    torch.set_num_threads(n_threads)
    torch.set_float32_matmul_precision(precision)
    torch.set_default_dtype(torch.float32)


def problem(n_features=3, dtype=np.float32, n_trials=120, n_steps=6):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_trials, n_steps, n_features)).astype(dtype)
    return X, np.arange(n_trials) % 3


def bits(estimator):
    return [getattr(estimator, name) for name in WEIGHTS] + [np.array(estimator.loss_curve_)]


def same(one, other):
    return all(map(np.array_equal, bits(one), bits(other)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_units", "n_features"), [(16, 40), (32, 1), (200, 33), (320, 2)])
def test_fits_and_predictions_on_one_two_and_four_threads(
    n_units, n_features, dtype, restore_torch
):
    X, y = problem(n_features, dtype)
    fitted, scores = [], []
    for n_threads in (1, 2, 4):
        torch.set_num_threads(n_threads)
        clf = DaleRNNClassifier(n_units=n_units, max_iter=3, random_state=0).fit(X, y)
        fitted.append(clf)
        scores.append(clf.decision_function(X))
        assert torch.get_num_threads() == n_threads
    assert all(same(fitted[0], other) for other in fitted[1:])
    assert all(np.array_equal(scores[0], other) for other in scores[1:])


def test_what_is_told_of_a_fit_is_the_same_on_any_number_of_threads(restore_torch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1600, 30, 2))
    told = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        reg = DaleRNNRegressor(
            n_units=200, regularizer="weight", early_stopping=True, validation_fraction=0.9,
            max_iter=1, random_state=0,
        ).fit(X, X)  # fmt: skip
        told.append((reg.validation_loss_curve_, reg.penalty_value()))
    assert told[0] == told[1]  # sums of tens of thousands of numbers


@pytest.mark.filterwarnings("ignore:connectome has no effect")
@pytest.mark.parametrize("regularizer", ["weight", "spatial", "communicability_emd"])
def test_penalties_sum_alike_on_any_number_of_threads(regularizer, restore_torch):
    X, y = problem()
    fitted = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        clf = SpatialRNNClassifier(
            n_units=200,
            coordinates=(10, 5, 4),
            connectome=np.ones((200, 200)) / 200,
            regularizer=regularizer,
            max_iter=2,
            random_state=0,
        )
        fitted.append(clf.fit(X, y))
    assert same(*fitted)


def test_pruned_and_sparse_networks_on_any_number_of_threads(restore_torch):
    X, _ = problem(4, n_steps=9)
    fitted = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        reg = DaleRNNRegressor(
            n_units=300,
            pruning="top-prob",
            density=0.03,
            max_iter=1,
            finetune_iter=2,
            recurrent_init="balanced",
            random_state=0,
        )
        fitted.append(reg.fit(X[:, :-1], X[:, 1:]))
    assert same(*fitted)


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ensembles_of_any_backend(backend, dtype):
    X, y = problem(dtype=dtype)
    network = DaleRNNClassifier(n_units=280, max_iter=1)
    serial = SeedEnsemble(network, n_seeds=3, random_state=0).fit(X, y)
    with joblib.parallel_config(backend=backend):
        parallel = SeedEnsemble(network, n_seeds=3, random_state=0, n_jobs=2).fit(X, y)
    assert all(map(same, serial.estimators_, parallel.estimators_))
    assert serial.results_.equals(parallel.results_)
    assert np.array_equal(serial.predict_proba(X), parallel.predict_proba(X))


def test_searches_of_any_number_of_jobs():
    X, y = problem(dtype=np.float64)
    search = GridSearchCV(
        DaleRNNClassifier(n_units=64, max_iter=2, random_state=0),
        {"learning_rate_init": [1e-3, 1e-2]},
        scoring={"accuracy": "accuracy", **bio_scoring("svd_entropy", "spectral_radius")},
        refit="accuracy",
        cv=2,
    )
    serial = search.fit(X, y).cv_results_
    parallel = search.set_params(n_jobs=2).fit(X, y).cv_results_
    for key in serial:
        if key.startswith("split"):
            assert np.array_equal(serial[key], parallel[key]), key


FORKED = """
    import multiprocessing, sys, warnings
    import joblib, numpy as np, torch
    from sk_biornn import DaleRNNClassifier
    from sk_biornn.ensemble import SeedEnsemble

    warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12 on: a fork with threads
    torch.set_num_threads(2)
    torch.rand(500, 500) @ torch.rand(500, 500)  # wakes the library's threads
    torch.rand(10**6).tanh().sum()
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((120, 6, 3)).astype("float32"), np.arange(120) % 3
    network = DaleRNNClassifier(n_units=280, max_iter=1)
    serial = SeedEnsemble(network, n_seeds=2, random_state=0).fit(X, y)
    with joblib.parallel_config(backend="multiprocessing"):
        forked = SeedEnsemble(network, n_seeds=2, random_state=0, n_jobs=2).fit(X, y)
    for one, other in zip(serial.estimators_, forked.estimators_):
        assert np.array_equal(one.W_rec_, other.W_rec_)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        parts = pool.map(serial.estimators_[0].decision_function, [X[:60], X[60:]])
    assert np.array_equal(parts[1], serial.estimators_[0].decision_function(X[60:]))
    assert torch.get_num_threads() == 2
    print("done")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.skipif(torch.cuda.is_available(), reason="torch refuses gradients in forks then")
def test_forked_workers_fit_and_predict():
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FORKED)], capture_output=True, text=True, timeout=300
    )
    assert run.stdout.strip() == "done", run.stderr[-2000:]


def test_dask_workers():
    distributed = pytest.importorskip("distributed")
    X, y = problem()
    network = DaleRNNClassifier(n_units=30, max_iter=1)
    serial = SeedEnsemble(network, n_seeds=2, random_state=0).fit(X, y)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        parallel = SeedEnsemble(network, n_seeds=2, random_state=0, n_jobs=2).fit(X, y)
    assert all(map(same, serial.estimators_, parallel.estimators_))


def test_what_torch_is_set_to_does_not_reach_a_fit(restore_torch):
    X, y = problem()

    def fit():
        clf = DaleRNNClassifier(n_units=140, max_iter=2, random_state=0).fit(X, y)
        return clf, clf.decision_function(X)

    plain, scores = fit()
    for setting in ("autocast", "medium", "float64"):
        with torch.autocast("cpu", enabled=setting == "autocast"):
            torch.set_float32_matmul_precision("medium" if setting == "medium" else "highest")
            torch.set_default_dtype(torch.float64 if setting == "float64" else torch.float32)
            other, other_scores = fit()
        assert same(plain, other), setting
        assert np.array_equal(scores, other_scores), setting


def test_a_failure_leaves_torch_as_it_was(restore_torch):
    torch.set_num_threads(2)
    X, y = problem()

    def stop(estimator):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        DaleRNNClassifier(n_units=8, max_iter=2, on_epoch=stop).fit(X, y)
    assert torch.get_num_threads() == 2
    assert np.float32(1e-42) * np.float32(1) != 0


def test_callbacks_see_torch_as_the_caller_has_it(restore_torch):
    torch.set_num_threads(2)
    X, _ = problem()
    seen = []

    def look(estimator):
        seen.append((torch.get_num_threads(), float(np.float32(1e-42) * np.float32(1)) != 0))

    CellTypeRNNRegressor(n_units=8, max_iter=2, on_epoch=look).fit(X[:, :-1], X[:, 1:])
    assert seen == [(2, True)] * 2
