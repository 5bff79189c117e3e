"""A search that keeps its fits in a folder goes on where it was killed, and mixes nothing up."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn
from searches import GRID, LABELS, SMALL, X, Y, assert_same_search, network
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor
from sk_biornn._records import LOCK, sealed
from sk_biornn.biology import Dale
from sk_biornn.ensemble import SeedEnsemble, fit_many
from sk_biornn.metrics import bio_scoring
from sk_biornn.model_selection import (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedRandomizedSearchCV,
    _before,
    _checkpoint,
    _fitted_before,
)
from sk_biornn.model_selection._checkpoint import Checkpoint, open_checkpoint
from sk_biornn.model_selection._digest import digest
from sk_biornn.model_selection._fitted_before import Store, digests_of, key_of, looking_up
from sk_biornn.model_selection._shares import Shares
from sk_biornn.preprocessing import TrialScaler

LAWS = {"dale": ["projection", "abs"]}


@pytest.fixture
def kept(monkeypatch):
    """The names of the fits that were written, in their order."""
    names = []

    def write(self, name, *rest):
        names.append(name)
        return whole(self, name, *rest)

    whole = Checkpoint._write
    monkeypatch.setattr(Checkpoint, "_write", write)
    return names


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def search(folder, estimator=None, grid=LAWS, X=X, y=Y, fit_params=None, **options):
    estimator = network() if estimator is None else estimator
    options = {"cv": 3, "checkpoint": folder, **options}
    return StackedGridSearchCV(clone(estimator), grid, **options).fit(X, y, **(fit_params or {}))


def plain(estimator=None, grid=LAWS, **options):
    return GridSearchCV(estimator or network(), grid, **{"cv": 3, **options}).fit(X, Y)


# ------------------------------------------------------------------ it goes on


def test_nothing_is_fitted_twice(tmp_path, kept):
    folder = tmp_path / "a" / "b"
    first = search(folder)
    assert len(kept) == len(set(kept)) == 7  # two laws, three folds, and all trials at the end
    assert_same_search(first, plain())
    again = search(str(folder))
    assert len(kept) == 7
    assert_same_search(again, plain())
    report = again.stacking_report_
    assert (report["stack"] == 0).all() and set(report["reason"]) == {"kept in the checkpoint"}
    assert report[["candidate", "fold"]].to_numpy().tolist() == [
        [c, f] for c in (0, 1) for f in range(3)
    ]
    seconds = [json.loads((folder / "runs" / f"{n}.json").read_text())["seconds"] for n in kept[:6]]
    times = 3 * again.cv_results_["mean_fit_time"].sum()
    assert times == pytest.approx(sum(seconds)) and min(seconds) > 0
    for name in ("W_rec_", "mask_", "signs_", "W_out_"):
        np.testing.assert_array_equal(
            getattr(again.best_estimator_, name), getattr(first.best_estimator_, name)
        )
    # What goes on from the best one goes on as it would have.
    more = [s.best_estimator_.partial_fit(X, Y) for s in (first, again)]
    np.testing.assert_array_equal(more[0].W_rec_, more[1].W_rec_)
    assert type(more[1]) is type(network()) and not (folder / LOCK).exists()


KILLED = """
import os, signal, sys
from searches import X, Y, network
from sk_biornn.model_selection import StackedGridSearchCV, _checkpoint
whole, n = _checkpoint.write_text, [0]
def write_text(path, text):  # half of the fifth fit: its arrays, and no record
    n[0] += path.parent.name == "runs"
    if n[0] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    whole(path, text)
_checkpoint.write_text = write_text
grid = {"dale": ["projection", "abs"], "regu_strength": [0.0, 0.01]}
StackedGridSearchCV(network(), grid, cv=3, checkpoint=sys.argv[1]).fit(X, Y)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_killed_search_goes_on(tmp_path, kept):
    # Halving is experimental in scikit-learn: nothing is to be said of it when it is imported.
    lenient = ["-W", "error", "-W", "ignore::DeprecationWarning"]  # the latter: of old pandas
    command = [sys.executable, *lenient, "-c", KILLED, str(tmp_path)]
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    run = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    assert (run.returncode, run.stderr) == (-signal.SIGKILL, b"")
    assert (tmp_path / LOCK).exists() and len(list((tmp_path / "runs").glob("*.json"))) == 4
    (tmp_path / "runs" / f".{40 * 'a'}.json.abcdefgh~").write_text("{")
    grid = {**LAWS, "regu_strength": [0.0, 0.01]}
    gone_on = search(tmp_path, grid=grid)
    assert len(kept) == 12 + 1 - 4
    assert_same_search(gone_on, plain(grid=grid))
    assert not list(tmp_path.rglob(".*~")) and not (tmp_path / LOCK).exists()


