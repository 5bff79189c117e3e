"""On a GPU: the numbers of the processor, recorded steps, equal bits in two runs."""

from __future__ import annotations

import gc
import warnings

import numpy as np
import pytest
import torch
from problems import ACTIVATIONS, CONSTRAINTS, PENALTY_NAMES, flip_flops
from sklearn.base import clone

from sk_biornn import (
    DaleRNNRegressor,
)
from sk_biornn.core import DivergenceError
from sk_biornn.core.recording import Recording
from sk_biornn.ensemble import SeedEnsemble, fit_many
from sk_biornn.estimators import Adam
from sk_biornn.model_selection import StackedGridSearchCV

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here"),
]

X, Y, LABELS, FAMILIES = flip_flops(40)
SMALL = {"n_units": 9, "max_iter": 3, "batch_size": 9, "random_state": 0}
WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")


@pytest.fixture(autouse=True)
def every_step_is_recorded(request):
    """Have a recording that gives up fail the test; a test may say that it expects it."""
    if "gives_up" not in request.keywords:
        warnings.filterwarnings("error", message="A training step could not be recorded")


def assert_alike(one, other, tolerance=1e-9):
    for name in WEIGHTS:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=0, atol=tolerance, err_msg=name
        )
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-7)
    assert one.n_iter_ == other.n_iter_
    np.testing.assert_array_equal(one.mask_, other.mask_)


def fit_both(prototype, y=Y, X=X):
    cpu = clone(prototype).fit(X, y)
    gpu = clone(prototype).set_params(device="cuda").fit(X, y)
    return cpu, gpu


@pytest.mark.parametrize("cls", FAMILIES)
def test_every_family(cls):
    y = FAMILIES[cls]
    cpu, gpu = fit_both(cls(**SMALL), y)
    assert_alike(cpu, gpu)
    predict = "predict_proba" if hasattr(cpu, "predict_proba") else "predict"
    np.testing.assert_allclose(getattr(cpu, predict)(X), getattr(gpu, predict)(X), atol=1e-9)
    np.testing.assert_allclose(cpu.score(X, y), gpu.score(X, y), atol=1e-9)
    cpu.partial_fit(X, y), gpu.partial_fit(X, y)
    assert_alike(cpu, gpu)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_every_law(name):
    cpu, gpu = fit_both(DaleRNNRegressor(dale=CONSTRAINTS[name], **SMALL))
    assert_alike(cpu, gpu)
    assert np.array_equal(np.sign(cpu.W_rec_), np.sign(gpu.W_rec_))


@pytest.mark.parametrize("penalty", PENALTY_NAMES)
def test_every_penalty(penalty):
    connectome = np.random.default_rng(0).random((9, 9))
    prototype = DaleRNNRegressor(
        regularizer=penalty, regu_strength=0.01, coordinates="grid", connectome=connectome, **SMALL
    )
    assert_alike(*fit_both(prototype))
    networks = [clone(prototype).set_params(device="cuda", random_state=k) for k in range(3)]
    stacked = fit_many(networks, X, Y)
    assert stacked.stacking_report["stack"].tolist() == [3, 3, 3]
    for k, network in enumerate(stacked):
        assert_alike(clone(prototype).set_params(random_state=k).fit(X, Y), network)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_transfer_function(activation):
    assert_alike(*fit_both(DaleRNNRegressor(activation=activation, dt=10, tau=25, **SMALL)))


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "sgd"},
        {"solver": Adam(1e-7, "keras")},
        {"max_grad_norm": 0.05},
        {"early_stopping": True, "n_iter_no_change": 1},
        {"pruning": "top-prob", "density": 0.3, "finetune_iter": 3, "recurrent_init": "balanced"},
        {"recurrent_bias": "double"},
        {"frozen": ("W_in",)},
        {"input_signs": "excitatory", "readout_signs": "excitatory"},
        {"learning_rate": "cosine"},
        {"sample_weight": np.linspace(0.5, 2, 40)},
    ],
    ids=str,
)
def test_what_else_a_fit_can_do(options):
    options = dict(options)
    weights = options.pop("sample_weight", None)
    prototype = DaleRNNRegressor(**{**SMALL, **options})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="density")
        cpu = clone(prototype).fit(X, Y, sample_weight=weights)
        gpu = clone(prototype).set_params(device="cuda").fit(X, Y, sample_weight=weights)
        assert_alike(cpu, gpu)
        networks = [clone(prototype).set_params(device="cuda", random_state=k) for k in range(3)]
        fit_many(networks, X, Y, sample_weight=weights)
        assert_alike(cpu, networks[0])


def test_trials_of_unequal_length():
    ragged_x = [x[: 4 + k % 5] for k, x in enumerate(X)]
    ragged_y = [y[: 4 + k % 5] for k, y in enumerate(Y)]
    assert_alike(*fit_both(DaleRNNRegressor(**SMALL), ragged_y, ragged_x))


