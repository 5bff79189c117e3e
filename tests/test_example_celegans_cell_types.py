"""The example of the worm's cell types: it skips without data, and computes what its text says."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

SCRIPT = Path(__file__).parents[1] / "examples/own_files/plot_celegans_cell_types.py"
NAMES = ["AAAL", "AAAR", *"BCDEFG", "H", "I"]  # the last two are not recorded


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """What the script defines when it finds no data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SK_BIORNN_TEST_DATA", str(tmp_path_factory.mktemp("empty")))
        names = runpy.run_path(str(SCRIPT))
    return names


@pytest.fixture(scope="module")
def worm(example):
    """A made-up recording of 8 of 10 neurons, each driven by two others; 6 and 7 inhibit."""
    rng = np.random.default_rng(0)
    wiring = np.zeros((10, 10), dtype=bool)
    for post in range(8):
        wiring[post, [(post + 1) % 8, (post + 3) % 8]] = True
    wiring[8, :3] = wiring[3:5, 9] = wiring[9, 8] = True
    signs = np.array([1, 1, 1, 1, 1, 1, -1, -1])
    matrix = np.diag(np.full(8, 0.75)) + 0.12 * wiring[:8, :8] * signs
    trace = np.zeros((700, 8))
    for frame in range(1, len(trace)):
        trace[frame] = matrix @ trace[frame - 1] + rng.standard_normal(8)
    kinds = ["sensory +"] * 4 + ["interneuron 0"] * 2 + ["motorneuron -"] * 2 + ["sensory +"] * 2
    return {
        "trace": pd.DataFrame(trace, columns=NAMES[:8]),
        "chemical": example["synapses"](wiring, NAMES),
        "electrical": example["synapses"](np.zeros((10, 10)), NAMES),
        "kind": pd.Series(kinds, NAMES),
    }


def first_block(example, worm, n_blocks=2):
    return next(example["blocks_of"](worm["trace"].to_numpy(), n_blocks))


# ------------------------------------------------------------------ splits and scores


def test_no_frame_near_a_test_block_is_trained_on(example):
    gap, tested = example["FRAMES_LEFT_OUT"], []
    trace = np.random.default_rng(0).standard_normal((1600, 2))
    for x, mean, runs, block in example["blocks_of"](trace):
        tested += block.tolist()
        trained = np.concatenate(runs)
        assert len(trained) > 1200
        assert not ((trained >= block[0] - gap) & (trained <= block[-1] + gap)).any()
        assert all((np.diff(run) == 1).all() for run in runs)
        np.testing.assert_allclose(x[trained].std(axis=0), 1, rtol=1e-5)
        np.testing.assert_allclose(x[trained].min(axis=0), 0.2, rtol=1e-4)
        np.testing.assert_allclose(x[trained].mean(axis=0), mean, rtol=1e-5)
    assert tested == list(range(1600))


def test_windows_ask_for_the_next_frame_and_stay_in_their_run(example):
    x = np.arange(300.0)[:, None] * [1.0, 1000.0]
    runs = [np.arange(10, 100), np.arange(150, 290)]
    X, y = example["windows"](x, runs)
    np.testing.assert_array_equal(y - X, np.broadcast_to([1, 1000], X.shape))
    for trial in y[..., 0]:
        assert any({trial[0] - 1, *trial} <= set(run.tolist()) for run in runs)
    assert {10, 150} <= set(X[:, 0, 0])


def test_r2_of_persistence_is_that_of_a_loop(example, worm):
    x, mean, runs, block = first_block(example, worm)
    model = example["Persistence"]().fit(*example["windows"](x, runs))
    scores = example["scores_of"](model, x, mean, block)
    starts = range(block[0] + 25, block[-1] + 1 - 10, 2)
    for ahead in (1, 4, 10):
        errors = sum(((x[t + ahead] - x[t]) ** 2).sum() for t in starts)
        power = sum(((x[t + ahead] - mean) ** 2).sum() for t in starts)
        assert scores[f"{ahead} ahead"] == pytest.approx(1 - errors / power, rel=1e-4)
    now, following = x[block[:-1]][25:], x[block[1:]][25:]
    one = 1 - ((following - now) ** 2).sum() / ((following - mean) ** 2).sum()
    assert scores["one step"] == pytest.approx(one, rel=1e-4)


