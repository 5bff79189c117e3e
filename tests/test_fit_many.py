"""Networks that learn side by side are what they would be alone."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import ACTIVATIONS, CONSTRAINTS, flip_flops
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNRegressor,
)
from sk_biornn.biology import cortical_populations
from sk_biornn.biology._prices import OfWeights, can_be_stacked
from sk_biornn.biology.regularizers import PENALTIES, Facts, WeightCost
from sk_biornn.core import DivergenceError, RNNParams, Stack
from sk_biornn.datasets import make_population_traces
from sk_biornn.ensemble import SeedEnsemble, fit_many
from sk_biornn.ensemble._lockstep import Lockstep, Member
from sk_biornn.estimators import Adam, _boundary

X, Y, LABELS, FAMILIES = flip_flops(24)
SMALL = {"n_units": 7, "max_iter": 3, "batch_size": 9}
WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")


def seeds_of(prototype, n=3):
    return [clone(prototype).set_params(random_state=seed) for seed in range(n)]


def assert_alike(many, alone, tolerance=1e-9):
    for one, other in zip(many, alone, strict=True):
        for name in WEIGHTS:
            np.testing.assert_allclose(
                getattr(one, name), getattr(other, name), rtol=0, atol=tolerance, err_msg=name
            )
        np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-9)
        assert one.n_iter_ == other.n_iter_
        np.testing.assert_array_equal(one.mask_, other.mask_)
        # What comes after is the same too: the generator and the optimiser's memory were kept.
        a, b = pickle.loads(pickle.dumps(one)), pickle.loads(pickle.dumps(other))
        if not one.early_stopping:
            np.testing.assert_allclose(
                a.partial_fit(X, FAMILIES[type(a)]).W_rec_,
                b.partial_fit(X, FAMILIES[type(b)]).W_rec_,
                rtol=0,
                atol=tolerance,
            )


def fit_both(prototype, n=3, **options):
    y = FAMILIES[type(prototype)]
    alone = [estimator.fit(X, y) for estimator in seeds_of(prototype, n)]
    many = fit_many(seeds_of(prototype, n), X, y, strategy="stacked", **options)
    return many, alone


# -------------------------------------------------------------- each is what it would be alone


@pytest.mark.parametrize("cls", FAMILIES)
def test_every_family(cls):
    many, alone = fit_both(cls(**SMALL))
    assert many.stacking_report["stack"].tolist() == [3, 3, 3]
    assert_alike(many, alone)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_every_law(name):
    many, alone = fit_both(DaleRNNRegressor(dale=CONSTRAINTS[name], **SMALL))
    assert_alike(many, alone)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_every_penalty(penalty):
    connectome = np.random.default_rng(0).random((7, 7))
    prototype = DaleRNNRegressor(
        regularizer=penalty, regu_strength=0.01, coordinates="grid", connectome=connectome, **SMALL
    )
    many, alone = fit_both(prototype)
    assert many.stacking_report["stack"].tolist() == [3, 3, 3]
    assert_alike(many, alone)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_transfer_function(activation):
    many, alone = fit_both(DaleRNNRegressor(activation=activation, dt=10, tau=25, **SMALL))
    assert_alike(many, alone)


@given(
    dale=st.sampled_from(["projection", "abs", "square", "exponentiated", "nonnegative", None]),
    regularizer=st.sampled_from([None, "weight", "spatial", "communicability", "rate"]),
    pruning=st.sampled_from([None, "top-prob", "magnitude"]),
    schedule=st.sampled_from(["one-shot", "cubic"]),
    early=st.booleans(),
    solver=st.sampled_from(["adam", "sgd"]),
    norm=st.sampled_from([None, 0.05]),
    bias=st.sampled_from([True, False, "double"]),
    rates=st.sampled_from(["constant", "cosine"]),
    readout_from=st.sampled_from(["state", "rate"]),
    frozen=st.sampled_from([(), ("W_in",), ("W_rec", "b_out")]),
    signs=st.sampled_from([None, "excitatory"]),
    masked=st.booleans(),
    n=st.integers(2, 4),
)
@settings(max_examples=25, deadline=None)
def test_anything_together(
    dale, regularizer, pruning, schedule, early, solver, norm, bias, rates, readout_from, frozen,
    signs, masked, n,
):  # fmt: skip
    prototype = SpatialRNNRegressor(
        dale=dale,
        regularizer=regularizer,
        regu_strength=0.01,
        pruning=pruning,
        density=None if pruning is None else 0.3,
        pruning_schedule=schedule,
        finetune_iter=2,
        recurrent_init="balanced" if dale else "auto",
        early_stopping=early,
        n_iter_no_change=1,
        solver=solver,
        max_grad_norm=norm,
        recurrent_bias=bias,
        learning_rate=rates,
        readout_from=readout_from,
        frozen=frozen,
        input_signs=signs,
        readout_signs=signs if dale != "nonnegative" else None,
        mask=np.random.default_rng(3).random((7, 7)) < 0.6 if masked else None,
        **SMALL,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many, alone = fit_both(prototype, n)
    assert_alike(many, alone)


def test_networks_may_differ_in_signs_masks_strengths_and_places():
    rng = np.random.default_rng(0)
    networks = [
        SpatialRNNRegressor(
            dale="projection",
            signs=rng.choice([-1, 1], 7),
            mask=rng.random((7, 7)) < 0.7,
            coordinates=rng.random((7, 3)),
            regu_strength=0.01 * k,
            random_state=k,
            **SMALL,
        )
        for k in range(4)
    ]
    alone = [clone(network).fit(X, Y) for network in networks]
    many = fit_many(networks, X, Y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [4] * 4
    assert_alike(many, alone)
    for network in many:
        assert (network.W_rec_[~network.mask_] == 0).all()
        assert (network.W_rec_ * network.signs_ >= 0).all()


@pytest.mark.parametrize("what", ["mask", "signs"])
def test_networks_may_differ_in_their_projections(what):
    x = np.concatenate([X, -X, X**2], axis=-1)
    rng = np.random.default_rng(0)
    networks = []
    for seed in range(3):
        own = {"input_mask": rng.random((7, 3)) < 0.5, "readout_mask": rng.random((1, 7)) < 0.5}
        if what == "signs":
            own = {"input_signs": rng.choice([-1, 1], 3), "readout_signs": rng.choice([-1, 1], 7)}
        networks.append(DaleRNNRegressor(random_state=seed, dale=None, **own, **SMALL))
    alone = [clone(network).fit(x, Y) for network in networks]
    many = fit_many(networks, x, Y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [3] * 3
    for one, other in zip(many, alone, strict=True):
        for name in WEIGHTS:
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9)


@pytest.mark.parametrize(
    "solver", ["adam", "sgd", Adam(1e-7, "keras")], ids=["adam", "sgd", "keras"]
)
def test_networks_may_have_other_learning_rates(solver):
    networks = [
        DaleRNNRegressor(
            learning_rate_init=rate, learning_rate=schedule, solver=solver, random_state=0, **SMALL
        )
        for rate in (1e-3, 1e-2)
        for schedule in ("constant", "cosine")
    ]
    alone = [clone(network).fit(X, Y) for network in networks]
    many = fit_many(networks, X, Y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [4] * 4
    assert_alike(many, alone)


def test_learning_rates_that_part_after_the_first_epoch():
    # The cosine begins at the constant rate: at first one rate serves both.
    networks = [
        DaleRNNRegressor(learning_rate=schedule, learning_rate_init=0.01, random_state=0, **SMALL)
        for schedule in ("constant", "cosine")
    ]
    alone = [clone(network).fit(X, Y) for network in networks]
    many = fit_many(networks, X, Y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [2, 2]
    assert_alike(many, alone)
    assert (networks[0].W_rec_ != networks[1].W_rec_).any()


def test_networks_may_learn_from_other_trials():
    folds = [np.arange(24)[k::3] for k in range(3)]
    networks = seeds_of(DaleRNNRegressor(**SMALL))
    weights = np.linspace(0.5, 2, 24)
    alone = [
        clone(network).fit(X[fold], Y[fold], sample_weight=weights[fold])
        for network, fold in zip(networks, folds, strict=True)
    ]
    many = fit_many(networks, X, Y, indices=folds, sample_weight=weights, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [3, 3, 3]
    assert_alike(many, alone)


def test_single_precision_stays_single():
    single, double = (DaleRNNRegressor(random_state=0, **SMALL) for _ in range(2))
    fit_many([single, clone(single).set_params(random_state=1)], X.astype(np.float32), Y)
    fit_many([double, clone(double).set_params(random_state=1)], X, Y)
    assert single.W_rec_.dtype == np.float32 and double.W_rec_.dtype == np.float64


def test_a_network_that_stops_early_leaves_the_stack():
    prototype = DaleRNNRegressor(early_stopping=True, n_iter_no_change=2, tol=0.02, **SMALL)
    prototype.set_params(max_iter=12)
    many, alone = fit_both(prototype, 5)
    assert len({network.n_iter_ for network in many}) > 1
    assert_alike(many, alone)


def test_those_that_stay_go_on_together():
    def stop(network):
        return network.random_state == 2 and network.n_iter_ == 1

    networks = seeds_of(DaleRNNRegressor(on_epoch=stop, **SMALL))
    members, reasons = [Member(network._epochs_of_fit(X, Y)) for network in networks], []

    def watch(wave):
        reasons.append([(member.reason, member.failed_together) for member in wave])

    Lockstep(lambda epoch: (9, ""), watch).run(members)
    assert [network.n_iter_ for network in networks] == [3, 3, 1]
    assert reasons == [[(None, False)] * 3] * 3


def test_warm_starts_go_on():
    networks, alone = seeds_of(DaleRNNRegressor(warm_start=True, **SMALL)), []
    for network in networks:
        network.fit(X, Y)
        alone.append(pickle.loads(pickle.dumps(network)).fit(X, Y))
    fit_many(networks, X, Y, strategy="stacked")
    assert networks[0].n_iter_ == 6
    assert_alike(networks, alone)


def test_callbacks_see_their_own_network():
    seen = {}

    def look(network):
        seen.setdefault(network.random_state, []).append(network.W_rec_.copy())
        return network.random_state == 1 and network.n_iter_ == 2

    many, _ = fit_both(DaleRNNRegressor(on_epoch=look, **SMALL))
    assert [network.n_iter_ for network in many] == [3, 2, 3]
    for seed, views in seen.items():
        half = len(views) // 2  # alone, then in the stack
        np.testing.assert_allclose(views[:half], views[half:], atol=1e-9)
        np.testing.assert_allclose(views[-1], many[seed].W_rec_)


# -------------------------------------------------------------- what cannot go together


OTHERWISE = {
    "law": {"dale": "square"},
    "frozen": {"frozen": ("W_in",)},
    "biases": {"recurrent_bias": "double"},
    "input signs": {"input_signs": "excitatory"},
    "read-out mask": {"readout_mask": np.arange(7)[None] % 2 == 0},
    "solver": {"solver": "sgd"},
    "epsilon": {"epsilon": 1e-3},
    "norm": {"max_grad_norm": 1e-3},
    "transfer function": {"activation": "relu"},
    "rectification": {"rectify": False},
    "leak": {"dt": 10, "tau": 40},
    "own leaks": {"dt": 10, "tau": np.linspace(20, 80, 7)},
    "read-out": {"dt": 10, "tau": 40, "readout_from": "rate"},
    "output": {"output_activation": "tanh"},
    "batches": {"batch_size": 12},
}


@pytest.mark.parametrize("otherwise", OTHERWISE)
def test_what_a_stack_shares_is_in_its_key(otherwise):
    plain = DaleRNNRegressor(**SMALL)
    if otherwise == "read-out":
        plain.set_params(dt=10, tau=40)
    networks = seeds_of(plain, 2) + seeds_of(clone(plain).set_params(**OTHERWISE[otherwise]), 2)
    alone = [clone(network).fit(X, Y) for network in networks]
    many = fit_many(networks, X, Y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [2] * 4
    assert_alike(many, alone)


def test_sizes_of_data_are_in_the_key():
    parts = [np.arange(24), np.arange(24), np.arange(9), np.arange(9)]
    networks = seeds_of(DaleRNNRegressor(**{**SMALL, "batch_size": 24}), 4)
    many = fit_many(networks, X, Y, indices=parts, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [2] * 4
    # Two kinds of estimators whose weights have one form.
    kinds = [*seeds_of(DaleRNNRegressor(**SMALL), 2), *seeds_of(DaleRNNClassifier(**SMALL), 2)]
    y = (Y[:, -1, 0] > 0).astype(int)
    alone = [clone(network).fit(X, y) for network in kinds]
    many = fit_many(kinds, X, y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [2] * 4
    for one, other in zip(many, alone, strict=True):
        np.testing.assert_allclose(one.W_rec_, other.W_rec_, rtol=0, atol=1e-9)


@pytest.mark.parametrize("solver", ["adam", Adam(1e-4, "keras")], ids=["adam", "keras"])
def test_networks_that_have_taken_more_steps_are_in_another_stack(solver):
    networks = seeds_of(DaleRNNRegressor(warm_start=True, solver=solver, **SMALL), 4)
    for network in networks[:2]:
        network.fit(X, Y)
    alone = [pickle.loads(pickle.dumps(network)).fit(X, Y) for network in networks]
    many = fit_many(networks, X, Y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [2] * 4
    assert_alike(many, alone)


class Momentum:
    """A solver of one's own."""

    def optimiser(self, parameters, learning_rate):
        return torch.optim.SGD(parameters, lr=learning_rate, momentum=0.9)


