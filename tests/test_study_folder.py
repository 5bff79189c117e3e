"""The folder of a study: locked while it runs, never restarted or mixed with another unasked."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import parallel_config

from sk_biornn import _process, _records
from sk_biornn._atomic import write_text
from sk_biornn._orphans import end_with
from sk_biornn._process import Process, has_ended, this_process
from sk_biornn._records import LOCK, differences, locked, sealed
from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._repeatable import digest
from sk_biornn.studies._runner import carry_out, fill_record, holding, run_jobs

HOST = socket.gethostname()
NOBODY = 2**22 + 1  # more than the greatest number of a process of Linux
SETTINGS = {"study": "made up", "n_units": 8, "input_data": {"numbers": digest(np.arange(3))}}


def add(a, b):
    """A run."""
    return {"sum": a + b, "seconds": 0.1, "error": None if a >= 0 else "ValueError: below 0"}


def study(path, runs=None, *, settings=SETTINGS, resume=False, overwrite=False, leaves=None):
    """A study of a few runs; returns its records."""
    folder = StudyFolder(path, ["results.csv"], ["sum"])
    runs = {"a": (1, 2), "b": (3, 4)} if runs is None else runs
    with holding(folder):
        return carry_out(
            add,
            runs,
            folder,
            settings,
            n_jobs=1,
            resume=resume,
            overwrite=overwrite,
            progress=False,
            leaves=leaves,
        )


# ------------------------------------------------------------------ forgetting to resume


def test_finished_runs_are_not_repeated_unasked(tmp_path):
    study(tmp_path)
    before = {path: path.read_bytes() for path in (tmp_path / "runs").iterdir()}
    sentence = rf"'{tmp_path}' holds 2 finished runs of this study: .*--resume\), .*--overwrite\)"
    with pytest.raises(ValueError, match=sentence):
        study(tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / "runs").iterdir()} == before
    assert study(tmp_path, resume=True)["b"]["sum"] == 7
    assert study(tmp_path, overwrite=True)["b"]["sum"] == 7


def test_failed_runs_alone_are_tried_again_without_a_word(tmp_path):
    study(tmp_path, {"a": (-1, 2)})
    assert study(tmp_path, {"a": (1, 2)})["a"]["error"] is None
    with pytest.raises(ValueError, match="holds 1 finished run of this study"):
        study(tmp_path, {"a": (1, 2)})


def test_what_is_there_is_counted(tmp_path):
    study(tmp_path, {"a": (1, 2), "b": (-1, 2)})
    with pytest.raises(ValueError, match="holds 1 finished run and 1 failed of this study"):
        study(tmp_path)


def test_tables_whose_runs_are_gone_are_not_lost_unasked(tmp_path):
    (tmp_path / "results.csv").write_text("precious")
    with pytest.raises(ValueError, match=r"holds results\.csv but no runs of this study"):
        study(tmp_path)
    assert (tmp_path / "results.csv").read_text() == "precious"
    study(tmp_path, overwrite=True)
    assert not (tmp_path / "results.csv").exists()


# ------------------------------------------------------------------ foreign records


def test_records_have_the_settings_and_the_input_data(tmp_path):
    study(tmp_path)
    record = json.loads((tmp_path / "runs" / "a.json").read_text())
    assert record["run"] == "a" and record["settings"] == SETTINGS


def test_a_record_of_other_data_is_refused_by_name(tmp_path):
    other = {**SETTINGS, "input_data": {"numbers": digest(np.arange(4))}}
    study(tmp_path / "ours")
    study(tmp_path / "theirs", settings=other)
    with pytest.raises(
        ValueError, match=r"holds a study with other settings: input_data\.numbers is"
    ):
        study(tmp_path / "ours", settings=other, resume=True)
    (tmp_path / "theirs" / "runs" / "b.json").rename(tmp_path / "ours" / "runs" / "b.json")
    with pytest.raises(ValueError, match=r"runs/b.json is of a study with other settings: input_d"):
        study(tmp_path / "ours", resume=True)


def test_a_record_under_another_name_is_refused(tmp_path):
    study(tmp_path)
    (tmp_path / "runs" / "b.json").write_bytes((tmp_path / "runs" / "a.json").read_bytes())
    with pytest.raises(ValueError, match=r'runs/b.json is the record of another run, "a"; give it'):
        study(tmp_path, resume=True)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("settings.json", "[]", r"settings.json must hold settings by name, got \[\]; remove it"),
        ("settings.json", "7", "settings.json must hold settings by name, got 7; remove it"),
        ("versions.json", "[1]", r"versions.json must hold settings by name, got \[1\]"),
        ("runs/a.json", "[]", "runs/a.json is not a record of a run; remove it to go on"),
        ("runs/a.json", "[" * 100_000, "runs/a.json is nested too deeply to be read; remove it"),
        ("settings.json", '{"a":' * 100_000, "settings.json is nested too deeply to be read"),
        ("runs/a.json", "\xff", "runs/a.json is not valid JSON"),
        ("runs/a.json", '{"run": "a"', "runs/a.json is not valid JSON"),
    ],
)
def test_damaged_files_get_one_sentence(name, text, sentence, tmp_path):
    study(tmp_path)
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=sentence) as caught:
        study(tmp_path, resume=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("settings", [5, None, [], {"n_units": 9}])
def test_settings_of_a_record_may_be_anything(settings, tmp_path):
    study(tmp_path)
    path = tmp_path / "runs" / "a.json"
    path.write_text(json.dumps(sealed({**json.loads(path.read_text()), "settings": settings})))
    with pytest.raises(ValueError, match=r"runs/a\.json is of a study with other settings: "):
        study(tmp_path, resume=True)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ('"sum": 3', '"sum": 4'),
        ('"sum": 3', '"sum": null'),
        ('"sum": 3', '"sum": [[NaN, 1e999]]'),
        ('"error": null', '"error": null, "more": 1'),
        ('"n_units": 8', '"n_units": 9'),
        ('"seal": "', '"seal": "0'),
        ('"seconds": 0.1', '"seconds": "0.1"'),
    ],
)
def test_a_record_that_was_changed_is_refused(there, instead, tmp_path):
    study(tmp_path)
    path = tmp_path / "runs" / "a.json"
    changed = path.read_text().replace(there, instead)
    assert changed != path.read_text()
    path.write_text(changed)
    with pytest.raises(ValueError, match=r"runs/a\.json has changed since it was written; remove"):
        study(tmp_path, resume=True)


def test_a_run_whose_file_is_missing_is_repeated(tmp_path):
    leaves = {"a": tmp_path / "a.npz", "b": None}
    study(tmp_path, leaves=leaves)
    record = tmp_path / "runs" / "a.json"
    for present in (False, True):
        if present:
            leaves["a"].touch()
        record.write_text(json.dumps(sealed({**json.loads(record.read_text()), "sum": 99})))
        assert study(tmp_path, leaves=leaves, resume=True)["a"]["sum"] == (99 if present else 3)


def test_digests_tell_values_shapes_and_types_apart():
    zeros = np.zeros(4, np.float32)
    different = [
        (zeros,),
        (zeros.reshape(2, 2),),
        (np.zeros(2, np.float64),),
        (zeros[:2], zeros[2:]),
        (np.array([0, 0, 0, 1e-9], np.float32),),
    ]
    assert len({digest(*arrays) for arrays in different}) == len(different)
    assert digest(np.arange(6).reshape(2, 3).T) == digest(np.array([[0, 3], [1, 4], [2, 5]]))


# ------------------------------------------------------------------ workers


PARENT = """
import os, sys, time
from pathlib import Path
from joblib import parallel_config
from sk_biornn.studies._runner import run_jobs
def work(folder, seconds):
    Path(folder, f"{os.getpid()}.tmp").touch()
    os.rename(f"{folder}/{os.getpid()}.tmp", f"{folder}/{os.getpid()}.pid")
    time.sleep(seconds)  # at work, or afterwards idle, when the parent is killed
