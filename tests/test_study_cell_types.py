"""The study of cell types: arms and stages, tables that add up, comparisons, figures."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sk_biornn.biology import TopProbPruning, cortical_populations, unit_index
from sk_biornn.cli import main
from sk_biornn.datasets.populations._traces import CONDITIONS as DATA_CONDITIONS
from sk_biornn.initializers import ConditioningWarning
from sk_biornn.inspection import block_density, population_interactions, prediction_skill
from sk_biornn.studies import (
    CELL_TYPE_PRESETS,
    CellTypePreset,
    Plan,
    run_cell_type_study,
    seed_of,
)
from sk_biornn.studies._repeatable import one_thread
from sk_biornn.studies._study import one_run
from sk_biornn.studies.cell_types import report
from sk_biornn.studies.cell_types.job import (
    SCORES,
    Run,
    blank,
    block_table,
    job,
    make_data,
    make_network,
)
from sk_biornn.studies.cell_types.published import (
    BETWEEN_BLOCKS,
    DENSITY,
    DIFFERENCES,
    MEAN_WEIGHTS,
)
from sk_biornn.studies.cell_types.settings import CONDITIONS, PAIRS
from sk_biornn.studies.cell_types.statistics import (
    add_published_differences,
    add_published_scores,
    comparable_window,
    compare_conditions,
    interactions_beside,
    learning_beside,
)

TINY = CellTypePreset(
    name="quick",
    scaling=1,
    conditions=("familiar_change", "familiar_omission"),
    n_simulations=2,
    arms=("dale", "unconstrained", "dense longer"),
    max_iter=3,
    finetune_iter=2,
    window="post",
    n_samples=40,
    n_test_samples=10,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A whole tiny study with its figures."""
    folder = tmp_path_factory.mktemp("cell_types")
    return folder, run_cell_type_study(TINY, output=folder)


def leave_figures_out(monkeypatch):
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)


@pytest.fixture
def no_figure(monkeypatch):
    """Leave the slowest part out where it is not what is tested."""
    leave_figures_out(monkeypatch)


def run_one(run, preset, arrays=None):
    """The record of one run, without a study around it."""
    plan = Plan(settings=preset, runs=(run,), described={}, source=arrays)
    return one_run(blank, job, run, plan, None)


def fitted(arm):
    """The network of a run, fitted plainly, and its data."""
    data = make_data(TINY, "familiar_change", 0, 0, None)
    seeds = [seed_of(0, 0, what) for what in ("weights", "training")]
    with one_thread(), pytest.warns(ConditioningWarning):  # the paper's initial weights
        return make_network(TINY, arm, *seeds).fit(data.X_train, data.y_train), data


@pytest.mark.parametrize("arm", TINY.arms)
def test_a_run_is_a_plain_fit_and_its_scores_those_of_the_package(arm):
    record = run_one(Run("familiar_change", arm, 0), TINY)
    assert record["error"] is None
    network, data = fitted(arm)
    table = prediction_skill(data.y_test, network.predict(data.X_test), data.X_test)
    scores = pd.DataFrame(record["scores"], columns=["stage", "population", *SCORES])
    end = scores[scores["stage"] == "sparse"]
    assert_allclose(end["mse"], table["mse"], rtol=1e-6)
    assert_allclose(end["skill"].astype(float), table["skill"], rtol=1e-5)
    stages = {"dense", "sparse"} | ({"pruned"} if arm != "dense longer" else set())
    assert set(scores["stage"]) == stages and len(end) == 18
    assert_allclose([row[0] for row in record["losses"]], network.loss_curve_)
    assert_allclose(np.array(record["losses"])[:, 1:], network.loss_per_population_)
    assert len(record["losses"]) == 5  # as many epochs in every arm


def test_stages_are_the_network_as_it_was():
    """Dense: as after the dense epochs alone; pruned: its weights on the mask; sparse: the end."""
    record = run_one(Run("familiar_change", "dale", 0), TINY)
    network, _data = fitted("dale")
    dense = block_table(network.W_dense_, network.populations_)
    assert_allclose(record["blocks"]["dense"]["raw"], dense["raw"])
    pruned = block_table(np.where(network.mask_, network.W_dense_, 0), network.populations_)
    assert_allclose(record["blocks"]["pruned"]["absolute"], pruned["absolute"])
    sparse = block_table(network.W_rec_, network.populations_)
    assert_allclose(record["blocks"]["sparse"]["density"], sparse["density"])
    assert (network.W_rec_ * network.signs_ >= 0).all()
    short = dataclasses.replace(TINY, finetune_iter=0)
    alone = run_one(Run("familiar_change", "dale", 0), short)
    of_dense = [row for row in record["scores"] if row[0] == "dense"]
    assert of_dense == [row for row in alone["scores"] if row[0] == "dense"]


