"""Tests of files of networks: what is loaded is what was saved, and nothing else is loaded."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from files_of_networks.make import networks, said_of, table, trials, wiring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import sk_biornn
from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNRegressor,
)
from sk_biornn.biology import Dale, TopProbPruning, WeightCost, WiringCost
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.estimators import Adam, CosineCycles
from sk_biornn.io import TRUSTED_TYPES
from sk_biornn.io._classes import known_classes
from sk_biornn.io._container import FORMAT, HEADER
from sk_biornn.model_selection import StackedGridSearchCV
from sk_biornn.preprocessing import TrialScaler

FOLDER = Path(__file__).parent / "files_of_networks"
KEPT = sorted(path for path in FOLDER.glob("format_*/*.npz") if ".said" not in path.name)
X = trials()
TOLERANCE = {"rtol": 0, "atol": 1e-6}


def quiet_fit(est, x=X, y=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.fit(x, y)


def fitted(**arguments):
    return quiet_fit(DaleRNNRegressor(**{"n_units": 5, "max_iter": 2, **arguments}))


def there_and_back(est, path, **options):
    sk_biornn.save(est, path, **options)
    return sk_biornn.load(path)


def same(a, b, at="network"):
    """Compare two values to the last bit, their types included."""
    assert type(a) is type(b), at
    if isinstance(a, np.random.RandomState):
        same(a.get_state(legacy=False), b.get_state(legacy=False), at)
    elif isinstance(a, np.random.Generator):
        same(a.bit_generator.state, b.bit_generator.state, at)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape, at
        if a.dtype == object:
            same(a.ravel().tolist(), b.ravel().tolist(), at)
        else:
            assert a.tobytes() == b.tobytes(), at
    elif sp.issparse(a):
        assert_array_equal(a.toarray(), b.toarray())
    elif isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
    elif isinstance(a, pd.Series):
        pd.testing.assert_series_equal(a, b, check_exact=True)
    elif isinstance(a, dict):
        assert list(a) == list(b), at
        for key in a:
            same(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), at
        for number, pair in enumerate(zip(a, b, strict=True)):
            same(*pair, f"{at}[{number}]")
    elif hasattr(a, "__dict__") and type(a).__module__.startswith(("sk_biornn", "sklearn")):
        assert set(vars(a)) == set(vars(b)), at
        for name in vars(a):
            same(vars(a)[name], vars(b)[name], f"{at}.{name}")
    else:
        assert a == b or (a != a and b != b), at


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("name", networks())
def test_networks_come_back_and_train_on_with_the_same_bits(tmp_path, name):
    est, x, y = networks()[name]
    quiet_fit(est, x, y)
    loaded = there_and_back(est, tmp_path / "network.npz")
    same(loaded, est)
    assert_array_equal(said_of(loaded, x), said_of(est, x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(est, "warm_start"):
            both = [each.set_params(warm_start=True).fit(x, y) for each in (est, loaded)]
            both = [each.partial_fit(x, y) for each in both]
        else:
            both = [each.fit(x, y) for each in (est, loaded)]
    same(both[1], both[0])
    assert_array_equal(said_of(both[1], x), said_of(both[0], x))


def test_what_a_fit_leaves_in_the_middle_goes_on_as_if_it_had_never_stopped(tmp_path):
    path = tmp_path / "network.npz"

    def keep(network):
        if network.n_iter_ == 2:
            sk_biornn.save(network, path, without=["on_epoch"])

    noisy = {"recurrent_noise": 0.3, "noise_level": 0.1, "batch_size": 3, "random_state": 0}
    whole = fitted(max_iter=5, on_epoch=keep, **noisy)
    with pytest.warns(UserWarning, match=r"^on_epoch of '.*' was left out when it was saved, and"):
        half = sk_biornn.load(path)
    assert half.on_epoch is None and half.n_iter_ == 2
    half.set_params(warm_start=True, max_iter=3).fit(X, X)
    assert_array_equal(half.W_rec_, whole.W_rec_)
    assert half.loss_curve_ == whole.loss_curve_


def test_an_estimator_that_was_not_fitted_is_its_arguments(tmp_path):
    est = SpatialRNNRegressor(n_units=12, coordinates=(3, 2, 2), regularizer=WiringCost(0.2))
    loaded = there_and_back(est, tmp_path / "network.npz")
    same(loaded, est)
    assert not hasattr(loaded, "W_rec_")


def test_generators_that_are_one_stay_one(tmp_path):
    rng = np.random.default_rng(3)
    ensemble = SeedEnsemble(DaleRNNRegressor(random_state=rng), random_state=rng)
    loaded = there_and_back(ensemble, tmp_path / "network.npz")
    assert loaded.random_state is loaded.estimator.random_state
    assert loaded.random_state.integers(2**40) == rng.integers(2**40)


def test_arrays_that_are_one_are_stored_once(tmp_path):
    est = fitted(mask=np.ones((5, 5), dtype=bool))
    path = tmp_path / "network.npz"
    there_and_back(est, path)
    with np.load(path) as file:
        assert [name for name in file.files if "signs" in name or "mask" in name] == [
            "mask",
            "signs_",
            "mask_",
        ]


def test_arrays_of_one_place_have_names_of_their_own(tmp_path):
    one, two = np.arange(2), np.arange(3)
    weight = {"a.b": one, "a": {"b": two}, "/": two + 1, "\u00e9": one + 1, "*" * 200: one - 1}
    est = DaleRNNClassifier(class_weight=weight)
    same(there_and_back(est, tmp_path / "network.npz"), est)


def test_loaded_arrays_are_the_users_own(tmp_path):
    loaded = there_and_back(fitted(tau=np.full(5, 20.0), dt=10.0), tmp_path / "network.npz")
    for array in (loaded.W_rec_, loaded.tau):
        assert array.flags.owndata and array.flags.writeable


def test_what_came_with_a_later_version_is_as_by_default(tmp_path, recwarn):
    """As in a file of a version that had fewer arguments."""
    ensemble = quiet_fit(SeedEnsemble(DaleRNNRegressor(n_units=3, max_iter=1), n_seeds=1))
    sk_biornn.save(make_pipeline(TrialScaler(), ensemble), tmp_path / "a.npz")

    def fewer(header):
        pipeline = header["network"]["state"]
        pipeline.pop("memory")
        state = pipeline["steps"][1]["tuple"][1]["state"]
        state.pop("strategy")
        state["estimator"]["state"].pop("activation")

    loaded = sk_biornn.load(rewritten(tmp_path / "a.npz", tmp_path, fewer))
    assert loaded.get_params()["memory"] is None
    assert loaded[-1].strategy == "auto" and loaded[-1].estimator.activation == "tanh"
    assert not recwarn


def test_scalers_of_another_scikit_learn_load_in_silence(tmp_path, recwarn, monkeypatch):
    scaler = TrialScaler().fit(X)
    monkeypatch.setattr("sklearn.base.__version__", "1.0")
    sk_biornn.save(scaler, tmp_path / "a.npz")
    monkeypatch.undo()
    assert_array_equal(sk_biornn.load(tmp_path / "a.npz").transform(X), scaler.transform(X))
    assert not recwarn


def test_what_methods_of_scikit_learn_have_set_is_left_out_by_name(tmp_path):
    est = DaleRNNRegressor()
    est._skl_callbacks = [print]
    with pytest.raises(TypeError, match=r"^callbacks\[0\] must be .*without=\['callbacks'\]"):
        sk_biornn.save(est, tmp_path / "a.npz")
    with config_context(enable_metadata_routing=True):
        est.set_fit_request(sample_weight=True)
    with pytest.raises(TypeError, match=r"^metadata_request must be "):
        sk_biornn.save(est, tmp_path / "a.npz", without=["callbacks"])
    with pytest.warns(UserWarning, match=r"^callbacks, metadata_request of "):
        there_and_back(est, tmp_path / "a.npz", without=["callbacks", "metadata_request"])


def test_equal_networks_are_equal_files(tmp_path):
    for name in ("a.npz", "b.npz"):
        sk_biornn.save(fitted(random_state=0), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_anybody_reads_the_arrays_without_this_package(tmp_path):
    est = fitted()
    sk_biornn.save(est, tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as file:
        for name in ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_"):
            assert_array_equal(file[name], getattr(est, name))
        for name in file.files:
            assert file[name].dtype.kind in "biufcSUmM"
        header = json.loads(file[HEADER].tobytes())
    assert header["format"] == FORMAT and header["versions"]["sk_biornn"] == sk_biornn.__version__
    assert header["network"]["estimator"] == "sk_biornn.DaleRNNRegressor"


def test_nothing_is_unpickled(tmp_path, monkeypatch):
    est = quiet_fit(CellTypeRNNRegressor(populations=table(), max_iter=1))
    sk_biornn.save(est, tmp_path / "network.npz")

    def never(*_, **__):
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    assert_array_equal(sk_biornn.load(tmp_path / "network.npz").predict(X), est.predict(X))


def test_a_network_is_loaded_in_another_process(tmp_path):
    est = fitted(mask=wiring(), n_units=6)
    sk_biornn.save(est, tmp_path / "network.npz")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, numpy as np, sk_biornn; folder = sys.argv[1]; "
        "est = sk_biornn.load(folder + '/network.npz'); "
        "np.save(folder + '/said.npy', est.predict(np.load(folder + '/X.npy')))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert_allclose(np.load(tmp_path / "said.npy"), est.predict(X), rtol=0, atol=1e-12)


def test_the_network_that_was_there_stays_when_a_save_fails(tmp_path, monkeypatch):
    path = tmp_path / "network.npz"
    sk_biornn.save(fitted(random_state=0), path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        sk_biornn.save(fitted(random_state=1), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["network.npz"]


def test_every_law_stays_exact(tmp_path):
    est = fitted(mask=np.eye(5, k=1) + np.eye(5, k=-1), signs=[1, 1, 1, -1, -1])
    loaded = there_and_back(est, tmp_path / "network.npz").partial_fit(X, X)
    assert (loaded.W_rec_ * loaded.signs_ >= 0).all()
    assert (loaded.W_rec_[~loaded.mask_] == 0).all()


# ---------------------------------------------------------------- any arguments

NAMES = list("abcde")
FRAME = pd.DataFrame(np.ones((5, 5)), pd.Index(NAMES, name="post"), pd.Index(NAMES, name="pre"))
ARGUMENTS = {
    "mask": [None, np.ones((5, 5)), FRAME, sp.coo_matrix(np.eye(5)), torch.ones(5, 5)],
    "signs": [None, [1, 1, 1, -1, -1], pd.Series([1, 1, -1, -1, 0], NAMES), np.ones(5)],
    "dale": ["projection", "square", Dale(), None],
    "regularizer": [None, "weight", WeightCost(0.3), ["silent_units", WeightCost()]],
    "activation": ["tanh", "relu", "softplus"],
    "readout_from": ["state", "rate"],
    "solver": ["adam", "sgd", Adam(1e-7, "keras")],
    "learning_rate": ["constant", CosineCycles(7)],
    "random_state": [0, np.int64(3)],
    "pruning": [None, "magnitude", TopProbPruning()],
    "recurrent_noise": [0.0, 0.2],
    "recurrent_bias": [True, False, "double"],
    "batch_size": ["auto", 3],
    "early_stopping": [False, True],
    "learn_tau": [False, True],
    "initial_state": ["zero", "learned", "per trial"],
    "observation": ["gaussian", "poisson", "gamma"],
    "frozen": [(), ("W_in",), ["b_out"]],
}
SOME = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(range(len(v))) for name, v in ARGUMENTS.items()}
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SOME)
def test_any_arguments_come_back(tmp_path, chosen):
    arguments = {name: copy.deepcopy(ARGUMENTS[name][number]) for name, number in chosen.items()}
    if arguments.get("learn_tau"):
        arguments |= {"dt": 10.0, "tau": 25.0}
    if arguments.get("pruning") is not None:
        arguments["density"] = 0.7
    est = DaleRNNRegressor(n_units=5, max_iter=2, finetune_iter=1, **arguments)
    y = np.abs(X).round() + 1
    try:
        quiet_fit(est, X, y)
    except (TypeError, ValueError):
        pass  # arguments that do not fit each other; they can be saved all the same
    loaded = there_and_back(est, tmp_path / "network.npz")
    if isinstance(est.mask, torch.Tensor):
        est.set_params(mask=est.mask.numpy())
    same(loaded, est)
    if hasattr(est, "W_rec_"):
        assert_array_equal(loaded.predict(X), est.predict(X))
        on = [quiet_fit(each.set_params(warm_start=True), X, y) for each in (est, loaded)]
        same(on[1], on[0])


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | of_numpy.from_dtype(np.dtype(np.float32))
    | of_numpy.from_dtype(np.dtype(np.int16))
    | of_numpy.from_dtype(np.dtype("<U3"))
)
ARRAYS = of_numpy.arrays(
    st.sampled_from(
        [np.bool_, np.int8, np.uint64, np.float32, np.complex64, "<U2", ">f8", "M8[s]"]
    ),
    of_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
KEYS = st.integers() | st.text() | st.booleans()
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES)
def test_any_numbers_and_text_come_back(tmp_path, value):
    est = DaleRNNClassifier(class_weight=value)  # nothing is checked before a fit
    same(there_and_back(est, tmp_path / "network.npz"), est)


@pytest.mark.parametrize(
    "value",
    [
        *(getattr(sp, f"{form}_{kind}") for form in ("bsr", "csc", "csr", "coo", "dia")
          for kind in ("array", "matrix")),
    ],
)  # fmt: skip
def test_sparse_matrices_of_every_form_come_back(tmp_path, value):
    est = DaleRNNRegressor(mask=value(np.eye(4, k=1)))
    same(there_and_back(est, tmp_path / "network.npz"), est)


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": pd.Categorical(["x", "y"], categories=["y", "x"], ordered=True)}),
        pd.Series([1.0, np.nan], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
        pd.DataFrame({"day": pd.date_range("2024-01-01", periods=2)}),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0)[::2],
        np.array(["a", 1, None, (2, [3])], dtype=object),
        torch.device("cpu"),
        np.random.RandomState(3),
        np.random.Generator(np.random.Philox(3)),
    ],
)
def test_odd_values_come_back(tmp_path, value):
    est = DaleRNNRegressor(tau=value)
    same(there_and_back(est, tmp_path / "network.npz"), est)


# ---------------------------------------------------------------- what is refused when saving


@dataclass(frozen=True)
class MyCost(WeightCost):
    """A penalty of one's own."""


