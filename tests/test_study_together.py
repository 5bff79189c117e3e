"""Runs of studies side by side: the same records, whoever drives them, and nothing lost."""

from __future__ import annotations

import dataclasses
import json
import pickle
from concurrent.futures import Future
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from tiny_study import Run, X, Y, letters_study

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor, SpatialRNNClassifier
from sk_biornn._records import NEVER_REPEATED
from sk_biornn.core import alone
from sk_biornn.datasets import make_go_nogo, make_one_choice_inference
from sk_biornn.ensemble import _by_epochs, _lockstep, answers_of, epochs_of_fit
from sk_biornn.ensemble._by_epochs import Question, SeenTrials, answers_at_once
from sk_biornn.ensemble._lockstep import Member, carry
from sk_biornn.studies import (
    CELL_TYPE_PRESETS,
    CELL_TYPE_STUDY,
    DALE_STUDY,
    INDUCTIVE_BIAS_STUDY,
    PRUNING_PRESETS,
    PRUNING_STUDY,
    Budget,
    DalePreset,
    Plan,
    _runner,
    _study,
    aside,
    collected,
    run_study,
)
from sk_biornn.studies import _together as together
from sk_biornn.studies._folder import StudyFolder

BUDGETS = {"flip-flop": Budget(60, 40, 2, 30, 2)}
TRAINING = DalePreset("tiny", 10, 2, BUDGETS)
TINY = {
    "dale": (DALE_STUDY, TRAINING, {"arms": ["abs/ours", "projection/ours"]}),
    "pruning": (
        PRUNING_STUDY,
        dataclasses.replace(
            PRUNING_PRESETS["quick"],
            training=TRAINING,
            densities=(0.5, 1.0),
            finetuned=(0.5, 1.0),
            finetune_iter=1,
        ),
        {},
    ),
    "inductive-bias": (
        INDUCTIVE_BIAS_STUDY,
        "quick",
        {
            "tasks": ["go-nogo"],
            "variants": ["W", "WD*C*", "W!D*C*"],
            "simulations": 2,
            "number_of_nodes": 12,
            "epochs": 3,
            "n_train": 80,
            "n_validation": 20,
            "n_test": 20,
            "batch_size": 40,
            "metrics_every_epoch": True,
        },
    ),
    "cell-types": (
        CELL_TYPE_STUDY,
        dataclasses.replace(
            CELL_TYPE_PRESETS["quick"],
            arms=("dale",),
            scaling=1,
            max_iter=1,
            finetune_iter=1,
            n_simulations=1,
            n_samples=20,
            n_test_samples=10,
        ),
        {},
    ),
}


@pytest.fixture
def no_figure(monkeypatch):
    """Studies without pictures, which take longest here."""
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)


@pytest.fixture
def stacks(monkeypatch):
    """The sizes of all stacks that were made."""
    sizes, original = [], _lockstep.stack_of
    monkeypatch.setattr(
        _lockstep, "stack_of", lambda epochs: sizes.append(len(epochs)) or original(epochs)
    )
    return sizes


def records_in(folder):
    """All records but for the seconds, which never repeat, and the seal."""
    found, hidden = {}, {*NEVER_REPEATED, "seal"}
    for path in sorted((folder / "runs").glob("*.json")):
        record = json.loads(path.read_text())
        found[path.name] = {key: record[key] for key in set(record) - hidden}
    return found


def assert_close(first, second):
    """Numbers that agree to rounding, and all else exactly."""
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_close(first[key], second[key])
    elif isinstance(first, list):
        assert len(first) == len(second)
        for pair in zip(first, second, strict=True):
            assert_close(*pair)
    elif isinstance(first, float):
        assert_allclose(first, second, rtol=1e-6, atol=1e-6)
    else:
        assert first == second


# ------------------------------------------------------------------ the four studies


