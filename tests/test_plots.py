"""Pictures: the numbers that they show, not their pixels."""

from __future__ import annotations

import copy
import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy import stats
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, plots
from sk_biornn.datasets import make_delayed_match_to_sample
from sk_biornn.inspection import compare
from sk_biornn.plots import (
    InteractionDisplay,
    LearningCurveDisplay,
    PredictionDisplay,
    StudyDisplay,
    WeightMatrixDisplay,
)
from sk_biornn.plots._layer_graph import places_of
from sk_biornn.plots._learning_curve import mean_and_band
from sk_biornn.plots._style import EXCITATORY, INHIBITORY
from sk_biornn.preprocessing import TrialScaler


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# ------------------------------------------------------------------ weights

SIGNS = np.array([-1.0, 1.0, 1.0])
W = np.array([[-0.1, 0.2, 0.0], [-0.4, 0.5, 0.9], [-0.7, 0.3, 0.6]])


def test_weight_matrix_shows_post_in_rows_and_pre_in_columns():
    display = WeightMatrixDisplay.from_weights(W, signs=SIGNS).plot()
    np.testing.assert_array_equal(display.image_.get_array(), W)
    assert display.ax_.get_xlabel() == "presynaptic unit"
    assert display.ax_.get_ylabel() == "postsynaptic unit"


def test_weight_matrix_colours_excitation_and_inhibition():
    image = WeightMatrixDisplay.from_weights(W, signs=SIGNS).plot(limit=0.5).image_
    assert to_hex(image.to_rgba(0.5)).upper() == EXCITATORY
    assert to_hex(image.to_rgba(-0.5)).upper() == INHIBITORY
    np.testing.assert_allclose(image.to_rgba(0.0)[:3], 1, atol=0.01)


def test_weight_matrix_limits_are_symmetric_and_survive_zeros():
    assert WeightMatrixDisplay.from_weights(np.zeros((2, 2))).plot().image_.get_clim() == (-1, 1)
    low, high = WeightMatrixDisplay.from_weights(W).plot().image_.get_clim()
    assert high == -low == pytest.approx(np.quantile(abs(W[W != 0]), 0.995))


def test_sorting_orders_rows_and_columns_alike():
    display = WeightMatrixDisplay.from_weights(W, signs=SIGNS, sort=True)
    order = [2, 1, 0]  # excitatory first, the stronger (1.5 against 1.0) before the weaker
    np.testing.assert_array_equal(display.weights, W[np.ix_(order, order)])
    np.testing.assert_array_equal(display.signs, SIGNS[order])


def test_weight_matrix_of_an_estimator_needs_only_its_attributes():
    fitted = SimpleNamespace(W_rec_=W, signs_=SIGNS)
    figure, ax = plt.subplots()
    display = WeightMatrixDisplay.from_estimator(fitted).plot(ax, colorbar=False)
    assert display.figure_ is figure and display.ax_ is ax
    assert len(figure.axes) == 1  # no colour bar; the strip of signs is an inset


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"W": np.ones(3)}, r"W must be a finite matrix \(n_post, n_pre\), got shape \(3,\)"),
        ({"W": [[np.nan]]}, "W must be a finite matrix"),
        ({"W": W, "signs": [1, 1]}, r"signs must have one value per column of W, shape \(3,\)"),
        ({"W": W[:2], "sort": True}, "sort=True needs a square W"),
    ],
)
def test_weight_matrix_refuses_what_does_not_fit(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        WeightMatrixDisplay.from_weights(**arguments)


# ------------------------------------------------------------------ learning curves


def test_band_is_the_t_interval_of_scipy():
    values = np.random.default_rng(0).normal(size=(6, 4))
    mean, low, high = mean_and_band(values)
    expected = stats.t.interval(0.95, 5, loc=values.mean(axis=0), scale=stats.sem(values))
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose([low, high], expected)


def test_band_on_a_logarithmic_axis_is_geometric():
    values = np.exp(np.random.default_rng(0).normal(size=(6, 4)))
    mean, low, high = mean_and_band(values, log=True)
    np.testing.assert_allclose(mean, stats.gmean(values))
    np.testing.assert_allclose(low * high, mean**2)


def test_band_takes_the_runs_that_are_still_there():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [2.0, 1.0], [2.5, 3.0], [1.5, 2.0]])
    mean, low, high = mean_and_band(values)
    assert mean.tolist() == [2.0, 2.0]
    assert low[0] < 2 < high[0] and np.isnan(low[1]) and np.isnan(high[1])  # four are too few


