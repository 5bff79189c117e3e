"""The study of pruning: one network for all methods, masks that hold, tables and figures."""

from __future__ import annotations

import copy
import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn._mean_interval import mean_interval
from sk_biornn.cli import main
from sk_biornn.core import alone
from sk_biornn.inspection import spanning_tree_overlap
from sk_biornn.studies import (
    PRUNING_PRESETS,
    PRUNING_STUDY,
    Budget,
    Plan,
    Preset,
    PruningPreset,
    report_study,
    run_pruning_study,
    seed_of,
)
from sk_biornn.studies._repeatable import one_thread
from sk_biornn.studies._study import one_run
from sk_biornn.studies._told import as_text
from sk_biornn.studies.dale.job import make_network
from sk_biornn.studies.dale.tasks import TASKS
from sk_biornn.studies.pruning.figures import COLOURS, draw_scores
from sk_biornn.studies.pruning.job import Run, blank, job, pruner_of, train_on
from sk_biornn.studies.pruning.report import (
    compare_methods,
    parts_of_tables,
    summarise_pruning,
)
from sk_biornn.studies.pruning.settings import DENSITIES, LEGACY, LEGACY_RANDOM, PUBLISHED

TRAINING = Preset(
    "tiny",
    10,
    2,
    {
        "digits": Budget(60, 40, 2, 30, 1),
        "wave": Budget(
            12, 6, 2, 6, 1, {"n_steps": 10, "second_terms": True, "n_waves": 3, "n_test_waves": 2}
        ),
    },
)
TINY = PruningPreset(
    name="quick",
    training=TRAINING,
    init="ours",
    methods=("top-prob", "magnitude", "random"),
    densities=(0.0, 0.1, 0.5, 1.0),
    finetuned=(0.1, 1.0),
    finetune_iter=2,
)


@pytest.fixture
def no_figure(monkeypatch):
    """Leave the slowest part out where it is not what is tested."""
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)


def run_one(run, preset):
    """The record of one run, without a study around it."""
    return one_run(blank, job, run, Plan(settings=preset, runs=(run,), described={}), None)


def dense_network(simulation=0):
    """The network that the run prunes, and its data."""
    task = TASKS["digits"]
    seeds = [seed_of(0, "digits", simulation, p) for p in ("data", "recurrent weights", "training")]
    data = task.make_data(TRAINING.budgets["digits"], seeds[0], None)
    with one_thread():
        dense = make_network(TINY.arm, task, TRAINING, *seeds[1:])
        return dense.fit(data.X_train, data.y_train), data


def test_all_methods_prune_the_same_network_as_they_say():
    record = run_one(Run("digits", 0), TINY)
    assert record["error"] is None
    dense, data = dense_network()
    assert_allclose(record["dense"], 100 * dense.score(data.X_test, data.y_test))
    everywhere = np.ones_like(dense.W_rec_, dtype=bool)
    on = alone(train_on(copy.deepcopy(dense), everywhere, TINY.finetune_iter, data))
    control = 100 * on.score(data.X_test, data.y_test)
    assert [point[:2] for point in record["points"]] == [
        [method, density] for method in TINY.methods for density in TINY.densities
    ]
    for method, density, achieved, overlap, one_shot, finetuned in record["points"]:
        seed = seed_of(0, "digits", 0, "pruning", method, density)
        kept, expected = pruner_of(method).prune(dense.W_rec_, density, random_state=seed)
        assert achieved == expected
        assert overlap == spanning_tree_overlap(dense.W_rec_, kept)
        assert (finetuned is not None) == (density in (0.1, 1.0))
        if density == 1.0:
            assert one_shot == record["dense"] and overlap == 1.0
            assert finetuned == control
        if density == 0.0:
            assert achieved == overlap == 0.0


