"""Exactness: whatever training does, no weight of the wrong sign and none off the mask."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import DALE_METHODS, EXCITATORY_LAWS, LAWS_OR_NONE, signs_under

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.biology import Dale, FixedMask, NonNegative
from sk_biornn.datasets import load_sequential_digits

N_TRIALS, N_STEPS, N_FEATURES, N_OUTPUTS = 12, 4, 3, 3


@st.composite
def networks(draw):
    """Draw the arguments that speak of wiring and signs, and of how the weights move."""
    n = draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    dale = draw(st.sampled_from(LAWS_OR_NONE))
    values = (0, 1) if dale in EXCITATORY_LAWS else (-1, 0, 1)
    has_mask, has_signs = draw(st.booleans()), draw(st.booleans())
    has_signs = has_signs or dale in EXCITATORY_LAWS
    density = draw(st.sampled_from([0.2, 0.7]))
    read = rng.random((N_OUTPUTS, n)) < 0.5
    read[0, 0] |= not read.any()  # something is read
    return {
        "n_units": n,
        "dale": dale,
        "signs": rng.choice(values, size=n) if has_signs else None,
        "excitatory_fraction": draw(st.sampled_from([0.01, 0.5, 0.8, 1.0])),
        "mask": rng.random((n, n)) < density if has_mask else None,
        "autapses": draw(st.booleans()),
        "input_mask": rng.random((n, N_FEATURES)) < 0.5 if draw(st.booleans()) else None,
        "readout_mask": read if draw(st.booleans()) else None,
        "solver": draw(st.sampled_from(["adam", "sgd"])),
        "learning_rate_init": draw(st.sampled_from([0.01, 0.3])),
        "max_grad_norm": draw(st.sampled_from([None, 0.1])),
        "readout_from": draw(st.sampled_from(["state", "rate"])),
        "recurrent_bias": draw(st.booleans()),
        "batch_size": draw(st.sampled_from(["auto", 5])),
        "random_state": draw(st.integers(0, 100)),
    }


def data(dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_TRIALS, N_STEPS, N_FEATURES)).astype(dtype)
    return X, np.arange(N_TRIALS) % 3, rng.standard_normal((N_TRIALS, N_STEPS, N_OUTPUTS))


def expected_signs(est):
    n = est.n_units
    if est.signs is not None:
        return signs_under(est.dale, est.signs)
    n_excitatory = max(1, int(np.floor(est.excitatory_fraction * n + 1e-9)))
    return signs_under(est.dale, np.r_[np.ones(n_excitatory), -np.ones(n - n_excitatory)])


def expected_mask(est):
    mask = np.ones((est.n_units, est.n_units), bool) if est.mask is None else est.mask
    return mask if est.autapses else mask & ~np.eye(est.n_units, dtype=bool)


def assert_exact(est):
    """Assert by the arguments, not by the attributes, that every weight is where it may be."""
    signs, mask = expected_signs(est), expected_mask(est)
    np.testing.assert_array_equal(est.signs_, signs)
    np.testing.assert_array_equal(est.mask_, mask)
    weights = est.W_rec_
    assert np.isfinite(weights).all()
    assert (weights[~mask] == 0).all()
    assert (weights[:, signs > 0] >= 0).all()
    assert (weights[:, signs < 0] <= 0).all()
    assert est.recurrent_bias or (est.b_rec_ == 0).all()
    if est.input_mask is not None:
        assert (est.W_in_[~est.input_mask] == 0).all()
    if est.readout_mask is not None:
        assert (est.W_out_[~est.readout_mask] == 0).all()


def assert_shown_is_used(est, X):
    """Assert that the outputs are those of the weights that the attributes show."""
    r, outputs = np.zeros((len(X), est.n_units)), []
    for t in range(X.shape[1]):
        z = np.tanh(X[:, t] @ est.W_in_.T + est.b_rec_ + r @ est.W_rec_.T)
        r = np.maximum(z, 0)
        outputs.append((z if est.readout_from == "state" else r) @ est.W_out_.T + est.b_out_)
    if isinstance(est, DaleRNNClassifier):
        np.testing.assert_allclose(est.decision_function(X), outputs[-1], rtol=1e-10, atol=1e-10)
    else:
        np.testing.assert_allclose(est.predict(X), np.stack(outputs, 1), rtol=1e-10, atol=1e-10)


@settings(max_examples=60)
@given(networks())
def test_exact_after_fit_partial_fit_and_warm_start(arguments):
    X, labels, numbers = data()
    for est, y in (
        (DaleRNNRegressor(max_iter=3, **arguments), numbers),
        (DaleRNNClassifier(max_iter=3, **arguments), labels),
    ):
        assert_exact(est.fit(X, y))
        assert_shown_is_used(est, X)
        assert_exact(est.partial_fit(X[:7], y[:7]))
        assert_exact(est.set_params(warm_start=True, max_iter=2).fit(X, y))
        assert_shown_is_used(est, X)


@settings(max_examples=40)
@given(networks())
def test_exact_after_early_stopping(arguments):
    X, labels, numbers = data()
    options = {"early_stopping": True, "n_iter_no_change": 2, "validation_fraction": 0.4}
    for cls, y in ((DaleRNNRegressor, numbers), (DaleRNNClassifier, labels)):
        est = cls(max_iter=6, **options, **arguments).fit(X, y)
        assert_exact(est)
        assert_shown_is_used(est, X)


@settings(max_examples=40)
@given(networks(), st.sampled_from([np.float32, np.float64]))
def test_exact_from_float32_to_float64(arguments, dtype):
    X, labels, _ = data(dtype)
    est = DaleRNNClassifier(max_iter=3, **arguments).fit(X, labels)
    assert est.W_rec_.dtype == dtype
    assert_exact(est)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("dale", LAWS_OR_NONE)
def test_every_method_lowers_the_loss_and_moves_the_recurrent_weights(dale, solver):
    X, labels, _ = data()
    rate = 0.02 if solver == "adam" else 0.3
    options = {"n_units": 8, "dale": dale, "solver": solver, "learning_rate_init": rate}
    start = DaleRNNClassifier(max_iter=1, random_state=0, **options).fit(X, labels)
    est = DaleRNNClassifier(max_iter=40, random_state=0, **options).fit(X, labels)
    assert est.loss_curve_[-1] < 0.9 * est.loss_curve_[0]
    assert np.abs(est.W_rec_ - start.W_rec_).max() > 1e-3


@pytest.mark.parametrize("dale", LAWS_OR_NONE)
def test_a_weight_that_the_caller_gave_is_where_training_starts(dale):
    rng = np.random.default_rng(1)
    signs, mask = np.array([1, 1, 1, 0, 1]), rng.random((5, 5)) < 0.6
    if dale not in (*EXCITATORY_LAWS, None):
        signs[1] = -1
    matrix = np.abs(rng.standard_normal((5, 5))) * np.where(signs == 0, 1, signs) * mask
    X, labels, _ = data()
    options = {"n_units": 5, "dale": dale, "mask": mask, "random_state": 0}
    est = DaleRNNClassifier(
        recurrent_init=matrix, signs=signs, max_iter=1, learning_rate_init=1e-300, **options
    ).fit(X, labels)
    np.testing.assert_allclose(est.W_rec_, matrix, rtol=1e-12, atol=0)
    np.testing.assert_array_equal(est.W_rec_ == 0, matrix == 0)


def test_without_recurrent_bias_the_rest_starts_the_same_and_the_bias_may_go_later():
    X, labels, _ = data()
    options = {"n_units": 6, "max_iter": 1, "learning_rate_init": 1e-300, "random_state": 0}
    with_bias, without = (
        DaleRNNClassifier(recurrent_bias=kind, **options).fit(X, labels) for kind in (True, False)
    )
    assert (with_bias.b_rec_ != 0).all() and (without.b_rec_ == 0).all()
    for name in ("W_rec_", "W_in_", "W_out_", "b_out_"):
        np.testing.assert_allclose(getattr(with_bias, name), getattr(without, name), atol=1e-299)
    with_bias.set_params(warm_start=True, recurrent_bias=False).fit(X, labels)
    assert (with_bias.b_rec_ == 0).all()


@pytest.mark.parametrize("dale", LAWS_OR_NONE)
def test_columns_of_a_network_without_excitation_or_without_synapses(dale):
    X, labels, _ = data()
    for mask in (np.zeros((4, 4), bool), np.eye(4, dtype=bool)):
        est = DaleRNNClassifier(n_units=4, dale=dale, mask=mask, max_iter=3, random_state=0)
        assert_exact(est.fit(X, labels))
    if dale not in EXCITATORY_LAWS:
        for sign in (-1, 0):
            est = DaleRNNClassifier(
                n_units=4, dale=dale, signs=np.full(4, sign), max_iter=3, random_state=0
            )
            assert_exact(est.fit(X, labels))


@pytest.mark.parametrize("method", DALE_METHODS)
def test_a_constraint_object_is_the_method_of_its_name(method):
    X, labels, _ = data()
    by_name = DaleRNNClassifier(n_units=6, dale=method, max_iter=3, random_state=0).fit(X, labels)
    by_object = DaleRNNClassifier(n_units=6, dale=Dale(method), max_iter=3, random_state=0)
    by_object.fit(X, labels)
    np.testing.assert_array_equal(by_name.W_rec_, by_object.W_rec_)
    np.testing.assert_array_equal(by_name.signs_, by_object.signs_)


@pytest.mark.parametrize(
    "constraint, dale, init",
    [(NonNegative(), "nonnegative", "auto"), (FixedMask(), None, "orthogonal")],
)
def test_other_constraint_objects_show_the_signs_that_hold(constraint, dale, init):
    X, labels, _ = data()
    options = {"n_units": 6, "max_iter": 5, "recurrent_init": init, "random_state": 0}
    est = DaleRNNClassifier(dale=constraint, **options).fit(X, labels)
    expected = DaleRNNClassifier(dale=dale, **options).fit(X, labels)
    np.testing.assert_array_equal(est.signs_, expected.signs_)
    np.testing.assert_array_equal(est.W_rec_, expected.W_rec_)


@pytest.mark.parametrize("dale", ["square", "exponentiated"])
def test_methods_that_freeze_zeros_start_without_them_and_keep_the_callers(dale):
    X, labels, _ = data()
    mask = np.eye(6) == 0
    options = {"n_units": 6, "dale": dale, "mask": mask, "max_iter": 5, "random_state": 0}
    est = DaleRNNClassifier(**options).fit(X, labels)
    assert (est.W_rec_[mask] != 0).all()
    given = np.abs(np.random.default_rng(0).standard_normal((6, 6))) * est.signs_ * mask
    given[2, 3] = 0
    est = DaleRNNClassifier(recurrent_init=given, **options).fit(X, labels)
    assert est.W_rec_[2, 3] == 0


@pytest.mark.parametrize("density", [1.0, 0.5, 0.02])  # the last is held as a value per synapse
def test_exponentiated_steps_have_the_scale_of_the_circuit(density):
    X, labels, _ = data()
    mask = np.random.default_rng(1).random((300, 300)) < density
    options = {"n_units": 300, "mask": mask, "max_iter": 3, "random_state": 0}
    scale = mask.any(axis=1).sum() / mask.sum()
    fitted = [
        DaleRNNClassifier(dale=dale, **options).fit(X, labels).W_rec_
        for dale in ("exponentiated", Dale("exponentiated", scale), Dale("exponentiated", 1.0))
    ]
    np.testing.assert_array_equal(fitted[0], fitted[1])
    assert (fitted[0] != fitted[2]).any()


@pytest.mark.parametrize("scale", [None, 0.05])
def test_exponentiated_fit_taken_up_from_a_file_equals_one_that_was_not_interrupted(scale):
    X, labels, _ = data()
    options = {"n_units": 6, "dale": Dale("exponentiated", scale), "random_state": 0}
    through = DaleRNNClassifier(max_iter=20, **options).fit(X, labels)
    half = DaleRNNClassifier(max_iter=10, warm_start=True, **options).fit(X, labels)
    again = pickle.loads(pickle.dumps(half)).fit(X, labels)
    assert again.n_iter_ == through.n_iter_ == 20
    for name in ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_", "loss_curve_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(through, name))


def test_exponentiated_network_learns_at_the_default_learning_rate():
    """With the published steps the mean accuracy is about .87, without Dale's law .92."""
    X, y = load_sequential_digits()
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order].astype(np.float32), y[order]
    accuracies = []
    for seed in range(3):
        options = {"n_units": 32, "max_iter": 30, "batch_size": 50, "random_state": seed}
        clf = DaleRNNClassifier(dale="exponentiated", **options).fit(X[:1200], y[:1200])
        accuracies.append(clf.score(X[1200:], y[1200:]))
    assert np.mean(accuracies) > 0.89