def test_what_cannot_be_stacked_is_fitted_alone_and_says_why():
    networks = seeds_of(DaleRNNRegressor(solver=Momentum(), **SMALL), 2)
    many = fit_many(networks, X, Y, strategy="stacked")
    assert many.stacking_report["reason"].tolist() == ["a solver of its own"] * 2
    assert_alike_weights(many, [clone(network).fit(X, Y) for network in networks])
    large = fit_many(seeds_of(DaleRNNRegressor(n_units=300, max_iter=1), 2), X, Y)
    assert large.stacking_report["reason"].str.startswith("large enough").all()
    mixed = [
        DaleRNNRegressor(random_state=0, **SMALL),
        DaleRNNRegressor(random_state=1, **{**SMALL, "n_units": 5}),
        LinearRegression(),
    ]
    flat = fit_many(mixed, X[:, -1], Y[:, -1, 0])
    assert flat.stacking_report["stack"].tolist() == [1, 1, 1]
    assert flat.stacking_report["reason"].tolist()[2] == (
        "LinearRegression is no network of this package"
    )
    assert hasattr(mixed[2], "coef_")


def assert_alike_weights(many, alone):
    for one, other in zip(many, alone, strict=True):
        np.testing.assert_array_equal(one.W_rec_, other.W_rec_)


