"""The figures of the study of cell types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.plots._style import BLACK, GREEN, GREY, bare

_RC = {"font.size": 7.5, "axes.titlesize": 8, "axes.linewidth": 0.7, "legend.fontsize": 8}
FRAME = 1000 / 10.7  # ms


def _start(figure: Any, width: float, height: float) -> None:
    figure.set_size_inches(width, height)
    figure.set_layout_engine("constrained", w_pad=0.04, h_pad=0.04)


def draw_predictions(figure: Any, examples: dict[str, Any], names: list[str]) -> None:
    """Draw a test trial of the first condition: target, dense and sparse network, 6 x 3 panels."""
    from matplotlib import rc_context

    condition, example = next(iter(examples.items()))
    with rc_context(_RC):
        _start(figure, 7.2, 8.4)
        axes = figure.subplots(-(-len(names) // 3), 3, squeeze=False, sharex=True)
        time = FRAME * np.arange(len(example["target"][0]))
        styles = {
            "target": (BLACK, (0, (4, 2)), "target"),
            "dense": (GREY, "-", "dense"),
            "sparse": (GREEN, "-", "pruned and trained on"),
        }
        for place, (ax, name) in enumerate(zip(axes.flat, names, strict=False)):
            for stage, (colour, line, label) in styles.items():
                if stage in example:
                    trace = example[stage][place]
                    ax.plot(time, trace, color=colour, linestyle=line, linewidth=1.2, label=label)
            ax.set_title(name, loc="left")
            bare(ax)
        for ax in axes[-1]:
            ax.set_xlabel("time (ms)")
        for ax in axes[:, 0]:
            ax.set_ylabel("dF/F")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        figure.suptitle(f"one test trial, {condition.replace('_', ' ')}", fontsize=9)


def draw_losses(figure: Any, losses: pd.DataFrame, names: list[str]) -> None:
    """Draw the loss of every population over the epochs, a column per arm; means over runs."""
    from matplotlib import rc_context

    arms = list(dict.fromkeys(losses["arm"]))
    first = losses[losses["condition"] == losses["condition"].iloc[0]]
    with rc_context(_RC):
        _start(figure, 1 + 2.5 * len(arms), 3.4)
        axes = figure.subplots(1, len(arms), squeeze=False, sharey=True)[0]
        colours = _population_colours(names)
        for ax, arm in zip(axes, arms, strict=True):
            means = first[first["arm"] == arm].groupby("epoch")[names].mean()
            for name in names:
                line = "-" if name.startswith(names[0].split("_")[0]) else (0, (3, 1.5))
                ax.plot(means.index, means[name], color=colours[name], linestyle=line, linewidth=1)
            ax.set(yscale="log", xlabel="epoch", title=arm)
            bare(ax)
        axes[0].set_ylabel("mean squared error of a population")
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=c, lw=2, label=t) for t, c in _TYPE_COLOURS.items()]
        areas = list(dict.fromkeys(name.split("_")[0] for name in names))
        for area, line in zip(areas, ("-", (0, (3, 1.5))), strict=False):
            handles.append(Line2D([], [], color=BLACK, linestyle=line, label=area))
        figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False)


_TYPE_COLOURS = {"pyr": "#D55E00", "sst": "#0072B2", "vip": "#56B4E9"}


def _population_colours(names: list[str]) -> dict[str, str]:
    return {name: _TYPE_COLOURS.get(name.split("_")[-1].lower(), GREY) for name in names}


def draw_weights(figure: Any, folder: Path, examples: dict[str, Any]) -> None:
    """Draw the recurrent weights of one network: initial, dense, and at the end."""
    from matplotlib import rc_context

    stages = ("initial", "dense", "sparse")
    (path,) = sorted(folder.glob("*.npz"))[:1]
    with np.load(path, allow_pickle=False) as arrays, rc_context(_RC):
        _start(figure, 9.0, 3.2)
        axes = figure.subplots(1, len(stages), squeeze=False)[0]
        for ax, stage in zip(axes, stages, strict=True):
            image = ax.imshow(
                arrays[stage], cmap="RdBu_r", vmin=-0.04, vmax=0.04, interpolation="antialiased"
            )
            ax.set(xticks=[], yticks=[], xlabel="presynaptic unit")
            ax.set_title({"sparse": "pruned and trained on"}.get(stage, stage), loc="left")
        axes[0].set_ylabel("postsynaptic unit")
        figure.colorbar(image, ax=axes, shrink=0.7, label="weight", extend="both")


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
    with rc_context({**_RC, "font.size": 6.5}):
        _start(figure, 10.0, 8.8)
        axes = figure.subplots(2, 2)
        for ax, stage in zip(axes[0], ("dense", "sparse"), strict=True):
            table = _matrix(kept[kept["stage"] == stage], "absolute")
            image = ax.imshow(1e3 * table, cmap="viridis", interpolation="nearest")
            figure.colorbar(image, ax=ax, shrink=0.8, label="mean |w| (0.001)")
            _name_axes(ax, list(table.index))
            ax.set_title({"sparse": "pruned and trained on"}.get(stage, stage), loc="left")
        end = kept[kept["stage"] == "sparse"]
        means, densities = _matrix(end, "absolute"), _matrix(end, "density")
        _bubbles(axes[1, 0], means, densities, "density")
        runs = end.groupby(["post", "pre"], sort=False)["absolute"]
        spread = (runs.std(ddof=0) / runs.mean()).unstack("pre").loc[means.index, means.index]
        _bubbles(axes[1, 1], means, spread.fillna(0), "sd / mean over runs")


def _bubbles(ax: Any, means: pd.DataFrame, sizes: pd.DataFrame, what: str) -> None:
    post, pre = np.indices(means.shape)
    largest = float(sizes.to_numpy().max())
    area = 90 * sizes.to_numpy() / max(largest, 1e-12)
    shown = ax.scatter(pre, post, s=area, c=1e3 * means.to_numpy(), cmap="viridis_r")
    ax.figure.colorbar(shown, ax=ax, shrink=0.8, label="mean |w| (0.001)")
    _name_axes(ax, list(means.index))
    ax.set(ylim=(len(means) - 0.5, -0.5), xlim=(-0.5, len(means) - 0.5), aspect="equal")
    ax.set_title(f"size: {what}, at most {largest:.2f}", loc="left")


def _name_axes(ax: Any, names: list[str]) -> None:
    ax.set_xticks(range(len(names)), names, rotation=90)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="source (pre)", ylabel="target (post)")


def draw_differences(figure: Any, comparisons: pd.DataFrame, names: list[str]) -> None:
    """Draw the differences between conditions, populations; a dot where q < 0.05."""
    from matplotlib import rc_context

    kept = comparisons[comparisons["level"] == "population"]
    pairs = list(dict.fromkeys(zip(kept["first"], kept["second"], strict=True)))
    n_columns = min(3, len(pairs))
    n_rows = -(-len(pairs) // n_columns)
    with rc_context({**_RC, "font.size": 6.5}):
        _start(figure, 0.5 + 4.4 * n_columns, 0.4 + 4.2 * n_rows)
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax in axes.flat[len(pairs) :]:
            ax.set_axis_off()
        for ax, (first, second) in zip(axes.flat, pairs, strict=False):
            pair = kept[(kept["first"] == first) & (kept["second"] == second)]
            table = pair.pivot(index="post", columns="pre", values="difference")
            table = 1e3 * table.reindex(index=names, columns=names)
            limit = float(np.nanmax(np.abs(table.to_numpy()))) or 1.0
            image = ax.imshow(table, cmap="RdBu_r", vmin=-limit, vmax=limit)
            figure.colorbar(image, ax=ax, shrink=0.8, label="difference of mean |w| (0.001)")
            found = pair[pair["q_value"] < 0.05]
            places = {name: place for place, name in enumerate(names)}
            ax.plot(found["pre"].map(places), found["post"].map(places), "k.", markersize=3)
            ax.set_title(f"{second} - {first}".replace("_", " "), loc="left")
            _name_axes(ax, names)


def draw_network(figure: Any, comparisons: pd.DataFrame, blocks: pd.DataFrame) -> None:
    """Draw layers as a graph: colour is the difference, width the density; loops are loops."""
    from matplotlib import colormaps, rc_context
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    kept = comparisons[comparisons["level"] == "layer"]
    pairs = list(dict.fromkeys(zip(kept["first"], kept["second"], strict=True)))
    sparse = blocks[(blocks["stage"] == "sparse") & (blocks["level"] == "layer")]
    density = sparse.groupby(["post", "pre"])["density"].mean()
    with rc_context(_RC):
        n_columns = min(3, len(pairs))
        n_rows = -(-len(pairs) // n_columns)
        _start(figure, 3.6 * n_columns, 3.4 * n_rows)
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax in axes.flat[len(pairs) :]:
            ax.set_axis_off()
        for ax, (first, second) in zip(axes.flat, pairs, strict=False):
            pair = kept[(kept["first"] == first) & (kept["second"] == second)]
            limit = 1e3 * float(pair["difference"].abs().max()) or 1.0
            colour = ScalarMappable(Normalize(-limit, limit), colormaps["RdBu_r"])
            places = _layer_places(list(dict.fromkeys(sparse["post"])))
            for row in pair.itertuples():
                width = 4 * density[row.post, row.pre] / density.max()
                _arc(
                    ax,
                    places[row.pre],
                    places[row.post],
                    colour.to_rgba(1e3 * row.difference),
                    width,
                )
            for name, (x, y) in places.items():
                ax.plot(x, y, "o", markersize=22, color="0.88", markeredgecolor="0.5", zorder=3)
                ax.text(x, y, name.split("_")[-1], ha="center", va="center", zorder=4)
            for area, x in {name.split("_")[0]: x for name, (x, _) in places.items()}.items():
                ax.text(x, 1.5, area, ha="center", weight="bold")
            ax.set(xlim=(-0.75, 2.25), ylim=(-1.5, 1.8))
            ax.set_axis_off()
            ax.set_title(f"{second}\n- {first}".replace("_", " "), loc="left", fontsize=7.5)
            figure.colorbar(colour, ax=ax, shrink=0.6, label="difference (0.001)")


def _layer_places(names: list[str]) -> dict[str, tuple[float, float]]:
    """Areas side by side, superficial layers above."""
    height = {"L23": 1.0, "L4": 0.0, "L5": -1.0}
    areas = list(dict.fromkeys(name.split("_")[0] for name in names))
    return {
        name: (1.5 * areas.index(name.split("_")[0]), height.get(name.split("_")[-1], 0.0))
        for name in names
    }


def _arc(
    ax: Any, start: tuple[float, float], end: tuple[float, float], colour: Any, width: float
) -> None:
    from matplotlib.patches import Circle, FancyArrowPatch

    if start == end:
        side = -1 if start[0] == 0 else 1
        centre = (start[0] + side * 0.36, start[1])
        ax.add_patch(Circle(centre, 0.2, fill=False, color=colour, linewidth=max(width, 0.4)))
        return
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle="arc3,rad=0.3",
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=12,
            shrinkB=12,
            linewidth=max(width, 0.4),
            color=colour,
        )
    )