@pytest.mark.parametrize("model", ["VAR", "network"])
def test_predictions_of_a_withheld_neuron_do_not_depend_on_its_trace(
    example, worm, model, monkeypatch
):
    monkeypatch.setitem(example["network"].__globals__, "EPOCHS", 2)
    x, mean, runs, block = first_block(example, worm)
    x = x - mean
    group = np.random.default_rng(0).permutation(8) % 4 == 0
    other = x.copy()
    other[block[0] : block[-1] + 1, group] += 3
    wiring = worm["chemical"].iloc[:8, :8]
    made = example["RidgeVAR"](alpha=1.0)
    if model == "network":
        made = example["network"](wiring, NAMES[:8], 0.1, **example["WITHHELD"])
    before, after = (example["withheld_predictions"](made, t, runs, block) for t in (x, other))
    np.testing.assert_allclose(before[:, group], after[:, group], atol=1e-5)
    assert np.abs(before - after)[:, ~group].max() > 0.01


# ------------------------------------------------------------------ the network


def test_units_are_neurons_and_what_they_know_of_others_has_passed_a_synapse(
    example, worm, monkeypatch
):
    monkeypatch.setitem(example["network"].__globals__, "EPOCHS", 3)
    x, _, runs, _ = first_block(example, worm)
    wiring = worm["chemical"]
    model = example["network"](wiring, NAMES[:8], 1.0, **example["FORECASTS"])
    model.fit(*example["windows"](x, runs))
    assert model.unit_names_ == tuple(NAMES)
    np.testing.assert_array_equal(model.W_out_, np.eye(8, 10))
    there = wiring.to_numpy()
    assert (model.W_rec_[there] != 0).any() and not model.W_rec_[~there].any()
    others = model.W_in_ * ~np.eye(10, 8, dtype=bool)
    assert (others[there[:, :8]] != 0).all() and not others[~there[:, :8]].any()
    np.testing.assert_allclose(model.W_in_[:8].diagonal(), 1, atol=0.2)


def test_the_price_is_that_of_synapses_alone(example):
    own = np.eye(3, 2, dtype=bool)
    penalty = example["Ridge"](0.5, own).bind(None)

    class Params:
        w_rec = torch.tensor([[0.0, 2.0], [1.0, 0.0]])
        w_in = torch.tensor([[7.0, 1.0], [0.0, 7.0], [3.0, 0.0]])

    assert float(penalty(Params, None, None)) == 0.5 * (4 + 1 + 1 + 9)


# ------------------------------------------------------------------ controls


def random_wiring(example, symmetric, n=12):
    wiring = np.random.default_rng(2).random((n, n)) < 0.3
    wiring = np.triu(wiring, 1) | np.triu(wiring, 1).T if symmetric else wiring
    return example["synapses"](wiring, [f"N{k}" for k in range(n)])


@pytest.mark.parametrize("symmetric", [False, True])
def test_rewiring_keeps_every_degree(example, symmetric):
    wiring = random_wiring(example, symmetric)
    changed = example["rewired"](wiring, np.random.default_rng(0), symmetric).to_numpy()
    assert (changed != wiring).to_numpy().sum() > 20
    assert not changed.diagonal().any()
    for axis in (0, 1):
        np.testing.assert_array_equal(changed.sum(axis=axis), wiring.to_numpy().sum(axis=axis))
    assert (changed == changed.T).all() == symmetric
    none = wiring & False
    assert not example["rewired"](none, np.random.default_rng(0), symmetric).to_numpy().any()


def test_rewiring_of_hidden_neurons_keeps_recorded_ones_and_all_degrees(example):
    wiring = random_wiring(example, False, n=16)
    recorded = list(wiring.index[[0, 3, 5, 6, 9, 11, 12, 15]])
    hidden = [name for name in wiring.index if name not in recorded]
    changed = example["hidden_rewired"](wiring, recorded, np.random.default_rng(0))
    assert changed.loc[recorded, recorded].equals(wiring.loc[recorded, recorded])
    for post, pre in ((hidden, recorded), (recorded, hidden), (hidden, hidden)):
        before, after = wiring.loc[post, pre], changed.loc[post, pre]
        assert not after.equals(before)
        for axis in (0, 1):
            assert after.sum(axis=axis).equals(before.sum(axis=axis))


