"""Pictures of spectra, of networks in space and of trials: the numbers that they show."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.sparse import csr_array

from sk_biornn.datasets import make_delayed_match_to_sample, make_go_nogo
from sk_biornn.plots import (
    InteractionDisplay,
    LearningCurveDisplay,
    PredictionDisplay,
    SpatialNetworkDisplay,
    SpectrumDisplay,
    StudyDisplay,
    TaskDisplay,
    WeightMatrixDisplay,
)
from sk_biornn.plots._style import EXCITATORY, INHIBITORY


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# ------------------------------------------------------------------ spectra

ROTATION = np.array([[0.6, -0.8], [0.8, 0.6]])  # eigenvalues exp(+-i atan(4/3))


def test_eigenvalues_of_a_rotation_lie_on_the_unit_circle():
    display = SpectrumDisplay.from_weights(2 * ROTATION).plot()
    x, y = display.line_.get_data()
    np.testing.assert_allclose(sorted(y), [-1.6, 1.6])
    np.testing.assert_allclose(x, 1.2)
    (circle,) = [line for line in display.ax_.lines if line.get_gid() == "unit circle"]
    np.testing.assert_allclose(np.hypot(*circle.get_data()), 1)
    assert display.ax_.get_title(loc="right") == "spectral radius 2"
    assert display.ax_.get_aspect() == 1


def test_singular_values_are_ranked_and_spectra_share_axes():
    W = np.diag([1.0, -3.0, 2.0])
    fitted = SimpleNamespace(W_rec_=csr_array(W))
    figure, ax = plt.subplots()
    display = SpectrumDisplay.from_estimator(fitted).plot(ax, kind="singular values", label="a")
    np.testing.assert_allclose(display.line_.get_ydata(), [3, 2, 1])
    assert ax.get_legend().get_texts()[0].get_text() == "a (largest 3)"
    for name in ("a", "b"):
        SpectrumDisplay.from_weights(W).plot(ax, label=name)
    assert sum(line.get_gid() == "unit circle" for line in ax.lines) == 1
    assert display.ax_ is ax and display.figure_ is figure


def test_labelled_weights_are_turned_first():
    frame = pd.DataFrame([[1.0, 9.0], [0.0, 2.0]], ["a", "b"], ["b", "a"])
    values = SpectrumDisplay.from_weights(frame).eigenvalues
    np.testing.assert_allclose(values, np.linalg.eigvals([[9.0, 1.0], [2.0, 0.0]])[[0, 1]])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SpectrumDisplay.from_weights(np.ones((2, 3))), "W must be a square matrix"),
        (lambda: SpectrumDisplay.from_weights(np.eye(2)).plot(kind="both"), "kind must be"),
        (lambda: SpectrumDisplay.from_estimator(SimpleNamespace()), "must be fitted"),
    ],
)
def test_spectra_refuse_what_does_not_fit(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


# ------------------------------------------------------------------ space

XYZ = np.array([[0.0, 0.0, 5.0], [3.0, 0.0, 5.0], [0.0, 40.0, 5.0]])
WIRES = np.array([[7.0, -0.5, 0.0], [1.0, 0.0, 0.0], [0.25, 0.0, 0.0]])


def test_wires_run_from_pre_to_post_in_the_widest_dimensions():
    display = SpatialNetworkDisplay.from_weights(WIRES, XYZ, signs=[1, -1, 0]).plot(unit="um")
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x (um)", "y (um)")
    wires = display.wires_.get_segments()  # the weakest first; the autapse has no length
    np.testing.assert_array_equal(wires[-1], [[0, 0], [3, 0]])
    np.testing.assert_array_equal(wires[0], [[0, 0], [0, 40]])
    np.testing.assert_allclose(display.wires_.get_linewidths(), [0.625, 1.25, 2.5])
    colours = [to_hex(colour).upper() for colour in display.wires_.get_colors()]
    assert colours == [EXCITATORY, INHIBITORY, EXCITATORY]
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[:3] == ["excitatory", "free", "inhibitory"]
    assert labels[3:] == ["|w| = 0.25", "|w| = 0.5", "|w| = 1"]


def test_the_strongest_wires_are_drawn_and_the_number_said():
    display = SpatialNetworkDisplay.from_weights(csr_array(WIRES), XYZ).plot(n_wires=2)
    assert len(display.wires_.get_segments()) == 2
    assert display.ax_.get_title(loc="right") == "2 strongest of 3 connections"
    none = SpatialNetworkDisplay.from_weights(WIRES, XYZ).plot(n_wires=0, dimensions=(2, 0))
    assert len(none.wires_.get_segments()) == 0 and none.ax_.get_xlabel() == "z"


def test_estimators_bring_their_coordinates_and_labels_are_aligned():
    names = ["a", "b", "c"]
    where = pd.DataFrame(XYZ[::-1], names[::-1], ["x", "y", "z"])
    fitted = SimpleNamespace(
        W_rec_=WIRES, coordinates=where, unit_names_=names, signs_=np.array([1.0, -1.0, 1.0])
    )
    display = SpatialNetworkDisplay.from_estimator(fitted)
    np.testing.assert_array_equal(display.positions, XYZ)
    with pytest.raises(ValueError, match="coordinates must be given for an estimator without"):
        SpatialNetworkDisplay.from_estimator(SimpleNamespace(W_rec_=WIRES, coordinates=None))
    with pytest.raises(ValueError, match="dimensions must be below 3, got 3"):
        display.plot(dimensions=(0, 3))
    grid = SpatialNetworkDisplay.from_weights(np.ones((4, 4)), (2, 2, 1))
    assert grid.positions.shape == (4, 3)


# ------------------------------------------------------------------ trials


def test_a_label_per_trial_is_judged_at_the_last_step():
    X, y = make_go_nogo(4, random_state=0)
    display = TaskDisplay.from_trials(X, y, trial=1, dt=20.0)
    assert np.flatnonzero(display.judged).tolist() == [39]
    ax = display.plot(xlabel="time (ms)").ax_
    assert ax.get_xlim() == (-10, 790) and ax.get_xlabel() == "time (ms)"
    assert [text.get_text() for text in ax.texts] == [str(y[1])]


def test_what_is_masked_is_not_judged():
    X, y = make_delayed_match_to_sample(3, random_state=0)
    display = TaskDisplay.from_trials(X, y)
    n_steps = len(display.inputs)
    np.testing.assert_array_equal(display.judged[:, 0], ~np.ma.getmaskarray(y)[0, :n_steps])
    words = [[None, "left", "left"], ["right", None, "left"]]
    other = TaskDisplay.from_trials(np.zeros((2, 3, 1)), words, trial=1)
    assert other.judged[:, 0].tolist() == [True, False, True]
    assert [text.get_text() for text in other.plot().ax_.texts] == ["right", "left"]


def test_numbers_and_weights_of_steps():
    X = np.zeros((2, 4, 2))
    y = np.arange(16.0).reshape(2, 4, 2)
    y[1, 0] = np.nan
    weights = np.ones((2, 4))
    weights[1, 3] = 0
    display = TaskDisplay.from_trials(X, y, trial=1, sample_weight=weights)
    assert display.judged[:, 0].tolist() == [False, True, True, False]
    assert len(display.plot().ax_.get_yticks()) == 4
    last = TaskDisplay.from_trials(X, y[:, 0], labels=False)
    assert last.judged[:, 1].tolist() == [False, False, False, True]
    assert last.target[3].tolist() == [0.0, 1.0]


def test_trials_of_unequal_length_end_where_they_end():
    X = [np.zeros((5, 1)), np.zeros((3, 1))]
    assert TaskDisplay.from_trials(X, [0, 1], trial=1).inputs.shape == (3, 1)
    padded = np.full((2, 5, 1), np.nan)
    padded[1, :3] = 0
    assert TaskDisplay.from_trials(padded, [0, 1], trial=1).inputs.shape == (3, 1)


def test_many_inputs_are_a_picture():
    display = TaskDisplay.from_trials(np.random.default_rng(0).random((1, 9, 50)), [1]).plot()
    assert display.ax_.images[0].get_array().shape == (50, 9)
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["50 inputs", "target"]


X3 = np.zeros((2, 3, 1))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"y": [0]}, "y must have one entry per trial, 2, got 1"),
        ({"trial": 2}, r"trial must be an integer in \[0, 1\], got 2"),
        ({"X": np.zeros((2, 3))}, r"X must be \(n_trials, n_steps, n_features\), got shape"),
        ({"y": np.zeros((2, 3))}, "labels must be True or False for a y of floats"),
        ({"y": [[0, 1], [0, 1]]}, "y must have an answer per step of trial 0, 3, got 2"),
        ({"input_names": ["a", "b"]}, "input_names must have 1 names, got 2"),
        ({"sample_weight": np.ones((2, 2))}, "sample_weight must have a weight per trial or per"),
    ],
)
def test_trials_that_do_not_fit_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        TaskDisplay.from_trials(**{"X": X3, "y": [0, 1], **arguments})


# ------------------------------------------------------------------ what all have in common


def test_displays_of_one_estimator_and_of_several():
    fitted = SimpleNamespace(loss_curve_=[2.0, 1.0, 3.0, 1.0], n_iter_dense_=2)
    display = LearningCurveDisplay.from_estimator(fitted).plot()
    assert display.pruned == 2 and [text.get_text() for text in display.ax_.texts] == [" pruned"]
    assert LearningCurveDisplay.from_estimators([fitted, fitted]).pruned == 2
    W = np.array([[0.0, -1.0], [2.0, 0.0]])
    one = InteractionDisplay.from_estimator(W, labels=["E", "I"])
    assert one.n_runs == 1 and one.values.loc["I", "E"] == 2.0


def test_panels_take_the_place_of_an_axes():
    steps = np.arange(5.0)
    display = PredictionDisplay(steps[:, None], {"a": steps[:, None]}, ["rate"], steps)
    figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    size = figure.get_size_inches().tolist()
    display.plot(right)
    assert right not in figure.axes and display.ax_ is display.axes_[0, 0]
    assert display.ax_.get_position().x0 >= 0 and figure.get_size_inches().tolist() == size
    figure.draw_without_rendering()
    assert display.ax_.get_window_extent().x0 > left.get_window_extent().x1
    with pytest.warns(FutureWarning, match="figure= is now ax="):
        display.plot(figure=plt.figure())
    with pytest.raises(TypeError, match="ax must be None, a matplotlib Axes or a Figure, got 3"):
        display.plot(3)


def test_a_study_takes_the_place_of_an_axes():
    run = {"task": "digits", "arm": "abs", "init": "ours", "simulation": 0}
    results = pd.DataFrame([{**run, "metric": "accuracy", "score": 95.0, "baseline_score": 10}])
    curves = pd.DataFrame([{**run, "epoch": 1, "score": 80}, {**run, "epoch": 2, "score": 95}])
    figure, axes = plt.subplots(1, 2, layout="constrained")
    display = StudyDisplay.from_tables(results, curves).plot(axes[1])
    figure.draw_without_rendering()
    assert display.ax_.get_window_extent().x0 > axes[0].get_window_extent().x1


def test_populations_are_named_where_they_stand():
    table = pd.DataFrame({"population": ["E", "I"], "n_units": [3, 1]})
    fitted = SimpleNamespace(W_rec_=np.eye(4), signs_=None, populations_=table)
    ax = WeightMatrixDisplay.from_estimator(fitted).plot().ax_
    assert [text.get_text() for text in ax.get_yticklabels()] == ["E", "I"]
    assert ax.get_yticks().tolist() == [1.0, 3.0]
    assert next(line.get_ydata()[0] for line in ax.lines) == 2.5
    with pytest.raises(ValueError, match="populations must have one name per unit"):
        WeightMatrixDisplay.from_weights(np.eye(3), populations=["E", "I"])
    with pytest.raises(ValueError, match="sort must be False with populations"):
        WeightMatrixDisplay.from_weights(np.eye(2), populations=["E", "I"], sort=True)
    assert WeightMatrixDisplay.from_estimator(fitted, sort=True).populations is None


def test_sizes_and_numbers_have_keys_and_loops_have_heads():
    names = ["V1_L4", "V1_L5"]
    values = pd.DataFrame([[1.0, np.nan], [2.0, 3.0]], names, names)
    sizes = pd.DataFrame([[0.1, np.nan], [0.2, 0.4]], names, names)
    for kind in ("bubbles", "graph"):
        legend = InteractionDisplay(values, sizes, n_runs=5).plot(kind=kind).ax_.get_legend()
        assert legend.get_title().get_text() == "density, n = 5"
        assert [text.get_text() for text in legend.get_texts()] == ["0.1", "0.2", "0.4"]
    heat = InteractionDisplay(values, n_runs=(5, 6)).plot()
    assert heat.ax_.get_title(loc="right") == "n = 5 and 6" and heat.ax_.patch.get_hatch()
    assert not InteractionDisplay(values.fillna(0.0)).plot().ax_.patch.get_hatch()
    graph = InteractionDisplay(values, sizes).plot(kind="graph")
    loops = [patch for patch in graph.ax_.patches if patch._path_original is not None]
    assert [type(loop.get_arrowstyle()).__name__ for loop in loops] == ["CurveFilledB"] * 2