@pytest.mark.parametrize("name", TINY)
def test_records_side_by_side_are_those_of_one_after_the_other(name, tmp_path, no_figure, stacks):
    study, preset, choices = TINY[name]
    run_study(study, preset, output=tmp_path / "one", **choices)
    assert not stacks
    run_study(study, preset, output=tmp_path / "side", strategy="stacked", **choices)
    assert max(stacks) == {"dale": 2, "pruning": 2, "inductive-bias": 4, "cell-types": 2}[name]
    assert_close(records_in(tmp_path / "one"), records_in(tmp_path / "side"))
    for path in (tmp_path / "one" / "weights").glob("*.npz"):
        with np.load(path) as one, np.load(tmp_path / "side" / "weights" / path.name) as other:
            for key in one.files:
                assert_allclose(one[key], other[key], atol=1e-5)
    names = [{p.name for p in (tmp_path / folder).glob("*.*")} for folder in ("one", "side")]
    assert names[0] == names[1]


@pytest.mark.parametrize("name", ["dale", "inductive-bias"])
def test_records_are_the_same_where_answers_are_computed_at_once(
    name, tmp_path, no_figure, monkeypatch
):
    """As on a GPU; there the questions of all networks of a stack come at once."""
    study, preset, choices = TINY[name]
    run_study(study, preset, output=tmp_path / "one", **choices)
    asked = []
    monkeypatch.setattr(
        _lockstep,
        "answer_together",
        lambda questions, seen: asked.append(len(questions)) or at_once(questions, seen),
    )
    run_study(study, preset, output=tmp_path / "side", strategy="stacked", **choices)
    assert_close(records_in(tmp_path / "one"), records_in(tmp_path / "side"))
    assert max(asked) == {"dale": 2, "inductive-bias": 4}[name]


def test_measures_of_workers_are_those_of_this_process(tmp_path, no_figure):
    study, preset, choices = TINY["inductive-bias"]
    choices = {**choices, "variants": ["W", "WD*C*"], "strategy": "stacked"}
    for n_jobs in (1, 2):
        run_study(study, preset, output=tmp_path / str(n_jobs), n_jobs=n_jobs, **choices)
    assert records_in(tmp_path / "1") == records_in(tmp_path / "2")


@pytest.mark.parametrize("name", TINY)
def test_every_network_learns_on_the_device(name, tmp_path, no_figure, monkeypatch):
    study, preset, choices = TINY[name]
    seen = []
    for module in (_by_epochs, __import__("sk_biornn.ensemble", fromlist=["_"])):
        original = _by_epochs.epochs_of_fit
        monkeypatch.setattr(
            module,
            "epochs_of_fit",
            lambda network, *args, original=original, **options: (
                seen.append(network.device) or original(network, *args, **options)
            ),
        )
    monkeypatch.setattr("sk_biornn.studies._study.checked_device", lambda device: "cpu:0")
    results = run_study(study, preset, output=tmp_path, device="cuda", **choices)
    assert set(seen) == {"cpu:0"} and results["error"].isna().all()
    assert json.loads((tmp_path / "versions.json").read_text())["device"] == "cpu:0"


def test_a_folder_is_resumed_where_it_was_begun(tmp_path):
    for device in ("cpu", "cuda"):
        folder = StudyFolder(tmp_path / device, (), (), device)
        folder.open({"study": "x"}, resume=False, overwrite=False)
        folder.save("a_000", {"seconds": 0.1, "error": None})
        folder.open({"study": "x"}, resume=True, overwrite=False)
        other = StudyFolder(tmp_path / device, (), (), {"cpu": "cuda", "cuda": "cpu"}[device])
        with pytest.raises(ValueError, match=r"other versions: device is "):
            other.open({"study": "x"}, resume=True, overwrite=False)
    versions = json.loads((tmp_path / "cpu" / "versions.json").read_text())
    assert "device" not in versions  # as folders have it that were written before there was one


# ------------------------------------------------------------------ what becomes of runs


SMALL_JOB = {"n_units": 6, "max_iter": 2, "random_state": 0}


def job(record, run, plan):
    """A tiny network and its error on every epoch; the letter x fails in the second one."""
    network = DaleRNNRegressor(n_units=6, max_iter=3, random_state=ord(run.letter))

    def note(network):
        answers = yield from answers_of(network, X)
        record["errors"].append(float(np.square(answers - Y).mean()))
        if run.letter == "x" and network.n_iter_ == 2:
            raise plan.settings("struck")

    yield from epochs_of_fit(network, X, Y, after=note)
    sums = yield from aside(np.sum, network.W_rec_)
    (record["sum"],) = map(float, (yield from collected([sums])))