def test_learning_curve_of_estimators():
    fitted = [SimpleNamespace(loss_curve_=[4.0, 2.0]), SimpleNamespace(loss_curve_=[2.0, 2.0, 1.0])]
    display = LearningCurveDisplay.from_estimators(fitted, label="Dale").plot()
    np.testing.assert_array_equal(display.line_.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(display.line_.get_ydata(), [3.0, 2.0, 1.0])
    assert display.ax_.get_ylabel() == "training loss" and display.line_.get_label() == "Dale"
    single = LearningCurveDisplay.from_estimators(fitted[0]).plot(log=True)
    assert single.ax_.get_yscale() == "log" and len(single.ax_.lines) == 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: LearningCurveDisplay.from_curves([]), "at least one curve"),
        (lambda: LearningCurveDisplay.from_curves([[1, 2]], epochs=[1]), r"shape \(2,\), got"),
        (
            lambda: LearningCurveDisplay.from_estimators(
                SimpleNamespace(validation_scores_=None), attribute="validation_scores_"
            ),
            "must be fitted and have validation_scores_",
        ),
    ],
)
def test_learning_curve_refuses_what_does_not_fit(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


# ------------------------------------------------------------------ studies


def study_tables(tasks: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two arms, one of them from both initial weights, four runs, three epochs."""
    results, curves = [], []
    rng = np.random.default_rng(0)
    for task, metric in tasks.items():
        for arm, init in (("unconstrained", "ours"), ("abs", "paper"), ("abs", "ours")):
            for simulation in range(4):
                run = {"task": task, "arm": arm, "init": init, "simulation": simulation}
                scores = 0.01 + rng.random(3) * (90 if metric == "accuracy" else 0.1)
                row = {**run, "metric": metric, "score": scores[-1], "baseline_score": 5.0}
                results.append(row)
                curves += [{**run, "epoch": i + 1, "score": s} for i, s in enumerate(scores)]
    return pd.DataFrame(results), pd.DataFrame(curves)


def test_study_has_a_column_per_task_and_every_run_is_a_dot():
    results, curves = study_tables({"wave": "mse", "digits": "accuracy"})
    display = StudyDisplay.from_tables(results, curves).plot(Figure())
    assert display.axes_.shape == (3, 2) and display.ax_ is display.axes_[0, 0]
    for (top, _, bottom), (task, rows) in zip(
        display.axes_.T, results.groupby("task", sort=False), strict=True
    ):
        assert task in top.get_title(loc="left")
        dots = [line for line in bottom.lines if line.get_marker() == "o"]
        shown = np.concatenate([line.get_ydata() for line in dots])
        np.testing.assert_allclose(np.sort(shown), np.sort(rows["score"]))
        assert [text.get_text() for text in bottom.get_xticklabels()] == ["unconstrained", "abs"]
    assert display.axes_[-1, 0].get_yscale() == "log"
    assert display.axes_[-1, 1].get_yscale() == "linear"
    assert display.axes_[-1, 1].get_ylim()[1] <= 100.5


def test_study_tells_the_initial_weights_apart():
    display = StudyDisplay.from_tables(*study_tables({"digits": "accuracy"})).plot()
    ours, published, bottom = display.axes_[:, 0]
    assert ours.get_ylabel() == "our initial weights\ntest accuracy (%)"
    assert "--" in {line.get_linestyle() for line in published.lines}
    assert "--" not in {line.get_linestyle() for line in ours.lines}
    faces = {line.get_markerfacecolor() for line in bottom.lines if line.get_marker() == "o"}
    assert "white" in faces and len(faces) == 3
    (legend,) = display.figure_.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[:2] == ["unconstrained", "abs"] and len(labels) == 6
    assert labels[4] == "mean, n = 4"  # four are too few for an interval


def test_study_survives_failed_runs_and_single_runs():
    results, curves = study_tables({"wave": "mse"})
    failed = results["arm"] == "abs"
    results.loc[failed, "score"] = np.nan
    StudyDisplay.from_tables(results, curves[curves["arm"] != "abs"]).plot()
    StudyDisplay.from_tables(results.assign(score=np.nan), curves.iloc[:0]).plot()
    one = results["simulation"] == 0
    StudyDisplay.from_tables(results[one], curves[curves["simulation"] == 0]).plot()


def test_study_reads_its_folder_and_names_what_lacks(tmp_path):
    results, curves = study_tables({"wave": "mse"})
    results.to_csv(tmp_path / "results.csv", index=False)
    curves.to_csv(tmp_path / "curves.csv", index=False)
    pd.testing.assert_frame_equal(StudyDisplay.from_folder(tmp_path).curves, curves)
    with pytest.raises(ValueError, match=r"lacks \['score'\]"):
        StudyDisplay.from_tables(results.drop(columns="score"), curves)
    with pytest.raises(ValueError, match="at least one row"):
        StudyDisplay.from_tables(results.iloc[:0], curves)


# ------------------------------------------------------------------ interactions

# Two units in E and one in I; [post, pre].
RUNS = np.array(
    [
        [[0.0, 0.2, -1.0], [0.4, 0.0, -3.0], [0.6, 0.0, 0.0]],
        [[0.0, 0.4, -2.0], [0.8, 0.0, -6.0], [0.6, 0.2, 0.0]],
    ]
)
BLOCKS = {"labels": ["E", "E", "I"]}


def test_interactions_are_means_over_runs_and_absent_blocks_are_blank():
    display = InteractionDisplay.from_estimators(RUNS, **BLOCKS)
    np.testing.assert_allclose(display.values, [[0.225, 3.0], [0.35, np.nan]])
    np.testing.assert_allclose(display.sizes, [[0.5, 1.0], [0.75, np.nan]])
    signed = InteractionDisplay.from_estimators(RUNS, absolute=False, size="spread", **BLOCKS)
    np.testing.assert_allclose(signed.values, [[0.225, -3.0], [0.35, np.nan]])
    # Means 0.15 and 0.3; -2 and -4; 0.3 and 0.4: half the distance over the mean.
    np.testing.assert_allclose(signed.sizes, [[0.075 / 0.225, 1 / 3], [0.05 / 0.35, np.nan]])
    assert signed.diverging and not display.diverging


def test_heat_map_shows_post_in_rows_and_marks():
    values = pd.DataFrame([[1.0, -2.0], [np.nan, 0.5]], ["V1_a", "LM_a"], ["V1_a", "LM_a"])
    marked = pd.DataFrame([[False, True], [False, False]])
    display = InteractionDisplay(values, marked=marked, diverging=True).plot()
    ax = display.ax_
    np.testing.assert_allclose(ax.images[0].get_array().filled(np.nan), values)
    assert display.mappable_.get_clim() == (-2, 2)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["V1 a", "LM a"]
    (dots,) = [line for line in ax.lines if line.get_marker() == "."]
    assert (dots.get_xdata(), dots.get_ydata()) == ([1], [0])
    assert ax.get_ylabel() == "to (post)" and ax.get_xlabel() == "from (pre)"


def test_small_values_are_shown_in_thousandths():
    values = pd.DataFrame([[0.002]], ["E"], ["E"])
    display = InteractionDisplay(values).plot()
    np.testing.assert_allclose(display.ax_.images[0].get_array(), [[2.0]])
    assert display.figure_.axes[1].get_ylabel() == "mean |w| ($10^{-3}$)"


def test_bubbles_have_areas_in_proportion_and_rings_where_marked():
    values = pd.DataFrame([[1.0, 2.0], [np.nan, 3.0]], list("ab"), list("ab"))
    sizes = pd.DataFrame([[0.2, 0.4], [np.nan, 0.1]], list("ab"), list("ab"))
    marked = pd.DataFrame([[False, True], [False, False]])
    ax = InteractionDisplay(values, sizes, marked).plot(kind="bubbles").ax_
    (bubbles,) = ax.collections
    np.testing.assert_array_equal(bubbles.get_offsets(), [[0, 0], [1, 0], [1, 1]])
    np.testing.assert_allclose(bubbles.get_array(), [1, 2, 3])
    areas = bubbles.get_sizes() - 4
    np.testing.assert_allclose(areas / areas[1], [0.5, 1, 0.25])
    assert bubbles.get_linewidths()[1] > bubbles.get_linewidths()[0]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is above


def test_graph_has_an_arrow_per_block_as_wide_as_it_is_dense():
    names = ["V1_L23", "V1_L5", "LM_L23"]
    values = pd.DataFrame(np.full((3, 3), np.nan), names, names)
    values.loc["V1_L5", "V1_L23"], values.loc["LM_L23", "LM_L23"] = 2.0, -1.0
    sizes = pd.DataFrame(np.full((3, 3), 0.1), names, names)
    sizes.loc["V1_L5", "V1_L23"] = 0.2
    display = InteractionDisplay(values, sizes, diverging=True).plot(kind="graph")
    arrow, loop = display.ax_.patches
    assert (arrow.get_linewidth(), loop.get_linewidth()) == (5, 3)
    assert arrow.get_edgecolor() == display.mappable_.to_rgba(2.0)
    assert loop.get_edgecolor() == display.mappable_.to_rgba(-1.0)
    assert [text.get_text() for text in display.ax_.texts] == ["V1\nL23", "V1\nL5", "LM\nL23"]


def test_layers_stand_in_the_order_of_their_depth_and_others_on_a_circle():
    places = places_of(["V1_L5", "V1_L2/3", "LM_L4"])
    assert places["V1_L2/3"][1] > places["LM_L4"][1] > places["V1_L5"][1]
    assert places["V1_L5"][0] == places["V1_L2/3"][0] < places["LM_L4"][0]
    circle = np.array(list(places_of(["E", "PV", "SST", "VIP"]).values()))
    np.testing.assert_allclose(np.hypot(*circle.T), np.hypot(*circle[0]))
    assert places_of(["V1", "LM"])["V1"][0] < places_of(["V1", "LM"])["LM"][0]
    assert list(places_of(["E"])) == ["E"]
    column = places_of(["L6", "L2/3", "L4"])  # a column without a name
    assert column["L2/3"][1] > column["L4"][1] > column["L6"][1]
    assert len({place[0] for place in column.values()}) == 1


def test_graph_of_many_layers_stays_inside_and_marks():
    names = [
        f"{area}_{layer}" for area in ("V1", "LM") for layer in ("L1", "L2/3", "L4", "L5", "L6")
    ]
    values = pd.DataFrame(1.0, names, names)
    marked = values.copy() < 0
    marked.loc["V1_L6", "V1_L1"] = True
    display = InteractionDisplay(values, marked=marked).plot(kind="graph", colorbar=False)
    display.figure_.canvas.draw()
    box = display.ax_.get_window_extent()
    for patch in display.ax_.patches:
        extent = patch.get_window_extent()
        assert box.x0 <= extent.x0 and extent.x1 <= box.x1
        assert box.y0 <= extent.y0 and extent.y1 <= box.y1
    assert sum(bool(patch.get_path_effects()) for patch in display.ax_.patches) == 1


def test_names_of_many_blocks_are_thinned():
    names = [f"cell {k}" for k in range(98)]
    ax = InteractionDisplay(pd.DataFrame(1.0, names, names)).plot(colorbar=False).ax_
    shown = [text.get_text() for text in ax.get_yticklabels()]
    assert shown == names[::3]


def test_comparison_marks_what_is_below_alpha_and_takes_its_sizes():
    rng = np.random.default_rng(0)
    weak = rng.random((5, 3, 3)) * [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [1.0, 1.0, 0.0]]
    strong = weak.copy()
    strong[:, :2, 2] += 1.0
    table = compare(strong, weak, **BLOCKS)
    display = InteractionDisplay.from_comparison(table)
    np.testing.assert_allclose(display.values, [[0, 1], [0, np.nan]], atol=1e-12)
    assert display.marked.to_numpy().tolist() == [[False, True], [False, False]]
    assert display.sizes.loc["E", "I"] == pytest.approx(weak[:, :2, 2].mean() + 0.5)
    assert not InteractionDisplay.from_comparison(table, alpha=1e-3).marked.any(axis=None)
    dense = InteractionDisplay.from_comparison(table, estimators=[*weak, *strong], **BLOCKS)
    np.testing.assert_allclose(dense.sizes, [[1, 1], [1, 0]])
    effect = InteractionDisplay.from_comparison(table, value="hedges_g")
    assert effect.values.loc["E", "I"] == pytest.approx(table["hedges_g"].iloc[1])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: InteractionDisplay.from_estimators(RUNS, size="big", **BLOCKS), "size must be"),
        (lambda: InteractionDisplay.from_estimators(RUNS), "labels"),
        (
            lambda: InteractionDisplay.from_comparison(pd.DataFrame({"post": [], "pre": []})),
            "comparison must be a table of .*compare, got one without difference, mean_a",
        ),
        (
            lambda: InteractionDisplay.from_comparison(pd.DataFrame(), value="p_value"),
            r"value must be one of \['difference', 'hedges_g'\], got 'p_value'",
        ),
        (
            lambda: InteractionDisplay.from_estimators(RUNS, **BLOCKS).plot(kind="pie"),
            r"kind must be one of \['heatmap', 'bubbles', 'graph'\], got 'pie'",
        ),
    ],
)
def test_interactions_refuse_what_does_not_fit(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


# ------------------------------------------------------------------ predictions


class Shift:
    """Predicts what X was, so many steps ago."""

    def __init__(self, n_steps, populations=()):
        self.n_steps = n_steps
        self.populations_ = pd.DataFrame({"population": list(populations)})

    def predict(self, X):
        return np.roll(X, self.n_steps, axis=1)


def test_predictions_of_a_trial_stand_over_its_target():
    X = np.random.default_rng(0).random((4, 6, 5))
    display = PredictionDisplay.from_estimators(
        {"same": Shift(0), "late": Shift(1)}, X, X, trial=2, dt=0.5, start=1.0
    ).plot(event=2.0, xlabel="time (s)")
    assert display.axes_.shape == (2, 3)
    lines = {line.get_label(): line for line in display.axes_[1, 0].lines}
    np.testing.assert_array_equal(lines["target"].get_xdata(), [1, 1.5, 2, 2.5, 3, 3.5])
    np.testing.assert_array_equal(lines["target"].get_ydata(), X[2, :, 3])
    np.testing.assert_array_equal(lines["late"].get_ydata(), np.roll(X[2, :, 3], 1))
    assert display.axes_[1, 0].get_title(loc="left") == "output 3"
    assert not display.axes_[1, 2].axison  # five outputs, six places
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["target", "same", "late"]


def test_outputs_have_the_names_of_the_populations_where_there_is_one_for_each():
    X = np.zeros((1, 3, 2))
    named = PredictionDisplay.from_estimators(Shift(0, ["V1_pyr", "V1_sst"]), X, X)
    assert named.names == ["V1_pyr", "V1_sst"] and list(named.predictions) == ["prediction"]
    other = PredictionDisplay.from_estimators(Shift(0, ["a", "b", "c"]), X, X)
    assert other.names == ["output 0", "output 1"]
    figure = Figure()
    assert named.plot(figure).figure_ is figure
    assert named.axes_[0, 1].get_title(loc="left") == "V1 sst"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"trial": 4}, r"trial must be an integer in \[0, 3\], got 4"),
        (
            {"y": np.zeros((4, 6))},
            r"y must be \(n_trials, n_steps, n_outputs\), got shape \(4, 6\)",
        ),
        (
            {"y": np.zeros((4, 6, 3))},
            r"every step of y, shape \(6, 3\), got \(6, 2\) from 'prediction'",
        ),
        ({"names": ["one"]}, "names must have one name per output, 2, got 1"),
    ],
)
def test_predictions_refuse_what_does_not_fit(arguments, sentence):
    X = np.zeros((4, 6, 2))
    with pytest.raises(ValueError, match=sentence):
        PredictionDisplay.from_estimators(Shift(0), **{"X": X, "y": X, **arguments})


class Sure:
    """Says of every step that it is of the class of its first feature, with 0.9."""

    def __init__(self, classes=(0, 1)):
        self.classes_ = np.asarray(classes)

    def predict_proba(self, X):
        first = [np.asarray(trial)[:, 0] for trial in X]
        of_second = [np.where(trial == 1, 0.9, 0.1) for trial in first]
        return [np.stack([1 - p, p], axis=-1) for p in of_second]


STEPS = np.array([[0, 1, 1, 0], [1, 1, 0, 0]])
SHOWN = STEPS[:, :, None].astype(float)


def test_probabilities_of_a_classifier_stand_over_its_labels():
    y = np.ma.array(STEPS, mask=[[1, 1, 0, 0], [1, 0, 0, 1]])
    display = PredictionDisplay.from_estimator(Sure(), SHOWN, y, trial=1, dt=2.0, start=1.0).plot()
    assert display.names == ["class 0", "class 1"]
    np.testing.assert_array_equal(display.judged, [False, True, True, False])
    nan = np.nan
    np.testing.assert_array_equal(display.target[:, 0], [nan, 0, 1, nan])
    np.testing.assert_array_equal(display.target[:, 1], [nan, 1, 0, nan])
    lines = {line.get_label(): line for line in display.axes_[0, 1].lines}
    np.testing.assert_allclose(lines["prediction"].get_ydata(), [0.9, 0.9, 0.1, 0.1])
    np.testing.assert_array_equal(lines["target"].get_xdata(), [1, 3, 5, 7])
    for ax in display.axes_.flat:  # the judged steps at 3 and 5, half a step to each side
        (shade,) = [patch for patch in ax.patches if patch.get_label() == "judged"]
        box = shade.get_path().get_extents(shade.get_patch_transform())
        assert (box.x0, box.x1) == (2.0, 6.0) and ax.get_ylim() == (-0.05, 1.05)
    assert display.figure_._supylabel.get_text() == "probability"
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["target", "prediction", "judged"]


def test_a_label_of_a_single_step_is_a_dot():
    y = [[None, None, None, 0], [1, None, 0, 0]]
    for trial, steps in ((0, [3]), (1, [0])):
        display = PredictionDisplay.from_estimator(Sure(), SHOWN, y, trial=trial).plot(Figure())
        (dots,) = [line for line in display.axes_[0, 0].lines if line.get_marker() == "o"]
        np.testing.assert_array_equal(dots.get_xdata(), steps)
    whole = PredictionDisplay.from_estimator(Sure(), SHOWN, STEPS).plot(Figure())
    assert [line.get_marker() for line in whole.axes_[0, 0].lines] == ["None", "None"]


def test_probabilities_of_lists_and_words():
    X = [SHOWN[0], SHOWN[1, :3]]
    y = [["a", "b", "b", None], ["b", None, "a"]]
    display = PredictionDisplay.from_estimators({"sure": Sure("ab")}, X, y, trial=1)
    np.testing.assert_array_equal(display.target[:, 1], [1, np.nan, 0])
    np.testing.assert_array_equal(display.judged, [True, False, True])
    named = PredictionDisplay.from_estimators({"sure": Sure("ab")}, X, y, names=["no", "yes"])
    assert named.names == ["no", "yes"] and named.predictions["sure"].shape == (4, 2)
    padded = np.full((2, 4, 1), np.nan)
    padded[0], padded[1, :3] = X[0], X[1]
    full = np.array([["a", "b", "b", "a"], ["b", "b", "a", "a"]])
    short = PredictionDisplay.from_estimators(Sure("ab"), padded, full, trial=1)
    assert short.target.shape == (3, 2) and short.judged.all()


def test_the_probabilities_of_a_network_are_its_own():
    X, y = make_delayed_match_to_sample(12, random_state=0)
    clf = make_pipeline(TrialScaler(), DaleRNNClassifier(n_units=6, max_iter=1, random_state=0))
    display = PredictionDisplay.from_estimator(clf.fit(X, y), X, y, trial=3)
    n_steps = int(np.isfinite(X[3, :, 0]).sum())  # the trial is shorter than others
    assert n_steps < X.shape[1]
    expected = clf.predict_proba(X)[3, :n_steps]
    np.testing.assert_allclose(display.predictions["prediction"], expected, atol=1e-6)
    np.testing.assert_array_equal(display.judged, ~y.mask[3, :n_steps])


class Unsure(Sure):
    """Answers once, as a classifier of a label per trial."""

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


@pytest.mark.parametrize(
    ("estimators", "changes", "sentence"),
    [
        (
            Unsure(),
            {},
            "PredictionDisplay draws classifiers that answer at every step, got Unsure as "
            r"'prediction', fitted to one label per trial: fit it to labels \(n_trials, n_steps\)",
        ),
        ({"a": Sure(), "b": Shift(0)}, {}, "must be classifiers all or none, got Shift as 'b'"),
        (
            {"a": Sure(), "b": Sure([0, 2])},
            {},
            r"must have the same classes, got \[0, 1\] of 'a' and \[0, 2\] of 'b'",
        ),
        (Sure(), {"y": STEPS + 5}, r"y must have only the classes \[0, 1\] of the fit, got 5"),
        (Sure(), {"y": SHOWN}, r"y must have labels \(n_trials, n_steps\) for classifiers"),
        (Sure(), {"y": STEPS[:1]}, "y must have one entry per trial, 2, got 1"),
        (Sure(), {"trial": 2}, r"trial must be an integer in \[0, 1\], got 2"),
        (Sure(), {"names": ["one"]}, "names must have one name per output, 2, got 1"),
    ],
)
def test_probabilities_refuse_what_does_not_fit(estimators, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        PredictionDisplay.from_estimators(estimators, **{"X": SHOWN, "y": STEPS, **changes})


def test_classifiers_without_probabilities_are_refused():
    silent = SimpleNamespace(classes_=[0, 1], predict=None)
    with pytest.raises(TypeError, match="have predict_proba if they are classifiers, got Simple"):
        PredictionDisplay.from_estimator(silent, SHOWN, STEPS)


# ------------------------------------------------------------------ before and after plot


@pytest.mark.parametrize("name", plots.__all__)
def test_what_plot_sets_is_missing_before_and_says_so(name):
    cls = getattr(plots, name)
    display = object.__new__(cls)
    documented = re.findall(r"^    (\w+_) : ", cls.__doc__, flags=re.MULTILINE)
    assert {"ax_", "figure_"} <= set(documented) == set(cls._set_by_plot)
    for attribute in documented:
        assert not hasattr(display, attribute)
        with pytest.raises(
            AttributeError, match=rf"^{name} has {attribute} once .* plot\(\) first"
        ):
            getattr(display, attribute)
    with pytest.raises(AttributeError, match=rf"^'{name}' object has no attribute 'figure'$"):
        _ = display.figure


def test_displays_are_copied_and_drawn_again():
    X = np.zeros((1, 3, 2))
    display = copy.deepcopy(PredictionDisplay.from_estimators(Shift(0), X, X))
    assert not hasattr(display, "figure_")
    first = display.plot(Figure()).figure_
    assert hasattr(display, "axes_") and display.plot(Figure()).figure_ is not first
