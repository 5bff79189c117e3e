"""Callbacks of scikit-learn: which tasks they see, what they may do, and what they leave alone."""

from __future__ import annotations

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import sk_biornn
from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor, _callbacks
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import SeedEnsemble, fit_many
from sk_biornn.model_selection import StackedGridSearchCV
from sk_biornn.preprocessing import TrialTargetRegressor

X, Y = make_flip_flop(24, n_steps=6, random_state=0)
WEIGHTS = ("W_in_", "W_rec_", "b_rec_", "W_out_", "b_out_")


def network(**arguments):
    return DaleRNNRegressor(**{"n_units": 6, "max_iter": 3, "random_state": 0, **arguments})


def test_before_scikit_learn_1_9_a_sentence_says_so():
    with pytest.raises(ImportError, match=r"^set_callbacks needs scikit-learn >= 1\.9, .*on_epoch"):
        _callbacks._Without().set_callbacks(print)


def test_without_callbacks_no_task_is_made(monkeypatch):
    monkeypatch.setattr(_callbacks, "Task", None)
    est = network().fit(X, Y)
    assert not [name for name in vars(est) if "callback" in name]


callback = pytest.importorskip("sklearn.callback")


class Recorder:
    """Notes what it is told, and asks for the end where it is to."""

    def __init__(self, stop_at=()):
        self.events, self.stop_at = [], stop_at

    def _note(self, kind, context, **seen):
        self.events.append((kind, context.estimator_name, context.task_name, context.task_id))
        self.max_subtasks = getattr(self, "max_subtasks", context.max_subtasks)

    def setup(self, estimator, context):
        self._note("setup", context)

    def teardown(self, estimator, context):
        self._note("teardown", context)

    def on_fit_task_begin(self, estimator, context):
        self._note("begin", context)

    def on_fit_task_end(self, estimator, context):
        self._note("end", context)
        return context.task_name == "epoch" and context.task_id + 1 in self.stop_at


class HandedOn(Recorder):
    """Is also handed to the estimators in an estimator."""

    max_propagation_depth = None


class Viewer(Recorder):
    """Looks at the network before and after every task."""

    def __init__(self):
        super().__init__()
        self.before, self.after, self.given = [], [], []

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch":
            self.before.append(fitted_estimator)

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator=None):
        self.given.append((X, y, metadata))
        if context.task_name == "epoch":
            self.after.append(fitted_estimator)
        else:
            self.last = fitted_estimator


def of_fit(name, *epochs, number=0):
    """Events of one fit."""
    inner = [(kind, name, "epoch", k) for k in epochs for kind in ("begin", "end")]
    return [("begin", name, "fit", number), *inner, ("end", name, "fit", number)]


def test_an_epoch_is_a_task_of_the_fit():
    seen = Recorder()
    network().set_callbacks(seen).fit(X, Y)
    name = "DaleRNNRegressor"
    assert seen.events == [
        ("setup", name, "fit", 0),
        *of_fit(name, 0, 1, 2),
        ("teardown", name, "fit", 0),
    ]
    assert seen.max_subtasks == 3


def test_every_epoch_of_all_phases_is_one():
    seen = Recorder()
    arguments = {"pruning": "magnitude", "density": 0.5, "finetune_iter": 2}
    est = network(**arguments).set_callbacks(seen).fit(X, Y)
    assert seen.max_subtasks == est.n_iter_ == 5
    assert sum(event[0] == "end" and event[2] == "epoch" for event in seen.events) == 5


def test_an_epoch_more_is_a_fit_of_one():
    est = network().fit(X, Y)
    seen = Recorder()
    est.set_callbacks(seen).partial_fit(X, Y)
    assert seen.max_subtasks == 1 and seen.events[1:-1] == of_fit("DaleRNNRegressor", 0)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"recurrent_noise": 0.1, "solver": "sgd"},
        {"early_stopping": True, "n_iter_no_change": 1, "tol": 10.0, "max_iter": 6},
        {"pruning": "top-prob", "density": 0.3, "finetune_iter": 2, "pruning_schedule": "cubic"},
        {"initial_state": "per trial", "dale": "exponentiated"},
    ],
    ids=str,
)
def test_callbacks_change_no_bit(arguments):
    seen = network(**arguments).set_callbacks(Viewer(), Recorder()).fit(X, Y)
    alone = network(**arguments).fit(X, Y)
    for name in WEIGHTS:
        assert_array_equal(getattr(seen, name), getattr(alone, name))
    if "early_stopping" not in arguments:  # generator and moments are the same, too
        assert seen.partial_fit(X, Y).loss_curve_ == alone.partial_fit(X, Y).loss_curve_