with parallel_config(backend=sys.argv[2]):
    list(run_jobs(work, [(sys.argv[1], 600), (sys.argv[1], 0.0)], n_jobs=3))
"""


def wait_for(condition, seconds=120):
    """Wait until something is so; far longer than it takes on a busy machine."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the start of processes")
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_workers_end_with_a_study_that_is_killed(backend, tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path), backend]
    parent = subprocess.Popen(command)
    try:
        wait_for(lambda: len(list(tmp_path.glob("*.pid"))) == 2 or parent.poll() is not None)
    finally:
        workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
        known = [Process(pid, HOST, _process._start_of(pid)) for pid in workers]
        parent.kill()
        parent.wait()
    assert len(known) == 2 and parent.pid not in workers
    wait_for(lambda: all(has_ended(worker) for worker in known))


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing", "sequential"])
def test_jobs_run_on_any_backend(backend):
    jobs = [(number, 1) for number in range(5)]
    with parallel_config(backend=backend):
        results = run_jobs(add, jobs, n_jobs=2)
        assert sorted(result["sum"] for result in results) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_runs_that_threads_compute_wait_for_nobody(backend):
    """Each of them keeps the process to one thread, and must not meet one that does so for all."""
    with parallel_config(backend=backend):
        records = carry_out(
            fitted,
            {"a": ("a",), "b": ("b",)},
            None,
            {},
            n_jobs=2,
            resume=False,
            overwrite=False,
            progress=False,
        )
    assert [record["error"] for record in records.values()] == [None, None]


def fitted(name):
    """A run as those of studies are."""
    return fill_record({}, lambda record: record.update(name=name))


def test_a_process_that_is_no_worker_watches_nobody():
    before = threading.active_count()
    (result,) = run_jobs(add, [(1, 2)], n_jobs=1)
    assert result["sum"] == 3
    end_with(os.getppid())
    assert threading.active_count() == before


def test_what_differs_late_in_a_long_setting_is_seen():
    arms = [f"arm {number}" for number in range(10)]
    said = differences({"arms": arms, "n": 1}, {"arms": [*arms[:-1], "other"], "n": 2})
    assert said == 'arms[9] is "arm 9" there, "other" here; n is 1 there, 2 here'
    said = differences({"arms": arms}, {"arms": [*arms, "other"]})
    assert said == 'arms is ..."arm 9"] there, ..."arm 9", "other"] here'