class MyNetwork(DaleRNNRegressor):
    """A network of one's own."""


@pytest.mark.parametrize(
    ("est", "sentence"),
    [
        (DaleRNNRegressor(on_epoch=print), "on_epoch must be numbers, text or an object of"),
        (DaleRNNRegressor(regularizer=MyCost()), "regularizer must be .* got MyCost"),
        (DaleRNNRegressor(regularizer=["weight", MyCost()]), r"regularizer\[1\] must be .*MyCost"),
        (
            SeedEnsemble(DaleRNNRegressor(dale=max)),
            r"estimator\.dale must be .*; without=\['dale'\] leaves it out",
        ),
        (DaleRNNRegressor(mask=np.ma.masked_array([1])), "mask must be .* got masked_array"),
        (DaleRNNRegressor(recurrent_init=Ridge()), "recurrent_init must be .* got Ridge()"),
        (DaleRNNRegressor(tau=np.zeros(2, "i4,f8")), "tau must be .* got array"),
        (Ridge(), "est must be an estimator of sk_biornn or a Pipeline of such, got Ridge()"),
        (MyNetwork(), "est must be an estimator of sk_biornn .* got MyNetwork()"),
        (DaleRNNRegressor, "est must be .*, a class and no estimator"),
        (WeightCost(), "est must be an estimator"),
        (None, "est must be an estimator"),
        (StackedGridSearchCV(DaleRNNRegressor(), {}), "est must be .*save its best_estimator_"),
        (make_pipeline(TrialScaler(), Ridge()), r"steps\[1\]\[1\] must be .* got Ridge()"),
    ],
)
def test_what_has_no_plain_form_is_refused_by_name(tmp_path, est, sentence):
    with pytest.raises(TypeError, match=rf"^{sentence}") as caught:
        sk_biornn.save(est, tmp_path / "network.npz")
    assert_one_sentence(caught.value)
    assert not list(tmp_path.iterdir())


