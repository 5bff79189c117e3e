"""A weight matrix as a picture, excitation and inhibition in their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import check_flag, check_number
from sk_biornn._plain import real_array
from sk_biornn._sparse import canonical
from sk_biornn.plots._display import Display
from sk_biornn.plots._pixels import is_large, mean_signs, mean_weights, units_per_pixel
from sk_biornn.plots._style import fitted, new_axes, weight_colours, words
from sk_biornn.units.labels import read_labels
from sk_biornn.units.order import UnitOrder
from sk_biornn.units.signs import sign_array

Names = tuple[Sequence[Any] | None, Sequence[Any] | None]  # of rows and columns
_MOST_NAMES = 60  # along one axis
_MOST_POPULATIONS = 40
_MOST = 1e300  # beyond it the width of a scale from -limit to limit has no number


class WeightMatrixDisplay(Display):
    """Recurrent weights W[post, pre]: positive ones orange-red, negative ones blue, zero white.

    Parameters
    ----------
    weights : ndarray of shape (n_post, n_pre)
        Weights W[post, pre].
    signs : ndarray of shape (n_pre,) or None, default=None
        Column signs, +1 excitatory, -1 inhibitory, 0 free; shown as a strip above the matrix.
    names : tuple of two, default=(None, None)
        Names of the rows and of the columns, written along the axes up to 60 of them.
    step : int, default=1
        Units along each side of a pixel, where `weights` are means over many pairs of units.
    populations : ndarray of str of shape (n_units,) or None, default=None
        Population of every unit of a square matrix; runs of one are named along the axes, and a
        line stands where one ends.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the matrix was drawn.
    figure_ : matplotlib Figure
        Its figure.
    image_ : matplotlib AxesImage
        The matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.plots import WeightMatrixDisplay
    >>> signs = np.array([1, 1, 1, -1])
    >>> W = np.random.default_rng(0).random((4, 4)) * signs
    >>> display = WeightMatrixDisplay.from_weights(W, signs=signs).plot()
    >>> display.ax_.get_xlabel()
    'presynaptic unit'
    """

    _set_by_plot = ("ax_", "figure_", "image_")

    def __init__(
        self,
        weights: np.ndarray,
        signs: np.ndarray | None = None,
        names: Names = (None, None),
        step: int = 1,
        populations: np.ndarray | None = None,
    ) -> None:
        self.weights = weights
        self.signs = signs
        self.names = names
        self.step = step
        self.populations = populations

    @classmethod
    def from_weights(
        cls, W: Any, *, signs: Any = None, sort: bool = False, populations: Any = None
    ) -> WeightMatrixDisplay:
        """Take a matrix of weights.

        Parameters
        ----------
        W : array-like or sparse matrix of shape (n_post, n_pre)
            Weights W[post, pre]; with labels, columns of the same units as the rows are put in
            their order. Of a sparse one with more than 2048 units, a pixel is the mean over all
            pairs of some hundred units, and its memory that of the picture.
        signs : array-like of shape (n_pre,) or None, default=None
            Column signs.
        sort : bool, default=False
            Whether to order units, rows and columns alike, as excitatory, free, inhibitory; within
            these groups by the summed strength of their outgoing weights.
        populations : array-like of shape (n_units,), DataFrame or None, default=None
            Population of every unit, or a table of populations, of a matrix that is not sorted.

        Returns
        -------
        WeightMatrixDisplay
            The display; call `plot`.

        Raises
        ------
        ValueError
            If W is not a finite matrix, `signs` or `populations` do not fit it, or a matrix that is
            not square, or has populations, is to be sorted.
        """
        W, signs, names = _read(W, signs)
        W = _checked(W)
        if signs is not None:
            signs = sign_array(signs, W.shape[1], "column of W")
        if populations is not None:
            populations = _populations(populations, W.shape)
            if sort:
                raise ValueError("sort must be False with populations, whose order it would break.")
        if check_flag("sort", sort):
            if W.shape[0] != W.shape[1]:
                raise ValueError(f"sort=True needs a square W, got shape {W.shape}.")
            kind = np.zeros(W.shape[0]) if signs is None else -signs
            with np.errstate(over="ignore"):  # sums of huge weights tie at infinity
                order = np.lexsort([-abs(W).sum(axis=0), kind])
            W = W[order][:, order]
            signs = None if signs is None else signs[order]
            names = _in_order(names[0], order), _in_order(names[1], order)
        if not is_large(W):
            return cls(W, signs, names, populations=populations)
        step = units_per_pixel(W.shape)
        signs = None if signs is None else mean_signs(signs, step)
        return cls(mean_weights(W, step), signs, step=step, populations=populations)

    @classmethod
    def from_estimator(cls, estimator: Any, *, sort: bool = False) -> WeightMatrixDisplay:
        """Take the recurrent weights of a fitted network.

        Parameters
        ----------
        estimator : object
            A fitted estimator with `W_rec_` and `signs_`; its `populations_`, if there are any, are
            named along the axes.
        sort : bool, default=False
            As in `from_weights`.

        Returns
        -------
        WeightMatrixDisplay
            The display; call `plot`.

        Raises
        ------
        NotFittedError
            If the network has not been fitted.
        """
        weights, signs = fitted(estimator, "W_rec_"), getattr(estimator, "signs_", None)
        if not is_large(weights):
            units = UnitOrder(getattr(estimator, "unit_names_", None))
            weights = units.labelled(weights, (0, 1))
        table = None if sort else getattr(estimator, "populations_", None)
        return cls.from_weights(weights, signs=signs, sort=sort, populations=table)

    def plot(
        self, ax: Any = None, *, limit: float | None = None, colorbar: bool = True
    ) -> WeightMatrixDisplay:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where; None makes a figure.
        limit : float or None, default=None
            Weight at which the colours end. None: the 99.5 % quantile of the absolute weights that
            are not zero.
        colorbar : bool, default=True
            Whether to draw the scale.

        Returns
        -------
        WeightMatrixDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes or `limit` no number.
        ValueError
            If `limit` is not positive.
        """
        check_flag("colorbar", colorbar)
        if limit is not None:
            limit = check_number("limit", limit, low=0.0, high=_MOST, open_low=True)
        ax = new_axes(ax)
        sizes = np.abs(self.weights[self.weights != 0])
        if limit is None:
            limit = min(float(np.quantile(sizes, 0.995)), _MOST) if sizes.size else 1.0
        colours = weight_colours()
        self.image_ = ax.imshow(
            self.weights,
            cmap=colours,
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
            extent=_extent(self.weights.shape, self.step),
        )
        ax.set(xlabel="presynaptic unit", ylabel="postsynaptic unit")
        if colorbar:
            pairs = f"{self.step} x {self.step} pairs"
            label = "weight" if self.step == 1 else f"mean weight of {pairs}"
            extend = "both" if sizes.size and sizes.max() > limit else "neither"
            ax.figure.colorbar(self.image_, ax=ax, label=label, shrink=0.85, extend=extend)
        if self.populations is None:
            _draw_names(ax, self.names)
        else:
            _draw_populations(ax, self.populations)
        if self.signs is not None:
            _draw_signs(ax, self.signs, colours)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _read(W: Any, signs: Any) -> tuple[Any, Any, Names]:
    """Return weights [post, pre], signs of their columns, and the names of rows and columns."""
    labelled = read_labels(W, "W")
    if labelled is None or len(labelled.labels) != 2:
        return W, signs, (None, None)
    rows, columns = labelled.labels
    if rows is not None and columns is not None and set(rows) == set(columns):  # recurrent
        order = UnitOrder.of({"W": (W, (0, 1)), "signs": (signs, (0,))})
        return order.arranged(W, "W", (0, 1)), order.arranged(signs, "signs", (0,)), (rows, rows)
    order = UnitOrder(columns, "the columns of W")
    return labelled.values, order.arranged(signs, "signs", (0,)), (rows, columns)


