"""The study of Dale's law: pairing, repeatability, resuming, failures, statistics."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from distributions import SEEDS, assert_drawn_from
from scipy import stats

import sk_biornn
from sk_biornn import _atomic
from sk_biornn._csv import read_csv
from sk_biornn._records import NEVER_REPEATED, sealed
from sk_biornn.biology.constraints import Dale
from sk_biornn.biology.prior import column_signs
from sk_biornn.initializers import ConditioningWarning
from sk_biornn.studies import (
    ARMS,
    DALE_STUDY,
    PRESETS,
    TASKS,
    Budget,
    DaleArm,
    Preset,
    run_dale_study,
    run_one,
    summarise,
)
from sk_biornn.studies._folder import StudyFolder
from sk_biornn.studies._intervals import PER_CENT, interval, paired_interval, scale_of
from sk_biornn.studies._repeatable import one_thread, seed_of
from sk_biornn.studies.dale import study as dale_study
from sk_biornn.studies.dale.job import initial_weights, make_network
from sk_biornn.studies.dale.report import verdict
from sk_biornn.studies.dale.settings import LongerSteps, Rectified
from sk_biornn.studies.dale.tasks import mnist_is_present

WAVES = {"n_steps": 10, "second_terms": True, "n_waves": 3, "n_test_waves": 2}
TINY = Preset(
    name="tiny",
    n_units=8,
    n_simulations=2,
    budgets={
        "flip-flop": Budget(20, 10, 2, 10, 1),
        "wave": Budget(12, 6, 2, 6, 1, WAVES),
        "digits": Budget(60, 40, 2, 30, 1),
    },
)
BY_KEY = {arm.key: arm for arm in ARMS}
FEW = {"tasks": ["digits"], "arms": ["unconstrained", "projection/ours"]}
NOT_REPEATED = {"times.csv", "report.html"}


def files_of(folder: Path) -> dict[str, bytes]:
    """All files by name, but those with times; of the records all but the seconds."""
    content = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in NOT_REPEATED:
            content[str(path.relative_to(folder))] = path.read_bytes()
            if path.parent.name == "runs":
                record = json.loads(path.read_text())
                assert record["seconds"] > 0
                record = {name: record[name] for name in set(record) - {*NEVER_REPEATED}}
                content[str(path.relative_to(folder))] = json.dumps(record, sort_keys=True).encode()
    return content


# ------------------------------------------------------------------ one run


@pytest.mark.parametrize("key", ["unconstrained/paper", "abs/ours", "square/paper"])
@pytest.mark.parametrize("task", ["flip-flop", "wave", "digits"])
def test_following_a_run_does_not_change_it(task, key):
    """The score at the end is that of a plain fit that nobody watched."""
    arm, task = BY_KEY[key], TASKS[task]
    record = run_one(arm, task, TINY, 1, random_state=3)
    seeds = [seed_of(3, task.name, 1, purpose) for purpose in ("recurrent weights", "training")]
    data = task.make_data(TINY.budgets[task.name], seed_of(3, task.name, 1, "data"), None)
    with one_thread():
        network = make_network(arm, task, TINY, *seeds).fit(data.X_train, data.y_train)
        expected = task.score(data.y_test, network.predict(data.X_test))
    assert record["error"] is None
    assert record["score"] == expected
    assert record["train_loss"] == network.loss_curve_[-1]
    assert record["n_iter"] == network.n_iter_ == 2


def test_curve_has_the_first_the_last_and_every_kth_epoch():
    preset = replace(TINY, budgets={"digits": Budget(60, 40, 7, 30, 3)})
    record = run_one(BY_KEY["projection/ours"], TASKS["digits"], preset, 0)
    assert [epoch for epoch, _, _ in record["curve"]] == [1, 3, 6, 7]
    assert record["curve"][-1] == [7, record["train_loss"], record["score"]]


def test_all_arms_of_a_simulation_share_trials_batches_and_feedforward_weights():
    task, standing_still = TASKS["flip-flop"], replace(TINY, learning_rate=1e-30)
    data = task.make_data(TINY.budgets[task.name], 0, None)
    networks = [
        make_network(arm, task, standing_still, 1, 2).fit(data.X_train, data.y_train)
        for arm in ARMS
    ]
    for network in networks:
        for name in ("W_in_", "b_rec_", "W_out_", "b_out_"):
            np.testing.assert_array_equal(getattr(network, name), getattr(networks[0], name))


def test_paper_weights_are_one_matrix_with_signed_columns_in_every_arm():
    signs = column_signs(64)
    drawn = [initial_weights(arm, signs, 5) for arm in ARMS if arm.init == "paper"]
    assert len(drawn) == 6
    for weights in drawn:
        np.testing.assert_array_equal(weights, drawn[0])
    arm = next(arm for arm in ARMS if arm.init == "paper")
    sizes = np.stack([initial_weights(arm, signs, seed) for seed in SEEDS]) * signs
    assert sizes.min() >= 0 and sizes.max() <= 1 / 8
    assert_drawn_from(sizes * 8, "uniform")


def test_ours_is_orthogonal_with_and_without_signs():
    signs = column_signs(64)
    free = initial_weights(BY_KEY["unconstrained/ours"], signs, 5)
    np.testing.assert_allclose(free @ free.T, np.eye(64), atol=1e-10)
    for key in ("projection/ours", "exponentiated/ours"):
        weights = initial_weights(BY_KEY[key], signs, 5)
        assert (weights * signs >= 0).all()
        assert abs(np.linalg.svd(weights, compute_uv=False) - 1).mean() < 0.15
    assert (weights != 0).all()  # exponentiated steps could never move a zero


def test_only_networks_under_dales_law_rectify_in_the_paper_preset():
    networks = {
        arm.key: make_network(arm, TASKS["digits"], PRESETS["paper"], 0, 0)
        for arm in ARMS
        if arm.init == "paper"
    }
    rectified = {key for key, network in networks.items() if network.rectify}
    assert rectified == {f"{n}/paper" for n in ("projection", "abs", "square", "exponentiated")}
    for arm in ARMS:
        assert make_network(arm, TASKS["digits"], PRESETS["fair"], 0, 0).rectify


def test_one_thread_gives_the_number_of_threads_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError), one_thread():
            assert torch.get_num_threads() == 1
            1 / 0  # noqa: B018
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


# ------------------------------------------------------------------ constraints of the study


def test_rectified_is_sign_times_positive_part_as_published():
    signs = torch.tensor([1.0, -1.0])
    space = Rectified().bind(signs, torch.ones(2, 2, dtype=torch.bool))
    start = torch.tensor([[0.3, -0.2], [0.1, -0.4]])
    assert space.encode(start) is start  # no projection on entry
    proposed = torch.tensor([[0.3, -0.2], [-0.1, 0.05]])
    space.retract(proposed, None)
    torch.testing.assert_close(proposed, torch.tensor([[0.3, 0.0], [0.0, -0.05]]))


def test_rectified_erases_inhibition_in_the_first_step():
    """The published code: mean |W_I| falls from 0.0447 to below 0.001 after one step."""
    preset = replace(TINY, n_units=128, budgets={"flip-flop": Budget(20, 10, 1, 20, 1)})
    network = make_network(BY_KEY["rectified/paper"], TASKS["flip-flop"], preset, 0, 0)
    data = TASKS["flip-flop"].make_data(preset.budgets["flip-flop"], 0, None)
    inhibitory = column_signs(128) < 0
    assert abs(network.recurrent_init[:, inhibitory]).mean() == pytest.approx(0.0442, abs=2e-3)
    with pytest.warns(ConditioningWarning):
        network.fit(data.X_train, data.y_train)
    assert abs(network.W_rec_[:, inhibitory]).mean() < 0.001
    assert abs(network.W_rec_[:, ~inhibitory]).mean() > 0.04


def test_longer_steps_multiply_the_exponent():
    signs, mask = torch.tensor([1.0, -1.0]), torch.ones(2, 2, dtype=torch.bool)
    space = LongerSteps(Dale("exponentiated"), 10.0).bind(signs, mask)
    before = torch.tensor([[0.5, -0.5], [0.2, -0.1]])
    step = torch.tensor([[0.01, 0.02], [-0.03, 0.04]])
    proposed = before - step
    space.retract(proposed, before)
    torch.testing.assert_close(proposed, before * torch.exp(-10 * step * torch.sign(before)))


def test_longer_steps_are_those_of_the_law_in_its_circuit():
    mask = torch.ones(4, 4, dtype=torch.bool)
    law = LongerSteps(Dale("exponentiated"), 10.0)
    assert law.in_circuit(mask) == LongerSteps(Dale("exponentiated", 0.25), 10.0)
    assert LongerSteps(Rectified(), 2.0).in_circuit(mask) == LongerSteps(Rectified(), 2.0)


def test_longer_steps_pass_on_what_becomes_of_the_momentum():
    signs, mask = torch.tensor([1.0, -1.0]), torch.ones(2, 2, dtype=torch.bool)
    before = torch.tensor([[0.5, -0.5], [0.2, -0.1]])
    ends = []
    for space, length in (
        (LongerSteps(Dale("projection"), 10.0).bind(signs, mask), 0.03),
        (Dale("projection").bind(signs, mask), 0.3),
    ):
        proposed = before - length * signs
        ends.append((proposed, space.retract(proposed, before)))
    torch.testing.assert_close(ends[0], ends[1])


# ------------------------------------------------------------------ tasks


def test_waves_of_the_test_were_never_seen_unless_as_published():
    from sk_biornn.datasets import make_wave_reconstruction

    def periods(X: np.ndarray) -> set[bytes]:
        """Spectrum lines of each chunk: they identify the frequencies of a wave."""
        size = abs(np.fft.rfft(X, axis=1)) > 20
        return {lines.tobytes() for lines in size}

    options = {**WAVES, "n_steps": 500, "n_waves": 8, "n_test_waves": 8}
    held_out = TASKS["wave"].make_data(Budget(16, 16, 1, 1, 1, options), 4, None)
    assert held_out.X_train.shape == held_out.X_test.shape == (16, 500, 2)
    assert len(periods(held_out.X_train)) > 4
    published = {**WAVES, "n_steps": 500, "n_waves": 1, "n_test_waves": 0, "second_terms": False}
    same = TASKS["wave"].make_data(Budget(16, 16, 1, 1, 1, published), 4, None)
    assert periods(same.X_train) == periods(same.X_test)
    assert make_wave_reconstruction(2, n_steps=500)[0].shape == (2, 500, 2)


def test_seeds_of_waves_give_waves_no_two_of_which_are_alike():
    from sk_biornn._random import make_rng
    from sk_biornn.datasets.tasks._wave_reconstruction import draw_waves
    from sk_biornn.studies.dale.tasks import _seeds_of_different_waves

    seeds = _seeds_of_different_waves(300, np.random.default_rng(0))
    waves = [draw_waves(make_rng(seed)) for seed in seeds]
    assert len({(*wave.multipliers.tolist(), wave.phase) for wave in waves}) == len(seeds) == 300


def test_digits_are_split_without_overlap_and_with_equal_classes():
    data = TASKS["digits"].make_data(PRESETS["fair"].budgets["digits"], 0, None)
    rows = [trial.tobytes() for trial in (*data.X_train, *data.X_test)]
    assert len(rows) == 1797
    assert len(set(rows)) >= 1797 - 1  # the data set holds next to no duplicates
    share = np.bincount(data.y_train) / 1200 - np.bincount(data.y_test) / 597
    assert abs(share).max() < 0.002


def test_wave_readouts_are_split_by_cell_type():
    signs = column_signs(10)
    mask = TASKS["wave"].settings(signs)["readout_mask"]
    np.testing.assert_array_equal(mask[0], signs > 0)
    np.testing.assert_array_equal(mask[1], signs < 0)


def test_baselines_are_what_needs_no_network():
    flip_flop = TASKS["flip-flop"]
    data = flip_flop.make_data(TINY.budgets["flip-flop"], 0, None)
    # |y - x| is 1 wherever a pulse is to be remembered, and 0 elsewhere.
    expected = np.mean((data.X_test == 0) & (data.y_test != 0))
    assert flip_flop.score(data.y_test, flip_flop.guess(data)) == pytest.approx(expected)
    digits = TASKS["digits"].make_data(TINY.budgets["digits"], 0, None)
    guess = TASKS["digits"].guess(digits)
    commonest = np.bincount(digits.y_train).max()
    assert np.sum(digits.y_train == guess[0]) == commonest


WITH_MNIST = replace(TINY, budgets={**TINY.budgets, "mnist": Budget(20, 40, 1, 10, 1)})


def write_mnist(folder: Path, seed: int) -> None:
    """Noise in the files of MNIST."""
    from sk_biornn.datasets.tasks._mnist import FILES

    rng = np.random.default_rng(seed)
    for images, labels in FILES["all"]:
        write_idx(folder / images, rng.integers(0, 256, (40, 28, 28), dtype=np.uint8))
        write_idx(folder / labels, (np.arange(40) % 10).astype(np.uint8))


def test_other_digits_are_not_mixed_in(tmp_path, no_figure):
    options = {"tasks": ["mnist"], "arms": ["abs/ours"], "simulations": 1, "output": tmp_path / "o"}
    write_mnist(tmp_path, seed=0)
    run_dale_study(WITH_MNIST, data_home=tmp_path, **options)
    for path in list(tmp_path.glob("*-ubyte")):  # the same digits, packed and elsewhere
        (tmp_path / "mnist").mkdir(exist_ok=True)
        (tmp_path / "mnist" / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    run_dale_study(WITH_MNIST, data_home=tmp_path, **options, resume=True)
    write_mnist(tmp_path, seed=1)
    with pytest.raises(ValueError, match="other settings: input_data"):
        run_dale_study(WITH_MNIST, data_home=tmp_path, **options, resume=True)


def test_mnist_takes_part_when_its_files_are_in_the_folder(tmp_path):
    assert not mnist_is_present(tmp_path)
    write_mnist(tmp_path, seed=0)
    preset = WITH_MNIST
    plan = DALE_STUDY.plan(preset, arms=["abs/ours"], simulations=1, data_home=tmp_path)
    assert tuple(plan.described["tasks"]) == ("flip-flop", "wave", "digits", "mnist")
    options = {"tasks": ["mnist"], "arms": ["abs/ours"], "simulations": 1}
    results = run_dale_study(preset, data_home=tmp_path, **options)
    assert results["error"].isna().all() and results["baseline_score"].tolist() == [10.0]


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(header + array.tobytes())


# ------------------------------------------------------------------ the whole study


@pytest.fixture
def no_figure(monkeypatch):
    """Leave the slowest part out where it is not what is tested."""
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    """All arms on all tasks, tiny."""
    output = tmp_path_factory.mktemp("study") / "deep" / "folder"
    return output, run_dale_study(TINY, output=output)


def test_study_writes_its_tables_settings_and_figure(finished):
    output, results = finished
    names = {path.name for path in output.iterdir()}
    assert names == {
        *("results.csv", "curves.csv", "summary.csv", "times.csv"),
        *("settings.json", "versions.json", "figure.png", "figure.pdf", "runs"),
    }
    assert len(results) == 3 * len(ARMS) * 2 == len(list((output / "runs").iterdir()))
    stored = read_csv(output / "results.csv")
    assert stored.pop("error").isna().all()
    pd.testing.assert_frame_equal(stored, results.drop(columns="error"), check_dtype=False)
    assert results["error"].isna().all() and np.isfinite(results["score"]).all()
    curves = read_csv(output / "curves.csv")
    last = curves[curves["epoch"] == 2].reset_index(drop=True)
    assert last["score"].tolist() == results["score"].tolist()
    settings = json.loads((output / "settings.json").read_text())
    assert settings["tasks"]["wave"]["data"] == WAVES
    assert len(settings["arms"]) == len(ARMS)
    assert json.loads((output / "versions.json").read_text())["sk_biornn"] == sk_biornn.__version__


def test_summary_has_every_arm_and_the_baseline(finished):
    output, results = finished
    summary = pd.read_csv(output / "summary.csv")
    assert len(summary) == 3 * (len(ARMS) + 1)
    row = summary.query("task == 'wave' and arm == 'square' and init == 'paper'").iloc[0]
    scores = results.query("task == 'wave' and arm == 'square' and init == 'paper'")["score"]
    assert row["mean"] == pytest.approx(scores.mean()) and row["n"] == 2


def test_a_run_does_not_depend_on_what_else_is_run(finished):
    _, results = finished
    alone = run_dale_study(TINY, tasks=["wave"], arms=["abs/paper"])
    same = results.query("task == 'wave' and arm == 'abs' and init == 'paper'")
    pd.testing.assert_frame_equal(alone, same.reset_index(drop=True))


def test_seeds_and_simulations_differ(finished):
    _, results = finished
    other = run_dale_study(TINY, tasks=["wave"], arms=["abs/paper"], random_state=1)
    same = results.query("task == 'wave' and arm == 'abs' and init == 'paper'")
    assert len({*other["score"], *same["score"]}) == 4


def test_more_simulations_begin_with_the_same_ones(finished):
    _, results = finished
    more = run_dale_study(TINY, tasks=["wave"], arms=["abs/paper"], simulations=3)
    same = results.query("task == 'wave' and arm == 'abs' and init == 'paper'")
    assert len(more) == 3
    pd.testing.assert_frame_equal(more[:2], same.reset_index(drop=True))


def test_one_job_and_two_jobs_write_the_same_bytes(tmp_path):
    run_dale_study(TINY, output=tmp_path / "one", n_jobs=1, **FEW)
    run_dale_study(TINY, output=tmp_path / "two", n_jobs=2, **FEW)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_global_generators_are_left_alone(tmp_path):
    before, before_torch = np.random.get_state()[1].copy(), torch.random.get_rng_state()
    run_dale_study(TINY, simulations=1, arms=["projection/ours"])
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert torch.equal(torch.random.get_rng_state(), before_torch)


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from test_study_dale import FEW, TINY
from sk_biornn import _atomic
from sk_biornn.studies import run_dale_study

replace, count = os.replace, 0
def replace_or_die(source, target):
    global count
    count += str(target).endswith(".json") and "runs" in str(target)
    if count == 4:
        os.kill(os.getpid(), signal.SIGKILL)  # written, not yet renamed
    replace(source, target)
os.replace = replace_or_die
run_dale_study(TINY, output={output!r}, **FEW)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_killed_study_resumes_to_the_same_bytes(tmp_path):
    code = KILLED.format(tests=str(Path(__file__).parent), output=str(tmp_path / "killed"))
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    kept = sorted((tmp_path / "killed" / "runs").glob("*.json"))
    assert len(kept) == 3 and not (tmp_path / "killed" / "results.csv").exists()
    stamps = [path.stat().st_mtime_ns for path in kept]
    run_dale_study(TINY, output=tmp_path / "killed", resume=True, **FEW)
    assert [path.stat().st_mtime_ns for path in kept] == stamps  # not computed again
    run_dale_study(TINY, output=tmp_path / "whole", **FEW)
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")


def test_another_study_in_the_folder_is_not_mixed_up_and_not_lost(tmp_path, no_figure):
    options = {"output": tmp_path, "arms": ["abs/ours"], "tasks": ["digits"], "simulations": 1}
    run_dale_study(TINY, **options)
    before = files_of(tmp_path)
    for resume in (True, False):
        with pytest.raises(ValueError, match=r"holds a study with other settings: random_state"):
            run_dale_study(TINY, **options, random_state=1, resume=resume)
    assert files_of(tmp_path) == before
    run_dale_study(TINY, **options, overwrite=True)  # the same study again: the same files
    assert files_of(tmp_path) == before
    run_dale_study(TINY, **options, random_state=1, overwrite=True)
    assert json.loads((tmp_path / "settings.json").read_text())["random_state"] == 1
    assert set(files_of(tmp_path)) == set(before)


def test_other_versions_are_not_resumed(tmp_path, no_figure):
    options = {"output": tmp_path, "arms": ["abs/ours"], "tasks": ["digits"], "simulations": 1}
    run_dale_study(TINY, **options)
    versions = json.loads((tmp_path / "versions.json").read_text())
    _atomic.write_text(tmp_path / "versions.json", json.dumps({**versions, "torch": "0.1"}))
    with pytest.raises(ValueError, match=r'other versions: torch is "0.1" there'):
        run_dale_study(TINY, **options, resume=True)


def test_a_damaged_record_is_named(tmp_path, no_figure):
    options = {"output": tmp_path, "arms": ["abs/ours"], "tasks": ["digits"], "simulations": 1}
    run_dale_study(TINY, **options)
    (record,) = (tmp_path / "runs").iterdir()
    for text, complaint in (("{", "not valid JSON"), ("{}", "not a record of a run")):
        record.write_text(text)
        with pytest.raises(ValueError, match=complaint):
            run_dale_study(TINY, **options, resume=True)


def test_diverging_networks_are_recorded_and_stop_nobody(tmp_path):
    wild = replace(TINY, learning_rate=1e38)
    results = run_dale_study(wild, output=tmp_path, **FEW)
    assert results["error"].str.startswith("DivergenceError").all()
    assert results["score"].isna().all() and results["baseline_score"].notna().all()
    summary = pd.read_csv(tmp_path / "summary.csv")
    assert summary.query("arm == 'projection'")[["n", "n_failed"]].to_numpy().tolist() == [[0, 2]]


def test_a_failed_run_is_tried_again_and_leaves_the_others_alone(tmp_path, monkeypatch, no_figure):
    broken = replace(BY_KEY["abs/ours"], recurrent_init="no such weights")
    arms = [broken if arm.key == "abs/ours" else arm for arm in ARMS]
    options = {"output": tmp_path, "tasks": ["digits"], "arms": ["abs"], "simulations": 1}
    with monkeypatch.context() as patch:
        patch.setattr(dale_study, "ARMS", tuple(arms))
        results = run_dale_study(TINY, **options)
    errors = results.set_index("init")["error"]
    assert "no such weights" in errors["ours"] and errors.isna()["paper"]
    with pytest.raises(ValueError, match="other settings: arms"):
        run_dale_study(TINY, **options, resume=True)
    plan = DALE_STUDY.plan(TINY, tasks=["digits"], arms=["abs"], simulations=1)
    settings = {"study": "dale", **plan.described}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=r"digits_abs_ours_000.json is of a study with other sett"):
        run_dale_study(TINY, **options, resume=True)
    for path in (tmp_path / "runs").iterdir():
        record = {**json.loads(path.read_text()), "settings": settings}
        path.write_text(json.dumps(sealed(record)))
    again = run_dale_study(TINY, **options, resume=True)
    assert again["error"].isna().all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "huge"}, r"preset must be one of \['quick', 'paper', 'fair'\], got 'huge'"),
        ({"preset": 3}, "preset must be a name or a Preset, got int"),
        ({"tasks": ["maze"]}, r"tasks must be one of \['flip-flop', .*\], got 'maze'"),
        ({"tasks": "digits"}, "tasks must be a sequence of names or None, got 'digits'"),
        ({"tasks": []}, "tasks must be a sequence of names"),
        ({"arms": ["abs/theirs"]}, r"arms must be one of .*, got 'abs/theirs'"),
        ({"simulations": 0}, "simulations must be an integer of at least 1, got 0"),
        ({"simulations": 2.5}, "simulations must be an integer of at least 1, got 2.5"),
        ({"random_state": -1}, "random_state must be an integer of at least 0, got -1"),
        ({"n_jobs": 0}, "n_jobs must be a positive int"),
        ({"n_jobs": "two"}, "n_jobs must be an integer, got 'two'"),
    ],
)
def test_bad_arguments_get_one_sentence(arguments, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        run_dale_study(**arguments)


def test_mnist_that_is_asked_for_must_be_there(tmp_path):
    with pytest.raises(ValueError, match="four idx files are not in the data home"):
        run_dale_study("quick", tasks=["mnist"], data_home=tmp_path)


def test_an_output_that_cannot_be_written_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="output must be a folder that can be written"):
        run_dale_study(TINY, output=file / "below")


# ------------------------------------------------------------------ statistics


def table(metric: str, **scores: list[float]) -> pd.DataFrame:
    rows = [
        {"arm": arm.split("_")[0], "init": arm.split("_")[1], "simulation": i, "score": score}
        for arm, values in scores.items()
        for i, score in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(task="task", metric=metric, baseline_score=10.0)


A = [90.1, 91.4, 92.3, 90.7, 93.0]
B = [91.0, 92.9, 92.8, 91.3, 94.9]


def test_interval_is_that_of_scipy():
    found = interval(np.array(A))
    low, high = stats.t.interval(0.95, 4, loc=np.mean(A), scale=stats.sem(A))  # of no scale
    assert found["low"] == pytest.approx(low) and found["high"] == pytest.approx(high)
    assert found["sd"] == pytest.approx(np.std(A, ddof=1)) and found["n"] == 5
    assert np.isnan(interval(np.array([1.0]))["low"]) and interval(np.array([]))["n"] == 0


def test_paired_difference_is_that_of_scipy():
    summary = summarise(table("accuracy", unconstrained_ours=A, abs_ours=B)).set_index("arm")
    row, expected = summary.loc["abs"], stats.ttest_rel(B, A).confidence_interval(0.95)
    assert row["vs_ours_difference"] == pytest.approx(np.mean(B) - np.mean(A))
    assert row["vs_ours_low"] == pytest.approx(expected.low)
    assert row["vs_ours_high"] == pytest.approx(expected.high)
    assert row["vs_ours_verdict"] == row["vs_same_verdict"] == "above"
    assert np.isnan(row["vs_ours_ratio"])
    assert summary.loc["unconstrained", "vs_ours_verdict"] == ""
    assert summary.loc["baseline", "vs_ours_verdict"] == "below"


def test_of_errors_the_smaller_is_above_and_ratios_are_geometric():
    better, worse = [0.010, 0.030, 0.021, 0.016, 0.025], [0.021, 0.059, 0.040, 0.034, 0.048]
    frame = table("mse", unconstrained_ours=better, unconstrained_paper=worse, abs_paper=better)
    summary = summarise(frame.assign(baseline_score=1.0)).set_index(["arm", "init"])
    row = summary.loc["abs", "paper"]
    assert row["vs_same_difference"] < 0 and row["vs_ours_difference"] == 0
    assert row["vs_same_ratio"] == pytest.approx(stats.gmean(np.divide(better, worse)))
    logs = stats.ttest_rel(np.log(better), np.log(worse)).confidence_interval(0.95)
    assert row["vs_same_ratio_low"] == pytest.approx(np.exp(logs.low))
    assert row["vs_same_ratio_high"] == pytest.approx(np.exp(logs.high))
    assert row["vs_ours_verdict"] == "within"


@pytest.mark.parametrize(
    ("scores", "metric"),
    [([87.0, 94.0, 99.9, 100.0, 60.0], "accuracy"), ([0.001, 0.3, 0.002, 0.001, 0.004], "mse")],
)
def test_an_interval_stays_on_its_scale(scores, metric):
    low, high = scale_of(metric)
    found = interval(np.array(scores), scale=scale_of(metric))
    assert low < found["low"] < np.mean(scores) < found["high"] < high
    beyond = interval(np.array(scores))
    assert beyond["low"] < low or beyond["high"] > high


def test_differences_of_bounded_scores_are_bounded():
    found = paired_interval(np.array([-99.0, 99.0, 99.0, 99.0, 99.0]), scale=PER_CENT)
    assert found["low"] == pytest.approx(59.4 - stats.t.ppf(0.975, 4) * 39.6)
    assert found["high"] == 100.0
    same = paired_interval(np.zeros(5), scale=PER_CENT)
    assert (same["low"], same["high"]) == (0.0, 0.0)


@pytest.mark.parametrize("n", [2, 4])
def test_few_runs_have_no_interval_and_no_verdict(n):
    frame = table("accuracy", unconstrained_ours=A[:n], abs_ours=B[:n])
    summary = summarise(frame).set_index("arm")
    assert summary[["ci_low", "ci_high", "vs_ours_low"]].isna().all(axis=None)
    assert (summary["vs_ours_verdict"] == "").all()
    assert summary.loc["abs", "vs_ours_difference"] == pytest.approx(
        np.mean(B[:n]) - np.mean(A[:n])
    )


def test_tables_say_nothing_about_equal_differences():
    scores = [80.0, 99.0, 90.0, 91.0, 95.0]
    frame = table("accuracy", unconstrained_ours=scores, square_ours=[s - 0.6 for s in scores])
    row = summarise(frame).set_index("arm").loc["square"]
    assert row["vs_ours_difference"] == pytest.approx(-0.6)
    assert np.isnan(row["vs_ours_low"]) and np.isnan(row["vs_ours_high"])
    assert row["vs_ours_verdict"] == ""


@pytest.mark.parametrize(
    ("low", "high", "accuracy", "mse"),
    [
        (0.1, 0.2, "above", "below"),
        (-0.2, -0.1, "below", "above"),
        (-0.1, 0.1, "within", "within"),
        (0.0, 0.1, "within", "within"),
        (np.nan, np.nan, "", ""),
    ],
)
def test_verdict_follows_the_direction_of_the_metric(low, high, accuracy, mse):
    assert verdict(low, high, "accuracy") == accuracy
    assert verdict(low, high, "mse") == mse


def test_pairs_with_a_failed_run_are_left_out():
    six = [*A, 91.9]
    failed = [np.nan, *B[1:], 92.0]
    summary = summarise(table("accuracy", unconstrained_ours=six, abs_ours=failed)).set_index("arm")
    row, expected = summary.loc["abs"], stats.ttest_rel(failed[1:], six[1:]).confidence_interval()
    assert (row["n"], row["n_failed"]) == (5, 1)
    assert row["vs_ours_low"] == pytest.approx(expected.low)


def test_without_the_reference_there_is_no_comparison():
    summary = summarise(table("accuracy", abs_ours=A))
    assert summary["vs_ours_verdict"].tolist() == ["", ""]
    assert summary["vs_ours_difference"].isna().all()


# ------------------------------------------------------------------ files


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    _atomic.write_text(path, "first\n")

    def break_down(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", break_down)
        with pytest.raises(OSError, match="no space left"):
            _atomic.write_text(path, "second\n")
    assert path.read_bytes() == b"first\n" and [*tmp_path.iterdir()] == [path]


def test_a_file_has_the_mode_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        _atomic.write_text(tmp_path / "a", "first\n")
        _atomic.create_text(tmp_path / "b", "first\n")
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o640, 0o640]


def test_a_folder_with_other_files_is_no_study(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    StudyFolder(tmp_path, DALE_STUDY.outputs, ()).open(
        {"study": "dale"}, resume=False, overwrite=True
    )
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_arms_are_told_apart_by_name_and_weights():
    assert len(BY_KEY) == len(ARMS) == 11
    assert [arm.init for arm in ARMS if arm.name == "rectified"] == ["paper"]
    assert isinstance(BY_KEY["rectified/paper"].dale, Rectified)
    assert DaleArm("a", "ours", None, "orthogonal").describe()["dale"] is None


def test_presets_are_what_they_say():
    paper, fair = PRESETS["paper"], PRESETS["fair"]
    assert (paper.n_units, paper.n_simulations, paper.rectify_all) == (128, 5, False)
    assert paper.inits == ("paper",) and paper.max_grad_norm is None
    flip_flop, wave, mnist = (paper.budgets[name] for name in ("flip-flop", "wave", "mnist"))
    assert (flip_flop.n_train, flip_flop.n_test) == (6000, 1000)
    assert (flip_flop.max_iter, flip_flop.batch_size) == (100, 200)
    assert (wave.n_train, wave.n_test, wave.max_iter, wave.batch_size) == (1000, 1000, 25, 100)
    assert wave.data["second_terms"] is False and wave.data["n_test_waves"] == 0
    assert (mnist.max_iter, mnist.batch_size) == (50, 200)
    assert (fair.n_simulations, fair.rectify_all) == (10, True)
    assert fair.budgets["wave"].data["n_test_waves"] > 0


def test_networks_of_the_paper_train_as_published():
    from sk_biornn.biology import Dale

    arm = next(arm for arm in ARMS if arm.key == "projection/paper")
    published = make_network(arm, TASKS["flip-flop"], PRESETS["paper"], 0, 0)
    assert published.recurrent_bias == "double" and published.dale == Dale(momentum="kept")
    ours = make_network(arm, TASKS["flip-flop"], PRESETS["fair"], 0, 0)
    assert ours.recurrent_bias is True and ours.dale == "projection"
