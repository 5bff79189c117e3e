"""The study of inductive biases: what a variant is, pairing, files, killing, statistics."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.spatial.distance
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn._records import NEVER_REPEATED
from sk_biornn.biology.regularizers import pairwise_distances
from sk_biornn.cli import main
from sk_biornn.core import alone
from sk_biornn.datasets import make_one_choice_inference, make_perceptual_decision_making
from sk_biornn.estimators._penalties import bind_penalties
from sk_biornn.metrics import assortativity, modularity, small_worldness, weight_entropy
from sk_biornn.studies import (
    INDUCTIVE_BIAS_PRESETS,
    VARIANTS,
    InductiveBiasSettings,
    Plan,
    run_inductive_bias_study,
    seed_of,
)
from sk_biornn.studies._checks import read_choices
from sk_biornn.studies._files import file_name
from sk_biornn.studies._intervals import holm, paired_p
from sk_biornn.studies._repeatable import one_thread
from sk_biornn.studies._study import one_run
from sk_biornn.studies._told import as_text
from sk_biornn.studies.inductive_bias import job as measures
from sk_biornn.studies.inductive_bias.design import BY_NAME, CONTRASTS, TASKS
from sk_biornn.studies.inductive_bias.job import CURVE, RESULTS, Run, blank, job
from sk_biornn.studies.inductive_bias.network import (
    Field,
    Source,
    field_of,
    initial_weights,
    make_network,
    make_parts,
)
from sk_biornn.studies.inductive_bias.original_files import METRICS, config_text, folder_name
from sk_biornn.studies.inductive_bias.report import (
    NOTE,
    compare_variants,
    parts_of_tables,
    results_frame,
    summarise_variants,
)
from sk_biornn.studies.inductive_bias.study import make_settings
from sk_biornn.units.order import UnitOrder

TINY = InductiveBiasSettings(
    preset="tiny",
    simulations=2,
    number_of_nodes=12,
    epochs=2,
    batch_size=20,
    n_train=40,
    n_validation=16,
    n_test=24,
)
GO = {"tasks": ("go-nogo",)}
FEW = {**GO, "variants": ("W", "W*D*C"), "simulations": 1}
HERE = Source()


def tiny(**changes):
    return make_settings(TINY, changes)


def run_one(run, settings, weights=None):
    """The record of one run, without a study around it."""
    plan = Plan(
        settings=settings,
        runs=(run,),
        described={},
        random_state=settings.random_state,
        source=HERE,
    )
    return one_run(blank, job, run, plan, weights)


def files_of(folder: Path) -> dict[str, bytes]:
    """All files by name, but those with times; of the records all but the seconds."""
    content = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("times.csv", "report.html"):
            content[str(path.relative_to(folder))] = path.read_bytes()
            if path.parent.name == "runs":
                record = json.loads(path.read_text())
                assert record["seconds"] > 0
                record = {name: record[name] for name in set(record) - {*NEVER_REPEATED}}
                content[str(path.relative_to(folder))] = json.dumps(record, sort_keys=True).encode()
    return content


def leave_figures_out(monkeypatch):
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)


@pytest.fixture
def no_figure(monkeypatch):
    """Leave the slowest part out where it is not what is tested."""
    leave_figures_out(monkeypatch)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study of all variants and tasks, with its figures."""
    folder = tmp_path_factory.mktemp("whole")
    results = run_inductive_bias_study(TINY, simulations=1, output=folder)
    return folder, results


# ------------------------------------------------------------------ what a variant is


def test_the_eleven_variants_are_those_of_the_paper():
    rows = [(v.name, v.weights, v.space, v.penalty) for v in VARIANTS]
    assert rows == [
        ("W", "random", "none", "weight"),
        ("WD", "random", "grid", "spatial"),
        ("WD*", "random", "measured", "spatial"),
        ("WDC", "random", "grid", "communicability"),
        ("WD*C", "random", "measured", "communicability"),
        ("WD*C*", "random", "measured", "communicability_emd"),
        ("W*D*C", "functional", "measured", "communicability"),
        ("W*DC*", "functional", "grid", "communicability_emd"),
        ("W*D*C*", "functional", "measured", "communicability_emd"),
        ("W!D*C", "permuted", "measured", "communicability"),
        ("W!D*C*", "permuted", "measured", "communicability_emd"),
    ]


def test_a_contrast_with_a_question_changes_one_thing():
    for question, variant, control in CONTRASTS:
        assert variant != control
        ours, theirs = (dataclasses.astuple(BY_NAME[name])[1:] for name in (variant, control))
        changed = sum(a != b for a, b in zip(ours, theirs, strict=True))
        assert changed == 1 or question == "all against none"
    against_none = [c for c in CONTRASTS if c.question == "all against none"]
    assert len(against_none) == 10 and {c.control for c in against_none} == {"W"}


def test_no_two_files_have_the_same_name():
    names = {file_name(Run("go-nogo", name, 7)) for name in BY_NAME}
    assert len(names) == 11
    for name in names:
        task, variant, simulation = name.split("_")
        assert task == "go-nogo" and variant.isalnum() and simulation == "007"