@pytest.mark.parametrize("strategy", ["auto", "alone"])
def test_an_interrupted_search_goes_on(tmp_path, kept, monkeypatch, strategy):
    def stop(self, *rest):
        if len(kept) == 2:
            raise KeyboardInterrupt
        return write(self, *rest)

    write = Checkpoint._write
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_write", stop)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path, strategy=strategy)
    assert len(kept) == 2
    assert_same_search(search(tmp_path, strategy=strategy), plain())
    assert len(kept) == 7


def _interrupt(network):
    if network.n_iter_ == 2:
        raise KeyboardInterrupt


_interrupt.checkpoint_key = "1"


@pytest.mark.parametrize("strategy", ["auto", "alone"])
def test_half_a_fit_is_not_kept(tmp_path, kept, strategy):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, grid={"on_epoch": [_interrupt]}, strategy=strategy)
    assert kept == []
    # As in another process, which ends with what it has reached.
    with open_checkpoint(tmp_path) as folder, pytest.warns(ConvergenceWarning):
        half = network(on_epoch=_interrupt)
        half.__class__ = looking_up(type(half), Store(folder))
        fit_many([half], X, Y)
    assert half.n_iter_ > 0 and kept == []


def test_halving_and_draws_go_on(tmp_path, kept):
    options = {"factor": 2, "random_state": 0, "cv": 3, "checkpoint": tmp_path}
    for resource in ({}, {"resource": "max_iter", "max_resources": 2}):
        halving = StackedHalvingGridSearchCV(network(), LAWS, **options, **resource)
        first, n = halving.fit(X, Y).cv_results_["mean_test_score"], len(kept)
        np.testing.assert_array_equal(halving.fit(X, Y).cv_results_["mean_test_score"], first)
        assert len(kept) == n
    draws = StackedRandomizedSearchCV(network(), GRID, n_iter=2, cv=3, checkpoint=tmp_path)
    draws.set_params(random_state=0).fit(X, Y)
    n = len(kept)
    draws.fit(X, Y)
    assert len(kept) == n


def test_processes_keep_what_they_fit(tmp_path):
    found = [search(tmp_path, n_jobs=2, strategy=how) for how in ("stacked", "alone")]
    assert len(list((tmp_path / "runs").iterdir())) == 7
    other = tmp_path / "other"
    found.append(search(other, n_jobs=2, strategy="alone"))
    names = sorted(path.name for path in (other / "runs").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "runs").iterdir())
    for one in found:
        assert_same_search(one, plain())


# ------------------------------------------------------------------ it takes what is the same


def test_a_larger_grid_and_other_scores_take_what_is_there(tmp_path, kept):
    search(tmp_path, refit=False)
    larger = search(tmp_path, grid={"dale": ["abs", None, "projection"]}, refit=False)
    assert len(kept) == 9
    assert larger.stacking_report_["stack"].tolist() == [0, 0, 0, 3, 3, 3, 0, 0, 0]
    scoring = {"skill": _skill, **bio_scoring("modularity")}
    scored = search(tmp_path, scoring=scoring, refit=False, return_train_score=True)
    assert len(kept) == 9
    assert_same_scores(scored, plain(scoring=scoring, refit=False, return_train_score=True))


def _skill(network, X, y):
    return network.score(X, y) ** 3 + network.n_iter_ + network.loss_curve_[-1]


def assert_same_scores(one, other):
    for name, values in other.cv_results_.items():
        if "_test_" in name or "_train_" in name:
            np.testing.assert_allclose(one.cv_results_[name], values, rtol=1e-8, err_msg=name)