def assert_one_sentence(error):
    text = str(error)
    assert text.endswith(".") and "\n" not in text and len(text) < 400, text


def test_lists_that_hold_themselves_are_refused(tmp_path):
    tau = [1.0]
    tau.append(tau)
    with pytest.raises(ValueError, match=r"^est must not hold lists or dicts that hold themselves"):
        sk_biornn.save(DaleRNNRegressor(tau=tau), tmp_path / "network.npz")


@pytest.mark.parametrize(
    ("without", "error", "sentence"),
    [
        (["on_epoc"], ValueError, "without must name arguments of DaleRNNRegressor that have"),
        (["W_rec_"], ValueError, "without must name arguments"),
        ("on_epoch", TypeError, "without must be names of arguments, got 'on_epoch'"),
        ([3], TypeError, "without must be names of arguments"),
    ],
)
def test_only_arguments_are_left_out(tmp_path, without, error, sentence):
    with pytest.raises(error, match=rf"^{sentence}"):
        sk_biornn.save(DaleRNNRegressor(), tmp_path / "network.npz", without=without)


def test_an_argument_without_a_default_is_not_left_out(tmp_path):
    with pytest.raises(ValueError, match=r"^without must name arguments of SeedEnsemble that have"):
        sk_biornn.save(SeedEnsemble(DaleRNNRegressor()), tmp_path / "a.npz", without=["estimator"])