def distances_of(network):
    """Distances as the penalty sees them: gradient of a wiring cost at unit weights."""
    import torch

    network.set_params(regularizer="spatial", regu_strength=1.0)
    size = network.n_units
    facts = {"mask": np.ones((size, size), bool), "signs": np.zeros(size), "populations": None}
    circuit = SimpleNamespace(is_stored=False, n_units=size, order=UnitOrder(), **facts)
    (penalty,) = bind_penalties(network, circuit, torch.device("cpu"), torch.float64)
    weights = torch.ones(network.n_units, network.n_units, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(penalty(weights), weights)[0].numpy()


def test_paper_grid_is_ten_times_wider_than_measured_space_and_the_fair_one_is_not():
    """The published confound: mean distance 6.57 on the grid (12, 13, 2), 0.65 in the cube."""
    means = {}
    for name in ("paper", "fair"):
        settings = make_settings(name, {"network_grid": (12, 13, 2)})
        field = field_of(settings, 0, HERE)
        network = make_network(BY_NAME["WD"], settings, field, 0.3, 0, 0)
        D = distances_of(network)
        means[name] = D[~np.eye(312, dtype=bool)].mean()
    axes = [np.arange(n) for n in (12, 13, 2)]
    corners = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    assert_allclose(means["paper"], scipy.spatial.distance.pdist(corners).mean(), rtol=1e-9)
    assert abs(means["paper"] - 6.57) < 0.03
    assert 0.6 < means["fair"] < 0.9


def test_paper_stands_where_the_original_did(data_dir):
    """Its distance matrices, recorded: units of the grid are counted along y last."""
    folder = data_dir / "oracle"
    if not folder.is_dir():
        pytest.skip(f"no numbers of the original at {folder}")
    with np.load(folder / "field.npz") as pieces:
        field = Field(pieces["connectome"], {}, pieces["pos"], (12, 13, 2))
    with np.load(folder / "penalties_and_bio_weights.npz") as theirs:
        expected = {"WDC": theirs["distance_grid"], "WD*C": theirs["distance_measured"]}
    for name, distances in expected.items():
        for preset, stands in (("paper", True), ("fair", name == "WD*C")):
            settings = make_settings(preset, {"network_grid": field.grid})
            network = make_network(BY_NAME[name], settings, field, 0.3, 0, 0)
            assert np.allclose(distances_of(network), distances, rtol=0, atol=2e-6) == stands


@pytest.mark.parametrize("name", ["he_normal", "glorot_normal", "he_uniform", "orthogonal"])
def test_paper_cuts_the_gaussians_that_keras_cuts(name):
    from sk_biornn.initializers import recurrent_weights

    drawn = {}
    for preset in ("paper", "fair"):
        settings = make_settings(
            preset, {"random_network_initialization": name, "number_of_nodes": 60}
        )
        drawn[preset] = initial_weights(BY_NAME["WD"], settings, field_of(settings, 0, HERE), 5)
    options = {"signs": np.zeros(60), "mask": np.ones((60, 60), dtype=bool)}
    theirs = name + "_truncated" if name.endswith("_normal") else name
    for preset, asked in (("paper", theirs), ("fair", name)):
        expected = recurrent_weights(asked, rng=np.random.default_rng(5), **options)
        assert_array_equal(drawn[preset], expected)


def test_paper_forgets_the_strength_of_w_and_fair_does_not():
    strengths = {}
    for name in ("paper", "fair"):
        settings = make_settings(name, {"regu_strength": 0.02, "number_of_nodes": 12})
        record = run_one(
            Run("go-nogo", "W", 0),
            dataclasses.replace(settings, epochs=1, n_train=20, n_validation=8, n_test=8),
        )
        assert record["error"] is None
        strengths[name] = record["penalty"] / (144 * record["mean_weight"])
        assert record["regu_strength"] == {"paper": 1.0, "fair": 0.02}[name]
    assert_allclose(strengths["paper"], 1.0, rtol=1e-5)
    assert_allclose(strengths["fair"], 0.02, rtol=1e-5)


def test_measured_and_grid_variants_stand_where_they_say():
    field = field_of(TINY, 0, HERE)
    for variant in VARIANTS:
        network = make_network(variant, TINY, field, 0.3, 0, 0)
        assert network.regularizer == variant.penalty
        if variant.space == "none":
            assert network.coordinates is None
        elif variant.space == "measured":
            assert_allclose(
                distances_of(network),
                scipy.spatial.distance.cdist(field.positions, field.positions),
                atol=1e-12,
            )
        else:
            corners = list(np.ndindex(*field.grid))
            assert network.coordinates.tolist() == [list(map(float, c)) for c in corners]
            assert len(corners) == 12
        wants_connectome = variant.penalty == "communicability_emd"
        assert (network.connectome is field.connectome) == wants_connectome


def test_functional_weights_are_one_draw_and_permuted_ones_the_same_elsewhere():
    field = field_of(TINY, 0, HERE)
    drawn = {v.name: initial_weights(v, TINY, field, 7) for v in VARIANTS}
    for name in ("W*DC*", "W*D*C*"):
        assert_array_equal(drawn[name], drawn["W*D*C"])
    for name in ("WD", "WD*C*"):
        assert_array_equal(drawn[name], drawn["W"])
    functional, permuted = drawn["W*D*C"], drawn["W!D*C"]
    assert (functional >= 0).all() and not np.array_equal(functional, permuted)
    assert_allclose(np.sort(functional.ravel()), np.sort(permuted.ravel()))
    assert_allclose(np.abs(np.linalg.eigvals(functional)).max(), 0.95)
    places = [int(np.flatnonzero(np.isclose(np.diag(permuted), d))[0]) for d in np.diag(functional)]
    assert sorted(places) == list(range(12))
    assert_allclose(permuted[np.ix_(places, places)], functional)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ("correlation", "sttc")),
        ({"use_only_sttc": True}, ("sttc",)),
        ({"use_precision_matrix": True}, ("precision", "sttc")),
    ],
)
def test_functional_weights_come_from_the_matrices_asked_for(changes, names):
    settings = tiny(**changes)
    assert settings.matrices == names
    field = field_of(settings, 0, HERE)
    weights = initial_weights(BY_NAME["W*D*C"], settings, field, 3)
    rng = np.random.default_rng(3)
    B = rng.lognormal(-0.5, 0.5, (12, 12))
    for name in names:
        M = field.matrices[name]
        B = B * (M - M.min()) / (M.max() - M.min())
    B *= 0.1 / B.mean()
    B = np.where(B != 0, np.maximum(B, 0.01), 0.0)
    assert_allclose(weights, B * 0.95 / np.abs(np.linalg.eigvals(B)).max(), rtol=1e-9)


def test_sign_constraint_holds_exactly_and_fair_random_weights_do_not_explode():
    settings = tiny(sign_constraint=True, **GO)
    fair = initial_weights(BY_NAME["W"], settings, field_of(settings, 0, HERE), 1)
    published = dataclasses.replace(settings, rescale_nonnegative=False)
    paper = initial_weights(BY_NAME["W"], published, field_of(settings, 0, HERE), 1)
    free = initial_weights(BY_NAME["W"], TINY, field_of(settings, 0, HERE), 1)
    assert_allclose(np.abs(np.linalg.eigvals(fair)).max(), 0.95)
    assert_array_equal(paper, np.maximum(free, 0))
    field = field_of(settings, 0, HERE)
    parts = make_parts("go-nogo", (40, 16, 24), 0)
    for variant in VARIANTS:
        network = make_network(variant, settings, field, 0.01, 0, 0).fit(*parts["train"])
        assert network.W_rec_.min() >= 0 and network.W_rec_.max() > 0


# ------------------------------------------------------------------ one run