CHANGES = {
    "parameters": {"estimator": network(max_iter=2)},
    "seed": {"estimator": network(random_state=1)},
    "class": {"estimator": DaleRNNRegressor(**SMALL, regularizer="weight")},
    "trials": {"X": X + 1e-9},
    "precision": {"X": X.astype(np.float32)},
    "targets": {"y": Y + 1e-9},
    "weights": {"fit_params": {"sample_weight": np.linspace(1, 2, 30)}},
    "folds": {"cv": KFold(3, shuffle=True, random_state=0)},
    "order": {"cv": [(train[::-1], test) for train, test in KFold(3).split(X)]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_the_same_is_not_taken(tmp_path, kept, change):
    search(tmp_path, refit=False)
    other = search(tmp_path, refit=False, **CHANGES[change])
    assert len(kept) == 12
    fresh = search(None, refit=False, **CHANGES[change])
    assert_same_scores(other, fresh)


def test_where_test_trials_differ_the_fit_is_the_same(tmp_path, kept):
    folds = [(np.arange(20), np.arange(20, 25)), (np.arange(20), np.arange(25, 30))]
    found = search(tmp_path, cv=folds, refit=False)
    assert len(kept) == 2  # one per law
    assert_same_scores(found, plain(cv=folds, refit=False))


# ------------------------------------------------------------------ every kind of estimator

POPULATIONS = pd.DataFrame({"population": ["e", "i"], "n_units": [4, 2], "sign": [1, -1]})
TABLE = X[:, -1], Y[:, -1, 0]
KINDS = {
    "labels": (DaleRNNClassifier(**SMALL), {"dale": ["abs"]}, X, LABELS.astype(object)),
    "pruned, stopped early": (
        network(pruning="magnitude", density=0.5, early_stopping=True),
        {"dale": [Dale("exponentiated", scale=0.1)]},
        X,
        Y,
    ),
    "ragged": (
        network(),
        {"dale": ["abs"]},
        [x[: 4 + k % 4] for k, x in enumerate(X)],
        list(Y[:, 0]),
    ),
    "named": (
        network(),
        {"dale": ["abs"]},
        pd.DataFrame(X[:, :, 0]).add_prefix("f"),
        pd.Series(Y[:, 0, 0]),
    ),
    "populations": (
        CellTypeRNNRegressor(
            populations=POPULATIONS, input_mask=None, readout="dense", max_iter=2, random_state=0
        ),
        {"learning_rate_init": [1e-2]},
        X,
        Y,
    ),
    "pipeline": (
        make_pipeline(TrialScaler(), DaleRNNRegressor(**SMALL)),
        {"dalernnregressor__dale": ["abs"]},
        X,
        Y,
    ),
    "seeds": (
        SeedEnsemble(DaleRNNRegressor(**SMALL), 2, random_state=0),
        {"estimator__dale": ["abs"]},
        X,
        Y,
    ),
    "line": (Ridge(), {"alpha": [1.0]}, *TABLE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_as_it_was(tmp_path, kept, kind):
    estimator, grid, inputs, targets = KINDS[kind]
    first = search(tmp_path, estimator, grid, X=inputs, y=targets)
    assert len(kept) == 4
    again = search(tmp_path, estimator, grid, X=inputs, y=targets)
    assert len(kept) == 4
    assert_same_scores(again, first)
    for found in (again, first):
        assert type(found.best_estimator_) is type(estimator)
    np.testing.assert_array_equal(again.predict(inputs), first.predict(inputs))
    fresh = GridSearchCV(clone(estimator), grid, cv=3).fit(inputs, targets)
    assert_same_scores(again, fresh)
    names = set(vars(first.best_estimator_)) - {"_callback_fit_ctx", "_skl_callbacks_to_teardown"}
    assert names <= set(vars(again.best_estimator_))


def test_what_is_not_numbers_is_fitted_again_and_told_once(tmp_path, kept):
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"holds an object of the class Tree: such") as said:
            found = search(
                tmp_path, DecisionTreeRegressor(random_state=0), {"max_depth": [1, 2]}, *TABLE
            )
        assert len(said) == 1 and kept == []
    fresh = GridSearchCV(DecisionTreeRegressor(random_state=0), {"max_depth": [1, 2]}, cv=3)
    assert_same_scores(found, fresh.fit(*TABLE))


class Nested(RegressorMixin, BaseEstimator):
    """Holds, after a fit, one of everything that is kept."""

    checkpoint_key = "1"

    def __init__(self, inner=None, size=1):
        self.inner, self.size = inner, size

    def fit(self, X, y):
        self.line_ = LinearRegression().fit(X, y)
        self.inner_ = self.inner  # what came, not a copy
        self.things_ = {
            (1, "a"): [float("nan"), -np.inf, 0.1, True, None, 10**30, "\u00e9"],
            2.5: (
                np.float32(0.1),
                np.bool_(True),
                np.str_("x"),
                np.dtype("<f4"),
                np.datetime64(3, "D"),
            ),
            "arrays": [
                np.array(["a", None, 3], dtype=object),
                np.array(["ab"]),
                np.zeros((0, 2), "i2"),
            ],
            "frame": pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
            "random": np.random.default_rng(3),
            "law": Dale("exponentiated", scale=0.1),
        }
        self.transposed_ = np.arange(6.0).reshape(2, 3).T
        self.same_ = self.transposed_
        return self

    def predict(self, X):
        return self.line_.predict(X)


def test_everything_that_is_kept_comes_back(tmp_path):
    for _ in range(2):
        best = search(tmp_path, Nested(inner="given"), {"size": [1]}, *TABLE).best_estimator_
        things = best.things_
        assert repr(things[(1, "a")]) == repr(Nested().fit(*TABLE).things_[(1, "a")])
        assert [type(t) for t in things[2.5]] == [
            type(t) for t in Nested().fit(*TABLE).things_[2.5]
        ]
        assert things[2.5] == Nested().fit(*TABLE).things_[2.5]
        assert things["arrays"][0].tolist() == ["a", None, 3]
        assert [a.dtype.str for a in things["arrays"]] == ["|O", "<U2", "<i2"]
        assert things["arrays"][2].shape == (0, 2)
        pd.testing.assert_frame_equal(
            things["frame"], pd.DataFrame({"a": [1, 2], "b": ["x", None]})
        )
        assert things["random"].random() == np.random.default_rng(3).random()
        assert things["law"] == Dale("exponentiated", scale=0.1)
        assert best.transposed_ is best.same_ and best.transposed_.flags.f_contiguous
        assert best.inner_ == "given"
    for _ in range(2):
        best = search(tmp_path, Nested(inner=object()), {"size": [1]}, *TABLE).best_estimator_
        assert best.inner_ is best.inner


def test_routed_metadata(tmp_path, kept):
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = network().set_fit_request(sample_weight=True)
        estimator.set_score_request(sample_weight=False)
        weights = {"fit_params": {"sample_weight": np.linspace(0.1, 3, 30)}}
        first, again = (search(tmp_path, estimator, **weights) for _ in range(2))
        fresh = search(None, estimator, **weights, strategy="alone")
    assert len(kept) == 7
    assert_same_search(again, fresh)
    assert_same_search(first, fresh)


def test_a_fit_that_fails_is_tried_again(tmp_path, kept):
    for n in (7, 7):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = search(tmp_path, grid={"n_units": [6, 7, -1]})
        assert np.isnan(found.cv_results_["mean_test_score"]).tolist() == [False, False, True]
        assert len(kept) == n


# ------------------------------------------------------------------ folders


def damage(path, how):
    if how == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"x" + path.read_bytes()[1:])


@pytest.mark.parametrize("how", ["half", "empty", "other", "gone"])
@pytest.mark.parametrize("file", ["weights", "runs"])
def test_damaged_files_are_told_once_and_fitted_again(tmp_path, kept, file, how):
    first = search(tmp_path, refit=False)
    for name in kept[:2]:
        damage(tmp_path / file / f"{name}.{'npz' if file == 'weights' else 'json'}", how)
    if (file, how) == ("runs", "gone"):  # as if it had never been
        again = search(tmp_path, refit=False)
    else:
        with pytest.warns(
            UserWarning, match=r"missing, damaged or have changed .* repeated"
        ) as said:
            again = search(tmp_path, refit=False)
        assert len(said) == 1
    assert len(kept) == 8 and set(kept[:2]) == set(kept[6:])
    assert_same_scores(again, first)
    assert_same_scores(search(tmp_path, refit=False), first)


@pytest.mark.parametrize("file", ["weights", "runs"])
def test_whole_files_that_are_not_their_own_are_not_taken(tmp_path, kept, file):
    first = search(tmp_path, refit=False)
    names = [next((tmp_path / file).glob(f"{name}.*")) for name in kept]
    if file == "weights":
        names[0].write_bytes(names[4].read_bytes())
    else:
        names[0].write_text(names[0].read_text().replace('"n_iter_": 3', '"n_iter_": 4'))
    with pytest.warns(UserWarning, match=r"have changed since"):
        again = search(tmp_path, refit=False)
    assert_same_scores(again, first)
    assert again.stacking_report_["stack"].tolist() == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": "x"},
        {"run": "other"},
        {"error": "ValueError"},
        {"state": {}},
        {"state": {"": {"W_rec_": {"eval": "1"}}}},
        {"settings": {}},
    ],
)
def test_records_of_another_hand_are_not_taken(tmp_path, kept, change):
    first = search(tmp_path, refit=False)
    path = tmp_path / "runs" / f"{kept[0]}.json"
    path.write_text(json.dumps(sealed({**json.loads(path.read_text()), **change})))
    cause = r"cannot be restored from, such as" if "state" in change else r"have changed since"
    with pytest.warns(UserWarning, match=rf"{cause}.*\((Key|Value|Attribute)Error: "):
        again = search(tmp_path, refit=False)
    assert_same_scores(again, first)