def test_what_was_left_out_is_as_by_default(tmp_path):
    ensemble = SeedEnsemble(DaleRNNRegressor(dale=max, on_epoch=print))
    with pytest.warns(UserWarning, match=r"^dale, on_epoch of .* left out"):
        loaded = there_and_back(ensemble, tmp_path / "a.npz", without=("on_epoch", "dale"))
    assert (loaded.estimator.dale, loaded.estimator.on_epoch) == ("projection", None)


@pytest.mark.parametrize(
    ("path", "error", "sentence"),
    [
        (3, TypeError, "path must be the path of a file, got 3"),
        (b"network.npz", TypeError, "path must be the path of a file"),
        ("", ValueError, "path must be the path of a file, got ''"),
        ("a\0b", ValueError, "path must be the path of a file"),
        ("no/such/folder/a.npz", ValueError, "path must be in a folder that exists"),
        (".", ValueError, "path must be that of a file, not of a folder"),
    ],
)
def test_paths(path, error, sentence):
    with pytest.raises(error, match=rf"^{sentence}"):
        sk_biornn.save(DaleRNNRegressor(), path)


# ---------------------------------------------------------------- what is refused when loading


@pytest.fixture(scope="module")
def a_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "network.npz"
    sk_biornn.save(fitted(random_state=0, mask=wiring(), n_units=6), path)
    return path