def test_a_run_is_a_plain_fit_and_its_measures_those_of_the_package(tmp_path):
    settings = tiny(metrics_every_epoch=True, random_state=5)
    run = Run("one-choice-inference", "W*D*C", 1)
    record = run_one(run, settings, tmp_path / "weights.npz")
    seeds = [seed_of(5, run.task, 1, what) for what in ("recurrent weights", "training", "data")]
    parts = make_parts(run.task, (40, 16, 24), seeds[2])
    field = field_of(settings, 1, HERE)
    with one_thread():
        network = make_network(BY_NAME[run.variant], settings, field, 0.3, *seeds[:2])
        network.fit(*parts["train"])
        W = network.W_rec_
        for column, part in (("accuracy", "train"), ("validation_accuracy", "validation")):
            assert_allclose(record[column], 100 * network.score(*parts[part]))
        assert_allclose(record["test_accuracy"], 100 * network.score(*parts["test"]))
        chances = network.predict_proba(parts["test"].X)
    right = np.searchsorted(network.classes_, parts["test"].y)
    surprise = -np.log(chances[np.arange(24), right]).mean()
    assert_allclose(record["test_loss"], surprise, rtol=1e-5)
    assert record["error"] is None and record["loss"] == network.loss_curve_[-1]
    expected = {
        "modularity": modularity(W),
        "small_worldness": small_worldness(W),
        "assortativity": assortativity(W),
        "entropy": weight_entropy(W),
    }
    for name, value in expected.items():
        assert_allclose(record[name], value)
    assert [row[0] for row in record["curve"]] == [1, 2]
    assert_allclose(record["curve"][-1][len(CURVE) :], list(expected.values()))
    assert record["running_accuracy"] == record["curve"][-1][CURVE.index("running_accuracy")]
    distances = scipy.spatial.distance.cdist(field.positions, field.positions)
    assert_allclose(record["wiring_cost"], (np.abs(W) * distances).sum(), rtol=1e-5)
    with np.load(tmp_path / "weights.npz") as saved:
        assert_array_equal(saved["W_rec_"], W)
        assert_allclose(saved["W_initial"], network.recurrent_init, rtol=1e-6)


@pytest.mark.parametrize("variant", ["WD", "WDC"])
def test_the_best_epoch_is_that_of_a_study_that_ended_there(variant):
    """As many epochs, and no more, give what is reported of the best epoch, of seven numbers."""
    settings = tiny(epochs=6, learning_rate=0.01, regu_strength=0.003)
    run = Run("one-choice-inference", variant, 1)
    record = run_one(run, settings)
    validation = [row[CURVE.index("validation_accuracy")] for row in record["curve"]]
    epoch = record["best_epoch"]
    assert epoch == 1 + int(np.argmax(validation)) < 6  # argmax: the first among equals
    ended = run_one(run, dataclasses.replace(settings, epochs=epoch))
    for name in ("test_accuracy", "validation_accuracy", *measures.GRAPH_METRICS):
        assert record[f"best_epoch_{name}"] == ended[name]
        assert ended[f"best_epoch_{name}"] == ended[name]  # there the best is the last
    assert ended["best_epoch"] == epoch
    assert record["best_epoch_validation_accuracy"] > record["validation_accuracy"]
    assert record["best_epoch_entropy"] != record["entropy"]


def test_tables_say_which_epoch_they_speak_of():
    rows = []
    for simulation, (last, best) in enumerate([(51.0, 83.0), (53.0, 79.0), (52.0, np.nan)]):
        values = dict.fromkeys(RESULTS, 0.5) | {"test_accuracy": last}
        run = {"task": "perceptual-decision-making", "variant": "WD*C", "simulation": simulation}
        rows.append({**run, **values, "best_epoch_test_accuracy": best, "error": None})
    results = results_frame(rows)
    assert results["best_epoch_test_accuracy"].tolist()[:2] == [83.0, 79.0]
    summary = summarise_variants(results)
    means = summary.set_index("metric")["mean"]
    assert means["test_accuracy"] == 52.0 and means["best_epoch_test_accuracy"] == 81.0
    ends = summary.set_index("metric").loc["best_epoch_test_accuracy", ["ci_low", "ci_high"]]
    assert ends.isna().all()  # three runs are too few for an interval
    text = as_text(parts_of_tables(summary, compare_variants(results)))
    _, header, line = text.splitlines()[:3]
    assert header.split()[:5] == ["variant", "n", "mean", "best", "epoch"]
    assert line.split()[:3] == ["WD*C", "3", "52.0"] and " 81.0 " in line
    assert text.split("\n\n")[1:] == [
        "Answer: WD*C is best with 52.0 % on average (n = 3); too few runs to test the\ncontrasts.",
        as_text([NOTE]),
    ]


def test_two_classes_are_scored_like_many():
    settings = tiny()
    field = field_of(settings, 0, HERE)
    parts = make_parts("go-nogo", (40, 16, 24), 0)
    network = make_network(BY_NAME["W"], settings, field, 0.01, 0, 0).fit(*parts["train"])
    accuracy, surprise = alone(measures.answers(network, parts["test"]))
    chances = network.predict_proba(parts["test"].X)
    right = np.searchsorted(network.classes_, parts["test"].y)
    assert_allclose(accuracy, 100 * network.score(*parts["test"]))
    assert_allclose(surprise, -np.log(chances[np.arange(24), right]).mean(), rtol=1e-5)


@pytest.mark.parametrize("task", ["one-choice-inference", "go-nogo"])  # four classes, and two
def test_running_accuracy_is_that_of_the_weights_before_each_step(task):
    """With one batch per epoch it is the accuracy on the training trials one epoch earlier."""
    settings = tiny(batch_size=40, noise_level=0.0, epochs=4, learning_rate=0.02)
    parts, field = make_parts(task, (40, 16, 24), 0), field_of(settings, 0, HERE)
    network = make_network(BY_NAME["WDC"], settings, field, 0.01, 0, 0)
    after, running = [], []

    def note(network):
        after.append(alone(measures.answers(network, parts["train"]))[0])
        running.append(network.take_running_accuracy())

    network.set_params(on_epoch=note).fit(*parts["train"])
    assert running[1:] == after[:-1] and len(set(after)) > 1


