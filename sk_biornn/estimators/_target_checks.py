"""Numbers that are targets by their shape, and perhaps not by what was meant: told or refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sk_biornn.core.observation_model import Observation
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials

_FAR = 2.0  # ranges of the initial read-out, beyond which training does not arrive
_SDS = 3.0  # and standard deviations of the targets: what lies closer costs little of R^2
_SMOOTH = 0.5  # correlation of neighbouring rows, beyond which rows are points in time
_LONG, _FEW_ROWS = 10, 50  # a recording has so many times more rows than columns, and so many
_MOST = 0.5  # R^2 of the present as a prediction of the next step
_ALIKE = 0.95  # correlation beyond which two are one in other units
_NEXT = 10  # steps ahead that a target may be


def refuse_recording(trials: Trials, values: np.ndarray) -> None:
    """Raise if a static X and targets of several columns are the rows of one recording.

    They are if y is X some steps later; or if both have far more rows than columns and rows that
    are like the one before (the median over columns of the correlation with it is above 0.5). A
    table of independent samples has correlations around 0, in whatever shape, and a y of one axis
    is a number per sample: both pass.

    Parameters
    ----------
    trials : Trials
        Checked trials.
    values : ndarray of shape (n_trials, n_outputs)
        Targets that came with two axes.
    """
    x = trials.x[:, 0]
    if not (_is_later(x, values) or (_is_smooth(x) and _is_smooth(values))):
        return
    raise ValueError(
        f"X must hold trials, got {x.shape[0]} rows that look like the steps of one recording: cut "
        "it with sk_biornn.datasets.cut_trials; if every row is a trial of its own, pass "
        "X[:, None], or np.repeat(X[:, None], n_static_steps, axis=1) for a static stimulus."
    )


def refuse_the_unobservable(
    observation: Observation, values: np.ndarray, scored: np.ndarray
) -> None:
    """Raise if numbers that are judged can never be observed: half a spike, a negative amplitude.

    Parameters
    ----------
    observation : Observation
        What `observation` names.
    values : ndarray of shape (n_trials[, n_steps], n_outputs)
        Targets.
    scored : ndarray of bool, of the same shape
        Which are judged.
    """
    if observation.name == "gaussian":
        return
    wrong = ~observation.allows(np.where(scored, values, 1.0))
    if not wrong.any():
        return
    first = values[wrong][0]
    others = f": {observation.way_out}" if observation.way_out else ""
    raise ValueError(
        f"y must be {observation.takes} with observation={observation.name!r}, got "
        f"{int(wrong.sum())} of {int(scored.sum())} entries that are not, such as {first:.6g}"
        f"{others}."
    )


def warn_of_steps_as_outputs(trials: Trials, values: np.ndarray) -> None:
    """Warn where as many outputs as steps came: they may be one output at every step."""
    if trials.is_static or trials.n_steps == 1 or values.shape[-1] != trials.n_steps:
        return
    warnings.warn(
        f"y of shape {values.shape} is read as {trials.n_steps} outputs at the last step, and X "
        f"has {trials.n_steps} steps: pass y[..., None] if it is one output at every step, "
        "y[:, None, :] if the outputs are those of the last step.",
        UserWarning,
        stacklevel=2,
    )


def warn_of_far_targets(
    targets: Targets, w_out: np.ndarray, b_out: np.ndarray, n_moves: float
) -> None:
    """Warn if the mean of an output's targets is where training will not bring the read-out.

    The initial read-out lies within r = |b| + sum |w| where rates are at most 1. Networks of 8, 32
    and 100 units on `make_flip_flop` with a constant added to y had, after 20 and 100 epochs of
    Adam, an R^2 of -5.5 or better with a mean of up to 1 r, and -10 or worse with one of 2 r. A
    mean within 3 standard deviations of 0 passes, as that of scaled targets does.

    Parameters
    ----------
    targets : Targets
        Those of training.
    w_out, b_out : ndarray
        The initial read-out.
    n_moves : float
        How far a weight may go in the whole of training: that much of the way counts for nothing.
    """
    weights = targets.weights.reshape(-1, targets.n_outputs).astype(np.float64)
    values = targets.values.reshape(-1, targets.n_outputs).astype(np.float64)
    weights /= np.maximum(weights.sum(axis=0), np.finfo(np.float64).tiny)
    means = (weights * values).sum(axis=0)
    with np.errstate(over="ignore"):
        sds = np.sqrt((weights * (values - means) ** 2).sum(axis=0))
    reach = np.abs(b_out) + np.abs(w_out).sum(axis=1)
    beyond = np.abs(means) - np.maximum(_FAR * reach + n_moves, _SDS * sds)
    beyond[sds <= 1e-9 * np.abs(means)] = 0  # there is nothing to explain
    worst = int(np.argmax(beyond))
    if beyond[worst] <= 0:
        return
    warnings.warn(
        f"y has a mean of {means[worst]:.3g} in output {worst}, and the read-out starts within "
        f"{reach[worst]:.2g} of 0, from where training hardly gets there: scale y, with "
        "sklearn.compose.TransformedTargetRegressor or "
        "sk_biornn.preprocessing.TrialTargetRegressor and a TrialScaler.",
        UserWarning,
        stacklevel=2,
    )


def warn_of_next_inputs(outputs: Any, no_change: float) -> None:
    """Tell that targets are the inputs one step on, where most of them is there already.

    On recordings a plain read-out, which knows nothing of it, loses to repeating the present.

    Parameters
    ----------
    outputs : sequence
        Names of the outputs.
    no_change : float
        R^2 of the present as a prediction.
    """
    if not no_change > _MOST:
        return
    names = ", ".join(str(name) for name in list(outputs)[:6]) + ("..." if len(outputs) > 6 else "")
    warnings.warn(
        f"y is X one step later ({names}), which no change at all predicts with an R^2 above "
        f"{_MOST}, better than a plain read-out mostly does: pass predict_increments=True, "
        "readout_skip='diagonal', or leave it so to learn the whole of the next input.",
        UserWarning,
        stacklevel=2,
    )


def warn_of_other_units(later: np.ndarray, values: np.ndarray, scored: np.ndarray) -> None:
    """Warn where targets are the inputs one step on in other units, and come back as inputs.

    They are if an output's correlation with them is above 0.95 and the two are further apart (root
    mean square) than half a standard deviation of the inputs.

    Parameters
    ----------
    later, values, scored : ndarray of shape (n_trials, n_steps, n_outputs)
        The inputs one step on, the targets, and which of these count.
    """
    for k in range(values.shape[-1]):
        x, y = (array[:, :, k][scored[:, :, k]].astype(np.float64) for array in (later, values))
        if len(x) < 3 or x.std() == 0 or y.std() == 0:
            continue
        apart = np.sqrt(np.mean((y - x) ** 2)) > x.std() / 2
        if apart and np.corrcoef(x, y)[0, 1] > _ALIKE:
            warnings.warn(
                f"y is X one step later in other units (output {k}: mean {y.mean():.3g} and "
                f"deviation {y.std():.3g}, {x.mean():.3g} and {x.std():.3g} in X), and its outputs "
                "come back as inputs: scale X and y alike, best the recording before it is cut.",
                UserWarning,
                stacklevel=2,
            )
            return


def _is_later(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether y is x some steps later."""
    if x.shape != y.shape or len(x) <= _NEXT + 1 or (y == y[0]).all():
        return False
    known = np.isfinite(y)
    return any(
        np.array_equal(x[ahead:][known[:-ahead]], y[:-ahead][known[:-ahead]])
        for ahead in range(1, _NEXT + 1)
    )


def _is_smooth(table: np.ndarray) -> bool:
    """Whether a table is far longer than wide, with rows that are like the one before."""
    n_rows, n_columns = table.shape
    if n_rows < max(_FEW_ROWS, _LONG * n_columns):
        return False
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        centred = np.nan_to_num(table - np.nanmean(table, axis=0))
        power = (centred**2).sum(axis=0)
        correlations = (centred[1:] * centred[:-1]).sum(axis=0) / power
    known = correlations[power > 0]
    return bool(len(known) and np.median(known) > _SMOOTH)