def test_max_memory_cuts_stacks():
    prototype = DaleRNNRegressor(**SMALL)
    whole = fit_many(seeds_of(prototype, 6), X, Y, strategy="stacked", max_memory=1e9)
    parts = fit_many(seeds_of(prototype, 6), X, Y, strategy="stacked", max_memory=1e5)
    assert whole.stacking_report["stack"].max() == 6
    assert 1 <= parts.stacking_report["stack"].max() < 6
    assert_alike(parts, whole)


def test_jobs_share_the_networks():
    prototype = DaleRNNRegressor(**SMALL)
    one = fit_many(seeds_of(prototype, 5), X, Y, strategy="stacked")
    two = fit_many(seeds_of(prototype, 5), X, Y, strategy="stacked", n_jobs=2)
    assert sorted(two.stacking_report["stack"]) == [2, 2, 3, 3, 3]
    assert_alike(two, one)


# -------------------------------------------------------------- errors


def test_a_network_that_diverges_does_not_touch_the_others():
    def networks():
        # Weights beyond the range of numbers: its activity is infinite at once.
        huge = DaleRNNRegressor(
            random_state=9, recurrent_init=np.full((7, 7), 1e300), activation="relu", dale=None,
            **SMALL,
        )  # fmt: skip
        well = DaleRNNRegressor(activation="relu", dale=None, **SMALL)
        return [*seeds_of(well, 2), huge, *seeds_of(well, 1)]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = networks()
        with pytest.raises(DivergenceError, match="non-finite in epoch 1"):
            fit_many(many, X, Y, strategy="stacked")
        kept = fit_many(networks(), X, Y, strategy="stacked", errors="keep")
    assert list(kept.errors) == [2] and isinstance(kept.errors[2], DivergenceError)
    assert kept.stacking_report["stack"].tolist() == [4, 4, 4, 4]
    for fitted in (many, kept):
        assert not hasattr(fitted[2], "W_rec_")
        well = [fitted[0], fitted[1], fitted[3]]
        assert_alike(well, [clone(network).fit(X, Y) for network in well])


