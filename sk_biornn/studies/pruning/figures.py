"""The figure of the study of pruning: scores by density, a dot per network."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sk_biornn.plots._legend import legend_below
from sk_biornn.plots._style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PAGE,
    PRINT,
    PURPLE,
    VERMILLION,
    bare,
)
from sk_biornn.studies.pruning.report import LABELS
from sk_biornn.studies.pruning.settings import LEGACY, LEGACY_RANDOM

COLOURS = {
    "top-prob": BLUE,
    LEGACY: VERMILLION,
    "magnitude": PURPLE,
    "random": ORANGE,
    LEGACY_RANDOM: GREEN,
}
_LETTERS = "ABCDEFGH"
_KEY = "0.3"  # of what is not of one method
_APART = 0.005  # bars of the methods at one density, so that none hides another


def draw_scores(figure: Any, summary: pd.DataFrame, results: pd.DataFrame) -> None:
    """Draw a panel per task: just pruned above, fine-tuned below; every network is a dot.

    The axis is the density that was reached, which may be more or less than the one asked for: the
    share of all entries that are kept and not 0.
    """
    from matplotlib import rc_context

    tasks = list(dict.fromkeys(summary["task"]))
    times = [when for when in ("one_shot", "finetuned") if (summary["when"] == when).any()]
    with rc_context(PRINT):
        width = min(0.8 + 3.0 * len(tasks), max(PAGE, 2.2 * len(tasks)))
        figure.set_size_inches(width, 0.4 + 2.3 * len(times))
        figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)
        axes = figure.subplots(len(times), len(tasks), squeeze=False, sharey="col", sharex=True)
        for column, task in enumerate(tasks):
            of_task = summary[summary["task"] == task]
            networks = results[results["task"] == task]
            for row, when in enumerate(times):
                _draw_panel(axes[row, column], of_task, networks, when)
            for row, when in enumerate(times):
                _draw_intervals(axes[row, column], of_task, when)
            axes[0, column].set_title(f"{_LETTERS[column]}   {task}", loc="left", weight="bold")
            axes[-1, column].set_xlabel("share of all entries kept")
        for row, when in zip(axes[:, 0], times, strict=True):
            words = {"one_shot": "just pruned", "finetuned": "fine-tuned"}[when]
            row.set_ylabel(f"{words}\n{row.get_ylabel()}")
        _legend(figure, summary)


def _draw_panel(ax: Any, of_task: pd.DataFrame, networks: pd.DataFrame, when: str) -> None:
    metric = of_task["metric"].iloc[0]
    if metric == "mse":
        ax.set_yscale("log")
    dense = of_task[(of_task["density"] == 1.0) & (of_task["when"] == when)]
    if len(dense):
        ax.axhline(dense["mean"].iloc[0], color=GREY, linestyle=":", linewidth=1, zorder=0)
    for method, rows in of_task[of_task["when"] == when].groupby("method", sort=False):
        rows = rows.sort_values("density")
        kept, colour = rows["achieved_density"], COLOURS.get(str(method), GREY)
        own = networks[networks["method"] == method]
        ax.plot(own["achieved_density"], own[when], "o", color=colour, markersize=2.5, alpha=0.5)
        ax.plot(kept, rows["mean"], "-", color=colour, linewidth=1.3)
        ax.plot(kept, rows["published"], "x", color=colour, markersize=4)
    ax.set(xlim=(-0.02, 1.02), ylabel=LABELS[metric])
    bare(ax)


def _draw_intervals(ax: Any, of_task: pd.DataFrame, when: str) -> None:
    """Draw the confidence intervals of the means as bars, within the limits that the dots set."""
    limits = ax.get_ylim()
    methods = list(dict.fromkeys(of_task["method"]))
    for place, method in enumerate(methods):
        rows = of_task[(of_task["when"] == when) & (of_task["method"] == method)]
        low, high = rows["ci_low"].clip(lower=limits[0]), rows["ci_high"].clip(upper=limits[1])
        beside = rows["achieved_density"] + _APART * (place - (len(methods) - 1) / 2)
        ax.vlines(beside, low, high, color=COLOURS.get(method, GREY), lw=0.8, alpha=0.5, zorder=1)
    ax.set_ylim(limits)


def _legend(figure: Any, summary: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    methods = [method for method in COLOURS if (summary["method"] == method).any()]
    handles = [Line2D([], [], color=COLOURS[method], lw=2, label=method) for method in methods]
    n = "-".join(str(count) for count in sorted({summary["n"].min(), summary["n"].max()}))
    dots: dict[str, Any] = {"marker": "o", "markersize": 2.5, "alpha": 0.6}
    handles.append(Line2D([], [], color=_KEY, ls="", **dots, label=f"a network (n = {n})"))
    handles.append(Line2D([], [], color=_KEY, label="mean over networks"))
    if summary["ci_low"].notna().any():
        bar: dict[str, Any] = {"marker": "|", "markersize": 9, "markeredgewidth": 0.8, "alpha": 0.6}
        handles.append(Line2D([], [], color=_KEY, ls="", **bar, label="95 % CI of the mean"))
    handles.append(Line2D([], [], color=GREY, linestyle=":", label="dense (below: fine-tuned)"))
    if summary["published"].notna().any():
        handles.append(Line2D([], [], color=_KEY, ls="", marker="x", label="published"))
    legend_below(figure, handles, ncols=4)
