"""The figure of a study: learning curves above, final scores of every run below."""

from __future__ import annotations

from os import PathLike
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sk_biornn._csv import read_csv
from sk_biornn._mean_interval import FEWEST
from sk_biornn._plain import found, short
from sk_biornn.plots._display import Display
from sk_biornn.plots._learning_curve import LearningCurveDisplay, mean_and_band
from sk_biornn.plots._legend import legend_below
from sk_biornn.plots._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PAGE,
    PRINT,
    SKY,
    VERMILLION,
    bare,
    literal,
    old_name,
    room_for,
)

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

COLOURS = {
    "unconstrained": BLACK,
    "projection": BLUE,
    "abs": ORANGE,
    "square": GREEN,
    "exponentiated": SKY,
    "rectified": VERMILLION,
}
LINES: dict[str, LineStyleType] = {"ours": "-", "paper": (0, (3, 1.5))}
INITS = {"ours": "our initial weights", "paper": "initial weights as published"}
SCORES = {"mse": "test mean sq. error", "accuracy": "test accuracy (%)"}
LIMITS = {"mse": (0.0, np.inf), "accuracy": (0.0, 100.0)}
BASELINES = {"mse": "input repeated", "accuracy": "commonest label"}
_LETTERS = "ABCDEFGH"
_FAILED = "all runs failed"
NEEDED = {
    "results": ["task", "arm", "init", "simulation", "metric", "score", "baseline_score"],
    "curves": ["task", "arm", "init", "simulation", "epoch", "score"],
}


