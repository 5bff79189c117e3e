"""Neurons that are withheld, predicted from the others: with and without having been trained on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import PoissonRegressor, Ridge
from sklearn.model_selection import check_cv
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_biornn._checks import check_choice, check_count, check_flag, check_number
from sk_biornn._random import make_rng
from sk_biornn.inspection._as_trials import read_trials
from sk_biornn.inspection._withheld import Floats, Recording, numbers_of, withhold

_Fold = tuple[NDArray[np.int64], NDArray[np.int64]]  # trials to train and to test

SCORINGS = ("auto", "r2", "bits_per_spike")
_LEAST_RATE = 1e-9  # of a prediction, whose logarithm is asked for


class _Shots(NamedTuple):
    """How withheld neurons are read out from few trials."""

    n_shots: int
    n_draws: int
    alpha: float
    is_poisson: bool


def co_smoothing_score(
    est: Any,
    X: Any,
    heldout: Any,
    *,
    ahead: int = 0,
    cv: Any = 5,
    groups: Any = None,
    n_shots: int | None = None,
    n_draws: int = 5,
    alpha: float = 0.01,
    scoring: str = "auto",
    per_neuron: bool = False,
    random_state: Any = 0,
) -> Any:
    r"""Score how well neurons that are withheld are predicted from the others, cross-validated.

    In each fold a clone of `est` is fitted on the training trials: its inputs are the neurons that
    are held in (those that are withheld are 0 in X, at all times), its targets all neurons. In the
    test trials it is shown the held-in neurons alone, and its predictions of the withheld ones are
    scored.

    The few-shot score asks more of what a network has found: it is trained *without* the withheld
    neurons, neither shown nor asked for (their targets are NaN). A linear read-out of them from its
    states, ridge regression or a Poisson GLM, is then fitted on `n_shots` of the training trials.
    Networks that explain the held-in neurons equally well by superfluous states differ in it.

    Parameters
    ----------
    est : estimator
        A regressor, fitted or not, that takes all neurons as features and as outputs, at every
        step; a pipeline or a search of one. For `n_shots` it needs `hidden_states`.
    X : array-like or list
        The full recording in trials, (n_trials, n_steps, n_neurons), or a list of (n_steps_i,
        n_neurons) arrays or data frames. Withheld neurons may be NaN, where they are not scored.
    heldout : sequence of str or int
        Who is withheld, by name or number.
    ahead : int, default=0
        Steps between input and target: 0 asks for the withheld neurons at the time of the input, 1
        for the next step, in which a synapse can have passed on what it has received.
    cv : int, splitter or iterable, default=5
        Folds of the trials, as in `sklearn.model_selection.check_cv`: an int makes blocks in the
        order of the trials.
    groups : array-like of shape (n_trials,) or None, default=None
        Handed to the splitter.
    n_shots : int or None, default=None
        Trials on which the read-out of the few-shot score is fitted; None: the network is trained
        on the withheld neurons, too.
    n_draws : int, default=5
        How often these trials are drawn in each fold; the score is the mean.
    alpha : float, default=0.01
        Penalty of the few-shot read-out: of the mean squared error in units of the variance of the
        neuron, or of the mean half deviance, with states of variance 1.
    scoring : {"auto", "r2", "bits_per_spike"}, default="auto"
        "auto": bits per spike if ``est.observation`` is "poisson", else R^2.
    per_neuron : bool, default=False
        Return a table of the neurons instead of the number.
    random_state : int, numpy RandomState, numpy Generator or None, default=0
        Seed of the draws.

    Returns
    -------
    float or DataFrame
        R^2, the mean over withheld neurons that vary, each over all test trials; or bits per spike
        of all of them together. With `per_neuron`, one row per neuron: `neuron`, `score`, `n`
        (entries that were scored), and the number as ``attrs["score"]``.

    Raises
    ------
    TypeError
        If an argument is of another type, or the few-shot score is asked of what has no states.
    ValueError
        If an argument does not fit, or bits per spike are asked for where there are no counts.

    Notes
    -----
    Bits per spike are those of the Neural Latents Benchmark [1]_,

    .. math:: \frac{1}{n_{spikes} \ln 2} \sum_{it} \left[ y_{it} \ln \frac{\lambda_{it}}{\bar
        \lambda_i} - (\lambda_{it} - \bar\lambda_i) \right],

    with the mean rate of each neuron in the test trials as the null model. Predictions below 1e-9
    count as 1e-9. The few-shot read-out of a neuron that is silent in its trials says half a spike
    in all of them.

    An input of 0 gives no current, so that a network has the same arguments as with all neurons
    (`input_mask`, `observed` and so on). A scaler in a pipeline leaves the constant as it is.

    References
    ----------
    .. [1] F. Pei, J. Ye, D. Zoltowski et al., "Neural Latents Benchmark '21: evaluating latent
       variable models of neural population activity", NeurIPS Datasets and Benchmarks, 2021.
    .. [2] K. Dabholkar, O. Barak, "When predict can also explain: few-shot prediction to select
       better neural latents", 2024. arXiv:2405.14425

    Examples
    --------
    Neurons that follow two common inputs, of which the third is a mixture:

    >>> import numpy as np
    >>> from sk_biornn.baselines import RidgeVAR
    >>> from sk_biornn.inspection import co_smoothing_score
    >>> rng = np.random.default_rng(0)
    >>> latent = rng.standard_normal((20, 30, 2))
    >>> X = latent @ [[1, 0, 0.5, 0], [0, 1, 0.5, 0]] + 0.1 * rng.standard_normal(
    ...     (20, 30, 4)
    ... )
    >>> round(co_smoothing_score(RidgeVAR(alpha=0.01), X, heldout=[2]), 2)
    0.97
    >>> # noise alone
    >>> round(co_smoothing_score(RidgeVAR(alpha=0.01), X, heldout=[3]), 2)
    -0.01
    """
    ahead = check_count("ahead", ahead, low=0)
    check_choice("scoring", scoring, SCORINGS)
    per_neuron = check_flag("per_neuron", per_neuron)
    if n_shots is not None:
        n_shots = check_count("n_shots", n_shots)
    n_draws = check_count("n_draws", n_draws)
    alpha = check_number("alpha", alpha, low=0.0)
    trials = read_trials(X, "X")
    recording = withhold(trials, numbers_of(heldout, trials), ahead)
    if scoring == "auto":
        scoring = "bits_per_spike" if _observation(est) == "poisson" else "r2"
    is_poisson = scoring == "bits_per_spike"
    if is_poisson:
        _require_counts(recording)
    shots = None if n_shots is None else _Shots(n_shots, n_draws, alpha, is_poisson)
    folds = _folds(cv, len(trials.arrays), groups)
    truth, draws = _cross_validated(est, recording, folds, shots, make_rng(random_state))
    score = bits_per_spike if is_poisson else _r2
    scores = [score(truth, said) for said in draws]
    value = float(np.mean([whole for whole, _ in scores]))
    if not per_neuron:
        return value
    names = recording.heldout if trials.names is None else np.array(trials.names)[recording.heldout]
    each = np.mean([each for _, each in scores], axis=0)
    table = pd.DataFrame({"neuron": names, "score": each, "n": np.isfinite(truth).sum(axis=0)})
    table.attrs = {"score": value, "scoring": scoring, "n_shots": n_shots}
    return table


def bits_per_spike(truth: Floats, rates: Floats) -> tuple[float, Floats]:
    """Return bits per spike of all neurons together, and of each, (n_entries, n_neurons)."""
    known = np.isfinite(truth)
    counts = np.where(known, truth, 0.0)
    n, spikes = np.maximum(known.sum(axis=0), 1), counts.sum(axis=0)
    means = np.maximum(spikes / n, _LEAST_RATE)
    rates = np.maximum(rates, _LEAST_RATE)
    gain = np.where(known, counts * np.log(rates / means) - (rates - means), 0.0).sum(axis=0)
    each = np.divide(gain, spikes * np.log(2), out=np.full(len(n), np.nan), where=spikes > 0)
    whole = gain.sum() / (spikes.sum() * np.log(2)) if spikes.sum() > 0 else np.nan
    return float(whole), each


def _r2(truth: Floats, said: Floats) -> tuple[float, Floats]:
    """Return the mean of R^2 over neurons, and that of each."""
    known = np.isfinite(truth)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, truth, 0.0).sum(axis=0) / n
    spread = np.where(known, truth - mean, 0.0)
    varies = np.abs(spread).max(axis=0, initial=0.0) > 1e-12 * np.abs(mean)
    total = (spread**2).sum(axis=0)
    errors = np.where(known, truth - said, 0.0)
    each = np.full(len(n), np.nan)
    each[varies] = 1 - (errors**2).sum(axis=0)[varies] / total[varies]
    return float(each[varies].mean()) if varies.any() else float("nan"), each


# ---------------------------------------------------------------------- observations


def _observation(est: Any) -> str:
    """Return how the outputs of an estimator, or of what it wraps, are observed."""
    steps = getattr(est, "steps", None)
    inner = steps[-1][1] if steps else getattr(est, "estimator", getattr(est, "regressor", None))
    own = getattr(est, "observation", None)
    if own is None and inner is not None:
        return _observation(inner)
    return own if isinstance(own, str) else "gaussian"


def _require_counts(recording: Recording) -> None:
    for number, array in enumerate(recording.targets.arrays):
        counts = array[:, recording.heldout]
        counts = counts[np.isfinite(counts)]
        if (counts < 0).any() or (counts != np.round(counts)).any():
            raise ValueError(
                "X must have counts of spikes for scoring='bits_per_spike', got other numbers in "
                f"trial {number}."
            )


# ---------------------------------------------------------------------- predictions


def _folds(cv: Any, n_trials: int, groups: Any) -> Iterator[_Fold]:
    """Yield the numbers of the trials to train and to test, which a splitter may mark instead."""
    numbers = np.arange(n_trials)
    for train, test in check_cv(cv).split(numbers, groups=groups):
        yield numbers[np.asarray(train)], numbers[np.asarray(test)]


def _cross_validated(
    est: Any,
    recording: Recording,
    folds: Iterator[_Fold],
    shots: _Shots | None,
    rng: np.random.Generator,
) -> tuple[Floats, list[Floats]]:
    """Return what withheld neurons do in all test trials, and what each draw says of it."""
    truth, said = [], []
    for train, test in folds:
        if shots is None:
            said.append([_trained_on_all(est, recording, train, test)])
        else:
            said.append(_few_shot(est, recording, train, test, shots, rng))
        truth.append(recording.truth(test))
    return np.concatenate(truth), [np.concatenate(parts) for parts in zip(*said, strict=True)]


def _trained_on_all(
    est: Any, recording: Recording, train: NDArray[np.int64], test: NDArray[np.int64]
) -> Floats:
    model = clone(est).fit(*recording.take(train))
    said = _stacked(model.predict(recording.take(test)[0]))
    n_neurons = recording.targets.n_columns
    if said.shape != (sum(len(recording.targets.arrays[i]) for i in test), n_neurons):
        raise ValueError(
            f"est must predict all {n_neurons} neurons at every step, got predictions of shape "
            f"{said.shape} for all steps of the test trials."
        )
    return said[:, recording.heldout]


def _few_shot(
    est: Any,
    recording: Recording,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    shots: _Shots,
    rng: np.random.Generator,
) -> list[Floats]:
    """Return predictions of the withheld neurons by a read-out of each draw of trials."""
    _refuse_early_stopping(est)
    if shots.n_shots > len(train):
        raise ValueError(
            f"n_shots must be at most the number of training trials of a fold, {len(train)}, got "
            f"{shots.n_shots}."
        )
    model = clone(est).fit(recording.take(train)[0], _without(recording, train))
    if not hasattr(model, "hidden_states"):
        raise TypeError(
            "est must have hidden_states for n_shots, from which the withheld neurons are read, got"
            f" {type(model).__name__}."
        )
    states = _stacked(model.hidden_states(recording.take(test)[0]))
    said = []
    for _ in range(shots.n_draws):
        drawn = np.sort(rng.choice(train, shots.n_shots, replace=False))
        features = _stacked(model.hidden_states(recording.take(drawn)[0]))
        truth = recording.truth(drawn)
        columns = [_read_out(features, y, states, shots.alpha, shots.is_poisson) for y in truth.T]
        said.append(np.column_stack(columns))
    return said


def _refuse_early_stopping(est: Any) -> None:
    """Raise if a fit would be judged by outputs of which nothing is scored."""
    asked = est.get_params() if hasattr(est, "get_params") else {}
    for name, value in asked.items():
        if name.rpartition("__")[2] == "early_stopping" and value is True:
            raise ValueError(
                f"est must have {name}=False for n_shots, where training is not scored on the "
                "withheld neurons, got True."
            )


def _without(recording: Recording, trials: NDArray[np.int64]) -> Any:
    """Return targets in which the withheld neurons are not scored."""
    arrays = []
    for i in trials:
        array = recording.targets.arrays[i].copy()
        array[:, recording.heldout] = np.nan
        arrays.append(array)
    return recording.targets.rebuilt(arrays)


def _read_out(
    features: Floats, target: Floats, states: Floats, alpha: float, is_poisson: bool
) -> Floats:
    """Fit a linear read-out of a neuron on some steps, and read it from others."""
    known = np.isfinite(target)
    if not known.any():
        return np.zeros(len(states))
    features, target = features[known], target[known]
    if is_poisson:
        if not target.any():  # it has not fired in these trials: half a spike in all of them
            return np.full(len(states), 0.5 / len(target))
        glm = make_pipeline(StandardScaler(), PoissonRegressor(alpha=alpha, max_iter=1000))
        with warnings.catch_warnings():  # what has not quite converged is scored as it is
            warnings.simplefilter("ignore", ConvergenceWarning)
            return np.asarray(glm.fit(features, target).predict(states))
    ridge = make_pipeline(StandardScaler(), Ridge(alpha=alpha * len(target)))
    return np.asarray(ridge.fit(features, target).predict(states))


def _stacked(values: Any) -> Floats:
    """Return all steps of all trials, one below the other."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        if values.ndim != 3:
            raise ValueError(
                f"est must predict every step, (n_trials, n_steps, n_outputs), got {values.shape}."
            )
        return values.reshape(-1, values.shape[-1]).astype(np.float64)
    return np.concatenate([np.asarray(value, dtype=np.float64) for value in values])
