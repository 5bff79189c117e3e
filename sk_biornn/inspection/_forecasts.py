"""How good free-running forecasts are, by how far they look ahead, and against baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_count, check_number
from sk_biornn._output_names import refuse_other_outputs
from sk_biornn._plain import found, is_several
from sk_biornn._wrapped import attribute_within
from sk_biornn.inspection._as_trials import TrialList, read_trials
from sk_biornn.inspection._bootstrap import (
    Floats,
    Scores,
    TrialSums,
    by_trial,
    draw_blocks,
    interval,
    scores,
    squared_errors,
)
from sk_biornn.inspection._contestants import (
    BASELINES,
    by_name,
    fitted_baselines,
    persistence,
)

_AT_ONCE = 2**24  # numbers in the trials of one call of `forecast`


class _Origins(NamedTuple):
    """Where forecasts start: after the steps up to this one, of this trial."""

    trials: NDArray[np.int64]
    steps: NDArray[np.int64]


def forecast_skill(
    est: Any,
    X: Any,
    y: Any,
    *,
    horizons: Sequence[int] = (1, 5, 10, 20),
    baselines: Any = BASELINES,
    train: Any = None,
    mask: Any = None,
    multioutput: str = "uniform_average",
    burn_in: int | None = None,
    max_origins: int = 20,
    block_length: int = 1,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: Any = 0,
) -> pd.DataFrame:
    """Score free-running forecasts by horizon, against baselines and persistence.

    A forecast starts at an origin t within a trial: a model is shown ``X[:t + 1]`` and asked for
    the next ``max(horizons)`` outputs by its method `forecast`, without seeing anything further.
    The h-th of them is compared with ``y[t + h - 1]``, where y is X one step later. All models
    forecast from the same origins, and all horizons are scored on them, so that rows can be
    compared.

    Parameters
    ----------
    est : estimator or dict of str to estimator
        A fitted regressor that has ``forecast(X, n_steps)``, or several by name.
    X : array-like or list
        Test trials: (n_trials, n_steps, n_features), or a list of (n_steps_i, n_features) arrays or
        data frames.
    y : array-like or list
        What comes next at every step, (n_trials, n_steps, n_outputs) or a list; NaN is not scored.
    horizons : sequence of int, default=(1, 5, 10, 20)
        Steps ahead; 1 is what `predict` says.
    baselines : sequence or dict, default=("persistence", "mean", "AR", "VAR", "masked VAR")
        Names among these, pairs (name, regressor), or a dict of regressors. "AR" is
        ``ARBaseline()``, and both VAR are ``RidgeVAR(alpha="auto")``. Without `mask`, the default
        has no "masked VAR". Regressors that are fitted are used as they are.
    train : tuple (X, y) or None, default=None
        Training trials and targets, on which baselines that are not fitted are fitted; best those
        of `est`. They are never fitted on the test trials. Persistence needs none.
    mask : array-like of shape (n_outputs, n_features) or None, default=None
        Wiring [post, pre] of the "masked VAR".
    multioutput : {"uniform_average", "variance_weighted"}, default="uniform_average"
        R^2 as the mean over outputs, as in `score`, or weighted by their variances in the test
        trials, which is the R^2 of all outputs together. Choose this where some outputs hardly vary
        there: a drift since training makes their R^2 very negative, and that the mean.
    burn_in : int or None, default=None
        Least number of steps that are shown before a forecast. None: `burn_in` of the first
        estimator, at least 1. What remembers several steps needs as many to show what it can.
    max_origins : int, default=20
        Most origins per trial. They lie at a stride, from the first to the last that there can
        be; the stride is 1 where no more than these are possible. Cost grows with it: each origin
        has its own warm-up.
    block_length : int, default=1
        Trials that follow each other and are drawn together in the bootstrap: more than 1 where
        neighbouring windows are alike.
    n_bootstrap : int, default=1000
        Number of draws of the trials.
    confidence : float, default=0.95
        Share of the draws within an interval.
    random_state : int, numpy RandomState, numpy Generator or None, default=0
        Seed of the draws.

    Returns
    -------
    DataFrame
        One row per model and horizon: `model`, `horizon`, `n` (entries that were scored), `mse`,
        `r2` (all trials and origins pooled, mean over outputs), `skill` (1 - mse /
        mse of persistence), `difference` (r2 of the first estimator less that of the model), and
        the ends of their intervals, such as `r2_low` and `r2_high`: percentiles over draws of whole
        trials, in which models are paired, and R^2 is by the variance over all trials. With a
        single trial there are none, NaN; with few they are too narrow. `attrs` has
        `reference` (the first estimator), `models`, `n_trials`, `n_origins`, `burn_in`, `stride`,
        `multioutput` and the arguments of the bootstrap.

    Raises
    ------
    TypeError
        If a model has no `forecast`, or an argument is of another type.
    ValueError
        If an argument does not fit, no trial is long enough, or baselines are to be fitted without
        `train`.

    See Also
    --------
    prediction_skill : One step ahead, output by output.
    sk_biornn.plots.ForecastDisplay : The table as a picture.
    sk_biornn.baselines : What the baselines are.

    Notes
    -----
    Where X has features that are no outputs, models are given their true values (`future=`).
    Trials that are too short for the longest horizon are left out. A forecast that is no finite
    number counts as infinitely wrong, where a model returns it; a network refuses to.

    References
    ----------
    .. [1] J.-M. Lueckmann, A. Immer, A. B.-Y. Chen et al., "ZAPBench: a benchmark for whole-brain
       activity prediction in zebrafish", ICLR, 2025 (trivial baselines, errors by horizon).
    .. [2] H. R. Künsch, "The jackknife and the bootstrap for general stationary observations",
       Annals of Statistics, 1989. doi:10.1214/aos/1176347265

    Examples
    --------
    A process that an AR(2) knows, and an AR(1) does not:

    >>> import numpy as np
    >>> from sk_biornn.baselines import ARBaseline
    >>> from sk_biornn.inspection import forecast_skill
    >>> rng = np.random.default_rng(0)
    >>> x = np.sin(0.3 * np.arange(60) + rng.uniform(0, 6, (30, 1)))[..., None]
    >>> x = x + 0.05 * rng.standard_normal(x.shape)
    >>> X, y = x[:, :-1], x[:, 1:]
    >>> model = ARBaseline(order=8).fit(X[:20], y[:20])
    >>> table = forecast_skill(
    ...     model, X[20:], y[20:], horizons=(1, 10),
    ...     baselines=("persistence", "AR"), train=(X[:20], y[:20]), burn_in=8,
    ... )
    >>> table[["model", "horizon", "r2", "skill"]].round(2)
             model  horizon    r2  skill
    0   ARBaseline        1  0.99   0.93
    1   ARBaseline       10  0.99   1.00
    2  persistence        1  0.89   0.00
    3  persistence       10 -2.99   0.00
    4           AR        1  0.89   0.03
    5           AR       10 -1.57   0.36
    >>> # R2 that the AR(1) lacks
    >>> bool(table.loc[5, "difference_low"] > 1)
    True
    """
    horizons = _check_horizons(horizons)
    settings: dict[Any, Any] = {
        "block_length": check_count("block_length", block_length),
        "n_bootstrap": check_count("n_bootstrap", n_bootstrap),
        "confidence": check_number(
            "confidence", confidence, low=0.0, high=1.0, open_low=True, open_high=True
        ),
    }
    check_choice("multioutput", multioutput, ("uniform_average", "variance_weighted"))
    networks = by_name(est)
    trials, targets = _pair(X, y)
    for network in networks.values():
        refuse_other_outputs(network, y)
    first, longest = next(iter(networks.values())), max(horizons)
    burn_in = _burn_in(burn_in, first)
    stride = _stride(trials, longest, burn_in, check_count("max_origins", max_origins))
    origins = _origins(trials, longest, burn_in, stride)
    feedback = attribute_within(first, "feedback")
    models = {**networks, **fitted_baselines(baselines, networks, train, mask, feedback, (X, y))}
    asked = {**models, "": persistence(feedback, (X, y))}  # the standard of skill
    forecasts = {name: _forecasts(m, trials, origins, longest) for name, m in asked.items()}
    table = _table(forecasts, targets, origins, horizons, settings, multioutput, random_state)
    table.attrs = {
        "reference": next(iter(networks)),
        "models": list(networks),
        "n_trials": len(np.unique(origins.trials)),
        "n_origins": len(origins.steps),
        "burn_in": burn_in,
        "stride": stride,
        "multioutput": multioutput,
        **settings,
    }
    return table


def _table(
    forecasts: dict[str, Floats],
    targets: TrialList,
    origins: _Origins,
    horizons: list[int],
    settings: dict[Any, Any],
    multioutput: str,
    random_state: Any,
) -> pd.DataFrame:
    """Return a row per model and horizon; the first model is the reference, the last the standard.

    Models are in the order of `forecasts`, (n_origins, n_steps, n_outputs) each.
    """
    numbers, of_trial = np.unique(origins.trials, return_inverse=True)
    draws = _draws(len(numbers), settings, random_state)
    weighted = multioutput == "variance_weighted"
    rows: list[dict[str, Any]] = []
    for horizon in horizons:
        truth = _truth(targets, origins, horizon)
        at_horizon = {name: values[:, horizon - 1] for name, values in forecasts.items()}
        scored = _Scored(truth, of_trial, len(numbers), draws, weighted)
        rows += scored.rows(at_horizon, next(iter(forecasts)), horizon, settings["confidence"])
    order = {name: place for place, name in enumerate(forecasts)}
    return pd.DataFrame(rows).sort_values(
        "model", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )


class _Scored:
    """Scores at one horizon, of all entries and of every draw."""

    def __init__(
        self,
        truth: Floats,
        of_trial: NDArray[np.int64],
        n_trials: int,
        draws: Floats,
        weighted: bool,
    ) -> None:
        self.truth, self.of_trial, self.n_trials = truth, of_trial, n_trials
        self.weighted = weighted
        self.draws = draws  # the first one has every trial once
        self.sums = TrialSums.of(truth, of_trial, n_trials)

    def rows(
        self, forecasts: dict[str, Floats], reference: str, horizon: int, confidence: float
    ) -> list[dict[str, Any]]:
        """Return a row per model; the forecasts of persistence have no name."""
        found = {name: self._scores(values) for name, values in forecasts.items()}
        standard, rows = found.pop(""), []
        for name, (mse, r2) in found.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                skill = np.where(standard.mse > 0, 1 - mse / standard.mse, np.nan)
            row: dict[str, Any] = {"model": name, "horizon": horizon, "n": int(self.sums.n.sum())}
            columns = {"mse": mse, "r2": r2, "skill": skill, "difference": found[reference].r2 - r2}
            for column, values in columns.items():
                low, high = interval(values[1:], confidence)
                row |= {column: values[0], f"{column}_low": low, f"{column}_high": high}
            rows.append(row)
        return rows

    def _scores(self, values: Floats) -> Scores:
        if values.shape != self.truth.shape:
            raise ValueError(
                f"y must have as many outputs as est forecasts, {values.shape[1]}, got "
                f"{self.truth.shape[1]}."
            )
        errors = by_trial(squared_errors(self.truth, values), self.of_trial, self.n_trials)
        return scores(self.sums, errors, self.draws, self.weighted)


def _check_horizons(horizons: Any) -> list[int]:
    if not is_several(horizons):
        raise TypeError(f"horizons must be a sequence of integers, got {found(horizons)}.")
    checked = [check_count("horizons", horizon) for horizon in horizons]
    if not checked:
        raise ValueError("horizons must have at least one number of steps, got none.")
    return sorted(set(checked))


def _pair(X: Any, y: Any) -> tuple[TrialList, TrialList]:
    """Return inputs and targets, of equally many steps in each trial."""
    trials, targets = read_trials(X, "X"), read_trials(y, "y")
    if len(trials.arrays) != len(targets.arrays):
        raise ValueError(
            f"y must have as many trials as X, {len(trials.arrays)}, got {len(targets.arrays)}."
        )
    whole = []
    for number, (x, target) in enumerate(zip(trials.arrays, targets.arrays, strict=True)):
        missing = len(x) - len(target)
        if missing and not (isinstance(y, np.ndarray) and y.ndim == 3):
            raise ValueError(
                f"y must have one entry per step of X: trial {number} has {len(x)} steps in X and "
                f"{len(target)} in y."
            )
        # Of an array, steps that are NaN in all outputs are not scored, not padding.
        after = np.full((max(missing, 0), target.shape[1]), np.nan)
        whole.append(np.concatenate([target, after])[: len(x)])
    return trials, targets._replace(arrays=whole)


def _burn_in(burn_in: int | None, network: Any) -> int:
    if burn_in is None:
        return max(int(attribute_within(network, "burn_in", 1)), 1)
    return check_count("burn_in", burn_in)


def _n_origins(n_steps: int, longest: int, burn_in: int) -> int:
    return max(n_steps - longest - burn_in + 2, 0)


def _stride(trials: TrialList, longest: int, burn_in: int, max_origins: int) -> int:
    n_steps = max(len(array) for array in trials.arrays)
    possible = _n_origins(n_steps, longest, burn_in)
    if not possible:
        raise ValueError(
            f"horizons must be at most {max(n_steps - burn_in + 1, 0)}, the steps that the longest "
            f"trial has from the end of its burn-in of {burn_in} on, got {longest}."
        )
    return -(-possible // max_origins)


def _origins(trials: TrialList, longest: int, burn_in: int, stride: int) -> _Origins:
    steps = [
        np.arange(_n_origins(len(array), longest, burn_in))[::stride] + burn_in - 1
        for array in trials.arrays
    ]
    numbers = np.repeat(np.arange(len(steps)), [len(part) for part in steps])
    return _Origins(numbers, np.concatenate(steps))


def _forecasts(model: Any, trials: TrialList, origins: _Origins, n_steps: int) -> Floats:
    """Return what a model says from each origin, (n_origins, n_steps, n_outputs)."""
    order = np.argsort(origins.steps, kind="stable")  # prefixes of one call are alike in length
    parts, start = [], 0
    while start < len(order):
        longest = int(origins.steps[order[-1]]) + 1
        stop = start + max(1, _AT_ONCE // (longest * trials.n_columns))
        chosen = order[start:stop]
        parts.append(_asked(model, trials, origins, chosen, n_steps))
        start = stop
    found = np.concatenate(parts)
    forecasts = np.empty_like(found)
    forecasts[order] = found
    return forecasts


def _asked(
    model: Any, trials: TrialList, origins: _Origins, chosen: NDArray[np.int64], n_steps: int
) -> Floats:
    pairs = [(trials.arrays[origins.trials[i]], int(origins.steps[i]) + 1) for i in chosen]
    prefixes = [trials.named(array[:stop]) for array, stop in pairs]
    options = {}
    if n_steps > 1 and _has_other_inputs(model, trials):
        options["future"] = np.stack([array[stop : stop + n_steps - 1] for array, stop in pairs])
    said = model.forecast(prefixes, n_steps, **options)  # frames, where it is shown some
    found = np.asarray([np.asarray(one) for one in said], dtype=np.float64)
    if found.ndim != 3 or found.shape[:2] != (len(prefixes), n_steps):
        raise ValueError(
            f"est must forecast (n_trials, n_steps, n_outputs), ({len(prefixes)}, {n_steps}, ...), "
            f"got shape {found.shape} from {type(model).__name__}."
        )
    return found


def _has_other_inputs(model: Any, trials: TrialList) -> bool:
    """Whether a model has features that are no outputs, whose future it must be given."""
    n_outputs = attribute_within(model, "n_outputs_")
    if n_outputs is None:
        n_outputs = len(attribute_within(model, "W_out_", ())) or trials.n_columns
    return bool(trials.n_columns > n_outputs)


def _truth(targets: TrialList, origins: _Origins, horizon: int) -> Floats:
    pairs = zip(origins.trials, origins.steps, strict=True)
    rows = [targets.arrays[trial][step + horizon - 1] for trial, step in pairs]
    return np.asarray(rows, dtype=np.float64)


def _draws(n_trials: int, settings: dict[Any, Any], random_state: Any) -> Floats:
    """Return counts of the trials: every one once, and then as they are drawn."""
    once = np.ones((1, n_trials))
    if n_trials == 1:
        return once
    drawn = draw_blocks(n_trials, settings["block_length"], settings["n_bootstrap"], random_state)
    return np.concatenate([once, drawn])