def test_running_accuracy_counts_all_batches_with_noise():
    """Weights that stand still are judged as `score` does, and by chance in overwhelming noise."""
    parts = make_parts("go-nogo", (47, 16, 24), 0)  # batches of 20, 20 and 7
    settings = tiny(learning_rate=1e-30, epochs=1)
    found = {}
    for noise in (0.0, 1e3):
        quiet = dataclasses.replace(settings, noise_level=noise)
        field = field_of(quiet, 0, HERE)
        network = make_network(BY_NAME["WDC"], quiet, field, 0.01, 0, 0).fit(*parts["train"])
        found[noise] = network.take_running_accuracy(), 100 * network.score(*parts["train"])
    assert found[0.0][0] == pytest.approx(found[0.0][1]) and found[0.0][1] == found[1e3][1]
    assert found[1e3][0] != found[1e3][1]


def test_counting_right_answers_leaves_the_training_alone():
    from sk_biornn import SpatialRNNClassifier

    parts = make_parts("go-nogo", (40, 16, 24), 0)
    network = make_network(BY_NAME["W*D*C"], TINY, field_of(TINY, 0, HERE), 0.01, 0, 0)
    plain = SpatialRNNClassifier(**network.get_params()).fit(*parts["train"])
    assert_array_equal(network.fit(*parts["train"]).W_rec_, plain.W_rec_)
    assert network.loss_curve_ == plain.loss_curve_


def test_trials_of_the_parts_are_disjoint_and_all_there():
    parts = make_parts("perceptual-decision-making", (10, 5, 7), 3)
    X, _ = make_perceptual_decision_making(22, random_state=3)
    assert_array_equal(np.concatenate([parts[name].X for name in parts]), X)
    assert [len(part.y) for part in parts.values()] == [10, 5, 7]


def test_memory_is_worth_three_eighths_of_the_mazes():
    """The levels drawn in the figure: the offered directions alone give 5 of 8 mazes."""
    X, y = make_one_choice_inference(2000, random_state=0)
    offered = X[:, -1, 4:]
    best = 0
    for pattern in np.unique(offered, axis=0):
        labels = y[(offered == pattern).all(axis=1)]
        best += np.bincount(labels).max() / len(y)
    assert abs(best - TASKS["one-choice-inference"].chance) < 0.03


def test_of_several_strengths_the_best_on_validation_is_taken():
    settings = tiny(regu_strength=(0.001, 0.3, 0.03), **GO)
    alone = {}
    for strength in settings.regu_strength:
        record = run_one(Run("go-nogo", "WD", 0), tiny(regu_strength=strength, **GO))
        alone[strength] = record
    best = max(record["validation_accuracy"] for record in alone.values())
    expected = max(s for s, record in alone.items() if record["validation_accuracy"] == best)
    chosen = run_one(Run("go-nogo", "WD", 0), settings)
    assert chosen["regu_strength"] == expected
    for name in ("test_accuracy", "loss", "modularity"):
        assert chosen[name] == alone[expected][name]


def test_a_synthetic_circuit_belongs_to_a_simulation_or_to_all():
    changing = [field_of(TINY, i, HERE).connectome for i in (0, 1)]
    assert not np.array_equal(*changing)
    fixed = tiny(field_per_simulation=False)
    assert_array_equal(*(field_of(fixed, i, HERE).connectome for i in (0, 1)))


# ------------------------------------------------------------------ whole studies


def test_results_are_the_same_in_any_number_of_processes(tmp_path, no_figure):
    settings = {**FEW, "simulations": 2}
    one = run_inductive_bias_study(TINY, n_jobs=1, output=tmp_path / "1", **settings)
    two = run_inductive_bias_study(TINY, n_jobs=2, output=tmp_path / "2", **settings)
    pd.testing.assert_frame_equal(one, two)
    assert files_of(tmp_path / "1") == files_of(tmp_path / "2")
    plain = run_inductive_bias_study(TINY, **settings)
    pd.testing.assert_frame_equal(one, plain)