def test_renaming_stays_within_kinds(example):
    kinds = pd.Series(np.repeat(["sensory +", "sensory -"], [7, 5]))
    wiring = random_wiring(example, False)
    numbers = pd.DataFrame(np.arange(144).reshape(12, 12))
    changed, numbers = (
        example["renamed"](table, kinds, np.random.default_rng(0)).to_numpy()
        for table in (wiring, numbers)
    )
    order = numbers.diagonal() // 13
    assert (changed == wiring.to_numpy()[np.ix_(order, order)]).all()
    assert (changed != wiring.to_numpy()).any()
    assert sorted(order[:7]) == list(range(7)) and sorted(order[7:]) == list(range(7, 12))


@pytest.mark.parametrize("symmetric", [False, True])
def test_drawing_keeps_the_density_between_kinds(example, symmetric):
    kinds = pd.Series(np.repeat(["sensory +", "sensory -"], [8, 4]))
    wiring = random_wiring(example, symmetric)
    wiring.iloc[:8, 8:] = wiring.iloc[8:, :8] = False
    wiring.iloc[8:, 8:] = ~np.eye(4, dtype=bool)
    rng = np.random.default_rng(0)
    drawn = [example["drawn"](wiring, kinds, rng, symmetric).to_numpy() for _ in range(100)]
    draws, wiring = np.array(drawn), wiring.to_numpy()
    assert not draws[:, :8, 8:].any() and not draws[:, 8:, :8].any()
    assert (draws[:, 8:, 8:] == wiring[8:, 8:]).all()
    assert not draws[:, range(12), range(12)].any()
    assert (draws == draws.swapaxes(1, 2)).all() == symmetric
    # 100 draws of 56 pairs: the standard error is below 0.009 also when pairs come in twos.
    assert draws[:, :8, :8].sum() / 100 / 56 == pytest.approx(wiring[:8, :8].sum() / 56, abs=0.035)


def test_conditions_are_what_they_are_called(example, worm):
    conditions = example["conditions_of"](worm)
    assert set(example["CONTROLS"]) < set(conditions)
    sizes = {name: int(wiring_of(0).to_numpy().sum()) for name, wiring_of in conditions.items()}
    assert sizes["connectome"] == sizes["renamed in kinds"] == sizes["rewired"] == 16
    assert sizes["no synapses"] == 0 and sizes["all to all"] == 56
    assert sizes["with the unrecorded"] == sizes["hidden rewired"] == 22
    for name in example["CONTROLS"]:
        first, again, other = (conditions[name](seed).to_numpy() for seed in (0, 0, 1))
        assert (first == again).all() and (name == "hidden rewired" or (first != other).any())


# ------------------------------------------------------------------ the whole


def test_means_and_intervals_are_those_of_the_textbook(example):
    rows = [(b, m, s, "one step", r) for b in (0, 1) for m, s, r in (
        ("AR(1)", 0, 0.5), ("rewired", 0, 0.5 + b / 10), ("rewired", 1, 0.7 + b / 10))]  # fmt: skip
    table = pd.DataFrame(rows, columns=["block", "model", "seed", "question", "r2"])
    scores = example["by_block"](table, "one step")
    np.testing.assert_allclose(scores["rewired"], [0.6, 0.7])
    assert example["confidence"](scores["rewired"]) == pytest.approx(12.706 * 0.05, rel=1e-4)


def test_a_summary_is_that_of_the_textbook(example):
    rows = [
        (block, model, seed, question, r2 + block / 10)
        for question in example["QUESTIONS"]
        for block in (0, 1)
        for model, seed, r2 in (
            ("connectome", 0, 0.6), ("rewired", 0, 0.5), ("rewired", 1, 0.7), ("AR(1)", 0, 0.4)
        )
    ]  # fmt: skip
    rows[1] = (0, "rewired", 0, "one step", 0.3)
    columns = ["block", "model", "seed", "question", "r2"]
    summary = example["summary_of"](pd.DataFrame(rows, columns=columns))
    first = summary.loc["one step"]
    assert first["r2"].round(6).to_dict() == {"connectome": 0.65, "rewired": 0.6, "AR(1)": 0.45}
    assert first.loc["rewired", ["ahead", "draws", "beaten"]].round(6).tolist() == [0.05, 2, 1]
    assert first.loc["rewired", "half"] == pytest.approx(12.706 * 0.05, rel=1e-4)
    assert first.loc["AR(1)", ["ahead", "half"]].round(6).tolist() == [0.2, 0.0]
    assert first.loc["connectome"].isna().tolist() == [False, True, True, True, True]