def test_published_methods_keep_zeros_which_do_not_count_and_may_grow():
    dense, data = dense_network()
    zeros = dense.W_rec_ == 0
    assert zeros.mean() > 0.05
    published = dataclasses.replace(TINY, methods=(LEGACY, LEGACY_RANDOM), densities=(0.7, 1.0))
    for method, density, achieved, *_ in run_one(Run("digits", 0), published)["points"]:
        seed = seed_of(0, "digits", 0, "pruning", method, density)
        kept, share = pruner_of(method).prune(dense.W_rec_, density, random_state=seed)
        assert (kept & zeros).any()
        assert achieved == (kept & ~zeros).mean() < share
        if density == 0.7:
            network = copy.deepcopy(dense)
            network.W_rec_ = np.where(kept, dense.W_rec_, 0).astype(dense.W_rec_.dtype)
            network = alone(train_on(network, kept, 3, data))
            assert (network.W_rec_[kept & zeros] != 0).any()
            assert (network.W_rec_[~kept] == 0).all()


def test_training_on_stays_under_the_mask_and_begins_afresh():
    dense, data = dense_network()
    kept, _ = pruner_of("magnitude").prune(dense.W_rec_, 0.2)
    start = dense.W_rec_.copy()
    network = alone(train_on(dense, kept, 3, data))
    assert (network.W_rec_[~kept] == 0).all()
    assert (network.W_rec_ * network.signs_ >= 0).all()
    assert not np.array_equal(network.W_rec_[kept], start[kept])
    (state,) = {int(moments["step"]) for moments in network._state.moments.values()}
    assert state == 3 * 2  # batches of these three epochs alone: the optimiser was a new one


