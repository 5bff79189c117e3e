"""Eigenvalues and singular values of recurrent weights, as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._checks import check_choice
from sk_biornn._plain import found
from sk_biornn.metrics._checks import check_weights
from sk_biornn.plots._display import Display
from sk_biornn.plots._style import BLUE, GREY, bare, fitted, literal, new_axes

KINDS = ("eigenvalues", "singular values")
_MOST = 4096  # units, whose eigenvalues take about a minute


class SpectrumDisplay(Display):
    """Eigenvalues in the complex plane with the unit circle, or singular values by rank.

    Of a network without leak (alpha = 1) and with a slope of 1, what lies outside of the circle
    grows from step to step, what lies inside fades, and the angle is the turn per step.

    Parameters
    ----------
    eigenvalues : ndarray of complex of shape (n_units,)
        Eigenvalues of the recurrent weights, largest first.
    singular_values : ndarray of shape (n_units,)
        Singular values, largest first.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    line_ : matplotlib Line2D
        The values.

    See Also
    --------
    sk_biornn.metrics.spectral_radius : The largest size of an eigenvalue.
    sk_biornn.metrics.svd_entropy : How evenly singular values are spread.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.plots import SpectrumDisplay
    >>> # a quarter of a turn per step, halved
    >>> turn = np.array([[0.0, -0.5], [0.5, 0.0]])
    >>> display = SpectrumDisplay.from_weights(turn).plot()
    >>> np.sort(display.line_.get_ydata()).round(3).tolist()
    [-0.5, 0.5]
    """

    _set_by_plot = ("ax_", "figure_", "line_")

    def __init__(self, eigenvalues: np.ndarray, singular_values: np.ndarray) -> None:
        self.eigenvalues = eigenvalues
        self.singular_values = singular_values

    @classmethod
    def from_weights(cls, W: Any) -> SpectrumDisplay:
        """Take a matrix of recurrent weights.

        Parameters
        ----------
        W : array-like or sparse matrix of shape (n_units, n_units)
            Weights W[post, pre], of at most 4096 units; sparse ones of at most 2048.

        Returns
        -------
        SpectrumDisplay
            The display; call `plot`.

        Raises
        ------
        ValueError
            If W is not a finite square matrix, or has more units.
        """
        W = check_weights(W, "SpectrumDisplay")
        if len(W) > _MOST:
            raise ValueError(
                f"W must have at most {_MOST} units for all its eigenvalues, got {len(W)}; "
                "sk_biornn.metrics.spectral_radius finds the largest one of more."
            )
        eigenvalues = np.linalg.eigvals(W).astype(complex)
        order = np.argsort(-np.abs(eigenvalues), kind="stable")
        return cls(eigenvalues[order], np.linalg.svd(W, compute_uv=False))

    @classmethod
    def from_estimator(cls, estimator: Any) -> SpectrumDisplay:
        """Take the recurrent weights of a fitted network.

        Parameters
        ----------
        estimator : object
            A fitted estimator with `W_rec_`.

        Returns
        -------
        SpectrumDisplay
            The display; call `plot`.

        Raises
        ------
        NotFittedError
            If the network has not been fitted.
        ValueError
            As `from_weights` does.
        """
        return cls.from_weights(fitted(estimator, "W_rec_"))

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "eigenvalues",
        color: Any = BLUE,
        marker: str = "o",
        label: str | None = None,
    ) -> SpectrumDisplay:
        """Draw the values; several spectra can be drawn into the same axes.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where; None makes a figure.
        kind : {"eigenvalues", "singular values"}, default="eigenvalues"
            Points in the complex plane, or values by rank.
        color : matplotlib colour, default="#0072B2"
            Colour of the points.
        marker : str, default="o"
            Mark of the points.
        label : str or None, default=None
            Name in the legend, to which the largest size is added. None: no legend.

        Returns
        -------
        SpectrumDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes or `label` no text.
        ValueError
            If `kind` is unknown.
        """
        check_choice("kind", kind, KINDS)
        if label is not None and not isinstance(label, str):
            raise TypeError(f"label must be a text or None, got {found(label)}.")
        ax = new_axes(ax)
        style: dict[str, Any] = {"color": color, "markersize": 4, "markeredgewidth": 0}
        if kind == "eigenvalues":
            x, y = self.eigenvalues.real, self.eigenvalues.imag
            _draw_circle(ax)
            (self.line_,) = ax.plot(x, y, marker, alpha=0.6, **style)
            ax.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
            ax.set(adjustable="datalim")
            largest, name = np.abs(self.eigenvalues).max(), "spectral radius"
        else:
            ranks = np.arange(1, len(self.singular_values) + 1)
            (self.line_,) = ax.plot(ranks, self.singular_values, marker + "-", lw=0.8, **style)
            ax.set(xlabel="rank", ylabel="singular value")
            ax.set_ylim(bottom=0)
            largest, name = self.singular_values.max(), "largest"
        if label is None:
            ax.set_title(f"{name} {largest:.3g}", loc="right", fontsize="medium")
        else:
            self.line_.set_label(f"{literal(label)} ({name} {largest:.3g})")
            ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        bare(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _draw_circle(ax: Any) -> None:
    """Draw the unit circle and the axes, once."""
    if any(line.get_gid() == "unit circle" for line in ax.lines):
        return
    angles = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(angles), np.sin(angles), color=GREY, lw=1.0, zorder=0, gid="unit circle")
    ax.axhline(0, color=GREY, lw=0.5, zorder=0)
    ax.axvline(0, color=GREY, lw=0.5, zorder=0)
