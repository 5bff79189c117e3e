"""What the captions of figures say to see is there, whatever machine draws them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib").use("agg")
DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def figures(monkeypatch):
    """The package of the figures, with all that stands in it."""
    import importlib

    monkeypatch.syspath_prepend(str(DOCS))
    yield lambda name: importlib.import_module(f"figures.{name}")
    sys.modules["matplotlib.pyplot"].close("all")


def lines_of(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines()}


def test_the_loss_jumps_at_the_pruning_and_comes_back(figures):
    pruned, dense = figures("pruning").fitted()
    loss, at = np.array(pruned.loss_curve_), pruned.n_iter_dense_
    assert loss[at] > 3 * loss[at - 1] and loss[-1] < loss[at] / 3
    assert len(dense.loss_curve_) == len(loss)
    assert not pruned.W_rec_[~pruned.mask_].any()


def test_between_areas_only_pyramidal_cells_have_synapses(figures):
    module = figures("populations")
    table = module.cortical_populations()
    blocks = module.block_probabilities(
        table, module.load_connection_probabilities(), module.BALWANI2025_BETWEEN_AREAS
    )
    sends = blocks.random.any(axis=0)
    assert list(table["population"][sends]) == ["V1_L23_pyr", "LM_L5_pyr"]
    names = table["area"] + " " + table["layer"]
    reached = {
        tuple(dict.fromkeys(names[blocks.random[:, pre] > 0])) for pre in np.flatnonzero(sends)
    }
    assert reached == {("LM L4",), ("V1 L2/3", "V1 L5")}


def test_forecasts_fall_in_the_order_of_the_caption(figures):
    lines = lines_of(figures("forecasts").draw().axes[0])
    ends = {name: lines[name][-1] for name in ("network", "AR", "mean", "persistence")}
    assert sorted(ends, key=ends.__getitem__)[::-1] == list(ends)
    assert lines["persistence"][0] > 0.5


def test_a_fit_that_is_taken_up_is_the_fit_that_never_stopped(figures):
    module = figures("saving")
    whole, lost, again = module.curves()
    assert again == whole and lost == whole[: module.KILLED]


def test_silencing_costs_every_network_something_somewhere(figures):
    figure = figures("inspection").draw()
    ratios = np.array([line.get_xdata() for line in figure.axes[1].get_lines()[:-1]])
    assert ratios.shape[0] == len(figures("inspection").PARTS)
    assert (ratios.max(axis=0) > 3).all()


def test_networks_predict_better_at_the_end_than_dense(figures):
    tables = figures("page_tables")
    for _, *cells in tables.table("study_cell_types", "condition", "r, dense"):
        dense, dense_published, end, end_published = map(tables.number, cells)
        assert end > dense and end_published > dense_published


def test_recordings_are_cut_as_the_caption_says(figures):
    module = figures("my_recording")
    figure = module.draw()
    shown = [text.get_text() for text in figure.findobj() if hasattr(text, "get_text")]
    assert shown.count("left out") == 2 and "missing" in shown


def test_the_packages_of_the_figure_are_those_that_there_are(figures):
    module = figures("architecture")
    graph = module.imports()
    assert set(graph) == set(module.PLACES) == set(module.COLOURS)
    assert module.nx.is_directed_acyclic_graph(graph)
    assert {"estimators", "plots", "datasets"} <= set(graph.predecessors("studies"))