def refused(path):
    """Return the sentence with which a file is refused."""
    with pytest.raises(ValueError) as caught:
        sk_biornn.load(path)
    assert type(caught.value) is not UnicodeDecodeError
    assert_one_sentence(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def rewritten(path, folder, change=None, compress=False, **arrays):
    """Return a file with another header or other arrays; an array that is None is taken out."""
    with np.load(path) as file:
        parts = {name: file[name] for name in file.files}
    header = json.loads(parts[HEADER].tobytes())
    if change is not None:
        change(header)
    parts[HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    parts |= arrays
    parts = {name: array for name, array in parts.items() if array is not None}
    other = folder / "other.npz"
    (np.savez_compressed if compress else np.savez)(other, **parts)
    return other


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^no file of a network at "):
        sk_biornn.load(tmp_path / "network.npz")
    assert "path must be that of a file" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"x", b"\x93NUMPY", b"\x80\x04N.", b"\x89HDF\r\n"])
def test_files_of_other_kinds(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    assert "must be a file that sk_biornn.save has written" in refused(tmp_path / "a.npz")


def test_archives_of_other_kinds(tmp_path):
    np.savez(tmp_path / "a.npz", W=np.eye(2))
    torch.save({"W": torch.eye(2)}, tmp_path / "a.pt")
    np.savez(tmp_path / "b.npz", **{HEADER: np.frombuffer(b'{"what": "else"}', np.uint8)})
    for name in ("a.npz", "a.pt", "b.npz"):
        assert "must be a file that sk_biornn.save has written" in refused(tmp_path / name)


def test_files_of_a_newer_format(tmp_path, a_file):
    def newer(header):
        header["format"], header["versions"]["sk_biornn"] = FORMAT + 1, "9.1"

    said = refused(rewritten(a_file, tmp_path, newer, more=np.eye(2)))
    assert f"is of format {FORMAT + 1}, written by sk_biornn 9.1, and this version reads" in said
    assert "install sk_biornn 9.1 or a later one." in said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda n: n.update(estimator="sk_biornn.Later"), "holds an object 'sk_biornn.Later', wh"),
        (lambda n: n["state"].update(later=3), "holds the argument later of DaleRNNRegressor, wh"),
        (lambda n: n["state"].update(tau={"later": 3}), "holds a value of kind 'later', which"),
        (lambda n: n["state"].update(tau={"array": "no"}), "was changed after it was saved"),
        (lambda n: n["state"].update(tau={}), "was changed after it was saved"),
        (lambda n: n["state"].update(estimator="sk_biornn.cli.main"), "holds the argument"),
        (lambda n: n.update(estimator="sk_biornn.cli.main"), "holds an object 'sk_biornn.cli.m"),
        (lambda n: n.update(estimator="os.system"), "holds an object 'os.system', which"),
        (lambda n: n["state"].pop("mask") and n.pop("state"), "was changed after it was saved"),
    ],
)
def test_headers_of_other_hands(tmp_path, a_file, change, sentence):
    other = rewritten(a_file, tmp_path, lambda header: change(header["network"]))
    assert sentence in refused(other)