def test_every_combination_of_size_and_fraction_has_an_excitatory_unit():
    X, labels, _ = data()
    for n_units, fraction in itertools.product((1, 2, 10, 100), (1e-6, 0.29, 0.8, 1.0)):
        est = DaleRNNClassifier(
            n_units=n_units, excitatory_fraction=fraction, max_iter=1, random_state=0
        ).fit(X, labels)
        assert (est.signs_ > 0).sum() == max(1, int(np.floor(fraction * n_units + 1e-9)))
        assert np.all(np.diff(est.signs_) <= 0)  # excitatory units come first


@pytest.mark.parametrize("dale", LAWS_OR_NONE)
def test_a_warm_start_obeys_the_arguments_as_they_are_now(dale):
    """Pruning by hand between two fits, as in an iterative pruning experiment."""
    X, labels, _ = data()
    rng = np.random.default_rng(3)
    signs = [1, 0, 1, 0, 1, 1] if dale in EXCITATORY_LAWS else [1, -1, 0, 1, 0, -1]
    est = DaleRNNClassifier(n_units=6, dale=dale, max_iter=3, warm_start=True, random_state=0)
    assert_exact(est.fit(X, labels))
    changes = [
        {"mask": rng.random((6, 6)) < 0.5},
        {"autapses": False},
        {"input_mask": rng.random((6, N_FEATURES)) < 0.5},
        {"readout_mask": rng.random((N_OUTPUTS, 6)) < 0.5},
        {"signs": np.array(signs)},
    ]
    for change in changes:
        assert_exact(est.set_params(**change).fit(X, labels))
        assert_shown_is_used(est, X)
        assert_exact(est.partial_fit(X, labels))


def test_the_norm_of_the_gradient_counts_only_weights_that_exist():
    """A mask over a large network must not shrink the steps of the synapses that exist."""
    X, labels, _ = data()
    mask = np.zeros((6, 6), bool)
    options = {"n_units": 6, "solver": "sgd", "learning_rate_init": 1.0, "max_iter": 1}
    options |= {"mask": mask, "random_state": 0, "dale": None}
    free = DaleRNNClassifier(max_grad_norm=1e9, **options).fit(X, labels)
    clipped = DaleRNNClassifier(max_grad_norm=1e-3, **options).fit(X, labels)
    start = DaleRNNClassifier(max_grad_norm=1e-300, **options).fit(X, labels)
    names = ("W_in_", "b_rec_", "W_out_", "b_out_")
    step = [np.ravel(getattr(clipped, n) - getattr(start, n)) for n in names]
    full = [np.ravel(getattr(free, n) - getattr(start, n)) for n in names]
    assert np.linalg.norm(np.concatenate(full)) > 1e-2
    assert np.linalg.norm(np.concatenate(step)) == pytest.approx(1e-3, rel=1e-3)