def test_a_network_that_is_refused_does_not_touch_the_others():
    networks = seeds_of(DaleRNNRegressor(**SMALL))
    networks[1].set_params(n_units=-1)
    with pytest.raises(ValueError, match=r"^n_units must be"):
        fit_many(networks, X, Y)
    assert hasattr(networks[0], "W_rec_") and hasattr(networks[2], "W_rec_")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"estimators": []}, ValueError, r"^estimators must be a list of at least one estimator"),
        ({"estimators": DaleRNNRegressor()}, TypeError, r"^estimators must be a list of at least"),
        ({"estimators": [DaleRNNRegressor]}, TypeError, r"^estimators must hold objects with a m"),
        ({"estimators": [3]}, TypeError, r"^estimators must hold objects with a method fit, got 3"),
        (
            {"indices": [[0, 1]]},
            ValueError,
            r"^indices must have one array per estimator, 2, got 1",
        ),
        ({"indices": [[0.5], [1]]}, TypeError, r"^indices must hold arrays of trial numbers"),
        ({"strategy": "stack"}, ValueError, r"^strategy must be one of"),
        ({"errors": None}, TypeError, r"^errors must be one of"),
        ({"max_memory": "1 GB"}, TypeError, r"^max_memory must be a number"),
        ({"max_memory": 0}, ValueError, r"^max_memory must be"),
        ({"n_jobs": 1.5}, TypeError, r"^n_jobs must be None or an integer"),
    ],
)
def test_careless_calls(options, error, message):
    estimators = options.pop("estimators", None)
    if estimators is None:
        estimators = seeds_of(DaleRNNRegressor(**SMALL), 2)
    with pytest.raises(error, match=message):
        fit_many(estimators, X, Y, **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"indices": 3}, TypeError, "^indices must be None or one array of trial numbers per est"),
        (
            {"indices": [[99]] * 2},
            ValueError,
            "^indices must be numbers of trials below 24, got 99",
        ),
        ({"n_jobs": 0}, ValueError, "^n_jobs must be a positive integer, a negative one or None"),
        ({"sample_weigth": 1}, TypeError, "^fit_params must be among .* got 'sample_weigth'"),
        ({"verbose": "x"}, TypeError, "^verbose must be an integer"),
        ({"device": "abacus"}, ValueError, "^device must be"),
    ],
)
def test_what_a_careless_user_says(options, error, message):
    networks = seeds_of(DaleRNNRegressor(**SMALL), 2)
    with pytest.raises(error, match=message):
        fit_many(networks, X, Y, **options)
    assert [network.device for network in networks] == ["cpu", "cpu"]