def test_records_say_what_they_are_of(tmp_path, kept):
    search(tmp_path, grid={"dale": ["abs"]}, refit=False)
    record = json.loads((tmp_path / "runs" / f"{kept[0]}.json").read_text())
    assert record["estimator"] == "SpatialRNNRegressor" and record["n_trials"] == 20
    assert record["parameters"] == {
        "n_units": "6",
        "max_iter": "3",
        "batch_size": "8",
        "random_state": "0",
        "dale": "'abs'",
    }
    assert record == sealed(record) and record["run"] == kept[0] and record["error"] is None
    arrays = np.load(tmp_path / "weights" / f"{kept[0]}.npz", allow_pickle=False)
    assert (6, 6) in [arrays[name].shape for name in arrays.files]


def test_other_versions_are_refused(tmp_path):
    search(tmp_path)
    versions = json.loads((tmp_path / "versions.json").read_text())
    (tmp_path / "versions.json").write_text(json.dumps({**versions, "torch": "0.1"}))
    with pytest.raises(
        ValueError, match=r'^checkpoint .* other versions: torch is "0.1" there, .*;'
    ):
        search(tmp_path)


def test_other_sources_are_refused(tmp_path, monkeypatch):
    search(tmp_path)
    monkeypatch.setattr(_checkpoint, "sources", lambda: "others")
    with pytest.raises(
        ValueError, match=r'other versions: sk_biornn sources is "\w{16}" there, "o'
    ):
        search(tmp_path)


