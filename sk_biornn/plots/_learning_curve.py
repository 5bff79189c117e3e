"""Learning curves of several runs: their mean and its confidence band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sk_biornn._checks import check_flag
from sk_biornn._mean_interval import FEWEST, mean_interval
from sk_biornn._plain import found, is_several, real_array
from sk_biornn.plots._display import Display
from sk_biornn.plots._style import BLUE, GREY, bare, fitted, new_axes


def mean_and_band(
    values: np.ndarray,
    *,
    confidence: float = 0.95,
    log: bool = False,
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean over axis 0 and the ends of its interval; geometric ones with `log`.

    Where fewer than five values are finite, or all are equal, there is none (NaN). It does not
    leave `limits`, the scale of the values.
    """
    if not log:
        return mean_interval(values, confidence=confidence, scale=limits)
    found = mean_interval(np.log(values), confidence=confidence)
    mean, low, high = (np.exp(end) for end in found)
    return mean, low, high


def mark_pruning(ax: Any, epoch: float) -> None:
    """Draw a line after the last dense epoch, and say what it is."""
    ax.axvline(epoch + 0.5, color=GREY, linestyle=":", linewidth=1.0, zorder=0)
    ax.text(
        *(epoch + 0.5, 0.98, " pruned"),
        transform=ax.get_xaxis_transform(),
        ha="left",
        va="top",
        color="0.35",
        fontsize=8,
    )


