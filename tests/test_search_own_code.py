"""What a search takes for the same fit: all that it depends on, and code that a version seals."""

from __future__ import annotations

import functools
import importlib
import math
import pickle
import statistics
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from searches import X, Y, network
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_biornn import SpatialRNNRegressor
from sk_biornn.biology import Dale
from sk_biornn.model_selection import StackedGridSearchCV
from sk_biornn.model_selection._digest import digest
from sk_biornn.model_selection._origin import _of_path, origin

RATES = {"learning_rate_init": [1e-3]}
OWN = r"^checkpoint .* with such {}: code of one's own \({}\) may change without a trace; .*key"


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def search(folder, estimator, X=X, y=Y, grid=RATES, **options):
    options = {"cv": 2, "refit": False, "checkpoint": folder, **options}
    return StackedGridSearchCV(clone(estimator), grid, **options).fit(X, y)


def n_kept(folder):
    return len(list((folder / "runs").glob("*.json")))


def is_taken(found):
    return (found.stacking_report_["reason"] == "kept in the checkpoint").all()


# ------------------------------------------------------------------ code of one's own


def stop(network):
    return network.n_iter_ >= 2


def stop_of(law, network):
    return False


@functools.lru_cache
def cached(network):
    return False


def half(X):
    return X / 2


def wrapped(network):
    return False


wrapped = functools.wraps(math.sin)(wrapped)


class Stop:
    limit = 2

    def __call__(self, network):
        return network.n_iter_ >= self.limit

    def method(self, network):
        return self(network)


class ByName(Stop):
    def __reduce__(self):
        return "BY_NAME"


BY_NAME = ByName()


class Keyed(Stop):  # whose base says nothing
    checkpoint_key = "v1"


class OwnDale(Dale):
    pass


class OwnNetwork(SpatialRNNRegressor):
    pass


CALLABLES = {
    "function": (stop, "stop"),
    "lambda": (lambda network: False, "<lambda>"),
    "cached": (cached, "cached"),
    "wrapped": (wrapped, "sin"),
    "partial": (functools.partial(stop), "stop"),
    "method": (Stop().method, "Stop"),
    "tied": (types.MethodType(stop_of, Dale("abs")), "stop_of"),
    "object": (Stop(), "Stop"),
    "by name": (BY_NAME, "ByName"),
    "half a key": (Keyed(), "Keyed"),
    "compiled": (np.frompyfunc(stop, 1, 1), "stop .vectorized..*"),
}


@pytest.mark.parametrize("kind", CALLABLES)
def test_code_of_ones_own_is_fitted_anew_and_told_once(tmp_path, kind):
    function, name = CALLABLES[kind]
    for _ in range(2):
        with pytest.warns(UserWarning, match=OWN.format("on_epoch", f".*{name}")) as said:
            found = search(tmp_path, network(on_epoch=function))
        assert len(said) == 1 and n_kept(tmp_path) == 0
    assert (found.stacking_report_["stack"] == 2).all()


def test_a_class_of_ones_own(tmp_path):
    with pytest.warns(UserWarning, match=OWN.format("dale", "OwnDale")):
        search(tmp_path, network(dale=OwnDale("abs")))
    with pytest.warns(UserWarning, match=OWN.format("estimator", "OwnNetwork")):
        search(tmp_path, OwnNetwork(n_units=6, max_iter=1))
    with pytest.warns(UserWarning, match=OWN.format("steps", "half")):
        pipe = make_pipeline(FunctionTransformer(half), Ridge())
        search(tmp_path, pipe, X[:, 0], Y[:, 0, 0], {"ridge__alpha": [1.0]})


def test_what_is_read_from_elsewhere_is_not_missed(tmp_path, monkeypatch):
    """Class attributes, globals and helpers may change: the fit is made with what they are."""
    epochs = []
    for limit in (1, 3):
        monkeypatch.setattr(Stop, "limit", limit)
        with pytest.warns(UserWarning, match="without a trace"):
            found = search(tmp_path, network(on_epoch=Stop(), max_iter=5), refit=True)
        epochs.append(found.best_estimator_.n_iter_)
    assert epochs == [1, 3]


def test_sessions_have_code_of_their_own(tmp_path, monkeypatch):
    main = types.ModuleType("__main__")
    exec("def stop(network):\n    return helper(network)", vars(main))
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert origin(main.stop) is None
    main.__file__ = np.__file__  # what runs it is installed, and it is not
    assert origin(main.stop) is None
    main.stop.checkpoint_key = "v1"
    assert origin(main.stop) == "__main__.stop 'v1'"


