"""How well a prediction does, output by output, and against repeating the present."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._output_names import names_of_columns
from sk_biornn._plain import plain, refuse_dates, refuse_sparse, without_mask


def prediction_skill(
    y: Any, prediction: Any, X: Any = None, *, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Score a prediction per output: R^2, correlation, and skill against persistence.

    R^2 = 1 - sum (y - p)^2 / sum (y - mean y)^2; skill = 1 - sum (y - p)^2 / sum (y - x)^2, where
    persistence predicts that the next value is the present one, the input x of that step. All
    trials and steps are pooled; NaN in any of the arrays takes the entry out of all scores.

    Parameters
    ----------
    y : array-like of shape (n_trials, n_steps, n_outputs) or (n_entries, n_outputs), or list
        Targets; a list holds one (n_steps_i, n_outputs) array per trial.
    prediction : array-like or list
        Predictions in the shape of `y`.
    X : array-like, list or None, default=None
        Present values of the predicted quantities, in the shape of `y`: the input of a network
        that predicts the next step of its own channels. None leaves persistence out.
    names : sequence of str or None, default=None
        Names of the outputs, such as the populations. None: those of the columns of `y`,
        `prediction` or `X`, if one of them has names, else 0, 1, 2 and so on.

    Returns
    -------
    DataFrame
        One row per output, indexed by `output`: `n` (entries that were scored), `mse`, `r2`,
        `correlation` (Pearson) and, with `X`, `mse_persistence`, `r2_persistence` and `skill`.
        NaN where a score is not defined: r2 of a constant target, correlation with a constant,
        skill against a persistence without error.

    Raises
    ------
    ValueError
        If shapes or names do not fit, or if an output that is named in two of the arguments is
        another column in the one than in the other.

    Notes
    -----
    Predictions of a network are arrays without names; their order is that of its `output_names_`.
    On trials that the fit has not seen these are held-out scores; the function does not know.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.inspection import prediction_skill
    >>> wave = np.sin(np.arange(61) / 10).reshape(1, 61, 1)
    >>> X, y = wave[:, :-1], wave[:, 1:]
    >>> table = prediction_skill(y, 0.9 * y, X, names=["V1_L4_pyr"])
    >>> table[["r2", "correlation", "skill"]].round(2).loc["V1_L4_pyr"].tolist()
    [0.99, 1.0, -0.1]
    """
    given = {"y": y, "prediction": prediction, **({} if X is None else {"X": X})}
    names = names_of_columns(given, names)
    arrays = {name: flat_outputs(name, values) for name, values in given.items()}
    for name, array in arrays.items():
        if array.shape != arrays["y"].shape:
            raise ValueError(
                f"{name} must have the entries and outputs of y, {arrays['y'].shape} when trials "
                f"are pooled, got {array.shape}."
            )
    index = output_names(names, arrays["y"].shape[1])
    rows = [_scores(*columns) for columns in zip(*(a.T for a in arrays.values()), strict=True)]
    return pd.DataFrame(rows, index=pd.Index(index, name="output"))


def _scores(
    y: NDArray[np.float64], prediction: NDArray[np.float64], x: NDArray[np.float64] | None = None
) -> dict[str, float]:
    """Return the scores of one output."""
    scored = np.isfinite(y) & np.isfinite(prediction)
    if x is not None:
        scored &= np.isfinite(x)
    y, prediction = y[scored], prediction[scored]
    # Rounding of the mean would give a constant target a tiny variance.
    variance = _mean(np.square(y - _mean(y))) if _varies(y) else 0.0
    mse = _mean(np.square(y - prediction))
    scores = {
        "n": len(y),
        "mse": mse,
        "r2": 1 - _ratio(mse, variance),
        "correlation": _correlation(y, prediction),
    }
    if x is not None:
        persistence = _mean(np.square(y - x[scored]))
        scores["mse_persistence"] = persistence
        scores["r2_persistence"] = 1 - _ratio(persistence, variance)
        scores["skill"] = 1 - _ratio(mse, persistence)
    return scores


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _varies(values: NDArray[np.float64]) -> bool:
    return len(values) > 0 and bool(np.ptp(values) > 0)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if not (_varies(a) and _varies(b)):
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    return _ratio(float(a @ b), float(np.sqrt((a @ a) * (b @ b))))


def flat_outputs(name: str, values: Any) -> NDArray[np.float64]:
    """Pool trials and steps: return (n_entries, n_outputs) of an array or a list of arrays."""
    refuse_sparse(values, name)
    values = plain(without_mask(values, np.nan, np.float64), name)  # masked is missing
    refuse_dates(values, name)
    try:
        array = _pooled(values)
    except (TypeError, ValueError):
        array, found = np.empty(0), f"{type(values).__name__} that cannot be read as these"
    else:
        found = f"shape {array.shape}"
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(
            f"{name} must be numbers of shape (n_trials, n_steps, n_outputs) or (n_entries, "
            f"n_outputs), or a list of (n_steps, n_outputs) arrays, got {found}."
        )
    return array.reshape(-1, array.shape[-1])


def _pooled(values: Any) -> NDArray[np.float64]:
    if is_list_of_trials(values):
        parts = [np.asarray(item, dtype=np.float64) for item in values]
        return np.concatenate([np.atleast_2d(part) for part in parts])
    array = np.asarray(values, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array


def is_list_of_trials(values: Any) -> bool:
    """Whether values are a list, or an object array, of one array per trial."""
    dtype = getattr(values, "dtype", None)
    return isinstance(values, (list, tuple)) or getattr(dtype, "kind", None) == "O"


def output_names(names: Sequence[Any] | None, n_outputs: int) -> list[Any]:
    """Return one name per output."""
    names = list(range(n_outputs)) if names is None else list(names)
    if len(names) != n_outputs:
        raise ValueError(f"names must have one name per output ({n_outputs}), got {len(names)}.")
    return names
