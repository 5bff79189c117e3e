"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import BrokenExecutor
from dataclasses import replace

import pytest

import sk_biornn
from sk_biornn.cli import main
from sk_biornn.studies import ARMS, PRESETS, Budget, Preset
from sk_biornn.studies.dale import study as dale_study

TINY = Preset("quick", 8, 2, {"digits": Budget(60, 40, 2, 30, 1)})
STUDY = ["study", "dale", "--preset", "quick", "--arms", "unconstrained", "projection/ours"]


@pytest.fixture
def tiny(monkeypatch):
    """Let `quick` be very quick."""
    monkeypatch.setitem(PRESETS, "quick", TINY)


@pytest.fixture
def no_figure(monkeypatch):
    """Leave the slowest part out where it is not what is tested."""
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)


PREPARED = re.compile(r"(dale|pruning|inductive-bias|cell-types): (loading|reading|\d+ runs?)")


def one_sentence(text: str) -> str:
    """The sentence with which a command ends, after what it said that it was preparing."""
    lines = [line.rpartition("\r")[2] for line in text.split("\n")]  # what was written last
    *prepared, line = filter(None, map(str.strip, lines))
    assert all(PREPARED.match(each) for each in prepared), prepared
    assert line.startswith("sk-biornn: ") and line.endswith(".")
    return line


AT_ONCE = """
import sys
from sk_biornn.cli import _commands, main
def say(line):
    print(line, "with torch" if "torch" in sys.modules else "without torch")
_commands.say = say
main(["study", "cell-types", "--preset", "huge"])
"""


def test_a_study_says_what_it_loads_before_it_loads_it():
    run = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True)
    assert run.stdout == "cell-types: loading the study without torch\n"
    assert "preset must be one of" in run.stderr


def test_a_study_says_what_it_prepares(tiny, no_figure, tmp_path, capsys):
    command = ["study", "dale", "--arms", "square/ours", "projection/ours"]
    command += ["--simulations", "1", "--output", str(tmp_path / "study")]
    expected = ["dale: loading the study", "dale: reading settings and data"]
    assert main(command) == 0
    runs = ["dale: 2 runs, one after another", "run 1/2", "run 2/2", "dale: tables and figures"]
    assert heads(capsys.readouterr().err) == [*expected, *runs]
    assert main([*command, "--resume"]) == 0
    done = "dale: 2 runs, 2 of them finished before, none is left"
    assert heads(capsys.readouterr().err) == [*expected, done, "dale: tables and figures"]


def heads(text: str) -> list[str]:
    """Lines without the time that is left, and without what only a fresh process says."""
    lines = [line.partition(", 0:")[0] for line in text.splitlines()]
    return [line for line in lines if line != "dale: loading torch"]