def test_they_see_the_network_of_every_epoch():
    seen, of_epochs = Viewer(), []
    est = network(on_epoch=lambda net: of_epochs.append(net.predict(X)))
    est.set_callbacks(seen).fit(X, Y)
    for shown, expected in zip(seen.after, of_epochs, strict=True):
        assert_array_equal(shown.predict(X), expected)
    for before, expected in zip(seen.before[1:], of_epochs[:-1], strict=True):
        assert_array_equal(before.predict(X), expected)
    assert_array_equal(seen.last.predict(X), est.predict(X))
    assert [shown.n_iter_ for shown in seen.after] == [1, 2, 3]


def test_before_the_first_epoch_they_see_what_was_drawn():
    seen = Viewer()
    est = network(frozen=("W_rec", "W_in")).set_callbacks(seen).fit(X, Y)
    assert seen.before[0].n_iter_ == 0
    assert_array_equal(seen.before[0].W_rec_, est.W_rec_)
    assert (seen.before[0].W_out_ != est.W_out_).any()


def test_they_are_given_what_the_fit_was_given():
    seen, weights = Viewer(), np.ones(len(X))
    network(max_iter=1).set_callbacks(seen).fit(X, Y, weights)
    for x, y, metadata in seen.given:
        assert x is X and y is Y and metadata["sample_weight"] is weights
    seen = Viewer()
    network(max_iter=1).set_callbacks(seen).fit(X, Y)
    assert [metadata for *_, metadata in seen.given] == [None, None]


def test_scores_are_those_of_the_networks_of_the_epochs():
    monitor = callback.ScoringMonitor(scoring={"R2": lambda est, x, y: est.score(x, y)})
    scores = []
    est = network(on_epoch=lambda net: scores.append(net.score(X, Y))).set_callbacks(monitor)
    est.fit(X, Y)
    found = monitor.get_logs().data_as_pandas
    assert found.loc[found["task_name"] == "epoch", "R2"].tolist() == scores
    assert found.loc[found["task_name"] == "fit", "R2"].tolist() == [est.score(X, Y)]


def test_scores_of_early_stopping_end_with_the_kept_weights():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    labels = (X[:, -1, 0] > 0).astype(int)
    labels[:2] = 0, 1
    est = DaleRNNClassifier(n_units=6, max_iter=4, early_stopping=True, random_state=0)
    est.set_callbacks(monitor).fit(X, labels)
    found = monitor.get_logs().data_as_pandas
    assert len(found) == est.n_iter_ + 1
    assert found.loc[found["task_name"] == "fit", "accuracy"].item() == est.score(X, labels)


def test_cell_types_are_seen_with_their_losses():
    populations = pd.DataFrame({"population": ["e", "i"], "n_units": [4, 2], "sign": [1, -1]})
    x = np.random.default_rng(0).standard_normal((8, 5, 2))
    seen = Viewer()
    est = CellTypeRNNRegressor(populations=populations, max_iter=2, random_state=0)
    est.set_callbacks(seen).fit(x, x)
    assert [len(shown.loss_per_population_) for shown in seen.after] == [1, 2]
    assert_array_equal(seen.last.W_rec_, est.W_rec_)


# ------------------------------------------------------------------ the end


def test_a_callback_can_end_a_fit():
    est = network(max_iter=9).set_callbacks(Recorder(stop_at=(2,))).fit(X, Y)
    assert est.n_iter_ == 2
    assert_array_equal(est.W_rec_, network(max_iter=2).fit(X, Y).W_rec_)


def test_with_pruning_it_ends_a_phase_as_on_epoch_does():
    seen = Recorder(stop_at=(2, 4))
    est = network(max_iter=9, pruning="magnitude", density=0.5).set_callbacks(seen).fit(X, Y)
    assert (est.n_iter_dense_, est.n_iter_) == (2, 4)


