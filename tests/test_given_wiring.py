"""A connectome is the wiring, or it is said what it is not."""

from __future__ import annotations

import warnings

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV

from sk_biornn import (
    CellTypeRNNClassifier,
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNClassifier,
    SpatialRNNRegressor,
)
from sk_biornn.biology import CommunicabilityEMD, WiringCost
from sk_biornn.datasets import read_connectome
from sk_biornn.estimators._wiring_told import _radius_if_large
from sk_biornn.initializers import ConnectomeInitializer
from sk_biornn.inspection import silence
from sk_biornn.units import Connectome

N = 24
RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(2.0, (N, N)) * (RNG.random((N, N)) < 0.3)
SIGNS = np.where(RNG.random(N) < 0.6, 1.0, -1.0)
NAMES = [f"N{k}" for k in range(N)]
X = RNG.standard_normal((12, 6, 3))
Y = np.arange(12) % 2
KNOWN = Connectome(COUNTS, NAMES, SIGNS, types=["a", "b"] * (N // 2))
UNSIGNED = Connectome(COUNTS, NAMES)
SPARSE = Connectome(sp.csr_array(COUNTS), NAMES, SIGNS)
SMALL = {"n_units": N, "max_iter": 2, "random_state": 0}
FAMILIES = [DaleRNNClassifier, CellTypeRNNClassifier]


def said_by(network):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network.fit(X, Y)
    return [str(warning.message) for warning in caught]


def dense(matrix):
    return matrix.toarray() if sp.issparse(matrix) else matrix


# ------------------------------------------------------------------ a connectome is the wiring


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("wiring", [KNOWN, SPARSE], ids=["dense", "sparse"])
@pytest.mark.parametrize("stored", [False, True])
def test_a_connectome_whose_synapses_learn_is_the_mask_with_its_signs_and_names(
    family, wiring, stored
):
    found = family(connectome=wiring, sparse=stored, **SMALL).fit(X, Y)
    expected = family(mask=wiring, sparse=stored, **SMALL).fit(X, Y)
    assert_array_equal(dense(found.W_rec_), dense(expected.W_rec_))
    assert_array_equal(dense(found.mask_), COUNTS != 0)
    assert_array_equal(found.signs_, SIGNS)
    assert (dense(found.W_rec_)[COUNTS == 0] == 0).all()
    assert (dense(found.W_rec_) * SIGNS >= 0).all()
    assert found.unit_names_ == expected.unit_names_ == tuple(NAMES)


def test_every_plasticity_of_a_search_has_the_same_wiring():
    network = DaleRNNClassifier(connectome=KNOWN, spectral_radius=0.9, **SMALL)
    kinds = ["synapses", "type_gains", "unit_gains", "none"]
    for kind in kinds:
        network.set_params(plasticity=kind).fit(X, Y)
        assert_array_equal(network.mask_, COUNTS != 0)
        assert_array_equal(network.signs_, SIGNS)
    search = GridSearchCV(network, {"plasticity": kinds[:2]}, cv=2).fit(X, Y)
    assert (search.best_estimator_.W_rec_[COUNTS == 0] == 0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_connectome_without_names_is_the_wiring_in_its_order(family):
    found = family(connectome=COUNTS, signs=SIGNS, **SMALL).fit(X, Y)
    expected = family(mask=COUNTS != 0, signs=SIGNS, **SMALL).fit(X, Y)
    assert_array_equal(found.W_rec_, expected.W_rec_)


@pytest.mark.parametrize("stored", [False, True])
def test_a_mask_beside_the_connectome_holds_too(stored):
    order = np.random.default_rng(1).permutation(N)
    allowed = np.random.default_rng(2).random((N, N)) < 0.5
    mask = pd.DataFrame(allowed, NAMES, NAMES).iloc[order, order]
    found = DaleRNNClassifier(mask=mask, connectome=KNOWN, sparse=stored, **SMALL).fit(X, Y)
    assert found.unit_names_ == tuple(NAMES[k] for k in order)
    both = (allowed & (COUNTS != 0))[np.ix_(order, order)]
    assert_array_equal(dense(found.mask_), both)
    assert_array_equal(found.signs_, SIGNS[order])
    assert (dense(found.W_rec_)[~both] == 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mask": COUNTS == 0}, "^mask must have synapses in common with connectome, .* got none;"),
        (
            {"signs": SIGNS * np.where(np.arange(N) < 3, -1, 1)},
            "^signs must agree with those of connectome, .* for 3 of 24 units; mask=connectome",
        ),
        (
            {"mask": Connectome(COUNTS, NAMES, -SIGNS)},
            "^signs must agree with those of connectome, .* for 24 of 24 units;",
        ),
        (
            {"connectome": COUNTS * SIGNS, "signs": np.ones(N)},
            rf"^signs must agree .* for {int((SIGNS < 0).sum())} of 24 units;",
        ),
        (
            {"connectome": sp.csr_array(COUNTS * SIGNS), "signs": np.ones(N)},
            rf"^signs must agree .* for {int((SIGNS < 0).sum())} of 24 units;",
        ),
        ({"dale": "nonnegative"}, "^signs must not contain -1"),
        ({"connectome": np.ones((3, 3))}, r"^connectome must have shape \(24, 24\), got \(3, 3\)"),
    ],
)
def test_a_contradiction_of_the_wiring_is_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        DaleRNNClassifier(**{**SMALL, "connectome": KNOWN, **arguments}).fit(X, Y)


def test_signs_of_another_order_are_compared_by_name():
    order = np.random.default_rng(3).permutation(N)
    mask = pd.DataFrame(COUNTS != 0, NAMES, NAMES).iloc[order, order]
    signs = pd.Series(SIGNS, NAMES)
    found = DaleRNNClassifier(mask=mask, connectome=KNOWN, signs=signs, **SMALL).fit(X, Y)
    assert_array_equal(found.signs_, SIGNS[order])
    signs["N5"] *= -1
    with pytest.raises(ValueError, match="got the other sign for 1 of 24 units"):
        DaleRNNClassifier(mask=mask, connectome=KNOWN, signs=signs, **SMALL).fit(X, Y)


@pytest.mark.parametrize("wiring", [KNOWN, SPARSE], ids=["dense", "sparse"])
def test_a_silenced_network_keeps_its_wiring(wiring):
    network = DaleRNNClassifier(connectome=wiring, sparse=wiring is SPARSE, **SMALL).fit(X, Y)
    silent = silence(network, "N3").fit(X, Y)
    left = COUNTS != 0
    left[3], left[:, 3] = False, False
    assert_array_equal(dense(silent.mask_)[:, 3], False)
    assert not (dense(silent.mask_) & (COUNTS == 0)).any() and dense(silent.mask_)[left].all()
    assert_array_equal(silent.signs_, SIGNS)


def test_free_weights_keep_the_synapses_of_the_connectome():
    free = DaleRNNClassifier(connectome=KNOWN, signs=-SIGNS, dale=None, **SMALL).fit(X, Y)
    assert_array_equal(free.mask_, COUNTS != 0)
    assert (free.W_rec_ * SIGNS < 0).any()


def test_populations_must_have_the_signs_of_the_connectome():
    table = pd.DataFrame({"population": ["E", "I"], "n_units": [N - 4, 4], "sign": [1, -1]})
    options = {"populations": table, "max_iter": 1, "random_state": 0}
    fitting = Connectome(COUNTS, NAMES, np.repeat([1, -1], [N - 4, 4]))
    traces = RNG.standard_normal((4, 5, 2))
    network = CellTypeRNNRegressor(connectome=fitting, **options).fit(traces, traces)
    assert_array_equal(network.mask_, COUNTS != 0)
    with pytest.raises(ValueError, match=r"^signs must agree with those of connectome"):
        CellTypeRNNRegressor(connectome=KNOWN, **options).fit(traces, traces)


@pytest.mark.parametrize(
    "penalty", ["communicability_emd", CommunicabilityEMD(), [WiringCost(), CommunicabilityEMD()]]
)
def test_the_target_of_a_penalty_is_no_wiring(penalty):
    options = {**SMALL, "regularizer": penalty, "coordinates": "grid", "signs": SIGNS}
    for family in (DaleRNNClassifier, SpatialRNNClassifier):
        network = family(connectome=KNOWN, dale="projection", **options)
        assert said_by(network) == []
        assert network.mask_.all()


def test_a_penalty_of_ones_own_may_read_the_connectome():
    class Near(WiringCost):
        def bind(self, facts):
            return lambda W: (W - facts.connectome).square().sum() * 1e-3

    network = DaleRNNClassifier(connectome=KNOWN, regularizer=Near(), signs=SIGNS, **SMALL)
    assert network.fit(X, Y).mask_.all()


@pytest.mark.parametrize("penalty", ["spatial", "weight", None])
def test_a_connectome_that_nothing_reads_is_told_in_space(penalty):
    network = SpatialRNNClassifier(connectome=KNOWN, regularizer=penalty, **SMALL)
    (said,) = said_by(network)
    assert said.startswith("connectome has no effect on this network") and "mask= takes" in said
    plain = SpatialRNNClassifier(regularizer=penalty, **SMALL).fit(X, Y)
    assert_array_equal(network.W_rec_, plain.W_rec_)
    network.set_params(plasticity="none", spectral_radius=0.9)
    assert said_by(network) == []
    assert_array_equal(network.mask_, COUNTS != 0)


@pytest.mark.parametrize("family", [*FAMILIES, SpatialRNNClassifier])
@pytest.mark.parametrize("kind", ["type_gains", "unit_gains", "none"])
def test_a_connectome_beside_another_wiring_is_told(family, kind):
    options = {**SMALL, "plasticity": kind, "signs": SIGNS, "spectral_radius": 0.9}
    network = family(connectome=KNOWN, recurrent_init=COUNTS * SIGNS, **options)
    expected = f"and recurrent_init is the wiring (plasticity={kind!r}); mask= takes its synapses."
    if kind == "type_gains":
        assert said_by(network) == []  # which takes the types of the connectome
        network.set_params(blocks=np.arange(N) % 2)
    (said,) = said_by(network)
    assert said.startswith("connectome has no effect on this network") and said.endswith(expected)
    assert said_by(network.set_params(connectome=None)) == []


# ------------------------------------------------------------------ signs that nobody knows


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("name", "wiring"),
    [
        ("connectome", UNSIGNED),
        ("connectome", UNSIGNED.to_frame()),
        ("mask", UNSIGNED),
        ("mask", nx.DiGraph(UNSIGNED.to_networkx())),
    ],
)
def test_guessed_signs_of_named_neurons_are_told(family, name, wiring):
    network = family(**{name: wiring}, **SMALL)
    (said,) = said_by(network)
    assert said == (
        f"signs are guessed, since {name} does not know any: the first 19 of 24 neurons are taken "
        "as excitatory (excitatory_fraction=0.8), the others as inhibitory; signs= says them, and "
        "0 leaves a unit free."
    )
    assert_array_equal(network.signs_, np.repeat([1, -1], [19, 5]))
    for way in ({"signs": SIGNS}, {"signs": np.zeros(N)}, {"dale": None}):
        assert said_by(family(**{**SMALL, name: wiring, **way})) == []


def test_guessed_signs_of_an_initializer_and_of_a_target_are_told():
    options = {**SMALL, "spectral_radius": 0.9, "plasticity": "unit_gains"}
    (said,) = said_by(DaleRNNClassifier(recurrent_init=UNSIGNED, **options))
    assert said.startswith("signs are guessed, since recurrent_init does not know any")
    target = {"connectome": KNOWN, "regularizer": "communicability_emd", "coordinates": "grid"}
    (said,) = said_by(DaleRNNClassifier(**target, **SMALL))
    assert said.startswith("signs are guessed, since the signs of connectome are not read here")
    assert said.endswith("signs= takes the Connectome itself.")
    assert said_by(DaleRNNClassifier(**target, **SMALL, signs=KNOWN)) == []


@pytest.mark.parametrize("name", ["mask", "connectome"])
def test_signs_of_a_graph_are_not_read_and_this_is_told(name):
    graph = KNOWN.to_networkx()
    (said,) = said_by(DaleRNNClassifier(**{name: graph}, **SMALL))
    assert said.startswith(f"signs are guessed, since the signs of {name} are not read here")
    assert said.endswith("signs= takes read_connectome(graph).")
    read = DaleRNNClassifier(**{name: graph}, signs=read_connectome(graph), **SMALL).fit(X, Y)
    assert_array_equal(read.signs_, SIGNS)


def test_a_fit_that_goes_on_says_it_no_more():
    network = DaleRNNClassifier(mask=UNSIGNED, warm_start=True, **SMALL)
    assert len(said_by(network)) == 1
    assert said_by(network) == []


def test_plain_arrays_say_nothing():
    assert said_by(DaleRNNClassifier(mask=COUNTS != 0, **SMALL)) == []
    assert said_by(DaleRNNClassifier(connectome=COUNTS, **SMALL)) == []


# ------------------------------------------------------------------ wirings that explode


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("kind", ["type_gains", "unit_gains", "none"])
def test_a_radius_with_which_activity_explodes_is_told(kind, stored):
    radius = np.abs(np.linalg.eigvals(COUNTS * SIGNS)).max()
    assert radius > 2
    wiring = Connectome(sp.csr_array(COUNTS) if stored else COUNTS, NAMES, SIGNS, types=KNOWN.types)
    network = DaleRNNClassifier(connectome=wiring, plasticity=kind, sparse=stored, **SMALL)
    (said,) = said_by(network)
    assert said == (
        f"spectral_radius should be given with plasticity={kind!r}, since the weights of this "
        f"wiring have a radius of about {radius:.2g}, with which activity saturates or explodes; "
        "spectral_radius=0.9 scales them."
    )
    assert said_by(network.set_params(spectral_radius=0.9)) == []
    shares = ConnectomeInitializer().fit(wiring)  # each row adds up to 1
    network.set_params(spectral_radius=None, connectome=None, recurrent_init=shares, mask=wiring)
    assert said_by(network) == []


def test_the_estimate_of_a_large_radius_is_near():
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((600, 600)) * (rng.random((600, 600)) < 0.05)
    exact = np.abs(np.linalg.eigvals(weights)).max()
    for form in (weights, sp.csr_array(weights)):
        assert abs(_radius_if_large(form) / exact - 1) < 0.1
    assert _radius_if_large(np.triu(np.full((600, 600), 9.0), 1)) == 0  # no cycle
    assert _radius_if_large(weights / abs(weights).sum(axis=1).max()) == 0


# ------------------------------------------------------------------ another number of units


@pytest.mark.parametrize("name", ["mask", "connectome"])
@pytest.mark.parametrize("family", [*FAMILIES, SpatialRNNClassifier, DaleRNNRegressor])
@pytest.mark.parametrize("more", [{}, {"signs": SIGNS}])
def test_the_number_of_units_is_that_of_the_neurons(family, name, more):
    with pytest.raises(ValueError) as refusal:
        family(**{name: KNOWN}, **more).fit(X, Y)
    assert str(refusal.value) == (
        f"n_units must be 24, as many as {name} has neurons, got 128; n_units=24 is a network of "
        "that size."
    )


# -------------------------------------------------------------- signs that nothing holds


def signed_wiring():
    counts = np.array([[0, 2, 1], [1, 0, 0], [0, 3, 0]])
    return Connectome(counts, names=["a", "b", "c"], signs=[1, -1, 1])


@pytest.mark.parametrize("family", [SpatialRNNClassifier, SpatialRNNRegressor])
@pytest.mark.parametrize("given", [{"signs": {0: 1, 1: -1, 2: 1}}, {"signs": [1, -1, 1]}, "mask"])
def test_signs_are_told_to_bind_nothing_where_the_default_has_no_law(family, given):
    given = {"mask": signed_wiring()} if given == "mask" else given
    options = {"n_units": 3, "max_iter": 1, "regularizer": None, "random_state": 0, **given}
    X, y = np.random.default_rng(0).standard_normal((6, 4, 2)), np.array([0, 1] * 3)
    name = next(iter(given))
    with pytest.warns(UserWarning, match=rf"^{name} says signs of units.*dale='projection'"):
        family(**options).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        family(**options, dale="projection").fit(X, y)
        family(**{**options, "signs": None, "mask": None}).fit(X, y)
        family(**{**options, "mask": None, "signs": [0, 0, 0]}).fit(X, y)


def test_a_law_that_was_put_off_says_nothing():
    X, y = np.random.default_rng(0).standard_normal((6, 4, 2)), np.array([0, 1] * 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DaleRNNClassifier(n_units=3, signs=[1, -1, 1], dale=None, max_iter=1).fit(X, y)