def _checked(W: Any) -> Any:
    """Return a finite matrix, sparse if it is large and sparse."""
    expected = "a finite matrix (n_post, n_pre)"
    if is_large(W):
        real_array(W.tocoo().data, "W", expected, truth_values=True)
        W = canonical(W, np.float64)
        finite = np.isfinite(W.data).all()
    else:
        W = real_array(W, "W", expected, truth_values=True)
        finite = np.isfinite(W).all()
    if W.ndim != 2 or 0 in W.shape or not finite:
        raise ValueError(f"W must be a finite matrix (n_post, n_pre), got shape {W.shape}.")
    return W


def _extent(shape: tuple[int, ...], step: int) -> tuple[float, float, float, float]:
    """Return the edges of a picture in units: left, right, bottom, top."""
    return -0.5, shape[1] * step - 0.5, shape[0] * step - 0.5, -0.5


def _in_order(names: Sequence[Any] | None, order: np.ndarray) -> Sequence[Any] | None:
    return None if names is None else [names[place] for place in order]


def _draw_names(ax: Any, names: Names) -> None:
    """Write the names of the units along the axes, as long as they can be read."""
    for axis, of_axis in zip((ax.yaxis, ax.xaxis), names, strict=True):
        if of_axis is not None and len(of_axis) <= _MOST_NAMES:
            size = min(8.0, 240 / len(of_axis))
            axis.set_ticks(range(len(of_axis)), [str(name) for name in of_axis], fontsize=size)
    if names[1] is not None:
        ax.tick_params(axis="x", labelrotation=90)


def _populations(populations: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return the population of every unit of a square matrix."""
    if isinstance(populations, pd.DataFrame):
        missing = {"population", "n_units"} - set(populations)
        if missing:
            raise ValueError(
                f"populations must have the columns 'population' and 'n_units', lacks {missing}."
            )
        populations = np.repeat(populations["population"], populations["n_units"])
    populations = np.asarray(populations, dtype=object)
    if populations.shape != (shape[1],) or shape[0] != shape[1]:
        raise ValueError(
            f"populations must have one name per unit of a square W, shape {shape}, got shape "
            f"{populations.shape}."
        )
    return populations


def _draw_populations(ax: Any, populations: np.ndarray) -> None:
    """Name the runs of units of one population in their middle, with a line where one ends."""
    ends = np.flatnonzero(populations[1:] != populations[:-1]) + 1
    starts = np.concatenate([[0], ends])
    middles = (starts + np.append(ends, len(populations)) - 1) / 2
    labels = [words(populations[start]) for start in starts]
    for line in ends - 0.5:
        ax.axhline(line, color="0.4", linewidth=0.4)
        ax.axvline(line, color="0.4", linewidth=0.4)
    shown = slice(None, None, -(-len(labels) // _MOST_POPULATIONS))
    ax.set_xticks(middles[shown], labels[shown], rotation=90)
    ax.set_yticks(middles[shown], labels[shown])
    ax.tick_params(length=2, pad=1)


def _draw_signs(ax: Any, signs: np.ndarray, colours: Any) -> None:
    strip = ax.inset_axes([0, 1.015, 1, 0.03])
    strip.imshow(
        signs[np.newaxis], cmap=colours, vmin=-1, vmax=1, aspect="auto", interpolation="nearest"
    )
    strip.set(xticks=[], yticks=[])
    strip.set_ylabel("E / I", rotation=0, ha="right", va="center", fontsize="small")
