"""The study of cell types: arms and stages, tables that add up, comparisons, figures."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn.biology import cortical_populations, unit_index
from sk_biornn.cli import main
from sk_biornn.datasets._population_traces import CONDITIONS as DATA_CONDITIONS
from sk_biornn.initializers import ConditioningWarning
from sk_biornn.inspection import block_density, population_interactions, prediction_skill
from sk_biornn.studies import CELL_TYPE_PRESETS, CellTypePreset, run_cell_type_study
from sk_biornn.studies._repeatable import one_thread, seed_of
from sk_biornn.studies.cell_types import tables
from sk_biornn.studies.cell_types.data import make_data
from sk_biornn.studies.cell_types.job import SCORES, Run, block_table, make_network, run_one
from sk_biornn.studies.cell_types.presets import CONDITIONS, PAIRS
from sk_biornn.studies.cell_types.published import DENSITY
from sk_biornn.studies.cell_types.statistics import compare_conditions

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


@pytest.fixture
def no_figure(monkeypatch):
    """Leave the slowest part out where it is not what is tested."""
    monkeypatch.setattr("sk_biornn.studies.cell_types.report._draw", lambda *_: None)


def fitted(arm):
    """The network of a run, fitted plainly, and its data."""
    data = make_data(TINY, "familiar_change", 0, 0, None)
    seeds = [seed_of(0, 0, what) for what in ("weights", "training")]
    with one_thread(), pytest.warns(ConditioningWarning):  # the paper's initial weights
        return make_network(TINY, arm, *seeds).fit(data.X_train, data.y_train), data


@pytest.mark.parametrize("arm", TINY.arms)
def test_a_run_is_a_plain_fit_and_its_scores_those_of_the_package(arm):
    record = run_one(Run("familiar_change", arm, 0), TINY, 0)
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
    record = run_one(Run("familiar_change", "dale", 0), TINY, 0)
    network, _data = fitted("dale")
    dense = block_table(network.W_dense_, network.populations_)
    assert_allclose(record["blocks"]["dense"]["raw"], dense["raw"])
    pruned = block_table(np.where(network.mask_, network.W_dense_, 0), network.populations_)
    assert_allclose(record["blocks"]["pruned"]["absolute"], pruned["absolute"])
    sparse = block_table(network.W_rec_, network.populations_)
    assert_allclose(record["blocks"]["sparse"]["density"], sparse["density"])
    assert (network.W_rec_ * network.signs_ >= 0).all()
    short = dataclasses.replace(TINY, finetune_iter=0)
    alone = run_one(Run("familiar_change", "dale", 0), short, 0)
    of_dense = [row for row in record["scores"] if row[0] == "dense"]
    assert of_dense == [row for row in alone["scores"] if row[0] == "dense"]


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


def test_published_arrays_are_read(tmp_path):
    rng = np.random.default_rng(0)
    names = cortical_populations()["population"]
    for name in names:
        for part in ("train", "test"):
            np.save(tmp_path / f"dff_{name}_familiar_change_{part}.npy", rng.random((50, 15)))
    data = make_data(TINY, "familiar_change", 0, 0, tmp_path)
    assert data.X_train.shape == (40, 7, 18) and data.y_test.shape == (10, 7, 18)
    record = run_one(Run("familiar_change", "dale", 0), TINY, 0, tmp_path)
    assert record["error"] is None
    missing = run_one(Run("novel_change", "dale", 0), TINY, 0, tmp_path)
    assert "novel_change" in missing["error"]


def test_block_tables_are_the_interactions_of_inspection():
    populations = cortical_populations(scaling=1)
    W = np.random.default_rng(0).normal(size=(90, 90)) * (
        np.random.default_rng(1).random((90, 90)) < 0.3
    )
    record = {"condition": "c", "arm": "dale", "simulation": 0}
    record["blocks"] = {"sparse": block_table(W, populations)}
    frame = tables.blocks_frame([record], populations)
    for level in tables.LEVELS:
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


def test_comparisons_subtract_the_first_from_the_second():
    rows = []
    for condition, level in (("familiar_no_change", 1.0), ("familiar_change", 3.0)):
        for simulation in range(5):
            for block in ("a", "b"):
                value = (level + 0.01 * simulation) * (block == "a")
                rows.append((condition, "dale", simulation, "sparse", "area", block, block, value))
                rows.append(
                    (
                        condition,
                        "dale",
                        simulation,
                        "sparse",
                        "area",
                        "ab".replace(block, ""),
                        block,
                        0.0,
                    )
                )
    frame = pd.DataFrame(rows, columns=tables.BLOCK_COLUMNS[:8]).assign(raw=0.0, density=0.0)
    table = compare_conditions(frame)
    assert len(table) == 1  # blocks that are zero in every run do not exist
    row = table.iloc[0]
    assert (row["first"], row["second"]) == ("familiar_no_change", "familiar_change")
    assert_allclose([row["difference"], row["p_value"]], [2.0, 2 / 252])


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
    assert main([*command, "--data", str(tmp_path), "--output", str(tmp_path / "b")]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("sk-biornn: failed: familiar_change dale simulation") == 2
    assert "all runs failed" in captured.out


def test_published_numbers_and_pairs_are_complete():
    assert set(CONDITIONS) == set(DATA_CONDITIONS)
    assert len(PAIRS) == 9 and {name for pair in PAIRS for name in pair} == set(CONDITIONS)
    assert len(DENSITY) == 2 * (18 + 3)
    assert DENSITY["familiar_change", "LM_L4", "V1_L23"] == 0.19125694
    for preset in CELL_TYPE_PRESETS.values():
        json.dumps(preset.describe())
    assert CELL_TYPE_PRESETS["paper"].n_units == 1440


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "huge"}, r"preset must be among \['quick', 'paper', 'fair'\], got 'huge'"),
        ({"preset": 3}, "preset must be a name or a CellTypePreset, got int"),
        ({"conditions": ["sleep"]}, "conditions must be among .*, got 'sleep'"),
        ({"conditions": "novel_change"}, "conditions must be a sequence of names or None"),
        ({"arms": ["abs"]}, "arms must be among .*, got 'abs'"),
        ({"simulations": 0}, "simulations must be an int of at least 1, got 0"),
        ({"n_jobs": 0}, "n_jobs must be a positive int"),
        ({"data": "/dev/null"}, "data must be None or the folder of the published arrays, got"),
    ],
)
def test_bad_arguments_get_one_sentence(arguments, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        run_cell_type_study(**arguments)
