"""Fitted networks as ONNX files, executed by the evaluator that comes with onnx, or a runtime."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from files_of_networks.make import networks, trials
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

import sk_biornn
from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.core.observations import OBSERVATIONS

X = trials(6, 5)
NETWORKS = [name for name, (est, *_) in networks().items() if hasattr(est, "n_units")]


def quiet_fit(est, x=X, y=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.fit(x, y)


def regressor(**arguments):
    return DaleRNNRegressor(n_units=6, max_iter=3, random_state=0, **arguments)


def executed(path, x):
    """Outputs of a file, by a runtime where there is one."""
    x = np.asarray(x, dtype=np.float32)
    try:
        import onnxruntime
    except ImportError:
        evaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator(str(path))
    else:
        evaluator = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = evaluator.run(None, {"X": x})
    return y


def assert_same(est, path, x=X):
    """A file says what the module says, also of other numbers of trials and steps."""
    pytest.importorskip("onnx")
    sk_biornn.to_onnx(est, path)
    module = sk_biornn.to_torch(est).float()
    others = x[:1, :, ...] if np.ndim(x) == 2 else x[:1, :3]
    for each in (x, others):
        with torch.no_grad():
            expected = module(torch.from_numpy(np.asarray(each, dtype=np.float32))).numpy()
        outputs = executed(path, each)
        assert outputs.dtype == np.float32 and outputs.shape == expected.shape
        assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_files_say_what_networks_say(name, tmp_path):
    est, x, y = networks()[name]
    if not isinstance(x, np.ndarray):
        pytest.skip("of trials of unequal length")
    assert_same(quiet_fit(est, x, y), tmp_path / "network.onnx", x)


@pytest.mark.parametrize(
    "arguments",
    [
        *({"activation": name} for name in ACTIVATIONS),
        {"rectify": False, "readout_from": "rate", "dt": 10.0, "tau": 30.0},
        {"initial_state": "per trial"},
        {"dt": 10.0, "tau": 20.0, "calcium_tau": [15.0, 30.0]},
        {"readout_skip": "diagonal"},
        {"output_activation": "tanh"},
    ],
    ids=str,
)
def test_every_way_to_move(arguments, tmp_path):
    y = np.tanh(X) if "output_activation" in arguments else X
    assert_same(quiet_fit(regressor(**arguments), X, y), tmp_path / "network.onnx")


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_every_observation(observation, tmp_path):
    y = (X > 0) + (observation == "gamma")
    est = quiet_fit(regressor(observation=observation), X, y.astype(float))
    assert_same(est, tmp_path / "network.onnx")


def test_predictions_at_the_last_step_and_of_static_stimuli(tmp_path):
    path = tmp_path / "network.onnx"
    assert_same(quiet_fit(regressor(), X, X[:, -1]), path)
    static = quiet_fit(regressor(n_static_steps=3), X[:, 0], X[:, -1])
    assert_same(static, path, X[:, 0])
    assert_allclose(executed(path, X[:, 0]), static.predict(X[:, 0]), rtol=1e-4, atol=1e-5)


def test_labels_follow_from_the_scores_of_a_classifier(tmp_path):
    pytest.importorskip("onnx")
    labels = np.array(["a", "b", "c"])[np.arange(6) % 3]
    est = quiet_fit(DaleRNNClassifier(n_units=6, max_iter=3, random_state=0), X, labels)
    sk_biornn.to_onnx(est, tmp_path / "network.onnx")
    scores = executed(tmp_path / "network.onnx", X)
    assert (est.classes_[scores.argmax(axis=1)] == est.predict(X)).all()


def test_without_onnx_a_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"^to_onnx needs the package onnx: pip install \"sk-"):
        sk_biornn.to_onnx(quiet_fit(regressor()), tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_no_fitted_network_is_refused(tmp_path):
    path = tmp_path / "network.onnx"
    with pytest.raises(TypeError, match=r"^est must be "):
        sk_biornn.to_onnx(Ridge(), path)
    with pytest.raises(NotFittedError):
        sk_biornn.to_onnx(regressor(), path)
    with pytest.raises((TypeError, ValueError), match=r"^path must be "):
        sk_biornn.to_onnx(quiet_fit(regressor()), 7)
    for where, sentence in ((tmp_path, "of a folder"), (tmp_path / "no" / "x.onnx", "that exists")):
        with pytest.raises(ValueError, match=f"^path must be .*{sentence}"):
            sk_biornn.to_onnx(quiet_fit(regressor()), where)


def test_defaults_of_torch_change_no_file(tmp_path):
    onnx = pytest.importorskip("onnx")
    est = quiet_fit(regressor())
    torch.set_default_dtype(torch.float64)
    try:
        sk_biornn.to_onnx(est, tmp_path / "network.onnx")
    finally:
        torch.set_default_dtype(torch.float32)
    (given,) = onnx.load(tmp_path / "network.onnx").graph.input
    assert given.type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_threads_write_one_after_the_other(tmp_path):
    pytest.importorskip("onnx")
    est = quiet_fit(regressor())
    paths = [tmp_path / f"{k}.onnx" for k in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(partial(sk_biornn.to_onnx, est), paths))
    assert len({executed(path, X).tobytes() for path in paths}) == 1


def test_without_scripts_of_torch_no_file_is_written(monkeypatch, tmp_path):
    pytest.importorskip("onnx")
    monkeypatch.setattr(torch.jit, "script", lambda module: module)
    with pytest.raises(RuntimeError, match=r"^to_onnx needs scripts of torch"):
        sk_biornn.to_onnx(quiet_fit(regressor()), tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())