class StudyDisplay(Display):
    """Learning curves and final scores of a study, one column per task.

    Colours tell the arms apart, full lines and filled dots our initial weights from the paper's,
    whose curves have a row of panels each. Curves are means over runs, geometric ones for the mean
    squared error; every run is a dot beside the mean of its arm. From five runs on there are 95 %
    bands and intervals, on the scale of the metric; fewer runs are drawn as thin lines. The dotted
    line is what needs no network: repeating the input, or the commonest label.

    Parameters
    ----------
    results : DataFrame
        One row per run: task, arm, init, simulation, metric, score, baseline_score.
    curves : DataFrame
        One row per run and evaluated epoch: task, arm, init, simulation, epoch, score.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The first panel.
    axes_ : ndarray of Axes of shape (n_inits + 1, n_tasks)
        Curves, a row for each kind of initial weights, and scores in the last row.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_biornn.plots import StudyDisplay
    >>> run = {"task": "digits", "arm": "abs", "init": "ours", "simulation": 0}
    >>> results = pd.DataFrame(
    ...     [{**run, "metric": "accuracy", "score": 95.0, "baseline_score": 10}]
    ... )
    >>> curves = pd.DataFrame(
    ...     [{**run, "epoch": 1, "score": 80}, {**run, "epoch": 2, "score": 95}]
    ... )
    >>> display = StudyDisplay.from_tables(results, curves).plot()
    >>> [ax.get_xlabel() for ax in display.axes_.flat]
    ['epoch', '']
    """

    _set_by_plot = ("ax_", "axes_", "figure_")

    def __init__(self, results: pd.DataFrame, curves: pd.DataFrame) -> None:
        self.results = results
        self.curves = curves

    @classmethod
    def from_tables(cls, results: pd.DataFrame, curves: pd.DataFrame) -> StudyDisplay:
        """Take the tables of a study.

        Parameters
        ----------
        results : DataFrame
            One row per run, as in `results.csv`.
        curves : DataFrame
            One row per run and evaluated epoch, as in `curves.csv`.

        Returns
        -------
        StudyDisplay
            The display; call `plot`.

        Raises
        ------
        ValueError
            If a table has no rows or lacks a column.
        """
        for (name, columns), table in zip(NEEDED.items(), (results, curves), strict=True):
            if not isinstance(table, pd.DataFrame):
                raise TypeError(f"{name} must be a DataFrame, got {found(table)}.")
            missing = [column for column in columns if column not in table]
            if missing:
                raise ValueError(f"{name} must have the columns {columns}, lacks {missing}.")
        if results.empty:
            raise ValueError("results must have at least one row.")
        unknown = set(results["metric"]) - set(SCORES)
        if unknown:
            raise ValueError(
                f"results must have the metrics {list(SCORES)}, got {short(min(unknown))}."
            )
        return cls(results, curves)

    @classmethod
    def from_folder(cls, folder: Any) -> StudyDisplay:
        """Read the tables of a study.

        Parameters
        ----------
        folder : path
            Output folder of a study, with `results.csv` and `curves.csv`.

        Returns
        -------
        StudyDisplay
            The display; call `plot`.

        Raises
        ------
        FileNotFoundError
            If a table is not there.
        ValueError
            If a table lacks a column.
        """
        if not isinstance(folder, (str, PathLike)):
            raise TypeError(f"folder must be a path, got {found(folder)}.")
        if not isdir(folder):
            raise FileNotFoundError(
                f"folder must be the output folder of a study, there is no folder {short(folder)}."
            )
        tables = (read_csv(Path(folder) / f"{name}.csv") for name in NEEDED)
        return cls.from_tables(*tables)

    def plot(self, ax: Any = None, *, figure: Any = None) -> StudyDisplay:
        """Draw the figure.

        Parameters
        ----------
        ax : matplotlib Axes, Figure or None, default=None
            Axes whose place the panels take; or an empty figure, which gets its size. None makes
            one with pyplot.
        figure : matplotlib Figure or None, default=None
            Deprecated name of `ax`.

        Returns
        -------
        StudyDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is neither Axes nor Figure.
        """
        import matplotlib

        tasks = list(dict.fromkeys(self.results["task"]))
        inits = self._inits()
        with matplotlib.rc_context(PRINT):
            width = min(0.8 + 3.1 * len(tasks), max(PAGE, 2.3 * len(tasks)))
            figure = room_for(old_name(ax, figure), (width, 2.6 + 2.0 * len(inits)))
            axes = figure.subplots(len(inits) + 1, len(tasks), squeeze=False)
            self.figure_, self.axes_, self.ax_ = figure, axes, axes[0, 0]
            for letter, column, task in zip(_LETTERS, axes.T, tasks, strict=False):
                for ax, init in zip(column, inits, strict=False):
                    self._draw_curves(ax, task, init)
                self._draw_scores(column[-1], task)
                column[0].set_title(f"{letter}   {literal(task)}", loc="left", fontweight="bold")
                column[-2].set_xlabel("epoch")
            for ax, init in zip(axes[:, 0], inits, strict=False):
                ax.set_ylabel(f"{INITS.get(init, literal(init))}\n{ax.get_ylabel()}")
            figure.align_ylabels(axes[:, 0])
            self._draw_legend()
        return self

    def _inits(self) -> list[str]:
        """Return the kinds of initial weights, ours first; there is at least one."""
        found = list(dict.fromkeys(self.results["init"]))
        return sorted(found, key=lambda init: list(LINES).index(init) if init in LINES else 9)

    def _draw_curves(self, ax: Any, task: str, init: str) -> None:
        results = self.results[self.results["task"] == task]
        curves = self.curves[self.curves["task"] == task]
        metric = results["metric"].iloc[0]
        log = metric == "mse"
        for arm, runs in curves[curves["init"] == init].groupby("arm", sort=False):
            table = runs.pivot(index="simulation", columns="epoch", values="score")
            LearningCurveDisplay(table.columns.to_numpy(), table.to_numpy()).plot(
                ax,
                color=_colour(str(arm)),
                linestyle=LINES.get(init, "-"),
                log=log,
                single_runs=False,
                limits=LIMITS[metric],
            )
        ax.axhline(results["baseline_score"].mean(), color=GREY, linestyle=":", linewidth=1.2)
        ax.set(xlabel="", ylabel=SCORES[metric])
        ax.xaxis.get_major_locator().set_params(integer=True)
        # The same for all initial weights, which are compared down a column.
        _limit(ax, curves["score"], results["baseline_score"], log)
        bare(ax)

    def _draw_scores(self, ax: Any, task: str) -> None:
        rows = self.results[self.results["task"] == task]
        metric = rows["metric"].iloc[0]
        log = metric == "mse"
        arms = list(dict.fromkeys(rows["arm"]))
        for (arm, init), runs in rows.groupby(["arm", "init"], sort=False):
            both = rows.loc[rows["arm"] == arm, "init"].nunique() > 1
            offset = {"paper": -0.21, "ours": 0.21}.get(str(init), 0.0) if both else 0.0
            scores, place = runs["score"].to_numpy(), arms.index(arm) + offset
            _dots(ax, place, scores, str(arm), str(init), metric)
        if log:
            ax.set_yscale("log")
        _draw_baseline(ax, rows["score"], rows["baseline_score"].mean(), log)
        ax.set_xticks(
            range(len(arms)),
            [literal(arm) for arm in arms],
            rotation=35,
            ha="right",
            rotation_mode="anchor",
        )
        ax.set(ylabel=SCORES[metric], xlim=(-0.6, len(arms) - 0.4))
        if metric == "accuracy":
            ax.set_ylim(top=min(100.5, ax.get_ylim()[1]))
        bare(ax)

    def _draw_legend(self) -> None:
        from matplotlib.lines import Line2D

        arms = list(dict.fromkeys(self.results["arm"]))
        inits = [init for init in LINES if init in set(self.results["init"])]
        handles = [
            Line2D([], [], color=_colour(arm), linewidth=3, label=literal(arm)) for arm in arms
        ]
        for init in inits:
            face = GREY if init == "ours" else "white"
            handles.append(
                Line2D(
                    [],
                    [],
                    color="0.3",
                    linestyle=LINES[init],
                    marker="o",
                    markersize=5,
                    markerfacecolor=face,
                    label=INITS[init],
                )
            )
        counts = self.results.dropna(subset="score").groupby(["task", "arm", "init"]).size()
        n = "-".join(str(count) for count in sorted({counts.min(), counts.max()}))
        few = len(counts) and counts.max() < FEWEST
        mean = f"mean{'' if few else ' and 95 % interval'}, n = {n}" if len(counts) else _FAILED
        handles.append(
            Line2D([], [], color="0.3", ls="", marker="_" if few else "+", markersize=9, label=mean)
        )
        guess = " / ".join(BASELINES[name] for name in dict.fromkeys(self.results["metric"]))
        handles.append(Line2D([], [], color=GREY, linestyle=":", label=f"no network: {guess}"))
        legend_below(self.figure_, handles, ncols=5, handlelength=2.2)


