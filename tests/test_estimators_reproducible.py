"""One seed, one result: in any process, in any order, whatever the global generators hold."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from problems import INITIAL_WEIGHTS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor

WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")
# All that draws numbers: weights, batches, two kinds of noise, the validation trials.
RANDOM = {
    "n_units": 9,
    "max_iter": 4,
    "batch_size": 7,
    "learning_rate_init": 0.02,
    "noise_level": 0.1,
    "recurrent_noise": 0.1,
    "dt": 10.0,
    "tau": 30.0,
    "early_stopping": True,
    "validation_fraction": 0.3,
}
SETTINGS = {
    "all": RANDOM,
    "plain": {"n_units": 9, "max_iter": 4, "batch_size": 7},
    "abs": {**RANDOM, "dale": "abs"},
    "exponentiated": {**RANDOM, "dale": "exponentiated", "solver": "sgd"},
    "not constrained": {**RANDOM, "dale": None},
}
every_setting = pytest.mark.parametrize("setting", SETTINGS)


def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 5, 3))
    return X, np.arange(30) % 3, rng.standard_normal((30, 5, 2))


def bits(estimator):
    """Return all bits of the weights and of the loss curve."""
    arrays = [getattr(estimator, name) for name in WEIGHTS] + [np.array(estimator.loss_curve_)]
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def fit_both(setting, random_state):
    X, labels, numbers = data()
    clf = DaleRNNClassifier(random_state=random_state, **SETTINGS[setting]).fit(X, labels)
    reg = DaleRNNRegressor(random_state=random_state, **SETTINGS[setting]).fit(X, numbers)
    return bits(clf), bits(reg)


@every_setting
def test_the_same_seed_gives_the_same_bits(setting):
    assert fit_both(setting, 3) == fit_both(setting, 3) == fit_both(setting, np.int64(3))
    assert len({fit_both(setting, seed)[0] for seed in range(4)}) == 4


def test_the_same_bits_in_worker_processes_and_threads():
    jobs = [*((setting, 0) for setting in SETTINGS), ("all", 1)]
    serial = [fit_both(*job) for job in jobs]
    for options in ({"n_jobs": 2}, {"n_jobs": 2, "backend": "threading"}):
        assert Parallel(**options)(delayed(fit_both)(*job) for job in jobs) == serial


def test_grid_search_is_the_same_with_one_and_two_workers():
    X, labels, _ = data()
    found = []
    for n_jobs in (1, 2):
        estimator = DaleRNNClassifier(random_state=5, **RANDOM)
        grid = {"learning_rate_init": [0.01, 0.1], "dale": ["projection", "square"]}
        search = GridSearchCV(estimator, grid, cv=2, n_jobs=n_jobs, error_score="raise")
        search.fit(X, labels)
        scores = search.cv_results_["mean_test_score"]
        found.append((search.best_params_, scores.tolist(), bits(search.best_estimator_)))
    assert found[0] == found[1]


def global_states():
    return (
        random.getstate(),
        [np.asarray(part).tobytes() for part in np.random.get_state()],
        torch.get_rng_state().numpy().tobytes(),
        torch.initial_seed(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
    )


@every_setting
def test_global_generators_are_neither_read_nor_advanced(setting):
    X, labels, numbers = data()
    found = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        before = global_states()
        options = {**SETTINGS[setting], "early_stopping": False, "random_state": 0}
        found.append(fit_both(setting, 0))
        clf = DaleRNNClassifier(**options).fit(X, labels).partial_fit(X, labels)
        reg = DaleRNNRegressor(**options).fit(X, numbers).partial_fit(X, numbers)
        for est, y in ((clf, labels), (reg, numbers)):
            est.predict(X)
            est.hidden_states(X)
            est.score(X, y)
        clf.predict_proba(X)
        DaleRNNClassifier(**SETTINGS[setting]).fit(X, labels)  # seeded by the system
        assert global_states() == before
        found[-1] += (bits(clf), bits(reg))
    assert found[0] == found[1]


@pytest.mark.parametrize("init", INITIAL_WEIGHTS)
def test_every_initialiser_draws_from_the_seed_alone(init):
    X, labels, _ = data()
    dale = "projection" if init in ("dale_orthogonal", "dale_gaussian", "balanced") else None
    options = {"n_units": 9, "max_iter": 1, "recurrent_init": init, "dale": dale}
    before = global_states()
    weights = [
        bits(DaleRNNClassifier(random_state=seed, **options).fit(X, labels)) for seed in (0, 0, 1)
    ]
    assert global_states() == before
    assert weights[0] == weights[1] != weights[2]


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_is_advanced_by_a_fit(make):
    generator = make(7)
    first, second = fit_both("all", generator), fit_both("all", generator)
    assert first != second
    again = make(7)
    assert (fit_both("all", again), fit_both("all", again)) == (first, second)


def test_the_modes_of_torch_do_not_matter():
    """A notebook that has changed torch's defaults gets the same network."""
    expected = fit_both("all", 0)
    for mode in (torch.no_grad(), torch.inference_mode()):
        with mode:
            assert fit_both("all", 0) == expected
    torch.set_default_dtype(torch.float64)
    try:
        assert fit_both("all", 0) == expected
    finally:
        torch.set_default_dtype(torch.float32)


def test_none_draws_anew():
    assert fit_both("plain", None) != fit_both("plain", None)


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_clones_start_from_the_same_state_of_a_generator(make):
    X, labels, _ = data()
    base = DaleRNNClassifier(random_state=make(7), **RANDOM)
    first, second = clone(base), clone(base)
    assert bits(first.fit(X, labels)) == bits(second.fit(X, labels))


@every_setting
def test_a_fit_leaves_no_trace_in_the_next(setting):
    X, labels, _ = data()
    fresh = DaleRNNClassifier(random_state=0, **SETTINGS[setting]).fit(X, labels)
    used = DaleRNNClassifier(random_state=0, **SETTINGS[setting])
    used.fit(X[:20, :3, :2], labels[:20] % 2).predict(X[:4, :, :2])
    assert bits(used.fit(X, labels)) == bits(fresh)
    assert used.n_iter_ == fresh.n_iter_
    assert used.validation_scores_ == fresh.validation_scores_


def test_a_fit_that_was_refused_can_be_repeated():
    X, labels, _ = data()
    fresh = DaleRNNClassifier(random_state=0, **RANDOM).fit(X, labels)
    broken = DaleRNNClassifier(random_state=0, **RANDOM)
    infinite = np.where(X > 2, np.inf, X)
    for bad, y in ((X[:, :0], labels), (X[:20], labels), (infinite, labels), (X, labels * 0)):
        with pytest.raises(ValueError):
            broken.fit(bad, y)
    assert bits(broken.fit(X, labels)) == bits(fresh)
