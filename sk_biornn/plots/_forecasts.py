"""Skill of forecasts over how far they look ahead, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._checks import check_choice, check_number
from sk_biornn._plain import found, is_several, short
from sk_biornn.plots._display import Display
from sk_biornn.plots._style import BLACK, CYCLE, bare, literal, new_axes

_VALUES = {
    "skill": "skill against persistence",
    "r2": "$R^2$",
    "mse": "mean squared error",
}
_BASELINES = ("persistence", "mean", "AR", "VAR", "masked VAR")
_ROOM = 0.07  # of the axis, for the number of a tick
_MARKERS = ("s", "^", "v", "D", "P", "X", "<", ">")
_GREYS = ("#4D4D4D", "#7A7A7A", "#A3A3A3", "#5E5E5E", "#8C8C8C", "#B5B5B5")
_DASHES = ((0, ()), (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (2.5, 1)))


class ForecastDisplay(Display):
    """How good forecasts are, by how far they look ahead: networks in colour, baselines in grey.

    Parameters
    ----------
    table : DataFrame
        One row per model and horizon, as `sk_biornn.inspection.forecast_skill` returns it.
    models : sequence of str
        Models that are drawn in colour; the others are baselines.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : dict of str to matplotlib Line2D
        The line of each model.

    See Also
    --------
    sk_biornn.inspection.forecast_skill : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.baselines import ARBaseline
    >>> from sk_biornn.plots import ForecastDisplay
    >>> rng = np.random.default_rng(0)
    >>> x = np.sin(0.3 * np.arange(41) + rng.uniform(0, 6, (20, 1)))[..., None]
    >>> X, y = x[:, :-1], x[:, 1:]
    >>> display = ForecastDisplay.from_estimators(
    ...     {"AR(2)": ARBaseline(order=2).fit(X, y)}, X, y, horizons=(1, 5, 10),
    ...     burn_in=2, baselines=("persistence", "AR"), train=(X, y),
    ... )
    >>> sorted(display.plot(value="r2").lines_)
    ['AR', 'AR(2)', 'persistence']
    """

    _set_by_plot = ("ax_", "figure_", "lines_")

    def __init__(self, table: pd.DataFrame, models: Sequence[str]) -> None:
        self.table = table
        self.models = models

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **options: Any) -> ForecastDisplay:
        """Have a fitted network, and baselines, forecast test trials.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor that has `forecast`.
        X, y : array-like or list
            Test trials, and what comes next in them.
        **options : object
            Arguments of `sk_biornn.inspection.forecast_skill`, such as `train` and `horizons`.

        Returns
        -------
        ForecastDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            As `forecast_skill` does.
        ValueError
            As `forecast_skill` does.
        """
        return cls.from_estimators(estimator, X, y, **options)

    @classmethod
    def from_estimators(cls, estimators: Any, X: Any, y: Any, **options: Any) -> ForecastDisplay:
        """Have fitted networks and baselines forecast test trials.

        Parameters
        ----------
        estimators : estimator or dict of str to estimator
            A fitted regressor that has `forecast`, or several by name.
        X, y : array-like or list
            Test trials, and what comes next in them.
        **options : object
            Arguments of `sk_biornn.inspection.forecast_skill`, such as `train` and `horizons`.

        Returns
        -------
        ForecastDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            As `forecast_skill` does.
        ValueError
            As `forecast_skill` does.
        """
        from sk_biornn.inspection import forecast_skill

        return cls.from_table(forecast_skill(estimators, X, y, **options))

    @classmethod
    def from_table(
        cls, table: pd.DataFrame, *, models: Sequence[str] | None = None
    ) -> ForecastDisplay:
        """Take the table of `forecast_skill`, or several of them one below the other.

        Parameters
        ----------
        table : DataFrame
            Columns `model`, `horizon` and scores; those of their intervals may be missing.
        models : sequence of str or None, default=None
            Models that are drawn in colour. None: the estimators of `forecast_skill`, where the
            table knows them (`attrs`), else all whose names are not those of baselines.

        Returns
        -------
        ForecastDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            If it is no table, or `models` no sequence.
        ValueError
            If a column is missing, a model is not there, or one has two rows at one horizon.
        """
        if not isinstance(table, pd.DataFrame):
            raise TypeError(f"table must be a DataFrame of forecast_skill, got {found(table)}.")
        missing = [name for name in ("model", "horizon") if name not in table]
        if missing or not any(name in table for name in _VALUES):
            missing = missing or list(_VALUES)
            raise ValueError(f"table must have the column {missing[0]!r}, got {list(table)}.")
        if table.duplicated(["model", "horizon"]).any():
            raise ValueError("table must have one row per model and horizon, got several.")
        names = [str(name) for name in table["model"].unique()]
        if models is None:
            models = table.attrs.get("models") or [n for n in names if n not in _BASELINES]
        if not is_several(models):
            raise TypeError(f"models must be a sequence of names, got {found(models)}.")
        absent = [name for name in models if name not in names]
        if absent:
            raise ValueError(f"models must be among {names}, got {short(absent[0])}.")
        return cls(table, list(models))

    def plot(
        self,
        ax: Any = None,
        *,
        value: str = "skill",
        dt: float = 1.0,
        xlabel: str = "steps ahead",
        floor: float = -0.5,
        bands: str = "models",
        colors: Mapping[str, Any] | None = None,
    ) -> ForecastDisplay:
        """Draw a line per model, with the band of its interval.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where; None makes a figure.
        value : {"skill", "r2", "mse"}, default="skill"
            What is drawn. The skill of persistence is 0.
        dt : float, default=1.0
            Duration of a step, in the unit of the axis.
        xlabel : str, default="steps ahead"
            What the axis is, such as ``"s ahead"`` with `dt`.
        floor : float, default=-0.5
            Skill or R^2 below which the axis does not go; what is worse leaves it.
        bands : {"models", "all", "none"}, default="models"
            Whose intervals are drawn: those of the models in colour, of baselines too, or none.
        colors : dict of str to color or None, default=None
            Colours by model. None: colours that colour-blind readers can tell apart, greys for
            baselines.

        Returns
        -------
        ForecastDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes, or an argument of another type.
        ValueError
            If `value` is unknown, or the table has no such column.
        """
        check_choice("value", value, _VALUES)
        if value not in self.table:
            raise ValueError(f"value must be a column of the table, {value!r} is none.")
        dt = check_number("dt", dt, low=0.0, open_low=True)
        floor = check_number("floor", floor)
        check_choice("bands", bands, ("models", "all", "none"))
        ax = new_axes(ax)
        self.lines_: dict[str, Any] = {}
        styles = self._styles(value, dict(colors or {}))
        for name, style in styles.items():
            self._draw(ax, name, value, dt, style)
            if bands == "all" or (bands == "models" and name in self.models):
                self._draw_band(ax, name, value, dt, style)
        if value != "mse":
            ax.axhline(0, color=BLACK, linewidth=0.6, zorder=0)
            self._limit(ax, value, floor)
        ticks = self._ticks(dt)
        ax.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
        ax.set(xlabel=xlabel, ylabel=_VALUES[value])
        self._legend(ax)
        bare(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _styles(self, value: str, colors: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return colour, line and marker of each model; baselines first, networks over them."""
        names = [str(name) for name in self.table["model"].unique()]
        styles = {}
        for place, name in enumerate(n for n in names if n not in self.models):
            styles[name] = {
                "color": _GREYS[place % len(_GREYS)],
                "marker": _MARKERS[place % len(_MARKERS)],
                "linestyle": _DASHES[place % len(_DASHES)],
                "linewidth": 1.1,
                "zorder": 2,
            }
        for place, name in enumerate(self.models):
            color = CYCLE[place % len(CYCLE)]
            styles[name] = {"color": color, "marker": "o", "linewidth": 1.8, "zorder": 3}
        for name, style in styles.items():
            style["color"] = colors.get(name, style["color"])
        if value == "skill" and "persistence" not in self.models:
            styles.pop("persistence", None)  # the line at 0
        return styles

    def _draw(self, ax: Any, name: str, value: str, dt: float, style: dict[str, Any]) -> None:
        rows = self._rows(name)
        (line,) = ax.plot(
            rows["horizon"] * dt, rows[value], label=literal(name), markersize=4, **style
        )
        self.lines_[name] = line

    def _draw_band(self, ax: Any, name: str, value: str, dt: float, style: dict[str, Any]) -> None:
        rows, ends = self._rows(name), [f"{value}_low", f"{value}_high"]
        if not all(end in rows and rows[end].notna().any() for end in ends):
            return
        alpha = 0.2 if name in self.models else 0.1
        low, high = (rows[end] for end in ends)
        options = {"color": style["color"], "alpha": alpha, "linewidth": 0, "zorder": 1}
        ax.fill_between(rows["horizon"] * dt, low, high, **options)

    def _rows(self, name: str) -> pd.DataFrame:
        return self.table[self.table["model"] == name].sort_values("horizon")

    def _ticks(self, dt: float) -> list[float]:
        """Return the horizons that have room for a number."""
        times = sorted((self.table["horizon"].unique() * dt).tolist())
        room, kept = _ROOM * (times[-1] - times[0]), times[:1]
        for time in times[1:]:
            if time - kept[-1] >= room:
                kept.append(time)
        return kept

    def _limit(self, ax: Any, value: str, floor: float) -> None:
        """Keep what has run away from setting the scale."""
        columns = [c for c in (value, f"{value}_low", f"{value}_high") if c in self.table]
        values = self.table[columns].to_numpy(dtype=float)
        values = values[np.isfinite(values)]
        lowest = max(float(values.min(initial=0.0)), floor)
        highest = max(float(values.max(initial=0.0)), 0.1)
        room = 0.05 * (highest - lowest)
        ax.set_ylim(lowest - room, highest + room)

    def _legend(self, ax: Any) -> None:
        """Name the lines on the right, in the order in which they end there."""
        ends = {name: line.get_ydata()[-1] for name, line in self.lines_.items()}
        handles = [self.lines_[name] for name in sorted(ends, key=lambda n: -ends[n])]
        ax.legend(
            handles=handles,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            handlelength=2.6,
        )
