"""One trial of a task: what a network is shown, what it is to answer, and what is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_biornn._checks import check_count, check_flag, check_number
from sk_biornn._plain import found, is_several, real_array
from sk_biornn._unjudged import exact_labels, missing_labels
from sk_biornn.plots._display import Display
from sk_biornn.plots._style import BLACK, BLUE, GREY, SKY, bare, literal, new_axes

_MOST_TRACES = 16  # inputs that are drawn as lines; more are a picture
_ROOM = 0.8  # of a row, that a trace takes


class TaskDisplay(Display):
    """One trial, step by step: inputs above, the target below, and the steps that are judged.

    Parameters
    ----------
    inputs : ndarray of shape (n_steps, n_features)
        What the network is shown.
    target : ndarray of shape (n_steps, n_outputs)
        What it is to answer; labels are objects, and None or NaN what has no answer.
    judged : ndarray of bool of shape (n_steps, n_outputs)
        Which answers count.
    input_names, output_names : sequence of str
        Names of the rows.
    dt : float, default=1.0
        Duration of a step.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    sk_biornn.plots.PredictionDisplay : What networks answer.

    Examples
    --------
    >>> from sk_biornn.datasets import make_go_nogo
    >>> from sk_biornn.plots import TaskDisplay
    >>> X, y = make_go_nogo(4, random_state=0)
    >>> display = TaskDisplay.from_trials(
    ...     X, y, input_names=["fixation", "no-go", "go"]
    ... )
    >>> # the answer is read at the last of 40 steps
    >>> display.judged[:, 0].nonzero()[0]
    array([39])
    >>> [text.get_text() for text in display.plot().ax_.get_yticklabels()]
    ['fixation', 'no-go', 'go', 'target']
    """

    def __init__(
        self,
        inputs: np.ndarray,
        target: np.ndarray,
        judged: np.ndarray,
        input_names: Sequence[str],
        output_names: Sequence[str],
        dt: float = 1.0,
    ) -> None:
        self.inputs = inputs
        self.target = target
        self.judged = judged
        self.input_names = input_names
        self.output_names = output_names
        self.dt = dt

    @classmethod
    def from_trials(
        cls,
        X: Any,
        y: Any,
        *,
        trial: int = 0,
        sample_weight: Any = None,
        labels: bool | None = None,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        dt: float = 1.0,
    ) -> TaskDisplay:
        """Take one trial out of data as `fit` takes them.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features) or list
            Trials; of different length as a list, or with steps at the end that are all NaN.
        y : array-like or list
            Labels (n_trials,) or (n_trials, n_steps); numbers (n_trials,), (n_trials, n_outputs) or
            (n_trials, n_steps, n_outputs). None, NaN, NA and what is masked is not judged.
        trial : int, default=0
            Which of them.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), or None
            Weights of trials or steps; what has the weight 0 is not judged.
        labels : bool or None, default=None
            Whether y has labels, as a classifier takes them, or numbers. None: y of three axes has
            numbers, floats of two axes must be told, others are labels.
        input_names, output_names : sequence of str or None, default=None
            Names of the rows. None: numbers, and "target" for a single output.
        dt : float, default=1.0
            Duration of a step, in the unit of the axis.

        Returns
        -------
        TaskDisplay
            The display; call `plot`.

        Raises
        ------
        TypeError
            If an argument is of another type.
        ValueError
            If there is no such trial, y does not fit it, or it cannot be told what y has.
        """
        trial = check_count("trial", trial, low=0)
        dt = check_number("dt", dt, low=0.0, open_low=True)
        for name, value in (("X", X), ("y", y)):
            if not hasattr(value, "__len__") or isinstance(value, (str, dict)):
                raise TypeError(f"{name} must be trials, an array or a list, got {found(value)}.")
        if len(y) != len(X):
            raise ValueError(f"y must have one entry per trial, {len(X)}, got {len(y)}.")
        if trial >= len(X):
            raise ValueError(f"trial must be an integer in [0, {len(X) - 1}], got {trial}.")
        inputs = inputs_of_trial(X, trial)
        labels = _has_labels(y, len(inputs)) if labels is None else check_flag("labels", labels)
        target, missing = target_of_trial(y, trial, len(inputs), labels)
        judged = ~missing & _weighted(sample_weight, trial, len(inputs))[:, np.newaxis]
        n_outputs = target.shape[1]
        one = ["target"] if n_outputs == 1 else [f"target {k}" for k in range(n_outputs)]
        inputs_named = [f"input {k}" for k in range(inputs.shape[1])]
        input_names = _names("input_names", input_names, inputs_named)
        return cls(
            *(inputs, target, judged, input_names),
            _names("output_names", output_names, one),
            dt,
        )

    def plot(self, ax: Any = None, *, xlabel: str = "step", color: Any = BLUE) -> TaskDisplay:
        """Draw the trial: a row per input and per output, all inputs on one scale.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where; None makes a figure.
        xlabel : str, default="step"
            What the axis is, such as ``"time (ms)"`` with `dt`.
        color : matplotlib colour, default="#0072B2"
            Colour of the inputs.

        Returns
        -------
        TaskDisplay
            Itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes.
        """
        ax = new_axes(ax)
        n_steps, n_inputs = self.inputs.shape
        n_rows = self._draw_inputs(ax, color)
        for place, column in enumerate(self.target.T):
            row = n_rows + place + 0.5
            self._draw_judged(ax, row, self.judged[:, place])
            if column.dtype == object:
                self._draw_labels(ax, row, column)
            else:
                _draw_trace(ax, row, column, _span(self.target.astype(float)), self.dt, BLACK)
        names = [literal(name) for name in (*self._input_rows(), *self.output_names)]
        n_all = n_rows + self.target.shape[1]
        ticks = [0.5] if n_inputs > _MOST_TRACES else np.arange(n_rows)
        ticks = [*([n_rows / 2 - 0.5] if n_inputs > _MOST_TRACES else ticks)]
        ax.set_yticks([*ticks, *(np.arange(n_rows, n_all) + 0.5)], names)
        ax.set(xlim=(-0.5 * self.dt, (n_steps - 0.5) * self.dt), ylim=(n_all + 0.1, -0.6))
        ax.set_xlabel(xlabel)
        ax.tick_params(axis="y", length=0)
        ax.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, ncols=2, borderaxespad=0.2
        )
        bare(ax)
        ax.spines["left"].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _input_rows(self) -> list[str]:
        n = len(self.input_names)
        return [f"{n} inputs"] if n > _MOST_TRACES else list(self.input_names)

    def _draw_inputs(self, ax: Any, color: Any) -> int:
        """Draw the inputs, and return how many rows they take."""
        n_steps, n_inputs = self.inputs.shape
        if n_inputs <= _MOST_TRACES:
            for row, trace in enumerate(self.inputs.T):
                _draw_trace(ax, row, trace, _span(self.inputs), self.dt, color)
            return n_inputs
        n_rows = 4
        edges = (-0.5 * self.dt, (n_steps - 0.5) * self.dt, n_rows - 0.6, -0.5)
        ax.imshow(self.inputs.T, aspect="auto", cmap="Greys", extent=edges, interpolation="nearest")
        return n_rows

    def _draw_judged(self, ax: Any, row: float, judged: np.ndarray) -> None:
        """Shade the steps whose answers count."""
        known = set(ax.get_legend_handles_labels()[1])
        for start, end in runs(judged):
            name = None if "judged" in known else "judged"
            known.add("judged")
            width = (end - start) * self.dt
            left = (start - 0.5) * self.dt
            ax.broken_barh(
                [(left, width)], (row - 0.48, 0.96), color=SKY, alpha=0.45, lw=0, label=name
            )

    def _draw_labels(self, ax: Any, row: float, column: np.ndarray) -> None:
        """Write each label over the steps for which it stands."""
        there = np.array([value is not None for value in column])
        changes = np.flatnonzero([a != b for a, b in zip(column[1:], column[:-1], strict=True)]) + 1
        starts, ends = [0, *changes], [*changes, len(column)]
        for start, end in zip(starts, ends, strict=True):
            if there[start]:
                left, right = (start - 0.5) * self.dt, (end - 0.5) * self.dt
                ax.plot([left, right], [row + 0.3] * 2, color=BLACK, lw=2, solid_capstyle="butt")
                late = right > 0.9 * len(column) * self.dt  # keep the text inside
                at, side = (right, "right") if late else ((left + right) / 2, "center")
                ax.text(at, row + 0.1, literal(column[start]), ha=side, va="bottom")


def inputs_of_trial(X: Any, trial: int) -> np.ndarray:
    """Return one trial without the steps at its end that are all NaN."""
    if getattr(X, "ndim", 3) != 3:
        raise ValueError(f"X must be (n_trials, n_steps, n_features), got shape {np.shape(X)}.")
    inputs = real_array(X[trial], "X", "an array of numbers (n_trials, n_steps, n_features)")
    if inputs.ndim != 2:
        raise ValueError(
            f"X must have trials of shape (n_steps, n_features), got {inputs.shape} in trial "
            f"{trial}."
        )
    steps = np.flatnonzero(~np.isnan(inputs).all(axis=1))
    if not len(steps):
        raise ValueError(f"X must have a step in trial {trial}, all are NaN.")
    return inputs[: steps[-1] + 1]


def _has_labels(y: Any, n_steps: int) -> bool:
    """Return whether y has labels; refuse what may be labels per step or outputs at the end."""
    first = np.asarray(y[0], dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y[0])
    if first.ndim >= 2:
        return False
    kind = np.asarray(first.tolist()).dtype.kind
    if first.ndim == 1 and kind == "f":
        raise ValueError(
            "labels must be True or False for a y of floats with two axes: labels of the steps, or "
            "numbers at the last step."
        )
    return kind != "f"


def target_of_trial(
    y: Any, trial: int, n_steps: int, labels: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers as (n_steps, n_outputs), and which are missing."""
    row = y.iloc[trial] if hasattr(y, "iloc") else y[trial]
    if labels:
        values = np.atleast_1d(exact_labels(row))
        per_step = np.ndim(row) > 0
        gone = missing_labels(values, True)
        answers = np.array([None if g else v for g, v in zip(gone, values.tolist(), strict=True)])
        answers = np.asarray(answers, dtype=object)[:, np.newaxis]
    else:
        masked: Any = np.ma.filled(np.ma.asarray(row, dtype=float), np.nan)
        values = real_array(masked, "y", "an array of numbers")
        per_step = values.ndim == 2
        answers = values if per_step else np.atleast_1d(values)[np.newaxis]
    if per_step:
        if len(answers) < n_steps:
            raise ValueError(
                f"y must have an answer per step of trial {trial}, {n_steps}, got {len(answers)}."
            )
        answers = answers[:n_steps]
    else:  # at the last step
        nothing = np.full((n_steps - 1, answers.shape[1]), None if labels else np.nan)
        answers = np.concatenate([nothing.astype(answers.dtype), answers])
    if labels:
        missing = np.array([[value is None for value in row] for row in answers])
    else:
        missing = np.isnan(answers)
    return answers, missing