class NotWaited(Future):
    """A result that nobody may wait for."""

    def result(self, timeout=None):
        assert self.done(), "waited for"
        return super().result()


def measured_later(monkeypatch, n_calls):
    """Have what is put aside be there when so many calls were put aside."""
    begun = []

    def submit(function, *arguments):
        begun.append((NotWaited(), function, arguments))
        if len(begun) == n_calls:
            for future, call, given in begun:
                future.set_result(call(*given))
        return begun[-1][0]

    @contextmanager
    def workers(n_jobs):
        yield submit

    monkeypatch.setattr(together, "_workers", workers)


def short_first(record, run, plan):
    """As `job`, but the network of the letter a has one epoch only."""
    if run.letter != "a":
        return (yield from job(record, run, plan))
    network = DaleRNNRegressor(n_units=6, max_iter=1, random_state=0)
    yield from epochs_of_fit(network, X, Y)
    (record["sum"],) = yield from collected([(yield from aside(abs, -1.0))])


def plain_job(record, run, plan):
    """The same, as a plain function."""
    alone(job(record, run, plan))


def make_plan(preset=RuntimeError, *, letters="abx"):
    """One simulation of every letter."""
    runs = tuple(Run(letter, 0) for letter in letters)
    return Plan(settings=preset, runs=runs, described={"letters": letters})


def blank(run, plan):
    """Without numbers."""
    return {**run._asdict(), "errors": [], "sum": None}


STUDY = letters_study(make_plan, blank, job, columns=["letter", "sum", "error"], run="{letter}")


@pytest.mark.parametrize("strategy", ["stacked", "auto"])
def test_the_error_of_a_run_stops_no_other(strategy, stacks):
    expected = run_study(STUDY, RuntimeError)
    found = run_study(STUDY, RuntimeError, strategy=strategy)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)
    assert found["error"].notna().tolist() == [False, False, True] and stacks[0] == 3
    assert found["error"][2] == "RuntimeError: struck"


@pytest.mark.parametrize(("first", "second"), [("joblib", "stacked"), ("stacked", "joblib")])
def test_a_folder_begun_with_one_strategy_is_resumed_with_another(first, second, tmp_path):
    run_study(STUDY, RuntimeError, output=tmp_path, strategy=first)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "runs").glob("*.json")}
    whole = run_study(STUDY, RuntimeError, output=tmp_path, strategy=second, resume=True)
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "runs").glob("*.json")}
    assert {name for name in after if after[name] != before[name]} == {"x_000.json"}
    assert whole["error"].notna().tolist() == [False, False, True]
    assert json.loads((tmp_path / "settings.json").read_text()) == {
        "study": "letters",
        "letters": "abx",
    }


def test_an_interruption_ends_all_and_keeps_what_was_whole(tmp_path):
    """The network of the letter a has one epoch only; the keyboard strikes in the second."""
    study = dataclasses.replace(STUDY, job=short_first)
    with pytest.raises(KeyboardInterrupt):
        run_study(study, KeyboardInterrupt, output=tmp_path, strategy="stacked")
    assert list(records_in(tmp_path)) == ["a_000.json"]
    whole = run_study(STUDY, RuntimeError, output=tmp_path, strategy="stacked", resume=True)
    assert whole["sum"][0] == 1.0 and whole["error"].notna().tolist() == [False, False, True]


def test_a_run_that_waits_for_its_measures_holds_up_nobody(monkeypatch):
    """Nothing that was put aside is there before the last run has put its own aside."""
    measured_later(monkeypatch, n_calls=2)
    study = dataclasses.replace(STUDY, job=short_first)
    found = run_study(study, RuntimeError, letters="ab", strategy="stacked")
    assert found["error"].isna().all() and found["sum"][0] == 1.0
    assert_allclose(found["sum"][1], run_study(STUDY, letters="b")["sum"][0], rtol=1e-5)


def test_an_interruption_waits_for_no_measures(tmp_path, monkeypatch):
    measured_later(monkeypatch, n_calls=9)
    study = dataclasses.replace(STUDY, job=short_first)
    with pytest.raises(KeyboardInterrupt):
        run_study(study, KeyboardInterrupt, output=tmp_path, strategy="stacked")
    assert records_in(tmp_path) == {}


