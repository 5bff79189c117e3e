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

SCRIPT = Path(__file__).parents[1] / "examples" / "plot_celegans_cell_types.py"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """What the script defines when it finds no data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SK_BIORNN_TEST_DATA", str(tmp_path_factory.mktemp("empty")))
        names = runpy.run_path(str(SCRIPT))
    return names


@pytest.fixture(scope="module")
def worm(example):
    """A made-up recording of 8 neurons, each driven by two others; 6 and 7 inhibit."""
    rng = np.random.default_rng(0)
    wiring = np.zeros((8, 8), dtype=bool)
    for post in range(8):
        wiring[post, [(post + 1) % 8, (post + 3) % 8]] = True
    signs = np.array([1, 1, 1, 1, 0, 0, -1, -1])
    matrix = np.diag(np.full(8, 0.75)) + 0.12 * wiring * np.where(signs < 0, -1, 1)
    trace = np.zeros((700, 8))
    for frame in range(1, len(trace)):
        trace[frame] = matrix @ trace[frame - 1] + rng.standard_normal(8)
    kinds = np.repeat(["sensory +", "interneuron 0", "motorneuron -"], [4, 2, 2])
    return {
        "trace": trace,
        "neuron": np.array(["AAAL", "AAAR", *"BCDEFG"]),
        "chemical": wiring,
        "electrical": np.zeros((8, 8), dtype=bool),
        "populations": example["population_table"](kinds),
        "matrix": matrix,
    }


def nobody(worm):
    return np.zeros(len(worm["matrix"]), dtype=bool)


# ------------------------------------------------------------------ splits and scores


def test_no_frame_near_a_test_block_is_trained_on(example):
    gap, tested = example["FRAMES_LEFT_OUT"], []
    for block, runs in example["blocked_splits"](1600):
        tested += range(*block)
        trained = np.concatenate([np.arange(*run) for run in runs])
        assert len(trained) > 1200
        assert not ((trained >= block[0] - gap) & (trained < block[1] + gap)).any()
        held, inner = example["validation_split"](runs)
        inner = np.concatenate([np.arange(*run) for run in inner])
        assert set(range(*held)) <= set(trained.tolist())
        assert set(inner.tolist()) <= set(trained.tolist())
        assert not ((inner >= held[0] - gap) & (inner < held[1] + gap)).any()
    assert tested == list(range(1600))


def test_r2_of_persistence_is_that_of_a_loop(example, worm):
    x, block, warm = worm["trace"], (100, 300), example["WARM_UP"]
    starts = range(block[0] + warm, block[1] - example["HORIZON"], example["STRIDE"])
    expected = [
        1 - sum((x[t + k] - x[t]) @ (x[t + k] - x[t]) for t in starts)
        / sum(x[t + k] @ x[t + k] for t in starts)
        for k in range(1, example["HORIZON"] + 1)
    ]  # fmt: skip
    np.testing.assert_allclose(example["rollout_r2"](lambda f: f, x, block), expected)
    now, following = x[125:299], x[126:300]
    one = 1 - ((following - now) ** 2).sum() / (following**2).sum()
    assert example["one_step_r2"](lambda f: f, x, block) == pytest.approx(one)
    predictions = x[block[0] : block[1] - 1]
    assert example["r2_of"](predictions, x, block) == pytest.approx(one)


def test_the_law_of_a_noiseless_recording_is_found_ten_frames_ahead(example):
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    x = np.array([np.linalg.matrix_power(turn, t) @ [1.0, 0.5] for t in range(200)])
    every = np.ones((2, 2), dtype=bool) & ~np.eye(2, dtype=bool)
    law = example["fitted"](example["RidgeVAR"](alpha=0.0, mask=every), x, [(0, 100)])
    np.testing.assert_allclose(law(x[None, :-1])[0], x[1:], atol=1e-9)
    np.testing.assert_allclose(example["rollout_r2"](law, x, (100, 200)), 1, atol=1e-9)


# ------------------------------------------------------------------ linear models


def test_own_regressors_are_the_last_frame_and_the_running_mean(example):
    x = np.random.default_rng(0).standard_normal((30, 2))
    assert example["no_past"](x[None]).shape == (1, 30, 2, 0)
    decay = np.array([0.3, 0.8])
    fast, slow = np.moveaxis(example["fast_and_slow"](decay)(x), -1, 0)
    np.testing.assert_array_equal(fast, x)
    for neuron in range(2):
        mean = pd.Series(x[:, neuron]).ewm(alpha=1 - decay[neuron], adjust=False).mean()
        np.testing.assert_allclose(slow[:, neuron], mean)


def test_baselines_learn_from_warm_frames(example, worm):
    x, warm, runs = worm["trace"], example["WARM_UP"], [(0, 300), (400, 700)]
    past = np.vstack([x[a + warm : b - 1] for a, b in runs])
    following = np.vstack([x[a + warm + 1 : b] for a, b in runs])
    model = example["fitted"](example["ARBaseline"](), x, runs)
    for neuron in range(8):
        fit = np.polyfit(past[:, neuron], following[:, neuron], 1)
        np.testing.assert_allclose(model(x[None])[0, :, neuron], np.polyval(fit, x[:, neuron]))


def test_bounded_ridge_meets_the_conditions_of_optimality(example):
    rng = np.random.default_rng(1)
    features, target = rng.standard_normal((50, 6)), rng.standard_normal(50)
    penalty = np.array([0, 0, 0.1, 0.1, 0.1, 0.1])
    lower = np.array([-np.inf, 0.2, 0, 0, -np.inf, -np.inf])
    upper = np.array([np.inf, np.inf, np.inf, np.inf, 0, 0])
    w = example["bounded_ridge"](features, target, penalty, lower, upper)
    slope = features.T @ (features @ w - target) / 50 + penalty * w
    at_lower, at_upper = np.isclose(w, lower, atol=1e-9), np.isclose(w, upper, atol=1e-9)
    assert (w >= lower - 1e-12).all() and (w <= upper + 1e-12).all()
    assert (at_lower | at_upper).any() and not (at_lower | at_upper).all()
    assert (np.abs(slope[~at_lower & ~at_upper]) < 1e-8).all()
    assert (slope[at_lower] > -1e-8).all() and (slope[at_upper] < 1e-8).all()


def test_linear_model_finds_the_matrix_that_made_the_data(example, worm):
    signs = np.broadcast_to(np.repeat([1, 0, -1], [4, 2, 2]), (8, 8))
    runs, past = [(0, 700)], lambda x: x[..., None]
    model = example["fit_linear"](worm["trace"], runs, 0.0, past, worm["chemical"], signs)
    np.testing.assert_allclose(np.diag(model.own[:, 0]) + model.W, worm["matrix"], atol=0.12)
    wrong = example["fit_linear"](worm["trace"], runs, 0.0, past, worm["chemical"], -signs)
    assert (model.W[worm["chemical"]] != 0).all()
    assert (wrong.W[:, signs[0] != 0] == 0).all()


def test_decay_of_the_running_mean_is_found(example):
    rng, decay = np.random.default_rng(0), 0.8
    x = np.zeros((3000, 2))
    mean = x[0]
    for t in range(1, len(x)):
        x[t] = 0.95 * mean + rng.standard_normal(2)
        mean = decay * mean + (1 - decay) * x[t]
    chosen = example["choose_decay"](x, [(0, 1500), (1500, 3000)])
    np.testing.assert_allclose(chosen, decay, atol=0.11)


# ------------------------------------------------------------------ the network


def test_trials_ask_for_the_next_frame_once_warm(example):
    x = np.arange(200.0)[:, None] * [1.0, 1000.0]
    trials, targets = example["make_trials"](x, [(10, 190)], np.zeros(2), np.array([False] * 2))
    steps = example["STEPS_PER_FRAME"]
    warm, scored = example["WARM_UP"] * steps, np.isfinite(targets)
    assert not scored[:, :warm].any()
    assert (scored[:, warm:].sum(axis=1) * steps == targets.shape[1] - warm).all()
    shown = trials * example["UNIT"]
    np.testing.assert_allclose(targets[scored], (shown + np.array([1, 1000]))[scored], rtol=1e-6)
    assert shown.min() >= 10 and np.nanmax(targets[..., 0]) < 190
    _, targets = example["make_trials"](x, [(10, 190)], np.zeros(2), np.array([False, True]))
    assert np.isnan(targets[..., 0]).all() and np.isfinite(targets[..., 1]).any()


def test_signs_bind_except_for_free_pairs(example):
    free = np.array([[False, True], [False, False]])
    space = example["SynapticSigns"](free).bind(
        torch.tensor([1.0, -1.0]), torch.tensor([[True, True], [True, False]])
    )
    weights = space.encode(torch.tensor([[-1.0, 2.0], [3.0, -4.0]]))
    assert weights.tolist() == [[0.0, 2.0], [3.0, 0.0]]


def start(example, worm, mask, withheld):
    """Return a linear model of all frames, and the network that starts from it."""
    x, runs, decay = worm["trace"], [(0, 700)], np.linspace(0.3, 0.9, 8)
    arm = {**example["arms_of"](worm)["connectome"](0), "mask": mask}
    own = example["no_past"] if withheld.any() else example["fast_and_slow"](decay)
    linear = example["fit_linear"](x, runs, 0.1, own, mask, arm["signs"], least=0.1)
    return linear, example["Network"](linear, x, runs, arm, decay, withheld, seed=0)


def test_network_without_synapses_starts_as_the_regression_on_the_own_past(example, worm):
    linear, network = start(example, worm, np.zeros((8, 8), dtype=bool), nobody(worm))
    frames = worm["trace"][None, 100:300]
    np.testing.assert_allclose(network(frames)[0, 150:], linear(frames)[0, 150:], atol=1e-4)


def test_network_starts_as_the_regression_of_withheld_neurons_on_their_partners(example, worm):
    withheld = np.arange(8) % 4 == 0
    mask = worm["chemical"] & withheld[:, None] & ~withheld
    linear, network = start(example, worm, mask, withheld)
    frames = worm["trace"][None, 100:300]
    expected = linear(frames)[..., withheld]
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(network(frames)[..., withheld], expected, atol=1e-4)


def test_trained_network_keeps_mask_and_signs(example, worm):
    arm = example["arms_of"](worm)["connectome"](0)
    network = start(example, worm, arm["mask"], nobody(worm))[1]
    before = network.rnn.W_rec_.copy()
    after = network.train(3).rnn.W_rec_
    assert (before != after).any()
    assert (after[:8, :8][~arm["mask"]] == 0).all()
    assert not after[8:].any() and not after[:, 8:].any()  # slow units have no synapses
    assert (after[:8, :8] * arm["signs"] >= 0).all()
    assert (network.rnn.W_out_[:, 8:][~np.eye(8, dtype=bool)] == 0).all()


@pytest.mark.parametrize("trained", [False, True])
def test_predictions_of_a_withheld_neuron_do_not_depend_on_its_trace(example, worm, trained):
    (block, runs), *_ = example["blocked_splits"](700, n_blocks=2)
    group = next(example["groups_of"](8))
    other = worm["trace"].copy()
    other[block[0] : block[1], group] += 3.0
    arm, decay = example["arms_of"](worm)["connectome"](0), np.full(8, 0.5)

    def predictions(trace):
        x = example["standardised"](trace, runs)

        def refine(linear, withheld):
            return example["Network"](linear, x, runs, arm, decay, withheld, seed=0).train(2)

        return example["withheld_predictions"](
            trace, block, runs, arm["mask"], None, refine if trained else None
        )

    before, after = predictions(worm["trace"]), predictions(other)
    np.testing.assert_allclose(before[:, group], after[:, group], atol=1e-6)
    assert np.abs(before - after)[:, ~group].max() > 0.01


# ------------------------------------------------------------------ controls


def random_wiring(symmetric):
    wiring = np.random.default_rng(2).random((12, 12)) < 0.3
    wiring = np.triu(wiring, 1) | np.triu(wiring, 1).T if symmetric else wiring
    return wiring & ~np.eye(12, dtype=bool)


@pytest.mark.parametrize("symmetric", [False, True])
def test_rewiring_keeps_every_degree(example, symmetric):
    wiring = random_wiring(symmetric)
    changed = example["rewired"](wiring, np.random.default_rng(0), symmetric)
    assert (changed != wiring).sum() > 20
    assert not changed.diagonal().any()
    for axis in (0, 1):
        np.testing.assert_array_equal(changed.sum(axis=axis), wiring.sum(axis=axis))
    assert (changed == changed.T).all() == symmetric
    none = np.zeros((3, 3), dtype=bool)
    assert not example["rewired"](none, np.random.default_rng(0), symmetric).any()


def test_renaming_stays_within_types(example):
    table = example["population_table"](np.repeat(["sensory +", "sensory -"], [7, 5]))
    wiring, weights = random_wiring(False), np.arange(144).reshape(12, 12)
    renamed, weights = example["renamed_in_types"](
        (wiring, weights), table, np.random.default_rng(0)
    )
    order = weights.diagonal() // 13
    assert (renamed == wiring[np.ix_(order, order)]).all() and (renamed != wiring).any()
    assert sorted(order[:7]) == list(range(7)) and sorted(order[7:]) == list(range(7, 12))


@pytest.mark.parametrize("symmetric", [False, True])
def test_drawing_keeps_the_density_between_types(example, symmetric):
    table = example["population_table"](np.repeat(["sensory +", "sensory -"], [8, 4]))
    wiring = random_wiring(symmetric)
    wiring[:8, 8:] = wiring[8:, :8] = False
    wiring[8:, 8:] = ~np.eye(4, dtype=bool)
    rng = np.random.default_rng(0)
    draws = np.array([example["drawn_by_type"](wiring, table, rng, symmetric) for _ in range(100)])
    assert not draws[:, :8, 8:].any() and not draws[:, 8:, :8].any()
    assert (draws[:, 8:, 8:] == wiring[8:, 8:]).all()
    assert not draws[:, range(12), range(12)].any()
    assert (draws == draws.swapaxes(1, 2)).all() == symmetric
    # 100 draws of 56 pairs: the standard error is below 0.009 also when pairs come in twos.
    assert draws[:, :8, :8].sum() / 100 / 56 == pytest.approx(wiring[:8, :8].sum() / 56, abs=0.035)


# ------------------------------------------------------------------ the whole


def test_means_skills_and_intervals_are_those_of_the_textbook(example):
    rows = [(b, m, s, "one step", r) for b in (0, 1) for m, s, r in (
        ("AR(1)", 0, 0.5), ("rewired", 0, 0.5 + b / 10), ("rewired", 1, 0.7 + b / 10))]  # fmt: skip
    table = pd.DataFrame(rows, columns=["block", "model", "seed", "question", "r2"])
    r2 = example["by_block"](table, "one step")
    np.testing.assert_allclose(r2["rewired"], [0.6, 0.7])
    np.testing.assert_allclose(example["skill"](r2, "AR(1)")["rewired"], [20, 40])
    assert example["confidence"](r2["rewired"]) == pytest.approx(12.706 * 0.05, rel=1e-4)


def test_it_runs_on_a_made_up_worm_and_the_wiring_tells_withheld_neurons(
    example, worm, monkeypatch, capsys
):
    monkeypatch.setitem(example["run"].__globals__, "EPOCHS_WITHHELD", 5)
    monkeypatch.setitem(example["run"].__globals__, "EPOCHS", 2)
    table, networks, shown = example["run"](worm, n_seeds=1, n_arms=2, n_blocks=2)
    assert len(networks) == 2 and np.isfinite(table["r2"]).all()
    example["report"](table)
    assert "connectome" in capsys.readouterr().out
    one, unseen = (example["by_block"](table, name).mean() for name in ("one step", "withheld"))
    assert one["connectome"] > one["AR(1)"] + 0.01 and one["AR(1)"] > one["persistence"]
    assert one["connectome"] > one["renamed in types"]
    assert unseen["connectome"] > 0.1 and "AR(1)" not in unseen
    figure, axes = plt.subplots(2, 3)
    example["plot_horizon"](axes[0, 0], table)
    example["plot_differences"](axes[1], table, ["AR(1)", "renamed in types"])
    example["plot_withheld"](axes[0, 1:], worm, shown)
    example["plot_interactions"](axes[0, 0], networks, worm["populations"])
    assert len(axes[1, 0].lines) >= 4 and len(axes[0, 1].lines) == 2
    plt.close(figure)


def test_wiring_and_populations_are_those_of_the_files(example, data_dir, monkeypatch):
    folder = data_dir / "celegans"
    if not (folder / "recorded98.npz").is_file():
        pytest.skip(f"no recording at {folder}")
    monkeypatch.setenv("SK_BIORNN_TEST_DATA", str(data_dir))
    recording = example["load_recording"]()
    index = {name: i for i, name in enumerate(recording["neuron"])}
    expected = {"chem": np.zeros((98, 98), dtype=bool), "gap": np.zeros((98, 98), dtype=bool)}
    with (folder / "edges_cook2019.csv").open(encoding="utf-8") as file:
        for edge in csv.DictReader(file):
            if {edge["pre"], edge["post"]} <= index.keys() and edge["pre"] != edge["post"]:
                kind = "chem" if edge["type"].startswith("chem") else "gap"
                expected[kind][index[edge["post"]], index[edge["pre"]]] = True
    np.testing.assert_array_equal(recording["chemical"], expected["chem"])
    np.testing.assert_array_equal(recording["electrical"], expected["gap"] | expected["gap"].T)
    kinds = np.repeat(recording["populations"]["population"], recording["populations"]["n_units"])
    with (folder / "neurons.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["neuron"] in index:
                sign = "-0+"[int(row["sign_nt"]) + 1]
                assert kinds.iloc[index[row["neuron"]]] == f"{row['type']} {sign}"
    signs = recording["populations"]["sign"].tolist()
    assert signs == [1, -1, 0, 1, -1, 1, 0]
