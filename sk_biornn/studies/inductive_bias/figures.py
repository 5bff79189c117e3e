"""The figures of the study: what was reached, how it was learnt, and the weights themselves."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sk_biornn._mean_interval import FEWEST
from sk_biornn.plots import LearningCurveDisplay, WeightMatrixDisplay
from sk_biornn.plots._learning_curve import mean_and_band
from sk_biornn.plots._legend import legend_below
from sk_biornn.plots._style import BLACK, BLUE, GREY, ORANGE, PAGE, PRINT, VERMILLION, bare
from sk_biornn.studies._files import read_weights, weights_file
from sk_biornn.studies._intervals import PER_CENT, scale_of
from sk_biornn.studies.inductive_bias.design import BY_NAME, TASKS
from sk_biornn.studies.inductive_bias.job import Run

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

# Colour says what the initial weights are, the mark where the units stand.
COLOURS = {"random": BLUE, "permuted": ORANGE, "functional": VERMILLION}
MARKS = {"none": "o", "grid": "s", "measured": "D"}
LINES: dict[str, LineStyleType] = {"none": ":", "grid": (0, (2.5, 1.2)), "measured": "-"}
SPACE_LABELS = {"none": "no distances", "grid": "grid", "measured": "measured positions"}
PENALTY_LABELS = {
    "weight": "penalty: weights",
    "spatial": "wire",
    "communicability": "wire x communicability",
    "communicability_emd": "and as measured",
}
MEASURES = {
    "test_accuracy": "test accuracy (%)",
    "modularity": "modularity",
    "small_worldness": "small-worldness",
    "assortativity": "assortativity",
    "entropy": "entropy of weights (bits)",
}
BEST_EPOCH = "mean after the epoch best in validation"
_LETTERS = "ABCDEFGH"
_TITLE = 1.9  # inches that the longest title of a panel takes


def draw_measures(figure: Any, results: pd.DataFrame) -> None:
    """Draw every run as a dot beside the means, and from five runs on their 95 % intervals."""
    from matplotlib import rc_context

    tasks, variants = _in_order(results, "task"), _in_order(results, "variant")
    with rc_context(PRINT):
        width = max(min(0.26 * len(variants), (PAGE - 0.8) / len(tasks)), _TITLE)
        figure.set_size_inches(0.8 + width * len(tasks), 7.4)
        figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
        axes = figure.subplots(len(MEASURES), len(tasks), squeeze=False, sharex=True, sharey="row")
        for row, (measure, label) in zip(axes, MEASURES.items(), strict=True):
            row[0].set_ylabel(label)
            for ax, task in zip(row, tasks, strict=True):
                _draw_measure(ax, results[results["task"] == task], measure, variants)
        for letter, ax, task in zip(_LETTERS, axes[0], tasks, strict=False):
            ax.set_title(f"{letter}   {TASKS[task].label}", loc="left", fontweight="bold")
            _draw_best_epoch(ax, results[results["task"] == task], variants)
            for level in (TASKS[task].chance, TASKS[task].ceiling):
                ax.axhline(100 * level, color=GREY, linestyle=":", linewidth=1, zorder=0)
        figure.align_ylabels(axes[:, 0])
        _legend(figure, results)


def _draw_best_epoch(ax: Any, runs: pd.DataFrame, variants: list[str]) -> None:
    """Mark what is reached on average where each run is taken after its best epoch."""
    means = runs.groupby("variant")["best_epoch_test_accuracy"].mean().reindex(variants)
    ax.plot(range(len(variants)), means, "_", color=BLACK, markersize=7, zorder=3)


def _draw_measure(ax: Any, runs: pd.DataFrame, measure: str, variants: list[str]) -> None:
    for place, name in enumerate(variants):
        values = runs.loc[runs["variant"] == name, measure].astype(float).dropna().to_numpy()
        if not len(values):
            ax.text(place, 0.5, "failed", transform=ax.get_xaxis_transform(), rotation=90, size=8)
            continue
        variant = BY_NAME[name]
        colour = COLOURS[variant.weights]
        spread = np.linspace(-0.13, 0.13, len(values)) if len(values) > 1 else [0.0]
        ax.plot(place + np.asarray(spread), values, ".", color=colour, alpha=0.35, markersize=3)
        band = mean_and_band(values[:, np.newaxis], limits=scale_of(measure))
        mean, low, high = (float(end[0]) for end in band)
        ax.plot([place, place], [low, high], color=colour, linewidth=1.2)
        ax.plot(
            place, mean, MARKS[variant.space], color=colour, markersize=4, markerfacecolor="white"
        )
    ax.set_xticks(range(len(variants)), variants, rotation=90, family="monospace")
    ax.set_xlim(-0.7, len(variants) - 0.3)
    bare(ax)


def draw_curves(figure: Any, curves: pd.DataFrame) -> None:
    """Draw the validation accuracy over the epochs: a row per task, a column per penalty.

    In every panel the means of the other variants stand in grey. Of fewer than five runs each is
    drawn; of more, the 95 % band of their mean.
    """
    from matplotlib import rc_context

    tasks, variants = _in_order(curves, "task"), _in_order(curves, "variant")
    penalties = [name for name in PENALTY_LABELS if _of_penalty(variants, name)]
    with rc_context(PRINT):
        width = max(2.4, min(PAGE, 0.8 + 2.0 * len(penalties)))
        figure.set_size_inches(width, 1.0 + 1.7 * len(tasks))
        figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
        axes = figure.subplots(len(tasks), len(penalties), squeeze=False, sharex=True, sharey="row")
        for row, task in zip(axes, tasks, strict=True):
            of_task = curves[curves["task"] == task]
            tables = {name: _table(of_task[of_task["variant"] == name]) for name in variants}
            for ax, penalty in zip(row, penalties, strict=True):
                _draw_variants(ax, tables, _of_penalty(variants, penalty))
                ax.axhline(100 * TASKS[task].chance, color=GREY, linestyle=":", linewidth=1)
                ax.set_ylim(top=101)
            row[0].set_ylabel(f"{TASKS[task].label}\nvalidation accuracy (%)")
        for ax, penalty in zip(axes[0], penalties, strict=True):
            names = textwrap.wrap(" ".join(_of_penalty(variants, penalty)), 20)
            lines = [PENALTY_LABELS[penalty], *names, ""][:3]  # as many in each
            ax.set_title("\n".join(lines), loc="left", fontsize=8)
        for ax in axes[-1]:
            ax.set_xlabel("epoch")
            ax.xaxis.get_major_locator().set_params(integer=True)
        n_runs = curves.groupby(["task", "variant"])["simulation"].nunique()
        _legend(figure, curves, lines=f"n = {n_runs.max()}")


def _of_penalty(variants: list[str], penalty: str) -> list[str]:
    return [name for name in variants if BY_NAME[name].penalty == penalty]


def _table(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.pivot(index="simulation", columns="epoch", values="validation_accuracy")


def _draw_variants(ax: Any, tables: dict[str, pd.DataFrame], shown: list[str]) -> None:
    for name, table in tables.items():
        if name not in shown and len(table):
            ax.plot(table.columns, table.mean(), color="0.75", linewidth=0.7, zorder=0.5)
    for name in shown:
        table, variant = tables[name], BY_NAME[name]
        if len(table):
            LearningCurveDisplay(table.columns.to_numpy(), table.to_numpy()).plot(
                ax,
                color=COLOURS[variant.weights],
                linestyle=LINES[variant.space],
                single_runs=False,
                limits=PER_CENT,
            )
    ax.set(xlabel="", ylabel="")


def example_weights(folder: Path, results: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the trained recurrent weights of simulation 0 of the first task, by variant."""
    task = _in_order(results, "task")[0]
    found = {}
    whole = results[results["error"].isna() & (results["task"] == task)]
    for variant in _in_order(whole[whole["simulation"] == 0], "variant"):
        found[variant] = read_weights(weights_file(folder, Run(task, variant, 0)))["W_rec_"]
    return found