def test_what_is_whole_is_kept_while_others_wait_for_their_measures(tmp_path, monkeypatch):
    """The keyboard strikes while a measure of one run is waited for; the other is whole."""
    begun = []

    @contextmanager
    def workers(n_jobs):
        def submit(function, *arguments):
            begun.append(NotWaited())
            if function is not np.sum:
                begun[-1].set_result(function(*arguments))
            return begun[-1]

        yield submit

    def struck(waiting, **how):
        assert list(waiting) == [future for future in begun if not future.done()]
        raise KeyboardInterrupt

    monkeypatch.setattr(together, "_workers", workers)
    monkeypatch.setattr(together, "wait", struck, raising=False)
    study = dataclasses.replace(STUDY, job=short_first)
    with pytest.raises(KeyboardInterrupt):
        run_study(study, output=tmp_path, letters="ba", strategy="stacked")
    assert list(records_in(tmp_path)) == ["a_000.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_record_that_could_not_be_kept_is_kept_once_more(error, tmp_path, monkeypatch):
    """Of three whole runs the writing of the first strikes once: all are there."""
    save, n_calls = StudyFolder.save, []

    def struck(self, name, record):
        n_calls.append(name)
        if len(n_calls) == 1:
            raise error
        save(self, name, record)

    monkeypatch.setattr(StudyFolder, "save", struck)
    with pytest.raises(error):
        run_study(STUDY, output=tmp_path, letters="abc", strategy="stacked")
    records = records_in(tmp_path)
    assert sorted(records) == ["a_000.json", "b_000.json", "c_000.json"]
    assert all(record["error"] is None and record["sum"] for record in records.values())


def test_a_run_that_is_interrupted_as_it_ends_is_not_taken_for_whole(tmp_path):
    def struck(record, run, plan):
        yield from short_first(record, run, plan)
        if run.letter == "b":
            raise KeyboardInterrupt

    study = dataclasses.replace(STUDY, job=struck)
    with pytest.raises(KeyboardInterrupt):
        run_study(study, output=tmp_path, letters="ab", strategy="stacked")
    assert list(records_in(tmp_path)) == ["a_000.json"]


def fail(_):
    """Never return."""
    raise ArithmeticError("no measure")


@pytest.mark.parametrize("strategy", ["joblib", "stacked"])
def test_the_error_of_a_measure_is_that_of_its_run(strategy):
    def measured(record, run, plan):
        begun = yield from aside(fail, run)
        record["sum"] = 0.0  # goes on: it is found out where the result is asked for
        yield from collected([begun])

    study = dataclasses.replace(STUDY, job=measured)
    found = run_study(study, strategy=strategy, letters="ab")
    assert found["error"].tolist() == ["ArithmeticError: no measure"] * 2
    assert found["sum"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("strategy", ["stacked", "auto", "joblib"])
def test_a_job_that_is_a_plain_function_runs_by_joblib(strategy, stacks, monkeypatch):
    expected = run_study(STUDY, RuntimeError)
    called, original = [], _runner.run_jobs
    monkeypatch.setattr(
        _runner, "run_jobs", lambda *a, **how: called.append(how) or original(*a, **how)
    )
    study = dataclasses.replace(STUDY, job=plain_job)
    pd.testing.assert_frame_equal(run_study(study, RuntimeError, strategy=strategy), expected)
    assert len(called) == 1 and not stacks


def test_auto_goes_side_by_side_where_one_job_would_go_one_by_one():
    assert _study._together(STUDY, "auto", "cpu", 2) is None
    assert _study._together(STUDY, "joblib", "cuda", 1) is None
    for strategy, device, n_jobs, always in (
        *(("auto", "cpu", 1, False), ("auto", "cpu", None, False), ("auto", "cuda", 8, True)),
        *(("stacked", "cpu", 1, True), ("stacked", "cuda", 8, True)),
    ):
        assert _study._together(STUDY, strategy, device, n_jobs).keywords == {"always": always}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strategy": "many"}, r"strategy must be .*'joblib', 'stacked'.*got 'many'"),
        ({"device": "tpu"}, r"device must be .*'cpu', 'cuda'.*got 'tpu'"),
    ],
)
def test_what_does_not_fit_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        run_study(STUDY, **options)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="device must be 'cpu' or 'auto'"):
        run_study(STUDY, device="cuda")
    assert run_study(STUDY, device="auto", letters="a")["error"].isna().all()


