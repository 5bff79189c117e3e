"""The figures of the study: what was reached, how it was learnt, and the weights themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sk_biornn.plots import LearningCurveDisplay
from sk_biornn.plots._learning_curve import mean_and_band
from sk_biornn.plots._legend import legend_below
from sk_biornn.plots._style import BLACK, BLUE, GREY, ORANGE, VERMILLION, bare
from sk_biornn.studies._files import read_weights, weights_file
from sk_biornn.studies._intervals import PER_CENT, scale_of
from sk_biornn.studies.inductive_bias.design import BY_NAME, TASKS
from sk_biornn.studies.inductive_bias.job import Run

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType, RcKeyType

# Colour says what the initial weights are, the mark where the units stand.
COLOURS = {"random": BLUE, "permuted": ORANGE, "functional": VERMILLION}
MARKS = {"none": "o", "grid": "s", "measured": "D"}
LINES: dict[str, LineStyleType] = {
    "weight": (0, (1, 1.2)),
    "spatial": (0, (5, 2)),
    "communicability": "-",
    "communicability_emd": (0, (6, 2, 1, 2)),
}
PENALTY_LABELS = {
    "weight": "weights",
    "spatial": "wire",
    "communicability": "wire x communicability",
    "communicability_emd": "wire, and communicability as measured",
}
MEASURES = {
    "test_accuracy": "test accuracy (%)",
    "modularity": "modularity",
    "small_worldness": "small-worldness",
    "assortativity": "assortativity",
    "entropy": "entropy of weights (bits)",
}
BEST_EPOCH = "after the epoch best in validation, mean"
_RC: dict[RcKeyType, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.linewidth": 0.7,
    "legend.fontsize": 8,
}
_LETTERS = "ABCDEFGH"
_TITLE = 1.9  # inches that the longest title of a panel takes


def draw_measures(figure: Any, results: pd.DataFrame) -> None:
    """Draw every run as a dot, and means with 95 % intervals: a row per measure, task by task."""
    from matplotlib import rc_context

    tasks, variants = _in_order(results, "task"), _in_order(results, "variant")
    with rc_context(_RC):
        width = max(0.26 * len(variants), _TITLE)
        figure.set_size_inches(1.5 + width * len(tasks), 7.8)
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
        _legend(figure, results, lines=False)


def _draw_best_epoch(ax: Any, runs: pd.DataFrame, variants: list[str]) -> None:
    """Mark what is reached on average where each run is taken after its best epoch."""
    means = runs.groupby("variant")["best_epoch_test_accuracy"].mean().reindex(variants)
    ax.plot(range(len(variants)), means, "_", color=BLACK, markersize=7, zorder=3)


def _draw_measure(ax: Any, runs: pd.DataFrame, measure: str, variants: list[str]) -> None:
    for place, name in enumerate(variants):
        values = runs.loc[runs["variant"] == name, measure].astype(float).dropna().to_numpy()
        if not len(values):
            ax.text(place, 0.5, "failed", transform=ax.get_xaxis_transform(), rotation=90, size=6)
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
    """Draw the validation accuracy over the epochs, a panel per task, with 95 % bands."""
    from matplotlib import rc_context

    tasks = _in_order(curves, "task")
    with rc_context(_RC):
        figure.set_size_inches(1.0 + 2.9 * len(tasks), 3.4)
        figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
        axes = figure.subplots(1, len(tasks), squeeze=False)[0]
        for letter, ax, task in zip(_LETTERS, axes, tasks, strict=False):
            of_task = curves[curves["task"] == task]
            for name, runs in of_task.groupby("variant", sort=False):
                table = runs.pivot(
                    index="simulation", columns="epoch", values="validation_accuracy"
                )
                variant = BY_NAME[str(name)]
                LearningCurveDisplay(table.columns.to_numpy(), table.to_numpy()).plot(
                    ax,
                    color=COLOURS[variant.weights],
                    linestyle=LINES[variant.penalty],
                    single_runs=False,
                    limits=PER_CENT,
                )
            ax.axhline(100 * TASKS[task].chance, color=GREY, linestyle=":", linewidth=1)
            ax.set(xlabel="epoch", ylabel="validation accuracy (%)")
            ax.set_title(f"{letter}   {TASKS[task].label}", loc="left", fontweight="bold")
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.set_ylim(top=101)
        _legend(figure, curves, lines=True)


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
    with rc_context(_RC):
        figure.set_size_inches(0.4 + 2.0 * n_columns, 0.4 + 2.15 * n_rows)
        figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax, (name, W) in zip(axes.flat, examples.items(), strict=False):
            limit = float(np.quantile(np.abs(W), 0.99)) or 1.0
            image = ax.imshow(W, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
            ax.set_title(f"{name}   (scale {limit:.1g})", loc="left", family="monospace", size=8)
            ax.set(xticks=[], yticks=[])
        for ax in axes.flat[len(examples) :]:
            ax.set_axis_off()
        bar = figure.colorbar(image, ax=axes, shrink=0.4, ticks=[-limit, 0, limit])
        bar.ax.set_yticklabels(["-scale", "0", "scale"])
        axes[-1, 0].set(xlabel="presynaptic unit", ylabel="postsynaptic unit")


def _in_order(table: pd.DataFrame, column: str) -> list[str]:
    return list(dict.fromkeys(table[column]))


def _legend(figure: Any, table: pd.DataFrame, *, lines: bool) -> None:
    from matplotlib.lines import Line2D

    shown = [BY_NAME[name] for name in _in_order(table, "variant")]
    handles = [
        Line2D([], [], color=colour, linewidth=3, label=f"{weights} initial weights")
        for weights, colour in COLOURS.items()
        if any(variant.weights == weights for variant in shown)
    ]
    if lines:
        handles += [
            Line2D([], [], color=BLACK, linestyle=style, label=f"penalty: {PENALTY_LABELS[name]}")
            for name, style in LINES.items()
            if any(variant.penalty == name for variant in shown)
        ]
    else:
        handles += [
            Line2D(
                [], [], color=BLACK, linestyle="", marker=mark, markerfacecolor="white", label=label
            )
            for (space, mark), label in zip(
                MARKS.items(), ("no distances", "grid", "measured positions"), strict=True
            )
            if any(variant.space == space for variant in shown)
        ]
        dotted = "without memory; at best"
        handles.append(Line2D([], [], color=GREY, linestyle=":", label=dotted))
        handles.append(Line2D([], [], color=BLACK, linestyle="", marker="_", label=BEST_EPOCH))
    legend_below(figure, handles, ncols=4)
