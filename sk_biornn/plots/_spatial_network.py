"""A network in space: units where they are, and the strongest of their connections."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._checks import check_count
from sk_biornn._plain import found
from sk_biornn._sparse import is_sparse
from sk_biornn.metrics._checks import either_weights_and
from sk_biornn.plots._display import Display
from sk_biornn.plots._style import EXCITATORY, GREY, INHIBITORY, bare, fitted, new_axes
from sk_biornn.units.order import UnitOrder
from sk_biornn.units.positions import unit_positions
from sk_biornn.units.signs import sign_array

_WIDEST = 2.5  # points, of the strongest connection
_KEYS = (0.25, 0.5, 1.0)  # of its weight
_AXES = "xyz"


class SpatialNetworkDisplay(Display):
    """Units at their positions, and wires between them: excitation orange-red, inhibition blue.

    Parameters
    ----------
    positions : ndarray of shape (n_units, n_dimensions)
        Where the units are.
    post, pre : ndarray of int of shape (n_connections,)
        Where connections end and begin.
    weights : ndarray of shape (n_connections,)
        Their weights.
    signs : ndarray of shape (n_units,) or None, default=None
        Signs of the units: +1 excitatory (round, orange-red), -1 inhibitory (square, blue), 0 free
        (grey).

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    wires_ : matplotlib LineCollection
        The connections that are drawn, the weakest first.

    See Also
    --------
    sk_biornn.metrics.wiring_cost : The wire that a network takes.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.plots import SpatialNetworkDisplay
    >>> W = np.zeros((4, 4))
    >>> W[1, 0], W[3, 2] = 0.5, -1.0
    >>> display = SpatialNetworkDisplay.from_weights(
    ...     W, (2, 2, 1), signs=[1, 1, -1, 1]
    ... ).plot()
    >>> display.ax_.get_title(loc="right"), len(display.wires_.get_segments())
    ('all 2 connections', 2)
    """

    _set_by_plot = ("ax_", "figure_", "wires_")

    def __init__(
        self,
        positions: np.ndarray,
        post: np.ndarray,
        pre: np.ndarray,
        weights: np.ndarray,
        signs: np.ndarray | None = None,
    ) -> None:
        self.positions = positions
        self.post = post
        self.pre = pre
        self.weights = weights
        self.signs = signs

    @classmethod
    def from_weights(cls, W: Any, coordinates: Any, *, signs: Any = None) -> SpatialNetworkDisplay:
        """Take recurrent weights and the positions of their units.

        Parameters
        ----------
        W : array-like or sparse matrix of shape (n_units, n_units)
            Weights W[post, pre].
        coordinates : array-like of shape (n_units, n_dimensions), tuple of three ints, or "grid"
            Positions, the shape of a grid, or the most compact grid; with labels they follow those
            of W.
        signs : array-like of shape (n_units,) or None, default=None
            Signs of the units, in the order of W.

        Returns
        -------
        SpatialNetworkDisplay
            The display; call `plot`.

        Raises
        ------
        ValueError
            If W is not a finite square matrix, or `coordinates` or `signs` do not fit it.
        """
        weights, coordinates = either_weights_and(W, "coordinates", coordinates)
        positions = unit_positions(coordinates, weights.shape[0], unit_cube=False)
        if signs is not None:
            signs = sign_array(signs, weights.shape[1], "column of W")
        if is_sparse(weights):
            entries = weights.tocoo()
            post, pre, values = entries.row, entries.col, entries.data
        else:
            post, pre = np.nonzero(weights)
            values = weights[post, pre]
        apart = post != pre  # a wire to itself has no length
        return cls(positions, post[apart], pre[apart], values[apart], signs)

    @classmethod
    def from_estimator(cls, estimator: Any, coordinates: Any = None) -> SpatialNetworkDisplay:
        """Take the recurrent weights of a fitted network.

        Parameters
        ----------
        estimator : object
            A fitted estimator with `W_rec_` and `signs_`.
        coordinates : array-like, tuple of three ints, "grid" or None, default=None
            As in `from_weights`. None: the argument `coordinates` of the estimator.

        Returns
        -------
        SpatialNetworkDisplay
            The display; call `plot`.

        Raises
        ------
        NotFittedError
            If the network has not been fitted.
        ValueError
            If it has no coordinates and none are given, or they do not fit.
        """
        weights = fitted(estimator, "W_rec_")
        if coordinates is None:
            coordinates = getattr(estimator, "coordinates", None)
        if coordinates is None:
            raise ValueError(
                "coordinates must be given for an estimator without any: an array (n_units, "
                "n_dimensions), the shape of a grid, or 'grid'."
            )
        if not is_sparse(weights):
            units = UnitOrder(getattr(estimator, "unit_names_", None))
            weights = units.labelled(weights, (0, 1))
        return cls.from_weights(weights, coordinates, signs=getattr(estimator, "signs_", None))

    def plot(
        self,
        ax: Any = None,
        *,
        n_wires: int = 300,
        dimensions: tuple[int, int] | None = None,
        unit: str = "",
    ) -> SpatialNetworkDisplay:
        """Draw the units and the strongest connections.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where; None makes a figure.
        n_wires : int, default=300
            How many connections are drawn, those of the largest weights; how many there are stands
            above the panel.
        dimensions : tuple of two int or None, default=None
            The dimensions of the positions that are seen, to the right and up. None: the two in
            which they are spread most.
        unit : str, default=""
            Unit of the positions, such as ``"um"``, for the axes.

        Returns
        -------
        SpatialNetworkDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes, or an argument of another type.
        ValueError
            If `n_wires` is negative, or there is no such dimension.
        """
        from matplotlib.collections import LineCollection

        n_wires = check_count("n_wires", n_wires, low=0)
        if not isinstance(unit, str):
            raise TypeError(f"unit must be a text, got {found(unit)}.")
        places, names = self._seen(dimensions)
        ax = new_axes(ax)
        order = np.argsort(np.abs(self.weights), kind="stable")[len(self.weights) - n_wires :]
        order = order if n_wires < len(self.weights) else np.argsort(np.abs(self.weights))
        weights = self.weights[order]
        largest = float(np.abs(weights).max(initial=0.0)) or 1.0
        shares = np.abs(weights) / largest
        wires: Any = np.stack([places[self.pre[order]], places[self.post[order]]], axis=1)
        self.wires_ = LineCollection(
            wires,
            colors=[EXCITATORY if weight > 0 else INHIBITORY for weight in weights],
            linewidths=_WIDEST * shares,
            alpha=0.15 + 0.55 * shares if len(shares) else None,
            zorder=1,
        )
        ax.add_collection(self.wires_)
        self._draw_units(ax, places)
        ax.set(aspect="equal", **_labels(names, unit))
        n = len(self.weights)
        shown = f"all {n}" if n_wires >= n else f"{n_wires} strongest of {n}"
        ax.set_title(f"{shown} connections", loc="right", fontsize="medium")
        self._draw_key(ax, largest)
        bare(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _seen(self, dimensions: Any) -> tuple[np.ndarray, list[str]]:
        """Return the positions as they are seen, and the names of both axes."""
        n = self.positions.shape[1]
        if dimensions is None:
            extents = np.ptp(self.positions, axis=0)
            dimensions = sorted(np.argsort(-extents, kind="stable")[:2].tolist())
        else:
            if not isinstance(dimensions, (tuple, list)) or len(dimensions) != 2:
                raise TypeError(f"dimensions must be two ints or None, got {found(dimensions)}.")
            dimensions = [check_count("dimensions", d, low=0) for d in dimensions]
            if max(dimensions) >= n:
                raise ValueError(f"dimensions must be below {n}, got {max(dimensions)}.")
        names = [_AXES[d] if n <= len(_AXES) else f"dimension {d}" for d in dimensions]
        if len(dimensions) == 1:
            return np.column_stack([self.positions, np.zeros(len(self.positions))]), [*names, ""]
        return self.positions[:, list(dimensions)], names

    def _draw_units(self, ax: Any, places: np.ndarray) -> None:
        signs = np.zeros(len(places)) if self.signs is None else self.signs
        size = float(np.clip(1200 / len(places), 6, 40))
        for sign, mark, colour, name in (
            (1, "o", EXCITATORY, "excitatory"),
            (0, "o", GREY, "units" if self.signs is None else "free"),
            (-1, "s", INHIBITORY, "inhibitory"),
        ):
            own = places[np.sign(signs) == sign]
            if len(own):
                look = {"edgecolors": "white", "linewidths": 0.4, "zorder": 2}
                ax.scatter(*own.T, s=size, marker=mark, c=colour, label=name, **look)

    def _draw_key(self, ax: Any, largest: float) -> None:
        """Write below the panel which width is which weight."""
        from matplotlib.lines import Line2D

        handles, labels = ax.get_legend_handles_labels()
        if len(self.weights):
            for share in _KEYS:
                look: Any = {"color": "0.4", "alpha": 0.15 + 0.55 * share, "solid_capstyle": "butt"}
                handles.append(Line2D([], [], linewidth=_WIDEST * share, **look))
                labels.append(f"|w| = {largest * share:.2g}")
        ax.legend(
            *(handles, labels),
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            frameon=False,
        )


def _labels(names: list[str], unit: str) -> dict[str, str]:
    ends = [f"{name} ({unit})" if unit and name else name for name in names]
    return {"xlabel": ends[0], "ylabel": ends[1]}