# ------------------------------------------------------------------ epochs and questions


def test_between_epochs_a_network_is_as_on_epoch_sees_it():
    settings = {"n_units": 7, "max_iter": 4, "random_state": 2}
    seen, noted = [], []
    plain = DaleRNNRegressor(**settings, on_epoch=lambda net: seen.append(net.W_rec_)).fit(X, Y)

    def note(network):
        noted.append(network.W_rec_)
        answers = yield from answers_of(network, X)
        assert_array_equal(answers, network.predict(X))

    mine = []
    network = DaleRNNRegressor(**settings, on_epoch=lambda net: mine.append(net.n_iter_))
    own = network.on_epoch
    assert alone(epochs_of_fit(network, X, Y, after=note)) is network
    assert_array_equal(noted, seen)
    assert_array_equal(network.W_rec_, plain.W_rec_)
    assert mine == [1, 2, 3, 4] and network.on_epoch is own


def test_an_error_between_epochs_leaves_a_network_as_it_was():
    def note(network):
        yield from answers_of(network, np.repeat(X, 2, axis=2))  # of other features

    network = DaleRNNRegressor(n_units=7, max_iter=4)
    before = dict(vars(network))
    with pytest.raises(ValueError, match="features"):
        alone(epochs_of_fit(network, X, Y, after=note))
    assert vars(network) == before


def test_networks_that_ask_stay_in_step_with_those_that_do_not(stacks):
    def asking(network):
        for _ in range(network.n_iter_):
            yield from answers_of(network, X)

    networks = [DaleRNNRegressor(n_units=6, max_iter=3, random_state=k) for k in range(3)]
    after = (asking, None, asking)
    members = [
        Member(epochs_of_fit(network, X, Y, after=between))
        for network, between in zip(networks, after, strict=True)
    ]
    assert carry(members, always=True, watch=lambda wave: None) is None
    assert stacks == [3] and [member.result for member in members] == networks


CPU = torch.device("cpu")


def at_once(questions, seen=None):
    """Answers as a GPU would compute them."""
    return answers_at_once(questions, CPU, seen or SeenTrials())


def test_only_trials_that_stay_as_they_are_are_kept(monkeypatch):
    network = DaleRNNRegressor(n_units=5, max_iter=1, random_state=0).fit(X, Y)
    fixed, seen = X.copy(), SeenTrials()
    fixed.setflags(write=False)
    kept = seen.of(Question(network, fixed, "predict"), CPU)
    assert seen.of(Question(network, fixed, "predict"), CPU)[1] is kept[1]
    open_to_all = X.copy()
    first = at_once([Question(network, open_to_all, "predict")] * 2, seen)[0]
    open_to_all[:] = 0.5
    second = at_once([Question(network, open_to_all, "predict")] * 2, seen)[0]
    assert_allclose(second, network.predict(open_to_all), atol=1e-6)
    assert np.abs(first - second).max() > 0.01
    monkeypatch.setattr(_by_epochs, "_MOST_KEPT", 1)
    other = fixed.copy()
    other.setflags(write=False)
    seen.of(Question(network, other, "predict"), CPU)
    assert seen.of(Question(network, fixed, "predict"), CPU)[1] is not kept[1]


GO = make_go_nogo(12, random_state=0)
MAZE = make_one_choice_inference(20, random_state=0)


@pytest.mark.parametrize(
    ("kind", "data", "method"),
    [
        (DaleRNNRegressor, (X, Y), "predict"),
        (DaleRNNRegressor, (X, Y[:, -1]), "predict"),
        (SpatialRNNClassifier, GO, "decision_function"),
        (DaleRNNClassifier, MAZE, "predict_proba"),
        (DaleRNNClassifier, MAZE, "predict"),
    ],
)
@pytest.mark.parametrize(("most", "shared"), [(1, True), (1, False), (10**9, True), (10**9, False)])
def test_answers_at_once_are_those_of_each(kind, data, method, most, shared, monkeypatch):
    monkeypatch.setattr(_by_epochs, "_MOST_FLOATS", most)
    networks = [kind(n_units=5, max_iter=1, random_state=k).fit(*data) for k in range(3)]
    others = data[0] if shared else data[0][::-1].copy()
    questions = [
        Question(network, X, method)
        for network, X in zip(networks, (data[0], others, data[0]), strict=True)
    ]
    assert len({question.key() for question in questions}) == 1
    for question, found in zip(questions, at_once(questions), strict=True):
        expected = question.compute()
        assert found.dtype == expected.dtype
        if expected.dtype.kind == "f":
            assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        else:
            assert_array_equal(found, expected)