def _weighted(sample_weight: Any, trial: int, n_steps: int) -> np.ndarray:
    """Return which steps have a weight."""
    if sample_weight is None:
        return np.ones(n_steps, dtype=bool)
    weights = np.atleast_1d(real_array(sample_weight[trial], "sample_weight"))
    if len(weights) not in (1, n_steps) and len(weights) < n_steps:
        raise ValueError(
            f"sample_weight must have a weight per trial or per step, {n_steps} in trial {trial}, "
            f"got {len(weights)}."
        )
    return np.broadcast_to(weights[:n_steps] != 0, n_steps)


def _names(argument: str, names: Any, default: list[str]) -> list[str]:
    if names is None:
        return default
    if not is_several(names):
        raise TypeError(f"{argument} must be a sequence of names, got {found(names)}.")
    if len(names) != len(default):
        raise ValueError(f"{argument} must have {len(default)} names, got {len(names)}.")
    return [str(name) for name in names]


def _span(values: np.ndarray) -> tuple[float, float]:
    """Return the least and the greatest value, 0 among them."""
    finite = values[np.isfinite(values)]
    return float(finite.min(initial=0.0)), float(finite.max(initial=0.0))


def _draw_trace(
    ax: Any, row: float, values: np.ndarray, span: tuple[float, float], dt: float, color: Any
) -> None:
    """Draw values within a row, upwards, over the line of 0."""
    low, high = span
    scale = _ROOM / ((high - low) or 1.0)
    base = row + _ROOM / 2 + low * scale  # where 0 is; the axis points down
    time = dt * np.arange(len(values))
    ax.axhline(base, color=GREY, lw=0.4, zorder=0.5)
    ax.step(time, base - values * scale, where="mid", color=color, lw=1.2)
    if np.isfinite(values).sum() == 1:
        at = int(np.flatnonzero(np.isfinite(values))[0])
        ax.plot(time[at], base - values[at] * scale, "o", color=color, markersize=4)


def runs(judged: np.ndarray) -> list[tuple[int, int]]:
    """Return where stretches of judged steps begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], judged, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