@pytest.mark.parametrize("options", [{}, {"recurrent_noise": 0.1, "noise_level": 0.1}], ids=str)
def test_two_runs_give_the_same_bits(options):
    def fit():
        network = DaleRNNRegressor(n_units=64, max_iter=4, random_state=0, device="cuda", **options)
        return network.fit(X.astype(np.float32), Y.astype(np.float32))

    one, other = fit(), fit()
    for name in WEIGHTS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    seeds = [
        SeedEnsemble(
            DaleRNNRegressor(n_units=64, max_iter=4, device="cuda"), n_seeds=5, random_state=0
        ).fit(X, Y)
        for _ in range(2)
    ]
    for a, b in zip(seeds[0].estimators_, seeds[1].estimators_, strict=True):
        np.testing.assert_array_equal(a.W_rec_, b.W_rec_)


def test_noise_goes_on_where_it_was():
    options = {**SMALL, "recurrent_noise": 0.2, "device": "cuda", "batch_size": 10}
    whole = DaleRNNRegressor(**options).set_params(max_iter=6).fit(X, Y)
    states = []

    def keep(network):
        if network.n_iter_ == 3:
            states.append(clone_of(network))

    first = DaleRNNRegressor(**options).set_params(max_iter=6, on_epoch=keep)
    first.fit(X, Y)
    assert np.array_equal(first.W_rec_, whole.W_rec_)
    going_on = states[0].set_params(on_epoch=None, max_iter=3, warm_start=True).fit(X, Y)
    np.testing.assert_allclose(going_on.W_rec_, whole.W_rec_, rtol=0, atol=1e-12)


def clone_of(network):
    import pickle

    callback = network.on_epoch
    network.on_epoch = None
    twin = pickle.loads(pickle.dumps(network))
    network.on_epoch = callback
    return twin


def test_a_network_that_diverges():
    wild = DaleRNNRegressor(
        **{**SMALL, "solver": "sgd", "learning_rate_init": 1e200, "device": "cuda"}
    )
    tame = clone(wild).set_params(learning_rate_init=1e-3)
    expected = clone(tame).set_params(device="cpu").fit(X, Y)
    with pytest.raises(DivergenceError, match="non-finite in epoch 1"):
        clone(wild).fit(X, Y)
    fitted = fit_many([wild, tame], X, Y, errors="keep")
    assert list(fitted.errors) == [0]
    assert_alike(tame, expected)


@pytest.mark.gives_up
def test_a_penalty_that_waits_for_the_device_runs_as_it_is():
    class Waits:
        recordable = True

        def bind(self, facts):
            return lambda w_rec: w_rec.abs().sum() * (0.01 if w_rec.sum().item() > 0 else 0.02)

    prototype = DaleRNNRegressor(regularizer=Waits(), **SMALL)
    cpu = clone(prototype).fit(X, Y)
    with pytest.warns(RuntimeWarning, match="could not be recorded"):
        gpu = clone(prototype).set_params(device="cuda").fit(X, Y)
    assert_alike(cpu, gpu)
    assert_alike(*fit_both(DaleRNNRegressor(**SMALL)))  # the device is as it was


def test_a_step_is_recorded_once_per_size_of_batch(monkeypatch):
    recorded = []
    record = Recording._record
    monkeypatch.setattr(
        Recording, "_record", lambda self, f, i: recorded.append(len(i)) or record(self, f, i)
    )
    DaleRNNRegressor(**{**SMALL, "device": "cuda", "max_iter": 5}).fit(X, Y)
    assert sorted(recorded) == [4, 9]  # 40 trials by 9


def test_a_fit_leaves_no_memory_behind():
    def held():
        return torch.cuda.memory_allocated()

    gc.collect()
    gc.disable()  # by counting alone: what waits for the collector may wait for long
    try:
        before = held()
        DaleRNNRegressor(**{**SMALL, "device": "cuda", "n_units": 200}).fit(X, Y)
        networks = [
            DaleRNNRegressor(**{**SMALL, "device": "cuda", "n_units": 200, "random_state": k})
            for k in range(4)
        ]
        fit_many(networks, X, Y)
        assert held() - before < 2**20
    finally:
        gc.enable()


def test_a_search_side_by_side():
    network = DaleRNNRegressor(**{**SMALL, "device": "cuda"}, regularizer="weight")
    search = StackedGridSearchCV(network, {"regu_strength": [0.0, 1e-3, 1e-2]}, cv=3).fit(X, Y)
    assert search.stacking_report_["stack"].min() == 3  # folds of 26 and of 27 trials
    cpu = StackedGridSearchCV(
        network.set_params(device="cpu"), {"regu_strength": [0.0, 1e-3, 1e-2]}, cv=3
    ).fit(X, Y)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], cpu.cv_results_["mean_test_score"], atol=1e-6
    )


def test_rounded_products_are_the_users_choice():
    x = X.astype(np.float32)
    big = DaleRNNRegressor(n_units=128, max_iter=2, random_state=0, device="cuda")
    exact = clone(big).fit(x, Y).W_rec_
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        rounded = clone(big).fit(x, Y).W_rec_
    finally:
        torch.set_float32_matmul_precision(before)
    assert 0 < np.abs(exact - rounded).max() < 1e-2
