"""A study as a value: what the one frame does for every study, seen on a tiny one."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from sk_biornn import studies
from sk_biornn.studies import Plan, Report, Study, report_study, run_study, seed_of
from sk_biornn.studies._files import file_name
from sk_biornn.studies._report import failures_of


class Run(NamedTuple):
    """A level and its simulation."""

    letter: str
    simulation: int


def plan(preset, *, letters=("a", "b"), simulations=2):
    """Two factors' levels and as many simulations; an upper-case letter will fail."""
    runs = tuple(Run(letter, i) for letter in letters for i in range(simulations))
    return Plan(settings=preset, runs=runs, described={"letters": letters, "preset": preset})


def blank(run, plan):
    """A record without a number."""
    return {**run._asdict(), "number": None}


def job(record, run, plan):
    """A number that depends on the run alone."""
    if run.letter.isupper():
        raise RuntimeError("letters are small here")
    record["number"] = seed_of(plan.random_state, *run) % 100
    return {"number": np.array(record["number"])}


def tables(records, plan):
    """A row per run."""
    columns = ["letter", "simulation", "number", "error"]
    return {"results": pd.DataFrame.from_records(records, columns=columns)}


def conclude(tables, settings):
    """Means, if there are any."""
    kept = tables["results"].dropna(subset="number")
    means = kept.groupby("letter", as_index=False)["number"].mean()
    return {"summary": means} if len(means) else {}


def tell(tables):
    """The means in one line."""
    return " ".join(f"{row.letter}={row.number:.1f}" for row in tables["summary"].itertuples())


def draw(folder, tables):
    """A figure with as many points as means."""
    yield "figure", lambda figure: figure.subplots().plot(tables["summary"]["number"])


def first_of_each(run, plan):
    """Whether it is simulation 0."""
    return run.simulation == 0


def write_note(folder, plan, records):
    """A file that is no table."""
    (folder / "note.txt").write_text(f"{len(records)} runs")


STUDY = Study(
    name="letters",
    plan=plan,
    blank=blank,
    job=job,
    tables=tables,
    report=Report(
        reads={"results": ["letter", "simulation", "number", "error"]},
        conclude=conclude,
        sentences=tell,
        draw=draw,
        run="letter {letter}",
        tables=("results", "summary"),
        shown=("summary",),
        figures=("figure",),
    ),
    keeps_weights=first_of_each,
    write_others=write_note,
    others=("note.txt",),
)


def files_of(folder):
    """Relative names of all files."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_study_leaves_its_files_in_the_order_of_its_plan(n_jobs, tmp_path):
    results = run_study(STUDY, output=tmp_path, n_jobs=n_jobs)
    assert list(zip(results["letter"], results["simulation"], strict=True)) == [
        *(("a", 0), ("a", 1), ("b", 0), ("b", 1))
    ]
    runs = {f"runs/{letter}_{number:03d}.json" for letter in "ab" for number in range(2)}
    weights = {"weights/a_000.npz", "weights/b_000.npz"}
    assert files_of(tmp_path) == {
        *(*runs, *weights, "results.csv", "summary.csv", "times.csv", "note.txt"),
        *("figure.png", "figure.pdf", "settings.json", "versions.json"),
    }
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings == {"study": "letters", "letters": ["a", "b"], "preset": "quick"}
    pd.testing.assert_frame_equal(results, run_study(STUDY))


def test_runs_start_simulation_by_simulation(monkeypatch):
    """What is interrupted is paired."""
    started = []
    monkeypatch.setattr(
        "sk_biornn.studies._study.one_run",
        lambda blank, job, run, plan, weights: (
            started.append(run) or {**run._asdict(), "number": 0, "error": None, "seconds": 0.1}
        ),
    )
    run_study(STUDY)
    assert [run.simulation for run in started] == [0, 0, 1, 1]
    assert [run.letter for run in started] == ["a", "b", "a", "b"]


def test_overwriting_removes_every_file_of_the_study_and_no_other(tmp_path):
    run_study(STUDY, output=tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    folder_of = run_study(STUDY, output=tmp_path, letters=("c",), simulations=1, overwrite=True)
    assert folder_of["letter"].tolist() == ["c"]
    names = files_of(tmp_path)
    assert "mine.txt" in names and not any("a_0" in name or "b_0" in name for name in names)
    declared = {"runs/c_000.json", "weights/c_000.npz", "settings.json", "versions.json"}
    outputs = set(STUDY.outputs) - {"weights/*.npz"}
    assert names == {*declared, *outputs, "mine.txt"}


def test_a_report_is_drawn_up_again_of_the_tables_alone(tmp_path):
    run_study(STUDY, output=tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("summary.csv", "figure.png")}
    for name in before:
        (tmp_path / name).unlink()
    text = report_study(STUDY, tmp_path, figures=False)
    assert text.startswith("a=") and not (tmp_path / "figure.png").exists()
    assert report_study(STUDY, str(tmp_path)) == text
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_failed_runs_have_their_error_and_stop_nobody(tmp_path):
    run_study(STUDY, output=tmp_path, letters=("a", "B"))
    results = pd.read_csv(tmp_path / "results.csv")
    assert failures_of(STUDY.report, results) == [
        (f"letter B simulation {number}", "RuntimeError: letters are small here")
        for number in range(2)
    ]
    assert not (tmp_path / "weights" / "B_000.npz").exists()
    run_study(STUDY, output=tmp_path / "all", letters=("B",))
    assert report_study(STUDY, tmp_path / "all") == "all runs failed"


def test_a_run_without_its_weights_is_repeated(tmp_path):
    run_study(STUDY, output=tmp_path)
    (tmp_path / "weights" / "a_000.npz").unlink()
    before = (tmp_path / "runs" / "b_000.json").stat().st_mtime_ns
    run_study(STUDY, output=tmp_path, resume=True)
    assert (tmp_path / "weights" / "a_000.npz").exists()
    assert (tmp_path / "runs" / "b_000.json").stat().st_mtime_ns == before


def test_names_of_runs_are_those_of_files():
    assert file_name(("go-nogo", "W!D*C", 3)) == "go-nogo_WpDmC_003"
    longer = ("novel_change", "dense, same epochs", 12)
    assert file_name(longer) == "novel_change_dense-same-epochs_012"


@pytest.mark.parametrize("name", ["DALE", "PRUNING", "INDUCTIVE_BIAS", "CELL_TYPE"])
def test_every_study_declares_what_its_report_makes(name):
    report = getattr(studies, f"{name}_STUDY").report
    assert set(report.reads) <= set(report.tables) and set(report.shown) <= set(report.tables)
    assert "results" in report.reads and "error" in report.reads["results"]
    report.run.format(**dict.fromkeys(report.reads["results"], "level"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("PRESETS", "DALE_PRESETS"), ("ARMS", "DALE_ARMS"), ("TASKS", "DALE_TASKS")),
        *(("Preset", "DalePreset"), ("Arm", "DaleArm"), ("Task", "DaleTask")),
        *(("run_one", "train_dale_network"), ("summarise", "summarise_dale")),
        *(("VARIANTS", "INDUCTIVE_BIAS_VARIANTS"), ("Variant", "InductiveBiasVariant")),
    ],
)
def test_older_names_are_the_same_things(old, new):
    assert getattr(studies, old) is getattr(studies, new)
