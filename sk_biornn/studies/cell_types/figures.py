"""The figures of the study of cell types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sk_biornn.plots import InteractionDisplay, PredictionDisplay, WeightMatrixDisplay
from sk_biornn.plots._learning_curve import mark_pruning
from sk_biornn.plots._legend import legend_below
from sk_biornn.plots._style import BLACK, GREEN, GREY, PAGE, PRINT, bare
from sk_biornn.studies.cell_types.settings import DENSE_SAME_EPOCHS

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

_LINES: tuple[LineStyleType, LineStyleType] = "-", (0, (3, 1.5))  # of the areas
FRAME = 1000 / 10.7  # ms


def _start(figure: Any, width: float, height: float) -> None:
    figure.set_size_inches(width, height)
    figure.set_layout_engine("constrained", w_pad=0.04, h_pad=0.04)


def draw_predictions(figure: Any, examples: dict[str, Any], names: list[str]) -> None:
    """Draw a test trial of the first condition: target, dense and sparse network, 6 x 3 panels."""
    condition, example = next(iter(examples.items()))
    shown = {"dense": "dense", "sparse": "pruned and fine-tuned"}
    predictions = {
        label: np.transpose(example[stage]) for stage, label in shown.items() if stage in example
    }
    target = np.transpose(example["target"])
    display = PredictionDisplay(target, predictions, names, FRAME * np.arange(len(target)))
    display.plot(
        figure,
        colors={"dense": GREY, "pruned and fine-tuned": GREEN},
        xlabel=f"time (ms); one test trial, {condition.replace('_', ' ')}",
        ylabel="dF/F",
    )


def draw_losses(
    figure: Any, losses: pd.DataFrame, names: list[str], pruned: int | None = None
) -> None:
    """Draw the loss of every population over the epochs, a column per arm; means over runs.

    A line stands after the epoch after which the networks were pruned, those that were.
    """
    from matplotlib import rc_context

    arms = list(dict.fromkeys(losses["arm"]))
    first = losses[losses["condition"] == losses["condition"].iloc[0]]
    with rc_context(PRINT):
        _start(figure, min(PAGE, 1 + 2.5 * len(arms)), 3.2)
        axes = figure.subplots(1, len(arms), squeeze=False, sharey=True)[0]
        colours = _population_colours(names)
        for ax, arm in zip(axes, arms, strict=True):
            means = first[first["arm"] == arm].groupby("epoch")[names].mean()
            for name in names:
                line = _LINES[0] if name.startswith(names[0].split("_")[0]) else _LINES[1]
                ax.plot(means.index, means[name], color=colours[name], linestyle=line, linewidth=1)
            n = first.loc[first["arm"] == arm, "simulation"].nunique()
            ax.set(yscale="log", xlabel="epoch")
            ax.set_title(f"{arm}, n = {n}", loc="left")
            if pruned is not None and arm != DENSE_SAME_EPOCHS:
                mark_pruning(ax, pruned)
            bare(ax)
        axes[0].set_ylabel("mean squared error of a population")
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=c, lw=2, label=t) for t, c in _TYPE_COLOURS.items()]
        areas = list(dict.fromkeys(name.split("_")[0] for name in names))
        for area, line in zip(areas, _LINES, strict=False):
            handles.append(Line2D([], [], color=BLACK, linestyle=line, label=area))
        legend_below(figure, handles, ncols=5)


_TYPE_COLOURS = {"pyr": "#D55E00", "sst": "#0072B2", "vip": "#56B4E9"}


def _population_colours(names: list[str]) -> dict[str, str]:
    return {name: _TYPE_COLOURS.get(name.split("_")[-1].lower(), GREY) for name in names}


def draw_weights(
    figure: Any, arrays: Mapping[str, np.ndarray], layers: Sequence[str] | None = None
) -> None:
    """Draw the recurrent weights of one network: initial, dense, and at the end.

    `layers` has the area and layer of every unit, which are written along the axes.
    """
    from matplotlib import rc_context

    stages = ("initial", "dense", "sparse")
    populations = None if layers is None else np.asarray(layers, dtype=object)
    with rc_context(PRINT):
        _start(figure, PAGE, 2.9)
        axes = figure.subplots(1, len(stages), squeeze=False)[0]
        for ax, stage in zip(axes, stages, strict=True):
            limit = 1.5 / len(arrays[stage]) ** 0.5  # half as much again as the initial weights
            display = WeightMatrixDisplay(arrays[stage], populations=populations)
            display.plot(ax, limit=limit, colorbar=False)
            if populations is None:
                ax.set(xticks=[], yticks=[])
            ax.set_title({"sparse": "pruned and fine-tuned"}.get(stage, stage), loc="left")
            if ax is not axes[0]:
                ax.set_ylabel("")
                ax.tick_params(labelleft=False)
        bar = figure.colorbar(display.image_, ax=axes, shrink=0.6, extend="both")
        bar.set_label("weight")


def _matrix(blocks: pd.DataFrame, value: str) -> pd.DataFrame:
    names = list(dict.fromkeys(blocks["post"]))
    means = blocks.groupby(["post", "pre"], sort=False)[value].mean()
    return means.unstack("pre").loc[names, names]


def draw_interactions(figure: Any, blocks: pd.DataFrame) -> None:
    """Draw who acts on whom: mean weights as heat maps; density and spread over runs as bubbles."""
    from matplotlib import rc_context

    kept = blocks[
        (blocks["condition"] == blocks["condition"].iloc[0]) & (blocks["level"] == "population")
    ]
    n_runs = kept["simulation"].nunique()
    with rc_context(PRINT):
        _start(figure, PAGE, 7.2)
        axes = figure.subplots(2, 2)
        stages = {"dense": "dense", "sparse": "pruned and fine-tuned"}
        tables = {stage: _matrix(kept[kept["stage"] == stage], "absolute") for stage in stages}
        largest: list[Any] = [table.max(axis=None) for table in tables.values()]
        limit = float(max(largest))
        for ax, (stage, title) in zip(axes[0], stages.items(), strict=True):
            means = tables[stage]
            display = InteractionDisplay(means.where(means > 0), n_runs=n_runs)
            display.plot(ax, limit=limit, colorbar=ax is axes[0, 1])
            ax.set_title(title, loc="left")
        end = kept[kept["stage"] == "sparse"]
        means, densities = _matrix(end, "absolute"), _matrix(end, "density")
        means = means.where(means > 0)
        runs = end.groupby(["post", "pre"], sort=False)["absolute"]
        spread = runs.std(ddof=0).unstack("pre").loc[means.index, means.columns] / means
        for ax, sizes, what in (
            (axes[1, 0], densities, "density"),
            (axes[1, 1], spread, "sd / mean over runs"),
        ):
            display = InteractionDisplay(means, sizes, size_label=what, n_runs=n_runs)
            display.plot(ax, kind="bubbles", colorbar=ax is axes[1, 1])
        _name_outer(axes)


def _name_outer(axes: Any) -> None:
    """Leave names of blocks at the outer panels alone, which have the others' rows and columns."""
    for ax in axes[:-1].flat:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
        ax.tick_params(labelleft=False)