@pytest.mark.parametrize("fails", ["the fit", "a callback"])
def test_a_fit_that_fails_ends_its_callbacks_and_leaves_no_trace(fails):
    seen = Recorder()
    est = network().fit(X, Y).set_callbacks(seen)
    before = dict(vars(est))
    if fails == "the fit":
        est.set_params(learning_rate_init=1e30, solver="sgd")
        before = dict(vars(est))
    else:

        class Fails(Recorder):
            def on_fit_task_end(self, estimator, context):
                raise RuntimeError("no more")

        est.set_callbacks(seen, Fails())
        before = dict(vars(est))
    with pytest.raises((ValueError, RuntimeError), match=r"non-finite|no more"):
        est.fit(X, Y)
    assert seen.events[-1][0] == "teardown"
    assert vars(est).keys() == before.keys()
    assert all(vars(est)[name] is value for name, value in before.items())


def test_arguments_that_do_not_fit_begin_nothing():
    seen = Recorder()
    with pytest.raises(ValueError, match="max_iter"):
        network(max_iter=0).set_callbacks(seen).fit(X, Y)
    assert not seen.events


def test_what_is_no_callback_is_refused_and_none_takes_them_away():
    est = network()
    with pytest.raises(TypeError, match="callbacks must be instances"):
        est.set_callbacks(print)
    assert est.set_callbacks(Recorder()) is est
    assert "_skl_callbacks" not in vars(est.set_callbacks())


def test_a_file_asks_to_leave_them_out_also_in_the_middle_of_a_fit(tmp_path):
    path = tmp_path / "network.npz"
    est = network(max_iter=2).set_callbacks(HandedOn())

    def keep(net):
        sk_biornn.save(net, path, without=["callbacks", "on_epoch"])

    inner = network(max_iter=1, on_epoch=keep)  # which has them from the search, while it is fitted
    GridSearchCV(inner, {"tol": [1e-3]}, cv=2, error_score="raise").set_callbacks(HandedOn()).fit(
        X, Y
    )
    est.set_params(on_epoch=keep).fit(X, Y)
    with pytest.raises(TypeError, match=r"without=\['callbacks'\]"):
        sk_biornn.save(est.set_params(on_epoch=None), path)
    with pytest.warns(UserWarning, match="callbacks"):
        assert_array_equal(sk_biornn.load(path).W_rec_, est.W_rec_)


# ------------------------------------------------------------------ many networks


def test_clones_share_them_and_networks_side_by_side_each_have_their_tasks():
    seen = Recorder()
    first = network().set_callbacks(seen)
    networks = [first, clone(first).set_params(random_state=1)]
    fitted = fit_many(networks, X, Y, strategy="stacked")
    assert fitted.stacking_report["stack"].tolist() == [2, 2]
    name = "DaleRNNRegressor"
    assert sorted(seen.events) == sorted(
        2 * [("setup", name, "fit", 0), *of_fit(name, 0, 1, 2), ("teardown", name, "fit", 0)]
    )
    ends = [event for event in seen.events if event[0] == "end"]  # epoch by epoch, both
    assert [number for *_, task, number in ends if task == "epoch"] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("strategy", ["stacked", "joblib"])
def test_a_seed_is_a_task_of_an_ensemble(strategy):
    seen, name = HandedOn(), "DaleRNNRegressor"
    ensemble = SeedEnsemble(network(max_iter=2), n_seeds=2, random_state=0, strategy=strategy)
    ensemble.set_callbacks(seen).fit(X, Y)
    assert seen.events[:2] == [(kind, "SeedEnsemble", "fit", 0) for kind in ("setup", "begin")]
    assert seen.events[-2:] == [(kind, "SeedEnsemble", "fit", 0) for kind in ("end", "teardown")]
    assert seen.max_subtasks == 2
    expected = [*of_fit(name, 0, 1, number=0), *of_fit(name, 0, 1, number=1)]
    assert sorted(seen.events[2:-2]) == sorted(expected)
    without = SeedEnsemble(network(max_iter=2), n_seeds=2, random_state=0, strategy=strategy)
    for one, other in zip(ensemble.estimators_, without.fit(X, Y).estimators_, strict=True):
        assert_array_equal(one.W_rec_, other.W_rec_)
        assert not [key for key in vars(one) if "callback" in key]