def test_a_network_that_explodes_says_so_and_the_others_answer():
    networks = [
        DaleRNNRegressor(n_units=5, max_iter=1, random_state=k, activation="relu").fit(X, Y)
        for k in range(2)
    ]
    questions = [Question(network, X, "predict") for network in networks]
    assert_allclose(at_once(questions)[1], networks[1].predict(X), atol=1e-6)
    networks[0].W_rec_ = np.full_like(networks[0].W_rec_, 1e30)
    with pytest.raises(ValueError, match="became infinite"):
        at_once(questions)


# -------------------------------------------------------------- what jobs should not do


def carried(*jobs):
    """Members after all jobs, generators, have been carried to their ends together."""
    members = [Member(job) for job in jobs]
    assert carry(members, always=True, watch=lambda members: None) is None
    return members


def good_job():
    return (yield from epochs_of_fit(DaleRNNRegressor(**SMALL_JOB), X, Y))


@pytest.mark.parametrize("nonsense", [5, None, "epoch"], ids=str)
def test_a_job_that_yields_nonsense_fails_alone(nonsense):
    def bad_job():
        yield nonsense
        raise AssertionError("nothing goes on after it")

    bad, good = carried(bad_job(), good_job())
    assert isinstance(bad.error, TypeError)
    assert str(bad.error).startswith("a training must yield what has a method compute, got")
    assert good.error is None and good.result.n_iter_ == SMALL_JOB["max_iter"]


def test_a_job_may_yield_what_is_computed_at_once():
    class Sum:
        def compute(self):
            return 1 + 1

    def job():
        two = yield Sum()
        return two

    assert carried(job())[0].result == 2


def test_an_unfitted_network_that_is_asked_fails_alone():
    def bad_job():
        yield from answers_of(DaleRNNRegressor(**SMALL_JOB), X)

    bad, good = carried(bad_job(), good_job())
    assert bad.error is not None and good.error is None and good.result.n_iter_


def test_what_is_seen_between_epochs_can_be_pickled():
    seen = []

    def keep(network):
        seen.append(pickle.loads(pickle.dumps(network)))

    network = alone(epochs_of_fit(DaleRNNRegressor(**SMALL_JOB), X, Y, after=keep))
    assert [one.n_iter_ for one in seen] == [1, 2] and seen[-1].on_epoch is None
    assert_array_equal(seen[-1].W_rec_, network.W_rec_)


def test_careless_questions():
    with pytest.raises(TypeError, match=r"^after must be None or a generator function, got 3"):
        alone(epochs_of_fit(DaleRNNRegressor(**SMALL_JOB), X, Y, after=3))
    with pytest.raises(TypeError, match=r"^fit_params must be among .* got 'weights'"):
        alone(epochs_of_fit(DaleRNNRegressor(**SMALL_JOB), X, Y, weights=3))


def numbers_of_numpy(record, run, plan):
    """A number that JSON does not know, by one letter only."""
    record["sum"] = np.float32(1.5) if run.letter == "b" else 1.5
    yield from ()


@pytest.mark.parametrize("strategy", ["joblib", "stacked"])
@pytest.mark.parametrize("kept", [False, True])
def test_a_record_that_no_file_can_hold_is_the_error_of_its_run(strategy, kept, tmp_path):
    study = dataclasses.replace(STUDY, job=numbers_of_numpy)
    runs = run_study(study, strategy=strategy, output=tmp_path if kept else None)
    assert runs["sum"].tolist()[::2] == [1.5, 1.5] and np.isnan(runs["sum"][1])
    assert runs["error"][1].startswith("TypeError: a record must hold what JSON can, got sum=")
    assert runs["error"].notna().tolist() == [False, True, False]