def test_sources_are_all_files_of_the_package(tmp_path, monkeypatch):
    (tmp_path / "model_selection").mkdir()
    monkeypatch.setattr(_checkpoint, "__file__", str(tmp_path / "model_selection" / "a.py"))
    found = []
    for name, text in (("a.py", "x"), ("b.py", "x"), ("model_selection/c.py", "x"), ("a.py", "y")):
        (tmp_path / name).write_text(text)
        found.append(_checkpoint.sources.__wrapped__())
    assert len(set(found)) == 4 and found[-1] == _checkpoint.sources.__wrapped__()


def test_files_of_others_are_left_alone(tmp_path):
    own = [".notes.abcdefgh~", "runs/.notes.json.abcdefgh~", f"sub/.{40 * 'a'}.json.abcdefgh~"]
    own += [".settings.json.old~", ".settings.json.ABCDEFGH~", ".versions.json~", ".lock.abcdefgh~"]
    halves = [".settings.json.abcdefgh~", f"weights/.{40 * 'a'}.npz.abcdefgh~", "..lock.abc_efg0~"]
    for name in (*own, *halves):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    search(tmp_path)
    assert all((tmp_path / name).exists() for name in own)
    assert not any((tmp_path / name).exists() for name in halves)


@pytest.mark.parametrize("name", ["settings.json", "versions.json"])
@pytest.mark.parametrize("content", ['{"mine": 1}', "[]", "mine"])
def test_files_of_the_same_name_are_not_written_over(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=r"^checkpoint must be a new folder or one of a search"):
        search(tmp_path)
    assert (tmp_path / name).read_text() == content


def test_folders_of_something_else_are_refused(tmp_path):
    (tmp_path / "settings.json").write_text('{"study": "dale"}')
    with pytest.raises(ValueError, match=r"^checkpoint must be a new folder or one of a search"):
        search(tmp_path)
    (tmp_path / "settings.json").unlink()
    (tmp_path / "runs").mkdir(exist_ok=True)
    (tmp_path / "runs" / "a.json").write_text("{}")
    with pytest.raises(ValueError, match=r"^checkpoint must be a new folder or one of a search"):
        search(tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ValueError, match=r"^checkpoint must be a folder that can be written, got"):
        search(file)


def test_a_folder_is_of_one_search_at_a_time(tmp_path):
    with pytest.raises(
        ValueError, match=rf"^checkpoint .* process {os.getpid()} on .*: wait for it"
    ):
        search(tmp_path, scoring=lambda *_: search(tmp_path).best_score_, error_score="raise")
    assert not (tmp_path / LOCK).exists()


