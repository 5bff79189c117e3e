"""Weights from functional connectivity: each constant of the recipe, Dale's law, the estimators."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch
from sklearn.utils.estimator_checks import check_estimator

from sk_biornn.initializers import (
    BioWeightInitializer,
    ConditioningWarning,
    FunctionalConnectivity,
    recurrent_weights,
)

N = 30


def matrices(n=N, seed=0):
    """Symmetric matrices in the manner of a recording, as a Bunch."""
    rng = np.random.default_rng(seed)
    made = {}
    for name in ("correlation", "sttc", "precision"):
        part = rng.normal(0.1, 0.1, (n, n))
        made[name] = np.tril(part) + np.tril(part, -1).T
        np.fill_diagonal(made[name], 1.0)
    return Bunch(**made, positions=rng.random((n, 3)), names=["x"] * n)


def min_max(M):
    return (M - M.min()) / (M.max() - M.min())


def lognormal(seed, n=N, mu=-0.5, sigma=0.5):
    from sk_biornn._random import make_rng

    return make_rng(seed).lognormal(mu, sigma, (n, n))


def radius(W):
    return np.abs(np.linalg.eigvals(W)).max()


# The recipe, step by step


def test_the_published_recipe():
    data = matrices()
    B = lognormal(7) * min_max(data.correlation) * min_max(data.sttc)
    B *= 0.1 / B.mean()
    B = np.where(B != 0, np.maximum(B, 0.01), 0)
    expected = B * 0.95 / radius(B)
    found = BioWeightInitializer().fit(data).sample(random_state=7)
    assert found.dtype == np.float64
    assert_allclose(found, expected, rtol=1e-12)
    assert (found == 0).sum() == (expected == 0).sum() > 0  # the least entries of both matrices
    assert_allclose(BioWeightInitializer(random_state=7).fit(data).sample(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (None, ["correlation", "sttc"]),
        ("sttc", ["sttc"]),
        (["sttc"], ["sttc"]),
        (("precision", "sttc"), ["precision", "sttc"]),
        (("correlation", "precision", "sttc"), ["correlation", "precision", "sttc"]),
    ],
)
def test_which_matrices_are_multiplied(chosen, names):
    data = matrices()
    fitted = BioWeightInitializer(matrices=chosen).fit(data)
    expected = np.prod([min_max(data[name]) for name in names], axis=0)
    assert_allclose(fitted.functional_, expected, rtol=1e-14)
    assert fitted.functional_.min() == 0


def test_kinds_of_input_agree():
    data = matrices()
    expected = BioWeightInitializer().fit(data).functional_
    pair = [data.correlation, data.sttc]
    for same in (dict(data), pair, tuple(pair), np.stack(pair), [m.tolist() for m in pair]):
        assert_array_equal(BioWeightInitializer().fit(same).functional_, expected)
    one = BioWeightInitializer(matrices="sttc").fit(data).functional_
    for same in (data.sttc, data.sttc.tolist(), pd.DataFrame(data.sttc), [data.sttc]):
        assert_array_equal(BioWeightInitializer().fit(same).functional_, one)


def test_constant_matrix_becomes_ones():
    fitted = BioWeightInitializer(spectral_radius=None, sigma=0).fit(np.full((4, 4), 0.3))
    assert_array_equal(fitted.functional_, np.ones((4, 4)))
    assert_allclose(fitted.sample(), np.full((4, 4), 0.1), rtol=1e-14)


def test_without_chance_the_weights_are_a_closed_form():
    """sigma = 0, two units: scaled [[1, 0], [0, 1]], mean 0.1: diagonal 0.2; radius 0.95."""
    plain = BioWeightInitializer(sigma=0.0, spectral_radius=None).fit([[1.0, 0.2], [0.2, 1.0]])
    assert_allclose(plain.sample(), [[0.2, 0.0], [0.0, 0.2]], rtol=1e-14)
    scaled = BioWeightInitializer(sigma=0.0).fit([[1.0, 0.2], [0.2, 1.0]])
    assert_allclose(scaled.sample(), [[0.95, 0.0], [0.0, 0.95]], rtol=1e-14)


@pytest.mark.parametrize(("mu", "sigma"), [(-0.5, 0.5), (0.0, 1.0), (1.0, 0.1)])
def test_mu_and_sigma_are_of_the_logarithm(mu, sigma):
    init = BioWeightInitializer(mu=mu, sigma=sigma, spectral_radius=None, floor=0.0)
    init.fit(np.ones((200, 200)))
    init.mean_weight = float(np.exp(mu + sigma**2 / 2))  # so that rescaling does next to nothing
    logs = np.log(init.sample(random_state=0))
    assert abs(logs.mean() - mu) < 0.05 * sigma
    assert abs(logs.std() - sigma) < 0.02 * sigma


@given(st.floats(0.01, 10.0), st.integers(0, 50))
def test_mean_weight(mean_weight, seed):
    init = BioWeightInitializer(mean_weight=mean_weight, floor=0.0, spectral_radius=None)
    assert_allclose(init.fit(matrices()).sample(random_state=seed).mean(), mean_weight, rtol=1e-12)


@given(st.floats(0.0, 0.3), st.integers(0, 50))
def test_floor(floor, seed):
    init = BioWeightInitializer(floor=floor, spectral_radius=None).fit(matrices())
    W = init.sample(random_state=seed)
    without = clone(init).set_params(floor=0.0).sample(random_state=seed)
    assert_array_equal(W == 0, without == 0)
    assert W[W != 0].min() >= floor
    assert_array_equal(W, np.where(without > 0, np.maximum(without, floor), 0.0))


@pytest.mark.parametrize("dale", [False, True])
@pytest.mark.parametrize("target", [0.1, 0.95, 1.5])
def test_spectral_radius(target, dale):
    signs = np.where(np.arange(N) < 24, 1, -1)
    init = BioWeightInitializer(spectral_radius=target, dale=dale).fit(matrices())
    assert_allclose(radius(init.sample(signs=signs, random_state=0)), target, rtol=1e-9)


@pytest.mark.parametrize("dale", [False, True])
def test_network_without_loops_is_left_as_it_is(dale):
    mask = np.tri(N, k=-1, dtype=bool)
    W = BioWeightInitializer(dale=dale).fit(matrices()).sample(mask=mask, random_state=0)
    assert np.isfinite(W).all() and W.any() and not W[~mask].any()
    empty = BioWeightInitializer(dale=dale).fit(matrices())
    assert not empty.sample(mask=np.zeros((N, N), dtype=bool)).any()


# The permuted control


@pytest.mark.parametrize("dale", [False, True])
def test_permuted_control_is_the_same_draw_with_other_places(dale):
    data = matrices()
    np.fill_diagonal(data.sttc, np.linspace(0.5, 1.0, N))  # tells the neurons apart
    init = BioWeightInitializer(dale=dale, n_projections=0).fit(data)
    W = init.sample(random_state=3)
    control = clone(init).set_params(permute=True).sample(random_state=3)
    order = [int(np.abs(np.diag(W) - weight).argmin()) for weight in np.diag(control)]
    if not dale:  # with it all autapses have the median of function, but not of chance
        assert sorted(order) == list(range(N)) != order
    assert_allclose(control, W[np.ix_(order, order)], rtol=1e-9)
    assert_allclose(np.sort(np.linalg.svd(control)[1]), np.sort(np.linalg.svd(W)[1]), rtol=1e-9)


def test_permutation_differs_from_draw_to_draw():
    init = BioWeightInitializer(permute=True, sigma=0.0).fit(matrices())
    first, second, again = (init.sample(random_state=seed) for seed in (0, 1, 0))
    assert_array_equal(first, again)
    assert_allclose(np.sort(first.ravel()), np.sort(second.ravel()))
    assert np.abs(first - second).max() > 1e-3


# Signs and masks


@pytest.mark.parametrize("dale", [False, True])
@pytest.mark.parametrize("spectrum", ["gaussian", "flat"])
@pytest.mark.parametrize("permute", [False, True])
@given(
    signs=st.lists(st.sampled_from([-1, 0, 1]), min_size=12, max_size=12),
    density=st.sampled_from([0.05, 0.5, 1.0]),
    seed=st.integers(0, 100),
)
def test_signs_and_mask_hold_exactly(dale, spectrum, permute, signs, density, seed):
    mask = np.random.default_rng(seed).random((12, 12)) < density
    init = BioWeightInitializer(dale=dale, spectrum=spectrum, permute=permute).fit(matrices(12))
    W = init.sample(signs=signs, mask=mask, random_state=seed)
    assert W.shape == (12, 12) and W.dtype == np.float64 and np.isfinite(W).all()
    assert (W * np.array(signs) >= 0).all()
    assert not W[~mask].any()
    assert not np.signbit(W[W == 0]).any()


def test_signs_multiply_columns_without_dale():
    init = BioWeightInitializer(spectral_radius=None).fit(matrices())
    signs = np.where(np.arange(N) % 3 == 0, -1, 1)
    W = init.sample(signs=signs, random_state=0)
    assert_array_equal(W, init.sample(random_state=0) * signs)
    assert_array_equal(np.abs(W), W * signs)


def test_mean_is_over_the_synapses_that_exist():
    mask = np.random.default_rng(0).random((N, N)) < 0.3
    init = BioWeightInitializer(spectral_radius=None, floor=0.0).fit(matrices())
    assert_allclose(init.sample(mask=mask, random_state=0)[mask].mean(), 0.1, rtol=1e-12)


def field(n=96, seed=0):
    from sk_biornn.datasets import make_functional_connectome

    return make_functional_connectome(n, random_state=seed)


def conditioning(W):
    """SVD entropy (1 for equal singular values) and the ratio of the first two."""
    s = np.linalg.svd(W)[1]
    p = s / s.sum()
    return -(p * np.log(p)).sum() / np.log(len(s)), s[0] / s[1]


@pytest.mark.parametrize("masked", [False, True])
def test_dale_repairs_the_spectrum_and_keeps_the_structure(masked):
    data = field()
    signs = data.signs
    mask = np.random.default_rng(0).random((96, 96)) < 0.3 if masked else np.ones((96, 96), bool)
    np.fill_diagonal(mask, False)
    plain = BioWeightInitializer().fit(data)
    dale = BioWeightInitializer(dale=True).fit(data)
    before, after = (i.sample(signs=signs, mask=mask, random_state=0) for i in (plain, dale))
    assert conditioning(after)[0] > 0.94 > conditioning(before)[0]
    assert conditioning(after)[1] < 1.5 < conditioning(before)[1]
    # As much of the functional structure as a draw of the published recipe has, or nearly.
    assert dale.structure_kept(after, mask) > 0.8 * plain.structure_kept(before, mask) > 0.3
    between = mask & ~np.eye(96, dtype=bool)
    assert spearmanr(np.abs(after)[between], dale.functional_[between]).statistic > 0.3


def test_without_projections_the_order_of_function_is_kept():
    data = field()
    init = BioWeightInitializer(dale=True, n_projections=0, sigma=0.0).fit(data)
    W = init.sample(signs=data.signs, random_state=0)
    between = ~np.eye(96, dtype=bool)
    assert spearmanr(np.abs(W)[between], init.functional_[between]).statistic > 0.8
    assert (W != 0).all()
    assert conditioning(W)[1] < 3


def test_structure_kept():
    init = BioWeightInitializer().fit(matrices())
    assert_allclose(init.structure_kept(-2.0 * init.functional_), 1.0)
    assert init.structure_kept(np.eye(N)) == 0.0
    rng = np.random.default_rng(0)
    assert abs(init.structure_kept(rng.random((N, N)))) < 0.2
    mask = rng.random((N, N)) < 0.5
    noisy = np.where(mask, init.functional_, rng.random((N, N)))
    assert init.structure_kept(noisy) < 0.9
    assert_allclose(init.structure_kept(noisy, mask), 1.0)
    with pytest.raises(ValueError, match=r"W must have shape \(30, 30\), got \(2, 2\)"):
        init.structure_kept(np.eye(2))


# Randomness


@pytest.mark.parametrize("parameters", [{}, {"permute": True}, {"dale": True}])
@pytest.mark.parametrize("source", [int, np.random.RandomState, np.random.default_rng])
def test_same_seed_gives_same_bits(parameters, source):
    init = BioWeightInitializer(**parameters).fit(matrices())
    first, again = (init.sample(random_state=source(3)) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != init.sample().tobytes()
    given = [init.sample(rng=rng) for rng in [np.random.default_rng(5)] * 2]
    assert given[0].tobytes() != given[1].tobytes()  # a generator is advanced


def test_global_generator_is_neither_read_nor_advanced():
    init = BioWeightInitializer(dale=True, permute=True).fit(matrices())
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = init.sample(random_state=1)
    init.sample()
    assert_array_equal(np.random.get_state()[1], before)
    np.random.seed(1)
    assert_array_equal(init.sample(random_state=1), first)


# scikit-learn


def test_transform_draws_from_other_matrices():
    first, second = matrices(seed=1), matrices(seed=2)
    init = BioWeightInitializer(random_state=0).fit(first)
    expected = BioWeightInitializer().fit(second).sample(random_state=0)
    assert_array_equal(init.transform(second), expected)
    assert_array_equal(init.fit_transform(second), expected)


def test_in_a_pipeline_after_functional_connectivity():
    X = np.random.default_rng(0).standard_normal((200, 8))
    steps = [("function", FunctionalConnectivity()), ("weights", BioWeightInitializer(sigma=0.1))]
    pipeline = Pipeline(steps).set_params(weights__random_state=4)
    W = pipeline.fit_transform(X)
    alone = BioWeightInitializer(sigma=0.1, random_state=4)
    assert_array_equal(W, alone.fit(FunctionalConnectivity().fit_transform(X)).sample())
    assert_array_equal(pipeline["weights"].sample(random_state=4), W)
    frame = pd.DataFrame(X, columns=[f"neuron_{i}" for i in range(8)])
    assert make_pipeline(*[step for _, step in steps]).fit(frame).transform(frame).shape == (8, 8)


def test_names_of_a_single_frame_are_kept():
    names = [f"n{i}" for i in range(N)]
    frame = pd.DataFrame(matrices().sttc, index=names, columns=names)
    init = BioWeightInitializer().fit(frame)
    assert init.get_feature_names_out().tolist() == names
    init.fit(matrices())
    assert not hasattr(init, "feature_names_in_") and init.n_features_in_ == N


def test_clone_keeps_parameters_and_the_fit():
    init = BioWeightInitializer(sigma=0.2, permute=True).fit(matrices())
    for twin in (clone(init), pickle.loads(pickle.dumps(init))):
        assert twin is not init and twin.get_params() == init.get_params()
        assert_array_equal(twin.sample(random_state=1), init.sample(random_state=1))
    twin = clone(init).set_params(sigma=0.9)
    assert init.sigma == 0.2
    assert not np.allclose(twin.sample(random_state=1), init.sample(random_state=1))
    with pytest.raises(NotFittedError):
        clone(BioWeightInitializer()).sample()


# What they ask of a transformer of samples and what makes no sense for one whose output is a draw
# of weights for the given units: the same rows in another order give other weights (the chance
# part of a draw belongs to places), and a part of the units is no batch of the others: the matrix
# of some units against others is not square.
NOT_FOR_DRAWS = {
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_fit_idempotent",
}


def test_scikit_learn_checks():
    results = check_estimator(BioWeightInitializer(), on_fail=None, on_skip=None)
    assert len(results) > 40
    failed = {result["check_name"] for result in results if result["status"] != "passed"}
    assert failed == NOT_FOR_DRAWS


@pytest.mark.parametrize("kind", ["csr", "dok", "coo"])
def test_sparse_matrices_are_refused_whatever_their_format(kind):
    """That of keys is a dict, and could be taken for matrices by name."""
    with pytest.raises(TypeError, match="Sparse data was passed for X"):
        BioWeightInitializer().fit(scipy.sparse.eye_array(5, format=kind))


def test_fitting_twice_changes_nothing():
    init = BioWeightInitializer(random_state=0).fit(matrices())
    first = init.transform(matrices())
    assert_array_equal(init.fit(matrices()).transform(matrices()), first)


# In the estimators


def trials(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((30, 6, 2)).astype(np.float32)
    return X, (X[:, :, 0].mean(axis=1) > 0).astype(int)


@pytest.mark.parametrize("dale", [False, True])
def test_as_recurrent_init_of_an_estimator(dale):
    from sk_biornn import DaleRNNClassifier

    init = BioWeightInitializer(dale=dale).fit(matrices())
    clf = DaleRNNClassifier(
        n_units=N, recurrent_init=init, max_iter=1, learning_rate_init=1e-6, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        clf.fit(*trials())
    assert (clf.W_rec_ * clf.signs_ >= 0).all()
    assert abs(radius(clf.W_rec_) - 0.95) < 0.01
    assert init.structure_kept(clf.W_rec_) > 0.3


def test_grid_search_over_a_constant_of_the_recipe():
    from sk_biornn import DaleRNNClassifier

    init = BioWeightInitializer(dale=True).fit(matrices())
    clf = DaleRNNClassifier(n_units=N, recurrent_init=init, max_iter=2, random_state=0)
    grid = {"recurrent_init__sigma": [0.1, 0.9], "recurrent_init__permute": [False, True]}
    search = GridSearchCV(clf, grid, cv=2, error_score="raise")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        search.fit(*trials())
    assert len(search.cv_results_["params"]) == 4
    assert (
        search.best_estimator_.recurrent_init.sigma == search.best_params_["recurrent_init__sigma"]
    )
    assert init.sigma == 0.5


def test_the_protocol_of_initializers():
    signs, mask = np.where(np.arange(N) < 20, 1.0, -1.0), ~np.eye(N, dtype=bool)
    init = BioWeightInitializer(dale=True).fit(matrices())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditioningWarning)
        W = recurrent_weights(init, signs=signs, mask=mask, rng=np.random.default_rng(0))
    assert_array_equal(W, init.sample(signs=signs, mask=mask, rng=np.random.default_rng(0)))


# Bad input


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"mu": np.inf}, ValueError, "mu must be a finite number, got inf"),
        ({"mu": "a"}, TypeError, "mu must be a finite number, got 'a'"),
        ({"sigma": -0.1}, ValueError, "sigma must be a number of at least 0, got -0.1"),
        ({"mean_weight": 0}, ValueError, "mean_weight must be a number greater than 0, got 0"),
        ({"floor": -1}, ValueError, "floor must be a number of at least 0, got -1"),
        ({"spectral_radius": 0.0}, ValueError, "spectral_radius must be a number greater than 0"),
        ({"permute": 1}, TypeError, "permute must be True or False, got 1"),
        ({"dale": "exact"}, TypeError, "dale must be True or False, got 'exact'"),
        (
            {"spectrum": "round"},
            ValueError,
            r"spectrum must be one of .* got 'round'",
        ),
        ({"tol": -1}, ValueError, "tol must be a number of at least 0, got -1"),
        ({"n_projections": -1}, ValueError, "n_projections must be an integer of at least 0"),
        ({"n_projections": 1.5}, TypeError, "n_projections must be an integer of at least 0"),
        ({"matrices": "covariance"}, ValueError, r"matrices must name one or more of \['corr.*got"),
        ({"matrices": ()}, ValueError, "matrices must name one or more of"),
        ({"matrices": 3}, TypeError, "matrices must be None, a name or a sequence of names, got 3"),
    ],
)
def test_parameters_are_checked(parameters, error, message):
    with pytest.raises(error, match=message):
        BioWeightInitializer(**parameters).fit(matrices())


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((3, 4)), r"X must be a square matrix \(n_units, n_units\), got shape \(3, 4\)"),
        ({"correlation": np.ones((3, 3)), "sttc": np.ones((3, 4))}, "sttc must be a square matrix"),
        ([np.ones((3, 3)), np.ones((4, 4))], r"X\[1\] must have the shape of the matrices before"),
        ({"correlation": np.ones((3, 3))}, r"matrices must name one or more of \['correlation'\]"),
        ({"correlation": [[np.nan]], "sttc": [[1.0]]}, "Input correlation contains NaN"),
        (np.ones(3), "Reshape your data"),
        (np.ones((0, 3, 3)), "X must hold at least one matrix, got none"),
    ],
)
def test_matrices_are_checked(X, message):
    with pytest.raises(ValueError, match=message):
        BioWeightInitializer().fit(X)


def test_sample_is_checked():
    init = BioWeightInitializer().fit(matrices())
    with pytest.raises(ValueError, match=r"shape \(30,\), got shape \(128,\); .* n_units=30"):
        init.sample(signs=np.ones(128))
    with pytest.raises(ValueError, match="signs must contain only -1, 0 and 1"):
        init.sample(signs=np.full(N, 2))
    with pytest.raises(ValueError, match="mask must have shape"):
        init.sample(mask=np.ones((3, 3), dtype=bool))
    with pytest.raises(ValueError, match="X has 5 features, but BioWeightInitializer is expecting"):
        init.transform(np.eye(5))