def test_all_variants_and_tasks_run(whole):
    folder, results = whole
    assert results["error"].isna().all() and len(results) == 33
    expected = list(itertools.product(TASKS, BY_NAME))
    assert list(zip(results["task"], results["variant"], strict=True)) == expected
    baseline = results[results["variant"] == "W"].set_index("task")["test_accuracy"]
    differences = results["test_accuracy"] - baseline[results["task"]].to_numpy()
    assert_allclose(results["test_accuracy_minus_W"], differences)
    for name in ("figure", "curves", "weights"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert len(list((folder / "weights").glob("*.npz"))) == 33


def test_the_files_of_the_original_have_its_names_and_layout(whole):
    folder, results = whole
    home = folder / "synthetic_sttc-corr"
    for task in TASKS.values():
        raw = home / f"Task{task.number}"
        assert {path.name for path in raw.iterdir()} == {f"{name}_raw.csv" for name in METRICS}
    table = pd.read_csv(home / "Task1" / "Accuracy_raw.csv", index_col="simulation")
    assert table.columns.tolist() == list(BY_NAME) and table.index.tolist() == [0]
    runs = results[results["task"] == "one-choice-inference"].set_index("variant")
    assert_allclose(table.loc[0], runs["accuracy"] / 100)
    means = pd.read_csv(home / "metrics.csv")
    spreads = pd.read_csv(home / "metrics_SD.csv")
    assert means.columns.tolist() == ["Task", "Metric", *BY_NAME] == spreads.columns.tolist()
    assert len(means) == len(spreads) == 24
    assert means["Metric"].tolist()[:8] == list(METRICS)
    assert spreads["Metric"].tolist()[:8] == [f"{name}_SD" for name in METRICS]
    assert (spreads[list(BY_NAME)] == 0).all(axis=None)  # one simulation has no spread
    with zipfile.ZipFile(folder / "synthetic_sttc-corr.zip") as archive:
        for name in archive.namelist():
            assert archive.read(name) == (folder / name).read_bytes()
        assert len(archive.namelist()) == 3 * 8 + 3


def test_as_published_the_files_are_those_of_the_original_to_the_letter(tmp_path, no_figure):
    """The order of its dictionary of variants, its config.txt, what Keras reports, its zip."""
    theirs = ["W*D*C", "WD*C", "WDC", "WD*", "WD", "W"]
    theirs += ["W*D*C*", "WD*C*", "W*DC*", "W!D*C", "W!D*C*"]
    options = {"tasks": ["one-choice-inference"], "simulations": 1, "regu_strength": 0.003}
    results = run_inductive_bias_study(TINY, as_published=True, output=tmp_path, **options)
    home = tmp_path / "synthetic_sttc-corr"
    raw = pd.read_csv(home / "Task1" / "Accuracy_raw.csv")
    assert raw.columns.tolist() == ["simulation", *theirs]
    runs = results.set_index("variant")
    assert_allclose(raw.loc[0, theirs].astype(float), runs.loc[theirs, "running_accuracy"] / 100)
    assert not np.allclose(runs["accuracy"], runs["running_accuracy"])
    validation = pd.read_csv(home / "Task1" / "Validation_Accuracy_raw.csv", index_col=0)
    assert_allclose(validation.loc[0], runs.loc[theirs, "validation_accuracy"] / 100)
    for name in ("metrics.csv", "metrics_SD.csv"):
        assert pd.read_csv(home / name).columns.tolist() == ["Task", "Metric", *theirs]
    with zipfile.ZipFile(f"{home}.zip") as archive:
        files = {str(p.relative_to(home)) for p in home.rglob("*") if p.is_file()}
        assert set(archive.namelist()) == files and "Task1/Loss_raw.csv" in files
        for name in files:
            assert archive.read(name) == (home / name).read_bytes()
    written = (home / "config.txt").read_text()
    grid = field_of(TINY, 0, HERE).grid
    assert written == (
        "session = synthetic\nscan = synthetic\nfield = synthetic\nsimulations = 1\n"
        f"number_of_nodes = 12\nnetwork_grid = {grid}\nsign_constraint = False\n"
        "use_only_sttc = False\nuse_precison_matrix = False\nnoise_level = 0.05\n"
        "regu_strength = 0.003\nemd_strength = 0.1\nactivation_function = relu\n"
        "random_network_initialization = Orthogonal\n"
    )


def test_as_published_is_a_matter_of_these_files_alone(tmp_path, no_figure):
    for name, as_published in (("ours", False), ("theirs", True)):
        options = {**FEW, "as_published": as_published, "output": tmp_path / name}
        run_inductive_bias_study(TINY, **options)
    ours, theirs = files_of(tmp_path / "ours"), files_of(tmp_path / "theirs")
    assert set(ours) == set(theirs)
    differing = {name for name in ours if ours[name] != theirs[name]}
    layout = {name for name in ours if name.startswith("synthetic_")}
    settings = {name for name in ours if name.startswith("runs")} | {"settings.json"}
    assert differing <= layout | settings and "synthetic_sttc-corr/config.txt" in differing


def test_only_the_paper_preset_writes_as_published():
    published = {name for name, preset in INDUCTIVE_BIAS_PRESETS.items() if preset.as_published}
    assert published == {"paper"}
    for name, preset in INDUCTIVE_BIAS_PRESETS.items():
        assert preset.truncated_normal == (name == "paper")
        assert preset.grid_order == ("yxz" if name == "paper" else "xyz")


def strike_by_lightning(monkeypatch):
    """Have the run of W*D*C in simulation 1 fail."""
    from sk_biornn.studies.inductive_bias import job

    original = job.make_network

    def failing(variant, settings, field, strength, weights_seed, seed):
        if variant.name == "W*D*C" and seed == seed_of(0, "go-nogo", 1, "training"):
            raise RuntimeError("lightning struck")
        return original(variant, settings, field, strength, weights_seed, seed)

    monkeypatch.setattr(job, "make_network", failing)


def test_as_published_a_mean_over_failed_runs_is_missing(tmp_path, no_figure, monkeypatch):
    strike_by_lightning(monkeypatch)
    options = {**FEW, "simulations": 3, "as_published": True, "output": tmp_path}
    run_inductive_bias_study(TINY, **options)
    home = tmp_path / "synthetic_sttc-corr"
    raw = pd.read_csv(home / "Task2" / "Entropy_raw.csv", index_col=0)
    assert np.isnan(raw.loc[1, "W*D*C"]) and raw.notna().sum().sum() == 5
    line = (home / "metrics.csv").read_text().splitlines()[-1]
    assert line.startswith("Task2,Entropy,,")  # empty for W*D*C, which comes first
    assert float(line.split(",")[-1]) == pytest.approx(raw["W"].mean())
    spreads = pd.read_csv(home / "metrics_SD.csv").set_index("Metric")
    kept = raw["W*D*C"].dropna().to_numpy()
    assert_allclose(spreads.loc["Entropy_SD", "W*D*C"], kept.std(ddof=1))


def test_means_and_spreads_leave_failures_out(tmp_path, no_figure, monkeypatch):
    strike_by_lightning(monkeypatch)
    options = {**FEW, "simulations": 4, "output": tmp_path}
    results = run_inductive_bias_study(TINY, **options)
    assert results["error"].notna().sum() == 1
    assert results["error"].dropna().item() == "RuntimeError: lightning struck"
    home = tmp_path / "synthetic_sttc-corr"
    raw = pd.read_csv(home / "Task2" / "Validation_Accuracy_raw.csv", index_col=0)
    assert np.isnan(raw.loc[1, "W*D*C"]) and raw.notna().sum().sum() == 7
    means = pd.read_csv(home / "metrics.csv").set_index("Metric")
    spreads = pd.read_csv(home / "metrics_SD.csv").set_index("Metric")
    kept = raw["W*D*C"].dropna().to_numpy()
    assert_allclose(means.loc["Validation_Accuracy", "W*D*C"], kept.mean())
    assert_allclose(spreads.loc["Validation_Accuracy_SD", "W*D*C"], kept.std(ddof=1))
    summary = pd.read_csv(tmp_path / "summary.csv").set_index(["variant", "metric"])
    assert summary.loc[("W*D*C", "modularity"), ["n", "n_failed"]].tolist() == [3, 1]
    monkeypatch.undo()  # resumed, the failed run is tried again, and only that one
    leave_figures_out(monkeypatch)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    again = run_inductive_bias_study(TINY, resume=True, **options)
    assert again["error"].isna().all()
    rewritten = [path.name for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp]
    assert rewritten == ["go-nogo_WmDmC_001.json"]


def test_config_and_folder_have_the_words_of_the_original():
    lines = config_text(INDUCTIVE_BIAS_PRESETS["paper"], 312, (12, 13, 2)).splitlines()
    settings = dict(line.split(" = ") for line in lines)
    assert settings["simulations"] == "20" and settings["network_grid"] == "(12, 13, 2)"
    assert settings["regu_strength"] == "0.3" and settings["TASK3"] == "True"
    assert settings["random_network_initialization"] == "Orthogonal"
    measured = make_settings("paper", {"field": "6_6_2", "sign_constraint": True})
    assert folder_name(measured) == "6_6_2_sttc-corr_sign+"
    assert folder_name(dataclasses.replace(measured, use_precision_matrix=True)) == (
        "6_6_2_sttc-precision_sign+"
    )
    assert folder_name(make_settings("fair", {"use_only_sttc": True})) == "synthetic_sttc"
    for as_published in (False, True):
        written = config_text(measured, 312, (12, 13, 2), as_published=as_published)
        assert "session = 6\nscan = 6\nfield = 2\n" in written
        assert written.startswith("session") == as_published
    cut = make_settings("paper", {"random_network_initialization": "he_normal"})
    assert "= HeNormal\n" in config_text(cut, 312, (12, 13, 2), as_published=True)


# The runs of a study in a process that is killed whenever one or two more records are there, the
# last times with two workers of either kind. All are forks of one that has imported everything:
# seven deaths cost one start, and two of the workers of joblib's usual kind.
KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import joblib
sys.path.insert(0, {tests!r})
from test_study_inductive_bias import TINY
from sk_biornn.studies import run_inductive_bias_study
run_inductive_bias_study(TINY, simulations=1, tasks=("go-nogo",), variants=("W",))  # warm
kept = {{}}
random.seed(0)
for n_jobs, backend in [(1, "loky")] * 5 + [(2, "multiprocessing"), (2, "loky")]:
    wanted = len(kept) + random.randint(1, 2)
    child = os.fork()
    if child == 0:
        os.setsid()
        with joblib.parallel_config(backend=backend):
            run_inductive_bias_study(
                TINY, simulations=1, output={output!r}, resume=True, n_jobs=n_jobs
            )
        os._exit(3)
    records = lambda: {{p.name: p.stat().st_mtime_ns for p in Path({output!r}).glob("runs/*.json")}}
    while len(records()) < wanted:
        time.sleep(random.uniform(0.0, 0.03))
    os.killpg(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert kept.items() <= (kept := records()).items()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")
def test_a_study_killed_seven_times_ends_with_the_same_files(whole, tmp_path):
    """Killed with SIGKILL, workers and all, and resumed: nothing finished is lost or redone."""
    output = tmp_path / "killed"
    code = KILLED.format(tests=str(Path(__file__).parent), output=str(output))
    subprocess.run([sys.executable, "-c", code], check=True)
    kept = {path: path.stat().st_mtime_ns for path in output.glob("runs/*.json")}
    assert 7 <= len(kept) < 33 and not (output / "results.csv").exists()
    run_inductive_bias_study(TINY, simulations=1, output=output, resume=True)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in kept.items())
    assert files_of(output) == files_of(whole[0])


def test_another_study_in_the_folder_is_not_mixed_up_and_not_lost(tmp_path, no_figure):
    run_inductive_bias_study(TINY, output=tmp_path, **FEW)
    before = files_of(tmp_path)
    for resume in (True, False):
        with pytest.raises(ValueError, match="other settings: noise_level"):
            run_inductive_bias_study(TINY, output=tmp_path, noise_level=0.2, resume=resume, **FEW)
    assert files_of(tmp_path) == before
    other = {**FEW, "variants": ("W",), "sign_constraint": True}
    run_inductive_bias_study(TINY, output=tmp_path, overwrite=True, **other)
    # Nothing of the first study is left among the files of the second.
    names = set(files_of(tmp_path))
    assert not any("WmDmC" in name or name.startswith("synthetic_sttc-corr/") for name in names)
    assert "synthetic_sttc-corr_sign+/config.txt" in names


def test_a_measured_field_brings_its_size_its_grid_and_its_matrices(tmp_path, no_figure):
    from test_microns import field_bytes, pieces

    home = tmp_path / "info" / "6_6_2"
    home.mkdir(parents=True)
    made = pieces()
    for name, content in field_bytes((6, 6, 2), made).items():
        (home / name).write_bytes(content)
    settings = tiny(field="6_6_2", network_grid=(3, 2, 2), **FEW)
    assert settings.number_of_nodes is None
    field = field_of(settings, 0, Source(str(tmp_path)))
    assert_array_equal(field.connectome, made["connectome"].T)  # [pre, post] in the file
    output = tmp_path / "out"
    results = run_inductive_bias_study(settings, data_home=tmp_path, output=output)
    assert results["error"].isna().all()
    assert (output / "6_6_2_sttc-corr" / "config.txt").read_text().count("6") >= 2
    with pytest.raises(ValueError, match=r"number_of_nodes must be 12, as many as field 6_6_2 has"):
        run_inductive_bias_study(settings, data_home=tmp_path, number_of_nodes=24)
    with pytest.raises(FileNotFoundError, match="4_7_2"):
        run_inductive_bias_study(settings, data_home=tmp_path, field="4_7_2")


def test_a_study_of_another_field_is_not_continued(tmp_path, no_figure):
    from test_microns import field_bytes, pieces

    home = tmp_path / "info" / "6_6_2"
    home.mkdir(parents=True)
    options = {**FEW, "field": "6_6_2", "network_grid": (3, 2, 2), "simulations": 1}
    options |= {"data_home": tmp_path, "output": tmp_path / "out"}
    for seed in (0, 0, 1):
        for name, content in field_bytes((6, 6, 2), pieces(seed=seed)).items():
            (home / name).write_bytes(content)
        if seed == 0:
            run_inductive_bias_study(TINY, resume=True, **options)
            continue
        with pytest.raises(ValueError, match="other settings: input_data"):
            run_inductive_bias_study(TINY, resume=True, **options)
        run_inductive_bias_study(TINY, overwrite=True, **options)  # of the files as they are now
    source = Source(str(tmp_path), expected="of other files")
    with pytest.raises(ValueError, match="the files of field 6_6_2 have changed since the study"):
        field_of(tiny(field="6_6_2", network_grid=(3, 2, 2)), 0, source)


def test_weights_that_are_missing_are_computed_anew_or_named(tmp_path, capsys, monkeypatch):
    options = {**FEW, "simulations": 1, "output": tmp_path}
    with monkeypatch.context() as patch:
        leave_figures_out(patch)
        run_inductive_bias_study(TINY, **options)
    path = tmp_path / "weights" / "go-nogo_W_000.npz"
    before = path.read_bytes()
    path.write_bytes(before[: len(before) // 2])
    assert main(["report", str(tmp_path)]) == 2
    assert f"{path} is damaged (BadZipFile); remove it and resume" in capsys.readouterr().err
    path.unlink()
    assert main(["report", str(tmp_path)]) == 2
    assert f"{path} is missing; resume the study" in capsys.readouterr().err
    leave_figures_out(monkeypatch)
    run_inductive_bias_study(TINY, resume=True, **options)
    assert path.read_bytes() == before


def test_quick_and_fair_share_their_repairs():
    fair, quick = (INDUCTIVE_BIAS_PRESETS[name] for name in ("fair", "quick"))
    sizes = {"preset", "simulations", "number_of_nodes", "n_train", "n_validation", "n_test"}
    differing = {
        field.name
        for field in dataclasses.fields(fair)
        if getattr(fair, field.name) != getattr(quick, field.name)
    }
    assert differing == sizes


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"preset": "huge"}, r"preset must be one of \['quick', 'paper', 'fair', 'tuned'\]"),
        ({"preset": 3}, "preset must be a name or Settings, got int"),
        ({"colour": 1}, r"settings must be among .*, got \['colour'\]"),
        ({"tasks": ["maze"]}, "tasks must be one of .*, got 'maze'"),
        ({"tasks": "go-nogo"}, "tasks must be names among .*, got 'go-nogo'"),
        ({"variants": []}, "variants must be names among"),
        ({"variants": ["W", "W"]}, "variants must not name one twice"),
        ({"simulations": 0}, "simulations must be an integer of at least 1, got 0"),
        ({"random_state": "a"}, "random_state must be an integer of at least 0, got 'a'"),
        ({"number_of_nodes": None}, "number_of_nodes must be an integer of at least 4, got None"),
        ({"network_grid": (5, 5, 5)}, "network_grid must be three positive integers .* is 96"),
        ({"field": "666"}, "field must be 'synthetic' or session_scan_field"),
        ({"field": 6}, "field must be 'synthetic' or session_scan_field"),
        ({"regu_strength": "strong"}, "regu_strength must be a number or several, got 'strong'"),
        ({"regu_strength": [0.1, -1]}, "regu_strength must be a number of at least 0"),
        ({"regu_strength": []}, "regu_strength must be a number or several"),
        ({"noise_level": float("nan")}, "noise_level must be a number of at least 0, got nan"),
        ({"learning_rate": 0.0}, "learning_rate must be a number greater than 0, got 0.0"),
        ({"sign_constraint": 1}, "sign_constraint must be True or False, got 1"),
        ({"activation_function": "sine"}, "activation_function must be one of"),
        ({"random_network_initialization": "Orthogonal"}, "random_network_initialization must be"),
        ({"small_world_null": "none"}, "small_world_null must be one of"),
        ({"grid_order": "zyx"}, r"grid_order must be one of \['xyz', 'yxz'\], got 'zyx'"),
        ({"as_published": 1}, "as_published must be True or False, got 1"),
        ({"truncated_normal": "yes"}, "truncated_normal must be True or False, got 'yes'"),
        (
            {"use_only_sttc": True, "use_precision_matrix": True},
            "use_only_sttc and use_precision_matrix must not both be True",
        ),
        ({"n_jobs": 0}, "n_jobs must be a positive int"),
    ],
)
def test_bad_settings_get_one_sentence(settings, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        run_inductive_bias_study(**settings)


def test_settings_files_are_read_and_options_win(tmp_path, capsys, no_figure):
    toml = tmp_path / "study.toml"
    toml.write_text(
        'preset = "quick"\ntasks = ["go-nogo"]\nvariants = ["W"]\nsimulations = 2\nepochs = 1\n'
        "number_of_nodes = 12\nn_train = 20\nregu_strength = 0.1\nrandom_state = 4\n"
    )
    command = ["study", "inductive-bias", "--settings", str(toml), "--simulations", "1"]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main([*command, "--regu-strength", "0.2", "0.02", "--output", str(first)]) == 0
    settings = json.loads((first / "settings.json").read_text())
    assert settings["simulations"] == 1 and settings["regu_strength"] == [0.2, 0.02]
    assert settings["random_state"] == 4 and settings["preset"] == "quick"
    # The settings that a study leaves are a settings file: the same study once more.
    repeat = ["--settings", str(first / "settings.json"), "--output", str(second)]
    assert main(["study", "inductive-bias", *repeat]) == 0
    assert files_of(first) == files_of(second)
    capsys.readouterr()
    for name, content in (("a.toml", "= 3"), ("a.json", "["), ("b.json", '{"study": "dale"}')):
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=f"settings file '.*{name}' is not"):
            read_choices(tmp_path / name, "inductive-bias")
    with pytest.raises(ValueError, match=r"settings file '.*none.toml' cannot be read"):
        read_choices(tmp_path / "none.toml", "inductive-bias")