def test_pruning_is_exact_or_by_the_published_formula():
    assert make_network(TINY, "dale", 1, 2).pruning == TopProbPruning()
    published = dataclasses.replace(TINY, published=True)
    pruning = make_network(published, "dale", 1, 2).pruning
    assert pruning == TopProbPruning(legacy="cell-types")


def test_arms_start_from_the_same_weights_and_learn_the_same_samples():
    starts = {arm: make_network(TINY, arm, 1, 2) for arm in TINY.arms}
    for network in starts.values():
        assert_array_equal(network.recurrent_init, starts["dale"].recurrent_init)
    assert starts["unconstrained"].dale is None and starts["dense longer"].density == 1.0
    weights, populations = starts["dale"].recurrent_init, cortical_populations(scaling=1)
    signs = populations["sign"].to_numpy()[unit_index(populations)]
    assert (weights * signs >= 0).all() and np.abs(weights).max() <= 1 / np.sqrt(90)


def test_fair_samples_are_split_and_new_in_every_simulation_and_published_ones_are_not():
    fair = [make_data(TINY, "familiar_change", simulation, 0, None) for simulation in (0, 1)]
    assert not np.array_equal(fair[0].X_train, fair[1].X_train)
    assert fair[0].X_train.shape == (40, 7, 18) and fair[0].X_test.shape == (10, 7, 18)
    published = dataclasses.replace(TINY, published=True)
    theirs = [make_data(published, "familiar_change", simulation, 0, None) for simulation in (0, 1)]
    assert_array_equal(theirs[0].X_train, theirs[1].X_train)
    assert theirs[0].X_test is theirs[0].X_train


def write_arrays(folder, seed):
    """Noise in the published files."""
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    for name in cortical_populations()["population"]:
        for part in ("train", "test"):
            np.save(folder / f"dff_{name}_familiar_change_{part}.npy", rng.random((50, 15)))


def test_a_study_of_other_arrays_is_not_continued(tmp_path, no_figure):
    options = {"conditions": ["familiar_change"], "arms": ["dale"], "output": tmp_path / "study"}
    for seed, name in enumerate("ab"):
        write_arrays(tmp_path / name, seed)
    run_cell_type_study(TINY, data=tmp_path / "a", simulations=1, **options)
    before = (tmp_path / "study" / "results.csv").read_bytes()
    for data in (tmp_path / "b", None):
        with pytest.raises(ValueError, match=r"other settings: (data .*)?input_data"):
            run_cell_type_study(TINY, data=data, simulations=1, resume=True, **options)
    assert (tmp_path / "study" / "results.csv").read_bytes() == before
    (tmp_path / "a").rename(tmp_path / "c")  # where they lie does not matter
    run_cell_type_study(TINY, data=tmp_path / "c", simulations=1, resume=True, **options)


def test_weights_that_are_missing_are_computed_anew_or_named(tmp_path, capsys, monkeypatch):
    options = {"conditions": ["familiar_change"], "arms": ["dale"], "output": tmp_path}
    with monkeypatch.context() as patch:
        leave_figures_out(patch)
        run_cell_type_study(TINY, simulations=1, **options)
    path = tmp_path / "weights" / "familiar_change_dale_000.npz"
    before = path.read_bytes()
    path.unlink()
    assert main(["report", str(tmp_path)]) == 2
    assert f"{path} is missing; resume the study" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        leave_figures_out(patch)
        run_cell_type_study(TINY, simulations=1, resume=True, **options)
    assert path.read_bytes() == before
    path.write_bytes(before[:-100])
    assert main(["report", str(tmp_path)]) == 2
    assert f"{path} is damaged (BadZipFile); remove it and resume" in capsys.readouterr().err
    (tmp_path / "examples.json").unlink()
    assert main(["report", str(tmp_path)]) == 2
    assert "examples.json is missing; resume the study" in capsys.readouterr().err


