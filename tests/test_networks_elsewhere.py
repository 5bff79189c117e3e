"""Tests of fitted networks as modules of torch and as graphs of networkx."""

from __future__ import annotations

import warnings

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from files_of_networks.make import networks, table, trials, wiring
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import sk_biornn
from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNRegressor,
)
from sk_biornn.biology.constraints import LAWS
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.core.observations import OBSERVATIONS
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.preprocessing import TrialScaler

X = trials(10, 7)
LENGTHS = np.array([7, 3, 1, 5, 7, 2, 6, 4, 7, 1])
NETWORKS = [name for name, (est, *_) in networks().items() if hasattr(est, "n_units")]


def quiet_fit(est, x=X, y=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.fit(x, y)


def regressor(x=X, y=X, **arguments):
    return quiet_fit(DaleRNNRegressor(n_units=6, max_iter=3, random_state=0, **arguments), x, y)


def scripted(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch will end its scripts one day
        return torch.jit.script(module)


def run(module, x, lengths=None):
    lengths = None if lengths is None else torch.from_numpy(lengths)
    with torch.no_grad():
        return module(torch.from_numpy(np.array(x)), lengths).numpy()


def said_of(est, x):
    """Predictions, or the scores of classes."""
    if not hasattr(est, "predict_proba"):
        return est.predict(x)
    scores, _ = est._scores(x)
    return scores[..., 0] if scores.shape[-1] == 1 else scores


def assert_same(est, x=X, tolerance=1e-12):
    module = sk_biornn.to_torch(est)
    expected = said_of(est, x)
    for each in (module, scripted(module)):
        outputs = run(each, x)
        assert outputs.shape == expected.shape
        assert_allclose(outputs, expected, rtol=tolerance, atol=tolerance)
    return module


# ---------------------------------------------------------------- modules of torch


@pytest.mark.parametrize("name", NETWORKS)
def test_modules_say_what_networks_say(name):
    est, x, y = networks()[name]
    quiet_fit(est, x, y)
    single = x.dtype == np.float32
    module = assert_same(est, x, 1e-6 if single else 1e-12)
    assert module.w_rec.dtype == (torch.float32 if single else torch.float64)


@pytest.mark.parametrize("rectify", [True, False])
@pytest.mark.parametrize("readout_from", ["state", "rate"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_way_to_move(activation, readout_from, rectify):
    tau = np.linspace(10.0, 60.0, 6)
    est = regressor(
        activation=activation, readout_from=readout_from, rectify=rectify, dt=10.0, tau=tau
    )
    assert_same(est)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_in_single_precision_it_is_rounded_as_predict_is(activation):
    x = trials(40, 50, seed=1).astype(np.float32)
    est = quiet_fit(
        DaleRNNRegressor(n_units=20, activation=activation, max_iter=4, random_state=0), x, x
    )
    outputs, largest = run(sk_biornn.to_torch(est), x), np.abs(est.hidden_states(x)).max()
    exact = run(sk_biornn.to_torch(est).double(), x.astype(float))
    for single in (outputs, est.predict(x)):
        assert_allclose(single, exact, rtol=0, atol=1e-6 * max(1.0, largest))


@pytest.mark.parametrize("law", [*LAWS, None])
def test_every_law(law):
    assert_same(regressor(dale=law))


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_every_observation(observation):
    assert_same(regressor(X, (X > 0) + (observation == "gamma"), observation=observation))


def test_a_squashed_output():
    assert_same(regressor(X, np.tanh(X), output_activation="tanh"))


@pytest.mark.parametrize("initial_state", ["learned", "per trial"])
@pytest.mark.parametrize("rectify", [True, False])
def test_rates_before_the_first_step(initial_state, rectify):
    est = regressor(initial_state=initial_state, rectify=rectify, learning_rate_init=0.1)
    if initial_state == "learned":
        est.initial_state_ = np.linspace(0.1, 0.6, 6)
    else:
        assert np.abs(est.initial_state_).max() > 0.05
    assert_same(est)
    assert_same(est, trials(4, 2, seed=3))  # of fewer steps than there are frames
    assert_same(est, trials(4, 6, seed=4))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"initial_state": "per trial"},
        {"dt": 10.0, "tau": 20.0, "calcium_tau": [15.0, 30.0]},
        {"readout_skip": "diagonal", "feedback": [1, 0]},
        {"observation": "bernoulli"},
    ],
)
@pytest.mark.parametrize("every_step", [True, False])
def test_trials_of_unequal_length(arguments, every_step):
    if "readout_skip" in arguments and not every_step:
        pytest.skip("needs targets at every step")
    is_bernoulli = "observation" in arguments
    y = (X > 0).astype(float) if is_bernoulli else X
    est = regressor(X, y if every_step else y[:, -1], **arguments)
    module = sk_biornn.to_torch(est)
    ragged = [x[:n] for x, n in zip(X, LENGTHS, strict=True)]
    expected = est.predict(ragged)
    padded = np.where(np.arange(7)[None, :, None] < LENGTHS[:, None, None], X, np.nan)
    for each in (module, scripted(module)):
        for x in (X, padded):  # whatever stands after the end
            outputs = run(each, x, LENGTHS)
            if not every_step:
                assert_allclose(outputs, expected, rtol=0, atol=1e-12)
                continue
            for output, own, n in zip(outputs, expected, LENGTHS, strict=True):
                assert_allclose(output[:n], own, rtol=0, atol=1e-12)
                assert np.isnan(output[n:]).all()


def test_the_scores_of_classes_are_what_probabilities_are_made_of():
    labels = np.arange(10) % 3
    clf = quiet_fit(DaleRNNClassifier(n_units=6, max_iter=2, random_state=0), X, labels)
    scores = torch.from_numpy(run(sk_biornn.to_torch(clf), X))
    assert_allclose(torch.softmax(scores, -1).numpy(), clf.predict_proba(X), atol=1e-12)
    two = quiet_fit(DaleRNNClassifier(n_units=6, max_iter=2, random_state=0), X, labels > 0)
    assert_allclose(run(sk_biornn.to_torch(two), X), two.decision_function(X), atol=1e-12)


def test_gradients_are_those_of_any_module():
    """Those of the weights, by finite differences of what the module says."""
    module = sk_biornn.to_torch(regressor(dt=10.0, tau=30.0, activation="softplus"))
    x = torch.from_numpy(X[:2])
    names = ["w_in", "w_rec", "b_rec", "w_out", "b_out"]
    assert [name for name, _ in module.named_parameters()] == names

    def outputs(*weights):
        given = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(module, given, (x,))

    weights = [p.detach().clone().requires_grad_() for p in module.parameters()]
    assert torch.autograd.gradcheck(outputs, weights, fast_mode=True)


def test_steps_of_another_length_than_those_of_the_fit_are_refused():
    est = regressor(dt=10.0, tau=30.0, learn_tau=True).set_params(dt=5.0)
    with pytest.raises(ValueError, match=r"^dt must be 10\.0, as in the fit"):
        sk_biornn.to_torch(est)


def test_the_estimator_does_not_change_with_the_module():
    est = regressor(learn_slope=True)
    before = est.predict(X)
    module = sk_biornn.to_torch(est)
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            tensor.zero_()
    assert_array_equal(est.predict(X), before)


def test_a_module_is_stored_and_loaded_by_torch(tmp_path):
    module = sk_biornn.to_torch(regressor())
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    other = sk_biornn.to_torch(regressor(dale="square"))
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert_array_equal(run(other, X), run(module, X))


def test_single_precision_trials_are_taken():
    est = regressor()
    outputs = run(sk_biornn.to_torch(est), X.astype(np.float32))
    assert outputs.dtype == np.float64  # as the weights
    assert_allclose(outputs, est.predict(X), atol=1e-6)


@pytest.mark.parametrize(("static", "shape"), [(True, (3, 4, 2)), (False, (3, 2))])
def test_trials_of_other_axes_are_refused(static, shape):
    y = X[:, -1]
    est = regressor(X[:, 0], y) if static else regressor()
    with pytest.raises(ValueError, match=f"x must have {'two' if static else 'three'} axes"):
        sk_biornn.to_torch(est)(torch.zeros(shape))


@pytest.mark.parametrize("lengths", [[0, 3], [3, 8], [3], [[3, 3]]])
def test_lengths_that_no_trial_has_are_refused(lengths):
    module = sk_biornn.to_torch(regressor())
    with pytest.raises(ValueError, match="lengths must be"):
        module(torch.zeros(2, 7, 2), torch.tensor(lengths))
    with pytest.raises(torch.jit.Error, match="lengths must be"):
        scripted(module)(torch.zeros(2, 7, 2), torch.tensor(lengths))


# ---------------------------------------------------------------- graphs


def test_edges_lead_from_pre_to_post():
    est = DaleRNNRegressor.from_weights(
        W_rec=[[0.0, -2.0, 0.0], [1.0, 0.0, 0.0], [3.0, 0.0, 0.5]],
        W_in=np.ones((3, 1)),
        W_out=np.ones((1, 3)),
        signs=[1, -1, 0],
    )
    graph = sk_biornn.to_networkx(est)
    assert type(graph) is nx.DiGraph
    assert dict(graph.nodes(data=True)) == {0: {"sign": 1}, 1: {"sign": -1}, 2: {"sign": 0}}
    edges = [(0, 1, 1.0), (0, 2, 3.0), (1, 0, -2.0), (2, 2, 0.5)]
    assert sorted(graph.edges(data="weight")) == edges
    assert all(type(weight) is float for *_, weight in graph.edges(data="weight"))


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_the_matrix_of_the_graph_is_that_of_the_weights(kind):
    mask = kind(np.random.default_rng(0).random((6, 6)) < 0.5)
    est = regressor(mask=mask, sparse=kind is not np.asarray)
    W = est.W_rec_.toarray() if sp.issparse(est.W_rec_) else est.W_rec_
    graph = sk_biornn.to_networkx(est)
    assert_array_equal(nx.to_numpy_array(graph, nodelist=range(6)).T, W)  # its own are [pre, post]
    assert graph.number_of_edges() == np.count_nonzero(W)


def test_nodes_have_names_and_positions():
    positions = pd.DataFrame(np.eye(6)[:, :3] * 2, index=list("abcdef"))
    est = regressor(mask=wiring(), coordinates=positions, unit_cube=False)
    graph = sk_biornn.to_networkx(est)
    assert list(graph.nodes) == list("abcdef")
    assert graph.nodes["a"] == {"sign": 1, "position": (2.0, 0.0, 0.0)}
    assert graph.nodes["f"] == {"sign": -1, "position": (0.0, 0.0, 0.0)}
    assert set(graph.edges) <= {(pre, post) for pre, post in wiring().to_networkx().edges}


def test_a_grid_is_where_units_are():
    est = quiet_fit(SpatialRNNRegressor(n_units=4, coordinates=(2, 2, 1), max_iter=1))
    points = [point for _, point in sk_biornn.to_networkx(est).nodes(data="position")]
    assert points == [(0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0)]


def test_nodes_know_their_populations():
    est = quiet_fit(CellTypeRNNRegressor(populations=table(), max_iter=1))
    graph = sk_biornn.to_networkx(est)
    assert [graph.nodes[k]["population"] for k in graph] == ["pyr"] * 4 + ["pv"] * 2
    assert [graph.nodes[k]["sign"] for k in graph] == [1] * 4 + [-1] * 2
    assert graph.nodes[5]["area"] == "V1" and "n_units" not in graph.nodes[5]


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("way", [sk_biornn.to_torch, sk_biornn.to_networkx])
def test_other_things_are_refused(way):
    for est in (Ridge(), None, DaleRNNRegressor, np.eye(2)):
        with pytest.raises(TypeError, match=r"^est must be a network of sk_biornn, got "):
            way(est)
    with pytest.raises(NotFittedError):
        way(DaleRNNRegressor())
    ensemble = SeedEnsemble(DaleRNNRegressor(n_units=3, max_iter=1), n_seeds=1)
    with pytest.raises(TypeError, match=r"; take one of its estimators_\.$"):
        way(quiet_fit(ensemble))
    pipe = make_pipeline(TrialScaler(), DaleRNNRegressor(n_units=3, max_iter=1))
    quiet_fit(pipe)
    sentence = (
        r", got Pipeline\(.*; pass its last step, pipe\[-1\]: what the steps before do is not "
    )
    with pytest.raises(TypeError, match=sentence + r"included\.$"):
        way(pipe)
    way(pipe[-1])