def test_study_is_repeatable_resumable_and_paired(tmp_path):
    one = run_pruning_study(TINY, tasks=["digits"], output=tmp_path / "1")
    assert (tmp_path / "1" / "figure.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "1" / "runs" / "digits_001.json").unlink()
    again = run_pruning_study(TINY, tasks=["digits"], output=tmp_path / "1", resume=True, n_jobs=2)
    pd.testing.assert_frame_equal(one, again)
    assert (one.groupby("simulation")["dense"].nunique() == 1).all()
    with pytest.raises(ValueError, match="other settings: random_state"):
        run_pruning_study(TINY, tasks=["digits"], output=tmp_path / "1", random_state=1)


def test_summary_and_differences_against_scipy():
    rng = np.random.default_rng(0)
    rows = [
        {
            "task": "flip-flop",
            "method": method,
            "density": density,
            "simulation": simulation,
            "metric": "mse",
            "dense": 0.1,
            "achieved_density": density,
            "tree_overlap": density,
            "one_shot": rng.random(),
            "finetuned": np.nan if density == 0.5431 else rng.random(),
        }
        for simulation in range(5)
        for method in ("top-prob-legacy", "random-legacy", "top-prob", "random")
        for density in (0.0862, 0.5431, 1.0)
    ]
    results = pd.DataFrame(rows)
    summary = summarise_pruning(results).set_index(["method", "density", "when"])
    values = results.query("method == 'random' and density == 0.5431")["one_shot"]
    row = summary.loc[("random", 0.5431, "one_shot")]
    _, low, high = mean_interval(values.to_numpy(), scale=(0, np.inf))  # on the log scale
    assert_allclose(row[["mean", "ci_low", "ci_high"]].astype(float), [values.mean(), low, high])
    assert row["median"] == sorted(values)[2] and row["n"] == 5
    # What was published is of the published formulas alone; the numbers of the reference.
    assert summary.loc[("random-legacy", 0.5431, "one_shot"), "published"] == 0.494
    assert summary.loc[("top-prob-legacy", 0.0862, "one_shot"), "published"] == 0.703
    assert summary.loc[["top-prob", "random"], "published"].isna().all()
    assert ("random", 0.5431, "finetuned") not in summary.index
    compared = compare_methods(results).set_index(["when", "density", "method", "control"])
    ours = results.pivot(index="simulation", columns=["method", "density"], values="one_shot")
    test = scipy.stats.ttest_rel(ours["top-prob", 0.0862], ours["random", 0.0862])
    row = compared.loc[("one_shot", 0.0862, "top-prob", "random")]
    assert_allclose([row["p"], row["low"]], [test.pvalue, test.confidence_interval(0.95).low])
    assert row["p_holm"] >= row["p"]
    test = scipy.stats.ttest_rel(ours[LEGACY, 0.0862], ours[LEGACY_RANDOM, 0.0862])
    row = compared.loc[("one_shot", 0.0862, LEGACY, LEGACY_RANDOM)]
    assert_allclose([row["p"], row["low"]], [test.pvalue, test.confidence_interval(0.95).low])
    later = results.pivot(index="simulation", columns=["method", "density"], values="finetuned")
    test = scipy.stats.ttest_rel(later["random", 0.0862], later["random", 1.0])
    row = compared.loc[("finetuned", 0.0862, "random", "dense")]
    assert_allclose([row["p"], row["low"]], [test.pvalue, test.confidence_interval(0.95).low])
    assert row["p_holm"] == row["p"]  # the only density
    assert ("finetuned", 0.5431, "random", "dense") not in compared.index
    assert not compared.index.isin([1.0], level="density").any()


def fake_results(n_simulations):
    """A study of the legacy formula, which keeps more than it is asked to, and of chance."""
    rng = np.random.default_rng(0)
    keys = [
        (simulation, method, density)
        for simulation in range(n_simulations)
        for method in ("top-prob-legacy", "random")
        for density in (0.0862, 0.5431, 1.0)
    ]
    frame = pd.DataFrame(keys, columns=["simulation", "method", "density"])
    more = np.where(frame["method"] == "random", 1.0, 1.1)
    kept = np.minimum(0.9, frame["density"] * more + 0.01 * rng.random(len(keys)))
    one_shot, finetuned = rng.uniform(0.01, 1, (2, len(keys)))
    return frame.assign(
        task="wave",
        metric="mse",
        dense=0.01,
        achieved_density=kept,
        tree_overlap=kept,
        one_shot=one_shot,
        finetuned=np.where(frame["density"] == 0.0862, finetuned / 1000, np.nan),
    )


def test_runs_that_break_are_counted_and_not_only_averaged():
    """Of ten networks four have an error above .15, and one just that."""
    errors = [0.001] * 5 + [0.15, 0.16, 0.5, 0.5, 0.6]
    results = fake_results(10).query("method == 'random' and density == 0.5431")
    results = results.assign(one_shot=errors)
    summary = summarise_pruning(results)
    (row,) = summary.to_dict("records")
    assert (row["n"], row["n_above"], row["threshold"]) == (10, 4, 0.15)
    assert_allclose([row["mean"], row["median"]], [0.1915, (0.001 + 0.15) / 2])
    text = as_text(parts_of_tables(summary, compare_methods(results)))
    assert "mean (median; runs above 0.15)" in text and "0.192 (0.0755; 4 of 10)" in text


def test_accuracies_have_no_threshold():
    results = fake_results(10).query("method == 'random' and density == 0.5431")
    results = results.assign(metric="accuracy", one_shot=np.arange(10.0))
    summary = summarise_pruning(results)
    assert summary[["threshold", "n_above"]].isna().all(axis=None)
    text = as_text(parts_of_tables(summary, compare_methods(results)))
    assert "mean (median; runs)" in text and "4.5 (4.5; 10)" in text


def test_figure_shows_the_density_reached_and_the_intervals():
    from matplotlib.figure import Figure

    results = fake_results(6)
    summary = summarise_pruning(results)
    figure = Figure()
    draw_scores(figure, summary, results)
    reached = results.groupby(["method", "density"])["achieved_density"].mean()
    for ax, when in zip(figure.axes, ("one_shot", "finetuned"), strict=True):
        curves = {line.get_color(): line for line in ax.lines if line.get_linestyle() == "-"}
        bars = {to_hex(bars.get_colors()[0]): bars for bars in ax.collections}
        for method in ("top-prob-legacy", "random"):
            rows = summary[(summary["when"] == when) & (summary["method"] == method)]
            curve = curves[COLOURS[method]]
            assert_allclose(curve.get_xdata(), reached[method][rows["density"]])
            assert_allclose(curve.get_ydata(), rows["mean"])
            segments = np.array(bars[to_hex(COLOURS[method])].get_segments())
            bottom, top = ax.get_ylim()
            assert_allclose(segments[:, 0, 1], rows["ci_low"].clip(lower=bottom))
            assert_allclose(segments[:, 1, 1], rows["ci_high"].clip(upper=top))
            assert_allclose(segments[:, 0, 0], curve.get_xdata(), atol=0.01)
        scores = results[when].dropna()  # no network is outside, of either panel
        assert bottom < scores.min() and scores.max() < top


def test_old_folder_of_one_network_each_is_drawn_again(tmp_path):
    fake_results(1).assign(error=np.nan).to_csv(tmp_path / "results.csv", index=False)
    text = report_study(PRUNING_STUDY, tmp_path)
    assert "  density  top-prob-legacy" in text and "\n  0.5431 " in text
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_published_numbers_are_fifteen_per_curve():
    assert all(len(values) == len(DENSITIES) == 15 for values in PUBLISHED.values())
    assert {method for _, method in PUBLISHED} == {LEGACY, LEGACY_RANDOM}
    assert {LEGACY, LEGACY_RANDOM} <= set(PRUNING_PRESETS["paper"].methods)
    for preset in PRUNING_PRESETS.values():
        assert set(preset.methods) <= set(COLOURS)
        assert set(preset.finetuned) <= set(preset.densities) and 1.0 in preset.finetuned
        assert len(set(preset.densities)) == len(preset.densities)
        json.dumps(preset.describe())


def test_failures_are_recorded_and_named(tmp_path, capsys, monkeypatch, no_figure):
    broken = dataclasses.replace(TINY, training=dataclasses.replace(TRAINING, learning_rate=1e38))
    monkeypatch.setitem(PRUNING_PRESETS, "quick", broken)
    command = ["study", "pruning", "--tasks", "digits", "--simulations", "1"]
    assert main([*command, "--output", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "sk-biornn: failed: digits simulation 0: Diverg" in captured.err
    assert "all runs failed" in captured.out


@pytest.mark.parametrize("name", ["paper", "fair"])
def test_published_numbers_stand_beside_networks_of_the_published_kind_alone(
    name, tmp_path, no_figure
):
    densities = (DENSITIES[2], 1.0)
    methods = ("random", LEGACY_RANDOM)
    preset = dataclasses.replace(
        TINY, name=name, methods=methods, densities=densities, finetuned=()
    )
    run_pruning_study(preset, tasks=["wave"], simulations=1, output=tmp_path)
    summary = pd.read_csv(tmp_path / "summary.csv").set_index(["method", "density"])
    found = summary.loc[(LEGACY_RANDOM, DENSITIES[2]), "published"]
    assert found == 0.207 if name == "paper" else np.isnan(found)
    assert np.isnan(summary.loc[("random", DENSITIES[2]), "published"])


def test_command_prints_its_tables_again(tmp_path, capsys, monkeypatch, no_figure):
    monkeypatch.setitem(PRUNING_PRESETS, "quick", TINY)
    assert main(["study", "pruning", "--tasks", "digits", "wave", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "digits, pruned and fine-tuned: test" in printed and "wave, just pruned: " in printed
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out == printed
    summary = pd.read_csv(tmp_path / "summary.csv")
    assert_array_equal(summary["task"].unique(), ["wave", "digits"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "huge"}, r"preset must be one of \['quick', 'paper', 'fair'\], got 'huge'"),
        ({"preset": 3}, "preset must be a name or a PruningPreset, got int"),
        ({"tasks": ["maze"]}, "tasks must be one of .*, got 'maze'"),
        ({"simulations": 0}, "simulations must be an integer of at least 1, got 0"),
        ({"random_state": -1}, "random_state must be an integer of at least 0, got -1"),
        ({"n_jobs": 0}, "n_jobs must be a positive int"),
    ],
)
def test_bad_arguments_get_one_sentence(arguments, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        run_pruning_study(**arguments)