def test_command_prints_tables_and_names_failures(tmp_path, capsys, no_figure):
    options = "--tasks go-nogo --variants W WD --simulations 2 --number-of-nodes 12 --n-train 20"
    command = ["study", "inductive-bias", *options.split(), "--epochs", "1"]
    assert main([*command, "--output", str(tmp_path / "fine")]) == 0
    printed = capsys.readouterr().out
    assert "go / no-go: test accuracy in % (without memory 50, at best 100)" in printed
    assert (
        "WD - W" in printed
        and as_text([NOTE]) in printed
        and str(tmp_path / "fine" / "comparisons.csv") in printed
    )
    assert main(["report", str(tmp_path / "fine")]) == 0
    assert capsys.readouterr().out == printed
    assert json.loads((tmp_path / "fine" / "settings.json").read_text())["as_published"] is False
    options = ["--as-published", "--truncated-normal", "--grid-order", "yxz"]
    assert main([*command, *options, "--output", str(tmp_path / "theirs")]) == 0
    settings = json.loads((tmp_path / "theirs" / "settings.json").read_text())
    assert settings["as_published"] and settings["truncated_normal"]
    assert settings["grid_order"] == "yxz"
    capsys.readouterr()
    wild = [*command, "--learning-rate", "1e38", "--output", str(tmp_path / "wild")]
    assert main(wild) == 1
    captured = capsys.readouterr()
    assert captured.err.count("sk-biornn: failed: go-nogo W") == 4
    assert "DivergenceError" in captured.err and "0 (2 failed)" in captured.out


