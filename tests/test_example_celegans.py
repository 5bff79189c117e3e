"""The example of the worm: it skips without data, and computes what its text says."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[1] / "examples" / "own_files" / "plot_dale_celegans.py"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """What the script defines when it finds no data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SK_BIORNN_TEST_DATA", str(tmp_path_factory.mktemp("empty")))
        names = runpy.run_path(str(SCRIPT))
    return names


@pytest.fixture(scope="module")
def worm():
    """A made-up recording: AR(1) neurons of which 0 drives 1 and 2 drives 3, [post, pre]."""
    rng = np.random.default_rng(0)
    matrix = np.diag([0.8, 0.7, 0.9, 0.6, 0.8, 0.7])
    matrix[1, 0], matrix[3, 2] = 0.5, 0.5
    trace = np.zeros((900, 6))
    for frame in range(1, len(trace)):
        trace[frame] = matrix @ trace[frame - 1] + rng.standard_normal(6)
    wiring = (matrix != 0) & ~np.eye(6, dtype=bool)
    return {
        "trace": trace,
        "neuron": np.array(list("ABCDEF")),
        "chemical": wiring,
        "electrical": np.zeros((6, 6), dtype=bool),
        "signs": np.ones(6),
        "matrix": matrix,
    }


def test_no_frame_near_a_test_block_is_trained_on(example):
    gap, tested = example["FRAMES_LEFT_OUT"], []
    for block, runs in example["blocked_splits"](1600):
        tested += range(*block)
        trained = np.concatenate([np.arange(*run) for run in runs])
        assert len(trained) > 1200
        assert not ((trained >= block[0] - gap) & (trained < block[1] + gap)).any()
        held = example["validation_block"](runs)
        inner = np.concatenate([np.arange(*run) for run in example["without"](runs, held)])
        assert set(range(*held)) <= set(trained.tolist())
        assert set(inner.tolist()) <= set(trained.tolist())
        assert not ((inner >= held[0] - gap) & (inner < held[1] + gap)).any()
    assert tested == list(range(1600))


def test_a_baseline_is_judged_on_the_next_frames_of_the_block(example, worm):
    trace, runs, block = worm["trace"], [(0, 300), (350, 600)], (640, 900)
    now, following = (np.vstack([trace[a + i : b - 1 + i] for a, b in runs]) for i in (0, 1))
    fits = [np.polyfit(a, b, 1) for a, b in zip(now.T, following.T, strict=True)]
    predictions = [np.polyval(fit, x[640:899]) for fit, x in zip(fits, trace.T, strict=True)]
    expected = np.mean((trace[641:900].T - predictions) ** 2)
    found = example["baseline_error"](example["ARBaseline"](), trace, block, runs)
    assert found == pytest.approx(expected, rel=1e-9)
    earlier = example["baseline_error"](example["ARBaseline"](order=5), trace, (0, 100), runs)
    assert np.isfinite(earlier)  # the block begins with the recording


def test_trials_ask_for_the_next_frame_once_warm(example):
    x = np.arange(100.0)[:, None] * [1.0, 1000.0]
    trials, targets = example["make_trials"](x, [(10, 90)], np.zeros(2))
    steps, warm = example["STEPS_PER_FRAME"], example["WARM_UP_FRAMES"] * example["STEPS_PER_FRAME"]
    scored = np.isfinite(targets)
    assert not scored[:, :warm].any()
    assert (scored[:, warm:].sum(axis=1) * steps == targets.shape[1] - warm).all()
    np.testing.assert_array_equal(targets[scored], (trials + np.array([1, 1000]))[scored])
    assert trials.min() >= 10 and np.nanmax(targets[..., 0]) < 90


def test_network_starts_as_the_ar1_of_every_neuron(example, worm):
    x, runs, block = worm["trace"], [(0, 600)], (300, 500)  # inside: nothing below the floor
    floor = example["floor_of"](x, runs)
    network, *_ = example["start_at_ar1"](
        x, runs, floor, mask=worm["chemical"], signs=worm["signs"], dale="projection", seed=0
    )
    ar1 = example["ARBaseline"]().fit(*example["one_step"](x, runs))
    np.testing.assert_allclose(
        example["network_predictions"](network, x, block, floor),
        ar1.predict(x[None, block[0] : block[1] - 1])[0],
        atol=1e-4,
    )


def test_network_profits_from_true_wiring_and_signs_only(example, worm):
    (block, runs), *_ = example["blocked_splits"](900, n_blocks=3)
    wiring, signs = worm["chemical"], worm["signs"]
    errors = example["linear_errors"](worm["trace"], block, runs, {"true": wiring})

    def skill(mask, signs):
        prior = {"mask": mask, "signs": signs, "dale": "projection"}
        fits = example["network_fits"](worm["trace"], block, runs, lambda seed: prior, 1)
        value, network, _ = fits[0]
        assert (network.W_rec_[~mask] == 0).all() and (network.W_rec_ * signs >= 0).all()
        assert (network.W_in_.diagonal() > 0).all()
        return 1 - value / errors["AR(1)"]

    possible = 1 - errors["true"] / errors["AR(1)"]
    assert possible > 0.05
    assert 0.3 * possible < skill(wiring, signs) < 1.2 * possible
    assert abs(skill(wiring.T, signs)) < 0.15 * possible
    assert abs(skill(wiring, -signs)) < 0.15 * possible


def test_skill_and_interval_are_those_of_the_textbook(example):
    table = example["pd"].DataFrame(
        [(b, m, s, e) for b in (0, 1) for m, s, e in (("AR(1)", 0, 2.0), ("a", 0, 1.0 - b / 2))],
        columns=["block", "model", "seed", "error"],
    )
    skill = example["skills"](table, "AR(1)")["a"]
    assert skill.tolist() == [50, 75]
    assert example["confidence"](skill) == pytest.approx(12.706 * 12.5, rel=1e-4)


def test_what_was_measured_says_what_the_text_says(example):
    table, _ = example["read_results"]()
    lead = example["ahead_of"](table)
    half = lead.apply(example["confidence"])
    assert (lead["no synapses"] > 0).all()
    for control in ("Dale, renamed connectome", "Dale, renamed signs"):
        assert abs(lead[control].mean()) < half[control]
    assert lead["Dale, no mask"].mean() < 0
    assert example["skills"](table, "AR(1)").mean().idxmax() == "AR(5)"


def test_wiring_is_post_by_pre(example, data_dir, monkeypatch):
    folder = data_dir / "celegans"
    if not (folder / "recorded98.npz").is_file():
        pytest.skip(f"no recording at {folder}")
    monkeypatch.setenv("SK_BIORNN_TEST_DATA", str(data_dir))
    recording = example["load_recording"]()
    index = {name: i for i, name in enumerate(recording["neuron"])}
    expected = np.zeros((98, 98), dtype=bool)
    with (folder / "edges_cook2019.csv").open(encoding="utf-8") as file:
        for edge in csv.DictReader(file):
            if edge["type"].startswith("chem") and {edge["pre"], edge["post"]} <= index.keys():
                expected[index[edge["post"]], index[edge["pre"]]] = True
    np.testing.assert_array_equal(recording["chemical"], expected)
    assert (expected != expected.T).any()
    assert (recording["electrical"] == recording["electrical"].T).all()
