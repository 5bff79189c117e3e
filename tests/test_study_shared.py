"""Several runners in the folder of one study: no run is done twice, and none is lost."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from joblib import parallel_config
from tiny_study import (
    IMPATIENT,
    LONG,
    STUDY,
    begun,
    ended_once,
    failing,
    held_up,
    join,
    learn,
    mark,
    processes,
    study_of,
    wait_for,
)

from sk_biornn._atomic import create_text
from sk_biornn._process import this_process
from sk_biornn._records import LOCK, locked
from sk_biornn.cli import main
from sk_biornn.studies import PRESETS, Budget, DalePreset, _claims, _folder, _shared, run_study
from sk_biornn.studies._claims import FOLDER, Claims
from sk_biornn.studies._folder import StudyFolder

RESUME = {"resume": True, "overwrite": False}


def marked(record, run, plan):
    """A run that leaves a mark."""
    mark(plan.settings, run)
    record["sum"] = float(ord(run.letter))


@pytest.fixture
def quick(monkeypatch):
    """Runners that look again soon."""
    monkeypatch.setattr(_shared, "LOOK_AGAIN", 0.02)


def start(job, folder, *, beat=0.2, silence=LONG, **options):
    """Start it."""
    process = processes().Process(target=join, args=(job, folder, beat, silence, options))
    process.start()
    return process


def files_of(folder):
    """What a study leaves in the end, but for its records, which hold seconds."""
    names = ("results.csv", "settings.json", "versions.json")
    return {name: (folder / name).read_bytes() for name in names}


# ------------------------------------------------------------------ several processes


def test_of_three_runners_one_is_killed(tmp_path):
    """The others take it for ended when its silence counts, which is when nothing else is left."""
    options, folder = {"letters": "kabcdefg", "simulations": 1}, tmp_path / "all"
    started = [start(ended_once, folder, beat=0.05, **options) for _ in range(3)]
    wait_for(lambda: any(process.exitcode is not None for process in started))
    wait_for(lambda: len(list(folder.glob("runs/*.json"))) == 7)
    assert begun(folder) == ["a0", "b0", "c0", "d0", "e0", "f0", "g0", "k0"]
    assert sum(process.is_alive() for process in started) == 2
    (folder / IMPATIENT).touch()
    for process in started:
        process.join(LONG)
    codes = sorted(process.exitcode for process in started)
    assert codes == [-9, 0, 0]
    assert begun(tmp_path / "all") == ["a0", "b0", "c0", "d0", "e0", "f0", "g0", "k0", "k0"]
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "struck0").touch()
    run_study(study_of(ended_once), str(tmp_path / "one"), output=tmp_path / "one", **options)
    assert files_of(tmp_path / "all") == files_of(tmp_path / "one")


def test_what_one_is_at_the_other_leaves_alone(tmp_path, quick):
    process = start(held_up, tmp_path, letters="bc", simulations=1)
    try:
        wait_for(lambda: begun(tmp_path) == ["b0"])
        study = study_of(marked)
        thread = threading.Thread(target=lambda: wait_for(lambda: len(begun(tmp_path)) == 2))
        thread.start()

        def let_go():
            thread.join()
            (tmp_path / "go").touch()

        other = threading.Thread(target=let_go)
        other.start()
        found = run_study(
            study, str(tmp_path), output=tmp_path, join=True, letters="bc", simulations=1
        )
        other.join()
    finally:
        (tmp_path / "go").touch()
        process.join(LONG)
    assert process.exitcode == 0 and begun(tmp_path) == ["b0", "c0"]
    assert found["sum"].tolist() == [98.0, 99.0]


def test_stacks_share_too(tmp_path, quick):
    options = {"output": tmp_path, "join": True, "strategy": "stacked"}
    process = start(learn, tmp_path, strategy="stacked")
    found = run_study(study_of(learn), **options)
    process.join(LONG)
    assert process.exitcode == 0 and found["error"].isna().all()
    expected = run_study(study_of(learn))
    assert found["sum"].to_numpy() == pytest.approx(expected["sum"].to_numpy(), rel=1e-5)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_jobs_of_a_runner_do_all(n_jobs, tmp_path, quick):
    with parallel_config("threading"):
        found = run_study(study_of(learn), output=tmp_path, join=True, n_jobs=n_jobs)
    assert found.equals(run_study(study_of(learn)))


# ------------------------------------------------------------------ one process


def test_a_runner_alone_does_all_and_leaves_no_claim(tmp_path):
    found = run_study(STUDY, output=tmp_path / "join", join=True)
    assert found.equals(run_study(STUDY, output=tmp_path / "alone"))
    assert files_of(tmp_path / "join") == files_of(tmp_path / "alone")
    assert list((tmp_path / "join" / FOLDER).iterdir()) == []
    assert run_study(STUDY, output=tmp_path / "join", join=True).equals(found)
    assert run_study(STUDY, output=tmp_path / "join", resume=True).equals(found)
    assert not (tmp_path / "join" / FOLDER).exists()


def test_a_failed_run_is_tried_once_per_call(tmp_path):
    study, options = study_of(failing), {"output": tmp_path, "letters": "a", "simulations": 1}
    (tmp_path / "bad").touch()
    for n_calls in (1, 2, 3):
        if n_calls == 3:
            (tmp_path / "bad").unlink()
        found = run_study(study, str(tmp_path), join=True, **options)
        assert found["error"].isna().tolist() == [n_calls == 3]
        assert len(begun(tmp_path)) == n_calls
    run_study(study, str(tmp_path), join=True, **options)
    assert len(begun(tmp_path)) == 3


def test_what_another_has_repeated_in_the_meantime_is_not_repeated(tmp_path):
    """It has gone since, and no claim is left that would tell."""
    study, options = study_of(failing), {"output": tmp_path, "letters": "a", "simulations": 1}
    (tmp_path / "bad").touch()
    run_study(study, str(tmp_path), **options)
    folder = StudyFolder(tmp_path, (), ())
    with folder.held(join=True):
        folder.open(json.loads((tmp_path / "settings.json").read_text()), **RESUME)
        found = {}
        work = _shared._Work(folder, folder.claims, ["a_000"], found.__setitem__)
        (tmp_path / "bad").unlink()
        run_study(study, str(tmp_path), join=True, **options)
        assert folder.claims.number("a_000") == 0
        assert list(work.names(None)) == [] and work.todo == []
    assert found["a_000"]["error"] is None and len(begun(tmp_path)) == 2


def test_what_another_has_finished_while_we_claimed_it_is_taken_up(tmp_path, monkeypatch):
    folder = StudyFolder(tmp_path, (), ("sum",))
    with folder.held(join=True):
        folder.open({"study": "letters"}, **RESUME)
        take = folder.claims.take

        def take_late(name):
            folder.save(name, {"sum": 1.0, "seconds": 0.1, "error": None})
            return take(name)

        monkeypatch.setattr(folder.claims, "take", take_late)
        found = {}
        work = _shared._Work(folder, folder.claims, ["a_000"], found.__setitem__)
        assert list(work.names(None)) == [] and work.todo == []
    assert found["a_000"]["sum"] == 1.0


def test_a_run_without_its_file_is_repeated(tmp_path):
    run_study(STUDY, output=tmp_path, join=True)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    (tmp_path / "weights" / "b_000.npz").unlink()
    run_study(STUDY, output=tmp_path, join=True)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"b_000.json"}
    assert (tmp_path / "weights" / "b_000.npz").exists()


def test_an_interruption_gives_back_what_was_claimed(tmp_path, quick):
    def strike(record, run, plan):
        mark(plan.settings, run)
        raise KeyboardInterrupt

    options = {"output": tmp_path, "join": True, "letters": "ab", "simulations": 1}
    with pytest.raises(KeyboardInterrupt):
        run_study(study_of(strike), str(tmp_path), **options)
    assert not list((tmp_path / FOLDER).glob("*.runner"))
    found = run_study(study_of(marked), str(tmp_path), **options)
    assert found["error"].isna().all() and begun(tmp_path) == ["a0", "a0", "b0"]


# ------------------------------------------------------------------ what is refused


def test_other_settings_and_versions_are_refused(tmp_path, monkeypatch):
    run_study(STUDY, output=tmp_path, join=True)
    with pytest.raises(ValueError, match=r"a study with other settings: letters is \"abc\" there"):
        run_study(STUDY, output=tmp_path, join=True, letters="abz")
    monkeypatch.setattr("sk_biornn.studies._folder.versions", lambda: {"torch": "0.1"})
    with pytest.raises(ValueError, match=r"a study with other versions: "):
        run_study(STUDY, output=tmp_path, join=True)


def test_of_two_that_begin_at_once_with_other_settings_one_is_refused(tmp_path):
    """The settings in the folder are those of who came first, also before there is a record."""
    process = start(held_up, tmp_path, letters="b", simulations=1)
    try:
        wait_for(lambda: begun(tmp_path) == ["b0"])
        with pytest.raises(ValueError, match="other settings: letters"):
            run_study(study_of(held_up), str(tmp_path), output=tmp_path, join=True, letters="c")
        sentence = (
            f"^output '{tmp_path}' belongs to the shared study that runs in process {process.pid} "
            r"on \S+: join it \(join=True, --join\), wait for it, or choose another output\.$"
        )
        for how in ({}, {"resume": True}, {"overwrite": True}):
            with pytest.raises(ValueError, match=sentence):
                run_study(study_of(held_up), output=tmp_path, letters="b", simulations=1, **how)
    finally:
        (tmp_path / "go").touch()
        process.join(LONG)
    assert process.exitcode == 0


def test_who_has_a_folder_alone_is_not_joined(tmp_path):
    with locked(tmp_path), pytest.raises(ValueError, match="belongs to the study that runs in pro"):
        run_study(STUDY, output=tmp_path, join=True)
    assert not list((tmp_path / FOLDER).glob("*.runner"))
    assert run_study(STUDY, output=tmp_path, join=True)["error"].isna().all()


def test_a_runner_elsewhere_is_named_with_its_file(tmp_path):
    file = tmp_path / FOLDER / "abc.runner"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"pid": 7, "host": "elsewhere", "start": "1"}) + "\n0\n")
    with pytest.raises(ValueError, match=rf"process 7 on elsewhere: .* remove {file}\)\.$"):
        run_study(STUDY, output=tmp_path)
    file.unlink()
    assert run_study(STUDY, output=tmp_path)["error"].isna().all()


def test_a_fresh_sign_that_cannot_be_read_holds_others_off(tmp_path):
    file = tmp_path / FOLDER / "abc.runner"
    file.parent.mkdir(parents=True)
    file.touch()
    sentence = rf"shared study whose runner cannot be told by now: .* remove {file}\)\.$"
    with pytest.raises(ValueError, match=sentence):
        run_study(STUDY, output=tmp_path)
    os.utime(file, (1000, 1000))
    assert run_study(STUDY, output=tmp_path)["error"].isna().all()
    assert not file.parent.exists()


def test_a_runner_that_comes_at_the_same_time_loses_no_file(tmp_path):
    """It finds its sign, once it is there, and sees that the folder is not to be joined."""
    new, old = (tmp_path / FOLDER / f".{name}.runner.0123abcd~" for name in ("new", "old"))
    new.parent.mkdir()
    for half in (new, old):
        half.write_text("half of")
    os.utime(old, (1000, 1000))
    run_study(STUDY, output=tmp_path)
    assert list(new.parent.iterdir()) == [new]


def test_halves_of_killed_runners_are_removed_by_those_that_join_later(tmp_path):
    places = ("runs/.a_000.json", "weights/.a_000.npz", f"{FOLDER}/.abc.runner", ".settings.json")
    halves = [tmp_path / f"{place}.{age}~" for place in places for age in ("00000new", "00000old")]
    for half in halves:
        half.parent.mkdir(exist_ok=True)
        half.touch()
        if "old" in half.name:
            os.utime(half, (1000, 1000))
    run_study(STUDY, output=tmp_path, join=True)
    assert [half for half in halves if half.exists()] == halves[::2]


def test_settings_that_another_runner_is_about_to_write_are_waited_for(tmp_path, monkeypatch):
    """Where links are unknown a file is there before it is whole."""
    expected = run_study(STUDY, output=tmp_path / "whole")
    settings = (tmp_path / "whole" / "settings.json").read_text()
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "settings.json").touch()
    naps = []

    def nap(seconds):
        naps.append(seconds)
        if len(naps) == 3:
            (folder / "settings.json").write_text(settings)

    monkeypatch.setattr(_folder, "time", SimpleNamespace(sleep=nap, monotonic=lambda: 0.0))
    assert run_study(STUDY, output=folder, join=True).equals(expected) and len(naps) == 3
    (folder / "settings.json").write_text("")
    monkeypatch.setattr(_folder, "WITHIN", -1.0)
    with pytest.raises(
        ValueError, match=r"settings\.json is not valid JSON .*; remove it to go on"
    ):
        run_study(STUDY, output=folder, join=True)


def test_what_a_killed_runner_left_on_this_machine_is_removed(tmp_path):
    file = tmp_path / FOLDER / "abc.runner"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({**this_process()._asdict(), "start": "1"}) + "\n0\n")
    (file.parent / "a_000.0").write_text("abc")
    assert run_study(STUDY, output=tmp_path)["error"].isna().all()
    assert not file.parent.exists() and not (tmp_path / LOCK).exists()


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"join": "yes"}, TypeError, "join must be True or False, got 'yes'."),
        ({"join": True, "output": None}, ValueError, "join must be False without a folder output"),
        ({"join": True, "overwrite": True}, ValueError, "overwrite must be False where others may"),
    ],
)
def test_what_does_not_go_with_join_is_refused(options, kind, sentence, tmp_path):
    with pytest.raises(kind) as caught:
        run_study(STUDY, **{"output": tmp_path, **options})
    assert str(caught.value).startswith(sentence)


def test_the_command_line_joins(tmp_path, monkeypatch):
    tiny = DalePreset("quick", 8, 1, {"digits": Budget(60, 40, 1, 30, 1)})
    monkeypatch.setitem(PRESETS, "quick", tiny)
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)
    command = ["study", "dale", "--arms", "projection/ours", "--output", str(tmp_path), "--join"]
    assert main(command) == 0 and main(command) == 0
    assert (tmp_path / FOLDER).is_dir()


# ------------------------------------------------------------------ claims


def test_one_of_many_has_its_way(tmp_path):
    """Many runners at once, each for all runs, and again when the first ones have gone."""
    for round_ in range(3):
        claims = [Claims(tmp_path) for _ in range(8)]
        claims[0].path.mkdir(exist_ok=True)
        for one in claims:
            one._runner(one.us).write_text("here")
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda one: [one.take(f"r_{k}") for k in range(20)], claims))
        assert [sum(row) for row in zip(*taken, strict=True)] == [1] * 20
        assert claims[0].number("r_0") == round_ + 1
        for one in claims:
            one._runner(one.us).unlink()


def test_silence_is_measured_by_who_listens(tmp_path, monkeypatch):
    """Neither the clock of the other machine counts, nor the times of files."""
    now = [1000.0]
    monkeypatch.setattr(_claims, "monotonic", lambda: now[0])
    ours, theirs = Claims(tmp_path), Claims(tmp_path)
    with ours.as_runner(), theirs.as_runner():
        assert theirs.take("a") and not ours.take("a")
        file = theirs._runner(theirs.us)
        for beat in range(3):
            now[0] += _claims.SILENCE - 1
            os.utime(file, (beat, beat))  # decades ago
            file.write_text(theirs._sign(beat + 1))
            assert not ours.take("a")
        now[0] += _claims.SILENCE
        assert not ours.take("a")  # it has not been longer than that
        now[0] += 0.1
        os.utime(file)
        assert ours.take("a") and not theirs.take("a")
        assert ours.number("a") == 2
    assert not ours._runner(theirs.us).exists()


def test_a_runner_shows_that_it_lives(tmp_path, monkeypatch):
    monkeypatch.setattr(_claims, "BEAT", 0.01)
    claims = Claims(tmp_path)
    with claims.as_runner():
        file = claims._runner(claims.us)
        before = file.read_bytes()
        wait_for(lambda: file.read_bytes() != before)
        assert len(file.read_bytes()) == len(before) and claims.n_living() == 1
        file.unlink()  # by hand, by somebody who took it for ended
        wait_for(lambda: file.exists() and file.read_bytes())
        assert Claims(tmp_path).lives(claims.us)
    assert list(claims.path.iterdir()) == []


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("error", [OSError(95, "no links"), FileExistsError(17, "there")])
def test_the_answer_of_a_server_may_be_lost(made, error, tmp_path, monkeypatch):
    """A link was made and said not to be; or there are none on this file system."""
    link = os.link

    def lost(source, target):
        if made:
            link(source, target)
        raise error

    monkeypatch.setattr(os, "link", lost)
    claims = Claims(tmp_path)
    with claims.as_runner():
        is_ours = made or not isinstance(error, FileExistsError)
        assert claims.take("a") is is_ours
        assert not list(tmp_path.rglob("*~"))


def test_a_file_is_created_once(tmp_path):
    path = tmp_path / "a"
    create_text(path, "first\n")
    create_text(path, "second\n")
    assert path.read_bytes() == b"first\n" and list(tmp_path.iterdir()) == [path]


def test_the_last_claim_counts_whichever_are_left(tmp_path):
    """Somebody was interrupted as he took them away; names may hold anything."""
    claims = Claims(tmp_path)
    with claims.as_runner():
        for run in ("a", "a.1", "[a]", "b"):
            (claims.path / f"{run}.1").write_text("gone")
            (claims.path / f"{run}.10").write_text(claims.us)
            assert claims.number(run) == 11 and claims.is_taken(run)
        claims.forget("a")
        assert claims.number("a") == 0 and claims.number("a.1") == 11
        for run in ("a.1", "[a]", "b"):
            claims.forget(run)
        assert [path.name for path in claims.path.iterdir()] == [f"{claims.us}.runner"]


def test_a_claim_that_is_being_written_counts(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_claims, "monotonic", lambda: now[0])
    claims = Claims(tmp_path)
    claims.path.mkdir()
    (claims.path / "a.0").touch()
    assert not claims.take("a")
    now[0] = _claims.SILENCE + 1
    assert claims.take("a")