class LearningCurveDisplay(Display):
    """How a number falls or rises with training: mean over runs, 95 % band, single runs thin.

    The band is the interval of the mean on its scale; of fewer than five runs there is none, and
    the runs are always drawn.

    Parameters
    ----------
    epochs : ndarray of shape (n_points,)
        Epochs.
    values : ndarray of shape (n_runs, n_points)
        A curve per run; NaN after the end of a shorter one.
    ylabel : str, default="loss"
        What the values are.
    label : str or None, default=None
        Name in the legend.
    pruned : int or None, default=None
        Epoch after which the networks were pruned, where a line stands.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    line_ : matplotlib Line2D
        The mean.

    Examples
    --------
    >>> from sk_biornn.plots import LearningCurveDisplay
    >>> display = LearningCurveDisplay.from_curves(
    ...     [[1.0, 0.5, 0.2], [0.8, 0.5, 0.4]]
    ... )
    >>> display.plot().line_.get_ydata().round(2).tolist()
    [0.9, 0.5, 0.3]
    """

    _set_by_plot = ("ax_", "figure_", "line_")

    def __init__(
        self,
        epochs: np.ndarray,
        values: np.ndarray,
        ylabel: str = "loss",
        label: str | None = None,
        pruned: int | None = None,
    ) -> None:
        self.epochs = epochs
        self.values = values
        self.ylabel = ylabel
        self.label = label
        self.pruned = pruned

    @classmethod
    def from_estimator(cls, estimator: Any, **options: Any) -> LearningCurveDisplay:
        """Take the curve of one fitted network.

        Parameters
        ----------
        estimator : object
            A fitted estimator.
        **options : object
            Arguments of `from_estimators`.

        Returns
        -------
        LearningCurveDisplay
            The display; call `plot`.

        Raises
        ------
        ValueError
            If the network has no such curve.
        """
        return cls.from_estimators([estimator], **options)

    @classmethod
    def from_curves(
        cls, curves: Any, *, epochs: Any = None, ylabel: str = "loss", label: str | None = None
    ) -> LearningCurveDisplay:
        """Take curves.

        Parameters
        ----------
        curves : sequence of array-like
            A curve per run; they may differ in length.
        epochs : array-like or None, default=None
            Epochs of the points of the longest. None: 1, 2, ...
        ylabel : str, default="loss"
            What the values are.
        label : str or None, default=None
            Name in the legend.

        Returns
        -------
        LearningCurveDisplay
            The display; call `plot`.

        Raises
        ------
        ValueError
            If there is no curve, or `epochs` does not fit.
        """
        if not is_several(curves) or isinstance(curves, Mapping):
            raise TypeError(f"curves must be a sequence of curves, got {found(curves)}.")
        expected = "a sequence with an array of numbers per run"
        for name, text in (("ylabel", ylabel), ("label", label)):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"{name} must be a text, got {found(text)}.")
        curves = [real_array(curve, "curves", expected).ravel() for curve in curves]
        length = max((len(curve) for curve in curves), default=0)
        if not length:
            raise ValueError("curves must hold at least one curve with at least one point.")
        epochs = np.arange(1, length + 1) if epochs is None else real_array(epochs, "epochs")
        if epochs.shape != (length,):
            raise ValueError(
                f"epochs must have one value per point, shape ({length},), got {epochs.shape}."
            )
        values = np.full((len(curves), length), np.nan)
        for row, curve in zip(values, curves, strict=True):
            row[: len(curve)] = curve
        return cls(epochs, values, ylabel, label)

    @classmethod
    def from_estimators(
        cls, estimators: Any, *, attribute: str = "loss_curve_", label: str | None = None
    ) -> LearningCurveDisplay:
        """Take the curve of one fitted network, or of several.

        Parameters
        ----------
        estimators : object or sequence of objects
            Fitted estimators.
        attribute : str
            Which curve: ``"loss_curve_"``, the default, ``"validation_loss_curve_"`` or
            ``"validation_scores_"``.
        label : str or None, default=None
            Name in the legend.

        Returns
        -------
        LearningCurveDisplay
            The display; call `plot`.

        Raises
        ------
        ValueError
            If a network has no such curve.
        """
        estimators = list(estimators) if isinstance(estimators, list | tuple) else [estimators]
        if not isinstance(attribute, str):
            raise TypeError(f"attribute must be the name of a curve, got {found(attribute)}.")
        curves = [fitted(estimator, attribute, "estimators") for estimator in estimators]
        names = {
            "loss_curve_": "training loss",
            "validation_loss_curve_": "validation loss",
            "validation_scores_": "validation score",
        }
        display = cls.from_curves(curves, ylabel=names.get(attribute, attribute), label=label)
        pruned = {getattr(estimator, "n_iter_dense_", None) for estimator in estimators}
        display.pruned = pruned.pop() if len(pruned) == 1 else None
        return display

    def plot(
        self,
        ax: Any = None,
        *,
        color: Any = BLUE,
        linestyle: Any = "-",
        log: bool = False,
        single_runs: bool = True,
        limits: tuple[float, float] = (-np.inf, np.inf),
    ) -> LearningCurveDisplay:
        """Draw the mean, the band and the single runs.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where; None makes a figure.
        color : matplotlib colour, default="#0072B2"
            Colour of all.
        linestyle : matplotlib line style, default="-"
            Style of the mean.
        log : bool, default=False
            Whether to take the geometric mean on a logarithmic axis; for values above zero.
        single_runs : bool, default=True
            Whether to draw them, of five runs or more; fewer are always drawn.
        limits : tuple of two floats
            The scale of the values, which the band does not leave: (0, 100) for per cent. Any
            number by default.

        Returns
        -------
        LearningCurveDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes.
        ValueError
            If a logarithm is asked for that a value has not.
        """
        check_flag("single_runs", single_runs)
        if check_flag("log", log) and (self.values <= 0).any():
            least = np.nanmin(self.values)
            raise ValueError(f"log must be False for values that are not above 0, got {least:g}.")
        ax = new_axes(ax)
        mean, low, high = mean_and_band(self.values, log=log, limits=limits)
        n = len(self.values)
        if n > 1 and (single_runs or n < FEWEST):
            ax.plot(self.epochs, self.values.T, color=color, linewidth=0.6, alpha=0.5)
        if n >= FEWEST:
            ax.fill_between(self.epochs, low, high, color=color, alpha=0.12, linewidth=0)
        (self.line_,) = ax.plot(
            self.epochs, mean, color=color, linestyle=linestyle, linewidth=1.6, label=self.label
        )
        if self.pruned is not None:
            mark_pruning(ax, self.pruned)
        if log:
            ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel=self.ylabel)
        bare(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self