def test_settings_within_settings_are_named_and_words_are_whole():
    budgets = {"wave": {"n": 400, "data": {"n_steps": 100}}, "digits": {"n": 1200}}
    there = {"training": {"name": "quick", "n_simulations": 2, "budgets": budgets}, "only": 1}
    here = {"training": {**there["training"], "n_simulations": 3}, "only": 1}
    assert differences(there, here) == "training.n_simulations is 2 there, 3 here"
    here["training"]["budgets"] = {"wave": budgets["wave"]}
    del here["only"]
    assert differences(there, here) == (
        'only is 1 there, missing here; training.budgets.digits is {"n": 1200} there, missing '
        "here; training.n_simulations is 2 there, 3 here"
    )
    long = " ".join(["letters"] * 9)
    cut = differences({"a": long}, {"a": 1})
    assert cut == 'a is "letters letters letters letters ... there, 1 here'
    many = differences({}, {f"n{number}": 1 for number in range(10)})
    assert many.startswith("n0 is missing there, 1 here; ") and many.endswith("here; and 2 more")


@given(*(2 * [st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)]))  # fmt: skip
def test_whatever_differs_is_told_and_nothing_else(one, other):
    said = differences({"x": one}, {"x": other})
    assert bool(said) == (one != other) and "\n" not in said
    assert differences({"x": one}, {"x": one}) == ""


# ------------------------------------------------------------------ the lock


def test_a_folder_belongs_to_one_study_at_a_time(tmp_path):
    sentence = rf"output '{tmp_path}' belongs to the study .* process {os.getpid()} on {HOST}: wait"
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
        with pytest.raises(ValueError, match=sentence):
            study(tmp_path)
    assert not (tmp_path / LOCK).exists()
    study(tmp_path)
    assert not (tmp_path / LOCK).exists()


def test_the_lock_is_given_back_when_a_study_fails(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path):
        raise RuntimeError
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize(
    "owner",
    [
        {"pid": NOBODY, "host": HOST, "start": "1"},  # there is no such process
        {"pid": os.getpid(), "host": HOST, "start": "1"},  # there is another one with its number
    ],
)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the start of processes")
def test_the_lock_of_a_process_that_has_ended_is_taken_over(owner, tmp_path):
    write_text(tmp_path / LOCK, json.dumps(owner))
    assert study(tmp_path)["a"]["sum"] == 3
    assert not (tmp_path / LOCK).exists()


def test_the_lock_of_another_machine_is_kept_and_its_file_named(tmp_path):
    write_text(tmp_path / LOCK, json.dumps({"pid": 7, "host": "elsewhere", "start": "1"}))
    with pytest.raises(ValueError, match=rf"process 7 on elsewhere: .* remove {tmp_path / LOCK}\)"):
        study(tmp_path)
    assert (tmp_path / LOCK).exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pid": "x", "host": 1, "start": 2}', "[" * 9999]
)
def test_a_lock_that_no_study_wrote_holds_nobody_off(text, tmp_path):
    (tmp_path / LOCK).write_text(text)
    assert study(tmp_path)["a"]["sum"] == 3


THEIRS = json.dumps({"pid": os.getppid(), "host": HOST, "start": None})


@pytest.mark.parametrize("theirs", [THEIRS, ""])
def test_of_two_that_see_no_lock_at_once_one_has_the_folder(theirs, tmp_path, monkeypatch):
    """Where folders cannot be locked: the other one has made its lock since we looked."""
    create = _records.create_text

    def too_late(path, text):
        path.write_text(theirs)
        create(path, text)

    monkeypatch.setattr(_records, "create_text", too_late)
    said = "belongs to the study that runs in" if theirs else "was taken by another study at this"
    with pytest.raises(ValueError, match=rf"^output '{tmp_path}' {said}"), locked(tmp_path):
        pass
    assert (tmp_path / LOCK).read_text() == theirs


HOLDER = """
import sys, time
from pathlib import Path
from sk_biornn._records import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_the_second_of_two_studies_is_refused_and_a_killed_one_followed(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match=f"runs in process {holder.pid} on {HOST}"):
            study(tmp_path)
        assert list((tmp_path / "runs").iterdir()) == []
    finally:
        holder.kill()
        holder.communicate()
    assert (tmp_path / LOCK).exists()  # SIGKILL leaves no time to give it back
    assert study(tmp_path)["a"]["sum"] == 3


def test_processes_are_told_from_others_with_their_number(monkeypatch):
    us = this_process()
    assert has_ended(us) is False
    assert has_ended(Process(NOBODY, HOST, us.start)) is True
    assert has_ended(us._replace(host="elsewhere")) is None
    monkeypatch.setattr(_process, "_start_of", lambda pid: None)  # a system without /proc
    assert has_ended(us._replace(start=None)) is False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_zombie_has_ended():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process(child.pid, HOST, _process._start_of(child.pid))
    assert process.start is not None and has_ended(process) is False
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is not reaped
    assert has_ended(process) is True
    child.wait()