def test_a_full_disk_is_told_once_and_spoils_no_score(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sk_biornn.model_selection._checkpoint.write_bytes", full)
    with pytest.warns(UserWarning, match=r"cannot be written \(No space left on device\)") as said:
        found = search(tmp_path)
    assert len(said) == 1
    assert_same_search(found, plain())


@pytest.mark.parametrize(
    ("value", "error"), [(3, TypeError), (True, TypeError), ("", ValueError), ([], TypeError)]
)
def test_careless_paths(value, error):
    with pytest.raises(error, match=r"^checkpoint must be None or the path of a folder, got"):
        search(value)


def test_a_path_that_no_folder_can_have():
    with pytest.raises(ValueError, match=r"^checkpoint must be a path that a folder can have, got"):
        search("a\0b")


def test_max_memory_is_checked_whatever_the_strategy():
    for strategy in ("alone", "auto"):
        with pytest.raises(TypeError, match=r"^max_memory must be "):
            search(None, max_memory="a", strategy=strategy)
        with pytest.raises(ValueError, match=r"^max_memory must be "):
            search(None, max_memory=0, strategy=strategy)


def test_shares_of_the_time(monkeypatch):
    clock = iter([0.0, 2.0, 6.0, 7.0, 10.0, 13.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    shares = Shares()
    with shares.of_one() as first:
        with shares.of_one() as second:  # from 2 to 6
            pass
    with shares.of_one() as third:  # from 10 to 13
        pass
    assert (first.seconds, second.seconds, third.seconds) == (2.0 + 2.0 + 1.0, 2.0, 3.0)


# ------------------------------------------------------------------ what a fit is known by


def test_what_auto_is_belongs_to_what_a_fit_is_known_by(monkeypatch):
    """A GPU draws other noise: a fit of device="auto" there is none of a CPU."""

    def key(estimator):
        return key_of(estimator, digests_of(X, Y, {}))

    estimators = network(device="auto"), make_pipeline(TrialScaler(), network(device="auto"))
    here, plain = [key(estimator) for estimator in estimators], key(network())
    there = SimpleNamespace(type="cuda")
    monkeypatch.setattr(_fitted_before, "resolve_device", lambda name: there)
    assert all(key(estimator) != one for estimator, one in zip(estimators, here, strict=True))
    assert key(network()) == plain


def test_trials_of_a_fold_are_taken_in_once_for_all_candidates(monkeypatch):
    n_calls = []
    monkeypatch.setattr(
        _before, "digests_of", lambda *given: n_calls.append(1) or digests_of(*given)
    )
    grid = {"regu_strength": [0.0, 0.1, 0.2, 0.3]}
    search = StackedGridSearchCV(network(), grid, cv=3, strategy="stacked", refit=False)
    search.fit(X, Y)
    assert len(n_calls) == 3 and search.stacking_report_["stack"].tolist() == [12] * 12
    assert_same_search(search, GridSearchCV(network(), grid, cv=3, refit=False).fit(X, Y))


def test_one_number_is_not_an_array_of_one():
    assert digest(np.array(1.0)).text != digest(np.array([1.0])).text
    assert digest(np.array([1.0])).text == digest(np.array([1.0])).text


def test_equal_candidates_are_fitted_once_each(monkeypatch):
    """Without a folder every one of them has its own fit, and none is fitted when asked for."""
    alone = []
    fit = type(network()).fit
    monkeypatch.setattr(type(network()), "fit", lambda *a, **k: alone.append(1) or fit(*a, **k))
    options = {"cv": 3, "strategy": "stacked", "refit": False}
    found = StackedGridSearchCV(network(), {"dale": ["abs", "abs"]}, **options).fit(X, Y)
    assert alone == [] and found.stacking_report_["stack"].tolist() == [6] * 6
    scores = found.cv_results_["mean_test_score"]
    assert scores[0] == pytest.approx(scores[1], rel=1e-10)


def test_a_folder_of_something_else_is_left_as_it_was(tmp_path):
    (tmp_path / "settings.json").write_text('{"study": "dale"}')
    with pytest.raises(ValueError, match="holds something else"), open_checkpoint(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_a_worker_that_looks_into_the_folder_ends_with_the_search(tmp_path, monkeypatch):
    ended_with = []
    monkeypatch.setattr(_checkpoint, "end_with", ended_with.append)
    with open_checkpoint(tmp_path) as folder:
        cls = looking_up(Ridge, Store(folder))
        pickle.loads(pickle.dumps(cls()))
    assert ended_with == [os.getpid()]