def test_a_first_run_that_failed_leaves_a_study_without_its_pictures(tmp_path, monkeypatch):
    from sk_biornn.studies.cell_types import job

    fit = job._fit

    def fail_at_first(network, preset, data):
        if network.random_state == seed_of(0, 0, "training"):
            raise RuntimeError("no memory left")
        return fit(network, preset, data)

    monkeypatch.setattr(job, "_fit", fail_at_first)
    options = {"conditions": ["familiar_change"], "arms": ["dale"]}
    results = run_cell_type_study(TINY, output=tmp_path, **options)
    assert results["error"].notna().sum() == 1
    drawn = {path.name for path in tmp_path.glob("*.png")}
    assert drawn == {"losses.png", "interactions.png"}


@pytest.mark.parametrize("text", ['{"study": "cell-types"}', '{"study": "cell-types", "arms": 1}'])
def test_settings_that_are_not_whole_are_named(text, study, tmp_path, capsys):
    folder = shutil.copytree(study[0], tmp_path / "copy")
    (folder / "settings.json").write_text(text)
    code = main(["report", str(folder)])
    error = capsys.readouterr().err
    assert code == 2 and len(error.splitlines()) == 1 and str(folder) in error


def test_published_arrays_are_read(tmp_path):
    write_arrays(tmp_path, 0)
    data = make_data(TINY, "familiar_change", 0, 0, tmp_path)
    assert data.X_train.shape == (40, 7, 18) and data.y_test.shape == (10, 7, 18)
    record = run_one(Run("familiar_change", "dale", 0), TINY, tmp_path)
    assert record["error"] is None
    missing = run_one(Run("novel_change", "dale", 0), TINY, tmp_path)
    assert "novel_change" in missing["error"]


def test_block_tables_are_the_interactions_of_inspection():
    populations = cortical_populations(scaling=1)
    W = np.random.default_rng(0).normal(size=(90, 90)) * (
        np.random.default_rng(1).random((90, 90)) < 0.3
    )
    record = {"condition": "c", "arm": "dale", "simulation": 0}
    record["blocks"] = {"sparse": block_table(W, populations)}
    frame = report.blocks_frame([record], populations)
    for level in report.LEVELS:
        ours = frame[frame["level"] == level]
        for column, expected in (
            ("absolute", population_interactions(W, level=level, labels=populations)["mean"]),
            (
                "raw",
                population_interactions(W, level=level, labels=populations, absolute=False)["mean"],
            ),
            ("density", block_density(W, level=level, labels=populations)["density"]),
        ):
            assert_allclose(ours[column], expected, atol=1e-15)


def test_comparisons_are_of_pairs_of_runs_second_minus_first():
    first, second = [1.0, 1.2, 0.9, 1.1, 1.0], [3.1, 3.0, 3.2, 3.5, 2.9]
    values = {
        "familiar_no_change": first,
        "familiar_change": [*second, 9.0],
    }  # the last has no pair
    rows = [
        (condition, "dale", simulation, "sparse", "area", post, pre, value * (post == pre == "a"))
        for condition, runs in values.items()
        for simulation, value in enumerate(runs)
        for post in "ab"
        for pre in "ab"
    ]
    frame = pd.DataFrame(rows, columns=report.BLOCK_COLUMNS[:8]).assign(density=0.0)
    table = compare_conditions(frame.assign(raw=-frame["absolute"]))
    assert table["quantity"].tolist() == ["absolute", "raw"]  # one block; the others do not exist
    assert set(table["arm"]) == {"dale"} and set(table["first"]) == {"familiar_no_change"}
    expected = stats.ttest_rel(second, first)
    low, high = expected.confidence_interval()
    row = table.iloc[0]
    assert_allclose(row["difference"], np.mean(second) - np.mean(first))
    assert_allclose(
        row[["p_value", "ci_low", "ci_high"]].astype(float), [expected.pvalue, low, high]
    )
    assert_allclose(table["difference"].iloc[1], -row["difference"])
    assert (table["n"] == 5).all()
    for n_runs, tested in ((4, True), (2, False)):  # no interval below five, no p below three
        few = frame[frame["simulation"] < n_runs]
        row = compare_conditions(few.assign(raw=few["absolute"])).iloc[0]
        assert row["n"] == n_runs and np.isnan(row["ci_low"])
        assert np.isfinite(row["p_value"]) == np.isfinite(row["q_value"]) == tested