def test_a_field_that_is_not_there_is_refused_before_anything_runs(tmp_path, capsys):
    command = ["study", "inductive-bias", "--field", "6_6_2", "--data-home", str(tmp_path)]
    assert main([*command, "--output", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert "MICrONS field 6_6_2 was not found" in message and "--resume" not in message
    assert not (tmp_path / "out").exists()


def test_study_all_runs_every_study_and_the_worst_code_counts(tmp_path, monkeypatch, capsys):
    from sk_biornn.cli import _commands
    from sk_biornn.cli._studies import STUDIES

    seen = []

    def note(command, arguments):
        seen.append(vars(arguments))
        return STUDIES.index(command)

    monkeypatch.setattr(_commands, "run", note)
    index = "sk_biornn.studies._write_report.write_index"
    monkeypatch.setattr(index, lambda folder: folder / "report.html")
    assert (
        main(["study", "all", "--output", str(tmp_path), "--n-jobs", "2", "--resume"])
        == len(STUDIES) - 1
    )
    assert [s["output"] for s in seen] == [tmp_path / command.name for command in STUDIES]
    assert all(s["n_jobs"] == 2 and s["resume"] and not s["overwrite"] for s in seen)
    printed = capsys.readouterr().out
    assert printed.count("==> ") == len(STUDIES)
    assert printed.splitlines()[-1] == f"all pages: {tmp_path / 'report.html'}"


def test_a_report_of_a_study_that_is_not_known_is_refused(tmp_path, capsys):
    (tmp_path / "settings.json").write_text('{"study": "astrology"}')
    assert main(["report", str(tmp_path)]) == 2
    assert "got 'astrology'" in capsys.readouterr().err


# ------------------------------------------------------------------ statistics


def made_results(rng, n=6):
    """Results with known differences: WD is W plus 1 to 6, W*D*C is W plus nothing."""
    rows = []
    for simulation in range(n):
        base = 60 + rng.normal()
        for variant, value in (("W", base), ("WD", base + 1 + simulation), ("WD*", base)):
            rows.append({"task": "go-nogo", "variant": variant, "simulation": simulation})
            rows[-1] |= dict.fromkeys(
                (*measures.GRAPH_METRICS, *measures.QUANTITIES, "test_accuracy"), value
            )
            rows[-1]["best_epoch_test_accuracy"] = value + simulation * (variant == "WD*")
    return results_frame([{**row, "error": None} for row in rows])


def test_differences_are_paired_and_corrected():
    results = made_results(np.random.default_rng(0))
    table = compare_variants(results).query("metric == 'test_accuracy'").set_index("variant")
    row = table[table["control"] == "W"].loc["WD"]
    steps = np.arange(1.0, 7.0)
    expected = scipy.stats.ttest_1samp(steps, 0).confidence_interval(0.95)
    assert_allclose([row["difference"], row["low"], row["high"]], [3.5, *expected])
    assert_allclose(row["p"], scipy.stats.ttest_1samp(steps, 0).pvalue)
    wide = scipy.stats.ttest_1samp(steps, 0).confidence_interval(1 - 0.05 / len(table))
    assert_allclose([row["simultaneous_low"], row["simultaneous_high"]], list(wide))
    nothing = table[table["control"] == "W"].loc["WD*"]
    assert nothing["difference"] == 0 and nothing["p"] == 1.0
    at_best = compare_variants(results).query("metric == 'best_epoch_test_accuracy'")
    at_best = at_best[at_best["control"] == "W"].set_index("variant")["difference"]
    assert_allclose(at_best[["WD", "WD*"]], [3.5, 2.5])
    summary = summarise_variants(results).query("metric == 'test_accuracy'").set_index("variant")
    values = results[results["variant"] == "WD"]["test_accuracy"]
    assert_allclose(summary.loc["WD", ["mean", "sd"]].astype(float), [values.mean(), values.std()])


def test_holm_is_the_step_down_of_its_definition():
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.005, 0.5])
    finite = np.sort(p[np.isfinite(p)])
    for value, adjusted in zip(p, holm(p.tolist()), strict=True):
        if np.isnan(value):
            assert np.isnan(adjusted)
            continue
        # The smallest level at which the step-down procedure rejects this hypothesis.
        rank = int(np.searchsorted(finite, value))
        steps = [(len(finite) - i) * finite[i] for i in range(rank + 1)]
        assert_allclose(adjusted, min(1.0, max(steps)))
    assert holm([]).size == 0


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([0, 0, 0], 1.0),
        ([2, 2], np.nan),
        ([-2, -2, -2], np.nan),
        ([93.3 - 92.7, 93.4 - 92.8], np.nan),  # equal but for rounding
        ([1e-5, 2e-5, 1e-5 * (3 + 1e-9)], 0.0741799),  # t = 2 sqrt(3), 2 degrees of freedom
        ([2, 3], np.nan),  # two pairs are no test
        ([1], np.nan),
        ([], np.nan),
    ],
)
def test_p_of_differences_without_spread(differences, expected):
    assert_allclose(paired_p(np.array(differences, dtype=float)), expected, rtol=1e-5)