def test_what_was_measured_says_what_the_text_says(example):
    measured, _ = example["read_results"]()
    one, ten, withheld = (measured.loc[question] for question in example["QUESTIONS"])
    wirings = list(example["CONTROLS"][:3])
    # One frame ahead: little, in part due to which neuron contacts which.
    assert 0 < one.loc["no synapses", "ahead"] < 0.005 and one.loc["AR(1)", "r2"] > 0.75
    for table in (one, ten):
        assert (table.loc[wirings, "beaten"] == 4).all() and (
            table.loc[wirings, "draws"] == 4
        ).all()
    assert (one.loc[wirings, "ahead"] > one.loc[wirings, "half"]).all()
    assert (ten.loc[wirings, "ahead"] < ten.loc[wirings, "half"]).all()
    assert (withheld.loc[wirings, "ahead"] > ten.loc[wirings, "ahead"]).all()
    # All possible synapses, and a linear model of all for those withheld.
    assert all(table.loc["all to all", "ahead"] < 0 for table in (one, ten, withheld))
    assert withheld.loc["VAR, ridge", "ahead"] < 0
    # Neurons that nobody recorded.
    hidden = ["with the unrecorded", "hidden rewired"]
    assert (abs(ten.loc[hidden, "ahead"]) <= 0.001).all()
    assert (withheld.loc[hidden, "ahead"] < -0.02).all()
    assert abs(withheld.loc[hidden, "r2"].diff().iloc[1]) < 0.005


def test_it_runs_on_a_made_up_worm_and_the_wiring_tells_withheld_neurons(
    example, worm, monkeypatch, capsys
):
    quick = {**example["FORECASTS"], "learning_rate_init": 1e-2}
    for name, value in (("EPOCHS", 40), ("RIDGE", 0.1), ("FORECASTS", quick)):
        monkeypatch.setitem(example["run"].__globals__, name, value)
    table, shown = example["run"](worm, n_blocks=2, n_seeds=1, n_conditions=2)
    assert np.isfinite(table["r2"]).all()
    summary = example["summary_of"](table)
    example["report"](summary)
    assert "connectome" in capsys.readouterr().out
    one, unseen = (example["by_block"](table, name).mean() for name in ("one step", "withheld"))
    assert one["connectome"] > one["AR(1)"] + 0.004 and one["AR(1)"] > one["persistence"]
    assert one["connectome"] > one["renamed in kinds"]
    assert unseen["connectome"] > 0.1 and "AR(1)" not in unseen
    figure, axes = plt.subplots(3, 3)
    example["plot_horizon"](axes[0, 0], table)
    example["plot_leads"](axes[1], summary)
    example["plot_withheld"](axes[2], NAMES[:8], *shown)
    assert len(axes[1, 0].lines) >= 4 and len(axes[2, 1].lines) == 2
    plt.close(figure)


def test_wiring_and_kinds_are_those_of_the_files(example, data_dir, monkeypatch):
    folder = data_dir / "celegans"
    if not (folder / "recorded98.npz").is_file():
        pytest.skip(f"no recording at {folder}")
    monkeypatch.setenv("SK_BIORNN_TEST_DATA", str(data_dir))
    recording = example["load_recording"]()
    index = {name: i for i, name in enumerate(recording["kind"].index)}
    assert len(index) == 302 and set(recording["trace"]) < set(index)
    expected = {"chem": np.zeros((302, 302), dtype=bool), "gap": np.zeros((302, 302), dtype=bool)}
    with (folder / "edges_cook2019.csv").open(encoding="utf-8") as file:
        for edge in csv.DictReader(file):
            if edge["pre"] != edge["post"]:
                kind = "chem" if edge["type"].startswith("chem") else "gap"
                expected[kind][index[edge["post"]], index[edge["pre"]]] = True
    np.testing.assert_array_equal(recording["chemical"], expected["chem"])
    np.testing.assert_array_equal(recording["electrical"], expected["gap"] | expected["gap"].T)
    with (folder / "neurons.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sign = "-0+"[int(row["sign_nt"]) + 1]
            assert recording["kind"][row["neuron"]] == f"{row['type']} {sign}"