def test_study_writes_everything(study):
    folder, results = study
    assert results["error"].isna().all() and len(results) == 2 * 2 * (3 + 3 + 2)
    for name in ("predictions", "losses", "weights", "interactions", "differences", "network"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    scores = pd.read_csv(folder / "scores.csv")
    means = scores.groupby(["condition", "arm", "simulation", "stage"])["mse"].mean()
    ours = results.set_index(["condition", "arm", "simulation", "stage"])["mse"]
    assert_allclose(ours, means.loc[ours.index])
    assert len(pd.read_csv(folder / "losses.csv")) == 12 * 5
    with np.load(folder / "weights" / "familiar_change_dale_000.npz") as arrays:
        assert set(arrays) == {"initial", "dense", "pruned", "sparse"}
        assert ((arrays["pruned"] == 0) | (arrays["pruned"] == arrays["dense"])).all()
    densities = pd.read_csv(folder / "densities.csv")
    known = densities[densities["condition"] == "familiar_change"]
    assert known["published"].notna().all() and len(known) == 21


def test_without_the_arm_under_dales_law_another_one_is_drawn(tmp_path):
    options = {"conditions": ["familiar_change"], "arms": ["unconstrained"], "simulations": 1}
    run_cell_type_study(TINY, window="full", output=tmp_path, **options)
    assert json.loads((tmp_path / "settings.json").read_text())["window"] == "full"
    for name in ("predictions", "losses", "weights", "interactions"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert pd.read_csv(tmp_path / "learning.csv")["arm"].tolist() == ["unconstrained"]


def test_study_is_repeatable_and_resumable(study, tmp_path, no_figure):
    _folder, results = study
    options = {"conditions": ["familiar_change"], "arms": ["dale"]}
    first = run_cell_type_study(TINY, output=tmp_path, **options)
    kept = results[(results["condition"] == "familiar_change") & (results["arm"] == "dale")]
    pd.testing.assert_frame_equal(first, kept.reset_index(drop=True), check_dtype=False)
    (tmp_path / "runs" / "familiar_change_dale_001.json").unlink()
    again = run_cell_type_study(TINY, output=tmp_path, resume=True, n_jobs=2, **options)
    pd.testing.assert_frame_equal(first, again)
    with pytest.raises(ValueError, match="other settings: random_state"):
        run_cell_type_study(TINY, output=tmp_path, random_state=1, resume=True, **options)


def test_command_prints_its_tables_again_and_names_failures(
    tmp_path, capsys, monkeypatch, no_figure
):
    monkeypatch.setitem(CELL_TYPE_PRESETS, "quick", TINY)
    command = ["study", "cell-types", "--arms", "dale", "--conditions", "familiar_change"]
    assert main([*command, "--output", str(tmp_path / "a")]) == 0
    printed = capsys.readouterr().out
    assert "familiar_change: means over populations" in printed
    assert "density between layers at the end" in printed
    assert main(["report", str(tmp_path / "a")]) == 0
    assert capsys.readouterr().out == printed
    assert main([*command, "--data", str(tmp_path), "--output", str(tmp_path / "b")]) == 2
    assert "dff_V1_L4_pyr_familiar_change_train.npy" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()  # nothing has run
    monkeypatch.setattr("sk_biornn.studies.cell_types.job._fit", _fail)
    assert main([*command, "--output", str(tmp_path / "c")]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("sk-biornn: failed: familiar_change dale simulation") == 2
    assert "all runs failed" in captured.out


def _fail(*_):
    raise RuntimeError("no memory left")


def test_networks_of_the_quick_preset_beat_persistence():
    """Repairs must not cost the network its means to learn, as a missing baseline would."""
    preset = dataclasses.replace(CELL_TYPE_PRESETS["quick"], scaling=2)
    record = run_one(Run("familiar_omission", "dale", 0), preset)
    scores = pd.DataFrame(record["scores"], columns=["stage", "population", *SCORES])
    skill = scores[scores["stage"] == "sparse"].set_index("population")["skill"]
    assert skill.median() > 0.3 and (skill > 0).sum() >= 10


# ------------------------------------------------------------------ beside the published numbers


def test_published_means_of_areas_are_those_of_their_layers():
    """The original printed both; an error in copying one of them would show."""
    areas = {"V1": ("V1_L4", "V1_L23", "V1_L5"), "LM": ("LM_L4", "LM_L23", "LM_L5")}
    key = ("dale", "full", "familiar_no_change", "familiar_change")
    for post in areas:
        for pre in areas:
            layers = list(itertools.product(areas[post], areas[pre]))
            mean = sum(MEAN_WEIGHTS.get(("layer", *block), (0, 0))[0] for block in layers) / 9
            assert MEAN_WEIGHTS["area", post, pre][0] == pytest.approx(mean, abs=6e-6)
            change = sum(DIFFERENCES.get((*key, "layer", *block), 0) for block in layers) / 9
            assert DIFFERENCES[(*key, "area", post, pre)] == pytest.approx(change, abs=6e-6)


@pytest.mark.parametrize("window", ["full", "post"])
@pytest.mark.parametrize("block", BETWEEN_BLOCKS)
def test_published_differences_add_up(window, block):
    """From a to b and from b to c is from a to c, within the rounding of what was published."""

    def change(first, second):
        if (first, second) not in PAIRS:
            return -change(second, first)
        return DIFFERENCES["dale", window, first, second, "layer", *block]

    for a, b, c in (
        ("familiar_no_change", "familiar_change", "familiar_omission"),
        ("novel_no_change", "novel_change", "novel_omission"),
    ):
        assert change(a, b) + change(b, c) == pytest.approx(change(a, c), abs=1.6e-5)
    for kind in ("change", "omission"):
        around = change("familiar_no_change", f"familiar_{kind}")
        around += change(f"familiar_{kind}", f"novel_{kind}")
        around += change(f"novel_{kind}", "novel_no_change")
        around += change("novel_no_change", "familiar_no_change")
        assert around == pytest.approx(0, abs=2.1e-5)


def test_learning_is_read_at_its_epochs_with_the_published_errors_beside():
    names = ["condition", "arm", "simulation"]
    rows = [
        ("novel_change", arm, simulation, epoch, 1000.0 * simulation + epoch)
        for arm in ("dale", "unconstrained")
        for simulation in (0, 1)
        for epoch in range(1, 66)  # 35 dense, 30 under the mask
    ]
    losses = pd.DataFrame(rows, columns=[*names, "epoch", "loss"])
    runs = [
        ("novel_change", "dale", simulation, "pruned", 5.0 + simulation) for simulation in (0, 1)
    ]
    results = pd.DataFrame(runs, columns=[*names, "stage", "mse"])
    table = learning_beside(losses, results, 35, "post")
    ours = table[table["arm"] == "dale"]
    # Epoch 40 and 60 of the dense phase and 40 of the other one never were.
    assert ours[["stage", "epoch"]].to_numpy().tolist() == [
        ["dense", 20],
        ["pruned", 0],
        ["sparse", 20],
    ]
    assert ours["mean"].tolist() == [520.0, 5.5, 555.0] and ours["n"].tolist() == [2, 2, 2]
    assert_allclose(ours["sd"], [1000 / 2**0.5, 1 / 2**0.5, 1000 / 2**0.5])
    of_paper = [0.01951850, 0.01319716, 0.01821135, 0.01926789, 0.01620849]
    assert ours["published_mean"].iloc[0] == pytest.approx(np.mean(of_paper) / 10)
    assert ours["published_sd"].iloc[0] == pytest.approx(np.std(of_paper, ddof=1) / 10)
    assert ours["published_mean"].iloc[1] == pytest.approx(3.06e-3)
    other = table[table["arm"] == "unconstrained"]
    assert other["stage"].tolist() == ["dense", "sparse"] and other["published_n"].eq(0).all()
    assert learning_beside(losses, results, 35, None)["published_n"].eq(0).all()


def test_mean_weights_stand_beside_those_of_their_condition_and_arm():
    rows = [
        (condition, arm, simulation, "sparse", "layer", "V1_L4", pre, value, 0.0, 0.1)
        for condition in ("familiar_change", "novel_change")
        for arm in ("dale", "unconstrained")
        for simulation, value in ((0, 1e-3), (1, 3e-3))
        for pre, value in (("V1_L4", value), ("LM_L4", 0.0))
    ]
    table = interactions_beside(pd.DataFrame(rows, columns=report.BLOCK_COLUMNS), "full")
    assert (table["pre"] == "V1_L4").all() and len(table) == 4  # the other block does not exist
    assert_allclose(table["mean"], 2e-3)
    assert_allclose(table["spread"], 0.5)
    known = table["published"].notna()
    assert table.loc[known, ["condition", "arm"]].to_numpy().tolist() == [
        ["familiar_change", "dale"]
    ]
    assert_allclose(table.loc[known, ["published", "published_spread"]], [[3.13e-3, 0.195]])


def test_only_networks_of_the_published_size_have_published_errors_beside_them(study):
    folder, _results = study
    paper, quick = (CELL_TYPE_PRESETS[name].describe() for name in ("paper", "quick"))
    assert comparable_window(paper) == "full" and comparable_window(quick) is None
    for name in ("summary", "interactions", "comparisons"):
        assert pd.read_csv(folder / f"{name}.csv")["published"].isna().all()
    assert pd.read_csv(folder / "densities.csv")["published"].notna().any()
    assert len(pd.read_csv(folder / "learning.csv")) == 2 * 2  # just pruned, in the arms that are


def test_scores_stand_beside_those_of_one_trial_of_the_original():
    keys = ["condition", "arm", "stage", "score"]
    rows = [
        ("novel_omission", "dale", "sparse", "beats_persistence"),
        ("novel_omission", "dale", "dense", "mse"),
        ("novel_omission", "dale", "pruned", "mse"),
        ("novel_omission", "unconstrained", "sparse", "mse"),
    ]
    frame = pd.DataFrame(rows, columns=keys)
    found = add_published_scores(frame, "full")["published"]
    assert_allclose(found, [11, 5.53e-4, np.nan, np.nan])
    assert add_published_scores(frame, "post")["published"].isna().all()


def test_published_differences_stand_beside_their_pair():
    row = {
        "arm": "unconstrained",
        "quantity": "absolute",
        "level": "layer",
        "first": "familiar_change",
        "second": "familiar_omission",
        "post": "LM_L4",
        "pre": "V1_L23",
    }
    frame = pd.DataFrame([row, {**row, "quantity": "raw"}, {**row, "arm": "dale"}])
    found = add_published_differences(frame, "full")["published"]
    assert_allclose(found, [-8.93232320e-4, np.nan, -2.0e-4])


def test_published_numbers_and_pairs_are_complete():
    assert set(CONDITIONS) == set(DATA_CONDITIONS)
    assert len(PAIRS) == 9 and {name for pair in PAIRS for name in pair} == set(CONDITIONS)
    assert len(DENSITY) == 2 * (18 + 3)
    assert DENSITY["familiar_change", "LM_L4", "V1_L23"] == 0.19125694
    assert {key[2:4] for key in DIFFERENCES} == set(PAIRS)
    assert sum(key[0] == "layer" for key in MEAN_WEIGHTS) == 21
    for preset in CELL_TYPE_PRESETS.values():
        json.dumps(preset.describe())
    assert CELL_TYPE_PRESETS["paper"].n_units == 1440


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "huge"}, r"preset must be one of \['quick', 'paper', 'fair'\], got 'huge'"),
        ({"preset": 3}, "preset must be a name or a CellTypePreset, got int"),
        ({"conditions": ["sleep"]}, "conditions must be one of .*, got 'sleep'"),
        ({"conditions": "novel_change"}, "conditions must be a sequence of names or None"),
        ({"window": "half"}, r"window must be one of \['full', 'post'\], got 'half'"),
        ({"arms": ["abs"]}, "arms must be one of .*, got 'abs'"),
        ({"simulations": 0}, "simulations must be an integer of at least 1, got 0"),
        ({"n_jobs": 0}, "n_jobs must be a positive int"),
        ({"data": "/dev/null"}, "data must be None or the folder of the published arrays, got"),
        ({"data": 3}, "data must be None or the folder of the published arrays, got '3'"),
    ],
)
def test_bad_arguments_get_one_sentence(arguments, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        run_cell_type_study(**arguments)