def test_study_prints_its_table_and_the_path_of_the_figure(tiny, tmp_path, capsys):
    output = tmp_path / "results"
    assert main([*STUDY, "--output", str(output)]) == 0
    printed = capsys.readouterr()
    assert "digits: test accuracy in %, higher is better" in printed.out
    lines = [line.split() for line in printed.out.splitlines()]
    assert [line[:3] for line in lines[3:7]] == [
        ["unconstrained", "paper", "2"],
        ["unconstrained", "ours", "2"],
        ["projection", "ours", "2"],
        ["baseline", "none", "2"],
    ]
    figure, page = printed.out.splitlines()[-2:]
    assert figure == f"figure: {output / 'figure.png'}"
    assert page == f"page: {output / 'report.html'}" and (output / "report.html").exists()
    assert (output / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert "6/6" in printed.err  # the progress bar


def test_report_prints_the_same_and_draws_the_same_again(tiny, tmp_path, capsys):
    assert main([*STUDY, "--output", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    names = ("summary.csv", "figure.png", "figure.pdf")
    before = {name: (tmp_path / name).read_bytes() for name in names}
    for name in names:
        (tmp_path / name).unlink()
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out == table
    assert {name: (tmp_path / name).read_bytes() for name in names} == before


def test_output_has_a_default(tiny, tmp_path, monkeypatch, no_figure):
    monkeypatch.chdir(tmp_path)
    assert main([*STUDY, "--simulations", "1"]) == 0
    assert (tmp_path / "results" / "dale-quick" / "summary.csv").exists()


def test_options_reach_the_study(tiny, tmp_path, no_figure):
    import json

    options = ["--simulations", "1", "--random-state", "7", "--tasks", "digits", "--n-jobs", "1"]
    assert main([*STUDY, *options, "--output", str(tmp_path)]) == 0
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert (settings["simulations"], settings["random_state"]) == (1, 7)
    assert main([*STUDY, *options, "--output", str(tmp_path), "--resume"]) == 0
    assert main([*STUDY, "--output", str(tmp_path), "--resume"]) == 2
    assert main([*STUDY, "--output", str(tmp_path), "--overwrite"]) == 0


def test_failed_runs_are_named_and_the_exit_code_says_so(
    tiny, tmp_path, capsys, monkeypatch, no_figure
):
    monkeypatch.setitem(PRESETS, "quick", replace(TINY, learning_rate=1e38, n_simulations=1))
    assert main([*STUDY, "--output", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "sk-biornn: failed: digits projection/ours simulation 0: Diverg" in printed.err
    assert "0 (1 failed)" in printed.out
    assert main(["report", str(tmp_path)]) == 1


def test_one_failed_arm_does_not_spoil_the_table(tiny, tmp_path, capsys, monkeypatch):
    broken = [replace(arm, dale="no such law") for arm in ARMS if arm.key == "projection/ours"]
    arms = [arm for arm in ARMS if arm.name == "unconstrained"]
    monkeypatch.setattr(dale_study, "ARMS", (*arms, *broken))
    assert main([*STUDY, "--output", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("sk-biornn: failed: digits projection/ours") == 2
    assert "figure: " in printed.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--preset", "huge"], "preset must be one of ['quick', 'paper', 'fair'], got 'huge'"),
        (["--tasks", "maze"], "tasks must be one of"),
        (["--arms", "none"], "arms must be one of"),
        (["--n-jobs", "0"], "n_jobs must be a positive int"),
        (["--n-jobs", "two"], "invalid int value: 'two'"),
        (["--strategy", "many"], "strategy must be one of ['joblib', 'stacked', 'auto']"),
        (["--device", "tpu"], "device must be one of ['cpu', 'cuda', 'auto'], got 'tpu'"),
        (["--simulations", "0"], "simulations must be an integer of at least 1, got 0"),
        (["--random-state", "-3"], "random_state must be an integer of at least 0, got -3"),
        (["--output", "/dev/null/folder"], "output must be a folder that can be written"),
        (["--tasks", "mnist", "--data-home", "/dev/null"], "four idx files are not in"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(arguments, expected, capsys, tmp_path):
    output = [] if "--output" in arguments else ["--output", str(tmp_path)]
    assert main(["study", "dale", *output, *arguments]) == 2
    assert expected in one_sentence(capsys.readouterr().err)
    assert not any(tmp_path.iterdir())


def test_a_folder_without_a_study_is_named(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 2
    assert f"{str(tmp_path)!r} holds no study" in one_sentence(capsys.readouterr().err)
    (tmp_path / "runs").mkdir()
    assert main(["report", str(tmp_path)]) == 2
    assert f"{str(tmp_path / 'results.csv')!r} is missing" in one_sentence(capsys.readouterr().err)


def test_a_table_that_is_no_study_is_named(tmp_path, capsys):
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    assert main(["report", str(tmp_path)]) == 2
    assert "is not the table of a study" in one_sentence(capsys.readouterr().err)


def test_without_our_weights_the_table_compares_with_the_papers(tiny, tmp_path, capsys, no_figure):
    arms = ["--arms", "unconstrained/paper", "projection/paper"]
    assert main(["study", "dale", *arms, "--output", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  reference: unconstrained, same initial weights"
    assert lines[2].split()[-2:] == ["minus", "reference"] and lines[4].split()[0] == "projection"
    assert lines[4].split()[-1][0] in "+-"  # of two runs no interval, and no verdict


@pytest.mark.parametrize("arguments", [[], ["study"], ["study", "maze"], ["dance"]])
def test_a_command_is_needed(arguments, capsys):
    assert main(arguments) == 2
    one_sentence(capsys.readouterr().err)


def test_an_interruption_says_how_to_go_on(tiny, tmp_path, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sk_biornn.studies._runner.run_jobs", interrupt)
    assert main([*STUDY, "--output", str(tmp_path)]) == 130
    assert "--resume" in one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize(
    "error", [BrokenExecutor("a worker died"), OSError(28, "No space left on device")]
)
def test_a_study_that_has_to_stop_says_why(error, tiny, tmp_path, capsys, monkeypatch):
    def stop(*_, **__):
        raise error

    monkeypatch.setattr("sk_biornn.studies._runner.run_jobs", stop)
    assert main([*STUDY, "--output", str(tmp_path)]) == 1
    line = one_sentence(capsys.readouterr().err)
    assert str(error) in line and "--resume" in line


@pytest.mark.parametrize("arguments", [["--help"], ["study", "dale", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from sk_biornn.cli import main; code = main(sys.argv[1:]);"
        "heavy = {'torch', 'pandas', 'matplotlib', 'scipy', 'sklearn'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else code)"
    )
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert ("--preset" in run.stdout) == ("dale" in arguments)
    assert (sk_biornn.__version__ in run.stdout) == ("--version" in arguments)


def test_a_study_is_not_restarted_unasked(tiny, tmp_path, capsys, no_figure):
    command = [*STUDY, "--simulations", "1", "--output", str(tmp_path)]
    assert main(command) == 0
    before = (tmp_path / "results.csv").read_bytes()
    capsys.readouterr()
    assert main(command) == 2
    line = one_sentence(capsys.readouterr().err)
    assert f"'{tmp_path}' holds 3 finished runs" in line
    assert "--resume" in line and "another output" in line
    assert (tmp_path / "results.csv").read_bytes() == before
    assert main([*command, "--resume"]) == 0


def test_a_report_that_cannot_write_says_so(tiny, tmp_path, capsys, no_figure):
    assert main([*STUDY, "--simulations", "1", "--output", str(tmp_path)]) == 0
    (tmp_path / "summary.csv").unlink()
    (tmp_path / "summary.csv").mkdir()  # nothing can be written over a folder, whoever asks
    capsys.readouterr()
    assert main(["report", str(tmp_path)]) == 2
    line = one_sentence(capsys.readouterr().err)
    assert f"'{tmp_path}' cannot be written" in line and "copy the folder" in line


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("settings.json", b"[]", "settings.json must hold settings by name"),
        ("settings.json", b"[" * 100_000, "settings.json is nested too deeply"),
        ("results.csv", b"", "results.csv' is damaged, it is not a table"),
        ("results.csv", b"a,b\n1,2,3,4\n1\n", "results.csv' is"),
        ("results.csv", b"\xff\xfe\x00", "results.csv' is damaged, it is not a table"),
        ("results.csv", (b",accuracy,", b",accusacy,"), "has tables that are not as a study wrote"),
        ("results.csv", (b",10.", b",1x0."), "has tables that are not as a study wrote them (Val"),
    ],
)
def test_a_damaged_study_is_named(name, content, sentence, tiny, tmp_path, capsys, no_figure):
    assert main([*STUDY, "--simulations", "1", "--output", str(tmp_path)]) == 0
    if isinstance(content, tuple):
        content = (tmp_path / name).read_bytes().replace(*content)
    (tmp_path / name).write_bytes(content)
    capsys.readouterr()
    assert main(["report", str(tmp_path)]) == 2
    assert sentence in one_sentence(capsys.readouterr().err)


def test_module_can_be_run():
    command = [sys.executable, "-m", "sk_biornn.cli", "report", "no-such-folder"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2
    assert "no-such-folder" in one_sentence(run.stderr)