def test_distances_of_the_penalty_are_euclidean():
    import torch

    points = np.random.default_rng(0).random((5, 3))
    assert_allclose(
        pairwise_distances(torch.from_numpy(points)).numpy(),
        scipy.spatial.distance.cdist(points, points),
        atol=1e-12,
    )


def test_halves_of_a_killed_study_are_removed_wherever_they_lie(tmp_path, no_figure):
    run_inductive_bias_study(TINY, output=tmp_path, **FEW)
    before = files_of(tmp_path)
    for name in ("runs/.a.json", "weights/.go-nogo_W_000.npz", ".results.csv", "..lock"):
        (tmp_path / f"{name}.x9mnyb31~").write_bytes(b"PK")
    (tmp_path / "sub").mkdir()
    own = [".notes~", ".notes.x9mnyb31~", "runs/.a.txt.x9mnyb31~", "sub/.results.csv.x9mnyb31~"]
    for name in own:
        (tmp_path / name).write_text("somebody's own")
    run_inductive_bias_study(TINY, output=tmp_path, resume=True, **FEW)
    for name in own:
        (tmp_path / name).unlink()
    (tmp_path / "sub").rmdir()
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("preset", ["paper", "fair"])
def test_networks_of_the_paper_train_as_keras_does(preset):
    from sk_biornn.biology import NonNegative
    from sk_biornn.estimators import Adam

    settings = make_settings(preset, {"sign_constraint": True, "number_of_nodes": 12})
    network = make_network(BY_NAME["W"], settings, field_of(settings, 0, HERE), 0.3, 0, 0)
    keras = preset == "paper"
    assert network.solver == Adam(1e-7, "keras" if keras else "torch")
    assert network.two_classes == ("softmax" if keras else "log-odds")
    assert network.dale == NonNegative(momentum="kept" if keras else "cut")
