"""Who acts on whom, as a picture: a heat map, bubbles, or a graph of layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import check_choice, check_flag, check_number, refusal
from sk_biornn._plain import found, plain_frame
from sk_biornn.inspection import block_density, population_interactions
from sk_biornn.plots import _interaction_keys as key
from sk_biornn.plots._display import Display
from sk_biornn.plots._layer_graph import draw_graph
from sk_biornn.plots._style import (
    STRENGTHS,
    difference_colours,
    hatch_absent,
    new_axes,
    weight_colours,
)

KINDS = ("heatmap", "bubbles", "graph")
SIZES = ("density", "spread")
VALUES = ("difference", "hedges_g")
_SIGNED = "mean w"  # which has the colours of weights
_LABELS = {"difference": "difference of mean {}", "hedges_g": "Hedges' g"}


class InteractionDisplay(Display):
    """A number for every pair of blocks (of populations, layers, ...), and a size beside it.

    Parameters
    ----------
    values : DataFrame of shape (n_blocks, n_blocks)
        What the colour shows, [post, pre]; NaN where there are no synapses.
    sizes : DataFrame of shape (n_blocks, n_blocks) or None, default=None
        What the area of a bubble and the width of an arrow show, not negative.
    marked : DataFrame of bool of shape (n_blocks, n_blocks) or None, default=None
        Which blocks have a dot in the heat map, a ring around the bubble, a black edge as an arrow.
    label, size_label : str
        What `values` and `sizes` are.
    diverging : bool, default=False
        Whether colours run from negative to positive values.
    n_runs : int, tuple of two int or None, default=None
        Over how many runs the values are means, or those of two groups; it stands in the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    mappable_ : matplotlib ScalarMappable
        The colours, for a colour bar.

    See Also
    --------
    sk_biornn.inspection.population_interactions : The numbers.
    sk_biornn.inspection.compare : Differences of them between two groups of runs.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970, Figs 4 and 5.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.plots import InteractionDisplay
    >>> W = np.array([[0.0, 0.2, -1.0], [0.4, 0.0, -3.0], [0.6, 0.0, 0.0]])
    >>> display = InteractionDisplay.from_estimators(W, labels=["E", "E", "I"])
    >>> float(display.values.loc["E", "I"])
    2.0
    >>> display.plot(kind="bubbles").ax_.get_xlabel()
    'from (pre)'
    """

    _set_by_plot = ("ax_", "figure_", "mappable_")

    def __init__(
        self,
        values: pd.DataFrame,
        sizes: pd.DataFrame | None = None,
        marked: pd.DataFrame | None = None,
        *,
        label: str = "mean |w|",
        size_label: str = "density",
        diverging: bool = False,
        n_runs: int | tuple[int, int] | None = None,
    ) -> None:
        self.values = values
        self.sizes = sizes
        self.marked = marked
        self.label = label
        self.size_label = size_label
        self.diverging = diverging
        self.n_runs = n_runs

    @classmethod
    def from_estimator(cls, estimator: Any, **options: Any) -> InteractionDisplay:
        """Take mean weights and densities of one fitted network.

        Parameters
        ----------
        estimator : estimator or ndarray
            A fitted network, or weights W[post, pre].
        **options : object
            Arguments of `from_estimators`.

        Returns
        -------
        InteractionDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            As `from_estimators` does.
        ValueError
            As `from_estimators` does.
        """
        return cls.from_estimators([estimator], **options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Any,
        *,
        level: str = "population",
        absolute: bool = True,
        size: str = "density",
        labels: Any = None,
    ) -> InteractionDisplay:
        """Take mean weights and densities of fitted networks, means over runs.

        Parameters
        ----------
        estimators : estimator, ndarray, or sequence of these
            Runs, as in `sk_biornn.inspection.population_interactions`.
        level : {"population", "layer", "area", "cell_type"}, default="population"
            What a block is.
        absolute : bool, default=True
            Whether to average abs(w), or w with its sign.
        size : {"density", "spread"}, default="density"
            Share of connected pairs; or the standard deviation over runs (without the correction
            for their number) over the absolute mean.
        labels : array-like of shape (n_units,), DataFrame or None, default=None
            Population of every unit, or a table of populations. None: the `populations_` of the
            estimators.

        Returns
        -------
        InteractionDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            If an argument is of another type.
        ValueError
            If there is no network, or an argument is unknown.
        """
        check_choice("size", size, SIZES)
        check_flag("absolute", absolute)
        options = {"level": level, "labels": labels}
        runs = population_interactions(estimators, absolute=absolute, **options)
        density = _mean_over_runs(block_density(estimators, **options), "density")
        mean = _mean_over_runs(runs, "mean")
        spread = runs.groupby(["post", "pre"], sort=False)["mean"].std(ddof=0).unstack("pre")
        sizes = density if size == "density" else spread.loc[mean.index, mean.index] / mean.abs()
        return cls(
            mean.where(density > 0),
            sizes.where(density > 0),
            label="mean |w|" if absolute else _SIGNED,
            size_label="density" if size == "density" else "sd / mean over runs",
            diverging=not absolute,
            n_runs=int(runs["run"].nunique()),
        )

    @classmethod
    def from_comparison(
        cls,
        comparison: pd.DataFrame,
        *,
        value: str = "difference",
        estimators: Any = None,
        labels: Any = None,
        level: str | None = None,
        alpha: float = 0.05,
        corrected: bool = True,
    ) -> InteractionDisplay:
        """Take the differences between two groups of runs.

        Parameters
        ----------
        comparison : DataFrame
            What `sk_biornn.inspection.compare` returns.
        value : {"difference", "hedges_g"}, default="difference"
            Which column the colour shows.
        estimators : sequence of estimators or None, default=None
            Runs whose mean densities are the sizes, for example those of both groups. None: sizes
            are the mean interactions of the two groups.
        labels : array-like of shape (n_units,), DataFrame or None, default=None
            Population of every unit of `estimators`, if they have no `populations_`.
        level : {"population", "layer", "area", "cell_type"} or None, default=None
            What a block of the comparison is; None: what its ``attrs`` say, which a table read from
            a file has no more.
        alpha : float, default=0.05
            Blocks are marked whose q value is smaller.
        corrected : bool, default=True
            Whether q is what is compared with `alpha`, or the p value as it is.

        Returns
        -------
        InteractionDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            If `comparison` is no DataFrame, or an argument of another type.
        ValueError
            If the table is no comparison, or an argument is unknown.
        """
        check_choice("value", value, VALUES)
        comparison = _checked_comparison(comparison, value)
        check_flag("corrected", corrected)
        alpha = check_number("alpha", alpha, low=0.0, high=1.0)
        names = comparison.attrs.get("labels") or list(
            dict.fromkeys([*comparison["post"], *comparison["pre"]])
        )

        def square(values: pd.Series) -> pd.DataFrame:
            table = comparison.assign(_=values).pivot(index="post", columns="pre", values="_")
            return table.reindex(index=names, columns=names)

        if estimators is None:
            sizes = square((comparison["mean_a"].abs() + comparison["mean_b"].abs()) / 2)
        else:
            level = level or comparison.attrs.get("level", "population")
            density = block_density(estimators, level=level, labels=labels)
            sizes = _mean_over_runs(density, "density").reindex(index=names, columns=names)
        p_values = square(comparison["q_value" if corrected else "p_value"])
        signed = bool((comparison[["mean_a", "mean_b"]] < 0).any(axis=None))
        return cls(
            square(comparison[value]),
            sizes,
            p_values < alpha,
            label=_LABELS[value].format("w" if signed else "|w|"),
            size_label="mean |w|" if estimators is None else "density",
            diverging=True,
            n_runs=comparison.attrs.get("n_runs"),
        )

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "heatmap",
        limit: float | None = None,
        cmap: Any = None,
        colorbar: bool = True,
    ) -> InteractionDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where; None makes a figure.
        kind : {"heatmap", "bubbles", "graph"}, default="heatmap"
            Cells; bubbles whose area shows `sizes`; or blocks as nodes (layers one above the other,
            areas side by side; else on a circle) and arrows whose width shows `sizes`.
        limit : float or None, default=None
            Value at which the colours end. None: the largest.
        cmap : str, matplotlib Colormap or None, default=None
            Colours. None: for diverging values those of weights (blue, white, orange-red) where the
            label is "mean w", else purple, grey, green; for others "viridis_r".
        colorbar : bool, default=True
            Whether to draw the scale.

        Returns
        -------
        InteractionDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes, `limit` no number, or `kind` or `cmap` no name.
        ValueError
            If `kind` or `cmap` is unknown, or `limit` negative.
        """
        from matplotlib import colormaps
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Colormap, Normalize

        check_choice("kind", kind, KINDS)
        if limit is not None:
            limit = check_number("limit", limit, low=0.0, high=1e300)
        is_map = cmap is None or isinstance(cmap, Colormap)
        if not is_map and (not isinstance(cmap, str) or cmap not in colormaps):
            expected = "the name of a matplotlib Colormap"
            raise refusal("cmap", expected, cmap, right_type=isinstance(cmap, str))
        check_flag("colorbar", colorbar)
        ax = new_axes(ax)
        largest = key.largest_of(self.values.abs())
        limit = limit or (largest if np.isfinite(largest) and largest > 0 else 1.0)
        factor, unit = (1e3, " ($10^{-3}$)") if limit < 0.1 else (1.0, "")
        if cmap is None:
            signed = weight_colours() if self.label == _SIGNED else difference_colours()
            cmap = signed if self.diverging else STRENGTHS
        low = -limit * factor if self.diverging else 0.0
        colours = ScalarMappable(
            Normalize(low, limit * factor), colormaps[cmap] if isinstance(cmap, str) else cmap
        )
        draw = {
            "heatmap": self._draw_cells,
            "bubbles": self._draw_bubbles,
            "graph": self._draw_graph,
        }
        draw[kind](ax, self.values * factor, colours)
        if colorbar:
            beyond = largest > limit * (1 + 1e-9)
            extend = ("both" if self.diverging else "max") if beyond else "neither"
            ax.figure.colorbar(colours, ax=ax, label=self.label + unit, shrink=0.8, extend=extend)
        self.ax_, self.figure_, self.mappable_ = ax, ax.figure, colours
        return self

    def _draw_cells(self, ax: Any, values: pd.DataFrame, colours: Any) -> None:
        ax.imshow(values, cmap=colours.cmap, norm=colours.norm, interpolation="nearest")
        if values.isna().any(axis=None):
            hatch_absent(ax)
        if self.marked is not None:
            post, pre = np.nonzero(self.marked.to_numpy())
            ax.plot(pre, post, "k.", markersize=5.5, markeredgecolor="white", markeredgewidth=0.8)
        key.name_blocks(ax, values)
        self._key(ax, [], "")

    def _draw_bubbles(self, ax: Any, values: pd.DataFrame, colours: Any) -> None:
        n, (post, pre) = len(values), np.nonzero(values.notna().to_numpy())
        marked = np.zeros(len(post), dtype=bool)
        if self.marked is not None:
            marked = self.marked.to_numpy()[post, pre]
        ax.scatter(
            pre,
            post,
            s=key.bubble_area(self._relative_sizes()[post, pre], ax, n),
            c=values.to_numpy()[post, pre],
            cmap=colours.cmap,
            norm=colours.norm,
            edgecolors=np.where(marked, "black", "0.75"),
            linewidths=np.where(marked, 1.4, 0.4),
        )
        ax.set(xlim=(-0.7, n - 0.3), ylim=(n - 0.3, -0.7), aspect="equal")
        key.name_blocks(ax, values)
        keys = [key.bubble(key.bubble_area(share, ax, n)) for share in key.KEYS]
        self._key(ax, keys, self.size_label)

    def _draw_graph(self, ax: Any, values: pd.DataFrame, colours: Any) -> None:
        widths = pd.DataFrame(self._relative_sizes(), values.index, values.columns)
        draw_graph(ax, values, key.line_width(widths), colours, self.marked)
        self._key(ax, [key.line(key.line_width(share)) for share in key.KEYS], self.size_label)

    def _key(self, ax: Any, handles: list[Any], what: str) -> None:
        """Write above the panel what sizes mean, and over how many runs values are means."""
        n = self.n_runs
        number = "" if n is None else f"n = {' and '.join(str(k) for k in np.atleast_1d(n))}"
        if self.sizes is None or not handles:
            ax.set_title(number, loc="right", fontsize="medium")
        else:
            title = ", ".join(filter(None, [what, number]))
            key.write_key(ax, handles, key.largest_of(self.sizes), title)

    def _relative_sizes(self) -> np.ndarray:
        """Return sizes from 0 to 1; all 1 if there are none."""
        if self.sizes is None:
            return np.ones(self.values.shape)
        sizes = np.nan_to_num(self.sizes.to_numpy(dtype=float))
        return sizes / (sizes.max() or 1.0)


def _checked_comparison(comparison: Any, value: str) -> pd.DataFrame:
    """Return a table of `compare` that has a column, and those that all pictures of it read."""
    comparison = plain_frame(comparison)
    expected = "comparison must be a table of sk_biornn.inspection.compare"
    if not isinstance(comparison, pd.DataFrame):
        raise TypeError(f"{expected}, got {found(comparison)}.")
    missing = {"post", "pre", "mean_a", "mean_b", "p_value", "q_value", value} - set(comparison)
    if missing:
        raise ValueError(f"{expected}, got one without {', '.join(sorted(missing))}.")
    return comparison


def _mean_over_runs(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return the means over runs as a square [post, pre], in the order of the blocks."""
    names = list(dict.fromkeys(table["post"]))
    means = table.groupby(["post", "pre"], sort=False)[value].mean()
    return means.unstack("pre").loc[names, names]
