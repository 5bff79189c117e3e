"""Predictions over targets, as a picture: one trial, a panel per output or class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sk_biornn._checks import check_count, check_number
from sk_biornn._output_names import names_of_columns, output_names_of, refuse_other_outputs
from sk_biornn._plain import found, is_several, real_array, short
from sk_biornn.plots._class_probabilities import (
    class_probabilities,
    is_labelling,
    shade_steps,
)
from sk_biornn.plots._display import Display
from sk_biornn.plots._style import (
    BLACK,
    CYCLE,
    GREY,
    PAGE,
    PRINT,
    bare,
    literal,
    old_name,
    room_for,
    words,
)

N_COLUMNS = 3
_MOST = 1e100  # time that an axis can show


class PredictionDisplay(Display):
    """What networks predict in one trial, over what happened: a panel per output or class.

    Of regressors the outputs are drawn, of classifiers of labels at every step the probability of
    each class, over 1 where a step has its label and 0 where it has another, with the judged steps
    shaded.

    Parameters
    ----------
    target : ndarray of shape (n_steps, n_outputs)
        What happened.
    predictions : dict of str to ndarray of shape (n_steps, n_outputs)
        What each network predicts, by the name in the legend.
    names : list of str
        Name of each output.
    time : ndarray of shape (n_steps,)
        Time of each step.
    judged : ndarray of bool of shape (n_steps,) or None, default=None
        Steps that are shaded, those of a classifier that are judged. None: no shade.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The first panel.
    axes_ : ndarray of Axes of shape (n_rows, n_columns)
        The panels, by rows.

    See Also
    --------
    sk_biornn.inspection.prediction_skill : How good the predictions of many trials are.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.plots import PredictionDisplay
    >>> steps = np.arange(20)
    >>> rate = np.sin(steps / 3)[:, None]
    >>> display = PredictionDisplay(
    ...     rate, {"late": np.roll(rate, 1)}, ["left"], steps
    ... )
    >>> ax = display.plot().axes_[0, 0]
    >>> ax.get_title(loc="left"), [line.get_label() for line in ax.lines]
    ('left', ['target', 'late'])
    """

    _set_by_plot = ("ax_", "axes_", "figure_")

    def __init__(
        self,
        target: np.ndarray,
        predictions: Mapping[str, np.ndarray],
        names: Sequence[str],
        time: np.ndarray,
        judged: np.ndarray | None = None,
    ) -> None:
        self.target = target
        self.predictions = predictions
        self.names = names
        self.time = time
        self.judged = judged

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **options: Any) -> PredictionDisplay:
        """Have one fitted network predict one trial.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor that predicts every step, or classifier of labels at every step.
        X, y : array-like
            Trials, and what happened in them.
        **options : object
            Arguments of `from_estimators`, such as `trial`.

        Returns
        -------
        PredictionDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            As `from_estimators` does.
        ValueError
            As `from_estimators` does.

        Examples
        --------
        The probabilities of a classifier in a trial of which the last three steps are judged:

        >>> from sk_biornn import DaleRNNClassifier
        >>> from sk_biornn.datasets import make_delayed_match_to_sample
        >>> from sk_biornn.plots import PredictionDisplay
        >>> X, y = make_delayed_match_to_sample(40, random_state=0)
        >>> clf = DaleRNNClassifier(n_units=16, max_iter=2, random_state=0)
        >>> display = PredictionDisplay.from_estimator(clf.fit(X, y), X, y)
        >>> display.names, int(display.judged.sum())
        (['class 0', 'class 1'], 3)
        >>> figure = display.plot().figure_  # drawn by plot, not before
        """
        return cls.from_estimators(estimator, X, y, **options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Any,
        X: Any,
        y: Any,
        *,
        trial: int = 0,
        names: Sequence[str] | None = None,
        dt: float = 1.0,
        start: float = 0.0,
    ) -> PredictionDisplay:
        """Have fitted networks predict one trial.

        Parameters
        ----------
        estimators : estimator or dict of str to estimator
            Fitted regressors that predict every step, by the name in the legend; or fitted
            classifiers of labels at every step, of the same classes.
        X : array-like of shape (n_trials, n_steps, n_features)
            Trials, best some that were not used to train; of classifiers also a list.
        y : array-like of shape (n_trials, n_steps, n_outputs)
            What happened in them; of classifiers the labels, as `fit` takes them.
        trial : int, default=0
            Which of them.
        names : sequence of str or None, default=None
            Name of each output or class. None: the classes; of regressors those of the columns of
            y, here or in the fit, if they have names; the populations of a network that has one
            per output; else numbers.
        dt, start : float, default=1.0 and 0.0
            Time from step to step, and of the first step, in the unit of the axis.

        Returns
        -------
        PredictionDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            If `estimators`, `X` or `trial` is of another type.
        ValueError
            If there is no such trial, or predictions or names do not fit `y`, or its columns have
            other names than in the fit or another order; or if classifiers have no probabilities
            at every step, other classes, or stand beside regressors.
        """
        if not isinstance(estimators, Mapping):
            estimators = {"prediction": estimators}
        if any(is_labelling(network) for network in estimators.values()):
            drawn = class_probabilities(estimators, X, y, trial)
            names = drawn.names if names is None else _checked_names(names, len(drawn.names))
            time = _time(dt, start, len(drawn.target))
            return cls(drawn.target, drawn.predictions, names, time, drawn.judged)
        for network in estimators.values():
            refuse_other_outputs(network, y)
        named = names_of_columns({"y": y}, None)
        y = real_array(y, "y", "an array of numbers (n_trials, n_steps, n_outputs)")
        if y.ndim != 3:
            raise ValueError(f"y must be (n_trials, n_steps, n_outputs), got shape {y.shape}.")
        trial = check_count("trial", trial, low=0)
        if trial >= len(y):
            raise ValueError(f"trial must be an integer in [0, {len(y) - 1}], got {trial}.")
        time = _time(dt, start, y.shape[1])
        predictions = {name: _predicted(network, X, trial) for name, network in estimators.items()}
        for name, prediction in predictions.items():
            if prediction.shape != y.shape[1:]:
                raise ValueError(
                    f"estimators must predict every step of y, shape {y.shape[1:]}, got "
                    f"{prediction.shape} from {short(name)}."
                )
        n_outputs = y.shape[2]
        if names is None:
            names = _names(estimators, named, n_outputs)
        return cls(y[trial], predictions, _checked_names(names, n_outputs), time)

    def plot(
        self,
        ax: Any = None,
        *,
        colors: Mapping[str, Any] | None = None,
        event: float | None = None,
        xlabel: str = "step",
        ylabel: str = "",
        figure: Any = None,
    ) -> PredictionDisplay:
        """Draw the panels, three in a row.

        Parameters
        ----------
        ax : matplotlib Axes, Figure or None, default=None
            Axes whose place the panels take; or an empty figure, which gets its size. None makes
            one with pyplot.
        colors : dict of str to color or None, default=None
            Colours of the predictions. None: colours that colour-blind readers can tell apart.
        event : float or None, default=None
            Time at which a grey line stands.
        xlabel, ylabel : str
            What the axes are, with units. An empty `ylabel` is "probability" of classifiers.
        figure : matplotlib Figure or None, default=None
            Deprecated name of `ax`.

        Returns
        -------
        PredictionDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is neither Axes nor Figure.
        """
        import matplotlib

        ax = old_name(ax, figure)

        n_rows = -(-len(self.names) // N_COLUMNS)
        n_columns = min(N_COLUMNS, len(self.names))
        colors = colors or dict(zip(self.predictions, CYCLE, strict=False))
        with matplotlib.rc_context(PRINT):
            width = min(PAGE, 0.6 + 2.6 * n_columns)
            figure = room_for(ax, (width, 0.8 + 1.45 * n_rows))
            axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True)
            for place, (ax, name) in enumerate(zip(axes.flat, self.names, strict=False)):
                self._draw_panel(ax, place, colors)
                if event is not None:
                    ax.axvline(event, color=GREY, linewidth=0.8, zorder=0)
                ax.set_title(words(name), loc="left", pad=2)
                ax.locator_params(axis="y", nbins=3)
                bare(ax)
            for ax in axes.flat[len(self.names) :]:
                ax.set_axis_off()
            figure.supxlabel(xlabel, fontsize=8)
            unit = "" if self.judged is None else "probability"
            figure.supylabel(ylabel or unit, fontsize=8)
            handles, labels = axes[0, 0].get_legend_handles_labels()
            columns = max(1, min(len(labels), int(0.5 * 10 * width / max(map(len, labels)))))
            figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)
        self.figure_, self.axes_, self.ax_ = figure, axes, axes[0, 0]
        return self

    def _draw_panel(self, ax: Any, place: int, colors: Mapping[str, Any]) -> None:
        dashes = (0, (4, 2))
        ax.plot(
            self.time,
            self.target[:, place],
            color=BLACK,
            ls=dashes,
            lw=1.3,
            label="target",
            zorder=3,
        )
        lonely = _lonely(self.target[:, place])  # a line has no point of one step
        if lonely.any():
            ax.plot(self.time[lonely], self.target[lonely, place], "o", color=BLACK, ms=3, zorder=3)
        for name, prediction in self.predictions.items():
            colour = colors.get(name, GREY)
            ax.plot(self.time, prediction[:, place], color=colour, lw=1.5, label=literal(name))
        if self.judged is not None:
            shade_steps(ax, self.time, self.judged)
            ax.set_ylim(-0.05, 1.05)  # of probabilities


def _lonely(values: np.ndarray) -> np.ndarray:
    """Return which numbers have no number beside them."""
    there = np.isfinite(np.asarray(values, dtype=float))
    beside = np.concatenate([[False], there, [False]])
    return there & ~beside[:-2] & ~beside[2:]


def _time(dt: float, start: float, n_steps: int) -> np.ndarray:
    """Return the time of each step."""
    for name, value in (("dt", dt), ("start", start)):
        check_number(name, value, low=-_MOST, high=_MOST)
    return start + dt * np.arange(n_steps)


def _checked_names(names: Any, n_outputs: int) -> list[str]:
    if not is_several(names):
        raise TypeError(f"names must be a sequence of names, got {found(names)}.")
    if len(names) != n_outputs:
        raise ValueError(f"names must have one name per output, {n_outputs}, got {len(names)}.")
    return list(names)


def _predicted(network: Any, X: Any, trial: int) -> np.ndarray:
    """Return what a network predicts in one trial."""
    if not hasattr(network, "predict") or isinstance(network, type):
        raise TypeError(f"estimators must be fitted regressors, got {found(network)}.")
    try:
        one = X[trial : trial + 1]
    except (TypeError, KeyError, IndexError):
        raise TypeError(f"X must be an array or a list of trials, got {found(X)}.") from None
    return np.asarray(network.predict(one)[0])


def _names(estimators: Mapping[str, Any], named: list[str] | None, n_outputs: int) -> list[str]:
    """Return the names of the outputs, else of populations, one per output, else numbers."""
    known = [named, *map(output_names_of, estimators.values())]
    for names in known:
        if names is not None:
            return names
    for network in estimators.values():
        table = getattr(network, "populations_", None)
        if table is not None and len(table) == n_outputs:
            return list(table["population"])
    return [f"output {k}" for k in range(n_outputs)]