def draw_weights(figure: Any, examples: dict[str, np.ndarray]) -> None:
    """Draw trained weights, each matrix on its own scale: the 99th percentile of its sizes."""
    from matplotlib import rc_context

    n_columns = min(4, len(examples))
    n_rows = -(-len(examples) // n_columns)
    with rc_context(PRINT):
        figure.set_size_inches(0.4 + 1.7 * n_columns, 0.4 + 1.85 * n_rows)
        figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax, (name, W) in zip(axes.flat, examples.items(), strict=False):
            limit = float(np.quantile(np.abs(W), 0.99)) or 1.0
            image = WeightMatrixDisplay(W).plot(ax, limit=limit, colorbar=False).image_
            ax.set_title(f"{name}\nscale {limit:.1g}", loc="left", family="monospace", size=8)
            ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        for ax in axes.flat[len(examples) :]:
            ax.set_axis_off()
        bar = figure.colorbar(image, ax=axes, shrink=0.4, ticks=[-limit, 0, limit])
        bar.ax.set_yticklabels(["-scale", "0", "scale"])
        axes[-1, 0].set(xlabel="presynaptic unit", ylabel="postsynaptic unit")


def _in_order(table: pd.DataFrame, column: str) -> list[str]:
    return list(dict.fromkeys(table[column]))


def _legend(figure: Any, table: pd.DataFrame, *, lines: str = "") -> None:
    """Say what colours and marks are, or lines with what `lines` adds to them."""
    from matplotlib.lines import Line2D

    shown = [BY_NAME[name] for name in _in_order(table, "variant")]
    handles = [
        Line2D([], [], color=colour, linewidth=3, label=f"{weights} initial weights")
        for weights, colour in COLOURS.items()
        if any(variant.weights == weights for variant in shown)
    ]
    spaces = [space for space in MARKS if any(variant.space == space for variant in shown)]
    for space in spaces:
        style: dict[str, Any] = (
            {"linestyle": LINES[space]}
            if lines
            else {"linestyle": "", "marker": MARKS[space], "markerfacecolor": "white"}
        )
        handles.append(Line2D([], [], color="0.3", **style, label=SPACE_LABELS[space]))
    if lines:
        handles.append(Line2D([], [], color="0.8", linewidth=1, label="mean of the other variants"))
        handles.append(Line2D([], [], color=GREY, linestyle=":", label="without memory"))
        handles.append(Line2D([], [], linestyle="", label=lines))
    else:
        dotted = "without memory; at best"
        handles.append(Line2D([], [], color=GREY, linestyle=":", label=dotted))
        handles.append(Line2D([], [], color=BLACK, linestyle="", marker="_", label=BEST_EPOCH))
        handles.append(Line2D([], [], linestyle="", label=_intervals(table)))
    legend_below(figure, handles, ncols=4)


def _intervals(results: pd.DataFrame) -> str:
    """Return how many runs there are, and what stands for their spread."""
    counts = results[results["error"].isna()].groupby(["task", "variant"]).size()
    n = "-".join(str(count) for count in sorted({counts.min(), counts.max()})) or "0"
    return f"n = {n}; bars: 95 % interval" if counts.max() >= FEWEST else f"n = {n}; dots: runs"