def test_a_network_that_is_refused_keeps_its_device():
    good, bad = DaleRNNRegressor(**SMALL), DaleRNNRegressor(**{**SMALL, "n_units": -1})
    fit_many([good, bad], X, Y, device="auto", errors="keep")
    assert (good.device, bad.device) == ("auto", "cpu")


def test_one_object_twice_is_refused():
    network = DaleRNNRegressor(**SMALL)
    with pytest.raises(ValueError, match=r"^estimators must be another object each, got one of"):
        fit_many([network, network], X, Y)


def test_an_interruption_keeps_what_is_finished():
    def stop(network):
        if network.random_state == 1 and network.n_iter_ == 2:
            raise KeyboardInterrupt
        return False

    networks = seeds_of(DaleRNNRegressor(on_epoch=stop, **{**SMALL, "max_iter": 50}))
    with pytest.warns(ConvergenceWarning, match="interrupted from the keyboard after epoch"):
        members = [Member(network._epochs_of_fit(X, Y)) for network in networks]
        Lockstep(lambda epoch: (9, ""), lambda wave: None).run(members)
    assert networks[1].n_iter_ == 2
    assert all(np.isfinite(network.W_rec_).all() for network in networks)


def interrupted_in_the_second(n_epochs):
    """Three networks; the keyboard strikes after the second epoch of the second one."""

    def stop(network):
        if network.random_state == 1 and network.n_iter_ == 2:
            raise KeyboardInterrupt
        return False

    return seeds_of(DaleRNNRegressor(on_epoch=stop, **{**SMALL, "max_iter": n_epochs}))