def test_modules_named_as_others(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sched.py").write_text("def stop(network):\n    return False\n")
    monkeypatch.delitem(sys.modules, "sched", raising=False)
    mine = importlib.import_module("sched")
    monkeypatch.setitem(sys.modules, "sched", mine)
    assert mine.__file__ == str(tmp_path / "sched.py") and origin(mine.stop) is None
    monkeypatch.delitem(sys.modules, "sched")


def test_where_code_is_sealed():
    assert origin(Dale) == origin(statistics.mean) == origin(math.sin) == origin(dict) == ""
    assert origin(np.tanh) == origin(np.mean) == f"numpy {np.__version__}"
    assert origin(r2_score) == f"scikit-learn {sklearn.__version__}"
    assert f"torch {torch.__version__}" in origin(torch.nn.Linear)
    assert origin(type(np.dtype(float))) is not None and origin(OwnDale) is None
    site = Path(np.__file__).parents[1]
    assert _of_path(site / "somebodys.py") is None
    assert _of_path(site / "numpy" / "any.py") == f"numpy {np.__version__}"


def _keyed(limit, key="v1"):
    def stop(network):
        return network.n_iter_ >= limit

    stop.checkpoint_key = key
    return stop


class Said:
    checkpoint_key = "v1"

    def __init__(self, limit):
        self.limit = limit

    def __call__(self, network):
        return network.n_iter_ >= self.limit

    def method(self, network):
        return self(network)


@pytest.mark.parametrize("make", [_keyed, Said, lambda limit: Said(limit).method])
def test_code_with_a_key_is_kept_by_it_and_by_what_it_holds(tmp_path, make):
    epochs = []
    for n, limit in ((3, 1), (3, 1), (6, 3)):
        found = search(tmp_path, network(on_epoch=make(limit), max_iter=5), refit=True)
        epochs.append(found.best_estimator_.n_iter_)
        assert n_kept(tmp_path) == n
    assert epochs == [1, 1, 3]


def test_another_key_is_another_code(tmp_path, monkeypatch):
    for n, key in ((2, "v1"), (4, "v2"), (4, "v1")):
        search(tmp_path, network(on_epoch=_keyed(2, key)))
        monkeypatch.setattr(Said, "checkpoint_key", key)
        assert n_kept(tmp_path) == n
    texts = set()
    for key in ("v1", "v2"):
        monkeypatch.setattr(Said, "checkpoint_key", key)
        texts.add(digest(Said(1)))
    assert len(texts) == 2 and all(each.unkept is None for each in texts)
    nameless = lambda network: False  # noqa: E731
    nameless.checkpoint_key = "v1"
    for no_key in (_keyed(2, ""), _keyed(2, 3), nameless, Keyed()):
        assert digest(no_key).unkept is not None
    inner = _keyed(_keyed(2), "v1")  # what it holds is sealed, too
    assert digest(inner).unkept is None and digest(_keyed(stop)).unkept is not None


def test_functions_that_hold_themselves_and_modules():
    def make(module, n):
        def down(k):
            return n if k == 0 else down(k - 1) + module.pi

        down.checkpoint_key = "v1"
        return down

    assert digest(make(math, 1)) == digest(make(math, 1)) != digest(make(math, 2))
    assert digest(make(math, 1)).text != digest(make(np, 1)).text
    assert digest(make(np, 1)).unkept is None
    assert "test_search_own_code" in digest(make(sys.modules[__name__], 1)).unkept


def test_digests_are_those_of_another_process():
    law = Dale("exponentiated", scale=0.1)
    tensors = [torch.ones(2, 3, dtype=torch.bfloat16).T, torch.tensor(1.0)]
    for value in (
        law,
        tensors,
        {"b": 1, "a": {3, 2}},
        r2_score,
        make_scorer(r2_score),
        np.float32(1),
    ):
        found = digest(pickle.loads(pickle.dumps(value)))
        assert found == digest(value) and found.unkept is None


# ------------------------------------------------------------------ functions stack


@pytest.mark.parametrize("folder", [False, True])
def test_functions_without_a_name_stack(tmp_path, folder):
    calls = []
    estimator = network(on_epoch=lambda network: calls.append(1))
    options = {"strategy": "stacked", "grid": {"learning_rate_init": [1e-3, 1e-2]}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = search(tmp_path if folder else None, estimator, **options)
    assert found.stacking_report_["stack"].tolist() == [4] * 4
    assert len(calls) == 4 * 3  # none learned twice


def test_what_cannot_be_told_from_others_says_so():
    class Odd:
        def __call__(self, network):
            return False

        def __deepcopy__(self, memo):
            return self

        def __reduce__(self):
            raise TypeError("no copies")

    found = search(None, network(on_epoch=Odd()), strategy="stacked")
    report = found.stacking_report_
    assert report["stack"].tolist() == [1, 1] and report["seconds"].isna().all()
    assert report["reason"][0] == ("on_epoch: it cannot be told from others (TypeError: no copies)")
    assert found.cv_results_["mean_fit_time"][0] > 0


# ------------------------------------------------------------------ data and settings


def masked(hidden=(3, 2)):
    targets = np.ma.masked_array(Y, np.zeros(Y.shape, bool))
    targets[hidden] = np.ma.masked
    return targets


@pytest.mark.parametrize("form", [lambda y: y, list])
def test_masked_targets_stack_and_are_kept(tmp_path, form):
    options = {"strategy": "stacked", "grid": {"learning_rate_init": [1e-3, 1e-2]}}
    first = search(tmp_path, network(), y=form(masked()), **options)
    assert first.stacking_report_["stack"].tolist() == [4] * 4
    again = search(tmp_path, network(), y=form(masked()), **options)
    assert is_taken(again) and n_kept(tmp_path) == 4
    assert not is_taken(search(tmp_path, network(), y=form(masked((4, 2))), **options))
    plain = search(None, network(), y=form(masked()), **{**options, "strategy": "alone"})
    for found in (first, again):
        np.testing.assert_allclose(
            found.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"], rtol=1e-8
        )


class Units(np.ndarray):
    pass


def _named(*names):
    return np.zeros(2, dtype=[(name, "f8") for name in names])


def _text(letter: str) -> np.ndarray:
    """40 letters whose bytes lie elsewhere; before NumPy 2 there are only those that lie here."""
    kind = getattr(np.dtypes, "StringDType", None)
    return np.array([40 * letter], dtype=kind() if kind else None)


DIFFERENT = {
    "fields": (_named("a", "b"), _named("b", "a")),
    "fields of a list": ([_named("a", "b")], [_named("b", "a")]),
    "class": (np.zeros(2), np.zeros(2).view(np.matrix)),
    "mask": (np.ma.masked_array([1.0, 2], [0, 1]), np.ma.masked_array([1.0, 2], [1, 0])),
    "hidden": (np.ma.masked_array([1.0, 2], [0, 1]), np.ma.masked_array([1.0, 3], [0, 1])),
    "fill": (np.ma.masked_array([1.0], fill_value=1), np.ma.masked_array([1.0], fill_value=2)),
    "masked": (np.zeros(2), np.ma.masked_array(np.zeros(2))),
    "tensor": (torch.zeros(2), np.zeros(2, np.float32)),
    "tensors": ([torch.zeros(2)], [torch.ones(2)]),
    "kind of tensor": (torch.zeros(2, dtype=torch.int16), torch.zeros(2, dtype=torch.bfloat16)),
    "form of tensor": (torch.zeros(2, 3), torch.zeros(3, 2)),
    "gradient": (torch.zeros(2), torch.zeros(2, requires_grad=True)),
    "order of bytes": (np.zeros(2, "<f8"), np.zeros(2, ">f8")),
    "units": (np.zeros(2, "M8[s]"), np.zeros(2, "M8[D]")),
    "keys": ({-1: 0, "a": 1}, {-2: 0, "a": 1}),
    "kinds of keys": ({1: 0}, {True: 0}),
    "sets": ({-1, "a"}, {-2, "a"}),
    "frozen": (frozenset({1}), {1}),
    "text": (_text("a"), _text("b")),
    "columns": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    "methods": ({}.get, {}.pop),
    "functions": (np.sin, np.cos),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_has_another_digest(what):
    one, other = map(digest, DIFFERENT[what])
    assert None not in (one.text, other.text) and one.text != other.text
    assert one.unkept is other.unkept is None
    assert digest(DIFFERENT[what][0]) == one


def test_arrays_of_a_class_of_ones_own():
    assert "Units" in digest(np.zeros(2).view(Units)).unkept
    mapped = np.zeros(2).view(np.memmap)
    assert digest(mapped) == digest(np.zeros(2)) and digest([mapped]) == digest([np.zeros(2)])


def test_settings_of_scikit_learn_are_part_of_a_fit(tmp_path):
    pipe, grid = make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1.0]}
    data = pd.DataFrame(X[:, 0]).add_prefix("f"), Y[:, 0, 0]
    search(tmp_path, pipe, *data, grid, refit=True)
    with sklearn.config_context(transform_output="pandas"):
        for _ in range(2):
            found = search(tmp_path, pipe, *data, grid, refit=True)
            assert hasattr(found.best_estimator_[-1], "feature_names_in_")
            assert n_kept(tmp_path) == 6
    with sklearn.config_context(display="text"):
        assert is_taken(search(tmp_path, pipe, *data, grid, refit=True))
    assert n_kept(tmp_path) == 6


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_generators_advance_and_are_not_kept(tmp_path, make):
    for _ in range(2):
        estimator = network(random_state=make(0))
        with pytest.warns(UserWarning, match=r"random_state: a generator advances") as said:
            search(tmp_path, estimator)
        assert len(said) == 1 and n_kept(tmp_path) == 0