def test_a_callback_that_is_not_handed_on_sees_the_seeds():
    seen = Recorder()
    SeedEnsemble(network(max_iter=2), n_seeds=2, random_state=0).set_callbacks(seen).fit(X, Y)
    tasks = [event[1:] for event in seen.events if event[0] == "end"]
    assert sorted(tasks) == [
        ("SeedEnsemble", "fit", 0),
        ("SeedEnsemble", "seed", 0),
        ("SeedEnsemble", "seed", 1),
    ]


def test_scaled_targets_are_a_task_around_the_fit():
    seen = HandedOn()
    scaled = TrialTargetRegressor(network(max_iter=2)).set_callbacks(seen).fit(X, Y)
    outer = "TrialTargetRegressor"
    assert seen.events == [
        ("setup", outer, "fit", 0),
        ("begin", outer, "fit", 0),
        *of_fit("DaleRNNRegressor", 0, 1),
        ("end", outer, "fit", 0),
        ("teardown", outer, "fit", 0),
    ]
    without = TrialTargetRegressor(network(max_iter=2)).fit(X, Y)
    assert_array_equal(scaled.predict(X), without.predict(X))


@pytest.mark.parametrize("search", [GridSearchCV, StackedGridSearchCV])
def test_searches_hand_them_on(search):
    seen = HandedOn()
    grid = {"learning_rate_init": [1e-3, 1e-2]}
    search(network(max_iter=2), grid, cv=2).set_callbacks(seen).fit(X, Y)
    ends = [event[2] for event in seen.events if event[0] == "end"]
    assert ends.count("fit") == 4 + 1 + 1  # candidates on folds, the best, the search
    # Those that learned side by side did so before they were asked for.
    assert ends.count("epoch") == (10 if search is GridSearchCV else 2)


def test_a_search_that_is_kept_does_not_keep_them(tmp_path):
    grid = {"learning_rate_init": [1e-3, 1e-2]}
    search = StackedGridSearchCV(network(), grid, cv=2, checkpoint=tmp_path / "search")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search.set_callbacks(HandedOn()).fit(X, Y)
        seen = HandedOn()
        again = clone(search).set_callbacks(seen).fit(X, Y)
    assert again.stacking_report_["reason"].unique().tolist() == ["kept in the checkpoint"]
    ends = [event[2] for event in seen.events if event[0] == "end"]
    assert ends.count("fit") == 4 + 1 + 1 and ends.count("epoch") == 0


def test_a_bar_of_scikit_learn_counts_epochs(capsys):
    pytest.importorskip("rich")
    network(max_iter=4).set_callbacks(callback.ProgressBar()).fit(X, Y)
    assert re.search(r"DaleRNNRegressor - fit\s.*100%", capsys.readouterr().out)


# ------------------------------------------------------------------ other processes


def test_a_task_is_sent_elsewhere_without_the_trials():
    with _callbacks.callbacks_ended(est := network().set_callbacks(Recorder())):
        task = _callbacks.task_of_fit(est, X, Y, n_parts=1)
        sent = pickle.loads(pickle.dumps(task.part("seed")))
    assert sent._given == {"X": None, "y": None, "metadata": None}
    sent.begin().end()
    (seen,) = sent._context._callbacks
    assert [event[0] for event in seen.events[-2:]] == ["begin", "end"]


def test_what_comes_back_has_no_callbacks_of_its_own():
    seen = Recorder()
    est = network().set_callbacks(seen)
    twin = pickle.loads(pickle.dumps(est)).fit(X, Y)
    _callbacks.take_over(est, twin)
    assert_array_equal(est.W_rec_, twin.W_rec_)
    assert est._skl_callbacks == [seen] and not seen.events


def test_on_a_cluster_nothing_is_handed_on(monkeypatch):
    monkeypatch.setattr("sk_biornn.ensemble._seeds.cluster_for_fits", lambda: "a cluster")
    seen = HandedOn()
    SeedEnsemble(network(), n_seeds=2, random_state=0).set_callbacks(seen).fit(X, Y)
    assert {event[1] for event in seen.events} == {"SeedEnsemble"}