def test_an_interruption_ends_a_stack():
    networks = interrupted_in_the_second(200)
    with pytest.warns(ConvergenceWarning, match="interrupted from the keyboard") as warned:
        fit_many(networks, X, Y, strategy="stacked")
    assert [network.n_iter_ for network in networks] == [2, 2, 2]
    said = [str(each.message) for each in warned if each.category is ConvergenceWarning]
    assert [("keyboard after epoch 2: " in each) for each in said] == [True, True, True]


def test_an_interruption_ends_those_that_come_later():
    networks = interrupted_in_the_second(3)
    with (
        pytest.warns(ConvergenceWarning, match="interrupted from the keyboard after epoch 2: "),
        pytest.raises(KeyboardInterrupt),
    ):
        fit_many(networks, X, Y, strategy="alone")
    assert [network.n_iter_ for network in networks[:2]] == [3, 2]
    assert not hasattr(networks[2], "W_rec_")


def test_an_error_of_a_callback_comes_out():
    ensemble = SeedEnsemble(DaleRNNRegressor(on_epoch=lambda _: 1 / 0, **SMALL), n_seeds=2)
    with pytest.raises(ZeroDivisionError):
        ensemble.fit(X, Y)


class Plain:
    """A penalty of one's own that is no dataclass, and fails where it is told to."""

    def __init__(self, fails=False):
        self.fails = fails

    def bind(self, facts):
        def penalty(params, rates, weights):
            if self.fails:
                raise RuntimeError("no price")
            return 0.01 * params.w_rec.abs().sum()

        return penalty


def test_penalties_of_ones_own_go_together():
    many, alone = fit_both(DaleRNNRegressor(regularizer=Plain(), **SMALL))
    assert many.stacking_report["stack"].tolist() == [3, 3, 3]
    assert_alike(many, alone)
    assert (
        len(SeedEnsemble(DaleRNNRegressor(regularizer=Plain(), **SMALL), 2).fit(X, Y).seeds_) == 2
    )


def test_one_that_fails_within_a_stack_fails_alone():
    networks = seeds_of(DaleRNNRegressor(**SMALL))
    for k, network in enumerate(networks):
        network.set_params(regularizer=Plain(fails=k == 1))
    alone = [clone(networks[k]).fit(X, Y) for k in (0, 2)]
    many = fit_many(networks, X, Y, strategy="stacked", errors="keep")
    assert list(many.errors) == [1] and str(many.errors[1]) == "no price"
    assert_alike([many[0], many[2]], alone)


def test_ragged_weights_are_cut_with_their_trials():
    lengths = 5 + np.arange(24) % 3
    trials, targets = ([row[:n] for row, n in zip(a, lengths, strict=True)] for a in (X, Y))
    weights = [np.linspace(1, 2, n) for n in lengths]
    part = np.arange(0, 24, 2)
    network = DaleRNNRegressor(random_state=0, **SMALL)
    alone = clone(network).fit(*([a[k] for k in part] for a in (trials, targets, weights)))
    (many,) = fit_many([network], trials, targets, indices=[part], sample_weight=weights)
    np.testing.assert_array_equal(many.W_rec_, alone.W_rec_)


def test_foreign_estimators_and_devices():
    many = fit_many([Ridge(), LinearRegression()], X[:, -1], Y[:, -1, 0], device="cpu")
    assert not many.errors and hasattr(many[0], "coef_")


def test_trials_are_held_as_long_as_they_are_learned_from():
    alive = []

    def look(network):
        kept = _boundary._shared.get()
        alive.append(sum(array() is not None for array, _ in kept.values()))
        return False

    networks = seeds_of(DaleRNNRegressor(on_epoch=look, **SMALL), 6)
    fit_many(networks, X, Y, indices=[np.arange(24)] * 6, strategy="alone")
    assert set(alive) == {1}  # those of the one that learns