def draw_differences(figure: Any, comparisons: pd.DataFrame, names: list[str]) -> None:
    """Draw the differences between conditions, populations; a dot where q < 0.05."""
    kept = comparisons[comparisons["level"] == "population"]
    for ax, _, pair in _panels(figure, kept, width=4.6, height=3.9, above=0.4):
        InteractionDisplay(
            _square(pair, "difference", names),
            marked=_square(pair, "q_value", names) < 0.05,
            label="difference of mean |w|",
            diverging=True,
            n_runs=int(pair["n"].iloc[0]),
        ).plot(ax)


def draw_network(figure: Any, comparisons: pd.DataFrame, blocks: pd.DataFrame) -> None:
    """Draw layers as a graph: colour is the difference, width the density."""
    kept = comparisons[comparisons["level"] == "layer"]
    sparse = blocks[(blocks["stage"] == "sparse") & (blocks["level"] == "layer")]
    for ax, conditions, pair in _panels(figure, kept, width=4.2, height=3.6, fontsize=8):
        densities = _matrix(sparse[sparse["condition"].isin(conditions)], "density")
        differences = _square(pair, "difference", list(densities.index))
        display = InteractionDisplay(
            *(differences, densities),
            label="difference of mean |w|",
            diverging=True,
            n_runs=int(pair["n"].iloc[0]),
        )
        display.plot(ax, kind="graph")


def _panels(
    figure: Any,
    comparisons: pd.DataFrame,
    *,
    width: float,
    height: float,
    above: float = 0.0,
    **of_titles: Any,
) -> Iterator[tuple[Any, list[str], pd.DataFrame]]:
    """Yield a panel for each pair of conditions, the two, and what is said of them; name it then.

    One panel alone is `width` inches wide, each row of two is `height` inches high.
    """
    from matplotlib import rc_context

    pairs = list(dict.fromkeys(zip(comparisons["first"], comparisons["second"], strict=True)))
    n_columns = min(2, len(pairs))
    n_rows = -(-len(pairs) // n_columns)
    with rc_context(PRINT):
        _start(figure, PAGE if n_columns > 1 else width, above + height * n_rows)
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax in axes.flat[len(pairs) :]:
            ax.set_axis_off()
        for ax, (first, second) in zip(axes.flat, pairs, strict=False):
            is_pair = (comparisons["first"] == first) & (comparisons["second"] == second)
            yield ax, [first, second], comparisons[is_pair]
            ax.set_title(f"{second}\n- {first}".replace("_", " "), loc="left", **of_titles)


def _square(pair: pd.DataFrame, value: str, names: list[str]) -> pd.DataFrame:
    """Return a column of the comparisons as [post, pre], NaN where there is no block."""
    table = pair.pivot(index="post", columns="pre", values=value)
    return table.reindex(index=names, columns=names)