def _colour(arm: str) -> str:
    return COLOURS.get(arm, GREY)


def _dots(ax: Any, x: float, scores: np.ndarray, arm: str, init: str, metric: str) -> None:
    """Draw every run as a dot, and beside the dots their mean with its 95 % interval."""
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        ax.text(x, 0.5, "failed", transform=ax.get_xaxis_transform(), rotation=90, fontsize=8)
        return
    colour = _colour(arm)
    # The run's number decides where a dot stands, so that a figure can be drawn again.
    spread = np.linspace(-0.06, 0.06, len(scores)) if len(scores) > 1 else [0.0]
    face = colour if init == "ours" else "white"
    ax.plot(
        x - 0.06 + np.asarray(spread),
        scores,
        "o",
        markersize=3,
        color=colour,
        markerfacecolor=face,
        markeredgewidth=0.7,
        alpha=0.75,
    )
    band = mean_and_band(scores[:, np.newaxis], limits=LIMITS[metric])
    mean, low, high = (float(end[0]) for end in band)
    ax.plot([x + 0.1, x + 0.1], [low, high], color=colour, linewidth=1.1)
    ax.plot(x + 0.1, mean, "_", color=colour, markersize=6, markeredgewidth=1.6)


def _limit(ax: Any, scores: pd.Series, baselines: pd.Series, log: bool) -> None:
    """Show the range of the scores; with few runs the bands reach far beyond it."""
    values = pd.concat([scores, baselines]).dropna()
    if values.nunique() < 2:
        return
    low, high = values.min(), values.max()
    margin = 0.04 * (high - low)
    limits = (low / 1.5, high * 1.5) if log else (low - margin, min(100.5, high + margin))
    ax.set_ylim(limits)


def _draw_baseline(ax: Any, scores: pd.Series, baseline: float, log: bool) -> None:
    """Draw the score without a network; only its number where it would squeeze all others."""
    scores = scores.dropna()
    if scores.empty or not np.isfinite(baseline):
        return
    low, high = scores.min(), scores.max()
    reach = 10.0 if log else high - low
    near = low / reach < baseline < high * reach if log else low - reach < baseline < high + reach
    if near:
        ax.axhline(baseline, color=GREY, linestyle=":", linewidth=1.2)
        return
    text = f"no network: {baseline:.2g} (off scale)"
    ax.text(1.0, 1.01, text, transform=ax.transAxes, ha="right", fontsize=8, color="0.4")