# -------------------------------------------------------------- what a GPU would compute


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("weighted", [False, True])
def test_penalties_of_a_stack_are_those_of_each(name, weighted):
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    n, M = 6, 3
    params = RNNParams(draw(M, n, 2), draw(M, n, n) - 0.5, draw(M, n), draw(M, 1, n), draw(M, 1))
    params = params.map(lambda tensor: tensor.requires_grad_())
    rates = (draw(M, 4, 5, n) - 0.4).requires_grad_()
    weights = draw(M, 4, 5) if weighted else None
    facts = [
        Facts(torch.ones(n, n, dtype=torch.bool), distances=draw(n, n), connectome=draw(n, n))
        for _ in range(M)
    ]
    prices = [PENALTIES[name].make_of({"strength": 0.1 + k, "emd_strength": 0.2 * k,
                                       "distance_power": 1.5}) for k in range(M)]  # fmt: skip
    together = Facts(*(None if f[0] is None else torch.stack(f) for f in zip(*facts, strict=True)))
    stacked = type(prices[0])._bind_stack(prices, together, rates)(params, rates, weights)
    each = []
    for k in range(M):
        bound, own = prices[k].bind(facts[k]), RNNParams(*(tensor[k] for tensor in params))
        seen = (own, rates[k], None if weights is None else weights[k])
        each.append(bound(own.w_rec) if isinstance(bound, OfWeights) else bound(*seen))
    alone = torch.stack(each)
    torch.testing.assert_close(stacked, alone, rtol=1e-10, atol=1e-12)
    wanted = (params.w_rec, rates)
    gradients = [
        torch.autograd.grad(value.sum(), wanted, allow_unused=True, retain_graph=True)
        for value in (stacked, alone)
    ]
    for a, b in zip(*gradients, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10)


# -------------------------------------------------------------- ensembles of seeds


@pytest.mark.parametrize("cls", [DaleRNNRegressor, DaleRNNClassifier])
def test_ensembles_by_every_strategy(cls):
    y = FAMILIES[cls]
    ensembles = [
        SeedEnsemble(cls(**SMALL), n_seeds=3, random_state=0, strategy=strategy).fit(X, y)
        for strategy in ("joblib", "auto", "stacked")
    ]
    for other in ensembles[1:]:
        assert_alike(other.estimators_, ensembles[0].estimators_)
        np.testing.assert_allclose(other.results_, ensembles[0].results_)
    with pytest.raises(ValueError, match=r"^strategy must be one of"):
        SeedEnsemble(cls(**SMALL), strategy="fast").fit(X, y)


# -------------------------------------------------------------- a stack that fails in the middle


@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_stack_that_fails_leaves_nothing_behind(monkeypatch, place):
    """Neither counts nor the stream of noise: alone, every network begins the epoch anew."""
    traces, targets = make_population_traces(24, random_state=0)
    prototype = CellTypeRNNRegressor(
        populations=cortical_populations(scaling=1), max_iter=3, batch_size=9, recurrent_noise=0.3
    )
    alone = [network.fit(traces, targets) for network in seeds_of(prototype)]
    step, count = Stack._step, iter(range(1000))

    def breaks(self, *arguments):
        if next(count) == place:
            raise RuntimeError("out of memory")
        return step(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Stack, "_step", breaks)
        many = fit_many(seeds_of(prototype), traces, targets, strategy="stacked")
    for one, other in zip(many, alone, strict=True):
        np.testing.assert_array_equal(one.W_rec_, other.W_rec_)
        np.testing.assert_array_equal(one.loss_per_population_, other.loss_per_population_)


def test_stacks_that_took_no_part_in_a_round_are_let_go():
    lockstep = Lockstep(lambda epoch: (9, ""), lambda wave: None)
    sizes = []
    compute = Lockstep._compute

    def counted(self, group):
        compute(self, group)
        sizes.append(len(self._kept))

    def stop(network):  # the first of the stack is the first to end
        return network.n_iter_ >= 1 + network.random_state

    networks = seeds_of(DaleRNNRegressor(on_epoch=stop, **{**SMALL, "max_iter": 9}), 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lockstep, "_compute", counted)
        lockstep.run([Member(network._epochs_of_fit(X, Y)) for network in networks])
    assert [network.n_iter_ for network in networks] == [1, 2, 3, 4]
    assert max(sizes) <= 2  # the new one beside the last round's, until that has ended


def test_a_penalty_that_binds_in_another_way_is_not_stacked_as_its_parent():
    class Twice(WeightCost):
        def bind(self, facts):
            price = super().bind(facts)
            return OfWeights(lambda weights: 2 * price(weights))

    class Renamed(WeightCost):
        pass

    assert can_be_stacked(WeightCost()) and can_be_stacked(Renamed())
    assert not can_be_stacked(Twice())