def test_archives_of_other_hands(tmp_path, a_file):
    for options in (
        {"W_rec_": None},
        {"more": np.eye(2)},
        {"W_rec_": np.array([None])},
        {"compress": True},
    ):
        assert "is damaged or was cut off" in refused(rewritten(a_file, tmp_path, **options))


def test_an_array_that_announces_more_than_it_holds_takes_no_memory(tmp_path, a_file):
    forged = io.BytesIO()
    announced = {"descr": "<f8", "fortran_order": False, "shape": (99_999_999, 99_999)}
    np.lib.format.write_array_header_1_0(forged, announced)
    with (
        zipfile.ZipFile(a_file) as archive,
        zipfile.ZipFile(tmp_path / "a.npz", "w") as other,
    ):
        for name in archive.namelist():
            is_forged = name == "W_rec_.npy"
            other.writestr(name, forged.getvalue() if is_forged else archive.read(name))
    assert "'W_rec_' has not the size that it announces" in refused(tmp_path / "a.npz")


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damage_is_seen_or_does_no_harm(a_file, data):
    content = bytearray(a_file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = a_file.with_name("damaged.npz")
    path.write_bytes(content)
    try:
        loaded = sk_biornn.load(path)
    except ValueError as error:
        assert_one_sentence(error)
        assert str(path) in str(error)
    else:
        same(loaded, sk_biornn.load(a_file))


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1, exclude_max=True))
def test_half_a_file_is_refused(a_file, share):
    content = a_file.read_bytes()
    path = a_file.with_name("half.npz")
    path.write_bytes(content[: int(share * len(content))])
    refused(path)


# ---------------------------------------------------------------- files that must load for ever


def test_there_are_files_of_every_format():
    folders = {path.parent.name for path in KEPT}
    assert folders == {f"format_{number}" for number in range(1, FORMAT + 1)}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_files_of_released_formats_load(path):
    assert path.stat().st_size < 30_000
    est = sk_biornn.load(path)
    with np.load(path.with_name(f"{path.stem}.said.npz")) as file:
        x, y, expected = file["X"], file["y"], file["said"]
    assert_allclose(said_of(est, x), expected, **TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(est, "partial_fit") and hasattr(est, "loss_curve_"):
            n_iter = est.n_iter_
            assert est.partial_fit(x, y).n_iter_ == n_iter + 1
        else:
            est.fit(x, y)
    assert np.isfinite(said_of(est, x)).all()


# ---------------------------------------------------------------- skops


@pytest.mark.parametrize("name", [name for name in networks() if name != "pipeline"])
def test_skops_needs_no_other_types_than_the_trusted(name):
    skops = pytest.importorskip("skops.io")
    est, x, y = networks()[name]
    quiet_fit(est, x, y)
    loaded = skops.loads(skops.dumps(est), trusted=TRUSTED_TYPES)
    assert_array_equal(said_of(loaded, x), said_of(est, x))


def test_trusted_types_are_all_classes_that_files_may_name():
    assert TRUSTED_TYPES == sorted(f"{c.__module__}.{c.__name__}" for c in known_classes().values())
    assert all(re.fullmatch(r"sk_biornn(\.\w+)+", name) for name in TRUSTED_TYPES)
    names = list(known_classes())
    for expected in ("sk_biornn.DaleRNNClassifier", "sk_biornn.biology.Dale"):
        assert expected in names
