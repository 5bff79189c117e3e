"""The figures of the studies with one, two and three tasks: nothing is cut off or covered."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import study_tables

from sk_biornn.studies import ARMS, VARIANTS
from sk_biornn.studies.cell_types import figures as cell_type_figures
from sk_biornn.studies.cell_types.statistics import compare_conditions
from sk_biornn.studies.inductive_bias import figures as bias_figures
from sk_biornn.studies.pruning.figures import draw_scores
from sk_biornn.studies.pruning.report import summarise_pruning

style = pytest.importorskip("matplotlib.style")
SLACK = 2  # pixels at 100 per inch


def figure_of(draw):
    """The figure as `save_figure` makes it, laid out."""
    from matplotlib.figure import Figure

    with style.context("default", after_reset=True):
        figure = Figure()
        draw(figure)
        figure.draw_without_rendering()
    return figure


def overlap(one, other):
    """Whether two boxes cover each other by more than a pixel."""
    return one.padded(-SLACK / 2).overlaps(other.padded(-SLACK / 2))


def assert_whole(figure):
    """Everything is inside the figure; legend, titles and panels do not cover each other."""
    box = figure.get_tightbbox()  # inches, of all that is drawn
    width, height = figure.get_size_inches()
    slack = SLACK / figure.dpi
    assert box.x0 >= -slack and box.y0 >= -slack
    assert box.x1 <= width + slack and box.y1 <= height + slack
    for legend in figure.legends:
        edges = legend.get_window_extent()
        assert edges.width <= figure.bbox.width and edges.y0 >= 0
        assert not any(overlap(edges, ax.get_tightbbox()) for ax in figure.axes)
    kinds = ("title", "_left_title", "_right_title")
    titles = [getattr(ax, kind) for ax in figure.axes for kind in kinds]
    boxes = [title.get_window_extent() for title in titles if title.get_text()]
    for one, other in combinations(boxes, 2):
        assert not overlap(one, other)


@pytest.mark.parametrize("n_tasks", [1, 2, 3])
@pytest.mark.parametrize("arms", [ARMS, ARMS[:1]], ids=["all", "one"])
def test_dale(n_tasks, arms):
    from sk_biornn.plots import StudyDisplay

    display = StudyDisplay.from_tables(*study_tables.dale(n_tasks, arms))
    assert_whole(figure_of(display.plot))


@pytest.mark.parametrize("n_tasks", [1, 2, 3])
def test_pruning(n_tasks):
    results = study_tables.pruning(n_tasks)
    summary = summarise_pruning(results)
    assert_whole(figure_of(lambda figure: draw_scores(figure, summary, results)))


@pytest.mark.parametrize("n_tasks", [1, 2, 3])
@pytest.mark.parametrize("variants", [VARIANTS, VARIANTS[3:5], VARIANTS[:1]], ids=len)
def test_inductive_bias(n_tasks, variants):
    results, curves = study_tables.inductive_bias(n_tasks, variants)
    assert_whole(figure_of(lambda figure: bias_figures.draw_measures(figure, results)))
    assert_whole(figure_of(lambda figure: bias_figures.draw_curves(figure, curves)))


def test_the_best_epoch_is_marked_beside_the_last():
    results, _ = study_tables.inductive_bias(2)
    figure = figure_of(lambda figure: bias_figures.draw_measures(figure, results))
    for ax, (_, runs) in zip(figure.axes, results.groupby("task", sort=False), strict=False):
        (mark,) = [line for line in ax.lines if line.get_marker() == "_"]
        means = runs.groupby("variant", sort=False)["best_epoch_test_accuracy"].mean()
        np.testing.assert_allclose(mark.get_ydata(), means)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "mean after the epoch best in validation" in labels


@pytest.mark.parametrize("n_networks", [1, 2, 11])
def test_weights_of_inductive_bias(n_networks):
    rng = np.random.default_rng(0)
    examples = {variant.name: rng.normal(size=(9, 9)) for variant in VARIANTS[:n_networks]}
    assert_whole(figure_of(lambda figure: bias_figures.draw_weights(figure, examples)))


@pytest.mark.parametrize("n_conditions", [1, 2, 3])
def test_cell_types(n_conditions):
    losses, blocks = study_tables.cell_types(n_conditions, n_arms=n_conditions)
    blocks = blocks[blocks["arm"] == "dale"]
    names = list(dict.fromkeys(blocks.loc[blocks["level"] == "population", "post"]))
    assert_whole(figure_of(lambda figure: cell_type_figures.draw_losses(figure, losses, names)))
    found = compare_conditions(blocks).query("quantity == 'absolute'")
    assert found.empty == (n_conditions == 1)
    if n_conditions == 1:
        assert_whole(figure_of(lambda figure: cell_type_figures.draw_interactions(figure, blocks)))
    else:
        for draw in (
            lambda figure: cell_type_figures.draw_differences(figure, found, names),
            lambda figure: cell_type_figures.draw_network(figure, found, blocks),
        ):
            assert_whole(figure_of(draw))


def test_predictions_of_cell_types():
    rng, names = np.random.default_rng(0), [f"V1_L{layer}_pyr" for layer in range(18)]
    stages = ("target", "dense", "pruned", "sparse")
    examples = {"familiar_change": {stage: rng.normal(size=(18, 15)).tolist() for stage in stages}}
    assert_whole(
        figure_of(lambda figure: cell_type_figures.draw_predictions(figure, examples, names))
    )


@pytest.mark.parametrize("n_runs", [3, 6])
def test_bars_and_bands_stay_on_the_scale_and_few_runs_are_drawn_instead(n_runs):
    """With six runs between 50 and 100 % many a t interval reaches beyond 100 %."""
    results, curves = study_tables.inductive_bias(1, n_runs=n_runs)
    figure = figure_of(lambda figure: bias_figures.draw_measures(figure, results))
    ends = np.concatenate(
        [line.get_ydata() for line in figure.axes[0].lines if line.get_lw() == 1.2]
    )
    assert len(ends) == 2 * len(VARIANTS)
    assert np.isnan(ends).all() if n_runs == 3 else ends.max() < 100
    figure = figure_of(lambda figure: bias_figures.draw_curves(figure, curves))
    panels = figure.axes
    bands = [band.get_paths()[0].vertices[:, 1] for ax in panels for band in ax.collections]
    assert len(bands) == (0 if n_runs == 3 else len(VARIANTS))
    assert not bands or np.concatenate(bands).max() < 100
    runs = [line for ax in panels for line in ax.lines if line.get_lw() == 0.6]
    assert len(runs) == (3 * len(VARIANTS) if n_runs == 3 else 0)


@pytest.mark.parametrize("n_runs", [3, 6])
def test_no_text_is_smaller_than_eight_points_and_no_figure_wider_than_a_page(n_runs):
    from matplotlib.text import Text

    from sk_biornn.plots import StudyDisplay

    results, curves = study_tables.inductive_bias(3, n_runs=n_runs)
    pruned = study_tables.pruning(3, n_runs)
    losses, blocks = study_tables.cell_types(3)
    blocks = blocks[blocks["arm"] == "dale"]
    names = list(dict.fromkeys(blocks.loc[blocks["level"] == "population", "post"]))
    found = compare_conditions(blocks).query("quantity == 'absolute'")
    for draw in (
        StudyDisplay.from_tables(*study_tables.dale(3, n_runs=n_runs)).plot,
        lambda figure: draw_scores(figure, summarise_pruning(pruned), pruned),
        lambda figure: bias_figures.draw_measures(figure, results),
        lambda figure: bias_figures.draw_curves(figure, curves),
        lambda figure: cell_type_figures.draw_losses(figure, losses, names),
        lambda figure: cell_type_figures.draw_interactions(figure, blocks),
        lambda figure: cell_type_figures.draw_differences(figure, found, names),
    ):
        figure = figure_of(draw)
        assert figure.get_figwidth() <= 7.6
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
        assert min(text.get_fontsize() for text in texts if "10^" not in text.get_text()) >= 8


def test_losses_mark_the_pruning():
    losses, blocks = study_tables.cell_types(1)
    names = list(dict.fromkeys(blocks.loc[blocks["level"] == "population", "post"]))
    figure = figure_of(
        lambda figure: cell_type_figures.draw_losses(figure, losses, names, pruned=70)
    )
    (mark,) = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert list(mark.get_xdata()) == [70.5, 70.5]
    assert [text.get_text() for text in figure.axes[0].texts] == [" pruned"]
    dense = figure.axes[-1]  # which is not pruned
    assert dense.get_title("left").startswith("dense, same epochs") and not dense.texts
